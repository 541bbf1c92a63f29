"""A store of its own for each test: real files in a folder of their own, real keys."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.store import RootKey, Store
from tests.store.filling import NOON


@pytest.fixture
def root(tmp_path: Path) -> RootKey:
    """The root key, in a file outside the data folder."""
    return RootKey.create(tmp_path / "keys" / "root.key")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the database lies."""
    return tmp_path / "var" / "ownwords.sqlite3"


@pytest.fixture
def store(file: Path, root: RootKey) -> Iterator[Store]:
    """An empty store."""
    Store.migrate(file, root, NOON)
    opened = Store.open(file, root)
    yield opened
    opened.close()
