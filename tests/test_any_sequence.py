"""Whatever a person does, in whatever order, and whatever becomes of the dialogue meanwhile: what was said is kept."""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import add
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.conversation import ANSWERING, REFERENCE, Control, Kind, Now, Skip, Speaker, Stage, Standing, Turn, standing
from bot.dialogue import Delivery
from bot.interviewing import (
    Given,
    Refused,
    Room,
    Taken,
    View,
    answer,
    asking_of,
    begin,
    go_on,
    look,
    press,
    take_back,
)
from bot.project import load_interview, load_phrases
from bot.steps import Step
from bot.store import RootKey, Store
from bot.store.verifying import verify
from tests.fake_dialogue import FakeDialogue
from tests.talking import DATABASE, KEY, NOW, opened_copy

INTERVIEW, PHRASES = load_interview(), load_phrases()
INTENTS = {Kind.WORDS: "words", Kind.CHOICE: "choose", Kind.SKIP: "skip"}

QUIET = ["I feel tired", "My cat", "  \n x \n ", "turn:2 card:feel_safer [[phone]]", "/restart", "\ud800\0"]
SAYINGS = st.sampled_from([*QUIET, "stop", "I don\u2019t know", "help", "I want to die", "He hit me", "   "])
NUMBERS = st.integers(0, 30)
PRESSED = st.sampled_from(
    [
        Control.WHY,
        Control.ANOTHER_WAY,
        Control.GO_BACK,
        Control.ADD_MORE,
        Control.CHANGE,
        Control.CANCEL,
        Control.TAKE_A_BREAK,
        Control.COME_BACK,
        Control.STOP,
        Control.TALK_TO_A_PERSON,
        Control.GET_HELP_NOW,
    ]
)


@dataclass(frozen=True)
class Does:
    """One thing that happens. `which` picks a page, a choice, or something said before."""

    what: str
    words: str = ""
    which: int = 0
    control: Control = Control.WHY
    skip: Skip = Skip.LATER


PLAIN = st.one_of(
    st.builds(Does, st.just("answers"), words=st.sampled_from(QUIET), which=NUMBERS),
    st.builds(Does, st.just("skips"), skip=st.sampled_from(Skip)),
)
ANSWERS = st.builds(Does, st.just("answers"), words=SAYINGS, which=NUMBERS)
WAYS = st.one_of(
    ANSWERS,
    ANSWERS,
    ANSWERS,
    PLAIN,
    st.builds(Does, st.just("presses"), control=PRESSED, words=st.just("") | SAYINGS),
    st.builds(Does, st.just("presses"), control=st.sampled_from([Control.CHANGE, Control.ADD_MORE]), which=NUMBERS),
    st.builds(Does, st.just("presses"), control=st.just(Control.COME_BACK)),
    st.builds(Does, st.just("takes back"), which=NUMBERS),
    st.builds(Does, st.just("sends again")),
    st.builds(Does, st.just("sends twice at once"), words=SAYINGS, which=NUMBERS),
    st.builds(Does, st.just("sends from an old page"), words=SAYINGS, which=NUMBERS),
    st.builds(Does, st.just("presses on an old page"), control=PRESSED, words=SAYINGS, which=NUMBERS),
    st.builds(Does, st.sampled_from(["the dialogue goes away", "the dialogue comes back", "the dialogue forgets"])),
    st.builds(Does, st.just("goes on")),
)
DOINGS = st.builds(add, st.lists(PLAIN, max_size=6), st.lists(WAYS, min_size=5, max_size=20))
"""Some way into a conversation first, and from there on anything."""


@dataclass
class Ledger:
    """What a person did, and what they were told became of it."""

    room: Room
    dialogue: FakeDialogue
    conversation_id: str
    pages: list[tuple[Step, Turn | None]] = field(default_factory=list)
    """Every page that was open, and what it showed."""
    sent: list[tuple[Step, Given, Turn | None]] = field(default_factory=list)
    answered: list[tuple[Given, Turn]] = field(default_factory=list)
    """Every answer that was taken as one, and the question that its page showed."""
    put_aside: list[str] = field(default_factory=list)
    """Words that were said to be kept as a note, or to be there already."""

    async def view(self) -> View:
        return await look(self.room, self.conversation_id)

    async def page(self) -> tuple[Step, Turn | None, View]:
        """Open the page as it stands."""
        view = await self.view()
        stands = view.standing
        revisited = stands.revisited.first.number if stands.now is Now.REVISIT and stands.revisited else 0
        asked = stands.asked.number if stands.asked else 0
        step = Step(self.conversation_id, asked, revisited, f"page {len(self.pages)}")
        self.pages.append((step, stands.asked))
        return step, stands.asked, view

    async def send(self, step: Step, given: Given, shown: Turn | None) -> None:
        """Send an answer, and note what was said to have become of it."""
        before = await self.view()
        try:
            taken = await answer(self.room, step, given, NOW)
        except Refused:
            assert (await self.view()).turns == before.turns
            return
        self.sent.append((step, given, shown))
        if taken is Taken.KEPT and before.standing.now is not Now.ASIDE:
            assert shown is not None
            self.answered.append((given, shown))
        elif taken is Taken.ELSEWHERE and given.words.strip():
            self.put_aside.append(given.words)

    async def do(self, doing: Does) -> None:
        """Let one thing happen."""
        match doing.what:
            case "answers":
                step, shown, view = await self.page()
                await self.send(step, answer_to(view, doing), shown)
            case "skips":
                step, shown, _ = await self.page()
                await self.send(step, Given(Kind.SKIP, choice=(doing.skip,)), shown)
            case "presses":
                step, _, view = await self.page()
                every = sorted(view.standing.by_turn)
                target = every[doing.which % len(every)] if doing.which and every else None
                await self.press(step, doing, target)
            case "takes back":
                step, _, view = await self.page()
                if every := sorted(view.standing.by_turn):
                    await take_back(self.room, step, every[doing.which % len(every)], NOW)
            case "sends twice at once":
                await self.send_twice(doing)
            case "sends again" if self.sent:
                await self.send_again()
            case "sends from an old page" if self.pages:
                step, shown = self.pages[doing.which % len(self.pages)]
                await self.send(step, Given(Kind.WORDS, doing.words), shown)
            case "presses on an old page" if self.pages:
                step, _ = self.pages[doing.which % len(self.pages)]
                await self.press(step, doing, None)
            case _:
                await self.do_to_the_dialogue(doing)

    async def do_to_the_dialogue(self, doing: Does) -> None:
        match doing.what:
            case "the dialogue goes away":
                self.dialogue.is_away = True
            case "the dialogue comes back":
                self.dialogue.is_away = False
            case "the dialogue forgets":
                await self.dialogue.forget(self.conversation_id)
            case "goes on":
                await go_on(self.room, self.conversation_id, NOW)

    async def send_again(self) -> None:
        """The browser sends the last answer once more."""
        before = said_by_the_person((await self.view()).turns)
        step, given, _ = self.sent[-1]
        assert await answer(self.room, step, given, NOW) is not Taken.KEPT
        assert said_by_the_person((await self.view()).turns) == before

    async def press(self, step: Step, doing: Does, target: int | None) -> None:
        taken = await press(self.room, step, doing.control, NOW, typed=doing.words, target=target)
        if taken is Taken.ELSEWHERE and doing.words.strip():
            self.put_aside.append(doing.words)

    async def send_twice(self, doing: Does) -> None:
        """Press the button twice before the first answer is there."""
        step, shown, view = await self.page()
        given = answer_to(view, doing)
        twice = (answer(self.room, step, given, NOW) for _ in range(2))
        came = await asyncio.gather(*twice, return_exceptions=True)
        taken = [one for one in came if isinstance(one, Taken)]
        assert len(taken) == 2 or all(isinstance(one, Refused) for one in came), came
        assert taken.count(Taken.KEPT) <= 1
        if Taken.KEPT in taken and view.standing.now is not Now.ASIDE:
            assert shown is not None
            self.answered.append((given, shown))
        elif Taken.ELSEWHERE in taken and given.words.strip():
            self.put_aside.append(given.words)


def answer_to(view: View, doing: Does) -> Given:
    """What a page takes: words, or one of the choices it offers."""
    asked = view.standing.asked
    offered = asking_of(asked).choices if asked is not None else ()
    if offered and view.standing.revisiting is not Control.ADD_MORE:
        return Given(Kind.CHOICE, choice=(offered[doing.which % len(offered)].id,))
    return Given(Kind.WORDS, doing.words)


def said_by_the_person(turns: Sequence[Turn]) -> list[Turn]:
    return [turn for turn in turns if turn.speaker is Speaker.PERSON]


async def play(store: Store, doings: Sequence[Does]) -> Ledger:
    """Let everything happen, and at last let the dialogue come back."""
    dialogue = FakeDialogue()
    room = Room(store, dialogue, INTERVIEW, PHRASES)
    ledger = Ledger(room, dialogue, await begin(room, stage=Stage.FIRST, speaker=Speaker.PERSON, now=NOW))
    for doing in doings:
        await ledger.do(doing)
    dialogue.is_away = False
    assert await go_on(room, ledger.conversation_id, NOW)
    return ledger


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(
    doings=[
        Does("answers", words="I feel tired"),
        Does("answers", words="My cat"),
        Does("presses", control=Control.CHANGE, which=2),
        Does("answers", words="I don\u2019t know"),
        Does("answers"),
    ]
)
@given(doings=DOINGS)
def test_whatever_happens_in_whatever_order_what_was_said_is_kept(empty: Path, doings: list[Does]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with opened_copy(empty, folder) as store:
            ledger = asyncio.run(play(store, doings))
            view = asyncio.run(ledger.view())
            assert verify(store) == []
        check_words(ledger, view.turns)
        check_places(view.turns)
        check_path(view.standing)
        check_afresh(folder, view)


def check_words(ledger: Ledger, turns: Sequence[Turn]) -> None:
    """Every answer that was taken is there once, word for word and in its order; what was put aside is there too."""
    answers = [turn for turn in turns if turn.kind in ANSWERING and turn.token is not None]
    assert [(turn.kind, turn.words, turn.choice, turn.answers) for turn in answers] == [
        (given.kind, given.words, given.choice, shown.number) for given, shown in ledger.answered
    ]
    there = {turn.words for turn in turns if turn.kind in {Kind.WORDS, Kind.NOTE}}
    assert set(ledger.put_aside) <= there
    typed = {given.words for given, _ in ledger.answered} | set(ledger.put_aside)
    assert {words for words in there if words} <= typed


def check_places(turns: Sequence[Turn]) -> None:
    """No answer is attached to another question than the one that was shown."""
    by_number = {turn.number: turn for turn in turns}
    assert [turn.number for turn in turns] == list(range(1, len(turns) + 1))
    for turn in turns:
        if turn.kind in ANSWERING:
            assert turn.answers is not None
            question = by_number[turn.answers]
            assert question.kind is Kind.QUESTION
            assert question.asked == turn.asked
        if turn.kind in {*ANSWERING, Kind.TAKEN_BACK} and (turn.replaces or turn.adds_to):
            earlier = by_number[turn.replaces or turn.adds_to or 0]
            assert earlier.asked == turn.asked
        if turn.kind is Kind.SKIP and turn.token is None:
            # It was meant as a skip: what the person said so of is what the aside named.
            aside = by_number[by_number[turn.number - 1].answers or 0]
            assert turn.replaces is not None
            assert f"turn:{named(by_number, turn.replaces)}" in aside.words


def named(by_number: Mapping[int, Turn], number: int) -> int:
    """The last wording before it was taken back, if it was."""
    while by_number[number].kind is Kind.TAKEN_BACK:
        number = by_number[number].replaces or 0
    return number


def check_path(stands: Standing) -> None:
    """The dialogue, told the path, asks at each place the very question that the answer there was given to."""
    if stands.unsettled or stands.now is Now.WAITING:
        assert stands.now in {Now.BREAK, Now.STOPPED, Now.ASIDE, Now.REVISIT}
        return
    told: list[Delivery] = []
    for number in stands.path:
        found = stands.answer(number)
        assert found is not None
        asked = FakeDialogue().next(told)
        assert asked.response == f"utter_ask_{found.question.asked}"
        assert REFERENCE.findall(asked.wording) == REFERENCE.findall(found.question.words)
        told.append(Delivery(number, INTENTS[found.said.heard.kind], found.said.heard.choice))
    assert len(set(stands.path)) == len(stands.path)


def check_afresh(folder: Path, view: View) -> None:
    """Another program, that remembers nothing, sees the same."""
    store = Store.open(folder / DATABASE, RootKey.read(folder / KEY))
    try:
        with store.reading() as seen:
            turns = seen.conversations.turns(view.conversation.conversation_id)
    finally:
        store.close()
    assert turns == view.turns
    assert standing(turns) == view.standing
    for count in range(len(turns)):
        standing(turns[:count])
