"""The first conversation through the real box, question by question, by references alone."""

import re

from tests.boxes import Talk

REFERENCE_OR_ID = re.compile(r"(turn|card):[a-z0-9_]+|[a-z0-9_]+|check-in")


def come_to_outcomes(talk: Talk) -> None:
    """Answer everything before what is to be different."""
    talk.begin()
    talk.answer("private", "choose", "yes")
    talk.answer("company", "choose", "nobody")
    talk.answer("go_on", "choose", "yes")
    talk.answer("communication", "choose", "more_time", "breaks")
    talk.answer("communication_words")
    talk.answer("know_more", "choose", "no_thank_you")
    talk.answer("involvement", "choose", "as_much_as_possible")
    talk.answer("support")
    talk.answer("feelings")
    talk.answer("safe_now", "choose", "a_bit_safe")
    talk.answer("matters")
    talk.answer("keep")
    talk.answer("worries")
    talk.answer("wishes")
    talk.answer("not_wanted")


def say_an_outcome(talk: Talk, *, more: str) -> None:
    """Answer everything about one thing to be different."""
    talk.answer("outcome")
    talk.answer("outcome_sign")
    talk.answer("outcome_weight", "choose", "a_lot")
    talk.answer("more_outcomes", "choose", more)


def finish(talk: Talk) -> None:
    """Answer everything from what helps to the end."""
    for question in ("own_power", "helpers", "feels_safe", "view_on_enquiry", "who_knows"):
        talk.answer(question)
    talk.answer("contact_ways", "choose", "phone", "letter")
    talk.answer("contact_times")
    talk.answer("contact_answered")
    talk.answer("contact_code_word")
    talk.answer("checked", "choose", "done")
    talk.answer("copy_safe", "choose", "not_sure")


def test_the_whole_first_conversation_runs_in_order(talk: Talk) -> None:
    come_to_outcomes(talk)
    say_an_outcome(talk, more="no")
    talk.answer("see_cards", "choose", "no")
    finish(talk)
    assert talk.said == ["utter_done"]
    assert talk.reply["form"] is None
    assert talk.box.actions.names(talk.conversation_id) == [
        "action_keep_safety",
        "action_keep_talking",
        "action_keep_involvement",
        "action_keep_feelings",
        "action_keep_matters",
        "action_keep_worries",
        "action_keep_wishes",
        "action_keep_outcome",
        "action_keep_helps",
        "action_keep_looking",
        "action_keep_copy",
    ]


def test_every_question_can_be_skipped_in_each_of_the_four_ways(talk: Talk) -> None:
    ways = ["do_not_know", "do_not_want_to_say", "later", "not_for_me"]
    talk.begin()
    asked = []
    for _ in range(60):
        question = talk.reply["question"]
        if question is None:
            break
        asked.append(question)
        talk.say("choose", "yes") if question == "go_on" else talk.say("skip", ways[len(asked) % 4])
    assert talk.said == ["utter_done"]
    assert "outcome" in asked
    assert "outcome_sign" not in asked
    assert asked[-2:] == ["checked", "copy_safe"]


def test_nothing_but_references_and_ids_is_in_the_tracker(talk: Talk) -> None:
    come_to_outcomes(talk)
    say_an_outcome(talk, more="no")
    talk.answer("see_cards", "choose", "no")
    finish(talk)
    last = [call for call in talk.box.actions.calls if call["sender_id"] == talk.conversation_id][-1]["tracker"]
    held = [value for value in last["slots"].values() if value is not None]
    assert held
    assert all(
        REFERENCE_OR_ID.fullmatch(one) for value in held for one in (value if isinstance(value, list) else [value])
    )
    said = [event["text"] for event in last["events"] if event["event"] == "user"]
    assert said
    assert all(re.fullmatch(r"turn:[0-9]+", text) for text in said)


def test_not_a_good_time_ends_gently(talk: Talk) -> None:
    talk.begin()
    talk.answer("private", "choose", "no")
    talk.answer("company", "choose", "not_chosen")
    talk.answer("go_on", "choose", "no")
    assert talk.said == ["utter_gate_closed"]
    assert talk.reply["utterances"][0]["custom"]["kind"] == "ending"
    assert talk.reply["question"] is None


def test_not_sure_goes_on_slowly_or_ends(talk: Talk) -> None:
    talk.begin()
    talk.answer("private", "choose", "not_sure")
    talk.answer("company", "choose", "not_sure")
    talk.answer("go_on", "choose", "not_sure")
    undecided = list(talk.path)
    talk.answer("go_on_slowly", "choose", "yes")
    assert talk.reply["question"] == "communication"

    other = Talk(talk.box, talk.conversation_id)
    other.begin()
    for turn in undecided[1:]:
        other.say(turn["intent"], *turn["choice"])
    other.answer("go_on_slowly", "choose", "no")
    assert other.said == ["utter_gate_closed"]


def test_who_wants_to_know_more_is_told_and_asked_again(talk: Talk) -> None:
    talk.begin()
    talk.answer("private", "choose", "yes")
    talk.answer("company", "choose", "chosen")
    talk.answer("go_on", "choose", "yes")
    talk.answer("communication", "choose", "nothing")
    talk.answer("communication_words", "skip", "not_for_me")
    for topic in ("what_abuse_is", "why_worried", "who_everyone_is", "what_happens_next"):
        talk.answer("know_more", "choose", topic)
        assert talk.said == [f"utter_about_{topic}", "utter_ask_know_more"]
    talk.answer("know_more", "choose", "no_thank_you")
    assert talk.reply["question"] == "involvement"


def test_what_was_said_is_read_back_by_its_reference(talk: Talk) -> None:
    come_to_outcomes(talk)
    outcome = 2 * len(talk.path)
    talk.answer("outcome")
    asked = talk.reply["utterances"][-1]
    assert asked["wording"].startswith(f"You said: turn:{outcome}\n")
    assert asked["custom"]["another_way"].startswith(f"You said: turn:{outcome}\n")


def test_a_skipped_outcome_asks_nothing_more_of_it(talk: Talk) -> None:
    come_to_outcomes(talk)
    talk.answer("outcome", "skip", "do_not_want_to_say")
    assert talk.reply["question"] == "see_cards"
    kept = talk.box.actions.calls[-1]["tracker"]["slots"]
    assert kept["outcome"] == kept["outcome_sign"] == kept["outcome_weight"]
    assert kept["more_outcomes"] == "do_not_want_to_say"


def test_cards_ask_for_own_words_one_by_one(talk: Talk) -> None:
    talk.box.actions.cards = ["feel_safer", "new_friends"]
    come_to_outcomes(talk)
    say_an_outcome(talk, more="no")
    talk.answer("see_cards", "choose", "yes")
    talk.answer("cards", "choose", "feel_safer", "new_friends")
    assert talk.said == ["utter_ask_card_form_outcome"]
    assert talk.reply["utterances"][0]["wording"].startswith("You chose: card:feel_safer\n")
    assert talk.reply["utterances"][0]["custom"]["how"] == "chosen_from_cards"
    talk.answer("outcome")
    talk.answer("outcome_sign", "skip", "do_not_know")
    talk.answer("outcome_weight", "choose", "a_little")
    assert talk.reply["utterances"][0]["wording"].startswith("You chose: card:new_friends\n")
    talk.answer("outcome", "skip", "later")
    assert talk.reply["question"] == "matters_most"


def test_none_of_the_cards_goes_on_at_once(talk: Talk) -> None:
    come_to_outcomes(talk)
    say_an_outcome(talk, more="no")
    talk.answer("see_cards", "choose", "yes")
    talk.answer("cards", "choose", "none_of_these")
    assert talk.reply["question"] == "own_power"


def test_three_outcomes_are_put_in_order_and_planned(talk: Talk) -> None:
    come_to_outcomes(talk)
    say_an_outcome(talk, more="yes")
    say_an_outcome(talk, more="yes")
    say_an_outcome(talk, more="no")
    talk.answer("see_cards", "choose", "no")
    talk.answer("matters_most", "choose", "turn:32")
    talk.answer("matters_most", "choose", "turn:40")
    talk.answer("together", "choose", "no")
    talk.answer("apart", "choose", "turn:32", "turn:40")
    talk.answer("plan_a", "choose", "turn:32")
    talk.answer("plan_b", "choose", "turn:40")
    talk.answer("plan_words")
    finish(talk)
    assert talk.said == ["utter_done"]


def test_with_two_outcomes_the_second_plan_is_plain(talk: Talk) -> None:
    come_to_outcomes(talk)
    say_an_outcome(talk, more="yes")
    say_an_outcome(talk, more="no")
    talk.answer("see_cards", "choose", "no")
    talk.answer("matters_most", "choose", "turn:32")
    talk.answer("together", "choose", "no")
    talk.answer("plan_a", "choose", "turn:32")
    talk.answer("plan_words", "skip", "not_for_me")
    assert talk.reply["question"] == "own_power"


def test_what_can_happen_together_needs_no_plans(talk: Talk) -> None:
    come_to_outcomes(talk)
    say_an_outcome(talk, more="yes")
    say_an_outcome(talk, more="no")
    talk.answer("see_cards", "choose", "no")
    talk.answer("matters_most", "skip", "do_not_know")
    talk.answer("together", "choose", "not_sure")
    assert talk.reply["actions"] == ["action_keep_plan"]
    assert talk.reply["question"] == "own_power"


def test_after_the_end_nothing_more_is_said(talk: Talk) -> None:
    talk.begin()
    talk.answer("private", "choose", "no")
    talk.answer("company", "choose", "not_chosen")
    talk.answer("go_on", "choose", "no")
    talk.say("words")
    assert talk.said == []
    assert talk.reply["form"] is None
    assert talk.reply["actions"] == []


def test_the_tracker_does_not_grow_with_the_conversation(talk: Talk) -> None:
    come_to_outcomes(talk)
    for _ in range(12):
        say_an_outcome(talk, more="yes")
    kept = [call for call in talk.box.actions.calls if call["sender_id"] == talk.conversation_id]
    sizes = [len(call["tracker"]["events"]) for call in kept if call["next_action"] == "action_keep_outcome"]
    assert len(sizes) == 12
    assert max(sizes[1:]) == min(sizes[1:])
