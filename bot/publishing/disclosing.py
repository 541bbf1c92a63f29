"""Whether a number that is hidden can be worked out from those that are shown, and what else to hide if it can.

**The attacker** knows the rules, every number shown, every percentage, which sums hold between all of them (cells that
add up to their base, columns that add up to all, a base that is a cell of another table), and, although the marker does
not tell, which hidden counts are under 5 wherever everything else in that column is shown.

**"Cannot be worked out" means**, and is proved for each hidden number by worlds, which are complete sets of numbers
that would show exactly what is shown:

- a count under 5 can still be each of 0, 1, 2, 3 and 4;
- one that is hidden for its sake, and how many of a base are *not* in a cell where that may be fewer than 5, can still
  be more than one number.

Worlds are looked for by a solver of integer programmes (HiGHS), which works in floating point; each is then checked
here in whole numbers. So an error of the solver can hide more than is needed, and never too little.

What is hidden is worked out from what the national rule alone would show (`Puzzle` never holds an exact count).
Somebody who knows how it is chosen can learn from the choice what the rounded number would have told; so whole groups
are hidden, in which nobody can say which count it was for. A test goes through every small table of two cells, and sees
that even for somebody who knows all of this no hidden count has a single possible value. Of larger tables that much is
not proved for each pack; what stands above is.

**Outside of this**: what is published about the same people at another time or in another pack. Whatever is shown of a
period has to be part of one pack.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.publishing.marking import COARSE, NO_PERCENTAGES, SMALLEST_BASE, SMALLEST_SHOWN, WHOLE, could_be

REACH = 400
"""How far from what the rule shows a world may be. Further is never needed; a limit keeps the solver exact."""

UNLIMITED = 10**9

TRIES = 1000
"""How many changes are tried to put sums right before the solver is asked."""

Terms = tuple[tuple[int, int], ...]
"""A sum that is nought: number and factor, several times."""


@dataclass(slots=True)
class Number:
    """One number of a pack, which may stand in several places."""

    nearest: int | None
    """To the nearest 5; None for a count under 5."""
    is_hidden: bool
    is_total: bool = False
    """Whether it is a base, or counts everything: the last that one would hide."""
    is_large_base: bool | None = None
    """Whether a percentage tells that it is a base of 10 or more, or its lack that it is not."""
    is_rest: bool = False
    """Nowhere shown: what is left of a base, or of a larger group."""

    @property
    def is_small(self) -> bool:
        """Whether it is a count under 5."""
        return self.nearest is None and not self.is_rest

    @property
    def middle(self) -> int:
        """Where worlds begin to differ from."""
        return 0 if self.nearest is None else self.nearest


@dataclass(slots=True)
class Percentages:
    """The percentages of one column of one table, and how finely they are shown."""

    base: int
    of: Mapping[int, int]
    """Number → its percentage to the nearest whole one."""
    step: int = WHOLE


@dataclass(frozen=True, slots=True)
class Wanted:
    """A number is to be within these limits in some world, so that nobody can know that it is not."""

    number: int
    least: int
    most: int


World = Mapping[int, int]
"""By number: what it is in a world."""


@dataclass(slots=True)
class Puzzle:
    """Everything that is published together, as an attacker sees it."""

    numbers: list[Number] = field(default_factory=list)
    sums: list[Terms] = field(default_factory=list)
    percentages: list[Percentages] = field(default_factory=list)
    columns: list[tuple[int, ...]] = field(default_factory=list)
    """Which numbers stand in one column of one table, its base last."""

    def add(self, number: Number) -> int:
        """Add a number, and give what it is known by."""
        self.numbers.append(number)
        return len(self.numbers) - 1

    def rest(self, whole: int, parts: Sequence[int]) -> int:
        """Say that parts lie within a whole. What is left over is a number of its own."""
        left = self.add(Number(nearest=None, is_hidden=True, is_rest=True))
        self.sums.append((*((part, 1) for part in parts), (left, 1), (whole, -1)))
        return left

    def limits(self) -> list[tuple[int, int]]:
        """Give, for each number, what an attacker knows of it by itself."""
        ambiguous = set(self._beside_a_hidden_one())
        return [self._limits(number, at in ambiguous) for at, number in enumerate(self.numbers)]

    def wanted(self) -> Iterator[Wanted]:
        """List everything that has to be possible before this may be published, of counts under 5."""
        for at, number in enumerate(self.numbers):
            if number.is_small:
                yield from (Wanted(at, value, value) for value in range(SMALLEST_SHOWN))

    def uncertain(self) -> Iterator[int]:
        """List what must not be certain: larger counts that are hidden, and rests that may be small."""
        for at, number in enumerate(self.numbers):
            if number.is_hidden and number.nearest is not None:
                yield at
        yield from self._small_rests()

    def _small_rests(self) -> Iterator[int]:
        for terms in self.sums:
            *parts, last, whole = (at for at, _ in terms)
            if not self.numbers[last].is_rest or any(self.numbers[at].is_hidden for at in (*parts, whole)):
                continue
            if self.numbers[whole].middle - sum(self.numbers[at].middle for at in parts) <= SMALLEST_SHOWN:
                yield last

    def shares(self) -> Iterator[tuple[int, int, int, int]]:
        """List the percentages that are shown: number, base, percentage, and to the nearest what."""
        for one in self.percentages:
            if one.step != NO_PERCENTAGES and not self.numbers[one.base].is_hidden:
                for at, percent in one.of.items():
                    if not self.numbers[at].is_hidden:
                        yield at, one.base, nearest_step(percent, one.step), one.step

    def is_world(self, world: World) -> bool:
        """Check in whole numbers that a world would show exactly what is shown."""
        return (
            all(least <= world[at] <= most for at, (least, most) in enumerate(self.limits()))
            and all(sum(factor * world[at] for at, factor in terms) == 0 for terms in self.sums)
            and all(
                world[base] >= SMALLEST_BASE and _is_share(world[at], world[base], percent, step)
                for at, base, percent, step in self.shares()
            )
        )

    def _beside_a_hidden_one(self) -> Iterator[int]:
        """List small counts of which nobody can say that they are small: a larger one is hidden in their column."""
        for column in self.columns:
            if any(self.numbers[at].is_hidden and self.numbers[at].nearest is not None for at in column):
                yield from column

    def _limits(self, number: Number, is_ambiguous: bool) -> tuple[int, int]:
        if number.is_rest:
            return 0, UNLIMITED
        if number.nearest is None:
            return 0, UNLIMITED if is_ambiguous else SMALLEST_SHOWN - 1
        if number.is_hidden:
            return 0, UNLIMITED
        possible = could_be(number.nearest)
        least, most = possible[0], possible[-1]
        if number.is_large_base is True:
            least = max(least, SMALLEST_BASE)
        if number.is_large_base is False:
            most = min(most, SMALLEST_BASE - 1)
        return least, most


def nearest_step(percent: int, step: int) -> int:
    """Give a whole percentage to the nearest 5. It is what the unrounded one would give: borders are the same."""
    return percent if step == WHOLE else step * ((percent + step // 2) // step)


def _coarser(step: int, wanted: int) -> int:
    return NO_PERCENTAGES if NO_PERCENTAGES in (step, wanted) else max(step, wanted)


def _is_share(count: int, base: int, percent: int, step: int) -> bool:
    return (2 * percent - step) * base <= 200 * count < (2 * percent + step) * base


# --- looking for worlds ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Proof:
    """Worlds that would all show the same, and what none of them shows to be possible."""

    first: World
    others: tuple[World, ...]
    """Each by what is different from the first."""
    unproven: tuple[Wanted, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing that is hidden can be worked out."""
        return not self.unproven

    def worlds(self) -> Iterator[World]:
        """Give each world whole."""
        yield self.first
        for changes in self.others:
            yield {**self.first, **changes}


def prove(puzzle: Puzzle) -> Proof:
    """Look for worlds until everything wanted is seen to be possible, or is known not to be.

    Raises ValueError where the numbers contradict each other.
    """
    search = _Search(puzzle)
    for wanted in list(search.missing()):
        search.find(wanted, is_wide=True)
    return search.proof()


def protect(puzzle: Puzzle) -> Proof:
    """Hide more, and show percentages less finely, until nothing hidden can be worked out. Changes the puzzle.

    Whole groups are hidden, never one well-chosen number: somebody who knows how the choice is made could learn from
    the choice. Raises ValueError where the numbers contradict each other.
    """
    search = _Search(puzzle)
    while missing := list(search.missing()):
        for wanted in missing:
            if not search.find(wanted):
                search.hide_for(wanted)
    return search.proof()


class _Search:
    """Worlds found so far. Hiding more never makes one of them impossible."""

    def __init__(self, puzzle: Puzzle) -> None:
        self._puzzle = puzzle
        self._everything = range(len(puzzle.numbers))
        self._sums_of: list[list[int]] = [[] for _ in puzzle.numbers]
        self._repairs: list[Terms] = []
        for which, terms in enumerate(puzzle.sums):
            self._repairs.append(tuple(sorted(terms, key=self._how_ready)))
            for at, _ in terms:
                self._sums_of[at].append(which)
        self._shares_of: list[list[int]] = [[] for _ in puzzle.numbers]
        for which, one in enumerate(puzzle.percentages):
            for at in {one.base, *one.of}:
                self._shares_of[at].append(which)
        self._limits = puzzle.limits()
        guess = self._guess()
        first = _Programme(puzzle, self._limits, guess, self._everything)
        first.aim()
        found = first.solve()
        self._first: World = {**guess, **(found or {})}
        if found is None or not puzzle.is_world(self._first):
            raise ValueError("These numbers contradict each other.")
        self._others: list[World] = []
        self._seen: list[set[int]] = [{self._first[at]} for at in self._everything]

    def missing(self) -> Iterator[Wanted]:
        """List what no world has shown to be possible so far."""
        yield from (one for one in self._puzzle.wanted() if not self._has(one))
        for at in self._puzzle.uncertain():
            wanted = Wanted(at, self._first[at] + 1, UNLIMITED)
            if not self._has(wanted):
                yield wanted

    def find(self, wanted: Wanted, *, is_wide: bool = False) -> bool:
        """Look for a world that has this: among those that differ nearby, or wherever there is one."""
        if self._has(wanted):
            return True
        is_small = self._puzzle.numbers[wanted.number].is_small
        before = self._first[wanted.number]
        values = (wanted.least,) if is_small else (before + 1, before - 1, before + 2)
        for value in values:
            changes = self._repaired(wanted.number, value)
            if changes is not None:
                self._keep(changes)
                return True
        choices = [wanted] if is_small else [wanted, Wanted(wanted.number, 0, before - 1)]
        near = [self._near(wanted.number, steps) for steps in (2, 4)]
        for free in (*near, self._everything) if is_wide else near:
            programme = _Programme(self._puzzle, self._limits, self._first, free)
            for choice in choices:
                if choice.least <= choice.most:
                    programme.require(choice)
                    found = programme.solve()
                    if found is not None:
                        self._keep(found)
                        return True
        return False

    def hide_for(self, wanted: Wanted) -> None:
        """Hide the first group that makes this possible: what the reader misses least comes first."""
        puzzle = self._puzzle
        before = [number.is_hidden for number in puzzle.numbers], [one.step for one in puzzle.percentages]
        for group, percentages, step in self._groups(wanted.number):
            numbers = tuple(group)
            for at in numbers:
                puzzle.numbers[at].is_hidden = True
            for which in percentages:
                puzzle.percentages[which].step = _coarser(puzzle.percentages[which].step, step)
            self._limits = puzzle.limits()
            if self.find(wanted, is_wide=bool(numbers)):
                return
            for number, is_hidden in zip(puzzle.numbers, before[0], strict=True):
                number.is_hidden = is_hidden
            for one, was in zip(puzzle.percentages, before[1], strict=True):
                one.step = was
        raise ValueError("These numbers contradict each other.")

    def _groups(self, number: int) -> Iterator[tuple[Iterable[int], Iterable[int], int]]:
        """List what could be hidden for the sake of a number: numbers, percentages, and how coarse these become."""
        sums = [[at for at, _ in self._puzzle.sums[which]] for which in self._sums_of[number]]
        together = sorted({at for terms in sums for at in terms})
        nearby = sorted({which for at in together for which in self._shares_of[at]})
        for which in self._shares_of[number], nearby:
            for step in (COARSE, NO_PERCENTAGES):
                yield (), which, step
        for terms in sums:
            yield terms[:-1], nearby, NO_PERCENTAGES
        yield [at for terms in sums for at in terms[:-1]], nearby, NO_PERCENTAGES
        yield together, nearby, NO_PERCENTAGES
        around = sorted(
            {at for near in together for which in self._sums_of[near] for at, _ in self._puzzle.sums[which]}
        )
        yield around, sorted({which for at in around for which in self._shares_of[at]}), NO_PERCENTAGES
        yield self._everything, range(len(self._puzzle.percentages)), NO_PERCENTAGES

    def proof(self) -> Proof:
        """Give the worlds, and what is still missing."""
        return Proof(self._first, tuple(self._others), tuple(self.missing()))

    def _how_ready(self, term: tuple[int, int]) -> int:
        """Say which numbers of a sum are changed first, to put the sum right."""
        number = self._puzzle.numbers[term[0]]
        return number.is_total * 4 + (not number.is_hidden) * 2 + (not number.is_rest)

    def _guess(self) -> dict[int, int]:
        """Give what the rule shows, which is near to a world and hardly ever one."""
        guess = {at: number.middle for at, number in enumerate(self._puzzle.numbers)}
        for terms in self._puzzle.sums:
            *parts, (last, _), (whole, _) = terms
            if self._puzzle.numbers[last].is_rest:
                guess[last] = max(0, guess[whole] - sum(guess[at] for at, _ in parts))
        return guess

    def _has(self, wanted: Wanted) -> bool:
        if not self._puzzle.numbers[wanted.number].is_small:
            return len(self._seen[wanted.number]) > 1
        return wanted.least in self._seen[wanted.number]

    def _repaired(self, number: int, value: int) -> World | None:
        """Set one number, and change few others until all sums are right again. None where that is not found soon."""
        changes: dict[int, int] = {}
        left: dict[int, int] = {}
        tries = 0

        def change(at: int, to: int) -> bool:
            least, most = self._limits[at]
            if not least <= to <= most:
                return False
            changes[at] = to
            if self._is_shared(at, changes):
                return True
            del changes[at]
            return False

        def spread(at: int, by: int) -> None:
            for which in self._sums_of[at]:
                factor = next(factor for other, factor in self._puzzle.sums[which] if other == at)
                left[which] = left.get(which, 0) + factor * by
                if not left[which]:
                    del left[which]

        def settle() -> bool:
            nonlocal tries
            if not left:
                return True
            which = next(iter(left))
            over = left[which]
            for at, factor in self._repairs[which]:
                if at in changes:
                    continue
                tries += 1
                if tries > TRIES:
                    return False
                least, most = self._limits[at]
                to = min(max(self._first[at] - over * factor, least), most)
                by = to - self._first[at]
                if by and change(at, to):
                    spread(at, by)
                    if settle():
                        return True
                    spread(at, -by)
                    del changes[at]
            return False

        if not change(number, value):
            return None
        spread(number, value - self._first[number])
        return changes if settle() else None

    def _is_shared(self, number: int, changes: World) -> bool:
        """Whether every percentage that has to do with a number is still right."""
        for which in self._shares_of[number]:
            one = self._puzzle.percentages[which]
            if one.step == NO_PERCENTAGES or self._puzzle.numbers[one.base].is_hidden:
                continue
            base = changes.get(one.base, self._first[one.base])
            for at in one.of if number == one.base else (number,):
                if not self._puzzle.numbers[at].is_hidden:
                    percent = nearest_step(one.of[at], one.step)
                    if not _is_share(changes.get(at, self._first[at]), base, percent, one.step):
                        return False
        return True

    def _keep(self, changes: World) -> None:
        """Keep a world, once it is seen in whole numbers to be one."""
        is_one = (
            all(self._limits[at][0] <= value <= self._limits[at][1] for at, value in changes.items())
            and all(self._is_shared(at, changes) for at in changes)
            and not any(
                sum(factor * changes.get(at, self._first[at]) for at, factor in self._puzzle.sums[which])
                for which in {which for at in changes for which in self._sums_of[at]}
            )
        )
        if not is_one:
            raise ValueError("What was found is no world.")
        self._others.append(changes)
        for at, value in changes.items():
            self._seen[at].add(value)

    def _near(self, number: int, steps: int) -> Sequence[int]:
        """List the numbers that are at most so many sums away; beyond totals lie too many."""
        found = {number: 0}
        queue = deque((number,))
        while queue:
            at = queue.popleft()
            if found[at] == steps or (self._puzzle.numbers[at].is_total and at != number and found[at] > steps - 3):
                continue
            for which in self._sums_of[at]:
                for other, _ in self._puzzle.sums[which]:
                    if other not in found:
                        found[other] = found[at] + 1
                        queue.append(other)
        return sorted(found)


class _Programme:
    """An integer programme: worlds that differ from one that is known (or from a guess) in some numbers alone."""

    def __init__(
        self,
        puzzle: Puzzle,
        limits: Sequence[tuple[int, int]],
        origin: World,
        free: Iterable[int],
    ) -> None:
        import highspy  # loads numpy, so only when something is published

        self._puzzle = puzzle
        self._origin = origin
        self._infinity = highspy.kHighsInf
        self._solved = (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty)
        self._integer = highspy.HighsVarType.kInteger
        self._highs = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in (("output_flag", False), ("threads", 1), ("random_seed", 0), ("mip_rel_gap", 0.0)):
            self._highs.setOptionValue(option, value)
        self._count = 0
        self._columns: dict[int, int] = {}
        self._limits: dict[int, tuple[int, int]] = {}
        self._required: int | None = None
        for at in free:
            least, most = limits[at]
            least, most = max(least, origin[at] - REACH), min(most, origin[at] + REACH)
            self._limits[at] = least - origin[at], most - origin[at]
            self._columns[at] = len(self._columns)
        self._add_columns()
        self._add_sums()
        self._add_shares()

    def require(self, wanted: Wanted) -> None:
        """Ask for worlds in which a number is within limits, instead of what was asked for before."""
        if self._required is not None:
            self._highs.changeColBounds(self._columns[self._required], *self._limits[self._required])
        least, most = self._limits[wanted.number]
        origin = self._origin[wanted.number]
        self._highs.changeColBounds(
            self._columns[wanted.number], max(least, wanted.least - origin), min(most, wanted.most - origin)
        )
        self._required = wanted.number

    def aim(self) -> None:
        """Ask for a world in the midst of all: the first one, from which the others are sought."""
        for at, column in self._columns.items():
            number = self._puzzle.numbers[at]
            if not number.is_rest:
                middle = (SMALLEST_SHOWN // 2 if number.is_small else number.middle) - self._origin[at]
                distance = self._add_distance()
                self._row(-middle, self._infinity, [(distance, 1), (column, -1)])
                self._row(middle, self._infinity, [(distance, 1), (column, 1)])
        self._highs.setOptionValue("mip_rel_gap", 0.5)

    def solve(self) -> World | None:
        """Give what is different in a world from the origin, or None where there is no world."""
        self._highs.run()
        if self._highs.getModelStatus() not in self._solved:
            return None
        values = self._highs.getSolution().col_value
        by = {at: round(values[column]) for at, column in self._columns.items()}
        return {at: self._origin[at] + change for at, change in by.items() if change}

    def _add_columns(self) -> None:
        """Add all at once: one by one takes most of the time."""
        import numpy as np

        least, most = zip(*self._limits.values(), strict=True) if self._limits else ((), ())
        self._count = len(self._limits)
        self._highs.addVars(self._count, np.array(least, dtype=np.float64), np.array(most, dtype=np.float64))
        self._highs.changeColsIntegrality(
            self._count, np.arange(self._count, dtype=np.int32), np.array([self._integer] * self._count)
        )

    def _add_sums(self) -> None:
        for terms in self._puzzle.sums:
            entries = [(self._columns[at], factor) for at, factor in terms if at in self._columns]
            if entries:
                left = -sum(factor * self._origin[at] for at, factor in terms)
                self._row(left, left, entries)

    def _add_shares(self) -> None:
        for at, base, percent, step in self._puzzle.shares():
            if at not in self._columns and base not in self._columns:
                continue
            for factor, sign in ((2 * percent - step, 1), (2 * percent + step, -1)):
                # 200 times the number is at least (2 percent - step) times the base, and less than (2 percent + step)
                entries = [
                    (self._columns[number], sign * times, self._limits[number])
                    for number, times in ((at, 200), (base, -factor))
                    if number in self._columns
                ]
                left = (1 if sign < 0 else 0) - sign * (200 * self._origin[at] - factor * self._origin[base])
                if left > sum(min(times * least, times * most) for _, times, (least, most) in entries):
                    self._row(left, self._infinity, [(column, times) for column, times, _ in entries])

    def _add_distance(self) -> int:
        self._highs.addCol(1, 0, self._infinity, 0, [], [])
        self._count += 1
        return self._count - 1

    def _row(self, least: float, most: float, entries: Sequence[tuple[int, int]]) -> int:
        self._highs.addRow(least, most, len(entries), [at for at, _ in entries], [by for _, by in entries])
        return self._highs.getNumRow() - 1
