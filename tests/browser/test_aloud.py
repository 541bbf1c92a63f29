"""Reading aloud: with a voice on the device or not at all, a sentence at a time, and what a person said only if asked.

There are no voices in a browser without a screen, so a stand-in says what it is given, and writes it down.
"""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Arrives
from tests.browser.visitor import Script, Visitor, heading_of

VOICES = """
(() => {
  const here = %s;
  const speech = Object.assign(new EventTarget(), {
    goesOn: true,
    said: [],
    getVoices: () => here,
    cancel: () => speech.said.push("(stop)"),
    speak: (one) => {
      speech.said.push(one.text.trim());
      if (speech.goesOn) setTimeout(() => one.onend());
    },
  });
  Object.defineProperty(window, "speechSynthesis", { value: speech });
  window.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
})();
"""
AT_HOME = '[{ localService: true, lang: "en-GB" }]'
ELSEWHERE = '[{ localService: false, lang: "en-GB" }, { localService: true, lang: "fr-FR" }]'


def comes(arrives: Arrives, voices: str) -> Visitor:
    """Somebody who has these voices on their device, and is at a question."""
    person = arrives(Script.ON)
    person.context.add_init_script(VOICES % voices)
    person.begins()
    return person


def chooses_to_be_read_to(person: Visitor) -> None:
    person.page.get_by_role("button", name="Make this easier to use").click()
    person.page.get_by_label("Read aloud").check(force=True)
    person.page.get_by_role("button", name="Use these").click()
    person.page.wait_for_url("**/conversation")


def said(person: Visitor) -> list[str]:
    """All that was said, and where it was told to stop."""
    found: list[str] = person.page.evaluate("speechSynthesis.said")
    return found


def hears(person: Visitor, button: str = "Read this aloud") -> list[str]:
    """All that is said until there is nothing more to say."""
    before = len(said(person))
    person.page.get_by_role("button", name=button).click()
    expect(person.page.get_by_role("button", name="Stop reading")).to_be_hidden()
    return [one for one in said(person)[before:] if one != "(stop)"]


def test_where_no_voice_lives_on_the_device_nothing_offers_to_read(arrives: Arrives) -> None:
    person = comes(arrives, ELSEWHERE)
    person.page.get_by_role("button", name="Make this easier to use").click()
    expect(person.page.get_by_role("button", name="Use these")).to_be_visible()
    expect(person.page.locator("#aloud-choice")).to_be_hidden()


@pytest.fixture
def listener(arrives: Arrives) -> Visitor:
    """Somebody who is read to, and has been told that it makes a sound."""
    person = comes(arrives, AT_HOME)
    chooses_to_be_read_to(person)
    expect(person.page.get_by_role("button", name="Read this aloud")).to_be_visible()
    person.page.get_by_role("button", name="Read this aloud").click()
    expect(person.page.locator("#reader-first")).to_have_text("This will make a sound. Press again to hear it.")
    assert set(said(person)) <= {"(stop)"}
    return person


def test_a_question_is_read_a_sentence_at_a_time_with_its_choices(listener: Visitor) -> None:
    heard = hears(listener)
    assert heading_of("private") in heard
    assert "Private means that nobody else can see or hear this." in heard
    assert heard.index(heading_of("private")) < heard.index("Yes") < heard.index("No")
    assert len(heard) == len(set(heard))
    assert "Make this easier to use" not in heard


def test_reading_stops_when_it_is_told_to_and_when_an_answer_is_sent(listener: Visitor) -> None:
    page = listener.page
    page.evaluate("speechSynthesis.goesOn = false")
    page.get_by_role("button", name="Read this aloud").click()
    expect(page.locator(".app-spoken")).to_have_count(1)
    page.get_by_role("button", name="Stop reading").click()
    assert said(listener)[-1] == "(stop)"
    expect(page.get_by_role("button", name="Read this aloud")).to_be_visible()
    page.get_by_role("button", name="Read this aloud").click()
    expect(page.locator(".app-spoken")).to_have_count(1)
    listener.chooses("yes")
    assert said(listener)[-1] == "(stop)"
    expect(page.locator(".app-spoken")).to_have_count(0)


def test_what_a_person_said_is_read_only_when_they_ask_for_it(listener: Visitor) -> None:
    listener.page.evaluate(
        """() => {
          const said = document.createElement("blockquote");
          said.className = "app-words";
          said.textContent = "My cat is called Bluebell.";
          document.querySelector("#turn .app-paper").append(said);
        }"""
    )
    assert "My cat is called Bluebell." not in hears(listener)
    assert "My cat is called Bluebell." in hears(listener, "Read my own words too")
