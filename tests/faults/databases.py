"""The database: held by another program, stopped at once and back, cut off, silent, slow, failed over."""

import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing

import httpx

from tests.between import Between, Way
from tests.faults.disks import more_said
from tests.faults.houses import until
from tests.faults.outcomes import Outcome, Yard, out_of_turn, verified
from tests.faults.planting import Plant
from tests.faults.quick import QuickHouse, acknowledged, talking
from tests.faults.telling import Teller, compare
from tests.postgresql import Pair, Server, serving_a_pair, serving_postgresql

BACK_WITHIN = 10.0
PAGE_WITHIN = 2.0
"""Seconds that a page which needs no writing may take meanwhile."""


def locked(yard: Yard) -> Iterator[Outcome]:
    """Hold the database for longer than anybody waits for it, while people talk."""
    held = yard.times(40, 7)
    outcome = Outcome(
        f"database held by another program for {held} s", "0 lost, other pages answer", back_within=BACK_WITHIN
    )
    with yard.house("locked-planted") as house:
        planted = yard.tellers("locked planted", are_patient=True)
        house.open(plant=Plant.LOSES).wait_until_ready()
        with talking(planted, house):
            _hold(house, planted, 1, outcome=None)
            until(more_said(planted, 25), "much is said")
        outcome.planted = len(compare(house, planted).lost)
    with yard.house("locked") as house:
        people = yard.tellers("locked", are_patient=True)
        house.open().wait_until_ready()
        with talking(people, house):
            for _ in range(yard.times(3, 1)):
                _hold(house, people, held, outcome)
        _see(yard, house, people, outcome)
    yield outcome


def _hold(house: QuickHouse, people: Sequence[Teller], seconds: float, outcome: Outcome | None) -> None:
    until(more_said(people, 5), "people talk")
    pages = []
    with (
        closing(sqlite3.connect(house.database, isolation_level=None, timeout=30)) as other,
        house.browser() as browser,
    ):
        other.execute("BEGIN EXCLUSIVE")
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            for address in ("/", "/private", "/healthz", "/conversation"):
                began = time.monotonic()
                browser.cookies.update(people[0].browser.cookies if address == "/conversation" else {})
                status = browser.get(address).status_code
                pages.append((time.monotonic() - began, status))
            time.sleep(0.2)
        other.execute("ROLLBACK")
    began = time.monotonic()
    until(more_said(people, 1), "it goes on by itself")
    if outcome is not None:
        outcome.times += 1
        outcome.back.append(time.monotonic() - began)
        slow = [took for took, status in pages if took > PAGE_WITHIN or status != httpx.codes.OK]
        if len(slow) > len(pages) / 20:
            outcome.problems.append(f"{len(slow)} of {len(pages)} other pages did not answer in {PAGE_WITHIN:.0f} s")


def servers(yard: Yard) -> Iterator[Outcome]:
    """Stop PostgreSQL at once, cut every connection, let it be silent, slow or fail over, while people talk."""
    with serving_postgresql() as server:
        if server is None:
            yield Outcome("PostgreSQL", "", problems=["PostgreSQL is not on this machine: make tools"])
            return
        planted = _planted(yard, server)
        with Between(server.data.parent / ".s.PGSQL.5432") as between:
            for fault, times, make in (
                ("PostgreSQL stopped at once and started", yard.times(20, 1), _stop(server)),
                ("every connection to PostgreSQL reset", yard.times(30, 2), _cut(between)),
                ("PostgreSQL silent (nothing comes through)", yard.times(3, 0), _silence(between)),
                ("PostgreSQL slow (0.2 s each way)", yard.times(3, 0), _delay(between)),
            ):
                if times:
                    direct = server.database()
                    name = direct.partition("@/")[2].partition("?")[0]
                    address = f"postgresql://own@127.0.0.1:{between.port}/{name}"
                    yield _with_postgresql(yard, Outcome(fault, planted=planted), address, direct, times, make)
    with serving_a_pair() as pair:
        assert pair is not None
        outcome = Outcome("PostgreSQL loses its power, and its standby takes over", planted=_left_behind(yard, pair))
        address = pair.database()
        yield _with_postgresql(yard, outcome, address, address, yard.times(10, 1), _fail_over(pair))


def _planted(yard: Yard, server: Server) -> int:
    with yard.house("servers-planted", database=server.database()) as house:
        people = yard.tellers("servers planted", are_patient=True)
        house.open(plant=Plant.LOSES).wait_until_ready()
        with talking(people, house):
            until(more_said(people, 5), "people talk")
            _stop(server)()
            until(more_said(people, 30), "much is said")
        return len(compare(house, people).lost)


def _left_behind(yard: Yard, pair: Pair) -> int:
    """Have a standby take over that has heard nothing for a while: that has to be found."""
    with yard.house("left behind", database=pair.database()) as house:
        people = yard.tellers("left behind", are_patient=True)
        house.open().wait_until_ready()
        with talking(people, house):
            until(more_said(people, 5), "people talk")
            pair.leave_behind()
            until(more_said(people, 10), "much is said")
        pair.fail_over()
        return len(compare(house, people).lost)


def _with_postgresql(
    yard: Yard, outcome: Outcome, address: str, direct: str, times: int, make: Callable[[], None]
) -> Outcome:
    """Make the fault so often in what lies between the product and its database, which is also at `direct`."""
    outcome.target, outcome.back_within = "0 lost, back ≤ 10 s", BACK_WITHIN
    chance = random.Random(outcome.fault)
    with yard.house(outcome.fault, database=address) as house:
        house.beside = direct
        people = yard.tellers(outcome.fault, are_patient=True)
        house.open().wait_until_ready()
        with talking(people, house):
            for _ in range(times):
                until(more_said(people, 4), "people talk")
                time.sleep(chance.uniform(0, 0.2))
                make()
                began = time.monotonic()
                until(more_said(people, len(people)), "it goes on by itself")
                outcome.times += 1
                outcome.back.append(time.monotonic() - began)
                yard.show(outcome, every=10)
        _see(yard, house, people, outcome)
    return outcome


def _stop(server: Server) -> Callable[[], None]:
    def make() -> None:
        server.stop("immediate")
        server.start()

    return make


def _fail_over(pair: Pair) -> Callable[[], None]:
    def make() -> None:
        pair.mend()
        pair.fail_over()

    return make


def _cut(between: Between) -> Callable[[], None]:
    return between.cut


def _silence(between: Between) -> Callable[[], None]:
    def make() -> None:
        between.way = Way.SWALLOWS
        time.sleep(8)
        between.way = Way.CARRIES

    return make


def _delay(between: Between) -> Callable[[], None]:
    def make() -> None:
        between.delay = 0.2
        time.sleep(15)
        between.delay = 0.0

    return make


def _see(yard: Yard, house: QuickHouse, people: Sequence[Teller], outcome: Outcome) -> None:
    outcome.found = compare(house, people)
    outcome.problems += [*out_of_turn(house, people, yard.road), *verified(house)]
    if not acknowledged(people):
        outcome.problems.append("nobody said anything")
