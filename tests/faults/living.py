"""Lives of the product that cost little: `python -m tests.faults.living`.

All is imported and read once. Each line that it is told begins one life: a process of its own, which serves as
`python -m bot serve` does. Its dialogue engine stands beside it and outlives it.
"""

import asyncio
import contextlib
import ctypes
import functools
import json
import os
import signal
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import alembic.command  # noqa: F401 what migrating needs
import uvicorn.protocols.http.h11_impl  # noqa: F401
from jinja2 import Environment, FileSystemBytecodeCache

import bot.store.migrating
import bot.web.app  # noqa: F401
from bot import cli, serving
from bot.dialogue import Box
from bot.web import pages
from tests.faults.killing import POINTS
from tests.faults.planting import PLANTED, Plant

BOX_ADDRESS = "FAULTS_BOX_ADDRESS"
SECRET = "the secret of a dialogue engine that outlives the app"
LOOKED_EVERY = 0.1
FAILING_WRITES = 0.05
"""How likely each write to the database's files, and each order to put them on the disk, is to fail where they do."""
FAILS = (b"posix/io/sync/fsync", b"posix/io/sync/fdatasync", b"posix/io/rw/pwrite", b"posix/io/rw/pwrite64")
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Life:
    """What is to be of one life."""

    environment: dict[str, str]
    dies: str = ""
    """The point at which it kills itself once it is armed."""
    plant: str = ""
    """What it does wrong."""


class StandingBox(Box):
    """A dialogue engine that somebody else looks after."""

    def __init__(self, **told: Any) -> None:
        super().__init__(**{**told, "port": int(os.environ[BOX_ADDRESS].rpartition(":")[2]), "secret": SECRET})

    async def _watch(self) -> None:
        while True:
            if self.client.is_ready:
                self.client.is_ready = await self.client.is_alive()
            elif await self.client.answers_a_canned_turn():
                self.client.trust_again()
                self.ready.set()
            await asyncio.sleep(LOOKED_EVERY)


def prepare() -> None:
    """Read once what every life would read again, and put the standing dialogue engine in place of one's own."""
    for name in ("load_interview", "load_phrases", "load_nudges", "load_code_words"):
        setattr(serving, name, functools.cache(getattr(serving, name)))
        getattr(serving, name)()
    made, compiled = pages.environment, FileSystemBytecodeCache(tempfile.mkdtemp())

    def environment(address_of: Callable[[str], str]) -> Environment:
        here = made(address_of)
        here.bytecode_cache = compiled
        return here

    pages.environment = environment
    webhook = serving.create_webhook
    serving.create_webhook = lambda executor, _secret, receipts: webhook(executor, SECRET, receipts)
    serving.Box = StandingBox  # type: ignore[misc]


def live(life: Life) -> None:
    """Serve until told to end, or killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    os.environ.update(life.environment)
    if life.plant:
        PLANTED[Plant(life.plant)]()
    if life.dies:
        POINTS[life.dies]()
    with contextlib.suppress(OSError):
        _let_the_disk_fail_when_told()
    sys.argv = ["bot", "serve"]
    cli.main()


def _let_the_disk_fail_when_told() -> None:
    """Under `fiu-run -x`: a first signal makes the disk fail now and then, a second one makes it whole again."""
    failing = ctypes.CDLL("libfiu.so.0")

    def fail(*_: object) -> None:
        for name in FAILS:
            failing.fiu_enable_random(name, 1, None, 0, ctypes.c_float(FAILING_WRITES))

    def be_whole(*_: object) -> None:
        for name in FAILS:
            failing.fiu_disable(name)

    signal.signal(signal.SIGUSR1, fail)
    signal.signal(signal.SIGUSR2, be_whole)


def main() -> None:
    """Give life after life, one at a time, for as long as whoever began this lives."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    prepare()
    # What makes the disk fail has a thread of its own, of which no life needs anything; and Python says so in between.
    warnings.filterwarnings("ignore", message=".*multi-threaded", category=DeprecationWarning)
    for line in sys.stdin:
        life = Life(**json.loads(line))
        child = os.fork()
        if child == 0:
            status = 1
            # It says so itself, in one piece: what two processes say at once may come in one line.
            os.write(sys.stdout.fileno(), f"life {os.getpid()}\n".encode())
            try:
                live(life)
                status = 0
            except SystemExit as ended:
                status = int(ended.code or 0)
            finally:
                sys.stdout.flush()
                os._exit(status)
        _, status = os.waitpid(child, 0)
        print(f"ended {os.waitstatus_to_exitcode(status)}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
