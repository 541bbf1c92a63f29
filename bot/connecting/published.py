"""The figures that other programs are given as they may be published: of the whole council, all of a year together."""

from datetime import datetime

from bot import packing
from bot.connecting import answers
from bot.connecting.counting import NotReady, as_a_manager, label, measured
from bot.connecting.reading import Given, give
from bot.figures import By, Period
from bot.programs import Grant, Program
from bot.publishing import NotProven, PublishedTable, Shown
from bot.reviewing.seeing import NotDone
from bot.roles import Act, NotAllowed
from bot.store import Store


def publishable_figures(store: Store, program: Program, now: datetime, *, year: int) -> answers.PublishableFigures:
    """Give the council's figures of a year as they may be published. Raises NotAllowed, NotLetIn, NotReady.

    All of them, since what may be shown of one depends on all others.
    """
    if Grant.FIGURES not in program.grants:
        raise NotAllowed(Act.USE_API)
    try:
        found = packing.pack_of(store, as_a_manager(program), Period.of_year(year), now)
    except (NotDone, NotProven) as error:
        raise NotReady from error
    give(store, program, [Given("publishable")], now)
    return answers.PublishableFigures(
        "publishable",
        found.period.first,
        found.period.last,
        tuple(_publishable(table, by) for (_, _, by), table in found.tables.items()),
    )


def _publishable(table: PublishedTable, by: By) -> answers.PublishableTable:
    columns = table.columns
    return answers.PublishableTable(
        measure=measured(table.measure),
        spoken=table.spoken,
        by=by,
        columns=tuple(map(label, columns)),
        rows=tuple(
            answers.PublishableRow(label(cell), tuple(_figure(table.counts[cell.id, column.id]) for column in columns))
            for cell in table.measure.cells
        ),
        base=tuple(_figure(table.base[column.id]) for column in columns),
    )


def _figure(shown: Shown) -> answers.PublishableFigure:
    return answers.PublishableFigure(shown.text, shown.number, shown.percent)
