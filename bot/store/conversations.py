"""Conversations at rest. Turns are added, never changed.

Each conversation is a chain: the head of a turn is a digest over the head before it, all that the turn holds, and the
digest of its sealed words. So a turn that was changed, removed, moved or slipped in shows, with or without keys.
"""

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, func, select

from bot.conversation import How, Kind, Speaker, Stage, Standing, State, Turn, Whose
from bot.store import tables
from bot.store.errors import Damaged, Missing, StoreError
from bot.store.keys import Keys
from bot.store.remembered import Remembered, RememberedTurns
from bot.store.rows import Row, Rows, Value, columns_of, encode, moment, moment_or_none, plain, stamp
from bot.store.sealing import DataKey, bound

SCHEMA = "turn 1"
"""Which additional data the seal of a turn's words has."""

ORIGINAL_SCHEMA = "original 1"
"""As `SCHEMA`, for what an interpreter translated: neither seal opens in the other's place."""

SEALED = ("words", "original")
"""The columns of a turn that are sealed."""


class Origin(StrEnum):
    """Where a conversation is held."""

    PAGE = "page"
    SHELL = "shell"
    PAPER = "paper"
    """Said and written down elsewhere, entered on the pages later."""


class AlreadyKept(StoreError):
    """This step token has brought its turn before. Nothing was added; `turn` is the one that was kept."""

    def __init__(self, turn: Turn) -> None:
        super().__init__(f"Turn {turn.number} was brought by this step token already.")
        self.turn = turn


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is known of a conversation beside its turns."""

    conversation_id: str
    enquiry_id: str | None
    stage: Stage
    speaker: Speaker
    begun_at: datetime
    interview_version: str
    origin: Origin
    length: int
    """How many turns it has."""
    last_kind: Kind | None
    last_said_at: datetime | None
    head: bytes
    """The digest of all its turns."""
    said_on: date | None = None
    """The day on which it was said, where that is not the day it was entered."""
    state: State = State.OPEN
    settled_at: datetime | None = None
    """Since when it has been that far."""
    review: str | None = None
    """What the latest review says, of those made since then."""


class Conversations:
    """The conversations of one transaction."""

    def __init__(self, rows: Rows, keys: Keys, remembered: RememberedTurns) -> None:
        self._rows = rows
        self._keys = keys
        self._remembered = remembered

    def begin(
        self,
        *,
        stage: Stage,
        speaker: Speaker,
        begun_at: datetime,
        interview_version: str,
        origin: Origin = Origin.PAGE,
        enquiry_id: str | None = None,
        conversation_id: str | None = None,
        said_on: date | None = None,
    ) -> str:
        """Begin a conversation and return its id. Without an enquiry it has a data key of its own.

        `conversation_id` is for whoever names it: `rasa shell`, and a page that begins it once. Raises `Taken`.
        """
        key_id = self._keys.make(begun_at).key_id if enquiry_id is None else self._enquiry(enquiry_id)["key_id"]
        conversation_id = conversation_id or secrets.token_bytes(16).hex()
        self._rows.add(
            tables.conversations,
            {
                "conversation_id": conversation_id,
                "enquiry_id": enquiry_id,
                "key_id": key_id,
                "stage": stage.value,
                "speaker": speaker.value,
                "begun_at": stamp(begun_at),
                "interview_version": interview_version,
                "origin": origin.value,
                "length": 0,
                "head": first_head(conversation_id, key_id, stamp(begun_at)),
                "said_on": None if said_on is None else said_on.isoformat(),
            },
        )
        self.settle(conversation_id, State.OPEN, begun_at)
        return conversation_id

    def settle(self, conversation_id: str, state: State, now: datetime) -> None:
        """Keep how far a conversation is. Done again, it changes nothing. Raises `Missing`.

        Lists are made from this, so whoever adds a turn says it in the same transaction.
        """
        states = tables.conversation_states
        row = self._rows.one(states, conversation_id)
        if row is not None and row["state"] == state.value:
            return
        to: dict[str, Value] = {"state": state.value, "settled_at": stamp(now), "review": None}
        if row is None:
            self._rows.add(states, {"conversation_id": conversation_id, **to})
        else:
            self._rows.replace(states, row, to=to)

    def totals(self, since: datetime) -> tuple[int, int, int]:
        """How many conversations and turns there are, and how many of those since then wait for the next question."""
        conversations = tables.conversations
        is_owed = and_(
            conversations.c.last_kind.in_([Kind.WORDS.value, Kind.CHOICE.value, Kind.SKIP.value]),
            conversations.c.last_said_at >= stamp(since),
        )
        ids, length = conversations.c.conversation_id, func.coalesce(func.sum(conversations.c.length), 0)
        found = self._rows.found(select(func.count(ids), length, func.count(ids).filter(is_owed)))[0]
        return int(found[0]), int(found[1]), int(found[2])

    def unsettled(self) -> tuple[str, ...]:
        """The conversations of which nobody kept how far they are: those from before there was a place for it."""
        conversations, states = tables.conversations, tables.conversation_states
        ids = conversations.c.conversation_id
        settled = select(states.c.conversation_id)
        query = select(ids).where(ids.not_in(settled)).order_by(conversations.c.begun_at, ids)
        return tuple(self._rows.ids(query))

    def join(self, conversation_id: str, enquiry_id: str) -> None:
        """Say which enquiry a conversation belongs to. It keeps its own data key. Raises `Missing`."""
        self._enquiry(enquiry_id)
        conversations = tables.conversations
        self._rows.change(
            conversations, conversations.c.conversation_id == conversation_id, to={"enquiry_id": enquiry_id}
        )

    def get(self, conversation_id: str) -> Conversation:
        """A conversation. Raises `Missing`."""
        states = tables.conversation_states
        row = self._row(conversation_id)
        return _conversation(row, self._rows.one(states, conversation_id))

    def listed(self, *, enquiry_id: str | None = None) -> tuple[Conversation, ...]:
        """All conversations, or those of one enquiry, in the order they began."""
        conversations, states = tables.conversations, tables.conversation_states
        of_it: dict[str, Value] = {} if enquiry_id is None else {"enquiry_id": enquiry_id}
        order = [conversations.c.begun_at, conversations.c.conversation_id]
        rows = self._rows.having(conversations, of_it, order_by=order)
        if enquiry_id is None:
            found = self._rows.every(states, order_by=[states.c.conversation_id])
        else:
            found = self._rows.ones(states, [row["conversation_id"] for row in rows])
        settled = {state["conversation_id"]: state for state in found}
        return tuple(_conversation(row, settled.get(row["conversation_id"])) for row in rows)

    def add(
        self,
        conversation_id: str,
        *,
        speaker: Speaker,
        kind: Kind,
        said_at: datetime,
        asked: str | None = None,
        answers: int | None = None,
        words: str = "",
        choice: tuple[str, ...] = (),
        shown: tuple[str, ...] = (),
        asking: str = "",
        replaces: int | None = None,
        adds_to: int | None = None,
        how: How | None = None,
        whose: Whose | None = None,
        original: str = "",
        token: str | None = None,
    ) -> Turn:
        """Add a turn, sealed and numbered. It is kept once the transaction is.

        Raises `AlreadyKept` when this token brought a turn before, `Missing` when the conversation or a turn that this
        one points to is not there.
        """
        conversation = self._row(conversation_id)
        if token is not None and (earlier := self.turn_by_token(conversation_id, token)) is not None:
            raise AlreadyKept(earlier)
        number = conversation["length"] + 1
        turn = Turn(
            number=number,
            speaker=speaker,
            kind=kind,
            said_at=said_at,
            asked=asked,
            answers=answers,
            words=words,
            choice=choice,
            shown=shown,
            asking=asking,
            replaces=replaces,
            adds_to=adds_to,
            how=how,
            whose=whose,
            original=original,
            token=token,
        )
        row = _sealed(self._keys.open(conversation["key_id"]), conversation_id, conversation["head"], turn)
        self._rows.add(tables.turns, row)
        self._rows.replace(
            tables.conversations,
            conversation,
            to={"length": number, "last_kind": row["kind"], "last_said_at": row["said_at"], "head": row["head"]},
        )
        return _turn(row, words, original)

    def add_all(self, conversation_id: str, turns: Sequence[Turn]) -> None:
        """Add turns that were said one after the other, as `add` adds each, in a fraction of the time.

        They bring their numbers, which go on from the last one. Raises `Missing` where they do not, and where one
        points to a turn that is not there; `Taken` when a token brought a turn before.
        """
        conversation = self._row(conversation_id)
        key = self._keys.open(conversation["key_id"])
        length, head = conversation["length"], conversation["head"]
        rows: list[Row] = []
        for turn in turns:
            length += 1
            if turn.number != length:
                raise Missing(f"Turn {turn.number} does not follow on turn {length - 1}.")
            row = _sealed(key, conversation_id, head, turn)
            head = row["head"]
            rows.append(row)
        if rows:
            last = rows[-1]
            self._rows.add_all(tables.turns, rows)
            self._rows.replace(
                tables.conversations,
                conversation,
                to={"length": length, "last_kind": last["kind"], "last_said_at": last["said_at"], "head": head},
            )

    def turns(self, conversation_id: str) -> tuple[Turn, ...]:
        """All turns of a conversation in their order. Raises `Missing`, and `Damaged` rather than leave one out."""
        return self._read(conversation_id).turns

    def standing(self, conversation_id: str) -> Standing:
        """Where a conversation stands. Raises as `turns` does."""
        return self._read(conversation_id).standing

    def made(self, conversation_id: str) -> dict[str, Any]:
        """A place for what is made of the turns and used again: forgotten when they are. Raises as `turns` does."""
        return self._read(conversation_id).made

    def _read(self, conversation_id: str) -> Remembered:
        conversation = self._row(conversation_id)
        before = self._remembered.get(conversation_id)
        if before is not None and before.head == conversation["head"]:
            return before
        read = self._read_on(conversation, before) if before is not None else None
        if read is None:
            begun = first_head(conversation_id, conversation["key_id"], conversation["begun_at"])
            read = self._read_on(conversation, Remembered((), begun))
        if read is None:
            raise Damaged("A turn is missing or not as it was kept. `python -m bot verify` names it.")
        self._remembered.remember(conversation_id, read)
        return read

    def _read_on(self, conversation: Row, before: Remembered) -> Remembered | None:
        """Read the turns after those; None when they do not lead to the conversation's head."""
        key = self._keys.open(conversation["key_id"])
        of_it: dict[str, Value] = {"conversation_id": conversation["conversation_id"]}
        rows = self._rows.numbered_after(tables.turns, of_it, len(before.turns))
        head = before.head
        for row in rows:
            head = next_head(head, row)
        if head != conversation["head"] or len(before.turns) + len(rows) != conversation["length"]:
            return None
        return before.followed_by([_opened(key, row) for row in rows], head)

    def turn(self, conversation_id: str, number: int) -> Turn:
        """One turn. Raises `Missing`."""
        conversation = self._row(conversation_id)
        if not 0 < number <= conversation["length"]:
            raise Missing(f"There is no turn {number} in conversation {conversation_id}.")
        row = self._rows.one(tables.turns, conversation_id, number)
        if row is None:
            raise Missing(f"There is no turn {number} in conversation {conversation_id}.")
        return _opened(self._keys.open(conversation["key_id"]), row)

    def turn_by_token(self, conversation_id: str, token: str) -> Turn | None:
        """The turn that this step token brought, if it brought one."""
        of_it: dict[str, Value] = {"conversation_id": conversation_id, "token": token}
        for row in self._rows.having(tables.turns, of_it, order_by=[tables.turns.c.number]):
            return _opened(self._keys.open(self._row(conversation_id)["key_id"]), row)
        return None

    def has_own_key(self, conversation_id: str) -> bool:
        """Whether it lies under a key of its own and not under its enquiry's: it began before it was joined to one."""
        conversation = self._row(conversation_id)
        enquiry_id = conversation["enquiry_id"]
        return enquiry_id is None or bool(conversation["key_id"] != self._enquiry(enquiry_id)["key_id"])

    def _row(self, conversation_id: str) -> Row:
        row = self._rows.one(tables.conversations, conversation_id)
        if row is None:
            raise Missing(f"There is no conversation {conversation_id}.")
        return row

    def _enquiry(self, enquiry_id: str) -> Row:
        row = self._rows.one(tables.enquiries, enquiry_id)
        if row is None:
            raise Missing(f"There is no enquiry {enquiry_id}.")
        return row


def place_of(key_id: str, conversation_id: str, number: int, speaker: str, *, schema: str = SCHEMA) -> bytes:
    """Where the seal of a turn belongs. Not its enquiry: a conversation may be joined to one later."""
    return bound(schema, key_id, conversation_id, number, speaker)


def words_of(key: DataKey, row: Mapping[str, Any]) -> str:
    """The words of a turn, opened. Raises `Damaged`."""
    return key.open(row["words"], place_of(key.key_id, row["conversation_id"], row["number"], row["speaker"]))


def original_of(key: DataKey, row: Mapping[str, Any]) -> str:
    """What the interpreter translated, opened; empty where nobody did. Raises `Damaged`."""
    if row["original"] is None:
        return ""
    place = place_of(key.key_id, row["conversation_id"], row["number"], row["speaker"], schema=ORIGINAL_SCHEMA)
    return key.open(row["original"], place)


def first_head(conversation_id: str, key_id: str, begun_at: int) -> bytes:
    """The head of a conversation without turns."""
    begun = [(b"conversation_id", conversation_id), (b"key_id", key_id), (b"begun_at", begun_at)]
    return hashlib.sha256(encode("conversation", begun)).digest()


def next_head(head: bytes, row: Mapping[str, Any]) -> bytes:
    """The head after a turn: over the head before it and every column, the digest of a seal in place of the seal."""
    digests = {name: hashlib.sha256(row[name]).digest() for name in SEALED if row[name] is not None}
    chained = {**row, **digests, "head": None}
    columns = columns_of(tables.turns)
    encoded = encode("turn", zip(columns.values(), map(chained.__getitem__, columns), strict=True))
    return hashlib.sha256(head + encoded).digest()


def _sealed(key: DataKey, conversation_id: str, head: bytes, turn: Turn) -> Row:
    """A turn as it is kept after this head. Raises `Missing` where it points to one that did not come before it."""
    if any(named is not None and not 0 < named < turn.number for named in (turn.answers, turn.replaces, turn.adds_to)):
        raise Missing("A turn can only point to an earlier one.")
    place = (key.key_id, conversation_id, turn.number, turn.speaker.value)
    said: dict[str, Value] = {
        "conversation_id": conversation_id,
        "number": turn.number,
        "speaker": turn.speaker.value,
        "kind": turn.kind.value,
        "said_at": stamp(turn.said_at),
        "asked": turn.asked,
        "answers": turn.answers,
        "words": key.seal(turn.words, place_of(*place)),
        "choice": json.dumps(turn.choice),
        "shown": json.dumps(turn.shown),
        "asking": turn.asking,
        "replaces": turn.replaces,
        "adds_to": turn.adds_to,
        "how": None if turn.how is None else turn.how.value,
        "token": turn.token,
        "whose": None if turn.whose is None else turn.whose.value,
        "original": key.seal(turn.original, place_of(*place, schema=ORIGINAL_SCHEMA)) if turn.original else None,
    }
    row: Row = plain(tables.turns, said)
    row["head"] = next_head(head, row)
    return row


def _ids(listed: str) -> tuple[str, ...]:
    # Most turns list none, and this is asked of every turn on every page.
    return () if listed == "[]" else tuple(json.loads(listed))


def _opened(key: DataKey, row: Mapping[str, Any]) -> Turn:
    # Most turns have none, as with `_ids`.
    original = "" if row["original"] is None else original_of(key, row)
    return _turn(row, words_of(key, row), original)


def _turn(row: Mapping[str, Any], words: str, original: str) -> Turn:
    return Turn(
        number=row["number"],
        speaker=Speaker(row["speaker"]),
        kind=Kind(row["kind"]),
        said_at=moment(row["said_at"]),
        asked=row["asked"],
        answers=row["answers"],
        words=words,
        choice=_ids(row["choice"]),
        shown=_ids(row["shown"]),
        asking=row["asking"],
        replaces=row["replaces"],
        adds_to=row["adds_to"],
        how=None if row["how"] is None else How(row["how"]),
        whose=None if row["whose"] is None else Whose(row["whose"]),
        original=original,
        token=row["token"],
    )


def _conversation(row: Row, state: Row | None) -> Conversation:
    return Conversation(
        conversation_id=row["conversation_id"],
        enquiry_id=row["enquiry_id"],
        stage=Stage(row["stage"]),
        speaker=Speaker(row["speaker"]),
        begun_at=moment(row["begun_at"]),
        interview_version=row["interview_version"],
        origin=Origin(row["origin"]),
        length=row["length"],
        last_kind=None if row["last_kind"] is None else Kind(row["last_kind"]),
        last_said_at=moment_or_none(row["last_said_at"]),
        head=row["head"],
        said_on=None if row["said_on"] is None else date.fromisoformat(row["said_on"]),
        state=State.OPEN if state is None else State(state["state"]),
        settled_at=None if state is None else moment(state["settled_at"]),
        review=None if state is None else state["review"],
    )
