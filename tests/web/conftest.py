"""The site on its real parts, with a small dialogue engine in the place of the box."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from starlette.types import ASGIApp

from bot.codes import Door
from bot.interviewing import Room
from bot.project import load_code_words, load_interview, load_phrases
from bot.settings import Settings, load
from bot.steps import Steps
from bot.store import Purpose, RootKey, Store
from bot.web.app import create_app
from tests.fake_dialogue import FakeDialogue
from tests.web.visiting import Person

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that a test can move."""

    now: datetime = NOON


@dataclass
class Site:
    """The whole site, and its clock."""

    app: ASGIApp
    room: Room
    dialogue: FakeDialogue
    door: Door
    steps: Steps
    settings: Settings
    path: Path
    """Of the database."""
    clock: Clock

    @property
    def now(self) -> datetime:
        """What the clock says."""
        return self.clock.now

    def passes(self, **time: int) -> None:
        """Let time pass."""
        self.clock.now += timedelta(**time)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    root = RootKey.create(tmp_path / "keys" / "root.key")
    address = f"sqlite:///{tmp_path / 'words.sqlite3'}"
    Store.migrate(address, root, NOON)
    opened = Store.open(address, root)
    yield opened
    opened.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(
        load({}, tmp_path / "no.env"),
        phone="01234 567 890",
        phone_hours="Monday to Friday, 9am to 5pm",
        out_of_hours_phone="01234 567 899",
    )


@pytest.fixture
def site(store: Store, settings: Settings, tmp_path: Path) -> Site:
    async def no_waiting(seconds: float) -> None:
        """Wait without waiting."""

    dialogue = FakeDialogue()
    room = Room(store, dialogue, load_interview(), load_phrases())
    door = Door(store, load_code_words(), sleep=no_waiting)
    steps = Steps(store.derive(Purpose.STEP_TOKENS))
    clock = Clock()
    app = create_app(room, door, steps, settings, now=lambda: clock.now)
    return Site(app, room, dialogue, door, steps, settings, tmp_path / "words.sqlite3", clock)


@pytest.fixture
async def arrives(site: Site) -> AsyncIterator[Callable[[], Person]]:
    """Make another browser come to the site."""
    clients: list[httpx.AsyncClient] = []

    def arrive() -> Person:
        transport = httpx.ASGITransport(app=site.app, client=("192.0.2.7", 1))
        clients.append(httpx.AsyncClient(transport=transport, base_url="http://site.example"))
        return Person(clients[-1])

    yield arrive
    for client in clients:
        await client.aclose()


@pytest.fixture
def person(arrives: Callable[[], Person]) -> Person:
    return arrives()
