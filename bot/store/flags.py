"""Flags at rest. Raised, never lowered."""

from datetime import datetime

from bot.flags import Flag, FlagKind
from bot.store import tables
from bot.store.rows import Rows, Value, moment, stamp


class Flags:
    """The flags of one transaction."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def raise_flag(self, conversation_id: str, kind: FlagKind, turn: int, now: datetime) -> None:
        """Raise a flag at a turn. Done again, it changes nothing. Raises `Missing` when there is no such turn."""
        flags = tables.flags
        there = self._rows.first(
            flags, flags.c.conversation_id == conversation_id, flags.c.kind == kind.value, flags.c.turn == turn
        )
        if there is None:
            row: dict[str, Value] = {
                "conversation_id": conversation_id,
                "kind": kind.value,
                "turn": turn,
                "raised_at": stamp(now),
            }
            self._rows.add(flags, row)

    def has(self, conversation_id: str, kind: FlagKind) -> bool:
        """Whether a flag of this kind has been raised anywhere in a conversation."""
        flags = tables.flags
        where = [flags.c.conversation_id == conversation_id, flags.c.kind == kind.value]
        return self._rows.first(flags, *where) is not None

    def raised(self, *, after: datetime, until: datetime) -> tuple[tuple[str, Flag], ...]:
        """The flags raised since then, in any conversation, oldest first: `after` is not included, `until` is."""
        flags = tables.flags
        rows = self._rows.every(
            flags,
            flags.c.raised_at > stamp(after),
            flags.c.raised_at <= stamp(until),
            order_by=[flags.c.raised_at, flags.c.conversation_id, flags.c.turn, flags.c.kind],
        )
        return tuple(
            (row["conversation_id"], Flag(FlagKind(row["kind"]), row["turn"], moment(row["raised_at"]))) for row in rows
        )

    def of(self, conversation_id: str) -> tuple[Flag, ...]:
        """All flags of a conversation, in the order of the turns."""
        flags = tables.flags
        rows = self._rows.every(
            flags, flags.c.conversation_id == conversation_id, order_by=[flags.c.turn, flags.c.kind]
        )
        return tuple(
            Flag(kind=FlagKind(row["kind"]), turn=row["turn"], raised_at=moment(row["raised_at"])) for row in rows
        )
