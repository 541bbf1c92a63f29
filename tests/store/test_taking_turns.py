"""One turn at a time in a conversation, over all programs that serve one database."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.settings import ROOT
from bot.store import NotKept, RootKey, Store
from bot.store.taking_turns import TakingTurns
from tests.house import PATIENCE
from tests.postgresql import Server
from tests.store.filling import NOON

ONE, ANOTHER = "a1" * 16, "b2" * 16

HOLDS = """
import sys
from pathlib import Path
from bot.store import RootKey, Store
store = Store.open(sys.argv[1], RootKey.read(Path(sys.argv[2])))
print(store.turns.take(sys.argv[3]), flush=True)
sys.stdin.readline()
store.turns.give_back(sys.argv[3])
print("given back", flush=True)
sys.stdin.readline()
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty database is, on either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'ownwords.sqlite3'}"
    server: Server = request.getfixturevalue("postgresql")
    return server.database()


@pytest.fixture
def turns(address: str, root: RootKey) -> Iterator[TakingTurns]:
    """The turns of this program."""
    Store.migrate(address, root, NOON)
    store = Store.open(address, root)
    yield store.turns
    store.close()


@contextmanager
def another_program(address: str, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another program that holds the turn of one conversation until a line is written to it."""
    told = [sys.executable, "-c", HOLDS, address, str(tmp_path / "keys" / "root.key"), ONE]
    program = subprocess.Popen(told, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert program.stdout is not None
    assert program.stdout.readline() == "True\n"
    try:
        yield program
    finally:
        program.kill()
        program.communicate()


def test_a_turn_that_another_program_holds_is_not_to_be_had_and_others_are(
    turns: TakingTurns, address: str, tmp_path: Path
) -> None:
    with another_program(address, tmp_path) as program:
        assert not turns.take(ONE)
        assert turns.take(ANOTHER)

        assert program.stdin is not None
        assert program.stdout is not None
        program.stdin.write("\n")
        program.stdin.flush()
        assert program.stdout.readline() == "given back\n"

        assert turns.take(ONE)


def test_a_program_that_is_killed_lets_go_of_what_it_held(turns: TakingTurns, address: str, tmp_path: Path) -> None:
    with another_program(address, tmp_path) as program:
        assert not turns.take(ONE)
        program.kill()
        program.wait()

        # A server needs a moment to see that nobody is there any more.
        deadline = time.monotonic() + PATIENCE
        while not turns.take(ONE):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_turn_that_was_given_back_can_be_taken_by_another_program(
    turns: TakingTurns, address: str, tmp_path: Path
) -> None:
    for _ in range(2):
        assert turns.take(ONE)
        turns.give_back(ONE)

    with another_program(address, tmp_path):
        assert not turns.take(ONE)


def test_many_turns_are_held_over_one_connection(postgresql: Server, root: RootKey) -> None:
    address = postgresql.database()
    Store.migrate(address, root, NOON)
    store = Store.open(address, root)

    assert all(store.turns.take(f"{number:032x}") for number in range(100))
    with store.reading_rows():
        assert store.engine.pool.checkedout() == 2  # type: ignore[attr-defined]
    store.close()


def test_turns_can_be_taken_again_once_a_server_is_back(postgresql: Server, root: RootKey) -> None:
    address = postgresql.database()
    Store.migrate(address, root, NOON)
    store = Store.open(address, root)
    assert store.turns.take(ONE)

    with store.engine.connect() as other:
        other.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
        )

    with pytest.raises(NotKept):
        store.turns.take(ONE)
    assert store.turns.take(ONE)
    store.close()
