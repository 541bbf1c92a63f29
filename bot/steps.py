"""Step tokens: each page of a conversation carries one, and an answer is taken only with it.

A token says which conversation and which question the page showed, is signed, and differs for every page made, so
that a double click is known as a repeat and an answer from another window is known as such. It can add to a
conversation; it can never read one. Welcome pages carry one of a kind of their own, with an invitation and without.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from itsdangerous import BadSignature, TimestampSigner, URLSafeTimedSerializer

from bot.conversation import Speaker, Stage

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


@dataclass(frozen=True, slots=True)
class Beginning:
    """What the welcome page of an invitation begins."""

    invitation_id: str
    stage: Stage
    speaker: Speaker
    is_from_paper: bool
    token: str
    """Unique to the page: what is begun with it twice is one conversation."""


class Steps:
    """Makes and reads step tokens."""

    def __init__(self, key: bytes, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        class Signer(TimestampSigner):
            def get_timestamp(self) -> int:
                return int(now().timestamp())

        self.now = now
        """The time that pages grow too old by."""
        self._signer = URLSafeTimedSerializer(key, salt="step", signer=Signer)
        self._beginnings = URLSafeTimedSerializer(key, salt="beginning", signer=Signer)
        self._walking_in = URLSafeTimedSerializer(key, salt="walking in", signer=Signer)

    def make(self, conversation_id: str, asked: int, revisited: int = 0) -> str:
        """Make the token for one page."""
        return str(self._signer.dumps([conversation_id, asked, revisited, secrets.token_urlsafe(16)]))

    def read(self, token: str) -> Step:
        """Read a token that came back. Raises StepRefused."""
        conversation_id, asked, revisited, unique = self._read(self._signer, token)
        return Step(conversation_id, asked, revisited, unique)

    def make_beginning(self, invitation_id: str, stage: Stage, speaker: Speaker, *, is_from_paper: bool) -> str:
        """Make the token of one welcome page."""
        unique = secrets.token_urlsafe(16)
        return str(self._beginnings.dumps([invitation_id, stage.value, speaker.value, is_from_paper, unique]))

    def read_beginning(self, token: str) -> Beginning:
        """Read a token of a welcome page that came back. Raises StepRefused."""
        invitation_id, stage, speaker, is_from_paper, unique = self._read(self._beginnings, token)
        return Beginning(invitation_id, Stage(stage), Speaker(speaker), is_from_paper, unique)

    def make_walking_in(self) -> str:
        """Make the token of one welcome page that needs no invitation: the id of the conversation that it begins."""
        return str(self._walking_in.dumps(secrets.token_bytes(16).hex()))

    def read_walking_in(self, token: str) -> str:
        """Give the id that a welcome page came back with. Raises StepRefused."""
        return str(self._read(self._walking_in, token))

    def _read(self, signer: URLSafeTimedSerializer, token: str) -> Any:
        try:
            said, made_at = signer.loads(token, return_timestamp=True)
        except (BadSignature, UnicodeEncodeError) as error:
            raise StepRefused from error
        # itsdangerous would also refuse what was made after now: a clock that is set back would close every page.
        if (self.now() - made_at).total_seconds() > LASTS:
            raise StepRefused
        return said
