"""The dialogue engine hung or killed, and the whole product killed as people run it, with its own engine."""

import os
import signal
import time
from collections.abc import Iterator

import httpx

from tests.faults.disks import more_said
from tests.faults.houses import TroubledHouse, until
from tests.faults.outcomes import Outcome, Yard, out_of_turn, verified
from tests.faults.planting import Plant
from tests.faults.quick import talking
from tests.faults.telling import compare

HUNG_FOR = 8
PAGE_WITHIN = 8.0
"""Seconds until a page says that the words are kept, whatever the engine does: 5 are promised, on a quiet machine."""


def hung(yard: Yard) -> Iterator[Outcome]:
    """Stop the engine (SIGSTOP) while people talk, and let it go on."""
    outcome = Outcome(f"dialogue engine hung for {HUNG_FOR} s", "words kept once, right question after", back_within=30)
    with yard.house("hung-planted") as house:
        planted = yard.tellers("hung planted", are_patient=True)
        house.open(plant=Plant.LOSES).wait_until_ready()
        with talking(planted, house):
            until(more_said(planted, 30), "much is said")
        outcome.planted = len(compare(house, planted).lost)
    with yard.house("hung") as house:
        people = yard.tellers("hung", are_patient=True)
        house.open().wait_until_ready()
        with talking(people, house):
            for _ in range(yard.times(20, 1)):
                until(more_said(people, 4), "people talk")
                os.kill(yard.engine.pid, signal.SIGSTOP)
                try:
                    time.sleep(HUNG_FOR)
                finally:
                    os.kill(yard.engine.pid, signal.SIGCONT)
                began = time.monotonic()
                with house.browser() as browser:
                    until(lambda: browser.get("/readyz").status_code == httpx.codes.OK, "it is ready")
                outcome.back.append(time.monotonic() - began)
                outcome.times += 1
                yard.show(outcome, every=5)
        outcome.found = compare(house, people)
        outcome.problems += [*out_of_turn(house, people, yard.road), *verified(house)]
    yield outcome


def whole(yard: Yard) -> Iterator[Outcome]:
    """Kill the engine, and the app, of the whole product as `python -m bot serve` runs it. Only when there is time."""
    times = yard.times(10, 0)
    if not times:
        return
    killed = Outcome("its own dialogue engine killed", "0 lost, ready again ≤ 30 s", back_within=30)
    pages = Outcome("the whole product killed: its pages back", "0 lost, ≤ 5 s", back_within=5)
    question = Outcome("the whole product killed: its first question back", "≤ 30 s", back_within=30)
    house = TroubledHouse(yard.folder / "whole", beginnings="99999")
    house.take_the_trained_model()
    try:
        house.open().wait_until_ready()
        people = yard.tellers("whole", are_patient=True)
        for _ in range(times):
            with talking(people, house):
                until(more_said(people, 6), "people talk")
                os.kill(house.box_pid(), signal.SIGKILL)
                began = time.monotonic()
                time.sleep(1)
                with house.browser() as browser:
                    until(lambda: browser.get("/readyz").status_code == httpx.codes.OK, "it is ready")
                killed.back.append(time.monotonic() - began)
                killed.times += 1
                until(more_said(people, 6), "people talk")
                house.kill()
            began = time.monotonic()
            house.open()
            with house.browser() as browser:
                browser.get("/").raise_for_status()
            pages.back.append(time.monotonic() - began)
            house.wait_until_ready()
            question.back.append(time.monotonic() - began)
            pages.times += 1
            question.times += 1
            yard.show(question)
        killed.found = pages.found = compare(house, people)
        pages.problems += [*out_of_turn(house, people, yard.road), *verified(house)]
    finally:
        house.close()
    yield killed
    yield pages
    yield question
