"""The gate of the team's side for tests: people with passwords, apps and passkeys, and how long it let them wait."""

import hashlib
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import cbor2
import pyotp
from anyio import to_thread
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from bot import passwords, signing_in
from bot.passkeys import Site
from bot.roles import Actor, Role
from bot.signing_in import Gate, SignedIn
from bot.store import Account, Audited, Store
from tests.talking import NOW
from tests.threshold import Counting

SITE = Site("https://team.example", "team.example")
OFFICE, ELSEWHERE = "192.0.2.17", "198.51.100.4"
PASSWORD = "seven quiet herons"
SECRET = pyotp.random_base32()
HASHES: dict[bytes, str] = {}
"""Of PASSWORD, by the pepper it was made under: the copies of a database have the same one, and hashing is slow."""


def code(now: datetime = NOW, secret: str = SECRET) -> str:
    """The code that the authenticator app shows at this moment."""
    return pyotp.TOTP(secret).at(int(now.timestamp()))


class AtGate:
    """A gate, how long it let people wait, and how many Argon2 were worked out at it."""

    def __init__(self, store: Store, site: Site | None = SITE) -> None:
        self.waits: list[float] = []
        self.counting = Counting()
        self.gate = Gate(store, site=site, sleep=self._sleep)
        limiter: Any = self.counting
        self.gate.passwords.limiter = limiter

    @property
    def store(self) -> Store:
        return self.gate.store

    async def _sleep(self, seconds: float) -> None:
        if seconds:
            self.waits.append(seconds)

    async def has(
        self, email: str = "asha@council.example", role: Role = Role.PRACTITIONER, name: str = "Asha Rahman"
    ) -> str:
        """Have somebody with an account, a password and an authenticator app."""
        pepper = self.gate.passwords._peppered(PASSWORD).encode()
        if pepper not in HASHES:
            HASHES[pepper] = await to_thread.run_sync(passwords.HASHER.hash, pepper.decode())
        with self.store.begin() as kept:
            account_id = kept.accounts.add(role=role, name=name, email=email, team_ids=(), now=NOW)
            kept.accounts.set_password(account_id, HASHES[pepper])
            kept.accounts.set_totp(account_id, SECRET)
        return account_id

    async def signs_in(
        self,
        email: str = "asha@council.example",
        password: str = PASSWORD,
        now: datetime = NOW,
        *,
        typed: str | None = None,
        network: str = OFFICE,
        device: str = "",
    ) -> SignedIn:
        """Sign in, with the code of this moment where no other one is given."""
        half = await signing_in.begin_sign_in(self.gate, email, password, network, now, device)
        return await signing_in.finish_sign_in(
            self.gate, half.ticket, code(now) if typed is None else typed, network, now, device
        )

    async def who(self, secret: str, now: datetime = NOW, looked_at: datetime | None = None) -> Actor | None:
        found = await signing_in.signed_in(self.gate, secret, now, looked_at)
        return None if found is None else found[0]

    async def actor(self, signed: SignedIn, now: datetime = NOW) -> Actor:
        found = await self.who(signed.secret, now)
        assert found is not None
        return found

    def have_been_wrong(self, times: int, email: str = "asha@council.example") -> None:
        """Count wrong passwords as if they had been tried, each from a network of its own."""
        for turn in range(times):
            tries = signing_in._tries(self.gate, email, None, f"203.0.{turn}.1", NOW, "")
            signing_in._refused(self.gate, tries, NOW, None, "password")

    def account(self, account_id: str) -> Account:
        with self.store.reading() as seen:
            return seen.accounts.get(account_id)

    def audit(self) -> list[tuple[str, str | None, str]]:
        """What was written down, first things first: the act, whose account, about what."""
        return [(one.act.value, one.account_id, one.about) for one in reversed(self.audited())]

    def audited(self) -> tuple[Audited, ...]:
        with self.store.reading() as seen:
            return seen.audit.search(at_most=10_000)

    def wrong_codes_of_people(self) -> int:
        with self.store.reading() as seen:
            return seen.attempts.wrong(NOW - timedelta(days=30))


@dataclass
class SoftPasskey:
    """An authenticator in software: it holds one key, and does what browsers and their devices do."""

    origin: str = SITE.origin
    host: str = SITE.host
    verifies: bool = True
    """Whether it looks who is there."""
    count: int = 0
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    holder: bytes = b""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def makes(self, asked: str) -> str:
        """Make a passkey as asked, and give the browser's answer."""
        wanted = json.loads(asked)
        self.holder = base64url_to_bytes(wanted["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})
        held = bytes(16) + len(self.credential_id).to_bytes(2) + self.credential_id + public
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": self._data(0x40) + held})
        return self._answer(
            clientDataJSON=self._told("webauthn.create", wanted["challenge"]), attestationObject=attested
        )

    def signs(self, asked: str) -> str:
        """Sign in as asked, and give the browser's answer."""
        told = self._told("webauthn.get", json.loads(asked)["challenge"])
        data = self._data(0)
        signature = self.key.sign(data + hashlib.sha256(told).digest(), ec.ECDSA(SHA256()))
        return self._answer(clientDataJSON=told, authenticatorData=data, signature=signature, userHandle=self.holder)

    def _told(self, kind: str, challenge: str) -> bytes:
        told = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(told).encode()

    def _data(self, flags: int) -> bytes:
        self.count += 1
        flags |= 0x01 | (0x04 if self.verifies else 0)
        return hashlib.sha256(self.host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4)

    def _answer(self, **response: bytes) -> str:
        named = bytes_to_base64url(self.credential_id)
        told = {name: bytes_to_base64url(value) for name, value in response.items()}
        return json.dumps({"id": named, "rawId": named, "type": "public-key", "response": told})
