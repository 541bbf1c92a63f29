"""The product, made to die at a chosen point of a turn: `python -m tests.faults.killing serve`.

FAULTS_DIES names the point. It dies there as soon as the file FAULTS_ARMED names the conversation whose turn it is.
"""

import asyncio
import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from actions.executor import Executor
from bot.cli import main
from bot.conversation import Kind, Turn
from bot.dialogue import BoxClient, Delivery, Heard
from bot.store import Store, Transaction
from bot.store.conversations import Conversations

DIES = "FAULTS_DIES"
ARMED = "FAULTS_ARMED"
ANYBODY = "anybody"
"""In place of a conversation: whoever comes to that point first."""

adding = threading.local()
"""Which kinds of turns the transaction of this thread has added, and to which conversation."""


def die_if_armed(conversation_id: str) -> None:
    """End here and now, as a loss of power would, if it is this conversation's turn."""
    with contextlib.suppress(FileNotFoundError):
        if Path(os.environ[ARMED]).read_text() in {conversation_id, ANYBODY}:
            os.kill(os.getpid(), signal.SIGKILL)


def around_adding(*, before: bool) -> None:
    """Die before, or after, the person's words are put into the database."""
    add = Conversations.add

    def watched(self: Conversations, conversation_id: str, **said: Any) -> Turn:
        if before and said["kind"] is Kind.WORDS:
            die_if_armed(conversation_id)
        turn = add(self, conversation_id, **said)
        if not before and said["kind"] is Kind.WORDS:
            die_if_armed(conversation_id)
        return turn

    Conversations.add = watched  # type: ignore[method-assign]


def around_committing(kind: Kind, *, before: bool) -> None:
    """Die before, or after, a transaction that adds a turn of this kind is committed."""
    add, begin = Conversations.add, Store.begin

    def watched(self: Conversations, conversation_id: str, **said: Any) -> Turn:
        if said["kind"] is kind:
            adding.conversation_id = conversation_id
        return add(self, conversation_id, **said)

    @contextlib.contextmanager
    def watched_begin(self: Store) -> Iterator[Transaction]:
        adding.conversation_id = None
        with begin(self) as kept:
            yield kept
            if before and adding.conversation_id is not None:
                die_if_armed(adding.conversation_id)
        if not before and adding.conversation_id is not None:
            die_if_armed(adding.conversation_id)

    Conversations.add = watched  # type: ignore[method-assign]
    Store.begin = watched_begin  # type: ignore[method-assign]


def while_the_box_is_asked() -> None:
    """Die when the question to the dialogue engine is on its way."""
    ask = BoxClient.ask

    async def watched(self: BoxClient, conversation_id: str, path: Sequence[Delivery]) -> Heard:
        asking = asyncio.create_task(ask(self, conversation_id, path))
        await asyncio.wait({asking}, timeout=0.01)
        die_if_armed(conversation_id)
        return await asking

    BoxClient.ask = watched  # type: ignore[method-assign]


def after_the_reply() -> None:
    """Die when the dialogue engine has said what comes next, before that is kept."""
    ask = BoxClient.ask

    async def watched(self: BoxClient, conversation_id: str, path: Sequence[Delivery]) -> Heard:
        heard = await ask(self, conversation_id, path)
        die_if_armed(conversation_id)
        return heard

    BoxClient.ask = watched  # type: ignore[method-assign]


def after_an_action() -> None:
    """Die when a custom action has written the record, before the dialogue engine hears of it."""
    run = Executor.run

    async def watched(self: Executor, call: Mapping[str, Any]) -> Mapping[str, Any]:
        done = await run(self, call)
        die_if_armed(str(call["sender_id"]))
        return done

    Executor.run = watched  # type: ignore[method-assign]


WITHOUT_THE_BOX: Mapping[str, Callable[[], None]] = {
    "before the words are inserted": lambda: around_adding(before=True),
    "after the words are inserted": lambda: around_adding(before=False),
    "before the words are committed": lambda: around_committing(Kind.WORDS, before=True),
    "after the words are committed": lambda: around_committing(Kind.WORDS, before=False),
}
"""Points that a turn passes whether or not the dialogue engine is there."""

WITH_THE_BOX: Mapping[str, Callable[[], None]] = {
    "while the box is asked": while_the_box_is_asked,
    "after an action has run": after_an_action,
    "after the box has replied": after_the_reply,
    "after the question is committed": lambda: around_committing(Kind.QUESTION, before=False),
}

POINTS: Mapping[str, Callable[[], None]] = {**WITHOUT_THE_BOX, **WITH_THE_BOX}

if __name__ == "__main__":
    POINTS[os.environ[DIES]]()
    main()
