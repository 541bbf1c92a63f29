"""What stands around every page: nothing typed is lost, hosts and cookies, names, and the look of what is not there."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest

from bot import signing_in
from bot.roles import Role
from bot.store import Store
from bot.web.evenly import BEAT
from bot.web.team.pages import as_moment
from bot.web.team.shell import own_path
from tests.talking import DATABASE
from tests.team.colleague import Colleague, TeamPage
from tests.team.conftest import TeamSite, make_site, make_team_settings
from tests.team.test_signing import PASSWORD, code_of, makes_first_administrator

TYPED = "\n  She said: “I’d rather not”.\n\n\t<b>{{ 7*7 }}</b> \u202eesrever  "


async def sends_after(colleague: Colleague, path: str, fields: dict[str, str]) -> TeamPage:
    """Send a form that was filled in before something changed."""
    sent = urlencode([(name, value.replace("\n", "\r\n")) for name, value in fields.items()])
    response = await colleague.post(path, sent.encode())
    colleague.page = TeamPage(response)
    return colleague.page


async def test_what_was_typed_before_the_session_ended_is_there_after_signing_in_again(team_site: TeamSite) -> None:
    colleague, told = await makes_first_administrator(team_site)
    await colleague.opens("/team/teams")
    fields = {name: values[0] for name, values in colleague.page.forms()["/team/teams"].items()}
    team_site.passes(minutes=45)
    page = await sends_after(colleague, "/team/teams", {**fields, "name": TYPED})
    assert page.heading == "You were signed out"
    assert page.typed == [TYPED]
    await colleague.sends("/team/sign-in", email="ruth@council.example", password=PASSWORD)
    page = await colleague.sends("/team/sign-in/code", code=code_of(told, team_site))
    assert page.heading == "You are signed in again"
    assert page.boxes["name"] == TYPED
    with team_site.store.reading() as seen:
        assert seen.teams.listed() == ()
    page = await colleague.sends("/team/teams")
    assert page.told == "The team is made."
    with team_site.store.reading() as seen:
        assert [team.name for team in seen.teams.listed()] == [TYPED.strip()]


async def test_what_was_typed_comes_back_to_nobody_else(
    team_site: TeamSite, signed_in: Callable[..., Colleague]
) -> None:
    _, told = await makes_first_administrator(team_site)
    other = signed_in(Role.ADMINISTRATOR, name="Another")
    await other.opens("/team/teams")
    fields = {name: values[0] for name, values in other.page.forms()["/team/teams"].items()}
    team_site.passes(minutes=45)
    await sends_after(other, "/team/teams", {**fields, "name": "Something typed by another"})
    await other.sends("/team/sign-in", email="ruth@council.example", password=PASSWORD)
    page = await other.sends("/team/sign-in/code", code=code_of(told, team_site))
    assert "Something typed by another" not in page.source
    assert page.heading == "People"


async def test_a_page_from_before_signing_in_again_keeps_what_was_typed(
    team_site: TeamSite, signed_in: Callable[..., Colleague]
) -> None:
    colleague = signed_in(Role.ADMINISTRATOR)
    await colleague.opens("/team/teams")
    fields = {name: values[0] for name, values in colleague.page.forms()["/team/teams"].items()}
    page = await sends_after(colleague, "/team/teams", {**fields, "form": "of another session", "name": TYPED})
    assert page.status == 403
    assert page.heading == "Please send this again"
    assert page.boxes["name"] == TYPED
    page = await colleague.sends("/team/teams")
    assert page.told == "The team is made."


async def test_a_proof_brings_back_what_was_about_to_be_done(team_site: TeamSite) -> None:
    colleague, told = await makes_first_administrator(team_site)
    await colleague.opens("/team/people/new")
    team_site.passes(minutes=10)
    page = await colleague.sends("/team/people/new", name="Jo Baptiste", email="jo@c.example", role="auditor")
    assert page.heading == "Prove that it is you"
    page = await colleague.sends("/team/prove", password=PASSWORD, code=code_of(told, team_site))
    assert page.heading == "Give them this link"
    with team_site.store.reading() as seen:
        assert seen.accounts.find("jo@c.example") is not None


async def test_after_a_proof_a_page_that_was_only_looked_at_is_there(team_site: TeamSite) -> None:
    colleague, told = await makes_first_administrator(team_site)
    team_site.passes(minutes=10)
    page = await colleague.opens("/team/account/password")
    assert page.heading == "Prove that it is you"
    page = await colleague.sends("/team/prove", password=PASSWORD, code=code_of(told, team_site))
    assert page.heading == "Change your password"


async def test_signing_in_leads_to_the_page_that_was_asked_for(team_site: TeamSite) -> None:
    _, told = await makes_first_administrator(team_site)
    team_site.passes(minutes=1)
    colleague = team_site.arrives()
    await colleague.opens("/team/teams")
    await colleague.sends("/team/sign-in", email="ruth@council.example", password=PASSWORD)
    page = await colleague.sends("/team/sign-in/code", code=code_of(told, team_site))
    assert page.heading == "Teams"


@pytest.mark.parametrize(
    "path",
    [
        "https://elsewhere.example/team",
        "//elsewhere.example/team",
        "/team/../conversation",
        "/teams",
        "/team\\@elsewhere",
        "javascript:alert(1)",
        "/team/\nx",
        "",
    ],
)
def test_nothing_leads_away_from_the_teams_side(path: str) -> None:
    assert not own_path(path)
    assert own_path("/team/search?page=2") == "/team/search?page=2"


async def test_each_role_finds_its_own_way(team_site: TeamSite, signed_in: Callable[..., Colleague]) -> None:
    team_id = team_site.team()
    found = {}
    for role in Role:
        colleague = signed_in(role, *([team_id] if role in {Role.PRACTITIONER, Role.MANAGER} else []))
        page = await colleague.opens("/team")
        assert page.status == 200
        found[role] = page.navigation
    assert found[Role.ADMINISTRATOR] == ["People", "Teams", "Keeping", "Programs", "Guidance", "Settings"]
    assert found[Role.BOARD_MEMBER] == ["Board pack", "Guidance"]
    assert found[Role.PRACTITIONER] == ["Work", "Enquiries", "Search", "Team", "Guidance"]
    counted = ["Work", "Enquiries", "Search", "Audit", "Team", "Figures", "Board pack"]
    assert found[Role.MANAGER] == [*counted, "Quotes", "Keeping", "Guidance"]
    assert found[Role.AUDITOR] == [*counted, "Keeping", "Guidance"]
    assert found[Role.ADVOCATE] == ["Work", "Enquiries", "Guidance"]


async def test_the_cookies_say_where_they_may_go(team_site: TeamSite, store: Store, tmp_path: Path) -> None:
    for secure, host, prefix, path in (
        (False, "", "", "/team"),
        (True, "", "__Secure-", "/team"),
        (True, "team.example", "__Host-", "/"),
    ):
        settings = replace(make_team_settings(tmp_path), secure_cookies=secure, team_host=host)
        site = make_site(store, settings, tmp_path / "store" / DATABASE)
        colleague = site.arrives()
        colleague.client.base_url = f"https://{host or 'site.example'}"  # type: ignore[assignment]
        response = await colleague.client.get("/team/sign-in")
        cookie = response.headers["set-cookie"]
        assert cookie.startswith(f"{prefix}team-door=")
        assert f"Path={path};" in f"{cookie};"
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert ("Secure" in cookie) == secure
        await colleague.client.aclose()


async def test_with_a_host_of_its_own_the_team_is_nowhere_else(store: Store, tmp_path: Path) -> None:
    settings = replace(make_team_settings(tmp_path), team_host="team.example", secure_cookies=True)
    site = make_site(store, settings, tmp_path / "store" / DATABASE)
    colleague = site.arrives()
    answers = {}
    for host in ("team.example", "site.example", "TEAM.example:443", "evil.example"):
        for path in ("/", "/team/sign-in", "/conversation", "/static/nowhere", "/healthz"):
            response = await colleague.client.get(f"https://site.example{path}", headers={"host": host})
            answers[host, path] = response.status_code
    await colleague.client.aclose()
    assert answers["team.example", "/"] == 303
    assert answers["team.example", "/team/sign-in"] == answers["TEAM.example:443", "/team/sign-in"] == 200
    assert answers["team.example", "/conversation"] == 404
    assert answers["site.example", "/team/sign-in"] == answers["evil.example", "/team/sign-in"] == 404
    assert answers["site.example", "/"] == answers["site.example", "/conversation"] == 200
    assert {answers[host, "/healthz"] for host in ("team.example", "site.example")} == {200}


async def test_signing_out_forgets_the_session_here_and_there(
    team_site: TeamSite, signed_in: Callable[..., Colleague]
) -> None:
    colleague = signed_in(Role.MANAGER)
    secret = colleague.client.cookies["team"]
    await colleague.opens("/team/account")
    response = await colleague.posts("/team/sign-out")
    assert response.headers["clear-site-data"] == '"storage"'
    assert "team" not in colleague.client.cookies
    assert await signing_in.signed_in(team_site.desk.gate, secret, team_site.now) is None


async def test_a_name_from_right_to_left_stands_apart(signed_in: Callable[..., Colleague]) -> None:
    colleague = signed_in(Role.MANAGER, name="ליאת בן־דוד")
    page = await colleague.opens("/team/account")
    assert "<bdi>ליאת בן־דוד</bdi>" in page.source


async def test_a_page_that_is_not_there_looks_the_same_to_everybody(
    team_site: TeamSite, signed_in: Callable[..., Colleague]
) -> None:
    somebody, nobody = signed_in(Role.MANAGER), team_site.arrives()
    one = await somebody.client.get("/team/no-such-page")
    other = await nobody.client.get("/team/no-such-page")
    assert one.status_code == other.status_code == 404
    assert one.content == other.content


async def test_what_cannot_be_read_is_told_on_a_page_of_the_teams(signed_in: Callable[..., Colleague]) -> None:
    colleague = signed_in(Role.ADMINISTRATOR)
    await colleague.opens("/team/teams")
    too_much = await colleague.post("/team/teams", b"name=" + b"x" * 1_100_000)
    odd = await colleague.post("/team/teams", b"name=%ff")
    not_ours = await colleague.post("/team/teams", b"name=x", **{"sec-fetch-site": "cross-site"})
    assert [answer.status_code for answer in (too_much, odd, not_ours)] == [413, 400, 403]
    for answer in (too_much, odd, not_ours):
        page = TeamPage(answer)
        assert page.title.endswith("Own Words")
        assert "/leave" not in page.links


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (datetime(2026, 3, 2, 12, 0, tzinfo=UTC), "2 March 2026 at 12:00"),
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), "29 March 2026 at 00:59"),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), "29 March 2026 at 02:00"),
        (datetime(2026, 7, 31, 23, 30, tzinfo=UTC), "1 August 2026 at 00:30"),
        (datetime(2026, 10, 25, 0, 59, tzinfo=UTC), "25 October 2026 at 01:59"),
        (datetime(2026, 10, 25, 1, 0, tzinfo=UTC), "25 October 2026 at 01:00"),
    ],
)
def test_moments_are_shown_as_clocks_in_britain_show_them(moment: datetime, shown: str) -> None:
    assert as_moment(moment) == shown


async def test_what_is_hidden_and_what_was_never_there_are_answered_on_the_same_beat(team_site: TeamSite) -> None:
    team, other = team_site.team("North team"), team_site.team("South team")
    colleague = team_site.signs_in(team_site.account(Role.PRACTITIONER, team))
    waited: list[float] = []

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    team_site.desk.gate.sleep = wait
    for path in (f"/team/enquiries/{team_site.enquiry(other)}", f"/team/enquiries/{'0' * 32}"):
        assert (await colleague.client.get(path)).status_code == 404
    assert len(waited) == 2
    assert all(0 < seconds <= BEAT for seconds in waited)
    assert (await colleague.client.get(f"/team/enquiries/{team_site.enquiry(team)}")).status_code == 200
    assert len(waited) == 2
