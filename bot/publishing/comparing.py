"""Figures of elsewhere to compare with, from a file that the council supplies: never from us, and never a guess."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.figures import MEASURES, Measure
from bot.publishing.writing import Elsewhere, as_csv

COLUMNS = ("PLACE", "YEAR", "SOURCE", "MEASURE", "CELL", "PERCENT")
"""A row for each percentage: of where, `2024-25`, who published it, a measure and a row of it by id or as printed, 0 to
100. A row without a percentage is left out."""

LARGEST = 500_000
"""Bytes. More is no table of percentages."""

LONGEST = {"PLACE": 60, "SOURCE": 200}
"""Letters."""

SAVE_IT = "Save it as “CSV UTF-8 (comma delimited)” in your spreadsheet program, and give that file."
"""What to do about most files that are not what they should be."""

ROUNDED = 0.501
"""By so much a percentage may be off that was rounded to a whole one, and a little for adding them up."""

_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
"""How files of spreadsheet programs begin that are no CSV."""

Percents = Mapping[tuple[str, str], float]
"""How many in a hundred, by the ids of a measure and of a row of it."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What is compared with: of one place and one year, and from one source."""

    place: str
    year: str
    source: str
    percents: Percents

    @property
    def label(self) -> str:
        """Say what these figures are of."""
        return f"{self.place}, {self.year}"

    def figures(self) -> tuple[Elsewhere, ...]:
        """Give each of them with all that is to be known of it, in the order of measures and their rows."""
        return tuple(
            Elsewhere(self.place, self.year, self.source, measure, cell, self.percents[measure.id, cell.id])
            for measure in MEASURES.values()
            for cell in measure.cells
            if (measure.id, cell.id) in self.percents
        )


class BenchmarkNotRead(Exception):
    """The file is not what it should be. Says the line, the column and what to do, and never what stands there."""

    def __init__(self, reason: str, line: int | None = None, column: str | None = None) -> None:
        where = "" if line is None else f"Line {line}: " if column is None else f"Line {line}, column {column}: "
        super().__init__(where + reason)
        self.line = line
        self.column = column


def read_benchmark(file: bytes) -> Benchmark:
    """Read a comma-separated file in UTF-8 with `COLUMNS`. Raises BenchmarkNotRead."""
    rows = _rows(file)
    _check_head(rows)
    place = year = source = ""
    percents: dict[tuple[str, str], float] = {}
    lines: dict[str, int] = {}
    for line, values in rows[1:]:
        if len(values) != len(COLUMNS):
            raise BenchmarkNotRead(_not_so_many(len(values)), line)
        where, told, named, measure, cell, percent = (value.strip() for value in values)
        if not percent:
            continue
        place, year = _name(where, place, line, "PLACE"), _year(told, year, line)
        source = _name(named, source, line, "SOURCE")
        key = _cell(measure, cell, line)
        if key in percents:
            raise BenchmarkNotRead("this figure stands further up, too. Leave one of them.", line, "CELL")
        percents[key] = _percent(percent, line)
        lines[key[0]] = line
    if not percents:
        raise BenchmarkNotRead("There is no percentage below the first line.")
    for measure_id, line in lines.items():
        _check_whole(MEASURES[measure_id], percents, line)
    return Benchmark(place, year, source, percents)


def write_benchmark(benchmark: Benchmark) -> bytes:
    """Write such a file. It is read as what was written."""
    about = (benchmark.place, benchmark.year, benchmark.source)
    return as_csv([COLUMNS, *((*about, *key, f"{value:g}") for key, value in benchmark.percents.items())])


def empty_benchmark() -> bytes:
    """Write such a file with every row that there can be, to be filled in with a spreadsheet program."""
    rows = [("", "", "", one.heading, cell.label, "") for one in MEASURES.values() for cell in one.cells]
    return as_csv([COLUMNS, *rows], "utf-8-sig")


def percent_of(value: float) -> str:
    """Write a percentage as it was given."""
    return f"{value:g}%"


def _rows(file: bytes) -> list[tuple[int, Sequence[str]]]:
    """Give each line that has anything in it, with its number."""
    text = _text(file)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, Sequence[str]]] = []
    try:
        for values in reader:
            if any(value.strip() for value in values):
                rows.append((reader.line_num, values))
    except csv.Error:
        raise BenchmarkNotRead(
            "quotation marks do not match here. Take them out, or put one more.", max(reader.line_num, 1)
        ) from None
    if not rows:
        raise BenchmarkNotRead("There is nothing in this file.")
    return rows


def _text(file: bytes) -> str:
    if len(file) > LARGEST:
        raise BenchmarkNotRead(
            f"The file is too large for a table of percentages: it may have {LARGEST // 1000} kB. "
            "Leave out all other sheets, columns and rows."
        )
    if file.startswith(_WORKBOOKS):
        raise BenchmarkNotRead(f"This is a workbook, or another file that is no CSV. {SAVE_IT}")
    if file.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BenchmarkNotRead(f"the file is in UTF-16. {SAVE_IT}", 1)
    try:
        text = file.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = file[: error.start]
        line = before.count(b"\n") + 1
        # As far as this line goes, any other encoding has its commas in the same places.
        columns = before.rpartition(b"\n")[2].count(b",")
        column = COLUMNS[columns] if line > 1 and columns < len(COLUMNS) else None
        raise BenchmarkNotRead(f"a letter here is not in UTF-8. {SAVE_IT}", line, column) from None
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise BenchmarkNotRead(f"this is not a text file in UTF-8. {SAVE_IT}", line)
    return text


def _check_head(rows: Sequence[tuple[int, Sequence[str]]]) -> None:
    line, head = rows[0]
    names = [name.strip().upper() for name in head]
    if tuple(names) == COLUMNS:
        return
    if len(names) == 1 and re.search("[;\t|]", names[0]):
        raise BenchmarkNotRead(f"the columns have to be separated by commas. {SAVE_IT}", line)
    should = f"the first line has to be {','.join(COLUMNS)}."
    wrong = next((one for one, name in zip(COLUMNS, names, strict=False) if one != name), None)
    if wrong is None and len(names) < len(COLUMNS):
        wrong = COLUMNS[len(names)]
    raise BenchmarkNotRead(should, line, wrong)


def _not_so_many(number: int) -> str:
    told = f"there are {number} columns here, and there have to be {len(COLUMNS)}. "
    if number < len(COLUMNS):
        return told + "See whether a comma is missing."
    return told + "Put what has a comma in it into quotation marks, and write 66.5 and not 66,5."


def _name(value: str, before: str, line: int, column: str) -> str:
    if not value:
        remedy = "say of where this figure is." if column == "PLACE" else "say who published this figure, and where."
        raise BenchmarkNotRead(remedy, line, column)
    if len(value) > LONGEST[column]:
        raise BenchmarkNotRead(f"this is too long. Write no more than {LONGEST[column]} letters.", line, column)
    if not value.isprintable():
        raise BenchmarkNotRead("there is a sign in this that cannot be seen. Write it again in one line.", line, column)
    if before not in ("", value):
        raise BenchmarkNotRead(
            "further up stands something else. One file is about one place, one year and one source.", line, column
        )
    return value


def _year(value: str, before: str, line: int) -> str:
    match = re.fullmatch(r"(20[0-9]{2})-([0-9]{2})", value)
    if match is None or (int(match[1]) + 1) % 100 != int(match[2]):
        raise BenchmarkNotRead("a year looks like 2024-25.", line, "YEAR")
    if before not in ("", value):
        raise BenchmarkNotRead(
            "further up stands another year. One file is about one place, one year and one source.", line, "YEAR"
        )
    return value


def _cell(measure: str, cell: str, line: int) -> tuple[str, str]:
    found = next((one for one in MEASURES.values() if measure in (one.id, one.heading)), None)
    if found is None:
        raise BenchmarkNotRead("there is no such measure. Take its name from the file to fill in.", line, "MEASURE")
    row = next((one for one in found.cells if cell in (one.id, one.label)), None)
    if row is None:
        raise BenchmarkNotRead("this measure has no such row. Take its name from the file to fill in.", line, "CELL")
    return found.id, row.id


def _percent(value: str, line: int) -> float:
    plain = value.removesuffix("%").rstrip()
    if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?", plain) is None or float(plain) > 100:
        raise BenchmarkNotRead(
            "a percentage is a number from 0 to 100, with a point before decimals: 66.5.", line, "PERCENT"
        )
    return float(plain)


def _check_whole(measure: Measure, percents: Percents, line: int) -> None:
    """Look whether shares that make up a whole do: where rows have slipped, they do not."""
    if not measure.is_exclusive:
        return
    given = [percents[measure.id, cell.id] for cell in measure.cells if (measure.id, cell.id) in percents]
    off = sum(given) - 100
    is_whole = len(given) == len(measure.cells)
    if off > ROUNDED * len(given) or (is_whole and off < -ROUNDED * len(given)):
        raise BenchmarkNotRead(
            f"the percentages of this measure come to {100 + off:g}, and not to 100. See whether rows have slipped.",
            line,
            "PERCENT",
        )
