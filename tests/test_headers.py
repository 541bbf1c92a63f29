"""The exact headers of every answer: every route that the app has, and every way in which it can answer.

The values stand here once more, written out, so that no change of them goes by unseen (trust.md section 9).
"""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from bot.council import InPlace
from bot.roles import Role
from bot.store import Cause, NotKept, NotRead, Store
from bot.web.guard import LARGEST_BODY, LARGEST_HEAD
from tests.talking import DATABASE
from tests.team.colleague import Colleague
from tests.team.conftest import TeamSite, make_site, make_team_settings
from tests.web.visiting import Person

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
OFF = (
    "accelerometer=(), autoplay=(), browsing-topics=(), camera=(), clipboard-read=(), display-capture=(), "
    "encrypted-media=(), fullscreen=(), gamepad=(), geolocation=(), gyroscope=(), hid=(), idle-detection=(), "
    "local-fonts=(), magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), "
    "publickey-credentials-create=(), publickey-credentials-get=(), screen-wake-lock=(), serial=(), usb=(), "
    "window-management=(), xr-spatial-tracking=()"
)
ALWAYS = {
    "content-security-policy": POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": OFF,
    "strict-transport-security": "max-age=31536000; includeSubDomains",
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
}
FILE = {"cache-control": "public, max-age=31536000, immutable"}
TEAMS = {"permissions-policy": re.sub(r"(publickey-\w+-\w+=)\(\)", r"\1(self)", OFF)}

OF_A_STATUS = {
    303: {"location"},
    401: {"www-authenticate"},
    405: {"allow"},
    408: {"connection"},
    413: {"connection"},
    429: {"retry-after"},
    431: {"connection"},
    503: {"retry-after"},
}
"""What an answer of this status may carry besides."""
LEAVES_NOTHING = '"cookies", "storage"'


def check_headers(response: httpx.Response) -> None:
    """Hold an answer to the exact set."""
    path, status, found = response.request.url.path, response.status_code, dict(response.headers)
    expected = dict(ALWAYS)
    if path == "/":
        del expected["x-robots-tag"]
    if path == "/team" or path.startswith("/team/"):
        expected |= TEAMS
    if path.startswith("/static/") and status == 200:
        expected |= FILE
    assert {name: found.get(name) for name in expected} == expected, (path, status)
    may = {"content-type", "content-length", *OF_A_STATUS.get(status, ())}
    if path.startswith("/static/") and status == 200:
        may |= {"vary", "content-encoding"}
    if status == 200 and "content-disposition" in found:
        assert re.fullmatch(r'attachment; filename="[a-z0-9.-]+"', found["content-disposition"]), path
        may.add("content-disposition")
    if "clear-site-data" in found:
        assert found["clear-site-data"] == LEAVES_NOTHING
        may.add("clear-site-data")
    for cookie in response.headers.get_list("set-cookie"):
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"httponly", "samesite=strict"} <= attributes, path
        assert not any(part.startswith("domain") for part in attributes), path
        may.add("set-cookie")
    assert set(found) - set(expected) <= may, (path, status, set(found) - set(expected) - may)
    if found.get("content-type", "").startswith("text/"):
        assert found["content-type"].endswith("; charset=utf-8"), path


@pytest.fixture
async def whole(store: Store, tmp_path: Path) -> AsyncIterator[TeamSite]:
    """The whole site on a real store."""
    made = make_site(store, make_team_settings(tmp_path), tmp_path / "store" / DATABASE)
    yield made
    for client in made.clients:
        await client.aclose()


def routes_of(site: TeamSite) -> list[Route]:
    """Every route that the app truly has."""
    found = [route for route in site.app.app.routes if isinstance(route, Route)]  # type: ignore[attr-defined]
    assert len(found) == len(site.app.app.routes)  # type: ignore[attr-defined]
    assert len(found) > 100
    return found


def addresses(site: TeamSite) -> Iterator[tuple[str, str]]:
    """Every method of every route, an address that fits, and some that fit none."""
    for route in routes_of(site):
        path = re.sub(r"\{[^}]+\}", "0" * 32, route.path)
        for method in sorted(route.methods or ()):
            yield method, path
    for path in ("/nowhere", "/team/nowhere", "/api/v1/nowhere", "/static/nowhere", "/conversation/"):
        yield "GET", path
        yield "POST", path


async def walk(site: TeamSite, client: httpx.AsyncClient, **more: Any) -> set[int]:
    """Ask for all of them, hold each answer to the exact set, and give the statuses that came."""
    seen = set()
    for method, path in addresses(site):
        response = await client.request(method, path, **more)
        check_headers(response)
        seen.add(response.status_code)
    return seen


async def test_every_answer_to_a_stranger_has_exactly_these_headers(whole: TeamSite) -> None:
    assert {200, 204, 303, 400, 401, 404, 422} <= await walk(whole, whole.arrives().client)


async def test_every_answer_to_whoever_is_signed_in_has_exactly_these_headers(whole: TeamSite) -> None:
    team = whole.team(duty=True)
    for role in (Role.MANAGER, Role.ADMINISTRATOR):
        colleague: Colleague = whole.signs_in(whole.account(role, *([team] if role is Role.MANAGER else [])))
        seen = await walk(whole, colleague.client, headers={"sec-fetch-site": "same-origin"})
        assert {200, 303, 404} <= seen


async def test_every_answer_in_a_visit_has_exactly_these_headers(whole: TeamSite) -> None:
    person = Person(whole.arrives().client)
    await person.begins()
    response = await person.says("I feel <b>tired</b>")
    check_headers(await person.client.get("/conversation"))
    assert response.status == 200
    for ending in ("words", "words.txt", "words.docx"):
        check_headers(await person.client.get(f"/conversation/{ending}"))
    check_headers(await person.client.get("/leave"))


async def test_a_method_that_nothing_answers_has_exactly_these_headers(whole: TeamSite) -> None:
    client = whole.arrives().client
    for route in routes_of(whole):
        path = re.sub(r"\{[^}]+\}", "0" * 32, route.path)
        for method in ("OPTIONS", "BREW"):
            response = await client.request(method, path)
            check_headers(response)
            assert response.status_code in {404, 405}, (method, path)


async def test_what_another_page_sent_has_exactly_these_headers(whole: TeamSite) -> None:
    client = whole.arrives().client
    for method, path in addresses(whole):
        if method == "POST":
            response = await client.post(path, headers={"sec-fetch-site": "cross-site"})
            check_headers(response)
            assert response.status_code == 403


async def test_what_is_too_large_has_exactly_these_headers(whole: TeamSite) -> None:
    client = whole.signs_in(whole.account(Role.MANAGER, whole.team())).client
    form = {"content-type": "application/x-www-form-urlencoded", "content-length": str(LARGEST_BODY + 1)}
    seen = set()
    for method, path in addresses(whole):
        if method == "POST":
            response = await client.post(path, content=b"x", headers=form)
            check_headers(response)
            seen.add(response.status_code)
    assert 413 in seen


async def test_a_head_that_is_too_large_has_exactly_these_headers(whole: TeamSite) -> None:
    assert await walk(whole, whole.arrives().client, headers={"x-more": "x" * LARGEST_HEAD}) == {431}


async def test_a_database_that_fails_leaves_exactly_these_headers(
    whole: TeamSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = whole.signs_in(whole.account(Role.MANAGER, whole.team())).client

    def fails(problem: NotKept | NotRead) -> Callable[[Store], None]:
        def fail(store: Store) -> None:
            raise problem

        return fail

    monkeypatch.setattr(Store, "begin", fails(NotKept(Cause.LOCKED)))
    monkeypatch.setattr(Store, "reading", fails(NotRead(Cause.LOCKED)))
    assert 503 in await walk(whole, client)


async def test_a_fault_of_our_own_leaves_exactly_these_headers(
    whole: TeamSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(in_place: InPlace) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(InPlace, "read", fails)
    assert await walk(whole, whole.arrives().client) == {500}


async def test_over_https_the_browser_guards_the_visit_by_its_name(store: Store, tmp_path: Path) -> None:
    settings = replace(make_team_settings(tmp_path), secure_cookies=True, address="https://site.example")
    made = make_site(store, settings, tmp_path / "store" / DATABASE)
    async with made.arrives().client as client:
        begun = await client.post("https://site.example/", data={"minutes": "30"})
        check_headers(begun)
        (cookie,) = begun.headers.get_list("set-cookie")
        assert re.fullmatch(r"__Host-visit=[\w-]{43}; HttpOnly; Path=/; SameSite=strict; Secure", cookie)
