"""What the documents say about the project is so: settings, commands, links, folders, libraries, flags."""

import importlib
import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from bot.cli import app
from bot.conversation import Speaker, Stage
from bot.flags import FlagKind
from bot.project import load_interview, load_records
from bot.reviewing.states import ReviewState
from bot.roles import Act, Actor, Place, Role, may
from bot.settings import DEFAULTS

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("docs/papers/*.md"))]

ACTS = {
    Act.SEE_WORK: "see what is waiting",
    Act.SEARCH: "search",
    Act.SEE_ENQUIRY: "see an enquiry",
    Act.READ_CONVERSATION: "read a conversation",
    Act.READ_FLAG: "read what a flag was raised at",
    Act.SEE_RECORDS: "see notes, records, reviews and answers to flags",
    Act.SEE_CONTACT: "see how it is safe to reach the person",
    Act.BEGIN_ENQUIRY: "open an enquiry",
    Act.JOIN: "join a conversation to an enquiry",
    Act.END_CODE: "end the code to come back to a conversation",
    Act.INVITE: "invite",
    Act.REVIEW: "review",
    Act.NOTE: "write a note",
    Act.TAG: "choose themes",
    Act.ANSWER_FLAG: "say what was done about a flag",
    Act.RECORD: "record",
    Act.ALLOCATE: "say who works on an enquiry, and whose it is",
    Act.RESTRICT: "restrict an enquiry",
    Act.ASK_TO_LIFT: "ask to lift a restriction",
    Act.LIFT: "lift one that another manager asked to lift",
    Act.CLOSE: "close an enquiry, and open it again",
    Act.KEEP: "say how long something is kept, and ask to have it forgotten",
    Act.FORGET: "forget for good what another manager asked to have forgotten",
    Act.SEE_KEEPING: "see how much has been kept long enough",
    Act.EXPORT: "take a copy of an enquiry out",
    Act.SEE_READERS: "see who read an enquiry",
    Act.SEARCH_AUDIT: "search the audit",
    Act.SEE_CONFIRMATIONS: "see who has read the guidance",
    Act.SEE_TEAM: "see how the work of a team stands",
    Act.SEE_FIGURES: "see figures as they are",
    Act.SEE_PACK: "see figures as they may be published",
    Act.EXPORT_RETURN: "take out the national return",
    Act.EXPORT_PACK: "take out what may be published",
    Act.COMPARE: "give figures of elsewhere to compare with",
    Act.APPROVE_QUOTE: "say which words may be quoted",
    Act.ANSWER_PEOPLE: "say what was done about what people said",
    Act.CHANGE_SIGN_IN: "change what they sign in with",
    Act.CONFIRM_GUIDANCE: "confirm that they read the guidance",
    Act.LIST_GUIDANCE: "see which files are guidance",
    Act.MANAGE_TEAMS: "make and change teams",
    Act.MANAGE_PEOPLE: "make and change accounts",
    Act.CHANGE_SETTINGS: "change settings",
    Act.MANAGE_TOKENS: "let another programme in, and shut it out",
    Act.USE_API: "do what such a programme does",
}
"""What the guide for teams calls each act."""

WHERE: dict[tuple[bool, ...], str] = {
    (True, True, True, True): "yes",
    (False, True, True, False): "team",
    (False, False, True, True): "work",
    (False, False, False, True): "own",
    (False, False, False, False): "–",
}
"""What it calls where: restricted elsewhere; in the own team restricted, and not; elsewhere but allocated."""

FENCED = re.compile(r"^( *)```.*?^\1```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands_in(document: str) -> list[str]:
    """List what a document shows as something to type: lines of its code blocks, and code within its sentences."""
    lines = [line.strip() for block in FENCED.finditer(document) for line in block[0].splitlines()]
    return [*lines, *CODE.findall(FENCED.sub("", document))]


def anchors_of(document: str) -> set[str]:
    headings = HEADING.findall(FENCED.sub("", document))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))


@pytest.mark.parametrize("name", DEFAULTS)
def test_each_setting_is_explained_to_those_who_run_it_with_its_default(name: str) -> None:
    row = next(line for line in read("docs/running.md").splitlines() if line.startswith(f"| `OWNWORDS_{name}` |"))
    default = row.split("|")[2].strip()

    assert f"OWNWORDS_{name}={DEFAULTS[name]}" in read(".env.example").splitlines()
    if DEFAULTS[name]:
        assert default == f"`{DEFAULTS[name]}`"
    else:
        assert default == "empty" or name == "DATABASE"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_whatever_a_document_says_to_make_can_be_made(document: Path) -> None:
    typed = [line.split("#")[0].split() for line in commands_in(document.read_text(encoding="utf-8"))]
    targets = [word for words in typed if words[:1] == ["make"] for word in words[1:] if re.fullmatch("[a-z-]+", word)]

    assert set(targets) <= make_targets()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_whatever_command_of_ours_a_document_names_is_there(document: Path) -> None:
    there = typer.main.get_command(app)
    named = re.findall(r"python -m bot ([a-z-]+)(?: ([a-z]+))?", document.read_text(encoding="utf-8"))

    for command, following in named:
        assert command in there.commands, command  # type: ignore[attr-defined]
        if isinstance(group := there.commands[command], TyperGroup):  # type: ignore[attr-defined]
            assert following in group.commands, following


def test_each_command_is_explained_to_those_who_run_it() -> None:
    there: dict[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    every = [
        name if not isinstance(command, TyperGroup) else f"{name} {following}"
        for name, command in there.items()
        for following in getattr(command, "commands", [""])
    ]
    told = read("docs/running.md")

    assert [command for command in every if f"python -m bot {command}" not in told] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_each_link_within_the_project_leads_somewhere(document: Path) -> None:
    for link in LINK.findall(FENCED.sub("", document.read_text(encoding="utf-8"))):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target.read_text(encoding="utf-8")), link


def test_the_map_in_the_readme_names_every_folder() -> None:
    committed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    folders = {name.split("/")[0] for name in committed.split("\0") if "/" in name}
    drawn = next(block[0] for block in FENCED.finditer(read("README.md")) if block[0].startswith("```text"))

    assert folders <= set(re.findall(r"^([\w.-]+)/", drawn, re.MULTILINE))


def test_each_file_that_the_map_names_is_there() -> None:
    drawn = next(block[0] for block in FENCED.finditer(read("README.md")) if block[0].startswith("```text"))
    names = re.findall(r"[\w.]+\.(?:py|yml)\b", drawn)
    there = {path.name for folder in (".", "data", "bot", "tests") for path in (ROOT / folder).iterdir()}

    assert set(names) <= there


def test_each_library_that_we_ask_for_has_its_reason() -> None:
    lines = [line for path in (ROOT / "requirements").glob("*.in") for line in path.read_text("utf-8").splitlines()]
    package = json.loads(read("package.json"))
    asked_for = [line.split("==")[0] for line in lines if "==" in line]
    asked_for += [*package["dependencies"], *package["devDependencies"]]
    decisions = read("docs/decisions.md")

    assert [name for name in asked_for if name not in decisions] == []


def test_each_flag_and_each_part_of_the_interview_is_explained_to_practitioners() -> None:
    told = read("docs/practitioners.md")
    parts = {asking.part for asking in load_interview().responses.values() if asking.part}

    assert [flag for flag in FlagKind if f"| `{flag}` |" not in told] == []
    assert [part for part in parts if f"| {part} |" not in told] == []


@pytest.mark.parametrize("act", Act)
def test_the_guide_for_teams_says_of_each_act_what_the_rules_say(act: Act) -> None:
    def told(role: Role) -> str:
        actor = Actor("me", role, frozenset({"own"}))
        theirs = Place(lift_asked_by="another", stage=Stage.FIRST, speaker=Speaker.ADVOCATE, is_finished=True)
        places = (
            replace(theirs, team_id="other", is_restricted=True),
            replace(theirs, team_id="own", is_restricted=True),
            replace(theirs, team_id="own"),
            replace(theirs, team_id="other", is_restricted=True, allocated=frozenset({"me"})),
        )
        return WHERE[tuple(may(actor, act, place) for place in places)]

    assert f"| {ACTS[act]} | {' | '.join(map(told, Role))} |" in read("docs/teams.md").splitlines()


def test_the_guide_for_teams_names_the_roles_in_the_order_of_its_table() -> None:
    assert f"| | {' | '.join(role.replace('_', ' ') for role in Role)} |" in read("docs/teams.md").splitlines()


def test_the_guide_for_teams_names_each_state_of_a_review_and_each_record() -> None:
    told = read("docs/teams.md")
    states = ("waiting to be read", "being read", "sent back with a question", "the question was answered", "reviewed")

    assert len(states) == len(ReviewState)
    assert [state for state in states if f"| {state} |" not in told] == []
    assert [blank.short for blank in load_records().kinds.values() if f"| {blank.short} |" not in told] == []


def test_each_picture_that_is_made_is_shown_somewhere_and_is_there() -> None:
    made = set(re.findall(r'"([a-z-]+\.png)"', read("tests/screenshots.py")))
    shown = "".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)

    assert {path.name for path in (ROOT / "docs" / "pictures").iterdir()} == made
    assert [name for name in made if f"pictures/{name})" not in shown] == []


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`((?:bot|actions)\.[\w.]+)", read("docs/how-it-works.md")))))
def test_whatever_the_guide_for_developers_names_is_in_the_code(name: str) -> None:
    module, rest = name.split("."), list[str]()
    while module:
        try:
            found = importlib.import_module(".".join(module))
            break
        except ModuleNotFoundError:
            rest.insert(0, module.pop())
    for part in rest:
        assert hasattr(found, part), name
        found = getattr(found, part)
