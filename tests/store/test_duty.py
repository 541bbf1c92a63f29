"""Duty: of several processes that share a store, one does what is done once; it is given on when that one ends."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.conversation import Kind, Speaker, Stage
from bot.duties import on_duty
from bot.settings import ROOT
from bot.store import RootKey, Rule, Store
from tests.postgresql import Server
from tests.store.filling import NOON

ASKS = """
import sys
from pathlib import Path
from bot.store import RootKey, Store
store = Store.open(sys.argv[1], RootKey.read(Path(sys.argv[2])))
for line in sys.stdin:
    print(store.duty.is_ours(), flush=True)
"""


@pytest.fixture(params=["file", "server"])
def address(request: pytest.FixtureRequest, file: Path, root: RootKey) -> str:
    """A store in a file, and one in a server's database."""
    if request.param == "file":
        made = f"sqlite:///{file}"
    else:
        server: Server = request.getfixturevalue("postgresql")
        made = server.database()
    Store.migrate(made, root, NOON)
    return made


class Process:
    """Another process that has the same store open."""

    def __init__(self, address: str, key: Path) -> None:
        command = [sys.executable, "-c", ASKS, address, str(key)]
        self._there = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)

    def is_on_duty(self) -> bool:
        """Ask it."""
        assert self._there.stdin is not None
        assert self._there.stdout is not None
        self._there.stdin.write("\n")
        self._there.stdin.flush()
        return self._there.stdout.readline() == "True\n"

    def dies(self) -> None:
        """Kill it."""
        self._there.kill()
        self._there.communicate()


@contextmanager
def another(address: str, key: Path) -> Iterator[Process]:
    """Have another process, until it is killed."""
    process = Process(address, key)
    try:
        yield process
    finally:
        process.dies()


def test_one_process_has_it_until_it_dies(address: str, root: RootKey, tmp_path: Path) -> None:
    key = tmp_path / "keys" / "root.key"
    with another(address, key) as first, another(address, key) as second:
        assert [first.is_on_duty(), second.is_on_duty(), first.is_on_duty()] == [True, False, True]
        with closing(Store.open(address, root)) as here:
            done: list[str] = []
            on_duty(here, lambda: done.append("not ours"))
            first.dies()
            # A server may need a moment to see that nobody is there any more.
            while not second.is_on_duty():
                on_duty(here, lambda: done.append("ours"))
                if done:
                    break
            assert len(done) + second.is_on_duty() == 1
            assert "not ours" not in done


def test_it_is_given_on_where_a_process_ends(address: str, root: RootKey) -> None:
    with closing(Store.open(address, root)) as there:
        with closing(Store.open(address, root)) as here:
            assert here.duty.is_ours()
            assert not there.duty.is_ours()
        assert there.duty.is_ours()
        assert there.duty.is_ours()


def test_a_connection_that_was_cut_is_no_duty_any_more(postgresql: Server, root: RootKey) -> None:
    address = postgresql.database()
    Store.migrate(address, root, NOON)
    with closing(Store.open(address, root)) as here, closing(Store.open(address, root)) as there:
        assert here.duty.is_ours()
        with there.engine.begin() as connection:
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> 0")
            )
        assert there.duty.is_ours()
        assert not here.duty.is_ours()


def says_something(store: Store) -> str:
    """Keep a conversation of one turn."""
    with store.begin() as kept:
        conversation_id = kept.conversations.begin(
            stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=NOON, interview_version="1"
        )
        kept.conversations.add(
            conversation_id, speaker=Speaker.PERSON, kind=Kind.WORDS, said_at=NOON, words="I want my own front door."
        )
    return conversation_id


def test_what_another_process_forgot_is_let_go_of_here(address: str, root: RootKey) -> None:
    with closing(Store.open(address, root)) as here, closing(Store.open(address, root)) as there:
        conversation_id = says_something(here)
        with there.reading() as seen:
            assert seen.conversations.turns(conversation_id)[0].words == "I want my own front door."
        here.let_go_of_the_forgotten()
        there.let_go_of_the_forgotten()
        assert there._remembered.get(conversation_id)
        with here.begin() as kept:
            kept.forgetting.conversation(conversation_id, Rule.ASKED, NOON)
        there.let_go_of_the_forgotten()
        assert not there._remembered.get(conversation_id)
