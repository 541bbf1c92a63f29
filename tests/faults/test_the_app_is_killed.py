"""The app killed at any point of a turn: what was acknowledged is there, once, and the right question comes."""

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest

from bot.conversation import Kind, standing
from bot.exporting import export_one
from tests.faults.conftest import Finished
from tests.faults.houses import (
    GatedHouse,
    conversation_of,
    go_on_until_asked,
    is_there,
    times_kept,
    turns_of,
    until,
)
from tests.faults.killing import ARMED, DIES, WITH_THE_BOX, WITHOUT_THE_BOX
from tests.faults.roads import name_of, plain, walk
from tests.faults.telling import Teller, unkept
from tests.walking import Walker

WORDS = "I worry that nobody will visit me"
POINTS = [*WITHOUT_THE_BOX, *WITH_THE_BOX]
KEPT_BY_THEN = {point: place >= POINTS.index("after the words are committed") for place, point in enumerate(POINTS)}
RANDOM_KILLS = 8
"""Lives of the app that end at a random moment, beside those that end at a named point. Each is a start of the app."""
FORMS_AT_LEAST = 200
"""How many forms the ledgers hold in the end; most machines come to far more."""


@dataclass
class Person:
    """Somebody whose turn is the last one that the app takes in a life."""

    walker: Walker
    conversation_id: str
    step: str
    kept_at_once: int = -1
    """How often their words were kept when the app was dead."""
    kept_in_the_end: int = -1
    asked_next: str = ""
    road: list[str] = field(default_factory=list)

    def say(self) -> None:
        """Send the words; also once more."""
        self.walker.press("answer", words=WORDS, step=self.step)


@dataclass
class Told:
    """What came of all those lives."""

    people: dict[str, Person]
    tellers: list[Teller]
    house: GatedHouse
    wrong: list[str] = field(default_factory=list)
    """What the ledgers found wrong after any of the lives."""


@pytest.fixture(scope="module")
def told(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Start the app again and again, and kill it, while three people talk and somebody says one thing."""
    folder = tmp_path_factory.mktemp("killed")
    house = GatedHouse(folder)
    house.take_the_trained_model()
    chance = random.Random(11)
    with ExitStack() as stack:
        stack.callback(house.close)
        house.open().wait_until_ready()
        people = {point: _somebody_at_worries(house, stack) for point in POINTS}
        tellers = [Teller(name, random.Random(name)) for name in ("Ann", "Ben", "Cal")]
        for teller in tellers:
            stack.callback(teller.browser.close)
            teller.move_to(house)
        told = Told(people, tellers, house)
        box = house.box_pid()
        with talking(tellers):
            until(lambda: all(len(teller.acknowledged) > 20 for teller in tellers), "everybody has said something")
            house.kill()
        until(lambda: not is_there(box), "no dialogue engine is left behind")
        told.wrong += unkept(house, tellers)
        for point in WITHOUT_THE_BOX:
            house.shut_gate()
            _die_at(told, point, folder / "armed")
        for _ in range(RANDOM_KILLS):
            _live_a_while(told, chance.uniform(0, 2))
        for point in WITH_THE_BOX:
            house.open_gate()
            _die_at(told, point, folder / "armed")
        house.program, house.more = ("-m", "bot"), {}
        house.open().wait_until_ready()
        for person in people.values():
            person.walker.browser.base_url = httpx.URL(house.address)
            person.say()
            go_on_until_asked(person.walker)
            person.asked_next = name_of(person.walker.page)
            person.kept_in_the_end = times_kept(house, person.conversation_id, WORDS)
            person.road = [passed.name for passed in walk(person.walker, plain)]
        for teller in tellers:
            teller.move_to(house)
            teller.finish()
        told.wrong += unkept(house, tellers)
        yield told


def _somebody_at_worries(house: GatedHouse, stack: ExitStack) -> Person:
    walker = Walker(stack.enter_context(house.browser())).begin(1200)
    walk(walker, plain, until="worries")
    return Person(walker, conversation_of(walker.page), walker.page.step)


def _die_at(told: Told, point: str, armed: Path) -> None:
    """Let the app live until one person's turn comes to this point."""
    house, person = told.house, told.people[point]
    house.program, house.more = ("-m", "tests.faults.killing"), {DIES: point, ARMED: str(armed)}
    house.open()
    if point in WITH_THE_BOX:
        house.wait_until_ready()
    for teller in told.tellers:
        teller.move_to(house)
    person.walker.browser.base_url = httpx.URL(house.address)
    with talking(told.tellers):
        armed.write_text(person.conversation_id)
        with pytest.raises(httpx.TransportError):
            person.say()
        house.wait_until_it_died()
    armed.unlink()
    told.wrong += unkept(house, told.tellers)
    person.kept_at_once = times_kept(house, person.conversation_id, WORDS)


def _live_a_while(told: Told, seconds: float) -> None:
    """Let the app live for so long, without a dialogue engine: words are kept all the same."""
    house = told.house
    house.program, house.more = ("-m", "bot"), {}
    house.open()
    for teller in told.tellers:
        teller.move_to(house)
    with talking(told.tellers):
        time.sleep(seconds)
        house.kill()
    told.wrong += unkept(house, told.tellers)


@contextmanager
def talking(tellers: Sequence[Teller]) -> Iterator[None]:
    """Let people talk meanwhile; afterwards each has come to where nobody answers any more."""
    threads = [threading.Thread(target=teller.talk) for teller in tellers]
    for thread in threads:
        thread.start()
    yield
    for thread in threads:
        thread.join()


def test_everything_that_was_acknowledged_is_there_once_after_each_life(told: Told) -> None:
    assert told.wrong == []
    assert sum(len(teller.acknowledged) for teller in told.tellers) > FORMS_AT_LEAST


def test_what_a_ledger_holds_and_the_store_does_not_is_found(told: Told) -> None:
    teller = told.tellers[0]
    one = next(sent for sent in teller.acknowledged if sent.words)
    lost = replace(one, step=told.people[POINTS[0]].step)
    altered = replace(one, words=one.words + " ")
    for planted in (lost, altered):
        ledger = replace(teller, acknowledged=[*teller.acknowledged, planted])
        assert len(unkept(told.house, [ledger])) == 1
    forgetful = replace(teller, acknowledged=[sent for sent in teller.acknowledged if sent != one])
    assert len(unkept(told.house, [forgetful])) == 1


def test_nobody_is_asked_out_of_turn_after_the_app_was_killed(told: Told, finished: Finished) -> None:
    expected = [passed.name for passed in finished.road]
    for teller in told.tellers:
        for conversation_id in teller.conversations:
            stands = standing(turns_of(told.house, conversation_id))
            answers = [stands.answer(number) for number in stands.path]
            assert [answer.question.asked for answer in answers if answer is not None] == expected


@pytest.mark.parametrize("point", POINTS)
def test_words_are_kept_from_the_moment_they_are_committed(told: Told, point: str) -> None:
    assert told.people[point].kept_at_once == (1 if KEPT_BY_THEN[point] else 0)


@pytest.mark.parametrize("point", POINTS)
def test_words_sent_again_after_the_app_was_killed_are_kept_once(told: Told, point: str) -> None:
    assert told.people[point].kept_in_the_end == 1


@pytest.mark.parametrize("point", POINTS)
def test_the_right_question_comes_after_the_app_was_killed(told: Told, finished: Finished, point: str) -> None:
    person, expected = told.people[point], [passed.name for passed in finished.road]
    assert person.asked_next == "wishes"
    assert person.road == expected[expected.index("wishes") :]
    turns = turns_of(told.house, person.conversation_id)
    assert [turn.asked for turn in turns if turn.kind is Kind.QUESTION] == expected


@pytest.mark.parametrize("point", POINTS)
def test_the_record_is_written_once_however_often_the_app_was_killed(told: Told, point: str) -> None:
    with told.house.store() as store:
        recorded = export_one(store, told.people[point].conversation_id)
    assert [entry["words"] for entry in recorded["worries"]] == [[WORDS]]
    assert [len(recorded["outcomes"]), len(recorded["wishes"])] == [3, 1]


def test_all_that_was_kept_through_it_verifies(told: Told) -> None:
    verified = told.house.command("verify")
    assert verified.returncode == 0, verified.stderr
