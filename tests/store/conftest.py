"""A store of its own for each test, in a file and in a server's database: real files, real servers, real keys."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store import RootKey, Store
from tests.postgresql import Emptied, Server
from tests.store.filling import NOON

IN_FILES = {
    *("test_backups", "test_checkpoints", "test_facts", "test_faults", "test_migrating", "test_remembered"),
    *("test_sealing", "test_verifying"),
}
"""What is about files alone, or not about where anything is kept, or is shown of a server in a module of its own."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test of a store is about both, unless it looks at the file itself."""
    if "kept_in" in metafunc.fixturenames:
        is_in_a_file = "file" in metafunc.fixturenames or metafunc.module.__name__.rpartition(".")[2] in IN_FILES
        metafunc.parametrize("kept_in", ["file"] if is_in_a_file else ["file", "server"])


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an empty database and its root key, to take copies of."""
    folder = tmp_path_factory.mktemp("migrated")
    Store.migrate(folder / "ownwords.sqlite3", RootKey.create(folder / "root.key"), NOON)
    return folder


@pytest.fixture(scope="session")
def emptied(postgresql: Server, migrated: Path) -> Emptied:
    """A server's database that is emptied for each test."""
    address = postgresql.database()
    Store.migrate(address, RootKey.read(migrated / "root.key"), NOON)
    return Emptied(address)


@pytest.fixture
def root(tmp_path: Path, migrated: Path) -> RootKey:
    """The root key, in a file outside the data folder."""
    path = tmp_path / "keys" / "root.key"
    path.parent.mkdir(mode=0o700)
    shutil.copy2(migrated / "root.key", path)
    return RootKey.read(path)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the database lies. A test that asks for it is about a store in a file alone."""
    return tmp_path / "var" / "ownwords.sqlite3"


@pytest.fixture
def store(kept_in: str, migrated: Path, root: RootKey, request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty store."""
    address: str | Path
    if kept_in == "file":
        address = request.getfixturevalue("file")
        address.parent.mkdir(mode=0o700)
        shutil.copy2(migrated / "ownwords.sqlite3", address)
    else:
        emptied: Emptied = request.getfixturevalue("emptied")
        emptied.empty()
        address = emptied.address
    opened = Store.open(address, root)
    yield opened
    opened.close()
