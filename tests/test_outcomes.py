"""Desired outcomes, worked out from rows of the record and from where the conversation stands; nothing is stored."""

import pytest

from bot.conversation import Skip, Turn
from bot.outcomes import NO_LONGER, SAME, DesiredOutcome, Mark, Outcome, OutcomeMark, is_desired, outcomes, to_rank
from tests.telling import NOON, Told


class Wanting(Told):
    """Somebody says what is to be different."""

    def wants(self, words: str) -> Turn:
        self.asks("outcome")
        return self.says(words)

    def ranks(self, *choice: str) -> Turn:
        self.asks("matters_most")
        return self.chooses(*choice)

    def outcomes(self, desired: list[DesiredOutcome], *marks: OutcomeMark) -> tuple[Outcome, ...]:
        return outcomes(self.standing, desired, marks)


@pytest.fixture
def told() -> Wanting:
    return Wanting()


def row(turn: Turn, sign: Turn | None = None, weight: Turn | None = None) -> DesiredOutcome:
    return DesiredOutcome(turn.number, sign and sign.number, weight and weight.number, NOON)


def mark(kind: Mark, turn: Turn, value: str, by: Turn) -> OutcomeMark:
    return OutcomeMark(kind, turn.number, value, by.number, NOON)


def places(found: tuple[Outcome, ...]) -> list[str | None]:
    return [outcome.rank for outcome in found]


def test_outcomes_come_in_the_order_they_were_said_whatever_the_order_of_the_rows(told: Wanting) -> None:
    first, second = told.wants("My own key"), told.wants("My sister")
    assert [one.number for one in told.outcomes([row(second), row(first)])] == [first.number, second.number]


def test_a_row_without_its_turn_is_no_outcome(told: Wanting) -> None:
    assert told.outcomes([DesiredOutcome(99, None, None, NOON)]) == ()


@pytest.mark.parametrize("is_word", [True, False])
def test_only_words_are_desired(told: Wanting, *, is_word: bool) -> None:
    told.asks("outcome")
    said = told.says("My own key") if is_word else told.skips(Skip.DO_NOT_KNOW)
    assert is_desired(told.standing.answer(said.number)) is is_word
    assert not is_desired(None)


def test_a_weight_is_a_choice_and_a_sign_is_words_and_anything_else_is_neither(told: Wanting) -> None:
    wish = told.wants("My own key")
    told.asks("outcome_sign")
    sign = told.skips(Skip.NOT_FOR_ME)
    told.asks("outcome_weight")
    weight = told.says("very")
    (found,) = told.outcomes([row(wish, sign, weight)])
    assert (found.sign, found.weight) == (None, None)


def test_what_was_added_to_a_sign_belongs_to_it(told: Wanting) -> None:
    wish = told.wants("My own key")
    told.asks("outcome_sign")
    sign = told.says("I can lock my door")
    told.says("and open it", to=told.turns[2], adds_to=sign.number)
    (found,) = told.outcomes([row(wish, sign)])
    assert found.sign is not None
    assert found.sign.words == ("I can lock my door", "and open it")


def test_places_follow_one_another_whatever_numbers_the_rows_have(told: Wanting) -> None:
    """An answer given again may leave a gap; it is no place of anything."""
    wishes = [told.wants(words) for words in ("a", "b", "c")]
    by = [told.ranks("turn:1"), told.ranks("turn:2")]
    marks = [
        mark(Mark.RANK, wishes[2], "2", by[0]),
        mark(Mark.RANK, wishes[0], "5", by[1]),
        mark(Mark.RANK, wishes[1], "9", by[1]),
    ]
    assert places(told.outcomes([row(wish) for wish in wishes], *marks)) == ["2", "3", "1"]


def test_what_has_the_same_number_has_the_same_place_and_the_next_place_is_left_out(told: Wanting) -> None:
    wishes = [told.wants(words) for words in ("a", "b", "c", "d")]
    by = told.ranks("turn:1")
    numbers = ("3", "1", "1", "4")
    marks = [mark(Mark.RANK, wish, number, by) for wish, number in zip(wishes, numbers, strict=True)]
    assert places(told.outcomes([row(wish) for wish in wishes], *marks)) == ["3", "1", "1", "4"]


def test_where_all_matter_the_same_no_other_place_is_in_effect(told: Wanting) -> None:
    wishes = [told.wants(words) for words in ("a", "b")]
    by = [told.ranks("turn:1"), told.ranks("the_same")]
    marks = [mark(Mark.RANK, wishes[0], "1", by[0]), *(mark(Mark.RANK, wish, SAME, by[1]) for wish in wishes)]
    assert places(told.outcomes([row(wish) for wish in wishes], *marks)) == [SAME, SAME]


def test_a_mark_that_is_said_no_longer_is_not_in_effect(told: Wanting) -> None:
    wish, other, by = told.wants("a"), told.wants("b"), told.ranks("turn:2")
    marks = [mark(kind, wish, NO_LONGER, by) for kind in (Mark.RANK, Mark.PLAN, Mark.APART)]
    (found, _) = told.outcomes([row(wish), row(other)], *marks, mark(Mark.APART, other, "", by))
    assert (found.rank, found.plan, found.apart_from) == (None, None, ())


def test_a_mark_of_an_answer_that_was_worded_otherwise_is_not_in_effect(told: Wanting) -> None:
    wish, by = told.wants("a"), told.ranks("turn:2")
    marks = [mark(Mark.RANK, wish, "1", by), mark(Mark.PLAN, wish, "a", by)]
    assert places(told.outcomes([row(wish)], *marks)) == ["1"]
    told.chooses("not_sure", to=told.turns[2], replaces=by.number)
    (found,) = told.outcomes([row(wish)], *marks)
    assert (found.rank, found.plan) == (None, None)


def test_a_mark_of_a_road_no_longer_taken_is_not_in_effect(told: Wanting) -> None:
    wish, by = told.wants("a"), told.ranks("turn:2")
    told.asks("own_power", path=[wish.number])
    assert places(told.outcomes([row(wish)], mark(Mark.RANK, wish, "1", by))) == [None]


def test_a_mark_on_something_that_is_wanted_no_more_does_nothing(told: Wanting) -> None:
    wish, other = told.wants("a"), told.wants("b")
    by = told.ranks("turn:2")
    told.takes_back(wish)
    marks = [mark(Mark.RANK, wish, "1", by), mark(Mark.RANK, other, "2", by), mark(Mark.APART, wish, "", by)]
    (found,) = told.outcomes([row(wish), row(other)], *marks)
    assert (found.number, found.rank, found.apart_from) == (other.number, "1", ())


def test_what_cannot_happen_together_is_linked_both_ways_and_never_with_itself(told: Wanting) -> None:
    wishes = [told.wants(words) for words in ("a", "b", "c")]
    by = told.ranks("turn:2")
    marks = [mark(Mark.APART, wish, "", by) for wish in (wishes[0], wishes[2])]
    found = told.outcomes([row(wish) for wish in wishes], *marks)
    assert [one.apart_from for one in found] == [(wishes[2].number,), (), (wishes[0].number,)]


def test_only_what_is_not_chosen_yet_is_left_to_put_in_order(told: Wanting) -> None:
    wishes = [told.wants(words) for words in ("a", "b", "c")]
    found = told.outcomes([row(wish) for wish in wishes])
    first = told.ranks(f"turn:{wishes[1].number}")
    stands = told.standing
    assert [one.number for one in to_rank(stands, found, [first.number])] == [wishes[0].number, wishes[2].number]
    assert to_rank(stands, found, []) == found
    assert to_rank(stands, found, [wishes[0].number]) == found
