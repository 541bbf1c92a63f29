"""The same promises in PostgreSQL: its tables, migrations that go down and up, marks of what changed, and figures."""

import random
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot import reporting
from bot.figures import MEASURES, By, Period
from bot.reporting import Asked
from bot.roles import Actor, Role
from bot.settings import ROOT
from bot.store import NotReady, RootKey, Rule, Store, database, migrating, tables
from bot.store.verifying import verify
from tests.counted_slowly import Filling, Put, agrees, drawn
from tests.postgresql import Server
from tests.store.filling import NOON, everything, fill, fill_as_of_old, say
from tests.store.test_facts import (
    enquiry_id,
    test_a_promise_that_is_broken_marks_nothing,
    test_facts_that_are_not_what_an_enquiry_says_are_named,
    test_what_changes_while_facts_are_worked_out_is_worked_out_the_next_time,
    test_what_concerns_no_enquiry_marks_none,
    test_whatever_changes_an_enquiry_marks_it,
    worker,
)

__all__ = [
    "enquiry_id",
    "test_a_promise_that_is_broken_marks_nothing",
    "test_facts_that_are_not_what_an_enquiry_says_are_named",
    "test_what_changes_while_facts_are_worked_out_is_worked_out_the_next_time",
    "test_what_concerns_no_enquiry_marks_none",
    "test_whatever_changes_an_enquiry_marks_it",
    "worker",
]

RIGHTS = (ROOT / "deploy" / "postgresql" / "rights.sql").read_text("utf-8")
REVISIONS = [one.revision for one in ScriptDirectory(str(migrating.MIGRATIONS)).walk_revisions()]
"""The latest first."""
YEAR = Period.of_year(2025)
ONLY_IN_SQLITE = "ix_turns_said"
"""An index that PostgreSQL could not hold."""


@pytest.fixture
def address(postgresql: Server) -> str:
    """Where an empty database is."""
    return postgresql.database()


@pytest.fixture
def store(address: str, root: RootKey) -> Iterator[Store]:
    """An empty store in PostgreSQL. Every test here, those of `test_facts` included, is about this one."""
    Store.migrate(address, root, NOON)
    opened = Store.open(address, root)
    yield opened
    opened.close()


def goes_down_and_up(address: str, root: RootKey, revision: str) -> Store:
    """Take the tables down to a migration and up again, and open what is there."""
    engine = database.connect(database.url_of(address))
    with engine.begin() as connection:
        migrating.downgrade(connection, revision)
    with engine.begin() as connection:
        migrating.upgrade(connection)
    engine.dispose()
    Store.migrate(address, root, NOON)
    return Store.open(address, root)


def test_whoever_waited_to_write_sees_what_was_written_meanwhile_whatever_the_server_does_by_default(
    store: Store, address: str, root: RootKey
) -> None:
    name = database.url_of(address).database
    from_below(store, f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    with closing(Store.open(address, root)) as another:
        with another.reading() as seen:
            assert seen.conversations.listed() == ()
        with another.writing_rows() as rows:
            found = rows.connection.exec_driver_sql("SHOW transaction_isolation").scalar_one()
    assert found == "read committed"


def test_the_migrations_make_the_tables_that_the_code_knows(store: Store) -> None:
    with store.reading_rows() as rows:
        options = {"compare_type": True, "include_object": lambda _, name, *rest: name != ONLY_IN_SQLITE}
        context = MigrationContext.configure(rows.connection, opts=options)
        assert compare_metadata(context, tables.metadata) == []


def test_everything_that_there_is_is_kept_and_read(store: Store) -> None:
    fill(store)
    store.work_out_facts()
    assert verify(store) == []
    assert everything(store) == everything(store)


def test_tables_can_go_down_and_up_again_and_keep_what_later_ones_did_not_add(
    store: Store, address: str, root: RootKey
) -> None:
    fill_as_of_old(store)
    before = everything(store)
    store.close()
    for revision in REVISIONS[1:]:
        again = goes_down_and_up(address, root, revision)
        assert everything(again) == before, revision
        assert verify(again) == [], revision
        again.close()


def test_what_the_team_wrote_stays_where_figures_come_and_go(store: Store, address: str, root: RootKey) -> None:
    filled = fill(store)

    def kept(here: Store) -> list[object]:
        with here.reading() as seen:
            entries = seen.entries.of_enquiry(filled.enquiry_id)
            return [entries, seen.conversations.turns(filled.second), seen.facts_of(filled.enquiry_id)]

    before = kept(store)
    store.close()
    for revision in (one for one in REVISIONS[1:] if one >= "0003"):
        again = goes_down_and_up(address, root, revision)
        assert kept(again) == before, revision
        with again.reading() as seen:
            assert seen.facts.due_count() == 0
            assert seen.facts.get(filled.enquiry_id) == before[-1]
        # The list of what was forgotten and the anchors of what was cut go with their tables. Nothing else is missing.
        lost = {"audit", "cuts", "forgotten"} if revision < "0011" else set()
        lost |= {"entries"} if revision < "0010" else set()
        assert {one.table for one in verify(again)} - {"entries"} == lost - {"entries"}, revision
        again.close()


def test_rows_that_never_change_are_held_by_the_database_itself(store: Store) -> None:
    fill(store)
    for table in tables.NEVER_CHANGED:
        name = next(column.name for column in table.c if column.name != "proof")
        for statement in (f"UPDATE {table.name} SET {name} = {name}", f"DELETE FROM {table.name}"):
            with pytest.raises(DBAPIError), store.engine.begin() as connection:
                connection.execute(text(statement))


def from_below(store: Store, *statements: str) -> None:
    """As whoever owns the server can do it: no rules kept, no triggers."""
    with store.engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            connection.execute(text(statement))


@pytest.mark.parametrize(
    ("done", "found"),
    [
        ("UPDATE turns SET words = set_byte(words, 20, 1 - get_byte(words, 20) % 2) WHERE number = 2", "turns"),
        ("DELETE FROM turns WHERE number = 2", "turns"),
        ("UPDATE turns SET number = -number WHERE number IN (2, 3)", "turns"),
        ("DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)", "audit"),
        ("DELETE FROM entries WHERE number = (SELECT max(number) FROM entries)", "entries"),
        ("DROP TRIGGER turns_never_change ON turns", "turns"),
        ("ALTER TABLE audit DISABLE TRIGGER audit_never_change", "audit"),
    ],
)
def test_what_the_servers_owner_did_behind_its_back_is_named(store: Store, done: str, found: str) -> None:
    fill(store)
    assert verify(store) == []
    from_below(store, done)
    assert found in {problem.table for problem in verify(store)}


def test_the_account_that_serves_can_do_its_work_and_change_nothing_that_was_said(
    store: Store, address: str, root: RootKey
) -> None:
    serves = let_the_account_serve(store, address)
    Store.migrate(serves, root, NOON)
    with closing(Store.open(serves, root)) as serving:
        filled = fill(serving)
        say(serving, filled.second, "I want to stay at home.")
        serving.work_out_facts()
        assert serving.duty.is_ours()
        assert verify(serving) == []
        for table in tables.NEVER_CHANGED:
            for statement in (
                f"UPDATE {table.name} SET proof = proof",
                f"DELETE FROM {table.name}",
                f"TRUNCATE {table.name} CASCADE",
                f"DROP TABLE {table.name}",
                f"ALTER TABLE {table.name} DISABLE TRIGGER ALL",
                f"DROP TRIGGER {table.name}_never_change ON {table.name}",
            ):
                with pytest.raises(DBAPIError, match=r"permission denied|must be owner|never change"):
                    from_the_account(serving, statement)
        with serving.begin() as kept:
            kept.forgetting.enquiry(filled.enquiry_id, Rule.ASKED, NOON)
        assert verify(serving) == []


def let_the_account_serve(store: Store, address: str) -> str:
    """Make the account that serves, as deploy/ has it, and give the database's address for it."""
    with suppress(DBAPIError), store.engine.begin() as connection:
        # One server has many databases, and an account is for all of them.
        connection.execute(text("CREATE ROLE ownwords_app LOGIN"))
    with store.engine.begin() as connection:
        connection.exec_driver_sql(RIGHTS)
    return address.replace("own@", "ownwords_app@")


def test_the_account_that_serves_is_told_who_brings_its_tables_up_to_date(
    store: Store, address: str, root: RootKey
) -> None:
    serves = let_the_account_serve(store, address)
    with store.engine.begin() as connection:
        migrating.downgrade(connection, REVISIONS[1])
    with pytest.raises(NotReady, match="the account that owns the database"):
        Store.migrate(serves, root, NOON)
    Store.migrate(address, root, NOON)
    with store.engine.begin() as connection:
        connection.exec_driver_sql(RIGHTS)
    Store.migrate(serves, root, NOON)


def test_the_account_that_serves_is_told_where_it_has_no_right_to_a_table(
    store: Store, address: str, root: RootKey
) -> None:
    serves = let_the_account_serve(store, address)
    with store.engine.begin() as connection:
        connection.execute(text("REVOKE SELECT ON keys FROM ownwords_app"))
    with pytest.raises(NotReady, match=r"rights\.sql"):
        Store.open(serves, root)
    with pytest.raises(NotReady, match=r"rights\.sql"):
        Store.migrate(serves, root, NOON)


def from_the_account(store: Store, statement: str) -> None:
    """As whoever took over the program could do it."""
    with store.engine.begin() as connection:
        connection.execute(text(statement))


def test_the_rights_name_every_table_whose_rows_never_change() -> None:
    never_changed = RIGHTS.partition("REVOKE UPDATE ON\n")[2].partition("FROM")[0]
    assert {name.strip() for name in never_changed.split(",")} == {table.name for table in tables.NEVER_CHANGED}


def test_figures_are_what_a_slow_count_of_what_was_put_in_gives(store: Store) -> None:
    draw = random.Random(6)
    every: list[Put] = []
    with store.begin() as kept:
        teams = [kept.teams.add(name, NOON) for name in ("North", "South", "East")]
        kept.teams.set_duty(teams[0])
        account_id = kept.accounts.add(
            role=Role.AUDITOR, name="Ama Owusu", email="ama@example.org", team_ids=(), now=NOON
        )
    for number in (30, 8):
        with store.begin() as kept:
            filling = Filling(kept, account_id, teams)
            for _ in range(number):
                every.append(drawn(draw))
                filling.puts(every[-1])
        # What has changed since the facts were worked out is counted all the same.
        if number == 30:
            assert store.work_out_facts() == number
    among = [put for put in every if put.closed_on is not None and YEAR.first <= put.closed_on <= YEAR.last]
    assert among
    for by in (By.NOTHING, By.TEAM, By.AGE_BAND):
        asked = Asked(period=YEAR, measures=tuple(MEASURES), by=by)
        for table in reporting.tables(store, Actor(account_id, Role.AUDITOR), asked, datetime(2026, 5, 1, tzinfo=UTC)):
            agrees(table, among, by, teams)
    with store.reading() as seen:
        assert seen.facts.due_count() == 8
