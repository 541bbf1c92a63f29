"""From where a conversation stands to what its page shows. Nothing here asks, keeps, or computes what is next."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise
from typing import Any

from bot.conversation import (
    ANYBODYS_SKIPS,
    LONGEST_ANSWER,
    PRACTITIONERS_SKIPS,
    REFERENCE,
    Answer,
    Control,
    How,
    Kind,
    Now,
    Said,
    Speaker,
    Stage,
    Standing,
    Turn,
    Whose,
)
from bot.council import Name, Values
from bot.interview import Asking, Interview
from bot.interviewing import Refusal, View, asking_of
from bot.review import Proposed, proposed
from bot.statement import Section, Statement, Voice, said_so_far
from bot.web import contexts
from bot.web.contexts import (
    Box,
    By,
    Choice,
    Entry,
    Field,
    Heading,
    Kept,
    Manner,
    Notice,
    Original,
    Part,
    Phone,
    Piece,
    Place,
    Revision,
    Shape,
    Sharing,
)

TITLE = "Notes"
"""Neutral: it stands in tabs and histories."""

NOT_TAKEN = {
    Refusal.NOTHING_GIVEN: "Write something, or choose one of the answers below.",
    Refusal.TOO_LONG: "This is more than fits in one answer. Please make it two answers.",
    Refusal.NOT_OFFERED: "Choose one of the answers below.",
    Refusal.WHOSE_MISSING: "Say whose words these are.",
    Refusal.HANDED_OVER: "Take the screen back first.",
}
NOTHING_CHOSEN = "Choose one of the answers below."
NOTE_TOO_LONG = "This note is longer than fits here. Please make it shorter."

QUOTED = re.compile(f'[“"]?(?:{REFERENCE.pattern})[”"]?')
"""A reference, with the quotation marks that a wording may have put around it: the page has its own."""

SENTENCE = re.compile(r"(?<=[.!?])\s+")
NO_BREAK = "\u00a0"
SHIFT = "Shift key"
"""How the wording names the way of leaving that only the script knows."""

SHAPES = {"choice": Shape.CHOICE, "choices": Shape.CHOICES, "faces": Shape.FACES, "words": Shape.WORDS}

SPOKEN_BY = {
    Whose.OWN_WORDS: By.PASSED_ON,
    Whose.UNDERSTOOD: By.UNDERSTOOD,
    Whose.OWN_VIEW: By.OWN_VIEW,
    None: By.YOU,
}

Pieces = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Typed:
    """What a person sent that was not taken as an answer: it goes back into the page as it came."""

    why: Refusal | None
    """Why it could not be; None where it was not given yet."""
    words: str
    choice: tuple[str, ...]
    how: str = ""
    whose: str = ""
    original: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """What every page of one installation has in common."""

    interview: Interview
    place: Place
    texts: Mapping[str, str]
    """What `[[phone]]` and the like stand for."""
    picture: Callable[[str], str]
    """Gives the address of a picture by its code; "" for one that is not here."""

    def page(self, view: View, step: str, *, has_code: bool, typed: Typed | None = None) -> contexts.Turning:
        """Make the page that shows where a conversation stands."""
        return _Showing(self, view, step, has_code, typed).page()

    def statement(self, view: View, made: Statement) -> contexts.Statement:
        """Make the page of the person's own words."""
        showing = _Showing(self, view, "", has_code=False, typed=None)
        return contexts.Statement(
            title=TITLE,
            place=self.place,
            preferences=view.preferences,
            heading=made.heading,
            dated=made.dated,
            number=made.number,
            digest=made.digest,
            headings=tuple(showing.headings(made.sections)),
            own_order=made.own_order,
            plan_a=made.plan_a,
            plan_b=made.plan_b,
            is_empty=not made.sections,
        )

    def welcome(self, speaker: Speaker = Speaker.PERSON, stage: Stage = Stage.FIRST) -> contexts.Welcome:
        """Make the page before the first question, as far as it is the same for everybody."""
        welcome = self.interview.response("utter_welcome", speaker, stage)
        leaving = self.interview.response("utter_leaving_quickly", speaker, stage)
        sentences = self.sentences(leaving.information)
        by_script = tuple(sentence for sentence in sentences if SHIFT in sentence)
        return contexts.Welcome(
            title=TITLE,
            place=self.place,
            speaker=speaker,
            wording=self.filled(welcome.wording),
            information=self.sentences(welcome.information),
            leaving=self.filled(leaving.wording),
            leaving_information=tuple(sentence for sentence in sentences if sentence not in by_script),
            leaving_by_script=by_script,
        )

    def filled(self, wording: str) -> str:
        """Put what the settings say into a wording. A sentence that needs what is not set is left out."""
        if "[[" not in wording:
            return wording
        for name, text in self.texts.items():
            wording = wording.replace(f", [[{name}]]", f", {text}" if text else "")
            wording = wording.replace(f"[[{name}]]", text) if text else wording
        return " ".join(s for s in SENTENCE.split(wording) if "[[" not in s) if "[[" in wording else wording

    def sentences(self, paragraphs: Iterable[str]) -> tuple[str, ...]:
        """Fill paragraphs in, and leave out those of which nothing is left."""
        return tuple(filled for filled in map(self.filled, paragraphs) if filled)


def place_of(values: Values) -> Place:
    """Give what is the same on every page."""
    return Place(
        team=values.team,
        read_within=values.read_within,
        phone=_phone(values.phone),
        phone_hours=values.phone_hours,
        out_of_hours_phone=_phone(values.out_of_hours_phone),
        contact=values.contact,
        unfinished_days=values.keeps[Name.KEEP_UNFINISHED],
    )


def texts_of(values: Values) -> dict[str, str]:
    """Say what each value's place in a wording stands for. The end of a line does not part a number."""
    names = ("team", "read_within", "phone", "phone_hours", "out_of_hours_phone")
    texts = {name: str(getattr(values, name)) for name in names}
    return {name: text.replace(" ", NO_BREAK) if name.endswith("phone") else text for name, text in texts.items()}


def split(pieces: Pieces) -> tuple[Pieces, Pieces]:
    """Part what is read back from the question about it: "You said: …", and on its next line, "How would you know?".

    Words that a wording does not lead up to with a colon are in the middle of its sentence: they stay there.
    """
    if len(pieces) == 1:
        return (), pieces
    *before, last = (Piece(), *pieces)
    above, line, question = last.text.rpartition("\n")
    led_up = all(one.text.rstrip().endswith(":") for one, other in pairwise(before) if other.words is not None)
    if not line or not led_up:
        return (), pieces
    read_back: list[Piece] = []
    for is_ours, group in groupby((*before, Piece(above)), key=lambda piece: piece.words is None):
        together = tuple(group)
        read_back += (Piece("".join(piece.text for piece in together).strip()),) if is_ours else together
    return tuple(piece for piece in read_back if piece != Piece()), (Piece(question),)


HISTORY = "history"
"""The name of what is said so far among what is made of a conversation."""

_AsItIs = tuple[int, int, int, bool]
"""All that an entry can differ in while nothing is said otherwise: which answer, its place, how much was added to it,
and whether it is on the road that was taken."""


@dataclass(frozen=True, slots=True)
class _History:
    """The entries of what is said so far that pages have shown."""

    frame: Frame
    made_of: tuple[int, Mapping[str, str]]
    entries: dict[_AsItIs, Entry]


class _Showing:
    """One page in the making."""

    def __init__(self, frame: Frame, view: View, step: str, has_code: bool, typed: Typed | None) -> None:
        self.frame = frame
        self.view = view
        self.stands = view.standing
        self.has_code = has_code
        self.typed = typed
        self.speaker = Speaker.PERSON if view.is_handed_over else view.conversation.speaker
        """Whom the page speaks to."""
        self.is_prompt = self.speaker is Speaker.PRACTITIONER
        self.is_from_paper = view.conversation.said_on is not None
        """Whether it was said before, on paper: then nobody is asked anything here."""
        self.common: dict[str, Any] = {
            "title": TITLE,
            "place": frame.place,
            "step": step,
            "preferences": view.preferences,
            "speaker": self.speaker,
            "kept": self._kept(),
            "from_paper": _day(view.conversation.said_on) if view.conversation.said_on is not None else "",
            "notices": () if view.is_handed_over else tuple(map(self._notice, self.stands.notices)),
        }

    def page(self) -> contexts.Turning:
        match self.stands.now:
            case Now.BREAK:
                return contexts.Resting(**self.common, has_code=self.has_code, is_handed_over=self.view.is_handed_over)
            case Now.ASIDE:
                return self._aside()
            case Now.STOPPED:
                return contexts.Stopped(
                    **self.common,
                    has_code=self.has_code,
                    is_everything_taken_back=self.stands.is_everything_taken_back,
                    is_handed_over=self.view.is_handed_over,
                )
            case _ if self.view.is_to_be_handed_back:
                return contexts.GivingBack(**self.common)
            case Now.WAITING:
                return contexts.Waiting(**self.common, history=self.history())
            case Now.ENDED:
                return self._ended()
            case Now.REVISIT:
                return self._revisiting()
            case Now.QUESTION:
                asking = self._asking()
                if self.view.is_handed_over:
                    return self._handed(asking)
                if self._is_told_first(asking):
                    return self._informing(asking)
                return self._checking(asking) if asking.kind == "check" else self._question(asking)

    # --- the kinds of page -------------------------------------------------------------------------------------------

    def _question(self, asking: Asking) -> contexts.Asking:
        shape = SHAPES.get(asking.kind, Shape.NOTHING)
        words = self.typed.words if self.typed else self.view.draft
        chosen = self.typed.choice if self.typed else ()
        return contexts.Asking(**self._put(asking, shape, chosen), **self._beside(asking, shape), words=words)

    def _handed(self, asking: Asking) -> contexts.Handed:
        shape = SHAPES.get(asking.kind, Shape.NOTHING)
        words = self.typed.words if self.typed else self.view.draft
        put = self._put(asking, shape, self.typed.choice if self.typed else ())
        put |= {"history": (), "can_go_back": False, "can_add_more": False, "can_stop": False}
        # What is ticked on the practitioner's page of the same question is not the person's: the script tells by this.
        put["showing"] = f"handed-{put['showing']}"
        return contexts.Handed(**put, words=words)

    def _is_told_first(self, asking: Asking) -> bool:
        """Whether what is told comes on a page of its own, before the question."""
        tells = bool(asking.information or self.stands.notices)
        is_open = Control.READ_ON in self.stands.opened or self.typed is not None
        return self.view.preferences.one_at_a_time and tells and not is_open

    def _informing(self, asking: Asking) -> contexts.Informing:
        return contexts.Informing(
            **self.common,
            part=self._place(asking),
            heading=asking.part,
            is_read_out=self.is_prompt and bool(asking.tips),
            information=self.frame.sentences(asking.information),
            can_go_back=self.stands.previous is not None,
        )

    def _revisiting(self) -> contexts.Revisiting:
        asking = self._asking()
        revisited = self.stands.revisited
        assert revisited is not None
        adds = self.stands.revisiting is Control.ADD_MORE
        shape = Shape.WORDS if adds else SHAPES.get(asking.kind, Shape.NOTHING)
        before = revisited.heard
        words = self.view.draft or ("" if adds else before.words)
        chosen = () if adds else before.choice
        if self.typed:
            words, chosen = self.typed.words, self.typed.choice
        put = self._put(asking, shape, chosen) | self._beside(asking, shape, None if adds else before)
        put["can_add_more"] = False
        if adds:
            put |= {"skips": (), "not_asked": ()}
        answer = self.stands.answer(revisited.first.number)
        earlier = self._parts(answer) if adds and answer is not None else ()
        revision = Revision.ADD if adds else Revision.CHANGE
        return contexts.Revisiting(**put, words=words, revision=revision, earlier=earlier)

    def _aside(self) -> contexts.Aside:
        asking = self._asking()
        read_back, wording = split(self._pieces(asking.wording))
        return contexts.Aside(
            **self._with_error(),
            wording=wording,
            read_back=read_back,
            information=self.frame.sentences(asking.information),
            hint=self.frame.filled(asking.hint),
            choices=self._choices(asking, ()),
            skips=ANYBODYS_SKIPS if asking.skippable else (),
            is_read_out=self.is_prompt and bool(asking.tips),
            is_handed_over=self.view.is_handed_over,
        )

    def _checking(self, asking: Asking) -> contexts.Checking:
        conversation = self.view.conversation
        voice = Voice(conversation.speaker, conversation.stage, self.view.meanings)
        sections = said_so_far(self.stands, self.frame.interview, self.frame.texts, for_copy=False, voice=voice)
        headings = tuple(self.headings(sections))
        return contexts.Checking(
            **self._put(asking, Shape.NOTHING, ()), tips=self.frame.sentences(asking.tips), headings=headings
        )

    def _ended(self) -> contexts.Ended:
        asking = self._asking()
        assert self.stands.asked is not None
        is_closed_gate = self.stands.asked.asked == "gate_closed"
        return contexts.Ended(
            **self.common,
            wording=self._pieces(asking.wording),
            information=self.frame.sentences(asking.information),
            may_keep_copy=may_keep_copy(self.stands),
            can_go_back=is_closed_gate and self.stands.previous is not None,
            has_code=self.has_code,
            sharing=None if is_closed_gate else self._sharing(),
            proposed=None if is_closed_gate else self._proposed(),
        )

    def _proposed(self) -> Proposed | None:
        """Say what the person's answers of this closing come to, for the practitioner who asked."""
        conversation = self.view.conversation
        if conversation.speaker is not Speaker.PRACTITIONER or conversation.stage is not Stage.CLOSING:
            return None
        chosen: dict[str, list[str | None]] = {"happened": [], "overall": []}
        for answer in self.stands.answers:
            if answer.number in self.stands.path and answer.question.asked in chosen:
                turn = answer.current
                chosen[answer.question.asked].append(turn.choice[0] if turn.kind is Kind.CHOICE else None)
        return proposed(chosen["happened"], next(reversed(chosen["overall"]), None))

    def _sharing(self) -> Sharing | None:
        if not self.view.may_share:
            return None
        if self.stands.shared is None:
            return Sharing.NOT_SAID
        return Sharing.SHARED if self.stands.shared else Sharing.PRIVATE

    # --- what several of them show -----------------------------------------------------------------------------------

    def _put(self, asking: Asking, shape: Shape, chosen: Sequence[str]) -> dict[str, Any]:
        """Give what a question has in common with a question asked again, and with one on the screen handed over."""
        asked = self.stands.asked
        assert asked is not None
        opened = self.stands.opened
        first, other = asking.wording, asking.another_way
        if self.view.preferences.simpler and other:
            first, other = other, first
        read_back, wording = split(self._pieces(first))
        # A practitioner has both hands full: why and the other wording are there at once.
        return {
            **self._with_error(shape),
            **self._opened(),
            "wrong": self._wrong(self.typed, shape),
            "showing": f"{self.stands.now}-{asked.number}",
            "history": self.history(),
            "part": self._part(asking),
            "read_back": read_back or split(self._pieces(asking.wording))[0],
            "wording": wording,
            "information": self.frame.sentences(asking.information),
            "hint": self.frame.filled(asking.hint),
            "why": self.frame.filled(asking.why) if self.is_prompt or Control.WHY in opened else "",
            "another_way": split(self._pieces(other))[1] if self.is_prompt or Control.ANOTHER_WAY in opened else (),
            "shape": shape,
            "choices": self._choices(asking, chosen),
            "skips": ANYBODYS_SKIPS if asking.skippable else (),
            "has_why": bool(asking.why),
            "has_another_way": bool(asking.another_way),
            "has_read": Control.READ_ON in opened,
            "folds": self.view.preferences.one_at_a_time,
            "can_go_back": self.stands.previous is not None,
            "can_add_more": bool(self.stands.path),
        }

    def _beside(self, asking: Asking, shape: Shape, before: Turn | None = None) -> dict[str, Any]:
        """Give what an advocate and a practitioner say with an answer; `before` is what it is said in place of."""
        is_read_out = self.is_prompt and bool(asking.tips)
        beside: dict[str, Any] = {
            "is_read_out": is_read_out,
            "tips": self.frame.sentences(asking.tips) if is_read_out and not self.is_from_paper else (),
        }
        if asking.shows == "communication":
            beside["known"] = tuple(self._known())
        if self.view.asks_whose and asking.on_check:
            whose = self.typed.whose if self.typed else (before.whose if before is not None else None)
            beside["whose"] = tuple(Manner(one, one == whose) for one in Whose)
        if not is_read_out:
            return beside
        is_interpreted = has_interpreter(self.stands)
        if asking.on_check:
            how = self._how(asking, shape, before, is_interpreted)
            beside["how"] = tuple(Manner(one, one == how) for one in How)
            if shape is Shape.WORDS:
                beside["original"] = self._original(before, is_interpreted or how == How.THROUGH_AN_INTERPRETER)
        note = self.typed.note if self.typed else self.view.draft_note
        beside["note"] = Box(note, is_open=self.typed is not None and bool(note))
        beside["not_asked"] = PRACTITIONERS_SKIPS if asking.skippable else ()
        beside["can_hand_over"] = self.view.can_hand_over and not self.is_from_paper
        return beside

    def _how(self, asking: Asking, shape: Shape, before: Turn | None, is_interpreted: bool) -> How | str | None:
        """Say how it was given, as far as that is known: what is typed is in free words, if nothing else is said."""
        if self.typed is not None:
            return self.typed.how
        if before is not None and before.how is not None:
            return before.how
        if shape is not Shape.WORDS:
            return None
        if is_interpreted:
            return How.THROUGH_AN_INTERPRETER
        return How(asking.how) if asking.how else How.FREE_WORDS

    def _original(self, before: Turn | None, is_interpreted: bool) -> Box:
        words = self.view.draft_original or (before.original if before is not None else "")
        if self.typed is not None:
            words = self.typed.original
        return Box(words, is_open=is_interpreted or bool(words))

    def _known(self) -> Iterator[Part]:
        """Give what is known about how the person likes to talk. It was said in another conversation."""
        for answer in self.view.communication:
            labels = {choice.id: choice.label for choice in _put_as(answer).choices}
            for said in (answer.said, *answer.additions):
                turn = said.current
                if turn.kind is Kind.WORDS:
                    yield Part(0, words=turn.words, original=Original(turn.original) if turn.original else None)
                elif turn.kind is Kind.CHOICE:
                    yield Part(0, chosen=tuple(self._label(one, labels.get(one, "…")) for one in turn.choice))

    def _notice(self, notice: Turn) -> Notice:
        return Notice(self.frame.filled(notice.words), self.frame.sentences(asking_of(notice).information))

    def _with_error(self, shape: Shape | None = None) -> dict[str, Any]:
        common = {**self.common, "title": self._title()}
        if self.typed is not None and self.typed.why is not None:
            common |= {"error": self._told(self.typed.why, shape), "kept": Kept.NOTHING}
        return common

    def _told(self, why: Refusal, shape: Shape | None) -> str:
        if self._wrong(self.typed, shape) is Field.NOTE:
            return NOTE_TOO_LONG
        if shape is Shape.WORDS or why in {Refusal.TOO_LONG, Refusal.WHOSE_MISSING}:
            return NOT_TAKEN[why]
        return NOTHING_CHOSEN

    def _wrong(self, typed: Typed | None, shape: Shape | None) -> Field | None:
        """Say what on the page was not taken, so that its error leads there."""
        if typed is None or typed.why is None:
            return None
        if typed.why is Refusal.WHOSE_MISSING:
            return Field.WHOSE
        if typed.why is Refusal.TOO_LONG and len(typed.words) <= LONGEST_ANSWER:
            return Field.ORIGINAL if len(typed.original) > LONGEST_ANSWER else Field.NOTE
        return Field.WORDS if shape is Shape.WORDS else Field.CHOICE

    def _opened(self) -> dict[str, Any]:
        opened = self.stands.opened
        last = self.view.turns[-1] if self.view.turns else None
        focus = last.choice[0] if last is not None and last.kind is Kind.CONTROL and last.choice else ""
        return {
            "shows_people": Control.TALK_TO_A_PERSON in opened,
            "shows_help": Control.GET_HELP_NOW in opened,
            "focus": focus if focus in opened else "",
        }

    def _asking(self) -> Asking:
        assert self.stands.asked is not None
        return asking_of(self.stands.asked)

    def _title(self) -> str:
        path = self.stands.path
        if self.stands.now is Now.QUESTION:
            return f"Question {len(path) + 1} – {TITLE}"
        if self.stands.now is Now.REVISIT and self.stands.revisited is not None:
            answer = self.stands.answer(self.stands.revisited.first.number)
            if answer is not None and answer.number in path:
                return f"Question {path.index(answer.number) + 1} – {TITLE}"
        return TITLE

    def _part(self, asking: Asking) -> str:
        place = self._place(asking)
        return f"{place}: {asking.part}" if place else asking.part

    def _place(self, asking: Asking) -> str:
        parts = self.frame.interview.parts(self.view.conversation.speaker, self.view.conversation.stage)
        return f"Part {parts.index(asking.part) + 1} of {len(parts)}" if asking.part in parts else ""

    def _kept(self) -> Kept:
        """Say what was done last, if it was to say something. A note kept with an answer is not told of."""
        done = (turn for turn in reversed(self.view.turns) if turn.speaker is not Speaker.BOT)
        latest = next((turn for turn in done if turn.kind is not Kind.PRIVATE_NOTE), None)
        if latest is None:
            return Kept.NOTHING
        if latest.kind is Kind.TAKEN_BACK:
            return Kept.TAKEN_BACK
        return Kept.WORDS if latest.kind in {Kind.WORDS, Kind.CHOICE, Kind.SKIP} else Kept.NOTHING

    # --- what was said -----------------------------------------------------------------------------------------------

    def history(self) -> tuple[Entry, ...]:
        """Give every question that was answered and everything said to it, in order; nothing that is private."""
        answers = [answer for answer in self.stands.answers if not (self.is_prompt and _put_as(answer).private)]
        before = self._before()
        on_road = frozenset(self.stands.path)
        entries = []
        for place, answer in enumerate(answers, 1):
            as_it_is = (answer.number, place, len(answer.additions), answer.number in on_road)
            entry = before.get(as_it_is)
            if entry is None:
                entry = before[as_it_is] = self._entry(place, answer, self._parts(answer))
            entries.append(entry)
        return tuple(entries)

    def _before(self) -> dict[_AsItIs, Entry]:
        """Give the entries that the pages before had, as far as they still say what was said.

        What was said otherwise or taken back may be read back anywhere, as may what another conversation says and the
        council's own texts: then none of them stays.
        """
        said_otherwise = sum(turn.replaces is not None for turn in self.view.turns)
        kept = self.view.made.get(HISTORY)
        if kept is None or kept.frame is not self.frame or kept.made_of != (said_otherwise, self.view.meanings):
            kept = self.view.made[HISTORY] = _History(self.frame, (said_otherwise, self.view.meanings), {})
        return kept.entries

    def headings(self, sections: Iterable[Section]) -> Iterable[Heading]:
        """Give what the check page or the statement reads back, part by part."""
        place = 0
        for section in sections:
            entries = []
            for entry in section.entries:
                parts = []
                for quote in entry.quotes:
                    said = self.stands.said(quote.number)
                    assert said is not None
                    parts.append(self._part_said(said, is_on_road=True))
                answer = self.stands.answer(entry.quotes[0].number)
                assert answer is not None
                place += 1
                entries.append(self._entry(place, answer, tuple(parts)))
            yield Heading(section.heading, tuple(entries))

    def _entry(self, place: int, answer: Answer, parts: tuple[Part, ...]) -> Entry:
        about, asked = split(self._pieces(answer.question.words))
        return Entry(place, about, asked, parts)

    def _parts(self, answer: Answer) -> tuple[Part, ...]:
        is_on_road = answer.number in self.stands.path
        return tuple(self._part_said(said, is_on_road) for said in (answer.said, *answer.additions))

    def _part_said(self, said: Said, is_on_road: bool) -> Part:
        turn = said.current
        number = said.first.number
        match turn.kind:
            case Kind.WORDS:
                original = Original(turn.original) if turn.original else None
                return Part(
                    number,
                    self._by(turn),
                    words=turn.words,
                    original=original,
                    how=self._given(turn),
                    can_change=is_on_road,
                )
            case Kind.CHOICE:
                answer = self.stands.answer(number)
                assert answer is not None
                labels = {choice.id: choice.label for choice in _put_as(answer).choices}
                chosen = tuple(self._label(choice, labels.get(choice, "")) for choice in turn.choice)
                return Part(number, self._by(turn), chosen=chosen, how=self._given(turn), can_change=is_on_road)
            case Kind.SKIP:
                return Part(number, self._by(turn), skipped=turn.choice[0], can_change=is_on_road)
            case _:
                return Part(number, self._by(said.first), is_taken_back=True, can_change=is_on_road)

    def _by(self, turn: Turn) -> By:
        """Say whose voice an answer is in, seen from the one whose conversation it is."""
        match self.view.conversation.speaker:
            case Speaker.ADVOCATE:
                return SPOKEN_BY[turn.whose]
            case Speaker.PRACTITIONER:
                answer = self.stands.answer(turn.number)
                is_read_out = answer is not None and bool(_put_as(answer).tips)
                return By.THE_PERSON if is_read_out else By.YOU
            case _:
                return By.YOU

    def _given(self, turn: Turn) -> How | None:
        """Say how an answer was given, where a practitioner wrote it down and it was not in free words."""
        is_said = self.view.conversation.speaker is Speaker.PRACTITIONER and turn.how is not How.FREE_WORDS
        return turn.how if is_said else None

    def _choices(self, asking: Asking, chosen: Sequence[str]) -> tuple[Choice, ...]:
        shows_pictures = self.view.preferences.pictures
        return tuple(
            Choice(
                id=choice.id,
                label=self._label(choice.id, choice.label),
                picture=self.frame.picture(choice.picture) if choice.picture and shows_pictures else "",
                is_chosen=choice.id in chosen,
            )
            for choice in asking.choices
        )

    def _label(self, choice: str, label: str) -> Pieces:
        return (Piece(self.frame.filled(label)),) if label else self._pieces(choice)

    def _pieces(self, wording: str) -> Pieces:
        """Part a wording into our text and what its references stand for."""
        filled = self.frame.filled(wording)
        if ":" not in filled:
            # A reference has one, and most wordings none. They are looked through for it on every page.
            return (Piece(filled),) if filled else ()
        pieces: list[Piece] = []
        done = 0
        for found in QUOTED.finditer(filled):
            pieces.append(Piece(filled[done : found.start()]))
            pieces.append(self._meant(found))
            done = found.end()
        pieces.append(Piece(filled[done:]))
        return tuple(piece for piece in pieces if piece.text or piece.words is not None)

    def _meant(self, found: re.Match[str]) -> Piece:
        number, card, outcome = found.groups()
        if outcome is not None:
            words = self.view.meanings.get(outcome)
            return Piece(words=words) if words is not None else Piece("…")
        if card is not None:
            conversation = self.view.conversation
            cards = self.frame.interview.response("utter_ask_cards", conversation.speaker, conversation.stage).choices
            return Piece(f"“{next((choice.label for choice in cards if choice.id == card), '…')}”")
        answer = self.stands.answer(int(number))
        if answer is None or answer.current.kind is not Kind.WORDS:
            return Piece("…")
        return Piece(words=answer.current.words)


def may_keep_copy(stands: Standing) -> bool:
    """Tell whether the person's own copy is on offer: only at the end, and only when they said that one is safe."""
    return stands.now is Now.ENDED and any(
        answer.question.asked == "copy_safe" and answer.number in stands.path and answer.current.choice == ("yes",)
        for answer in stands.answers
    )


def has_interpreter(stands: Standing) -> bool:
    """Tell whether the practitioner said that an interpreter is there."""
    return any(
        answer.question.asked == "interpreter" and answer.number in stands.path and answer.current.choice == ("yes",)
        for answer in stands.answers
    )


def _put_as(answer: Answer) -> Asking:
    """Read how a question was put."""
    return Asking.from_json(answer.question.asking)


def _day(said_on: date) -> str:
    return f"{said_on.day} {said_on:%B %Y}"


def _phone(written: str) -> Phone | None:
    dial = "".join(letter for letter in written if letter in "+0123456789")
    return Phone(written, dial) if dial else None
