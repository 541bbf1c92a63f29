"""Where a conversation stands follows from its turns alone."""

import pytest

from bot.conversation import ANYBODYS_SKIPS, PRACTITIONERS_SKIPS, Control, Kind, Now, Skip, heard_as, referred
from tests.telling import Told


def test_a_conversation_without_turns_waits_for_its_first_question():
    assert Told().standing.now is Now.WAITING


def test_a_question_is_on_show_until_it_is_answered():
    told = Told()
    asked = told.asks("feelings")
    assert (told.standing.now, told.standing.asked) == (Now.QUESTION, asked)
    told.says("I feel tired")
    assert told.standing.now is Now.WAITING


def test_answers_are_the_path_in_the_order_they_were_given():
    told = Told()
    told.asks("feelings")
    first = told.says("I feel tired")
    told.asks("matters")
    second = told.says("My cat")
    assert told.standing.path == (first.number, second.number)


def test_why_and_help_stay_open_on_their_question_only():
    told = Told()
    told.asks("feelings")
    told.presses(Control.WHY)
    told.presses(Control.GET_HELP_NOW)
    assert told.standing.opened == {Control.WHY, Control.GET_HELP_NOW}
    told.says("I feel tired")
    told.asks("matters")
    assert told.standing.opened == frozenset()


def test_going_back_shows_the_answer_before_and_going_back_again_the_one_before_that():
    told = Told()
    told.asks("feelings")
    first = told.says("I feel tired")
    told.asks("matters")
    second = told.says("My cat")
    told.asks("worries")
    assert told.standing.previous.number == second.number
    told.presses(Control.GO_BACK, second)
    assert (told.standing.now, told.standing.asked.asked) == (Now.REVISIT, "matters")
    assert told.standing.previous.number == first.number
    told.presses(Control.GO_BACK, first)
    assert told.standing.asked.asked == "feelings"
    assert told.standing.previous is None


def test_words_changed_are_a_new_version_and_the_waiting_question_is_on_show_again():
    told = Told()
    told.asks("feelings")
    first = told.says("I feel tired")
    waiting = told.asks("matters")
    told.presses(Control.GO_BACK, first)
    changed = told.says("I feel worn out", to=told.turns[0], replaces=first.number)
    stands = told.standing
    assert (stands.now, stands.asked) == (Now.QUESTION, waiting)
    (answer,) = stands.answers
    assert [turn.number for turn in answer.said.versions] == [first.number, changed.number]
    assert answer.words == ("I feel worn out",)
    assert stands.path == (first.number,)


def test_a_choice_changed_owes_the_path_afresh():
    told = Told()
    asked = told.asks("together")
    first = told.chooses("yes")
    told.asks("own_power")
    told.chooses("no", to=asked, replaces=first.number)
    assert told.standing.now is Now.WAITING
    assert told.standing.unsettled == {first.number}


def test_the_same_choice_given_again_owes_nothing():
    told = Told()
    asked = told.asks("together")
    first = told.chooses("yes")
    told.asks("own_power")
    told.chooses("yes", to=asked, replaces=first.number)
    assert told.standing.now is Now.QUESTION


def test_a_question_can_name_the_path_that_led_to_it():
    told = Told()
    asked = told.asks("together")
    first = told.chooses("yes")
    told.asks("own_power")
    second = told.says("Lock the door")
    told.asks("helpers")
    told.chooses("no", to=asked, replaces=first.number)
    told.asks("plan_a", path=[first.number])
    assert told.standing.path == (first.number,)
    third = told.chooses("turn:2")
    told.asks("helpers", path=[first.number, third.number, second.number])
    assert told.standing.path == (first.number, third.number, second.number)


def test_what_is_added_stands_beside_the_answer_and_is_not_merged_with_it():
    told = Told()
    told.asks("feelings")
    first = told.says("I feel tired")
    told.asks("matters")
    told.presses(Control.ADD_MORE, first)
    added = told.says("and sad", to=told.turns[0], adds_to=first.number)
    stands = told.standing
    (answer,) = stands.answers
    assert answer.words == ("I feel tired", "and sad")
    assert stands.now is Now.QUESTION
    assert stands.answer(added.number) is answer or stands.answer(added.number) == answer
    assert stands.said(added.number).first is added


def test_something_added_can_be_changed_and_taken_back_by_itself():
    told = Told()
    told.asks("feelings")
    first = told.says("I feel tired")
    told.asks("matters")
    added = told.says("and sad", to=told.turns[0], adds_to=first.number)
    changed = told.says("and cross", to=told.turns[0], replaces=added.number)
    assert told.standing.answers[0].words == ("I feel tired", "and cross")
    told.takes_back(changed)
    assert told.standing.answers[0].words == ("I feel tired",)
    assert told.standing.now is Now.QUESTION


def test_what_is_taken_back_is_heard_as_before_and_shown_no_more():
    told = Told()
    told.asks("feelings")
    first = told.says("I feel tired")
    told.asks("matters")
    told.takes_back(first)
    (answer,) = told.standing.answers
    assert answer.words == ()
    assert answer.said.is_taken_back
    assert answer.said.heard is first
    assert told.standing.now is Now.QUESTION


def test_something_taken_back_can_be_said_again():
    told = Told()
    asked = told.asks("feelings")
    first = told.says("I feel tired")
    told.asks("matters")
    back = told.takes_back(first)
    told.says("I am tired of it", to=asked, replaces=back.number)
    assert told.standing.answers[0].words == ("I am tired of it",)


def test_ask_me_later_comes_round_once_and_the_new_answer_takes_its_place():
    told = Told()
    asked = told.asks("feelings", "How do you feel?")
    later = told.skips(Skip.LATER)
    told.asks("matters", "What matters?")
    cat = told.says("My cat")
    told.asks("checked", "Is this right?")
    (put_off,) = told.standing.put_off
    assert put_off.number == later.number
    told.presses(Control.COME_ROUND)
    stands = told.standing
    assert stands.now is Now.WAITING
    assert stands.kept_for("feelings", "How do you feel?", []) is None
    assert stands.kept_for("matters", "What matters?", []).number == cat.number
    told.asks("feelings", "How do you feel?", path=[])
    assert told.standing.put_off_here.number == later.number
    told.says("Better now", replaces=later.number)
    stands = told.standing
    feelings = stands.answers[0]
    assert feelings.words == ("Better now",)
    assert stands.path == (later.number,)
    assert stands.kept_for("matters", "What matters?", stands.path).number == cat.number
    assert asked.asked == "feelings"


def test_later_said_again_after_coming_round_is_an_answer():
    told = Told()
    told.asks("feelings", "How do you feel?")
    later = told.skips(Skip.LATER)
    told.asks("checked", "Is this right?")
    told.presses(Control.COME_ROUND)
    told.asks("feelings", "How do you feel?", path=[])
    told.skips(Skip.LATER, replaces=later.number)
    assert told.standing.put_off_here is None
    assert told.standing.kept_for("feelings", "How do you feel?", []).number == later.number


def test_an_answer_is_kept_only_for_the_same_question_about_the_same_thing():
    told = Told()
    told.asks("outcome_sign", "You said: turn:4. How would you know?")
    sign = told.says("I can lock my door")
    told.asks("matters")
    stands = told.standing
    assert stands.kept_for("outcome_sign", "You said: turn:4. How would you know?", []).number == sign.number
    assert stands.kept_for("outcome_sign", "You said: turn:9. How would you know?", []) is None
    assert stands.kept_for("outcome_sign", "You said: turn:4. How would you know?", [sign.number]) is None


def test_an_aside_stands_before_the_next_question_and_its_reply_lets_the_interview_go_on():
    told = Told()
    told.asks("worries")
    told.says("stop")
    aside = told.asks_aside("meant_stop")
    assert (told.standing.now, told.standing.asked) == (Now.ASIDE, aside)
    told.replies("my_answer")
    assert told.standing.now is Now.WAITING


def test_an_answer_meant_as_a_skip_is_kept_and_replaced():
    told = Told()
    asked = told.asks("worries")
    first = told.says("I don't know")
    told.asks_aside("meant_skip")
    told.replies(Skip.DO_NOT_KNOW)
    told.skips(Skip.DO_NOT_KNOW, to=asked, replaces=first.number)
    stands = told.standing
    assert stands.now is Now.WAITING
    assert stands.answers[0].said.heard.kind is Kind.SKIP
    assert stands.answers[0].said.first.words == "I don't know"


def test_a_break_is_over_when_the_person_comes_back():
    told = Told()
    told.asks("worries")
    told.presses(Control.TAKE_A_BREAK)
    assert told.standing.now is Now.BREAK
    told.presses(Control.COME_BACK)
    assert told.standing.now is Now.QUESTION


@pytest.mark.parametrize(("stop", "gone"), [(Control.STOP_AND_KEEP, False), (Control.STOP_AND_TAKE_BACK, True)])
def test_stopping_keeps_what_was_said_or_takes_it_all_back(stop, gone):
    told = Told()
    told.asks("worries")
    told.presses(stop)
    assert told.standing.now is Now.STOPPED
    assert told.standing.is_everything_taken_back is gone
    told.presses(Control.COME_BACK)
    assert (told.standing.now is Now.QUESTION) is not gone


def test_cancelling_a_change_leaves_everything_as_it_was():
    told = Told()
    told.asks("feelings")
    first = told.says("I feel tired")
    waiting = told.asks("matters")
    told.presses(Control.CHANGE, first)
    told.presses(Control.CANCEL)
    assert (told.standing.now, told.standing.asked) == (Now.QUESTION, waiting)


def test_the_ending_is_on_show_when_there_is_nothing_more_to_ask():
    told = Told()
    told.asks("checked")
    told.chooses("done")
    told.ends()
    assert told.standing.now is Now.ENDED


def test_the_dialogue_can_tell_kinds_and_choices_apart_but_never_words():
    told = Told()
    told.asks("feelings")
    one, other = told.says("I feel tired"), told.says("I feel fine")
    assert heard_as(one) == heard_as(other)


def test_only_a_plain_reference_is_read_as_one():
    assert referred("turn:17") == 17
    for name in ("turn:", "turn:x", "card:17", "17", "turn:1 7", "turn:١"):
        assert referred(name) is None


def test_what_was_asked_on_coming_back_stands_before_a_break_and_the_break_stands_until_it_is_over():
    told = Told()
    asked = told.asks("feelings")
    told.presses(Control.TAKE_A_BREAK)
    gate = told.asks_aside("private")
    assert (told.standing.now, told.standing.asked) == (Now.ASIDE, gate)
    told.replies("no")
    assert told.standing.now is Now.BREAK
    told.asks_aside("private")
    told.replies("yes")
    told.presses(Control.COME_BACK)
    assert (told.standing.now, told.standing.asked) == (Now.QUESTION, asked)


@pytest.mark.parametrize("stopped", [Control.STOP_AND_KEEP, Control.STOP_AND_TAKE_BACK])
def test_what_was_asked_on_coming_back_stands_before_a_conversation_that_was_stopped(stopped):
    told = Told()
    told.asks("feelings")
    told.presses(stopped)
    told.asks_aside("go_on")
    assert told.standing.now is Now.ASIDE
    told.replies("yes")
    assert told.standing.now is Now.STOPPED


def test_what_was_asked_on_coming_back_stands_before_the_end():
    told = Told()
    told.ends()
    told.asks_aside("private")
    assert told.standing.now is Now.ASIDE
    told.replies("yes")
    assert told.standing.now is Now.ENDED


def test_what_was_asked_beside_the_interview_waits_behind_a_break_and_is_asked_again_after_it():
    told = Told()
    told.asks("feelings")
    told.says("stop")
    meant = told.asks_aside("meant_stop")
    told.presses(Control.TAKE_A_BREAK)
    assert told.standing.now is Now.BREAK
    told.asks_aside("private")
    again = told.asks_aside("private")
    assert told.standing.asked == again
    told.replies("yes")
    told.presses(Control.COME_BACK)
    assert (told.standing.now, told.standing.asked) == (Now.ASIDE, meant)


def test_the_screen_is_handed_over_for_the_question_on_show_until_it_is_taken_back():
    told = Told()
    told.asks("feelings")
    told.presses(Control.WHY)
    assert told.standing.handed_over == 0
    told.presses(Control.HAND_OVER)
    assert (told.standing.handed_over, told.standing.opened) == (1, frozenset())
    told.says("I feel tired")
    told.asks("matters")
    assert told.standing.handed_over == 1
    told.presses(Control.TAKE_SCREEN_BACK)
    assert (told.standing.handed_over, told.standing.now) == (0, Now.QUESTION)


def test_information_that_was_read_stays_read_on_its_question_only():
    told = Told()
    told.asks("know_more")
    told.presses(Control.READ_ON)
    assert told.standing.opened == {Control.READ_ON}
    told.chooses("no")
    told.asks("involvement")
    assert told.standing.opened == frozenset()


def test_whether_it_may_be_shared_is_what_the_person_said_last():
    told = Told()
    told.ends()
    assert told.standing.shared is None
    told.presses(Control.SHARE)
    assert told.standing.shared is True
    told.presses(Control.KEEP_PRIVATE)
    assert (told.standing.shared, told.standing.now) == (False, Now.ENDED)


def test_a_private_note_changes_nothing_of_where_a_conversation_stands():
    told = Told()
    asked = told.asks("feelings")
    told.says("I feel tired")
    before = told.standing
    note = told.notes("Her son was in the kitchen", asked)
    after = told.standing
    assert (after.now, after.answers, after.path) == (before.now, before.answers, before.path)
    assert after.said(note.number) is None


def test_every_way_not_to_answer_is_anybodys_or_a_practitioners():
    assert set(ANYBODYS_SKIPS) | set(PRACTITIONERS_SKIPS) == set(Skip)
    assert not set(ANYBODYS_SKIPS) & set(PRACTITIONERS_SKIPS)
