"""Looking for words wherever they might have gone: in files, in what was printed, in the memory of a process."""

import base64
import gzip
import html
import json
import quopri
import tarfile
import urllib.parse
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

PIECE = 1 << 24
"""Bytes of a memory or a file that are looked at together."""


def encodings(words: str) -> Mapping[str, bytes]:
    """Everything that words may have become on the way into a file, by what it is called."""
    raw = words.encode()
    found = {
        "as they are": raw,
        "in capitals": words.upper().encode(),
        "small": words.lower().encode(),
        "Latin-1": words.encode("latin-1", "replace"),
        "UTF-16": words.encode("utf-16-le"),
        "UTF-16 the other way": words.encode("utf-16-be"),
        "UTF-32": words.encode("utf-32-le"),
        "UTF-32 the other way": words.encode("utf-32-be"),
        "URL": urllib.parse.quote(words).encode(),
        "URL of a form": urllib.parse.quote_plus(words).encode(),
        "URL in full": "".join(f"%{byte:02X}" for byte in raw).encode(),
        "JSON": json.dumps(words)[1:-1].encode(),
        "JSON twice": json.dumps(json.dumps(words))[3:-3].encode(),
        "Python": repr(words)[1:-1].encode(),
        "Python's escapes": words.encode("unicode_escape"),
        "HTML": html.escape(words).encode(),
        "HTML in numbers": words.encode("ascii", "xmlcharrefreplace"),
        "quoted-printable": quopri.encodestring(raw),
        "hexadecimal": raw.hex().encode(),
        "hexadecimal in capitals": raw.hex().upper().encode(),
        "backwards": raw[::-1],
    }
    for shift in range(3):
        # Where in a longer text the words stand decides which of three forms they have; the ends are cut, as they mix.
        encoded = base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4]
        found[f"base64, {shift}"] = encoded
        found[f"base64 for addresses, {shift}"] = encoded.replace(b"+", b"-").replace(b"/", b"_")
    return found


class Search:
    """Looks for some words in every encoding."""

    def __init__(self, words: Iterable[str]) -> None:
        self.needles: dict[bytes, tuple[str, str]] = {}
        for one in words:
            for how, needle in encodings(one).items():
                self.needles.setdefault(needle, (one, how))
        self._longest = max(map(len, self.needles))

    def in_bytes(self, content: bytes) -> set[tuple[str, str]]:
        """Which words are there, and as what."""
        return {found for needle, found in self.needles.items() if needle in content}

    def in_text(self, text: str) -> set[tuple[str, str]]:
        """The same for what was printed."""
        return self.in_bytes(text.encode("utf-8", "surrogateescape"))

    def in_files(self, folder: Path) -> dict[str, set[tuple[str, str]]]:
        """The same for every file under a folder, its name included, and for what is packed in it."""
        hits: dict[str, set[tuple[str, str]]] = {}
        for path in sorted(folder.rglob("*")):
            content = [str(path).encode(), *(_contents(path) if path.is_file() else ())]
            if found := set().union(*map(self.in_bytes, content)):
                hits[str(path.relative_to(folder))] = found
        return hits

    def in_memory(self, pid: int) -> set[tuple[str, str]]:
        """The same for all that a process can change in its memory: its stacks, its heap, whatever it has asked for."""
        hits: set[tuple[str, str]] = set()
        with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
            for start, end in _written(pid):
                for place in range(start, end, PIECE):
                    memory.seek(place)
                    try:
                        content = memory.read(min(PIECE + self._longest, end - place))
                    except OSError:
                        break
                    hits |= self.in_bytes(content)
        return hits


def _contents(path: Path) -> Iterator[bytes]:
    raw = path.read_bytes()
    yield raw
    if tarfile.is_tarfile(path):
        with tarfile.open(path) as packed:
            for member in packed:
                if (file := packed.extractfile(member)) is not None:
                    yield file.read()
    elif raw.startswith(b"\x1f\x8b"):
        yield gzip.decompress(raw)
    elif raw[:1] == b"\x78":
        try:
            yield zlib.decompress(raw)
        except zlib.error:
            return


def _written(pid: int) -> Iterator[tuple[int, int]]:
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        place, rights, *_ = line.split()
        if rights.startswith("rw"):
            start, end = (int(number, 16) for number in place.split("-"))
            yield start, end
