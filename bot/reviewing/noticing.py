"""Notice of new flags by e-mail. It says "please sign in" and nothing else: a stranger who reads it learns nothing.

No name, no reference, no words, not even that there is a flag. An address hears at most once in ten minutes.
"""

import asyncio
import logging
import smtplib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from anyio import to_thread

from bot.conversation import Stage
from bot.flags import Flag
from bot.logbook import outlived
from bot.reviewing import seeing
from bot.roles import Act, Actor, may
from bot.store import NotRead, Store

log = logging.getLogger(__name__)

EVERY = 30.0
"""Seconds between two looks for new flags."""
AT_MOST_EVERY = timedelta(minutes=10)
LOOKS_BACK = timedelta(minutes=2)
"""A flag is seen a moment after it was raised, once its transaction is done: each look goes back this far."""
PATIENCE = 15.0
"""Seconds that a mail server has to answer."""

SUBJECT = "Own Words"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

Send = Callable[[str], None]
"""Sends the notice to an address. Raises OSError, which every error of smtplib is."""


class Notices:
    """Who is owed a notice, and who had one lately. Only in memory: at worst one is sent twice."""

    def __init__(self, store: Store, send: Send, now: datetime) -> None:
        self._store = store
        self._send = send
        self._begun_at = now
        self._seen: dict[tuple[str, Flag], datetime] = {}
        self._owed: set[str] = set()
        self._told: dict[str, datetime] = {}

    def look(self, now: datetime) -> int:
        """Look for flags raised since the last look, and tell who is to read them. Gives how many were told.

        A notice that could not be sent is tried again at the next look. Raises NotRead.
        """
        self._owed |= self._who_reads(now)
        told = 0
        for address in sorted(self._owed):
            last = self._told.get(address)
            if last is not None and now - last < AT_MOST_EVERY:
                continue
            try:
                self._send(address)
            except Exception as error:  # noqa: BLE001 - one odd address keeps no notice from the others
                # Its kind alone: a mail server's message may hold the address.
                log.warning("a notice could not be sent: %s", type(error).__name__)
                continue
            self._owed.discard(address)
            self._told[address] = now
            told += 1
        self._told = {address: at for address, at in self._told.items() if now - at < AT_MOST_EVERY}
        return told

    def look_if_ours(self, now: datetime) -> None:
        """Look, where it is this process that does. One that begins to goes on from what is new then."""
        if self._store.duty.is_ours():
            self.look(now)
        else:
            self._begun_at = now - LOOKS_BACK

    def _who_reads(self, now: datetime) -> set[str]:
        """Name the addresses of those who may answer a flag that was raised since: who works on it, else the team."""
        with self._store.reading() as seen:
            after = max(self._begun_at, now - LOOKS_BACK)
            raised = [one for one in seen.flags.raised(after=after, until=now) if one not in self._seen]
            found: set[str] = set()
            accounts = [one for one in seen.accounts.listed() if one.disabled_at is None] if raised else []
            for conversation_id in {conversation_id for conversation_id, _ in raised}:
                conversation = seen.conversations.get(conversation_id)
                allowed = []
                for one in accounts:
                    actor = Actor(one.account_id, one.role, one.team_ids)
                    place = seeing.place_of_conversation(seen, conversation, actor)
                    if may(actor, Act.ANSWER_FLAG, place):
                        # How it was for people is in no list of whoever led: their notice alone would lead nowhere.
                        is_working = one.account_id in place.allocated and place.stage is not Stage.EXPERIENCE
                        allowed.append((one, is_working))
                working = [one for one, is_working in allowed if is_working]
                found |= {one.email for one in working or [one for one, _ in allowed]}
            self._seen |= dict.fromkeys(raised, now)
            self._seen = {one: at for one, at in self._seen.items() if now - at < 2 * LOOKS_BACK}
            return found


def sends_by(smtp: str, sender: str, site: str) -> Send:
    """Make what sends the notice through a mail server, given as `smtp://name:password@host:587` or `smtps://…`.

    What is not `smtps` is secured before anything is said (STARTTLS), unless the server is on this machine.
    """
    server = urlsplit(smtp)
    host, is_tls = server.hostname or "", server.scheme == "smtps"
    port = server.port or (465 if is_tls else 587)

    def send(address: str) -> None:
        message = EmailMessage()
        message["Subject"], message["From"], message["To"] = SUBJECT, sender, address
        message.set_content(f"Please sign in: {site}\n" if site else "Please sign in.\n")
        secured = ssl.create_default_context()
        kind = smtplib.SMTP_SSL(host, port, timeout=PATIENCE, context=secured) if is_tls else None
        with kind or smtplib.SMTP(host, port, timeout=PATIENCE) as mail:
            if not is_tls and host not in LOOPBACK:
                mail.starttls(context=secured)
            if server.username:
                mail.login(unquote(server.username), unquote(server.password or ""))
            mail.send_message(message)

    return send


async def keep_looking(notices: Notices) -> None:
    """Look for new flags again and again, until told to end. The mail server holds nobody up but this."""
    while True:
        await asyncio.sleep(EVERY)
        with outlived(log, NotRead):  # a busy database is looked at again at the next turn
            await to_thread.run_sync(notices.look_if_ours, datetime.now(UTC))
