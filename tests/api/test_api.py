"""What other programs are given, and what none is: by team, by scope, by what is restricted, unfinished or private."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot import packing, reporting
from bot.connecting.reading import Given, give
from bot.conversation import Kind, Speaker, Stage, State
from bot.figures import MEASURES, By, Period
from bot.flags import FlagKind
from bot.programs import Grant, Program
from bot.publishing import NotProven
from bot.reporting import Asked
from bot.roles import Actor, NotAllowed, Role
from bot.settings import Settings
from bot.store import AuditAct, Audited, NotKept, Store
from bot.store.errors import Cause
from bot.web.api.routes import AT_WORK, WAITING_AT_MOST, routes
from bot.web.evenly import BEAT
from tests.api.conftest import Arrives, Visitor
from tests.talking import DATABASE
from tests.team.conftest import WISH, TeamSite, make_site
from tests.team.held import FRONT_DOOR, KEY, SISTER, TOOK, holds, tells_how_it_was
from tests.web.visiting import ON_EVERY_ANSWER

NOWHERE = "0" * 32


def rows(site: TeamSite, act: AuditAct = AuditAct.GIVEN) -> tuple[Audited, ...]:
    with site.store.reading() as seen:
        return seen.audit.search(acts=(act,))


def addresses(enquiry_id: str, conversation_id: str) -> list[str]:
    """Every address about an enquiry or a conversation."""
    ids = {"enquiry_id": enquiry_id, "conversation_id": conversation_id}
    return [route.path.format(**ids) for route in routes if "{" in route.path]


async def nothing(visitor: Visitor) -> httpx.Response:
    found = await visitor.asks(f"/enquiries/{NOWHERE}")
    assert found.status_code == 404
    return found


def same(one: httpx.Response, other: httpx.Response) -> bool:
    return (one.status_code, one.content, sorted(one.headers.items())) == (
        other.status_code,
        other.content,
        sorted(other.headers.items()),
    )


# --- what is given ---------------------------------------------------------------------------------------------------


async def test_a_program_is_told_what_its_token_is_for(site: TeamSite, program: Arrives) -> None:
    north, _ = site.team("North"), site.team("South")
    told = (await program([north], Grant.ENQUIRIES).asks("/token")).json()
    assert told == {
        "name": "Case system",
        "scopes": ["enquiries"],
        "teams": [{"id": north, "name": "North"}],
        "valid_until": "2026-04-01T12:00:00Z",
    }


async def test_enquiries_come_a_page_at_a_time_and_each_comes_once(site: TeamSite, program: Arrives) -> None:
    team_id = site.team()
    made = []
    for number in range(7):
        site.passes(minutes=1)
        made.append(site.enquiry(team_id, f"LAS {number}"))
    site.enquiry(site.team("Elsewhere"), "not theirs")
    visitor = program([team_id])
    found: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    for size in (3, 3, 1):
        page = (await visitor.asks("/enquiries", at_most="3", **after)).json()
        assert len(page["items"]) == size
        found += page["items"]
        after = {"after": page["next"]}
    assert page["next"] is None
    assert [one["id"] for one in found] == made[::-1]
    assert found[0]["reference"] == "LAS 6"
    assert found[0]["team_id"] == team_id


async def test_enquiries_are_chosen_by_being_open_and_by_team(site: TeamSite, program: Arrives) -> None:
    north, south = site.team("North"), site.team("South")
    is_open, closed, other = site.enquiry(north), site.enquiry(north), site.enquiry(south)
    with site.store.begin() as kept:
        kept.enquiries.close(closed, site.now)
    visitor = program([north, south])

    async def ids(**chosen: str) -> set[str]:
        return {one["id"] for one in (await visitor.asks("/enquiries", **chosen)).json()["items"]}

    assert await ids() == {is_open, closed, other}
    assert await ids(state="closed") == {closed}
    assert await ids(state="open", team_id=north) == {is_open}
    assert (await visitor.asks(f"/enquiries/{closed}")).json()["closed_at"] == "2026-03-02T12:00:00Z"


async def test_what_was_said_is_given_to_the_character_and_private_things_are_not(
    site: TeamSite, program: Arrives
) -> None:
    team_id = site.team()
    enquiry_id = site.enquiry(team_id)
    held = holds(site.store, enquiry_id)
    visitor = program([team_id])
    listed = (await visitor.asks(f"/enquiries/{enquiry_id}/conversations")).json()["items"]
    assert [(one["stage"], one["state"]) for one in listed] == [
        ("first", "finished"),
        ("check-in", "finished"),
        ("closing", "finished"),
    ]
    found = (await visitor.asks(f"/conversations/{held.first.conversation_id}/words")).json()
    said = [one["words"] for line in found["exchanges"] for one in line["said"] if one["words"] is not None]
    assert KEY in said
    assert SISTER in said
    assert TOOK in said
    taken_back = [one for line in found["exchanges"] for one in line["said"] if one["is_taken_back"]]
    assert {one["turn"] for one in taken_back} >= {held.taken_back.number}
    everything = json.dumps(found, ensure_ascii=False)
    for kept_back in ("To be left alone", "Tuesdays, when he is out", "Hands were shaking."):
        assert kept_back not in everything


async def test_wishes_are_given_without_words_and_in_words(site: TeamSite, program: Arrives) -> None:
    team_id = site.team()
    enquiry_id = site.enquiry(team_id)
    held = holds(site.store, enquiry_id)
    visitor = program([team_id])
    response = await visitor.asks(f"/enquiries/{enquiry_id}/outcomes")
    found = response.json()
    first = next(one for one in found["items"] if one["id"] == held.outcome)
    assert [one["value"] for one in first["verdicts"]] == ["say_differently", "all_of_it"]
    assert first["weight"] == "a_lot"
    assert found["proposed_of_person"] == {"achieved": "partly", "from_person": False}
    assert found["proposed_of_advocate"] is None
    for words in (KEY, FRONT_DOOR, SISTER, "It is in my pocket", "I come and go as I like", "My room is safe now"):
        assert json.dumps(words)[1:-1] not in response.text
    told = (await visitor.asks(f"/enquiries/{enquiry_id}/outcomes/words")).json()
    first = next(one for one in told["items"] if one["id"] == held.outcome)
    assert [one["words"] for one in first["wordings"]] == [KEY, FRONT_DOOR]
    assert first["words_now"] == [FRONT_DOOR]
    assert first["sign"] == ["It is in my pocket"]
    assert [one["difference"] for one in first["verdicts"]] == [[], ["I come and go as I like"]]


@pytest.mark.parametrize("words", ["  x  ", "\n\nhello", "\u202e\u05d0", "half \ud83d a sign", "nul \0 here", "None"])
async def test_words_of_every_kind_arrive(site: TeamSite, program: Arrives, words: str) -> None:
    team_id = site.team()
    enquiry_id = site.enquiry(team_id)
    conversation_id = await site.conversation(enquiry_id, says=words)
    found = (await program([team_id]).asks(f"/conversations/{conversation_id}/words")).json()
    assert words in [one["words"] for line in found["exchanges"] for one in line["said"]]


# --- what is not -----------------------------------------------------------------------------------------------------


async def test_whoever_has_no_good_token_is_given_nothing(site: TeamSite, program: Arrives) -> None:
    team_id = site.team()
    visitor, ended = program([team_id]), program([team_id])
    with site.store.begin() as kept:
        kept.tokens.end(ended.token_id, site.now)
    strangers = [
        "",
        "nonsense",
        "ownwords_" + "A" * 43,
        visitor.secret[:-1] + ("A" if visitor.secret[-1] != "A" else "B"),
        visitor.secret.upper(),
        ended.secret,
        visitor.secret + " x",
        "é" * 20,
    ]
    answers = []
    for secret in strangers:
        headers = {"authorization": f"Bearer {secret}".encode()} if secret else {}
        answers.append(await visitor.client.get("/api/v1/enquiries", headers=headers))
    site.passes(days=30)
    answers.append(await visitor.asks("/enquiries"))
    assert all(same(one, answers[0]) for one in answers)
    assert answers[0].status_code == 401
    assert answers[0].headers["www-authenticate"] == "Bearer"
    assert not rows(site)


async def test_no_cookie_lets_anybody_in(site: TeamSite, program: Arrives) -> None:
    auditor = site.signs_in(site.account(Role.AUDITOR))
    cookie = auditor.client.cookies.get("team")
    response = await auditor.client.get("/api/v1/enquiries", headers={"cookie": f"team={cookie}"})
    assert response.status_code == 401


async def test_a_token_in_the_address_or_in_another_scheme_is_none(site: TeamSite, program: Arrives) -> None:
    visitor = program([site.team()])
    response = await visitor.client.get("/api/v1/token", params={"access_token": visitor.secret})
    assert response.status_code == 401
    for sent in (visitor.secret, f"Basic {visitor.secret}", f"Token {visitor.secret}"):
        response = await visitor.client.get("/api/v1/token", headers={"authorization": sent})
        assert response.status_code == 401
    response = await visitor.client.get("/api/v1/token", headers={"authorization": f"bearer {visitor.secret}"})
    assert response.status_code == 200


async def test_forbidden_and_missing_are_the_same_bytes(site: TeamSite, program: Arrives) -> None:
    north, south = site.team("North"), site.team("South")
    visitor = program([north])
    missing = await nothing(visitor)
    elsewhere, restricted = site.enquiry(south), site.enquiry(north, restricted=True)
    hidden = [(one, await site.conversation(one)) for one in (elsewhere, restricted)]
    for enquiry_id, conversation_id in (*hidden, *((one, one) for one in (NOWHERE, "not-an-id", "%00", "0" * 33))):
        for address in addresses(enquiry_id, conversation_id):
            assert same(await visitor.asks(address), missing), address
    assert same(await visitor.asks("/enquiries", team_id=south), missing)
    assert same(await visitor.asks("/enquiries", team_id=NOWHERE), missing)
    assert {one["id"] for one in (await visitor.asks("/enquiries")).json()["items"]} == set()
    assert {one.about for one in rows(site, AuditAct.DENIED)} == {f"program.{visitor.token_id}"}


async def test_each_scope_gives_its_own_and_nothing_else(site: TeamSite, program: Arrives) -> None:
    team_id = site.team()
    enquiry_id = site.enquiry(team_id)
    conversation_id = await site.conversation(enquiry_id)
    ids = {"enquiry_id": enquiry_id, "conversation_id": conversation_id}
    for grant in Grant:
        visitor = program([team_id], grant)
        missing = await nothing(visitor)
        for route in routes:
            response = await visitor.asks(route.path.format(**ids))
            if route.grant in {None, grant}:
                assert response.status_code in {200, 422}, route.name
            else:
                assert same(response, missing), route.name


async def test_nothing_is_given_of_a_conversation_before_it_is_done(site: TeamSite, program: Arrives) -> None:
    team_id = site.team()
    enquiry_id = site.enquiry(team_id)
    conversation_id = await site.conversation(enquiry_id, finished=False, is_safe="not_safe")
    visitor = program([team_id])
    assert same(await visitor.asks(f"/conversations/{conversation_id}/words"), await nothing(visitor))
    for what in ("conversations", "outcomes", "outcomes/words"):
        response = await visitor.asks(f"/enquiries/{enquiry_id}/{what}")
        assert response.json()["items"] == []
        assert WISH not in response.text
    with site.store.reading() as seen:
        assert FlagKind.IN_DANGER_NOW in {flag.kind for flag in seen.flags.of(conversation_id)}


async def test_how_it_was_for_people_is_given_to_no_program(site: TeamSite, program: Arrives) -> None:
    team_id = site.team()
    enquiry_id = site.enquiry(team_id, allocated=[site.account(Role.PRACTITIONER, team_id)])
    told = tells_how_it_was(site.store, enquiry_id, "They never rang back.")
    visitor = program([team_id])
    assert same(await visitor.asks(f"/conversations/{told.conversation_id}/words"), await nothing(visitor))
    for what in ("", "/conversations", "/outcomes", "/outcomes/words"):
        response = await visitor.asks(f"/enquiries/{enquiry_id}{what}")
        assert response.status_code == 200
        assert told.conversation_id not in response.text
        assert "They never rang back." not in response.text


async def test_a_conversation_that_was_taken_back_says_nothing(site: TeamSite, program: Arrives) -> None:
    team_id = site.team()
    enquiry_id = site.enquiry(team_id)
    conversation_id = await site.conversation(enquiry_id, finished=False)
    with site.store.begin() as kept:
        kept.conversations.add(
            conversation_id,
            speaker=Speaker.PERSON,
            kind=Kind.CONTROL,
            said_at=site.now,
            choice=("stop_and_take_back",),
        )
        kept.conversations.settle(conversation_id, State.STOPPED, site.now)
    visitor = program([team_id])
    for address in addresses(enquiry_id, conversation_id):
        response = await visitor.asks(address)
        assert response.status_code == 200
        assert WISH not in response.text


async def test_a_conversation_that_came_by_itself_is_given_once_it_has_an_enquiry(
    site: TeamSite, program: Arrives
) -> None:
    team_id = site.team(duty=True)
    conversation_id = await site.conversation()
    visitor = program([team_id])
    assert same(await visitor.asks(f"/conversations/{conversation_id}/words"), await nothing(visitor))
    enquiry_id = site.enquiry()
    with site.store.begin() as kept:
        kept.conversations.join(conversation_id, enquiry_id)
    assert (await visitor.asks(f"/conversations/{conversation_id}/words")).status_code == 200


async def test_what_no_team_was_given_is_the_duty_teams(site: TeamSite, program: Arrives) -> None:
    duty, other = site.team("Duty", duty=True), site.team("Other")
    enquiry_id = site.enquiry()
    assert (await program([duty]).asks("/enquiries")).json()["items"][0]["team_id"] == duty
    assert (await program([duty]).asks(f"/enquiries/{enquiry_id}")).status_code == 200
    assert (await program([other]).asks("/enquiries")).json()["items"] == []
    assert (await program([other]).asks(f"/enquiries/{enquiry_id}")).status_code == 404


# --- what is written down --------------------------------------------------------------------------------------------


async def test_all_that_is_given_is_in_the_audit_and_holds_no_words(site: TeamSite, program: Arrives) -> None:
    team_id = site.team()
    enquiry_id = site.enquiry(team_id, "LAS 17")
    conversation_id = await site.conversation(enquiry_id)
    visitor = program([team_id])
    given = {
        "/token": ("token", None, None, None),
        "/enquiries": ("enquiries", team_id, None, None),
        f"/enquiries/{enquiry_id}": ("enquiry", team_id, enquiry_id, None),
        f"/enquiries/{enquiry_id}/conversations": ("conversations", team_id, enquiry_id, None),
        f"/enquiries/{enquiry_id}/outcomes": ("outcomes", team_id, enquiry_id, None),
        f"/enquiries/{enquiry_id}/outcomes/words": ("words", team_id, enquiry_id, conversation_id),
        f"/conversations/{conversation_id}/words": ("words", team_id, enquiry_id, conversation_id),
    }
    for address, (what, *ids) in given.items():
        before = len(rows(site))
        assert (await visitor.asks(address)).status_code == 200
        latest, *_ = found = rows(site)
        assert len(found) == before + 1
        assert [latest.team_id, latest.enquiry_id, latest.conversation_id] == ids
        assert latest.about == f"program.{visitor.token_id}.{what}"
        assert latest.account_id is None


async def test_the_day_of_last_use_is_kept_and_no_more(site: TeamSite, program: Arrives) -> None:
    visitor = program([site.team()])
    site.passes(days=3)
    await visitor.asks("/token")
    with site.store.reading() as seen:
        assert str(seen.tokens.get(visitor.token_id).last_used_on) == "2026-03-05"


async def test_nothing_is_given_that_could_not_be_written_down(
    site: TeamSite, program: Arrives, monkeypatch: pytest.MonkeyPatch
) -> None:
    team_id = site.team()
    enquiry_id = site.enquiry(team_id, "LAS 17")
    visitor = program([team_id])

    def full(*_: object) -> None:
        raise NotKept(Cause.FULL)

    monkeypatch.setattr("bot.store.audit.Audit.add_all", full)
    response = await visitor.asks(f"/enquiries/{enquiry_id}")
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    assert "LAS 17" not in response.text


async def test_what_was_restricted_while_it_was_being_read_is_not_given(site: TeamSite, program: Arrives) -> None:
    north, south = site.team("North"), site.team("South")
    visitor = program([north])
    asks = Program(visitor.token_id, frozenset(Grant), frozenset({north}))
    restricted, moved, still = site.enquiry(north, restricted=True), site.enquiry(south), site.enquiry(north)
    for enquiry_id in (restricted, moved):
        with pytest.raises(NotAllowed):
            give(site.store, asks, [Given("words", north, still), Given("words", north, enquiry_id)], site.now)
    assert rows(site) == ()
    give(site.store, asks, [Given("words", north, still)], site.now)
    assert [one.enquiry_id for one in rows(site)] == [still]


async def test_those_who_ask_who_read_an_enquiry_find_the_program(site: TeamSite, program: Arrives) -> None:
    team_id = site.team()
    enquiry_id = site.enquiry(team_id, "LAS 17")
    await program([team_id]).asks(f"/enquiries/{enquiry_id}")
    manager = site.signs_in(site.account(Role.MANAGER, team_id))
    page = await manager.opens(f"/team/enquiries/{enquiry_id}/readers")
    assert "Case system (a program)" in page.main
    assert "Was given an enquiry, without words" in page.main
    page = await manager.opens("/team/audit?act=given")
    assert "Case system (a program)" in page.main


# --- at the door -----------------------------------------------------------------------------------------------------


async def test_wrong_tokens_wait_longer_and_slow_nobody_else(
    site: TeamSite, program: Arrives, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    async def notes(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(site.desk.gate, "sleep", notes)
    visitor = program([site.team()])
    stranger = Visitor(visitor.client, "ownwords_" + "A" * 43, "")
    for _ in range(13):
        assert (await stranger.asks("/token")).status_code == 401
    assert waited == [1.0, 2.0, 4.0]
    assert (await visitor.asks("/token")).status_code == 200
    assert len(waited) == 3
    assert len(rows(site, AuditAct.SIGN_IN_REFUSED)) == 13
    colleague = site.arrives()
    await colleague.opens("/team/sign-in")
    await colleague.sends("/team/sign-in", email="nobody@council.example", password="not the one")
    assert len(waited) == 3


async def test_too_much_at_once_is_told_to_come_again(site: TeamSite, program: Arrives) -> None:
    visitor = program([site.team()])
    desk = site.app.app.state.api_desk  # type: ignore[attr-defined]
    assert AT_WORK < WAITING_AT_MOST
    desk.waiting = WAITING_AT_MOST
    response = await visitor.asks("/enquiries")
    assert response.status_code == 429
    assert response.headers["retry-after"] == "5"
    desk.waiting = 0
    assert (await visitor.asks("/enquiries")).status_code == 200
    assert desk.waiting == 0


@pytest.mark.parametrize(
    ("chosen", "parameter"),
    [
        ({"at_most": "0"}, "at_most"),
        ({"at_most": "101"}, "at_most"),
        ({"at_most": " 5"}, "at_most"),
        ({"at_most": "05"}, "at_most"),
        ({"at_most": "5.0"}, "at_most"),
        ({"state": "both"}, "state"),
        ({"after": "nonsense"}, "after"),
        ({"team_id": "x"}, "team_id"),
        ({"surname": "Oyelaran"}, None),
    ],
)
async def test_a_parameter_that_is_not_right_is_named_and_not_repeated(
    site: TeamSite, program: Arrives, chosen: dict[str, str], parameter: str | None
) -> None:
    response = await program([site.team()]).asks("/enquiries", **chosen)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"
    told = response.json()
    assert told.get("parameter") == parameter
    assert (told["type"], told["title"], told["status"]) == ("about:blank", "Unprocessable Content", 422)
    assert not any(value in response.text for value in chosen.values() if len(value) > 3)
    assert "surname" not in response.text


async def test_nothing_can_be_changed(site: TeamSite, program: Arrives) -> None:
    visitor = program([site.team()])
    headers = {"authorization": f"Bearer {visitor.secret}"}
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        response = await visitor.client.request(method, "/api/v1/enquiries", headers=headers, content=b"x")
        assert response.status_code == 405
        assert "GET" in response.headers["allow"]
        assert response.headers["content-type"] == "application/problem+json"
    from_elsewhere = {**headers, "sec-fetch-site": "cross-site"}
    response = await visitor.client.post("/api/v1/enquiries", headers=from_elsewhere)
    assert response.status_code == 403
    assert response.headers["content-type"] == "application/problem+json"
    assert "access-control-allow-origin" not in response.headers


async def test_every_answer_has_the_headers_of_the_house(site: TeamSite, program: Arrives) -> None:
    visitor = program([site.team()])
    for address in ("/token", "/enquiries", f"/enquiries/{NOWHERE}", "/no/such/thing", "/openapi.json"):
        response = await visitor.asks(address)
        for name, value in ON_EVERY_ANSWER.items():
            assert response.headers[name] == value
        assert response.headers["content-type"] in {"application/json", "application/problem+json"}


async def test_where_the_team_has_a_host_of_its_own_programs_are_answered_there_alone(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    both = replace(settings, team_host="team.example", address="https://site.example")
    site = make_site(store, both, tmp_path / "store" / DATABASE)
    for host, found in (("team.example", 200), ("team.example:8000", 200), ("site.example", 404)):
        client = site.arrives().client
        response = await client.get("/api/v1/openapi.json", headers={"host": host})
        assert response.status_code == found
        response = await client.get("/api/v1/token", headers={"host": host})
        assert response.status_code == (401 if found == 200 else 404)
        await client.aclose()


async def test_where_no_address_is_a_program_is_told_in_its_own_way(site: TeamSite, program: Arrives) -> None:
    visitor = program([site.team()])
    for address in ("/api", "/api/", "/api/v2/enquiries", "/api/v1/nothing"):
        response = await visitor.client.get(address)
        assert response.status_code == 404
        assert response.json()["status"] == 404


def test_no_two_routes_are_one_and_every_one_about_somebody_takes_a_scope() -> None:
    assert len({route.path for route in routes}) == len(routes) == len({route.name for route in routes})
    assert {route.name for route in routes if route.grant is None} == {"token"}
    assert all(route.grant is Grant.WORDS for route in routes if route.path.endswith("/words"))
    assert Stage.EXPERIENCE not in {route.grant for route in routes}


# --- figures ---------------------------------------------------------------------------------------------------------


async def test_figures_of_a_team_are_exact_and_those_of_the_page(site: TeamSite, program: Arrives) -> None:
    team_id = site.team()
    for _ in range(3):
        enquiry_id = site.enquiry(team_id)
        with site.store.begin() as kept:
            kept.enquiries.close(enquiry_id, site.now)
    asked = Asked(period=Period.of_year(2025), measures=("wait", "state"), by=By.QUARTER, team_id=team_id)
    expected = reporting.tables(site.store, Actor("", Role.AUDITOR), asked, site.now)
    visitor = program([team_id], Grant.FIGURES)
    for table in expected:
        found = await visitor.asks("/figures", year="2025", team_id=team_id, measure=table.measure.id, by="quarter")
        told = found.json()
        assert told["standing"] == "exact, not for publication"
        assert (told["first"], told["last"]) == ("2025-04-01", "2026-03-31")
        same_one = next(one for one in told["tables"] if one["spoken"] == table.spoken)
        assert same_one["measure"]["heading"] == table.measure.heading
        columns = [one["id"] for one in same_one["columns"]]
        assert columns == [one.id for one in table.columns]
        assert same_one["base"] == [table.base[one] for one in columns]
        for row in same_one["rows"]:
            assert row["counts"] == [table.counts[row["cell"]["id"], one] for one in columns]
    assert [one.about for one in rows(site)] == [f"program.{visitor.token_id}.figures"] * len(expected)
    assert {one.team_id for one in rows(site)} == {team_id}


async def test_every_measure_is_given_where_none_is_named(site: TeamSite, program: Arrives) -> None:
    team_id = site.team()
    found = await program([team_id]).asks("/figures", year="2025", team_id=team_id)
    assert {one["measure"]["id"] for one in found.json()["tables"]} == set(MEASURES)


async def test_no_figures_of_another_team_nor_of_all_teams_are_given_exactly(site: TeamSite, program: Arrives) -> None:
    north, south = site.team("North"), site.team("South")
    visitor = program([north], Grant.FIGURES)
    missing = await nothing(visitor)
    assert same(await visitor.asks("/figures", year="2025", team_id=south), missing)
    assert same(await visitor.asks("/figures", year="2025", team_id=NOWHERE), missing)
    assert (await visitor.asks("/figures", year="2025")).status_code == 422
    assert (await visitor.asks("/figures", year="2025", team_id=north)).status_code == 200
    for grant in (Grant.ENQUIRIES, Grant.WORDS):
        other = program([north], grant)
        assert same(await other.asks("/figures", year="2025", team_id=north), missing)
        assert same(await other.asks("/figures/publishable", year="2025"), missing)


async def test_publishable_figures_hide_what_is_small(site: TeamSite, program: Arrives) -> None:
    team_id, other = site.team("North"), site.team("South")
    for owner, times in ((team_id, 4), (other, 9)):
        for _ in range(times):
            enquiry_id = site.enquiry(owner)
            with site.store.begin() as kept:
                kept.enquiries.close(enquiry_id, site.now)
    visitor = program([team_id], Grant.FIGURES)
    found = (await visitor.asks("/figures/publishable", year="2025")).json()
    assert found["standing"] == "publishable"
    assert {one["by"] for one in found["tables"]} >= {"nothing", "quarter"}
    figures = [one for table in found["tables"] for row in table["rows"] for one in row["counts"]]
    figures += [one for table in found["tables"] for one in table["base"]]
    assert {one["text"] for one in figures} <= {"[c]", "[x]", "15"}
    assert all(one["number"] in {None, 15} for one in figures)
    assert rows(site)[0].about == f"program.{visitor.token_id}.publishable"


async def test_figures_that_cannot_be_proved_safe_are_not_given(
    site: TeamSite, program: Arrives, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unproven(*_: object) -> None:
        raise NotProven

    monkeypatch.setattr(packing, "pack_of", unproven)
    response = await program([site.team()]).asks("/figures/publishable", year="2025")
    assert response.status_code == 503
    assert not rows(site)


async def test_what_is_hidden_and_what_was_never_there_are_answered_on_the_same_beat(
    site: TeamSite, program: Arrives
) -> None:
    team, other = site.team("North team"), site.team("South team")
    visitor, waited = program([team]), list[float]()

    async def wait(seconds: float) -> None:
        waited.append(seconds)

    site.desk.gate.sleep = wait
    for path in (f"/enquiries/{site.enquiry(other)}", f"/enquiries/{'0' * 32}", "/enquiries/none"):
        assert (await visitor.asks(path)).status_code == 404
    assert len(waited) == 3
    assert all(0 < seconds <= BEAT for seconds in waited)
    assert (await visitor.asks(f"/enquiries/{site.enquiry(team)}")).status_code == 200
    assert len(waited) == 3
