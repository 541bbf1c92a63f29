"""The system's clock steps while people talk: a year on and back, an hour back, and through both changes of an hour."""

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.settings import ROOT
from tests.faults.disks import more_said
from tests.faults.houses import turns_of, until
from tests.faults.outcomes import Outcome, Yard, out_of_turn, verified
from tests.faults.planting import Plant
from tests.faults.quick import Nursery, QuickHouse, talking
from tests.faults.telling import compare
from tests.tools import find_false_clock
from tests.walking import Walker

YEAR = timedelta(days=365)
SEEN_AFTER = 1
"""Seconds after which the app sees a step of its clock at the latest."""
STEPS = (
    ("a year on", lambda now: now + YEAR),
    ("back again", lambda now: now),
    ("an hour back", lambda now: now - timedelta(hours=1)),
    ("into summer time", lambda _: datetime(2026, 3, 29, 0, 59, 58, tzinfo=UTC)),
    ("out of summer time", lambda _: datetime(2026, 10, 25, 0, 59, 58, tzinfo=UTC)),
    ("right again", lambda now: now),
)
"""What becomes of the clock, by what it really says."""


def outcomes(yard: Yard) -> Iterator[Outcome]:
    """Step the clock of the app again and again."""
    false_clock = find_false_clock()
    if false_clock is None:
        yield Outcome("clock steps", "", problems=["faketime is not on this machine: make tools"])
        return
    told = yard.folder / "what-the-clock-says"
    told.write_text("+0\n")
    library = subprocess.run(
        [str(false_clock), "-m", "-f", "+0", "printenv", "LD_PRELOAD"], capture_output=True, text=True, check=True
    ).stdout.strip()
    more = {
        "LD_PRELOAD": library,
        "FAKETIME_TIMESTAMP_FILE": str(told),
        "FAKETIME_CACHE_DURATION": str(SEEN_AFTER),
        # As when a clock is set: what counts seconds goes on as it did.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "TZ": "Europe/London",
    }
    nursery = Nursery(yard.folder / "false clock", more=more)
    try:
        yield _stepped(yard, nursery, told, more)
    finally:
        nursery.close()


def _stepped(yard: Yard, nursery: Nursery, told: Path, more: Mapping[str, str]) -> Outcome:
    outcome = Outcome("clock steps: a year, an hour, summer time", "in order, nothing ends early, retention refuses")
    with yard.house("clock-planted", nursery) as house:
        planted = yard.tellers("clock planted", are_patient=True)
        house.open(plant=Plant.LOSES).wait_until_ready()
        with talking(planted, house):
            until(more_said(planted, 30), "much is said")
        outcome.planted = len(compare(house, planted).lost)
    with yard.house("clock", nursery) as house:
        people = yard.tellers("clock", are_patient=True)
        house.open().wait_until_ready()
        # The first look only says from when the clock is trusted.
        assert house.command("keep").returncode == 0
        with house.browser() as browser:
            quiet = Walker(browser).begin()
            with talking(people, house):
                for _ in range(yard.times(3, 1)):
                    for name, to in STEPS:
                        until(more_said(people, 4), "people talk")
                        ahead = to(datetime.now(UTC)) - datetime.now(UTC)
                        told.write_text(f"{ahead.total_seconds():+.0f}\n")
                        time.sleep(SEEN_AFTER + 1)
                        outcome.times += 1
                        yard.show(outcome, every=len(STEPS))
                        until(more_said(people, 8), "people talk on")
                        if not quiet.look().page.step:
                            outcome.problems.append(f"{name}: a page was closed early")
                        if ahead > YEAR / 2:
                            outcome.problems += _retention_looks(house, more)
        outcome.found = compare(house, people)
        outcome.problems += [*out_of_turn(house, people, yard.road), *verified(house)]
        for conversation_id in [one for teller in people for one in teller.conversations]:
            numbers = [turn.number for turn in turns_of(house, conversation_id)]
            if numbers != list(range(1, len(numbers) + 1)):
                outcome.problems.append("turns are not in the order in which they were said")
        told.write_text("+0\n")
    return outcome


def _retention_looks(house: QuickHouse, more: Mapping[str, str]) -> list[str]:
    """Have what is kept long enough looked for under the same clock: it must refuse."""
    told = subprocess.run(
        [sys.executable, "-m", "bot", "keep"],
        cwd=ROOT,
        env={**house.environment, **more},
        capture_output=True,
        text=True,
        check=False,
    )
    return [] if "Nothing was forgotten." in told.stderr else ["retention did not refuse under a clock that had jumped"]
