"""Quotes at rest: which turns are a feeling, a wish, a worry. Added, never changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.store import tables
from bot.store.rows import Rows, Value, moment, stamp


@dataclass(frozen=True, slots=True)
class Quote:
    """A turn that is quoted as a feeling, a wish, a worry."""

    record: str
    """What it is quoted as, such as `feeling` or `safe_contact`."""
    turn: int
    made_at: datetime


class Quotes:
    """The quotes of one transaction."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def quote(self, conversation_id: str, record: str, turn: int, now: datetime) -> None:
        """Quote a turn. Done again, it changes nothing. Raises `Missing` when there is no such turn."""
        if self._rows.one(tables.quotes, conversation_id, record, turn) is None:
            row: dict[str, Value] = {
                "conversation_id": conversation_id,
                "record": record,
                "turn": turn,
                "made_at": stamp(now),
            }
            self._rows.add(tables.quotes, row)

    def quote_all(self, conversation_id: str, quotes: Sequence[Quote]) -> None:
        """Quote turns that nothing quotes so yet. Raises `Missing` when there is no such turn, `Taken` when one is."""
        self._rows.add_all(
            tables.quotes,
            [
                {
                    "conversation_id": conversation_id,
                    "record": quote.record,
                    "turn": quote.turn,
                    "made_at": stamp(quote.made_at),
                }
                for quote in quotes
            ],
        )

    def of(self, conversation_id: str) -> tuple[Quote, ...]:
        """All quotes of a conversation, in the order of the turns."""
        quotes = tables.quotes
        rows = self._rows.every(
            quotes, quotes.c.conversation_id == conversation_id, order_by=[quotes.c.turn, quotes.c.record]
        )
        return tuple(Quote(record=row["record"], turn=row["turn"], made_at=moment(row["made_at"])) for row in rows)
