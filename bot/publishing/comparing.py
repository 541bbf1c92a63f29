"""National figures to compare with, from a file that the council supplies: never from us, and never a guess."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.figures import MEASURES

COLUMNS = ("YEAR", "SOURCE", "MEASURE", "CELL", "PERCENT")
"""A row for each percentage: `2024-25`, who published it, a measure and a row of it by id or as printed, 0 to 100."""

LARGEST = 1_000_000
"""Bytes. More is no table of percentages."""

LONGEST = 300
"""Letters of a source."""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """What is compared with: how many in a hundred, by measure and cell, of one year and from one source."""

    year: str
    source: str
    percents: Mapping[tuple[str, str], float]


class BenchmarkNotRead(Exception):
    """The file is not what it should be. Says the line and the column; it never repeats what stands there."""

    def __init__(self, reason: str, line: int | None = None, column: str | None = None) -> None:
        where = "" if line is None else f"Line {line}: " if column is None else f"Line {line}, column {column}: "
        super().__init__(where + reason)
        self.line = line
        self.column = column


def read_benchmark(file: bytes) -> Benchmark:
    """Read a comma-separated file in UTF-8 with `COLUMNS`. Raises BenchmarkNotRead."""
    rows = _rows(file)
    if not rows or tuple(name.strip().upper() for name in rows[0][1]) != COLUMNS:
        raise BenchmarkNotRead(f"the first line has to be {','.join(COLUMNS)}.", 1)
    if len(rows) == 1:
        raise BenchmarkNotRead("there is no figure below the first line.", 1)
    year = source = ""
    percents: dict[tuple[str, str], float] = {}
    for line, values in rows[1:]:
        if len(values) != len(COLUMNS):
            raise BenchmarkNotRead(f"there are {len(values)} columns here, and there have to be {len(COLUMNS)}.", line)
        told, named, measure, cell, percent = (value.strip() for value in values)
        year, source = _year(told, year, line), _source(named, source, line)
        key = _cell(measure, cell, line)
        if key in percents:
            raise BenchmarkNotRead("this figure stands further up, too.", line, "CELL")
        percents[key] = _percent(percent, line)
    return Benchmark(year, source, percents)


def _rows(file: bytes) -> list[tuple[int, Sequence[str]]]:
    """Give each line that has anything in it, with its number."""
    if len(file) > LARGEST:
        raise BenchmarkNotRead("The file is too large for a table of percentages.")
    if file.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BenchmarkNotRead("the file is in UTF-16. Save it as “CSV UTF-8”.", 1)
    try:
        text = file.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = file[: error.start].count(b"\n") + 1
        raise BenchmarkNotRead("something here is not in UTF-8. Save the file as “CSV UTF-8”.", line) from None
    if "\0" in text:
        raise BenchmarkNotRead("this is not a text file.", text[: text.index("\0")].count("\n") + 1)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, Sequence[str]]] = []
    try:
        for values in reader:
            if any(value.strip() for value in values):
                rows.append((reader.line_num, values))
    except csv.Error:
        raise BenchmarkNotRead("quotation marks do not match here.", max(reader.line_num, 1)) from None
    return rows


def _year(value: str, before: str, line: int) -> str:
    match = re.fullmatch(r"(20[0-9]{2})-([0-9]{2})", value)
    if match is None or (int(match[1]) + 1) % 100 != int(match[2]):
        raise BenchmarkNotRead("a year looks like 2024-25.", line, "YEAR")
    if before not in ("", value):
        raise BenchmarkNotRead("one file is about one year, and further up stands another.", line, "YEAR")
    return value


def _source(value: str, before: str, line: int) -> str:
    if not value:
        raise BenchmarkNotRead("say who published this figure.", line, "SOURCE")
    if len(value) > LONGEST:
        raise BenchmarkNotRead(f"no more than {LONGEST} letters.", line, "SOURCE")
    if before not in ("", value):
        raise BenchmarkNotRead("one file has one source, and further up stands another.", line, "SOURCE")
    return value


def _cell(measure: str, cell: str, line: int) -> tuple[str, str]:
    found = next((one for one in MEASURES.values() if measure in (one.id, one.heading)), None)
    if found is None:
        raise BenchmarkNotRead("there is no such measure.", line, "MEASURE")
    row = next((one for one in found.cells if cell in (one.id, one.label)), None)
    if row is None:
        raise BenchmarkNotRead("this measure has no such row.", line, "CELL")
    return found.id, row.id


def _percent(value: str, line: int) -> float:
    plain = value.removesuffix("%").rstrip()
    if re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,4})?", plain) is None or float(plain) > 100:
        raise BenchmarkNotRead("a percentage is a number from 0 to 100, with a point for decimals.", line, "PERCENT")
    return float(plain)
