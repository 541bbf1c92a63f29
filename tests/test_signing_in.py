"""Signing in on the team's side: two things each time, nobody is told who has an account, and nobody is locked out."""

import asyncio
import json
import secrets
import statistics
import sys
import time
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from bot import signing_in
from bot.codes import NETWORK_WRONG, WAITING_AT_MOST, TooManyAtOnce
from bot.passkeys import CHALLENGE_LASTS, Challenges, NoPasskey, Site, challenge_of
from bot.passwords import Breached
from bot.roles import PROOF_LASTS, Actor, ProofNeeded, Role
from bot.signing_in import (
    CODE_SECONDS,
    DEVICE_LASTS,
    FREE_TRIES,
    HALF_WAY_LASTS,
    IDLE,
    IN_ALL,
    IN_LINE,
    NotDone,
    SignedIn,
)
from bot.store import LinkPurpose, Missing, Store
from bot.store.verifying import verify
from tests.signing import ELSEWHERE, OFFICE, PASSWORD, SECRET, SITE, AtGate, SoftPasskey, code
from tests.talking import NOW
from tests.threshold import Never

ASHA = "asha@council.example"
NOBODY = "nobody@council.example"
ANOTHER = "eleven loud kettles"
SECOND = timedelta(seconds=1)
STEP = timedelta(seconds=CODE_SECONDS)


@pytest.fixture
def at(store: Store) -> AtGate:
    return AtGate(store)


async def refusal(trying: Awaitable[object]) -> str:
    with pytest.raises(NotDone) as refused:
        await trying
    return str(refused.value)


async def wrong_passwords(at: AtGate, times: int, email: str = ASHA, network: str = OFFICE, device: str = "") -> None:
    for _ in range(times):
        await refusal(at.signs_in(email, ANOTHER, network=network, device=device))


def links(at: AtGate, account_id: str, purpose: LinkPurpose = LinkPurpose.WELCOME) -> str:
    with at.store.begin() as kept:
        return signing_in.make_link(kept, account_id, purpose, NOW)


# --- password and authenticator --------------------------------------------------------------------------------------


async def test_somebody_signs_in_with_their_password_and_the_code_of_their_authenticator_app(at: AtGate) -> None:
    account_id = await at.has()
    signed = await at.signs_in()
    actor = await at.actor(signed)
    assert (actor.account_id, actor.role, actor.proven_at) == (account_id, Role.PRACTITIONER, NOW)
    assert len(signed.secret) >= 43
    assert signed.secret not in repr(signed)
    assert at.audit() == [("signed_in", account_id, "password")]


async def test_the_address_may_be_typed_in_capitals_and_the_code_with_a_space(at: AtGate) -> None:
    account_id = await at.has()
    typed = f" {code()[:3]} {code()[3:]} "
    assert (await at.signs_in(f"  {ASHA.upper()} ", typed=typed)).account_id == account_id


async def test_no_such_address_a_wrong_password_and_a_disabled_account_hear_the_same(at: AtGate) -> None:
    asha = await at.has()
    gone = await at.has("gone@council.example")
    with at.store.begin() as kept:
        kept.accounts.disable(gone, NOW)
        new = kept.accounts.add(role=Role.MANAGER, name="Ben", email="new@council.example", team_ids=(), now=NOW)
    tried = {
        "nobody": await refusal(at.signs_in(NOBODY)),
        "wrong": await refusal(at.signs_in(ASHA, ANOTHER)),
        "disabled": await refusal(at.signs_in("gone@council.example")),
        "without a password yet": await refusal(at.signs_in("new@council.example")),
        "empty": await refusal(at.signs_in("", "")),
    }
    assert set(tried.values()) == {signing_in.WRONG}
    assert at.counting.tries == len(tried)
    assert [account for _, account, _ in at.audit()] == [None, asha, gone, new, None]
    assert {act for act, _, _ in at.audit()} == {"sign_in_refused"}


async def test_a_wrong_code_is_counted_and_a_right_password_tells_only_whoever_has_it(at: AtGate) -> None:
    account_id = await at.has()
    for typed in ("", "000000", "abcdef", "12345", code(NOW + 10 * STEP), "٣٤٥٦٧٨", "\ud800"):
        assert await refusal(at.signs_in(typed=typed)) == signing_in.WRONG_CODE
    assert at.audit()[0] == ("sign_in_refused", account_id, "code")


async def test_a_code_works_once(at: AtGate) -> None:
    await at.has()
    await at.signs_in()
    assert await refusal(at.signs_in()) == signing_in.WRONG_CODE
    assert await at.signs_in(now=NOW + STEP)
    assert await refusal(at.signs_in(now=NOW + STEP, typed=code(NOW))) == signing_in.WRONG_CODE


@pytest.mark.parametrize("steps", [-1, 0, 1])
async def test_the_clock_of_the_app_may_be_one_code_off(at: AtGate, steps: int) -> None:
    await at.has()
    assert await at.signs_in(typed=code(NOW + steps * STEP))


@pytest.mark.parametrize("steps", [-2, 2])
async def test_a_code_that_is_further_off_is_not_good(at: AtGate, steps: int) -> None:
    await at.has()
    assert await refusal(at.signs_in(typed=code(NOW + steps * STEP))) == signing_in.WRONG_CODE


async def test_half_way_in_lasts_ten_minutes_and_ends_with_another_password(at: AtGate) -> None:
    account_id = await at.has()
    half = await signing_in.begin_sign_in(at.gate, ASHA, PASSWORD, OFFICE, NOW)
    late = NOW + HALF_WAY_LASTS + SECOND
    for ticket, then in ((half.ticket, late), ("", NOW), ("no ticket", NOW), (half.ticket[:-1], NOW), ("\ud800", NOW)):
        finishing = signing_in.finish_sign_in(at.gate, ticket, code(then), OFFICE, then)
        assert await refusal(finishing) == signing_in.TOO_LATE
    other = await at.gate.passwords.hash(ANOTHER)
    with at.store.begin() as kept:
        kept.accounts.set_password(account_id, other)
    finishing = signing_in.finish_sign_in(at.gate, half.ticket, code(), OFFICE, NOW)
    assert await refusal(finishing) == signing_in.TOO_LATE


async def test_what_a_device_holds_is_no_ticket(at: AtGate) -> None:
    await at.has()
    signed = await at.signs_in()
    finishing = signing_in.finish_sign_in(at.gate, signed.device, code(NOW + STEP), OFFICE, NOW + STEP)
    assert await refusal(finishing) == signing_in.TOO_LATE


async def test_an_account_disabled_half_way_in_gets_no_further(at: AtGate) -> None:
    account_id = await at.has()
    half = await signing_in.begin_sign_in(at.gate, ASHA, PASSWORD, OFFICE, NOW)
    with at.store.begin() as kept:
        kept.accounts.disable(account_id, NOW)
    finishing = signing_in.finish_sign_in(at.gate, half.ticket, code(), OFFICE, NOW)
    assert await refusal(finishing) == signing_in.TOO_LATE


async def test_twelve_who_press_at_once_with_one_code_are_one(at: AtGate) -> None:
    await at.has()
    half = await signing_in.begin_sign_in(at.gate, ASHA, PASSWORD, OFFICE, NOW)
    pressed = [signing_in.finish_sign_in(at.gate, half.ticket, code(), OFFICE, NOW) for _ in range(12)]
    found = await asyncio.gather(*pressed, return_exceptions=True)
    assert sum(isinstance(one, SignedIn) for one in found) == 1


@pytest.mark.parametrize("typed", ["\0", "\ud800", "x" * 10_000, "\u202e", "👩‍🦽" * 20])
async def test_whatever_is_typed_is_wrong_and_nothing_worse(at: AtGate, typed: str) -> None:
    await at.has()
    assert await refusal(at.signs_in(ASHA, typed)) == signing_in.WRONG
    assert await refusal(at.signs_in(typed, PASSWORD)) == signing_in.WRONG


async def test_no_telling_by_time_who_has_an_account(store: Store) -> None:
    at = AtGate(store)
    await at.has()
    took: dict[str, list[float]] = {ASHA: [], NOBODY: []}
    for turn in range(12):
        for email in (ASHA, NOBODY) if turn % 2 else (NOBODY, ASHA):
            begun = time.perf_counter()
            await refusal(at.signs_in(email, ANOTHER, network=f"203.0.{turn}.1"))
            took[email].append(time.perf_counter() - begun)
    there, not_there = (statistics.median(took[email]) for email in (ASHA, NOBODY))
    # One Argon2 is 150 ms and more; a missing one would be seen at once, whatever else the machine does.
    assert abs(there - not_there) < 0.5 * max(there, not_there)


# --- sessions --------------------------------------------------------------------------------------------------------


async def test_a_session_that_is_idle_for_more_than_half_an_hour_is_over(at: AtGate) -> None:
    await at.has()
    signed = await at.signs_in()
    assert await at.who(signed.secret, NOW + IDLE)
    assert await at.who(signed.secret, NOW + IDLE + SECOND) is None


async def test_sending_and_looking_keep_it_going_and_after_twelve_hours_it_is_over(at: AtGate) -> None:
    await at.has()
    signed = await at.signs_in()
    then = NOW
    while then < NOW + IN_ALL - IDLE:
        then += IDLE
        assert await at.who(signed.secret, then)
        await signing_in.stay(at.gate, signed.secret, then)
    assert await at.who(signed.secret, NOW + IN_ALL)
    late = NOW + IN_ALL + SECOND
    await signing_in.stay(at.gate, signed.secret, NOW + IN_ALL)
    assert await at.who(signed.secret, late, looked_at=late) is None


async def test_looking_keeps_it_going_as_far_as_the_page_says(at: AtGate) -> None:
    await at.has()
    signed = await at.signs_in()
    then = NOW + timedelta(minutes=50)
    assert await at.who(signed.secret, then) is None
    assert await at.who(signed.secret, then, looked_at=NOW + timedelta(minutes=25))
    assert await at.who(signed.secret, then, looked_at=NOW + timedelta(minutes=19)) is None


async def test_each_sign_in_has_a_secret_of_its_own_of_which_only_a_digest_is_kept(at: AtGate, store: Store) -> None:
    await at.has()
    first, second = await at.signs_in(), await at.signs_in(now=NOW + STEP)
    assert first.secret != second.secret
    with store.reading() as seen:
        assert seen.sessions.find(first.secret) is None
        assert seen.sessions.find(signing_in.hash_of(first.secret)) is not None


@pytest.mark.parametrize("secret", ["", "a secret that nobody was given", "\0", "\ud800", "x" * 10_000])
async def test_nobody_is_signed_in_with_a_secret_that_never_was(at: AtGate, secret: str) -> None:
    assert await at.who(secret) is None
    assert await signing_in.whose(at.gate, secret) is None
    await signing_in.sign_out(at.gate, secret, NOW)
    with pytest.raises(Missing):
        await signing_in.stay(at.gate, secret, NOW)
    assert at.audit() == []


async def test_signing_out_ends_a_session_at_once_and_for_good(at: AtGate) -> None:
    account_id = await at.has()
    signed = await at.signs_in()
    for _ in range(2):
        await signing_in.sign_out(at.gate, signed.secret, NOW)
    assert await at.who(signed.secret) is None
    assert await at.who(signed.secret, looked_at=NOW) is None
    assert await signing_in.whose(at.gate, signed.secret) == account_id
    assert at.audit()[1:] == [("signed_out", account_id, "")]


async def test_all_other_sessions_can_be_ended_at_once(at: AtGate) -> None:
    await at.has()
    await at.has("ben@council.example")
    here, there = await at.signs_in(), await at.signs_in(now=NOW + STEP)
    bens = await at.signs_in("ben@council.example")
    await signing_in.sign_out_elsewhere(at.gate, await at.actor(here), NOW)
    assert [await at.who(one.secret) is not None for one in (here, there, bens)] == [True, False, True]


async def test_a_disabled_account_is_signed_in_nowhere_from_that_moment(at: AtGate) -> None:
    account_id = await at.has()
    signed = await at.signs_in()
    with at.store.begin() as kept:
        kept.accounts.disable(account_id, NOW)
    assert await at.who(signed.secret) is None


async def test_a_change_of_role_counts_at_once(at: AtGate) -> None:
    account_id = await at.has()
    signed = await at.signs_in()
    with at.store.begin() as kept:
        kept.accounts.change(account_id, role=Role.AUDITOR, name="Asha", email=ASHA, team_ids=())
    assert (await at.actor(signed)).role is Role.AUDITOR


# --- passkeys --------------------------------------------------------------------------------------------------------


async def registered(at: AtGate, soft: SoftPasskey | None = None) -> tuple[SoftPasskey, Actor, str]:
    account_id = await at.has()
    actor = await at.actor(await at.signs_in())
    soft = soft or SoftPasskey()
    asked = signing_in.offer_passkey(at.gate, actor, at.account(account_id), NOW)
    await signing_in.add_passkey(at.gate, actor, soft.makes(asked), "My phone", NOW)
    return soft, actor, account_id


async def test_a_passkey_alone_signs_in(at: AtGate) -> None:
    soft, _, account_id = await registered(at)
    answer = soft.signs(signing_in.ask_for_passkey(at.gate, NOW))
    signed = await signing_in.sign_in_with_passkey(at.gate, answer, OFFICE, NOW)
    assert (await at.actor(signed)).account_id == account_id
    assert at.audit()[-1] == ("signed_in", account_id, "passkey")
    with at.store.reading() as seen:
        (kept,) = seen.passkeys.of(account_id)
    assert (kept.name, kept.sign_count, kept.last_used_at) == ("My phone", soft.count, NOW)


async def test_what_a_browser_is_asked_names_no_account_and_requires_that_somebody_is_verified(at: AtGate) -> None:
    asked = json.loads(signing_in.ask_for_passkey(at.gate, NOW))
    assert asked["rpId"] == SITE.host
    assert asked["userVerification"] == "required"
    assert not asked.get("allowCredentials")
    _, actor, account_id = await registered(at)
    offered = json.loads(signing_in.offer_passkey(at.gate, actor, at.account(account_id), NOW))
    assert offered["authenticatorSelection"]["userVerification"] == "required"
    assert offered["authenticatorSelection"]["residentKey"] == "required"
    assert base64url_to_bytes(offered["user"]["id"]).hex() == account_id
    assert len(offered["excludeCredentials"]) == 1


async def test_a_challenge_is_used_once(at: AtGate) -> None:
    soft, _, _ = await registered(at)
    asked = signing_in.ask_for_passkey(at.gate, NOW)
    answer, again = soft.signs(asked), soft.signs(asked)
    await signing_in.sign_in_with_passkey(at.gate, answer, OFFICE, NOW)
    for repeated in (answer, again):
        signing = signing_in.sign_in_with_passkey(at.gate, repeated, OFFICE, NOW)
        assert await refusal(signing) == signing_in.WRONG_PASSKEY


async def test_a_challenge_is_good_for_five_minutes_and_not_after_a_restart(at: AtGate, store: Store) -> None:
    soft, _, _ = await registered(at)
    late = NOW + CHALLENGE_LASTS + SECOND
    answer = soft.signs(signing_in.ask_for_passkey(at.gate, NOW))
    await refusal(signing_in.sign_in_with_passkey(at.gate, answer, OFFICE, late))
    await refusal(signing_in.sign_in_with_passkey(AtGate(store).gate, answer, OFFICE, NOW))
    assert await signing_in.sign_in_with_passkey(at.gate, answer, OFFICE, NOW)


def test_a_challenge_is_good_for_what_it_was_made_for() -> None:
    challenges = Challenges()
    made = challenges.make("sign in", NOW)
    assert not challenges.use(made, "prove|asha", NOW)
    assert not challenges.use(made[:-1] + bytes([made[-1] ^ 1]), "sign in", NOW)
    assert not challenges.use(b"", "sign in", NOW)
    assert challenges.use(made, "sign in", NOW)
    assert not challenges.use(made, "sign in", NOW)
    later = NOW + 3 * CHALLENGE_LASTS
    assert challenges.use(challenges.make("sign in", later), "sign in", later)
    assert len(challenges.used) == 1


def test_of_many_who_use_a_challenge_at_once_one_does() -> None:
    challenges = Challenges()
    for _ in range(200):
        challenges.used[secrets.token_bytes(24)] = NOW
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(8) as pool:
            for _ in range(50):
                made = challenges.make("sign in", NOW)
                assert sum(pool.map(lambda _, one=made: challenges.use(one, "sign in", NOW), range(8))) == 1
    finally:
        sys.setswitchinterval(before)


def test_an_answer_that_is_too_deep_to_read_is_none() -> None:
    told = bytes_to_base64url(b"[" * 10_000)
    for answer in ("[" * 10_000, json.dumps({"rawId": "AA", "response": {"clientDataJSON": told}})):
        with pytest.raises(NoPasskey):
            challenge_of(answer)


FOREIGN: dict[str, dict[str, Any]] = {
    "another site": {"origin": "https://team.example.net"},
    "no https": {"origin": "http://team.example"},
    "another host": {"host": "example.net"},
    "nobody verified": {"verifies": False},
    "not known": {"credential_id": b"another"},
    "another key": {"key": SoftPasskey().key},
    "somebody else's": {"holder": b"somebody else's"},
    "a copy": {"count": 0},
}


@pytest.mark.parametrize("foreign", FOREIGN)
async def test_a_passkey_of_elsewhere_of_nobody_or_copied_does_not_sign_in(at: AtGate, foreign: str) -> None:
    soft, _, _ = await registered(at)
    answer = replace(soft, **FOREIGN[foreign]).signs(signing_in.ask_for_passkey(at.gate, NOW))
    assert await refusal(signing_in.sign_in_with_passkey(at.gate, answer, OFFICE, NOW)) == signing_in.WRONG_PASSKEY


NOT_ANSWERS = ["", "[]", "{}", "null", "\0", "\ud800", "[" * 5_000, "x" * 100_000, '{"rawId": 1}', '{"rawId": "é"}']
NOT_ANSWERS += ['{"rawId": "YQ", "id": "YQ", "response": {"clientDataJSON": "e30"}}', '{"response": []}']


@pytest.mark.parametrize("answer", NOT_ANSWERS)
async def test_what_is_no_answer_is_refused_and_nothing_worse(at: AtGate, answer: str) -> None:
    await at.has()
    actor = await at.actor(await at.signs_in())
    assert await refusal(signing_in.sign_in_with_passkey(at.gate, answer, OFFICE, NOW)) == signing_in.WRONG_PASSKEY
    await refusal(signing_in.add_passkey(at.gate, actor, answer, "My phone", NOW))
    await refusal(signing_in.prove_with_passkey(at.gate, actor, answer, NOW))


async def test_an_answer_bent_anywhere_is_refused(at: AtGate) -> None:
    soft, _, _ = await registered(at)
    answer = json.loads(soft.signs(signing_in.ask_for_passkey(at.gate, NOW)))
    for part in ("clientDataJSON", "authenticatorData", "signature"):
        raw = bytearray(base64url_to_bytes(answer["response"][part]))
        for place in range(0, len(raw), 7):
            bent = bytearray(raw)
            bent[place] ^= 1
            told = {**answer, "response": {**answer["response"], part: bytes_to_base64url(bytes(bent))}}
            await refusal(signing_in.sign_in_with_passkey(at.gate, json.dumps(told), OFFICE, NOW))


async def test_a_passkey_made_for_another_session_or_without_a_finger_is_not_kept(at: AtGate) -> None:
    _, actor, account_id = await registered(at)
    other = await at.actor(await at.signs_in(now=NOW + STEP))
    asked = signing_in.offer_passkey(at.gate, other, at.account(account_id), NOW)
    await refusal(signing_in.add_passkey(at.gate, actor, SoftPasskey().makes(asked), "Theirs", NOW))
    await refusal(signing_in.add_passkey(at.gate, other, SoftPasskey(verifies=False).makes(asked), "Open", NOW))
    assert len(signing_in.own_passkeys(at.gate, actor)) == 1


async def test_the_same_passkey_is_not_kept_twice(at: AtGate) -> None:
    soft, actor, account_id = await registered(at)
    asked = signing_in.offer_passkey(at.gate, actor, at.account(account_id), NOW)
    assert "used here before" in await refusal(signing_in.add_passkey(at.gate, actor, soft.makes(asked), "Again", NOW))


async def test_a_passkey_that_was_ended_or_whose_account_is_disabled_signs_in_nowhere(at: AtGate) -> None:
    soft, actor, account_id = await registered(at)
    with at.store.begin() as kept:
        kept.accounts.disable(account_id, NOW)
    answer = soft.signs(signing_in.ask_for_passkey(at.gate, NOW))
    await refusal(signing_in.sign_in_with_passkey(at.gate, answer, OFFICE, NOW))
    with at.store.begin() as kept:
        kept.accounts.enable(account_id)
    await signing_in.end_passkey(at.gate, actor, soft.credential_id, NOW)
    answer = soft.signs(signing_in.ask_for_passkey(at.gate, NOW))
    await refusal(signing_in.sign_in_with_passkey(at.gate, answer, OFFICE, NOW))


async def test_the_only_way_to_sign_in_cannot_be_ended_nor_somebody_elses(at: AtGate) -> None:
    soft, actor, account_id = await registered(at)
    with at.store.begin() as kept:
        kept.accounts.set_password(account_id, None)
    assert "only way" in await refusal(signing_in.end_passkey(at.gate, actor, soft.credential_id, NOW))
    other = replace(actor, account_id=await at.has("ben@council.example"))
    with pytest.raises(Missing):
        await signing_in.end_passkey(at.gate, other, soft.credential_id, NOW)


async def test_where_browsers_make_no_passkeys_none_are_asked_for(store: Store) -> None:
    at = AtGate(store, site=None)
    account_id = await at.has()
    actor = await at.actor(await at.signs_in())
    assert signing_in.ask_for_passkey(at.gate, NOW) == ""
    assert signing_in.offer_passkey(at.gate, actor, at.account(account_id), NOW) == ""
    assert await refusal(signing_in.add_passkey(at.gate, actor, "{}", "", NOW)) == signing_in.NO_PASSKEYS
    await refusal(signing_in.sign_in_with_passkey(at.gate, "{}", OFFICE, NOW))


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("https://team.example", "https://team.example"),
        ("https://Team.Example:443", "https://team.example"),
        ("https://team.example:8443", "https://team.example:8443"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://team.example", None),
        ("http://127.0.0.1:8000", None),
        ("https://192.0.2.1", None),
        ("https://[::1]", None),
        ("https://[", None),
        ("", None),
    ],
)
def test_passkeys_are_for_a_site_with_https_and_a_name(address: str, origin: str | None) -> None:
    site = Site.at(address)
    assert (None if site is None else site.origin) == origin


# --- proving it again ------------------------------------------------------------------------------------------------


async def test_a_proof_with_password_and_code_counts_for_five_minutes(at: AtGate) -> None:
    account_id = await at.has()
    signed = await at.signs_in()
    later = NOW + timedelta(minutes=20)
    actor = await at.actor(signed, later)
    assert not actor.is_proven(later)
    await signing_in.prove(at.gate, actor, PASSWORD, code(later), later)
    proven = await at.actor(signed, later)
    assert proven.is_proven(later + PROOF_LASTS)
    assert not proven.is_proven(later + PROOF_LASTS + SECOND)
    assert at.audit()[-1] == ("proven", account_id, "password")


async def test_a_proof_takes_both_and_does_not_say_which_was_wrong(at: AtGate) -> None:
    account_id = await at.has()
    actor = await at.actor(await at.signs_in())
    later = NOW + timedelta(minutes=6)
    for password, typed in ((ANOTHER, code(later)), (PASSWORD, "000000"), (PASSWORD, ""), ("", "")):
        proving = signing_in.prove(at.gate, actor, password, typed, later)
        assert await refusal(proving) == signing_in.WRONG_PROOF
    await signing_in.prove(at.gate, actor, PASSWORD, code(later), later)
    assert at.audit()[1] == ("proof_refused", account_id, "password")


async def test_a_code_that_signed_in_proves_nothing_more(at: AtGate) -> None:
    await at.has()
    actor = await at.actor(await at.signs_in())
    assert await refusal(signing_in.prove(at.gate, actor, PASSWORD, code(), NOW)) == signing_in.WRONG_PROOF


async def test_a_passkey_proves_it_too_but_only_ones_own_and_only_for_this_session(at: AtGate) -> None:
    soft, actor, account_id = await registered(at)
    later = NOW + timedelta(minutes=20)
    asked = signing_in.ask_for_passkey(at.gate, later, actor)
    await refusal(signing_in.sign_in_with_passkey(at.gate, soft.signs(asked), OFFICE, later))
    await refusal(
        signing_in.prove_with_passkey(at.gate, actor, soft.signs(signing_in.ask_for_passkey(at.gate, later)), later)
    )
    somebody = replace(actor, account_id=await at.has("ben@council.example"))
    await refusal(signing_in.prove_with_passkey(at.gate, somebody, soft.signs(asked), later))
    asked = signing_in.ask_for_passkey(at.gate, later, actor)
    await signing_in.prove_with_passkey(at.gate, actor, soft.signs(asked), later)
    assert at.audit()[-1] == ("proven", account_id, "passkey")


# --- what one signs in with ------------------------------------------------------------------------------------------


async def test_another_password_ends_every_other_session(at: AtGate) -> None:
    account_id = await at.has()
    here, there = await at.signs_in(), await at.signs_in(now=NOW + STEP)
    actor = await at.actor(here)
    await signing_in.change_password(at.gate, actor, at.account(account_id), ANOTHER, NOW)
    assert await at.who(here.secret)
    assert await at.who(there.secret) is None
    assert await refusal(at.signs_in(now=NOW + 2 * STEP)) == signing_in.WRONG
    assert await at.signs_in(password=ANOTHER, now=NOW + 2 * STEP)
    assert at.audit()[2] == ("changed", account_id, "password")


async def test_another_authenticator_app_counts_once_a_code_of_it_was_typed(at: AtGate) -> None:
    account_id = await at.has()
    signed = await at.signs_in()
    actor, account = await at.actor(signed), at.account(account_id)
    shown = signing_in.authenticator(at.gate, actor, account)
    assert shown == signing_in.authenticator(at.gate, actor, account)
    assert shown.secret in shown.address
    assert "asha%40council.example" in shown.address
    changing = signing_in.change_authenticator(at.gate, actor, account, code(NOW + STEP), NOW)
    assert await refusal(changing) == signing_in.WRONG_CODE
    assert await at.signs_in(now=NOW + STEP)
    await signing_in.change_authenticator(at.gate, actor, account, code(NOW, shown.secret), NOW)
    assert signing_in.authenticator(at.gate, actor, account).secret != shown.secret
    later = NOW + 2 * STEP
    assert await refusal(at.signs_in(now=later)) == signing_in.WRONG_CODE
    assert await at.signs_in(now=later, typed=code(later, shown.secret))


async def test_what_one_signs_in_with_is_changed_with_a_proof_only(at: AtGate) -> None:
    soft, actor, account_id = await registered(at)
    account, later = at.account(account_id), NOW + PROOF_LASTS + SECOND
    for changing in (
        signing_in.change_password(at.gate, actor, account, ANOTHER, later),
        signing_in.change_authenticator(at.gate, actor, account, code(later), later),
        signing_in.add_passkey(at.gate, actor, "{}", "", later),
        signing_in.end_passkey(at.gate, actor, soft.credential_id, later),
    ):
        with pytest.raises(ProofNeeded):
            await changing


# --- passwords -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("eleven char", "at least 12"),
        ("x" * 1_001, "at most 1,000"),
        (ASHA, "not your name"),
        ("Asha Rahman", "at least 12"),
        ("asha.rahman.1984!", "not your name"),
        ("", "at least 12"),
    ],
)
async def test_a_password_that_is_short_or_ones_own_name_is_not_taken(at: AtGate, password: str, says: str) -> None:
    account_id = await at.has()
    actor = await at.actor(await at.signs_in())
    assert says in await refusal(signing_in.change_password(at.gate, actor, at.account(account_id), password, NOW))


@pytest.mark.parametrize("password", ["a" * 12, "            ", "Ünï çødé 👩‍🦽 pass", "x" * 1_000, "123456789012"])
async def test_no_mixture_is_asked_for(at: AtGate, password: str) -> None:
    account_id = await at.has()
    actor = await at.actor(await at.signs_in())
    await signing_in.change_password(at.gate, actor, at.account(account_id), password, NOW)
    assert await at.signs_in(password=password, now=NOW + STEP)


async def test_a_password_typed_on_another_keyboard_is_the_same(at: AtGate) -> None:
    account_id = await at.has()
    actor = await at.actor(await at.signs_in())
    await signing_in.change_password(at.gate, actor, at.account(account_id), "caf\u00e9 in the rain", NOW)
    assert await at.signs_in(password="cafe\u0301 in the rain", now=NOW + STEP)


async def test_a_password_that_was_stolen_elsewhere_is_not_taken(at: AtGate, tmp_path: Any) -> None:
    stolen = tmp_path / "stolen.txt"
    stolen.write_text(f"correcthorsebatterystaple\n{ANOTHER}\n", encoding="utf-8")
    at.gate.breached = Breached.open(stolen)
    account_id = await at.has()
    actor = await at.actor(await at.signs_in())
    changing = signing_in.change_password(at.gate, actor, at.account(account_id), ANOTHER, NOW)
    assert "stolen elsewhere" in await refusal(changing)


# --- one-time links --------------------------------------------------------------------------------------------------


async def test_the_first_administrator_is_made_by_a_link_that_works_once(at: AtGate, store: Store) -> None:
    link = signing_in.first_administrator_link(store, NOW)
    assert link is not None
    arrival = await signing_in.look_at_link(at.gate, link, NOW)
    assert (arrival.purpose, arrival.name, arrival.email) == (LinkPurpose.FIRST_ADMINISTRATOR, "", "")
    typed = code(NOW, arrival.secret)
    signed = await signing_in.arrive(at.gate, link, ANOTHER, typed, NOW, name=" Mo Bell ", email="mo@council.example")
    account = at.account(signed.account_id)
    assert (account.role, account.name, account.email) == (Role.ADMINISTRATOR, "Mo Bell", "mo@council.example")
    assert (await at.actor(signed)).is_proven(NOW)
    later = NOW + STEP
    assert await at.signs_in("mo@council.example", ANOTHER, later, typed=code(later, arrival.secret))
    assert await refusal(signing_in.look_at_link(at.gate, link, NOW)) == signing_in.DEAD_LINK
    assert signing_in.first_administrator_link(store, NOW) is None
    assert verify(store) == []


async def test_a_later_link_for_the_first_administrator_ends_the_one_before(at: AtGate, store: Store) -> None:
    first, second = (signing_in.first_administrator_link(store, NOW) or "" for _ in range(2))
    assert await refusal(signing_in.look_at_link(at.gate, first, NOW)) == signing_in.DEAD_LINK
    assert await signing_in.look_at_link(at.gate, second, NOW + timedelta(hours=24))
    late = NOW + timedelta(hours=24) + SECOND
    assert await refusal(signing_in.look_at_link(at.gate, second, late)) == signing_in.DEAD_LINK


async def test_two_who_use_the_first_link_at_once_are_one_administrator(at: AtGate, store: Store) -> None:
    link = signing_in.first_administrator_link(store, NOW) or ""
    typed = code(NOW, (await signing_in.look_at_link(at.gate, link, NOW)).secret)
    arriving = [
        signing_in.arrive(at.gate, link, ANOTHER, typed, NOW, name="Mo", email=f"mo{n}@council.example")
        for n in range(4)
    ]
    found = await asyncio.gather(*arriving, return_exceptions=True)
    assert sum(isinstance(one, SignedIn) for one in found) == 1
    with store.reading() as seen:
        assert len(seen.accounts.listed()) == 1


@pytest.mark.parametrize(("name", "email"), [("", ASHA), ("Mo", ""), ("Mo", "mo"), ("Mo", "mo bell@x.y"), ("Mo", "@.")])
async def test_the_first_administrator_gives_a_name_and_an_address(at: AtGate, name: str, email: str) -> None:
    link = signing_in.first_administrator_link(at.store, NOW) or ""
    typed = code(NOW, (await signing_in.look_at_link(at.gate, link, NOW)).secret)
    assert "Give a" in await refusal(signing_in.arrive(at.gate, link, ANOTHER, typed, NOW, name=name, email=email))
    assert await signing_in.look_at_link(at.gate, link, NOW)


async def test_a_wrong_code_or_a_poor_password_does_not_use_a_link_up(at: AtGate) -> None:
    account_id = await at.has()
    link = links(at, account_id)
    await refusal(signing_in.arrive(at.gate, link, ANOTHER, "000000", NOW))
    typed = code(NOW, (await signing_in.look_at_link(at.gate, link, NOW)).secret)
    await refusal(signing_in.arrive(at.gate, link, "short", typed, NOW))
    assert await signing_in.arrive(at.gate, link, ANOTHER, typed, NOW)


async def test_to_begin_anew_ends_all_that_was_there_before(at: AtGate) -> None:
    soft, actor, account_id = await registered(at)
    older = links(at, account_id, LinkPurpose.WELCOME)
    link = links(at, account_id, LinkPurpose.RESET)
    assert await refusal(signing_in.look_at_link(at.gate, older, NOW)) == signing_in.DEAD_LINK
    arrival = await signing_in.look_at_link(at.gate, link, NOW)
    assert (arrival.name, arrival.email) == ("Asha Rahman", ASHA)
    signed = await signing_in.arrive(at.gate, link, ANOTHER, code(NOW, arrival.secret), NOW)
    with at.store.reading() as seen:
        before = seen.sessions.find(actor.session_hash)
    assert before is not None
    assert before.ended_at == NOW
    assert await at.who(signed.secret)
    answer = soft.signs(signing_in.ask_for_passkey(at.gate, NOW))
    await refusal(signing_in.sign_in_with_passkey(at.gate, answer, OFFICE, NOW))
    assert await refusal(at.signs_in(now=NOW + STEP)) == signing_in.WRONG


@pytest.mark.parametrize(
    ("purpose", "lasts"), [(LinkPurpose.WELCOME, timedelta(days=7)), (LinkPurpose.RESET, timedelta(hours=24))]
)
async def test_a_welcome_lasts_a_week_and_a_reset_a_day(at: AtGate, purpose: LinkPurpose, lasts: timedelta) -> None:
    link = links(at, await at.has(), purpose)
    assert await signing_in.look_at_link(at.gate, link, NOW + lasts)
    assert await refusal(signing_in.look_at_link(at.gate, link, NOW + lasts + SECOND)) == signing_in.DEAD_LINK


async def test_a_link_of_a_disabled_account_leads_nowhere_and_the_answer_is_that_of_one_that_never_was(
    at: AtGate,
) -> None:
    account_id = await at.has()
    link = links(at, account_id)
    with at.store.begin() as kept:
        kept.accounts.disable(account_id, NOW)
    for one in (link, "", "never was", "\ud800"):
        assert await refusal(signing_in.look_at_link(at.gate, one, NOW)) == signing_in.DEAD_LINK
        with pytest.raises(NotDone):
            signing_in.offer_passkey_by_link(at.gate, one, NOW)


async def test_somebody_may_begin_with_a_passkey_and_no_password(at: AtGate) -> None:
    with at.store.begin() as kept:
        account_id = kept.accounts.add(role=Role.MANAGER, name="Ben", email="ben@x.example", team_ids=(), now=NOW)
    link, soft = links(at, account_id), SoftPasskey()
    answer = soft.makes(signing_in.offer_passkey_by_link(at.gate, link, NOW))
    signed = await signing_in.arrive_with_passkey(at.gate, link, answer, "", NOW)
    assert (await at.actor(signed)).account_id == account_id
    answer = soft.signs(signing_in.ask_for_passkey(at.gate, NOW))
    assert await signing_in.sign_in_with_passkey(at.gate, answer, OFFICE, NOW)
    assert await refusal(signing_in.look_at_link(at.gate, link, NOW)) == signing_in.DEAD_LINK
    actor = await at.actor(signed)
    changing = signing_in.change_password(at.gate, actor, at.account(account_id), ANOTHER, NOW)
    assert "authenticator app first" in await refusal(changing)


async def test_the_first_administrator_is_offered_a_password_only(at: AtGate) -> None:
    link = signing_in.first_administrator_link(at.store, NOW) or ""
    assert signing_in.offer_passkey_by_link(at.gate, link, NOW) == ""


async def test_whoever_runs_the_site_can_make_a_link_for_an_account_that_is_there(at: AtGate) -> None:
    account_id = await at.has()
    link = signing_in.reset_link(at.store, ASHA.upper(), NOW)
    assert (await signing_in.look_at_link(at.gate, link, NOW)).purpose is LinkPurpose.RESET
    with pytest.raises(NotDone, match="no account"):
        signing_in.reset_link(at.store, NOBODY, NOW)
    with at.store.begin() as kept:
        kept.accounts.disable(account_id, NOW)
    with pytest.raises(NotDone, match="disabled"):
        signing_in.reset_link(at.store, ASHA, NOW)


# --- slowed, never locked --------------------------------------------------------------------------------------------


async def test_wrong_passwords_make_the_next_try_wait_longer_each_time_and_never_beyond_42_seconds(at: AtGate) -> None:
    await at.has()
    for wrong in range(FREE_TRIES + 9):
        await wrong_passwords(at, 1, network=f"203.0.{wrong}.1")
    assert at.waits == [1, 2, 4, 8, 16, 32, 42, 42, 42]


async def test_an_address_that_nobody_has_is_slowed_just_the_same(at: AtGate) -> None:
    for wrong in range(FREE_TRIES + 3):
        await wrong_passwords(at, 1, NOBODY, network=f"203.0.{wrong}.1")
    assert at.waits == [1, 2, 4]


async def test_whoever_knows_the_password_comes_in_after_one_wait_whatever_others_tried(at: AtGate) -> None:
    await at.has()
    at.have_been_wrong(20)
    assert await at.signs_in(network=ELSEWHERE)
    assert at.waits == [42]


async def test_on_a_device_where_they_signed_in_before_nobody_waits_for_what_others_tried(at: AtGate) -> None:
    await at.has()
    device = (await at.signs_in(network=ELSEWHERE)).device
    at.have_been_wrong(20)
    assert await at.signs_in(now=NOW + STEP, device=device)
    assert at.waits == []


async def test_a_device_is_slowed_by_its_own_wrong_tries_and_is_known_to_one_account_only(at: AtGate) -> None:
    await at.has()
    await at.has("ben@council.example")
    device = (await at.signs_in()).device
    await wrong_passwords(at, FREE_TRIES + 1, device=device)
    assert at.waits == [1]
    await wrong_passwords(at, FREE_TRIES + 1, "ben@council.example", device=device)
    assert at.waits == [1, 1]
    assert at.wrong_codes_of_people() == 0


async def test_a_device_is_known_for_half_a_year_and_a_made_up_one_never(at: AtGate) -> None:
    await at.has()
    device = (await at.signs_in(now=NOW - DEVICE_LASTS)).device
    at.have_been_wrong(FREE_TRIES)
    await at.signs_in(device=device)
    assert at.waits == []
    for held, then in ((device[:-2], NOW + STEP), (device, NOW + 2 * STEP)):
        await at.signs_in(now=then, device=held)
    assert at.waits == [1, 1]


async def test_many_wrong_ones_from_one_network_slow_that_network_and_no_person_who_comes_back(at: AtGate) -> None:
    for wrong in range(NETWORK_WRONG + 2):
        await wrong_passwords(at, 1, f"somebody{wrong}@council.example")
    assert at.waits == [1, 2]
    await wrong_passwords(at, 1, "one@council.example", network=ELSEWHERE)
    assert at.waits == [1, 2]
    assert at.wrong_codes_of_people() == 0


async def test_a_day_later_nothing_is_counted_any_more(at: AtGate) -> None:
    await at.has()
    at.have_been_wrong(20)
    assert await at.signs_in(now=NOW + timedelta(days=1))
    assert at.waits == []


async def test_wrong_codes_slow_the_next_one_and_after_twenty_in_a_day_each(at: AtGate) -> None:
    await at.has()
    half = await signing_in.begin_sign_in(at.gate, ASHA, PASSWORD, OFFICE, NOW)

    async def wrong(times: int) -> None:
        for _ in range(times):
            await refusal(signing_in.finish_sign_in(at.gate, half.ticket, "000000", ELSEWHERE, NOW))

    await wrong(FREE_TRIES + 2)
    assert at.waits == [1, 2]
    await wrong(signing_in.FREE_CODES_A_DAY)
    at.waits.clear()
    later = NOW + timedelta(hours=2)
    half = await signing_in.begin_sign_in(at.gate, ASHA, PASSWORD, OFFICE, later)
    assert await signing_in.finish_sign_in(at.gate, half.ticket, code(later), OFFICE, later)
    assert at.waits
    assert max(at.waits) <= 42


async def test_a_thousand_codes_at_once_are_tried_one_after_another(at: AtGate) -> None:
    await at.has()
    half = await signing_in.begin_sign_in(at.gate, ASHA, PASSWORD, OFFICE, NOW)
    pressed = [signing_in.finish_sign_in(at.gate, half.ticket, f"{n:06}", OFFICE, NOW) for n in range(1_000)]
    found = await asyncio.gather(*pressed, return_exceptions=True)
    assert sum(isinstance(one, NotDone) for one in found) == IN_LINE
    assert sum(isinstance(one, TooManyAtOnce) for one in found) == 1_000 - IN_LINE
    assert at.waits == [1, 2, 4, 8, 16]


async def test_an_old_session_is_let_go_of(at: AtGate, store: Store) -> None:
    await at.has()
    signed = await at.signs_in()
    await at.signs_in(now=NOW + signing_in.SESSIONS_KEPT)
    assert await signing_in.whose(at.gate, signed.secret)
    await at.signs_in(now=NOW + signing_in.SESSIONS_KEPT + STEP)
    assert await signing_in.whose(at.gate, signed.secret) is None


async def test_where_tries_wait_they_wait_in_a_line_that_is_not_endless(at: AtGate) -> None:
    await at.has()
    await wrong_passwords(at, FREE_TRIES)
    held = asyncio.Event()

    async def wait(seconds: float) -> None:
        at.waits.append(seconds)
        await held.wait()

    at.gate.sleep = wait
    trying = [asyncio.create_task(at.signs_in(ASHA, ANOTHER)) for _ in range(IN_LINE)]
    while not at.gate.lines or next(iter(at.gate.lines.values())).waiting < IN_LINE:  # noqa: ASYNC110 nothing tells
        await asyncio.sleep(0.01)
    with pytest.raises(TooManyAtOnce):
        await at.signs_in()
    assert len(at.waits) == 1
    held.set()
    for one in trying:
        await refusal(one)
    assert at.gate.lines == {}
    assert at.waits == sorted(at.waits)
    assert len(at.waits) == IN_LINE


async def test_more_than_the_machine_can_check_are_asked_to_try_again_and_nobody_is_counted(at: AtGate) -> None:
    await at.has()
    never = Never(WAITING_AT_MOST)
    limiter: Any = never
    at.gate.passwords.limiter = limiter
    waiting = [asyncio.create_task(at.signs_in()) for _ in range(WAITING_AT_MOST)]
    await never.many_are_waiting.wait()
    with pytest.raises(TooManyAtOnce):
        await at.signs_in(network=ELSEWHERE)
    for one in waiting:
        one.cancel()
        with suppress(asyncio.CancelledError):
            await one
    assert at.gate.passwords.waiting == 0
    assert at.audit() == []


# --- nothing stays ---------------------------------------------------------------------------------------------------


async def test_no_password_code_secret_or_link_is_kept_or_audited(at: AtGate, store: Store, tmp_path: Any) -> None:
    link = signing_in.first_administrator_link(store, NOW) or ""
    arrival = await signing_in.look_at_link(at.gate, link, NOW)
    typed = code(NOW, arrival.secret)
    signed = await signing_in.arrive(
        at.gate, link, ANOTHER, typed, NOW, name="Mo Bell", email="mo.bell@council.example"
    )
    await refusal(at.signs_in("mo.bell@council.example", PASSWORD))
    store.close()
    written = b"".join(path.read_bytes() for path in (tmp_path / "store").glob("words.sqlite3*"))
    for secret in (link, ANOTHER, PASSWORD, arrival.secret, signed.secret, "mo.bell", "Mo Bell", SECRET):
        assert secret.encode() not in written
