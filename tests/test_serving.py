"""Starting is refused in one clear line, and whoever replaces the root key is alone with the data."""

import asyncio
import contextlib
import socket
import subprocess
import sys
import textwrap
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from bot import logbook
from bot.conversation import Kind, Speaker, Stage
from bot.duties import keep_counting, tidy
from bot.facts import Lacking
from bot.opening import CannotServe, Use, open_store, root_keys, using
from bot.serving import box_secret, listen, make_ready, running, serve_box
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


def test_many_may_serve_and_whoever_fills_or_restores_a_database_is_alone(settings):
    settings.data.mkdir()
    held = contextlib.ExitStack()
    with held:
        held.enter_context(using(settings, Use.SHARED))
        held.enter_context(using(settings, Use.SHARED))
        with pytest.raises(CannotServe, match="End the other"):
            held.enter_context(using(settings, Use.ALONE))
    with held:
        held.enter_context(using(settings, Use.ALONE))
        with pytest.raises(CannotServe, match="running on this data"):
            held.enter_context(using(settings, Use.SHARED))
    with held:
        held.enter_context(using(settings, Use.SHARED))


@pytest.mark.parametrize(("told", "is_shared"), [("", False), ("share_one_arena()", True)])
def test_all_threads_take_memory_from_one_place(told, is_shared):
    program = f"""
        import ctypes, threading
        from bot.serving import share_one_arena

        def take():
            taken = [bytes(5000) for _ in range(100)]
            everybody_is_there.wait()
            everybody_is_there.wait()
            return taken

        {told}
        everybody_is_there = threading.Barrier(9)
        threads = [threading.Thread(target=take) for _ in range(8)]
        for thread in threads:
            thread.start()
        everybody_is_there.wait()
        ctypes.CDLL(None).malloc_stats()
        everybody_is_there.wait()
        """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True, timeout=60
    )
    assert (ran.stderr.count("Arena ") == 1) is is_shared


def test_no_root_key_is_made_inside_the_data_folder(settings):
    inside = replace(settings, root_key=settings.data / "keys" / "root.key")
    said: list[str] = []
    with pytest.raises(KeyProblem, match=r"root\.key lies inside the data folder"):
        make_ready(inside, said.append)
    assert said == []
    assert not inside.root_key.exists()


def test_a_first_start_makes_a_root_key_and_says_to_keep_a_copy(settings):
    said: list[str] = []
    make_ready(settings, said.append)
    assert root_keys(settings)[0].key_id
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


def test_a_start_lets_go_of_visits_that_were_over_a_day_ago_and_of_what_was_counted(settings):
    make_ready(settings, lambda line: None)
    with contextlib.closing(open_store(settings)) as store:
        with store.begin() as kept:
            conversation_id = kept.conversations.begin(
                stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=NOW, interview_version="the one of March"
            )
            cookies = {"ended": 30, "ended later": 30, "idle": 30, "idle for longer": 120, "goes on": 30}
            for cookie, idle_minutes in cookies.items():
                kept.visits.open(cookie, conversation_id, NOW, idle_minutes=idle_minutes)
            kept.visits.end("ended", NOW)
            kept.visits.seen("ended later", NOW + timedelta(minutes=50))
            kept.visits.end("ended later", NOW + timedelta(hours=1))
            kept.visits.seen("goes on", NOW + timedelta(minutes=2))
            kept.attempts.count_wrong("a network", NOW)
            kept.attempts.count_wrong("a network", NOW + timedelta(hours=1))
        tidy(store, NOW + timedelta(days=1, minutes=31))
        with store.reading() as seen:
            stays = [cookie for cookie in cookies if seen.visits.find(cookie) is not None]
            counted = seen.attempts.wrong(NOW - timedelta(days=1), network="a network")
    assert stays == ["ended later", "idle for longer", "goes on"]
    assert counted == 1


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


async def test_counting_goes_on_after_what_nobody_thought_of(store, monkeypatch, caplog):
    went_wrong = []

    def goes_wrong_once():
        if not went_wrong:
            went_wrong.append(True)
            raise ValueError("Oyelaran keeps my money")

    monkeypatch.setattr(store, "let_go_of_the_forgotten", goes_wrong_once)
    with store.begin() as kept:
        kept.enquiries.open(NOW)
    async with counting(store):
        await only_these_are_due(store, set())
    assert went_wrong
    assert "again" in caplog.text
    assert "Oyelaran" not in logbook.Lines().format(caplog.records[0])


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


# --- boxes and apps apart ---------------------------------------------------------------------------------------------


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "box.secret"
    path.write_text("an-invented-secret-long-enough-for-a-box\n")
    path.chmod(0o400)
    return path


def test_the_secret_of_a_box_by_itself_is_one_word_that_nobody_else_can_read(settings, secret):
    apart = replace(settings, box_secret_file=secret)
    assert box_secret(apart) == "an-invented-secret-long-enough-for-a-box"
    secret.chmod(0o404)
    with pytest.raises(CannotServe, match="chmod 0400"):
        box_secret(apart)


@pytest.mark.parametrize("content", ["short", "", "two words that are long enough for a box", "é" * 40])
def test_a_secret_that_would_keep_nobody_out_is_refused_and_not_repeated(settings, secret, content):
    secret.chmod(0o600)
    secret.write_text(content)
    with pytest.raises(CannotServe) as refused:
        box_secret(replace(settings, box_secret_file=secret))
    assert not content or content not in str(refused.value)


def test_boxes_elsewhere_need_a_secret_that_is_there(settings, secret):
    with pytest.raises(CannotServe, match="OWNWORDS_BOX_SECRET_FILE"):
        box_secret(settings)
    secret.unlink()
    with pytest.raises(CannotServe, match="cannot be read"):
        box_secret(replace(settings, box_secret_file=secret))


@pytest.mark.parametrize(
    ("more", "named"), [({}, "OWNWORDS_APPS"), ({"apps": ("http://10.1.1.3:8001",)}, "OWNWORDS_BOX_PORT")]
)
async def test_a_box_by_itself_is_told_whom_it_serves_and_where_it_is_found(settings, secret, more, named, tmp_path):
    apart = replace(settings, box_secret_file=secret, **more)
    with pytest.raises(CannotServe, match=named):
        await serve_box(apart, tmp_path / "model.tar.gz", lambda line: None)


async def test_an_app_says_where_boxes_elsewhere_find_it(settings, secret):
    make_ready(settings, lambda line: None)
    apart = replace(settings, port=0, boxes=("http://10.1.1.5:5005",), box_secret_file=secret)
    store = open_store(apart)
    with pytest.raises(CannotServe, match="OWNWORDS_ACTIONS_ADDRESS"):
        async with running(apart, store, None):
            pass
    store.close()
