"""The room that an interview is held in: what it needs, what is given there, and why something may not be taken."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from anyio import CancelScope, to_thread

from bot.conversation import How, Kind, Whose
from bot.dialogue import Dialogue
from bot.flags import Phrases
from bot.interview import Interview
from bot.nudges import Nudges
from bot.store import NotKept, Store

BOX_PATIENCE = 5.0
"""Seconds that one request waits for another one of the same conversation to hear from the box."""
LOOKED_AT_EVERY = 0.05
"""Seconds between two looks whether another program has done with a conversation."""

Answer = TypeVar("Answer")


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
    async def hold(self, store: Store, conversation_id: str) -> AsyncIterator[bool]:
        """Hold a conversation, in this program and in all that serve the same store.

        Gives whether others had it meanwhile: then it may stand elsewhere. Raises TimeoutError when one has it for
        long, or when nobody can say who does.
        """
        lock = self.held.setdefault(conversation_id, asyncio.Lock())
        self.waiting[conversation_id] = self.waiting.get(conversation_id, 0) + 1
        has_waited = lock.locked()
        try:
            async with asyncio.timeout(BOX_PATIENCE):
                await lock.acquire()
            try:
                has_waited = await _take(store, conversation_id) or has_waited
                try:
                    yield has_waited
                finally:
                    await _give_back(store, conversation_id)
            finally:
                lock.release()
        finally:
            self.waiting[conversation_id] -= 1
            if not self.waiting[conversation_id]:
                del self.waiting[conversation_id], self.held[conversation_id]


async def _take(store: Store, conversation_id: str) -> bool:
    """Take the turn from other programs, and say whether that took a while. Raises TimeoutError."""
    loop = asyncio.get_running_loop()
    has_waited, patience_ends = False, loop.time() + BOX_PATIENCE
    try:
        while not await _ask(store, store.turns.take, conversation_id):
            # By the clock, and not by a timeout: that would let go of the question and not of the turn.
            if loop.time() > patience_ends:
                raise TimeoutError
            has_waited = True
            await asyncio.sleep(LOOKED_AT_EVERY)
    except NotKept as error:
        raise TimeoutError from error
    return has_waited


async def _give_back(store: Store, conversation_id: str) -> None:
    with CancelScope(shield=True), contextlib.suppress(NotKept):
        await _ask(store, store.turns.give_back, conversation_id)


async def _ask(store: Store, question: Callable[[str], Answer], conversation_id: str) -> Answer:
    if store.turns.answers_at_once:
        return question(conversation_id)
    return await to_thread.run_sync(question, conversation_id)


@dataclass(frozen=True, slots=True)
class Room:
    """All that an interview needs: where words are kept, who says what is asked next, and how things are worded."""

    store: Store
    dialogue: Dialogue
    interview: Interview
    phrases: Phrases
    nudges: Nudges = field(default_factory=Nudges)
    locks: Locks = field(default_factory=Locks)
