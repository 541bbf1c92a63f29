"""Files that leave the council: the return, and what may be published."""

import csv
import io
import json
import subprocess
from pathlib import Path

import pytest
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from bot.figures import ALL, MEASURES, By, Cell, Period, Table
from bot.publishing import (
    Council,
    CouncilNotKnown,
    publish,
    published_csv,
    published_json,
    published_xlsx,
    return_csv,
)
from bot.publishing.national import COLUMNS
from bot.publishing.writing import COLUMNS as PUBLISHED_COLUMNS
from bot.publishing.writing import ELSEWHERE_COLUMNS, NOTES, PUBLISHABLE, Elsewhere, harmless
from tests.publishing.councils import Council as DrawnCouncil

YEAR = Period.of_year(2025)
COUNCIL = Council("Local Authority", "Unitary", "E12000001", "North East", "E06000001", "111", "A Council")


def asked(*counts: int | None, team: str | None = None) -> Table:
    measure = MEASURES["asked"]
    columns = (*((Cell("team", team),) if team else ()), Cell(ALL, "All"))
    return Table(
        measure=measure,
        columns=columns,
        counts={
            (cell.id, column.id): count for column in columns for cell, count in zip(measure.cells, counts, strict=True)
        },
        base={column.id: sum(count or 0 for count in counts) for column in columns},
        do_columns_add_up=True,
    )


def rows(file: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(file.decode("utf-8-sig"), newline="")))


def test_the_return_has_exact_counts_in_the_published_columns() -> None:
    head, *told = rows(return_csv([asked(33, 4, 0, 2, 1)], COUNCIL))
    assert tuple(head) == COLUMNS
    assert told == sorted(told)
    assert {row[9]: row[11] for row in told} == {
        "Yes they were asked and outcomes were expressed": "33",
        "Yes they were asked but no outcomes were expressed": "4",
        "No": "0",
        "Don't Know": "2",
        "Not Recorded": "1",
    }
    council = ("Local Authority", "Unitary", "E12000001", "North East", "E06000001", "111", "A Council")
    assert {tuple(row[:9]) for row in told} == {(*council, "SG4a", "Concluded Section 42 Enquiries")}


def test_what_is_not_available_is_blank_in_the_return() -> None:
    assert [row[11] for row in rows(return_csv([asked(33, None, 0, 2, 1)], COUNCIL))[1:]].count("") == 1


def test_the_return_says_what_it_needs_of_the_council() -> None:
    with pytest.raises(CouncilNotKnown, match="ONS_CODE, LA_CODE"):
        return_csv([asked(33, 4, 0, 2, 1)], Council("Local Authority", "Unitary", "E1", "North East", la_name="A"))


def test_measures_of_our_own_are_not_in_the_return() -> None:
    state = MEASURES["state"]
    own = Table(
        measure=state,
        columns=(Cell(ALL, "All"),),
        counts={(cell.id, ALL): 7 for cell in state.cells},
        base={ALL: 49},
        do_columns_add_up=True,
    )
    assert len(rows(return_csv([own], COUNCIL))) == 1


def test_what_may_be_published_says_so_in_each_kind_of_file() -> None:
    tables = publish([asked(133, 24, 13, 8, 1)]).tables
    assert {row[0] for row in rows(published_csv(tables, YEAR))[1:]} == {PUBLISHABLE}
    assert json.loads(published_json(tables, YEAR))["what_this_is"] == PUBLISHABLE
    book = CalamineWorkbook.from_filelike(io.BytesIO(published_xlsx(tables, YEAR)))
    assert book.get_sheet_by_name("About these figures").to_python()[1] == [PUBLISHABLE]


def test_each_file_tells_the_same_rounded_numbers() -> None:
    tables = publish([asked(133, 24, 13, 8, 1)]).tables
    expected = ["135", "25", "15", "10", "[c]"]
    assert [row[7] for row in rows(published_csv(tables, YEAR))[1:]] == expected
    told = json.loads(published_json(tables, YEAR))["tables"][0]["rows"]
    assert [str(row["numbers"][0]["number"]) for row in told] == expected
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(published_xlsx(tables, YEAR))).get_sheet_by_name(
        "May be published"
    )
    read = [row[7] for row in sheet.to_python()[1:]]
    assert read == [135, 25, 15, 10, "[c]"]


def test_each_file_tells_groups_of_age_from_groups_of_sex() -> None:
    council = DrawnCouncil(3, 300)
    tables = publish([*council.tables(By.AGE_BAND, ["asked"]), *council.tables(By.SEX, ["asked"])]).tables
    not_recorded = [row for row in rows(published_csv(tables, YEAR)) if row[6] == "Nothing is recorded"]
    assert {row[11] for row in not_recorded} == {"Age band", "Sex"}
    assert [one["by"] for one in json.loads(published_json(tables, YEAR))["tables"]] == ["age_band", "sex"]
    book = CalamineWorkbook.from_filelike(io.BytesIO(published_xlsx(tables, YEAR)))
    told = book.get_sheet_by_name("May be published").to_python()[1:]
    assert {row[11] for row in told if row[6] == "Nothing is recorded"} == {"Age band", "Sex"}


def test_a_row_of_the_table_says_of_its_number_all_there_is_to_know() -> None:
    tables = publish([asked(133, 24, 13, 8, 6, team="North")]).tables
    head, told = rows(published_csv(tables, YEAR))[:2]
    assert dict(zip(head, told, strict=True)) == {
        "What this is": PUBLISHABLE,
        "Period": YEAR.label,
        "Table": "SG4a",
        "Measure": MEASURES["asked"].heading,
        "Whose words": "",
        "Row": "Yes they were asked and outcomes were expressed",
        "Group": "North",
        "Number": "135",
        "Of how many": "185",
        "Percentage": "72",
        "Percentage to the nearest": "1",
        "Broken down by": "",
    }


def test_the_file_for_programs_says_of_each_number_all_there_is_to_know() -> None:
    measure = MEASURES["asked"]
    tables = publish([asked(133, 24, 13, 8, 6)]).tables
    told = json.loads(published_json(tables, YEAR))
    assert (told["notes"], told["first_day"], told["last_day"]) == (list(NOTES), "2025-04-01", "2026-03-31")
    (table,) = told["tables"]
    assert table.pop("rows")[0] == {
        "id": measure.cells[0].id,
        "label": "Yes they were asked and outcomes were expressed",
        "numbers": [{"column": ALL, "number": 135, "percent": 72}],
    }
    assert table == {
        "measure_id": "asked",
        "table": "SG4a",
        "measure": measure.heading,
        "definition": measure.definition,
        "source": measure.source,
        "base": measure.base,
        "spoken": "",
        "by": "nothing",
        "columns": [{"id": ALL, "label": "All", "base": 185, "percentages_to_the_nearest": 1}],
    }


def test_the_files_are_text_that_people_can_read() -> None:
    tables = publish([asked(133, 24, 13, 8, 6, team="Łódź Road")]).tables
    assert '\n     "label": "Łódź Road",\n' in published_json(tables, YEAR).decode()
    assert published_csv(tables, YEAR).startswith(b"\xef\xbb\xbfWhat this is,Period,")
    assert published_csv(tables, YEAR).endswith(b"\r\n")


def test_the_workbook_opens_with_its_headings_in_sight_over_columns_wide_enough() -> None:
    elsewhere = Elsewhere("England", "2024-25", "A department", MEASURES["asked"], MEASURES["asked"].cells[0], 66.5)
    book = load_workbook(io.BytesIO(published_xlsx(publish([asked(133, 24, 13, 8, 6)]).tables, YEAR, [elsewhere])))
    about, ours, theirs = book.worksheets
    assert [sheet.title for sheet in book.worksheets] == ["About these figures", "May be published", "Of elsewhere"]
    assert [row[0].value for row in about.rows] == [YEAR.label, *NOTES]
    widths = {sheet.title: [column.width for column in sheet.column_dimensions.values()] for sheet in book.worksheets}
    assert widths[about.title] == [120]
    assert widths[ours.title] == [16, 24, 10, 44, 20, 44, 28, 10, 12, 12, 12, 16]
    assert widths[theirs.title] == [20, 12, 44, 10, 44, 44, 12]
    for sheet, names in ((ours, PUBLISHED_COLUMNS), (theirs, ELSEWHERE_COLUMNS)):
        assert sheet.freeze_panes == "A2"
        assert [(cell.value, cell.font.bold) for cell in sheet[1]] == [(name, True) for name in names]


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+44", "-2", "@SUM(A1)", "\tso", "\rso", "\nso", "\t=1", " =1", "\r=1", "＝1", "|cmd", "%0", "\u200b=1"],
)
def test_what_looks_like_a_formula_is_made_harmless(text: str) -> None:
    assert harmless(text) == f"'{text}"


def test_other_text_stays_as_it_is() -> None:
    for text in ("", "Fully Achieved", "A = B", "18-64", "'so'"):
        assert harmless(text) == text


def test_a_team_called_like_a_formula_is_harmless_in_every_file() -> None:
    tables = publish([asked(133, 24, 13, 8, 6, team='=HYPERLINK("x")')]).tables
    safe = '\'=HYPERLINK("x")'
    assert rows(published_csv(tables, YEAR))[1][6] == safe
    assert json.loads(published_json(tables, YEAR))["tables"][0]["columns"][0]["label"] == safe
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(published_xlsx(tables, YEAR))).get_sheet_by_name(
        "May be published"
    )
    assert sheet.to_python()[1][6] == safe


def converted(libreoffice: Path, file: bytes, suffix: str, to: str, folder: Path) -> bytes:
    """Open a file in LibreOffice, and give what it saves."""
    (folder / f"figures{suffix}").write_bytes(file)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    subprocess.run(
        [libreoffice, profile, "--headless", "--convert-to", to, "--outdir", "out", f"figures{suffix}"],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return next((folder / "out").iterdir()).read_bytes()


def test_a_spreadsheet_program_reads_the_workbook_and_runs_no_formula(libreoffice: Path, tmp_path: Path) -> None:
    tables = publish([asked(133, 24, 13, 8, 6, team="=1+1")]).tables
    second_sheet = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,2"
    told = rows(converted(libreoffice, published_xlsx(tables, YEAR), ".xlsx", second_sheet, tmp_path))
    assert told == rows(published_csv(tables, YEAR))
    assert told[1][6] == "'=1+1"


def test_a_spreadsheet_program_reads_the_return(libreoffice: Path, tmp_path: Path) -> None:
    file = return_csv([asked(33, 4, 0, 2, 1)], COUNCIL)
    book = CalamineWorkbook.from_filelike(io.BytesIO(converted(libreoffice, file, ".csv", "xlsx", tmp_path)))
    head, *told = book.get_sheet_by_index(0).to_python()
    assert tuple(head) == COLUMNS
    assert [row[-1] for row in told] == [int(row[-1]) for row in rows(file)[1:]]
