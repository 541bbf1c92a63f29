"""Memory and threads, or file handles, used up while people talk."""

import contextlib
import resource
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.faults.disks import more_said
from tests.faults.houses import is_there, until
from tests.faults.outcomes import Outcome, Yard, out_of_turn, verified
from tests.faults.planting import Plant
from tests.faults.quick import QuickHouse, talking
from tests.faults.telling import Teller, compare

BACK_WITHIN = 10.0
CONNECTIONS = 100
HELD_FOR = 4
"""Seconds."""
LITTLE = 1 << 20
"""Bytes of address space that are left: too few for a thread, or for a page of any size."""


def outcomes(yard: Yard) -> Iterator[Outcome]:
    """Use up one and the other."""
    for fault, used_up in (("file handles used up", _handles_used_up), ("memory and threads used up", _memory_used_up)):
        outcome = Outcome(fault, "sheds load, corrupts nothing", back_within=BACK_WITHIN)
        with yard.house(f"{fault} planted") as house:
            planted = yard.tellers(f"{fault} planted", are_patient=True)
            house.open(plant=Plant.LOSES).wait_until_ready()
            with talking(planted, house):
                until(more_said(planted, 30), "much is said")
            outcome.planted = len(compare(house, planted).lost)
        with yard.house(fault) as house:
            people = yard.tellers(fault, are_patient=True)
            house.open().wait_until_ready()
            with talking(people, house):
                for _ in range(yard.times(10, 1)):
                    until(more_said(people, 4), "people talk")
                    with used_up(house):
                        time.sleep(HELD_FOR)
                    began = time.monotonic()
                    until(more_said(people, len(people)), "it goes on by itself")
                    outcome.back.append(time.monotonic() - began)
                    outcome.times += 1
                    yard.show(outcome)
            if not is_there(house.pid):
                outcome.problems.append("the app ended")
            _see(yard, house, people, outcome)
        yield outcome


def _see(yard: Yard, house: QuickHouse, people: Sequence[Teller], outcome: Outcome) -> None:
    outcome.found = compare(house, people)
    outcome.problems += [*out_of_turn(house, people, yard.road), *verified(house)]


@contextmanager
def _limited(house: QuickHouse, what: int, to: int) -> Iterator[None]:
    soft, hard = resource.prlimit(house.pid, what)
    resource.prlimit(house.pid, what, (to, hard))
    try:
        yield
    finally:
        resource.prlimit(house.pid, what, (soft, hard))


@contextmanager
def _handles_used_up(house: QuickHouse) -> Iterator[None]:
    open_now = len(list(Path(f"/proc/{house.pid}/fd").iterdir()))
    host, _, port = house.address.removeprefix("http://").rpartition(":")
    with _limited(house, resource.RLIMIT_NOFILE, open_now + 2), ExitStack() as stack:
        for _ in range(CONNECTIONS):
            with contextlib.suppress(OSError):
                stack.enter_context(socket.create_connection((host, int(port)), timeout=1))
        yield


@contextmanager
def _memory_used_up(house: QuickHouse) -> Iterator[None]:
    status = Path(f"/proc/{house.pid}/status").read_text()
    size = next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmSize"))
    with _limited(house, resource.RLIMIT_AS, size + LITTLE):
        yield
