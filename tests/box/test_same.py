"""Rasa made lighter (`box/lighter.py`) says what Rasa says: the same conversations, had with and without."""

import ast
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bot.dialogue import box_environment
from bot.settings import ROOT
from bot.settings import load as load_settings
from tests.boxes import FakeActions, serving, trained_model

CARDS = ("home", "money")
WANTED = ("outcome:0a1b2c3d_4", "outcome:0a1b2c3d_6")


@pytest.fixture(scope="module")
def actions() -> dict[str, FakeActions]:
    """Those of each of the two."""
    return {name: FakeActions(cards=CARDS, wanted=WANTED) for name in ("plain", "lighter")}


@pytest.fixture(scope="module")
def told(actions: dict[str, FakeActions], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What was said in all of them; one process for both, as Rasa takes long to import."""
    folder: Path = tmp_path_factory.mktemp("same")
    with serving(actions["plain"]) as plain, serving(actions["lighter"]) as lighter:
        addresses = [f"http://127.0.0.1:{port}" for port in (plain, lighter)]
        ran = subprocess.run(
            [str(load_settings().box_python), "tests/box/inside_same.py", str(trained_model()), *addresses],
            cwd=ROOT,
            env=box_environment(folder, {"PYTHONPATH": os.fspath(ROOT)}),
            capture_output=True,
            text=True,
            check=False,
        )
    assert ran.returncode == 0, ran.stderr
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def test_every_conversation_is_the_same_with_rasa_as_it_comes_and_made_lighter(told: dict[str, Any]) -> None:
    assert len(told["plain"]) == 24
    for name, said in told["plain"].items():
        for number, (plain, lighter) in enumerate(zip(said, told["lighter"][name], strict=True)):
            assert plain == lighter, f"{name}, {number}"


def test_those_conversations_go_through_most_of_what_is_asked(told: dict[str, Any]) -> None:
    steps = [step for said in told["lighter"].values() for step in said]
    asked = {step[2]["question"] for step in steps if len(step) == 4 and step[2]}
    assert len(asked) > 60
    assert {step[0] for step in steps} == {"begin", "words", "choose", "skip"}


@pytest.mark.parametrize("module", ["processor", "actions/forms", "policies/rule_policy"])
def test_what_is_no_longer_copied_was_copied_for_the_log_alone(module: str) -> None:
    [found] = load_settings().box_python.parent.parent.glob(f"lib/python*/site-packages/rasa/core/{module}.py")
    tree = ast.parse(found.read_text(encoding="utf-8"))
    for_the_log = {
        node
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "structlogger.debug"
        for node in ast.walk(call)
    }
    copies = [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "copy"]
    assert copies
    assert [node.lineno for node in copies if node not in for_the_log] == []


@pytest.mark.usefixtures("told")
def test_the_same_actions_are_called_in_the_same_order_with_the_same_slots(actions: dict[str, FakeActions]) -> None:
    plain, lighter = (
        [(call["sender_id"], call["next_action"], call["tracker"]["slots"]) for call in actions[name].calls]
        for name in ("plain", "lighter")
    )
    assert plain == lighter
    assert len(plain) > 60


def test_what_is_fitted_to_rasa_is_fitted_once_however_often_it_is_tried_out(told: dict[str, Any]) -> None:
    assert told["was_fitted_once"]
