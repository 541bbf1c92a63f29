"""The closing checklist: what is known of an enquiry before it closes, in whose words, and what is missing.

It lists, and keeps nobody from closing. Nothing is worked out that nobody said or recorded.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from bot.conversation import Answer, Kind, Skip, Speaker
from bot.enquiry import (
    HAS_HAPPENED,
    EnquiryOutcome,
    Status,
    Told,
    Verdict,
    Voice,
    communication_known_to,
    enquiry_outcomes,
    shared_by_the_person,
)
from bot.interview import Asking
from bot.nudges import OUTCOME_QUESTIONS
from bot.records import Blanks, Record, RecordKind
from bot.review import ALL, NONE, SOME, Achieved, proposed_in

ACHIEVED: Mapping[Achieved, str] = {
    Achieved.FULLY: "Fully Achieved",
    Achieved.PARTLY: "Partially Achieved",
    Achieved.NOT: "Not Achieved",
}
"""The labels of SG4a, part 2, exactly as the Safeguarding Adults Collection prints them."""

NOT_RECORDED = {"asked": "Not Recorded", "capacity": "Not recorded"}
"""What nothing entered counts as, in SG4a and in SG3a. It is never counted as a no."""

_SKIPPED: Mapping[str, str] = {
    Skip.DO_NOT_KNOW: "asked_none_yet",
    Skip.LATER: "asked_none_yet",
    Skip.NOT_FOR_ME: "asked_none_yet",
    Skip.ASKED_NONE_YET: "asked_none_yet",
    Skip.DO_NOT_WANT_TO_SAY: "declined",
    Skip.DECLINED: "declined",
    Skip.COULD_NOT_TODAY: "could_not_today",
    Skip.NOT_ASKED: "not_asked",
}
"""What not answering the question for what somebody wants says of having been asked."""


class State(StrEnum):
    """How it stands with one line."""

    THERE = "there"
    DUE = "due"
    """It is there, and something is still to be done about it."""
    MISSING = "missing"


class Source(StrEnum):
    """In whose words it is known."""

    PERSON = "person"
    ADVOCATE = "advocate"
    PRACTITIONER = "practitioner"
    """The person's, written down by a practitioner."""
    RECORD = "record"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of the checklist."""

    name: str
    state: State
    source: Source = Source.NOBODY
    at: datetime | None = None
    """When it was said or recorded."""
    says: tuple[str, ...] = ()
    """What was chosen, as it is called."""
    words: tuple[str, ...] = ()
    """What was said, exactly."""
    national: tuple[str, ...] = ()
    """What it counts as in the national figures."""
    day: date | None = None
    """When it is to be looked at again."""
    outcome: EnquiryOutcome | None = None
    record: Record | None = None
    fills: RecordKind | None = None
    """Which record would say it."""
    conversation_id: str | None = None
    """The conversation that it is about, where it is about a whole one."""


def checklist(blanks: Blanks, told: Sequence[Told], records: Sequence[Record]) -> tuple[Item, ...]:
    """List what is known and what is missing. `told`: the conversations of the enquiry that may be read."""
    return tuple(_Listing(blanks, told, records).items())


class _Listing:
    """One checklist in the making."""

    def __init__(self, blanks: Blanks, told: Sequence[Told], records: Sequence[Record]) -> None:
        self.blanks = blanks
        self.told = [one for one in told if not one.standing.is_everything_taken_back]
        self.records = records
        self.outcomes = enquiry_outcomes(told)

    def items(self) -> Iterator[Item]:
        yield self._about()
        asked = self._asked()
        yield asked
        yield self._communication()
        yield self._answered("involvement")
        yield self._advocacy()
        yield self._capacity()
        yield self._risk()
        wanted = [one for one in self.outcomes if one.status is not Status.NO_LONGER]
        for outcome in wanted:
            yield from self._of_outcome(outcome)
        yield from self._left_open()
        if wanted or asked.national == (self._national(RecordKind.ASKED, "state", "asked_expressed"),):
            yield self._achieved()
        yield self._answered("about_finishing")

    # --- records that there is one of ---

    def _about(self) -> Item:
        record = self._newest(RecordKind.ABOUT)
        if record is None:
            return Item(name="about", state=State.MISSING, fills=RecordKind.ABOUT)
        return self._recorded("about", record, State.THERE, ("kind",))

    def _asked(self) -> Item:
        found = asked_last(self.told, self.outcomes, self.records)
        if found is None:
            national = (NOT_RECORDED["asked"],)
            return Item(name="asked", state=State.MISSING, fills=RecordKind.ASKED, national=national)
        record = found.record
        if record is None:
            return Item(
                name="asked",
                state=State.THERE if found.value in {"asked_expressed", "declined"} else State.DUE,
                source=Source(found.speaker.value),
                at=found.at,
                says=self._labels(RecordKind.ASKED, "state", [found.value]),
                national=(self._national(RecordKind.ASKED, "state", found.value),),
                fills=RecordKind.ASKED,
            )
        day = record.day("again_on") or record.day("back_on")
        is_open = record.chose("state", "could_not_today", "asked_none_yet")
        return self._recorded("asked", record, State.DUE if is_open else State.THERE, ("state",), day=day)

    def _advocacy(self) -> Item:
        record = self._newest(RecordKind.ADVOCACY)
        if record is None:
            return Item(name="advocacy", state=State.MISSING, fills=RecordKind.ADVOCACY)
        has_nobody = record.chose("way", "undecided") or (
            record.chose("way", "advocate") and record.day("arrived_on") is None
        )
        return self._recorded("advocacy", record, State.DUE if has_nobody else State.THERE, ("way",))

    def _capacity(self) -> Item:
        found = [one for one in self.records if one.kind is RecordKind.CAPACITY]
        if not found:
            national = (NOT_RECORDED["capacity"],)
            return Item(name="capacity", state=State.MISSING, fills=RecordKind.CAPACITY, national=national)
        newest = max(found, key=lambda one: one.now.number)
        values = [value for one in found for value in one.now.choices.get("result", ())]
        return Item(
            name="capacity",
            state=State.THERE,
            source=Source.RECORD,
            at=newest.now.at,
            says=self._labels(RecordKind.CAPACITY, "result", values),
            record=newest,
            fills=RecordKind.CAPACITY,
        )

    def _risk(self) -> Item:
        record = self._newest(RecordKind.RISK)
        if record is None:
            return Item(name="risk", state=State.MISSING, fills=RecordKind.RISK)
        is_open = record.chose(
            "assessment", "identified_action", "identified_no_action"
        ) and not record.now.choices.get("outcome")
        return self._recorded("risk", record, State.DUE if is_open else State.THERE, ("assessment", "outcome"))

    # --- what was said ---

    def _communication(self) -> Item:
        found = communication_known_to(self.told, Speaker.PRACTITIONER, shared_by_the_person(self.told))
        if not found:
            return Item(name="communication", state=State.MISSING)
        return self._said("communication", found[-1])

    def _answered(self, asked: str) -> Item:
        found = [
            answer
            for one in self.told
            for answer in one.standing.answers
            if answer.question.asked == asked
            and answer.number in one.standing.path
            and answer.current.kind in {Kind.WORDS, Kind.CHOICE}
        ]
        if not found:
            return Item(name=asked, state=State.MISSING)
        return self._said(asked, max(found, key=lambda answer: answer.current.said_at))

    def _said(self, name: str, answer: Answer) -> Item:
        turn = answer.current
        return Item(
            name=name,
            state=State.THERE,
            source=Source(turn.speaker.value),
            at=turn.said_at,
            says=chosen(answer),
            words=answer.words,
        )

    # --- each outcome ---

    def _of_outcome(self, outcome: EnquiryOutcome) -> Iterator[Item]:
        said = last_verdict(outcome)
        if said is None:
            yield Item(name="happened", state=State.MISSING, outcome=outcome)
        else:
            source, says = Source(said.speaker.value), self._verdict_label(said)
            yield Item(name="happened", state=State.THERE, source=source, at=said.said_at, says=says, outcome=outcome)
        yield self._own_view(outcome)
        if said is not None and said.value in {SOME, NONE}:
            why = [
                one
                for one in self.records
                if one.kind in {RecordKind.NEGOTIATION, RecordKind.WISH_NOT_FOLLOWED}
                and one.now.outcome_id == outcome.outcome_id
            ]
            newest = max(why, key=lambda one: one.now.number, default=None)
            yield Item(
                name="why_not",
                state=State.MISSING if newest is None else State.THERE,
                source=Source.NOBODY if newest is None else Source.RECORD,
                at=None if newest is None else newest.now.at,
                says=() if newest is None else (self.blanks.kinds[newest.kind].short,),
                outcome=outcome,
                record=newest,
                fills=RecordKind.WISH_NOT_FOLLOWED,
            )

    def _own_view(self, outcome: EnquiryOutcome) -> Item:
        recorded = [
            one for one in self.records if one.kind is RecordKind.VERDICT and one.now.outcome_id == outcome.outcome_id
        ]
        said = outcome.own_verdicts[-1] if outcome.own_verdicts else None
        newest = max(recorded, key=lambda one: one.now.number, default=None)
        if newest is not None and (said is None or newest.now.at >= said.said_at):
            return self._recorded("own_view", newest, State.THERE, ("happened",), outcome=outcome)
        if said is not None:
            return Item(
                name="own_view",
                state=State.THERE,
                source=Source.RECORD,
                at=said.said_at,
                says=self._verdict_label(said),
                outcome=outcome,
                fills=RecordKind.VERDICT,
            )
        return Item(name="own_view", state=State.MISSING, outcome=outcome, fills=RecordKind.VERDICT)

    def _left_open(self) -> Iterator[Item]:
        """Give the records that ask for something still to be done."""
        by_id = {outcome.outcome_id: outcome for outcome in self.outcomes}
        for record in self.records:
            outcome = by_id.get(record.now.outcome_id or "")
            if record.kind is RecordKind.WISH_NOT_FOLLOWED:
                if record.chose("ground", "none_named"):
                    yield self._recorded("not_followed", record, State.MISSING, (), outcome=outcome)
                if record.chose("told", "not_yet"):
                    day = record.day("look_again_on")
                    yield self._recorded("not_followed", record, State.DUE, (), outcome=outcome, day=day)
            elif record.kind is RecordKind.NEGOTIATION and record.chose("result", "not_agreed"):
                day = record.day("again_on")
                yield self._recorded("talk_again", record, State.DUE, (), outcome=outcome, day=day)

    def _achieved(self) -> Item:
        for voice in Voice:
            found = proposed_in(voice, self.outcomes, self.told)
            if found is not None:
                at = [
                    verdict.said_at
                    for outcome in self.outcomes
                    for verdict in outcome.verdicts
                    if verdict.voice is voice
                ]
                return Item(
                    name="achieved",
                    state=State.THERE,
                    source=Source.PERSON if voice is Voice.PERSON else Source.ADVOCATE,
                    at=max(at, default=None),
                    national=(ACHIEVED[found.achieved],),
                )
        return Item(name="achieved", state=State.MISSING)

    # --- pieces ---

    def _newest(self, kind: RecordKind) -> Record | None:
        return max((one for one in self.records if one.kind is kind), key=lambda one: one.now.number, default=None)

    def _recorded(
        self,
        name: str,
        record: Record,
        state: State,
        fields: Sequence[str],
        *,
        outcome: EnquiryOutcome | None = None,
        day: date | None = None,
    ) -> Item:
        chosen = [(field, value) for field in fields for value in record.now.choices.get(field, ())]
        national = (self._national(record.kind, field, value) for field, value in chosen)
        return Item(
            name=name,
            state=state,
            source=Source.RECORD,
            at=record.now.at,
            says=tuple(label for field, value in chosen for label in self._labels(record.kind, field, [value])),
            national=tuple(one for one in national if one),
            day=day,
            outcome=outcome,
            record=record,
            fills=record.kind,
        )

    def _labels(self, kind: RecordKind, field: str, values: Sequence[str]) -> tuple[str, ...]:
        found = (self.blanks.kinds[kind].field(field).choice(value) for value in dict.fromkeys(values))
        return tuple(one.label for one in found if one is not None)

    def _national(self, kind: RecordKind, field: str, value: str) -> str:
        found = self.blanks.kinds[kind].field(field).choice(value)
        return "" if found is None else found.national

    def _verdict_label(self, verdict: Verdict) -> tuple[str, ...]:
        for one in self.told:
            if one.conversation.conversation_id == verdict.conversation_id:
                answer = one.standing.answer(verdict.turn)
                return chosen(answer) if answer is not None else ()
        return ()


@dataclass(frozen=True, slots=True)
class AskedLast:
    """What stands last of whether somebody was asked what they want."""

    value: str
    """As the record of having been asked has it."""
    at: datetime
    speaker: Speaker = Speaker.PRACTITIONER
    record: Record | None = None
    """The record that says so; None where a conversation does."""


def asked_last(told: Sequence[Told], outcomes: Sequence[EnquiryOutcome], records: Sequence[Record]) -> AskedLast | None:
    """Give what was said or recorded last of having been asked. `told` leaves out what was taken back as a whole."""
    asked = [one for one in records if one.kind is RecordKind.ASKED]
    record = max(asked, key=lambda one: one.now.number, default=None)
    said = _said_when_asked(told, outcomes)
    if record is None or (said is not None and said.at > record.now.at):
        return said
    return AskedLast(next(iter(record.now.choices.get("state", ())), ""), record.now.at, record=record)


def _said_when_asked(told: Sequence[Told], outcomes: Sequence[EnquiryOutcome]) -> AskedLast | None:
    """Give what conversations themselves say of having been asked, and when that was."""
    wordings = [wording for outcome in outcomes for wording in outcome.wordings]
    if wordings:
        last = max(wordings, key=lambda wording: wording.said_at)
        return AskedLast("asked_expressed", last.said_at, last.speaker)
    skipped = [
        answer.current
        for one in told
        for answer in one.standing.answers
        if answer.question.asked in OUTCOME_QUESTIONS
        and answer.number in one.standing.path
        and answer.current.kind is Kind.SKIP
        and answer.current.choice[0] in _SKIPPED
    ]
    if not skipped:
        return None
    latest = max(skipped, key=lambda turn: turn.said_at)
    return AskedLast(_SKIPPED[latest.choice[0]], latest.said_at, latest.speaker)


def last_verdict(outcome: EnquiryOutcome) -> Verdict | None:
    """Give what was said last of whether it happened, in the voice that wanted it; None where they did not say."""
    said = [
        one
        for one in outcome.reviewed
        if one.voice is outcome.voice and (one in outcome.verdicts or one.value == HAS_HAPPENED)
    ]
    return said[-1] if said and said[-1].value in {ALL, SOME, NONE, "not_sure", HAS_HAPPENED} else None


def chosen(answer: Answer) -> tuple[str, ...]:
    """Give what was chosen, as it was called on the page."""
    if answer.current.kind is not Kind.CHOICE:
        return ()
    labels = {one.id: one.label for one in Asking.from_json(answer.question.asking).choices}
    return tuple(labels.get(one) or one for one in answer.current.choice)
