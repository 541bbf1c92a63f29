"""Measure many people at once: an ordinary busy day, a burst, pages left open, a dialogue engine that is away, enemies.

`python -m bench.load` measures these alone; `--short` takes half a minute of each. Everything that was acknowledged is
afterwards held against the store, by the ledger that the fault suite has.
"""

import argparse
import asyncio
import contextlib
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from bench.asked import asked
from bench.people import PROXY, Browser, Person, open_loop
from bench.rows import Row, at_most, open_files, processor, resident, show, within
from bot.project import load_interview
from tests.boxes import trained_model
from tests.faults.houses import GatedHouse
from tests.faults.telling import unkept
from tests.house import House

RATE = 20.0
"""Turns a second: more than seven times all of England's at its peak, with one conversation of 40 turns a concern."""
WRITES = 50.0
"""Answers a second that are kept while the dialogue engine is away."""
AT_ONCE = 16
"""People who answer at the same moment, before anything is measured."""
LOOKED_EVERY = 5.0
"""Seconds between two looks at what the program holds."""
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Size:
    """How many, and for how long."""

    people: int = 200
    under_way: int = 60
    """Each has had up to so many turns when it begins: about as many as a first conversation has."""
    seconds: float = 600
    burst: int = 200
    idle: int = 2_000
    writes: int = 1_500
    hostile_seconds: float = 60
    slow: int = 100
    """Connections that never finish what they say."""


SHORT = Size(people=40, under_way=10, seconds=30, burst=40, idle=100, writes=300, hostile_seconds=10, slow=30)


def measured(folder: Path, size: Size) -> list[Row]:
    """Take every measurement, in one house but for the one whose dialogue engine is away."""
    house = House(folder / "house", **PROXY)
    house.take_the_trained_model()
    rows: list[Row] = []
    with _open(house):
        people = asyncio.run(_begun(house, size.people, "busy"))
        asyncio.run(_under_way(people, size.under_way))
        rows += asyncio.run(busy(house, people, size.seconds))
        rows += asyncio.run(burst(house, _some_more(house, people, size.burst)))
        rows += asyncio.run(beside_enemies(house, people, size))
        rows += asyncio.run(idle(house, size.idle))
    return [*rows, *keeping_alone(folder / "alone", size)]


@contextmanager
def _open(house: House) -> Iterator[None]:
    house.open().wait_until_ready()
    try:
        yield
    finally:
        house.close()


def people_at(house: House, number: int, name: str) -> list[Person]:
    """Have so many people, each in a network of their own."""
    return [
        Person(f"{name} {one}", Browser(house.address, f"10.{one // 250}.{one % 250}.{secrets.randbelow(250) + 1}"))
        for one in range(number)
    ]


async def _begun(house: House, number: int, name: str) -> list[Person]:
    people = people_at(house, number, name)
    for one in people:
        await one.begin()
    _let_go(people)
    return people


async def _under_way(people: Sequence[Person], turns: int) -> None:
    """Have each come to another place of a conversation, as people are on any day.

    When all that began together would grow together, what the program holds would grow with them, and stop with them.
    """
    free = asyncio.Semaphore(AT_ONCE)

    async def come(one: Person) -> None:
        for _ in range(secrets.randbelow(turns)):
            async with free:
                await one.take_a_turn()

    await asyncio.gather(*map(come, people))
    _let_go(people)


def _some_more(house: House, people: list[Person], number: int) -> list[Person]:
    return (
        people[:number] if number <= len(people) else people + asyncio.run(_begun(house, number - len(people), "more"))
    )


def _let_go(people: Sequence[Person]) -> None:
    """Close the connections: each measurement has a loop of its own."""
    for one in people:
        one.browser.close()


# --- an ordinary busy day ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Look:
    """What the program held at one moment."""

    at: float
    memory: float
    """MB, of the app and of the box."""
    files: int
    log: float
    """MB that the database's log takes."""


async def busy(house: House, people: Sequence[Person], seconds: float) -> list[Row]:
    """Have turns come at a steady rate for some time, whatever becomes of them, and see what the program holds."""
    pids = _pids(house)
    before = processor(pids)
    async with _looking(house) as looks:
        took = await open_loop(people, RATE, seconds)
    cost = (processor(pids) - before) / len(took)
    _let_go(people)
    name = f"{len(people)} open conversations, {RATE:g} turns a second for {seconds:g} s"
    return [
        within(f"{name}: a turn", took, p95=300, p99=1000),
        *_nothing_lost(house, people, name),
        Row("processor for each of these turns", f"{cost * 1000:.1f} ms"),
        *_flat(looks),
    ]


def _flat(looks: Sequence[Look]) -> list[Row]:
    """Say how what the program holds grew in the second half, when all that is made once had been made."""
    half = looks[min(len(looks) // 2, len(looks) - 2) :]
    minutes = (half[-1].at - half[0].at) / 60
    # The mean of the first and of the last few looks: garbage comes and goes between two.
    few = max(len(half) // 4, 1)
    grown = (_mean(one.memory for one in half[-few:]) - _mean(one.memory for one in half[:few])) / minutes / 0.75
    return [
        at_most("memory of app and box together grows by", grown, 1, "MB a minute", places=2),
        at_most("open files at the end beyond half-way", half[-1].files - half[0].files, 8, "more"),
        at_most("the database's log at its longest", max(one.log for one in looks), 64, "MB", places=1),
    ]


@contextlib.asynccontextmanager
async def _looking(house: House) -> AsyncIterator[list[Look]]:
    looks = [_look(house)]

    async def go_on() -> None:
        while True:
            await asyncio.sleep(LOOKED_EVERY)
            looks.append(_look(house))

    looking = asyncio.create_task(go_on())
    try:
        yield looks
    finally:
        looking.cancel()
        looks.append(_look(house))


def _look(house: House) -> Look:
    pids = _pids(house)
    log = house.database.with_name(house.database.name + "-wal")
    return Look(
        time.monotonic(),
        sum(map(resident, pids)),
        sum(map(open_files, pids)),
        log.stat().st_size / MEGABYTE if log.exists() else 0,
    )


# --- all at once ------------------------------------------------------------------------------------------------------


async def burst(house: House, people: Sequence[Person]) -> list[Row]:
    """Have everybody answer within one second."""
    earlier = {one.name: len(one.kept_after) for one in people}
    took = await open_loop(people, len(people), 1)
    kept = [after for one in people for after in one.kept_after[earlier[one.name] :]]
    _let_go(people)
    name = f"{len(people)} answers within one second"
    return [
        at_most(f"{name}: the last is acknowledged as kept after", max(kept, default=0), 5, "s", places=2),
        Row(f"{name}: the last has its next page after", f"{max(took):.2f} s"),
        *_nothing_lost(house, people, name),
    ]


async def idle(house: House, number: int) -> list[Row]:
    """Leave pages open, and do nothing."""
    pids = _pids(house)
    people = people_at(house, number, "idle")
    await people[0].begin()
    people[0].browser.close()
    before = sum(map(resident, pids))
    for one in people[1:]:
        await one.begin()
        one.browser.close()
    await asyncio.sleep(LOOKED_EVERY)
    waiting = processor(pids)
    await asyncio.sleep(LOOKED_EVERY)
    spent = (processor(pids) - waiting) / LOOKED_EVERY * 100
    return [
        at_most(f"{number:,} visits left open: memory", sum(map(resident, pids)) - before, 100, "MB more"),
        at_most(f"{number:,} visits left open: processor while nobody does anything", spent, 5, "%", places=1),
    ]


# --- while the dialogue engine is away --------------------------------------------------------------------------------


def keeping_alone(folder: Path, size: Size) -> list[Row]:
    """Time answers to being acknowledged while no dialogue engine is there: first one by one, then many at once."""
    # One that trains for itself would need the dialogue engine that is away.
    trained_model()
    house = GatedHouse(folder)
    house.settings.update(PROXY)
    house.take_the_trained_model()
    house.shut_gate()
    house.open()
    try:
        house.close()
        cookies = _ask_everybody(house, size.writes + size.writes // 5)
        house.open()
        return asyncio.run(_keep(house, cookies, size))
    finally:
        house.close()


def _ask_everybody(house: House, number: int) -> list[str]:
    """Have conversations that stand at a question, each with a visit."""
    now = datetime.now(UTC)
    interview = load_interview()
    cookies = []
    with house.store() as store:
        for _ in range(number):
            cookie = secrets.token_urlsafe(32)
            cookies.append(cookie)
            with store.begin() as kept:
                kept.visits.open(cookie, asked(kept, interview, now), now, idle_minutes=1200)
    return cookies


async def _keep(house: House, cookies: Sequence[str], size: Size) -> list[Row]:
    people = people_at(house, len(cookies), "alone")
    for one, cookie in zip(people, cookies, strict=True):
        one.browser.cookie = f"visit={cookie}"
        await one.look()
        one.browser.close()
    alone, many = people[size.writes :], people[: size.writes]
    for one in alone:
        await one.take_a_turn()
        one.browser.close()
    await open_loop(many, WRITES, len(many) / WRITES)
    _let_go(many)
    name = f"{WRITES:g} answers a second, no dialogue engine"
    return [
        within("an answer is acknowledged, no dialogue engine", _kept_after(alone), p95=20),
        within(f"{name}: each is acknowledged", _kept_after(many), p95=50, p99=150),
        *_nothing_lost(house, people, name),
    ]


def _kept_after(people: Sequence[Person]) -> list[float]:
    return [after for one in people for after in one.kept_after]


# --- beside enemies ---------------------------------------------------------------------------------------------------


async def beside_enemies(house: House, people: Sequence[Person], size: Size) -> list[Row]:
    """Have turns go on while others send what is slow, too long or never ends."""
    enemies = [asyncio.create_task(_trickle(house)) for _ in range(size.slow)]
    enemies += [asyncio.create_task(_pour(house, body=10 * MEGABYTE)), asyncio.create_task(_pour(house, head=100_000))]
    try:
        took = await open_loop(people, RATE / 2, size.hostile_seconds)
    finally:
        for enemy in enemies:
            enemy.cancel()
        await asyncio.gather(*enemies, return_exceptions=True)
    _let_go(people)
    name = f"{size.slow} connections that never end, bodies of 10 MB and heads of 100 kB beside them"
    return [within(f"{name}: a turn", took, p95=1000), *_nothing_lost(house, people, name)]


async def _trickle(house: House) -> None:
    """Send a letter of a header each second, and begin again when hung up on."""
    while True:
        with contextlib.suppress(OSError):
            async with _connected(house) as (_, writer):
                writer.write(b"POST /conversation HTTP/1.1\r\nHost: here\r\nX-Slow: ")
                for _ in range(600):
                    writer.write(b"x")
                    await writer.drain()
                    await asyncio.sleep(1)
        await asyncio.sleep(0.1)


async def _pour(house: House, *, body: int = 0, head: int = 0) -> None:
    """Send far too much, again and again, without listening."""
    start = b"POST /conversation HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n" % body
    while True:
        with contextlib.suppress(OSError):
            async with _connected(house) as (reader, writer):
                writer.write(start + b"X-Long: " + b"x" * head + b"\r\n\r\n")
                for _ in range(body // 100_000):
                    writer.write(b"x" * 100_000)
                    await writer.drain()
                async with asyncio.timeout(5):
                    await reader.read(1000)
        await asyncio.sleep(0.5)


@contextlib.asynccontextmanager
async def _connected(house: House) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Open a connection for as long as the block lasts."""
    at = urlsplit(house.address)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    try:
        yield reader, writer
    finally:
        writer.close()


# --- what has to hold whatever is measured ----------------------------------------------------------------------------


def _nothing_lost(house: House, people: Sequence[Person], name: str) -> list[Row]:
    wrong = len(unkept(house, people))
    acknowledged = sum(len(one.acknowledged) for one in people)
    refused = sum(len(one.refused) for one in people)
    waited = sum(one.waited for one in people)
    said = f"{acknowledged:,} acknowledged, {wrong} lost or doubled, {refused} refused, {waited} waits for a question"
    return [Row(f"{name}: the ledger", said, "0 lost or doubled, 0 refused", wrong == refused == 0)]


def _pids(house: House) -> tuple[int, int]:
    assert house.process is not None
    return house.process.pid, house.box_pid()


def _mean(of: Iterator[float]) -> float:
    every = list(of)
    return sum(every) / len(every)


def main() -> int:
    """Print these measurements alone."""
    asked = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    asked.add_argument("--short", action="store_true", help="fewer people, for half a minute")
    size = SHORT if asked.parse_args().short else Size()
    with tempfile.TemporaryDirectory() as folder:
        return show("Many at once", measured(Path(folder), size))


if __name__ == "__main__":
    sys.exit(main())
