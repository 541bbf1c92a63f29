"""What people agreed to have quoted, and how a quote looks with parts of it left out. Nothing is ever reworded.

A yes counts for the words it was given to. Words that came after it, or were worded otherwise since, were not asked
about, and what was taken back is not there: all of it follows from the turns, each time anew.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bot.conversation import REFERENCE, Answer, Kind, Said, Standing, Turn, referred

ASKED = "may_quote"
"""The question whether words may be used. Its wording names the answer that it is about."""

YES = "yes"

LEFT_OUT = "[…]"
"""Stands where something was left out."""

_RANGE = re.compile(r"([0-9]{1,6})-([0-9]{1,6})")
_WORD = re.compile(r"\w")
_SPACE = re.compile(r"(\s+)")


@dataclass(frozen=True, slots=True, order=True)
class Range:
    """A part of somebody's words: from one character to before another, counted from 0."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"{self.start}-{self.end}"


@dataclass(frozen=True, slots=True)
class Piece:
    """Words as they were said; or the place where some were left out."""

    words: str = field(repr=False)
    is_left_out: bool = False


class NothingLeft(ValueError):
    """With all of this left out nothing would be left to read."""


def agreed(stands: Standing) -> tuple[Turn, ...]:
    """Give the wordings that may be quoted as far as whoever said them is asked, in the order they were said."""
    found = {turn.number: turn for asked in stands.answers for turn in agreed_by(stands, asked)}
    return tuple(found[number] for number in sorted(found))


def agreed_by(stands: Standing, asked: Answer) -> tuple[Turn, ...]:
    """Give the wordings that this answer lets be quoted. None where it is no yes, or is good no longer."""
    is_asked = asked.question.asked == ASKED and asked.number in stands.path
    if stands.is_everything_taken_back or not is_asked or not _is_yes(asked):
        return ()
    found: list[Turn] = []
    for number in asked_about(asked):
        answer = stands.answer(number)
        if answer is None or answer.number not in stands.path:
            continue
        said: Said
        for said in (answer.said, *answer.additions):
            turn = said.current
            if turn.kind is Kind.WORDS and turn.number < asked.current.number and turn.words.strip():
                found.append(turn)
    return tuple(found)


def agreed_to(stands: Standing, number: int) -> Turn | None:
    """Give this wording where it may be quoted; None where it may not, or may not any more."""
    return next((turn for turn in agreed(stands) if turn.number == number), None)


def _is_yes(answer: Answer) -> bool:
    return answer.current.kind is Kind.CHOICE and answer.current.choice == (YES,)


def asked_about(asked: Answer) -> Sequence[int]:
    """Name the answers whose words somebody was asked about."""
    named = (referred(found[0]) for found in REFERENCE.finditer(asked.question.words))
    return [number for number in named if number is not None]


# --- leaving out -----------------------------------------------------------------------------------------------------


def found_in(words: str, passage: str) -> tuple[Range, ...]:
    """Find a passage wherever it stands in somebody's words: whatever its case, and however its spaces break.

    A word is found whole: "Ann" is not in "Annual". Empty where it stands nowhere.
    """
    typed = passage.strip()
    if not typed:
        return ()
    parts = [r"\s+" if part.isspace() else re.escape(part) for part in _SPACE.split(typed)]
    before = r"(?<!\w)" if _WORD.match(typed[0]) else ""
    after = r"(?!\w)" if _WORD.match(typed[-1]) else ""
    looked_for = re.compile(f"{before}{''.join(parts)}{after}", re.IGNORECASE)
    return tuple(Range(found.start(), found.end()) for found in looked_for.finditer(words))


def together(ranges: Iterable[Range], words: str) -> tuple[Range, ...]:
    """Put ranges in order, and make one of those that touch, or have nothing but space between them."""
    found: list[Range] = []
    for one in sorted(ranges):
        if not 0 <= one.start < one.end <= len(words):
            raise ValueError("A part to be left out is not within the words.")
        if found and (one.start <= found[-1].end or not words[found[-1].end : one.start].strip()):
            found[-1] = Range(found[-1].start, max(found[-1].end, one.end))
        else:
            found.append(one)
    return tuple(found)


def pieces(words: str, left_out: Sequence[Range]) -> tuple[Piece, ...]:
    """Give what is shown, in order. Raises NothingLeft, and ValueError for a range that is not within the words."""
    shown: list[Piece] = []
    at = 0
    for one in together(left_out, words):
        if one.start > at:
            shown.append(Piece(words[at : one.start]))
        shown.append(Piece(LEFT_OUT, is_left_out=True))
        at = one.end
    if at < len(words):
        shown.append(Piece(words[at:]))
    if not any(_says_something(piece.words) for piece in shown if not piece.is_left_out):
        raise NothingLeft("Nothing would be left to read.")
    return tuple(shown)


def _says_something(words: str) -> bool:
    return any(not sign.isspace() and unicodedata.category(sign)[0] != "P" for sign in words)


def written(left_out: Sequence[Range]) -> tuple[str, ...]:
    """Write ranges down: they tell where something is left out, and not what."""
    return tuple(str(one) for one in left_out)


def read(listed: Iterable[str]) -> tuple[Range, ...]:
    """Read ranges as they were written down. Raises ValueError for anything else."""
    found = []
    for one in listed:
        match = _RANGE.fullmatch(one)
        if match is None:
            raise ValueError("This is no range.")
        found.append(Range(int(match[1]), int(match[2])))
    return tuple(found)
