"""Many people at once, each at a browser without JavaScript, who remember what was acknowledged to them.

Their browsers are ours and simple, so that they take little of the processor that they share with what is measured.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from tests.faults.houses import conversation_of
from tests.faults.roads import choice_at, name_of
from tests.faults.telling import Sent, has_ended
from tests.walking import Shown, read

PATIENCE = 60.0
"""Seconds that any answer may take."""
PROXY = {"proxies": "127.0.0.1"}
"""The setting with which a house believes what network each of them says to come from."""
SEE_OTHER = 303


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: str


@dataclass
class Browser:
    """One connection that is kept open, and the cookie of one visit."""

    address: str
    network: str
    """Where it says that it comes from, as a proxy would."""
    cookie: str = ""
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str) -> Answer:
        """Open a page."""
        return await self._ask("GET", path)

    async def post(self, path: str, form: dict[str, str | list[str]]) -> Answer:
        """Send a form."""
        return await self._ask("POST", path, urlencode(form, doseq=True))

    def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _ask(self, method: str, path: str, body: str = "") -> Answer:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {urlsplit(self.address).netloc}"]
        lines += [f"X-Forwarded-For: {self.network}", "Accept: text/html", "Sec-Fetch-Site: same-origin"]
        lines += [f"Cookie: {self.cookie}"] if self.cookie else []
        if method == "POST":
            lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
        sent = "\r\n".join([*lines, "", body]).encode()
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._exchange(sent)
        except (ConnectionError, asyncio.IncompleteReadError):
            # The site closes a connection that was idle; a browser then opens another and sends the same again.
            self.close()
            async with asyncio.timeout(PATIENCE):
                return await self._exchange(sent)

    async def _exchange(self, sent: bytes) -> Answer:
        if self._streams is None:
            at = urlsplit(self.address)
            self._streams = await asyncio.open_connection(at.hostname, at.port)
        reader, writer = self._streams
        writer.write(sent)
        await writer.drain()
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").rstrip().split("\r\n")
        pairs = [line.partition(": ") for line in lines]
        headers = {name.lower(): value for name, _, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        if headers.get("connection") == "close":
            self.close()
        if "set-cookie" in headers:
            self.cookie = headers["set-cookie"].partition(";")[0]
        return Answer(int(first.split()[1]), headers, body.decode())


@dataclass
class Person:
    """One person, in one conversation after another."""

    name: str
    browser: Browser
    page: Shown = field(default_factory=Shown)
    acknowledged: list[Sent] = field(default_factory=list)
    """Everything that was answered: the ledger."""
    pending: Sent | None = None
    """What was sent last and not answered."""
    conversations: list[str] = field(default_factory=list)
    kept_after: list[float] = field(default_factory=list)
    """Seconds after which each thing said was acknowledged."""
    refused: list[int] = field(default_factory=list)
    """Every status that was not the one hoped for."""
    waited: int = 0
    """How often the next question was still to come."""
    things_said: int = 0

    async def begin(self) -> None:
        """Begin a conversation, and see its first question."""
        self.browser.cookie = ""
        begun = await self.browser.post("/", {"minutes": "1200", "open_for": "1200"})
        if begun.status != SEE_OTHER:
            self.refused.append(begun.status)
        await self.look()

    async def look(self) -> None:
        """Open the page of the conversation."""
        answer = await self.browser.get("/conversation")
        if answer.status != 200:
            self.refused.append(answer.status)
        self.page = read(answer.body)
        if self.page.step and conversation_of(self.page) not in self.conversations:
            self.conversations.append(conversation_of(self.page))

    async def take_a_turn(self) -> None:
        """Answer what is on show, and see what comes next; at the end of a conversation, begin another."""
        page = self.page
        if not page.step or has_ended(page):
            await self.begin()
            return
        if page.is_waiting:
            self.waited += 1
            await self._send(Sent(conversation_of(page), page.step, "go_on", "", (), ""))
        else:
            await self._send(self._answer_to(page))
        await self.look()

    def _answer_to(self, page: Shown) -> Sent:
        """Make an answer that says what it is about, so that it can be seen where it was kept."""
        name, conversation_id = name_of(page), conversation_of(page)
        if page.words is not None:
            self.things_said += 1
            words = f"{self.name} says this about {name}, as thing {self.things_said}."
            return Sent(conversation_id, page.step, "answer", words, (), name)
        if "cancel" in page.buttons:
            return Sent(conversation_id, page.step, "cancel", "", (), "")
        times = [sent.name for sent in self.acknowledged if sent.conversation_id == conversation_id].count(name) + 1
        choice = choice_at(page, times)
        if page.choices:
            return Sent(conversation_id, page.step, "answer", "", (choice,), name)
        return Sent(conversation_id, page.step, f"choose:{choice}", "", (), name)

    async def _send(self, sent: Sent) -> None:
        self.pending = sent
        began = time.perf_counter()
        answer = await self.browser.post("/conversation", sent.form)
        if answer.status != SEE_OTHER:
            self.refused.append(answer.status)
            return
        if sent.do != "go_on":
            self.kept_after.append(time.perf_counter() - began)
        self.acknowledged.append(sent)
        self.pending = None


async def open_loop(people: Sequence[Person], rate: float, seconds: float) -> list[float]:
    """Have so many turns begun each second, whoever is free first; gives how long each took from when it was due.

    Nothing waits for what is slow: a turn that comes late because others were is as late as a person finds it.
    """
    took: list[float] = []
    free: asyncio.Queue[Person] = asyncio.Queue()
    for person in people:
        free.put_nowait(person)
    loop = asyncio.get_running_loop()
    began = loop.time()

    async def turn(due: float) -> None:
        person = await free.get()
        await person.take_a_turn()
        took.append(loop.time() - due)
        free.put_nowait(person)

    async with asyncio.TaskGroup() as turns:
        for number in range(round(rate * seconds)):
            due = began + number / rate
            await asyncio.sleep(max(due - loop.time(), 0))
            turns.create_task(turn(due))
    return took
