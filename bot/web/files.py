"""The files that pages are made of. Each address holds a digest of what is there, so a browser keeps it for good."""

import gzip
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response

STATIC = Path(__file__).parent / "static"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
COMPRESSED = frozenset({".css", ".js", ".svg", ".txt"})
FOR_GOOD = "public, max-age=31536000, immutable"


class Unstyled(Exception):
    """The page assets have not been built. The message says which command builds them."""


@dataclass(frozen=True, slots=True)
class File:
    """One file, ready to be sent."""

    content: bytes
    compressed: bytes | None
    media_type: str


class Files:
    """All files, read once at the start. What is not here when the program starts is not there for anyone."""

    def __init__(self, static: Path = STATIC) -> None:
        manifest = static / "vendor" / "manifest.json"
        if not manifest.is_file():
            raise Unstyled("The page assets are missing. `make assets` builds them.")
        named: dict[str, str] = json.loads(manifest.read_text(encoding="utf-8"))
        own = {path.name: path.read_bytes() for path in sorted((static / "own").iterdir())}
        digest = hashlib.sha256(b"".join(name.encode() + content for name, content in own.items())).hexdigest()[:16]
        self._addresses = {name: f"/static/vendor/{hashed}" for name, hashed in named.items()}
        self._addresses |= {f"own/{name}": f"/static/own-{digest}/{name}" for name in own}
        self._files = {
            self._addresses[name]: _file(hashed, (static / "vendor" / hashed).read_bytes())
            for name, hashed in named.items()
        }
        self._files |= {self._addresses[f"own/{name}"]: _file(name, content) for name, content in own.items()}

    def address(self, name: str) -> str:
        """Give the address of a file by its plain name, such as `main.css` or `own/main.js`. Raises KeyError."""
        return self._addresses[name]

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return name in self._addresses

    def answer(self, address: str, headers: Headers) -> Response | None:
        """Answer a request for an address; None when nothing is there."""
        found = self._files.get(address)
        if found is None:
            return None
        sent = {"Cache-Control": FOR_GOOD, "Content-Type": found.media_type}
        if found.compressed is None:
            return Response(found.content, headers=sent)
        sent["Vary"] = "Accept-Encoding"
        if "gzip" in headers.get("accept-encoding", ""):
            return Response(found.compressed, headers={**sent, "Content-Encoding": "gzip"})
        return Response(found.content, headers=sent)


def _file(name: str, content: bytes) -> File:
    suffix = Path(name).suffix
    return File(content, gzip.compress(content, mtime=0) if suffix in COMPRESSED else None, MEDIA_TYPES[suffix])
