"""PostgreSQL underneath: how a connection to its server is made, what it is told, and why one could not be made.

Imported only where the database is one: nothing else needs the driver's memory.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection, Dialect
from sqlalchemy.pool import ConnectionPoolEntry

Given = TypeVar("Given")

CONNECTED_WITHIN = 5
"""Seconds in which a server must let somebody in."""

ALIVE_WITHIN = 3.0
"""Seconds in which a connection that was idle must say that it is there, before another one is made."""

PARAMETERS: dict[str, Any] = {
    "connect_timeout": CONNECTED_WITHIN,
    # A server that is gone without a word is found out by the system, too.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "own words",
}
"""What a connection is made with, unless the address of the database says otherwise."""

SESSION = {
    # What was kept is on the server's disk before anybody is told so, whatever the server does by default.
    "synchronous_commit": "on",
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    # The rows of a program whose machine is gone are let go of in seconds, not in hours.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10000",
    "client_connection_check_interval": "5000",
    "idle_in_transaction_session_timeout": "300000",
    # Compiling a query takes longer than any of ours does.
    "jit": "off",
}


class PatientConnection(psycopg.Connection[Any]):
    """A connection that waits for an answer for so long and no longer: a server may be gone without a word."""

    patience: float | None = ALIVE_WITHIN
    """Seconds that one answer may take; None where it may take any time."""

    def wait(self, gen: PQGen[Given], interval: float = 0.1, timeout: float | None = None) -> Given:
        """As the driver waits. A connection that did not answer is closed: nobody can know what it would say next."""
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.close()
            raise


def prepare(engine: Engine, locked_for: float) -> None:
    """Tell an engine how its connections are made. `locked_for`: seconds to wait for what another holds."""

    def connect(_: Dialect, __: ConnectionPoolEntry, given: tuple[Any, ...], named: dict[str, Any]) -> DBAPIConnection:
        made: Any = PatientConnection.connect(*given, **{**PARAMETERS, **named})
        return made  # type: ignore[no-any-return]

    def tell(connection: PatientConnection, _: ConnectionPoolEntry) -> None:
        settings = {**SESSION, "lock_timeout": str(int(locked_for * 1000))}
        connection.execute(
            "SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) AS told (name, value)",
            (list(settings), list(settings.values())),
        )
        connection.commit()

    def calm(connection: PatientConnection | None, _: ConnectionPoolEntry) -> None:
        if connection is not None:
            connection.patience = ALIVE_WITHIN

    event.listen(engine, "do_connect", connect)
    event.listen(engine, "connect", tell)
    event.listen(engine, "checkin", calm)


def why_away(error: BaseException | None) -> str:
    """Cause and remedy where no connection could be made, in words of ours: the server's may name more than is safe."""
    said = str(error)

    def says(parts: Sequence[str]) -> bool:
        return any(part in said for part in parts)

    # Before anybody is let in, there is nothing but this text to tell them apart by.
    if says(("authentication failed", "no password supplied", "pg_hba.conf", 'role "')):
        return "Its server refused the name or the password. Mend OWNWORDS_DATABASE, or its list of who may enter."
    if says(('database "',)) and says(("does not exist",)):
        return "Its server has no database of that name. Make an empty one, whose encoding is UTF8."
    if says(("starting up", "shutting down", "recovery")):
        return "Its server is starting or ending. Try again in a moment."
    if says(("too many", "reserved for", "remaining connection slots")):
        return "Its server has no connection left. Raise its max_connections: each process of Own Words takes up to 40."
    if says(("SSL", "certificate")):
        return "Its server could not be reached safely. Mend what OWNWORDS_DATABASE says about sslmode and sslrootcert."
    return "Its server could not be reached. See that it runs, and that OWNWORDS_DATABASE says where."
