"""Passkeys: what a browser is asked for, and what its answer is worth. WebAuthn, by the library of that name.

A challenge is good for five minutes, for what it was made for, and once. Whether the person at the browser was verified
(by a finger, a face, a code) is required: so a passkey alone is both what somebody has and who they are.
"""

import hashlib
import hmac
import ipaddress
import json
import secrets
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self
from urllib.parse import urlsplit

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from bot.store import Passkey

CHALLENGE_LASTS = timedelta(minutes=5)
NONCE_BYTES = 16
LONGEST_ANSWER = 20_000
"""Characters that a browser's answer may have."""

VERIFIED = AuthenticatorSelectionCriteria(
    resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
)


class NoPasskey(Exception):
    """What the browser answered proves nothing."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where the team's side is, as browsers know it: a passkey made there is good nowhere else."""

    origin: str
    host: str
    name: str = "Own Words"

    @classmethod
    def at(cls, address: str) -> Self | None:
        """Give the site of an address; None where browsers make no passkeys: without https, or without a name."""
        try:
            parts = urlsplit(address)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return None
        if parts.scheme != "https" and host != "localhost":
            return None
        try:
            ipaddress.ip_address(host)
        except ValueError:
            usual = {"https": 443, "http": 80}.get(parts.scheme)
            origin = f"{parts.scheme}://{host}" + (f":{port}" if port not in {None, usual} else "")
            return cls(origin, host) if host else None
        return None


@dataclass(slots=True)
class Challenges:
    """Challenges, each good once.

    One is signed under a key that this process drew at its start and keeps to itself, so that asking for many fills
    nothing; those used are remembered for as long as they would be good.
    """

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    used: dict[bytes, datetime] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def make(self, about: str, now: datetime) -> bytes:
        """Make a challenge. `about`: what it is for, and in which session."""
        told = secrets.token_bytes(NONCE_BYTES) + int(now.timestamp()).to_bytes(8)
        return told + self._signed(told, about)

    def use(self, challenge: bytes, about: str, now: datetime) -> bool:
        """Use a challenge; False when it is not ours, is for something else, too old, or was used."""
        told, signed = challenge[: NONCE_BYTES + 8], challenge[NONCE_BYTES + 8 :]
        if not hmac.compare_digest(signed, self._signed(told, about)):
            return False
        if abs(now.timestamp() - int.from_bytes(told[NONCE_BYTES:])) > CHALLENGE_LASTS.total_seconds():
            return False
        with self.lock:
            # Twice as long: a clock that is set back makes a challenge good for longer.
            self.used = {one: at for one, at in self.used.items() if abs(now - at) <= 2 * CHALLENGE_LASTS}
            if told in self.used:
                return False
            self.used[told] = now
            return True

    def _signed(self, told: bytes, about: str) -> bytes:
        return hmac.digest(self.key, told + about.encode(), hashlib.sha256)


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A passkey that a browser has just made."""

    credential_id: bytes
    public_key: bytes
    sign_count: int


def to_make_one(site: Site, challenge: bytes, account_id: str, email: str, name: str, has: tuple[Passkey, ...]) -> str:
    """Say, as JSON for the browser, how a passkey is to be made for an account."""
    return options_to_json(
        generate_registration_options(
            rp_id=site.host,
            rp_name=site.name,
            user_id=bytes.fromhex(account_id),
            user_name=email,
            user_display_name=name,
            challenge=challenge,
            authenticator_selection=VERIFIED,
            exclude_credentials=[PublicKeyCredentialDescriptor(id=one.credential_id) for one in has],
        )
    )


def to_sign_in(site: Site, challenge: bytes) -> str:
    """Say, as JSON for the browser, how to sign in. It names no account: who it is, the passkey says."""
    return options_to_json(
        generate_authentication_options(
            rp_id=site.host, challenge=challenge, user_verification=UserVerificationRequirement.REQUIRED
        )
    )


def made(site: Site, answer: str, challenge: bytes) -> NewPasskey:
    """Read the passkey that a browser made. Raises NoPasskey."""
    try:
        found = verify_registration_response(
            credential=_read(answer),
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except _BAD_ANSWER as error:
        raise NoPasskey from error
    return NewPasskey(found.credential_id, found.credential_public_key, found.sign_count)


def signed_count(site: Site, answer: str, challenge: bytes, passkey: Passkey) -> int:
    """Check that a passkey signed the challenge, and give how often it has signed. Raises NoPasskey."""
    said = _read(answer)
    try:
        found = verify_authentication_response(
            credential=said,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=passkey.sign_count,
            require_user_verification=True,
        )
        holder = said["response"].get("userHandle")
        if holder and base64url_to_bytes(holder).hex() != passkey.account_id:
            raise NoPasskey
    except _BAD_ANSWER as error:
        raise NoPasskey from error
    return found.new_sign_count


def credential_of(answer: str) -> bytes:
    """Give which passkey an answer says it is of. Raises NoPasskey."""
    try:
        return base64url_to_bytes(_read(answer)["rawId"])
    except _BAD_ANSWER as error:
        raise NoPasskey from error


def challenge_of(answer: str) -> bytes:
    """Give the challenge that an answer says it is to. Raises NoPasskey."""
    try:
        told = json.loads(base64url_to_bytes(_read(answer)["response"]["clientDataJSON"]))
        return base64url_to_bytes(told["challenge"])
    except _BAD_ANSWER as error:
        raise NoPasskey from error


_BAD_ANSWER = (
    WebAuthnException,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    OverflowError,
    RecursionError,
)
"""What the library and we raise on what is no answer: it comes from outside and can be anything."""


def _read(answer: str) -> dict[str, Any]:
    if len(answer) > LONGEST_ANSWER:
        raise NoPasskey
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise NoPasskey from error
    if not isinstance(said, dict):
        raise NoPasskey
    return said
