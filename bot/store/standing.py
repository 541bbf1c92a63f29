"""How the work of a team stands now, counted: what is still wanted, what waits, and how soon flags were answered.

Counted from ids, times and states. No words are opened for it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from heapq import nsmallest
from itertools import pairwise
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from bot.conversation import Stage
from bot.figures import Spoken
from bot.store import tables
from bot.store.enquiries import Enquiries
from bot.store.entries import EntryKind
from bot.store.facts import WANTED
from bot.store.rows import MICROSECOND, Rows, moment, stamp
from bot.store.work import READABLE, Scope, belongs

DAY = len("2026-11-03")

RECORD_OF_ASKING = "asked"
"""What the team calls its record of whether somebody was asked."""


@dataclass(frozen=True, slots=True)
class Waits:
    """An enquiry that waits for something."""

    enquiry_id: str
    reference: str | None
    since: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """Enquiries that wait for the same: how many, and those that have waited longest."""

    number: int
    longest: tuple[Waits, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StillWanted:
    """What is wanted in open enquiries and has not happened yet, as it was worked out last."""

    number: int
    """In how many enquiries."""
    days: Mapping[Spoken, Mapping[date, int]]
    """By voice: on which days how much of it was first said."""
    longest: Mapping[str, date]
    """The enquiries in which it was said longest ago, and when."""
    anew: tuple[str, ...]
    """Enquiries that are in none of this: something of them has changed since."""


@dataclass(frozen=True, slots=True)
class Answered:
    """How soon flags were answered that were raised since a day."""

    in_time: int
    late: int
    due: int
    """Not answered yet, and still in time."""
    overdue: int

    @property
    def number(self) -> int:
        """How many were raised."""
        return self.in_time + self.late + self.due + self.overdue


class Standing:
    """How the work stands, in one transaction."""

    def __init__(self, rows: Rows, enquiries: Enquiries) -> None:
        self._rows = rows
        self._enquiries = enquiries

    def open_by_age(self, scope: Scope, now: datetime, ages: Sequence[timedelta]) -> tuple[int, ...]:
        """Count open enquiries: those opened within the first of these times, within each further one, and before."""
        opened = tables.enquiries.c.opened_at
        bounds = [stamp(now - age) for age in ages]
        between = [
            *(opened >= bound for bound in bounds[:1]),
            *(and_(opened < later, opened >= earlier) for later, earlier in pairwise(bounds)),
            *(opened < bound for bound in bounds[-1:]),
        ]
        query = (
            select(*(func.count().filter(one) for one in between))
            .select_from(_enquiries())
            .where(_is_open(), belongs(scope, tables.enquiries.c.enquiry_id, of_few=True))
        )
        return tuple(map(int, self._rows.found(query)[0]))

    def wanted(self, scope: Scope, at_most: int) -> StillWanted:
        """Find what is wanted in open enquiries and has not happened yet."""
        ids, facts, marked = tables.enquiries.c.enquiry_id, tables.enquiry_facts, tables.facts_due
        columns = [facts.c[name] for name in WANTED.values()]
        query = (
            select(ids, *columns)
            .select_from(_enquiries().join(facts, facts.c.enquiry_id == ids))
            .where(
                _is_open(),
                belongs(scope, ids, of_few=True),
                or_(*(column.is_not(None) for column in columns)),
                ids.not_in(select(marked.c.enquiry_id)),
            )
        )
        found = self._rows.found(query)
        by_voice = ([row[at] for row in found] for at in range(1, 1 + len(WANTED)))
        # Days as they are kept come in the order of time, too: only those that are told are read.
        days = {
            voice: Counter(" ".join(filter(None, kept)).split()) for voice, kept in zip(WANTED, by_voice, strict=True)
        }
        first = nsmallest(at_most, ((min(filter(None, kept))[:DAY], enquiry_id) for enquiry_id, *kept in found))
        anew = (
            select(ids)
            .select_from(_enquiries().join(marked, marked.c.enquiry_id == ids))
            .where(_is_open(), belongs(scope, ids, of_few=True))
        )
        return StillWanted(
            number=len(found),
            days={voice: {date.fromisoformat(day): number for day, number in of.items()} for voice, of in days.items()},
            longest={enquiry_id: date.fromisoformat(day) for day, enquiry_id in first},
            anew=tuple(self._rows.ids(anew.order_by(ids))),
        )

    def waits(self, since: Mapping[str, datetime]) -> tuple[Waits, ...]:
        """Name these enquiries, in this order, each with since when it waits."""
        kept: Mapping[str, Any] = self._enquiries.all_of(list(since))
        return tuple(Waits(enquiry_id, kept[enquiry_id].reference, at) for enquiry_id, at in since.items())

    def not_asked(self, scope: Scope, at_most: int) -> Waiting:
        """Find open enquiries in which nobody was asked yet: no first conversation, and no record of asking."""
        return self._waiting(
            [_is_open(), ~_has(Stage.FIRST), ~_is_recorded()], scope, tables.enquiries.c.opened_at, at_most
        )

    def closed_without_review(self, scope: Scope, since: datetime, at_most: int) -> Waiting:
        """Find enquiries closed since then in which nobody was asked in the end what came of it."""
        closed = tables.enquiries.c.closed_at
        return self._waiting([closed >= stamp(since), ~_has(Stage.CLOSING)], scope, closed, at_most)

    def flags(self, scope: Scope, since: datetime, now: datetime, within: timedelta) -> Answered:
        """Count flags raised since then by how soon somebody wrote down what was done."""
        flags, entries, conversations = tables.flags, tables.entries, tables.conversations
        answered = (
            select(func.min(entries.c.at))
            .where(
                entries.c.conversation_id == flags.c.conversation_id,
                entries.c.kind == EntryKind.FLAG_ANSWER.value,
                entries.c.what == flags.c.kind,
                entries.c.turn == flags.c.turn,
            )
            .correlate(flags)
            .scalar_subquery()
        )
        access = tables.enquiry_access
        query = (
            select(flags.c.raised_at, answered)
            .select_from(
                flags.join(conversations, conversations.c.conversation_id == flags.c.conversation_id).outerjoin(
                    access, access.c.enquiry_id == conversations.c.enquiry_id
                )
            )
            .where(flags.c.raised_at >= stamp(since), belongs(scope, conversations.c.enquiry_id, of_few=True))
        )
        limit = within // MICROSECOND
        in_time = late = due = overdue = 0
        for raised_at, answered_at in self._rows.found(query):
            took = (stamp(now) if answered_at is None else answered_at) - raised_at
            in_time += answered_at is not None and took <= limit
            late += answered_at is not None and took > limit
            due += answered_at is None and took <= limit
            overdue += answered_at is None and took > limit
        return Answered(in_time, late, due, overdue)

    def _waiting(
        self, where: Iterable[ColumnElement[bool]], scope: Scope, since: ColumnElement[Any], at_most: int
    ) -> Waiting:
        ids = tables.enquiries.c.enquiry_id
        chosen = and_(*where, belongs(scope, ids, of_few=True))
        number = self._rows.ids(select(func.count()).select_from(_enquiries()).where(chosen))[0]
        query = select(ids, since).select_from(_enquiries()).where(chosen).order_by(since, ids).limit(at_most)
        return Waiting(number, self.waits({row[0]: moment(row[1]) for row in self._rows.found(query)}))


def _enquiries() -> Any:
    enquiries, access = tables.enquiries, tables.enquiry_access
    return enquiries.outerjoin(access, access.c.enquiry_id == enquiries.c.enquiry_id)


def _is_open() -> ColumnElement[bool]:
    return tables.enquiries.c.closed_at.is_(None)


def _has(stage: Stage) -> ColumnElement[bool]:
    """Whether a conversation of this stage was held and is done."""
    conversations, states = tables.conversations, tables.conversation_states
    held: Select[Any] = (
        select(conversations.c.conversation_id)
        .join(states, states.c.conversation_id == conversations.c.conversation_id)
        .where(
            conversations.c.enquiry_id == tables.enquiries.c.enquiry_id,
            conversations.c.stage == stage.value,
            states.c.state.in_(READABLE),
        )
    )
    return exists(held.correlate(tables.enquiries))


def _is_recorded() -> ColumnElement[bool]:
    entries = tables.entries
    recorded = select(entries.c.number).where(
        entries.c.enquiry_id == tables.enquiries.c.enquiry_id,
        entries.c.kind == EntryKind.RECORD.value,
        entries.c.what == RECORD_OF_ASKING,
    )
    return exists(recorded.correlate(tables.enquiries))
