"""Administering: teams and people; each change is in the audit, and there is always an administrator."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from anyio import to_thread

from bot import administering, signing_in
from bot.administering import Wanted
from bot.roles import PROOF_LASTS, Actor, NotAllowed, ProofNeeded, Role
from bot.signing_in import NotDone
from bot.store import LinkPurpose, Missing, Store
from tests.signing import SECRET, AtGate, code
from tests.talking import NOW

MO = "mo@council.example"
LATER = NOW + PROOF_LASTS + timedelta(seconds=1)


@pytest.fixture
def at(store: Store) -> AtGate:
    return AtGate(store)


@pytest.fixture
async def mo(at: AtGate) -> Actor:
    """An administrator who has just signed in."""
    await at.has(MO, Role.ADMINISTRATOR, "Mo Bell")
    return await at.actor(await at.signs_in(MO))


@pytest.fixture
def north(store: Store, mo: Actor) -> str:
    return administering.make_team(store, mo, "North", NOW)


def ben(*team_ids: str, role: Role = Role.PRACTITIONER, email: str = "ben@council.example") -> Wanted:
    return Wanted("Ben Ode", email, role, frozenset(team_ids))


def last_audited(at: AtGate) -> tuple[str, str | None, str]:
    return at.audit()[-1]


# --- teams -----------------------------------------------------------------------------------------------------------


def test_the_first_team_is_on_duty_and_another_one_can_be_put_there(store: Store, mo: Actor, at: AtGate) -> None:
    north = administering.make_team(store, mo, " North ", NOW)
    south = administering.make_team(store, mo, "South", NOW)
    assert {one.name: one.duty for one in administering.teams(store, mo)} == {"North": True, "South": False}
    administering.put_on_duty(store, mo, south, NOW)
    assert {one.team_id: one.duty for one in administering.teams(store, mo)} == {north: False, south: True}
    assert last_audited(at) == ("changed", mo.account_id, f"team.on_duty.{south}")


@pytest.mark.parametrize("name", ["", "  ", "x" * 201, "NORTH"])
def test_a_team_has_a_name_that_no_other_one_has(store: Store, mo: Actor, north: str, name: str) -> None:
    with pytest.raises(NotDone):
        administering.make_team(store, mo, name, NOW)
    administering.rename_team(store, mo, north, "north", NOW)
    assert [one.name for one in administering.teams(store, mo)] == ["north"]


def test_the_team_on_duty_and_one_with_open_enquiries_are_not_closed(store: Store, mo: Actor, north: str) -> None:
    south = administering.make_team(store, mo, "South", NOW)
    with store.begin() as kept:
        enquiry_id = kept.enquiries.open(NOW, reference="A 17")
        kept.allocations.give_team(enquiry_id, south, None, NOW)
    with pytest.raises(NotDone, match="on duty"):
        administering.close_team(store, mo, north, NOW)
    with pytest.raises(NotDone, match="open enquiries"):
        administering.close_team(store, mo, south, NOW)
    with store.begin() as kept:
        kept.enquiries.close(enquiry_id, NOW)
    administering.close_team(store, mo, south, NOW)
    with pytest.raises(NotDone, match="closed"):
        administering.put_on_duty(store, mo, south, NOW)
    assert {one.team_id: one.closed_at for one in administering.teams(store, mo)} == {north: None, south: NOW}


# --- people ----------------------------------------------------------------------------------------------------------


async def test_an_account_is_made_with_a_link_by_which_somebody_chooses_how_to_sign_in(
    at: AtGate, mo: Actor, north: str
) -> None:
    made = administering.make_account(at.store, mo, ben(north), NOW)
    assert made.link not in repr(made)
    arrival = await signing_in.look_at_link(at.gate, made.link, NOW)
    assert (arrival.purpose, arrival.name) == (LinkPurpose.WELCOME, "Ben Ode")
    signed = await signing_in.arrive(at.gate, made.link, "eleven loud kettles", code(NOW, arrival.secret), NOW)
    actor = await at.actor(signed)
    assert (actor.account_id, actor.role, actor.team_ids) == (made.account_id, Role.PRACTITIONER, frozenset({north}))
    assert ("changed", mo.account_id, f"account.made.{made.account_id}") in at.audit()


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (Wanted("", "ben@council.example", Role.AUDITOR), "Give a name"),
        (Wanted("Ben", "ben", Role.AUDITOR), "e-mail address"),
        (Wanted("Ben", "ben@c.example,mo@c.example", Role.AUDITOR), "e-mail address"),
        (Wanted("Ben", "ben@[c.example", Role.AUDITOR), "e-mail address"),
        (Wanted("Ben", "ben@c\u202e.example", Role.AUDITOR), "e-mail address"),
        (Wanted("Ben", MO.upper(), Role.AUDITOR), "already"),
        (Wanted("Ben", "ben@council.example", Role.MANAGER), "at least one team"),
        (Wanted("Ben", "ben@council.example", Role.PRACTITIONER), "at least one team"),
    ],
)
def test_an_account_that_could_not_be_used_is_not_made(at: AtGate, mo: Actor, wanted: Wanted, says: str) -> None:
    with pytest.raises(NotDone, match=says):
        administering.make_account(at.store, mo, wanted, NOW)
    assert len(administering.people(at.store, mo)) == 1


def test_nobody_is_put_into_a_team_that_is_not_there_or_was_closed(store: Store, mo: Actor, north: str) -> None:
    south = administering.make_team(store, mo, "South", NOW)
    made = administering.make_account(store, mo, ben(south), NOW)
    administering.close_team(store, mo, south, NOW)
    for team_id in (south, "f" * 32):
        with pytest.raises(Missing):
            administering.make_account(store, mo, ben(team_id, email="other@council.example"), NOW)
    administering.change_account(store, mo, made.account_id, ben(south, north), NOW)


async def test_another_role_ends_the_sessions_and_another_name_does_not(at: AtGate, mo: Actor, north: str) -> None:
    account_id = await at.has("ben@council.example", Role.AUDITOR, "Ben")
    signed = await at.signs_in("ben@council.example")
    renamed = Wanted("Ben Ode", "ben.ode@council.example", Role.AUDITOR)
    administering.change_account(at.store, mo, account_id, renamed, NOW)
    assert await at.who(signed.secret)
    assert [about for _, _, about in at.audit()[-2:]] == [f"account.name.{account_id}", f"account.email.{account_id}"]
    administering.change_account(at.store, mo, account_id, replace(renamed, role=Role.MANAGER, team_ids={north}), NOW)
    assert await at.who(signed.secret) is None
    account = administering.person(at.store, mo, account_id)
    assert (account.name, account.email, account.role) == ("Ben Ode", "ben.ode@council.example", Role.MANAGER)


def test_what_stays_as_it_was_is_not_written_down(store: Store, mo: Actor, north: str, at: AtGate) -> None:
    made = administering.make_account(store, mo, ben(north), NOW)
    before = at.audit()
    administering.change_account(store, mo, made.account_id, ben(north), NOW)
    assert at.audit() == before


async def test_a_disabled_account_is_out_at_once_and_may_come_back(at: AtGate, mo: Actor) -> None:
    account_id = await at.has("ben@council.example", Role.AUDITOR)
    signed = await at.signs_in("ben@council.example")
    link = administering.new_link(at.store, mo, account_id, NOW).link
    administering.disable_account(at.store, mo, account_id, NOW)
    assert await at.who(signed.secret) is None
    for trying in (signing_in.look_at_link(at.gate, link, NOW), at.signs_in("ben@council.example", now=NOW)):
        with pytest.raises(NotDone):
            await trying
    with pytest.raises(NotDone, match="disabled"):
        administering.new_link(at.store, mo, account_id, NOW)
    administering.enable_account(at.store, mo, account_id, NOW)
    assert await at.who(signed.secret) is None
    with pytest.raises(NotDone):
        await signing_in.look_at_link(at.gate, link, NOW)
    later = NOW + timedelta(seconds=30)
    assert (await at.signs_in("ben@council.example", now=later)).account_id == account_id


async def test_a_new_link_is_a_welcome_until_somebody_has_chosen_how_to_sign_in(
    at: AtGate, mo: Actor, north: str
) -> None:
    new = administering.make_account(at.store, mo, ben(north), NOW).account_id
    old = await at.has("asha@council.example")
    for account_id, purpose in ((new, LinkPurpose.WELCOME), (old, LinkPurpose.RESET)):
        link = administering.new_link(at.store, mo, account_id, NOW).link
        assert (await signing_in.look_at_link(at.gate, link, NOW)).purpose is purpose
    assert (await at.signs_in("asha@council.example")).account_id == old


async def test_somebody_can_be_signed_out_everywhere(at: AtGate, mo: Actor) -> None:
    account_id = await at.has()
    signed = await at.signs_in()
    administering.end_sessions(at.store, mo, account_id, NOW)
    assert await at.who(signed.secret) is None
    assert last_audited(at) == ("changed", mo.account_id, f"account.signed_out.{account_id}")


# --- there is always an administrator --------------------------------------------------------------------------------


def test_the_last_administrator_who_can_sign_in_is_not_disabled(at: AtGate, mo: Actor) -> None:
    new = administering.make_account(at.store, mo, ben(role=Role.ADMINISTRATOR), NOW).account_id
    with pytest.raises(NotDone, match="last administrator"):
        administering.disable_account(at.store, mo, mo.account_id, NOW)
    administering.disable_account(at.store, mo, new, NOW)
    administering.enable_account(at.store, mo, new, NOW)


async def test_where_there_is_another_one_an_administrator_may_go(at: AtGate, mo: Actor) -> None:
    ada = await at.has("ada@council.example", Role.ADMINISTRATOR, "Ada")
    signed = await at.actor(await at.signs_in("ada@council.example"))
    administering.disable_account(at.store, mo, mo.account_id, NOW)
    with pytest.raises(NotDone, match="last administrator"):
        administering.disable_account(at.store, signed, ada, NOW)


async def test_of_two_administrators_who_disable_each_other_at_once_one_stays(at: AtGate, mo: Actor) -> None:
    ada = await at.has("ada@council.example", Role.ADMINISTRATOR, "Ada")
    other = await at.actor(await at.signs_in("ada@council.example"))
    found = await asyncio.gather(
        to_thread.run_sync(administering.disable_account, at.store, mo, ada, NOW),
        to_thread.run_sync(administering.disable_account, at.store, other, mo.account_id, NOW),
        return_exceptions=True,
    )
    assert sorted(type(one) for one in found if one is not None) == [NotDone]


async def test_nobody_gives_themselves_another_role_and_the_last_administrator_keeps_theirs(
    at: AtGate, mo: Actor, north: str
) -> None:
    own = Wanted("Mo Bell-Ray", MO, Role.ADMINISTRATOR)
    administering.change_account(at.store, mo, mo.account_id, own, NOW)
    with pytest.raises(NotDone, match="themselves"):
        administering.change_account(at.store, mo, mo.account_id, replace(own, role=Role.MANAGER), NOW)
    ada = await at.has("ada@council.example", Role.ADMINISTRATOR, "Ada")
    administering.change_account(
        at.store, mo, ada, Wanted("Ada", "ada@council.example", Role.MANAGER, frozenset({north})), NOW
    )
    assert administering.person(at.store, mo, ada).role is Role.MANAGER


# --- who may ---------------------------------------------------------------------------------------------------------

Verb = Callable[[Store, Actor, str], Any]
TEAMS: dict[str, Verb] = {
    "list teams": lambda store, actor, _: administering.teams(store, actor),
    "make a team": lambda store, actor, _: administering.make_team(store, actor, "South", LATER),
    "rename a team": lambda store, actor, one: administering.rename_team(store, actor, one, "South", LATER),
    "put on duty": lambda store, actor, one: administering.put_on_duty(store, actor, one, LATER),
    "close a team": lambda store, actor, one: administering.close_team(store, actor, one, LATER),
    "list people": lambda store, actor, _: administering.people(store, actor),
    "look at a person": administering.person,
}
PEOPLE: dict[str, Verb] = {
    "make an account": lambda store, actor, one: administering.make_account(store, actor, ben(one), LATER),
    "change one": lambda store, actor, one: administering.change_account(store, actor, one, ben(), LATER),
    "disable one": lambda store, actor, one: administering.disable_account(store, actor, one, LATER),
    "enable one": lambda store, actor, one: administering.enable_account(store, actor, one, LATER),
    "sign somebody out": lambda store, actor, one: administering.end_sessions(store, actor, one, LATER),
    "make a link": lambda store, actor, one: administering.new_link(store, actor, one, LATER),
}


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
@pytest.mark.parametrize("verb", [*TEAMS, *PEOPLE])
def test_only_an_administrator_administers(store: Store, at: AtGate, role: Role, verb: str) -> None:
    actor = Actor("somebody", role, frozenset({"a team"}), proven_at=LATER)
    with pytest.raises(NotAllowed):
        (TEAMS | PEOPLE)[verb](store, actor, "f" * 32)
    assert at.audit() == []


@pytest.mark.parametrize("verb", PEOPLE)
async def test_whatever_concerns_people_takes_a_proof(at: AtGate, mo: Actor, verb: str) -> None:
    account_id = await at.has()
    with pytest.raises(ProofNeeded):
        PEOPLE[verb](at.store, mo, account_id)


@pytest.mark.parametrize("verb", [verb for verb in PEOPLE if verb != "make an account"])
def test_an_account_that_is_not_there_is_missing(store: Store, mo: Actor, verb: str) -> None:
    with pytest.raises(Missing):
        PEOPLE[verb](store, replace(mo, proven_at=LATER), "f" * 32)


async def test_nothing_of_a_person_is_in_the_audit(at: AtGate, mo: Actor, north: str) -> None:
    made = administering.make_account(at.store, mo, ben(north), NOW)
    administering.change_account(at.store, mo, made.account_id, replace(ben(north), name="Benedict"), NOW)
    told = repr(at.audited())
    for words in ("Ben", "council.example", "North", made.link, SECRET):
        assert words not in told
