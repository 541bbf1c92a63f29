"""Measure Own Words beside stock Rasa, in one run: the same machine, the same minutes, the same number of turns.

`python -m bench.beside` measures this alone. A turn of ours is what a person without JavaScript sends and sees: an
answer posted, kept and answered by a redirect, and the whole next page. A turn of stock Rasa's is a message and its
reply as JSON; nobody draws a page of it. What the browsers take is counted for neither.
"""

import argparse
import os
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from bench.floor import floor
from bench.people import PROXY
from bench.rows import Row, at_least, at_most, processor, resident, show, spread
from bench.stock import Stock
from tests.house import House
from tests.walking import Walker

AT_ONCE = 4
WARM_UP = 20
"""Turns."""
TIMES_MORE = 6.0
"""What is aimed at, beside stock Rasa's turns a second for each core."""
WORDS = "I want to feel safe in my own home, and to keep my cat."

Answering = Callable[[], float]
"""Answers one question, waits until the next one is there, and gives the seconds that the answers took to come.

Not in it is what the measuring itself does with them: to read a whole page takes it longer than to be sent one.
"""
Conversation = Callable[[], AbstractContextManager[Answering]]


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    rounds: int = 6
    """In each, some people talk to one, and then as many to the other: what else the machine does is had by both."""
    conversations: int = 4
    """In each round, with each."""
    turns: int = 60
    """Of each conversation: about as many as a first one has."""
    long: int = 300


SHORT = Size(rounds=2, conversations=2, turns=10, long=30)


@dataclass(slots=True)
class Side:
    """One of the two, and what conversations with it took."""

    conversation: Conversation
    pids: Sequence[int]
    start: float
    """Seconds until the first question could be answered."""
    times: list[float] = field(default_factory=list)
    """Seconds, of each turn."""
    processor: list[float] = field(default_factory=list)
    """Seconds of processor that all its processes took for a turn, in each round."""
    wall: float = 0.0
    long: tuple[tuple[float, float], ...] = ()
    """Of each turn of one long conversation: seconds, and seconds of processor."""
    memory: float = 0.0
    """MB, of all its processes, resident at the end."""

    @property
    def turns_a_core(self) -> float:
        """Turns that one core does in a second."""
        return 1 / statistics.mean(self.processor)

    def growth(self, at: int) -> float:
        """Say how many times as long a turn takes near the end of a long conversation as near its beginning."""
        early, late = self.long[3:17], self.long[-14:]
        return statistics.mean(one[at] for one in late) / statistics.mean(one[at] for one in early)

    def warm_up(self) -> None:
        """Have what is made ready at the first questions made ready: it is not a turn's."""
        with self.conversation() as answer:
            for _ in range(WARM_UP):
                answer()

    def have_some(self, size: Size) -> None:
        """Have several conversations at once, and add up what they took."""

        def whole(_: int) -> list[float]:
            with self.conversation() as answer:
                return [answer() for _ in range(size.turns)]

        before, began = processor(self.pids), time.perf_counter()
        with ThreadPoolExecutor(AT_ONCE) as people:
            times = [took for of_one in people.map(whole, range(size.conversations)) for took in of_one]
        self.wall += time.perf_counter() - began
        self.processor.append((processor(self.pids) - before) / len(times))
        self.times += times

    def have_a_long_one(self, size: Size) -> None:
        """Have one long conversation, by itself."""
        with self.conversation() as answer:
            self.long = tuple(_both_timed(answer, self.pids) for _ in range(size.long))
        self.memory = sum(map(resident, self.pids))


def measured(folder: Path, size: Size) -> list[Row]:
    """Measure both in turn, round by round, and set them side by side."""
    with _stock(folder / "stock") as theirs, _own(folder / "house") as ours:
        for side in (theirs, ours):
            side.warm_up()
        for _ in range(size.rounds):
            theirs.have_some(size)
            ours.have_some(size)
        for side in (theirs, ours):
            side.have_a_long_one(size)
    lowest = floor(folder / "floor")
    rounds = [their / our for their, our in zip(theirs.processor, ours.processor, strict=True)]
    turn = 1000 / ours.turns_a_core
    return [
        at_least(
            "turns a second for each core, beside stock Rasa, median round",
            statistics.median(rounds),
            TIMES_MORE,
            "times",
        ),
        Row("the same, least and most of a round", f"{min(rounds):.1f} and {max(rounds):.1f} times"),
        Row("turns a second for each core, all processes", f"{ours.turns_a_core:.1f}"),
        Row("the same, stock Rasa", f"{theirs.turns_a_core:.1f}"),
        Row(f"turns a second, {AT_ONCE} people at once", f"{len(ours.times) / ours.wall:.1f}"),
        Row("the same, stock Rasa", f"{len(theirs.times) / theirs.wall:.1f}"),
        Row(f"a turn, {AT_ONCE} people at once", spread(ours.times)),
        Row("the same, stock Rasa", spread(theirs.times)),
        Row(
            "processor for a turn, beside one durable sealed commit and one page drawn",
            f"{turn:.1f} ms beside {lowest * 1000:.1f} ms: {turn / lowest / 1000:.1f} times",
        ),
        at_most(f"turn {size.long} beside turn 10", ours.growth(0), 1.5, "times", places=2),
        Row("the same, stock Rasa", f"{theirs.growth(0):.2f} times"),
        at_most(f"processor for turn {size.long} beside turn 10", ours.growth(1), 1.5, "times", places=2),
        Row("the same, stock Rasa", f"{theirs.growth(1):.2f} times"),
        Row("memory, all processes", f"{ours.memory:.0f} MB"),
        Row("the same, stock Rasa", f"{theirs.memory:.0f} MB"),
        at_most("a second start to the first question", ours.start, 20, "s", places=1),
        Row("the same, stock Rasa", f"{theirs.start:.1f} s"),
    ]


@contextmanager
def _stock(folder: Path) -> Iterator[Side]:
    stock = Stock(folder)
    stock.write()
    stock.train()
    began = time.perf_counter()
    with stock.running() as address:
        yield Side(lambda: _stock_conversation(address), stock.pids, time.perf_counter() - began)


@contextmanager
def _own(folder: Path) -> Iterator[Side]:
    house = House(folder, **PROXY)
    house.take_the_trained_model()
    house.open().wait_until_ready().close()
    began = time.perf_counter()
    house.open().wait_until_ready()
    start = time.perf_counter() - began
    try:
        assert house.process is not None
        yield Side(lambda: _own_conversation(house), (house.process.pid, house.box_pid()), start)
    finally:
        house.close()


@contextmanager
def _stock_conversation(address: str) -> Iterator[Answering]:
    sender = os.urandom(8).hex()
    with httpx.Client(timeout=120) as client:

        def says(message: str) -> float:
            answer = client.post(address, json={"sender": sender, "message": message})
            assert answer.status_code == httpx.codes.OK, answer.status_code
            assert answer.json(), "stock Rasa had no next question"
            return answer.elapsed.total_seconds()

        says("/begin")
        yield lambda: says(WORDS)


@contextmanager
def _own_conversation(house: House) -> Iterator[Answering]:
    with house.browser() as browser:
        # Each person is in a network of their own: many beginnings in one of them would be made to wait.
        browser.headers["X-Forwarded-For"] = ".".join(["10", *(str(secrets.randbelow(250) + 1) for _ in range(3))])
        walker = Walker(browser).begin()
        answers: list[httpx.Response] = []
        browser.event_hooks = {"response": [answers.append]}

        def answer() -> float:
            answers.clear()
            if not walker.page.takes_an_answer:
                walker.begin()
            if "anything else" in walker.page.heading and "yes" in walker.page.choices:
                walker.choose("yes")  # so that a conversation can be of any length
            else:
                walker.answer_somehow(WORDS)
            assert walker.status == httpx.codes.OK, walker.page.heading
            return sum(one.elapsed.total_seconds() for one in answers)

        yield answer


def _both_timed(answer: Answering, pids: Sequence[int]) -> tuple[float, float]:
    before = processor(pids)
    return answer(), processor(pids) - before


def main() -> int:
    """Print these measurements alone."""
    asked = argparse.ArgumentParser(prog="python -m bench.beside", description=__doc__)
    asked.add_argument("--short", action="store_true", help="fewer and shorter conversations")
    size = SHORT if asked.parse_args().short else Size()
    with tempfile.TemporaryDirectory() as folder:
        return show("Beside stock Rasa", measured(Path(folder), size))


if __name__ == "__main__":
    sys.exit(main())
