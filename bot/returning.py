"""Coming back: visits, which a browser holds, and codes, which a person holds. trust.md sections 8 and 9.

A visit ends by itself when it is idle; a code lasts two weeks after it was last used. Nobody is ever locked out: many
wrong codes make the next try slower, and that is all.
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

from anyio import CapacityLimiter, to_thread
from argon2.low_level import Type, hash_secret_raw

from bot.store import Code, Disguise, Purpose, Store, Taken
from bot.store.codes import BUCKET_BITS

IDLE_MINUTES = (30, 120, 1200)
"""How long a visit may be idle: asked before the first question."""

NOTED_EVERY = timedelta(minutes=1)
"""A visit that goes on is noted once a minute: a commit for every answer would only make people wait."""

DIGITS = 20
WORDS = 6
SALT_BYTES = 16
CODE_LASTS = timedelta(days=14)
WAITING_AT_MOST = 20

ARGON2_TIME = 3
ARGON2_MEMORY_KIB = 64 * 1024

NETWORK_WRONG = 10
NETWORK_WINDOW = timedelta(minutes=10)
LONGEST_WAIT = 42.0
SITE_WRONG = 100
SITE_WINDOW = timedelta(minutes=1)


class TooManyAtOnce(Exception):
    """More people than the machine can check are trying codes at this moment; a little later it will work."""


@dataclass(slots=True)
class Door:
    """Where people come back in."""

    store: Store
    code_words: Sequence[str]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    limiter: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(2))
    waiting: int = 0


# --- visits ----------------------------------------------------------------------------------------------------------


async def open_visit(door: Door, conversation_id: str, idle_minutes: int, now: datetime) -> str:
    """Open a visit and give the secret that the browser holds (256 bits). Only its digest is kept."""
    secret = secrets.token_urlsafe(32)

    def keep() -> None:
        with door.store.begin() as kept:
            kept.visits.open(secret, conversation_id, now, idle_minutes=idle_minutes)

    await to_thread.run_sync(keep)
    return secret


async def visited(door: Door, secret: str, now: datetime) -> str | None:
    """Give the conversation that a visit is for; None when there is no such visit, or it has ended, or was idle."""

    def read() -> str | None:
        with door.store.reading() as seen:
            visit = seen.visits.find(secret)
        if visit is None or visit.ended_at is not None:
            return None
        if now - visit.last_seen_at > timedelta(minutes=visit.idle_minutes):
            return None
        return visit.conversation_id

    return await to_thread.run_sync(read)


async def stay(door: Door, secret: str, now: datetime) -> None:
    """Say that the visit goes on. Only what a person sends says so; looking at a page writes nothing."""

    def keep() -> None:
        with door.store.reading() as seen:
            visit = seen.visits.find(secret)
        if visit is not None and timedelta(0) <= now - visit.last_seen_at < NOTED_EVERY:
            return
        with door.store.begin() as kept:
            kept.visits.seen(secret, now)

    await to_thread.run_sync(keep)


async def end_visit(door: Door, secret: str, now: datetime) -> None:
    """End a visit at once. What was said stays kept."""

    def keep() -> None:
        with door.store.begin() as kept:
            kept.visits.end(secret, now)

    await to_thread.run_sync(keep)


# --- codes -----------------------------------------------------------------------------------------------------------


async def make_code(door: Door, conversation_id: str, disguise: Disguise, now: datetime) -> str:
    """Make a code to come back, in place of any before it. It is shown once and kept nowhere."""
    while True:
        code = draw(disguise, door.code_words)
        salt = secrets.token_bytes(SALT_BYTES)
        verifier = await _hash(door, code, salt)
        if await to_thread.run_sync(_keep_code, door, conversation_id, disguise, code, salt, verifier, now):
            return code


async def confirm_code(door: Door, conversation_id: str, typed: str, now: datetime) -> bool:
    """Say whether the person has the code right: it is typed once before they go on, so that no click loses it."""

    def read() -> tuple[Code, ...]:
        with door.store.reading() as seen:
            return seen.codes.of(conversation_id)

    code = canonical(typed, door.code_words)
    for kept in await to_thread.run_sync(read):
        if hmac.compare_digest(kept.verifier, await _hash(door, code, kept.salt)):
            return True
    return False


async def has_code(door: Door, conversation_id: str) -> bool:
    """Say whether there is a code for a conversation."""

    def read() -> bool:
        with door.store.reading() as seen:
            return bool(seen.codes.of(conversation_id))

    return await to_thread.run_sync(read)


async def come_back(door: Door, typed: str, network: str, now: datetime) -> str | None:
    """Give the conversation of a code; None when there is none.

    Each try costs one Argon2, right or wrong, and takes longer when many were wrong. Raises TooManyAtOnce.
    """
    key = network_key(door.store, network, now)
    wait = await to_thread.run_sync(_wait, door, key, now)
    if wait:
        await door.sleep(wait)
    code = canonical(typed, door.code_words)
    found = await to_thread.run_sync(_find, door, code, now)
    salt = found.salt if found is not None else hashlib.sha256(b"nobody").digest()[:SALT_BYTES]
    verifier = await _hash(door, code, salt)
    if found is not None and hmac.compare_digest(found.verifier, verifier):
        await to_thread.run_sync(_used, door, found.code_id, now)
        return found.conversation_id
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


def _bucket(store: Store, code: str) -> int:
    digest = hmac.digest(store.derive(Purpose.CODE_BUCKETS), code.encode(), hashlib.sha256)
    return int.from_bytes(digest[:4]) >> (32 - BUCKET_BITS)


async def _hash(door: Door, code: str, salt: bytes) -> bytes:
    if door.waiting >= WAITING_AT_MOST:
        raise TooManyAtOnce
    peppered = hmac.digest(door.store.derive(Purpose.CODE_VERIFIERS), code.encode(), hashlib.sha256)

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


def _keep_code(
    door: Door, conversation_id: str, disguise: Disguise, code: str, salt: bytes, verifier: bytes, now: datetime
) -> bool:
    try:
        with door.store.begin() as kept:
            kept.codes.end_all(conversation_id, now)
            kept.codes.add(
                conversation_id,
                now,
                bucket=_bucket(door.store, code),
                salt=salt,
                verifier=verifier,
                disguise=disguise,
            )
    except Taken:
        return False
    return True


def _find(door: Door, code: str, now: datetime) -> Code | None:
    with door.store.reading() as seen:
        found = seen.codes.find(_bucket(door.store, code))
    if found is not None and now - (found.last_used_at or found.made_at) > CODE_LASTS:
        return None
    return found


def _used(door: Door, code_id: str, now: datetime) -> None:
    with door.store.begin() as kept:
        kept.codes.used(code_id, now)


def _wrong(door: Door, network: str, now: datetime) -> None:
    with door.store.begin() as kept:
        kept.attempts.count_wrong(network, now)
        kept.attempts.drop(now - timedelta(days=1))


def _wait(door: Door, network: str, now: datetime) -> float:
    """Say how many seconds this try waits."""
    with door.store.reading() as seen:
        here = seen.attempts.wrong(now - NETWORK_WINDOW, network=network)
        everywhere = seen.attempts.wrong(now - SITE_WINDOW)
    wait = 0.0
    if here >= NETWORK_WRONG:
        wait = min(LONGEST_WAIT, 2.0 ** min(here - NETWORK_WRONG, 6))
    if everywhere >= SITE_WRONG:
        wait = max(wait, min(20.0, 5.0 * everywhere / SITE_WRONG))
    return wait
