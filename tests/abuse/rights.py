"""What somebody gets who sends another's requests, forms of foreign sites, or an old cookie; and what looking writes.

The matrix of roles (`tests/team/test_matrix.py`) knows the rules and goes through every route. Here nothing is known
but what browsers recorded: whoever sends it again from elsewhere must see no word of it.
"""

import asyncio
import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode, urljoin, urlsplit

import httpx
import pytest

from bot import returning, signing_in
from bot.conversation import Stage
from bot.reviewing import seeing
from bot.roles import Role
from bot.store import Disguise, RootKey, Store
from bot.web import guard
from bot.web.api.routes import HERE
from bot.web.api.routes import routes as api_routes
from bot.web.team.marks import Marks
from tests.abuse.measuring import Length, Row, counted, proven
from tests.signing import PASSWORD, AtGate, code
from tests.talking import DATABASE, KEY, make_empty
from tests.team.conftest import TeamSite, make_site, make_team_settings

FORM = "application/x-www-form-urlencoded"
ALIKE = 2
"""Addresses that differ in their query alone, of which so many are opened."""


# --- what a page leads to --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sent:
    """One request, as a browser recorded it."""

    method: str
    path: str
    fields: tuple[tuple[str, str], ...] = ()

    @property
    def place(self) -> str:
        """The address without what was chosen there."""
        return urlsplit(self.path).path

    def with_field(self, name: str, value: str | None) -> "Sent":
        """Give it with another value for a field; without it for None."""
        rest = tuple(pair for pair in self.fields if pair[0] != name)
        return replace(self, fields=rest if value is None else (*rest, (name, value)))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.forms: list[tuple[dict[str, str], list[tuple[str, str]]]] = []
        self._box = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        elif tag == "form":
            self.forms.append((given, []))
        elif self.forms and given.get("name"):
            is_ticked = given.get("type") not in {"radio", "checkbox"} or "checked" in given
            if tag == "textarea":
                self._box = given["name"]
            elif tag == "input" and is_ticked:
                self.forms[-1][1].append((given["name"], given.get("value", "")))

    def handle_data(self, data: str) -> None:
        if self._box:
            self.forms[-1][1].append((self._box, data))
            self._box = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._box = ""


def leads_to(path: str, html: str) -> tuple[list[str], list[Sent]]:
    """Give the addresses and the forms of a page."""
    reader = _Reader()
    reader.feed(html)
    links = [urljoin(path, link).partition("#")[0] for link in reader.links]
    forms = [
        Sent("POST", urljoin(path, about.get("action") or path), tuple(fields))
        for about, fields in reader.forms
        if about.get("method", "").lower() == "post"
    ]
    return [link for link in links if link.startswith("/")], forms


# --- who is there ----------------------------------------------------------------------------------------------------


@dataclass
class Visitor:
    """A browser or a program, and what it recorded."""

    name: str
    client: httpx.AsyncClient
    session: str = ""
    opened: list[Sent] = field(default_factory=list)
    forms: list[Sent] = field(default_factory=list)

    async def sends(self, sent: Sent, **headers: str) -> httpx.Response:
        """Send a request."""
        if sent.method == "GET":
            return await self.client.get(sent.path, headers=headers)
        given = {"content-type": FORM, "sec-fetch-site": "same-origin", **headers}
        given = {name: value for name, value in given.items() if value}
        return await self.client.post(sent.path, content=urlencode(sent.fields, errors="surrogatepass"), headers=given)


@dataclass
class World:
    """Two teams with an enquiry each, somebody of each role, and people in their conversations."""

    site: TeamSite
    words: dict[str, str] = field(default_factory=dict)
    """For each team what only its enquiry holds."""
    ids: dict[str, tuple[str, ...]] = field(default_factory=dict)
    visitors: dict[str, Visitor] = field(default_factory=dict)
    programs: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._watching = sqlite3.connect(self.site.path)
        self._counted = (-1, 0)

    def close(self) -> None:
        """Look no longer."""
        self._watching.close()

    @property
    def marks(self) -> Marks:
        """What makes the marks of forms."""
        return self.site.desk.marks

    def writes(self) -> int:
        """Count all rows but those that say that somebody was denied: what changes when something is written."""
        # SQLite's own number changes when another connection commits: all is read only then.
        version = self._watching.execute("PRAGMA data_version").fetchone()[0]
        if version != self._counted[0]:
            self._counted = version, self._rows()
        return self._counted[1]

    def _rows(self) -> int:
        names = [row[0] for row in self._watching.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        told = [(name, self._watching.execute(f"SELECT * FROM {name}").fetchall()) for name in sorted(names)]
        kept = [(name, rows) for name, rows in told if name not in {"logs", "audit"}]
        audit = next(rows for name, rows in told if name == "audit")
        return hash(str((kept, [row for row in audit if "denied" not in row])))


async def build(site: TeamSite) -> World:
    """Make it."""
    world = World(site)
    for team in ("north", "south"):
        words = f"Only {team} knows of the {secrets.token_hex(6)}"
        team_id = site.team(team, duty=team == "north")
        accounts = {role: site.account(role, team_id, name=f"{team} {role}") for role in _in_a_team()}
        advocate = site.account(Role.ADVOCATE, name=f"{team} advocate")
        enquiry_id = site.enquiry(team_id, f"{team}/{secrets.token_hex(3)}", allocated=[advocate])
        conversation_id = await site.conversation(enquiry_id, says=words, is_safe="not_safe")
        own = await site.conversation(None, says=words, finished=False)
        late = await site.conversation(enquiry_id, says=words, stage=Stage.FIRST)
        world.words[team] = words
        world.ids[team] = (enquiry_id, conversation_id, late, own)
        for role, account_id in {**accounts, Role.ADVOCATE: advocate}.items():
            colleague = site.signs_in(account_id)
            world.visitors[f"{team} {role}"] = Visitor(
                f"{team} {role}", colleague.client, signing_in.hash_of(colleague.client.cookies["team"])
            )
        client = site.arrives().client
        client.cookies.set("visit", await returning.open_visit(site.door, own, 1200, site.now))
        world.visitors[f"{team} person"] = Visitor(f"{team} person", client)
        world.programs[team], _ = site.token([team_id], name=f"Program of {team}", made_by=accounts[Role.MANAGER])
    for role in (Role.AUDITOR, Role.BOARD_MEMBER, Role.ADMINISTRATOR):
        colleague = site.signs_in(site.account(role, name=f"An {role}"))
        session = signing_in.hash_of(colleague.client.cookies["team"])
        world.visitors[role.value] = Visitor(role.value, colleague.client, session)
    world.visitors["nobody"] = Visitor("nobody", site.arrives().client)
    return world


def _in_a_team() -> tuple[Role, ...]:
    return (Role.PRACTITIONER, Role.MANAGER)


async def crawl(world: World, visitor: Visitor, most: int) -> list[str]:
    """Open all that this visitor's pages lead to, and record it. Names every page that is only looked at and writes."""
    wrote: list[str] = []
    waiting = ["/team"] if visitor.session else ["/", "/conversation", "/come-back", "/easier", "/paper", "/invited"]
    seen: set[str] = set()
    alike: dict[str, int] = {}
    before = world.writes()
    while waiting and len(seen) < most:
        path = waiting.pop(0)
        place = urlsplit(path).path
        if path in seen or alike.get(place, 0) >= ALIKE or place in {"/leave", "/team/sign-in"}:
            continue
        seen.add(path)
        alike[place] = alike.get(place, 0) + 1
        response = await visitor.client.get(path, headers={"sec-fetch-site": "same-origin"})
        after = world.writes()
        if after != before:
            wrote.append(f"{visitor.name} looks at {_nameless(place, world)} and something is written")
        before = after
        while response.has_redirect_location and response.headers["location"].startswith("/"):
            path = response.headers["location"]
            response = await visitor.client.get(path)
        visitor.opened.append(Sent("GET", path))
        if not response.headers.get("content-type", "").startswith("text/html"):
            continue
        links, forms = leads_to(path, response.text)
        # What is about somebody comes first, so that a short crawl has seen it.
        ids = [one for several in world.ids.values() for one in several]
        waiting = sorted([*waiting, *links], key=lambda link: not any(one in link for one in ids))
        for form in forms:
            if not any(form.path == other.path and form.fields[2:] == other.fields[2:] for other in visitor.forms):
                visitor.forms.append(form)
            if form.path.endswith("/open") and form.path not in seen:
                seen.add(form.path)
                opened = await visitor.sends(form)
                before = world.writes()
                waiting.append(opened.headers.get("location", path))
                alike[urlsplit(waiting[-1]).path] = 0
                seen.discard(waiting[-1])
                if opened.status_code == 200:
                    more, others = leads_to(form.path, opened.text)
                    waiting += more
                    visitor.forms += others
    return wrote


def _nameless(path: str, world: World) -> str:
    for team, ids in world.ids.items():
        for number, one in enumerate(ids):
            path = path.replace(one, f"{{{team} {number}}}")
    return path


# --- another's requests ----------------------------------------------------------------------------------------------


async def replays(world: World, team: str, others: Iterable[Visitor]) -> tuple[list[str], int]:
    """Send what people of a team recorded, about what is theirs, as somebody who may see none of it."""
    leaks: list[str] = []
    tried = 0
    words, ids = world.words[team], world.ids[team]
    theirs = [visitor for name, visitor in world.visitors.items() if name.startswith(team)]
    recorded = {sent: visitor for visitor in theirs for sent in (*visitor.opened, *visitor.forms)}
    named = [sent for sent in recorded if any(one in sent.path or one in str(sent.fields) for one in ids)]
    # What opens something comes first: what it opens would be seen with the next.
    named.sort(key=lambda sent: not sent.path.endswith("/open"))
    for other in others:
        for sent in named:
            for one in _as_sent_by(world, other, sent):
                response = await other.sends(one)
                tried += 1
                told = [one for one in ids if one not in sent.path and one not in str(sent.fields)]
                if words in response.text or any(one in response.text for one in told) or _is_let_in(sent, response):
                    leaks.append(
                        f"{other.name} sends {sent.method} {_nameless(sent.place, world)}: {response.status_code}"
                    )
        for sent in [sent for sent in recorded if sent.method == "GET" and sent not in named]:
            response = await other.sends(sent)
            tried += 1
            if words in response.text:
                leaks.append(f"{other.name} opens {_nameless(sent.place, world)}: {response.status_code}")
    return leaks, tried


def _is_let_in(sent: Sent, response: httpx.Response) -> bool:
    """Whether an address of somebody else's enquiry or conversation answers with anything but a refusal."""
    is_somebodys = sent.path.startswith(("/team/enquiries/", "/team/conversations/"))
    leads_to_the_door = response.headers.get("location", "").startswith("/team/sign-in")
    return is_somebodys and response.status_code < 400 and not leads_to_the_door


def _as_sent_by(world: World, other: Visitor, sent: Sent) -> list[Sent]:
    if sent.method == "GET" or not other.session:
        return [sent]
    return [sent, sent.with_field("form", world.marks.form(other.session))]


async def asked_by_programs(world: World) -> tuple[list[str], int]:
    """Ask for everything of one team with the token of the other, and with what is no token at all."""
    leaks: list[str] = []
    tried = 0
    client = world.site.arrives().client
    enquiry_id, *conversations = world.ids["north"]
    session = next(iter(world.visitors["north manager"].client.cookies.jar)).value or ""
    visit = world.visitors["north person"].client.cookies["visit"]
    for secret in (world.programs["south"], world.programs["north"][:-1], session, visit, ""):
        for route in api_routes:
            for conversation_id in conversations:
                path = HERE + route.path.format(enquiry_id=enquiry_id, conversation_id=conversation_id)
                response = await client.get(path, headers={"authorization": f"Bearer {secret}"})
                tried += 1
                if world.words["north"] in response.text or (enquiry_id in response.text):
                    leaks.append(f"a program gets {route.name}: {response.status_code}")
    return leaks, tried


# --- foreign forms ---------------------------------------------------------------------------------------------------

FOREIGN: Mapping[str, Mapping[str, str]] = {
    "another site": {"sec-fetch-site": "cross-site"},
    "a site beside ours": {"sec-fetch-site": "same-site"},
    "an older browser at another site": {"sec-fetch-site": "", "origin": "https://evil.example"},
    "text that looks like a form": {"content-type": "text/plain"},
    "JSON": {"content-type": "application/json"},
}


async def foreign_forms(world: World, visitor: Visitor) -> tuple[list[str], int]:
    """Send each form that was recorded as another site would, and without its mark. Nothing may be written."""
    wrong: list[str] = []
    tried = 0
    before = world.writes()
    sides = [other for other in world.visitors.values() if other.session and other.name != visitor.name]
    for sent in visitor.forms:
        altered: list[tuple[str, Sent, Mapping[str, str]]] = [(how, sent, more) for how, more in FOREIGN.items()]
        mark = dict(sent.fields).get("form", "")
        if visitor.session and mark:
            altered += [
                ("no mark", sent.with_field("form", None), {}),
                ("a mark that was altered", sent.with_field("form", mark[:-1] + ("0" if mark[-1] != "0" else "1")), {}),
                ("another's mark", sent.with_field("form", world.marks.form(sides[0].session)), {}),
            ]
        step = dict(sent.fields).get("step", "")
        if step:
            altered += [
                ("no step", sent.with_field("step", None), {}),
                (
                    "a step that was altered",
                    sent.with_field("step", step[:-2] + ("AA" if step[-2:] != "AA" else "BB")),
                    {},
                ),
            ]
        for how, one, headers in altered:
            response = await visitor.sends(one, **dict(headers))
            tried += 1
            after = world.writes()
            if after != before:
                wrong.append(f"{visitor.name} sends {_nameless(sent.place, world)} with {how}: written")
            elif response.status_code < 400 and not step:
                wrong.append(f"{visitor.name} sends {_nameless(sent.place, world)} with {how}: {response.status_code}")
            before = after
    return wrong, tried


# --- forms filled in as nobody would ----------------------------------------------------------------------------------

OURS = frozenset({"form", "once", "step"})
"""What a page brings along by itself."""
FILLED: Mapping[str, str | None] = {
    "left out": None,
    "blank": "",
    "a space": " ",
    "too long": "w" * 100_000,
    "a number": "9" * 40,
    "a NUL and a half sign": "\0\ud800",
    "another's id": "0" * 32,
}


async def odd_forms(world: World, visitor: Visitor) -> tuple[list[str], int]:
    """Send each form that was recorded from a session that has opened nothing, filled in as nobody would."""
    wrong: list[str] = []
    tried = 0
    for sent in visitor.forms:
        if sent.path in {"/team/sign-out", "/team/sign-out-elsewhere", "/left"}:
            continue
        for how, value in FILLED.items():
            one = sent.with_field("form", world.marks.form(visitor.session)) if visitor.session else sent
            for name, _ in sent.fields:
                if name not in OURS:
                    one = one.with_field(name, value)
            response = await visitor.sends(one)
            tried += 1
            if response.status_code >= 500 or "Traceback" in response.text:
                wrong.append(f"{visitor.name} sends {_nameless(sent.place, world)}, {how}: {response.status_code}")
    return wrong, tried


def in_a_new_session(world: World, visitor: Visitor) -> Visitor:
    """Have the same account signed in somewhere else."""
    if not visitor.session:
        return visitor
    with world.site.store.reading() as seen:
        found = seen.sessions.find(visitor.session)
    assert found is not None
    colleague = world.site.signs_in(found.account_id)
    session = signing_in.hash_of(colleague.client.cookies["team"])
    return replace(visitor, client=colleague.client, session=session)


# --- cookies ---------------------------------------------------------------------------------------------------------


PLANTED = "planted-by-somebody-else-0123456789abcdefghi"


async def visits_fixed(site: TeamSite) -> list[str]:
    """Plant a cookie before somebody begins. What they get is new each time, and what was there before is dead."""
    wrong: list[str] = []
    planted = PLANTED
    client = site.arrives().client
    client.cookies.set("visit", planted, domain="site.example", path="/")
    began = await client.post("/", data={"minutes": "30"})
    first = _cookie(client, "visit")
    if began.status_code != 303 or not first or first == planted or await _visits(site, planted):
        wrong.append("a visit is taken that was planted before a conversation began")
    conversation_id = await returning.visited(site.door, first, site.now)
    assert conversation_id is not None
    made = await returning.make_code(site.door, conversation_id, Disguise.NUMBERS, site.now)
    entered = await client.post("/come-back", data={"code": made, "minutes": "30"})
    second = _cookie(client, "visit")
    if entered.status_code != 303 or second in {first, planted}:
        wrong.append("the id of a visit stays when a code is entered")
    if await _visits(site, first):
        wrong.append("a visit goes on after a code was entered in its browser")
    await client.get("/leave", headers={"sec-fetch-site": "same-origin"})
    if await _visits(site, second):
        wrong.append("a visit goes on after it was left")
    return wrong


async def sessions_fixed(site: TeamSite) -> list[str]:
    """Plant a cookie before somebody signs in. What they get is new each time, and signing out ends it."""
    wrong: list[str] = []
    planted = PLANTED
    gate = AtGate(site.store)
    await gate.has("asha@council.example")
    colleague = site.arrives().client
    colleague.cookies.set("team", planted, domain="site.example", path="/team")
    session = await _signs_in(site, colleague)
    if not session or session == planted:
        wrong.append("a session is taken that was planted before somebody signed in")
    site.passes(minutes=1)
    again = await _signs_in(site, colleague, drop="team")
    if again in {session, planted, ""}:
        wrong.append("the id of a session stays when somebody signs in again")
    page = await colleague.get("/team/account")
    _, forms = leads_to("/team/account", page.text)
    out = next(form for form in forms if form.path == "/team/sign-out")
    await Visitor("", colleague, "out").sends(out)
    if await _is_in(site, again):
        wrong.append("a session goes on after signing out")
    return wrong


def _cookie(client: httpx.AsyncClient, name: str) -> str:
    """The one that was set last, whatever was planted beside it."""
    found = [one for one in client.cookies.jar if one.name == name]
    return (found[-1].value or "") if found else ""


async def _visits(site: TeamSite, secret: str) -> bool:
    return await returning.visited(site.door, secret, site.now) is not None


async def _is_in(site: TeamSite, secret: str) -> bool:
    browser = site.arrives().client
    browser.cookies.set("team", secret, domain="site.example", path="/team")
    return (await browser.get("/team/account")).status_code == 200


async def _signs_in(site: TeamSite, client: httpx.AsyncClient, drop: str = "") -> str:
    if drop:
        for one in [one for one in client.cookies.jar if one.name == drop]:
            client.cookies.jar.clear(one.domain, one.path, one.name)
    visitor = Visitor("", client)
    page = await client.get("/team/sign-in")
    _, forms = leads_to("/team/sign-in", page.text)
    form = next(form for form in forms if "password" in dict(form.fields))
    page = await visitor.sends(form.with_field("email", "asha@council.example").with_field("password", PASSWORD))
    _, forms = leads_to(form.path, page.text)
    form = next(form for form in forms if "half" in dict(form.fields))
    await visitor.sends(form.with_field("code", code(site.now)))
    return _cookie(client, "team")


# --- the rows --------------------------------------------------------------------------------------------------------


def measured(length: Length, folder: Path) -> Iterator[Row]:
    """Make the world, have everybody record, and have others send it."""
    yield from asyncio.run(_rows(length, make_empty(folder)))


async def _rows(length: Length, folder: Path) -> list[Row]:
    store = Store.open(folder / DATABASE, RootKey.read(folder / KEY))
    site = make_site(store, make_team_settings(folder), folder / DATABASE)
    world = await build(site)
    most = 400 if length is Length.LONG else 12
    everybody = world.visitors
    wrote: list[str] = []
    for visitor in everybody.values():
        wrote += await crawl(world, visitor, most)
    pages = sum(len(visitor.opened) for visitor in everybody.values())
    rows = [counted("pages that are only looked at, by everybody: something is written", wrote, pages, "0")]
    before = world.writes()
    with site.store.begin() as kept:
        kept.enquiries.open(site.now, reference="planted")
    rows.append(proven("a page that writes", is_found=world.writes() != before))
    wrong: list[str] = []
    sent = 0
    for visitor in everybody.values():
        some = visitor.forms if length is Length.LONG else visitor.forms[:6]
        more, tried = await foreign_forms(world, replace(visitor, forms=some))
        wrong, sent = wrong + more, sent + tried
    rows.append(counted("forms of other sites, without their mark or with another's: taken", wrong, sent, "0"))
    manager = everybody["north manager"]
    with pytest.MonkeyPatch.context() as hole:
        hole.setattr(guard, "came_from_our_own_page", lambda headers: True)
        one = Visitor(manager.name, manager.client, manager.session, forms=manager.forms[:3])
        found, _ = await foreign_forms(world, one)
    rows.append(proven("forms of other sites are taken", is_found=bool(found)))
    sides = (("north", "south"), ("south", "north"))
    for team, other in sides if length is Length.LONG else sides[:1]:
        strangers = [visitor for name, visitor in everybody.items() if _may_see_nothing(name, other)]
        leaks, tried = await replays(world, team, strangers)
        rows.append(
            counted(f"what {team} recorded, sent by {len(strangers)} who may not see it: leaks", leaks, tried, "0")
        )
    with pytest.MonkeyPatch.context() as hole:
        hole.setattr(seeing, "require", lambda *asked: None)
        found, _ = await replays(world, "north", [everybody["south practitioner"]])
    rows.append(proven("everybody may see every enquiry", is_found=bool(found)))
    leaks, tried = await asked_by_programs(world)
    rows.append(counted("what a program of one team gets of the other", leaks, tried, "0"))
    wrong, sent = [], 0
    for visitor in everybody.values():
        some = visitor.forms if length is Length.LONG else visitor.forms[2:5]
        more, tried = await odd_forms(world, in_a_new_session(world, replace(visitor, forms=some)))
        wrong, sent = wrong + more, sent + tried
    rows.append(counted("forms filled in as nobody would: answered with 5xx or a trace", wrong, sent, "0"))
    let_in = [*await visits_fixed(site), *await sessions_fixed(site)]
    rows.append(counted("cookies planted, kept or used again that let somebody in", let_in, 7, "0"))
    with pytest.MonkeyPatch.context() as hole:
        hole.setattr(returning, "end_visit", _nothing)
        found = await visits_fixed(site)
    rows.append(proven("a visit that does not end", is_found=bool(found)))
    world.close()
    for client in site.clients:
        await client.aclose()
    store.close()
    return rows


async def _nothing(*given: object) -> None:
    """End nothing."""


def _may_see_nothing(name: str, team: str) -> bool:
    """Whether a visitor may see none of the words of the other team: its people, and whoever is of none."""
    return name.startswith(team) or name in {"nobody", Role.BOARD_MEMBER.value, Role.ADMINISTRATOR.value}
