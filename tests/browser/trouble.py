"""Trouble that a house may have: a dialogue engine that hangs, a disk without room. Afterwards all is well again."""

import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.house import House


@contextmanager
def held_up(house: House) -> Iterator[None]:
    """Let the dialogue engine hang."""
    pid = house.box_pid()
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        with suppress(ProcessLookupError):  # it may have been replaced meanwhile, as it should be after a while
            os.kill(pid, signal.SIGCONT)


@contextmanager
def without_room(house: House) -> Iterator[None]:
    """Let the app write to no file any more, as when its disk is full."""
    assert house.process is not None
    soft, hard = resource.prlimit(house.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(house.process.pid, resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.prlimit(house.process.pid, resource.RLIMIT_FSIZE, (soft, hard))
