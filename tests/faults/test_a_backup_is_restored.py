"""The drill: people talk, backups are made, all of it is killed; in a clean folder everybody finds what they said."""

import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import httpx
import pytest

from bot.settings import ROOT
from bot.store import Damaged
from bot.store.backups import What, listed
from tests.faults.conftest import house_with
from tests.faults.houses import TroubledHouse, until
from tests.faults.roads import name_of, plain, walk
from tests.faults.telling import Teller, unkept
from tests.faults.test_the_app_is_killed import talking
from tests.house import House
from tests.walking import Walker, read

SPOKEN = "I want my own key, and I want to decide who comes in"
SPOKEN_BY_THEN = 20
"""Forms that each ledger holds when the backup begins; all of them are to be found in it."""


@dataclass
class Drill:
    """What was left of one house, and the other that stands in its place."""

    tellers: list[Teller]
    """What was acknowledged to each until the house was killed."""
    before: list[Teller]
    """The same, until the backup began."""
    code: str = field(repr=False)
    words: Path
    clean: TroubledHouse
    restored: subprocess.CompletedProcess[str]
    verified: subprocess.CompletedProcess[str]
    database: bytes = field(repr=False)
    """The database as it was restored, before anybody used it."""


@pytest.fixture(scope="module")
def drill(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Drill]:
    """Let people talk, make a backup, kill everything while the next one is made, and restore the one that is whole."""
    folder = tmp_path_factory.mktemp("drill")
    backups = folder / "backups"
    house = TroubledHouse(folder / "house", backups=str(backups), backup_every="1440")
    clean = TroubledHouse(folder / "clean")
    with ExitStack() as stack:
        stack.callback(house.close)
        stack.callback(clean.close)
        house.take_the_trained_model()
        house.open().wait_until_ready()
        until(lambda: [one for one in listed(backups) if one.what is What.WORDS], "a first backup is made by itself")
        assert httpx.get(f"{house.address}/backupz").text == "backed up"
        code = somebody_with_a_code(house)
        tellers = [Teller(name, Random(name)) for name in ("Ann", "Ben", "Cal")]
        for teller in tellers:
            stack.callback(teller.browser.close)
            teller.move_to(house)
        with talking(tellers):
            until(
                lambda: all(len(one.acknowledged) > SPOKEN_BY_THEN for one in tellers), "everybody has said something"
            )
            before = [
                replace(one, acknowledged=list(one.acknowledged), pending=None, conversations=list(one.conversations))
                for one in tellers
            ]
            made = house.command("backup")
            another = subprocess.Popen([sys.executable, "-m", "bot", "backup"], cwd=ROOT, env=house.environment)
            until(lambda: another.poll() is not None or list(backups.glob("*.part")), "the next one is under way")
            another.kill()
            another.wait()
            house.kill()
        assert made.returncode == 0, made.stderr
        words = Path(next(line for line in made.stdout.splitlines() if line.startswith("Words:")).split()[1])
        clean.key.parent.mkdir(parents=True)
        shutil.copy(house.key, clean.key)
        shutil.rmtree(house.data)
        restored = clean.command("restore", str(words), "--verify")
        verified = clean.command("verify")
        with ExitStack() as copying:
            copied = copying.enter_context(closing(sqlite3.connect(clean.database)))
            copied.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        database = clean.database.read_bytes()
        clean.take_the_trained_model()
        clean.open().wait_until_ready()
        yield Drill(tellers, before, code, words, clean, restored, verified, database)


def somebody_with_a_code(house: House) -> str:
    """A person who says something, takes a break half way, and has a code to come back with."""
    with house.browser() as browser:
        walker = Walker(browser).begin()
        walk(walker, lambda name, number: SPOKEN, until="worries")
        walker.press("take_a_break")
        shown = browser.post("/conversation", data={"step": walker.page.step, "do": "make_code:words"})
        found = re.search(r'name="code" value="([^"]+)"', shown.text)
        assert found is not None
        form = {"step": read(shown.text).step, "do": "confirm_code", "code": found[1], "typed": found[1]}
        assert browser.post("/conversation", data=form).status_code == 200
        return found[1]


def lost(house: House, tellers: list[Teller]) -> list[str]:
    """What these ledgers hold and the store does not, or holds otherwise."""
    return [one for one in unkept(house, tellers) if not one.startswith("nobody sent")]


def test_the_backup_is_restored_and_every_chain_seal_and_row_is_whole(drill: Drill) -> None:
    assert drill.restored.returncode == 0, drill.restored.stderr
    assert "Restored: " in drill.restored.stdout
    assert drill.verified.returncode == 0, drill.verified.stderr


def test_everything_that_was_acknowledged_before_the_backup_began_is_there(drill: Drill) -> None:
    assert lost(drill.clean, drill.before) == []
    assert sum(len(teller.acknowledged) for teller in drill.before) > 3 * SPOKEN_BY_THEN


def test_nothing_is_there_that_nobody_said(drill: Drill) -> None:
    with drill.clean.store() as store, store.reading() as seen:
        there = {one.conversation_id for one in seen.conversations.listed()}
    ledgers = [
        replace(one, conversations=[each for each in one.conversations if each in there]) for one in drill.tellers
    ]

    assert all(one.conversations for one in ledgers)
    assert [one for one in unkept(drill.clean, ledgers) if not one.startswith("kept 0 times")] == []


def test_what_is_lost_on_the_way_is_found_by_the_drill(drill: Drill, tmp_path: Path) -> None:
    planted = house_with(tmp_path / "planted", drill.database, drill.clean.key)
    one, another = drill.before[:2]
    said = next(sent for sent in reversed(one.acknowledged) if sent.words)
    more = replace(one, acknowledged=[*one.acknowledged, replace(said, step=another.acknowledged[0].step)])
    assert lost(planted, [one]) == []
    assert len(lost(planted, [more])) == 1

    with closing(sqlite3.connect(planted.database)) as below:
        below.executescript("DROP TRIGGER turns_never_go; PRAGMA foreign_keys = OFF;")
        assert below.execute("DELETE FROM turns WHERE token = ?", (said.token,)).rowcount == 1
        below.commit()
    with pytest.raises(Damaged):
        lost(planted, [one])
    told = planted.command("verify")
    assert told.returncode == 1
    assert f"turns, conversation {said.conversation_id}" in told.stderr
    assert "it is missing" in told.stderr


def test_a_person_goes_on_with_their_code_where_they_were(drill: Drill) -> None:
    with drill.clean.browser() as browser:
        walker = Walker(browser)
        walker._take(browser.post("/come-back", data={"code": drill.code, "minutes": "30"}))
        walker.look()
        # Whoever comes back is asked first whether they are alone.
        assert [passed.name for passed in walk(walker, plain, until="worries")] == ["private", "company", "go_on"]
        assert name_of(walker.page) == "worries"
        walk(walker, plain)
        assert walker.page.heading == "Thank you. Your words are kept."
        assert SPOKEN in browser.get("/conversation/words").text


def test_a_backup_that_was_killed_half_way_is_none(drill: Drill, tmp_path: Path) -> None:
    left = list(drill.words.parent.glob("*.part"))
    for path in left:
        told = drill.clean.command("restore", str(path), "--verify")
        assert told.returncode == 1
    files = [one for one in listed(drill.words.parent) if one.what is What.WORDS]
    for number, one in enumerate(files):
        elsewhere = House(tmp_path / str(number))
        elsewhere.key.parent.mkdir(parents=True)
        shutil.copy(drill.clean.key, elsewhere.key)
        told = elsewhere.command("restore", str(one.path), "--verify")
        assert told.returncode == 0, told.stderr


def test_nothing_is_restored_over_what_people_say_now(drill: Drill) -> None:
    told = drill.clean.command("restore", str(drill.words), "--verify")
    assert told.returncode == 1
    assert "Own Words is running on this data" in told.stderr


def test_until_there_is_a_backup_those_who_run_it_are_told(drill: Drill) -> None:
    answer = httpx.get(f"{drill.clean.address}/backupz")
    assert (answer.status_code, answer.text) == (503, "not backed up")
