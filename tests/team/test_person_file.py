"""A person's own file: looked through by a manager, with what is left out marked, and every word as it was said."""

import io
import json
from collections.abc import Callable

import docx
import pytest

from bot.conversation import Stage, State
from bot.roles import Role
from bot.store import AuditAct, EntryKind
from tests.team.colleague import Colleague, check_answer
from tests.team.conftest import WISH, TeamSite
from tests.team.test_export_pages import proves

NOTE = "Her brother rang. <i>He</i> was angry."
FELT = "Tired. <b>Not</b> sleeping.\n\n  And cross."


@pytest.fixture
def north(team_site: TeamSite) -> str:
    return team_site.team("North", duty=True)


@pytest.fixture
async def enquiry_id(team_site: TeamSite, north: str) -> str:
    made = team_site.enquiry(north, "SAB/17")
    conversation_id = await team_site.conversation(made)
    await team_site.conversation(made, finished=False)
    writer = team_site.account(Role.PRACTITIONER, north, name="Di Wilson")
    with team_site.store.begin() as kept:
        kept.entries.add(
            kind=EntryKind.NOTE,
            what="note",
            account_id=writer,
            now=team_site.now,
            conversation_id=conversation_id,
            turn=2,
            words={"note": NOTE},
        )
        kept.entries.add(
            kind=EntryKind.RECORD,
            what="risk",
            account_id=writer,
            now=team_site.now,
            enquiry_id=made,
            choices={"result": ("risk_removed",)},
        )
    return made


async def opens(site: TeamSite, somebody: Colleague, enquiry_id: str) -> str:
    here = f"/team/enquiries/{enquiry_id}/person-file"
    proves(site, somebody)
    page = await somebody.opens(here)
    assert WISH not in page.source
    page = await somebody.sends(f"{here}/open")
    assert page.heading == "The person’s own file"
    return here


async def test_a_manager_looks_through_it_first_and_that_is_recorded(
    team_site: TeamSite, signed_in: Callable[..., Colleague], north: str, enquiry_id: str
) -> None:
    manager = signed_in(Role.MANAGER, north)
    await opens(team_site, manager, enquiry_id)
    assert WISH in manager.page.quotations
    assert FELT in manager.page.quotations
    assert NOTE not in manager.page.quotations
    assert NOTE in manager.page.main
    assert "1 conversation is not in it" in manager.page.main
    with team_site.store.reading() as seen:
        (read,) = seen.audit.search(acts={AuditAct.READ_CONVERSATION})
    assert (read.account_id, read.about) == (manager.account_id, "person_file")


async def test_the_file_has_every_word_the_times_and_who_read_it(
    team_site: TeamSite, signed_in: Callable[..., Colleague], north: str, enquiry_id: str
) -> None:
    manager = signed_in(Role.MANAGER, north, name="Ama Owusu")
    here = await opens(team_site, manager, enquiry_id)
    response = await manager.posts(here, written="json")
    check_answer(response)
    assert response.headers["content-disposition"] == 'attachment; filename="notes.json"'
    found = response.json()
    said = [one for section in found["sections"] for part in section["parts"] for one in part["said"]]
    words = [one["words"] for one in said]
    assert {WISH, FELT, NOTE} <= set(words)
    assert all(one["at"] and one["by"] for one in said)
    assert ["risk removed"] in [one["chosen"] for one in said]
    assert [(one["who"], one["what"]) for one in found["read_by"]] == [("Ama Owusu", "read a conversation")]
    assert found["left_out"] == {"parts": 0, "reason": ""}
    await manager.opens(here)
    response = await manager.posts(here, written="docx")
    paragraphs = [one.text for one in docx.Document(io.BytesIO(response.content)).paragraphs]
    assert {WISH, FELT, NOTE} <= set(paragraphs)
    with team_site.store.reading() as seen:
        acts = [one.about for one in seen.audit.search(acts={AuditAct.EXPORTED})]
    assert acts == ["person_file.docx", "person_file.json"]


async def test_what_is_left_out_is_marked_with_a_reason_and_is_nowhere_in_the_file(
    team_site: TeamSite, signed_in: Callable[..., Colleague], north: str, enquiry_id: str
) -> None:
    manager = signed_in(Role.MANAGER, north)
    here = await opens(team_site, manager, enquiry_id)
    with team_site.store.reading() as seen:
        (note,) = seen.entries.of_enquiry(enquiry_id, EntryKind.NOTE)
    gone = f"entry.{note.number}"
    page = await manager.sends(here, written="json", out=[gone, "none.of.ours"], reason=" ")
    assert page.problems == ["Say why something is left out: the file says that it was."]
    for form in ("json", "docx"):
        await manager.opens(here)
        response = await manager.posts(here, written=form, out=[gone], reason="It is about somebody else.")
        if form == "json":
            text = response.text
            assert response.json()["left_out"] == {"parts": 1, "reason": "It is about somebody else."}
        else:
            text = "\n".join(one.text for one in docx.Document(io.BytesIO(response.content)).paragraphs)
            assert "[Something was left out here.]" in text
            assert "It is about somebody else." in text
        assert "angry" not in text
        assert json.dumps(WISH)[1:-1] in text
    with team_site.store.reading() as seen:
        kept = seen.entries.of_enquiry(enquiry_id, EntryKind.COPY)
    assert [one.choices for one in kept] == [{"left_out": (gone,)}] * 2


async def test_what_is_left_out_is_read_back_by_no_question_either(
    team_site: TeamSite, signed_in: Callable[..., Colleague], north: str, enquiry_id: str
) -> None:
    manager = signed_in(Role.MANAGER, north)
    here = await opens(team_site, manager, enquiry_id)
    whole = (await manager.posts(here, written="json")).json()
    parts = [part for section in whole["sections"] for part in section["parts"]]
    assert [part["asked"] for part in parts if f"“{WISH}”" in part["asked"]], "one question reads it back"
    with team_site.store.reading() as seen:
        first = next(one for one in seen.conversations.listed(enquiry_id=enquiry_id) if one.state is State.FINISHED)
        turns = seen.conversations.turns(first.conversation_id)
    (asked,) = {turn.answers for turn in turns if turn.words == WISH}
    await manager.opens(here)
    response = await manager.posts(here, written="json", out=[f"{first.conversation_id}.{asked}"], reason="Her sister.")
    assert json.dumps(WISH)[1:-1] not in response.text
    assert "“[left out]”" in json.dumps(response.json(), ensure_ascii=False)
    assert json.dumps(FELT)[1:-1] in response.text


async def test_it_takes_a_proof_and_a_manager_of_the_team(
    team_site: TeamSite, signed_in: Callable[..., Colleague], north: str, enquiry_id: str
) -> None:
    here = f"/team/enquiries/{enquiry_id}/person-file"
    manager = signed_in(Role.MANAGER, north)
    await opens(team_site, manager, enquiry_id)
    team_site.passes(minutes=6)
    response = await manager.posts(here, written="json")
    assert "Prove that it is you" in response.text
    for role in (Role.PRACTITIONER, Role.AUDITOR, Role.ADMINISTRATOR):
        somebody = signed_in(role, north) if role is Role.PRACTITIONER else signed_in(role)
        assert (await somebody.opens(here)).status == 404


async def test_how_it_was_for_them_is_not_in_what_somebody_makes_who_led(
    team_site: TeamSite, signed_in: Callable[..., Colleague], north: str, enquiry_id: str
) -> None:
    await team_site.conversation(enquiry_id, stage=Stage.EXPERIENCE)
    led, other = signed_in(Role.MANAGER, north), signed_in(Role.MANAGER, north)
    with team_site.store.begin() as kept:
        kept.allocations.allocate(enquiry_id, led.account_id, None, team_site.now)
    for manager, there in ((led, False), (other, True)):
        here = await opens(team_site, manager, enquiry_id)
        response = await manager.posts(here, written="json")
        assert ("They asked me first." in response.text) is there
