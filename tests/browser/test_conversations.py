"""Whole conversations, by keyboard alone, with the script of our pages and without."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Arrives
from tests.browser.roads import SAID, before_the_first_question, first_conversation, side_roads, troubled_road
from tests.browser.visitor import Script, Visitor
from tests.house import House

NOT_ON_THE_COPY = {
    "keep",  # said differently
    "wishes",
    "not_wanted",
    "who_knows",  # taken back
    "contact_times",  # for the team alone
    "contact_answered",
    "contact_code_word",
}


def exported(house: House, conversation_id: str) -> dict[str, Any]:
    """Write out all conversations, and read one of them."""
    told = house.command("export", "--taken-back", "kept-in")
    assert told.returncode == 0, told.stderr
    every = [json.loads(line) for line in told.stdout.splitlines()]
    return next(one for one in every if one["id"] == conversation_id)


def test_a_first_conversation_is_kept_word_for_word(person: Visitor, house: House) -> None:
    assert list(first_conversation(person))[-1] == "My words"

    kept = exported(house, person.conversation_id)
    said = [turn for turn in kept["turns"] if turn["speaker"] == "person"]
    assert [turn["words"] for turn in said if turn["kind"] == "words"] == person.words
    chosen = [tuple(turn["choice"]) for turn in said if turn["kind"] in {"choice", "skip", "reply"}]
    assert chosen == person.choices
    assert [outcome["words"] for outcome in kept["outcomes"]] == [
        SAID["outcome"],
        SAID["second outcome"],
        SAID["card outcome"],
    ]
    assert {outcome["plan"] for outcome in kept["outcomes"]} == {"a", "b", None}
    assert {flag["kind"] for flag in kept["flags"]} == {
        "someone_not_chosen",
        "in_danger_now",
        "told_what_happened",
        "taken_back",
    }
    assert house.command("verify").returncode == 0

    on_the_copy = [words for what, words in SAID.items() if what not in NOT_ON_THE_COPY]
    hidden = [SAID[what] for what in NOT_ON_THE_COPY]
    assert set(on_the_copy) <= set(person.quotations)
    assert not set(hidden) & set(person.quotations)
    with person.page.expect_download() as saving:
        person.goes_to("a[href='/conversation/words.txt']").page.keyboard.press("Enter")
    assert saving.value.suggested_filename == "notes.txt"
    saved = Path(saving.value.path()).read_bytes().decode()
    assert all(f"\n{words}\n" in saved for words in on_the_copy)

    assert person.page.locator("[data-print]").is_visible() == (person.script is Script.ON)
    person.page.emulate_media(media="print")
    for part in (".app-bar", ".app-help", ".app-hills", ".app-noprint"):
        expect(person.page.locator(part)).to_be_hidden()
    assert person.page.pdf().startswith(b"%PDF")
    person.page.emulate_media(media="screen")

    person.leaves().page.go_back()
    assert SAID["outcome"] not in person.page.content()


def test_the_print_button_prints(arrives: Arrives) -> None:
    person = arrives(Script.ON)
    person.begins().presses("take_a_break").presses("make_code:words")
    person.page.evaluate("() => { window.print = () => document.body.setAttribute('data-printed', ''); }")
    person.goes_to("[data-print]").page.keyboard.press("Enter")
    expect(person.page.locator("body[data-printed]")).to_be_attached()


def test_the_pages_before_the_first_question_lead_to_one_another(person: Visitor) -> None:
    assert len(list(before_the_first_question(person))) == 6


def test_a_person_can_end_at_the_gate_take_a_break_and_stop_in_both_ways(person: Visitor, house: House) -> None:
    list(side_roads(person))
    kept = exported(house, person.conversation_id)
    assert kept["stopped"] == "stop_and_take_back"
    assert {flag["kind"] for flag in kept["flags"]} == {"not_safe_to_talk", "stopped_early", "taken_back"}


@pytest.mark.parametrize("disguise", ["numbers", "words"])
def test_a_code_is_shown_once_and_opens_the_conversation_in_another_browser(
    arrives: Arrives, script: Script, disguise: str
) -> None:
    person = arrives(script).begins().chooses("yes").presses("take_a_break").presses(f"make_code:{disguise}")
    code = person.code
    person.writes(code, "#typed").presses("confirm_code")
    assert "Use the code you have." in person.page.locator("#turn").inner_text()
    person.page.reload()
    shown = person.page.content()
    assert not all(group in shown for group in code.split())
    person.leaves()

    later = arrives(script).opens("/").follows("/come-back")
    later.writes(code.upper().replace(" ", "-"), "#code").presses_on("form[action='/come-back'] button")
    assert later.heading == "Take all the time you need"
    later.presses("come_back")
    assert later.heading == "Is anyone with you now?"
    later.goes_to("#so-far summary").page.keyboard.press("Enter")
    assert "Are you somewhere private now?" in later.page.locator("#so-far").inner_text()


def test_words_are_kept_whatever_goes_wrong(person: Visitor, house: House) -> None:
    states = list(troubled_road(person, house))
    assert "Your words are kept. (waiting)" in states
    kept = exported(house, person.conversation_id)
    words = [(turn["kind"], turn["words"]) for turn in kept["turns"] if turn["speaker"] == "person" and turn["words"]]
    assert words == [
        ("words", "In the morning"),
        ("note", "In the evening"),
        ("words", "Zoë"),
        ("words", "Better for saying it"),
    ]
