"""Every page of the team's side in the states that it can be in: at the door, and for each role.

What was said is in the store already; tests of whole journeys have it said in the browser.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from playwright.sync_api import FilePayload

from bot import signing_in
from bot.conversation import State
from bot.roles import Role
from bot.store import LinkPurpose
from tests.browser.team_colleague import PASSWORD, Colleague
from tests.browser.team_office import Office
from tests.browser.visitor import Purpose, Script
from tests.recording import Recorded
from tests.team.held import ends, holds

States = Iterator[tuple[Colleague, str]]
"""Who has reached which state."""

OLD = timedelta(minutes=6)
"""So long ago that somebody signed in is asked again who they are."""


class Staff:
    """A team, who is in it, and an enquiry with three conversations."""

    def __init__(self, office: Office, name: str, script: Script = Script.ON) -> None:
        self.office, self.name, self.script = office, name, script
        self.team_id = office.team(f"Team {name}")
        self.held_id = office.enquiry(self.team_id)
        with office.store() as store:
            self.held = holds(store, self.held_id)
            walked_in = Recorded(store)
            walked_in.is_asked("worries", says="They shout at night")
            self.walked_in_id = ends(store, walked_in, State.STOPPED).conversation_id
            with store.begin() as kept:
                kept.teams.set_duty(self.team_id)
        self.first_id = self.held.first.conversation_id

    def somebody(self, role: Role, name: str) -> str:
        """Have an account in the team."""
        return self.office.account(role, self.team_id, name=name)

    def at_work(self, role: Role, name: str, ago: timedelta = timedelta(0)) -> Colleague:
        """Have somebody at work, in a browser whose pages are checked."""
        return self.office.signed_in(self.somebody(role, name), self.script, Purpose.CHECKING, ago=ago)


def at_the_door(staff: Staff) -> States:
    """Coming in, going out, proving who one is, and one's own account."""
    office = staff.office
    with office.store() as store, store.begin() as kept:
        account_id = kept.accounts.add(
            role=Role.PRACTITIONER,
            name="نور Haddad",
            email=f"noor.{staff.team_id[:6]}@council.example",
            team_ids=(staff.team_id,),
            now=datetime.now(UTC),
        )
        link = f"/team/link/{signing_in.make_link(kept, account_id, LinkPurpose.WELCOME, datetime.now(UTC))}"
    noor = office.arrives(staff.script, Purpose.CHECKING)
    yield noor, reached(noor.opens(link), "Welcome to Own Words")
    noor.sends(link, password="one", password_again="another", code="000000")
    yield noor, reached(noor, "Welcome to Own Words")
    noor.comes_by(link)
    yield noor, reached(noor.opens("/team/account"), "Your account")
    yield noor, reached(noor.opens("/team/account/password"), "Change your password")
    noor.sends("/team/account/password", new_password="short", password_again="short")
    yield noor, reached(noor, "Change your password")
    yield noor, reached(noor.opens("/team/account/codes"), "Set up codes on a phone")
    noor.sends("/team/account/codes", code="000000")
    yield noor, reached(noor, "Set up codes on a phone")
    yield noor, reached(noor.opens("/team/account/passkey"), "Make a passkey")
    yield noor, reached(noor.opens("/team/no-such-page"), "There is no such page")
    noor.opens("/team").presses_on("form[action='/team/sign-out'] button")
    yield noor, reached(noor, "You are signed out")
    yield noor, reached(noor.opens("/team/sign-in"), "Sign in")
    yield noor, reached(noor.follows("/team/sign-in/council"), "Sign in")
    yield noor, reached(noor.opens("/team/sign-in/council/back?code=some&state=some"), "You are nearly in")
    noor.opens("/team/sign-in")
    noor.sends("/team/sign-in", email=noor.email, password="not this one at all")
    yield noor, reached(noor, "Sign in")
    noor.sends("/team/sign-in", email=noor.email, password=PASSWORD)
    yield noor, reached(noor, "Type your code")
    noor.sends("/team/sign-in/code", code="000000")
    yield noor, reached(noor, "Type your code")
    yield noor, reached(noor.opens(link), "This link does not work any more")
    back = office.signed_in(account_id, staff.script, Purpose.CHECKING, ago=OLD)
    yield back, reached(back.opens("/team/account/password"), "Prove that it is you")
    back.sends("/team/prove", password="not this one at all", code="000000")
    yield back, reached(back, "Prove that it is you")
    back.opens("/team/enquiries/new")
    with office.store() as store, store.begin() as kept:
        kept.sessions.end_all(account_id, datetime.now(UTC))
    back.sends("/team/enquiries/new", reference="A reference that is long enough to be shown again in a box")
    yield back, reached(back, "You were signed out")
    again = office.signed_in(account_id, staff.script, Purpose.CHECKING)
    again.opens("/team/enquiries/new").page.locator("main [name=form]").evaluate("one => { one.value = 'old' }")
    again.sends("/team/enquiries/new", reference="A reference that is long enough to be shown again in a box")
    yield again, reached(again, "Please send this again")


def of_an_administrator(staff: Staff) -> States:
    """Teams, people and settings."""
    ada = staff.at_work(Role.ADMINISTRATOR, "Ada Okafor")
    yield ada, reached(ada.opens("/team"), "People")
    yield ada, reached(ada.follows("/team/people/new"), "Make an account")
    ada.sends("/team/people/new")
    yield ada, reached(ada, "Make an account")
    ada.pastes("Asha Rahman", "#name").pastes(f"asha.{staff.team_id[:6]}@council.example", "#email")
    ada.ticks_one("role", "practitioner").ticks_one("team", staff.team_id)
    ada.presses_on("form[action='/team/people/new'] button")
    yield ada, reached(ada, "Give them this link")
    ada.presses_on(".team-buttons a")
    yield ada, reached(ada, "Asha Rahman")
    ada.sends(ada.path, email="no address")
    yield ada, reached(ada, "Asha Rahman")
    yield ada, reached(ada.goes("Teams"), "Teams")
    ada.sends("/team/teams", name="")
    yield ada, reached(ada, "Teams")
    ada.sends("/team/teams", name="West team")
    ada.presses_on("a.app-link:has-text('West team')")
    yield ada, reached(ada, "Team: West team")
    yield ada, reached(ada.goes("Programs"), "Other programs")
    yield ada, reached(ada.follows("/team/tokens/new"), "Make a token")
    ada.sends("/team/tokens/new", name="")
    yield ada, reached(ada, "Make a token")
    ada.pastes(f"Case system {staff.team_id[:6]}", "#name").ticks_one("grant", "words")
    ada.ticks_one("team", staff.team_id).ticks_one("days", "90")
    ada.presses_on("form[action='/team/tokens/new'] button")
    yield ada, reached(ada, "Give the program this token")
    ada.presses_on(".team-buttons a")
    yield ada, reached(ada, f"Case system {staff.team_id[:6]}")
    ada.presses_on("form[action$='/end'] button")
    yield ada, reached(ada, "Other programs")
    yield ada, reached(ada.goes("Settings"), "Settings")
    for group in ("people", "beginning", "keeping", "return"):
        ada.opens(f"/team/settings/{group}")
        yield ada, f"Settings: {ada.heading}"
        if group == "people":
            ada.sends("/team/settings/people", read_within="", phone="x" * 300)
            yield ada, f"Settings: {ada.heading}"
            ada.opens("/team/settings/people").pastes(f"three days, {staff.team_id[:4]}", "[name=read_within]")
        if group == "beginning":
            ada.ticks_one("walk_in", "no")
        if group == "return":
            ada.sends("/team/settings/return", la_code="eleven", ons_code="E07000001")
            yield ada, f"Settings: {ada.heading}"
            ada.opens("/team/settings/return").pastes("E12000002", "[name=region_code]")
            ada.pastes("North East", "[name=region_name]")
        ada.presses_on(f"form[action='/team/settings/{group}'] button")
        yield ada, reached(ada, "Look at it before it is put in place")
        if group == "people":
            ada.presses_on("form[action$='/keep'] .govuk-button:not(.govuk-button--secondary)")
            yield ada, reached(ada, "Settings")
        ada.opens(f"/team/settings/{group}/history")
        yield ada, f"Settings: {ada.heading}"
    yield ada, reached(ada.goes("Guidance"), "Guidance to read")


def of_a_practitioner(staff: Staff) -> States:
    """Work, reading, review, records."""
    asha = staff.at_work(Role.PRACTITIONER, "Asha Rahman")
    yield asha, reached(asha.opens("/team"), "Work")
    yield asha, reached(asha.goes("Enquiries"), "Enquiries")
    yield asha, reached(asha.follows("/team/enquiries/new"), "Open an enquiry")
    asha.sends("/team/enquiries/new", reference="")
    yield asha, reached(asha, "Open an enquiry")
    asha.sends("/team/enquiries/new", reference=f"ASC/new/{staff.team_id[:6]}")
    new = asha.path
    yield asha, reached(asha, "Enquiry")
    yield asha, reached(asha.follows(f"{new}/invite"), "Invite somebody")
    asha.presses_on(f"form[action='{new}/invite'] button")
    yield asha, reached(asha, "Invite somebody")
    asha.ticks_one("stage", "first").ticks_one("speaker", "person").ticks_one("safe", "yes")
    asha.pastes("By hand, when she is alone", "#how").presses_on(f"form[action='{new}/invite'] button")
    yield asha, reached(asha, "The invitation is made")
    yield asha, reached(asha.opens("/team/work/conversations?review=waiting"), "Conversations")

    here = f"/team/conversations/{staff.first_id}"
    yield asha, reached(asha.opens(here), "First conversation")
    asha.presses_on("main form button")
    yield asha, reached(asha, "First conversation")
    flag = asha.page.locator("a[href*='/flag?']").first.get_attribute("href") or ""
    asha.follows(flag)
    yield asha, f"Flag: {asha.heading}"
    asha.presses_on("form[action$='/flag'] button")
    yield asha, f"Flag: {asha.heading}"
    late = asha.another_window().opens(flag)
    asha.pastes("Rang her.").presses_on("form[action$='/flag'] button")
    late.pastes("Wrote to her.").presses_on("form[action$='/flag'] button")
    assert "Somebody was here before you" in late.says
    yield late, f"Flag: {late.heading}"
    note = asha.page.locator("a[href*='/note?']").first.get_attribute("href") or ""
    yield asha, reached(asha.follows(note), "Write a note")
    asha.presses_on("form[action$='/note'] button")
    yield asha, reached(asha, "Write a note")
    asha.pastes("She lives with her son.\n\nSee her alone.").presses_on("form[action$='/note'] button")
    asha.presses_on("form[action$='/review'] button").follows(f"{here}/review?step=send_back")
    yield asha, f"Review: {asha.heading}"
    asha.presses_on("form[action$='/review'] button")
    yield asha, f"Review: {asha.heading}"
    asha.pastes("Did she say which bank?").presses_on("form[action$='/review'] button")
    yield asha, reached(asha, "First conversation")
    asha.opens(f"{here}/review?step=answer")
    yield asha, f"Review: {asha.heading}"
    asha.opens(here).opens_up("form[action$='/beside']").presses_on("form[action$='/beside'] button")
    yield asha, f"Beside: {asha.heading}"
    asha.opens(f"/team/conversations/{staff.walked_in_id}").presses_on("main form button")
    asha.follows(f"/team/conversations/{staff.walked_in_id}/join")
    yield asha, reached(asha, "Join it to an enquiry")
    asha.sends(asha.path, reference="no such enquiry")
    yield asha, reached(asha, "Join it to an enquiry")

    held = f"/team/enquiries/{staff.held_id}"
    yield asha, reached(asha.opens(held), "Enquiry")
    asha.presses_on("main form button")
    yield asha, reached(asha, "Enquiry")
    themes = f"{held}/outcomes/{staff.held.outcome}"
    yield asha, reached(asha.follows(themes), "Themes")
    asha.presses_on(f"form[action='{themes}'] button")
    yield asha, reached(asha, "Themes")
    yield asha, reached(asha.opens(f"{themes}/beside"), "First and now")
    yield from of_records(asha, held)

    yield asha, reached(asha.goes("Search"), "Search")
    for typed in ("", "key", "nothing like this was said"):
        yield asha, reached(asha.sends("/team/search", typed=typed), "Search")
    yield asha, reached(asha.goes("Guidance"), "Guidance to read")
    asha.presses_on(".team-table a")
    yield asha, f"Guidance: {asha.heading}"
    yield asha, reached(asha.presses_on("form[action^='/team/guidance'] button"), "Guidance to read")


def of_records(asha: Colleague, held: str) -> States:
    """Each kind of record, with what is to be put right in it; one that stands; and what is missing."""
    for kind in ("asked", "advocacy", "capacity", "negotiation", "wish_not_followed", "risk", "verdict"):
        asha.opens(f"{held}/records/{kind}")
        yield asha, f"Record: {asha.heading}"
        asha.presses_on(".record-form button")
        yield asha, f"Record: {asha.heading}"
    asha.opens(f"{held}/records/risk").ticks_one("assessment", "none_no_action").dates("assessed_on", "5", "3", "2026")
    asha.pastes("Asha Rahman", "#assessed_by").pastes("Nothing was found.", "#no_action_why")
    asha.presses_on(".record-form button")
    yield asha, reached(asha, "Risk, and what became of it")
    asha.presses_on("main a[href*='/records/risk/']")
    yield asha, f"Record: {asha.heading}"
    yield asha, reached(asha.opens(f"{held}/checklist"), "Before closing")


def of_a_manager(staff: Staff) -> States:
    """Who works on an enquiry, who read it, restricting, closing, and the audit."""
    morgan = staff.at_work(Role.MANAGER, "Morgan Łęcki")
    staff.somebody(Role.PRACTITIONER, "Priya Natarajan")
    held = f"/team/enquiries/{staff.held_id}"
    morgan.opens(held).presses_on("main form button")
    yield morgan, reached(morgan, "Enquiry")
    yield morgan, reached(morgan.follows(f"{held}/people"), "Who works on it")
    yield morgan, reached(morgan.opens(f"{held}/export"), "Export for another system")
    yield morgan, reached(morgan.follows(f"{held}/person-file"), "The person’s own file")
    morgan.opens(f"{held}/people").presses_on("form:has(input[value=restrict]) button")
    morgan.presses_on("form:has(input[value=ask_to_lift]) button")
    yield morgan, reached(morgan, "Who works on it")
    lu = staff.at_work(Role.MANAGER, "Sam Hill", OLD)
    yield lu, reached(lu.opens("/team/enquiries"), "Enquiries")
    yield lu, reached(lu.opens(held), "Enquiry")
    other = staff.at_work(Role.MANAGER, "Robin Hill")
    other.opens(held).presses_on("main form button").follows(f"{held}/people")
    yield other, reached(other, "Who works on it")
    yield morgan, reached(morgan.opens(f"{held}/readers"), "Who read this enquiry")
    morgan.opens(f"{held}/checklist").presses_on(f"form[action='{held}/close'] button")
    yield morgan, reached(morgan, "Enquiry")
    yield morgan, reached(morgan.opens(f"{held}/checklist"), "Before closing")
    yield morgan, reached(morgan.opens(held).follows(f"{held}/keeping"), "How long this enquiry is kept")
    morgan.presses_on(f"form[action='{held}/keeping'] button")
    yield morgan, reached(morgan, "How long this enquiry is kept")
    of_one = morgan.page.locator("main a[href^='/team/conversations/']").first.get_attribute("href") or ""
    yield morgan, reached(morgan.opens(of_one), "How long this conversation is kept")
    yield morgan, reached(morgan.opens(of_one.replace("/keeping", "/code")), "The code to come back")
    yield morgan, reached(morgan.goes("Keeping"), "How long things are kept")
    yield morgan, reached(morgan.opens("/team/enquiries?which=all"), "Enquiries")
    yield morgan, reached(morgan.goes("Audit"), "Audit")
    yield morgan, reached(morgan.goes("Team"), "How the work stands")
    yield morgan, reached(morgan.goes("Figures"), "Figures")
    yield morgan, reached(morgan.opens("/team/figures-to-look-at"), "Enquiries to look at")
    yield morgan, reached(morgan.opens("/team/figures/achieved"), "Did people get what they wanted?")
    yield morgan, reached(morgan.opens("/team/figures/return"), "The national return")
    yield from _figures_of_elsewhere(morgan)
    behind = "/team/figures/asked/enquiries?cell=asked_expressed"
    yield morgan, reached(morgan.opens(behind), "The enquiries behind a figure")
    morgan.goes("Guidance").presses_on("a[href$='/readers']")
    yield morgan, f"Guidance: {morgan.heading}"


def _figures_of_elsewhere(morgan: Colleague) -> States:
    """Somebody takes the file to fill in, fills it in, is told what is wrong, and puts what is right in place."""
    yield morgan, reached(morgan.opens("/team/figures-of-elsewhere"), "Figures of elsewhere")
    with morgan.page.expect_download() as taken:
        morgan.page.click("a[href$='/empty.csv']")
    head, *rows = taken.value.path().read_text(encoding="utf-8-sig").splitlines()
    filled = [row.replace(",,,", "England,2024-25,A made-up table,", 1) for row in rows]
    filled = [row + percent for row, percent in zip(filled, ("55", *[""] * len(filled)), strict=False)]
    for encoding, heading in (("utf-16", "Figures of elsewhere"), ("utf-8", "Is this what you meant?")):
        file: FilePayload = {
            "name": "figures.csv",
            "mimeType": "text/csv",
            "buffer": "\r\n".join((head, *filled)).encode(encoding),
        }
        morgan.page.set_input_files("#file", file)
        yield morgan, reached(morgan.presses_on("form[enctype] button"), heading)
    yield morgan, reached(morgan.presses_on("form[action$='/put'] button"), "Figures of elsewhere")
    yield morgan, reached(morgan.opens("/team/pack/asked"), "Were people asked what they want?")


def of_others(staff: Staff) -> States:
    """Those who see less, or change nothing."""
    ines = staff.at_work(Role.AUDITOR, "Inês Prado")
    yield ines, reached(ines.opens("/team"), "Work")
    ines.opens(f"/team/enquiries/{staff.held_id}").presses_on("main form button")
    yield ines, reached(ines, "Enquiry")
    amara = staff.at_work(Role.ADVOCATE, "Amara O’Neill")
    yield amara, reached(amara.opens("/team"), "Work")
    bo = staff.at_work(Role.BOARD_MEMBER, "Bo Lind")
    yield bo, reached(bo.opens("/team"), "What difference did we make?")
    yield bo, reached(bo.opens("/team/pack/safer"), "Feel safer because of the help")
    yield bo, reached(bo.goes("Guidance"), "Guidance to read")


def reached(colleague: Colleague, heading: str) -> str:
    """Name the state, and see that this is the page."""
    assert colleague.heading == heading, f"{colleague.heading}, not {heading}: {colleague.says}"
    return f"{heading}, with something to put right" if colleague.problems else heading
