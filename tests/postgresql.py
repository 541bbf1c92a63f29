"""A PostgreSQL of its own for as long as tests or a measurement take. It listens on nothing but a socket."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.tools import find_postgresql

ACCOUNT = "postgres"
"""Whose account runs it where this runs as root, as which PostgreSQL refuses to run."""


class Server:
    """One that runs."""

    def __init__(self, folder: str, programs: Path) -> None:
        self._folder = folder
        self._programs = programs
        self._made = 0

    def database(self) -> str:
        """Make an empty database, and give its address."""
        self._made += 1
        name = f"own{self._made}"
        _run(self._programs / "createdb", "-h", self._folder, "-U", "own", name)
        return f"postgresql+psycopg://own@/{name}?host={self._folder}"


@contextmanager
def serving_postgresql(*settings: str) -> Iterator[Server | None]:
    """Run one, with its default settings but for these; None where PostgreSQL is not on this machine."""
    initdb = find_postgresql()
    if initdb is None:
        yield None
        return
    programs = initdb.parent
    with tempfile.TemporaryDirectory(prefix="own-words-postgres-") as folder:
        if os.geteuid() == 0:
            shutil.chown(folder, ACCOUNT)
        data = f"{folder}/data"
        _run(initdb, "-D", data, "-A", "trust", "-U", "own", "--encoding=UTF8", "--locale=C.UTF-8")
        told = ("listen_addresses=''", f"unix_socket_directories={folder}", *settings)
        options = " ".join(f"-c {setting}" for setting in told)
        _run(programs / "pg_ctl", "-D", data, "-o", options, "-l", f"{folder}/log", "-w", "start")
        try:
            yield Server(folder, programs)
        finally:
            _run(programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")


def _run(*command: str | Path) -> None:
    as_somebody = ["runuser", "-u", ACCOUNT, "--"] if os.geteuid() == 0 else []
    subprocess.run([*as_somebody, *map(str, command)], check=True, stdout=subprocess.DEVNULL, cwd="/")
