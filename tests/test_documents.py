"""The copy as a document: the words as they were said, and nothing of how the file was made."""

import io
import re
import subprocess
import sys
import zipfile
from datetime import UTC, date, datetime

import docx
import pytest
from docx.document import Document
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation import Speaker, Whose
from bot.documents import CANNOT_STAND_HERE, WORDS, as_document
from bot.statement import IN_ENGLISH, Entry, Quote, Section, Statement, Wanted
from tests.faults.nasty import NASTY

BEGUN = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LAST = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
NO_PLACE_IN_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def saying(*quotes: Quote, speaker: Speaker = Speaker.PERSON, said_on: date | None = None) -> Statement:
    return Statement(
        begun_at=BEGUN,
        last_said_at=LAST,
        number="0123-4567-9",
        digest="ab" * 32,
        sections=(Section("How things are", (Entry("feelings", "How do you feel now?", quotes),)),),
        own_order=(Wanted(1, "I want my own key"),),
        plan_a="I want my own key",
        plan_b=None,
        speaker=speaker,
        said_on=said_on,
    )


def opened(made: Statement) -> Document:
    return docx.Document(io.BytesIO(as_document(made)))


def lines(made: Statement) -> list[str]:
    return [paragraph.text for paragraph in opened(made).paragraphs]


def headings(made: Statement) -> list[tuple[str, str]]:
    found = [(one.style.name or "", one.text) for one in opened(made).paragraphs]
    return [(style, text) for style, text in found if style.startswith("Heading")]


def words(made: Statement) -> list[str]:
    return [paragraph.text for paragraph in opened(made).paragraphs if paragraph.style.name == WORDS]


def test_its_headings_are_headings() -> None:
    found = headings(saying(Quote("I feel tired")))
    assert found[0] == ("Heading 1", "My words")
    assert ("Heading 2", "How things are") in found
    assert ("Heading 3", "How do you feel now?") in found
    assert all("tired" not in text for _, text in found)


def test_everything_stands_there_in_its_order() -> None:
    assert lines(saying(Quote("I feel tired"), Quote(chosen=("A bit safe", "“My cat”")))) == [
        "My words",
        "Written down from 2 March 2026 to 14 March 2026.",
        "Number 0123-4567-9",
        "This copy stays on the device it was saved on.",
        "How things are",
        "How do you feel now?",
        "I feel tired",
        "A bit safe",
        "“My cat”",
        "What matters most, first to last",
        "Number 1:",
        "I want my own key",
        "To try first",
        "I want my own key",
        f"Check number: {'ab' * 32}",
    ]


@pytest.mark.parametrize("said", NASTY.values(), ids=NASTY.keys())
def test_words_are_the_same_when_the_document_is_opened_again(said: str) -> None:
    said = said.replace("\r\n", "\n")
    shown = NO_PLACE_IN_XML.sub("\ufffd", said.replace("\r", "\n"))
    made = saying(Quote(said))
    assert words(made)[0] == shown
    assert (CANNOT_STAND_HERE in lines(made)) == (shown != said.replace("\r", "\n"))


@settings(max_examples=40, deadline=None)
@given(said=st.text(st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"), min_size=1))
def test_whatever_words_there_are_stand_there_to_the_byte(said: str) -> None:
    found = words(saying(Quote(said)))[0]
    assert found.encode() == said.encode()


def test_a_sign_that_xml_cannot_hold_is_shown_as_missing_and_said_to_be() -> None:
    made = saying(Quote("My\x00cat\ud800"))
    assert words(made)[0] == "My\ufffdcat\ufffd"
    assert lines(made)[-1] == CANNOT_STAND_HERE


def test_an_advocate_s_copy_says_of_each_answer_whose_words_it_is() -> None:
    found = lines(
        saying(
            Quote("She wants her key", whose=Whose.OWN_WORDS),
            Quote("She looked away", whose=Whose.UNDERSTOOD),
            Quote("She is not safe", whose=Whose.OWN_VIEW),
            speaker=Speaker.ADVOCATE,
        )
    )
    assert found[0] == "What I passed on"
    assert found[6:12] == [
        "The person's own words:",
        "She wants her key",
        "What I saw or understood:",
        "She looked away",
        "My own view:",
        "She is not safe",
    ]


def test_what_was_said_in_another_language_stands_before_its_english() -> None:
    made = saying(Quote("I want my key", original="أريد مفتاحي"))
    assert words(made)[:2] == ["أريد مفتاحي", "I want my key"]
    assert lines(made)[7] == IN_ENGLISH


def test_what_came_from_paper_has_the_day_on_which_it_was_said() -> None:
    assert lines(saying(said_on=date(2025, 11, 3)))[1] == (
        "Said on 3 November 2025, on paper. Put in here from 2 March 2026 to 14 March 2026."
    )


def test_the_file_says_nothing_of_itself_and_asks_for_nothing() -> None:
    made = as_document(saying(Quote("I feel tired")))
    about = docx.Document(io.BytesIO(made)).core_properties
    assert (about.title, about.author, about.comments, about.last_modified_by) == ("Notes", "", "", "")
    assert about.created == about.modified == LAST
    with zipfile.ZipFile(io.BytesIO(made)) as file:
        relations = b"".join(file.read(name) for name in file.namelist() if name.endswith(".rels"))
    assert b"External" not in relations


def test_it_is_read_as_british_english_in_plain_letters() -> None:
    with zipfile.ZipFile(io.BytesIO(as_document(saying(Quote("I feel tired"))))) as file:
        styles = file.read("word/styles.xml").decode()
    assert set(re.findall(r'w:lang w:val="([^"]*)"', styles)) == {"en-GB"}
    assert "Theme=" not in styles.split("<w:latentStyles")[0]
    assert set(re.findall(r'w:ascii="([^"]*)"', styles)) == {"Arial"}


def test_the_library_is_loaded_only_when_a_copy_is_asked_for() -> None:
    told = "import sys, bot.web.app; print('docx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout == "False\n"
