"""Pages of figures of elsewhere: which ones the Board pack shows beside ours, and giving others as a file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import ClassVar

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from bot import comparing
from bot.comparing import InPlace
from bot.publishing import Benchmark, BenchmarkNotRead, read_benchmark
from bot.publishing.comparing import COLUMNS, LARGEST, empty_benchmark, percent_of, write_benchmark
from bot.roles import RULES, Act
from bot.web.team import figures
from bot.web.team.pages import Item, Problem, TeamPage
from bot.web.team.shell import Signed, TeamRoute

ELSEWHERE = "/team/figures-of-elsewhere"
EMPTY = ELSEWHERE + "/empty.csv"
PUT = ELSEWHERE + "/put"
TAKE_AWAY = ELSEWHERE + "/take-away"

TITLE = "Figures of elsewhere"

EXPLAINED = {
    "PLACE": "Of where the figures are, such as England",
    "YEAR": "From April to March, such as 2024-25",
    "SOURCE": "Who published them, and where",
    "MEASURE": "As it is called in the file to fill in",
    "CELL": "The row of the measure, as it is called there",
    "PERCENT": "A number from 0 to 100, such as 66.5. Leave it empty where there is none",
}
"""What each column of the file holds."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure."""

    name: str
    percent: str


@dataclass(frozen=True, slots=True)
class Rows:
    """The figures of one measure."""

    heading: str
    table: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Set:
    """Figures of one place and one year."""

    id: str
    label: str
    year: str
    source: str
    number: str
    """How many figures of how many measures."""
    measures: tuple[Rows, ...]
    by: str = ""
    """Who gave it."""
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ElsewherePage(TeamPage):
    """What the pack shows beside ours, and where other figures are given."""

    template: ClassVar[str] = "team/elsewhere.html"
    back: Item
    sets: tuple[Set, ...]
    columns: tuple[tuple[str, str], ...]
    largest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPage(TeamPage):
    """What was read in a file, before it is put in place."""

    template: ClassVar[str] = "team/elsewhere_read.html"
    back: Item
    read: Set
    figures: str
    """The file once more, as it was understood."""
    replaces: Set | None
    """What stands for this year now."""


async def show_elsewhere(request: Request, signed: Signed) -> Response:
    """What the pack shows beside ours."""
    return await _shown(signed)


async def give_empty(request: Request, signed: Signed) -> Response:
    """Give a file in which every row stands that can be filled in."""
    headers = {"content-disposition": 'attachment; filename="figures-of-elsewhere.csv"'}
    return Response(empty_benchmark(), media_type="text/csv; charset=utf-8", headers=headers)


async def look_at_file(request: Request, signed: Signed) -> Response:
    """Show what stands in a file. Nothing is put in place."""
    if signed.form.file is None:
        return await _shown(signed, Problem("Choose the file first.", "#file"))
    try:
        benchmark = await to_thread.run_sync(read_benchmark, signed.form.file)
    except BenchmarkNotRead as error:
        return await _shown(signed, _problem(error))
    standing = await _standing(signed)
    page = ReadPage(
        frame=signed.frame(),
        title="Is this what you meant?",
        back=Item(TITLE, ELSEWHERE),
        read=_set(benchmark),
        figures=write_benchmark(benchmark).decode(),
        replaces=next((_set_in_place(one) for one in standing if one.benchmark.year == benchmark.year), None),
    )
    return signed.shown(page)


async def put_in_place(request: Request, signed: Signed) -> Response:
    """Have the pack show what was looked at."""
    try:
        benchmark = await to_thread.run_sync(read_benchmark, signed.form.one("figures").encode())
    except BenchmarkNotRead as error:
        return await _shown(signed, _problem(error))
    await to_thread.run_sync(comparing.put_in_place, signed.desk.store, signed.actor, benchmark, signed.now)
    return signed.leads_to(ELSEWHERE, "It is in place. The Board pack shows these figures now.")


async def take_away(request: Request, signed: Signed) -> Response:
    """Have the pack show them no more."""
    year = signed.form.one("year")
    was_there = await to_thread.run_sync(comparing.take_away, signed.desk.store, signed.actor, year, signed.now)
    told = "They are taken away. The Board pack does not show them any more." if was_there else ""
    return signed.leads_to(ELSEWHERE, told)


async def _shown(signed: Signed, *problems: Problem) -> Response:
    page = ElsewherePage(
        frame=signed.frame(),
        title=TITLE,
        problems=problems,
        back=Item("Figures", figures.FIGURES),
        sets=tuple(map(_set_in_place, await _standing(signed))),
        columns=tuple((name, EXPLAINED[name]) for name in COLUMNS),
        largest=f"{LARGEST // 1000} kB",
    )
    return signed.shown(page)


async def _standing(signed: Signed) -> Sequence[InPlace]:
    return await to_thread.run_sync(comparing.in_place, signed.desk.store, signed.actor)


def _problem(error: BenchmarkNotRead) -> Problem:
    told = str(error)
    return Problem(f"{told[:1].upper()}{told[1:]} Nothing was put in place.", "#file")


def _set_in_place(one: InPlace) -> Set:
    return _set(one.benchmark, one.by, one.at)


def _set(benchmark: Benchmark, by: str = "", at: datetime | None = None) -> Set:
    given = benchmark.figures()
    measures = tuple(
        Rows(measure.heading, measure.table, tuple(Row(one.cell.label, percent_of(one.percent)) for one in ones))
        for measure, ones in groupby(given, key=lambda one: one.measure)
    )
    return Set(
        id=f"of-{benchmark.year}",
        label=benchmark.label,
        year=benchmark.year,
        source=benchmark.source,
        number=f"{_number(len(given), 'figure')} of {_number(len(measures), 'measure')}",
        measures=measures,
        by=by,
        at=at,
    )


def _number(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


WHO = frozenset(RULES[Act.COMPARE])

routes: tuple[TeamRoute, ...] = (
    TeamRoute(ELSEWHERE, "elsewhere", show_elsewhere, "GET", WHO, navigation="Figures"),
    TeamRoute(EMPTY, "empty_elsewhere", give_empty, "GET", WHO, navigation="Figures"),
    TeamRoute(ELSEWHERE, "look_at_elsewhere", look_at_file, "POST", WHO, navigation="Figures", takes_file=True),
    TeamRoute(PUT, "put_elsewhere", put_in_place, "POST", WHO, navigation="Figures"),
    TeamRoute(TAKE_AWAY, "take_elsewhere_away", take_away, "POST", WHO, navigation="Figures"),
)
