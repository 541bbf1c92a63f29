"""How long things are kept, on pages: what is due, what managers decide, and forgetting by two of them."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from bot.roles import Role
from bot.store import Rule
from bot.store.verifying import verify
from tests.team.colleague import Colleague
from tests.team.conftest import WISH, TeamSite
from tests.team.test_export_pages import proves

WHY = "A court asked for <b>everything</b>."
REFERENCE = "SAB/17 Quillfeather"


@pytest.fixture
def north(team_site: TeamSite) -> str:
    return team_site.team("North", duty=True)


@pytest.fixture
async def enquiry_id(team_site: TeamSite, north: str) -> str:
    made = team_site.enquiry(north, REFERENCE)
    await team_site.conversation(made)
    return made


async def opens(somebody: Colleague, enquiry_id: str) -> str:
    """Open an enquiry, and follow its link to how long it is kept."""
    here = f"/team/enquiries/{enquiry_id}"
    await somebody.opens(here)
    page = await somebody.sends(f"{here}/open")
    assert f"{here}/keeping" in page.links
    page = await somebody.opens(f"{here}/keeping")
    assert page.heading == "How long this enquiry is kept"
    return f"{here}/keeping"


def nine_years_later(site: TeamSite, enquiry_id: str) -> None:
    with site.store.begin() as kept:
        kept.enquiries.close(enquiry_id, site.now)
    site.now += timedelta(days=9 * 366)


async def test_two_managers_forget_an_enquiry_whose_time_has_passed(
    team_site: TeamSite, signed_in: Callable[..., Colleague], north: str, enquiry_id: str
) -> None:
    nine_years_later(team_site, enquiry_id)
    ama, ben = signed_in(Role.MANAGER, north, name="Ama"), signed_in(Role.MANAGER, north, name="Ben")
    page = await ama.opens("/team/keeping")
    assert "Keeping" in page.navigation
    assert f"/team/enquiries/{enquiry_id}/keeping" in page.links
    assert "Nobody has decided yet" in page.main
    assert f"{REFERENCE}, finished on" in page.main
    here = await opens(ama, enquiry_id)
    page = await ama.opens(here)
    assert "That time has passed." in page.main
    page = await ama.sends(here, do="ask", reason="Its time has passed.")
    assert page.told == "You asked. Another manager has to do it."
    assert f"{here}/forget" not in page.forms()
    page = await ben.opens("/team/keeping")
    assert "Ama asked to have it forgotten" in page.main
    await opens(ben, enquiry_id)
    page = await ben.opens(here)
    assert "Its time has passed." in page.main
    assert "1 conversation" in page.main
    team_site.passes(minutes=6)
    page = await ben.sends(f"{here}/forget")
    assert page.heading == "Prove that it is you"
    proves(team_site, ben)
    page = await ben.opens(here)
    page = await ben.sends(f"{here}/forget")
    assert page.heading == "How long things are kept"
    assert page.told.startswith("It is forgotten for good.")
    assert REFERENCE not in page.source
    for path in (here, f"/team/enquiries/{enquiry_id}"):
        assert (await ben.opens(path)).status == 404
    with team_site.store.reading() as seen:
        assert seen.forgetting.listed()[0].rule is Rule.CLOSED
    assert verify(team_site.store) == []
    folder = team_site.path.parent
    assert all(WISH.encode() not in one.read_bytes() for one in folder.iterdir() if one.is_file())


async def test_a_manager_alone_forgets_nothing(
    team_site: TeamSite, signed_in: Callable[..., Colleague], north: str, enquiry_id: str
) -> None:
    ama = signed_in(Role.MANAGER, north)
    here = await opens(ama, enquiry_id)
    await ama.sends(here, do="ask", reason="By mistake.")
    assert f"{here}/forget" not in ama.page.forms()
    proves(team_site, ama)
    marks = {name: value[0] for name, value in ama.page.forms()[here].items() if name in {"form", "once"}}
    response = await ama.post(f"{here}/forget", urlencode(marks).encode())
    assert response.status_code == 422
    assert "You asked for it yourself. Another manager has to do it." in response.text
    with team_site.store.reading() as seen:
        assert seen.enquiries.get(enquiry_id).reference == REFERENCE


async def test_a_hold_is_put_on_seen_and_ended_and_nothing_typed_is_lost(
    team_site: TeamSite, signed_in: Callable[..., Colleague], north: str, enquiry_id: str
) -> None:
    nine_years_later(team_site, enquiry_id)
    ama = signed_in(Role.MANAGER, north)
    here = await opens(ama, enquiry_id)
    page = await ama.sends(here, do="hold", reason=" ")
    assert page.problems == ["Say why, in a few words."]
    page = await ama.sends(here, do=None, reason=WHY)
    assert page.problems == ["Choose what is to be done."]
    assert page.boxes["reason"] == WHY
    page = await ama.sends(here, do="keep_until", until="2001-01-01", reason=WHY)
    assert page.problems == ["Give a day that is still to come, such as 31 12 2030."]
    assert (page.boxes["reason"], page.boxes["until"]) == (WHY, "2001-01-01")
    page = await ama.sends(here, do="hold", reason=WHY)
    assert page.told == "It is on hold."
    assert "until a manager ends the hold" in page.main
    assert WHY in page.main
    assert f"/team/enquiries/{enquiry_id}/keeping" not in (await ama.opens("/team/keeping")).links
    await ama.opens(here)
    page = await ama.sends(here, do="lift_hold", reason="The court is done.")
    assert page.told == "The hold has ended."
    assert f"/team/enquiries/{enquiry_id}/keeping" in (await ama.opens("/team/keeping")).links


async def test_one_conversation_is_forgotten_and_the_dialogue_engine_forgets_it_too(
    team_site: TeamSite, signed_in: Callable[..., Colleague], north: str, enquiry_id: str
) -> None:
    conversation_id = await team_site.conversation(enquiry_id)
    ama, ben = signed_in(Role.MANAGER, north), signed_in(Role.MANAGER, north)
    here = f"/team/conversations/{conversation_id}/keeping"
    page = await ama.opens(await opens(ama, enquiry_id))
    assert here in page.links
    await ama.opens(here)
    page = await ama.sends(here, do="ask", reason="It was somebody else’s.")
    assert page.told == "You asked. Another manager has to do it."
    proves(team_site, ben)
    page = await ben.opens(here)
    assert "as its enquiry’s key stays" in page.main
    page = await ben.sends(f"{here}/forget")
    assert page.told.startswith("It is forgotten for good.")
    with team_site.store.reading() as seen:
        assert len(seen.conversations.listed(enquiry_id=enquiry_id)) == 1
    assert verify(team_site.store) == []


async def test_an_administrator_sees_numbers_and_no_enquiry(
    team_site: TeamSite, signed_in: Callable[..., Colleague], north: str, enquiry_id: str
) -> None:
    nine_years_later(team_site, enquiry_id)
    page = await signed_in(Role.ADMINISTRATOR).opens("/team/keeping")
    assert "Closed enquiries" in page.main
    assert "8 years" in page.main
    assert REFERENCE not in page.source
    assert enquiry_id not in page.source
