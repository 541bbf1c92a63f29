"""Passwords: what is kept of one, and lists of those stolen elsewhere, looked into where they lie."""

import hashlib
import random
import time
from pathlib import Path

import pytest
from argon2 import extract_parameters
from hypothesis import given
from hypothesis import strategies as st

from bot.codes import Door
from bot.passwords import HASHER, NOBODYS, Breached, Passwords
from bot.store import Store

STOLEN = ["123456789012", "correcthorsebatterystaple", "letmein letmein", "password1234", "paßwort paßwort", "zzz"]


def written(folder: Path, lines: list[bytes], end: bytes = b"\n", *, last: bool = True) -> Breached:
    path = folder / "stolen.txt"
    path.write_bytes(end.join(lines) + (end if last else b""))
    return Breached.open(path)


def digests(of: list[str]) -> list[bytes]:
    return [hashlib.sha1(one.encode()).hexdigest().upper().encode() for one in of]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("last", [True, False], ids=["ended", "open"])
@pytest.mark.parametrize("order", ["sorted", "not sorted"])
@pytest.mark.parametrize("spelt", ["plain", "digests", "counted", "small letters"])
def test_each_password_of_a_list_is_found_however_the_list_comes(
    tmp_path: Path, spelt: str, order: str, end: bytes, last: bool
) -> None:
    lines = [one.encode() for one in STOLEN] if spelt == "plain" else digests(STOLEN)
    lines = sorted(lines) if order == "sorted" else sorted(lines, reverse=True)
    if spelt == "counted":
        lines = [line + b":%d" % number for number, line in enumerate(lines)]
    if spelt == "small letters":
        lines = [line.lower() for line in lines]
    found = written(tmp_path, lines, end, last=last)

    assert found.is_sorted == (order == "sorted")
    assert [one for one in STOLEN if one not in found] == []
    for other in ("", "1234", "23456789012", "correcthorsebatterystapl", "password12345", "a\nb", "\ud800", "zzzz"):
        assert other not in found


def test_a_list_that_only_looks_sorted_is_no_reason_to_fail(tmp_path: Path) -> None:
    lines = sorted(b"%040X" % number for number in random.Random(4).sample(range(10**9), 5_000))
    lines[2_501] = b"F" * 40
    assert "never stolen" not in written(tmp_path, lines)


def test_a_long_list_is_looked_into_without_reading_it_all(tmp_path: Path) -> None:
    lines = sorted(digests([str(number) for number in range(200_000)]))
    found = written(tmp_path, lines)
    assert found.is_sorted
    begun = time.perf_counter()
    assert all(str(number) in found for number in range(0, 200_000, 1_000))
    assert all(f"not {number}" not in found for number in range(800))
    assert (time.perf_counter() - begun) / 1_000 < 0.005


@given(st.sets(st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), min_size=1), min_size=1))
def test_whatever_is_on_a_list_is_found(tmp_path_factory: pytest.TempPathFactory, stolen: set[str]) -> None:
    lines = sorted(one.encode() for one in stolen)
    found = written(tmp_path_factory.mktemp("list"), lines)
    assert [one for one in stolen if one not in found] == []


def test_an_empty_list_or_none_is_said(tmp_path: Path) -> None:
    with pytest.raises(OSError):  # noqa: PT011 whatever the system says
        Breached.open(tmp_path / "not there")
    (tmp_path / "empty").touch()
    with pytest.raises(ValueError, match="empty"):
        Breached.open(tmp_path / "empty")


async def test_what_is_kept_of_a_password_costs_as_much_as_what_nobody_has(store: Store) -> None:
    passwords = Passwords(store)
    kept = await passwords.hash("seven quiet herons")
    assert extract_parameters(kept) == extract_parameters(NOBODYS)
    assert (HASHER.memory_cost, HASHER.time_cost, HASHER.parallelism, HASHER.salt_len) == (65_536, 3, 1, 16)
    assert await passwords.fits("seven quiet herons", kept)
    assert not await passwords.fits("seven quiet heron", kept)
    assert not await passwords.fits("", None)
    assert kept != await passwords.hash("seven quiet herons")


async def test_a_stolen_database_alone_tests_no_password(store: Store) -> None:
    kept = await Passwords(store).hash("seven quiet herons")
    with pytest.raises(Exception, match="does not match"):
        HASHER.verify(kept, "seven quiet herons")


async def test_two_passwords_are_checked_at_once_and_two_codes_beside_them(store: Store) -> None:
    assert Passwords(store).limiter.total_tokens == Door(store, ()).limiter.total_tokens == 2
