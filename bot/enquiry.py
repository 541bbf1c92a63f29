"""An enquiry: the conversations that belong to one piece of work, and what became in them of each desired outcome."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class OutcomeReview:
    """What a conversation says of a desired outcome that was said before: numbers of its own turns."""

    outcome_id: str
    said_turn: int
    """Whether it is still wanted, or whether it happened."""
    again_turn: int | None
    """How it is said now."""
    why_turn: int | None
    difference_turn: int | None
    """What difference it made that it happened."""
    own_turn: int | None
    """The practitioner's own view of whether it happened."""
    made_at: datetime
