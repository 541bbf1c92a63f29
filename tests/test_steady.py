"""A clock that is set moves nothing that ends by itself."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.steady import Steady

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("step", [timedelta(days=365), -timedelta(hours=1)])
def test_a_clock_that_is_set_changes_nothing(step: timedelta) -> None:
    now, passed = NOON, 100.0
    steady = Steady(lambda: now, lambda: passed)
    now, passed = NOON + step, 160.0
    assert steady.now() == NOON + timedelta(minutes=1)


def test_it_goes_on_by_itself() -> None:
    steady = Steady()
    before = steady.now()
    assert steady.now() > before
    assert abs(before - datetime.now(UTC)) < timedelta(minutes=1)
