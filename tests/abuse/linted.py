"""What bandit says of the code that runs, and why each finding is none. Ruff's `S` rules say most of it at each check.

Whatever is not on the list is a finding, and so is a reason that nothing needs any more.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from bot.settings import ROOT
from tests.abuse.measuring import Length, Row, counted, proven

EVERYWHERE: Mapping[str, str] = {
    "B101": "assert states what is known; nothing that a person sends is checked by one",
    "B105": "names of headers, columns and addresses that have `secret`, `token` or `password` in them",
    "B404": "subprocess is how the box and the tools are started: without a shell, with arguments of our own",
    "B603": "the same",
    "B606": "the same: the box is the program that it starts, so that it ends with it",
}
"""By the number of the rule."""

HERE: Mapping[tuple[str, str], str] = {
    ("bot/dialogue.py", "B104"): "compared, not listened on",
    ("bot/settings.py", "B104"): "compared, not listened on",
    ("bot/interview.py", "B506"): "CSafeLoader, or SafeLoader where it is not there: both are safe",
    ("bot/web/team/markdown.py", "B704"): "cleaned by nh3 in the line above",
    ("bot/web/pages.py", "B704"): "put together of what templates of ours made and escaped",
    ("bot/demo/teamwork.py", "B311"): "the same seed is to give the same made-up words; nothing is secret",
    ("bot/publishing/disclosing.py", "B311"): "it has to be the same each time; nothing is secret",
    ("bot/store/backups.py", "B608"): "names of tables and columns from our own list",
    ("bot/store/copying.py", "B608"): "names of tables and columns from our own list",
    ("bot/store/migrations/versions/0010_what_was_forgotten.py", "B608"): "names of tables from our own list",
}
"""By file and rule."""

Found = list[tuple[str, str, int]]


def findings(*places: str) -> Found:
    """Run bandit. Gives file, rule and line of each finding."""
    told = subprocess.run(
        [sys.executable, "-m", "bandit", "--quiet", "--format", "json", "--recursive", *places],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    results = json.loads(told.stdout)["results"]
    return [(one["filename"].removeprefix("./"), one["test_id"], one["line_number"]) for one in results]


def unexplained(found: Found) -> list[str]:
    """Name what no reason explains, and every reason that explains nothing."""
    wrong = [
        f"{file}:{line} {rule}" for file, rule, line in found if rule not in EVERYWHERE and (file, rule) not in HERE
    ]
    there = {(file, rule) for file, rule, _ in found}
    return wrong + [f"{file} has no {rule} any more" for file, rule in HERE if (file, rule) not in there]


def measured(length: Length, folder: Path) -> Iterator[Row]:
    """Look through all that runs."""
    found = findings("bot", "actions", "box")
    yield counted("bandit: findings without a reason, reasons without a finding", unexplained(found), len(found), "0")
    (folder / "hole.py").write_text("import pickle\n\n\ndef read(sent):\n    return pickle.loads(sent)\n")
    rules = {rule for _, rule, _ in findings(str(folder))}
    yield proven("words read by pickle", is_found="B301" in rules)
