"""Migrations: up, down and up again, all of it or nothing, and the tables that come out are those the code knows."""

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.store import NotReady, RootKey, Store, database, migrating, tables
from bot.store.verifying import verify
from tests.store.filling import NOON, everything, fill, fill_as_of_old, from_below, rows_below


def test_the_migrations_make_the_tables_that_the_code_knows(store: Store) -> None:
    with store.reading_rows() as rows:
        context = MigrationContext.configure(rows.connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_the_last_migration_is_the_one_that_the_code_names() -> None:
    assert ScriptDirectory(str(migrating.MIGRATIONS)).get_heads() == [tables.REVISION]


def test_migrating_again_changes_nothing(store: Store, file: Path, root: RootKey) -> None:
    fill(store)
    before = rows_below(file)
    Store.migrate(file, root, NOON)
    assert rows_below(file) == before


def test_tables_can_go_down_and_up_again_and_keep_what_later_ones_did_not_add(
    store: Store, file: Path, root: RootKey
) -> None:
    fill_as_of_old(store)
    revisions = [one.revision for one in ScriptDirectory(str(migrating.MIGRATIONS)).walk_revisions()]
    before = everything(store)
    store.close()
    engine = database.connect(database.url_of(file))
    for revision in revisions[1:]:
        with engine.begin() as connection:
            migrating.downgrade(connection, revision)
        with engine.begin() as connection:
            migrating.upgrade(connection)
    engine.dispose()
    again = Store.open(file, root)
    assert everything(again) == before
    assert verify(again) == []
    again.close()


def test_going_all_the_way_down_leaves_no_table_and_going_up_makes_a_new_store(
    store: Store, file: Path, root: RootKey
) -> None:
    fill(store)
    store.close()
    engine = database.connect(database.url_of(file))
    with engine.begin() as connection:
        migrating.downgrade(connection, "base")
    engine.dispose()
    with from_below(file) as below:
        assert below.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'alembic%'").fetchall() == [
            ("sqlite_autoindex_alembic_version_1",)
        ] or below.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall() == [("alembic_version",)]
    with pytest.raises(NotReady):
        Store.open(file, root)
    Store.migrate(file, root, NOON)
    again = Store.open(file, root)
    fill(again)
    assert verify(again) == []
    again.close()


@pytest.mark.parametrize("at", [1, 5, 14, 20, 27])
def test_a_migration_that_is_killed_half_way_leaves_the_old_tables(
    file: Path, root: RootKey, tmp_path: Path, at: int
) -> None:
    script = f"""
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine
from bot.store import RootKey, Store

made = 0

def die(*told: object) -> None:
    global made
    made += str(told[2]).lstrip().startswith("CREATE")
    if made == {at}:
        os.kill(os.getpid(), 9)

event.listen(Engine, "after_cursor_execute", die)
Store.migrate(Path({str(file)!r}), RootKey.read(Path({str(tmp_path / "keys" / "root.key")!r})), datetime.now(UTC))
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    with from_below(file) as below:
        assert below.execute("SELECT name FROM sqlite_master").fetchall() == []
    Store.migrate(file, root, NOON)
    store = Store.open(file, root)
    assert verify(store) == []
    store.close()


def test_a_path_may_hold_any_character(tmp_path: Path, root: RootKey) -> None:
    odd = tmp_path / "100% o'neill ?#&" / "ownwords.sqlite3"
    Store.migrate(odd, root, NOON)
    store = Store.open(odd, root)
    fill(store)
    assert verify(store) == []
    store.close()
    assert odd.exists()
