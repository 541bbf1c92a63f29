"""Backups: what is kept in one sealed file, and the keys that open it in another, made after it.

The file of words holds no data key, sealed or not, so that what was forgotten is gone from it as soon as no file of
keys holds its key any more. Files of keys open with the root key; files of words with a key that the store has for its
whole life and that lies in each file of keys. So a new root key leaves earlier backups as good as they were.
"""

import base64
import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, Self

from bot.store import database, tables
from bot.store.audit import AuditAct
from bot.store.copying import copy_without_keys, put_on_a_server
from bot.store.errors import Damaged, NotBackedUp, NotRead, NotRestored
from bot.store.forgetting import Forgotten, Rule
from bot.store.frames import DAMAGED, SealedWriter, opened, read_head, write_head
from bot.store.keys import FOR_LASTING
from bot.store.rows import stamp
from bot.store.sealing import KeyProblem, Purpose, RootKey, derive
from bot.store.store import Store
from bot.store.verifying import Problem, verify

FORM = 1
"""How files of backups are written. A newer version may write them otherwise."""

SALT_BYTES = 32
_NAME = re.compile(r"ownwords-([0-9a-f]{16})-(\d{8}T\d{6}\.\d{6}Z)-(words|keys)\.backup")
_STAMP = "%Y%m%dT%H%M%S.%fZ"
_SCRATCH = "backing-up"
_ENDED = (tables.visits, tables.sessions, tables.links)
"""What lets somebody in without being asked who they are."""


class What(StrEnum):
    """What a file holds."""

    WORDS = "words"
    KEYS = "keys"


@dataclass(frozen=True, slots=True)
class Head:
    """What may be read of a file without a key."""

    what: What
    form: int
    store_id: str
    made_at: datetime
    migration: str
    root_key_id: str
    """The root key that it needs: a file of keys itself, a file of words by the file of keys made with it."""
    salt: str

    def written(self) -> dict[str, str | int]:
        """It, to be written."""
        made_at = self.made_at.isoformat()
        return {name: getattr(self, name) for name in self.__slots__ if name != "made_at"} | {"made_at": made_at}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a file of words. No words."""

    migration: str
    rows: Mapping[str, int]
    """How many there are in each table."""
    conversations: Mapping[str, tuple[int, str]]
    """How long each conversation is, and the head of its chain."""
    logs: Mapping[str, tuple[int, str]]
    """How far each log has come, and its head."""

    def written(self) -> bytes:
        """It, to be written."""
        said = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(said, sort_keys=True).encode("ascii")

    @property
    def digest(self) -> str:
        """Of all of it. Written down somewhere else, it shows later that nothing was put in another's place."""
        return hashlib.sha256(self.written()).hexdigest()


@dataclass(frozen=True, slots=True)
class Kept:
    """One file of a backup, as its name tells of it."""

    path: Path
    store_id: str
    made_at: datetime
    what: What


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A backup that was made."""

    words: Path
    keys: Path
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of a backup that was to be restored."""

    made_at: datetime
    manifest: Manifest
    keys_made_at: datetime
    problems: tuple[Problem, ...]
    """What is not as it was kept. Where there is any, nothing was put in place."""
    forgotten: int
    """Enquiries and conversations that were forgotten since, and were forgotten again."""
    passed_over: tuple[Path, ...]
    """Newer files of keys that could not be used."""


def store_id_of(store: Store) -> str:
    """The name of a store in its backups. It tells nothing of a key."""
    return store.derive(Purpose.NAMING_THE_STORE)[:8].hex()


def listed(folder: Path) -> list[Kept]:
    """The files of backups in a folder, the oldest first, by their names. Half-made ones are not among them."""
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        if named := _NAME.fullmatch(path.name):
            made_at = datetime.strptime(named[2], _STAMP).replace(tzinfo=UTC)
            found.append(Kept(path, named[1], made_at, What(named[3])))
    return sorted(found, key=lambda kept: (kept.made_at, kept.what))


# --- making one -------------------------------------------------------------------------------------------------------


def back_up(store: Store, folder: Path, now: datetime) -> BackedUp:
    """Make a backup while others read and write. It is whole, or there is none. Raises `NotBackedUp`.

    The file of words gets its name last: whatever has that name has the keys that open it beside it.
    """
    try:
        return _backed_up(store, database.file_of(store.engine.url), folder, now)
    except NotRead as error:
        raise NotBackedUp(f"No backup was made: {error.cause}.") from error
    except sqlite3.Error as error:
        cause = database.cause_in_sqlite(error)
        # SQLite's own message may quote what is in a damaged file.
        raise NotBackedUp(
            f"No backup was made: {cause}." if cause else f"No backup was made. {database.DAMAGED}"
        ) from None
    except OSError as error:
        where = error.filename or folder
        raise NotBackedUp(
            f"No backup was made: {where} could not be written ({error.strerror}). "
            "See that the folder is there, is this account's, and has room."
        ) from error


def _backed_up(store: Store, path: Path | None, folder: Path, now: datetime) -> BackedUp:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    store_id = store_id_of(store)
    earlier = [one.made_at for one in listed(folder) if one.store_id == store_id]
    # Where the clock was put back, what comes later is still later: the newest keys are those of the newest file.
    now = max([now, *(made_at + timedelta(microseconds=1) for made_at in earlier)])
    name = f"ownwords-{store_id}-{now.astimezone(UTC).strftime(_STAMP)}"
    words, keys = folder / f"{name}-words.backup", folder / f"{name}-keys.backup"
    root = store.root
    # What a server keeps has no folder beside it; without a key, the copy opens as little as the backup does.
    with _alone((folder if path is None else path.parent) / _SCRATCH) as scratch:
        for left in folder.glob(f"ownwords-{store_id}-*.part"):
            left.unlink()
        if path is None:
            copy = scratch / "without-keys.sqlite3"
            copy_without_keys(store, copy)
        else:
            copy = _copy_without_keys(path, scratch)
        with closing(sqlite3.connect(copy)) as copied:
            manifest = manifest_of(copied)
        with _part_of(words) as file:
            head = Head(What.WORDS, FORM, store_id, now, manifest.migration, root.key_id, _salt())
            said = manifest.written()
            writer = _writer(file, head, store.derive(Purpose.BACKED_UP_WORDS))
            writer.write(len(said).to_bytes(8) + said)
            with copy.open("rb") as source:
                while read := source.read(1 << 20):
                    writer.write(read)
            writer.finish()
        try:
            with _part_of(keys) as file:
                head = Head(What.KEYS, FORM, store_id, now, manifest.migration, root.key_id, _salt())
                writer = _writer(file, head, root.derive(Purpose.BACKED_UP_KEYS))
                writer.write(_keys_of(store, root))
                writer.finish()
            _put_in_place(keys)
            _put_in_place(words)
        except BaseException:
            _part(words).unlink(missing_ok=True)
            raise
    return BackedUp(words, keys, manifest)


def tidy_up(store: Store) -> None:
    """Remove what a backup that was killed left beside the database: there are keys in it."""
    path = database.file_of(store.engine.url)
    if path is not None:
        with suppress(NotBackedUp, OSError), _alone(path.parent / _SCRATCH):
            pass


@contextmanager
def _alone(scratch: Path) -> Iterator[Path]:
    """A folder for what is made on the way, beside the database: nothing of it is sealed any further there.

    One backup at a time; what one that was killed left is removed.
    """
    with scratch.with_suffix(".lock").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotBackedUp("Another backup is being made.") from None
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700)
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


def _copy_without_keys(path: Path, scratch: Path) -> Path:
    whole, without = scratch / "whole.sqlite3", scratch / "without-keys.sqlite3"
    with closing(sqlite3.connect(path, timeout=database.LOCKED_FOR)) as live, closing(sqlite3.connect(whole)) as copied:
        # In one step: it sees one moment of the database, and in WAL mode keeps nobody from writing.
        live.backup(copied)
        for said in copied.execute("PRAGMA integrity_check"):
            if said != ("ok",):
                raise NotBackedUp(f"No backup was made. {database.DAMAGED}")
        # It is thrown away in a moment: it needs no journal.
        copied.execute("PRAGMA journal_mode=DELETE").fetchall()
        copied.execute("PRAGMA journal_mode=OFF").fetchall()
        copied.execute("PRAGMA synchronous=OFF")
        copied.execute("PRAGMA secure_delete=ON").fetchall()
        copied.execute("DELETE FROM keys")
        copied.commit()
        # Written anew: nothing is left in it of what was deleted, not even between the rows.
        copied.execute("VACUUM INTO ?", (str(without),))
    whole.unlink()
    return without


def manifest_of(copied: sqlite3.Connection) -> Manifest:
    """What is in a database, whatever its migration. The keys do not count."""
    names = [name for (name,) in copied.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    counted = [name for name in names if name not in {"keys", "alembic_version"} and not name.startswith("sqlite_")]
    said = {"conversations": ("conversation_id", "length"), "logs": ("log", "number")}
    ends = {
        table: {
            str(of): (int(number), "" if head is None else bytes(head).hex())
            for of, number, head in copied.execute(f"SELECT {of}, {number}, head FROM {table} ORDER BY {of}")  # noqa: S608
        }
        for table, (of, number) in said.items()
        if table in counted
    }
    return Manifest(
        migration=str(copied.execute("SELECT version_num FROM alembic_version").fetchone()[0]),
        rows={name: int(copied.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]) for name in counted},  # noqa: S608
        conversations=ends.get("conversations", {}),
        logs=ends.get("logs", {}),
    )


def _keys_of(store: Store, root: RootKey) -> bytes:
    with store.reading_rows() as rows:
        # While a root key is being replaced, some lie under the other one: a file needs one root key alone.
        each = rows.each(tables.keys, order_by=[tables.keys.c.key_id])
        keys = [_portable(store.wrapped_under(root, row)) for row in each]
        gone = [{**asdict(one), "at": one.at.isoformat()} for one in store.apart(rows).forgetting.listed()]
    return json.dumps({"keys": keys, "forgotten": gone}).encode("ascii")


def _portable(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {"bytes": base64.b64encode(value).decode("ascii")} if isinstance(value, bytes) else value
        for name, value in row.items()
    }


def _from_portable(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: base64.b64decode(value["bytes"]) if isinstance(value, dict) else value for name, value in row.items()}


@dataclass(frozen=True, slots=True)
class _Keys:
    """What a file of keys holds."""

    head: Head
    rows: Sequence[Mapping[str, Any]]
    forgotten: Sequence[Forgotten]
    passed_over: tuple[Path, ...]

    @classmethod
    def read(cls, head: Head, written: bytes, passed_over: Iterable[Path]) -> Self:
        said = json.loads(written)
        gone = [
            Forgotten(**{**one, "rule": Rule(one["rule"]), "at": datetime.fromisoformat(one["at"])})
            for one in said["forgotten"]
        ]
        return cls(head, [_from_portable(row) for row in said["keys"]], gone, tuple(passed_over))

    def lasting(self, root: RootKey) -> bytes:
        """The secret that the store has for its whole life."""
        for row in self.rows:
            if row["purpose"] == FOR_LASTING:
                return root.unwrap(row["wrapped"])
        raise Damaged("The store's own key is not among the keys.")


def _salt() -> str:
    return secrets.token_bytes(SALT_BYTES).hex()


def _writer(file: BinaryIO, head: Head, secret: bytes) -> SealedWriter:
    return SealedWriter(file, derive(secret, head.salt), write_head(file, head.written()))


def _part(path: Path) -> Path:
    return path.with_name(path.name + ".part")


@contextmanager
def _part_of(path: Path) -> Iterator[BinaryIO]:
    """A file that is not there yet under its own name, for this account alone (0600), on disk when it ends."""
    part = _part(path)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _put_in_place(path: Path) -> None:
    _part(path).replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


# --- restoring one ----------------------------------------------------------------------------------------------------


def restore(
    file: Path,
    to: str | Path,
    root: RootKey,
    now: datetime,
    *,
    keys: Path | None = None,
    verifying: bool = False,
    by_way_of: Path | None = None,
    also: Iterable[RootKey] = (),
) -> Restored:
    """Put a backup where no database is. Raises `NotRestored`, `KeyProblem`; `NotReady`, `NotKept` of a server.

    `by_way_of` is the folder in which it is made ready for a server. It does not matter what it was a backup of.
    `keys` is the folder with the files of keys, or one of them: the newest that fits is taken, because it alone knows
    what was forgotten since. `verifying`: every row, seal and chain is looked at first, and what is found is returned.
    `also`: the other root key, while one is being replaced: the newest keys may lie under either.
    """
    path, roots = database.file_of(database.url_of(to)), (root, *also)
    if path is None:
        assert by_way_of is not None
        return _restored_to_a_server(file, str(to), by_way_of, roots, now, keys, verifying=verifying)
    for there in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))):
        if there.exists():
            raise NotRestored(f"There is {there} already. A backup is restored where no database is, never over one.")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        scratch = path.parent / "restoring"
        # What one that was killed left.
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700)
        try:
            return _restored(file, path, scratch, roots, now, keys or file.parent, verifying=verifying)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except sqlite3.Error as error:
        cause = database.cause_in_sqlite(error)
        raise NotRestored(f"{file} was not restored: {cause or 'it holds no whole database'}.") from None
    except OSError as error:
        raise NotRestored(f"{error.filename or file}: {error.strerror}. Nothing was restored.") from error


def _restored_to_a_server(
    file: Path, to: str, by_way_of: Path, roots: Sequence[RootKey], now: datetime, keys: Path | None, *, verifying: bool
) -> Restored:
    if Store.is_made(to):
        raise NotRestored("There is a database on the server already. A backup is restored into an empty one.")
    scratch = by_way_of / "restoring-to-a-server"
    # What one that was killed left.
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        made = scratch / "ownwords.sqlite3"
        outcome = restore(file, made, roots[0], now, keys=keys, verifying=verifying, also=roots[1:])
        if made.exists():
            put_on_a_server(made, to)
        return outcome
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _restored(
    file: Path, to: Path, scratch: Path, roots: Sequence[RootKey], now: datetime, keys_at: Path, *, verifying: bool
) -> Restored:
    head = head_of(file)
    if head.what is not What.WORDS:
        raise NotRestored(f"{file} is a file of keys. Name the file of words; keys are found by themselves.")
    _check_not_newer(file, head)
    keys, root = _newest_keys(head, keys_at, roots)
    made = scratch / to.name
    manifest = _take_words_out(file, derive(keys.lasting(root), Purpose.BACKED_UP_WORDS), made)
    problems: list[Problem] = []
    with closing(sqlite3.connect(made)) as restored:
        found = [str(said) for (said,) in restored.execute("PRAGMA integrity_check")]
        problems += [Problem("database", " ".join(said.split())) for said in found if said != "ok"]
        problems += missing_from(manifest, manifest_of(restored))
        names = list(keys.rows[0])
        inserted = f"INSERT INTO keys ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608 our own
        restored.executemany(inserted, [[row[name] for name in names] for row in keys.rows])
        restored.commit()
    Store.migrate(made, root, now)
    with closing(Store.open(made, root)) as store:
        forgotten = _begin_again(store, keys.forgotten, now)
        if verifying:
            problems += verify(store, now=now)
        store.scrub()
    outcome = Restored(head.made_at, manifest, keys.head.made_at, tuple(problems), forgotten, keys.passed_over)
    if verifying and problems:
        return outcome
    with closing(sqlite3.connect(made)) as restored:
        # All of it in the one file, which then gets its name.
        restored.execute("PRAGMA journal_mode=DELETE").fetchall()
    made.chmod(0o600)
    with made.open("rb+") as whole:
        os.fsync(whole.fileno())
    try:
        # Unlike a renaming, it never takes the place of a file that is there.
        to.hardlink_to(made)
    except FileExistsError:
        raise NotRestored(f"There is {to} by now. A backup is restored where no database is.") from None
    _sync(to.parent)
    return outcome


def head_of(file: Path) -> Head:
    """What a file says of itself. Raises `NotRestored`."""
    with file.open("rb") as source:
        return _head(file, _read_head(file, source))


def _read_head(file: Path, source: BinaryIO) -> bytes:
    try:
        return read_head(source)
    except NotRestored as error:
        raise NotRestored(f"{file}: {error}") from None


def _head(file: Path, written: bytes) -> Head:
    try:
        said = json.loads(written)
        form = int(said["form"])
        if form > FORM:
            raise NotRestored(f"{file} was made by a newer version of Own Words. Restore it with that one.")
        return Head(
            What(said["what"]),
            form,
            str(said["store_id"]),
            datetime.fromisoformat(said["made_at"]),
            str(said["migration"]),
            str(said["root_key_id"]),
            str(said["salt"]),
        )
    except (ValueError, KeyError, TypeError):
        raise NotRestored(f"{file}: {DAMAGED}") from None


def _check_not_newer(file: Path, head: Head) -> None:
    if head.migration > tables.REVISION:
        raise NotRestored(
            f"{file} was made by a newer version of Own Words: its tables are those of migration {head.migration}; "
            f"this version knows {tables.REVISION}. Restore it with the newer version."
        )


def _newest_keys(words: Head, at: Path, roots: Sequence[RootKey]) -> tuple[_Keys, RootKey]:
    """The keys of the newest file that fits: of the same store, and made no earlier than the words. And their root."""
    by_id = {root.key_id: root for root in roots}
    candidates = [at] if at.is_file() else [kept.path for kept in listed(at) if kept.what is What.KEYS]
    passed_over: list[Path] = []
    fitting: list[tuple[Head, Path]] = []
    for path in candidates:
        try:
            head = head_of(path)
        except (NotRestored, OSError):
            passed_over.append(path)
            continue
        if head.what is What.KEYS and head.store_id == words.store_id and head.made_at >= words.made_at:
            fitting.append((head, path))
    under = sorted({head.root_key_id for head, _ in fitting})
    for head, path in sorted(fitting, key=lambda one: one[0].made_at, reverse=True):
        root = by_id.get(head.root_key_id)
        if root is None:
            passed_over.append(path)
            continue
        try:
            whole = b"".join(_frames(path, root.derive(Purpose.BACKED_UP_KEYS)))
        except (NotRestored, OSError):
            passed_over.append(path)
            continue
        return _Keys.read(head, whole, passed_over), root
    if under and not by_id.keys() & set(under):
        raise KeyProblem(
            f"The keys of this backup were sealed under root key {' or '.join(under)}, not under {' or '.join(by_id)}.",
            "Put the right key file back.",
        )
    if passed_over:
        raise NotRestored(
            f"{', '.join(map(str, passed_over))}: {DAMAGED} No other file of keys fits the file of words."
        )
    raise NotRestored(
        f"In {at} there are no keys for this file of words. Its file of keys has the same name with -keys in it; any "
        "later one of the same database is good too. Say where they are with --keys."
    )


def _frames(path: Path, secret: bytes) -> Iterator[bytes]:
    with path.open("rb") as source:
        written = _read_head(path, source)
        try:
            yield from opened(source, derive(secret, _head(path, written).salt), written)
        except NotRestored as error:
            raise NotRestored(f"{path}: {error}") from None


def _take_words_out(file: Path, secret: bytes, to: Path) -> Manifest:
    frames, waiting = _frames(file, secret), bytearray()

    def read(length: int) -> bytes:
        while len(waiting) < length and (frame := next(frames, b"")):
            waiting.extend(frame)
        taken = bytes(waiting[:length])
        del waiting[:length]
        return taken

    said = json.loads(read(int.from_bytes(read(8))))
    with os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
        written.write(waiting)
        for frame in frames:
            written.write(frame)
        written.flush()
        os.fsync(written.fileno())
    return Manifest(
        migration=said["migration"],
        rows=said["rows"],
        conversations={of: (number, head) for of, (number, head) in said["conversations"].items()},
        logs={of: (number, head) for of, (number, head) in said["logs"].items()},
    )


def missing_from(manifest: Manifest, found: Manifest) -> list[Problem]:
    """What a manifest says is in a database, and is not; and what is in it beside that."""
    problems = []
    for conversation_id in sorted(manifest.conversations.keys() | found.conversations.keys()):
        said, there = manifest.conversations.get(conversation_id), found.conversations.get(conversation_id)
        if there is None:
            problems.append(Problem("conversations", "it was in the backup and is missing", conversation_id))
        elif said is None:
            problems.append(Problem("conversations", "it was not in the backup", conversation_id))
        elif said != there:
            problems.append(Problem("conversations", "it does not end as it did in the backup", conversation_id))
    for log in sorted(manifest.logs.keys() | found.logs.keys()):
        if manifest.logs.get(log) != found.logs.get(log):
            problems.append(Problem("logs", "it does not end as it did in the backup", row=f"log {log}"))
    for table in sorted(manifest.rows.keys() | found.rows.keys()):
        said_of, there_of = manifest.rows.get(table, 0), found.rows.get(table, 0)
        if said_of != there_of:
            problems.append(Problem(table, f"the backup had {said_of} rows of it; there are {there_of}"))
    return problems


def _begin_again(store: Store, forgotten: Sequence[Forgotten], now: datetime) -> int:
    """Forget again what was forgotten since, and say how much that was. Let nobody be in who was then.

    They may have left since. Codes and passwords stay good.
    """
    with store.begin() as kept:
        done = kept.forgetting.again(forgotten)
    with store.writing_rows() as rows:
        for table in _ENDED:
            for row in list(rows.each(table, table.c.ended_at.is_(None), order_by=list(table.primary_key.columns))):
                if rows.is_proven(table, row):
                    rows.replace(table, row, to={"ended_at": stamp(now)})
    # Where the audit is damaged, `verify` says so.
    with suppress(Damaged), store.begin() as kept:
        kept.audit.add(AuditAct.RESTORED, now)
    return done
