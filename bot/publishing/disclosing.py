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

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.publishing.marking import COARSE, NO_PERCENTAGES
from bot.publishing.puzzle import UNLIMITED, Puzzle, Wanted, World, coarser

OFTEN = 0.5
"""How many of the numbers of which something is missing are pulled towards it in one world."""

NEAR = 2
"""How many sums away percentages are made coarser, and then rows of a breakdown hidden, before anything else is."""


@dataclass(frozen=True, slots=True)
class Proof:
    """Worlds that would all show the same, and what none of them shows to be possible."""

    worlds: tuple[World, ...]
    unproven: tuple[Wanted, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing that is hidden can be worked out."""
        return bool(self.worlds) and not self.unproven


def protect(puzzle: Puzzle) -> Proof:
    """Hide more, and show percentages less finely, until nothing hidden can be worked out. Changes the puzzle.

    Whole groups are hidden, never one well-chosen number: somebody who knows how the choice is made could learn from
    the choice. Where nothing less is proved to do, everything is hidden.
    """
    search = _Search(puzzle)
    while search.worlds and (missing := search.missing()):
        for wanted in missing:
            if not (search.find(wanted) or search.hide_for(wanted)):
                return Proof(tuple(search.worlds), tuple(search.missing()))
    return Proof(tuple(search.worlds), ())


class _Search:
    """Worlds found so far. Hiding more never makes one of them impossible."""

    def __init__(self, puzzle: Puzzle) -> None:
        from bot.publishing.solving import Programme  # loads numpy, so only when something is published

        self.worlds: list[World] = []
        self._puzzle = puzzle
        self._sums_of: list[list[int]] = [[] for _ in puzzle.numbers]
        for which, terms in enumerate(puzzle.sums):
            for at, _ in terms:
                self._sums_of[at].append(which)
        self._shares_of: list[list[int]] = [[] for _ in puzzle.numbers]
        for which, one in enumerate(puzzle.percentages):
            for at in {one.base, *one.of}:
                self._shares_of[at].append(which)
        self._seen: list[set[int]] = [set() for _ in puzzle.numbers]
        self._missing: list[Wanted] = []
        self._chance = random.Random(0)  # noqa: S311 it has to be the same each time, not secret
        self._programme = Programme(puzzle, self._guess())
        if not self._keep(self._programme.world({})):
            self._hide(range(len(puzzle.numbers)), range(len(puzzle.percentages)))
            self._programme.follow()
            self._keep(self._programme.world({}))

    def missing(self) -> list[Wanted]:
        """List what no world has shown to be possible so far."""
        first = self.worlds[0]
        wanted = (*self._puzzle.wanted(), *(Wanted(at, first[at] + 1, UNLIMITED) for at in self._puzzle.uncertain()))
        self._missing = [one for one in wanted if not self._has(one)]
        return self._missing

    def find(self, wanted: Wanted) -> bool:
        """Look for a world that has this, and whatever else is missing and can be had with it."""
        if self._has(wanted):
            return True
        costs = self._costs()
        first = self.worlds[0]
        if self._keep(self._programme.world(costs, wanted, first)):
            return True
        less = Wanted(wanted.number, 0, first[wanted.number] - 1)
        is_small = self._puzzle.numbers[wanted.number].is_small
        return not is_small and less.most >= 0 and self._keep(self._programme.world(costs, less, first))

    def hide_for(self, wanted: Wanted) -> bool:
        """Hide the first group that makes this possible: what the reader misses least comes first."""
        puzzle = self._puzzle
        before = [number.is_hidden for number in puzzle.numbers], [one.step for one in puzzle.percentages]
        for group in self._groups(wanted.number):
            self._hide(*group)
            now = [number.is_hidden for number in puzzle.numbers], [one.step for one in puzzle.percentages]
            if now == before:
                continue
            self._programme.follow()
            if self.find(wanted):
                return True
            for number, is_hidden in zip(puzzle.numbers, before[0], strict=True):
                number.is_hidden = is_hidden
            for one, was in zip(puzzle.percentages, before[1], strict=True):
                one.step = was
        return False

    def _hide(self, numbers: Iterable[int], gone: Iterable[int] = (), coarse: Iterable[int] = ()) -> None:
        for at in numbers:
            self._puzzle.numbers[at].is_hidden = True
        for percentages, step in ((gone, NO_PERCENTAGES), (coarse, COARSE)):
            for which in percentages:
                one = self._puzzle.percentages[which]
                one.step = coarser(one.step, step)

    def _groups(self, number: int) -> Iterator[tuple[Iterable[int], Iterable[int], Iterable[int]]]:
        """List what could be hidden for the sake of a number: numbers, percentages, and percentages made coarser.

        Groups of a breakdown go before anything that counts everybody.
        """
        own = self._shares_of[number]
        sums = [[at for at, _ in self._puzzle.sums[which]] for which in self._sums_of[number]]
        rings = self._rings(number)
        shared = [self._percentages_of(ring) for ring in rings[:NEAR]]
        shared_parts = [[which for which in one if self._is_part(which)] for one in shared]
        yield from (((), (), which) for which in (own, *shared_parts, *shared))
        yield from (((), which, ()) for which in (own, *shared_parts))
        for ring in rings[:NEAR]:
            for parts in self._broken_down(ring):
                yield parts, self._percentages_of(parts), shared[-1]
        for ring in rings[:NEAR]:
            yield self._parts(ring), self._percentages_of(self._parts(ring)), shared[-1]
        yield from (((), which, ()) for which in shared)
        for ring in rings[NEAR:]:
            yield self._parts(ring), self._percentages_of(self._parts(ring)), ()
        for terms in sums:
            yield terms[:-1], shared[0], ()
        yield [at for terms in sums for at in terms[:-1]], shared[0], ()
        for ring in rings:
            yield ring, self._percentages_of(ring), ()
        yield range(len(self._puzzle.numbers)), range(len(self._puzzle.percentages)), ()

    def _broken_down(self, numbers: Iterable[int]) -> Iterator[list[int]]:
        """List the rows and columns of breakdowns in which one of these numbers stands, or of which it is the sum."""
        for which in sorted({which for at in numbers for which in self._sums_of[at]}):
            parts = [at for at, _ in self._puzzle.sums[which][:-1]]
            if self._parts(parts) == parts:
                yield parts

    def _parts(self, numbers: Iterable[int]) -> list[int]:
        return [at for at in numbers if self._puzzle.numbers[at].is_part]

    def _is_part(self, which: int) -> bool:
        return self._puzzle.numbers[self._puzzle.percentages[which].base].is_part

    def _rings(self, number: int) -> list[list[int]]:
        """List what is one sum away from a number, what is at most two, and so on, up to all it hangs together with."""
        rings = [self._around([number])]
        while len(wider := self._around(rings[-1])) > len(rings[-1]):
            rings.append(wider)
        return rings

    def _around(self, numbers: Iterable[int]) -> list[int]:
        """List numbers, and those that stand in a sum with one of them."""
        return sorted(
            {*numbers, *(at for near in numbers for which in self._sums_of[near] for at, _ in self._puzzle.sums[which])}
        )

    def _percentages_of(self, numbers: Iterable[int]) -> list[int]:
        return sorted({which for at in numbers for which in self._shares_of[at]})

    def _guess(self) -> list[int]:
        """Give what the rule shows, which is near to a world and hardly ever one."""
        guess = [number.middle for number in self._puzzle.numbers]
        for terms in self._puzzle.sums:
            *parts, (last, _), (whole, _) = terms
            if self._puzzle.numbers[last].is_rest:
                guess[last] = max(0, guess[whole] - sum(guess[at] for at, _ in parts))
        return guess

    def _has(self, wanted: Wanted) -> bool:
        if not self._puzzle.numbers[wanted.number].is_small:
            return len(self._seen[wanted.number]) > 1
        return wanted.least in self._seen[wanted.number]

    def _costs(self) -> dict[int, float]:
        """Draw what numbers cost in the next world, so that it shows more than what it is looked for."""
        self._missing = [one for one in self._missing if not self._has(one)]
        costs = {}
        for one in self._missing:
            if self._chance.random() < OFTEN:
                towards = -1 if one.least > self.worlds[0][one.number] else 1
                costs[one.number] = towards * self._chance.uniform(0.5, 1.5)
        return costs

    def _keep(self, world: World | None) -> bool:
        """Keep a world, once it is seen in whole numbers to be one."""
        if world is None or not self._puzzle.is_world(world):
            return False
        self.worlds.append(world)
        for seen, value in zip(self._seen, world, strict=True):
            seen.add(value)
        return True
