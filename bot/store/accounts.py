"""Teams and the accounts of those who work in them, at rest. Names, addresses and secrets are sealed.

An account is found by its e-mail address without anything being opened: by a keyed digest. Addresses that differ only
in capitals count as one.
"""

import hmac
import secrets
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.roles import Role
from bot.store import tables
from bot.store.errors import Missing, Taken
from bot.store.keys import Keys
from bot.store.rows import Row, Rows, Value, moment, moment_or_none, stamp
from bot.store.sealing import bound

TEAM_SCHEMA = "team name 1"
SCHEMAS = {
    "name": "account name 1",
    "email": "account email 1",
    "password": "account password 1",
    "totp": "account totp 1",
}
"""Which additional data the seal of each column has."""


@dataclass(frozen=True, slots=True)
class Team:
    """Those who work on the same enquiries."""

    team_id: str
    name: str
    duty: bool
    """Whether what belongs to no team comes to this one."""
    made_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Account:
    """One who works with what people said, as far as others may know."""

    account_id: str
    role: Role
    name: str
    email: str
    team_ids: frozenset[str]
    made_at: datetime
    disabled_at: datetime | None
    has_password: bool
    has_totp: bool


class Teams:
    """The teams of one transaction."""

    def __init__(self, rows: Rows, keys: Keys) -> None:
        self._rows = rows
        self._keys = keys

    def add(self, name: str, now: datetime, *, duty: bool = False) -> str:
        """Make a team and return its id. The first one is the duty team, whether asked for or not."""
        team_id = secrets.token_bytes(16).hex()
        key = self._keys.for_accounts(now)
        is_first = self._rows.first(tables.teams, tables.teams.c.duty == 1) is None
        self._rows.add(
            tables.teams,
            {
                "team_id": team_id,
                "key_id": key.key_id,
                "name": key.seal(name, place_of_team(key.key_id, team_id)),
                "duty": is_first,
                "made_at": stamp(now),
            },
        )
        if duty:
            self.set_duty(team_id)
        return team_id

    def get(self, team_id: str) -> Team:
        """A team. Raises `Missing`."""
        return self._team(self._row(team_id))

    def listed(self, *, closed: bool = False) -> tuple[Team, ...]:
        """All teams in the order they were made, closed ones only where asked for."""
        teams = tables.teams
        where = [] if closed else [teams.c.closed_at.is_(None)]
        return tuple(
            self._team(row) for row in self._rows.every(teams, *where, order_by=[teams.c.made_at, teams.c.team_id])
        )

    def rename(self, team_id: str, name: str) -> None:
        """Call a team something else. Raises `Missing`."""
        row = self._row(team_id)
        sealed = self._keys.open(row["key_id"]).seal(name, place_of_team(row["key_id"], team_id))
        self._rows.replace(tables.teams, row, to={"name": sealed})

    def set_duty(self, team_id: str) -> None:
        """Make this the duty team in place of the one before. Raises `Missing`, also where the team is closed."""
        row = self._row(team_id)
        if row["closed_at"] is not None:
            raise Missing("A team that is closed is not on duty.")
        teams = tables.teams
        for other in self._rows.every(teams, teams.c.duty == 1, teams.c.team_id != team_id, order_by=[teams.c.team_id]):
            self._rows.replace(teams, other, to={"duty": 0})
        self._rows.replace(teams, row, to={"duty": 1})

    def close(self, team_id: str, now: datetime) -> None:
        """Close a team. One that is closed stays as it is. Raises `Missing`, and `Taken` for the duty team."""
        row = self._row(team_id)
        if row["duty"]:
            raise Taken("This is the duty team: make another one that first.")
        if row["closed_at"] is None:
            self._rows.replace(tables.teams, row, to={"closed_at": stamp(now)})

    def _row(self, team_id: str) -> Row:
        row = self._rows.first(tables.teams, tables.teams.c.team_id == team_id)
        if row is None:
            raise Missing(f"There is no team {team_id}.")
        return row

    def _team(self, row: Row) -> Team:
        place = place_of_team(row["key_id"], row["team_id"])
        return Team(
            team_id=row["team_id"],
            name=self._keys.open(row["key_id"]).open(row["name"], place),
            duty=bool(row["duty"]),
            made_at=moment(row["made_at"]),
            closed_at=moment_or_none(row["closed_at"]),
        )


class Accounts:
    """The accounts of one transaction."""

    def __init__(self, rows: Rows, keys: Keys, finding: bytes) -> None:
        self._rows = rows
        self._keys = keys
        self._finding = finding

    def add(self, *, role: Role, name: str, email: str, team_ids: Collection[str], now: datetime) -> str:
        """Make an account and return its id. Raises `Taken` when the e-mail address is, `Missing` for no such team."""
        if self.find(email) is not None:
            raise Taken("There is an account with this e-mail address already.")
        account_id = secrets.token_bytes(16).hex()
        key = self._keys.for_accounts(now)
        self._rows.add(
            tables.accounts,
            {
                "account_id": account_id,
                "key_id": key.key_id,
                "role": role.value,
                "name": key.seal(name, place_of(key.key_id, account_id, "name")),
                "email": key.seal(email, place_of(key.key_id, account_id, "email")),
                "found_by": digest_of(email, self._finding),
                "made_at": stamp(now),
            },
        )
        self._belong(account_id, team_ids)
        return account_id

    def get(self, account_id: str) -> Account:
        """An account, disabled or not. Raises `Missing`."""
        row = self._row(account_id)
        return self._account(row, self._team_ids().get(account_id, frozenset()))

    def find(self, email: str) -> Account | None:
        """The account with this e-mail address, if there is one, disabled or not."""
        accounts = tables.accounts
        row = self._rows.first(accounts, accounts.c.found_by == digest_of(email, self._finding))
        return None if row is None else self.get(row["account_id"])

    def tried(self, email: str) -> tuple[Account | None, str | None]:
        """The account with this e-mail address, and the hash of its password; neither where there is no account.

        As much is read where there is none, of another account: how long it takes tells nobody which it was.
        """
        accounts = tables.accounts
        other = self._rows.first(accounts, accounts.c.password.is_not(None), order_by=[accounts.c.account_id])
        row = self._rows.first(accounts, accounts.c.found_by == digest_of(email, self._finding))
        read = row or other
        if read is None:
            return None, None
        account = self._account(read, self._team_ids().get(read["account_id"], frozenset()))
        password = self._opened(read, "password")
        return (account, password) if row is not None else (None, None)

    def listed(self) -> tuple[Account, ...]:
        """All accounts in the order they were made."""
        accounts = tables.accounts
        belong = self._team_ids()
        rows = self._rows.every(accounts, order_by=[accounts.c.made_at, accounts.c.account_id])
        return tuple(self._account(row, belong.get(row["account_id"], frozenset())) for row in rows)

    def change(self, account_id: str, *, role: Role, name: str, email: str, team_ids: Collection[str]) -> None:
        """Say anew whose account it is and what for. Raises `Missing`, and `Taken` when the e-mail address is."""
        row = self._row(account_id)
        other = self.find(email)
        if other is not None and other.account_id != account_id:
            raise Taken("There is an account with this e-mail address already.")
        to: dict[str, Value] = {"role": role.value, "found_by": digest_of(email, self._finding)}
        to |= {column: self._sealed(row, column, value) for column, value in (("name", name), ("email", email))}
        self._rows.replace(tables.accounts, row, to=to)
        self._belong(account_id, team_ids)

    def disable(self, account_id: str, now: datetime) -> None:
        """Let nobody in with this account any more. One that is disabled stays as it is. Raises `Missing`."""
        row = self._row(account_id)
        if row["disabled_at"] is None:
            self._rows.replace(tables.accounts, row, to={"disabled_at": stamp(now)})

    def enable(self, account_id: str) -> None:
        """Let somebody in with this account again. Raises `Missing`."""
        self._rows.replace(tables.accounts, self._row(account_id), to={"disabled_at": None})

    def password(self, account_id: str) -> str | None:
        """The hash of its password, if it has one. Raises `Missing`."""
        return self._opened(self._row(account_id), "password")

    def set_password(self, account_id: str, password_hash: str | None) -> None:
        """Keep the hash of a password in place of the one before. Raises `Missing`."""
        row = self._row(account_id)
        self._rows.replace(tables.accounts, row, to={"password": self._sealed(row, "password", password_hash)})

    def totp(self, account_id: str) -> str | None:
        """The secret of its one-time codes, if it has one. Raises `Missing`."""
        return self._opened(self._row(account_id), "totp")

    def set_totp(self, account_id: str, secret: str | None) -> None:
        """Keep the secret of one-time codes in place of the one before. Raises `Missing`."""
        row = self._row(account_id)
        sealed = self._sealed(row, "totp", secret)
        # Another secret has other codes: those used of the one before say nothing of them.
        self._rows.replace(tables.accounts, row, to={"totp": sealed, "totp_counter": None})

    def used_totp(self, account_id: str, counter: int) -> bool:
        """Use the one-time code of this counter. False when it was used, or a later one. Raises `Missing`."""
        row = self._row(account_id)
        if row["totp_counter"] is not None and row["totp_counter"] >= counter:
            return False
        self._rows.replace(tables.accounts, row, to={"totp_counter": counter})
        return True

    def _belong(self, account_id: str, team_ids: Collection[str]) -> None:
        belong = tables.account_teams
        self._rows.drop(belong, belong.c.account_id == account_id)
        for team_id in sorted(set(team_ids)):
            self._rows.add(belong, {"account_id": account_id, "team_id": team_id})

    def _team_ids(self) -> Mapping[str, frozenset[str]]:
        belong = tables.account_teams
        found: dict[str, set[str]] = {}
        for row in self._rows.every(belong, order_by=[belong.c.account_id, belong.c.team_id]):
            found.setdefault(row["account_id"], set()).add(row["team_id"])
        return {account_id: frozenset(team_ids) for account_id, team_ids in found.items()}

    def _row(self, account_id: str) -> Row:
        accounts = tables.accounts
        row = self._rows.first(accounts, accounts.c.account_id == account_id)
        if row is None:
            raise Missing(f"There is no account {account_id}.")
        return row

    def _sealed(self, row: Row, column: str, value: str | None) -> bytes | None:
        if value is None:
            return None
        key = self._keys.open(row["key_id"])
        return key.seal(value, place_of(key.key_id, row["account_id"], column))

    def _opened(self, row: Row, column: str) -> str | None:
        if row[column] is None:
            return None
        key = self._keys.open(row["key_id"])
        return key.open(row[column], place_of(key.key_id, row["account_id"], column))

    def _account(self, row: Row, team_ids: frozenset[str]) -> Account:
        return Account(
            account_id=row["account_id"],
            role=Role(row["role"]),
            name=self._opened(row, "name") or "",
            email=self._opened(row, "email") or "",
            team_ids=team_ids,
            made_at=moment(row["made_at"]),
            disabled_at=moment_or_none(row["disabled_at"]),
            has_password=row["password"] is not None,
            has_totp=row["totp"] is not None,
        )


def place_of_team(key_id: str, team_id: str) -> bytes:
    """Where the seal of a team's name belongs."""
    return bound(TEAM_SCHEMA, key_id, team_id)


def place_of(key_id: str, account_id: str, column: str) -> bytes:
    """Where the seal of a column of an account belongs."""
    return bound(SCHEMAS[column], key_id, account_id)


def alike(email: str) -> str:
    """What addresses have in common that count as one. For comparing only: the address is kept as it was given."""
    return unicodedata.normalize("NFKC", email).strip().casefold()


def digest_of(email: str, key: bytes) -> bytes:
    """What an account is found by: it tells nothing of the address to whoever has no key."""
    return hmac.digest(key, alike(email).encode("utf-8", "surrogatepass"), "sha256")
