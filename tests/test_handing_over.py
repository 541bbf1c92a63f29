"""A practitioner hands the screen to the person for one question, and takes it back. What is private never shows."""

from dataclasses import replace

import pytest

from bot.conversation import Control, How, Kind, Now, Skip, Speaker, Stage
from bot.interviewing import Given, Refusal, Refused, Room, Taken, answer, arrive, begin, press, take_back
from tests.fake_dialogue import FakeDialogue, ask
from tests.talking import NOW, Talk


@pytest.fixture
async def handing(room: Room) -> Talk:
    """A practitioner's conversation: one answer is there, with a note, and another one is half typed."""
    talk = Talk(room, await begin(room, stage=Stage.FIRST, speaker=Speaker.PRACTITIONER, now=NOW))
    await talk.says("I feel tired", original="Cansada", how=How.THROUGH_AN_INTERPRETER, note="Watched the door")
    return talk


@pytest.fixture
async def handed(handing: Talk) -> Talk:
    """The person has the screen."""
    taken = await handing.presses(Control.HAND_OVER, "My ol", typed_original="Mi vie", typed_note="Her son rang")
    assert taken is Taken.KEPT
    return handing


SAID = ("tired", "Cansada", "door", "My ol", "Mi vie", "Her son")
"""What was said, written and typed before."""


async def test_the_person_is_shown_the_question_and_nothing_of_before(handed: Talk) -> None:
    view = await handed.view()
    assert (view.is_handed_over, view.is_to_be_handed_back, await handed.asked()) == (True, False, "matters")
    assert not any(said in repr(view) for said in SAID)
    assert not view.asks_how


async def test_what_the_person_answers_is_said_by_the_person_and_the_screen_is_to_be_given_back(handed: Talk) -> None:
    await handed.says("My old dog")
    said = next(turn for turn in await handed.turns() if turn.words == "My old dog")
    assert (said.speaker, said.kind, said.how) == (Speaker.PERSON, Kind.WORDS, How.FREE_WORDS)
    view = await handed.view()
    assert view.is_to_be_handed_back
    assert not any(said in repr(view) for said in (*SAID, "old dog", "What about more?"))
    await handed.presses(Control.TAKE_SCREEN_BACK)
    view = await handed.view()
    assert (view.is_handed_over, await handed.asked()) == (False, "more")
    assert [one.words for one in view.standing.answers] == [("I feel tired",), ("My old dog",)]
    await handed.chooses("no")
    assert (await handed.turns())[-2].speaker is Speaker.PRACTITIONER


async def test_who_handed_over_and_took_back_is_the_practitioner(handed: Talk) -> None:
    await handed.presses(Control.TAKE_SCREEN_BACK)
    pressed = [turn for turn in await handed.turns() if turn.kind is Kind.CONTROL]
    assert [(turn.speaker, turn.choice) for turn in pressed] == [
        (Speaker.PRACTITIONER, ("hand_over",)),
        (Speaker.PRACTITIONER, ("take_screen_back",)),
    ]


async def test_the_person_can_leave_it_out_but_not_as_a_practitioner_would(handed: Talk) -> None:
    with pytest.raises(Refused) as refused:
        await handed.skips(Skip.DECLINED)
    assert refused.value.why is Refusal.HANDED_OVER
    await handed.skips(Skip.DO_NOT_WANT_TO_SAY)
    stands = (await handed.turns())[-2]
    assert (stands.kind, stands.speaker) == (Kind.SKIP, Speaker.PERSON)


@pytest.mark.parametrize("more", [{"how": How.FREE_WORDS}, {"original": "Mi"}, {"note": "Her son"}])
async def test_nothing_that_only_a_practitioner_adds_is_taken_meanwhile(handed: Talk, more: dict[str, object]) -> None:
    before = await handed.turns()
    with pytest.raises(Refused) as refused:
        await handed.says("My old dog", **more)
    assert refused.value.why is Refusal.HANDED_OVER
    assert await handed.turns() == before


async def test_meanwhile_the_person_can_ask_why_get_help_and_take_a_break_and_nothing_else(handed: Talk) -> None:
    answered = (await handed.turns())[1].number
    for control in Control:
        if control in {Control.TAKE_A_BREAK, Control.TAKE_SCREEN_BACK}:
            continue
        can = control in {
            Control.WHY,
            Control.ANOTHER_WAY,
            Control.READ_ON,
            Control.TALK_TO_A_PERSON,
            Control.GET_HELP_NOW,
        }
        taken = await handed.presses(control, target=answered)
        if control is not Control.COME_BACK:
            assert (control, taken) == (control, Taken.KEPT if can else Taken.NOTHING)
    assert await take_back(handed.room, await handed.step(), answered, NOW) is Taken.NOTHING
    assert (await handed.view()).standing.now is Now.QUESTION


async def test_once_the_person_has_answered_the_question_after_it_stays_shut(handed: Talk) -> None:
    await handed.says("My old dog")
    for control in (Control.WHY, Control.ANOTHER_WAY, Control.GO_BACK, Control.HAND_OVER, Control.STOP):
        assert await handed.presses(control) is Taken.NOTHING


async def test_a_break_and_the_gate_happen_on_the_person_s_screen_and_lead_back_to_the_question(handed: Talk) -> None:
    await handed.presses(Control.TAKE_A_BREAK)
    pages = [await handed.view()]
    await handed.presses(Control.COME_BACK)
    pages.append(await handed.view())
    worded = handed.room.interview.question("private", Speaker.PERSON)
    assert pages[-1].asking is not None
    assert pages[-1].asking.why == worded.why
    await handed.passes_the_gate()
    pages.append(await handed.view())
    assert not any(said in repr(page) for page in pages for said in SAID)
    assert [page.standing.now for page in pages] == [Now.BREAK, Now.ASIDE, Now.QUESTION]
    assert (await handed.asked(), pages[-1].is_handed_over) == ("matters", True)


async def test_a_code_leads_to_the_gate_and_the_screen_can_be_taken_back(handed: Talk) -> None:
    await arrive(handed.room, handed.conversation_id, NOW)
    assert (await handed.view()).is_gate
    await handed.passes_the_gate()
    await handed.presses(Control.TAKE_SCREEN_BACK)
    assert (await handed.view()).draft == "My ol"


@pytest.mark.parametrize("comes_back", ["after a break", "with a code"])
@pytest.mark.parametrize("typed", [("My ol", ""), ("", "My ol")])
async def test_something_half_typed_by_whichever_of_them_leads_to_the_gate(
    room: Room, typed: tuple[str, str], comes_back: str
) -> None:
    talk = Talk(room, await begin(room, stage=Stage.FIRST, speaker=Speaker.PRACTITIONER, now=NOW))
    before, after = typed
    await talk.presses(Control.HAND_OVER, before)
    await talk.presses(Control.WHY, after)
    if comes_back == "with a code":
        await arrive(room, talk.conversation_id, NOW)
    else:
        await talk.presses(Control.TAKE_A_BREAK)
        await talk.presses(Control.COME_BACK)
    assert (await talk.view()).is_gate


async def test_what_a_practitioner_is_told_stays_off_the_person_s_screen(room: Room) -> None:
    talk = Talk(room, await begin(room, stage=Stage.FIRST, speaker=Speaker.PRACTITIONER, now=NOW))
    await talk.says("He hit me")
    assert [notice.asked for notice in (await talk.view()).standing.notices] == ["thank_you_for_telling"]
    await talk.presses(Control.HAND_OVER)
    assert (await talk.view()).standing.notices == ()
    await talk.presses(Control.TAKE_A_BREAK)
    await talk.presses(Control.COME_BACK)
    await talk.passes_the_gate()
    view = await talk.view()
    assert view.is_handed_over
    assert [notice.asked for notice in view.standing.notices] == ["welcome_back"]


async def test_two_drafts_stay_apart_and_none_is_lost(handed: Talk) -> None:
    await handed.presses(Control.WHY, "My b")
    assert (await handed.view()).draft == "My b"
    await handed.presses(Control.TAKE_SCREEN_BACK)
    view = await handed.view()
    assert (view.draft, view.draft_original, view.draft_note) == ("My ol", "Mi vie", "Her son rang")
    await handed.presses(Control.HAND_OVER)
    assert (await handed.view()).draft == "My b"


async def test_what_the_person_had_half_typed_is_there_when_the_screen_is_back(handing: Talk) -> None:
    await handing.presses(Control.HAND_OVER)
    await handing.presses(Control.TAKE_SCREEN_BACK, "My b")
    assert (await handing.view()).draft == "My b"


async def test_help_comes_first_in_the_person_s_own_wording_and_the_reply_is_the_person_s(handed: Talk) -> None:
    await handed.says("I want to die")
    view = await handed.view()
    assert view.asking is not None
    worded = handed.room.interview.question("help_first", Speaker.PERSON)
    assert (await handed.asked(), view.asking.information) == ("help_first", worded.information)
    assert not any(said in repr(view) for said in SAID)
    await handed.chooses("carry_on")
    reply = next(turn for turn in await handed.turns() if turn.kind is Kind.REPLY)
    assert reply.speaker is Speaker.PERSON
    assert (await handed.view()).is_to_be_handed_back


async def test_what_the_person_just_said_is_read_back_where_it_may_have_meant_something_else(handed: Talk) -> None:
    await handed.says("not sure")
    stands = (await handed.view()).standing
    assert stands.asked is not None
    number = int(stands.asked.words.split("turn:")[1].split()[0])
    said = stands.said(number)
    assert said is not None
    assert said.current.words == "not sure"
    assert list(stands.by_turn) == [number]


async def test_a_question_that_reads_back_what_was_said_reads_back_that_alone(handing: Talk) -> None:
    await handing.says("My cat")
    await handing.chooses("yes")
    await handing.says("My own key")
    await handing.presses(Control.HAND_OVER)
    view = await handing.view()
    assert [said.current.words for _, said in view.standing.by_turn.values()] == ["My own key"]
    assert not any(said in repr(view) for said in ("tired", "My cat", "door"))


async def test_another_window_s_answer_to_the_next_question_is_still_the_practitioner_s(handed: Talk) -> None:
    await handed.says("My old dog")
    await handed.chooses("no", how=How.POINTED_SIGNED_OR_EYE_GAZE)
    said = (await handed.turns())[-2]
    assert (said.kind, said.choice, said.speaker) == (Kind.CHOICE, ("no",), Speaker.PRACTITIONER)


async def test_what_comes_late_to_the_question_handed_over_is_kept_and_says_whose_it_is(handing: Talk) -> None:
    await handing.presses(Control.HAND_OVER)
    step = await handing.step()
    await handing.says("My old dog")
    assert await answer(handing.room, step, Given(Kind.WORDS, "And my cat"), NOW) is Taken.ELSEWHERE
    with_note = Given(Kind.WORDS, "A dog", note="Her son rang")
    assert await answer(handing.room, step, with_note, NOW) is Taken.ELSEWHERE
    notes = [turn for turn in await handing.turns() if turn.kind in {Kind.NOTE, Kind.PRIVATE_NOTE}][1:]
    assert [(turn.words, turn.speaker) for turn in notes] == [
        ("And my cat", Speaker.PERSON),
        ("A dog", Speaker.PRACTITIONER),
        ("Her son rang", Speaker.PRACTITIONER),
    ]


# --- what can be handed over ------------------------------------------------------------------------------------------


async def test_only_a_practitioner_has_a_screen_to_hand_over(talk: Talk) -> None:
    assert not (await talk.view()).can_hand_over
    assert await talk.presses(Control.HAND_OVER) is Taken.NOTHING
    assert await talk.presses(Control.TAKE_SCREEN_BACK) is Taken.NOTHING


class Asks(FakeDialogue):
    """Asks one question, as it is told to."""

    def __init__(self, **custom: object) -> None:
        super().__init__()
        self.custom = custom

    def next(self, *_: object) -> object:  # type: ignore[override]
        return ask("feelings", **self.custom)


CHECK = {"kind": "check", "choices": [{"id": "done", "label": "Yes"}]}


@pytest.mark.parametrize(
    ("custom", "can"),
    [
        ({"tips": ["Ask it openly."]}, True),
        ({}, False),
        ({"tips": ["Ask it openly."], "private": True}, False),
        ({"tips": ["Ask it openly."], **CHECK}, False),
        ({"tips": ["Ask it openly."], "shows": "communication"}, False),
    ],
)
async def test_what_is_read_out_can_be_handed_over_and_nothing_that_is_for_the_team_or_shows_what_was_said(
    room: Room, custom: dict[str, object], can: bool
) -> None:
    room = replace(room, dialogue=Asks(**custom))
    talk = Talk(room, await begin(room, stage=Stage.FIRST, speaker=Speaker.PRACTITIONER, now=NOW))
    assert (await talk.view()).can_hand_over is can
    assert await talk.presses(Control.HAND_OVER) is (Taken.KEPT if can else Taken.NOTHING)


async def test_while_an_answer_is_being_changed_the_screen_stays(handing: Talk) -> None:
    await handing.presses(Control.GO_BACK)
    assert not (await handing.view()).can_hand_over
    assert await handing.presses(Control.HAND_OVER) is Taken.NOTHING


async def test_a_double_press_hands_over_once(handing: Talk) -> None:
    await handing.presses(Control.HAND_OVER)
    assert await handing.presses(Control.HAND_OVER) is Taken.NOTHING


# --- nothing typed before is lost, or shown, by what happens meanwhile ------------------------------------------------


async def test_a_note_typed_before_the_screen_was_handed_over_is_kept_once_the_person_has_answered(
    handed: Talk,
) -> None:
    await handed.says("My old dog")
    await handed.presses(Control.TAKE_SCREEN_BACK)
    kept = [(turn.kind, turn.words, turn.original, turn.speaker) for turn in await handed.turns()]
    assert (Kind.PRIVATE_NOTE, "Her son rang", "", Speaker.PRACTITIONER) in kept
    assert (Kind.NOTE, "My ol", "Mi vie", Speaker.PRACTITIONER) in kept


async def test_what_a_late_page_of_the_practitioner_s_holds_stays_the_practitioner_s(handing: Talk) -> None:
    late = await handing.step()
    await handing.presses(Control.HAND_OVER)
    taken = await press(handing.room, late, Control.WHY, NOW, typed="My ol", typed_note="Her son rang")
    assert taken is Taken.KEPT
    view = await handing.view()
    assert not any(said in repr(view) for said in SAID)
    await handing.presses(Control.TAKE_SCREEN_BACK)
    view = await handing.view()
    assert (view.draft, view.draft_note) == ("My ol", "Her son rang")


@pytest.mark.parametrize("control", [Control.GO_BACK, Control.STOP, Control.HAND_OVER])
async def test_what_was_typed_stays_when_a_button_of_a_late_page_makes_no_sense(
    handing: Talk, control: Control
) -> None:
    late = await handing.step()
    await handing.presses(Control.HAND_OVER)
    taken = await press(handing.room, late, control, NOW, typed="My ol", typed_note="Her son rang")
    assert taken is Taken.NOTHING
    await handing.presses(Control.TAKE_SCREEN_BACK)
    view = await handing.view()
    assert (view.draft, view.draft_note) == ("My ol", "Her son rang")


async def test_what_the_person_had_half_typed_goes_beside_the_practitioner_s_note(handing: Talk) -> None:
    await handing.presses(Control.HAND_OVER, typed_note="Her son rang")
    await handing.presses(Control.TAKE_SCREEN_BACK, "My b")
    view = await handing.view()
    assert (view.draft, view.draft_note) == ("My b", "Her son rang")
