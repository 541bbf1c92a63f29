"""From where a conversation stands to what its page shows. Nothing here asks, keeps, or computes what is next."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from bot.conversation import REFERENCE, Answer, Control, Kind, Now, Said, Speaker, Standing
from bot.interview import Asking, Interview
from bot.interviewing import Refusal, View, asking_of
from bot.settings import Settings
from bot.statement import Section, Statement, said_so_far
from bot.web import contexts
from bot.web.contexts import Choice, Entry, Heading, Kept, Notice, Part, Phone, Piece, Place, Revision, Shape

TITLE = "Notes"
"""Neutral: it stands in tabs and histories."""

NOT_TAKEN = {
    Refusal.NOTHING_GIVEN: "Write something, or choose one of the answers below.",
    Refusal.TOO_LONG: "This is more than fits in one answer. Please make it two answers.",
    Refusal.NOT_OFFERED: "Choose one of the answers below.",
}
NOTHING_CHOSEN = "Choose one of the answers below."

QUOTED = re.compile(f'[“"]?(?:{REFERENCE.pattern})[”"]?')
"""A reference, with the quotation marks that a wording may have put around it: the page has its own."""

SENTENCE = re.compile(r"(?<=[.!?])\s+")
NO_BREAK = "\u00a0"
SHIFT = "Shift key"
"""How the wording names the way of leaving that only the script knows."""

SHAPES = {"choice": Shape.CHOICE, "choices": Shape.CHOICES, "faces": Shape.FACES, "words": Shape.WORDS}

Pieces = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Typed:
    """What a person sent that could not be taken: it goes back into the page as it came."""

    why: Refusal
    words: str
    choice: tuple[str, ...]


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
            dated=_dated(made),
            number=made.number,
            digest=made.digest,
            headings=tuple(showing.headings(made.sections)),
            own_order=made.own_order,
            plan_a=made.plan_a,
            plan_b=made.plan_b,
            is_empty=not made.sections,
        )

    def welcome(self, stays_open: tuple[Choice, ...]) -> contexts.Welcome:
        """Make the page before the first question."""
        welcome = self.interview.response("utter_welcome")
        leaving = self.interview.response("utter_leaving_quickly")
        sentences = self.sentences(leaving.information)
        by_script = tuple(sentence for sentence in sentences if SHIFT in sentence)
        return contexts.Welcome(
            title=TITLE,
            place=self.place,
            wording=self.filled(welcome.wording),
            information=self.sentences(welcome.information),
            leaving=self.filled(leaving.wording),
            leaving_information=tuple(sentence for sentence in sentences if sentence not in by_script),
            leaving_by_script=by_script,
            stays_open=stays_open,
        )

    def filled(self, wording: str) -> str:
        """Put what the settings say into a wording. A sentence that needs what is not set is left out."""
        for name, text in self.texts.items():
            wording = wording.replace(f", [[{name}]]", f", {text}" if text else "")
            wording = wording.replace(f"[[{name}]]", text) if text else wording
        return " ".join(s for s in SENTENCE.split(wording) if "[[" not in s) if "[[" in wording else wording

    def sentences(self, paragraphs: Iterable[str]) -> tuple[str, ...]:
        """Fill paragraphs in, and leave out those of which nothing is left."""
        return tuple(filled for filled in map(self.filled, paragraphs) if filled)


def place_of(settings: Settings) -> Place:
    """Read what is the same on every page from the settings."""
    return Place(
        team=settings.team,
        read_within=settings.read_within,
        phone=_phone(settings.phone),
        phone_hours=settings.phone_hours,
        out_of_hours_phone=_phone(settings.out_of_hours_phone),
    )


def texts_of(settings: Settings) -> dict[str, str]:
    """Say what each setting's place in a wording stands for. The end of a line does not part a number."""
    names = ("team", "read_within", "phone", "phone_hours", "out_of_hours_phone")
    texts = {name: str(getattr(settings, name)) for name in names}
    return {name: text.replace(" ", NO_BREAK) if name.endswith("phone") else text for name, text in texts.items()}


def split(pieces: Pieces) -> tuple[Pieces, Pieces]:
    """Part what is read back from the question about it: "You said: …", and on its next line, "How would you know?".

    Words that a wording does not lead up to with a colon are in the middle of its sentence: they stay there.
    """
    *before, last = (Piece(), *pieces)
    above, line, question = last.text.rpartition("\n")
    led_up = all(one.text.rstrip().endswith(":") for one, other in pairwise(before) if other.words is not None)
    if len(pieces) == 1 or not line or not led_up:
        return (), pieces
    read_back: list[Piece] = []
    for is_ours, group in groupby((*before, Piece(above)), key=lambda piece: piece.words is None):
        together = tuple(group)
        read_back += (Piece("".join(piece.text for piece in together).strip()),) if is_ours else together
    return tuple(piece for piece in read_back if piece != Piece()), (Piece(question),)


class _Showing:
    """One page in the making."""

    def __init__(self, frame: Frame, view: View, step: str, has_code: bool, typed: Typed | None) -> None:
        self.frame = frame
        self.view = view
        self.stands = view.standing
        self.has_code = has_code
        self.typed = typed
        self.common: dict[str, Any] = {"title": TITLE, "place": frame.place, "step": step, "kept": self._kept()}
        self.common["notices"] = tuple(
            Notice(frame.filled(notice.words), frame.sentences(asking_of(notice).information))
            for notice in self.stands.notices
        )

    def page(self) -> contexts.Turning:
        match self.stands.now:
            case Now.WAITING:
                return contexts.Waiting(**self.common, history=self.history())
            case Now.BREAK:
                return contexts.Resting(**self.common, has_code=self.has_code)
            case Now.STOPPED:
                taken_back = self.stands.is_everything_taken_back
                return contexts.Stopped(**self.common, has_code=self.has_code, is_everything_taken_back=taken_back)
            case Now.ASIDE:
                return self._aside()
            case Now.ENDED:
                return self._ended()
            case Now.REVISIT:
                return self._revisiting()
            case Now.QUESTION:
                asking = self._asking()
                return self._checking(asking) if asking.kind == "check" else self._question(asking)

    # --- the kinds of page -------------------------------------------------------------------------------------------

    def _question(self, asking: Asking) -> contexts.Asking:
        shape = SHAPES.get(asking.kind, Shape.NOTHING)
        words = self.typed.words if self.typed else self.view.draft
        chosen = self.typed.choice if self.typed else ()
        return contexts.Asking(**self._put(asking, shape, chosen), words=words)

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
        put = self._put(asking, shape, chosen)
        put["is_skippable"] = asking.skippable and not adds
        put["can_add_more"] = False
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
            choices=self._choices(asking, ()),
        )

    def _checking(self, asking: Asking) -> contexts.Checking:
        sections = said_so_far(self.stands, self.frame.interview, self.frame.texts, for_copy=False)
        headings = tuple(self.headings(sections))
        return contexts.Checking(**self._put(asking, Shape.NOTHING, ()), headings=headings)

    def _ended(self) -> contexts.Ended:
        asking = self._asking()
        assert self.stands.asked is not None
        return contexts.Ended(
            **self.common,
            wording=self._pieces(asking.wording),
            information=self.frame.sentences(asking.information),
            may_keep_copy=may_keep_copy(self.stands),
            can_go_back=self.stands.asked.asked == "gate_closed" and self.stands.previous is not None,
            has_code=self.has_code,
        )

    # --- what several of them show -----------------------------------------------------------------------------------

    def _put(self, asking: Asking, shape: Shape, chosen: Sequence[str]) -> dict[str, Any]:
        """Give what a question and a question asked again have in common."""
        asked = self.stands.asked
        assert asked is not None
        read_back, wording = split(self._pieces(asking.wording))
        opened = self.stands.opened
        return {
            **self._with_error(shape),
            **self._opened(),
            "showing": f"{self.stands.now}-{asked.number}",
            "history": self.history(),
            "part": self._part(asking),
            "read_back": read_back,
            "wording": wording,
            "information": self.frame.sentences(asking.information),
            "hint": self.frame.filled(asking.hint),
            "why": self.frame.filled(asking.why) if Control.WHY in opened else "",
            "another_way": split(self._pieces(asking.another_way))[1] if Control.ANOTHER_WAY in opened else (),
            "shape": shape,
            "choices": self._choices(asking, chosen),
            "is_skippable": asking.skippable,
            "has_why": bool(asking.why),
            "has_another_way": bool(asking.another_way),
            "can_go_back": self.stands.previous is not None,
            "can_add_more": bool(self.stands.path),
        }

    def _with_error(self, shape: Shape | None = None) -> dict[str, Any]:
        common = {**self.common, "title": self._title()}
        if self.typed is not None:
            is_words = shape is Shape.WORDS or self.typed.why is Refusal.TOO_LONG
            common |= {"error": NOT_TAKEN[self.typed.why] if is_words else NOTHING_CHOSEN, "kept": Kept.NOTHING}
        return common

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
        parts = self.frame.interview.parts(self.view.conversation.speaker, self.view.conversation.stage)
        if asking.part not in parts:
            return asking.part
        return f"Part {parts.index(asking.part) + 1} of {len(parts)}: {asking.part}"

    def _kept(self) -> Kept:
        """Say what the person did last, if it was to say something."""
        latest = next((turn for turn in reversed(self.view.turns) if turn.speaker is not Speaker.BOT), None)
        if latest is None:
            return Kept.NOTHING
        if latest.kind is Kind.TAKEN_BACK:
            return Kept.TAKEN_BACK
        return Kept.WORDS if latest.kind in {Kind.WORDS, Kind.CHOICE, Kind.SKIP} else Kept.NOTHING

    # --- what was said -----------------------------------------------------------------------------------------------

    def history(self) -> tuple[Entry, ...]:
        """Give every question that was answered and everything said to it, in order."""
        return tuple(
            self._entry(place, answer, self._parts(answer)) for place, answer in enumerate(self.stands.answers, 1)
        )

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
                return Part(number, words=turn.words, can_change=is_on_road)
            case Kind.CHOICE:
                answer = self.stands.answer(number)
                assert answer is not None
                labels = {choice.id: choice.label for choice in asking_of(answer.question).choices}
                chosen = tuple(self._label(choice, labels.get(choice, "")) for choice in turn.choice)
                return Part(number, chosen=chosen, can_change=is_on_road)
            case Kind.SKIP:
                return Part(number, skipped=turn.choice[0], can_change=is_on_road)
            case _:
                return Part(number, is_taken_back=True, can_change=is_on_road)

    def _choices(self, asking: Asking, chosen: Sequence[str]) -> tuple[Choice, ...]:
        return tuple(
            Choice(
                id=choice.id,
                label=self._label(choice.id, choice.label),
                picture=self.frame.picture(choice.picture) if choice.picture else "",
                is_chosen=choice.id in chosen,
            )
            for choice in asking.choices
        )

    def _label(self, choice: str, label: str) -> Pieces:
        return (Piece(self.frame.filled(label)),) if label else self._pieces(choice)

    def _pieces(self, wording: str) -> Pieces:
        """Part a wording into our text and what its references stand for."""
        pieces: list[Piece] = []
        done = 0
        filled = self.frame.filled(wording)
        for found in QUOTED.finditer(filled):
            pieces.append(Piece(filled[done : found.start()]))
            pieces.append(self._meant(found))
            done = found.end()
        pieces.append(Piece(filled[done:]))
        return tuple(piece for piece in pieces if piece.text or piece.words is not None)

    def _meant(self, found: re.Match[str]) -> Piece:
        number, card, outcome = found.groups()
        if outcome is not None:
            return Piece("…")
        if card is not None:
            cards = self.frame.interview.response("utter_ask_cards").choices
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


def _phone(written: str) -> Phone | None:
    dial = "".join(letter for letter in written if letter in "+0123456789")
    return Phone(written, dial) if dial else None


def _dated(made: Statement) -> str:
    first, last = (f"{at.day} {at:%B %Y}" for at in (made.begun_at, made.last_said_at))
    return f"Written down on {first}." if first == last else f"Written down from {first} to {last}."
