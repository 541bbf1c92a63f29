"""How likely two samples are alike, and the short form of what times tell and of what bandit says."""

from pathlib import Path
from random import Random

from tests.abuse import linted, timing
from tests.abuse.measuring import Length


def test_samples_of_one_kind_are_likely_alike_and_of_two_kinds_are_not() -> None:
    chance = Random(5)
    one, other = ([chance.gauss(10, 1) for _ in range(400)] for _ in range(2))
    assert timing.mann_whitney(one, other) > timing.ALIKE
    assert timing.mann_whitney(one, [value + 0.5 for value in other]) < timing.ALIKE


def test_known_and_unknown_can_be_timed_and_a_gap_is_seen(tmp_path: Path) -> None:
    assert [row for row in timing.measured(Length.SHORT, tmp_path) if not row.is_met] == []


def test_every_finding_of_bandit_has_its_reason(tmp_path: Path) -> None:
    assert [row for row in linted.measured(Length.SHORT, tmp_path) if not row.is_met] == []
