"""Councils by chance: what each enquiry counts as, so that everything that is known to hold of figures holds."""

import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from bot.figures import ALL, BY_STATE, GROUPS, MEASURES, By, Cell, Measure, Spoken, Table
from bot.reporting import voices_of

QUARTERS = tuple(Cell(f"2025-{month:02}", f"Quarter {month}") for month in (1, 4, 7, 10))
GROUPED: Mapping[By, tuple[Cell, ...]] = {By.QUARTER: QUARTERS, **GROUPS}
WHOLE = Cell(ALL, "All")

UNSPOKEN = frozenset({"whom", "why_not_asked", "own_overall"})
"""Measures that no other has to do with."""

Enquiry = Mapping[tuple[str, Spoken], tuple[str, ...]]
"""By measure and voice: in which cells it counts."""


class Council:
    """Enquiries of one year. `spread` is how even it is: near to nought, nearly all are in one cell and one group."""

    def __init__(self, seed: int, enquiries: int, spread: float = 1.0) -> None:
        self._chance = random.Random(seed)
        self._spread = spread
        self._weights: dict[object, tuple[tuple[str, ...], list[float]]] = {}
        self.enquiries = [(self._groups(), self._enquiry()) for _ in range(enquiries)]

    def tables(self, by: By, measures: Iterable[str] = MEASURES) -> list[Table]:
        """Count measures, each voice in a table of its own."""
        groups = GROUPED.get(by, ())
        counts: dict[tuple[str, Spoken], Counter[tuple[str, str]]] = {}
        bases: dict[tuple[str, Spoken], Counter[str]] = {}
        for group, enquiry in self.enquiries:
            for key, cells in enquiry.items():
                for column in (group[by], ALL) if groups else (ALL,):
                    bases.setdefault(key, Counter())[column] += 1
                    counts.setdefault(key, Counter()).update((cell, column) for cell in cells)
        return [
            Table(
                measure=measure,
                columns=(*groups, WHOLE),
                counts={
                    (cell.id, column.id): counts.get((measure.id, spoken), Counter())[cell.id, column.id]
                    for cell in measure.cells
                    for column in (*groups, WHOLE)
                },
                base={column.id: bases.get((measure.id, spoken), Counter())[column.id] for column in (*groups, WHOLE)},
                do_columns_add_up=True,
                spoken=spoken,
                by=by,
            )
            for measure in (MEASURES[one] for one in measures)
            for spoken in (voices_of(measure))
        ]

    def _pick(self, name: object, among: Sequence[str]) -> str:
        """Draw one of several, some likelier than others, in the same way for each enquiry."""
        if name not in self._weights:
            self._weights[name] = tuple(among), [self._chance.gammavariate(self._spread, 1) + 1e-12 for _ in among]
        values, weights = self._weights[name]
        return self._chance.choices(values, weights)[0]

    def _is(self, name: str) -> bool:
        return self._pick(("is", name), ("yes", "no")) == "yes"

    def _groups(self) -> dict[By, str]:
        return {by: self._pick(by, [one.id for one in groups]) for by, groups in GROUPED.items()}

    def _cell(self, measure: Measure, spoken: Spoken = Spoken.ALL) -> tuple[str, ...]:
        named = [one.id for one in measure.cells]
        if measure.is_exclusive:
            return (self._pick((measure.id, spoken), named),)
        return tuple(one for one in named if self._is(f"{measure.id} {spoken} {one}"))

    def _enquiry(self) -> Enquiry:
        found: dict[tuple[str, Spoken], tuple[str, ...]] = {}

        def count(measure: str) -> str:
            found[measure, Spoken.ALL] = self._cell(MEASURES[measure])
            return (*found[measure, Spoken.ALL], "")[0]

        if count("not_followed") == "acted_against":
            count("not_followed_grounds")
        if found["not_followed", Spoken.ALL]:
            count("not_followed_told")
        if count("advocacy") == "advocate":
            count("advocates")
        if self._is("section 42"):
            asked = BY_STATE[count("state")]
            found["asked", Spoken.ALL] = (asked,)
            if asked == "asked_expressed" and self._is("said if achieved"):
                count("achieved")
                count("decided_by")
            if count("capacity") == "lacked":
                count("supported")
            if self._is("risk looked at") and count("risk_assessment").startswith("identified") and self._is("came of"):
                count("risk")
        for measure in MEASURES.values():
            for spoken in voices_of(measure):
                if (measure.is_spoken or measure.id in UNSPOKEN) and self._is(f"{measure.id} {spoken}"):
                    found[measure.id, spoken] = self._cell(measure, spoken)
        return found
