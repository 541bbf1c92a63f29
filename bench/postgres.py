"""A PostgreSQL of its own for as long as a measurement takes, and a made-up store moved into it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url, select

from bot.store import RootKey, Store, tables
from bot.store.database import connect, url_of, wait_for_answers
from tests.postgresql import serving_postgresql
from tests.talking import NOW

ROWS_AT_ONCE = 5_000


@contextmanager
def postgres() -> Iterator[str | None]:
    """Run one, and give the address of an empty database in it; None where PostgreSQL is not on this machine."""
    with serving_postgresql() as server:
        yield None if server is None else server.database()


def move(database: Path, address: str, root: RootKey) -> None:
    """Copy every row of an SQLite database into an empty one of PostgreSQL: the same seals, chains and proofs."""
    Store.migrate(address, root, NOW)
    here = create_engine(f"sqlite:///{database}")
    there = connect(url_of(make_url(address).render_as_string(hide_password=False)))
    with here.connect() as reading, there.connect() as writing, writing.begin():
        wait_for_answers(writing, None)
        # The rows came from a database that had checked what each of them names.
        writing.exec_driver_sql("SET session_replication_role = replica")
        cursor = writing.connection.cursor()
        for table in tables.metadata.sorted_tables:
            names = ", ".join(f'"{column.name}"' for column in table.c)
            cursor.execute(f'DELETE FROM "{table.name}"')
            with cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copying:
                for row in reading.execute(select(table).execution_options(yield_per=ROWS_AT_ONCE)):
                    copying.write_row(tuple(row))
    with there.connect().execution_options(isolation_level="AUTOCOMMIT") as tidying:
        wait_for_answers(tidying, None)
        tidying.exec_driver_sql("ANALYZE")
    here.dispose()
    there.dispose()
