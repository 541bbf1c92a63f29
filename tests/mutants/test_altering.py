"""What came of altering the code: how it is counted, and what the table says of it."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from tests.mutants.altering import MODULES, ROOT, Altered, counted, table_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as mutmut leaves it: a test failed, all went well, one had no end, and one no test goes near."""
    ended = {"one": 1, "another": 0, "endless": 36, "unreached": 33}
    (tmp_path / "mutants" / "bot").mkdir(parents=True)
    (tmp_path / "mutants" / "bot" / "roles.py.meta").write_text(json.dumps({"exit_code_by_key": ended}))
    return tmp_path


def test_what_no_test_notices_and_what_none_goes_near_has_survived(folder: Path) -> None:
    assert counted("bot/roles.py", folder) == Altered("bot/roles.py", 4, 2, ("another", "unreached"))


def test_the_table_says_of_each_module_how_much_of_it_was_noticed() -> None:
    out = Console(width=100)
    with out.capture() as said:
        out.print(table_of([Altered("bot/roles.py", 1000, 849), Altered("bot/store/logs.py", 20, 17)]))
    roles, logs, together = (line for line in said.get().splitlines() if "bot/" in line or "together" in line)
    assert all(figure in roles for figure in ("1,000", "849", "84.9%", "≥ 85%"))
    assert all(figure in logs for figure in ("20", "17", "85.0%", "≥ 85%"))
    assert all(figure in together for figure in ("1,020", "866", "84.9%"))


def test_too_little_noticed_is_a_target_missed() -> None:
    assert not Altered("bot/roles.py", 1000, 849).is_met
    assert Altered("bot/roles.py", 1000, 850).is_met
    assert not Altered("bot/roles.py", 0, 0).is_met


def test_every_module_that_is_altered_and_every_test_of_it_is_there() -> None:
    for module, tests in MODULES.items():
        assert all((ROOT / path).is_file() for path in (module, *tests))
