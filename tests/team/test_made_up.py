"""Made-up data says what it is, on every page of the team."""

from collections.abc import Callable

from bot.roles import Role
from bot.steps import Steps
from bot.store import Purpose
from bot.web.app import create_app
from tests.team.colleague import Colleague
from tests.team.conftest import TeamSite

BAND = "Made-up data. Nobody said or did any of this."


async def test_every_page_says_that_it_is_made_up(team_site: TeamSite, signed_in: Callable[..., Colleague]) -> None:
    team_id = team_site.team()
    with team_site.store.begin() as kept:
        kept.council.mark_made_up(team_site.now)
    steps = Steps(team_site.store.derive(Purpose.STEP_TOKENS))
    team_site.app = create_app(team_site.room, team_site.door, steps, team_site.settings, now=lambda: team_site.now)
    manager = signed_in(Role.MANAGER, team_id)
    for path in ("/team/work", "/team/search", "/team/enquiries", "/team/account"):
        assert BAND in (await manager.opens(path)).says
    assert BAND in (await team_site.arrives().opens("/team/sign-in")).says


async def test_no_other_page_says_so(team_site: TeamSite, signed_in: Callable[..., Colleague]) -> None:
    manager = signed_in(Role.MANAGER, team_site.team())
    assert "Made-up" not in (await manager.opens("/team/work")).says
