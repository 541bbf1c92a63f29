"""Conversations as data, and the ways to go through them: the use cases alone, and the pages without any script.

A conversation in `tests/conversations/` is a list of doings. What is chosen between “ and ” stands for what was said in
these words: the page offers it by its turn.
"""

import asyncio
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from xml.etree.ElementTree import Element

import html5lib
import httpx

from bot import enquiring, interviewing, returning
from bot.codes import Door
from bot.conversation import Answer, Control, How, Kind, Now, Speaker, Stage, Standing, Whose, reference
from bot.interview import read_yaml
from bot.interviewing import Given, Taken, View
from bot.opening import open_store
from bot.project import load_code_words
from bot.serving import Running, make_ready, running
from bot.settings import load
from bot.steps import Step
from bot.store import Disguise, Store

HERE = Path(__file__).parent / "conversations"
PATIENCE = 120.0
"""Seconds that anything may take on a busy machine before a test gives up on it."""
TIMES = 30
"""How often the next question is asked for before a test gives up on it."""
NETWORK = "127.0.0.1"

Result = TypeVar("Result")

SPEAKERS = (Speaker.PERSON, Speaker.ADVOCATE, Speaker.PRACTITIONER)
IN_ORDER = tuple((stage, speaker) for stage in Stage for speaker in SPEAKERS)
"""Every conversation of an enquiry, each after what it reads back."""


@dataclass(frozen=True, slots=True)
class Doing:
    """One thing that is done: an answer to what is asked, or a button beside it."""

    asked: str = ""
    said: str | None = None
    chosen: tuple[str, ...] = ()
    skipped: str = ""
    how: str = ""
    whose: str = ""
    original: str = ""
    note: str = ""
    does: str = ""
    about: str = ""
    """The question whose answer a button concerns."""
    typed: str = ""
    """What stands in the answer box when a button is pressed."""


@cache
def told(stage: Stage, speaker: Speaker) -> tuple[Doing, ...]:
    """Read one conversation."""
    listed = read_yaml((HERE / f"{stage}-{speaker}.yml").read_text(encoding="utf-8"))
    return tuple(_doing(**one) for one in listed)


def _doing(chosen: str | Sequence[str] = (), **more: Any) -> Doing:
    return Doing(chosen=(chosen,) if isinstance(chosen, str) else tuple(chosen), **more)


# --- the product, in this process ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OpenHouse:
    """The product as it is served, in a thread of this process: with an address, and with use cases to be called."""

    run: Running
    store: Store
    door: Door
    loop: asyncio.AbstractEventLoop

    def wait_for(self, doing: Awaitable[Result]) -> Result:
        """Have something done where the product runs, and give what came of it."""

        async def do() -> Result:
            return await doing

        return asyncio.run_coroutine_threadsafe(do(), self.loop).result(PATIENCE)


@contextmanager
def open_house(folder: Path, model: Path) -> Iterator[OpenHouse]:
    """Serve the product from this folder until the block ends."""
    settings = load(
        {
            "OWNWORDS_DATA": str(folder / "data"),
            "OWNWORDS_ROOT_KEY": str(folder / "keys" / "root.key"),
            "OWNWORDS_PORT": "0",
            "OWNWORDS_PHONE": "01632 960 001",
            "OWNWORDS_BOX_PYTHON": str(load().box_python),
        },
        folder / "no-settings-of-its-own",
    )
    make_ready(settings, lambda line: None)
    store = open_store(settings)
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()
    opened: list[Running] = []
    is_open = threading.Event()

    async def live() -> None:
        async with running(settings, store, model) as run:
            async with asyncio.timeout(PATIENCE):
                await run.box.ready.wait()
            opened.append(run)
            is_open.set()
            await ended.wait()

    def serve() -> None:
        try:
            loop.run_until_complete(live())
        finally:
            is_open.set()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        is_open.wait()
        yield OpenHouse(opened[0], store, Door(store, load_code_words()), loop)
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()
        store.close()


# --- going through a conversation ------------------------------------------------------------------------------------


class Way(ABC):
    """One way to go through conversations. What is asked is read from the record: the pages are held to it."""

    name = ""

    def __init__(self, house: OpenHouse) -> None:
        self.house = house
        self.conversation_id = ""

    @abstractmethod
    def begin(self, code: str) -> str:
        """Take an invitation up, and give the conversation."""

    @abstractmethod
    def answer(self, doing: Doing, choice: tuple[str, ...]) -> None:
        """Answer what is asked."""

    @abstractmethod
    def press(self, doing: Doing, target: int | None) -> None:
        """Press a button beside the answer."""

    @abstractmethod
    def come_back_with_a_code(self) -> None:
        """Take a code, leave, and come back with it on another device."""

    @abstractmethod
    def go_on(self) -> None:
        """Wait for the next question where it is not there yet."""

    @property
    def standing(self) -> Standing:
        """Where the conversation stands, by its record."""
        with self.house.store.reading() as seen:
            return seen.conversations.standing(self.conversation_id)

    def go_through(self, doings: Sequence[Doing]) -> None:
        """Do everything in order, to the end of the conversation."""
        for place, doing in enumerate(doings, 1):
            self._wait_until_asked()
            stands = self.standing
            before, where = stands.last, f"step {place}: {doing}"
            if doing.does == "come_back_with_a_code":
                self.come_back_with_a_code()
            elif doing.does:
                self.press(doing, _answer_to(stands, doing.about).number if doing.about else None)
            else:
                assert stands.asked is not None, where
                assert stands.asked.asked == doing.asked, where
                self.answer(doing, tuple(self._meant(stands, choice) for choice in doing.chosen))
            assert self.standing.last > before, where
        self._wait_until_asked()
        assert self.standing.now is Now.ENDED

    def _wait_until_asked(self) -> None:
        for _ in range(TIMES):
            if self.standing.now is not Now.WAITING:
                return
            self.go_on()
        raise AssertionError("the next question does not come")

    def _meant(self, stands: Standing, choice: str) -> str:
        if not choice.startswith("“"):
            return choice
        said = [answer for answer in stands.answers if choice[1:-1] in answer.words]
        assert len(said) == 1, choice
        return reference(said[0].number)


def _answer_to(stands: Standing, asked: str) -> Answer:
    """Find the latest answer to a question."""
    return [answer for answer in stands.answers if answer.question.asked == asked][-1]


class UseCases(Way):
    """The verbs that the pages call, and no page."""

    name = "by the use cases"
    pages = 0

    def begin(self, code: str) -> str:
        now, room = datetime.now(UTC), self.house.run.room
        invitation = self._wait(enquiring.accept(self.house.door, code, NETWORK, now))
        assert invitation is not None
        begun = self._wait(
            enquiring.begin_invited(
                room.store, invitation.invitation_id, "a page", now, interview_version=room.interview.version
            )
        )
        assert begun is not None
        self.conversation_id = begun
        self.go_on()
        return begun

    def answer(self, doing: Doing, choice: tuple[str, ...]) -> None:
        kind = Kind.WORDS if doing.said is not None else Kind.SKIP if doing.skipped else Kind.CHOICE
        given = Given(
            kind,
            words=doing.said or "",
            choice=(doing.skipped,) if doing.skipped else choice,
            how=How(doing.how) if doing.how else None,
            whose=Whose(doing.whose) if doing.whose else None,
            original=doing.original,
            note=doing.note,
        )
        room = self.house.run.room
        assert self._wait(interviewing.answer(room, self._step(), given, datetime.now(UTC))) is Taken.KEPT

    def press(self, doing: Doing, target: int | None) -> None:
        room, now = self.house.run.room, datetime.now(UTC)
        if doing.does == "take_back":
            assert target is not None
            taken = self._wait(interviewing.take_back(room, self._step(), target, now))
        else:
            control = Control(doing.does)
            taken = self._wait(interviewing.press(room, self._step(), control, now, typed=doing.typed, target=target))
        assert taken is Taken.KEPT

    def come_back_with_a_code(self) -> None:
        now, door = datetime.now(UTC), self.house.door
        code = self._wait(returning.make_code(door, self.conversation_id, Disguise.WORDS, now))
        assert self._wait(returning.come_back(door, code, NETWORK, now)) == self.conversation_id
        self._wait(interviewing.arrive(self.house.run.room, self.conversation_id, now))

    def go_on(self) -> None:
        self._wait(interviewing.go_on(self.house.run.room, self.conversation_id, datetime.now(UTC)))

    def _wait(self, doing: Awaitable[Result]) -> Result:
        return self.house.wait_for(doing)

    def _step(self) -> Step:
        UseCases.pages += 1
        view: View = self._wait(interviewing.look(self.house.run.room, self.conversation_id))
        stands = view.standing
        revisited = stands.revisited.first.number if stands.now is Now.REVISIT and stands.revisited else 0
        asked = stands.asked.number if stands.asked else 0
        return Step(self.conversation_id, asked, revisited, f"page {UseCases.pages}")


# --- pages without script --------------------------------------------------------------------------------------------


@dataclass
class Form:
    """A form of a page, filled in as the page filled it in; what is not offered cannot be given."""

    action: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    """What it sends by itself, by name."""
    offered: dict[str, list[str]] = field(default_factory=dict)
    """For each name whatever can be ticked."""
    boxes: set[str] = field(default_factory=set)
    """Names of what can be written into."""
    buttons: dict[str, list[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, found: Element) -> "Form":
        """Read a form, hidden parts and all: a browser without script shows every one."""
        form = cls(found.get("action", ""))
        for one in found.iter():
            name, value = one.get("name", ""), one.get("value", "")
            match one.tag, one.get("type", ""):
                case "textarea", _:
                    form.boxes.add(name)
                    # HTML drops one line break after the opening tag; html5lib has dropped it already.
                    form.fields[name] = ["".join(one.itertext())]
                case "input", "radio" | "checkbox":
                    form.offered.setdefault(name, []).append(value)
                    if one.get("checked") is not None:
                        form.fields.setdefault(name, []).append(value)
                case "input", kind:
                    form.fields[name] = [value]
                    form.boxes |= {name} if kind != "hidden" else set()
                case "button", _:
                    form.buttons.setdefault(name, []).append(value)
        return form

    def write(self, name: str, words: str) -> None:
        """Write into a box in place of what stands in it."""
        assert name in self.boxes, f"there is no box {name!r}"
        self.fields[name] = [words]

    def tick(self, name: str, *values: str) -> None:
        """Choose."""
        assert set(values) <= set(self.offered.get(name, ())), f"{values} not in {self.offered}"
        self.fields[name] = [value for value in self.offered[name] if value in values]

    @property
    def body(self) -> Mapping[str, list[str]]:
        """What is sent, with line breaks as a form sends them."""
        return {name: [value.replace("\n", "\r\n") for value in values] for name, values in self.fields.items()}


def answering(form: Form, doing: Doing, choice: tuple[str, ...]) -> str:
    """Fill in an answer, and give the button that sends it."""
    if doing.note:
        form.write("note", doing.note)
    if doing.how:
        form.tick("how", doing.how)
    if doing.whose:
        form.tick("whose", doing.whose)
    if doing.original:
        form.write("original", doing.original)
    if doing.skipped:
        return f"skip:{doing.skipped}"
    if doing.said is not None:
        form.write("words", doing.said)
    elif "choice" in form.offered:
        form.tick("choice", *choice)
    else:
        return f"choose:{choice[0]}"
    return "answer"


@dataclass(frozen=True, slots=True)
class Seen:
    """A page that was shown, and where its conversation stood then."""

    conversation_id: str
    text: str
    standing: Standing


class WithoutScript(Way):
    """The pages, over plain HTTP, as a browser without JavaScript goes through them."""

    name = "over plain HTTP"

    def __init__(self, house: OpenHouse) -> None:
        super().__init__(house)
        self.seen: list[Seen] = []
        self._browser = self._new_browser()
        self._page: Element | None = None

    def close(self) -> None:
        """Close the browser."""
        self._browser.close()

    def begin(self, code: str) -> str:
        self.close()
        self.conversation_id = ""
        self._browser = self._new_browser()
        self._take(self._browser.get("/invited"))
        form = self._form("code")
        form.write("code", code)
        self._send(form)
        begun = self._newest(lambda: self._send(self._form("invitation")))
        self.conversation_id = begun
        return begun

    def answer(self, doing: Doing, choice: tuple[str, ...]) -> None:
        form = self._form("step")
        self._send(form, answering(form, doing, choice))

    def press(self, doing: Doing, target: int | None) -> None:
        form = self._form("step")
        if doing.typed:
            form.write("words", doing.typed)
        self._send(form, doing.does if target is None else f"{doing.does}:{target}")

    def come_back_with_a_code(self) -> None:
        self._send(self._form("step"), "make_code:words")
        form = self._form("typed")
        code = form.fields["code"][0]
        form.write("typed", code)
        self._send(form, "confirm_code")
        self.close()
        self._browser = self._new_browser()
        self._take(self._browser.get("/come-back"))
        form = self._form("code")
        form.write("code", code)
        self._send(form)

    def go_on(self) -> None:
        self._send(self._form("step"), "go_on")

    def open(self, path: str) -> str:
        """Open another page of the conversation, and give all that it says."""
        self._take(self._browser.get(path))
        return self.seen[-1].text

    def _new_browser(self) -> httpx.Client:
        return httpx.Client(base_url=self.house.run.address, follow_redirects=True, timeout=PATIENCE, trust_env=False)

    def _form(self, name: str) -> Form:
        """Give the form of the page that has this among what it sends or can be pressed."""
        assert self._page is not None
        forms = [Form.read(found) for found in self._page.iter("form")]
        fitting = [form for form in forms if name in {*form.fields, *form.buttons, *form.offered}]
        assert fitting, f"no form with {name!r} among {forms}"
        return fitting[0]

    def _send(self, form: Form, do: str = "") -> None:
        body = dict(form.body)
        if do:
            assert do in form.buttons.get("do", ()), f"{do!r} not in {form.buttons}"
            body["do"] = [do]
        self._take(self._browser.post(form.action, data=body))

    def _take(self, answer: httpx.Response) -> None:
        self._page = html5lib.parse(answer.text, namespaceHTMLElements=False)
        found = self._page.find(".//h1")
        assert found is not None
        assert answer.status_code == httpx.codes.OK, "".join(found.itertext())
        if self.conversation_id:
            self.seen.append(Seen(self.conversation_id, "".join(self._page.itertext()), self.standing))

    def _newest(self, do: Callable[[], None]) -> str:
        """Give the conversation that comes of it."""
        return newest(self.house.store, do)


def newest(store: Store, do: Callable[[], None]) -> str:
    """Give the one conversation that comes of something."""
    with store.reading() as seen:
        before = {one.conversation_id for one in seen.conversations.listed()}
    do()
    with store.reading() as seen:
        [begun] = {one.conversation_id for one in seen.conversations.listed()} - before
    return begun


# --- comparing -------------------------------------------------------------------------------------------------------


ROTATED = frozenset({"shown", "choice"})
"""Choices in an order that belongs to the conversation's id: as they were shown, and so as a form sends them."""
TIME = re.compile(r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}")


def evened_out(record: object, names: Mapping[str, str]) -> object:
    """Take out of a record what may differ: ids, times, tokens, digests, and the order choices were shown in.

    `names` has what stands in place of each id; of a conversation's id, also of its beginning.
    """
    match record:
        case dict():
            return {
                key: "…" if key == "digest" else evened_out(_in_order(value) if key in ROTATED else value, names)
                for key, value in record.items()
            }
        case list() | tuple():
            return [evened_out(one, names) for one in record]
        case str() if TIME.match(record):
            return "some time"
        case str():
            for found, name in names.items():
                record = record.replace(found, name)
            return record
        case _:
            return record


def _in_order(choices: Sequence[str]) -> list[str]:
    return sorted(choices, key=lambda one: re.sub("outcome:[0-9a-f]{8}_", "outcome:", one))
