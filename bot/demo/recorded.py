"""What a made-up team records on an enquiry, as the boxes of a page are filled in. Shares are of our own choosing."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from random import Random

from bot.demo.voice import Voice

Boxes = dict[str, str | tuple[str, ...]]

DIFFICULTY = ("understanding", "retaining", "weighing", "communicating")
"""The four areas of substantial difficulty, as `records.yml` names them."""

AGE_BANDS = {"18-64": 34, "65-74": 14, "75-84": 25, "85-94": 23, "95+": 4}
SEXES = {"female": 57, "male": 42, "not_known": 1}
ETHNICITIES = {"white": 80, "asian": 5, "black": 4, "mixed": 2, "other": 2, "refused": 1, "not_known": 6}
SUPPORT_REASONS = {
    "physical": 40,
    "sensory": 2,
    "memory": 12,
    "learning": 12,
    "mental_health": 11,
    "social": 4,
    "none": 13,
    "not_known": 6,
}
STATES = {"asked_none_yet": 30, "declined": 14, "could_not_today": 13, "not_asked": 32, "not_known": 11}
"""What is recorded where nobody said what they want."""
WHY_NOT = {
    "not_safe": 8,
    "not_reached": 26,
    "no_way_to_talk": 10,
    "too_unwell": 22,
    "died": 9,
    "not_thought_of": 19,
    "other": 6,
}
LACKED = "lacked"
CAPACITIES = {LACKED: 31, "did_not_lack": 63, "not_known": 6}
SUPPORTERS: Mapping[tuple[str, ...], int] = {
    ("family",): 46,
    ("advocate",): 28,
    ("advocate", "family"): 9,
    ("friend",): 4,
    ("nobody",): 9,
    ("not_known",): 4,
}
ASSESSMENTS = {
    "identified_action": 68,
    "identified_no_action": 6,
    "inconclusive_action": 7,
    "inconclusive_no_action": 4,
    "none_action": 6,
    "none_no_action": 6,
    "ceased": 3,
}
RISKS = {"removed": 27, "reduced": 63, "remained": 10}
GROUNDS = {
    "life_or_limb": 30,
    "others_at_risk": 30,
    "crime": 12,
    "asking_adds_risk": 6,
    "best_interests": 16,
    "duress": 4,
    "none_named": 2,
}
WAYS = {"nobody_needed": 46, "appropriate": 32, "advocate": 17, "undecided": 5}


def drawn(draw: Random, weights: Mapping[str, int]) -> str:
    """Draw one of these, each as often as it weighs."""
    return draw.choices(list(weights), list(weights.values()))[0]


def on(name: str, at: datetime) -> Boxes:
    """Give a day as its three boxes take it."""
    return {f"{name}-day": str(at.day), f"{name}-month": str(at.month), f"{name}-year": str(at.year)}


def about(draw: Random, concern: datetime) -> Boxes:
    """Say what the enquiry is about: some of it is left out now and then."""
    boxes: Boxes = {"kind": "section_42" if draw.random() < 0.95 else "other"}
    for name, weights in (
        ("age_band", AGE_BANDS),
        ("sex", SEXES),
        ("ethnicity", ETHNICITIES),
        ("support_reason", SUPPORT_REASONS),
    ):
        if draw.random() < 0.97:
            boxes[name] = drawn(draw, weights)
    return boxes | (on("concern_on", concern) if draw.random() < 0.96 else {})


def asked(draw: Random, voice: Voice, said_by: Sequence[str], state: str, at: datetime) -> Boxes:
    """Say whether they were asked what they want. `said_by`: who was."""
    boxes: Boxes = {"state": state}
    if state in {"asked_expressed", "asked_none_yet", "declined"}:
        whom = said_by[0] if len(set(said_by)) == 1 else "both" if said_by else drawn(draw, {"person": 7, "both": 3})
        return boxes | {"whom": whom, "asked_by": voice.somebody(), **on("asked_on", at)}
    boxes |= {"why_not": voice.of_the_team("why_not")}
    if state == "could_not_today":
        boxes |= on("again_on", at + 10 * WEEK)
    if state != "not_known" and draw.random() < 0.93:
        boxes |= {"reason": drawn(draw, WHY_NOT)}
    return boxes


def advocacy(draw: Random, capacity: str, at: datetime) -> Boxes:
    """Say who helps them take part. `capacity`: what is concluded about it."""
    way = drawn(draw, WAYS)
    if capacity == LACKED and draw.random() < 0.95:
        way = drawn(draw, {"appropriate": 6, "advocate": 4})
    boxes: Boxes = {"way": way, **dict.fromkeys(DIFFICULTY, "no_difficulty"), **on("considered_on", at)}
    if way != "nobody_needed":
        boxes |= dict.fromkeys(draw.sample(DIFFICULTY, draw.randint(1, 3)), "difficulty")
    if way == "appropriate":
        boxes |= {"appropriate_name": "Somebody made up", "appropriate_relation": "A relative"}
        boxes |= {"not_paid": "met", "facilitates": "met"}
        boxes |= {"agreed": "best_interests" if capacity == LACKED and draw.random() < 0.6 else "met"}
    if way == "advocate":
        boxes |= {"instructed": drawn(draw, {"instructed": 6, "non_instructed": 3, "not_known": 1})}
        boxes |= {"advocate_kind": drawn(draw, {"care_act": 8, "imca": 2}), **on("needed_on", at)}
        boxes |= on("offered_on", at) if draw.random() < 0.9 else {}
        boxes |= on("referred_on", at) if draw.random() < 0.86 else {}
        boxes |= on("arrived_on", at) if draw.random() < 0.7 else {}
    return boxes


def capacity(draw: Random, voice: Voice, result: str, at: datetime) -> Boxes:
    """Say what was concluded about one decision."""
    boxes: Boxes = {"decision": "Where to live for now", "result": result, **on("concluded_on", at)}
    boxes |= {"concluded_by": voice.somebody()}
    if result == LACKED:
        supporters = draw.choices(list(SUPPORTERS), list(SUPPORTERS.values()))[0]
        boxes |= {"tried": voice.of_the_team("tried"), "supported_by": supporters}
    return boxes


def risk(draw: Random, voice: Voice, at: datetime) -> Boxes:
    """Say what became of the risk."""
    assessment = drawn(draw, ASSESSMENTS)
    boxes: Boxes = {"assessment": assessment, "assessed_by": voice.somebody(), **on("assessed_on", at)}
    if assessment.endswith("no_action") or assessment == "ceased":
        boxes |= {"no_action_why": voice.of_the_team("no_action")}
    else:
        boxes |= {"taken": voice.of_the_team("risk_done")}
    if assessment.startswith("identified") and draw.random() < 0.98:
        boxes |= {"outcome": drawn(draw, RISKS)}
    return boxes | ({"person_said": voice.of_the_team("risk_said")} if draw.random() < 0.5 else {})


def negotiation(draw: Random, voice: Voice, wish: str, at: datetime) -> Boxes:
    """Say what came of talking a wish through. `wish`: what it quotes, as it is offered."""
    result = drawn(draw, {"agreed": 6, "as_said": 3, "not_agreed": 1})
    boxes: Boxes = {"wish": wish, "talked_with": voice.somebody(), "options": voice.of_the_team("options")}
    boxes |= {"result": result, "person_said": voice.of_the_team("said_back"), **on("talked_on", at)}
    return boxes | ({"agreed_to": voice.of_the_team("agreed_to")} if result == "agreed" else {})


def not_followed(draw: Random, voice: Voice, wish: str, capacity: str, at: datetime) -> Boxes:
    """Say why a wish was not followed. `wish`: what it quotes, as it is offered."""
    boxes: Boxes = {
        "wish": wish,
        "decided_by": voice.somebody(),
        "reasons": voice.of_the_team("reasons"),
        "alternatives": voice.of_the_team("alternatives"),
        "consulted": voice.somebody(),
        "nature": drawn(draw, {"acted_against": 6, "cannot_be_done": 4}),
        **on("decided_on", at),
    }
    if boxes["nature"] == "acted_against":
        grounds = GROUNDS if capacity == LACKED else {**GROUNDS, "best_interests": 0}
        boxes |= {"ground": (drawn(draw, grounds),), "consent": "sought"}
    if draw.random() < 0.85:
        told: Boxes = {"told": "told", "told_what": voice.of_the_team("told_what"), "told_by": voice.somebody()}
        return boxes | told | {"said_back": voice.of_the_team("said_back"), **on("told_on", at)}
    return boxes | {"told": "not_yet", "not_told_why": voice.of_the_team("not_told"), **on("look_again_on", at + WEEK)}


def verdict(draw: Random, wish: str) -> Boxes:
    """Say whether it happened, in the practitioner's own view."""
    return {"wish": wish, "happened": drawn(draw, {"all_of_it": 40, "some_of_it": 40, "no": 15, "not_sure": 5})}


WEEK = timedelta(days=7)
