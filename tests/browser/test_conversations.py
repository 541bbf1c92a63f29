"""Whole conversations, by keyboard alone, with the script of our pages and without."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from bot.conversation import Speaker, Stage
from bot.project import load_interview
from tests.browser.conftest import Arrives
from tests.browser.roads import SAID, before_the_first_question, first_conversation, side_roads, troubled_road
from tests.browser.roads_of_others import (
    EVERY_EASE,
    advocates_road,
    easier_road,
    later_road,
    paper_road,
    practitioners_road,
)
from tests.browser.roads_of_others import SAID as OTHERS
from tests.browser.visitor import Script, Visitor, heading_of
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
    expect(person.page.locator(".app-bar, .app-help, .app-hills, .app-noprint").filter(visible=True)).to_have_count(0)
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
    assert len(list(before_the_first_question(person))) == 14


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
    assert later.heading == heading_of("private")
    assert later.page.locator("#so-far").count() == 0
    later.passes_the_gate()
    assert later.heading == heading_of("company")
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


def test_a_practitioner_on_a_tablet_asks_hands_the_screen_over_and_takes_it_back(
    arrives: Arrives, script: Script, house: House
) -> None:
    person = arrives(script, width=768)
    assert list(practitioners_road(person))[-1] == "My words (with a practitioner)"
    on_the_copy = person.quotations
    assert OTHERS["wishes"] in on_the_copy
    assert not {OTHERS["note"], "Priya Natarajan", "Halina"} & set(on_the_copy)

    kept = exported(house, person.conversation_id)
    said = {(turn["asked"], turn["kind"]): turn for turn in kept["turns"] if turn["speaker"] != "bot"}
    feelings = said["feelings", "words"]
    assert (feelings["words"], feelings["original"]) == (OTHERS["feelings"], OTHERS["original"])
    assert feelings["how"] == "through_an_interpreter"
    assert (said["wishes", "words"]["speaker"], said["safe_now", "choice"]["speaker"]) == ("person", "person")
    assert said["support", "skip"]["choice"] == ["not_asked"]
    assert OTHERS["note"] in {note["words"] for note in kept["notes"] if note["is_private"]}
    assert [outcome["words_now"] for outcome in kept["outcomes"]] == [OTHERS["outcome"]]


def test_an_advocate_says_whose_words_each_answer_is(person: Visitor, house: House) -> None:
    assert list(advocates_road(person))[-1] == "What I passed on"
    assert OTHERS["advocate"] in person.quotations
    kept = exported(house, person.conversation_id)
    feelings = next(turn for turn in kept["turns"] if turn["words"] == OTHERS["advocate"])
    assert (feelings["speaker"], feelings["whose"]) == ("advocate", "understood")


def test_an_enquiry_goes_from_one_invitation_to_the_next(person: Visitor, house: House) -> None:
    states = list(later_road(person, house))
    assert states[-1] == "may_quote"
    assert house.command("verify").returncode == 0


def test_what_was_said_on_paper_is_put_in_with_its_day(person: Visitor, house: House) -> None:
    list(paper_road(person, house))
    kept = exported(house, person.conversation_id)
    assert (kept["origin"], kept["said_on"]) == ("paper", "2026-03-02")


def test_pages_made_easier_stay_so_wherever_the_conversation_goes(
    arrives: Arrives, script: Script, house: House
) -> None:
    person = arrives(script)
    assert len(list(easier_road(person))) == len(EVERY_EASE) + 1
    # One thing at a time folds what can be done beside it.
    person.opens_up("button[value=take_a_break]").presses("take_a_break")
    code = person.presses("make_code:words").code
    person.writes(code, "#typed").presses("confirm_code")
    later = arrives(script).opens("/come-back")
    later.writes(code, "#code").presses_on("form[action='/come-back'] button")
    root = later.page.locator("html")
    assert (root.get_attribute("data-size"), root.get_attribute("data-colours")) == ("160", "cream")


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("speaker", [Speaker.PERSON, Speaker.ADVOCATE, Speaker.PRACTITIONER])
def test_each_conversation_can_be_printed_on_paper(arrives: Arrives, stage: Stage, speaker: Speaker) -> None:
    person = arrives(Script.ON).opens(f"/paper/{stage}/{speaker}")
    questions = load_interview().reached[speaker, stage]
    assert person.page.locator(".app-sheet__question").count() >= len(set(questions)) / 2
    person.page.emulate_media(media="print")
    expect(person.page.locator(".app-bar, .app-help, .app-hills, .app-noprint").filter(visible=True)).to_have_count(0)
    assert person.page.pdf(format="A4").startswith(b"%PDF")
