"""The store as a whole: how it opens, what it promises, and what it says when it cannot."""

import contextlib
import logging
import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy.exc import DBAPIError

from bot.conversation import Kind, Speaker
from bot.store import (
    Cause,
    Damaged,
    KeyProblem,
    Missing,
    NotKept,
    NotRead,
    NotReady,
    Purpose,
    RootKey,
    Store,
    database,
    keys,
    tables,
)
from bot.store import store as store_module
from bot.store.sealing import DataKey
from bot.store.store import Rotated
from bot.store.verifying import verify
from tests.store.filling import CANARY, NOON, begin, everything, fill, from_below, say, turns


def test_what_was_kept_is_there_when_the_store_is_opened_again(store: Store, file: Path, root: RootKey) -> None:
    fill(store)
    before = everything(store)
    store.close()
    again = Store.open(file, root)
    assert everything(again) == before
    again.close()


def test_the_database_is_for_this_account_only(store: Store, file: Path) -> None:
    begin(store)
    for path in file.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {path.name for path in file.parent.iterdir()} == {file.name, f"{file.name}-wal", f"{file.name}-shm"}
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_database_that_others_could_read_is_closed_to_them(file: Path, root: RootKey) -> None:
    file.parent.mkdir()
    file.touch(mode=0o644)
    Store.migrate(file, root, NOON)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.usefixtures("file")
def test_every_connection_is_told_to_keep_what_it_commits(store: Store) -> None:
    found = {}
    with store.reading_rows() as one, store.reading_rows() as another:
        for rows in (one, another):
            for name, _ in database.PRAGMAS:
                found[name] = rows.connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            assert found == {
                "journal_mode": "wal",
                "synchronous": 2,
                "secure_delete": 1,
                "foreign_keys": 1,
                "trusted_schema": 0,
                "recursive_triggers": 1,
                "cell_size_check": 1,
                "busy_timeout": 5000,
                "temp_store": 2,
                "journal_size_limit": 64 * 1024 * 1024,
            }


def test_a_promise_that_breaks_keeps_nothing(store: Store) -> None:
    conversation_id = begin(store)
    with contextlib.suppress(ZeroDivisionError), store.begin() as kept:
        kept.conversations.add(conversation_id, speaker=Speaker.PERSON, kind=Kind.WORDS, said_at=NOON, words="one")
        raise ZeroDivisionError
    assert turns(store, conversation_id) == ()
    assert say(store, conversation_id, "two").number == 1
    assert verify(store) == []


def test_one_thread_makes_one_promise_at_a_time(store: Store) -> None:
    with store.begin(), pytest.raises(RuntimeError, match="One promise at a time"), store.begin():
        pass
    begin(store)


def test_reading_never_writes(store: Store) -> None:
    conversation_id = begin(store)
    with pytest.raises(RuntimeError, match="only reads"), store.reading() as seen:
        seen.conversations.add(conversation_id, speaker=Speaker.PERSON, kind=Kind.WORDS, said_at=NOON)
    assert turns(store, conversation_id) == ()


def test_what_is_told_in_an_enquiry_is_worked_out_for_each_of_its_conversations(store: Store) -> None:
    filled = fill(store)
    with store.reading() as seen:
        told = seen.told_in(filled.enquiry_id)
        assert [one.conversation for one in told] == list(seen.conversations.listed(enquiry_id=filled.enquiry_id))
        (second,) = [one for one in told if one.conversation.conversation_id == filled.second]
        assert second == seen.told(filled.second)
        assert second.standing.last == 9
        assert [outcome.answer.words[0] for outcome in second.outcomes] == ["To ask her.", "To ask her."]
        assert second.reviews == seen.reviews.of(filled.second)
        assert seen.told_in("0" * 32) == ()
        with pytest.raises(Missing):
            seen.told("0" * 32)


def test_reading_waits_for_nobody_and_sees_one_moment(store: Store) -> None:
    conversation_id = begin(store)
    with store.begin() as kept:
        kept.conversations.add(conversation_id, speaker=Speaker.PERSON, kind=Kind.WORDS, said_at=NOON, words="one")
        assert turns(store, conversation_id) == ()
    with store.reading() as seen:
        assert len(seen.conversations.turns(conversation_id)) == 1
        say(store, conversation_id, "two")
        assert len(seen.conversations.turns(conversation_id)) == 1
    assert len(turns(store, conversation_id)) == 2


def test_a_database_held_by_another_program_is_said_and_nothing_is_kept(
    store: Store, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation_id = begin(store)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        # Waits less long for the other program; what happens then is the same.
        monkeypatch.setattr(database, "PRAGMAS", (*database.PRAGMAS, ("busy_timeout", "50")))
        store.engine.dispose()
        with pytest.raises(NotKept) as caught:
            say(store, conversation_id, CANARY)
        assert caught.value.cause is Cause.LOCKED
        assert str(caught.value) == "Not kept: another program holds the database."
        assert turns(store, conversation_id) == ()
        other.execute("ROLLBACK")
    assert say(store, conversation_id, CANARY).number == 1


def test_a_writer_that_takes_too_long_is_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "LOCKED_FOR", 0.05)
    caught: list[Cause] = []

    def write() -> None:
        try:
            begin(store)
        except NotKept as error:
            caught.append(error.cause)

    with store.begin():
        other = threading.Thread(target=write)
        other.start()
        other.join()
    assert caught == [Cause.BUSY]


@pytest.mark.usefixtures("file")
def test_a_full_disk_is_said_and_nothing_is_kept(store: Store) -> None:
    conversation_id = begin(store)
    say(store, conversation_id, "This fits.")
    with store.reading_rows() as rows:
        pages = rows.connection.exec_driver_sql("PRAGMA page_count").scalar_one()

    def fill_up() -> None:
        with store.begin() as kept:
            kept.conversations._rows.connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
            kept.conversations.add(
                conversation_id, speaker=Speaker.PERSON, kind=Kind.WORDS, said_at=NOON, words=CANARY * 1000
            )

    for _ in range(2):
        with pytest.raises(NotKept) as caught:
            fill_up()
        assert caught.value.cause is Cause.FULL
        assert CANARY not in repr(caught.value.__cause__)
    store.engine.dispose()
    assert [turn.words for turn in turns(store, conversation_id)] == ["This fits."]
    assert say(store, conversation_id, CANARY * 1000).number == 2
    assert verify(store) == []


def test_an_error_names_its_cause_and_holds_no_words(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    conversation_id = begin(store)
    caplog.set_level(logging.DEBUG)
    say(store, conversation_id, CANARY, asked="feelings")
    with pytest.raises(DBAPIError) as caught, store.begin() as kept:
        kept.conversations._rows.connection.exec_driver_sql("INSERT INTO turns VALUES (?)", (CANARY,))
    with pytest.raises(ValueError, match="asked holds a NUL or a lone surrogate") as plain, store.begin() as kept:
        kept.conversations.add(
            conversation_id,
            speaker=Speaker.PERSON,
            kind=Kind.WORDS,
            said_at=NOON,
            words=CANARY,
            asked=f"{CANARY}\ud800",
        )
    for error in (caught.value, caught.value.__cause__, plain.value, plain.value.__context__):
        assert "Oyelaran" not in f"{error!r} {error}"
    assert "Oyelaran" not in caplog.text
    assert "INSERT" not in caplog.text


def test_what_is_looked_for_may_be_anything(store: Store) -> None:
    with store.reading() as seen:
        for wrong in ("", "\0", "\ud800", "x" * 100_000, "' OR 1=1 --"):
            with pytest.raises(Missing):
                seen.conversations.turns(wrong)
            assert seen.conversations.turn_by_token(wrong, wrong) is None
            assert seen.visits.find(wrong) is None
            with pytest.raises(Missing):
                seen.enquiries.get(wrong)


def test_a_database_that_is_not_there_is_said_with_the_remedy(file: Path, root: RootKey) -> None:
    with pytest.raises(
        NotReady, match=r"There is no database at .*ownwords\.sqlite3\. Make it with: python -m bot migrate"
    ):
        Store.open(file, root)
    assert not file.exists()


def test_a_database_without_tables_is_said_with_the_remedy(file: Path, root: RootKey) -> None:
    database.prepare_file(file)
    with pytest.raises(NotReady, match=r"The database is empty\. Make its tables with: python -m bot migrate"):
        Store.open(file, root)


@pytest.mark.parametrize(
    ("found", "said"), [("0000", "Do: python -m bot migrate"), ("9999", "Start the newer version")]
)
def test_tables_of_another_version_are_said_with_the_remedy(
    store: Store, file: Path, root: RootKey, found: str, said: str
) -> None:
    with from_below(file) as below:
        below.execute("UPDATE alembic_version SET version_num = ?", (found,))
    with pytest.raises(NotReady, match=said):
        Store.open(file, root)


@pytest.mark.parametrize("address", ["sqlite://", "sqlite:///:memory:", "nonsense", ""])
def test_an_address_that_keeps_nothing_is_refused(address: str, root: RootKey) -> None:
    with pytest.raises(NotReady):
        Store.migrate(address, root, NOON)


def test_a_folder_that_cannot_be_made_is_said_with_the_remedy(tmp_path: Path, root: RootKey) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NotReady, match="cannot be written"):
        Store.migrate(tmp_path / "file" / "ownwords.sqlite3", root, NOON)
    with pytest.raises(NotReady, match="cannot be written"):
        Store.migrate(tmp_path / ("x" * 300), root, NOON)


def test_tables_of_a_newer_version_are_left_as_they_are(store: Store, file: Path, root: RootKey) -> None:
    with from_below(file) as below:
        below.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NotReady, match="Start the newer version"):
        Store.migrate(file, root, NOON)


def test_what_this_account_may_not_touch_is_said_with_the_remedy() -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        file, key_file = folder / "var" / "ownwords.sqlite3", folder / "root.key"
        key = RootKey.create(key_file)
        Store.migrate(file, key, NOON)
        with without_rights({key_file: 0o000}), pytest.raises(KeyProblem, match="cannot be read: Permission denied"):
            RootKey.read(key_file)
        with without_rights({file.parent: 0o000}):
            with pytest.raises(KeyProblem, match=r"No root key could be made at .*: Permission denied"):
                RootKey.create(file.parent / "root.key")
            with pytest.raises(NotReady, match=r"The folder .* cannot be written"):
                Store.open(file, key)
            with pytest.raises(NotReady, match=r"The database .* cannot be written: Permission denied"):
                Store.migrate(file, key, NOON)
        with without_rights({file.parent: 0o500}), pytest.raises(NotReady, match=r"The folder .* cannot be written"):
            Store.open(file, key)
        with (
            without_rights({file.parent: 0o700, file: 0o400}),
            pytest.raises(NotReady, match=r"The database .* cannot be written: Permission denied"),
        ):
            Store.open(file, key)


@contextlib.contextmanager
def without_rights(modes: dict[Path, int]) -> Iterator[None]:
    """Own these paths with these modes, and no more. Root, whom no mode keeps out, is somebody else meanwhile."""
    was = {path: path.stat() for path in modes}
    account = os.geteuid()
    somebody = 65534 if account == 0 else account
    for path, mode in reversed(modes.items()):
        os.chown(path, somebody, -1)
        path.chmod(mode)
    os.seteuid(somebody)
    try:
        yield
    finally:
        os.seteuid(account)
        for path, found in was.items():
            os.chown(path, found.st_uid, -1)
            path.chmod(stat.S_IMODE(found.st_mode))


def test_a_file_that_is_no_database_is_said(file: Path, root: RootKey) -> None:
    database.prepare_file(file)
    file.write_bytes(b"This is a letter, not a database. " * 100)
    with pytest.raises(Damaged):
        Store.open(file, root)


def test_another_root_key_is_refused(store: Store, file: Path, root: RootKey, tmp_path: Path) -> None:
    other = RootKey.create(tmp_path / "keys" / "other.key")
    with pytest.raises(KeyProblem) as caught:
        Store.open(file, other)
    assert caught.value.cause == f"The database was sealed under root key {root.key_id}, not under {other.key_id}."
    assert caught.value.remedy == "Put the right key file back."


def test_derived_keys_belong_to_the_database(store: Store, file: Path, root: RootKey, tmp_path: Path) -> None:
    Store.migrate(tmp_path / "other.sqlite3", root, NOON)
    other = Store.open(tmp_path / "other.sqlite3", root)
    assert store.derive(Purpose.STEP_TOKENS) != other.derive(Purpose.STEP_TOKENS)
    assert store.derive(Purpose.STEP_TOKENS) != store.derive(Purpose.CODE_BUCKETS)
    other.close()


def test_after_a_change_of_root_key_all_is_there_and_the_old_key_opens_nothing(
    store: Store, file: Path, root: RootKey, tmp_path: Path
) -> None:
    fill(store)
    before, tokens = everything(store), store.derive(Purpose.STEP_TOKENS)
    new = RootKey.create(tmp_path / "keys" / "new.key")
    with store.reading_rows() as rows:
        there = len(list(rows.each(tables.keys, order_by=[tables.keys.c.key_id])))
    assert store.rotate(new) == Rotated(wrapped=there, damaged=0)
    assert store.rotate(new) == Rotated(wrapped=0, damaged=0)
    assert everything(store) == before
    store.close()
    with pytest.raises(KeyProblem, match=new.key_id):
        Store.open(file, root)
    again = Store.open(file, new)
    assert everything(again) == before
    assert again.derive(Purpose.STEP_TOKENS) == tokens
    say(again, begin(again), "Under the new key.")
    assert verify(again) == []
    again.close()


def test_a_change_of_root_key_that_was_interrupted_can_be_finished(
    store: Store, file: Path, root: RootKey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversations = [begin(store) for _ in range(7)]
    for conversation_id in conversations:
        say(store, conversation_id, "I want to stay here.")
    new = RootKey.create(tmp_path / "keys" / "new.key")
    monkeypatch.setattr(store_module, "ROTATED_AT_ONCE", 2)
    wrap, calls = RootKey.wrap, []

    def fail_at_the_fifth(self: RootKey, secret: bytes) -> bytes:
        calls.append(1)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return wrap(self, secret)

    monkeypatch.setattr(RootKey, "wrap", fail_at_the_fifth)
    with pytest.raises(KeyboardInterrupt):
        store.rotate(new)
    store.close()
    for alone in (root, new):
        with pytest.raises(KeyProblem, match=r"A change of root key was interrupted: .* Put the other one beside it"):
            Store.open(file, alone)
    both = Store.open(file, root, also=[new])
    assert [turns(both, one)[0].words for one in conversations] == ["I want to stay here."] * 7
    assert both.rotate(new) == Rotated(wrapped=5, damaged=0)
    both.close()
    again = Store.open(file, new)
    assert [turns(again, one)[0].words for one in conversations] == ["I want to stay here."] * 7
    assert verify(again) == []
    again.close()


def test_a_program_that_runs_finds_the_new_root_key_where_it_looks_and_nowhere_else(
    store: Store, file: Path, root: RootKey, tmp_path: Path
) -> None:
    conversations = [begin(store) for _ in range(2)]
    new = RootKey.create(tmp_path / "keys" / "new.key")
    found: list[RootKey] = []
    with (
        closing(Store.open(file, root, look=lambda: found)) as looks,
        closing(Store.open(file, root, look=lambda: [root])) as looks_in_vain,
    ):
        found.append(new)
        store.rotate(new)
        say(looks, conversations[0], "I want to stay here.")
        say(looks, another := begin(looks), "Said under the new root key.")
        with pytest.raises(Damaged, match=f"under root key {new.key_id}, which is not in use here"):
            say(looks_in_vain, conversations[1], "I want to stay here.")
    with closing(Store.open(file, new)) as again:
        assert [turns(again, one)[0].words for one in (conversations[0], another)] == [
            "I want to stay here.",
            "Said under the new root key.",
        ]


def test_a_root_key_that_was_replaced_is_not_brought_back_by_another_hand(
    store: Store, file: Path, root: RootKey, tmp_path: Path
) -> None:
    store.rotate(RootKey.create(tmp_path / "keys" / "new.key"))
    begin(store)
    with from_below(file) as below:
        below.execute("UPDATE keys SET root_key_id = ? WHERE purpose = 'lasting'", (root.key_id,))
    with pytest.raises(Damaged):
        begin(store)


def test_the_earlier_row_put_back_whole_brings_a_replaced_root_key_back_until_programs_start_anew(
    store: Store, file: Path, root: RootKey, tmp_path: Path
) -> None:
    with from_below(file) as below:
        earlier = below.execute("SELECT * FROM keys WHERE purpose = 'lasting'").fetchone()
    new = RootKey.create(tmp_path / "keys" / "new.key")
    store.rotate(new)
    with from_below(file) as below:
        below.execute(f"INSERT OR REPLACE INTO keys VALUES ({', '.join('?' * len(earlier))})", earlier)
    conversation_id = begin(store)
    with from_below(file) as below:
        under = "SELECT root_key_id FROM keys JOIN conversations USING (key_id) WHERE conversation_id = ?"
        assert below.execute(under, (conversation_id,)).fetchone() == (root.key_id,)
    with pytest.raises(KeyProblem):
        Store.open(file, new)


def test_where_looking_for_a_root_key_takes_long_it_is_not_done_again_at_once(
    root: RootKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    passed = [0.0]
    monkeypatch.setattr(keys, "time", SimpleNamespace(monotonic=lambda: passed[0]))

    def look() -> list[RootKey]:
        passed.append(passed.pop() + 30)
        return []

    roots = keys.RootKeys(root, look=look)
    for _ in range(3):
        assert roots.find("00000000") is None
    assert passed == [30.0]


def test_a_damaged_data_key_keeps_no_other_from_lying_under_the_new_root_key(
    store: Store, file: Path, tmp_path: Path
) -> None:
    whole, damaged = begin(store), begin(store)
    say(store, whole, "I want to stay here.")
    with store.reading() as seen:
        begun_with = seen.conversations.listed()
    assert {one.conversation_id for one in begun_with} == {whole, damaged}
    with from_below(file) as below:
        (key_id,) = below.execute("SELECT key_id FROM conversations WHERE conversation_id = ?", (damaged,)).fetchone()
        below.execute("UPDATE keys SET wrapped = x'00' WHERE key_id = ?", (key_id,))
    new = RootKey.create(tmp_path / "keys" / "new.key")
    assert store.rotate(new) == Rotated(wrapped=2, damaged=1)
    with closing(Store.open(file, new)) as again:
        assert turns(again, whole)[0].words == "I want to stay here."
        assert {problem.table for problem in verify(again)} == {"keys"}


def test_words_are_nowhere_in_the_files_in_clear(store: Store, file: Path) -> None:
    fill(store)
    with store.begin() as kept:
        kept.drafts.drop(kept.conversations.listed()[0].conversation_id, 7)
    files = {path.name: path.read_bytes() for path in file.parent.iterdir()}
    store.close()
    files["after"] = file.read_bytes()
    secrets = [CANARY, "Oyelaran", "What do you want?", "Enquiry 17", "a-cookie-that-only"]
    for name, held in files.items():
        for secret in secrets:
            for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
                assert secret.encode(encoding) not in held, name
    assert b"step-1" in files["after"], "the search itself finds what is there"


def test_importing_the_store_does_not_bring_alembic() -> None:
    code = "import sys, bot.store, bot.store.store; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_changed_lasting_key_is_said(store: Store, file: Path, root: RootKey) -> None:
    store.close()
    with from_below(file) as below:
        below.execute("UPDATE keys SET made_at = made_at + 1 WHERE purpose = 'lasting'")
    with pytest.raises(Damaged, match="The store's own key is not as it was kept"):
        Store.open(file, root)


def test_only_so_many_data_keys_lie_open_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "REMEMBERED", 2)
    opened = keys.OpenedKeys()
    one, two, three = (DataKey(name, b"k" * 32) for name in ("one", "two", "three"))
    opened.remember(one)
    opened.remember(two)
    assert opened.get("one") is one
    opened.remember(three)
    assert [opened.get(name) for name in ("one", "two", "three")] == [one, None, three]


def test_a_missing_lasting_key_is_said(store: Store, file: Path, root: RootKey) -> None:
    store.close()
    with from_below(file) as below:
        below.execute("DELETE FROM keys WHERE purpose = 'lasting'")
    with pytest.raises(Damaged, match="The store's own key is not in the table"):
        Store.open(file, root)


def test_a_database_that_goes_away_is_said(store: Store, file: Path) -> None:
    store.close()
    for path in file.parent.iterdir():
        path.unlink()
    file.parent.rmdir()
    with pytest.raises(NotRead) as caught, store.reading():
        pass
    assert caught.value.cause is Cause.AWAY
    with pytest.raises(NotKept):
        begin(store)
