"""Pages are read aloud by a voice on the device, a sentence at a time, and never the person's words unasked.

A browser without a screen has no voices, so these are made up; what is heard of a real one is not shown here.
"""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Arrives
from tests.browser.roads_of_others import ease
from tests.browser.visitor import Script, Visitor, heading_of

HERE = {"lang": "en-GB", "name": "here", "localService": True}
FAR_AWAY = {"lang": "en-GB", "name": "far away", "localService": False}
ANOTHER_LANGUAGE = {"lang": "fr-FR", "name": "ici", "localService": True}

VOICES = """
window.spoken = [];
class Utterance { constructor(words) { this.words = words; } }
const speech = {
  getVoices: () => VOICES,
  speak(one) { spoken.push(`${one.voice.name}: ${one.words.trim()}`); if (!window.isSlow) setTimeout(one.onend); },
  cancel() { spoken.push("silence"); },
  addEventListener() {},
};
Object.defineProperty(window, "speechSynthesis", { value: speech });
Object.defineProperty(window, "SpeechSynthesisUtterance", { value: Utterance });
"""


def with_voices(arrives: Arrives, *voices: dict[str, object]) -> Visitor:
    """Come with a device that has these voices."""
    person = arrives(Script.ON)
    person.context.add_init_script(VOICES.replace("VOICES", json.dumps(voices), 1))
    return person.begins()


def heard(person: Visitor) -> list[str]:
    """Give what was said aloud since this was asked last."""
    found: list[str] = person.page.evaluate("() => window.spoken.splice(0)")
    return found


@pytest.mark.parametrize("voices", [(), (FAR_AWAY,), (ANOTHER_LANGUAGE,)], ids=["none", "far away", "another language"])
def test_where_no_voice_is_on_the_device_nothing_is_offered(arrives: Arrives, voices: tuple[dict[str, object]]) -> None:
    person = with_voices(arrives, *voices).presses("easier")
    expect(person.page.locator("#aloud-choice")).to_be_hidden()


def test_a_page_is_read_a_sentence_at_a_time_and_the_persons_words_only_when_asked(arrives: Arrives) -> None:
    person = with_voices(arrives, FAR_AWAY, HERE)
    ease(person, "aloud", "yes")
    person.goes_to("[data-aloud=page]").page.keyboard.press("Enter")
    assert [words for words in heard(person) if words != "silence"] == []
    expect(person.page.get_by_text("This will make a sound.")).to_be_visible()

    person.goes_to("[data-aloud=page]").page.keyboard.press("Enter")
    expect(person.page.locator("[data-aloud=stop]")).to_be_hidden()
    said = heard(person)
    assert f"here: {heading_of('private')}" in said
    assert said.count("here: Private means that nobody else can see or hear this.") == 1

    person.chooses("yes").chooses("nobody").chooses("yes").skips("do_not_know").says("Please stop")
    assert person.heading == heading_of("meant_stop")
    heard(person)
    person.goes_to("[data-aloud=page]").page.keyboard.press("Enter")
    expect(person.page.locator("[data-aloud=stop]")).to_be_hidden()
    said = heard(person)
    assert f"here: {heading_of('meant_stop')}" in said
    assert not any("Please stop" in words for words in said)
    person.goes_to("[data-aloud=words]").page.keyboard.press("Enter")
    expect(person.page.locator("[data-aloud=stop]")).to_be_hidden()
    assert any("Please stop" in words for words in heard(person))


def test_reading_ends_when_it_is_told_to_and_when_the_page_is_sent(arrives: Arrives) -> None:
    person = with_voices(arrives, HERE)
    ease(person, "aloud", "yes")
    person.page.evaluate("() => { window.isSlow = true; }")
    for end in ("stop", "send"):
        for _ in range(2 if end == "stop" else 1):
            person.goes_to("[data-aloud=page]").page.keyboard.press("Enter")
        expect(person.page.locator("[data-aloud=stop]")).to_be_visible()
        heard(person)
        if end == "stop":
            person.goes_to("[data-aloud=stop]").page.keyboard.press("Enter")
        else:
            person.chooses("yes")
        assert heard(person)[-1] == "silence"
