"""Rounding and markers, with the worked examples of the national rule."""

import pytest

from bot.publishing.marking import could_be, percentage, shown


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "[c]"),
        (1, "[c]"),
        (4, "[c]"),
        (5, "5"),
        (6, "5"),
        (7, "5"),
        (8, "10"),
        (9, "10"),
        (10, "10"),
        (12, "10"),
        (13, "15"),
        (17, "15"),
        (18, "20"),
        (22, "20"),
        (23, "25"),
        (None, "[x]"),
    ],
)
def test_a_count_is_shown_as_the_national_rule_has_it(count: int | None, expected: str) -> None:
    assert shown(count) == expected


def test_what_is_shown_could_be_every_count_that_is_shown_so() -> None:
    for number in range(5, 100, 5):
        assert list(could_be(number)) == [count for count in range(200) if shown(count) == str(number)]


def test_there_is_no_count_below_nought() -> None:
    with pytest.raises(ValueError, match="nought"):
        shown(-1)


def test_percentages_are_worked_out_from_unrounded_numbers_halves_upwards() -> None:
    assert percentage(7, 12) == 58
    assert percentage(1, 200) == 1
    assert percentage(25, 40, 5) == 65


def test_there_is_no_percentage_of_fewer_than_ten() -> None:
    assert percentage(5, 10) == 50
    with pytest.raises(ValueError, match="so few"):
        percentage(5, 9)
