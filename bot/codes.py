"""Codes: how they are drawn and shown, read as typed, looked for and checked, and how wrong ones are counted.

trust.md section 8. A code is kept nowhere, only what it can be checked by. Nobody is ever locked out: many wrong codes
make the next try slower, and that is all.
"""

import asyncio
import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol, TypeVar

from anyio import CapacityLimiter, to_thread
from argon2.low_level import Type, hash_secret_raw
from limits import RateLimitItemPerMinute

from bot.store import Disguise, Purpose, Store
from bot.store.codes import BUCKET_BITS
from bot.throttles import TooManyAtOnce, Turnstile, count, counted

DIGITS = 20
WORDS = 6
SALT_BYTES = 16
WAITING_AT_MOST = 20

ARGON2_TIME = 3
ARGON2_MEMORY_KIB = 64 * 1024

NETWORK_WRONG = 10
NETWORK_WINDOW = timedelta(minutes=10)
WRONG_CODES = RateLimitItemPerMinute(NETWORK_WRONG, 10)
"""Wrong ones of one network that slow nobody."""
LONGEST_WAIT = 42.0
WAIT_AT_ONCE = 10
"""Tries of one network that may wait at once in one process. Without that, waiting would slow nobody who tries on many
connections, and would hold all of them."""
SITE_WRONG = 100
SITE_WINDOW = timedelta(minutes=1)


@dataclass(slots=True)
class Door:
    """Where people come back in."""

    store: Store
    code_words: Sequence[str]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    limiter: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(2))
    waiting: int = 0
    turnstile: Turnstile = field(init=False)
    """For all that is counted whether it was right or wrong."""

    def __post_init__(self) -> None:
        self.turnstile = Turnstile(self.store, self.sleep)


@dataclass(frozen=True, slots=True)
class Secrets:
    """Which secrets the codes of one kind lie under: a code of one kind is no code of another."""

    buckets: Purpose
    verifiers: Purpose


@dataclass(frozen=True, slots=True)
class Made:
    """A code just drawn, and all of it that is kept."""

    code: str = field(repr=False)
    bucket: int
    salt: bytes
    verifier: bytes


class Checked(Protocol):
    """What a code is checked by."""

    @property
    def salt(self) -> bytes:
        """Random, and its own."""

    @property
    def verifier(self) -> bytes:
        """What the right code comes to."""


Found = TypeVar("Found", bound=Checked)


async def make(door: Door, kind: Secrets, disguise: Disguise) -> Made:
    """Draw a code, and work out what it is found and checked by. Raises TooManyAtOnce."""
    code = draw(disguise, door.code_words)
    salt = secrets.token_bytes(SALT_BYTES)
    return Made(code, _bucket(door.store, kind, code), salt, await _hash(door, kind, code, salt))


async def is_right(door: Door, kind: Secrets, typed: str, found: Checked) -> bool:
    """Say whether this is the code, however it was typed. Raises TooManyAtOnce."""
    verifier = await _hash(door, kind, canonical(typed, door.code_words), found.salt)
    return hmac.compare_digest(found.verifier, verifier)


async def try_code(
    door: Door, kind: Secrets, typed: str, network: str, now: datetime, find: Callable[[int], Found | None]
) -> Found | None:
    """Give what `find` has in the bucket of a code as typed, if it is the right one; None otherwise.

    Each try costs one Argon2, right or wrong, and takes longer when many were wrong. Raises TooManyAtOnce.
    """
    key = network_key(door.store, network, now)
    wait = await to_thread.run_sync(_wait, door, key, now)
    if wait:
        door.turnstile.waited("code")
        with door.turnstile.places.take("code", key, WAIT_AT_ONCE):
            await door.sleep(wait)
    code = canonical(typed, door.code_words)
    found = await to_thread.run_sync(find, _bucket(door.store, kind, code))
    salt = found.salt if found is not None else hashlib.sha256(b"nobody").digest()[:SALT_BYTES]
    verifier = await _hash(door, kind, code, salt)
    if found is not None and hmac.compare_digest(found.verifier, verifier):
        return found
    await to_thread.run_sync(_wrong, door, key, now)
    return None


def draw(disguise: Disguise, code_words: Sequence[str]) -> str:
    """Draw a code: 20 digits (66.4 bits), or six of our 2,048 words (66 bits)."""
    if disguise is Disguise.NUMBERS:
        return "".join(secrets.choice("0123456789") for _ in range(DIGITS))
    return " ".join(secrets.choice(code_words) for _ in range(WORDS))


def shown(code: str) -> tuple[str, ...]:
    """Give the groups in which a code is shown: two that look like telephone numbers, or six words."""
    if code.isdigit():
        return tuple(f"0{half[:4]} {half[4:7]} {half[7:]}" for half in (code[:10], code[10:]))
    return tuple(code.split(" "))


def canonical(typed: str, code_words: Sequence[str]) -> str:
    """Read a code as typed: spaces, dashes, capitals and line breaks make no difference."""
    digits = re.sub(r"[^0-9]", "", typed)
    if len(digits) == DIGITS + 2 and digits[0] == digits[DIGITS // 2 + 1] == "0":
        return digits[1 : DIGITS // 2 + 1] + digits[DIGITS // 2 + 2 :]
    if digits:
        return digits
    return " ".join(re.findall(r"[a-z]+", typed.lower()))


def network_key(store: Store, network: str, now: datetime) -> str:
    """Name a network for counting: a digest of its /24 or /48 under a key of the day, and never the address."""
    try:
        address = ipaddress.ip_address(network)
    except ValueError:
        part = "unknown"
    else:
        # A server on both kinds of address sees an IPv4 one as ::ffff:192.0.2.1; their /48 would be the whole of IPv4.
        address = getattr(address, "ipv4_mapped", None) or address
        bits = 24 if address.version == 4 else 48
        part = str(ipaddress.ip_network(f"{address}/{bits}", strict=False))
    key = store.derive(Purpose.THROTTLE)
    return hmac.digest(key, f"{now.date().isoformat()}|{part}".encode(), hashlib.sha256).hex()


def slowed(wrong: int, free: int) -> float:
    """Say how many seconds a try waits after so many wrong ones: none at first, then doubling, and never very long."""
    return min(LONGEST_WAIT, 2.0 ** min(wrong - free, 6)) if wrong >= free else 0.0


def _bucket(store: Store, kind: Secrets, code: str) -> int:
    digest = hmac.digest(store.derive(kind.buckets), code.encode(), hashlib.sha256)
    return int.from_bytes(digest[:4]) >> (32 - BUCKET_BITS)


async def _hash(door: Door, kind: Secrets, code: str, salt: bytes) -> bytes:
    if door.waiting >= WAITING_AT_MOST:
        raise TooManyAtOnce
    peppered = hmac.digest(door.store.derive(kind.verifiers), code.encode(), hashlib.sha256)

    def work() -> bytes:
        return hash_secret_raw(
            peppered,
            salt,
            time_cost=ARGON2_TIME,
            memory_cost=ARGON2_MEMORY_KIB,
            parallelism=1,
            hash_len=32,
            type=Type.ID,
        )

    door.waiting += 1
    try:
        return await to_thread.run_sync(work, limiter=door.limiter)
    finally:
        door.waiting -= 1


def _wrong(door: Door, network: str, now: datetime) -> None:
    with door.store.begin() as kept:
        count(kept, WRONG_CODES, network, now)


def _wait(door: Door, network: str, now: datetime) -> float:
    """Say how many seconds this try waits."""
    with door.store.reading() as seen:
        here = counted(seen, WRONG_CODES, network, now)
        everywhere = seen.attempts.wrong(now - SITE_WINDOW)
    wait = slowed(here, NETWORK_WRONG)
    if everywhere >= SITE_WRONG:
        wait = max(wait, min(20.0, 5.0 * everywhere / SITE_WRONG))
    return wait
