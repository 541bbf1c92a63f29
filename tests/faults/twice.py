"""Every form sent two to ten times at once, each from a connection of its own."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx

from tests.faults.outcomes import NAMES, Outcome, Yard, out_of_turn, verified
from tests.faults.planting import Plant
from tests.faults.quick import QuickHouse
from tests.faults.telling import Compared, Sent, Teller, compare
from tests.house import PATIENCE


@dataclass
class Impatient(Teller):
    """A person who presses again and again."""

    times: int = 0
    """How many forms were sent more than once."""

    def _send(self, sent: Sent) -> None:
        self.pending = sent
        together = threading.Barrier(count := self.chance.randint(2, 10))

        def send(_: int) -> httpx.Response:
            with httpx.Client(base_url=self.browser.base_url, timeout=PATIENCE, cookies=self.browser.cookies) as other:
                together.wait()
                return other.post("/conversation", data=sent.form)

        with ThreadPoolExecutor(count) as threads:
            answers = list(threads.map(send, range(count)))
        assert {answer.status_code for answer in answers} == {httpx.codes.SEE_OTHER}, sent.do
        assert len({answer.headers["location"] for answer in answers}) == 1
        self.times += 1
        self._acknowledge(sent)


def outcomes(yard: Yard) -> Iterator[Outcome]:
    """Let everybody press again and again."""
    outcome = Outcome("every form sent 2 to 10 times at once", "kept once, answered alike")
    with yard.house("twice-planted") as house:
        planted, _ = _press(yard, house, 20, Plant.KEEPS_TWICE)
        outcome.planted = len(planted.doubled)
    with yard.house("twice") as house:
        outcome.found, people = _press(yard, house, yard.times(300, 8))
        outcome.times = sum(one.times for one in people)
        outcome.problems += [*out_of_turn(house, people, yard.road), *verified(house)]
    yield outcome


def _press(yard: Yard, house: QuickHouse, forms: int, plant: Plant | None = None) -> tuple[Compared, list[Impatient]]:
    people = [Impatient(name, random.Random(name)) for name in NAMES]
    yard.people += people
    house.open(plant=plant).wait_until_ready()
    for one in people:
        one.move_to(house)
    with ThreadPoolExecutor(len(people)) as threads:
        for talked in [threads.submit(one.talk, longest=forms // len(people) + 1) for one in people]:
            talked.result()
    return compare(house, people), people
