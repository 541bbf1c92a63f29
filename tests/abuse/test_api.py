"""The short form of the whole API asked by a program that knows it from its description alone."""

from pathlib import Path

from tests.abuse import api
from tests.abuse.measuring import Length


def test_every_answer_of_the_api_is_described_and_one_that_is_not_is_seen(tmp_path: Path) -> None:
    rows = list(api.measured(Length.SHORT, tmp_path))
    assert [row for row in rows if not row.is_met] == []
    assert len([row for row in rows if row.what.startswith("planted")]) == len(api.HOLES)
