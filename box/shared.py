"""What several boxes share: one Redis, asked quickly or not at all. It holds references and ids, and none for long."""

import time
from typing import Callable, TypeVar

import redis

PATIENCE = 0.5
"""Seconds that one question to Redis may take. The event loop waits meanwhile: without Redis no turn can be heard."""
PAUSE = 1.0
"""Seconds for which nothing is asked after Redis did not answer."""

Answer = TypeVar("Answer")


class NotShared(Exception):
    """What the boxes share cannot be reached: no turn is heard until it can. Says the kind of failure."""


class Shared:
    """One Redis, and a pause after each time that it did not answer."""

    def __init__(self, address: str) -> None:
        # One try each: a turn that was not heard is told again by the app.
        self.redis: "redis.Redis[bytes]" = redis.Redis.from_url(
            address, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
        )
        self._not_before = 0.0

    def ask(self, question: "Callable[[redis.Redis[bytes]], Answer]") -> Answer:
        """What Redis answers. Raises NotShared."""
        if time.monotonic() < self._not_before:
            raise NotShared("paused")
        try:
            return question(self.redis)
        except redis.RedisError as error:
            self._not_before = time.monotonic() + PAUSE
            raise NotShared(type(error).__name__) from None
