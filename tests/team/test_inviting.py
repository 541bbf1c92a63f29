"""Inviting somebody: only where it is safe, the code once, nothing but an address in the QR code."""

import re
from collections.abc import Callable

from bot import enquiring
from bot.conversation import Speaker, Stage
from bot.roles import Role
from bot.store import AuditAct, Invitation
from tests.team.colleague import Colleague, TeamPage
from tests.team.conftest import TeamSite
from tests.web.visiting import text

SignsIn = Callable[..., Colleague]

GOOD = {"stage": "first", "speaker": "person", "safe": "yes", "how": "by letter to her sister"}


def code_on(page: TeamPage) -> str:
    """The code that a page shows."""
    return " ".join(text(one) for one in page.root.iter("span") if one.get("class") == "app-code__group")


def invitations(site: TeamSite, enquiry_id: str) -> tuple[Invitation, ...]:
    with site.store.reading() as seen:
        return seen.invitations.of(enquiry_id)


async def opens(colleague: Colleague, enquiry_id: str) -> None:
    """Open an enquiry from its cover."""
    await colleague.opens(f"/team/enquiries/{enquiry_id}")
    await colleague.sends(f"/team/enquiries/{enquiry_id}/open")


async def test_an_invitation_is_made_and_its_code_shown_once(team_site: TeamSite, signed_in: SignsIn) -> None:
    team_id = team_site.team()
    enquiry_id = team_site.enquiry(team_id, reference="SA/2026/17")
    here = f"/team/enquiries/{enquiry_id}"
    colleague = signed_in(Role.PRACTITIONER, team_id)
    await opens(colleague, enquiry_id)
    form = await colleague.opens(here + "/invite")
    page = await colleague.sends(here + "/invite", **GOOD, days="7")
    assert page.heading == "The invitation is made"
    code = code_on(page)
    assert len(re.sub(r"\D", "", code)) == 22
    assert "http://site.example/invited" in page.main
    assert "SA/2026/17" not in page.source
    (made,) = invitations(team_site, enquiry_id)
    assert (made.stage, made.speaker, made.contact) == (Stage.FIRST, Speaker.PERSON, "yes, by letter to her sister")
    found = await enquiring.accept(team_site.door, code, "192.0.2.7", team_site.now)
    assert found is not None
    assert found.invitation_id == made.invitation_id

    colleague.page = form
    again = await colleague.sends(here + "/invite", **GOOD, days="7")
    assert code_on(again) == "", "the same page sent twice makes one invitation"
    assert len(invitations(team_site, enquiry_id)) == 1
    with team_site.store.reading() as seen:
        told = [one.about for one in seen.audit.search(acts=[AuditAct.CHANGED])]
    assert told == ["invited.first.person"]


async def test_nobody_is_invited_where_it_is_not_safe(team_site: TeamSite, signed_in: SignsIn) -> None:
    team_id = team_site.team()
    enquiry_id = team_site.enquiry(team_id)
    here = f"/team/enquiries/{enquiry_id}/invite"
    colleague = signed_in(Role.PRACTITIONER, team_id)
    await opens(colleague, enquiry_id)
    await colleague.opens(here)
    page = await colleague.sends(here, days="0", how="<b>")
    assert page.status == 422
    assert page.problems == [
        "Choose which conversation it is for.",
        "Choose who will speak.",
        "Say whether it is safe to get in touch with them.",
        "Give a number of days from 1 to 90.",
    ]
    assert page.boxes["how"] == "<b>"
    page = await colleague.sends(here, **GOOD | {"safe": "no"}, days="7")
    assert page.problems[0].startswith("Nobody is invited where it is not safe")
    page = await colleague.sends(here, **GOOD | {"how": "  "}, days="7")
    assert page.problems == ["Say how it is safe, such as: by letter to her sister."]
    assert invitations(team_site, enquiry_id) == ()


async def test_an_invitation_that_nobody_used_is_withdrawn(team_site: TeamSite, signed_in: SignsIn) -> None:
    team_id = team_site.team()
    enquiry_id, other = team_site.enquiry(team_id), team_site.enquiry(team_id)
    here = f"/team/enquiries/{enquiry_id}"
    colleague = signed_in(Role.MANAGER, team_id)
    await opens(colleague, enquiry_id)
    await colleague.opens(here + "/invite")
    code = code_on(await colleague.sends(here + "/invite", **GOOD, days="7"))
    (made,) = invitations(team_site, enquiry_id)
    await colleague.opens(here)
    assert "not used yet, good until" in colleague.page.main
    action = f"{here}/invitations/{made.invitation_id}/withdraw"
    body = f"form={colleague.page.forms()[action]['form'][0]}".encode()
    elsewhere = await colleague.post(f"/team/enquiries/{other}/invitations/{made.invitation_id}/withdraw", body)
    assert elsewhere.status_code == 404
    await colleague.sends(action)
    assert "withdrawn on" in colleague.page.main
    assert action not in colleague.page.forms()
    assert await enquiring.accept(team_site.door, code, "192.0.2.7", team_site.now) is None


async def test_to_a_closed_enquiry_people_are_invited_only_to_say_how_it_was(
    team_site: TeamSite, signed_in: SignsIn
) -> None:
    team_id = team_site.team()
    enquiry_id = team_site.enquiry(team_id)
    with team_site.store.begin() as kept:
        kept.enquiries.close(enquiry_id, team_site.now)
    here = f"/team/enquiries/{enquiry_id}/invite"
    colleague = signed_in(Role.MANAGER, team_id)
    await opens(colleague, enquiry_id)
    await colleague.opens(here)
    await colleague.sends(here, **GOOD, days="7")
    assert colleague.page.problems == [
        "This enquiry is closed: people can only say how it was for them. A manager can open it again."
    ]
    await colleague.sends(here, **GOOD | {"stage": "experience"}, days="7")
    assert colleague.page.heading == "The invitation is made"
