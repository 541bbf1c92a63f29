"""Coming back: visits end by themselves, codes are found however they are typed, and nobody is locked out."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest

from bot import throttles
from bot.codes import NETWORK_WRONG, WAIT_AT_ONCE, WAITING_AT_MOST, Door, TooManyAtOnce, shown
from bot.conversation import Speaker, Stage
from bot.returning import (
    CODE_LASTS,
    IDLE_MINUTES,
    come_back,
    confirm_code,
    end_visit,
    find_visit,
    has_code,
    make_code,
    open_visit,
    stay,
    visited,
)
from bot.store import Disguise, Store
from tests.talking import NOW
from tests.threshold import HOME, LIBRARY, TYPED_WRONG, WORDS, Never, Threshold


@pytest.fixture
def conversation_id(store: Store) -> str:
    return begin(store)


@pytest.fixture
def at(store: Store) -> Threshold:
    return Threshold(store)


@pytest.fixture
def door(at: Threshold) -> Door:
    return at.door


def begin(store: Store) -> str:
    with store.begin() as kept:
        return kept.conversations.begin(
            stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=NOW, interview_version="the one of March"
        )


def wrong_codes(store: Store) -> int:
    with store.reading() as seen:
        return seen.attempts.wrong(NOW - timedelta(days=30))


# --- visits ----------------------------------------------------------------------------------------------------------


async def go_on(door: Door, secret: str, now: datetime) -> None:
    """Send something, as a page does."""
    visit = await find_visit(door, secret, now)
    assert visit is not None
    await stay(door, secret, visit, now)


async def test_a_visit_leads_to_its_conversation_and_only_the_browser_holds_its_secret(
    door: Door, conversation_id: str
) -> None:
    secret = await open_visit(door, conversation_id, 30, NOW)
    assert await visited(door, secret, NOW) == conversation_id
    assert len(secret) >= 43
    assert secret != await open_visit(door, conversation_id, 30, NOW)


@pytest.mark.parametrize("minutes", IDLE_MINUTES)
async def test_a_visit_that_is_idle_for_longer_than_was_chosen_has_ended(
    door: Door, conversation_id: str, minutes: int
) -> None:
    secret = await open_visit(door, conversation_id, minutes, NOW)
    assert await visited(door, secret, NOW + timedelta(minutes=minutes)) == conversation_id
    assert await visited(door, secret, NOW + timedelta(minutes=minutes, seconds=1)) is None


async def test_what_a_person_sends_prolongs_a_visit_and_looking_does_not(door: Door, conversation_id: str) -> None:
    looking = await open_visit(door, conversation_id, 30, NOW)
    sending = await open_visit(door, conversation_id, 30, NOW)
    for minutes in (20, 40):
        then = NOW + timedelta(minutes=minutes)
        await visited(door, looking, then)
        await go_on(door, sending, then)
    assert await visited(door, looking, NOW + timedelta(minutes=31)) is None
    assert await visited(door, sending, NOW + timedelta(minutes=70)) == conversation_id


async def test_a_visit_that_was_ended_is_over_at_once_and_for_good(door: Door, conversation_id: str) -> None:
    secret = await open_visit(door, conversation_id, 1200, NOW)
    await end_visit(door, secret, NOW)
    assert await visited(door, secret, NOW) is None
    await end_visit(door, secret, NOW + timedelta(minutes=1))
    assert await visited(door, secret, NOW + timedelta(minutes=1)) is None


async def test_another_visit_to_the_same_conversation_goes_on(door: Door, conversation_id: str) -> None:
    ended, other = [await open_visit(door, conversation_id, 30, NOW) for _ in range(2)]
    await end_visit(door, ended, NOW)
    assert await visited(door, other, NOW) == conversation_id


@pytest.mark.parametrize("secret", ["", "a secret that nobody was given", "\0", "\ud800", "x" * 10_000])
async def test_a_visit_that_never_was_leads_nowhere(door: Door, secret: str) -> None:
    assert await visited(door, secret, NOW) is None
    assert await find_visit(door, secret, NOW) is None
    await end_visit(door, secret, NOW)


async def test_a_clock_that_goes_back_ends_no_visit(door: Door, conversation_id: str) -> None:
    secret = await open_visit(door, conversation_id, 30, NOW)
    await go_on(door, secret, NOW + timedelta(minutes=10))
    back = NOW - timedelta(hours=1)
    assert await visited(door, secret, back) == conversation_id
    await go_on(door, secret, back)
    assert await visited(door, secret, NOW + timedelta(minutes=40)) == conversation_id
    assert await visited(door, secret, NOW + timedelta(minutes=41)) is None


# --- coming back -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("disguise", list(Disguise))
async def test_whoever_has_the_code_comes_back_to_their_conversation(
    at: Threshold, conversation_id: str, disguise: Disguise
) -> None:
    assert not await has_code(at.door, conversation_id)
    code = await make_code(at.door, conversation_id, disguise, NOW)
    assert await has_code(at.door, conversation_id)
    typed = "\n".join(shown(code)).upper()
    assert await confirm_code(at.door, conversation_id, typed, NOW)
    assert await come_back(at.door, typed, HOME, NOW) == conversation_id
    assert at.waits == []


async def test_a_code_wrong_in_one_digit_leads_nowhere_and_costs_exactly_as_much_as_the_right_one(
    at: Threshold, store: Store, conversation_id: str
) -> None:
    code = await make_code(at.door, conversation_id, Disguise.NUMBERS, NOW)
    wrong = code[:-1] + str((int(code[-1]) + 1) % 10)
    tries = at.counting.tries
    assert await come_back(at.door, code, HOME, NOW) == conversation_id
    assert at.counting.tries == tries + 1
    assert wrong_codes(store) == 0
    assert await come_back(at.door, wrong, HOME, NOW) is None
    assert at.counting.tries == tries + 2
    assert wrong_codes(store) == 1


async def test_a_code_lasts_two_weeks_from_when_it_was_last_used(at: Threshold, conversation_id: str) -> None:
    code = await make_code(at.door, conversation_id, Disguise.WORDS, NOW)
    first = NOW + CODE_LASTS
    assert await come_back(at.door, code, HOME, first) == conversation_id
    second = first + CODE_LASTS
    assert await come_back(at.door, code, HOME, second) == conversation_id
    tries = at.counting.tries
    assert await come_back(at.door, code, HOME, second + CODE_LASTS + timedelta(seconds=1)) is None
    assert at.counting.tries == tries + 1


async def test_a_new_code_ends_the_one_before(at: Threshold, conversation_id: str) -> None:
    old = await make_code(at.door, conversation_id, Disguise.NUMBERS, NOW)
    new = await make_code(at.door, conversation_id, Disguise.WORDS, NOW)
    assert not await confirm_code(at.door, conversation_id, old, NOW)
    assert await come_back(at.door, old, HOME, NOW) is None
    assert await come_back(at.door, new, HOME, NOW) == conversation_id


async def test_a_code_confirms_nothing_of_another_conversation(
    at: Threshold, store: Store, conversation_id: str
) -> None:
    other = begin(store)
    code = await make_code(at.door, conversation_id, Disguise.NUMBERS, NOW)
    assert not await has_code(at.door, other)
    assert not await confirm_code(at.door, other, code, NOW)


async def test_a_code_is_kept_nowhere(at: Threshold, store: Store, conversation_id: str) -> None:
    code = await make_code(at.door, conversation_id, Disguise.WORDS, NOW)
    with store.reading() as seen:
        (kept,) = seen.codes.of(conversation_id)
    assert code not in repr(kept)
    assert len(kept.verifier) == 32
    assert len(kept.salt) == 16


# --- many wrong ones -------------------------------------------------------------------------------------------------


async def test_the_tenth_wrong_code_from_one_network_makes_the_next_try_wait_and_then_longer(at: Threshold) -> None:
    at.have_been_wrong(9, HOME)
    assert await come_back(at.door, TYPED_WRONG, HOME, NOW) is None
    assert at.waits == []
    for expected in (1, 2):
        assert await come_back(at.door, TYPED_WRONG, HOME, NOW) is None
        assert at.waits[-1] == expected


async def test_no_try_waits_longer_than_42_seconds_the_right_code_still_opens_and_nobody_elsewhere_is_slowed(
    at: Threshold, conversation_id: str
) -> None:
    code = await make_code(at.door, conversation_id, Disguise.NUMBERS, NOW)
    at.have_been_wrong(60, HOME)
    assert await come_back(at.door, code, LIBRARY, NOW) == conversation_id
    assert at.waits == []
    assert await come_back(at.door, code, HOME, NOW) == conversation_id
    assert at.waits == [42]


async def test_ten_minutes_later_nobody_waits_any_more(at: Threshold) -> None:
    at.have_been_wrong(60, HOME)
    assert await come_back(at.door, TYPED_WRONG, HOME, NOW + timedelta(minutes=11)) is None
    assert at.waits == []


async def test_a_hundred_wrong_codes_a_minute_slow_the_whole_site_a_little(at: Threshold) -> None:
    for house in range(25):
        at.have_been_wrong(4, f"203.0.{house}.1")
    await come_back(at.door, TYPED_WRONG, HOME, NOW)
    at.have_been_wrong(900, LIBRARY)
    await come_back(at.door, TYPED_WRONG, HOME, NOW)
    assert at.waits == [5, 20]


async def test_a_wrong_code_is_counted_and_what_is_a_day_old_is_let_go(at: Threshold, store: Store) -> None:
    at.have_been_wrong(7, LIBRARY, NOW - timedelta(days=2))
    await come_back(at.door, TYPED_WRONG, HOME, NOW)
    assert wrong_codes(store) == 1


async def test_more_people_than_can_be_checked_are_asked_to_try_again_and_nobody_is_counted(
    store: Store, conversation_id: str
) -> None:
    never = Never(WAITING_AT_MOST)
    limiter: Any = never
    door = Door(store, WORDS, limiter=limiter)
    waiting = [asyncio.create_task(come_back(door, TYPED_WRONG, HOME, NOW)) for _ in range(WAITING_AT_MOST)]
    await never.many_are_waiting.wait()
    with pytest.raises(TooManyAtOnce):
        await come_back(door, TYPED_WRONG, LIBRARY, NOW)
    with pytest.raises(TooManyAtOnce):
        await make_code(door, conversation_id, Disguise.NUMBERS, NOW)
    for one in waiting:
        one.cancel()
        with suppress(asyncio.CancelledError):
            await one
    assert door.waiting == 0
    assert wrong_codes(store) == 0


async def test_those_who_have_to_wait_hold_a_few_places_and_never_all_of_them(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_go, is_asleep = asyncio.Event(), asyncio.Semaphore(0)

    async def sleep(seconds: float) -> None:
        is_asleep.release()
        await may_go.wait()

    at = Threshold(store)
    at.door.sleep = sleep
    at.have_been_wrong(NETWORK_WRONG, HOME)
    at.have_been_wrong(NETWORK_WRONG, "203.0.113.9")
    waiting = [asyncio.create_task(come_back(at.door, TYPED_WRONG, HOME, NOW)) for _ in range(WAIT_AT_ONCE)]
    for _ in waiting:
        await is_asleep.acquire()

    with pytest.raises(TooManyAtOnce):
        await come_back(at.door, TYPED_WRONG, HOME, NOW)
    assert await come_back(at.door, TYPED_WRONG, LIBRARY, NOW) is None, "another network does not have to wait"
    waiting.append(asyncio.create_task(come_back(at.door, TYPED_WRONG, "203.0.113.9", NOW)))
    await is_asleep.acquire()
    monkeypatch.setattr(throttles, "WAITING_IN_ALL", len(waiting))
    with pytest.raises(TooManyAtOnce):
        await come_back(at.door, TYPED_WRONG, "203.0.113.9", NOW)

    may_go.set()
    assert await asyncio.gather(*waiting) == [None] * len(waiting)
    assert not at.door.turnstile.places.taken
