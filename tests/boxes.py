"""The real box, for tests: Rasa as it is run, with custom actions that remember what they were asked and can fail."""

import contextlib
import hashlib
import json
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx

from bot.dialogue import box_environment, free_port, train
from bot.settings import ROOT
from bot.settings import load as load_settings

SECRET = "an invented secret, long enough for a box"
PATIENCE = 120.0
"""Seconds that anything may take on a busy machine before a test gives up on it."""

Slots = Mapping[str, Any]
Events = list[dict[str, Any]]


def slot(name: str, value: str | None) -> dict[str, Any]:
    """An event that sets a slot, as rasa-sdk sends it."""
    return {"event": "slot", "timestamp": None, "name": name, "value": value}


@dataclass
class FakeActions:
    """Answers for the custom actions as the real ones would, and remembers every call. Set `answer` to make it fail."""

    calls: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[str | None] = field(default_factory=list)
    outcomes: dict[str, int] = field(default_factory=dict)
    """How many things to be different each conversation has so far."""
    cards: Sequence[str] = ()
    """Which cards the next conversation chooses."""
    wanted: Sequence[str] = ()
    """What the enquiry of the next conversation holds already: `outcome:…`."""
    is_communication_known: bool = False
    """Whether it is known already how the person of the next conversation likes to talk."""
    answer: Callable[[BaseHTTPRequestHandler, dict[str, Any]], bytes | None] | None = None
    """In place of the usual answer: what to send with 200, or None when it has sent something itself."""

    def names(self, conversation_id: str) -> list[str]:
        """The actions that were called for a conversation, in order."""
        return [call["next_action"] for call in self.calls if call["sender_id"] == conversation_id]

    def usual(self, call: dict[str, Any]) -> dict[str, Any]:
        """What the real action of that name would answer."""
        slots: Slots = call["tracker"]["slots"]
        conversation_id: str = call["sender_id"]
        action = call["next_action"].removeprefix("action_")
        done: dict[str, Callable[[], Events]] = {
            "tell_more": lambda: [slot("know_more", None)],
            "keep_outcome": lambda: self._outcome(conversation_id, slots),
            "keep_cards": lambda: [*self._next_card(None), self._count(conversation_id)],
            "keep_card_outcome": lambda: self._card(conversation_id, slots),
            "keep_rank": lambda: self._rank(conversation_id, slots),
            "open_stage": lambda: [
                slot("communication_known", "yes" if self.is_communication_known else "no"),
                *self._next_outcome(conversation_id, None),
            ],
            "keep_review": lambda: [
                *(slot(name, None) for name in ("outcome_now", "outcome_again", "outcome_why", "outcome_difference")),
                *self._next_outcome(conversation_id, slots["next_outcome"]),
            ],
            "keep_verdict": lambda: [
                *(slot(name, None) for name in ("happened", "difference", "practitioner_verdict")),
                *self._next_outcome(conversation_id, slots["next_outcome"]),
            ],
        }
        said = [{"response": f"utter_about_{slots['know_more']}"}] if action == "tell_more" else []
        return {"events": done.get(action, list)(), "responses": said}

    def _outcome(self, conversation_id: str, slots: Slots) -> Events:
        self._add_outcome(conversation_id, slots)
        emptied = [slot(name, None) for name in ("outcome", "outcome_sign", "outcome_weight", "more_outcomes")]
        another = "yes" if slots["more_outcomes"] == "yes" else "no"
        return [*emptied, slot("another_outcome", another), self._count(conversation_id)]

    def _card(self, conversation_id: str, slots: Slots) -> Events:
        self._add_outcome(conversation_id, slots)
        emptied = [slot(name, None) for name in ("outcome", "outcome_sign", "outcome_weight")]
        return [*emptied, *self._next_card(slots["next_card"]), self._count(conversation_id)]

    def _add_outcome(self, conversation_id: str, slots: Slots) -> None:
        if slots["outcome"] != slots["outcome_sign"] and slots["more_outcomes"] in {"yes", "no", None}:
            self.outcomes[conversation_id] = self.outcomes.get(conversation_id, 0) + 1

    def _count(self, conversation_id: str) -> dict[str, Any]:
        count = self.outcomes.get(conversation_id, 0)
        return slot("outcome_count", "many" if count > 2 else "two" if count == 2 else "none_or_one")

    def _next_outcome(self, conversation_id: str, after: str | None) -> Events:
        said = [f"outcome:{conversation_id[:8]}_{n}" for n in range(self.outcomes.get(conversation_id, 0))]
        waiting = [*self.wanted, *said]
        rest = waiting[waiting.index(after) + 1 :] if after in waiting else waiting
        return [slot("next_outcome", rest[0] if rest else None), slot("outcome_waiting", "yes" if rest else "no")]

    def _next_card(self, after: str | None) -> Events:
        waiting = [f"card:{card}" for card in self.cards]
        rest = waiting[waiting.index(after) + 1 :] if after in waiting else waiting
        return [slot("next_card", rest[0] if rest else None), slot("card_waiting", "yes" if rest else "no")]

    def _rank(self, conversation_id: str, slots: Slots) -> Events:
        ranked = [*(slots["ranked"] or []), slots["matters_most"]]
        count = self.outcomes.get(conversation_id, 0)
        implied = "implied" if count == 2 else None
        again = "yes" if len(ranked) < count - 1 else "no"
        return [
            slot("matters_most", None),
            {**slot("ranked", None), "value": ranked},
            slot("rank_again", again),
            slot("apart", implied),
            slot("plan_b", implied),
        ]


@contextlib.contextmanager
def serving(actions: FakeActions) -> Iterator[int]:
    """Serve the actions on a loopback port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            actions.calls.append(call)
            actions.secrets.append(self.headers["X-Own-Words-Secret"])
            answer = actions.answer(self, call) if actions.answer else json.dumps(actions.usual(call)).encode()
            if answer is not None:
                send(self, 200, answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name is the server's
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def send(handler: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
    """Answer a call; whoever has gone meanwhile is not waited for."""
    with contextlib.suppress(OSError):
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


class RealBox:
    """A running box, its actions, and a client that knows the secret."""

    def __init__(self, port: int, actions: FakeActions, log: Path) -> None:
        self.port = port
        self.actions = actions
        self.log = log
        self.http = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            headers={"X-Own-Words-Secret": SECRET},
            timeout=PATIENCE,
            trust_env=False,
        )

    def turns(self, request: object) -> httpx.Response:
        """Post deliveries, whatever they are."""
        return self.http.post("/webhooks/own_words/turns", json=request)

    def forget(self, conversation_id: object) -> httpx.Response:
        """Ask it to forget a conversation."""
        return self.http.post("/webhooks/own_words/forget", json={"conversation_id": conversation_id})

    def is_ready(self) -> bool:
        """Whether it says that it is."""
        try:
            return self.http.get("/webhooks/own_words/ready").status_code == 200
        except httpx.HTTPError:
            return False


@contextlib.contextmanager
def running(folder: Path, actions: FakeActions, model: Path, *, ready: bool = True) -> Iterator[RealBox]:
    """Run a box with this model, and end it afterwards."""
    log = folder / "box.log"
    python = load_settings().box_python
    with serving(actions) as actions_port, log.open("wb") as told:
        port = free_port()
        environment = box_environment(
            folder,
            {"OWNWORDS_BOX_SECRET": SECRET, "OWNWORDS_ACTIONS_URL": f"http://127.0.0.1:{actions_port}/webhook"},
        )
        where = ["-i", "127.0.0.1", "-p", str(port), "-m", str(model)]
        files = ["--credentials", "credentials.yml", "--endpoints", "endpoints.yml"]
        command = [str(python), "-m", "rasa", "run", *where, *files]
        child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=told, stderr=told, stdin=subprocess.DEVNULL)
        box = RealBox(port, actions, log)
        try:
            _wait(box, child, ready=ready)
            yield box
        finally:
            box.http.close()
            child.kill()
            child.wait()


def trained_model() -> Path:
    """The model of the interview as it stands; trained if it is not there yet."""
    settings = load_settings()
    return train(ROOT, settings.data, settings.box_python, lambda line: None)


def _wait(box: RealBox, child: subprocess.Popen[bytes], *, ready: bool) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert child.poll() is None, box.log.read_text(errors="replace")
        if box.is_ready() if ready else _answers(box):
            return
        Event().wait(0.3)
    raise AssertionError(f"the box was not ready: {box.log.read_text(errors='replace')}")


def _answers(box: RealBox) -> bool:
    try:
        return box.http.get("/").status_code == 200
    except httpx.HTTPError:
        return False


@dataclass
class Talk:
    """One conversation as the app would deliver it."""

    box: RealBox
    conversation_id: str
    path: list[dict[str, Any]] = field(default_factory=list)
    reply: dict[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> dict[str, Any]:
        """How far the box should have heard it."""
        return {"count": len(self.path), "digest": digest(self.conversation_id, self.path)}

    def request(self, intent: str, *choice: str) -> dict[str, Any]:
        """The next delivery, ready to be posted."""
        number = 0 if intent == "begin" else 2 * len(self.path)
        turn = {"number": number, "intent": intent, "choice": list(choice)}
        return {"conversation_id": self.conversation_id, "after": self.place, "turns": [turn]}

    def begin(self, stage: str = "first", speaker: str = "person") -> dict[str, Any]:
        """Begin a conversation; a first one with the person where nothing else is said."""
        return self.say("begin", stage, speaker)

    def say(self, intent: str, *choice: str) -> dict[str, Any]:
        """Deliver one turn and give the reply."""
        request = self.request(intent, *choice)
        answer = self.box.turns(request)
        assert answer.status_code == 200, answer.text
        self.path += request["turns"]
        self.reply = answer.json()
        return self.reply

    def answer(self, question: str, intent: str = "words", *choice: str) -> dict[str, Any]:
        """Answer the question on show, which must be this one."""
        assert self.reply["question"] == question, self.reply
        return self.say(intent, *choice)

    def take(self, road: str) -> None:
        """Answer a line of questions, each named with what was chosen: `go_on=yes worries feelings=!later`.

        A question alone is answered in words, `=` chooses, `=!` skips; `,` stands between several choices.
        """
        for step in road.split():
            question, _, chosen = step.partition("=")
            if chosen.startswith("!"):
                self.answer(question, "skip", chosen[1:])
            elif chosen:
                self.answer(question, "choose", *chosen.split(","))
            else:
                self.answer(question)

    @property
    def asked(self) -> dict[str, Any]:
        """The question on show, with all that rides with it."""
        shown: dict[str, Any] = self.reply["utterances"][-1]
        return shown

    @property
    def said(self) -> list[str]:
        """The responses of the latest reply."""
        return [utterance["response"] for utterance in self.reply["utterances"]]


def digest(conversation_id: str, path: Sequence[Mapping[str, Any]]) -> str:
    """The running digest, worked out anew here: box and app must both agree with it."""
    value = hashlib.sha256(conversation_id.encode()).hexdigest()
    for turn in path:
        line = f"{value}|{turn['number']}|{turn['intent']}|{','.join(turn['choice'])}"
        value = hashlib.sha256(line.encode()).hexdigest()
    return value
