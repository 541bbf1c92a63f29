"""Codes: what they look like, that they are found however they are typed, and how networks are told apart."""

import math
import re
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.codes import Secrets, canonical, draw, make, network_key, shown
from bot.store import Disguise, Purpose, Store
from tests.talking import NOW
from tests.threshold import HOME, WORDS, Threshold

TO_COME_BACK = Secrets(Purpose.CODE_BUCKETS, Purpose.CODE_VERIFIERS)

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


# --- what is kept of a code ------------------------------------------------------------------------------------------


async def test_what_is_made_of_a_code_shows_the_code_nowhere(store: Store) -> None:
    made = await make(Threshold(store).door, TO_COME_BACK, Disguise.NUMBERS)
    assert made.code not in repr(made)


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
