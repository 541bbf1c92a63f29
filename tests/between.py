"""A proxy between the product and a server: it carries what is said, late, or not at all, or cuts it."""

import socket
import threading
import time
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Self


class Way(StrEnum):
    """What becomes of what is said."""

    CARRIES = "carries"
    SWALLOWS = "swallows"
    """Whoever speaks is heard by nobody, and is not told."""


class Between:
    """One that listens on a port of its own and speaks to a server's socket."""

    def __init__(self, server: Path, delay: float = 0.0) -> None:
        self._server = server
        self.delay = delay
        """Seconds that everything said takes, either way."""
        self.way = Way.CARRIES
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._carrying = [threading.Thread(target=self._accept, daemon=True)]
        self._carrying[0].start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listening.getsockname()[1])

    def cut(self) -> None:
        """Reset every connection there is."""
        for pair in self._pairs:
            for one in pair:
                with suppress(OSError):
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                    one.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(str(self._server))
            except OSError:
                server.close()
                client.close()
                continue
            self._pairs.append((client, server))
            for here, there in ((client, server), (server, client)):
                carrying = threading.Thread(target=self._carry, args=(here, there), daemon=True)
                carrying.start()
                self._carrying.append(carrying)

    def _carry(self, here: socket.socket, there: socket.socket) -> None:
        with suppress(OSError):
            while said := here.recv(1 << 16):
                time.sleep(self.delay)
                if self.way is Way.CARRIES:
                    there.sendall(said)
        for one in (here, there):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        here.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Closed alone it would go on accepting.
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self.cut()
        for carrying in self._carrying:
            carrying.join()
