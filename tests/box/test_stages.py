"""Every stage with every speaker through the real box, question by question, by references alone."""

import re
import secrets

import pytest

from tests.box.test_path import REFERENCE_OR_ID
from tests.boxes import Talk

HOME = "outcome:3c95edc7_53"
SLEEP = "outcome:3c95edc7_61"

OPENINGS = {
    "person": "",
    "advocate": "advocate_name advocate_role=imca instructed=could_not_ask_me person_there=no",
    "practitioner": "practitioner_name practitioner_role interpreter=yes interpreter_name interpreter_language",
}
GATE = "private=yes company=nobody go_on=yes"
FIRST = """
    communication=pictures communication_words know_more=no_thank_you involvement=some_of_it support
    feelings safe_now=safe matters keep worries wishes not_wanted
    outcome outcome_sign outcome_weight=a_lot more_outcomes=no see_cards=no
    own_power helpers feels_safe
    view_on_enquiry who_knows contact_ways=phone contact_times contact_answered contact_code_word
"""
CHECK_IN = """
    communication_still=yes
    outcome_now=say_differently outcome_again outcome_why outcome_now=still_want
    anything_new=yes outcome outcome_sign outcome_weight=a_little more_outcomes=no
    feelings safe_now=a_bit_safe know_what_happens=some want_to_know
"""
CLOSING = """
    happened=all_of_it difference {own_view} happened=no difference {own_view}
    overall=some_of_it about_finishing safe_now=safe safer_than_before=safer stay_safe get_better
"""
EXPERIENCE = """
    understood_worries=a_bit understood_information=yes_a_lot listened_to=no as_involved=not_sure worked_together=a_bit
    happy_with_end=no feel_safer=a_bit tell_in_charge may_quote=yes
"""
COPY = "checked=done copy_safe=yes"
FOR_THE_TEAM = "free_to_speak=partly private_note"
ROADS = {
    "first": f"{FIRST} {COPY}",
    "check-in": f"{CHECK_IN} {COPY}",
    "closing": f"{CLOSING} {COPY}",
    "experience": f"{EXPERIENCE} checked=done",
}
KEPT = {
    "first": "talking involvement feelings matters worries wishes outcome helps looking copy",
    "check-in": "review review outcome feelings knowing copy",
    "closing": "verdict verdict overall now staying copy",
    "experience": "experience",
}


def begin(talk: Talk, stage: str, speaker: str = "person") -> None:
    """Begin, say who is speaking, and that it is all right to go on."""
    talk.begin(stage, speaker)
    talk.take(f"{OPENINGS[speaker]} {GATE}")


def walk(talk: Talk, stage: str, speaker: str) -> None:
    """Go the whole way, with two things that were wanted before."""
    talk.box.actions.wanted = () if stage == "first" else (HOME, SLEEP)
    talk.box.actions.is_communication_known = True
    begin(talk, stage, speaker)
    is_practitioner = speaker == "practitioner"
    talk.take(ROADS[stage].format(own_view="practitioner_verdict=some_of_it" if is_practitioner else ""))
    talk.take(FOR_THE_TEAM if is_practitioner else "")


@pytest.mark.parametrize("speaker", OPENINGS)
@pytest.mark.parametrize("stage", ROADS)
def test_every_stage_runs_in_order_for_every_speaker(talk: Talk, stage: str, speaker: str) -> None:
    walk(talk, stage, speaker)
    assert talk.said == ["utter_done"]
    assert talk.reply["form"] is None
    opened = ["action_open_stage"] if stage in {"check-in", "closing"} else []
    who = [] if speaker == "person" else [f"action_keep_{speaker}"]
    last = ["action_keep_practitioner_end"] if speaker == "practitioner" else []
    kept = [f"action_keep_{section}" for section in KEPT[stage].split()]
    ran = talk.box.actions.names(talk.conversation_id)
    assert ran == [*who, "action_keep_safety", *opened, *kept, *last]


@pytest.mark.parametrize("speaker", OPENINGS)
@pytest.mark.parametrize("stage", ROADS)
def test_nothing_but_references_and_ids_reaches_the_actions(talk: Talk, stage: str, speaker: str) -> None:
    walk(talk, stage, speaker)
    for call in talk.box.actions.calls:
        if call["sender_id"] == talk.conversation_id:
            for value in call["tracker"]["slots"].values():
                held = value if isinstance(value, list) else [value]
                assert all(one is None or REFERENCE_OR_ID.fullmatch(one) or one in {HOME, SLEEP} for one in held)


@pytest.mark.parametrize("speaker", OPENINGS)
@pytest.mark.parametrize("stage", ROADS)
def test_every_question_of_every_stage_can_be_skipped_in_each_way(talk: Talk, stage: str, speaker: str) -> None:
    ways = ["do_not_know", "do_not_want_to_say", "later", "not_for_me"]
    ways += ["asked_none_yet", "declined", "could_not_today", "not_asked"] if speaker == "practitioner" else []
    talk.box.actions.wanted = (HOME,)
    talk.begin(stage, speaker)
    asked = []
    while (question := talk.reply["question"]) is not None and len(asked) < 60:
        asked.append(question)
        talk.say("choose", "yes") if question == "go_on" else talk.say("skip", ways[len(asked) % len(ways)])
    assert talk.said == ["utter_done"]
    assert len(set(asked)) == len(asked)


@pytest.mark.parametrize("stage", ["check-in", "closing", "experience"])
@pytest.mark.parametrize("speaker", OPENINGS)
def test_not_a_good_time_ends_every_stage_gently(talk: Talk, stage: str, speaker: str) -> None:
    talk.begin(stage, speaker)
    talk.take(f"{OPENINGS[speaker]} private=no company=not_chosen go_on=no")
    assert talk.said == ["utter_gate_closed"]


@pytest.mark.parametrize("stage", ["check-in", "closing", "experience"])
def test_not_sure_goes_on_slowly_at_every_stage(talk: Talk, stage: str) -> None:
    talk.box.actions.wanted = (HOME,)
    talk.begin(stage)
    talk.take("private=yes company=chosen go_on=not_sure go_on_slowly=yes")
    assert talk.reply["question"] in {"communication", "happened", "understood_worries"}


def test_each_speaker_hears_their_own_wording(talk: Talk) -> None:
    heard = {}
    for speaker in OPENINGS:
        other = Talk(talk.box, talk.conversation_id)
        begin(other, "first", speaker)
        other.take("communication=other communication_words know_more=no_thank_you involvement=not_sure support")
        heard[speaker] = other.asked
    assert heard["person"]["wording"] == heard["practitioner"]["wording"] == "How do you feel now?"
    assert heard["advocate"]["wording"] == "How does the person feel now?"
    assert heard["practitioner"]["custom"]["tips"]
    assert "tips" not in heard["person"]["custom"]


def test_the_last_words_fit_the_stage(talk: Talk) -> None:
    told = {}
    for stage in ROADS:
        other = Talk(talk.box, secrets.token_hex(16))
        walk(other, stage, "person")
        told[stage] = " ".join(other.asked["custom"]["information"])
    assert len(set(told.values())) == 4
    assert "too soon to finish" in told["closing"]


def test_without_an_interpreter_nothing_is_asked_about_one(talk: Talk) -> None:
    talk.begin("first", "practitioner")
    talk.take("practitioner_name practitioner_role interpreter=no")
    assert talk.reply["question"] == "private"


def test_how_someone_likes_to_talk_is_asked_again_where_it_has_changed(talk: Talk) -> None:
    talk.box.actions.wanted = (HOME,)
    talk.box.actions.is_communication_known = True
    begin(talk, "check-in")
    assert talk.asked["custom"]["shows"] == "communication"
    talk.take("communication_still=no communication=breaks communication_words")
    assert talk.reply["question"] == "outcome_now"


def test_a_check_in_before_anything_was_wanted_asks_for_anything_new(talk: Talk) -> None:
    begin(talk, "check-in")
    talk.take("communication=breaks communication_words anything_new=no")
    assert talk.reply["question"] == "feelings"

    known = Talk(talk.box, talk.conversation_id)
    talk.box.actions.is_communication_known = True
    begin(known, "check-in")
    known.take("communication_still=not_sure anything_new=!later")
    assert known.reply["question"] == "feelings"


def test_what_was_wanted_is_read_back_by_its_own_name(talk: Talk) -> None:
    talk.box.actions.wanted = (HOME, SLEEP)
    begin(talk, "check-in")
    talk.take("communication=breaks communication_words")
    assert talk.asked["wording"] == f"You said: {HOME}\nHow is it with this now?"
    talk.take("outcome_now=has_happened")
    assert talk.asked["wording"].startswith(f"You said: {HOME}\n")
    talk.take("outcome_difference")
    assert talk.asked["wording"].startswith(f"You said: {SLEEP}\n")
    talk.take("outcome_now=no_longer_want")
    assert talk.asked["wording"] == f"You said: {SLEEP}\nWhat has changed for you?"
    talk.take("outcome_why=!do_not_know")
    assert talk.reply["question"] == "anything_new"
    kept = [call for call in talk.box.actions.calls if call["sender_id"] == talk.conversation_id][-2:]
    assert [call["tracker"]["slots"]["outcome_now"] for call in kept] == ["has_happened", "no_longer_want"]
    assert [call["tracker"]["slots"]["outcome_difference"] is None for call in kept] == [False, True]


def test_new_words_that_are_not_given_are_not_asked_about(talk: Talk) -> None:
    talk.box.actions.wanted = (HOME,)
    begin(talk, "check-in")
    talk.take("communication=breaks communication_words outcome_now=say_differently outcome_again=!later")
    assert talk.reply["question"] == "anything_new"
    slots = talk.box.actions.calls[-1]["tracker"]["slots"]
    assert slots["outcome_again"] == slots["outcome_why"]


def test_an_outcome_can_be_delivered_as_a_choice(talk: Talk) -> None:
    talk.begin()
    talk.take(GATE)
    talk.take(" ".join(FIRST.split()[: FIRST.split().index("more_outcomes=no")]))
    talk.take("more_outcomes=yes outcome outcome_sign outcome_weight=a_lot more_outcomes=no see_cards=no")
    talk.answer("matters_most", "choose", HOME)
    assert talk.reply["question"] == "together"


def test_a_closing_before_anything_was_wanted_asks_for_it_first_and_says_why(talk: Talk) -> None:
    begin(talk, "closing")
    assert talk.said == ["utter_no_outcomes_yet", "utter_ask_earlier_form_outcome"]
    talk.take("outcome more_outcomes=yes outcome more_outcomes=no happened=no difference happened=not_sure difference")
    assert talk.reply["question"] == "overall"


def test_a_closing_where_nothing_was_wanted_goes_on_to_all_of_it(talk: Talk) -> None:
    begin(talk, "closing")
    talk.take("outcome=!not_for_me")
    assert talk.said == ["utter_ask_overall"]


def test_a_verdict_that_is_not_given_is_not_asked_about(talk: Talk) -> None:
    talk.box.actions.wanted = (HOME,)
    begin(talk, "closing")
    talk.take("happened=!do_not_want_to_say")
    assert talk.reply["question"] == "overall"


def test_the_practitioners_own_view_is_private_and_asked_apart(talk: Talk) -> None:
    talk.box.actions.wanted = (HOME,)
    begin(talk, "closing", "practitioner")
    talk.take("happened=no difference")
    assert talk.reply["question"] == "practitioner_verdict"
    assert talk.asked["custom"]["private"] is True
    assert talk.asked["wording"].startswith(f"The person said: {HOME}\n")
    talk.take("practitioner_verdict=all_of_it")
    slots = talk.box.actions.calls[-1]["tracker"]["slots"]
    assert re.fullmatch(r"turn:[0-9]+", slots["happened"])
    assert re.fullmatch(r"turn:[0-9]+", slots["practitioner_verdict"])
    assert slots["happened"] != slots["practitioner_verdict"]


def test_only_words_ask_whether_they_may_be_quoted(talk: Talk) -> None:
    begin(talk, "experience")
    talk.take(EXPERIENCE.replace("tell_in_charge may_quote=yes", "tell_in_charge=!not_for_me"))
    assert talk.reply["question"] == "checked"
    slots = talk.box.actions.calls[-1]["tracker"]["slots"]
    assert slots["may_quote"] == slots["tell_in_charge"]


def test_words_that_may_be_quoted_are_read_back(talk: Talk) -> None:
    begin(talk, "experience")
    talk.take(EXPERIENCE.replace("may_quote=yes", ""))
    assert re.match(r"You said: turn:[0-9]+\nMay we use these words", talk.asked["wording"])


@pytest.mark.parametrize("stage", ROADS)
def test_what_is_for_the_team_only_comes_last_of_all(talk: Talk, stage: str) -> None:
    walk(talk, stage, "practitioner")
    assert talk.box.actions.names(talk.conversation_id)[-1] == "action_keep_practitioner_end"
