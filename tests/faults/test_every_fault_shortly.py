"""`make faults` in short: every fault a few times, each against a product that does wrong on purpose first."""

from collections.abc import Iterator

import pytest

from tests.faults.__main__ import FAULTS, yard
from tests.faults.outcomes import Outcome, Yard, table_of

IN_SHORT = [name for name in FAULTS if name not in {"whole", "machines"}]
"""The whole product, and several machines, are killed in tests of their own; they start slower than all these run."""


@pytest.fixture(scope="module")
def here(
    tmp_path_factory: pytest.TempPathFactory, failing_disk: object, false_clock: object, postgresql: object
) -> Iterator[Yard]:
    """One dialogue engine and one place for all of it."""
    with yard(tmp_path_factory.mktemp("faults"), is_short=True) as made:
        yield made


@pytest.mark.parametrize("name", IN_SHORT)
def test_what_was_acknowledged_is_kept_once_whatever_happens(here: Yard, name: str) -> None:
    outcomes = list(FAULTS[name](here))
    assert [one for outcome in outcomes for one in outcome.wrong] == []
    assert all(outcome.times for outcome in outcomes)
    assert any(outcome.planted for outcome in outcomes)


def test_a_fault_under_which_something_is_lost_or_nothing_planted_is_found_is_no_success() -> None:
    whole = Outcome("a fault", "0 lost", times=3, planted=2)
    assert whole.wrong == []
    blind = Outcome("a fault", "0 lost", times=3, planted=0)
    assert blind.wrong == ["what was planted was not found"]
    slow = Outcome("a fault", "back ≤ 5 s", times=1, back=[6.0], back_within=5)
    assert slow.wrong == ["it took 6.0 s to go on, not 5 s"]
    whole.found.lost.append("kept 0 times")
    assert whole.wrong == ["kept 0 times"]
    assert table_of([whole, blind, slow], 60).row_count == 3
