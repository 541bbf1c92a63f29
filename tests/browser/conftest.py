"""A house that all browser tests share, a site to leave for, and people who come to the house."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, expect

from tests.boxes import trained_model
from tests.browser.visitor import PATIENCE, Purpose, Script, Visitor
from tests.house import House

expect.set_options(timeout=PATIENCE)
ELSEWHERE = b'<!DOCTYPE html><html lang="en"><title>Weather</title><h1>Sun and showers</h1></html>'

Arrives = Callable[..., Visitor]
"""Makes another browser come to the house: with or without script, for a journey or to check pages."""


class Elsewhere(BaseHTTPRequestHandler):
    """A neutral site, at which those who leave quickly arrive."""

    def do_GET(self) -> None:
        """Show its one page."""
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(ELSEWHERE)))
        self.end_headers()
        self.wfile.write(ELSEWHERE)

    def log_message(self, *said: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[str]:
    """The address of the site to leave for."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def house(elsewhere: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The product, running. Whatever a test does to it is over when the test is."""
    trained_model()
    made = House(tmp_path_factory.mktemp("house"), leave_to=elsewhere)
    made.take_the_trained_model()
    try:
        yield made.open().wait_until_ready()
    finally:
        made.close()


@pytest.fixture(params=list(Script), ids=str)
def script(request: pytest.FixtureRequest) -> Script:
    """Once with the script of our pages, and once without."""
    found: Script = request.param
    return found


@pytest.fixture
def arrives(browser: Browser, house: House, elsewhere: str) -> Iterator[Arrives]:
    """People come. On a journey, a browser that complains or that speaks to anybody else fails the test."""
    came: list[Visitor] = []

    def arrive(script: Script, purpose: Purpose = Purpose.JOURNEY, width: int = 1280) -> Visitor:
        came.append(Visitor(browser, house.address, script, purpose, width))
        return came[-1]

    yield arrive
    for visitor in came:
        visitor.close()
    ours = {address.split("/")[2] for address in (house.address, elsewhere)}
    for visitor in came:
        assert visitor.hosts <= ours
        assert visitor.purpose is Purpose.CHECKING or visitor.trouble == []


@pytest.fixture
def person(arrives: Arrives, script: Script) -> Visitor:
    """A person on a journey, once with the script and once without."""
    return arrives(script)
