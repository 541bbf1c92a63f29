"""Figures of elsewhere to compare with: given by those who answer for figures, shown in the Board pack.

One set a year stands. Another one for the same year takes its place; what was there stays, with who gave it and when.
"""

from dataclasses import dataclass
from datetime import datetime

from bot.figures import Period
from bot.publishing import Benchmark, BenchmarkNotRead, read_benchmark
from bot.publishing.comparing import write_benchmark
from bot.roles import Act, Actor, require
from bot.store import AuditAct, Store, Transaction

NAMED = "elsewhere."
"""How the value of the council is named in which a set is kept; its year follows."""

TAKEN_AWAY = ""
"""What is kept where a set was taken away again."""


@dataclass(frozen=True, slots=True)
class InPlace:
    """A set that stands, and who gave it when."""

    benchmark: Benchmark
    by: str
    at: datetime


def in_place(store: Store, actor: Actor) -> tuple[InPlace, ...]:
    """List the sets that stand, the latest year first. Raises NotAllowed, NotRead."""
    require(actor, Act.COMPARE)
    with store.reading() as seen:
        found = []
        for benchmark in _standing(seen):
            given = seen.council.history(NAMED + benchmark.year)[-1]
            by = "" if given.account_id is None else seen.accounts.get(given.account_id).name
            found.append(InPlace(benchmark, by, given.at))
    return tuple(found)


def put_in_place(store: Store, actor: Actor, benchmark: Benchmark, now: datetime) -> None:
    """Have the pack show this set, in the place of another one of its year. Raises NotAllowed, NotKept."""
    require(actor, Act.COMPARE)
    with store.begin() as kept:
        kept.council.change(NAMED + benchmark.year, write_benchmark(benchmark).decode(), actor.account_id, now)
        about = f"elsewhere.given.{benchmark.year}"
        kept.audit.add(AuditAct.CHANGED, now, account_id=actor.account_id, about=about)


def take_away(store: Store, actor: Actor, year: str, now: datetime) -> bool:
    """Have the pack show the set of a year no more, and say whether there was one. Raises NotAllowed, NotKept."""
    require(actor, Act.COMPARE)
    with store.begin() as kept:
        if year not in {one.year for one in _standing(kept)}:
            return False
        kept.council.change(NAMED + year, TAKEN_AWAY, actor.account_id, now)
        about = f"elsewhere.taken_away.{year}"
        kept.audit.add(AuditAct.CHANGED, now, account_id=actor.account_id, about=about)
    return True


def beside(store: Store, actor: Actor, period: Period) -> Benchmark | None:
    """Give the set that stands beside figures of a year: of that year, or else of the last one before it.

    National figures come out months after a year has ended, so it is often the year before. Raises NotAllowed, NotRead.
    """
    require(actor, Act.SEE_PACK)
    with store.reading() as seen:
        standing = _standing(seen)
    return next((one for one in standing if int(one.year[:4]) <= period.first.year), None)


def _standing(seen: Transaction) -> tuple[Benchmark, ...]:
    """Give the sets that stand, the latest year first. One that says what there is no measure for any more does not."""
    found = []
    for name, value in seen.council.now().items():
        if name.startswith(NAMED) and value != TAKEN_AWAY:
            try:
                found.append(read_benchmark(value.encode()))
            except BenchmarkNotRead:
                continue
    return tuple(sorted(found, key=lambda one: one.year, reverse=True))
