"""The audit at rest: who signed in, read, changed and was refused. Ids and fixed words only, never a person's words.

A chain, as each conversation is: a row that was changed, removed, moved or slipped in shows, with or without keys.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement

from bot.store import logs, tables
from bot.store.rows import Row, Rows, Value, columns_of, encode, moment, plain, stamp

FIRST_HEAD = hashlib.sha256(b"audit").digest()
"""The head of an audit without rows."""


class AuditAct(StrEnum):
    """What was done."""

    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    SIGNED_OUT = "signed_out"
    PROVEN = "proven"
    """Somebody proved again who they are."""
    PROOF_REFUSED = "proof_refused"
    READ_ENQUIRY = "read_enquiry"
    READ_CONVERSATION = "read_conversation"
    READ_FLAG = "read_flag"
    READ_QUOTE = "read_quote"
    """Words that may be quoted, and nothing else of their conversation."""
    SEARCHED = "searched"
    EXPORTED = "exported"
    CHANGED = "changed"
    CONFIRMED = "confirmed"
    """Somebody confirmed that they read a document of the guidance."""
    DENIED = "denied"
    TIDIED = "tidied"
    """What had been kept long enough was looked for, and let go of."""
    TIDYING_REFUSED = "tidying_refused"
    CUT = "cut"
    """The front of a log was let go of, as its years had passed."""
    GIVEN = "given"
    """Another program of the council's was given something."""
    RESTORED = "restored"
    """All of it was put back from a backup."""


@dataclass(frozen=True, slots=True)
class Audited:
    """One thing that was done."""

    number: int
    at: datetime
    act: AuditAct
    account_id: str | None
    team_id: str | None
    enquiry_id: str | None
    conversation_id: str | None
    about: str
    """An id or a fixed word that says what of it."""


class Audit:
    """The audit of one transaction."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def add(
        self,
        act: AuditAct,
        now: datetime,
        *,
        account_id: str | None = None,
        team_id: str | None = None,
        enquiry_id: str | None = None,
        conversation_id: str | None = None,
        about: str = "",
    ) -> int:
        """Write down what was done, and return its number. `about` is an id or a fixed word, never words."""
        done = Audited(0, now, act, account_id, team_id, enquiry_id, conversation_id, about)
        return self.add_all([done])

    def add_all(self, done: Sequence[Audited]) -> int:
        """Write down several things in this order, and return the number of the last. Their numbers are given here."""
        end = logs.end(self._rows, logs.AUDIT)
        number, head = int(end["number"]), end["head"] or FIRST_HEAD
        rows: list[Row] = []
        for one in done:
            number += 1
            said: dict[str, Value] = {
                "number": number,
                "at": stamp(one.at),
                "act": one.act.value,
                "account_id": one.account_id,
                "team_id": one.team_id,
                "enquiry_id": one.enquiry_id,
                "conversation_id": one.conversation_id,
                "about": one.about,
            }
            row: Row = plain(tables.audit, said)
            head = row["head"] = next_head(head, row)
            rows.append(row)
        if rows:
            self._rows.add_all(tables.audit, rows)
            logs.grow(self._rows, end, head=head, by=len(rows))
        return number

    def search(
        self,
        *,
        account_id: str | None = None,
        account_ids: Collection[str] | None = None,
        team_ids: Collection[str] | None = None,
        enquiry_id: str | None = None,
        conversation_id: str | None = None,
        acts: Collection[AuditAct] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before_number: int | None = None,
        at_most: int = 50,
    ) -> tuple[Audited, ...]:
        """What was done, the latest first. What is None restricts nothing; `until` is not included any more."""
        audit = tables.audit
        where: list[ColumnElement[bool]] = []
        for column, value in (
            (audit.c.account_id, account_id),
            (audit.c.enquiry_id, enquiry_id),
            (audit.c.conversation_id, conversation_id),
        ):
            if value is not None:
                where.append(column == value)
        if account_ids is not None:
            where.append(audit.c.account_id.in_(sorted(account_ids)))
        if team_ids is not None:
            where.append(audit.c.team_id.in_(sorted(team_ids)))
        if acts is not None:
            where.append(audit.c.act.in_(sorted(acts)))
        if since is not None:
            where.append(audit.c.at >= stamp(since))
        if until is not None:
            where.append(audit.c.at < stamp(until))
        if before_number is not None:
            where.append(audit.c.number < before_number)
        rows = self._rows.every(audit, *where, order_by=[audit.c.number.desc()], at_most=at_most)
        return tuple(_audited(row) for row in rows)


def next_head(head: bytes, row: Mapping[str, Any]) -> bytes:
    """The head after a row: over the head before it and every column."""
    chained = {**row, "head": None}
    columns = columns_of(tables.audit)
    encoded = encode("audit", zip(columns.values(), map(chained.__getitem__, columns), strict=True))
    return hashlib.sha256(head + encoded).digest()


def _audited(row: Row) -> Audited:
    return Audited(
        number=row["number"],
        at=moment(row["at"]),
        act=AuditAct(row["act"]),
        account_id=row["account_id"],
        team_id=row["team_id"],
        enquiry_id=row["enquiry_id"],
        conversation_id=row["conversation_id"],
        about=row["about"],
    )
