"""The pictures of README and of the guide for practitioners.

`make screenshots` makes them anew from the running product, so that they show it as it is.
"""

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from bot.conversation import Speaker
from bot.settings import ROOT
from tests.boxes import trained_model
from tests.browser.visitor import heading_of
from tests.house import House
from tests.tools import find_chromium

PICTURES = ROOT / "docs" / "pictures"
WIDE = (1000, 760)
PAPER = (794, 1123)
PHONE = (360, 760)
TABLET = (768, 1024)

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
        finally:
            browser.close()
            house.close()


def _take(browser: Browser, house: House, size: tuple[int, int], name: str, go: Callable[[Page], object]) -> None:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    go(page)
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
    question = page.locator(".app-sheet__question").nth(3)
    question.evaluate("one => { document.body.dataset.from = one.getBoundingClientRect().top + scrollY - 24 }")


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


if __name__ == "__main__":
    main()
