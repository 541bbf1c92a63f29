"""Whatever another hand does to the database is found and named, or changes nothing that was said."""

import random
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.store import KeyProblem, RootKey, Store, StoreError, tables
from bot.store.conversations import first_head, next_head
from bot.store.rows import Row
from bot.store.verifying import Problem, verify
from tests.store.filling import (
    CANARY,
    COOKIE,
    NOON,
    Filled,
    begin,
    everything,
    fill,
    from_below,
    rows_below,
    say,
)

COLUMNS = [(table.name, column.name) for table in tables.metadata.sorted_tables for column in table.c]
FLIPS = 300
"""Bits flipped in the file in each run. 14,000 others were tried once, with the same outcome."""


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Filled]:
    """A folder with a root key and a filled, closed database."""
    folder = tmp_path_factory.mktemp("filled")
    root = RootKey.create(folder / "root.key")
    Store.migrate(folder / "kept.sqlite3", root, NOON)
    store = Store.open(folder / "kept.sqlite3", root)
    put_in = fill(store)
    store.close()
    return folder, put_in


@pytest.fixture
def copy(filled: tuple[Path, Filled], tmp_path: Path) -> Path:
    """A copy of it that may be damaged."""
    return Path(shutil.copy(filled[0] / "kept.sqlite3", tmp_path / "copy.sqlite3"))


@pytest.fixture
def key(filled: tuple[Path, Filled]) -> RootKey:
    """Its root key."""
    return RootKey.read(filled[0] / "root.key")


def test_a_store_as_it_was_kept_has_no_problem(copy: Path, key: RootKey) -> None:
    assert found(copy, key) == []


@pytest.mark.parametrize(("table", "column"), COLUMNS)
def test_a_changed_column_is_found_in_its_table(copy: Path, key: RootKey, table: str, column: str) -> None:
    for row, change in changes(copy, table, column):
        shutil.copy(copy, damaged := copy.with_name("damaged.sqlite3"))
        try:
            with from_below(damaged) as below:
                below.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (change, row))
        except sqlite3.IntegrityError:
            # The number of a row of the whole store can be nothing but a number.
            assert (table, column) in {(one, "number") for one in ("audit", "checkpoints", "cuts", "entries")}
            continue
        problems = found(damaged, key)
        assert {table, "database"} & {problem.table for problem in problems}, f"{change!r} went unseen"
        assert no_words(problems)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("turns", "words"),
        ("turns", "original"),
        ("drafts", "words"),
        ("drafts", "original"),
        ("drafts", "note"),
        ("enquiries", "reference"),
        ("enquiry_references", "found_by"),
        ("invitations", "contact"),
        ("teams", "name"),
        *(("accounts", column) for column in ("name", "email", "password", "totp", "found_by")),
        *(("passkeys", column) for column in ("credential", "public_key", "name")),
        ("entries", "words"),
        ("council_values", "value"),
        ("deeds", "words"),
    ],
)
def test_any_byte_flipped_in_what_is_sealed_is_found(copy: Path, key: RootKey, table: str, column: str) -> None:
    with from_below(copy) as below:
        sealed = below.execute(f"SELECT rowid, {column} FROM {table} WHERE {column} IS NOT NULL LIMIT 3").fetchall()
    assert sealed
    for row, whole in sealed:
        chance = random.Random(row)
        for at in {0, len(whole) - 1, chance.randrange(len(whole))}:
            flipped = bytearray(whole)
            flipped[at] ^= 1 << chance.randrange(8)
            shutil.copy(copy, damaged := copy.with_name("damaged.sqlite3"))
            with from_below(damaged) as below:
                below.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (bytes(flipped), row))
            assert table in {problem.table for problem in found(damaged, key)}, f"byte {at} of {row} went unseen"


def test_any_bit_flipped_in_the_file_is_found_or_changes_nothing(copy: Path, key: RootKey) -> None:
    whole = copy.read_bytes()
    below = rows_below(copy)
    chance = random.Random(2)
    seen = 0
    used = [at for at, byte in enumerate(whole) if byte]
    for flip in range(FLIPS):
        # Most of a small file is empty room; half of the flips go where something is.
        at = chance.choice(used) if flip % 2 else chance.randrange(len(whole))
        flipped = bytearray(whole)
        flipped[at] ^= 1 << chance.randrange(8)
        damaged = copy.with_name("damaged.sqlite3")
        damaged.write_bytes(flipped)
        problems = found(damaged, key)
        assert no_words(problems)
        if problems:
            seen += 1
        else:
            assert rows_below(damaged) == below, f"a bit flipped at {at} went unseen"
        for path in copy.parent.glob("damaged.*"):
            path.unlink()
    assert seen > FLIPS / 10


def test_a_file_that_was_cut_off_is_found(copy: Path, key: RootKey) -> None:
    whole = copy.read_bytes()
    for length in (0, 50, 100, 4096, len(whole) // 2, len(whole) - 4096, len(whole) - 1):
        damaged = copy.with_name("damaged.sqlite3")
        damaged.write_bytes(whole[:length])
        assert found(damaged, key), f"cut off at {length}"


def test_swapped_seals_are_found(copy: Path, key: RootKey, filled: tuple[Path, Filled]) -> None:
    first = filled[1].first
    with from_below(copy) as below:
        two, five = (
            below.execute(
                "SELECT words FROM turns WHERE conversation_id = ? AND number = ?", (first, number)
            ).fetchone()
            for number in (2, 5)
        )
        for number, (words,) in ((2, five), (5, two)):
            below.execute("UPDATE turns SET words = ? WHERE conversation_id = ? AND number = ?", (words, first, number))
    assert named(found(copy, key)) == {("turns", first, 2), ("turns", first, 5)}


@pytest.mark.parametrize("number", [1, 4, 8])
def test_a_deleted_turn_is_found(copy: Path, key: RootKey, filled: tuple[Path, Filled], number: int) -> None:
    first = filled[1].first
    with from_below(copy) as below:
        below.execute("DELETE FROM turns WHERE conversation_id = ? AND number = ?", (first, number))
    problems = found(copy, key)
    assert Problem("turns", "it is missing", first, number) in problems
    assert {problem.number for problem in problems if problem.table == "turns"} == {number}


def test_a_cut_tail_is_found(copy: Path, key: RootKey, filled: tuple[Path, Filled]) -> None:
    second = filled[1].second
    with from_below(copy) as below:
        below.execute("DELETE FROM turns WHERE conversation_id = ? AND number > 6", (second,))
    missing = [problem.number for problem in found(copy, key) if problem.finding == "it is missing"]
    assert missing == [7, 8, 9]


def test_turns_in_another_order_are_found(copy: Path, key: RootKey, filled: tuple[Path, Filled]) -> None:
    first = filled[1].first
    with from_below(copy) as below:
        for was, becomes in ((3, 99), (4, 3), (99, 4)):
            below.execute("UPDATE turns SET number = ? WHERE conversation_id = ? AND number = ?", (becomes, first, was))
    assert {("turns", first, 3), ("turns", first, 4)} <= named(found(copy, key))


def test_a_turn_moved_to_another_conversation_is_found(copy: Path, key: RootKey, filled: tuple[Path, Filled]) -> None:
    put_in = filled[1]
    with from_below(copy) as below:
        below.execute("DELETE FROM turns WHERE conversation_id = ? AND number = 8", (put_in.second,))
        below.execute(
            "UPDATE turns SET conversation_id = ? WHERE conversation_id = ? AND number = 8",
            (put_in.second, put_in.first),
        )
    assert {("turns", put_in.second, 8), ("turns", put_in.first, 8)} <= named(found(copy, key))


def test_whoever_holds_all_keys_but_not_the_seals_of_the_past_breaks_the_chain(store: Store) -> None:
    conversation_id = begin(store)
    for words in ("one", "two", "three"):
        say(store, conversation_id, words)
    rewrite(store, conversation_id, 2, {"asked": "something_else"})
    assert str(verify(store)[0]) == (
        f"turns, conversation {conversation_id}, number 2: it does not follow from the turn before it"
    )
    assert len(verify(store)) == 1


def test_a_seal_that_does_not_open_is_found_though_its_row_is_proven(store: Store) -> None:
    filled = fill(store)
    turns, drafts, enquiries, invitations = tables.turns, tables.drafts, tables.enquiries, tables.invitations
    conversations, keys = tables.conversations, tables.keys
    conversation_id = begin(store)
    say(store, conversation_id, "I want to stay here.")
    with store.writing_rows() as rows:
        rows.change(drafts, drafts.c.conversation_id == filled.first, to={"for_turn": 5})
        rows.change(enquiries, enquiries.c.enquiry_id == filled.enquiry_id, to={"reference": b"\0" * 40})
        rows.change(invitations, invitations.c.bucket == 3, to={"contact": b"\0" * 40})
        (invited,) = rows.each(invitations, invitations.c.bucket == 3, order_by=[])
    rewrite(store, conversation_id, 1, {"words": b"\0" * 40})
    assert verify(store) == [
        Problem("enquiries", "its reference does not open", row=f"enquiry_id {filled.enquiry_id}"),
        Problem("invitations", "its contact does not open", row=f"invitation_id {invited['invitation_id']}"),
        Problem("drafts", "its words do not open", filled.first, 5),
        Problem("turns", "it does not follow from the turn before it", conversation_id, 1),
    ]
    with store.reading_rows() as rows:
        row = next(rows.each(turns, turns.c.conversation_id == conversation_id, order_by=[]))
        (begun,) = rows.each(conversations, conversations.c.conversation_id == conversation_id, order_by=[])
    head = next_head(first_head(conversation_id, begun["key_id"], begun["begun_at"]), row)
    rewrite(store, conversation_id, 1, {"head": head})
    with store.writing_rows() as rows:
        rows.change(conversations, conversations.c.conversation_id == conversation_id, to={"head": head})
        rows.change(keys, keys.c.key_id == begun["key_id"], to={"wrapped": b"\0" * 40})
    problems = verify(store)
    assert problems[0] == Problem("keys", "the key does not unwrap", row=f"key_id {begun['key_id']}")
    assert problems[-1] == Problem("turns", "its words do not open", conversation_id, 1)


@pytest.mark.parametrize(
    ("name", "column", "finding"),
    [
        ("teams", "name", "its name does not open"),
        ("accounts", "name", "its name does not open"),
        ("accounts", "email", "its email does not open"),
        ("accounts", "password", "its password does not open"),
        ("accounts", "totp", "its totp does not open"),
        ("passkeys", "credential", "its credential does not open"),
        ("passkeys", "public_key", "its public key does not open"),
        ("passkeys", "name", "its name does not open"),
    ],
)
def test_a_seal_of_the_team_that_does_not_open_is_found_though_its_row_is_proven(
    store: Store, name: str, column: str, finding: str
) -> None:
    fill(store)
    table = tables.metadata.tables[name]
    with store.writing_rows() as rows:
        row = next(row for row in rows.each(table, order_by=[]) if row[column] is not None)
        rows.replace(table, row, to={column: b"\0" * 40})
    assert [(problem.table, problem.finding) for problem in verify(store)] == [(name, finding)]


def test_a_row_that_is_proven_and_does_not_belong_is_found(store: Store) -> None:
    filled = fill(store)
    with store.begin() as kept:
        other = kept.enquiries.open(NOON, reference="Enquiry 18")
    references, enquiries = tables.enquiry_references, tables.enquiries
    with store.writing_rows() as rows:
        rows.drop(references, references.c.enquiry_id == other)
        rows.change(references, references.c.enquiry_id == filled.enquiry_id, to={"enquiry_id": other})
        rows.change(enquiries, enquiries.c.enquiry_id == filled.enquiry_id, to={"closed_at": 1})
    found_by = store.finds(f"Enquiry 17: {CANARY}")
    assert verify(store) == [
        Problem("enquiry_references", "it finds another enquiry than it names", row=f"found_by {found_by!r}"),
        Problem("enquiries", "it is not open or closed as its last move says", row=f"enquiry_id {filled.enquiry_id}"),
    ]


def test_an_original_does_not_open_in_the_place_of_the_words(copy: Path, key: RootKey) -> None:
    with from_below(copy) as below:
        below.execute("UPDATE turns SET words = original, original = words WHERE original IS NOT NULL")
    assert {problem.number for problem in found(copy, key) if problem.table == "turns"} == {9}


def test_a_move_gone_from_an_enquiry_is_found(copy: Path, key: RootKey, filled: tuple[Path, Filled]) -> None:
    enquiry_id = filled[1].enquiry_id
    with from_below(copy) as below:
        below.execute("DELETE FROM enquiry_moves WHERE enquiry_id = ? AND number = 2", (enquiry_id,))
    assert found(copy, key) == [Problem("enquiry_moves", "it is missing", number=2, row=f"enquiry_id {enquiry_id}")]


def test_a_changed_head_names_its_own_turn_only(copy: Path, key: RootKey, filled: tuple[Path, Filled]) -> None:
    first = filled[1].first
    with from_below(copy) as below:
        below.execute("UPDATE turns SET head = x'00' WHERE conversation_id = ? AND number = 4", (first,))
    assert named(found(copy, key)) == {("turns", first, 4)}


def test_a_conversation_that_says_it_ends_otherwise_is_found(store: Store) -> None:
    conversation_id = begin(store)
    say(store, conversation_id, "one")
    conversations = tables.conversations
    with store.writing_rows() as rows:
        rows.change(conversations, conversations.c.conversation_id == conversation_id, to={"last_kind": "ending"})
    assert verify(store) == [Problem("conversations", "it does not end with its last turn", conversation_id)]


def test_a_turn_slipped_in_is_found(copy: Path, key: RootKey, filled: tuple[Path, Filled]) -> None:
    first = filled[1].first
    with from_below(copy) as below:
        columns = [row[1] for row in below.execute("PRAGMA table_info(turns)")]
        chosen = ", ".join({"number": "10", "token": "'new'"}.get(name, name) for name in columns)
        below.execute(
            f"INSERT INTO turns SELECT {chosen} FROM turns WHERE conversation_id = ? AND number = 8", (first,)
        )
    assert ("turns", first, 10) in named(found(copy, key))


@pytest.mark.parametrize("table", ["desired_outcomes", "outcome_marks", "outcome_reviews"])
def test_a_row_gone_from_a_log_is_found(copy: Path, key: RootKey, filled: tuple[Path, Filled], table: str) -> None:
    first = filled[1].first
    with from_below(copy) as below:
        below.execute(f"DELETE FROM {table} WHERE conversation_id = ? AND number = 1", (first,))
    assert found(copy, key) == [Problem(table, "it is missing", first, 1)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("DROP TRIGGER turns_never_go", "trigger turns_never_go is missing"),
        ("DROP INDEX ix_attempts_at", "index ix_attempts_at is missing"),
        ("CREATE TABLE copies (words)", "table copies was slipped in"),
        (
            "CREATE TRIGGER spy AFTER INSERT ON drafts BEGIN DELETE FROM drafts; END",
            "trigger spy was slipped in",
        ),
        ("ALTER TABLE drafts ADD COLUMN clear TEXT", "table drafts is not as it was made"),
    ],
)
def test_changed_tables_and_triggers_are_found(store: Store, change: str, said: str) -> None:
    with store.writing_rows() as rows:
        rows.connection.exec_driver_sql(change)
    assert said in [problem.finding for problem in verify(store)]


def test_a_row_that_names_what_is_not_there_is_found(copy: Path, key: RootKey, filled: tuple[Path, Filled]) -> None:
    with from_below(copy) as below:
        below.execute("DELETE FROM conversations WHERE conversation_id = ?", (filled[1].first,))
    findings = {problem.finding for problem in found(copy, key)}
    assert "a row of turns names something in conversations that is not there" in findings


def test_a_wildly_wrong_number_is_named_and_not_counted_up_to(
    copy: Path, key: RootKey, filled: tuple[Path, Filled]
) -> None:
    with from_below(copy) as below:
        below.execute(
            "UPDATE turns SET number = 4611686018427387904 WHERE conversation_id = ? AND number = 8", (filled[1].first,)
        )
        below.execute("UPDATE outcome_marks SET number = 4611686018427387904 WHERE number = 2")
        below.execute(
            "UPDATE conversations SET length = 4611686018427387904 WHERE conversation_id = ?", (filled[1].second,)
        )
    assert 4 < len(found(copy, key)) < 1000


def test_every_damaged_row_is_named_and_not_only_the_first(
    copy: Path, key: RootKey, filled: tuple[Path, Filled]
) -> None:
    first, second = filled[1].first, filled[1].second
    with from_below(copy) as below:
        below.execute("UPDATE turns SET said_at = said_at + 1 WHERE number IN (2, 5)")
        below.execute("UPDATE drafts SET words = x'00' WHERE conversation_id = ?", (second,))
    assert named(found(copy, key)) == {
        *(("turns", one, number) for one in (first, second) for number in (2, 5)),
        ("drafts", second, 7),
    }


def test_text_that_is_none_hides_no_other_row(copy: Path, key: RootKey, filled: tuple[Path, Filled]) -> None:
    first, second = filled[1].first, filled[1].second
    with from_below(copy) as below:
        below.execute("UPDATE turns SET asked = CAST(x'fffe' AS TEXT) WHERE number IN (1, 3)")
        below.execute("UPDATE turns SET answers = 1 WHERE number = 7")
        below.execute("UPDATE flags SET kind = CAST(x'fffe' AS TEXT)")
    problems = found(copy, key)
    numbers = (1, 3, 7)
    assert named(problems) == {
        *(("turns", one, number) for one in (first, second) for number in numbers),
        *(("flags", one, 2) for one in (first, second)),
    }
    assert no_words(problems)


def test_problems_are_said_in_one_line_each(copy: Path, key: RootKey, filled: tuple[Path, Filled]) -> None:
    first = filled[1].first
    with from_below(copy) as below:
        below.execute("UPDATE turns SET words = x'00' WHERE conversation_id = ? AND number = 2", (first,))
        below.execute("UPDATE quotes SET record = 'wi' || char(10) || 'sh' WHERE conversation_id = ?", (first,))
        below.execute("UPDATE keys SET wrapped = x'00' WHERE purpose = 'words' AND rowid = 2")
    lines = [str(problem) for problem in found(copy, key)]
    assert f"turns, conversation {first}, number 2: the row is not as it was kept" in lines
    assert f"quotes, conversation {first}, number 8, record 'wi\\nsh': the row is not as it was kept" in lines
    assert [line for line in lines if line.startswith("keys, key_id ")]
    assert all("\n" not in line for line in lines)


def found(database: Path, root: RootKey) -> list[Problem]:
    """What is found wrong, a refusal to open included. Nothing but our own errors may be raised, and none unseen."""
    try:
        store = Store.open(database, root)
    except (StoreError, KeyProblem) as error:
        return [Problem("database", str(error))]
    try:
        problems = verify(store)
        return problems if problems or can_be_read(store) else [Problem("verify", "it saw nothing")]
    finally:
        store.close()


def can_be_read(store: Store) -> bool:
    try:
        everything(store)
    except StoreError:
        return False
    return True


def named(problems: list[Problem]) -> set[tuple[str, str | None, int | None]]:
    return {(problem.table, problem.conversation_id, problem.number) for problem in problems}


def no_words(problems: list[Problem]) -> bool:
    lines = [str(problem) for problem in problems]
    assert all("\n" not in line for line in lines)
    return not any(secret in line for secret in (CANARY, "Oyelaran", COOKIE, "it saw nothing") for line in lines)


def changes(database: Path, table: str, column: str) -> Iterator[tuple[int, Any]]:
    """A row, and what is to stand in its column: in one that holds something, and in one that holds nothing."""
    with from_below(database) as below:
        required = any(row[1] == column and row[3] for row in below.execute(f"PRAGMA table_info({table})"))
        rows = [
            row
            for held in ("NOT NULL", "NULL")
            for row in below.execute(f"SELECT rowid, {column} FROM {table} WHERE {column} IS {held} LIMIT 1")
        ]
    assert rows[0][1] is not None, "no row was filled here"
    for row, value in rows:
        for change in otherwise(value):
            yield row, change
        if value is not None and not required:
            yield row, None


def otherwise(value: Any) -> Iterator[Any]:
    """A flipped bit, another type, and something that is no text."""
    match value:
        case int():
            yield value ^ 1
            yield value ^ (1 << 40)
            yield f"{value}x"
        case bytes():
            yield bytes([value[0] ^ 1]) + value[1:]
            yield value[:-1]
            yield 5
        case str():
            yield "x" + value[1:]
            yield value + " "
            yield value.encode()
            yield b"\xff\xfe"
        case None:
            yield 7
            yield "words"


def rewrite(store: Store, conversation_id: str, number: int, to: Row) -> None:
    """Change a turn with its proof made anew, as only the running program could."""
    turns = tables.turns
    where = (turns.c.conversation_id == conversation_id, turns.c.number == number)
    with store.writing_rows() as rows:
        made = rows.connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'turns_never_change'")
        sql = made.scalar_one()
        rows.connection.exec_driver_sql("DROP TRIGGER turns_never_change")
        rows.change(turns, *where, to=to)
        rows.connection.exec_driver_sql(sql)
