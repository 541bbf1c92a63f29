"""Checkpoints while the site is served: on time, by whoever is first, and never in anybody's way."""

import asyncio
import logging
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot import checking
from bot.settings import Settings, load
from bot.store import KeyProblem, Store, checkpoints
from tests.talking import NOW


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    data = tmp_path / "data"
    data.mkdir()
    place = {"data": data, "checkpoint_key": tmp_path / "keys" / "one.key", "checkpoints": data / "signed.jsonl"}
    return replace(load({}, tmp_path / ".env"), **place)


def test_one_is_made_every_ten_minutes_whoever_is_first(store: Store, settings: Settings) -> None:
    assert checking.keep_signing(store, settings, NOW) is not None
    for soon in (timedelta(), timedelta(minutes=9)):
        assert checking.keep_signing(store, settings, NOW + soon) is None
    made = checking.keep_signing(store, settings, NOW + timedelta(minutes=10))
    assert made is not None
    assert made.number == 2
    assert [one.number for one in checkpoints.read(settings.checkpoints)] == [1, 2]


def test_a_clock_that_was_put_back_keeps_none_from_being_made(store: Store, settings: Settings) -> None:
    checking.keep_signing(store, settings, NOW)
    assert checking.keep_signing(store, settings, NOW - timedelta(hours=1)) is not None


def test_a_file_that_another_program_did_not_add_to_is_brought_up_to_date(store: Store, settings: Settings) -> None:
    checking.keep_signing(store, settings, NOW)
    elsewhere = replace(settings, checkpoints=settings.data / "of-another-machine.jsonl")
    assert checking.keep_signing(store, elsewhere, NOW) is None
    assert elsewhere.checkpoints.read_bytes() == settings.checkpoints.read_bytes()


def test_a_key_that_went_missing_is_not_made_anew(store: Store, settings: Settings) -> None:
    checking.keep_signing(store, settings, NOW)
    settings.checkpoint_key.unlink()
    with pytest.raises(KeyProblem, match="Put it back"):
        checking.keep_signing(store, settings, NOW + timedelta(days=1))
    assert not settings.checkpoint_key.exists()


async def test_signing_goes_on_after_what_nobody_thought_of(
    store: Store, settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def goes_wrong(*_: object) -> None:
        looks.append(True)
        raise ValueError("Oyelaran keeps my money")

    monkeypatch.setattr(checking, "LOOKED_EVERY", 0.01)
    monkeypatch.setattr(checking, "keep_signing", goes_wrong)
    signing = asyncio.create_task(checking.go_on(store, settings))
    for _ in range(500):
        await asyncio.sleep(0.01)
        if len(looks) > 2 or signing.done():
            break
    assert not signing.done()
    signing.cancel()
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("No checkpoint was made. ValueError at test_checking.py:")


async def test_what_keeps_it_from_signing_is_said_once_and_stops_nothing(
    store: Store, settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "LOOKED_EVERY", 0.01)
    full = replace(settings, checkpoints=settings.data)
    with caplog.at_level(logging.WARNING, "bot"):
        signing = asyncio.create_task(checking.go_on(store, full))
        for _ in range(500):
            await asyncio.sleep(0.01)
            if caplog.messages:
                break
        await asyncio.sleep(0.2)
        assert not signing.done()
        signing.cancel()
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("No checkpoint was made.")
    with store.reading_rows() as rows:
        assert checkpoints.last(rows) is not None, "the database has it all the same"
