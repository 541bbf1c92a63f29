"""People who go on talking whatever happens to the app, and who remember what was acknowledged to them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx

from bot.conversation import Turn, standing
from tests.faults.houses import conversation_of, step_of, turns_of
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


@dataclass
class Teller:
    """One person, in one conversation after another."""

    name: str
    chance: random.Random
    browser: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=PATIENCE))
    acknowledged: list[Sent] = field(default_factory=list)
    """Everything that was answered: the ledger."""
    pending: Sent | None = None
    """What was sent last and not answered."""
    conversations: list[str] = field(default_factory=list)
    things_said: int = 0

    def move_to(self, house: House) -> None:
        """Go where the house is now, and send again what was not answered."""
        self.browser.base_url = httpx.URL(house.address)
        if self.pending is not None:
            self._send(self.pending)

    def talk(self, *, longest: int = 10_000) -> None:
        """Go on talking until nobody answers any more, or for so many forms."""
        try:
            for _ in range(longest):
                self._go_on()
        except httpx.TransportError:
            return

    def _go_on(self) -> None:
        page = self._look()
        if not page.step or has_ended(page):
            self.browser.cookies.clear()
            assert self.browser.post("/", data={"minutes": "1200"}).status_code == 303
            self._look()
        elif page.is_waiting:
            self._change_something(page)
        else:
            self._answer(page)

    def finish(self) -> None:
        """Go on to the end of the conversation."""
        while not has_ended(page := self._look()):
            if page.is_waiting:
                self._send(Sent(conversation_of(page), page.step, "go_on", "", (), ""))
            else:
                self._answer(page)

    def _look(self) -> Shown:
        page = read(self.browser.get("/conversation").text)
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
        times = [sent.name for sent in self.acknowledged if sent.conversation_id == conversation_id].count(name) + 1
        choice = choice_at(page, times)
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
        assert answered.status_code == 303, (sent, answered.status_code, read(answered.text).heading)
        self.acknowledged.append(sent)
        self.pending = None


def unkept(house: House, tellers: Sequence[Teller]) -> list[str]:
    """Hold the ledgers against the store: everything that is not there as it was acknowledged, or is there twice."""
    wrong: list[str] = []
    for teller in tellers:
        for conversation_id in teller.conversations:
            turns = turns_of(house, conversation_id)
            sent = [one for one in teller.acknowledged if one.conversation_id == conversation_id]
            for one in sent:
                if one.do != "go_on" and (found := _times(turns, one)) != 1:
                    wrong.append(f"kept {found} times: {one}")
            pending = teller.pending
            if pending is not None and pending.conversation_id == conversation_id and _times(turns, pending) > 1:
                wrong.append(f"kept more than once: {pending}")
            tokens = {one.token for one in [*sent, *([pending] if pending else [])]}
            wrong += [f"nobody sent turn {turn.number}" for turn in turns if turn.token and turn.token not in tokens]
            wrong += _misplaced(turns)
    return wrong


def has_ended(page: Shown) -> bool:
    """Whether this is the last page of a conversation."""
    return "make_code:numbers" in page.buttons


def _times(turns: Sequence[Turn], sent: Sent) -> int:
    """How often it is there; -1 when something else is there in its place."""
    found = [turn for turn in turns if turn.token == sent.token]
    is_answer = sent.do == "answer"
    if is_answer and any(
        (turn.words, turn.choice, turn.asked) != (sent.words, sent.choice, sent.name) for turn in found
    ):
        return -1
    return len(found)


def _misplaced(turns: Sequence[Turn]) -> list[str]:
    """Every answer that does not say that it is about the question it is kept under."""
    return [
        f"{words!r} is kept under {answer.question.asked}"
        for answer in standing(turns).answers
        for words in answer.words
        if f" about {answer.question.asked}, as thing " not in words
    ]
