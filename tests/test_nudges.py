"""Words that read like a service, or speak of the person from outside, are asked about once, and nothing is changed."""

import pytest

from bot.conversation import Control, Kind, Now, Speaker, Stage, Whose
from bot.interviewing import Room, begin
from bot.nudges import OUTCOME_QUESTIONS, Nudges
from bot.project import load_interview, load_nudges
from tests.talking import NOW, Talk

NUDGES = load_nudges()


@pytest.mark.parametrize(
    "words",
    [
        "Referral to the falls clinic",
        "Increased monitoring by the home",
        "package of care to be reviewed",
        "She wants to be kept safe",
        "He\u2019d like to stay at home",
        "The client to attend the day centre",
        "SERVICE USER to be supported",
        "I want an assessment",
    ],
)
def test_a_service_and_a_third_person_are_found(words: str) -> None:
    assert NUDGES.wants_another_look(words)


@pytest.mark.parametrize(
    "words",
    [
        "I want my own key",
        "I want to feel safe in my own home",
        "I want to see my sister on Sundays",
        "My son should ring before he comes",
        "I want them to stop taking my money",
        "I want to be monitor of my own life",
        "She is my friend and I want her back",
        "",
    ],
)
def test_what_somebody_wants_in_their_life_is_left_alone(words: str) -> None:
    assert not NUDGES.wants_another_look(words)


def test_without_phrases_nothing_is_found() -> None:
    assert not Nudges().wants_another_look("Referral to the falls clinic")


def test_every_question_that_asks_for_an_outcome_is_one_of_the_interview() -> None:
    interview = load_interview()
    for name in OUTCOME_QUESTIONS:
        assert interview.question(name, Speaker.PRACTITIONER).takes_words


async def at_the_outcome(room: Room, speaker: Speaker) -> Talk:
    talk = Talk(room, await begin(room, stage=Stage.FIRST, speaker=speaker, now=NOW))
    if speaker is Speaker.ADVOCATE:
        await talk.says("Ama Mensah")
    for words in ("I feel tired", "My cat"):
        await talk.says(words, **said_by(speaker))
    await talk.chooses("yes")
    assert await talk.asked() == "outcome"
    return talk


def said_by(speaker: Speaker) -> dict[str, Whose]:
    return {"whose": Whose.OWN_WORDS} if speaker is Speaker.ADVOCATE else {}


@pytest.fixture
async def practitioner(room: Room) -> Talk:
    """A practitioner who is about to write down what the person wants to be different."""
    return await at_the_outcome(room, Speaker.PRACTITIONER)


async def test_the_words_are_kept_and_the_practitioner_is_asked_about_them(practitioner: Talk) -> None:
    await practitioner.says("Referral to the falls clinic")
    view = await practitioner.view()
    assert await practitioner.asked() == "outcome_or_service"
    assert view.asking is not None
    number = view.standing.answers[-1].number
    assert view.asking.wording == f"You wrote down: turn:{number}\nWhat does the person want to be different?"
    assert f"turn:{number}" in view.asking.another_way
    assert view.standing.answers[-1].words == ("Referral to the falls clinic",)


async def test_left_as_it_is_nothing_changes_and_the_next_question_comes(practitioner: Talk) -> None:
    await practitioner.says("Referral to the falls clinic")
    await practitioner.chooses("leave")
    assert await practitioner.asked() == "outcome_sign"
    said = (await practitioner.view()).standing.answers[-1].said
    assert [turn.words for turn in said.versions] == ["Referral to the falls clinic"]


async def test_said_in_other_words_both_wordings_stay_and_it_is_asked_only_once(practitioner: Talk) -> None:
    await practitioner.says("Referral to the falls clinic")
    await practitioner.chooses("reword")
    view = await practitioner.view()
    assert (view.standing.now, await practitioner.asked()) == (Now.REVISIT, "outcome")
    await practitioner.says("She wants to walk to the shop")
    assert await practitioner.asked() == "outcome_sign"
    said = (await practitioner.view()).standing.answers[-1].said
    assert [turn.words for turn in said.versions] == [
        "Referral to the falls clinic",
        "She wants to walk to the shop",
    ]
    change = next(turn for turn in await practitioner.turns() if turn.kind is Kind.CONTROL)
    assert change.choice == (Control.CHANGE, f"turn:{said.first.number}")


async def test_another_outcome_is_asked_about_too(practitioner: Talk) -> None:
    await practitioner.says("Referral to the falls clinic")
    await practitioner.chooses("leave")
    await practitioner.says("I walk without a stick")
    await practitioner.chooses("yes")
    await practitioner.says("Increased monitoring")
    assert await practitioner.asked() == "outcome_or_service"


async def test_what_sounds_like_a_service_elsewhere_is_not_asked_about(practitioner: Talk) -> None:
    await practitioner.says("I want to walk to the shop")
    await practitioner.says("A referral to the falls clinic was made")
    assert await practitioner.asked() == "more"


async def test_what_is_added_to_an_answer_is_not_asked_about(practitioner: Talk) -> None:
    await practitioner.says("I want to walk to the shop")
    await practitioner.presses(Control.ADD_MORE)
    await practitioner.says("and a referral to the falls clinic")
    assert await practitioner.asked() == "outcome_sign"


@pytest.mark.parametrize("speaker", [Speaker.PERSON, Speaker.ADVOCATE])
async def test_only_a_practitioner_is_asked(room: Room, speaker: Speaker) -> None:
    talk = await at_the_outcome(room, speaker)
    await talk.says("Referral to the falls clinic", **said_by(speaker))
    assert await talk.asked() == "outcome_sign"


async def test_the_person_with_the_practitioner_s_screen_is_not_asked(practitioner: Talk) -> None:
    await practitioner.presses(Control.HAND_OVER)
    await practitioner.says("Referral to the falls clinic")
    await practitioner.presses(Control.TAKE_SCREEN_BACK)
    assert await practitioner.asked() == "outcome_sign"


async def test_help_comes_before_a_nudge(practitioner: Talk) -> None:
    await practitioner.says("Referral, because I want to die")
    assert await practitioner.asked() == "help_first"


async def test_thanks_and_a_nudge_can_both_be_said(practitioner: Talk) -> None:
    await practitioner.says("She wants to leave because he hits me")
    view = await practitioner.view()
    assert await practitioner.asked() == "outcome_or_service"
    assert [notice.asked for notice in view.standing.notices] == ["thank_you_for_telling"]
