"""Coming in, going out, proving it again, and one's own account."""

from collections.abc import Callable

import pyotp

from bot import signing_in
from bot.roles import Role
from tests.team.colleague import Colleague
from tests.team.conftest import TeamSite

PASSWORD = "harbour lantern oatmeal"


def code_of(secret: str, site: TeamSite) -> str:
    """What a phone shows now."""
    return pyotp.TOTP(secret.replace(" ", "")).at(site.now)


def secret_on(colleague: Colleague) -> str:
    """What the page says to type into the app."""
    return next(
        "".join(one.itertext()) for one in colleague.page.root.iter("span") if one.get("class") == "team-secret"
    )


async def makes_first_administrator(site: TeamSite) -> tuple[Colleague, str]:
    """Come by the one-time link that the first start prints."""
    secret = signing_in.first_administrator_link(site.store, site.now)
    assert secret is not None
    colleague = site.arrives()
    await colleague.opens(f"/team/link/{secret}")
    told = secret_on(colleague)
    await colleague.sends(
        f"/team/link/{secret}",
        name="Ruth Adeyemi",
        email="ruth@council.example",
        password=PASSWORD,
        password_again=PASSWORD,
        code=code_of(told, site),
    )
    return colleague, told


async def test_the_first_administrator_comes_by_a_link_that_works_once(team_site: TeamSite) -> None:
    colleague, _ = await makes_first_administrator(team_site)
    await colleague.opens("/team/account")
    assert "Ruth Adeyemi" in colleague.page.main
    assert "Administrator" in colleague.page.says
    assert signing_in.first_administrator_link(team_site.store, team_site.now) is None


async def test_what_is_wrong_on_the_page_of_a_link_is_said_beside_its_field(team_site: TeamSite) -> None:
    secret = signing_in.first_administrator_link(team_site.store, team_site.now)
    colleague = team_site.arrives()
    address = f"/team/link/{secret}"
    await colleague.opens(address)
    told = secret_on(colleague)
    good = {"name": "Ruth", "email": "r@c.example", "password": PASSWORD, "password_again": PASSWORD}
    for wrong, about in (
        ({"password": "short", "password_again": "short"}, "at least 12"),
        ({"password_again": "something else entirely"}, "not the same"),
        ({"email": "nowhere"}, "e-mail address"),
        ({"name": " "}, "name"),
        ({"code": "000000"}, "code"),
    ):
        page = await colleague.sends(address, **{**good, "code": code_of(told, team_site), **wrong})
        assert page.status == 422
        assert about in page.problems[0]
        assert PASSWORD not in page.source
        assert secret_on(colleague) == told
    assert page.boxes["name"] == "Ruth"


async def test_somebody_signs_in_with_password_and_code(team_site: TeamSite) -> None:
    first, told = await makes_first_administrator(team_site)
    await first.opens("/team/account")
    page = await first.sends("/team/sign-out")
    assert page.heading == "You are signed out"
    team_site.passes(minutes=1)
    colleague = team_site.arrives()
    await colleague.opens("/team/account")
    assert colleague.page.heading == "Sign in"
    page = await colleague.sends("/team/sign-in", email="Ruth@council.example ", password=PASSWORD)
    assert page.heading == "Type your code"
    page = await colleague.sends("/team/sign-in/code", code="123456")
    assert page.problems
    page = await colleague.sends("/team/sign-in/code", code=code_of(told, team_site))
    assert page.heading == "Your account"


async def test_a_wrong_password_and_an_unknown_address_say_the_same(team_site: TeamSite) -> None:
    await makes_first_administrator(team_site)
    colleague = team_site.arrives()
    told = []
    for email in ("ruth@council.example", "nobody@council.example"):
        await colleague.opens("/team/sign-in")
        page = await colleague.sends("/team/sign-in", email=email, password="not the one at all")
        assert page.status == 422
        assert page.boxes["email"] == email
        told.append(page.problems)
    assert told[0] == told[1] == [signing_in.WRONG]


async def test_signing_in_gives_a_new_session_and_ends_the_one_before(team_site: TeamSite) -> None:
    colleague, told = await makes_first_administrator(team_site)
    before = colleague.client.cookies["team"]
    await colleague.opens("/team/signed-out")
    team_site.passes(minutes=31)
    await colleague.opens("/team/account")
    assert colleague.page.heading == "Sign in"
    await colleague.sends("/team/sign-in", email="ruth@council.example", password=PASSWORD)
    await colleague.sends("/team/sign-in/code", code=code_of(told, team_site))
    assert colleague.client.cookies["team"] != before
    with team_site.store.reading() as seen:
        old = seen.sessions.find(signing_in.hash_of(before))
    assert old is not None
    assert old.ended_at is not None


async def test_a_session_that_somebody_brings_along_is_not_taken_over(team_site: TeamSite) -> None:
    await makes_first_administrator(team_site)
    colleague = team_site.arrives()
    colleague.client.cookies.set("team", "fixed-by-somebody-else")
    await colleague.opens("/team/account")
    assert colleague.page.heading == "Sign in"


async def test_looking_at_pages_keeps_a_session_open_and_writes_nothing(
    team_site: TeamSite, signed_in: Callable[..., Colleague]
) -> None:
    colleague = signed_in(Role.PRACTITIONER)
    with team_site.store.reading() as seen:
        before = seen.sessions.of(colleague.account_id)
    for _ in range(4):
        team_site.passes(minutes=20)
        assert (await colleague.opens("/team/account")).heading == "Your account"
    with team_site.store.reading() as seen:
        assert seen.sessions.of(colleague.account_id) == before
    team_site.passes(minutes=31)
    assert (await colleague.opens("/team/account")).heading == "Sign in"


async def test_after_twelve_hours_everybody_signs_in_again(
    team_site: TeamSite, signed_in: Callable[..., Colleague]
) -> None:
    colleague = signed_in(Role.PRACTITIONER)
    for _ in range(36):
        team_site.passes(minutes=20)
        assert (await colleague.opens("/team/account")).heading == "Your account"
    team_site.passes(minutes=1)
    assert (await colleague.opens("/team/account")).heading == "Sign in"


async def test_an_account_that_is_disabled_is_out_at_once(
    team_site: TeamSite, signed_in: Callable[..., Colleague]
) -> None:
    colleague = signed_in(Role.PRACTITIONER)
    await colleague.opens("/team/account")
    with team_site.store.begin() as kept:
        kept.accounts.disable(colleague.account_id, team_site.now)
    assert (await colleague.opens("/team/account")).heading == "Sign in"


async def test_changing_the_password_takes_a_proof_and_then_goes_on_by_itself(team_site: TeamSite) -> None:
    colleague, told = await makes_first_administrator(team_site)
    await colleague.opens("/team/account/password")
    team_site.passes(minutes=6)
    fields = {"new_password": "another long harbour", "password_again": "another long harbour"}
    page = await colleague.sends("/team/account/password", **fields)
    assert page.heading == "Prove that it is you"
    page = await colleague.sends("/team/prove", password="wrong wrong wrong", code="000000")
    assert page.problems == [signing_in.WRONG_PROOF]
    page = await colleague.sends("/team/prove", password=PASSWORD, code=code_of(told, team_site))
    assert page.heading == "Your account"
    assert page.told == "Your password is changed."


async def test_what_is_told_is_told_once(team_site: TeamSite) -> None:
    colleague, _ = await makes_first_administrator(team_site)
    await colleague.opens("/team/account")
    page = await colleague.sends("/team/account/elsewhere")
    assert page.told
    assert not (await colleague.opens("/team/account")).told


async def test_signing_out_elsewhere_ends_all_but_this(
    team_site: TeamSite, signed_in: Callable[..., Colleague]
) -> None:
    here = signed_in(Role.MANAGER)
    there = team_site.signs_in(here.account_id)
    await here.opens("/team/account")
    assert here.page.main.count("Another browser") == 1
    await here.sends("/team/account/elsewhere")
    assert (await there.opens("/team/account")).heading == "Sign in"
    assert (await here.opens("/team/account")).heading == "Your account"
