"""Pages of exact figures, for those who answer for them: of the council or a team, of one measure, and behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import ClassVar
from urllib.parse import urlencode

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from bot import reporting, saying
from bot.figures import ALL, BASE, MEASURES, NATIONAL, By, Measure, Period, Spoken, Table
from bot.publishing.marking import SMALLEST_BASE, percentage
from bot.reporting import LISTED_AT_MOST, NOTED, Asked, ToLookAt
from bot.reviewing.seeing import NotDone
from bot.roles import RULES, Act, Place, may
from bot.saying import Shown, Value
from bot.web.team import counted
from bot.web.team.counted import MeasurePage, Voice
from bot.web.team.pages import Item, TeamPage
from bot.web.team.shell import Signed, TeamRoute

FIGURES = "/team/figures"
MEASURE = FIGURES + "/{measure}"
BEHIND = MEASURE + "/enquiries"
LOOK = "/team/figures-to-look-at"
RETURN = FIGURES + "/return"

EXACT = "These are exact numbers. They are not for publishing: the Board pack is."

BROKEN_DOWN_BY = (By.QUARTER, By.TEAM, By.AGE_BAND, By.SEX, By.ETHNICITY, By.SUPPORT_REASON)


@dataclass(frozen=True, slots=True)
class Row:
    """One measure in the list of all."""

    name: str
    href: str
    table: str
    """Of the national return; empty for one of our own."""
    lines: tuple["RowLine", ...]
    """Its figure, in each voice."""


@dataclass(frozen=True, slots=True)
class RowLine:
    """The one figure of a measure, in one voice."""

    voice: str
    """Empty where no voices are told apart."""
    figure: str
    what: str
    """What it is the figure of."""
    base: str


@dataclass(frozen=True, slots=True)
class Rows:
    """Measures that answer one question."""

    heading: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FiguresPage(TeamPage):
    """All measures of a time, of the council or of a team."""

    template: ClassVar[str] = "team/figures.html"
    period: str
    marked: str
    address: str
    periods: tuple[tuple[str, str], ...]
    period_id: str
    teams: tuple[tuple[str, str], ...]
    team_id: str
    to_look_at: tuple[str, ...]
    """What is to be looked at before these figures go anywhere."""
    look_href: str
    return_href: str
    groups: tuple[Rows, ...]


@dataclass(frozen=True, slots=True)
class BehindRow:
    """One enquiry behind a figure."""

    enquiry_id: str
    reference: str


@dataclass(frozen=True, slots=True)
class LookGroup:
    """Enquiries of which the same is missing, or does not go together."""

    id: str
    why: str
    told: str
    """How many they are, and how many of them are listed."""
    rows: tuple[BehindRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LookPage(TeamPage):
    """Enquiries to look at before figures go anywhere."""

    template: ClassVar[str] = "team/figures_look.html"
    back: Item
    what: str
    groups: tuple[LookGroup, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BehindPage(TeamPage):
    """The enquiries behind one figure."""

    template: ClassVar[str] = "team/figures_behind.html"
    back: Item
    what: str
    told: str
    rows: tuple[BehindRow, ...]


# --- which figures are asked for --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which time and which team somebody asks about."""

    period_id: str
    period: Period
    team_id: str
    """Empty for the whole council."""

    def address(self, path: str, **more: str) -> str:
        """Give the address of a page about the same."""
        query = {"period": self.period_id} | ({"team": self.team_id} if self.team_id else {})
        return f"{path}?{urlencode(query | {name: value for name, value in more.items() if value})}"

    def asked(self, measures: Sequence[str], by: By = By.NOTHING) -> Asked:
        """Ask for these measures."""
        return Asked(period=self.period, measures=tuple(measures), by=by, team_id=self.team_id or None)


def read(request: Request, today: date) -> Chosen:
    """Read what is asked about. What no page of ours offers is the year that is shown first."""
    asked = request.query_params
    wanted = asked.get("period", "")
    found = next((one for one in periods(today) if one[0] == wanted), None)
    period_id, _, period = found or next(one for one in periods(today) if one[0] == str(counted.first_year(today)))
    return Chosen(period_id, period, asked.get("team", ""))


def periods(today: date) -> tuple[tuple[str, str, Period], ...]:
    """List the years, each followed by those of its quarters that have begun."""
    found = []
    for year in counted.years(today):
        whole = Period.of_year(year)
        found.append((str(year), whole.label, whole))
        found += [(one.quarter_id, f"– {one.label}", one) for one in whole.quarters if one.first <= today]
    return tuple(found)


def of_exact(table: Table, column: str = ALL) -> Shown:
    """Give a column as pages show it: exact, with shares where there are enough for a share to mean something."""
    base = table.base[column]

    def value(count: int | None) -> Value:
        has_share = count is not None and base is not None and base >= SMALLEST_BASE and count <= base
        return Value(count, percentage(count or 0, base or 0) if has_share else None)

    return Shown(
        measure=table.measure,
        base=Value(base),
        values={cell.id: value(table.counts[cell.id, column]) for cell in table.measure.cells},
        spoken=table.spoken,
        is_rounded=False,
    )


# --- the pages --------------------------------------------------------------------------------------------------------


async def show_figures(request: Request, signed: Signed) -> Response:
    """All measures of a time, of the council or of a team."""
    chosen = read(request, signed.now.date())
    try:
        tables = await _count(signed, chosen.asked(tuple(MEASURES)))
        doubts = await to_thread.run_sync(reporting.doubts, signed.desk.store, signed.actor, chosen.asked(NATIONAL))
    except NotDone as error:
        return counted.not_now(signed, "Figures", error)
    found = {(one.measure.id, one.spoken): of_exact(one) for one in tables}
    page = FiguresPage(
        frame=signed.frame(),
        title="Figures",
        period=f"Enquiries that were closed from {chosen.period.label}",
        marked=EXACT,
        address=FIGURES,
        periods=tuple((period_id, label) for period_id, label, _ in periods(signed.now.date())),
        period_id=chosen.period_id,
        teams=(("", "The whole council"), *await to_thread.run_sync(_teams, signed)),
        team_id=chosen.team_id,
        to_look_at=tuple(counted.doubt(one) for one in doubts),
        look_href=chosen.address(LOOK),
        return_href=f"{RETURN}?{urlencode({'period': counted.year_of(chosen.period.first)})}",
        groups=tuple(
            Rows(heading, tuple(_row(MEASURES[one], found, chosen) for one in ids)) for heading, ids in counted.GROUPS
        ),
    )
    return signed.shown(page)


async def show_measure(request: Request, signed: Signed) -> Response:
    """One measure, exactly, with a way to the enquiries behind each number."""
    measure = MEASURES.get(request.path_params["measure"])
    if measure is None:
        return signed.desk.missing()
    chosen = read(request, signed.now.date())
    offered = [by for by in BROKEN_DOWN_BY if by is not By.TEAM or not chosen.team_id]
    by = next((one for one in offered if one.value == request.query_params.get("by")), offered[0])
    try:
        whole = await _count(signed, chosen.asked([measure.id]))
        apart = await _count(signed, chosen.asked([measure.id], by))
    except NotDone as error:
        return counted.not_now(signed, measure.heading, error)
    page = MeasurePage(
        frame=signed.frame(),
        title=measure.heading,
        period=await to_thread.run_sync(_of_whom, signed, chosen),
        back=Item("Figures", chosen.address(FIGURES)),
        marked=EXACT,
        voices=tuple(
            _voice(table, next(one for one in apart if one.spoken is table.spoken), by, chosen) for table in whole
        ),
        ways=tuple(
            Item(counted.BROKEN_DOWN[one], chosen.address(MEASURE.format(measure=measure.id), by=one.value), one is by)
            for one in offered
        ),
        facts=counted.facts(measure),
    )
    return signed.shown(page)


async def show_behind(request: Request, signed: Signed) -> Response:
    """The enquiries behind one number, as far as this reader may see them."""
    measure = MEASURES.get(request.path_params["measure"])
    chosen, asked = read(request, signed.now.date()), request.query_params
    cell = None if measure is None else next((one for one in measure.cells if one.id == asked.get("cell")), None)
    spoken = next((one for one in Spoken if one.value == asked.get("spoken", "")), Spoken.ALL)
    if measure is None or cell is None or spoken not in reporting.voices_of(measure):
        return signed.desk.missing()
    by = next((one for one in BROKEN_DOWN_BY if one.value == asked.get("by")), By.NOTHING)
    group = asked.get("group", ALL)
    if group not in await to_thread.run_sync(_columns, signed, chosen, measure, by):
        return signed.desk.missing()
    look = partial(
        reporting.behind,
        signed.desk.store,
        signed.actor,
        chosen.asked([measure.id], by),
        measure.id,
        cell.id,
        spoken,
        group,
    )
    try:
        found = await to_thread.run_sync(look)
    except NotDone as error:
        return counted.not_now(signed, measure.heading, error)
    shown = found.enquiry_ids
    names = await to_thread.run_sync(_references, signed, shown)
    page = BehindPage(
        frame=signed.frame(),
        title="The enquiries behind a figure",
        back=Item(measure.heading, chosen.address(MEASURE.format(measure=measure.id))),
        what=f"{measure.heading} {cell.label}. {await to_thread.run_sync(_of_whom, signed, chosen)}.",
        told=_listed(found.number),
        rows=tuple(BehindRow(one, names[one]) for one in shown),
    )
    return signed.shown(page)


async def show_to_look_at(request: Request, signed: Signed) -> Response:
    """Enquiries of which something is missing, or does not go together."""
    chosen = read(request, signed.now.date())
    try:
        found = await to_thread.run_sync(reporting.to_look_at, signed.desk.store, signed.actor, chosen.asked(NATIONAL))
    except NotDone as error:
        return counted.not_now(signed, "Figures", error)
    every = sorted({enquiry_id for one in found for enquiry_id in one.enquiry_ids})
    names = await to_thread.run_sync(_references, signed, every)
    page = LookPage(
        frame=signed.frame(),
        title="Enquiries to look at",
        back=Item("Figures", chosen.address(FIGURES)),
        what=await to_thread.run_sync(_of_whom, signed, chosen),
        groups=tuple(_look_group(one, names) for one in found),
    )
    return signed.shown(page)


def _columns(signed: Signed, chosen: Chosen, measure: Measure, by: By) -> frozenset[str]:
    (first, *_) = reporting.tables(signed.desk.store, signed.actor, chosen.asked([measure.id], by), signed.now)
    return frozenset(column.id for column in first.columns)


def _references(signed: Signed, enquiry_ids: Sequence[str]) -> Mapping[str, str]:
    with signed.desk.store.reading() as seen:
        kept = seen.enquiries.all_of(enquiry_ids)
    return {one: kept[one].reference or "An enquiry without a reference" for one in enquiry_ids}


def _listed(number: int) -> str:
    if not number:
        return "There are none that you may see."
    return "" if number <= LISTED_AT_MOST else f"These are {LISTED_AT_MOST} of {number:,}, those that were closed last."


def _look_group(found: ToLookAt, names: Mapping[str, str]) -> LookGroup:
    """Put together what can be put right in the same way. An enquiry is in as many groups as it needs."""
    number, listed = found.number, len(found.enquiry_ids)
    told = f"{counted.enquiries(number)} that you may see"
    told += f", of which {listed} are listed" if number > listed else ""
    rows = tuple(BehindRow(one, names[one]) for one in found.enquiry_ids)
    return LookGroup(found.what.value, NOTED[found.what], told, rows)


def _voice(whole: Table, apart: Table, by: By, chosen: Chosen) -> Voice:
    link = partial(_behind, chosen, whole.measure, whole.spoken, by)
    made = counted.voice(whole.spoken, of_exact(whole), link)
    shown = {one.id: of_exact(apart, one.id) for one in apart.columns}
    return counted.with_columns(made, by, shown, apart.columns, link)


def _row(measure: Measure, found: Mapping[tuple[str, Spoken], Shown], chosen: Chosen) -> Row:
    lines = (_line(found[measure.id, spoken]) for spoken in reporting.voices_of(measure))
    return Row(measure.heading, chosen.address(MEASURE.format(measure=measure.id)), measure.table, tuple(lines))


def _line(shown: Shown) -> RowLine:
    voice, base = counted.VOICES[shown.spoken], shown.base.mark
    if not shown.base.count:
        return RowLine(voice, "–", "", base)
    label = saying.headline_of(shown.measure)
    if not label:
        return RowLine(voice, "", f"{len(shown.values)} figures", base)
    value = saying.headline(shown)
    return RowLine(voice, f"{value.percent}%" if value.percent is not None else value.mark, label, base)


def _behind(chosen: Chosen, measure: Measure, spoken: Spoken, by: By, cell: str, column: str) -> str:
    if cell == BASE:
        return ""
    more = {"cell": cell, "spoken": spoken.value} | ({} if column == ALL else {"by": by.value, "group": column})
    return chosen.address(BEHIND.format(measure=measure.id), **more)


def _teams(signed: Signed) -> tuple[tuple[str, str], ...]:
    """List the teams whose figures this reader may see."""
    with signed.desk.store.reading() as seen:
        every = seen.teams.listed(closed=True)
    return tuple(
        (one.team_id, one.name) for one in every if may(signed.actor, Act.SEE_FIGURES, Place(team_id=one.team_id))
    )


def _of_whom(signed: Signed, chosen: Chosen) -> str:
    name = dict(_teams(signed)).get(chosen.team_id, "")
    return f"Enquiries that were closed from {chosen.period.label}" + (f", {name}" if name else "")


async def _count(signed: Signed, asked: Asked) -> tuple[Table, ...]:
    return await to_thread.run_sync(reporting.tables, signed.desk.store, signed.actor, asked, signed.now)


READERS = frozenset(RULES[Act.SEE_FIGURES])

routes: tuple[TeamRoute, ...] = (
    TeamRoute(FIGURES, "figures", show_figures, "GET", READERS, navigation="Figures"),
    TeamRoute(LOOK, "figures_to_look_at", show_to_look_at, "GET", READERS, navigation="Figures"),
    TeamRoute(MEASURE, "figures_measure", show_measure, "GET", READERS, navigation="Figures"),
    TeamRoute(BEHIND, "figures_behind", show_behind, "GET", READERS, navigation="Figures"),
)
