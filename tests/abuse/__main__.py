"""Abuse of the product, and what came of it: `make abuse`, or `python -m tests.abuse [--short] [SUITE …]`."""

import argparse
import importlib
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.abuse.measuring import Length, Suite

SUITES = ("exact", "running", "commands", "rights", "leaks", "readers", "linted", "api", "timing")
"""Modules of this package, in the order in which they run. Each has `measured`."""


def main() -> int:
    """Run suites and print what they measured beside the targets. 1 when one is missed."""
    asked = argparse.ArgumentParser(description=__doc__, prog="python -m tests.abuse")
    asked.add_argument("--short", action="store_true", help="a part of each suite, in seconds")
    asked.add_argument("suites", nargs="*", metavar="SUITE", help=f"one of {', '.join(SUITES)}; without any, all")
    given = asked.parse_args()
    if unknown := set(given.suites) - set(SUITES):
        asked.error(f"there is no suite {sorted(unknown)[0]}")
    length = Length.SHORT if given.short else Length.LONG
    out, missed = Console(), 0
    table = Table("what", "measured", "target", title=f"Abuse of Own Words, {length} form")
    for name in given.suites or SUITES:
        suite: Suite = importlib.import_module(f"tests.abuse.{name}").measured
        began, processor = time.perf_counter(), time.process_time()
        with tempfile.TemporaryDirectory(prefix="own-words-abuse-") as folder:
            for row in suite(length, Path(folder)):
                # Said at once as well: the long form takes its time, and whoever waits sees it go on.
                out.print(
                    f"{'' if row.is_met else 'MISSED: '}{row.what}: {row.measured}", markup=False, highlight=False
                )
                table.add_row(row.what, row.measured, row.target, style=None if row.is_met else "bold red")
                missed += not row.is_met
        took = f"{time.perf_counter() - began:.0f} s, {time.process_time() - processor:.0f} s of processor here"
        table.add_row(f"{name}: time taken", took, "", end_section=True, style="dim")
    out.print(table)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
