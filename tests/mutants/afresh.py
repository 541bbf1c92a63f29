"""Tries mutants of a module that works something out when it is imported, by `python -m tests.mutants.afresh MODULE …`.

mutmut forks from a process that has imported everything, and what was worked out by then is as it was. Here a fork
imports the module and its tests once more, altered. Runs where mutmut put what it altered; prints what survived.
"""

import os
import sys

import pytest

from tests.mutants.altering import ARGUMENTS, MODULES, dotted


def survives(module: str, name: str) -> bool:
    """Say whether every test goes well with this mutant, in a fork of this process."""
    child = os.fork()
    if child == 0:
        os.environ["MUTANT_UNDER_TEST"] = name
        for path in (module, *MODULES[module]):
            del sys.modules[dotted(path)]
        os._exit(pytest.main(["-x", "-q", *ARGUMENTS, *MODULES[module]]))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def main(module: str, *names: str) -> None:
    """Import everything, then try one mutant after the other."""
    os.environ["MUTANT_UNDER_TEST"] = ""
    pytest.main(["-q", "--collect-only", *ARGUMENTS, *MODULES[module]])
    assert survives(module, ""), "the tests fail where nothing is altered"
    survivors = [name for name in names if survives(module, name)]
    print(*survivors, sep="\n")  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
