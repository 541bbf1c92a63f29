"""Figures on pages: what may be published for the Board, and exact ones for those who answer for them alone."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.facts import Doubt, EnquiryKind, Facts, Lacking
from bot.figures import MEASURES, By, Period, Spoken
from bot.roles import Role
from bot.saying import Value
from bot.store import AuditAct
from bot.web.team import counted, figures, pack
from tests.team.colleague import Colleague
from tests.team.conftest import TeamSite

SignIn = Callable[..., Colleague]

YEAR = 2025
DAY = date(2025, 5, 6)
"""On which an enquiry was closed, where nothing else is said. It lies in the first quarter of the year."""


def counts_as(measure: str, cell: str, spoken: Spoken) -> dict[tuple[str, Spoken], dict[str, int]]:
    """Say where one enquiry counts that counts as this: in the tables that count every enquiry, too."""
    every: dict[tuple[str, Spoken], dict[str, int]] = {
        ("asked", Spoken.ALL): {"asked_expressed": 1},
        ("state", Spoken.ALL): {"asked_expressed": 1},
        ("capacity", Spoken.ALL): {"not_recorded": 1},
        ("advocacy", Spoken.ALL): {"not_recorded": 1},
    }
    if measure == "achieved":
        every[("decided_by", Spoken.ALL)] = {"person_overall": 1}
    if (measure, cell) == ("asked", "no"):
        every[("state", Spoken.ALL)] = {"not_asked": 1}
    return every | {(measure, spoken): {cell: 1}}


def closed(
    site: TeamSite,
    team_id: str,
    *counts: tuple[str, str, int],
    spoken: Spoken = Spoken.ALL,
    on: date = DAY,
    age_band: str = "18-64",
) -> list[str]:
    """Close enquiries that count as this: `("achieved", "fully", 7)` are seven in that cell."""
    made = []
    at = datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
    with site.store.begin() as kept:
        for measure, cell, number in counts:
            for _ in range(number):
                reference = f"E-{secrets.token_hex(4)}"
                enquiry_id = kept.enquiries.open(at - timedelta(days=60), reference=reference)
                kept.allocations.give_team(enquiry_id, team_id, None, at)
                kept.enquiries.close(enquiry_id, at)
                kept.facts.keep(
                    Facts(
                        enquiry_id=enquiry_id,
                        team_id=team_id,
                        opened_on=on - timedelta(days=60),
                        closed_on=on,
                        kind=EnquiryKind.SECTION_42,
                        groups={By.AGE_BAND: age_band},
                        counted=counts_as(measure, cell, spoken),
                        lacking=frozenset(),
                        doubts=frozenset(),
                        wanted={},
                    )
                )
                made.append(enquiry_id)
    return made


# --- what may be published ------------------------------------------------------------------------------------------


async def test_a_board_member_is_led_to_what_difference_was_made(team_site: TeamSite, signed_in: SignIn) -> None:
    north = team_site.team("North team")
    closed(team_site, north, ("achieved", "fully", 61), ("achieved", "partly", 32), ("achieved", "not", 13))
    bo = signed_in(Role.BOARD_MEMBER)
    page = await bo.opens("/team")
    assert page.address == "/team/pack"
    assert page.navigation[0] == "Board pack"
    page = await bo.opens(f"/team/pack?period={YEAR}")
    assert page.heading == "What difference did we make?"
    assert "Enquiries that were closed from April 2025 to March 2026" in page.main
    assert "People got all that they wanted in" in page.main
    assert "of about 105 enquiries, some of it in" in page.main


async def test_the_pack_never_shows_an_exact_number_nor_one_below_five(team_site: TeamSite, signed_in: SignIn) -> None:
    north = team_site.team("North team")
    closed(team_site, north, ("achieved", "fully", 61), ("achieved", "partly", 33), ("achieved", "not", 3))
    bo = signed_in(Role.BOARD_MEMBER)
    first = await bo.opens(f"/team/pack?period={YEAR}")
    measure = await bo.opens(f"/team/pack/achieved?period={YEAR}")
    for page in (first, measure):
        for exact in ("61", "33", "97"):
            assert exact not in page.main.replace("33%", ""), page.address
        assert "hidden" in page.main
    assert "[c]" in measure.main


async def test_a_year_without_anything_says_so(team_site: TeamSite, signed_in: SignIn) -> None:
    page = await signed_in(Role.BOARD_MEMBER).opens("/team/pack?period=2024")
    assert "No enquiry was closed in this year" in page.main
    assert "Take it with you" not in page.main
    assert "not available" not in page.main


async def test_the_year_before_is_shown_first_while_this_one_has_nothing(
    team_site: TeamSite, signed_in: SignIn
) -> None:
    this_year = counted.first_year(team_site.now.date())
    closed(team_site, team_site.team("North team"), ("asked", "asked_expressed", 20), on=date(this_year, 3, 2))
    bo = signed_in(Role.BOARD_MEMBER)
    page = await bo.opens("/team/pack")
    assert f"closed from {Period.of_year(this_year - 1).label}" in page.main
    page = await bo.opens(f"/team/pack?period={this_year}")
    assert "No enquiry was closed in this year" in page.main


async def test_every_page_of_the_pack_has_a_sentence_a_chart_a_table_and_how_it_is_counted(
    team_site: TeamSite, signed_in: SignIn
) -> None:
    north = team_site.team("North team")
    closed(team_site, north, ("achieved", "fully", 61), ("achieved", "partly", 32), ("achieved", "not", 13))
    closed(team_site, north, ("safer", "yes_a_lot", 20), ("safer", "no", 20), spoken=Spoken.PERSON)
    bo = signed_in(Role.BOARD_MEMBER)
    first = await bo.opens(f"/team/pack?period={YEAR}")
    for measure in MEASURES.values():
        assert f"/team/pack/{measure.id}?period={YEAR}" in first.links
        page = await bo.opens(f"/team/pack/{measure.id}?period={YEAR}")
        assert page.heading == measure.heading
        assert " ".join(measure.definition.split()) in page.main
        assert measure.source in page.main
        assert len(list(page.root.iter("table"))) >= 1
        drawn = "{http://www.w3.org/2000/svg}svg" in {element.tag for element in page.root.iter()}
        assert drawn == (measure.id in {"asked", "state", "capacity", "advocacy", "achieved", "decided_by", "safer"})
        assert ("What people said themselves" in page.main) == measure.is_spoken
        for cell in measure.cells:
            assert cell.label in page.main


async def test_what_went_from_quarter_to_quarter_stands_side_by_side(team_site: TeamSite, signed_in: SignIn) -> None:
    north = team_site.team("North team")
    for on, number in ((date(2025, 5, 6), 24), (date(2025, 8, 6), 27), (date(2025, 11, 6), 33), (date(2026, 2, 6), 36)):
        closed(team_site, north, ("achieved", "fully", number), ("achieved", "not", 12), on=on)
    page = await signed_in(Role.BOARD_MEMBER).opens(f"/team/pack/achieved?period={YEAR}")
    heads = ["".join(one.itertext()) for one in page.root.iter("th")]
    assert heads.index("April to June 2025") < heads.index("January to March 2026") < heads.index("All", 1)
    assert "By quarter" in page.main


async def test_a_measure_that_is_none_is_not_there(signed_in: SignIn) -> None:
    for role, path in ((Role.BOARD_MEMBER, "/team/pack/nothing"), (Role.MANAGER, "/team/figures/nothing")):
        assert (await signed_in(role).client.get(path)).status_code == 404


def test_every_measure_answers_one_question() -> None:
    named = [measure for _, ids in counted.GROUPS for measure in ids]
    assert sorted(named) == sorted(MEASURES)
    assert {measure for measure, _ in pack.TILES} | {pack.ANSWER} <= set(MEASURES)


@pytest.mark.parametrize(("written", "begins"), [("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK"), ("json", b"{")])
async def test_the_pack_is_taken_out_as_a_file_and_it_is_recorded(
    team_site: TeamSite, signed_in: SignIn, written: str, begins: bytes
) -> None:
    closed(team_site, team_site.team("North team"), ("achieved", "fully", 61), ("achieved", "not", 3))
    bo = signed_in(Role.BOARD_MEMBER)
    await bo.opens(f"/team/pack?period={YEAR}")
    response = await bo.posts("/team/pack/take", period=str(YEAR), file=written)
    assert response.status_code == 200
    assert response.content.startswith(begins)
    assert response.headers["content-disposition"] == f'attachment; filename="board-pack-2025-2026.{written}"'
    with team_site.store.reading() as seen:
        (one,) = seen.audit.search(acts={AuditAct.EXPORTED})
    assert (one.account_id, one.about) == (bo.account_id, f"board_pack_2025_{written}")


async def test_taking_the_pack_out_takes_a_proof(team_site: TeamSite, signed_in: SignIn) -> None:
    closed(team_site, team_site.team("North team"), ("achieved", "fully", 20))
    bo = signed_in(Role.BOARD_MEMBER)
    await bo.opens(f"/team/pack?period={YEAR}")
    team_site.passes(minutes=6)
    response = await bo.posts("/team/pack/take", file="csv")
    assert "Prove that it is you" in response.text


# --- exact figures --------------------------------------------------------------------------------------------------


async def test_a_manager_sees_exact_numbers_and_where_they_come_from(team_site: TeamSite, signed_in: SignIn) -> None:
    north, south = team_site.team("North team"), team_site.team("South team")
    closed(team_site, north, ("achieved", "fully", 3), ("achieved", "not", 1))
    closed(team_site, south, ("achieved", "fully", 9))
    morgan = signed_in(Role.MANAGER, north)
    page = await morgan.opens(f"/team/figures?period={YEAR}")
    assert page.heading == "Figures"
    assert "not for publishing" in page.main
    page = await morgan.opens(f"/team/figures/achieved?period={YEAR}")
    assert "People got all that they wanted in 92% of 13 enquiries" in page.main
    page = await morgan.opens(f"/team/figures/achieved?period={YEAR}&team={north}")
    assert "People got all that they wanted in 3 of 4 enquiries, some of it in 0 and none of it in 1." in page.main
    assert "North team" in page.main
    assert (await morgan.client.get(f"/team/figures?team={south}")).status_code == 404
    assert (await morgan.client.get(f"/team/figures/achieved?team={south}")).status_code == 404


async def test_figures_are_broken_down_by_who_people_are(team_site: TeamSite, signed_in: SignIn) -> None:
    north = team_site.team("North team")
    closed(team_site, north, ("asked", "no", 4), age_band="75-84")
    closed(team_site, north, ("asked", "asked_expressed", 2))
    morgan = signed_in(Role.MANAGER, north)
    for by, group in (("age_band", "75-84"), ("quarter", "April to June 2025"), ("team", "North team")):
        page = await morgan.opens(f"/team/figures/asked?period={YEAR}&by={by}")
        heads = ["".join(one.itertext()) for one in page.root.iter("th")]
        assert group in heads


async def test_a_quarter_is_a_time_of_its_own(team_site: TeamSite, signed_in: SignIn) -> None:
    north = team_site.team("North team")
    closed(team_site, north, ("asked", "no", 4))
    closed(team_site, north, ("asked", "no", 2), on=date(2025, 8, 1))
    morgan = signed_in(Role.MANAGER, north)
    page = await morgan.opens("/team/figures/asked?period=2025-07")
    assert "July to September 2025" in page.main
    assert "of 2 enquiries" in page.main


@pytest.mark.parametrize("role", [Role.BOARD_MEMBER, Role.PRACTITIONER, Role.ADVOCATE, Role.ADMINISTRATOR])
async def test_nobody_else_sees_exact_figures(team_site: TeamSite, signed_in: SignIn, role: Role) -> None:
    colleague = signed_in(role, team_site.team("North team"))
    for path in ("/team/figures", "/team/figures/achieved"):
        assert (await colleague.client.get(path)).status_code == 404


# --- which time -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "first"),
    [
        (date(2026, 3, 31), 2025),
        (date(2026, 4, 1), 2025),
        (date(2026, 6, 30), 2025),
        (date(2026, 7, 1), 2026),
        (date(2027, 1, 1), 2026),
    ],
)
def test_the_year_that_is_asked_about_is_shown_first(today: date, first: int) -> None:
    assert counted.first_year(today) == first
    assert first in counted.years(today)
    assert counted.chosen_year("1066", today) == first
    assert counted.chosen_year("2023", today) == 2023


def test_a_quarter_is_offered_once_it_has_begun() -> None:
    offered = {period_id: period for period_id, _, period in figures.periods(date(2026, 7, 1))}
    assert "2026-07" in offered
    assert "2026-10" not in offered
    assert offered["2025"] == Period.of_year(2025)


def test_one_figure_in_large_is_a_share_or_two_numbers_or_that_it_is_too_small() -> None:
    assert pack.in_large(Value(605, 73), Value(830)) == ("73%", 73)
    assert pack.in_large(Value(605), Value(830)) == ("605 of 830", 73)
    assert pack.in_large(Value(605), Value(None, is_hidden=True)) == ("about 605", None)
    assert pack.in_large(Value(None, is_hidden=True), Value(830)) == ("Too small to show", None)
    assert pack.in_large(Value(None), Value(None)) == ("Not available", None)


def test_a_quarter_is_short_below_its_column() -> None:
    assert counted.short("April to June 2025") == "Apr–Jun\n2025"
    assert counted.short("North team") == "North team"


async def test_a_number_leads_to_the_enquiries_behind_it(team_site: TeamSite, signed_in: SignIn) -> None:
    north, south = team_site.team("North team"), team_site.team("South team")
    mine = closed(team_site, north, ("asked", "no", 3))
    theirs = closed(team_site, south, ("asked", "no", 2))
    morgan = signed_in(Role.MANAGER, north)
    page = await morgan.opens(f"/team/figures/asked?period={YEAR}")
    (way,) = {one for one in page.links if "/enquiries?" in one and "cell=no" in one and "group" not in one}
    page = await morgan.opens(way)
    assert page.heading == "The enquiries behind a figure"
    assert "Were people asked what they want? No." in page.main
    assert all(f"/team/enquiries/{one}" in page.links for one in mine)
    assert not any(f"/team/enquiries/{one}" in page.links for one in theirs)
    page = await morgan.opens(f"{way}&by=quarter&group=2025-07")
    assert "There are none that you may see." in page.main
    for wrong in ("cell=nothing", "cell=no&by=quarter&group=nothing", "cell=no&spoken=person"):
        assert (await morgan.client.get(f"/team/figures/asked/enquiries?{wrong}")).status_code == 404
    assert (await morgan.client.get(f"{way}&team={south}")).status_code == 404


async def test_nobody_is_led_to_what_somebody_answered_about_how_it_was_and_worked_on_it_themselves(
    team_site: TeamSite, signed_in: SignIn
) -> None:
    north = team_site.team("North team")
    for measure in ("experience_listened_to", "involved"):
        led, left, other = closed(team_site, north, (measure, "no", 3), spoken=Spoken.PERSON)
        morgan = signed_in(Role.MANAGER, north)
        with team_site.store.begin() as kept:
            for enquiry_id in (led, left):
                kept.allocations.allocate(enquiry_id, morgan.account_id, None, team_site.now)
            kept.allocations.unallocate(left, morgan.account_id, None, team_site.now)
        behind = f"/team/figures/{measure}/enquiries?period={YEAR}&cell=no&spoken=person"
        page = await morgan.opens(behind)
        assert [one for one in (led, left, other) if f"/team/enquiries/{one}" in page.links] == [other]
        page = await signed_in(Role.MANAGER, north).opens(behind)
        assert all(f"/team/enquiries/{one}" in page.links for one in (led, left, other))


async def test_what_is_to_be_looked_at_before_figures_go_anywhere_is_named(
    team_site: TeamSite, signed_in: SignIn
) -> None:
    north = team_site.team("North team")
    (one,) = closed(team_site, north, ("asked", "asked_expressed", 1))
    morgan = signed_in(Role.MANAGER, north)
    page = await morgan.opens(f"/team/figures?period={YEAR}")
    assert "SG4a, second part, adds up to 0 and not to the 1 in which outcomes were expressed." in page.main
    page = await morgan.opens(f"/team/figures-to-look-at?period={YEAR}")
    assert "There are none." in page.main
    with team_site.store.begin() as kept:
        facts = kept.facts.get(one)
        assert facts is not None
        kept.facts.keep(replace(facts, lacking=frozenset({Lacking.ACHIEVED}), doubts=frozenset({Doubt.NO_VERDICT})))
    page = await morgan.opens(f"/team/figures-to-look-at?period={YEAR}")
    assert f"/team/enquiries/{one}" in page.links
    assert "nobody said if they were achieved" in page.main
