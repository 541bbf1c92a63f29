"""The description of the API, and the whole API put to the test by a program that knows it from there alone."""

import json
import re
from collections.abc import Iterator

import pytest
import schemathesis
from playwright.sync_api import Page
from schemathesis.core.failures import FailureGroup

from bot.web.api import routes as api_routes
from bot.web.api.description import described
from bot.web.api.routes import DESCRIPTION, HERE, ApiRoute, routes
from tests.api.asking import Served, asked, serving_the_api, ways
from tests.team.held import FRONT_DOOR, SISTER, TOOK

EXAMPLES = 15
"""Of each address, of what it takes and of what it does not. `make abuse` asks for very many more."""


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


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving_the_api(tmp_path_factory.mktemp("api")) as there:
        yield there


@pytest.mark.parametrize("route", routes, ids=lambda route: route.name)
def test_the_api_is_as_it_is_described(there: Served, route: ApiRoute) -> None:
    """What is described is taken, what is not is refused, and every answer is one that the description has."""
    for way in ways(there):
        if way.route is route:
            tried, wrong = asked(there, way, EXAMPLES, chance=17)
            assert (tried > 0, wrong) == (True, [])


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
