"""Lists of what there is to do: who finds what, in which order, a page at a time; and words read for a search."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event

from bot.conversation import How, Kind, Speaker, Stage, State, Whose
from bot.flags import PRESSING, Flag, FlagKind
from bot.roles import Role
from bot.store import (
    Access,
    Counts,
    Damaged,
    EnquiryRow,
    EntryKind,
    Page,
    RootKey,
    Scope,
    Store,
    Transaction,
    Waiting,
    WorkFilter,
)
from bot.store.work import REVIEWED
from tests.store.filling import NOON, begin, from_below, say, work_for

ALL = Scope(None, "", include_restricted=True, duty=True)
DONE = frozenset({State.FINISHED, State.STOPPED})


def flag(store: Store, conversation_id: str, kind: FlagKind = FlagKind.IN_DANGER_NOW, *, turn: int = 1) -> None:
    """Raise a flag."""
    with store.begin() as kept:
        kept.flags.raise_flag(conversation_id, kind, turn, NOON)


def settle(store: Store, conversation_id: str, state: State = State.FINISHED, *, minutes: int = 0) -> None:
    """Have a conversation as far as this."""
    with store.begin() as kept:
        kept.conversations.settle(conversation_id, state, NOON + timedelta(minutes=minutes))


def review(store: Store, conversation_id: str, account_id: str, what: str = REVIEWED) -> None:
    """Say how far the review of a conversation is."""
    with store.begin() as kept:
        kept.entries.add(
            kind=EntryKind.REVIEW, what=what, account_id=account_id, now=NOON, conversation_id=conversation_id
        )


def listed(store: Store, scope: Scope = ALL, **more: Any) -> list[str]:
    """The conversations of a list, all pages of it."""
    found: list[str] = []
    page = Page[Waiting]((), "")
    while True:
        with store.reading() as seen:
            page = seen.work.conversations(scope, WorkFilter(**more), after=page.after, at_most=3)
        found += [row.conversation_id for row in page.rows]
        if not page.after:
            return found


@pytest.fixture
def account_id(store: Store) -> str:
    """Somebody's account."""
    with store.begin() as kept:
        return work_for(kept)


def test_a_row_says_all_but_the_words(store: Store, account_id: str) -> None:
    with store.begin() as kept:
        enquiry_id = kept.enquiries.open(NOON)
    conversation_id = begin(store, enquiry_id=enquiry_id)
    say(store, conversation_id, "I am afraid of the evening.")
    for kind in (FlagKind.IN_DANGER_NOW, FlagKind.ADVOCATE_WANTED):
        flag(store, conversation_id, kind)
    settle(store, conversation_id, minutes=7)
    review(store, conversation_id, account_id, "being_read")
    with store.begin() as kept:
        answer: dict[str, Any] = {"kind": EntryKind.FLAG_ANSWER, "account_id": account_id, "now": NOON, "turn": 1}
        kept.entries.add(**answer, what="advocate_wanted", conversation_id=conversation_id)
        (row,) = kept.work.conversations(ALL).rows
    assert row == Waiting(
        conversation_id=conversation_id,
        enquiry_id=enquiry_id,
        stage=Stage.FIRST,
        speaker=Speaker.PERSON,
        begun_at=NOON,
        state=State.FINISHED,
        settled_at=NOON + timedelta(minutes=7),
        review="being_read",
        flags=(Flag(FlagKind.IN_DANGER_NOW, 1, NOON),),
        access=Access(),
    )


def test_what_has_waited_longest_comes_first_page_by_page(store: Store) -> None:
    ids = [begin(store) for _ in range(8)]
    for minutes, conversation_id in enumerate(reversed(ids)):
        settle(store, conversation_id, minutes=minutes // 2)
    with store.reading() as seen:
        first = seen.work.conversations(ALL, at_most=8)
        assert first.after == ""
    in_order = [row.conversation_id for row in first.rows]
    assert in_order == listed(store)
    assert in_order == sorted(ids, key=lambda one: ((7 - ids.index(one)) // 2, one))


@pytest.mark.parametrize("after", ["x", "-", "12", "12-", "-12-x", "9" * 30 + "-x", "\u0661-x", "1-\0", "1-\ud800"])
def test_a_key_that_is_none_of_ours_is_no_error(store: Store, after: str) -> None:
    conversation_id = begin(store)
    with store.begin() as kept:
        kept.enquiries.open(NOON)
        found = kept.work.conversations(ALL, after=after)
        assert [row.conversation_id for row in found.rows] in ([conversation_id], [])
        kept.work.enquiries(ALL, after=after)


def test_a_review_does_not_count_for_what_was_said_after_it(store: Store, account_id: str) -> None:
    conversation_id = begin(store)
    settle(store, conversation_id)
    review(store, conversation_id, account_id)
    assert listed(store, reviews=frozenset({REVIEWED})) == [conversation_id]
    settle(store, conversation_id, State.OPEN)
    settle(store, conversation_id, State.FINISHED)
    assert listed(store, reviews=frozenset({REVIEWED})) == []
    assert listed(store, reviews=frozenset({None})) == [conversation_id]
    with store.reading() as seen:
        assert seen.work.conversations(ALL).rows[0].review is None
        assert seen.work.counts(ALL) == Counts({None: 1}, unfinished=0, flagged=0, without_enquiry=1)


def test_settling_again_changes_nothing(store: Store, account_id: str) -> None:
    conversation_id = begin(store)
    settle(store, conversation_id, minutes=1)
    review(store, conversation_id, account_id)
    settle(store, conversation_id, minutes=2)
    with store.reading() as seen:
        assert seen.conversations.get(conversation_id).settled_at == NOON + timedelta(minutes=1)
        assert seen.work.conversations(ALL).rows[0].review == REVIEWED


# --- who finds what --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class World:
    """Teams, accounts, enquiries and conversations in every combination that a scope tells apart."""

    store: Store
    teams: tuple[str, ...]
    accounts: tuple[str, ...]
    access: Mapping[str, Access]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A store with much to do in it."""
    folder = tmp_path_factory.mktemp("work")
    root = RootKey.create(folder / "root.key")
    Store.migrate(folder / "kept.sqlite3", root, NOON)
    store = Store.open(folder / "kept.sqlite3", root)
    chance = random.Random(4)
    with store.begin() as kept:
        teams = tuple(kept.teams.add(name, NOON) for name in ("North", "South", "East"))
        accounts = tuple(work_for(kept, Role.PRACTITIONER, email=f"{name}@example.org") for name in "abc")
        enquiry_ids = [_enquiry(kept, chance, teams, accounts, number) for number in range(60)]
        for number in range(160):
            _conversation(kept, chance, enquiry_ids, accounts, number)
    with store.reading() as seen:
        access = seen.allocations.accesses(enquiry_ids)
    yield World(store, teams, accounts, access)
    store.close()


def _enquiry(
    kept: Transaction, chance: random.Random, teams: tuple[str, ...], accounts: tuple[str, ...], number: int
) -> str:
    enquiry_id = kept.enquiries.open(NOON + timedelta(minutes=number // 2), reference=f"Enquiry {number}")
    if chance.random() < 0.8:
        kept.allocations.give_team(enquiry_id, chance.choice(teams), None, NOON)
    for account_id in accounts:
        if chance.random() < 0.25:
            kept.allocations.allocate(enquiry_id, account_id, None, NOON)
            if chance.random() < 0.4:
                kept.allocations.unallocate(enquiry_id, account_id, None, NOON)
    if chance.random() < 0.3:
        kept.allocations.restrict(enquiry_id, None, NOON)
    if chance.random() < 0.2:
        kept.enquiries.close(enquiry_id, NOON + timedelta(days=1))
    return enquiry_id


def _conversation(
    kept: Transaction, chance: random.Random, enquiry_ids: list[str], accounts: tuple[str, ...], number: int
) -> None:
    conversation_id = kept.conversations.begin(
        stage=chance.choice(tuple(Stage)),
        speaker=chance.choice((Speaker.PERSON, Speaker.ADVOCATE)),
        begun_at=NOON + timedelta(minutes=number),
        interview_version="1",
        enquiry_id=chance.choice((None, *enquiry_ids)),
    )
    words: dict[str, Any] = {"speaker": Speaker.PERSON, "kind": Kind.WORDS, "said_at": NOON}
    kept.conversations.add(conversation_id, words=f"Thing {number}", **words)
    beside: dict[str, Any] = {"account_id": accounts[0], "now": NOON, "conversation_id": conversation_id}
    if chance.random() < 0.5:
        kept.entries.add(kind=EntryKind.REVIEW, what=REVIEWED, **beside)
    kept.conversations.settle(conversation_id, chance.choice(tuple(State)), NOON + timedelta(minutes=number % 50))
    for what in ("being_read", REVIEWED):
        if chance.random() < 0.4:
            kept.entries.add(kind=EntryKind.REVIEW, what=what, **beside)
    for kind in (FlagKind.IN_DANGER_NOW, FlagKind.NOT_SAFE_TO_TALK):
        if chance.random() < 0.4:
            kept.flags.raise_flag(conversation_id, kind, 1, NOON)
            if chance.random() < 0.5:
                kept.entries.add(kind=EntryKind.FLAG_ANSWER, what=kind.value, turn=1, **beside)


def scopes(world: World) -> Iterator[Scope]:
    """Every kind of reader."""
    for teams in ((), world.teams[:1], world.teams[1:], world.teams):
        for restricted in (False, True):
            for duty in (False, True):
                for own in (False, True):
                    yield Scope(
                        frozenset(teams),
                        world.accounts[0],
                        include_restricted=restricted,
                        duty=duty,
                        own_experience=own,
                    )
    north = frozenset(world.teams[:1])
    yield Scope(north, world.accounts[0], include_restricted=True, duty=False, allocated=False)
    yield Scope(None, world.accounts[1], include_restricted=True, duty=True)
    yield Scope(None, world.accounts[1], include_restricted=False, duty=False, own_experience=True)


def is_in(world: World, scope: Scope, enquiry_id: str | None) -> bool:
    """The rule once more, in other words."""
    access = world.access[enquiry_id] if enquiry_id is not None else Access()
    if scope.team_ids is None or (scope.allocated and scope.account_id in access.allocated):
        return True
    if access.is_restricted and not scope.include_restricted:
        return False
    return scope.duty if access.team_id is None else access.team_id in scope.team_ids


def may_list(world: World, scope: Scope, row: Waiting) -> bool:
    """As `is_in`, for a conversation."""
    access = world.access[row.enquiry_id] if row.enquiry_id is not None else Access()
    led = row.stage is Stage.EXPERIENCE and scope.account_id in access.ever_allocated
    return is_in(world, scope, row.enquiry_id) and (scope.own_experience or not led)


def everything(world: World) -> tuple[Waiting, ...]:
    """Every conversation."""
    with world.store.reading() as seen:
        return seen.work.conversations(replace(ALL, own_experience=True), at_most=1000).rows


def test_everybody_finds_what_is_theirs_and_nothing_else(world: World) -> None:
    every = everything(world)
    assert len(every) == 160
    numbers = set()
    for scope in scopes(world):
        expected = [row for row in every if may_list(world, scope, row)]
        numbers.add(len(expected))
        with world.store.reading() as seen:
            assert list(seen.work.conversations(scope, at_most=1000).rows) == expected
            done = [row for row in expected if row.state in DONE]
            assert sorted(seen.work.readable(scope)) == sorted(row.conversation_id for row in done)
            reviews: dict[str | None, int] = {}
            for row in done:
                reviews[row.review] = reviews.get(row.review, 0) + 1
            assert seen.work.counts(scope) == Counts(
                reviews,
                unfinished=len(expected) - len(done),
                flagged=sum(bool(row.flags) for row in expected),
                without_enquiry=sum(row.enquiry_id is None for row in done),
            )
    assert len(numbers) > 10


def test_everybody_finds_the_enquiries_that_are_theirs(world: World) -> None:
    every = everything(world)
    for scope in scopes(world):
        with world.store.reading() as seen:
            found = {row.enquiry_id: row for row in seen.work.enquiries(scope, at_most=1000).rows}
            assert set(found) == {enquiry_id for enquiry_id in world.access if is_in(world, scope, enquiry_id)}
            for enquiry_id, row in found.items():
                of_it = [one for one in every if one.enquiry_id == enquiry_id and may_list(world, scope, one)]
                assert row.access == world.access[enquiry_id]
                assert row.conversations == len(of_it)
                assert row.waiting == sum(one.state in DONE and one.review != REVIEWED for one in of_it)
                assert row.flags == sum(len(one.flags) for one in of_it)
                enquiry = seen.enquiries.get(enquiry_id)
                assert (row.reference, row.opened_at, row.closed_at) == (
                    enquiry.reference,
                    enquiry.opened_at,
                    enquiry.closed_at,
                )


def test_enquiries_come_newest_first_page_by_page(world: World) -> None:
    with world.store.reading() as seen:
        every = seen.work.enquiries(ALL, at_most=1000).rows
        keys = [(row.opened_at, row.enquiry_id) for row in every]
        assert keys == sorted(keys, reverse=True)
        found: list[EnquiryRow] = []
        page = seen.work.enquiries(ALL, at_most=7)
        while page.after:
            found += page.rows
            page = seen.work.enquiries(ALL, after=page.after, at_most=7)
        assert (*found, *page.rows) == every
        is_open = seen.work.enquiries(ALL, is_open=True, at_most=1000).rows
        closed = seen.work.enquiries(ALL, is_open=False, at_most=1000).rows
        assert is_open == tuple(row for row in every if row.closed_at is None)
        assert closed == tuple(row for row in every if row.closed_at is not None)
        mine = seen.work.enquiries(ALL, allocated_to=world.accounts[2], at_most=1000).rows
        assert mine == tuple(row for row in every if world.accounts[2] in row.allocated)
        assert 0 < len(closed) < len(every)
        assert 0 < len(mine) < len(every)


def test_each_filter_leaves_out_what_it_says(world: World) -> None:
    every = everything(world)
    team_id, enquiry_id = world.teams[0], next(row.enquiry_id for row in every if row.enquiry_id is not None)
    account_id = world.accounts[1]

    def access(row: Waiting) -> Access:
        return world.access[row.enquiry_id] if row.enquiry_id is not None else Access()

    tried: tuple[tuple[WorkFilter, Callable[[Waiting], bool]], ...] = (
        (WorkFilter(states=DONE), lambda row: row.state in DONE),
        (WorkFilter(states=frozenset({State.OPEN})), lambda row: row.state is State.OPEN),
        (WorkFilter(reviews=frozenset({None})), lambda row: row.review is None),
        (WorkFilter(reviews=frozenset({None, "being_read"})), lambda row: row.review in {None, "being_read"}),
        (WorkFilter(reviews=frozenset({REVIEWED})), lambda row: row.review == REVIEWED),
        (WorkFilter(stage=Stage.CLOSING), lambda row: row.stage is Stage.CLOSING),
        (WorkFilter(speaker=Speaker.ADVOCATE), lambda row: row.speaker is Speaker.ADVOCATE),
        (WorkFilter(is_flagged=True), lambda row: row.flags != ()),
        (WorkFilter(flagged=PRESSING), lambda row: not PRESSING.isdisjoint(flag.kind for flag in row.flags)),
        (WorkFilter(is_flagged=False), lambda row: row.flags == ()),
        (WorkFilter(has_enquiry=True), lambda row: row.enquiry_id is not None),
        (WorkFilter(has_enquiry=False), lambda row: row.enquiry_id is None),
        (WorkFilter(enquiry_id=enquiry_id), lambda row: row.enquiry_id == enquiry_id),
        (WorkFilter(team_id=team_id), lambda row: access(row).team_id == team_id),
        (WorkFilter(allocated_to=account_id), lambda row: account_id in access(row).allocated),
        (
            WorkFilter(states=DONE, is_flagged=True, has_enquiry=True),
            lambda row: row.state in DONE and row.flags != () and row.enquiry_id is not None,
        ),
    )
    for filters, fits in tried:
        with world.store.reading() as seen:
            found = seen.work.conversations(replace(ALL, own_experience=True), filters, at_most=1000).rows
        expected = tuple(row for row in every if fits(row))
        assert found == expected, filters
        assert 0 < len(found) < len(every), filters


# --- words read for a search -----------------------------------------------------------------------------------------


def test_what_people_said_is_read_conversation_by_conversation(store: Store) -> None:
    one, empty, other = begin(store), begin(store), begin(store)
    say(store, one, "What do you want?", speaker=Speaker.BOT, kind=Kind.QUESTION, asked="wish")
    say(store, one, "I want to stay.", answers=1)
    say(store, one, "", kind=Kind.CHOICE, choice=("a_lot",))
    say(
        store,
        one,
        "My key",
        speaker=Speaker.PRACTITIONER,
        original="Anahtarım \ud800",
        whose=Whose.OWN_WORDS,
        how=How.THROUGH_AN_INTERPRETER,
    )
    say(store, other, "To see my sister\0\r\n")
    with store.reading() as seen:
        assert list(seen.work.said([other, empty, one])) == [
            (other, 1, "To see my sister\0\r\n"),
            (one, 2, "I want to stay."),
            (one, 4, "My key"),
            (one, 4, "Anahtarım \ud800"),
        ]
        assert list(seen.work.said([])) == []


def test_words_of_many_conversations_come_in_the_order_they_were_asked_for(store: Store) -> None:
    ids = [begin(store) for _ in range(12)]
    for conversation_id in ids:
        for number in range(3):
            say(store, conversation_id, f"{conversation_id} {number}")
    with store.reading() as seen:
        for asked in (ids, ids[::-1]):
            assert [words for _, _, words in seen.work.said(asked)] == [
                f"{conversation_id} {number}" for conversation_id in asked for number in range(3)
            ]


@pytest.mark.usefixtures("file")
def test_a_search_reads_what_was_said_and_not_the_questions_around_it(store: Store) -> None:
    conversation_id = begin(store)
    say(store, conversation_id, "I want to stay.")
    plans = []

    def plan(connection: Connection, cursor: object, statement: str, parameters: Sequence[Any], *_: object) -> None:
        if "turns.words" in statement:
            below = connection.connection.cursor()
            plans.append(" ".join(row[3] for row in below.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)))

    event.listen(store.engine, "after_cursor_execute", plan)
    with store.reading() as seen:
        assert list(seen.work.said([conversation_id])) == [(conversation_id, 1, "I want to stay.")]
    (told,) = plans
    assert "USING COVERING INDEX ix_turns_said" in told


def test_words_that_another_hand_changed_are_not_searched(store: Store, file: Path) -> None:
    conversation_id = begin(store)
    for words in ("one thing", "2nd thing"):
        say(store, conversation_id, words)
    with from_below(file) as below:
        (second,) = below.execute("SELECT words FROM turns WHERE number = 2").fetchone()
        below.execute("UPDATE turns SET words = ? WHERE number = 1", (second,))
    with pytest.raises(Damaged), store.reading() as seen:
        list(seen.work.said([conversation_id]))


def test_a_row_that_another_hand_changed_is_in_no_list(store: Store, file: Path) -> None:
    with store.begin() as kept:
        enquiry_id = kept.enquiries.open(NOON)
        kept.allocations.restrict(enquiry_id, None, NOON)
    begin(store, enquiry_id=enquiry_id)
    own = Scope(frozenset(), "somebody", include_restricted=False, duty=True)
    assert listed(store, own) == []
    with from_below(file) as below:
        below.execute("UPDATE enquiry_access SET is_restricted = 0")
    with pytest.raises(Damaged):
        listed(store, own)
