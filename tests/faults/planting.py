"""Holes put into the product on purpose: a fault has only been looked for where it would have been found."""

import contextlib
import itertools
import threading
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any

from bot.conversation import Kind, Turn
from bot.store import NotKept, Store, Transaction
from bot.store.conversations import Conversations


class Plant(StrEnum):
    """What the product does wrong in a life."""

    LOSES = "loses"
    """Now and then says that words are kept, and lets go of them."""
    CALLS_KEPT = "calls_kept"
    """Says that words are kept when the database could not keep them."""
    KEEPS_TWICE = "keeps_twice"
    """Now and then keeps an answer twice."""


EVERY = 7
"""One promise in so many is broken."""


ANSWERS = frozenset({Kind.WORDS, Kind.CHOICE, Kind.REPLY})


class _Broken(Exception):
    """Undoes a transaction."""


def lose() -> None:
    """Break every seventh promise to keep an answer, and tell nobody."""
    add, begin, count = Conversations.add, Store.begin, itertools.count(1)
    adding = threading.local()

    def watched(self: Conversations, conversation_id: str, **said: Any) -> Turn:
        adding.answer = said["kind"] in ANSWERS
        return add(self, conversation_id, **said)

    @contextlib.contextmanager
    def broken(self: Store) -> Iterator[Transaction]:
        adding.answer = False
        with contextlib.suppress(_Broken), begin(self) as kept:
            yield kept
            if adding.answer and next(count) % EVERY == 0:
                raise _Broken

    Conversations.add = watched  # type: ignore[method-assign]
    Store.begin = broken  # type: ignore[method-assign]


def call_kept() -> None:
    """Take it for kept when the commit failed."""
    begin = Store.begin

    @contextlib.contextmanager
    def trusting(self: Store) -> Iterator[Transaction]:
        done = False
        try:
            with begin(self) as kept:
                yield kept
                done = True
        except NotKept:
            if not done:
                raise

    Store.begin = trusting  # type: ignore[method-assign]


def keep_twice() -> None:
    """Keep every seventh answer once more, as if it had come again."""
    add, count = Conversations.add, itertools.count(1)

    def twice(self: Conversations, conversation_id: str, **said: Any) -> Turn:
        turn = add(self, conversation_id, **said)
        if said["kind"] in ANSWERS and said.get("token") and next(count) % EVERY == 0:
            add(self, conversation_id, **{**said, "token": f"{said['token']}.2"})
        return turn

    Conversations.add = twice  # type: ignore[method-assign]


PLANTED: Mapping[Plant, Callable[[], None]] = {
    Plant.LOSES: lose,
    Plant.CALLS_KEPT: call_kept,
    Plant.KEEPS_TWICE: keep_twice,
}
