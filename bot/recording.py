"""Recording: what the team keeps on an enquiry beside what was said, and the checklist before it closes.

A record is added and never changed. What it quotes is only pointed to: the words stay where they were said. Two at
once: a page knows which record was the latest when it was made, and whoever comes second sees the newer one first.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from bot.checklist import Item, State, checklist, chosen, last_verdict
from bot.conversation import Kind, Speaker, Stage, Whose
from bot.enquiry import EnquiryOutcome, Status, Told, Verdict, enquiry_outcomes
from bot.records import (
    ELSEWHERE,
    SAID_IN,
    Blank,
    Blanks,
    Filled,
    Kept,
    Line,
    NotFilledIn,
    Offers,
    Record,
    RecordKind,
    Typed,
    as_typed,
    fill_in,
    latest,
    lines,
    quoted,
    quotes,
    standing,
)
from bot.reviewing import seeing
from bot.reviewing.reading import Communication, communication_in
from bot.reviewing.seeing import Names, SeenEnquiry, changed
from bot.reviewing.states import ReviewState
from bot.roles import Act, Actor, may
from bot.store import Entry, EntryKind, Missing, Store, Transaction


class NewerRecord(Exception):
    """Somebody recorded this since the page was made. Nothing was kept, and nothing typed is lost."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__("Somebody recorded this meanwhile.")
        self.entries = tuple(entries)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """Words that a record quotes, or may quote."""

    key: str
    """What a page offers them under."""
    about: str
    """What they answer, as it is called in a list."""
    words: tuple[str, ...]
    """Exactly as they were said, what was added to them after. Empty where they cannot be shown."""
    original: str = ""
    speaker: Speaker | None = None
    whose: Whose | None = None
    said_at: datetime | None = None
    conversation_id: str = ""
    turn: int = 0
    outcome_id: str | None = None
    is_taken_back: bool = False
    is_said_again: bool = False
    """Whether they have been said in another way since."""
    verdict: Verdict | None = None
    """What was said last of whether it happened, in the voice that wanted it."""
    verdict_says: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a record, as it is read."""

    entry: Kept
    lines: tuple[Line, ...]
    quotes: Quoted | None


@dataclass(frozen=True, slots=True)
class RecordSeen:
    """A record that stands, with its earlier versions."""

    blank: Blank
    now: Version
    earlier: tuple[Version, ...]
    """Newest first."""


@dataclass(frozen=True, slots=True)
class Records:
    """All records of an enquiry that this reader may see."""

    seen: SeenEnquiry
    names: Names
    records: tuple[RecordSeen, ...]
    may_record: bool

    def of(self, kind: RecordKind) -> tuple[RecordSeen, ...]:
        """Give those of one kind, in the order they were first made."""
        return tuple(one for one in self.records if one.blank.kind is kind)


@dataclass(frozen=True, slots=True)
class Filling:
    """A record about to be made."""

    seen: SeenEnquiry
    names: Names
    blank: Blank
    typed: Typed
    """What stands in the boxes: nothing, or what the record says that is being put right."""
    offered: tuple[Quoted, ...]
    standing: tuple[RecordSeen, ...]
    """The records of this kind there are already."""
    changes: RecordSeen | None
    """The one whose place it takes."""
    latest: int
    """The number of the latest record of this kind. The page brings it back."""
    communication: Communication


@dataclass(frozen=True, slots=True)
class Checking:
    """The closing checklist of an enquiry."""

    seen: SeenEnquiry
    names: Names
    items: tuple[Item, ...]
    may_record: bool
    may_close: bool
    communication: Communication


# --- reading ---------------------------------------------------------------------------------------------------------


def read_records(store: Store, blanks: Blanks, actor: Actor, enquiry_id: str) -> Records:
    """Read all records of an enquiry that this session has opened. Raises NotAllowed, Missing, Unopened."""
    with store.reading() as seen:
        found = _opened(seen, actor, enquiry_id, Act.SEE_RECORDS)
        told = _told(seen, actor, enquiry_id)
        records = standing(seen.entries.of_enquiry(enquiry_id, EntryKind.RECORD))
        return Records(
            seen=found,
            names=seeing.names(seen),
            records=tuple(_seen(blanks, told, one) for one in records),
            may_record=may(actor, Act.RECORD, found.place),
        )


def read_record(store: Store, blanks: Blanks, actor: Actor, enquiry_id: str, number: int) -> tuple[Records, RecordSeen]:
    """Read the record that a number names, whichever of its versions that is.

    Raises NotAllowed, Missing, Unopened.
    """
    found = read_records(store, blanks, actor, enquiry_id)
    for one in found.records:
        if number in {version.entry.number for version in (one.now, *one.earlier)}:
            return found, one
    raise Missing("There is no such record.")


def blank_page(
    store: Store, blanks: Blanks, actor: Actor, enquiry_id: str, kind: RecordKind, changes: int | None = None
) -> Filling:
    """Give what a page needs on which a record is made, or one put right. Raises NotAllowed, Missing, Unopened.

    Where only one record of a kind stands, a new one takes its place.
    """
    with store.reading() as seen:
        found = _opened(seen, actor, enquiry_id, Act.RECORD)
        told = _told(seen, actor, enquiry_id)
        entries = seen.entries.of_enquiry(enquiry_id, EntryKind.RECORD)
        of_kind = [one for one in standing(entries) if one.kind is kind]
        changing = _changing(blanks.kinds[kind], of_kind, changes)
        if kind is RecordKind.ASKED and changes is None:
            # Asked again on another day is a fact of its own, though it takes the place of the one before.
            changing = None
        blank = blanks.blank(kind, changes=changing is not None)
        offered = _offered(blanks, blank, told, changing)
        return Filling(
            seen=found,
            names=seeing.names(seen),
            blank=blank,
            typed=Typed({}) if changing is None else _as_typed(blank, changing),
            offered=offered,
            standing=tuple(_seen(blanks, told, one) for one in of_kind),
            changes=None if changing is None else _seen(blanks, told, changing),
            latest=latest(entries, kind),
            communication=communication_in(seen, actor, enquiry_id),
        )


def check_closing(store: Store, blanks: Blanks, actor: Actor, enquiry_id: str) -> Checking:
    """List what is known before an enquiry closes, and what is missing. Raises NotAllowed, Missing, Unopened."""
    with store.reading() as seen:
        found = _opened(seen, actor, enquiry_id, Act.SEE_RECORDS)
        told = _told(seen, actor, enquiry_id)
        return Checking(
            seen=found,
            names=seeing.names(seen),
            items=(
                *_unanswered(seen, actor, enquiry_id),
                *_unread(seen, told),
                *checklist(blanks, told, standing(seen.entries.of_enquiry(enquiry_id, EntryKind.RECORD))),
            ),
            may_record=may(actor, Act.RECORD, found.place),
            may_close=may(actor, Act.CLOSE, found.place),
            communication=communication_in(seen, actor, enquiry_id),
        )


def _unanswered(seen: Transaction, actor: Actor, enquiry_id: str) -> Iterator[Item]:
    """Give the flags of which nobody said what was done, finished or not."""
    answered = {
        (one.conversation_id, one.what, one.turn) for one in seen.entries.of_enquiry(enquiry_id, EntryKind.FLAG_ANSWER)
    }
    for one in seen.conversations.listed(enquiry_id=enquiry_id):
        place = seeing.place_of_conversation(seen, one, actor)
        if may(actor, Act.READ_CONVERSATION if place.is_finished else Act.READ_FLAG, place):
            for flag in seen.flags.of(one.conversation_id):
                if (one.conversation_id, flag.kind.value, flag.turn) not in answered:
                    conversation_id = one.conversation_id
                    yield Item(name="flag", state=State.MISSING, at=flag.raised_at, conversation_id=conversation_id)


def _unread(seen: Transaction, told: Sequence[Told]) -> Iterator[Item]:
    """Give the finished conversations whose review is not done."""
    reviews = seen.entries.latest_reviews([one.conversation.conversation_id for one in told])
    for one in told:
        review = reviews.get(one.conversation.conversation_id)
        if review is None or review.what != ReviewState.REVIEWED.value:
            yield Item(
                name="unread",
                state=State.MISSING if review is None or review.what == ReviewState.WAITING.value else State.DUE,
                at=one.standing.answers[-1].current.said_at if one.standing.answers else None,
                conversation_id=one.conversation.conversation_id,
            )


# --- writing ---------------------------------------------------------------------------------------------------------


def record(
    store: Store,
    blanks: Blanks,
    actor: Actor,
    enquiry_id: str,
    kind: RecordKind,
    typed: Typed,
    now: datetime,
    today: date,
    *,
    known: int,
    changes: int | None,
    token: str,
) -> Entry:
    """Keep a record, signed by who made it. `known`: the latest record of this kind when the page was made.

    Raises NotAllowed, Missing, Unopened, NotFilledIn, NewerRecord.
    """
    with store.begin() as kept:
        # Somebody may record at another process of the site at this very moment.
        kept.entries.hold()
        found = _opened(kept, actor, enquiry_id, Act.RECORD)
        entries = kept.entries.of_enquiry(enquiry_id, EntryKind.RECORD)
        of_kind = [one for one in standing(entries) if one.kind is kind]
        changing = _changing(blanks.kinds[kind], of_kind, changes)
        blank = blanks.blank(kind, changes=changes is not None)
        offered = {one.key: one for one in _offered(blanks, blank, _told(kept, actor, enquiry_id), changing)}
        newer = [one for one in entries if one.what == kind and one.number > known]
        try:
            filled = fill_in(blank, typed, offered, today)
        except NotFilledIn:
            if newer:
                raise NewerRecord(newer) from None
            raise
        said = offered.get(filled.quotes)
        choices = _choices(filled, said)
        if newer:
            if _is_same(newer[-1], actor, choices, filled.words):
                return newer[-1]
            raise NewerRecord(newer)
        entry = kept.entries.add(
            kind=EntryKind.RECORD,
            what=kind.value,
            account_id=actor.account_id,
            now=now,
            enquiry_id=enquiry_id,
            outcome_id=said.outcome_id if said is not None else None,
            choices=choices,
            words=filled.words,
            replaces=changing.now.number if changing is not None else None,
            token=token,
        )
        changed(kept, actor, f"record.{kind.value}", now, found.place, enquiry_id=enquiry_id)
        return entry


def _choices(filled: Filled, said: Quoted | None) -> dict[str, tuple[str, ...]]:
    found = dict(filled.choices)
    if said is not None:
        found[SAID_IN] = quotes(said.conversation_id, said.turn)
    return found


def _is_same(last: Entry, actor: Actor, choices: Mapping[str, tuple[str, ...]], words: Mapping[str, str]) -> bool:
    """Say whether this page brought it just before: pressed twice, it says the same twice, and is kept once."""
    return (last.account_id, dict(last.choices), dict(last.words)) == (actor.account_id, choices, dict(words))


def _changing(blank: Blank, of_kind: Sequence[Record], changes: int | None) -> Record | None:
    """Find the record whose place is taken. Raises Missing."""
    if changes is None:
        return None if blank.is_many or not of_kind else max(of_kind, key=lambda one: one.now.number)
    for one in of_kind:
        if changes in {version.number for version in one.versions}:
            return one
    raise Missing("There is no such record.")


# --- what was said ---------------------------------------------------------------------------------------------------


def _opened(seen: Transaction, actor: Actor, enquiry_id: str, act: Act) -> SeenEnquiry:
    found = seeing.see_enquiry(seen, actor, enquiry_id, act)
    seeing.require_opened(seen, actor, seeing.ENQUIRY, enquiry_id)
    return found


def _told(seen: Transaction, actor: Actor, enquiry_id: str) -> tuple[Told, ...]:
    """Give the conversations of an enquiry whose words this reader may have, in the order they began."""
    return tuple(
        seen.told(one.conversation_id)
        for one in seen.conversations.listed(enquiry_id=enquiry_id)
        if may(actor, Act.READ_CONVERSATION, seeing.place_of_conversation(seen, one, actor))
    )


def _offered(blanks: Blanks, blank: Blank, told: Sequence[Told], changing: Record | None) -> tuple[Quoted, ...]:
    """Give what a record of this kind may quote. One that is put right goes on quoting the wording it was about."""
    field = blank.quotation
    if field is None:
        return ()
    found = {one.key: one for one in _outcomes(told)}
    if field.offers is Offers.WISHES:
        found |= {one.key: one for one in _wishes(blanks, told)}
    own = _quoted(blanks, told, changing.now) if changing is not None else None
    if own is not None:
        there = found.get(own.key)
        found[own.key] = own if there is None else replace(own, verdict=there.verdict, verdict_says=there.verdict_says)
    return tuple(found.values())


def _outcomes(told: Sequence[Told]) -> Iterator[Quoted]:
    for outcome in enquiry_outcomes(told):
        said = last_verdict(outcome)
        now = outcome.now
        yield Quoted(
            key=f"outcome:{outcome.outcome_id}",
            about=_about_outcome(outcome),
            words=outcome.words,
            original=now.original,
            speaker=now.speaker,
            whose=now.whose,
            said_at=now.said_at,
            conversation_id=now.conversation_id,
            turn=now.turn,
            outcome_id=outcome.outcome_id,
            verdict=said,
            verdict_says=_verdict_says(told, said),
        )


def _about_outcome(outcome: EnquiryOutcome) -> str:
    return "What they wanted before" if outcome.status is Status.NO_LONGER else "What they want to be different"


def _verdict_says(told: Sequence[Told], said: Verdict | None) -> tuple[str, ...]:
    for one in told:
        if said is not None and one.conversation.conversation_id == said.conversation_id:
            answer = one.standing.answer(said.turn)
            return chosen(answer) if answer is not None else ()
    return ()


def _wishes(blanks: Blanks, told: Sequence[Told]) -> Iterator[Quoted]:
    for one in told:
        if one.conversation.stage is Stage.EXPERIENCE or one.standing.is_everything_taken_back:
            continue
        for answer in one.standing.answers:
            about = blanks.wishes.get(answer.question.asked or "")
            turn = answer.current
            if about is None or turn.kind is not Kind.WORDS or answer.number not in one.standing.path:
                continue
            yield Quoted(
                key=f"turn:{one.conversation.conversation_id}:{turn.number}",
                about=about,
                words=answer.words,
                original=turn.original,
                speaker=turn.speaker,
                whose=turn.whose,
                said_at=turn.said_at,
                conversation_id=one.conversation.conversation_id,
                turn=turn.number,
            )


def _seen(blanks: Blanks, told: Sequence[Told], one: Record) -> RecordSeen:
    blank = blanks.blank(one.kind, changes=True)
    versions = []
    for kept in one.versions:
        versions.append(Version(kept, lines(blank, kept), _quoted(blanks, told, kept)))
    return RecordSeen(blanks.kinds[one.kind], versions[0], tuple(versions[1:]))


def _quoted(blanks: Blanks, told: Sequence[Told], kept: Kept) -> Quoted | None:
    """Give the words that a record quotes, as they were when it was made."""
    pointed = quoted(kept)
    if pointed is None:
        return None
    conversation_id, number = pointed
    about = "What they want to be different" if kept.outcome_id is not None else ""
    for one in told:
        if one.conversation.conversation_id != conversation_id:
            continue
        answer, said = one.standing.answer(number), one.standing.said(number)
        if answer is None or said is None:
            break
        turn = next(version for version in said.versions if version.number == number)
        is_gone = one.standing.is_everything_taken_back or turn not in said.in_effect
        added = [
            addition.current.words
            for addition in answer.additions
            if addition.current.kind is Kind.WORDS and addition.current.said_at <= kept.at
        ]
        return Quoted(
            key=_key(kept, conversation_id, number),
            about=about or blanks.wishes.get(answer.question.asked or "", ""),
            words=() if is_gone else (turn.words, *added),
            original="" if is_gone else turn.original,
            speaker=turn.speaker,
            whose=turn.whose,
            said_at=turn.said_at,
            conversation_id=conversation_id,
            turn=number,
            outcome_id=kept.outcome_id,
            is_taken_back=is_gone,
            is_said_again=not is_gone and _is_said_again(told, kept, said.current.number, number),
        )
    return Quoted(key=_key(kept, conversation_id, number), about=about, words=(), conversation_id=conversation_id)


def _is_said_again(told: Sequence[Told], kept: Kept, current: int, number: int) -> bool:
    if kept.outcome_id is None:
        return current != number
    outcome = next((one for one in enquiry_outcomes(told) if one.outcome_id == kept.outcome_id), None)
    return outcome is not None and outcome.now.turn != number


def _key(kept: Kept, conversation_id: str, number: int) -> str:
    return f"outcome:{kept.outcome_id}" if kept.outcome_id is not None else f"turn:{conversation_id}:{number}"


def _as_typed(blank: Blank, changing: Record) -> Typed:
    """Fill a page in with what a record says."""
    pointed = quoted(changing.now)
    return as_typed(blank, changing.now, ELSEWHERE if pointed is None else _key(changing.now, *pointed))
