"""The app killed (SIGKILL) at random and at named points of a turn, life after life."""

import random
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from tests.faults.houses import until
from tests.faults.killing import ANYBODY, POINTS
from tests.faults.outcomes import Outcome, Yard, finish_all, out_of_turn, verified
from tests.faults.planting import Plant
from tests.faults.quick import QuickHouse, acknowledged
from tests.faults.telling import Teller, compare, compare_lately

MOST_SAID = 8
"""Forms that are acknowledged in a life at most, before it is cut off a little later."""
LONGEST_PAUSE = 0.15
"""Seconds."""
LIVES_IN_A_HOUSE = 50
"""After so many a new house is begun, so that what is looked through stays small."""
ENOUGH = 25
"""Forms after which something that is done wrong every seventh time has been done wrong."""


def kills(yard: Yard, fault: str, deaths: Sequence[str]) -> Outcome:
    """Kill it, each time at a named point or, where the name is empty, at a random moment."""
    outcome = Outcome(fault, "0 lost, 0 doubled")
    for number, first in enumerate(range(0, len(deaths), LIVES_IN_A_HOUSE)):
        chance = random.Random(number)
        name = f"{fault.replace(' ', '-')}-{number}"
        with yard.house(name) as house:
            people = yard.tellers(name, are_patient=True)
            for dies in deaths[first : first + LIVES_IN_A_HOUSE]:
                _open(house, outcome, dies=dies)
                with _talking(people, house):
                    if dies:
                        time.sleep(chance.uniform(0, LONGEST_PAUSE))
                        house.armed.write_text(ANYBODY)
                        house.wait_until_it_died()
                        house.armed.unlink()
                    else:
                        enough = acknowledged(people) + chance.randrange(MOST_SAID)
                        until(lambda: acknowledged(people) >= enough, "some is said")  # noqa: B023
                        time.sleep(chance.uniform(0, LONGEST_PAUSE))
                        house.kill()
                # Counted once, at the end; what is wrong is seen at once.
                outcome.problems += compare_lately(house, people).wrong
            house.open().wait_until_ready()
            if not yard.is_short:
                finish_all(house, people)
            outcome.found.add(compare(house, people))
            outcome.problems += [*out_of_turn(house, people, yard.road), *verified(house)]
        yard.show(outcome)
    return outcome


def plant(yard: Yard) -> int:
    """Kill an app that loses, and one that keeps twice, and say how much of it was found; 0 if either was not."""
    found: list[int] = []
    for what in (Plant.LOSES, Plant.KEEPS_TWICE):
        people = yard.tellers(what, are_patient=True)
        with yard.house(f"planted-{what}") as house:
            house.open(plant=what)
            with _talking(people, house):
                until(lambda: acknowledged(people) > ENOUGH, "much is said")  # noqa: B023
                house.kill()
            compared = compare(house, people)
            found.append(len(compared.lost if what is Plant.LOSES else compared.doubled))
    return 0 if 0 in found else sum(found)


def outcomes(yard: Yard) -> Iterator[Outcome]:
    """All of it."""
    planted = plant(yard)
    outcome = kills(yard, "app killed at a random moment", [""] * yard.times(1_000, 4))
    outcome.planted = planted
    yield outcome
    yield kills(yard, f"app killed at {len(POINTS)} points of a turn", [*POINTS] * yard.times(50, 1))


def _open(house: QuickHouse, outcome: Outcome, *, dies: str = "") -> None:
    began = time.monotonic()
    house.open(dies=dies)
    with house.browser() as browser:
        browser.get("/").raise_for_status()
    outcome.back.append(time.monotonic() - began)
    outcome.times += 1


@contextmanager
def _talking(people: Sequence[Teller], house: QuickHouse) -> Iterator[None]:
    """Let people talk until the app is dead; whatever surprises one of them is raised."""
    for one in people:
        one.move_to(house)
    with ThreadPoolExecutor(len(people)) as threads:
        going_on = [threads.submit(one.talk) for one in people]
        yield
        for one in going_on:
            one.result()
