"""Desired outcomes at rest, and the marks on them. Both are logs: of what the same turns say, the last row stands.

Actions run again whenever a path is delivered afresh. Saying what stands already adds nothing; saying something else
(another sign, another rank) adds a row, and the earlier one stays.
"""

from collections.abc import Iterable
from datetime import datetime

from bot.outcomes import DesiredOutcome, Mark, OutcomeMark
from bot.store import tables
from bot.store.rows import Row, Rows, Value, moment, stamp


class Outcomes:
    """The desired outcomes of one transaction."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def desire(
        self,
        conversation_id: str,
        turn: int,
        now: datetime,
        *,
        sign_turn: int | None = None,
        weight_turn: int | None = None,
    ) -> None:
        """Keep a desired outcome. Said again, it changes nothing. Raises `Missing` when there is no such turn."""
        outcomes = tables.desired_outcomes
        row: dict[str, Value] = {"turn": turn, "sign_turn": sign_turn, "weight_turn": weight_turn}
        latest = self._rows.latest(outcomes, {"conversation_id": conversation_id, "turn": turn})
        if latest is None or any(latest[name] != value for name, value in row.items()):
            number = self._rows.next_number(outcomes, conversation_id=conversation_id)
            made: dict[str, Value] = {"conversation_id": conversation_id, "number": number, "made_at": stamp(now)}
            self._rows.add(outcomes, made | row)

    def desired(self, conversation_id: str) -> tuple[DesiredOutcome, ...]:
        """The desired outcomes of a conversation in the order they were first named, each as it stands."""
        outcomes = tables.desired_outcomes
        rows = self._rows.having(outcomes, {"conversation_id": conversation_id}, order_by=[outcomes.c.number])
        return tuple(
            DesiredOutcome(
                turn=row["turn"],
                sign_turn=row["sign_turn"],
                weight_turn=row["weight_turn"],
                made_at=moment(row["made_at"]),
            )
            for row in _standing(rows, "turn")
        )

    def mark(
        self, conversation_id: str, mark: Mark, outcome_turn: int, *, value: str, turn: int, now: datetime
    ) -> None:
        """Say something of an outcome. Said again, it changes nothing. Raises `Missing` when there is no such turn."""
        marks = tables.outcome_marks
        row: dict[str, Value] = {"mark": mark.value, "outcome_turn": outcome_turn, "value": value, "turn": turn}
        about: dict[str, Value] = {"mark": mark.value, "outcome_turn": outcome_turn, "turn": turn}
        latest = self._rows.latest(marks, {"conversation_id": conversation_id, **about})
        if latest is None or any(latest[name] != value for name, value in row.items()):
            number = self._rows.next_number(marks, conversation_id=conversation_id)
            made: dict[str, Value] = {"conversation_id": conversation_id, "number": number, "made_at": stamp(now)}
            self._rows.add(marks, made | row)

    def marks(self, conversation_id: str) -> tuple[OutcomeMark, ...]:
        """What each turn says of the outcomes of a conversation, as it stands."""
        marks = tables.outcome_marks
        rows = self._rows.having(marks, {"conversation_id": conversation_id}, order_by=[marks.c.number])
        return tuple(
            OutcomeMark(
                mark=Mark(row["mark"]),
                outcome_turn=row["outcome_turn"],
                value=row["value"],
                turn=row["turn"],
                made_at=moment(row["made_at"]),
            )
            for row in _standing(rows, "mark", "outcome_turn", "turn")
        )


def _standing(rows: Iterable[Row], *same: str) -> list[Row]:
    standing: dict[tuple[object, ...], Row] = {}
    for row in rows:
        standing[tuple(row[name] for name in same)] = row
    return list(standing.values())
