"""Whether a question can be expected at once: found out by a canned turn, and not by believing it."""

import asyncio
import time
from collections.abc import Callable

from bot.dialogue import Dialogue

STANDS_FOR = 5.0
"""Seconds for which an answer is given again, so that whoever asks without end asks the dialogue engine of nothing."""


class Readiness:
    """Asks the dialogue engine, and remembers for a while what came of it."""

    def __init__(self, dialogue: Dialogue, clock: Callable[[], float] = time.monotonic) -> None:
        self._dialogue = dialogue
        self._clock = clock
        self._found: tuple[float, bool] | None = None
        self._asking = asyncio.Lock()

    async def is_so(self) -> bool:
        """Say whether a question can be expected. One turn is asked for at a time, however many want to know."""
        if not self._dialogue.is_ready:
            return False
        async with self._asking:
            if self._found is None or self._clock() - self._found[0] >= STANDS_FOR:
                found = await self._dialogue.answers_a_canned_turn()
                self._found = (self._clock(), found)
            return self._found[1] and self._dialogue.is_ready
