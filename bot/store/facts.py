"""What each enquiry counts as, at rest: a row an enquiry, worked out anew whenever something of it has changed.

Whatever is written of an enquiry marks it in the same transaction, here and nowhere else, so that nobody can forget to.
A mark names no change, only that there was one since the row was worked out.
"""

import secrets
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Table, and_, false, func, or_, select

from bot.facts import PLACES, Column, Doubt, EnquiryKind, Facts, Held, Lacking, columns_of, counted_in, held
from bot.figures import NOT_RECORDED, By, Period, Spoken
from bot.store import logs, tables
from bot.store.remembered import RememberedSums
from bot.store.rows import Row, Rows, Value
from bot.store.work import Scope, belongs

AT_ONCE = 500
"""Enquiries that one query names."""

Sum = TypeVar("Sum")

GROUPED = (By.AGE_BAND, By.SEX, By.ETHNICITY, By.SUPPORT_REASON)

_BY_ENQUIRY = frozenset(table.name for table in (tables.enquiries, tables.enquiry_access))
_BY_CONVERSATION = frozenset(
    table.name for table in (tables.turns, tables.desired_outcomes, tables.outcome_marks, tables.outcome_reviews)
)


class Touched:
    """The enquiries of which something was written in a transaction."""

    def __init__(self) -> None:
        self._enquiries: set[str] = set()
        self._conversations: set[str] = set()
        self._known: set[str] = set()
        """Conversations whose enquiry was seen."""
        self._settled: set[str] = set()
        self._is_counted = False
        """Whether what figures are sums of becomes another."""

    def notice(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
        """Hear of rows that are written, as they were and as they will be."""
        name = table.name
        if name == tables.conversations.name:
            for row in rows:
                self._known.add(row["conversation_id"])
                self._enquiries.add(row["enquiry_id"])
        elif name in _BY_ENQUIRY:
            self._enquiries.update(row["enquiry_id"] for row in rows)
        elif name in _BY_CONVERSATION:
            self._conversations.update(row["conversation_id"] for row in rows)
        elif name == tables.entries.name:
            for row in rows:
                self._enquiries.add(row["enquiry_id"])
                self._conversations.update([row["conversation_id"]] if row["enquiry_id"] is None else [])
        elif name == tables.enquiry_facts.name:
            # Whoever keeps the facts of an enquiry keeps them last.
            for row in rows:
                self._settled.add(row["enquiry_id"])
                self._is_counted |= row["closed_on"] is not None

    def mark(self, rows: Rows) -> None:
        """Mark them, before the transaction ends."""
        conversations = tables.conversations
        unknown = sorted(self._conversations - self._known)
        for start in range(0, len(unknown), AT_ONCE):
            some = conversations.c.conversation_id.in_(unknown[start : start + AT_ONCE])
            self._enquiries.update(rows.ids(select(conversations.c.enquiry_id).where(some)))
        due = sorted({one for one in self._enquiries if one} - self._settled)
        mark = secrets.token_hex(8)
        rows.put_all(tables.facts_due, [{"enquiry_id": enquiry_id, "mark": mark} for enquiry_id in due])
        if self._is_counted:
            # Last, since whoever comes after waits for it.
            logs.grow(rows, logs.end(rows, logs.FIGURES))


@dataclass(frozen=True, slots=True)
class Among:
    """Which enquiries are counted."""

    period: Period
    team_ids: frozenset[str] | None = None
    """Of which teams; None for all."""
    nobodys: bool = False
    """Whether those too that were given to no team."""
    by: By = By.NOTHING
    group: str = ""
    """Of which group of a breakdown; empty for all."""
    but: frozenset[str] = frozenset()
    """Enquiries that are left out: their facts are not what they say any more."""


class KeptFacts:
    """The facts of one transaction."""

    def __init__(self, rows: Rows, sums: RememberedSums | None) -> None:
        """Make them. `sums`: those made before; None where what they are made of may change meanwhile."""
        self._rows = rows
        self._sums = sums

    def due(self, at_most: int | None = None, *, after: str = "") -> Mapping[str, str]:
        """Give the enquiries whose facts are to be worked out anew, each with its mark, in the order of their ids."""
        marked = tables.facts_due
        behind = marked.c.enquiry_id > after
        rows = self._rows.every(marked, behind, order_by=[marked.c.enquiry_id], at_most=at_most)
        return {row["enquiry_id"]: row["mark"] for row in rows}

    def due_count(self) -> int:
        """Say how many are to be worked out anew."""
        return int(self._rows.found(select(func.count()).select_from(tables.facts_due))[0][0])

    def unmarked(self, at_most: int) -> Sequence[str]:
        """Give enquiries that have neither facts nor a mark: those from before there was a place for them."""
        enquiries, facts, marked = tables.enquiries, tables.enquiry_facts, tables.facts_due
        query = (
            select(enquiries.c.enquiry_id)
            .where(enquiries.c.enquiry_id.not_in(select(facts.c.enquiry_id)))
            .where(enquiries.c.enquiry_id.not_in(select(marked.c.enquiry_id)))
            .order_by(enquiries.c.enquiry_id)
        )
        return self._rows.ids(query.limit(at_most))

    def mark(self, enquiry_ids: Iterable[str]) -> None:
        """Have the facts of these worked out anew."""
        mark = secrets.token_hex(8)
        self._rows.put_all(tables.facts_due, [{"enquiry_id": one, "mark": mark} for one in sorted(set(enquiry_ids))])

    def keep(self, facts: Facts) -> None:
        """Keep the facts of an enquiry, in the place of those before. Raises `Missing`."""
        table, row = tables.enquiry_facts, row_of(facts)
        before = self._rows.first(table, table.c.enquiry_id == facts.enquiry_id)
        if before is None:
            self._rows.add(table, row)
        else:
            self._rows.replace(table, before, to=row)

    def settle(self, facts: Facts, mark: str) -> bool:
        """Keep the facts of an enquiry that was marked, unless something of it has changed since that mark."""
        marked = tables.facts_due
        row = self._rows.first(marked, marked.c.enquiry_id == facts.enquiry_id)
        if row is None or row["mark"] != mark:
            return False
        self.keep(facts)
        self._rows.drop(marked, marked.c.enquiry_id == facts.enquiry_id)
        return True

    def get(self, enquiry_id: str) -> Facts | None:
        """The facts of an enquiry as they were worked out last."""
        row = self._rows.first(tables.enquiry_facts, tables.enquiry_facts.c.enquiry_id == enquiry_id)
        return None if row is None else facts_in(row)

    def of(self, enquiry_ids: Collection[str]) -> Sequence[Facts]:
        """The facts of these enquiries, as far as there are any."""
        table, asked = tables.enquiry_facts, sorted(set(enquiry_ids))
        found: list[Facts] = []
        for start in range(0, len(asked), AT_ONCE):
            some = table.c.enquiry_id.in_(asked[start : start + AT_ONCE])
            found += [facts_in(row) for row in self._rows.every(table, some, order_by=[table.c.enquiry_id])]
        return found

    def counted(
        self, among: Among, asked: Sequence[tuple[str, Spoken]]
    ) -> Mapping[tuple[str, Spoken], Mapping[str, int]]:
        """Count every cell of these measures in one pass. What is counted but in no cell is under an empty name."""
        return self._once(("counted", among, tuple(asked)), lambda: self._counted(among, asked))

    def _counted(
        self, among: Among, asked: Sequence[tuple[str, Spoken]]
    ) -> Mapping[tuple[str, Spoken], Mapping[str, int]]:
        cells = [one for measure, spoken in asked for column in columns_of(measure, spoken) for one in _cells(column)]
        sums = [counted for *_, counted in cells]
        found: dict[tuple[str, Spoken], dict[str, int]] = {one: {} for one in asked}
        for start in range(0, len(sums), SUMS_AT_ONCE):
            query = select(*sums[start : start + SUMS_AT_ONCE]).select_from(tables.enquiry_facts).where(*_among(among))
            for (column, cell, _), number in zip(cells[start:], self._rows.found(query)[0], strict=False):
                found[column.measure, column.spoken][cell] = int(number or 0)
        return found

    def number(self, among: Among, kind: EnquiryKind | None = None) -> int:
        """Say how many there are."""
        table = tables.enquiry_facts
        of_kind = [] if kind is None else [table.c.kind == kind.value]
        query = select(func.count()).select_from(table).where(*_among(among), *of_kind)
        return self._once(("number", among, kind), lambda: int(self._rows.found(query)[0][0]))

    def in_cell(self, among: Among, measure: str, spoken: Spoken, cell: str, scope: Scope) -> Sequence[str]:
        """Name the enquiries of a scope that count in a cell, those first that were closed last."""
        table, access = tables.enquiry_facts, tables.enquiry_access
        counts = or_(*(_is_in(column, cell) for column in columns_of(measure, spoken)))
        beside = table.outerjoin(access, access.c.enquiry_id == table.c.enquiry_id)
        query = select(table.c.enquiry_id).select_from(beside).where(*_among(among), counts)
        query = query.where(belongs(scope, table.c.enquiry_id))
        return self._rows.ids(query.order_by(table.c.closed_on.desc(), table.c.enquiry_id))

    def noted(self, among: Among, what: Lacking | Doubt, at_most: int) -> Sequence[str]:
        """Name enquiries of which this is missing, or does not go together, those first that were closed first."""
        table = tables.enquiry_facts
        query = select(table.c.enquiry_id).where(*_among(among), _is_noted(what))
        query = query.order_by(table.c.closed_on, table.c.enquiry_id).limit(at_most)
        return self._once(("noted", among, what, at_most), lambda: self._rows.ids(query))

    def noted_numbers(self, among: Among) -> Mapping[Lacking | Doubt, int]:
        """Say of how many each thing is missing, and in how many each does not go together."""
        query = select(*(func.count().filter(_is_noted(what)) for what in NOTED)).select_from(tables.enquiry_facts)
        return self._once(
            ("noted", among),
            lambda: dict(zip(NOTED, map(int, self._rows.found(query.where(*_among(among)))[0]), strict=True)),
        )

    def teams(self, among: Among) -> Sequence[str | None]:
        """Name the teams that have any."""
        table = tables.enquiry_facts
        query = select(table.c.team_id).where(*_among(among)).distinct().order_by(table.c.team_id)
        return self._once(("teams", among), lambda: self._rows.ids(query))

    def _once(self, asked: Hashable, count: Callable[[], Sum]) -> Sum:
        """Count, or give what was counted before, where nothing has changed since."""
        if self._sums is None:
            return count()
        return self._sums.get(logs.length(self._rows, logs.FIGURES), asked, count)


SUMS_AT_ONCE = 400
"""Sums that one query makes."""

NOTED: tuple[Lacking | Doubt, ...] = (*Lacking, *Doubt)
"""What is noted of an enquiry beside what it counts as."""

WANTED = {Spoken.PERSON: "wanted_person", Spoken.REPRESENTATIVE: "wanted_representative"}
"""The columns that say since when things are wanted, by voice."""


def row_of(facts: Facts) -> Mapping[str, Value]:
    """Give the row that keeps the facts of an enquiry."""
    return {
        "enquiry_id": facts.enquiry_id,
        "team_id": facts.team_id,
        "opened_on": facts.opened_on.isoformat(),
        "closed_on": None if facts.closed_on is None else facts.closed_on.isoformat(),
        "kind": None if facts.kind is None else facts.kind.value,
        **{by.value: facts.groups.get(by) for by in GROUPED},
        "lacking": sum(1 << place for place, one in enumerate(Lacking) if one in facts.lacking),
        "doubts": sum(1 << place for place, one in enumerate(Doubt) if one in facts.doubts),
        **held(facts),
        **{column: _days_kept(facts.wanted.get(spoken)) for spoken, column in WANTED.items()},
    }


def facts_in(row: Row) -> Facts:
    """Read the facts of an enquiry."""
    return Facts(
        enquiry_id=row["enquiry_id"],
        team_id=row["team_id"],
        opened_on=date.fromisoformat(row["opened_on"]),
        closed_on=None if row["closed_on"] is None else date.fromisoformat(row["closed_on"]),
        kind=None if row["kind"] is None else EnquiryKind(row["kind"]),
        groups={by: row[by.value] for by in GROUPED if row[by.value] is not None},
        counted=counted_in(row),
        lacking=frozenset(one for place, one in enumerate(Lacking) if row["lacking"] >> place & 1),
        doubts=frozenset(one for place, one in enumerate(Doubt) if row["doubts"] >> place & 1),
        wanted={spoken: _days_in(row[column]) for spoken, column in WANTED.items() if row[column] is not None},
    )


def _days_kept(days: Sequence[date] | None) -> str | None:
    return " ".join(day.isoformat() for day in days) if days else None


def _days_in(kept: str) -> tuple[date, ...]:
    return tuple(map(date.fromisoformat, kept.split()))


def is_among(facts: Facts, among: Among) -> bool:
    """Say whether an enquiry is counted: as the database says it of those whose facts are kept."""
    if facts.closed_on is None or not among.period.first <= facts.closed_on <= among.period.last:
        return False
    if facts.enquiry_id in among.but:
        return False
    is_nobodys = facts.team_id is None and among.nobodys
    if among.team_ids is not None and facts.team_id not in among.team_ids and not is_nobodys:
        return False
    return not among.group or facts.group(among.by) == among.group


def _among(among: Among) -> list[ColumnElement[bool]]:
    table = tables.enquiry_facts
    where = [table.c.closed_on >= among.period.first.isoformat(), table.c.closed_on <= among.period.last.isoformat()]
    if among.team_ids is not None:
        of_none = table.c.team_id.is_(None) if among.nobodys else false()
        where.append(or_(table.c.team_id.in_(sorted(among.team_ids)), of_none))
    if among.group:
        column = table.c[among.by.value]
        where.append(column.is_(None) if among.group == NOT_RECORDED else column == among.group)
    if among.but:
        where.append(table.c.enquiry_id.not_in(sorted(among.but)))
    return where


def _is_noted(what: Lacking | Doubt) -> ColumnElement[bool]:
    table = tables.enquiry_facts
    if isinstance(what, Lacking):
        return table.c.lacking.op("&")(1 << list(Lacking).index(what)) != 0
    return table.c.doubts.op("&")(1 << list(Doubt).index(what)) != 0


def _cells(column: Column) -> list[tuple[Column, str, ColumnElement[Any]]]:
    """Give the sum for each cell of a column, and for what is in the base but in none."""
    kept = tables.enquiry_facts.c[column.name]
    if column.held is Held.NUMBER:
        return [(column, column.cell, func.coalesce(func.sum(kept), 0))]
    found: list[tuple[Column, str, ColumnElement[Any]]] = [
        (column, cell, func.count().filter(_is_in(column, cell))) for cell in PLACES[column.measure]
    ]
    if column.held is Held.SEVERAL:
        found.append((column, "", func.count(kept)))
    return found


def _is_in(column: Column, cell: str) -> ColumnElement[bool]:
    kept, place = tables.enquiry_facts.c[column.name], PLACES[column.measure][cell]
    match column.held:
        case Held.NUMBER:
            return kept > 0 if column.cell == cell else false()
        case Held.ONE:
            return and_(kept == place)
        case Held.SEVERAL:
            return kept.op("&")(1 << place) != 0
