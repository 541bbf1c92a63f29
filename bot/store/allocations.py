"""Whose an enquiry is, at rest: its team, who works on it, whether it is restricted. Every move of it is kept."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from bot.store import tables
from bot.store.errors import Missing
from bot.store.rows import Row, Rows, Value, moment, stamp

AT_ONCE = 500
"""Enquiries that one query names."""


class AccessChange(StrEnum):
    """What became of who may see an enquiry."""

    GIVEN = "given"
    """To a team."""
    ALLOCATED = "allocated"
    UNALLOCATED = "unallocated"
    RESTRICTED = "restricted"
    LIFT_ASKED = "lift_asked"
    LIFTED = "lifted"


@dataclass(frozen=True, slots=True)
class Access:
    """Whose an enquiry is now."""

    team_id: str | None = None
    """None where nobody gave it to a team: then it is the duty team's."""
    is_restricted: bool = False
    allocated: frozenset[str] = frozenset()
    """The accounts that work on it."""
    ever_allocated: frozenset[str] = frozenset()
    """Those that ever did, now included."""
    lift_asked_by: str | None = None
    """Who asked for the restriction to be lifted; somebody else is to do it."""


@dataclass(frozen=True, slots=True)
class AccessMove:
    """One thing that became of who may see an enquiry."""

    move: AccessChange
    team_id: str | None
    """The team that it was given to."""
    account_id: str | None
    """Who was allocated, or is not any more."""
    by: str | None
    """The account that did it; None where it was done on the command line."""
    at: datetime


class Allocations:
    """Whose the enquiries of one transaction are."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def access(self, enquiry_id: str) -> Access:
        """Whose an enquiry is now. Raises `Missing`."""
        self._require(enquiry_id)
        return self.accesses([enquiry_id])[enquiry_id]

    def accesses(self, enquiry_ids: Collection[str]) -> Mapping[str, Access]:
        """Whose each of these enquiries is now."""
        access, allocations = tables.enquiry_access, tables.allocations
        asked = sorted(set(enquiry_ids))
        rows: dict[str, Row] = {}
        ever: dict[str, set[str]] = {enquiry_id: set() for enquiry_id in asked}
        today: dict[str, set[str]] = {enquiry_id: set() for enquiry_id in asked}
        for start in range(0, len(asked), AT_ONCE):
            some = asked[start : start + AT_ONCE]
            for row in self._rows.every(access, access.c.enquiry_id.in_(some), order_by=[access.c.enquiry_id]):
                rows[row["enquiry_id"]] = row
            of_them = allocations.c.enquiry_id.in_(some)
            order = [allocations.c.enquiry_id, allocations.c.account_id]
            for row in self._rows.every(allocations, of_them, order_by=order):
                ever[row["enquiry_id"]].add(row["account_id"])
                if row["is_allocated"]:
                    today[row["enquiry_id"]].add(row["account_id"])
        return {enquiry_id: _access(rows.get(enquiry_id), today[enquiry_id], ever[enquiry_id]) for enquiry_id in asked}

    def ever_of(self, account_id: str) -> frozenset[str]:
        """Name the enquiries that somebody works on or ever did."""
        allocations = tables.allocations
        of_them = select(allocations.c.enquiry_id).where(allocations.c.account_id == account_id)
        return frozenset(map(str, self._rows.ids(of_them)))

    def give_team(self, enquiry_id: str, team_id: str, by: str | None, now: datetime) -> None:
        """Give an enquiry to a team. Done again, it changes nothing. Raises `Missing`."""
        row = self._row(enquiry_id)
        if row["team_id"] != team_id:
            self._rows.replace(tables.enquiry_access, row, to={"team_id": team_id})
            self._move(enquiry_id, AccessChange.GIVEN, by, now, team_id=team_id)

    def allocate(self, enquiry_id: str, account_id: str, by: str | None, now: datetime) -> None:
        """Say that somebody works on it. Done again, it changes nothing. Raises `Missing`."""
        self._row(enquiry_id)
        row = self._allocation(enquiry_id, account_id)
        if row is not None and row["is_allocated"]:
            return
        if row is None:
            here: dict[str, Value] = {"enquiry_id": enquiry_id, "account_id": account_id, "is_allocated": 1}
            self._rows.add(tables.allocations, here)
        else:
            self._rows.replace(tables.allocations, row, to={"is_allocated": 1})
        self._move(enquiry_id, AccessChange.ALLOCATED, by, now, account_id=account_id)

    def unallocate(self, enquiry_id: str, account_id: str, by: str | None, now: datetime) -> None:
        """Say that somebody works on it no more. Who never did stays as they are. Raises `Missing`."""
        self._row(enquiry_id)
        row = self._allocation(enquiry_id, account_id)
        if row is not None and row["is_allocated"]:
            self._rows.replace(tables.allocations, row, to={"is_allocated": 0})
            self._move(enquiry_id, AccessChange.UNALLOCATED, by, now, account_id=account_id)

    def restrict(self, enquiry_id: str, by: str | None, now: datetime) -> None:
        """Let only those see it who work on it, and managers. Whoever asked to lift it before asked for nothing now."""
        row = self._row(enquiry_id)
        if not row["is_restricted"] or row["lift_asked_by"] is not None:
            self._rows.replace(tables.enquiry_access, row, to={"is_restricted": 1, "lift_asked_by": None})
            self._move(enquiry_id, AccessChange.RESTRICTED, by, now)

    def ask_to_lift(self, enquiry_id: str, by: str, now: datetime) -> None:
        """Ask somebody else to lift the restriction. Raises `Missing` where it is not restricted.

        Whoever asked first is the one who asked.
        """
        row = self._row(enquiry_id)
        if not row["is_restricted"]:
            raise Missing("This enquiry is not restricted.")
        if row["lift_asked_by"] is None:
            self._rows.replace(tables.enquiry_access, row, to={"lift_asked_by": by})
            self._move(enquiry_id, AccessChange.LIFT_ASKED, by, now)

    def lift(self, enquiry_id: str, by: str, now: datetime) -> None:
        """Lift a restriction that somebody else asked to have lifted. Raises `Missing` where nobody else did."""
        row = self._row(enquiry_id)
        if not row["is_restricted"] or row["lift_asked_by"] in {None, by}:
            raise Missing("Nobody else asked for this restriction to be lifted.")
        self._rows.replace(tables.enquiry_access, row, to={"is_restricted": 0, "lift_asked_by": None})
        self._move(enquiry_id, AccessChange.LIFTED, by, now)

    def moves(self, enquiry_id: str) -> tuple[AccessMove, ...]:
        """All that became of who may see an enquiry, first to last. Raises `Missing`."""
        self._require(enquiry_id)
        moves = tables.access_moves
        rows = self._rows.every(moves, moves.c.enquiry_id == enquiry_id, order_by=[moves.c.number])
        return tuple(
            AccessMove(
                move=AccessChange(row["move"]),
                team_id=row["team_id"],
                account_id=row["account_id"],
                by=row["by"],
                at=moment(row["at"]),
            )
            for row in rows
        )

    def _require(self, enquiry_id: str) -> None:
        if self._rows.one(tables.enquiries, enquiry_id) is None:
            raise Missing(f"There is no enquiry {enquiry_id}.")

    def _row(self, enquiry_id: str) -> Row:
        """The row of an enquiry, made where there is none yet."""
        access = tables.enquiry_access
        row = self._rows.one(access, enquiry_id)
        if row is None:
            self._require(enquiry_id)
            self._rows.add(access, {"enquiry_id": enquiry_id, "is_restricted": 0})
            row = self._rows.one(access, enquiry_id)
            assert row is not None
        return row

    def _allocation(self, enquiry_id: str, account_id: str) -> Row | None:
        return self._rows.one(tables.allocations, enquiry_id, account_id)

    def _move(
        self,
        enquiry_id: str,
        move: AccessChange,
        by: str | None,
        now: datetime,
        *,
        team_id: str | None = None,
        account_id: str | None = None,
    ) -> None:
        moves = tables.access_moves
        self._rows.add(
            moves,
            {
                "enquiry_id": enquiry_id,
                "number": self._rows.next_number(moves, enquiry_id=enquiry_id),
                "move": move.value,
                "team_id": team_id,
                "account_id": account_id,
                "by": by,
                "at": stamp(now),
            },
        )


def moved(access: Access, row: Row) -> Access:
    """Whose an enquiry is after one more of its moves."""
    account_id = row["account_id"]
    match row["move"]:
        case AccessChange.GIVEN:
            return replace(access, team_id=row["team_id"])
        case AccessChange.ALLOCATED:
            now, ever = access.allocated | {account_id}, access.ever_allocated | {account_id}
            return replace(access, allocated=now, ever_allocated=ever)
        case AccessChange.UNALLOCATED:
            return replace(access, allocated=access.allocated - {account_id})
        case AccessChange.RESTRICTED:
            return replace(access, is_restricted=True, lift_asked_by=None)
        case AccessChange.LIFT_ASKED:
            return replace(access, lift_asked_by=row["by"])
        case AccessChange.LIFTED:
            return replace(access, is_restricted=False, lift_asked_by=None)
    return access


def _access(row: Row | None, allocated: Collection[str], ever_allocated: Collection[str]) -> Access:
    return Access(
        team_id=None if row is None else row["team_id"],
        is_restricted=row is not None and bool(row["is_restricted"]),
        allocated=frozenset(allocated),
        ever_allocated=frozenset(ever_allocated),
        lift_asked_by=None if row is None else row["lift_asked_by"],
    )
