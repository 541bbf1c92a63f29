"""Conversations at rest: every turn as it was said, once, in its order."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from bot.conversation import Control, How, Kind, Skip, Speaker, Stage, State, Turn, Whose
from bot.store import AlreadyKept, Damaged, Missing, Origin, RootKey, Store, tables
from bot.store.verifying import verify
from tests.store.filling import CANARY, NOON, begin, fill, from_below, say, turns

# Anything that can stand in a Python string, lone surrogates and NUL included.
ANYTHING = st.text(st.characters(exclude_categories=()), max_size=300)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=ANYTHING)
def test_words_come_back_byte_for_byte(store: Store, words: str) -> None:
    conversation_id = begin(store)
    said = say(store, conversation_id, words)
    assert said.words == words
    assert turns(store, conversation_id) == (said,)


@pytest.mark.parametrize(
    "words",
    [
        "",
        " ",
        "None",
        "NULL",
        "\0",
        "before\0after",
        "\ud800 alone",
        "e\u0301 is not \u00e9",
        "\u202eright to left\u202c",
        "\ufeff\u200d\u2028\u2029\uffff",
        "\n\nhello\r\n\t",
        "/restart",
        '/inform{"speaker":"x"}',
        "{{7*7}} {outcome} %s",
        "'; DROP TABLE turns; --",
        "\U0001f642" * 20_000,
    ],
)
def test_awkward_words_come_back_byte_for_byte(store: Store, words: str) -> None:
    conversation_id = begin(store)
    say(store, conversation_id, words)
    assert turns(store, conversation_id)[0].words == words


def test_all_that_belongs_to_a_turn_comes_back(store: Store) -> None:
    conversation_id = begin(store)
    for _ in range(3):
        say(store, conversation_id, "earlier")
    more = {
        "speaker": Speaker.ADVOCATE,
        "kind": Kind.SKIP,
        "said_at": datetime(2026, 7, 1, 13, 0, 0, 999999, tzinfo=timezone(timedelta(hours=1))),
        "asked": "feelings",
        "answers": 1,
        "choice": (Skip.LATER, "turn:17"),
        "shown": ("b", "a", "größer"),
        "asking": '{"why": "so that we know"}',
        "replaces": 2,
        "adds_to": 3,
        "how": How.THROUGH_AN_INTERPRETER,
        "whose": Whose.UNDERSTOOD,
        "original": "\0 Anahtarım\r\n\ud800 ",
        "token": "a-token",
    }
    said = say(store, conversation_id, "words", **more)
    kept = turns(store, conversation_id)[3]
    assert kept == said == Turn(number=4, words="words", **more)  # type: ignore[arg-type]
    assert kept.said_at.tzinfo is UTC
    assert type(kept.choice[0]) is str


@pytest.mark.parametrize("words", ["My key", ""])
def test_an_original_is_sealed_beside_the_words_and_read_in_every_way(store: Store, file: Path, words: str) -> None:
    conversation_id = begin(store)
    said = say(store, conversation_id, words, original=CANARY, token="step")
    say(store, conversation_id, "Nobody translated this.")
    with store.reading() as seen:
        for found in (
            seen.conversations.turn(conversation_id, 1),
            seen.conversations.turn_by_token(conversation_id, "step"),
        ):
            assert found == said
        assert [turn.original for turn in seen.conversations.turns(conversation_id)] == [CANARY, ""]
    with from_below(file) as below:
        (sealed,), (none,) = below.execute("SELECT original FROM turns ORDER BY number").fetchall()
    assert b"Oyelaran" not in sealed
    assert none is None
    assert verify(store) == []


def test_turns_are_numbered_from_one_without_gaps_in_each_conversation(store: Store) -> None:
    one, other = begin(store), begin(store)
    for _ in range(3):
        say(store, one, "one")
        say(store, other, "other")
    assert [turn.number for turn in turns(store, one)] == [1, 2, 3]
    assert [turn.words for turn in turns(store, other)] == ["other"] * 3


def test_order_is_by_number_and_never_by_clock(store: Store) -> None:
    conversation_id = begin(store)
    say(store, conversation_id, "first", said_at=NOON)
    say(store, conversation_id, "second", said_at=NOON - timedelta(days=400))
    assert [turn.words for turn in turns(store, conversation_id)] == ["first", "second"]
    assert verify(store) == []


def test_a_step_token_brings_one_turn_only(store: Store) -> None:
    conversation_id, other = begin(store), begin(store)
    first = say(store, conversation_id, "I want to stay here.", token="step")
    with pytest.raises(AlreadyKept) as caught:
        say(store, conversation_id, "I want to stay here, again.", token="step")
    assert caught.value.turn == first
    assert "stay" not in f"{caught.value!r} {caught.value}"
    assert turns(store, conversation_id) == (first,)
    assert say(store, other, "Another conversation.", token="step").number == 1
    with store.reading() as seen:
        assert seen.conversations.turn_by_token(conversation_id, "step") == first
        assert seen.conversations.turn_by_token(conversation_id, "another") is None


def test_turns_without_a_token_never_count_as_repeats(store: Store) -> None:
    conversation_id = begin(store)
    assert [say(store, conversation_id, "yes").number for _ in range(2)] == [1, 2]


def test_one_turn_can_be_read_by_its_number(store: Store) -> None:
    conversation_id = begin(store)
    say(store, conversation_id, "one")
    two = say(store, conversation_id, "two")
    with store.reading() as seen:
        assert seen.conversations.turn(conversation_id, 2) == two
        for number in (0, -1, 3, 2**63, 2**100):
            with pytest.raises(Missing):
                seen.conversations.turn(conversation_id, number)


def test_what_is_not_there_is_said_to_be_missing(store: Store) -> None:
    conversation_id = begin(store)
    with pytest.raises(Missing, match="There is no conversation"):
        turns(store, "0" * 32)
    with pytest.raises(Missing, match="There is no conversation"):
        say(store, "0" * 32, "words")
    with pytest.raises(Missing, match="There is no enquiry"):
        begin(store, enquiry_id="0" * 32)
    for pointing in ({"answers": 1}, {"replaces": 2}, {"adds_to": -1}, {"answers": 0}):
        with pytest.raises(Missing, match="only point to an earlier one"):
            say(store, conversation_id, "words", **pointing)
    assert turns(store, conversation_id) == ()


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    conversation_id = begin(store)
    with pytest.raises(ValueError, match="aware"):
        say(store, conversation_id, "words", said_at=datetime(2026, 3, 2))  # noqa: DTZ001


def test_a_conversation_is_known_by_what_it_began_as_and_how_it_stands(store: Store) -> None:
    conversation_id = begin(store, origin=Origin.SHELL)
    with store.reading() as seen:
        begun = seen.conversations.get(conversation_id)
    assert (begun.stage, begun.speaker, begun.begun_at) == (Stage.FIRST, Speaker.PERSON, NOON)
    assert (begun.interview_version, begun.origin, begun.enquiry_id) == ("1", Origin.SHELL, None)
    assert (begun.length, begun.last_kind, begun.last_said_at) == (0, None, None)
    later = NOON + timedelta(minutes=1)
    say(store, conversation_id, "", speaker=Speaker.BOT, kind=Kind.ENDING, said_at=later)
    with store.reading() as seen:
        ended = seen.conversations.get(conversation_id)
    assert (ended.length, ended.last_kind, ended.last_said_at) == (1, Kind.ENDING, later)
    assert ended.head != begun.head
    assert len(ended.head) == 32


def test_what_was_entered_from_paper_says_on_which_day_it_was_said(store: Store) -> None:
    conversation_id = begin(store, origin=Origin.PAPER, said_on=date(2026, 2, 28))
    with store.reading() as seen:
        begun = seen.conversations.get(conversation_id)
    assert (begun.origin, begun.said_on) == (Origin.PAPER, date(2026, 2, 28))
    assert verify(store) == []


def test_conversations_are_listed_in_the_order_they_began(store: Store) -> None:
    with store.begin() as kept:
        enquiry_id = kept.enquiries.open(NOON)
        begun: list[str] = [
            kept.conversations.begin(
                stage=Stage.FIRST,
                speaker=Speaker.PERSON,
                begun_at=NOON + timedelta(minutes=minutes),
                interview_version="1",
                enquiry_id=enquiry_id if minutes < 3 else None,
            )
            for minutes in (2, 1, 3)
        ]
    with store.reading() as seen:
        listed = [one.conversation_id for one in seen.conversations.listed()]
        of_enquiry = [one.conversation_id for one in seen.conversations.listed(enquiry_id=enquiry_id)]
    assert listed == [begun[1], begun[0], begun[2]]
    assert of_enquiry == [begun[1], begun[0]]


def test_a_shell_may_name_its_conversation_itself(store: Store) -> None:
    assert begin(store, conversation_id="shell-of-a-developer") == "shell-of-a-developer"
    assert say(store, "shell-of-a-developer", "hello").number == 1


def test_words_said_before_a_conversation_joins_an_enquiry_still_open(store: Store) -> None:
    conversation_id = begin(store)
    before = say(store, conversation_id, CANARY)
    with store.begin() as kept:
        enquiry_id = kept.enquiries.open(NOON, reference="17")
        kept.conversations.join(conversation_id, enquiry_id)
    after = say(store, conversation_id, "And more.")
    assert turns(store, conversation_id) == (before, after)
    with store.reading() as seen:
        assert seen.conversations.get(conversation_id).enquiry_id == enquiry_id
    with pytest.raises(Missing), store.begin() as kept:
        kept.conversations.join(conversation_id, "0" * 32)
    with pytest.raises(Missing), store.begin() as kept:
        kept.conversations.join("0" * 32, enquiry_id)
    assert verify(store) == []


def test_conversations_of_one_enquiry_share_a_key_and_others_do_not(store: Store, file: Path) -> None:
    with store.begin() as kept:
        enquiry_id = kept.enquiries.open(NOON)
    for more in ({"enquiry_id": enquiry_id}, {"enquiry_id": enquiry_id}, {}, {}):
        begin(store, **more)
    with from_below(file) as below:
        keys = [key for (key,) in below.execute("SELECT key_id FROM conversations ORDER BY enquiry_id IS NULL")]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 3


def test_what_was_said_in_one_window_is_read_after_a_restart(store: Store, file: Path, root: RootKey) -> None:
    conversation_id = begin(store)
    said = tuple(say(store, conversation_id, f"Thing {number}") for number in range(1, 301))
    store.close()
    again = Store.open(file, root)
    assert turns(again, conversation_id) == said
    again.close()


@pytest.mark.parametrize("table", [table.name for table in tables.NEVER_CHANGED])
@pytest.mark.usefixtures("file")
def test_the_database_itself_refuses_to_change_or_delete_what_was_said(store: Store, table: str) -> None:
    fill(store)
    for statement in (
        f"UPDATE {table} SET proof = x'00'",
        f"DELETE FROM {table}",
        f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
    ):
        with pytest.raises(IntegrityError, match=f"rows of {table} never change"), store.writing_rows() as rows:
            rows.connection.exec_driver_sql(statement)
    assert verify(store) == []


def test_only_a_conversation_that_is_being_forgotten_can_be_deleted(store: Store) -> None:
    one, other = begin(store), begin(store)
    for conversation_id in (one, other):
        say(store, conversation_id, "words")
    turns_table, forgetting = tables.turns, tables.forgetting
    with store.writing_rows() as rows:
        rows.add(forgetting, {"conversation_id": one, "began_at": 1})
        rows.drop(turns_table, turns_table.c.conversation_id == one)
        rows.drop(forgetting, forgetting.c.conversation_id == one)
    with store.reading_rows() as rows:
        left = [row["conversation_id"] for row in rows.each(turns_table, order_by=[])]
    assert left == [other]


def test_a_turn_that_another_hand_changed_is_never_shown(store: Store, file: Path) -> None:
    conversation_id = begin(store)
    say(store, conversation_id, "I do not want to go.", asked="not_wanted")
    with from_below(file) as below:
        below.execute("UPDATE turns SET asked = 'wish'")
    with pytest.raises(Damaged, match="python -m bot verify"):
        turns(store, conversation_id)
    with from_below(file) as below:
        below.execute("DELETE FROM turns")
    with pytest.raises(Damaged, match="A turn is missing"):
        turns(store, conversation_id)


def test_turns_brought_together_are_kept_as_turns_said_one_after_the_other(store: Store) -> None:
    one, other, empty = begin(store), begin(store), begin(store)
    say(store, one, CANARY, original="\0 Anahtarım", how=How.THROUGH_AN_INTERPRETER, whose=Whose.OWN_WORDS)
    say(store, one, "No.", answers=1, choice=("a", "b"), shown=("b", "a"), asking="{}", asked="wish")
    later = NOON + timedelta(minutes=1)
    say(store, one, "", speaker=Speaker.BOT, kind=Kind.ENDING, said_at=later, replaces=1, adds_to=2, token="step")
    said = turns(store, one)
    with store.begin() as kept:
        kept.conversations.add_all(other, said[:2])
    with store.begin() as kept:
        kept.conversations.add_all(other, said[2:])
        kept.conversations.add_all(empty, ())
        ended = kept.conversations.get(other)
    assert turns(store, other) == said
    assert (ended.length, ended.last_kind, ended.last_said_at) == (3, Kind.ENDING, later)
    assert turns(store, empty) == ()
    assert verify(store) == []


def test_turns_brought_together_follow_on_from_what_was_said_or_none_is_kept(store: Store) -> None:
    one, other = begin(store), begin(store)
    first, second = (say(store, one, words) for words in ("Here.", "There."))
    for brought in ((second,), (first, first), (first, replace(second, answers=2))):
        with pytest.raises(Missing), store.begin() as kept:
            kept.conversations.add_all(other, brought)
    with pytest.raises(Missing), store.begin() as kept:
        kept.conversations.add_all("0" * 32, (first,))
    assert turns(store, other) == ()


def test_how_far_a_conversation_is_stays_since_when_it_came_there(store: Store) -> None:
    conversation_id = begin(store)
    found = []
    for minutes, state in enumerate((State.OPEN, State.FINISHED, State.FINISHED, State.OPEN), 1):
        with store.begin() as kept:
            kept.conversations.settle(conversation_id, state, NOON + timedelta(minutes=minutes))
            one = kept.conversations.get(conversation_id)
        found.append((one.state, one.settled_at))
    done, opened = NOON + timedelta(minutes=2), NOON + timedelta(minutes=4)
    assert found == [(State.OPEN, NOON), (State.FINISHED, done), (State.FINISHED, done), (State.OPEN, opened)]
    with pytest.raises(Missing), store.begin() as kept:
        kept.conversations.settle("0" * 32, State.FINISHED, NOON)


def test_what_waits_for_the_next_question_is_counted_from_a_moment_on(store: Store) -> None:
    with store.reading() as seen:
        assert seen.conversations.totals(NOON) == (0, 0, 0)
    for kind in (Kind.WORDS, Kind.CHOICE, Kind.SKIP, Kind.CONTROL):
        say(store, begin(store), "", kind=kind)
    twice = begin(store)
    say(store, twice, "Here.")
    say(store, twice, "Before.", said_at=NOON - timedelta(microseconds=1))
    begin(store)
    with store.reading() as seen:
        assert seen.conversations.totals(NOON) == (6, 6, 3)
        assert seen.conversations.totals(NOON - timedelta(microseconds=1)) == (6, 6, 4)
        assert seen.conversations.totals(NOON + timedelta(microseconds=1)) == (6, 6, 0)


def test_conversations_from_before_lists_knew_how_far_they_are_are_found_in_their_order(store: Store) -> None:
    with store.begin() as kept:
        second, first, _ = (
            kept.conversations.begin(
                stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=NOON + timedelta(minutes=at), interview_version="1"
            )
            for at in (2, 1, 0)
        )
    states = tables.conversation_states
    with store.reading() as seen:
        assert seen.conversations.unsettled() == ()
    with store.writing_rows() as rows:
        rows.drop(states, states.c.conversation_id.in_([first, second]))
    with store.reading() as seen:
        assert seen.conversations.unsettled() == (first, second)
        assert (seen.conversations.get(first).state, seen.conversations.get(first).settled_at) == (State.OPEN, None)


def test_a_control_may_be_handed_as_it_is(store: Store) -> None:
    conversation_id = begin(store)
    said = say(store, conversation_id, "", kind=Kind.CONTROL, choice=(Control.WHY,), asked=Control.WHY)
    assert said.choice == ("why",)
    assert turns(store, conversation_id) == (said,)
    assert verify(store) == []
