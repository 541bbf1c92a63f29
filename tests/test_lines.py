"""Lines to a box stay open, are never trusted blindly, and never give one question another one's answer."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from bot.lines import LARGEST_ANSWER, LineLost, Lines, NotUnderstood

Answers = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class Box:
    """A server that answers as a test says, and counts its lines."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.lines = 0
        self.answers: Answers = self.repeat
        self.address = ""

    async def repeat(self, body: bytes, writer: asyncio.StreamWriter) -> None:
        """Say what was asked."""
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer on one line for as long as there are questions."""
        self.lines += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                body = await reader.readexactly(length)
                self.asked.append(body)
                await self.answers(body, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def box() -> AsyncIterator[Box]:
    made = Box()
    server = await asyncio.start_server(made.hear, "127.0.0.1", 0)
    made.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield made
    server.close()


@pytest.fixture
async def lines(box: Box) -> AsyncIterator[Lines]:
    made = Lines(f"{box.address}/door", {"X-Secret": "known"})
    yield made
    await made.close()


async def test_one_line_serves_one_question_after_the_other(box: Box, lines: Lines) -> None:
    for number in range(5):
        answered = await lines.ask("POST", "/turns", number, limit=5)
        assert (answered.status, answered.json()) == (200, number)
    assert box.lines == 1


async def test_as_many_lines_are_open_as_are_needed_at_once(box: Box, lines: Lines) -> None:
    async def slowly(body: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        await box.repeat(body, writer)

    box.answers = slowly
    for _ in range(2):
        found = await asyncio.gather(*(lines.ask("POST", "/turns", number, limit=5) for number in range(6)))
        assert [answered.json() for answered in found] == list(range(6))
    assert box.lines == 6


async def test_a_line_that_the_box_closed_meanwhile_is_let_go_of_and_nobody_notices(box: Box, lines: Lines) -> None:
    async def once(body: bytes, writer: asyncio.StreamWriter) -> None:
        await box.repeat(body, writer)
        writer.close()

    box.answers = once
    for number in range(4):
        assert (await lines.ask("POST", "/turns", number, limit=5)).json() == number
        await asyncio.sleep(0.01)
    assert box.lines == 4
    assert len(lines._idle) == 1


async def test_a_line_that_is_closed_as_we_ask_is_replaced_once(box: Box, lines: Lines) -> None:
    await lines.ask("POST", "/turns", 1, limit=5)
    times = 0

    async def hang_up_first(body: bytes, writer: asyncio.StreamWriter) -> None:
        nonlocal times
        times += 1
        if times == 1:
            writer.transport.abort()
        else:
            await box.repeat(body, writer)

    box.answers = hang_up_first
    assert (await lines.ask("POST", "/turns", 2, limit=5)).json() == 2
    assert box.asked == [b"1", b"2", b"2"]


async def test_a_box_that_hangs_up_on_a_new_line_is_gone(box: Box, lines: Lines) -> None:
    async def hang_up(body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    box.answers = hang_up
    with pytest.raises(LineLost):
        await lines.ask("POST", "/turns", 1, limit=5)
    assert len(box.asked) == 1


async def test_an_answer_that_came_too_late_is_nobodys(box: Box, lines: Lines) -> None:
    async def late(body: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2 if body == b"1" else 0)
        await box.repeat(body, writer)

    box.answers = late
    with pytest.raises(TimeoutError):
        await lines.ask("POST", "/turns", 1, limit=0.05)
    assert (await lines.ask("POST", "/turns", 2, limit=5)).json() == 2
    await asyncio.sleep(0.2)
    assert (await lines.ask("POST", "/turns", 3, limit=5)).json() == 3


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n17\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (LARGEST_ANSWER + 1),
        b"SSH-2.0 of something else\r\n\r\n",
        b"\xff\xfe\r\n\r\n",
        b"x" * 200_000,
    ],
)
async def test_what_is_no_answer_is_not_understood(box: Box, lines: Lines, said: bytes) -> None:
    async def say(body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(said)

    box.answers = say
    with pytest.raises(NotUnderstood):
        await lines.ask("POST", "/turns", 1, limit=5)
    assert not lines._idle


async def test_an_answer_that_ends_in_the_middle_is_none(box: Box, lines: Lines) -> None:
    async def half(body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
        writer.close()

    box.answers = half
    with pytest.raises(LineLost):
        await lines.ask("POST", "/turns", 1, limit=5)


async def test_nothing_to_read_is_an_answer_too(box: Box, lines: Lines) -> None:
    async def nothing(body: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    box.answers = nothing
    for _ in range(2):
        assert (await lines.ask("POST", "/forget", 1, limit=5)).status == 204
    assert box.lines == 1
