"""What was done about what people said, at rest: added, and never changed. Of a deed the last version stands."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import func, select, tuple_

from bot.store import tables
from bot.store.errors import Missing
from bot.store.keys import Keys
from bot.store.rows import Row, Rows, Value, moment, stamp
from bot.store.sealing import bound

SCHEMA = "deed 1"


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that was done, or is to be, about what people said."""

    deed_id: str
    number: int
    """Which of its versions, from 1."""
    team_id: str | None
    """None for the whole council."""
    state: str
    theme: str | None
    """The theme that it answers."""
    conversation_id: str | None
    turn: int | None
    """The words that it answers. They may be gone since, or not be quoted any more."""
    day: date
    """When it was done, or is to be."""
    words: Mapping[str, str] = field(repr=False)
    """What was typed, by the name of the field. Sealed at rest."""
    account_id: str
    at: datetime


class Deeds:
    """What was done, in one transaction."""

    def __init__(self, rows: Rows, keys: Keys) -> None:
        self._rows = rows
        self._keys = keys

    def add(
        self,
        *,
        team_id: str | None,
        state: str,
        day: date,
        words: Mapping[str, str],
        account_id: str,
        now: datetime,
        theme: str | None = None,
        conversation_id: str | None = None,
        turn: int | None = None,
        deed_id: str = "",
        after: int | None = None,
    ) -> Deed:
        """Keep a deed, or another version of one. Raises `Missing` when team or account is not there.

        `after`: the version that this is to follow, 0 for none; the latest unless said. Raises `Taken` where another
        followed it already, be it at this very moment.
        """
        deeds = tables.deeds
        named = deed_id or secrets.token_bytes(16).hex()
        number = self._rows.next_number(deeds, deed_id=named) if after is None else after + 1
        key = self._keys.for_accounts(now)
        typed = json.dumps(dict(sorted(words.items())), ensure_ascii=False)
        row: dict[str, Value] = {
            "deed_id": named,
            "number": number,
            "team_id": team_id,
            "state": state,
            "theme": theme,
            "conversation_id": conversation_id,
            "turn": turn,
            "day": day.isoformat(),
            "key_id": key.key_id,
            "words": key.seal(typed, place_of(key.key_id, named, number)),
            "account_id": account_id,
            "at": stamp(now),
        }
        self._rows.add(deeds, row)
        return self.get(named)

    def get(self, deed_id: str) -> Deed:
        """A deed as it stands. Raises `Missing`."""
        deeds = tables.deeds
        row = self._rows.first(deeds, deeds.c.deed_id == deed_id, order_by=[deeds.c.number.desc()])
        if row is None:
            raise Missing("There is no such deed.")
        return self._deed(row)

    def listed(self) -> tuple[Deed, ...]:
        """All of them as they stand, the latest day first."""
        deeds = tables.deeds
        latest = select(deeds.c.deed_id, func.max(deeds.c.number)).group_by(deeds.c.deed_id)
        rows = self._rows.every(
            deeds,
            tuple_(deeds.c.deed_id, deeds.c.number).in_(latest),
            order_by=[deeds.c.day.desc(), deeds.c.deed_id],
        )
        return tuple(map(self._deed, rows))

    def first_kept(self) -> Mapping[str, datetime]:
        """When each of them was kept first."""
        deeds = tables.deeds
        rows = self._rows.every(deeds, deeds.c.number == 1, order_by=[deeds.c.deed_id])
        return {row["deed_id"]: moment(row["at"]) for row in rows}

    def _deed(self, row: Row) -> Deed:
        opened = self._keys.open(row["key_id"]).open(
            row["words"], place_of(row["key_id"], row["deed_id"], row["number"])
        )
        return Deed(
            deed_id=row["deed_id"],
            number=row["number"],
            team_id=row["team_id"],
            state=row["state"],
            theme=row["theme"],
            conversation_id=row["conversation_id"],
            turn=row["turn"],
            day=date.fromisoformat(row["day"]),
            words=json.loads(opened),
            account_id=row["account_id"],
            at=moment(row["at"]),
        )


def place_of(key_id: str, deed_id: str, number: int) -> bytes:
    """Where the seal of a deed's words belongs."""
    return bound(SCHEMA, key_id, deed_id, number)
