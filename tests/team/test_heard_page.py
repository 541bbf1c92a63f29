"""The page of the Board pack on which people are heard: nothing on it tells who said it."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from bot.conversation import Speaker
from bot.project import load_themes
from bot.quotation import LEFT_OUT
from bot.quoting import Check, approve, leaving_out, open_to_decide, quote_id
from bot.responding import State, Typed, respond
from bot.roles import Actor, Role
from tests.team.colleague import Colleague
from tests.team.conftest import TeamSite
from tests.team.test_figures_pages import closed
from tests.voices import RINGS, Experience, says

HERE = "/team/in-their-words?period=2025"
MARK = LEFT_OUT + "(something is left out here)"


class Heard:
    """What was said to a team, quoted and answered."""

    def __init__(self, site: TeamSite) -> None:
        self.site = site
        self.team_id = site.team("North team", duty=True)
        account_id = site.account(Role.MANAGER, self.team_id, name="Asha Rahman")
        with site.store.begin() as kept:
            kept.sessions.open("theirs", account_id, site.now)
        self.manager = Actor(account_id, Role.MANAGER, frozenset({self.team_id}), "theirs")
        self.enquiry_id = site.enquiry(self.team_id, reference="SA/17 Mabel")

    def quotes(self, words: str, without: str = "", speaker: Speaker = Speaker.PERSON) -> Experience:
        told = says(self.site.store, self.enquiry_id, words, speaker=speaker)
        at = (self.site.store, self.manager, told.conversation_id, told.said.number)
        open_to_decide(*at, self.site.now)
        ranges = leaving_out(*at, without)
        approve(*at, ranges, [check.value for check in Check], self.site.now, latest=0, token=words)
        return told

    def answers(self, told: Experience) -> None:
        typed = Typed(
            did="We ring <b>when</b> we say.",
            by="The duty team",
            day="2026-03-05",
            state=State.MADE,
            quote_id=quote_id(told.conversation_id, told.said.number),
        )
        now = self.site.now + timedelta(days=30)
        respond(self.site.store, load_themes(), self.manager, typed, now, now.date(), token="t")


@pytest.fixture
def heard(team_site: TeamSite) -> Heard:
    return Heard(team_site)


@pytest.mark.parametrize("role", [Role.BOARD_MEMBER, Role.AUDITOR, Role.MANAGER])
async def test_whoever_sees_the_pack_hears_people_and_not_who_they_are(
    heard: Heard, signed_in: Callable[..., Colleague], role: Role
) -> None:
    told = heard.quotes(RINGS, "Ann\nElm House")
    heard.quotes("More time for those who do not speak.", speaker=Speaker.ADVOCATE)
    heard.answers(told)
    somebody = signed_in(role, name="Bo Lind")
    page = await somebody.opens(HERE)
    shown = RINGS.replace("Ann", MARK).replace("Elm House", MARK)
    assert page.quotations == [shown, shown, "More time for those who do not speak."]
    assert "We ring <b>when</b> we say." in page.main
    assert "The duty team" in page.main
    for secret in ("Ann did", "Elm House", "SA/17", "Mabel", "Asha", told.conversation_id, heard.enquiry_id):
        assert secret not in page.source
    told.takes_back(told.said)
    page = await somebody.opens(HERE)
    assert page.quotations == ["More time for those who do not speak."]
    assert "We ring" not in page.main


async def test_the_first_page_of_the_pack_has_some_of_what_was_said_and_done(
    heard: Heard, signed_in: Callable[..., Colleague]
) -> None:
    told = heard.quotes("Ring when you say.")
    heard.quotes("Too many papers.")
    heard.quotes("I could go on and on. " * 20)
    heard.answers(told)
    closed(heard.site, heard.team_id, ("achieved", "fully", 20))
    page = await signed_in(Role.BOARD_MEMBER).opens("/team/pack?period=2025")
    assert page.quotations == ["Too many papers.", "Ring when you say."]
    assert page.main.index("Too many papers.") < page.main.index("You said, we did") < page.main.index("We ring")


async def test_a_year_without_anybody_says_so(heard: Heard, signed_in: Callable[..., Colleague]) -> None:
    page = await signed_in(Role.BOARD_MEMBER).opens("/team/in-their-words?period=2024")
    assert page.quotations == []
    assert "There is nobody to quote for this year." in page.main


@pytest.mark.parametrize("role", [Role.PRACTITIONER, Role.ADVOCATE, Role.ADMINISTRATOR])
async def test_others_have_no_such_page(signed_in: Callable[..., Colleague], role: Role) -> None:
    assert (await signed_in(role).opens(HERE)).status == 404
