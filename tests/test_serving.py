"""Starting is refused in one clear line, and whoever replaces the root key is alone with the data."""

import contextlib
import socket
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.conversation import Speaker, Stage
from bot.serving import CannotServe, Use, listen, make_ready, open_store, root_key, tidy, using
from bot.settings import load
from bot.store import KeyProblem
from tests.talking import NOW


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
