"""The statement as a document that can be enlarged, read aloud and written in: DOCX.

XML cannot hold every sign: not NUL, for one, nor half of a sign. The sign for what cannot be shown stands in its place,
as on the pages, and the document says so; what is kept, and the copy as plain text, have what was typed. A carriage
return by itself becomes the end of a line, as it does in a browser.
"""

import io
import re
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.statement import IN_ENGLISH, STAYS_HERE, WHOSE_WORDS, Quote, Statement

if TYPE_CHECKING:
    from docx.document import Document

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
CANNOT_STAND_HERE = (
    "This kind of document cannot hold every sign. Where \ufffd stands, there may be one that it cannot hold. "
    "Your words are kept with it."
)

TYPEFACE = "Arial"
LANGUAGE = "en-GB"
WORDS = "Quote"
"""The style of the person's words: a template's own name, so that programs know what it is."""


class Style(StrEnum):
    """What a paragraph is."""

    TITLE = "Heading 1"
    SECTION = "Heading 2"
    QUESTION = "Heading 3"
    TEXT = "Normal"
    BULLET = "List Bullet"
    WORDS = "Quote"
    """Words that somebody said or wrote, to the character."""


def as_paragraphs(dated: datetime, paragraphs: Iterable[tuple[Style, str]]) -> bytes:
    """Give these paragraphs as a DOCX file."""
    import docx

    document = docx.Document()
    _dress(document, dated)
    left_out = 0
    for style, text in paragraphs:
        held, times = NOT_IN_XML.subn("\ufffd", text)
        left_out += times
        document.add_paragraph(held, style.value)
    if left_out:
        document.add_paragraph(CANNOT_STAND_HERE)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def as_document(made: Statement) -> bytes:
    """Give the statement as a DOCX file. The library is loaded here, when the first copy is asked for."""
    import docx
    from docx.shared import Pt

    document = docx.Document()
    _dress(document, made.last_said_at)
    left_out = 0

    def put(text: str, style: str = "Normal") -> None:
        nonlocal left_out
        held, times = NOT_IN_XML.subn("\ufffd", text)
        left_out += times
        document.add_paragraph(held, style)

    def put_quote(quote: Quote) -> None:
        if quote.whose is not None:
            put(f"{WHOSE_WORDS[quote.whose]}:")
        if quote.original:
            put(quote.original, WORDS)
            put(IN_ENGLISH)
        if quote.words is not None:
            put(quote.words, WORDS)
        for label in quote.chosen:
            put(label, "List Bullet")

    document.add_heading(made.heading, level=1)
    for line in (made.dated, f"Number {made.number}", STAYS_HERE):
        put(line)
    for section in made.sections:
        document.add_heading(section.heading, level=2)
        for entry in section.entries:
            put(entry.question, "Heading 3")
            for quote in entry.quotes:
                put_quote(quote)
    if made.own_order:
        document.add_heading("What matters most, first to last", level=2)
        for wanted in made.own_order:
            put(f"Number {wanted.place}:")
            put(wanted.words, WORDS)
    for heading, plan in (("To try first", made.plan_a), ("If that cannot happen", made.plan_b)):
        if plan is not None:
            document.add_heading(heading, level=2)
            put(plan, WORDS)
    last = document.add_paragraph(f"Check number: {made.digest}")
    last.paragraph_format.space_before = Pt(24)
    if left_out:
        document.add_paragraph(CANNOT_STAND_HERE)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def _dress(document: "Document", dated: datetime) -> None:
    """Set paper, letters and language, and leave out what the library's template says of itself."""
    from docx.oxml.ns import qn
    from docx.shared import Cm, Pt, RGBColor

    styles = document.styles
    defaults = styles.element.find(qn("w:docDefaults"))
    for fonts in styles.element.iter(qn("w:rFonts")):
        fonts.attrib.clear()
        for kind in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
            fonts.set(qn(kind), TYPEFACE)
    for language in defaults.iter(qn("w:lang")):
        language.set(qn("w:val"), LANGUAGE)
    for name, size, before, after in (
        ("Normal", 14, 0, 8),
        ("Heading 1", 24, 0, 12),
        ("Heading 2", 18, 24, 6),
        ("Heading 3", 14, 14, 6),
        ("List Bullet", 14, 0, 4),
        (WORDS, 14, 0, 10),
    ):
        style = styles[name]
        style.font.size = Pt(size)
        style.font.italic = False
        style.font.color.rgb = RGBColor(0, 0, 0)
        style.paragraph_format.space_before = Pt(before)
        style.paragraph_format.space_after = Pt(after)
        style.paragraph_format.line_spacing = 1.3
    # Nobody's spelling is marked as wrong in words that are to stay as they are.
    styles[WORDS].font.no_proof = True
    styles[WORDS].paragraph_format.left_indent = Cm(1)
    for section in document.sections:
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Cm(2.2)
    about = document.core_properties
    about.title, about.author, about.comments, about.language = "Notes", "", "", LANGUAGE
    about.created = about.modified = dated.replace(tzinfo=None)
