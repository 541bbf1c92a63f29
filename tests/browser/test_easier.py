"""The way to make pages easier stands above each question, and neither takes a key nor loses a word."""

from playwright.sync_api import expect

from tests.browser.visitor import Visitor, heading_of


def test_the_return_key_answers_and_does_not_lead_away(person: Visitor) -> None:
    person.begins()
    person.page.locator("input[value=yes]").check(force=True)
    person.page.keyboard.press("Enter")
    expect(person.page.locator("h1")).to_have_text(heading_of("company"))


def test_the_return_key_says_that_a_code_was_written_down(person: Visitor) -> None:
    person.begins().presses("take_a_break")
    person.presses("make_code:numbers")
    code = " ".join(person.page.locator(".app-code__group").all_inner_texts())
    person.page.locator("#typed").fill(code)
    person.page.keyboard.press("Enter")
    expect(person.page.get_by_text("Use the code you have.")).to_be_visible()


def test_what_was_typed_is_there_when_the_person_comes_back_from_making_it_easier(person: Visitor) -> None:
    person.begins().chooses("yes").chooses("nobody").chooses("yes").skips("do_not_know")
    person.page.locator("#words").fill("In the morning, and\n  quietly")
    person.page.get_by_role("button", name="Make this easier to use").click()
    person.page.locator("#size-160").check(force=True)
    person.page.get_by_role("button", name="Use these").click()
    expect(person.page.locator("#words")).to_have_value("In the morning, and\n  quietly")
    expect(person.page.locator("html")).to_have_attribute("data-size", "160")
