"""Entries at rest: what the team writes beside words, each pointing to what it is about. Added, never changed.

Words of an entry are sealed under the data key of its conversation, or of its enquiry where it names no conversation.
"""

import hmac
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, or_, select

from bot.store import logs, tables
from bot.store.errors import Missing
from bot.store.keys import Keys
from bot.store.rows import Row, Rows, Value, encode, moment, stamp
from bot.store.sealing import DataKey, bound

SCHEMA = "entry 1"

AT_ONCE = 500
"""Conversations that one query names."""


class EntryKind(StrEnum):
    """What an entry is."""

    REVIEW = "review"
    NOTE = "note"
    THEME = "theme"
    FLAG_ANSWER = "flag_answer"
    RECORD = "record"
    QUOTE = "quote"
    """What a manager decided about words that may be quoted."""
    KEEPING = "keeping"
    """What a manager decided about how long something is kept."""
    COPY = "copy"
    """A person's own file was made, and what was left out of it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that the team wrote down."""

    number: int
    kind: EntryKind
    what: str
    """Which of its kind: the state of a review, the id of a theme, the kind of a flag, the kind of a record."""
    conversation_id: str | None
    enquiry_id: str | None
    turn: int | None
    outcome_id: str | None
    choices: Mapping[str, tuple[str, ...]]
    """Ids that were chosen, by the name of the field. Not sealed: sums need them."""
    words: Mapping[str, str] = field(repr=False)
    """What was typed, by the name of the field, exactly. Sealed at rest."""
    replaces: int | None
    """The entry that this one corrects; both stay."""
    account_id: str
    at: datetime


class Entries:
    """The entries of one transaction."""

    def __init__(self, rows: Rows, keys: Keys, telling: bytes) -> None:
        self._rows = rows
        self._keys = keys
        self._telling = telling

    def add(
        self,
        *,
        kind: EntryKind,
        what: str,
        account_id: str,
        now: datetime,
        conversation_id: str | None = None,
        enquiry_id: str | None = None,
        turn: int | None = None,
        outcome_id: str | None = None,
        choices: Mapping[str, Sequence[str]] | None = None,
        words: Mapping[str, str] | None = None,
        replaces: int | None = None,
        token: str | None = None,
    ) -> Entry:
        """Add an entry and return it.

        `token` is what a form brought: the same entry brought by it again is the one that is there, so pressing twice
        writes once. Something else brought by it is an entry of its own: what was typed is never dropped. Raises
        `Missing` when what the entry points to is not there.
        """
        key = self._key(conversation_id, enquiry_id)
        listed = _listed(choices or {})
        typed = _typed(words) if words else None
        content: dict[str, Value] = {
            "kind": kind.value,
            "what": what,
            "conversation_id": conversation_id,
            "enquiry_id": enquiry_id,
            "turn": turn,
            "outcome_id": outcome_id,
            "choices": listed,
            "replaces": replaces,
        }
        once = None if token is None else self._once(token, typed, content)
        if once is not None and (earlier := self._kept_once(account_id, once)) is not None:
            return earlier
        end = logs.end(self._rows, logs.ENTRIES)
        number = end["number"] + 1
        if replaces is not None and not 0 < replaces < number:
            raise Missing("An entry can only replace an earlier one.")
        row: dict[str, Value] = {
            **content,
            "number": number,
            "key_id": key.key_id,
            "words": None if typed is None else key.seal(typed, place_of(key.key_id, number)),
            "account_id": account_id,
            "at": stamp(now),
            "once": once,
        }
        self._rows.add(tables.entries, row)
        logs.grow(self._rows, end)
        if kind is EntryKind.REVIEW and conversation_id is not None:
            self._reviewed(conversation_id, what)
        return self.get(number)

    def hold(self) -> None:
        """Have nobody else add an entry before this transaction ends: what is latest from now on stays so."""
        logs.end(self._rows, logs.ENTRIES)

    def length(self) -> int:
        """How many entries there are: the next one's number is one more."""
        return logs.length(self._rows, logs.ENTRIES)

    def add_all(self, entries: Sequence[Entry]) -> None:
        """Add entries one after the other, as `add` adds each, in a fraction of the time.

        They bring their numbers, which go on from the last one. Raises `Missing` as `add` does, and where they do not.
        """
        if not entries:
            return
        end = logs.end(self._rows, logs.ENTRIES)
        keys: dict[tuple[str | None, str | None], DataKey] = {}
        rows: list[Mapping[str, Value]] = []
        for number, entry in enumerate(entries, end["number"] + 1):
            if entry.number != number or (entry.replaces is not None and not 0 < entry.replaces < number):
                raise Missing(f"Entry {entry.number} is not the next one, or replaces none before it.")
            about = entry.conversation_id, entry.enquiry_id
            if about not in keys:
                keys[about] = self._key(*about)
            key = keys[about]
            rows.append(
                {
                    **_content(entry),
                    "number": number,
                    "key_id": key.key_id,
                    "words": key.seal(_typed(entry.words), place_of(key.key_id, number)) if entry.words else None,
                    "account_id": entry.account_id,
                    "at": stamp(entry.at),
                }
            )
        self._rows.add_all(tables.entries, rows)
        logs.grow(self._rows, end, by=len(rows))
        reviewed = {entry.conversation_id: entry.what for entry in entries if entry.kind is EntryKind.REVIEW}
        for conversation_id, what in reviewed.items():
            if conversation_id is not None:
                self._reviewed(conversation_id, what)

    def get(self, number: int) -> Entry:
        """An entry. Raises `Missing`."""
        row = self._rows.first(tables.entries, tables.entries.c.number == number)
        if row is None:
            raise Missing(f"There is no entry {number}.")
        return self._entry(row)

    def listed(self, numbers: Collection[int]) -> tuple[Entry, ...]:
        """These entries, first to last."""
        entries, asked = tables.entries, sorted(numbers)
        found: list[Entry] = []
        for start in range(0, len(asked), AT_ONCE):
            these = entries.c.number.in_(asked[start : start + AT_ONCE])
            found += map(self._entry, self._rows.every(entries, these, order_by=[entries.c.number]))
        return tuple(found)

    def of_conversation(self, conversation_id: str, kind: EntryKind | None = None) -> tuple[Entry, ...]:
        """The entries of a conversation, first to last: of one kind, or all."""
        entries = tables.entries
        where = [entries.c.conversation_id == conversation_id]
        if kind is not None:
            where.append(entries.c.kind == kind.value)
        return tuple(map(self._entry, self._rows.every(entries, *where, order_by=[entries.c.number])))

    def of_enquiry(self, enquiry_id: str, kind: EntryKind | None = None) -> tuple[Entry, ...]:
        """The entries of an enquiry and of all its conversations, first to last: of one kind, or all."""
        entries, conversations = tables.entries, tables.conversations
        of_it = select(conversations.c.conversation_id).where(conversations.c.enquiry_id == enquiry_id)
        where = [or_(entries.c.enquiry_id == enquiry_id, entries.c.conversation_id.in_(of_it))]
        if kind is not None:
            where.append(entries.c.kind == kind.value)
        return tuple(map(self._entry, self._rows.every(entries, *where, order_by=[entries.c.number])))

    def latest_reviews(self, conversation_ids: Collection[str]) -> Mapping[str, Entry]:
        """The latest review of each of these conversations that has any."""
        entries = tables.entries
        asked = sorted(set(conversation_ids))
        found: dict[str, Entry] = {}
        for start in range(0, len(asked), AT_ONCE):
            latest = (
                select(func.max(entries.c.number))
                .where(entries.c.conversation_id.in_(asked[start : start + AT_ONCE]))
                .where(entries.c.kind == EntryKind.REVIEW.value)
                .group_by(entries.c.conversation_id)
            )
            for row in self._rows.every(entries, entries.c.number.in_(latest), order_by=[entries.c.number]):
                found[row["conversation_id"]] = self._entry(row)
        return found

    def _reviewed(self, conversation_id: str, what: str) -> None:
        """Have lists know of a review without looking for it."""
        states = tables.conversation_states
        row = self._rows.one(states, conversation_id)
        if row is not None:
            self._rows.replace(states, row, to={"review": what})

    def _key(self, conversation_id: str | None, enquiry_id: str | None) -> DataKey:
        if conversation_id is not None:
            row = self._rows.one(tables.conversations, conversation_id)
        else:
            row = self._rows.one(tables.enquiries, enquiry_id or "")
        if row is None:
            raise Missing("There is no such conversation or enquiry to write beside.")
        return self._keys.open(row["key_id"])

    def _once(self, token: str, typed: str | None, content: Mapping[str, Value]) -> bytes:
        """A digest of an entry and of what brought it: it tells nothing of the words to whoever has no key."""
        brought = {"token": token.encode("utf-8", "surrogatepass")}
        if typed is not None:
            brought["words"] = typed.encode("utf-8", "surrogatepass")
        encoded = encode("entry", [(name.encode(), value) for name, value in {**content, **brought}.items()])
        return hmac.digest(self._telling, encoded, "sha256")

    def _kept_once(self, account_id: str, once: bytes) -> Entry | None:
        entries = tables.entries
        row = self._rows.first(entries, entries.c.account_id == account_id, entries.c.once == once)
        return None if row is None else self._entry(row)

    def _entry(self, row: Row) -> Entry:
        return Entry(
            number=row["number"],
            kind=EntryKind(row["kind"]),
            what=row["what"],
            conversation_id=row["conversation_id"],
            enquiry_id=row["enquiry_id"],
            turn=row["turn"],
            outcome_id=row["outcome_id"],
            choices={name: tuple(chosen) for name, chosen in json.loads(row["choices"]).items()},
            words=words_of(self._keys.open(row["key_id"]), row),
            replaces=row["replaces"],
            account_id=row["account_id"],
            at=moment(row["at"]),
        )


def _listed(choices: Mapping[str, Sequence[str]]) -> str:
    return json.dumps({name: list(chosen) for name, chosen in sorted(choices.items())})


def _typed(words: Mapping[str, str]) -> str:
    return json.dumps(dict(sorted(words.items())), ensure_ascii=False)


def _content(entry: Entry) -> Mapping[str, Value]:
    return {
        "kind": entry.kind.value,
        "what": entry.what,
        "conversation_id": entry.conversation_id,
        "enquiry_id": entry.enquiry_id,
        "turn": entry.turn,
        "outcome_id": entry.outcome_id,
        "choices": _listed(entry.choices),
        "replaces": entry.replaces,
    }


def place_of(key_id: str, number: int) -> bytes:
    """Where the seal of an entry belongs."""
    return bound(SCHEMA, key_id, number)


def words_of(key: DataKey, row: Row) -> Mapping[str, str]:
    """The words of an entry by name, opened. Raises `Damaged`."""
    if row["words"] is None:
        return {}
    opened: dict[str, str] = json.loads(key.open(row["words"], place_of(key.key_id, row["number"])))
    return opened
