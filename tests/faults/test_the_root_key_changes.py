"""The root key is changed while people talk, and the change is killed: at no moment does anything not open."""

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.conversation import Speaker, Stage
from bot.settings import ROOT
from bot.store import Store, checkpoints, tables
from bot.store.checkpoints import CheckpointKey
from bot.store.custody import KeyFile
from bot.store.verifying import verify
from tests.faults.houses import TroubledHouse, until
from tests.faults.telling import Teller, unkept
from tests.house import House

MORE_KEYS = 1_500
"""Data keys beside those of the people who talk, so that a change takes a while."""
KILLS = 4
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@dataclass
class Looked:
    """What was seen of all data keys, again and again."""

    times: int = 0
    did_not_open: list[str] = field(default_factory=list)
    under: set[frozenset[str]] = field(default_factory=set)
    """The root keys that data keys lay under at one moment."""


def test_people_go_on_talking_while_the_root_key_is_changed_and_the_change_is_killed(
    new_house: Callable[..., TroubledHouse],
) -> None:
    house = new_house().open().wait_until_ready()
    with opened(house) as store, store.begin() as kept:
        for _ in range(MORE_KEYS):
            kept.conversations.begin(stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=NOW, interview_version="1")
    before = house.key.read_bytes()
    tellers = [Teller(name, random.Random(name)) for name in ("Ada", "Bea", "Cyn")]
    chance, killed = random.Random(6), 0
    with talking(house, tellers), looking(house) as looked:
        for _ in range(KILLS):
            killed += change_and_kill(house, chance.random() * 0.4)
        assert house.command("keys", "rotate").returncode == 0
        acknowledged = [len(teller.acknowledged) for teller in tellers]
        until(
            lambda: all(len(one.acknowledged) > then for one, then in zip(tellers, acknowledged, strict=True)), "more"
        )

    assert killed == KILLS
    assert looked.did_not_open == []
    assert looked.times > KILLS
    assert any(len(under) == 2 for under in looked.under), "both root keys were in use"
    assert house.key.read_bytes() != before
    assert unkept(house, tellers) == []
    house.close()
    signer = CheckpointKey.read(house.key.with_name("checkpoint.key"))
    signed = list(checkpoints.read(house.data / "checkpoints.jsonl"))
    assert signed, "it signs by itself how far everything has come"
    with house.store() as store:
        assert verify(store, signed, {signer.public} if signer else {}) == []


def change_and_kill(house: House, after: float) -> bool:
    """Begin a change of root key, and kill it so many seconds after it has begun; says whether it was under way."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "keys", "rotate"],
        cwd=ROOT,
        env=house.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    held = house.data / "replacing"
    began = held.stat().st_mtime_ns if held.exists() else 0
    until(lambda: held.exists() and held.stat().st_mtime_ns != began, "it has begun")
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    return process.wait() == -signal.SIGKILL


@contextmanager
def opened(house: House) -> Iterator[Store]:
    """The store, as the product opens it: it looks for root keys where they are."""
    kept = KeyFile(house.key, outside=house.data)
    root, *also = kept.keys()
    with closing(Store.open(house.database, root, also=also, look=kept.keys)) as store:
        yield store


@contextmanager
def talking(house: TroubledHouse, tellers: list[Teller]) -> Iterator[None]:
    """People who talk for as long as the block lasts."""
    ended = threading.Event()
    raised: list[BaseException] = []

    def talk(teller: Teller) -> None:
        try:
            teller.move_to(house)
            while not ended.is_set():
                teller.talk(longest=1)
        except BaseException as error:
            raised.append(error)
            raise

    threads = [threading.Thread(target=talk, args=(teller,)) for teller in tellers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()
        for teller in tellers:
            teller.browser.close()
    assert not raised


@contextmanager
def looking(house: House) -> Iterator[Looked]:
    """Open every data key, again and again: in a store that stays open, and in one that was opened just now."""
    looked, ended = Looked(), threading.Event()

    def look_through(store: Store) -> None:
        with store.reading_rows() as rows:
            keys = store.keys(rows)
            each = list(rows.each(tables.keys, order_by=[tables.keys.c.key_id]))
            looked.did_not_open += [row["key_id"] for row in each if not keys.unwraps(row)]
            looked.under.add(frozenset(row["root_key_id"] for row in each))
        looked.times += 1

    def look() -> None:
        with opened(house) as stays:
            while not ended.is_set():
                look_through(stays)
                with opened(house) as new:
                    look_through(new)
                time.sleep(0.25)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield looked
    finally:
        ended.set()
        thread.join()
