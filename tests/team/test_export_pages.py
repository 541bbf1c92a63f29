"""An enquiry taken out by a manager: with a proof, recorded, and under a name that tells nothing."""

import json
from collections.abc import Callable

from fhirclient.models.bundle import Bundle

from bot import signing_in
from bot.conversation import Stage
from bot.roles import Role
from bot.store import AuditAct
from tests.signing import PASSWORD
from tests.team.colleague import Colleague, check_answer
from tests.team.conftest import WISH, TeamSite
from tests.team.test_signing import code_of, secret_on

EXPERIENCE = "They asked me first."


def proves(site: TeamSite, somebody: Colleague) -> None:
    """Have somebody have proved just now who they are."""
    with site.store.begin() as kept:
        kept.sessions.proven(signing_in.hash_of(somebody.client.cookies["team"]), site.now)


async def opens(somebody: Colleague, enquiry_id: str) -> str:
    """Open an enquiry and come to its export page."""
    here = f"/team/enquiries/{enquiry_id}"
    await somebody.opens(here)
    page = await somebody.sends(f"{here}/open")
    assert f"{here}/export" in page.links
    page = await somebody.opens(f"{here}/export")
    assert page.heading == "Export for another system"
    return f"{here}/export"


async def test_a_manager_takes_an_enquiry_out_and_it_is_recorded(
    team_site: TeamSite, signed_in: Callable[..., Colleague]
) -> None:
    north = team_site.team(duty=True)
    enquiry_id = team_site.enquiry(north)
    await team_site.conversation(enquiry_id)
    await team_site.conversation(enquiry_id, stage=Stage.EXPERIENCE)
    manager = signed_in(Role.MANAGER, north)
    action = await opens(manager, enquiry_id)
    proves(team_site, manager)
    for written, name, media in (
        ("fhir", "notes.json", "application/fhir+json"),
        ("jsonl", "notes.jsonl", "application/jsonl"),
    ):
        response = await manager.posts(action, written=written)
        check_answer(response)
        assert response.status_code == 200
        assert response.headers["content-type"].split(";")[0] == media
        assert response.headers["content-disposition"] == f'attachment; filename="{name}"'
        found = [json.loads(line) for line in response.text.splitlines()] if written == "jsonl" else response.json()
        if written == "fhir":
            Bundle(found)
        said = json.dumps(found)
        assert json.dumps(WISH)[1:-1] in said
        assert EXPERIENCE in said
    with team_site.store.reading() as seen:
        rows = seen.audit.search(acts=(AuditAct.EXPORTED,), at_most=5)
    assert [(one.about, one.account_id, one.enquiry_id) for one in rows] == [
        ("jsonl", manager.account_id, enquiry_id),
        ("fhir", manager.account_id, enquiry_id),
    ]


async def test_whoever_led_it_gets_no_word_of_how_it_was_for_people(
    team_site: TeamSite, signed_in: Callable[..., Colleague]
) -> None:
    north = team_site.team(duty=True)
    manager = signed_in(Role.MANAGER, north)
    enquiry_id = team_site.enquiry(north, allocated=[manager.account_id])
    await team_site.conversation(enquiry_id)
    await team_site.conversation(enquiry_id, stage=Stage.EXPERIENCE)
    action = await opens(manager, enquiry_id)
    proves(team_site, manager)
    assert "1 more is not in it" in manager.page.main
    for written in ("fhir", "jsonl"):
        response = await manager.posts(action, written=written)
        assert json.dumps(WISH)[1:-1] in response.text
        assert EXPERIENCE not in response.text
        assert "experience" not in response.text


async def test_it_takes_a_proof_and_then_the_file_comes_by_itself(team_site: TeamSite) -> None:
    north = team_site.team(duty=True)
    enquiry_id = team_site.enquiry(north)
    await team_site.conversation(enquiry_id)
    team_site.account(Role.MANAGER, north, email="asha@council.example")
    manager = team_site.arrives()
    link = f"/team/link/{signing_in.reset_link(team_site.store, 'asha@council.example', team_site.now)}"
    await manager.opens(link)
    told = secret_on(manager)
    code = code_of(told, team_site)
    await manager.sends(link, password=PASSWORD, password_again=PASSWORD, code=code)
    action = await opens(manager, enquiry_id)
    team_site.passes(minutes=6)
    page = await manager.sends(action, written="fhir")
    assert page.heading == "Prove that it is you"
    assert WISH not in page.source
    with team_site.store.reading() as seen:
        assert not seen.audit.search(acts=(AuditAct.EXPORTED,), at_most=5)
    response = await manager.posts("/team/prove", password=PASSWORD, code=code_of(told, team_site))
    check_answer(response)
    assert response.headers["content-disposition"] == 'attachment; filename="notes.json"'
    Bundle(response.json())
    with team_site.store.reading() as seen:
        assert len(seen.audit.search(acts=(AuditAct.EXPORTED,), at_most=5)) == 1


async def test_a_file_that_there_is_not_is_missing(team_site: TeamSite, signed_in: Callable[..., Colleague]) -> None:
    north = team_site.team(duty=True)
    enquiry_id = team_site.enquiry(north)
    manager = signed_in(Role.MANAGER, north)
    action = await opens(manager, enquiry_id)
    proves(team_site, manager)
    assert (await manager.posts(action, written="spreadsheet")).status_code == 404
