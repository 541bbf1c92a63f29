"""What is written out: every word exactly as it was said, and nothing that was taken back unless the law says so."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.conversation import Control, Kind, Skip, Speaker
from bot.exporting import RECORDS, TakenBack, export_one, exported
from bot.keeping import RECORDS as KEPT
from bot.keeping import keep_outcome, keep_plan, keep_rank, keep_section
from bot.store import Missing, Store
from tests.faults.nasty import NASTY
from tests.recording import Recorded
from tests.telling import NOON

CANARY = "my sister Oyelaran keeps my money"


@pytest.fixture
def told(store: Store) -> Recorded:
    return Recorded(store)


def written(told: Recorded, taken_back: TakenBack = TakenBack.LEFT_OUT) -> dict[str, Any]:
    """The conversation as it comes out of its line of JSON."""
    line = json.dumps(export_one(told.store, told.conversation_id, taken_back), ensure_ascii=True)
    assert "\n" not in line
    found: dict[str, Any] = json.loads(line.encode("ascii"))
    return found


def said(found: dict[str, Any]) -> list[str]:
    return [turn["words"] for turn in found["turns"] if turn["kind"] == "words"]


@pytest.mark.parametrize("words", [*NASTY.values(), "\ud800 alone", "\udc00\ud83d turned round", "a\0b"])
def test_words_come_out_as_they_went_in(told: Recorded, words: str) -> None:
    told.is_asked("feelings", says=words)
    keep_section(told.store, told.heard(feelings=told.turns[-1]), NOON)
    found = written(told)
    assert said(found) == [words]
    assert [one["words"] for one in found["feelings"]] == [[words]]


def halves_of_one_sign(words: str) -> bool:
    """JSON writes the two halves of a sign as it writes the sign: nothing that people type with can send them apart."""
    return any("\ud800" <= a <= "\udbff" and "\udc00" <= b <= "\udfff" for a, b in pairwise(words))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(words="\0")
@example(words="\udfff\ud800")
@given(words=st.text(st.characters(exclude_categories=()), min_size=1).filter(lambda it: not halves_of_one_sign(it)))
def test_whatever_words_there_are_come_out_as_they_went_in(told: Recorded, words: str) -> None:
    told.is_asked("feelings", says=words)
    assert said(written(told))[-1].encode("utf-8", "surrogatepass") == words.encode("utf-8", "surrogatepass")


def test_a_turn_comes_with_all_that_is_known_of_it(told: Recorded) -> None:
    told.asks_as_worded("safe_now")
    answer = told.chooses("a_bit_safe")
    asked, chosen = written(told)["turns"]
    assert asked["speaker"] == "bot"
    assert asked["kind"] == "question"
    assert asked["asked"] == "safe_now"
    assert set(asked["shown"]) == {"safe", "a_bit_safe", "not_safe", "not_sure"}
    assert chosen == {
        "number": 2,
        "speaker": "person",
        "asked": "safe_now",
        "answers": 1,
        "kind": "choice",
        "words": "",
        "choice": ["a_bit_safe"],
        "taken_back": False,
        "shown": [],
        "said_at": answer.said_at.isoformat(),
        "replaces": None,
        "adds_to": None,
        "how": None,
    }


def test_a_conversation_comes_with_what_it_is_and_the_digest_of_all_its_turns(told: Recorded) -> None:
    told.is_asked("feelings", says="I feel tired")
    found = written(told)
    assert found["id"] == told.conversation_id
    assert (found["stage"], found["speaker"], found["origin"]) == ("first", "person", "page")
    assert found["begun"] == NOON.isoformat()
    assert (found["finished"], found["stopped"]) == (None, None)
    with told.store.reading() as seen:
        assert found["digest"] == seen.conversations.get(told.conversation_id).head.hex()


@pytest.mark.parametrize(("ending", "is_finished"), [("done", True), ("gate_closed", False)])
def test_only_a_conversation_that_came_to_its_end_is_finished(
    told: Recorded, ending: str, *, is_finished: bool
) -> None:
    told.is_asked("feelings", says="I feel tired")
    end = told.ends(ending)
    assert written(told)["finished"] == (end.said_at.isoformat() if is_finished else None)


def test_whoever_stopped_and_kept_their_words_is_shown_as_stopped(told: Recorded) -> None:
    told.is_asked("feelings", says=CANARY)
    told.presses(Control.STOP_AND_KEEP)
    found = written(told)
    assert found["stopped"] == "stop_and_keep"
    assert said(found) == [CANARY]


def test_every_kind_of_record_has_its_name_and_its_place_even_where_it_is_empty(told: Recorded) -> None:
    assert set(RECORDS) == set(KEPT.values())
    assert len(set(RECORDS.values())) == len(RECORDS)
    found = written(told)
    assert [found[name] for name in RECORDS.values()] == [[]] * len(RECORDS)


def test_a_record_names_its_turn_and_what_stands_there_now(told: Recorded) -> None:
    first = told.is_asked("feelings", says="I feel tired")
    keep_section(told.store, told.heard(feelings=first), NOON)
    told.adds(first, "and sad")
    later = told.says_instead(first, "I feel worn out")
    assert written(told)["feelings"] == [
        {
            "turn": first.number,
            "asked": "feelings",
            "words": ["I feel worn out", "and sad"],
            "choice": [],
            "taken_back": False,
            "versions": [first.number, later.number],
        }
    ]


def test_an_outcome_comes_as_first_said_and_as_it_stands_with_all_that_was_said_of_it(told: Recorded) -> None:
    numbers = []
    for words in ("I want my own key", "I want to see my sister"):
        first, slots = told.wants(words, sign="I would know", weight="a_lot")
        keep_outcome(told.store, told.heard(**slots), NOON)
        numbers.append(first)
    key, sister = numbers
    later = told.says_instead(key, "I want a key to my room")
    chosen = told.is_asked("matters_most", f"turn:{sister.number}")
    keep_rank(told.store, told.heard(), [f"turn:{chosen.number}"], NOON)
    told.is_asked("together", "no")
    plan_a = told.is_asked("plan_a", f"turn:{key.number}")
    keep_plan(told.store, told.heard(together="no", apart="implied", plan_a=plan_a, plan_b="implied"), NOON)
    outcome, other = written(told)["outcomes"]
    assert outcome == {
        "words": "I want my own key",
        "words_now": "I want a key to my room",
        "turn": key.number,
        "versions": [
            {"turn": key.number, "words": "I want my own key", "said_at": key.said_at.isoformat()},
            {"turn": later.number, "words": "I want a key to my room", "said_at": later.said_at.isoformat()},
        ],
        "sign": ["I would know"],
        "weight": "a_lot",
        "rank": "2",
        "plan": "a",
        "apart_from": [sister.number],
        "how": "free_words",
        "whose": "person",
        "status": "said",
    }
    assert (other["rank"], other["plan"], other["apart_from"]) == ("1", "b", [key.number])


# --- taken back ------------------------------------------------------------------------------------------------------


def test_words_that_were_taken_back_are_nowhere_in_it_and_that_they_were_is_a_fact(told: Recorded) -> None:
    taken = told.is_asked("feelings", says=CANARY)
    told.is_asked("matters", says="My cat")
    keep_section(told.store, told.heard(feelings=taken, matters=told.turns[-1]), NOON)
    told.takes_back(taken)
    found = written(told)
    assert CANARY not in json.dumps(found)
    assert said(found) == ["", "My cat"]
    assert [turn["number"] for turn in found["turns"] if turn["taken_back"]] == [taken.number]
    assert [turn["replaces"] for turn in found["turns"] if turn["kind"] == "taken_back"] == [taken.number]
    assert [one["taken_back"] for one in found["feelings"]] == [True]


def test_where_the_law_says_so_they_are_kept_in_and_marked(told: Recorded) -> None:
    taken = told.is_asked("feelings", says=CANARY)
    told.takes_back(taken)
    found = written(told, TakenBack.KEPT_IN)
    assert said(found) == [CANARY]
    assert [turn["number"] for turn in found["turns"] if turn["taken_back"]] == [taken.number]


def test_every_wording_before_it_was_taken_back_is_left_out_and_what_is_said_after_is_there(told: Recorded) -> None:
    first = told.is_asked("feelings", says=CANARY)
    second = told.says_instead(first, f"{CANARY} now")
    told.takes_back(second)
    third = told.says_instead(first, "I feel tired")
    found = written(told)
    assert CANARY not in json.dumps(found)
    assert said(found) == ["", "", "I feel tired"]
    assert [turn["number"] for turn in found["turns"] if turn["taken_back"]] == [first.number, second.number]
    assert third.number == 5


def test_what_was_added_and_taken_back_is_left_out_alone(told: Recorded) -> None:
    answer = told.is_asked("feelings", says="I feel tired")
    told.takes_back(told.adds(answer, CANARY))
    found = written(told)
    assert CANARY not in json.dumps(found)
    assert said(found) == ["I feel tired", ""]


def test_a_choice_that_was_taken_back_is_left_out_too(told: Recorded) -> None:
    told.takes_back(told.is_asked("safe_now", "not_safe"))
    assert [turn["choice"] for turn in written(told)["turns"] if turn["kind"] == "choice"] == [[]]


def test_an_outcome_that_was_taken_back_is_none_and_stands_in_no_other(told: Recorded) -> None:
    taken, slots = told.wants(CANARY, sign="I would know", weight="a_lot")
    keep_outcome(told.store, told.heard(**slots), NOON)
    told.takes_back(taken)
    found = written(told)
    assert found["outcomes"] == []
    assert CANARY not in json.dumps(found)


def test_a_sign_that_was_taken_back_is_left_out_of_its_outcome(told: Recorded) -> None:
    _, slots = told.wants("I want my own key", sign=CANARY)
    keep_outcome(told.store, told.heard(**slots), NOON)
    told.takes_back(slots["outcome_sign"])
    found = written(told)
    assert CANARY not in json.dumps(found)
    assert [outcome["sign"] for outcome in found["outcomes"]] == [[]]


@pytest.mark.parametrize("taken_back", list(TakenBack))
def test_whoever_took_everything_back_leaves_no_record(told: Recorded, taken_back: TakenBack) -> None:
    feelings = told.is_asked("feelings", says=CANARY)
    _, slots = told.wants("I want my own key")
    keep_section(told.store, told.heard(feelings=feelings), NOON)
    keep_outcome(told.store, told.heard(**slots), NOON)
    told.asks_as_worded("worries")
    told.skips(Skip.DO_NOT_KNOW)
    with told.store.begin() as kept:
        kept.conversations.add(
            told.conversation_id, speaker=Speaker.PERSON, kind=Kind.NOTE, said_at=NOON, words=f"A note: {CANARY}"
        )
        kept.conversations.add(
            told.conversation_id,
            speaker=Speaker.PERSON,
            kind=Kind.CONTROL,
            said_at=NOON,
            choice=(Control.STOP_AND_TAKE_BACK,),
        )
    found = written(told, taken_back)
    assert found["stopped"] == "stop_and_take_back"
    assert (found["outcomes"], found["feelings"]) == ([], [])
    assert (CANARY in json.dumps(found)) is (taken_back is TakenBack.KEPT_IN)
    assert [turn["number"] for turn in found["turns"] if turn["taken_back"]] == [2, 4, 6, 7]


# --- which conversations ---------------------------------------------------------------------------------------------


def test_conversations_come_one_by_one_in_the_order_they_began(store: Store) -> None:
    every = [Recorded(store) for _ in range(3)]
    assert [found["id"] for found in exported(store)] == sorted(one.conversation_id for one in every)


def test_an_empty_store_gives_nothing(store: Store) -> None:
    assert list(exported(store)) == []


def test_a_conversation_that_there_is_not_is_missing(store: Store) -> None:
    with pytest.raises(Missing):
        export_one(store, "f" * 32)
