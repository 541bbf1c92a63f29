"""The database underneath: how it is opened, what each connection is told, and what its errors mean.

Whatever only SQLite or only PostgreSQL understands is said here, in `postgresql` and in the migrations, nowhere else.
"""

import logging
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, func, make_url, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.pool import ConnectionPoolEntry

from bot.store.errors import Cause, Damaged, NotKept, NotRead, NotReady

LOCKED_FOR = 5.0
"""Seconds that a write waits for others before it gives up, in this process and then in the database."""

PRAGMAS = (
    # Keeps a commit through a loss of power; with NORMAL it may be lost.
    ("journal_mode", "WAL"),
    ("synchronous", "FULL"),
    # What is deleted is overwritten.
    ("secure_delete", "ON"),
    ("foreign_keys", "ON"),
    # Triggers and views of a database that was tampered with call no function that could do harm.
    ("trusted_schema", "OFF"),
    # Without it INSERT OR REPLACE deletes a row without asking the trigger that forbids it.
    ("recursive_triggers", "ON"),
    ("cell_size_check", "ON"),
    ("busy_timeout", str(int(LOCKED_FOR * 1000))),
    ("temp_store", "MEMORY"),
    ("journal_size_limit", str(64 * 1024 * 1024)),
)

DAMAGED = "The database file is damaged. `python -m bot verify` says where."

_CAUSES = {
    sqlite3.SQLITE_BUSY: Cause.LOCKED,
    sqlite3.SQLITE_LOCKED: Cause.LOCKED,
    sqlite3.SQLITE_FULL: Cause.FULL,
    sqlite3.SQLITE_READONLY: Cause.READ_ONLY,
    sqlite3.SQLITE_PERM: Cause.READ_ONLY,
    sqlite3.SQLITE_IOERR: Cause.FAILING,
    sqlite3.SQLITE_CANTOPEN: Cause.AWAY,
}
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

WRITES_WITHIN = 10.0
READS_WITHIN = 60.0
"""Seconds in which a server must answer, before it counts as away."""

ONE_WRITES = 0x4F776E576F726473
"""The number of the lock that whoever writes to a server's database holds: "OwnWords"."""

IDLE_WRITER = 10_000
"""Milliseconds in which whoever writes must go on: else the server takes back what was begun, and others write."""


def url_of(database: str | Path) -> URL:
    """The address of a database, from an SQLAlchemy URL or from the path of an SQLite file."""
    if isinstance(database, Path):
        return URL.create("sqlite", database=str(database))
    try:
        url = make_url(database)
    except ArgumentError:
        raise NotReady("The address of the database is not one. Write it as sqlite:///path or postgresql://…") from None
    if url.get_backend_name() == "sqlite" and (url.database or ":memory:") == ":memory:":
        raise NotReady("Words need a file to be kept in. Write the database as sqlite:///path")
    return url


def file_of(url: URL) -> Path | None:
    """The file of an SQLite database; None where a server keeps it."""
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


def prepare_file(path: Path) -> None:
    """Make the folder and the file if need be, for this account only (0600). Raises `NotReady`."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
    except OSError as error:
        raise NotReady(
            f"The database {path} cannot be written: {error.strerror}. "
            "Give its folder to the account that runs Own Words."
        ) from error


def require_file(path: Path) -> None:
    """Refuse to start where the file is missing, or it or its folder cannot be written. Raises `NotReady`."""
    if not _exists(path):
        raise NotReady(f"There is no database at {path}. Make it with: python -m bot migrate")
    # The folder too: SQLite keeps its log beside the file.
    if not os.access(path.parent, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        raise NotReady(f"The folder {path.parent} cannot be written. Give it to the account that runs Own Words.")
    prepare_file(path)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        # Whether it does will be said by whoever tries to open it.
        return True


def connect(url: URL) -> Engine:
    """The engine. Its errors and logs never show a parameter, and so never words."""
    logging.getLogger("sqlalchemy").setLevel(logging.WARNING)
    is_file = url.get_backend_name() == "sqlite"
    engine = create_engine(
        url,
        hide_parameters=True,
        echo=False,
        pool_size=8,
        max_overflow=32,
        # The one used last knows most: pages of the file, and queries that a server has planned.
        pool_use_lifo=True,
        pool_timeout=LOCKED_FOR,
        # A server that was stopped and is back is found again by whoever comes next, and no promise breaks for it.
        pool_pre_ping=not is_file,
        # Whatever the server does by default: whoever waited to write decides on what is there when the waiting ends.
        **({} if is_file else {"isolation_level": "READ COMMITTED"}),
    )
    if is_file:
        event.listen(engine, "connect", _tell_pragmas)
        event.listen(engine, "begin", _begin)
    else:
        from bot.store import postgresql

        postgresql.prepare(engine, LOCKED_FOR)
    return engine


def wait_for_answers(connection: Connection, seconds: float | None) -> None:
    """How long each answer of a server may take, until this connection is let go of; None for any time."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        assert driver is not None
        driver.patience = seconds


def write_alone(connection: Connection) -> None:
    """Wait until nobody else writes, or changes the tables, in any process. SQLite sees to that by itself.

    So whatever is decided in a promise is decided on what is there, on a server as in a file. No row has to be locked.
    """
    if connection.dialect.name != "sqlite":
        idle = func.set_config("idle_in_transaction_session_timeout", str(IDLE_WRITER), True)  # noqa: FBT003 SQL's own
        connection.execute(select(idle, func.pg_advisory_xact_lock(ONE_WRITES)))


def check_server(connection: Connection) -> None:
    """Refuse a server's database that could not hold what is kept. Raises `NotReady`."""
    if connection.dialect.name == "sqlite":
        return
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise NotReady(f"The database's encoding is {encoding}. Make one whose encoding is UTF8.")


def why_away(error: BaseException) -> str:
    """Cause and remedy where a server did not answer at the start."""
    from bot.store import postgresql

    found = error.__cause__
    said = postgresql.why_away(found.orig if isinstance(found, DBAPIError) else found)
    return f"The database could not be opened. {said}"


@contextmanager
def connect_to_read(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one moment of the database and keeps nobody from writing."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.execution_options(reading=True)
        else:
            connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin() as transaction:
            wait_for_answers(connection, READS_WITHIN)
            try:
                yield connection
            finally:
                # Nothing is to be committed, and on a damaged file a COMMIT would fail. On a server it does not, and
                # after a ROLLBACK the driver asks everything anew as if it never had.
                if engine.dialect.name == "sqlite":
                    transaction.rollback()


def _tell_pragmas(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    # We say BEGIN ourselves: the driver would begin deferred, and a read-then-write would fail whatever the timeout.
    connection.isolation_level = None
    try:
        for name, value in PRAGMAS:
            connection.execute(f"PRAGMA {name}={value}").fetchall()
    except sqlite3.Error:
        # A file that is no database shows here first, and then nobody else would close it.
        connection.close()
        raise


def _begin(connection: Connection) -> None:
    if connection.get_execution_options().get("reading", False):
        # It waits for nobody and fails for nothing. A page reads several times: SQLAlchemy's way to say it costs more.
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        driver.execute("BEGIN")
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def cause_in_sqlite(error: BaseException | None) -> Cause | None:
    """Why SQLite did not do it; None when that was no fault of the moment, or SQLite does not say."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else _CAUSES.get(code & 0xFF)


def cause_of(error: DBAPIError) -> Cause | None:
    """Why the database did not do it; None when that was no fault of the moment."""
    if getattr(error.orig, "sqlite_errorcode", None) is not None:
        return cause_in_sqlite(error.orig)
    match getattr(error.orig, "sqlstate", None):
        case "55P03" | "40001" | "40P01":
            return Cause.LOCKED
        case "53100":
            return Cause.FULL
        case "25006":
            return Cause.READ_ONLY
        case "57014":
            return Cause.BUSY
        case "58030":
            return Cause.FAILING
        case None:
            # A server that lets nobody in, or is gone in the middle of something, gives no code.
            is_servers = isinstance(error, OperationalError | InterfaceError) and _is_from_a_server(error.orig)
            return Cause.AWAY if error.connection_invalidated or is_servers else None
        case state:
            return Cause.AWAY if state.startswith(("08", "53", "57P", "25P")) else None


def _is_from_a_server(error: BaseException | None) -> bool:
    return type(error).__module__.partition(".")[0] == "psycopg"


class Rule(Enum):
    """A rule of the tables that a row would break."""

    UNIQUE = "unique"
    REFERENCE = "reference"


def broken_rule(error: IntegrityError) -> Rule | None:
    """Which rule that was, where a caller can do something about it."""
    match getattr(error.orig, "sqlite_errorname", None) or getattr(error.orig, "sqlstate", None):
        case "SQLITE_CONSTRAINT_UNIQUE" | "SQLITE_CONSTRAINT_PRIMARYKEY" | "23505":
            return Rule.UNIQUE
        case "SQLITE_CONSTRAINT_FOREIGNKEY" | "23503":
            return Rule.REFERENCE
    return None


def is_damage(error: DBAPIError) -> bool:
    """Whether the database file itself is not as it was written."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    is_servers = (getattr(error.orig, "sqlstate", None) or "").startswith("XX00")
    return (code is not None and code & 0xFF in _DAMAGE) or is_servers or "Could not decode to UTF-8" in str(error.orig)


def is_not_allowed(error: DBAPIError) -> bool:
    """Whether a server's account has no right to do it, such as to make tables that another account owns."""
    return getattr(error.orig, "sqlstate", None) == "42501"


@contextmanager
def naming_causes(problem: type[NotKept] | type[NotRead]) -> Iterator[None]:
    """Turn the database's errors into ours. The original stays as the cause; it holds no parameters."""
    try:
        yield
    except NoConnectionFree as error:
        raise problem(Cause.BUSY) from error
    except DBAPIError as error:
        cause = cause_of(error)
        if cause is not None:
            raise problem(cause) from error
        if is_damage(error):
            raise Damaged(DAMAGED) from error
        raise
    except UnicodeDecodeError as error:
        # The driver could not even read SQLite's message, which quotes the damaged file.
        raise Damaged(DAMAGED) from error


@contextmanager
def reading_damage(connection: Connection) -> Iterator[None]:
    """Read text that is no longer text, too. Without it one damaged byte hides all rows behind it."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    driver.text_factory = _text
    try:
        yield
    finally:
        driver.text_factory = str


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def check_file(connection: Connection) -> list[str]:
    """What the database itself finds wrong with its file, and references that lead nowhere: nothing that rows hold."""
    if connection.dialect.name != "sqlite":
        return []
    found = [str(line) for line in connection.exec_driver_sql("PRAGMA integrity_check").scalars() if line != "ok"]
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        found.append(f"a row of {row[0]} names something in {row[2]} that is not there")
    # The database reads what is missing of its last page as zeros, and finds nothing wrong where there were zeros.
    page = int(connection.exec_driver_sql("PRAGMA page_size").scalar_one())
    path = file_of(connection.engine.url)
    if path is not None and path.is_file() and path.stat().st_size % page:
        found.append("it does not end with a whole page")
    return found


def schema_of(connection: Connection) -> dict[str, str] | None:
    """The tables, indexes and triggers by name, as they were made. None where this cannot be told."""
    if connection.dialect.name != "sqlite":
        return None
    rows = connection.exec_driver_sql("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name")
    return {f"{row.type} {row.name}": f"{row.tbl_name}: {row.sql}" for row in rows}


def rules_missing(connection: Connection, names: Iterable[str]) -> list[str]:
    """Those of these tables whose rows a server no longer holds fast: a trigger of theirs is gone or switched off.

    In a file `schema_of` tells it.
    """
    if connection.dialect.name == "sqlite":
        return []
    held = connection.exec_driver_sql(
        "SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
        " WHERE tgname = relname || '_never_change' AND tgenabled IN ('O', 'A')"
        " AND pg_table_is_visible(pg_class.oid)"
    )
    return sorted(set(names) - {str(name) for name in held.scalars()})


def in_memory() -> Engine:
    """An empty database that is gone when it is let go of, to compare with."""
    engine = create_engine("sqlite://", hide_parameters=True)
    event.listen(engine, "connect", _tell_pragmas)
    event.listen(engine, "begin", _begin)
    return engine
