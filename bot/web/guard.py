"""What stands at the door: headers on every answer, a limit on what comes in, and who may send a form."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot import logbook

log = logging.getLogger(__name__)

LARGEST_BODY = 1_000_000
"""Bytes. The longest answer, every character written as %F0%9F%98%80, is a quarter of it."""

LARGEST_HEAD = 32 * 1024
"""Bytes of an address and headers. A parser that is given more at once than that takes it, so it is counted here."""

BODY_WITHIN = 60.0
"""Seconds for a whole body: the longest answer comes in time at 4 kB a second."""

LET_PASS = 16_000_000
"""Bytes of a body that is too large, or too slow, which are let pass, unread, once it has been answered."""
LET_PASS_FOR = 5.0
"""Seconds."""

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)

PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "autoplay",
        "browsing-topics",
        "camera",
        "clipboard-read",
        "display-capture",
        "encrypted-media",
        "fullscreen",
        "gamepad",
        "geolocation",
        "gyroscope",
        "hid",
        "idle-detection",
        "local-fonts",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "picture-in-picture",
        "publickey-credentials-create",
        "publickey-credentials-get",
        "screen-wake-lock",
        "serial",
        "usb",
        "window-management",
        "xr-spatial-tracking",
    )
)

ON_EVERY_ANSWER = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": PERMISSIONS_POLICY,
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}
PASSKEYS_ARE_OURS = ", ".join(
    feature.replace("=()", "=(self)") if feature.startswith("publickey-") else feature
    for feature in PERMISSIONS_POLICY.split(", ")
)
"""For the team's pages, where people sign in with one."""
AS_SENT = {name.lower().encode(): value.encode() for name, value in ON_EVERY_ANSWER.items()}
AS_SENT_TO_THE_TEAM = AS_SENT | {b"permissions-policy": PASSKEYS_ARE_OURS.encode()}
LEAVES_NOTHING = '"cookies", "storage"'
"""For `Clear-Site-Data`, on leaving. Not "cache": clearing it holds the browser up, and no page is in it."""

READING = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that never write."""
METHODS = READING | {"POST", "PUT", "PATCH", "DELETE", "CONNECT", "TRACE"}
"""Those that are named in the log. A method may be any word that somebody sends."""


Answered = Callable[[str, str, int, float], None]
"""Hears of each answer: the method and the name of the route, each of a fixed list, the status, and the seconds."""


class Guard:
    """Stands outside the whole app, so that not even the page for a fault of our own goes out without its headers.

    It is also where a fault ends. What is written of it is its kind and its place in the code, never its message:
    a library's message can hold what somebody said.
    """

    def __init__(self, app: ASGIApp, answered: Answered | None = None) -> None:
        self.app = app
        self._answered = answered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0
        logbook.begin_request()

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                is_teams = is_the_teams(scope["path"])
                message["headers"] = _with(message["headers"], AS_SENT_TO_THE_TEAM if is_teams else AS_SENT)
                headers = MutableHeaders(scope=message)
                headers.setdefault("Cache-Control", "no-store")
                if scope["path"] != "/":
                    headers["X-Robots-Tag"] = "noindex"
            if status in {408, 413} and message["type"] == "http.response.body":
                await send({**message, "more_body": True})
                await _let_pass(receive)
                message = {"type": "http.response.body", "more_body": False}
            await send(message)

        try:
            asked = self.app if _size_of_head(scope) <= LARGEST_HEAD else _HEAD_TOO_LARGE
            await asked(scope, _limited(scope, receive), send_guarded)
        except ClientDisconnect:
            status = 499
        except Exception as error:  # noqa: BLE001 - the app has answered it already, and nobody above may print it
            kind, place = type(error).__name__, logbook.place_of(error)
            log.error("%s failed: %s at %s", _route_name(scope), kind, place)
        method, route = scope["method"] if scope["method"] in METHODS else "?", _route_name(scope)
        seconds = time.perf_counter() - began
        log.info("answered", extra={"method": method, "route": route, "status": status, "ms": round(seconds * 1000)})
        if self._answered is not None:
            self._answered(method, route, status, seconds)


def _with(headers: Iterable[tuple[bytes, bytes]], ours: Mapping[bytes, bytes]) -> list[tuple[bytes, bytes]]:
    """Give these headers and ours, which stand in the place of any of the same name."""
    return [*(header for header in headers if header[0].lower() not in ours), *ours.items()]


def is_the_teams(path: str) -> bool:
    """Tell whether an address is on the team's side."""
    return path == "/team" or path.startswith("/team/")


def is_the_programs(path: str) -> bool:
    """Tell whether an address is for other programs of the council's."""
    return path == "/api" or path.startswith("/api/")


_HEAD_TOO_LARGE = PlainTextResponse("That is too much at once.", 431, {"Connection": "close"})


def _size_of_head(scope: Scope) -> int:
    sizes = sum(len(name) + len(value) for name, value in scope["headers"])
    return sizes + len(scope.get("raw_path") or b"") + len(scope["query_string"])


def _route_name(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "name", "nowhere"))


def _limited(scope: Scope, receive: Receive) -> Callable[[], Awaitable[Message]]:
    """Hand on what arrives until it is too much, or comes too slowly. The rest of such a body is never read."""
    declared = Headers(scope=scope).get("content-length", "0")
    heard = int(declared) if declared.isascii() and declared.isdigit() and int(declared) > LARGEST_BODY else 0
    until: float | None = asyncio.get_running_loop().time() + BODY_WITHIN

    async def receive_limited() -> Message:
        nonlocal heard, until
        if heard > LARGEST_BODY:
            raise HTTPException(413, headers={"Connection": "close"})
        try:
            async with asyncio.timeout_at(until):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, headers={"Connection": "close"}) from None
        if message["type"] == "http.request":
            heard += len(message.get("body", b""))
            if heard > LARGEST_BODY:
                raise HTTPException(413, headers={"Connection": "close"})
        if not message.get("more_body", False):
            # What comes now is that they hang up, whenever they do.
            until = None
        return message

    return receive_limited


async def _let_pass(receive: Receive) -> None:
    """Let what still comes of a body go by: a browser listens once it has sent all, and hung up on hears nothing."""
    passed = 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LET_PASS_FOR):
            while passed < LET_PASS:
                message = await receive()
                if message["type"] != "http.request" or not message.get("more_body", False):
                    return
                passed += len(message.get("body", b""))


def came_from_our_own_page(headers: Headers) -> bool:
    """Tell whether a form was sent by a page of this site.

    Browsers of today say so in `Sec-Fetch-Site`, which no page can forge. Older ones send `Origin`; under our
    `Referrer-Policy: no-referrer` even our own forms send it as "null", so "null" decides nothing here: the visit's
    cookie (SameSite=Strict) and the form's own mark do.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is None or origin == "null":
        return True
    try:
        return urlsplit(origin).netloc == headers.get("host")
    except ValueError:  # an address that none is, such as "http://[": no browser sends it
        return False


class FormsFromOwnPages:
    """Turns away whatever writes and was sent by somebody else's page. `refused` answers it."""

    def __init__(self, app: ASGIApp, refused: ASGIApp) -> None:
        self.app = app
        self.refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_writing = scope["type"] == "http" and scope["method"] not in READING
        is_ours = not is_writing or came_from_our_own_page(Headers(scope=scope))
        await (self.app if is_ours else self.refused)(scope, receive, send)


ON_BOTH_HOSTS = ("/static/", "/healthz", "/readyz", "/backupz", "/favicon.ico", "/licences")


class TeamOnItsOwnHost:
    """Where the team's side has a host of its own, it answers there alone, and so do programs' addresses.

    Nothing else does. `missing` answers.
    """

    def __init__(self, app: ASGIApp, host: str, missing: ASGIApp) -> None:
        self.app = app
        self.host = host
        self.missing = missing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self.host or scope["path"].startswith(ON_BOTH_HOSTS):
            await self.app(scope, receive, send)
            return
        asked = Headers(scope=scope).get("host", "").lower()
        is_its_host = asked.rpartition(":")[0] == self.host if ":" in asked else asked == self.host
        if is_its_host and scope["path"] == "/":
            await RedirectResponse("/team", status_code=303)(scope, receive, send)
            return
        is_the_councils = is_the_teams(scope["path"]) or is_the_programs(scope["path"])
        is_right = is_the_councils == is_its_host
        await (self.app if is_right else self.missing)(scope, receive, send)
