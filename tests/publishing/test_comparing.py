"""Figures of elsewhere: a file is read as it was meant, or what is wrong with it is named and never repeated."""

import csv
import io
import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from bot.figures import ALL, MEASURES, Cell, Period, Table
from bot.publishing import Benchmark, BenchmarkNotRead, publish, published_csv, published_json, published_xlsx
from bot.publishing.comparing import (
    COLUMNS,
    LARGEST,
    empty_benchmark,
    read_benchmark,
    write_benchmark,
)

YEAR = Period.of_year(2025)
HEAD = b"PLACE,YEAR,SOURCE,MEASURE,CELL,PERCENT\r\n"
ROW = b"England,2024-25,A department,achieved,"
MADE_UP = HEAD + ROW + b"fully,66.5\r\n" + ROW + b"Partially Achieved,27%\r\n" + ROW + b"not,6\r\n"


def test_figures_are_read_with_their_place_year_and_source() -> None:
    read = read_benchmark(b"\xef\xbb\xbf" + MADE_UP)
    assert (read.place, read.year, read.source) == ("England", "2024-25", "A department")
    assert read.percents == {("achieved", "fully"): 66.5, ("achieved", "partly"): 27.0, ("achieved", "not"): 6.0}


def test_rows_and_measures_go_by_the_names_on_the_pages_too() -> None:
    written = io.StringIO()
    measure = MEASURES["safer_at_closing"]
    csv.writer(written).writerows(
        [COLUMNS, ("South West", "2023-24", "A survey", measure.heading, measure.cells[0].label, "40")]
    )
    assert read_benchmark(written.getvalue().encode()).percents == {(measure.id, measure.cells[0].id): 40}


def test_the_file_to_fill_in_has_every_row_and_what_is_left_empty_is_left_out() -> None:
    rows = list(csv.reader(io.StringIO(empty_benchmark().decode("utf-8-sig"), newline="")))
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) - 1 == sum(len(one.cells) for one in MEASURES.values())
    filled = io.StringIO()
    about = ("England", "2024-25", "A department")
    csv.writer(filled).writerows(
        [rows[0], *([*about, *row[3:5], "12" if row[3] == MEASURES["supported"].heading else ""] for row in rows[1:])]
    )
    assert read_benchmark(filled.getvalue().encode()).percents == {("supported", "supported"): 12}
    with pytest.raises(BenchmarkNotRead, match="no percentage"):
        read_benchmark(empty_benchmark())


ANY_CELL = st.sampled_from(
    [(one.id, cell.id) for one in MEASURES.values() if not one.is_exclusive for cell in one.cells]
)
PLAIN = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF), min_size=1, max_size=60).filter(
    lambda text: text.isprintable() and text == text.strip()
)


@given(PLAIN, PLAIN, st.dictionaries(ANY_CELL, st.integers(0, 100_000).map(lambda one: one / 1000), min_size=1))
def test_what_is_written_is_read_as_it_was(place: str, source: str, percents: dict[tuple[str, str], float]) -> None:
    benchmark = Benchmark(place, "2024-25", source, percents)
    assert read_benchmark(write_benchmark(benchmark)) == benchmark


@given(st.binary(max_size=300) | st.binary(max_size=80).map(lambda junk: HEAD + ROW + junk))
def test_whatever_is_in_a_file_it_is_read_or_named(file: bytes) -> None:
    with suppress(BenchmarkNotRead):
        read = read_benchmark(file)
        assert read.year
        assert read.source
        assert all(0 <= percent <= 100 for percent in read.percents.values())


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b"", "There is nothing in this file"),
        (b"\xef\xbb\xbf\r\n,,,\r\n", "There is nothing in this file"),
        (HEAD, "There is no percentage below"),
        (HEAD + ROW + b"fully,\r\n", "There is no percentage below"),
        (b"PLACE,YEAR,SOURCE,CELL,MEASURE,PERCENT\r\n", "Line 1, column MEASURE: the first line has to be PLACE,YEAR"),
        (b"YEAR,SOURCE,MEASURE,CELL,PERCENT\r\n", "Line 1, column PLACE: the first line"),
        (b"PLACE,YEAR,SOURCE,MEASURE,CELL\r\n", "Line 1, column PERCENT: the first line"),
        (HEAD.replace(b",", b";"), "Line 1: the columns have to be separated by commas. Save it as “CSV UTF-8"),
        (HEAD.replace(b",", b"\t"), "Line 1: the columns have to be separated by commas"),
        (HEAD + ROW + b"fully\r\n", "Line 2: there are 5 columns here, and there have to be 6. See whether a comma"),
        (HEAD + ROW + b"fully,66,5\r\n", "Line 2: there are 7 columns here.*66.5 and not 66,5"),
        (HEAD + b",2024-25,A,achieved,fully,66\r\n", "Line 2, column PLACE: say of where"),
        (HEAD + b"E,2024,A,achieved,fully,66\r\n", "Line 2, column YEAR: a year looks like"),
        (HEAD + b"E,2024-26,A,achieved,fully,66\r\n", "Line 2, column YEAR"),
        (HEAD + b"E,2024-25,,achieved,fully,66\r\n", "Line 2, column SOURCE: say who published"),
        (HEAD + b"E,2024-25," + b"A" * 201 + b",achieved,fully,66\r\n", "Line 2, column SOURCE: this is too long"),
        (HEAD + b'E,2024-25,"A\r\nB",achieved,fully,66\r\n', "Line 3, column SOURCE: there is a sign"),
        (HEAD + "E,2024-25,A\u202eB,achieved,fully,66\r\n".encode(), "Line 2, column SOURCE: there is a sign"),
        (HEAD + b"E,2024-25,A,nothing,fully,66\r\n", "Line 2, column MEASURE: there is no such measure"),
        (HEAD + b"E,2024-25,A,achieved,often,66\r\n", "Line 2, column CELL: this measure has no such row"),
        (HEAD + ROW + b"fully,101\r\n", "Line 2, column PERCENT: a percentage is a number from 0 to 100"),
        (HEAD + ROW + b"fully,-1\r\n", "Line 2, column PERCENT"),
        (HEAD + ROW + b"fully,=1\r\n", "Line 2, column PERCENT"),
        (HEAD + ROW + b'fully,"66,5"\r\n', "Line 2, column PERCENT: .*with a point before decimals"),
        (HEAD + ROW + "fully,٦٦\r\n".encode(), "Line 2, column PERCENT"),
        (HEAD + ROW + b"fully,1\r\nE,2024-25,A department,asked,no,1\r\n", "Line 3, column PLACE: further up"),
        (HEAD + ROW + b"fully,1\r\nEngland,2023-24,A department,asked,no,1\r\n", "Line 3, column YEAR: further up"),
        (HEAD + ROW + b"fully,1\r\nEngland,2024-25,Another,asked,no,1\r\n", "Line 3, column SOURCE: further up"),
        (HEAD + ROW + b"fully,1\r\n\r\n" + ROW + b"fully,2\r\n", "Line 4, column CELL: this figure stands further up"),
        (
            HEAD + ROW + b"fully,66\r\n" + ROW + b"partly,66\r\n",
            "Line 3, column PERCENT: .*come to 132, and not to 100",
        ),
        (MADE_UP.replace(b"66.5", b"6.5"), "Line 4, column PERCENT: .*come to 39.5.*rows have slipped"),
        (HEAD + "England,2024-25,Été,achieved,fully,1\r\n".encode("latin-1"), "Line 2, column SOURCE: a letter here"),
        (HEAD + "Anglia – East,2024-25,A,achieved,fully,1\r\n".encode("cp1252"), "Line 2, column PLACE: a letter here"),
        (HEAD.decode().encode("utf-16"), "Line 1: the file is in UTF-16. Save it as “CSV UTF-8"),
        (HEAD.decode().encode("utf-16-le"), "Line 1: this is not a text file in UTF-8. Save it as"),
        (b"PK\x03\x04 and more", "This is a workbook.* Save it as"),
        (HEAD + b'E,2024-25,"A,achieved,fully,1\r\n', "quotation marks do not match here. Take them out"),
        (HEAD + b"E,2024-25,A\0,achieved,fully,1\r\n", "Line 2: this is not a text file"),
        (b"x" * (LARGEST + 1), "too large for a table of percentages: it may have 500 kB"),
    ],
)
def test_a_file_that_is_wrong_is_named_by_line_column_and_remedy(file: bytes, said: str) -> None:
    with pytest.raises(BenchmarkNotRead, match=said):
        read_benchmark(file)


def test_percentages_that_were_rounded_may_come_to_a_little_more_or_less() -> None:
    for last in (b"not,5", b"not,7"):
        assert read_benchmark(MADE_UP.replace(b"66.5", b"67").replace(b"not,6", last))


def test_what_is_wrong_is_named_and_never_repeated() -> None:
    with pytest.raises(BenchmarkNotRead) as caught:
        read_benchmark(HEAD + b"E,2024-25,A,Ada Okafor,fully,66\r\n")
    assert "Ada" not in str(caught.value)


# --- in the files of the pack ----------------------------------------------------------------------------------------


def counted() -> tuple[Table, ...]:
    measure = MEASURES["achieved"]
    counts = {(cell.id, ALL): count for cell, count in zip(measure.cells, (61, 32, 13), strict=True)}
    return (
        Table(measure=measure, columns=(Cell(ALL, "All"),), counts=counts, base={ALL: 106}, do_columns_add_up=True),
    )


def test_figures_of_elsewhere_stand_in_every_file_with_year_and_source_and_are_not_ours() -> None:
    tables = publish(counted()).tables
    figures = read_benchmark(MADE_UP).figures()
    head, *rows = csv.reader(io.StringIO(published_csv(tables, YEAR, figures).decode("utf-8-sig"), newline=""))
    told = [dict(zip(head, row, strict=True)) for row in rows][-3:]
    assert [(one["Row"], one["Percentage"], one["Number"]) for one in told] == [
        ("Fully Achieved", "66.5", ""),
        ("Partially Achieved", "27", ""),
        ("Not Achieved", "6", ""),
    ]
    for one in told:
        assert (one["Period"], one["Group"]) == ("2024-25", "England")
        assert one["What this is"].endswith("Not counted here, and as the council was given it. Source: A department")
    assert len(rows) == 3 + len(list(csv.reader(io.StringIO(published_csv(tables, YEAR).decode("utf-8-sig"))))) - 1
    read = json.loads(published_json(tables, YEAR, figures))
    assert read["elsewhere"][0] == {
        "place": "England",
        "year": "2024-25",
        "source": "A department",
        "measure": MEASURES["achieved"].heading,
        "label": "Fully Achieved",
        "measure_id": "achieved",
        "row_id": "fully",
        "percent": 66.5,
    }
    assert json.loads(published_json(tables, YEAR))["elsewhere"] == []
    book = CalamineWorkbook.from_filelike(io.BytesIO(published_xlsx(tables, YEAR, figures)))
    sheet = book.get_sheet_by_name("Of elsewhere").to_python()
    assert sheet[1] == [
        "England",
        "2024-25",
        "A department",
        "SG4a",
        MEASURES["achieved"].heading,
        "Fully Achieved",
        66.5,
    ]
    assert "Of elsewhere" not in CalamineWorkbook.from_filelike(io.BytesIO(published_xlsx(tables, YEAR))).sheet_names


def test_a_source_that_looks_like_a_formula_is_harmless_in_every_file() -> None:
    file = MADE_UP.replace(b"A department", b"=1+1").replace(b"England", b"@SUM(A1)")
    tables, figures = publish(counted()).tables, read_benchmark(file).figures()
    for row in csv.reader(io.StringIO(published_csv(tables, YEAR, figures).decode("utf-8-sig"), newline="")):
        assert not any(text.startswith(("=", "@")) for text in row)
    assert json.loads(published_json(tables, YEAR, figures))["elsewhere"][0]["source"] == "'=1+1"
    book = CalamineWorkbook.from_filelike(io.BytesIO(published_xlsx(tables, YEAR, figures)))
    assert book.get_sheet_by_name("Of elsewhere").to_python()[1][:3] == ["'@SUM(A1)", "2024-25", "'=1+1"]


def test_the_example_of_the_guide_is_read() -> None:
    guide = (Path(__file__).resolve().parents[2] / "docs" / "board.md").read_text(encoding="utf-8")
    example = guide.split("```csv\n")[1].split("```")[0]
    assert read_benchmark(example.encode()).percents == {
        ("achieved", "fully"): 66,
        ("achieved", "partly"): 27,
        ("achieved", "not"): 7,
    }
    assert [line.split("`")[1] for line in guide.splitlines() if line.startswith("| `")][: len(COLUMNS)] == list(
        COLUMNS
    )
