"""Whether the time that an answer takes tells what is there: a code, an account, an enquiry.

Pairs, known and unknown, in an order left to chance, so that whatever else the machine does falls on both. What is held
against the targets is the median of the gaps, and the Mann-Whitney test: how likely it is that both kinds are alike.
Only the long form's figures mean anything: it runs on a machine that does nothing else.

Codes and passwords cost an Argon2 each, which is the same work for both kinds and nearly all of the time, and whose
own unevenness covers what is looked for. So most pairs are tried with one that costs next to nothing, where a far
smaller gap shows, and some with the one that is in service, where it would show if only one kind had to pay for it.
"""

import asyncio
import hmac
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import count
from pathlib import Path
from random import Random
from statistics import NormalDist, median
from urllib.parse import urlencode

import pytest
from argon2 import PasswordHasher

from bot import codes, passwords, returning, signing_in
from bot.conversation import Speaker, Stage
from bot.interviewing import begin
from bot.returning import COMING_BACK
from bot.roles import Role
from bot.store import Disguise, RootKey, Store
from bot.store.codes import BUCKET_BITS
from tests.abuse.measuring import Length, Row, proven
from tests.signing import AtGate
from tests.talking import DATABASE, KEY, make_empty
from tests.team.conftest import TeamSite, make_site, make_team_settings

PAIRS = {Length.SHORT: 2, Length.LONG: 5_000}
IN_SERVICE = {Length.SHORT: 2, Length.LONG: 300}
"""Of these, tried with the Argon2 that is in service."""
AT_ONCE = 8
"""Who ask at once where an answer waits for its beat: the processor has nothing to do meanwhile."""
MOST_GAP = 0.001
"""Seconds between the medians."""
ALIKE = 0.01
"""Below this, chance alone would hardly have made two kinds so different."""
LIGHT_KIB = 64
PLANTED = 0.003
"""Seconds that a hole of ours takes longer."""

Ask = Callable[[bool], Awaitable[None]]
"""Ask once, for what is there or for what is not."""
Asking = Callable[[TeamSite], Awaitable[Ask]]
"""Put something into a site that can be asked for."""


def mann_whitney(one: Sequence[float], other: Sequence[float]) -> float:
    """Say how likely two samples like these are if nothing tells them apart (both sides, normal approximation)."""
    both = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = sum(place for place, (_, kind) in enumerate(both, 1) if kind == 0)
    first, second = len(one), len(other)
    above = ranks - first * (first + 1) / 2
    spread = (first * second * (first + second + 1) / 12) ** 0.5
    return 2 * NormalDist().cdf(-abs(above - first * second / 2) / spread)


async def timed(ask: Ask, pairs: int, at_once: int = 1) -> tuple[list[float], list[float]]:
    """Ask in pairs, and give how long each kind took."""
    took: dict[bool, list[float]] = {True: [], False: []}
    chance = Random(17)
    for known in (True, False):
        await ask(known)

    async def asks(times: int) -> None:
        for _ in range(times):
            first = chance.random() < 0.5
            for known in (first, not first):
                began = time.perf_counter()
                await ask(known)
                took[known].append(time.perf_counter() - began)

    shares = [pairs // at_once + (number < pairs % at_once) for number in range(at_once)]
    await asyncio.gather(*map(asks, shares))
    return took[True], took[False]


@contextmanager
def cheap() -> Iterator[None]:
    """Have an Argon2 cost next to nothing."""
    light = PasswordHasher(time_cost=1, memory_cost=LIGHT_KIB, parallelism=1)
    paid = f"m={codes.ARGON2_MEMORY_KIB},t={codes.ARGON2_TIME},"
    assert paid in passwords.NOBODYS
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(passwords, "NOBODYS", passwords.NOBODYS.replace(paid, f"m={LIGHT_KIB},t=1,"))
        patched.setattr(passwords, "HASHER", light)
        patched.setattr(codes, "ARGON2_TIME", 1)
        patched.setattr(codes, "ARGON2_MEMORY_KIB", LIGHT_KIB)
        yield


def told(what: str, known: Sequence[float], unknown: Sequence[float]) -> Row:
    """Make the row of one kind of thing."""
    gap, likely = abs(median(known) - median(unknown)), mann_whitney(known, unknown)
    measured = f"{gap * 1000:.3f} ms of {median(known) * 1000:.1f} ms, p = {likely:.3f}, {len(known):,} pairs"
    return Row(
        f"{what}: gap between known and unknown", measured, "< 1 ms, p > 0.01", gap < MOST_GAP and likely > ALIKE
    )


async def codes_asked(site: TeamSite) -> Ask:
    """Somebody types wrong codes at the door: of places where a code lies, and of places where none does."""
    conversation_id = await begin(site.room, stage=Stage.FIRST, speaker=Speaker.PERSON, now=site.now)
    right = await returning.make_code(site.door, conversation_id, Disguise.NUMBERS, site.now)
    key = site.store.derive(COMING_BACK.buckets)
    bucket = codes._bucket(site.store, COMING_BACK, right)
    numbers = (f"{number:020}" for number in count(1))
    near = next(one for one in numbers if _leading(hmac.digest(key, one.encode(), "sha256")) == bucket)
    assert codes._bucket(site.store, COMING_BACK, near) == bucket
    client = site.arrives().client

    async def ask(known: bool) -> None:
        code = near if known else codes.draw(Disguise.NUMBERS, ())
        await client.post("/come-back", data={"code": code, "minutes": "30"})
        site.passes(minutes=11)

    return ask


def _leading(digest: bytes) -> int:
    return int.from_bytes(digest[:4]) >> (32 - BUCKET_BITS)


async def accounts_asked(site: TeamSite) -> Ask:
    """Somebody tries wrong passwords, of accounts that there are and of accounts that there are not."""
    gate = AtGate(site.store)
    for name in ("asha", "ruth", "femi"):
        await gate.has(f"{name}@council.example")
    for number in range(20):
        site.account(Role.PRACTITIONER, site.team(f"Team {number}"))
    client = site.arrives().client
    page = await client.get("/team/sign-in")
    mark = page.text.split('name="form" value="')[1].split('"')[0]

    async def ask(known: bool) -> None:
        email = "asha@council.example" if known else "asma@council.example"
        await client.post("/team/sign-in", data={"form": mark, "email": email, "password": "not this one at all"})
        site.passes(minutes=61)

    return ask


async def enquiries_asked(site: TeamSite) -> Ask:
    """A practitioner asks for enquiries of another team, and for what was never there."""
    # What is hidden is answered on a beat, and tests wait for none.
    site.desk.gate.sleep = asyncio.sleep
    team, other = site.team("North"), site.team("South")
    colleague = site.signs_in(site.account(Role.PRACTITIONER, team))
    mark = site.desk.marks.form(signing_in.hash_of(colleague.client.cookies["team"]))
    there = site.enquiry(other)

    async def ask(known: bool) -> None:
        enquiry_id = there if known else secrets.token_hex(16)
        body = urlencode({"form": mark, "once": secrets.token_hex(8)}).encode()
        await colleague.post(f"/team/enquiries/{enquiry_id}/open", body)

    return ask


async def programs_ask(site: TeamSite) -> Ask:
    """A program asks for enquiries of a team that its token is not for, and for what was never there."""
    site.desk.gate.sleep = asyncio.sleep
    team, other = site.team("North"), site.team("South")
    there = site.enquiry(other)
    secret, _ = site.token([team])
    headers = {"authorization": f"Bearer {secret}"}
    client = site.arrives().client

    async def ask(known: bool) -> None:
        enquiry_id = there if known else secrets.token_hex(16)
        answer = await client.get(f"/api/v1/enquiries/{enquiry_id}", headers=headers)
        assert answer.status_code == 404

    return ask


def measured(length: Length, folder: Path) -> Iterator[Row]:
    """Time all of them, each on a store of its own; first a door that takes longer where something is."""
    with asyncio.Runner() as runner:
        rows = _rows(length, folder)
        while (row := runner.run(anext(rows, None))) is not None:
            yield row


async def _rows(length: Length, folder: Path) -> AsyncIterator[Row]:
    async def slow(known: bool) -> None:
        await asyncio.sleep(PLANTED if known else 0)

    found = told("", *await timed(slow, 60))
    yield proven(f"{PLANTED * 1000:.0f} ms more where something is", is_found=not found.is_met)
    many, few = PAIRS[length], IN_SERVICE[length]
    yield await _row(length, folder, "code, Argon2 made cheap", codes_asked, many, is_cheap=True)
    yield await _row(length, folder, "code, as in service", codes_asked, few)
    yield await _row(length, folder, "account, Argon2 made cheap", accounts_asked, many, is_cheap=True)
    yield await _row(length, folder, "account, as in service", accounts_asked, few)
    yield await _row(length, folder, "enquiry", enquiries_asked, many, at_once=AT_ONCE)
    yield await _row(length, folder, "enquiry, by a program", programs_ask, many, at_once=AT_ONCE)


async def _row(
    length: Length, folder: Path, what: str, asking: Asking, pairs: int, *, is_cheap: bool = False, at_once: int = 1
) -> Row:
    place = folder / what
    place.mkdir()
    make_empty(place)
    store = Store.open(place / DATABASE, RootKey.read(place / KEY))
    site = make_site(store, make_team_settings(place), place / DATABASE)
    with cheap() if is_cheap else nullcontext():
        row = told(what, *await timed(await asking(site), pairs, at_once))
    for client in site.clients:
        await client.aclose()
    store.close()
    # So few pairs say nothing of the gap: the short form only sees that all of it can be asked.
    return row if length is Length.LONG else Row(row.what, row.measured, "none: too few", is_met=True)
