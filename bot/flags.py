"""Flags: what a person of the team is asked to read soon. A flag is never a finding, and it never stops anybody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.phrasing import pattern, plain


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


PRESSING = frozenset({FlagKind.IN_DANGER_NOW, FlagKind.THOUGHTS_OF_ENDING_LIFE})
"""What is read before every other flag, however long those have waited."""


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
        self._flags = {FlagKind(name): pattern(entry["phrases"]) for name, entry in flags.items()}
        self.help_first = frozenset(FlagKind(name) for name, entry in flags.items() if entry["help_first"])
        self._meant = {Meant(name): frozenset(map(plain, phrases)) for name, phrases in listed["meant"].items()}

    def flags(self, words: str) -> tuple[FlagKind, ...]:
        """Name the flags whose phrases stand in the words."""
        read = plain(words)
        return tuple(kind for kind, phrases in self._flags.items() if phrases.search(read))

    def meant(self, words: str) -> Meant | None:
        """Say what the whole answer looks like, beside being an answer."""
        read = plain(words).strip(" .!,")
        return next((meant for meant, phrases in self._meant.items() if read in phrases), None)
