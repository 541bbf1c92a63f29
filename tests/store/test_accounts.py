"""Teams, accounts and passkeys: whose they are, what lets them in, and that nothing of it lies open."""

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from bot.roles import Role
from bot.store import Account, Missing, Passkey, Store, Taken, Team
from bot.store.accounts import alike
from bot.store.verifying import verify
from tests.store.filling import CANARY, NOON, rows_below, work_for

LATER = NOON + timedelta(minutes=10)


@pytest.fixture
def account_id(store: Store) -> str:
    """Somebody's account."""
    with store.begin() as kept:
        return work_for(kept)


def test_an_account_is_kept_as_it_was_made(store: Store) -> None:
    with store.begin() as kept:
        north, south = kept.teams.add("North", NOON), kept.teams.add("South", NOON)
        ama = kept.accounts.add(
            role=Role.MANAGER, name="Ama Owusu", email="Ama@Example.org", team_ids={north, south}, now=NOON
        )
        ben = kept.accounts.add(role=Role.AUDITOR, name="בן", email="ben@example.org", team_ids=(), now=LATER)
    with store.reading() as seen:
        expected = Account(
            account_id=ama,
            role=Role.MANAGER,
            name="Ama Owusu",
            email="Ama@Example.org",
            team_ids=frozenset({north, south}),
            made_at=NOON,
            disabled_at=None,
            has_password=False,
            has_totp=False,
        )
        assert seen.accounts.get(ama) == expected
        assert seen.accounts.listed() == (expected, seen.accounts.get(ben))
        assert seen.accounts.get(ben).name == "בן"
        with pytest.raises(Missing):
            seen.accounts.get("0" * 32)


@pytest.mark.parametrize("typed", ["ama@example.org", " AMA@example.ORG ", "Ama@Example.org\n"])
def test_an_account_is_found_by_its_address_in_whatever_capitals(store: Store, account_id: str, typed: str) -> None:
    with store.begin() as kept:
        found = kept.accounts.find(typed)
        assert found is not None
        assert found.account_id == account_id
        with pytest.raises(Taken):
            work_for(kept, email=typed)
        assert kept.accounts.find("amma@example.org") is None


@given(st.text(st.characters(codec=None)))
def test_any_address_is_like_itself_however_often_it_is_made_alike(typed: str) -> None:
    assert alike(alike(typed)) == alike(typed) or alike(alike(alike(typed))) == alike(alike(typed))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(name=st.text(st.characters(codec=None)))
def test_any_name_is_kept_as_it_was_typed(store: Store, name: str) -> None:
    with store.begin() as kept:
        team_id = kept.teams.add(name, NOON)
        assert kept.teams.get(team_id).name == name


def test_an_account_is_changed_as_a_whole(store: Store, account_id: str) -> None:
    with store.begin() as kept:
        north = kept.teams.add("North", NOON)
        work_for(kept, email="ben@example.org")
        change = kept.accounts.change
        change(account_id, role=Role.MANAGER, name="Ama Mensah", email="AMA@example.org", team_ids={north})
        found = kept.accounts.get(account_id)
        assert (found.role, found.name, found.email) == (Role.MANAGER, "Ama Mensah", "AMA@example.org")
        assert found.team_ids == {north}
        change(account_id, role=Role.MANAGER, name="Ama Mensah", email="mensah@example.org", team_ids=())
        assert kept.accounts.find("ama@example.org") is None
        assert kept.accounts.get(account_id).team_ids == frozenset()
    with pytest.raises(Taken), store.begin() as kept:
        kept.accounts.change(account_id, role=Role.MANAGER, name="Ama", email="Ben@example.org", team_ids=())
    with pytest.raises(Missing), store.begin() as kept:
        kept.accounts.change(account_id, role=Role.MANAGER, name="Ama", email="a@example.org", team_ids={"0" * 32})
    with store.reading() as seen:
        assert seen.accounts.get(account_id).email == "mensah@example.org"


def test_an_account_can_be_disabled_and_let_in_again(store: Store, account_id: str) -> None:
    with store.begin() as kept:
        kept.accounts.disable(account_id, NOON)
        kept.accounts.disable(account_id, LATER)
        assert kept.accounts.get(account_id).disabled_at == NOON
        kept.accounts.enable(account_id)
        assert kept.accounts.get(account_id).disabled_at is None
        with pytest.raises(Missing):
            kept.accounts.disable("0" * 32, NOON)


def test_a_password_and_a_secret_are_given_back_and_can_be_taken_away(store: Store, account_id: str) -> None:
    with store.begin() as kept:
        assert kept.accounts.password(account_id) is None
        assert kept.accounts.totp(account_id) is None
        kept.accounts.set_password(account_id, "$argon2id$one")
        kept.accounts.set_password(account_id, "$argon2id$two")
        kept.accounts.set_totp(account_id, "JBSWY3DP")
        found = kept.accounts.get(account_id)
        assert (found.has_password, found.has_totp) == (True, True)
        assert kept.accounts.password(account_id) == "$argon2id$two"
        assert kept.accounts.totp(account_id) == "JBSWY3DP"
        kept.accounts.set_password(account_id, None)
        kept.accounts.set_totp(account_id, None)
        assert kept.accounts.password(account_id) is None
        assert kept.accounts.totp(account_id) is None


def test_a_one_time_code_works_once_and_none_before_it(store: Store, account_id: str) -> None:
    with store.begin() as kept:
        kept.accounts.set_totp(account_id, "JBSWY3DP")
        assert kept.accounts.used_totp(account_id, 57_000_001)
        assert not kept.accounts.used_totp(account_id, 57_000_001)
        assert not kept.accounts.used_totp(account_id, 57_000_000)
        assert kept.accounts.used_totp(account_id, 57_000_002)


def test_codes_of_another_secret_are_others(store: Store, account_id: str) -> None:
    with store.begin() as kept:
        kept.accounts.set_totp(account_id, "JBSWY3DP")
        kept.accounts.used_totp(account_id, 57_000_001)
        kept.accounts.set_totp(account_id, "KRSXG5A")
        assert kept.accounts.used_totp(account_id, 57_000_001)


def test_the_first_team_is_on_duty_and_there_is_always_one(store: Store) -> None:
    with store.begin() as kept:
        north, south = kept.teams.add("North", NOON), kept.teams.add("South", LATER)
        assert [team.duty for team in kept.teams.listed()] == [True, False]
        with pytest.raises(Taken):
            kept.teams.close(north, LATER)
        kept.teams.set_duty(south)
        assert [team.duty for team in kept.teams.listed()] == [False, True]
        kept.teams.close(north, LATER)
        kept.teams.close(north, LATER + timedelta(days=1))
        with pytest.raises(Missing):
            kept.teams.set_duty(north)
        east = kept.teams.add("East", LATER, duty=True)
        assert [team.team_id for team in kept.teams.listed() if team.duty] == [east]


def test_a_team_can_be_renamed_and_a_closed_one_is_listed_only_where_asked_for(store: Store) -> None:
    with store.begin() as kept:
        kept.teams.add("North", NOON)
        south = kept.teams.add("South", LATER)
        kept.teams.rename(south, "South and coast")
        kept.teams.close(south, LATER)
        assert kept.teams.get(south) == Team(south, "South and coast", duty=False, made_at=LATER, closed_at=LATER)
        assert [team.name for team in kept.teams.listed()] == ["North"]
        assert [team.name for team in kept.teams.listed(closed=True)] == ["North", "South and coast"]
        for act in (kept.teams.get, kept.teams.set_duty):
            with pytest.raises(Missing):
                act("0" * 32)


def test_a_passkey_is_found_by_its_credential_until_it_is_ended(store: Store, account_id: str) -> None:
    credential = bytes(range(256))
    with store.begin() as kept:
        kept.passkeys.add(account_id, credential, b"\xa5\x01\x02", 0, "My telephone", NOON)
        expected = Passkey(credential, account_id, b"\xa5\x01\x02", 0, "My telephone", NOON, None)
        assert kept.passkeys.find(credential) == expected
        assert kept.passkeys.of(account_id) == (expected,)
        kept.passkeys.used(credential, 7, LATER)
        found = kept.passkeys.find(credential)
        assert found is not None
        assert (found.sign_count, found.last_used_at) == (7, LATER)
        kept.passkeys.end(credential, LATER)
        kept.passkeys.end(credential, LATER)
        kept.passkeys.end(b"another", LATER)
        assert kept.passkeys.find(credential) is None
        assert kept.passkeys.of(account_id) == ()
        for gone in (credential, b"another"):
            with pytest.raises(Missing):
                kept.passkeys.used(gone, 8, LATER)
    with pytest.raises(Taken), store.begin() as kept:
        kept.passkeys.add(account_id, credential, b"", 0, "Again", NOON)
    with pytest.raises(Missing), store.begin() as kept:
        kept.passkeys.add("0" * 32, b"another", b"", 0, "Nobody's", NOON)


def test_nothing_of_an_account_lies_open_in_the_file(store: Store, file: Path, account_id: str) -> None:
    with store.begin() as kept:
        kept.teams.add(f"North. {CANARY}", NOON)
        kept.accounts.change(account_id, role=Role.MANAGER, name=CANARY, email="Oyelaran@example.org", team_ids=())
        kept.accounts.set_password(account_id, "$argon2id$hash")
        kept.accounts.set_totp(account_id, "JBSWY3DPEHPK3PXP")
        kept.passkeys.add(account_id, b"the credential", b"the public key", 0, CANARY, NOON)
        kept.council.change("telephone", "01632 960001", account_id, NOON)
    everything = repr(rows_below(file))
    for secret in (
        "Oyelaran",
        "argon2",
        "JBSWY3DP",
        "credential",
        "public key",
        "Dy3",
        "dGhlIGNyZWRlbnRpYWw",
        "960001",
    ):
        assert secret not in everything
    assert verify(store) == []


def test_as_much_is_read_for_an_address_that_nobody_has(store: Store) -> None:
    with store.begin() as kept:
        for name in ("ama", "ben"):
            account_id = kept.accounts.add(
                role=Role.PRACTITIONER, name=name, email=f"{name}@example.org", team_ids=(), now=NOON
            )
            kept.accounts.set_password(account_id, f"the hash of {name}")
    asked: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    read = {}
    for email in ("ama@example.org", "nobody@example.org"):
        asked.clear()
        with store.reading() as seen:
            account, password = seen.accounts.tried(email)
        read[email] = list(asked)
        assert (account is not None, password) == ((True, "the hash of ama") if "ama" in email else (False, None))
    assert read["ama@example.org"] == read["nobody@example.org"]
    assert any("account_teams" in statement for statement in asked)
