"""Several boxes elsewhere, as one dialogue engine: which one a conversation goes to, and what if that one is gone.

Any box can go on with any conversation: what it does not know it is told. A conversation goes to the same box as long
as that one is ready, so that it seldom has to be.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Sequence

from bot.dialogue import (
    HEALTH_EVERY,
    HEALTH_STRIKES,
    BoxClient,
    BoxGone,
    Delivery,
    DialogueUnavailable,
    Heard,
    Receipts,
)

LOOKED_FOR_EVERY = 1.0
"""Seconds between two canned turns for a box that is not ready."""


class Boxes:
    """Boxes that were started apart from us (`python -m bot box`), each watched from here."""

    def __init__(self, addresses: Sequence[str], secret: str, app: str) -> None:
        """`app`: the address at which boxes find our custom actions."""
        self.receipts = Receipts()
        self.clients = {address: BoxClient(address, secret, self.receipts, app) for address in addresses}
        self.ready = asyncio.Event()
        """Set once the first question could be asked for the first time."""
        self._watching: list[asyncio.Task[None]] = []

    @property
    def client(self) -> "Boxes":
        """What the interview asks: all of them."""
        return self

    @property
    def is_ready(self) -> bool:
        """Whether a question can be expected at once."""
        return any(client.is_ready for client in self.clients.values())

    async def start(self) -> None:
        """Begin to watch them; returns at once."""
        self._watching = [asyncio.create_task(self._watch(client)) for client in self.clients.values()]

    async def stop(self) -> None:
        """End the watching and close the connections. The boxes go on."""
        for watching in self._watching:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
        for client in self.clients.values():
            await client.close()

    async def ask(self, conversation_id: str, path: Sequence[Delivery]) -> Heard:
        """Tell the last of a path and hear what is said next, from the first box in the conversation's order.

        A box that is gone is passed over, also in the middle of a turn: a turn told twice is heard once. One that is
        slow is not: whoever waits has waited long enough. Raises as every Dialogue.
        """
        for address in in_order(conversation_id, [address for address, one in self.clients.items() if one.is_ready]):
            client = self.clients[address]
            try:
                return await client.ask(conversation_id, path)
            except BoxGone:
                client.is_ready = False
        raise DialogueUnavailable("no box is ready")

    async def answers_a_canned_turn(self) -> bool:
        """Whether any box gives a first question to an invented conversation."""
        ready = [client for client in self.clients.values() if client.is_ready]
        for client in ready:
            if await client.answers_a_canned_turn():
                return True
        return False

    async def forget(self, conversation_id: str) -> None:
        """Have every box drop what it remembers of a conversation."""
        await asyncio.gather(*(client.forget(conversation_id) for client in self.clients.values()))

    async def _watch(self, client: BoxClient) -> None:
        strikes = 0
        while True:
            if not client.is_ready:
                if await client.answers_a_canned_turn():
                    client.trust_again()
                    self.ready.set()
                    strikes = 0
            elif await client.is_alive():
                strikes = 0
            else:
                strikes += 1
                if strikes >= HEALTH_STRIKES:
                    client.is_ready = False
            await asyncio.sleep(HEALTH_EVERY if client.is_ready else LOOKED_FOR_EVERY)


def in_order(conversation_id: str, addresses: Sequence[str]) -> list[str]:
    """Give the boxes in the order in which a conversation goes to them: by the highest digest (rendezvous hashing).

    Whichever app asks comes to the same order, and when a box goes or comes no other conversation moves.
    """
    if len(addresses) < 2:
        return list(addresses)

    def weight(address: str) -> bytes:
        return hashlib.blake2b(f"{address} {conversation_id}".encode(), digest_size=8).digest()

    return sorted(addresses, key=weight, reverse=True)
