"""The disk: without room, failing now and then, and as the power leaves it when it goes."""

import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from bot.conversation import Turn
from bot.settings import ROOT
from bot.store import RootKey, Store
from bot.store.verifying import verify
from tests.faults.houses import until
from tests.faults.living import FAILING_WRITES, FAILS
from tests.faults.outcomes import Outcome, Yard, out_of_turn, verified
from tests.faults.planting import Plant
from tests.faults.quick import Nursery, QuickHouse, acknowledged, talking
from tests.faults.telling import Compared, Teller, compare, compare_turns
from tests.talking import make_empty
from tests.tools import find_failing_disk

AT_THE_PAGES = 500
"""Of 10,000 acknowledged writes to a failing disk so many come through the pages, which takes far longer for each."""
PAGE = 4096
FRAME = 24 + PAGE
"""What one page takes in the log of an SQLite database, after the 32 bytes that the log begins with."""


# --- failing now and then ---------------------------------------------------------------------------------------------


def failing(yard: Yard) -> Iterator[Outcome]:
    """Let writing, and putting on the disk what was written, fail now and then, through the pages and below them."""
    fiu = find_failing_disk()
    if fiu is None:
        yield Outcome("failing disk", "", problems=["fiu-run is not on this machine: make tools"])
        return
    nursery = Nursery(yard.folder / "failing", under=(str(fiu), "-x"))
    try:
        yield _failing_pages(yard, nursery)
    finally:
        nursery.close()
    yield _failing_store(yard, str(fiu))


def _failing_pages(yard: Yard, nursery: Nursery) -> Outcome:
    outcome = Outcome("writes and fsync fail, one in 20, at the pages", "0 falsely acknowledged")
    with yard.house("failing-planted", nursery) as house:
        planted = yard.tellers("failing planted", are_patient=True)
        _talk_while_it_fails(house, planted, 40, plant=Plant.CALLS_KEPT)
        outcome.planted = len(compare(house, planted).lost)
    with yard.house("failing", nursery) as house:
        people = yard.tellers("failing", are_patient=True)
        outcome.times = _talk_while_it_fails(house, people, yard.times(AT_THE_PAGES, 40))
        outcome.found = compare(house, people)
        outcome.problems += [*out_of_turn(house, people, yard.road), *verified(house)]
        if not outcome.times:
            outcome.problems.append("nothing failed")
    return outcome


def _talk_while_it_fails(house: QuickHouse, people: Sequence[Teller], forms: int, plant: Plant | None = None) -> int:
    """Let people send so many forms, and say how many could not be kept at first."""
    house.open(plant=plant).wait_until_ready()
    with talking(people, house):
        until(lambda: acknowledged(people) > len(people), "everybody talks")
        house.tell(signal.SIGUSR1)
        until(lambda: acknowledged(people) >= forms, "much is said", patience=1_800)
        if plant is None:
            until(lambda: sum(one.refused for one in people) > 2, "something failed")
        house.tell(signal.SIGUSR2)
        before = acknowledged(people)
        until(lambda: acknowledged(people) > before + 1, "it goes on by itself")
    return sum(one.refused for one in people)


# Goes on until so many turns were kept; says of each that it was, and only once it was.
WRITER = f"""
import ctypes, os, sys
from pathlib import Path
from bot.store import AlreadyKept, NotKept, RootKey, Store
from tests.faults.planting import call_kept
from tests.store.filling import begin, say

file, key, writes, plant = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
store = Store.open(file, RootKey.read(key))
if plant:
    call_kept()
failing = ctypes.CDLL("libfiu.so.0")
conversation_id = ""
kept, step = 0, -1
while kept < writes:
    step += 1
    if step % 100 == 0:
        for name in {FAILS!r}:
            failing.fiu_disable(name)
        conversation_id = begin(store)
        for name in {FAILS!r}:
            failing.fiu_enable_random(name, 1, None, 0, ctypes.c_float({FAILING_WRITES}))
    try:
        say(store, conversation_id, f"words of step {{step}}", token=f"step-{{step}}")
    except NotKept as error:
        os.write(1, f"refused {{error.cause.name}}\\n".encode())
    else:
        kept += 1
        os.write(1, f"{{step}} {{conversation_id}}\\n".encode())
"""


def _failing_store(yard: Yard, fiu: str) -> Outcome:
    outcome = Outcome("writes and fsync fail, one in 20, in the store", "0 falsely acknowledged of 10,000 in all")
    outcome.planted = len(_written_while_it_fails(yard.folder / "writer-planted", fiu, 200, "planted")[0].lost)
    writes = yard.times(10_000 - AT_THE_PAGES, 200)
    outcome.found, outcome.times = _written_while_it_fails(yard.folder / "writer", fiu, writes, "")
    if not outcome.times:
        outcome.problems.append("nothing failed")
    return outcome


def _written_while_it_fails(folder: Path, fiu: str, writes: int, plant: str) -> tuple[Compared, int]:
    folder.mkdir()
    make_empty(folder)
    file, key = folder / "words.sqlite3", folder / "root.key"
    command = [fiu, "-x", sys.executable, "-c", WRITER, str(file), str(key), str(writes), plant]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    said = [line.split() for line in told if not line.startswith("refused")]
    store = Store.open(file, RootKey.read(key))
    found = Compared(acknowledged=len(said))
    with store.reading() as seen:
        kept: dict[str, list[str]] = {}
        for step, conversation_id in said:
            if conversation_id not in kept:
                kept[conversation_id] = [turn.words for turn in seen.conversations.turns(conversation_id)]
            times = kept[conversation_id].count(f"words of step {step}")
            if times != 1:
                (found.doubled if times else found.lost).append(f"step {step} is kept {times} times")
    found.altered += [str(problem) for problem in verify(store)]
    store.close()
    return found, len(told) - len(said)


# --- without room -----------------------------------------------------------------------------------------------------


def full(yard: Yard) -> Iterator[Outcome]:
    """Let the disk be full again and again while people talk."""
    outcome = Outcome("disk full while people talk", "0 falsely acknowledged, goes on alone")
    with yard.house("full-planted") as house:
        planted = yard.tellers("full planted", are_patient=True)
        _fill(house, planted, 1, plant=Plant.CALLS_KEPT)
        outcome.planted = len(compare(house, planted).lost)
    with yard.house("full") as house:
        people = yard.tellers("full", are_patient=True)
        outcome.back = _fill(house, people, yard.times(50, 2))
        outcome.times = len(outcome.back)
        outcome.found = compare(house, people)
        outcome.problems += [*out_of_turn(house, people, yard.road), *verified(house)]
    yield outcome


def _fill(house: QuickHouse, people: Sequence[Teller], times: int, plant: Plant | None = None) -> list[float]:
    back = []
    house.open(plant=plant).wait_until_ready()
    chance = random.Random(times)
    with talking(people, house):
        for _ in range(times):
            until(more_said(people, 5), "people talk")
            refused = sum(one.refused for one in people)
            with _no_file_beyond(house, _log_size(house) + chance.randrange(40_000)):
                until(_enough_refused(people, refused, plant), "the disk is full")
            began = time.monotonic()
            until(more_said(people, 1), "it goes on by itself")
            back.append(time.monotonic() - began)
    return back


def _log_size(house: QuickHouse) -> int:
    return house.database.with_name(f"{house.database.name}-wal").stat().st_size


def more_said(people: Sequence[Teller], more: int) -> Callable[[], bool]:
    """Ask whether so many forms more have been acknowledged than when this was called."""
    before = acknowledged(people)
    return lambda: acknowledged(people) >= before + more


def _enough_refused(people: Sequence[Teller], before: int, plant: Plant | None) -> Callable[[], bool]:
    said = more_said(people, 12)
    return lambda: sum(one.refused for one in people) > before + 2 or (plant is not None and said())


@contextmanager
def _no_file_beyond(house: QuickHouse, size: int) -> Iterator[None]:
    soft, hard = resource.prlimit(house.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(house.pid, resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.prlimit(house.pid, resource.RLIMIT_FSIZE, (soft, hard))


# --- the power goes ---------------------------------------------------------------------------------------------------


def power(yard: Yard) -> Iterator[Outcome]:
    """Take what lies on the disk at random moments under load, whole and with its last writes torn, and open it."""
    whole = Outcome(
        "loss of power: what lies on the disk at a random moment", "every copy opens, 0 acknowledged missing"
    )
    torn = Outcome("loss of power: the last writes torn, lost or out of order", "every copy opens, 0 torn turns")
    chance = random.Random("power")
    with yard.house("power") as house:
        people = yard.tellers("power", are_patient=True)
        house.open().wait_until_ready()
        with talking(people, house):
            until(more_said(people, 10), "people talk")
            for number in range(yard.times(200, 6)):
                until(more_said(people, 1), "people talk")
                time.sleep(chance.uniform(0, 0.3))
                copy = yard.folder / f"power-{number}"
                # Stopped until the copies were looked through as well: what is said meanwhile would have to be, each
                # time.
                with house.stopped():
                    ledger = [_as_it_is(one) for one in people]
                    _copy(house.database, copy)
                    _open_whole(house, copy, ledger, whole)
                    _open_torn(house, copy, ledger, torn, chance)
                    if number == 0:
                        whole.planted = _plant_a_loss(house, copy, ledger)
                shutil.rmtree(copy)
                yard.show(torn, every=25)
    torn.planted = whole.planted
    yield whole
    yield torn


def _as_it_is(teller: Teller) -> Teller:
    """The ledger at this moment. What is on its way to the teller's hand is not in it yet."""
    return Teller(
        teller.name,
        teller.chance,
        browser=teller.browser,
        acknowledged=list(teller.acknowledged),
        pending=teller.pending,
        conversations=list(teller.conversations),
    )


def _copy(database: Path, to: Path) -> None:
    """Copy the file and its log, without what lives in memory."""
    to.mkdir()
    for name in (database.name, f"{database.name}-wal"):
        if (database.parent / name).exists():
            shutil.copy(database.parent / name, to / name)


def _turns_in(house: QuickHouse, file: Path, ledger: Sequence[Teller]) -> tuple[dict[str, tuple[Turn, ...]], list[str]]:
    store = Store.open(file, RootKey.read(house.key))
    try:
        with store.reading() as seen:
            there = {one.conversation_id for one in seen.conversations.listed()}
            asked = {one for teller in ledger for one in teller.conversations}
            turns = {one: seen.conversations.turns(one) if one in there else () for one in asked}
        return turns, [str(problem) for problem in verify(store)]
    finally:
        store.close()


def _open_whole(house: QuickHouse, copy: Path, ledger: Sequence[Teller], outcome: Outcome) -> None:
    opened = copy / "whole"
    opened.mkdir()
    for file in copy.glob("ownwords*"):
        shutil.copy(file, opened)
    turns, problems = _turns_in(house, opened / house.database.name, ledger)
    outcome.times += 1
    found = compare_turns(turns, ledger)
    outcome.found.lost += found.lost
    outcome.found.doubled += found.doubled
    outcome.found.acknowledged = found.acknowledged
    # The answer to what a teller has sent may be on its way: then it is kept, and in no ledger.
    outcome.problems += problems


def _open_torn(
    house: QuickHouse, copy: Path, ledger: Sequence[Teller], outcome: Outcome, chance: random.Random
) -> None:
    """Tear what the last transaction wrote: all before it was on the disk before it began."""
    whole, _ = _turns_in(house, copy / "whole" / house.database.name, ledger)
    opened = copy / "torn"
    opened.mkdir()
    for file in copy.glob("ownwords*"):
        shutil.copy(file, opened)
    log = opened / f"{house.database.name}-wal"
    log.write_bytes(torn_log(log.read_bytes(), chance))
    outcome.times += 1
    turns, problems = _turns_in(house, opened / house.database.name, ledger)
    outcome.problems += problems
    fewer = [one for one, said in turns.items() if said != whole[one]]
    if len(fewer) > 1:
        outcome.problems.append("more than one transaction is missing")
    for conversation_id in fewer:
        if turns[conversation_id] != whole[conversation_id][: len(turns[conversation_id])]:
            outcome.problems.append("something else than the end is missing")
    found = compare_turns({one: said for one, said in turns.items() if one not in fewer}, ledger)
    outcome.found.lost += found.lost
    outcome.found.doubled += found.doubled
    outcome.found.acknowledged = found.acknowledged


def torn_log(log: bytes, chance: random.Random) -> bytes:
    """The log with each half-kilobyte of its last transaction as it was, as before, or as nothing, at random."""
    salt = log[16:24]
    frames = [place for place in range(32, len(log) - FRAME + 1, FRAME) if log[place + 8 : place + 16] == salt]
    commits = [place for place in frames if log[place + 4 : place + 8] != bytes(4)]
    if not commits:
        return log
    first = commits[-2] + FRAME if len(commits) > 1 else 32
    torn = bytearray(log)
    for place in range(first, len(log), 512):
        end = min(place + 512, len(log))
        match chance.randrange(3):
            case 0:
                torn[place:end] = bytes(end - place)
            case 1:
                torn[place:end] = chance.randbytes(end - place)
    return bytes(torn[: chance.randrange(first, len(log) + 1)] if chance.random() < 1 / 3 else torn)


def _plant_a_loss(house: QuickHouse, copy: Path, ledger: Sequence[Teller]) -> int:
    """Take the whole log away, as a database that does not wait for its disk might, and count what is found missing."""
    opened = copy / "planted"
    opened.mkdir()
    shutil.copy(copy / house.database.name, opened)
    with closing(sqlite3.connect(opened / house.database.name)) as below:
        has_tables = below.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if not has_tables:
        return 1
    try:
        turns, problems = _turns_in(house, opened / house.database.name, ledger)
    except Exception:  # noqa: BLE001 whatever it is, it does not open
        return 1
    return len(compare_turns(turns, ledger).lost) + len(problems)
