"""What may be published of tables: each number rounded or hidden, and a proof that what is hidden stays hidden."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.figures import ALL, BASE, LINKS, By, Cell, Link, Measure, Spoken, Table
from bot.publishing import disclosing
from bot.publishing.marking import (
    COARSE,
    CONFIDENTIAL,
    NO_PERCENTAGES,
    NOT_AVAILABLE,
    SMALLEST_BASE,
    WHOLE,
    could_be,
    percentage,
    rounded,
)
from bot.publishing.puzzle import Number, Percentages, Puzzle, nearest_step


@dataclass(frozen=True, slots=True)
class Shown:
    """What may be shown of one number."""

    text: str
    """`[c]`, `[x]` or the number."""
    number: int | None = None
    """To the nearest 5; None where it is hidden or not available."""
    percent: int | None = None
    """How many in a hundred of the base, from unrounded numbers, to the nearest `PublishedTable.percent_steps`."""

    @property
    def is_hidden(self) -> bool:
        """Whether there is a number that is not shown."""
        return self.text == CONFIDENTIAL


WHOLE_FROM = 500
"""Our own rule: beside something hidden, percentages are whole only of so many; 1 in 100 of them is 5."""

COARSE_FROM = 100
"""Our own rule: beside something hidden, there are percentages only of so many."""

NONE_AVAILABLE = Shown(NOT_AVAILABLE)
HIDDEN = Shown(CONFIDENTIAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTable:
    """A table as anybody may see it. It holds no exact number."""

    measure: Measure
    columns: tuple[Cell, ...]
    counts: Mapping[tuple[str, str], Shown]
    """By cell and column."""
    base: Mapping[str, Shown]
    """By column."""
    percent_steps: Mapping[str, int]
    """By column: percentages are whole (1), to the nearest 5 (5), or there are none (0)."""
    spoken: Spoken = Spoken.ALL
    by: By = By.NOTHING
    """What the columns are groups of."""


@dataclass(frozen=True, slots=True)
class Pack:
    """Everything that is published of a period, together."""

    tables: tuple[PublishedTable, ...]
    worlds: int
    """How many different sets of numbers were found that would all be shown as this pack. They are the proof."""

    def table(self, measure: str, columns: Sequence[str] = (ALL,), spoken: Spoken = Spoken.ALL) -> PublishedTable:
        """Find a table by its measure and the ids of its columns. Raises KeyError."""
        for one in self.tables:
            if (one.measure.id, tuple(column.id for column in one.columns), one.spoken) == (
                measure,
                tuple(columns),
                spoken,
            ):
                return one
        raise KeyError(measure)


class NotProven(Exception):
    """It could not be proved that nothing hidden can be worked out. Nothing is published."""


def publish(tables: Iterable[Table], links: Sequence[Link] = LINKS) -> Pack:
    """Give what may be shown of these tables, in their order.

    All that will ever be published of a period belongs in one call, every breakdown included: what is safe by age and
    what is safe by sex need not be safe together. Show part of a pack rather than a pack of a part.

    What "hidden" means, and against whom, is said in `bot.publishing.disclosing`. Raises NotProven.
    """
    tables = tuple(tables)
    riddle = _Riddle(tables, links)
    proof = disclosing.protect(riddle.puzzle)
    if not proof.holds:
        raise NotProven("These figures cannot be published: it is not certain that what is hidden stays hidden.")
    return Pack(tuple(riddle.published()), len(proof.worlds))


Place = tuple[str, str, str, tuple[str, ...], str]
"""Where a number stands: measure, whose words, cell or BASE, the columns of the breakdown, and which of them."""


class _Riddle:
    """Tables as a puzzle. The puzzle itself never holds an exact number."""

    def __init__(self, tables: Sequence[Table], links: Sequence[Link]) -> None:
        self._tables = tables
        self._links = links
        self._exact: dict[Place, int] = {}
        self._same: dict[Place, Place] = {}
        self._columns_of: set[tuple[tuple[str, ...], str, str]] = set()
        for table in tables:
            self._take(table)
        self._equate()
        self._empty = self._find_empty()
        self._numbers: dict[Place, int] = {}
        self._percentages: list[dict[str, int]] = []
        self.puzzle = Puzzle()
        self._number_all()
        self._add_up()
        self._divide()

    # --- which numbers there are ---

    def _take(self, table: Table) -> None:
        for place, exact in self._places(table):
            if exact is not None:
                if self._exact.setdefault(place, exact) != exact:
                    raise ValueError("The same figure was given twice, and differently: not the tables of one period.")
                self._same.setdefault(place, place)
                self._columns_of.add((place[3], place[4], place[1]))

    def _places(self, table: Table) -> Iterator[tuple[Place, int | None]]:
        for column in table.columns:
            for cell in table.measure.cells:
                yield _place(table, cell.id, column.id), table.counts.get((cell.id, column.id))
            yield _place(table, BASE, column.id), table.base.get(column.id)

    def _equate(self) -> None:
        """Numbers that everybody knows to be the same are one number: bases that count the same, and links."""
        bases: dict[tuple[str, str, tuple[str, ...], str], Place] = {}
        for table in self._tables:
            for column in table.columns:
                place = _place(table, BASE, column.id)
                if place in self._exact:
                    self._join(bases.setdefault((table.measure.base, *place[1:2], *place[3:]), place), place)
        for link, whole, parts in self._linked():
            if link.is_exact and len(parts) == 1:
                self._join(whole, parts[0])

    def _linked(self) -> Iterator[tuple[Link, Place, list[Place]]]:
        """List the links that hold for figures that are here."""
        for link in self._links:
            for breakdown, column, spoken in sorted(self._columns_of):
                whole, *parts = (
                    (measure, spoken, cell, breakdown, column) for measure, cell in (link.whole, *link.parts)
                )
                if all(place in self._exact for place in (whole, *parts)):
                    together = sum(self._exact[place] for place in parts)
                    if together == self._exact[whole] or (not link.is_exact and together < self._exact[whole]):
                        yield link, whole, parts

    def _join(self, one: Place, other: Place) -> None:
        if self._exact[one] == self._exact[other]:
            self._same[self._root(other)] = self._root(one)

    def _root(self, place: Place) -> Place:
        while self._same[place] != place:
            place = self._same[place]
        return place

    def _find_empty(self) -> set[Place]:
        """Find what was counted and is shown as not available: tables without anybody, as the national rule has it.

        Not where that would give away a hidden number of another table, which is the same or lies within it.
        """
        full: set[Place] = set()
        while True:
            found = {
                self._root(place)
                for table in self._tables
                if any(exact or self._root(place) in full for place, exact in self._places(table) if exact is not None)
                for place, exact in self._places(table)
                if exact is not None
            }
            found |= {
                self._root(whole)
                for _, whole, parts in self._linked()
                if any(self._root(part) in found for part in parts)
            }
            if found == full:
                return {place for place in self._exact if self._root(place) not in full}
            full = found

    def _number_all(self) -> None:
        whole = {self._root(place) for place in self._exact if place[4] == ALL}
        with_percentages = {self._root(place) for place in self._exact if place[2] == BASE}
        for place, exact in self._exact.items():
            root = self._root(place)
            if root in self._numbers or place in self._empty:
                continue
            nearest = rounded(exact)
            self._numbers[root] = self.puzzle.add(
                Number(
                    nearest=nearest,
                    is_hidden=nearest is None,
                    is_part=root not in whole,
                    is_large_base=exact >= SMALLEST_BASE
                    if root in with_percentages and nearest is not None and SMALLEST_BASE in could_be(nearest)
                    else None,
                )
            )

    def _number(self, place: Place) -> int | None:
        return self._numbers.get(self._root(place)) if place in self._exact else None

    # --- which sums everybody knows ---

    def _add_up(self) -> None:
        known: set[tuple[int, tuple[int, ...]]] = set()
        for table in self._tables:
            for column in table.columns:
                cells = [_place(table, cell.id, column.id) for cell in table.measure.cells]
                base = _place(table, BASE, column.id)
                self._add_column(cells, base)
                if table.measure.is_exclusive:
                    self._add_sum(known, base, cells, is_exact=True)
                else:
                    for cell in cells:
                        self._add_sum(known, base, [cell], is_exact=False)
            *groups, whole = table.columns
            for cell_id in (*(cell.id for cell in table.measure.cells), BASE):
                everything = _place(table, cell_id, whole.id)
                parts = [_place(table, cell_id, group.id) for group in groups]
                if table.do_columns_add_up and parts:
                    self._add_sum(known, everything, parts, is_exact=True)
                else:
                    for part in parts:
                        self._add_sum(known, everything, [part], is_exact=False)
        for link, whole_place, linked in self._linked():
            self._add_sum(known, whole_place, linked, is_exact=link.is_exact)

    def _add_column(self, cells: Sequence[Place], base: Place) -> None:
        numbers = [self._number(place) for place in (*cells, base)]
        self.puzzle.columns.append(tuple(number for number in numbers if number is not None))

    def _add_sum(
        self, known: set[tuple[int, tuple[int, ...]]], whole: Place, parts: Sequence[Place], *, is_exact: bool
    ) -> None:
        """Add a sum where all of it is here, it is true, and it was not said before."""
        total = self._number(whole)
        numbers = [self._number(place) for place in parts if place not in self._empty]
        if total is None or None in numbers:
            return
        left = self._exact[whole] - sum(self._exact[place] for place in parts)
        found = tuple(sorted(number for number in numbers if number is not None))
        if (total, found) in known or found == (total,) or left < 0 or (is_exact and left):
            return
        known.add((total, found))
        if is_exact:
            self.puzzle.sums.append((*((number, 1) for number in found), (total, -1)))
        else:
            self.puzzle.rest(total, found)

    # --- percentages ---

    def _divide(self) -> None:
        for table in self._tables:
            self._percentages.append({})
            for column in table.columns:
                base = _place(table, BASE, column.id)
                number = self._number(base)
                if number is None or self._exact[base] < SMALLEST_BASE:
                    continue
                of = {}
                for cell in table.measure.cells:
                    place = _place(table, cell.id, column.id)
                    at = self._number(place)
                    if at is not None and at != number and self._exact[place] <= self._exact[base]:
                        of[at] = percentage(self._exact[place], self._exact[base])
                self._percentages[-1][column.id] = len(self.puzzle.percentages)
                self.puzzle.percentages.append(Percentages(number, of, self._step(number, of)))

    def _step(self, base: int, of: Iterable[int]) -> int:
        """Say how finely to begin with, so that percentages tell hardly more than rounded counts do."""
        whole = self.puzzle.numbers[base].middle
        if whole >= WHOLE_FROM or not any(self.puzzle.numbers[at].is_hidden for at in of):
            return WHOLE
        return COARSE if whole >= COARSE_FROM else NO_PERCENTAGES

    # --- what may be shown ---

    def published(self) -> Iterator[PublishedTable]:
        """Give each table as the puzzle stands."""
        for table, percentages in zip(self._tables, self._percentages, strict=True):
            base, counts, steps = {}, {}, {}
            for column in table.columns:
                base[column.id] = self._shown(_place(table, BASE, column.id), None)
                which = percentages.get(column.id)
                divided = None if which is None else self.puzzle.percentages[which]
                if divided is not None and self.puzzle.numbers[divided.base].is_hidden:
                    divided = None
                steps[column.id] = NO_PERCENTAGES if divided is None else divided.step
                for cell in table.measure.cells:
                    counts[cell.id, column.id] = self._shown(_place(table, cell.id, column.id), divided)
            yield PublishedTable(
                measure=table.measure,
                columns=table.columns,
                counts=counts,
                base=base,
                percent_steps=steps,
                spoken=table.spoken,
                by=table.by,
            )

    def _shown(self, place: Place, divided: Percentages | None) -> Shown:
        at = self._number(place)
        if at is None:
            return NONE_AVAILABLE
        number = self.puzzle.numbers[at]
        if number.is_hidden or number.nearest is None:
            return HIDDEN
        percent = None
        if divided is not None and divided.step != NO_PERCENTAGES and at in divided.of:
            percent = nearest_step(divided.of[at], divided.step)
        return Shown(str(number.nearest), number.nearest, percent)


def _place(table: Table, cell: str, column: str) -> Place:
    breakdown = () if column == ALL else tuple(one.id for one in table.columns)
    return table.measure.id, table.spoken, cell, breakdown, column
