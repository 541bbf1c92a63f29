"""What an enquiry counts as: marked by whatever changes it, worked out again, and never another thing than it says."""

import re
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.conversation import Kind, Speaker, Stage
from bot.facts import EnquiryKind
from bot.figures import Spoken
from bot.records import RecordKind
from bot.roles import Role
from bot.store import EntryKind, RootKey, Store, Transaction
from bot.store.verifying import verify
from tests.store.filling import fill, from_below

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def due(store: Store) -> set[str]:
    with store.reading() as seen:
        return set(seen.facts.due())


def begin(kept: Transaction, enquiry_id: str | None) -> str:
    return kept.conversations.begin(
        stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=NOON, interview_version="1", enquiry_id=enquiry_id
    )


@pytest.fixture
def worker(store: Store) -> str:
    with store.begin() as kept:
        kept.teams.add("North", NOON)
        return kept.accounts.add(role=Role.MANAGER, name="Ama", email="ama@example.org", team_ids=(), now=NOON)


@pytest.fixture
def enquiry_id(store: Store) -> str:
    """An enquiry whose facts are up to date."""
    with store.begin() as kept:
        enquiry_id = kept.enquiries.open(NOON)
    assert due(store) == {enquiry_id}
    assert store.work_out_facts() == 1
    assert due(store) == set()
    return enquiry_id


def test_whatever_changes_an_enquiry_marks_it(store: Store, enquiry_id: str, worker: str) -> None:
    def marks(change: str) -> None:
        assert due(store) == {enquiry_id}, change
        store.work_out_facts()
        assert due(store) == set(), change

    with store.begin() as kept:
        conversation_id = begin(kept, enquiry_id)
    marks("a conversation begins")
    with store.begin() as kept:
        asked = kept.conversations.add(
            conversation_id, speaker=Speaker.BOT, kind=Kind.QUESTION, said_at=NOON, asked="outcome"
        )
        said = kept.conversations.add(
            conversation_id,
            speaker=Speaker.PERSON,
            kind=Kind.WORDS,
            said_at=NOON,
            asked="outcome",
            answers=asked.number,
            words="I want my key back",
        )
    marks("something is said")
    with store.begin() as kept:
        kept.outcomes.desire(conversation_id, said.number, NOON)
    marks("it becomes a desired outcome")
    with store.begin() as kept:
        kept.reviews.keep(conversation_id, "12345678_2", NOON, said_turn=said.number)
    marks("an outcome is spoken of again")
    with store.begin() as kept:
        kept.entries.add(kind=EntryKind.NOTE, what="note", account_id=worker, now=NOON, conversation_id=conversation_id)
    marks("something is written beside a conversation")
    with store.begin() as kept:
        choices = {"kind": ("section_42",), "age_band": ("75-84",)}
        kept.entries.add(
            kind=EntryKind.RECORD,
            what=RecordKind.ABOUT.value,
            account_id=worker,
            now=NOON,
            enquiry_id=enquiry_id,
            choices=choices,
        )
    marks("a record is made")
    with store.begin() as kept:
        kept.allocations.give_team(enquiry_id, kept.teams.listed()[0].team_id, worker, NOON)
    marks("it is given to a team")
    with store.begin() as kept:
        kept.enquiries.close(enquiry_id, NOON)
    marks("it is closed")
    with store.begin() as kept:
        of_nobody = begin(kept, None)
    assert due(store) == set()
    with store.begin() as kept:
        kept.conversations.join(of_nobody, enquiry_id)
    marks("a conversation joins it")
    with store.reading() as seen:
        facts = seen.facts.get(enquiry_id)
        assert facts == seen.facts_of(enquiry_id)
    assert facts is not None
    assert (facts.kind, facts.closed_on) == (EnquiryKind.SECTION_42, NOON.date())
    assert facts.counted["asked", Spoken.ALL] == {"asked_expressed": 1}
    assert verify(store) == []


def test_what_concerns_no_enquiry_marks_none(store: Store, enquiry_id: str, worker: str) -> None:
    with store.begin() as kept:
        conversation_id = begin(kept, None)
        kept.conversations.add(conversation_id, speaker=Speaker.BOT, kind=Kind.NOTICE, said_at=NOON)
        kept.teams.add("South", NOON)
    with store.reading() as seen:
        seen.facts_of(enquiry_id)
    assert due(store) == set()


def test_what_changes_while_facts_are_worked_out_is_worked_out_the_next_time(store: Store, enquiry_id: str) -> None:
    with store.begin() as kept:
        kept.enquiries.close(enquiry_id, NOON)
    with store.reading() as seen:
        marks, stale = seen.facts.due(), seen.facts_of(enquiry_id)
    with store.begin() as kept:
        kept.enquiries.reopen(enquiry_id, NOON)
    with store.begin() as kept:
        assert not kept.facts.settle(stale, marks[enquiry_id])
    assert due(store) == {enquiry_id}
    store.work_out_facts()
    with store.reading() as seen:
        facts = seen.facts.get(enquiry_id)
    assert facts is not None
    assert facts.closed_on is None


def test_a_promise_that_is_broken_marks_nothing(store: Store, enquiry_id: str) -> None:
    with suppress(RuntimeError), store.begin() as kept:
        kept.enquiries.close(enquiry_id, NOON)
        raise RuntimeError
    assert due(store) == set()


def test_facts_that_are_not_what_an_enquiry_says_are_named(store: Store, enquiry_id: str) -> None:
    with store.begin() as kept:
        kept.enquiries.close(enquiry_id, NOON)
    store.work_out_facts()
    with store.reading() as seen:
        facts = seen.facts_of(enquiry_id)
    assert verify(store) == []
    with store.begin() as kept:
        kept.facts.keep(replace(facts, kind=EnquiryKind.OTHER))
    (problem,) = verify(store)
    assert (problem.table, problem.finding) == ("enquiry_facts", "it is not what its enquiry says")


def test_an_enquiry_that_has_neither_facts_nor_a_mark_is_named_and_marked_when_migrating(
    store: Store, file: Path, root: RootKey, enquiry_id: str
) -> None:
    with from_below(file) as below:
        below.execute("DELETE FROM enquiry_facts")
    (problem,) = verify(store)
    assert (problem.table, problem.finding) == ("enquiry_facts", "it is missing")
    Store.migrate(file, root, NOON)
    assert verify(store) == []


def test_no_word_is_kept_of_what_an_enquiry_counts_as(store: Store, file: Path) -> None:
    fill(store)
    store.work_out_facts()
    with from_below(file) as below:
        names = [row[1] for row in below.execute("PRAGMA table_info(enquiry_facts)")]
        for row in below.execute("SELECT * FROM enquiry_facts"):
            for name, value in zip(names, row, strict=True):
                if value is None or isinstance(value, int) or name == "proof":
                    continue
                assert len(value) <= 32 or re.fullmatch(r"(\d{4}-\d\d-\d\d ?)+", value), name
