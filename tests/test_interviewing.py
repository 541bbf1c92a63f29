"""A person's words are kept first; what is asked next comes after, or later."""

import sqlite3
from contextlib import closing

import pytest
import yaml

from bot.conversation import Control, Kind, Now, Skip, Speaker, Stage, State
from bot.dialogue import DialogueUnavailable, Utterance
from bot.exporting import TakenBack, export_one
from bot.flags import Phrases
from bot.interview import Interview
from bot.interviewing import (
    Given,
    Refusal,
    Refused,
    Taken,
    answer,
    append,
    arrive,
    begin,
    go_on,
    keep_typed,
    look,
    press,
    take_back,
    wanted,
)
from bot.project import load_interview
from bot.statement import statement
from bot.store import NotKept
from tests.talking import NOW, Talk


async def to_the_check_page(talk: Talk) -> None:
    await talk.says("I feel tired")
    await talk.says("My cat")
    await talk.chooses("no")
    await talk.chooses("safe")
    assert await talk.asked() == "checked"


async def test_a_conversation_runs_from_the_first_question_to_the_end(talk):
    await to_the_check_page(talk)
    await talk.chooses("done")
    view = await talk.view()
    assert view.standing.now is Now.ENDED
    assert [turn.words for turn in view.turns if turn.kind is Kind.WORDS] == ["I feel tired", "My cat"]


async def test_lists_know_how_far_a_conversation_is(talk):
    async def state():
        return (await talk.view()).conversation.state

    assert await state() is State.OPEN
    await to_the_check_page(talk)
    assert await state() is State.OPEN
    await talk.chooses("done")
    assert await state() is State.FINISHED
    feelings = (await talk.view()).standing.answers[0]
    await talk.presses(Control.CHANGE, target=feelings.number)
    assert await state() is State.OPEN
    await talk.presses(Control.CANCEL)
    assert await state() is State.FINISHED


async def test_lists_know_that_somebody_stopped_and_that_they_came_back(talk):
    await talk.says("I feel tired")
    await talk.presses(Control.STOP)
    await talk.chooses("stop_and_keep")
    assert (await talk.view()).conversation.state is State.STOPPED
    await arrive(talk.room, talk.conversation_id, NOW)
    view = await talk.view()
    assert view.conversation.state is view.standing.state


async def test_the_dialogue_hears_references_and_choices_and_never_words(talk):
    await to_the_check_page(talk)
    heard = [delivery for path in talk.room.dialogue.asked for delivery in path]
    assert {delivery.intent for delivery in heard} == {"begin", "words", "choose"}
    assert "tired" not in repr(heard)


async def test_words_are_kept_when_the_dialogue_is_away_and_the_question_comes_when_it_is_back(talk):
    talk.room.dialogue.is_away = True
    await talk.says("I feel tired")
    view = await talk.view()
    assert view.standing.now is Now.WAITING
    assert view.turns[-1].words == "I feel tired"
    assert not await go_on(talk.room, talk.conversation_id, NOW)
    talk.room.dialogue.is_away = False
    assert await go_on(talk.room, talk.conversation_id, NOW)
    assert await talk.asked() == "matters"


async def test_a_conversation_can_begin_while_the_dialogue_is_away(room):
    room.dialogue.is_away = True
    conversation_id = await begin(room, stage=Stage.FIRST, speaker=Speaker.PERSON, now=NOW)
    assert (await look(room, conversation_id)).standing.now is Now.WAITING


async def test_the_dialogue_forgets_a_conversation_that_has_ended_and_is_told_it_by_who_goes_back(talk):
    await to_the_check_page(talk)
    held = talk.room.dialogue.holds
    assert held(talk.conversation_id)
    await talk.chooses("done")
    assert (await talk.view()).standing.now is Now.ENDED
    assert not held(talk.conversation_id)
    before = len((await talk.view()).standing.answers)
    matters = (await talk.view()).standing.answers[1].number
    await talk.presses(Control.CHANGE, target=matters)
    await talk.says("My dog")
    view = await talk.view()
    assert view.standing.now is Now.ENDED
    assert (len(view.standing.answers), view.standing.answers[1].current.words) == (before, "My dog")


async def test_a_dialogue_that_forgot_everything_is_told_again_and_nothing_is_asked_twice(talk):
    await talk.says("I feel tired")
    await talk.room.dialogue.forget(talk.conversation_id)
    await talk.says("My cat")
    assert await talk.asked() == "more"


async def test_the_same_step_brings_its_answer_once(talk):
    step = await talk.step()
    given = Given(Kind.WORDS, "I feel tired")
    assert await answer(talk.room, step, given, NOW) is Taken.KEPT
    assert await answer(talk.room, step, given, NOW) is Taken.REPEATED
    view = await talk.view()
    assert [turn.words for turn in view.turns].count("I feel tired") == 1


async def test_another_window_s_words_are_kept_as_a_note_and_answer_nothing(talk):
    other = await talk.step()
    await talk.says("I feel tired")
    assert await answer(talk.room, other, Given(Kind.WORDS, "I feel fine"), NOW) is Taken.ELSEWHERE
    view = await talk.view()
    assert (view.turns[-1].kind, view.turns[-1].words) == (Kind.NOTE, "I feel fine")
    assert await talk.asked() == "matters"
    assert view.standing.answers[0].words == ("I feel tired",)


@pytest.mark.parametrize(
    "words",
    ["/restart", '/begin{"stage": "first"}', "{{7*7}}", "{outcome}", "<b>", "\n\nhello", "  x  ", "\ud800", "a\0b"],
)
async def test_words_are_words_whatever_they_look_like(talk, words):
    await talk.says(words)
    view = await talk.view()
    assert next(turn for turn in view.turns if turn.kind is Kind.WORDS).words == words
    assert await talk.asked() == "matters"


async def test_the_longest_answer_is_kept_and_a_longer_one_is_kindly_refused(talk):
    step = await talk.step()
    with pytest.raises(Refused) as refused:
        await answer(talk.room, step, Given(Kind.WORDS, "a" * 20_001), NOW)
    assert refused.value.why is Refusal.TOO_LONG
    assert await answer(talk.room, step, Given(Kind.WORDS, "\U0001f600" * 20_000), NOW) is Taken.KEPT


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (Given(Kind.WORDS, ""), Refusal.NOTHING_GIVEN),
        (Given(Kind.WORDS, " \n "), Refusal.NOTHING_GIVEN),
        (Given(Kind.CHOICE, choice=("yes",)), Refusal.NOT_OFFERED),
        (Given(Kind.CHOICE), Refusal.NOTHING_GIVEN),
    ],
)
async def test_an_answer_that_was_not_offered_is_refused_and_nothing_is_kept(talk, given, why):
    before = (await talk.view()).standing.last
    with pytest.raises(Refused) as refused:
        await answer(talk.room, await talk.step(), given, NOW)
    assert refused.value.why is why
    assert (await talk.view()).standing.last == before


async def test_what_was_typed_is_still_there_after_why_was_pressed(talk):
    await talk.presses(Control.WHY, typed="I fe")
    view = await talk.view()
    assert view.draft == "I fe"
    assert Control.WHY in view.standing.opened
    await talk.says("I feel tired")
    assert (await talk.view()).draft == ""


async def test_a_draft_waits_while_an_earlier_answer_is_changed(talk):
    await talk.says("I feel tired")
    await talk.presses(Control.GO_BACK, typed="My c")
    assert (await talk.view()).draft == ""
    await talk.presses(Control.WHY, typed="I feel wo")
    assert (await talk.view()).draft == "I feel wo"
    await talk.says("I feel worn out")
    assert (await talk.view()).draft == "My c"
    assert await talk.asked() == "matters"


async def test_going_back_changes_an_answer_and_returns_to_where_the_person_was(talk):
    await talk.says("I feel tired")
    await talk.presses(Control.GO_BACK)
    assert await talk.asked() == "feelings"
    await talk.says("I feel worn out")
    view = await talk.view()
    assert await talk.asked() == "matters"
    assert view.standing.answers[0].words == ("I feel worn out",)
    assert [turn.words for turn in view.turns if turn.kind is Kind.WORDS] == ["I feel tired", "I feel worn out"]


async def test_adding_more_leaves_the_answer_as_it_was(talk):
    await talk.says("I feel tired")
    await talk.presses(Control.ADD_MORE)
    await talk.says("and sad")
    view = await talk.view()
    assert view.standing.answers[0].words == ("I feel tired", "and sad")
    assert await talk.asked() == "matters"


async def test_changing_the_way_asks_what_is_new_and_keeps_what_was_said_after(talk):
    await to_the_check_page(talk)
    more = next(one for one in (await talk.view()).standing.answers if one.question.asked == "more")
    await talk.presses(Control.CHANGE, target=more.number)
    await talk.chooses("yes")
    assert await talk.asked() == "outcome"
    await talk.says("I want my own key")
    assert await talk.asked() == "outcome_sign"
    await talk.says("I can lock my door")
    assert await talk.asked() == "more"
    await talk.chooses("no")
    assert await talk.asked() == "checked"
    answered = [answer.question.asked for answer in (await talk.view()).standing.answers]
    assert answered.count("safe_now") == 1


async def test_a_sign_is_never_filed_under_another_outcome(talk):
    await talk.says("I feel tired")
    await talk.says("My cat")
    await talk.chooses("yes")
    await talk.says("I want my own key")
    await talk.says("I can lock my door")
    await talk.chooses("yes")
    await talk.says("I want to see my sister")
    await talk.says("She comes on Sundays")
    await talk.chooses("no")
    await talk.room.dialogue.forget(talk.conversation_id)
    await talk.chooses("safe")
    view = await talk.view()
    signs = [answer for answer in view.standing.answers if answer.question.asked == "outcome_sign"]
    about = [view.standing.answer(int(sign.question.words.split("turn:")[1].split()[0])) for sign in signs]
    assert [one.words[0] for one in about] == ["I want my own key", "I want to see my sister"]
    assert [sign.words[0] for sign in signs] == ["I can lock my door", "She comes on Sundays"]


async def test_what_was_put_off_comes_round_before_the_check_page_and_only_once(talk):
    await talk.skips(Skip.LATER)
    await talk.says("My cat")
    await talk.chooses("no")
    await talk.chooses("safe")
    assert await talk.asked() == "feelings"
    await talk.skips(Skip.LATER)
    assert await talk.asked() == "checked"
    view = await talk.view()
    assert [answer.question.asked for answer in view.standing.answers] == ["feelings", "matters", "more", "safe_now"]


async def test_an_answer_that_came_round_takes_the_place_of_later(talk):
    await talk.skips(Skip.LATER)
    await talk.says("My cat")
    await talk.chooses("no")
    await talk.chooses("safe")
    await talk.says("Better now")
    assert await talk.asked() == "checked"
    assert (await talk.view()).standing.answers[0].words == ("Better now",)


async def test_what_was_begun_and_put_off_is_in_the_box_when_it_comes_round(talk):
    await talk.gives(Kind.SKIP, "I began to ", choice=(Skip.LATER,))
    put_off = (await talk.turns())[-2]
    assert (put_off.kind, put_off.words) == (Kind.SKIP, "")
    await talk.says("My cat")
    await talk.chooses("no")
    await talk.chooses("safe")
    view = await talk.view()
    assert (view.standing.asked.asked, view.draft) == ("feelings", "I began to ")
    await talk.gives(Kind.SKIP, "I began to say", choice=(Skip.LATER,))
    answer = (await talk.view()).standing.answers[0]
    await talk.presses(Control.CHANGE, target=answer.number)
    assert (await talk.view()).draft == "I began to say"
    await talk.says("Tired")
    await talk.presses(Control.CHANGE, target=answer.number)
    assert (await talk.view()).draft == ""


@pytest.mark.parametrize("skip", [Skip.DO_NOT_WANT_TO_SAY, Skip.DO_NOT_KNOW, Skip.NOT_FOR_ME])
async def test_what_a_person_would_rather_not_say_is_not_kept(talk, skip):
    await talk.gives(Kind.SKIP, "I began to ", choice=(skip,))
    await talk.presses(Control.GO_BACK)
    assert (await talk.view()).draft == ""
    assert all(not turn.words for turn in await talk.turns() if turn.speaker is Speaker.PERSON)


async def test_taking_back_hides_the_words_and_tells_the_team_only_that_something_was(talk):
    await to_the_check_page(talk)
    feelings = (await talk.view()).standing.answers[0]
    step = await talk.step()
    assert await take_back(talk.room, step, feelings.number, NOW) is Taken.KEPT
    assert await take_back(talk.room, step, feelings.number, NOW) is Taken.REPEATED
    view = await talk.view()
    made = statement(
        view.standing,
        await wanted(talk.room, view),
        talk.room.interview,
        {},
        begun_at=NOW,
        last_said_at=NOW,
        conversation_id=talk.conversation_id,
        head=b"",
    )
    assert "tired" not in repr(made)
    assert "My cat" in repr(made)
    with talk.room.store.reading() as seen:
        assert [flag.kind for flag in seen.flags.of(talk.conversation_id)] == ["taken_back"]


async def test_a_whole_answer_that_looks_like_a_control_is_kept_and_asked_about(talk):
    await talk.says("Stop.")
    assert await talk.asked() == "meant_stop"
    await talk.chooses("carry_on")
    assert await talk.asked() == "matters"
    assert (await talk.view()).standing.answers[0].words == ("Stop.",)


async def test_saying_that_stop_was_meant_asks_how_to_stop(talk):
    await talk.says("stop")
    await talk.chooses("stop")
    assert await talk.asked() == "stop"
    await talk.chooses("stop_and_keep")
    view = await talk.view()
    assert view.standing.now is Now.STOPPED
    with talk.room.store.reading() as seen:
        assert "stopped_early" in [flag.kind for flag in seen.flags.of(talk.conversation_id)]


async def test_saying_that_a_skip_was_meant_keeps_both_facts(talk):
    await talk.says("I don\u2019t know")
    await talk.chooses("do_not_know")
    view = await talk.view()
    said = view.standing.answers[0].said
    assert [turn.kind for turn in said.versions] == [Kind.WORDS, Kind.SKIP]
    assert await talk.asked() == "matters"


async def test_help_comes_first_when_someone_writes_of_ending_their_life_and_the_words_stay(talk):
    await talk.says("I want to die")
    assert await talk.asked() == "help_first"
    await talk.chooses("carry_on")
    assert await talk.asked() == "matters"
    await talk.says("sometimes I want to die")
    assert await talk.asked() == "more"
    with talk.room.store.reading() as seen:
        assert [flag.kind for flag in seen.flags.of(talk.conversation_id)] == ["thoughts_of_ending_life"] * 2


async def test_whoever_tells_what_happened_is_thanked_and_not_asked_more(talk):
    await talk.says("He hit me")
    view = await talk.view()
    assert [notice.asked for notice in view.standing.notices] == ["thank_you_for_telling"]
    assert await talk.asked() == "matters"


async def test_a_choice_that_says_not_safe_is_told_to_the_team_and_help_comes_first(talk):
    await talk.says("I feel tired")
    await talk.says("My cat")
    await talk.chooses("no")
    await talk.chooses("not_safe")
    assert await talk.asked() == "help_first"
    with talk.room.store.reading() as seen:
        assert [flag.kind for flag in seen.flags.of(talk.conversation_id)] == ["in_danger_now"]


async def test_stopping_and_taking_everything_back_leaves_an_empty_statement(talk):
    await talk.says("I feel tired")
    await talk.presses(Control.STOP)
    await talk.chooses("stop_and_take_back")
    view = await talk.view()
    assert view.standing.is_everything_taken_back
    made = statement(
        view.standing,
        await wanted(talk.room, view),
        talk.room.interview,
        {},
        begun_at=NOW,
        last_said_at=NOW,
        conversation_id=talk.conversation_id,
        head=b"",
    )
    assert made.sections == ()


async def test_a_break_and_coming_back_lose_nothing(talk):
    await talk.presses(Control.TAKE_A_BREAK, typed="I fe")
    assert (await talk.view()).standing.now is Now.BREAK
    await talk.presses(Control.COME_BACK)
    await talk.passes_the_gate()
    view = await talk.view()
    assert (await talk.asked(), view.draft) == ("feelings", "I fe")


async def test_the_order_that_choices_were_shown_in_is_kept_and_what_is_fixed_stays_last(talk):
    await talk.says("I feel tired")
    await talk.says("My cat")
    await talk.chooses("no")
    asked = (await talk.view()).standing.asked
    assert set(asked.shown) == {"safe", "not_safe", "not_sure"}
    assert asked.shown[-1] == "not_sure"


async def test_nothing_is_acknowledged_while_the_database_is_locked(talk, monkeypatch):
    monkeypatch.setattr("bot.store.database.LOCKED_FOR", 0.2)
    path = talk.room.store.engine.url.database
    step = await talk.step()
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(NotKept):
            await answer(talk.room, step, Given(Kind.WORDS, "I feel tired"), NOW)
        other.rollback()
    assert await answer(talk.room, step, Given(Kind.WORDS, "I feel tired"), NOW) is Taken.KEPT


async def test_a_change_that_arrives_while_the_dialogue_thinks_is_not_overtaken(talk):
    """The reply belongs to what the dialogue heard; a conversation that moved meanwhile is asked about again."""
    await talk.says("I feel tired")
    first = (await talk.view()).standing.answers[0]
    moved: list[int] = []

    def change_meanwhile() -> None:
        if not moved:
            with talk.room.store.begin() as kept:
                turn = kept.conversations.add(
                    talk.conversation_id,
                    speaker=Speaker.PERSON,
                    kind=Kind.SKIP,
                    said_at=NOW,
                    asked="feelings",
                    answers=first.question.number,
                    choice=(Skip.DO_NOT_KNOW,),
                    replaces=first.number,
                )
                moved.append(turn.number)

    talk.room.dialogue.before_answering = change_meanwhile
    await talk.says("My cat")
    view = await talk.view()
    assert view.standing.now is Now.QUESTION
    assert await talk.asked() == "more"
    assert not view.standing.unsettled


def test_the_phrases_are_found_as_whole_words_and_change_nothing():
    phrases = Phrases(
        yaml.safe_load("flags: {in_danger_now: {help_first: true, phrases: [in danger]}}\nmeant: {stop: [stop]}")
    )
    assert phrases.flags("I am  IN\nDANGER") == ("in_danger_now",)
    assert phrases.flags("in dangerous") == ()
    assert phrases.meant(" Stop! ") == "stop"
    assert phrases.meant("They told me to stop") is None


def test_an_unavailable_dialogue_says_so():
    assert issubclass(DialogueUnavailable, Exception)
    assert isinstance(load_interview(), Interview)


async def test_a_page_whose_visit_is_over_can_add_words_and_decide_nothing(talk):
    step = await talk.step()
    assert await append(talk.room, step, Given(Kind.WORDS, "I feel tired"), NOW) is Taken.KEPT
    assert (await talk.view()).standing.answers[0].words == ("I feel tired",)
    await talk.presses(Control.STOP)
    step = await talk.step()
    assert await append(talk.room, step, Given(Kind.CHOICE, choice=("stop_and_take_back",)), NOW) is Taken.ELSEWHERE
    view = await talk.view()
    assert (view.standing.now, view.standing.asked.asked) == (Now.ASIDE, "stop")
    assert not view.standing.is_everything_taken_back


async def test_an_export_leaves_out_what_was_taken_back_unless_it_has_to_be_kept_in(talk):
    await talk.says("I feel tired")
    await talk.says("My cat")
    feelings = (await talk.view()).standing.answers[0]
    await take_back(talk.room, await talk.step(), feelings.number, NOW)
    left_out = export_one(talk.room.store, talk.conversation_id)
    assert "tired" not in repr(left_out)
    assert [turn["number"] for turn in left_out["turns"] if turn["taken_back"]] == [feelings.number]
    assert "My cat" in repr(left_out)
    assert "I feel tired" in repr(export_one(talk.room.store, talk.conversation_id, TakenBack.KEPT_IN))


async def test_an_export_of_someone_who_took_everything_back_has_none_of_their_words(talk):
    await talk.says("I feel tired")
    await talk.says("My cat")
    await talk.chooses("yes")
    await talk.says("I want my own key")
    await talk.presses(Control.STOP)
    await talk.chooses("stop_and_take_back")
    exported = repr(export_one(talk.room.store, talk.conversation_id))
    assert not any(words in exported for words in ("I feel tired", "My cat", "my own key"))


async def test_what_is_said_again_after_taking_it_back_is_shown_and_what_was_taken_back_is_not(talk):
    await talk.says("I feel tired")
    await talk.says("My cat")
    feelings = (await talk.view()).standing.answers[0]
    await take_back(talk.room, await talk.step(), feelings.number, NOW)
    await talk.presses(Control.CHANGE, target=feelings.number)
    await talk.says("Worn out")
    exported = repr(export_one(talk.room.store, talk.conversation_id))
    assert "Worn out" in exported
    assert "tired" not in exported


async def test_a_page_that_took_one_thing_back_can_take_back_another(talk):
    await talk.says("I feel tired")
    await talk.says("My cat")
    first, other = (answer.number for answer in (await talk.view()).standing.answers)
    step = await talk.step()
    assert await take_back(talk.room, step, first, NOW) is Taken.KEPT
    assert await take_back(talk.room, step, first, NOW) is Taken.REPEATED
    assert await take_back(talk.room, step, other, NOW) is Taken.KEPT
    assert all(answer.said.is_taken_back for answer in (await talk.view()).standing.answers)


@pytest.mark.parametrize("control", [Control.CHANGE, Control.ADD_MORE])
async def test_a_page_that_changed_one_answer_can_change_another(talk, control):
    await talk.says("I feel tired")
    await talk.says("My cat")
    first, other = (answer.number for answer in (await talk.view()).standing.answers)
    step = await talk.step()
    assert await press(talk.room, step, control, NOW, target=first) is Taken.KEPT
    assert await press(talk.room, step, control, NOW, target=first) is Taken.REPEATED
    assert await press(talk.room, step, control, NOW, target=other) is Taken.KEPT
    assert (await talk.view()).standing.revisited.first.number == other


async def test_what_a_late_page_brings_with_a_button_is_kept_once(talk):
    step = await talk.step()
    await talk.says("I feel tired")
    for control in (Control.WHY, Control.WHY, Control.ANOTHER_WAY):
        assert await press(talk.room, step, control, NOW, typed="And sad") is Taken.ELSEWHERE
    assert await keep_typed(talk.room, step, Given(Kind.WORDS, "And sad"), NOW) is Taken.ELSEWHERE
    assert [turn.words for turn in await talk.turns() if turn.kind is Kind.NOTE] == ["And sad"]


async def test_keeping_what_is_private_is_never_a_repeat(room):
    with room.store.begin() as kept:
        enquiry_id = kept.enquiries.open(NOW)
    room.dialogue.next = lambda *_: Utterance("utter_done", "Thank you.", {"kind": "ending", "choices": []})
    talk = Talk(room, await begin(room, stage=Stage.FIRST, speaker=Speaker.PERSON, now=NOW, enquiry_id=enquiry_id))
    step = await talk.step()
    for control, is_shared in (
        (Control.KEEP_PRIVATE, False),
        (Control.SHARE, True),
        (Control.KEEP_PRIVATE, False),
        (Control.SHARE, False),  # it may be an old page's, sent again: what is private stays so
    ):
        await press(room, step, control, NOW)
        assert (await talk.view()).standing.shared is is_shared
