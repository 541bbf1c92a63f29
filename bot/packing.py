"""The Board pack: everything that is published of a year, counted and proved safe together.

What may be shown of one table depends on all others, so whoever publishes figures of a year shows parts of this pack,
and never makes one of fewer tables.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot import comparing, reporting
from bot.figures import MEASURES, By, Period, Spoken, Table
from bot.publishing import Pack, PublishedTable, publish
from bot.publishing.writing import Elsewhere, published_csv, published_json, published_xlsx
from bot.reporting import Asked
from bot.roles import Act, Actor, require, require_proven
from bot.store import AuditAct, Store

_FOLLOWED = ("achieved", "asked", "risk", "supported", "safer", "involved", "wait")
"""Measures that are shown quarter by quarter."""

_COMPARED = ("asked", "achieved")
"""Measures that are shown for one age band beside another, and for men beside women: SG4a, both parts."""

BROKEN_DOWN_BY: Mapping[By, Sequence[str]] = {By.QUARTER: _FOLLOWED, By.AGE_BAND: _COMPARED, By.SEX: _COMPARED}
"""Into what a pack is broken down, and which measures.

The finer it is, the more is under 5 and has to be hidden. By ethnic group or support reason hardly anything of one
council would be left to see: those are told apart in exact figures.
"""

REMEMBERED = 12
"""Packs that are held ready. Proving one takes seconds; the same figures make the same pack."""


class _Ready:
    """Packs by what they were made of. Holds nothing that may not be published."""

    def __init__(self) -> None:
        self._packs: OrderedDict[bytes, Pack] = OrderedDict()
        self._lock = threading.Lock()

    def pack(self, tables: Sequence[Table]) -> Pack:
        """Give what may be published of these tables. Two who ask at once wait for one proof."""
        made_of = _digest(tables)
        with self._lock:
            if made_of not in self._packs:
                self._packs[made_of] = publish(tables)
            self._packs.move_to_end(made_of)
            while len(self._packs) > REMEMBERED:
                self._packs.popitem(last=False)
            return self._packs[made_of]


_ready = _Ready()


@dataclass(frozen=True, slots=True)
class YearPack:
    """What is published of a year."""

    period: Period
    tables: Mapping[tuple[str, Spoken, By], PublishedTable]
    """By measure, voice, and what it is broken down into: `By.NOTHING` for all of it."""


def pack_of(store: Store, actor: Actor, period: Period, now: datetime) -> YearPack:
    """Give the pack of a year. Raises NotAllowed, NotDone, NotProven, NotRead."""
    require(actor, Act.SEE_PACK)
    counted: dict[tuple[str, Spoken, By], Table] = {}
    for by, measures in ((By.NOTHING, tuple(MEASURES)), *BROKEN_DOWN_BY.items()):
        for table in reporting.tables(
            store, actor, Asked(period=period, measures=tuple(measures), by=by, act=Act.SEE_PACK), now
        ):
            counted[table.measure.id, table.spoken, by] = table
    pack = _ready.pack(tuple(counted.values()))
    return YearPack(period, dict(zip(counted, pack.tables, strict=True)))


class Written(StrEnum):
    """As what a pack is taken out."""

    XLSX = "xlsx"
    CSV = "csv"
    JSON = "json"


_WRITERS: Mapping[Written, Callable[[Iterable[PublishedTable], Period, Sequence[Elsewhere]], bytes]] = {
    Written.XLSX: published_xlsx,
    Written.CSV: published_csv,
    Written.JSON: published_json,
}


def take_out(store: Store, actor: Actor, period: Period, written: Written, now: datetime) -> bytes:
    """Write the pack of a year as a file, with what it is compared with, and record who took it out.

    Raises NotAllowed, ProofNeeded, NotDone, NotProven, NotRead, NotKept.
    """
    require_proven(actor, Act.EXPORT_PACK, now)
    pack = pack_of(store, actor, period, now)
    elsewhere = comparing.beside(store, actor, period)
    made = _WRITERS[written](pack.tables.values(), period, () if elsewhere is None else elsewhere.figures())
    with store.begin() as kept:
        about = f"board_pack_{period.first.year}_{written}"
        kept.audit.add(AuditAct.EXPORTED, now, account_id=actor.account_id, about=about)
    return made


def _digest(tables: Sequence[Table]) -> bytes:
    made = hashlib.sha256()
    for table in tables:
        made.update(repr((table.measure.id, table.spoken, table.columns)).encode())
        made.update(repr(sorted(table.counts.items())).encode())
        made.update(repr(sorted(table.base.items())).encode())
    return made.digest()
