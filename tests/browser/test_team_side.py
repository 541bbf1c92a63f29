"""The team's side in Chromium: from a fresh start to a closed enquiry, and what each role finds there."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from starlette.routing import compile_path

from bot import signing_in
from bot.roles import Role
from bot.store import LinkPurpose
from bot.web.team.routes import team_routes
from tests.boxes import trained_model
from tests.browser.gate import EVERY_LOOK, FIRST_LOOK, Gate
from tests.browser.team_colleague import PASSWORD, Colleague
from tests.browser.team_office import Office
from tests.browser.team_roads import from_a_fresh_start
from tests.browser.team_states import (
    OLD,
    Staff,
    at_the_door,
    of_a_manager,
    of_a_practitioner,
    of_an_administrator,
    of_others,
)
from tests.browser.team_voices import of_whoever_quotes
from tests.browser.visitor import Script

NOTE = "She was afraid of the door.\n\nSee her alone."

HAS_A_HEADING = """
() => {
  const title = document.title.replace(/^Error: /, "");
  const headings = [...document.querySelectorAll("h1")].map((one) => one.textContent.trim().replace(/\\s+/g, " "));
  return headings.length === 1 && title.startsWith(headings[0]) ? [] : [`title ${title}, headings ${headings}`];
}
"""


@pytest.fixture(scope="module")
def opens_office(
    browser: Browser, elsewhere: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Office]]:
    """Open another office, at which nobody has been before."""
    trained_model()
    opened: list[Office] = []

    def open_one() -> Office:
        opened.append(Office(browser, tmp_path_factory.mktemp("office"), elsewhere))
        opened[-1].house.open().wait_until_ready()
        return opened[-1]

    yield open_one
    for one in opened:
        one.house.close()


@pytest.fixture(scope="module")
def shared_office(opens_office: Callable[[], Office]) -> Office:
    return opens_office()


@pytest.fixture
def office(shared_office: Office) -> Iterator[Office]:
    """The office that these tests share. Whoever came to it leaves when a test is over."""
    yield shared_office
    shared_office.see_out()


# --- from a fresh start ----------------------------------------------------------------------------------------------


def test_from_a_fresh_start_to_a_closed_enquiry_with_the_browser_alone(
    office: Office, opens_office: Callable[[], Office], script: Script
) -> None:
    fresh = office if script is Script.ON else opens_office()
    states = list(from_a_fresh_start(fresh, script))
    assert states[-1] == "The enquiry is closed"
    fresh.see_out()
    if fresh is not office:
        fresh.house.close()


# --- signing in ------------------------------------------------------------------------------------------------------


def welcomed(office: Office, script: Script, role: Role = Role.PRACTITIONER, name: str = "Asha Rahman") -> Colleague:
    """Have somebody come by a link, choose a password and set up codes on their phone."""
    colleague = office.arrives(script)
    colleague.account_id = office.account(role, office.team(), name=name)
    with office.store() as store, store.begin() as kept:
        link = signing_in.make_link(kept, colleague.account_id, LinkPurpose.WELCOME, datetime.now(UTC))
    return colleague.comes_by(f"/team/link/{link}")


def test_a_wrong_password_and_a_wrong_code_are_told_kindly_and_the_address_stays(
    office: Office, script: Script
) -> None:
    colleague = welcomed(office, script).presses_on("form[action='/team/sign-out'] button")
    assert colleague.heading == "You are signed out"
    colleague.follows("/team/sign-in").sends("/team/sign-in", email=colleague.email, password="three wrong words here")
    assert colleague.problems == ["The e-mail address, the password, or both are not right."]
    assert colleague.title.startswith("Error: Sign in")
    assert colleague.page.locator("#email").input_value() == colleague.email
    assert colleague.page.locator("#password").input_value() == ""
    colleague.sends("/team/sign-in", email=colleague.email, password=PASSWORD)
    colleague.sends("/team/sign-in/code", code="000000")
    assert "That code is not right" in colleague.problems[0]
    colleague.sends("/team/sign-in/code", code=colleague.code_now())
    assert colleague.heading == "Work"


def test_whoever_is_signed_out_while_typing_loses_nothing(office: Office, script: Script) -> None:
    staff = Staff(office, f"typing {script}")
    colleague = welcomed(office, script)
    with office.store() as store, store.begin() as kept:
        kept.accounts.change(
            colleague.account_id,
            role=Role.PRACTITIONER,
            name="Asha Rahman",
            email=colleague.email,
            team_ids=(staff.team_id,),
        )
    here = f"/team/conversations/{staff.first_id}"
    colleague.opens(here).presses_on(f"form[action='{here}/open'] button")
    colleague.follows(colleague.page.locator("a[href*='/note?']").first.get_attribute("href") or "")
    colleague.pastes(NOTE)
    with office.store() as store, store.begin() as kept:
        kept.sessions.end_all(colleague.account_id, datetime.now(UTC))
    colleague.presses_on("form[action$='/note'] button")
    assert colleague.heading == "You were signed out"
    assert colleague.page.locator(".team-typed").all_text_contents() == [NOTE]
    assert colleague.quotations == []
    colleague.signs_in()
    assert colleague.heading == "You are signed in again"
    assert colleague.page.locator("textarea[name=words]").input_value() == NOTE
    colleague.presses_on("form[action$='/note'] button")
    assert colleague.told == "Your note is kept."
    assert NOTE in colleague.page.locator(".work-note .team-written").all_text_contents()


def test_whoever_was_away_too_long_signs_in_and_is_led_back(office: Office) -> None:
    morgan_id = office.account(Role.MANAGER, office.team("West team"), name="Morgan Hill")
    still_in = office.signed_in(morgan_id, Script.ON, ago=timedelta(minutes=20))
    assert still_in.opens("/team/enquiries").heading == "Enquiries"
    idle = office.signed_in(morgan_id, Script.ON, ago=timedelta(minutes=31))
    all_day = office.signed_in(morgan_id, Script.ON, ago=timedelta(hours=12, minutes=1))
    office.was_there_just_now(all_day)
    for colleague in (idle, all_day):
        assert colleague.opens("/team/enquiries?which=all").heading == "Sign in"
        assert colleague.page.locator("input[name=next]").first.input_value() == "/team/enquiries?which=all"


def test_proving_who_one_is_brings_back_what_was_sent(office: Office, script: Script) -> None:
    ada = welcomed(office, script, Role.ADMINISTRATOR, "Ada Okafor")
    with office.store() as store, store.begin() as kept:
        (secret_hash,) = kept.sessions.of(ada.account_id)
        kept.sessions.proven(secret_hash, datetime.now(UTC) - OLD)
    ada.goes("Settings").follows("/team/settings/people").pastes(f"two days, {script}", "[name=read_within]")
    ada.presses_on("form[action='/team/settings/people'] button")
    ada.presses_on("form[action$='/keep'] .govuk-button:not(.govuk-button--secondary)")
    assert ada.heading == "Prove that it is you"
    ada.sends("/team/prove", password="three wrong words here", code="000000")
    assert ada.heading == "Prove that it is you"
    ada.proves_it()
    assert (ada.heading, ada.told) == ("Settings", "It is in place now.")


def test_a_passkey_is_made_and_lets_somebody_in_without_password_or_code(office: Office) -> None:
    colleague = welcomed(office, Script.ON)
    device = colleague.context.new_cdp_session(colleague.page)
    device.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    device.send("WebAuthn.addVirtualAuthenticator", {"options": {**options, "isUserVerified": True}})
    colleague.follows("/team/account").follows("/team/account/passkey").sends(
        "/team/account/passkey", key_name="Work laptop"
    )
    assert colleague.told == "You can now sign in with this passkey."
    assert "Work laptop" in colleague.says
    colleague.presses_on("form[action='/team/sign-out'] button").follows("/team/sign-in")
    colleague.presses_on("form[action='/team/sign-in/passkey'] button")
    assert colleague.heading == "Work"


# --- what each role does ---------------------------------------------------------------------------------------------


def test_a_manager_leads_an_enquiry_and_sees_who_did_what(office: Office, script: Script) -> None:
    staff = Staff(office, f"led {script}")
    asha_id = staff.somebody(Role.PRACTITIONER, "Asha Rahman")
    priya = office.signed_in(staff.somebody(Role.PRACTITIONER, "Priya Natarajan"), script)
    morgan = office.signed_in(staff.somebody(Role.MANAGER, "Morgan Łęcki"), script)
    held, people = f"/team/enquiries/{staff.held_id}", f"/team/enquiries/{staff.held_id}/people"
    priya.opens(held).presses_on(f"form[action='{held}/open'] button")

    morgan.opens("/team").goes("Enquiries").presses_on(f"form[action='{held}/open'] button").follows(people)
    morgan.picks("account", asha_id).presses_on("button[value=allocate]")
    assert morgan.told == "It is allocated."
    morgan.presses_on("form:has(input[value=restrict]) button")
    assert morgan.told == "It is restricted."
    assert priya.opens(held).heading == "There is no such page"
    assert office.signed_in(asha_id, script).opens(held).heading == "Enquiry"

    morgan.follows(held).follows(f"{held}/readers")
    assert "Priya Natarajan" in morgan.says
    morgan.follows(held).follows(people).presses_on("form:has(input[value=ask_to_lift]) button")
    assert "Another manager has to agree" in morgan.says
    other = office.signed_in(staff.somebody(Role.MANAGER, "Robin Hill"), script)
    other.opens(held).presses_on(f"form[action='{held}/open'] button").follows(people)
    other.presses_on(f"form[action='{held}/lift'] button")
    assert other.told == "The restriction is lifted."

    morgan.goes("Audit").picks("act", "denied").presses_on("form[action='/team/audit'] button")
    assert "Priya Natarajan" in morgan.page.locator("table").inner_text()
    morgan.goes("Guidance").presses_on("a[href$='/readers']")
    assert "Asha Rahman" in morgan.says


def test_an_auditor_reads_everything_and_can_change_nothing(office: Office, script: Script) -> None:
    staff = Staff(office, f"audited {script}")
    ines = office.signed_in(office.account(Role.AUDITOR, name="Inês Prado"), script)
    held, here = f"/team/enquiries/{staff.held_id}", f"/team/conversations/{staff.first_id}"
    harmless = {"/team/sign-out", "/team/search", f"{here}/beside"}
    ines.opens("/team").opens(held).presses_on(f"form[action='{held}/open'] button")
    for path in (held, f"{held}/checklist", f"{held}/readers", here, "/team/audit", "/team/search"):
        ines.opens(path)
        if path == here:
            ines.presses_on(f"form[action='{here}/open'] button")
        actions = ines.page.locator("form[method=post]").evaluate_all(
            "all => all.map(one => one.getAttribute('action'))"
        )
        assert {action for action in actions if not action.endswith("/open")} <= harmless, path
    for path in (f"{held}/invite", f"{held}/records/risk", f"{held}/people", f"{here}/note?turn=2", "/team/people"):
        assert ines.opens(path).heading == "There is no such page", path


def test_an_administrator_looks_after_teams_people_and_settings_and_sees_no_words(
    office: Office, script: Script
) -> None:
    staff = Staff(office, f"administered {script}")
    ada = office.signed_in(office.account(Role.ADMINISTRATOR, name="Ada Okafor"), script)
    ada.opens("/team").goes("Teams").sends("/team/teams", name=f"East team {script}")
    ada.goes("People").follows("/team/people/new").pastes("נועם Levi", "#name")
    ada.pastes(f"noam.{staff.team_id[:6]}@council.example", "#email").ticks_one("role", "advocate")
    ada.ticks_one("team", staff.team_id).presses_on("form[action='/team/people/new'] button")
    assert ada.heading == "Give them this link"
    ada.presses_on(".team-buttons a").presses_on("form[action$='/disable'] button")
    assert ada.told == "The account is disabled. They are signed out everywhere."

    ada.goes("Settings").follows("/team/settings/people").pastes(f"one day, {script}", "[name=read_within]")
    ada.presses_on("form[action='/team/settings/people'] button")
    assert f"one day, {script}" in ada.says
    ada.presses_on("form[action$='/keep'] .govuk-button:not(.govuk-button--secondary)")
    assert ada.told == "It is in place now."
    ada.follows("/team/settings/people/history")
    assert f"one day, {script}" in ada.says
    for path in (f"/team/enquiries/{staff.held_id}", f"/team/conversations/{staff.first_id}", "/team/work"):
        assert ada.opens(path).heading == "There is no such page"


# --- every page ------------------------------------------------------------------------------------------------------


def test_every_page_of_the_teams_side_passes_and_every_route_was_looked_at(
    office: Office, java: Path, tmp_path: Path
) -> None:
    staff = Staff(office, "checks")
    gate = Gate(EVERY_LOOK)
    for road in (at_the_door, of_an_administrator, of_a_practitioner, of_a_manager, of_whoever_quotes, of_others):
        for colleague, state in road(staff):
            # With something to put right, a page is laid out as it was before; a phone shows soonest what is too wide.
            gate.looks = FIRST_LOOK if colleague.problems else EVERY_LOOK
            gate.check(colleague, state)
            gate.findings += [f"{state}: {found}" for found in colleague.page.evaluate(HAS_A_HEADING)]
    gate.validate(java, tmp_path)
    assert gate.findings == []
    seen = {path for colleague in office.came if isinstance(colleague, Colleague) for path in colleague.seen}
    patterns = {route.path: compile_path(route.path)[0] for route in team_routes if route.method == "GET"}
    assert [path for path, pattern in patterns.items() if not any(pattern.match(one) for one in seen)] == []
