"""The council's own accounts: they vouch for who somebody is, in every way that counts, or nobody comes in."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bot import signing_in
from bot.openid import OpenId, is_safe
from bot.passkeys import CHALLENGE_LASTS
from bot.settings import BadSetting, load
from bot.signing_in import NotDone, SignedIn
from bot.store import Store
from tests.council import CLIENT, SECRET, Council, council_at_work
from tests.signing import OFFICE, AtGate

BACK = "https://team.example/team/sign-in/council/back"


@pytest.fixture
async def council() -> AsyncIterator[Council]:
    async with council_at_work() as council:
        yield council


@pytest.fixture
def at(store: Store, council: Council) -> AtGate:
    at = AtGate(store)
    at.gate.openid = OpenId(council.issuer, CLIENT, BACK, "your council account", SECRET)
    return at


def now() -> datetime:
    # The council's side has its own clock, which is that of the machine.
    return datetime.now(UTC)


async def goes(at: AtGate, *, again: bool = False) -> tuple[str, str, str]:
    """Go to the council's side, sign in there, and come back: with what the browser held, the code and the state."""
    going = await signing_in.go_to_council(at.gate, now(), again=again)
    async with httpx.AsyncClient() as browser:
        sent_back = await browser.get(going.address)
    address = sent_back.headers["Location"]
    assert address.startswith(BACK)
    code, state = Council("").code_and_state(address)
    return going.mark, code, state


async def comes_in(at: AtGate, *, again: bool = False) -> SignedIn:
    mark, code, state = await goes(at, again=again)
    return await signing_in.come_from_council(at.gate, mark, code, state, OFFICE, now())


async def refusal(at: AtGate, *, again: bool = False) -> str:
    with pytest.raises(NotDone) as refused:
        await comes_in(at, again=again)
    return str(refused.value)


async def test_whoever_is_signed_in_there_and_has_an_account_here_comes_in(at: AtGate) -> None:
    account_id = await at.has()
    signed = await comes_in(at)
    actor = await at.actor(signed, now())
    assert actor.account_id == account_id
    assert not actor.is_proven(now()), "they may have been signed in there for long"
    assert at.audit() == [("signed_in", account_id, "council")]


async def test_nobody_gets_an_account_by_signing_in_there(at: AtGate) -> None:
    assert "nobody has made an account" in await refusal(at)
    with at.store.reading() as seen:
        assert seen.accounts.listed() == ()
    assert at.audit() == [("sign_in_refused", None, "council")]


async def test_a_disabled_account_hears_the_same_as_one_that_never_was(at: AtGate) -> None:
    never = await refusal(at)
    account_id = await at.has()
    with at.store.begin() as kept:
        kept.accounts.disable(account_id, now())
    assert await refusal(at) == never


async def test_an_address_that_is_only_like_that_of_an_account_is_another_one(at: AtGate, council: Council) -> None:
    await at.has("strasse@council.example")
    council.claims = {"email": "stra\u00dfe@council.example"}
    assert "nobody has made an account" in await refusal(at)
    council.claims = {"email": "Strasse@Council.example"}
    assert await comes_in(at)


WRONG: dict[str, dict[str, Any]] = {
    "another nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "for somebody else": {"aud": "another-site"},
    "from somebody else": {"iss": "https://elsewhere.example"},
    "too old": {"exp": 1_700_000_000, "iat": 1_699_999_000},
    "never ends": {"exp": None},
    "nobody": {"sub": None},
    "address not verified": {"email_verified": False},
    "address verified by nobody": {"email_verified": None},
    "no address": {"email": "", "email_verified": True},
}


@pytest.mark.parametrize("wrong", WRONG)
async def test_a_token_that_is_wrong_in_one_thing_lets_nobody_in(at: AtGate, council: Council, wrong: str) -> None:
    await at.has()
    council.claims = WRONG[wrong]
    await refusal(at)
    assert at.audit() == [("sign_in_refused", None, "council")]


@pytest.mark.parametrize("key", ["nothing", "the secret", "another key"])
async def test_a_token_signed_by_nobody_or_somebody_else_lets_nobody_in(at: AtGate, council: Council, key: str) -> None:
    await at.has()
    council.signs_with = key
    await refusal(at)


async def test_where_the_token_has_no_address_the_council_is_asked_for_it(at: AtGate, council: Council) -> None:
    account_id = await at.has()
    council.claims = {"email": None, "email_verified": None}
    council.userinfo = {"email": "Asha@Council.example", "email_verified": True}
    assert (await comes_in(at)).account_id == account_id
    council.userinfo["sub"] = "somebody else"
    await refusal(at)


async def test_only_the_browser_that_went_comes_back_and_only_once(at: AtGate) -> None:
    await at.has()
    mark, code, state = await goes(at)
    other_mark, _, _ = await goes(at)
    for held, brought in ((other_mark, state), ("", state), (mark, ""), (mark, "ff"), (mark[:-1], state)):
        with pytest.raises(NotDone, match="too long"):
            await signing_in.come_from_council(at.gate, held, code, brought, OFFICE, now())
    later = now() + CHALLENGE_LASTS + timedelta(seconds=1)
    with pytest.raises(NotDone, match="too long"):
        await signing_in.come_from_council(at.gate, mark, code, state, OFFICE, later)
    await signing_in.come_from_council(at.gate, mark, code, state, OFFICE, now())
    with pytest.raises(NotDone, match="too long"):
        await signing_in.come_from_council(at.gate, mark, code, state, OFFICE, now())


async def test_a_code_that_was_taken_on_the_way_is_of_no_use_without_what_the_browser_held(at: AtGate) -> None:
    await at.has()
    _, stolen, _ = await goes(at)
    mark, _, state = await goes(at)
    with pytest.raises(NotDone, match="for certain"):
        await signing_in.come_from_council(at.gate, mark, stolen, state, OFFICE, now())


async def test_as_a_proof_somebody_signs_in_there_anew(at: AtGate, council: Council) -> None:
    account_id = await at.has()
    going = await signing_in.go_to_council(at.gate, now(), again=True)
    assert "prompt=login" in going.address
    signed = await comes_in(at, again=True)
    assert signed.account_id == account_id
    assert (await at.actor(signed, now())).is_proven(now())
    council.claims = {"auth_time": int(now().timestamp()) - 3_600}
    assert "once more" in await refusal(at, again=True)
    assert await comes_in(at)


async def test_a_council_that_cannot_be_reached_or_is_another_one_is_said(at: AtGate, council: Council) -> None:
    council.metadata = {"issuer": "https://elsewhere.example"}
    with pytest.raises(NotDone, match="for certain"):
        await signing_in.go_to_council(at.gate, now())
    council.metadata = {"token_endpoint": "http://council.example/token"}
    with pytest.raises(NotDone, match="for certain"):
        await signing_in.go_to_council(at.gate, now())
    assert at.gate.openid is not None
    at.gate.openid = replace(at.gate.openid, issuer="http://127.0.0.1:9")
    with pytest.raises(NotDone, match="cannot be reached"):
        await signing_in.go_to_council(at.gate, now())
    at.gate.openid = None
    with pytest.raises(NotDone, match="not set up"):
        await signing_in.go_to_council(at.gate, now())


def test_the_settings_say_where_the_council_is(tmp_path: Any) -> None:
    def found(**settings: str) -> OpenId | None:
        return OpenId.named_in(
            load({f"OWNWORDS_OIDC_{k}": v for k, v in settings.items()}, tmp_path / ".env"), "https://t.example"
        )

    assert found() is None
    council = found(ISSUER="https://login.council.example/v2", CLIENT_ID=CLIENT, CLIENT_SECRET="hidden")
    assert council is not None
    assert council.back == "https://t.example/team/sign-in/council/back"
    assert "hidden" not in repr(council)
    for wrong in (
        {"ISSUER": "https://login.council.example"},
        {"ISSUER": "http://login.council.example", "CLIENT_ID": "x"},
    ):
        with pytest.raises(BadSetting, match="OWNWORDS_OIDC"):
            found(**wrong)


@pytest.mark.parametrize("address", ["http://council.example", "ftp://council.example", "https://", "https://[", ""])
def test_nothing_is_sent_where_somebody_on_the_way_could_read_it(address: str) -> None:
    assert not is_safe(address)
