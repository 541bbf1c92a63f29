"""Pages to come in by and to go out by, to prove again who one is, and one's own account."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import segno
from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot import signing_in
from bot.signing_in import Arrival, NotDone, SignedIn
from bot.store import Account, LinkPurpose, Passkey, Session, Team
from bot.throttles import TooManyAtOnce
from bot.web.access import About, Who
from bot.web.team.pages import Item, Problem, TeamPage, Telling
from bot.web.team.shell import (
    HOME,
    PROVE,
    ROLES,
    SIGN_IN,
    SIGNED_IN_AGAIN,
    AtDoor,
    Signed,
    TeamRoute,
    again,
    navigation,
    own_path,
    prove,
    sent_again,
    sign_in_page,
)

ACCOUNT = "/team/account"
TOO_MANY = "Many people are signing in at this moment. Please try again in a minute."
NOT_THE_SAME = "The two passwords are not the same. Please type both again."
DEVICE_SECONDS = int(signing_in.DEVICE_LASTS.total_seconds())


@dataclass(frozen=True, slots=True)
class Qr:
    """A QR code as one path, so that a page draws it without a picture from anywhere."""

    size: int
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInCode(TeamPage):
    """The code of the authenticator app, after the password."""

    template: ClassVar[str] = "team/sign_in_code.html"
    half: str = field(repr=False)
    next: str = ""
    kept: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackFromCouncil(TeamPage):
    """Where somebody comes back to from the council's side: one press, and they are in."""

    template: ClassVar[str] = "team/council_back.html"
    council: str
    code: str = field(repr=False)
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ByLink(TeamPage):
    """Where a one-time link leads: choose a password and set up codes on a phone."""

    template: ClassVar[str] = "team/link.html"
    action: str = field(repr=False)
    is_first: bool
    is_reset: bool
    name: str
    email: str
    secret: str = field(repr=False)
    qr: Qr = field(repr=False)
    passkey: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One browser in which somebody is signed in."""

    session: Session
    is_this: bool


@dataclass(frozen=True, slots=True)
class OwnPasskey:
    """A passkey in the list of one's own."""

    key: Passkey
    mark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnAccount(TeamPage):
    """My account."""

    template: ClassVar[str] = "team/account.html"
    account: Account
    role: str
    teams: tuple[Team, ...]
    passkeys: tuple[OwnPasskey, ...]
    has_passkeys: bool
    """Whether passkeys can be had on this site at all."""
    sessions: tuple[OpenSession, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPassword(TeamPage):
    """Choose another password."""

    template: ClassVar[str] = "team/password.html"
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAuthenticator(TeamPage):
    """Set up codes on a phone again."""

    template: ClassVar[str] = "team/authenticator.html"
    secret: str = field(repr=False)
    qr: Qr = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasskey(TeamPage):
    """Make a passkey."""

    template: ClassVar[str] = "team/passkey.html"
    passkey: str = field(repr=False)
    key_name: str = ""


async def lead_home(request: Request, signed: Signed) -> Response:
    """Lead everybody to the first page of their role."""
    entries = navigation(signed.desk.routes, signed.actor.role, signed.route)
    return RedirectResponse(entries[0].href if entries else ACCOUNT, status_code=303)


# --- coming in -------------------------------------------------------------------------------------------------------


async def show_sign_in(request: Request, at: AtDoor) -> Response:
    """Where the e-mail address and the password are typed. Whoever is in already is led on."""
    desk, after = at.desk, own_path(request.query_params.get("next", ""))
    if at.secret and await signing_in.signed_in(desk.gate, at.secret, at.now):
        return RedirectResponse(after or HOME, status_code=303)
    return at.shown(sign_in_page(desk, at.frame(), after, "", (), "", at.now))


async def sign_in(request: Request, at: AtDoor) -> Response:
    """Take the e-mail address and the password, and ask for the code."""
    form, desk = at.form, at.desk
    email = form.one("email").strip()
    try:
        half = await signing_in.begin_sign_in(
            desk.gate, email, form.one("password"), _network(request), at.now, _device(request, at)
        )
    except (NotDone, TooManyAtOnce) as error:
        return _sign_in_again(at, error, "#email", email)
    return at.shown(_code_page(at, half.ticket))


async def sign_in_with_code(request: Request, at: AtDoor) -> Response:
    """Take the code of the authenticator app, and let them in."""
    form, desk = at.form, at.desk
    try:
        found = await signing_in.finish_sign_in(
            desk.gate, form.one("half"), form.one("code"), _network(request), at.now, _device(request, at)
        )
    except (NotDone, TooManyAtOnce) as error:
        if str(error) == signing_in.TOO_LATE:
            return _sign_in_again(at, error, "#email", "")
        return at.shown(_code_page(at, form.one("half"), _problem(error, "#code")))
    return await _let_in(at, found)


async def sign_in_with_passkey(request: Request, at: AtDoor) -> Response:
    """Let somebody in whose device answered with a passkey."""
    try:
        found = await signing_in.sign_in_with_passkey(at.desk.gate, at.form.one("answer"), _network(request), at.now)
    except (NotDone, TooManyAtOnce) as error:
        return _sign_in_again(at, error, "", "")
    return await _let_in(at, found)


async def go_to_council(request: Request, at: AtDoor) -> Response:
    """Lead to the council's side. A link and no form: what a form leads to elsewhere, browsers block here."""
    again = request.query_params.get("again") == "yes"
    try:
        going = await signing_in.go_to_council(at.desk.gate, at.now, again=again)
    except NotDone as error:
        return _sign_in_again(at, error, "", "")
    response = RedirectResponse(going.address, status_code=303)
    at.desk.set_cookie(response, "team-council", going.mark)
    return response


async def show_back_from_council(request: Request, at: AtDoor) -> Response:
    """Where people come back to. The browser sends none of our cookies from another site: a press of ours does."""
    brought, openid = request.query_params, at.desk.gate.openid
    if openid is None or not brought.get("code"):
        return _sign_in_again(at, NotDone("You were not signed in over there. Try again, or another way."), "", "")
    page = BackFromCouncil(
        frame=at.frame(),
        title="You are nearly in",
        council=openid.name,
        code=brought["code"],
        state=brought.get("state", ""),
    )
    return at.shown(page)


async def come_from_council(request: Request, at: AtDoor) -> Response:
    """Let in whoever the council's side vouches for."""
    desk, form = at.desk, at.form
    held = request.cookies.get(desk.cookie("team-council"), "")
    try:
        found = await signing_in.come_from_council(
            desk.gate, held, form.one("brought"), form.one("state"), _network(request), at.now
        )
    except (NotDone, TooManyAtOnce) as error:
        return _sign_in_again(at, error, "", "")
    response = await _let_in(at, found)
    desk.drop_cookie(response, "team-council")
    return response


async def show_link(request: Request, at: AtDoor) -> Response:
    """What a one-time link is for. Looking does not use it."""
    try:
        arrival = await signing_in.look_at_link(at.desk.gate, request.path_params["secret"], at.now)
    except NotDone as error:
        return _dead_link(at, error)
    return at.shown(await _link_page(request, at, arrival))


async def arrive(request: Request, at: AtDoor) -> Response:
    """Use a one-time link: a password, codes on a phone, and in."""
    form, gate, secret = at.form, at.desk.gate, request.path_params["secret"]
    try:
        arrival = await signing_in.look_at_link(gate, secret, at.now)
    except NotDone as error:
        return _dead_link(at, error)
    if form.one("password") != form.one("password_again"):
        return at.shown(await _link_page(request, at, arrival, Problem(NOT_THE_SAME, "#password")))
    try:
        found = await signing_in.arrive(
            gate,
            secret,
            form.one("password"),
            form.one("code"),
            at.now,
            name=form.one("name"),
            email=form.one("email"),
        )
    except (NotDone, TooManyAtOnce) as error:
        if str(error) == signing_in.DEAD_LINK:
            return _dead_link(at, error)
        return at.shown(await _link_page(request, at, arrival, _problem(error, _field_of(error))))
    return await _let_in(at, found)


async def arrive_with_passkey(request: Request, at: AtDoor) -> Response:
    """Use a one-time link to make a passkey, and nothing else to sign in with."""
    gate, secret = at.desk.gate, request.path_params["secret"]
    try:
        found = await signing_in.arrive_with_passkey(gate, secret, at.form.one("answer"), "My first passkey", at.now)
    except NotDone as error:
        if str(error) == signing_in.DEAD_LINK:
            return _dead_link(at, error)
        arrival = await signing_in.look_at_link(gate, secret, at.now)
        return at.shown(await _link_page(request, at, arrival, _problem(error, "")))
    return await _let_in(at, found)


async def _let_in(at: AtDoor, found: SignedIn) -> Response:
    """Hold the new session in the browser, end any other that it held, and lead to where they were going."""
    desk = at.desk
    if at.secret:
        await signing_in.sign_out(desk.gate, at.secret, at.now)
    kept = desk.marks.read_kept(at.form.one("kept"))
    session_hash = signing_in.hash_of(found.secret)
    if kept is not None and kept.account_id in {"", found.account_id}:
        known = await signing_in.signed_in(desk.gate, found.secret, at.now)
        assert known is not None, "whoever has just signed in is signed in"
        actor, account = known
        route = next(route for route in desk.routes if route.name == "account")
        frame = replace(
            at.frame(),
            name=account.name,
            role=ROLES[account.role],
            navigation=navigation(desk.routes, actor.role, route),
            form=desk.marks.form(session_hash),
        )
        response: Response = again(desk, frame, kept.path, kept.form, SIGNED_IN_AGAIN)
    else:
        response = RedirectResponse(own_path(at.form.one("next")) or HOME, status_code=303)
    desk.set_cookie(response, "team", found.secret)
    desk.set_cookie(response, "team-seen", desk.marks.seen(session_hash, at.now))
    desk.set_cookie(response, "team-device", found.device, lasts=DEVICE_SECONDS)
    desk.drop_cookie(response, "team-door")
    return response


def _sign_in_again(at: AtDoor, error: Exception, href: str, email: str) -> Response:
    page = sign_in_page(
        at.desk, at.frame(), at.form.one("next"), at.form.one("kept"), (_problem(error, href),), email, at.now
    )
    return at.shown(page, _status(error))


def _code_page(at: AtDoor, half: str, *problems: Problem) -> SignInCode:
    return SignInCode(
        frame=at.frame(),
        title="Type your code",
        problems=problems,
        half=half,
        next=own_path(at.form.one("next")),
        kept=at.form.one("kept"),
    )


async def _link_page(request: Request, at: AtDoor, arrival: Arrival, *problems: Problem) -> ByLink:
    is_first = arrival.purpose is LinkPurpose.FIRST_ADMINISTRATOR
    is_reset = arrival.purpose is LinkPurpose.RESET
    gate, secret = at.desk.gate, request.path_params["secret"]
    return ByLink(
        frame=at.frame(),
        title="Set up Own Words" if is_first else "A new way in" if is_reset else "Welcome to Own Words",
        problems=problems,
        action=request.url.path,
        is_first=is_first,
        is_reset=is_reset,
        name=at.form.one("name") if is_first else arrival.name,
        email=at.form.one("email") if is_first else arrival.email,
        secret=in_fours(arrival.secret),
        qr=qr_of(arrival.address),
        passkey=await to_thread.run_sync(signing_in.offer_passkey_by_link, gate, secret, at.now),
    )


def _dead_link(at: AtDoor, error: Exception) -> Response:
    page = Telling(
        frame=at.frame(),
        title="This link does not work any more",
        information=(str(error),),
        ways=(Item("Sign in", SIGN_IN),),
    )
    return at.shown(page, 404)


# --- going out -------------------------------------------------------------------------------------------------------


async def sign_out(request: Request, signed: Signed) -> Response:
    """End this session."""
    desk = signed.desk
    await signing_in.sign_out(desk.gate, request.cookies[desk.cookie("team")], signed.now)
    return _out(signed)


async def sign_out_elsewhere(request: Request, signed: Signed) -> Response:
    """End every other session of this account."""
    await signing_in.sign_out_elsewhere(signed.desk.gate, signed.actor, signed.now)
    return signed.leads_to(ACCOUNT, "You are signed out everywhere but here.")


async def show_signed_out(request: Request, at: AtDoor) -> Response:
    """Say that they are out."""
    page = Telling(
        frame=at.frame(),
        title="You are signed out",
        information=("On a computer that others use, close the window too.",),
        ways=(Item("Sign in again", SIGN_IN),),
    )
    return at.shown(page)


def _out(signed: Signed) -> Response:
    response = RedirectResponse("/team/signed-out", status_code=303)
    for name in ("team", "team-seen", "team-told"):
        signed.desk.drop_cookie(response, name)
    # Not "cookies": a conversation that is under way in the same browser stays open, and so does what says that this
    # account signed in here before.
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


# --- proving it again ------------------------------------------------------------------------------------------------


async def prove_it(request: Request, signed: Signed) -> Response:
    """Take password and code once more, and do what was asked for before."""
    form = signed.form

    async def proving() -> None:
        await signing_in.prove(signed.desk.gate, signed.actor, form.one("password"), form.one("code"), signed.now)

    return await _proven(request, signed, proving, "#password")


async def prove_with_passkey(request: Request, signed: Signed) -> Response:
    """Take a passkey once more, and do what was asked for before."""

    async def proving() -> None:
        await signing_in.prove_with_passkey(signed.desk.gate, signed.actor, signed.form.one("answer"), signed.now)

    return await _proven(request, signed, proving, "")


async def _proven(request: Request, signed: Signed, proving: Callable[[], Any], href: str) -> Response:
    kept_mark, after = signed.form.one("kept"), own_path(signed.form.one("next"))
    try:
        await proving()
    except (NotDone, TooManyAtOnce) as error:
        return prove(request, signed, kept_mark, after or HOME, _problem(error, href))
    kept = signed.desk.marks.read_kept(kept_mark)
    if kept is None or kept.account_id != signed.actor.account_id:
        return RedirectResponse(after or HOME, status_code=303)
    return await sent_again(request, replace(signed, actor=replace(signed.actor, proven_at=signed.now)), kept)


# --- my account ------------------------------------------------------------------------------------------------------


async def show_account(request: Request, signed: Signed) -> Response:
    """Who I am here, how I sign in, and where I am signed in."""
    return signed.shown(await _account_page(signed))


async def _account_page(signed: Signed, *problems: Problem) -> OwnAccount:
    desk, actor = signed.desk, signed.actor

    def read() -> tuple[Team, ...]:
        with desk.store.reading() as seen:
            return tuple(team for team in seen.teams.listed(closed=True) if team.team_id in actor.team_ids)

    teams = await to_thread.run_sync(read)
    sessions = await to_thread.run_sync(signing_in.own_sessions, desk.gate, actor, signed.now)
    keys = await to_thread.run_sync(signing_in.own_passkeys, desk.gate, actor)
    return OwnAccount(
        frame=signed.frame(),
        title="Your account",
        problems=problems,
        account=signed.account,
        role=ROLES[signed.account.role],
        teams=teams,
        passkeys=tuple(OwnPasskey(key, base64.urlsafe_b64encode(key.credential_id).decode()) for key in keys),
        has_passkeys=desk.gate.site is not None,
        sessions=tuple(OpenSession(session, is_this) for session, is_this in sessions),
    )


async def show_password(request: Request, signed: Signed) -> Response:
    """Where another password is chosen."""
    return signed.shown(_password_page(signed))


async def change_password(request: Request, signed: Signed) -> Response:
    """Keep another password; every other session ends."""
    password = signed.form.one("new_password")
    if password != signed.form.one("password_again"):
        return signed.shown(_password_page(signed, Problem(NOT_THE_SAME, "#new_password")))
    try:
        await signing_in.change_password(signed.desk.gate, signed.actor, signed.account, password, signed.now)
    except (NotDone, TooManyAtOnce) as error:
        return signed.shown(_password_page(signed, _problem(error, "#new_password")), _status(error))
    return signed.leads_to(ACCOUNT, "Your password is changed.")


def _password_page(signed: Signed, *problems: Problem) -> NewPassword:
    return NewPassword(
        frame=signed.frame(), title="Change your password", problems=problems, email=signed.account.email
    )


async def show_authenticator(request: Request, signed: Signed) -> Response:
    """Where codes on a phone are set up again."""
    return signed.shown(await _authenticator_page(signed))


async def change_authenticator(request: Request, signed: Signed) -> Response:
    """Keep the app that the page told of, once it showed a code."""
    code = signed.form.one("code")
    try:
        await signing_in.change_authenticator(signed.desk.gate, signed.actor, signed.account, code, signed.now)
    except NotDone as error:
        return signed.shown(await _authenticator_page(signed, _problem(error, "#code")))
    return signed.leads_to(ACCOUNT, "Your phone now shows your codes.")


async def _authenticator_page(signed: Signed, *problems: Problem) -> NewAuthenticator:
    shown = await to_thread.run_sync(signing_in.authenticator, signed.desk.gate, signed.actor, signed.account)
    return NewAuthenticator(
        frame=signed.frame(),
        title="Set up codes on a phone",
        problems=problems,
        secret=in_fours(shown.secret),
        qr=qr_of(shown.address),
    )


async def show_passkey(request: Request, signed: Signed) -> Response:
    """Where a passkey is made."""
    return signed.shown(await _passkey_page(signed))


async def add_passkey(request: Request, signed: Signed) -> Response:
    """Keep a passkey that a device has made."""
    form = signed.form
    try:
        await signing_in.add_passkey(
            signed.desk.gate, signed.actor, form.one("answer"), form.one("key_name")[:100], signed.now
        )
    except NotDone as error:
        return signed.shown(await _passkey_page(signed, _problem(error, "")))
    return signed.leads_to(ACCOUNT, "You can now sign in with this passkey.")


async def end_passkey(request: Request, signed: Signed) -> Response:
    """End a passkey."""
    try:
        credential_id = base64.urlsafe_b64decode(signed.form.one("key").encode("ascii", "replace"))
    except binascii.Error:
        credential_id = b""
    try:
        await signing_in.end_passkey(signed.desk.gate, signed.actor, credential_id, signed.now)
    except NotDone as error:
        return signed.shown(await _account_page(signed, _problem(error, "")))
    return signed.leads_to(ACCOUNT, "This passkey opens nothing here any more.")


async def _passkey_page(signed: Signed, *problems: Problem) -> NewPasskey:
    desk = signed.desk
    options = await to_thread.run_sync(signing_in.offer_passkey, desk.gate, signed.actor, signed.account, signed.now)
    return NewPasskey(
        frame=signed.frame(),
        title="Make a passkey",
        problems=problems,
        passkey=options,
        key_name=signed.form.one("key_name"),
    )


# --- what several of them do -----------------------------------------------------------------------------------------


def qr_of(told: str) -> Qr:
    """Draw a QR code with its quiet border."""
    made = segno.make(told, error="m", micro=False)
    rows = [bytes(row) for row in made.matrix_iter(border=4)]
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark)
    return Qr(len(rows), path)


def in_fours(secret: str) -> str:
    """Write a secret so that it can be copied by hand."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def _network(request: Request) -> str:
    return request.client.host if request.client is not None else ""


def _device(request: Request, at: AtDoor) -> str:
    return request.cookies.get(at.desk.cookie("team-device"), "")


def _problem(error: Exception, href: str) -> Problem:
    return Problem(TOO_MANY if isinstance(error, TooManyAtOnce) else str(error), href)


def _status(error: Exception) -> int:
    return 503 if isinstance(error, TooManyAtOnce) else 422


def _field_of(error: Exception) -> str:
    """Say which field of the page of a link a problem is about."""
    told = str(error)
    if told == signing_in.WRONG_CODE:
        return "#code"
    if told.startswith("Choose"):
        return "#password"
    return "#email" if "e-mail" in told else "#name"


NOBODY, SIGNED = Who.NOBODY_SIGNED_IN, Who.ANYBODY_SIGNED_IN

routes = (
    TeamRoute(HOME, "home", lead_home, "GET", SIGNED),
    TeamRoute(SIGN_IN, "sign_in", show_sign_in, "GET", NOBODY),
    TeamRoute(SIGN_IN, "begin_sign_in", sign_in, "POST", NOBODY),
    TeamRoute("/team/sign-in/code", "finish_sign_in", sign_in_with_code, "POST", NOBODY),
    TeamRoute("/team/sign-in/passkey", "sign_in_with_passkey", sign_in_with_passkey, "POST", NOBODY),
    TeamRoute("/team/sign-in/council", "go_to_council", go_to_council, "GET", NOBODY),
    TeamRoute("/team/sign-in/council/back", "back_from_council", show_back_from_council, "GET", NOBODY),
    TeamRoute("/team/sign-in/council/back", "come_from_council", come_from_council, "POST", NOBODY),
    TeamRoute("/team/link/{secret}", "link", show_link, "GET", NOBODY, About.LINK),
    TeamRoute("/team/link/{secret}", "arrive", arrive, "POST", NOBODY, About.LINK),
    TeamRoute("/team/link/{secret}/passkey", "arrive_with_passkey", arrive_with_passkey, "POST", NOBODY, About.LINK),
    TeamRoute("/team/signed-out", "signed_out", show_signed_out, "GET", NOBODY),
    TeamRoute("/team/sign-out", "sign_out", sign_out, "POST", SIGNED),
    TeamRoute(PROVE, "prove", prove_it, "POST", SIGNED),
    TeamRoute("/team/prove/passkey", "prove_with_passkey", prove_with_passkey, "POST", SIGNED),
    TeamRoute(ACCOUNT, "account", show_account, "GET", SIGNED, About.ACCOUNT),
    TeamRoute("/team/account/password", "password", show_password, "GET", SIGNED, About.ACCOUNT, proven=True),
    TeamRoute("/team/account/password", "change_password", change_password, "POST", SIGNED, About.ACCOUNT, proven=True),
    TeamRoute("/team/account/codes", "codes", show_authenticator, "GET", SIGNED, About.ACCOUNT, proven=True),
    TeamRoute("/team/account/codes", "change_codes", change_authenticator, "POST", SIGNED, About.ACCOUNT, proven=True),
    TeamRoute("/team/account/passkey", "passkey", show_passkey, "GET", SIGNED, About.ACCOUNT, proven=True),
    TeamRoute("/team/account/passkey", "add_passkey", add_passkey, "POST", SIGNED, About.ACCOUNT, proven=True),
    TeamRoute("/team/account/passkey/end", "end_passkey", end_passkey, "POST", SIGNED, About.ACCOUNT, proven=True),
    TeamRoute("/team/account/elsewhere", "sign_out_elsewhere", sign_out_elsewhere, "POST", SIGNED, About.ACCOUNT),
)
