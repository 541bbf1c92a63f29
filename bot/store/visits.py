"""Visits at rest. A visit is found by the digest of its cookie; the cookie itself is kept nowhere."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, cast

from bot.store import tables
from bot.store.rows import Row, Rows, moment, moment_or_none, stamp

MINUTE = 60_000_000
"""Microseconds, in which the database counts time."""


@dataclass(frozen=True, slots=True)
class Visit:
    """A browser that may go on with a conversation. Whether it was idle too long is for the caller to say."""

    conversation_id: str
    opened_at: datetime
    last_seen_at: datetime
    idle_minutes: int
    ended_at: datetime | None


class Visits:
    """The visits of one transaction. `cookie` is always the cookie's value."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def open(self, cookie: str, conversation_id: str, now: datetime, *, idle_minutes: int) -> None:
        """Open a visit. Raises `Missing` when there is no such conversation."""
        self._rows.add(
            tables.visits,
            {
                "visit_hash": hash_of(cookie),
                "conversation_id": conversation_id,
                "opened_at": stamp(now),
                "last_seen_at": stamp(now),
                "idle_minutes": idle_minutes,
            },
        )

    def find(self, cookie: str) -> Visit | None:
        """The visit of a cookie, ended or not."""
        row = self._rows.one(tables.visits, hash_of(cookie))
        return None if row is None else _visit(row)

    def seen(self, cookie: str, now: datetime) -> None:
        """Say that the visit is going on. A clock that was set back does not move it back. Raises `Missing`."""
        row = self._rows.one(tables.visits, hash_of(cookie))
        if row is None or row["last_seen_at"] < stamp(now):
            self._change(cookie, last_seen_at=stamp(now))

    def let_idle(self, cookie: str, idle_minutes: int) -> None:
        """Say how long the visit may be idle. Raises `Missing`."""
        self._change(cookie, idle_minutes=idle_minutes)

    def end(self, cookie: str, now: datetime) -> None:
        """End a visit for good. One that has ended, or never was, stays as it is."""
        visits = tables.visits
        if self._rows.first(visits, visits.c.visit_hash == hash_of(cookie), visits.c.ended_at.is_(None)) is not None:
            self._change(cookie, ended_at=stamp(now))

    def end_all(self, conversation_id: str, now: datetime) -> None:
        """End every visit to a conversation."""
        visits = tables.visits
        for row in self._rows.every(
            visits,
            visits.c.conversation_id == conversation_id,
            visits.c.ended_at.is_(None),
            order_by=[visits.c.visit_hash],
        ):
            self._rows.replace(visits, row, to={"ended_at": stamp(now)})

    def drop_over(self, before: datetime) -> None:
        """Let go of visits that ended, or had been idle for as long as they may be, before this."""
        visits = tables.visits
        self._rows.drop(visits, visits.c.ended_at < stamp(before))
        self._rows.drop(
            visits, visits.c.last_seen_at + cast(visits.c.idle_minutes, BigInteger) * MINUTE < stamp(before)
        )

    def _change(self, cookie: str, **to: int) -> None:
        self._rows.change(tables.visits, tables.visits.c.visit_hash == hash_of(cookie), to=to)


def hash_of(cookie: str) -> str:
    """What is kept of a cookie's value. It has 256 random bits, so its digest tells nothing of it."""
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).hexdigest()


def _visit(row: Row) -> Visit:
    return Visit(
        conversation_id=row["conversation_id"],
        opened_at=moment(row["opened_at"]),
        last_seen_at=moment(row["last_seen_at"]),
        idle_minutes=row["idle_minutes"],
        ended_at=moment_or_none(row["ended_at"]),
    )
