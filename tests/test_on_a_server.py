"""The commands where the database is a PostgreSQL server's: the same as with a file, and no password is ever shown."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.store import RootKey, Store
from tests.house import House
from tests.postgresql import Server

SECRET = "hunter2"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, postgresql: Server) -> House:
    """One with a few made-up enquiries in it."""
    made = House(tmp_path_factory.mktemp("server"), database=postgresql.database())
    assert "administrator" in did(made, "demo", "--enquiries", "3")
    return made


def did(house: House, *arguments: str) -> str:
    """What a command said that went well."""
    done = house.command(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(house: House, *arguments: str) -> str:
    """What a command said that did not."""
    done = house.command(*arguments)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def test_the_commands_do_what_they_do_with_a_file(house: House, tmp_path: Path) -> None:
    assert "The database is ready" in did(house, "migrate")
    assert "All is as it was kept" in did(house, "verify")
    assert "MADE-UP-00001" in did(house, "enquiry", "list")
    assert "first" in did(house, "conversations")
    assert "Due:" in did(house, "keep", "--dry-run")
    assert "/team/link/" in did(house, "account", "first")
    with house.store() as store, store.reading() as seen:
        every = seen.conversations.listed()
    did(house, "show", every[0].conversation_id)
    did(house, "export", "--to", str(tmp_path / "out"))
    assert len((tmp_path / "out").read_text().splitlines()) == len(every)


def test_nothing_lies_in_a_file_beside_it(house: House) -> None:
    assert not list(house.data.rglob("*.sqlite3*"))


def test_without_its_root_key_no_new_one_is_made(house: House, tmp_path: Path) -> None:
    other = House(tmp_path, **house.settings)
    assert "sealed under one" in refused(other, "migrate")
    assert "sealed under one" in refused(other, "keys", "new")
    assert not other.key.exists()


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        (("@/own", f":{SECRET}@/not-there-own"), "no database of that name"),
        (("own@", f"nobody:{SECRET}@"), "refused the name or the password"),
        (("?host=", f"?host=/nowhere&password={SECRET}&dbname="), "could not be reached"),
    ],
)
def test_a_database_that_cannot_be_opened_is_told_with_its_remedy(
    house: House, tmp_path: Path, changed: tuple[str, str], told: str
) -> None:
    there = house.settings["database"]
    other = House(tmp_path, database=there.replace(*changed))
    assert other.settings["database"] != there
    for command in ("migrate", "verify"):
        said = refused(other, command)
        assert told in said
        assert SECRET not in said


def test_two_that_make_the_tables_at_once_do_it_once(postgresql: Server) -> None:
    address, root = postgresql.database(), RootKey(bytes(32))
    with ThreadPoolExecutor(4) as pool:
        for made in [pool.submit(Store.migrate, address, root, datetime.now(UTC)) for _ in range(4)]:
            made.result()
    Store.open(address, root).close()
