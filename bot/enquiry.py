"""An enquiry: the conversations that belong to one piece of work, and what became in them of each desired outcome.

Nothing here does I/O. Every wording stays beside the ones before it, with its day and whoever said it, and what was
said in the person's own voice is never merged with what somebody said for them.
"""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar

from bot.conversation import Answer, Kind, Speaker, Stage, Standing, Whose
from bot.outcomes import Outcome

COMMUNICATION = ("communication", "communication_words")
"""The questions whose answers say how the person likes to talk."""

_NAMED = re.compile(r"[0-9a-z]{8}_([0-9]{1,9})")


class Voice(StrEnum):
    """In whose voice something is said. Two voices are never merged."""

    PERSON = "person"
    """The person's own: said by the person, or said to a practitioner who wrote it down."""
    ADVOCATE = "advocate"


class Status(StrEnum):
    """How it stands with a desired outcome."""

    SAID = "said"
    NO_LONGER = "no_longer"
    """It is not wanted any more."""
    HAPPENED = "happened"


SAY_DIFFERENTLY = "say_differently"
NO_LONGER_WANT = "no_longer_want"
HAS_HAPPENED = "has_happened"

STATUSES: Mapping[str, Status] = {
    "still_want": Status.SAID,
    SAY_DIFFERENTLY: Status.SAID,
    NO_LONGER_WANT: Status.NO_LONGER,
    HAS_HAPPENED: Status.HAPPENED,
    "all_of_it": Status.HAPPENED,
    "some_of_it": Status.SAID,
    "no": Status.SAID,
}
"""What an answer to "how is it with this now?" or "did this happen?" makes of it. Any other answer changes nothing."""


class Conversation(Protocol):
    """What is needed of a conversation beside its turns."""

    @property
    def conversation_id(self) -> str:
        """Name it."""

    @property
    def stage(self) -> Stage:
        """Say which of the four it is."""

    @property
    def speaker(self) -> Speaker:
        """Say who speaks in it."""


@dataclass(frozen=True, slots=True)
class OutcomeReview:
    """What a conversation says of a desired outcome that was said before: numbers of its own answers."""

    outcome_id: str
    said_turn: int
    """Whether it is still wanted, or whether it happened."""
    again_turn: int | None
    """How it is said now."""
    why_turn: int | None
    difference_turn: int | None
    """What difference it made that it happened."""
    own_turn: int | None
    """The practitioner's own view of whether it happened."""
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """One conversation of an enquiry: where it stands, and what its record says."""

    conversation: Conversation
    standing: Standing
    outcomes: Sequence[Outcome]
    reviews: Sequence[OutcomeReview]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing said of a desired outcome: by whom, when and where."""

    speaker: Speaker
    whose: Whose | None
    said_at: datetime
    conversation_id: str
    turn: int
    """The very wording that says it."""

    @property
    def voice(self) -> Voice:
        """In whose voice it is said."""
        return voice_of(self.speaker)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording(Part):
    """One wording of a desired outcome, exactly as it was said."""

    words: str
    original: str = ""
    """The same in the person's own language, where `words` is the interpreter's English."""
    why: tuple[str, ...] = ()
    """Why it is said in another way than before."""
    answer: int
    """The number of the answer that this is a wording of."""
    is_addition: bool = False
    """Whether it stands beside that answer, and not in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Part):
    """What a later conversation says of it: at a check-in how it is now, at a closing review whether it happened."""

    stage: Stage
    value: str
    """The id of what was chosen, or of the skip."""
    why: tuple[str, ...] = ()
    difference: tuple[str, ...] = ()
    """What difference it made."""


@dataclass(frozen=True, slots=True)
class EnquiryOutcome:
    """A desired outcome, and all that was said of it in every conversation of its enquiry, first to last."""

    outcome_id: str
    conversation_id: str
    """The conversation that first said it."""
    turn: int
    speaker: Speaker
    whose: Whose | None
    wordings: tuple[Wording, ...]
    reviewed: tuple[Verdict, ...] = ()
    """What was said of it later, at check-ins and at closing reviews."""
    own_verdicts: tuple[Verdict, ...] = ()
    """A practitioner's own view of whether it happened: never merged with what the person says, and never theirs."""
    of: Outcome | None = field(default=None, repr=False)
    """Its sign, weight, rank and plan, as its own conversation has them. None where its first words were taken back."""

    @property
    def voice(self) -> Voice:
        """In whose voice it was first said."""
        return voice_of(self.speaker)

    @property
    def now(self) -> Wording:
        """The latest wording in the voice that wanted it."""
        said = [wording for wording in self.wordings if not wording.is_addition]
        return next((wording for wording in reversed(said) if wording.voice is self.voice), said[-1])

    @property
    def words(self) -> tuple[str, ...]:
        """The latest wording, then what was added to it."""
        now = self.now
        beside = [
            added.words
            for added in self.wordings
            if added.is_addition and (added.conversation_id, added.answer) == (now.conversation_id, now.answer)
        ]
        return (now.words, *beside)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What closing reviews say: whether it happened."""
        return tuple(verdict for verdict in self.reviewed if verdict.stage is Stage.CLOSING)

    @property
    def status(self) -> Status:
        """How it stands, as said last in the voice that wanted it."""
        return self.status_in(self.voice)

    def status_in(self, voice: Voice) -> Status:
        """Say how it stands, as said last in this voice."""
        said = [STATUSES[one.value] for one in self.reviewed if one.voice is voice and one.value in STATUSES]
        return said[-1] if said else Status.SAID


def voice_of(speaker: Speaker) -> Voice:
    """Say in whose voice a speaker's conversation is: what a practitioner writes down is what the person said."""
    return Voice.ADVOCATE if speaker is Speaker.ADVOCATE else Voice.PERSON


def outcome_id(conversation_id: str, turn: int) -> str:
    """Name an outcome for the whole of its enquiry; the dialogue engine hears `outcome:<this>`."""
    short = conversation_id[:8]
    if re.fullmatch("[0-9a-f]{8}", short) is None:
        # A developer may name a conversation in `rasa shell` as they like.
        short = hashlib.sha256(conversation_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{short}_{turn}"


def enquiry_outcomes(told: Sequence[Told]) -> tuple[EnquiryOutcome, ...]:
    """Give every desired outcome of an enquiry with all that was said of it.

    `told` are its conversations in the order they began; outcomes come in that order, and as they were said in each. A
    conversation that was taken back as a whole says nothing.
    """
    heard = [one for one in told if not one.standing.is_everything_taken_back]
    found = {outcome.outcome_id: outcome for outcome in _first_said(heard)}
    for one in heard:
        for review in one.reviews:
            outcome = found.get(review.outcome_id) or _taken_back_since(heard, review.outcome_id)
            if outcome is not None:
                found[review.outcome_id] = _with_review(outcome, one, review)
    places = {one.conversation.conversation_id: place for place, one in enumerate(heard)}
    every = [
        replace(
            outcome,
            wordings=_in_order(outcome.wordings, places),
            reviewed=_in_order(outcome.reviewed, places),
            own_verdicts=_in_order(outcome.own_verdicts, places),
        )
        for outcome in found.values()
        if any(not wording.is_addition for wording in outcome.wordings)
    ]
    return tuple(sorted(every, key=lambda outcome: (places[outcome.conversation_id], outcome.turn)))


def told_to(found: Sequence[EnquiryOutcome], speaker: Speaker, shared: Collection[str]) -> tuple[EnquiryOutcome, ...]:
    """Leave out of each outcome what a speaker of this kind may not hear, and outcomes of which nothing is left.

    The person, and a practitioner with the person, hear what was said in the person's own voice. An advocate hears what
    advocates said, and of the person's words those of the conversations that the person shared (`shared`: their ids):
    neither what was said elsewhere, nor what became of it there.
    """

    def may_hear(part: Part) -> bool:
        if speaker is Speaker.ADVOCATE:
            return part.voice is Voice.ADVOCATE or part.conversation_id in shared
        return part.voice is Voice.PERSON

    left = []
    for outcome in found:
        wordings = tuple(wording for wording in outcome.wordings if may_hear(wording))
        is_somebody_elses = speaker is not Speaker.ADVOCATE and outcome.voice is Voice.ADVOCATE
        if is_somebody_elses or all(wording.is_addition for wording in wordings):
            continue
        may_hear_all = speaker is not Speaker.ADVOCATE or outcome.voice is Voice.ADVOCATE
        left.append(
            replace(
                outcome,
                wordings=wordings,
                reviewed=tuple(verdict for verdict in outcome.reviewed if may_hear(verdict)),
                own_verdicts=outcome.own_verdicts if speaker is Speaker.PRACTITIONER else (),
                of=outcome.of if may_hear_all or outcome.conversation_id in shared else None,
            )
        )
    return tuple(left)


def outcomes_for(
    found: Sequence[EnquiryOutcome], speaker: Speaker, shared: Collection[str]
) -> tuple[EnquiryOutcome, ...]:
    """Give what a speaker of this kind is asked about again: all that they may hear and that is still wanted."""
    voice = voice_of(speaker)
    return tuple(
        outcome
        for outcome in told_to(found, speaker, shared)
        if Status.NO_LONGER not in {outcome.status, outcome.status_in(voice)}
    )


def shared_by_the_person(told: Sequence[Told]) -> frozenset[str]:
    """Name the conversations that the person lets whoever speaks for them be read."""
    return frozenset(one.conversation.conversation_id for one in told if one.standing.shared is True)


def communication_known_to(told: Sequence[Told], speaker: Speaker, shared: Collection[str]) -> tuple[Answer, ...]:
    """Give what was said last of how the person likes to talk, as far as a speaker of this kind may hear it.

    `told` are conversations in the order they began. A practitioner hears it from whoever said it.
    """

    def may_hear(one: Told) -> bool:
        voice = voice_of(one.conversation.speaker)
        if speaker is Speaker.PRACTITIONER:
            return True
        if speaker is Speaker.ADVOCATE:
            return voice is Voice.ADVOCATE or one.conversation.conversation_id in shared
        return voice is Voice.PERSON

    for one in reversed(told):
        if one.standing.is_everything_taken_back or not may_hear(one):
            continue
        found = tuple(
            answer
            for answer in one.standing.answers
            if answer.question.asked in COMMUNICATION
            and answer.number in one.standing.path
            and answer.current.kind in {Kind.WORDS, Kind.CHOICE}
        )
        if found:
            return found
    return ()


def _first_said(told: Sequence[Told]) -> Iterator[EnquiryOutcome]:
    for one in told:
        conversation_id = one.conversation.conversation_id
        for outcome in one.outcomes:
            first = outcome.answer.said.first
            yield EnquiryOutcome(
                outcome_id=outcome_id(conversation_id, outcome.number),
                conversation_id=conversation_id,
                turn=outcome.number,
                speaker=first.speaker,
                whose=first.whose,
                wordings=tuple(_wordings(conversation_id, outcome.answer)),
                of=outcome,
            )


def _taken_back_since(told: Sequence[Told], named: str) -> EnquiryOutcome | None:
    """Find an outcome whose first words were taken back: what was said in their place elsewhere still stands."""
    read = _NAMED.fullmatch(named)
    if read is None:
        return None
    for one in told:
        conversation_id = one.conversation.conversation_id
        answer = one.standing.answer(int(read[1]))
        if answer is not None and outcome_id(conversation_id, answer.number) == named:
            first = answer.said.first
            return EnquiryOutcome(named, conversation_id, answer.number, first.speaker, first.whose, ())
    return None


def _with_review(outcome: EnquiryOutcome, one: Told, review: OutcomeReview) -> EnquiryOutcome:
    """Add what a conversation says of an outcome.

    The first answer decides what belongs to it: after a change of mind the others are left from a road not taken.
    """
    said = _in_effect(one.standing, review.said_turn)
    if said is None:
        return outcome
    conversation_id, stage = one.conversation.conversation_id, one.conversation.stage
    value = _value(said)
    again, difference = (_in_effect(one.standing, number) for number in (review.again_turn, review.difference_turn))
    why, own = (_in_effect(one.standing, number) for number in (review.why_turn, review.own_turn))
    because = why.words if why is not None and value in {SAY_DIFFERENTLY, NO_LONGER_WANT} else ()
    made = difference.words if difference is not None and (stage is Stage.CLOSING or value == HAS_HAPPENED) else ()
    is_said_again = again is not None and value == SAY_DIFFERENTLY
    wordings = tuple(_wordings(conversation_id, again, because)) if again is not None and is_said_again else ()
    verdict = _verdict(one, said, why=because, difference=made)
    own_verdicts = (_verdict(one, own),) if own is not None else ()
    return replace(
        outcome,
        wordings=outcome.wordings + wordings,
        reviewed=(*outcome.reviewed, verdict),
        own_verdicts=outcome.own_verdicts + own_verdicts,
    )


def _verdict(one: Told, answer: Answer, why: tuple[str, ...] = (), difference: tuple[str, ...] = ()) -> Verdict:
    turn = answer.current
    return Verdict(
        speaker=turn.speaker,
        whose=turn.whose,
        said_at=turn.said_at,
        conversation_id=one.conversation.conversation_id,
        turn=turn.number,
        stage=one.conversation.stage,
        value=_value(answer),
        why=why,
        difference=difference,
    )


def _value(answer: Answer) -> str:
    return next(iter(answer.current.choice), "")


def _in_effect(standing: Standing, number: int | None) -> Answer | None:
    """Find an answer that led here and was not taken back."""
    answer = standing.answer(number) if number is not None else None
    if answer is None or answer.said.is_taken_back or answer.number not in standing.path:
        return None
    return answer


def _wordings(conversation_id: str, answer: Answer, why: tuple[str, ...] = ()) -> Iterator[Wording]:
    """Give every wording of an answer in effect, and what was added to it as it stands now."""
    versions = [turn for turn in answer.said.in_effect if turn.kind is Kind.WORDS]
    added = [said.current for said in answer.additions if said.current.kind is Kind.WORDS]
    for place, turn in enumerate([*versions, *added]):
        yield Wording(
            speaker=turn.speaker,
            whose=turn.whose,
            said_at=turn.said_at,
            conversation_id=conversation_id,
            turn=turn.number,
            words=turn.words,
            original=turn.original,
            why=why if place < len(versions) else (),
            answer=answer.number,
            is_addition=place >= len(versions),
        )


PartT = TypeVar("PartT", bound=Part)


def _in_order(parts: Sequence[PartT], places: Mapping[str, int]) -> tuple[PartT, ...]:
    """Put in order what was said in several conversations, some of which may go on at once.

    Within one the numbers of turns decide, whatever its clock said; between two, the time.
    """
    latest: dict[str, datetime] = {}
    timed: list[tuple[datetime, int, int, PartT]] = []
    for part in sorted(parts, key=lambda part: (places[part.conversation_id], part.turn)):
        at = max(part.said_at, latest.get(part.conversation_id, part.said_at))
        latest[part.conversation_id] = at
        timed.append((at, places[part.conversation_id], part.turn, part))
    return tuple(part for *_, part in sorted(timed, key=lambda one: one[:3]))
