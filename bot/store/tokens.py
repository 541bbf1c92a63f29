"""Tokens of other programs, at rest. Each is found by a digest of a secret that is kept nowhere; its name is sealed."""

import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from bot.programs import Grant
from bot.store import tables
from bot.store.errors import Missing, Taken
from bot.store.keys import Keys
from bot.store.rows import Row, Rows, moment, moment_or_none, stamp
from bot.store.sealing import bound

SCHEMA = "token name 1"
"""Which additional data the seal of a name has."""


@dataclass(frozen=True, slots=True)
class Token:
    """What another program is let in with, as far as others may know."""

    token_id: str
    name: str
    """What the council calls the program."""
    grants: frozenset[Grant]
    team_ids: frozenset[str]
    made_by: str
    """The account of whoever made it."""
    made_at: datetime
    valid_until: datetime
    last_used_on: date | None
    """The day on which it was good for something last. Nobody needs to know more than that."""
    ended_at: datetime | None

    def is_good(self, now: datetime) -> bool:
        """Say whether it lets a program in now."""
        return self.ended_at is None and now < self.valid_until


class Tokens:
    """The tokens of one transaction. `token_hash` is the digest of the secret."""

    def __init__(self, rows: Rows, keys: Keys) -> None:
        self._rows = rows
        self._keys = keys

    def add(
        self,
        token_hash: str,
        name: str,
        now: datetime,
        *,
        grants: Collection[Grant],
        team_ids: Collection[str],
        made_by: str,
        valid_until: datetime,
    ) -> str:
        """Keep a token and return its id. Raises `Missing` for no such team or account, `Taken` for a digest again."""
        token_id = secrets.token_bytes(16).hex()
        key = self._keys.for_accounts(now)
        self._rows.add(
            tables.tokens,
            {
                "token_id": token_id,
                "token_hash": token_hash,
                "key_id": key.key_id,
                "name": key.seal(name, place_of(key.key_id, token_id)),
                "grants": json.dumps(sorted(one.value for one in grants)),
                "made_by": made_by,
                "made_at": stamp(now),
                "valid_until": stamp(valid_until),
            },
        )
        self._rows.add_all(
            tables.token_teams, [{"token_id": token_id, "team_id": team_id} for team_id in sorted(team_ids)]
        )
        return token_id

    def get(self, token_id: str) -> Token:
        """A token, ended or not. Raises `Missing`."""
        return self._token(self._row(token_id))

    def find(self, token_hash: str) -> Token | None:
        """The token with this digest, good or not."""
        row = self._rows.first(tables.tokens, tables.tokens.c.token_hash == token_hash)
        return None if row is None else self._token(row)

    def listed(self) -> tuple[Token, ...]:
        """All tokens, those made last first."""
        tokens = tables.tokens
        rows = self._rows.every(tokens, order_by=[tokens.c.made_at.desc(), tokens.c.token_id])
        return tuple(map(self._token, rows))

    def names(self) -> Mapping[str, str]:
        """What every token is called, by its id."""
        tokens = tables.tokens
        return {row["token_id"]: self._name(row) for row in self._rows.every(tokens, order_by=[tokens.c.token_id])}

    def used(self, token_id: str, now: datetime) -> None:
        """Say that it was good for something on this day. A clock that was set back takes nothing back."""
        row = self._row(token_id)
        today = now.date().isoformat()
        if row["last_used_on"] is None or row["last_used_on"] < today:
            self._rows.replace(tables.tokens, row, to={"last_used_on": today})

    def end(self, token_id: str, now: datetime) -> None:
        """End a token for good. Raises `Missing`, and `Taken` where that was done before."""
        row = self._row(token_id)
        if row["ended_at"] is not None:
            raise Taken("This token was ended before.")
        self._rows.replace(tables.tokens, row, to={"ended_at": stamp(now)})

    def _row(self, token_id: str) -> Row:
        row = self._rows.first(tables.tokens, tables.tokens.c.token_id == token_id)
        if row is None:
            raise Missing("There is no such token.")
        return row

    def _name(self, row: Row) -> str:
        return self._keys.open(row["key_id"]).open(row["name"], place_of(row["key_id"], row["token_id"]))

    def _token(self, row: Row) -> Token:
        of_it = tables.token_teams
        teams = self._rows.every(of_it, of_it.c.token_id == row["token_id"], order_by=[of_it.c.team_id])
        last_used_on = row["last_used_on"]
        return Token(
            token_id=row["token_id"],
            name=self._name(row),
            grants=frozenset(map(Grant, json.loads(row["grants"]))),
            team_ids=frozenset(team["team_id"] for team in teams),
            made_by=row["made_by"],
            made_at=moment(row["made_at"]),
            valid_until=moment(row["valid_until"]),
            last_used_on=None if last_used_on is None else date.fromisoformat(last_used_on),
            ended_at=moment_or_none(row["ended_at"]),
        )


def place_of(key_id: str, token_id: str) -> bytes:
    """Where the seal of a token's name belongs."""
    return bound(SCHEMA, key_id, token_id)
