"""What pages of the team's carry and bring back, signed: where a form came from, and what may not get lost.

Everything here is held by the browser and none of it lets anybody in: that is the session's cookie alone.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from itsdangerous import BadSignature, URLSafeSerializer

from bot.web.forms import Form


@dataclass(frozen=True, slots=True)
class Kept:
    """A form that was sent and could not be taken yet: where to, by whom, and every field."""

    path: str
    account_id: str
    """Whose session it was sent in; empty when nobody knows."""
    form: Form


class Marks:
    """Makes and reads them."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._kept = URLSafeSerializer(key, salt="kept")
        self._seen = URLSafeSerializer(key, salt="seen")
        self._told = URLSafeSerializer(key, salt="told")
        self._half = URLSafeSerializer(key, salt="half")

    # --- forms -------------------------------------------------------------------------------------------------------

    def form(self, holder: str) -> str:
        """Make what every form of a page carries. `holder`: the session, or what the browser holds at the door."""
        return hmac.digest(self._key, f"form|{holder}".encode(), hashlib.sha256).hex()

    def is_form(self, mark: str, holder: str) -> bool:
        """Say whether a form comes from a page that was made for this browser."""
        return bool(holder) and hmac.compare_digest(mark.encode("utf-8", "replace"), self.form(holder).encode())

    def once(self) -> str:
        """Make what is unique to one page, so that what is sent twice is kept once."""
        return secrets.token_urlsafe(16)

    # --- what was sent and could not be taken yet --------------------------------------------------------------------

    def keep(self, kept: Kept) -> str:
        """Have the browser keep what it sent."""
        return str(self._kept.dumps([kept.path, kept.account_id, [list(field) for field in kept.form.fields]]))

    def read_kept(self, mark: str) -> Kept | None:
        """Give what was sent; None when it was altered, or is nothing of ours."""
        found = _read(self._kept, mark)
        if found is None:
            return None
        path, account_id, fields = found
        return Kept(path, account_id, Form(tuple((name, value) for name, value in fields)))

    # --- when this session was last seen -----------------------------------------------------------------------------

    def seen(self, session_hash: str, now: datetime) -> str:
        """Say that a page was looked at. Looking writes nothing, so the browser remembers it."""
        return str(self._seen.dumps([session_hash, int(now.timestamp())]))

    def read_seen(self, mark: str, session_hash: str) -> datetime | None:
        """Say when a page was last looked at in this session, as far as the browser knows."""
        found = _read(self._seen, mark)
        if found is None or found[0] != session_hash:
            return None
        return datetime.fromtimestamp(found[1], UTC)

    # --- one sentence, from the page that did something to the page after it -----------------------------------------

    def tell(self, session_hash: str, told: str) -> str:
        """Carry a sentence of ours."""
        return str(self._told.dumps([session_hash, told]))

    def read_told(self, mark: str, session_hash: str) -> str:
        """Give the sentence; empty when there is none for this session."""
        found = _read(self._told, mark)
        return str(found[1]) if found is not None and found[0] == session_hash else ""

    # --- half-way in -------------------------------------------------------------------------------------------------

    def half(self, holder: str, what: str, account_id: str, now: datetime) -> str:
        """Say that this browser has shown half of what it takes to sign in. `what`: which half, in a fixed word."""
        return str(self._half.dumps([holder, what, account_id, int(now.timestamp())]))

    def read_half(self, mark: str, holder: str, what: str, now: datetime, seconds: int = 600) -> str | None:
        """Give the account; None when it was another browser, something else, or too long ago."""
        found = _read(self._half, mark)
        if found is None or not holder or found[:2] != [holder, what] or abs(now.timestamp() - found[3]) > seconds:
            return None
        return str(found[2])


def _read(signer: URLSafeSerializer, mark: str) -> Any:
    try:
        return signer.loads(mark) if mark else None
    except (BadSignature, UnicodeEncodeError):
        return None
