"""The checks of the interview: the one there is passes, and every slip is found and named."""

import pytest

from bot.interview_checks import Problem, check
from bot.settings import ROOT

FILES = {
    "domain": "domain.yml",
    "rules": "data/rules.yml",
    "nlu": "data/nlu.yml",
    "stories": "tests/test_stories.yml",
    "config": "config.yml",
}

WORRIES = "{type: from_text, not_intent: [begin], conditions: [{active_loop: worries_form, requested_slot: worries}]}"


def texts() -> dict[str, str]:
    return {name: (ROOT / place).read_text(encoding="utf-8") for name, place in FILES.items()}


def problems_with(name: str, before: str, after: str) -> list[Problem]:
    files = texts()
    assert before in files[name], f"the test looks for words that are not in {FILES[name]}"
    files[name] = files[name].replace(before, after, 1)
    return check(**files)


def test_the_interview_holds_to_its_rules() -> None:
    assert check(**texts()) == []


def test_a_problem_names_the_file_the_place_and_the_slip() -> None:
    found = problems_with("domain", "How do you feel now?", "How do you feel now and what's on your mind?")
    assert str(found[0]).startswith("domain.yml: utter_ask_feelings: has a contraction: ")


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("How do you feel now?", "How do you feel now? And today?", "needs one question mark"),
        ("How do you feel now?", "Tell us how you feel now", "needs one question mark"),
        ("another_way: What is it like for you just now?", "another_way: Tell us about it.", "needs one question mark"),
        ("another_way: What is it like for you just now?", "another_way: How do you feel now?", "is the same"),
        (
            "      why: How you feel tells people how to be with you. There is no wrong answer.\n",
            "",
            "does not say why",
        ),
        ("      another_way: What is it like for you just now?\n", "", "other way to ask it needs one question mark"),
        ("hint: A little or a lot, in any words you like.", "hint: A little. Or a lot.", "hint is more than one"),
        ("hint: A little or a lot, in any words you like.", "hint: A lot or a little?", "asks a second thing"),
        ("hint: A little or a lot, in any words you like.", "hint: Don't hurry.", "has a contraction"),
        ("hint: A little or a lot, in any words you like.", "hint: You’ve time.", "has a contraction"),
        ("hint: A little or a lot, in any words you like.", "hint: Nobody says you cannot stop.", "says no twice"),
        (
            "hint: A little or a lot, in any words you like.",
            "hint: You can write a little or a lot here in any of the words that you like best.",
            "18 words in one sentence",
        ),
        (
            "hint: A little or a lot, in any words you like.",
            "hint: Then we make a referral.",
            "should not have to know",
        ),
        (
            "hint: A little or a lot, in any words you like.",
            "hint: These are your outcomes.",
            "should not have to know",
        ),
        ("hint: A little or a lot, in any words you like.", "hint: It is confidential.", "promises what nobody can"),
        ("What worries you?", "What happened to you that worries you?", "asks about what happened"),
        ("What worries you?", "Who did it?", "asks about what happened"),
        ("We let [[team]] know, so that", "We let [[boss]] know, so that", "a setting that there is not"),
        ("You said: {outcome}", "You said: {oucome}", "a slot that there is not"),
        ("You said: {outcome}\n        What would be", "What would be", "reads back something else"),
        ("label: A bit safe", 'label: ""', "a choice has no words: a_bit_safe"),
        ('picture: "1F610"', 'picture: "meh"', "a picture is not the name of a sign"),
        ('picture: "1F6AA"', 'picture: "door"', "a picture is not the name of a sign"),
        ("flag: in_danger_now", "flag: in_trouble", "tells the team what nobody knows"),
        (
            '- {id: "yes", label: "Yes, we can go on"',
            '- {id: yes, label: "Yes, we can go on"',
            "put yes and no in quotes",
        ),
        ("- {id: a_bit_safe,", "- {id: safe,", "offers one choice twice"),
        ("- {id: a_bit_safe,", "- {id: later,", "the id of a way to skip"),
        ("- {id: a_bit_safe,", "- {id: a_bit_safe, fixed: true,", "does not stand last"),
        ("kind: faces", "kind: smileys", "cannot be read"),
        ("kind: faces", "kind: words", "offers choices where none can be made"),
        (
            "kind: words\n      part: How things are",
            "kind: choice\n      part: How things are",
            "offers nothing to choose",
        ),
        ("kind: words\n      part: How things are", "kind: information\n      part: x", "and yet its kind is"),
        ("rotate: true", "shuffle: true", "hints that nothing reads: shuffle"),
        ("choices_from: outcomes_to_rank", "choices_from: wishes", "offers what nobody knows"),
        ("how: chosen_from_cards", "how: by_magic", "answered in a way nobody knows"),
        ("utter_ask_worries:\n  - condition: *person\n    text", "utter_ask_worries:\n  - text", "for which speaker"),
        ("utter_ask_worries:\n", "utter_ask_worrys:\n", "utter_ask_worries: is asked without any wording"),
        ("utter_ask_worries:\n", "utter_ask_worrys:\n", "utter_ask_worrys: is never said"),
        ("utter_about_why_worried:\n", "utter_about_worry:\n", "utter_about_why_worried: has no wording"),
        ("utter_ask_meant_stop:\n", "utter_meant_stop:\n", "utter_ask_meant_stop: has no wording"),
        ("- {id: why_worried,", "- {id: worried,", "branches on why_worried, which the question does not offer"),
        ("- action_tell_more\n", "", "action_tell_more: is not in the domain"),
        ("- action_tell_more\n", "- action_tell_more\n- action_whisper\n", "is an action that no rule runs"),
        (
            "forms:\n",
            "forms:\n  spare_form:\n    required_slots: [worries]\n",
            "spare_form: is a form that no rule runs",
        ),
        ("responses:\n", "responses: [\n", "domain.yml: line "),
        ("    - not_wanted\n", "    - not_wanted\n    - mood\n", "mood: is asked for and is not a slot"),
        ("    - not_wanted\n", "", "not_wanted: is a slot that nothing fills"),
        ("- skip: {use_entities: []}", "- restart: {use_entities: []}", "is an intent of Rasa's own"),
        ("- skip: {use_entities: []}", "- pass: {use_entities: []}", "in one of domain.yml and data/nlu.yml only"),
        ("session_expiration_time: 0", "session_expiration_time: 60", "must be 0"),
        (
            WORRIES,
            "{type: from_text, conditions: [{active_loop: worries_form, requested_slot: worries}]}",
            "worries: may be filled by what is no answer",
        ),
        (
            "conditions: [{active_loop: worries_form, requested_slot: worries}]",
            "conditions: [{active_loop: worries_form}]",
            "worries: may be filled while another question is asked",
        ),
        (
            WORRIES,
            "{type: from_intent, intent: words, value: x}",
            "worries: is filled from intent",
        ),
    ],
)
def test_a_slip_in_the_domain_is_found(before: str, after: str, found: str) -> None:
    assert any(found in str(problem) for problem in problems_with("domain", before, after))


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("- action: worries_form\n", "- action: worry_form\n", "worry_form: is not in the domain"),
        ('go_on: "yes"', 'go_on: "maybe"', "branches on go_on: maybe, which the domain does not list"),
        ('go_on: "yes"', 'goes_on: "yes"', "goes_on: is not a slot of the domain"),
        ("- rule: After the plans we ask what helps", "- rule: after plans", "is not a sentence"),
        (
            "- rule: After the plans we ask what helps",
            "- rule: After the last card one thing to be different needs no order",
            "is the name of two rules",
        ),
        ("  - action: matters_form\n", "  - action: wishes_form\n", "After feelings we ask what matters: has no story"),
        ("    - go_on_slowly: __other__\n", "    - go_on_slowly: null\n", "the conversation ends gently: has no story"),
    ],
)
def test_a_slip_in_the_rules_is_found(before: str, after: str, found: str) -> None:
    assert any(found in str(problem) for problem in problems_with("rules", before, after))


def test_a_rule_whose_story_is_gone_is_named() -> None:
    story = "- story: When they can happen together we ask what helps"
    found = problems_with("stories", f"{story}\n  steps:\n", f"{story}\n  steps:\n  - intent: words\n  ignored:\n")
    assert [str(problem) for problem in found] == [
        "tests/test_stories.yml: When they can happen together we ask what helps: "
        "has no story that shows it, or not each of its ways"
    ]


def test_a_way_of_a_rule_without_its_own_story_is_found() -> None:
    found = problems_with("stories", "- know_more: why_worried", "- know_more: who_everyone_is")
    assert [problem.where for problem in found] == ["Whoever wants to know more is told"]


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ("pipeline: []", "pipeline: [{name: WhitespaceTokenizer}]", "must be []"),
        ("pipeline: []", "", "must be []"),
        ("- name: RulePolicy", "- name: TEDPolicy", "must be RulePolicy alone"),
        ("enable_fallback_prediction: false", "enable_fallback_prediction: true", "must be false"),
    ],
)
def test_a_box_that_would_guess_is_found(before: str, after: str, found: str) -> None:
    assert any(found in str(problem) for problem in problems_with("config", before, after))


ADVOCATES_WORRIES = """  - condition: *advocate
    text: What worries the person?
"""


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        (
            ADVOCATES_WORRIES,
            ADVOCATES_WORRIES.replace("advocate", "person"),
            "no wording for the advocate at the stage",
        ),
        (
            ADVOCATES_WORRIES,
            ADVOCATES_WORRIES.replace("advocate", "person"),
            "two wordings for the person at the stage",
        ),
        (
            "- &check_in {type: slot, name: stage, value: check-in}",
            "- &check_in {type: slot, name: stage, value: closing}",
            "utter_done: has no wording for the person at the stage check-in",
        ),
        (
            "utter_ask_advocate_name:\n  - condition: *advocate",
            "utter_ask_advocate_name:\n  - condition: *practitioner",
            "utter_ask_advocate_name: is never said to the practitioner",
        ),
        ("What worries the person?", "What worries you?", "speaks to the advocate as to the person"),
        (
            "      hint: There is no need to tell what happened.\n",
            "",
            "speaks to the advocate as to the person: You do",
        ),
        ("label: They still want this", "label: I still want this", "speaks to the advocate as to the person"),
        ("      tips:\n      - Small things count, such as a chair, a walk or a cup of tea.\n", "", "has no tips"),
        ("- Small things count, such as a chair, a walk or a cup of tea.", "- Does it matter?", "asks a second thing"),
        ("- Small things count,", "- These are outcomes,", "should not have to know"),
        (
            "What must stay just as it is?\n    custom:\n      <<: *keep",
            "What must stay?\n    custom:\n      <<: *keep",
            "in other words than the person's own",
        ),
        (
            "      - {id: has_happened, label: It has happened}\n  - condition: *practitioner",
            "  - condition: *practitioner",
            "another question for the advocate",
        ),
        ("private: true\n      on_check: false", "private: true\n      on_check: true", "is for the team alone"),
        ("shows: communication", "shows: everything", "shows what nobody knows"),
        (
            "      part: Is it safe to talk?\n",
            "      part: Is it safe to talk?\n      tips: [Wait.]\n",
            "nobody reads it out",
        ),
    ],
)
def test_a_slip_in_the_wording_for_a_speaker_or_a_stage_is_found(before: str, after: str, found: str) -> None:
    assert any(found in str(problem) for problem in problems_with("domain", before, after))


def test_a_rule_is_shown_only_by_a_story_at_its_own_stage() -> None:
    story = "- story: After a check-in we ask whether a copy would be safe\n  steps:\n  - slot_was_set:\n    - stage: "
    found = problems_with("stories", f"{story}check-in", f"{story}first")
    assert [problem.where for problem in found] == ["After a check-in we ask whether a copy would be safe"]


def test_actions_that_there_are_and_actions_that_are_listed_must_agree() -> None:
    found = [str(problem) for problem in check(**texts(), actions={"action_tell_more", "action_hum"})]
    assert "domain.yml: action_hum: is an action that is not listed" in found
    assert "domain.yml: action_keep_wishes: is an action that there is not" in found
    assert not any("action_tell_more" in problem for problem in found)
