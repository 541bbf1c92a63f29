"""Who comes too often waits, longer and longer and never very long; and nobody is refused for good."""

import asyncio
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from limits import RateLimitItemPerMinute

from bot.settings import ROOT
from bot.store import RootKey, Store
from bot.throttles import SEARCHES, Throttle, TooManyAtOnce, Turnstile, beginnings, counted
from tests.postgresql import Server
from tests.talking import DATABASE, KEY, NOW

THREE = Throttle("begin", RateLimitItemPerMinute(3, 10), longest=20.0, at_once=2)


class Waits:
    """A turnstile at which nobody truly waits, and how long they would have."""

    def __init__(self, store: Store) -> None:
        self.seconds: list[float] = []
        self.heard: list[str] = []
        self.turnstile = Turnstile(store, self._sleep, waited=self.heard.append)

    async def _sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)

    async def after(self, throttle: Throttle, who: str, times: int, now=NOW) -> list[float]:
        """Go through so many times, and give the waits."""
        self.seconds.clear()
        for _ in range(times):
            await self.turnstile.go_through(throttle, who, now)
        return self.seconds


@pytest.fixture
def waits(store: Store) -> Waits:
    return Waits(store)


async def test_what_is_free_waits_for_nothing_and_then_each_waits_longer_and_never_very_long(waits: Waits) -> None:
    assert await waits.after(THREE, "a network", 3) == []
    assert await waits.after(THREE, "a network", 8) == [1, 2, 4, 8, 16, 20, 20, 20]
    assert set(waits.heard) == {"begin"}


async def test_it_is_free_again_when_time_has_passed(waits: Waits) -> None:
    await waits.after(THREE, "a network", 6)
    assert await waits.after(THREE, "a network", 1, NOW + timedelta(minutes=9)) != []
    assert await waits.after(THREE, "a network", 1, NOW + timedelta(minutes=20)) == []


async def test_nobody_waits_for_what_others_did(waits: Waits) -> None:
    await waits.after(THREE, "a network", 10)
    assert await waits.after(THREE, "another network", 1) == []
    assert await waits.after(SEARCHES, "a network", 1) == []


async def test_when_the_whole_site_is_flooded_everybody_waits_a_little(waits: Waits) -> None:
    free = beginnings(30)
    assert free.everywhere is not None
    networks = [str(number) for number in range(free.everywhere.amount)]
    assert [await waits.after(free, network, 1) for network in networks] == [[]] * len(networks)
    assert 5 <= (await waits.after(free, "somebody else", 1))[0] < 6


async def test_no_more_wait_than_can_be_waited_for_and_the_place_is_free_again(store: Store) -> None:
    may_go, there = asyncio.Event(), asyncio.Semaphore(0)

    async def sleep(seconds: float) -> None:
        there.release()
        await may_go.wait()

    turnstile = Turnstile(store, sleep)
    for _ in range(3):
        await turnstile.go_through(THREE, "a network", NOW)
    waiting = [asyncio.create_task(turnstile.go_through(THREE, "a network", NOW)) for _ in range(2)]
    for _ in waiting:
        await there.acquire()
    with pytest.raises(TooManyAtOnce):
        await turnstile.go_through(THREE, "a network", NOW)
    await turnstile.go_through(THREE, "another network", NOW)
    may_go.set()
    await asyncio.gather(*waiting)
    await turnstile.go_through(THREE, "a network", NOW)
    assert not turnstile.places.taken


async def test_wrong_codes_are_counted_apart(waits: Waits, store: Store) -> None:
    await waits.after(THREE, "a network", 50)
    with store.reading() as seen:
        assert seen.attempts.wrong(NOW) == 0


ELSEWHERE = """
import asyncio, sys
from datetime import datetime
from pathlib import Path
from limits import RateLimitItemPerMinute
from bot.store import RootKey, Store
from bot.throttles import Throttle, Turnstile
folder, now = Path(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
store = Store.open(sys.argv[3], RootKey.read(folder / sys.argv[4]))
async def sleep(seconds): pass
turnstile = Turnstile(store, sleep)
throttle = Throttle("begin", RateLimitItemPerMinute(3, 10), longest=20.0, at_once=2)
async def go():
    for _ in range(20):
        await turnstile.go_through(throttle, "a network", now)
asyncio.run(go())
"""


async def test_all_processes_count_together_and_a_restart_forgets_nothing(store: Store, tmp_path: Path) -> None:
    await two_processes_count_together(f"sqlite:///{tmp_path / 'store' / DATABASE}", tmp_path / "store")


async def test_on_a_database_server_they_do_too(postgresql: Server, tmp_path: Path) -> None:
    address = postgresql.database()
    Store.migrate(address, RootKey.create(tmp_path / KEY), NOW)
    await two_processes_count_together(address, tmp_path)


async def two_processes_count_together(address: str, folder: Path) -> None:
    """Go through in two other processes at once, twenty times in each, and then here."""
    arguments = [sys.executable, "-c", ELSEWHERE, str(folder), NOW.isoformat(), address, KEY]
    others = [await asyncio.create_subprocess_exec(*arguments, cwd=ROOT, stderr=subprocess.PIPE) for _ in range(2)]
    for other in others:
        _, error = await other.communicate()
        assert other.returncode == 0, error.decode()
    with closing(Store.open(address, RootKey.read(folder / KEY))) as opened:
        assert await Waits(opened).after(THREE, "a network", 1) == [20]
        name = Turnstile(opened).name_of(THREE, "a network", NOW)
        with opened.reading() as seen:
            assert counted(seen, THREE.free, name, NOW) == 41
