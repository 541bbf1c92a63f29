"""Leaving quickly: out at once, whatever fails, and nothing comes back."""

import sqlite3
from contextlib import closing

import pytest

from tests.web.conftest import Site
from tests.web.visiting import Person, check_answer


async def test_leaving_ends_the_visit_and_opens_another_site(person: Person) -> None:
    await person.begins()
    await person.says("I feel tired")
    cookie = person.client.cookies["visit"]
    response = await person.client.get("/leave")
    check_answer(response)
    assert response.status_code == 303
    assert response.headers["location"] == "https://www.bbc.co.uk/weather"
    assert response.headers["clear-site-data"] == '"cookies", "storage"'
    assert "visit" not in person.client.cookies
    # Whoever kept the cookie is out, too.
    person.client.cookies.set("visit", cookie)
    page = await person.opens("/conversation")
    assert page.heading == "This page is closed"
    assert "tired" not in page.source


async def test_the_page_that_is_already_blank_ends_the_visit_too(person: Person) -> None:
    await person.begins()
    cookie = person.client.cookies["visit"]
    response = await person.post("/left", b"", **{"content-type": "text/plain"})
    check_answer(response)
    assert response.status_code == 204
    assert response.content == b""
    person.client.cookies.set("visit", cookie)
    assert (await person.opens("/conversation")).heading == "This page is closed"


@pytest.mark.parametrize("header", ["sec-purpose", "purpose"])
async def test_a_browser_that_only_looks_ahead_ends_nothing(person: Person, header: str) -> None:
    await person.begins()
    response = await person.client.get("/leave", headers={header: "prefetch;prerender"})
    assert response.status_code == 204
    assert (await person.opens("/conversation")).heading == "What about feelings?"


async def test_asking_for_the_headers_alone_ends_nothing(person: Person) -> None:
    await person.begins()
    assert (await person.client.head("/leave")).status_code == 204
    assert (await person.opens("/conversation")).heading == "What about feelings?"


async def test_nobody_is_held_up_by_a_database_that_cannot_be_written(
    person: Person, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    await person.begins()
    monkeypatch.setattr("bot.store.database.LOCKED_FOR", 0.1)
    with closing(sqlite3.connect(site.path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        response = await person.client.get("/leave")
    assert response.status_code == 303
    assert "visit" not in person.client.cookies


async def test_leaving_is_a_link_and_the_first_thing_after_the_skip_link_on_every_page(person: Person) -> None:
    for address in ("/", "/private", "/come-back", "/conversation", "/licences", "/nowhere"):
        page = await person.opens(address)
        leave = list(page.root.iter("a"))[1]
        assert leave.get("href") == "/leave"
        assert leave.get("rel") == "nofollow noreferrer"
        assert leave.get("role") is None
