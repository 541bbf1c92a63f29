"""The doors: who is speaking, invitations, and what comes from paper."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from bot.conversation import Speaker, Stage
from bot.enquiring import Invited, close, invite, open_enquiry, withdraw
from bot.interview import SPEAKERS
from bot.store import Conversation, Disguise, Origin
from bot.web.app import create_app
from tests.web.conftest import NOON, Site
from tests.web.visiting import Page, Person

CONTACT = "yes, by letter to her sister"
NO_SUCH = "We could not find that code. Please look at it and try again."


async def invited(site: Site, **given: object) -> Invited:
    """An invitation to an enquiry that is open."""
    with site.room.store.reading() as seen:
        is_there = seen.enquiries.find("A 12") is not None
    if not is_there:
        open_enquiry(site.room.store, "A 12", NOON)
    told = {"stage": Stage.CHECK_IN, "speaker": Speaker.PERSON, **given}
    return await invite(site.door, "A 12", contact=CONTACT, now=site.now, **told)  # type: ignore[arg-type]


async def takes(person: Person, code: str) -> Page:
    """Type the code of an invitation."""
    await person.opens("/invited")
    return await person.sends("/invited", code=code)


async def begins_invited(person: Person, **fields: str) -> Page:
    """Begin what the invitation is for."""
    return await person.sends("/invited", **person.page.hidden(), minutes="30", **fields)


def conversations(site: Site) -> tuple[Conversation, ...]:
    with site.room.store.reading() as seen:
        return tuple(seen.conversations.listed())


# --- who is speaking -------------------------------------------------------------------------------------------------


async def test_the_first_page_asks_who_is_speaking_and_a_person_just_begins(person: Person, site: Site) -> None:
    page = await person.opens("/")
    speakers = [field.get("value") for field in page.root.iter("input") if field.get("name") == "speaker"]
    assert speakers == list(SPEAKERS)
    assert (await person.sends("/", speaker="person", minutes="30")).heading == "What about feelings?"
    (begun,) = conversations(site)
    assert (begun.speaker, begun.stage, begun.origin, begun.enquiry_id) == ("person", "first", "page", None)


@pytest.mark.parametrize("speaker", [Speaker.ADVOCATE, Speaker.PRACTITIONER])
async def test_whoever_else_speaks_reads_their_own_welcome_first(person: Person, site: Site, speaker: Speaker) -> None:
    page = await person.sends("/", speaker=speaker, minutes="120")
    assert page.heading == site.room.interview.response("utter_welcome", speaker).wording
    assert conversations(site) == ()
    await person.sends(f"/welcome/{speaker}", **page.hidden(), minutes="120")
    assert [one.speaker for one in conversations(site)] == [speaker]


async def test_nobody_else_can_be_speaking(person: Person, site: Site) -> None:
    assert (await person.opens("/welcome/bot")).status == 404
    assert (await person.opens("/welcome/person")).status == 404
    assert (await person.sends("/welcome/bot", minutes="30")).status == 404
    assert conversations(site) == ()
    for made_up in ("bot", "neighbour"):
        page = await person.sends("/", speaker=made_up, minutes="30")
        assert (page.status, page.heading) == (400, "We could not read that")
    assert conversations(site) == ()


@pytest.mark.parametrize("address", ["/", "/welcome/advocate", "/welcome/practitioner"])
async def test_pressing_begin_twice_begins_once_and_the_page_shows_nothing_of_what_was_said_since(
    arrives: Callable[[], Person], site: Site, address: str
) -> None:
    person, other = arrives(), arrives()
    welcome = (await person.opens(address)).hidden()
    pages = await asyncio.gather(*(one.sends(address, **welcome, minutes="30") for one in (person, other)))
    assert pages[0].heading == pages[1].heading
    assert pages[0].heading.startswith("What about")
    assert len(conversations(site)) == 1
    await person.presses("easier", words="I am scared")
    page = await arrives().sends(address, **welcome, minutes="30")
    assert page.heading == "This page is closed"
    assert (await person.sends(address, **welcome, minutes="30")).box == "I am scared"
    assert len(conversations(site)) == 1


async def test_a_welcome_page_that_is_too_old_to_know_its_conversation_begins_one_nevertheless(
    person: Person, site: Site
) -> None:
    assert (await person.sends("/", begins="made up", minutes="30")).heading == "What about feelings?"
    assert len(conversations(site)) == 1


async def test_where_nobody_walks_in_the_first_page_tells_how_to_get_an_invitation(
    arrives: Callable[[], Person], site: Site
) -> None:
    settings = replace(site.settings, walk_in=False)
    site.app = create_app(site.room, site.door, site.steps, settings, now=lambda: site.now)
    person = arrives()
    for address in ("/", "/welcome/advocate"):
        page = await person.opens(address)
        assert page.heading == "You need an invitation to begin"
        assert {"/invited", "/come-back"} <= set(page.links)
        assert "01234 567 890" in page.says
        for speaker in SPEAKERS:
            assert (await person.sends(address, speaker=speaker, minutes="30")).status == 403
    assert conversations(site) == ()
    await takes(person, (await invited(site)).code)
    await begins_invited(person)
    assert len(conversations(site)) == 1


# --- invitations -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("disguise", Disguise)
@pytest.mark.parametrize("speaker", SPEAKERS)
async def test_an_invitation_leads_to_its_own_welcome_and_begins_its_own_conversation(
    person: Person, site: Site, speaker: Speaker, disguise: Disguise
) -> None:
    code = (await invited(site, stage=Stage.CLOSING, speaker=speaker, disguise=disguise)).code
    page = await takes(person, f"  {code.upper()} ")
    welcome = site.room.interview.response("utter_welcome", speaker, Stage.CLOSING)
    assert (page.status, page.heading) == (200, welcome.wording)
    assert code not in page.source
    assert conversations(site) == ()
    await begins_invited(person)
    (begun,) = conversations(site)
    assert (begun.speaker, begun.stage, begun.origin) == (speaker, Stage.CLOSING, Origin.PAGE)
    assert begun.enquiry_id is not None


async def test_an_invitation_that_cannot_be_used_gets_the_same_page_whatever_the_reason(
    arrives: Callable[[], Person], site: Site
) -> None:
    used = await invited(site)
    person = arrives()
    await takes(person, used.code)
    await begins_invited(person)
    site.passes(minutes=1)
    ended = await invited(site)
    withdraw(site.room.store, "A 12", 2, site.now)
    too_old = await invited(site, valid_days=1)
    site.passes(days=2)
    closed = await invited(site)
    close(site.room.store, "A 12", site.now)
    stranger = arrives()
    pages = []
    for code in ("nobody", used.code, ended.code, too_old.code, closed.code):
        page = await takes(stranger, code)
        assert page.status == 422
        assert NO_SUCH in page.says
        pages.append(page.source.replace(code, ""))
    assert len(set(pages)) == 1
    assert not stranger.client.cookies


async def test_wrong_invitations_are_counted_and_slow_down_like_wrong_codes(person: Person, site: Site) -> None:
    waited: list[float] = []

    async def note(seconds: float) -> None:
        waited.append(seconds)

    site.door.sleep = note
    for _ in range(10):
        await takes(person, "nobody")
    assert waited == []
    await takes(person, "nobody")
    await person.sends("/come-back", code="nobody", minutes="30")
    assert len(waited) == 2


async def test_beginning_twice_with_one_page_is_beginning_once(person: Person, site: Site) -> None:
    await takes(person, (await invited(site)).code)
    welcome = person.page
    first = await begins_invited(person)
    again = await person.sends("/invited", **welcome.hidden(), minutes="30")
    assert first.heading == again.heading
    assert len(conversations(site)) == 1


async def test_a_page_that_began_shows_nobody_what_was_half_typed_since(
    arrives: Callable[[], Person], site: Site
) -> None:
    invitation = await invited(site, stage=Stage.FIRST)
    first, other = arrives(), arrives()
    await takes(first, invitation.code)
    other.page = first.page
    await begins_invited(first)
    await first.presses("easier", words="I am scared")
    page = await begins_invited(other)
    assert page.heading == "This page is closed"
    assert "scared" not in (await other.opens("/conversation")).source
    assert (await first.opens("/conversation")).box == "I am scared"


async def test_a_link_opened_twice_begins_once_and_the_other_page_hears_so(
    arrives: Callable[[], Person], site: Site
) -> None:
    code = (await invited(site)).code
    one, other = arrives(), arrives()
    await takes(one, code)
    await takes(other, code)
    await begins_invited(one)
    page = await begins_invited(other)
    assert (page.status, NO_SUCH in page.says) == (422, True)
    assert len(conversations(site)) == 1


async def test_the_page_that_began_shows_nothing_of_what_was_said_since(
    arrives: Callable[[], Person], site: Site
) -> None:
    person = arrives()
    await takes(person, (await invited(site)).code)
    welcome = person.page.hidden()
    await begins_invited(person)
    await person.says("I feel tired")
    assert "What about" in (await person.sends("/invited", **welcome, minutes="30")).heading
    await person.client.get("/leave")
    for later in (person, arrives()):
        page = await later.sends("/invited", **welcome, minutes="30")
        assert page.heading == "This page is closed"
        assert (await later.opens("/conversation")).heading == "This page is closed"


@pytest.mark.parametrize("token", ["", "made-up", "WyJhIl0.aaaa.bbbb"])
async def test_a_token_that_was_made_up_begins_nothing(person: Person, site: Site, token: str) -> None:
    page = await person.sends("/invited", invitation=token, minutes="30")
    assert (page.status, NO_SUCH in page.says) == (422, True)
    assert conversations(site) == ()


async def test_a_step_of_a_conversation_begins_nothing(person: Person, site: Site) -> None:
    await person.begins()
    step = person.page.hidden()["step"]
    assert (await person.sends("/invited", invitation=step, minutes="30")).status == 422
    assert len(conversations(site)) == 1


async def test_a_later_conversation_of_the_same_speaker_is_as_easy_as_the_one_before(
    arrives: Callable[[], Person], site: Site
) -> None:
    first, second, advocate = arrives(), arrives(), arrives()
    await takes(first, (await invited(site, stage=Stage.FIRST)).code)
    await begins_invited(first)
    await first.sends("/easier", colours="cream")
    await takes(second, (await invited(site)).code)
    assert (await begins_invited(second)).root.get("data-colours") == "cream"
    await takes(advocate, (await invited(site, speaker=Speaker.ADVOCATE)).code)
    assert (await begins_invited(advocate)).root.get("data-colours") is None


# --- from paper ------------------------------------------------------------------------------------------------------


async def test_what_was_said_on_paper_is_marked_with_the_day_on_which_it_was_said(person: Person, site: Site) -> None:
    page = await takes(person, (await invited(site, origin=Origin.PAPER)).code)
    assert "This was said on paper before" in page.says
    days = {"said-day": "3", "said-month": "11", "said-year": "2025"}
    page = await begins_invited(person, **days)
    assert "From paper, said on 3 November 2025" in page.says
    (begun,) = conversations(site)
    assert (begun.origin, begun.said_on) == (Origin.PAPER, date(2025, 11, 3))


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (("", "", ""), "Write the day on which it was said."),
        (("31", "2", "2026"), "There is no such day."),
        (("3", "November", "2025"), "There is no such day."),
        (("3", "", "2025"), "There is no such day."),
        (("3", "11", "25"), "There is no such day."),
        (("٣", "11", "2025"), "There is no such day."),
        (("3", "3", "2026"), "This day is still to come."),
    ],
)
async def test_without_a_real_day_nothing_begins_and_what_was_typed_stays(
    person: Person, site: Site, days: tuple[str, str, str], told: str
) -> None:
    await takes(person, (await invited(site, origin=Origin.PAPER)).code)
    typed = dict(zip(("said-day", "said-month", "said-year"), days, strict=True))
    page = await begins_invited(person, **typed)
    assert (page.status, page.title) == (422, "Error: Notes")
    assert told in page.says
    assert conversations(site) == ()
    fields = {field.get("name"): field.get("value", "") for field in page.root.iter("input")}
    assert {name: fields[name] for name in typed} == typed
    days_ago = {"said-day": " 2 ", "said-month": "03", "said-year": "2026"}
    await begins_invited(person, **days_ago)
    assert [one.said_on for one in conversations(site)] == [date(2026, 3, 2)]


async def test_a_practitioner_without_an_invitation_can_put_in_what_is_on_paper(person: Person, site: Site) -> None:
    page = await person.opens("/welcome/practitioner")
    assert "/paper" in page.links
    page = await person.sends("/welcome/practitioner", minutes="30", from_paper="yes")
    assert page.status == 422
    days = {"said-day": "3", "said-month": "11", "said-year": "2025"}
    page = await person.sends("/welcome/practitioner", minutes="30", from_paper="yes", **days)
    assert "From paper, said on 3 November 2025" in page.says
    assert [(one.speaker, one.origin) for one in conversations(site)] == [("practitioner", "paper")]


async def test_nobody_else_is_asked_for_a_day(person: Person, site: Site) -> None:
    for speaker in ("person", "advocate"):
        address = "/" if speaker == "person" else f"/welcome/{speaker}"
        assert "on paper" not in (await person.opens(address)).says
        await person.sends(address, minutes="30", from_paper="yes", **{"said-day": "3"})
    assert {(one.origin, one.said_on) for one in conversations(site)} == {(Origin.PAGE, None)}
