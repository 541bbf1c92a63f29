"""Figures against a slow count that knows only what was put in, in the national layout, and who may see them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot import reporting
from bot.conversation import Kind, Speaker, Stage
from bot.enquiry import outcome_id
from bot.figures import ALL, BASE, EXPERIENCES, GROUNDS, GROUPS, LINKS, MEASURES, THEMES, By, Period, Spoken, Table
from bot.project import load_interview, load_records, load_themes
from bot.records import RecordKind
from bot.reporting import Asked
from bot.roles import Act, Actor, NotAllowed, Role
from bot.store import EntryKind, Store, Transaction
from bot.store.verifying import verify

YEAR = Period.of_year(2025)
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
OUTCOMES = {"all_of_it": "fully", "some_of_it": "partly", "no": "not"}
STATES = ("asked_expressed", "asked_none_yet", "declined", "could_not_today", "not_asked", "not_known")
CELL_OF = {
    "asked_expressed": "asked_expressed",
    "asked_none_yet": "asked_no_outcomes",
    "declined": "asked_no_outcomes",
    "could_not_today": "no",
    "not_asked": "no",
    "not_known": "not_known",
    "": "not_recorded",
}


@dataclass
class Put:
    """What was put into the store of one enquiry."""

    team: int
    closed_on: date | None
    about: dict[str, str] = field(default_factory=dict)
    wanted: dict[Speaker, list[str]] = field(default_factory=dict)
    """By who spoke: for each thing wanted, what was said of it at the closing review; empty for nothing."""
    overall: dict[Speaker, str] = field(default_factory=dict)
    state: str = ""
    reason: str = ""
    capacity: list[tuple[str, str]] = field(default_factory=list)
    risk: tuple[str, str] = ("", "")
    way: str = ""
    natures: list[tuple[str, str]] = field(default_factory=list)
    felt: dict[Speaker, str] = field(default_factory=dict)
    themes: str = ""
    enquiry_id: str = ""


def drawn(draw: random.Random) -> Put:
    """Draw an enquiry."""
    day = date(2025, 2, 1) + timedelta(days=draw.randrange(450))
    put = Put(team=draw.randrange(4), closed_on=draw.choice((day, day, day, None)))
    if draw.random() < 0.85:
        put.about["kind"] = draw.choice(("section_42", "section_42", "section_42", "other"))
        for by, name in ((By.AGE_BAND, "age_band"), (By.SEX, "sex"), (By.ETHNICITY, "ethnicity")):
            if draw.random() < 0.8:
                put.about[name] = draw.choice(GROUPS[by][:-1]).id
    for speaker in (Speaker.PERSON, Speaker.ADVOCATE):
        if draw.random() < 0.5:
            put.wanted[speaker] = [draw.choice(("", *OUTCOMES, "not_sure")) for _ in range(draw.randint(1, 3))]
        if draw.random() < 0.3:
            put.overall[speaker] = draw.choice((*OUTCOMES, "not_sure"))
        if draw.random() < 0.4:
            put.felt[speaker] = draw.choice(("yes_a_lot", "a_bit", "no", "not_sure", "no_answer"))
    put.state = draw.choice(("", *STATES, "asked_expressed"))
    put.reason = draw.choice(("", "died", "not_safe"))
    put.capacity = [
        (draw.choice(("lacked", "did_not_lack", "not_known")), draw.choice(("advocate", "nobody", "")))
        for _ in range(draw.choice((0, 1, 1, 2)))
    ]
    put.risk = draw.choice(
        (("", ""), ("identified_action", "reduced"), ("identified_no_action", ""), ("ceased", ""), ("none_action", ""))
    )
    put.way = draw.choice(("", "advocate", "appropriate", "nobody_needed"))
    put.natures = [draw.choice((("acted_against", "crime"), ("cannot_be_done", ""))) for _ in range(draw.randrange(3))]
    put.themes = draw.choice(("", "safer", "justice"))
    return put


class Filling:
    """Puts enquiries into a store."""

    def __init__(self, kept: Transaction, account_id: str, teams: Sequence[str]) -> None:
        self.kept = kept
        self.account_id = account_id
        self.teams = teams

    def puts(self, put: Put) -> None:
        """Put one in."""
        begun = datetime(2025, 1, 6, 9, tzinfo=UTC)
        put.enquiry_id = self.kept.enquiries.open(begun)
        if put.team < len(self.teams):
            self.kept.allocations.give_team(put.enquiry_id, self.teams[put.team], None, begun)
        first = ""
        for speaker, verdicts in put.wanted.items():
            outcomes = self.wants(put, speaker, len(verdicts), begun)
            first = first or outcomes[0]
            self.closes(put, speaker, list(zip(outcomes, verdicts, strict=True)), begun + timedelta(days=9))
        for speaker in put.overall.keys() - put.wanted.keys():
            self.closes(put, speaker, [], begun + timedelta(days=9))
        for speaker, felt in put.felt.items():
            conversation_id = self.begins(put, Stage.EXPERIENCE, speaker, begun + timedelta(days=20))
            self.says(conversation_id, speaker, "feel_safer", felt, begun + timedelta(days=20))
        self.records(put, begun + timedelta(days=10))
        if put.themes and first:
            self.kept.entries.add(
                kind=EntryKind.THEME,
                what="themes",
                account_id=self.account_id,
                now=begun,
                enquiry_id=put.enquiry_id,
                outcome_id=first,
                choices={"themes": (put.themes,)},
            )
        if put.closed_on is not None:
            self.kept.enquiries.close(put.enquiry_id, datetime.combine(put.closed_on, datetime.min.time(), UTC))

    def begins(self, put: Put, stage: Stage, speaker: Speaker, at: datetime) -> str:
        return self.kept.conversations.begin(
            stage=stage, speaker=speaker, begun_at=at, interview_version="1", enquiry_id=put.enquiry_id
        )

    def says(self, conversation_id: str, speaker: Speaker, asked: str, said: str, at: datetime) -> int:
        """Ask, and answer. Returns the number of the answer."""
        kept = self.kept.conversations
        question = kept.add(conversation_id, speaker=Speaker.BOT, kind=Kind.QUESTION, said_at=at, asked=asked)
        kind = Kind.SKIP if said == "no_answer" else Kind.CHOICE
        words, choice = ("I want my key back", ()) if asked == "outcome" else ("", (said,))
        if kind is Kind.SKIP:
            choice = ("do_not_know",)
        kind = Kind.WORDS if words else kind
        turn = kept.add(
            conversation_id,
            speaker=speaker,
            kind=kind,
            said_at=at,
            asked=asked,
            answers=question.number,
            words=words,
            choice=choice,
        )
        return turn.number

    def wants(self, put: Put, speaker: Speaker, number: int, at: datetime) -> list[str]:
        conversation_id = self.begins(put, Stage.FIRST, speaker, at)
        found = []
        for _ in range(number):
            turn = self.says(conversation_id, speaker, "outcome", "", at)
            self.kept.outcomes.desire(conversation_id, turn, at)
            found.append(outcome_id(conversation_id, turn))
        return found

    def closes(self, put: Put, speaker: Speaker, verdicts: list[tuple[str, str]], at: datetime) -> None:
        conversation_id = self.begins(put, Stage.CLOSING, speaker, at)
        for named, verdict in verdicts:
            if verdict:
                said = self.says(conversation_id, speaker, "happened", verdict, at)
                self.kept.reviews.keep(conversation_id, named, at, said_turn=said)
        if speaker in put.overall:
            self.says(conversation_id, speaker, "overall", put.overall[speaker], at)

    def records(self, put: Put, at: datetime) -> None:
        if put.about:
            self.record(put, RecordKind.ABOUT, at, put.about)
        if put.state:
            why = {"reason": put.reason} if put.reason and put.state in {"could_not_today", "not_asked"} else {}
            whom = {"whom": "person"} if put.state in {"asked_expressed", "asked_none_yet", "declined"} else {}
            self.record(put, RecordKind.ASKED, at, {"state": put.state, **why, **whom})
        for result, support in put.capacity:
            given = {"supported_by": support} if support and result == "lacked" else {}
            self.record(put, RecordKind.CAPACITY, at, {"result": result, **given})
        if put.risk[0]:
            outcome = {"outcome": put.risk[1]} if put.risk[1] else {}
            self.record(put, RecordKind.RISK, at, {"assessment": put.risk[0], **outcome})
        if put.way:
            self.record(put, RecordKind.ADVOCACY, at, {"way": put.way})
        for nature, ground in put.natures:
            given = {"ground": ground} if ground else {}
            self.record(put, RecordKind.WISH_NOT_FOLLOWED, at, {"nature": nature, "told": "told", **given})

    def record(self, put: Put, kind: RecordKind, at: datetime, chosen: dict[str, str]) -> None:
        self.kept.entries.add(
            kind=EntryKind.RECORD,
            what=kind.value,
            account_id=self.account_id,
            now=at,
            enquiry_id=put.enquiry_id,
            choices={name: (value,) for name, value in chosen.items()},
        )


# --- the slow count --------------------------------------------------------------------------------------------------


def all_said(put: Put, speaker: Speaker) -> str:
    """What it comes to as one of them says it, by the rule as it is told to people."""
    if put.overall.get(speaker) in OUTCOMES:
        return OUTCOMES[put.overall[speaker]]
    said = put.wanted.get(speaker, [])
    if not {"all_of_it", "some_of_it", "no"} & set(said):
        return ""
    if set(said) == {"all_of_it"}:
        return "fully"
    return "partly" if {"all_of_it", "some_of_it"} & set(said) else "not"


def slow(put: Put, measure: str, spoken: Spoken) -> list[str] | None:  # noqa: PLR0912 a measure each
    """Name the cells of an enquiry; None where it is not in the base."""
    speaker = Speaker.PERSON if spoken is Spoken.PERSON else Speaker.ADVOCATE
    is_42 = put.about.get("kind") == "section_42"
    state = put.state or ("asked_expressed" if put.wanted else "")
    results = [result for result, _ in put.capacity]
    capacity = next((one for one in ("lacked", "did_not_lack", "not_known") if one in results), "not_recorded")
    persons, others = all_said(put, Speaker.PERSON), all_said(put, Speaker.ADVOCATE)
    match measure:
        case "asked":
            return [CELL_OF[state]] if is_42 else None
        case "state":
            return [state or "not_recorded"] if is_42 else None
        case "achieved":
            found = persons or others
            return [found] if is_42 and state == "asked_expressed" and found else None
        case "achieved_said":
            found = all_said(put, speaker)
            return [found] if found else None
        case "capacity":
            return [capacity] if is_42 else None
        case "supported":
            yes = ("lacked", "advocate") in put.capacity
            return (["supported"] if yes else []) if is_42 and capacity == "lacked" else None
        case "risk_assessment":
            return [put.risk[0]] if is_42 and put.risk[0] else None
        case "risk":
            return [put.risk[1]] if is_42 and put.risk[1] else None
        case "why_not_asked":
            return [put.reason or "not_recorded"] if state in {"could_not_today", "not_asked"} else None
        case "outcomes":
            return [one or "not_said" for one in put.wanted.get(speaker, [])] or None
        case "not_followed":
            return sorted({nature for nature, _ in put.natures})
        case "not_followed_grounds":
            against = [ground for nature, ground in put.natures if nature == "acted_against"]
            return sorted(set(against)) if against else None
        case "advocacy":
            return [put.way or "not_recorded"]
        case "safer":
            return [put.felt[speaker]] if speaker in put.felt else None
        case "themes":
            is_first = bool(put.wanted) and next(iter(put.wanted)) is speaker
            return [put.themes] if put.themes and is_first else None
    raise AssertionError(measure)


COUNTED_SLOWLY = (
    "asked",
    "state",
    "achieved",
    "achieved_said",
    "capacity",
    "supported",
    "risk_assessment",
    "risk",
    "why_not_asked",
    "outcomes",
    "not_followed",
    "not_followed_grounds",
    "advocacy",
    "safer",
    "themes",
)


def group_of(put: Put, by: By, teams: Sequence[str]) -> str:
    """Name the column of an enquiry."""
    assert put.closed_on is not None
    match by:
        case By.NOTHING:
            return ALL
        case By.QUARTER:
            first = 3 * ((put.closed_on.month - 1) // 3) + 1
            return f"{put.closed_on.year}-{first:02}"
        case By.TEAM:
            return teams[put.team] if put.team < len(teams) else teams[0]
        case _:
            return put.about.get(by.value, "not_recorded")


def agrees(table: Table, every: Sequence[Put], by: By, teams: Sequence[str]) -> None:
    """See that a table says what the slow count says, cell by cell."""
    among = [put for put in every if put.closed_on is not None and YEAR.first <= put.closed_on <= YEAR.last]
    for column in table.columns:
        here = [put for put in among if column.id == ALL or group_of(put, by, teams) == column.id]
        cells = [found for put in here if (found := slow(put, table.measure.id, table.spoken)) is not None]
        for cell in table.measure.cells:
            expected = sum(found.count(cell.id) for found in cells)
            assert table.counts[cell.id, column.id] == expected, (table.measure.id, table.spoken, cell.id, column.id)
        expected = sum(map(len, cells)) if table.measure.is_exclusive else len(cells)
        assert table.base[column.id] == expected, (table.measure.id, table.spoken, column.id)


@dataclass
class Council:
    """A store with teams and enquiries."""

    store: Store
    teams: list[str]
    every: list[Put]
    auditor: Actor
    account_id: str

    def puts(self, more: Sequence[Put]) -> None:
        with self.store.begin() as kept:
            filling = Filling(kept, self.account_id, self.teams)
            for put in more:
                filling.puts(put)
        self.every += more


@pytest.fixture
def council(store: Store) -> Council:
    with store.begin() as kept:
        teams = [kept.teams.add(name, NOW) for name in ("North", "South", "East")]
        kept.teams.set_duty(teams[0])
        account_id = kept.accounts.add(
            role=Role.AUDITOR, name="Ama Owusu", email="ama@example.org", team_ids=(), now=NOW
        )
    return Council(store, teams, [], Actor(account_id, Role.AUDITOR), account_id)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_figures_are_what_a_slow_count_of_what_was_put_in_gives(council: Council, seed: int) -> None:
    draw = random.Random(seed)
    council.puts([drawn(draw) for _ in range(40)])
    council.store.work_out_facts()
    # What has changed since the facts were worked out is counted all the same.
    council.puts([drawn(draw) for _ in range(12)])
    for by in (By.NOTHING, By.QUARTER, By.TEAM, By.AGE_BAND, By.SEX, By.ETHNICITY):
        asked = Asked(period=YEAR, measures=COUNTED_SLOWLY, by=by)
        for table in reporting.tables(council.store, council.auditor, asked, NOW):
            agrees(table, council.every, by, council.teams)
            if table.do_columns_add_up and by is not By.NOTHING:
                for cell in table.measure.cells:
                    parts = [table.counts[cell.id, one.id] or 0 for one in table.columns if one.id != ALL]
                    assert sum(parts) == table.counts[cell.id, ALL]
    assert verify(council.store) == []


def test_what_stands_behind_a_figure_is_as_many_enquiries_as_it_says(council: Council) -> None:
    draw = random.Random(4)
    council.puts([drawn(draw) for _ in range(30)])
    council.store.work_out_facts()
    asked = Asked(period=YEAR, measures=tuple(MEASURES))
    manager = Actor("a manager", Role.MANAGER, frozenset(council.teams[:1]))
    seen = 0
    for table in reporting.tables(council.store, council.auditor, asked, NOW):
        for cell in table.measure.cells:
            found = reporting.behind(council.store, council.auditor, asked, table.measure.id, cell.id, table.spoken)
            number = table.counts[cell.id, ALL] or 0
            named = set(found.enquiry_ids)
            assert len(named) == len(found.enquiry_ids) == found.number
            assert len(named) == number or (table.measure.counts != "enquiries" and len(named) <= number)
            seen += len(named)
            theirs = reporting.behind(council.store, manager, asked, table.measure.id, cell.id, table.spoken)
            own = {put.enquiry_id for put in council.every if put.team in {0, 3}}
            assert set(theirs.enquiry_ids) == named & own
            assert theirs.number == len(theirs.enquiry_ids)
    assert seen > 30


def test_links_between_figures_hold_whatever_is_counted(council: Council) -> None:
    draw = random.Random(5)
    council.puts([drawn(draw) for _ in range(40)])
    for by in (By.NOTHING, By.QUARTER):
        asked = Asked(period=YEAR, measures=tuple(MEASURES), by=by)
        tables = {
            table.measure.id: table
            for table in reporting.tables(council.store, council.auditor, asked, NOW)
            if table.spoken is Spoken.ALL
        }
        for link in LINKS:
            for column in tables["asked"].columns:
                whole, *parts = (
                    tables[measure].base[column.id] if cell == BASE else tables[measure].counts[cell, column.id]
                    for measure, cell in (link.whole, *link.parts)
                )
                together = sum(part or 0 for part in parts)
                if link.is_exact:
                    assert whole == together, link
                elif len(parts) > 1:
                    assert (whole or 0) <= together, link
                else:
                    assert together <= (whole or 0), link


def test_the_persons_own_word_for_the_whole_wins_over_what_they_said_of_each(council: Council) -> None:
    section = {"kind": "section_42"}
    council.puts(
        [
            Put(
                0,
                date(2025, 6, 1),
                section,
                wanted={Speaker.PERSON: ["no"], Speaker.ADVOCATE: ["no"]},
                overall={Speaker.PERSON: "all_of_it"},
            ),
            Put(0, date(2025, 6, 1), section, wanted={Speaker.PERSON: ["all_of_it", "no"]}),
            Put(0, date(2025, 6, 1), section, wanted={Speaker.PERSON: [""], Speaker.ADVOCATE: ["no"]}),
        ]
    )
    asked = Asked(period=YEAR, measures=("achieved", "decided_by"))
    achieved, decided = reporting.tables(council.store, council.auditor, asked, NOW)
    assert [achieved.counts[cell, ALL] for cell in ("fully", "partly", "not")] == [1, 1, 1]
    assert [cell.label for cell in achieved.measure.cells] == ["Fully Achieved", "Partially Achieved", "Not Achieved"]
    assert [decided.counts[cell.id, ALL] for cell in decided.measure.cells] == [1, 1, 1]


def test_what_cannot_be_counted_is_listed_with_what_is_missing(council: Council) -> None:
    council.puts(
        [
            Put(1, date(2025, 6, 1), {"kind": "section_42"}, state="asked_expressed", risk=("identified_action", "")),
            Put(1, date(2025, 6, 2)),
            Put(1, date(2025, 6, 3), {"kind": "section_42"}, capacity=[("lacked", "")], way="nobody_needed"),
        ]
    )
    asked = Asked(period=YEAR, measures=())
    for _ in range(2):
        listed = {one.enquiry_id: one for one in reporting.not_countable(council.store, council.auditor, asked)}
        first, second, third = (listed[put.enquiry_id] for put in council.every)
        assert {"achieved", "risk"} <= {one.value for one in first.lacking}
        assert "kind" in second.lacking
        assert "lacked_and_nobody_needed" in third.doubts
        said = {one.id: one.number for one in reporting.doubts(council.store, council.auditor, asked)}
        assert said["achieved_differs"] == 1
        assert said["risk_differs"] == 1
        assert said["kind"] == 1
        council.store.work_out_facts()


def test_capacity_answers_that_look_swapped_are_asked_about_before_they_leave_the_house(council: Council) -> None:
    section = {"kind": "section_42"}
    answers = ["lacked"] * 9 + ["did_not_lack"] * 2
    council.puts([Put(2, date(2025, 7, 1), section, capacity=[(answer, "advocate")]) for answer in answers])
    asked = Asked(period=YEAR, measures=())
    said = {one.id: one.say for one in reporting.doubts(council.store, council.auditor, asked)}
    assert "swapped" in said["capacity_swapped:all"]
    assert "in East" in said[f"capacity_swapped:{council.teams[2]}"]


def test_a_period_in_which_nothing_was_closed_says_so(council: Council) -> None:
    asked = Asked(period=Period.of_year(1999), measures=("asked",))
    (table,) = reporting.tables(council.store, council.auditor, asked, NOW)
    assert table.base == {ALL: 0}
    assert "nothing_closed" in {one.id for one in reporting.doubts(council.store, council.auditor, asked)}


def test_exact_figures_are_for_those_who_answer_for_them(council: Council) -> None:
    asked = Asked(period=YEAR, measures=("asked",))
    manager = Actor("a manager", Role.MANAGER, frozenset(council.teams[:1]))
    board = Actor("a member", Role.BOARD_MEMBER)
    reporting.tables(council.store, manager, asked, NOW)
    reporting.tables(council.store, manager, replace(asked, team_id=council.teams[0]), NOW)
    with pytest.raises(NotAllowed):
        reporting.tables(council.store, manager, replace(asked, team_id=council.teams[1]), NOW)
    with pytest.raises(NotAllowed):
        reporting.tables(council.store, board, asked, NOW)
    reporting.tables(council.store, board, replace(asked, act=Act.SEE_PACK), NOW)
    (by_team,) = reporting.tables(council.store, manager, replace(asked, by=By.TEAM), NOW)
    assert [column.id for column in by_team.columns] == [council.teams[0], ALL]
    assert not by_team.do_columns_add_up


# --- labels and periods ----------------------------------------------------------------------------------------------


def test_national_labels_are_those_that_records_and_checklists_use() -> None:
    kinds = load_records().kinds
    asked = kinds[RecordKind.ASKED].field("state").choices
    assert {one.national for one in asked} | {"Not Recorded"} == {one.label for one in MEASURES["asked"].cells}
    for measure, kind, name in (
        ("capacity", RecordKind.CAPACITY, "result"),
        ("risk_assessment", RecordKind.RISK, "assessment"),
        ("risk", RecordKind.RISK, "outcome"),
    ):
        offered = [(one.id, one.national) for one in kinds[kind].field(name).choices]
        cells = [(one.id, one.label) for one in MEASURES[measure].cells]
        assert [one for one in cells if one[0] != "not_recorded"] == offered
    about = kinds[RecordKind.ABOUT]
    for by, groups in GROUPS.items():
        offered = [(one.id, one.national) for one in about.field(by.value).choices]
        assert [(one.id, one.label) for one in groups[:-1]] == offered


def test_what_is_counted_is_what_is_offered() -> None:
    kinds = load_records().kinds
    assert {one.id: one.label for one in THEMES} == load_themes().labels
    grounds = kinds[RecordKind.WISH_NOT_FOLLOWED].field("ground").choices
    assert [one.id for one in GROUNDS] == [one.id for one in grounds]
    reasons = kinds[RecordKind.ASKED].field("reason").choices
    assert [one.id for one in MEASURES["why_not_asked"].cells[:-1]] == [one.id for one in reasons]
    asked = {named[0] for named in load_interview().responses}
    assert {f"utter_ask_{question}" for question in EXPERIENCES} <= asked


def test_a_year_has_its_quarters_and_is_called_by_its_months() -> None:
    assert (YEAR.first, YEAR.last) == (date(2025, 4, 1), date(2026, 3, 31))
    assert YEAR.label == "April 2025 to March 2026"
    assert [one.label for one in YEAR.quarters] == [
        "April to June 2025",
        "July to September 2025",
        "October to December 2025",
        "January to March 2026",
    ]
    assert [one.quarter_id for one in YEAR.quarters] == ["2025-04", "2025-07", "2025-10", "2026-01"]
    assert Period(date(2025, 2, 3), date(2025, 2, 3)).label == "3 February 2025"
    with pytest.raises(ValueError, match="cannot end before"):
        Period(date(2025, 2, 3), date(2025, 2, 2))
