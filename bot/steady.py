"""A clock that goes on as time does, whatever becomes of the system's.

For what ends by itself after a while: a system's clock that is set a year on must close nobody's page (trust.md 5.2).
What is written down has the system's time.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def _passed() -> float:
    """Seconds that have passed since some moment, those included in which the machine slept."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


class Steady:
    """The system's time when this was made, and what has passed since. Steps of the system's clock do not move it."""

    def __init__(
        self, now: Callable[[], datetime] = lambda: datetime.now(UTC), passed: Callable[[], float] = _passed
    ) -> None:
        self._began, self._passed = now(), passed
        self._before = passed()

    def now(self) -> datetime:
        """Give the time."""
        return self._began + timedelta(seconds=self._passed() - self._before)
