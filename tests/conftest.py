"""What every test may ask for, and what is said when a program that some tests need is not here."""

import os
from collections.abc import Iterator
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from bot.conversation import Speaker, Stage
from bot.interviewing import Room, begin
from bot.project import load_interview, load_nudges, load_phrases
from bot.store import Store
from tests.fake_dialogue import FakeDialogue
from tests.postgresql import Server, serving_postgresql
from tests.talking import NOW, Talk, make_empty, opened_copy
from tests.tools import (
    CHROMIUM,
    TOOLS,
    Tool,
    find_chromium,
    find_failing_disk,
    find_false_clock,
    find_java,
    find_libreoffice,
    find_redis,
    find_systemd,
    how_to_get_them,
    missing,
)

NOT_RUN = pytest.StashKey[dict[str, int]]()
"""For each program that is missing, how many tests were left out for it."""


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an empty database and its root key, to take copies of."""
    return make_empty(tmp_path_factory.mktemp("empty"))


@pytest.fixture
def store(empty: Path, tmp_path: Path) -> Iterator[Store]:
    """A store of a test's own."""
    with opened_copy(empty, tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def room(store: Store) -> Room:
    """An interview with a small dialogue engine in the place of the box."""
    return Room(store, FakeDialogue(), load_interview(), load_phrases(), load_nudges())


@pytest.fixture
async def talk(room: Room) -> Talk:
    """A conversation that has just begun."""
    return Talk(room, await begin(room, stage=Stage.FIRST, speaker=Speaker.PERSON, now=NOW))


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The browser. Tests that ask for it, or for a `page`, are left out where there is none."""
    found = find_chromium()
    assert found is not None
    return found


@pytest.fixture(scope="session")
def java() -> Path:
    """The Java runtime. Tests that ask for it are left out where there is none."""
    found = find_java()
    assert found is not None
    return found


@pytest.fixture(scope="session")
def libreoffice() -> Path:
    """LibreOffice. Tests that ask for it are left out where there is none."""
    found = find_libreoffice()
    assert found is not None
    return found


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL of its own. Tests that ask for it are left out where there is none."""
    # No test takes its power away.
    with serving_postgresql("fsync=off") as server:
        assert server is not None
        yield server


@pytest.fixture(scope="session")
def redis() -> Path:
    """The Redis server. Tests that ask for it are left out where there is none."""
    found = find_redis()
    assert found is not None
    return found


@pytest.fixture(scope="session")
def failing_disk() -> Path:
    """What makes writing fail for a program. Tests that ask for it are left out where there is none."""
    found = find_failing_disk()
    assert found is not None
    return found


@pytest.fixture(scope="session")
def false_clock() -> Path:
    """What shows a program another time. Tests that ask for it are left out where there is none."""
    found = find_false_clock()
    assert found is not None
    return found


@pytest.fixture(scope="session")
def systemd_analyze() -> Path:
    """The check that systemd has for its units. Tests that ask for it are left out where there is none."""
    found = find_systemd()
    assert found is not None
    return found


@pytest.fixture(scope="session")
def browser_type_launch_args(chromium: Path) -> dict[str, Any]:
    """Start the browser that is here; as root it does not start within its own sandbox."""
    return {"executable_path": str(chromium), "args": ["--no-sandbox"] if os.geteuid() == 0 else []}


def pytest_configure() -> None:
    """In CI nothing is left out: what is missing is said before anything runs."""
    if os.environ.get("CI") == "true" and (lacking := missing()):
        names = " and ".join(tool.name for tool in lacking)
        raise pytest.UsageError(f"Some tests need {names}, and in CI every test must run.")


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """Several processes at once: what stands together in one file shares a house or a browser, and runs in one."""

    def _split_scope(self, nodeid: str) -> str:
        return self._together[nodeid]

    @cached_property
    def _together(self) -> dict[str, str]:
        # Tests of one file that need a browser stand apart from the others: they come last.
        runs = groupby(self.collection, key=lambda nodeid: nodeid.partition("::")[0])
        return {nodeid: f"{number} {file}" for number, (file, run) in enumerate(runs) for nodeid in run}


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    """Hand out whole files."""
    return ByFile(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot be run here, and remember it."""
    lacking = missing()
    left_out = {tool.fixture: [item for item in items if _needs(item, tool)] for tool in lacking}
    gone = {item for tests in left_out.values() for item in tests}
    config.stash[NOT_RUN] = {name: len(tests) for name, tests in left_out.items() if tests}
    # Browsers last of all: while they are driven, Playwright's event loop runs, and no other can.
    items[:] = sorted((item for item in items if item not in gone), key=lambda item: _needs(item, CHROMIUM))
    config.hook.pytest_deselected(items=list(gone))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Tell the process that started this one, if one did, what was left out."""
    if (told := getattr(session.config, "workeroutput", None)) is not None:
        told["not_run"] = session.config.stash.get(NOT_RUN, {})


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Hear it. Each process collects every test, so each tells the same."""
    node.config.stash[NOT_RUN] = getattr(node, "workeroutput", {}).get("not_run", {})


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say last of all, after pytest's own last line, what was not run and which one command brings it."""
    not_run = config.stash.get(NOT_RUN, {})
    if not_run and not hasattr(config, "workeroutput"):
        parts = [f"{tool.tested} ({not_run[tool.fixture]})" for tool in TOOLS if tool.fixture in not_run]
        print(f"Not run: {' and '.join(parts)}. To run them too: {how_to_get_them()}")  # noqa: T201


def _needs(item: pytest.Item, tool: Tool) -> bool:
    return tool.fixture in getattr(item, "fixturenames", ())
