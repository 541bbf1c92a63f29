"""Signing in with a council's own account, page by page."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import httpx
import pytest

from bot.openid import OpenId
from bot.roles import Role
from tests.council import CLIENT, SECRET, Council, council_at_work
from tests.team.colleague import Colleague
from tests.team.conftest import TeamSite

BACK = "/team/sign-in/council/back"


@pytest.fixture
async def council(team_site: TeamSite) -> AsyncIterator[Council]:
    # The council's side has its own clock, which is that of the machine.
    team_site.now = datetime.now(UTC)
    async with council_at_work() as council:
        back = f"http://site.example{BACK}"
        team_site.desk.gate.openid = OpenId(council.issuer, CLIENT, back, "your council account", SECRET)
        yield council


async def goes_and_signs_in(colleague: Colleague, path: str = "/team/sign-in/council") -> str:
    """Go to the council's side, and give where it sends somebody back to."""
    gone = await colleague.client.get(path)
    assert gone.status_code == 303
    async with httpx.AsyncClient() as browser:
        address = (await browser.get(gone.headers["Location"])).headers["Location"]
    return f"{BACK}?{urlsplit(address).query}"


async def test_somebody_with_an_account_here_comes_in_by_their_council_account(
    team_site: TeamSite, council: Council
) -> None:
    team_site.account(Role.AUDITOR, email="asha@council.example")
    colleague = team_site.arrives()
    page = await colleague.opens("/team/sign-in")
    assert "Sign in with your council account" in page.main
    back = await goes_and_signs_in(colleague)
    page = await colleague.opens(back)
    assert page.heading == "You are nearly in"
    brought, state = council.code_and_state(f"http://site.example{back}")
    await colleague.sends(BACK, brought=brought, state=state)
    page = await colleague.opens("/team/account")
    assert "asha@council.example" in page.main


async def test_nobody_comes_in_whom_no_administrator_knows(team_site: TeamSite, council: Council) -> None:
    colleague = team_site.arrives()
    back = await goes_and_signs_in(colleague)
    await colleague.opens(back)
    brought, state = council.code_and_state(f"http://site.example{back}")
    page = await colleague.sends(BACK, brought=brought, state=state)
    assert page.status == 422
    assert "nobody has made an account for you here" in page.problems[0]


async def test_another_browser_is_not_let_in_by_what_somebody_brought(team_site: TeamSite, council: Council) -> None:
    team_site.account(Role.AUDITOR, email="asha@council.example")
    back = await goes_and_signs_in(team_site.arrives())
    other = team_site.arrives()
    await other.opens(back)
    brought, state = council.code_and_state(f"http://site.example{back}")
    assert (await other.sends(BACK, brought=brought, state=state)).status == 422


async def test_without_council_accounts_nothing_of_them_is_shown(team_site: TeamSite) -> None:
    colleague = team_site.arrives()
    page = await colleague.opens("/team/sign-in")
    assert "council account" not in page.main
    for path in ("/team/sign-in/council", BACK, f"{BACK}?code=x&state=y"):
        page = await colleague.opens(path)
        assert page.status == 422
