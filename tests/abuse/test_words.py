"""The short form of what is typed: part of it one by one, and all of it together."""

from pathlib import Path

from playwright.sync_api import Browser

from tests.abuse import exact, running
from tests.abuse.measuring import Length
from tests.abuse.naughty import big_list, everything
from tests.postgresql import Server


def test_the_whole_big_list_is_typed() -> None:
    assert len(big_list()) == 485
    assert len(everything()) > 485 + 150


def test_what_is_typed_comes_out_to_the_byte_on_both_databases(postgresql: Server, tmp_path: Path) -> None:
    rows = list(exact.measured(Length.SHORT, tmp_path))
    assert [row for row in rows if not row.is_met] == []
    assert len([row for row in rows if "PostgreSQL" in row.what]) == len(rows) / 2


def test_nothing_that_is_typed_runs_in_a_browser_or_anywhere_it_is_written_to(
    browser: Browser, chromium: Path, postgresql: Server, tmp_path: Path
) -> None:
    assert [row for row in running.measured_in(browser, Length.SHORT, tmp_path) if not row.is_met] == []
