"""The pictures of README: the first question on a wide screen, and a later one as a phone shows it.

`make screenshots` makes them anew from the running product, so that they show it as it is.
"""

import os
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from bot.settings import ROOT
from tests.boxes import trained_model
from tests.house import House
from tests.tools import find_chromium

PICTURES = ROOT / "docs" / "pictures"
WIDE = {"width": 1000, "height": 760}
PHONE = {"width": 360, "height": 760}


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
            _take(browser, house, WIDE, "Are you somewhere private now?", "first-question.png")
            _take(browser, house, PHONE, "How do you feel now?", "on-a-phone.png")
        finally:
            browser.close()
            house.close()


def _take(browser: Browser, house: House, size: dict[str, int], question: str, name: str) -> None:
    page = browser.new_page(viewport={"width": size["width"], "height": size["height"]})
    page.goto(house.address)
    page.get_by_role("button", name="Begin").click()
    while page.get_by_role("heading", level=1).inner_text() != question:
        _answer(page)
    page.screenshot(path=PICTURES / name)
    page.close()


def _answer(page: Page) -> None:
    """Give the answer that leads on, whatever is asked."""
    asked = page.get_by_role("heading", level=1).inner_text()
    if page.locator("#words").count():
        page.locator("#words").fill("My sister")
    else:
        leading = page.locator("input[value='yes'], input[value='nobody'], input[value='no_thank_you']")
        (leading if leading.count() else page.locator("input[name=choice]")).first.check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("heading", level=1).filter(has_not_text=asked).wait_for()


if __name__ == "__main__":
    main()
