"""Reading: a conversation as it was said, two of them side by side, and an enquiry with all that became of each wish.

Reading here is what follows on opening, which is recorded; nothing in this module writes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from bot.conversation import Answer, Kind, Speaker, Stage
from bot.enquiry import (
    EnquiryOutcome,
    Told,
    Verdict,
    Voice,
    Wording,
    communication_known_to,
    enquiry_outcomes,
    shared_by_the_person,
    told_to,
)
from bot.exporting import TakenBack, taken_back_turns
from bot.flags import Flag
from bot.interview import Asking
from bot.review import Proposed, proposed_in
from bot.reviewing import seeing
from bot.reviewing.seeing import Names, SeenConversation, SeenEnquiry, sees_beside
from bot.reviewing.states import ReviewState, Step, state_of, steps_from
from bot.reviewing.transcript import (
    Exchange,
    Line,
    Meaning,
    Piece,
    Pieces,
    Shown,
    flagged_alone,
    transcript,
)
from bot.roles import Act, Actor, Place, Role, may
from bot.store import AccessMove, Conversation, EnquiryMove, Entry, EntryKind, Invitation, Store, Transaction
from bot.themes import NONE_OF_THESE, Themes


@dataclass(frozen=True, slots=True)
class Need:
    """One thing said of how the person likes to talk: in words, or chosen."""

    words: str | None = None
    original: str = ""
    chosen: tuple[Pieces, ...] = ()


@dataclass(frozen=True, slots=True)
class Communication:
    """How the person likes to talk, as they said it last, and when that was."""

    needs: tuple[Need, ...]
    said_at: datetime | None
    speaker: Speaker | None


@dataclass(frozen=True, slots=True)
class FlagSeen:
    """A flag, and what was done about it."""

    flag: Flag
    answers: tuple[Entry, ...]
    """All of them, first to last."""

    @property
    def is_answered(self) -> bool:
        """Whether somebody said what was done."""
        return bool(self.answers)


@dataclass(frozen=True, slots=True)
class Review:
    """Where the team stands with a conversation."""

    state: ReviewState
    entries: tuple[Entry, ...]
    steps: frozenset[Step]
    latest: int
    """The number of the newest entry; 0 where there is none. Forms carry it, so that two at once are told apart."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A conversation, or what flags are raised at in it, for one reader."""

    seen: SeenConversation
    lines: tuple[Line, ...]
    flags: tuple[FlagSeen, ...]
    notes: Mapping[int, tuple[Entry, ...]]
    """Notes of the team, by the turn they stand beside."""
    review: Review | None
    """None for readers who may not see it."""
    communication: Communication
    names: Names
    may: frozenset[Act]
    others: tuple[Conversation, ...]
    """Further conversations of the same enquiry that this reader may read."""
    is_everything_taken_back: bool

    @property
    def conversation(self) -> Conversation:
        """What is known of it beside its turns."""
        return self.seen.conversation


@dataclass(frozen=True, slots=True)
class Cover:
    """What is known of something before it is opened: no words."""

    conversation: Conversation | None
    reference: str | None
    enquiry_id: str | None
    is_flags_alone: bool = False
    is_restricted: bool = False
    flags: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One question in two conversations."""

    name: str
    left: tuple[Exchange, ...]
    right: tuple[Exchange, ...]


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Two conversations of one enquiry, question by question."""

    left: Reading
    right: Reading
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class VerdictSeen:
    """What was said of an outcome later, and what the answer was called where it was chosen."""

    verdict: Verdict
    label: Pieces
    said_on: date | None


@dataclass(frozen=True, slots=True)
class WordingSeen:
    """One wording of an outcome."""

    wording: Wording
    stage: Stage
    said_on: date | None


@dataclass(frozen=True, slots=True)
class VoiceSeen:
    """All that one voice said of an outcome."""

    voice: Voice
    wordings: tuple[WordingSeen, ...]
    verdicts: tuple[VerdictSeen, ...]


@dataclass(frozen=True, slots=True)
class Tags:
    """Under which themes an outcome stands, and what rules would suggest."""

    confirmed: tuple[str, ...]
    """Ids, `none_of_these` among them."""
    own: str
    """A theme in the team's own words."""
    suggested: tuple[str, ...]
    entry: Entry | None

    @property
    def latest(self) -> int:
        """The number of the newest entry."""
        return self.entry.number if self.entry is not None else 0


@dataclass(frozen=True, slots=True)
class OutcomeSeen:
    """A desired outcome in every voice, the voices apart, and the practitioner's own view apart from both."""

    outcome: EnquiryOutcome
    voices: tuple[VoiceSeen, ...]
    own: tuple[VerdictSeen, ...]
    sign: tuple[str, ...]
    weight: Pieces
    tags: Tags | None

    @property
    def first(self) -> Wording:
        """How it was said first."""
        return next(one for one in self.outcome.wordings if not one.is_addition)

    @property
    def wordings_differ(self) -> bool:
        """Whether it is said in another way now than first."""
        return self.first != self.outcome.now


@dataclass(frozen=True, slots=True)
class Met:
    """One conversation in the timeline of an enquiry."""

    conversation: Conversation
    place: Place
    state: ReviewState
    review: Entry | None
    flags: tuple[FlagSeen, ...]
    may_read: bool
    is_everything_taken_back: bool
    may_end_code: bool


@dataclass(frozen=True, slots=True)
class EnquiryReading:
    """An enquiry, as much of it as this reader may know."""

    seen: SeenEnquiry
    names: Names
    communication: Communication
    timeline: tuple[Met, ...]
    outcomes: tuple[OutcomeSeen, ...]
    proposals: Mapping[Voice, Proposed | None]
    moves: tuple[EnquiryMove, ...]
    access_moves: tuple[AccessMove, ...]
    invitations: tuple[Invitation, ...]
    may: frozenset[Act]

    @property
    def flags(self) -> tuple[tuple[Met, FlagSeen], ...]:
        """Flags that nobody has answered, oldest first."""
        found = [(met, flag) for met in self.timeline for flag in met.flags if not flag.is_answered]
        return tuple(sorted(found, key=lambda one: one[1].flag.raised_at))


# --- conversations ---------------------------------------------------------------------------------------------------


def cover_of_conversation(store: Store, actor: Actor, conversation_id: str) -> Cover:
    """Say what can be opened, before it is. Raises NotAllowed, Missing."""
    with store.reading() as seen:
        found = seeing.see_conversation(seen, actor, conversation_id)
        flags = seen.flags.of(conversation_id) if sees_beside(actor, found.place) else ()
        return Cover(
            found.conversation,
            found.reference,
            found.conversation.enquiry_id,
            found.is_flags_alone,
            found.place.is_restricted,
            len(flags),
        )


def cover_of_enquiry(store: Store, actor: Actor, enquiry_id: str) -> Cover:
    """Say what can be opened, before it is. Raises NotAllowed, Missing."""
    with store.reading() as seen:
        found = seeing.see_enquiry(seen, actor, enquiry_id)
        return Cover(None, found.enquiry.reference, enquiry_id, is_restricted=found.place.is_restricted)


def read_conversation(
    store: Store,
    actor: Actor,
    conversation_id: str,
    texts: Mapping[str, str],
    taken_back: TakenBack = TakenBack.LEFT_OUT,
) -> Reading:
    """Read a conversation that this session has opened. Raises NotAllowed, Missing, Unopened."""
    with store.reading() as seen:
        return _read(seen, actor, conversation_id, texts, taken_back)


def compare(store: Store, actor: Actor, conversation_id: str, other_id: str, texts: Mapping[str, str]) -> SideBySide:
    """Read two conversations of one enquiry, question by question. Raises NotAllowed, Missing, Unopened, NotDone."""
    with store.reading() as seen:
        left = _read(seen, actor, conversation_id, texts, TakenBack.LEFT_OUT)
        right = _read(seen, actor, other_id, texts, TakenBack.LEFT_OUT)
    enquiries = {left.conversation.enquiry_id, right.conversation.enquiry_id}
    if None in enquiries or len(enquiries) > 1 or conversation_id == other_id:
        raise seeing.NotDone("Only two conversations of one enquiry can be read side by side.")
    return SideBySide(left, right, _rows(left, right))


def _rows(left: Reading, right: Reading) -> tuple[Row, ...]:
    found: dict[str, tuple[list[Exchange], list[Exchange]]] = {}
    for place, reading in enumerate((left, right)):
        for line in reading.lines:
            if isinstance(line, Exchange) and not line.is_aside and line.things:
                found.setdefault(line.name, ([], []))[place].append(line)
    return tuple(Row(name, tuple(both[0]), tuple(both[1])) for name, both in found.items())


def _read(
    seen: Transaction, actor: Actor, conversation_id: str, texts: Mapping[str, str], taken_back: TakenBack
) -> Reading:
    found = seeing.see_conversation(seen, actor, conversation_id)
    seeing.require_opened(seen, actor, seeing.kind_of(found), conversation_id)
    conversation, place = found.conversation, found.place
    turns = seen.conversations.turns(conversation_id)
    told = seen.told(conversation_id)
    gone = taken_back_turns(turns, told.standing)
    sees_all = sees_beside(actor, place)
    shown = Shown(
        withheld=gone if taken_back is TakenBack.LEFT_OUT else frozenset(),
        private=sees_all,
        safe_contact=may(actor, Act.SEE_CONTACT, place),
    )
    around = told_for(seen, actor, conversation.enquiry_id) if conversation.enquiry_id is not None else (told,)
    flags = seen.flags.of(conversation_id) if sees_all else ()
    lines = transcript(turns, told.standing, flags, shown=shown, texts=texts, meaning=meaning_in(around))
    entries = seen.entries.of_conversation(conversation_id) if sees_all else ()
    return Reading(
        seen=found,
        lines=flagged_alone(lines) if found.is_flags_alone else lines,
        flags=_flags(flags, entries),
        notes=_notes(entries),
        review=_review(seen, actor, conversation_id, entries) if sees_all and not found.is_flags_alone else None,
        communication=_communication(actor, around if not found.is_flags_alone or conversation.enquiry_id else ()),
        names=seeing.names(seen),
        may=_rights(actor, place),
        others=tuple(
            one.conversation
            for one in around
            if isinstance(one.conversation, Conversation) and one.conversation.conversation_id != conversation_id
        ),
        is_everything_taken_back=told.standing.is_everything_taken_back,
    )


def _review(seen: Transaction, actor: Actor, conversation_id: str, entries: Sequence[Entry]) -> Review:
    steps = tuple(one for one in entries if one.kind is EntryKind.REVIEW)
    latest = seeing.latest_review(seen, conversation_id, steps)
    state = state_of(latest.what if latest is not None else None)
    is_mine = latest is not None and latest.account_id == actor.account_id
    return Review(state, steps, steps_from(state, is_mine=is_mine), steps[-1].number if steps else 0)


def _flags(flags: Sequence[Flag], entries: Sequence[Entry]) -> tuple[FlagSeen, ...]:
    answered: dict[tuple[str, int | None], list[Entry]] = {}
    for one in entries:
        if one.kind is EntryKind.FLAG_ANSWER:
            answered.setdefault((one.what, one.turn), []).append(one)
    return tuple(FlagSeen(flag, tuple(answered.get((flag.kind.value, flag.turn), ()))) for flag in flags)


def _notes(entries: Sequence[Entry]) -> dict[int, tuple[Entry, ...]]:
    found: dict[int, tuple[Entry, ...]] = {}
    for one in entries:
        if one.kind is EntryKind.NOTE and one.turn is not None:
            found[one.turn] = (*found.get(one.turn, ()), one)
    return found


def _rights(actor: Actor, place: Place) -> frozenset[Act]:
    return frozenset(act for act in Act if may(actor, act, place))


# --- enquiries -------------------------------------------------------------------------------------------------------


def read_enquiry(store: Store, actor: Actor, enquiry_id: str, themes: Themes) -> EnquiryReading:
    """Read an enquiry that this session has opened. Raises NotAllowed, Missing, Unopened."""
    with store.reading() as seen:
        found = seeing.see_enquiry(seen, actor, enquiry_id)
        seeing.require_opened(seen, actor, seeing.ENQUIRY, enquiry_id)
        place = found.place
        sees_all = sees_beside(actor, place)
        conversations = seen.conversations.listed(enquiry_id=enquiry_id)
        told = told_for(seen, actor, enquiry_id)
        entries = seen.entries.of_enquiry(enquiry_id) if sees_all else ()
        outcomes = enquiry_outcomes(told)
        heard = told_to(outcomes, Speaker.ADVOCATE, shared_by_the_person(told)) if _is_advocate(actor) else outcomes
        return EnquiryReading(
            seen=found,
            names=seeing.names(seen),
            communication=_communication(actor, told),
            timeline=tuple(_timeline(seen, actor, conversations, entries, told)),
            outcomes=tuple(_outcome(one, told, conversations, entries, themes, sees_all) for one in heard),
            proposals={voice: proposed_in(voice, heard, told) for voice in Voice},
            moves=tuple(seen.enquiries.moves(enquiry_id)) if sees_all else (),
            access_moves=tuple(seen.allocations.moves(enquiry_id)) if sees_all else (),
            invitations=seen.invitations.of(enquiry_id) if may(actor, Act.SEE_CONTACT, place) else (),
            may=_rights(actor, place),
        )


def read_outcome(store: Store, actor: Actor, enquiry_id: str, outcome_id: str, themes: Themes) -> OutcomeSeen | None:
    """Read one outcome of an enquiry that this session has opened. Raises NotAllowed, Missing, Unopened."""
    found = read_enquiry(store, actor, enquiry_id, themes)
    return next((one for one in found.outcomes if one.outcome.outcome_id == outcome_id), None)


def _is_advocate(actor: Actor) -> bool:
    return actor.role is Role.ADVOCATE


def told_for(seen: Transaction, actor: Actor, enquiry_id: str) -> tuple[Told, ...]:
    """Give the conversations of an enquiry whose words this reader may have, in the order they began."""
    found = []
    whose = seeing.place_of_enquiry(seen, enquiry_id)
    for conversation in seen.conversations.listed(enquiry_id=enquiry_id):
        if _may_read(seen, actor, whose, conversation):
            found.append(seen.told(conversation.conversation_id))
    return tuple(found)


def _may_read(seen: Transaction, actor: Actor, whose: Place, conversation: Conversation) -> bool:
    return may(actor, Act.READ_CONVERSATION, _place(seen, actor, whose, conversation))


def _place(seen: Transaction, actor: Actor, whose: Place, conversation: Conversation) -> Place:
    is_shared = _is_advocate(actor) and seen.told(conversation.conversation_id).standing.shared is True
    return replace(
        whose,
        stage=conversation.stage,
        speaker=conversation.speaker,
        is_finished=seeing.is_finished(conversation),
        is_shared=is_shared,
    )


def _timeline(
    seen: Transaction,
    actor: Actor,
    conversations: Sequence[Conversation],
    entries: Sequence[Entry],
    told: Sequence[Told],
) -> list[Met]:
    """Give the conversations that this reader may know of. How it was for people is kept from whoever led."""
    found = []
    stands = {one.conversation.conversation_id: one.standing for one in told}
    for conversation in conversations:
        conversation_id = conversation.conversation_id
        assert conversation.enquiry_id is not None
        place = _place(seen, actor, seeing.place_of_enquiry(seen, conversation.enquiry_id), conversation)
        may_read = may(actor, Act.READ_CONVERSATION, place)
        if not may_read and (place.is_finished or not sees_beside(actor, place) or _is_kept_from(actor, place)):
            continue
        own = [one for one in entries if one.conversation_id == conversation_id]
        steps = [one for one in own if one.kind is EntryKind.REVIEW]
        latest = seeing.latest_review(seen, conversation_id, steps)
        flags = seen.flags.of(conversation_id) if sees_beside(actor, place) else ()
        found.append(
            Met(
                conversation=conversation,
                place=place,
                state=state_of(latest.what if latest is not None else None),
                review=latest,
                flags=_flags(flags, own),
                may_read=may_read,
                is_everything_taken_back=conversation_id in stands and stands[conversation_id].is_everything_taken_back,
                may_end_code=may(actor, Act.END_CODE, place),
            )
        )
    return found


def _is_kept_from(actor: Actor, place: Place) -> bool:
    """Say whether it tells how it was for people, and this reader led the enquiry."""
    return place.stage is Stage.EXPERIENCE and actor.account_id in place.allocated | place.ever_allocated


def _outcome(
    outcome: EnquiryOutcome,
    told: Sequence[Told],
    conversations: Sequence[Conversation],
    entries: Sequence[Entry],
    themes: Themes,
    sees_all: bool,
) -> OutcomeSeen:
    by_id = {one.conversation.conversation_id: one for one in told}
    known = {one.conversation_id: one for one in conversations}

    def verdict(one: Verdict) -> VerdictSeen:
        answer = by_id[one.conversation_id].standing.answer(one.turn)
        return VerdictSeen(one, _label(answer, one.value), known[one.conversation_id].said_on)

    def wording(one: Wording) -> WordingSeen:
        conversation = known[one.conversation_id]
        return WordingSeen(one, conversation.stage, conversation.said_on)

    voices = []
    for voice in Voice:
        wordings = tuple(wording(one) for one in outcome.wordings if one.voice is voice)
        verdicts = tuple(verdict(one) for one in outcome.reviewed if one.voice is voice)
        if wordings or verdicts:
            voices.append(VoiceSeen(voice, wordings, verdicts))
    of = outcome.of
    standing = by_id[outcome.conversation_id].standing if outcome.conversation_id in by_id else None
    weighed = _weight(standing.answers, outcome, of.weight) if standing is not None and of is not None else ()
    return OutcomeSeen(
        outcome=outcome,
        voices=tuple(voices),
        own=tuple(verdict(one) for one in outcome.own_verdicts) if sees_all else (),
        sign=of.sign.words if of is not None and of.sign is not None else (),
        weight=weighed,
        tags=_tags(outcome, entries, themes) if sees_all else None,
    )


def _weight(answers: Sequence[Answer], outcome: EnquiryOutcome, weight: str | None) -> Pieces:
    """Say what was chosen of how much it matters, as it was called where it was asked."""
    if weight is None:
        return ()
    asked = next((one for one in answers if one.question.asked == "outcome_weight"), None)
    return _label(asked, weight)


def _tags(outcome: EnquiryOutcome, entries: Sequence[Entry], themes: Themes) -> Tags:
    put = [one for one in entries if one.kind is EntryKind.THEME and one.outcome_id == outcome.outcome_id]
    words = [one.words for one in outcome.wordings]
    latest = put[-1] if put else None
    return Tags(
        confirmed=tuple(latest.choices.get("themes", ())) if latest is not None else (),
        own=latest.words.get("own", "") if latest is not None else "",
        suggested=themes.suggested(words),
        entry=latest,
    )


def theme_label(themes: Themes, name: str) -> str:
    """Say what a theme is called."""
    return "No theme fits" if name == NONE_OF_THESE else themes.labels.get(name, name)


# --- what both have --------------------------------------------------------------------------------------------------


def communication_in(seen: Transaction, actor: Actor, enquiry_id: str) -> Communication:
    """Say how the person likes to talk: on top of every page about an enquiry."""
    return _communication(actor, told_for(seen, actor, enquiry_id))


def communication_of(store: Store, actor: Actor, enquiry_id: str) -> Communication:
    """Say how the person likes to talk, for a page about an enquiry that this session has opened.

    Raises NotAllowed, Missing, Unopened.
    """
    with store.reading() as seen:
        seeing.see_enquiry(seen, actor, enquiry_id)
        seeing.require_opened(seen, actor, seeing.ENQUIRY, enquiry_id)
        return communication_in(seen, actor, enquiry_id)


def _communication(actor: Actor, told: Sequence[Told]) -> Communication:
    listener = Speaker.ADVOCATE if _is_advocate(actor) else Speaker.PRACTITIONER
    answers = communication_known_to(told, listener, shared_by_the_person(told))
    needs = []
    for answer in answers:
        for said in (answer.said, *answer.additions):
            turn = said.current
            if turn.kind is Kind.WORDS:
                needs.append(Need(words=turn.words, original=turn.original))
            elif turn.kind is Kind.CHOICE:
                needs.append(Need(chosen=tuple(_label(answer, one) for one in turn.choice)))
    last = answers[-1].current if answers else None
    return Communication(
        tuple(needs), last.said_at if last is not None else None, last.speaker if last is not None else None
    )


def _label(answer: Answer | None, choice: str) -> Pieces:
    """Give what an answer was called where it was chosen."""
    if answer is None:
        return (Piece(choice),)
    labels = {one.id: one.label for one in Asking.from_json(answer.question.asking).choices}
    return (Piece(labels.get(choice) or choice),)


def meaning_in(told: Sequence[Told]) -> Meaning:
    """Give what each outcome of these conversations was called at a time."""
    found = {one.outcome_id: one for one in enquiry_outcomes(told)}

    def called(outcome_id: str, at: datetime) -> str | None:
        outcome = found.get(outcome_id)
        if outcome is None:
            return None
        said = [one for one in outcome.wordings if not one.is_addition and one.said_at <= at]
        return said[-1].words if said else outcome.now.words

    return called
