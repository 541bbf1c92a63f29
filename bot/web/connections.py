"""What a connection may do to us before there is a request: how slowly it may speak, and how many there may be.

uvicorn limits how long a connection may be idle between two requests, and nothing else: one that sends a byte now and
then, or never reads what it asked for, would be held for ever. Whoever is slow makes way for whoever is not.
"""

import asyncio
from collections.abc import Mapping

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from bot.web.guard import ON_EVERY_ANSWER

HEAD_WITHIN = 10.0
"""Seconds for a whole head of a request, from its first byte; or for that byte, where none has come."""
READ_WITHIN = 30.0
"""Seconds that a browser may let an answer lie before it reads on."""
CONNECTIONS_AT_ONCE = 512

TOLD = {
    400: "That could not be read.",
    408: "That took too long. Please try again.",
    503: "Many people are using these pages now. Please try again in a minute.",
}
"""What is told where no page can be made, by status."""


class Connection(H11Protocol):
    """One connection to a browser, a proxy, or the dialogue engine."""

    _late: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    _waits_since = 0.0

    @property
    def waits_for_them(self) -> bool:
        """Whether it is their turn: to ask, to send the rest of it, or to read the answer."""
        asked: RequestResponseCycle | None = self.cycle
        if asked is None or asked.response_complete:
            return True
        return asked.more_body or self._unread is not None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection; where there are too many, one that keeps us waiting ends for it."""
        super().connection_made(transport)
        self._waits_since = self.loop.time()
        if len(self.connections) > CONNECTIONS_AT_ONCE and not self._make_way():
            self._end_with(503)
            return
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the timers."""
        for timer in (self._late, self._unread):
            if timer is not None:
                timer.cancel()
        self._late = self._unread = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came. However little it was, the time for a whole head goes on."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self._waits_since = self.loop.time()
        super().on_response_complete()
        self._watch()
        self._have_the_rest_read()

    def pause_writing(self) -> None:
        """Give them a while to read."""
        super().pause_writing()
        if self._unread is None:
            self._unread = self.loop.call_later(READ_WITHIN, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on writing."""
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
        super().resume_writing()
        self._have_the_rest_read()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request."""
        self._end_with(400)

    def _watch(self) -> None:
        """Have the time for a head run while one is due, and at no other time."""
        # An answer that did not wait for all of the request is no reason to wait for the rest of it without end.
        asked: RequestResponseCycle | None = self.cycle
        is_answered = asked is not None and asked.response_complete
        is_theirs = self.conn.their_state is h11.IDLE or (is_answered and self.conn.their_state is h11.SEND_BODY)
        is_due = is_theirs and not self.transport.is_closing()
        # Between two requests uvicorn's own time runs, until the first byte of the second one comes.
        if is_due and self.timeout_keep_alive_task is None:
            if self._late is None:
                self._late = self.loop.call_later(HEAD_WITHIN, self._is_late)
        elif self._late is not None:
            self._late.cancel()
            self._late = None

    def _is_late(self) -> None:
        self._late = None
        if self.conn.trailing_data[0]:
            self._end_with(408)
        else:
            # Browsers open connections that they may never use. There is nothing to tell them.
            self.transport.close()

    def _have_the_rest_read(self) -> None:
        """Have the time to read run for what is left of an answer, also where the connection ends with it."""
        asked: RequestResponseCycle | None = self.cycle
        if asked is None or not asked.response_complete:
            return
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
        if self.transport.get_write_buffer_size():
            self._unread = self.loop.call_later(READ_WITHIN, self._is_unread)

    def _is_unread(self) -> None:
        self._unread = None
        if self.transport.get_write_buffer_size():
            self.transport.abort()

    def _make_way(self) -> bool:
        slow = [one for one in self.connections if isinstance(one, Connection) and one is not self]
        # One that ends already is among them: it is held for as long as nobody reads what was left.
        waiting = [one for one in slow if one.waits_for_them]
        if not waiting:
            return False
        slowest = min(waiting, key=lambda one: one._waits_since)
        self.connections.discard(slowest)
        slowest.transport.abort()
        return True

    def _end_with(self, status: int) -> None:
        """Answer without the pages, and end the connection."""
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            body = TOLD[status].encode()
            headers = [(name.lower(), value) for name, value in told_headers(len(body)).items()]
            sent = h11.Response(status_code=status, headers=headers, reason=b"")
            for event in (sent, h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def told_headers(length: int) -> Mapping[str, str]:
    """Give the headers of an answer that is made without the pages."""
    return {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(length),
        "Connection": "close",
        "Cache-Control": "no-store",
        "X-Robots-Tag": "noindex",
        **ON_EVERY_ANSWER,
    }
