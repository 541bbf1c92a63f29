"""What may be published, as files: CSV, XLSX and JSON. Each says of itself that it is that, and not the return."""

import csv
import io
import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from bot.figures import By, Cell, Measure, Period, Spoken
from bot.publishing.marking import NO_PERCENTAGES
from bot.publishing.packs import PublishedTable, Shown

PUBLISHABLE = "May be published: small numbers hidden, all others rounded. Not the national return."

NOTES = (
    PUBLISHABLE,
    "[c]: hidden, so that nobody can be known by it. It is under 5, nought included, or would give such a number away.",
    "[x]: not available.",
    "Any other number goes to the nearest 5, so that numbers need not add up. This is the national rule.",
    "Percentages are worked out from the numbers before rounding, and only of 10 or more. Where they would give a "
    "hidden number away they go to the nearest 5, or there are none. This rule, and hiding numbers that would give "
    "others away, are Own Words' own.",
)
"""What everybody who reads the figures has to know."""

TO_COMPARE_WITH = "Of elsewhere, to compare with. Not counted here, and as the council was given it. Source: "
"""What stands before the source of a figure of elsewhere."""

COLUMNS = (
    "What this is",
    "Period",
    "Table",
    "Measure",
    "Whose words",
    "Row",
    "Group",
    "Number",
    "Of how many",
    "Percentage",
    "Percentage to the nearest",
    "Broken down by",
)

SPOKEN = {Spoken.ALL: "", Spoken.PERSON: "The person", Spoken.REPRESENTATIVE: "Somebody who speaks for them"}

BROKEN_DOWN = {
    By.NOTHING: "",
    By.QUARTER: "Quarter",
    By.TEAM: "Team",
    By.AGE_BAND: "Age band",
    By.SEX: "Sex",
    By.ETHNICITY: "Ethnic group",
    By.SUPPORT_REASON: "Support reason",
}

ELSEWHERE_COLUMNS = ("Of where", "Period", "Source", "Table", "Measure", "Row", "Percentage")


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """One figure of elsewhere, to compare with: how many in a hundred, of where, of when, and who says so."""

    place: str
    year: str
    source: str
    measure: Measure
    cell: Cell
    percent: float


FORMULAS = "=+-@|%"
"""What makes a spreadsheet program take a text for a formula."""


def harmless(text: str) -> str:
    """Give a text that no spreadsheet program runs as a formula: one that looks like it has an apostrophe put first.

    Full-width signs count, and so do signs behind spaces and control characters.
    """
    plain = unicodedata.normalize("NFKC", text)
    begins = next((one for one in plain if not (one.isspace() or unicodedata.category(one)[0] in "CZ")), "")
    is_formula = begins != "" and begins in FORMULAS
    return f"'{text}" if is_formula or text[:1] in {"\t", "\r", "\n"} else text


def as_csv(rows: Iterable[Sequence[str]], encoding: str = "utf-8") -> bytes:
    """Write rows as RFC 4180 has it: commas, quotes doubled, lines ended by CR and LF."""
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue().encode(encoding)


def published_csv(tables: Iterable[PublishedTable], period: Period, elsewhere: Sequence[Elsewhere] = ()) -> bytes:
    """Write what may be published, a row for each number. Begins with a byte order mark, for spreadsheet programs."""
    rows: tuple[Sequence[str | int | float | None], ...] = (*_rows(tables, period), *map(_beside, elsewhere))
    return as_csv([COLUMNS, *(_texts(row) for row in rows)], "utf-8-sig")


def published_xlsx(tables: Iterable[PublishedTable], period: Period, elsewhere: Sequence[Elsewhere] = ()) -> bytes:
    """Write what may be published as a workbook: what it is, all figures, and those of elsewhere if there are any."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    about = book.create_sheet("About these figures")
    about.column_dimensions["A"].width = 120
    for note in (period.label, *NOTES):
        about.append([note])
    sheet = book.create_sheet("May be published")
    sheet.freeze_panes = "A2"
    for letter, width in zip("ABCDEFGHIJKL", (16, 24, 10, 44, 20, 44, 28, 10, 12, 12, 12, 16), strict=True):
        sheet.column_dimensions[letter].width = width
    head = [WriteOnlyCell(sheet, value=name) for name in COLUMNS]
    for cell in head:
        cell.font = Font(bold=True)
    sheet.append(head)
    for row in _rows(tables, period):
        sheet.append(row)
    if elsewhere:
        sheet = book.create_sheet("Of elsewhere")
        sheet.freeze_panes = "A2"
        for letter, width in zip("ABCDEFG", (20, 12, 44, 10, 44, 44, 12), strict=True):
            sheet.column_dimensions[letter].width = width
        head = [WriteOnlyCell(sheet, value=name) for name in ELSEWHERE_COLUMNS]
        for cell in head:
            cell.font = Font(bold=True)
        sheet.append(head)
        for one in elsewhere:
            texts = (one.place, one.year, one.source, one.measure.table, one.measure.heading, one.cell.label)
            sheet.append([*map(harmless, texts), one.percent])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def published_json(tables: Iterable[PublishedTable], period: Period, elsewhere: Sequence[Elsewhere] = ()) -> bytes:
    """Write what may be published for programs: a number, or the marker `[c]` or `[x]`."""
    names = ("measure_id", "table", "measure", "definition", "source", "base", "spoken", "by", "columns")
    told = [dict(zip(names, _about(table), strict=True)) | {"rows": _json_rows(table)} for table in tables]
    return json.dumps(
        {
            "what_this_is": PUBLISHABLE,
            "notes": NOTES,
            "first_day": _day(period.first),
            "last_day": _day(period.last),
            "tables": told,
            "elsewhere": [_told_of(one) for one in elsewhere],
        },
        ensure_ascii=False,
        indent=1,
    ).encode()


def _about(table: PublishedTable) -> tuple[Any, ...]:
    measure = table.measure
    columns = [
        {
            "id": column.id,
            "label": harmless(column.label),
            "base": _number(table.base[column.id]),
            "percentages_to_the_nearest": table.percent_steps[column.id] or None,
        }
        for column in table.columns
    ]
    texts = (measure.heading, measure.definition, measure.source, measure.base)
    return measure.id, measure.table, *(harmless(text) for text in texts), table.spoken.value, table.by.value, columns


def _json_rows(table: PublishedTable) -> list[dict[str, Any]]:
    return [
        {
            "id": cell.id,
            "label": harmless(cell.label),
            "numbers": [
                {"column": column.id, "number": _number(shown), "percent": shown.percent}
                for column in table.columns
                for shown in (table.counts[cell.id, column.id],)
            ],
        }
        for cell in table.measure.cells
    ]


def _rows(tables: Iterable[PublishedTable], period: Period) -> Iterator[list[str | int | None]]:
    for table in tables:
        for column in table.columns:
            for cell in table.measure.cells:
                shown = table.counts[cell.id, column.id]
                step = table.percent_steps[column.id]
                yield [
                    PUBLISHABLE,
                    period.label,
                    table.measure.table,
                    harmless(table.measure.heading),
                    SPOKEN[table.spoken],
                    harmless(cell.label),
                    harmless(column.label),
                    _number(shown),
                    _number(table.base[column.id]),
                    shown.percent,
                    None if step == NO_PERCENTAGES or shown.percent is None else step,
                    BROKEN_DOWN[table.by],
                ]


def _beside(one: Elsewhere) -> list[str | int | float | None]:
    """Write a figure of elsewhere as a row among ours: there is no number of it, and no of how many."""
    about = (one.measure.table, harmless(one.measure.heading), "", harmless(one.cell.label), harmless(one.place))
    return [TO_COMPARE_WITH + one.source, one.year, *about, None, None, f"{one.percent:g}", None, ""]


def _told_of(one: Elsewhere) -> dict[str, str | float]:
    texts = {"place": one.place, "year": one.year, "source": one.source}
    rows = {"measure": one.measure.heading, "label": one.cell.label}
    ids: dict[str, str | float] = {"measure_id": one.measure.id, "row_id": one.cell.id, "percent": one.percent}
    return {**{name: harmless(text) for name, text in (texts | rows).items()}, **ids}


def _texts(row: Iterable[str | int | float | None]) -> list[str]:
    return ["" if value is None else str(value) for value in row]


def _number(shown: Shown) -> str | int:
    return shown.text if shown.number is None else shown.number


def _day(day: date) -> str:
    return day.isoformat()
