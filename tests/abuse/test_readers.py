"""The short form of bytes that nobody would think of."""

from pathlib import Path

import pytest

from bot.web import guard
from tests.abuse import readers
from tests.abuse.measuring import Length


def test_every_reader_takes_or_refuses_whatever_comes(tmp_path: Path) -> None:
    assert [row for row in readers.measured(Length.SHORT, tmp_path) if not row.is_met] == []


def test_an_origin_that_is_no_address_is_not_ours() -> None:
    origins = readers.readers()["origins"]
    for origin in (b"http://[", b"https://]", b"//[v1.x", b"https://words.example:x"):
        assert origins.read(origin) is False
    assert origins.read(b"https://words.example") is True


def test_a_reader_that_raises_something_else_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "urlsplit", _fails)
    held, _, raised = readers.altered(readers.readers()["origins"])
    assert (held, raised) == (False, "ZeroDivisionError")


def _fails(origin: str) -> None:
    raise ZeroDivisionError
