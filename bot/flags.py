"""Flags: what a person of the team is asked to read soon. A flag is never a finding, and it never stops anybody."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class FlagKind(StrEnum):
    """Why a person is asked to read soon."""

    IN_DANGER_NOW = "in_danger_now"
    TOLD_WHAT_HAPPENED = "told_what_happened"
    SOMEONE_NOT_CHOSEN = "someone_not_chosen"
    THOUGHTS_OF_ENDING_LIFE = "thoughts_of_ending_life"
    ADVOCATE_WANTED = "advocate_wanted"
    STOPPED_EARLY = "stopped_early"
    NOT_SAFE_TO_TALK = "not_safe_to_talk"
    TAKEN_BACK = "taken_back"


class Meant(StrEnum):
    """What a whole answer may have been meant as. It is kept as the answer and asked about once."""

    STOP = "stop"
    HELP = "help"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Flag:
    """One request to read soon, and the turn that led to it."""

    kind: FlagKind
    turn: int
    raised_at: datetime


class Phrases:
    """The reviewed phrases of `phrases.yml`."""

    def __init__(self, listed: Mapping[str, Any]) -> None:
        flags: Mapping[str, Mapping[str, Any]] = listed["flags"]
        self._flags = {FlagKind(name): _pattern(entry["phrases"]) for name, entry in flags.items()}
        self.help_first = frozenset(FlagKind(name) for name, entry in flags.items() if entry["help_first"])
        self._meant = {Meant(name): frozenset(map(_plain, phrases)) for name, phrases in listed["meant"].items()}

    def flags(self, words: str) -> tuple[FlagKind, ...]:
        """Name the flags whose phrases stand in the words."""
        plain = _plain(words)
        return tuple(kind for kind, pattern in self._flags.items() if pattern.search(plain))

    def meant(self, words: str) -> Meant | None:
        """Say what the whole answer looks like, beside being an answer."""
        plain = _plain(words).strip(" .!,")
        return next((meant for meant, phrases in self._meant.items() if plain in phrases), None)


_APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u2032\u00b4`", "'"))
"""What keyboards and phones make of the key for an apostrophe."""


def _plain(words: str) -> str:
    """Fold case, spaces and apostrophes, for comparing only: the words themselves are never touched."""
    folded = unicodedata.normalize("NFKC", words.translate(_APOSTROPHES)).casefold()
    return " ".join(folded.split())


def _pattern(phrases: Sequence[str]) -> re.Pattern[str]:
    listed = "|".join(re.escape(_plain(phrase)) for phrase in phrases)
    return re.compile(rf"(?<!\w)(?:{listed})(?!\w)")
