"""How often somebody does something, and how long the next one waits for it.

Counted by `limits` over a storage of ours in the database: all processes count together, and a restart forgets nothing.
Nobody is refused for good and nobody is locked out: beyond what is free each one waits, longer and longer, and never
very long. Who it is stands there as a keyed digest of the day, which is gone a day later (trust.md sections 8 and 9).
"""

import asyncio
import contextlib
import hashlib
import hmac
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from anyio import to_thread
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MovingWindowSupport, Storage
from limits.strategies import MovingWindowRateLimiter

from bot.store import Attempts, Purpose, Store, StoreError, Transaction

KEPT_FOR = timedelta(days=1)
WAITING_IN_ALL = 100
"""How many may wait in one process for the same thing. Each holds a connection, and there are 512 for everybody."""


class TooManyAtOnce(Exception):
    """More people than can be waited for are doing this at this moment; a little later it will work."""


class Counts(Storage, MovingWindowSupport):
    """What `limits` counts in: how many there were in each minute, under a name, in one transaction.

    All limits of one name share its counts. What is beyond a limit is counted too: it says how long the next one waits.
    """

    STORAGE_SCHEME = None

    def __init__(self, attempts: Attempts, now: datetime) -> None:
        super().__init__()
        self._attempts = attempts
        self._now = now

    @property
    def base_exceptions(self) -> type[Exception]:
        """What goes wrong here."""
        return StoreError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, and give how many there were in so many seconds."""
        for _ in range(amount):
            self._attempts.count_wrong(_name(key), self._now)
        return self._within(key, expiry)

    def get(self, key: str) -> int:
        """Give how many there were, for as long as they are kept."""
        return self._within(key, int(KEPT_FOR.total_seconds()))

    def get_expiry(self, key: str) -> float:
        """Give when what is counted now is no longer kept."""
        return (self._now + KEPT_FOR).timestamp()

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count, and say whether that was within the limit."""
        return self.incr(key, expiry, amount) <= limit

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        """Give when the window began, and how many there were in it."""
        return self._now.timestamp() - expiry, self._within(key, expiry)

    def check(self) -> bool:
        """Say whether it can be counted here: it is read when it is used."""
        return True

    def reset(self) -> int | None:
        """Let nothing go: counts go by themselves."""
        return None

    def clear(self, key: str) -> None:
        """Let nothing go: counts go by themselves."""

    def _within(self, key: str, seconds: int) -> int:
        return self._attempts.wrong(self._now - timedelta(seconds=seconds), network=_name(key))


def counted(seen: Transaction, free: RateLimitItem, name: str, now: datetime) -> int:
    """Say how many there were under a name, within the time of a limit."""
    left = MovingWindowRateLimiter(Counts(seen.attempts, now)).get_window_stats(free, name).remaining
    return free.amount - left


def count(kept: Transaction, free: RateLimitItem, name: str, now: datetime) -> int:
    """Count one more, and say how many that makes within the time of a limit."""
    MovingWindowRateLimiter(Counts(kept.attempts, now)).hit(free, name)
    kept.attempts.drop(now - KEPT_FOR)
    return counted(kept, free, name, now)


@dataclass(frozen=True, slots=True)
class Throttle:
    """What one may do freely, and what becomes of more."""

    name: str
    free: RateLimitItem
    """How many of one network, or of one account, in how long."""
    longest: float
    """Seconds that one of them waits at most."""
    at_once: int
    """How many of one network, or of one account, may wait in one process."""
    everywhere: RateLimitItem | None = None
    """How many of everybody together, in how long. Beyond it each one waits 5 seconds and more."""


def beginnings(free: int) -> Throttle:
    """Give the throttle of new conversations: so many are free from one network in ten minutes."""
    everywhere = RateLimitItemPerMinute(max(120, free))
    return Throttle("begin", RateLimitItemPerMinute(free, 10), longest=20.0, at_once=5, everywhere=everywhere)


SEARCHES = Throttle("search", RateLimitItemPerMinute(30), longest=10.0, at_once=2)
"""Every search opens the words of a whole team, of which there may be a great many."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where those are who wait in this process at this moment, so that their waiting keeps nobody else waiting."""

    taken: Counter[tuple[str, str]] = field(default_factory=Counter)

    @contextlib.contextmanager
    def take(self, what: str, who: str, at_once: int) -> Iterator[None]:
        """Hold a place among those who wait for the same, at most so many of one network. Raises TooManyAtOnce."""
        in_all = sum(number for (other, _), number in self.taken.items() if other == what)
        if self.taken[what, who] >= at_once or in_all >= WAITING_IN_ALL:
            raise TooManyAtOnce
        self.taken[what, who] += 1
        try:
            yield
        finally:
            self.taken[what, who] -= 1
            if not self.taken[what, who]:
                del self.taken[what, who]


@dataclass(slots=True)
class Turnstile:
    """Where those go through who are counted."""

    store: Store
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    places: Places = field(default_factory=Places)
    waited: Callable[[str], None] = lambda name: None
    """Hears what somebody had to wait for."""

    async def go_through(self, throttle: Throttle, who: str, now: datetime) -> None:
        """Count one more, and wait as long as those before it have it wait. Raises TooManyAtOnce, NotKept."""
        name = self.name_of(throttle, who, now)
        wait = await to_thread.run_sync(self._count, throttle, name, now)
        if not wait:
            return
        self.waited(throttle.name)
        with self.places.take(throttle.name, name, throttle.at_once):
            await self.sleep(wait)

    def name_of(self, throttle: Throttle, who: str, now: datetime) -> str:
        """Give the name that somebody is counted under today."""
        told = f"{throttle.name}|{now.date().isoformat()}|{who}".encode()
        return f"{throttle.name}:{hmac.digest(self.store.derive(Purpose.THROTTLE), told, hashlib.sha256).hex()}"

    def _count(self, throttle: Throttle, name: str, now: datetime) -> float:
        with self.store.begin() as kept:
            mine = count(kept, throttle.free, name, now)
            wait = min(throttle.longest, 2.0 ** min(mine - throttle.free.amount - 1, 6))
            wait = wait if mine > throttle.free.amount else 0.0
            if throttle.everywhere is not None:
                all_of_them = count(kept, throttle.everywhere, f"{throttle.name}:everywhere", now)
                if all_of_them > throttle.everywhere.amount:
                    wait = max(wait, min(throttle.longest, 5.0 * all_of_them / throttle.everywhere.amount))
        return wait


def _name(key: str) -> str:
    """Give what is counted, of the key that `limits` makes of it: LIMITER/name/amount/multiples/granularity."""
    return key.split("/")[1]
