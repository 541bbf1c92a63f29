"""What was said of outcomes of earlier conversations, at rest. A log, as `outcomes` is: the last row stands."""

from datetime import datetime

from bot.enquiry import OutcomeReview
from bot.store import tables
from bot.store.rows import Rows, Value, moment, stamp


class Reviews:
    """What the conversations of one transaction say of earlier outcomes."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def keep(
        self,
        conversation_id: str,
        outcome_id: str,
        now: datetime,
        *,
        said_turn: int,
        again_turn: int | None = None,
        why_turn: int | None = None,
        difference_turn: int | None = None,
        own_turn: int | None = None,
    ) -> None:
        """Keep what was said of an outcome here. Said again, it changes nothing. Raises `Missing` for no such turn."""
        reviews = tables.outcome_reviews
        row: dict[str, Value] = {
            "outcome_id": outcome_id,
            "said_turn": said_turn,
            "again_turn": again_turn,
            "why_turn": why_turn,
            "difference_turn": difference_turn,
            "own_turn": own_turn,
        }
        latest = self._rows.latest(reviews, {"conversation_id": conversation_id, "outcome_id": outcome_id})
        if latest is None or any(latest[name] != value for name, value in row.items()):
            number = self._rows.next_number(reviews, conversation_id=conversation_id)
            made: dict[str, Value] = {"conversation_id": conversation_id, "number": number, "made_at": stamp(now)}
            self._rows.add(reviews, made | row)

    def of(self, conversation_id: str) -> tuple[OutcomeReview, ...]:
        """What was said of each outcome in a conversation as it stands, in the order they were first spoken of."""
        reviews = tables.outcome_reviews
        rows = self._rows.having(reviews, {"conversation_id": conversation_id}, order_by=[reviews.c.number])
        standing = {row["outcome_id"]: row for row in rows}
        return tuple(
            OutcomeReview(
                outcome_id=row["outcome_id"],
                said_turn=row["said_turn"],
                again_turn=row["again_turn"],
                why_turn=row["why_turn"],
                difference_turn=row["difference_turn"],
                own_turn=row["own_turn"],
                made_at=moment(row["made_at"]),
            )
            for row in standing.values()
        )
