"""The numbers in what is said of security and of keys are those that the program goes by."""

import math
import re
from datetime import timedelta

import pytest

from bot import checking, codes, passwords, returning, roles, signing_in, steps, throttles
from bot.conversation import LONGEST_ANSWER
from bot.project import load_code_words
from bot.settings import DEFAULTS
from bot.store import custody, keys, sealing
from bot.store.codes import BUCKET_BITS
from bot.web import connections, guard
from box import deliveries
from tests.test_docs import read


def there(file: str, name: str) -> float:
    """Give a number of a module that cannot be read without Rasa, as it is written there."""
    written = re.search(rf"^{name} = ([\d.* ]+)$", read(file), re.MULTILINE)
    assert written is not None, name
    return math.prod(map(float, written[1].split("*")))


def bits(of: int) -> int:
    return 8 * of


def minutes(of: timedelta) -> int:
    return of // timedelta(minutes=1)


def hours(of: timedelta) -> int:
    return of // timedelta(hours=1)


COUNTED_TO = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")
IDLE = returning.IDLE_MINUTES
BEGINNINGS = throttles.beginnings(int(DEFAULTS["BEGINNINGS"]))
EVERYWHERE = BEGINNINGS.everywhere or throttles.SEARCHES.free

SECURITY = [
    # What is sealed, and who gets in on the team's side
    f"the **root key**: {bits(sealing.KEY_BYTES)} bits",
    f"A password ({passwords.SHORTEST} characters and more",
    f"good for {hours(signing_in.FIRST_LASTS)} hours (a welcome for {signing_in.WELCOME_LASTS.days} days)",
    f"good for {hours(signing_in.RESET_LASTS)} hours",
    f"not older than {COUNTED_TO[minutes(roles.PROOF_LASTS)]} minutes",
    f"They end after {minutes(signing_in.IDLE)} minutes idle and {hours(signing_in.IN_ALL)} hours in all",
    f"Every {COUNTED_TO[minutes(checking.EVERY)]} to "
    f"{COUNTED_TO[minutes(checking.EVERY) + checking.LOOKED_EVERY // 60]} minutes",
    # How Rasa is contained
    f"{there('box/channel.py', 'LARGEST_REQUEST') / 1024:.0f} kB, {deliveries.MOST_AT_ONCE} deliveries",
    f"a turn {there('box/hearing.py', 'TURN_LIMIT'):.0f} s, an action {there('box/hearing.py', 'ACTION_LIMIT'):.0f} s",
    f"for {COUNTED_TO[int(there('box/tracker_store.py', 'SHARED_FOR') / 3600)]} hours, in a Redis",
    # Codes to come back
    f"A code has {codes.DIGITS} digits",
    f"or {COUNTED_TO[codes.WORDS]} words of a list of {len(load_code_words()):,}: "
    f"{int(codes.WORDS * math.log2(len(load_code_words())))} bits either way",
    f"the first {BUCKET_BITS} bits of an HMAC",
    f"({codes.ARGON2_MEMORY_KIB // 1024} MiB, {codes.ARGON2_TIME} passes)",
    f"It ends {returning.CODE_LASTS.days} days after it was made or last used",
    f"and {codes.WAITING_AT_MOST} wait or are checked, in each process",
    f"After {codes.NETWORK_WRONG} wrong tries within {minutes(codes.NETWORK_WINDOW)} minutes from one network",
    f"and so on up to {codes.LONGEST_WAIT:.0f} s",
    f"After {codes.SITE_WRONG} wrong in a minute on the whole site",
    f"{COUNTED_TO[codes.WAIT_AT_ONCE].title()} of one network wait at once, and a hundred in all, in each process",
    # Visits and step tokens
    f"after {IDLE[0]} minutes, {IDLE[1] // 60} hours or {IDLE[2] // 60} hours without anything sent",
    f"for {steps.LASTS // 3600} hours and without the visit",
    f"can still add words for {steps.LASTS // 3600} hours",
    f"for {steps.LASTS // 3600} hours it begins one conversation",
    # At the door
    f"A body of more than {guard.LARGEST_BODY // 10**6} MB",
    f"at most {guard.LET_PASS // 10**6} MB or {guard.LET_PASS_FOR:.0f} seconds are let go by",
    f"up to {LONGEST_ANSWER:,} characters",
    f"A head of more than {guard.LARGEST_HEAD // 1024} kB",
    f"a request has {connections.HEAD_WITHIN:.0f} seconds, a whole body {guard.BODY_WITHIN:.0f}, "
    f"and an answer is read on within {connections.READ_WITHIN:.0f}",
    f"There are {connections.CONNECTIONS_AT_ONCE} connections at most",
    f"beyond {BEGINNINGS.free.amount} in {COUNTED_TO[BEGINNINGS.free.multiples]} minutes",
    f"or {EVERYWHERE.amount} a minute from everybody, or {throttles.SEARCHES.free.amount} searches a minute",
    f"up to {BEGINNINGS.longest:.0f} s or {throttles.SEARCHES.longest:.0f} s",
]
KEYS = [
    f"Everywhere it is {bits(sealing.KEY_BYTES)} bits",
    f"It has {custody.ANSWERED_WITHIN:.0f} seconds",
    f"at most {'once' if keys.LOOKED_AGAIN == 1 else keys.LOOKED_AGAIN} a second",
]


def in_one_line(document: str) -> str:
    return " ".join(read(document).split())


@pytest.mark.parametrize("said", SECURITY)
def test_a_number_in_what_is_said_of_security_is_that_of_the_program(said: str) -> None:
    assert said in in_one_line("SECURITY.md")


@pytest.mark.parametrize("said", KEYS)
def test_a_number_in_what_is_said_of_keys_is_that_of_the_program(said: str) -> None:
    assert said in in_one_line("docs/keys.md")


def test_a_hundred_wait_in_all() -> None:
    assert throttles.WAITING_IN_ALL == 100


def test_a_number_that_is_another_one_would_be_seen() -> None:
    assert f"A code has {codes.DIGITS + 1} digits" not in in_one_line("SECURITY.md")
