"""What all verdicts come to is proposed by one rule, and what the person says of the whole comes first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Skip, Speaker, Stage
from bot.enquiry import Voice, enquiry_outcomes
from bot.review import Achieved, Proposed, proposed, proposed_in
from tests.holding import Talk

SAID = st.sampled_from(["all_of_it", "some_of_it", "no", "not_sure", Skip.DO_NOT_KNOW, None])


@pytest.mark.parametrize(
    ("verdicts", "achieved"),
    [
        (["all_of_it"], Achieved.FULLY),
        (["all_of_it", "all_of_it"], Achieved.FULLY),
        (["all_of_it", "some_of_it"], Achieved.PARTLY),
        (["all_of_it", "no"], Achieved.PARTLY),
        (["all_of_it", "not_sure"], Achieved.PARTLY),
        (["all_of_it", None], Achieved.PARTLY),
        (["some_of_it", "no"], Achieved.PARTLY),
        (["no", "no"], Achieved.NOT),
        (["no", "not_sure"], Achieved.NOT),
    ],
)
def test_all_yes_is_fully_none_even_partly_is_not_and_all_else_is_partly(
    verdicts: list[str | None], achieved: Achieved
) -> None:
    assert proposed(verdicts, None) == Proposed(achieved, from_person=False)


@pytest.mark.parametrize("verdicts", [[], [None], ["not_sure"], [Skip.LATER, None]])
def test_nothing_is_proposed_where_nobody_said_anything_of_it(verdicts: list[str | None]) -> None:
    assert proposed(verdicts, None) is None
    assert proposed(verdicts, "not_sure") is None


@given(verdicts=st.lists(SAID))
def test_what_the_person_says_of_the_whole_decides_whatever_the_rest_says(verdicts: list[str | None]) -> None:
    said = {"all_of_it": Achieved.FULLY, "some_of_it": Achieved.PARTLY, "no": Achieved.NOT}
    for overall, achieved in said.items():
        assert proposed(verdicts, overall) == Proposed(achieved, from_person=True)


@given(verdicts=st.lists(SAID), data=st.data())
def test_the_order_of_verdicts_makes_no_difference(verdicts: list[str | None], data: st.DataObject) -> None:
    assert proposed(data.draw(st.permutations(verdicts)), None) == proposed(verdicts, None)


def test_the_last_verdict_on_each_outcome_counts_and_what_is_not_wanted_any_more_does_not() -> None:
    first, check_in = Talk("a"), Talk("b", Stage.CHECK_IN, days=30)
    closing, again = Talk("c", Stage.CLOSING, days=60), Talk("d", Stage.CLOSING, days=90)
    key, cat = first.wants("I want my own key"), first.wants("I want my cat")
    check_in.looks_again(cat, "no_longer_want")
    closing.judges(key, "no")
    assert decided(first, check_in, closing) == Proposed(Achieved.NOT, from_person=False)
    again.judges(key, "all_of_it")
    assert decided(first, check_in, closing, again) == Proposed(Achieved.FULLY, from_person=False)


def test_the_last_overall_that_says_something_decides() -> None:
    first, closing, again = Talk("a"), Talk("b", Stage.CLOSING, days=60), Talk("c", Stage.CLOSING, days=90)
    closing.judges(first.wants("I want my own key"), "all_of_it")
    closing.is_asked("overall", "some_of_it")
    again.is_asked("overall", "not_sure")
    assert decided(first, closing, again) == Proposed(Achieved.PARTLY, from_person=True)


def test_an_overall_that_was_taken_back_decides_nothing() -> None:
    first, closing = Talk("a"), Talk("b", Stage.CLOSING, days=60)
    closing.judges(first.wants("I want my own key"), "all_of_it")
    closing.takes_back(closing.is_asked("overall", "no"))
    assert decided(first, closing) == Proposed(Achieved.FULLY, from_person=False)


def test_each_voice_has_a_proposal_of_its_own_and_an_advocates_overall_is_not_the_persons() -> None:
    first, advocates = Talk("a"), Talk("b", speaker=Speaker.ADVOCATE)
    closing, theirs = Talk("c", Stage.CLOSING, days=60), Talk("d", Stage.CLOSING, Speaker.ADVOCATE, days=61)
    closing.judges(first.wants("I want my own key"), "no")
    theirs.judges(advocates.wants("She needs a new lock"), "some_of_it")
    theirs.is_asked("overall", "all_of_it")
    talks = (first, advocates, closing, theirs)
    assert decided(*talks) == Proposed(Achieved.NOT, from_person=False)
    assert decided(*talks, voice=Voice.ADVOCATE) == Proposed(Achieved.FULLY, from_person=False)


def test_a_practitioners_own_verdict_decides_nothing() -> None:
    first, closing = Talk("a"), Talk("b", Stage.CLOSING, Speaker.PRACTITIONER, days=60)
    closing.judges(first.wants("I want my own key"), "no", own="all_of_it")
    assert decided(first, closing) == Proposed(Achieved.NOT, from_person=False)


def decided(*talks: Talk, voice: Voice = Voice.PERSON) -> Proposed | None:
    told = [talk.told for talk in talks]
    return proposed_in(voice, enquiry_outcomes(told), told)
