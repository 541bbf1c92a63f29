"""What is gathered in memory and kept at once is what the same verbs keep one by one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.conversation import Kind, Speaker, Stage, State, Turn
from bot.flags import FlagKind
from bot.outcomes import Mark
from bot.roles import Role
from bot.store import Entry, EntryKind, Missing, Store, Taken, Transaction, tables
from bot.store.verifying import verify

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TURNS = (
    Turn(1, Speaker.BOT, Kind.QUESTION, NOON, "outcome", words="What do you want to be different?", asking="{}"),
    Turn(2, Speaker.PERSON, Kind.WORDS, NOON, "outcome", 1, "  My own key.\n", token="page-1"),
    Turn(3, Speaker.PERSON, Kind.WORDS, NOON, "outcome", 1, "And my garden", token="page-2", original="ogród"),
)


def a_worker(kept: Transaction) -> str:
    return kept.accounts.add(
        role=Role.PRACTITIONER,
        name="Tom",
        email="tom@council.example",
        team_ids=[kept.teams.add("North", NOON)],
        now=NOON,
    )


def an_enquiry(kept: Transaction, reference: str, worker: str) -> str:
    """Make everything that belongs to an enquiry; done again, much of it changes nothing."""
    enquiry_id = kept.enquiries.open(NOON, reference=reference)
    kept.allocations.allocate(enquiry_id, worker, worker, NOON)
    kept.allocations.allocate(enquiry_id, worker, worker, NOON)
    kept.allocations.restrict(enquiry_id, worker, NOON)
    conversation_id = kept.conversations.begin(
        stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=NOON, interview_version="one", enquiry_id=enquiry_id
    )
    kept.conversations.add_all(conversation_id, TURNS)
    kept.conversations.add(conversation_id, speaker=Speaker.BOT, kind=Kind.ENDING, said_at=NOON, words="Thank you.")
    for sign_turn in (None, 3, 3):
        kept.outcomes.desire(conversation_id, 2, NOON, sign_turn=sign_turn)
        kept.outcomes.mark(conversation_id, Mark.RANK, 2, value="1", turn=3, now=NOON)
        kept.flags.raise_flag(conversation_id, FlagKind.TOLD_WHAT_HAPPENED, 2, NOON)
        kept.quotes.quote(conversation_id, "wish", 2, NOON)
        kept.reviews.keep(conversation_id, "outcome", NOON, said_turn=2, why_turn=sign_turn)
    kept.conversations.settle(conversation_id, State.FINISHED, NOON)
    kept.enquiries.close(enquiry_id, NOON + timedelta(days=1))
    kept.enquiries.reopen(enquiry_id, NOON + timedelta(days=2))
    return enquiry_id


def gather(store: Store, enquiries: dict[str, str]) -> None:
    with store.gathering() as (kept, _):
        for reference, worker in enquiries.items():
            an_enquiry(kept, reference, worker)


def entries_of(conversation_id: str, enquiry_id: str, worker: str) -> list[Entry]:
    read = Entry(1, EntryKind.REVIEW, "being_read", conversation_id, enquiry_id, None, None, {}, {}, None, worker, NOON)
    return [
        read,
        Entry(
            2,
            EntryKind.REVIEW,
            "reviewed",
            conversation_id,
            enquiry_id,
            2,
            None,
            {"as": ("read",)},
            {"words": "Read."},
            1,
            worker,
            NOON,
        ),
    ]


def rows_of(store: Store, enquiry_id: str) -> dict[str, list[dict[str, object]]]:
    """Give all that is kept of an enquiry but ids, keys and seals, which are drawn."""
    drawn = {"enquiry_id", "conversation_id", "key_id", "words", "original", "head", "proof", "reference", "found_by"}
    drawn |= {"mark"}
    with store.reading_rows() as rows:
        conversations = tables.conversations
        found = rows.every(conversations, conversations.c.enquiry_id == enquiry_id, order_by=[])
        ids = {"enquiry_id": enquiry_id, "conversation_id": found[0]["conversation_id"]}
        return {
            table.name: [
                {name: value for name, value in row.items() if name not in drawn}
                for row in rows.every(table, table.c[by] == named, order_by=list(table.primary_key.columns))
            ]
            for table in tables.metadata.sorted_tables
            for by, named in ids.items()
            if by in table.c and table is not tables.entries
        }


def test_what_is_gathered_is_kept_as_the_same_verbs_keep_it(store: Store) -> None:
    with store.begin() as kept:
        worker = a_worker(kept)
        plainly = an_enquiry(kept, "SA-1", worker)
    with store.gathering() as (kept, _):
        gathered = an_enquiry(kept, "SA-2", worker)
        assert kept.enquiries.get(gathered).reference == "SA-2"
        (told,) = kept.told_in(gathered)
        assert kept.conversations.turns(told.conversation.conversation_id)[:3] == TURNS
    assert rows_of(store, gathered) == rows_of(store, plainly)
    assert verify(store) == []
    with store.reading() as seen:
        found = seen.enquiries.find("sa-2")
        (told,) = seen.told_in(gathered)
        assert seen.conversations.turns(told.conversation.conversation_id)[:3] == TURNS
    assert found is not None
    assert found.enquiry_id == gathered


def test_entries_go_on_from_those_that_are_there(store: Store) -> None:
    with store.begin() as kept:
        worker = a_worker(kept)
        enquiry_id = an_enquiry(kept, "SA-1", worker)
        kept.entries.add(kind=EntryKind.NOTE, what="note", account_id=worker, now=NOON, enquiry_id=enquiry_id)
    with store.gathering() as (kept, gathered):
        enquiry_id = an_enquiry(kept, "SA-2", worker)
        conversation_id = kept.conversations.listed(enquiry_id=enquiry_id)[0].conversation_id
        read, reviewed = entries_of(conversation_id, enquiry_id, worker)
        before = gathered.write(read)
        gathered.write(replace(reviewed, replaces=before))
        assert [one.number for one in kept.entries.of_enquiry(enquiry_id)] == [1, 2]
        assert not kept.entries.of_enquiry(enquiry_id, EntryKind.NOTE)
        kept.facts.keep(kept.facts_of(enquiry_id))
    with store.reading() as seen:
        found = seen.entries.of_conversation(conversation_id)
        assert [(one.number, one.what, one.replaces, one.words) for one in found] == [
            (2, "being_read", None, {}),
            (3, "reviewed", 2, {"words": "Read."}),
        ]
        assert seen.conversations.get(conversation_id).review == "reviewed"
        assert seen.entries.length() == 3
        assert seen.facts.get(enquiry_id) == seen.facts_of(enquiry_id)
    assert verify(store) == []


def test_all_of_it_is_kept_or_none(store: Store) -> None:
    with store.begin() as kept:
        worker = a_worker(kept)
        an_enquiry(kept, "SA-1", worker)
    for problem, reference, who in ((Taken, "sa-1", worker), (Missing, "SA-3", "nobody")):
        with pytest.raises(problem):
            gather(store, {"SA-2": worker, reference: who})
    with store.reading() as seen:
        assert [one.reference for one in seen.enquiries.listed()] == ["SA-1"]
    assert verify(store) == []


def test_what_is_kept_is_not_looked_for_among_what_is_gathered(store: Store) -> None:
    with store.begin() as kept:
        enquiry_id = kept.enquiries.open(NOON)
    with store.gathering() as (kept, _):
        with pytest.raises(Missing):
            kept.enquiries.get(enquiry_id)
        drops = (lambda: kept.outcomes._rows.drop(tables.turns), lambda: kept.drafts.drop("0" * 32, 1))
        for ask in (kept.conversations.unsettled, *drops):
            with pytest.raises(RuntimeError, match="gathered"):
                ask()
        with pytest.raises(RuntimeError, match="equality"):
            kept.invitations._rows.first(tables.turns, tables.turns.c.words.is_(None))
