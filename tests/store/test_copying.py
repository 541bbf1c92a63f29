"""Backups of what a server keeps, and from a file to a server and back: every row is the same, whichever keeps it."""

from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from bot.store import NotBackedUp, NotRestored, RootKey, Store
from bot.store import tables as t
from bot.store.backups import back_up, restore
from bot.store.forgetting import Rule
from bot.store.verifying import verify
from tests.postgresql import Server
from tests.store.filling import NOON, begin, everything, fill, say, turns

HOUR = timedelta(hours=1)


@pytest.fixture(params=["file", "server"])
def place(request: pytest.FixtureRequest, tmp_path: Path, postgresql: Server) -> str | Path:
    """Where no database is: a file, or a server's empty database."""
    return tmp_path / "clean" / "ownwords.sqlite3" if request.param == "file" else postgresql.database()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where backups are kept."""
    return tmp_path / "backups"


def test_what_one_kept_the_other_keeps(
    store: Store, root: RootKey, folder: Path, place: str | Path, tmp_path: Path
) -> None:
    filled = fill(store)
    store.work_out_facts()
    made = back_up(store, folder, NOON)
    outcome = restore(made.words, place, root, NOON + HOUR, verifying=True, by_way_of=tmp_path)
    assert outcome.problems == ()
    assert outcome.manifest == made.manifest
    with closing(Store.open(place, root)) as again:
        assert verify(again) == []
        for conversation_id in (filled.first, filled.second):
            assert turns(again, conversation_id) == turns(store, conversation_id)
        # The same again, but for what ends when a backup is restored.
        ends = ("visits", "sessions", "links", "audit", "logs")
        with store.reading_rows() as rows, again.reading_rows() as others:
            for table in t.metadata.sorted_tables:
                if table.name not in ends:
                    order = list(table.primary_key.columns)
                    assert list(rows.each(table, order_by=order)) == list(others.each(table, order_by=order)), table
        for conversation_id in (filled.first, filled.second):
            say(again, conversation_id, "I want to go on from here.")
        # And back again, from wherever it is now.
        assert back_up(again, folder, NOON + HOUR).manifest.rows["turns"] == made.manifest.rows["turns"] + 2
    assert not list(tmp_path.glob("**/*restoring*"))


def test_what_was_forgotten_since_is_forgotten_again(
    store: Store, root: RootKey, folder: Path, place: str | Path, tmp_path: Path
) -> None:
    kept_on, forgotten = begin(store), begin(store)
    for conversation_id in (kept_on, forgotten):
        say(store, conversation_id, "I want my own front door.")
    made = back_up(store, folder, NOON)
    with store.begin() as kept:
        kept.forgetting.conversation(forgotten, Rule.ASKED, NOON)
    back_up(store, folder, NOON + HOUR)
    outcome = restore(made.words, place, root, NOON + 2 * HOUR, verifying=True, by_way_of=tmp_path)
    assert outcome.forgotten == 1
    with closing(Store.open(place, root)) as again, again.reading() as seen:
        assert [one.conversation_id for one in seen.conversations.listed()] == [kept_on]


def test_a_server_that_keeps_something_already_is_left_as_it_is(
    store: Store, root: RootKey, folder: Path, postgresql: Server, tmp_path: Path
) -> None:
    say(store, begin(store), "I want my own front door.")
    made = back_up(store, folder, NOON)
    address = postgresql.database()
    Store.migrate(address, root, NOON)
    with closing(Store.open(address, root)) as there:
        fill(there)
        before = everything(there)
        with pytest.raises(NotRestored, match="already"):
            restore(made.words, address, root, NOON, by_way_of=tmp_path)
        assert everything(there) == before


def test_an_account_that_may_not_make_tables_is_told_who_may(
    store: Store, root: RootKey, folder: Path, postgresql: Server, tmp_path: Path
) -> None:
    say(store, begin(store), "I want my own front door.")
    made = back_up(store, folder, NOON)
    address = postgresql.database()
    with psycopg.connect(address) as server:
        server.execute("DROP ROLE IF EXISTS ownwords_guest")
        server.execute("CREATE ROLE ownwords_guest LOGIN")
    guests = address.replace("own@", "ownwords_guest@")
    with pytest.raises(NotRestored, match="the account that owns the database"):
        restore(made.words, guests, root, NOON, by_way_of=tmp_path)
    assert not Store.is_made(address)
    restore(made.words, address, root, NOON, by_way_of=tmp_path)
    assert Store.is_made(address)


def test_a_restore_that_fails_half_way_leaves_nothing(
    store: Store, root: RootKey, folder: Path, postgresql: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(store)
    made = back_up(store, folder, NOON)
    address = postgresql.database()
    monkeypatch.setattr("bot.store.copying.check_counts", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        restore(made.words, address, root, NOON, by_way_of=tmp_path)
    assert not Store.is_made(address)
    assert not list(tmp_path.glob("**/*restoring*"))


def test_without_its_server_no_backup_is_made_and_the_cause_is_named(
    root: RootKey, folder: Path, postgresql: Server
) -> None:
    address, elsewhere = postgresql.database(), postgresql.database()
    for made in (address, elsewhere):
        Store.migrate(made, root, NOON)
    with closing(Store.open(address, root)) as there:
        begin(there)
        name = there.engine.url.database
        with closing(Store.open(elsewhere, root)) as other, other.engine.begin() as connection:
            connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
            connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"))
        with pytest.raises(NotBackedUp, match="could not be opened"):
            back_up(there, folder, NOON)
    assert not list(folder.glob("*.backup"))
