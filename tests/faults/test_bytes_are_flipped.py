"""A byte that is changed anywhere in the database of a finished conversation is found and named, or changes nothing."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.exporting import exported
from bot.store import KeyProblem, RootKey, Store, StoreError
from bot.store.verifying import verify
from tests.faults.conftest import Finished, house_with

PLACES = 60
"""Bytes that are changed, spread over the whole file; tests/store changes more of them in a smaller one."""


@pytest.fixture(scope="module")
def whole(finished: Finished) -> bytes:
    """The file as it is."""
    return finished.database.read_bytes()


@pytest.fixture(scope="module")
def said(finished: Finished) -> list[dict[str, Any]]:
    """All that can be read of it."""
    store = Store.open(finished.database, RootKey.read(finished.key))
    try:
        return list(exported(store))
    finally:
        store.close()


def spread(size: int) -> Iterator[int]:
    """Places over the whole file, at the beginning of pages and in the midst of them."""
    step = size / PLACES
    return (int(place * step) + (place * 997) % int(step) for place in range(PLACES))


def test_a_changed_byte_is_found_or_changes_nothing_that_can_be_read(
    finished: Finished, whole: bytes, said: list[dict[str, Any]], tmp_path: Path
) -> None:
    found = 0
    for place in spread(len(whole)):
        changed = tmp_path / f"{place}.sqlite3"
        changed.write_bytes(flipped(whole, place))
        problems = looked_at(changed, finished.key, said)
        assert problems is not None, f"byte {place} is another and nobody says so"
        found += bool(problems)
    assert found > PLACES // 6, "a good part of the file holds something; the rest is room for what nobody has said yet"


def test_the_changed_words_of_a_turn_are_named_by_conversation_and_number(
    finished: Finished, whole: bytes, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(finished.database)) as connection:
        seals = connection.execute("SELECT number, words FROM turns WHERE kind = 'words' ORDER BY number").fetchall()
    assert len(seals) > 20
    for number, seal in seals[::8]:
        place = whole.index(seal) + len(seal) // 2
        house = house_with(tmp_path / str(number), flipped(whole, place), finished.key)
        verified = house.command("verify")
        assert verified.returncode == 1
        assert f"turns, conversation {finished.conversation_id}, number {number}:" in verified.stderr
        assert "Traceback" not in verified.stderr
        exported_then = house.command("export")
        assert exported_then.returncode == 1
        assert "verify" in exported_then.stderr
        assert "Traceback" not in exported_then.stderr


@pytest.mark.parametrize("place", [0, 18, 28, 100, 4096])
def test_a_file_that_cannot_be_a_database_is_told_in_one_line(
    finished: Finished, whole: bytes, said: list[dict[str, Any]], tmp_path: Path, place: int
) -> None:
    house = house_with(tmp_path / "house", flipped(whole, place), finished.key)
    verified = house.command("verify")
    assert "Traceback" not in verified.stderr
    if verified.returncode == 0:
        assert [json.loads(line) for line in house.command("export").stdout.splitlines()] == said
    else:
        assert verified.returncode == 1
        assert verified.stderr.startswith(("Own Words: ", "Not as it was kept: "))


def test_what_is_as_it_was_verifies(finished: Finished, whole: bytes, tmp_path: Path) -> None:
    verified = house_with(tmp_path / "house", whole, finished.key).command("verify")
    assert verified.returncode == 0
    assert "All is as it was kept: 1 conversations" in verified.stdout


def flipped(content: bytes, place: int) -> bytes:
    """The same with one bit of one byte the other way."""
    return content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :]


def looked_at(database: Path, key: Path, said: list[dict[str, Any]]) -> list[str] | None:
    """What is named as wrong; nothing when all can be read as before; None when something else can be read."""
    try:
        store = Store.open(database, RootKey.read(key))
    except (StoreError, KeyProblem) as refusal:
        return [str(refusal)]
    try:
        problems = [str(problem) for problem in verify(store)]
        return problems if problems or list(exported(store)) == said else None
    finally:
        store.close()
