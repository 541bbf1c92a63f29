"""The room that an interview is held in: what it needs, what is given there, and why something may not be taken."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import StrEnum

from bot.conversation import How, Kind, Whose
from bot.dialogue import Dialogue
from bot.flags import Phrases
from bot.interview import Interview
from bot.nudges import Nudges
from bot.store import Store

BOX_PATIENCE = 5.0
"""Seconds that one request waits for another one of the same conversation to hear from the box."""


class Refusal(StrEnum):
    """Why an answer was not taken. Nothing typed is lost by it: the page still holds it."""

    NOTHING_GIVEN = "nothing_given"
    TOO_LONG = "too_long"
    NOT_OFFERED = "not_offered"
    WHOSE_MISSING = "whose_missing"
    """An advocate has not said whose words these are."""
    HANDED_OVER = "handed_over"
    """The person has the screen: what only a practitioner can add has to wait."""


class Refused(Exception):
    """The answer was not taken; `why` says what to tell the person."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(why.value)
        self.why = why


class Taken(StrEnum):
    """What became of a post."""

    KEPT = "kept"
    REPEATED = "repeated"
    ELSEWHERE = "elsewhere"
    """The page is not the one on show by now: most often its question has its answer. The words are kept as a note."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Given:
    """An answer as the page sent it. Where it came from says what it is."""

    kind: Kind
    words: str = ""
    """With "ask me later": what stands in the box by then. It is kept for when the question comes round."""
    choice: tuple[str, ...] = ()
    how: How | None = None
    """How it was given, where a practitioner says so."""
    whose: Whose | None = None
    """Whose words they are, where an advocate says so."""
    original: str = ""
    """The words in the person's own language, where `words` is the interpreter's English."""
    note: str = ""
    """A practitioner's own note about the question. Kept as a turn of its own, never shown to the person."""

    @property
    def longest(self) -> int:
        """Characters in the longest thing that was typed."""
        return max(len(typed) for typed in (self.words, self.original, self.note))


@dataclass(slots=True)
class Locks:
    """One request at a time asks the box about a conversation."""

    held: dict[str, asyncio.Lock] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)

    @contextlib.asynccontextmanager
    async def hold(self, conversation_id: str) -> AsyncIterator[None]:
        """Hold a conversation; raises TimeoutError when another request does so for long."""
        lock = self.held.setdefault(conversation_id, asyncio.Lock())
        self.waiting[conversation_id] = self.waiting.get(conversation_id, 0) + 1
        try:
            async with asyncio.timeout(BOX_PATIENCE):
                await lock.acquire()
            try:
                yield
            finally:
                lock.release()
        finally:
            self.waiting[conversation_id] -= 1
            if not self.waiting[conversation_id]:
                del self.waiting[conversation_id], self.held[conversation_id]


@dataclass(frozen=True, slots=True)
class Room:
    """All that an interview needs: where words are kept, who says what is asked next, and how things are worded."""

    store: Store
    dialogue: Dialogue
    interview: Interview
    phrases: Phrases
    nudges: Nudges = field(default_factory=Nudges)
    locks: Locks = field(default_factory=Locks)
