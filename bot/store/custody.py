"""Where root keys are kept: in a file, or with a program that hands them over, such as one that asks a key service.

There is one, or there are two while one is being replaced by the other: the one of now, and the next.
"""

import subprocess
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bot.store.sealing import KeyProblem, RootKey, decoded, read_secret, require_outside, sync_folder

ANSWERED_WITHIN = 30.0
"""Seconds that a program gets to hand over the root keys."""

LONGEST_ANSWER = 1000
"""Bytes; two keys need fewer than 200."""


class Custody(Protocol):
    """One way of keeping root keys."""

    @property
    def place(self) -> str:
        """Where that is, for those who run Own Words. Nothing of a key is in it."""

    def keys(self) -> tuple[RootKey, ...]:
        """The root key of now, and the next one if there is one. Raises `KeyProblem`."""

    def next(self) -> RootKey:
        """The next root key, made if need be and if that can be done here. Raises `KeyProblem`."""

    def settle(self, now: datetime) -> str:
        """Say that nothing lies under the root key of now any more, so that the next one takes its place.

        Gives what became of the earlier one, and what is to be done by hand.
        """


class KeyFile:
    """Root keys in files of their own: `root.key`, and `root.key.next` beside it."""

    def __init__(self, path: Path, *, outside: Path | None = None) -> None:
        self.path = path
        self._outside = outside
        self._next = path.with_name(path.name + ".next")

    @property
    def place(self) -> str:
        """The file."""
        return str(self.path.resolve())

    def keys(self) -> tuple[RootKey, ...]:
        """Read them. Raises `KeyProblem`."""
        require_outside(self.path, "root key", self._outside)
        # The next one first: between the two looks it may take the other one's place, and then it is the only one.
        following = self._following()
        root = RootKey.read(self.path, outside=self._outside)
        return (root,) if following is None or following.key_id == root.key_id else (root, following)

    def next(self) -> RootKey:
        """Read it or make it. Raises `KeyProblem`."""
        RootKey.read(self.path, outside=self._outside)
        return self._following() or RootKey.create(self._next)

    def settle(self, now: datetime) -> str:
        """Put the earlier one aside, and the next one in its place."""
        kept = self.path.with_name(f"{self.path.name}.{now:%Y%m%d%H%M%S}.old")
        # At no moment is there no key at the path: whenever this is interrupted, it can be run again.
        if not kept.exists():
            kept.hardlink_to(self.path)
        sync_folder(self.path.parent)
        self._next.replace(self.path)
        sync_folder(self.path.parent)
        return f"The old root key is {kept}. Destroy it when your backups allow."

    def _following(self) -> RootKey | None:
        found = read_secret(self._next, "root key", outside=self._outside)
        return None if found is None else RootKey(found)


class KeyCommand:
    """Root keys that a program prints, one a line as base64 or hexadecimal text: that of now, and perhaps the next.

    It is started without a shell. What it prints is held in memory alone, and what it says of errors goes nowhere.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = tuple(command)

    @property
    def place(self) -> str:
        """The program, without what it is told."""
        return f"what {self._command[0]} prints"

    def keys(self) -> tuple[RootKey, ...]:
        """Run it. Raises `KeyProblem`."""
        try:
            said = subprocess.run(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=ANSWERED_WITHIN,
                check=False,
            )
        except subprocess.TimeoutExpired:
            # Not chained: it carries what was printed until then.
            raise self._problem(f"did not end within {ANSWERED_WITHIN:.0f} seconds") from None
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is no name of a program"
            raise self._problem(f"could not be started ({why})") from None
        if said.returncode != 0:
            raise self._problem(f"ended with status {said.returncode}")
        lines = said.stdout[:LONGEST_ANSWER].split()
        found = [decoded(line) for line in lines]
        secrets = [one for one in found if one is not None]
        if not 1 <= len(lines) == len(secrets) <= 2:
            raise self._problem("did not print one root key, or two, each as a line of base64 or hexadecimal text")
        return tuple({root.key_id: root for root in map(RootKey, secrets)}.values())

    def next(self) -> RootKey:
        """Ask for it. Raises `KeyProblem` where there is none: here none can be made."""
        keys = self.keys()
        if len(keys) < 2:
            raise KeyProblem(
                f"There is no next root key in {self.place}.",
                "Have it print the root key of now, and on a second line the next one. Then do this again.",
            )
        return keys[1]

    def settle(self, now: datetime) -> str:
        """Leave it to whoever looks after the program."""
        return f"From now on {self.place} is to be the new one alone. Keep the old one until your backups allow."

    def _problem(self, what: str) -> KeyProblem:
        return KeyProblem(
            f"The program that hands over the root key, {self._command[0]}, {what}.",
            "Run it by hand as the account of Own Words, or mend OWNWORDS_ROOT_KEY_COMMAND.",
        )
