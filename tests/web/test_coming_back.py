"""Visits that end, codes that bring a person back, and pages that tell nobody anything."""

from collections.abc import Callable

import pytest

from bot.codes import canonical, shown
from bot.conversation import Kind, Speaker
from tests.web.conftest import Site
from tests.web.visiting import Page, Person


def code_on(page: Page) -> str:
    return " ".join(page.root.find(".//p[@class='app-code']").itertext())


async def with_a_code(person: Person, disguise: str = "words") -> str:
    await person.begins()
    await person.says("I feel tired")
    await person.presses("take_a_break")
    page = await person.presses(f"make_code:{disguise}")
    assert page.heading == "This is your code"
    code = code_on(page)
    page = await person.presses("confirm_code", typed=code)
    assert page.heading == "Take all the time you need"
    return code


@pytest.mark.parametrize("disguise", ["words", "numbers"])
async def test_a_code_brings_a_person_back_to_where_they_were(
    arrives: Callable[[], Person], site: Site, disguise: str
) -> None:
    code = await with_a_code(arrives(), disguise)
    later = arrives()
    page = await later.sends("/come-back", code=f"  {code.upper().replace(' ', ' - ')} ", minutes="120")
    assert page.heading == "Are you somewhere private now?"
    assert "tired" not in page.source
    assert (await later.says_it_is_safe()).heading == "What about matters?"


async def test_who_comes_with_a_code_that_the_team_ended_is_told_what_may_have_become_of_it(
    arrives: Callable[[], Person], site: Site
) -> None:
    here = arrives()
    code = await with_a_code(here)
    with site.room.store.begin() as kept:
        (one,) = kept.conversations.listed()
        kept.codes.end_all(one.conversation_id, site.now)
        kept.visits.end_all(one.conversation_id, site.now)
    page = await arrives().sends("/come-back", code=code, minutes="30")
    assert page.status == 422
    assert "Your words are kept all the same. Your team can end a code" in page.says
    assert "tired" not in (await here.opens("/conversation")).source


async def test_a_code_is_shown_once_and_typed_once_to_go_on(person: Person, site: Site) -> None:
    await person.begins()
    await person.presses("take_a_break")
    page = await person.presses("make_code:numbers")
    code = code_on(page)
    page = await person.presses("confirm_code", typed="01234 567 890")
    assert page.status == 422
    assert page.title == "Error: Notes"
    assert code_on(page) == code
    page = await person.presses("confirm_code", typed=code)
    assert "Use the code you have." in page.says
    assert shown(canonical(code, site.door.code_words))[0] not in page.source


async def test_a_person_may_go_on_without_typing_the_code(person: Person) -> None:
    await person.begins()
    await person.presses("take_a_break")
    await person.presses("make_code:words")
    assert (await person.presses("no_code")).heading == "Take all the time you need"


async def test_a_wrong_code_says_the_same_whatever_is_wrong_with_it(arrives: Callable[[], Person], site: Site) -> None:
    code = await with_a_code(arrives())
    stranger = arrives()
    pages = [
        (await stranger.sends("/come-back", code=typed, minutes="30")).source.replace(typed, "")
        for typed in ("nobody", "12345678901234567890", " ".join(reversed(code.split())))
    ]
    assert len(set(pages)) == 1
    assert stranger.page.status == 422
    assert "visit" not in stranger.client.cookies


async def test_a_visit_ends_when_nothing_was_sent_for_as_long_as_was_chosen(person: Person, site: Site) -> None:
    await person.begins(minutes="120")
    site.passes(minutes=119)
    assert (await person.opens("/conversation")).heading == "What about feelings?"
    await person.presses("why")
    site.passes(minutes=119)
    assert (await person.opens("/conversation")).heading == "What about feelings?"
    site.passes(minutes=2)
    assert (await person.opens("/conversation")).heading == "This page is closed"


async def test_no_visit_a_dead_one_and_a_made_up_one_get_the_same_page(person: Person) -> None:
    never = await person.client.get("/conversation")
    await person.begins()
    ended = person.client.cookies["visit"]
    await person.client.get("/leave")
    person.client.cookies.set("visit", ended)
    dead = await person.client.get("/conversation")
    person.client.cookies.set("visit", "made-up")
    made_up = await person.client.get("/conversation")
    for answer in (never, dead, made_up):
        assert (answer.status_code, answer.content) == (200, never.content)
        assert {**answer.headers} == {**never.headers}


async def test_words_sent_after_the_visit_ended_are_kept_and_nothing_is_shown(
    arrives: Callable[[], Person], site: Site
) -> None:
    person = arrives()
    code = await with_a_code(person)
    await person.comes_back()
    site.passes(minutes=31)
    page = await person.says("My cat")
    assert page.heading == "What you said is kept"
    assert "tired" not in page.source
    assert "cat" not in page.source
    page = await person.sends("/come-back", code=code, minutes="30")
    assert "cat" not in page.source
    page = await person.says_it_is_safe()
    assert page.heading == "What about more?"
    assert page.quotations == ["I feel tired", "My cat"]


async def test_the_source_of_a_page_adds_an_answer_and_then_notes_without_a_visit_and_reads_nothing(
    arrives: Callable[[], Person], site: Site
) -> None:
    person, stranger = arrives(), arrives()
    step = (await person.begins()).hidden()["step"]
    with site.room.store.reading() as seen:
        (one,) = seen.conversations.listed()
    for words in ("I feel tired", "My cat", "Nobody comes", "My cat"):
        page = await stranger.sends("/conversation", step=step, do="answer", words=words)
        assert page.heading == "What you said is kept"
        assert page.quotations == []
        assert not any(said in page.source for said in ("tired", "cat", "Nobody"))
    with site.room.store.reading() as seen:
        turns = seen.conversations.turns(one.conversation_id)
    assert [(turn.kind, turn.words) for turn in turns if turn.speaker is Speaker.PERSON] == [
        (Kind.WORDS, "I feel tired"),
        (Kind.NOTE, "My cat"),
        (Kind.NOTE, "Nobody comes"),
    ]


async def test_what_was_typed_is_a_draft_when_a_button_is_pressed_after_the_visit_ended(
    arrives: Callable[[], Person], site: Site
) -> None:
    person = arrives()
    code = await with_a_code(person)
    await person.comes_back()
    site.passes(minutes=31)
    await person.presses("why", words="My cat, and")
    await person.sends("/come-back", code=code, minutes="30")
    assert (await person.says_it_is_safe()).box == "My cat, and"


async def test_after_a_day_a_page_can_add_nothing_and_its_words_are_handed_back(person: Person, site: Site) -> None:
    await person.begins()
    site.passes(days=2)
    page = await person.sends("/conversation", step="too-old", do="answer", words="My cat")
    assert page.heading == "We could not keep that"
    assert page.quotations == ["My cat"]


async def test_without_a_visit_a_button_alone_does_nothing(person: Person, site: Site) -> None:
    await person.begins()
    await person.says("I feel tired")
    site.passes(minutes=31)
    for do in ("take_back:2", "change:2", "stop", "go_on", "make_code:words", "take_a_break"):
        assert (await person.presses(do, words="")).heading == "This page is closed"


async def test_a_visit_is_a_new_secret_each_time_and_its_cookie_is_guarded(person: Person) -> None:
    page = await person.opens("/")
    cookies = []
    for _ in range(2):
        response = await person.post("/", b"minutes=30")
        cookies.append(response.headers["set-cookie"])
    assert page.status == 200
    assert cookies[0] != cookies[1]
    for cookie in cookies:
        name, *attributes = [part.strip() for part in cookie.split(";")]
        assert len(name.partition("=")[2]) >= 43
        assert {attribute.lower() for attribute in attributes} == {"httponly", "path=/", "samesite=strict"}
