"""Invitations at rest: one person may begin one conversation of an enquiry, once.

A bucket to find one by and a salted verifier to try it against are kept, never the code.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.conversation import Speaker, Stage
from bot.store import tables
from bot.store.codes import BUCKET_BITS
from bot.store.conversations import Origin
from bot.store.errors import Missing, Taken
from bot.store.keys import Keys
from bot.store.rows import Row, Rows, Value, moment, moment_or_none, stamp
from bot.store.sealing import bound

SCHEMA = "contact 1"


@dataclass(frozen=True, slots=True)
class Invitation:
    """What is known of an invitation. Whether it is still valid is for the caller to say."""

    invitation_id: str
    enquiry_id: str
    stage: Stage
    speaker: Speaker
    origin: Origin
    contact: str
    """Whether and how it is safe to get in touch. Sealed at rest."""
    made_at: datetime
    valid_until: datetime
    bucket: int | None
    """None, as salt and verifier are, once it was used or ended."""
    salt: bytes | None
    verifier: bytes | None
    used_at: datetime | None
    ended_at: datetime | None
    conversation_id: str | None
    """The conversation that was begun with it."""
    begun_with: str | None
    """What the page carried that began it, so that pressing twice begins one conversation."""


class Invitations:
    """The invitations of one transaction."""

    def __init__(self, rows: Rows, keys: Keys) -> None:
        self._rows = rows
        self._keys = keys

    def add(
        self,
        enquiry_id: str,
        now: datetime,
        *,
        stage: Stage,
        speaker: Speaker,
        origin: Origin,
        contact: str,
        valid_until: datetime,
        bucket: int,
        salt: bytes,
        verifier: bytes,
    ) -> str:
        """Keep an invitation and return its id.

        Raises `Taken` when its bucket is: draw another code. `Missing` when there is no such enquiry.
        """
        if not 0 <= bucket < 1 << BUCKET_BITS:
            raise ValueError(f"A bucket has {BUCKET_BITS} bits.")
        invitation_id = secrets.token_bytes(16).hex()
        key_id = self._key_id(enquiry_id)
        self._rows.add(
            tables.invitations,
            {
                "invitation_id": invitation_id,
                "enquiry_id": enquiry_id,
                "stage": stage.value,
                "speaker": speaker.value,
                "origin": origin.value,
                "contact": self._keys.open(key_id).seal(contact, place_of(key_id, enquiry_id, invitation_id)),
                "made_at": stamp(now),
                "valid_until": stamp(valid_until),
                "bucket": bucket,
                "salt": salt,
                "verifier": verifier,
            },
        )
        return invitation_id

    def find(self, bucket: int) -> Invitation | None:
        """The invitation in this bucket, if there is one that was neither used nor ended."""
        row = self._rows.first(tables.invitations, tables.invitations.c.bucket == bucket)
        return None if row is None else self._invitation(row)

    def get(self, invitation_id: str) -> Invitation:
        """An invitation. Raises `Missing`."""
        return self._invitation(self._row(invitation_id))

    def of(self, enquiry_id: str) -> tuple[Invitation, ...]:
        """All invitations of an enquiry, used and ended ones too, oldest first."""
        invitations = tables.invitations
        order = [invitations.c.made_at, invitations.c.invitation_id]
        rows = self._rows.every(invitations, invitations.c.enquiry_id == enquiry_id, order_by=order)
        return tuple(self._invitation(row) for row in rows)

    def use(self, invitation_id: str, now: datetime, *, conversation_id: str, begun_with: str) -> None:
        """Say which conversation was begun with it. What its code could be tried against is gone.

        Raises `Taken` when it was used or ended already, `Missing` when there is no such invitation or conversation.
        """
        row = self._row(invitation_id)
        if row["used_at"] is not None or row["ended_at"] is not None:
            raise Taken("This invitation was used or ended already.")
        used: dict[str, Value] = {"used_at": stamp(now), "conversation_id": conversation_id, "begun_with": begun_with}
        self._rows.replace(tables.invitations, row, to={**_UNTRIABLE, **used})

    def end(self, invitation_id: str, now: datetime) -> None:
        """End an invitation for good. One that was used or ended stays as it is. Raises `Missing`."""
        row = self._row(invitation_id)
        if row["used_at"] is None and row["ended_at"] is None:
            self._rows.replace(tables.invitations, row, to={**_UNTRIABLE, "ended_at": stamp(now)})

    def _row(self, invitation_id: str) -> Row:
        invitations = tables.invitations
        row = self._rows.first(invitations, invitations.c.invitation_id == invitation_id)
        if row is None:
            raise Missing(f"There is no invitation {invitation_id}.")
        return row

    def _key_id(self, enquiry_id: str) -> str:
        row = self._rows.first(tables.enquiries, tables.enquiries.c.enquiry_id == enquiry_id)
        if row is None:
            raise Missing(f"There is no enquiry {enquiry_id}.")
        return str(row["key_id"])

    def _invitation(self, row: Row) -> Invitation:
        enquiry_id, invitation_id = row["enquiry_id"], row["invitation_id"]
        key_id = self._key_id(enquiry_id)
        return Invitation(
            invitation_id=invitation_id,
            enquiry_id=enquiry_id,
            stage=Stage(row["stage"]),
            speaker=Speaker(row["speaker"]),
            origin=Origin(row["origin"]),
            contact=self._keys.open(key_id).open(row["contact"], place_of(key_id, enquiry_id, invitation_id)),
            made_at=moment(row["made_at"]),
            valid_until=moment(row["valid_until"]),
            bucket=row["bucket"],
            salt=row["salt"],
            verifier=row["verifier"],
            used_at=moment_or_none(row["used_at"]),
            ended_at=moment_or_none(row["ended_at"]),
            conversation_id=row["conversation_id"],
            begun_with=row["begun_with"],
        )


_UNTRIABLE: Mapping[str, Value] = {"bucket": None, "salt": None, "verifier": None}


def place_of(key_id: str, enquiry_id: str, invitation_id: str) -> bytes:
    """Where the seal of a contact belongs."""
    return bound(SCHEMA, key_id, enquiry_id, invitation_id)
