"""Every fault, again and again, with the product as it is: `python -m tests.faults`, or `make faults`.

`--short` does a little of each; the names of faults do these alone. It ends with a table, and with status 1 when a
promise was not kept, or when what was planted was not found.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from tests.boxes import trained_model
from tests.faults import clocks, databases, disks, engines, kills, limits, machines, schemas, twice
from tests.faults.houses import turns_of
from tests.faults.outcomes import Outcome, Yard, finish_all, table_of
from tests.faults.quick import Nursery, StandingEngine
from tests.faults.telling import asked_on_the_way

FAULTS: Mapping[str, Callable[[Yard], Iterator[Outcome]]] = {
    "kills": kills.outcomes,
    "failing": disks.failing,
    "full": disks.full,
    "power": disks.power,
    "locked": databases.locked,
    "servers": databases.servers,
    "clock": clocks.outcomes,
    "twice": twice.outcomes,
    "limits": limits.outcomes,
    "migration": schemas.outcomes,
    "hung": engines.hung,
    "whole": engines.whole,
    "machines": machines.outcomes,
}


@contextmanager
def yard(folder: Path, *, is_short: bool) -> Iterator[Yard]:
    """Set up what all faults share, and see how a conversation goes to which nothing happens."""
    model = trained_model()
    nursery = Nursery(folder / "nursery")
    engine = StandingEngine(folder / "engine").start(model)
    try:
        made = Yard(folder, engine, nursery, model, is_short)
        with made.house("undisturbed") as house:
            house.open().wait_until_ready()
            people = made.tellers("undisturbed", names=("Ann",))
            finish_all(house, people)
            made.road = asked_on_the_way(turns_of(house, people[0].conversations[0]))
        yield made
        for teller in made.people:
            teller.browser.close()
    finally:
        nursery.close()
        engine.close()


def _made(name: str, here: Yard) -> Iterator[Outcome]:
    """Make a fault. Where that breaks off, that is what came of it: the others are made, and the table is printed."""
    try:
        yield from FAULTS[name](here)
    except Exception as error:  # noqa: BLE001 whatever it is, it stands in the table
        here.out.print_exception()
        yield Outcome(name, "", problems=[f"broke off: {error!r}"])


def main(arguments: Sequence[str]) -> int:
    """Make the faults that are named, or all; give the status to end with."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--short", action="store_true", help="a little of each, as CI does")
    parser.add_argument("names", nargs="*", choices=[*FAULTS, []], metavar="fault", help=", ".join(FAULTS))
    asked = parser.parse_args(arguments)
    out, began = Console(width=160), time.monotonic()
    done: list[Outcome] = []
    with (
        tempfile.TemporaryDirectory(prefix="own-words-faults-") as folder,
        yard(Path(folder), is_short=asked.short) as here,
    ):
        for name in asked.names or FAULTS:
            for outcome in _made(name, here):
                done.append(outcome)
                here.show(outcome)
                for line in outcome.wrong[:10]:
                    here.say(f"{outcome.fault}: {line}")
    out.print(table_of(done, time.monotonic() - began))
    return 1 if any(outcome.wrong for outcome in done) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
