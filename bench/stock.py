"""Stock Rasa, as its own guide has one build such a conversation: what Own Words is measured against.

Every question of `domain.yml` in forms, each slot filled by `from_text`, a validation action for each form and one
that keeps a finished section, `rasa run` with the REST channel and the SQL tracker store, and `rasa run actions` beside
it. After the last question the first comes again, so that a conversation can be of any length.
"""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import yaml

from bot.settings import ROOT

PYTHON = ROOT / ".venv-box" / "bin" / "python"
IN_A_FORM = 6
"""Longer forms than ours: each end of one costs stock Rasa two calls of actions more."""
PATIENCE = 180.0

ACTIONS = """
import json
import sqlite3

from rasa_sdk import Action, FormValidationAction
from rasa_sdk.events import SlotSet

FORMS = json.load(open("forms.json"))
LAST = list(FORMS.values())[-1][-1]


class Keep(Action):
    def name(self):
        return "action_keep"

    def run(self, dispatcher, tracker, domain):
        with sqlite3.connect("kept.db") as kept:
            kept.execute("CREATE TABLE IF NOT EXISTS kept (sender TEXT, slots TEXT)")
            slots = {name: value for name, value in tracker.slots.items() if value is not None}
            kept.execute("INSERT INTO kept VALUES (?, ?)", (tracker.sender_id, json.dumps(slots)))
        if tracker.slots.get(LAST) is None:
            return []
        return [SlotSet(name, None) for of_form in FORMS.values() for name in of_form]


def validates(form, slots):
    def validator(slot):
        def validate(self, value, dispatcher, tracker, domain):
            return {slot: value}
        return validate

    methods = {f"validate_{slot}": validator(slot) for slot in slots}
    return type(f"Validate_{form}", (FormValidationAction,), {"name": lambda self: f"validate_{form}", **methods})


for _form, _slots in FORMS.items():
    globals()[f"Validate_{_form}"] = validates(_form, _slots)
"""


class Stock:
    """One stock project, trained, and its two processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.actions_port = _free_port()
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that do the work."""
        return tuple(one.pid for one in self._processes)

    def write(self) -> None:
        """Write the project."""
        (self.folder / "data").mkdir(parents=True)
        forms = dict(self._forms())
        names = list(forms)
        slots = [slot for of_form in forms.values() for slot in of_form]
        asks = {f"utter_ask_{slot}": [{"text": said}] for slot, said in zip(slots, _questions(), strict=True)}
        self._yaml(
            "domain.yml",
            {
                "version": "3.1",
                "intents": ["begin"],
                "slots": {
                    slot: {
                        "type": "text",
                        "influence_conversation": False,
                        "mappings": [
                            {"type": "from_text", "conditions": [{"active_loop": form, "requested_slot": slot}]}
                        ],
                    }
                    for form, of_form in forms.items()
                    for slot in of_form
                },
                "forms": {form: {"required_slots": of_form} for form, of_form in forms.items()},
                "actions": ["action_keep", *(f"validate_{form}" for form in forms)],
                "responses": asks,
            },
        )
        begins = {
            "rule": "It begins",
            "steps": [{"intent": "begin"}, {"action": names[0]}, {"active_loop": names[0]}],
        }
        follows = [
            {
                "rule": f"After {form}",
                "condition": [{"active_loop": form}],
                "steps": [
                    {"action": form},
                    {"active_loop": None},
                    {"slot_was_set": [{"requested_slot": None}]},
                    {"action": "action_keep"},
                    {"action": after},
                    {"active_loop": after},
                ],
            }
            for form, after in zip(names, [*names[1:], names[0]], strict=True)
        ]
        self._yaml("data/rules.yml", {"version": "3.1", "rules": [begins, *follows]})
        nlu = [{"intent": "begin", "examples": "- begin\n- let us begin\n"}]
        self._yaml("data/nlu.yml", {"version": "3.1", "nlu": nlu})
        self._yaml(
            "config.yml",
            {
                "recipe": "default.v1",
                "assistant_id": "stock",
                "language": "en",
                "pipeline": [],
                "policies": [{"name": "RulePolicy"}],
            },
        )
        self._yaml(
            "endpoints.yml",
            {
                "action_endpoint": {"url": f"http://127.0.0.1:{self.actions_port}/webhook"},
                "tracker_store": {"type": "SQL", "dialect": "sqlite", "db": "trackers.db"},
            },
        )
        self._yaml("credentials.yml", {"rest": None})
        (self.folder / "actions.py").write_text(ACTIONS)
        (self.folder / "forms.json").write_text(json.dumps(forms))

    def train(self) -> None:
        """Train it. Raises RuntimeError where that fails."""
        if self._rasa("train").wait(PATIENCE * 2) != 0:
            raise RuntimeError("Stock Rasa could not be trained.")

    @contextmanager
    def running(self) -> Iterator[str]:
        """Run both processes, and give the address that messages are sent to."""
        self._processes = [
            self._rasa("run", "actions", "--port", str(self.actions_port)),
            self._rasa("run", "--port", str(self.port), "-i", "127.0.0.1"),
        ]
        address = f"http://127.0.0.1:{self.port}/webhooks/rest/webhook"
        try:
            _wait_for(address)
            yield address
        finally:
            for process in self._processes:
                process.send_signal(signal.SIGKILL)
                process.wait()

    def _forms(self) -> Iterator[tuple[str, list[str]]]:
        slots = [f"answer_{at:03}" for at in range(len(_questions()))]
        for at in range(0, len(slots), IN_A_FORM):
            yield f"section_{at:03}_form", slots[at : at + IN_A_FORM]

    def _yaml(self, name: str, content: dict[str, Any]) -> None:
        (self.folder / name).write_text(yaml.safe_dump(content, sort_keys=False))

    def _rasa(self, *arguments: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "RASA_TELEMETRY_ENABLED": "false", "TF_CPP_MIN_LOG_LEVEL": "3"}
        return subprocess.Popen(
            [PYTHON, "-m", "rasa", *arguments],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@cache
def _questions() -> tuple[str, ...]:
    """Give the wording of each of our questions, as a person is asked it, plain."""
    responses = yaml.safe_load((ROOT / "domain.yml").read_text())["responses"]
    return tuple(
        " ".join(str(one[0].get("text", "")).split()).replace("{", "(").replace("}", ")")
        for name, one in responses.items()
        if name.startswith("utter_ask_")
    )


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _wait_for(address: str) -> None:
    """Wait until a message is answered with the first question."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            answer = httpx.post(address, json={"sender": "nobody", "message": "/begin"}, timeout=20)
            if answer.status_code == httpx.codes.OK and answer.json():
                return
        except (httpx.TransportError, ValueError):
            pass
        time.sleep(0.5)
    raise RuntimeError("Stock Rasa did not answer.")
