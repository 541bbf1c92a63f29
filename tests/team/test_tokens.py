"""Tokens of other programs: made, shown once, listed and ended by administrators, from the browser alone."""

from collections.abc import Callable

import pytest

from bot.programs import Grant
from bot.roles import Role
from bot.store import AuditAct, Token, tables
from tests.team.colleague import Colleague
from tests.team.conftest import TeamSite

RIGHT_TO_LEFT = "מערכת התיקים"


@pytest.fixture
def administrator(signed_in: Callable[..., Colleague]) -> Colleague:
    return signed_in(Role.ADMINISTRATOR, name="Ruth Adeyemi")


async def makes(administrator: Colleague, *team_ids: str, **fields: object) -> str:
    """Make a token and give its secret."""
    await administrator.opens("/team/tokens/new")
    asked = {"name": "Case system", "grant": ["words"], "team": list(team_ids), "days": "90", **fields}
    page = await administrator.sends("/team/tokens/new", **asked)
    assert page.heading == "Give the program this token", page.problems
    shown = ["".join(one.itertext()) for one in page.root.iter("p") if "team-secret" in one.get("class", "")]
    assert shown[1] == "http://site.example/api/v1/openapi.json"
    return shown[0]


def tokens(site: TeamSite) -> tuple[Token, ...]:
    with site.store.reading() as seen:
        return seen.tokens.listed()


async def test_a_token_is_made_shown_once_and_lets_the_program_in(
    administrator: Colleague, team_site: TeamSite
) -> None:
    team_id = team_site.team()
    enquiry_id = team_site.enquiry(team_id, "LAS 17")
    page = await administrator.opens("/team/tokens")
    assert page.heading == "Other programs"
    assert "No program has a token." in page.main
    secret = await makes(administrator, team_id, name=RIGHT_TO_LEFT)
    program = team_site.arrives().client
    headers = {"authorization": f"Bearer {secret}"}
    found = await program.get(f"/api/v1/enquiries/{enquiry_id}", headers=headers)
    assert found.json()["reference"] == "LAS 17"
    page = await administrator.opens("/team/tokens")
    assert RIGHT_TO_LEFT in page.main
    assert "Enquiries, Words" in page.main
    assert "2 March 2026" in page.main
    assert secret not in page.source
    page = await administrator.opens(page.links[page.links.index("/team/tokens/new") + 1])
    assert page.heading == RIGHT_TO_LEFT
    assert "by Ruth Adeyemi" in page.main
    assert secret not in page.source
    with team_site.store.reading_rows() as rows:
        kept = " ".join(str(value) for row in rows.each(tables.tokens, order_by=[]) for value in row.values())
    assert secret.removeprefix("ownwords_") not in kept


async def test_an_ended_token_lets_nobody_in_from_that_moment(administrator: Colleague, team_site: TeamSite) -> None:
    secret = await makes(administrator, team_site.team())
    program = team_site.arrives().client
    headers = {"authorization": f"Bearer {secret}"}
    assert (await program.get("/api/v1/token", headers=headers)).status_code == 200
    address = f"/team/tokens/{tokens(team_site)[0].token_id}"
    await administrator.opens(address)
    page = await administrator.sends(f"{address}/end")
    assert page.told == "The token is ended. The program is not let in any more."
    assert "Ended on 2 March 2026" in page.main
    assert (await program.get("/api/v1/token", headers=headers)).status_code == 401
    page = await administrator.opens(address)
    assert f"{address}/end" not in page.forms()


async def test_a_token_runs_out(administrator: Colleague, team_site: TeamSite) -> None:
    secret = await makes(administrator, team_site.team(), days="30")
    program = team_site.arrives().client
    headers = {"authorization": f"Bearer {secret}"}
    team_site.passes(days=29)
    assert (await program.get("/api/v1/token", headers=headers)).status_code == 200
    team_site.passes(days=1)
    assert (await program.get("/api/v1/token", headers=headers)).status_code == 401
    again = team_site.signs_in(administrator.account_id)
    assert "Ran out on 1 April 2026" in (await again.opens("/team/tokens")).main


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"name": "  "}, "Give the program a name, as colleagues know it."),
        ({"name": "x" * 201}, "Give the program a name, as colleagues know it."),
        ({"grant": None}, "Choose at least one thing that the program may have."),
        ({"team": None}, "Choose at least one team."),
        ({"days": "3650"}, "Choose how long it is to work."),
        ({"days": None}, "Choose how long it is to work."),
    ],
)
async def test_what_is_not_right_is_said_and_what_was_typed_stays(
    administrator: Colleague, team_site: TeamSite, fields: dict[str, object], problem: str
) -> None:
    team_id = team_site.team()
    await administrator.opens("/team/tokens/new")
    asked = {"name": RIGHT_TO_LEFT, "grant": ["figures"], "team": [team_id], "days": "90", **fields}
    page = await administrator.sends("/team/tokens/new", **asked)
    assert page.problems == [problem]
    sent = page.forms()["/team/tokens/new"]
    assert sent["name"] == [fields.get("name", RIGHT_TO_LEFT)]
    assert sent.get("grant", []) == (fields.get("grant", ["figures"]) or [])
    assert not tokens(team_site)


async def test_two_good_tokens_never_have_one_name(administrator: Colleague, team_site: TeamSite) -> None:
    team_id = team_site.team()
    await makes(administrator, team_id)
    await administrator.opens("/team/tokens/new")
    asked = {"name": "CASE SYSTEM", "grant": ["figures"], "team": [team_id], "days": "30"}
    page = await administrator.sends("/team/tokens/new", **asked)
    assert "There is a token with this name already." in page.problems[0]
    team_site.passes(days=90)
    again = team_site.signs_in(administrator.account_id)
    await makes(again, team_id)
    assert len(tokens(team_site)) == 2


async def test_words_are_never_without_enquiries(administrator: Colleague, team_site: TeamSite) -> None:
    await makes(administrator, team_site.team(), grant=["words"])
    assert tokens(team_site)[0].grants == {Grant.WORDS, Grant.ENQUIRIES}


async def test_a_token_for_a_team_that_is_not_there_is_not_made(administrator: Colleague, team_site: TeamSite) -> None:
    team_site.team()
    await administrator.opens("/team/tokens/new")
    asked = {"name": "Case system", "grant": ["words"], "team": ["0" * 32], "days": "30"}
    assert (await administrator.posts("/team/tokens/new", **asked)).status_code == 404
    assert not tokens(team_site)


async def test_making_and_ending_take_a_proof(administrator: Colleague, team_site: TeamSite) -> None:
    team_id = team_site.team()
    await makes(administrator, team_id)
    address = f"/team/tokens/{tokens(team_site)[0].token_id}"
    await administrator.opens(address)
    team_site.passes(minutes=10)
    page = await administrator.sends(f"{address}/end")
    assert page.heading == "Prove that it is you"
    await administrator.opens("/team/tokens/new")
    asked = {"name": "Another", "grant": ["words"], "team": [team_id], "days": "30"}
    page = await administrator.sends("/team/tokens/new", **asked)
    assert page.heading == "Prove that it is you"
    assert [one.ended_at for one in tokens(team_site)] == [None]


async def test_the_manager_of_each_team_finds_in_the_audit_that_a_token_was_made(
    administrator: Colleague, team_site: TeamSite, signed_in: Callable[..., Colleague]
) -> None:
    north, south, other = team_site.team("North"), team_site.team("South"), team_site.team("Other")
    await makes(administrator, north, south)
    for team_id, times in ((north, 1), (south, 1), (other, 0)):
        manager = signed_in(Role.MANAGER, team_id)
        page = await manager.opens("/team/audit?act=changed")
        assert page.main.count("Made a token for another program") == times
    with team_site.store.reading() as seen:
        made = seen.audit.search(acts=(AuditAct.CHANGED,))
    assert {one.account_id for one in made} == {administrator.account_id}
