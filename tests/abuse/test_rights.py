"""The short form of what somebody gets who sends what is not theirs to send."""

from pathlib import Path

from tests.abuse import leaks, rights
from tests.abuse.measuring import Length


def test_nobody_gets_a_word_with_anothers_requests_forms_or_cookies_and_looking_writes_nothing(tmp_path: Path) -> None:
    assert [row for row in rights.measured(Length.SHORT, tmp_path) if not row.is_met] == []


def test_what_a_team_types_is_in_no_log_and_no_file_and_nobody_is_called_up(tmp_path: Path) -> None:
    assert [row for row in leaks.measured(Length.SHORT, tmp_path) if not row.is_met] == []
