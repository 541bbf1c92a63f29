"""The figures that other programs are given as they are: of the teams of their token, one at a time."""

from datetime import datetime
from enum import StrEnum

from bot import reporting
from bot.connecting import answers
from bot.connecting.reading import Given, give
from bot.figures import MEASURES, By, Cell, Measure, Period, Table
from bot.programs import Grant, Program, may_have
from bot.reporting import Asked
from bot.reviewing.seeing import NotDone
from bot.roles import Act, Actor, NotAllowed, Place, Role
from bot.store import Store


class NotReady(Exception):
    """These figures cannot be given just now."""


class Into(StrEnum):
    """What a figure of a team can be broken down by."""

    NOTHING = By.NOTHING
    QUARTER = By.QUARTER
    AGE_BAND = By.AGE_BAND
    SEX = By.SEX
    ETHNICITY = By.ETHNICITY
    SUPPORT_REASON = By.SUPPORT_REASON


def figures(
    store: Store, program: Program, now: datetime, *, year: int, team_id: str, measure: str | None = None, into: Into
) -> answers.ExactFigures:
    """Give the figures of one team as they are. Raises NotAllowed, NotLetIn, NotReady."""
    if not may_have(program, Grant.FIGURES, Place(team_id=team_id)):
        raise NotAllowed(Act.USE_API)
    measures = tuple(MEASURES) if measure is None else (measure,)
    period = Period.of_year(year)
    asked = Asked(period=period, measures=measures, by=By(into), team_id=team_id)
    try:
        tables = reporting.tables(store, as_a_manager(program), asked, now)
    except NotDone as error:
        raise NotReady from error
    give(store, program, [Given("figures", team_id)], now)
    return answers.ExactFigures(
        "exact, not for publication", team_id, period.first, period.last, tuple(map(_exact, tables))
    )


def as_a_manager(program: Program) -> Actor:
    """Count as for a manager of the same teams; of which team is asked for was looked at before."""
    return Actor("", Role.MANAGER, program.team_ids)


def measured(measure: Measure) -> answers.Measured:
    """Say what is counted, and by which rule."""
    return answers.Measured(
        measure.id, measure.heading, measure.table, measure.definition, measure.source, measure.base
    )


def label(cell: Cell) -> answers.Label:
    """Call a cell or a column what it is called."""
    return answers.Label(cell.id, cell.label)


def _exact(table: Table) -> answers.ExactTable:
    columns = table.columns
    return answers.ExactTable(
        measure=measured(table.measure),
        spoken=table.spoken,
        columns=tuple(map(label, columns)),
        rows=tuple(
            answers.ExactRow(label(cell), tuple(table.counts[cell.id, column.id] for column in columns))
            for cell in table.measure.cells
        ),
        base=tuple(table.base[column.id] for column in columns),
    )
