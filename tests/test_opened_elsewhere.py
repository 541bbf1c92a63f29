"""What is taken out, opened by software that is not ours: a browser, classes of FHIR's, a spreadsheet program."""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from fhirclient.models.bundle import Bundle
from fhirclient.models.goal import Goal
from fhirclient.models.provenance import Provenance
from fhirclient.models.questionnaireresponse import QuestionnaireResponse
from playwright.sync_api import Page

from bot.conversation import Stage, State
from bot.figures import Period
from bot.interoperating.taking import Written, take_out_here
from bot.keeping import keep_outcome
from bot.publishing import Pack, publish, published_csv, published_json, published_xlsx
from bot.store import Store
from tests.faults.nasty import NASTY
from tests.publishing.test_files import asked, converted, rows
from tests.recording import Recorded
from tests.telling import NOON

WORDS = (*NASTY.values(), "\ud83d half a sign", "a half \udc9b sign", "one\u2028line\u2029break")
WISH = "\tMy own key,\n  to the front door \U0001f49b"
YEAR = Period.of_year(2025)

IN_UNITS = "words => Array.from({length: words.length}, (_, at) => words.charCodeAt(at))"
"""Words as the browser has them: half a sign would not come through from there in one piece."""


@pytest.fixture
def enquiry_id(store: Store) -> str:
    """An enquiry in which somebody said all that breaks programs elsewhere, and what they want."""
    with store.begin() as kept:
        made = kept.enquiries.open(NOON, reference="ASC 17/2026")
    told = Recorded(store, enquiry_id=made)
    for words in WORDS:
        told.is_asked("wishes", says=words)
    _, slots = told.wants(WISH)
    keep_outcome(store, told.heard(**slots), NOON)
    told.ends()
    with store.begin() as kept:
        kept.conversations.settle(told.conversation_id, State.FINISHED, NOON + timedelta(hours=1))
    return made


def taken(store: Store, enquiry_id: str, written: Written) -> str:
    """A file as it leaves, in the one encoding that it may have."""
    made = take_out_here(store, enquiry_id, written, {}, NOON + timedelta(days=9), tuple(Stage))
    return made.content.decode("utf-8")


def units(words: str) -> list[int]:
    """The same for words as they were said."""
    encoded = words.encode("utf-16-le", "surrogatepass")
    return [int.from_bytes(encoded[at : at + 2], "little") for at in range(0, len(encoded), 2)]


def pack() -> Pack:
    return publish([asked(133, 24, 13, 8, 1)])


def test_a_browser_reads_json_lines_to_the_last_sign(page: Page, store: Store, enquiry_id: str) -> None:
    told = page.evaluate(
        f"""written => {{
            const lines = written.split("\\n").filter(line => line !== "").map(line => JSON.parse(line));
            const said = lines.filter(line => line.what === "exchange" && line.question === "wishes");
            return {{
                kinds: [...new Set(lines.map(line => line.what))],
                words: said.map(line => line.said[0].now.words).map({IN_UNITS}),
                wanted: lines.filter(line => line.what === "outcome").map(line => line.words_now[0]),
            }};
        }}""",
        taken(store, enquiry_id, Written.JSON_LINES),
    )
    assert told["kinds"] == ["enquiry", "conversation", "exchange", "outcome"]
    assert told["words"] == [units(words) for words in WORDS]
    assert told["wanted"] == [WISH]


def answers(items: list[Any] | None) -> Iterator[Any]:
    """Every answer, those under headings too."""
    for item in items or []:
        yield from item.answer or []
        yield from answers(item.item)


def test_classes_of_another_library_hold_the_words_of_a_fhir_bundle(store: Store, enquiry_id: str) -> None:
    bundle = Bundle(json.loads(taken(store, enquiry_id, Written.FHIR)))
    resources = [one.resource for one in bundle.entry]
    (response,) = [one for one in resources if isinstance(one, QuestionnaireResponse)]
    said = [one.valueString for one in answers(response.item)]
    # A FHIR string holds neither half a sign nor other blanks alone; our own file says of each that it is there.
    fit = [words for words in WORDS if not re.search("[\ud800-\udfff]", words) and re.search(r"[ \r\n\t\S]", words)]
    assert [words for words in said if words is not None][: len(fit)] == fit
    (goal,) = [one for one in resources if isinstance(one, Goal)]
    assert goal.description.text == WISH
    assert goal.lifecycleStatus == "active"
    whose = [one for one in resources if isinstance(one, Provenance)]
    assert {agent.type.coding[0].code for one in whose for agent in one.agent} == {"author"}


def test_a_browser_reads_the_packs_json(page: Page) -> None:
    found = pack()
    told = page.evaluate(
        """written => {
            const pack = JSON.parse(written);
            const [table] = pack.tables;
            return {
                days: [pack.first_day, pack.last_day],
                base: table.columns[0].base,
                rows: table.rows.map(row => [row.label, row.numbers[0].number]),
                sum: table.rows.map(row => row.numbers[0].number).filter(Number.isInteger).reduce((a, b) => a + b),
            };
        }""",
        published_json(found.tables, YEAR).decode(),
    )
    assert told == {
        "days": ["2025-04-01", "2026-03-31"],
        "base": 180,
        "rows": [
            ["Yes they were asked and outcomes were expressed", 135],
            ["Yes they were asked but no outcomes were expressed", 25],
            ["No", 15],
            ["Don't Know", 10],
            ["Not Recorded", "[c]"],
        ],
        "sum": 185,
    }


def test_a_spreadsheet_program_reads_the_same_from_csv_and_workbook(libreoffice: Path, tmp_path: Path) -> None:
    found = pack()
    second_sheet = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,2"
    (tmp_path / "csv").mkdir()
    (tmp_path / "xlsx").mkdir()
    from_csv = converted(libreoffice, published_csv(found.tables, YEAR), ".csv", "csv", tmp_path / "csv")
    from_book = converted(libreoffice, published_xlsx(found.tables, YEAR), ".xlsx", second_sheet, tmp_path / "xlsx")
    assert rows(from_csv) == rows(from_book) == rows(published_csv(found.tables, YEAR))
