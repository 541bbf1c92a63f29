"""Whole enquiries made in memory and then kept at once: the same verbs, without a database between two of them.

What is gathered touches nothing that is kept. It is found by equality only, which is all that the verbs need that make
something new; any other question is refused rather than answered wrongly.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any, NoReturn

from sqlalchemy import BinaryExpression, BindParameter, Column, ColumnElement, Select, Table, UnaryExpression
from sqlalchemy import Row as SqlRow
from sqlalchemy.sql import operators

from bot.conversation import Turn
from bot.store import tables
from bot.store.conversations import Conversations
from bot.store.enquiries import Enquiries, Enquiry
from bot.store.entries import Entries, Entry, EntryKind
from bot.store.keys import Keys
from bot.store.remembered import Remembered
from bot.store.rows import Row, Rows, Value, columns_of, plain, prove

FOUND_BY = frozenset({"enquiry_id", "conversation_id", "key_id"})
"""Columns by which gathered rows are found at once, beside the first of each table's primary key."""

Condition = tuple[str, Callable[[Any, Any], Any], Any]


class GatheredRows(Rows):
    """Rows that lie in memory until they are written all together. Their proofs are made then."""

    def __init__(self, proof_key: bytes) -> None:
        self._proof_key = proof_key
        self._all: dict[Table, list[Row]] = {}
        self._by: dict[tuple[Table, str, Value], list[Row]] = {}

    def written(self) -> Iterator[tuple[Table, Sequence[Row]]]:
        """Give the rows of each table, proven, so that none comes before what it names."""
        for table in tables.metadata.sorted_tables:
            rows = self._all.get(table, [])
            for row in rows:
                row["proof"] = prove(self._proof_key, table, row)
            if rows:
                yield table, rows

    def add(self, table: Table, row: Mapping[str, Value]) -> None:
        """Add a row. Whether another one forbids it shows when all are written."""
        full: Row = plain(table, {name: row.get(name) for name in columns_of(table)})
        self._all.setdefault(table, []).append(full)
        for name in _found_by(table):
            self._by.setdefault((table, name, full[name]), []).append(full)

    def add_all(self, table: Table, rows: Sequence[Mapping[str, Value]]) -> None:
        """Add rows, as `add` adds each."""
        for row in rows:
            self.add(table, row)

    def replace(self, table: Table, row: Row, *, to: Mapping[str, Value]) -> None:
        """Change columns of a row that was found here; never one that it is found by."""
        key = [column.name for column in table.primary_key.columns]
        for one in self._by[table, key[0], row[key[0]]]:
            if all(one[name] == row[name] for name in key):
                one.update(plain(table, to))

    def drop(self, table: Table, *where: ColumnElement[bool]) -> NoReturn:
        """Refuse: what is gathered is only added to."""
        raise RuntimeError(f"Nothing is deleted from {table.name} while it is gathered.")

    def drop_having(self, table: Table, columns: Mapping[str, str | int]) -> NoReturn:
        """Refuse, as `drop` does."""
        self.drop(table)

    def first(
        self,
        table: Table,
        *where: ColumnElement[bool],
        order_by: Sequence[ColumnElement[Any]] = (),
    ) -> Row | None:
        """Give the first row that this finds."""
        found = self._matching(table, where)
        if len(found) > 1 and order_by:
            found = _sorted(found, order_by)
        return dict(found[0]) if found else None

    def one(self, table: Table, *key: Value) -> Row | None:
        """Give the row with this primary key."""
        columns = table.primary_key.columns
        found = self._by.get((table, columns[0].name, key[0]), ())
        rest = list(zip((column.name for column in columns), key, strict=True))[1:]
        return next((dict(row) for row in found if all(row[name] == value for name, value in rest)), None)

    def every(
        self,
        table: Table,
        *where: ColumnElement[bool],
        order_by: Sequence[ColumnElement[Any]],
        at_most: int | None = None,
    ) -> list[Row]:
        """Give copies of all rows that this finds, in this order."""
        found = self._matching(table, where)
        if len(found) > 1:
            found = _sorted(found, order_by)
        return [dict(row) for row in found[:at_most]]

    def ones(self, table: Table, keys: Sequence[Value]) -> list[Row]:
        """Give the rows with these primary keys, as many as there are."""
        found = (self.one(table, key) for key in keys)
        return [row for row in found if row is not None]

    def numbered_after(self, table: Table, columns: Mapping[str, Value], number: int) -> list[Row]:
        """Give copies of all rows in which these columns hold just this and whose number is greater."""
        found = self.having(table, columns, order_by=[table.c.number])
        return [row for row in found if row["number"] > number]

    def having(
        self, table: Table, columns: Mapping[str, Value], *, order_by: Sequence[ColumnElement[Any]]
    ) -> list[Row]:
        """Give copies of all rows in which these columns hold just this, in this order."""
        found = self._having(table, columns)
        return [dict(row) for row in (_sorted(found, order_by) if len(found) > 1 else found)]

    def latest(self, table: Table, columns: Mapping[str, Value]) -> Row | None:
        """Give the row with the greatest number of those in which these columns hold just this."""
        return max(map(dict, self._having(table, columns)), key=itemgetter("number"), default=None)

    def next_number(self, table: Table, **columns: Value) -> int:
        """Give the number of the next row in which these columns hold just this."""
        return max((row["number"] for row in self._having(table, columns)), default=0) + 1

    def ids(self, query: Select[*tuple[Any, ...]]) -> list[Any]:
        """Refuse: this is for choosing among what is kept."""
        return list(self.found(query))

    def found(self, query: Select[*tuple[Any, ...]]) -> Sequence[SqlRow[*tuple[Any, ...]]]:
        """Refuse: this is for choosing among what is kept."""
        raise RuntimeError("What is only gathered cannot be asked for in SQL.")

    def _having(self, table: Table, columns: Mapping[str, Value]) -> list[Row]:
        rest = dict(columns)
        by = next(name for name in _found_by(table) if name in rest)
        found = self._by.get((table, by, rest.pop(by)), ())
        return [row for row in found if all(row[name] == value for name, value in rest.items())]

    def _matching(self, table: Table, where: Sequence[ColumnElement[bool]]) -> list[Row]:
        conditions = [_condition(one) for one in where]
        for place, (name, holds, value) in enumerate(conditions):
            if name in _found_by(table) and holds is not operators.gt:
                named = (value,) if holds is operators.eq else value
                rows = [row for one in named for row in self._by.get((table, name, one), ())]
                del conditions[place]
                break
        else:
            rows = list(self._all.get(table, ()))
        for name, holds, value in conditions:
            rows = [row for row in rows if holds(row[name], value)]
        return rows


class NewEnquiries(Enquiries):
    """Enquiries that nobody has yet: that a reference is taken shows when all are written."""

    def find(self, reference: str) -> Enquiry | None:
        """Find none: those that are kept are not looked at."""
        return None


class NewConversations(Conversations):
    """Conversations that are added to and read again at once, without what was sealed being opened for it."""

    def add_all(self, conversation_id: str, turns: Sequence[Turn]) -> None:
        """Add turns, and remember them where they are the first."""
        super().add_all(conversation_id, turns)
        if turns and turns[0].number == 1:
            self._remembered.remember(conversation_id, Remembered(tuple(turns), self._row(conversation_id)["head"]))


class Gathered:
    """What the team wrote beside what is gathered, until all of it is kept."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self._of: dict[str | None, list[Entry]] = {}

    def write(self, entry: Entry) -> int:
        """Add an entry, and give its number: counted from 1, until it gets the one that follows in the store."""
        numbered = replace(entry, number=len(self.entries) + 1)
        self.entries.append(numbered)
        self._of.setdefault(entry.enquiry_id, []).append(numbered)
        return numbered.number

    def of_enquiry(self, enquiry_id: str) -> Sequence[Entry]:
        """Give the entries of an enquiry."""
        return self._of.get(enquiry_id, ())


class NewEntries(Entries):
    """Entries that get their numbers when all are kept."""

    def __init__(self, rows: Rows, keys: Keys, telling: bytes, gathered: Gathered) -> None:
        super().__init__(rows, keys, telling)
        self._gathered = gathered

    def of_enquiry(self, enquiry_id: str, kind: EntryKind | None = None) -> tuple[Entry, ...]:
        """Give the entries of an enquiry, first to last: of one kind, or all."""
        written = self._gathered.of_enquiry(enquiry_id)
        return tuple(entry for entry in written if kind is None or entry.kind is kind)


_INDEXES: dict[Table, tuple[str, ...]] = {}


def _found_by(table: Table) -> tuple[str, ...]:
    found = _INDEXES.get(table)
    if found is None:
        names = [column.name for column in table.primary_key.columns][:1]
        names += [column.name for column in table.c if column.name in FOUND_BY and column.name not in names]
        found = _INDEXES[table] = tuple(names)
    return found


def _condition(clause: ColumnElement[bool]) -> Condition:
    match clause:
        case BinaryExpression(left=Column() as column, right=BindParameter() as given):
            if clause.operator in {operators.eq, operators.gt}:
                return column.name, clause.operator, given.value
            if clause.operator is operators.in_op:
                return column.name, _is_in, tuple(dict.fromkeys(given.value or ()))
    raise RuntimeError("What is only gathered is found by equality.")


def _is_in(value: object, several: tuple[object, ...]) -> bool:
    return value in several


def _sorted(rows: list[Row], order_by: Sequence[ColumnElement[Any]]) -> list[Row]:
    for one in reversed(order_by):
        name, is_falling = _order(one)
        rows.sort(key=itemgetter(name), reverse=is_falling)
    return rows


def _order(column: ColumnElement[Any]) -> tuple[str, bool]:
    if isinstance(column, UnaryExpression) and column.modifier is operators.desc_op:
        return str(column.element.name), True
    return str(column.name), False
