"""Migrations: up, down and up again, all of it or nothing, and the tables that come out are those the code knows.

What was kept before a migration is proven, chained and sealed after it as it was before.
"""

import hashlib
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.conversation import How, Preferences, State, Whose
from bot.store import (
    Access,
    EnquiryMove,
    KeyProblem,
    Move,
    NotReady,
    Origin,
    Purpose,
    RootKey,
    Scope,
    Store,
    Taken,
    database,
    migrating,
    tables,
)
from bot.store.conversations import first_head, next_head
from bot.store.rows import columns_of, is_proven
from bot.store.sealing import derive
from bot.store.verifying import verify
from tests.store.filling import (
    CANARY,
    NOON,
    begin,
    everything,
    fill,
    fill_as_of_old,
    from_below,
    rows_below,
    say,
    turns,
)

HERE = Path(__file__).parent
OLD_ROOT = RootKey(hashlib.sha256(b"a key for tests and nothing else").digest())
OLD_CONVERSATION = "9bcd3ef7c296166773144f3bdedecb42"
OLD_ENQUIRY = "ba18cf0c29312c5c5f1a9df81c9ebb32"
OLD_CLOSED_ENQUIRY = "108338ab52092798cc0a76457212bdc6"
FINISHED, STOPPED = "a" * 32, "b" * 32
"""Conversations that were done when the second migration was the last."""


def make_old(file: Path, revision: str) -> Path:
    """A database as an earlier migration left it, with what was kept in it at that time."""
    database.prepare_file(file)
    engine = database.connect(database.url_of(file))
    with engine.begin() as connection:
        migrating.upgrade(connection, revision)
    engine.dispose()
    with closing(sqlite3.connect(file)) as below:
        below.executescript((HERE / f"kept_by_{revision}.sql").read_text(encoding="utf-8"))
    return file


@pytest.fixture
def old(file: Path) -> Path:
    """A database as the first migration made it."""
    return make_old(file, "0001")


@pytest.fixture
def second(file: Path) -> Path:
    """A database as the second migration left it."""
    return make_old(file, "0002")


def test_the_migrations_make_the_tables_that_the_code_knows(store: Store) -> None:
    with store.reading_rows() as rows:
        context = MigrationContext.configure(rows.connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_the_last_migration_is_the_one_that_the_code_names() -> None:
    assert ScriptDirectory(str(migrating.MIGRATIONS)).get_heads() == [tables.REVISION]


def test_migrating_again_changes_nothing(store: Store, file: Path, root: RootKey) -> None:
    fill(store)
    store.work_out_facts()
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
    Store.migrate(file, root, NOON)
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


@pytest.mark.parametrize(("revision", "turns_kept"), [("0001", 17), ("0002", 23)])
def test_what_was_kept_with_earlier_tables_is_proven_and_chained_before_and_after(
    file: Path, revision: str, turns_kept: int
) -> None:
    make_old(file, revision)
    before = named_rows(file)
    assert len(before["turns"]) == turns_kept
    assert all_is_proven(before)
    Store.migrate(file, OLD_ROOT, NOON)
    after = named_rows(file)
    assert all_is_proven(after)
    for name, rows in before.items():
        assert [{column: row[column] for column in rows[0]} for row in after[name]] == rows
    store = Store.open(file, OLD_ROOT)
    assert verify(store) == []
    store.close()


def test_what_was_kept_with_the_first_tables_is_read_and_goes_on(old: Path) -> None:
    Store.migrate(old, OLD_ROOT, NOON)
    store = Store.open(old, OLD_ROOT)
    said = turns(store, OLD_CONVERSATION)
    assert said[1].words == f"{CANARY}."
    assert said[-1].words == " Ünïcode \u2028 kept\r\n exactly \U0001f642\0 \ud800 "
    assert [(turn.whose, turn.original) for turn in said] == [(None, "")] * 9
    with store.begin() as kept:
        assert kept.conversations.get(OLD_CONVERSATION).said_on is None
        assert kept.preferences.find(OLD_CONVERSATION) == Preferences()
        draft = kept.drafts.find(OLD_CONVERSATION, 7)
        assert draft is not None
        assert (draft.words, draft.original, draft.note) == (f"Not sent yet: {CANARY}", "", "")
        kept.conversations.join(OLD_CONVERSATION, OLD_ENQUIRY)
        kept.reviews.keep(OLD_CONVERSATION, "9bcd3ef7_2", NOON, said_turn=4)
    more: dict[str, Any] = {"whose": Whose.OWN_WORDS, "original": "Anahtarım", "how": How.THROUGH_AN_INTERPRETER}
    added = say(store, OLD_CONVERSATION, "My key", **more)
    assert turns(store, OLD_CONVERSATION) == (*said, added)
    assert verify(store) == []
    store.close()


def test_an_enquiry_of_old_is_found_by_its_reference_and_its_moves_are_told_from_what_is_known(old: Path) -> None:
    Store.migrate(old, OLD_ROOT, NOON)
    store = Store.open(old, OLD_ROOT)
    reference, later = f"Enquiry 17: {CANARY}", NOON + timedelta(days=9)
    with store.begin() as kept:
        for written in (reference, f"  {reference.upper()} "):
            enquiry = kept.enquiries.find(written)
            assert enquiry is not None
            assert enquiry.enquiry_id == OLD_ENQUIRY
        assert kept.enquiries.find("Enquiry 18") is None
        with pytest.raises(Taken):
            kept.enquiries.open(NOON, reference=reference)
        opened = EnquiryMove(Move.OPENED, NOON)
        closed = EnquiryMove(Move.CLOSED, NOON + timedelta(days=1))
        assert kept.enquiries.moves(OLD_ENQUIRY) == (opened,)
        assert kept.enquiries.moves(OLD_CLOSED_ENQUIRY) == (opened, closed)
        kept.enquiries.reopen(OLD_CLOSED_ENQUIRY, later)
        kept.enquiries.close(OLD_ENQUIRY, later)
        assert kept.enquiries.moves(OLD_CLOSED_ENQUIRY) == (opened, closed, EnquiryMove(Move.REOPENED, later))
        assert kept.enquiries.moves(OLD_ENQUIRY) == (opened, EnquiryMove(Move.CLOSED, later))
    assert verify(store) == []
    store.close()


def test_what_was_kept_with_the_second_tables_is_read_and_goes_on(second: Path) -> None:
    Store.migrate(second, OLD_ROOT, NOON)
    store = Store.open(second, OLD_ROOT)
    said = turns(store, FINISHED)
    assert said[1].words == " Ünïcode \u2028 kept\r\n exactly \U0001f642\0 \ud800 "
    added = say(store, FINISHED, "And my key")
    assert turns(store, FINISHED) == (*said, added)
    with store.begin() as kept:
        enquiry = kept.enquiries.find(f"Enquiry 17: {CANARY}")
        assert enquiry is not None
        assert kept.allocations.access(enquiry.enquiry_id) == Access()
        kept.allocations.give_team(enquiry.enquiry_id, kept.teams.add("North", NOON), None, NOON)
    assert verify(store) == []
    store.close()


def test_how_far_older_conversations_are_is_worked_out_once(second: Path) -> None:
    later = NOON + timedelta(days=9)
    Store.migrate(second, OLD_ROOT, later)
    store = Store.open(second, OLD_ROOT)
    with store.reading() as seen:
        states = {one.conversation_id: (one.state, one.settled_at) for one in seen.conversations.listed()}
        everybody = Scope(None, "", include_restricted=True, duty=True)
        assert set(seen.work.readable(everybody)) == {FINISHED, STOPPED}
    assert len(states) == 5
    assert states.pop(FINISHED) == (State.FINISHED, NOON + timedelta(minutes=9))
    assert states.pop(STOPPED) == (State.STOPPED, NOON + timedelta(minutes=3))
    assert set(states.values()) == {(State.OPEN, NOON)}
    store.close()
    before = rows_below(second)
    Store.migrate(second, OLD_ROOT, later)
    assert rows_below(second) == before


def test_a_conversation_that_is_damaged_stops_no_migration_and_is_not_done(second: Path) -> None:
    with from_below(second) as below:
        below.execute("UPDATE turns SET words = x'00' WHERE conversation_id = ?", (STOPPED,))
    Store.migrate(second, OLD_ROOT, NOON)
    store = Store.open(second, OLD_ROOT)
    with store.reading() as seen:
        assert seen.conversations.get(STOPPED).state is State.OPEN
        assert seen.conversations.get(FINISHED).state is State.FINISHED
    assert {problem.conversation_id for problem in verify(store)} == {STOPPED}
    store.close()


def test_another_root_key_stops_no_migration_and_how_far_conversations_are_is_worked_out_later(
    second: Path, root: RootKey
) -> None:
    Store.migrate(second, root, NOON)
    with pytest.raises(KeyProblem):
        Store.open(second, root)
    assert rows_below(second)["conversation_states"] == []
    Store.migrate(second, OLD_ROOT, NOON)
    assert len(rows_below(second)["conversation_states"]) == 5


STATEMENTS = ("ALTER", "CREATE", "UPDATE")


@pytest.mark.parametrize(
    ("revision", "at"), [*(("0001", at) for at in (1, 4, 7, 10, 13, 16, 30)), *(("0002", at) for at in (1, 15, 33))]
)
def test_a_migration_of_what_was_kept_that_is_killed_half_way_leaves_all_of_it_as_it_was(
    file: Path, revision: str, at: int
) -> None:
    old = make_old(file, revision)
    before = named_rows(old)
    script = f"""
import os
from pathlib import Path
from sqlalchemy import event
from sqlalchemy.engine import Engine
from tests.store.test_migrating import NOON, OLD_ROOT, STATEMENTS
from bot.store import Store

made = 0

def die(*told: object) -> None:
    global made
    made += str(told[2]).lstrip().startswith(STATEMENTS)
    if made == {at}:
        os.kill(os.getpid(), 9)

event.listen(Engine, "after_cursor_execute", die)
Store.migrate(Path({str(old)!r}), OLD_ROOT, NOON)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False, cwd=HERE.parents[1]).returncode == -9
    assert named_rows(old) == before
    with pytest.raises(
        NotReady, match=rf"those of migration {revision}, not {tables.REVISION}\. Do: python -m bot migrate"
    ):
        Store.open(old, OLD_ROOT)
    Store.migrate(old, OLD_ROOT, NOON)
    store = Store.open(old, OLD_ROOT)
    assert len(turns(store, OLD_CONVERSATION if revision == "0001" else FINISHED)) == (9 if revision == "0001" else 3)
    assert verify(store) == []
    store.close()


@pytest.mark.parametrize("added", ["whose", "original", "said_on", "draft original", "draft note"])
def test_going_down_is_refused_where_a_row_could_not_be_read_afterwards(
    store: Store, file: Path, root: RootKey, added: str
) -> None:
    conversation_id = begin(store, said_on=NOON.date() if added == "said_on" else None, origin=Origin.PAPER)
    say(
        store,
        conversation_id,
        "My key",
        whose=Whose.OWN_VIEW if added == "whose" else None,
        original="Anahtarım" if added == "original" else "",
    )
    with store.begin() as kept:
        typed = {added.removeprefix("draft "): "Anahtarım"} if added.startswith("draft") else {}
        kept.drafts.keep(conversation_id, for_turn=1, words="My", now=NOON, **typed)
    before = everything(store)
    store.close()
    engine = database.connect(database.url_of(file))
    with pytest.raises(NotReady, match="Keep this version"), engine.begin() as connection:
        migrating.downgrade(connection, "0001")
    engine.dispose()
    again = Store.open(file, root)
    assert everything(again) == before
    assert verify(again) == []
    again.close()


def test_going_down_and_up_leaves_what_was_kept_of_old_as_it_was(old: Path) -> None:
    Store.migrate(old, OLD_ROOT, NOON)
    before = rows_below(old)
    engine = database.connect(database.url_of(old))
    with engine.begin() as connection:
        migrating.downgrade(connection, "0001")
    assert all_is_proven(named_rows(old))
    with engine.begin() as connection:
        migrating.upgrade(connection)
    engine.dispose()
    Store.migrate(old, OLD_ROOT, NOON)
    assert rows_below(old) == before


def named_rows(file: Path) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table that holds any, with the names of its columns, whatever migration made them."""
    with closing(sqlite3.connect(file)) as below:
        below.row_factory = sqlite3.Row
        names = [name for (name,) in below.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {name: [dict(row) for row in below.execute(f"SELECT * FROM {name}")] for name in names}
    return {name: rows for name, rows in found.items() if rows and name in tables.metadata.tables}


def all_is_proven(kept: dict[str, list[dict[str, Any]]]) -> bool:
    """Whether each proof and each chain is as this version of Own Words makes it. Nothing is asked of the store."""
    (lasting,) = [row for row in kept["keys"] if row["purpose"] == "lasting"]
    key = derive(OLD_ROOT.unwrap(lasting["wrapped"]), Purpose.PROOFS)
    for name, rows in kept.items():
        table = tables.metadata.tables[name]
        for row in rows:
            if not is_proven(key, table, dict.fromkeys(columns_of(table)) | row):
                return False
    for conversation in kept["conversations"]:
        conversation_id = conversation["conversation_id"]
        head = first_head(conversation_id, conversation["key_id"], conversation["begun_at"])
        said = [row for row in kept["turns"] if row["conversation_id"] == conversation_id]
        for row in sorted(said, key=lambda row: int(row["number"])):
            head = next_head(head, dict.fromkeys(columns_of(tables.turns)) | row)
            if head != row["head"]:
                return False
        if head != conversation["head"]:
            return False
    return True


def test_a_path_may_hold_any_character(tmp_path: Path, root: RootKey) -> None:
    odd = tmp_path / "100% o'neill ?#&" / "ownwords.sqlite3"
    Store.migrate(odd, root, NOON)
    store = Store.open(odd, root)
    fill(store)
    assert verify(store) == []
    store.close()
    assert odd.exists()
