"""The dialogue engine hangs: words are kept all the same, and the conversation goes on when it is back."""

from playwright.sync_api import expect

from tests.browser.conftest import Arrives
from tests.browser.trouble import held_up
from tests.browser.visitor import Script, heading_of
from tests.house import House


def test_with_script_the_next_question_comes_by_itself(arrives: Arrives, house: House) -> None:
    person = arrives(Script.ON).begins().chooses("yes").chooses("nobody").chooses("yes").skips("do_not_know")
    with held_up(house):
        person.says("In the morning")
        assert person.heading == "Your words are kept."
        # The heading says it already.
        assert (person.focus, person.status) == ("h1", "")
        person.goes_to("#so-far summary").page.keyboard.press("Enter")
        with person.page.expect_response("**/conversation"):
            pass
        # Asking again changes nothing on the page while there is nothing new.
        assert person.focus == "summary"
        expect(person.page.get_by_text("In the morning")).to_be_visible()
    expect(person.page.locator("h1")).to_have_text(heading_of("know_more"))
    assert (person.focus, person.status) == ("h1", "Saved.")


def test_without_script_one_button_brings_the_next_question(arrives: Arrives, house: House) -> None:
    person = arrives(Script.OFF).begins().chooses("yes").chooses("nobody").chooses("yes").skips("do_not_know")
    with held_up(house):
        person.says("In the morning")
        assert person.heading == "Your words are kept."
        assert [do for do in person.buttons if not do.startswith("change:")] == ["easier", "go_on"]
        assert person.presses("go_on").heading == "Your words are kept."
    while person.heading == "Your words are kept.":
        person.presses("go_on")
    assert person.heading == heading_of("know_more")
