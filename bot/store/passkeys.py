"""Passkeys at rest. One is found by a keyed digest of its credential's id; all else of it is sealed."""

import base64
import hmac
from dataclasses import dataclass
from datetime import datetime

from bot.store import tables
from bot.store.errors import Missing
from bot.store.keys import Keys
from bot.store.rows import Row, Rows, moment, moment_or_none, stamp
from bot.store.sealing import bound

SCHEMAS = {"credential": "passkey credential 1", "public_key": "passkey public key 1", "name": "passkey name 1"}
"""Which additional data the seal of each column has."""


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey that somebody can sign in with."""

    credential_id: bytes
    account_id: str
    public_key: bytes
    sign_count: int
    name: str
    """What its owner calls it."""
    made_at: datetime
    last_used_at: datetime | None


class Passkeys:
    """The passkeys of one transaction."""

    def __init__(self, rows: Rows, keys: Keys, finding: bytes) -> None:
        self._rows = rows
        self._keys = keys
        self._finding = finding

    def add(
        self, account_id: str, credential_id: bytes, public_key: bytes, sign_count: int, name: str, now: datetime
    ) -> None:
        """Keep a passkey. Raises `Taken` when it is there, ended ones included, `Missing` for no such account."""
        key = self._keys.for_accounts(now)
        sealed = {"credential": _text(credential_id), "public_key": _text(public_key), "name": name}
        self._rows.add(
            tables.passkeys,
            {
                "found_by": digest_of(credential_id, self._finding),
                "account_id": account_id,
                "key_id": key.key_id,
                **{
                    column: key.seal(value, place_of(key.key_id, account_id, column))
                    for column, value in sealed.items()
                },
                "sign_count": sign_count,
                "made_at": stamp(now),
            },
        )

    def find(self, credential_id: bytes) -> Passkey | None:
        """A passkey that was not ended."""
        row = self._row(credential_id)
        return None if row is None or row["ended_at"] is not None else self._passkey(row)

    def of(self, account_id: str) -> tuple[Passkey, ...]:
        """The passkeys of an account that were not ended, oldest first."""
        passkeys = tables.passkeys
        live = [passkeys.c.account_id == account_id, passkeys.c.ended_at.is_(None)]
        rows = self._rows.every(passkeys, *live, order_by=[passkeys.c.made_at, passkeys.c.found_by])
        return tuple(map(self._passkey, rows))

    def used(self, credential_id: bytes, sign_count: int, now: datetime) -> None:
        """Say that somebody signed in with it. Raises `Missing`."""
        row = self._row(credential_id)
        if row is None or row["ended_at"] is not None:
            raise Missing("There is no such passkey.")
        self._rows.replace(tables.passkeys, row, to={"sign_count": sign_count, "last_used_at": stamp(now)})

    def end(self, credential_id: bytes, now: datetime) -> None:
        """End a passkey for good. One that has ended, or never was, stays as it is."""
        row = self._row(credential_id)
        if row is not None and row["ended_at"] is None:
            self._rows.replace(tables.passkeys, row, to={"ended_at": stamp(now)})

    def _row(self, credential_id: bytes) -> Row | None:
        passkeys = tables.passkeys
        found_by = digest_of(credential_id, self._finding)
        return self._rows.first(passkeys, passkeys.c.found_by == found_by)

    def _passkey(self, row: Row) -> Passkey:
        key = self._keys.open(row["key_id"])
        credential, public_key, name = (
            key.open(row[column], place_of(key.key_id, row["account_id"], column)) for column in SCHEMAS
        )
        return Passkey(
            credential_id=base64.b64decode(credential),
            account_id=row["account_id"],
            public_key=base64.b64decode(public_key),
            sign_count=row["sign_count"],
            name=name,
            made_at=moment(row["made_at"]),
            last_used_at=moment_or_none(row["last_used_at"]),
        )


def place_of(key_id: str, account_id: str, column: str) -> bytes:
    """Where the seal of a column of a passkey belongs."""
    return bound(SCHEMAS[column], key_id, account_id)


def digest_of(credential_id: bytes, key: bytes) -> bytes:
    """What a passkey is found by."""
    return hmac.digest(key, credential_id, "sha256")


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
