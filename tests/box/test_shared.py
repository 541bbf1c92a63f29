"""What several boxes share: locks that no two hold, trackers that another one goes on with; checked where Rasa is."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from bot.dialogue import box_environment
from bot.settings import ROOT
from bot.settings import load as load_settings
from tests.machines.site import Redis

CHECKS = (
    "rasas_own_lock_in_redis_can_give_the_same_ticket_twice",
    "no_ticket_is_drawn_twice_however_many_boxes_draw",
    "the_next_one_goes_on_when_a_ticket_is_given_back_and_the_lock_goes_with_the_last",
    "the_lock_of_a_box_that_died_goes_by_itself",
    "what_one_box_heard_another_goes_on_with",
    "what_another_box_has_heard_since_counts_and_what_is_here_already_is_not_made_again",
    "what_was_forgotten_at_one_box_no_other_finds",
    "boxes_that_know_another_interview_share_nothing",
    "what_cannot_be_read_is_nothing_and_is_told_afresh",
    "nothing_stays_for_long",
    "without_redis_nothing_is_locked_and_it_is_left_alone_for_a_moment",
)


@pytest.fixture(scope="module")
def told(redis: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What went wrong with each check; one process for all, as Rasa takes long to import."""
    folder = tmp_path_factory.mktemp("shared")
    server = Redis(redis, folder)
    server.start()
    ran = subprocess.run(
        [str(load_settings().box_python), "tests/box/inside_shared.py", server.address],
        cwd=ROOT,
        env=box_environment(folder, {"PYTHONPATH": os.fspath(ROOT)}),
        capture_output=True,
        text=True,
        check=False,
    )
    server.kill()
    assert ran.returncode == 0, ran.stderr
    found: dict[str, str] = json.loads(ran.stdout)
    return found


@pytest.mark.parametrize("check", CHECKS)
def test_what_boxes_share(told: dict[str, str], check: str) -> None:
    assert told[check] == ""


def test_every_check_is_asked_for(told: dict[str, str]) -> None:
    assert set(told) == set(CHECKS)
