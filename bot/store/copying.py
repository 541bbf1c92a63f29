"""The same rows in another database, byte for byte: seals, chains and proofs are the same in a file and on a server."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, Table, create_engine, func, insert, select
from sqlalchemy.exc import DBAPIError

from bot.store import database, migrating, tables
from bot.store.database import naming_causes
from bot.store.errors import NotKept, NotRestored
from bot.store.store import Store, migration_of

ROWS_AT_ONCE = 1_000


def copy_without_keys(store: Store, to: Path) -> None:
    """Copy all that a server keeps but the keys, as it is at one moment, to a file. Nobody waits. Raises `NotRead`."""
    engine = create_engine(f"sqlite:///{to}", hide_parameters=True)
    try:
        with engine.begin() as made:
            migrating.upgrade(made)
        with closing(sqlite3.connect(to)) as copied, store.reading_rows() as rows:
            # It is thrown away in a moment: it needs no journal.
            copied.execute("PRAGMA synchronous=OFF")
            copied.execute("PRAGMA journal_mode=OFF").fetchall()
            copied.execute("PRAGMA foreign_keys=OFF")
            for table in tables.metadata.sorted_tables:
                if table is tables.keys:
                    continue
                for some in _rows_of(rows.connection, table):
                    copied.executemany(
                        f"INSERT INTO {table.name} ({', '.join(table.c.keys())})"  # noqa: S608 our own names
                        f" VALUES ({', '.join('?' * len(table.c))})",
                        some,
                    )
            copied.commit()
    finally:
        engine.dispose()


def put_on_a_server(file: Path, address: str) -> None:
    """Put all that a file keeps in a server's empty database: all of it or nothing. Raises `NotRestored`, `NotKept`."""
    here = create_engine(f"sqlite:///{file}", hide_parameters=True)
    there = database.connect(database.url_of(address))
    try:
        with naming_causes(NotKept), here.connect() as reading, there.connect() as writing, writing.begin():
            database.wait_for_answers(writing, None)
            database.write_alone(writing)
            database.check_server(writing)
            if migration_of(writing) is not None:
                raise NotRestored("There is a database on the server already. A backup is restored into an empty one.")
            migrating.upgrade(writing)
            for table in tables.metadata.sorted_tables:
                for some in _rows_of(reading, table):
                    writing.execute(insert(table), [dict(zip(table.c.keys(), row, strict=True)) for row in some])
            check_counts(reading, writing)
    except DBAPIError as error:
        if database.is_not_allowed(error):
            raise NotRestored(
                "The account in OWNWORDS_DATABASE may not make tables there. Nothing was restored. Restore with the "
                "account that owns the database, then run deploy/postgresql/rights.sql."
            ) from error
        # Its message may quote the row.
        raise NotRestored("A row is so damaged that a server does not take it. Restore it into a file.") from error
    finally:
        here.dispose()
        there.dispose()


def check_counts(here: Connection, there: Connection) -> None:
    """See that all rows arrived. Raises `NotRestored`."""
    for table in tables.metadata.sorted_tables:
        counted = select(func.count()).select_from(table)
        if here.execute(counted).scalar_one() != there.execute(counted).scalar_one():
            raise NotRestored(f"Not all rows of {table.name} arrived. Nothing was put in place.")


def _rows_of(connection: Connection, table: Table) -> Iterator[list[tuple[object, ...]]]:
    # What names an earlier row of its own table comes after it.
    query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=ROWS_AT_ONCE)
    for some in connection.execute(query).partitions():
        yield [tuple(row) for row in some]
