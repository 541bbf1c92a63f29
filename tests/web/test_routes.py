"""Who may reach what: every route stands in this table, or this test fails."""

from enum import StrEnum

import pytest

from bot.web.app import routes
from tests.web.conftest import Site
from tests.web.visiting import Person

CANARY = "The canary sings"


class Reach(StrEnum):
    """Who gets something of a conversation from a route."""

    ANYONE = "anyone"
    """It shows nothing of any conversation."""
    VISITOR = "whoever holds the visit"
    """It shows one conversation, to the browser that holds its visit."""


REACH = {
    ("welcome", "GET /"): Reach.ANYONE,
    ("begin", "POST /"): Reach.ANYONE,
    ("welcome_of_another", "GET /welcome/{speaker}"): Reach.ANYONE,
    ("begin_as_another", "POST /welcome/{speaker}"): Reach.ANYONE,
    ("invited", "GET /invited"): Reach.ANYONE,
    ("begin_invited", "POST /invited"): Reach.ANYONE,
    ("easier", "GET /easier"): Reach.ANYONE,
    ("make_easier", "POST /easier"): Reach.ANYONE,
    ("shared_device", "GET /private"): Reach.ANYONE,
    ("conversation", "GET /conversation"): Reach.VISITOR,
    ("go_on", "POST /conversation"): Reach.VISITOR,
    ("statement", "GET /conversation/words"): Reach.VISITOR,
    ("statement_text", "GET /conversation/words.txt"): Reach.VISITOR,
    ("statement_document", "GET /conversation/words.docx"): Reach.VISITOR,
    ("coming_back", "GET /come-back"): Reach.ANYONE,
    ("come_back", "POST /come-back"): Reach.ANYONE,
    ("leave", "GET /leave"): Reach.ANYONE,
    ("left", "POST /left"): Reach.ANYONE,
    ("papers", "GET /paper"): Reach.ANYONE,
    ("paper", "GET /paper/{stage}/{speaker}"): Reach.ANYONE,
    ("licences", "GET /licences"): Reach.ANYONE,
    ("alive", "GET /healthz"): Reach.ANYONE,
    ("ready", "GET /readyz"): Reach.ANYONE,
    ("icon", "GET /favicon.ico"): Reach.ANYONE,
    ("file", "GET /static/{path:path}"): Reach.ANYONE,
}


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
