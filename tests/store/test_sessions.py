"""Sessions of the team and one-time links: how each begins, goes on and ends for good."""

from datetime import timedelta
from pathlib import Path

import pytest

from bot.store import Link, LinkPurpose, Missing, Session, Store, Taken
from bot.store.verifying import verify
from tests.store.filling import NOON, from_below, work_for

LATER = NOON + timedelta(minutes=10)
COOKIE = "c" * 64


@pytest.fixture
def account_id(store: Store) -> str:
    """Somebody's account."""
    with store.begin() as kept:
        return work_for(kept)


def test_signing_in_is_a_proof(store: Store, account_id: str) -> None:
    with store.begin() as kept:
        assert kept.sessions.find(COOKIE) is None
        kept.sessions.open(COOKIE, account_id, NOON)
        assert kept.sessions.find(COOKIE) == Session(account_id, NOON, NOON, NOON, None)
        kept.sessions.proven(COOKIE, LATER)
        kept.sessions.seen(COOKIE, LATER)
        assert kept.sessions.find(COOKIE) == Session(account_id, NOON, LATER, LATER, None)


def test_a_clock_set_back_moves_no_session_back(store: Store, account_id: str) -> None:
    with store.begin() as kept:
        kept.sessions.open(COOKIE, account_id, LATER)
        kept.sessions.seen(COOKIE, NOON)
        assert kept.sessions.find(COOKIE) == Session(account_id, LATER, LATER, LATER, None)


def test_an_ended_session_stays_ended(store: Store, account_id: str) -> None:
    with store.begin() as kept:
        kept.sessions.open(COOKIE, account_id, NOON)
        kept.sessions.end(COOKIE, NOON)
        kept.sessions.end(COOKIE, LATER)
        kept.sessions.end("never there", LATER)
        found = kept.sessions.find(COOKIE)
        assert found is not None
        assert found.ended_at == NOON


def test_an_ended_session_put_back_whole_by_another_hand_is_good_again_and_nothing_names_it(
    store: Store, file: Path, account_id: str
) -> None:
    with store.begin() as kept:
        kept.sessions.open(COOKIE, account_id, NOON)
    with from_below(file) as below:
        earlier = below.execute("SELECT * FROM sessions").fetchone()
    with store.begin() as kept:
        kept.sessions.end(COOKIE, LATER)
    with from_below(file) as below:
        below.execute(f"INSERT OR REPLACE INTO sessions VALUES ({', '.join('?' * len(earlier))})", earlier)
    with store.reading() as seen:
        assert seen.sessions.find(COOKIE) == Session(account_id, NOON, NOON, NOON, None)
    assert verify(store) == [], "a proof does not say of when it is"


def test_all_sessions_of_an_account_end_but_the_one_that_ends_them(store: Store, account_id: str) -> None:
    with store.begin() as kept:
        other = work_for(kept, email="ben@example.org")
        for cookie, whose in (("one", account_id), ("two", account_id), ("three", other)):
            kept.sessions.open(cookie, whose, NOON)
        kept.sessions.end_all(account_id, LATER, but="two")
        ended = {cookie: found.ended_at for cookie in ("one", "two", "three") if (found := kept.sessions.find(cookie))}
        assert ended == {"one": LATER, "two": None, "three": None}


def test_nobody_signs_in_without_an_account_and_no_cookie_is_used_twice(store: Store, account_id: str) -> None:
    with pytest.raises(Missing), store.begin() as kept:
        kept.sessions.open(COOKIE, "0" * 32, NOON)
    with store.begin() as kept:
        kept.sessions.open(COOKIE, account_id, NOON)
    with pytest.raises(Taken), store.begin() as kept:
        kept.sessions.open(COOKIE, account_id, NOON)
    for act in ("seen", "proven"):
        with pytest.raises(Missing), store.begin() as kept:
            getattr(kept.sessions, act)("never there", NOON)


def test_what_was_opened_in_one_session_is_not_open_in_another(store: Store, account_id: str) -> None:
    with store.begin() as kept:
        kept.sessions.open("one", account_id, NOON)
        kept.sessions.open("two", account_id, NOON)
        assert not kept.sessions.has_opened("one", "conversation", "a")
        kept.sessions.opened("one", "conversation", "a", NOON)
        kept.sessions.opened("one", "conversation", "a", LATER)
        assert kept.sessions.has_opened("one", "conversation", "a")
        for cookie, kind, of in (("two", "conversation", "a"), ("one", "enquiry", "a"), ("one", "conversation", "b")):
            assert not kept.sessions.has_opened(cookie, kind, of)
        with pytest.raises(Missing):
            kept.sessions.opened("never there", "conversation", "a", NOON)


def test_old_sessions_are_let_go_of_with_what_they_opened(store: Store, account_id: str) -> None:
    with store.begin() as kept:
        for cookie, at in (("old", NOON), ("new", LATER)):
            kept.sessions.open(cookie, account_id, at)
            kept.sessions.opened(cookie, "conversation", "a", at)
        kept.sessions.drop(LATER)
        assert kept.sessions.find("old") is None
        assert not kept.sessions.has_opened("old", "conversation", "a")
        assert kept.sessions.has_opened("new", "conversation", "a")


def test_a_link_is_used_once(store: Store, account_id: str) -> None:
    with store.begin() as kept:
        kept.links.add("digest", account_id, LinkPurpose.RESET, NOON, LATER)
        assert kept.links.find("digest") == Link(account_id, LinkPurpose.RESET, NOON, LATER, None, None)
        assert kept.links.find("another") is None
        kept.links.use("digest", LATER)
        assert kept.links.find("digest") == Link(account_id, LinkPurpose.RESET, NOON, LATER, LATER, None)
        with pytest.raises(Taken):
            kept.links.use("digest", LATER)
        with pytest.raises(Missing):
            kept.links.use("another", LATER)


def test_links_of_an_account_are_ended_and_no_others(store: Store, account_id: str) -> None:
    with store.begin() as kept:
        kept.links.add("used", account_id, LinkPurpose.WELCOME, NOON, LATER)
        kept.links.use("used", NOON)
        kept.links.add("mine", account_id, LinkPurpose.WELCOME, NOON, LATER)
        kept.links.add("first", None, LinkPurpose.FIRST_ADMINISTRATOR, NOON, LATER)
        kept.links.end_all(account_id, LATER)
        ended = {of: found.ended_at for of in ("used", "mine", "first") if (found := kept.links.find(of))}
        assert ended == {"used": None, "mine": LATER, "first": None}
        with pytest.raises(Taken):
            kept.links.use("mine", LATER)
        kept.links.end_all(None, LATER)
        with pytest.raises(Taken):
            kept.links.use("first", LATER)
