"""Quoting people, where they said yes: somebody looks whether they could be known by their words, and decides.

Whoever looks is a manager of the team who never worked on the enquiry. They see those words alone, may leave parts of
them out, and never change one. A decision is added and never changed; words that were taken back since, or that
somebody no longer wants to be quoted, are not quoted whatever was decided.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from itertools import islice
from types import MappingProxyType

from bot.conversation import How, Stage, Turn
from bot.enquiry import Voice, voice_of
from bot.figures import Period
from bot.quotation import (
    NothingLeft,
    Piece,
    Range,
    agreed,
    agreed_to,
    found_in,
    pieces,
    read,
    together,
    written,
)
from bot.reviewing import seeing
from bot.reviewing.seeing import Names, NotDone, SeenConversation, changed, require_opened
from bot.roles import Act, Actor, NotAllowed, Role, may, require, require_proven
from bot.store import AuditAct, Damaged, Entry, EntryKind, Missing, Store, Transaction

QUOTE = "quote"
"""What of a conversation is opened: the words in it that may be quoted, and nothing else."""

ON_A_PAGE = 25

MOST_PASSAGES = 40
LONGEST_PASSAGES = 4_000
"""Characters typed to say what is to be left out."""
MOST_PARTS = 80
"""Left out of one quote: what is left of more than these is no quote any more, and an address names them all."""


class Decision(StrEnum):
    """What was decided about words that may be quoted."""

    APPROVED = "approved"
    NOT_APPROVED = "not_approved"
    WITHDRAWN = "withdrawn"
    """They were quoted, and are to be no longer."""


class Check(StrEnum):
    """What somebody looks for before words are quoted: each of them could give away who said it."""

    NAMES = "names"
    PLACES = "places"
    TIMES = "times"
    LIFE = "life"
    OTHERS = "others"
    STORY = "story"
    HARM = "harm"


CHECKS: Mapping[Check, str] = MappingProxyType(
    {
        Check.NAMES: "No name is left in it: of a person, a pet, a home, a street, a school, or where somebody works.",
        Check.PLACES: "No place or service is left in it that only a few people use.",
        Check.TIMES: "No day, age or number is left in it that points to one person.",
        Check.LIFE: "No illness, job, belief, language or family is left in it that few people here have.",
        Check.OTHERS: "Nobody else can be known by it either: no relative, no worker, nobody who is blamed.",
        Check.STORY: "It does not tell what happened, and nothing in it was in the news.",
        Check.HARM: "If whoever harmed them read it, they would not know whose words it is.",
    }
)
"""The list that somebody goes through. It is ours; there is no official one."""


class Reason(StrEnum):
    """Why words are not quoted, or no longer."""

    KNOWN_BY_IT = "known_by_it"
    AT_RISK = "at_risk"
    ABOUT_OTHERS = "about_others"
    ASKED = "asked"
    OTHER = "other"


REASONS: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.KNOWN_BY_IT: "They could be known by it, even with parts left out",
        Reason.AT_RISK: "It could put somebody at risk",
        Reason.ABOUT_OTHERS: "It tells of somebody else, who was not asked",
        Reason.ASKED: "They said to somebody that they would rather not be quoted",
        Reason.OTHER: "Another reason",
    }
)


class DecidedMeanwhile(NotDone):
    """Somebody decided about these words after the page was made."""


class NotAgreed(Exception):
    """These words may not be quoted: nobody said yes to it, or not any more."""


@dataclass(frozen=True, slots=True)
class Quote:
    """Words as they are quoted. There is nothing in it that tells who said them, where or when."""

    pieces: tuple[Piece, ...]
    voice: Voice
    """The person's own, or that of somebody who spoke for them."""
    is_interpreted: bool
    """Whether an interpreter put them into English."""
    quote_id: str
    """Stays the same for these words, and tells nothing of them."""

    @property
    def words(self) -> str:
        """The words in one line of text, with a sign where something was left out."""
        return "".join(piece.words for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision, and who took it."""

    what: Decision
    left_out: tuple[Range, ...]
    reason: Reason | None
    by: str
    at: datetime
    number: int


@dataclass(frozen=True, slots=True)
class Row:
    """Words in a list. Not the words themselves: they are opened to be read."""

    conversation_id: str
    turn: int
    voice: Voice
    said_on: date
    team: str
    is_restricted: bool
    decided: Decided | None
    still_agreed: bool
    """Whether whoever said them still lets them be quoted."""

    @property
    def is_quoted(self) -> bool:
        """Whether these words are quoted now."""
        return self.decided is not None and self.decided.what is Decision.APPROVED and self.still_agreed


@dataclass(frozen=True, slots=True)
class Rows:
    """A page of them, and where the next one begins; empty at the end."""

    rows: tuple[Row, ...]
    after: str


@dataclass(frozen=True, slots=True)
class ToDecide:
    """Words, opened: those alone, and what was decided about them."""

    row: Row
    words: str = field(repr=False)
    left_out: tuple[Range, ...]
    """What would be left out, or is."""
    pieces: tuple[Piece, ...]
    history: tuple[Decided, ...]
    """First to last."""

    @property
    def latest(self) -> int:
        """The number of the newest decision; 0 where there is none."""
        return self.history[-1].number if self.history else 0


# --- lists -----------------------------------------------------------------------------------------------------------


def to_look_at(store: Store, actor: Actor, *, after: str = "") -> Rows:
    """List words that wait for somebody to look at them, those first that have waited longest. Raises NotAllowed."""
    _require_manager(actor)
    with store.reading() as seen:
        duty = seeing.duty_team_id(seen) in actor.team_ids
        found = seen.voices.undecided(actor.team_ids, actor.account_id, duty=duty, after=after, at_most=ON_A_PAGE)
        names = seeing.names(seen)
        listed = (_in_list(seen, actor, names, one.conversation_id, one.turn, None) for one in found.rows)
        return Rows(tuple(row for row in listed if row is not None and row.still_agreed), found.after)


def decided(store: Store, actor: Actor) -> tuple[Row, ...]:
    """List words that were decided about, the newest decision first. Raises NotAllowed."""
    _require_manager(actor)
    with store.reading() as seen:
        names = seeing.names(seen)
        listed = (
            _in_list(seen, actor, names, entry.conversation_id or "", entry.turn or 0, entry)
            for entry in seen.voices.decided()
        )
        return tuple(row for row in listed if row is not None)


def _require_manager(actor: Actor) -> None:
    """See that they may decide somewhere: where, is asked of each place. Raises NotAllowed."""
    if actor.role is not Role.MANAGER:
        raise NotAllowed(Act.APPROVE_QUOTE)


def _in_list(
    seen: Transaction, actor: Actor, names: Names, conversation_id: str, turn: int, entry: Entry | None
) -> Row | None:
    """Give words for a list. Of a damaged conversation there are none: `verify` names it, and the others are listed."""
    with suppress(Damaged):
        return _listed(seen, actor, names, conversation_id, turn, entry)
    return None


def _listed(
    seen: Transaction, actor: Actor, names: Names, conversation_id: str, turn: int, entry: Entry | None
) -> Row | None:
    conversation = seen.conversations.get(conversation_id)
    place = seeing.place_of_conversation(seen, conversation, actor)
    if not may(actor, Act.APPROVE_QUOTE, place):
        return None
    said = next(one for one in seen.conversations.turns(conversation_id) if one.number == turn)
    return Row(
        conversation_id=conversation_id,
        turn=turn,
        voice=voice_of(conversation.speaker),
        said_on=conversation.said_on or said.said_at.date(),
        team=names.team(place.team_id),
        is_restricted=place.is_restricted,
        decided=None if entry is None else _decided(entry, names),
        still_agreed=agreed_to(seen.conversations.standing(conversation_id), turn) is not None,
    )


def _decided(entry: Entry, names: Names) -> Decided:
    reason = entry.choices.get("reason", ())
    return Decided(
        what=Decision(entry.what),
        left_out=read(entry.choices.get("left_out", ())),
        reason=Reason(reason[0]) if reason else None,
        by=names.account(entry.account_id),
        at=entry.at,
        number=entry.number,
    )


# --- looking ---------------------------------------------------------------------------------------------------------


def cover(store: Store, actor: Actor, conversation_id: str, turn: int) -> Row:
    """Say what can be opened, before it is. Raises NotAllowed, Missing."""
    with store.reading() as seen:
        _see(seen, actor, conversation_id, turn)
        return _row(seen, actor, conversation_id, turn)


def open_to_decide(store: Store, actor: Actor, conversation_id: str, turn: int, now: datetime) -> None:
    """Open words that may be quoted: it is recorded who reads. Raises NotAllowed, ProofNeeded, Missing."""
    with store.begin() as kept:
        found = _see(kept, actor, conversation_id, turn)
        require_proven(actor, Act.READ_CONVERSATION, now, found.place)
        kept.audit.add(
            AuditAct.READ_QUOTE,
            now,
            account_id=actor.account_id,
            team_id=found.place.team_id,
            enquiry_id=found.conversation.enquiry_id,
            conversation_id=conversation_id,
        )
        kept.sessions.opened(actor.session_hash, QUOTE, conversation_id, now)


def look(
    store: Store, actor: Actor, conversation_id: str, turn: int, left_out: Sequence[Range] | None = None
) -> ToDecide:
    """Look at words that this session has opened, with these parts left out, or with those that are by now.

    What was taken back since is not shown any more: then there are no words. Raises NotAllowed, Missing, Unopened, and
    NotDone where nothing would be left, or where a part is not within the words.
    """
    with store.reading() as seen:
        _see(seen, actor, conversation_id, turn)
        require_opened(seen, actor, QUOTE, conversation_id)
        names = seeing.names(seen)
        history = tuple(_decided(one, names) for one in _decisions(seen, conversation_id, turn))
        said = agreed_to(seen.conversations.standing(conversation_id), turn)
        row = _row(seen, actor, conversation_id, turn)
        if said is None:
            return ToDecide(row, "", (), (), history)
        if left_out is None:
            left_out = history[-1].left_out if history else ()
        ranges = _within(said.words, left_out)
        return ToDecide(row, said.words, ranges, _shown(said.words, ranges), history)


def leaving_out(store: Store, actor: Actor, conversation_id: str, turn: int, typed: str) -> tuple[Range, ...]:
    """Find what is to be left out: each line that was typed, wherever it stands in the words.

    Raises NotAllowed, Missing, Unopened, NotDone.
    """
    if len(typed) > LONGEST_PASSAGES:
        raise NotDone(f"This is longer than {LONGEST_PASSAGES} characters. Leave out less, or do not quote this.")
    passages = [line for line in typed.splitlines() if line.strip()]
    if len(passages) > MOST_PASSAGES:
        raise NotDone(f"These are more than {MOST_PASSAGES} lines. Leave out less, or do not quote this.")
    words = look(store, actor, conversation_id, turn, ()).words
    found: list[Range] = []
    for number, passage in enumerate(passages, 1):
        stands = found_in(words, passage)
        if not stands:
            raise NotDone(
                f"What you typed in line {number} does not stand in the words like this. Copy it from them, letter by "
                "letter, one part a line."
            )
        found += stands
    ranges = _within(words, found)
    _shown(words, ranges)
    return ranges


def _see(seen: Transaction, actor: Actor, conversation_id: str, turn: int) -> SeenConversation:
    """Find words that may be quoted, or once might. Raises NotAllowed, Missing."""
    found = seeing.see_conversation(seen, actor, conversation_id, Act.APPROVE_QUOTE)
    if found.conversation.stage is not Stage.EXPERIENCE:
        raise Missing("Nobody is asked there whether their words may be quoted.")
    is_agreed = any(one.number == turn for one in agreed(seen.conversations.standing(conversation_id)))
    if not is_agreed and not _decisions(seen, conversation_id, turn):
        raise Missing("There are no such words that may be quoted.")
    return found


def _row(seen: Transaction, actor: Actor, conversation_id: str, turn: int) -> Row:
    entries = _decisions(seen, conversation_id, turn)
    row = _listed(seen, actor, seeing.names(seen), conversation_id, turn, entries[-1] if entries else None)
    if row is None:
        raise NotAllowed(Act.APPROVE_QUOTE)
    return row


def _decisions(seen: Transaction, conversation_id: str, turn: int) -> list[Entry]:
    return [one for one in seen.entries.of_conversation(conversation_id, EntryKind.QUOTE) if one.turn == turn]


def _within(words: str, left_out: Sequence[Range]) -> tuple[Range, ...]:
    try:
        found = together(left_out, words)
    except ValueError as error:
        raise NotDone("What was to be left out does not fit these words. Please choose it again.") from error
    if len(found) > MOST_PARTS:
        raise NotDone(
            f"These are more than {MOST_PARTS} parts of the words. Leave out longer parts, or do not quote this."
        )
    return found


def _shown(words: str, left_out: Sequence[Range]) -> tuple[Piece, ...]:
    try:
        return pieces(words, left_out)
    except NothingLeft as error:
        raise NotDone(
            "With all of this left out nothing is left to read. Leave out less, or do not quote it."
        ) from error


# --- deciding --------------------------------------------------------------------------------------------------------


def approve(
    store: Store,
    actor: Actor,
    conversation_id: str,
    turn: int,
    left_out: Sequence[Range],
    checked: Collection[str],
    now: datetime,
    *,
    latest: int,
    token: str,
) -> Entry:
    """Let words be quoted, with these parts left out. `latest`: the newest decision that the page knew of.

    Raises NotAllowed, Missing, Unopened, NotDone, DecidedMeanwhile.
    """
    if set(checked) != {check.value for check in Check}:
        raise NotDone("Go through the whole list first. Where one of these does not hold, leave more out.")
    with store.begin() as kept:
        said = _to_decide(kept, actor, conversation_id, turn)
        if said is None:
            raise NotDone("These words may not be quoted any more: they were taken back, or said in another way since.")
        ranges = _within(said.words, left_out)
        _shown(said.words, ranges)
        choices = {"left_out": written(ranges), "checks": tuple(sorted(checked))}
        return _decide(kept, actor, conversation_id, turn, Decision.APPROVED, choices, now, latest, token)


def refuse(
    store: Store,
    actor: Actor,
    conversation_id: str,
    turn: int,
    reason: str,
    now: datetime,
    *,
    latest: int,
    token: str,
) -> Entry:
    """Keep words from being quoted; where they are quoted, that ends. Raises as `approve` does."""
    if reason not in set(Reason):
        raise NotDone("Say why they are not to be quoted.")
    with store.begin() as kept:
        _to_decide(kept, actor, conversation_id, turn)
        # As the page knew it, so that the same button pressed twice says the same twice.
        known = next((one for one in _decisions(kept, conversation_id, turn) if one.number == latest), None)
        is_quoted = known is not None and known.what == Decision.APPROVED
        what = Decision.WITHDRAWN if is_quoted else Decision.NOT_APPROVED
        return _decide(kept, actor, conversation_id, turn, what, {"reason": (reason,)}, now, latest, token)


def _to_decide(kept: Transaction, actor: Actor, conversation_id: str, turn: int) -> Turn | None:
    # Somebody may decide at another process of the site at this very moment.
    kept.entries.hold()
    _see(kept, actor, conversation_id, turn)
    require_opened(kept, actor, QUOTE, conversation_id)
    return agreed_to(kept.conversations.standing(conversation_id), turn)


def _decide(
    kept: Transaction,
    actor: Actor,
    conversation_id: str,
    turn: int,
    what: Decision,
    choices: Mapping[str, Sequence[str]],
    now: datetime,
    latest: int,
    token: str,
) -> Entry:
    decisions = _decisions(kept, conversation_id, turn)
    newest = decisions[-1] if decisions else None
    if (newest.number if newest is not None else 0) != latest:
        is_own = newest is not None and newest.account_id == actor.account_id
        if newest is not None and is_own and newest.what == what and newest.choices == choices:
            return newest  # the same button, pressed twice
        raise DecidedMeanwhile("Somebody decided about these words meanwhile. Look at it as it is now, then decide.")
    found = seeing.see_conversation(kept, actor, conversation_id, Act.APPROVE_QUOTE)
    entry = kept.entries.add(
        kind=EntryKind.QUOTE,
        what=what.value,
        account_id=actor.account_id,
        now=now,
        conversation_id=conversation_id,
        enquiry_id=found.conversation.enquiry_id,
        turn=turn,
        choices=choices,
        replaces=newest.number if newest is not None else None,
        token=token,
    )
    changed(
        kept,
        actor,
        f"quote.{what.value}",
        now,
        found.place,
        enquiry_id=found.conversation.enquiry_id,
        conversation_id=conversation_id,
    )
    return entry


# --- quoting ---------------------------------------------------------------------------------------------------------


def quotable(
    store: Store,
    actor: Actor,
    period: Period,
    *,
    at_most: int | None = None,
    wanted: Callable[[Quote], bool] = lambda quote: True,
) -> tuple[Quote, ...]:
    """Give the words said in a period that may be shown to anybody. Raises NotAllowed.

    Each was let be quoted by whoever said it, and looked at by a manager. In an order that tells nothing. `at_most`:
    the first so many that are `wanted`; no others are opened.
    """
    require(actor, Act.SEE_PACK)
    with store.reading() as seen:
        return tuple(islice((one for one in _quotable(seen, period) if wanted(one)), at_most))


def _quotable(seen: Transaction, period: Period) -> Iterator[Quote]:
    """Give them one by one, each opened when it is asked for."""
    decided = seen.voices.decided((period.first, period.last))
    for entry in sorted(decided, key=lambda one: quote_id(one.conversation_id or "", one.turn or 0)):
        if (quote := quoted_by(seen, entry)) is not None:
            yield quote


def quoted_by(seen: Transaction, entry: Entry) -> Quote | None:
    """Give the words that a decision lets be quoted; None where it does not, or they may not be quoted any more."""
    if entry.what != Decision.APPROVED or entry.conversation_id is None or entry.turn is None:
        return None
    try:
        # Whoever came back to it is not done with it: until then nobody can look at it, and nothing of it is quoted.
        is_done = seeing.is_finished(seen.conversations.get(entry.conversation_id))
        said = agreed_to(seen.conversations.standing(entry.conversation_id), entry.turn) if is_done else None
    except Damaged:
        # `verify` names it. Whether they may still be quoted cannot be known, and the others are quoted all the same.
        return None
    if said is None:
        return None
    return Quote(
        pieces=pieces(said.words, read(entry.choices["left_out"])),
        voice=voice_of(said.speaker),
        is_interpreted=said.how is How.THROUGH_AN_INTERPRETER or bool(said.original),
        quote_id=quote_id(entry.conversation_id, entry.turn),
    )


def quote_id(conversation_id: str, turn: int) -> str:
    """Name words for as long as they are kept."""
    return hashlib.sha256(f"{conversation_id} {turn}".encode()).hexdigest()[:32]
