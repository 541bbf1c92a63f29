"""The rules as a map: what a conversation can come to."""

from bot.conversation import Speaker, Stage
from bot.interview import read_yaml
from bot.rules import branches, reached

RULES = read_yaml("""
- rule: The person begins with feelings
  steps:
  - intent: begin
  - slot_was_set:
    - speaker: person
  - action: feelings_form
- rule: An advocate begins with a name
  steps:
  - intent: begin
  - slot_was_set:
    - speaker: advocate
  - action: name_form
- rule: After the name come feelings
  condition:
  - active_loop: name_form
  steps:
  - action: name_form
  - action: action_keep_name
  - action: feelings_form
- rule: After feelings come wishes
  condition:
  - active_loop: feelings_form
  - slot_was_set:
    - stage: first
  steps:
  - action: feelings_form
  - or:
    - slot_was_set:
      - mood: good
    - slot_was_set:
      - mood: bad
  - action: wishes_form
- rule: After feelings it can be over
  condition:
  - active_loop: feelings_form
  steps:
  - action: feelings_form
  - action: utter_done
- rule: Nobody comes here
  steps:
  - action: lost_form
  - action: utter_lost
""")


def test_what_can_be_come_to_stands_in_its_order() -> None:
    assert reached(RULES, Speaker.PERSON, Stage.FIRST) == ("feelings_form", "wishes_form", "utter_done")
    assert reached(RULES, Speaker.ADVOCATE, Stage.FIRST) == (
        "name_form",
        "action_keep_name",
        "feelings_form",
        "wishes_form",
        "utter_done",
    )


def test_a_rule_of_another_stage_or_speaker_is_passed_over() -> None:
    assert reached(RULES, Speaker.PERSON, Stage.CLOSING) == ("feelings_form", "utter_done")
    assert reached(RULES, Speaker.PRACTITIONER, Stage.FIRST) == ()


def test_what_a_rule_branches_on_is_found_in_all_its_ways() -> None:
    rule = RULES[3]
    found = list(branches([*rule["condition"], *rule["steps"]]))
    assert found == [("stage", "first"), ("mood", "good"), ("mood", "bad")]
