"""The national return: looked at first, taken out with a proof, exactly as it was looked at, and never half made."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from bot import signing_in
from bot.council import Name
from bot.facts import Doubt, Lacking
from bot.figures import MEASURES, NATIONAL
from bot.publishing.national import COLUMNS, ENQUIRY_TYPE
from bot.roles import Role
from bot.store import AuditAct
from tests.team.colleague import Colleague
from tests.team.conftest import TeamSite
from tests.team.test_council_pages import proves
from tests.team.test_figures_pages import DAY, YEAR, closed
from tests.team.test_signing import PASSWORD, code_of, makes_first_administrator

SignIn = Callable[..., Colleague]

RETURN = f"/team/figures/return?period={YEAR}"
TAKE = "/team/figures/return/take"

GIVEN = {
    Name.LA_NAME: "Northtown",
    Name.LA_CODE: "111",
    Name.ONS_CODE: "E06000099",
    Name.COUNCIL_TYPE: "A type",
    Name.REGION_NAME: "North East",
    Name.REGION_CODE: "E12000001",
}


def gives(site: TeamSite, **besides: str) -> None:
    """Have the council have given what the return says of it."""
    with site.store.begin() as kept:
        for name, value in (GIVEN | {Name(name): value for name, value in besides.items()}).items():
            kept.council.change(name, value, None, site.now)


def rows(file: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.decode(), newline="")))


def exports(site: TeamSite) -> list[tuple[str | None, str | None]]:
    """Who took what out, as the audit has it."""
    with site.store.reading() as seen:
        return [(one.account_id, one.about) for one in seen.audit.search(acts={AuditAct.EXPORTED})]


@pytest.fixture
def north(team_site: TeamSite) -> str:
    return team_site.team("North team")


@pytest.fixture
def morgan(team_site: TeamSite, signed_in: SignIn, north: str) -> Colleague:
    """A manager who has just proved who they are."""
    somebody = signed_in(Role.MANAGER, north, name="Morgan Hill")
    proves(team_site, somebody)
    return somebody


async def test_the_file_is_exact_in_the_published_columns_and_it_is_recorded_who_took_it_out(
    team_site: TeamSite, morgan: Colleague, north: str
) -> None:
    closed(team_site, north, ("asked", "no", 3), ("asked", "asked_expressed", 2), ("risk", "removed", 4))
    closed(team_site, team_site.team("South team"), ("achieved", "fully", 7), ("capacity", "did_not_lack", 1))
    closed(team_site, north, ("achieved", "not", 50), on=date(2024, 5, 6))
    gives(team_site)
    await morgan.opens(RETURN)

    response = await morgan.posts(TAKE)

    assert response.status_code == 200
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    named = 'attachment; filename="own-words-return-2025-2026-exact-restricted.csv"'
    assert response.headers["content-disposition"] == named
    assert response.headers["cache-control"] == "no-store"
    head, *told = rows(response.content)
    assert tuple(head) == COLUMNS
    council = ["ENGLAND", "A type", "E12000001", "North East", "E06000099", "111", "Northtown"]
    assert {tuple(row[:7]) for row in told} == {tuple(council)}
    assert {row[8] for row in told} == {ENQUIRY_TYPE}
    assert len(told) == sum(len(MEASURES[one].cells) for one in NATIONAL)
    numbers = {(row[7], row[9]): row[11] for row in told}
    assert numbers["SG4a", "No"] == "3"
    assert numbers["SG4a", "Yes they were asked and outcomes were expressed"] == "14"
    assert numbers["SG4a", "Fully Achieved"] == "7"
    assert numbers["SG4a", "Not Achieved"] == "0"
    assert numbers["SG3a", "No, they did not lack capacity"] == "1"
    assert numbers["SG3a", "Not recorded"] == "16"
    assert numbers["SG2e", "Risk removed"] == "4"
    assert exports(team_site) == [(morgan.account_id, "national_return_2025")]


async def test_the_page_shows_each_number_as_it_will_leave_and_leads_behind_it(
    team_site: TeamSite, morgan: Colleague, north: str
) -> None:
    closed(team_site, north, ("asked", "no", 3), ("achieved", "partly", 4))
    gives(team_site)

    page = await morgan.opens(RETURN)
    _, *told = rows((await morgan.posts(TAKE)).content)

    shown = {}
    for table in page.root.iter("table"):
        for row in table.iter("tr"):
            cells = [" ".join("".join(one.itertext()).split()) for one in row]
            if len(cells) == 2 and cells[0]:
                shown.setdefault(cells[0], []).append(cells[1].split()[0])
    assert all(row[11] in shown[row[9]] for row in told)
    assert shown["These add up to"][0] == "7"
    assert f"/team/figures/asked/enquiries?period={YEAR}&cell=no" in page.links
    assert f"/team/figures/achieved?period={YEAR}&by=age_band" in page.links
    assert "They are not for publishing" in page.main
    page = await morgan.opens(f"/team/figures/asked/enquiries?period={YEAR}&cell=no")
    assert len([one for one in page.links if one.startswith("/team/enquiries/")]) == 3


async def test_nothing_leaves_without_a_proof_and_with_one_it_is_what_was_asked_for(
    team_site: TeamSite, signed_in: SignIn, morgan: Colleague, north: str
) -> None:
    closed(team_site, north, ("asked", "no", 3))
    gives(team_site)
    await morgan.opens(RETURN)
    team_site.passes(minutes=6)

    page = await morgan.sends(TAKE)

    assert page.heading == "Prove that it is you"
    assert "SG4a" not in page.source
    assert exports(team_site) == []


async def test_a_proof_gives_the_file_that_was_about_to_be_taken_out(team_site: TeamSite) -> None:
    ruth, told = await makes_first_administrator(team_site)
    north = team_site.team("North team")
    closed(team_site, north, ("asked", "no", 3))
    gives(team_site)
    with team_site.store.begin() as kept:
        one = kept.accounts.get(_account_of(team_site))
        kept.accounts.change(one.account_id, role=Role.AUDITOR, name=one.name, email=one.email, team_ids=())
    team_site.passes(minutes=10)
    await ruth.opens(RETURN)
    assert (await ruth.sends(TAKE)).heading == "Prove that it is you"

    response = await ruth.posts("/team/prove", password=PASSWORD, code=code_of(told, team_site))

    assert rows(response.content)[0] == list(COLUMNS)
    assert len(exports(team_site)) == 1


def _account_of(site: TeamSite) -> str:
    with site.store.reading() as seen:
        (one,) = seen.accounts.listed()
    return one.account_id


async def test_what_is_doubtful_is_said_first_and_keeps_nobody_from_deciding(
    team_site: TeamSite, morgan: Colleague, north: str
) -> None:
    first, *_ = closed(team_site, north, ("capacity", "lacked", 11), ("capacity", "did_not_lack", 2))
    with team_site.store.begin() as kept:
        facts = kept.facts.get(first)
        assert facts is not None
        doubts = frozenset({Doubt.LACKED_AND_NOBODY_NEEDED})
        kept.facts.keep(replace(facts, lacking=frozenset({Lacking.ACHIEVED}), doubts=doubts))
    gives(team_site)

    page = await morgan.opens(RETURN)

    assert "More people lacked capacity (11) than did not (2) in all. Look whether the two answers" in page.main
    assert "nobody was needed to help them take part. (1 enquiry)" in page.main
    assert page.main.index("More people lacked capacity") < page.main.index("SG3a: Did people have mental capacity?")
    assert f"/team/figures-to-look-at?period={YEAR}" in page.links
    assert "You decide: the file can be taken out as it is." in page.main
    assert (await morgan.posts(TAKE)).status_code == 200


async def test_where_nothing_is_doubtful_that_is_said(team_site: TeamSite, morgan: Colleague, north: str) -> None:
    closed(team_site, north, ("asked", "no", 3))
    gives(team_site)

    page = await morgan.opens(RETURN)

    assert "Nothing in these figures looks doubtful." in page.main
    assert "Look at this before it leaves" not in page.main


async def test_what_is_missing_of_the_council_is_said_with_who_can_give_it(
    team_site: TeamSite, signed_in: SignIn, morgan: Colleague, north: str
) -> None:
    signed_in(Role.ADMINISTRATOR, name="Ash Ito")
    gone = team_site.account(Role.ADMINISTRATOR, name="Lee Gone")
    with team_site.store.begin() as kept:
        kept.accounts.disable(gone, team_site.now)
    closed(team_site, north, ("asked", "no", 3))
    gives(team_site, la_code="", ons_code="")

    page = await morgan.opens(RETURN)

    assert "2 things that the file says of the council are missing" in page.main
    assert "under Settings, “The council in the national return”. That is Ash Ito." in page.main
    assert "Lee Gone" not in page.main
    assert TAKE not in page.forms()
    assert "3" in page.main
    form = team_site.desk.marks.form(signing_in.hash_of(morgan.client.cookies["team"]))
    response = await morgan.post(TAKE, f"form={form}&period={YEAR}".encode())
    assert response.status_code == 422
    assert "so the file cannot be made yet" in response.text
    assert exports(team_site) == []


async def test_what_is_different_since_it_was_looked_at_is_looked_at_again(
    team_site: TeamSite, morgan: Colleague, north: str
) -> None:
    closed(team_site, north, ("asked", "no", 3))
    gives(team_site)
    await morgan.opens(RETURN)
    closed(team_site, north, ("asked", "no", 1))

    page = await morgan.sends(TAKE)

    assert page.status == 422
    assert "The figures are not as you saw them" in page.problems[0]
    assert exports(team_site) == []
    assert (await morgan.posts(TAKE)).status_code == 200
    assert len(exports(team_site)) == 1


async def test_a_change_of_what_the_file_says_of_the_council_is_looked_at_again(
    team_site: TeamSite, morgan: Colleague, north: str
) -> None:
    closed(team_site, north, ("asked", "no", 3))
    gives(team_site)
    await morgan.opens(RETURN)
    gives(team_site, la_name="Southtown")

    assert (await morgan.sends(TAKE)).status == 422


async def test_a_year_in_which_nothing_was_closed_has_no_file(team_site: TeamSite, morgan: Colleague) -> None:
    gives(team_site)

    page = await morgan.opens("/team/figures/return?period=2024")

    assert "No enquiry was closed in this period." in page.main
    assert "there is nothing to take out" in page.main
    assert TAKE not in page.forms()
    assert not list(page.root.iter("table"))
    form = team_site.desk.marks.form(signing_in.hash_of(morgan.client.cookies["team"]))
    response = await morgan.post(TAKE, f"form={form}&period=2024".encode())
    assert response.status_code == 422
    assert exports(team_site) == []


async def test_a_year_that_goes_on_says_so(team_site: TeamSite, morgan: Colleague, north: str) -> None:
    assert DAY < team_site.now.date() <= date(2026, 3, 31)
    page = await morgan.opens(RETURN)
    assert "This year goes on until 31 March 2026." in page.main
    page = await morgan.opens("/team/figures/return?period=2024")
    assert "This year goes on" not in page.main


async def test_the_figures_of_a_quarter_lead_to_the_return_of_its_year(team_site: TeamSite, morgan: Colleague) -> None:
    for period in ("2025", "2026-01"):
        page = await morgan.opens(f"/team/figures?period={period}")
        assert RETURN in page.links
    page = await morgan.opens(RETURN)
    assert page.heading == "The national return"
    (here,) = [one for one in page.root.iter("a") if one.get("aria-current")]
    assert here.get("href") == "/team/figures"


async def test_a_name_that_a_spreadsheet_would_run_is_harmless_in_the_file(
    team_site: TeamSite, morgan: Colleague, north: str
) -> None:
    closed(team_site, north, ("asked", "no", 3))
    gives(team_site, la_name='=HYPERLINK("x")')
    page = await morgan.opens(RETURN)
    assert '=HYPERLINK("x")' in page.main

    _, *told = rows((await morgan.posts(TAKE)).content)

    assert {row[6] for row in told} == {'\'=HYPERLINK("x")'}


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.MANAGER, Role.AUDITOR}))
async def test_the_return_is_not_there_for_others(
    team_site: TeamSite, signed_in: SignIn, north: str, role: Role
) -> None:
    somebody = signed_in(role, *([north] if role is Role.PRACTITIONER else []))
    assert (await somebody.client.get(RETURN)).status_code == 404


async def test_an_auditor_takes_it_out_too(team_site: TeamSite, signed_in: SignIn, north: str) -> None:
    ines = signed_in(Role.AUDITOR)
    proves(team_site, ines)
    closed(team_site, north, ("asked", "no", 3))
    gives(team_site)
    await ines.opens(RETURN)
    assert (await ines.posts(TAKE)).status_code == 200


async def test_looking_at_it_writes_nothing(team_site: TeamSite, morgan: Colleague, north: str) -> None:
    closed(team_site, north, ("asked", "no", 3))
    with team_site.store.reading() as seen:
        before = len(seen.audit.search(at_most=100))
    await morgan.opens(RETURN)
    with team_site.store.reading() as seen:
        assert len(seen.audit.search(at_most=100)) == before
