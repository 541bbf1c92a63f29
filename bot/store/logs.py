"""How far the logs of the whole store have come. A row cut off the end of one is missed, since its number is known.

`FIGURES` has no rows: it grows whenever something has changed that figures are sums of, so that sums stay good as long
as it does not.
"""

from typing import NewType

from bot.store import tables
from bot.store.rows import Row, Rows, Value

Log = NewType("Log", str)

ENTRIES = Log("entries")
AUDIT = Log("audit")
FIGURES = Log("figures")
FORGOTTEN = Log("forgotten")


def length(rows: Rows, log: Log) -> int:
    """How many rows a log has had."""
    row = rows.one(tables.logs, log)
    return 0 if row is None else int(row["number"])


def end(rows: Rows, log: Log) -> Row:
    """The end of a log. No other transaction adds to it until this one ends."""
    row = rows.one(tables.logs, log)
    if row is None:
        rows.add(tables.logs, {"log": log, "number": 0})
        row = rows.one(tables.logs, log)
        assert row is not None
    return row


def grow(rows: Rows, before: Row, *, head: bytes | None = None, by: int = 1) -> None:
    """Say that a log has more rows, one unless said."""
    to: dict[str, Value] = {"number": before["number"] + by, "head": head}
    rows.replace(tables.logs, before, to=to)
