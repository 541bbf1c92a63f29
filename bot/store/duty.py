"""Duty: what is to be done once however many processes of the site there are falls to the one that has it.

Whoever has it keeps it until it ends; the system, or the database's server, gives it on when a process dies.
"""

import fcntl
import os
import threading
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from bot.store import database

ON_DUTY = 0x4F776E4475747921
"""The number of the lock that whoever has the duty holds in a server: "OwnDuty!"."""


class Duty:
    """This process's part in it. Shared by all threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._path = database.file_of(engine.url)
        self._lock = threading.Lock()
        self._held: int | Connection | None = None

    def is_ours(self) -> bool:
        """Say whether this process has it; where nobody does, it has it from now on."""
        with self._lock:
            if isinstance(self._held, Connection) and not _is_alive(self._held):
                self._let_go()
            if self._held is None:
                self._held = self._of_a_server() if self._path is None else _of_a_file(self._path)
            return self._held is not None

    def close(self) -> None:
        """Let another process have it."""
        with self._lock:
            self._let_go()

    def _of_a_server(self) -> Connection | None:
        # A connection of its own for as long as it lasts: the lock goes when the connection does.
        try:
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        except (DBAPIError, NoConnectionFree):
            return None
        try:
            if connection.execute(select(func.pg_try_advisory_lock(ON_DUTY))).scalar_one():
                connection.detach()
                return connection
        except DBAPIError:
            connection.invalidate()
        connection.close()
        return None

    def _let_go(self) -> None:
        held, self._held = self._held, None
        if isinstance(held, Connection):
            # It is closed for good, not kept for others: what it holds in the server goes with it.
            with suppress(DBAPIError):
                held.close()
        elif held is not None:
            os.close(held)


def _is_alive(connection: Connection) -> bool:
    try:
        connection.execute(select(1))
    except DBAPIError:
        return False
    return True


def _of_a_file(path: Path) -> int | None:
    try:
        held = os.open(path.with_name(f"{path.name}-duty"), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        return None
    return held
