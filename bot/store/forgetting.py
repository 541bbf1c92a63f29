"""Forgetting, at rest: an enquiry or a conversation goes for good, and that it went is remembered, without any words.

The data key goes and every row with it, damaged rows too. What was sealed under a key that is gone opens nowhere, in no
copy of the database either, unless a copy of the key lies elsewhere.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Table, and_, func, or_, select

from bot.store import database, logs, tables
from bot.store.errors import Missing
from bot.store.keys import Keys
from bot.store.remembered import RememberedTurns
from bot.store.rows import Row, Rows, Value, moment, stamp

NAMES_IT = 8
"""How many first characters of a conversation's id begin the id of an outcome that was said in it."""

OF_A_CONVERSATION = (
    tables.codes,
    tables.visits,
    tables.invitations,
    tables.drafts,
    tables.preferences,
    tables.flags,
    tables.quotes,
    tables.outcome_reviews,
    tables.outcome_marks,
    tables.desired_outcomes,
    tables.conversation_states,
    tables.turns,
    tables.conversations,
)
"""Everything that is kept of a conversation but entries, so that none goes before what names it."""

OF_AN_ENQUIRY = (
    tables.invitations,
    tables.enquiry_references,
    tables.enquiry_moves,
    tables.access_moves,
    tables.allocations,
    tables.enquiry_access,
    tables.enquiry_facts,
    tables.facts_due,
    tables.enquiries,
)
"""The same for an enquiry whose conversations are gone."""


class Rule(StrEnum):
    """Why something was forgotten."""

    ASKED = "asked"
    """Two people of the team decided it, one after the other."""
    CLOSED = "closed"
    """They did, since its time to be kept after closing had passed."""
    UNFINISHED = "unfinished"
    """It was begun, never finished, and taken up by nobody, and its time had passed."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The fact that an enquiry or a conversation was forgotten."""

    forgotten_id: str
    """The id that it had. It names nothing any more."""
    enquiry_id: str | None
    """The enquiry that a conversation belonged to; its own id for an enquiry; None for a conversation alone."""
    rule: Rule
    asked_by: str | None
    """The account that asked for it; None where a rule alone did."""
    done_by: str | None
    at: datetime


class Forgetting:
    """Forgetting in one transaction. Afterwards `Store.scrub` has to be called, as a deleted row lies in the log."""

    def __init__(self, rows: Rows, keys: Keys, remembered: RememberedTurns) -> None:
        self._rows = rows
        self._keys = keys
        self._remembered = remembered

    def enquiry(
        self, enquiry_id: str, rule: Rule, now: datetime, *, asked_by: str | None = None, done_by: str | None = None
    ) -> None:
        """Forget an enquiry and all its conversations. Raises `Missing`."""
        enquiries, conversations = tables.enquiries, tables.conversations
        if not self._rows.ids(select(enquiries.c.enquiry_id).where(enquiries.c.enquiry_id == enquiry_id)):
            raise Missing(f"There is no enquiry {enquiry_id}.")
        inside = select(conversations.c.conversation_id).where(conversations.c.enquiry_id == enquiry_id)
        ids = self._rows.ids(inside.order_by(conversations.c.conversation_id))
        entries = tables.entries
        beside = or_(entries.c.enquiry_id == enquiry_id, entries.c.conversation_id.in_(ids))
        # What programs and people wrote beside it may lie under a key of its own.
        sealed = [
            (enquiries, enquiries.c.enquiry_id == enquiry_id),
            (conversations, conversations.c.conversation_id.in_(ids)),
            (entries, beside),
        ]
        keys = self._key_ids(sealed)
        with self._named([enquiry_id, *ids], now):
            numbers = self._entries(beside)
            self._conversations(ids)
            for table in OF_AN_ENQUIRY:
                self._rows.erase(table, table.c.enquiry_id == enquiry_id)
        self._keys.destroy(keys)
        self._nobody_reads([enquiry_id, *ids])
        self._remember(
            [
                Forgotten(enquiry_id, enquiry_id, rule, asked_by, done_by, now),
                *(Forgotten(one, enquiry_id, rule, asked_by, done_by, now) for one in ids),
            ],
            numbers,
        )

    def conversation(
        self,
        conversation_id: str,
        rule: Rule,
        now: datetime,
        *,
        asked_by: str | None = None,
        done_by: str | None = None,
    ) -> None:
        """Forget one conversation. Raises `Missing`.

        One that began in an enquiry lies under the enquiry's key, which stays: its rows go all the same.
        """
        conversations, entries = tables.conversations, tables.entries
        here = conversations.c.conversation_id == conversation_id
        found = self._rows.ids(select(conversations.c.conversation_id).where(here))
        if not found:
            raise Missing(f"There is no conversation {conversation_id}.")
        (enquiry_id,) = self._rows.ids(select(conversations.c.enquiry_id).where(here))
        about = and_(
            entries.c.enquiry_id == enquiry_id,
            func.substr(entries.c.outcome_id, 1, NAMES_IT) == conversation_id[:NAMES_IT],
        )
        beside = or_(entries.c.conversation_id == conversation_id, about)
        keys = self._key_ids([(conversations, here), (entries, beside)])
        with self._named([conversation_id], now):
            numbers = self._entries(beside)
            self._conversations([conversation_id])
        self._keys.destroy(keys)
        self._nobody_reads([conversation_id])
        self._remember([Forgotten(conversation_id, enquiry_id, rule, asked_by, done_by, now)], numbers)

    def listed(self) -> tuple[Forgotten, ...]:
        """All that was forgotten, first to last."""
        table = tables.forgotten
        return tuple(map(_forgotten, self._rows.every(table, order_by=[table.c.number])))

    def is_forgotten(self, forgotten_id: str) -> bool:
        """Say whether an enquiry or a conversation with this id was here and is gone for good."""
        return self._rows.one(tables.forgotten, forgotten_id) is not None

    def again(self, forgotten: Iterable[Forgotten]) -> int:
        """Forget what a list says was forgotten, in a store that is older than the list; say how much was here.

        What is not here, and is not on this store's list, is put on it as it stands on the other one.
        """
        done = 0
        # An enquiry goes whole before its conversations are looked for.
        for one in sorted(forgotten, key=lambda one: one.forgotten_id != one.enquiry_id):
            if self.is_forgotten(one.forgotten_id):
                continue
            forget = self.enquiry if one.forgotten_id == one.enquiry_id else self.conversation
            try:
                forget(one.forgotten_id, one.rule, one.at, asked_by=one.asked_by, done_by=one.done_by)
                done += 1
            except Missing:
                self._remember([one], [])
        return done

    def _key_ids(self, sealed: Sequence[tuple[Table, ColumnElement[bool]]]) -> set[str]:
        """The keys that these rows name, whether proven or not: a key that anything else names stays."""
        found: set[object] = set()
        with database.reading_damage(self._rows.connection):
            for table, where in sealed:
                found.update(key_id for key_id in self._rows.ids(select(table.c.key_id).where(where)))
        return {key_id for key_id in found if isinstance(key_id, str)}

    @contextmanager
    def _named(self, ids: Sequence[str], now: datetime) -> Iterator[None]:
        """While it lasts, the database lets go of what is named."""
        began: list[Mapping[str, Value]] = [{"conversation_id": one, "began_at": stamp(now)} for one in ids]
        self._rows.put_all(tables.forgetting, began)
        yield
        self._rows.erase(tables.forgetting, tables.forgetting.c.conversation_id.in_(ids))

    def _entries(self, beside: ColumnElement[bool]) -> list[int]:
        entries = tables.entries
        numbers = self._rows.ids(select(entries.c.number).where(beside).order_by(entries.c.number))
        self._rows.erase(entries, beside)
        return [int(number) for number in numbers]

    def _conversations(self, ids: Collection[str]) -> None:
        for table in OF_A_CONVERSATION:
            self._rows.erase(table, table.c.conversation_id.in_(ids))
        for conversation_id in ids:
            self._remembered.forget(conversation_id)

    def _nobody_reads(self, ids: Collection[str]) -> None:
        """Nobody has it open any more. That somebody read it stands in the audit."""
        openings = tables.session_openings
        self._rows.erase(openings, openings.c.opened_id.in_(ids))

    def _remember(self, gone: Sequence[Forgotten], numbers: Sequence[int]) -> None:
        end = logs.end(self._rows, logs.FORGOTTEN)
        first = int(end["number"]) + 1
        for number, one in enumerate(gone, first):
            self._rows.add(
                tables.forgotten,
                {
                    "forgotten_id": one.forgotten_id,
                    "number": number,
                    "enquiry_id": one.enquiry_id,
                    "rule": one.rule.value,
                    "asked_by": one.asked_by,
                    "done_by": one.done_by,
                    # They went together, and stand with the first of them.
                    "entries": json.dumps(list(numbers) if number == first else []),
                    "at": stamp(one.at),
                },
            )
        logs.grow(self._rows, end, by=len(gone))
        # An enquiry that goes on is counted anew, and sums that were made are good no longer.
        named, enquiries = {one.enquiry_id for one in gone if one.enquiry_id is not None}, tables.enquiries
        left = self._rows.ids(select(enquiries.c.enquiry_id).where(enquiries.c.enquiry_id.in_(named)))
        self._rows.put_all(tables.facts_due, [{"enquiry_id": one, "mark": f"forgotten {first}"} for one in left])
        logs.grow(self._rows, logs.end(self._rows, logs.FIGURES))


def _forgotten(row: Row) -> Forgotten:
    return Forgotten(
        forgotten_id=row["forgotten_id"],
        enquiry_id=row["enquiry_id"],
        rule=Rule(row["rule"]),
        asked_by=row["asked_by"],
        done_by=row["done_by"],
        at=moment(row["at"]),
    )
