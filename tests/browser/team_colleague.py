"""Somebody of the team at a browser, with a keyboard, and with a phone that shows codes."""

import re
import time
from typing import Self
from urllib.parse import urlsplit

import pyotp
from playwright.sync_api import Browser, ConsoleMessage, Response

from tests.browser.visitor import Purpose, Script, Visitor

PASSWORD = "seven quiet herons"

MISSED = re.compile(r"Failed to load resource: the server responded with a status of (403|404|409)\b")
"""What the team's pages answer besides: an old page, nothing there, somebody was first."""


class Colleague(Visitor):
    """A colleague at a browser."""

    def __init__(
        self, browser: Browser, address: str, script: Script, purpose: Purpose = Purpose.JOURNEY, width: int = 1280
    ) -> None:
        self.seen: set[str] = set()
        """The paths of all pages that were looked at."""
        super().__init__(browser, address, script, purpose, width)
        self.account_id = ""
        self.email = ""
        self.session = ""
        self._secret = ""
        self._counter = 0

    # --- looking -----------------------------------------------------------------------------------------------------

    @property
    def path(self) -> str:
        """Where they are."""
        return urlsplit(self.page.url).path

    @property
    def says(self) -> str:
        """What can be read in the page's own part."""
        return " ".join(self.page.locator("main").inner_text().split())

    @property
    def told(self) -> str:
        """What the page before has done."""
        return " ".join(self.page.locator(".team-told").all_inner_texts()).strip()

    @property
    def problems(self) -> list[str]:
        """What is to be put right."""
        return self.page.locator(".govuk-error-summary__list li").all_inner_texts()

    @property
    def navigation(self) -> list[str]:
        """The entries of the navigation."""
        return self.page.locator("nav[aria-label=Pages] a").all_inner_texts()

    @property
    def headings(self) -> list[str]:
        """The headings below the first, in order."""
        return [" ".join(one.split()) for one in self.page.locator("main h2").all_inner_texts()]

    # --- going somewhere ---------------------------------------------------------------------------------------------

    def goes(self, entry: str) -> Self:
        """Follow an entry of the navigation."""
        found = self.page.locator("nav[aria-label=Pages] a").get_by_text(entry, exact=True)
        return self.follows(found.get_attribute("href") or "")

    def sends(self, action: str, **fields: str) -> Self:
        """Type into the fields of a form, and send it by its first button."""
        form = f"form[action='{action}']"
        for name, words in fields.items():
            self.pastes(words, f"{form} [name='{name}']")
        return self.presses_on(f"{form} button")

    def picks(self, name: str, value: str) -> Self:
        """Pick one of a list that opens, with the arrow keys."""
        self.goes_to(f"select[name={name}]")
        box = self.page.locator(f"select[name={name}]")
        for _ in range(box.locator("option").count()):
            if box.input_value() == value:
                break
            self.page.keyboard.press("ArrowDown")
        assert box.input_value() == value
        return self

    def dates(self, name: str, day: str, month: str, year: str) -> Self:
        """Type a day."""
        for part, number in (("day", day), ("month", month), ("year", year)):
            self.pastes(number, f"#{name}-{part}")
        return self

    # --- signing in --------------------------------------------------------------------------------------------------

    def comes_by(self, link: str, **who: str) -> Self:
        """Open a one-time link, choose a password, and set up the phone that shows codes."""
        self.opens(link)
        self._secret = self.page.locator(".team-secret").inner_text().replace(" ", "")
        self.email = who.get("email") or self.page.locator("#email").input_value()
        proof = {"password": PASSWORD, "password_again": PASSWORD, "code": self.code_now()}
        return self.sends(link, **who, **proof)

    def signs_in(self) -> Self:
        """Sign in with the password and the code of the phone."""
        self.sends("/team/sign-in", email=self.email, password=PASSWORD)
        return self.sends("/team/sign-in/code", code=self.code_now())

    def proves_it(self) -> Self:
        """Prove again who they are."""
        return self.sends("/team/prove", password=PASSWORD, code=self.code_now())

    def code_now(self) -> str:
        """Give a code that was not used before: the one of this moment, or the one that comes next."""
        step = int(time.time()) // 30
        while self._counter > step:
            time.sleep(1)
            step = int(time.time()) // 30
        self._counter = max(step, self._counter + 1)
        return pyotp.TOTP(self._secret).at(self._counter * 30)

    # --- watching ----------------------------------------------------------------------------------------------------

    def _answered(self, response: Response) -> None:
        super()._answered(response)
        if response.request.method == "GET":
            self.seen.add(urlsplit(response.url).path)

    def _heard(self, message: ConsoleMessage) -> None:
        if not (MISSED.match(message.text) and "/team" in message.location.get("url", "")):
            super()._heard(message)
