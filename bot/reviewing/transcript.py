"""A conversation as it was said, for the team to read: every question as it was asked, and every wording there was.

Nothing here does I/O. Words are handed on exactly. What was said in another way later stays beside it; of what a person
took back the fact is there, and the words are not, unless keeping and showing them is a lawful duty.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar

from bot.conversation import REFERENCE, Answer, Control, How, Kind, Said, Speaker, Standing, Turn, Whose
from bot.flags import Flag
from bot.interview import Asking

QUOTED = re.compile(f'[“"]?(?:{REFERENCE.pattern})[”"]?')
"""A reference, with the quotation marks that a wording may have put around it: the page has its own."""

SAFE_CONTACT = frozenset({"contact_ways", "contact_times", "contact_answered", "contact_code_word"})
"""Questions whose answers say how somebody can be reached: never printed, and never shown to who speaks for them."""

HAPPENED = frozenset(
    {
        Control.WHY,
        Control.ANOTHER_WAY,
        Control.TAKE_A_BREAK,
        Control.COME_BACK,
        Control.STOP_AND_KEEP,
        Control.STOP_AND_TAKE_BACK,
        Control.TALK_TO_A_PERSON,
        Control.GET_HELP_NOW,
        Control.COME_ROUND,
        Control.HAND_OVER,
        Control.TAKE_SCREEN_BACK,
        Control.SHARE,
        Control.KEEP_PRIVATE,
    }
)
"""Presses that tell the reader something. Going back and forth between pages does not."""

Meaning = Callable[[str, datetime], str | None]
"""Gives what an outcome of another conversation was called at a time, by its id."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a sentence: ours, or a person's own words read back."""

    text: str = ""
    words: str | None = None


Pieces = tuple[Piece, ...]


def text_of(pieces: Pieces) -> str:
    """Give a sentence of ours in one line of text, with words that were read back in quotation marks."""
    return "".join(piece.text if piece.words is None else f"“{piece.words}”" for piece in pieces)


@dataclass(frozen=True, slots=True)
class Wording:
    """One wording of one thing said, or that it was taken back."""

    turn: int
    said_at: datetime
    speaker: Speaker
    whose: Whose | None = None
    how: How | None = None
    words: str | None = None
    original: str = ""
    chosen: tuple[Pieces, ...] = ()
    skipped: str = ""
    is_taking_back: bool = False
    """Whether this turn takes back what was said before it."""
    is_withheld: bool = False
    """Whether something was said here that was taken back later, so that its words are not shown."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing said, as it stands now, and how it was said before."""

    now: Wording
    before: tuple[Wording, ...] = ()
    """Earlier wordings, first to last."""
    is_addition: bool = False

    @property
    def turns(self) -> frozenset[int]:
        """The numbers of all its wordings."""
        return frozenset(one.turn for one in (*self.before, self.now))


@dataclass(frozen=True, slots=True)
class Beside:
    """Words of a practitioner or of another window that stand beside a question, and are no answer to it."""

    turn: int
    said_at: datetime
    words: str
    is_private: bool
    """A practitioner's own note. Otherwise it arrived for a question that was answered in another window already."""
    is_withheld: bool = False


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question as it was asked, and all that was said to it."""

    shape: ClassVar[str] = "exchange"

    number: int
    """Of the bot's turn that asked."""
    name: str
    part: str
    asked: Pieces
    asked_at: datetime
    information: tuple[str, ...]
    """What was told before it was asked."""
    offered: tuple[Pieces, ...]
    """What was offered, in the order it was shown."""
    things: tuple[Thing, ...] = ()
    beside: tuple[Beside, ...] = ()
    flags: tuple[Flag, ...] = ()
    is_on_road: bool = True
    """False for what was answered before a change of mind led another way."""
    is_aside: bool = False
    is_private: bool = False
    """Asked of the practitioner alone: never on a copy."""
    is_safe_contact: bool = False

    @property
    def turns(self) -> frozenset[int]:
        """The numbers of all its turns."""
        said = frozenset().union(*(thing.turns for thing in self.things)) if self.things else frozenset[int]()
        return said | {self.number} | {one.turn for one in self.beside}

    @property
    def turn(self) -> int:
        """The turn that a note is written beside: the latest wording of the answer, or the question itself."""
        return self.things[0].now.turn if self.things else self.number


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that was done beside answering: a break, stopping, handing the screen over."""

    shape: ClassVar[str] = "happening"

    number: int
    at: datetime
    what: Control
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True)
class Telling:
    """Something the bot told: help first, thanks, that it is not a good time to talk."""

    shape: ClassVar[str] = "telling"

    number: int
    at: datetime
    told: Pieces
    information: tuple[str, ...]
    is_ending: bool
    flags: tuple[Flag, ...] = ()


Line = Exchange | Happening | Telling


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a conversation a reader may have."""

    withheld: frozenset[int] = frozenset()
    """Turns whose words were taken back."""
    private: bool = True
    """Whether a practitioner's notes, what a practitioner was asked alone, and flags are for this reader."""
    safe_contact: bool = True


EVERYTHING = Shown()


def transcript(
    turns: Sequence[Turn],
    stands: Standing,
    flags: Sequence[Flag],
    *,
    shown: Shown = EVERYTHING,
    texts: Mapping[str, str] | None = None,
    meaning: Meaning = lambda _, __: None,
) -> tuple[Line, ...]:
    """Give a conversation line by line, in the order in which it was asked and done.

    `texts` are the settings that wordings name. `meaning` gives the words of outcomes said elsewhere.
    """
    return _Writing(turns, stands, flags, shown, texts or {}, meaning).lines()


def flagged_alone(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Leave only what flags are raised at: all that may be read of a conversation that is not finished."""
    kept: list[Line] = []
    for line in lines:
        if not line.flags:
            continue
        if isinstance(line, Exchange):
            named = {flag.turn for flag in line.flags}
            things = tuple(_only(thing, named) for thing in line.things if thing.turns & named)
            beside = tuple(one for one in line.beside if one.turn in named)
            kept.append(replace(line, things=things, beside=beside))
        else:
            kept.append(line)
    return tuple(kept)


def _only(thing: Thing, named: Collection[int]) -> Thing:
    found = [one for one in (*thing.before, thing.now) if one.turn in named]
    return Thing(found[-1], tuple(found[:-1]), thing.is_addition)


class _Writing:
    """One transcript in the making."""

    def __init__(
        self,
        turns: Sequence[Turn],
        stands: Standing,
        flags: Sequence[Flag],
        shown: Shown,
        texts: Mapping[str, str],
        meaning: Meaning,
    ) -> None:
        self.turns = turns
        self.stands = stands
        self.shown = shown
        self.texts = texts
        self.meaning = meaning
        self.flags: dict[int, list[Flag]] = {}
        for flag in flags if shown.private else ():
            self.flags.setdefault(flag.turn, []).append(flag)
        self.notes: dict[int, list[Turn]] = {}
        for turn in turns:
            if turn.kind in {Kind.NOTE, Kind.PRIVATE_NOTE} and turn.answers is not None:
                self.notes.setdefault(turn.answers, []).append(turn)

    def lines(self) -> tuple[Line, ...]:
        found: list[Line] = []
        for answer in self.stands.answers:
            self._add(found, self._exchange(answer))
        told = {line.number for line in found}
        last = self.stands.asked.number if self.stands.asked is not None else 0
        replies = {turn.answers: turn for turn in self.turns if turn.kind is Kind.REPLY}
        for turn in self.turns:
            match turn.kind:
                case Kind.QUESTION if turn.number not in told and (turn.number == last or self._has_beside(turn)):
                    self._add(found, self._unanswered(turn))
                case Kind.ASIDE if turn.number in replies:
                    self._add(found, self._aside(turn, replies[turn.number]))
                case Kind.NOTICE | Kind.ENDING:
                    found.append(self._telling(turn))
                case Kind.CONTROL if Control(turn.choice[0]) in HAPPENED:
                    what = Control(turn.choice[0])
                    found.append(Happening(turn.number, turn.said_at, what, self._flags({turn.number})))
        return tuple(sorted(found, key=lambda line: line.number))

    def _add(self, found: list[Line], line: Exchange) -> None:
        if (line.is_private and not self.shown.private) or (line.is_safe_contact and not self.shown.safe_contact):
            return
        found.append(line)

    def _has_beside(self, turn: Turn) -> bool:
        return turn.number in self.notes or turn.number in self.flags

    def _exchange(self, answer: Answer) -> Exchange:
        things = tuple(
            self._thing(said, answer, is_addition=place > 0)
            for place, said in enumerate((answer.said, *answer.additions))
        )
        asked_in = {turn.answers for thing in (answer.said, *answer.additions) for turn in thing.versions}
        beside = [
            note for number in sorted(n for n in asked_in if n is not None) for note in self.notes.get(number, ())
        ]
        return self._asked(
            answer.question,
            things=things,
            beside=tuple(self._beside(note) for note in beside if self.shown.private or note.kind is Kind.NOTE),
            is_on_road=answer.number in self.stands.path,
        )

    def _unanswered(self, turn: Turn) -> Exchange:
        beside = [note for note in self.notes.get(turn.number, ()) if self.shown.private or note.kind is Kind.NOTE]
        return self._asked(turn, things=(), beside=tuple(map(self._beside, beside)))

    def _aside(self, turn: Turn, reply: Turn) -> Exchange:
        labels = self._labels(turn)
        chosen = tuple(self._label(one, labels, reply) for one in reply.choice)
        said = Wording(reply.number, reply.said_at, reply.speaker, words=reply.words or None, chosen=chosen)
        return self._asked(turn, things=(Thing(said),), beside=(), is_aside=True)

    def _asked(
        self,
        turn: Turn,
        *,
        things: tuple[Thing, ...],
        beside: tuple[Beside, ...],
        is_on_road: bool = True,
        is_aside: bool = False,
    ) -> Exchange:
        asking = Asking.from_json(turn.asking)
        labels = self._labels(turn)
        numbers = {turn.number} | {one.turn for one in beside}
        for thing in things:
            numbers |= thing.turns
        name = turn.asked or ""
        return Exchange(
            number=turn.number,
            name=name,
            part=asking.part,
            asked=self._pieces(turn.words, turn),
            asked_at=turn.said_at,
            information=tuple(self._filled(one) for one in asking.information),
            offered=tuple(self._label(one, labels, turn) for one in (turn.shown or tuple(labels))),
            things=things,
            beside=beside,
            flags=self._flags(numbers),
            is_on_road=is_on_road,
            is_aside=is_aside,
            is_private=asking.private,
            is_safe_contact=name in SAFE_CONTACT,
        )

    def _telling(self, turn: Turn) -> Telling:
        asking = Asking.from_json(turn.asking) if turn.asking else None
        information = tuple(self._filled(one) for one in asking.information) if asking is not None else ()
        is_ending = turn.kind is Kind.ENDING
        told = self._pieces(turn.words, turn)
        return Telling(turn.number, turn.said_at, told, information, is_ending, self._flags({turn.number}))

    def _thing(self, said: Said, answer: Answer, *, is_addition: bool) -> Thing:
        *before, now = (self._wording(turn, answer) for turn in said.versions)
        return Thing(now, tuple(before), is_addition)

    def _wording(self, turn: Turn, answer: Answer) -> Wording:
        is_withheld = turn.number in self.shown.withheld
        made = Wording(turn.number, turn.said_at, turn.speaker, turn.whose, turn.how, is_withheld=is_withheld)
        if turn.kind is Kind.TAKEN_BACK:
            return replace(made, is_taking_back=True)
        if is_withheld:
            return made
        match turn.kind:
            case Kind.WORDS:
                return replace(made, words=turn.words, original=turn.original)
            case Kind.CHOICE:
                labels = self._labels(self._question_of(turn, answer))
                return replace(made, chosen=tuple(self._label(one, labels, turn) for one in turn.choice))
            case _:
                return replace(made, skipped=turn.choice[0] if turn.choice else "")

    def _question_of(self, turn: Turn, answer: Answer) -> Turn:
        if turn.answers is not None and 0 < turn.answers <= len(self.turns):
            return self.turns[turn.answers - 1]
        return answer.question

    def _beside(self, turn: Turn) -> Beside:
        is_withheld = turn.number in self.shown.withheld
        words = "" if is_withheld else turn.words
        return Beside(turn.number, turn.said_at, words, turn.kind is Kind.PRIVATE_NOTE, is_withheld)

    def _flags(self, numbers: Collection[int]) -> tuple[Flag, ...]:
        return tuple(flag for number in sorted(numbers) for flag in self.flags.get(number, ()))

    def _labels(self, question: Turn) -> dict[str, str]:
        return {choice.id: choice.label for choice in Asking.from_json(question.asking).choices}

    def _label(self, choice: str, labels: Mapping[str, str], turn: Turn) -> Pieces:
        label = labels.get(choice, "")
        return (Piece(self._filled(label)),) if label else self._pieces(choice, turn)

    def _filled(self, wording: str) -> str:
        for name, text in self.texts.items():
            wording = wording.replace(f"[[{name}]]", text)
        return wording

    def _pieces(self, wording: str, turn: Turn) -> Pieces:
        """Part a wording into ours and what its references stood for when it was asked."""
        pieces: list[Piece] = []
        done = 0
        filled = self._filled(wording)
        for found in QUOTED.finditer(filled):
            pieces.append(Piece(filled[done : found.start()]))
            pieces.append(self._meant(found, turn))
            done = found.end()
        pieces.append(Piece(filled[done:]))
        return tuple(piece for piece in pieces if piece.text or piece.words is not None)

    def _meant(self, found: re.Match[str], turn: Turn) -> Piece:
        number, card, outcome = found.groups()
        if outcome is not None:
            words = self.meaning(outcome, turn.said_at)
            return Piece(words=words) if words is not None else Piece("…")
        if card is not None:
            return Piece(f"“{self._card(card)}”")
        said = self.stands.said(int(number))
        there = [one for one in said.versions if one.number < turn.number] if said is not None else []
        there = [one for one in there if one.kind is Kind.WORDS and one.number not in self.shown.withheld]
        return Piece(words=there[-1].words) if there else Piece("…")

    def _card(self, card: str) -> str:
        cards = next((turn for turn in reversed(self.turns) if turn.asked == "cards" and turn.asking), None)
        return self._labels(cards).get(card, "…") if cards is not None else "…"
