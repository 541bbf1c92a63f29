"""Backups: words in one sealed file, their keys in another; restored into an empty place, and nowhere else."""

import json
import os
import resource
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from bot.settings import ROOT
from bot.store import KeyProblem, NotBackedUp, NotRestored, RootKey, Store, migrating, tables
from bot.store import backups as b
from bot.store.forgetting import Rule
from bot.store.frames import FRAME_BYTES, MAGIC
from bot.store.verifying import verify
from tests.store.filling import CANARY, COOKIE, NOON, begin, fill, say, turns

HOUR = timedelta(hours=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where backups are kept."""
    return tmp_path / "backups"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where no database is."""
    return tmp_path / "clean" / "ownwords.sqlite3"


def restored(made: b.BackedUp, place: Path, root: RootKey, **more: object) -> b.Restored:
    return b.restore(made.words, place, root, NOON + HOUR, verifying=True, **more)  # type: ignore[arg-type]


# --- what a backup is -------------------------------------------------------------------------------------------------


def test_what_was_said_comes_back_as_it_was(store: Store, root: RootKey, folder: Path, place: Path) -> None:
    filled = fill(store)
    made = b.back_up(store, folder, NOON)

    outcome = restored(made, place, root)

    assert outcome.problems == ()
    assert outcome.manifest == made.manifest
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    with closing(Store.open(place, root)) as again:
        assert verify(again) == []
        for conversation_id in (filled.first, filled.second):
            assert turns(again, conversation_id) == turns(store, conversation_id)
    assert [path.name for path in place.parent.iterdir()] == [place.name]


def test_files_are_for_this_account_alone_and_tell_nothing(store: Store, folder: Path) -> None:
    conversation_id = fill(store).second
    made = b.back_up(store, folder, NOON)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert sorted(folder.iterdir()) == sorted([made.words, made.keys])
    for path in (made.words, made.keys):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        written = path.read_bytes()
        for leak in (CANARY.encode(), conversation_id.encode(), b"SQLite format", b"CREATE TABLE"):
            assert leak not in written


def test_the_file_of_words_holds_no_key_and_no_trace_of_one(
    store: Store, root: RootKey, folder: Path, tmp_path: Path
) -> None:
    fill(store)
    made = b.back_up(store, folder, NOON)
    with closing(sqlite3.connect(tmp_path / "var" / "ownwords.sqlite3")) as live:
        wrapped = [row[0] for row in live.execute("SELECT wrapped FROM keys")]
    within = b"".join(b._frames(made.words, store.derive(b.Purpose.BACKED_UP_WORDS)))

    assert wrapped
    assert b"SQLite format" in within
    assert [key for key in wrapped if key in within] == []


def test_a_manifest_has_ids_and_numbers_and_no_words(store: Store, folder: Path) -> None:
    filled = fill(store)
    manifest = b.back_up(store, folder, NOON).manifest

    assert manifest.migration == tables.REVISION
    assert manifest.conversations.keys() == {filled.first, filled.second} | manifest.conversations.keys()
    assert manifest.rows["turns"] == sum(length for length, _ in manifest.conversations.values())
    assert CANARY not in json.dumps(json.loads(manifest.written()))
    assert manifest.digest != replace(manifest, migration="0001").digest


def test_somebody_may_write_while_a_backup_is_made(store: Store, root: RootKey, folder: Path, place: Path) -> None:
    conversation_id = begin(store)
    kept: list[int] = []
    enough = threading.Event()

    def write() -> None:
        while not enough.is_set():
            kept.append(say(store, conversation_id, f"I said this as number {len(kept)}.").number)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while len(kept) < 10:
            pass
        before = len(kept)
        made = b.back_up(store, folder, NOON)
    finally:
        enough.set()
        writer.join()

    assert restored(made, place, root).problems == ()
    with closing(Store.open(place, root)) as again:
        found = turns(again, conversation_id)
    assert len(found) >= before
    assert found == turns(store, conversation_id)[: len(found)]


# --- keys -------------------------------------------------------------------------------------------------------------


def test_an_enquiry_that_was_forgotten_since_stays_forgotten(
    store: Store, root: RootKey, folder: Path, place: Path
) -> None:
    filled = fill(store)
    earlier = b.back_up(store, folder, NOON)
    with store.begin() as kept:
        kept.forgetting.enquiry(filled.enquiry_id, Rule.ASKED, NOON)
    store.scrub()
    b.back_up(store, folder, NOON + HOUR)

    outcome = restored(earlier, place, root)

    assert outcome.problems == ()
    assert outcome.forgotten > 0
    assert outcome.keys_made_at == NOON + HOUR
    with closing(Store.open(place, root)) as again, again.reading() as seen:
        assert filled.enquiry_id not in {one.enquiry_id for one in seen.enquiries.listed()}
        assert seen.forgetting.is_forgotten(filled.enquiry_id)
        assert filled.first in {one.conversation_id for one in seen.conversations.listed()}


def test_without_the_list_a_forgotten_enquiry_shows_as_words_that_do_not_open(
    store: Store, root: RootKey, folder: Path, place: Path
) -> None:
    filled = fill(store)
    earlier = b.back_up(store, folder, NOON)
    with store.begin() as kept:
        kept.forgetting.enquiry(filled.enquiry_id, Rule.ASKED, NOON)
    later = b.back_up(store, folder, NOON + HOUR)
    # Planted: a file of keys that lost its list.
    whole = json.loads(b"".join(b._frames(later.keys, root.derive(b.Purpose.BACKED_UP_KEYS))))
    head = b.head_of(later.keys)
    later.keys.unlink()
    with later.keys.open("wb") as file:
        writer = b._writer(file, head, root.derive(b.Purpose.BACKED_UP_KEYS))
        writer.write(json.dumps({**whole, "forgotten": []}).encode())
        writer.finish()

    problems = restored(earlier, place, root).problems

    assert any(one.conversation_id == filled.second and one.finding == "its words do not open" for one in problems)
    assert not place.exists()


def test_keys_that_are_older_than_the_words_are_not_taken(
    store: Store, root: RootKey, folder: Path, place: Path
) -> None:
    begin(store)
    b.back_up(store, folder, NOON)
    later = b.back_up(store, folder, NOON + HOUR)
    later.keys.unlink()

    with pytest.raises(NotRestored, match="no keys for this file of words"):
        restored(later, place, root)


def test_a_newer_file_of_keys_that_is_damaged_is_named_and_passed_over(
    store: Store, root: RootKey, folder: Path, place: Path
) -> None:
    begin(store)
    made = b.back_up(store, folder, NOON)
    newer = b.back_up(store, folder, NOON + HOUR).keys
    flip(newer, -5)

    outcome = restored(made, place, root)

    assert outcome.problems == ()
    assert outcome.passed_over == (newer,)
    assert outcome.keys_made_at == NOON


def test_a_backup_outlives_its_root_key_where_a_later_file_of_keys_is_there(
    store: Store, root: RootKey, folder: Path, place: Path, tmp_path: Path
) -> None:
    conversation_id = begin(store)
    say(store, conversation_id, CANARY)
    made = b.back_up(store, folder, NOON)
    successor = RootKey.create(tmp_path / "keys" / "next.key")
    store.rotate(successor)
    b.back_up(store, folder, NOON + HOUR)

    assert restored(made, place, successor).problems == ()
    with closing(Store.open(place, successor)) as again:
        assert turns(again, conversation_id) == turns(store, conversation_id)


def test_a_backup_made_while_the_root_key_is_replaced_needs_the_new_one_alone(
    store: Store, folder: Path, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation_id = begin(store)
    say(store, conversation_id, CANARY)
    successor = RootKey.create(tmp_path / "keys" / "next.key")
    wrap = RootKey.wrap

    def only_the_first(self: RootKey, secret: bytes) -> bytes:
        monkeypatch.setattr(RootKey, "wrap", stop)
        return wrap(self, secret)

    def stop(self: RootKey, secret: bytes) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(RootKey, "wrap", only_the_first)
    with pytest.raises(KeyboardInterrupt):
        store.rotate(successor)
    monkeypatch.setattr(RootKey, "wrap", wrap)
    made = b.back_up(store, folder, NOON)

    assert restored(made, place, successor).problems == ()
    with closing(Store.open(place, successor)) as again:
        assert turns(again, conversation_id) == turns(store, conversation_id)


def test_while_the_root_key_is_replaced_the_newest_keys_are_taken_whichever_they_lie_under(
    store: Store, root: RootKey, folder: Path, place: Path, tmp_path: Path
) -> None:
    conversation_id, other = begin(store), begin(store)
    say(store, conversation_id, CANARY)
    made = b.back_up(store, folder, NOON)
    successor = RootKey.create(tmp_path / "keys" / "next.key")
    store.rotate(successor)
    with store.begin() as kept:
        kept.forgetting.conversation(other, Rule.ASKED, NOON)
    newer = b.back_up(store, folder, NOON + timedelta(minutes=15))

    without = b.restore(made.words, place.with_name("without.sqlite3"), root, NOON)
    outcome = b.restore(made.words, place, root, NOON, verifying=True, also=[successor])

    assert (without.forgotten, without.passed_over) == (0, (newer.keys,)), "what cannot be used is named"
    assert (outcome.problems, outcome.forgotten, outcome.passed_over) == ((), 1, ())
    with closing(Store.open(place, successor)) as again:
        assert turns(again, conversation_id) == turns(store, conversation_id)


def test_another_root_key_opens_nothing_and_the_right_one_is_named(
    store: Store, root: RootKey, folder: Path, place: Path, tmp_path: Path
) -> None:
    begin(store)
    made = b.back_up(store, folder, NOON)
    another = RootKey.create(tmp_path / "another.key")

    with pytest.raises(KeyProblem, match=f"under root key {root.key_id}, not under {another.key_id}"):
        restored(made, place, another)
    assert not place.exists()


# --- what is wrong with a file ----------------------------------------------------------------------------------------


def flip(path: Path, at: int) -> None:
    """Change one byte."""
    written = bytearray(path.read_bytes())
    written[at] ^= 1
    path.write_bytes(bytes(written))


@pytest.fixture
def made(store: Store, folder: Path) -> b.BackedUp:
    """A backup of more than one frame."""
    conversation_id = begin(store)
    for _ in range(60):
        say(store, conversation_id, "I want to stay in my own home. " * 1_200)
    backed_up = b.back_up(store, folder, NOON)
    assert backed_up.words.stat().st_size > 2 * FRAME_BYTES
    return backed_up


@pytest.mark.parametrize("where", [0, 30, 400, 2_000, FRAME_BYTES + 1_000, -1])
def test_a_flipped_byte_is_found_wherever_it_is(made: b.BackedUp, root: RootKey, place: Path, where: int) -> None:
    flip(made.words, where)

    with pytest.raises(NotRestored, match=r"damaged or cut off|no backup of Own Words|no keys for"):
        restored(made, place, root)
    assert not place.exists()
    assert list(place.parent.iterdir()) == []


@pytest.mark.parametrize("share", [0, 0.00001, 0.0001, 0.5, 0.99])
def test_a_file_that_was_cut_off_is_found(made: b.BackedUp, root: RootKey, place: Path, share: float) -> None:
    os.truncate(made.words, int(made.words.stat().st_size * share))

    with pytest.raises(NotRestored, match=r"damaged or cut off|no backup of Own Words"):
        restored(made, place, root)
    assert not place.exists()


def test_a_file_that_was_cut_off_between_two_frames_is_found(made: b.BackedUp, root: RootKey, place: Path) -> None:
    written = made.words.read_bytes()
    head = len(MAGIC) + 4 + int.from_bytes(written[len(MAGIC) : len(MAGIC) + 4])
    os.truncate(made.words, head + FRAME_BYTES + 16)

    with pytest.raises(NotRestored, match="damaged or cut off"):
        restored(made, place, root)


def test_two_frames_in_each_others_place_are_found(made: b.BackedUp, root: RootKey, place: Path) -> None:
    written = made.words.read_bytes()
    head = len(MAGIC) + 4 + int.from_bytes(written[len(MAGIC) : len(MAGIC) + 4])
    one, two = head + FRAME_BYTES + 16, head + 2 * (FRAME_BYTES + 16)
    made.words.write_bytes(written[:head] + written[one:two] + written[head:one] + written[two:])

    with pytest.raises(NotRestored, match="damaged or cut off"):
        restored(made, place, root)


def test_a_file_of_a_newer_version_is_told_from_a_damaged_one(made: b.BackedUp, root: RootKey, place: Path) -> None:
    def says(changed: bytes, instead: bytes) -> None:
        made.words.write_bytes(written.replace(changed, instead, 1))

    written = made.words.read_bytes()
    says(f'"migration": "{tables.REVISION}"'.encode(), b'"migration": "9999"')
    with pytest.raises(NotRestored, match=r"newer version of Own Words.*9999"):
        restored(made, place, root)
    says(b'"form": 1', b'"form": 2')
    with pytest.raises(NotRestored, match="newer version of Own Words"):
        restored(made, place, root)


def test_a_file_of_keys_and_any_other_file_are_told_from_a_backup(
    made: b.BackedUp, root: RootKey, place: Path, tmp_path: Path
) -> None:
    (tmp_path / "letter.txt").write_text("Dear Ms Achterberg")
    for path, said in (
        (made.keys, "file of keys"),
        (tmp_path / "letter.txt", "no backup"),
        (tmp_path / "none", "No such"),
    ):
        with pytest.raises(NotRestored, match=said):
            b.restore(path, place, root, NOON)
    assert not place.exists()


def test_a_manifest_names_what_is_missing(store: Store, folder: Path, tmp_path: Path) -> None:
    filled = fill(store)
    manifest = b.back_up(store, folder, NOON).manifest
    with closing(sqlite3.connect(tmp_path / "var" / "ownwords.sqlite3")) as live:
        shutil.copy(tmp_path / "var" / "ownwords.sqlite3", tmp_path / "copy.sqlite3")
        live.execute("VACUUM INTO ?", (str(tmp_path / "planted.sqlite3"),))
    with closing(sqlite3.connect(tmp_path / "planted.sqlite3")) as planted:
        assert b.missing_from(manifest, b.manifest_of(planted)) == []
        planted.execute("UPDATE conversations SET length = length - 1 WHERE conversation_id = ?", (filled.first,))
        planted.execute("DELETE FROM conversations WHERE conversation_id = ?", (filled.second,))
        planted.execute("DELETE FROM logs WHERE log = 'audit'")
        found = {str(one) for one in b.missing_from(manifest, b.manifest_of(planted))}

    assert f"conversations, conversation {filled.second}: it was in the backup and is missing" in found
    assert f"conversations, conversation {filled.first}: it does not end as it did in the backup" in found
    assert "logs, log audit: it does not end as it did in the backup" in found
    count = manifest.rows["conversations"]
    assert f"conversations: the backup had {count} rows of it; there are {count - 1}" in found


def rewritten(made: b.BackedUp, store: Store, change: Callable[[sqlite3.Connection], str]) -> None:
    """Put another database into the file of words, as somebody with all the keys could; the manifest stays."""
    secret = store.derive(b.Purpose.BACKED_UP_WORDS)
    within = made.words.with_name("within.sqlite3")
    b._take_words_out(made.words, secret, within)
    with closing(sqlite3.connect(within)) as planted:
        migration = change(planted)
        manifest = made.manifest if migration == tables.REVISION else b.manifest_of(planted)
    head = replace(b.head_of(made.words), migration=migration)
    with made.words.open("wb") as file:
        writer = b._writer(file, head, secret)
        said = manifest.written()
        writer.write(len(said).to_bytes(8) + said + within.read_bytes())
        writer.finish()
    within.unlink()


def test_a_conversation_taken_out_with_everything_of_it_is_named_and_nothing_is_restored(
    store: Store, root: RootKey, folder: Path, place: Path
) -> None:
    conversation_ids = [begin(store), begin(store)]
    made = b.back_up(store, folder, NOON)

    def take_out(planted: sqlite3.Connection) -> str:
        planted.execute("DELETE FROM conversations WHERE conversation_id = ?", (conversation_ids[1],))
        planted.commit()
        return tables.REVISION

    rewritten(made, store, take_out)

    found = {str(one) for one in restored(made, place, root).problems}
    assert f"conversations, conversation {conversation_ids[1]}: it was in the backup and is missing" in found
    assert not place.exists()


def test_a_backup_of_an_earlier_version_is_brought_up_to_date(
    store: Store, root: RootKey, folder: Path, place: Path
) -> None:
    conversation_id = begin(store)
    say(store, conversation_id, CANARY)
    made = b.back_up(store, folder, NOON)

    def as_before(planted: sqlite3.Connection) -> str:
        path = planted.execute("PRAGMA database_list").fetchone()[2]
        engine = create_engine(f"sqlite:///{path}")
        with engine.begin() as connection:
            migrating.downgrade(connection, "0008")
        engine.dispose()
        return "0008"

    rewritten(made, store, as_before)

    assert restored(made, place, root).problems == ()
    with closing(Store.open(place, root)) as again:
        assert turns(again, conversation_id) == turns(store, conversation_id)


def test_what_a_killed_backup_left_is_removed_at_the_next_start(store: Store, file: Path) -> None:
    left = file.parent / "backing-up" / "whole.sqlite3"
    left.parent.mkdir()
    left.write_bytes(b"sealed words, and their keys")

    b.tidy_up(store)

    assert not left.parent.exists()


# --- where nothing is restored ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["", "-wal", "-shm", "-journal"])
def test_nothing_is_restored_over_a_database(store: Store, root: RootKey, folder: Path, place: Path, end: str) -> None:
    begin(store)
    made = b.back_up(store, folder, NOON)
    place.parent.mkdir()
    there = place.with_name(place.name + end)
    there.write_bytes(b"somebody's words")

    with pytest.raises(NotRestored, match="never over one"):
        restored(made, place, root)
    assert there.read_bytes() == b"somebody's words"


def test_who_was_in_when_the_backup_was_made_is_not_in_afterwards(
    store: Store, root: RootKey, folder: Path, place: Path
) -> None:
    conversation_id = fill(store).first
    with store.begin() as kept:
        kept.visits.open(f"{COOKIE} of another day", conversation_id, NOON, idle_minutes=30)
    made = b.back_up(store, folder, NOON)
    restored(made, place, root)

    with closing(sqlite3.connect(place)) as again:
        for table in ("visits", "sessions", "links"):
            assert again.execute(f"SELECT count(*) FROM {table} WHERE ended_at IS NULL").fetchone() == (0,)
        assert again.execute("SELECT act FROM audit ORDER BY number DESC").fetchone() == ("restored",)


# --- when none can be made --------------------------------------------------------------------------------------------


def test_a_folder_that_cannot_be_made_is_named(store: Store, tmp_path: Path) -> None:
    (tmp_path / "in-the-way").write_text("")

    with pytest.raises(NotBackedUp, match=r"in-the-way.*could not be written"):
        b.back_up(store, tmp_path / "in-the-way" / "backups", NOON)


def test_a_damaged_database_is_not_taken_for_a_backup(store: Store, file: Path, folder: Path) -> None:
    fill(store)
    earlier = b.back_up(store, folder, NOON)
    store.close()
    with closing(sqlite3.connect(file)) as live:
        live.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page = live.execute("SELECT rootpage FROM sqlite_master WHERE name = 'turns'").fetchone()[0] - 1
    with file.open("rb+") as damaged:
        damaged.seek(page * 4096)
        damaged.write(b"\xff" * 1024)

    with pytest.raises(NotBackedUp, match="python -m bot verify"):
        b.back_up(store, folder, NOON + HOUR)
    assert sorted(folder.iterdir()) == sorted([earlier.words, earlier.keys])


BACKING_UP = """
import sys
from datetime import datetime
from pathlib import Path
from bot.store import RootKey, Store, backups
file, key, folder, now = sys.argv[1:]
store = Store.open(Path(file), RootKey.read(Path(key)))
print("open", flush=True)
try:
    backups.back_up(store, Path(folder), datetime.fromisoformat(now))
except backups.NotBackedUp as error:
    raise SystemExit(str(error))
"""


def backing_up(file: Path, tmp_path: Path, folder: Path, **more: object) -> "subprocess.Popen[str]":
    """Make a backup in a process of its own."""
    arguments = [str(file), str(tmp_path / "keys" / "root.key"), str(folder), (NOON + HOUR).isoformat()]
    return subprocess.Popen(
        [sys.executable, "-c", BACKING_UP, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **more,  # type: ignore[call-overload]
    )


@pytest.mark.parametrize("room", [200_000, 1_000_000, 3_000_000])
def test_where_the_disk_is_full_there_is_no_half_backup(
    made: b.BackedUp, file: Path, folder: Path, tmp_path: Path, room: int
) -> None:
    process = backing_up(
        file, tmp_path, folder, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    )
    _, told = process.communicate()

    assert process.returncode == 1
    assert told.startswith("No backup was made")
    assert len(told.splitlines()) == 1
    assert sorted(folder.iterdir()) == sorted([made.words, made.keys])
    assert [path for path in file.parent.iterdir() if path.name == "backing-up"] == []


def test_killed_half_way_it_leaves_no_half_backup_and_the_next_one_tidies_up(
    made: b.BackedUp, store: Store, root: RootKey, file: Path, folder: Path, place: Path, tmp_path: Path
) -> None:
    scratch = file.parent / "backing-up"
    half_way = [
        (scratch, "whole*"),
        (scratch, "without*"),
        (folder, "*words.backup.part"),
        (folder, "*keys.backup.part"),
    ]
    left = 0
    for where, name in half_way:
        shutil.rmtree(scratch, ignore_errors=True)
        for part in folder.glob("*.part"):
            part.unlink()
        process = backing_up(file, tmp_path, folder)
        while process.poll() is None and not list(where.glob(name)):
            pass
        process.kill()
        process.communicate()
        left += bool(list(folder.glob("*.part")) or scratch.exists())
        # Only the last of them may have been too quick for us: then it is whole.
        for kept in b.listed(folder):
            if kept.what is b.What.WORDS:
                assert b.restore(kept.path, place, root, NOON, verifying=True).problems == ()
                place.unlink()

    assert left
    last = b.back_up(store, folder, NOON + 2 * HOUR)
    assert list(folder.glob("*.part")) == []
    assert not scratch.exists()
    assert restored(last, place, root).problems == ()


def test_two_backups_are_not_made_at_once(store: Store, file: Path, folder: Path) -> None:
    with b._alone(file.parent / "backing-up"), pytest.raises(NotBackedUp, match="Another backup is being made"):
        b.back_up(store, folder, NOON)
