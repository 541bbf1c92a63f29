"""Lines to a box: connections that stay open, and as much of HTTP/1.1 as is asked and answered over them.

The box is asked at every turn, and a client for the whole web took longer to ask than the box to answer. A box
answers with a status and JSON of a stated length, and with nothing else.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

LARGEST_ANSWER = 1_000_000
"""Bytes; the longest question and its choices are a hundredth of it."""


class LineLost(Exception):
    """Nobody is there, or they hung up before they had answered."""


class NotUnderstood(Exception):
    """What came back is no answer as a box gives one."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back."""

    status: int
    body: bytes

    def json(self) -> Any:
        """Read it. Raises ValueError."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class _Line:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def is_open(self) -> bool:
        """Whether nobody has hung up, as far as we have heard."""
        return not (self.reader.at_eof() or self.writer.is_closing())


class Lines:
    """Lines to one address. As many are open as were needed at once."""

    def __init__(self, address: str, headers: Mapping[str, str]) -> None:
        at = urlsplit(address)
        self._host, self._port, self._path = at.hostname, at.port or (443 if at.scheme == "https" else 80), at.path
        self._is_sealed = at.scheme == "https"
        told = {"Host": at.netloc, "Content-Type": "application/json", **headers}
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        self._idle: list[_Line] = []

    async def ask(self, method: str, path: str, told: object = None, *, limit: float) -> Answered:
        """Ask, and give the answer. Raises TimeoutError after `limit` seconds, LineLost and NotUnderstood.

        A line that was open is lost when the box closes it as we ask: then it is asked once more, over a new one.
        """
        body = b"" if told is None else json.dumps(told).encode()
        head = f"{method} {self._path}{path} HTTP/1.1\r\n{self._headers}Content-Length: {len(body)}\r\n\r\n"
        sent = head.encode("ascii") + body
        async with asyncio.timeout(limit):
            while self._idle:
                if (line := self._idle.pop()).is_open:
                    try:
                        return await self._exchange(line, sent)
                    except LineLost:
                        break
                line.writer.close()
            return await self._exchange(await self._open(), sent)

    async def close(self) -> None:
        """Hang up."""
        while self._idle:
            self._idle.pop().writer.close()

    async def _open(self) -> _Line:
        try:
            return _Line(*await asyncio.open_connection(self._host, self._port, ssl=self._is_sealed or None))
        except OSError as error:
            raise LineLost(type(error).__name__) from error

    async def _exchange(self, line: _Line, sent: bytes) -> Answered:
        stays = False
        try:
            line.writer.write(sent)
            status, length, stays = _read_head(await line.reader.readuntil(b"\r\n\r\n"))
            return Answered(status, await line.reader.readexactly(length))
        except (OSError, asyncio.IncompleteReadError) as error:
            stays = False
            raise LineLost(type(error).__name__) from error
        except asyncio.LimitOverrunError as error:
            raise NotUnderstood("a head without an end") from error
        except BaseException:
            # Whoever stopped waiting leaves an answer behind that is no other question's.
            stays = False
            raise
        finally:
            if stays:
                self._keep(line)
            else:
                line.writer.transport.abort()

    def _keep(self, line: _Line) -> None:
        """Have the line for the next question, and let go of those that the box has closed meanwhile."""
        for other in self._idle:
            if not other.is_open:
                other.writer.close()
        self._idle = [*(other for other in self._idle if other.is_open), line]


def _read_head(head: bytes) -> tuple[int, int, bool]:
    """Read the status, how many bytes follow, and whether the line stays open. Raises NotUnderstood."""
    first, *lines = head.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    told = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    status, length = rest[:3], told.get("content-length", "")
    if status == str(HTTPStatus.NO_CONTENT.value):
        length = "0"
    if not (version in {"HTTP/1.0", "HTTP/1.1"} and _is_number(status) and _is_number(length)):
        raise NotUnderstood("a head that no box sends")
    if int(length) > LARGEST_ANSWER:
        raise NotUnderstood("more than a box says")
    return int(status), int(length), version == "HTTP/1.1" and told.get("connection", "").lower() != "close"


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10
