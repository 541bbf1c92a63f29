"""A person's words come back on every page exactly as they were typed."""

from urllib.parse import quote_plus

import html5lib
import pytest

from bot.conversation import LONGEST_ANSWER, Kind
from bot.interviewing import Given, Taken, answer
from bot.web.forms import parse
from tests.web.conftest import Site
from tests.web.test_interview import turns
from tests.web.visiting import Person

SAID = {
    "line breaks first": "\n\nhello",
    "spaces around": "  x  ",
    "spaces alone around a line": " \n x\n ",
    "a tag": "<b>I want</b> <script>alert(1)</script>",
    "the end of a box": "</textarea></blockquote>",
    "a template": "{{7*7}} {% raw %} {outcome} [[phone]] ${x}",
    "a reference": "turn:2 card:feel_safer",
    "a command": '/inform{"speaker":"advocate"}',
    "a restart": "/restart",
    "right to left": "\u202eabc\u2066def",
    "the word None": "None",
    "composed and not": "Zo\u00eb and Zoe\u0308",
    "quotes": "\"it's\" “his” & 'hers' &amp; &lt;",
    "a byte order mark": "\ufeffhello",
    "faces": "👩🏽‍🦽 and 🏴󠁧󠁢󠁷󠁬󠁳󠁿",
    "tabs": "a\tb\t",
    "a carriage return alone": "a\rb",
    "no-break spaces": "\u00a0\u2003\u200b",
    "as many as fit": "𝒳" * LONGEST_ANSWER,
}
as_typed = pytest.mark.parametrize("words", SAID.values(), ids=SAID)


def in_html(words: str) -> str:
    """What a parser of HTML makes of a lone carriage return; nothing else is normalised."""
    return words.replace("\r", "\n")


@as_typed
async def test_words_are_kept_and_shown_to_the_character(person: Person, site: Site, words: str) -> None:
    site.dialogue.asks_about_a_copy = True
    await person.begins()
    page = await person.presses("why", words=words)
    assert page.box == in_html(words)
    await person.says(words)
    assert [turn.words for turn in await turns(site) if turn.kind is Kind.WORDS] == [words]
    page = await person.opens("/conversation")
    assert page.quotations == [in_html(words)]
    page = await person.presses("go_back")
    assert page.box == in_html(words)
    await person.presses("cancel")
    await person.says("My cat")
    await person.chooses("no")
    page = await person.chooses("safe")
    assert page.heading == "What about checked?"
    assert page.quotations == [in_html(words), "My cat"]
    await person.presses("choose:done")
    await person.chooses("yes")
    page = await person.opens("/conversation/words")
    assert page.quotations == [in_html(words), "My cat"]
    saved = (await person.client.get("/conversation/words.txt")).content.decode()
    assert f"\n{words}\n" in saved


@as_typed
async def test_words_are_read_back_and_offered_to_the_character(person: Person, words: str) -> None:
    await person.begins()
    await person.says("I feel tired")
    await person.says("My cat")
    await person.chooses("yes")
    page = await person.says(words)
    assert page.heading == "How would you know?"
    assert page.quotations[0] == in_html(words)


async def test_one_character_too_many_is_said_kindly_and_all_of_it_stays_in_the_box(person: Person, site: Site) -> None:
    await person.begins()
    words = "𝒳" * LONGEST_ANSWER + "."
    page = await person.says(words)
    assert page.status == 422
    assert "Please make it two answers." in page.says
    assert page.box == words
    assert [turn.kind for turn in await turns(site)] == [Kind.QUESTION]
    page = await person.presses("why", words=words)
    assert page.status == 422
    assert page.box == words


async def test_a_nul_and_a_surrogate_that_a_browser_replaced_are_kept_as_they_arrive(
    person: Person, site: Site
) -> None:
    page = await person.begins()
    body = f"step={page.hidden()['step']}&do=answer&words=a%0D%0Ab%0D%0Ac%EF%BF%BDe%00f+"
    response = await person.post("/conversation", body.encode())
    assert response.status_code == 303
    assert [turn.words for turn in await turns(site) if turn.kind is Kind.WORDS] == ["a\nb\nc\ufffde\x00f "]


async def test_what_no_page_can_hold_is_kept_and_shown_as_a_sign_for_it(person: Person, site: Site) -> None:
    page = await person.begins()
    words = "half \ud83d and \x00 nothing"
    step = site.steps.read(page.hidden()["step"])
    assert await answer(site.room, step, Given(Kind.WORDS, words), site.now) is Taken.KEPT
    shown = (await person.client.get("/conversation")).content.decode()
    assert '<blockquote class="app-words">half \ufffd and \ufffd nothing</blockquote>' in shown
    assert [turn.words for turn in await turns(site) if turn.kind is Kind.WORDS] == [words]


def test_the_plain_form_and_the_script_send_the_same_words() -> None:
    words = "a\nb\n\nc \x00+&=%;é𝒳"
    plain = parse(b"words=" + quote_plus(words.replace("\n", "\r\n")).encode())
    script = parse(b"words=" + quote_plus(words).encode())
    assert plain.words == script.words == words


@pytest.mark.parametrize("do", ["why", "answer"])
async def test_words_never_stand_where_html_would_read_them(person: Person, do: str) -> None:
    await person.begins()
    await person.presses(do, words='"><img src=x onerror=alert(1)>')
    page = await person.opens("/conversation")
    tree = html5lib.parse(page.source, namespaceHTMLElements=False)
    assert [image.get("alt") for image in tree.iter("img")] == [""]
