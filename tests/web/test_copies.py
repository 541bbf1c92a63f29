"""The copy: for the person what they said, for the advocate what they passed on, and for nobody what is not theirs."""

import io
from collections.abc import Callable
from datetime import date

import docx
import pytest

from bot.conversation import Speaker
from bot.documents import MEDIA_TYPE, WORDS
from bot.store import Origin
from tests.web.conftest import Site
from tests.web.test_speakers import sits_down
from tests.web.visiting import Person

COPIES = ("/conversation/words", "/conversation/words.txt", "/conversation/words.docx")


async def goes_through(person: Person, site: Site, **beside: str) -> None:
    """Answer everything, and say that a copy is safe to have."""
    await person.says("I feel tired\n\n  and sad", **beside)
    await person.says("My cat", **beside)
    await person.chooses("no")
    await person.chooses("safe")
    await person.presses("choose:done")
    await person.chooses("yes")


async def saved_words(person: Person) -> list[str]:
    """A person's words as they stand in the document that was saved."""
    response = await person.client.get("/conversation/words.docx")
    assert response.headers["content-type"] == MEDIA_TYPE
    assert response.headers["content-disposition"] == 'attachment; filename="notes.docx"'
    return [one.text for one in docx.Document(io.BytesIO(response.content)).paragraphs if one.style.name == WORDS]


@pytest.fixture
def site_with_copies(site: Site) -> Site:
    site.dialogue.asks_about_a_copy = True
    return site


async def test_the_document_holds_the_words_as_they_were_said(person: Person, site_with_copies: Site) -> None:
    await person.begins()
    await goes_through(person, site_with_copies)
    assert {"/conversation/words.docx", "/conversation/words.txt"} <= set(person.page.links)
    assert await saved_words(person) == ["I feel tired\n\n  and sad", "My cat"]


async def test_where_a_copy_is_not_safe_there_is_none_of_any_kind(person: Person, site_with_copies: Site) -> None:
    await person.begins()
    await goes_through(person, site_with_copies)
    await person.presses("go_back")
    await person.chooses("no")
    for address in COPIES:
        response = await person.client.get(address)
        assert (response.status_code, response.headers.get("location")) == (303, "/conversation")
    assert not set(COPIES) & set(person.page.links)


async def test_who_stops_and_keeps_their_words_is_given_no_copy_of_any_kind(person: Person) -> None:
    await person.begins()
    await person.says("I feel tired")
    await person.presses("stop")
    page = await person.presses("choose:stop_and_keep")
    assert "Your words are kept" in page.heading
    for address in COPIES:
        response = await person.client.get(address)
        assert response.status_code == 303
        assert "tired" not in response.text


async def test_an_advocate_s_copy_is_what_they_passed_on_and_says_whose_words_it_is(
    person: Person, site_with_copies: Site
) -> None:
    await sits_down(person, site_with_copies, Speaker.ADVOCATE)
    await person.says("Robin Shah")
    await goes_through(person, site_with_copies, whose="understood")
    page = await person.opens("/conversation/words")
    assert page.heading == "What I passed on"
    assert page.says.count("What I saw or understood:") == 2
    assert "My words" not in page.source
    text = (await person.client.get("/conversation/words.txt")).text
    assert text.startswith("What I passed on\n")
    assert "What I saw or understood:\nMy cat\n" in text


async def test_on_a_copy_for_the_person_there_is_nothing_of_the_practitioner_s(
    person: Person, site_with_copies: Site
) -> None:
    await sits_down(person, site_with_copies, Speaker.PRACTITIONER)
    beside = {"note": "He looked at the door", "how": "through_an_interpreter", "original": "Jestem zmęczony"}
    await goes_through(person, site_with_copies, **beside)
    await person.says("They did not seem free to speak")
    for address in COPIES[:2]:
        copy = (await person.client.get(address)).text
        assert "tired" in copy
        assert "Jestem zmęczony" in copy
        assert "door" not in copy
        assert "free to speak" not in copy
    assert await saved_words(person) == ["Jestem zmęczony", "I feel tired\n\n  and sad", "Jestem zmęczony", "My cat"]


async def test_a_copy_from_paper_says_when_it_was_said(person: Person, site_with_copies: Site) -> None:
    begun = {"origin": Origin.PAPER, "said_on": date(2025, 11, 3)}
    await sits_down(person, site_with_copies, Speaker.PERSON, **begun)
    await goes_through(person, site_with_copies)
    assert "Said on 3 November 2025, on paper." in (await person.opens("/conversation/words")).says


async def test_the_page_of_the_copy_is_as_easy_as_the_others(person: Person, site_with_copies: Site) -> None:
    await person.begins()
    await goes_through(person, site_with_copies)
    await person.sends("/easier", colours="cream")
    assert (await person.opens("/conversation/words")).root.get("data-colours") == "cream"


async def test_without_the_visit_there_is_no_copy(arrives: Callable[[], Person], site_with_copies: Site) -> None:
    person, stranger = arrives(), arrives()
    await person.begins()
    await goes_through(person, site_with_copies)
    for address in COPIES:
        assert "This page is closed" in (await stranger.client.get(address)).text
