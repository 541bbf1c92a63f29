"""Whatever anybody does, in whatever order, and whatever becomes of the dialogue meanwhile: what was said is kept.

Beside the app, a plain model keeps book of what was accepted; at the end the record must say the same.
"""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import add
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.conversation import (
    ANSWERING,
    REFERENCE,
    Answer,
    Control,
    How,
    Kind,
    Now,
    Skip,
    Speaker,
    Stage,
    Turn,
    Whose,
    standing,
)
from bot.dialogue import Delivery
from bot.interviewing import (
    GATE,
    Given,
    Refused,
    Room,
    Taken,
    View,
    answer,
    arrive,
    asking_of,
    begin,
    go_on,
    look,
    look_in,
    press,
    take_back,
)
from bot.interviewing.view import view_of
from bot.project import load_interview, load_nudges, load_phrases
from bot.steps import Step
from bot.store import RootKey, Store
from bot.store.verifying import verify
from bot.web.contexts import Place
from bot.web.pages import Pages
from bot.web.showing import Frame
from tests.fake_dialogue import FakeDialogue
from tests.talking import DATABASE, KEY, NOW, opened_copy

INTERVIEW, PHRASES, NUDGES = load_interview(), load_phrases(), load_nudges()
FRAME = Frame(INTERVIEW, Place("", "", None, "", None), {}, lambda code: f"/static/{code}.svg")
PAGES = Pages(lambda name: f"/static/{name}")
INTENTS = {Kind.WORDS: "words", Kind.CHOICE: "choose", Kind.SKIP: "skip"}
READ_BACK = ("1a2b3c4d_7", "1a2b3c4d_9")

QUIET = ["I feel tired", "My cat", "  \n x \n ", "turn:2 card:feel_safer [[phone]]", "/restart", "\ud800\0"]
LOUD = ["stop", "I don\u2019t know", "help", "I want to die", "He hit me", "Referral to the falls clinic", "   "]
SAYINGS = st.sampled_from([*QUIET, *LOUD])
BESIDE = st.sampled_from(["", "", "", "Estoy cansada", " Her son\r\ncame in. ", "\ud800"])
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
        Control.READ_ON,
        Control.SHARE,
        Control.KEEP_PRIVATE,
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
    how: How | None = None
    whose: Whose | None = Whose.OWN_WORDS
    original: str = ""
    note: str = ""
    is_forged: bool = False
    """It is sent with what this page does not ask for."""


HOWS, WHOSES = st.none() | st.sampled_from(How), st.sampled_from([*Whose, *Whose, None])
BESIDES = {
    "how": HOWS,
    "whose": WHOSES,
    "original": BESIDE,
    "note": BESIDE,
    "is_forged": st.sampled_from([False] * 9 + [True]),
}
PLAIN = st.one_of(
    st.builds(Does, st.just("answers"), words=st.sampled_from(QUIET), which=NUMBERS, **BESIDES),
    st.builds(Does, st.just("skips"), skip=st.sampled_from(Skip), **BESIDES),
)
ANSWERS = st.builds(Does, st.just("answers"), words=SAYINGS, which=NUMBERS, **BESIDES)
LEAVING = st.sampled_from([Control.TAKE_A_BREAK, Control.COME_BACK, Control.COME_BACK])
HANDING = st.sampled_from([Control.HAND_OVER, Control.HAND_OVER, Control.TAKE_SCREEN_BACK])
TYPED = {"words": st.just("") | SAYINGS, "original": BESIDE, "note": BESIDE}
WAYS = st.one_of(
    ANSWERS,
    ANSWERS,
    ANSWERS,
    PLAIN,
    st.builds(Does, st.just("presses"), control=PRESSED, **TYPED),
    st.builds(Does, st.just("presses"), control=st.sampled_from([Control.CHANGE, Control.ADD_MORE]), which=NUMBERS),
    st.builds(Does, st.just("presses"), control=LEAVING, words=st.just("") | SAYINGS),
    st.builds(Does, st.just("presses"), control=LEAVING),
    st.builds(Does, st.just("takes back"), which=NUMBERS),
    st.builds(Does, st.just("sends again")),
    st.builds(Does, st.just("sends twice at once"), words=SAYINGS, which=NUMBERS, **BESIDES),
    st.builds(Does, st.just("sends from an old page"), words=SAYINGS, which=NUMBERS, **BESIDES),
    st.builds(Does, st.just("presses on an old page"), control=PRESSED, which=NUMBERS, **TYPED),
    st.builds(Does, st.sampled_from(["arrives", "passes the gate", "leaves and comes back"])),
    st.builds(Does, st.sampled_from(["the dialogue goes away", "the dialogue comes back", "the dialogue forgets"])),
    st.builds(Does, st.just("goes on")),
)
SCREENS = st.one_of(
    WAYS,
    st.builds(Does, st.just("presses"), control=HANDING, note=BESIDE),
    st.builds(Does, st.just("presses"), control=HANDING, words=SAYINGS),
    st.builds(Does, st.just("has the person answer on the screen"), words=SAYINGS, which=NUMBERS),
)


def doings(speaker: Speaker) -> st.SearchStrategy[list[Does]]:
    """Some way into a conversation first, and from there on anything."""
    ways = SCREENS if speaker is Speaker.PRACTITIONER else WAYS
    return st.builds(add, st.lists(PLAIN, max_size=6), st.lists(ways, min_size=5, max_size=20))


# --- the model --------------------------------------------------------------------------------------------------------

Line = tuple[Speaker, Kind, str, tuple[str, ...], str, Whose | None, How | None]
"""Who said it, what it is, the words, the choice, the original, whose, how."""


@dataclass
class Entry:
    """One question, and what was said to it."""

    question: int
    said: list[list[Line]]
    """The answer first, then each thing added: every wording of it."""


@dataclass
class Book:
    """What was said, as one would write it down with a pencil."""

    speaker: Speaker
    entries: list[Entry] = field(default_factory=list)
    places: dict[int, tuple[Entry, list[Line]]] = field(default_factory=dict)
    """For the number of every wording: where it stands."""
    notes: list[str] = field(default_factory=list)
    handed_over: int = 0
    shared: bool | None = None
    is_drafted: bool = False
    """Something was typed and not given, at whatever place."""
    is_away: bool = False
    """On a break, or stopped: nothing is shown until the gate was passed."""

    def writes(self, given: Given, before: View, number: int) -> None:
        """Write down an answer that was accepted on the page of `before`."""
        stands = before.standing
        assert stands.asked is not None
        is_persons = stands.asked.number == self.handed_over
        how = given.how or (How.FREE_WORDS if given.kind is Kind.WORDS else None)
        whose = given.whose if asking_of(stands.asked).on_check and not asking_of(stands.asked).about_self else None
        line: Line = (
            Speaker.PERSON if is_persons else self.speaker,
            given.kind,
            given.words,
            given.choice,
            given.original,
            whose,
            None if given.kind is Kind.SKIP else how,
        )
        if given.note.strip():
            self.notes.append(given.note)
        if stands.now is Now.REVISIT:
            assert stands.revisited is not None
            entry, wordings = self.places[stands.revisited.first.number]
            if stands.revisiting is Control.ADD_MORE:
                wordings = []
                entry.said.append(wordings)
        elif (later := stands.put_off_here) is not None:
            entry, wordings = self.places[later.number]
        else:
            wordings = []
            entry = Entry(stands.asked.number, [wordings])
            self.entries.append(entry)
        wordings.append(line)
        self.places[number] = entry, wordings

    def says_instead(self, kind: Kind, choice: tuple[str, ...], earlier: int, number: int, speaker: Speaker) -> None:
        """Write down that something was taken back, or was meant as not answering."""
        entry, wordings = self.places[earlier]
        wordings.append((speaker, kind, "", choice, "", None, None))
        self.places[number] = entry, wordings

    def presses(self, control: Control, before: View) -> None:
        """Write down a button that was pressed with effect."""
        match control:
            case Control.HAND_OVER:
                assert before.standing.asked is not None
                self.handed_over = before.standing.asked.number
            case Control.TAKE_SCREEN_BACK:
                self.handed_over = 0
            case Control.SHARE | Control.KEEP_PRIVATE:
                self.shared = control is Control.SHARE
            case Control.TAKE_A_BREAK:
                self.is_away = True
            case Control.COME_BACK:
                self.is_away = bool(self.entries) or self.is_drafted

    def replies(self, asked: str, chosen: str) -> None:
        """Write down what a reply does to where the person is."""
        if asked == GATE[-1]:
            self.is_away = chosen == "no"
        elif chosen in {Control.TAKE_A_BREAK, Control.STOP_AND_KEEP, Control.STOP_AND_TAKE_BACK}:
            self.is_away = True


def drawn(view: View) -> str:
    """Draw the page that shows this."""
    return PAGES.make(FRAME.page(view, "", has_code=False))


def line_of(turn: Turn) -> Line:
    """Write a turn as the model does."""
    return turn.speaker, turn.kind, turn.words, turn.choice, turn.original, turn.whose, turn.how


def entry_of(found: Answer) -> tuple[int, list[list[Line]]]:
    """Write an answer as the model does."""
    every = (found.said, *found.additions)
    return found.question.number, [[line_of(turn) for turn in said.versions] for said in every]


# --- what happens -----------------------------------------------------------------------------------------------------


@dataclass
class Ledger:
    """What was done, and what was told became of it."""

    room: Room
    dialogue: FakeDialogue
    conversation_id: str
    book: Book
    pages: list[tuple[Step, Turn | None]] = field(default_factory=list)
    """Every page that was open, and what it showed."""
    sent: list[tuple[Step, Given, Turn | None]] = field(default_factory=list)
    answered: list[tuple[Given, Turn]] = field(default_factory=list)
    """Every answer that was taken as one, and the question that its page showed."""
    put_aside: list[Given] = field(default_factory=list)
    """What was said to be kept as a note, or to be there already."""
    typed: list[Given] = field(default_factory=list)
    """What stood in the boxes when another button was pressed: it may be kept as a draft, and then as a note."""

    def view(self) -> View:
        """Read everything. What lists are made from says what the turns say, whenever one looks.

        Where it stands is gone on from turn by turn; worked out from all turns at once it is the same. So is the page,
        which takes what the pages before have drawn, beside one that is drawn anew.
        """
        with self.room.store.reading() as seen:
            view = view_of(seen, self.conversation_id)
            to_show = look_in(seen, self.conversation_id)
        assert view.standing == standing(view.turns)
        assert drawn(to_show) == drawn(replace(to_show, made={}))
        assert view.conversation.state is view.standing.state
        return view

    def page(self) -> tuple[Step, Turn | None, View]:
        """Open the page as it stands."""
        view = self.view()
        stands = view.standing
        revisited = stands.revisited.first.number if stands.now is Now.REVISIT and stands.revisited else 0
        asked = stands.asked.number if stands.asked else 0
        step = Step(self.conversation_id, asked, revisited, f"page {len(self.pages)}")
        self.pages.append((step, stands.asked))
        return step, stands.asked, view

    async def send(self, step: Step, given: Given, shown: Turn | None) -> None:
        """Send an answer, and note what was said to have become of it."""
        before = self.view()
        try:
            taken = await answer(self.room, step, given, NOW)
        except Refused:
            assert self.view().turns == before.turns
            return
        self.sent.append((step, given, shown))
        self.note(taken, step, given, shown, before)

    def note(self, taken: Taken, step: Step, given: Given, shown: Turn | None, before: View) -> None:
        """Keep book of what became of something that was sent."""
        if taken is Taken.ELSEWHERE:
            self.put_aside.append(given)
        if taken is not Taken.KEPT:
            return
        assert shown is not None
        after = self.view().turns
        token = max((turn for turn in after[len(before.turns) :] if turn.token), key=lambda turn: turn.number)
        if before.standing.now is not Now.ASIDE:
            self.answered.append((given, shown))
            brought = next(turn for turn in after[len(before.turns) :] if turn.token == token.token)
            self.book.writes(given, before, brought.number)
            return
        self.book.replies(shown.asked or "", given.choice[0])
        skip = next((turn for turn in after[token.number :] if turn.kind is Kind.SKIP), None)
        assert (skip is not None) == (given.choice[0] in set(Skip) and shown.asked not in GATE)
        if skip is not None:
            number = int(REFERENCE.findall(shown.words)[0][0])
            who = Speaker.PERSON if self.book.handed_over else self.book.speaker
            self.book.says_instead(Kind.SKIP, given.choice, number, skip.number, who)

    async def do(self, doing: Does) -> None:
        """Let one thing happen, and look at what a page may show then."""
        await self.do_one(doing)
        check_shown(await look(self.room, self.conversation_id), self.book)

    async def do_one(self, doing: Does) -> None:
        match doing.what:
            case "answers":
                step, shown, view = self.page()
                await self.send(step, self.answer_to(view, doing), shown)
            case "skips":
                step, shown, view = self.page()
                await self.send(step, self.with_beside(view, doing, Given(Kind.SKIP, choice=(doing.skip,))), shown)
            case "presses":
                step, _, view = self.page()
                every = sorted(view.standing.by_turn)
                target = every[doing.which % len(every)] if doing.which and every else None
                await self.press(step, doing, target)
            case "takes back":
                await self.take_back(doing.which)
            case "sends twice at once":
                await self.send_twice(doing)
            case "sends again" if self.sent:
                await self.send_again()
            case "sends from an old page" if self.pages:
                step, shown = self.pages[doing.which % len(self.pages)]
                given = self.with_beside(self.view(), doing, Given(Kind.WORDS, doing.words))
                await self.send(step, given, shown)
            case "presses on an old page" if self.pages:
                step, _ = self.pages[doing.which % len(self.pages)]
                await self.press(step, doing, None)
            case "arrives" | "passes the gate" | "leaves and comes back" | "has the person answer on the screen":
                await self.do_in_turn(doing)
            case _:
                await self.do_to_the_dialogue(doing)

    async def do_in_turn(self, doing: Does) -> None:
        match doing.what:
            case "arrives":
                await arrive(self.room, self.conversation_id, NOW)
            case "passes the gate":
                await self.pass_the_gate()
            case "leaves and comes back":
                for control in (Control.TAKE_A_BREAK, Control.COME_BACK):
                    await self.do(Does("presses", control=control, words=doing.words))
                await self.pass_the_gate()
            case "has the person answer on the screen":
                await self.do(Does("presses", control=Control.HAND_OVER))
                await self.do(Does("answers", doing.words, doing.which))
                await self.do(Does("presses", control=Control.TAKE_SCREEN_BACK))

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

    async def pass_the_gate(self) -> None:
        while self.view().is_gate:
            step, shown, _ = self.page()
            assert shown is not None
            choice = "nobody" if shown.asked == "company" else "yes"
            await self.send(step, Given(Kind.CHOICE, choice=(choice,)), shown)

    async def take_back(self, which: int) -> None:
        step, _, view = self.page()
        if every := sorted(view.standing.by_turn):
            number = every[which % len(every)]
            if await take_back(self.room, step, number, NOW) is Taken.KEPT:
                self.book.says_instead(Kind.TAKEN_BACK, (), number, self.view().turns[-1].number, self.book.speaker)

    async def send_again(self) -> None:
        """The browser sends the last answer once more."""
        before = said_by_somebody(self.view().turns)
        step, given, _ = self.sent[-1]
        assert await answer(self.room, step, given, NOW) is not Taken.KEPT
        assert said_by_somebody(self.view().turns) == before

    async def press(self, step: Step, doing: Does, target: int | None) -> None:
        before = self.view()
        typed = self.with_beside(before, doing, Given(Kind.WORDS, doing.words))
        self.typed.append(typed)
        try:
            taken = await press(
                self.room,
                step,
                doing.control,
                NOW,
                typed=typed.words,
                typed_original=typed.original,
                typed_note=typed.note,
                target=target,
            )
        except Refused:
            assert self.view().turns == before.turns
            return
        if taken is Taken.ELSEWHERE:
            self.put_aside.append(Given(Kind.WORDS, typed.words, original=typed.original, note=typed.note))
            return
        has_typed = any(one.strip() for one in (typed.words, typed.original, typed.note))
        if has_typed and doing.control is not Control.CANCEL:
            self.book.is_drafted = True
        if taken is Taken.KEPT:
            self.book.presses(doing.control, before)

    async def send_twice(self, doing: Does) -> None:
        """Press the button twice before the first answer is there."""
        step, shown, view = self.page()
        given = self.answer_to(view, doing)
        twice = (answer(self.room, step, given, NOW) for _ in range(2))
        came = await asyncio.gather(*twice, return_exceptions=True)
        taken = [one for one in came if isinstance(one, Taken)]
        assert len(taken) == 2 or all(isinstance(one, Refused) for one in came), came
        assert taken.count(Taken.KEPT) <= 1
        for one in sorted(set(taken), key=[Taken.KEPT, *Taken].index):
            self.note(one, step, given, shown, view)

    def answer_to(self, view: View, doing: Does) -> Given:
        """What a page takes: words, or one of the choices it offers."""
        asked = view.standing.asked
        offered = asking_of(asked).choices if asked is not None else ()
        if offered and view.standing.revisiting is not Control.ADD_MORE:
            given = Given(Kind.CHOICE, choice=(offered[doing.which % len(offered)].id,))
        else:
            given = Given(Kind.WORDS, doing.words)
        return self.with_beside(view, doing, given)

    def with_beside(self, view: View, doing: Does, given: Given) -> Given:
        """Add what the page of this speaker asks beside the answer."""
        is_practitioners = (self.book.speaker is Speaker.PRACTITIONER and not view.is_handed_over) or doing.is_forged
        is_advocates = self.book.speaker is Speaker.ADVOCATE or doing.is_forged
        if view.standing.now is Now.ASIDE and not doing.is_forged:
            return given
        return Given(
            given.kind,
            given.words,
            given.choice,
            how=doing.how if is_practitioners and given.kind is not Kind.SKIP else None,
            whose=doing.whose if is_advocates else None,
            original=doing.original if is_practitioners and given.kind is Kind.WORDS else "",
            note=doing.note if is_practitioners else "",
        )


def said_by_somebody(turns: Sequence[Turn]) -> list[Turn]:
    return [turn for turn in turns if turn.speaker is not Speaker.BOT]


async def play(store: Store, doings: Sequence[Does], stage: Stage, speaker: Speaker) -> Ledger:
    """Let everything happen, and at last let the dialogue come back."""
    dialogue = FakeDialogue()
    dialogue.reads_back = READ_BACK
    room = Room(store, dialogue, INTERVIEW, PHRASES, NUDGES)
    with store.begin() as kept:
        enquiry_id = kept.enquiries.open(NOW)
    conversation_id = await begin(room, stage=stage, speaker=speaker, now=NOW, enquiry_id=enquiry_id)
    ledger = Ledger(room, dialogue, conversation_id, Book(speaker))
    for doing in doings:
        await ledger.do(doing)
    dialogue.is_away = False
    assert await go_on(room, ledger.conversation_id, NOW)
    return ledger


FEELING_TIRED = [
    Does("answers", words="I feel tired"),
    Does("answers", words="My cat"),
    Does("presses", control=Control.CHANGE, which=2),
    Does("answers", words="I don\u2019t know"),
    Does("answers"),
]
ON_THE_SCREEN = [
    Does("answers", words="I feel tired", note="Her son\r\ncame in."),
    Does("presses", control=Control.HAND_OVER, note="\ud800"),
    Does("answers", words="I don\u2019t know"),
    Does("answers"),
    Does("leaves and comes back"),
    Does("presses", control=Control.TAKE_SCREEN_BACK),
    Does("answers"),
]
HALF_TYPED_ON_THE_SCREEN = [
    Does("presses", control=Control.HAND_OVER),
    Does("presses", control=Control.TAKE_A_BREAK, words="My cat"),
    Does("presses", control=Control.COME_BACK),
    Does("passes the gate"),
]
MANY = settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
STAGES = st.sampled_from([Stage.FIRST, *Stage])


@MANY
@example(doings=FEELING_TIRED, stage=Stage.FIRST)
@given(doings=doings(Speaker.PERSON), stage=STAGES)
def test_whatever_a_person_does_in_whatever_order_what_was_said_is_kept(
    empty: Path, doings: list[Does], stage: Stage
) -> None:
    play_and_check(empty, doings, stage, Speaker.PERSON)


@MANY
@given(doings=doings(Speaker.ADVOCATE), stage=STAGES)
def test_whatever_an_advocate_does_in_whatever_order_what_was_said_is_kept(
    empty: Path, doings: list[Does], stage: Stage
) -> None:
    play_and_check(empty, doings, stage, Speaker.ADVOCATE)


@MANY
@example(doings=ON_THE_SCREEN, stage=Stage.FIRST)
@example(doings=HALF_TYPED_ON_THE_SCREEN, stage=Stage.FIRST)
@given(doings=doings(Speaker.PRACTITIONER), stage=STAGES)
def test_whatever_is_done_at_a_practitioner_s_screen_in_whatever_order_what_was_said_is_kept(
    empty: Path, doings: list[Does], stage: Stage
) -> None:
    play_and_check(empty, doings, stage, Speaker.PRACTITIONER)


def play_and_check(empty: Path, doings: Sequence[Does], stage: Stage, speaker: Speaker) -> None:
    """Let it all happen in a store of its own, then hold the record against the model."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with opened_copy(empty, folder) as store:
            ledger = asyncio.run(play(store, doings, stage, speaker))
            view = ledger.view()
            assert verify(store) == []
        check_words(ledger, view.turns)
        check_book(ledger.book, view)
        check_places(view.turns)
        check_path(ledger.dialogue, view)
        check_afresh(folder, view)


def check_shown(view: View, book: Book) -> None:
    """Nothing said before is shown to whoever is not known to be alone and safe, nor on a screen handed over."""
    stands = view.standing
    if book.is_away:
        is_at_door = stands.asked is not None and stands.asked.asked in {*GATE, "stop"}
        assert stands.now in {Now.BREAK, Now.STOPPED} or (stands.now is Now.ASIDE and is_at_door)
    if stands.now in {Now.BREAK, Now.STOPPED} or view.is_gate or view.is_to_be_handed_back:
        assert not stands.by_turn
        assert not view.draft
    if view.is_handed_over or stands.now in {Now.BREAK, Now.STOPPED} or view.is_gate:
        assert not stands.answers
        assert not any((view.draft_original, view.draft_note, view.made, stands.revisited))
        assert not any(turn.words or turn.original for turn in view.turns)
        named = REFERENCE.findall(stands.asked.words) if stands.asked is not None else []
        assert {str(number) for number in stands.by_turn} <= {number for number, _, _ in named}


def check_book(book: Book, view: View) -> None:
    """The record says what the model says: every wording, of whom, in whose words, how, and what is private."""
    stands = view.standing
    assert [entry_of(found) for found in stands.answers] == [(entry.question, entry.said) for entry in book.entries]
    assert (stands.handed_over, stands.shared) == (book.handed_over, book.shared)
    private = [turn for turn in view.turns if turn.kind is Kind.PRIVATE_NOTE]
    assert set(book.notes) <= {turn.words for turn in private}
    assert {turn.speaker for turn in private} <= {Speaker.PRACTITIONER}
    if book.speaker is not Speaker.PRACTITIONER:
        assert {turn.speaker for turn in view.turns} <= {Speaker.BOT, book.speaker}
        assert not private


def check_words(ledger: Ledger, turns: Sequence[Turn]) -> None:
    """Every answer that was taken is there once, word for word and in its order; what was put aside is there too."""
    answers = [turn for turn in turns if turn.kind in ANSWERING and turn.token is not None]
    assert [(turn.kind, turn.words, turn.choice, turn.answers) for turn in answers] == [
        (given.kind, given.words, given.choice, shown.number) for given, shown in ledger.answered
    ]
    said = {(turn.words, turn.original) for turn in turns if turn.kind in {Kind.WORDS, Kind.NOTE}}
    aside = ledger.put_aside
    assert {(one.words, one.original) for one in aside if one.words.strip() or one.original.strip()} <= said
    private = {turn.words for turn in turns if turn.kind is Kind.PRIVATE_NOTE}
    is_practitioners = ledger.book.speaker is Speaker.PRACTITIONER
    assert {one.note for one in aside if one.note.strip() and is_practitioners} <= private
    sent = [*(given for given, _ in ledger.answered), *aside, *ledger.typed]
    assert {words for words, _ in said if words} <= {given.words for given in sent}
    assert {original for _, original in said if original} <= {given.original for given in sent}
    assert private <= {given.note for given in sent}


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
        if turn.kind is Kind.PRIVATE_NOTE and turn.answers is not None:
            assert by_number[turn.answers].speaker is Speaker.BOT
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


def check_path(dialogue: FakeDialogue, view: View) -> None:
    """The dialogue, told the path, asks at each place the very question that the answer there was given to."""
    stands, conversation = view.standing, view.conversation
    if stands.unsettled or stands.now is Now.WAITING:
        assert stands.now in {Now.BREAK, Now.STOPPED, Now.ASIDE, Now.REVISIT}
        return
    told: list[Delivery] = []
    for number in stands.path:
        found = stands.answer(number)
        assert found is not None
        asked = dialogue.next(told, conversation.stage, conversation.speaker)
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
