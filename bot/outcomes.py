"""What the person wants to be different: each desired outcome as said, its order of importance, and the plans.

Rows of the record quote turns by number. What is in effect is worked out here: a later wording takes the place of an
earlier one, and what was taken back is no longer there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.conversation import Answer, How, Kind, Standing, referred

NO_LONGER = "no_longer"
"""The value of a mark that its turn does not say any more, such as a place that only followed while there were two."""

SAME = "same"
"""The value of a rank where all matter the same."""


class Mark(StrEnum):
    """What an answer says about a desired outcome that was said before."""

    RANK = "rank"
    """`value` is its place in the person's own order, 1 for what matters most; `same` where all matter the same.

    What has the same value matters the same.
    """
    PLAN = "plan"
    """`value` is `a` or `b`: to be tried first, or where that cannot happen."""
    APART = "apart"
    """It cannot happen together with the others marked by the same turn; `value` is empty."""
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class DesiredOutcome:
    """One desired outcome in the record: numbers of the answers it quotes."""

    turn: int
    sign_turn: int | None
    weight_turn: int | None
    made_at: datetime


@dataclass(frozen=True, slots=True)
class OutcomeMark:
    """One thing said about a desired outcome. `turn` is the very wording that said it."""

    mark: Mark
    outcome_turn: int
    value: str
    turn: int
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """A desired outcome as it stands now."""

    answer: Answer
    sign: Answer | None
    weight: str | None
    rank: str | None
    plan: str | None
    apart_from: tuple[int, ...]
    status: str = "said"

    @property
    def number(self) -> int:
        """The turn that first said it; `turn:<number>` names it in choices."""
        return self.answer.number

    @property
    def how(self) -> How | None:
        """Whether it came in free words or after choosing a card."""
        return self.answer.said.first.how


def is_desired(answer: Answer | None) -> bool:
    """Whether an answer to the question "what do you want to be different" says something that is wanted."""
    return answer is not None and answer.current.kind is Kind.WORDS


def outcomes(
    standing: Standing, desired: Sequence[DesiredOutcome], marks: Sequence[OutcomeMark]
) -> tuple[Outcome, ...]:
    """Give the desired outcomes in effect, in the order they were said."""
    found = {row.turn: row for row in desired if is_desired(standing.answer(row.turn))}
    in_effect = [mark for mark in marks if mark.outcome_turn in found and _is_in_effect(standing, mark)]
    ranks = _ranks(in_effect)
    plans = {mark.outcome_turn: mark.value for mark in in_effect if mark.mark is Mark.PLAN}
    apart = [mark for mark in in_effect if mark.mark is Mark.APART]
    result = []
    for number, row in sorted(found.items()):
        answer = standing.answer(number)
        assert answer is not None
        said_by = {mark.turn for mark in apart if mark.outcome_turn == number}
        result.append(
            Outcome(
                answer=answer,
                sign=_words(standing, row.sign_turn),
                weight=_choice(standing, row.weight_turn),
                rank=ranks.get(number),
                plan=plans.get(number),
                apart_from=tuple(
                    sorted({m.outcome_turn for m in apart if m.turn in said_by and m.outcome_turn != number})
                ),
            )
        )
    return tuple(result)


def to_rank(standing: Standing, found: Sequence[Outcome], path: Sequence[int]) -> tuple[Outcome, ...]:
    """Give the outcomes that the answers on this path have not put in order yet."""
    chosen = {
        referred(choice)
        for number in path
        if (answer := standing.answer(number)) is not None and answer.question.asked == "matters_most"
        for choice in answer.current.choice
    }
    return tuple(outcome for outcome in found if outcome.number not in chosen)


def _is_in_effect(standing: Standing, mark: OutcomeMark) -> bool:
    if mark.value == NO_LONGER:
        return False
    answer = standing.answer(mark.turn)
    return answer is not None and answer.current.number == mark.turn and answer.number in standing.path


def _ranks(marks: Sequence[OutcomeMark]) -> dict[int, str]:
    ordered = sorted((mark for mark in marks if mark.mark is Mark.RANK), key=lambda mark: (mark.turn, mark.value))
    if any(mark.value == SAME for mark in ordered):
        return {mark.outcome_turn: SAME for mark in ordered if mark.value == SAME}
    said: dict[int, int] = {}
    for mark in sorted(ordered, key=lambda mark: int(mark.value)):
        said.setdefault(mark.outcome_turn, int(mark.value))
    return {turn: str(1 + sum(other < place for other in said.values())) for turn, place in said.items()}


def _words(standing: Standing, number: int | None) -> Answer | None:
    answer = standing.answer(number) if number is not None else None
    return answer if answer is not None and answer.words else None


def _choice(standing: Standing, number: int | None) -> str | None:
    answer = standing.answer(number) if number is not None else None
    if answer is None or answer.current.kind is not Kind.CHOICE:
        return None
    return answer.current.choice[0]
