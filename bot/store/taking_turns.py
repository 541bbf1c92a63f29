"""One turn at a time in each conversation, over all programs that serve the same database.

Whoever holds a turn has no transaction open: what is asked meanwhile writes to the same database. A program that dies
lets go of what it held.
"""

import fcntl
import hashlib
import os
import threading
from typing import Any

from sqlalchemy import Connection, Engine, Function, func, select

from bot.store import database
from bot.store.database import naming_causes
from bot.store.errors import Cause, NotKept


class TakingTurns:
    """The turns that this program holds: on a server as advisory locks, beside a file as locked bytes of another.

    Within one program nobody is kept out: that is for whoever asks to see to.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._one = threading.Lock()
        self._connection: Connection | None = None
        self._path = database.file_of(engine.url)
        self._file: int | None = None

    @property
    def answers_at_once(self) -> bool:
        """Whether no thread of its own is needed to ask: no server has to be."""
        return self._path is not None

    def take(self, conversation_id: str) -> bool:
        """Take the turn, if no other program has it. Raises `NotKept` where the database does not answer."""
        place = _place(conversation_id)
        with self._one:
            if self._path is None:
                return self._ask(func.pg_try_advisory_lock(place))
            try:
                if self._file is None:
                    self._file = os.open(f"{self._path}-turns", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            except BlockingIOError:
                return False
            except OSError as error:
                raise NotKept(Cause.FAILING) from error
            return True

    def give_back(self, conversation_id: str) -> None:
        """Let others take the turn. Raises `NotKept` where the database does not answer: then it let go by itself."""
        place = _place(conversation_id)
        with self._one:
            if self._file is not None:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)
            elif self._connection is not None:
                self._ask(func.pg_advisory_unlock(place))

    def close(self) -> None:
        """Let go of all turns."""
        with self._one:
            self._let_go()
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _ask(self, question: Function[Any]) -> bool:
        """Ask the server on the one connection that holds all our turns: however many there are, it is enough."""
        with naming_causes(NotKept):
            try:
                if self._connection is None:
                    self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                return bool(self._connection.execute(select(question)).scalar_one())
            except BaseException:
                # Nobody knows which turns it still holds, so it is to hold none.
                if self._connection is not None:
                    self._connection.invalidate()
                self._let_go()
                raise

    def _let_go(self) -> None:
        if self._connection is not None:
            # Not given back to others with locks on it.
            if not self._connection.invalidated:
                self._connection.detach()
            self._connection.close()
            self._connection = None


def _place(conversation_id: str) -> int:
    """Give 62 bits by which a conversation's turn is known: two at once would only wait for each other."""
    return int.from_bytes(hashlib.sha256(conversation_id.encode()).digest()[:8], "big") >> 2
