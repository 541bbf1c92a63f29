"""The one place that puts everything together and starts it: store, box, custom actions, pages."""

import asyncio
import contextlib
import errno
import fcntl
import logging
import logging.config
import os
import resource
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from pathlib import Path
from typing import Any

import uvicorn
import yaml
from anyio import to_thread

from actions.executor import Executor
from bot import council, retaining
from bot.backing_up import Habit, Upkeep
from bot.codes import Door
from bot.dialogue import Box, DialogueBroken, DialogueMissing, Receipts, box_environment, free_port, train
from bot.interviewing import Room
from bot.project import load_code_words, load_interview, load_nudges, load_phrases
from bot.reviewing import noticing
from bot.settings import ROOT, Settings
from bot.signing_in import first_administrator_link
from bot.steps import Steps
from bot.store import KeyProblem, NotKept, Purpose, RootKey, Store, StoreError
from bot.store.backups import tidy_up
from bot.web.app import create_app
from bot.web.team.shell import team_address
from bot.web.webhook import create_webhook

log = logging.getLogger(__name__)

COUNTED_EVERY = 60
"""Seconds between two looks for enquiries that have changed."""

LOOKED_EVERY = 15 * 60
"""Seconds between two questions whether it is time to look for what has been kept long enough. It is once a day."""

CONNECTIONS_AT_ONCE = 512
KEEP_ALIVE = 15
GOODBYE = 5
"""Seconds that requests under way get to finish when the program is told to end."""
ENDED_VISITS_STAY = timedelta(days=1)


class Use(IntEnum):
    """How the data is used."""

    SHARED = fcntl.LOCK_SH
    ALONE = fcntl.LOCK_EX


class CannotServe(Exception):
    """The program cannot start; the message names the cause and the remedy."""


def root_key(settings: Settings) -> RootKey:
    """Read the root key. Raises KeyProblem."""
    if not settings.root_key.exists() and database_file(settings).exists():
        raise KeyProblem(
            f"There is no root key at {settings.root_key}, and the database was sealed under one.",
            "Put the key file back, or set OWNWORDS_ROOT_KEY to where it is: a new key opens nothing.",
        )
    return RootKey.read(settings.root_key, outside=settings.data)


def database_file(settings: Settings) -> Path:
    """Say where the database lies."""
    return Path(settings.database.removeprefix("sqlite:///"))


@contextlib.contextmanager
def using(settings: Settings, how: Use) -> Iterator[None]:
    """Say that the data is in use, for as long as the block lasts; the system itself lets go when a program dies.

    Many may serve; whoever puts a new root key in place must be alone. Raises CannotServe.
    """
    with (settings.data / "in-use").open("w") as held:
        try:
            fcntl.flock(held, how | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotServe(
                "Own Words is running on this data, or its root key is being replaced. End the other program first."
            ) from error
        yield


def open_store(settings: Settings) -> Store:
    """Open the store under its root key. Raises KeyProblem, NotReady."""
    return Store.open(settings.database, root_key(settings))


def tidy(store: Store, now: datetime) -> None:
    """Let go of visits that ended a day ago or more: they open nothing, and say only who left when."""
    with contextlib.suppress(NotKept):  # a busy database is tidied at the next start
        with store.begin() as kept:
            kept.visits.drop_ended(now - ENDED_VISITS_STAY)
        # What was forgotten just before the program was killed lies in the database's log still.
        store.scrub()


def logs_without_words(folder: Path) -> None:
    """Write what the program does to a file and to the terminal: names of things that happened, never what was said.

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
            "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
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
    box: Box


class _Server(uvicorn.Server):
    """Leaves signals to us: there are two servers, and one end for both."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        """Capture none."""
        yield


def listen(host: str, port: int, name: str) -> socket.socket:
    """Take an address. Raises CannotServe when another program has it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named, because asyncio sends small answers at once only where it is: else each waits some 40 ms.
    taken = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
    except OSError as error:
        taken.close()
        if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
            raise CannotServe(f"{host} is no address of this machine ({error.strerror}). Set OWNWORDS_HOST.") from error
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
async def running(settings: Settings, store: Store, model: Path) -> AsyncIterator[Running]:
    """Run the pages, the custom actions and the box for as long as the block lasts."""
    tidy(store, datetime.now(UTC))
    tidy_up(store)
    public = listen(settings.host, settings.port, "OWNWORDS_PORT")
    inner = listen("127.0.0.1", settings.actions_port, "OWNWORDS_ACTIONS_PORT")
    if settings.box_port:
        listen("127.0.0.1", settings.box_port, "OWNWORDS_BOX_PORT").close()
    secret = secrets.token_urlsafe(32)
    box = Box(
        project=ROOT,
        data=settings.data,
        python=settings.box_python,
        model=model,
        port=settings.box_port or free_port(),
        actions_port=inner.getsockname()[1],
        secret=secret,
    )
    room = Room(store, box.client, load_interview(), load_phrases(), load_nudges())
    door = Door(store, load_code_words())
    steps = Steps(store.derive(Purpose.STEP_TOKENS))
    upkeep = None if (habit := Habit.of(settings)) is None else Upkeep(store, habit)
    pages = create_app(
        room, door, steps, settings, is_backed_up=lambda: upkeep is not None and upkeep.is_well(datetime.now(UTC))
    )
    webhook = create_webhook(Executor(store), secret, box.receipts)
    servers = [_server(pages, settings.proxies), _server(webhook)]
    serving = [
        asyncio.create_task(server.serve(sockets=[taken]))
        for server, taken in zip(servers, (public, inner), strict=True)
    ]
    await box.start()
    looking = _look_for_flags(store, settings)
    counting = asyncio.create_task(keep_counting(store))
    keeping = asyncio.create_task(_keep_no_longer(store, settings))
    backing_up = None if upkeep is None else asyncio.create_task(upkeep.go_on())
    host, port = public.getsockname()[:2]
    try:
        yield Running(f"http://{f'[{host}]' if ':' in host else host}:{port}", room, box)
    finally:
        counting.cancel()
        keeping.cancel()
        if backing_up is not None:
            backing_up.cancel()
        if looking is not None:
            looking.cancel()
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*serving, return_exceptions=True)
        await box.stop()


async def keep_counting(store: Store, every: float = COUNTED_EVERY) -> None:
    """Keep up to date what enquiries count as, so that figures are quick. No figure waits for it to be right."""
    while True:
        await asyncio.sleep(every)
        with contextlib.suppress(StoreError):  # a busy database is counted at the next turn
            await to_thread.run_sync(store.work_out_facts)


async def _keep_no_longer(store: Store, settings: Settings) -> None:
    """Once a day, forget what has been kept for as long as it is to be and goes by itself."""
    while True:
        await asyncio.sleep(LOOKED_EVERY)
        with contextlib.suppress(StoreError):  # a busy database is looked through at the next turn
            await to_thread.run_sync(keep_no_longer, store, settings, datetime.now(UTC))


def keep_no_longer(store: Store, settings: Settings, now: datetime) -> None:
    """Have a look if it is time for one, and write to the log what came of it: numbers, and nothing else."""
    if not retaining.is_time(store, now):
        return
    looked = retaining.look(store, council.values_now(store, settings).keeps, now)
    if looked.refusal is not None:
        why = retaining.REFUSED[looked.refusal]
        log.warning("Nothing was forgotten. %s Look at it with: python -m bot keep --dry-run", why)
    elif looked.forgotten:
        log.info("Unfinished conversations forgotten, as their time had passed: %s", looked.forgotten)
    if not looked.is_scrubbed:
        log.warning("What was forgotten lies in the database's log until whoever reads it for long is done.")


def _look_for_flags(store: Store, settings: Settings) -> "asyncio.Task[None] | None":
    """Have the team told by e-mail to sign in when there are new flags, where there is a mail server for it."""
    if not settings.smtp:
        return None
    address = team_address(settings)
    send = noticing.sends_by(settings.smtp, settings.notice_from, f"{address}/team" if address else "")
    return asyncio.create_task(noticing.keep_looking(noticing.Notices(store, send, datetime.now(UTC))))


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


async def serve(settings: Settings, store: Store, model: Path, say: Callable[[str], None]) -> None:
    """Serve until told to end. Raises CannotServe."""
    # A core dump would hold opened keys and words.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for told in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(told, ended.set)
    async with running(settings, store, model) as run:
        say(f"Own Words is at {run.address}  (Ctrl+C ends it)")
        _say_how_to_begin(settings, store, run.address, say)
        waiting = asyncio.create_task(_say_when_ready(run, say))
        await ended.wait()
        waiting.cancel()
        say("Ending. Everything said is kept.")


def _say_how_to_begin(settings: Settings, store: Store, otherwise: str, say: Callable[[str], None]) -> None:
    """Where no administrator can sign in, show the one-time link by which the first one is made."""
    with contextlib.suppress(NotKept):  # a busy database gives the link at the next start
        link = first_administrator_link(store, datetime.now(UTC))
        if link is not None:
            address = link_address(settings, link, otherwise)
            say(f"Nobody looks after accounts yet. Open this once, within a day: {address}")


def link_address(settings: Settings, secret: str, otherwise: str = "") -> str:
    """Give the address of a one-time link, as the team reaches the site."""
    return f"{team_address(settings) or otherwise}/team/link/{secret}"


async def _say_when_ready(run: Running, say: Callable[[str], None]) -> None:
    await run.box.ready.wait()
    say("The first question is ready.")


def _server(app: Callable[..., Any], proxies: str = "") -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            # Not whichever parser happens to be installed: this one has a limit for what comes before a body.
            http="h11",
            ws="none",
            server_header=False,
            date_header=True,
            access_log=False,
            log_config=None,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=proxies or None,
            lifespan="off",
            limit_concurrency=CONNECTIONS_AT_ONCE,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=GOODBYE,
            h11_max_incomplete_event_size=32 * 1024,
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
    if not settings.root_key.exists() and not database_file(settings).exists():
        RootKey.create(settings.root_key)
        say(f"Made a root key: {settings.root_key}. Keep a copy somewhere safe: without it no word can be read.")
    Store.migrate(settings.database, root_key(settings), datetime.now(UTC))
