"""Figures against a slow count that knows only what was put in, in the national layout, and who may see them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pytest

from bot import reporting
from bot.conversation import Speaker
from bot.figures import ALL, BASE, EXPERIENCES, GROUNDS, GROUPS, LINKS, MEASURES, THEMES, By, Period, Spoken
from bot.project import load_interview, load_records, load_themes
from bot.records import RecordKind
from bot.reporting import Asked
from bot.roles import Act, Actor, NotAllowed, Role
from bot.store import Store
from bot.store.verifying import verify
from tests.counted_slowly import Filling, Put, agrees, drawn, still_wanted

YEAR = Period.of_year(2025)
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


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
    among = [put for put in council.every if put.closed_on is not None and YEAR.first <= put.closed_on <= YEAR.last]
    counted: set[tuple[str, str]] = set()
    for by in By:
        asked = Asked(period=YEAR, measures=tuple(MEASURES), by=by)
        for table in reporting.tables(council.store, council.auditor, asked, NOW):
            agrees(table, among, by, council.teams)
            counted |= {(table.measure.id, table.spoken)} if table.base[ALL] else set()
            if table.do_columns_add_up and by is not By.NOTHING:
                for cell in table.measure.cells:
                    parts = [table.counts[cell.id, one.id] or 0 for one in table.columns if one.id != ALL]
                    assert sum(parts) == table.counts[cell.id, ALL]
    # Nothing is the same for want of anything to count.
    assert {measure for measure, _ in counted} == set(MEASURES)
    assert verify(council.store) == []


def test_what_is_still_wanted_is_what_was_said_and_has_not_happened(council: Council) -> None:
    draw = random.Random(7)
    council.puts([drawn(draw) for _ in range(40)])
    council.store.work_out_facts()
    with council.store.reading() as seen:
        kept = {put.enquiry_id: seen.facts.get(put.enquiry_id) for put in council.every}
    found = 0
    for put in council.every:
        facts = kept[put.enquiry_id]
        assert facts is not None
        for spoken, speaker in ((Spoken.PERSON, Speaker.PERSON), (Spoken.REPRESENTATIVE, Speaker.ADVOCATE)):
            expected = still_wanted(put, speaker) if put.closed_on is None else ()
            assert facts.wanted.get(spoken, ()) == expected
            found += len(expected)
    assert found > 5


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
        listed = {one.what.value: one for one in reporting.to_look_at(council.store, council.auditor, asked)}
        first, second, third = (put.enquiry_id for put in council.every)
        assert listed["achieved"].enquiry_ids == listed["risk"].enquiry_ids == (first,)
        assert listed["kind"].enquiry_ids == (second,)
        assert listed["lacked_and_nobody_needed"].enquiry_ids == (third,)
        assert set(listed["age_band"].enquiry_ids) == {first, second, third}
        assert [one.number for one in listed.values()] == [len(one.enquiry_ids) for one in listed.values()]
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
