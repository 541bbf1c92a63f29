"""What nobody comes to know by a roundabout way: by a list, a count, a page beside, or an address that is odd."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.conversation import Speaker
from bot.enquiry import enquiry_outcomes
from bot.flags import FlagKind
from bot.reviewing.noticing import Notices
from bot.roles import Role
from bot.store import AuditAct
from tests.recording import Recorded
from tests.team import held
from tests.team.colleague import Colleague
from tests.team.conftest import WISH, TeamSite

SignsIn = Callable[..., Colleague]

FACE = "Please sit where I can see your face"
"""How the person likes to talk, in their words."""


async def opens(colleague: Colleague, enquiry_id: str) -> None:
    """Open an enquiry from its cover."""
    await colleague.opens(f"/team/enquiries/{enquiry_id}")
    await colleague.sends(f"/team/enquiries/{enquiry_id}/open")


async def test_lists_tell_an_advocate_only_of_what_they_may_read(team_site: TeamSite, signed_in: SignsIn) -> None:
    team_id = team_site.team()
    advocate = signed_in(Role.ADVOCATE, name="Ada", email="ada@c.example")
    reader = signed_in(Role.PRACTITIONER, team_id, name="Rhys Reader", email="rhys@c.example")
    enquiry_id = team_site.enquiry(team_id, allocated=[advocate.account_id])
    told = await team_site.conversation(enquiry_id, is_safe="not_safe")
    await team_site.conversation(enquiry_id, finished=False)
    own = await team_site.conversation(enquiry_id, speaker=Speaker.ADVOCATE)
    for conversation_id in (told, own):
        await reader.opens(f"/team/conversations/{conversation_id}")
        await reader.sends(f"/team/conversations/{conversation_id}/open")
        await reader.sends(f"/team/conversations/{conversation_id}/review")
    lists = ("", "?flagged=yes", "?review=being_read", "?review=unfinished", "?review=waiting")
    for address in ("/team/work", *(f"/team/work/conversations{query}" for query in lists)):
        page = await advocate.opens(address)
        said = page.main.removeprefix("Conversations Stage Any")
        assert f"/team/conversations/{own}/open" in page.forms(), address
        assert f"/team/conversations/{told}/open" not in page.forms(), address
        assert "the person Finished" not in said, address
        assert not {"Rhys Reader", "flag", "not finished"} & {
            word for word in ("Rhys Reader", "flag", "not finished") if word in said
        }, address
    page = await advocate.opens("/team/enquiries")
    assert "1 conversation " in page.main
    assert "flag" not in page.main
    assert "to read" not in page.main


async def test_what_is_restricted_is_opened_again_by_whoever_has_it_open(
    team_site: TeamSite, signed_in: SignsIn
) -> None:
    team_id = team_site.team()
    manager = signed_in(Role.MANAGER, team_id, name="Mo Manager", email="mo@c.example")
    reader = signed_in(Role.PRACTITIONER, team_id, name="Rhys Reader", email="rhys@c.example")
    enquiry_id = team_site.enquiry(team_id, allocated=[reader.account_id])
    conversation_id = await team_site.conversation(enquiry_id)
    for colleague in (manager, reader):
        await opens(colleague, enquiry_id)
        await colleague.opens(f"/team/conversations/{conversation_id}")
        await colleague.sends(f"/team/conversations/{conversation_id}/open")
        assert WISH in colleague.page.source
    team_site.passes(minutes=10)
    for colleague in (manager, reader):
        assert WISH in (await colleague.opens(f"/team/conversations/{conversation_id}")).source
    await manager.opens(f"/team/enquiries/{enquiry_id}/people")
    await manager.sends(f"/team/enquiries/{enquiry_id}/people", do="restrict")
    assert WISH not in (await reader.opens(f"/team/conversations/{conversation_id}")).source
    await reader.sends(f"/team/conversations/{conversation_id}/open")
    assert WISH not in reader.page.source, "it takes a proof first"
    assert WISH in (await manager.opens(f"/team/conversations/{conversation_id}")).source


async def test_no_list_holds_what_a_manager_cannot_open(team_site: TeamSite, signed_in: SignsIn) -> None:
    north, south = team_site.team("North"), team_site.team("South")
    manager = signed_in(Role.MANAGER, north)
    enquiry_id = team_site.enquiry(south, reference="SOUTH-1", allocated=[manager.account_id])
    await team_site.conversation(enquiry_id, is_safe="not_safe")
    assert (await manager.client.get(f"/team/enquiries/{enquiry_id}")).status_code == 404
    for address in ("/team/work", "/team/work/conversations", "/team/enquiries?which=all", "/team/enquiries?mine=yes"):
        page = await manager.opens(address)
        assert "SOUTH-1" not in page.source, address
        assert "1 flag" not in page.main, address
    await manager.opens("/team/search")
    assert WISH not in (await manager.sends("/team/search", typed="sister")).source


@pytest.mark.parametrize("beside", ["people", "invite"])
async def test_what_somebody_needs_is_told_once_the_enquiry_is_open(
    team_site: TeamSite, signed_in: SignsIn, beside: str
) -> None:
    team_id = team_site.team()
    enquiry_id = team_site.enquiry(team_id)
    held.holds(team_site.store, enquiry_id)
    manager = signed_in(Role.MANAGER, team_id)
    page = await manager.opens(f"/team/enquiries/{enquiry_id}/{beside}")
    assert FACE not in page.source
    assert page.address == f"/team/enquiries/{enquiry_id}"
    await manager.sends(f"/team/enquiries/{enquiry_id}/open")
    page = await manager.opens(f"/team/enquiries/{enquiry_id}/{beside}")
    assert FACE in page.quotations


async def test_of_whom_a_search_shows_words_is_recorded(team_site: TeamSite, signed_in: SignsIn) -> None:
    team_id = team_site.team()
    enquiry_id = team_site.enquiry(team_id)
    conversation_id = await team_site.conversation(enquiry_id)
    manager = signed_in(Role.MANAGER, team_id, name="Mina Manager")
    await manager.opens("/team/search")
    await manager.sends("/team/search", typed="nobody said this")
    await manager.sends("/team/search", typed="sister")
    with team_site.store.reading() as seen:
        found = seen.audit.search(enquiry_id=enquiry_id)
    assert [(one.act, one.conversation_id, one.about) for one in found] == [(AuditAct.SEARCHED, conversation_id, "")]
    page = await manager.opens(f"/team/enquiries/{enquiry_id}/readers")
    assert "Mina Manager" in page.main
    assert "Was shown words of a conversation that a search found" in page.main


async def test_a_flag_in_how_it_was_reaches_those_who_find_it(team_site: TeamSite, signed_in: SignsIn) -> None:
    team_id = team_site.team()
    leading = team_site.account(Role.MANAGER, team_id, name="Lee", email="lee@c.example")
    team_site.account(Role.PRACTITIONER, team_id, name="Oli", email="oli@c.example")
    enquiry_id = team_site.enquiry(team_id, allocated=[leading])
    told: list[str] = []
    notices = Notices(team_site.store, told.append, team_site.now - timedelta(minutes=1))
    how_it_was = held.tells_how_it_was(team_site.store, enquiry_id, "Nobody rang me back")
    with team_site.store.begin() as kept:
        kept.flags.raise_flag(how_it_was.conversation_id, FlagKind.TOLD_WHAT_HAPPENED, 2, team_site.now)
    notices.look(team_site.now)
    assert "oli@c.example" in told
    colleague = team_site.signs_in(leading)
    await opens(colleague, enquiry_id)
    page = await colleague.opens(f"/team/enquiries/{enquiry_id}/checklist")
    assert how_it_was.conversation_id not in page.source


async def test_no_enquiry_is_opened_for_a_team_that_was_closed(team_site: TeamSite, signed_in: SignsIn) -> None:
    team_site.team("Duty")
    north, south = team_site.team("North"), team_site.team("South")
    colleague = signed_in(Role.PRACTITIONER, north, south)
    await colleague.opens("/team/enquiries/new")
    with team_site.store.begin() as kept:
        kept.teams.close(north, team_site.now)
    page = await colleague.sends("/team/enquiries/new", reference="SA/2026/5", team=north)
    assert page.problems == ["This team was closed. Choose another one."]
    with team_site.store.reading() as seen:
        assert seen.enquiries.find("SA/2026/5") is None


async def test_odd_addresses_are_answered(team_site: TeamSite, signed_in: SignsIn) -> None:
    team_id = team_site.team()
    enquiry_id = team_site.enquiry(team_id)
    manager = signed_in(Role.MANAGER, team_id)
    await opens(manager, enquiry_id)
    for number in ("9" * 5000, "9" * 30, "0", "-1", "two"):
        for address in (f"record/{number}", f"records/capacity/{number}"):
            answer = await manager.client.get(f"/team/enquiries/{enquiry_id}/{address}")
            assert answer.status_code == 404, address[:40]
    for query in ("since=0001-01-01&until=9999-12-31", "since=x&until=-", "who=%00&act=%27&before=-1"):
        assert (await manager.opens(f"/team/audit?{query}")).status == 200


async def test_paper_has_nothing_that_a_practitioner_noted_for_themselves(
    team_site: TeamSite, signed_in: SignsIn
) -> None:
    team_id = team_site.team()
    told = Recorded(team_site.store, enquiry_id=team_site.enquiry(team_id))
    told.is_asked("worries", says="The bills")
    told.notes("Seemed afraid.", told.turns[-2])
    held.ends(team_site.store, told)
    colleague = signed_in(Role.PRACTITIONER, team_id)
    await colleague.opens(f"/team/conversations/{told.conversation_id}")
    page = await colleague.sends(f"/team/conversations/{told.conversation_id}/open")
    (note,) = (one for one in page.root.iter("div") if "work-private" in (one.get("class") or "").split())
    assert "Seemed afraid." in "".join(note.itertext())


async def test_nothing_is_put_beside_what_cannot_be_read_yet(team_site: TeamSite, signed_in: SignsIn) -> None:
    team_id = team_site.team()
    enquiry_id = team_site.enquiry(team_id)
    conversation_id = await team_site.conversation(enquiry_id, finished=False)
    with team_site.store.reading() as seen:
        (outcome,) = enquiry_outcomes(seen.told_in(enquiry_id))
    colleague = signed_in(Role.PRACTITIONER, team_id)
    await opens(colleague, enquiry_id)
    mark = colleague.page.forms()["/team/sign-out"]["form"][0]
    for named in (outcome.outcome_id, f"{conversation_id[:8]}_9999"):
        answer = await colleague.post(
            f"/team/enquiries/{enquiry_id}/outcomes/{named}", f"form={mark}&theme=none_of_these&latest=0".encode()
        )
        assert answer.status_code == 404, named
