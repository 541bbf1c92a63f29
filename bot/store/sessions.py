"""Sessions of the team and one-time links, at rest. Each is found by a digest of what is kept nowhere."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, select

from bot.store import tables
from bot.store.errors import Missing, Taken
from bot.store.rows import Row, Rows, Value, moment, moment_or_none, stamp


class LinkPurpose(StrEnum):
    """What a one-time link lets somebody do."""

    FIRST_ADMINISTRATOR = "first_administrator"
    WELCOME = "welcome"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Link:
    """A link that can be used once. Whether it is still valid is for the caller to say."""

    account_id: str | None
    """None for the first administrator, who has no account yet."""
    purpose: LinkPurpose
    made_at: datetime
    valid_until: datetime
    used_at: datetime | None
    ended_at: datetime | None


class Links:
    """The one-time links of one transaction. `digest` is what the caller keeps of the link's secret."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def add(
        self, digest: str, account_id: str | None, purpose: LinkPurpose, now: datetime, valid_until: datetime
    ) -> None:
        """Keep a link. Raises `Missing` when there is no such account."""
        self._rows.add(
            tables.links,
            {
                "link_hash": digest,
                "account_id": account_id,
                "purpose": purpose.value,
                "made_at": stamp(now),
                "valid_until": stamp(valid_until),
            },
        )

    def find(self, digest: str) -> Link | None:
        """A link, used or ended ones too."""
        row = self._rows.first(tables.links, tables.links.c.link_hash == digest)
        return None if row is None else _link(row)

    def use(self, digest: str, now: datetime) -> None:
        """Use a link. Raises `Taken` when it was used or ended already, `Missing` when there is none."""
        links = tables.links
        row = self._rows.first(links, links.c.link_hash == digest)
        if row is None:
            raise Missing("There is no such link.")
        if row["used_at"] is not None or row["ended_at"] is not None:
            raise Taken("This link was used or ended already.")
        self._rows.replace(links, row, to={"used_at": stamp(now)})

    def end_all(self, account_id: str | None, now: datetime) -> None:
        """End all links of an account that were not used; None: those for the first administrator."""
        links = tables.links
        of_it = links.c.account_id.is_(None) if account_id is None else links.c.account_id == account_id
        unused = [links.c.used_at.is_(None), links.c.ended_at.is_(None)]
        for row in self._rows.every(links, of_it, *unused, order_by=[links.c.link_hash]):
            self._rows.replace(links, row, to={"ended_at": stamp(now)})


@dataclass(frozen=True, slots=True)
class Session:
    """A browser in which somebody signed in. Whether it was idle too long is for the caller to say."""

    account_id: str
    opened_at: datetime
    last_seen_at: datetime
    proven_at: datetime | None
    """When they last proved who they are, signing in included."""
    ended_at: datetime | None


class Sessions:
    """The sessions of one transaction. `secret_hash` is always the digest of the cookie's value."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def open(self, secret_hash: str, account_id: str, now: datetime, *, proven: bool = True) -> None:
        """Open a session. `proven`: whether signing in was a proof of who they are.

        Raises `Missing` when there is no such account.
        """
        self._rows.add(
            tables.sessions,
            {
                "session_hash": secret_hash,
                "account_id": account_id,
                "opened_at": stamp(now),
                "last_seen_at": stamp(now),
                "proven_at": stamp(now) if proven else None,
            },
        )

    def find(self, secret_hash: str) -> Session | None:
        """A session, ended or not."""
        row = self._rows.first(tables.sessions, tables.sessions.c.session_hash == secret_hash)
        return None if row is None else _session(row)

    def of(self, account_id: str) -> Mapping[str, Session]:
        """The sessions of an account that nobody has ended, by their digests, the latest first."""
        sessions = tables.sessions
        where = [sessions.c.account_id == account_id, sessions.c.ended_at.is_(None)]
        order = [sessions.c.opened_at.desc(), sessions.c.session_hash]
        rows = self._rows.every(sessions, *where, order_by=order)
        return {row["session_hash"]: _session(row) for row in rows}

    def seen(self, secret_hash: str, now: datetime) -> None:
        """Say that the session goes on. A clock that was set back does not move it back. Raises `Missing`."""
        row = self._row(secret_hash)
        if row["last_seen_at"] < stamp(now):
            self._rows.replace(tables.sessions, row, to={"last_seen_at": stamp(now)})

    def proven(self, secret_hash: str, now: datetime) -> None:
        """Say that they proved again who they are. Raises `Missing`."""
        self._rows.replace(tables.sessions, self._row(secret_hash), to={"proven_at": stamp(now)})

    def end(self, secret_hash: str, now: datetime) -> None:
        """End a session for good. One that has ended, or never was, stays as it is."""
        sessions = tables.sessions
        row = self._rows.first(sessions, sessions.c.session_hash == secret_hash)
        if row is not None and row["ended_at"] is None:
            self._rows.replace(sessions, row, to={"ended_at": stamp(now)})

    def end_all(self, account_id: str, now: datetime, but: str | None = None) -> None:
        """End every session of an account, `but` this one."""
        sessions = tables.sessions
        for row in self._rows.every(
            sessions,
            sessions.c.account_id == account_id,
            sessions.c.ended_at.is_(None),
            order_by=[sessions.c.session_hash],
        ):
            if row["session_hash"] != but:
                self._rows.replace(sessions, row, to={"ended_at": stamp(now)})

    def opened(self, secret_hash: str, kind: str, opened_id: str, now: datetime) -> None:
        """Say what this session opened to read. Done again, it changes nothing. Raises `Missing`."""
        if not self.has_opened(secret_hash, kind, opened_id):
            here: Mapping[str, Value] = {"session_hash": secret_hash, "kind": kind, "opened_id": opened_id}
            self._rows.add(tables.session_openings, {**here, "at": stamp(now)})

    def has_opened(self, secret_hash: str, kind: str, opened_id: str) -> bool:
        """Whether this session opened it to read."""
        openings = tables.session_openings
        where: list[ColumnElement[bool]] = [
            openings.c.session_hash == secret_hash,
            openings.c.kind == kind,
            openings.c.opened_id == opened_id,
        ]
        return self._rows.first(openings, *where) is not None

    def close_again(self, opened_ids: Collection[str], but: str) -> None:
        """Have every session `but` this one open these again before it reads them."""
        openings = tables.session_openings
        self._rows.drop(openings, openings.c.opened_id.in_(sorted(opened_ids)), openings.c.session_hash != but)

    def drop(self, before: datetime) -> None:
        """Let go of sessions that were opened before this."""
        sessions, openings = tables.sessions, tables.session_openings
        old = select(sessions.c.session_hash).where(sessions.c.opened_at < stamp(before))
        self._rows.drop(openings, openings.c.session_hash.in_(old))
        self._rows.drop(sessions, sessions.c.opened_at < stamp(before))

    def _row(self, secret_hash: str) -> Row:
        sessions = tables.sessions
        row = self._rows.first(sessions, sessions.c.session_hash == secret_hash)
        if row is None:
            raise Missing("There is no such session.")
        return row


def _link(row: Row) -> Link:
    return Link(
        account_id=row["account_id"],
        purpose=LinkPurpose(row["purpose"]),
        made_at=moment(row["made_at"]),
        valid_until=moment(row["valid_until"]),
        used_at=moment_or_none(row["used_at"]),
        ended_at=moment_or_none(row["ended_at"]),
    )


def _session(row: Row) -> Session:
    return Session(
        account_id=row["account_id"],
        opened_at=moment(row["opened_at"]),
        last_seen_at=moment(row["last_seen_at"]),
        proven_at=moment_or_none(row["proven_at"]),
        ended_at=moment_or_none(row["ended_at"]),
    )
