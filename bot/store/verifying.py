"""Whether everything is as it was kept: the file, the tables, each row, each chain, each seal, each key.

What is found is named by table, conversation and number. No words are shown, nor any other column.
"""

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
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
    cuts,
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
from bot.store.audit import AuditAct
from bot.store.checkpoints import Checkpoint, History, digest_of, kept
from bot.store.conversations import first_head, next_head, original_of, words_of
from bot.store.enquiries import Move
from bot.store.errors import Damaged, Missing, NotRead
from bot.store.facts import row_of
from bot.store.keys import Keys
from bot.store.rows import Row, Rows, stamp
from bot.store.store import Store

CHANGED = "the row is not as it was kept"
_ONE_OF = {"turns": "turn", "audit": "row"}

CLOCKS_APART = timedelta(days=1)
"""By so much the clock of who looks may be behind that of who wrote."""

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


def verify(
    store: Store, signed: Sequence[Checkpoint] = (), trusted: Collection[str] = (), now: datetime | None = None
) -> list[Problem]:
    """Everything that is not as it was kept; nothing, when all is. Raises `NotRead` when the database is away.

    `trusted` are the public keys whose checkpoints are believed: those in the database, and those in `signed`, in the
    order of their file. Where there are none, checkpoints say nothing. `now`: whoever gives it is told of an anchor of
    a later time, as somebody would make one who wants more to look old.
    """
    check = _Check(store, now)
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
        if trusted:
            check.checkpoints(rows, signed, trusted)
    return check.problems


@dataclass(frozen=True, slots=True)
class _Begins:
    """Where a log begins."""

    up_to: int
    head: bytes
    gone: frozenset[int]
    """Numbers of entries that went."""
    kept_since: datetime | None = None
    """All that went was older than this, so it says."""
    at: datetime | None = None


_FROM_THE_FIRST = _Begins(0, audit.FIRST_HEAD, frozenset())


class _Check:
    def __init__(self, store: Store, now: datetime | None) -> None:
        self.store = store
        self.now = now
        self.problems: list[Problem] = []
        self.changed: set[tuple[object, ...]] = set()
        self.gone: frozenset[int] = frozenset()
        """Numbers of entries that went with what was forgotten."""
        self.where: dict[logs.Log, _Begins] = {}
        """Where logs begin that were cut."""

    def file(self, rows: Rows) -> None:
        with self.going_on("database"):
            for finding in database.check_file(rows.connection)[:SHOWN_AT_MOST]:
                self.problems.append(Problem("database", _in_one_line(finding)))

    def schema(self, rows: Rows) -> None:
        with self.going_on("database"):
            for name in database.rules_missing(rows.connection, [table.name for table in tables.NEVER_CHANGED]):
                self.problems.append(Problem(name, "the database does not keep its rows from being changed any more"))
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
        after: int = 0,
    ) -> tuple[int, Row | None]:
        """Whether each row of a chain follows from the one before it. Gives the number of the last one, and it."""
        heads: set[Any] = {begun}
        number, last = after, None
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
        gone = self.gone = self.forgotten(rows)
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
            begins = self.begins(rows, logs.AUDIT)
            self.cuts(rows, begins.up_to)
            table = tables.audit
            # What is left of a row that was let go of stands before the anchor, and is named apart.
            each = rows.each(table, table.c.number > begins.up_to, order_by=[table.c.number])
            number, last = self.followed(
                table, None, each, begins.head, audit.next_head, also=lambda row: None, after=begins.up_to
            )
            self.end_of(rows, table, logs.AUDIT, number, last)

    def begins(self, rows: Rows, log: logs.Log) -> "_Begins":
        """Where a log begins: at its first row, or at the anchor of the latest cut that holds."""
        table, found = tables.cuts, _FROM_THE_FIRST
        with self.going_on(table.name):
            # One that was changed is named, and is no anchor.
            of_it = [row for row in rows.each(table, table.c.log == log, order_by=[]) if rows.is_proven(table, row)]
            each = [cuts.cut_of(row) for row in of_it]
            latest = max(each, key=lambda cut: (cut.up_to, cut.number), default=None)
            if latest is not None:
                gone = frozenset(number for cut in each for number in cuts.numbers_in(cut.entries))
                found = _Begins(latest.up_to, latest.head or b"", gone, latest.kept_since, latest.at)
            cut = {logs.AUDIT: tables.audit, logs.FORGOTTEN: tables.forgotten}[log]
            self.where[log] = found
            for row in list(rows.each(cut, cut.c.number <= found.up_to, order_by=[cut.c.number])):
                self.found(cut, row, "it was let go of, and is here still or again")
        return found

    def cuts(self, rows: Rows, up_to: int) -> None:
        """Whether the audit says of each cut that it was made, as far as it goes back, and of none that was not."""
        table, written = tables.cuts, tables.audit
        with self.going_on(table.name):
            said = {
                row["number"]: row["about"]
                for row in rows.each(written, written.c.act == AuditAct.CUT.value, order_by=[written.c.number])
            }
            counted, reached = 0, dict[Any, Any]()
            for row in list(rows.each(table, order_by=[table.c.number])):
                counted += 1
                if isinstance(row["number"], int) and counted < row["number"]:
                    self.missing(table, None, counted, row["number"])
                    counted = row["number"]
                told = said.pop(row["told"], None)
                if told != cuts.said_of(row["log"], row["up_to"]) and not _is_up_to(row["told"], up_to):
                    self.found(table, row, "the audit does not say so")
                if not _is_up_to(reached.get(row["log"], 0), row["up_to"]) or not _is_up_to(
                    row["kept_since"], row["at"]
                ):
                    self.found(table, row, "it does not follow from the one before it")
                if self.now is not None and not _is_up_to(row["at"], stamp(self.now + CLOCKS_APART)):
                    self.found(table, row, "it is of a time that has not come")
                reached[row["log"]] = row["up_to"]
            for number in said:
                self.problems.append(Problem(table.name, f"the one that number {number} of the audit names is missing"))

    def forgotten(self, rows: Rows) -> frozenset[int]:
        """Whether what was forgotten is gone, and of the list nothing is. Gives the numbers of entries that went."""
        table, begins = tables.forgotten, self.begins(rows, logs.FORGOTTEN)
        gone = set(begins.gone)
        with self.going_on(table.name):
            number, named = begins.up_to, set[Any]()
            for row in rows.each(table, table.c.number > begins.up_to, order_by=[table.c.number]):
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

    def checkpoints(self, rows: Rows, signed: Sequence[Checkpoint], trusted: Collection[str]) -> None:
        """Whether everything that checkpoints say was there is there, and is what it was."""
        with self.going_on("checkpoints"):
            history = History.of(self.believed(rows, signed, trusted))
            here = {row["forgotten_id"] for row in rows.each(tables.forgotten, order_by=[])}
            here.update(of for of, _, _ in history.forgotten.values())
            for conversation_id, points in sorted(history.conversations.items()):
                self.as_signed(rows, conversation_id, points, here)
            self.audit_as_signed(rows, history)
            self.rows_as_signed(rows, tables.entries, history.entries, self.gone)
            listed = {number: (digest, by) for number, (_, digest, by) in history.forgotten.items()}
            cut = frozenset(range(1, self.where.get(logs.FORGOTTEN, _FROM_THE_FIRST).up_to + 1))
            self.rows_as_signed(rows, tables.forgotten, listed, cut)

    def believed(self, rows: Rows, signed: Sequence[Checkpoint], trusted: Collection[str]) -> list[Checkpoint]:
        """Those that are signed by who is trusted, in their order; what is wrong with the others is named."""
        found: dict[int, Checkpoint] = {}
        before: Checkpoint | None = None
        for one in signed:
            if not one.is_signed_by(trusted):
                self.of_checkpoint(one, "in the file it is not signed by a key that is trusted")
                continue
            follows = one.content["whole"] if before is None else one.content["before"] == before.digest
            if not follows:
                self.of_checkpoint(one, "in the file something before it is missing")
            before = one
            found.setdefault(one.number, one)
        here = {one.number: one for one in kept(rows)}
        for number, one in here.items():
            if not one.is_signed_by(trusted):
                self.of_checkpoint(one, "it is not signed by a key that is trusted")
            elif number not in found:
                found[number] = one
            elif found[number].said != one.said:
                self.of_checkpoint(one, "it is another one in the file")
        for number, one in found.items():
            if number not in here:
                self.of_checkpoint(one, "it is in the file and missing here: what is here is older, or was cut off")
        return [found[number] for number in sorted(found)]

    def of_checkpoint(self, one: Checkpoint, finding: str) -> None:
        self.problems.append(Problem("checkpoints", finding, number=one.number))

    def as_signed(
        self, rows: Rows, conversation_id: str, points: Sequence[tuple[int, str, int]], forgotten: Collection[str]
    ) -> None:
        """Whether a conversation's chain goes through all points that it went through."""
        conversations, turns = tables.conversations, tables.turns
        is_it = conversations.c.conversation_id == conversation_id
        row = next(iter(list(rows.each(conversations, is_it, order_by=[]))), None)
        if row is None:
            if conversation_id not in forgotten:
                finding = f"checkpoint {points[-1][2]} has it, and it is gone without having been forgotten"
                self.problems.append(Problem("conversations", finding, _shown(conversation_id)))
            return
        asked = sorted({length for length, _, _ in points})
        heads = {
            found["number"]: found["head"]
            for start in range(0, len(asked), SHOWN_AT_MOST)
            for found in rows.each(
                turns,
                turns.c.conversation_id == conversation_id,
                turns.c.number.in_(asked[start : start + SHOWN_AT_MOST]),
                order_by=[],
            )
        }
        good = 0
        for length, head, by in points:
            if length and length not in heads:
                finding = f"checkpoint {by} has turns up to number {length}, and they are gone"
                self.problems.append(Problem("turns", finding, _shown(conversation_id), good + 1))
                return
            if length and heads[length] != bytes.fromhex(head):
                finding = f"from here to number {length} it is not what checkpoint {by} has"
                self.problems.append(Problem("turns", finding, _shown(conversation_id), good + 1))
                return
            good = length

    def audit_as_signed(self, rows: Rows, history: History) -> None:
        begins = self.where.get(logs.AUDIT, _FROM_THE_FIRST)
        good = begins.up_to
        if begins.kept_since is not None and begins.at is not None and begins.at - begins.kept_since < cuts.LEAST:
            self.problems.append(Problem(tables.cuts.name, "what was younger than a year was let go of"))
        for length, head, by, at in history.audit:
            if length < begins.up_to and begins.kept_since is not None and begins.kept_since < at:
                finding = f"rows after number {length} were let go of as old, and are younger than checkpoint {by}"
                self.problems.append(Problem(tables.audit.name, finding, number=length + 1))
                return
            if length < begins.up_to or (length, bytes.fromhex(head)) == (begins.up_to, begins.head):
                continue
            row = next(iter(list(rows.each(tables.audit, tables.audit.c.number == length, order_by=[]))), None)
            if row is None:
                finding = f"checkpoint {by} has rows up to number {length}, and they are gone"
            elif row["head"] != bytes.fromhex(head):
                finding = f"from here to number {length} it is not what checkpoint {by} has"
            else:
                good = length
                continue
            self.problems.append(Problem(tables.audit.name, finding, number=good + 1))
            return

    def rows_as_signed(
        self, rows: Rows, table: Table, said: Mapping[int, tuple[bytes, int]], gone: frozenset[int]
    ) -> None:
        """Whether rows that never change are those that were signed."""
        there: set[int] = set()
        for row in rows.each(table, order_by=[table.c.number]):
            digest, by = said.get(row["number"], (None, 0))
            there.add(row["number"])
            if digest is not None and digest_of(table, row) != digest:
                self.problems.append(Problem(table.name, f"it is not what checkpoint {by} has", number=row["number"]))
        for number in sorted(said.keys() - there - gone)[:SHOWN_AT_MOST]:
            finding = f"checkpoint {said[number][1]} has it, and it is gone"
            self.problems.append(Problem(table.name, finding, number=number))

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


def _is_up_to(number: object, up_to: object) -> bool:
    return isinstance(number, int) and isinstance(up_to, int) and number <= up_to


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
