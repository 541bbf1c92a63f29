"""Measure figures over a whole year of England: all of the Board's together, its pack, its pages, and how they grow.

`python -m bench.figures` measures these alone; `python -m bench.figures 1000 10000` over made-up years of these sizes.
It needs some 12 GB of disk for the time it takes, most of an hour's half on two cores.
"""

import json
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from bench.postgres import move, postgres
from bench.rows import Row, at_most, show, within
from bot.figures import MEASURES, By, Period
from bot.packing import pack_of
from bot.reporting import Asked, tables
from bot.roles import Actor, Role
from bot.settings import ROOT
from bot.signing_in import hash_of
from bot.store import RootKey, Store
from tests.house import House

SIZES = (1_000, 10_000, 185_270)
"""Enquiries of a year: a small council's, several councils', and England's in 2024-25."""
TEAMS = 10
TIMES = 3
PAGES = (
    "/team/figures?",
    "/team/figures/achieved?by=quarter",
    "/team/figures/asked?by=age_band",
    "/team/figures/achieved/enquiries?cell=fully",
    "/team/figures-to-look-at?",
    "/team/now?",
    "/team/pack?",
    "/team/pack/achieved?",
)
"""Without the year that is looked at."""
PAGE_TIMES = 12


@dataclass(frozen=True, slots=True)
class Counted:
    """What counting a year took, in a process that did nothing else."""

    everything: float
    """Seconds for every figure of the Board together, nothing remembered: the longest of several times."""
    by_quarter: float
    pack: float
    """Seconds for the whole pack, counted and proved safe, nothing remembered."""
    memory: float
    """MB at most."""


@dataclass(frozen=True, slots=True)
class Year:
    """One made-up year, and what was measured over it."""

    enquiries: int
    making: float
    size: float
    """MB on disk."""
    counted: Counted


def measured(folder: Path, sizes: Sequence[int] = SIZES, out: Console | None = None) -> list[Row]:
    """Make years of these sizes up, and take every measurement over the largest. `out` gets the table of growth."""
    years: list[Year] = []
    rows: list[Row] = []
    for enquiries in sizes:
        house = House(folder / str(enquiries))
        years.append(_year(house, enquiries))
        if enquiries == sizes[-1]:
            rows = [*_rows(years[-1], "SQLite"), *_on_postgres(house, enquiries), *_pages(house, enquiries)]
    if out is not None:
        out.print(growth(years))
    largest, smallest = years[-1], years[0]
    times_longer = largest.counted.everything / smallest.counted.everything
    times_more = largest.enquiries / smallest.enquiries
    among = f"{largest.enquiries:,} enquiries instead of {smallest.enquiries:,} ({times_more:.0f} times as many)"
    return [*rows, at_most(f"all figures of {among}", times_longer, round(times_more), "times as long")]


def growth(years: Sequence[Year]) -> Table:
    """Lay out how everything grows with the number of enquiries."""
    table = Table(
        "enquiries", "making them up", "on disk", "all figures", "by quarter", "pack", "memory", title="A year"
    )
    for year in years:
        counted = year.counted
        table.add_row(
            f"{year.enquiries:,}",
            f"{year.making:.0f} s",
            f"{year.size:.0f} MB",
            f"{counted.everything * 1000:.0f} ms",
            f"{counted.by_quarter * 1000:.0f} ms",
            f"{counted.pack:.1f} s",
            f"{counted.memory:.0f} MB",
        )
    return table


def _year(house: House, enquiries: int) -> Year:
    began = time.perf_counter()
    asked = ["--enquiries", str(enquiries), "--year", "--teams", str(TEAMS)]
    subprocess.run(
        [sys.executable, "-m", "bot", "demo", *asked],
        cwd=ROOT,
        env=house.environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    making = time.perf_counter() - began
    size = sum(file.stat().st_size for file in house.data.glob("*sqlite3*")) / 1_000_000
    return Year(enquiries, making, size, _counted(str(house.database), house.key))


def _counted(address: str, key: Path) -> Counted:
    told = subprocess.run(
        [sys.executable, "-m", "bench.figures", "count", address, str(key)],
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return Counted(**json.loads(told.stdout))


def _count(address: str, key: Path) -> Mapping[str, float]:
    """Count, in this process, and give what it took."""
    now = datetime.now(UTC)
    period = _last_year(now)
    root = RootKey.read(key)

    def opened() -> Store:
        return Store.open(address if "://" in address else Path(address), root)

    with closing(opened()) as store, store.reading() as seen:
        auditor = next(one for one in seen.accounts.listed() if one.role is Role.AUDITOR)
    actor = Actor(auditor.account_id, Role.AUDITOR, proven_at=now)

    def count(store: Store, by: By) -> None:
        found = tables(store, actor, Asked(period=period, measures=tuple(MEASURES), by=by), now)
        assert found, "no figures"

    return {
        "everything": max(_times(opened, lambda store: count(store, By.NOTHING))),
        "by_quarter": max(_times(opened, lambda store: count(store, By.QUARTER))),
        "pack": next(_times(opened, lambda store: pack_of(store, actor, period, now))),
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _last_year(now: datetime) -> Period:
    """Give the last year that is over: the one that `python -m bot demo --year` makes up."""
    return Period.of_year(now.year - 1 if now.month > 3 else now.year - 2)


def _times(opened: Callable[[], Store], count: Callable[[Store], object]) -> Iterator[float]:
    """Time it in a store that was just opened, so that it remembers nothing."""
    for _ in range(TIMES):
        with closing(opened()) as store:
            began = time.perf_counter()
            count(store)
            yield time.perf_counter() - began


def _rows(year: Year, database: str) -> list[Row]:
    among = f"of {year.enquiries:,} enquiries, {database}"
    return [
        at_most(f"every Board figure together {among}", year.counted.everything, 2, "s", places=2),
        at_most(f"the pack {among}", year.counted.pack, 5, "s", places=1),
        at_most(f"memory to count them, {database}", year.counted.memory, 300, "MB"),
    ]


def _on_postgres(house: House, enquiries: int) -> list[Row]:
    with postgres() as address:
        if address is None:
            return [Row(f"figures of {enquiries:,} enquiries, PostgreSQL", "it is not on this machine")]
        move(house.database, address, RootKey.read(house.key))
        return _rows(Year(enquiries, 0, 0, _counted(address, house.key)), "PostgreSQL")


def _pages(house: House, enquiries: int) -> list[Row]:
    """Time the pages of figures as a manager sees them, and what the app needs of memory for it."""
    cookie = secrets.token_urlsafe(32)
    now = datetime.now(UTC)
    with closing(Store.open(house.database, RootKey.read(house.key))) as store, store.begin() as kept:
        manager = next(one for one in kept.accounts.listed() if one.role is Role.MANAGER)
        kept.sessions.open(hash_of(cookie), manager.account_id, now)
    house.take_the_trained_model()
    house.open()
    times: list[float] = []
    try:
        with httpx.Client(base_url=house.address, cookies={"team": cookie}, timeout=120) as browser:
            year = f"&period={_last_year(now).first.year}"
            for page in [page + year for page in PAGES] * (PAGE_TIMES + 1):
                began = time.perf_counter()
                shown = browser.get(page)
                times.append(time.perf_counter() - began)
                assert shown.status_code == httpx.codes.OK, f"{page}: {shown.status_code}"
        assert house.process is not None
        memory = _peak(house.process.pid)
    finally:
        house.close()
    first, ordered = max(times[: len(PAGES)]), sorted(times[len(PAGES) :])
    among = f"over {enquiries:,} enquiries"
    return [
        within(f"a page of figures {among} ({len(ordered)} pages)", ordered, p95=500),
        Row(f"the slowest page of figures {among} after something changed", f"{first:.1f} s"),
        at_most(f"the app's memory {among}, at most", memory, 300, "MB"),
    ]


def _peak(pid: int) -> float:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def main(arguments: Sequence[str]) -> int:
    """Print these measurements alone; or, in the process that counts, what counting took."""
    if arguments[:1] == ["count"]:
        sys.stdout.write(json.dumps(_count(arguments[1], Path(arguments[2]))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        return show("Figures", measured(Path(folder), [int(one) for one in arguments] or SIZES, Console()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
