"""Settings on pages: looked at as people would see them, put in place with a proof, seen at once, and put back."""

from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from bot import signing_in
from bot.roles import Role
from bot.store import AuditAct
from tests.team.colleague import Colleague, TeamPage
from tests.team.conftest import TeamSite
from tests.team.test_signing import PASSWORD, code_of, makes_first_administrator
from tests.web.visiting import Page, text

PEOPLE = "/team/settings/people"
BEGINNING = "/team/settings/beginning"
KEEPING = "/team/settings/keeping"
RETURN = "/team/settings/return"

SignIn = Callable[..., Colleague]


@pytest.fixture
def administrator(team_site: TeamSite, signed_in: SignIn) -> Colleague:
    """An administrator who has just proved who they are."""
    somebody = signed_in(Role.ADMINISTRATOR, name="Ash Ito")
    proves(team_site, somebody)
    return somebody


def proves(site: TeamSite, somebody: Colleague) -> None:
    """Have somebody have proved just now who they are."""
    with site.store.begin() as kept:
        kept.sessions.proven(signing_in.hash_of(somebody.client.cookies["team"]), site.now)


async def tries(administrator: Colleague, group: str, **typed: str) -> TeamPage:
    """Fill in a form and look at what it would be like."""
    await administrator.opens(group)
    return await administrator.sends(group, **typed)


async def first_page(site: TeamSite) -> Page:
    """Open the first page as anybody would."""
    transport = httpx.ASGITransport(app=site.app, client=("192.0.2.9", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://site.example") as browser:
        return Page(await browser.get("/"))


async def test_a_number_is_tried_put_in_place_and_on_the_very_next_page(
    team_site: TeamSite, administrator: Colleague
) -> None:
    assert "01234 567 890" in (await first_page(team_site)).says

    page = await tries(administrator, PEOPLE, phone="01632 960 001", contact="Ask us to ring you back.")
    assert "What would be different" in page.main
    assert "01632 960 001" in page.main
    assert "01632 960 001" not in (await first_page(team_site)).says

    page = await administrator.sends(f"{PEOPLE}/keep")

    assert page.address == "/team/settings"
    assert page.told == "It is in place now."
    seen = await first_page(team_site)
    assert "01632 960 001" in seen.says
    assert "Ask us to ring you back." in seen.says
    assert "01234 567 890" not in seen.says


async def test_the_preview_has_the_very_panel_and_every_sentence_that_reads_otherwise(
    team_site: TeamSite, administrator: Colleague
) -> None:
    page = await tries(administrator, PEOPLE, team="the Northtown team", phone="01632 960 001")

    panel = next(one for one in page.root.iter("div") if "team-shown" in one.get("class", ""))
    shown = " ".join(text(panel).split())
    assert "You can ring the Northtown team. 01632 960 001 Monday to Friday, 9am to 5pm" in shown
    assert "Someone from the Northtown team reads them within two working days." in page.main
    await administrator.sends(f"{PEOPLE}/keep")
    aside = (await first_page(team_site)).root.find(".//aside[@id='help']")
    assert shown.removeprefix("Talk to a person ") in " ".join(text(aside).split())


async def test_the_real_first_page_is_shown_with_the_new_values_and_begins_nothing(
    team_site: TeamSite, administrator: Colleague
) -> None:
    await tries(administrator, PEOPLE, team="the Northtown team")

    shown = Page(await administrator.posts(f"{PEOPLE}/page", page="first"))

    assert "Someone from the Northtown team" in shown.says
    hidden = shown.hidden()
    response = await administrator.client.post(
        f"{PEOPLE}/page", data={**hidden, "speaker": "person"}, headers={"sec-fetch-site": "same-origin"}
    )
    assert "This is only a preview" in Page(response).says
    with team_site.store.reading() as seen:
        assert seen.conversations.listed() == ()


@pytest.mark.parametrize("who", ["advocate", "practitioner"])
async def test_the_welcome_of_another_can_be_looked_at_too(administrator: Colleague, who: str) -> None:
    await tries(administrator, PEOPLE, team="the Northtown team")

    shown = Page(await administrator.posts(f"{PEOPLE}/page", page=who))

    assert shown.status == 200
    assert "the Northtown team" in shown.says


async def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(administrator: Colleague) -> None:
    page = await tries(administrator, PEOPLE, team="", phone="ring us", phone_hours="at  noon")

    assert page.status == 422
    assert len(page.problems) == 2
    assert page.boxes["phone_hours"] == "at  noon"
    assert text(page.root.find(".//*[@id='phone-error']")).strip().endswith("such as 01234 567 890.")


async def test_values_can_be_changed_again_after_looking_at_them(administrator: Colleague) -> None:
    page = await tries(administrator, PEOPLE, team="the Northtown team")
    fields = {name: values[0] for name, values in page.forms()[f"{PEOPLE}/keep"].items()}

    response = await administrator.client.post(
        PEOPLE, data={**fields, "do": "change"}, headers={"sec-fetch-site": "same-origin"}
    )

    assert TeamPage(response).boxes["team"] == "the Northtown team"


async def test_without_a_proof_nothing_is_put_in_place_and_nothing_is_lost(
    team_site: TeamSite, administrator: Colleague
) -> None:
    await tries(administrator, PEOPLE, team="the Northtown team")
    team_site.passes(minutes=6)

    page = await administrator.sends(f"{PEOPLE}/keep")

    assert page.heading == "Prove that it is you"
    assert "the Northtown team" not in (await first_page(team_site)).says


async def test_a_proof_puts_in_place_what_was_about_to_be(team_site: TeamSite) -> None:
    ruth, told = await makes_first_administrator(team_site)
    team_site.passes(minutes=10)
    await tries(ruth, PEOPLE, team="the Northtown team", contact="Ask us to ring you back.")
    page = await ruth.sends(f"{PEOPLE}/keep")
    assert page.heading == "Prove that it is you"

    page = await ruth.sends("/team/prove", password=PASSWORD, code=code_of(told, team_site))

    assert page.told == "It is in place now."
    assert "Ask us to ring you back." in (await first_page(team_site)).says


async def test_of_two_administrators_at_once_the_second_decides_again(
    team_site: TeamSite, signed_in: SignIn, administrator: Colleague
) -> None:
    other = signed_in(Role.ADMINISTRATOR, name="Bo Lee")
    proves(team_site, other)
    await tries(administrator, PEOPLE, phone="01632 960 001")
    await tries(other, PEOPLE, phone="01632 960 002")
    await other.sends(f"{PEOPLE}/keep")

    page = await administrator.sends(f"{PEOPLE}/keep")

    assert page.status == 422
    assert "Somebody else changed this meanwhile" in page.problems[0]
    assert "01632 960 002" in page.main
    assert (await administrator.sends(f"{PEOPLE}/keep")).told == "It is in place now."
    assert "01632 960 001" in (await first_page(team_site)).says


async def test_nobody_walks_in_any_more_once_that_is_put_in_place(
    team_site: TeamSite, administrator: Colleague
) -> None:
    page = await tries(administrator, BEGINNING, walk_in="no")
    assert "You need an invitation to begin" in page.main
    shown = Page(await administrator.posts(f"{BEGINNING}/page", page="first"))
    assert shown.heading == "You need an invitation to begin"

    await administrator.sends(f"{BEGINNING}/keep")

    assert (await first_page(team_site)).heading == "You need an invitation to begin"


async def test_how_long_things_are_kept_is_kept_and_it_is_said_that_nothing_is_deleted_yet(
    administrator: Colleague,
) -> None:
    for page in (
        await administrator.opens("/team/settings"),
        await administrator.opens(KEEPING),
        await tries(administrator, KEEPING, keep_closed="10"),
    ):
        assert "What nobody finished and nobody took up is deleted after its time" in page.main

    await administrator.sends(f"{KEEPING}/keep")

    assert "10 years" in (await administrator.opens("/team/settings")).main


async def test_what_the_national_return_calls_the_council_is_given_here(administrator: Colleague) -> None:
    page = await administrator.opens("/team/settings")
    assert "Not given yet" in page.main
    page = await tries(administrator, RETURN, la_name="", la_code="11", ons_code="E07000001")
    assert page.status == 422
    assert len(page.problems) == 2

    page = await tries(administrator, RETURN, la_name="Northtown", la_code="111", region_code="e12000002")

    assert "3 of these are still missing" in page.main
    assert "It stands in every file of the return" in page.main
    assert "People see it at once" not in page.main
    assert "The whole pages" not in page.main
    page = await administrator.sends(f"{RETURN}/keep")
    assert page.told == "It is in place now."
    assert "E12000002" in page.main
    assert "Northtown" in (await administrator.opens(f"{RETURN}/history")).main


async def test_history_says_who_when_and_from_what_to_what_and_puts_back_after_another_look(
    team_site: TeamSite, administrator: Colleague
) -> None:
    for phone in ("01632 960 001", "01632 960 002"):
        await tries(administrator, PEOPLE, phone=phone)
        await administrator.sends(f"{PEOPLE}/keep")

    page = await administrator.opens(f"{PEOPLE}/history")
    assert "Ash Ito" in page.main
    assert page.main.index("01632 960 002") < page.main.index("In place now")
    form = next(one for one in page.root.iter("form") if "Put back" in text(one))
    fields = {one.get("name", ""): one.get("value", "") for one in form.iter("input")}

    response = await administrator.client.post(PEOPLE, data=fields, headers={"sec-fetch-site": "same-origin"})
    administrator.page = TeamPage(response)
    assert "01632 960 001" in administrator.page.main
    await administrator.sends(f"{PEOPLE}/keep")

    assert "01632 960 001" in (await first_page(team_site)).says
    with team_site.store.reading() as seen:
        assert len(seen.council.history("phone")) == 3
        assert len(seen.audit.search(acts=[AuditAct.CHANGED])) == 3


@pytest.mark.parametrize(
    "fields", [{"name": "phone", "number": "9"}, {"name": "phone", "number": "x"}, {"name": "walk_in", "number": "0"}]
)
async def test_a_change_that_never_was_cannot_be_put_back(
    team_site: TeamSite, administrator: Colleague, fields: dict[str, str]
) -> None:
    page = await administrator.opens(PEOPLE)
    mark = page.forms()[PEOPLE]["form"][0]

    response = await administrator.client.post(
        PEOPLE, data={"form": mark, "do": "earlier", **fields}, headers={"sec-fetch-site": "same-origin"}
    )

    assert response.status_code == 404


async def test_a_value_is_shown_as_it_was_typed_and_does_nothing(administrator: Colleague) -> None:
    page = await tries(administrator, PEOPLE, team="the <b>bold</b> team")

    assert "the <b>bold</b> team" in page.main
    assert "<b>bold</b>" not in page.source


async def test_looking_and_trying_write_nothing(team_site: TeamSite, administrator: Colleague) -> None:
    for address in ("/team/settings", PEOPLE, f"{PEOPLE}/history", KEEPING, BEGINNING):
        await administrator.opens(address)
    await tries(administrator, PEOPLE, team="the Northtown team")

    with team_site.store.reading() as seen:
        assert dict(seen.council.now()) == {}
        assert seen.audit.search(acts=[AuditAct.CHANGED]) == ()


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMINISTRATOR}))
async def test_settings_are_for_an_administrator_alone(team_site: TeamSite, signed_in: SignIn, role: Role) -> None:
    somebody = signed_in(role, team_site.team())
    for address in ("/team/settings", PEOPLE, f"{PEOPLE}/history"):
        assert (await somebody.client.get(address)).status_code == 404


async def test_a_value_of_another_process_is_on_the_pages_within_seconds(
    team_site: TeamSite, administrator: Colleague
) -> None:
    await first_page(team_site)
    with team_site.store.begin() as kept:
        kept.council.change("phone", "01632 960 003", None, team_site.now + timedelta(seconds=1))
    team_site.app.app.state.in_place._read_at -= 2  # type: ignore[attr-defined]

    assert "01632 960 003" in (await first_page(team_site)).says
