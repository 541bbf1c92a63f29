"""Enquiries at rest. Each has a data key; a conversation that begins in it is sealed under that one.

An enquiry is found by its reference without anything being opened: by a keyed digest. References that differ only in
capitals, spaces or ways to write the same letter count as one, so that no enquiry is opened twice by a slip.
"""

import hmac
import secrets
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from bot.store import tables
from bot.store.errors import Missing, Taken
from bot.store.keys import Keys
from bot.store.rows import Row, Rows, moment, moment_or_none, stamp
from bot.store.sealing import DataKey, bound

SCHEMA = "reference 1"

AT_ONCE = 500
"""Enquiries that one query names."""


class Move(StrEnum):
    """What became of an enquiry."""

    OPENED = "opened"
    CLOSED = "closed"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True)
class EnquiryMove:
    """One thing that became of an enquiry."""

    move: Move
    at: datetime


@dataclass(frozen=True, slots=True)
class Enquiry:
    """The piece of work that conversations belong to."""

    enquiry_id: str
    reference: str | None
    """What the team calls it. Sealed at rest."""
    opened_at: datetime
    closed_at: datetime | None
    """When it was closed last; None while it is open."""


class Enquiries:
    """The enquiries of one transaction."""

    def __init__(self, rows: Rows, keys: Keys, finding: bytes) -> None:
        self._rows = rows
        self._keys = keys
        self._finding = finding

    def open(self, now: datetime, *, reference: str | None = None) -> str:
        """Open an enquiry with a data key of its own, and return its id. Raises `Taken` when the reference is."""
        if reference is not None and self.find(reference) is not None:
            raise Taken("There is an enquiry with this reference already.")
        enquiry_id = secrets.token_bytes(16).hex()
        key = self._keys.make(now)
        sealed = None if reference is None else key.seal(reference, place_of(key.key_id, enquiry_id))
        self._rows.add(
            tables.enquiries,
            {"enquiry_id": enquiry_id, "reference": sealed, "key_id": key.key_id, "opened_at": stamp(now)},
        )
        if reference is not None:
            found_by = digest_of(reference, self._finding)
            self._rows.add(tables.enquiry_references, {"found_by": found_by, "enquiry_id": enquiry_id})
        self._move(enquiry_id, Move.OPENED, stamp(now))
        return enquiry_id

    def close(self, enquiry_id: str, now: datetime) -> None:
        """Close an enquiry. One that is closed stays as it is. Raises `Missing`."""
        row = self._row(enquiry_id)
        if row["closed_at"] is None:
            self._know_the_first_moves(row)
            self._rows.replace(tables.enquiries, row, to={"closed_at": stamp(now)})
            self._move(enquiry_id, Move.CLOSED, stamp(now))

    def reopen(self, enquiry_id: str, now: datetime) -> None:
        """Open a closed enquiry again. One that is open stays as it is. Raises `Missing`."""
        row = self._row(enquiry_id)
        if row["closed_at"] is not None:
            self._know_the_first_moves(row)
            self._rows.replace(tables.enquiries, row, to={"closed_at": None})
            self._move(enquiry_id, Move.REOPENED, stamp(now))

    def get(self, enquiry_id: str) -> Enquiry:
        """An enquiry. Raises `Missing`."""
        row = self._row(enquiry_id)
        return _enquiry(row, self._keys.open(row["key_id"]))

    def all_of(self, enquiry_ids: Collection[str]) -> Mapping[str, Enquiry]:
        """These enquiries at once, those that there are."""
        enquiries = tables.enquiries
        asked = sorted(set(enquiry_ids))
        found: dict[str, Enquiry] = {}
        for start in range(0, len(asked), AT_ONCE):
            some = enquiries.c.enquiry_id.in_(asked[start : start + AT_ONCE])
            rows = self._rows.every(enquiries, some, order_by=[enquiries.c.enquiry_id])
            keys = self._keys.open_all({row["key_id"] for row in rows})
            found |= {row["enquiry_id"]: _enquiry(row, keys[row["key_id"]]) for row in rows}
        return found

    def find(self, reference: str) -> Enquiry | None:
        """The enquiry that the team calls this, if there is one."""
        references, enquiries = tables.enquiry_references, tables.enquiries
        found = self._rows.first(references, references.c.found_by == digest_of(reference, self._finding))
        if found is not None:
            return self.get(found["enquiry_id"])
        # Only what was opened before there were digests to find it by has none.
        by_none = enquiries.c.enquiry_id.not_in(select(references.c.enquiry_id))
        order = [enquiries.c.opened_at, enquiries.c.enquiry_id]
        for row in self._rows.every(enquiries, enquiries.c.reference.is_not(None), by_none, order_by=order):
            enquiry = _enquiry(row, self._keys.open(row["key_id"]))
            if enquiry.reference is not None and alike(enquiry.reference) == alike(reference):
                return enquiry
        return None

    def listed(self) -> tuple[Enquiry, ...]:
        """All enquiries in the order they were opened."""
        enquiries = tables.enquiries
        rows = self._rows.every(enquiries, order_by=[enquiries.c.opened_at, enquiries.c.enquiry_id])
        return tuple(_enquiry(row, self._keys.open(row["key_id"])) for row in rows)

    def moves(self, enquiry_id: str) -> tuple[EnquiryMove, ...]:
        """All that became of an enquiry, first to last. Raises `Missing`."""
        row = self._row(enquiry_id)
        moves = tables.enquiry_moves
        found = self._rows.every(moves, moves.c.enquiry_id == enquiry_id, order_by=[moves.c.number])
        if not found:
            return tuple(EnquiryMove(move, moment(at)) for move, at in _first_moves(row))
        return tuple(EnquiryMove(Move(one["move"]), moment(one["at"])) for one in found)

    def _know_the_first_moves(self, row: Row) -> None:
        """Write down what became of an enquiry before its moves were, from what is known of it."""
        moves = tables.enquiry_moves
        if self._rows.first(moves, moves.c.enquiry_id == row["enquiry_id"]) is None:
            for move, at in _first_moves(row):
                self._move(row["enquiry_id"], move, at)

    def _move(self, enquiry_id: str, move: Move, at: int) -> None:
        moves = tables.enquiry_moves
        number = self._rows.next_number(moves, enquiry_id=enquiry_id)
        self._rows.add(moves, {"enquiry_id": enquiry_id, "number": number, "move": move.value, "at": at})

    def _row(self, enquiry_id: str) -> Row:
        row = self._rows.one(tables.enquiries, enquiry_id)
        if row is None:
            raise Missing(f"There is no enquiry {enquiry_id}.")
        return row


def _enquiry(row: Row, key: DataKey) -> Enquiry:
    reference = row["reference"]
    return Enquiry(
        enquiry_id=row["enquiry_id"],
        reference=None if reference is None else key.open(reference, place_of(key.key_id, row["enquiry_id"])),
        opened_at=moment(row["opened_at"]),
        closed_at=moment_or_none(row["closed_at"]),
    )


def place_of(key_id: str, enquiry_id: str) -> bytes:
    """Where the seal of a reference belongs."""
    return bound(SCHEMA, key_id, enquiry_id)


def alike(reference: str) -> str:
    """What references have in common that count as one. For comparing only: the reference is kept as it was given."""
    return " ".join(unicodedata.normalize("NFKC", reference).casefold().split())


def digest_of(reference: str, key: bytes) -> bytes:
    """What an enquiry is found by: it tells nothing of the reference to whoever has no key."""
    return hmac.digest(key, alike(reference).encode("utf-8", "surrogatepass"), "sha256")


def _first_moves(row: Row) -> list[tuple[Move, int]]:
    closed = row["closed_at"]
    return [(Move.OPENED, row["opened_at"]), *([] if closed is None else [(Move.CLOSED, closed)])]
