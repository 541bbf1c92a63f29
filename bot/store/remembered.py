"""What was worked out lately, so that no page works it out again: turns that were read, and sums that were made.

Turns never change, so what was read stays true as long as the head of the chain says so: a conversation whose head is
not the one remembered is read again, from where it grew or from the start. Sums stay true until the number of changes
is another one.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from bot.conversation import Fold, Standing, Turn

REMEMBERED = 256
"""Conversations whose turns lie open in memory at most."""

SUMS = 128
"""Answers to questions for sums that lie in memory at most, some kilobytes each."""

Sum = TypeVar("Sum")


@dataclass(frozen=True)
class Remembered:
    """The turns of a conversation up to a head, and where it stands by them."""

    turns: tuple[Turn, ...]
    head: bytes
    made: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """What others made of these turns, by name, and use again as long as they are remembered. It goes with them."""

    @cached_property
    def standing(self) -> Standing:
        """Where the conversation stands: worked out when first asked for, and not again until a turn is added."""
        return self._fold.standing()

    def followed_by(self, turns: Sequence[Turn], head: bytes) -> "Remembered":
        """Give what is to be remembered once these turns were added. What was worked out is gone on from."""
        after = Remembered((*self.turns, *turns), head, self.made)
        if "_fold" in vars(self):
            vars(after)["_fold"] = self._fold.followed_by(turns)
        return after

    @cached_property
    def _fold(self) -> Fold:
        return Fold().followed_by(self.turns)


class RememberedTurns:
    """The conversations read lately. Shared by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Remembered] = OrderedDict()

    def get(self, conversation_id: str) -> Remembered | None:
        """What is remembered of a conversation."""
        with self._lock:
            found = self._kept.get(conversation_id)
            if found is not None:
                self._kept.move_to_end(conversation_id)
            return found

    def remember(self, conversation_id: str, read: Remembered) -> None:
        """Remember this, and let go of the conversation that was not read for longest."""
        with self._lock:
            self._kept[conversation_id] = read
            self._kept.move_to_end(conversation_id)
            if len(self._kept) > REMEMBERED:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        """Let go of all."""
        with self._lock:
            self._kept.clear()

    def forget(self, conversation_id: str) -> None:
        """Let go of a conversation."""
        with self._lock:
            self._kept.pop(conversation_id, None)


class RememberedSums:
    """Sums made lately, good for one number of changes. Shared by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changes = -1
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, changes: int, asked: Hashable, count: Callable[[], Sum]) -> Sum:
        """Give what was counted for this since so many changes, or count it."""
        with self._lock:
            if changes == self._changes and asked in self._kept:
                self._kept.move_to_end(asked)
                found: Sum = self._kept[asked]
                return found
        counted = count()
        with self._lock:
            if changes > self._changes:
                self._changes = changes
                self._kept.clear()
            if changes == self._changes:
                self._kept[asked] = counted
                if len(self._kept) > SUMS:
                    self._kept.popitem(last=False)
        return counted
