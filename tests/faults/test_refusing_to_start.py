"""What makes it impossible to keep a promise stops the start: one clear line that names the cause and the remedy."""

import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.settings import ROOT
from bot.settings import load as load_settings
from bot.store import RootKey
from tests.faults.conftest import Finished, house_with
from tests.faults.houses import TroubledHouse, conversation_of, go_on_until_asked, times_kept
from tests.faults.roads import asked, plain, walk
from tests.house import PATIENCE, House
from tests.walking import Walker

Make = Callable[..., TroubledHouse]
WORDS = "I want my own front door."


@pytest.fixture
def sealed(finished: Finished, tmp_path: Path) -> House:
    """A house that is closed, with a conversation in it."""
    return house_with(tmp_path / "sealed", finished.database.read_bytes(), finished.key)


@pytest.fixture
def taken_port() -> Iterator[str]:
    """A port that another program listens on."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield str(other.getsockname()[1])


# --- keys -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["serve", "export"])
def test_without_the_key_of_what_is_kept_nothing_starts(sealed: House, command: str) -> None:
    sealed.key.unlink()
    refusal = refused(sealed, command)
    assert str(sealed.key) in refusal
    assert "There is no root key" in refusal
    assert "Put the key file back" in refusal
    assert not sealed.key.exists()


def test_a_key_that_went_missing_stops_nobody_while_the_site_is_open(house: TroubledHouse, person: Walker) -> None:
    conversation_id = conversation_of(person.page)
    aside = house.key.rename(house.key.with_name("aside.key"))
    try:
        walk(person, plain, until="feelings")
        go_on_until_asked(person.say(WORDS))
        with house.browser() as browser:
            assert asked(Walker(browser).begin()), "the next person is asked too"
        assert "There is no root key" in refused(house, "verify")
    finally:
        aside.rename(house.key)
    assert times_kept(house, conversation_id, WORDS) == 1


@pytest.mark.parametrize("command", ["serve", "verify"])
def test_with_another_key_nothing_starts(sealed: House, command: str) -> None:
    sealed.key.unlink()
    RootKey.create(sealed.key)
    before = sealed.database.read_bytes()
    refusal = refused(sealed, command)
    assert "sealed under root key" in refusal
    assert "Put the right key file back" in refusal
    assert sealed.database.read_bytes() == before


@pytest.mark.parametrize("mode", [0o440, 0o604])
def test_with_a_key_that_others_can_reach_nothing_starts(sealed: House, mode: int) -> None:
    sealed.key.chmod(mode)
    refusal = refused(sealed)
    assert f"is open to others (mode {mode:04o})" in refusal
    assert f"chmod 0400 {sealed.key}" in refusal


@pytest.mark.parametrize("content", [b"", b"0" * 63 + b"x", b"\xff" * 2_000])
def test_with_a_file_that_is_no_key_nothing_starts(sealed: House, content: bytes) -> None:
    sealed.key.unlink()
    sealed.key.write_bytes(content)
    sealed.key.chmod(0o400)
    assert "does not hold a root key" in refused(sealed)


def test_with_a_folder_in_the_place_of_the_key_nothing_starts(sealed: House) -> None:
    sealed.key.unlink()
    sealed.key.mkdir()
    assert "is not a file" in refused(sealed)


def test_with_the_key_inside_the_data_nothing_starts(sealed: House) -> None:
    inside = sealed.data / "root.key"
    shutil.move(sealed.key, inside)
    sealed.settings["root_key"] = str(inside)
    assert "lies inside the data folder" in refused(sealed)


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eight thousand"),
        ("PORT", "65536"),
        ("SECURE_COOKIES", "perhaps"),
        ("DATABASE", "postgresql://keeper:secret@127.0.0.1:1/words"),
        ("DATABASE", "postgresql://keeper:se@secret@localhost/words"),
        ("DATABASE", "mysql://keeper:secret@localhost/words"),
        ("DATABASE", "sqlite:///"),
        ("LEAVE_TO", "javascript:alert(1)"),
        ("HOST", "192.0.2.1"),
        ("BOX_PYTHON", "/no/such/python"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(new_house: Make, name: str, value: str) -> None:
    refusal = refused(new_house(**{name.lower(): value}))
    assert f"OWNWORDS_{name}" in refusal or (name == "DATABASE" and "sqlite:///path" in refusal) or value in refusal
    assert "secret" not in refusal


def test_a_setting_that_nobody_knows_is_named(copy_of_the_project: Path, new_house: Make) -> None:
    (copy_of_the_project / ".env").write_text("OWNWORDS_PROT=8000\n")
    assert "OWNWORDS_PROT is not a setting" in refused(new_house(), project=copy_of_the_project)


@pytest.mark.parametrize("name", ["PORT", "ACTIONS_PORT", "BOX_PORT"])
def test_a_port_that_another_program_uses_is_named(new_house: Make, taken_port: str, name: str) -> None:
    refusal = refused(new_house(**{name.lower(): taken_port}))
    assert f"Port {taken_port} on 127.0.0.1 " in refusal
    assert f"OWNWORDS_{name}" in refusal


def test_a_second_one_beside_the_first_is_told_that_the_port_is_taken(house: TroubledHouse, new_house: Make) -> None:
    port = house.address.rpartition(":")[2]
    assert f"Port {port}" in refused(new_house(port=port))
    with house.browser() as browser:
        assert browser.get("/healthz").status_code == 200


# --- folders ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["", "log", "log/app.log/x", "log/box.log/x", "box"])
def test_something_in_the_way_of_what_has_to_be_written_is_named(new_house: Make, place: str) -> None:
    house = new_house()
    in_the_way = house.data / place
    if not place:
        shutil.rmtree(house.data)
    in_the_way.parent.mkdir(parents=True, exist_ok=True)
    in_the_way.write_text("Something else")
    assert str(house.data) in refused(house)


@pytest.mark.parametrize("name", ["DATA", "ROOT_KEY", "DATABASE"])
def test_a_folder_that_cannot_be_written_is_named(new_house: Make, name: str) -> None:
    # Not even root may make anything here.
    place = {"DATA": "/proc/words", "ROOT_KEY": "/proc/keys/root.key", "DATABASE": "sqlite:////proc/words/w.sqlite3"}
    assert "/proc/" in refused(new_house(**{name.lower(): place[name]}))


# --- the interview ----------------------------------------------------------------------------------------------------


@pytest.fixture
def copy_of_the_project(tmp_path: Path) -> Path:
    """The project without what make sets up, to be broken."""
    copy = tmp_path / "project"
    for folder in ("bot", "actions", "box", "data"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ROOT.glob("*.yml"):
        shutil.copy(file, copy)
    return copy


def _cut_short(domain: str) -> str:
    return domain[: len(domain) // 2] + "\n  : ["


def _without_a_form(domain: str) -> str:
    return domain.replace("\n  feelings_form:", "\n  feeling_form:")


def _of_an_unknown_kind(domain: str) -> str:
    return domain.replace("kind: faces", "kind: smileys")


BREAKS = {
    break_it.__name__.removeprefix("_").replace("_", " "): break_it
    for break_it in (_cut_short, _without_a_form, _of_an_unknown_kind)
}


@pytest.mark.parametrize("broken", BREAKS)
def test_a_broken_interview_stops_the_start_and_says_where_it_is_broken(
    copy_of_the_project: Path, new_house: Make, broken: str
) -> None:
    domain = copy_of_the_project / "domain.yml"
    whole = domain.read_text(encoding="utf-8")
    domain.write_text(BREAKS[broken](whole), encoding="utf-8")
    assert domain.read_text(encoding="utf-8") != whole
    house = new_house(box_python=str(load_settings().box_python))
    said = started(house, project=copy_of_the_project)
    assert said.returncode == 1
    assert "Traceback" not in said.stdout + said.stderr
    assert said.stderr.startswith("Own Words: The interview cannot be used as it stands.")
    assert len(said.stderr.strip().splitlines()) > 1, "what is wrong with it"
    assert "Own Words is at" not in said.stdout


def refused(house: House, command: str = "serve", project: Path = ROOT) -> str:
    """Try to start it, and give the one line that says why it would not."""
    said = started(house, command, project)
    assert said.returncode == 1, said.stdout + said.stderr
    assert "Traceback" not in said.stdout + said.stderr
    lines = [line for line in said.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, said.stderr
    assert lines[0].startswith("Own Words: ")
    assert "Own Words is at" not in said.stdout
    return lines[0]


def started(house: House, command: str = "serve", project: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Start it, and wait for its end: one that goes on running fails the test."""
    return subprocess.run(
        [sys.executable, "-m", "bot", command],
        cwd=project,
        env=house.environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
