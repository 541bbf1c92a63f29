"""Teams and accounts: made, changed, closed and disabled by administrators, from the browser alone."""

from collections.abc import Callable

import pytest

from bot.roles import Role
from tests.team.colleague import Colleague
from tests.team.conftest import TeamSite
from tests.team.test_signing import PASSWORD, code_of, makes_first_administrator, secret_on

RIGHT_TO_LEFT = "ליאת בן־דוד"


@pytest.fixture
async def administrator(team_site: TeamSite) -> Colleague:
    colleague, _ = await makes_first_administrator(team_site)
    return colleague


async def makes(administrator: Colleague, **fields: object) -> str:
    """Make an account and give the secret of its link."""
    await administrator.opens("/team/people/new")
    asked = {"name": "Jo Baptiste", "email": "jo@council.example", "role": "board_member", **fields}
    page = await administrator.sends("/team/people/new", **asked)
    assert page.heading == "Give them this link"
    link = next("".join(one.itertext()) for one in page.root.iter("p") if "team-secret--link" in one.get("class", ""))
    assert link.startswith("http://site.example/team/link/")
    return link.removeprefix("http://site.example")


async def test_an_administrator_begins_with_people_and_teams(administrator: Colleague) -> None:
    page = await administrator.opens("/team")
    assert page.heading == "People"
    assert page.navigation[:2] == ["People", "Teams"]
    assert "Ruth Adeyemi" in page.main


async def test_the_first_team_is_on_duty_until_another_is(administrator: Colleague, team_site: TeamSite) -> None:
    await administrator.opens("/team/teams")
    await administrator.sends("/team/teams", name="North")
    team_site.passes(minutes=1)
    await administrator.sends("/team/teams", name="South")
    with team_site.store.reading() as seen:
        north, south = seen.teams.listed()
    assert north.duty
    await administrator.opens(f"/team/teams/{south.team_id}")
    page = await administrator.sends(f"/team/teams/{south.team_id}/duty")
    assert page.told == "This team is on duty now."
    await administrator.opens(f"/team/teams/{north.team_id}")
    page = await administrator.sends(f"/team/teams/{north.team_id}/close")
    assert page.told == "The team is closed."
    assert page.heading == "Teams"


async def test_two_teams_with_one_name_are_not_made(administrator: Colleague) -> None:
    await administrator.opens("/team/teams")
    await administrator.sends("/team/teams", name="North")
    page = await administrator.sends("/team/teams", name="north")
    assert page.status == 422
    assert page.problems == ["There is a team with this name already."]
    assert page.boxes["name"] == "north"


async def test_a_team_gets_another_name(administrator: Colleague, team_site: TeamSite) -> None:
    team_id = team_site.team("North")
    await administrator.opens(f"/team/teams/{team_id}")
    page = await administrator.sends(f"/team/teams/{team_id}/name", name=RIGHT_TO_LEFT)
    assert page.heading == f"Team: {RIGHT_TO_LEFT}"


async def test_somebody_comes_in_by_their_welcome_link(administrator: Colleague, team_site: TeamSite) -> None:
    team_id = team_site.team()
    address = await makes(administrator, name=RIGHT_TO_LEFT, role="practitioner", team=[team_id])
    newcomer = team_site.arrives()
    page = await newcomer.opens(address)
    assert RIGHT_TO_LEFT in page.main
    code = code_of(secret_on(newcomer), team_site)
    await newcomer.sends(address, password=PASSWORD, password_again=PASSWORD, code=code)
    page = await newcomer.opens("/team/account")
    assert "North team" in page.main
    assert "Practitioner" in page.says
    page = await newcomer.opens(address)
    assert page.heading == "This link does not work any more"


async def test_what_was_typed_of_a_person_stays_where_something_is_wrong(
    administrator: Colleague, team_site: TeamSite
) -> None:
    team_id = team_site.team()
    await administrator.opens("/team/people/new")
    fields = {"name": RIGHT_TO_LEFT, "email": "ruth@council.example", "role": "manager", "team": [team_id]}
    page = await administrator.sends("/team/people/new", **fields)
    assert page.problems == ["There is an account with this e-mail address already."]
    sent = page.forms()["/team/people/new"]
    assert [sent[name] for name in ("name", "email", "role", "team")] == [
        [RIGHT_TO_LEFT],
        ["ruth@council.example"],
        ["manager"],
        [team_id],
    ]
    page = await administrator.sends("/team/people/new", role=None)
    assert page.problems == ["Choose what they do."]


async def test_an_account_is_disabled_and_enabled_again(
    administrator: Colleague, team_site: TeamSite, signed_in: Callable[..., Colleague]
) -> None:
    other = signed_in(Role.MANAGER, team_site.team())
    address = f"/team/people/{other.account_id}"
    await administrator.opens(address)
    page = await administrator.sends(f"{address}/disable")
    assert "Disabled" in page.main
    assert (await other.opens("/team/account")).heading == "Sign in"
    page = await administrator.sends(f"{address}/enable")
    assert page.told == "The account is enabled."


async def test_the_last_administrator_stays(administrator: Colleague, team_site: TeamSite) -> None:
    with team_site.store.reading() as seen:
        own = seen.accounts.listed()[0]
    page = await administrator.opens(f"/team/people/{own.account_id}")
    assert "This is your own account." in page.main
    assert f"/team/people/{own.account_id}/disable" not in page.forms()
    page = await administrator.sends(f"/team/people/{own.account_id}", role="manager")
    assert page.status == 422
    assert "another role" in page.problems[0]


async def test_changing_people_takes_a_proof(administrator: Colleague, team_site: TeamSite) -> None:
    await administrator.opens("/team/people/new")
    team_site.passes(minutes=10)
    page = await administrator.sends("/team/people/new", name="Jo", email="jo@c.example", role="auditor")
    assert page.heading == "Prove that it is you"
    with team_site.store.reading() as seen:
        assert len(seen.accounts.listed()) == 1


async def test_a_new_link_takes_the_place_of_the_one_before(administrator: Colleague, team_site: TeamSite) -> None:
    first = await makes(administrator)
    with team_site.store.reading() as seen:
        account = seen.accounts.find("jo@council.example")
    assert account is not None
    address = f"/team/people/{account.account_id}"
    await administrator.opens(address)
    page = await administrator.sends(f"{address}/link")
    assert page.heading == "Give them this new link"
    newcomer = team_site.arrives()
    assert (await newcomer.opens(first)).heading == "This link does not work any more"
