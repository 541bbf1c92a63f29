"""What came of a fault: how often it was made, what was acknowledged meanwhile, and what of that is not there, once."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles

from rich.console import Console
from rich.table import Table

from bot.conversation import Now, standing
from bot.store.verifying import verify
from tests.faults.houses import turns_of
from tests.faults.quick import Nursery, QuickHouse, StandingEngine
from tests.faults.telling import Compared, Teller, asked_on_the_way
from tests.house import House

NAMES = ("Ann", "Ben", "Cal")


@dataclass
class Outcome:
    """One line of the table."""

    fault: str
    target: str = ""
    times: int = 0
    """How often the fault was made."""
    found: Compared = field(default_factory=Compared)
    problems: list[str] = field(default_factory=list)
    """Whatever else is not as it should be."""
    back: list[float] = field(default_factory=list)
    """Seconds until it went on by itself, each time that was measured."""
    back_within: float = 0.0
    """Seconds that it may take; 0 where none is promised."""
    planted: int | None = None
    """How much was found wrong when the product was made to do wrong under the same fault; None: planted elsewhere."""

    @property
    def wrong(self) -> list[str]:
        """Why the promise was not kept."""
        found = [*self.found.wrong, *self.problems]
        if self.back_within and self.back and max(self.back) > self.back_within:
            found.append(f"it took {max(self.back):.1f} s to go on, not {self.back_within:.0f} s")
        if self.planted == 0:
            found.append("what was planted was not found")
        return found

    @property
    def cells(self) -> tuple[str, ...]:
        """What the table shows."""
        return (
            self.fault,
            f"{self.times:,}",
            f"{self.found.acknowledged:,}" if self.found.acknowledged else "",
            f"{len(self.found.lost):,}",
            f"{len(self.found.doubled):,}",
            f"{len(self.found.altered) + len(self.problems):,}",
            self._back(),
            "" if self.planted is None else f"{self.planted:,}",
            self.target,
        )

    def _back(self) -> str:
        if not self.back:
            return ""
        usual = quantiles(self.back, n=20)[-1] if len(self.back) > 20 else max(self.back)
        return f"{usual:.1f} s" if len(self.back) <= 20 else f"p95 {usual:.1f} s, worst {max(self.back):.1f} s"


COLUMNS = ("fault", "times", "acknowledged", "lost", "doubled", "other", "back after", "planted found", "target")


@dataclass
class Yard:
    """Where faults are made: a folder, a dialogue engine for all houses in it, and how much is to be done."""

    folder: Path
    engine: StandingEngine
    nursery: Nursery
    model: Path
    is_short: bool
    out: Console = field(default_factory=lambda: Console(stderr=True))
    road: list[str | None] = field(default_factory=list)
    """The questions of a conversation that nothing happens to."""
    people: list[Teller] = field(default_factory=list)
    """Everybody who has talked here."""

    def tellers(self, seed: str, *, are_patient: bool = False, names: Sequence[str] = NAMES) -> list[Teller]:
        """Make people who talk, the same way each time for the same seed."""
        made = [Teller(name, random.Random(f"{seed} {name}"), is_patient=are_patient) for name in names]
        self.people += made
        return made

    def times(self, long: int, short: int) -> int:
        """How often something is to be done."""
        return short if self.is_short else long

    def say(self, line: str) -> None:
        """Show how far it is; nothing that anybody said."""
        self.out.print(line, highlight=False)

    def show(self, outcome: Outcome, *, every: int = 1) -> None:
        """Show how far a fault is that takes long, each time it was made so often."""
        if outcome.times % every == 0:
            self.say(f"{outcome.fault}: {' | '.join(outcome.cells[1:7])}")

    @contextmanager
    def house(self, name: str, nursery: Nursery | None = None, **settings: str) -> Iterator[QuickHouse]:
        """Have a house of its own for a fault."""
        house = QuickHouse(self.folder / name, self.engine, nursery or self.nursery, **settings)
        try:
            yield house
        finally:
            house.close()


def out_of_turn(house: House, people: Sequence[Teller], road: Sequence[str | None]) -> list[str]:
    """Name every conversation in which a question came that does not come there when nothing happens."""
    wrong: list[str] = []
    for teller in people:
        for conversation_id in teller.conversations:
            turns = turns_of(house, conversation_id)
            asked = asked_on_the_way(turns)
            is_over = bool(turns) and standing(turns).now is Now.ENDED
            if asked != list(road[: len(asked)]) or (is_over and asked != list(road)):
                wrong.append(f"conversation {conversation_id} was asked out of turn")
    return wrong


def finish_all(house: QuickHouse, people: Sequence[Teller]) -> None:
    """Let everybody come to the end of their conversation."""
    for teller in people:
        teller.move_to(house)
        teller.talk(longest=1)
        teller.finish()


def verified(house: House) -> list[str]:
    """What `python -m bot verify` would say against it."""
    with house.store() as store:
        return [f"verify: {problem}" for problem in verify(store)]


def table_of(outcomes: Sequence[Outcome], took: float) -> Table:
    """Lay out what came of it."""
    table = Table(*COLUMNS, title=f"Faults, in {took / 60:.0f} minutes")
    for outcome in outcomes:
        table.add_row(*outcome.cells, style="red" if outcome.wrong else "")
    return table
