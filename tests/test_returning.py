"""Coming back: visits end by themselves, codes are found however they are typed, and nobody is locked out."""

import asyncio
import math
import re
from contextlib import suppress
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any

import pytest
from anyio import CapacityLimiter
from hypothesis import example, given
from hypothesis import strategies as st

from bot.conversation import Speaker, Stage
from bot.project import load_code_words
from bot.returning import (
    CODE_LASTS,
    IDLE_MINUTES,
    WAITING_AT_MOST,
    Door,
    TooManyAtOnce,
    canonical,
    come_back,
    confirm_code,
    draw,
    end_visit,
    has_code,
    make_code,
    network_key,
    open_visit,
    shown,
    stay,
    visited,
)
from bot.store import Disguise, Missing, Store
from tests.talking import NOW

WORDS = load_code_words()
HOME, LIBRARY = "192.0.2.17", "198.51.100.4"
TYPED_WRONG = "01234 567 89000000 000 000"


class Counting:
    """Lets two people try at once, as the real one does, and remembers how many tries there were."""

    def __init__(self) -> None:
        self.tries = 0
        self.at_once = CapacityLimiter(2)

    async def __aenter__(self) -> None:
        self.tries += 1
        await self.at_once.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.at_once.__aexit__(kind, error, trace)


class Never:
    """Lets nobody through, and says when many are waiting."""

    def __init__(self, many: int) -> None:
        self.expected = many
        self.many_are_waiting = asyncio.Event()

    async def __aenter__(self) -> None:
        self.expected -= 1
        if not self.expected:
            self.many_are_waiting.set()
        await asyncio.Event().wait()

    async def __aexit__(self, *_: object) -> None:
        raise AssertionError("nobody came in")


class Threshold:
    """The door, how long it let people wait, and how many Argon2 were worked out at it."""

    def __init__(self, store: Store) -> None:
        self.waits: list[float] = []
        self.counting = Counting()
        limiter: Any = self.counting
        self.door = Door(store, WORDS, sleep=self._sleep, limiter=limiter)

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    def have_been_wrong(self, times: int, network: str, now: datetime = NOW) -> None:
        """Count wrong codes as if they had been tried."""
        with self.door.store.begin() as kept:
            for _ in range(times):
                kept.attempts.count_wrong(network_key(self.door.store, network, now), now)


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
        await stay(door, sending, then)
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
    await end_visit(door, secret, NOW)
    with pytest.raises(Missing):
        await stay(door, secret, NOW)


async def test_a_clock_that_goes_back_ends_no_visit(door: Door, conversation_id: str) -> None:
    secret = await open_visit(door, conversation_id, 30, NOW)
    await stay(door, secret, NOW + timedelta(minutes=10))
    back = NOW - timedelta(hours=1)
    assert await visited(door, secret, back) == conversation_id
    await stay(door, secret, back)
    assert await visited(door, secret, NOW + timedelta(minutes=40)) == conversation_id
    assert await visited(door, secret, NOW + timedelta(minutes=41)) is None


# --- what a code looks like ------------------------------------------------------------------------------------------


def test_a_code_of_numbers_is_twenty_digits() -> None:
    drawn = [draw(Disguise.NUMBERS, WORDS) for _ in range(500)]
    assert all(re.fullmatch("[0-9]{20}", code) for code in drawn)
    assert len(set(drawn)) == 500
    assert all({code[place] for code in drawn} == set("0123456789") for place in range(20))


def test_a_code_of_words_is_six_of_our_own() -> None:
    drawn = [draw(Disguise.WORDS, WORDS).split(" ") for _ in range(2000)]
    assert all(len(code) == 6 and set(code) <= set(WORDS) for code in drawn)
    assert len({tuple(code) for code in drawn}) == 2000
    assert len({word for code in drawn for word in code}) > 0.99 * len(WORDS)


def test_both_kinds_of_code_are_as_hard_to_guess_as_the_plan_says() -> None:
    assert math.log2(10) * 20 > 66
    assert math.log2(len(WORDS)) * 6 == 66


def test_a_code_of_numbers_is_shown_as_two_telephone_numbers() -> None:
    assert shown("12345678901234567890") == ("01234 567 890", "01234 567 890")


def test_a_code_of_words_is_shown_as_its_words() -> None:
    assert shown("apple bridge candle dance eagle forest") == (
        "apple",
        "bridge",
        "candle",
        "dance",
        "eagle",
        "forest",
    )


NUMBERS = st.text("0123456789", min_size=20, max_size=20)
SIX_WORDS = st.lists(st.sampled_from(WORDS), min_size=6, max_size=6).map(" ".join)


@given(code=NUMBERS | SIX_WORDS, gap=st.sampled_from([" ", "  ", "\n", "\r\n", "-", " - ", ", ", "\u00a0", "\t"]))
@example(code="0" * 20, gap=" ")
@example(code="00000000010000000000", gap="\n")
def test_a_code_typed_as_it_is_shown_is_the_code_that_was_drawn(code: str, gap: str) -> None:
    assert canonical(gap.join(shown(code)), WORDS) == code
    assert canonical(f" {gap.join(shown(code))}{gap}", WORDS) == code


@given(code=NUMBERS, gaps=st.lists(st.sampled_from(["", " ", "-", "\u2013", "\n", ".", "(", ")"]), min_size=30))
def test_digits_are_the_same_whatever_stands_between_them(code: str, gaps: list[str]) -> None:
    as_shown = re.sub(r"\D", "", "".join(shown(code)))
    for digits in (as_shown, code):
        typed = "".join(f"{digit}{gap}" for digit, gap in zip(digits, gaps, strict=False))
        assert canonical(typed, WORDS) == code


@given(code=SIX_WORDS, gap=st.sampled_from([" ", "-", "\n", "\u2014", ", ", "_", "\u2028"]))
def test_words_are_the_same_in_capitals_and_whatever_stands_between_them(code: str, gap: str) -> None:
    for typed in (code.upper(), code.title(), f"\n {code} \n"):
        assert canonical(typed.replace(" ", gap), WORDS) == code


@given(st.text(st.characters(exclude_categories=()), max_size=300))
def test_whatever_is_typed_can_be_read_as_some_code(typed: str) -> None:
    read = canonical(typed, WORDS)
    assert re.fullmatch(r"[0-9]*|[a-z ]*", read)
    assert canonical(read, WORDS) == read or len(read) == 22


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


# --- networks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ("192.0.2.1", "192.0.2.254"),
        ("2001:db8:1:1::1", "2001:db8:1:ffff::1"),
        ("::ffff:192.0.2.1", "192.0.2.254"),
        ("fe80::1%eth0", "fe80::2%eth1"),
        ("", "not an address"),
    ],
)
def test_neighbours_are_counted_together(store: Store, one: str, another: str) -> None:
    assert network_key(store, one, NOW) == network_key(store, another, NOW)


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ("192.0.2.1", "192.0.3.1"),
        ("2001:db8:1::1", "2001:db8:2::1"),
        ("::ffff:192.0.2.1", "::ffff:198.51.100.1"),
        ("192.0.2.1", "not an address"),
    ],
)
def test_strangers_are_counted_apart(store: Store, one: str, another: str) -> None:
    assert network_key(store, one, NOW) != network_key(store, another, NOW)


def test_a_network_is_named_otherwise_each_day_and_never_by_its_address(store: Store) -> None:
    today = network_key(store, HOME, NOW)
    assert today == network_key(store, HOME, NOW.replace(hour=23))
    assert today != network_key(store, HOME, NOW + timedelta(days=1))
    assert re.fullmatch("[0-9a-f]{64}", today)
