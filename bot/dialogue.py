"""The dialogue engine: talks to the box, starts it, watches it. It hears references and choices, never words.

The box is Rasa in an environment of its own (`box/`). What it is told is a *path*: the answers given so far, in order,
each as a turn's number, its kind and what was chosen. Everything it holds can be thrown away: a box that knows less
than it should, or something else, is told the path afresh.
"""

import asyncio
import contextlib
import hashlib
import logging
import os
import secrets
import socket
import subprocess
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol

import httpx

log = logging.getLogger(__name__)

SECRET_HEADER = "X-Own-Words-Secret"
TURN_LIMIT = 4.5
"""Seconds to wait for the box; its own limit is 4. A person waits no longer for the page that says "kept"."""
HEALTH_EVERY = 2.0
HEALTH_LIMIT = 3.0
HEALTH_STRIKES = 3
DOUBT_LIMIT = 15.0
"""Seconds that a box which was ready, and is no longer trusted, has to answer a canned turn."""
READY_LIMIT = 120.0
BACK_OFF = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
FAILURES_BEFORE_PAUSE = 5
LARGEST_LOG = 1_000_000
"""Bytes of the box's log, after which a new start begins a new one."""


class DialogueUnavailable(Exception):
    """The box gave no clean answer. Words are kept all the same; the next question comes when it is back."""


class DialogueBehind(Exception):
    """The box has not heard what this path begins with: tell it from the beginning."""


class DialogueBroken(Exception):
    """The Rasa project cannot be trained. The message is Rasa's own."""


class DialogueMissing(Exception):
    """Rasa is not where the settings say. The message says how to get it."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One answer as the box hears it."""

    number: int
    intent: str
    choice: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Give it the form of the box's protocol."""
        return {"number": self.number, "intent": self.intent, "choice": list(self.choice)}


def beginning(stage: str, speaker: str) -> Delivery:
    """Give the first delivery of every path: which conversation it is, and whose."""
    return Delivery(0, "begin", (stage, speaker))


@dataclass(frozen=True, slots=True)
class Utterance:
    """One thing the bot says: which response, its wording, and the hints that ride with it."""

    response: str
    wording: str
    custom: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Heard:
    """What came back from the box."""

    utterances: tuple[Utterance, ...]
    form: str | None
    question: str | None


class Dialogue(Protocol):
    """Whoever decides what is asked next."""

    async def ask(self, conversation_id: str, path: Sequence[Delivery]) -> Heard:
        """Tell the last of a path and hear what is said next. A path of one always begins afresh.

        Raises DialogueUnavailable, and DialogueBehind when what comes before it has not been heard.
        """
        ...

    async def forget(self, conversation_id: str) -> None:
        """Drop what is remembered of a conversation."""
        ...

    @property
    def is_ready(self) -> bool:
        """Whether a question can be expected at once."""
        ...


class ActionRefused(Exception):
    """A custom action says that it cannot run now; the message is its name."""


class ActionUnknown(Exception):
    """There is no such custom action."""


class Actions(Protocol):
    """Whoever runs the custom actions when the box calls for one."""

    async def run(self, call: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run one action and give its events. Raises ActionRefused, ActionUnknown, and whatever went wrong."""
        ...


class Receipts:
    """Which custom actions have truly run, by conversation, since the box was last asked.

    Rasa logs a failed action and goes on, so its word is not enough (trust.md 3).
    """

    def __init__(self) -> None:
        self._ran: dict[str, Counter[str]] = {}

    def expect(self, conversation_id: str) -> None:
        """Begin counting for one question to the box."""
        self._ran[conversation_id] = Counter()

    def note(self, conversation_id: str, action: str) -> None:
        """Say that an action has run to its end."""
        self._ran.setdefault(conversation_id, Counter())[action] += 1

    def collect(self, conversation_id: str) -> Counter[str]:
        """Give what ran, and stop counting."""
        return self._ran.pop(conversation_id, Counter())


def digest(conversation_id: str, path: Sequence[Delivery]) -> str:
    """Give the running digest by which app and box agree on what has been heard."""
    value = hashlib.sha256(conversation_id.encode()).hexdigest()
    for step in path:
        heard = f"{value}|{step.number}|{step.intent}|{','.join(step.choice)}"
        value = hashlib.sha256(heard.encode()).hexdigest()
    return value


class BoxClient:
    """Asks the box over loopback HTTP."""

    def __init__(self, address: str, secret: str, receipts: Receipts) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"{address}/webhooks/own_words",
            headers={SECRET_HEADER: secret},
            timeout=httpx.Timeout(TURN_LIMIT),
            trust_env=False,
        )
        self._receipts = receipts
        self._failures = 0
        self.is_ready = False

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def ask(self, conversation_id: str, path: Sequence[Delivery]) -> Heard:
        """Tell the last of a path and hear what is said next. A path of one always begins afresh.

        Raises DialogueUnavailable, and DialogueBehind when what comes before it has not been heard.
        """
        if not self.is_ready:
            raise DialogueUnavailable("the box is not ready")
        try:
            heard = await self._ask(conversation_id, path)
        except DialogueUnavailable:
            self._failures += 1
            if self._failures >= FAILURES_BEFORE_PAUSE:
                # Quick refusals until the watcher has seen a canned turn answered again.
                self.is_ready = False
            raise
        self._failures = 0
        return heard

    async def forget(self, conversation_id: str) -> None:
        """Drop what the box remembers of a conversation; a box that is away has forgotten already."""
        with contextlib.suppress(httpx.HTTPError):
            await self._http.post("/forget", json={"conversation_id": conversation_id})

    async def answers_a_canned_turn(self) -> bool:
        """Whether the box gives a first question to an invented conversation."""
        canned = secrets.token_hex(16)
        try:
            answer = await self._http.post(
                "/turns", json=_request(canned, [beginning("first", "person")]), timeout=HEALTH_LIMIT
            )
            await self._http.post("/forget", json={"conversation_id": canned}, timeout=HEALTH_LIMIT)
            return answer.status_code == 200 and bool(answer.json()["utterances"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return False

    async def is_alive(self) -> bool:
        """Whether the box answers at all."""
        try:
            return (await self._http.get("/ready", timeout=HEALTH_LIMIT)).status_code == 200
        except httpx.HTTPError:
            return False

    def trust_again(self) -> None:
        """Take questions again, after a canned turn was answered."""
        self._failures = 0
        self.is_ready = True

    async def _ask(self, conversation_id: str, path: Sequence[Delivery]) -> Heard:
        answer, ran = await self._tell(conversation_id, path)
        if answer.status_code == HTTPStatus.CONFLICT:
            raise DialogueBehind
        heard, needed = _heard(answer)
        if needed - ran:
            # An earlier reply, whose actions we did not see run: told afresh, they run before our eyes.
            await self.forget(conversation_id)
            raise DialogueBehind
        return heard

    async def _tell(self, conversation_id: str, path: Sequence[Delivery]) -> tuple[httpx.Response, Counter[str]]:
        """Tell the last delivery of a path, and give the actions that ran here meanwhile."""
        self._receipts.expect(conversation_id)
        try:
            answer = await self._http.post("/turns", json=_request(conversation_id, path))
        except httpx.HTTPError as error:
            raise DialogueUnavailable(f"the box did not answer: {type(error).__name__}") from error
        finally:
            ran = self._receipts.collect(conversation_id)
        return answer, ran


def _request(conversation_id: str, path: Sequence[Delivery]) -> dict[str, Any]:
    before = path[:-1]
    return {
        "conversation_id": conversation_id,
        "after": {"count": len(before), "digest": digest(conversation_id, before)},
        "turns": [path[-1].as_json()],
    }


def _heard(answer: httpx.Response) -> tuple[Heard, Counter[str]]:
    """Read a reply, and which actions it needed. Raises DialogueUnavailable for anything that is none."""
    if answer.status_code != HTTPStatus.OK:
        raise DialogueUnavailable(f"the box answered {answer.status_code}")
    try:
        told = answer.json()
        utterances = tuple(
            Utterance(
                _text(item["response"]), _text(item["wording"] or ""), {**item["custom"], "choices": item["choices"]}
            )
            for item in told["utterances"]
        )
        needed = Counter(_text(name) for name in told["actions"])
        return Heard(utterances, told.get("form"), told.get("question")), needed
    except (ValueError, KeyError, TypeError) as error:
        raise DialogueUnavailable("the box's answer could not be read") from error


def _text(told: object) -> str:
    if not isinstance(told, str):
        raise TypeError
    return told


def free_port() -> int:
    """Find a loopback port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# --- training -------------------------------------------------------------------------------------------------------


def project_digest(project: Path) -> str:
    """Give the digest of all that training depends on: config, domain and data."""
    value = hashlib.sha256()
    data = sorted(path for path in (project / "data").rglob("*") if path.suffix in {".yml", ".yaml"})
    for path in [project / "config.yml", project / "domain.yml", *data]:
        value.update(path.relative_to(project).as_posix().encode())
        value.update(path.read_bytes())
    return value.hexdigest()[:16]


def model_path(project: Path, data: Path) -> Path:
    """Say where the model of the project as it stands is kept."""
    return data / "models" / f"{project_digest(project)}.tar.gz"


def train(project: Path, data: Path, python: Path, say: Callable[[str], None]) -> Path:
    """Give the model for the project as it stands: the cached one, or a new one once Rasa has validated the project.

    Raises DialogueBroken with Rasa's own message, and DialogueMissing: without Rasa, a model is of no use either.
    """
    if not python.is_file() or not os.access(python, os.X_OK):
        raise DialogueMissing(f"The dialogue engine is not installed at {python}. Install it with: make serve")
    model = model_path(project, data)
    if model.exists():
        return model
    say("Checking the interview ...")
    _rasa(project, data, python, "data", "validate", "--domain", "domain.yml", "--data", "data")
    say("Training the dialogue, once (about half a minute) ...")
    model.parent.mkdir(parents=True, exist_ok=True)
    unfinished = f"unfinished-{model.name.removesuffix('.tar.gz')}"
    _rasa(project, data, python, "train", "--out", str(model.parent), "--fixed-model-name", unfinished)
    (model.parent / f"{unfinished}.tar.gz").rename(model)
    for old in model.parent.glob("*.tar.gz"):
        if old != model:
            old.unlink()
    return model


def _rasa(project: Path, data: Path, python: Path, *arguments: str) -> None:
    ran = subprocess.run(
        [str(python), "-W", "ignore", "-m", "rasa", *arguments],
        cwd=project,
        env=box_environment(data, {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if ran.returncode != 0:
        lines = [line for line in ran.stdout.decode(errors="replace").splitlines() if line.strip()]
        raise DialogueBroken("\n".join(lines[-15:]))


# --- the supervised child -------------------------------------------------------------------------------------------


def box_environment(data: Path, more: dict[str, str]) -> dict[str, str]:
    """Give the box the little it needs of our environment: no key, no database, no telemetry."""
    home = data / "box"
    home.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": str(home),
        "MPLCONFIGDIR": str(home),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "RASA_TELEMETRY_ENABLED": "false",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "LOG_LEVEL": "WARNING",
        "LOG_LEVEL_LIBRARIES": "ERROR",
        "MAX_NUMBER_OF_PREDICTIONS": "40",
        "SANIC_WORKERS": "1",
        "SQLALCHEMY_WARN_20": "0",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "PYTHONWARNINGS": "ignore",
        "OWNWORDS_ACTIONS_URL": "http://127.0.0.1:1/webhook",
        "OWNWORDS_BOX_SECRET": "none",
        **more,
    }


class Box:
    """The box as a child process: started, watched, and started again with growing pauses when it dies or hangs."""

    def __init__(
        self, *, project: Path, data: Path, python: Path, model: Path, port: int, actions_port: int, secret: str
    ) -> None:
        self._project = project
        self._data = data
        self._python = python
        self._model = model
        self._port = port
        self._environment = box_environment(
            data,
            {
                "OWNWORDS_BOX_SECRET": secret,
                "OWNWORDS_ACTIONS_URL": f"http://127.0.0.1:{actions_port}/webhook",
            },
        )
        self.receipts = Receipts()
        self.client = BoxClient(f"http://127.0.0.1:{port}", secret, self.receipts)
        self._watching: asyncio.Task[None] | None = None
        self.pid: int | None = None
        self.ready = asyncio.Event()
        """Set once the first question could be asked for the first time."""

    async def start(self) -> None:
        """Begin to start and watch the box; returns at once."""
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """End the box and the watching."""
        if self._watching is not None:
            self._watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watching
        await self.client.close()

    async def _watch(self) -> None:
        short_lives = 0
        while True:
            began = asyncio.get_running_loop().time()
            try:
                child = await self._spawn()
            except OSError as error:
                # No room on the disk, or none for another process: that may pass.
                log.error("the dialogue engine cannot be started: %s", error.strerror)
            else:
                try:
                    await self._live(child)
                finally:
                    self.client.is_ready = False
                    await _end(child)
            lived = asyncio.get_running_loop().time() - began
            short_lives = 0 if lived > READY_LIMIT else short_lives + 1
            pause = BACK_OFF[min(short_lives, len(BACK_OFF)) - 1] if short_lives else 0.0
            log.warning("the dialogue engine ended; starting it again in %.0f s", pause)
            await asyncio.sleep(pause)

    async def _spawn(self) -> asyncio.subprocess.Process:
        logs = self._data / "log"
        logs.mkdir(parents=True, exist_ok=True)
        box_log = logs / "box.log"
        if box_log.exists() and box_log.stat().st_size > LARGEST_LOG:
            box_log.replace(logs / "box.log.1")
        with box_log.open("ab") as log_file:
            child = await asyncio.create_subprocess_exec(
                str(self._python),
                "box/leash.py",
                str(os.getpid()),
                "rasa",
                "run",
                "-i",
                "127.0.0.1",
                "-p",
                str(self._port),
                "-m",
                str(self._model),
                "--credentials",
                "credentials.yml",
                "--endpoints",
                "endpoints.yml",
                cwd=self._project,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log_file,
                stderr=log_file,
            )
        self.pid = child.pid
        return child

    async def _live(self, child: asyncio.subprocess.Process) -> None:
        """Return when the child has died, hangs, or never became ready."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + READY_LIMIT
        strikes = 0
        while child.returncode is None:
            if not self.client.is_ready:
                if await self.client.answers_a_canned_turn():
                    self.client.trust_again()
                    self.ready.set()
                    strikes = 0
                    deadline = loop.time() + DOUBT_LIMIT
                elif loop.time() > deadline:
                    return
            elif await self.client.is_alive():
                strikes = 0
                deadline = loop.time() + DOUBT_LIMIT
            else:
                strikes += 1
                if strikes >= HEALTH_STRIKES:
                    return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(child.wait(), timeout=HEALTH_EVERY if self.client.is_ready else 0.5)


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
