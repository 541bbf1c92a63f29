"""Enquiries at rest. Each has a data key; a conversation that begins in it is sealed under that one."""

import secrets
from dataclasses import dataclass
from datetime import datetime

from bot.store import tables
from bot.store.errors import Missing
from bot.store.keys import Keys
from bot.store.rows import Row, Rows, moment, moment_or_none, stamp
from bot.store.sealing import bound

SCHEMA = "reference 1"


@dataclass(frozen=True, slots=True)
class Enquiry:
    """The piece of work that conversations belong to."""

    enquiry_id: str
    reference: str | None
    """What the team calls it. Sealed at rest."""
    opened_at: datetime
    closed_at: datetime | None


class Enquiries:
    """The enquiries of one transaction."""

    def __init__(self, rows: Rows, keys: Keys) -> None:
        self._rows = rows
        self._keys = keys

    def open(self, now: datetime, *, reference: str | None = None) -> str:
        """Open an enquiry with a data key of its own, and return its id."""
        enquiry_id = secrets.token_bytes(16).hex()
        key = self._keys.make(now)
        sealed = None if reference is None else key.seal(reference, place_of(key.key_id, enquiry_id))
        self._rows.add(
            tables.enquiries,
            {"enquiry_id": enquiry_id, "reference": sealed, "key_id": key.key_id, "opened_at": stamp(now)},
        )
        return enquiry_id

    def close(self, enquiry_id: str, now: datetime) -> None:
        """Close an enquiry. Raises `Missing`."""
        enquiries = tables.enquiries
        self._rows.change(enquiries, enquiries.c.enquiry_id == enquiry_id, to={"closed_at": stamp(now)})

    def get(self, enquiry_id: str) -> Enquiry:
        """An enquiry. Raises `Missing`."""
        row = self._rows.first(tables.enquiries, tables.enquiries.c.enquiry_id == enquiry_id)
        if row is None:
            raise Missing(f"There is no enquiry {enquiry_id}.")
        return self._enquiry(row)

    def listed(self) -> tuple[Enquiry, ...]:
        """All enquiries in the order they were opened."""
        enquiries = tables.enquiries
        rows = self._rows.every(enquiries, order_by=[enquiries.c.opened_at, enquiries.c.enquiry_id])
        return tuple(self._enquiry(row) for row in rows)

    def _enquiry(self, row: Row) -> Enquiry:
        reference = row["reference"]
        if reference is not None:
            reference = self._keys.open(row["key_id"]).open(reference, place_of(row["key_id"], row["enquiry_id"]))
        return Enquiry(
            enquiry_id=row["enquiry_id"],
            reference=reference,
            opened_at=moment(row["opened_at"]),
            closed_at=moment_or_none(row["closed_at"]),
        )


def place_of(key_id: str, enquiry_id: str) -> bytes:
    """Where the seal of a reference belongs."""
    return bound(SCHEMA, key_id, enquiry_id)
