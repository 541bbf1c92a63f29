"""What stands around every page of the team's: who is signed in, who may reach it, and what is lost by nobody.

A route says who may reach it. Whoever may not sees the same bytes as where nothing is, and it is in the audit. A form
that comes too late, from an old page, or before somebody has proved who they are, comes back with all that was typed.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from time import monotonic
from typing import Any
from urllib.parse import quote, urlsplit

from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route, compile_path

from bot import signing_in
from bot.codes import Door
from bot.interviewing import Room
from bot.roles import Actor, NotAllowed, ProofNeeded, Role
from bot.settings import Settings
from bot.signing_in import Gate
from bot.store import Account, AuditAct, Missing, NotKept, NotRead, Store
from bot.web.access import About, Who
from bot.web.evenly import wait_for_the_beat
from bot.web.forms import Form, read_form, read_form_with_file
from bot.web.team.marks import Kept, Marks
from bot.web.team.pages import Again, Frame, Item, Problem, Prove, SignIn, TeamPage, TeamPages, Telling, Typed

HOME = "/team"
SIGN_IN = "/team/sign-in"
PROVE = "/team/prove"

ROLES = {
    Role.PRACTITIONER: "Practitioner",
    Role.MANAGER: "Manager",
    Role.ADVOCATE: "Advocate",
    Role.AUDITOR: "Auditor",
    Role.BOARD_MEMBER: "Board member",
    Role.ADMINISTRATOR: "Administrator",
}
"""What each role is called on pages."""

EVERYBODY = frozenset(Role)
NOTHING_SENT = Form(())
ID = re.compile("[0-9a-f]{32}")
OURS = frozenset({"enquiry_id", "conversation_id", "team_id", "account_id", "token_id"})
"""What is an id of ours in an address, and is nothing where it does not look like one."""
NEVER_SHOWN = frozenset(
    {"password", "new_password", "password_again", "code", "answer", "form", "once", "kept", "next"}
)
"""Fields that are not given back: they prove who somebody is, or the next page has its own."""


# --- who stands at a page --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TeamDesk:
    """All that the handlers of the team's side need."""

    room: Room
    door: Door
    gate: Gate
    settings: Settings
    pages: TeamPages
    marks: Marks
    routes: "tuple[TeamRoute, ...]"
    now: Callable[[], datetime]

    @property
    def store(self) -> Store:
        """Where everything is kept."""
        return self.room.store

    @property
    def address(self) -> str:
        """Where the team's side is reached from outside; empty where nobody can know."""
        return team_address(self.settings)

    def cookie(self, name: str) -> str:
        """Name a cookie. Over https a browser guards one by its name, best where the team has a host of its own."""
        if not self.settings.secure_cookies:
            return name
        return f"__Host-{name}" if self.settings.team_host else f"__Secure-{name}"

    @property
    def cookie_path(self) -> str:
        """Where the browser sends the team's cookies."""
        return "/" if self.settings.team_host and self.settings.secure_cookies else HOME

    def set_cookie(self, response: Response, name: str, value: str, lasts: int | None = None) -> None:
        """Have the browser hold something: for as long as it is open, or for so many seconds."""
        response.set_cookie(
            self.cookie(name),
            value,
            max_age=lasts,
            path=self.cookie_path,
            secure=self.settings.secure_cookies,
            httponly=True,
            samesite="strict",
        )

    def drop_cookie(self, response: Response, name: str) -> None:
        """Have the browser forget it."""
        response.delete_cookie(
            self.cookie(name),
            path=self.cookie_path,
            secure=self.settings.secure_cookies,
            httponly=True,
            samesite="strict",
        )

    def shown(self, page: TeamPage, status: int = 200) -> HTMLResponse:
        """Answer with a page."""
        return HTMLResponse(self.pages.make(page), status_code=status)

    def missing(self) -> HTMLResponse:
        """Say that there is no such page: to whoever may not see it in the very same bytes as where there is none."""
        return self.telling("There is no such page", ("It may never have been here, or it is not for your role.",), 404)

    def telling(self, heading: str, information: tuple[str, ...], status: int) -> HTMLResponse:
        """Say something that is the same for everybody, whoever is signed in."""
        ways = (Item("Go to your first page", HOME),)
        return self.shown(Telling(frame=Frame(), title=heading, information=information, ways=ways), status)

    def not_working(self, request: Request, status: int = 503) -> HTMLResponse:
        """Say that something failed here, with what was typed."""
        form = getattr(request.state, "form", None)
        if isinstance(form, Form) and not any(form.has(name) for name in ("password", "new_password")):
            return again(self, Frame(), request.url.path, form, _NOT_KEPT, status)
        page = Telling(
            frame=Frame(),
            title="This does not work just now",
            information=("What was kept before stays kept.", "Please try again in a moment."),
            ways=(Item("Try again", request.url.path if request.method == "GET" else HOME),),
        )
        return self.shown(page, status)


@dataclass(frozen=True, slots=True)
class Signed:
    """Somebody who is signed in, at a page that their role may reach."""

    desk: TeamDesk
    actor: Actor
    account: Account
    route: "TeamRoute"
    now: datetime
    """When this was asked: one moment for all that one press does."""
    form: Form = NOTHING_SENT
    """What was sent; empty where a page is only looked at."""
    told: str = ""

    @property
    def once(self) -> str:
        """Unique to the page that the form came from: what is sent twice is kept once."""
        return self.form.one("once")

    def frame(self) -> Frame:
        """Give what surrounds the page."""
        return Frame(
            name=self.account.name,
            role=ROLES[self.account.role],
            navigation=navigation(self.desk.routes, self.actor.role, self.route),
            told=self.told,
            form=self.desk.marks.form(self.actor.session_hash),
            once=self.desk.marks.once(),
        )

    def shown(self, page: TeamPage, status: int = 200) -> HTMLResponse:
        """Answer with a page; 422 where something on it has to be put right."""
        return self.desk.shown(page, 422 if status == 200 and page.problems else status)

    def leads_to(self, path: str, told: str = "") -> Response:
        """Lead on after something was done. `told`: what, in a sentence of ours, without any name or words in it."""
        response = RedirectResponse(path, status_code=303)
        if told:
            self.desk.set_cookie(response, "team-told", self.desk.marks.tell(self.actor.session_hash, told))
        return response


@dataclass(frozen=True, slots=True)
class AtDoor:
    """A browser at a page for which nobody needs to be signed in."""

    desk: TeamDesk
    holder: str
    """Random, and held by this browser alone."""
    secret: str
    """What its session's cookie holds, if it has one."""
    now: datetime
    form: Form = NOTHING_SENT

    def frame(self) -> Frame:
        """Give what surrounds the page."""
        return Frame(form=self.desk.marks.form(self.holder), once=self.desk.marks.once())

    def shown(self, page: TeamPage, status: int = 200) -> HTMLResponse:
        """Answer with a page; 422 where something on it has to be put right."""
        return self.desk.shown(page, 422 if status == 200 and page.problems else status)


# --- routes ----------------------------------------------------------------------------------------------------------

SignedHandler = Callable[[Request, Signed], Awaitable[Response]]
DoorHandler = Callable[[Request, AtDoor], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class TeamRoute:
    """One route of the team's side, and who may reach it."""

    path: str
    name: str
    handler: SignedHandler | DoorHandler
    method: str
    """GET or POST."""
    who: frozenset[Role] | Who
    about: About = About.NOTHING
    proven: bool = False
    """Whether it takes a proof of who they are that is not older than five minutes."""
    navigation: str = ""
    """Under which entry of the navigation it stands. The first such page without an id is where the entry leads."""
    takes_file: bool = False
    """Whether a file can be chosen on the page that sends to it."""

    def lets_in(self, role: Role) -> bool:
        """Say whether a role may reach it at all; whose the page is decides further."""
        if isinstance(self.who, Who):
            return self.who is Who.ANYBODY_SIGNED_IN
        return role in self.who


def team_address(settings: Settings) -> str:
    """Give the address at which the team's side is reached; empty where nobody can know."""
    if not settings.team_host or not settings.address:
        return settings.address
    return f"{urlsplit(settings.address).scheme}://{settings.team_host}"


def navigation(routes: tuple[TeamRoute, ...], role: Role, here: TeamRoute) -> tuple[Item, ...]:
    """Give the entries of the navigation that lead a role somewhere."""
    entries: dict[str, str] = {}
    for route in routes:
        if route.navigation and route.method == "GET" and "{" not in route.path and route.lets_in(role):
            entries.setdefault(route.navigation, route.path)
    return tuple(Item(text, path, is_here=text == here.navigation) for text, path in entries.items())


def mounted(routes: tuple[TeamRoute, ...]) -> list[Route]:
    """Give the routes as the site mounts them: an address that is named goes before one that only looks like it."""
    return [
        Route(route.path, _endpoint(route), name=f"team_{route.name}", methods=[route.method])
        for route in sorted(routes, key=lambda one: "{" in one.path)
    ]


def desk_of(request: Request) -> TeamDesk:
    """Give the desk of the app that was asked."""
    desk: TeamDesk = request.app.state.team_desk
    return desk


def _endpoint(route: TeamRoute) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            form = await _sent(request, route)
        except HTTPException as refused:
            if not route.takes_file or refused.status_code != 413:
                raise
            response = desk_of(request).telling("This file is too large", _TOO_LARGE, 413)
            response.headers.update(refused.headers or {})
            return response
        if route.who is Who.NOBODY_SIGNED_IN:
            return await _at_door(request, route, form)
        return await _reached(request, route, form)

    return endpoint


_TOO_LARGE = (
    "Nothing was done with it.",
    "Leave out of it what is not asked for: other sheets, columns and rows. Then go back and choose it once more.",
)


async def _sent(request: Request, route: TeamRoute) -> Form:
    if route.method != "POST":
        return NOTHING_SENT
    return await (read_form_with_file if route.takes_file else read_form)(request)


# --- at the door -----------------------------------------------------------------------------------------------------


async def _at_door(request: Request, route: TeamRoute, form: Form) -> Response:
    desk = desk_of(request)
    held = request.cookies.get(desk.cookie("team-door"), "")
    holder = held or desk.marks.once()
    at = AtDoor(desk, holder, request.cookies.get(desk.cookie("team"), ""), desk.now(), form)
    if route.method == "POST" and not desk.marks.is_form(form.one("form"), held):
        problem = Problem("Please try again. Your browser has to keep cookies of this site for it to work.")
        page = sign_in_page(desk, at.frame(), form.one("next"), form.one("kept"), (problem,), "", at.now)
        response: Response = at.shown(page)
    else:
        handler: Any = route.handler
        response = await handler(request, at)
    if not held:
        desk.set_cookie(response, "team-door", holder)
    return response


# --- signed in -------------------------------------------------------------------------------------------------------


async def _reached(request: Request, route: TeamRoute, form: Form) -> Response:
    began = monotonic()
    response = await _answered(request, route, form)
    if response.status_code == 404:
        await wait_for_the_beat(began, desk_of(request).gate.sleep)
    return response


async def _answered(request: Request, route: TeamRoute, form: Form) -> Response:
    desk = desk_of(request)
    now = desk.now()
    signed = await _signed(request, desk, route, form, now)
    if isinstance(signed, Response):
        return signed
    session_hash = signed.actor.session_hash
    if not route.lets_in(signed.actor.role) or not _are_ids(request.path_params):
        return await _hidden(signed, request)
    if route.method == "POST":
        if not desk.marks.is_form(form.one("form"), session_hash):
            return again(desk, signed.frame(), request.url.path, form, _OLD_PAGE, 403)
        await signing_in.stay(desk.gate, request.cookies[desk.cookie("team")], now)
    response = await handled(request, signed)
    if response.status_code == 404:
        return response  # to the byte, headers too, what is sent where nothing is
    if signed.told and response.status_code != 303:
        desk.drop_cookie(response, "team-told")
    if response.headers.get("Clear-Site-Data") is None:
        desk.set_cookie(response, "team-seen", desk.marks.seen(session_hash, now))
    return response


async def _signed(request: Request, desk: TeamDesk, route: TeamRoute, form: Form, now: datetime) -> Signed | Response:
    secret = request.cookies.get(desk.cookie("team"), "")
    session_hash = signing_in.hash_of(secret) if secret else ""
    seen_at = desk.marks.read_seen(request.cookies.get(desk.cookie("team-seen"), ""), session_hash)
    found = await signing_in.signed_in(desk.gate, secret, now, seen_at) if secret else None
    if found is None:
        return await _signed_out(request, desk, route, form, secret)
    actor, account = found
    told = desk.marks.read_told(request.cookies.get(desk.cookie("team-told"), ""), actor.session_hash)
    return Signed(desk, actor, account, route, now, form, told if route.method == "GET" else "")


async def handled(request: Request, signed: Signed) -> Response:
    """Have a page's handler answer, and answer in its place whatever it raises."""
    desk = signed.desk
    if signed.route.proven and not signed.actor.is_proven(signed.now):
        return prove(request, signed)
    handler: Any = signed.route.handler
    try:
        response: Response = await handler(request, signed)
    except (NotAllowed, Missing):
        return await _hidden(signed, request)
    except ProofNeeded:
        return prove(request, signed)
    except (NotKept, NotRead):
        if signed.route.method == "GET":
            return desk.not_working(request)
        return again(desk, signed.frame(), request.url.path, signed.form, _NOT_KEPT, 503)
    return response


async def sent_again(request: Request, signed: Signed, kept: Kept) -> Response:
    """Do what was asked for before, now that nothing stands in its way."""
    for route in signed.desk.routes:
        pattern, _, converters = compile_path(route.path)
        found = pattern.match(kept.path) if route.method == "POST" else None
        if found is None or route.who is Who.NOBODY_SIGNED_IN:
            continue
        params = {name: converters[name].convert(value) for name, value in found.groupdict().items()}
        scope = {**request.scope, "path": kept.path, "raw_path": kept.path.encode(), "path_params": params}
        as_it_was = Request({**scope, "query_string": b"", "state": {}}, request.receive)
        now_signed = replace(signed, route=route, form=kept.form)
        if not route.lets_in(signed.actor.role) or not _are_ids(params):
            return await _hidden(now_signed, as_it_was)
        return await handled(as_it_was, now_signed)
    return signed.desk.missing()


async def _hidden(signed: Signed, request: Request) -> Response:
    """Answer as where nothing is, and write down that somebody tried."""
    about = next((str(value) for value in request.path_params.values() if ID.fullmatch(str(value))), signed.route.name)

    def keep() -> None:
        with signed.desk.store.begin() as kept:
            kept.audit.add(AuditAct.DENIED, signed.now, account_id=signed.actor.account_id, about=about)

    await to_thread.run_sync(keep)
    return signed.desk.missing()


def _are_ids(params: Mapping[str, Any]) -> bool:
    return all(ID.fullmatch(str(value)) for name, value in params.items() if name in OURS)


# --- nothing typed is lost -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Why:
    title: str
    information: tuple[str, ...]
    button: str


_OLD_PAGE = _Why(
    "Please send this again",
    ("The page is from before you signed in, so nothing was done yet.", "What you typed is here."),
    "Send it now",
)
_NOT_KEPT = _Why(
    "We could not keep that yet",
    ("Something does not work just now.", "What you typed is still here. Please try again in a moment."),
    "Try again",
)
SIGNED_IN_AGAIN = _Why(
    "You are signed in again",
    (
        "Nothing was done yet with what you sent after you had been signed out.",
        "Look at it, and send it if it is right.",
    ),
    "Send it now",
)


def again(desk: TeamDesk, frame: Frame, path: str, form: Form, why: _Why, status: int = 200) -> HTMLResponse:
    """Show what was sent, ready to be sent again. Its `once` stays, so that nothing is kept twice."""
    page = Again(
        frame=replace(frame, once=form.one("once") or frame.once),
        title=why.title,
        information=why.information,
        action=path,
        fields=typed_fields(form),
        button=why.button,
        rather=Item("Do not send it", HOME),
    )
    return desk.shown(page, status)


def typed_fields(form: Form) -> tuple[Typed, ...]:
    """Give the fields of a form to be shown again: what was typed in boxes, the rest unseen."""
    return tuple(
        Typed(
            name,
            name.replace("_", " ").capitalize(),
            value.replace("\r\n", "\n"),
            is_box=bool(re.search(r"\s", value)) or len(value) > 40,
        )
        for name, value in form.fields
        if name not in NEVER_SHOWN
    )


async def _signed_out(request: Request, desk: TeamDesk, route: TeamRoute, form: Form, secret: str) -> Response:
    """Ask for signing in. What is only looked at is led back to afterwards; what was sent is kept on the page."""
    if route.method == "GET":
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(SIGN_IN + ("" if here == HOME else f"?next={quote(here, safe='')}"), status_code=303)
    held = request.cookies.get(desk.cookie("team-door"), "")
    holder = held or desk.marks.once()
    account_id = await signing_in.whose(desk.gate, secret) if secret else None
    kept = desk.marks.keep(Kept(request.url.path, account_id or "", _without_proofs(form)))
    frame = Frame(form=desk.marks.form(holder), once=desk.marks.once())
    response = desk.shown(sign_in_page(desk, frame, "", kept, (), "", desk.now()), 422)
    if not held:
        desk.set_cookie(response, "team-door", holder)
    return response


def sign_in_page(
    desk: TeamDesk, frame: Frame, after: str, kept: str, problems: tuple[Problem, ...], email: str, now: datetime
) -> SignIn:
    """Make the page to sign in on, with what was sent after the session had ended."""
    was = desk.marks.read_kept(kept)
    return SignIn(
        frame=frame,
        title="You were signed out" if was is not None else "Sign in",
        problems=problems,
        email=email,
        next=own_path(after),
        kept=kept if was is not None else "",
        fields=() if was is None else tuple(typed for typed in typed_fields(was.form) if typed.is_box),
        passkey=signing_in.ask_for_passkey(desk.gate, now),
        council=desk.gate.openid.name if desk.gate.openid is not None else "",
    )


def prove(request: Request, signed: Signed, kept: str = "", after: str = "", *problems: Problem) -> HTMLResponse:
    """Ask for a proof of who they are, and do afterwards what they were about to do."""
    marks = signed.desk.marks
    if not kept and signed.route.method == "POST":
        kept = marks.keep(Kept(request.url.path, signed.actor.account_id, signed.form))
    if not kept and not after:
        after = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    page = Prove(
        frame=signed.frame(),
        title="Prove that it is you",
        problems=problems,
        kept=kept,
        next=own_path(after),
        has_password=signed.account.has_password,
        passkey=signing_in.ask_for_passkey(signed.desk.gate, signed.now, signed.actor),
        council=signed.desk.gate.openid.name if signed.desk.gate.openid is not None else "",
    )
    return signed.desk.shown(page, 422)


def own_path(path: str) -> str:
    """Give a path of the team's side as it is; empty for anything that leads elsewhere."""
    return path if ".." not in path and re.fullmatch(r"/team(/[A-Za-z0-9/_.-]*)?(\?[!-~]*)?", path) else ""


def _without_proofs(form: Form) -> Form:
    return Form(tuple(field for field in form.fields if field[0] not in {"password", "new_password", "password_again"}))
