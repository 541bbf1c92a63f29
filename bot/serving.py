"""The one place that puts everything together and starts it: store, box, custom actions, pages."""

import asyncio
import contextlib
import ctypes
import errno
import logging
import logging.config
import os
import resource
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Callable, Generator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import uvicorn
import yaml

from actions.executor import Executor
from bot import checking, duties, logbook
from bot.backing_up import Habit, Upkeep
from bot.boxes import Boxes
from bot.codes import Door
from bot.dialogue import Box, DialogueBroken, DialogueMissing, Receipts, box_environment, free_port, train
from bot.interviewing import Room
from bot.opening import CannotServe, root_keys
from bot.project import load_code_words, load_interview, load_nudges, load_phrases
from bot.settings import ROOT, Settings
from bot.signing_in import first_administrator_link
from bot.steady import Steady
from bot.steps import Steps
from bot.store import NotKept, Purpose, RootKey, Store
from bot.store.backups import tidy_up
from bot.store.sealing import require_outside
from bot.web.app import create_app
from bot.web.connections import Connection
from bot.web.guard import LARGEST_HEAD
from bot.web.meter import create_meter
from bot.web.team.shell import team_address
from bot.web.webhook import create_webhook

log = logging.getLogger(__name__)

KEEP_ALIVE = 15
GOODBYE = 5
"""Seconds that requests under way get to finish when the program is told to end."""
ARENAS_AT_MOST = -8
"""The number that glibc gives this setting of its allocator: M_ARENA_MAX in malloc.h."""
SHORTEST_BOX_SECRET = 32
"""Characters of what apps and boxes show each other."""


def logs_without_words(folder: Path) -> None:
    """Write what the program does to a file: names of things that happened, never what was said.

    Raises CannotServe where its log, or that of the dialogue engine, cannot be written.
    """
    for name in ("app.log", "box.log"):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).open("ab").close()
        except OSError as error:
            raise CannotServe(f"{folder / name} cannot be written ({error.strerror}). Mend it.") from error
    # On a full disk a line is lost, and that is all: the page tells the person, and no trace goes to the terminal.
    logging.raiseExceptions = False
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"()": logbook.Lines}},
            "handlers": {
                "file": {
                    "class": "logging.handlers.RotatingFileHandler",
                    "filename": str(folder / "app.log"),
                    "maxBytes": 1_000_000,
                    "backupCount": 5,
                    "formatter": "line",
                },
            },
            "root": {"handlers": ["file"], "level": "WARNING"},
            "loggers": {"bot": {"level": "INFO"}},
        }
    )


@dataclass(frozen=True, slots=True)
class Running:
    """What has been started."""

    address: str
    room: Room
    box: Box | Boxes


class _Server(uvicorn.Server):
    """Leaves signals to us: there are two servers, and one end for both."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none."""
        yield


def listen(host: str, port: int, name: str, host_name: str = "OWNWORDS_HOST") -> socket.socket:
    """Take an address, which these settings name. Raises CannotServe when another program has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named, because asyncio sends small answers at once only where it is: else each waits some 40 ms.
    taken = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
    except OSError as error:
        taken.close()
        if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
            raise CannotServe(f"{host} is no address of this machine ({error.strerror}). Set {host_name}.") from error
        raise CannotServe(
            f"Port {port} on {host} cannot be used ({error.strerror}). End the other program, or set {name}."
        ) from error
    taken.listen(128)
    taken.set_inheritable(False)
    return taken


def prepare(settings: Settings, say: Callable[[str], None]) -> Path:
    """Have the model of the interview as it stands. Raises CannotServe with Rasa's own message, or ours."""
    try:
        with contextlib.suppress(yaml.YAMLError):  # Rasa says it better
            load_interview()
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise CannotServe(
            f"The interview cannot be used as it stands. In domain.yml: {error}.\n"
            "Where that is, says: python -m bot check-interview"
        ) from error
    try:
        return train(ROOT, settings.data, settings.box_python, say)
    except DialogueMissing as error:
        raise CannotServe(str(error)) from error
    except DialogueBroken as error:
        raise CannotServe(f"The interview cannot be used as it stands. Rasa says:\n{error}") from error


@contextlib.asynccontextmanager
async def running(settings: Settings, store: Store, model: Path | None) -> AsyncIterator[Running]:
    """Run the pages, the custom actions and the box for as long as the block lasts. Raises CannotServe.

    `model`: of the box that is started here; None where the settings name boxes elsewhere.
    """
    secret = secrets.token_urlsafe(32) if model is not None else _secret_of_boxes_elsewhere(settings)
    duties.tidy(store, datetime.now(UTC))
    tidy_up(store)
    public = listen(settings.host, settings.port, "OWNWORDS_PORT")
    inner = listen(settings.actions_host, settings.actions_port, "OWNWORDS_ACTIONS_PORT", "OWNWORDS_ACTIONS_HOST")
    box: Box | Boxes
    if model is None:
        box = Boxes(settings.boxes, secret, settings.actions_address)
    else:
        box = _own_box(settings, model, secret, f"http://127.0.0.1:{inner.getsockname()[1]}")
    room = Room(store, box.client, load_interview(), load_phrases(), load_nudges())
    door = Door(store, load_code_words())
    steps = Steps(store.derive(Purpose.STEP_TOKENS), Steady().now)
    upkeep = None if (habit := Habit.of(settings)) is None else Upkeep(store, habit)
    meter = None
    if settings.metrics is not None:
        # Imported only where there is a monitoring.
        from bot.metering import Meter, look_at

        meter = Meter(lambda: look_at(store, settings, box, upkeep))
        door.turnstile.waited = meter.waited
    pages = create_app(
        room,
        door,
        steps,
        settings,
        steady=steps.now,
        is_backed_up=lambda: upkeep is not None and upkeep.is_well(datetime.now(UTC)),
        answered=None if meter is None else meter.answered,
    )
    webhook = create_webhook(Executor(store), secret, box.receipts)
    served = [(_server(pages, settings.proxies), public), (_server(webhook), inner)]
    if meter is not None and settings.metrics is not None:
        taken = listen(*settings.metrics, "OWNWORDS_METRICS", "OWNWORDS_METRICS")
        served.append((_server(create_meter(meter.text)), taken))
    servers = [server for server, _ in served]
    serving = [asyncio.create_task(server.serve(sockets=[taken])) for server, taken in served]
    await box.start()
    looking = duties.look_for_flags(store, settings)
    counting = asyncio.create_task(duties.keep_counting(store))
    keeping = asyncio.create_task(duties.look_daily(store, settings))
    signing = asyncio.create_task(checking.go_on(store, settings))
    backing_up = None if upkeep is None else asyncio.create_task(upkeep.go_on())
    host, port = public.getsockname()[:2]
    try:
        yield Running(f"http://{f'[{host}]' if ':' in host else host}:{port}", room, box)
    finally:
        counting.cancel()
        keeping.cancel()
        signing.cancel()
        if backing_up is not None:
            backing_up.cancel()
        if looking is not None:
            looking.cancel()
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*serving, return_exceptions=True)
        await box.stop()


def _secret_of_boxes_elsewhere(settings: Settings) -> str:
    if not settings.actions_address:
        raise CannotServe(
            "Boxes elsewhere have to find this app. Set OWNWORDS_ACTIONS_PORT and OWNWORDS_ACTIONS_ADDRESS."
        )
    return box_secret(settings)


def _own_box(settings: Settings, model: Path, secret: str, app: str) -> Box:
    """Make the box that is a child of ours, for us alone."""
    if settings.box_port:
        listen("127.0.0.1", settings.box_port, "OWNWORDS_BOX_PORT").close()
    return Box(
        project=ROOT,
        data=settings.data,
        python=settings.box_python,
        model=model,
        port=settings.box_port or free_port(),
        secret=secret,
        apps=[app],
    )


def box_secret(settings: Settings) -> str:
    """Read what apps and boxes show each other. Raises CannotServe where it is none that would keep others out."""
    path = settings.box_secret_file
    if path is None:
        raise CannotServe("Boxes that run by themselves need OWNWORDS_BOX_SECRET_FILE, the same for them and the apps.")
    try:
        is_open = path.stat().st_mode & 0o007
        secret = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CannotServe(
            f"The secret of the boxes, {path}, cannot be read as plain text. Put it back, or set "
            "OWNWORDS_BOX_SECRET_FILE."
        ) from error
    if is_open:
        raise CannotServe(f"Anybody on this machine can read {path}. Do: chmod 0400 {path}")
    if len(secret) < SHORTEST_BOX_SECRET or any(c.isspace() for c in secret):
        raise CannotServe(
            f"{path} must hold one word of at least {SHORTEST_BOX_SECRET} characters. "
            f"Make it with: python3 -c 'import secrets; print(secrets.token_urlsafe(32))' > {path}"
        )
    return secret


async def serve_box(settings: Settings, model: Path, say: Callable[[str], None]) -> None:
    """Run a box by itself, for the apps that the settings name, until told to end. Raises CannotServe."""
    if not settings.apps:
        raise CannotServe(
            "A box by itself answers to the apps of OWNWORDS_APPS alone. Set it, and the same on each box."
        )
    if not settings.box_port:
        raise CannotServe(
            "A box by itself has to be found. Set OWNWORDS_BOX_PORT, and name it in each app's OWNWORDS_BOXES."
        )
    secret = box_secret(settings)
    listen(settings.box_host, settings.box_port, "OWNWORDS_BOX_PORT", "OWNWORDS_BOX_HOST").close()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    box = Box(
        project=ROOT,
        data=settings.data,
        python=settings.box_python,
        model=model,
        host=settings.box_host,
        port=settings.box_port,
        secret=secret,
        apps=settings.apps,
        redis=settings.redis,
    )
    ended = _until_told_to_end()
    await box.start()
    waiting = asyncio.create_task(_say_when_ready(box, say))
    try:
        await ended.wait()
    finally:
        waiting.cancel()
        await box.stop()


async def shell(settings: Settings, store: Store, model: Path) -> None:
    """Run `rasa shell` with the custom actions behind it, so that what is typed lands in the store."""
    inner = listen("127.0.0.1", settings.actions_port, "OWNWORDS_ACTIONS_PORT")
    secret = secrets.token_urlsafe(32)
    server = _server(create_webhook(Executor(store), secret, Receipts()))
    serving = asyncio.create_task(server.serve(sockets=[inner]))
    told = {
        "OWNWORDS_BOX_SECRET": secret,
        "OWNWORDS_ACTIONS_URL": f"http://127.0.0.1:{inner.getsockname()[1]}/webhook",
        "TERM": os.environ.get("TERM", "dumb"),
    }
    child = await asyncio.create_subprocess_exec(
        str(settings.box_python),
        "-W",
        "ignore",
        "-m",
        "rasa",
        "shell",
        "-m",
        str(model),
        cwd=ROOT,
        env=box_environment(settings.data, told),
    )
    await child.wait()
    server.should_exit = True
    await serving


def share_one_arena() -> None:
    """Have all threads to come take memory from one place, where the C library is one that gives each its own.

    What one thread leaves free there, the others cannot use: a busy program would grow for hours with what nobody has.
    """
    with contextlib.suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(ARENAS_AT_MOST, 1)


async def serve(settings: Settings, store: Store, model: Path | None, say: Callable[[str], None]) -> None:
    """Serve until told to end. Raises CannotServe."""
    # A core dump would hold opened keys and words.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    share_one_arena()
    ended = _until_told_to_end()
    async with running(settings, store, model) as run:
        say(f"Own Words is at {run.address}  (Ctrl+C ends it)")
        _say_how_to_begin(settings, store, run.address, say)
        waiting = asyncio.create_task(_say_when_ready(run.box, say))
        await ended.wait()
        waiting.cancel()
        say("Ending. Everything said is kept.")


def _say_how_to_begin(settings: Settings, store: Store, otherwise: str, say: Callable[[str], None]) -> None:
    """Where no administrator can sign in, show the one-time link by which the first one is made."""
    # A new link ends the one before it, which another process has just shown.
    if not store.duty.is_ours():
        return
    with contextlib.suppress(NotKept):  # a busy database gives the link at the next start
        link = first_administrator_link(store, datetime.now(UTC))
        if link is not None:
            address = link_address(settings, link, otherwise)
            say(f"Nobody looks after accounts yet. Open this once, within a day: {address}")


def link_address(settings: Settings, secret: str, otherwise: str = "") -> str:
    """Give the address of a one-time link, as the team reaches the site."""
    return f"{team_address(settings) or otherwise}/team/link/{secret}"


def _until_told_to_end() -> asyncio.Event:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for told in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(told, ended.set)
    return ended


async def _say_when_ready(box: Box | Boxes, say: Callable[[str], None]) -> None:
    await box.ready.wait()
    say("The first question is ready.")


def _server(app: Callable[..., Any], proxies: str = "") -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            http=Connection,
            ws="none",
            server_header=False,
            date_header=True,
            access_log=False,
            log_config=None,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=proxies or None,
            lifespan="off",
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=GOODBYE,
            h11_max_incomplete_event_size=LARGEST_HEAD,
        )
    )


def make_ready(settings: Settings, say: Callable[[str], None]) -> None:
    """Make the database and, on a first start, the root key. Raises KeyProblem, NotReady, CannotServe."""
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
        probe = settings.data / f".probe-{secrets.token_hex(4)}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise CannotServe(
            f"The folder {settings.data} cannot be written ({error.strerror}). Mend it, or set OWNWORDS_DATA."
        ) from error
    if not (settings.root_key_command or settings.root_key.exists() or Store.is_made(settings.database)):
        require_outside(settings.root_key, "root key", settings.data)
        RootKey.create(settings.root_key)
        say(f"Made a root key: {settings.root_key}. Keep a copy somewhere safe: without it no word can be read.")
    root, *also = root_keys(settings)
    Store.migrate(settings.database, root, datetime.now(UTC), also=also)
