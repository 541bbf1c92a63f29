"""Themes: headings under which a team puts what people want, so that a Board can see what it comes to.

Words come first and stay as they are. A theme is put beside them afterwards, by a person: rules over words suggest, and
never decide. Several may fit one outcome, a team may write one of its own, and "none of these" is an answer too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.phrasing import pattern, plain

NONE_OF_THESE = "none_of_these"
"""Kept in the place of themes where somebody looked and none of them fits."""


class Themes:
    """The reviewed list of `themes.yml`."""

    def __init__(self, listed: Mapping[str, Any]) -> None:
        themes: Mapping[str, Mapping[str, Any]] = listed["themes"]
        self.labels: Mapping[str, str] = {name: entry["label"] for name, entry in themes.items()}
        """What each is called, in the order of the list."""
        self._phrases = {name: pattern(entry["phrases"]) for name, entry in themes.items()}

    def suggested(self, words: Sequence[str]) -> tuple[str, ...]:
        """Name the themes whose phrases stand in the words."""
        read = [plain(one) for one in words]
        return tuple(name for name, phrases in self._phrases.items() if any(map(phrases.search, read)))
