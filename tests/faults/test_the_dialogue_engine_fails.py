"""The dialogue engine killed, hung, or away: words are kept once, and the right question comes when it is back."""

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import httpx
import pytest

from bot.conversation import Kind, standing
from bot.exporting import export_one
from tests.faults.conftest import Finished
from tests.faults.houses import (
    GatedHouse,
    TroubledHouse,
    conversation_of,
    go_on_until_asked,
    said,
    times_kept,
    turns_of,
    until,
    window,
)
from tests.faults.roads import Passed, asked, plain, walk
from tests.walking import Walker

WORDS = "I worry that they will take my dog"


@pytest.fixture(scope="module")
def gated(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatedHouse]:
    """One for all tests of this module."""
    house = GatedHouse(tmp_path_factory.mktemp("gated"))
    house.take_the_trained_model()
    try:
        yield house.open().wait_until_ready()
    finally:
        house.close()


@pytest.fixture
def at_worries(gated: GatedHouse) -> Iterator[Walker]:
    """A person who is asked what worries them. Their answer ends a section: an action is called after it."""
    yield from who_is_at_worries(gated)


@pytest.fixture
def another(gated: GatedHouse) -> Iterator[Walker]:
    """Somebody else who is asked the same."""
    yield from who_is_at_worries(gated)


def who_is_at_worries(gated: GatedHouse) -> Iterator[Walker]:
    """Go there, however the test before has left the house."""
    gated.open_gate()
    with gated.browser() as browser:
        walker = go_on_until_asked(Walker(browser).begin())
        walk(walker, plain, until="worries")
        yield walker


def test_words_said_while_it_hangs_are_kept_once_and_it_goes_on_where_it_hung(
    gated: GatedHouse, at_worries: Walker, finished: Finished
) -> None:
    conversation_id = conversation_of(at_worries.page)
    hung = gated.box_pid()
    os.kill(hung, signal.SIGSTOP)
    try:
        # The answer comes while it hangs: nobody is kept waiting for as long as that takes.
        at_worries.say(WORDS)
        assert at_worries.page.is_waiting
        assert at_worries.page.heading == "Your words are kept."
        assert times_kept(gated, conversation_id, WORDS) == 1
    finally:
        os.kill(hung, signal.SIGCONT)
    assert asked(at_worries) == "wishes"
    assert gated.box_pid() == hung
    everything_is_in_its_place(gated, at_worries, conversation_id, finished.road)


def test_words_said_when_it_is_killed_in_the_middle_of_a_turn_are_kept_once(
    gated: GatedHouse, at_worries: Walker, finished: Finished
) -> None:
    conversation_id = conversation_of(at_worries.page)
    killed = gated.box_pid()
    answer_while_it_hangs(gated, [at_worries], signal.SIGKILL)
    assert at_worries.status == 200
    assert at_worries.page.is_waiting
    assert at_worries.page.heading == "Your words are kept."
    assert asked(at_worries) == "wishes"
    assert gated.box_pid() != killed
    everything_is_in_its_place(gated, at_worries, conversation_id, finished.road)


def test_one_that_hangs_for_good_is_replaced_whoever_asks_it_meanwhile(gated: GatedHouse) -> None:
    hung = gated.box_pid()
    with ExitStack() as stack:
        people = [Walker(stack.enter_context(gated.browser())).begin() for _ in range(5)]
        conversations = [conversation_of(person.page) for person in people]
        for person in people:
            walk(person, plain, until="communication_words")
        answer_while_it_hangs(gated, people)
        assert all(person.page.is_waiting for person in people)
        until(lambda: gated.box_pid() != hung, "another one is there")
        for person, conversation_id in zip(people, conversations, strict=True):
            assert asked(person) == "know_more"
            assert times_kept(gated, conversation_id, WORDS) == 1


def test_while_it_is_away_everything_is_kept_and_nothing_is_filed_under_another_question(
    gated: GatedHouse, at_worries: Walker, another: Walker, finished: Finished
) -> None:
    conversation_id, earlier = conversation_of(at_worries.page), at_worries.page.step
    gated.shut_gate()
    gated.kill_box()
    other_conversation_id = conversation_of(another.page)
    change_answers(gated, another)
    with window(gated, at_worries) as behind:
        behind.look()
        at_worries.say(WORDS)
        assert at_worries.page.is_waiting
        for _ in range(3):
            assert at_worries.press("go_on").page.is_waiting
        assert at_worries.look().page.is_waiting
        assert at_worries.page.quoted[-1] == WORDS
        behind.say("And this in the other window")
        assert behind.page.heading == "This question has its answer"
    at_worries.press("answer", words="And this from the page before", step=earlier)
    assert at_worries.page.heading == "This question has its answer"
    at_worries.look().press("answer", words="And this with no question there")
    assert at_worries.page.quoted == ["And this with no question there"]
    assert at_worries.look().page.is_waiting
    gated.open_gate()
    assert asked(at_worries) == "wishes"
    assert asked(another) == "wishes"
    answers = {one.question.asked: one for one in standing(turns_of(gated, other_conversation_id)).answers}
    assert answers["worries"].words == ("I worry about money, and nothing else",)
    assert answers["safe_now"].current.choice == ("a_bit_safe",)
    notes = [turn.words for turn in said(gated, conversation_id) if turn.kind is Kind.NOTE]
    assert notes == [
        "And this in the other window",
        "And this from the page before",
        "And this with no question there",
    ]
    everything_is_in_its_place(gated, at_worries, conversation_id, finished.road)


def test_where_it_does_not_start_at_first_words_are_kept_before_any_question_can_come(
    gated: GatedHouse, at_worries: Walker, finished: Finished
) -> None:
    conversation_id = conversation_of(at_worries.page)
    gated.shut_gate()
    gated.close()
    gated.open()
    at_worries.browser.base_url = httpx.URL(gated.address)
    assert at_worries.browser.get("/readyz").status_code == 503
    assert asked(at_worries) == "worries"
    at_worries.say(WORDS)
    assert at_worries.page.is_waiting
    assert times_kept(gated, conversation_id, WORDS) == 1
    with gated.browser() as browser:
        newcomer = Walker(browser).begin()
        assert newcomer.page.is_waiting
        assert newcomer.page.heading == "One moment, please."
        assert newcomer.press("go_on").page.is_waiting
        gated.open_gate()
        gated.wait_until_ready()
        assert asked(newcomer) == "private"
    assert asked(at_worries) == "wishes"
    everything_is_in_its_place(gated, at_worries, conversation_id, finished.road)


def change_answers(house: TroubledHouse, walker: Walker) -> None:
    """Say something, choose otherwise at an earlier question, so that all is told afresh, then say it otherwise too."""
    conversation_id = conversation_of(walker.page)
    walker.say("I worry about money")
    number = said(house, conversation_id)[-1].number
    choice = next(turn.number for turn in said(house, conversation_id) if turn.asked == "safe_now")
    walker.press(f"change:{choice}").choose("a_bit_safe")
    walker.press(f"change:{number}").say("I worry about money, and nothing else")
    assert walker.page.is_waiting


def answer_while_it_hangs(house: TroubledHouse, people: Sequence[Walker], then: signal.Signals | None = None) -> None:
    """Let people say their words while the dialogue engine hangs; once all are kept, send it this signal."""
    conversations = [conversation_of(person.page) for person in people]
    hung = house.box_pid()
    os.kill(hung, signal.SIGSTOP)
    with ThreadPoolExecutor(len(people)) as threads:
        saying = [threads.submit(person.say, WORDS) for person in people]
        for conversation_id in conversations:
            until(partial(times_kept, house, conversation_id, WORDS), "the words are kept")
        assert not any(one.done() for one in saying), "the app asks for the next question"
        if then is not None:
            os.kill(hung, then)
        for one in saying:
            one.result()


def everything_is_in_its_place(
    house: TroubledHouse, walker: Walker, conversation_id: str, road: Sequence[Passed]
) -> None:
    """Go on to the end: the questions are those of any conversation, once each, with the answers given to them."""
    rest = walk(walker, plain)
    names = [passed.name for passed in road]
    assert rest == list(road[names.index("wishes") :])
    assert walker.page.heading == "Thank you. Your words are kept."
    turns = turns_of(house, conversation_id)
    assert [turn.asked for turn in turns if turn.kind is Kind.QUESTION] == names
    for answer in standing(turns).answers:
        for words in answer.words:
            assert answer.question.asked is not None
            about = answer.question.asked.replace("_", " ")
            assert words == WORDS if about == "worries" else words.startswith(f"I said this about {about},")
    with house.store() as store:
        recorded = export_one(store, conversation_id)
    assert [entry["words"] for entry in recorded["worries"]] == [[WORDS]]
