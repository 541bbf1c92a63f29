"""Templates, and the words on pages that are not questions."""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jinja2 import meta
from markupsafe import Markup

from bot.conversation import Control, Kind, Stage, standing
from bot.conversation import Speaker as Who
from bot.interview import Asking
from bot.interviewing import Refusal, View
from bot.project import load_interview
from bot.store import Conversation, Origin
from bot.web import contexts
from bot.web.contexts import Page as Context
from bot.web.contexts import Phone, Piece, Place
from bot.web.pages import HERE, TEMPLATES, Pages, environment
from bot.web.showing import Frame, Typed, split
from tests.telling import Told
from tests.web.visiting import Page, check_page

SOURCES = sorted((HERE / "templates").glob("*.html"))
INTERVIEW = load_interview()
ASKED = {id(asking): heard for heard, asking in reversed(list(INTERVIEW.responses.items()))}.values()
"""Every wording once, with one speaker and one stage that hear it."""
OF_EACH_KIND = {
    (INTERVIEW.response(*heard).kind, heard[1]): heard for heard in ASKED if heard[0].startswith("utter_ask_")
}.values()
CONTRACTIONS = re.compile(r"\b\w+[’'](?:t|s|re|ve|ll|d|m)\b")
PLACE = Place("the adult support team", "two working days", Phone("01234 567 890", "01234567890"), "all day", None)
TEXTS = {
    "team": PLACE.team,
    "read_within": PLACE.read_within,
    "phone": "01234 567 890",
    "phone_hours": "all day",
    "out_of_hours_phone": "",
}


def frame(**texts: str) -> Frame:
    return Frame(INTERVIEW, PLACE, {**TEXTS, **texts}, lambda code: f"/static/{code}.svg")


def view(told: Told, speaker: Who = Who.PERSON, stage: Stage = Stage.FIRST, **more: Any) -> View:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    conversation = Conversation("0" * 32, None, stage, speaker, at, "1", Origin.PAGE, len(told.turns), None, at, b"")
    return View(conversation, tuple(told.turns), standing(told.turns), "", **more)


PAGES = Pages(lambda name: f"/static/{name}")


class Shown:
    """A page as `Pages` makes it, in the shape of an answer."""

    def __init__(self, page: Context) -> None:
        self.status_code = 200
        self.content = PAGES.make(page).encode()


def made(page: Context) -> Page:
    shown = Page(Shown(page))  # type: ignore[arg-type]
    check_page(shown)
    return shown


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_a_template_escapes_everything_and_asks_only_for_its_context(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    assert "|safe" not in text.replace(" ", "")
    assert not re.search(r"""['"]?\b\w*[hH]tml['"]?\s*:""", text), "an html parameter is not escaped"
    assert "autoescape" not in text
    imported = {
        name.strip()
        for names in re.findall(r" import ([\w, ]+?)(?: with context)? -?%}", text)
        for name in names.split(",")
    }
    imported |= set(re.findall(r"macro (\w+)", text))
    assert meta.find_undeclared_variables(environment(str).parse(text)) - imported <= {"page", "asset"}


def test_every_context_has_its_template_and_every_template_is_used() -> None:
    assert {"base.html", "turning.html", *TEMPLATES.values()} <= {source.name for source in SOURCES}
    used = {name for source in SOURCES for name in re.findall(r'"([a-z_]+\.html)"', source.read_text(encoding="utf-8"))}
    assert {source.name for source in SOURCES} == used | set(TEMPLATES.values())


def test_a_name_that_a_context_does_not_have_is_a_mistake() -> None:
    template = environment(str).from_string("{{ page.wordz }}")
    with pytest.raises(AttributeError, match="SharedDevice has no wordz"):
        template.render(page=contexts.SharedDevice(place=PLACE))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_what_stands_on_pages_is_short_and_plain(source: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", source.read_text(encoding="utf-8"), flags=re.DOTALL)
    for element in re.findall(r"<(?:p|li|h1|h2|h3|a|legend|label|summary)\b[^>]*>([^<{]+)<", text):
        for sentence in re.split(r"(?<=[.?!]) ", element.strip()):
            assert len(sentence.split()) <= 15, sentence
            assert not CONTRACTIONS.search(sentence), sentence


@pytest.mark.parametrize(("name", "speaker", "stage"), ASKED)
@pytest.mark.parametrize("opened", [False, True], ids=["as it comes", "with all opened"])
def test_every_wording_of_the_interview_makes_a_whole_page(name: str, speaker: Who, stage: Stage, opened: bool) -> None:
    asking = INTERVIEW.response(name, speaker, stage)
    told = Told()
    told.asks("outcome")
    told.says("<b>A key</b> of my own\n")
    wording = re.sub(r"\{\w+\}", "turn:2", asking.wording.replace("{part}", "Your words"))
    kind = Kind.ENDING if asking.kind == "ending" else Kind.QUESTION
    if not name.startswith("utter_ask_") and kind is Kind.QUESTION:
        kind = Kind.NOTICE
        told.asks("outcome")
    told._add(Who.BOT, kind, asked=name.removeprefix("utter_ask_"), words=wording, asking=_shown(asking))
    if opened and kind is Kind.QUESTION:
        for control in (Control.WHY, Control.ANOTHER_WAY, Control.TALK_TO_A_PERSON, Control.GET_HELP_NOW):
            told.presses(control)
    shown = made(frame().page(view(told, speaker, stage), "step", has_code=False))
    assert "[[" not in shown.source
    assert "turn:" not in shown.source
    if opened and kind is Kind.QUESTION:
        assert asking.why.split()[0] in shown.says


@pytest.mark.parametrize(("name", "speaker", "stage"), OF_EACH_KIND)
@pytest.mark.parametrize("why", Refusal)
def test_every_question_can_say_what_was_not_taken(name: str, speaker: Who, stage: Stage, why: Refusal) -> None:
    told = Told()
    asking = INTERVIEW.response(name, speaker, stage)
    told._add(Who.BOT, Kind.QUESTION, asked=name, words=re.sub(r"\{\w+\}", "…", asking.wording), asking=_shown(asking))
    typed = Typed(why, "\n typed", ("yes",))
    shown = made(frame().page(view(told, speaker, stage), "step", has_code=False, typed=typed))
    assert shown.title.startswith("Error: ")


def test_a_sentence_that_needs_what_is_not_set_is_left_out() -> None:
    wording = "To talk, ring [[phone]], [[phone_hours]]. At other times, ring [[out_of_hours_phone]]. It is free."
    assert frame().filled(wording) == "To talk, ring 01234 567 890, all day. It is free."
    assert frame(phone_hours="").filled(wording) == "To talk, ring 01234 567 890. It is free."
    assert frame(phone="").filled(wording) == "It is free."
    assert frame(phone="").sentences(["Ring [[phone]].", "It is free."]) == ("It is free.",)


@pytest.mark.parametrize("speaker", [Who.PERSON, Who.ADVOCATE, Who.PRACTITIONER])
def test_what_was_wanted_before_is_read_back_in_its_latest_words(speaker: Who) -> None:
    asking = INTERVIEW.response("utter_ask_outcome_now", speaker, Stage.CHECK_IN)
    told = Told()
    told._add(
        Who.BOT,
        Kind.QUESTION,
        asked="outcome_now",
        words=asking.wording.replace("{next_outcome}", "outcome:3c_53"),
        asking=_shown(asking),
    )
    words = "\n A key <b>of my own</b>"
    shown = made(frame().page(view(told, speaker, Stage.CHECK_IN, meanings={"3c_53": words}), "step", has_code=False))
    assert shown.quotations == [words]
    told.chooses("still_want")
    asking = INTERVIEW.response("utter_ask_checked", speaker, Stage.CHECK_IN)
    told._add(Who.BOT, Kind.QUESTION, asked="checked", words=asking.wording, asking=_shown(asking))
    shown = made(frame().page(view(told, speaker, Stage.CHECK_IN, meanings={"3c_53": words}), "step", has_code=False))
    assert shown.quotations == [words]
    assert "outcome:" not in shown.source


def test_what_is_known_of_how_the_person_likes_to_talk_stands_beside_the_question() -> None:
    earlier = Told()
    asking = INTERVIEW.response("utter_ask_communication")
    earlier._add(Who.BOT, Kind.QUESTION, asked="communication", words=asking.wording, asking=_shown(asking))
    earlier.chooses(*[choice.id for choice in asking.choices[:2]])
    earlier.asks("communication_words")
    earlier.says(" Slowly,\nplease ")
    told = Told()
    still = INTERVIEW.response("utter_ask_communication_still", Who.PERSON, Stage.CHECK_IN)
    told._add(Who.BOT, Kind.QUESTION, asked="communication_still", words=still.wording, asking=_shown(still))
    known = view(told, stage=Stage.CHECK_IN, communication=earlier.standing.answers)
    shown = made(frame().page(known, "step", has_code=False))
    assert shown.quotations == [" Slowly,\nplease "]
    for choice in asking.choices[:2]:
        assert choice.label in shown.says


WORDS = Piece(words="a key")


@pytest.mark.parametrize(
    ("pieces", "above", "question"),
    [
        ([Piece("How are you?")], [], [Piece("How are you?")]),
        (
            [Piece("You said: "), WORDS, Piece("\nHow would you know?")],
            [Piece("You said:"), WORDS],
            [Piece("How would you know?")],
        ),
        (
            [Piece("How much does "), WORDS, Piece(" matter?")],
            [],
            [Piece("How much does "), WORDS, Piece(" matter?")],
        ),
        ([Piece("You said: "), WORDS, Piece(".")], [], [Piece("You said: "), WORDS, Piece(".")]),
        ([WORDS, Piece("\nHow much?")], [], [WORDS, Piece("\nHow much?")]),
        (
            [Piece("You chose: "), Piece("“To be safer”"), Piece("\nHow would you say that?")],
            [Piece("You chose: “To be safer”")],
            [Piece("How would you say that?")],
        ),
    ],
)
def test_what_is_read_back_stands_above_the_question_where_the_wording_leads_up_to_it(
    pieces: list[Piece], above: list[Piece], question: list[Piece]
) -> None:
    assert split(tuple(pieces)) == (tuple(above), tuple(question))


def test_without_numbers_in_the_settings_a_page_says_so_kindly() -> None:
    nobody = Place("the adult support team", "two working days", None, "", None)
    shown = made(contexts.SharedDevice(place=nobody))
    assert "You can ask anyone you trust to ring for you." in shown.says
    assert "None" not in shown.says


def _shown(asking: Asking) -> str:
    return asking.to_json()


def test_a_button_is_made_once_and_is_as_gov_uk_makes_it() -> None:
    filling = environment(str)
    parts = filling.get_template("parts.html").module
    macros = filling.get_template("govuk_frontend_jinja/components/button/macro.html").module
    asked = {"text": "Why <now>?", "name": "do", "value": "why", "classes": "govuk-button--secondary"}

    made = [parts.plain_button("Why <now>?", "why") for _ in range(3)]  # type: ignore[attr-defined]

    assert {str(one) for one in made} == {str(macros.govukButton(asked))}  # type: ignore[attr-defined]
    assert filling.globals["button"].cache_info().misses == 1  # type: ignore[attr-defined]


def test_what_is_remembered_of_a_button_is_escaped_by_what_it_was_given() -> None:
    button = environment(str).globals["button"]
    assert button(Markup("<b>Go on</b>"), "go_on", "") != button("<b>Go on</b>", "go_on", "")  # type: ignore[operator]
