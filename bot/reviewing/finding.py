"""Finding words: every word typed, anywhere in what was said, whatever the case and the accents. Pure.

For comparing only: words are folded for it, and shown as they are.
"""

import unicodedata
from dataclasses import dataclass

SHORTEST = 2
"""Characters that at least one of the words looked for must have."""
LONGEST_TYPED = 200
MOST_WORDS = 8

AROUND = 160
"""Characters on each side that are shown where a sentence has no end."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """The sentence in which a word was found, exactly as it was said, in three parts."""

    before: str
    found: str
    after: str
    is_cut_before: bool = False
    """Whether there is more in front of it."""
    is_cut_after: bool = False


@dataclass(frozen=True, slots=True)
class Sought:
    """What somebody looks for."""

    words: tuple[str, ...]
    """Folded, longest first: the rarest decides soonest."""

    def stands_in(self, words: str) -> bool:
        """Whether every word looked for stands somewhere in these words."""
        folded = fold(words)
        return all(one in folded for one in self.words)

    def excerpt(self, words: str) -> Excerpt:
        """Give the sentence around the first word looked for that stands in these words."""
        folded, places = fold_with_places(words)
        at, sought = min(((place, one) for one in self.words if (place := folded.find(one)) >= 0), default=(0, ""))
        start = places[at] if places else 0
        end = places[at + len(sought)] if sought else start
        while end < len(words) and unicodedata.combining(words[end]):
            end += 1
        left, right = _sentence(words, start, end)
        return Excerpt(
            before=words[left:start],
            found=words[start:end],
            after=words[end:right],
            is_cut_before=bool(words[:left].strip()),
            is_cut_after=bool(words[right:].strip()),
        )


def sought(typed: str) -> Sought | None:
    """Read what was typed into the search box; None where there is nothing to look for."""
    words = {fold(one) for one in typed[:LONGEST_TYPED].split()}
    ordered = sorted((one for one in words if one), key=lambda one: (-len(one), one))[:MOST_WORDS]
    if not ordered or len(ordered[0]) < SHORTEST:
        return None
    return Sought(tuple(ordered))


def fold(words: str) -> str:
    """Fold case and accents."""
    if words.isascii():
        return words.lower()
    parted = unicodedata.normalize("NFKD", words).casefold()
    return "".join(sign for sign in unicodedata.normalize("NFKD", parted) if not unicodedata.combining(sign))


def fold_with_places(words: str) -> tuple[str, list[int]]:
    """Fold, and say for each sign of the outcome which sign of the words it came from."""
    folded: list[str] = []
    places: list[int] = []
    for place, sign in enumerate(words):
        made = fold(sign)
        folded.append(made)
        places.extend([place] * len(made))
    places.append(len(words))
    return "".join(folded), places


def _sentence(words: str, start: int, end: int) -> tuple[int, int]:
    left = max(words.rfind(sign, 0, start) for sign in ".!?\n") + 1
    ends = [place for sign in ".!?\n" if (place := words.find(sign, end)) >= 0]
    right = min(ends) + 1 if ends else len(words)
    return max(left, start - AROUND), min(right, end + AROUND)
