"""What every measurement comes to: a row beside its target, and what is measured of a process."""

import os
import resource
import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured, what came of it, and the target. Where there is no target, nothing can be missed."""

    what: str
    measured: str
    target: str = ""
    is_met: bool = True


def at_most(what: str, measured: float, target: float, unit: str, *, places: int = 0) -> Row:
    """Make the row of something that is better the smaller it is."""
    return Row(what, f"{measured:.{places}f} {unit}", f"≤ {target:g} {unit}", measured <= target)


def at_least(what: str, measured: float, target: float, unit: str, *, places: int = 1) -> Row:
    """Make the row of something that is better the larger it is."""
    return Row(what, f"{measured:.{places}f} {unit}", f"≥ {target:g} {unit}", measured >= target)


def within(what: str, times: Sequence[float], *, p95: float, p99: float | None = None) -> Row:
    """Make the row of times, in seconds, that are held to targets in milliseconds."""
    is_met = percent(times, 95) * 1000 <= p95 and (p99 is None or percent(times, 99) * 1000 <= p99)
    target = f"p95 ≤ {p95:g} ms" + ("" if p99 is None else f", p99 ≤ {p99:g} ms")
    return Row(what, spread(times), target, is_met)


def spread(times: Sequence[float]) -> str:
    """Say how long it took: half of the times, nearly always, and at worst."""
    of = {f"p{one}": percent(times, one) * 1000 for one in (95, 99)}
    rest = ", ".join(f"{name} {took:.{_places(took)}f}" for name, took in of.items())
    median = statistics.median(times) * 1000
    return f"median {median:.{_places(median)}f} ms, {rest}, worst {max(times) * 1000:.0f}"


def percent(times: Sequence[float], share: int) -> float:
    """Give the time within which so many of a hundred were done."""
    ordered = sorted(times)
    return ordered[max(-(-len(ordered) * share // 100) - 1, 0)]


def _places(milliseconds: float) -> int:
    return 1 if milliseconds < 10 else 0


def processor(pids: Iterable[int]) -> float:
    """Add up the seconds of processor that these processes have taken since they were started."""
    return sum(sum(map(int, _stat(pid)[11:13])) for pid in pids) / TICKS


def resident(pid: int) -> float:
    """Say how much memory a process holds, in MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize() / 1_000_000


def open_files(pid: int) -> int:
    """Count the files, connections and pipes that a process holds open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def _stat(pid: int) -> list[str]:
    # The name of the program comes before, in brackets, and may be anything.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def show(title: str, rows: Iterable[Row]) -> int:
    """Print the table; gives 1 when a target is missed, for the program to end with."""
    rows = list(rows)
    table = Table("what", "measured", "target", title=title)
    for row in rows:
        table.add_row(row.what, row.measured, row.target, style="" if row.is_met else "bold red")
    console = Console(width=None if sys.stdout.isatty() else 150)
    console.print(table)
    missed = [row.what for row in rows if not row.is_met]
    for what in missed:
        console.print(f"Missed: {what}")
    return 1 if missed else 0
