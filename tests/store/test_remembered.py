"""Turns that were read and sums that were made lately: remembered only as long as they are what lies in the store."""

import contextlib
from datetime import date, timedelta
from pathlib import Path

import pytest

from bot.conversation import Kind, Speaker
from bot.figures import Period, Spoken
from bot.store import Damaged, RootKey, Store, remembered
from bot.store.facts import Among
from tests.store.filling import NOON, begin, from_below, say, turns


def test_what_another_process_added_is_read_too(store: Store, file: Path, root: RootKey) -> None:
    conversation_id = begin(store)
    other = Store.open(file, root)
    said = []
    for number in range(1, 5):
        said.append(say(other, conversation_id, f"Thing {number}"))
        assert turns(store, conversation_id) == tuple(said)
        assert turns(store, conversation_id) == tuple(said)
    other.close()


def test_a_promise_that_broke_is_not_remembered(store: Store) -> None:
    conversation_id = begin(store)
    one = say(store, conversation_id, "one")
    with contextlib.suppress(ZeroDivisionError), store.begin() as kept:
        kept.conversations.add(conversation_id, speaker=Speaker.PERSON, kind=Kind.WORDS, said_at=NOON, words="broken")
        assert len(kept.conversations.turns(conversation_id)) == 2
        raise ZeroDivisionError
    assert turns(store, conversation_id) == (one,)
    with contextlib.suppress(ZeroDivisionError), store.begin() as kept:
        kept.conversations.add(conversation_id, speaker=Speaker.PERSON, kind=Kind.WORDS, said_at=NOON, words="broken")
        kept.conversations.turns(conversation_id)
        raise ZeroDivisionError
    two = say(store, conversation_id, "two")
    three = say(store, conversation_id, "three")
    assert turns(store, conversation_id) == (one, two, three)


def test_an_earlier_moment_is_seen_as_it_was_though_later_turns_are_remembered(store: Store) -> None:
    conversation_id = begin(store)
    one = say(store, conversation_id, "one")
    with store.reading() as earlier:
        assert earlier.conversations.get(conversation_id).length == 1
        two = say(store, conversation_id, "two")
        assert turns(store, conversation_id) == (one, two)
        assert earlier.conversations.turns(conversation_id) == (one,)
    assert turns(store, conversation_id) == (one, two)


def test_a_changed_turn_after_those_remembered_is_never_shown(store: Store, file: Path) -> None:
    conversation_id = begin(store)
    say(store, conversation_id, "one")
    turns(store, conversation_id)
    say(store, conversation_id, "two")
    with from_below(file) as below:
        below.execute("UPDATE turns SET asked = 'wish' WHERE number = 2")
    with pytest.raises(Damaged):
        turns(store, conversation_id)


def test_only_so_many_conversations_are_remembered(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "REMEMBERED", 2)
    conversations = [begin(store) for _ in range(4)]
    said = [(say(store, one, f"Thing {number}"),) for number, one in enumerate(conversations)]
    for _ in range(2):
        assert [turns(store, one) for one in conversations] == said
    assert len(store._remembered._kept) == 2
    assert list(store._remembered._kept) == conversations[2:]


ALWAYS = Among(Period(date(2000, 1, 1), date(2100, 1, 1)))


def closed(store: Store) -> str:
    with store.begin() as kept:
        enquiry_id = kept.enquiries.open(NOON)
        kept.enquiries.close(enquiry_id, NOON + timedelta(days=1))
    store.work_out_facts()
    return enquiry_id


def counted(store: Store) -> tuple[int, int]:
    """How many were closed, by each of two questions: enquiries, and one cell of a measure."""
    with store.reading() as seen:
        cells = seen.facts.counted(ALWAYS, [("advocacy", Spoken.ALL)])
        return seen.facts.number(ALWAYS), cells["advocacy", Spoken.ALL]["not_recorded"]


def test_a_sum_is_made_once_and_anew_when_what_it_is_made_of_changes(store: Store, file: Path, root: RootKey) -> None:
    assert counted(store) == (0, 0)
    first = closed(store)
    assert counted(store) == (1, 1)
    # Not by the store: so a sum that was made before is still what it gives.
    with from_below(file) as connection:
        connection.execute("UPDATE enquiry_facts SET closed_on = '1999-01-01'")
    assert counted(store) == (1, 1)
    with contextlib.closing(Store.open(file, root)) as other:
        assert counted(other) == (0, 0)
        closed(other)
        assert counted(other) == (1, 1)
    assert counted(store) == (1, 1)
    with from_below(file) as connection:
        connection.execute("UPDATE enquiry_facts SET closed_on = '2026-01-01' WHERE enquiry_id = ?", (first,))
    closed(store)
    assert counted(store) == (3, 3)


def test_what_goes_on_in_open_enquiries_leaves_sums_alone(store: Store, file: Path) -> None:
    closed(store)
    assert counted(store) == (1, 1)
    with from_below(file) as connection:
        connection.execute("UPDATE enquiry_facts SET closed_on = '1999-01-01'")
    with store.begin() as kept:
        kept.enquiries.open(NOON)
    store.work_out_facts()
    assert counted(store) == (1, 1)


def test_a_promise_counts_what_it_changed_itself(store: Store) -> None:
    enquiry_id = closed(store)
    with contextlib.suppress(ZeroDivisionError), store.begin() as kept:
        assert kept.facts.number(ALWAYS) == 1
        kept.enquiries.reopen(enquiry_id, NOON + timedelta(days=2))
        kept.facts.keep(kept.facts_of(enquiry_id))
        assert kept.facts.number(ALWAYS) == 0
        raise ZeroDivisionError
    assert counted(store) == (1, 1)


def test_only_so_many_sums_are_remembered(store: Store) -> None:
    closed(store)
    with store.reading() as seen:
        for years in range(remembered.SUMS + 5):
            period = Period(date(1900 + years, 1, 1), date(2100, 1, 1))
            assert seen.facts.number(Among(period)) == (1 if period.first.year <= 2026 else 0)
    assert len(store._sums._kept) == remembered.SUMS
