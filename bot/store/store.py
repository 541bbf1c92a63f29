"""The store as a whole. One `with` is one promise kept: all of it is on disk when it ends, or none of it."""

import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Generic, Self, TypeVar

from anyio import to_thread
from sqlalchemy import Connection, Engine, inspect, literal_column, select, table
from sqlalchemy import func as sql
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from bot.conversation import State
from bot.enquiry import Told
from bot.facts import Facts, facts_of, unreadable
from bot.outcomes import outcomes
from bot.records import standing as standing_records
from bot.store import accounts, database, logs, tables
from bot.store.accounts import Accounts, Teams
from bot.store.allocations import Allocations
from bot.store.attempts import Attempts
from bot.store.audit import Audit
from bot.store.codes import Codes
from bot.store.conversations import Conversation, Conversations
from bot.store.council import Council
from bot.store.cuts import Cuts
from bot.store.database import naming_causes
from bot.store.deeds import Deeds
from bot.store.drafts import Drafts
from bot.store.duty import Duty
from bot.store.enquiries import Enquiries, digest_of
from bot.store.entries import Entries, EntryKind
from bot.store.errors import Cause, Damaged, Missing, NotKept, NotRead, NotReady
from bot.store.facts import KeptFacts, Touched
from bot.store.flags import Flags
from bot.store.forgetting import Forgetting
from bot.store.gathering import Gathered, GatheredRows, NewConversations, NewEnquiries, NewEntries
from bot.store.invitations import Invitations
from bot.store.keys import FOR_LASTING, Keys, OpenedKeys, RootKeys, add_key
from bot.store.outcomes import Outcomes
from bot.store.passkeys import Passkeys
from bot.store.preferences import KeptPreferences
from bot.store.quotes import Quotes
from bot.store.remembered import RememberedSums, RememberedTurns
from bot.store.retention import Retention
from bot.store.reviews import Reviews
from bot.store.rows import Row, Rows, Value, is_proven, prove
from bot.store.sealing import KEY_BYTES, KeyProblem, Purpose, RootKey, derive
from bot.store.sessions import Links, Sessions
from bot.store.standing import Standing
from bot.store.taking_turns import TakingTurns
from bot.store.tokens import Tokens
from bot.store.visits import Visits
from bot.store.voices import Voices
from bot.store.work import Work

FINDING = (Purpose.REFERENCES, Purpose.EMAILS, Purpose.PASSKEYS, Purpose.ENTRIES)
"""What rows are found by is a digest under a key of its own."""

ROTATED_AT_ONCE = 100
"""Data keys that one transaction of a rotation wraps anew: nobody who writes waits for long."""

SETTLED_AT_ONCE = 100
"""Conversations whose state one transaction of a migration works out."""


MARKED_AT_ONCE = 10_000
"""Enquiries that one transaction of a migration marks."""

Read = TypeVar("Read")

WORKED_OUT_AT_ONCE = 25
"""Enquiries whose facts are worked out before they are kept, and kept in one transaction."""

_NOBODY_WAITS: AbstractContextManager[object] = nullcontext()


@dataclass(frozen=True, slots=True)
class Rotated:
    """What became of a change of root key."""

    wrapped: int
    """Data keys that lie under the new one since."""
    damaged: int
    """Rows that are not as they were kept, and were left as they are. `verify` names them."""


Made = TypeVar("Made")


class _Part(Generic[Made]):
    """A part of a transaction, made when it is first asked for: most transactions need few of them."""

    def __init__(self, make: "Callable[[Transaction], Made]") -> None:
        self._make = make

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, kept: "Transaction", owner: type) -> Made:
        made = self._make(kept)
        vars(kept)[self._name] = made
        return made


class Transaction:
    """All that is kept, for as long as one transaction lasts."""

    def __init__(
        self,
        rows: Rows,
        keys: Keys,
        remembered: RememberedTurns,
        finding: Mapping[Purpose, bytes],
        sums: RememberedSums | None = None,
    ) -> None:
        self._rows = rows
        self._keys = keys
        self._remembered = remembered
        self._finding = finding
        self._sums = sums

    enquiries = _Part(lambda kept: Enquiries(kept._rows, kept._keys, kept._finding[Purpose.REFERENCES]))
    invitations = _Part(lambda kept: Invitations(kept._rows, kept._keys))
    conversations = _Part(lambda kept: Conversations(kept._rows, kept._keys, kept._remembered))
    quotes = _Part(lambda kept: Quotes(kept._rows))
    outcomes = _Part(lambda kept: Outcomes(kept._rows))
    reviews = _Part(lambda kept: Reviews(kept._rows))
    flags = _Part(lambda kept: Flags(kept._rows))
    drafts = _Part(lambda kept: Drafts(kept._rows, kept._keys))
    preferences = _Part(lambda kept: KeptPreferences(kept._rows))
    visits = _Part(lambda kept: Visits(kept._rows))
    codes = _Part(lambda kept: Codes(kept._rows))
    attempts = _Part(lambda kept: Attempts(kept._rows))
    teams = _Part(lambda kept: Teams(kept._rows, kept._keys))
    accounts = _Part(lambda kept: Accounts(kept._rows, kept._keys, kept._finding[Purpose.EMAILS]))
    links = _Part(lambda kept: Links(kept._rows))
    sessions = _Part(lambda kept: Sessions(kept._rows))
    passkeys = _Part(lambda kept: Passkeys(kept._rows, kept._keys, kept._finding[Purpose.PASSKEYS]))
    entries = _Part(lambda kept: Entries(kept._rows, kept._keys, kept._finding[Purpose.ENTRIES]))
    allocations = _Part(lambda kept: Allocations(kept._rows))
    tokens = _Part(lambda kept: Tokens(kept._rows, kept._keys))
    audit = _Part(lambda kept: Audit(kept._rows))
    cuts = _Part(lambda kept: Cuts(kept._rows, kept.audit))
    council = _Part(lambda kept: Council(kept._rows, kept._keys))
    voices = _Part(lambda kept: Voices(kept._rows, kept.entries))
    deeds = _Part(lambda kept: Deeds(kept._rows, kept._keys))
    work = _Part(lambda kept: Work(kept._rows, kept._keys, kept.enquiries, kept.allocations))
    standing = _Part(lambda kept: Standing(kept._rows, kept.enquiries))
    facts = _Part(lambda kept: KeptFacts(kept._rows, kept._sums))
    forgetting = _Part(lambda kept: Forgetting(kept._rows, kept._keys, kept._remembered))
    retention = _Part(lambda kept: Retention(kept._rows))

    def told(self, conversation_id: str) -> Told:
        """One conversation, worked out: where it stands, and what its record says. Raises `Missing`."""
        return self._told(self.conversations.get(conversation_id))

    def settle(self, conversation_id: str, now: datetime) -> None:
        """Work out how far a conversation is, and keep it: to be said wherever turns were added. Raises `Missing`."""
        self.conversations.settle(conversation_id, self.conversations.standing(conversation_id).state, now)

    def told_in(self, enquiry_id: str) -> tuple[Told, ...]:
        """All conversations of an enquiry, worked out, in the order they began."""
        return tuple(self._told(conversation) for conversation in self.conversations.listed(enquiry_id=enquiry_id))

    def facts_of(self, enquiry_id: str) -> Facts:
        """What an enquiry counts as, worked out from all that is kept of it now. Raises `Missing`.

        One of which something is damaged is in no figure, and is named; `Damaged` is raised where not even that can be.
        """
        enquiry = self.enquiries.get(enquiry_id)
        team_id = self.allocations.access(enquiry_id).team_id
        opened_on = enquiry.opened_at.date()
        closed_on = None if enquiry.closed_at is None else enquiry.closed_at.date()
        try:
            written = self.entries.of_enquiry(enquiry_id)
            return facts_of(
                enquiry_id=enquiry_id,
                team_id=team_id,
                opened_on=opened_on,
                closed_on=closed_on,
                told=self.told_in(enquiry_id),
                records=standing_records([one for one in written if one.kind is EntryKind.RECORD]),
                themes=[one for one in written if one.kind is EntryKind.THEME],
            )
        except Damaged:
            return unreadable(enquiry_id, team_id, opened_on, closed_on)

    def _told(self, conversation: Conversation) -> Told:
        conversation_id = conversation.conversation_id
        stands = self.conversations.standing(conversation_id)
        desired, marks = self.outcomes.desired(conversation_id), self.outcomes.marks(conversation_id)
        return Told(conversation, stands, outcomes(stands, desired, marks), self.reviews.of(conversation_id))


class Store:
    """Where words are kept. Synchronous: call it in a worker thread."""

    def __init__(self, engine: Engine, roots: RootKeys, lasting: bytes) -> None:
        self.engine = engine
        self._roots = roots
        self._lasting = lasting
        self._proof_key = self.derive(Purpose.PROOFS)
        self._finding = {purpose: self.derive(purpose) for purpose in FINDING}
        self._opened = OpenedKeys()
        self._remembered = RememberedTurns()
        self._sums = RememberedSums()
        self.duty = Duty(engine)
        self._forgotten = 0
        self._writing = threading.Lock()
        self._writer: int | None = None
        self.turns = TakingTurns(engine)
        """Who asks the dialogue engine about a conversation, over all programs that serve this database."""

    @staticmethod
    def migrate(address: str | Path, root: RootKey, now: datetime, *, also: Iterable[RootKey] = ()) -> None:
        """Make the database if need be and bring its tables up to date. Raises `NotReady`, `NotKept`.

        `also`: the other root key, while one is being replaced.

        How far each conversation is that is older than the place for it is worked out, too, some at a time:
        interrupted, it may be done again.
        """
        from bot.store import migrating

        url = database.url_of(address)
        if (path := database.file_of(url)) is not None:
            database.prepare_file(path)
        engine = database.connect(url)
        try:
            with (
                _naming_what_a_server_refuses(url),
                naming_causes(NotKept),
                engine.connect() as connection,
                connection.begin(),
            ):
                database.wait_for_answers(connection, None)
                database.write_alone(connection)
                database.check_server(connection)
                _check_not_newer(migration_of(connection))
                migrating.upgrade(connection)
                if connection.execute(select(sql.count()).select_from(tables.keys)).scalar_one() == 0:
                    secret = secrets.token_bytes(KEY_BYTES)
                    rows = Rows(connection, derive(secret, Purpose.PROOFS), may_write=True)
                    add_key(rows, FOR_LASTING, secret, root, now)
            roots = RootKeys(root, also)
            with _naming_what_a_server_refuses(url):
                _settle_all(engine, roots)
                _count_all(engine, roots)
        finally:
            engine.dispose()

    @classmethod
    def open(
        cls,
        address: str | Path,
        root: RootKey,
        *,
        also: Iterable[RootKey] = (),
        look: Callable[[], Iterable[RootKey]] | None = None,
    ) -> Self:
        """Open a database. `also`: the other root key, while one is being replaced; `look`: as `RootKeys` has it.

        Raises `NotReady` when it was not migrated or cannot be written, `KeyProblem` when this is not its root key.
        """
        url = database.url_of(address)
        if (path := database.file_of(url)) is not None:
            database.require_file(path)
        engine = database.connect(url)
        roots = RootKeys(root, also, look)
        try:
            with (
                _naming_what_a_server_refuses(url),
                naming_causes(NotRead),
                database.connect_to_read(engine) as connection,
            ):
                _check_migrated(connection)
                lasting = _lasting_key(connection, roots)
        except DBAPIError as error:
            engine.dispose()
            raise Damaged("The database is not one of Own Words, or damaged. Restore it from a backup.") from error
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, roots, lasting)

    @staticmethod
    def is_made(address: str | Path) -> bool:
        """Whether there is a database already: then something in it may be sealed. Raises `NotReady`."""
        url = database.url_of(address)
        if (path := database.file_of(url)) is not None:
            return path.exists()
        engine = database.connect(url)
        try:
            with (
                _naming_what_a_server_refuses(url),
                naming_causes(NotRead),
                database.connect_to_read(engine) as connection,
            ):
                return migration_of(connection) is not None
        finally:
            engine.dispose()

    async def soon(self, read: Callable[[], Read]) -> Read:
        """Read a little, for a page. A file is read sooner than another thread has begun; for a server one waits there.

        In a file, who reads waits for nobody who writes.
        """
        return read() if self.engine.dialect.name == "sqlite" else await to_thread.run_sync(read)

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        """Promise to keep something. Raises `NotKept` when it could not be; then none of it was."""
        with self.writing_rows() as rows:
            yield self._transaction(rows)

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Read everything as it was at one moment, without waiting for who writes. Raises `NotRead`."""
        with self.reading_rows() as rows:
            yield self._transaction(rows, self._sums)

    @contextmanager
    def gathering(self, turn: AbstractContextManager[object] = _NOBODY_WAITS) -> Iterator[tuple[Transaction, Gathered]]:
        """Make whole enquiries that nobody has yet, a great many at once: they are all kept when it ends, or none.

        Nobody waits for it until everything is made; `turn` is held while it is kept. Raises `Taken` when a reference
        is, and `NotKept`.
        """
        made = GatheredRows(self._proof_key)
        gathered = Gathered()
        root = self.root
        keys = Keys(made, self._roots, OpenedKeys(), under=root)
        remembered = RememberedTurns()
        kept = Transaction(made, keys, remembered, self._finding)
        kept.entries = NewEntries(made, keys, self._finding[Purpose.ENTRIES], gathered)
        kept.conversations = NewConversations(made, keys, remembered)
        kept.enquiries = NewEnquiries(made, keys, self._finding[Purpose.REFERENCES])
        yield kept, gathered
        with turn, self.writing_rows() as rows:
            if self.keys(rows).root().key_id != root.key_id:
                # Its data keys would be left behind under the earlier root key.
                raise NotKept(Cause.BUSY)
            end = logs.end(rows, logs.ENTRIES)
            before = int(end["number"])
            made.add(tables.logs, {"log": logs.ENTRIES, "number": before})
            kept.entries.add_all(
                [
                    replace(
                        entry,
                        number=before + entry.number,
                        replaces=None if entry.replaces is None else before + entry.replaces,
                    )
                    for entry in gathered.entries
                ]
            )
            for table, proven in made.written():
                if table is not tables.logs:
                    rows.add_proven(table, proven)
            if gathered.entries:
                logs.grow(rows, end, by=len(gathered.entries))

    def work_out_facts(self, at_most: int | None = None) -> int:
        """Bring up to date what enquiries count as, and say how many there were. Raises `NotRead`, `NotKept`.

        Nobody waits for the working out: what changes meanwhile is worked out the next time. `at_most`: to stop after.
        """
        done, last = 0, ""
        while at_most is None or done < at_most:
            found: list[tuple[Facts, str]] = []
            with self.reading_rows() as rows:
                # Conversations that go on are read again and again: those remembered for them stay.
                seen = self.apart(rows)
                due = seen.facts.due(WORKED_OUT_AT_ONCE, after=last)
                for enquiry_id, mark in due.items():
                    # One that is damaged altogether stays marked, and `verify` names it.
                    with suppress(Damaged, Missing):
                        found.append((seen.facts_of(enquiry_id), mark))
            if not due:
                break
            with self.begin() as kept:
                for facts, mark in found:
                    kept.facts.settle(facts, mark)
            done, last = done + len(due), max(due)
        return done

    def derive(self, purpose: str) -> bytes:
        """256 bits for one purpose. They stay the same for the life of this database, whatever its root key."""
        return derive(self._lasting, purpose)

    @property
    def root(self) -> RootKey:
        """The root key that new data keys are wrapped under now. Raises `NotRead`, `Damaged`."""
        with self.reading_rows() as rows:
            return self.keys(rows).root()

    def rotate(self, root: RootKey, pause: float = 0.0) -> Rotated:
        """Wrap every data key anew under another root key, while others read and write. Raises `NotKept`, `Damaged`.

        The store's own key goes first: from then on every program wraps new data keys under this root key. The others
        follow some at a time, with a pause in seconds between, in which others write. Interrupted, it may be done
        again; until it is done, both root keys are in use.
        """
        self._roots.add(root)
        keys, wrapped, damaged, last = tables.keys, 0, 0, ""
        otherwise = keys.c.root_key_id != root.key_id
        with self.writing_rows() as rows:
            own = rows.first(keys, keys.c.purpose == FOR_LASTING, otherwise)
            if own is not None:
                rows.replace(keys, own, to=_wrapping(self.wrapped_under(root, own)))
                wrapped += 1
        while True:
            with self.writing_rows() as rows:
                left = rows.ids(
                    select(keys.c.key_id)
                    .where(otherwise, keys.c.key_id > last)
                    .order_by(keys.c.key_id)
                    .limit(ROTATED_AT_ONCE)
                )
                for row in list(rows.each(keys, keys.c.key_id.in_(left), order_by=[keys.c.key_id])):
                    if rows.is_proven(keys, row):
                        rows.replace(keys, row, to=_wrapping(self.wrapped_under(root, row)))
                        wrapped += 1
                    else:
                        # A damaged row keeps nothing else from lying under the new one.
                        damaged += 1
            if not left:
                return Rotated(wrapped, damaged)
            last = left[-1]
            time.sleep(pause)

    def wrapped_under(self, root: RootKey, row: Row) -> Row:
        """A row of keys as it is under this root key; a damaged one as it is. Raises `Damaged`."""
        if row["root_key_id"] == root.key_id or not is_proven(self._proof_key, tables.keys, row):
            return row
        wrapped = root.wrap(self._roots.unwrap(row["wrapped"], row["root_key_id"]))
        anew = {**row, "wrapped": wrapped, "root_key_id": root.key_id}
        return {**anew, "proof": prove(self._proof_key, tables.keys, anew)}

    def finds(self, reference: str) -> bytes:
        """The keyed digest that an enquiry is found by."""
        return digest_of(reference, self._finding[Purpose.REFERENCES])

    def finds_account(self, email: str) -> bytes:
        """The keyed digest that an account is found by."""
        return accounts.digest_of(email, self._finding[Purpose.EMAILS])

    def scrub(self) -> bool:
        """Leave nothing of what was deleted beside the database file. Raises `NotKept`.

        What is deleted is overwritten in the file; its log holds it until then. It says whether all of it is gone: a
        long reader stands in the way, and then it is to be done again.
        """
        if self.engine.dialect.name != "sqlite":
            return True
        with naming_causes(NotKept), closing(self.engine.raw_connection()) as connection:
            driver = connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            busy, _, _ = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    def let_go_of_the_forgotten(self) -> None:
        """Let go of whatever another process has forgotten: words that were read, and keys. Raises `NotRead`."""
        with self.reading_rows() as rows:
            forgotten = logs.length(rows, logs.FORGOTTEN)
        if forgotten != self._forgotten:
            self._forgotten = forgotten
            self._opened.clear()
            self._remembered.clear()

    def close(self) -> None:
        """Let go of all connections, turns and the duty."""
        self.turns.close()
        self.duty.close()
        self.engine.dispose()

    @contextmanager
    def writing_rows(self) -> Iterator[Rows]:
        """As `begin`, for what concerns rows themselves."""
        if self._writer == threading.get_ident():
            raise RuntimeError("One promise at a time: this thread has a transaction open.")
        # One writer at a time in this process: waiting here is quick, waiting in the database is not.
        if not self._writing.acquire(timeout=database.LOCKED_FOR):
            raise NotKept(Cause.BUSY)
        self._writer = threading.get_ident()
        try:
            with naming_causes(NotKept), self.engine.connect() as connection, connection.begin():
                database.wait_for_answers(connection, database.WRITES_WITHIN)
                database.write_alone(connection)
                touched = Touched()
                rows = Rows(connection, self._proof_key, may_write=True, notice=touched.notice)
                yield rows
                touched.mark(rows)
        finally:
            self._writer = None
            self._writing.release()

    @contextmanager
    def reading_rows(self) -> Iterator[Rows]:
        """As `reading`, for what concerns rows themselves."""
        with naming_causes(NotRead), database.connect_to_read(self.engine) as connection:
            yield Rows(connection, self._proof_key, may_write=False)

    def keys(self, rows: Rows) -> Keys:
        """The data keys of a transaction."""
        return Keys(rows, self._roots, self._opened)

    def apart(self, rows: Rows) -> Transaction:
        """All that is kept, as these rows have it, remembering nothing of it for others."""
        return Transaction(rows, self.keys(rows), RememberedTurns(), self._finding)

    def _transaction(self, rows: Rows, sums: RememberedSums | None = None) -> Transaction:
        return Transaction(rows, self.keys(rows), self._remembered, self._finding, sums)


def _wrapping(row: Row) -> Mapping[str, Value]:
    return {name: row[name] for name in ("wrapped", "root_key_id")}


def _count_all(engine: Engine, roots: RootKeys) -> None:
    """Work out what enquiries count as that are older than the place for it. Interrupted, it may be done again."""
    store = _store_in(engine, roots)
    if store is None:
        return
    while True:
        with store.begin() as kept:
            unmarked = kept.facts.unmarked(MARKED_AT_ONCE)
            kept.facts.mark(unmarked)
        if len(unmarked) < MARKED_AT_ONCE:
            break
    store.work_out_facts()


def _store_in(engine: Engine, roots: RootKeys) -> Store | None:
    with naming_causes(NotRead), database.connect_to_read(engine) as connection:
        try:
            lasting = _lasting_key(connection, roots)
        except (KeyProblem, Damaged):
            # Whoever opens the database is told. Until then no list is made from it.
            return None
    return Store(engine, roots, lasting)


def _settle_all(engine: Engine, roots: RootKeys) -> None:
    store = _store_in(engine, roots)
    if store is None:
        return
    with store.reading() as seen:
        unsettled = seen.conversations.unsettled()
    for start in range(0, len(unsettled), SETTLED_AT_ONCE):
        with store.begin() as kept:
            for conversation_id in unsettled[start : start + SETTLED_AT_ONCE]:
                # One that is damaged is named by `verify`; to the team it is not finished.
                with suppress(Damaged):
                    conversation = kept.conversations.get(conversation_id)
                    state, at = State.OPEN, conversation.begun_at
                    with suppress(Damaged, Missing):
                        state = kept.conversations.standing(conversation_id).state
                    if state is not State.OPEN and conversation.last_said_at is not None:
                        at = conversation.last_said_at
                    kept.conversations.settle(conversation_id, state, at)


@contextmanager
def _naming_what_a_server_refuses(url: URL) -> Iterator[None]:
    """At the start, say what is to be done about it."""
    try:
        yield
    except (NotKept, NotRead) as error:
        if error.cause is not Cause.AWAY or database.file_of(url) is not None:
            raise
        raise NotReady(database.why_away(error)) from error
    except DBAPIError as error:
        if not database.is_not_allowed(error):
            raise
        raise NotReady(
            "The account in OWNWORDS_DATABASE may not make or change tables, or has no right to one of them. With the "
            "account that owns the database do: python -m bot migrate. Then run deploy/postgresql/rights.sql."
        ) from error


def _check_migrated(connection: Connection) -> None:
    found = migration_of(connection)
    if found is None:
        raise NotReady("The database is empty. Make its tables with: python -m bot migrate")
    if found < tables.REVISION:
        raise NotReady(f"The tables are those of migration {found}, not {tables.REVISION}. Do: python -m bot migrate")
    _check_not_newer(found)


def _check_not_newer(found: str | None) -> None:
    if found is not None and found > tables.REVISION:
        raise NotReady(
            f"The tables are those of migration {found}; this version of Own Words knows {tables.REVISION}. "
            "Start the newer version."
        )


def migration_of(connection: Connection) -> str | None:
    """The migration that this database's tables are the outcome of; None where it has none."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(select(literal_column("version_num")).select_from(table("alembic_version"))).scalar()
    return None if found is None else str(found)


def _lasting_key(connection: Connection, roots: RootKeys) -> bytes:
    keys = tables.keys
    under = [str(found) for found in connection.execute(select(keys.c.root_key_id).distinct()).scalars()]
    row = connection.execute(select(keys).where(keys.c.purpose == FOR_LASTING)).one_or_none()
    if row is None:
        raise Damaged("The store's own key is not in the table of keys. Restore the database from a backup.")
    if roots.find(row.root_key_id) is None:
        if any(root_key_id in list(roots) for root_key_id in under):
            raise _interrupted(under)
        raise KeyProblem(
            f"The database was sealed under root key {row.root_key_id}, not under {' or '.join(roots)}.",
            "Put the right key file back.",
        )
    lasting = roots.unwrap(row.wrapped, row.root_key_id)
    proof_key = derive(lasting, Purpose.PROOFS)
    if not is_proven(proof_key, keys, row._asdict()):
        raise Damaged("The store's own key is not as it was kept. Restore the database from a backup.")
    for root_key_id in under:
        roots.find(root_key_id)
    # A row that is damaged is no rotation: `verify` names it, and all else can be read.
    others = connection.execute(select(keys).where(keys.c.root_key_id.not_in(list(roots)))) if len(under) > 1 else ()
    if any(is_proven(proof_key, keys, other._asdict()) for other in others):
        raise _interrupted(under)
    return lasting


def _interrupted(under: Iterable[str]) -> KeyProblem:
    return KeyProblem(
        f"A change of root key was interrupted: data keys lie under {' and '.join(sorted(under))}.",
        "Put the other one beside it, with .next at the end of its name, and do: python -m bot keys rotate",
    )
