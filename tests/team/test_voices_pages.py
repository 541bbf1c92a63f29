"""Pages on which a manager looks at words before they are quoted, as they come without any script."""

from collections.abc import Callable

import pytest

from bot.figures import Period
from bot.quotation import LEFT_OUT
from bot.quoting import Check, Reason, quotable
from bot.roles import Actor, Role
from bot.store import AuditAct
from tests.team.colleague import Colleague
from tests.team.conftest import TeamSite
from tests.voices import RINGS, Experience, says

EVERY_CHECK = [check.value for check in Check]


class Desk:
    """A manager's desk, and what was said in an enquiry that they did not lead."""

    def __init__(self, site: TeamSite, manager: Colleague, enquiry_id: str, told: Experience) -> None:
        self.site, self.manager, self.enquiry_id, self.told = site, manager, enquiry_id, told

    @property
    def address(self) -> str:
        return f"/team/quotes/{self.told.conversation_id}/{self.told.said.number}"

    @property
    def quoted(self) -> list[str]:
        period = Period.of_year(2025)
        return [quote.words for quote in quotable(self.site.store, Actor("a", Role.BOARD_MEMBER), period)]

    async def opens(self) -> None:
        await self.manager.opens(self.address)
        await self.manager.sends(self.address + "/open")


@pytest.fixture
def desk(team_site: TeamSite, signed_in: Callable[..., Colleague]) -> Desk:
    team_id = team_site.team("North team", duty=True)
    manager = signed_in(Role.MANAGER, team_id)
    enquiry_id = team_site.enquiry(team_id, reference="SA/17 Mabel")
    told = says(team_site.store, enquiry_id, RINGS)
    return Desk(team_site, manager, enquiry_id, told)


async def test_a_manager_finds_what_waits_and_no_words_in_the_list(desk: Desk) -> None:
    page = await desk.manager.opens("/team")
    assert "Quotes" in page.navigation
    page = await desk.manager.opens("/team/quotes")
    assert page.heading == "Quoting people"
    assert desk.address in page.links
    assert "The person’s own words" in page.main
    assert page.quotations == []
    assert "SA/17" not in page.source
    page = await desk.manager.opens("/team/quotes?show=quoted")
    assert "There are none." in page.main


async def test_words_are_opened_and_that_is_recorded(desk: Desk) -> None:
    page = await desk.manager.opens(desk.address)
    assert page.quotations == []
    assert "It is recorded who reads them" in page.main
    page = await desk.manager.sends(desk.address + "/open")
    assert page.quotations == [RINGS, RINGS]
    assert "SA/17" not in page.source
    with desk.site.store.reading() as seen:
        (read,) = seen.audit.search(acts=[AuditAct.READ_QUOTE])
    assert (read.account_id, read.enquiry_id) == (desk.manager.account_id, desk.enquiry_id)


async def test_from_the_words_to_a_quote_and_back(desk: Desk) -> None:
    await desk.opens()
    page = await desk.manager.sends(desk.address + "/leave-out", passages="ann\nfrom elm house")
    sign = "(something is left out here)"
    shown = RINGS.replace("Ann", LEFT_OUT + sign).replace("from Elm House", LEFT_OUT + sign)
    assert page.quotations == [RINGS, shown]
    assert page.boxes["passages"] == "Ann\nfrom Elm House"
    assert "Elm" not in page.address
    assert desk.quoted == []
    page = await desk.manager.sends(desk.address, check=EVERY_CHECK, do="approve")
    assert page.told == "These words may be quoted now, as they stand here."
    assert desk.quoted == [RINGS.replace("Ann", LEFT_OUT).replace("from Elm House", LEFT_OUT)]
    assert "with 2 parts left out" in page.main
    page = await desk.manager.opens("/team/quotes?show=quoted")
    assert desk.address in page.links
    await desk.manager.opens(desk.address)
    page = await desk.manager.sends(desk.address, reason=Reason.AT_RISK, do="refuse", check=None)
    assert page.told == "These words are quoted no more from now on."
    assert desk.quoted == []
    page = await desk.manager.opens("/team/quotes?show=others")
    assert "Withdrawn by" in page.main


async def test_nothing_is_quoted_before_the_whole_list_is_ticked(desk: Desk) -> None:
    await desk.opens()
    page = await desk.manager.sends(desk.address + "/leave-out", passages="Ann")
    await desk.manager.posts(desk.address, check=None)
    sent = {"check": EVERY_CHECK[:2], "do": "approve", "without": "56-59"}
    page = await desk.manager.sends(desk.address, **sent)
    assert page.status == 422
    assert page.problems == ["Go through the whole list first. Where one of these does not hold, leave more out."]
    assert page.source.count(" checked") == 2
    assert desk.quoted == []
    page = await desk.manager.sends(desk.address, do="refuse", reason=None)
    assert page.problems == ["Say why they are not to be quoted."]


async def test_what_does_not_stand_in_the_words_is_given_back(desk: Desk) -> None:
    await desk.opens()
    page = await desk.manager.sends(desk.address + "/leave-out", passages="Ann\n<b>Mabel</b>")
    assert page.status == 422
    assert "line 2 does not stand in the words" in page.problems[0]
    assert page.boxes["passages"] == "Ann\n<b>Mabel</b>"
    assert page.quotations == [RINGS, RINGS]


@pytest.mark.parametrize("without", ["0-99999", "x", "3-1", "-", "1-2_", "0-0"])
async def test_an_address_that_no_page_made_leaves_nothing_out(desk: Desk, without: str) -> None:
    await desk.opens()
    page = await desk.manager.opens(f"{desk.address}?without={without}")
    assert page.quotations == [RINGS, RINGS]


@pytest.mark.parametrize("without", ["x", "1-2_", None, ["56-59", "0-4"]])
async def test_what_was_to_be_left_out_is_never_taken_for_nothing(desk: Desk, without: str | list[str] | None) -> None:
    await desk.opens()
    page = await desk.manager.sends(desk.address, check=EVERY_CHECK, do="approve", reason=None, without=without)
    assert page.problems == ["What was to be left out did not arrive whole. Please choose it again."]
    assert desk.quoted == []


async def test_of_two_who_decide_the_second_sees_what_the_first_did(
    desk: Desk, signed_in: Callable[..., Colleague]
) -> None:
    with desk.site.store.reading() as seen:
        (team_id,) = seen.accounts.get(desk.manager.account_id).team_ids
    other = signed_in(Role.MANAGER, team_id, name="Tom Reed")
    for colleague in (desk.manager, other):
        await colleague.opens(desk.address)
        await colleague.sends(desk.address + "/open")
    await other.sends(desk.address, reason=Reason.KNOWN_BY_IT, do="refuse")
    page = await desk.manager.sends(desk.address, check=EVERY_CHECK, do="approve", reason=None)
    assert page.status == 409
    assert "Somebody decided about these words meanwhile" in page.problems[0]
    assert "Tom Reed" in page.main
    assert desk.quoted == []


async def test_what_was_taken_back_is_shown_nowhere(desk: Desk) -> None:
    await desk.opens()
    await desk.manager.sends(desk.address, check=EVERY_CHECK, do="approve", reason=None)
    assert desk.quoted == [RINGS]
    desk.told.takes_back(desk.told.said)
    page = await desk.manager.opens(desk.address)
    assert page.quotations == []
    assert "These words may not be quoted." in page.main
    assert "Elm House" not in page.source
    assert desk.quoted == []


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.MANAGER])
async def test_nobody_else_has_such_pages(desk: Desk, signed_in: Callable[..., Colleague], role: Role) -> None:
    somebody = signed_in(role)
    assert (await somebody.opens("/team/account")).navigation.count("Quotes") == 0
    for address in ("/team/quotes", desk.address):
        assert (await somebody.opens(address)).status == 404
