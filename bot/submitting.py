"""The national return: what makes its figures doubtful, its tables as they leave, and the file that is taken out.

What leaves is what was looked at: where anything is different by the time that somebody takes it out, nothing leaves,
and they look again.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime

from bot import council, reporting
from bot.council import Name
from bot.figures import NATIONAL, Period, Table
from bot.publishing import Council, file_name, return_csv
from bot.reporting import Asked, Doubtful
from bot.reviewing.seeing import NotDone
from bot.roles import Act, Actor, Role, require, require_proven
from bot.settings import Settings
from bot.store import AuditAct, Store, Transaction


@dataclass(frozen=True, slots=True)
class Return:
    """The return of a year, before it is taken out."""

    period: Period
    doubts: tuple[Doubtful, ...]
    """What to look at before it leaves."""
    tables: tuple[Table, ...]
    """Exact, in the order of the published tables."""
    of_council: Mapping[Name, str]
    missing: tuple[Name, ...]
    """What nobody gave of the council, without which no file is made."""
    givers: tuple[str, ...]
    """The names of those who can give it."""
    is_over: bool
    """Whether the year is."""
    seen: str
    """What tells whether the file would still be the same."""

    @property
    def is_empty(self) -> bool:
        """Whether no section 42 enquiry was closed in the year, so that there is nothing to return."""
        return not any(table.base[column.id] for table in self.tables for column in table.columns)


@dataclass(frozen=True, slots=True)
class Taken:
    """The file of a return."""

    name: str
    content: bytes


class LookAgain(NotDone):
    """Something is not as it was looked at, or not all is there yet. Nothing left."""


def look(store: Store, settings: Settings, actor: Actor, period: Period, now: datetime) -> Return:
    """Give the return of a year as it would leave now. Raises NotAllowed, NotDone, NotRead."""
    require(actor, Act.EXPORT_RETURN)
    asked = Asked(period=period, measures=NATIONAL, act=Act.EXPORT_RETURN)
    doubts = reporting.doubts(store, actor, asked)
    tables = reporting.tables(store, actor, asked, now)
    with store.reading() as seen:
        of_council = council.in_return(seen, settings)
        givers = _givers(seen)
    return Return(
        period=period,
        doubts=doubts,
        tables=tables,
        of_council=of_council,
        missing=tuple(name for name, value in of_council.items() if not value),
        givers=givers,
        is_over=period.last < now.date(),
        seen=_digest(tables, doubts, of_council),
    )


def take_out(store: Store, settings: Settings, actor: Actor, period: Period, seen: str, now: datetime) -> Taken:
    """Write the return as a file, and record who took it out. `seen` is that of the return that they looked at.

    Raises NotAllowed, ProofNeeded, LookAgain, NotDone, NotRead, NotKept.
    """
    require_proven(actor, Act.EXPORT_RETURN, now)
    found = look(store, settings, actor, period, now)
    if found.is_empty:
        raise LookAgain("No section 42 enquiry was closed in this year, so there is nothing to return.")
    if found.missing:
        raise LookAgain("Something of the council is missing, so the file cannot be made yet.")
    if found.seen != seen:
        raise LookAgain("The figures are not as you saw them. Look at them again, then take them out.")
    content = return_csv(found.tables, Council(**{name.value: value for name, value in found.of_council.items()}))
    with store.begin() as kept:
        about = f"national_return_{period.first.year}"
        kept.audit.add(AuditAct.EXPORTED, now, account_id=actor.account_id, about=about)
    return Taken(file_name(period), content)


def _givers(seen: Transaction) -> tuple[str, ...]:
    can = [one for one in seen.accounts.listed() if one.role is Role.ADMINISTRATOR and one.disabled_at is None]
    return tuple(sorted(one.name for one in can))


def _digest(tables: Sequence[Table], doubts: Sequence[Doubtful], of_council: Mapping[Name, str]) -> str:
    told = (
        [(one.measure.id, sorted(one.counts.items())) for one in tables],
        [astuple(one) for one in doubts],
        sorted(of_council.items()),
    )
    return hashlib.sha256(repr(told).encode()).hexdigest()
