"""What the team records: the lists and labels of the field, what is asked when, and that nothing typed is lost."""

import contextlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.conversation import LONGEST_ANSWER
from bot.project import load_records
from bot.records import (
    ALWAYS,
    DATE_PARTS,
    LONGEST_LINE,
    Blank,
    FieldKind,
    Filled,
    NotFilledIn,
    RecordKind,
    Typed,
    as_typed,
    fill_in,
    latest,
    lines,
    standing,
)

TODAY = date(2026, 3, 27)
OUTCOME = "outcome:0a1b2c3d_17"
BLANKS = load_records()


def blank(kind: RecordKind) -> Blank:
    return BLANKS.kinds[kind]


def typed(**boxes: Any) -> Typed:
    """What stands in the boxes of a page; a day as `day(2, 3, 2026)` gives it."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in boxes.items():
        if isinstance(value, dict):
            found |= {f"{name}-{part}": (typed_part,) for part, typed_part in value.items()}
        else:
            found[name] = (value,) if isinstance(value, str) else tuple(value)
    return Typed(found)


def day(number: object, month: object, year: object) -> dict[str, str]:
    return {"day": str(number), "month": str(month), "year": str(year)}


ASKED = {"state": "asked_expressed", "whom": "person", "asked_on": day(2, 3, 2026), "asked_by": "Ruth, social worker"}
ADVOCACY = {
    "understanding": "no_difficulty",
    "retaining": "difficulty",
    "weighing": "no_difficulty",
    "communicating": "not_known",
    "considered_on": day(2, 3, 2026),
    "way": "appropriate",
    "appropriate_name": "Her sister Joan",
    "appropriate_relation": "sister",
    "not_paid": "met",
    "agreed": "met",
    "facilitates": "met",
}
NOT_FOLLOWED = {
    "wish": OUTCOME,
    "nature": "acted_against",
    "decided_by": "Team manager",
    "decided_on": day(2, 3, 2026),
    "reasons": "He said he would hit her again tonight.",
    "alternatives": "A night at her sister's: the sister was away.",
    "consulted": "The police, her GP.",
    "ground": ["life_or_limb", "crime"],
    "consent": "sought",
    "told": "not_yet",
    "not_told_why": "He reads her phone.",
    "look_again_on": day(30, 3, 2026),
}


def filled(kind: RecordKind, boxes: dict[str, Any], **more: Any) -> Filled:
    return fill_in(blank(kind), typed(**{**boxes, **more}), [OUTCOME], TODAY)


def wrong(kind: RecordKind, boxes: dict[str, Any], **more: Any) -> dict[str, str]:
    with pytest.raises(NotFilledIn) as raised:
        filled(kind, boxes, **more)
    return {one.field: one.say for one in raised.value.wrong}


# --- the field's own lists -------------------------------------------------------------------------------------------


def national(kind: RecordKind, name: str) -> list[str]:
    return [one.national for one in blank(kind).field(name).choices]


def test_the_counted_answers_carry_the_national_labels_exactly() -> None:
    assert national(RecordKind.CAPACITY, "result") == [
        "Yes, they lacked capacity",
        "No, they did not lack capacity",
        "Don't know",
    ]
    assert national(RecordKind.RISK, "assessment") == [
        "Risk identified and action taken",
        "Risk identified and no action taken",
        "Risk Assessment inconclusive and action taken",
        "Risk Assessment inconclusive and no action taken",
        "No risk identified and action taken",
        "No risk identified and no action taken",
        "Enquiry ceased at individual's request and no action taken",
    ]
    assert national(RecordKind.RISK, "outcome") == ["Risk remained", "Risk reduced", "Risk removed"]


def test_six_ways_of_having_been_asked_meet_only_in_the_national_count() -> None:
    states = {one.id: one.national for one in blank(RecordKind.ASKED).field("state").choices}

    assert states == {
        "asked_expressed": "Yes they were asked and outcomes were expressed",
        "asked_none_yet": "Yes they were asked but no outcomes were expressed",
        "declined": "Yes they were asked but no outcomes were expressed",
        "could_not_today": "No",
        "not_asked": "No",
        "not_known": "Don't Know",
    }


def test_capacity_is_never_answered_by_yes_or_no() -> None:
    for one in blank(RecordKind.CAPACITY).field("result").choices:
        assert "capacity to make this decision" in one.label


def test_capacity_and_substantial_difficulty_have_places_of_their_own() -> None:
    assert "This is not about mental capacity" in blank(RecordKind.ADVOCACY).about
    assert "This is not about substantial difficulty" in blank(RecordKind.CAPACITY).about


def test_a_ground_is_one_of_the_list_or_nobody_has_named_one() -> None:
    assert [one.id for one in blank(RecordKind.WISH_NOT_FOLLOWED).field("ground").choices] == [
        "life_or_limb",
        "others_at_risk",
        "crime",
        "asking_adds_risk",
        "best_interests",
        "duress",
        "staff_implicated",
        "other_has_needs",
        "marac",
        "court_order",
        "none_named",
    ]


@pytest.mark.parametrize("kind", RecordKind)
def test_every_record_says_why_it_is_asked_and_names_each_field_once(kind: RecordKind) -> None:
    found = BLANKS.blank(kind, changes=True)
    names = [field.name for field in found.fields]

    assert found.why.endswith(".")
    assert len(names) == len(set(names))
    for one in found.fields:
        assert one.label
        ids = [choice.id for choice in one.choices]
        assert len(ids) == len(set(ids))
        assert bool(ids) == (one.kind in {FieldKind.CHOICE, FieldKind.CHOICES})


@pytest.mark.parametrize("kind", RecordKind)
def test_conditions_name_fields_and_answers_that_there_are(kind: RecordKind) -> None:
    found = blank(kind)
    conditions = [section.when for section in found.sections]
    conditions += [check.when for check in found.checks]
    conditions += [one.needed for one in found.fields if one.needed is not None]

    for condition in conditions:
        for name, ids in [*condition.every.items(), *condition.some.items()]:
            asked = found.field(name)
            if asked.choices:
                assert all(asked.choice(one) for one in ids), (name, ids)
            else:
                assert ids <= {"given", "elsewhere"}
    for check in found.checks:
        found.field(check.field)


@pytest.mark.parametrize("kind", RecordKind)
def test_a_section_that_does_not_always_belong_says_so_in_its_heading(kind: RecordKind) -> None:
    for section in blank(kind).sections:
        assert (section.when != ALWAYS) == section.heading.startswith("If ")


# --- filling in ------------------------------------------------------------------------------------------------------


def test_ids_and_dates_are_kept_apart_from_what_was_typed() -> None:
    found = filled(RecordKind.ASKED, ASKED, there="Nobody else\t")

    assert found.choices == {"state": ("asked_expressed",), "whom": ("person",), "asked_on": ("2026-03-02",)}
    assert found.words == {"asked_by": "Ruth, social worker", "there": "Nobody else\t"}


def test_words_are_kept_as_they_were_typed() -> None:
    words = "  He said:\n\n“not tonight”\u202e \x00 "

    assert filled(RecordKind.WISH_NOT_FOLLOWED, NOT_FOLLOWED, reasons=words).words["reasons"] == words


def test_an_empty_page_names_every_field_that_is_needed() -> None:
    found = wrong(RecordKind.WISH_NOT_FOLLOWED, {})

    assert list(found) == [
        "wish",
        "nature",
        "decided_by",
        "decided_on",
        "reasons",
        "alternatives",
        "consulted",
        "told",
    ]
    assert found["reasons"] == "Please write something: “What are the reasons?”"


def test_not_asked_needs_the_reason_and_could_not_needs_the_day_too() -> None:
    assert list(wrong(RecordKind.ASKED, {"state": "not_asked"})) == ["why_not"]
    assert list(wrong(RecordKind.ASKED, {"state": "could_not_today"})) == ["why_not", "again_on"]
    assert filled(RecordKind.ASKED, {"state": "not_known"}).choices == {"state": ("not_known",)}


def test_what_does_not_go_with_the_answer_is_asked_about_and_never_dropped() -> None:
    found = wrong(RecordKind.ASKED, ASKED, why_not="She was asleep.")

    assert list(found) == ["why_not"]
    assert "If they could not be asked" in found["why_not"]


def test_a_choice_under_a_heading_that_does_not_apply_is_left_out() -> None:
    assert "whom" not in filled(RecordKind.ASKED, {"state": "not_known", "whom": "person"}).choices


@pytest.mark.parametrize(
    "parts",
    [day(31, 2, 2026), day("", 2, 2026), day("2", "March", 2026), day(2, 3, "9" * 30), day(-2, 3, 2026), day(0, 0, 0)],
)
def test_a_day_that_there_is_not_is_asked_for_again(parts: dict[str, str]) -> None:
    assert "a day, a month and a year" in wrong(RecordKind.ASKED, ASKED, asked_on=parts)["asked_on"]


def test_what_happened_lies_behind_and_what_is_to_be_done_lies_ahead() -> None:
    assert "still to come" in wrong(RecordKind.ASKED, ASKED, asked_on=day(28, 3, 2026))["asked_on"]
    assert (
        "has passed"
        in wrong(RecordKind.WISH_NOT_FOLLOWED, NOT_FOLLOWED, look_again_on=day(26, 3, 2026))["look_again_on"]
    )
    assert "the year" in wrong(RecordKind.ASKED, ASKED, asked_on=day(2, 3, 26))["asked_on"]
    assert filled(RecordKind.ASKED, ASKED, asked_on=day(27, 3, 2026))


def test_spaces_are_no_answer() -> None:
    assert "asked_by" in wrong(RecordKind.ASKED, ASKED, asked_by=" \t")


def test_too_long_an_answer_is_refused_kindly() -> None:
    assert "20,000" in wrong(RecordKind.WISH_NOT_FOLLOWED, NOT_FOLLOWED, reasons="x" * (LONGEST_ANSWER + 1))["reasons"]
    assert "500" in wrong(RecordKind.ASKED, ASKED, asked_by="x" * (LONGEST_LINE + 1))["asked_by"]


def test_an_answer_that_was_not_on_offer_is_no_answer() -> None:
    assert "state" in wrong(RecordKind.ASKED, {"state": "yes"})
    assert "wish" in wrong(RecordKind.VERDICT, {"wish": "outcome:ffffffff_1", "happened": "no"})
    assert "wish" in wrong(RecordKind.VERDICT, {"wish": "elsewhere", "happened": "no"})


def test_nobody_named_a_ground_stands_alone() -> None:
    found = wrong(RecordKind.WISH_NOT_FOLLOWED, NOT_FOLLOWED, ground=["none_named", "crime"])

    assert list(found) == ["ground"]


def test_a_wish_said_elsewhere_is_written_down() -> None:
    said_elsewhere = {**NOT_FOLLOWED, "wish": "elsewhere"}

    assert list(wrong(RecordKind.WISH_NOT_FOLLOWED, said_elsewhere)) == ["wish_elsewhere"]
    found = filled(RecordKind.WISH_NOT_FOLLOWED, said_elsewhere, wish_elsewhere="“Leave us be.” To the nurse.")
    assert found.quotes == ""
    assert found.choices["wish"] == ("elsewhere",)


def test_what_is_quoted_is_only_pointed_to() -> None:
    found = filled(RecordKind.VERDICT, {"wish": OUTCOME, "happened": "some_of_it"})

    assert found.quotes == OUTCOME
    assert found.choices == {"wish": ("outcome",), "happened": ("some_of_it",)}
    assert found.words == {}


def test_substantial_difficulty_cannot_go_with_nobody_is_needed() -> None:
    found = wrong(
        RecordKind.ADVOCACY, {**ADVOCACY, "way": "nobody_needed", "appropriate_name": "", "appropriate_relation": ""}
    )

    assert list(found) == ["way"]
    assert filled(
        RecordKind.ADVOCACY,
        {
            **ADVOCACY,
            "retaining": "no_difficulty",
            "way": "nobody_needed",
            "appropriate_name": "",
            "appropriate_relation": "",
        },
    )


@pytest.mark.parametrize("check", ["not_paid", "agreed", "facilitates"])
def test_an_appropriate_person_meets_all_three_checks(check: str) -> None:
    assert list(wrong(RecordKind.ADVOCACY, ADVOCACY, **{check: "not_met"})) == [check]


def test_agreeing_may_be_in_the_best_interests_of_somebody_who_lacks_capacity_to_agree() -> None:
    assert filled(RecordKind.ADVOCACY, ADVOCACY, agreed="best_interests")


def test_lacking_capacity_needs_what_was_tried_first_and_who_supported() -> None:
    concluded = {
        "decision": "Where to live for now",
        "result": "lacked",
        "concluded_on": day(2, 3, 2026),
        "concluded_by": "Dr Shah, GP",
    }

    assert list(wrong(RecordKind.CAPACITY, concluded)) == ["tried", "supported_by"]
    assert filled(
        RecordKind.CAPACITY, concluded, tried="Pictures, twice, in the morning", supported_by=["family", "friend"]
    )
    assert filled(RecordKind.CAPACITY, concluded, result="did_not_lack")
    assert list(wrong(RecordKind.CAPACITY, concluded, tried="x", supported_by=["family", "nobody"])) == ["supported_by"]


def test_what_became_of_a_risk_is_asked_only_where_one_was_identified() -> None:
    found = {
        "assessment": "none_no_action",
        "assessed_on": day(2, 3, 2026),
        "assessed_by": "Ruth",
        "no_action_why": "None.",
    }

    assert "outcome" not in filled(RecordKind.RISK, found, outcome="reduced").choices
    identified = {**found, "assessment": "identified_no_action"}
    assert filled(RecordKind.RISK, identified, outcome="reduced").choices["outcome"] == ("reduced",)


@given(data=st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_chosen_nothing_typed_is_dropped_in_silence(data: st.DataObject) -> None:
    found = blank(data.draw(st.sampled_from(RecordKind)))
    boxes: dict[str, tuple[str, ...]] = {}
    for one in found.fields:
        if one.choices:
            boxes[one.name] = tuple(data.draw(st.lists(st.sampled_from([c.id for c in one.choices]), max_size=2)))
        elif one.kind is FieldKind.QUOTATION:
            boxes[one.name] = (data.draw(st.sampled_from([OUTCOME, "elsewhere", "turn:1:1"])),)
        elif one.kind is FieldKind.DATE:
            written = data.draw(st.sampled_from([("2", "3", "2026"), ("30", "3", "2026"), ("", "", "")]))
            boxes |= {f"{one.name}-{part}": (value,) for part, value in zip(DATE_PARTS, written, strict=True)}
        else:
            boxes[one.name] = (data.draw(st.sampled_from(["Ruth\r", " x\n", ""])),)
    typed_words = {name: boxes[name][0] for name in worded(found) if boxes[name][0].strip()}

    with contextlib.suppress(NotFilledIn):
        assert fill_in(found, Typed(boxes), [OUTCOME], TODAY).words == typed_words


def worded(found: Blank) -> set[str]:
    return {one.name for one in found.fields if one.kind in {FieldKind.WORDS, FieldKind.LINE}}


# --- reading again ---------------------------------------------------------------------------------------------------


@dataclass
class OneKept:
    number: int
    what: str
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    replaces: int | None = None
    outcome_id: str | None = None
    account_id: str = "a" * 32
    at: datetime = datetime(2026, 3, 27, tzinfo=UTC)


def test_a_record_that_takes_the_place_of_another_stands_before_it() -> None:
    kept = [
        OneKept(4, "capacity"),
        OneKept(5, "risk"),
        OneKept(7, "capacity"),
        OneKept(8, "capacity", replaces=4),
        OneKept(9, "capacity", replaces=8),
    ]

    found = [[one.number for one in record.versions] for record in standing(kept)]

    assert found == [[9, 8, 4], [5], [7]]
    assert latest(kept, RecordKind.CAPACITY) == 9
    assert latest(kept, RecordKind.ADVOCACY) == 0


def test_two_that_take_the_place_of_one_are_both_there() -> None:
    kept = [OneKept(1, "risk"), OneKept(2, "risk", replaces=1), OneKept(3, "risk", replaces=1)]

    assert [[one.number for one in record.versions] for record in standing(kept)] == [[3, 2, 1]]


@pytest.mark.parametrize(
    ("kind", "boxes"),
    [(RecordKind.ASKED, ASKED), (RecordKind.ADVOCACY, ADVOCACY), (RecordKind.WISH_NOT_FOLLOWED, NOT_FOLLOWED)],
)
def test_a_record_can_be_filled_in_again_as_it_was(kind: RecordKind, boxes: dict[str, Any]) -> None:
    found = filled(kind, boxes)
    kept = OneKept(1, kind, choices=dict(found.choices), words=dict(found.words))

    again = fill_in(blank(kind), as_typed(blank(kind), kept, quotes=found.quotes), [OUTCOME], TODAY)

    assert again == found


def test_a_record_is_read_in_the_order_it_was_asked() -> None:
    found = filled(RecordKind.ASKED, ASKED)
    read = lines(blank(RecordKind.ASKED), OneKept(1, "asked", choices=dict(found.choices), words=dict(found.words)))

    assert [(one.field.name, [choice.label for choice in one.chosen], one.words, one.day) for one in read] == [
        ("state", ["They were asked and said what they want"], None, None),
        ("whom", ["The person was asked"], None, None),
        ("asked_on", [], None, date(2026, 3, 2)),
        ("asked_by", [], "Ruth, social worker", None),
    ]


def test_what_is_changed_says_what_has_changed() -> None:
    changing = BLANKS.blank(RecordKind.ASKED, changes=True)

    with pytest.raises(NotFilledIn) as raised:
        fill_in(changing, typed(**ASKED), [], TODAY)

    assert [one.field for one in raised.value.wrong] == ["because"]
