"""The database locked, or the disk full: the page says so and still shows the words; nothing is falsely called kept."""

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager

import httpx
import pytest

from bot.conversation import Kind
from tests.faults.houses import TroubledHouse, conversation_of, said, times_kept, turns_of
from tests.faults.roads import asked, name_of, plain, walk
from tests.house import PATIENCE
from tests.walking import Walker, read

WORDS = "I want to see my grandchildren again,\nand nobody is to stop me.  "


@pytest.fixture
def people(house: TroubledHouse) -> Iterator[list[Walker]]:
    """Three people who are asked how they feel."""
    with ExitStack() as stack:
        found = [Walker(stack.enter_context(house.browser())).begin() for _ in range(3)]
        for person in found:
            walk(person, plain, until="feelings")
        yield found


@contextmanager
def locked(house: TroubledHouse) -> Iterator[None]:
    """Hold the database as another program might; afterwards let it go."""
    with closing(sqlite3.connect(house.database, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")


def test_while_the_database_is_locked_the_page_says_so_and_still_shows_the_words(
    house: TroubledHouse, people: list[Walker]
) -> None:
    conversations = [conversation_of(person.page) for person in people]
    before = [turns_of(house, conversation_id) for conversation_id in conversations]
    with locked(house), ThreadPoolExecutor(len(people)) as threads:
        saying = [threads.submit(person.say, WORDS) for person in people]
        other_pages_answer(house, people[0], while_waiting_for=saying[0])
        for one in saying:
            one.result()
        for person in people:
            it_could_not_be_kept(person, WORDS)
        assert [turns_of(house, conversation_id) for conversation_id in conversations] == before
    for person, conversation_id in zip(people, conversations, strict=True):
        try_again(person)
        assert asked(person) == "safe_now"
        assert times_kept(house, conversation_id, WORDS) == 1


def test_a_lock_that_lasts_ten_seconds_loses_nothing_and_keeps_nothing_twice(
    house: TroubledHouse, people: list[Walker]
) -> None:
    conversations = [conversation_of(person.page) for person in people]
    with ThreadPoolExecutor(len(people)) as threads:
        with locked(house):
            saying = [threads.submit(person.say, WORDS) for person in people]
            time.sleep(10)
        for one in saying:
            one.result()
    for person, conversation_id in zip(people, conversations, strict=True):
        if person.status == 503:
            it_could_not_be_kept(person, WORDS)
            assert times_kept(house, conversation_id, WORDS) == 0
            try_again(person)
        assert person.status == 200
        assert times_kept(house, conversation_id, WORDS) == 1
        assert asked(person) == "safe_now"


def test_a_choice_or_a_button_that_could_not_be_kept_can_be_sent_again(house: TroubledHouse, person: Walker) -> None:
    conversation_id = conversation_of(person.page)
    with locked(house):
        person.choose("yes")
        assert person.status == 503
        assert person.page.heading == "We could not keep that yet"
        assert person.page.choices == ["yes"]
    person.press("answer", choice=person.page.choices)
    assert asked(person) == "company"
    with locked(house):
        person.press("skip:do_not_want_to_say")
        assert person.page.heading == "We could not keep that yet"
        assert person.page.buttons == ["skip:do_not_want_to_say"]
    person.press(person.page.buttons[0])
    assert asked(person) == "go_on"
    assert [turn.choice for turn in said(house, conversation_id)] == [("yes",), ("do_not_want_to_say",)]


def test_nobody_is_let_in_on_a_promise_that_cannot_be_kept(house: TroubledHouse) -> None:
    with house.browser() as browser, locked(house):
        refused = browser.post("/", data={"minutes": "30"})
        assert refused.status_code == 503
        assert "This does not work just now" in refused.text
        assert "visit" not in browser.cookies
        assert browser.get("/").status_code == 200


def test_who_wants_to_leave_is_let_out_whatever_the_database_does(house: TroubledHouse, person: Walker) -> None:
    with locked(house):
        left = person.browser.get("/leave", follow_redirects=False)
    assert left.status_code == 303
    assert left.headers["location"].startswith("https://")
    assert "visit" not in person.browser.cookies


def test_on_a_full_disk_the_page_says_so_and_goes_on_by_itself_once_there_is_room(
    house: TroubledHouse, people: list[Walker]
) -> None:
    conversations = [conversation_of(person.page) for person in people]
    before = [turns_of(house, conversation_id) for conversation_id in conversations]
    with house.without_room():
        for _ in range(3):
            for person in people:
                person.say(WORDS)
                it_could_not_be_kept(person, WORDS)
        other_pages_answer(house, people[0])
        assert [turns_of(house, conversation_id) for conversation_id in conversations] == before
    for person, conversation_id in zip(people, conversations, strict=True):
        try_again(person)
        assert asked(person) == "safe_now"
        assert times_kept(house, conversation_id, WORDS) == 1
    assert house.command("verify").returncode == 0


def test_a_disk_that_fills_up_while_people_talk_acknowledges_only_what_it_keeps(
    house: TroubledHouse, people: list[Walker]
) -> None:
    words = [f"Thing {number} that I want to say, at some length. " * 200 for number in range(20)]
    person, conversation_id = people[0], conversation_of(people[0].page)
    person.say("First words")
    number = said(house, conversation_id)[-1].number
    with house.room_for(200_000):
        person.press(f"change:{number}")
        acknowledged = []
        for one in words:
            person.say(one)
            if person.status != 200:
                it_could_not_be_kept(person, one)
                break
            acknowledged.append(one)
            person.press(f"change:{number}")
            if person.status != 200:
                break
        assert 0 < len(acknowledged) < len(words)
        kept = [turn.words for turn in said(house, conversation_id) if turn.kind is Kind.WORDS and turn.words in words]
        assert kept == acknowledged
    assert person.look().status == 200
    assert house.command("verify").returncode == 0


def other_pages_answer(house: TroubledHouse, person: Walker, while_waiting_for: "Future[Walker] | None" = None) -> None:
    """Open pages, that of a conversation among them, as nobody is kept from reading."""
    with httpx.Client(base_url=house.address, timeout=PATIENCE, cookies=dict(person.browser.cookies)) as browser:
        for address in ("/", "/private", "/come-back", "/healthz", "/licences"):
            assert browser.get(address).status_code == 200
        page = browser.get("/conversation")
        assert page.status_code == 200
        assert name_of(read(page.text)) == "feelings"
    assert while_waiting_for is None or not while_waiting_for.done(), "the answer was still on its way"


def it_could_not_be_kept(person: Walker, words: str) -> None:
    """The page says so, and these words are in its box."""
    assert person.status == 503
    assert person.page.title.startswith("Error: ")
    assert person.page.heading == "We could not keep that yet"
    assert "Your words are still here. Please try again in a moment." in person.page.text
    assert "kept." not in person.page.text
    assert person.page.words == words


def try_again(person: Walker) -> None:
    """Press the one button of the page that could not keep something."""
    assert person.page.words is not None
    person.press(person.page.buttons[0], words=person.page.words)
