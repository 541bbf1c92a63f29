"""What may be published, as files: CSV, XLSX and JSON. Each says of itself that it is that, and not the return."""

import csv
import io
import json
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from bot.figures import Period, Spoken
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
)

SPOKEN = {Spoken.ALL: "", Spoken.PERSON: "The person", Spoken.REPRESENTATIVE: "Somebody who speaks for them"}

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


def published_csv(tables: Iterable[PublishedTable], period: Period) -> bytes:
    """Write what may be published, a row for each number. Begins with a byte order mark, for spreadsheet programs."""
    return as_csv([COLUMNS, *(_texts(row) for row in _rows(tables, period))], "utf-8-sig")


def published_xlsx(tables: Iterable[PublishedTable], period: Period) -> bytes:
    """Write what may be published as a workbook: what it is, then all figures."""
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
    for letter, width in zip("ABCDEFGHIJK", (16, 24, 10, 44, 20, 44, 28, 10, 12, 12, 12), strict=True):
        sheet.column_dimensions[letter].width = width
    head = [WriteOnlyCell(sheet, value=name) for name in COLUMNS]
    for cell in head:
        cell.font = Font(bold=True)
    sheet.append(head)
    for row in _rows(tables, period):
        sheet.append(row)
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def published_json(tables: Iterable[PublishedTable], period: Period) -> bytes:
    """Write what may be published for programs: a number, or the marker `[c]` or `[x]`."""
    names = ("measure_id", "table", "measure", "definition", "source", "base", "spoken", "columns")
    told = [dict(zip(names, _about(table), strict=True)) | {"rows": _json_rows(table)} for table in tables]
    return json.dumps(
        {
            "what_this_is": PUBLISHABLE,
            "notes": NOTES,
            "first_day": _day(period.first),
            "last_day": _day(period.last),
            "tables": told,
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
    return measure.id, measure.table, *(harmless(text) for text in texts), table.spoken.value, columns


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
                ]


def _texts(row: Iterable[str | int | None]) -> list[str]:
    return ["" if value is None else str(value) for value in row]


def _number(shown: Shown) -> str | int:
    return shown.text if shown.number is None else shown.number


def _day(day: date) -> str:
    return day.isoformat()
