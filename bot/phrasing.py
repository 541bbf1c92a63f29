"""Finding phrases in words: as whole words, whatever the case or the apostrophe. The words stay as they are."""

import re
import unicodedata
from collections.abc import Sequence

_APOSTROPHES = str.maketrans(dict.fromkeys("\u2018\u2019\u02bc\u2032\u00b4`", "'"))
"""What keyboards and phones make of the key for an apostrophe."""


def plain(words: str) -> str:
    """Fold case, spaces and apostrophes, for comparing only."""
    folded = unicodedata.normalize("NFKC", words.translate(_APOSTROPHES)).casefold()
    return " ".join(folded.split())


def pattern(phrases: Sequence[str]) -> re.Pattern[str]:
    """Make what finds any of the phrases in plain words; without phrases, it finds nothing."""
    listed = "|".join(re.escape(plain(phrase)) for phrase in phrases)
    return re.compile(rf"(?<!\w)(?:{listed})(?!\w)" if listed else r"(?!)")
