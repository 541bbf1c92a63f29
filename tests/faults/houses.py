"""A house that can be given trouble, and what is seen of it from outside: its store, its processes, its limits."""

import os
import re
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Self

import httpx
from itsdangerous import URLSafeTimedSerializer

from bot.conversation import Speaker, Turn
from bot.settings import ROOT
from bot.settings import load as load_settings
from tests.house import PATIENCE, House
from tests.walking import Shown, Walker

ADDRESS = re.compile(r"Own Words is at (\S+)")


class TroubledHouse(House):
    """A house whose program may be another one, and whose output is read all the time, so that nothing holds it up."""

    def __init__(
        self,
        folder: Path,
        *,
        program: tuple[str, ...] = ("-m", "bot"),
        more: Mapping[str, str] | None = None,
        **settings: str,
    ) -> None:
        super().__init__(folder, **settings)
        self.program = program
        self.more = dict(more or {})
        self._is_open = threading.Event()
        self._is_ready = threading.Event()
        self._reading: threading.Thread | None = None

    @property
    def environment(self) -> dict[str, str]:
        """As any house; temporary files stay in its folder, where they are looked for."""
        temporary = self.folder / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        return {**super().environment, "TMPDIR": str(temporary), **self.more}

    def open(self) -> Self:
        """Start it, and return when its pages can be opened; the first question may still be coming."""
        self._is_open.clear()
        self._is_ready.clear()
        self.process = subprocess.Popen(
            [sys.executable, *self.program, "serve"],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reading = threading.Thread(target=self._read, args=(self.process,))
        self._reading.start()
        self._wait_for(self._is_open)
        return self

    def wait_until_ready(self) -> Self:
        """Return when the first question can be asked."""
        self._wait_for(self._is_ready)
        return self

    def close(self) -> None:
        """End it as an operator would."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
            self._ended()

    def kill(self) -> None:
        """End it at once, wherever it is."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self._ended()

    def wait_until_it_died(self) -> None:
        """Return when it has ended by itself, killed."""
        assert self.process is not None
        assert self.process.wait(PATIENCE) == -signal.SIGKILL
        self._ended()

    @property
    def pid(self) -> int:
        """The process of the app."""
        assert self.process is not None
        return self.process.pid

    def without_room(self) -> AbstractContextManager[None]:
        """Let the app write to no file any more, as when its disk is full; afterwards there is room again."""
        return self._no_file_beyond(1)

    def room_for(self, more: int) -> AbstractContextManager[None]:
        """Let the log of the database grow by so many bytes and no further; afterwards there is room again."""
        with closing(sqlite3.connect(self.database)) as connection:
            # Empties it, so that what is written next is written to its end.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        return self._no_file_beyond(more)

    @contextmanager
    def _no_file_beyond(self, size: int) -> Iterator[None]:
        soft, hard = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (size, hard))
        try:
            yield
        finally:
            resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (soft, hard))

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.said.append(line.rstrip())
            if found := ADDRESS.search(line):
                self.address = found[1]
                self._is_open.set()
            elif "first question is ready" in line:
                self._is_ready.set()

    def _wait_for(self, event: threading.Event) -> None:
        deadline = time.monotonic() + PATIENCE
        while not event.wait(0.05):
            assert self.process is not None
            assert self.process.poll() is None, "it ended: " + "\n".join(self.said)
            assert time.monotonic() < deadline, "it took too long: " + "\n".join(self.said)

    def _ended(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        assert self._reading is not None
        self.process.wait()
        self._reading.join()
        self.process.stdout.close()
        self.process = None


class GatedHouse(TroubledHouse):
    """A house whose dialogue engine can be kept from starting."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._gate, python = folder / "gate-is-open", folder / "python"
        super().__init__(folder / "house", box_python=str(python))
        python.write_text(f'#!/bin/sh\ntest -e "{self._gate}" || exit 1\nexec "{load_settings().box_python}" "$@"\n')
        python.chmod(0o755)
        self.open_gate()

    def shut_gate(self) -> None:
        """Let no dialogue engine start; one that runs goes on running."""
        self._gate.unlink(missing_ok=True)

    def open_gate(self) -> None:
        """Let it start again."""
        self._gate.touch()

    def kill_box(self) -> None:
        """Kill the dialogue engine; while the gate is shut it does not come back."""
        os.kill(self.box_pid(), signal.SIGKILL)


def until(claim: Callable[[], Any], what: str, *, patience: float = PATIENCE) -> Any:
    """Wait until something is so, and give what it is."""
    deadline = time.monotonic() + patience
    while not (found := claim()):
        assert time.monotonic() < deadline, f"it never came to this: {what}"
        time.sleep(0.05)
    return found


def turns_of(house: House, conversation_id: str) -> tuple[Turn, ...]:
    """All turns of a conversation, as the store beside the running product reads them."""
    with house.store() as store, store.reading() as seen:
        return seen.conversations.turns(conversation_id)


def said(house: House, conversation_id: str) -> list[Turn]:
    """Everything that the person did, in order."""
    return [turn for turn in turns_of(house, conversation_id) if turn.speaker is Speaker.PERSON]


def times_kept(house: House, conversation_id: str, words: str) -> int:
    """How often the person's words are in the record."""
    return [turn.words for turn in said(house, conversation_id)].count(words)


def step_of(token: str) -> tuple[str, int, int, str]:
    """Read a step token as anybody can: conversation, turn on show, answer being changed, and what makes it unique."""
    _, (conversation_id, asked, revisited, unique) = URLSafeTimedSerializer("no key", salt="step").loads_unsafe(token)
    return str(conversation_id), int(asked), int(revisited), str(unique)


def conversation_of(page: Shown) -> str:
    """The conversation that a page belongs to."""
    return step_of(page.step)[0]


def go_on_until_asked(walker: Walker) -> Walker:
    """Press the waiting page's one button until there is a question."""
    walker.look()
    until(lambda: not walker.page.is_waiting or not walker.press("go_on").page.is_waiting, "the next question is there")
    return walker


@contextmanager
def window(house: House, walker: Walker) -> Iterator[Walker]:
    """Open another window of the same browser, at the page that this one shows."""
    with httpx.Client(base_url=house.address, follow_redirects=True, timeout=PATIENCE) as browser:
        browser.cookies.update(walker.browser.cookies)
        another = Walker(browser)
        another.page, another.status = walker.page, walker.status
        yield another


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return 1024 * int(next(line for line in lines if line.startswith("VmRSS")).split()[1])


def is_there(pid: int) -> bool:
    """Whether there is still such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def copy_database(house: House, to: Path) -> None:
    """Copy the database of a running house in one piece."""
    to.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(house.database)) as there, closing(sqlite3.connect(to)) as here:
        there.backup(here)
