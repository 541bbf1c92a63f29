"""How a program gets at what is kept: its root key, its store, and who else uses the data meanwhile."""

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from enum import IntEnum

from bot.settings import Settings
from bot.store import KeyProblem, RootKey, Store
from bot.store.custody import Custody, KeyCommand, KeyFile


class Use(IntEnum):
    """How the data is used."""

    SHARED = fcntl.LOCK_SH
    ALONE = fcntl.LOCK_EX


class CannotServe(Exception):
    """The program cannot start; the message names the cause and the remedy."""


def custody(settings: Settings) -> Custody:
    """Say where the root key is kept."""
    if settings.root_key_command:
        return KeyCommand(settings.root_key_command)
    return KeyFile(settings.root_key, outside=settings.data)


def root_keys(settings: Settings) -> tuple[RootKey, ...]:
    """Read the root key, and the next one while one is being replaced by the other. Raises KeyProblem."""
    if settings.root_key_command:
        return custody(settings).keys()
    if not settings.root_key.exists() and Store.is_made(settings.database):
        raise KeyProblem(
            f"There is no root key at {settings.root_key}, and the database was sealed under one.",
            "Put the key file back, or set OWNWORDS_ROOT_KEY to where it is: a new key opens nothing.",
        )
    return custody(settings).keys()


@contextlib.contextmanager
def using(settings: Settings, how: Use) -> Iterator[None]:
    """Say that the data is in use, for as long as the block lasts; the system itself lets go when a program dies.

    Many may serve; whoever fills or restores a database must be alone. Raises CannotServe.
    """
    with (settings.data / "in-use").open("w") as held:
        try:
            fcntl.flock(held, how | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotServe("Own Words is running on this data. End the other program first.") from error
        with _saying_where_its_key_is(settings):
            yield


@contextlib.contextmanager
def _saying_where_its_key_is(settings: Settings) -> Iterator[None]:
    """Say in a file where this program looks for root keys; it is locked for as long as the program lives."""
    folder = settings.data / "using"
    folder.mkdir(mode=0o700, exist_ok=True)
    mine = folder / f"{os.getpid()}-{secrets.token_hex(4)}"
    with mine.open("w", encoding="utf-8") as said:
        fcntl.flock(said, fcntl.LOCK_EX)
        said.write(custody(settings).place)
        said.flush()
        try:
            yield
        finally:
            mine.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_the_root_key(settings: Settings) -> Iterator[None]:
    """Say that the root key is being replaced, for as long as the block lasts. Raises CannotServe.

    Programs that run go on: they look for the new one where they found theirs. So it has to be put there.
    """
    with (settings.data / "replacing").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotServe(
                "The root key is being replaced already. Wait for it, or end the other program."
            ) from error
        mine = custody(settings).place
        for place in _places_of_those_that_run(settings):
            if place != mine:
                raise CannotServe(
                    f"A program that runs on this data has its root key from {place}, and this one from {mine}. "
                    "Replace it there, or end that program first."
                )
        with using(settings, Use.SHARED):
            yield


def _places_of_those_that_run(settings: Settings) -> list[str]:
    places = []
    for one in sorted((settings.data / "using").glob("*")):
        with contextlib.suppress(FileNotFoundError), one.open("r+", encoding="utf-8") as said:
            try:
                fcntl.flock(said, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                places.append(said.read())
            else:
                # Left by a program that was killed.
                one.unlink(missing_ok=True)
    return places


def open_store(settings: Settings) -> Store:
    """Open the store under its root key, and under those to come. Raises KeyProblem, NotReady."""
    root, *also = root_keys(settings)
    return Store.open(settings.database, root, also=also, look=custody(settings).keys)
