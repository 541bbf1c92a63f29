"""What became of each outcome across the conversations of an enquiry: nothing overwritten, no two voices merged."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Control, Skip, Speaker, Stage, Whose
from bot.enquiry import (
    EnquiryOutcome,
    Status,
    Voice,
    communication_known_to,
    enquiry_outcomes,
    outcome_id,
    outcomes_for,
    shared_by_the_person,
    told_to,
    voice_of,
)
from tests.holding import DAY, Talk
from tests.telling import NOON


def found(*talks: Talk) -> tuple[EnquiryOutcome, ...]:
    return enquiry_outcomes([talk.told for talk in talks])


def worded(outcome: EnquiryOutcome) -> list[str]:
    return [wording.words for wording in outcome.wordings]


def names(listed: Sequence[EnquiryOutcome]) -> list[str]:
    return [outcome.outcome_id for outcome in listed]


# --- names -----------------------------------------------------------------------------------------------------------


def test_an_outcome_is_named_by_its_conversation_and_its_turn() -> None:
    assert outcome_id("3c95edc7" + "0" * 24, 53) == "3c95edc7_53"


@given(conversation_id=st.text(), turn=st.integers(1, 9999))
def test_a_name_is_always_one_that_the_dialogue_engine_may_hear(conversation_id: str, turn: int) -> None:
    named = outcome_id(conversation_id, turn)
    assert set(named) <= set("0123456789abcdefghijklmnopqrstuvwxyz_")
    assert len(named) <= 40


def test_what_a_practitioner_writes_down_is_in_the_persons_voice() -> None:
    assert [voice_of(speaker) for speaker in (Speaker.PERSON, Speaker.PRACTITIONER, Speaker.ADVOCATE)] == [
        Voice.PERSON,
        Voice.PERSON,
        Voice.ADVOCATE,
    ]


# --- wordings --------------------------------------------------------------------------------------------------------


def test_an_outcome_that_nobody_spoke_of_again_stands_as_it_was_said() -> None:
    first = Talk("a")
    key = first.wants("I want my own key")
    (outcome,) = found(first)
    assert (outcome.outcome_id, outcome.words, outcome.status) == (key, ("I want my own key",), Status.SAID)
    assert (outcome.speaker, outcome.whose, outcome.verdicts) == (Speaker.PERSON, None, ())


def test_outcomes_come_in_the_order_of_conversations_and_of_turns() -> None:
    first, second = Talk("a"), Talk("b", Stage.CHECK_IN)
    named = [first.wants("My own key"), first.wants("My sister"), second.wants("My cat")]
    assert names(found(first, second)) == named


def test_a_new_wording_is_dated_and_says_why_and_the_first_one_stays() -> None:
    first, check_in = Talk("a"), Talk("b", Stage.CHECK_IN, days=30)
    key = first.wants("I want my own key")
    check_in.looks_again(key, "say_differently", again="I want to lock my room", why="There is a key now")
    (outcome,) = found(first, check_in)
    assert worded(outcome) == ["I want my own key", "I want to lock my room"]
    assert [wording.why for wording in outcome.wordings] == [(), ("There is a key now",)]
    assert [wording.said_at - NOON > 29 * DAY for wording in outcome.wordings] == [False, True]
    assert outcome.words == ("I want to lock my room",)
    assert outcome.now.conversation_id == check_in.begun.conversation_id


def test_what_was_changed_within_a_conversation_is_a_wording_too() -> None:
    first = Talk("a")
    key = first.wants("I want my key")
    first.says("I want my own key", to=first.turns[0], replaces=2)
    (outcome,) = found(first)
    assert (outcome.outcome_id, worded(outcome)) == (key, ["I want my key", "I want my own key"])


def test_what_was_added_stands_beside_the_wording_that_it_was_added_to_and_no_other() -> None:
    first, check_in = Talk("a"), Talk("b", Stage.CHECK_IN, days=30)
    key = first.wants("I want my own key")
    first.says("and a lock", to=first.turns[0], adds_to=2)
    assert found(first)[0].words == ("I want my own key", "and a lock")
    check_in.looks_again(key, "say_differently", again="I want to be safe in my room")
    (outcome,) = found(first, check_in)
    assert worded(outcome) == ["I want my own key", "and a lock", "I want to be safe in my room"]
    assert outcome.words == ("I want to be safe in my room",)


def test_a_first_conversation_that_goes_on_after_a_check_in_has_the_last_word_in_it() -> None:
    first, check_in = Talk("a"), Talk("b", Stage.CHECK_IN, days=30)
    key = first.wants("I want my own key")
    check_in.looks_again(key, "say_differently", again="I want to lock my room")
    first.days = 40
    first.says("I want two keys", to=first.turns[0], replaces=2)
    assert found(first, check_in)[0].words == ("I want two keys",)


def test_a_clock_that_was_set_back_does_not_change_the_order_within_a_conversation() -> None:
    first = Talk("a", days=3)
    first.wants("I want my key")
    first.days = 0
    first.says("I want my own key", to=first.turns[0], replaces=2)
    assert worded(found(first)[0]) == ["I want my key", "I want my own key"]


def test_the_original_and_whose_words_they_are_come_with_a_wording() -> None:
    first = Talk("a", speaker=Speaker.ADVOCATE)
    first.wants("She wants her key", whose=Whose.UNDERSTOOD, original="Anahtarını istiyor")
    (outcome,) = found(first)
    assert (outcome.whose, outcome.voice) == (Whose.UNDERSTOOD, Voice.ADVOCATE)
    assert outcome.now.original == "Anahtarını istiyor"


# --- what became of it -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("still_want", Status.SAID),
        ("say_differently", Status.SAID),
        ("no_longer_want", Status.NO_LONGER),
        ("has_happened", Status.HAPPENED),
        (Skip.DO_NOT_KNOW, Status.SAID),
    ],
)
def test_how_it_stands_is_what_was_said_of_it_last(value: str, status: Status) -> None:
    first, check_in = Talk("a"), Talk("b", Stage.CHECK_IN, days=30)
    key = first.wants("I want my own key")
    check_in.looks_again(key, value)
    assert found(first, check_in)[0].status is status


def test_a_skip_leaves_it_as_it_was_said_before() -> None:
    first, check_in, later = Talk("a"), Talk("b", Stage.CHECK_IN, days=30), Talk("c", Stage.CHECK_IN, days=60)
    key = first.wants("I want my own key")
    check_in.looks_again(key, "no_longer_want", why="I am moving")
    later.asks("outcome_now")
    later.keeps(key, later.skips(Skip.DO_NOT_WANT_TO_SAY))
    (outcome,) = found(first, check_in, later)
    assert outcome.status is Status.NO_LONGER
    assert [(one.value, one.why) for one in outcome.reviewed] == [
        ("no_longer_want", ("I am moving",)),
        ("do_not_want_to_say", ()),
    ]


def test_whoever_changes_their_mind_is_taken_at_their_word_and_what_belonged_to_it_before_is_not() -> None:
    first, check_in = Talk("a"), Talk("b", Stage.CHECK_IN, days=30)
    key = first.wants("I want my own key")
    review = check_in.looks_again(key, "say_differently", again="I want a dog", why="It is quiet")
    check_in.chooses("still_want", to=check_in.turns[0], replaces=review.said_turn)
    (outcome,) = found(first, check_in)
    assert (outcome.words, outcome.status) == (("I want my own key",), Status.SAID)
    assert [(one.value, one.why) for one in outcome.reviewed] == [("still_want", ())]


def test_a_verdict_is_what_the_person_says_and_a_practitioners_own_stays_apart_from_it() -> None:
    first, closing = Talk("a"), Talk("b", Stage.CLOSING, Speaker.PRACTITIONER, days=90)
    key = first.wants("I want my own key")
    closing.judges(key, "some_of_it", difference="I sleep at night", own="all_of_it")
    (outcome,) = found(first, closing)
    (verdict,) = outcome.verdicts
    assert (verdict.value, verdict.difference, verdict.voice) == ("some_of_it", ("I sleep at night",), Voice.PERSON)
    assert [one.value for one in outcome.own_verdicts] == ["all_of_it"]
    assert outcome.status is Status.SAID


def test_what_a_check_in_says_is_no_verdict() -> None:
    first, check_in = Talk("a"), Talk("b", Stage.CHECK_IN, days=30)
    key = first.wants("I want my own key")
    check_in.looks_again(key, "has_happened", difference="I can lock my door")
    (outcome,) = found(first, check_in)
    assert outcome.verdicts == ()
    assert [one.difference for one in outcome.reviewed] == [("I can lock my door",)]


# --- taken back ------------------------------------------------------------------------------------------------------


def test_an_outcome_that_was_taken_back_is_none() -> None:
    first, check_in = Talk("a"), Talk("b", Stage.CHECK_IN, days=30)
    key = first.wants("I want my own key")
    check_in.looks_again(key, "still_want")
    first.takes_back(first.turns[1])
    assert found(first, check_in) == ()


def test_what_was_said_in_place_of_words_taken_back_still_stands() -> None:
    first, check_in = Talk("a"), Talk("b", Stage.CHECK_IN, days=30)
    key = first.wants("I want my own key")
    check_in.looks_again(key, "say_differently", again="I want to lock my room")
    first.takes_back(first.turns[1])
    (outcome,) = found(first, check_in)
    assert (outcome.outcome_id, worded(outcome), outcome.of) == (key, ["I want to lock my room"], None)


def test_what_was_said_of_it_later_and_taken_back_does_not_count() -> None:
    first, check_in = Talk("a"), Talk("b", Stage.CHECK_IN, days=30)
    key = first.wants("I want my own key")
    review = check_in.looks_again(key, "say_differently", again="I want a dog", why="It is quiet")
    check_in.takes_back(check_in.turns[3])
    assert review.again_turn == 4
    (outcome,) = found(first, check_in)
    assert worded(outcome) == ["I want my own key"]
    check_in.takes_back(check_in.turns[1])
    assert found(first, check_in)[0].reviewed == ()


def test_a_conversation_that_was_taken_back_as_a_whole_says_nothing() -> None:
    first, check_in = Talk("a"), Talk("b", Stage.CHECK_IN, days=30)
    key = first.wants("I want my own key")
    check_in.looks_again(key, "say_differently", again="I want a dog")
    check_in.wants("A garden")
    check_in.presses(Control.STOP_AND_TAKE_BACK)
    assert [worded(outcome) for outcome in found(first, check_in)] == [["I want my own key"]]


@pytest.mark.parametrize("named", ["", "nonsense", "aaaaaaaa_99", "ffffffff_2", "aaaaaaaa_1"])
def test_a_review_of_what_there_is_not_adds_nothing(named: str) -> None:
    first, check_in = Talk("a"), Talk("b", Stage.CHECK_IN)
    key = first.wants("I want my own key")
    check_in.looks_again(named, "say_differently", again="I want a dog")
    assert names(found(first, check_in)) == [key]


# --- who may hear it -------------------------------------------------------------------------------------------------


def test_the_person_hears_only_what_was_said_in_their_own_voice() -> None:
    first, advocates = Talk("a"), Talk("b", speaker=Speaker.ADVOCATE, days=1)
    by_practitioner = Talk("c", speaker=Speaker.PRACTITIONER, days=2)
    key, hers = first.wants("I want my own key"), advocates.wants("She needs a new lock")
    cat = by_practitioner.wants("I want my cat")
    every = found(first, advocates, by_practitioner)
    assert names(every) == [key, hers, cat]
    for speaker in (Speaker.PERSON, Speaker.PRACTITIONER):
        assert names(outcomes_for(every, speaker, ())) == [key, cat]


def test_an_advocate_hears_of_the_person_only_what_the_person_shared() -> None:
    first, other, advocates = Talk("a"), Talk("b", days=1), Talk("c", speaker=Speaker.ADVOCATE, days=2)
    key, _, hers = first.wants("I want my own key"), other.wants("I want my cat"), advocates.wants("A new lock")
    first.presses(Control.SHARE)
    other.presses(Control.SHARE)
    other.presses(Control.KEEP_PRIVATE)
    talks = [talk.told for talk in (first, other, advocates)]
    shared = shared_by_the_person(talks)
    assert shared == {first.begun.conversation_id}
    assert names(outcomes_for(enquiry_outcomes(talks), Speaker.ADVOCATE, shared)) == [key, hers]


def test_an_advocate_does_not_hear_how_a_shared_outcome_was_worded_or_judged_in_private() -> None:
    first, check_in = Talk("a"), Talk("b", Stage.CHECK_IN, days=30)
    closing = Talk("c", Stage.CLOSING, Speaker.PRACTITIONER, days=60)
    key = first.wants("I want my own key")
    check_in.looks_again(key, "say_differently", again="I want to move out", why="I am afraid of him")
    closing.judges(key, "no", own="all_of_it")
    (outcome,) = told_to(found(first, check_in, closing), Speaker.ADVOCATE, {first.begun.conversation_id})
    assert (outcome.words, outcome.reviewed, outcome.own_verdicts) == (("I want my own key",), (), ())
    (whole,) = told_to(found(first, check_in, closing), Speaker.PRACTITIONER, ())
    assert (whole.words, len(whole.own_verdicts)) == (("I want to move out",), 1)
    (theirs,) = told_to(found(first, check_in, closing), Speaker.PERSON, ())
    assert theirs.own_verdicts == ()


def test_what_an_advocate_says_of_the_persons_outcome_never_stands_for_the_person() -> None:
    first, advocates = Talk("a"), Talk("b", Stage.CHECK_IN, Speaker.ADVOCATE, days=30)
    key = first.wants("I want my own key")
    advocates.looks_again(key, "say_differently", again="She wants to be safe", whose=Whose.OWN_VIEW)
    (outcome,) = found(first, advocates)
    assert worded(outcome) == ["I want my own key", "She wants to be safe"]
    assert outcome.words == ("I want my own key",)
    (theirs,) = told_to([outcome], Speaker.PERSON, ())
    assert (worded(theirs), theirs.reviewed) == (["I want my own key"], ())


@pytest.mark.parametrize("speaker", [Speaker.PERSON, Speaker.PRACTITIONER])
def test_what_is_not_wanted_any_more_is_not_asked_about_again_and_keeps_its_words(speaker: Speaker) -> None:
    first, check_in = Talk("a"), Talk("b", Stage.CHECK_IN, days=30)
    key, cat = first.wants("I want my own key"), first.wants("I want my cat")
    check_in.looks_again(key, "no_longer_want")
    every = found(first, check_in)
    assert names(outcomes_for(every, speaker, ())) == [cat]
    assert names(told_to(every, speaker, ())) == [key, cat]


def test_an_advocate_who_said_that_it_is_not_wanted_is_not_asked_again_and_the_person_is() -> None:
    first, advocates = Talk("a"), Talk("b", Stage.CHECK_IN, Speaker.ADVOCATE, days=30)
    key = first.wants("I want my own key")
    advocates.looks_again(key, "no_longer_want")
    every, shared = found(first, advocates), {first.begun.conversation_id}
    assert outcomes_for(every, Speaker.ADVOCATE, shared) == ()
    assert names(outcomes_for(every, Speaker.PERSON, ())) == [key]


WORDS = st.sampled_from(["my key", "my cat", "my sister", "a lock", "a garden"])
SPEAKERS = st.sampled_from([Speaker.PERSON, Speaker.ADVOCATE, Speaker.PRACTITIONER])
CHECK_INS = st.lists(st.tuples(SPEAKERS, st.booleans(), st.lists(st.tuples(st.integers(0, 3), WORDS))), max_size=4)


@given(wants=st.lists(st.tuples(SPEAKERS, st.booleans(), WORDS), min_size=1, max_size=4), check_ins=CHECK_INS)
def test_however_many_speak_nothing_is_overwritten_and_nobody_hears_what_is_not_for_them(
    wants: list[tuple[Speaker, bool, str]], check_ins: list[tuple[Speaker, bool, list[tuple[int, str]]]]
) -> None:
    talks: list[Talk] = []
    named: list[str] = []
    said: dict[str, list[str]] = {}
    for number, (speaker, is_shared, words) in enumerate(wants):
        talks.append(Talk(f"{number}", speaker=speaker, days=number))
        named.append(talks[-1].wants(words))
        said[named[-1]] = [words]
        talks[-1].presses(Control.SHARE if is_shared else Control.KEEP_PRIVATE)
    for number, (speaker, is_shared, again) in enumerate(check_ins, 5):
        talks.append(Talk(f"{number}", Stage.CHECK_IN, speaker, days=number))
        for of, words in {of % len(named): words for of, words in again}.items():
            talks[-1].looks_again(named[of], "say_differently", again=words)
            said[named[of]].append(words)
        talks[-1].presses(Control.SHARE if is_shared else Control.KEEP_PRIVATE)
    every = found(*talks)
    assert {outcome.outcome_id: worded(outcome) for outcome in every} == said
    shared = shared_by_the_person([talk.told for talk in talks])
    for speaker in (Speaker.PERSON, Speaker.PRACTITIONER):
        heard = [part for one in told_to(every, speaker, shared) for part in (*one.wordings, *one.reviewed)]
        assert all(part.voice is Voice.PERSON for part in heard)
    heard = [part for one in told_to(every, Speaker.ADVOCATE, shared) for part in (*one.wordings, *one.reviewed)]
    assert all(part.voice is Voice.ADVOCATE or part.conversation_id in shared for part in heard)


# --- how the person likes to talk -------------------------------------------------------------------------------------


def test_how_the_person_likes_to_talk_is_what_was_said_last() -> None:
    first, other = Talk("a"), Talk("b")
    first.is_asked("communication", "bigger_words", "breaks")
    first.is_asked("communication_words", says="Please speak slowly")
    talks = [first.told, other.told]
    assert [answer.number for answer in communication_known_to(talks, Speaker.PERSON, ())] == [2, 4]
    other.is_asked("communication", "pictures")
    (answer,) = communication_known_to([first.told, other.told], Speaker.PERSON, ())
    assert answer.current.choice == ("pictures",)


def test_a_skip_or_what_was_taken_back_tells_nothing_of_how_the_person_likes_to_talk() -> None:
    first = Talk("a")
    first.asks("communication")
    first.skips(Skip.DO_NOT_KNOW)
    first.asks("communication_words")
    first.takes_back(first.says("Slowly"))
    assert communication_known_to([first.told], Speaker.PERSON, ()) == ()


def test_each_speaker_hears_of_it_only_what_is_for_them() -> None:
    first, advocates = Talk("a"), Talk("b", speaker=Speaker.ADVOCATE)
    first.is_asked("communication", "pictures")
    advocates.is_asked("communication", "interpreter")

    def known(speaker: Speaker, *shared: str, told: Sequence[Talk]) -> list[str]:
        answers = communication_known_to([talk.told for talk in told], speaker, shared)
        return [answer.current.choice[0] for answer in answers]

    both = (first, advocates)
    assert known(Speaker.PERSON, told=both) == ["pictures"]
    assert known(Speaker.PRACTITIONER, told=both) == ["interpreter"]
    assert known(Speaker.ADVOCATE, told=both) == ["interpreter"]
    assert known(Speaker.ADVOCATE, told=[first]) == []
    assert known(Speaker.ADVOCATE, first.begun.conversation_id, told=[first]) == ["pictures"]
