"""Who may reach what: every route stands in this table, or this test fails."""

import pytest

from bot.web.access import REACH, Reach
from bot.web.app import routes
from tests.web.conftest import Site
from tests.web.visiting import Person

CANARY = "The canary sings"


def test_every_route_stands_in_the_table() -> None:
    found = {
        (route.name, f"{method} {route.path}") for route in routes for method in (route.methods or set()) - {"HEAD"}
    }
    assert found == set(REACH)


def test_only_leaving_writes_when_a_page_is_looked_at() -> None:
    reading = {route.name for route in routes if "GET" in (route.methods or set())}
    assert reading.isdisjoint(
        {"begin", "begin_as_another", "begin_invited", "make_easier", "go_on", "come_back", "left"}
    )


@pytest.mark.parametrize("route", [what for (_, what), reach in REACH.items() if reach is Reach.VISITOR])
async def test_without_its_visit_a_conversation_shows_nothing(person: Person, site: Site, route: str) -> None:
    site.dialogue.asks_about_a_copy = True
    await person.begins()
    await person.says(CANARY)
    await person.says("My cat")
    await person.chooses("no")
    await person.chooses("safe")
    await person.presses("choose:done")
    await person.chooses("yes")
    method, address = route.split()
    fields = person.page.hidden()
    allowed = await person.client.request("GET", "/conversation/words")
    assert CANARY in allowed.text
    person.client.cookies.clear()
    if method == "GET":
        response = await person.client.get(address)
    else:
        page = await person.sends(address, **fields, do="come_back")
        assert page.heading == "This page is closed"
        response = await person.client.get("/conversation")
    assert CANARY not in response.text
    assert "This page is closed" in response.text
