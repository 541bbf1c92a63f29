"""The store as a whole. One `with` is one promise kept: all of it is on disk when it ends, or none of it."""

import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Self

from sqlalchemy import Connection, Engine, inspect, literal_column, select, table
from sqlalchemy import func as sql
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
from bot.store.database import naming_causes
from bot.store.deeds import Deeds
from bot.store.drafts import Drafts
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
from bot.store.rows import Rows, is_proven
from bot.store.sealing import KEY_BYTES, KeyProblem, Purpose, RootKey, derive
from bot.store.sessions import Links, Sessions
from bot.store.standing import Standing
from bot.store.tokens import Tokens
from bot.store.visits import Visits
from bot.store.voices import Voices
from bot.store.work import Work

FINDING = (Purpose.REFERENCES, Purpose.EMAILS, Purpose.PASSKEYS, Purpose.ENTRIES)
"""What rows are found by is a digest under a key of its own."""

ROTATED_AT_ONCE = 500
"""Data keys that one transaction of a rotation wraps anew."""

SETTLED_AT_ONCE = 100
"""Conversations whose state one transaction of a migration works out."""


MARKED_AT_ONCE = 10_000
"""Enquiries that one transaction of a migration marks."""

WORKED_OUT_AT_ONCE = 25
"""Enquiries whose facts are worked out before they are kept, and kept in one transaction."""

_NOBODY_WAITS: AbstractContextManager[object] = nullcontext()


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
        self.enquiries = Enquiries(rows, keys, finding[Purpose.REFERENCES])
        self.invitations = Invitations(rows, keys)
        self.conversations = Conversations(rows, keys, remembered)
        self.quotes = Quotes(rows)
        self.outcomes = Outcomes(rows)
        self.reviews = Reviews(rows)
        self.flags = Flags(rows)
        self.drafts = Drafts(rows, keys)
        self.preferences = KeptPreferences(rows)
        self.visits = Visits(rows)
        self.codes = Codes(rows)
        self.attempts = Attempts(rows)
        self.teams = Teams(rows, keys)
        self.accounts = Accounts(rows, keys, finding[Purpose.EMAILS])
        self.links = Links(rows)
        self.sessions = Sessions(rows)
        self.passkeys = Passkeys(rows, keys, finding[Purpose.PASSKEYS])
        self.entries = Entries(rows, keys, finding[Purpose.ENTRIES])
        self.allocations = Allocations(rows)
        self.tokens = Tokens(rows, keys)
        self.audit = Audit(rows)
        self.council = Council(rows, keys)
        self.voices = Voices(rows, self.entries)
        self.deeds = Deeds(rows, keys)
        self.work = Work(rows, keys, self.enquiries, self.allocations)
        self.standing = Standing(rows, self.enquiries)
        self.facts = KeptFacts(rows, sums)
        self.forgetting = Forgetting(rows, keys, remembered)
        self.retention = Retention(rows)

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
        self._writing = threading.Lock()
        self._writer: int | None = None

    @staticmethod
    def migrate(address: str | Path, root: RootKey, now: datetime) -> None:
        """Make the database if need be and bring its tables up to date. Raises `NotReady`, `NotKept`.

        How far each conversation is that is older than the place for it is worked out, too, some at a time:
        interrupted, it may be done again.
        """
        from bot.store import migrating

        url = database.url_of(address)
        if (path := database.file_of(url)) is not None:
            database.prepare_file(path)
        engine = database.connect(url)
        try:
            with naming_causes(NotKept), engine.connect() as connection, connection.begin():
                _check_not_newer(migration_of(connection))
                migrating.upgrade(connection)
                if connection.execute(select(sql.count()).select_from(tables.keys)).scalar_one() == 0:
                    secret = secrets.token_bytes(KEY_BYTES)
                    rows = Rows(connection, derive(secret, Purpose.PROOFS), may_write=True)
                    add_key(rows, FOR_LASTING, secret, root, now)
            _settle_all(engine, RootKeys(root))
            _count_all(engine, RootKeys(root))
        finally:
            engine.dispose()

    @classmethod
    def open(cls, address: str | Path, root: RootKey, *, also: Iterable[RootKey] = ()) -> Self:
        """Open a database. `also`: the earlier root key, while a rotation is under way.

        Raises `NotReady` when it was not migrated or cannot be written, `KeyProblem` when this is not its root key.
        """
        url = database.url_of(address)
        if (path := database.file_of(url)) is not None:
            database.require_file(path)
        engine = database.connect(url)
        roots = RootKeys(root, also)
        try:
            with naming_causes(NotRead), database.connect_to_read(engine) as connection:
                _check_migrated(connection)
                lasting = _lasting_key(connection, roots)
        except DBAPIError as error:
            engine.dispose()
            raise Damaged("The database is not one of Own Words, or damaged. Restore it from a backup.") from error
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, roots, lasting)

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
        keys = Keys(made, self._roots, OpenedKeys())
        remembered = RememberedTurns()
        kept = Transaction(made, keys, remembered, self._finding)
        kept.entries = NewEntries(made, keys, self._finding[Purpose.ENTRIES], gathered)
        kept.conversations = NewConversations(made, keys, remembered)
        kept.enquiries = NewEnquiries(made, keys, self._finding[Purpose.REFERENCES])
        yield kept, gathered
        with turn, self.writing_rows() as rows:
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
        """The root key that new data keys are wrapped under."""
        return self._roots.newest

    def rotate(self, root: RootKey) -> int:
        """Wrap every data key anew under another root key, and return how many there were.

        Some at a time: interrupted, it may be done again, and until then the store opens with both root keys only.
        """
        self._roots.replace_by(root)
        keys, done = tables.keys, 0
        while True:
            with self.writing_rows() as rows:
                wrapped_otherwise = keys.c.root_key_id != root.key_id
                old = rows.every(keys, wrapped_otherwise, order_by=[keys.c.key_id], at_most=ROTATED_AT_ONCE)
                for row in old:
                    wrapped = root.wrap(self._roots.unwrap(row["wrapped"], row["root_key_id"]))
                    rows.replace(keys, row, to={"wrapped": wrapped, "root_key_id": root.key_id})
            if not old:
                return done
            done += len(old)

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

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    @contextmanager
    def writing_rows(self) -> Iterator[Rows]:
        """As `begin`, for what concerns rows themselves."""
        if self._writer == threading.get_ident():
            raise RuntimeError("One promise at a time: this thread has a transaction open.")
        # One writer at a time in this process: waiting here is quick, waiting in SQLite is not.
        if not self._writing.acquire(timeout=database.LOCKED_FOR):
            raise NotKept(Cause.BUSY)
        self._writer = threading.get_ident()
        try:
            with naming_causes(NotKept), self.engine.connect() as connection, connection.begin():
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
    if row.root_key_id not in roots:
        if any(root_key_id in roots for root_key_id in under):
            raise _interrupted(under)
        raise KeyProblem(
            f"The database was sealed under root key {row.root_key_id}, not under {roots.newest.key_id}.",
            "Put the right key file back.",
        )
    lasting = roots.unwrap(row.wrapped, row.root_key_id)
    proof_key = derive(lasting, Purpose.PROOFS)
    if not is_proven(proof_key, keys, row._asdict()):
        raise Damaged("The store's own key is not as it was kept. Restore the database from a backup.")
    # A row that is damaged is no rotation: `verify` names it, and all else can be read.
    others = connection.execute(select(keys).where(keys.c.root_key_id.not_in(list(roots)))) if len(under) > 1 else ()
    if any(is_proven(proof_key, keys, other._asdict()) for other in others):
        raise _interrupted(under)
    return lasting


def _interrupted(under: Iterable[str]) -> KeyProblem:
    return KeyProblem(
        f"A change of root key was interrupted: data keys lie under {' and '.join(sorted(under))}.",
        "Give both root keys and do: python -m bot keys rotate",
    )
