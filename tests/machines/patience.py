"""People who send again what was not answered, as somebody at a browser does, wherever it was lost."""

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import httpx

from tests.faults.telling import Teller
from tests.house import PATIENCE


class SendsAgain(httpx.HTTPTransport):
    """Sends each request on a connection of its own, and again until it is answered by a page that is not a failure."""

    def __init__(self) -> None:
        super().__init__(limits=httpx.Limits(max_keepalive_connections=0))
        self.failed = 0
        """How often nothing came, or a page that said so."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it as often as it takes."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answer = super().handle_request(request)
                if answer.status_code < 500:
                    return answer
                answer.close()
            except httpx.TransportError:
                pass
            self.failed += 1
            assert time.monotonic() < deadline, "nobody answered any more"
            time.sleep(0.1)


class Persistent(Teller):
    """A person who goes on through everything, until told to stop."""

    def __init__(self, name: str, address: str) -> None:
        self.sending = SendsAgain()
        browser = httpx.Client(base_url=address, transport=self.sending, timeout=20)
        super().__init__(name, random.Random(name), browser=browser)
        self.stop = threading.Event()

    def _go_on(self) -> None:
        if self.stop.is_set():
            raise httpx.ConnectError("told to stop")
        super()._go_on()


@contextmanager
def talking(people: Sequence[Persistent]) -> Iterator[None]:
    """Have all of them talk while the block lasts; what went wrong for any of them is raised after it."""
    wrong: list[BaseException] = []

    def talk(person: Persistent) -> None:
        try:
            person.talk()
        except BaseException as error:  # noqa: BLE001 raised again below, in the thread that can be heard
            wrong.append(error)

    threads = [threading.Thread(target=talk, args=(person,)) for person in people]
    for person, thread in zip(people, threads, strict=True):
        person.stop.clear()
        thread.start()
    try:
        yield
    finally:
        for person in people:
            person.stop.set()
        for thread in threads:
            thread.join()
        # Also where the block waited in vain for somebody to go on: this is why they did not.
        if wrong:
            raise wrong[0]


def everybody_goes_on(people: Sequence[Persistent], by: int) -> Callable[[], bool]:
    """Make the claim that each has had so many more answers."""
    had = [len(person.acknowledged) for person in people]
    return lambda: all(len(person.acknowledged) >= old + by for person, old in zip(people, had, strict=True))
