"""Starting is refused in one clear line, and whoever replaces the root key is alone with the data."""

import asyncio
import contextlib
import socket
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.conversation import Kind, Speaker, Stage
from bot.facts import Lacking
from bot.serving import CannotServe, Use, keep_counting, listen, make_ready, open_store, root_key, tidy, using
from bot.settings import load
from bot.store import KeyProblem, database
from tests.store.filling import from_below
from tests.talking import DATABASE, NOW


@pytest.fixture
def settings(tmp_path):
    data = tmp_path / "data"
    return replace(
        load({}, tmp_path / ".env"),
        data=data,
        database=f"sqlite:///{data / 'ownwords.sqlite3'}",
        root_key=tmp_path / "keys" / "root.key",
    )


def test_many_may_serve_and_whoever_replaces_the_root_key_is_alone(settings):
    settings.data.mkdir()
    held = contextlib.ExitStack()
    with held:
        held.enter_context(using(settings, Use.SHARED))
        held.enter_context(using(settings, Use.SHARED))
        with pytest.raises(CannotServe, match="End the other"):
            held.enter_context(using(settings, Use.ALONE))
    with held:
        held.enter_context(using(settings, Use.ALONE))
        with pytest.raises(CannotServe, match="root key is being replaced"):
            held.enter_context(using(settings, Use.SHARED))
    with held:
        held.enter_context(using(settings, Use.SHARED))


def test_a_first_start_makes_a_root_key_and_says_to_keep_a_copy(settings):
    said: list[str] = []
    make_ready(settings, said.append)
    assert root_key(settings).key_id
    assert "Keep a copy" in said[0]
    make_ready(settings, said.append)
    assert len(said) == 1


def test_a_root_key_that_went_missing_is_asked_for_and_none_is_made_in_its_place(settings):
    make_ready(settings, lambda line: None)
    settings.root_key.unlink()
    with pytest.raises(KeyProblem, match="Put the key file back"):
        make_ready(settings, lambda line: None)
    assert not settings.root_key.exists()


def test_a_port_that_is_taken_is_named_with_its_setting():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(CannotServe, match="OWNWORDS_PORT"):
            listen("127.0.0.1", other.getsockname()[1], "OWNWORDS_PORT")


def test_an_address_of_no_machine_here_is_named_with_its_setting():
    with pytest.raises(CannotServe, match="OWNWORDS_HOST"):
        listen("192.0.2.1", 0, "OWNWORDS_PORT")


def test_a_data_folder_that_cannot_be_made_is_named_with_its_setting(settings):
    settings.data.write_text("a file stands in its place", encoding="utf-8")
    with pytest.raises(CannotServe, match="OWNWORDS_DATA"):
        make_ready(settings, lambda line: None)


def test_a_start_lets_go_of_visits_that_ended_a_day_ago_and_of_no_other(settings):
    make_ready(settings, lambda line: None)
    with contextlib.closing(open_store(settings)) as store:
        with store.begin() as kept:
            conversation_id = kept.conversations.begin(
                stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=NOW, interview_version="the one of March"
            )
            for cookie in ("ended", "ended later", "never ended"):
                kept.visits.open(cookie, conversation_id, NOW, idle_minutes=30)
            kept.visits.end("ended", NOW)
            kept.visits.end("ended later", NOW + timedelta(hours=1))
        tidy(store, NOW + timedelta(days=1, minutes=1))
        with store.reading() as seen:
            stays = [seen.visits.find(cookie) is not None for cookie in ("ended", "ended later", "never ended")]
    assert stays == [False, True, True]


# --- what enquiries count as, worked out beside everything else ------------------------------------------------------

PATIENCE = 60.0
"""Seconds that anything may take on a busy machine before a test gives up on it."""


def due(store):
    with store.reading() as seen:
        return set(seen.facts.due())


async def only_these_are_due(store, enquiry_ids):
    """Wait until just these are still to be worked out."""
    async with asyncio.timeout(PATIENCE):
        while due(store) != enquiry_ids:  # noqa: ASYNC110 nothing tells
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def counting(store):
    """Have what enquiries count as worked out again and again."""
    task = asyncio.create_task(keep_counting(store, every=0.01))
    try:
        yield task
        assert not task.done()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_what_enquiries_count_as_is_worked_out_without_anybody_asking(store):
    with store.begin() as kept:
        first = kept.enquiries.open(NOW)
    async with counting(store):
        await only_these_are_due(store, set())
        with store.begin() as kept:
            kept.enquiries.close(first, NOW)
            kept.enquiries.open(NOW)
        await only_these_are_due(store, set())
    with store.reading() as seen:
        facts = seen.facts.get(first)
        assert facts == seen.facts_of(first)
        assert facts.closed_on == NOW.date()


async def test_a_database_that_is_busy_is_counted_when_it_is_free_again(store, monkeypatch):
    monkeypatch.setattr(database, "LOCKED_FOR", 0.01)
    with store.begin() as kept:
        enquiry_id = kept.enquiries.open(NOW)
    is_held, may_go = threading.Event(), threading.Event()

    def writes_for_a_while():
        with store.begin():
            is_held.set()
            may_go.wait(PATIENCE)

    writer = threading.Thread(target=writes_for_a_while)
    writer.start()
    is_held.wait(PATIENCE)
    try:
        async with counting(store) as task:
            await asyncio.sleep(0.2)
            assert due(store) == {enquiry_id}
            assert not task.done()
            may_go.set()
            await only_these_are_due(store, set())
    finally:
        may_go.set()
        writer.join(PATIENCE)


async def test_an_enquiry_that_is_damaged_keeps_no_other_from_being_counted(store, tmp_path):
    with store.begin() as kept:
        damaged, whole = (kept.enquiries.open(NOW) for _ in range(2))
        conversation_id = kept.conversations.begin(
            stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=NOW, interview_version="1", enquiry_id=damaged
        )
        kept.conversations.add(conversation_id, speaker=Speaker.BOT, kind=Kind.QUESTION, said_at=NOW, asked="outcome")
        for enquiry_id in (damaged, whole):
            kept.enquiries.close(enquiry_id, NOW)
    with from_below(tmp_path / "store" / DATABASE) as below:
        below.execute("UPDATE turns SET asked = 'worries'")
    async with counting(store):
        await only_these_are_due(store, set())
    with store.reading() as seen:
        assert seen.facts.get(damaged).lacking == {Lacking.UNREADABLE}
        assert seen.facts.get(whole) == seen.facts_of(whole)
