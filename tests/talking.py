"""A person at the pages, for tests: each answer is given to what the page shows. The store is the real one."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.conversation import Control, Kind, Now, Skip, Turn
from bot.interviewing import Given, Room, Taken, View, answer, look, press
from bot.steps import Step
from bot.store import RootKey, Store

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
DATABASE = "words.sqlite3"
KEY = "root.key"


def make_empty(folder: Path) -> Path:
    """Make a root key and an empty database. Making the tables takes longer than most tests, so copies are taken."""
    root = RootKey.create(folder / KEY)
    Store.migrate(folder / DATABASE, root, NOW)
    return folder


@contextmanager
def opened_copy(empty: Path, folder: Path) -> Iterator[Store]:
    """Open a copy of the empty database, in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in (KEY, DATABASE):
        shutil.copy(empty / name, folder / name)
    store = Store.open(folder / DATABASE, RootKey.read(folder / KEY))
    try:
        yield store
    finally:
        store.close()


class Talk:
    """A person at a page: each answer is given to what the page shows."""

    def __init__(self, room: Room, conversation_id: str) -> None:
        self.room = room
        self.conversation_id = conversation_id
        self.now = NOW
        self._pages = 0

    async def view(self) -> View:
        return await look(self.room, self.conversation_id)

    async def step(self) -> Step:
        self._pages += 1
        stands = (await self.view()).standing
        revisited = stands.revisited.first.number if stands.now is Now.REVISIT and stands.revisited else 0
        return Step(self.conversation_id, stands.asked.number if stands.asked else 0, revisited, f"page-{self._pages}")

    async def turns(self) -> tuple[Turn, ...]:
        """Read everything that was said, whatever a page may show of it."""
        with self.room.store.reading() as seen:
            return seen.conversations.turns(self.conversation_id)

    async def gives(self, kind: Kind, words: str = "", **more: Any) -> Taken:
        return await answer(self.room, await self.step(), Given(kind, words, **more), self.now)

    async def says(self, words: str, **more: Any) -> Taken:
        return await self.gives(Kind.WORDS, words, **more)

    async def chooses(self, *choice: str, **more: Any) -> Taken:
        return await self.gives(Kind.CHOICE, choice=choice, **more)

    async def skips(self, skip: Skip, **more: Any) -> Taken:
        return await self.gives(Kind.SKIP, choice=(skip,), **more)

    async def presses(self, control: Control, typed: str = "", target: int | None = None, **typed_beside: str) -> Taken:
        return await press(self.room, await self.step(), control, self.now, typed=typed, target=target, **typed_beside)

    async def passes_the_gate(self, go_on: str = "yes") -> None:
        for reply in ("yes", "nobody", go_on):
            assert (await self.view()).is_gate
            await self.chooses(reply)

    async def asked(self) -> str | None:
        stands = (await self.view()).standing
        return stands.asked.asked if stands.asked else None
