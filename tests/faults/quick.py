"""A house that lives and dies quickly: its lives are forked, and its dialogue engine outlives them."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Self

import httpx

from bot.dialogue import SECRET_HEADER, box_environment, free_port
from bot.settings import ROOT
from bot.settings import load as load_settings
from bot.store import RootKey, Store
from tests.faults.houses import ADDRESS, until
from tests.faults.killing import ARMED
from tests.faults.living import BOX_ADDRESS, SECRET, Life
from tests.faults.planting import Plant
from tests.faults.telling import Teller
from tests.house import PATIENCE, House


class StandingEngine:
    """The real dialogue engine, standing beside whatever app asks it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.actions_port = free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}/webhooks/own_words",
            headers={SECRET_HEADER: SECRET},
            timeout=PATIENCE,
            trust_env=False,
        )

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    def start(self, model: Path) -> Self:
        """Start it, and return when it asks its first question."""
        more = {
            "OWNWORDS_BOX_SECRET": SECRET,
            "OWNWORDS_ACTIONS_URL": f"http://127.0.0.1:{self.actions_port}/webhook",
        }
        self.folder.mkdir(parents=True, exist_ok=True)
        where = ["-i", "127.0.0.1", "-p", str(self.port), "-m", str(model)]
        files = ["--credentials", "credentials.yml", "--endpoints", "endpoints.yml"]
        with (self.folder / "engine.log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(load_settings().box_python), "box/leash.py", str(os.getpid()), "rasa", "run", *where, *files],
                cwd=ROOT,
                env=box_environment(self.folder, more),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        until(self._is_ready, "the dialogue engine is ready", patience=1_800)
        return self

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.folder / "engine.log").read_text(errors="replace")
        time.sleep(0.2)
        with contextlib.suppress(httpx.HTTPError):
            return self.http.get("/ready").status_code == httpx.codes.OK
        return False

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        """End it for good."""
        self.kill()
        self.http.close()


class Nursery:
    """Where lives are begun, one at a time: what every one of them needs is imported there already."""

    def __init__(self, folder: Path, *, under: Sequence[str] = (), more: Mapping[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.said: list[str] = []
        self.pid = 0
        """The process of the life that was begun last."""
        self.address = ""
        self._heard: queue.Queue[str] = queue.Queue()
        self._process = subprocess.Popen(
            [*under, sys.executable, "-m", "tests.faults.living"],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(folder), **(more or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def begin(self, life: Life) -> None:
        """Begin a life, and return when its pages can be opened."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{json.dumps(asdict(life))}\n")
        self._process.stdin.flush()
        self._hear_until("life ")
        self._hear_until("Own Words is at ")

    def end(self) -> int:
        """Wait until the life has ended, and say how: minus the signal, or its status."""
        self._hear_until("ended ")
        self.pid = 0
        return int(self.said[-1].split()[1])

    def close(self) -> None:
        """Give no other life."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reading.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._heard.put(line.rstrip())
        self._heard.put("")

    def _hear_until(self, beginning: str) -> None:
        while True:
            try:
                line = self._heard.get(timeout=PATIENCE)
            except queue.Empty:
                raise AssertionError(f"it never said {beginning!r}: {self.said[-10:]}") from None
            assert line or self._process.poll() is None, self.said[-30:]
            self.said = [*self.said[-100:], line]
            if line.startswith("life "):
                self.pid = int(line.split()[1])
            elif found := ADDRESS.search(line):
                self.address = found[1]
            if line.startswith("ended "):
                self.pid = 0
                assert beginning == "ended ", self.said[-30:]
            if beginning in line:
                return


class QuickHouse(House):
    """One house, with life after life."""

    def __init__(self, folder: Path, engine: StandingEngine, nursery: Nursery, **settings: str) -> None:
        # Few people begin one conversation after another here: nobody is to wait for that.
        super().__init__(folder, actions_port=str(engine.actions_port), beginnings="99999", **settings)
        self.engine = engine
        self.nursery = nursery
        self.take_the_trained_model()
        self.armed = folder / "armed"
        self.beside = ""
        """How its database is reached from beside it, where that is another way than the app's."""

    @property
    def environment(self) -> dict[str, str]:
        """As any house; temporary files stay in its folder."""
        temporary = self.folder / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        own = {"TMPDIR": str(temporary), BOX_ADDRESS: f"http://127.0.0.1:{self.engine.port}", ARMED: str(self.armed)}
        return {**super().environment, **own}

    @property
    def pid(self) -> int:
        """The process of the app."""
        return self.nursery.pid

    @contextlib.contextmanager
    def store(self) -> Iterator[Store]:
        """Open the store beside it."""
        address = self.beside or self.settings.get("database", f"sqlite:///{self.database}")
        store = Store.open(address, RootKey.read(self.key))
        try:
            yield store
        finally:
            store.close()

    def open(self, *, dies: str = "", plant: Plant | None = None) -> Self:
        """Begin a life, and return when its pages can be opened."""
        self.address = ""
        self.nursery.begin(Life(self.environment, dies, plant or ""))
        self.address = self.nursery.address
        return self

    def wait_until_ready(self) -> Self:
        """Return when the first question can be asked."""
        with self.browser() as browser:
            until(lambda: browser.get("/readyz").status_code == httpx.codes.OK, "the question can be asked")
        return self

    def kill(self) -> None:
        """End the life at once, wherever it is."""
        self.tell(signal.SIGKILL)
        self.wait_until_it_died()

    def tell(self, told: signal.Signals) -> None:
        """Send the app a signal."""
        os.kill(self.pid, told)

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Hold the app still, as time stands still for a disk when the power goes."""
        self.tell(signal.SIGSTOP)
        try:
            until(self._stands_still, "the app stands still")
            yield
        finally:
            self.tell(signal.SIGCONT)

    def _stands_still(self) -> bool:
        tasks = Path(f"/proc/{self.pid}/task")
        return all((task / "stat").read_text().rpartition(")")[2].split()[0] == "T" for task in tasks.iterdir())

    def wait_until_it_died(self) -> None:
        """Return when the life has ended, killed."""
        ended = self.nursery.end()
        assert ended == -signal.SIGKILL, (ended, self.nursery.said[-30:])

    def close(self) -> None:
        """End the life, if there is one."""
        if self.pid:
            self.tell(signal.SIGKILL)
            self.wait_until_it_died()


def acknowledged(people: Sequence[Teller]) -> int:
    """How many forms of theirs were."""
    return sum(len(one.acknowledged) for one in people)


@contextlib.contextmanager
def talking(people: Sequence[Teller], house: House) -> Iterator[None]:
    """Let patient people talk for as long as the block lasts, whatever becomes of the house.

    Whatever else surprises one of them is raised.
    """
    told = threading.Event()
    for one in people:
        one.move_to(house)
    with ThreadPoolExecutor(len(people)) as threads:
        going_on = [threads.submit(one.talk_until, told) for one in people]
        try:
            yield
        finally:
            told.set()
        for one in going_on:
            one.result()
