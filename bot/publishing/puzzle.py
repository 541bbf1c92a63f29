"""Everything that is published together, as somebody sees it who wants to work out what is hidden."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.publishing.marking import NO_PERCENTAGES, SMALLEST_BASE, SMALLEST_SHOWN, WHOLE, could_be

UNLIMITED = 10**9

Terms = tuple[tuple[int, int], ...]
"""A sum that is nought: number and factor, several times."""


@dataclass(slots=True)
class Number:
    """One number of a pack, which may stand in several places."""

    nearest: int | None
    """To the nearest 5; None for a count under 5."""
    is_hidden: bool
    is_part: bool = False
    """Whether it counts one group of a breakdown, and not everybody."""
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


World = Sequence[int]
"""By number: what it is in a world."""

Share = tuple[int, int, int, int]
"""A percentage that is shown: number, base, percentage, and to the nearest what."""


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
        if all(number.is_hidden for number in self.numbers) and any(not number.is_small for number in self.numbers):
            return [(0, UNLIMITED)] * len(self.numbers)
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

    def shares(self) -> Iterator[Share]:
        """List the percentages that are shown."""
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


def coarser(step: int, wanted: int) -> int:
    """Give the coarser of two steps, none at all being the coarsest."""
    return NO_PERCENTAGES if NO_PERCENTAGES in (step, wanted) else max(step, wanted)


def _is_share(count: int, base: int, percent: int, step: int) -> bool:
    return (2 * percent - step) * base <= 200 * count < (2 * percent + step) * base
