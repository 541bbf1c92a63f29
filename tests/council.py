"""A small council's side for tests: an OpenID provider on loopback, with a key of its own, that can also do wrong."""

import asyncio
import base64
import hashlib
import secrets
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import uvicorn
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "own-words", "a secret of thirty-two characters."


@dataclass
class Council:
    """Whoever comes is Asha, unless it is told otherwise."""

    issuer: str
    claims: dict[str, Any] = field(default_factory=dict)
    """What its token says in place of what is so; None leaves a claim out."""
    userinfo: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    signs_with: str = "its own key"
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one"}))
    asked: dict[str, dict[str, str]] = field(default_factory=dict)
    """What was asked for, by the code that it gave."""

    async def described(self, request: Request) -> Response:
        told = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
        }
        return JSONResponse({**told, **self.metadata})

    async def authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        assert asked["client_id"] == CLIENT
        code = secrets.token_urlsafe(16)
        self.asked[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?code={code}&state={asked['state']}", status_code=303)

    async def token(self, request: Request) -> Response:
        sent = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asked = self.asked.pop(sent.get("code", ""), None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(sent.get("code_verifier", "").encode()).digest())
        known = base64.b64encode(f"{CLIENT}:{SECRET}".replace(" ", "+").encode()).decode()
        by_name = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if (
            asked is None
            or challenge.decode().rstrip("=") != asked["code_challenge"]
            or sent.get("redirect_uri") != asked["redirect_uri"]
            or request.headers.get("Authorization", "").removeprefix("Basic ") not in {known, by_name}
        ):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "sub": "248289",
            "aud": CLIENT,
            "exp": now + 300,
            "iat": now,
            "auth_time": now,
            "nonce": asked["nonce"],
            "email": "asha@council.example",
            "email_verified": True,
            **self.claims,
        }
        told = {name: value for name, value in claims.items() if value is not None}
        return JSONResponse({"access_token": "opens userinfo", "token_type": "Bearer", "id_token": self._signed(told)})

    def _signed(self, told: dict[str, Any]) -> str:
        if self.signs_with == "nothing":
            return jwt.encode({"alg": "none"}, told, OctKey.import_key("nothing"), algorithms=["none"])
        if self.signs_with == "the secret":
            return jwt.encode({"alg": "HS256"}, told, OctKey.import_key(SECRET))
        key = self.key if self.signs_with == "its own key" else RSAKey.generate_key(2048, {"kid": "one"})
        return jwt.encode({"alg": "RS256", "kid": "one"}, told, key)

    async def keys(self, request: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    async def userinfo_of(self, request: Request) -> Response:
        assert request.headers["Authorization"] == "Bearer opens userinfo"
        return JSONResponse({"sub": "248289", **self.userinfo})

    def code_and_state(self, address: str) -> tuple[str, str]:
        """Read what somebody comes back with."""
        brought = parse_qs(urlsplit(address).query)
        return brought["code"][0], brought["state"][0]


@asynccontextmanager
async def council_at_work() -> AsyncIterator[Council]:
    """Run a council's side for as long as the block lasts."""
    listening = socket.create_server(("127.0.0.1", 0))
    council = Council(f"http://127.0.0.1:{listening.getsockname()[1]}")
    routes = [
        Route("/.well-known/openid-configuration", council.described),
        Route("/authorize", council.authorize),
        Route("/token", council.token, methods=["POST"]),
        Route("/keys", council.keys),
        Route("/userinfo", council.userinfo_of),
    ]
    config = uvicorn.Config(Starlette(routes=routes), log_config=None, lifespan="off", ws="none")
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup(sockets=[listening])
    serving = asyncio.create_task(server.main_loop())
    try:
        yield council
    finally:
        server.should_exit = True
        await serving
        await server.shutdown(sockets=[listening])
