"""One running product that the tests of faults share where they do it no lasting harm, and a finished conversation."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.boxes import trained_model
from tests.faults.houses import TroubledHouse, conversation_of, copy_database
from tests.faults.roads import Passed, plain, walk
from tests.house import House
from tests.walking import Walker


@dataclass(frozen=True, slots=True)
class Finished:
    """A whole conversation in plain words, in a copy of the database that holds nothing else."""

    road: list[Passed]
    conversation_id: str
    database: Path
    key: Path


@pytest.fixture(scope="session")
def model() -> Path:
    """The model of the interview as it stands, so that no house has to train it."""
    return trained_model()


@pytest.fixture(scope="session")
def opened(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TroubledHouse, Finished]]:
    """Open a house, and have one whole conversation in it before any other."""
    folder = tmp_path_factory.mktemp("shared")
    house = TroubledHouse(folder / "house")
    house.take_the_trained_model()
    try:
        house.open().wait_until_ready()
        with house.browser() as browser:
            walker = Walker(browser).begin()
            conversation_id = conversation_of(walker.page)
            road = walk(walker, plain)
            assert walker.page.heading == "Thank you. Your words are kept."
        finished = Finished(road, conversation_id, folder / "ownwords.sqlite3", folder / "root.key")
        copy_database(house, finished.database)
        shutil.copy(house.key, finished.key)
        yield house, finished
    finally:
        house.close()


@pytest.fixture(scope="session")
def house(opened: tuple[TroubledHouse, Finished]) -> TroubledHouse:
    """A house that is ready. It is left as it was found: running, with room on its disk, and nobody holding it."""
    return opened[0]


@pytest.fixture(scope="session")
def finished(opened: tuple[TroubledHouse, Finished]) -> Finished:
    """The first conversation of that house."""
    return opened[1]


@pytest.fixture
def person(house: TroubledHouse) -> Iterator[Walker]:
    """A person at the first question."""
    with house.browser() as browser:
        yield Walker(browser).begin()


@pytest.fixture
def new_house(model: Path, tmp_path: Path) -> Iterator[Callable[..., TroubledHouse]]:
    """Make a house for one test alone; it is closed afterwards."""
    made: list[TroubledHouse] = []

    def make(**more: object) -> TroubledHouse:
        house = TroubledHouse(tmp_path / f"house-{len(made)}", **more)  # type: ignore[arg-type]
        house.take_the_trained_model()
        made.append(house)
        return house

    yield make
    for house in made:
        house.close()


def house_with(folder: Path, database: bytes, key: Path) -> House:
    """A house that has this database and this key, and is not running."""
    made = House(folder)
    made.data.mkdir(parents=True)
    made.key.parent.mkdir(parents=True)
    made.database.write_bytes(database)
    shutil.copy(key, made.key)
    made.key.chmod(0o400)
    return made
