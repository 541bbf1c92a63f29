"""The council's own accounts vouch for who somebody is (OpenID Connect): authorization code, PKCE, nonce, state.

Only an e-mail address counts that the council's side says it has verified, and only for an account that an
administrator made here: signing in elsewhere makes nobody a colleague.
"""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self
from urllib.parse import quote_plus, urlsplit

import httpx

from bot.settings import BadSetting, Settings

TIMEOUT = 10.0
"""Seconds for each request to the council's side."""
LEEWAY = 60
"""Seconds by which clocks may differ."""
FRESH = timedelta(minutes=5)
"""How long ago somebody may have signed in over there, where they are asked to do it again."""

SIGNED_BY = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "Ed25519", "EdDSA"]
"""Signatures that take a key which only the council's side has."""


class NotVouched(Exception):
    """The council's side vouches for nobody here, or could not be asked; the message says which."""


@dataclass(frozen=True, slots=True)
class Going:
    """Somebody on the way to the council's side."""

    address: str
    """Where the browser goes."""
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpenId:
    """The council's side, and how this site is known there."""

    issuer: str
    client_id: str
    back: str
    """Where people come back to, as registered over there."""
    name: str
    """What people call their account there."""
    client_secret: str = field(default="", repr=False)

    @classmethod
    def named_in(cls, settings: Settings, site: str) -> Self | None:
        """Give what the settings name; None where they name nothing. Raises BadSetting."""
        if not settings.oidc_issuer:
            return None
        if not settings.oidc_client_id or not site:
            raise BadSetting("OWNWORDS_OIDC_ISSUER needs OWNWORDS_OIDC_CLIENT_ID and OWNWORDS_ADDRESS beside it.")
        return cls(
            settings.oidc_issuer,
            settings.oidc_client_id,
            f"{site}/team/sign-in/council/back",
            settings.oidc_name,
            settings.oidc_client_secret,
        )

    async def go(self, state: str, *, again: bool) -> Going:
        """Begin: where to send the browser. `again`: whoever is signed in there proves it anew. Raises NotVouched."""
        from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
        from authlib.oauth2.rfc7636 import create_s256_code_challenge

        nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        async with httpx.AsyncClient(timeout=TIMEOUT) as client:
            metadata = await self._metadata(client)
        address = prepare_grant_uri(
            metadata["authorization_endpoint"],
            client_id=self.client_id,
            response_type="code",
            redirect_uri=self.back,
            scope="openid email",
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
            **({"prompt": "login", "max_age": "0"} if again else {}),
        )
        return Going(address, nonce, verifier)

    async def vouched(self, code: str, nonce: str, verifier: str, now: datetime, *, again: bool) -> str:
        """Give the e-mail address that the council's side vouches for. Raises NotVouched."""
        from authlib.oidc.core import CodeIDToken
        from joserfc import jwt
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet
        from joserfc.jws import JWSRegistry

        try:
            async with httpx.AsyncClient(timeout=TIMEOUT) as client:
                metadata = await self._metadata(client)
                token = await self._token(client, metadata["token_endpoint"], code, verifier)
                published: Any = await _json(client, metadata["jwks_uri"])
                keys = KeySet.import_key_set(published)
                registry = JWSRegistry(algorithms=SIGNED_BY, strict_check_header=False)
                read = await asyncio.to_thread(jwt.decode, token["id_token"], key=keys, registry=registry)
                options = {
                    "iss": {"essential": True, "value": self.issuer},
                    "aud": {"essential": True, "value": self.client_id},
                }
                params = {"nonce": nonce, "client_id": self.client_id, "access_token": token.get("access_token")}
                claims = CodeIDToken(read.claims, read.header, options, params)
                claims.validate(now=int(now.timestamp()), leeway=LEEWAY)
                if again and now.timestamp() - float(claims.get("auth_time") or 0) > FRESH.total_seconds():
                    raise NotVouched("Sign in there once more: that is the proof.")
                told: Mapping[str, Any] = claims
                if "email" not in told and "userinfo_endpoint" in metadata:
                    held = {"Authorization": f"Bearer {token['access_token']}"}
                    told = await _json(client, metadata["userinfo_endpoint"], held)
                    if told.get("sub") != claims["sub"]:
                        raise NotVouched(_NOT_SURE)
        except httpx.TransportError as error:
            raise NotVouched(_AWAY) from error
        except (httpx.HTTPStatusError, JoseError, KeyError, TypeError, ValueError) as error:
            raise NotVouched(_NOT_SURE) from error
        if not told.get("email") or told.get("email_verified") not in {True, "true"}:
            raise NotVouched(
                "Your council's side did not say that your e-mail address is verified. Tell an administrator."
            )
        return str(told["email"])

    async def _token(self, client: httpx.AsyncClient, address: str, code: str, verifier: str) -> dict[str, Any]:
        sent = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier, "redirect_uri": self.back}
        if not self.client_secret:
            return _object(await client.post(address, data={**sent, "client_id": self.client_id}))
        # RFC 6749 2.3.1: both are encoded as a form's values are, before they are joined.
        known_as = (quote_plus(self.client_id), quote_plus(self.client_secret))
        return _object(await client.post(address, data=sent, auth=known_as))

    async def _metadata(self, client: httpx.AsyncClient) -> Mapping[str, Any]:
        try:
            found = await _json(client, f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        except (httpx.HTTPError, ValueError) as error:
            raise NotVouched(_AWAY) from error
        needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if found.get("issuer") != self.issuer or not all(is_safe(str(found.get(name, ""))) for name in needed):
            raise NotVouched(_NOT_SURE)
        return found


_AWAY = "Your council's side cannot be reached just now. Try again in a moment, or sign in another way."
_NOT_SURE = "Your council's side did not say for certain who you are. Please begin again."


def is_safe(address: str) -> bool:
    """Say whether nobody on the way can read or change what goes there: https, or this machine."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in {"127.0.0.1", "localhost"}))


async def _json(client: httpx.AsyncClient, address: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    return _object(await client.get(address, headers=dict(headers or {})))


def _object(answer: httpx.Response) -> dict[str, Any]:
    answer.raise_for_status()
    found = answer.json()
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found
