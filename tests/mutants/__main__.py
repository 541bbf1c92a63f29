"""What the tests notice: `make mutants`, or `python -m tests.mutants [--show] [MODULE …]`.

Each module is altered at one spot at a time, and its tests have to fail. It ends with a table, and with status 1 when
too many alterations of a module were not noticed.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from tests.mutants.altering import MODULES, Altered, alter, counted, prepare, shown, table_of, tried_again


def main() -> int:
    """Alter modules and print how many alterations were noticed. 1 when it were too few."""
    asked = argparse.ArgumentParser(description=__doc__, prog="python -m tests.mutants")
    asked.add_argument("--show", action="store_true", help="show what no test noticed")
    asked.add_argument("--workers", type=int, default=2, help="alterations tried side by side")
    asked.add_argument("modules", nargs="*", metavar="MODULE", help="a part of the paths that are altered, as `rows`")
    given = asked.parse_args()
    modules = [path for path in MODULES if not given.modules or any(part in path for part in given.modules)]
    if not modules:
        asked.error(f"no module is called that: {', '.join(MODULES)}")
    out, found = Console(), list[Altered]()
    for module in modules:
        with tempfile.TemporaryDirectory(prefix="own-words-mutants-") as name:
            folder = Path(name)
            prepare(module, folder)
            alter(folder, given.workers)
            one = tried_again(counted(module, folder), folder)
            found.append(one)
            # Said at once as well: whoever waits sees it go on.
            out.print(f"{module}: {one.killed} of {one.mutants}", markup=False, highlight=False)
            for survivor in one.survivors if given.show else ():
                out.print(shown(folder, survivor), markup=False, highlight=False)
    out.print(table_of(found))
    return 0 if all(one.is_met for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
