"""Other programs of the council's, at the site on its real parts."""

from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from bot.programs import Grant
from bot.roles import Role
from bot.settings import Settings
from bot.store import Store
from tests.talking import DATABASE
from tests.team.conftest import TeamSite, empty_store, make_site, settings, store

__all__ = ["empty_store", "settings", "store"]


@dataclass
class Visitor:
    """Another program. It follows no redirects and keeps no cookies."""

    client: httpx.AsyncClient
    secret: str
    token_id: str

    async def asks(self, path: str, **chosen: str) -> httpx.Response:
        """Ask for something under /api/v1."""
        headers = {"authorization": f"Bearer {self.secret}"} if self.secret else {}
        response = await self.client.get(f"/api/v1{path}", params=chosen, headers=headers)
        assert "set-cookie" not in response.headers
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
        return response


@pytest.fixture
async def site(store: Store, settings: Settings, tmp_path: Path) -> AsyncIterator[TeamSite]:
    """The whole site on a real store."""
    made = make_site(store, settings, tmp_path / "store" / DATABASE)
    yield made
    for client in made.clients:
        await client.aclose()


Arrives = Callable[..., Visitor]


@pytest.fixture
def program(site: TeamSite) -> Arrives:
    """Have a program arrive: `program([team_id])` with every scope, or with those named."""
    made_by = site.account(Role.ADMINISTRATOR)

    def arrive(team_ids: Collection[str], *grants: Grant, name: str = "Case system") -> Visitor:
        secret, token_id = site.token(team_ids, *grants, name=name, made_by=made_by)
        return Visitor(site.arrives().client, secret, token_id)

    return arrive
