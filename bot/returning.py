"""Coming back: visits, which a browser holds, and codes, which a person holds. trust.md sections 8 and 9.

A visit ends by itself when it is idle; a code lasts two weeks after it was last used.
"""

import secrets
from datetime import datetime, timedelta

from anyio import to_thread

from bot import codes
from bot.codes import Door, Made, Secrets
from bot.store import Code, Disguise, Purpose, Taken, Transaction, Visit

IDLE_MINUTES = (30, 120, 1200)
"""How long a visit may be idle: asked before the first question."""

NOTED_EVERY = timedelta(minutes=1)
"""A visit that goes on is noted once a minute: a commit for every answer would only make people wait."""

CODE_LASTS = timedelta(days=14)

COMING_BACK = Secrets(Purpose.CODE_BUCKETS, Purpose.CODE_VERIFIERS)


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
    visit = await find_visit(door, secret, now)
    return None if visit is None else visit.conversation_id


async def find_visit(door: Door, secret: str, now: datetime) -> Visit | None:
    """Give a visit; None when there is no such visit, or it has ended, or was idle."""

    def read() -> Visit | None:
        with door.store.reading() as seen:
            return visit_in(seen, secret, now)

    return await door.store.soon(read)


def visit_in(seen: Transaction, secret: str, now: datetime) -> Visit | None:
    """Give a visit, as `find_visit` does, as part of a reading that goes on."""
    visit = seen.visits.find(secret)
    if visit is None or visit.ended_at is not None:
        return None
    return None if now - visit.last_seen_at > timedelta(minutes=visit.idle_minutes) else visit


async def stay(door: Door, secret: str, visit: Visit, now: datetime) -> None:
    """Say that a visit goes on. Only what a person sends says so; looking at a page writes nothing."""

    def note() -> None:
        with door.store.begin() as kept:
            kept.visits.seen(secret, now)

    if not timedelta(0) <= now - visit.last_seen_at < NOTED_EVERY:
        await to_thread.run_sync(note)


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
        made = await codes.make(door, COMING_BACK, disguise)
        if await to_thread.run_sync(_keep_code, door, conversation_id, disguise, made, now):
            return made.code


async def confirm_code(door: Door, conversation_id: str, typed: str, now: datetime) -> bool:
    """Say whether the person has the code right: it is typed once before they go on, so that no click loses it."""

    def read() -> tuple[Code, ...]:
        with door.store.reading() as seen:
            return seen.codes.of(conversation_id)

    for kept in await to_thread.run_sync(read):
        if await codes.is_right(door, COMING_BACK, typed, kept):
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

    def find(bucket: int) -> Code | None:
        with door.store.reading() as seen:
            found = seen.codes.find(bucket)
        if found is not None and now - (found.last_used_at or found.made_at) > CODE_LASTS:
            return None
        return found

    found = await codes.try_code(door, COMING_BACK, typed, network, now, find)
    if found is None:
        return None
    await to_thread.run_sync(_used, door, found.code_id, now)
    return found.conversation_id


def _keep_code(door: Door, conversation_id: str, disguise: Disguise, made: Made, now: datetime) -> bool:
    try:
        with door.store.begin() as kept:
            kept.codes.end_all(conversation_id, now)
            kept.codes.add(
                conversation_id,
                now,
                bucket=made.bucket,
                salt=made.salt,
                verifier=made.verifier,
                disguise=disguise,
            )
    except Taken:
        return False
    return True


def _used(door: Door, code_id: str, now: datetime) -> None:
    with door.store.begin() as kept:
        kept.codes.used(code_id, now)
