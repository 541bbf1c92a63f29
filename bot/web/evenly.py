"""What is hidden is answered as late as what was never there: how long it took tells nobody which of them it was."""

from collections.abc import Awaitable, Callable
from time import monotonic

BEAT = 0.1
"""Seconds. Whatever had to be read, the answer waits for the next of these since the question came."""


async def wait_for_the_beat(began: float, sleep: Callable[[float], Awaitable[None]]) -> None:
    """Wait until a whole number of beats has gone by. `began` is the `monotonic` time at which the question came."""
    await sleep(BEAT - (monotonic() - began) % BEAT)
