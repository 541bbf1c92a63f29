"""Measure two apps and two boxes against one of each, on the same database and the same Redis.

`python -m bench.machines` measures this alone; `--short` takes ten seconds of each. Once as the cores are: there
one app and one box share two cores already. And once with a core for each machine: what a second machine brings.
"""

import argparse
import asyncio
import os
import secrets
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.people import PROXY, Browser, Person
from bench.rows import Row, at_least, processor, show
from bot.store.database import ONE_WRITES
from tests.boxes import trained_model
from tests.faults.telling import unkept
from tests.machines.site import Site
from tests.postgresql import Server, serving_postgresql
from tests.tools import find_redis

PEOPLE = 16
"""Who answer one after the other without a pause, each as soon as the next question is there."""
TARGET = 1.7
LOOKED_EVERY = 0.05
"""Seconds between two looks at who writes."""


@dataclass
class Writing:
    """How often somebody wrote, and how often others waited: one writes at a time, over all apps."""

    looks: int = 0
    written: int = 0
    waited: int = 0

    def look(self, held: int, awaited: int) -> None:
        """Count what was seen at one moment."""
        self.looks += 1
        self.written += bool(held)
        self.waited += bool(awaited)

    def __str__(self) -> str:
        return f"{self.written / self.looks:.0%} of the time; others waited for it in {self.waited / self.looks:.0%}"


@dataclass(frozen=True, slots=True)
class Run:
    """What one set-up did."""

    turns: int
    seconds: float
    cost: Mapping[str, float]
    """Seconds of processor, by part."""
    wrong: tuple[str, ...]
    writing: Writing

    @property
    def rate(self) -> float:
        """Turns a second."""
        return self.turns / self.seconds

    @property
    def busy(self) -> float:
        """How many cores all parts together kept busy."""
        return sum(self.cost.values()) / self.seconds

    def each(self, part: str) -> float:
        """Milliseconds of processor for one turn."""
        return 1000 * self.cost[part] / self.turns


def measured(folder: Path, seconds: float) -> list[Row]:
    """Take every measurement. Raises LookupError where PostgreSQL or Redis is not on this machine."""
    trained_model()
    redis = find_redis()
    with serving_postgresql() as server:
        if server is None or redis is None:
            raise LookupError("It needs PostgreSQL and Redis. Install them with: make tools")
        rows: list[Row] = []
        for name, are_apart in (("two cores for all", False), ("a core for each machine", True)):
            place = folder / str(len(rows))
            one = _run(place / "one", server, redis, 1, seconds, are_apart=are_apart)
            two = _run(place / "two", server, redis, 2, seconds, are_apart=are_apart)
            rows += _rows(name, one, two)
    return rows


def _rows(name: str, one: Run, two: Run) -> list[Row]:
    cost = sum(map(one.each, one.cost))
    most = (os.cpu_count() or 1) / one.busy
    return [
        *(
            Row(
                f"{name}: {number} app, {number} box",
                f"{run.rate:.1f} turns/s, {run.busy:.2f} cores busy: "
                + ", ".join(f"{part} {run.each(part):.1f}" for part in run.cost)
                + " ms a turn",
            )
            for number, run in ((1, one), (2, two))
        ),
        *(Row(f"{name}: {number} app, somebody wrote", str(run.writing)) for number, run in ((1, one), (2, two))),
        at_least(f"{name}: two of each beside one of each", two.rate / one.rate, TARGET, "times", places=2),
        Row(f"{name}: as many cores, all busy, would bring at most", f"{most:.2f} times ({cost:.1f} ms a turn)"),
        Row(
            f"{name}: acknowledged, lost or doubled",
            f"{one.turns + two.turns}, {len(one.wrong) + len(two.wrong)}",
            "0 lost",
            not (one.wrong or two.wrong),
        ),
    ]


def _run(folder: Path, server: Server, redis: Path, number: int, seconds: float, *, are_apart: bool) -> Run:
    folder.mkdir(parents=True)
    with Site(folder, server, redis, apps=number, boxes=number, **PROXY).running() as site:
        parts = _parts(site, server)
        if are_apart:
            cores = sorted(os.sched_getaffinity(0))
            for place, (app, box) in enumerate(zip(site.apps, site.boxes, strict=True)):
                for pid in _family([app.pid, box.pid]):
                    _keep_on(pid, {cores[place % len(cores)]})
        people = [
            Person(
                f"person {one}", Browser(site.apps[one % number].address, f"10.9.{one}.{secrets.randbelow(250) + 1}")
            )
            for one in range(PEOPLE)
        ]
        before = {part: processor(pids) for part, pids in parts.items()}
        began = time.monotonic()
        with _looking(site.apps[0].settings["database"]) as writing:
            turns = asyncio.run(_as_fast_as_they_can(people, seconds))
        took = time.monotonic() - began
        cost = {part: processor(pids) - before[part] for part, pids in parts.items()}
        return Run(turns, took, cost, tuple(unkept(site.apps[0], people)), writing)


async def _as_fast_as_they_can(people: Sequence[Person], seconds: float) -> int:
    loop = asyncio.get_running_loop()
    turns, ends = 0, loop.time() + seconds

    async def talk(person: Person) -> None:
        nonlocal turns
        while loop.time() < ends:
            await person.take_a_turn()
            turns += 1
        person.browser.close()

    await asyncio.gather(*map(talk, people))
    return turns


@contextmanager
def _looking(database: str) -> Iterator[Writing]:
    """Look now and then who has the lock that whoever writes has, and who waits for it."""
    seen, is_over = Writing(), threading.Event()
    lock = "locktype = 'advisory' AND (classid::bigint << 32) + objid::bigint = %s"
    asked = f"SELECT count(*) FILTER (WHERE granted), count(*) FILTER (WHERE NOT granted) FROM pg_locks WHERE {lock}"

    def look() -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            while not is_over.wait(LOOKED_EVERY):
                row = connection.execute(asked, [ONE_WRITES]).fetchone()
                assert row is not None
                seen.look(*row)

    looking = threading.Thread(target=look)
    looking.start()
    try:
        yield seen
    finally:
        is_over.set()
        looking.join()


def _parts(site: Site, server: Server) -> dict[str, list[int]]:
    """Name the processes of each part. Those who measure are one of them: they take from the same cores."""
    postmaster = int((Path(server.data) / "postmaster.pid").read_text().split()[0])
    assert site.redis.process is not None
    return {
        "app": [app.pid for app in site.apps],
        "box": _family([box.pid for box in site.boxes]),
        "database": _family([postmaster]),
        "Redis": [site.redis.process.pid],
        "people": [os.getpid()],
    }


def _family(pids: Sequence[int]) -> list[int]:
    """Give these processes and all that they started."""
    found = list(pids)
    for pid in found:
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            found += [int(child) for child in children.read_text().split()]
    return found


def _keep_on(pid: int, cores: set[int]) -> None:
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(ProcessLookupError):
            os.sched_setaffinity(int(task.name), cores)


def main() -> int:
    """Measure, and print it beside its targets."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--short", action="store_true", help="ten seconds of each instead of a minute")
    seconds = 10 if asked.parse_args().short else 60
    with tempfile.TemporaryDirectory() as folder:
        return show("Two machines beside one", measured(Path(folder), seconds))


if __name__ == "__main__":
    sys.exit(main())
