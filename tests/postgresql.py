"""A PostgreSQL of its own for as long as tests or a measurement take. It listens on nothing but a socket."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.tools import find_postgresql

ACCOUNT = "postgres"
"""Whose account runs it where this runs as root, as which PostgreSQL refuses to run."""


class Server:
    """One that runs."""

    def __init__(self, folder: str, programs: Path, told: Sequence[str]) -> None:
        self._folder = folder
        self._programs = programs
        self._told = told
        self._made = 0

    @property
    def data(self) -> Path:
        """Where all of it lies."""
        return Path(self._folder) / "data"

    def start(self) -> None:
        """Start it, or start it again."""
        options = " ".join(f"-c {setting}" for setting in self._told)
        self._control("-o", options, "-l", f"{self._folder}/log", "-w", "start")

    def stop(self, how: str = "immediate") -> None:
        """Stop it: `immediate` is as if its power went."""
        self._control("-m", how, "stop")

    def log(self) -> str:
        """What it wrote to its own log."""
        return (Path(self._folder) / "log").read_text()

    def _control(self, *how: str) -> None:
        _run(self._programs / "pg_ctl", "-D", self.data, *how)

    def database(self) -> str:
        """Make an empty database, and give its address as an operator writes it."""
        self._made += 1
        name = f"own{self._made}"
        _run(self._programs / "createdb", "-h", self._folder, "-U", "own", name)
        return f"postgresql://own@/{name}?host={self._folder}"


class Emptied:
    """One database for many tests, which each find it as it was: that is quicker than a new one."""

    def __init__(self, address: str) -> None:
        self.address = address
        with psycopg.connect(address) as connection:
            found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            self._tables = [str(name) for (name,) in found if name != "alembic_version"]
            self._keys = connection.execute("SELECT * FROM keys").fetchall()

    def empty(self) -> None:
        """Leave nothing in it but what a migration makes."""
        with psycopg.connect(self.address) as connection:
            # What never goes goes here.
            connection.execute("SET session_replication_role = replica")
            connection.execute("; ".join(f'DELETE FROM "{table}"' for table in self._tables))
            for row in self._keys:
                connection.execute(f"INSERT INTO keys VALUES ({', '.join(['%s'] * len(row))})", row)


@contextmanager
def serving_postgresql(*settings: str) -> Iterator[Server | None]:
    """Run one, with its default settings but for these; None where PostgreSQL is not on this machine."""
    initdb = find_postgresql()
    if initdb is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="own-words-postgres-") as folder:
        if os.geteuid() == 0:
            shutil.chown(folder, ACCOUNT)
        told = ("listen_addresses=''", f"unix_socket_directories={folder}", *settings)
        server = Server(folder, initdb.parent, told)
        _run(initdb, "-D", server.data, "-A", "trust", "-U", "own", "--encoding=UTF8", "--locale=C.UTF-8")
        with _leash(folder, initdb.parent / "pg_ctl", "-D", server.data, "-m", "immediate", "stop"):
            server.start()
            yield server


@contextmanager
def _leash(folder: str, *ends: str | Path) -> Iterator[None]:
    """Have it ended, and its folder taken away, when the block ends or this process does, however that is killed."""
    # It reads until nobody holds the other end of the pipe. Where a test has stopped the server, nothing is ended.
    guardian = subprocess.Popen(
        ["/bin/sh", "-c", 'cat; "$@"; rm -rf "$0"', folder, *_as_somebody(*ends)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        start_new_session=True,
    )
    try:
        yield
    finally:
        guardian.communicate()


def _run(*command: str | Path) -> None:
    subprocess.run(_as_somebody(*command), check=True, stdout=subprocess.DEVNULL, cwd="/")


def _as_somebody(*command: str | Path) -> list[str]:
    as_somebody = ["runuser", "-u", ACCOUNT, "--"] if os.geteuid() == 0 else []
    return [*as_somebody, *map(str, command)]
