"""What somebody hears who does not see the page, and where the focus is: said once, by one of the two."""

from playwright.sync_api import expect

from bot.conversation import Speaker
from tests.browser.conftest import Arrives
from tests.browser.gate import program
from tests.browser.visitor import Purpose, Script, Visitor, heading_of

LISTENS = """
async () => {
  const { virtual } = await import("/__reader.js");
  window.reader = virtual;
  await virtual.start({ container: document.body });
}
"""
HEARS = """
async () => {
  const heard = await reader.spokenPhraseLog();
  await reader.clearSpokenPhraseLog();
  return heard;
}
"""


class Listener:
    """Somebody with a screen reader: a simulated one, which replaces neither a real one nor a person."""

    def __init__(self, person: Visitor) -> None:
        self.person = person
        reader = program("@guidepup/virtual-screen-reader/lib/esm/index.browser.js")
        person.context.route("**/__reader.js", lambda route: route.fulfill(body=reader, content_type="text/javascript"))

    def starts(self) -> None:
        """Begin to listen."""
        self.person.page.evaluate(LISTENS)
        self.heard()

    def heard(self) -> list[str]:
        """All that was said since the button was reached, without the silence of a status that is emptied."""
        phrases: list[str] = self.person.page.evaluate(HEARS)
        pressed = max((place for place, phrase in enumerate(phrases) if phrase.startswith("button, ")), default=-1)
        return [phrase for phrase in phrases[pressed + 1 :] if phrase != "polite: "]


def test_each_question_is_heard_once_and_then_that_it_was_saved(arrives: Arrives) -> None:
    person = arrives(Script.ON, Purpose.CHECKING).begins()
    listener = Listener(person)
    listener.starts()
    person.chooses("yes")
    assert listener.heard() == [f"heading, {heading_of('company')}, level 1", "polite: Saved."]
    person.chooses("nobody")
    assert listener.heard() == [f"heading, {heading_of('go_on')}, level 1", "polite: Saved."]
    person.presses("why")
    assert listener.heard() == ["group, Why we ask"]
    person.chooses("yes")
    person.skips("do_not_know")
    listener.heard()
    person.says("In the morning")
    assert listener.heard() == [f"heading, {heading_of('know_more')}, level 1", "polite: Saved."]
    person.presses("stop")
    assert listener.heard() == [f"heading, {heading_of('stop')}, level 1"]


def test_what_is_read_out_is_heard_once_and_so_is_the_screen_given_back(arrives: Arrives) -> None:
    practitioner = arrives(Script.ON, Purpose.CHECKING).begins(Speaker.PRACTITIONER)
    practitioner.says("Priya Natarajan").says("Social worker").chooses("no")
    practitioner.chooses("yes").chooses("nobody").chooses("yes")
    listener = Listener(practitioner)
    listener.starts()
    practitioner.skips("asked_none_yet")
    assert listener.heard() == [f"heading, {heading_of('communication_words')}, level 1", "polite: Saved."]
    practitioner.presses("hand_over")
    assert listener.heard() == [f"heading, {heading_of('communication_words')}, level 1"]
    practitioner.says("In the morning")
    assert listener.heard() == ["heading, Thank you. Please give the screen back., level 1", "polite: Saved."]
    practitioner.presses("take_screen_back")
    assert listener.heard() == [f"heading, {heading_of('know_more')}, level 1"]


def test_on_coming_back_each_question_of_the_gate_is_heard_once(arrives: Arrives) -> None:
    person = arrives(Script.ON, Purpose.CHECKING).begins().chooses("yes").presses("take_a_break")
    listener = Listener(person)
    listener.starts()
    person.presses("come_back")
    assert listener.heard() == [f"heading, {heading_of('private')}, level 1"]
    for choice, asked in (("yes", "company"), ("nobody", "go_on")):
        person.chooses(choice)
        assert listener.heard() == [f"heading, {heading_of(asked)}, level 1"]


def test_the_focus_is_where_the_reader_should_go_on(arrives: Arrives) -> None:
    person = arrives(Script.ON).begins()
    person.chooses("yes")
    assert (person.focus, person.status) == ("h1", "Saved.")
    person.presses("answer")
    expect(person.page.locator(".govuk-error-summary:focus")).to_be_visible()
    assert person.status == ""
    person.goes_to(".govuk-error-summary a").page.keyboard.press("Enter")
    assert person.focus == "input#choice"
    person.presses("another_way")
    assert (person.focus, person.status) == ("div#another-way", "")
    person.chooses("nobody")
    assert (person.focus, person.status) == ("h1", "Saved.")
    person.presses("go_back")
    assert (person.focus, person.status) == ("h1", "")


def test_help_is_one_key_away_from_the_top(person: Visitor) -> None:
    person.begins()
    person.goes_to(".app-bar__help").page.keyboard.press("Enter")
    person.page.locator("#help:target").wait_for()
    assert person.focus in {"aside#help", "body"}
    person.page.keyboard.press("Tab")
    assert person.page.locator("*:focus").inner_text() == "Ring 999"


def test_the_first_key_skips_to_what_makes_it_easier_and_to_the_question(person: Visitor) -> None:
    person.begins()
    person.goes_to(".govuk-skip-link").page.keyboard.press("Enter")
    person.page.keyboard.press("Tab")
    assert person.page.locator("*:focus").inner_text() == "Make this easier to use"
    person.page.keyboard.press("Tab")
    assert person.focus == "input#choice"
