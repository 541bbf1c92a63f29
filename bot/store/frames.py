"""A sealed file of any length, frame by frame: so that none of it is trusted before its frame has opened.

Each frame is AES-256-GCM under a key of this file alone. Its nonce is its number and whether it is the last one, and
every frame is bound to the head of the file: a frame that was changed, moved, left out or taken from another file does
not open, and nor does the end of a file that was cut off.
"""

import json
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.store.errors import NotRestored
from bot.store.sealing import NONCE_BYTES, TAG_BYTES

MAGIC = b"Own Words backup\n"
FRAME_BYTES = 1 << 20
LONGEST_HEAD = 1 << 16
_MORE, _LAST = b"\0", b"\1"

NO_BACKUP = "It is no backup of Own Words."
DAMAGED = "It is damaged or cut off: what is in it is not all that was written."


class SealedWriter:
    """Writes one sealed file. It is whole only once `finish` has returned."""

    def __init__(self, to: BinaryIO, key: bytes, head: bytes) -> None:
        self._to = to
        self._cipher = AESGCM(key)
        self._bound = sha256(head).digest()
        self._number = 0
        self._waiting = bytearray()

    def write(self, written: bytes) -> None:
        """Add to it."""
        self._waiting += written
        # A whole frame waits until something follows it: only then is it known not to be the last.
        while len(self._waiting) > FRAME_BYTES:
            self._seal(bytes(self._waiting[:FRAME_BYTES]), _MORE)
            del self._waiting[:FRAME_BYTES]

    def finish(self) -> None:
        """Write the last frame."""
        self._seal(bytes(self._waiting), _LAST)

    def _seal(self, frame: bytes, which: bytes) -> None:
        self._to.write(self._cipher.encrypt(_nonce(self._number, which), frame, self._bound))
        self._number += 1


def opened(source: BinaryIO, key: bytes, head: bytes) -> Iterator[bytes]:
    """Every frame in turn, none of them before it has opened. Raises `NotRestored`."""
    cipher, bound = AESGCM(key), sha256(head).digest()
    number, sealed = 0, source.read(FRAME_BYTES + TAG_BYTES)
    while True:
        following = source.read(FRAME_BYTES + TAG_BYTES)
        frame = _opened(cipher, number, _MORE if following else _LAST, sealed, bound)
        if frame is None:
            raise NotRestored(DAMAGED)
        yield frame
        if not following:
            return
        number, sealed = number + 1, following


def write_head(to: BinaryIO, head: Mapping[str, str | int]) -> bytes:
    """Begin a file with what may be read of it without a key, and return that as it was written."""
    written = json.dumps(head, sort_keys=True).encode("ascii")
    to.write(MAGIC + len(written).to_bytes(4) + written)
    return written


def read_head(source: BinaryIO) -> bytes:
    """The head of a file, as it was written. Raises `NotRestored` where this is no such file."""
    if source.read(len(MAGIC)) != MAGIC:
        raise NotRestored(NO_BACKUP)
    length = int.from_bytes(source.read(4))
    head = source.read(min(length, LONGEST_HEAD))
    if len(head) != length:
        raise NotRestored(DAMAGED)
    return head


def _nonce(number: int, which: bytes) -> bytes:
    return number.to_bytes(NONCE_BYTES - 1) + which


def _opened(cipher: AESGCM, number: int, which: bytes, sealed: bytes, bound: bytes) -> bytes | None:
    try:
        return cipher.decrypt(_nonce(number, which), sealed, bound)
    except (InvalidTag, ValueError):
        return None
