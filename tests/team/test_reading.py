"""Reading on the team's pages: as it was said, recorded first, and nothing of it ever changed."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from bot.conversation import Control
from bot.flags import FlagKind
from bot.roles import Role
from bot.signing_in import hash_of
from bot.store import AuditAct
from tests.recording import Recorded
from tests.store.filling import rows_below
from tests.team import held
from tests.team.colleague import Colleague, TeamPage, check_answer
from tests.team.conftest import TeamSite

SignsIn = Callable[..., Colleague]


async def opens(colleague: Colleague, conversation_id: str) -> None:
    """Open a conversation from its cover."""
    await colleague.opens(f"/team/conversations/{conversation_id}")
    await colleague.sends(f"/team/conversations/{conversation_id}/open")


async def opens_enquiry(colleague: Colleague, enquiry_id: str) -> None:
    await colleague.opens(f"/team/enquiries/{enquiry_id}")
    await colleague.sends(f"/team/enquiries/{enquiry_id}/open")


def reads(site: TeamSite, act: AuditAct) -> list[tuple[str | None, str | None]]:
    """Who read, and what."""
    with site.store.reading() as seen:
        return [(one.account_id, one.conversation_id) for one in seen.audit.search(acts=[act])]


async def test_words_are_shown_to_the_character_and_who_reads_is_recorded_first(
    team_site: TeamSite, signed_in: SignsIn
) -> None:
    team_id = team_site.team()
    enquiry_id = team_site.enquiry(team_id)
    words = "  I said <b>no</b>.\n\nAnd {{7*7}} \u202eright to left"
    conversation_id = await team_site.conversation(enquiry_id, says=words)
    colleague = signed_in(Role.PRACTITIONER, team_id)

    cover = await colleague.opens(f"/team/conversations/{conversation_id}")
    assert words not in cover.quotations
    assert "recorded who reads" in cover.main
    assert reads(team_site, AuditAct.READ_CONVERSATION) == []

    await colleague.sends(f"/team/conversations/{conversation_id}/open")
    assert words in colleague.page.quotations
    assert reads(team_site, AuditAct.READ_CONVERSATION) == [(colleague.account_id, conversation_id)]


async def test_a_transcript_folds_what_was_said_before_and_shows_nothing_that_was_taken_back(
    team_site: TeamSite, signed_in: SignsIn
) -> None:
    team_id = team_site.team()
    enquiry_id = team_site.enquiry(team_id)
    told = held.holds(team_site.store, enquiry_id)
    told.first.says_instead(told.flagged, "He took my money")
    colleague = signed_in(Role.MANAGER, team_id)
    await opens(colleague, told.first.conversation_id)
    page = colleague.page
    assert page.heading == "First conversation"
    assert held.TOOK in page.quotations
    assert "He took my money" in page.quotations
    assert "To be left alone" not in page.source
    assert "What it was is not shown" in page.source
    assert "They told something of what happened to them" in page.main
    assert "Hands were shaking." in page.main
    assert "Hands were shaking." not in page.quotations, "a practitioner's note is no words of the person's"
    assert "Tuesdays, when he is out" in page.quotations
    assert "How this person likes to talk" in page.main
    assert "Please sit where I can see your face" in page.quotations


async def test_a_question_reads_back_what_the_outcome_was_called_when_it_was_asked(
    team_site: TeamSite, signed_in: SignsIn
) -> None:
    team_id = team_site.team()
    told = held.holds(team_site.store, team_site.enquiry(team_id))
    colleague = signed_in(Role.PRACTITIONER, team_id)
    await opens(colleague, told.check_in.conversation_id)
    assert held.KEY in colleague.page.quotations
    assert held.FRONT_DOOR in colleague.page.quotations
    await opens(colleague, told.closing.conversation_id)
    assert held.FRONT_DOOR in colleague.page.quotations
    assert held.KEY not in colleague.page.quotations


async def test_until_a_conversation_is_done_only_what_a_flag_was_raised_at_can_be_read(
    team_site: TeamSite, signed_in: SignsIn
) -> None:
    team_id = team_site.team()
    enquiry_id = team_site.enquiry(team_id)
    told = Recorded(team_site.store, enquiry_id=enquiry_id)
    told.is_asked("feelings", says="Tired")
    worry = told.is_asked("worries", says="He is here now")
    colleague = signed_in(Role.PRACTITIONER, team_id)
    missing = await colleague.client.get(f"/team/conversations/{told.conversation_id}")
    assert missing.status_code == 404, "without a flag there is nothing to read yet"
    with team_site.store.begin() as kept:
        kept.flags.raise_flag(told.conversation_id, FlagKind.IN_DANGER_NOW, worry.number, team_site.now)
    await opens(colleague, told.conversation_id)
    assert "He is here now" in colleague.page.quotations
    assert "Tired" not in colleague.page.source
    assert reads(team_site, AuditAct.READ_FLAG) == [(colleague.account_id, told.conversation_id)]
    await colleague.opens(f"/team/conversations/{told.conversation_id}/flag?kind=in_danger_now&turn={worry.number}")
    await colleague.sends(f"/team/conversations/{told.conversation_id}/flag", words="Rang 999.\n  She is safe.")
    assert "Rang 999.\n  She is safe." in colleague.page.source
    assert "Tired" not in colleague.page.source

    held.ends(team_site.store, told)
    cover = await colleague.opens(f"/team/conversations/{told.conversation_id}")
    assert "Tired" not in cover.source, "what was opened was the flag, not the conversation"


async def test_reviewing_goes_from_waiting_over_a_question_to_reviewed(team_site: TeamSite, signed_in: SignsIn) -> None:
    team_id = team_site.team()
    conversation_id = await team_site.conversation(team_site.enquiry(team_id))
    here = f"/team/conversations/{conversation_id}"
    manager = signed_in(Role.MANAGER, team_id, name="Mina Hale", email="mina@c.example")
    practitioner = signed_in(Role.PRACTITIONER, team_id, name="Piotr Nowak", email="piotr@c.example")
    await opens(manager, conversation_id)
    assert "Review: waiting to be read" in manager.page.main
    await manager.sends(here + "/review")
    assert "Review: being read by Mina Hale" in manager.page.main

    await manager.opens(here + "/review?step=send_back")
    await manager.sends(here + "/review", words="")
    assert manager.page.problems == [
        "Write your question first: it goes to a colleague, who needs to know what you mean."
    ]
    await manager.sends(here + "/review", words="Was her son in the room?")
    assert "Review: sent back with a question" in manager.page.main

    await opens(practitioner, conversation_id)
    await practitioner.opens(here + "/review?step=answer")
    await practitioner.sends(here + "/review", words="No, she was alone.")
    assert "the question was answered" in practitioner.page.main
    await manager.opens(here)
    await manager.sends(here + "/review")
    found = manager.page.forms()[here + "/review"]
    assert "finish" in manager.page.source
    await manager.post(
        here + "/review",
        f"form={found['form'][0]}&once=x&step=finish&latest={found['latest'][0]}".encode(),
    )
    await manager.opens(here)
    assert "Review: reviewed by Mina Hale" in manager.page.main
    assert "Was her son in the room?" in manager.page.main
    with team_site.store.reading() as seen:
        told = [one.about for one in seen.audit.search(acts=[AuditAct.CHANGED])]
    assert told == [
        "review.reviewed",
        "review.being_read",
        "review.answered",
        "review.sent_back",
        "review.being_read",
    ]


async def test_of_two_reviewers_at_once_the_second_sees_the_first_and_chooses(
    team_site: TeamSite, signed_in: SignsIn
) -> None:
    team_id = team_site.team()
    conversation_id = await team_site.conversation(team_site.enquiry(team_id))
    here = f"/team/conversations/{conversation_id}"
    one = signed_in(Role.MANAGER, team_id, name="Mina Hale", email="mina@c.example")
    await opens(one, conversation_id)
    await one.sends(here + "/review")
    two = team_site.signs_in(one.account_id)
    await opens(two, conversation_id)
    await one.opens(here + "/review?step=send_back")
    await two.opens(here + "/review?step=send_back")
    await one.sends(here + "/review", words="Who was there?")
    page = await two.sends(here + "/review", words="How did she seem?\n\n  Afraid?")
    assert page.status == 409
    assert "Somebody was here before you" in page.main
    assert "Who was there?" in page.main
    assert page.boxes["words"] == "How did she seem?\n\n  Afraid?"
    again = await two.sends(here + "/review")
    assert again.problems == ["This has moved on since the page was made. Look at it as it is now, then choose again."]
    assert again.boxes["words"] == "How did she seem?\n\n  Afraid?"


async def test_pressing_twice_goes_one_step(team_site: TeamSite, signed_in: SignsIn) -> None:
    team_id = team_site.team()
    conversation_id = await team_site.conversation(team_site.enquiry(team_id))
    here = f"/team/conversations/{conversation_id}"
    colleague = signed_in(Role.PRACTITIONER, team_id)
    await opens(colleague, conversation_id)
    page = colleague.page
    await colleague.sends(here + "/review")
    colleague.page = page
    await colleague.sends(here + "/review")
    assert colleague.page.status == 200
    with team_site.store.reading() as seen:
        assert len(seen.entries.of_conversation(conversation_id)) == 1


async def test_a_note_stands_beside_its_turn_and_is_not_the_persons(team_site: TeamSite, signed_in: SignsIn) -> None:
    team_id = team_site.team()
    conversation_id = await team_site.conversation(team_site.enquiry(team_id))
    here = f"/team/conversations/{conversation_id}"
    colleague = signed_in(Role.PRACTITIONER, team_id, name="\u202eآشا")
    await opens(colleague, conversation_id)
    link = next(link for link in colleague.page.links if link.startswith(here + "/note?turn="))
    await colleague.opens(link)
    too_long = "x" * 20_001
    await colleague.sends(here + "/note", words=too_long)
    assert colleague.page.problems
    assert colleague.page.boxes["words"] == too_long
    await colleague.sends(here + "/note", words="\n  Ask again <i>soon</i>")
    assert "Note by" in colleague.page.main
    assert "Ask again <i>soon</i>" in colleague.page.main
    assert not any("Ask again" in words for words in colleague.page.quotations)
    await colleague.opens(here + "/note?turn=9999")
    assert colleague.page.status == 404


async def test_how_it_was_for_them_is_hidden_from_whoever_led(team_site: TeamSite, signed_in: SignsIn) -> None:
    team_id = team_site.team()
    leading = signed_in(Role.PRACTITIONER, team_id, name="Lee", email="lee@c.example")
    other = signed_in(Role.PRACTITIONER, team_id, name="Oli", email="oli@c.example")
    enquiry_id = team_site.enquiry(team_id, allocated=[leading.account_id])
    told = held.tells_how_it_was(team_site.store, enquiry_id, "Nobody rang me back")
    assert (await leading.client.get(f"/team/conversations/{told.conversation_id}")).status_code == 404
    await opens_enquiry(leading, enquiry_id)
    assert "How it was for them" not in leading.page.main
    await leading.opens("/team/work/conversations")
    assert "How it was for them" not in [text.strip() for text in leading.page.main.split("·")]
    await opens(other, told.conversation_id)
    assert "Nobody rang me back" in other.page.quotations


async def test_an_advocate_reads_what_was_shared_and_nothing_that_stands_beside_it(
    team_site: TeamSite, signed_in: SignsIn
) -> None:
    team_id = team_site.team()
    advocate = signed_in(Role.ADVOCATE, name="Ada", email="ada@c.example")
    enquiry_id = team_site.enquiry(team_id, allocated=[advocate.account_id])
    told = held.holds(team_site.store, enquiry_id)
    own = held.by_advocate(team_site.store, enquiry_id, "She wants to go home")
    await opens_enquiry(advocate, enquiry_id)
    page = advocate.page
    assert "She wants to go home" in page.quotations
    assert held.KEY not in page.source
    assert "Flag" not in page.main
    assert "Invitations" not in page.main
    assert (await advocate.client.get(f"/team/conversations/{told.first.conversation_id}")).status_code == 404
    await opens(advocate, own.conversation_id)
    assert "Review" not in advocate.page.main
    shared = Recorded(team_site.store, enquiry_id=enquiry_id)
    shared.is_asked("contact_times", says="Tuesdays")
    worry = shared.is_asked("worries", says="The bills")
    shared.notes("Seemed afraid.", shared.turns[-2])
    shared.presses(Control.SHARE)
    held.ends(team_site.store, shared)
    with team_site.store.begin() as kept:
        kept.flags.raise_flag(shared.conversation_id, FlagKind.TOLD_WHAT_HAPPENED, worry.number, team_site.now)
    await opens(advocate, shared.conversation_id)
    assert "The bills" in advocate.page.quotations
    assert "Tuesdays" not in advocate.page.source
    assert "Seemed afraid." not in advocate.page.source
    assert "Flag" not in advocate.page.main


async def test_two_conversations_are_read_side_by_side(team_site: TeamSite, signed_in: SignsIn) -> None:
    team_id = team_site.team()
    enquiry_id = team_site.enquiry(team_id)
    told = held.holds(team_site.store, enquiry_id)
    colleague = signed_in(Role.PRACTITIONER, team_id)
    first, check_in = told.first.conversation_id, told.check_in.conversation_id
    unopened = await colleague.client.get(f"/team/conversations/{first}/beside/{check_in}")
    assert unopened.status_code == 303
    await opens(colleague, first)
    forms = colleague.page.forms()
    assert f"/team/conversations/{first}/beside" in forms
    await colleague.sends(f"/team/conversations/{first}/beside", other=check_in)
    assert colleague.page.heading == "Side by side"
    assert {held.KEY, held.FRONT_DOOR, held.SISTER} <= set(colleague.page.quotations)
    assert len(reads(team_site, AuditAct.READ_CONVERSATION)) == 3
    elsewhere = await team_site.conversation(team_site.enquiry(team_id))
    await opens(colleague, elsewhere)
    apart = await colleague.client.get(f"/team/conversations/{first}/beside/{elsewhere}")
    assert apart.status_code == 303


async def test_an_enquiry_has_every_wording_and_verdict_of_what_is_wanted(
    team_site: TeamSite, signed_in: SignsIn
) -> None:
    team_id = team_site.team()
    enquiry_id = team_site.enquiry(team_id, reference="SA/2026/17")
    told = held.holds(team_site.store, enquiry_id)
    held.by_advocate(team_site.store, enquiry_id, "She wants to go home")
    colleague = signed_in(Role.PRACTITIONER, team_id)
    await opens_enquiry(colleague, enquiry_id)
    page = colleague.page
    assert {held.KEY, held.FRONT_DOOR, held.SISTER, "She wants to go home", "My room is safe now"} <= set(
        page.quotations
    )
    assert "I come and go as I like" in page.quotations
    assert "To be left alone" not in page.source
    assert "In the person's own voice" in page.main
    assert "In the advocate's voice" in page.main
    assert "Taken together, as proposed" in page.main
    assert "There is no official rule" in page.main
    assert "SA/2026/17" not in page.title
    await colleague.opens(f"/team/enquiries/{enquiry_id}/outcomes/{told.outcome}/beside")
    assert colleague.page.quotations[-2:] != colleague.page.quotations[-1:]
    assert {held.KEY, held.FRONT_DOOR} <= set(colleague.page.quotations)


async def test_themes_are_suggested_from_the_words_and_confirmed_by_a_person(
    team_site: TeamSite, signed_in: SignsIn
) -> None:
    team_id = team_site.team()
    enquiry_id = team_site.enquiry(team_id)
    told = held.holds(team_site.store, enquiry_id)
    here = f"/team/enquiries/{enquiry_id}/outcomes/{told.outcome}"
    colleague = signed_in(Role.PRACTITIONER, team_id)
    assert (await colleague.client.get(here)).status_code == 303, "the enquiry is opened first"
    await opens_enquiry(colleague, enquiry_id)
    page = await colleague.opens(here)
    assert "To stay in charge of what happens (from the words)" in page.main
    assert page.forms()[here].get("theme") is None, "nothing is chosen beforehand"
    await colleague.sends(here)
    assert colleague.page.problems
    await colleague.sends(here, theme=["control", "none_of_these"])
    assert "stands alone" in colleague.page.problems[0]
    await colleague.sends(here, theme=["control", "safer"], own="To have a key")
    assert "To stay in charge of what happens" in colleague.page.main
    assert "To have a key" in colleague.page.main
    other = signed_in(Role.MANAGER, team_id)
    await opens_enquiry(other, enquiry_id)
    await other.opens(here)
    await colleague.opens(here)
    await colleague.sends(here, theme=["choice"], own="")
    page = await other.sends(here, theme=["recover"], own="Her own door")
    assert page.status == 409
    assert "Somebody was here before you" in page.main
    assert page.boxes["own"] == "Her own door"
    await other.sends(here)
    assert "To have help to get better" in other.page.main
    with team_site.store.reading() as seen:
        assert len(seen.entries.of_enquiry(enquiry_id)) == 3


async def test_only_looking_writes_nothing(team_site: TeamSite, signed_in: SignsIn) -> None:
    team_id = team_site.team()
    enquiry_id = team_site.enquiry(team_id)
    told = held.holds(team_site.store, enquiry_id)
    colleague = signed_in(Role.MANAGER, team_id)
    await opens_enquiry(colleague, enquiry_id)
    await opens(colleague, told.first.conversation_id)
    before = _rows(team_site)
    links = {link for link in colleague.page.links if link.startswith("/team/conversations")}
    await colleague.opens(f"/team/enquiries/{enquiry_id}")
    links |= {link for link in colleague.page.links if link.startswith("/team/")}
    for link in sorted(
        links | {"/team/work", "/team/work/conversations", "/team/enquiries", "/team/search", "/team/audit"}
    ):
        await colleague.opens(link.partition("#")[0])
        assert colleague.page.status == 200, link
    assert _rows(team_site) == before


def _rows(site: TeamSite) -> dict[str, int]:
    """How many rows each table has, and the digest of them all."""
    return {str(name): hash(repr(rows)) for name, rows in rows_below(site.path).items()}


@pytest.mark.parametrize("form", ["note", "review"])
@pytest.mark.parametrize("words", ["", "w" * 100_000])
async def test_a_form_from_before_the_conversation_was_opened_says_what_is_wrong_with_it(
    team_site: TeamSite, signed_in: SignsIn, form: str, words: str
) -> None:
    team = team_site.team()
    conversation_id = await team_site.conversation(team_site.enquiry(team), is_safe="not_safe")
    colleague = signed_in(Role.PRACTITIONER, team)
    mark = team_site.desk.marks.form(hash_of(colleague.client.cookies["team"]))
    sent = {"form": mark, "once": "once", "turn": "2", "words": words, "step": "send_back"}
    response = await colleague.post(f"/team/conversations/{conversation_id}/{form}", urlencode(sent).encode())
    check_answer(response)
    assert response.status_code == 422
    assert TeamPage(response).problems
