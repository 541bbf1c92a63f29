"""A code that somebody else may have is ended by the team, and the person is never locked out for it."""

from collections.abc import Callable

import pytest

from bot import returning
from bot.conversation import Stage
from bot.reviewing import leading
from bot.roles import Actor, NotAllowed, Role
from bot.store import AuditAct, Disguise
from bot.store.verifying import verify
from tests.team.colleague import Colleague
from tests.team.conftest import TeamSite


@pytest.fixture
def north(team_site: TeamSite) -> str:
    return team_site.team("North", duty=True)


async def comes_back(site: TeamSite, code: str) -> str | None:
    return await returning.come_back(site.door, code, "192.0.2.1", site.now)


async def test_an_ended_code_opens_nothing_and_nobody_stays_in(
    team_site: TeamSite, signed_in: Callable[..., Colleague], north: str
) -> None:
    enquiry_id = team_site.enquiry(north)
    conversation_id = await team_site.conversation(enquiry_id, finished=False)
    code = await returning.make_code(team_site.door, conversation_id, Disguise.WORDS, team_site.now)
    visit = await returning.open_visit(team_site.door, conversation_id, 30, team_site.now)
    assert await comes_back(team_site, code) == conversation_id
    ama = signed_in(Role.PRACTITIONER, north, name="Ama")
    here, page_of_it = f"/team/conversations/{conversation_id}/code", f"/team/enquiries/{enquiry_id}"
    await ama.opens(page_of_it)
    page = await ama.sends(f"{page_of_it}/open")
    assert here in page.links
    page = await ama.opens(here)
    assert page.heading == "The code to come back"
    assert code not in page.source
    page = await ama.sends(here)
    assert page.told.startswith("The code has ended.")
    assert "There is no code to come back to this conversation." in page.main
    assert await comes_back(team_site, code) is None
    assert await returning.visited(team_site.door, visit, team_site.now) is None
    with team_site.store.reading() as seen:
        (told,) = seen.audit.search(acts={AuditAct.CHANGED}, conversation_id=conversation_id)
        assert (told.about, told.enquiry_id) == ("code.ended", enquiry_id)
        assert seen.conversations.turns(conversation_id)
    # Who comes to it some other way may have a new one.
    again = await returning.make_code(team_site.door, conversation_id, Disguise.NUMBERS, team_site.now)
    assert await comes_back(team_site, again) == conversation_id
    assert verify(team_site.store) == []


async def test_whoever_led_an_enquiry_is_not_told_of_the_code_of_how_it_was(team_site: TeamSite, north: str) -> None:
    led = Actor(team_site.account(Role.PRACTITIONER, north), Role.PRACTITIONER, frozenset({north}))
    enquiry_id = team_site.enquiry(north, allocated=[led.account_id])
    conversation_id = await team_site.conversation(enquiry_id, stage=Stage.EXPERIENCE, finished=False)
    for verb in (
        lambda: leading.way_back(team_site.store, led, conversation_id),
        lambda: leading.end_code(team_site.store, led, conversation_id, team_site.now),
    ):
        with pytest.raises(NotAllowed):
            verb()
