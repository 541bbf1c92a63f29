"""A module is altered at one spot at a time, and its tests have to notice: mutmut does it, in a copy of the project."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent.parent
COPIED = ("bot", "actions", "box", "data", "tests", "domain.yml", "config.yml", "pyproject.toml")
"""What the chosen tests need of the project."""

MODULES: Mapping[str, Sequence[str]] = {
    "bot/store/sealing.py": ("tests/store/test_sealing.py",),
    "bot/store/rows.py": ("tests/store/test_rows.py", "tests/store/test_entries.py"),
    "bot/roles.py": ("tests/test_roles.py",),
    "bot/store/logs.py": ("tests/store/test_cuts.py",),
    "bot/store/cuts.py": ("tests/store/test_cuts.py",),
    "bot/publishing/writing.py": ("tests/publishing/test_files.py", "tests/publishing/test_comparing.py"),
    "bot/store/entries.py": ("tests/store/test_entries.py",),
    "bot/store/conversations.py": ("tests/store/test_conversations.py",),
    "bot/store/checkpoints.py": ("tests/store/test_checkpoints.py",),
    "bot/store/forgetting.py": ("tests/store/test_forgetting.py",),
    "bot/store/keys.py": ("tests/store/test_store.py",),
    "bot/documents.py": ("tests/test_documents.py",),
    "bot/store/verifying.py": ("tests/store/test_verifying.py",),
}
"""What is altered, and the few tests that are about it: all of them would take days."""

LEFT_OUT = "not (server or postgresql or spreadsheet_program)"
"""Tests that wait for another program: each alteration is to cost a second or two."""

ARGUMENTS = ("-p", "no:cacheprovider", "-p", "no:playwright", "-k", LEFT_OUT, "-m", "not hypothesis")
"""What pytest is told beside. Tests that try things by chance are left out, so that it ends the same each time."""

TARGET = 0.85
"""The least share of alterations that the tests of a module have to notice."""

CONFIGURED = """
[tool.mutmut]
source_paths = ["bot"]
only_mutate = ["{module}"]
also_copy = {also}
# The wording of a refusal is for whoever reads it.
do_not_mutate_patterns = ["raise "]
pytest_add_cli_args = {arguments}
pytest_add_cli_args_test_selection = {tests}
# Whatever takes so much longer than it did has no end.
timeout_constant = 10
timeout_multiplier = 10
use_git_change_detection = false
"""

NOTICED = {1, 3}
"""What pytest ends with when a test has failed."""

ENDLESS = {36, 24, -24, 152, 255}
"""What mutmut ends it with when it has no end."""


@dataclass(frozen=True, slots=True)
class Altered:
    """What came of altering one module."""

    module: str
    mutants: int
    killed: int
    survivors: tuple[str, ...] = ()
    """mutmut's names of those that no test noticed."""

    @property
    def share(self) -> float:
        return self.killed / self.mutants if self.mutants else 0.0

    @property
    def is_met(self) -> bool:
        return self.share >= TARGET


def prepare(module: str, folder: Path) -> None:
    """Copy the project to a folder of its own, where this module is to be altered."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "vendor*"))
        else:
            shutil.copy2(ROOT / name, folder / name)
    configured = CONFIGURED.format(
        module=module,
        also=json.dumps([name for name in COPIED if name != "bot"]),
        arguments=json.dumps(ARGUMENTS),
        tests=json.dumps(MODULES[module]),
    )
    with (folder / "pyproject.toml").open("a") as file:
        file.write(configured)


def alter(folder: Path, workers: int, *names: str) -> None:
    """Alter it at every spot, or as these mutants do. Raises `CalledProcessError` where tests fail by themselves."""
    command = [mutmut(), "run", "--max-children", str(workers), *names]
    # On its way it says many pages; where it fails, the last lines say why.
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        sys.stderr.write(done.stdout[-4000:] + done.stderr[-4000:])
        done.check_returncode()


def counted(module: str, folder: Path) -> Altered:
    """Count what mutmut found. A mutant that none of the tests reaches has survived."""
    ended: Mapping[str, int | None] = json.loads((folder / "mutants" / f"{module}.meta").read_text())[
        "exit_code_by_key"
    ]
    survivors = tuple(name for name, code in ended.items() if code not in NOTICED | ENDLESS)
    return Altered(module, len(ended), len(ended) - len(survivors), survivors)


def tried_again(found: Altered, folder: Path) -> Altered:
    """Try what survived once more where a module works something out when it is imported: see `afresh`."""
    here = folder / "mutants"
    imported = [sys.executable, "-c", f"import {dotted(found.module)}"]
    env = os.environ | {"MUTANT_UNDER_TEST": "fail"}
    if subprocess.run(imported, cwd=here, env=env, check=False, capture_output=True).returncode == 0:
        return found
    trying = [sys.executable, "-m", "tests.mutants.afresh", found.module, *found.survivors]
    said = subprocess.run(trying, cwd=here, check=True, capture_output=True, text=True).stdout.split()
    survivors = tuple(name for name in found.survivors if name in said)
    return replace(found, killed=found.mutants - len(survivors), survivors=survivors)


def dotted(path: str) -> str:
    """The name by which a file is imported."""
    return path.removesuffix(".py").replace("/", ".")


def shown(folder: Path, name: str) -> str:
    """Show what a mutant alters, as a difference."""
    return subprocess.run([mutmut(), "show", name], cwd=folder, check=True, capture_output=True, text=True).stdout


def mutmut() -> str:
    """Where mutmut is: beside this Python."""
    return str(Path(sys.executable).with_name("mutmut"))


def table_of(found: Sequence[Altered]) -> Table:
    """Make the table of what was found, each module beside the target."""
    table = Table(title="Alterations that the tests notice")
    table.add_column("module")
    for name in ("mutants", "killed", "share", "target"):
        table.add_column(name, justify="right")
    for one in found:
        cells = (f"{one.mutants:,}", f"{one.killed:,}", f"{one.share:.1%}", f"≥ {TARGET:.0%}")
        table.add_row(one.module, *cells, style=None if one.is_met else "bold red")
    mutants, killed = sum(one.mutants for one in found), sum(one.killed for one in found)
    table.add_section()
    table.add_row("together", f"{mutants:,}", f"{killed:,}", f"{killed / mutants:.1%}" if mutants else "", "")
    return table
