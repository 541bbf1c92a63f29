"""What somebody writes is kept, shown again and given out exactly as it was written: byte for byte."""

import asyncio
import hashlib
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from bot.codes import Door
from bot.conversation import LONGEST_ANSWER, Kind, Speaker, Stage
from bot.interviewing import Given, Room, answer, begin
from bot.project import load_code_words, load_interview, load_phrases
from bot.returning import open_visit
from bot.steps import Step
from tests.fake_dialogue import FakeDialogue
from tests.faults.houses import TroubledHouse, conversation_of, resident, said, turns_of
from tests.faults.nasty import LONG, NASTY
from tests.faults.roads import plain, walk
from tests.house import PATIENCE
from tests.walking import Shown, Walker

ALL = {**NASTY, **LONG}
TOO_MUCH = 1_000_000
"""Bytes that one request may have."""
PIECES = 3_000
"""Pieces of 64 kB that are poured out: some two hundred megabytes."""


@dataclass(frozen=True, slots=True)
class Typed:
    """Everything of the lists typed on real pages, and what the product then said of it."""

    answers: dict[str, str]
    """For each name what was typed."""
    shown: dict[str, Shown]
    """The page after each was given."""
    changing: dict[str, Shown]
    """The page on which each could be changed."""
    exported: dict[str, dict[str, Any]]
    """The turn that each is in what `export` wrote."""
    statement: str
    """What the person can save."""


@pytest.fixture(scope="module")
def typed(house: TroubledHouse) -> Typed:
    """Answer one question with each in turn: a person may change what they said as often as they like."""
    shown, changing = {}, {}
    with house.browser() as browser:
        walker = Walker(browser).begin()
        conversation_id = conversation_of(walker.page)
        walk(walker, plain, until="matters")
        walker.say("First words")
        number = said(house, conversation_id)[-1].number
        walker.press(f"change:{number}")
        for name, words in ALL.items():
            shown[name] = walker.say(words).page
            assert walker.status == 200, name
            changing[name] = walker.press(f"change:{number}").page
        # In the copy only what stands now is read back; so all of the shorter ones are said once more, side by side.
        walker.say("Now all of it again:")
        for name, words in NASTY.items():
            walker.press(f"add_more:{number}").say(words)
            assert walker.status == 200, name
        walk(walker, plain)
        statement = browser.get("/conversation/words.txt")
        assert statement.status_code == 200
    exports = [json.loads(line) for line in house.command("export").stdout.splitlines()]
    turns = next(found["turns"] for found in exports if found["id"] == conversation_id)
    versions = [turn for turn in turns if turn["replaces"] is not None][: len(ALL)]
    return Typed(
        dict(ALL), shown, changing, dict(zip(ALL, versions, strict=True)), statement.content.decode("utf-8", "strict")
    )


@pytest.mark.parametrize("name", ALL)
def test_what_is_typed_is_given_out_to_the_byte(typed: Typed, name: str) -> None:
    given_out = typed.exported[name]
    assert given_out["kind"] == Kind.WORDS
    assert given_out["words"] == typed.answers[name]
    assert _digest(given_out["words"]) == _digest(typed.answers[name])


@pytest.mark.parametrize("name", ALL)
def test_what_is_typed_is_shown_as_it_was_typed(typed: Typed, name: str) -> None:
    assert as_browsers_show(typed.answers[name]) in map(as_browsers_show, typed.shown[name].quoted)


@pytest.mark.parametrize("name", ALL)
def test_what_was_typed_stands_in_the_box_when_it_is_to_be_changed(typed: Typed, name: str) -> None:
    in_the_box = typed.changing[name].words
    assert in_the_box is not None
    assert as_browsers_show(in_the_box) == as_browsers_show(typed.answers[name])


@pytest.mark.parametrize("name", NASTY)
def test_what_was_typed_is_in_the_persons_own_copy(typed: Typed, name: str) -> None:
    copied, typed_in = as_browsers_show(typed.statement), as_browsers_show(typed.answers[name])
    assert _without_layout(typed_in) in _without_layout(copied)


def test_all_that_was_typed_verifies(house: TroubledHouse, typed: Typed) -> None:
    verified = house.command("verify")
    assert verified.returncode == 0, verified.stderr
    assert "All is as it was kept" in verified.stdout


@pytest.mark.parametrize("name", NASTY)
def test_what_is_typed_and_not_yet_given_waits_in_the_box(
    house: TroubledHouse, at_an_open_question: Walker, name: str
) -> None:
    walker = at_an_open_question
    conversation_id = conversation_of(walker.page)
    before = len([turn for turn in said(house, conversation_id) if turn.kind is Kind.WORDS])
    walker.press("why", words=NASTY[name])
    assert walker.page.words is not None
    assert as_browsers_show(walker.page.words) == as_browsers_show(NASTY[name])
    assert len([turn for turn in said(house, conversation_id) if turn.kind is Kind.WORDS]) == before


@pytest.mark.parametrize("words", ["", " ", "\n", "\t \n \u00a0 \u2003\n"])
def test_an_answer_without_a_letter_is_asked_for_kindly_and_nothing_is_kept(
    house: TroubledHouse, at_an_open_question: Walker, words: str
) -> None:
    walker = at_an_open_question
    before = turns_of(house, conversation_of(walker.page))
    walker.say(words)
    assert walker.status == 422
    assert walker.page.title.startswith("Error: ")
    assert "Write something, or choose one of the answers below." in walker.page.text
    assert walker.page.words == words
    assert turns_of(house, conversation_of(walker.page)) == before


@pytest.mark.parametrize(
    "words",
    [
        "b" * (LONGEST_ANSWER + 1),
        "\U0001f642" * (LONGEST_ANSWER + 1),
        "\n" + "I went on and on. " * 4_000,
        "c" * 900_000,
    ],
)
@pytest.mark.parametrize("button", ["answer", "why"])
def test_an_answer_that_is_too_long_stays_in_the_box_with_a_kind_word(
    house: TroubledHouse, at_an_open_question: Walker, words: str, button: str
) -> None:
    walker = at_an_open_question
    conversation_id = conversation_of(walker.page)
    before = turns_of(house, conversation_id)
    walker.press(button, words=words)
    assert walker.status == 422
    assert "This is more than fits in one answer. Please make it two answers." in walker.page.text
    assert walker.page.words == words
    assert turns_of(house, conversation_id) == before


def test_an_answer_that_was_too_long_is_taken_once_it_is_shorter(house: TroubledHouse, person: Walker) -> None:
    walk(person, plain, until="feelings")
    conversation_id = conversation_of(person.page)
    person.say("e" * (LONGEST_ANSWER + 1))
    assert person.page.words is not None
    person.say(person.page.words[:LONGEST_ANSWER])
    assert person.status == 200
    assert said(house, conversation_id)[-1].words == "e" * LONGEST_ANSWER


def test_a_lone_surrogate_that_comes_by_another_way_than_a_page_is_kept_and_given_out(house: TroubledHouse) -> None:
    words = "half \ud83d a sign, the other half \ude00, and \udfff\ud800 the wrong way round"

    async def keep() -> tuple[str, str]:
        now = datetime.now(UTC)
        with house.store() as store:
            room = Room(store, FakeDialogue(), load_interview(), load_phrases())
            conversation_id = await begin(room, stage=Stage.FIRST, speaker=Speaker.PERSON, now=now)
            await answer(room, Step(conversation_id, 1, 0, "a page"), Given(Kind.WORDS, words), now)
            return conversation_id, await open_visit(Door(store, load_code_words()), conversation_id, 30, now)

    conversation_id, secret = asyncio.run(keep())
    assert said(house, conversation_id)[-1].words == words
    lines = house.command("export").stdout.splitlines()
    exported = next(found for found in map(json.loads, lines) if found["id"] == conversation_id)
    assert [turn["words"] for turn in exported["turns"] if turn["kind"] == "words"] == [words]
    assert house.command("verify").returncode == 0
    shown = house.command("show", conversation_id)
    assert (shown.returncode, shown.stderr) == (0, "")
    with house.browser() as browser:
        browser.cookies.set("visit", secret)
        walker = Walker(browser).look()
        assert walker.status == 200
        # A page is UTF-8, which has no place for half a sign; a browser would show the same for it.
        assert any("half \ufffd a sign" in quoted for quoted in walker.page.quoted)


@pytest.mark.parametrize("sent", ["%ED%A0%80", "%FF", "%C3%28", "%F0%9F%99", "%C0%80"])
def test_what_no_browser_sends_is_turned_away_and_nothing_is_kept(
    house: TroubledHouse, at_an_open_question: Walker, sent: str
) -> None:
    walker = at_an_open_question
    before = turns_of(house, conversation_of(walker.page))
    body = f"step={quote(walker.page.step)}&do=answer&words={sent}"
    answered = walker.browser.post(
        "/conversation", content=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert answered.status_code == 400
    assert "We could not read that" in answered.text
    assert turns_of(house, conversation_of(walker.page)) == before


# --- more than anybody types ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [TOO_MUCH + 1, 50_000_000, 10**15])
def test_a_body_that_says_it_is_too_large_is_turned_away_before_it_is_sent(house: TroubledHouse, length: int) -> None:
    with _connected(house) as connection:
        connection.sendall(_head(f"Content-Length: {length}"))
        # Nothing of the body is sent, and the answer comes all the same.
        assert _status(connection) == 413


def test_a_body_that_does_not_say_how_large_it_is_is_not_read_to_its_end(house: TroubledHouse) -> None:
    with _connected(house) as connection:
        connection.sendall(_head("Transfer-Encoding: chunked"))
        assert _pour(connection, b"10000\r\n" + b"x" * 0x10000 + b"\r\n") < PIECES


def test_a_header_without_an_end_is_not_read_to_its_end(house: TroubledHouse) -> None:
    with _connected(house) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Words: ")
        assert _pour(connection, b"x" * 0x10000) < PIECES


def test_a_flood_of_large_bodies_leaves_the_memory_as_it_was(house: TroubledHouse, person: Walker) -> None:
    def flood() -> None:
        for _ in range(20):
            with _connected(house) as connection:
                connection.sendall(_head("Content-Length: 100000000"))
                _pour(connection, b"x" * 0x10000)

    flood()
    before = resident(house.pid)
    flood()
    assert resident(house.pid) - before < 20_000_000
    assert person.look().status == 200


def test_the_page_for_too_much_says_so_and_the_conversation_goes_on(house: TroubledHouse, person: Walker) -> None:
    conversation_id = conversation_of(person.page)
    before = turns_of(house, conversation_id)
    person.press("answer", words="d" * (TOO_MUCH + 1))
    assert person.status == 413
    assert person.page.heading == "That is too much at once"
    assert "What you sent before is kept." in person.page.text
    assert turns_of(house, conversation_id) == before
    assert person.look().choose("yes").status == 200
    assert len(turns_of(house, conversation_id)) == len(before) + 2


@pytest.fixture(scope="module")
def at_an_open_question(house: TroubledHouse) -> Iterator[Walker]:
    """A person at a question that is answered in words, who goes on standing there."""
    with house.browser() as browser:
        walker = Walker(browser).begin()
        walk(walker, plain, until="feelings")
        yield walker


def as_browsers_show(words: str) -> str:
    """HTML has no place for a null character: every browser shows this sign for it, whatever the page holds."""
    return words.replace("\0", "\ufffd")


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()


def _without_layout(text: str) -> str:
    """A text without line breaks and what stands before each line: a copy sets words in from the edge."""
    return "".join(text.split())


def _connected(house: TroubledHouse) -> socket.socket:
    address = httpx.URL(house.address)
    assert address.port is not None
    return socket.create_connection((address.host, address.port), timeout=PATIENCE)


def _head(length: str) -> bytes:
    lines = [
        "POST /conversation HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/x-www-form-urlencoded",
        length,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _pour(connection: socket.socket, piece: bytes) -> int:
    """Send pieces until the other side has had enough; give how many it took."""
    for taken in range(PIECES):
        try:
            connection.sendall(piece)
        except OSError:
            return taken
    return PIECES


def _status(connection: socket.socket) -> int:
    """The status of the answer; also where the other side has hung up since."""
    heard = b""
    while b"\r\n" not in heard:
        piece = connection.recv(4096)
        assert piece, "there was no answer"
        heard += piece
    return int(heard.split()[1])
