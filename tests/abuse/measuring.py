"""How each suite of abuse tells what it found: one row for each promise, measured beside its target."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Length(StrEnum):
    """How much of it is done."""

    SHORT = "short"
    """Part of everything, in seconds: what the tests run."""
    LONG = "long"
    """All of it: what a release is measured by."""


@dataclass(frozen=True, slots=True)
class Row:
    """One promise."""

    what: str
    measured: str
    target: str
    is_met: bool


Suite = Callable[[Length, Path], Iterator[Row]]
"""Given how much, and an empty folder of its own."""


def counted(what: str, wrong: list[str], tried: int, target: str) -> Row:
    """Make the row of something that must never happen. What did is named without a word that anybody typed."""
    named = "".join(f"\n{one}" for one in wrong[:8])
    return Row(what, f"{len(wrong)} in {tried:,}{named}", target, not wrong and tried > 0)


def proven(what: str, *, is_found: bool) -> Row:
    """Make the row of a hole that was made on purpose."""
    return Row(f"planted: {what}", "found" if is_found else "NOT FOUND", "found", is_found)
