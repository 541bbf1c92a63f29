"""The API on a site of its own, and a program that asks it whatever its description allows, or does not (schemathesis).

It knows the API from the description alone, and what is there from having been here before.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup

from bot.store import RootKey, Store
from bot.web.api.routes import DESCRIPTION, HERE, ApiRoute, WhichFigures, routes
from tests.served import served
from tests.talking import DATABASE, KEY, make_empty
from tests.team.conftest import make_site, make_team_settings
from tests.team.held import holds


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


@dataclass(frozen=True, slots=True)
class Way:
    """One way to ask one address."""

    route: ApiRoute
    mode: GenerationMode
    chosen: Mapping[str, Any]
    """What is not left to chance."""


@contextmanager
def serving_the_api(folder: Path) -> Iterator[Served]:
    """Serve a site that has an enquiry with a finished conversation, and a token for all of it."""
    make_empty(folder)
    store = Store.open(folder / DATABASE, RootKey.read(folder / KEY))
    site = make_site(store, make_team_settings(folder), folder / DATABASE)
    team_id = site.team()
    enquiry_id = site.enquiry(team_id, "LAS 17")
    conversation_id = holds(store, enquiry_id).first.conversation_id
    secret, _ = site.token([team_id])
    ids = {"enquiry_id": enquiry_id, "conversation_id": conversation_id, "team_id": team_id}
    with served(site) as address:
        yield Served(address, {"Authorization": f"Bearer {secret}"}, ids)
    store.close()


def ways(there: Served) -> Iterator[Way]:
    """Give every way to ask: what is described and what is not, of what is there and of anything."""
    schema = schemathesis.openapi.from_url(there.address + DESCRIPTION)
    for route in routes:
        takes_anything = bool(list(schema[HERE + route.path]["GET"].iter_parameters()))
        yield Way(route, GenerationMode.POSITIVE, {})
        for chosen in there.known(route):
            yield Way(route, GenerationMode.POSITIVE, chosen)
        if takes_anything:
            # Where nothing can be sent, nothing can be sent wrongly.
            yield Way(route, GenerationMode.NEGATIVE, {})


def asked(there: Served, way: Way, cases: int, chance: int) -> tuple[int, list[str]]:
    """Ask so often at most. Gives how often it was, and what was not answered as it is described: where, and how.

    What was sent, and what came, is not told: both hold words.
    """
    schema = schemathesis.openapi.from_url(there.address + DESCRIPTION)
    operation = schema[HERE + way.route.path]["GET"]
    tried = 0
    wrong: list[str] = []

    @seed(chance)
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=way.mode, **way.chosen))
    def asks(case: schemathesis.Case) -> None:
        nonlocal tried
        # What is never sent cannot be sent wrongly, and without it the rest may be right.
        assume(not any(_says_nothing(value) for value in (case.query or {}).values()))
        tried += 1
        try:
            answer = case.call_and_validate(base_url=there.address, headers=dict(there.headers))
        except FailureGroup as group:
            kinds = sorted({type(failure).__name__ for failure in group.exceptions})
            wrong.append(f"{way.route.name}, {way.mode.value}: {', '.join(kinds)}")
            return
        if b"Traceback" in answer.content:
            wrong.append(f"{way.route.name}, {way.mode.value}: tells where the program failed")

    asks()
    return tried, wrong


def _says_nothing(value: Any) -> bool:
    """Whether a parameter with this value is left out of an address: none, and lists with nothing in them."""
    return value is None or (isinstance(value, list | dict) and all(map(_says_nothing, value)))
