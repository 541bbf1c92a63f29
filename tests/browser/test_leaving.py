"""Leaving quickly: out at once from every page, and nothing of it comes back."""

from collections.abc import Callable, Mapping

import pytest

from tests.browser.conftest import Arrives
from tests.browser.visitor import Script, Visitor

SECRET = "My sister knows."

SEES = """
() => new MutationObserver(() => see(document.title, getComputedStyle(document.body).display))
  .observe(document.documentElement, { attributeFilter: ["class"] })
"""


def to_the_first_page(person: Visitor) -> None:
    """Read, and do nothing."""
    person.opens("/").follows("/private")


def to_a_question(person: Visitor) -> None:
    """Write without sending it."""
    person.begins().chooses("yes").chooses("nobody").chooses("yes").skips("do_not_know").writes(SECRET)


def to_an_answer(person: Visitor) -> None:
    """Have it sent, and read back among what was said."""
    to_a_question(person)
    person.presses("answer")
    person.goes_to("#so-far summary").page.keyboard.press("Enter")


def to_an_error(person: Visitor) -> None:
    """Send nothing, and be told so."""
    person.begins().presses("answer")


def to_a_code(person: Visitor) -> None:
    """Have a code on the page."""
    person.begins().presses("take_a_break").presses("make_code:words")


def to_a_stop(person: Visitor) -> None:
    """Have stopped."""
    person.begins().presses("stop").chooses("stop_and_keep")


PLACES: Mapping[str, Callable[[Visitor], None]] = {
    "the first pages": to_the_first_page,
    "a question": to_a_question,
    "an answer": to_an_answer,
    "an error": to_an_error,
    "a code": to_a_code,
    "a stop": to_a_stop,
}


def everything_on(person: Visitor) -> str:
    """All that the page shows and holds."""
    boxes = person.page.locator("textarea, input").evaluate_all("all => all.map(one => one.value)")
    return "\n".join([person.page.content(), *boxes])


@pytest.mark.parametrize("place", PLACES)
def test_leaving_opens_another_site_and_back_shows_nothing(person: Visitor, elsewhere: str, place: str) -> None:
    person.page.goto(f"{elsewhere}before")
    PLACES[place](person)
    person.leaves()
    assert person.page.url == elsewhere
    assert person.page.evaluate("() => document.referrer") == ""
    if person.goes_back():
        if person.script is Script.ON:
            assert person.page.url == f"{elsewhere}before"
        elif place != "the first pages":
            assert person.heading == "This page is closed"
        assert SECRET not in everything_on(person)
    window = person.another_window().opens("/conversation")
    assert window.heading == "This page is closed"
    assert SECRET not in everything_on(window)


def test_the_shift_key_three_times_leaves_too(arrives: Arrives, elsewhere: str) -> None:
    person = arrives(Script.ON)
    to_a_question(person)
    with person.page.expect_request("**/left") as told:
        for _ in range(3):
            person.page.keyboard.press("Shift")
    person.page.wait_for_url(elsewhere)
    assert told.value.method == "POST"
    person.opens("/conversation")
    assert person.heading == "This page is closed"


def test_writing_capital_letters_does_not_leave(arrives: Arrives) -> None:
    person = arrives(Script.ON)
    to_a_question(person)
    for _ in range(4):
        person.page.keyboard.press("Shift+I")
    person.page.keyboard.press("Shift")
    person.page.keyboard.press("Shift")
    assert person.box == f"{SECRET}IIII"


def test_the_page_is_blank_before_the_other_site_is_asked(arrives: Arrives) -> None:
    person = arrives(Script.ON)
    to_a_question(person)
    seen: list[list[str]] = []
    person.page.expose_function("see", lambda *what: seen.append(list(what)))
    person.page.evaluate(SEES)
    person.leaves()
    assert seen == [["New tab", "none"]]


def test_a_window_that_stays_open_shows_nothing_any_more(person: Visitor) -> None:
    to_an_answer(person)
    window = person.another_window().opens("/conversation")
    person.leaves()
    window.page.reload()
    assert window.heading == "This page is closed"
    assert SECRET not in everything_on(window)
