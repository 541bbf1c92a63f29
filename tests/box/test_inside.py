"""What the box keeps between two turns, when it opens and what it logs: checked where Rasa is, see `inside.py`."""

import json
import os
import subprocess

import pytest

from bot.dialogue import box_environment
from bot.settings import ROOT
from bot.settings import load as load_settings


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What went wrong with each check; one process for all, as Rasa takes long to import."""
    environment = box_environment(tmp_path_factory.mktemp("inside"), {"PYTHONPATH": os.fspath(ROOT)})
    ran = subprocess.run(
        [str(load_settings().box_python), "tests/box/inside.py"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, str] = json.loads(ran.stdout)
    return found


@pytest.mark.parametrize(
    "check",
    [
        "beyond_its_bound_the_longest_unused_conversation_is_dropped",
        "what_is_kept_is_short_and_stands_where_it_stood",
        "working_on_a_tracker_does_not_change_what_is_kept",
        "what_one_conversation_fills_stays_empty_in_another",
        "the_box_does_not_open_without_a_long_secret",
        "the_box_does_not_open_while_rasa_would_report_to_others",
        "its_logs_stay_quiet_whatever_level_is_asked_for",
    ],
)
def test_inside_the_box(told: dict[str, str], check: str) -> None:
    assert told[check] == ""


def test_every_check_inside_the_box_is_listed_here(told: dict[str, str]) -> None:
    assert len(told) == 7
