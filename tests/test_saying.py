"""Sentences about figures: worked out from what may be shown, in plain English, and never more than that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.charts import Fill
from bot.figures import MEASURES, Measure, Spoken
from bot.saying import Shown, Value, bars_of, headline, headline_of, reach, said_aloud, sentence, trend

HIDDEN = Value(None, is_hidden=True)
NOT_AVAILABLE = Value(None)


def shown(measure: str, base: int | None, *counts: int | None, is_rounded: bool = True) -> Shown:
    """Make what may be shown of a measure. None stands for what is hidden."""
    found = MEASURES[measure]

    def value(count: int | None) -> Value:
        if count is None:
            return HIDDEN
        return Value(count, round(100 * count / base) if base is not None and base >= 10 else None)

    values = dict(zip((cell.id for cell in found.cells), map(value, counts), strict=True))
    return Shown(
        measure=found,
        base=HIDDEN if base is None else Value(base),
        values=values,
        spoken=Spoken.ALL,
        is_rounded=is_rounded,
    )


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (
            shown("achieved", 145, 85, 45, 15),
            "People got all that they wanted in 59% of about 145 enquiries, some of it in 31% and none of it in 10%.",
        ),
        (
            shown("achieved", 145, 85, 45, None),
            "People got all that they wanted in 59% of about 145 enquiries, some of it in 31%.",
        ),
        (
            shown("achieved", 145, None, 45, None),
            "Out of about 145 enquiries, the number for “Fully Achieved” is hidden, because a number is small.",
        ),
        (
            shown("achieved", None, None, None, None),
            "The numbers cannot be shown without giving somebody away.",
        ),
        (
            shown("achieved", None, None, 45, None),
            "The number for “Fully Achieved” is hidden, because a number is small.",
        ),
        (
            shown("achieved", 10, None, None, None),
            "Out of about 10 enquiries: the numbers cannot be shown without giving somebody away.",
        ),
        (
            shown("achieved", 8, 6, 1, 1, is_rounded=False),
            "People got all that they wanted in 6 of 8 enquiries, some of it in 1 and none of it in 1.",
        ),
        (
            shown("achieved", 1, 1, 0, 0, is_rounded=False),
            "People got all that they wanted in 1 of 1 enquiry, some of it in 0 and none of it in 0.",
        ),
        (shown("achieved", 0, 0, 0, 0, is_rounded=False), "Nothing was counted here in this period."),
        (
            shown("outcomes", 300, 150, 100, 50, None, None),
            "All of it happened for 50% of about 300 things wanted, some of it for 33% and none of it for 17%.",
        ),
        (
            shown("supported", 40, 35),
            "An advocate, family or a friend supported the person in 88% of about 40 enquiries.",
        ),
        (
            shown("safer", 60, 35, 15, None, None, 5),
            "“Yes, a lot” was the answer in 58% of about 60 enquiries, “A bit” in 25%.",
        ),
        (
            shown("why_not_asked", 60, 25, 10, None, 5, None, 5, 5, None),
            "Of what can be shown, the most common was “It was not safe to ask”: 42% of about 60 enquiries.",
        ),
        (
            shown("why_not_asked", 8, 3, 3, 0, 1, 0, 1, 0, 0, is_rounded=False),
            "Several come first, with 3 each of 8 enquiries.",
        ),
        (
            shown("why_not_asked", None, None, None, None, None, None, None, None, None),
            "All numbers here are hidden, because they are small.",
        ),
    ],
)
def test_a_sentence_says_what_the_table_says(told: Shown, words: str) -> None:
    assert sentence(told) == words


def test_beside_its_question_what_is_hidden_is_said_in_few_words() -> None:
    assert sentence(shown("asked", 10, None, None, None, None, None), is_brief=True) == "Out of about 10 enquiries."
    told = shown("asked", None, None, None, None, None, None)
    assert sentence(told, is_brief=True) == "It cannot be shown without giving somebody away."


def test_an_answer_says_how_many_it_is_of() -> None:
    answer, asked = shown("achieved", 535, 210, 265, 60), shown("asked", 830, 605, 90, 70, 30, 35)
    assert reach(answer, asked) == (
        "Counted are about 535 enquiries in which somebody said what they want, and later whether they got it. "
        "About 830 section 42 enquiries were closed in all."
    )
    assert reach(shown("achieved", None, None, None, None), asked) == ""


def test_what_is_not_available_is_said_to_be_so() -> None:
    measure = MEASURES["risk"]
    values = {cell.id: NOT_AVAILABLE for cell in measure.cells}
    told = Shown(measure=measure, base=NOT_AVAILABLE, values=values, is_rounded=True)
    assert sentence(told) == "This is not available for this period."
    assert [bar.text for bar in bars_of(told)] == ["not available"] * 3
    assert told.is_empty


def test_the_risk_is_known_by_all_but_what_remained() -> None:
    told = shown("risk", 170, 25, 70, 75)
    assert headline(told).percent == 85
    assert headline_of(told.measure) == "The risk was removed or reduced"
    assert sentence(told, is_brief=True) == "The risk was removed or reduced in 85% of about 170 enquiries."
    told = shown("risk", 170, None, 70, 75)
    assert headline(told).percent == 44
    assert sentence(told, is_brief=True) == "The risk was removed in 44% of about 170 enquiries."


def test_two_quarters_stand_side_by_side_and_nothing_is_said_to_have_risen() -> None:
    quarters = [("April to June 2025", shown("asked", 50, 40, 5, 5, None, None))]
    assert trend(quarters) == (
        "Yes they were asked and outcomes were expressed: 80% in April to June 2025. "
        "Shares of the other quarters would give small numbers away."
    )
    quarters.append(("July to September 2025", shown("asked", None, None, None, None, None, None)))
    quarters.append(("October to December 2025", shown("asked", 50, 35, 5, 5, None, None)))
    assert trend(quarters) == (
        "Yes they were asked and outcomes were expressed: 80% in April to June 2025, 70% in October to December 2025."
    )
    assert trend(quarters[1:2]) == ("Shares of single quarters would give small numbers away, so they are not shown.")
    few = ("July to September 2025", shown("asked", 8, 5, 3, 0, 0, 0, is_rounded=False))
    assert trend([few]) == "No quarter has enough for a share to mean something."
    enough = ("October to December 2025", shown("asked", 10, 5, 5, 0, 0, 0, is_rounded=False))
    assert trend([few, enough]) == (
        "Yes they were asked and outcomes were expressed: 50% in October to December 2025. "
        "Shares of the other quarters would mean nothing: they have too few."
    )


@pytest.mark.parametrize("measure", MEASURES.values(), ids=list(MEASURES))
@given(data=st.data())
def test_no_sentence_and_no_bar_tells_what_is_hidden(measure: Measure, data: st.DataObject) -> None:
    secret = data.draw(st.integers(1, 4))
    fives = st.one_of(st.none(), st.integers(1, 40).map(lambda count: count * 5))
    counts = data.draw(st.lists(fives, min_size=len(measure.cells), max_size=len(measure.cells)))
    base = max(10, sum(count or secret for count in counts)) // 5 * 5
    told = shown(measure.id, base, *counts)
    words = sentence(told)
    assert words.endswith(".")
    assert words[0].isupper() or words[0] == "“"
    for unmeant in ("None,", "None%", "nan", "  ", "[c]", " ,", ".."):
        assert unmeant not in words
    for bar, count in zip(bars_of(told), counts, strict=True):
        if count is None:
            assert (bar.size, bar.text, bar.said) == (None, "hidden", "hidden, because a number is small")
        else:
            assert bar.size is not None
            assert 0 <= bar.size <= 1


def test_every_part_of_one_bar_has_a_pattern_of_its_own() -> None:
    fills = [bar.fill for bar in bars_of(shown("achieved", 145, 85, 45, 15))]
    assert fills == [Fill.FIRST, Fill.SECOND, Fill.THIRD]
    fills = [bar.fill for bar in bars_of(shown("risk", 170, 25, 70, 75))]
    assert fills == [Fill.THIRD, Fill.SECOND, Fill.FIRST]
    assert {bar.fill for bar in bars_of(shown("asked", 200, 145, 30, 20, None, None))} == {Fill.FIRST}


def test_one_is_one_enquiry_and_thousands_are_told_apart() -> None:
    assert said_aloud(Value(1), MEASURES["asked"]) == "1 enquiry"
    assert said_aloud(Value(12_345, 38), MEASURES["asked"]) == "12,345 enquiries, 38%"
    assert said_aloud(Value(1), MEASURES["outcomes"]) == "1 thing wanted"
    assert Value(12_345).mark == "12,345"
    assert (HIDDEN.mark, NOT_AVAILABLE.mark) == ("[c]", "[x]")
