"""The one way in and out of the tables. Each row is written with a proof and is read only with one.

A proof is an HMAC over the table's name and all other columns, under a key that lies outside the database: a row that
was changed by anything but this module, a disk included, is never used.
"""

import hashlib
import hmac
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Delete,
    Executable,
    Insert,
    Select,
    Table,
    Update,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy import Row as SqlRow
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, IntegrityError

from bot.store.database import Rule, broken_rule
from bot.store.errors import Damaged, Missing, Taken

Value: TypeAlias = str | int | bytes | None
Row: TypeAlias = dict[str, Any]
Notice: TypeAlias = Callable[[Table, Iterable[Mapping[str, Any]]], None]
"""Hears of every row that is written, as it was and as it will be, before it is."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_HELD_BY_NO_TEXT = re.compile("[\0\ud800-\udfff]")


def stamp(moment: datetime) -> int:
    """A time as the tables hold it: microseconds since 1970, UTC."""
    if moment.tzinfo is None:
        raise ValueError("A time without a zone is no time: give an aware datetime.")
    return (moment - EPOCH) // MICROSECOND


def moment(stamped: int) -> datetime:
    """The time that was stamped, aware, UTC."""
    return EPOCH + stamped * MICROSECOND


def moment_or_none(stamped: int | None) -> datetime | None:
    """As `moment`, for a column that may hold nothing."""
    return None if stamped is None else moment(stamped)


def plain(table: Table, row: Mapping[str, Value]) -> dict[str, Value]:
    """A row as it will be read back: an Enum's member becomes its value. Raises `ValueError` for what no text holds."""
    found: dict[str, Value] = {}
    for name, value in row.items():
        found[name] = value
        if value is None or type(value) is bytes:
            continue
        if isinstance(value, str):
            # PostgreSQL's text holds neither, SQLite's no surrogate. Asked here, since the driver's error shows words.
            if _HELD_BY_NO_TEXT.search(value):
                raise ValueError(f"{table.name}.{name} holds a NUL or a lone surrogate: seal it, or keep it out.")
            found[name] = str.__str__(value)
        elif isinstance(value, int):
            found[name] = int(value)
    return found


def encode(name: str, columns: Iterable[tuple[bytes, Any]]) -> bytes:
    """Name and columns as bytes that no other name and columns have: `column=s5:words;` with type and length.

    An empty column is left out, so that a column added by a later migration leaves earlier proofs as they are.
    """
    parts = [name.encode(), b":"]
    for column, value in columns:
        if value is None:
            continue
        kind = type(value)
        if kind is str:
            tag, encoded = b"s", value.encode("utf-8", "surrogateescape")
        elif kind is bytes:
            tag, encoded = b"b", value
        elif kind is int:
            tag, encoded = b"i", b"%d" % value
        else:
            # Only a damaged row holds anything else.
            tag, encoded = b"?", repr(value).encode()
        parts.append(b"%b=%b%d:%b;" % (column, tag, len(encoded), encoded))
    return b"".join(parts)


@cache
def columns_of(table: Table) -> dict[str, bytes]:
    """The columns that a proof is over, by name and encoded."""
    return {column.name: column.name.encode() for column in table.c if column.name != "proof"}


def prove(key: bytes, table: Table, row: Mapping[str, object]) -> bytes:
    """The proof of a row: HMAC-SHA256 over its table's name and all its columns but the proof."""
    columns = columns_of(table)
    message = encode(table.name, zip(columns.values(), map(row.__getitem__, columns), strict=True))
    return hmac.digest(key, message, hashlib.sha256)


def is_proven(key: bytes, table: Table, row: Mapping[str, object]) -> bool:
    """Whether this row is as it was kept."""
    found = row["proof"]
    return isinstance(found, bytes) and hmac.compare_digest(found, prove(key, table, row))


def _holding(table: Table, columns: Mapping[str, Value]) -> list[ColumnElement[bool]]:
    return [table.c[name] == value for name, value in columns.items()]


def _holding_given(table: Table, names: tuple[str, ...]) -> list[ColumnElement[bool]]:
    return [table.c[name] == bindparam(name) for name in names]


@cache
def _adding(table: Table) -> Insert:
    """Statements that are asked at every turn are made once: SQLAlchemy takes longer to make one than to run it."""
    return insert(table)


@cache
def _replacing(table: Table, names: tuple[str, ...]) -> Update:
    key = [column == bindparam(f"key {column.name}") for column in table.primary_key.columns]
    return update(table).where(*key).values({name: bindparam(f"to {name}") for name in names})


@cache
def _dropping(table: Table, names: tuple[str, ...]) -> Delete:
    return delete(table).where(*_holding_given(table, names))


@cache
def _finding(
    table: Table, names: tuple[str, ...], order_by: tuple[Column[Any], ...], *, after: bool
) -> Select[*tuple[Any, ...]]:
    where = _holding_given(table, names)
    if after:
        where.append(table.c.number > bindparam("after"))
    return select(table).where(*where).order_by(*order_by)


@cache
def _highest(table: Table, names: tuple[str, ...]) -> Select[*tuple[Any, ...]]:
    return select(func.max(table.c.number)).where(*_holding_given(table, names))


@cache
def _as_sqlite_is_asked(query: Select[*tuple[Any, ...]]) -> tuple[str, tuple[str, ...]]:
    """The text of a query that is made once, and the names of what it is given, in order."""
    compiled = query.compile(dialect=sqlite.dialect())
    return str(compiled), tuple(compiled.positiontup or ())


def _nobody_notices(table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
    pass


class Rows:
    """The rows that one transaction reads and writes."""

    def __init__(
        self, connection: Connection, proof_key: bytes, *, may_write: bool, notice: Notice | None = None
    ) -> None:
        self.connection = connection
        self._proof_key = proof_key
        self._may_write = may_write
        self._notice = notice or _nobody_notices
        self._read: dict[Table, dict[tuple[Value, ...], Row | None]] = {}
        """What was found by its key, until this transaction writes to its table. Nobody else writes meanwhile."""

    def add(self, table: Table, row: Mapping[str, Value]) -> None:
        """Add a row. Columns not named are empty. Raises `Taken` or `Missing` when another row forbids it."""
        full = plain(table, {name: row.get(name) for name in columns_of(table)})
        full["proof"] = prove(self._proof_key, table, full)
        self._notice(table, [full])
        self._write(table, _adding(table), full)

    def add_all(self, table: Table, rows: Sequence[Mapping[str, Value]]) -> None:
        """Add rows one after the other, as `add` adds each. Raises `Taken` or `Missing` when another row forbids it."""
        full = [plain(table, {name: row.get(name) for name in columns_of(table)}) for row in rows]
        for one in full:
            one["proof"] = prove(self._proof_key, table, one)
        if full:
            self._notice(table, full)
            self._write(table, _adding(table), full)

    def put_all(self, table: Table, rows: Sequence[Mapping[str, Value]]) -> None:
        """Add rows, each in the place of the one with the same key if there is one. Raises `Missing` as `add` does."""
        full = [plain(table, {name: row.get(name) for name in columns_of(table)}) for row in rows]
        for one in full:
            one["proof"] = prove(self._proof_key, table, one)
        if full:
            adding = self._adding(table)
            keys = [column.name for column in table.primary_key.columns]
            others = {name: adding.excluded[name] for name in full[0] if name not in keys}
            self._notice(table, full)
            self._write(table, adding.on_conflict_do_update(index_elements=keys, set_=others), full)

    def add_unless_there(self, table: Table, row: Mapping[str, Value]) -> None:
        """Add a row, as `add` does, unless there is one with its key: then nothing is changed."""
        full = plain(table, {name: row.get(name) for name in columns_of(table)})
        full["proof"] = prove(self._proof_key, table, full)
        self._notice(table, [full])
        self._write(table, self._adding(table).values(full).on_conflict_do_nothing())

    def add_proven(self, table: Table, rows: Sequence[Row]) -> None:
        """Add a great many rows that have their proofs. Raises `Taken` or `Missing` when another row forbids it."""
        # As the driver takes them: worked out once, not for each row.
        compiled = insert(table).compile(dialect=self.connection.dialect)
        names = compiled.positiontup
        given = rows if names is None else [tuple(map(row.__getitem__, names)) for row in rows]
        self._notice(table, rows)
        with self._writing(table):
            self.connection.exec_driver_sql(str(compiled), given)

    def change(self, table: Table, *where: ColumnElement[bool], to: Mapping[str, Value]) -> None:
        """Change columns of the one row that this finds. Raises `Missing` when there is none."""
        row = self.first(table, *where)
        if row is None:
            raise Missing(f"There is no such row in {table.name}.")
        self.replace(table, row, to=to)

    def replace(self, table: Table, row: Row, *, to: Mapping[str, Value]) -> None:
        """Change columns of a row that was read in this transaction."""
        changed = plain(table, to)
        changed["proof"] = prove(self._proof_key, table, {**row, **changed})
        after = {**row, **changed}
        key = {column.name: row[column.name] for column in table.primary_key.columns}
        self._notice(table, [row, after])
        given = {f"key {name}": value for name, value in key.items()}
        given |= {f"to {name}": value for name, value in changed.items()}
        self._write(table, _replacing(table, tuple(changed)), given)
        self._read.setdefault(table, {})[tuple(key.values())] = after

    def drop(self, table: Table, *where: ColumnElement[bool]) -> None:
        """Delete the rows that this finds."""
        self._notice(table, self.each(table, *where, order_by=[]))
        self._write(table, delete(table).where(*where))

    def drop_having(self, table: Table, columns: Mapping[str, str | int]) -> None:
        """Delete the rows in which these columns hold just this."""
        self._notice(table, self.each(table, *_holding(table, columns), order_by=[]))
        self._write(table, _dropping(table, tuple(columns)), columns)

    def erase(self, table: Table, *where: ColumnElement[bool]) -> None:
        """Delete the rows that this finds without looking at them: damage keeps nothing from being forgotten.

        Nobody hears of it, so whoever erases says what else has changed by it.
        """
        self._write(table, delete(table).where(*where))

    def first(
        self,
        table: Table,
        *where: ColumnElement[bool],
        order_by: Sequence[ColumnElement[Any]] = (),
    ) -> Row | None:
        """The first row that this finds."""
        found = self._found(select(table).where(*where).order_by(*order_by).limit(1))
        return self._checked(table, found[0]) if found else None

    def one(self, table: Table, *key: Value) -> Row | None:
        """The row with this primary key."""
        read = self._read.setdefault(table, {})
        if key not in read:
            names = tuple(column.name for column in table.primary_key.columns)
            found = self._found(_finding(table, names, (), after=False), dict(zip(names, key, strict=True)))
            read[key] = self._checked(table, found[0]) if found else None
        row = read[key]
        return None if row is None else dict(row)

    def ones(self, table: Table, keys: Sequence[Value]) -> list[Row]:
        """The rows with these primary keys of one column, as many as there are."""
        (key,) = table.primary_key.columns
        return self.every(table, key.in_(keys), order_by=[key])

    def having(
        self, table: Table, columns: Mapping[str, Value], *, order_by: Sequence[ColumnElement[Any]]
    ) -> list[Row]:
        """All rows in which these columns hold just this, in this order."""
        columns_in_order = tuple(column for column in order_by if isinstance(column, Column))
        if None in columns.values() or len(columns_in_order) < len(order_by):
            return self.every(table, *_holding(table, columns), order_by=order_by)
        query = _finding(table, tuple(columns), columns_in_order, after=False)
        return [self._checked(table, found) for found in self._found(query, columns)]

    def numbered_after(self, table: Table, columns: Mapping[str, Value], number: int) -> list[Row]:
        """All rows in which these columns hold just this and whose number is greater, by their numbers."""
        query = _finding(table, tuple(columns), (table.c.number,), after=True)
        return [self._checked(table, found) for found in self._found(query, {**columns, "after": number})]

    def latest(self, table: Table, columns: Mapping[str, Value]) -> Row | None:
        """The row with the greatest number of those in which these columns hold just this: a few."""
        found = self.having(table, columns, order_by=[table.c.number])
        return found[-1] if found else None

    def every(
        self,
        table: Table,
        *where: ColumnElement[bool],
        order_by: Sequence[ColumnElement[Any]],
        at_most: int | None = None,
    ) -> list[Row]:
        """All rows that this finds, in this order."""
        query = select(table).where(*where).order_by(*order_by).limit(at_most)
        return [self._checked(table, found) for found in self._found(query)]

    def each(self, table: Table, *where: ColumnElement[bool], order_by: Sequence[ColumnElement[Any]]) -> Iterator[Row]:
        """All rows that this finds, whether proven or not, a few hundred in memory at a time."""
        query = select(table).where(*where).order_by(*order_by).execution_options(yield_per=500)
        names = (*columns_of(table), "proof")
        try:
            rows = self.connection.execute(query)
        except UnicodeEncodeError:
            # What was looked for comes from a damaged row.
            return
        # A server keeps what was not read for as long as nobody says that enough was.
        with closing(rows):
            for found in rows:
                yield dict(zip(names, found, strict=True))

    def is_proven(self, table: Table, row: Row) -> bool:
        """Whether this row is as it was kept."""
        return is_proven(self._proof_key, table, row)

    def ids(self, query: Select[*tuple[Any, ...]]) -> list[Any]:
        """The first column of what this finds, unproven: for choosing rows that are then read with their proofs."""
        return [found[0] for found in self._found(query)]

    def found(self, query: Select[*tuple[Any, ...]]) -> Sequence[SqlRow[*tuple[Any, ...]]]:
        """What this finds, unproven: sums, and what is proven in another way."""
        return self._found(query)

    def next_number(self, table: Table, **columns: str | int) -> int:
        """The number of the next row in which these columns hold just this, in a table that counts them from 1."""
        found = self._found(_highest(table, tuple(columns)), columns)
        return int(found[0][0] or 0) + 1 if found else 1

    def _found(
        self, query: Select[*tuple[Any, ...]], given: Mapping[str, Value] | None = None
    ) -> Sequence[SqlRow[*tuple[Any, ...]]]:
        try:
            if given is not None and self.connection.dialect.name == "sqlite":
                return self._asked(query, given)
            return self.connection.execute(query, given).all()
        except (UnicodeEncodeError, DataError):
            # What was looked for holds a lone surrogate, or a NUL on PostgreSQL. No row does.
            return ()

    def _asked(self, query: Select[*tuple[Any, ...]], given: Mapping[str, Value]) -> Sequence[Any]:
        """What this finds, asked of SQLite itself: what SQLAlchemy does around it takes longer than the asking."""
        asking, names = _as_sqlite_is_asked(query)
        try:
            cursor = self.connection.connection.cursor()
            cursor.execute(asking, [given[name] for name in names])
            return cursor.fetchall()
        except sqlite3.Error:
            return self.connection.execute(query, given).all()  # fails the same, and with its cause

    def _checked(self, table: Table, found: Iterable[Any]) -> Row:
        row = dict(zip((*columns_of(table), "proof"), found, strict=True))
        if not is_proven(self._proof_key, table, row):
            raise Damaged(f"A row of {table.name} is not as it was kept. `python -m bot verify` names it.")
        return row

    def _adding(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        return postgresql.insert(table) if self.connection.dialect.name == "postgresql" else sqlite.insert(table)

    def _write(
        self,
        table: Table,
        statement: Executable,
        rows: Mapping[str, Value] | Sequence[Mapping[str, Value]] | None = None,
    ) -> None:
        with self._writing(table):
            self.connection.execute(statement, rows)

    @contextmanager
    def _writing(self, table: Table) -> Iterator[None]:
        if not self._may_write:
            raise RuntimeError("This transaction only reads: use `with store.begin() as kept`.")
        self._read.pop(table, None)
        try:
            yield
        except IntegrityError as error:
            match broken_rule(error):
                case Rule.UNIQUE:
                    raise Taken(f"There is such a row in {table.name} already.") from error
                case Rule.REFERENCE:
                    raise Missing(f"A row of {table.name} would name something that is not in the store.") from error
            raise
