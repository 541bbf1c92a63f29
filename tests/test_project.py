"""What the project's own files promise: where packages come from, which settings there are, which words make a code."""

import json
import re
import subprocess
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from bot.settings import DEFAULTS

ROOT = Path(__file__).resolve().parent.parent
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
# Pieced together, so that this file does not name what it looks for.
REGISTRIES = ("pypi" + ".org", "python" + "hosted.org", "npm" + "js.org", "yarn" + "pkg.com")
MACHINE_PATH = re.compile(rf"(?<![\w.~-])/(?:{'wo' + 'rk'}|{'ro' + 'ot'}|{'ho' + 'me'}|{'Us' + 'ers'})/\w")

SOUND_ALIKE = """
    air heir|aisle isle|allowed aloud|alter altar|ate eight|bare bear|base bass|beach beech|bean been|beat beet
    beau bow|berry bury|berth birth|billed build|blew blue|board bored|bold bowled|bolder boulder|bough bow|brake break
    bread bred|bridal bridle|broach brooch|buy by bye|cast caste|cell sell|cellar seller|cent scent sent|cereal serial
    cheap cheep|check cheque|chews choose|chilli chilly|choir quire|chord cord|cite sight site|coarse course
    colonel kernel|council counsel|creak creek|crews cruise|cue queue|currant current|cygnet signet|cymbal symbol
    dear deer|desert dessert|dew due|die dye|doe dough|draft draught|draw drawer|dual duel|earn urn|ewe yew you|eye aye
    faint feint|fair fare|feat feet|find fined|fir fur|flair flare|flea flee|flew flu flue|flour flower|for fore four
    foreword forward|fort fought|forth fourth|foul fowl|frees freeze frieze|gait gate|grate great|groan grown
    guessed guest|guise guys|hail hale|hair hare|hall haul|hangar hanger|hay hey|heal heel|hear here|heard herd
    higher hire|him hymn|hoarse horse|hole whole|hour our|idle idol|in inn|key quay|knead need|knight night|knit nit
    knot not|know no|knows nose|lain lane|lead led|leak leek|lessen lesson|liar lyre|lichen liken|links lynx|loan lone
    loot lute|made maid|mail male|main mane|maize maze|mall maul|manner manor|mantel mantle|marshal martial
    marten martin|meat meet|medal meddle metal|might mite|mince mints|miner minor|missed mist|moat mote|moor more
    moose mousse|morning mourning|muscle mussel|mussed must|mustard mustered|naval navel|none nun|oar ore or|one won
    packed pact|pail pale|pain pane|pair pare pear|palate palette pallet|passed past|patience patients|pause paws
    peace piece|peak peek|peal peel|pearl purl|pedal peddle petal|peer pier|petrel petrol|plaice place|plain plane
    pleas please|plum plumb|pole poll|poplar popular|pore pour poor|praise prays preys|prince prints|profit prophet
    quarts quartz|rain reign rein|raise rays|rap wrap|read red reed|real reel|right rite write|ring wring|road rode
    roe row|role roll|root route|rose rows|rough ruff|rye wry|sail sale|sauce source|scene seen|sea see|sealing ceiling
    seam seem|seas seize|serf surf|sew so sow|shear sheer|shoot chute|side sighed|sleigh slay|soar sore|sole soul
    some sum|son sun|staid stayed|stair stare|stake steak|stationary stationery|steal steel|stile style|storey story
    straight strait|suite sweet|sundae sunday|sword soared|tail tale|taper tapir|taught taut|tea tee|team teem|tear tier
    tern turn|their there|threw through|throne thrown|thyme time|tide tied|tire tyre|to too two|toad towed|toe tow
    told tolled|vain vane vein|vale veil|wade weighed|wail whale|waist waste|wait weight|war wore|ware wear where
    warn worn|way weigh|weak week|weather whether|weave we've|which witch|whine wine|whirled world|wood would|yoke yolk
"""


def committed_files() -> list[Path]:
    """List the text files that are committed, or will be with the next commit."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def code_words() -> list[str]:
    return (ROOT / "bot" / "code_words.txt").read_text(encoding="ascii").splitlines()


def pyproject() -> dict[str, dict[str, object]]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def asked_for(name: str) -> list[str]:
    """List what a requirements/*.in file asks for."""
    lines = (ROOT / "requirements" / f"{name}.in").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def test_no_committed_file_names_a_registry_or_a_path_of_somebodys_machine() -> None:
    found = []
    for path in committed_files():
        content = path.read_bytes().decode(errors="replace")
        found += [f"{path.name}: {host}" for host in REGISTRIES if host in content]
        found += [f"{path.name}: {match[0]}" for match in MACHINE_PATH.finditer(content)]

    assert found == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_locked_package_is_one_version_with_its_hashes_and_no_address(lock: Path) -> None:
    entries = lock.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()

    assert entries
    for entry in entries:
        assert re.match(r"[a-z0-9][a-z0-9._-]*==\S+ .*--hash=sha256:[0-9a-f]{64}", entry), entry
        assert "://" not in entry


def test_the_page_components_are_locked_by_hash_and_without_an_address() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]

    for name, package in packages.items():
        assert "resolved" not in package, name
        assert not name or package["integrity"].startswith("sha512-"), name


def test_each_lock_is_made_from_what_pyproject_says() -> None:
    project = pyproject()
    groups = project["dependency-groups"]

    assert project["project"]["dependencies"] == asked_for("app")
    assert groups == {name: asked_for(name) for name in groups}


def test_every_module_of_the_app_has_its_place_among_the_layers() -> None:
    contracts = pyproject()["tool"]["importlinter"]["contracts"]  # type: ignore[index]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    placed = {name.strip("()") for layer in layers for name in re.split(r" [|:] ", layer)}
    modules = {f"bot.{path.stem}" for path in (ROOT / "bot").iterdir() if (path / "__init__.py").is_file()}
    modules |= {f"bot.{path.stem}" for path in (ROOT / "bot").glob("*.py") if path.stem != "__init__"}

    assert modules <= placed


def test_every_setting_stands_in_the_example_with_its_default_and_a_sentence() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    example = {}
    for before, line in pairwise(lines):
        if line.startswith("OWNWORDS_"):
            name, _, value = line.partition("=")
            example[name.removeprefix("OWNWORDS_")] = value
            assert re.fullmatch(r"# .+\.", before), f"{name} has no sentence above it"

    assert example == DEFAULTS


def test_there_are_2048_code_words_in_order_each_short_and_plain() -> None:
    words = code_words()

    assert len(words) == 2048
    assert words == sorted(set(words))
    assert [word for word in words if not re.fullmatch("[a-z]{3,7}", word)] == []


def test_no_code_word_is_another_with_an_s_added() -> None:
    words = set(code_words())

    assert [word for word in words if word + "s" in words] == []


def test_no_two_code_words_sound_alike() -> None:
    words = set(code_words())
    groups = [set(group.split()) for line in SOUND_ALIKE.split("\n") for group in line.split("|")]

    assert [sorted(group & words) for group in groups if len(group & words) > 1] == []


def test_ci_runs_the_command_that_people_run() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()

    assert "export CI=true" in lines
    assert lines[-1] == "make test"
