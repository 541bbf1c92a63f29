"""What a council set, and who confirmed to have read its guidance, at rest. Of what was set, the last stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.store import tables
from bot.store.keys import Keys
from bot.store.rows import Row, Rows, Value, moment, stamp
from bot.store.sealing import bound

SCHEMA = "council value 1"

MADE_UP = "is_made_up"
"""The name of the one value that no council sets: all that the store holds was made up."""


@dataclass(frozen=True, slots=True)
class Changed:
    """One value that something was set to."""

    value: str
    account_id: str | None
    """Who set it; None where it was set on the command line."""
    at: datetime


@dataclass(frozen=True, slots=True)
class Confirmed:
    """That somebody confirmed to have read one version of a document."""

    account_id: str
    document: str
    digest: str
    at: datetime


class Council:
    """What the council set, in one transaction."""

    def __init__(self, rows: Rows, keys: Keys) -> None:
        self._rows = rows
        self._keys = keys

    def change(self, name: str, value: str, account_id: str | None, now: datetime) -> None:
        """Set something. Setting what stands already adds nothing. Raises `Missing` when there is no such account."""
        values = tables.council_values
        latest = self._rows.first(values, values.c.name == name, order_by=[values.c.number.desc()])
        if latest is not None and self._value(latest) == value:
            return
        number = 1 if latest is None else latest["number"] + 1
        key = self._keys.for_accounts(now)
        row: dict[str, Value] = {
            "name": name,
            "number": number,
            "key_id": key.key_id,
            "value": key.seal(value, place_of(key.key_id, name, number)),
            "account_id": account_id,
            "at": stamp(now),
        }
        self._rows.add(values, row)

    def now(self) -> Mapping[str, str]:
        """All that was set, as it stands."""
        values = tables.council_values
        rows = self._rows.every(values, order_by=[values.c.name, values.c.number])
        standing = {row["name"]: row for row in rows}
        return {name: self._value(row) for name, row in standing.items()}

    def mark_made_up(self, now: datetime) -> None:
        """Say that all that this store holds is made up. It cannot be unsaid. Done again, it changes nothing."""
        self.change(MADE_UP, "yes", None, now)

    def is_made_up(self) -> bool:
        """Whether all that this store holds is made up."""
        values = tables.council_values
        return self._rows.first(values, values.c.name == MADE_UP) is not None

    def history(self, name: str) -> tuple[Changed, ...]:
        """All that this was ever set to, first to last."""
        values = tables.council_values
        rows = self._rows.every(values, values.c.name == name, order_by=[values.c.number])
        return tuple(Changed(self._value(row), row["account_id"], moment(row["at"])) for row in rows)

    def confirm(self, account_id: str, document: str, digest: str, now: datetime) -> None:
        """Keep that somebody read this version of a document. Done again, it changes nothing. Raises `Missing`."""
        table = tables.guidance_confirmations
        here: dict[str, Value] = {"account_id": account_id, "document": document, "digest": digest}
        if self._rows.first(table, *(table.c[name] == value for name, value in here.items())) is None:
            self._rows.add(table, {**here, "at": stamp(now)})

    def confirmed(self, account_id: str | None = None) -> tuple[Confirmed, ...]:
        """Every confirmation, or those of one account, first to last."""
        table = tables.guidance_confirmations
        where = () if account_id is None else (table.c.account_id == account_id,)
        order = [table.c.at, table.c.account_id, table.c.document, table.c.digest]
        return tuple(
            Confirmed(row["account_id"], row["document"], row["digest"], moment(row["at"]))
            for row in self._rows.every(table, *where, order_by=order)
        )

    def _value(self, row: Row) -> str:
        return self._keys.open(row["key_id"]).open(row["value"], place_of(row["key_id"], row["name"], row["number"]))


def place_of(key_id: str, name: str, number: int) -> bytes:
    """Where the seal of a value belongs."""
    return bound(SCHEMA, key_id, name, number)
