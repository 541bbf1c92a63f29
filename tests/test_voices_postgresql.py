"""Quoting people and saying what was done in PostgreSQL, where several processes of the site decide at one moment."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from functools import partial

import pytest

from bot.quoting import Decision, Reason, approve, open_to_decide, refuse
from bot.responding import ChangedMeanwhile, respond
from bot.reviewing.seeing import NotDone
from bot.roles import Actor, Role
from bot.store import EntryKind, RootKey, Store
from tests.postgresql import Server
from tests.telling import NOON
from tests.test_quoting import (
    EVERY_CHECK,
    Office,
    office,
    test_a_quote_belongs_to_the_days_in_which_it_was_said,
    test_what_was_entered_from_paper_belongs_to_the_day_that_stands_on_it,
    test_whoever_said_it_has_the_last_word,
    test_words_wait_for_a_manager_who_did_not_lead,
)
from tests.test_responding import RANG, THEMES
from tests.voices import RINGS, says

__all__ = [
    "office",
    "test_a_quote_belongs_to_the_days_in_which_it_was_said",
    "test_what_was_entered_from_paper_belongs_to_the_day_that_stands_on_it",
    "test_whoever_said_it_has_the_last_word",
    "test_words_wait_for_a_manager_who_did_not_lead",
]

ROUNDS = 12


@pytest.fixture
def root() -> RootKey:
    return RootKey(bytes(range(32)))


@pytest.fixture
def address(postgresql: Server) -> str:
    """Where an empty database is."""
    return postgresql.database()


@pytest.fixture
def store(address: str, root: RootKey) -> Iterator[Store]:
    """An empty store in PostgreSQL. Every test here, those of `test_quoting` included, is about this one."""
    Store.migrate(address, root, NOON)
    opened = Store.open(address, root)
    yield opened
    opened.close()


@pytest.fixture
def elsewhere(store: Store, address: str, root: RootKey) -> Iterator[Store]:
    """The same store, as another process of the site has it."""
    opened = Store.open(address, root)
    yield opened
    opened.close()


def at_once(*verbs: Callable[[], object]) -> list[object]:
    """Do them side by side. Gives what each gave, or the error that told it that it was not done."""

    def done(verb: Callable[[], object]) -> object:
        try:
            return verb()
        except NotDone as error:
            return type(error)

    with ThreadPoolExecutor(len(verbs)) as pool:
        return list(pool.map(done, verbs))


def test_of_two_processes_that_decide_at_once_one_is_told(office: Office, elsewhere: Store) -> None:
    asha, tom = office.actor(), office.actor(name="Tom")
    before = says(office.store, office.enquiry_id, RINGS)
    office.opens(asha, before)
    office.approves(asha, before)
    for _ in range(ROUNDS):
        told = says(office.store, office.enquiry_id, RINGS)
        where = (told.conversation_id, told.said.number)
        for actor in (asha, tom):
            open_to_decide(office.store, actor, *where, NOON)
        at_once(
            lambda at=where: approve(office.store, asha, *at, (), EVERY_CHECK, NOON, latest=0, token="a"),
            lambda at=where: refuse(elsewhere, tom, *at, Reason.AT_RISK, NOON, latest=0, token="b"),
        )
        with office.store.reading() as seen:
            (entry,) = seen.entries.of_conversation(told.conversation_id, EntryKind.QUOTE)
        assert entry.what in {Decision.APPROVED, Decision.NOT_APPROVED}


def test_of_two_processes_that_say_what_was_done_one_is_told(office: Office, elsewhere: Store) -> None:
    asha, tom = office.actor(), office.actor(name="Tom")
    today = date(2026, 3, 31)

    def says_so(store: Store, actor: Actor, did: str, deed_id: str, known: int) -> object:
        typed = replace(RANG, did=did)
        return respond(store, THEMES, actor, typed, NOON, today, token=did, deed_id=deed_id, known=known)

    assert asha.role is tom.role is Role.MANAGER
    for round_ in range(ROUNDS):
        first = respond(office.store, THEMES, asha, RANG, NOON, today, token=str(round_))
        found = at_once(
            lambda named=first.deed_id: says_so(office.store, asha, "We ring at nine.", named, 1),
            lambda named=first.deed_id: says_so(elsewhere, tom, "We ring at ten.", named, 1),
        )
        assert found.count(ChangedMeanwhile) == 1
        with office.store.reading() as seen:
            assert seen.deeds.get(first.deed_id).number == 2
        # The same button, pressed twice.
        again = partial(respond, themes=THEMES, actor=asha, typed=RANG, now=NOON, today=today, token=f"again {round_}")
        one, other = at_once(partial(again, office.store), partial(again, elsewhere))
        assert one == other
