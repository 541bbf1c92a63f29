"""Whoever comes back is asked first if it is safe to talk, and nothing said before is shown until then."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.conversation import Control, Kind, Now, Skip, Speaker, Stage
from bot.dialogue import Utterance
from bot.interviewing import GATE, Refused, Room, Taken, arrive, begin, go_on, press, wanted
from bot.steps import Step
from tests.fake_dialogue import YES_OR_NO, FakeDialogue, Told, ask
from tests.talking import NOW, Talk

SECRET = "I feel tired of all this"


@pytest.fixture
async def on_a_break(talk: Talk) -> Talk:
    """Something was said, something more was typed, then came a break."""
    await talk.says(SECRET)
    await talk.presses(Control.TAKE_A_BREAK, typed="My Biscuit and")
    return talk


async def flags(talk: Talk) -> list[str]:
    with talk.room.store.reading() as seen:
        return [flag.kind for flag in seen.flags.of(talk.conversation_id)]


async def test_coming_back_asks_the_three_questions_and_then_says_where_we_were(on_a_break: Talk) -> None:
    await on_a_break.presses(Control.COME_BACK)
    asked = []
    for reply in ("yes", "nobody", "yes"):
        asked.append(await on_a_break.asked())
        await on_a_break.chooses(reply)
    assert tuple(asked) == GATE
    view = await on_a_break.view()
    assert (await on_a_break.asked(), view.draft) == ("matters", "My Biscuit and")
    assert [notice.words for notice in view.standing.notices] == ["Welcome back. We were at: A part"]


async def test_no_page_before_the_gate_is_given_a_word_of_what_was_said_or_typed(on_a_break: Talk) -> None:
    pages = [await on_a_break.view()]
    await on_a_break.presses(Control.COME_BACK)
    for reply in ("yes", "nobody", "no"):
        pages.append(await on_a_break.view())
        await on_a_break.chooses(reply)
    pages.append(await on_a_break.view())
    for page in pages:
        assert "tired" not in repr(page)
        assert "Biscuit" not in repr(page)
        assert not page.standing.answers
    assert [page.standing.now for page in pages] == [Now.BREAK, Now.ASIDE, Now.ASIDE, Now.ASIDE, Now.BREAK]


async def test_neither_thanks_for_what_was_told_nor_what_is_wanted_is_shown_before_the_gate(talk: Talk) -> None:
    await talk.says("He hit me")
    with talk.room.store.begin() as kept:
        kept.outcomes.desire(talk.conversation_id, 2, NOW)
    before = await talk.view()
    assert (len(before.standing.notices), len(await wanted(talk.room, before))) == (1, 1)
    await talk.presses(Control.TAKE_A_BREAK)
    on_a_break = await talk.view()
    assert (on_a_break.standing.notices, await wanted(talk.room, on_a_break)) == ((), ())
    await talk.presses(Control.COME_BACK)
    at_the_gate = await talk.view()
    assert (at_the_gate.standing.notices, await wanted(talk.room, at_the_gate)) == ((), ())


async def test_a_stopped_page_is_given_nothing_of_what_was_said(talk: Talk) -> None:
    await talk.says(SECRET)
    await talk.presses(Control.STOP)
    await talk.chooses("stop_and_keep")
    view = await talk.view()
    assert view.standing.now is Now.STOPPED
    assert "tired" not in repr(view)


async def test_saying_that_it_is_not_a_good_time_gives_the_break_back_and_is_told_to_the_team(on_a_break: Talk) -> None:
    await on_a_break.presses(Control.COME_BACK)
    await on_a_break.passes_the_gate(go_on="no")
    assert (await on_a_break.view()).standing.now is Now.BREAK
    assert await flags(on_a_break) == ["not_safe_to_talk"]
    await on_a_break.presses(Control.COME_BACK)
    await on_a_break.passes_the_gate()
    assert await on_a_break.asked() == "matters"


async def test_somebody_there_whom_the_person_did_not_choose_is_told_to_the_team_and_stops_nobody(
    on_a_break: Talk,
) -> None:
    await on_a_break.presses(Control.COME_BACK)
    await on_a_break.chooses("no")
    await on_a_break.chooses("not_chosen")
    await on_a_break.chooses("not_sure")
    assert await flags(on_a_break) == ["someone_not_chosen"]
    assert await on_a_break.asked() == "matters"


async def test_a_question_of_the_gate_can_be_left_out_but_for_the_last(on_a_break: Talk) -> None:
    await on_a_break.presses(Control.COME_BACK)
    await on_a_break.skips(Skip.DO_NOT_WANT_TO_SAY)
    await on_a_break.skips(Skip.DO_NOT_KNOW)
    with pytest.raises(Refused):
        await on_a_break.skips(Skip.DO_NOT_KNOW)
    assert await on_a_break.asked() == "go_on"
    replies = [turn for turn in await on_a_break.turns() if turn.kind is Kind.REPLY]
    assert [(turn.asked, turn.choice) for turn in replies] == [
        ("private", ("do_not_want_to_say",)),
        ("company", ("do_not_know",)),
    ]


async def test_the_gate_adds_no_answer_and_moves_none(on_a_break: Talk) -> None:
    before = (await on_a_break.turns())[1]
    await on_a_break.presses(Control.COME_BACK)
    await on_a_break.passes_the_gate()
    stands = (await on_a_break.view()).standing
    assert [answer.current for answer in stands.answers] == [before]
    assert stands.path == (before.number,)


async def test_coming_back_twice_with_one_button_asks_once(on_a_break: Talk) -> None:
    step = await on_a_break.step()
    assert await press(on_a_break.room, step, Control.COME_BACK, NOW) is Taken.KEPT
    assert await press(on_a_break.room, step, Control.COME_BACK, NOW) is Taken.REPEATED
    assert [turn.asked for turn in await on_a_break.turns() if turn.kind is Kind.ASIDE] == ["private"]


async def test_at_the_gate_nothing_said_before_can_be_opened_changed_or_taken_back(on_a_break: Talk) -> None:
    await on_a_break.presses(Control.COME_BACK)
    for control in (Control.GO_BACK, Control.CHANGE, Control.ADD_MORE):
        assert await on_a_break.presses(control, target=3) is Taken.NOTHING
    assert await on_a_break.asked() == "private"
    await on_a_break.presses(Control.GET_HELP_NOW)
    assert Control.GET_HELP_NOW in (await on_a_break.view()).standing.opened


async def test_a_break_from_the_gate_is_a_break_and_the_gate_begins_anew(on_a_break: Talk) -> None:
    await on_a_break.presses(Control.COME_BACK)
    await on_a_break.chooses("yes")
    await on_a_break.presses(Control.TAKE_A_BREAK)
    assert (await on_a_break.view()).standing.now is Now.BREAK
    await on_a_break.presses(Control.COME_BACK)
    await on_a_break.passes_the_gate()
    assert await on_a_break.asked() == "matters"


async def test_whoever_wants_to_stop_at_the_gate_can_and_whoever_carries_on_is_at_the_gate_again(
    on_a_break: Talk,
) -> None:
    await on_a_break.presses(Control.COME_BACK)
    await on_a_break.chooses("yes")
    await on_a_break.presses(Control.STOP)
    assert await on_a_break.asked() == "stop"
    await on_a_break.chooses("carry_on")
    assert await on_a_break.asked() == "company"
    await on_a_break.presses(Control.STOP)
    await on_a_break.chooses("stop_and_keep")
    assert (await on_a_break.view()).standing.now is Now.STOPPED


async def test_being_asked_how_to_stop_at_the_gate_shows_nothing_of_before(talk: Talk) -> None:
    await talk.says(SECRET)
    await talk.says("He hit me")
    assert (await talk.view()).standing.notices
    await arrive(talk.room, talk.conversation_id, NOW)
    await talk.presses(Control.STOP)
    view = await talk.view()
    assert await talk.asked() == "stop"
    assert "tired" not in repr(view)
    assert view.standing.notices == ()
    await talk.chooses("carry_on")
    await talk.passes_the_gate()
    assert [answer.words for answer in (await talk.view()).standing.answers] == [(SECRET,), ("He hit me",)]


async def test_a_question_that_waited_for_a_reply_waits_behind_the_gate(talk: Talk) -> None:
    await talk.says("stop")
    assert await talk.asked() == "meant_stop"
    await talk.presses(Control.TAKE_A_BREAK)
    await talk.presses(Control.COME_BACK)
    await talk.passes_the_gate()
    assert await talk.asked() == "meant_stop"
    await talk.chooses("carry_on")
    assert await talk.asked() == "matters"


async def test_a_break_before_anything_was_said_needs_no_gate(talk: Talk) -> None:
    await talk.presses(Control.TAKE_A_BREAK)
    await talk.presses(Control.COME_BACK)
    assert await talk.asked() == "feelings"


async def test_coming_back_when_nobody_left_is_nothing(talk: Talk) -> None:
    await talk.says(SECRET)
    before = await talk.turns()
    assert await talk.presses(Control.COME_BACK) is Taken.NOTHING
    assert await talk.turns() == before


async def test_what_was_given_before_a_break_is_answered_when_the_dialogue_is_back(talk: Talk) -> None:
    talk.room.dialogue.is_away = True
    await talk.says(SECRET)
    await talk.presses(Control.TAKE_A_BREAK)
    await talk.presses(Control.COME_BACK)
    await talk.passes_the_gate()
    assert (await talk.view()).standing.now is Now.WAITING
    talk.room.dialogue.is_away = False
    assert await go_on(talk.room, talk.conversation_id, NOW)
    assert await talk.asked() == "matters"
    assert len((await talk.view()).standing.notices) == 1


# --- with a code -----------------------------------------------------------------------------------------------------


async def test_whoever_arrives_with_a_code_meets_the_gate_before_the_question(talk: Talk) -> None:
    await talk.says(SECRET)
    await arrive(talk.room, talk.conversation_id, NOW)
    view = await talk.view()
    assert view.is_gate
    assert "tired" not in repr(view)
    await talk.passes_the_gate()
    assert await talk.asked() == "matters"


async def test_arriving_twice_asks_once_and_arriving_half_way_through_the_gate_asks_from_its_beginning(
    talk: Talk,
) -> None:
    await talk.says(SECRET)
    await arrive(talk.room, talk.conversation_id, NOW)
    await arrive(talk.room, talk.conversation_id, NOW)
    assert [turn.asked for turn in await talk.turns() if turn.kind is Kind.ASIDE] == ["private"]
    await talk.chooses("yes")
    await arrive(talk.room, talk.conversation_id, NOW)
    await talk.passes_the_gate()
    assert await talk.asked() == "matters"


async def test_not_a_good_time_to_arrive_gives_a_break(talk: Talk) -> None:
    await talk.says(SECRET)
    await arrive(talk.room, talk.conversation_id, NOW)
    await talk.passes_the_gate(go_on="no")
    assert (await talk.view()).standing.now is Now.BREAK


async def test_arriving_at_a_conversation_where_nothing_was_said_yet_shows_its_first_question(talk: Talk) -> None:
    await arrive(talk.room, talk.conversation_id, NOW)
    assert await talk.asked() == "feelings"
    await talk.presses(Control.WHY, typed="I am so")
    await arrive(talk.room, talk.conversation_id, NOW)
    view = await talk.view()
    assert view.is_gate
    assert "I am so" not in repr(view)


async def test_arriving_at_a_finished_conversation_asks_before_it_offers_a_copy(talk: Talk) -> None:
    for reply in (SECRET, "My cat"):
        await talk.says(reply)
    for choice in ("no", "safe", "done"):
        await talk.chooses(choice)
    await arrive(talk.room, talk.conversation_id, NOW)
    assert (await talk.view()).is_gate
    await talk.passes_the_gate()
    view = await talk.view()
    assert view.standing.now is Now.ENDED
    assert view.standing.answers[0].words == (SECRET,)


async def test_arriving_where_somebody_stopped_and_kept_what_they_said_goes_on_after_the_gate(talk: Talk) -> None:
    await talk.says(SECRET)
    await talk.presses(Control.STOP)
    await talk.chooses("stop_and_keep")
    await arrive(talk.room, talk.conversation_id, NOW)
    await talk.passes_the_gate(go_on="no")
    assert (await talk.view()).standing.now is Now.STOPPED
    await arrive(talk.room, talk.conversation_id, NOW)
    await talk.passes_the_gate()
    assert await talk.asked() == "matters"


async def test_where_everything_was_taken_back_there_is_nothing_to_come_back_to(talk: Talk) -> None:
    await talk.says(SECRET)
    await talk.presses(Control.STOP)
    await talk.chooses("stop_and_take_back")
    before = await talk.turns()
    await arrive(talk.room, talk.conversation_id, NOW)
    assert await talk.presses(Control.COME_BACK) is Taken.NOTHING
    assert await talk.presses(Control.STOP) is Taken.NOTHING
    assert await talk.turns() == before
    assert (await talk.view()).standing.now is Now.STOPPED


class Gated(FakeDialogue):
    """Asks first if it is all right to go on, as the interview does."""

    def _conversation(self, stage: Stage, speaker: Speaker) -> Told:
        yield ask("private", kind="choice", choices=YES_OR_NO)
        goes_on = yield ask("go_on", kind="choice", choices=[*YES_OR_NO, {"id": "not_sure"}], skippable=False)
        if goes_on.choice == ("not_sure",):
            goes_on = yield ask("go_on_slowly", kind="choice", choices=YES_OR_NO, skippable=False)
        while goes_on.choice != ("yes",):
            goes_on = yield Utterance("utter_gate_closed", "We stop here.", {"kind": "ending", "choices": []})
        yield from super()._conversation(stage, speaker)


@pytest.mark.parametrize("answers", [("no",), ("not_sure", "no")])
async def test_a_conversation_that_ended_at_a_bad_time_goes_on_once_the_time_is_good(
    room: Room, answers: tuple[str, ...]
) -> None:
    room = replace(room, dialogue=Gated())
    talk = Talk(room, await begin(room, stage=Stage.FIRST, speaker=Speaker.PERSON, now=NOW))
    for choice in ("yes", *answers):
        await talk.chooses(choice)
    assert (await talk.view()).standing.now is Now.ENDED
    await arrive(room, talk.conversation_id, NOW)
    await talk.passes_the_gate(go_on="no")
    await arrive(room, talk.conversation_id, NOW + timedelta(days=1))
    await talk.passes_the_gate()
    assert await talk.asked() == "feelings"
    said = (await talk.view()).standing.answers[-1].said
    assert [turn.choice for turn in said.versions] == [("no",), ("yes",)]


@pytest.mark.parametrize("speaker", [Speaker.ADVOCATE, Speaker.PRACTITIONER])
@pytest.mark.parametrize("stage", Stage)
async def test_the_gate_is_worded_for_whoever_speaks(room: Room, speaker: Speaker, stage: Stage) -> None:
    talk = Talk(room, await begin(room, stage=stage, speaker=speaker, now=NOW))
    await talk.presses(Control.TAKE_A_BREAK, typed="Ada")
    await talk.presses(Control.COME_BACK)
    worded = room.interview.question("private", speaker, stage)
    view = await talk.view()
    assert view.asking is not None
    assert (view.asking.wording, view.asking.why, view.asking.tips) == (worded.wording, worded.why, worded.tips)


async def test_an_answer_from_a_page_of_before_the_break_is_kept_as_a_note(on_a_break: Talk) -> None:
    old = Step(on_a_break.conversation_id, 4, 0, "an old page")
    assert await press(on_a_break.room, old, Control.WHY, NOW, typed="My cat is all I have") is Taken.ELSEWHERE
    last = (await on_a_break.turns())[-1]
    assert (last.kind, last.words) == (Kind.NOTE, "My cat is all I have")
