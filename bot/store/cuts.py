"""Where the front of a log was let go of: of the audit, and of the list of what was forgotten.

What goes has been kept for as long as the council says. An anchor stays: up to which number, the head of the chain
there, when, and what else was to be kept. The audit says that it was cut, too. A row that is gone without is missed.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, func, select

from bot.store import audit, logs, tables
from bot.store.audit import Audit, AuditAct
from bot.store.errors import Damaged
from bot.store.logs import Log
from bot.store.rows import Row, Rows, moment, stamp

LEAST = timedelta(days=365)
"""No council can have the audit kept for less."""

READ_AT_ONCE = 500
"""Rows that are looked at together before they go."""

CUT_BY_HAND = "The audit is not as it was kept. `python -m bot verify` says where."


@dataclass(frozen=True, slots=True)
class Cut:
    """The anchor of a log whose front is gone."""

    number: int
    log: Log
    up_to: int
    """The number of the last row that is gone."""
    head: bytes | None
    """Its head, from which the first row that is left follows; None for a log that is no chain."""
    kept_since: datetime
    """All that went was older than this."""
    entries: tuple[tuple[int, int], ...]
    """Numbers, from and to, of entries that went when what the list named was forgotten: no other has them again."""
    told: int
    """The number of the row of the audit that says that it was cut."""
    at: datetime


class Cuts:
    """The fronts of logs, in one transaction."""

    def __init__(self, rows: Rows, of_audit: Audit) -> None:
        self._rows = rows
        self._audit = of_audit

    def latest(self, log: Log) -> Cut | None:
        """How far the front of a log is gone; None where nothing is."""
        row = self._rows.first(
            tables.cuts, tables.cuts.c.log == log, order_by=[tables.cuts.c.up_to.desc(), tables.cuts.c.number.desc()]
        )
        return None if row is None else cut_of(row)

    def listed(self) -> tuple[Cut, ...]:
        """Every cut, first to last."""
        return tuple(map(cut_of, self._rows.every(tables.cuts, order_by=[tables.cuts.c.number])))

    def length(self, log: Log) -> int:
        """How many rows of a log are left."""
        return logs.length(self._rows, log) - self._gone(log)

    def old_audit(self, before: datetime, spared: Collection[str] = ()) -> int:
        """How many rows of the audit are older than that, with all rows before them.

        From the first one on that names an enquiry of `spared`, or a conversation of one, all are kept.
        """
        table, conversations = tables.audit, tables.conversations
        kept: list[ColumnElement[bool]] = [table.c.at >= stamp(before)]
        if spared:
            inside = select(conversations.c.conversation_id).where(conversations.c.enquiry_id.in_(sorted(spared)))
            kept += [table.c.enquiry_id.in_(sorted(spared)), table.c.conversation_id.in_(inside)]
        firsts = [self._first(select(table.c.number).where(one).order_by(table.c.number).limit(1)) for one in kept]
        return self._old(logs.AUDIT, firsts)

    def old_facts(self, before: datetime) -> int:
        """How many facts of forgetting are older than that, with all facts before them.

        The fact that a conversation was forgotten is kept for as long as its enquiry is: a backup might bring it back.
        """
        table, enquiries = tables.forgotten, tables.enquiries
        first = select(table.c.number).order_by(table.c.number).limit(1)
        here = table.c.enquiry_id.in_(select(enquiries.c.enquiry_id))
        firsts = [self._first(first.where(one)) for one in (table.c.at >= stamp(before), here)]
        return self._old(logs.FORGOTTEN, firsts)

    def cut_audit(self, number: int, before: datetime, now: datetime) -> None:
        """Let go of so many first rows of the audit. Raises `Damaged` where one is not as it was kept: all stay."""
        latest = self.latest(logs.AUDIT)
        begun, head = (0, audit.FIRST_HEAD) if latest is None else (latest.up_to, latest.head)
        up_to = begun
        for row in self._read(begun, begun + number):
            up_to += 1
            if head is None or row["number"] != up_to or row["head"] != audit.next_head(head, row):
                raise Damaged(CUT_BY_HAND)
            head = row["head"]
        if up_to != begun + number:
            raise Damaged(CUT_BY_HAND)
        self._keep(Cut(0, logs.AUDIT, up_to, head, before, (), 0, now))
        self._rows.erase(tables.audit, tables.audit.c.number <= up_to)

    def cut_facts(self, number: int, before: datetime, now: datetime) -> None:
        """Let go of so many first facts of forgetting. Raises `Damaged`."""
        table, latest = tables.forgotten, self.latest(logs.FORGOTTEN)
        begun = 0 if latest is None else latest.up_to
        up_to = begun + number
        gone = self._rows.every(table, table.c.number > begun, table.c.number <= up_to, order_by=[table.c.number])
        if [row["number"] for row in gone] != list(range(begun + 1, up_to + 1)):
            raise Damaged(CUT_BY_HAND)
        entries = {number for row in gone for number in json.loads(row["entries"])}
        self._keep(Cut(0, logs.FORGOTTEN, up_to, None, before, _runs(entries), 0, now))
        self._rows.erase(table, table.c.number <= up_to)

    def _keep(self, cut: Cut) -> None:
        # Before anything goes: the database lets go of nothing beyond its anchor.
        told = self._audit.add(AuditAct.CUT, cut.at, about=said_of(cut.log, cut.up_to))
        self._rows.add(
            tables.cuts,
            {
                "number": self._rows.next_number(tables.cuts),
                "log": cut.log,
                "up_to": cut.up_to,
                "head": cut.head,
                "kept_since": stamp(cut.kept_since),
                "entries": json.dumps(cut.entries),
                "told": told,
                "at": stamp(cut.at),
            },
        )

    def _read(self, after: int, until: int) -> Iterator[Row]:
        table = tables.audit
        for start in range(after, until, READ_AT_ONCE):
            here = (table.c.number > start, table.c.number <= min(start + READ_AT_ONCE, until))
            yield from self._rows.every(table, *here, order_by=[table.c.number])

    def _first(self, query: Select[int]) -> int | None:
        found = self._rows.ids(query)
        return int(found[0]) if found else None

    def _old(self, log: Log, firsts: Iterable[int | None]) -> int:
        first = min((one for one in firsts if one is not None), default=logs.length(self._rows, log) + 1)
        return max(first - 1 - self._gone(log), 0)

    def _gone(self, log: Log) -> int:
        found = self._rows.ids(select(func.max(tables.cuts.c.up_to)).where(tables.cuts.c.log == log))
        return int(found[0] or 0)


def said_of(log: Log, up_to: int) -> str:
    """What the audit says of a cut."""
    return f"{log}.{up_to}"


def cut_of(row: Row) -> Cut:
    """The cut that a row keeps. Raises `Damaged` for what no cut is."""
    try:
        return Cut(
            number=row["number"],
            log=Log(row["log"]),
            up_to=int(row["up_to"]),
            head=row["head"],
            kept_since=moment(row["kept_since"]),
            entries=tuple((int(first), int(last)) for first, last in json.loads(row["entries"])),
            told=int(row["told"]),
            at=moment(row["at"]),
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise Damaged("A row of cuts is not as it was kept. `python -m bot verify` names it.") from error


def numbers_in(runs: Iterable[tuple[int, int]]) -> Iterator[int]:
    """The numbers of runs, one after the other."""
    for first, last in runs:
        yield from range(first, last + 1)


def _runs(numbers: Collection[int]) -> tuple[tuple[int, int], ...]:
    """Numbers as runs, from and to: most of what went together was written together."""
    found: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return tuple(found)
