"""The team's side on its real parts: a whole site, colleagues of every role, enquiries, and what people said."""

import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp

from bot import signing_in
from bot.codes import Door
from bot.connecting.tokens import BEGINNING
from bot.conversation import Speaker, Stage, Whose
from bot.interviewing import Room, begin
from bot.programs import Grant
from bot.project import load_code_words, load_interview, load_phrases
from bot.roles import Role
from bot.settings import Settings, load
from bot.steps import Steps
from bot.store import Purpose, Store
from bot.web.app import create_app
from bot.web.guard import Guard
from bot.web.team.shell import TeamDesk
from tests.fake_dialogue import FakeDialogue
from tests.talking import DATABASE, NOW, Talk, make_empty, opened_copy
from tests.team.colleague import Colleague

WISH = "I want to see my sister again, and my own front door key."


@dataclass
class TeamSite:
    """The whole site, a clock that a test can move, and ways to put people and work into it."""

    app: ASGIApp
    room: Room
    dialogue: FakeDialogue
    door: Door
    settings: Settings
    path: Path
    """Of the database."""
    now: datetime = NOW
    clients: list[httpx.AsyncClient] = field(default_factory=list)
    desk: TeamDesk = field(init=False)

    @property
    def store(self) -> Store:
        return self.room.store

    def passes(self, **time: int) -> None:
        """Let time pass."""
        self.now += timedelta(**time)

    def arrives(self) -> Colleague:
        """Make another browser come to the site. Nobody is signed in there."""
        transport = httpx.ASGITransport(app=self.app, client=("192.0.2.7", 1))
        self.clients.append(httpx.AsyncClient(transport=transport, base_url="http://site.example"))
        return Colleague(self.clients[-1])

    def team(self, name: str = "North team", *, duty: bool = False) -> str:
        """Make a team. The first one is the duty team."""
        with self.store.begin() as kept:
            return kept.teams.add(name, self.now, duty=duty)

    def account(self, role: Role, *team_ids: str, name: str = "Asha Rahman", email: str = "") -> str:
        """Make an account."""
        address = email or f"{role}.{secrets.token_hex(4)}@council.example"
        with self.store.begin() as kept:
            return kept.accounts.add(role=role, name=name, email=address, team_ids=team_ids, now=self.now)

    def signs_in(self, account_id: str) -> Colleague:
        """Have somebody signed in, in a browser of their own."""
        colleague = self.arrives()
        secret = secrets.token_urlsafe(32)
        with self.store.begin() as kept:
            kept.sessions.open(signing_in.hash_of(secret), account_id, self.now)
            colleague.role = kept.accounts.get(account_id).role
        colleague.account_id = account_id
        colleague.client.cookies.set("team", secret, domain="site.example", path="/team")
        return colleague

    def token(
        self, team_ids: Sequence[str], *grants: Grant, name: str = "Case system", made_by: str = ""
    ) -> tuple[str, str]:
        """Make a token for a program, with every scope or those named. Gives its secret, and its id."""
        secret = BEGINNING + secrets.token_urlsafe(32)
        account_id = made_by or self.account(Role.ADMINISTRATOR)
        with self.store.begin() as kept:
            token_id = kept.tokens.add(
                signing_in.hash_of(secret),
                name,
                self.now,
                grants=grants or tuple(Grant),
                team_ids=team_ids,
                made_by=account_id,
                valid_until=self.now + timedelta(days=30),
            )
        return secret, token_id

    def enquiry(
        self,
        team_id: str | None = None,
        reference: str = "",
        *,
        allocated: Sequence[str] = (),
        restricted: bool = False,
    ) -> str:
        """Open an enquiry, of a team, with those who work on it."""
        with self.store.begin() as kept:
            enquiry_id = kept.enquiries.open(self.now, reference=reference or f"E-{secrets.token_hex(3)}")
            if team_id is not None:
                kept.allocations.give_team(enquiry_id, team_id, None, self.now)
            for account_id in allocated:
                kept.allocations.allocate(enquiry_id, account_id, None, self.now)
            if restricted:
                kept.allocations.restrict(enquiry_id, None, self.now)
        return enquiry_id

    async def conversation(
        self,
        enquiry_id: str | None = None,
        *,
        says: str = WISH,
        is_safe: str = "safe",
        finished: bool = True,
        stage: Stage = Stage.FIRST,
        speaker: Speaker = Speaker.PERSON,
    ) -> str:
        """Have a conversation with the person: what they feel, what they want, and whether they are safe now.

        `is_safe`: "safe", "not_sure", or "not_safe", which raises a flag. It is a first one, or how it was for them.
        """
        conversation_id = await begin(self.room, stage=stage, speaker=speaker, now=self.now, enquiry_id=enquiry_id)
        talk = Talk(self.room, conversation_id)
        talk.now = self.now
        whose = {"whose": Whose.OWN_WORDS} if speaker is Speaker.ADVOCATE else {}
        if speaker is Speaker.ADVOCATE:
            await talk.says("Femi Oyelaran")
        if stage is Stage.FIRST:
            await talk.says("Tired. <b>Not</b> sleeping.\n\n  And cross.", **whose)
            await talk.says("My cat, and being asked.", **whose)
            await talk.chooses("yes")
            await talk.says(says, **whose)
            await talk.says("She would ring on Sundays.", **whose)
            await talk.chooses("no")
            await talk.chooses(is_safe, **whose)
            if is_safe == "not_safe":
                # Help came first, and they want to go on.
                await talk.chooses("carry_on")
        elif stage is Stage.EXPERIENCE:
            await talk.chooses("all_of_it", **whose)
            await talk.says("They asked me first.", **whose)
        if stage is Stage.FIRST:
            wish = next(turn.number for turn in await talk.turns() if turn.words == says)
            with self.store.begin() as kept:
                # The box's actions would have kept it.
                kept.outcomes.desire(conversation_id, wish, self.now)
        if finished:
            await talk.chooses("done")
        return conversation_id


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_empty(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def store(empty_store: Path, tmp_path: Path) -> Iterator[Store]:
    with opened_copy(empty_store, tmp_path / "store") as opened:
        yield opened


def make_team_settings(folder: Path) -> Settings:
    """Settings as they are without any, and a telephone."""
    return replace(
        load({}, folder / "no.env"),
        phone="01234 567 890",
        phone_hours="Monday to Friday, 9am to 5pm",
        out_of_hours_phone="01234 567 899",
        address="http://site.example",
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_team_settings(tmp_path)


def make_site(store: Store, settings: Settings, path: Path) -> TeamSite:
    """Make the whole site on a store, with a small dialogue engine in the place of the box."""

    async def no_waiting(seconds: float) -> None:
        """Wait without waiting."""

    async def unmade(scope: object, receive: object, send: object) -> None:
        raise NotImplementedError

    dialogue = FakeDialogue()
    room = Room(store, dialogue, load_interview(), load_phrases())
    door = Door(store, load_code_words(), sleep=no_waiting)
    made = TeamSite(unmade, room, dialogue, door, settings, path)
    app = create_app(room, door, Steps(store.derive(Purpose.STEP_TOKENS)), settings, now=lambda: made.now)
    made.app = app
    assert isinstance(app, Guard)
    assert isinstance(app.app, Starlette)
    made.desk = app.app.state.team_desk
    return made


@pytest.fixture
async def team_site(store: Store, settings: Settings, tmp_path: Path) -> AsyncIterator[TeamSite]:
    """The whole site on a real store."""
    made = make_site(store, settings, tmp_path / "store" / DATABASE)
    yield made
    for client in made.clients:
        await client.aclose()


@pytest.fixture
def signed_in(team_site: TeamSite) -> Callable[..., Colleague]:
    """Have somebody of a role signed in: `signed_in(Role.MANAGER, team_id)`."""

    def sign_in(role: Role, *team_ids: str, name: str = "Asha Rahman", email: str = "") -> Colleague:
        return team_site.signs_in(team_site.account(role, *team_ids, name=name, email=email))

    return sign_in
