"""The door where codes are tried, for tests: how long it let people wait, and how often it checked."""

import asyncio
from datetime import datetime
from types import TracebackType
from typing import Any

from anyio import CapacityLimiter

from bot.codes import Door, network_key
from bot.project import load_code_words
from bot.store import Store
from tests.talking import NOW

WORDS = load_code_words()
HOME, LIBRARY = "192.0.2.17", "198.51.100.4"
TYPED_WRONG = "01234 567 89000000 000 000"


class Counting:
    """Lets two people try at once, as the real one does, and remembers how many tries there were."""

    def __init__(self) -> None:
        self.tries = 0
        self.at_once = CapacityLimiter(2)

    async def __aenter__(self) -> None:
        self.tries += 1
        await self.at_once.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.at_once.__aexit__(kind, error, trace)


class Never:
    """Lets nobody through, and says when many are waiting."""

    def __init__(self, many: int) -> None:
        self.expected = many
        self.many_are_waiting = asyncio.Event()

    async def __aenter__(self) -> None:
        self.expected -= 1
        if not self.expected:
            self.many_are_waiting.set()
        await asyncio.Event().wait()

    async def __aexit__(self, *_: object) -> None:
        raise AssertionError("nobody came in")


class Threshold:
    """The door, how long it let people wait, and how many Argon2 were worked out at it."""

    def __init__(self, store: Store) -> None:
        self.waits: list[float] = []
        self.counting = Counting()
        limiter: Any = self.counting
        self.door = Door(store, WORDS, sleep=self._sleep, limiter=limiter)

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def have_been_wrong(self, times: int, network: str, now: datetime = NOW) -> None:
        """Count wrong codes as if they had been tried."""
        with self.door.store.begin() as kept:
            for _ in range(times):
                kept.attempts.count_wrong(network_key(self.door.store, network, now), now)
