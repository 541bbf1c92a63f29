"""Signed checkpoints: how far everything that only grows had come at one moment, so that a later look can tell.

A chain shows what was changed in it. It shows neither that its end was cut off, nor that all of it was written anew by
somebody who has the database and the root key. A checkpoint does: it is signed (Ed25519) with a key of its own, and a
copy of it lies elsewhere. It holds ids, numbers and digests of what is sealed, and no words.
"""

import base64
import fcntl
import hashlib
import json
import os
import syslog
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy import ColumnElement, Table, func, select

from bot.store import logs, tables
from bot.store.errors import Damaged, Taken
from bot.store.rows import Row, Rows, columns_of, encode, moment, stamp
from bot.store.sealing import make_secret, read_secret
from bot.store.store import Store

FORM = 1
"""How checkpoints are written. A newer version may write them otherwise."""

WHOLE_EVERY = 5_000
"""After so many, one names everything again: what lies before it is not needed to go on. Some five weeks."""

DIGEST_BYTES = 16
"""Of the digest of one row. Nobody can make another row that has it."""

AT_ONCE = 500

LOOKED_BACK = 100
"""Checkpoints of which one is to be as it was kept, so that the next one follows from it."""


class CheckpointKey:
    """What checkpoints are signed with. It lies in a file outside the database and is not derived from the root key:
    whoever has that one could then sign what they made up.
    """

    __slots__ = ("_key", "public")

    def __init__(self, secret: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(secret)
        self.public = self._key.public_key().public_bytes_raw().hex()
        """What its signatures are told by, in hexadecimal. It may be known to all."""

    def __repr__(self) -> str:
        return f"CheckpointKey({self.public!r})"

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make one in a new file (0400). Raises `KeyProblem`."""
        return cls(make_secret(path, "checkpoint key", "Keep it: what it signed is told by it."))

    @classmethod
    def read(cls, path: Path, *, outside: Path | None = None) -> Self | None:
        """The one in this file; None where there is no file. `outside` is the data folder. Raises `KeyProblem`."""
        found = read_secret(path, "checkpoint key", outside=outside)
        return None if found is None else cls(found)

    def sign(self, said: str) -> bytes:
        """The signature of what a checkpoint says."""
        return self._key.sign(said.encode("ascii"))


@dataclass(frozen=True)
class Checkpoint:
    """What was there at one moment, and who says so."""

    said: str
    """JSON: exactly this is signed."""
    key: str
    signature: bytes

    @cached_property
    def content(self) -> Mapping[str, Any]:
        """What it says."""
        content: dict[str, Any] = json.loads(self.said)
        return content

    @property
    def number(self) -> int:
        """Which one it is."""
        return int(self.content["number"])

    @property
    def digest(self) -> str:
        """Of all that it says; the next one names it."""
        return hashlib.sha256(self.said.encode("ascii")).hexdigest()

    @property
    def line(self) -> str:
        """It, as one line of a file."""
        return json.dumps({"said": self.said, "key": self.key, "signature": self.signature.hex()})

    @classmethod
    def of_line(cls, line: str) -> Self | None:
        """Read one; None where a line is none, such as one whose writing was interrupted."""
        try:
            written = json.loads(line)
            made = cls(str(written["said"]), str(written["key"]), bytes.fromhex(written["signature"]))
            made.said.encode("ascii")
            is_one = isinstance(made.content, dict) and made.content.get("form") == FORM and made.number > 0
        except (ValueError, KeyError, TypeError):
            return None
        return made if is_one else None

    def is_signed_by(self, trusted: Collection[str]) -> bool:
        """Whether one of these keys signed just this."""
        if self.key not in trusted:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.key)).verify(
                self.signature, self.said.encode("ascii")
            )
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass
class Known:
    """What the checkpoints until now have said last of everything."""

    conversations: dict[str, tuple[int, str]] = field(default_factory=dict)
    entries: int = 0
    forgotten: int = 0

    def take_in(self, content: Mapping[str, Any]) -> None:
        """Take in the next one."""
        self.conversations.update((of, (length, head)) for of, (length, head) in content["conversations"].items())
        for first, packed in content["entries"]:
            self.entries = max(self.entries, first + len(_unpacked(packed)) - 1)
        for number, _, _ in content["forgotten"]:
            self.forgotten = max(self.forgotten, number)


# --- making one -------------------------------------------------------------------------------------------------------


def last(rows: Rows) -> Row | None:
    """The row of the latest checkpoint that is as it was kept; None where there is none yet."""
    number = tables.checkpoints.c.number
    for latest in rows.ids(select(number).order_by(number.desc()).limit(LOOKED_BACK)):
        # One that is damaged keeps none from being made after it.
        with suppress(Damaged):
            return rows.one(tables.checkpoints, latest)
    return None


def make(store: Store, key: CheckpointKey, now: datetime, file: Path | None = None) -> Checkpoint | None:
    """Sign how far everything has come, and keep that in the database and in a file. Raises `NotKept`, `OSError`.

    None where another program was quicker. In the file each follows from the one before it, whatever became of the
    database since: one that was restored goes on counting where the file ends.
    """
    with store.reading_rows() as rows:
        there = last(rows)
        number, before = _highest(rows), "" if there is None else _of(there).digest
        ended = None
        # A file that cannot be reached is said below: what can be kept in the database is kept.
        with suppress(OSError):
            ended = None if file is None else _end_of(file)
        if ended is not None and ended.number >= number:
            number, before = ended.number, ended.digest
        said = json.dumps(
            {"form": FORM, "number": number + 1, "at": now.isoformat(), "before": before, **_news(rows)},
            sort_keys=True,
            separators=(",", ":"),
        )
    made = Checkpoint(said, key.public, key.sign(said))
    try:
        with store.writing_rows() as rows:
            rows.add(
                tables.checkpoints,
                {
                    "number": made.number,
                    "whole": int(made.content["whole"]),
                    "at": stamp(now),
                    "said": said,
                    "key": made.key,
                    "signature": made.signature,
                },
            )
    except Taken:
        return None
    if file is not None:
        bring_up_to_date(store, file)
    # Where the machine's log goes elsewhere at once, so does this: a file beside the database can be changed with it.
    syslog.syslog(syslog.LOG_NOTICE, f"own words: checkpoint {made.number} {made.digest} {made.signature.hex()}")
    return made


def bring_up_to_date(store: Store, file: Path) -> int:
    """Add to a file what it lacks of the database's checkpoints, and say how many. Raises `NotRead`, `OSError`.

    It is only ever added to, never with one that is not as it was kept. An empty one begins with one that names
    everything.
    """
    table = tables.checkpoints
    descriptor = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "rb+", buffering=0) as target:
        # Several programs on this machine may serve the same database.
        fcntl.flock(target, fcntl.LOCK_EX)
        ended = _end_of(file)
        added = 0
        with store.reading_rows() as rows:
            first = _last_whole(rows) if ended is None else ended.number + 1
            for row in rows.each(table, table.c.number >= first, order_by=[table.c.number]):
                if not rows.is_proven(table, row):
                    continue
                # Each begins a line, also where the writing of the one before it was interrupted.
                begins = b"" if _ends_whole(target) else b"\n"
                target.write(begins + _of(row).line.encode("ascii") + b"\n")
                added += 1
        if added:
            os.fsync(target.fileno())
    return added


def read(file: Path) -> Iterator[Checkpoint]:
    """The checkpoints in a file, in its order. What is none is passed over: the others tell whether one is missing."""
    with file.open(encoding="ascii", errors="replace") as lines:
        for line in lines:
            if (found := Checkpoint.of_line(line)) is not None:
                yield found


def kept(rows: Rows) -> Iterator[Checkpoint]:
    """The checkpoints in the database, first to last."""
    for row in rows.each(tables.checkpoints, order_by=[tables.checkpoints.c.number]):
        if isinstance(row["said"], str) and isinstance(row["signature"], bytes):
            found = Checkpoint(row["said"], str(row["key"]), row["signature"])
            if Checkpoint.of_line(found.line) is not None:
                yield found


def digest_of(table: Table, row: Row) -> bytes:
    """Of one row that never changes."""
    columns = columns_of(table)
    encoded = encode(table.name, zip(columns.values(), map(row.__getitem__, columns), strict=True))
    return hashlib.sha256(encoded).digest()[:DIGEST_BYTES]


def _news(rows: Rows) -> dict[str, Any]:
    """What has changed since the last checkpoint; everything, where one is to name everything."""
    known, since = _known(rows)
    is_whole = since == 0 or since >= WHOLE_EVERY
    if is_whole:
        known = Known()
    end = rows.first(tables.logs, tables.logs.c.log == logs.AUDIT)
    entries, forgotten = tables.entries, tables.forgotten
    written = [
        (int(row["number"]), digest_of(entries, row))
        for row in rows.each(entries, entries.c.number > known.entries, order_by=[entries.c.number])
        if rows.is_proven(entries, row)
    ]
    gone = [
        [int(row["number"]), row["forgotten_id"], digest_of(forgotten, row).hex()]
        for row in rows.each(forgotten, forgotten.c.number > known.forgotten, order_by=[forgotten.c.number])
        if rows.is_proven(forgotten, row)
    ]
    return {
        "whole": is_whole,
        "conversations": dict(_changed(rows, known)),
        "entries": list(_packed(written)),
        "forgotten": gone,
        "audit": [0, ""] if end is None else [int(end["number"]), (end["head"] or b"").hex()],
    }


def _known(rows: Rows) -> tuple[Known, int]:
    """What was said last of everything, and how many checkpoints there are since one that named everything."""
    known, since, table, begins = Known(), 0, tables.checkpoints, _last_whole(rows)
    for row in rows.each(table, table.c.number >= begins, order_by=[table.c.number]):
        # One that is damaged is named by `verify`; what it said is said again.
        if rows.is_proven(table, row):
            known.take_in(_of(row).content)
            since += 1
        elif row["number"] == begins:
            return Known(), 0
    return known, since


def _last_whole(rows: Rows) -> int:
    return _highest(rows, tables.checkpoints.c.whole == 1)


def _highest(rows: Rows, *where: ColumnElement[bool]) -> int:
    (found,) = rows.ids(select(func.max(tables.checkpoints.c.number)).where(*where))
    return int(found or 0)


def _changed(rows: Rows, known: Known) -> Iterator[tuple[str, tuple[int, str]]]:
    """The conversations that are longer than they were, and those that are new: proven rows alone."""
    table = tables.conversations
    every = select(table.c.conversation_id, table.c.length, table.c.head).order_by(table.c.conversation_id)
    changed = [
        str(conversation_id)
        for conversation_id, length, head in rows.connection.execute(every.execution_options(yield_per=1000))
        # A head that is damaged may be anything: below, its row is proven or is not.
        if not isinstance(head, bytes) or known.conversations.get(conversation_id) != (length, head.hex())
    ]
    for start in range(0, len(changed), AT_ONCE):
        these = table.c.conversation_id.in_(changed[start : start + AT_ONCE])
        for row in rows.each(table, these, order_by=[table.c.conversation_id]):
            if rows.is_proven(table, row):
                yield row["conversation_id"], (row["length"], row["head"].hex())


def _packed(digests: Iterable[tuple[int, bytes]]) -> Iterator[list[Any]]:
    """Runs of numbers that follow each other: the first, and all their digests."""
    first, run, following = 0, b"", 0
    for number, digest in digests:
        if number != following:
            if run:
                yield [first, base64.b64encode(run).decode("ascii")]
            first, run = number, b""
        run, following = run + digest, number + 1
    if run:
        yield [first, base64.b64encode(run).decode("ascii")]


def _unpacked(packed: str) -> list[bytes]:
    run = base64.b64decode(packed)
    return [run[at : at + DIGEST_BYTES] for at in range(0, len(run), DIGEST_BYTES)]


def _of(row: Row) -> Checkpoint:
    return Checkpoint(row["said"], row["key"], row["signature"])


def _end_of(file: Path) -> Checkpoint | None:
    """The last one in a file. Only its end is read: it grows for years."""
    with suppress(FileNotFoundError), file.open("rb") as source:
        size, back = source.seek(0, os.SEEK_END), 1 << 16
        while size:
            source.seek(max(0, size - back))
            for line in reversed(source.read().split(b"\n")):
                if (found := Checkpoint.of_line(line.decode("ascii", "replace"))) is not None:
                    return found
            if back >= size:
                break
            back *= 4
    return None


def _ends_whole(target: Any) -> bool:
    size = target.seek(0, os.SEEK_END)
    if not size:
        return True
    target.seek(size - 1)
    return bool(target.read(1) == b"\n")


def made_at(row: Row) -> datetime:
    """When a checkpoint was made."""
    return moment(row["at"])


# --- looking ----------------------------------------------------------------------------------------------------------


@dataclass
class History:
    """What trusted checkpoints have said of everything, and in which of them."""

    conversations: dict[str, list[tuple[int, str, int]]] = field(default_factory=dict)
    """Length, head, and the number of the checkpoint that says so."""
    entries: dict[int, tuple[bytes, int]] = field(default_factory=dict)
    forgotten: dict[int, tuple[str, bytes, int]] = field(default_factory=dict)
    """Which it was, and the digest of its row."""
    audit: list[tuple[int, str, int, datetime]] = field(default_factory=list)
    """The same of the audit, and when it was signed."""

    @classmethod
    def of(cls, checkpoints: Sequence[Checkpoint]) -> Self:
        """Of these, in their order."""
        found = cls()
        for one in checkpoints:
            for of, (length, head) in one.content["conversations"].items():
                points = found.conversations.setdefault(of, [])
                if not points or points[-1][:2] != (length, head):
                    points.append((length, head, one.number))
            for first, packed in one.content["entries"]:
                for number, digest in enumerate(_unpacked(packed), first):
                    found.entries.setdefault(number, (digest, one.number))
            for number, of, digest in one.content["forgotten"]:
                found.forgotten.setdefault(number, (of, bytes.fromhex(digest), one.number))
            length, head = one.content["audit"]
            if length:
                found.audit.append((length, head, one.number, datetime.fromisoformat(one.content["at"])))
        return found
