"""Many at once, killed at any moment, no room left: what was acknowledged is there, once."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bot.store import AlreadyKept, Missing, RootKey, Store
from bot.store.verifying import verify
from tests.store.filling import begin, say, turns

KILLS = 12
"""Runs that are killed. 300 were tried once, with the same outcome."""

# Says each turn that was kept, and only once it was, in a way that a kill cannot tear: one write below the pipe's size.
WRITER = """
import os, sys
from pathlib import Path
from bot.store import AlreadyKept, NotKept, RootKey, Store
from tests.store.filling import say

file, key, conversation_id, first = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
store = Store.open(file, RootKey.read(key))
os.write(1, b"ready\\n")
for step in range(first, 1_000_000):
    try:
        turn = say(store, conversation_id, f"words of step {step}", token=f"step-{step}")
    except NotKept as error:
        os.write(1, f"refused {error.cause.name}\\n".encode())
        break
    os.write(1, f"{step} {turn.number}\\n".encode())
"""


def test_many_threads_keep_every_turn_once_and_in_order(store: Store) -> None:
    conversations = [begin(store) for _ in range(2)]
    errors: list[BaseException] = []

    def talk(thread: int) -> None:
        try:
            for turn in range(100):
                say(store, conversations[thread % 2], f"{thread}: {turn}", token=f"{thread}-{turn}")
        except BaseException as error:  # noqa: BLE001 a thread's error is shown by the test
            errors.append(error)

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    for start, conversation_id in enumerate(conversations):
        said = turns(store, conversation_id)
        assert [turn.number for turn in said] == list(range(1, 401))
        for thread_number in range(start, 8, 2):
            of_thread = [turn.words for turn in said if turn.words.startswith(f"{thread_number}:")]
            assert of_thread == [f"{thread_number}: {turn}" for turn in range(100)]
    assert verify(store) == []


def test_the_same_step_pressed_many_times_at_once_is_kept_once(store: Store) -> None:
    conversation_id = begin(store)
    kept: list[int] = []
    together = threading.Barrier(10)

    def press() -> None:
        together.wait()
        try:
            kept.append(say(store, conversation_id, "I want to go home.", token="step").number)
        except AlreadyKept as error:
            kept.append(error.turn.number * 100)

    threads = [threading.Thread(target=press) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(kept) == [1] + [100] * 9
    assert len(turns(store, conversation_id)) == 1


def test_two_processes_write_to_one_database(store: Store, file: Path, tmp_path: Path) -> None:
    conversation_id = begin(store)
    store.close()
    script = WRITER.replace("1_000_000", "first + 50").replace("step-{step}", "{first}-{step}")
    writers = [start(script, file, tmp_path, conversation_id, first) for first in (0, 1000)]
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    assert [turn.number for turn in turns(store, conversation_id)] == list(range(1, 101))
    assert verify(store) == []


def test_what_was_acknowledged_before_a_kill_is_there_once(store: Store, file: Path, tmp_path: Path) -> None:
    conversation_id = begin(store)
    store.close()
    chance = random.Random(11)
    ledger: dict[int, int] = {}
    first = 0
    for _ in range(KILLS):
        ledger |= acknowledged_until_killed(
            start(WRITER, file, tmp_path, conversation_id, first), after=chance.uniform(0, 0.15)
        )
        first = max(ledger, default=-1) + 1
        opened = Store.open(file, RootKey.read(tmp_path / "keys" / "root.key"))
        said = turns(opened, conversation_id)
        assert verify(opened) == []
        # One turn more than was acknowledged may be there: the kill came between the commit and its saying.
        assert len(said) - len(ledger) in {0, 1}
        if len(said) > len(ledger):
            ledger[first] = len(said)
            assert said[-1].words == f"words of step {first}"
            first += 1
        opened.close()
    said = turns(store, conversation_id)
    assert [(f"words of step {step}", number) for step, number in sorted(ledger.items())] == [
        (turn.words, turn.number) for turn in said
    ]
    assert len(said) > KILLS


@pytest.mark.parametrize("room", [20_000, 60_000, 150_000])
def test_a_disk_without_room_acknowledges_nothing_that_it_does_not_keep(
    store: Store, file: Path, tmp_path: Path, room: int
) -> None:
    conversation_id = begin(store)
    store.close()
    limit = file.stat().st_size + room
    script = f"import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n{WRITER}"
    writer = start(script, file, tmp_path, conversation_id, 0)
    lines = writer.communicate(timeout=60)[0].splitlines()
    assert writer.returncode == 0
    assert lines[0] == "ready"
    assert lines[-1] in {"refused FULL", "refused FAILING"}
    said = turns(store, conversation_id)
    assert [line.split()[1] for line in lines[1:-1]] == [str(turn.number) for turn in said]
    assert verify(store) == []
    assert say(store, conversation_id, "There is room again.").number == len(said) + 1


def test_copies_taken_at_any_moment_open_and_hold_all_that_was_acknowledged_before(
    store: Store, file: Path, tmp_path: Path
) -> None:
    conversation_id = begin(store)
    root = RootKey.read(tmp_path / "keys" / "root.key")
    for number in range(1, 41):
        say(store, conversation_id, f"Thing {number}")
        if number % 8 == 0:
            # As after a loss of power: the file and its log, without what lives in memory.
            lost = tmp_path / f"lost-{number}"
            lost.mkdir()
            for name in (file.name, f"{file.name}-wal"):
                (lost / name).write_bytes((file.parent / name).read_bytes())
            opened = Store.open(lost / file.name, root)
            assert [turn.number for turn in turns(opened, conversation_id)] == list(range(1, number + 1))
            assert verify(opened) == []
            opened.close()


def test_promises_that_break_in_many_threads_leave_the_store_in_working_order(store: Store) -> None:
    conversation_id = begin(store)
    broken: list[str] = []

    def break_off() -> None:
        try:
            say(store, conversation_id, "words", answers=99)
        except Missing as error:
            broken.append(str(error))

    threads = [threading.Thread(target=break_off) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(broken) == 20
    assert say(store, conversation_id, "And on it goes.").number == 1


def acknowledged_until_killed(writer: subprocess.Popen[str], after: float) -> dict[int, int]:
    """What a process said it kept, step by step, before it was killed some seconds after its start."""
    assert writer.stdout is not None
    with writer.stdout as said:
        assert said.readline() == "ready\n"
        time.sleep(after)
        writer.send_signal(signal.SIGKILL)
        writer.wait(timeout=60)
        return {int(step): int(number) for step, number in map(str.split, said)}


def start(script: str, file: Path, tmp_path: Path, conversation_id: str, first: int) -> subprocess.Popen[str]:
    """A process that keeps turns until it is stopped."""
    arguments = [str(file), str(tmp_path / "keys" / "root.key"), conversation_id, str(first)]
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", script, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
