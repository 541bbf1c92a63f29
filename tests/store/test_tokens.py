"""Tokens of other programs at rest: found by a digest, good for a time, ended once."""

from datetime import date, timedelta
from typing import Any

import pytest

from bot.programs import Grant
from bot.store import Missing, Store, Taken, tables, verifying
from tests.store.filling import CANARY, NOON, work_for


def made(store: Store, digest: str = "digest", **more: Any) -> str:
    with store.begin() as kept:
        team_id = kept.teams.add("North", NOON)
        asked: dict[str, Any] = {"grants": (Grant.WORDS, Grant.ENQUIRIES), "team_ids": (team_id,)}
        asked |= {"made_by": work_for(kept, email=f"{digest}@example.org"), "valid_until": NOON + timedelta(days=30)}
        return kept.tokens.add(digest, f"Case system. {CANARY}", NOON, **(asked | more))


def test_a_token_is_found_by_its_digest_and_is_as_it_was_made(store: Store) -> None:
    token_id = made(store)
    with store.reading() as seen:
        found = seen.tokens.find("digest")
        assert found == seen.tokens.get(token_id) == seen.tokens.listed()[0]
        assert seen.tokens.find("another") is None
        assert seen.tokens.names() == {token_id: f"Case system. {CANARY}"}
    assert found is not None
    assert found.grants == {Grant.WORDS, Grant.ENQUIRIES}
    assert len(found.team_ids) == 1
    assert found.last_used_on is None


def test_a_token_is_good_from_the_start_until_its_end(store: Store) -> None:
    token_id = made(store)
    with store.begin() as kept:
        token = kept.tokens.get(token_id)
        assert token.is_good(NOON)
        assert token.is_good(NOON + timedelta(days=30) - timedelta(microseconds=1))
        assert not token.is_good(NOON + timedelta(days=30))
        kept.tokens.end(token_id, NOON)
        assert not kept.tokens.get(token_id).is_good(NOON)
        with pytest.raises(Taken):
            kept.tokens.end(token_id, NOON)


def test_only_the_day_of_last_use_is_kept_and_it_never_goes_back(store: Store) -> None:
    token_id = made(store)
    for days, told in ((3, date(2026, 3, 5)), (1, date(2026, 3, 5)), (4, date(2026, 3, 6))):
        with store.begin() as kept:
            kept.tokens.used(token_id, NOON + timedelta(days=days))
            assert kept.tokens.get(token_id).last_used_on == told


def test_two_tokens_never_have_one_digest_nor_a_team_that_is_not_there(store: Store) -> None:
    made(store)
    with pytest.raises(Taken):
        made(store, made_by=_account(store))
    with pytest.raises(Missing):
        made(store, "another", team_ids=("0" * 32,))
    with store.begin() as kept, pytest.raises(Missing):
        kept.tokens.get("0" * 32)


def _account(store: Store) -> str:
    with store.begin() as kept:
        return work_for(kept, email="ben@example.org")


def test_a_token_that_another_hand_made_more_of_is_not_used(store: Store) -> None:
    token_id = made(store)
    with store.writing_rows() as rows:
        rows.connection.execute(tables.tokens.update().values(grants='["enquiries", "figures", "words"]'))
    with store.reading() as seen, pytest.raises(Exception, match="not as it was kept"):
        seen.tokens.find("digest")
    assert [(one.table, one.row) for one in verifying.verify(store)] == [("tokens", f"token_id {token_id}")]
