"""Answers that come twice, together, or from two windows: each is kept once, and no question gets another's answer."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import httpx
import pytest

from bot.conversation import Control, Kind, standing
from tests.faults.houses import TroubledHouse, conversation_of, said, step_of, times_kept, turns_of, window
from tests.faults.roads import asked, name_of, plain, walk
from tests.house import PATIENCE
from tests.walking import Walker

WORDS = "I feel better when my sister is here"
Found = TypeVar("Found")


@pytest.fixture
def at_feelings(person: Walker) -> Walker:
    """A person who is asked how they feel."""
    walk(person, plain, until="feelings")
    return person


@pytest.mark.parametrize("times", range(2, 11))
def test_an_answer_sent_many_times_at_once_is_kept_once_and_answered_alike(
    house: TroubledHouse, at_feelings: Walker, times: int
) -> None:
    conversation_id = conversation_of(at_feelings.page)
    form = {"step": at_feelings.page.step, "do": "answer", "words": WORDS}
    answers = all_at_once([lambda: send(house, at_feelings, form)] * times)
    assert {(answer.status_code, answer.headers["location"]) for answer in answers} == {(303, "/conversation")}
    assert times_kept(house, conversation_id, WORDS) == 1
    assert [turn.asked for turn in turns_of(house, conversation_id) if turn.kind is Kind.QUESTION].count(
        "safe_now"
    ) == 1
    assert asked(at_feelings) == "safe_now"


@pytest.mark.parametrize(("do", "choice"), [("answer", ["yes"]), ("skip:later", [])])
def test_a_double_click_is_one_answer(house: TroubledHouse, person: Walker, do: str, choice: list[str]) -> None:
    conversation_id = conversation_of(person.page)
    form = {"step": person.page.step, "do": do, "choice": choice}
    answers = all_at_once([lambda: send(house, person, form)] * 2)
    assert {answer.status_code for answer in answers} == {303}
    assert len(said(house, conversation_id)) == 1
    assert asked(person) == "company"


@pytest.mark.parametrize("do", ["go_back", "add_more", "why", "take_a_break"])
def test_a_button_pressed_twice_is_pressed_once_and_what_was_typed_waits(
    house: TroubledHouse, at_feelings: Walker, do: str
) -> None:
    conversation_id = conversation_of(at_feelings.page)
    before = len(turns_of(house, conversation_id))
    form = {"step": at_feelings.page.step, "do": do, "words": WORDS}
    answers = all_at_once([lambda: send(house, at_feelings, form)] * 3)
    assert {answer.status_code for answer in answers} == {303}
    assert len(turns_of(house, conversation_id)) == before + 1
    at_feelings.look()
    if do == "take_a_break":
        at_feelings.press("come_back").pass_the_gate()
    else:
        at_feelings.press("cancel")
    assert name_of(at_feelings.page) == "feelings"
    assert at_feelings.page.words == WORDS


def test_a_way_to_end_chosen_twice_is_chosen_once(house: TroubledHouse, at_feelings: Walker) -> None:
    conversation_id = conversation_of(at_feelings.page)
    at_feelings.press("stop")
    form = {"step": at_feelings.page.step, "do": "choose:stop_and_keep"}
    all_at_once([lambda: send(house, at_feelings, form)] * 3)
    ends = [turn.choice for turn in said(house, conversation_id) if turn.choice == (Control.STOP_AND_KEEP,)]
    assert len(ends) == 2, "the answer to the question, and what came of it"
    assert "make_code:numbers" in at_feelings.look().page.buttons


def test_two_windows_at_one_question_lose_nothing(house: TroubledHouse, at_feelings: Walker) -> None:
    conversation_id = conversation_of(at_feelings.page)
    steps = [at_feelings.page.step, *(at_feelings.look().page.step for _ in range(3))]
    forms = [
        {"step": step, "do": "answer", "words": f"{WORDS}, said in window {number}"}
        for number, step in enumerate(steps, 1)
    ]
    answers = all_at_once([partial(send, house, at_feelings, form) for form in forms])
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 303]
    for form, answer in zip(forms, answers, strict=True):
        assert times_kept(house, conversation_id, form["words"]) == 1
        assert answer.status_code == 303 or (
            form["words"] in answer.text and "We kept these words as well:" in answer.text
        )
    kinds = [turn.kind for turn in said(house, conversation_id) if WORDS in turn.words]
    assert sorted(kinds) == [Kind.NOTE, Kind.NOTE, Kind.NOTE, Kind.WORDS]
    assert asked(at_feelings) == "safe_now"


def test_another_window_that_is_behind_is_told_and_its_words_are_kept_as_a_note(
    house: TroubledHouse, at_feelings: Walker
) -> None:
    conversation_id = conversation_of(at_feelings.page)
    with window(house, at_feelings) as behind:
        behind.look()
        at_feelings.say(WORDS)
        behind.say("In the other window I wrote this")
        assert behind.page.heading == "This question has its answer"
        assert behind.page.quoted == ["In the other window I wrote this"]
        note = said(house, conversation_id)[-1]
        assert (note.kind, note.words) == (Kind.NOTE, "In the other window I wrote this")
        assert standing(turns_of(house, conversation_id)).answers[-1].words == (WORDS,)
        assert asked(behind) == "safe_now"


def test_the_same_words_in_another_window_are_not_kept_twice(house: TroubledHouse, at_feelings: Walker) -> None:
    conversation_id = conversation_of(at_feelings.page)
    with window(house, at_feelings) as behind:
        behind.look()
        at_feelings.say(WORDS)
        behind.say(WORDS)
        assert behind.page.heading == "This question has its answer"
    assert times_kept(house, conversation_id, WORDS) == 1


def test_a_page_gone_back_to_that_sends_other_words_is_heard(house: TroubledHouse, at_feelings: Walker) -> None:
    conversation_id, earlier = conversation_of(at_feelings.page), at_feelings.page
    at_feelings.say(WORDS)
    at_feelings.press("answer", words="No: I feel worse", step=earlier.step)
    assert at_feelings.page.heading == "This question has its answer"
    assert at_feelings.page.quoted == ["No: I feel worse"]
    again = at_feelings.press("answer", words="No: I feel worse", step=earlier.step)
    assert again.page.heading == "This question has its answer"
    assert times_kept(house, conversation_id, WORDS) == times_kept(house, conversation_id, "No: I feel worse") == 1


@pytest.mark.parametrize("do", ["why", "another_way", "get_help_now", "go_back"])
def test_words_from_a_page_gone_back_to_are_kept_whatever_was_pressed_there_before(
    house: TroubledHouse, at_feelings: Walker, do: str
) -> None:
    conversation_id, earlier = conversation_of(at_feelings.page), at_feelings.page
    at_feelings.press(do, words="I feel")
    at_feelings.press("answer", words=WORDS, step=earlier.step)
    assert at_feelings.status == 200
    assert times_kept(house, conversation_id, WORDS) == 1
    kept = said(house, conversation_id)[-1]
    assert kept.kind is (Kind.NOTE if do == "go_back" else Kind.WORDS)
    assert kept.answers == step_of(earlier.step)[1]


def test_many_people_at_once_do_not_touch_one_another(house: TroubledHouse) -> None:
    def talk(number: int) -> tuple[str, list[str]]:
        with house.browser() as browser:
            walker = Walker(browser).begin()
            conversation_id = conversation_of(walker.page)
            walk(walker, lambda name, place: f"Person {number} at {place}", until="worries")
            return conversation_id, walker.page.quoted

    found = all_at_once([partial(talk, number) for number in range(4)])
    assert len({conversation_id for conversation_id, _ in found}) == 4
    for number, (conversation_id, quoted) in enumerate(found):
        words = [turn.words for turn in said(house, conversation_id) if turn.kind is Kind.WORDS]
        assert words == quoted
        assert {one.split(" at ")[0] for one in words} == {f"Person {number}"}


def all_at_once(things: Sequence[Callable[[], Found]]) -> list[Found]:
    """Do things at one moment, each in a thread of its own."""
    together = threading.Barrier(len(things))

    def do(thing: Callable[[], Found]) -> Found:
        together.wait()
        return thing()

    with ThreadPoolExecutor(len(things)) as threads:
        return list(threads.map(do, things))


def send(house: TroubledHouse, walker: Walker, form: Mapping[str, Any]) -> httpx.Response:
    """Send a form from a connection of its own, and go nowhere."""
    with httpx.Client(base_url=house.address, timeout=PATIENCE, cookies=dict(walker.browser.cookies)) as browser:
        return browser.post("/conversation", data=form)
