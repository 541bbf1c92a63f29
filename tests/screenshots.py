"""The pictures of README and of the guides.

`make screenshots` makes them anew from the running product, so that they show it as it is. Those of the team's side
show made-up data, and each page says so.
"""

import os
import secrets
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from bot import signing_in
from bot.conversation import Speaker, Stage
from bot.flags import FlagKind
from bot.roles import Role
from bot.settings import ROOT
from bot.store import Account, Store
from bot.web.team import counted
from tests.boxes import trained_model
from tests.browser.visitor import heading_of
from tests.house import House
from tests.tools import find_chromium

PICTURES = ROOT / "docs" / "pictures"
WIDE = (1000, 760)
PAPER = (794, 1123)
PHONE = (360, 760)
SMALL = (320, 760)
TABLET = (768, 1024)
DESK = (1280, 860)
TALL = (1280, 1180)

LEADING = ("yes", "nobody", "no_thank_you", "pictures", "imca", "could_not_ask_me")
"""What is chosen where it is on offer; elsewhere what comes first is."""
WORDS = {
    Speaker.PERSON: {},
    Speaker.ADVOCATE: {"advocate_name": "Amara O’Neill"},
    Speaker.PRACTITIONER: {
        "practitioner_name": "Priya Natarajan",
        "practitioner_role": "Social worker",
        "interpreter_name": "Halina",
        "interpreter_language": "Polski",
    },
}
"""What is said to which question; to all others, that it is somebody's sister."""


def main() -> None:
    """Make the pictures."""
    chromium = find_chromium()
    if chromium is None:
        sys.exit("There is no Chromium here. `make tools` installs it as root on Debian.")
    PICTURES.mkdir(parents=True, exist_ok=True)
    trained_model()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        house = House(Path(folder))
        house.take_the_trained_model()
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
        try:
            house.open().wait_until_ready()
            _take(browser, house, WIDE, "first-question.png", lambda page: _begin(page, house))
            _take(browser, house, PHONE, "on-a-phone.png", lambda page: _come_to(_begin(page, house), "feelings"))
            _take(browser, house, TABLET, "practitioner.png", lambda page: _as_practitioner(page, house))
            _take(browser, house, TABLET, "handed-over.png", lambda page: _handed_over(page, house))
            _take(browser, house, TABLET, "advocate.png", lambda page: _as_advocate(page, house))
            _take(browser, house, TABLET, "easier.png", lambda page: _easier(page, house))
            _take(browser, house, TABLET, "yellow-on-black.png", lambda page: _yellow_on_black(page, house))
            _take(browser, house, PAPER, "paper.png", lambda page: _paper(page, house))
            house.close()
            house = House(Path(folder) / "team", address="https://words.example")
            _make_up(house)
            house.open()
            _take(browser, house, DESK, "team-sign-in.png", lambda page: page.goto(f"{house.address}/team"))
            _take(browser, house, DESK, "team-work.png", lambda page: _at_work(page, house))
            _take(browser, house, SMALL, "team-work-small.png", lambda page: _at_work(page, house))
            _take(browser, house, TALL, "team-enquiry.png", lambda page: _enquiry(page, house))
            _take(browser, house, DESK, "team-invitation.png", lambda page: _invitation(page, house))
            _take(browser, house, DESK, "team-transcript.png", lambda page: _transcript(page, house))
            _take(browser, house, DESK, "team-record.png", lambda page: _record(page, house))
            _take(browser, house, TALL, "team-checklist.png", lambda page: _checklist(page, house))
            _take(browser, house, DESK, "team-people.png", lambda page: _people(page, house))
            _take(browser, house, DESK, "team-settings.png", lambda page: _settings(page, house))
            _take(browser, house, TALL, "team-now.png", lambda page: _now(page, house))
            _take(browser, house, TALL, "team-quote.png", lambda page: _quote(page, house))
            house.close()
            house = House(Path(folder) / "board", address="https://words.example")
            _make_up_a_year(house)
            house.open()
            _take(browser, house, TALL, "board-pack.png", lambda page: _pack(page, house))
            _take(browser, house, PAPER, "board-pack-paper.png", lambda page: _pack_on_paper(page, house))
            _take(browser, house, TALL, "board-measure.png", lambda page: _measure(page, house))
            _take(browser, house, DESK, "board-heard.png", lambda page: _heard(page, house))
            _take(browser, house, DESK, "team-figures.png", lambda page: _figures(page, house))
        finally:
            browser.close()
            house.close()


def _take(browser: Browser, house: House, size: tuple[int, int], name: str, go: Callable[[Page], object]) -> None:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    go(page)
    page.wait_for_function("[...document.images].every((one) => one.complete)")
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur(); scrollTo(0, document.body.dataset.from ?? 0)")
    page.screenshot(path=PICTURES / name)
    page.close()


def _begin(page: Page, house: House, speaker: Speaker = Speaker.PERSON) -> Page:
    page.goto(house.address)
    if speaker is not Speaker.PERSON:
        page.locator(f"input[name=speaker][value={speaker}]").check()
        page.get_by_role("button", name="Begin").click()
        page.wait_for_url(f"**/welcome/{speaker}")
    page.get_by_role("button", name="Begin").click()
    page.locator("#step").wait_for()
    return page


def _as_practitioner(page: Page, house: House) -> Page:
    _come_to(_begin(page, house, Speaker.PRACTITIONER), "feelings", Speaker.PRACTITIONER)
    page.locator("#words").fill("I am tired, and I am afraid of the evening.")
    page.locator("#original").fill("Jestem zmęczona i boję się wieczoru.")
    return page


def _handed_over(page: Page, house: House) -> None:
    _come_to(_begin(page, house, Speaker.PRACTITIONER), "safe_now", Speaker.PRACTITIONER)
    page.get_by_role("button", name="Hand the screen over").click()
    page.get_by_role("button", name="Give the screen back").wait_for()


def _as_advocate(page: Page, house: House) -> None:
    _come_to(_begin(page, house, Speaker.ADVOCATE), "feelings", Speaker.ADVOCATE)
    page.locator("#words").fill("He took my hand and pulled me to the door.")
    page.locator("input[value=understood]").check()


def _easier(page: Page, house: House) -> None:
    _begin(page, house)
    page.get_by_role("button", name="Make this easier to use").click()
    page.locator("input[name=size]").first.wait_for()


def _yellow_on_black(page: Page, house: House) -> None:
    _easier(page, house)
    page.locator("input[name=size][value='125']").check()
    page.locator("input[name=colours][value=yellow_on_black]").check()
    page.get_by_role("button", name="Use these").click()
    page.locator("#step").wait_for()
    _come_to(page, "safe_now")


def _paper(page: Page, house: House) -> None:
    page.goto(f"{house.address}/paper/first/person")
    page.emulate_media(media="print")
    _from(page.locator(".app-sheet__question").nth(3))


def _from(part: Locator) -> None:
    """Have the picture begin a little above this."""
    part.evaluate("one => { document.body.dataset.from = one.getBoundingClientRect().top + scrollY - 24 }")


def _come_to(page: Page, name: str, speaker: Speaker = Speaker.PERSON) -> Page:
    heading = page.get_by_role("heading", level=1)
    while (asked := heading.inner_text()) != heading_of(name, speaker):
        _answer(page, asked, speaker)
        heading.filter(has_not_text=asked).wait_for()
    return page


def _answer(page: Page, asked: str, speaker: Speaker) -> None:
    """Give the answer that leads on, whatever is asked."""
    if page.locator("#words").count():
        said = {heading_of(name, speaker): words for name, words in WORDS[speaker].items()}
        page.locator("#words").fill(said.get(asked, "My sister"))
        if page.locator("input[name=whose]").count():
            page.locator("input[name=whose]").first.check()
    else:
        leading = page.locator(", ".join(f"input[name=choice][value={choice}]" for choice in LEADING))
        (leading if leading.count() else page.locator("input[name=choice]")).first.check()
    page.get_by_role("button", name="Continue", exact=True).last.click()


# --- the team's side -------------------------------------------------------------------------------------------------


def _make_up(house: House) -> None:
    house.take_the_trained_model()
    made = house.command("demo", "--enquiries", "40")
    assert made.returncode == 0, made.stderr
    _raise_flags(house)


def _raise_flags(house: House) -> None:
    """Have something be asked for soon: in made-up data, what was flagged was answered long ago."""
    now = datetime.now(UTC)
    with house.store() as store, store.begin() as kept:
        accesses = kept.allocations.accesses([one.enquiry_id for one in kept.enquiries.listed() if not one.closed_at])
        duty = next(team.team_id for team in kept.teams.listed() if team.duty)
        ours = {one for one, its in accesses.items() if its.team_id == duty and its.allocated and not its.is_restricted}
        begun = [
            one
            for one in kept.conversations.listed()
            if one.enquiry_id in ours and one.stage is Stage.FIRST and one.speaker is Speaker.PERSON
        ]
        for one, kind, minutes in zip(
            begun, (FlagKind.IN_DANGER_NOW, FlagKind.ADVOCATE_WANTED), (25, 12), strict=False
        ):
            kept.flags.raise_flag(one.conversation_id, kind, one.length, now - timedelta(minutes=minutes))


def _signed_in(page: Page, house: House, account: Account) -> None:
    secret = secrets.token_urlsafe(32)
    with house.store() as store, store.begin() as kept:
        kept.sessions.open(signing_in.hash_of(secret), account.account_id, datetime.now(UTC))
    page.context.add_cookies([{"name": "team", "value": secret, "domain": "127.0.0.1", "path": "/team"}])


def _accounts(house: House, role: Role) -> list[Account]:
    """List those of a role, the team on duty first."""
    with house.store() as store, store.reading() as seen:
        duty = next(team.team_id for team in seen.teams.listed() if team.duty)
        found = [one for one in seen.accounts.listed() if one.role is role]
    return sorted(found, key=lambda one: duty not in one.team_ids)


def _at_work(page: Page, house: House) -> None:
    """Look at the first page of somebody who is asked to read something soon."""
    _signed_in(page, house, _accounts(house, Role.PRACTITIONER)[0])
    page.goto(f"{house.address}/team/work")
    page.locator("#flags").wait_for()


def _enquiry(page: Page, house: House) -> str:
    """Open the enquiry in which the team has done most, as a manager, and give its address."""
    _signed_in(page, house, _accounts(house, Role.MANAGER)[0])
    with house.store() as store:
        enquiry_id = _busiest(store)
    address = f"{house.address}/team/enquiries/{enquiry_id}"
    page.goto(address)
    page.locator("main form button").click()
    page.locator("#wanted").wait_for()
    return address


def _busiest(store: Store) -> str:
    with store.reading() as seen:
        duty = next(team.team_id for team in seen.teams.listed() if team.duty)
        open_ones = [one.enquiry_id for one in seen.enquiries.listed() if one.closed_at is None]
        accesses = seen.allocations.accesses(open_ones)
        return max(
            (one for one, its in accesses.items() if its.team_id == duty and its.allocated and not its.is_restricted),
            key=lambda one: len(seen.entries.of_enquiry(one)),
        )


def _invitation(page: Page, house: House) -> None:
    page.goto(f"{_enquiry(page, house)}/invite")
    for name, value in (("stage", "check-in"), ("speaker", "person"), ("safe", "yes")):
        page.locator(f"input[name={name}][value={value}]").check()
    page.locator("#how").fill("By hand, at the library on Thursdays")
    page.get_by_role("button", name="Make the invitation").click()
    page.locator(".work-card").wait_for()


def _transcript(page: Page, house: House) -> None:
    _enquiry(page, house)
    page.locator("#timeline ~ ol form button").first.click()
    _from(page.locator(".work-exchange", has=page.locator("blockquote")).first)


def _record(page: Page, house: House) -> None:
    page.goto(f"{_enquiry(page, house)}/records/wish_not_followed")
    _from(page.locator(".record-form"))


def _checklist(page: Page, house: House) -> None:
    page.goto(f"{_enquiry(page, house)}/checklist")


def _people(page: Page, house: House) -> None:
    _signed_in(page, house, _accounts(house, Role.ADMINISTRATOR)[0])
    page.goto(f"{house.address}/team/people")


def _settings(page: Page, house: House) -> None:
    _signed_in(page, house, _accounts(house, Role.ADMINISTRATOR)[0])
    page.goto(f"{house.address}/team/settings/people")
    page.locator("[name=read_within]").fill("three working days")
    page.get_by_role("button", name="Look at it first").click()
    page.locator("#differences").wait_for()


def _now(page: Page, house: House) -> None:
    _signed_in(page, house, _accounts(house, Role.MANAGER)[0])
    page.goto(f"{house.address}/team/now")


def _quote(page: Page, house: House) -> None:
    """Look at words that somebody let us quote, and that nobody decided about yet."""
    for account in _accounts(house, Role.MANAGER):
        _signed_in(page, house, account)
        page.goto(f"{house.address}/team/quotes")
        if page.locator(".work-row a").count():
            break
    page.locator(".work-row a").first.click()
    page.get_by_role("button", name="Open", exact=True).click()
    page.locator("#quoted").wait_for()


# --- figures of a whole year -----------------------------------------------------------------------------------------


def _make_up_a_year(house: House) -> None:
    house.take_the_trained_model()
    made = house.command("demo", "--year", "--enquiries", "900", "--teams", "3")
    assert made.returncode == 0, made.stderr


def _year() -> int:
    """Give the year that was made up: the last whole one."""
    return counted.year_of(datetime.now(UTC).date()) - 1


def _pack(page: Page, house: House) -> None:
    _signed_in(page, house, _accounts(house, Role.BOARD_MEMBER)[0])
    page.goto(f"{house.address}/team/pack?period={_year()}")


def _pack_on_paper(page: Page, house: House) -> None:
    _pack(page, house)
    page.emulate_media(media="print")


def _measure(page: Page, house: House) -> None:
    _signed_in(page, house, _accounts(house, Role.BOARD_MEMBER)[0])
    page.goto(f"{house.address}/team/pack/achieved?period={_year()}")


def _heard(page: Page, house: House) -> None:
    _signed_in(page, house, _accounts(house, Role.BOARD_MEMBER)[0])
    page.goto(f"{house.address}/team/in-their-words?period={_year()}")
    _from(page.locator("#answers"))


def _figures(page: Page, house: House) -> None:
    _signed_in(page, house, _accounts(house, Role.MANAGER)[0])
    page.goto(f"{house.address}/team/figures?period={_year()}")


if __name__ == "__main__":
    main()
