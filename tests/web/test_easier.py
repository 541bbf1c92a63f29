"""Make this easier to use: chosen on one page, remembered with the conversation and nowhere else."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Colours, Preferences, TextSize
from bot.web.easier import fields, query, read
from tests.web.conftest import Site
from tests.web.visiting import Page, Person

ALL = {"size": "160", "colours": "yellow_on_black", "pictures": "no", "simpler": "yes", "one": "yes", "aloud": "yes"}


def looks(page: Page) -> dict[str, str]:
    """How the page is to look, as the style sheet reads it."""
    names = ("data-size", "data-colours", "data-pictures")
    return {name: page.root.get(name) for name in names if page.root.get(name) is not None}


def chosen(page: Page) -> dict[str, str]:
    """What is chosen on the page that makes things easier."""
    ticked = [field for field in page.root.iter("input") if field.get("checked") is not None]
    return {field.get("name", ""): field.get("value", "") for field in ticked}


@given(
    st.builds(
        Preferences,
        text_size=st.sampled_from(TextSize),
        colours=st.sampled_from(Colours),
        pictures=st.booleans(),
        simpler=st.booleans(),
        one_at_a_time=st.booleans(),
        read_aloud=st.booleans(),
    )
)
def test_what_is_chosen_comes_through_a_form_and_an_address(preferences: Preferences) -> None:
    sent = dict(fields(preferences))
    assert read(lambda name: sent.get(name, "")) == preferences
    assert (query(preferences) == "") == (preferences == Preferences())


def test_what_is_not_on_offer_is_as_it_always_is() -> None:
    assert read(lambda name: "<b>") == Preferences()


async def test_what_is_chosen_is_remembered_with_the_conversation(person: Person) -> None:
    await person.begins()
    page = await person.opens("/easier")
    assert (page.heading, looks(page)) == ("Make this easier to use", {})
    page = await person.sends("/easier", **ALL, back="/")
    assert page.heading == "Put otherwise?"
    assert looks(page) == {"data-size": "160", "data-colours": "yellow_on_black", "data-pictures": "off"}
    assert "Read this aloud" in page.says
    page = await person.says("I feel tired")
    assert looks(page)["data-size"] == "160"
    assert chosen(await person.opens("/easier")) == ALL
    page = await person.sends("/easier", size="100", colours="standard")
    assert looks(page) == {}


async def test_nothing_of_the_conversation_is_on_that_page(person: Person) -> None:
    await person.begins()
    await person.says("I feel tired")
    assert "tired" not in (await person.opens("/easier")).source


async def test_what_was_typed_is_still_there_afterwards(person: Person) -> None:
    await person.begins()
    page = await person.presses("easier", words="My cat, and\n  ")
    assert page.heading == "Make this easier to use"
    assert (await person.sends("/easier", size="125")).box == "My cat, and\n  "
    assert (await person.opens("/conversation")).box == "My cat, and\n  "


async def test_words_typed_under_a_question_answered_elsewhere_are_not_lost(person: Person) -> None:
    await person.begins()
    earlier = person.page
    await person.says("I feel tired")
    page = await person.sends("/conversation", **earlier.hidden(), do="easier", words="I feel sad")
    assert page.heading == "This question has its answer"
    assert page.quotations == ["I feel sad"]


async def test_pages_that_only_tell_something_are_as_easy_too(person: Person) -> None:
    await person.begins()
    earlier = person.page
    await person.sends("/easier", colours="cream")
    await person.says("I feel tired")
    said = {"do": "answer", "words": "I feel sad"}
    pages = [
        await person.sends("/conversation", **earlier.hidden(), **said),
        await person.sends("/conversation", step="made up", **said),
        await person.opens("/licences"),
    ]
    assert [looks(page) for page in pages] == [{"data-colours": "cream"}] * 3


async def test_a_code_comes_back_to_pages_that_are_as_easy(arrives: Callable[[], Person]) -> None:
    person = arrives()
    await person.begins()
    await person.sends("/easier", colours="cream")
    await person.presses("take_a_break")
    page = await person.presses("make_code:numbers")
    code = " ".join(page.root.find(".//p[@class='app-code']").itertext())
    later = arrives()
    assert looks(await later.opens("/come-back")) == {}
    assert looks(await later.sends("/come-back", code=code, minutes="30")) == {"data-colours": "cream"}


@pytest.mark.parametrize("address", ["/", "/private", "/come-back", "/invited", "/welcome/practitioner"])
async def test_without_a_conversation_it_stands_in_the_address_and_nowhere_else(person: Person, address: str) -> None:
    page = await person.opens(address)
    way = next(link for link in page.links if link.startswith("/easier"))
    page = await person.opens(way)
    page = await person.sends("/easier", **page.hidden(), size="125", colours="cream")
    assert looks(page) == {"data-size": "125", "data-colours": "cream"}
    assert not person.client.cookies
    assert looks(await person.opens(address)) == {}


async def test_what_was_chosen_before_the_conversation_begins_with_it(person: Person, site: Site) -> None:
    page = await person.opens("/?size=125&pictures=no")
    page = await person.sends("/", **page.hidden(), speaker="person", minutes="30")
    assert page.heading == "What about feelings?"
    assert looks(page) == {"data-size": "125", "data-pictures": "off"}


async def test_it_leads_back_to_pages_of_ours_alone(person: Person) -> None:
    for back in ("https://elsewhere.example/", "//elsewhere.example", "/conversation", "/paper/first/person"):
        assert (await person.sends("/easier", back=back)).heading == "We want to hear what you want."
