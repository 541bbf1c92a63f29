"""A PostgreSQL of its own for as long as tests or a measurement take. It listens on nothing but a socket."""

import os
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.tools import find_postgresql

ACCOUNT = "postgres"
"""Whose account runs it where this runs as root, as which PostgreSQL refuses to run."""
PATIENCE = 30.0
"""Seconds that a standby may take until it has all that the other one has."""


class Server:
    """One that runs."""

    def __init__(self, folder: str, programs: Path, told: Sequence[str]) -> None:
        self.folder = folder
        """Where its socket is, and all that it has."""
        self._programs = programs
        self._told = told

    @property
    def data(self) -> Path:
        """Where all of it lies."""
        return Path(self.folder) / "data"

    def create(self) -> None:
        """Make it, empty."""
        _run(
            self._programs / "initdb",
            "-D",
            self.data,
            "-A",
            "trust",
            "-U",
            "own",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        )

    def copy(self, other: "Server") -> None:
        """Make it anew, as a standby of another."""
        if self.data.exists():
            shutil.rmtree(self.data)
        _run(self._programs / "pg_basebackup", "-D", self.data, "-h", other.folder, "-U", "own", "-R", "-c", "fast")

    def start(self, *settings: str) -> None:
        """Start it, or start it again, this time with these settings, too."""
        options = " ".join(f"-c {setting}" for setting in (*self._told, *settings))
        self._control("-o", options, "-l", f"{self.folder}/log", "-w", "start")

    def stop(self, how: str = "immediate") -> None:
        """Stop it: `immediate` is as if its power went."""
        self._control("-m", how, "stop")

    def take_over(self) -> None:
        """Be a standby no longer."""
        self._control("-w", "promote")

    def log(self) -> str:
        """What it wrote to its own log."""
        return (Path(self.folder) / "log").read_text()

    def _control(self, *how: str) -> None:
        _run(self._programs / "pg_ctl", "-D", self.data, *how)

    def database(self) -> str:
        """Make an empty database, and give its address as an operator writes it."""
        name = f"own_{secrets.token_hex(8)}"
        _run(self._programs / "createdb", "-h", self.folder, "-U", "own", name)
        return f"postgresql://own@/{name}?host={self.folder}"


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
    with _place_for_one(initdb.parent, settings) as server:
        server.create()
        server.start()
        yield server


@contextmanager
def _place_for_one(programs: Path, settings: Sequence[str]) -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="own-words-postgres-") as folder:
        if os.geteuid() == 0:
            shutil.chown(folder, ACCOUNT)
        server = Server(folder, programs, ("listen_addresses=''", f"unix_socket_directories={folder}", *settings))
        with _leash(folder, programs / "pg_ctl", "-D", server.data, "-m", "immediate", "stop"):
            yield server


class Pair:
    """Two: whatever the one is asked to keep lies on the disk of the other, too, before anybody is told so."""

    def __init__(self, serving: Server, standby: Server) -> None:
        self._serving = serving
        self._standby = standby

    def database(self) -> str:
        """Make an empty database, and give its address as an operator writes it: whichever serves is asked."""
        name = self._serving.database().partition("@/")[2].partition("?")[0]
        hosts = "&".join(f"host={folder}" for folder in sorted((self._serving.folder, self._standby.folder)))
        return f"postgresql://own@/{name}?{hosts}&target_session_attrs=read-write"

    def leave_behind(self) -> None:
        """Make the standby anew, and tell it nothing more: what is kept from then on it does not have."""
        self._standby.copy(self._serving)
        self._standby.start("primary_conninfo=''")

    def mend(self) -> None:
        """Make the standby anew, and have nothing count as kept from then on that it has not."""
        self._standby.copy(self._serving)
        self._standby.start()
        with psycopg.connect(f"host={self._serving.folder} user=own dbname=postgres", autocommit=True) as serving:
            serving.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
            serving.execute("SELECT pg_reload_conf()")
            deadline = time.monotonic() + PATIENCE
            while serving.execute("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'").fetchone() is None:
                assert time.monotonic() < deadline, "the standby never came so far"
                time.sleep(0.05)

    def fail_over(self) -> None:
        """Take the power of the one that serves, and have its standby take over."""
        self._serving.stop()
        self._standby.take_over()
        self._serving, self._standby = self._standby, self._serving


@contextmanager
def serving_a_pair() -> Iterator[Pair | None]:
    """Run two; None where PostgreSQL is not on this machine."""
    initdb = find_postgresql()
    if initdb is None:
        yield None
        return
    with _place_for_one(initdb.parent, ()) as first, _place_for_one(initdb.parent, ()) as second:
        first.create()
        first.start()
        yield Pair(first, second)


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
