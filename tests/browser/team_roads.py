"""The roads through the team's pages. Each is walked one state at a time; whoever walks it may look around."""

from bot.conversation import Speaker, Stage
from tests.browser.roads import Road
from tests.browser.team_colleague import Colleague
from tests.browser.team_office import Office
from tests.browser.visitor import Script, heading_of
from tests.browser.way import Brisk

WANTED = "To have my own money, and my own front door key"
WORRY = "He hit me, and it may happen again."
DONE = "Rang her on the number that is safe, and met her at the library today."


def from_a_fresh_start(office: Office, script: Script) -> Road:
    """From the link that the first start shows to an enquiry that is closed, in browsers alone."""
    administrator = office.arrives(script)
    administrator.comes_by(office.link, name="Ada Okafor", email="ada@council.example")
    yield reached(administrator, "People")
    administrator.goes("Teams").sends("/team/teams", name="North team")
    assert administrator.told == "The team is made."
    practitioner, manager = office.arrives(script), office.arrives(script)
    for who, role, name in ((practitioner, "practitioner", "Asha Rahman"), (manager, "manager", "Morgan Łęcki")):
        link = makes_account(administrator, role, name)
        who.comes_by(link.removeprefix(office.address))
        assert who.heading == "Work", who.heading
    yield reached(practitioner, "Work")

    assert "To begin: open an enquiry" in practitioner.says
    practitioner.follows("/team/enquiries/new").sends("/team/enquiries/new", reference="ASC 2026/114")
    enquiry = practitioner.path
    yield reached(practitioner, "Enquiry")
    code = invites(practitioner, enquiry, Stage.FIRST)
    person = tells(office.person(script), code)
    yield f"The person said it all: {person.heading}"

    yield from answers_the_flags(practitioner)
    yield from reads_and_reviews(practitioner, enquiry)
    yield from records(practitioner, enquiry)

    yield from closes(office, practitioner, manager, enquiry, script)


def makes_account(administrator: Colleague, role: str, name: str) -> str:
    """Make an account, and give its one-time link."""
    administrator.goes("People").follows("/team/people/new")
    administrator.pastes(name, "#name").pastes(f"{role}@council.example", "#email").ticks_one("role", role)
    administrator.ticks_one("team", administrator.page.locator("input[name=team]").first.get_attribute("value") or "")
    administrator.presses_on("form[action='/team/people/new'] button")
    assert administrator.heading == "Give them this link", administrator.says
    return administrator.page.locator(".team-secret--link").inner_text()


def invites(colleague: Colleague, enquiry: str, stage: Stage, speaker: Speaker = Speaker.PERSON) -> str:
    """Invite somebody, and give the code that is shown once."""
    colleague.follows(f"{enquiry}/invite").ticks_one("stage", stage).ticks_one("speaker", speaker)
    colleague.ticks_one("safe", "yes").pastes("By letter to her sister", "#how")
    colleague.presses_on(f"form[action='{enquiry}/invite'] button")
    assert colleague.heading == "The invitation is made", colleague.says
    code = colleague.code
    colleague.follows(enquiry)
    return code


def tells(person: Brisk, code: str) -> Brisk:
    """Have the first conversation by invitation. Twice, something is said that asks to be read soon."""
    person.begins_with(code, Stage.FIRST).passes_the_gate()
    person.chooses("more_time").says("Please sit where I can see your face").chooses("no_thank_you")
    while person.heading != heading_of("safe_now"):
        person.skips("not_for_me")
    person.chooses("not_safe").chooses("carry_on")
    while person.heading != heading_of("worries"):
        person.skips("not_for_me")
    person.says(WORRY)
    while person.heading != heading_of("outcome"):
        person.skips("not_for_me")
    person.says(WANTED).skips("do_not_know").chooses("a_lot").chooses("no").chooses("no")
    while person.heading != heading_of("checked"):
        person.skips("not_for_me")
    return person.chooses("done").chooses("no")


def answers_the_flags(practitioner: Colleague) -> Road:
    """See on the first page what asks to be read soon, read it, and say what was done."""
    practitioner.goes("Work")
    assert practitioner.headings[0] == "Please read these first"
    yield reached(practitioner, "Work")
    while practitioner.page.locator("#flags ~ .work-list .team-press").count():
        practitioner.presses_on("#flags ~ .work-list .team-press button")
        yield reached(practitioner, "First conversation")
        flag = practitioner.page.locator("a[href*='/flag?']").filter(has_text="Say what was done").first
        practitioner.follows(flag.get_attribute("href") or "")
        practitioner.pastes(DONE).presses_on("form[action$='/flag'] button")
        assert practitioner.told == "What was done is kept beside the flag."
        yield reached(practitioner, "First conversation")
        practitioner.goes("Work")
    assert "Please read these first" not in practitioner.headings


def reads_and_reviews(practitioner: Colleague, enquiry: str) -> Road:
    """Read the whole conversation, write a note beside it, and review it."""
    practitioner.presses_on("form[action$='/open'] button")
    assert {WANTED, WORRY} <= set(practitioner.quotations)
    assert "{" not in practitioner.says, "Something that was asked stands there unfilled."
    practitioner.presses_on("form[action$='/review'] button")
    assert practitioner.told == "It says now that you are reading it."
    yield reached(practitioner, "First conversation")
    note = practitioner.page.locator(f".work-exchange:has-text('{WANTED}') a[href*='/note?']").first
    practitioner.follows(note.get_attribute("href") or "")
    practitioner.pastes("Ask her about the bank card.").presses_on("form[action$='/note'] button")
    assert practitioner.told == "Your note is kept."
    practitioner.presses_on("form[action$='/review'] button")
    assert practitioner.told == "It is reviewed.", practitioner.says
    yield reached(practitioner, "First conversation")
    practitioner.follows(enquiry)


def records(practitioner: Colleague, enquiry: str) -> Road:
    """Record what the law and guidance ask for."""
    if practitioner.heading != "Enquiry":
        raise AssertionError(practitioner.says)

    def begins(kind: str) -> None:
        practitioner.follows(f"{enquiry}/records/{kind}")

    def keeps(kind: str) -> str:
        practitioner.presses_on(f"form[action='{enquiry}/records/{kind}'] button")
        assert practitioner.told == "The record is kept.", practitioner.says
        said = practitioner.heading
        practitioner.follows(enquiry)
        return f"Recorded: {said}"

    begins("asked")
    practitioner.ticks_one("state", "asked_expressed").ticks_one("whom", "person").dates("asked_on", "2", "3", "2026")
    practitioner.pastes("Asha Rahman", "#asked_by")
    yield keeps("asked")

    begins("advocacy")
    for name in ("understanding", "retaining", "weighing", "communicating"):
        practitioner.ticks_one(name, "no_difficulty")
    practitioner.dates("considered_on", "2", "3", "2026").ticks_one("way", "nobody_needed")
    yield keeps("advocacy")

    begins("capacity")
    practitioner.pastes("Who keeps her money", "#decision").ticks_one("result", "did_not_lack")
    practitioner.dates("concluded_on", "3", "3", "2026").pastes("Asha Rahman, social worker", "#concluded_by")
    yield keeps("capacity")

    begins("wish_not_followed")
    first = practitioner.page.locator("input[name=wish]").first.get_attribute("value") or ""
    practitioner.ticks_one("wish", first).ticks_one("nature", "cannot_be_done")
    practitioner.pastes("Morgan Łęcki, manager", "#decided_by").dates("decided_on", "4", "3", "2026")
    practitioner.pastes("The landlord changed the lock.", "#reasons")
    practitioner.pastes("A second key. The landlord would not.", "#alternatives")
    practitioner.pastes("Her sister", "#consulted").ticks_one("told", "told")
    practitioner.pastes("That there is no key yet", "#told_what").pastes("Asha Rahman", "#told_by")
    practitioner.dates("told_on", "5", "3", "2026").pastes("“Then I will wait.”", "#said_back")
    yield keeps("wish_not_followed")

    begins("risk")
    practitioner.ticks_one("assessment", "identified_action").dates("assessed_on", "5", "3", "2026")
    practitioner.pastes("Asha Rahman", "#assessed_by").pastes("The bank stopped the card.", "#taken")
    practitioner.ticks_one("outcome", "reduced")
    yield keeps("risk")

    begins("verdict")
    practitioner.ticks_one("wish", practitioner.page.locator("input[name=wish]").first.get_attribute("value") or "")
    practitioner.ticks_one("happened", "some_of_it")
    yield keeps("verdict")


def closes(office: Office, practitioner: Colleague, manager: Colleague, enquiry: str, script: Script) -> Road:
    """See what is missing, invite to the last conversation, have it, and close."""
    practitioner.follows(f"{enquiry}/checklist")
    yield reached(practitioner, "Before closing")
    practitioner.follows(enquiry)
    person = office.person(script).begins_with(invites(practitioner, enquiry, Stage.CLOSING), Stage.CLOSING)
    says_how_it_ended(person)
    manager.goes("Enquiries").presses_on("form[action$='/open'] button")
    manager.follows(f"{enquiry}/checklist")
    yield reached(manager, "Before closing")
    manager.presses_on(f"form[action='{enquiry}/close'] button")
    assert manager.told == "The enquiry is closed."
    yield "The enquiry is closed"


def says_how_it_ended(person: Brisk) -> None:
    """Have the last conversation: some of it happened."""
    person.passes_the_gate()
    done = heading_of("done", Speaker.PERSON, Stage.CLOSING)
    while person.heading != done:
        if "some_of_it" in person.offered:
            person.chooses("some_of_it")
        elif skips := [do for do in person.buttons if do.startswith("skip:")]:
            person.presses(skips[0])
        elif person.offered:
            person.chooses(person.offered[0])
        else:
            person.presses(next(f"choose:{one}" for one in ("done", "no") if f"choose:{one}" in person.buttons))


def reached(colleague: Colleague, heading: str) -> str:
    """Name the state, and see that this is the page."""
    assert colleague.heading == heading, colleague.says
    return heading
