"""What stands at the door: headers on every answer, a limit on what comes in, and who may send a form."""

import asyncio
import contextlib
import logging
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

LARGEST_BODY = 1_000_000
"""Bytes. The longest answer, every character written as %F0%9F%98%80, is a quarter of it."""

LET_PASS = 16_000_000
"""Bytes of a body that is too large which are let pass, unread, once it has been answered."""
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
LEAVES_NOTHING = '"cookies", "storage"'
"""For `Clear-Site-Data`, on leaving. Not "cache": clearing it holds the browser up, and no page is in it."""

READING = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that never write."""
METHODS = READING | {"POST", "PUT", "PATCH", "DELETE", "CONNECT", "TRACE"}
"""Those that are named in the log. A method may be any word that somebody sends."""


class Guard:
    """Stands outside the whole app, so that not even the page for a fault of our own goes out without its headers.

    It is also where a fault ends. What is written of it is its kind and its place in the code, never its message:
    a library's message can hold what somebody said.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def send_guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in ON_EVERY_ANSWER.items():
                    headers[name] = value
                if is_the_teams(scope["path"]):
                    headers["Permissions-Policy"] = PASSKEYS_ARE_OURS
                headers.setdefault("Cache-Control", "no-store")
                if scope["path"] != "/":
                    headers["X-Robots-Tag"] = "noindex"
            if status == 413 and message["type"] == "http.response.body":
                await send({**message, "more_body": True})
                await _let_pass(receive)
                message = {"type": "http.response.body", "more_body": False}
            await send(message)

        try:
            await self.app(scope, _limited(scope, receive), send_guarded)
        except ClientDisconnect:
            status = 499
        except Exception as error:  # noqa: BLE001 - the app has answered it already, and nobody above may print it
            log.error("%s failed: %s at %s", _route_name(scope), type(error).__name__, _place(error))
        method = scope["method"] if scope["method"] in METHODS else "?"
        log.info("%s %s %d %d ms", method, _route_name(scope), status, (time.perf_counter() - began) * 1000)


def is_the_teams(path: str) -> bool:
    """Tell whether an address is on the team's side."""
    return path == "/team" or path.startswith("/team/")


def is_the_programs(path: str) -> bool:
    """Tell whether an address is for other programs of the council's."""
    return path == "/api" or path.startswith("/api/")


def _route_name(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "name", "nowhere"))


def _place(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "nowhere"


def _limited(scope: Scope, receive: Receive) -> Callable[[], Awaitable[Message]]:
    """Hand on what arrives until it is too much. The rest of a body that is too large is never read."""
    declared = Headers(scope=scope).get("content-length", "0")
    heard = int(declared) if declared.isascii() and declared.isdigit() and int(declared) > LARGEST_BODY else 0

    async def receive_limited() -> Message:
        nonlocal heard
        if heard > LARGEST_BODY:
            raise HTTPException(413, headers={"Connection": "close"})
        message = await receive()
        if message["type"] == "http.request":
            heard += len(message.get("body", b""))
            if heard > LARGEST_BODY:
                raise HTTPException(413, headers={"Connection": "close"})
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
    return urlsplit(origin).netloc == headers.get("host")


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
