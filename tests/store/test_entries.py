"""What the team writes beside words: entries, whose an enquiry is, the audit, and what the council set."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.store import (
    Access,
    AccessChange,
    AccessMove,
    AuditAct,
    Audited,
    Changed,
    Confirmed,
    Damaged,
    Entry,
    EntryKind,
    Missing,
    Store,
    Transaction,
    tables,
)
from bot.store.verifying import verify
from tests.store.filling import CANARY, NOON, begin, from_below, rows_below, say, work_for

LATER = NOON + timedelta(minutes=10)
NOTE: Mapping[str, Any] = {"kind": EntryKind.NOTE, "what": "note", "now": NOON}


@pytest.fixture
def account_id(store: Store) -> str:
    """Somebody's account."""
    with store.begin() as kept:
        return work_for(kept)


@pytest.fixture
def enquiry_id(store: Store) -> str:
    """An enquiry without conversations."""
    with store.begin() as kept:
        return kept.enquiries.open(NOON, reference="Enquiry 17")


@pytest.fixture
def conversation_id(store: Store, enquiry_id: str) -> str:
    """A conversation of that enquiry, of two turns."""
    conversation_id = begin(store, enquiry_id=enquiry_id)
    say(store, conversation_id, "I want to stay.")
    say(store, conversation_id, "And a key.")
    return conversation_id


# --- entries ---------------------------------------------------------------------------------------------------------


def test_an_entry_is_kept_as_it_was_written(store: Store, account_id: str, conversation_id: str) -> None:
    words = {"note": "  She looked at the door.\r\n", "why": "\ud800\0é"}
    with store.begin() as kept:
        first = kept.entries.add(
            **NOTE,
            account_id=account_id,
            conversation_id=conversation_id,
            turn=2,
            outcome_id="12345678_2",
            choices={"themes": ("safer", "own"), "none": ()},
            words=words,
        )
        second = kept.entries.add(**NOTE, account_id=account_id, conversation_id=conversation_id, replaces=1)
    with store.reading() as seen:
        assert seen.entries.get(1) == first
        assert first == Entry(
            number=1,
            kind=EntryKind.NOTE,
            what="note",
            conversation_id=conversation_id,
            enquiry_id=None,
            turn=2,
            outcome_id="12345678_2",
            choices={"themes": ("safer", "own"), "none": ()},
            words=words,
            replaces=None,
            account_id=account_id,
            at=NOON,
        )
        assert (second.number, second.replaces, second.words, second.choices) == (2, 1, {}, {})
        assert seen.entries.of_conversation(conversation_id) == (first, second)
        assert "door" not in repr(first)
        with pytest.raises(Missing):
            seen.entries.get(3)
    assert verify(store) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(words=st.dictionaries(st.text(max_size=20), st.text(st.characters(codec=None)), max_size=4))
def test_any_words_of_an_entry_come_back_as_they_were_typed(
    store: Store, account_id: str, conversation_id: str, words: dict[str, str]
) -> None:
    with store.begin() as kept:
        assert (
            kept.entries.add(**NOTE, account_id=account_id, conversation_id=conversation_id, words=words).words == words
        )


def test_pressing_twice_writes_once_and_something_else_is_never_dropped(
    store: Store, account_id: str, conversation_id: str
) -> None:
    with store.begin() as kept:
        other = work_for(kept, email="ben@example.org")
    asked: dict[str, Any] = {**NOTE, "conversation_id": conversation_id, "token": "one form"}
    with store.begin() as kept:
        first = kept.entries.add(**asked, account_id=account_id, words={"note": "She was tired."})
    with store.begin() as kept:
        again = kept.entries.add(**{**asked, "now": LATER}, account_id=account_id, words={"note": "She was tired."})
        corrected = kept.entries.add(**asked, account_id=account_id, words={"note": "She was very tired."})
        corrected_again = kept.entries.add(**asked, account_id=account_id, words={"note": "She was very tired."})
        others = kept.entries.add(**asked, account_id=other, words={"note": "She was tired."})
        assert again == first
        assert corrected == corrected_again
        assert [entry.number for entry in (first, corrected, others)] == [1, 2, 3]
        assert len(kept.entries.of_conversation(conversation_id)) == 3


def test_many_entries_are_added_as_each_would_be(store: Store, account_id: str, conversation_id: str) -> None:
    review: dict[str, Any] = {"kind": EntryKind.REVIEW, "now": NOON, "account_id": account_id}
    with store.begin() as kept:
        one = kept.entries.add(
            **NOTE, account_id=account_id, conversation_id=conversation_id, words={"note": "é"}, choices={"a": ("b",)}
        )
        two = kept.entries.add(**review, what="reviewed", conversation_id=conversation_id, replaces=1)
        assert kept.entries.length() == 2
        kept.entries.add_all([])
        again = [replace(one, number=3), replace(two, number=4, what="being_read", replaces=3)]
        kept.entries.add_all(again)
        assert kept.entries.of_conversation(conversation_id) == (one, two, *again)
        assert kept.conversations.get(conversation_id).review == "being_read"
    for wrong in (replace(one, number=6), replace(one, number=5, replaces=5), replace(one, number=5, turn=3)):
        with pytest.raises(Missing), store.begin() as kept:
            kept.entries.add_all([wrong])
    with store.begin() as kept:
        assert kept.entries.length() == 4
    assert verify(store) == []


def test_an_entry_points_to_what_is_there(store: Store, account_id: str, conversation_id: str, enquiry_id: str) -> None:
    wrongs: tuple[dict[str, Any], ...] = (
        {},
        {"conversation_id": "0" * 32},
        {"enquiry_id": "0" * 32},
        {"conversation_id": conversation_id, "turn": 3},
        {"conversation_id": conversation_id, "replaces": 1},
        {"enquiry_id": enquiry_id, "replaces": 0},
    )
    for wrong in wrongs:
        with pytest.raises(Missing), store.begin() as kept:
            kept.entries.add(**NOTE, account_id=account_id, **wrong)
    with pytest.raises(Missing), store.begin() as kept:
        kept.entries.add(**NOTE, account_id="0" * 32, conversation_id=conversation_id)
    with store.reading() as seen:
        assert seen.entries.of_conversation(conversation_id) == ()
    assert verify(store) == []


def test_an_enquiry_has_its_own_entries_and_those_of_its_conversations(
    store: Store, account_id: str, conversation_id: str, enquiry_id: str
) -> None:
    walk_in = begin(store)
    with store.begin() as kept:
        wheres: tuple[dict[str, Any], ...] = (
            {"enquiry_id": enquiry_id},
            {"conversation_id": conversation_id},
            {"conversation_id": walk_in},
        )
        for where in wheres:
            kept.entries.add(**NOTE, account_id=account_id, words={"note": "x"}, **where)
        kept.entries.add(kind=EntryKind.RECORD, what="asked", account_id=account_id, now=NOON, enquiry_id=enquiry_id)
        assert [entry.number for entry in kept.entries.of_enquiry(enquiry_id)] == [1, 2, 4]
        assert [entry.number for entry in kept.entries.of_enquiry(enquiry_id, EntryKind.RECORD)] == [4]
        assert kept.entries.of_conversation(conversation_id, EntryKind.RECORD) == ()
        kept.conversations.join(walk_in, enquiry_id)
        found = kept.entries.of_enquiry(enquiry_id)
        assert [entry.number for entry in found] == [1, 2, 3, 4]
        assert found[2].words == {"note": "x"}
    assert verify(store) == []


def test_the_latest_review_of_each_conversation_stands(store: Store, account_id: str, conversation_id: str) -> None:
    other, none = begin(store), begin(store)
    with store.begin() as kept:
        for what, of in (("being_read", conversation_id), ("reviewed", other), ("reviewed", conversation_id)):
            review: dict[str, Any] = {"kind": EntryKind.REVIEW, "account_id": account_id, "now": NOON}
            kept.entries.add(**review, what=what, conversation_id=of)
        kept.entries.add(**NOTE, account_id=account_id, conversation_id=conversation_id)
        found = kept.entries.latest_reviews([conversation_id, other, none, "0" * 32])
        assert {of: (entry.number, entry.what) for of, entry in found.items()} == {
            conversation_id: (3, "reviewed"),
            other: (2, "reviewed"),
        }
        assert kept.entries.latest_reviews([]) == {}


def test_two_who_write_at_once_both_write(store: Store, account_id: str, conversation_id: str) -> None:
    def write(name: str) -> None:
        for number in range(10):
            with store.begin() as kept:
                words = {"note": f"{name} {number}"}
                kept.entries.add(**NOTE, account_id=account_id, conversation_id=conversation_id, words=words)
                kept.audit.add(AuditAct.CHANGED, NOON, account_id=account_id)

    both = [threading.Thread(target=write, args=(name,)) for name in ("one", "other")]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    with store.reading() as seen:
        assert [entry.number for entry in seen.entries.of_conversation(conversation_id)] == list(range(1, 21))
        assert len(seen.audit.search()) == 20
    assert verify(store) == []


def test_words_of_an_entry_lie_sealed_and_moved_they_do_not_open(
    store: Store, file: Path, account_id: str, conversation_id: str
) -> None:
    with store.begin() as kept:
        for words in (CANARY, "something else"):
            kept.entries.add(**NOTE, account_id=account_id, conversation_id=conversation_id, words={"note": words})
    assert "Oyelaran" not in repr(rows_below(file))
    with store.writing_rows() as rows:
        rows.connection.exec_driver_sql("DROP TRIGGER entries_never_change")
        one, two = rows.every(tables.entries, order_by=[tables.entries.c.number])
        rows.replace(tables.entries, one, to={"words": two["words"]})
    with pytest.raises(Damaged), store.reading() as seen:
        seen.entries.get(1)


def test_an_entry_goes_only_with_the_conversation_that_it_is_about(
    store: Store, account_id: str, conversation_id: str, enquiry_id: str
) -> None:
    other = begin(store)
    with store.begin() as kept:
        wheres: tuple[dict[str, Any], ...] = (
            {"enquiry_id": enquiry_id},
            {"conversation_id": conversation_id},
            {"conversation_id": other},
        )
        for where in wheres:
            kept.entries.add(**NOTE, account_id=account_id, **where)
    entries, forgetting = tables.entries, tables.forgetting
    with store.writing_rows() as rows:
        rows.add(forgetting, {"conversation_id": conversation_id, "began_at": 1})
        rows.drop(entries, entries.c.conversation_id == conversation_id)
    for left in (entries.c.conversation_id == other, entries.c.enquiry_id == enquiry_id):
        with pytest.raises(Exception, match="rows of entries never change"), store.writing_rows() as rows:
            rows.drop(entries, left)


# --- whose an enquiry is ---------------------------------------------------------------------------------------------


def test_an_enquiry_belongs_to_nobody_at_first(store: Store, enquiry_id: str) -> None:
    with store.reading() as seen:
        assert seen.allocations.access(enquiry_id) == Access(
            team_id=None, is_restricted=False, allocated=frozenset(), ever_allocated=frozenset(), lift_asked_by=None
        )
        assert seen.allocations.moves(enquiry_id) == ()
        for act in (seen.allocations.access, seen.allocations.moves):
            with pytest.raises(Missing):
                act("0" * 32)


def test_every_move_of_who_may_see_an_enquiry_is_kept(store: Store, account_id: str, enquiry_id: str) -> None:
    with store.begin() as kept:
        team_id = kept.teams.add("North", NOON)
        ben = work_for(kept, email="ben@example.org")
        for _ in range(2):
            kept.allocations.give_team(enquiry_id, team_id, None, NOON)
            kept.allocations.allocate(enquiry_id, ben, account_id, NOON)
        kept.allocations.restrict(enquiry_id, account_id, LATER)
        one = frozenset({ben})
        restricted = Access(team_id, is_restricted=True, ever_allocated=one)
        assert kept.allocations.access(enquiry_id) == replace(restricted, allocated=one)
        for _ in range(2):
            kept.allocations.unallocate(enquiry_id, ben, account_id, LATER)
            kept.allocations.restrict(enquiry_id, account_id, LATER)
        assert kept.allocations.access(enquiry_id) == restricted
        assert kept.allocations.moves(enquiry_id) == (
            AccessMove(AccessChange.GIVEN, team_id, None, None, NOON),
            AccessMove(AccessChange.ALLOCATED, None, ben, account_id, NOON),
            AccessMove(AccessChange.RESTRICTED, None, None, account_id, LATER),
            AccessMove(AccessChange.UNALLOCATED, None, ben, account_id, LATER),
        )
        kept.allocations.allocate(enquiry_id, ben, account_id, LATER)
        assert kept.allocations.access(enquiry_id).allocated == {ben}
    assert verify(store) == []


def test_a_restriction_is_lifted_by_another_than_asked(store: Store, account_id: str, enquiry_id: str) -> None:
    with store.begin() as kept:
        ben = work_for(kept, email="ben@example.org")
        allocations = kept.allocations
        with pytest.raises(Missing):
            allocations.ask_to_lift(enquiry_id, account_id, NOON)
        allocations.restrict(enquiry_id, account_id, NOON)
        with pytest.raises(Missing):
            allocations.lift(enquiry_id, ben, NOON)
        allocations.ask_to_lift(enquiry_id, account_id, NOON)
        allocations.ask_to_lift(enquiry_id, ben, LATER)
        assert allocations.access(enquiry_id).lift_asked_by == account_id
        with pytest.raises(Missing):
            allocations.lift(enquiry_id, account_id, LATER)
        allocations.lift(enquiry_id, ben, LATER)
        assert allocations.access(enquiry_id) == Access()
        assert allocations.moves(enquiry_id)[-1] == AccessMove(AccessChange.LIFTED, None, None, ben, LATER)
    assert verify(store) == []


def test_restricting_again_takes_back_what_was_asked(store: Store, account_id: str, enquiry_id: str) -> None:
    with store.begin() as kept:
        kept.allocations.restrict(enquiry_id, account_id, NOON)
        kept.allocations.ask_to_lift(enquiry_id, account_id, NOON)
        kept.allocations.restrict(enquiry_id, account_id, LATER)
        assert kept.allocations.access(enquiry_id) == Access(is_restricted=True)


def test_an_enquiry_is_given_to_what_is_there(store: Store, account_id: str, enquiry_id: str) -> None:
    acts: tuple[Callable[[Transaction], None], ...] = (
        lambda kept: kept.allocations.give_team(enquiry_id, "0" * 32, None, NOON),
        lambda kept: kept.allocations.give_team("0" * 32, "0" * 32, None, NOON),
        lambda kept: kept.allocations.allocate(enquiry_id, "0" * 32, None, NOON),
        lambda kept: kept.allocations.allocate("0" * 32, account_id, None, NOON),
        lambda kept: kept.allocations.restrict("0" * 32, account_id, NOON),
    )
    for act in acts:
        with pytest.raises(Missing), store.begin() as kept:
            act(kept)
    with store.reading() as seen:
        assert seen.allocations.access(enquiry_id) == Access()


# --- the audit -------------------------------------------------------------------------------------------------------


def test_the_audit_is_searched_from_its_end(store: Store, account_id: str, enquiry_id: str) -> None:
    with store.begin() as kept:
        add = kept.audit.add
        assert add(AuditAct.SIGN_IN_REFUSED, NOON) == 1
        add(AuditAct.SIGNED_IN, NOON, account_id=account_id)
        add(AuditAct.READ_ENQUIRY, NOON, account_id=account_id, team_id="north", enquiry_id=enquiry_id)
        add(AuditAct.READ_CONVERSATION, LATER, account_id="another", team_id="south", conversation_id="c", about="page")
    with store.reading() as seen:

        def found(**more: Any) -> list[int]:
            return [one.number for one in seen.audit.search(**more)]

        assert found() == [4, 3, 2, 1]
        assert found(account_id=account_id) == [3, 2]
        assert found(team_ids={"north", "east"}) == [3]
        assert found(team_ids=set()) == []
        assert found(enquiry_id=enquiry_id) == [3]
        assert found(conversation_id="c") == [4]
        assert found(acts={AuditAct.SIGNED_IN, AuditAct.READ_ENQUIRY}) == [3, 2]
        assert found(since=LATER) == [4]
        assert found(until=LATER) == [3, 2, 1]
        assert found(before_number=3) == [2, 1]
        assert found(at_most=2) == [4, 3]
        assert found(account_id="\0") == []
        (latest,) = seen.audit.search(at_most=1)
        assert latest == Audited(4, LATER, AuditAct.READ_CONVERSATION, "another", "south", None, "c", "page")


def test_what_is_not_kept_is_not_in_the_audit(store: Store) -> None:
    def close_what_is_not_there() -> None:
        with store.begin() as kept:
            kept.audit.add(AuditAct.CHANGED, NOON)
            kept.enquiries.close("0" * 32, NOON)

    with pytest.raises(Missing):
        close_what_is_not_there()
    with store.begin() as kept:
        assert kept.audit.add(AuditAct.SIGNED_IN, NOON) == 1
    assert verify(store) == []


# --- what the council set --------------------------------------------------------------------------------------------


def test_the_latest_value_stands_and_all_are_kept(store: Store, account_id: str) -> None:
    with store.begin() as kept:
        assert kept.council.now() == {}
        kept.council.change("telephone", "01632 960001", account_id, NOON)
        kept.council.change("telephone", "01632 960001", account_id, LATER)
        kept.council.change("telephone", " 01632 960002 ", None, LATER)
        kept.council.change("hours", "", account_id, LATER)
        assert kept.council.now() == {"telephone": " 01632 960002 ", "hours": ""}
        assert kept.council.history("telephone") == (
            Changed("01632 960001", account_id, NOON),
            Changed(" 01632 960002 ", None, LATER),
        )
        assert kept.council.history("nothing") == ()
        with pytest.raises(Missing):
            kept.council.change("hours", "always", "0" * 32, LATER)
    assert verify(store) == []


def test_a_version_of_a_document_is_confirmed_once(store: Store, account_id: str) -> None:
    with store.begin() as kept:
        ben = work_for(kept, email="ben@example.org")
        for now in (NOON, LATER):
            kept.council.confirm(account_id, "safe-talk.md", "d" * 64, now)
        kept.council.confirm(account_id, "safe-talk.md", "e" * 64, LATER)
        kept.council.confirm(ben, "safe-talk.md", "e" * 64, LATER + timedelta(days=1))
        mine = (
            Confirmed(account_id, "safe-talk.md", "d" * 64, NOON),
            Confirmed(account_id, "safe-talk.md", "e" * 64, LATER),
        )
        assert kept.council.confirmed() == (
            *mine,
            Confirmed(ben, "safe-talk.md", "e" * 64, LATER + timedelta(days=1)),
        )
        assert kept.council.confirmed(account_id) == mine
        with pytest.raises(Missing):
            kept.council.confirm("0" * 32, "safe-talk.md", "e" * 64, LATER)


# --- found by verify -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", ["number = 2", "number = 3", "number > 1"])
@pytest.mark.parametrize("log", ["audit", "entries"])
def test_rows_gone_from_a_log_are_missed(
    store: Store, file: Path, account_id: str, conversation_id: str, log: str, cut: str
) -> None:
    with store.begin() as kept:
        for _ in range(3):
            kept.audit.add(AuditAct.CHANGED, NOON)
            kept.entries.add(**NOTE, account_id=account_id, conversation_id=conversation_id)
    with from_below(file) as below:
        below.execute(f"DELETE FROM {log} WHERE {cut}")
    found = [(problem.table, problem.finding, problem.number) for problem in verify(store)]
    gone = {"number = 2": [2], "number = 3": [3], "number > 1": [2, 3]}[cut]
    assert found == [(log, "it is missing", number) for number in gone]


@pytest.mark.usefixtures("file")
def test_an_audit_written_anew_with_all_keys_breaks_its_chain(store: Store) -> None:
    with store.begin() as kept:
        for _ in range(3):
            kept.audit.add(AuditAct.READ_CONVERSATION, NOON, account_id="ama")
    audit = tables.audit
    with store.writing_rows() as rows:
        rows.connection.exec_driver_sql("DROP TRIGGER audit_never_change")
        rows.change(audit, audit.c.number == 2, to={"account_id": "ben"})
        rows.connection.exec_driver_sql(
            """CREATE TRIGGER audit_never_change BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'rows of audit never change'); END"""
        )
    assert [str(problem) for problem in verify(store)] == ["audit, number 2: it does not follow from the row before it"]


def test_an_enquiry_that_is_not_whose_its_moves_say_is_found(store: Store, account_id: str, enquiry_id: str) -> None:
    with store.begin() as kept:
        kept.allocations.give_team(enquiry_id, kept.teams.add("North", NOON), None, NOON)
        kept.allocations.allocate(enquiry_id, account_id, None, NOON)
        kept.allocations.restrict(enquiry_id, account_id, NOON)
    access, allocations = tables.enquiry_access, tables.allocations
    with store.writing_rows() as rows:
        rows.change(access, access.c.enquiry_id == enquiry_id, to={"is_restricted": 0})
        rows.change(allocations, allocations.c.enquiry_id == enquiry_id, to={"is_allocated": 0})
    findings = {(problem.table, problem.finding) for problem in verify(store)}
    assert findings == {
        ("enquiry_access", "it is not whose its moves say"),
        ("allocations", "it is not as its enquiry's moves say"),
    }
    with store.writing_rows() as rows:
        rows.drop(access, access.c.enquiry_id == enquiry_id)
        rows.drop(allocations, allocations.c.enquiry_id == enquiry_id)
    assert {(problem.table, problem.finding) for problem in verify(store)} == {
        ("enquiry_access", "it is missing"),
        ("allocations", "it is missing"),
    }


def test_a_review_that_is_not_the_latest_one_is_found(store: Store, account_id: str, conversation_id: str) -> None:
    with store.begin() as kept:
        review: dict[str, Any] = {"kind": EntryKind.REVIEW, "account_id": account_id, "now": NOON}
        kept.entries.add(**review, what="being_read", conversation_id=conversation_id)
    states = tables.conversation_states
    with store.writing_rows() as rows:
        rows.change(states, states.c.conversation_id == conversation_id, to={"review": "reviewed"})
    assert [(problem.table, problem.finding) for problem in verify(store)] == [
        ("conversation_states", "it does not say what the latest review says")
    ]


def test_an_account_found_by_another_address_is_named(store: Store, account_id: str) -> None:
    accounts = tables.accounts
    with store.writing_rows() as rows:
        rows.change(accounts, accounts.c.account_id == account_id, to={"found_by": b"\0" * 32})
    assert [problem.finding for problem in verify(store)] == ["it is found by another address than its own"]
