"""Whether everything is as it was kept: the file, the tables, each row, each chain, each seal, each key.

What is found is named by table, conversation and number. No words are shown, nor any other column.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.exc import DBAPIError

from bot.facts import Facts, Lacking
from bot.store import (
    accounts,
    allocations,
    audit,
    council,
    database,
    deeds,
    drafts,
    enquiries,
    entries,
    invitations,
    logs,
    migrating,
    passkeys,
    tables,
    tokens,
)
from bot.store.conversations import first_head, next_head, original_of, words_of
from bot.store.enquiries import Move
from bot.store.errors import Damaged, Missing, NotRead
from bot.store.facts import row_of
from bot.store.keys import Keys
from bot.store.rows import Row, Rows
from bot.store.store import Store

CHANGED = "the row is not as it was kept"
_ONE_OF = {"turns": "turn", "audit": "row"}

SHOWN_AT_MOST = 100
"""Findings of one kind about one thing; a broken page brings thousands."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it was kept."""

    table: str
    finding: str
    conversation_id: str | None = None
    number: int | None = None
    row: str = ""
    """Which row, where a conversation and a number do not say it."""

    def __str__(self) -> str:
        where = [self.table]
        if self.conversation_id is not None:
            where.append(f"conversation {self.conversation_id}")
        if self.number is not None:
            where.append(f"number {self.number}")
        if self.row:
            where.append(self.row)
        return f"{', '.join(where)}: {self.finding}"


def verify(store: Store) -> list[Problem]:
    """Everything that is not as it was kept; nothing, when all is. Raises `NotRead` when the database is away."""
    check = _Check(store)
    with check.going_on("database"), store.reading_rows() as rows, database.reading_damage(rows.connection):
        check.file(rows)
        check.schema(rows)
        for table in tables.metadata.sorted_tables:
            check.proofs(rows, table)
        check.keys(rows)
        check.seals(rows)
        check.chains(rows)
        check.numbers(rows)
        check.moves(rows)
        check.lengths(rows)
        check.whose(rows)
        check.reviews(rows)
        check.facts(rows)
    return check.problems


class _Check:
    def __init__(self, store: Store) -> None:
        self.store = store
        self.problems: list[Problem] = []
        self.changed: set[tuple[object, ...]] = set()

    def file(self, rows: Rows) -> None:
        with self.going_on("database"):
            for finding in database.check_file(rows.connection)[:SHOWN_AT_MOST]:
                self.problems.append(Problem("database", _in_one_line(finding)))

    def schema(self, rows: Rows) -> None:
        with self.going_on("database"):
            found = database.schema_of(rows.connection)
            if found is None:
                return
            made = _schema_as_made()
            for name in sorted(made.keys() | found.keys()):
                if name not in found:
                    self.problems.append(Problem("database", f"{name} is missing"))
                elif name not in made:
                    self.problems.append(Problem("database", f"{_in_one_line(name)} was slipped in"))
                elif made[name] != found[name]:
                    self.problems.append(Problem("database", f"{name} is not as it was made"))

    def proofs(self, rows: Rows, table: Table) -> None:
        with self.going_on(table.name):
            # In no order: an index that is damaged would hide rows.
            for row in rows.each(table, order_by=[]):
                if not rows.is_proven(table, row):
                    self.found(table, row, CHANGED)

    def keys(self, rows: Rows) -> None:
        with self.going_on("keys"):
            keys = self.store.keys(rows)
            for row in rows.each(tables.keys, order_by=[tables.keys.c.key_id]):
                if not keys.unwraps(row):
                    self.found(tables.keys, row, "the key does not unwrap")

    def seals(self, rows: Rows) -> None:
        keys = self.store.keys(rows)
        with self.going_on("enquiries"):
            for row in rows.each(tables.enquiries, order_by=[tables.enquiries.c.enquiry_id]):
                place = enquiries.place_of(row["key_id"], row["enquiry_id"])
                if row["reference"] is not None and not _opens(keys, row["key_id"], row["reference"], place):
                    self.found(tables.enquiries, row, "its reference does not open")
        with self.going_on("enquiry_references"):
            self.references(rows, keys)
        with self.going_on("invitations"):
            for row in list(rows.each(tables.invitations, order_by=[tables.invitations.c.invitation_id])):
                for enquiry in rows.each(
                    tables.enquiries, tables.enquiries.c.enquiry_id == row["enquiry_id"], order_by=[]
                ):
                    key_id = enquiry["key_id"]
                    place = invitations.place_of(key_id, row["enquiry_id"], row["invitation_id"])
                    if not _opens(keys, key_id, row["contact"], place):
                        self.found(tables.invitations, row, "its contact does not open")
        self.seals_of_the_team(rows, keys)
        with self.going_on("drafts"):
            conversations = tables.conversations
            for row in list(rows.each(tables.drafts, order_by=[tables.drafts.c.conversation_id])):
                at = conversations.c.conversation_id == row["conversation_id"]
                for conversation in rows.each(conversations, at, order_by=[]):
                    key_id = conversation["key_id"]
                    for column in drafts.SCHEMAS:
                        place = drafts.place_of(key_id, row["conversation_id"], row["for_turn"], column)
                        if row[column] is not None and not _opens(keys, key_id, row[column], place):
                            self.found(tables.drafts, row, "its words do not open")

    def seals_of_the_team(self, rows: Rows, keys: Keys) -> None:
        sealed: list[tuple[Table, str, Callable[[Row, str], bytes]]] = [
            (tables.teams, "name", lambda row, _: accounts.place_of_team(row["key_id"], row["team_id"])),
            *(
                (
                    tables.accounts,
                    column,
                    lambda row, column: accounts.place_of(row["key_id"], row["account_id"], column),
                )
                for column in accounts.SCHEMAS
            ),
            *(
                (
                    tables.passkeys,
                    column,
                    lambda row, column: passkeys.place_of(row["key_id"], row["account_id"], column),
                )
                for column in passkeys.SCHEMAS
            ),
            (tables.tokens, "name", lambda row, _: tokens.place_of(row["key_id"], row["token_id"])),
            (tables.entries, "words", lambda row, _: entries.place_of(row["key_id"], row["number"])),
            (
                tables.council_values,
                "value",
                lambda row, _: council.place_of(row["key_id"], row["name"], row["number"]),
            ),
            (tables.deeds, "words", lambda row, _: deeds.place_of(row["key_id"], row["deed_id"], row["number"])),
        ]
        for table, column, place in sealed:
            with self.going_on(table.name):
                for row in list(rows.each(table, order_by=list(table.primary_key.columns))):
                    there = row[column] is not None
                    if there and not _opens(keys, row["key_id"], row[column], place(row, column)):
                        self.found(table, row, f"its {column.replace('_', ' ')} does not open")
        with self.going_on("accounts"):
            for row in list(rows.each(tables.accounts, order_by=[tables.accounts.c.account_id])):
                place_of = accounts.place_of(row["key_id"], row["account_id"], "email")
                email = _opened(keys, row["key_id"], row["email"], place_of)
                if email is not None and row["found_by"] != self.store.finds_account(email):
                    self.found(tables.accounts, row, "it is found by another address than its own")

    def references(self, rows: Rows, keys: Keys) -> None:
        """Whether each enquiry is found by its own reference."""
        listed = list(rows.each(tables.enquiry_references, order_by=[tables.enquiry_references.c.enquiry_id]))
        for row in listed:
            for enquiry in rows.each(tables.enquiries, tables.enquiries.c.enquiry_id == row["enquiry_id"], order_by=[]):
                place = enquiries.place_of(enquiry["key_id"], enquiry["enquiry_id"])
                reference = _opened(keys, enquiry["key_id"], enquiry["reference"], place)
                if reference is not None and row["found_by"] != self.store.finds(reference):
                    self.found(tables.enquiry_references, row, "it finds another enquiry than it names")

    def chains(self, rows: Rows) -> None:
        keys = self.store.keys(rows)
        conversations = tables.conversations
        with self.going_on("conversations"):
            for conversation in list(rows.each(conversations, order_by=[conversations.c.conversation_id])):
                with self.going_on("turns", conversation["conversation_id"]):
                    self.chain(rows, keys, conversation)

    def chain(self, rows: Rows, keys: Keys, conversation: Row) -> None:
        conversation_id, key_id = conversation["conversation_id"], conversation["key_id"]
        turns = tables.turns
        each = rows.each(turns, turns.c.conversation_id == conversation_id, order_by=[turns.c.number])
        begun = first_head(conversation_id, key_id, conversation["begun_at"])

        def opens(row: Row) -> None:
            if not _turn_opens(keys, key_id, row):
                self.found(turns, row, "its words do not open")

        number, last = self.followed(turns, conversation_id, map(_chained, each), begun, next_head, opens)
        self.end(conversation, number, last)

    def followed(
        self,
        table: Table,
        of: Any,
        each: Iterable[Row],
        begun: bytes,
        following: Callable[[bytes, Row], bytes],
        also: Callable[[Row], None],
    ) -> tuple[int, Row | None]:
        """Whether each row of a chain follows from the one before it. Gives the number of the last one, and it."""
        heads: set[Any] = {begun}
        number, last = 0, None
        for row in each:
            number += 1
            if isinstance(row["number"], int) and number < row["number"]:
                self.missing(table, of, number, row["number"])
                heads, number = set(), row["number"]
            if heads:
                expected = {following(head, row) for head in heads if isinstance(head, bytes)}
                if row["head"] not in expected:
                    self.found(table, row, f"it does not follow from the {_ONE_OF[table.name]} before it")
                    # The next one may follow from what is here now, or from what was here before.
                    heads = expected
                else:
                    heads = set()
            heads.add(row["head"])
            also(row)
            last = row
        return number, last

    def end(self, conversation: Row, number: int, last: Row | None) -> None:
        length = conversation["length"]
        if isinstance(length, int) and number < length:
            self.missing(tables.turns, conversation["conversation_id"], number + 1, length + 1)
        elif last is not None and (last["number"], last["head"], last["kind"], last["said_at"]) != (
            length,
            conversation["head"],
            conversation["last_kind"],
            conversation["last_said_at"],
        ):
            self.found(tables.conversations, conversation, "it does not end with its last turn")

    def numbers(self, rows: Rows) -> None:
        for table in (
            tables.desired_outcomes,
            tables.outcome_marks,
            tables.outcome_reviews,
            tables.enquiry_moves,
            tables.access_moves,
            tables.council_values,
            tables.deeds,
        ):
            of, counts = table.primary_key.columns
            with self.going_on(table.name):
                counted: Counter[Any] = Counter()
                for row in rows.each(table, order_by=[of, counts]):
                    counted[row[of.name]] += 1
                    number = counted[row[of.name]]
                    if isinstance(row["number"], int) and number < row["number"]:
                        self.missing(table, row[of.name], number, row["number"])
                        counted[row[of.name]] = row["number"]

    def lengths(self, rows: Rows) -> None:
        """Whether the logs of the whole store lack nothing, and the audit is the chain that it was."""
        gone = self.forgotten(rows)
        with self.going_on("entries"):
            number = 0
            for row in rows.each(tables.entries, order_by=[tables.entries.c.number]):
                number = _next_of(number, gone)
                if isinstance(row["number"], int) and number < row["number"]:
                    self.missing(tables.entries, None, number, row["number"], but=gone)
                    number = row["number"]
            while number + 1 in gone:
                number += 1
            self.end_of(rows, tables.entries, logs.ENTRIES, number, None)
        with self.going_on("audit"):
            each = rows.each(tables.audit, order_by=[tables.audit.c.number])
            number, last = self.followed(
                tables.audit, None, each, audit.FIRST_HEAD, audit.next_head, also=lambda row: None
            )
            self.end_of(rows, tables.audit, logs.AUDIT, number, last)

    def forgotten(self, rows: Rows) -> frozenset[int]:
        """Whether what was forgotten is gone, and of the list nothing is. Gives the numbers of entries that went."""
        table, gone = tables.forgotten, set[int]()
        with self.going_on(table.name):
            number, named = 0, set[Any]()
            for row in rows.each(table, order_by=[table.c.number]):
                number += 1
                if isinstance(row["number"], int) and number < row["number"]:
                    for missing in range(number, min(row["number"], number + SHOWN_AT_MOST)):
                        self.problems.append(Problem(table.name, "it is missing", None, missing))
                    number = row["number"]
                named.add(row["forgotten_id"])
                with suppress(ValueError, TypeError):
                    gone.update(json.loads(row["entries"]))
            self.end_of(rows, table, logs.FORGOTTEN, number, None)
            for there, column in ((tables.enquiries, "enquiry_id"), (tables.conversations, "conversation_id")):
                for row in list(rows.each(there, order_by=[there.c[column]])):
                    if row[column] in named:
                        self.found(there, row, "it was forgotten, and is here still or again")
        return frozenset(gone)

    def end_of(self, rows: Rows, table: Table, log: logs.Log, number: int, last: Row | None) -> None:
        for end in list(rows.each(tables.logs, tables.logs.c.log == log, order_by=[])):
            if isinstance(end["number"], int) and number < end["number"]:
                self.missing(table, None, number + 1, end["number"] + 1)
            elif end["number"] != number or end["head"] != (None if last is None else last["head"]):
                self.found(tables.logs, end, "it does not end with its last row")
            return
        if number:
            self.problems.append(Problem("logs", "it is missing", row=f"log {log}"))

    def reviews(self, rows: Rows) -> None:
        """Whether what lists say of a review is what the latest one says."""
        states, written = tables.conversation_states, tables.entries
        with self.going_on("conversation_states"):
            latest = {
                row["conversation_id"]: row["what"]
                for row in rows.each(written, written.c.kind == "review", order_by=[written.c.number])
            }
            for row in list(rows.each(states, states.c.review.is_not(None), order_by=[states.c.conversation_id])):
                if latest.get(row["conversation_id"]) != row["review"]:
                    self.found(states, row, "it does not say what the latest review says")

    def facts(self, rows: Rows) -> None:
        """Whether each enquiry counts as what it says, but for those that are marked to be worked out anew."""
        kept, marked = tables.enquiry_facts, tables.facts_due
        with self.going_on("enquiry_facts"):
            seen = self.store.apart(rows)
            due = {row["enquiry_id"] for row in rows.each(marked, order_by=[])}
            for enquiry in list(rows.each(tables.enquiries, order_by=[tables.enquiries.c.enquiry_id])):
                enquiry_id = enquiry["enquiry_id"]
                if enquiry_id in due:
                    continue
                row = next(iter(list(rows.each(kept, kept.c.enquiry_id == enquiry_id, order_by=[]))), None)
                if row is None:
                    self.problems.append(Problem(kept.name, "it is missing", row=f"enquiry_id {_shown(enquiry_id)}"))
                    continue
                # What is damaged is named where it lies.
                with suppress(Damaged, Missing):
                    now = seen.facts_of(enquiry_id)
                    if Lacking.UNREADABLE not in now.lacking and not _says(row, now):
                        self.found(kept, row, "it is not what its enquiry says")

    def whose(self, rows: Rows) -> None:
        """Whether each enquiry is whose its moves say it is."""
        moves, access, allocated = tables.access_moves, tables.enquiry_access, tables.allocations
        with self.going_on("enquiry_access"):
            said: dict[Any, allocations.Access] = {}
            for row in rows.each(moves, order_by=[moves.c.enquiry_id, moves.c.number]):
                before = said.get(row["enquiry_id"], allocations.Access())
                said[row["enquiry_id"]] = allocations.moved(before, row)
            for row in list(rows.each(access, order_by=[access.c.enquiry_id])):
                so = said.get(row["enquiry_id"], allocations.Access())
                if (row["team_id"], row["is_restricted"], row["lift_asked_by"]) != (
                    so.team_id,
                    so.is_restricted,
                    so.lift_asked_by,
                ):
                    self.found(access, row, "it is not whose its moves say")
            there = {row["enquiry_id"] for row in rows.each(access, order_by=[])}
            for enquiry_id in sorted(said.keys() - there, key=str):
                self.problems.append(Problem(access.name, "it is missing", row=f"enquiry_id {_shown(enquiry_id)}"))
            working: set[Any] = set()
            for row in list(rows.each(allocated, order_by=list(allocated.primary_key.columns))):
                so = said.get(row["enquiry_id"], allocations.Access())
                working.add((row["enquiry_id"], row["account_id"]))
                is_said = row["account_id"] in so.allocated
                if row["account_id"] not in so.ever_allocated or row["is_allocated"] != is_said:
                    self.found(allocated, row, "it is not as its enquiry's moves say")
            for enquiry_id, so in said.items():
                for account_id in sorted(so.ever_allocated - {of for at, of in working if at == enquiry_id}):
                    named = f"enquiry_id {_shown(enquiry_id)}, account_id {_shown(account_id)}"
                    self.problems.append(Problem(allocated.name, "it is missing", row=named))

    def moves(self, rows: Rows) -> None:
        """Whether each enquiry is open or closed as its last move says. One without moves is older than they are."""
        moves = tables.enquiry_moves
        with self.going_on("enquiries"):
            for row in list(rows.each(tables.enquiries, order_by=[tables.enquiries.c.enquiry_id])):
                of_it = moves.c.enquiry_id == row["enquiry_id"]
                latest = next(iter(list(rows.each(moves, of_it, order_by=[moves.c.number.desc()]))), None)
                if latest is not None and row["closed_at"] != (latest["at"] if latest["move"] == Move.CLOSED else None):
                    self.found(tables.enquiries, row, "it is not open or closed as its last move says")

    def missing(self, table: Table, of: Any, first: int, following: int, *, but: frozenset[int] = frozenset()) -> None:
        """Name the numbers that are not there: of this conversation, enquiry or name, or of the whole table."""
        counted_in = next(iter(table.primary_key.columns)).name
        in_conversation = _shown(of) if counted_in == "conversation_id" else None
        row = "" if counted_in in {"conversation_id", "number"} else f"{counted_in} {_shown(of)}"
        for number in range(first, min(following, first + SHOWN_AT_MOST)):
            if number not in but:
                self.problems.append(Problem(table.name, "it is missing", in_conversation, number, row))

    def found(self, table: Table, row: Row, finding: str) -> None:
        """Name a row, once."""
        names = [column.name for column in table.primary_key.columns]
        key = (table.name, *(row[name] for name in names))
        if key in self.changed:
            return
        self.changed.add(key)
        numbers = ("number", "turn", "for_turn")
        number = next((row[name] for name in numbers if name in row), None)
        rest = [f"{name} {_shown(row[name])}" for name in names if name not in {"conversation_id", *numbers}]
        conversation_id = row.get("conversation_id")
        self.problems.append(
            Problem(
                table.name,
                finding,
                None if conversation_id is None else _shown(conversation_id),
                number if isinstance(number, int) else None,
                ", ".join(rest),
            )
        )

    @contextmanager
    def going_on(self, table: str, conversation_id: str | None = None) -> Iterator[None]:
        """Say that a table cannot be read, and go on with the next."""
        try:
            with database.naming_causes(NotRead):
                yield
        except (Damaged, DBAPIError):
            named = None if conversation_id is None else _shown(conversation_id)
            self.problems.append(Problem(table, "it cannot be read further", named))


def _says(row: Row, facts: Facts) -> bool:
    """Say whether a row keeps these facts."""
    return all(row[name] == value for name, value in row_of(facts).items())


@cache
def _schema_as_made() -> dict[str, str]:
    engine = database.in_memory()
    try:
        with engine.begin() as connection:
            migrating.upgrade(connection)
            return database.schema_of(connection) or {}
    finally:
        engine.dispose()


def _next_of(number: int, gone: frozenset[int]) -> int:
    """The number that comes next, of those that are not gone."""
    number += 1
    while number in gone:
        number += 1
    return number


def _opens(keys: Keys, key_id: str, sealed: bytes, place: bytes) -> bool:
    return _opened(keys, key_id, sealed, place) is not None


def _opened(keys: Keys, key_id: str, sealed: bytes, place: bytes) -> str | None:
    try:
        return keys.open(key_id).open(sealed, place)
    except (Damaged, Missing):
        return None


def _chained(row: Row) -> Row:
    # Named by their proof already; what came after them can still be told.
    words = row["words"] if isinstance(row["words"], bytes) else b""
    original = row["original"] if isinstance(row["original"], bytes | None) else b""
    return {**row, "words": words, "original": original}


def _turn_opens(keys: Keys, key_id: str, row: Row) -> bool:
    try:
        words_of(keys.open(key_id), row)
        original_of(keys.open(key_id), row)
    except (Damaged, Missing):
        return False
    return True


def _shown(value: object) -> str:
    """An id as it may be printed. A damaged one may be anything."""
    return value if isinstance(value, str) and value.isascii() and value.isprintable() else ascii(value)


def _in_one_line(finding: str) -> str:
    return " ".join(finding.split())
