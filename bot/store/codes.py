"""Codes to come back, at rest: a bucket to find one by, a salted verifier to try it against. Never the code."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.store import tables
from bot.store.rows import Row, Rows, moment, moment_or_none, stamp

BUCKET_BITS = 20


class Disguise(StrEnum):
    """What a code looks like."""

    NUMBERS = "numbers"
    WORDS = "words"


@dataclass(frozen=True, slots=True)
class Code:
    """What is known of a code that can be used."""

    code_id: str
    conversation_id: str
    bucket: int
    salt: bytes
    verifier: bytes
    disguise: Disguise
    made_at: datetime
    last_used_at: datetime | None


class Codes:
    """The codes of one transaction."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def add(
        self, conversation_id: str, now: datetime, *, bucket: int, salt: bytes, verifier: bytes, disguise: Disguise
    ) -> str:
        """Keep a code and return its id. Raises `Taken` when its bucket is: draw another code."""
        if not 0 <= bucket < 1 << BUCKET_BITS:
            raise ValueError(f"A bucket has {BUCKET_BITS} bits.")
        code_id = secrets.token_bytes(16).hex()
        self._rows.add(
            tables.codes,
            {
                "code_id": code_id,
                "conversation_id": conversation_id,
                "bucket": bucket,
                "salt": salt,
                "verifier": verifier,
                "disguise": disguise.value,
                "made_at": stamp(now),
            },
        )
        return code_id

    def find(self, bucket: int) -> Code | None:
        """The code in this bucket, if there is one."""
        row = self._rows.first(tables.codes, tables.codes.c.bucket == bucket)
        return None if row is None else _code(row)

    def of(self, conversation_id: str) -> tuple[Code, ...]:
        """The codes of a conversation that can be used, oldest first."""
        return tuple(_code(row) for row in self._live(conversation_id))

    def used(self, code_id: str, now: datetime) -> None:
        """Say that a code was used. Raises `Missing`."""
        self._rows.change(tables.codes, tables.codes.c.code_id == code_id, to={"last_used_at": stamp(now)})

    def end_all(self, conversation_id: str, now: datetime) -> None:
        """End the codes of a conversation. What they could be tried against is gone."""
        for row in self._live(conversation_id):
            gone = {"bucket": None, "salt": None, "verifier": None, "ended_at": stamp(now)}
            self._rows.replace(tables.codes, row, to=gone)

    def _live(self, conversation_id: str) -> list[Row]:
        codes = tables.codes
        return self._rows.every(
            codes,
            codes.c.conversation_id == conversation_id,
            codes.c.ended_at.is_(None),
            order_by=[codes.c.made_at, codes.c.code_id],
        )


def _code(row: Row) -> Code:
    return Code(
        code_id=row["code_id"],
        conversation_id=row["conversation_id"],
        bucket=row["bucket"],
        salt=row["salt"],
        verifier=row["verifier"],
        disguise=Disguise(row["disguise"]),
        made_at=moment(row["made_at"]),
        last_used_at=moment_or_none(row["last_used_at"]),
    )
