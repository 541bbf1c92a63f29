"""Worlds, looked for by a solver (HiGHS). It reckons in floating point: whoever takes one checks it in whole numbers.

Loads numpy, so it is imported only when something is published.
"""

from collections.abc import Mapping

import highspy
import numpy as np
from numpy.typing import NDArray

from bot.publishing.puzzle import Puzzle, Share, Terms, Wanted, World

REACH = 400
"""How far from what the rule shows a world may be. Further is never needed; a limit keeps the solver exact."""

NODES = 200
"""How many branches the solver may try for one world."""

NEARLY = 1e-6
"""How far the solver's numbers may be from whole ones and still be taken for them."""

_Numbers = NDArray[np.float64]

_FOUND = (highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kModelEmpty)


class Programme:
    """All worlds as one integer programme, which is kept: each further world is found soon after the last.

    In it every number is how far it is from a guess, so that all are small.
    """

    def __init__(self, puzzle: Puzzle, guess: World) -> None:
        self._puzzle = puzzle
        self._guess = guess
        self._highs = highspy.Highs()  # type: ignore[no-untyped-call]
        for option, value in (("output_flag", False), ("threads", 1), ("random_seed", 0), ("mip_max_nodes", NODES)):
            self._highs.setOptionValue(option, value)
        size = len(guess)
        self._every = np.arange(size, dtype=np.int32)
        self._least = self._most = np.zeros(size)
        self._highs.addVars(size, self._least, self._most)
        self._highs.changeColsIntegrality(size, self._every, np.array([highspy.HighsVarType.kInteger] * size))
        for terms in puzzle.sums:
            left = -sum(factor * guess[at] for at, factor in terms)
            self._row(left, left, terms)
        self._rows: dict[Share, tuple[tuple[int, int], tuple[int, int]]] = {}
        """Of each percentage: two rows, and how much each is at least."""
        self._shares: frozenset[Share] = frozenset()
        self.follow()

    def follow(self) -> None:
        """Take over what the puzzle shows by now."""
        guess = np.array(self._guess, dtype=np.float64)
        least, most = np.array(self._puzzle.limits(), dtype=np.float64).reshape(-1, 2).T
        self._least, self._most = np.maximum(least - guess, -REACH), np.minimum(most - guess, REACH)
        shares = frozenset(self._puzzle.shares())
        for share in sorted(self._shares - shares):
            for row, _ in self._rows[share]:
                self._highs.changeRowBounds(row, -highspy.kHighsInf, highspy.kHighsInf)
        for share in sorted(shares - self._shares):
            if share not in self._rows:
                self._rows[share] = self._divided(share)
            for row, left in self._rows[share]:
                self._highs.changeRowBounds(row, left, highspy.kHighsInf)
        self._shares = shares

    def world(
        self, costs: Mapping[int, float], wanted: Wanted | None = None, near: World | None = None
    ) -> World | None:
        """Give a world that has what is wanted and costs little, or None where none is found.

        It is first looked for where the bases of percentages are as in the world `near`. Percentages are then limits of
        single numbers, and the solver hardly ever comes upon broken ones, which take it long.
        """
        price = np.zeros(len(self._every))
        for at, cost in costs.items():
            price[at] = cost
        found = None
        if near is not None and self._shares:
            found = self._solved(*self._beside(near), wanted, price)
        if found is None or not _is_whole(found):
            found = self._solved(self._least, self._most, wanted, price)
        if found is not None and not _is_whole(found):
            found = self._solved(self._least, self._most, wanted, None)
        if found is None:
            return None
        return [origin + change for origin, change in zip(self._guess, found.round().astype(int).tolist(), strict=True)]

    def _beside(self, near: World) -> tuple[_Numbers, _Numbers]:
        """Give the limits of all numbers where the bases of percentages are as in a world."""
        least, most = self._least.copy(), self._most.copy()
        for _, base, _, _ in self._shares:
            least[base] = most[base] = near[base] - self._guess[base]
        for at, base, percent, step in self._shares:
            # halves go upwards: 200 times the number is at least the first product, and less than the second
            begins, ends = (2 * percent - step) * near[base], (2 * percent + step) * near[base]
            least[at] = max(least[at], -(-begins // 200) - self._guess[at])
            most[at] = min(most[at], -(-ends // 200) - 1 - self._guess[at])
        return least, most

    def _solved(
        self, least: _Numbers, most: _Numbers, wanted: Wanted | None, price: _Numbers | None
    ) -> _Numbers | None:
        """Solve within limits: cheaply, whole or not, or without a price, whole."""
        if wanted is not None:
            at = wanted.number
            least, most = least.copy(), most.copy()
            least[at] = max(least[at], wanted.least - self._guess[at])
            most[at] = min(most[at], wanted.most - self._guess[at])
        if (least > most).any():
            return None
        size = len(self._every)
        self._highs.setOptionValue("solve_relaxation", price is not None)
        self._highs.changeColsCost(size, self._every, np.zeros(size) if price is None else price)
        self._highs.changeColsBounds(size, self._every, least, most)
        self._highs.run()
        if self._highs.getModelStatus() not in _FOUND:
            return None
        return np.array(self._highs.getSolution().col_value)

    def _divided(self, share: Share) -> tuple[tuple[int, int], tuple[int, int]]:
        """Say that 200 times a number is at least 2 percent - step times its base, and less than 2 percent + step."""
        at, base, percent, step = share
        least, most = 2 * percent - step, 2 * percent + step
        begins = least * self._guess[base] - 200 * self._guess[at]
        ends = 1 + 200 * self._guess[at] - most * self._guess[base]
        return (
            (self._row(begins, highspy.kHighsInf, ((at, 200), (base, -least))), begins),
            (self._row(ends, highspy.kHighsInf, ((at, -200), (base, most))), ends),
        )

    def _row(self, least: float, most: float, entries: Terms) -> int:
        self._highs.addRow(least, most, len(entries), [at for at, _ in entries], [by for _, by in entries])
        return int(self._highs.getNumRow()) - 1


def _is_whole(found: _Numbers) -> bool:
    return bool(np.abs(found - found.round()).max(initial=0) <= NEARLY)
