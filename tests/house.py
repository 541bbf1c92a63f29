"""The whole product as people run it: `python -m bot serve` in a process of its own, with a folder of its own.

Slow to start (the dialogue engine needs some fifteen seconds), so tests share one wherever they do it no harm.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import httpx

from bot.dialogue import model_path
from bot.settings import ROOT
from bot.settings import load as load_settings
from bot.store import RootKey, Store

PATIENCE = 120.0
"""Seconds that anything may take on a busy machine before a test gives up on it."""


class House:
    """One running product."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.key = folder / "keys" / "root.key"
        self.database = self.data / "ownwords.sqlite3"
        self.settings = settings
        self.process: subprocess.Popen[str] | None = None
        self.address = ""
        self.said: list[str] = []

    @property
    def environment(self) -> dict[str, str]:
        """What the product is started with."""
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("OWNWORDS_")},
            "OWNWORDS_DATA": str(self.data),
            "OWNWORDS_ROOT_KEY": str(self.key),
            "OWNWORDS_PORT": "0",
            "OWNWORDS_ADDRESS": self.address or "http://127.0.0.1:8000",
            "OWNWORDS_PHONE": "01632 960 001",
            "OWNWORDS_PHONE_HOURS": "Monday to Friday, 9 to 5",
            "OWNWORDS_OUT_OF_HOURS_PHONE": "01632 960 002",
            # Everybody in a test comes from one address.
            "OWNWORDS_BEGINNINGS": "99999",
            "PYTHONUNBUFFERED": "1",
            **{f"OWNWORDS_{name.upper()}": value for name, value in self.settings.items()},
        }

    def take_the_trained_model(self) -> None:
        """Use the model that `make train` made: training anew would say nothing more."""
        trained = model_path(ROOT, load_settings().data)
        if trained.exists():
            here = model_path(ROOT, self.data)
            here.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(trained, here)

    def open(self) -> Self:
        """Start it, and return when its pages can be opened; the first question may still be coming."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bot", "serve"],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.rstrip())
            if "Own Words is at " in line:
                self.address = line.split("Own Words is at ")[1].split()[0]
                return self
        raise AssertionError("it did not start: " + "\n".join(self.said))

    def wait_until_ready(self) -> Self:
        """Return when the first question can be asked."""
        assert self.process is not None
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.rstrip())
            if "first question is ready" in line:
                return self
        raise AssertionError("it ended: " + "\n".join(self.said))

    def close(self) -> None:
        """End it as an operator would."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            if self.process.stdout is not None:
                self.said += [line.rstrip() for line in self.process.stdout]
                self.process.stdout.close()
            self.process = None

    def kill(self) -> None:
        """End it at once, wherever it is."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        if self.process.stdout is not None:
            self.process.stdout.close()
        self.process = None

    def box_pid(self) -> int:
        """Find the process of the dialogue engine; waits until there is one."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            for pid in children.read_text().split():
                with contextlib.suppress(OSError):
                    if b"rasa" in Path(f"/proc/{pid}/cmdline").read_bytes():
                        return int(pid)
            time.sleep(0.1)
        raise AssertionError("there is no dialogue engine")

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m bot ...` beside it, on the same data."""
        return subprocess.run(
            [sys.executable, "-m", "bot", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def invites(self, stage: str, speaker: str, reference: str, *more: str) -> str:
        """Give the code of an invitation to an enquiry of this reference; it is opened if there is none yet."""
        self.command("enquiry", "open", reference)
        whom = ["--stage", stage, "--speaker", speaker, "--contact", "yes, by letter to her sister"]
        told = self.command("enquiry", "invite", reference, *whom, *more)
        assert told.returncode == 0, told.stderr
        return next(line for line in told.stdout.splitlines() if line.startswith("Code:")).removeprefix("Code:").strip()

    @contextlib.contextmanager
    def store(self) -> Iterator[Store]:
        """Open the store beside it."""
        address = self.settings.get("database") or f"sqlite:///{self.database}"
        store = Store.open(address, RootKey.read(self.key))
        try:
            yield store
        finally:
            store.close()

    def browser(self) -> httpx.Client:
        """Open something like a browser without JavaScript; it follows where it is sent."""
        return httpx.Client(base_url=self.address, follow_redirects=True, timeout=PATIENCE)
