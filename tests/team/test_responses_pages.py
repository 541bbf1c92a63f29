"""Pages on which a manager says what was done about what people said, as they come without any script."""

from collections.abc import Callable

import pytest

from bot.quotation import LEFT_OUT, found_in
from bot.quoting import Check, approve, open_to_decide, quote_id
from bot.roles import Actor, Role
from tests.team.colleague import Colleague
from tests.team.conftest import TeamSite
from tests.voices import RINGS, says

ALL = "/team/said-and-done"
DONE = {
    "did": "We ring on the day.\r\n\r\n  A manager looks <b>each</b> Friday.",
    "by": "The duty team",
    "state": "made",
    "theme": "safer",
}


@pytest.fixture
def team_id(team_site: TeamSite) -> str:
    return team_site.team("North team", duty=True)


@pytest.fixture
def manager(team_id: str, signed_in: Callable[..., Colleague]) -> Colleague:
    return signed_in(Role.MANAGER, team_id)


async def test_what_was_done_is_kept_and_shown_as_it_was_written(
    team_site: TeamSite, manager: Colleague, team_id: str
) -> None:
    page = await manager.opens("/team/quotes")
    assert ALL in page.links
    page = await manager.opens(ALL)
    assert "Nobody has said yet what was done." in page.main
    await manager.opens(ALL + "/new")
    day = team_site.now.date().isoformat()
    page = await manager.sends(ALL, **DONE, day=day, team=team_id)
    assert page.told == "It is kept."
    assert "To be safe, and to feel it" in page.main
    assert "A manager looks <b>each</b> Friday." in page.main
    assert "The duty team" in page.main
    (address,) = [link for link in page.links if link.startswith(ALL + "/") and not link.endswith("/new")]
    page = await manager.opens(address)
    assert page.boxes["did"] == DONE["did"].replace("\r\n", "\n")
    page = await manager.sends(address, state="dropped")
    assert "Taken off" in page.main


async def test_what_is_missing_is_said_beside_its_field_and_nothing_typed_is_lost(manager: Colleague) -> None:
    await manager.opens(ALL + "/new")
    page = await manager.sends(ALL, did=DONE["did"], by="", state="made", day="soon")
    assert page.status == 422
    assert page.problems == [
        "Choose what people said: a theme, or words that are quoted.",
        "Say who did it, or who is to.",
        "Give the day, such as 2026-03-31.",
    ]
    assert page.boxes["did"] == DONE["did"].replace("\r\n", "\n")
    page = await manager.opens(ALL)
    assert "Nobody has said yet what was done." in page.main


async def test_words_that_are_quoted_are_answered_from_where_they_are(
    team_site: TeamSite, manager: Colleague, team_id: str
) -> None:
    told = says(team_site.store, team_site.enquiry(team_id), RINGS)
    number = told.said.number
    with team_site.store.begin() as kept:
        kept.sessions.open("another", manager.account_id, team_site.now)
    actor = Actor(manager.account_id, Role.MANAGER, frozenset({team_id}), "another")
    at = (team_site.store, actor, told.conversation_id, number)
    open_to_decide(*at, team_site.now)
    every = [check.value for check in Check]
    approve(*at, found_in(RINGS, "Ann"), every, team_site.now, latest=0, token="t")
    await manager.opens(f"/team/quotes/{told.conversation_id}/{number}")
    page = await manager.sends(f"/team/quotes/{told.conversation_id}/{number}/open")
    way = f"{ALL}/new?quote={quote_id(told.conversation_id, number)}"
    assert way in page.links
    page = await manager.opens(way)
    shown = RINGS.replace("Ann", LEFT_OUT + "(something is left out here)")
    assert page.quotations == [shown]
    day = team_site.now.date().isoformat()
    page = await manager.sends(ALL, **{**DONE, "theme": ""}, day=day)
    assert page.quotations == [shown]
    told.takes_back(told.said)
    page = await manager.opens(ALL)
    assert page.quotations == []
    assert "are not quoted any more" in page.main
    (address,) = [link for link in page.links if link.startswith(ALL + "/") and not link.endswith("/new")]
    await manager.opens(address)
    page = await manager.sends(address, state="dropped")
    assert page.told == "It is kept."
    assert "Taken off" in page.main


async def test_what_another_team_says_can_be_read_and_not_changed(
    team_site: TeamSite, manager: Colleague, signed_in: Callable[..., Colleague]
) -> None:
    south = team_site.team("South team")
    other = signed_in(Role.MANAGER, south, name="Tom Reed")
    await other.opens(ALL + "/new")
    day = team_site.now.date().isoformat()
    page = await other.sends(ALL, **DONE, day=day, team=south)
    (address,) = [link for link in page.links if link.startswith(ALL + "/") and not link.endswith("/new")]
    page = await manager.opens(ALL)
    assert "South team" in page.main
    assert address not in page.links
    page = await manager.opens(address)
    assert page.status == 404


async def test_of_two_who_change_it_the_second_is_told(
    team_site: TeamSite, manager: Colleague, team_id: str, signed_in: Callable[..., Colleague]
) -> None:
    other = signed_in(Role.MANAGER, team_id, name="Tom Reed")
    await manager.opens(ALL + "/new")
    day = team_site.now.date().isoformat()
    page = await manager.sends(ALL, **DONE, day=day)
    (address,) = [link for link in page.links if link.startswith(ALL + "/") and not link.endswith("/new")]
    await manager.opens(address)
    await other.opens(address)
    await other.sends(address, by="Everybody")
    page = await manager.sends(address, did="Something else.")
    assert page.status == 409
    assert "Somebody changed this meanwhile" in page.problems[0]
    assert page.boxes["did"] == "Something else."
    assert "As it is now" in page.main
    assert "Everybody" in page.main
    assert "Said by Tom Reed" in page.main
    page = await manager.opens(ALL)
    assert "Everybody" in page.main
    assert "Something else." not in page.main
