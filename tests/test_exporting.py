"""What is written out: every word exactly as it was said, and nothing that was taken back unless the law says so."""

import json
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.conversation import Colours, Control, How, Kind, Preferences, Skip, Speaker, Stage, TextSize, Whose
from bot.enquiry import outcome_id
from bot.exporting import RECORDS, TakenBack, export_enquiry, export_one, exported
from bot.keeping import RECORDS as KEPT
from bot.keeping import keep_outcome, keep_plan, keep_rank, keep_section
from bot.store import Missing, Origin, Store
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
        "original": "",
        "choice": ["a_bit_safe"],
        "taken_back": False,
        "shown": [],
        "said_at": answer.said_at.isoformat(),
        "replaces": None,
        "adds_to": None,
        "how": None,
        "whose": None,
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
            "speaker": "person",
            "whose": None,
            "how": None,
            "words": ["I feel worn out", "and sad"],
            "originals": ["", ""],
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
    said = {"original": "", "speaker": "person", "whose": None}
    assert outcome == {
        "id": outcome_id(told.conversation_id, key.number),
        "words": "I want my own key",
        "words_now": "I want a key to my room",
        "turn": key.number,
        "versions": [
            {"turn": key.number, "words": "I want my own key", "said_at": key.said_at.isoformat(), **said},
            {"turn": later.number, "words": "I want a key to my room", "said_at": later.said_at.isoformat(), **said},
        ],
        "sign": ["I would know"],
        "weight": "a_lot",
        "rank": "2",
        "plan": "a",
        "apart_from": [sister.number],
        "how": "free_words",
        "speaker": "person",
        "whose": None,
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


@pytest.mark.parametrize("taken_back", list(TakenBack))
def test_an_original_and_a_private_note_go_with_the_words_that_were_taken_back(
    told: Recorded, taken_back: TakenBack
) -> None:
    asked = told.asks_as_worded("feelings")
    told.says("I am tired", original=CANARY)
    told.notes(f"She said {CANARY}", asked)
    told.presses(Control.STOP_AND_TAKE_BACK)
    found = written(told, taken_back)
    assert (CANARY in json.dumps(found)) is (taken_back is TakenBack.KEPT_IN)
    assert len(found["notes"]) == (taken_back is TakenBack.KEPT_IN)


# --- how it was said, and what stands beside it -----------------------------------------------------------------------


def test_whose_words_they_are_and_the_original_of_a_translation_come_with_a_turn_and_with_its_record(
    store: Store,
) -> None:
    told = Recorded(store, speaker=Speaker.ADVOCATE)
    told.asks_as_worded("feelings")
    said = told.says("She is tired", original=" Yorgunum\n", whose=Whose.OWN_WORDS, how=How.THROUGH_AN_INTERPRETER)
    keep_section(store, told.heard(feelings=said), NOON)
    told.adds(said, "and sad")
    found = written(told)
    turn, (feeling,) = found["turns"][1], found["feelings"]
    assert (turn["whose"], turn["original"]) == ("own_words", " Yorgunum\n")
    assert (feeling["speaker"], feeling["whose"], feeling["how"]) == (
        "advocate",
        "own_words",
        "through_an_interpreter",
    )
    assert feeling["words"] == ["She is tired", "and sad"]
    assert feeling["originals"] == [" Yorgunum\n", ""]


def test_notes_come_as_notes_and_a_private_one_says_that_it_is(store: Store) -> None:
    told = Recorded(store, speaker=Speaker.PRACTITIONER)
    asked = told.asks_as_worded("feelings")
    told.says("I feel tired")
    note = told.notes("Her son was in the kitchen", asked)
    (found,) = written(told)["notes"]
    assert found == {
        "turn": note.number,
        "answers": asked.number,
        "words": "Her son was in the kitchen",
        "is_private": True,
        "said_at": note.said_at.isoformat(),
    }


def test_whether_it_is_shared_and_what_makes_the_pages_easier_come_with_a_conversation(told: Recorded) -> None:
    assert written(told)["shared"] is None
    told.ends()
    told.presses(Control.SHARE)
    with told.store.begin() as kept:
        kept.preferences.keep(told.conversation_id, Preferences(TextSize.BIGGER, Colours.CREAM, simpler=True), NOON)
    found = written(told)
    assert found["shared"] is True
    assert found["preferences"] == {
        "text_size": "125",
        "colours": "cream",
        "pictures": True,
        "simpler": True,
        "one_at_a_time": False,
        "read_aloud": False,
    }


def test_what_came_on_paper_says_so_and_the_day_on_which_it_was_said(store: Store) -> None:
    with store.begin() as kept:
        conversation_id = kept.conversations.begin(
            stage=Stage.FIRST,
            speaker=Speaker.PERSON,
            begun_at=NOON,
            interview_version="1",
            origin=Origin.PAPER,
            said_on=date(2026, 2, 27),
        )
    found = export_one(store, conversation_id)
    assert (found["origin"], found["said_on"]) == ("paper", "2026-02-27")
    assert (found["enquiry"], found["reference"]) == (None, None)


# --- an enquiry ------------------------------------------------------------------------------------------------------


@pytest.fixture
def enquiry_id(store: Store) -> str:
    with store.begin() as kept:
        return kept.enquiries.open(NOON, reference="ASC 17/2026")


def whole(store: Store, enquiry_id: str, taken_back: TakenBack = TakenBack.LEFT_OUT) -> dict[str, Any]:
    """The enquiry as it comes out of its line of JSON."""
    found: dict[str, Any] = json.loads(json.dumps(export_enquiry(store, enquiry_id, taken_back)))
    return found


def test_an_enquiry_comes_with_what_became_of_it_and_who_was_invited(store: Store, enquiry_id: str) -> None:
    later = NOON + timedelta(days=90)
    with store.begin() as kept:
        kept.enquiries.close(enquiry_id, later)
        kept.invitations.add(
            enquiry_id,
            NOON,
            stage=Stage.CHECK_IN,
            speaker=Speaker.ADVOCATE,
            origin=Origin.PAGE,
            contact="yes, by letter to her sister",
            valid_until=later,
            bucket=1,
            salt=b"s",
            verifier=b"v",
        )
    found = whole(store, enquiry_id)
    assert (found["id"], found["reference"]) == (enquiry_id, "ASC 17/2026")
    assert (found["opened"], found["closed"]) == (NOON.isoformat(), later.isoformat())
    assert found["moves"] == [
        {"move": "opened", "at": NOON.isoformat()},
        {"move": "closed", "at": later.isoformat()},
    ]
    assert found["invitations"] == [
        {
            "stage": "check-in",
            "speaker": "advocate",
            "origin": "page",
            "contact": "yes, by letter to her sister",
            "made": NOON.isoformat(),
            "valid_until": later.isoformat(),
            "used": None,
            "ended": None,
            "conversation": None,
        }
    ]
    assert (found["conversations"], found["outcomes"]) == ([], [])
    assert found["proposed"] == {"person": None, "advocate": None}


def test_an_enquiry_that_there_is_not_is_missing(store: Store) -> None:
    with pytest.raises(Missing):
        export_enquiry(store, "f" * 32)


class Enquiry:
    """A key that the person wants, spoken of by everybody at every stage."""

    def __init__(self, store: Store, enquiry_id: str) -> None:
        self.first = Recorded(store, enquiry_id=enquiry_id)
        key, slots = self.first.wants("I want my own key", sign="I can lock my door", weight="a_lot")
        keep_outcome(store, self.first.heard(**slots), NOON)
        self.key = outcome_id(self.first.conversation_id, key.number)
        self.check_in = Recorded(
            store, stage=Stage.CHECK_IN, speaker=Speaker.ADVOCATE, enquiry_id=enquiry_id, begun_at=NOON + timedelta(1)
        )
        said = self.check_in.is_asked("outcome_now", "say_differently")
        self.check_in.asks_as_worded("outcome_again")
        again = self.check_in.says("She wants to be safe", whose=Whose.UNDERSTOOD)
        why = self.check_in.is_asked("outcome_why", says="There was a break-in")
        self.closing = Recorded(
            store,
            stage=Stage.CLOSING,
            speaker=Speaker.PRACTITIONER,
            enquiry_id=enquiry_id,
            begun_at=NOON + timedelta(2),
        )
        verdict = self.closing.is_asked("happened", "some_of_it")
        difference = self.closing.is_asked("difference", says="I sleep at night")
        own = self.closing.is_asked("practitioner_verdict", "all_of_it")
        with store.begin() as kept:
            kept.reviews.keep(
                self.check_in.conversation_id,
                self.key,
                NOON,
                said_turn=said.number,
                again_turn=again.number,
                why_turn=why.number,
            )
            kept.reviews.keep(
                self.closing.conversation_id,
                self.key,
                NOON,
                said_turn=verdict.number,
                difference_turn=difference.number,
                own_turn=own.number,
            )


def test_each_voice_stands_apart_in_an_enquiry_and_each_wording_has_its_date(store: Store, enquiry_id: str) -> None:
    told = Enquiry(store, enquiry_id)
    found = whole(store, enquiry_id)
    assert [(one["stage"], one["speaker"]) for one in found["conversations"]] == [
        ("first", "person"),
        ("check-in", "advocate"),
        ("closing", "practitioner"),
    ]
    (outcome,) = found["outcomes"]
    assert (outcome["id"], outcome["voice"], outcome["words_now"]) == (told.key, "person", ["I want my own key"])
    assert (outcome["sign"], outcome["weight"], outcome["status"]) == (["I can lock my door"], "a_lot", "said")
    persons, advocates = outcome["voices"]["person"], outcome["voices"]["advocate"]
    assert [one["words"] for one in persons["wordings"]] == ["I want my own key"]
    assert [(one["words"], one["whose"], one["why"]) for one in advocates["wordings"]] == [
        ("She wants to be safe", "understood", ["There was a break-in"])
    ]
    assert [one["said_at"] for one in (*persons["wordings"], *advocates["wordings"])] == [
        told.first.turns[1].said_at.isoformat(),
        told.check_in.turns[3].said_at.isoformat(),
    ]
    assert [(one["stage"], one["value"]) for one in advocates["reviewed"]] == [("check-in", "say_differently")]
    assert [(one["value"], one["difference"]) for one in persons["reviewed"]] == [("some_of_it", ["I sleep at night"])]
    assert [(one["value"], one["speaker"]) for one in outcome["practitioners_own"]] == [("all_of_it", "practitioner")]
    assert found["proposed"] == {"person": {"achieved": "partly", "from_person": False}, "advocate": None}


def test_a_conversation_comes_with_what_it_says_of_earlier_outcomes(store: Store, enquiry_id: str) -> None:
    told = Enquiry(store, enquiry_id)
    found = whole(store, enquiry_id)["conversations"][1]
    assert (found["enquiry"], found["reference"]) == (enquiry_id, "ASC 17/2026")
    (review,) = found["reviews"]
    assert (review["outcome"], review["said"]["choice"]) == (told.key, ["say_differently"])
    assert (review["again"]["words"], review["why"]["words"]) == (["She wants to be safe"], ["There was a break-in"])
    assert (review["difference"], review["own"]) == (None, None)


def test_what_was_taken_back_stands_nowhere_in_an_enquiry(store: Store, enquiry_id: str) -> None:
    told = Enquiry(store, enquiry_id)
    told.check_in.takes_back(told.check_in.turns[3])
    told.first.presses(Control.STOP_AND_TAKE_BACK)
    found = json.dumps(whole(store, enquiry_id))
    assert "She wants to be safe" not in found
    assert "I want my own key" not in found
    kept_in = json.dumps(whole(store, enquiry_id, TakenBack.KEPT_IN))
    assert "She wants to be safe" in kept_in
    assert "I want my own key" in kept_in


def test_a_wording_that_came_on_paper_has_the_day_on_which_it_was_said(store: Store, enquiry_id: str) -> None:
    told = Recorded(store)
    with store.begin() as kept:
        told.conversation_id = kept.conversations.begin(
            stage=Stage.FIRST,
            speaker=Speaker.PERSON,
            begun_at=NOON,
            interview_version="1",
            origin=Origin.PAPER,
            said_on=date(2026, 2, 27),
            enquiry_id=enquiry_id,
        )
    _, slots = told.wants("I want my own key")
    keep_outcome(store, told.heard(**slots), NOON)
    (outcome,) = whole(store, enquiry_id)["outcomes"]
    assert [one["said_on"] for one in outcome["voices"]["person"]["wordings"]] == ["2026-02-27"]


# --- which conversations ---------------------------------------------------------------------------------------------


def test_conversations_come_one_by_one_in_the_order_they_began(store: Store) -> None:
    every = [Recorded(store) for _ in range(3)]
    assert [found["id"] for found in exported(store)] == sorted(one.conversation_id for one in every)


def test_an_empty_store_gives_nothing(store: Store) -> None:
    assert list(exported(store)) == []


def test_a_conversation_that_there_is_not_is_missing(store: Store) -> None:
    with pytest.raises(Missing):
        export_one(store, "f" * 32)
