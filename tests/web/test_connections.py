"""How slowly a connection may speak, and that whoever is slow keeps nobody else waiting."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from bot import serving
from bot.serving import listen
from bot.web import connections, guard
from bot.web.connections import CONNECTIONS_AT_ONCE, told_headers
from bot.web.guard import LARGEST_HEAD
from tests.web.conftest import Site

PATIENCE = 60.0
"""Seconds that anything may take on a busy machine before a test gives up on it."""


@dataclass
class Served:
    """The site behind a real port."""

    port: int
    connections: set[Any]

    async def asks_and_never_reads(self) -> socket.socket:
        """Ask for something, and read nothing of the answer."""
        asking = socket.socket()
        asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        asking.settimeout(0)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(asking, ("127.0.0.1", self.port))
        await loop.sock_sendall(asking, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return asking

    async def connects(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection and say nothing."""
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def hears(self, sent: bytes, *, and_then: bytes = b"", every: float = 0.0) -> bytes:
        """Send something, then perhaps a byte now and then, and give all that came until the connection was ended."""
        reader, writer = await self.connects()
        writer.write(sent)
        heard = asyncio.create_task(all_of(reader))
        async with asyncio.timeout(PATIENCE):
            while and_then and not heard.done():
                writer.write(and_then)
                await asyncio.wait({heard}, timeout=every)
            answer = await heard
        writer.close()
        return answer


async def all_of(reader: asyncio.StreamReader) -> bytes:
    """Give all that comes. Whoever writes on to a connection that was ended may hear that instead of its end."""
    answer = b""
    with contextlib.suppress(ConnectionError):
        while chunk := await reader.read(65536):
            answer += chunk
    return answer


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until it is so."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if is_so():
                return
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def serve(app: ASGIApp, buffer: int | None = None) -> AsyncIterator[Served]:
    """Serve as the product does. `buffer`: bytes that the system takes over of what nobody has read yet."""
    taken = listen("127.0.0.1", 0, "OWNWORDS_PORT")
    if buffer is not None:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
    server = serving._server(app)
    task = asyncio.create_task(server.serve(sockets=[taken]))
    yield Served(taken.getsockname()[1], server.server_state.connections)
    server.should_exit = server.force_exit = True
    await task


@pytest.fixture
async def served(site: Site) -> AsyncIterator[Served]:
    """Serve the site."""
    async with serve(site.app) as here:
        yield here


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have patience end soon."""
    monkeypatch.setattr(connections, "HEAD_WITHIN", 0.3)
    monkeypatch.setattr(connections, "READ_WITHIN", 0.3)
    monkeypatch.setattr(guard, "BODY_WITHIN", 0.3)
    monkeypatch.setattr(guard, "LET_PASS_FOR", 0.3)


def parts(answer: bytes) -> tuple[int, dict[str, str], bytes]:
    """Read an answer as it came over the wire."""
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("ascii").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split(" ")[1]), headers, body


def check_told(answer: bytes, status: int) -> None:
    """Check an answer that was made without the pages, to the last header."""
    found, headers, body = parts(answer)
    assert found == status
    assert headers == {name.lower(): value for name, value in told_headers(len(body)).items()}
    assert body.decode() == connections.TOLD[status]


# --- what is no request ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nHost : x\r\n\r\n"])
async def test_what_is_no_request_is_told_so_with_every_header(served: Served, sent: bytes) -> None:
    check_told(await served.hears(sent + b"\r\n\r\n"), 400)


async def test_a_head_that_is_too_large_is_refused_with_every_header(served: Served) -> None:
    check_told(await served.hears(b"GET / HTTP/1.1\r\nX: " + b"x" * 2 * LARGEST_HEAD), 400)


@pytest.mark.parametrize("where", ["/?{}", "/ HTTP/1.1\r\nX: {}"])
async def test_a_head_that_comes_whole_and_is_too_large_is_refused_all_the_same(served: Served, where: str) -> None:
    first = where.format("x" * LARGEST_HEAD)
    sent = f"GET {first}{'' if 'HTTP' in first else ' HTTP/1.1'}\r\nHost: x\r\n\r\n"
    status, headers, body = parts(await served.hears(sent.encode()))
    # What is read of it at once is for the system to choose.
    assert status in {400, 431}
    assert headers["connection"] == "close"
    assert headers["content-security-policy"] == guard.CONTENT_SECURITY_POLICY
    assert b"x" not in body


# --- slow ones -------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("impatient")
async def test_a_head_that_comes_a_byte_at_a_time_is_ended(served: Served) -> None:
    check_told(await served.hears(b"GET / HTTP/1.1\r\nX: ", and_then=b"x", every=0.05), 408)


@pytest.mark.usefixtures("impatient")
async def test_a_second_head_on_the_same_connection_has_no_longer(served: Served) -> None:
    whole = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
    answer = await served.hears(whole + b"GET /", and_then=b"x", every=0.05)
    first, _, rest = answer.partition(b"alive")
    assert parts(first)[0] == 200
    check_told(rest, 408)


@pytest.mark.usefixtures("impatient")
async def test_a_connection_that_says_nothing_is_ended_without_a_word(served: Served) -> None:
    assert await served.hears(b"") == b""


@pytest.mark.usefixtures("impatient")
async def test_a_body_that_comes_a_byte_at_a_time_is_told_that_it_did_not_all_come(served: Served) -> None:
    form = b"POST /conversation HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 900000\r\n"
    form += b"Content-Type: application/x-www-form-urlencoded\r\n\r\nwords="
    status, headers, body = parts(await served.hears(form, and_then=b"x", every=0.05))
    assert status == 408
    assert headers["connection"] == "close"
    assert headers["cache-control"] == "no-store"
    assert b"That did not all reach us" in body


@pytest.mark.usefixtures("impatient")
async def test_whoever_does_not_read_what_they_asked_for_is_let_go() -> None:
    was_sent = asyncio.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while (await receive())["type"] != "http.disconnect":
            for _ in range(100):
                await send({"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": True})
        was_sent.set()

    async with serve(endless) as here:
        _, writer = await here.connects()
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(PATIENCE):
            await was_sent.wait()
        writer.transport.abort()


A_PAGE = PlainTextResponse("x" * 50_000)
"""Less than the server would wait with, and more than the system takes over."""


@pytest.mark.usefixtures("impatient")
async def test_whoever_does_not_read_an_answer_that_is_all_made_is_let_go_too() -> None:
    async with serve(A_PAGE, buffer=2048) as here:
        asking = await here.asks_and_never_reads()
        await until(lambda: bool(here.connections))
        await until(lambda: not here.connections)
        asking.close()


async def test_those_who_leave_their_answers_unread_make_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CONNECTIONS_AT_ONCE", 2)
    async with serve(A_PAGE, buffer=2048) as here:
        unread = [await here.asks_and_never_reads() for _ in range(3)]
        await until(lambda: all(one.transport.is_closing() for one in here.connections))
        answer = await here.hears(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert parts(answer)[0] == 200
        for one in unread:
            one.close()


@pytest.mark.usefixtures("impatient")
async def test_the_rest_of_a_body_is_not_waited_for_without_end_once_it_was_answered() -> None:
    async with serve(PlainTextResponse("answered")) as here:
        form = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\nm"
        status, _, body = parts(await here.hears(form, and_then=b"x", every=0.05))
        assert (status, body) == (200, b"answered")


async def test_pages_are_answered_while_hundreds_of_slow_connections_hang(served: Served) -> None:
    form = b"POST / HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: same-origin\r\nContent-Length: 9\r\n"
    form += b"Content-Type: application/x-www-form-urlencoded\r\n\r\nm"
    slow = [await served.connects() for _ in range(CONNECTIONS_AT_ONCE + 100)]
    for number, (_, writer) in enumerate(slow):
        writer.write(form if number % 2 else b"GET / HTTP/1.1\r\nX: ")
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{served.port}", timeout=PATIENCE) as client:
        for _ in range(5):
            assert (await client.get("/")).status_code == 200
        begun = await client.post("/", data={"minutes": "30"}, headers={"sec-fetch-site": "same-origin"})
        assert begun.status_code == 303
    ended = [reader.at_eof() or reader.exception() is not None for reader, _ in slow]
    assert any(ended[:101]), "those that waited longest made way"
    assert not any(ended[-100:])
    for _, writer in slow:
        writer.transport.abort()


async def test_nobody_who_is_being_answered_makes_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "CONNECTIONS_AT_ONCE", 2)
    may_go, asked = asyncio.Event(), asyncio.Semaphore(0)

    async def answer_in_a_while(scope: Scope, receive: Receive, send: Send) -> None:
        asked.release()
        await may_go.wait()
        await PlainTextResponse("at last")(scope, receive, send)

    async with serve(answer_in_a_while) as here:
        ask = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        async with asyncio.timeout(PATIENCE):
            answers = [asyncio.create_task(here.hears(ask)) for _ in range(2)]
            for _ in answers:
                await asked.acquire()
            check_told(await here.hears(b""), 503)
            may_go.set()
            assert [parts(await answer)[2] for answer in answers] == [b"at last"] * 2
