"""Step tokens: each page of a conversation carries one, and an answer is taken only with it.

A token says which conversation and which question the page showed, is signed, and differs for every page made, so
that a double click is known as a repeat and an answer from another window is known as such. It can add to a
conversation; it can never read one.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from itsdangerous import BadSignature, URLSafeTimedSerializer

LASTS = 24 * 60 * 60
"""Seconds for which a page left open may still add its answer (trust.md 5.2)."""


class StepRefused(Exception):
    """The token was not made here, was altered, or is older than a day."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a page was showing when it was made."""

    conversation_id: str
    asked: int
    """The number of the bot's turn on show; 0 when none was."""
    revisited: int
    """The number of the answer being changed or added to; 0 when none was."""
    token: str
    """Unique to the page; stored with the turn that it brings."""


class Steps:
    """Makes and reads step tokens."""

    def __init__(self, key: bytes) -> None:
        self._signer = URLSafeTimedSerializer(key, salt="step")

    def make(self, conversation_id: str, asked: int, revisited: int = 0) -> str:
        """Make the token for one page."""
        return str(self._signer.dumps([conversation_id, asked, revisited, secrets.token_urlsafe(16)]))

    def read(self, token: str) -> Step:
        """Read a token that came back. Raises StepRefused."""
        try:
            said, made_at = self._signer.loads(token, return_timestamp=True)
        except (BadSignature, UnicodeEncodeError) as error:
            raise StepRefused from error
        # itsdangerous would also refuse what was made after now: a clock that is set back would close every page.
        if (datetime.now(UTC) - made_at).total_seconds() > LASTS:
            raise StepRefused
        conversation_id, asked, revisited, unique = said
        return Step(conversation_id, asked, revisited, unique)
