"""The interview on paper: every question is there, once, and says when it is to be answered."""

import pytest

from bot.conversation import Speaker, Stage
from bot.interview import SPEAKERS
from bot.paper import (
    ABOUT_ONE_THING,
    ANSWERED_IF,
    COPIED,
    LEFT_OUT,
    NEEDS,
    SHORT,
    TIMES,
    Need,
    Question,
    on_paper,
)
from bot.project import load_interview

INTERVIEW = load_interview()
EVERY = [(speaker, stage) for speaker in SPEAKERS for stage in Stage]


def questions(speaker: Speaker = Speaker.PERSON, stage: Stage = Stage.FIRST) -> dict[str, Question]:
    parts = on_paper(INTERVIEW, speaker, stage)
    return {one.name: one for part in parts for block in part.blocks for one in block.questions}


@pytest.mark.parametrize(("speaker", "stage"), EVERY)
def test_every_question_that_can_be_asked_is_there_under_its_heading(speaker: Speaker, stage: Stage) -> None:
    reached = {name.removeprefix("utter_ask_") for name in INTERVIEW.reached[speaker, stage]}
    found = questions(speaker, stage)
    assert set(found) == reached - LEFT_OUT
    assert [one.number for one in found.values()] == list(range(1, len(found) + 1))
    for part in on_paper(INTERVIEW, speaker, stage):
        for block in part.blocks:
            assert {one.asking.part for one in block.questions} == {part.heading}


@pytest.mark.parametrize(("speaker", "stage"), EVERY)
def test_nothing_on_paper_stands_for_something_that_only_a_page_can_fill_in(speaker: Speaker, stage: Stage) -> None:
    for one in questions(speaker, stage).values():
        for text in (one.wording, one.another_way, one.leading):
            assert not {"{", "}", "\n"} & set(text)
        assert one.wording.endswith("?")
        assert (one.leading != "") == (one.name in COPIED)


@pytest.mark.parametrize(("speaker", "stage"), EVERY)
def test_every_question_can_be_answered(speaker: Speaker, stage: Stage) -> None:
    for one in questions(speaker, stage).values():
        assert one.lines or one.asking.choices
        assert bool(one.lines) == (one.asking.takes_words or one.asking.choices_from is not None)


def test_what_is_for_the_team_alone_comes_last_and_apart() -> None:
    parts = on_paper(INTERVIEW, Speaker.PRACTITIONER, Stage.CLOSING)
    apart = [part.is_for_the_team for part in parts]
    assert apart == sorted(apart)
    private = {one.name for part in parts if part.is_for_the_team for block in part.blocks for one in block.questions}
    assert private == {"practitioner_verdict", "free_to_speak", "private_note"}
    for speaker in (Speaker.PERSON, Speaker.ADVOCATE):
        assert not any(part.is_for_the_team for stage in Stage for part in on_paper(INTERVIEW, speaker, stage))


def test_a_question_that_hangs_on_another_says_on_which_answer() -> None:
    found = questions(stage=Stage.CHECK_IN)
    why = found["outcome_why"].condition
    assert why is not None
    assert why.number == found["outcome_now"].number
    assert why.labels == ("I want to say it differently", "I do not want this any more")
    assert questions()["outcome"].condition is None
    assert questions()["communication"].condition is None
    needing = {one.name for one in questions().values() if one.need is Need.TWO_THINGS}
    assert needing == {"matters_most", "together"}


@pytest.mark.parametrize(("speaker", "stage"), EVERY)
def test_a_question_comes_after_the_one_it_hangs_on(speaker: Speaker, stage: Stage) -> None:
    for one in questions(speaker, stage).values():
        if one.condition is not None:
            assert one.condition.number < one.number
            assert one.condition.labels


def test_what_can_be_said_several_times_has_room_for_several_times() -> None:
    parts = on_paper(INTERVIEW, Speaker.PERSON, Stage.FIRST)
    times = {tuple(one.name for one in block.questions): block.times for part in parts for block in part.blocks}
    assert times["outcome", "outcome_sign", "outcome_weight"] == TIMES
    assert times["feelings",] == 1


def test_all_that_paper_knows_of_is_in_the_interview() -> None:
    asked = {name.removeprefix("utter_ask_") for names in INTERVIEW.reached.values() for name in names}
    together = {name for names in ABOUT_ONE_THING for name in names}
    assert LEFT_OUT | together | set(ANSWERED_IF) | COPIED | set(NEEDS) | SHORT <= asked
    for other, choices in ANSWERED_IF.values():
        offered = {
            choice.id
            for (speaker, stage), names in INTERVIEW.reached.items()
            if f"utter_ask_{other}" in names
            for choice in INTERVIEW.question(other, speaker, stage).choices
        }
        assert set(choices) <= offered
