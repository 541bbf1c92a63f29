"""One turn at a time in a conversation, whichever box hears it: Rasa's own ticket lock, kept in Redis.

Rasa's `RedisLockStore` reads a lock and writes it back in two steps, so two boxes can draw the same ticket and both go
on. Here each change is one step (WATCH, MULTI, EXEC), and a lock left by a box that died goes by itself.
"""

import json
from typing import Callable, Optional, TypeVar

from rasa.core.lock import TicketLock
from rasa.core.lock_store import LockStore
from rasa.utils.endpoints import EndpointConfig
from redis.client import Pipeline

from box.shared import Shared

PREFIX = "own_words:lock:"
LONGEST = 60
"""Seconds after which Redis drops a lock that nobody has touched."""

Outcome = TypeVar("Outcome")


class SharedLocks(LockStore):
    """Ticket locks in a Redis that all boxes share. Raises NotShared where it does not answer."""

    def __init__(self, endpoint_config: EndpointConfig) -> None:
        super().__init__()
        self._shared = Shared(str(endpoint_config.url))

    def get_lock(self, conversation_id: str) -> Optional[TicketLock]:
        """The lock as it is kept, or None."""
        found = self._shared.ask(lambda redis: redis.get(PREFIX + conversation_id))
        return None if found is None else TicketLock.from_dict(json.loads(found))

    def save_lock(self, lock: TicketLock) -> None:
        """Keep a lock as it is."""
        self._shared.ask(lambda redis: redis.set(PREFIX + lock.conversation_id, lock.dumps(), ex=LONGEST))

    def delete_lock(self, conversation_id: str) -> None:
        """Drop a lock."""
        self._shared.ask(lambda redis: redis.delete(PREFIX + conversation_id))

    def issue_ticket(self, conversation_id: str, lock_lifetime: float = LONGEST) -> int:
        """Draw the next ticket, good for so many seconds."""
        return self._change(conversation_id, lambda lock: lock.issue_ticket(lock_lifetime))

    def update_lock(self, conversation_id: str) -> None:
        """Let go of tickets whose time has passed."""
        self._change(conversation_id, lambda lock: lock.remove_expired_tickets())

    def cleanup(self, conversation_id: str, ticket_number: int) -> None:
        """Give a ticket back; the lock goes with the last one."""
        self._change(conversation_id, lambda lock: lock.remove_ticket_for(ticket_number))

    def _change(self, conversation_id: str, change: "Callable[[TicketLock], Outcome]") -> Outcome:
        """Change a lock in one step: anew from what is kept by then, if another box changed it meanwhile."""
        key = PREFIX + conversation_id

        def changed(pipe: Pipeline) -> Outcome:
            found = pipe.get(key)
            lock = TicketLock(conversation_id) if found is None else TicketLock.from_dict(json.loads(found))
            outcome = change(lock)
            pipe.multi()
            if lock.tickets:
                pipe.set(key, lock.dumps(), ex=LONGEST)
            else:
                pipe.delete(key)
            return outcome

        return self._shared.ask(lambda redis: redis.transaction(changed, key, value_from_callable=True))
