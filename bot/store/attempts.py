"""Wrong codes and whatever else is counted, by minute. Nothing here names a conversation; a network is named by a
keyed digest only.

What stands under a name with a colon is counted apart: it slows nobody who comes back to a conversation.
"""

from datetime import datetime

from sqlalchemy import ColumnElement

from bot.store import tables
from bot.store.rows import Row, Rows, moment, stamp

MINUTE = 60 * 1_000_000

TEAM = "team:"
"""How all begins that is counted at the team's door."""


class Attempts:
    """What one transaction counts: wrong codes, and whatever else comes too often.

    `network` is a digest that the caller made of it and of the day, or a name with a colon and one.
    """

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def count_wrong(self, network: str, now: datetime) -> None:
        """Count a wrong code, or one more of anything else."""
        attempts = tables.attempts
        minute = _minute(now)
        row = self._rows.first(attempts, attempts.c.network == network, attempts.c.at == minute)
        if row is None:
            self._rows.add(attempts, {"network": network, "at": minute, "wrong": 1})
        else:
            self._rows.replace(attempts, row, to={"wrong": row["wrong"] + 1})

    def wrong(self, since: datetime, *, network: str | None = None) -> int:
        """Wrong codes since then, the whole of that minute included: from one network, or all codes of people."""
        return sum(row["wrong"] for row in self._since(since, network))

    def last_wrong_at(self, since: datetime, *, network: str | None = None) -> datetime | None:
        """The minute of the last wrong code since then, if there was one."""
        minutes = [row["at"] for row in self._since(since, network)]
        return moment(max(minutes)) if minutes else None

    def drop(self, before: datetime) -> None:
        """Let go of what was counted in the minutes before this one."""
        self._rows.drop(tables.attempts, tables.attempts.c.at < _minute(before))

    def _since(self, since: datetime, network: str | None) -> list[Row]:
        attempts = tables.attempts
        where: list[ColumnElement[bool]] = [attempts.c.at >= _minute(since)]
        if network is not None:
            where.append(attempts.c.network == network)
        else:
            where.append(attempts.c.network.not_like("%:%"))
        return self._rows.every(attempts, *where, order_by=[attempts.c.at, attempts.c.network])


def _minute(moment: datetime) -> int:
    return stamp(moment) // MINUTE * MINUTE
