"""The papers a council needs: each test and file that they name is there, and each blank in them is marked."""

import re
from pathlib import Path

import pytest

from bot.council import TERMS, Name
from bot.settings import DEFAULTS
from tests.test_docs import LINK, ROOT, commands_in, read

PAPERS = sorted((ROOT / "docs" / "papers").glob("*.md"))
NAMES = {
    "accessibility-statement",
    "dpia",
    "incidents",
    "records-of-processing",
    "restoring",
    "supply-chain",
    "threat-model",
}

TEST = re.compile(r"`(tests/[\w/-]+\.py)::(\w+)`")
BLANK = re.compile(r"\*\*\[Council to fill in: [^\[\]]{4,}\]\*\*")
UNMARKED = re.compile(
    r"\[Council|\[ *\]|\[(?:name|date|council|insert)|_{3,}|\.{4,}|\b(?:TBC|TBD|TODO|XXX)\b", re.IGNORECASE
)
BESIDE_THEM = [ROOT / name for name in ("SECURITY.md", "docs/keys.md", "docs/retention.md")]
"""What is no paper and names tests all the same."""
NO_TEST = re.compile(r"no test: \w+")
SHOWN_BY = "shown by"


def words_of(paper: Path) -> str:
    return paper.read_text(encoding="utf-8")


def tables_in(document: str) -> list[list[list[str]]]:
    """List the tables of a document, each with its rows, the names of its columns first."""
    tables: list[list[list[str]]] = []
    before = ""
    for line in document.splitlines():
        if line.startswith("|"):
            if not before.startswith("|"):
                tables.append([])
            if not re.fullmatch(r"[|:\- ]+", line) or not re.search("-", line):
                tables[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        before = line
    return tables


def unmarked_in(document: str) -> list[str]:
    """Name what looks like a blank and does not say who fills it in with what."""
    prose = re.sub(r"^- \[ \] ", "- ", BLANK.sub("", document), flags=re.MULTILINE)
    return UNMARKED.findall(prose.replace("**[ ]**", ""))


def not_there(document: str) -> list[str]:
    """Name each test that a document names and that is in no file."""
    return [
        f"{file}::{name}"
        for file, name in TEST.findall(document)
        if not (ROOT / file).is_file() or not re.search(rf"^(?:async )?def {name}\(", read(file), re.MULTILINE)
    ]


def test_all_papers_are_there() -> None:
    assert {paper.stem for paper in PAPERS} == NAMES


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.stem)
def test_each_test_that_a_paper_names_is_there(paper: Path) -> None:
    assert TEST.findall(words_of(paper))
    assert not_there(words_of(paper)) == []


@pytest.mark.parametrize("paper", BESIDE_THEM, ids=lambda path: path.stem)
def test_each_test_that_is_named_beside_the_papers_is_there(paper: Path) -> None:
    assert not_there(words_of(paper)) == []


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.stem)
def test_nothing_that_a_paper_names_as_a_test_is_written_so_that_nobody_looks_for_it(paper: Path) -> None:
    assert len(TEST.findall(words_of(paper))) == words_of(paper).count("::")


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.stem)
def test_each_file_that_a_paper_leads_to_is_there(paper: Path) -> None:
    for link in LINK.findall(words_of(paper)):
        name = link.partition("#")[0]
        assert "://" not in link, link
        assert not name or (paper.parent / name).exists(), link


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.stem)
def test_each_claim_in_a_table_has_what_shows_it_or_says_that_nothing_does(paper: Path) -> None:
    told = [table for table in tables_in(words_of(paper)) if SHOWN_BY in table[0]]

    assert told
    for columns, *rows in told:
        for row in rows:
            assert len(row) == len(columns), row
            shown = row[columns.index(SHOWN_BY)]
            assert TEST.search(shown) or LINK.search(shown) or NO_TEST.match(shown), row


MEASURES = {"threat-model": "what counters it", "dpia": "measures in the system"}
"""The column of each paper that says what is done against something."""
NOT_MEASURED = {"a flaw that nobody has found"}
"""Against what no measure of ours can be shown to hold."""


def measures_in(document: str, column: str) -> list[list[str]]:
    """List the rows that say what is done against something: what against, and what shows it."""
    return [
        [row[0], row[columns.index(SHOWN_BY)]]
        for columns, *rows in tables_in(document)
        if column in columns
        for row in rows
    ]


def unshown_in(document: str, column: str) -> list[str]:
    """Name each measure that no test shows."""
    return [against for against, shown in measures_in(document, column) if not TEST.search(shown)]


@pytest.mark.parametrize("paper", MEASURES)
def test_each_measure_is_shown_by_a_test(paper: str) -> None:
    document = read(f"docs/papers/{paper}.md")

    assert len(measures_in(document, MEASURES[paper])) > 10
    assert set(unshown_in(document, MEASURES[paper])) <= NOT_MEASURED


@pytest.mark.parametrize("paper", MEASURES)
def test_each_row_that_says_what_is_done_stands_in_such_a_table(paper: str) -> None:
    told = [
        columns for columns, *_ in tables_in(read(f"docs/papers/{paper}.md")) if {"left", "what is left"} & set(columns)
    ]

    assert told
    for columns in told:
        assert {MEASURES[paper], SHOWN_BY} <= set(columns)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.stem)
def test_each_blank_is_marked_and_says_what_belongs_there(paper: Path) -> None:
    assert BLANK.search(words_of(paper))
    assert unmarked_in(words_of(paper)) == []


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.stem)
def test_each_paper_is_found_from_the_first_page(paper: Path) -> None:
    listed = read("README.md").partition("## Papers a council needs")[2].partition("\n## ")[0]

    assert f"](docs/papers/{paper.name})" in listed


@pytest.mark.parametrize("paper", PAPERS, ids=lambda path: path.stem)
def test_each_setting_that_a_paper_names_is_one(paper: Path) -> None:
    assert set(re.findall(r"OWNWORDS_([A-Z_]+)", words_of(paper))) <= DEFAULTS.keys()


def test_the_times_in_the_assessment_are_those_that_the_program_keeps() -> None:
    rows = {row[0]: row[1] for table in tables_in(read("docs/papers/dpia.md")) for row in table}

    for what, name in (
        ("begun, not finished, taken up by nobody", Name.KEEP_UNFINISHED),
        ("finished, not reviewed", Name.KEEP_WAITING),
        ("a closed enquiry", Name.KEEP_CLOSED),
        ("the audit, and that something was forgotten", Name.KEEP_AUDIT),
    ):
        assert rows[what].startswith(f"{TERMS[name].ships} {TERMS[name].unit}"), what


def test_the_runbook_restores_as_the_command_does() -> None:
    typed = commands_in(read("docs/papers/restoring.md"))

    assert any(re.fullmatch(r"\.venv/bin/python -m bot restore \S+ --verify", line) for line in typed)


@pytest.mark.parametrize("slip", ["Who: [name]", "____", "Who: TBC", "[Council to fill in: ]", "Signed [  ]"])
def test_a_blank_that_is_not_marked_would_be_seen(slip: str) -> None:
    assert unmarked_in(slip)


@pytest.mark.parametrize("slip", ["tests/test_papers.py::test_that_there_is_not", "tests/no_such_file.py::test_it"])
def test_a_test_that_is_not_there_would_be_seen(slip: str) -> None:
    assert not_there(f"`{slip}`") == [slip]


def test_a_measure_that_nothing_shows_would_be_seen() -> None:
    row = "| a thief | a lock | [Deploying](../deploying.md) |"

    assert unshown_in(f"| threat | what counters it | shown by |\n|---|---|---|\n{row}\n", "what counters it") == [
        "a thief"
    ]


def test_no_question_and_no_record_asks_for_what_the_dpia_says_is_not_asked() -> None:
    for file in ("domain.yml", "bot/records.yml"):
        asked = read(file).lower()
        assert [what for what in ("date of birth", "born", "nhs number", "photo", "birthday") if what in asked] == []


def test_before_their_first_conversation_people_are_told_who_reads_when_and_that_the_council_may_have_to_act() -> None:
    welcome = read("domain.yml").partition("utter_welcome:")[2].partition("utter_welcome_back:")[0]
    first = welcome.partition("[*is_person, *check_in]")[0]
    for told in (
        "[[team]] reads them within [[read_within]]",
        "may have to act, even if you ask it not to",
        "You can stop",
    ):
        assert told in first
