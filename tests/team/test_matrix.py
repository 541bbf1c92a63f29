"""Every route of the team's side, against every role and every place. An unlisted route fails.

The table of routes says which roles reach a route at all; the rules of `bot.roles` say where. Whatever is forbidden
must be the very bytes that are sent where nothing is, and no page that is only looked at may write.
"""

import asyncio
import secrets
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from secrets import token_urlsafe as make_secret
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from bot import returning, signing_in
from bot.connecting.tokens import BEGINNING
from bot.conversation import Speaker, Stage
from bot.dialogue import SECRET_HEADER
from bot.enquiry import outcome_id
from bot.flags import FlagKind
from bot.programs import Grant
from bot.records import RecordKind
from bot.reviewing import seeing
from bot.roles import Act, Actor, Place, Role, may
from bot.store import Disguise, EntryKind, RootKey, Store
from bot.web.access import REACH, About, Who
from bot.web.app import routes as persons_routes
from bot.web.team.marks import Marks
from bot.web.team.routes import team_routes
from bot.web.team.shell import TeamDesk, TeamRoute
from tests.talking import DATABASE, KEY, make_empty
from tests.team.colleague import check_answer
from tests.team.conftest import WISH, TeamSite, make_site, make_team_settings
from tests.voices import lets_be_quoted

NOWHERE = "0" * 32
NOT_AN_ID = "not-an-id"

BY_CODE, PROGRAM, BOX = "a person who came back by code", "another program", "the box"
VISITS = {"a person in a visit": "own team", BY_CODE: "own team", "an advocate in a visit": "an advocate's own"}
"""Who is in a conversation, and at which spot."""
NOT_SIGNED_IN = ("nobody", *VISITS, PROGRAM, BOX)

Rule = Callable[["Spot", Actor], bool]
"""Whether somebody may, at a spot, by the rules of roles alone."""


# --- the world -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Spot:
    """An enquiry, and one conversation in it; or a conversation without an enquiry."""

    name: str
    place: Place
    """Whose it is, as this test made it, and not as the product worked it out."""
    enquiry_id: str
    conversation_id: str
    other_id: str
    """Another conversation like it."""
    invitation_id: str = NOWHERE
    record: int = 0
    outcome: str = "00000000_0"
    quote: int = 0
    """The number of words that may be quoted."""
    has_flags: bool = True
    stage: Stage = Stage.FIRST
    speaker: Speaker = Speaker.PERSON
    is_finished: bool = True

    @property
    def conversation(self) -> Place:
        """The conversation as a place."""
        return replace(self.place, stage=self.stage, speaker=self.speaker, is_finished=self.is_finished)


@dataclass
class World:
    """Everything that the matrix is played on, in a folder that copies are taken of."""

    folder: Path
    teams: dict[str, str] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    visits: dict[str, str] = field(default_factory=dict)
    """What browsers hold of those who are in a conversation."""
    program: str = field(default_factory=lambda: BEGINNING + make_secret(32))
    """What another program of the council's sends."""
    token_id: str = ""
    spots: list[Spot] = field(default_factory=list)
    deed_id: str = ""
    """What was done about what people said, as the first team says."""

    def actor(self, role: Role) -> Actor:
        """The one who comes in this role."""
        teams = frozenset({self.teams["north"]}) if role in {Role.PRACTITIONER, Role.MANAGER} else frozenset[str]()
        return Actor(self.accounts[role], role, teams)


async def build(folder: Path) -> World:
    """Make teams, somebody of each role, enquiries that are theirs and not theirs, and what was said in each."""
    world = World(folder)
    store = Store.open(folder / DATABASE, RootKey.read(folder / KEY))
    site = make_site(store, make_team_settings(folder), folder / DATABASE)
    world.teams = {"north": site.team("North", duty=True), "south": site.team("South")}
    for role in Role:
        in_teams = (world.teams["north"],) if role in {Role.PRACTITIONER, Role.MANAGER} else ()
        world.accounts[role] = site.account(role, *in_teams, name=f"A {role}")
    world.accounts["second manager"] = site.account(Role.MANAGER, world.teams["north"], name="Another manager")
    for name, account_id in world.accounts.items():
        world.secrets[name] = secrets.token_urlsafe(32)
        with store.begin() as kept:
            kept.sessions.open(signing_in.hash_of(world.secrets[name]), account_id, site.now)
    north, south = world.teams["north"], world.teams["south"]
    practitioner, advocate = world.accounts[Role.PRACTITIONER], world.accounts[Role.ADVOCATE]
    await _spot(world, site, "own team", Place(team_id=north))
    await _spot(world, site, "other team", Place(team_id=south))
    await _spot(world, site, "restricted", Place(team_id=north, is_restricted=True))
    asked = Place(team_id=north, is_restricted=True, lift_asked_by=world.accounts["second manager"])
    await _spot(world, site, "restricted, lift asked for", asked)
    worked_on = Place(team_id=north, is_restricted=True, allocated=frozenset({practitioner}))
    await _spot(world, site, "restricted, allocated", worked_on)
    elsewhere = Place(team_id=south, allocated=frozenset({practitioner, advocate}))
    await _spot(world, site, "other team, allocated", elsewhere)
    await _spot(world, site, "experience", Place(team_id=north), stage=Stage.EXPERIENCE, has_flags=False)
    led = Place(team_id=north, allocated=frozenset({practitioner}))
    await _spot(world, site, "experience of what they led", led, stage=Stage.EXPERIENCE, has_flags=False)
    spoken = Place(team_id=south, allocated=frozenset({advocate}))
    await _spot(world, site, "an advocate's own", spoken, speaker=Speaker.ADVOCATE)
    await _spot(world, site, "unfinished, flagged", Place(team_id=north), is_finished=False)
    await _spot(world, site, "unfinished", Place(team_id=north), is_finished=False, has_flags=False)
    await _spot(world, site, "unfinished, other team", Place(team_id=south), is_finished=False)
    await _spot(world, site, "came by themselves", Place(team_id=north), enquiry=False)
    hashes = [signing_in.hash_of(secret) for secret in world.secrets.values()]
    with store.begin() as kept:
        world.deed_id = kept.deeds.add(
            team_id=north,
            state="made",
            day=site.now.date(),
            words={"did": "We ring when we say.", "by": "The team"},
            account_id=world.accounts[Role.MANAGER],
            now=site.now,
            theme="safer",
        ).deed_id
        world.token_id = kept.tokens.add(
            signing_in.hash_of(world.program),
            "Case system",
            site.now,
            grants=tuple(Grant),
            team_ids=(south,),
            made_by=world.accounts[Role.ADMINISTRATOR],
            valid_until=site.now.replace(year=site.now.year + 1),
        )
        # Whatever somebody opened when they might: a right that is gone is gone all the same.
        for session_hash in hashes:
            for spot in world.spots:
                if spot.enquiry_id != NOWHERE:
                    kept.sessions.opened(session_hash, "enquiry", spot.enquiry_id, site.now)
                    kept.sessions.opened(session_hash, "person_file", spot.enquiry_id, site.now)
                for conversation_id in (spot.conversation_id, spot.other_id):
                    for kind in ("conversation", "flags", "quote"):
                        kept.sessions.opened(session_hash, kind, conversation_id, site.now)
    held = {name: next(one for one in world.spots if one.name == spot).conversation_id for name, spot in VISITS.items()}
    code = await returning.make_code(site.door, held[BY_CODE], Disguise.NUMBERS, site.now)
    assert await returning.come_back(site.door, code, "192.0.2.7", site.now) == held[BY_CODE]
    for name, conversation_id in held.items():
        world.visits[name] = await returning.open_visit(site.door, conversation_id, 30, site.now)
    store.close()
    return world


async def _spot(world: World, site: TeamSite, name: str, place: Place, *, enquiry: bool = True, **said: Any) -> None:
    enquiry_id = (
        site.enquiry(place.team_id, allocated=sorted(place.allocated), restricted=place.is_restricted)
        if enquiry
        else None
    )
    wanted = {key: value for key, value in said.items() if key in {"stage", "speaker"}}
    is_safe = "not_safe" if said.get("has_flags", True) else "safe"
    finished = said.get("is_finished", True)
    first, other = [await site.conversation(enquiry_id, is_safe=is_safe, finished=finished, **wanted) for _ in range(2)]
    extra: dict[str, Any] = {}
    if enquiry_id is not None:
        with site.store.begin() as kept:
            if place.lift_asked_by is not None:
                kept.allocations.ask_to_lift(enquiry_id, place.lift_asked_by, site.now)
            entry = kept.entries.add(
                kind=EntryKind.RECORD,
                what=RecordKind.RISK,
                account_id=world.accounts[Role.MANAGER],
                now=site.now,
                enquiry_id=enquiry_id,
                choices={"result": ("risk_removed",)},
                words={},
            )
            invitation_id = kept.invitations.add(
                enquiry_id,
                site.now,
                stage=Stage.CHECK_IN,
                speaker=Speaker.PERSON,
                origin=kept.conversations.get(first).origin,
                contact="",
                valid_until=site.now.replace(year=site.now.year + 1),
                bucket=len(world.spots) + 1,
                salt=b"s" * 16,
                verifier=b"v" * 32,
            )
        extra |= {"record": entry.number, "invitation_id": invitation_id}
    with site.store.reading() as seen:
        wishes = [turn.number for turn in seen.conversations.turns(first) if turn.words == WISH]
    extra["outcome"] = outcome_id(first, wishes[0]) if wishes else "00000000_0"
    if wanted.get("stage") is Stage.EXPERIENCE:
        extra["quote"] = lets_be_quoted(site.store, first, site.now)
    ever = place.ever_allocated | place.allocated
    spot = Spot(name, replace(place, ever_allocated=ever), enquiry_id or NOWHERE, first, other, **extra, **said)
    world.spots.append(spot)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Made once; each test plays on a copy."""
    return asyncio.run(build(make_empty(tmp_path_factory.mktemp("world"))))


# --- the rules, by the route they stand for --------------------------------------------------------------------------


def reads(spot: Spot, actor: Actor) -> bool:
    """A finished conversation, or the flags of one that is not."""
    if spot.is_finished:
        return may(actor, Act.READ_CONVERSATION, spot.conversation)
    return spot.has_flags and may(actor, Act.READ_FLAG, spot.conversation)


def at_conversation(*acts: Act, readable: bool = True) -> Rule:
    """Whoever may do all of this at the conversation, and read it."""

    def rule(spot: Spot, actor: Actor) -> bool:
        return (not readable or reads(spot, actor)) and all(may(actor, act, spot.conversation) for act in acts)

    return rule


def at_enquiry(*acts: Act) -> Rule:
    """Whoever may see the enquiry and do all of this there."""

    def rule(spot: Spot, actor: Actor) -> bool:
        is_one = spot.enquiry_id != NOWHERE
        return is_one and all(may(actor, act, spot.place) for act in (Act.SEE_ENQUIRY, *acts))

    return rule


RULES_OF: Mapping[str, Rule] = {
    "conversation": at_conversation(),
    "open_conversation": at_conversation(),
    "open_beside": at_conversation(),
    "beside": at_conversation(),
    "review": at_conversation(),
    "take_step": at_conversation(Act.REVIEW),
    "note": at_conversation(Act.NOTE),
    "write_note": at_conversation(Act.NOTE),
    "flag": at_conversation(Act.ANSWER_FLAG),
    "answer_flag": at_conversation(Act.ANSWER_FLAG),
    "join_page": at_conversation(),
    "join": at_conversation(Act.JOIN, readable=False),
    "code_page": at_conversation(Act.END_CODE, readable=False),
    "end_code": at_conversation(Act.END_CODE, readable=False),
    "readers": at_enquiry(Act.SEE_READERS),
    "enquiry": at_enquiry(),
    "open_enquiry": at_enquiry(),
    "close_enquiry": at_enquiry(Act.CLOSE),
    "reopen_enquiry": at_enquiry(Act.CLOSE),
    "enquiry_people": at_enquiry(Act.ALLOCATE),
    "change_enquiry_people": at_enquiry(Act.RESTRICT),
    "lift": at_enquiry(Act.LIFT),
    "export_page": at_enquiry(Act.EXPORT),
    "export": at_enquiry(Act.EXPORT),
    "themes": at_enquiry(Act.TAG),
    "keep_themes": at_enquiry(Act.TAG),
    "wordings": at_enquiry(),
    "invite_page": at_enquiry(Act.INVITE),
    "invite": at_enquiry(Act.INVITE),
    "withdraw_invitation": at_enquiry(Act.INVITE),
    "blank_record": at_enquiry(Act.RECORD),
    "keep_record": at_enquiry(Act.RECORD),
    "record_to_change": at_enquiry(Act.RECORD),
    "change_record": at_enquiry(Act.RECORD),
    "record": at_enquiry(Act.SEE_RECORDS),
    "checklist": at_enquiry(Act.SEE_RECORDS),
    "quote": at_conversation(Act.APPROVE_QUOTE),
    "open_quote": at_conversation(Act.APPROVE_QUOTE),
    "leave_out": at_conversation(Act.APPROVE_QUOTE),
    "decide_quote": at_conversation(Act.APPROVE_QUOTE),
    "person_file": at_enquiry(Act.EXPORT),
    "open_person_file": at_enquiry(Act.EXPORT),
    "make_person_file": at_enquiry(Act.EXPORT),
    "enquiry_keeping": at_enquiry(Act.KEEP),
    "decide_keeping": at_enquiry(Act.KEEP),
    "forget_enquiry": at_enquiry(Act.FORGET),
    "conversation_keeping": at_conversation(Act.KEEP, readable=False),
    "decide_its_keeping": at_conversation(Act.KEEP, readable=False),
    "forget_conversation": at_conversation(Act.FORGET, readable=False),
}
"""What each route about an enquiry or a conversation takes. A route that is not here fails."""

NEEDS = {
    "themes": "an outcome",
    "keep_themes": "an outcome",
    "wordings": "an outcome",
    "note": "words",
    "write_note": "words",
    "flag": "a flag",
    "answer_flag": "a flag",
    "quote": "a quote",
    "open_quote": "a quote",
    "leave_out": "a quote",
    "decide_quote": "a quote",
}
"""What has to be there for the page to be there for whoever may."""

TAKES_MORE = frozenset({"prove", "prove_with_passkey", "end_passkey"})
"""What only answers to what somebody has: a password, a key."""

SENT: Mapping[str, Mapping[str, str]] = {
    "take_step": {"step": "take"},
    "review": {"step": "send_back"},
    "note": {"turn": "2"},
    "write_note": {"turn": "2", "words": "She said it twice."},
    "flag": {"kind": FlagKind.IN_DANGER_NOW},
    "answer_flag": {"kind": FlagKind.IN_DANGER_NOW, "words": "I rang her at once."},
    "change_enquiry_people": {"do": "restrict"},
    "export": {"written": "fhir"},
    "figures_behind": {"cell": "no"},
    "leave_out": {"passages": "They"},
    "decide_quote": {"do": "refuse", "reason": "other", "latest": "0"},
    "make_person_file": {"written": "json"},
    "decide_keeping": {"do": "hold", "reason": "The court asked for it."},
    "decide_its_keeping": {"do": "ask", "reason": "She asked us to."},
}


# --- playing it ------------------------------------------------------------------------------------------------------


@dataclass
class Play:
    """One visitor, on a copy of the world."""

    world: World
    site: TeamSite
    visitor: Role | str
    client: httpx.AsyncClient
    findings: list[str] = field(default_factory=list)

    @property
    def actor(self) -> Actor | None:
        return self.world.actor(self.visitor) if isinstance(self.visitor, Role) else None

    @property
    def marks(self) -> Marks:
        desk: TeamDesk = self.site.desk
        return desk.marks

    async def asks(self, route: TeamRoute, path: str, fields: Mapping[str, str]) -> httpx.Response:
        """Look at a page, or send a form of ours."""
        if route.method == "GET":
            return await self.client.get(f"{path}?{urlencode(fields)}" if fields else path)
        form = ""
        if isinstance(self.visitor, Role):
            form = self.marks.form(signing_in.hash_of(self.world.secrets[self.visitor]))
        body = urlencode({**fields, "form": form, "once": secrets.token_hex(8)})
        headers = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
        return await self.client.post(path, content=body, headers=headers)

    def restores(self) -> None:
        """Put everything back as it was."""
        self.site.store.engine.dispose()
        for end in ("", "-wal", "-shm"):
            self.site.path.with_name(DATABASE + end).unlink(missing_ok=True)
        shutil.copy(self.world.folder / DATABASE, self.site.path)

    def kept(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table."""
        with closing(sqlite3.connect(self.site.path)) as connection:
            names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in sorted(names)}

    def notes(self, finding: str) -> None:
        self.findings.append(f"{self.visitor}: {finding}")


@pytest.fixture
async def play(world: World, tmp_path: Path) -> AsyncIterator[Callable[[Role | str], Play]]:
    """Have a visitor come to a copy of the world."""
    for name in (KEY, DATABASE):
        shutil.copy(world.folder / name, tmp_path / name)
    store = Store.open(tmp_path / DATABASE, RootKey.read(tmp_path / KEY))
    site = make_site(store, make_team_settings(tmp_path), tmp_path / DATABASE)

    def come(visitor: Role | str) -> Play:
        colleague = site.arrives()
        if isinstance(visitor, Role):
            colleague.client.cookies.set("team", world.secrets[visitor], domain="site.example", path="/team")
        if visitor in world.visits:
            colleague.client.cookies.set("visit", world.visits[visitor])
        if visitor == PROGRAM:
            colleague.client.headers["authorization"] = f"Bearer {world.program}"
        if visitor == BOX:
            colleague.client.headers[SECRET_HEADER] = secrets.token_hex(32)
        return Play(world, site, visitor, colleague.client)

    yield come
    for client in site.clients:
        await client.aclose()
    store.close()


IDS = ("enquiry_id", "conversation_id", "team_id", "account_id", "token_id", "deed_id")
NAMED = {route.name: route for route in team_routes}


def spots_of(route: TeamRoute, world: World) -> list[Spot]:
    return world.spots if route.about in {About.ENQUIRY, About.CONVERSATION} else world.spots[:1]


def path_of(route: TeamRoute, spot: Spot, world: World, site: TeamSite, given: str = "") -> str:
    """The address of a route at a spot; `given` in the place of its id."""
    ids = {
        "enquiry_id": given or spot.enquiry_id,
        "conversation_id": given or spot.conversation_id,
        "team_id": given or world.teams["south"],
        "account_id": given or world.accounts[Role.PRACTITIONER],
        "token_id": given or world.token_id,
        "guidance_id": given or guidance_id(site),
        "secret": given or NOWHERE,
        "other_id": spot.other_id,
        "outcome": spot.outcome,
        "invitation_id": spot.invitation_id,
        "kind": RecordKind.RISK.value,
        "number": str(spot.record),
        "measure": "asked",
        "turn": str(spot.quote),
        "deed_id": given or world.deed_id,
    }
    return route.path.replace(":int", "").format(**ids)


@cache
def guidance_id_in(folder: Path) -> str:
    from bot.guiding import read_shelf

    return read_shelf(folder).documents[0].document_id


def guidance_id(site: TeamSite) -> str:
    return guidance_id_in(site.settings.guidance)


def fields_of(route: TeamRoute, spot: Spot, site: TeamSite) -> dict[str, str]:
    """What is sent with it."""
    sent = dict(SENT.get(route.name, {}))
    if "kind" in sent:
        with site.store.reading() as seen:
            flags = seen.flags.of(spot.conversation_id)
        sent["turn"] = str(next((flag.turn for flag in flags if flag.kind is FlagKind.IN_DANGER_NOW), 0))
    if route.name == "open_beside":
        sent["other"] = spot.other_id
    return sent


def lets_in(route: TeamRoute, spot: Spot, actor: Actor) -> bool:
    """Whether this role reaches this route here, by the table and by the rules of roles."""
    if not route.lets_in(actor.role):
        return False
    return RULES_OF[route.name](spot, actor) if route.about in {About.ENQUIRY, About.CONVERSATION} else True


def has_what_it_needs(route: TeamRoute, spot: Spot, actor: Actor) -> bool:
    """Whether there is something for the page to show, to whoever may see it."""
    need = NEEDS.get(route.name)
    if need == "an outcome":
        return spot.stage is Stage.FIRST and reads(spot, actor) and spot.is_finished
    if need == "words":
        return spot.is_finished
    if need == "a quote":
        return bool(spot.quote)
    if need == "a flag":
        return spot.has_flags
    if route.name in {"open_beside", "beside"}:
        return spot.is_finished
    return True


def same(one: httpx.Response, other: httpx.Response) -> bool:
    """Whether nobody could tell two answers apart."""
    return (one.status_code, one.content, sorted(one.headers.items())) == (
        other.status_code,
        other.content,
        sorted(other.headers.items()),
    )


def test_every_route_stands_in_one_table() -> None:
    names = [route.name for route in team_routes]
    assert len(set(names)) == len(names)
    addresses = [(route.method, route.path) for route in team_routes]
    assert len(set(addresses)) == len(addresses)
    assert all(route.path == "/team" or route.path.startswith("/team/") for route in team_routes)
    assert {route.method for route in team_routes} == {"GET", "POST"}
    found = {
        (one.name, f"{method} {one.path}") for one in persons_routes for method in (one.methods or set()) - {"HEAD"}
    }
    assert found == set(REACH)


def test_every_route_about_somebodys_words_has_its_rule() -> None:
    about = {route.name for route in team_routes if route.about in {About.ENQUIRY, About.CONVERSATION}}
    assert about == set(RULES_OF)
    with_ids = {route.name for route in team_routes if "enquiry_id" in route.path or "conversation_id" in route.path}
    assert with_ids == about


def test_what_a_role_may_do_nowhere_it_is_not_let_in_to() -> None:
    for route in team_routes:
        if isinstance(route.who, Who):
            assert route.about not in {About.ENQUIRY, About.CONVERSATION}, route.name


@pytest.mark.parametrize("visitor", NOT_SIGNED_IN)
async def test_whoever_is_not_signed_in_is_led_to_the_door(
    play: Callable[[Role | str], Play], world: World, visitor: str
) -> None:
    here = play(visitor)
    before = here.kept()
    for route in team_routes:
        if route.who is Who.NOBODY_SIGNED_IN:
            continue
        for spot in spots_of(route, world):
            if visitor not in {"nobody", "a person in a visit"} and spot.name not in {"own team", "an advocate's own"}:
                # The same door, for all who are not signed in: what is theirs, and what is another's, shows it.
                continue
            for given in ("", NOWHERE):
                path = path_of(route, spot, world, here.site, given)
                response = await here.asks(route, path, {"words": WISH} if route.method == "POST" else {})
                check_answer(response)
                if route.method == "GET":
                    assert response.status_code == 303, path
                    assert response.headers["location"].startswith("/team/sign-in")
                else:
                    assert response.status_code == 422, path
                    assert "You were signed out" in response.text
                    assert WISH in response.text
    assert here.kept() == before


@pytest.mark.parametrize("visitor", list(Role))
async def test_forbidden_and_missing_are_the_same_bytes(
    play: Callable[[Role | str], Play], world: World, visitor: Role
) -> None:
    here = play(visitor)
    actor = world.actor(visitor)
    nothing = await here.client.get("/team/no/such/page")
    assert nothing.status_code == 404
    before = here.kept()
    for route in team_routes:
        if route.who is Who.NOBODY_SIGNED_IN:
            continue
        spots = spots_of(route, world)
        if not route.lets_in(visitor):
            # Whose it is makes no difference then: one of each sort will do.
            spots = [*spots[:3], *spots[-1:]] if len(spots) > 1 else spots
        hidden = [(spot, "") for spot in spots if not lets_in(route, spot, actor)]
        if any(name in route.path for name in IDS):
            hidden += [(world.spots[0], NOWHERE), (world.spots[0], NOT_AN_ID)]
        for spot, given in hidden:
            fields = fields_of(route, spot, here.site)
            response = await here.asks(route, path_of(route, spot, world, here.site, given), fields)
            after = here.kept()
            what = f"{route.name} of {given} is missing" if given else f"{route.name} at {spot.name} is forbidden"
            if not same(response, nothing):
                here.notes(f"{what} and answers {response.status_code}")
            elif changed := _changed(before, after):
                here.notes(f"{what} and writes {changed}")
            before = after
    assert here.findings == []


async def test_a_hole_would_be_seen(
    play: Callable[[Role | str], Play], world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, elsewhere = play(Role.PRACTITIONER), world.spots[1]
    nothing = await here.client.get("/team/no/such/page")
    for name in ("conversation", "enquiry"):
        path = path_of(NAMED[name], elsewhere, world, here.site)
        assert same(await here.asks(NAMED[name], path, {}), nothing)
    monkeypatch.setattr(seeing, "require", lambda *asked: None)
    for name in ("conversation", "enquiry"):
        path = path_of(NAMED[name], elsewhere, world, here.site)
        response = await here.asks(NAMED[name], path, {})
        assert not same(response, nothing)


def _changed(before: Mapping[str, list[tuple[Any, ...]]], after: Mapping[str, list[tuple[Any, ...]]]) -> str:
    """What was written beside the one row of the audit that says that somebody was denied."""
    tables = {name for name in before if before[name] != after[name]}
    if tables != {"audit", "logs"} or len(after["audit"]) != len(before["audit"]) + 1:
        return f"{sorted(tables)}"
    added = set(after["audit"]) - set(before["audit"])
    return "" if all("denied" in row for row in added) else "something else into the audit"


@pytest.mark.parametrize("visitor", list(Role))
async def test_whoever_may_gets_there_and_looking_writes_nothing(
    play: Callable[[Role | str], Play], world: World, visitor: Role
) -> None:
    here = play(visitor)
    actor = world.actor(visitor)
    as_it_was = here.kept()
    reached = 0
    for route in team_routes:
        if route.who is Who.NOBODY_SIGNED_IN or route.name in TAKES_MORE:
            continue
        for spot in spots_of(route, world):
            if not lets_in(route, spot, actor) or not has_what_it_needs(route, spot, actor):
                continue
            reached += 1
            path = path_of(route, spot, world, here.site)
            response = await here.asks(route, path, fields_of(route, spot, here.site))
            told = f"{route.method} {route.name} at {spot.name}"
            if response.status_code not in {200, 303, 409, 422}:
                here.notes(f"{told} is allowed and answers {response.status_code}")
            if "sign-in" in response.headers.get("location", "") or "Prove that it is you" in response.text:
                here.notes(f"{told} asks for more")
            if route.method == "GET" and here.kept() != as_it_was:
                here.notes(f"{told} writes")
            if route.method == "POST" or response.status_code == 404:
                here.restores()
                _sign_in_again(here)
    assert here.findings == []
    assert reached > 10


def _sign_in_again(here: Play) -> None:
    """Signing out takes the cookie along."""
    assert isinstance(here.visitor, Role)
    here.client.cookies.clear()
    here.client.cookies.set("team", here.world.secrets[here.visitor], domain="site.example", path="/team")


async def test_what_matters_much_takes_a_proof_and_nothing_is_done_before_it(
    play: Callable[[Role | str], Play], world: World
) -> None:
    for visitor in Role:
        here = play(visitor)
        here.site.passes(minutes=6)
        before = here.kept()
        restricted = world.spots[4]
        assert restricted.name == "restricted, allocated"
        takes = [route for route in team_routes if route.proven and route.lets_in(visitor)]
        if visitor in {Role.PRACTITIONER, Role.MANAGER, Role.AUDITOR}:
            takes += [NAMED["open_enquiry"], NAMED["open_conversation"]]
        for route in takes:
            response = await here.asks(route, path_of(route, restricted, world, here.site), {})
            assert "Prove that it is you" in response.text, route.name
        after = here.kept()
        assert {name for name in before if before[name] != after[name]} <= {"sessions"}
        here.restores()
        here.site.now = here.site.now.replace(minute=0)


@pytest.mark.parametrize("visitor", [Role.MANAGER, Role.ADMINISTRATOR])
async def test_a_form_of_another_page_or_of_another_site_does_nothing(
    play: Callable[[Role | str], Play], world: World, visitor: Role
) -> None:
    here = play(visitor)
    before = here.kept()
    own = here.marks.form(signing_in.hash_of(world.secrets[visitor]))
    anothers = here.marks.form(signing_in.hash_of(world.secrets[Role.AUDITOR]))
    for route in team_routes:
        if route.method != "POST" or route.who is Who.NOBODY_SIGNED_IN or not route.lets_in(visitor):
            continue
        path = path_of(route, world.spots[0], world, here.site)
        for form, site in (("", "same-origin"), (anothers, "same-origin"), (own[:-1], "none"), (own, "cross-site")):
            body = urlencode({"form": form, "words": WISH})
            headers = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": site}
            response = await here.client.post(path, content=body, headers=headers)
            assert response.status_code == 403, route.name
            assert (WISH in response.text) == (site != "cross-site"), "what was typed stays"
    assert here.kept() == before


async def test_a_colleague_has_no_way_into_a_conversation_that_goes_on(
    play: Callable[[Role | str], Play], world: World
) -> None:
    here = play(Role.MANAGER)
    for path in ("/conversation", "/conversation/words", "/conversation/words.txt"):
        response = await here.client.get(path)
        assert "This page is closed" in response.text
