"""What every page of figures is made of: which time, which figure, how it looks as a chart and as a table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar

from starlette.responses import Response

from bot import charts, saying
from bot.charts import Bar, Chart
from bot.figures import ALL, BASE, MEASURES, By, Cell, Measure, Period, Spoken
from bot.publishing import Benchmark
from bot.publishing.comparing import percent_of
from bot.reporting import NOTED, Doubtful
from bot.saying import Shown, Value
from bot.web.team.pages import Item, TeamPage, Telling
from bot.web.team.shell import Signed

YEARS_BACK = 5
"""So many years that are over can be chosen, besides the one that goes on."""

BEGINS = 4
RETURN_MONTHS = 3
"""While so many months of a year have gone, the year before is the one that is asked about first."""

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "Did people get what they wanted?",
        ("achieved", "achieved_said", "decided_by", "outcomes", "themes", "changed", "own_overall"),
    ),
    ("Were people asked?", ("asked", "state", "whom", "why_not_asked", "wait", "part_wanted")),
    ("Are people safer?", ("risk", "risk_assessment", "safer_at_closing", "safer")),
    ("Did people have somebody at their side?", ("supported", "capacity", "advocacy", "advocates")),
    ("Where a wish was not followed", ("not_followed", "not_followed_grounds", "not_followed_told")),
    (
        "How was it for people?",
        (
            "involved",
            "experience_listened_to",
            "experience_understood_worries",
            "experience_understood_information",
            "experience_worked_together",
            "experience_happy_with_end",
        ),
    ),
)
"""Every measure, under the question that it helps to answer."""

VOICES: Mapping[Spoken, str] = {
    Spoken.ALL: "",
    Spoken.PERSON: "What people said themselves",
    Spoken.REPRESENTATIVE: "What those who speak for them said",
}

BROKEN_DOWN: Mapping[By, str] = {
    By.QUARTER: "By quarter",
    By.TEAM: "By team",
    By.AGE_BAND: "By age",
    By.SEX: "By sex",
    By.ETHNICITY: "By ethnic group",
    By.SUPPORT_REASON: "By support reason",
}


@dataclass(frozen=True, slots=True)
class GridCell:
    """One number of a table."""

    text: str
    share: str = ""
    href: str = ""
    """To the enquiries behind it, for whoever may see them."""


@dataclass(frozen=True, slots=True)
class GridRow:
    """One row: what it is called, and its numbers."""

    name: str
    cells: tuple[GridCell, ...]
    is_base: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of numbers."""

    caption: str
    head: tuple[str, ...]
    rows: tuple[GridRow, ...]
    is_caption_hidden: bool = False


@dataclass(frozen=True, slots=True)
class Beside:
    """What a measure is elsewhere. It is never shown without year and source."""

    label: str
    """Of where and when."""
    figures: str
    source: str


@dataclass(frozen=True, slots=True)
class Voice:
    """A measure in one voice: what it says, the chart, and the table behind it."""

    id: str
    heading: str
    """Empty where no voices are told apart."""
    sentence: str
    chart: Chart | None
    """None where there is nothing to be drawn."""
    grid: Grid
    broken_down: str = ""
    """The heading of what follows; empty where nothing does."""
    trend: Chart | None = None
    trend_sentence: str = ""
    by_column: Grid | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurePage(TeamPage):
    """One measure: chart, sentence, table, and how it is counted."""

    template: ClassVar[str] = "team/figures_measure.html"
    period: str
    back: Item
    marked: str
    """What kind of figures these are, in a sentence."""
    voices: tuple[Voice, ...]
    ways: tuple[Item, ...]
    """Into what it can be broken down."""
    facts: tuple[tuple[str, str], ...]
    elsewhere: Beside | None = None
    """What it is elsewhere; None where nothing was given."""

    @property
    def has_one_voice(self) -> bool:
        """Whether what is said of elsewhere belongs to one chart alone."""
        return len(self.voices) == 1


@dataclass(frozen=True, slots=True)
class Group:
    """Measures that answer one question."""

    heading: str
    items: tuple[Item, ...]


def groups(address: Callable[[str], str]) -> tuple[Group, ...]:
    """List every measure."""
    return tuple(
        Group(heading, tuple(Item(MEASURES[one].heading, address(one)) for one in ids)) for heading, ids in GROUPS
    )


def enquiries(number: int) -> str:
    """Write a number of enquiries."""
    return "1 enquiry" if number == 1 else f"{number:,} enquiries"


_OF_ENQUIRIES = frozenset(what.value for what in NOTED)
"""What is said of single enquiries, and of how many."""


def doubt(one: Doubtful) -> str:
    """Say what makes figures doubtful."""
    return f"{one.say} ({enquiries(one.number)})" if one.id in _OF_ENQUIRIES else one.say


def beside(given: Benchmark, measure: Measure) -> Beside | None:
    """Say what a measure is elsewhere, as it was given; None where nothing was given of it."""
    figures = ", ".join(
        f"{percent_of(one.percent)} {one.cell.label}" for one in given.figures() if one.measure is measure
    )
    return Beside(given.label, figures, given.source) if figures else None


def not_now(signed: Signed, title: str, why: Exception) -> Response:
    """Say why there are no figures just now."""
    return signed.shown(Telling(frame=signed.frame(), title=title, information=(str(why),)), 503)


# --- which time ------------------------------------------------------------------------------------------------------


def year_of(day: date) -> int:
    """Give the financial year that a day lies in: 2025 is April 2025 to March 2026."""
    return day.year if day.month >= BEGINS else day.year - 1


def years(today: date) -> tuple[int, ...]:
    """List the years that can be chosen, the latest first."""
    this_year = year_of(today)
    return tuple(range(this_year, this_year - YEARS_BACK - 1, -1))


def first_year(today: date) -> int:
    """Give the year that is shown first: the one that is over until the return about it is in, then this one."""
    is_young = today.month in range(BEGINS, BEGINS + RETURN_MONTHS)
    return year_of(today) - is_young


def chosen_year(asked: str, today: date) -> int:
    """Read which year is asked for. What no page of ours offers is the one that is shown first."""
    return next((year for year in years(today) if str(year) == asked), first_year(today))


def year_choices(today: date) -> tuple[tuple[str, str], ...]:
    """List the years as a form offers them."""
    return tuple((str(year), Period.of_year(year).label) for year in years(today))


Link = Callable[[str, str], str]
"""Where the number of a cell and a column leads; empty where nowhere."""


def _nowhere(cell: str, column: str) -> str:
    return ""


# --- one measure -----------------------------------------------------------------------------------------------------


def drawn(chart_id: str, shown: Shown) -> Chart | None:
    """Draw a column of a table as what its measure is: parts of one whole, or bars. None where there is nothing."""
    if shown.is_empty:
        return None
    draw = charts.parts if shown.measure.id in saying.STACKED else charts.bars
    return draw(chart_id, shown.measure.heading, saying.bars_of(shown))


def grid(
    shown: Mapping[str, Shown],
    columns: Sequence[Cell],
    caption: str,
    link: Link = _nowhere,
    *,
    is_caption_hidden: bool = False,
) -> Grid:
    """Make the table of a measure: a row for each cell, a column for each group, and of how many at the foot."""
    measure = shown[ALL].measure
    rows = [
        GridRow(cell.label, tuple(_cell(shown[one.id].values[cell.id], link(cell.id, one.id)) for one in columns))
        for cell in measure.cells
    ]
    base = GridRow("Of how many", tuple(_cell(shown[one.id].base, link(BASE, one.id)) for one in columns), is_base=True)
    return Grid(caption, tuple(one.label for one in columns), (*rows, base), is_caption_hidden)


def voice(
    spoken: Spoken,
    whole: Shown,
    link: Link = _nowhere,
) -> Voice:
    """Make what one voice says, as a whole."""
    name = spoken.value or "all"
    everything = (Cell(ALL, "All"),)
    return Voice(
        id=name,
        heading=VOICES[spoken],
        sentence=saying.sentence(whole),
        chart=drawn(f"chart-{name}", whole),
        grid=grid(
            {ALL: whole}, everything, _caption("The figures of this chart", spoken), link, is_caption_hidden=True
        ),
    )


def with_columns(
    made: Voice, by: By, shown: Mapping[str, Shown], columns: Sequence[Cell], link: Link = _nowhere
) -> Voice:
    """Add to what a voice says how it is in each group."""
    chart, said = trend_of(f"trend-{made.id}", shown, columns) if by is By.QUARTER else (None, "")
    return replace(
        made,
        broken_down=BROKEN_DOWN[by],
        trend=chart,
        trend_sentence=said,
        by_column=grid(
            shown,
            columns,
            _caption(BROKEN_DOWN[by], Spoken("" if made.id == "all" else made.id)),
            link,
            is_caption_hidden=True,
        ),
    )


def _caption(what: str, spoken: Spoken) -> str:
    """Name a table, so that no other on its page has the same name."""
    return f"{what}: {VOICES[spoken].lower()}" if VOICES[spoken] else what


def trend_of(chart_id: str, shown: Mapping[str, Shown], columns: Sequence[Cell]) -> tuple[Chart | None, str]:
    """Draw the one figure of a measure quarter by quarter, and say it. None where it has no such figure."""
    quarters = [(one.label, shown[one.id]) for one in columns if one.id != ALL]
    what = saying.headline_of(quarters[0][1].measure) if quarters else ""
    if not what:
        return None, ""
    bars = []
    for label, one in quarters:
        value = saying.headline(one)
        nothing = "hidden" if one.is_rounded else "few"
        text = f"{value.percent}%" if value.percent is not None else nothing
        size = None if value.percent is None else value.percent / 100
        bars.append(Bar(short(label), text, size))
    said = saying.trend(quarters)
    if all(bar.size is None for bar in bars):
        return None, said
    return charts.columns(chart_id, f"{what}, quarter by quarter", bars), said


def short(label: str) -> str:
    """Write a quarter so that it fits below a column: `Apr–Jun` over `2025`."""
    words = label.split()
    if len(words) != 4 or words[1] != "to":
        return label
    return f"{words[0][:3]}–{words[2][:3]}\n{words[3]}"


def facts(measure: Measure) -> tuple[tuple[str, str], ...]:
    """Say how a measure is counted."""
    return (
        ("What is counted", measure.definition),
        ("Of how many", f"{measure.base}."),
        ("Where the rule comes from", measure.source),
    )


def _cell(value: Value, href: str) -> GridCell:
    share = "" if value.percent is None else f"{value.percent}%"
    return GridCell(value.mark, share, href if value.count else "")
