"""A migration of many rows, killed at any moment: the tables are the old ones or the new ones, with every row in them.

`python -m tests.faults.schemas DATABASE KEY` migrates, and says when it begins.
"""

import hashlib
import random
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bot.conversation import Kind, Speaker, Stage
from bot.settings import ROOT
from bot.store import RootKey, Store, database, migrating, tables
from bot.store.verifying import verify
from tests.faults.outcomes import Outcome, Yard
from tests.talking import DATABASE, KEY, NOW, make_empty

OLD = "0002"
"""A migration that many others came after; what it had can be made from what there is now, and back."""
TURNS_EACH = 50
ROWS_AT_ONCE = 10_000


def outcomes(yard: Yard) -> Iterator[Outcome]:
    """Kill it again and again, each time with a copy of the same old database."""
    rows = yard.times(100_000, 2_000)
    outcome = Outcome(f"migration of {rows:,} turns killed half way", "old or new, never between; every row there")
    folder = yard.folder / "migration"
    folder.mkdir()
    old = make_old(folder / "old", rows)
    before = digest_of(old)
    whole = _copied(old, folder / "whole")
    began = time.monotonic()
    assert _migrate(whole, None) == 0
    took = time.monotonic() - began
    outcome.problems += _looked_at(whole, before, wants_new=True)
    outcome.planted = len(_looked_at(_damaged(whole, folder / "planted"), before, wants_new=True))
    chance = random.Random("migration")
    new = 0
    for number in range(yard.times(50, 3)):
        copy = _copied(old, folder / f"killed-{number}")
        # Most of them early: what changes the tables comes first, what is worked out from the rows after it.
        _migrate(copy, took * chance.random() ** 3)
        outcome.times += 1
        outcome.found.acknowledged += rows
        outcome.problems += _looked_at(copy, before, wants_new=False)
        new += revision_of(copy) == tables.REVISION
        if number % 10 == 0:
            assert _migrate(copy, None) == 0
            outcome.problems += _looked_at(copy, before, wants_new=True)
        shutil.rmtree(copy.parent)
        yard.show(outcome, every=10)
    yard.say(f"migration killed {outcome.times} times: {outcome.times - new} old, {new} new, whole in {took:.1f} s")
    yield outcome


def make_old(folder: Path, rows: int) -> Path:
    """Make a database as an early migration left it, with so many turns."""
    folder.mkdir()
    make_empty(folder)
    file = folder / DATABASE
    store = Store.open(file, RootKey.read(folder / KEY))
    for first in range(0, rows, ROWS_AT_ONCE):
        with store.gathering() as (kept, _):
            for _number in range(first, min(first + ROWS_AT_ONCE, rows), TURNS_EACH):
                conversation_id = kept.conversations.begin(
                    stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=NOW, interview_version="1"
                )
                for turn in range(TURNS_EACH):
                    kept.conversations.add(
                        conversation_id,
                        speaker=Speaker.PERSON,
                        kind=Kind.WORDS,
                        said_at=NOW,
                        words=f"I said this as thing {turn}, and nobody is to lose it. " * 4,
                        token=f"{conversation_id}-{turn}",
                    )
    store.close()
    engine = database.connect(database.url_of(file))
    with engine.begin() as connection:
        migrating.downgrade(connection, OLD)
    engine.dispose()
    with closing(sqlite3.connect(file)) as below:
        below.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file


def revision_of(file: Path) -> str:
    """Which migration's tables these are."""
    with closing(sqlite3.connect(file)) as below:
        return str(below.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def digest_of(file: Path) -> tuple[int, str]:
    """How many turns there are, and a digest of all that the old tables hold of them."""
    value, rows = hashlib.sha256(), 0
    with closing(sqlite3.connect(file)) as below:
        asked = "SELECT conversation_id, number, said_at, token, words FROM turns ORDER BY conversation_id, number"
        for row in below.execute(asked):
            value.update(repr(row).encode())
            rows += 1
    return rows, value.hexdigest()


def _looked_at(file: Path, before: tuple[int, str], *, wants_new: bool) -> list[str]:
    """What is wrong with it; with new tables, also everything that `verify` finds."""
    found = []
    with closing(sqlite3.connect(file)) as below:
        names = {row[0] for row in below.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        found += [str(row[0]) for row in below.execute("PRAGMA integrity_check(3)") if row[0] != "ok"]
    revision = revision_of(file)
    is_new = revision == tables.REVISION
    if revision not in {OLD, tables.REVISION} or (wants_new and not is_new):
        found.append(f"the tables are those of {revision}")
    if is_new != (set(tables.metadata.tables) <= names):
        found.append(f"the tables say {revision}, and are others")
    if digest_of(file) != before:
        found.append("the turns are not those that there were")
    if wants_new and not found:
        store = Store.open(file, RootKey.read(file.parent / KEY))
        found += [str(problem) for problem in verify(store)]
        store.close()
    return found


def _copied(old: Path, folder: Path) -> Path:
    folder.mkdir()
    for name in (DATABASE, KEY):
        shutil.copy(old.parent / name, folder / name)
    return folder / DATABASE


def _damaged(whole: Path, folder: Path) -> Path:
    """A copy from which one turn is missing, as if the migration had let it fall."""
    file = _copied(whole, folder)
    with closing(sqlite3.connect(file)) as below:
        for (trigger,) in below.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            below.execute(f'DROP TRIGGER "{trigger}"')
        below.execute("DELETE FROM turns WHERE rowid = (SELECT max(rowid) FROM turns)")
        below.commit()
    return file


def _migrate(file: Path, kill_after: float | None) -> int:
    """Migrate in a process of its own; kill it so many seconds after it began. Give how it ended."""
    command = [sys.executable, "-m", "tests.faults.schemas", str(file), str(file.parent / KEY)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    if kill_after is not None:
        time.sleep(kill_after)
        process.kill()
    process.stdout.close()
    return process.wait()


if __name__ == "__main__":
    import alembic.command  # noqa: F401 what takes long is done before it begins

    print("begins", flush=True)  # noqa: T201 it is how it says so
    Store.migrate(Path(sys.argv[1]), RootKey.read(Path(sys.argv[2])), datetime.now(UTC))
