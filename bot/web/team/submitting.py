"""Pages of the national return: what makes its figures doubtful, its tables as they will leave, and the file."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from bot import submitting
from bot.council import Group
from bot.figures import ALL, By, Period, Table
from bot.publishing.national import EVERYBODY
from bot.reviewing.seeing import NotDone
from bot.roles import RULES, Act
from bot.submitting import LookAgain, Return
from bot.web.team import counted, figures
from bot.web.team.council import LABELS, TITLES
from bot.web.team.counted import Grid, GridCell, GridRow
from bot.web.team.figures import Chosen
from bot.web.team.pages import MONTHS, Item, Problem, TeamPage
from bot.web.team.shell import Signed, TeamRoute

TAKE = figures.RETURN + "/take"

TITLE = "The national return"
MARKED = "Exact numbers of the whole council, small ones too. They are not for publishing: the Board pack is."


@dataclass(frozen=True, slots=True)
class Leaving:
    """The cells of one measure as they will leave, and where more of it is."""

    id: str
    heading: str
    grid: Grid
    more: Item


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnPage(TeamPage):
    """The return of a year, before it is taken out."""

    template: ClassVar[str] = "team/figures_return.html"
    period: str
    marked: str
    address: str
    periods: tuple[tuple[str, str], ...]
    period_id: str
    back: Item
    goes_on_until: str
    """The last day of a year that is not over; empty for one that is."""
    doubts: tuple[str, ...]
    """What to look at before it leaves."""
    look_href: str
    tables: tuple[Leaving, ...]
    of_council: tuple[tuple[str, str], ...]
    missing: int
    """How much nobody gave of the council."""
    givers: tuple[str, ...]
    given_at: str
    """Under which heading of the settings they give it."""
    action: str
    seen: str


async def show_return(request: Request, signed: Signed) -> Response:
    """The return of a year: what is doubtful first, then what would leave."""
    return await _shown(signed, counted.chosen_year(request.query_params.get("period", ""), signed.now.date()))


async def take_return(request: Request, signed: Signed) -> Response:
    """Give the file. It is kept nowhere here, and no copy of it by the browser either."""
    year = counted.chosen_year(signed.form.one("period"), signed.now.date())
    desk, seen = signed.desk, signed.form.one("seen")
    take = partial(submitting.take_out, desk.store, desk.settings, signed.actor, Period.of_year(year), seen, signed.now)
    try:
        taken = await to_thread.run_sync(take)
    except LookAgain as again:
        return await _shown(signed, year, Problem(str(again), "#take"))
    except NotDone as error:
        return counted.not_now(signed, TITLE, error)
    headers = {"content-disposition": f'attachment; filename="{taken.name}"'}
    return Response(taken.content, media_type="text/csv; charset=utf-8", headers=headers)


async def _shown(signed: Signed, year: int, *problems: Problem) -> Response:
    desk, period = signed.desk, Period.of_year(year)
    look = partial(submitting.look, desk.store, desk.settings, signed.actor, period, signed.now)
    try:
        found = await to_thread.run_sync(look)
    except NotDone as error:
        return counted.not_now(signed, TITLE, error)
    return signed.shown(_page(signed, Chosen(str(year), period, ""), found, problems))


def _page(signed: Signed, chosen: Chosen, found: Return, problems: tuple[Problem, ...]) -> ReturnPage:
    last = found.period.last
    return ReturnPage(
        frame=signed.frame(),
        title=TITLE,
        problems=problems,
        period=f"Enquiries that were closed from {found.period.label}",
        marked=MARKED,
        address=figures.RETURN,
        periods=counted.year_choices(signed.now.date()),
        period_id=chosen.period_id,
        back=Item("Figures", chosen.address(figures.FIGURES)),
        goes_on_until="" if found.is_over else f"{last.day} {MONTHS[last.month - 1]} {last.year}",
        doubts=tuple(counted.doubt(one) for one in found.doubts),
        look_href=chosen.address(figures.LOOK),
        tables=() if found.is_empty else tuple(_leaving(one, chosen) for one in found.tables),
        of_council=tuple((LABELS[name], value) for name, value in found.of_council.items()),
        missing=len(found.missing),
        givers=found.givers,
        given_at=TITLES[Group.RETURN],
        action=TAKE,
        seen=found.seen,
    )


def _leaving(table: Table, chosen: Chosen) -> Leaving:
    measure = table.measure
    behind = figures.BEHIND.format(measure=measure.id)
    rows = [
        GridRow(cell.label, (_number(table.counts[cell.id, ALL], chosen.address(behind, cell=cell.id)),))
        for cell in measure.cells
    ]
    if measure.is_exclusive:
        rows.append(GridRow("These add up to", (_number(table.base[ALL]),), is_base=True))
    more = chosen.address(figures.MEASURE.format(measure=measure.id), by=By.AGE_BAND.value)
    return Leaving(
        id=measure.id,
        heading=f"{measure.table}: {measure.heading}",
        grid=Grid(measure.heading, (EVERYBODY,), tuple(rows), is_caption_hidden=True),
        more=Item("By age, and how it is counted", more),
    )


def _number(count: int | None, href: str = "") -> GridCell:
    return GridCell("" if count is None else f"{count:,}", href=href if count else "")


WHO = frozenset(RULES[Act.EXPORT_RETURN])

routes: tuple[TeamRoute, ...] = (
    TeamRoute(figures.RETURN, "return", show_return, "GET", WHO, navigation="Figures"),
    TeamRoute(TAKE, "take_return", take_return, "POST", WHO, proven=True, navigation="Figures"),
)
