"""The whole API asked by a program that knows it from its description alone (schemathesis), very often.

The tests do the same, seldomer; this is only how often, and by how many at once. Run as a program it is one of those:
`python -m tests.abuse.api FOLDER CASES CHANCE`.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from bot.connecting import reading
from bot.settings import ROOT
from bot.web.api import routes as api_routes
from tests.abuse.measuring import Length, Row, counted, proven
from tests.api.asking import Served, asked, serving_the_api, ways

CASES = {Length.SHORT: 300, Length.LONG: 50_000}
"""In all."""
AT_ONCE = 2
"""Programs that ask, each a site of its own, in the long form."""
OF_ONE_WAY = 250
"""Asked in one go, before the next way to ask comes round: where hardly anything can be asked, less is soon all."""
RARE = 50
"""A choice of `at_most` beyond which a planted hole lies."""

Answers = Callable[..., Any]


def ask_everything(there: Served, cases: int, chance: int, most: int | None = None) -> tuple[int, list[str]]:
    """Go round all ways to ask until it was so often, or so much was wrong. Gives how often it was, and what was."""
    tried, wrong = 0, list[str]()
    every = list(ways(there))
    for turn, way in enumerate(cycle(every)):
        if tried >= cases or (most is not None and len(wrong) >= most):
            break
        share = min(OF_ONE_WAY, cases // len(every) + 1, cases - tried)
        more, found = asked(there, way, share, chance + turn)
        tried += more
        wrong += found
    return tried, wrong


def at_once(folder: Path, cases: int) -> tuple[int, list[str]]:
    """Have several programs do it, each its part, on a site of its own."""
    asking = []
    for number in range(AT_ONCE):
        place = folder / str(number)
        place.mkdir()
        command = [sys.executable, "-m", "tests.abuse.api", str(place), str(cases // AT_ONCE), str(1_000_000 * number)]
        asking.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True))
    tried, wrong = 0, list[str]()
    for one in asking:
        told, _ = one.communicate()
        if one.returncode:
            wrong.append(f"a program that asks ended with {one.returncode}")
            continue
        more, found = json.loads(told.splitlines()[-1])
        tried += more
        wrong += found
    return tried, wrong


def _fails_seldom(right: Answers) -> Answers:
    def enquiries(*given: Any, at_most: int, **chosen: Any) -> Any:
        if at_most > RARE:
            raise ZeroDivisionError
        return right(*given, at_most=at_most, **chosen)

    return enquiries


def _says_more(right: Answers) -> Answers:
    def problem(status: int, **told: Any) -> Any:
        return right(409 if status == 422 else status, **told)

    return problem


HOLES: dict[str, tuple[Any, str, Callable[[Answers], Answers]]] = {
    f"a failure for more than {RARE} enquiries": (reading, "enquiries", _fails_seldom),
    "a status that is not described": (api_routes, "problem", _says_more),
}
"""What is planted, where, and by what."""


def measured(length: Length, folder: Path) -> Iterator[Row]:
    """Ask. Each answer has to be one that the description has, and none is 5xx; first of an API with holes."""
    with ExitStack() as here:
        place = folder / "here"
        place.mkdir()
        there = here.enter_context(serving_the_api(place))
        for what, (module, name, hole) in HOLES.items():
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr(module, name, hole(getattr(module, name)))
                _, wrong = ask_everything(there, CASES[Length.SHORT], chance=17, most=1)
                yield proven(what, is_found=bool(wrong))
        if length is Length.SHORT:
            tried, wrong = ask_everything(there, CASES[length], chance=17)
    if length is Length.LONG:
        tried, wrong = at_once(folder, CASES[length])
    where = f"API, {len(api_routes.routes)} addresses: answers that are not described, 5xx, stack traces"
    yield counted(where, sorted(set(wrong)), tried, "0")


if __name__ == "__main__":
    with serving_the_api(Path(sys.argv[1])) as served_here:
        sys.stdout.write(json.dumps(ask_everything(served_here, int(sys.argv[2]), int(sys.argv[3]))))
