"""Whoever begins conversations without end waits, and is told kindly; and nobody can pass for somebody else."""

import asyncio
import ipaddress
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from bot import serving
from bot.codes import Door
from bot.project import load_code_words
from bot.serving import listen
from bot.web.app import create_app
from tests.web.conftest import Site
from tests.web.visiting import Page, Person, check_page


@pytest.fixture
def waits(site: Site) -> list[float]:
    """How long somebody would have waited."""
    waited: list[float] = []

    async def no_waiting(seconds: float) -> None:
        waited.append(seconds)

    site.door = Door(site.room.store, load_code_words(), sleep=no_waiting)
    site.settings = replace(site.settings, beginnings=3)
    site.app = create_app(site.room, site.door, site.steps, site.settings, now=lambda: site.now)
    return waited


async def test_beginning_again_and_again_takes_longer_and_longer(
    waits: list[float], arrives: Callable[[], Person]
) -> None:
    for number in range(8):
        page = await arrives().begins()
        assert page.status == 200
        assert len(waits) == max(0, number - 2)
    assert waits == [1, 2, 4, 8, 16]


async def test_when_too_many_wait_the_page_says_to_try_again_and_it_works_then(
    site: Site, waits: list[float], arrives: Callable[[], Person]
) -> None:
    may_go, is_asleep = asyncio.Event(), asyncio.Semaphore(0)

    async def sleep(seconds: float) -> None:
        is_asleep.release()
        await may_go.wait()

    site.door.turnstile.sleep = sleep
    for _ in range(3):
        await arrives().begins()
    waiting = [asyncio.create_task(arrives().begins()) for _ in range(5)]
    for _ in waiting:
        await is_asleep.acquire()
    page = await arrives().begins()
    check_page(page)
    assert (page.status, page.heading) == (503, "Many people are using these pages now")
    assert "01234 567 890" in page.says
    may_go.set()
    assert [(await one).status for one in waiting] == [200] * 5
    assert (await arrives().begins()).status == 200


@pytest.mark.parametrize(
    ("headers", "proxies", "is_believed"),
    [
        ({"x-forwarded-for": "203.0.113.{n}, 198.51.{n}.1"}, "127.0.0.1", True),
        ({"x-forwarded-for": "203.0.{n}.1"}, "", False),
        ({"x-forwarded-for": "203.0.{n}.1"}, "10.0.0.1", False),
        ({"x-forwarded-for": "203.0.{n}.1, 198.51.100.1"}, "127.0.0.1", False),
        ({"x-forwarded-for": "2001:db8:1:{n}::1"}, "127.0.0.1", False),
        ({"forwarded": "for=203.0.{n}.1", "x-real-ip": "203.0.{n}.1"}, "127.0.0.1", False),
    ],
)
async def test_only_a_proxy_that_is_named_is_believed_about_who_calls_and_only_in_its_last_word(
    site: Site, waits: list[float], headers: dict[str, str], proxies: str, is_believed: bool
) -> None:
    taken = listen("127.0.0.1", 0, "OWNWORDS_PORT")
    server = serving._server(site.app, proxies)
    task = asyncio.create_task(server.serve(sockets=[taken]))
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{taken.getsockname()[1]}", timeout=60) as client:
        for number in range(5):
            sent = {name: value.format(n=number + 1) for name, value in headers.items()}
            assert (await client.post("/", data={"minutes": "30"}, headers=sent)).status_code == 303
    server.should_exit = True
    await task
    assert (waits == []) is is_believed


async def test_where_nobody_knows_the_network_all_of_those_count_as_one(waits: list[float], site: Site) -> None:
    transport = httpx.ASGITransport(app=site.app, client=None)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://site.example") as client:
        for _ in range(4):
            assert (await client.post("/", data={"minutes": "30"})).status_code == 303
    assert waits == [1]


async def test_another_page_of_the_same_wide_network_is_no_way_around(waits: list[float], site: Site) -> None:
    for number in range(4):
        address = str(ipaddress.ip_address("2001:db8:7::1") + (number << 64))
        transport = httpx.ASGITransport(app=site.app, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://site.example") as client:
            assert Page(await client.post("/", data={"minutes": "30"}, follow_redirects=True)).status == 200
    assert waits == [1]
