"""Several machines on one: apps and boxes in processes of their own, one PostgreSQL, one Redis, and a router in front.

Each can be killed by itself. The router sends each connection to the next app that takes it.
"""

import asyncio
import contextlib
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from bot.dialogue import free_port
from bot.settings import ROOT
from tests.faults.houses import TroubledHouse, until
from tests.house import House
from tests.postgresql import Server

READY = "first question is ready"


class App(TroubledHouse):
    """A program that serves the pages, on the database and under the root key of all of them."""

    def __init__(self, folder: Path, key: Path, **settings: str) -> None:
        super().__init__(folder, **settings)
        self.key = key


class BoxAlone(House):
    """A dialogue engine by itself, with the little that it needs."""

    @property
    def environment(self) -> Mapping[str, str]:  # type: ignore[override]
        """Neither the database nor the root key: it must not need them."""
        unknown = {"OWNWORDS_ROOT_KEY", "OWNWORDS_DATABASE"}
        return {name: value for name, value in super().environment.items() if name not in unknown}

    def open(self) -> Self:
        """Start it; returns at once."""
        self.take_the_trained_model()
        with (self.folder / "said").open("w") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot", "box"], cwd=ROOT, env=self.environment, stdout=said, stderr=said
            )
        return self

    def wait_until_ready(self) -> Self:
        """Return when it has asked itself the first question."""
        until(self._is_ready, "the box is ready")
        return self

    def _is_ready(self) -> bool:
        said = (self.folder / "said").read_text()
        assert self.process is not None
        assert self.process.poll() is None, f"the box ended: {said}"
        return READY in said

    @property
    def pid(self) -> int:
        """The process that starts Rasa and watches it."""
        assert self.process is not None
        return self.process.pid

    def kill(self) -> None:
        """End it at once, and with it Rasa, which is on its leash."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process = None


class Redis:
    """A Redis that keeps nothing on disk."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program = program
        self._socket = folder / "redis.sock"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where it is."""
        return f"unix://{self._socket}"

    def start(self) -> None:
        """Start it, empty."""
        told = ["--port", "0", "--unixsocket", str(self._socket), "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen([str(self._program), *told], stdout=subprocess.DEVNULL, cwd="/")
        until(self._socket.exists, "Redis is there")

    def kill(self) -> None:
        """End it at once, with all that it held."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self._socket.unlink(missing_ok=True)
        self.process = None


class Router:
    """Takes connections and hands each to the next app in turn that is there."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self._next = 0
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._started = threading.Event()
        self.handed_to: dict[int, int] = dict.fromkeys(ports, 0)
        """How many connections each app was given."""
        self.port = 0

    def start(self) -> None:
        """Begin to take connections."""
        self._thread.start()
        self._started.wait()

    def stop(self) -> None:
        """Take no more, and let go of those that are open."""
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._started.set()
        await self._stopped.wait()
        server.close()
        server.close_clients()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await self._connect()
        if there is None:
            writer.close()
            return
        await asyncio.gather(_pass_on(reader, there[1]), _pass_on(there[0], writer))

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        for _ in self._ports:
            port = self._ports[self._next % len(self._ports)]
            self._next += 1
            with contextlib.suppress(OSError):
                found = await asyncio.open_connection("127.0.0.1", port)
                self.handed_to[port] += 1
                return found
        return None


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while read := await reader.read(65536):
            writer.write(read)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


class Site:
    """All of it."""

    def __init__(
        self, folder: Path, server: Server, redis: Path, *, apps: int = 2, boxes: int = 2, **settings: str
    ) -> None:
        """`settings`: more of the apps'."""
        self.server = server
        self.redis = Redis(redis, folder)
        secret = folder / "box.secret"
        secret.write_text(secrets.token_urlsafe(32))
        secret.chmod(0o400)
        ports = [free_port() for _ in range(apps)]
        actions = [free_port() for _ in range(apps)]
        listening = [free_port() for _ in range(boxes)]
        shared = {"database": server.database(), "box_secret_file": str(secret), **settings}
        self.apps = [
            App(
                folder / f"app-{number}",
                folder / "keys" / "root.key",
                **shared,
                port=str(port),
                actions_port=str(action),
                boxes=",".join(f"http://127.0.0.1:{one}" for one in listening),
            )
            for number, (port, action) in enumerate(zip(ports, actions, strict=True))
        ]
        self.boxes = [
            BoxAlone(
                folder / f"box-{number}",
                box_port=str(port),
                box_secret_file=str(secret),
                apps=",".join(f"http://127.0.0.1:{one}" for one in actions),
                redis=self.redis.address,
            )
            for number, port in enumerate(listening)
        ]
        self.router = Router(ports)

    @property
    def address(self) -> str:
        """Where people go."""
        return f"http://127.0.0.1:{self.router.port}"

    @contextlib.contextmanager
    def running(self) -> Iterator[Self]:
        """Have it run, and end all of it afterwards."""
        with ExitStack() as stack:
            self.redis.start()
            stack.callback(lambda: self.redis.process and self.redis.kill())
            for box in self.boxes:
                box.folder.mkdir(parents=True)
                stack.callback(box.close)
                # One after the other: two at once on a busy machine may both be given up for slow.
                box.open().wait_until_ready()
            for app in self.apps:
                stack.callback(app.close)
                app.open()
            self.router.start()
            stack.callback(self.router.stop)
            for app in self.apps:
                app.wait_until_ready()
            yield self
