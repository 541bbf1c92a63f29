"""Pages of the Board pack: what difference was made, one page for each measure, and taking the pack out.

Everything on them may be published. No exact number of anything ever comes here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar
from urllib.parse import urlencode

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from bot import comparing, packing, quoting, responding, saying
from bot.charts import Chart
from bot.figures import ALL, MEASURES, By, Period, Spoken
from bot.packing import BROKEN_DOWN_BY, Written, YearPack
from bot.publishing import NotProven, PublishedTable
from bot.publishing import Shown as Published
from bot.quoting import Quote
from bot.reviewing.seeing import NotDone
from bot.roles import RULES, Act
from bot.saying import Shown, Value
from bot.web.team import counted
from bot.web.team.counted import Beside, Group, MeasurePage, Voice
from bot.web.team.heard import AnswerShown, answers_shown
from bot.web.team.pages import Item, TeamPage
from bot.web.team.shell import Signed, TeamRoute

PACK = "/team/pack"
MEASURE = PACK + "/{measure}"
TAKE = PACK + "/take"

TITLE = "What difference did we make?"
ANSWER, ASKED = "achieved", "asked"
"""The measure that answers it, and the one that is of every enquiry."""

TILES: tuple[tuple[str, str], ...] = (
    ("asked", "Were people asked what they want?"),
    ("risk", "Was the risk dealt with?"),
    ("safer", "Do people feel safer because of the help?"),
    ("involved", "Were people as much a part of it as they wanted?"),
    ("supported", "Did somebody support people who lacked capacity?"),
    ("wait", "Were people talked with straight away?"),
)
"""What the first page shows beside the answer."""

QUOTED, DONE = 4, 2
"""Quotes, and things that were done about what people said, that the first page has room for."""
BRIEF = 160
"""Characters of each of them, so that the page stays one sheet of paper. The longer ones stand on their own page."""

NOTE = (
    "Numbers under five are hidden, and so are others from which they could be worked out. All other numbers go to "
    "the nearest five, so they need not add up. Shares are worked out from the true numbers, some of them to "
    "the nearest five, and stand only where there are ten or more."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The one answer of the first page."""

    chart: Chart | None
    """None where there is nothing to be drawn."""
    sentence: str
    besides: str
    """How many enquiries it is of, and how many there were."""
    href: str


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure in large letters."""

    question: str
    value: str
    share: int | None
    """How far its bar goes, of a hundred. None where there is none to be shown."""
    sentence: str
    href: str

    @property
    def is_long(self) -> bool:
        """Whether it is two numbers, and not one."""
        return not self.value.endswith("%")


@dataclass(frozen=True, slots=True, kw_only=True)
class PackPage(TeamPage):
    """The first page of the pack."""

    template: ClassVar[str] = "team/figures_pack.html"
    period: str
    address: str
    periods: tuple[tuple[str, str], ...]
    period_id: str
    is_empty: bool
    """Whether no enquiry was closed in this year."""
    answer: Answer
    elsewhere: Beside | None
    """What the answer is elsewhere; None where nothing was given."""
    tiles: tuple[Tile, ...]
    note: str
    groups: tuple[Group, ...]
    quotes: tuple[Quote, ...] = ()
    """Words that people agreed to have quoted, and that somebody looked at."""
    done: tuple[AnswerShown, ...] = ()
    """What was done about what people said."""


async def show_pack(request: Request, signed: Signed) -> Response:
    """What difference was made in a year."""
    asked = request.query_params.get("period", "")
    year = counted.chosen_year(asked, signed.now.date())
    try:
        pack = await _pack(signed, year)
        if not asked and _is_empty(pack):
            before = await _pack(signed, year - 1)
            year, pack = (year, pack) if _is_empty(before) else (year - 1, before)
    except (NotDone, NotProven) as error:
        return counted.not_now(signed, TITLE, error)
    answer = _whole(pack, ANSWER, Spoken.ALL)
    quotes, done = await to_thread.run_sync(_heard, signed, year)
    page = PackPage(
        frame=signed.frame(),
        title=TITLE,
        period=_closed_in(year),
        address=PACK,
        periods=counted.year_choices(signed.now.date()),
        period_id=str(year),
        is_empty=_is_empty(pack),
        answer=Answer(
            counted.drawn("answer", answer),
            saying.sentence(answer),
            saying.reach(answer, _whole(pack, ASKED, Spoken.ALL)),
            _address(ANSWER, year),
        ),
        elsewhere=await _elsewhere(signed, year, ANSWER),
        tiles=tuple(_tile(pack, measure, question, year) for measure, question in TILES),
        note=NOTE,
        groups=counted.groups(partial(_address, year=year)),
        quotes=quotes,
        done=done,
    )
    return signed.shown(page)


def _is_empty(pack: YearPack) -> bool:
    base = _whole(pack, ASKED, Spoken.ALL).base
    return not base.count and not base.is_hidden


def _heard(signed: Signed, year: int) -> tuple[tuple[Quote, ...], tuple[AnswerShown, ...]]:
    """Choose what the first page has room for: of what was said and done, and what else was said."""
    store, actor, period = signed.desk.store, signed.actor, Period.of_year(year)
    done = [
        one
        for one in responding.said_and_done(store, actor, period)
        if one.state is responding.State.MADE and len(one.did) <= BRIEF and (one.quote is None or _is_brief(one.quote))
    ][:DONE]
    answered = {one.quote.quote_id for one in done if one.quote is not None}
    quotes = quoting.quotable(
        store, actor, period, at_most=QUOTED, wanted=lambda one: _is_brief(one) and one.quote_id not in answered
    )
    return quotes, answers_shown(done)


def _is_brief(quote: Quote) -> bool:
    return sum(len(piece.words) for piece in quote.pieces) <= BRIEF


async def show_measure(request: Request, signed: Signed) -> Response:
    """One measure, as it may be published."""
    measure = MEASURES.get(request.path_params["measure"])
    if measure is None:
        return signed.desk.missing()
    year = counted.chosen_year(request.query_params.get("period", ""), signed.now.date())
    try:
        pack = await _pack(signed, year)
    except (NotDone, NotProven) as error:
        return counted.not_now(signed, measure.heading, error)
    offered = [by for by in BROKEN_DOWN_BY if measure.id in BROKEN_DOWN_BY[by]]
    by = next((one for one in offered if one.value == request.query_params.get("by")), By.QUARTER)
    spoken = (Spoken.PERSON, Spoken.REPRESENTATIVE) if measure.is_spoken else (Spoken.ALL,)
    page = MeasurePage(
        frame=signed.frame(),
        title=measure.heading,
        period=_closed_in(year),
        back=Item(TITLE, f"{PACK}?{urlencode({'period': year})}"),
        marked=NOTE,
        voices=tuple(_voice(pack, measure.id, one, by) for one in spoken),
        ways=tuple(
            Item(counted.BROKEN_DOWN[one], _address(measure.id, year, one), one is by)
            for one in (offered if len(offered) > 1 else ())
        ),
        facts=counted.facts(measure),
        elsewhere=await _elsewhere(signed, year, measure.id),
    )
    return signed.shown(page)


async def _elsewhere(signed: Signed, year: int, measure: str) -> Beside | None:
    """Say what a measure is elsewhere: as it was given, and never worked out by us."""
    period = Period.of_year(year)
    found = await to_thread.run_sync(comparing.beside, signed.desk.store, signed.actor, period)
    return None if found is None else counted.beside(found, MEASURES[measure])


def _voice(pack: YearPack, measure: str, spoken: Spoken, by: By) -> Voice:
    made = counted.voice(spoken, _whole(pack, measure, spoken))
    table = pack.tables.get((measure, spoken, by))
    if table is None:
        return made
    shown = {one.id: of_published(table, one.id) for one in table.columns}
    return counted.with_columns(made, by, shown, table.columns)


def _tile(pack: YearPack, measure: str, question: str, year: int) -> Tile:
    spoken = Spoken.PERSON if MEASURES[measure].is_spoken else Spoken.ALL
    shown = _whole(pack, measure, spoken)
    value = saying.headline(shown)
    return Tile(question, *in_large(value, shown.base), saying.sentence(shown, is_brief=True), _address(measure, year))


def in_large(value: Value, base: Value) -> tuple[str, int | None]:
    """Write the one figure of a measure, and say how far its bar goes, of a hundred."""
    if value.percent is not None:
        return f"{value.percent}%", value.percent
    if value.count is None:
        return ("Too small to show" if value.is_hidden or base.is_hidden else "Not available"), None
    if not base.count:
        return f"about {value.count:,}", None
    # Of what is shown already, so it tells nothing more.
    return f"{value.count:,} of {base.count:,}", min(100, round(100 * value.count / base.count))


async def _pack(signed: Signed, year: int) -> YearPack:
    period = Period.of_year(year)
    return await to_thread.run_sync(packing.pack_of, signed.desk.store, signed.actor, period, signed.now)


def _whole(pack: YearPack, measure: str, spoken: Spoken) -> Shown:
    return of_published(pack.tables[measure, spoken, By.NOTHING], ALL)


def of_published(table: PublishedTable, column: str) -> Shown:
    """Give a column as pages show it."""
    return Shown(
        measure=table.measure,
        base=_value(table.base[column]),
        values={cell.id: _value(table.counts[cell.id, column]) for cell in table.measure.cells},
        spoken=table.spoken,
        is_rounded=True,
    )


def _value(shown: Published) -> Value:
    return Value(shown.number, shown.percent, is_hidden=shown.is_hidden)


def _closed_in(year: int) -> str:
    return f"Enquiries that were closed from {Period.of_year(year).label}"


def _address(measure: str, year: int, by: By | None = None) -> str:
    query: Mapping[str, object] = {"period": year} | ({"by": by.value} if by is not None else {})
    return f"{MEASURE.format(measure=measure)}?{urlencode(query)}"


MEDIA: Mapping[Written, str] = {
    Written.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Written.CSV: "text/csv; charset=utf-8",
    Written.JSON: "application/json",
}


async def take_pack(request: Request, signed: Signed) -> Response:
    """Take the pack of a year out, as a file."""
    year = counted.chosen_year(signed.form.one("period"), signed.now.date())
    written = next((one for one in Written if one.value == signed.form.one("file")), Written.XLSX)
    take = partial(packing.take_out, signed.desk.store, signed.actor, Period.of_year(year), written, signed.now)
    try:
        made = await to_thread.run_sync(take)
    except (NotDone, NotProven) as error:
        return counted.not_now(signed, TITLE, error)
    named = f'attachment; filename="board-pack-{year}-{year + 1}.{written}"'
    return Response(made, media_type=MEDIA[written], headers={"content-disposition": named})


READERS = frozenset(RULES[Act.SEE_PACK])

routes: tuple[TeamRoute, ...] = (
    TeamRoute(PACK, "pack", show_pack, "GET", READERS, navigation="Board pack"),
    TeamRoute(MEASURE, "pack_measure", show_measure, "GET", READERS, navigation="Board pack"),
    TeamRoute(
        TAKE, "take_pack", take_pack, "POST", frozenset(RULES[Act.EXPORT_PACK]), proven=True, navigation="Board pack"
    ),
)
