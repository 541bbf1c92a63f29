"""How one number may be shown: the national rule of rounding and markers, and percentages.

The rule is that of the Safeguarding Adults Collection's published tables (publication code of NHS England): a count
under 5 is `[c]`, nought included; any other goes to the nearest multiple of 5; what is not available is `[x]`. Totals
and percentages are worked out from the unrounded numbers, so that rounded cells need not add up.
"""

CONFIDENTIAL = "[c]"
"""Hidden: a count under 5, or one that would give such a count away. The marker does not say which."""

NOT_AVAILABLE = "[x]"
"""Not recorded, or nothing that could be counted."""

SMALLEST_SHOWN = 5
"""A count under this is hidden."""

NEAREST = 5

SMALLEST_BASE = 10
"""Our own rule: of fewer than this there is no percentage."""

WHOLE = 1
"""Percentages to the nearest whole number."""

COARSE = 5
"""Percentages to the nearest 5, where whole ones would give a hidden number away."""

NO_PERCENTAGES = 0


def rounded(count: int) -> int | None:
    """Give a count to the nearest 5, or None where it is to be hidden. Raises ValueError for what is no count."""
    if count < 0:
        raise ValueError("A count is never less than nought.")
    return None if count < SMALLEST_SHOWN else NEAREST * ((count + NEAREST // 2) // NEAREST)


def shown(count: int | None) -> str:
    """Give what the national rule shows for one count that stands alone: `[c]`, `[x]` or a multiple of 5."""
    if count is None:
        return NOT_AVAILABLE
    nearest = rounded(count)
    return CONFIDENTIAL if nearest is None else str(nearest)


def could_be(number: int) -> range:
    """Give every count that is shown as this multiple of 5."""
    return range(max(number - NEAREST // 2, SMALLEST_SHOWN), number + NEAREST // 2 + 1)


def percentage(count: int, base: int, step: int = WHOLE) -> int:
    """Give how many in a hundred, from unrounded numbers, to the nearest multiple of `step`, halves upwards.

    Raises ValueError where the base is under 10 or less than the count.
    """
    if base < SMALLEST_BASE or not 0 <= count <= base:
        raise ValueError("There is no percentage of so few, or of more than there are.")
    return step * ((200 * count + step * base) // (2 * step * base))
