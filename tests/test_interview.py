"""The interview as the app shows it."""

import json

import pytest

from bot.conversation import REFERENCE, Speaker, Stage
from bot.interview import SPEAKERS, Asking, AskingKind, Choice, Interview, NotInInterview, placeholders, rotated
from bot.settings import ROOT

DOMAIN = (ROOT / "domain.yml").read_text(encoding="utf-8")
RULES = (ROOT / "data/rules.yml").read_text(encoding="utf-8")

FACES = (
    Choice("safe", "Safe", "1F60A"),
    Choice("a_bit_safe", "A bit safe", "1F610"),
    Choice("not_safe", "Not safe", "1F61F", flag="in_danger_now"),
    Choice("not_sure", "I am not sure", "1F914", fixed=True),
)
LIST = (*(Choice(name, name) for name in "abcdefg"), Choice("other", "Something else", fixed=True))


def ids(choices: tuple[Choice, ...]) -> list[str]:
    return [choice.id for choice in choices]


@pytest.fixture(scope="module")
def interview() -> Interview:
    return Interview.from_text(DOMAIN, RULES)


def test_a_question_comes_with_its_choices_its_reason_and_another_way(interview: Interview) -> None:
    asking = interview.question("safe_now")
    assert asking.wording == "How safe do you feel now?"
    assert asking.kind is AskingKind.FACES
    assert asking.part == "How things are"
    assert asking.choices == FACES
    assert asking.rotate
    assert asking.skippable
    assert asking.why.startswith("Only you know how safe you feel.")
    assert asking.another_way == "Where you are now, how safe does it feel?"


def test_a_question_in_words_takes_words_and_one_with_many_choices_takes_many(interview: Interview) -> None:
    assert interview.question("wishes").takes_words
    assert interview.question("communication").takes_many
    assert not interview.question("safe_now").takes_words
    assert not interview.question("safe_now").takes_many


def test_the_gate_cannot_be_skipped_and_is_not_read_back(interview: Interview) -> None:
    asking = interview.question("go_on")
    assert not asking.skippable
    assert not asking.on_check


def test_how_someone_can_be_reached_is_read_back_and_never_on_their_copy(interview: Interview) -> None:
    for question in ("contact_ways", "contact_times", "contact_answered", "contact_code_word"):
        asking = interview.question(question)
        assert asking.on_check
        assert not asking.on_copy


def test_who_was_there_is_never_on_their_copy(interview: Interview) -> None:
    assert not interview.question("private").on_copy
    assert not interview.question("company").on_copy


def test_words_about_a_card_are_marked_as_chosen_from_cards(interview: Interview) -> None:
    assert interview.question("card_form_outcome").how == "chosen_from_cards"


def test_everything_that_is_said_can_be_written_down_and_read_again(interview: Interview) -> None:
    for asking in interview.responses.values():
        again = Asking.from_json(asking.to_json())
        assert Asking.from_json(again.to_json()) == again
        assert (again.wording, again.choices, again.why) == ("", asking.choices, asking.why)


def test_what_else_was_kept_with_it_is_passed_over() -> None:
    kept = json.loads(Asking("", AskingKind.WORDS, why="We want to know.").to_json())
    assert Asking.from_json(json.dumps({**kept, "path": [3, 5]})).why == "We want to know."


def test_what_the_box_utters_reads_like_what_the_file_says(interview: Interview) -> None:
    told = interview.question("company")
    custom = json.loads(told.to_json())
    assert Asking.from_utterance(told.wording, custom) == told


def test_an_unknown_response_or_speaker_is_named(interview: Interview) -> None:
    with pytest.raises(NotInInterview, match="utter_ask_mood"):
        interview.question("mood")
    with pytest.raises(NotInInterview, match="practitioner"):
        interview.response("utter_ask_advocate_name", Speaker.PRACTITIONER)


def test_each_speaker_hears_their_own_wording_and_the_rest_is_for_everybody() -> None:
    interview = Interview.from_text("""
responses:
  utter_ask_wishes:
  - condition: [{type: slot, name: speaker, value: person}]
    text: What do you want to happen?
    custom: {kind: words}
  - condition: [{type: slot, name: speaker, value: advocate}]
    text: What does the person want to happen?
    custom: {kind: words}
  utter_done:
  - text: Thank you.
""")
    assert interview.question("wishes").wording == "What do you want to happen?"
    assert interview.question("wishes", Speaker.ADVOCATE).wording == "What does the person want to happen?"
    assert interview.response("utter_done", Speaker.PRACTITIONER).wording == "Thank you."
    assert interview.response("utter_done").kind is AskingKind.INFORMATION


def test_the_last_words_are_those_of_the_stage(interview: Interview) -> None:
    told = {stage: interview.response("utter_done", Speaker.PERSON, stage).information for stage in Stage}
    assert len(set(told.values())) == 4
    welcomes = {interview.response("utter_welcome", Speaker.PERSON, stage).wording for stage in Stage}
    assert len(welcomes) == 4


def test_the_parts_of_a_first_conversation_come_in_their_order(interview: Interview) -> None:
    assert interview.parts() == (
        "Is it safe to talk?",
        "How you like to talk",
        "What happens with what you say",
        "How much you want to be part of this",
        "How things are",
        "What matters to you",
        "What worries you",
        "What you want to happen",
        "What you want to be different",
        "If not everything can happen",
        "What helps",
        "Looking into it",
        "Your words",
        "Your copy",
    )


def test_the_parts_are_those_of_the_speaker_and_the_stage(interview: Interview) -> None:
    assert interview.parts(Speaker.PERSON, Stage.EXPERIENCE) == (
        "Is it safe to talk?",
        "How it was for you",
        "Your words",
    )
    assert interview.parts(Speaker.ADVOCATE, Stage.EXPERIENCE) == (
        "About you",
        "Is it safe to talk?",
        "How it was for the person",
        "What you passed on",
    )
    assert interview.parts(Speaker.PRACTITIONER, Stage.CLOSING)[-1] == "For the team only"


def test_without_the_rules_nothing_is_known_of_the_order() -> None:
    assert Interview.from_text(DOMAIN).parts() == ()


def test_each_question_is_worded_for_whoever_can_come_to_it(interview: Interview) -> None:
    for speaker in SPEAKERS:
        for stage in Stage:
            for name in interview.reached[speaker, stage]:
                assert interview.response(name, speaker, stage).why


def test_what_is_for_the_team_alone_is_never_read_back_or_copied(interview: Interview) -> None:
    private = {name for (name, _, _), asking in interview.responses.items() if asking.private}
    assert private == {"utter_ask_practitioner_verdict", "utter_ask_free_to_speak", "utter_ask_private_note"}
    for (_, speaker, _), asking in interview.responses.items():
        assert not asking.private or (speaker is Speaker.PRACTITIONER and not asking.on_check and not asking.on_copy)


def test_a_practitioner_gets_tips_with_what_is_read_out(interview: Interview) -> None:
    assert interview.question("worries", Speaker.PRACTITIONER).tips
    assert interview.question("worries", Speaker.PRACTITIONER).wording == interview.question("worries").wording
    assert not interview.question("private_note", Speaker.PRACTITIONER).tips


def test_how_they_like_to_talk_is_shown_when_asked_if_it_is_still_right(interview: Interview) -> None:
    assert interview.question("communication_still", stage=Stage.CHECK_IN).shows == "communication"


def test_references_of_all_three_kinds_are_found() -> None:
    assert REFERENCE.findall("turn:17 card:recover outcome:3c95edc7_53") == [
        ("17", "", ""),
        ("", "recover", ""),
        ("", "", "3c95edc7_53"),
    ]


def test_the_version_changes_with_any_word() -> None:
    changed = DOMAIN.replace("How do you feel now?", "How do you feel?")
    assert Interview.from_text(DOMAIN).version == Interview.from_text(DOMAIN).version
    assert Interview.from_text(changed).version != Interview.from_text(DOMAIN).version


def test_a_scale_is_shown_forwards_or_backwards_with_not_sure_last() -> None:
    shown = {tuple(ids(rotated(FACES, f"conversation {n}"))) for n in range(50)}
    assert shown == {
        ("safe", "a_bit_safe", "not_safe", "not_sure"),
        ("not_safe", "a_bit_safe", "safe", "not_sure"),
    }


def test_a_list_begins_anywhere_and_keeps_its_order_with_something_else_last() -> None:
    shown = {tuple(ids(rotated(LIST, f"conversation {n}"))) for n in range(200)}
    assert len(shown) == 7
    for order in shown:
        start = "abcdefg".index(order[0])
        assert "".join(order[:-1]) == "abcdefg"[start:] + "abcdefg"[:start]
        assert order[-1] == "other"


def test_the_same_conversation_always_sees_the_same_order() -> None:
    assert rotated(LIST, "one|cards") == rotated(LIST, "one|cards")
    assert rotated((), "one|cards") == ()


def test_a_wording_that_reads_back_holds_its_reference_on_a_line_of_its_own(interview: Interview) -> None:
    told = interview.question("outcome_sign").wording.replace("{outcome}", "turn:20")
    read_back, question = told.split("\n")
    assert REFERENCE.search(read_back)
    assert question == "How would you know that this has happened?"


def test_the_settings_that_a_wording_names_are_found() -> None:
    assert placeholders("Ring [[phone]], [[phone_hours]].") == ("phone", "phone_hours")
    assert placeholders("Ring 999.") == ()
