"""Words that people agreed to have quoted, found: which wait for somebody to look at them, and what was decided.

Only where they are is found here. Whether they may still be quoted follows from the turns.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    tuple_,
)

from bot.conversation import Kind, Stage, State
from bot.quotation import ASKED, YES
from bot.store import tables
from bot.store.entries import Entries, Entry, EntryKind
from bot.store.rows import Rows, moment, stamp

ABOUT = "tell_in_charge"
"""The question whose answer people are asked about."""

_YES = f'["{YES}"]'

_QUOTE = literal_column(f"'{EntryKind.QUOTE.value}'", Text)
"""Written out, since the index of what was decided is of these entries alone: no database knows what is bound."""


@dataclass(frozen=True, slots=True)
class Told:
    """Where words stand that somebody said may be quoted."""

    conversation_id: str
    turn: int
    since: datetime
    """Since when the conversation has been done."""


@dataclass(frozen=True, slots=True)
class ToldPage:
    """Some of them, and where the next page begins; empty at the end."""

    rows: tuple[Told, ...]
    after: str


class Voices:
    """What may be quoted, in one transaction."""

    def __init__(self, rows: Rows, entries: Entries) -> None:
        self._rows = rows
        self._entries = entries

    def undecided(
        self, team_ids: Collection[str], not_led_by: str, *, duty: bool, after: str = "", at_most: int = 25
    ) -> ToldPage:
        """Words that nobody decided about yet, those first that have waited longest.

        Of these teams, and with `duty` of none; never of an enquiry that this account worked on.
        """
        turns, conversations, states = tables.turns, tables.conversations, tables.conversation_states
        decided = select(tables.entries.c.number).where(
            tables.entries.c.conversation_id == turns.c.conversation_id,
            tables.entries.c.kind == _QUOTE,
            tables.entries.c.turn == turns.c.number,
        )
        query = (
            self._told(team_ids, not_led_by, duty)
            .where(~exists(decided))
            .order_by(states.c.settled_at, conversations.c.conversation_id, turns.c.number)
            .limit(at_most + 1)
        )
        if (place := _place(after)) is not None:
            here = tuple_(states.c.settled_at, conversations.c.conversation_id, turns.c.number)
            query = query.where(here > tuple_(*place))
        found = [Told(row[0], row[1], moment(row[2])) for row in self._rows.found(query)]
        return ToldPage(tuple(found[:at_most]), _key(found[at_most - 1]) if len(found) > at_most else "")

    def decided(self, said: tuple[date, date] | None = None) -> tuple[Entry, ...]:
        """The latest decision about each wording, the newest first: about words said on these days, or about all.

        Both days are included. What was entered from paper was said on the day that stands on it.
        """
        entries, turns, conversations = tables.entries, tables.turns, tables.conversations
        latest = select(func.max(entries.c.number)).where(entries.c.kind == _QUOTE)
        if said is not None:
            first, last = said
            since, until = (datetime.combine(day, time(), UTC) for day in (first, last + timedelta(days=1)))
            here = and_(turns.c.conversation_id == entries.c.conversation_id, turns.c.number == entries.c.turn)
            on_paper = conversations.c.said_on
            latest = (
                latest.join(turns, here)
                .join(conversations, conversations.c.conversation_id == entries.c.conversation_id)
                .where(
                    or_(
                        on_paper.between(first.isoformat(), last.isoformat()),
                        and_(on_paper.is_(None), turns.c.said_at >= stamp(since), turns.c.said_at < stamp(until)),
                    )
                )
            )
        numbers = self._rows.ids(latest.group_by(entries.c.conversation_id, entries.c.turn))
        return tuple(reversed(self._entries.listed(numbers)))

    def _told(self, team_ids: Collection[str], not_led_by: str, duty: bool) -> Select[Any]:
        turns, conversations, states = tables.turns, tables.conversations, tables.conversation_states
        access = tables.enquiry_access
        return (
            select(conversations.c.conversation_id, turns.c.number, states.c.settled_at)
            .select_from(conversations)
            .join(states, states.c.conversation_id == conversations.c.conversation_id)
            .join(turns, turns.c.conversation_id == conversations.c.conversation_id)
            .outerjoin(access, access.c.enquiry_id == conversations.c.enquiry_id)
            .where(
                conversations.c.stage == Stage.EXPERIENCE.value,
                states.c.state != State.OPEN.value,
                _of_teams(access.c.team_id, team_ids, duty),
                ~_worked_on(not_led_by),
                turns.c.asked == ABOUT,
                turns.c.kind == Kind.WORDS.value,
                ~_replaced(turns),
                _agreed(),
            )
        )


def _of_teams(team_id: ColumnElement[Any], team_ids: Collection[str], duty: bool) -> ColumnElement[bool]:
    return or_(team_id.in_(sorted(team_ids)), team_id.is_(None) if duty else false())


def _worked_on(account_id: str) -> ColumnElement[bool]:
    allocations = tables.allocations
    here = and_(allocations.c.enquiry_id == tables.conversations.c.enquiry_id, allocations.c.account_id == account_id)
    return exists(select(allocations.c.account_id).where(here))


def _replaced(of: FromClause) -> ColumnElement[bool]:
    """Whether a turn was said otherwise, or taken back."""
    later = tables.turns.alias()
    here = and_(later.c.conversation_id == of.c.conversation_id, later.c.replaces == of.c.number)
    return exists(select(later.c.number).where(here).correlate(of))


def _agreed() -> ColumnElement[bool]:
    """Whether a yes came after these words, and stands."""
    turns, said = tables.turns, tables.turns.alias()
    here = and_(
        said.c.conversation_id == turns.c.conversation_id,
        said.c.asked == ASKED,
        said.c.kind == Kind.CHOICE.value,
        said.c.choice == _YES,
        said.c.number > turns.c.number,
        ~_replaced(said),
    )
    return exists(select(said.c.number).where(here).correlate(turns))


def _key(last: Told) -> str:
    """Where the page after this begins."""
    return f"{stamp(last.since)}-{last.conversation_id}-{last.turn}"


def _place(after: str) -> tuple[int, str, int] | None:
    """Where a page begins; None, at the first one, for a key that is none of ours."""
    since, _, rest = after.partition("-")
    named, _, turn = rest.rpartition("-")
    are_numbers = all(one.isascii() and one.isdigit() and len(one) < 19 for one in (since, turn))
    return (int(since), named, int(turn)) if are_numbers else None
