"""The one door into the box. One shared secret, references only, a real error when anything went wrong.

Loopback only, unless the box was told at its start which apps it serves: then an app has to be one of them.

POST /webhooks/own_words/turns     hear deliveries: 200, or 401 403 422 409 502 503 504 500 (never 200 with nothing)
POST /webhooks/own_words/forget    drop a conversation's tracker: 204
GET  /webhooks/own_words/ready     200 once a first question has been asked of itself, 503 before
"""

import asyncio
import hmac
import logging
import os
from typing import Any, Awaitable, Callable, Dict, FrozenSet, Optional

from rasa import telemetry
from rasa.core.channels.channel import InputChannel, UserMessage
from rasa.shared.exceptions import RasaException
from sanic import Blueprint, Sanic
from sanic.request import Request
from sanic.response import HTTPResponse, empty, json

from box.action_endpoint import CALLED_BACK
from box.deliveries import Malformed, read_conversation_id, read_deliveries
from box.hearing import ActionDidNotRun, Behind, Hearing, NoNextStep, NotAnAnswer, NotItsTurn, TooSlow
from box.quiet import be_quiet
from box.shared import NotShared

SECRET_VARIABLE = "OWNWORDS_BOX_SECRET"
SECRET_HEADER = "X-Own-Words-Secret"
APPS_VARIABLE = "OWNWORDS_APPS"
APP_HEADER = "X-Own-Words-App"
SHORTEST_SECRET = 32
"""Characters."""
LARGEST_REQUEST = 64 * 1024
"""Bytes; twenty deliveries need a tenth of it."""
LOOPBACK = {"127.0.0.1", "::1"}

logger = logging.getLogger(__name__)


class OwnWordsChannel(InputChannel):
    """Takes deliveries from the app and hands back what the dialogue says."""

    def __init__(self, secret: str, apps: "FrozenSet[str]" = frozenset()) -> None:
        self._secret = secret.encode()
        self._apps = apps
        self._fitted: Optional[Hearing] = None
        """Fitted once, however often it is tried out: what Rasa is fitted with would be laid over itself."""
        self._hearing: Optional[Hearing] = None
        self._fitting = asyncio.Lock()

    @classmethod
    def name(cls) -> str:
        return "own_words"

    @classmethod
    def from_credentials(cls, credentials: "Optional[Dict[str, Any]]") -> "OwnWordsChannel":
        """The channel, its secret from the environment. Raises RasaException where the box could not keep its word."""
        be_quiet()
        secret = os.environ.get(SECRET_VARIABLE, "")
        if len(secret) < SHORTEST_SECRET:
            raise RasaException(f"Set {SECRET_VARIABLE} to a secret of at least {SHORTEST_SECRET} characters.")
        if telemetry.is_telemetry_enabled():
            raise RasaException("Set RASA_TELEMETRY_ENABLED to false: nothing may leave this machine.")
        return cls(secret, frozenset(filter(None, os.environ.get(APPS_VARIABLE, "").split(","))))

    def blueprint(self, on_new_message: "Callable[[UserMessage], Awaitable[Any]]") -> Blueprint:
        """The three routes. Rasa's own way in, `on_new_message`, is not used: it answers 200 whatever happens."""
        door = Blueprint("own_words")

        @door.listener("before_server_start")
        async def keep_requests_small(app: Sanic, loop: object) -> None:
            app.config.REQUEST_MAX_SIZE = LARGEST_REQUEST
            app.config.ACCESS_LOG = False

        @door.middleware("request")
        async def let_only_the_app_in(request: Request) -> Optional[HTTPResponse]:
            given = request.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogateescape")
            if not ((self._apps or request.ip in LOOPBACK) and hmac.compare_digest(given, self._secret)):
                return _refusal(401, "secret")
            # Actions are called for at the app that asks, and that is one of those this box was told of at its start.
            if self._apps and request.headers.get(APP_HEADER) not in self._apps:
                return _refusal(403, "app")
            return None

        @door.get("/ready")
        async def ready(request: Request) -> HTTPResponse:
            try:
                return json({"ready": True}) if await self._ready(request.app) else _refusal(503, "not_ready")
            except (NotItsTurn, NotShared):
                return _refusal(503, "locked")

        @door.post("/turns")
        async def turns(request: Request) -> HTTPResponse:
            try:
                deliveries = read_deliveries(request.body)
                if self._apps:
                    CALLED_BACK.set(f"{request.headers[APP_HEADER]}/webhook")
                hearing = await self._ready(request.app)
                return json(await hearing.hear(deliveries)) if hearing else _refusal(503, "not_ready")
            except Malformed as error:
                return _refusal(422, "malformed", part=str(error))
            except Behind as error:
                return _refusal(409, "behind", count=error.count)
            except (NotItsTurn, NotShared):
                return _refusal(503, "locked")
            except NotAnAnswer:
                return _refusal(422, "not_an_answer")
            except ActionDidNotRun:
                return _refusal(502, "action_failed")
            except TooSlow:
                return _refusal(504, "too_slow")
            except NoNextStep:
                return _refusal(500, "no_next_step")
            except Exception as error:  # noqa: BLE001 Rasa may raise anything; no message of its own goes to the log
                logger.error("A delivery could not be heard: %s", type(error).__name__)
                return _refusal(500, "broken")

        @door.post("/forget")
        async def forget(request: Request) -> HTTPResponse:
            try:
                conversation_id = read_conversation_id(request.body)
            except Malformed as error:
                return _refusal(422, "malformed", part=str(error))
            try:
                if self._hearing is not None:
                    self._hearing.forget(conversation_id)
            except NotShared:
                return _refusal(503, "locked")
            return empty()

        return door

    async def _ready(self, app: Sanic) -> Optional[Hearing]:
        """The hearing, once the model is loaded and has shown that it asks its first question."""
        async with self._fitting:
            agent = getattr(app.ctx, "agent", None)
            if self._hearing is None and agent is not None:
                self._fitted = self._fitted or Hearing.by(agent)
                if self._fitted is not None and await self._fitted.try_out():
                    self._hearing = self._fitted
            return self._hearing


def _refusal(status: int, error: str, **more: object) -> HTTPResponse:
    return json({"error": error, **more}, status=status)
