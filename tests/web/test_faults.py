"""Nothing is acknowledged falsely, nothing typed is lost, and nothing of it gets into a log."""

import asyncio
import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import httpx
import pytest

from bot.conversation import Kind
from bot.logbook import Lines
from bot.web.app import create_app
from bot.web.readiness import Readiness
from tests.web.conftest import Site
from tests.web.test_interview import turns
from tests.web.visiting import Page, Person, check_answer, check_page

CANARY = "They told me to stop, and the canary sings"


@contextmanager
def locked(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("bot.store.database.LOCKED_FOR", 0.1)
    with closing(sqlite3.connect(site.path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


async def test_an_answer_that_could_not_be_kept_is_still_on_the_page_and_can_be_sent_again(
    person: Person, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await person.begins()
    with locked(site, monkeypatch):
        page = await person.says("\n I feel <b>tired</b>")
    assert page.status == 503
    assert page.heading == "We could not keep that yet"
    assert "Your words are still here." in page.says
    assert "are kept" not in page.says
    assert page.box == "\n I feel <b>tired</b>"
    assert page.buttons == ["answer"]
    page = await person.presses("answer")
    assert page.heading == "What about matters?"
    assert [turn.words for turn in await turns(site) if turn.kind is Kind.WORDS] == ["\n I feel <b>tired</b>"]


async def test_a_choice_that_could_not_be_kept_can_be_sent_again(
    person: Person, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await person.begins()
    await person.says("I feel tired")
    await person.says("My cat")
    with locked(site, monkeypatch):
        page = await person.chooses("no")
    assert page.status == 503
    assert page.hidden()["choice"] == "no"
    assert (await person.presses("answer")).heading == "What about safe_now?"


async def test_a_conversation_that_could_not_be_begun_says_so(
    person: Person, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with locked(site, monkeypatch):
        page = await person.begins()
    assert page.status == 503
    assert page.heading == "This does not work just now"
    assert "visit" not in person.client.cookies


async def test_a_fault_of_our_own_hands_the_words_back_and_logs_none_of_them(
    person: Person, site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    await person.begins()

    def breaks() -> None:
        raise ZeroDivisionError(f"a library's message with {CANARY} in it")

    site.dialogue.before_answering = breaks
    with caplog.at_level(logging.DEBUG):
        page = await person.says(CANARY)
    assert page.status == 500
    assert page.box == CANARY
    assert CANARY not in caplog.text
    assert "go_on failed: ZeroDivisionError at test_faults.py:" in caplog.text


async def test_no_address_cookie_or_word_gets_into_a_log(
    person: Person, site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        await person.begins()
        await person.says(CANARY)
        await person.opens(f"/{CANARY}")
    lines = [Lines().format(record) for record in caplog.records if not record.name.startswith("http")]
    written = "\n".join(lines)
    for secret in (CANARY, "192.0.2.7", person.client.cookies["visit"], "canary"):
        assert secret not in written
    told = [json.loads(line) for line in lines]
    answered = [(line["method"], line["route"], line["status"]) for line in told if line["says"] == "answered"]
    assert ("POST", "go_on", 303) in answered
    assert ("GET", "nowhere", 404) in answered


async def test_the_program_says_whether_it_is_alive_and_ready_and_nothing_else(person: Person, site: Site) -> None:
    assert (await person.client.get("/healthz")).text == "alive"
    assert (await person.client.get("/readyz")).text == "ready"
    site.dialogue.is_ready = False
    response = await person.client.get("/readyz")
    assert (response.status_code, response.text) == (503, "not ready")


async def test_whether_it_is_ready_is_found_out_by_a_canned_turn_and_asking_without_end_asks_for_one(
    person: Person, site: Site
) -> None:
    now = [0.0]
    site.app.app.state.readiness = Readiness(site.dialogue, clock=lambda: now[0])  # type: ignore[attr-defined]
    answers = await asyncio.gather(*(person.client.get("/readyz") for _ in range(20)))
    assert {answer.text for answer in answers} == {"ready"}
    assert site.dialogue.canned == 1
    site.dialogue.is_away = True
    now[0] = 5.0
    response = await person.client.get("/readyz")
    assert (response.status_code, response.text) == (503, "not ready"), "it says that it is ready, and answers nothing"
    assert site.dialogue.canned == 2


async def test_the_program_says_whether_what_is_kept_is_backed_up_and_nothing_else(person: Person, site: Site) -> None:
    response = await person.client.get("/backupz")
    assert (response.status_code, response.text) == (503, "not backed up")
    app = create_app(site.room, site.door, site.steps, site.settings, is_backed_up=lambda: True)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://site.example") as client:
        response = await client.get("/backupz")
    assert (response.status_code, response.text) == (200, "backed up")


@pytest.mark.parametrize(("method", "address", "status"), [("GET", "/nowhere", 404), ("DELETE", "/private", 405)])
async def test_an_address_that_is_none_has_a_page_like_any_other(
    person: Person, method: str, address: str, status: int
) -> None:
    response = await person.client.request(method, address)
    check_answer(response)
    check_page(Page(response))
    assert response.status_code == status
