"""A PostgreSQL of its own for as long as a measurement takes, and a made-up store moved into it."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url, select

from bot.store import RootKey, Store, tables
from bot.store.database import connect, url_of
from tests.talking import NOW

ACCOUNT = "postgres"
"""Whose account runs it where this runs as root, as which PostgreSQL refuses to run."""
ROWS_AT_ONCE = 5_000


@contextmanager
def postgres() -> Iterator[str | None]:
    """Run one, and give the address of an empty database in it; None where PostgreSQL is not on this machine.

    It listens on nothing but a socket in its own folder, and keeps its default settings.
    """
    programs = _programs()
    if programs is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="own-words-postgres-") as folder:
        if os.geteuid() == 0:
            shutil.chown(folder, ACCOUNT)
        data = f"{folder}/data"
        _run(programs / "initdb", "-D", data, "-A", "trust", "-U", "own", "--encoding=UTF8", "--locale=C.UTF-8")
        listening = f"-c listen_addresses='' -c unix_socket_directories={folder}"
        _run(programs / "pg_ctl", "-D", data, "-o", listening, "-l", f"{folder}/log", "-w", "start")
        try:
            _run(programs / "createdb", "-h", folder, "-U", "own", "own")
            yield f"postgresql+psycopg://own@/own?host={folder}"
        finally:
            _run(programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")


def move(database: Path, address: str, root: RootKey) -> None:
    """Copy every row of an SQLite database into an empty one of PostgreSQL: the same seals, chains and proofs."""
    Store.migrate(address, root, NOW)
    here = create_engine(f"sqlite:///{database}")
    there = connect(url_of(make_url(address).render_as_string(hide_password=False)))
    with here.connect() as reading, there.connect() as writing, writing.begin():
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
        tidying.exec_driver_sql("ANALYZE")
    here.dispose()
    there.dispose()


def _programs() -> Path | None:
    """Find where PostgreSQL's programs lie: the newest, where there are several."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[-3]))
    named = shutil.which("initdb")
    if found:
        return found[-1].parent
    return Path(named).resolve().parent if named is not None else None


def _run(*command: str | Path) -> None:
    as_somebody = ["runuser", "-u", ACCOUNT, "--"] if os.geteuid() == 0 else []
    subprocess.run([*as_somebody, *map(str, command)], check=True, stdout=subprocess.DEVNULL, cwd="/")
