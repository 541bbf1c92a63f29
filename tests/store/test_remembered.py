"""Turns that were read lately: remembered only as long as they are what lies in the store."""

import contextlib
from pathlib import Path

import pytest

from bot.conversation import Kind, Speaker
from bot.store import Damaged, RootKey, Store, remembered
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
