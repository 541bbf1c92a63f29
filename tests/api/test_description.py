"""The description of the API, and the whole API put to the test by a program that knows it from there alone."""

import json
import re
import secrets
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from playwright.sync_api import Page
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup

from bot import signing_in
from bot.connecting.tokens import BEGINNING
from bot.programs import Grant
from bot.roles import Role
from bot.store import RootKey, Store
from bot.web.api import routes as api_routes
from bot.web.api.description import described
from bot.web.api.routes import DESCRIPTION, HERE, ApiRoute, WhichFigures, routes
from tests.talking import DATABASE, KEY, make_empty
from tests.team.conftest import TeamSite, make_site, make_team_settings
from tests.team.held import FRONT_DOOR, SISTER, TOOK, holds

EXAMPLES = 15
"""Of each address, of what it takes and of what it does not."""


def test_the_description_names_every_route_and_no_other() -> None:
    assert list(described()["paths"]) == [HERE + route.path for route in routes]
    assert all(list(operations) == ["get"] for operations in described()["paths"].values())


def test_the_description_says_which_scope_each_address_takes() -> None:
    for route in routes:
        told = described()["paths"][HERE + route.path]["get"]["description"]
        assert told == (f"Scope: `{route.grant.value}`." if route.grant is not None else "Any good token.")


def test_every_field_of_the_description_is_in_words_of_ours() -> None:
    for name, schema in described()["components"]["schemas"].items():
        if schema["type"] == "object":
            assert schema["description"], name
            assert schema["additionalProperties"] is False, name


def test_all_that_the_description_points_to_is_there() -> None:
    written = json.dumps(described())
    for kind, name in re.findall(r'"#/components/(\w+)/(\w+)"', written):
        assert name in described()["components"][kind]
    assert "$defs" not in written


@dataclass(frozen=True)
class Served:
    """The site with an enquiry in it, reached through a port, and what a program with every scope knows."""

    address: str
    headers: Mapping[str, str]
    ids: Mapping[str, str]

    def known(self, route: ApiRoute) -> list[dict[str, Any]]:
        """What somebody who was here before would ask for: what is there."""
        named = {name: value for name, value in self.ids.items() if f"{{{name}}}" in route.path}
        chosen = {"year": "2025", "team_id": self.ids["team_id"]} if route.chosen is WhichFigures else {}
        return [{"path_parameters": named}] * bool(named) + [{"query": chosen}] * bool(chosen)


@contextmanager
def served(site: TeamSite) -> Iterator[str]:
    """Serve a site as it is served to people, for as long as the block lasts."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(site.app, log_config=None, lifespan="off", ws="none", server_header=False, access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = make_empty(tmp_path_factory.mktemp("api"))
    store = Store.open(folder / DATABASE, RootKey.read(folder / KEY))
    site = make_site(store, make_team_settings(folder), folder / DATABASE)
    team_id = site.team()
    enquiry_id = site.enquiry(team_id, "LAS 17")
    conversation_id = holds(store, enquiry_id).first.conversation_id
    secret = BEGINNING + secrets.token_urlsafe(32)
    made_by = site.account(Role.ADMINISTRATOR)
    with store.begin() as kept:
        kept.tokens.add(
            signing_in.hash_of(secret),
            "Case system",
            site.now,
            grants=tuple(Grant),
            team_ids=[team_id],
            made_by=made_by,
            valid_until=site.now + timedelta(days=30),
        )
    ids = {"enquiry_id": enquiry_id, "conversation_id": conversation_id, "team_id": team_id}
    with served(site) as address:
        yield Served(address, {"Authorization": f"Bearer {secret}"}, ids)
    store.close()


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize("route", routes, ids=lambda route: route.name)
def test_the_api_is_as_it_is_described(there: Served, route: ApiRoute, mode: GenerationMode) -> None:
    """What is described is taken, what is not is refused, and every answer is one that the description has."""
    schema = schemathesis.openapi.from_url(there.address + DESCRIPTION)
    operation = schema[HERE + route.path]["GET"]
    if mode is GenerationMode.NEGATIVE and not list(operation.iter_parameters()):
        # Where nothing can be sent, nothing can be sent wrongly.
        return
    for chosen in ({}, *(there.known(route) if mode is GenerationMode.POSITIVE else ())):

        @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(generation_mode=mode, **chosen))
        def asks(case: schemathesis.Case) -> None:
            case.call_and_validate(base_url=there.address, headers=dict(there.headers))

        asks()


def test_the_test_would_see_an_answer_that_is_not_described(there: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    schema = schemathesis.openapi.from_url(there.address + DESCRIPTION)
    case = schema[f"{HERE}/token"]["GET"].Case()
    case.call_and_validate(base_url=there.address, headers=dict(there.headers))
    monkeypatch.setattr(api_routes, "written", lambda answer, given: '{"name": 17}')
    with pytest.raises(FailureGroup):
        case.call_and_validate(base_url=there.address, headers=dict(there.headers))


def test_a_browser_reads_what_the_api_gives(there: Served, page: Page) -> None:
    """With the browser's own requests and its own JSON: words arrive to the last sign."""
    page.goto(there.address + "/healthz")
    told = page.evaluate(
        """async ([headers, ids, description]) => {
            const asks = async path => (await fetch(path, {headers})).json();
            const described = await asks(description);
            const found = await asks(`/api/v1/conversations/${ids.conversation_id}/words`);
            const wished = await asks(`/api/v1/enquiries/${ids.enquiry_id}/outcomes/words`);
            const refused = await fetch("/api/v1/token");
            return {
                addresses: Object.keys(described.paths),
                words: found.exchanges.flatMap(one => one.said).map(one => one.words).filter(words => words !== null),
                wished: wished.items.map(one => one.words_now[0]),
                refused: [refused.status, (await refused.json()).title],
            };
        }""",
        [dict(there.headers), dict(there.ids), DESCRIPTION],
    )
    assert told["addresses"] == [HERE + route.path for route in routes]
    assert {TOOK, SISTER} <= set(told["words"])
    assert told["wished"] == [FRONT_DOOR, SISTER]
    assert told["refused"] == [401, "Unauthorized"]
