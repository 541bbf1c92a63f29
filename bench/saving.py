"""Measure how long it takes until a turn is kept, in a file and on a server: one person, and fifty writes a second.

`python -m bench.saving` takes two minutes, `python -m bench.saving --short` a few seconds. Four processes write, as
four apps would, and what they were told is kept is looked for afterwards.
"""

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from bench.postgres import postgres
from bench.rows import Row, show, within
from bot.conversation import Kind, Speaker, Stage
from bot.store import RootKey, Store
from tests.talking import NOW

PROCESSES = 4
A_SECOND = 50
SECONDS, SHORT = 30.0, 3.0


def measured(folder: Path, seconds: float) -> list[Row]:
    """Measure both; only the file where PostgreSQL is not on this machine."""
    key = folder / "root.key"
    root = RootKey.create(key)
    rows = []
    with postgres() as server:
        for where, address in (("in a file", f"sqlite:///{folder}/ownwords.sqlite3"), ("on PostgreSQL", server)):
            if address is not None:
                rows += _measured_at(address, key, root, where, seconds)
    return rows


def _measured_at(address: str, key: Path, root: RootKey, where: str, seconds: float) -> list[Row]:
    Store.migrate(address, root, NOW)
    alone = _write(address, key, seconds / 3, None)
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        paces = [PROCESSES / A_SECOND] * PROCESSES
        every = [took for found in pool.map(partial(_write, address, key, seconds), paces) for took in found]
    told = len(alone) + len(every)
    with closing(Store.open(address, root)) as store, store.reading() as seen:
        lost = told - sum(one.length for one in seen.conversations.listed())
    return [
        within(f"keeping a turn {where}, one person", alone, p95=20),
        within(f"keeping a turn {where}, {A_SECOND} a second by {PROCESSES} processes", every, p95=50, p99=150),
        Row(f"{where}: told as kept and not there", f"{lost} of {told:,}", "0", lost == 0),
    ]


def _write(address: str, key: Path, seconds: float, pace: float | None) -> list[float]:
    """Keep turns for so long, one every `pace` seconds or without pause. Gives the seconds from when each was due."""
    took = []
    with closing(Store.open(address, RootKey.read(key))) as store:
        with store.begin() as kept:
            begun = kept.conversations.begin(
                stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=NOW, interview_version="1"
            )
        # Not all of them at the same moment.
        first = due = time.perf_counter() + os.getpid() % 8 / 100
        while due < first + seconds:
            time.sleep(max(0.0, due - time.perf_counter()))
            if pace is None:
                due = time.perf_counter()
            with store.begin() as kept:
                kept.conversations.add(
                    begun, speaker=Speaker.PERSON, kind=Kind.WORDS, said_at=NOW, words="I want to stay at home. " * 8
                )
            took.append(time.perf_counter() - due)
            due = time.perf_counter() if pace is None else due + pace
    return took


def main() -> int:
    """Print these measurements alone."""
    asked = argparse.ArgumentParser(prog="python -m bench.saving", description=__doc__)
    asked.add_argument("--short", action="store_true", help="for a few seconds")
    seconds = SHORT if asked.parse_args().short else SECONDS
    with tempfile.TemporaryDirectory() as folder:
        return show("Keeping a turn, durably", measured(Path(folder), seconds))


if __name__ == "__main__":
    sys.exit(main())
