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

from bot.lines import Answered, LineLost, Lines, NotUnderstood

log = logging.getLogger(__name__)

SECRET_HEADER = "X-Own-Words-Secret"
APP_HEADER = "X-Own-Words-App"
"""Names the app that asks, where boxes serve several: one of the addresses that the box was told of at its start."""
TURN_LIMIT = 4.5
"""Seconds to wait for the box; its own limit is 4. A person waits no longer for the page that says "kept"."""
HEALTH_EVERY = 2.0
HEALTH_LIMIT = 3.0
HEALTH_STRIKES = 3
DOUBT_LIMIT = 15.0
"""Seconds that a box which was ready, and is no longer trusted, has to answer a canned turn."""
READY_LIMIT = 120.0
MOST_PATIENCE = 8
"""How many times as long a box may take, at most, once it was ended for being slow and the next one was slow too."""
BACK_OFF = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
FAILURES_BEFORE_PAUSE = 5
LARGEST_LOG = 1_000_000
"""Bytes of the box's log, after which a new start begins a new one."""


_NO_ANSWER = (TimeoutError, LineLost, NotUnderstood)
"""What comes of asking a box that does not answer as it should."""


class DialogueUnavailable(Exception):
    """The box gave no clean answer. Words are kept all the same; the next question comes when it is back."""


class BoxGone(DialogueUnavailable):
    """The box does not answer at all, or stopped in the middle: another one may be asked at once."""


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

    async def answers_a_canned_turn(self) -> bool:
        """Whether an invented conversation is given a first question."""
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
    """Asks one box over HTTP: over loopback, where it is a child of ours; `app` is where its actions find us else."""

    def __init__(self, address: str, secret: str, receipts: Receipts, app: str = "") -> None:
        self._lines = Lines(
            f"{address}/webhooks/own_words", {SECRET_HEADER: secret, **({APP_HEADER: app} if app else {})}
        )
        self._receipts = receipts
        self._failures = 0
        self.is_ready = False
        self.is_locked_out = False
        """Whether the box is well and waits for what boxes share."""

    async def close(self) -> None:
        """Close the connections."""
        await self._lines.close()

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
        with contextlib.suppress(*_NO_ANSWER):
            await self._lines.ask("POST", "/forget", {"conversation_id": conversation_id}, limit=TURN_LIMIT)

    async def answers_a_canned_turn(self) -> bool:
        """Whether the box gives a first question to an invented conversation."""
        canned = secrets.token_hex(16)
        self.is_locked_out = False
        try:
            first = _request(canned, [beginning("first", "person")])
            answer = await self._lines.ask("POST", "/turns", first, limit=HEALTH_LIMIT)
            self.is_locked_out = answer.status == 503 and answer.json()["error"] == "locked"
            if answer.status != 200:
                return False
            await self._lines.ask("POST", "/forget", {"conversation_id": canned}, limit=HEALTH_LIMIT)
            return bool(answer.json()["utterances"])
        except (*_NO_ANSWER, ValueError, KeyError, TypeError):
            return False

    async def is_alive(self) -> bool:
        """Whether the box answers at all."""
        try:
            return (await self._lines.ask("GET", "/ready", limit=HEALTH_LIMIT)).status == 200
        except _NO_ANSWER:
            return False

    def trust_again(self) -> None:
        """Take questions again, after a canned turn was answered."""
        self._failures = 0
        self.is_ready = True

    async def _ask(self, conversation_id: str, path: Sequence[Delivery]) -> Heard:
        answer, ran = await self._tell(conversation_id, path)
        if answer.status == HTTPStatus.CONFLICT:
            raise DialogueBehind
        heard, needed = _heard(answer)
        if needed - ran:
            # An earlier reply, whose actions we did not see run: told afresh, they run before our eyes.
            await self.forget(conversation_id)
            raise DialogueBehind
        return heard

    async def _tell(self, conversation_id: str, path: Sequence[Delivery]) -> tuple[Answered, Counter[str]]:
        """Tell the last delivery of a path, and give the actions that ran here meanwhile."""
        self._receipts.expect(conversation_id)
        try:
            answer = await self._lines.ask("POST", "/turns", _request(conversation_id, path), limit=TURN_LIMIT)
        except (TimeoutError, NotUnderstood) as error:
            raise DialogueUnavailable(f"the box did not answer: {type(error).__name__}") from error
        except LineLost as error:
            raise BoxGone(f"the box is not there: {type(error).__name__}") from error
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


def _heard(answer: Answered) -> tuple[Heard, Counter[str]]:
    """Read a reply, and which actions it needed. Raises DialogueUnavailable for anything that is none."""
    if answer.status != HTTPStatus.OK:
        raise DialogueUnavailable(f"the box answered {answer.status}")
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
        self,
        *,
        project: Path,
        data: Path,
        python: Path,
        model: Path,
        port: int,
        secret: str,
        apps: Sequence[str],
        host: str = "127.0.0.1",
        redis: str = "",
    ) -> None:
        """`apps`: where the custom actions are served; one that starts a box for itself names itself alone.

        `host`: the address that the box listens on. `redis`: what it shares with other boxes; empty where it is alone.
        """
        self._project = project
        self._data = data
        self._python = python
        self._model = model
        self._host = host
        self._port = port
        self._endpoints = "endpoints.shared.yml" if redis else "endpoints.yml"
        shared = {"OWNWORDS_REDIS": redis, "OWNWORDS_INTERVIEW": project_digest(project)} if redis else {}
        self._environment = box_environment(
            data,
            {
                "OWNWORDS_BOX_SECRET": secret,
                "OWNWORDS_ACTIONS_URL": f"{apps[0]}/webhook",
                "OWNWORDS_APPS": ",".join(apps),
                **shared,
            },
        )
        self.receipts = Receipts()
        self.client = BoxClient(_reached(host, port), secret, self.receipts, apps[0])
        self._watching: asyncio.Task[None] | None = None
        self._patience = 1
        """How many times its limits a box may take. On a machine that has too much to do, the same limit would end it
        again and again, and it would never be there."""
        self.pid: int | None = None
        self.starts = 0
        """How often it was started."""
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
                self._host,
                "-p",
                str(self._port),
                "-m",
                str(self._model),
                "--credentials",
                "credentials.yml",
                "--endpoints",
                self._endpoints,
                cwd=self._project,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log_file,
                stderr=log_file,
            )
        self.pid = child.pid
        self.starts += 1
        return child

    async def _live(self, child: asyncio.subprocess.Process) -> None:
        """Return when the child has died, hangs, or never became ready. Whoever was slow may be slower next time."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + READY_LIMIT * self._patience
        strikes, good_since = 0, loop.time()
        while child.returncode is None:
            doubt = DOUBT_LIMIT * self._patience
            if not self.client.is_ready:
                if await self.client.answers_a_canned_turn():
                    self.client.trust_again()
                    self.ready.set()
                    strikes = 0
                    deadline = loop.time() + doubt
                    good_since = loop.time()
                elif self.client.is_locked_out:
                    # Another start would not bring back what boxes share.
                    deadline = loop.time() + doubt
                elif loop.time() > deadline:
                    self._be_more_patient()
                    return
            elif await self.client.is_alive():
                strikes = 0
                deadline = loop.time() + doubt
                if loop.time() - good_since > READY_LIMIT:
                    self._patience = 1
            else:
                strikes += 1
                if strikes >= HEALTH_STRIKES * self._patience:
                    self._be_more_patient()
                    return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(child.wait(), timeout=HEALTH_EVERY if self.client.is_ready else 0.5)

    def _be_more_patient(self) -> None:
        self._patience = min(2 * self._patience, MOST_PATIENCE)


def _reached(host: str, port: int) -> str:
    """Say at which address its own machine reaches what listens on `host`."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 compared, not listened on
    return f"http://{f'[{here}]' if ':' in here else here}:{port}"


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        await child.wait()
