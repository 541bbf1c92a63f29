"""Passwords of the team's side: how they are checked, and which ones are taken. trust.md section 8, ASVS 6.2.

No mixture of capitals and signs is asked for: length is, and that nobody has found the password elsewhere before.
"""

import hashlib
import hmac
import mmap
import re
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Self, TypeVar

from anyio import CapacityLimiter, to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bot.codes import ARGON2_MEMORY_KIB, ARGON2_TIME, SALT_BYTES, WAITING_AT_MOST
from bot.settings import BadSetting, Settings
from bot.store import Purpose, Store
from bot.throttles import TooManyAtOnce

SHORTEST = 12
LONGEST = 1_000
HASH_BYTES = 32

HASHER = PasswordHasher(
    time_cost=ARGON2_TIME, memory_cost=ARGON2_MEMORY_KIB, parallelism=1, hash_len=HASH_BYTES, salt_len=SALT_BYTES
)


def _part(of: bytes) -> str:
    return b64encode(of).decode().rstrip("=")


NOBODYS = (
    f"$argon2id$v=19$m={ARGON2_MEMORY_KIB},t={ARGON2_TIME},p=1"
    f"${_part(hashlib.sha256(b'nobody').digest()[:SALT_BYTES])}${_part(bytes(HASH_BYTES))}"
)
"""What a password is tried against where there is no account: it costs the same, and nothing fits it."""


Given = TypeVar("Given")


@dataclass(slots=True)
class Passwords:
    """Hashes passwords and tries them: two at once, each in a worker thread."""

    store: Store
    limiter: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(2))
    waiting: int = 0

    async def hash(self, password: str) -> str:
        """Give what is kept of a password. Raises TooManyAtOnce."""
        peppered = self._peppered(password)
        return await self._one_of_two(lambda: HASHER.hash(peppered))

    async def fits(self, password: str, kept: str | None) -> bool:
        """Say whether this is the password. Where there is none it costs exactly as much. Raises TooManyAtOnce."""
        peppered = self._peppered(password[: 10 * LONGEST])

        def work() -> bool:
            try:
                return HASHER.verify(kept or NOBODYS, peppered)
            except (VerificationError, InvalidHashError):
                return False

        return await self._one_of_two(work) and kept is not None

    def _peppered(self, password: str) -> str:
        pepper = self.store.derive(Purpose.PASSWORDS)
        return hmac.digest(pepper, _canonical(password).encode("utf-8", "surrogatepass"), hashlib.sha256).hex()

    async def _one_of_two(self, work: Callable[[], Given]) -> Given:
        if self.waiting >= WAITING_AT_MOST:
            raise TooManyAtOnce
        self.waiting += 1
        try:
            return await to_thread.run_sync(work, limiter=self.limiter)
        finally:
            self.waiting -= 1


def problem_with(password: str, *, email: str, name: str, breached: "Breached | None") -> str:
    """Say in a sentence why a password cannot be taken; empty where it can."""
    canonical = _canonical(password)
    if len(canonical) < SHORTEST:
        return f"Choose a password of at least {SHORTEST} characters. Three words that do not belong together are good."
    if len(canonical) > LONGEST:
        return f"Choose a password of at most {LONGEST:,} characters."
    if _letters(canonical) in {_letters(part) for part in (email, email.partition("@")[0], name)}:
        return "Choose a password that is not your name or your e-mail address."
    if breached is not None and canonical in breached:
        return "Choose another password. This one is on a list of passwords that were stolen elsewhere."
    return ""


def _canonical(password: str) -> str:
    # The same password typed on another keyboard may arrive as other code points.
    return unicodedata.normalize("NFC", password)


def _letters(said: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", said).casefold() if c.isalpha())


SAMPLED = 1_000
"""Places in a list that are compared to tell whether it is sorted."""

_DIGEST = re.compile(rb"[0-9A-Fa-f]{40}(:[0-9]+)?")


class Breached:
    """A list of passwords that were stolen elsewhere: one a line, or their SHA-1 in hexadecimal, as such lists come.

    The file is looked into where it lies: by halves where it is sorted by its bytes, from one end to the other where
    it is not. A password never leaves this machine.
    """

    def __init__(self, lines: mmap.mmap) -> None:
        self._lines = lines
        first = self._line_from(0)[0]
        self.holds_digests = _DIGEST.fullmatch(first) is not None
        self.is_sorted = self._seems_sorted()

    @classmethod
    def named_in(cls, settings: Settings) -> Self | None:
        """Open the list that the settings name; None where they name none. Raises BadSetting."""
        path = settings.breached_passwords
        try:
            return None if path is None else cls.open(path)
        except (OSError, ValueError) as error:
            raise BadSetting(
                f"OWNWORDS_BREACHED_PASSWORDS: {path} cannot be read, or is empty. Name a list that is there, or none."
            ) from error

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open a list. Raises OSError, and ValueError where it is empty."""
        with path.open("rb") as file:
            return cls(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))

    def __contains__(self, password: str) -> bool:
        words = password.encode("utf-8", "surrogatepass")
        if not words or b"\n" in words:
            return False
        if self.holds_digests:
            # Not for safety: it is how such lists are published.
            digest = hashlib.sha1(words, usedforsecurity=False).hexdigest()
            spelt = [digest.upper().encode(), digest.encode()]
        else:
            spelt = [words]
        found = self._found_by_halves if self.is_sorted else self._found_anywhere
        return any(found(one) for one in spelt)

    def _key(self, line: bytes) -> bytes:
        return line.partition(b":")[0] if self.holds_digests else line

    def _found_by_halves(self, meant: bytes) -> bool:
        low, high = 0, len(self._lines)
        while low < high:
            middle = (low + high) // 2
            line, after = self._line_at(middle)
            if (key := self._key(line)) == meant:
                return True
            if key < meant:
                low = after
            else:
                high = middle
        return False

    def _found_anywhere(self, meant: bytes) -> bool:
        at = self._lines.find(meant)
        while at >= 0:
            is_whole = at == 0 or self._lines[at - 1 : at] == b"\n"
            if is_whole and self._key(self._line_from(at)[0]) == meant:
                return True
            at = self._lines.find(meant, at + 1)
        return False

    def _seems_sorted(self) -> bool:
        step = max(1, len(self._lines) // SAMPLED)
        keys = [self._key(self._line_at(place)[0]) for place in range(0, len(self._lines), step)]
        return all(one <= other for one, other in pairwise(keys))

    def _line_at(self, place: int) -> tuple[bytes, int]:
        """Give the line that a byte lies in, and where the next one begins."""
        return self._line_from(self._lines.rfind(b"\n", 0, place) + 1)

    def _line_from(self, start: int) -> tuple[bytes, int]:
        end = self._lines.find(b"\n", start)
        if end < 0:
            end = len(self._lines)
        return self._lines[start:end].removesuffix(b"\r"), end + 1
