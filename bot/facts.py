"""What an enquiry counts as: in which cell of each measure, worked out from all that was said and recorded in it.

Nothing here does I/O, and no word stays: ids, days and numbers only. `figures.py` says what each measure means.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bot.checklist import asked_last, last_verdict
from bot.conversation import Answer, Kind
from bot.enquiry import HAS_HAPPENED, EnquiryOutcome, Status, Told, Voice, enquiry_outcomes, voice_of
from bot.figures import BY_STATE, EXPERIENCES, GROUPS, MEASURES, NOT_RECORDED, By, Spoken, experience_id
from bot.nudges import OUTCOME_QUESTIONS
from bot.records import Kept, Record, RecordKind
from bot.review import ALL, NONE, SOME, proposed, proposed_in

Counted = Mapping[tuple[str, Spoken], Mapping[str, int]]
"""By measure and voice: how often an enquiry counts in which cells. One that is not named here is not in the base."""


class EnquiryKind(StrEnum):
    """What kind of enquiry it is."""

    SECTION_42 = "section_42"
    OTHER = "other"


class Lacking(StrEnum):
    """What is missing of an enquiry so that it can be counted everywhere."""

    UNREADABLE = "unreadable"
    KIND = "kind"
    ACHIEVED = "achieved"
    RISK_ASSESSMENT = "risk_assessment"
    RISK = "risk"
    ASKED = "asked"
    CAPACITY = "capacity"
    AGE_BAND = "age_band"


class Doubt(StrEnum):
    """What in an enquiry does not go together."""

    LACKED_AND_NOBODY_NEEDED = "lacked_and_nobody_needed"
    SAID_BUT_NOT_ASKED = "said_but_not_asked"
    EXPRESSED_NOWHERE = "expressed_nowhere"
    NO_VERDICT = "no_verdict"
    BEST_INTERESTS_WITHOUT_CAPACITY = "best_interests_without_capacity"
    CONCERN_TOO_LATE = "concern_too_late"
    RISK_NOT_SAID = "risk_not_said"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One enquiry as it is counted."""

    enquiry_id: str
    team_id: str | None
    opened_on: date
    closed_on: date | None
    kind: EnquiryKind | None
    """None where nobody recorded it: then it is in no national table."""
    groups: Mapping[By, str]
    """In which group of a breakdown it is. One that is not named was not recorded."""
    counted: Counted
    lacking: frozenset[Lacking]
    doubts: frozenset[Doubt]
    wanted: Mapping[Spoken, tuple[date, ...]]
    """Of one that is open, by voice: on which days things were first said that are wanted and have not happened yet."""

    def group(self, by: By) -> str:
        """In which group of a breakdown it is."""
        return self.groups.get(by, NOT_RECORDED)


def facts_of(
    *,
    enquiry_id: str,
    team_id: str | None,
    opened_on: date,
    closed_on: date | None,
    told: Sequence[Told],
    records: Sequence[Record],
    themes: Sequence[Kept],
) -> Facts:
    """Work out what an enquiry counts as.

    `told`: its conversations in the order they began. `records`: those that stand. `themes`: each time that themes were
    put to an outcome, in order.
    """
    return _Working(enquiry_id, team_id, opened_on, closed_on, told, records, themes).facts()


def unreadable(enquiry_id: str, team_id: str | None, opened_on: date, closed_on: date | None) -> Facts:
    """Give the facts of an enquiry of which something is damaged: it is in no figure, and is named."""
    return Facts(
        enquiry_id=enquiry_id,
        team_id=team_id,
        opened_on=opened_on,
        closed_on=closed_on,
        kind=None,
        groups={},
        counted={},
        lacking=frozenset({Lacking.UNREADABLE}),
        doubts=frozenset(),
        wanted={},
    )


_SPOKEN = {Voice.PERSON: Spoken.PERSON, Voice.ADVOCATE: Spoken.REPRESENTATIVE}
_SUPPORT = frozenset({"advocate", "family", "friend"})
_IDENTIFIED = frozenset({"identified_action", "identified_no_action"})
_GROUPED = {
    By.AGE_BAND: "age_band",
    By.SEX: "sex",
    By.ETHNICITY: "ethnicity",
    By.SUPPORT_REASON: "support_reason",
}
_WAITS = ((1, "same_day"), (7, "week"), (14, "fortnight"), (28, "four_weeks"))
_HAPPENED = {ALL: ALL, HAS_HAPPENED: ALL, SOME: SOME, NONE: NONE, "not_sure": "not_sure"}


class _Working:
    """One enquiry being worked out."""

    def __init__(
        self,
        enquiry_id: str,
        team_id: str | None,
        opened_on: date,
        closed_on: date | None,
        told: Sequence[Told],
        records: Sequence[Record],
        themes: Sequence[Kept],
    ) -> None:
        self.enquiry_id = enquiry_id
        self.team_id = team_id
        self.opened_on = opened_on
        self.closed_on = closed_on
        self.told = [one for one in told if not one.standing.is_everything_taken_back]
        self.records = records
        self.put = {one.outcome_id: one for one in themes if one.outcome_id is not None}
        self.outcomes = enquiry_outcomes(told)
        self.wanted = [one for one in self.outcomes if one.status is not Status.NO_LONGER]
        about = self.newest(RecordKind.ABOUT)
        self.about = about
        kind = None if about is None else _one(about.now, "kind")
        self.kind = None if kind is None else EnquiryKind(kind)
        self.asked = asked_last(self.told, self.outcomes, records)
        self.state = self.asked.value if self.asked is not None and self.asked.value in BY_STATE else NOT_RECORDED
        self.counted: dict[tuple[str, Spoken], dict[str, int]] = {}

    def facts(self) -> Facts:
        if self.kind is EnquiryKind.SECTION_42:
            self.national()
        self.asking()
        self.achieving()
        self.not_following()
        self.advocacy()
        for voice in Voice:
            self.in_voice(voice)
        return Facts(
            enquiry_id=self.enquiry_id,
            team_id=self.team_id,
            opened_on=self.opened_on,
            closed_on=self.closed_on,
            kind=self.kind,
            groups=dict(self.groups()),
            counted=self.counted,
            lacking=frozenset(self.lacking()),
            doubts=frozenset(self.doubts()),
            wanted={} if self.closed_on is not None else dict(self.still_wanted()),
        )

    def counts(self, measure: str, cells: str | Collection[str], spoken: Spoken = Spoken.ALL) -> None:
        """Count it in these cells. A cell that there is not would be lost in silence: there is none here."""
        named = (cells,) if isinstance(cells, str) else cells
        known = {cell.id for cell in MEASURES[measure].cells}
        self.counted[measure, spoken] = {cell: 1 for cell in named if cell in known}

    # --- the national tables ---

    def national(self) -> None:
        self.counts("asked", BY_STATE[self.state])
        self.counts("state", self.state)
        if self.state == "asked_expressed" and (decided := self.decided()) is not None:
            achieved, by = decided
            self.counts("achieved", achieved)
            self.counts("decided_by", by)
        capacity = self.capacity()
        self.counts("capacity", capacity)
        if capacity == "lacked":
            self.counts("supported", ["supported"] if self.is_supported() else [])
        assessment, outcome = self.risk()
        if assessment is not None:
            self.counts("risk_assessment", assessment)
        if outcome is not None:
            self.counts("risk", outcome)

    def decided(self) -> tuple[str, str] | None:
        for voice in Voice:
            found = proposed_in(voice, self.outcomes, self.told)
            if found is not None:
                own = "person_overall" if found.from_person else "person_each"
                return found.achieved.value, own if voice is Voice.PERSON else "representative"
        return None

    def capacity(self) -> str:
        said = {value for one in self.of(RecordKind.CAPACITY) for value in one.now.choices.get("result", ())}
        return next((one for one in ("lacked", "did_not_lack", "not_known") if one in said), NOT_RECORDED)

    def is_supported(self) -> bool:
        return any(
            one.chose("result", "lacked") and one.chose("supported_by", *_SUPPORT)
            for one in self.of(RecordKind.CAPACITY)
        )

    def risk(self) -> tuple[str | None, str | None]:
        record = self.newest(RecordKind.RISK)
        if record is None:
            return None, None
        assessment = _one(record.now, "assessment")
        return assessment, _one(record.now, "outcome") if assessment in _IDENTIFIED else None

    # --- our own ---

    def asking(self) -> None:
        if BY_STATE[self.state] in {"asked_expressed", "asked_no_outcomes"} and (whom := self.whom()):
            self.counts("whom", "both" if len(whom) > 1 else next(iter(whom)))
        if self.asked is not None and BY_STATE[self.state] == "no":
            reason = None if self.asked.record is None else _one(self.asked.record.now, "reason")
            self.counts("why_not_asked", reason or NOT_RECORDED)

    def whom(self) -> set[str]:
        found = {_SPOKEN[wording.voice].value for outcome in self.outcomes for wording in outcome.wordings}
        found |= {
            _SPOKEN[voice_of(one.conversation.speaker)].value
            for one in self.told
            for answer in one.standing.answers
            if answer.question.asked in OUTCOME_QUESTIONS
            and answer.number in one.standing.path
            and answer.current.kind is Kind.SKIP
        }
        record = self.newest(RecordKind.ASKED)
        recorded = None if record is None else _one(record.now, "whom")
        return found | ({"person", "representative"} if recorded == "both" else {recorded} if recorded else set())

    def achieving(self) -> None:
        for voice, spoken in _SPOKEN.items():
            found = proposed_in(voice, self.outcomes, self.told)
            if found is not None:
                self.counts("achieved_said", found.achieved.value, spoken)
        views = [self.own_view(one) for one in self.wanted]
        view = proposed(views, None)
        if view is not None:
            self.counts("own_overall", view.achieved.value)

    def own_view(self, outcome: EnquiryOutcome) -> str | None:
        recorded = [one for one in self.of(RecordKind.VERDICT) if one.now.outcome_id == outcome.outcome_id]
        newest = max(recorded, key=lambda one: one.now.number, default=None)
        said = outcome.own_verdicts[-1] if outcome.own_verdicts else None
        if newest is not None and (said is None or newest.now.at >= said.said_at):
            return _one(newest.now, "happened")
        return None if said is None else said.value

    def not_following(self) -> None:
        records = self.of(RecordKind.WISH_NOT_FOLLOWED)
        self.counts("not_followed", {value for one in records for value in one.now.choices.get("nature", ())})
        against = [one for one in records if one.chose("nature", "acted_against")]
        if against:
            grounds = {value for one in against for value in one.now.choices.get("ground", ())}
            self.counts("not_followed_grounds", grounds)
        if records:
            self.counts("not_followed_told", "told" if all(one.chose("told", "told") for one in records) else "not_yet")

    def advocacy(self) -> None:
        record = self.newest(RecordKind.ADVOCACY)
        way = None if record is None else _one(record.now, "way")
        self.counts("advocacy", way or NOT_RECORDED)
        if record is not None and way == "advocate":
            days = {"offered": "offered_on", "referred": "referred_on", "arrived": "arrived_on"}
            self.counts("advocates", [cell for cell, field in days.items() if record.day(field) is not None])

    def in_voice(self, voice: Voice) -> None:
        spoken = _SPOKEN[voice]
        outcomes = [one for one in self.outcomes if one.voice is voice]
        if outcomes:
            self.counts("changed", set(self.changes(outcomes)), spoken)
            self.how_far(outcomes, spoken)
            put = [self.put[one.outcome_id] for one in outcomes if one.outcome_id in self.put]
            if put:
                own = {"own" for one in put if one.words.get("own")}
                self.counts("themes", {name for one in put for name in one.choices.get("themes", ())} | own, spoken)
        days = self.days_to(voice)
        if days is not None and days >= 0:
            self.counts("wait", next((cell for most, cell in _WAITS if days <= most), "longer"), spoken)
        for question, measure in _QUESTIONS.items():
            answer = self.answered(voice, question)
            if answer is not None:
                chosen = answer.current.choice[0] if answer.current.kind is Kind.CHOICE else "no_answer"
                self.counts(measure, chosen, spoken)

    def changes(self, outcomes: Sequence[EnquiryOutcome]) -> Iterator[str]:
        first = next(
            one.conversation.conversation_id
            for one in self.told
            if any(outcome.conversation_id == one.conversation.conversation_id for outcome in outcomes)
        )
        agreed = {one.now.outcome_id for one in self.of(RecordKind.NEGOTIATION) if one.chose("result", "agreed")}
        for outcome in outcomes:
            if any(
                wording.conversation_id != outcome.conversation_id and not wording.is_addition
                for wording in outcome.wordings
                if wording.voice is outcome.voice
            ):
                yield "said_differently"
            if outcome.status is Status.NO_LONGER:
                yield "no_longer"
            if outcome.conversation_id != first:
                yield "something_new"
            if outcome.outcome_id in agreed:
                yield "negotiated"

    def how_far(self, outcomes: Sequence[EnquiryOutcome], spoken: Spoken) -> None:
        found: dict[str, int] = {}
        for outcome in outcomes:
            if outcome.status is not Status.NO_LONGER:
                said = last_verdict(outcome)
                cell = "not_said" if said is None else _HAPPENED[said.value]
                found[cell] = found.get(cell, 0) + 1
        if found:
            self.counted["outcomes", spoken] = found

    def days_to(self, voice: Voice | None = None) -> int | None:
        """Give the days from the concern to the first conversation, in one voice or in any."""
        concern = None if self.about is None else self.about.day("concern_on")
        said = [
            one.standing.answers[0].said.first.said_at.date()
            for one in self.told
            if one.standing.answers and voice in {None, voice_of(one.conversation.speaker)}
        ]
        return None if concern is None or not said else (min(said) - concern).days

    def answered(self, voice: Voice, question: str) -> Answer | None:
        """Find the latest answer to a question in a voice: something chosen, or the question skipped."""
        said = [
            answer
            for one in self.told
            if voice_of(one.conversation.speaker) is voice
            for answer in one.standing.answers
            if answer.question.asked == question
            and answer.number in one.standing.path
            and answer.current.kind in {Kind.CHOICE, Kind.SKIP}
        ]
        return max(said, key=lambda answer: answer.current.said_at, default=None)

    def still_wanted(self) -> Iterator[tuple[Spoken, tuple[date, ...]]]:
        """Give the days on which things were first said that are wanted, and have not happened as they say."""
        for voice, spoken in _SPOKEN.items():
            said = [one for one in self.outcomes if one.voice is voice and one.status is Status.SAID]
            if said:
                yield spoken, tuple(sorted(one.wordings[0].said_at.date() for one in said))

    # --- what is missing, and what does not go together ---

    def groups(self) -> Iterator[tuple[By, str]]:
        for by, field in _GROUPED.items():
            chosen = None if self.about is None else _one(self.about.now, field)
            if chosen in {cell.id for cell in GROUPS[by]}:
                yield by, str(chosen)

    def lacking(self) -> Iterator[Lacking]:
        if self.kind is EnquiryKind.OTHER:
            return
        assessment, outcome = self.risk()
        if self.kind is None:
            yield Lacking.KIND
        if self.state == NOT_RECORDED:
            yield Lacking.ASKED
        if self.state == "asked_expressed" and self.decided() is None:
            yield Lacking.ACHIEVED
        if self.capacity() == NOT_RECORDED:
            yield Lacking.CAPACITY
        if assessment is None:
            yield Lacking.RISK_ASSESSMENT
        if assessment in _IDENTIFIED and outcome is None:
            yield Lacking.RISK
        if self.about is None or _one(self.about.now, "age_band") is None:
            yield Lacking.AGE_BAND

    def doubts(self) -> Iterator[Doubt]:
        capacity = self.capacity()
        advocacy = self.newest(RecordKind.ADVOCACY)
        assessment, outcome = self.risk()
        if capacity == "lacked" and advocacy is not None and advocacy.chose("way", "nobody_needed"):
            yield Doubt.LACKED_AND_NOBODY_NEEDED
        if self.outcomes and self.state not in {"asked_expressed", NOT_RECORDED}:
            yield Doubt.SAID_BUT_NOT_ASKED
        if self.state == "asked_expressed" and not self.outcomes:
            yield Doubt.EXPRESSED_NOWHERE
        if self.closed_on is not None and self.wanted and self.decided() is None:
            yield Doubt.NO_VERDICT
        if capacity != "lacked" and self.rests_on_lacking(advocacy):
            yield Doubt.BEST_INTERESTS_WITHOUT_CAPACITY
        days = self.days_to()
        if days is not None and days < 0:
            yield Doubt.CONCERN_TOO_LATE
        if self.closed_on is not None and assessment in _IDENTIFIED and outcome is None:
            yield Doubt.RISK_NOT_SAID

    def rests_on_lacking(self, advocacy: Record | None) -> bool:
        """Say whether something was done because the person lacks capacity for it."""
        return any(one.chose("ground", "best_interests") for one in self.of(RecordKind.WISH_NOT_FOLLOWED)) or (
            advocacy is not None and advocacy.chose("agreed", "best_interests")
        )

    # --- pieces ---

    def of(self, kind: RecordKind) -> list[Record]:
        return [one for one in self.records if one.kind is kind]

    def newest(self, kind: RecordKind) -> Record | None:
        return max(self.of(kind), key=lambda one: one.now.number, default=None)


_QUESTIONS: Mapping[str, str] = {
    "involvement": "part_wanted",
    "safer_than_before": "safer_at_closing",
    **{question: experience_id(question) for question in EXPERIENCES},
}


def _one(kept: Kept, field: str) -> str | None:
    return next(iter(kept.choices.get(field, ())), None)


# --- as they are kept ------------------------------------------------------------------------------------------------


class Held(StrEnum):
    """How a column says in which cells an enquiry counts. A column that holds nothing: it is not in the base."""

    ONE = "one"
    """The place of the one cell."""
    SEVERAL = "several"
    """A number of which each bit stands for the cell at that place."""
    NUMBER = "number"
    """How often it counts in the cell of this column."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of what is kept of an enquiry: a measure, in one voice, and of some measures one cell."""

    name: str
    measure: str
    spoken: Spoken
    held: Held
    cell: str = ""


def columns_of(measure: str, spoken: Spoken) -> tuple[Column, ...]:
    """Give the columns of a measure in one voice."""
    named = measure if spoken is Spoken.ALL else f"{measure}_{spoken}"
    found = MEASURES[measure]
    if found.counts != "enquiries":
        return tuple(Column(f"{named}_{cell.id}", measure, spoken, Held.NUMBER, cell.id) for cell in found.cells)
    return (Column(named, measure, spoken, Held.ONE if found.is_exclusive else Held.SEVERAL),)


COLUMNS: tuple[Column, ...] = tuple(
    column
    for measure in MEASURES.values()
    for spoken in ((Spoken.PERSON, Spoken.REPRESENTATIVE) if measure.is_spoken else (Spoken.ALL,))
    for column in columns_of(measure.id, spoken)
)
"""Each column that says what an enquiry counts as. Cells are kept by their places, so new ones come last."""

PLACES: Mapping[str, Mapping[str, int]] = {
    measure.id: {cell.id: place for place, cell in enumerate(measure.cells)} for measure in MEASURES.values()
}


def held(facts: Facts) -> Mapping[str, int | None]:
    """Give what each of `COLUMNS` holds of an enquiry."""
    return {column.name: _held(column, facts.counted.get((column.measure, column.spoken))) for column in COLUMNS}


def counted_in(values: Mapping[str, int | None]) -> Counted:
    """Read what `held` gave."""
    found: dict[tuple[str, Spoken], Mapping[str, int]] = {}
    for column in COLUMNS:
        value = values[column.name]
        if value is None:
            continue
        of_it = dict(found.get((column.measure, column.spoken), {}))
        match column.held:
            case Held.NUMBER:
                of_it |= {column.cell: value} if value else {}
            case Held.ONE:
                of_it[MEASURES[column.measure].cells[value].id] = 1
            case Held.SEVERAL:
                of_it |= {cell: 1 for cell, place in PLACES[column.measure].items() if value >> place & 1}
        found[column.measure, column.spoken] = of_it
    return found


def _held(column: Column, cells: Mapping[str, int] | None) -> int | None:
    if cells is None:
        return None
    places = PLACES[column.measure]
    match column.held:
        case Held.NUMBER:
            return cells.get(column.cell, 0)
        case Held.ONE:
            return next((places[cell] for cell in cells), None)
        case Held.SEVERAL:
            return sum(1 << places[cell] for cell in cells)
