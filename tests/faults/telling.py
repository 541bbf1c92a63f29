"""People who go on talking whatever happens to the app, and who remember what was acknowledged to them."""

import random
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol, Self

import httpx

from bot.conversation import Turn, standing
from bot.store import Missing
from tests.faults.houses import conversation_of, step_of
from tests.faults.roads import choice_at, name_of
from tests.house import PATIENCE, House
from tests.walking import Shown, read


@dataclass(frozen=True, slots=True)
class Sent:
    """One form, as it was sent."""

    conversation_id: str
    step: str
    do: str
    words: str
    choice: tuple[str, ...]
    name: str
    """The question that the page asked."""

    @property
    def token(self) -> str:
        """What its turn is known by."""
        return step_of(self.step)[3]

    @property
    def form(self) -> dict[str, str | list[str]]:
        """The form as a browser sends it."""
        form: dict[str, str | list[str]] = {"step": self.step, "do": self.do, "choice": list(self.choice)}
        return {**form, "words": self.words} if self.words else form


class Remembering(Protocol):
    """Whoever remembers what was acknowledged to them: held against the store by `unkept`."""

    acknowledged: list[Sent]
    pending: Sent | None
    conversations: list[str]


class NotNow(Exception):
    """The page said that it could not be kept, or shown, just now."""


@dataclass
class Teller:
    """One person, in one conversation after another.

    A patient one is not surprised by a page that could not keep what was sent: it is sent again, as a person would.
    """

    name: str
    chance: random.Random
    is_patient: bool = False
    browser: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=PATIENCE))
    acknowledged: list[Sent] = field(default_factory=list)
    """Everything that was answered: the ledger."""
    pending: Sent | None = None
    """What was sent last and not answered."""
    conversations: list[str] = field(default_factory=list)
    answered: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often each question of each conversation was."""
    things_said: int = 0
    refused: int = 0
    """How often a patient one was told that it could not be kept just now."""
    looked_through: int = 0
    """How many of the conversations need not be looked through again."""
    slowest: float = 0.0
    """Seconds that the longest answer took to come, whatever it was."""

    def move_to(self, house: House) -> None:
        """Go where the house is now, and send again what was not answered."""
        self.browser.base_url = httpx.URL(house.address)
        if self.pending is not None and not self.is_patient:
            self._send(self.pending)

    def talk(self, *, longest: int = 10_000) -> None:
        """Go on talking until nobody answers any more, or for so many forms."""
        try:
            for _ in range(longest):
                try:
                    self._go_on()
                except NotNow:
                    self.refused += 1
        except httpx.TransportError:
            return

    def talk_until(self, told: threading.Event, *, pause: float = 0.05) -> None:
        """Go on talking until told to stop, whoever answers or does not meanwhile: only a patient one can."""
        while not told.is_set():
            began = time.monotonic()
            try:
                self._go_on()
            except httpx.TransportError:
                time.sleep(pause)
            except NotNow:
                self.refused += 1
                time.sleep(pause)
            finally:
                self.slowest = max(self.slowest, time.monotonic() - began)

    def _go_on(self) -> None:
        if self.pending is not None and self.is_patient:
            self._send(self.pending)
        page = self._look()
        if not page.step or has_ended(page):
            self.browser.cookies.clear()
            begun = self.browser.post("/", data={"minutes": "1200"}).status_code
            if self.is_patient and begun == httpx.codes.SERVICE_UNAVAILABLE:
                raise NotNow
            assert begun == httpx.codes.SEE_OTHER
            self._look()
        elif page.is_waiting:
            self._change_something(page)
        else:
            self._answer(page)

    def finish(self) -> None:
        """Go on to the end of the conversation."""
        if self.pending is not None:
            self._send(self.pending)
        while not has_ended(page := self._look()):
            if page.is_waiting:
                self._send(Sent(conversation_of(page), page.step, "go_on", "", (), ""))
            else:
                self._answer(page)

    def _look(self) -> Shown:
        answered = self.browser.get("/conversation")
        if self.is_patient and answered.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            raise NotNow
        page = read(answered.text)
        if page.step and conversation_of(page) not in self.conversations:
            self.conversations.append(conversation_of(page))
        return page

    def _answer(self, page: Shown) -> None:
        name, conversation_id = name_of(page), conversation_of(page)
        if page.words is not None:
            self.things_said += 1
            words = f"{self.name} says this about {name}, as thing {self.things_said}."
            self._send(Sent(conversation_id, page.step, "answer", words, (), name))
            return
        if "cancel" in page.buttons:
            # What was chosen stays: it is what leads from question to question.
            self._send(Sent(conversation_id, page.step, "cancel", "", (), ""))
            return
        choice = choice_at(page, self.answered[conversation_id, name] + 1)
        if page.choices:
            self._send(Sent(conversation_id, page.step, "answer", "", (choice,), name))
        else:
            self._send(Sent(conversation_id, page.step, f"choose:{choice}", "", (), name))

    def _change_something(self, page: Shown) -> None:
        """While no question comes: say something otherwise, or ask for the question."""
        changes = [button for button in page.buttons if button.startswith("change:")]
        if not changes or self.chance.random() < 0.1:
            self._send(Sent(conversation_of(page), page.step, "go_on", "", (), ""))
        else:
            self._send(Sent(conversation_of(page), page.step, self.chance.choice(changes), "", (), ""))

    def _send(self, sent: Sent) -> None:
        self.pending = sent
        answered = self.browser.post("/conversation", data=sent.form)
        if self.is_patient and answered.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            raise NotNow
        assert answered.status_code == 303, (sent, answered.status_code, read(answered.text).heading)
        self._acknowledge(sent)

    def _acknowledge(self, sent: Sent) -> None:
        self.acknowledged.append(sent)
        self.answered[sent.conversation_id, sent.name] += 1
        self.pending = None


@dataclass
class Compared:
    """What the ledgers and the store do not agree on."""

    acknowledged: int = 0
    """Forms in the ledgers that were held against the store."""
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    altered: list[str] = field(default_factory=list)
    """Something else is there in its place, nobody sent it, or it is kept under another question."""

    @property
    def wrong(self) -> list[str]:
        """All of it."""
        return [*self.lost, *self.doubled, *self.altered]

    def add(self, other: Self) -> None:
        """Take in what another comparison found."""
        self.acknowledged += other.acknowledged
        self.lost += other.lost
        self.doubled += other.doubled
        self.altered += other.altered


def compare(house: House, tellers: Sequence[Remembering]) -> Compared:
    """Hold the ledgers against the store."""
    return compare_turns(_kept(house, [one for teller in tellers for one in teller.conversations]), tellers)


def compare_lately(house: House, tellers: Sequence[Teller]) -> Compared:
    """Hold only those conversations against it that went on since this was last asked."""
    lately = [one for teller in tellers for one in teller.conversations[teller.looked_through :]]
    found = compare_turns(_kept(house, lately), tellers)
    for teller in tellers:
        teller.looked_through = max(0, len(teller.conversations) - 1)
    return found


def _kept(house: House, conversations: Iterable[str]) -> Mapping[str, Sequence[Turn]]:
    kept: dict[str, Sequence[Turn]] = {}
    with house.store() as store, store.reading() as seen:
        for conversation_id in conversations:
            kept[conversation_id] = ()
            with suppress(Missing):
                kept[conversation_id] = seen.conversations.turns(conversation_id)
    return kept


def compare_turns(kept: Mapping[str, Sequence[Turn]], tellers: Sequence[Remembering]) -> Compared:
    """Hold the ledgers against these turns of these conversations."""
    found = Compared()
    for teller in tellers:
        sent_in: dict[str, list[Sent]] = {}
        for one in teller.acknowledged:
            sent_in.setdefault(one.conversation_id, []).append(one)
        for conversation_id in teller.conversations:
            pending = teller.pending
            if pending is not None and pending.conversation_id != conversation_id:
                pending = None
            if conversation_id in kept:
                _compare_one(kept[conversation_id], sent_in.get(conversation_id, []), pending, found)
    return found


def _compare_one(turns: Sequence[Turn], sent: Sequence[Sent], pending: Sent | None, found: Compared) -> None:
    by_token: dict[str, list[Turn]] = {}
    for turn in turns:
        if turn.token:
            by_token.setdefault(turn.token, []).append(turn)
    tokens = {one.token for one in sent}
    for one in sent:
        there = by_token.get(one.token, [])
        if one.do == "go_on":
            continue
        found.acknowledged += 1
        if not there:
            found.lost.append(f"kept 0 times: {one}")
        elif not _is_the_same(there, one):
            found.altered.append(f"something else is kept in its place: {one}")
        elif len(there) > 1:
            found.doubled.append(f"kept {len(there)} times: {one}")
    if pending is not None:
        tokens.add(pending.token)
        if len(by_token.get(pending.token, [])) > 1:
            found.doubled.append(f"kept more than once: {pending}")
    for turn in turns:
        if turn.token and turn.token not in tokens:
            # The same page, heard once more under a token of its own.
            is_again = turn.token.rpartition(".")[0] in tokens
            (found.doubled if is_again else found.altered).append(f"nobody sent turn {turn.number}")
    found.altered += _misplaced(turns)


def unkept(house: House, tellers: Sequence[Remembering]) -> list[str]:
    """Everything that is not in the store as it was acknowledged, or is there twice."""
    return compare(house, tellers).wrong


def asked_on_the_way(turns: Sequence[Turn]) -> list[str | None]:
    """The questions of a conversation whose answers led to where it stands, in order."""
    stands = standing(turns)
    answers = [stands.answer(number) for number in stands.path]
    return [answer.question.asked for answer in answers if answer is not None]


def has_ended(page: Shown) -> bool:
    """Whether this is the last page of a conversation."""
    return "make_code:numbers" in page.buttons


def _is_the_same(found: Sequence[Turn], sent: Sent) -> bool:
    """Whether that is what was sent; of a button it is enough that it was pressed."""
    if sent.do != "answer":
        return True
    return all((turn.words, turn.choice, turn.asked) == (sent.words, sent.choice, sent.name) for turn in found)


def _misplaced(turns: Sequence[Turn]) -> list[str]:
    """Every answer that does not say that it is about the question it is kept under."""
    return [
        f"{words!r} is kept under {answer.question.asked}"
        for answer in standing(turns).answers
        for words in answer.words
        if f" about {answer.question.asked}, as thing " not in words
    ]
