"""What has been kept for how long, found by ids, states and times. No words are opened for it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, func, or_, select

from bot.conversation import State
from bot.store import tables
from bot.store.entries import EntryKind
from bot.store.rows import Rows, moment, stamp
from bot.store.work import READABLE, REVIEWED, Scope, belongs

AT_ONCE = 500
"""Enquiries that one query names."""


@dataclass(frozen=True, slots=True)
class Aged:
    """Something that has been kept since a moment that counts for it."""

    id: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is."""

    conversations: int
    enquiries: int


class Retention:
    """How long things have been kept, in one transaction."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def unfinished(self, before: datetime, among: Collection[str] | None = None) -> tuple[Aged, ...]:
        """Conversations that were begun, never finished, belong to no enquiry, and were left alone since before that.

        One that raised a flag, or that anybody of the team wrote beside, is not among them; nor is one that somebody
        opened, typed in, or was given a code for since. `among`: of these alone.
        """
        conversations, states = tables.conversations, tables.conversation_states
        ids = conversations.c.conversation_id
        last = func.coalesce(conversations.c.last_said_at, conversations.c.begun_at)
        where: list[ColumnElement[bool]] = [
            states.c.state == State.OPEN.value,
            conversations.c.enquiry_id.is_(None),
            last < stamp(before),
            ~_has(tables.flags),
            ~_has(tables.entries),
            ~_has(tables.invitations),
            ~_has(tables.drafts, tables.drafts.c.kept_at >= stamp(before)),
            ~_has(tables.visits, tables.visits.c.last_seen_at >= stamp(before)),
            ~_has(
                tables.codes,
                or_(tables.codes.c.made_at >= stamp(before), tables.codes.c.last_used_at >= stamp(before)),
            ),
        ]
        if among is not None:
            where.append(ids.in_(sorted(among)))
        beside = conversations.join(states, states.c.conversation_id == ids)
        query = select(ids, last).select_from(beside).where(*where).order_by(last, ids)
        return _aged(self._rows.found(query))

    def waiting(self, before: datetime, scope: Scope) -> tuple[Aged, ...]:
        """Conversations that are done and that nobody has reviewed since before that, those of a scope."""
        conversations, states, access = tables.conversations, tables.conversation_states, tables.enquiry_access
        ids = conversations.c.conversation_id
        beside = states.join(conversations, ids == states.c.conversation_id).outerjoin(
            access, access.c.enquiry_id == conversations.c.enquiry_id
        )
        query = (
            select(ids, states.c.settled_at)
            .select_from(beside)
            .where(
                states.c.state.in_(READABLE),
                or_(states.c.review.is_(None), states.c.review != REVIEWED),
                states.c.settled_at < stamp(before),
                belongs(scope, conversations.c.enquiry_id),
            )
            .order_by(states.c.settled_at, ids)
        )
        return _aged(self._rows.found(query))

    def closed(self, before: datetime, scope: Scope) -> tuple[Aged, ...]:
        """Enquiries that were closed before that and not opened again, those of a scope."""
        enquiries, access = tables.enquiries, tables.enquiry_access
        ids = enquiries.c.enquiry_id
        query = (
            select(ids, enquiries.c.closed_at)
            .select_from(enquiries.outerjoin(access, access.c.enquiry_id == ids))
            .where(enquiries.c.closed_at < stamp(before), belongs(scope, ids))
            .order_by(enquiries.c.closed_at, ids)
        )
        return _aged(self._rows.found(query))

    def decided(self, enquiry_ids: Collection[str] | None = None) -> tuple[int, ...]:
        """The numbers of what was decided about keeping enquiries, first to last: of these, or of all."""
        entries, found = tables.entries, list[int]()
        query = select(entries.c.number).where(
            entries.c.kind == EntryKind.KEEPING.value,
            entries.c.enquiry_id.is_not(None),
            entries.c.conversation_id.is_(None),
        )
        if enquiry_ids is None:
            return tuple(self._rows.ids(query.order_by(entries.c.number)))
        asked = sorted(enquiry_ids)
        for start in range(0, len(asked), AT_ONCE):
            some = entries.c.enquiry_id.in_(asked[start : start + AT_ONCE])
            found += self._rows.ids(query.where(some).order_by(entries.c.number))
        return tuple(sorted(found))

    def newest(self) -> datetime | None:
        """When something was said or written down last; None where nothing ever was."""
        conversations, audit = tables.conversations, tables.audit
        latest = [
            *self._rows.ids(select(func.max(conversations.c.last_said_at))),
            *self._rows.ids(select(audit.c.at).order_by(audit.c.number.desc()).limit(1)),
        ]
        return max((moment(at) for at in latest if at is not None), default=None)

    def size(self) -> Size:
        """How much there is."""
        counted = [
            int(self._rows.found(select(func.count()).select_from(table))[0][0])
            for table in (tables.conversations, tables.enquiries)
        ]
        return Size(*counted)


def _has(table: Any, *where: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether there is such a row of a conversation."""
    at = table.c.conversation_id == tables.conversations.c.conversation_id
    return exists(select(table.c.conversation_id).where(at, *where).correlate(tables.conversations))


def _aged(rows: Any) -> tuple[Aged, ...]:
    return tuple(Aged(found_id, moment(since)) for found_id, since in rows)
