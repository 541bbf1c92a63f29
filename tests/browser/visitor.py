"""One person at one browser, with a keyboard and nothing else. What the browser does meanwhile is watched."""

import copy
import re
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, Self
from urllib.parse import urlsplit

from itsdangerous import URLSafeTimedSerializer
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, Response

from bot.conversation import Speaker, Stage
from bot.project import load_interview

PATIENCE = 60_000
"""Milliseconds that a page may take on a busy machine before a test gives up on it."""

MOST_STOPS = 400
"""More stops for the Tab key than any page has."""

WIDTHS = {320: 568, 768: 1024, 1280: 800}
"""The sizes at which pages are looked at: a small phone (or 400 % zoom), a tablet, a computer."""

REFUSED = re.compile(r"Failed to load resource: the server responded with a status of (422|503)\b")
"""Chromium logs every answer of 400 and more as an error. These two are ours: put this right, or try again."""

HEARS_OF_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`violated: ${event.violatedDirective} by ${event.blockedURI}`);
});
"""

# Where the Tab key has come to, and whether it can be seen there. The bar itself, and the link that comes out of it,
# may lie on top; a row of cards may show the focus on the card and not on its small circle.
STOP = """
(wanted) => {
  const here = document.activeElement;
  if (!here || here === document.body) return { what: "", is_there: false, is_covered: false };
  const shown = here.matches("input[type=radio], input[type=checkbox]") ? here.labels[0] : here;
  const at = shown.getBoundingClientRect();
  const top = document.querySelector(".app-bar")?.getBoundingClientRect().bottom ?? 0;
  const is_over = here.closest(".app-bar, .govuk-skip-link") !== null;
  return {
    what: here.outerHTML.slice(0, 120),
    is_there: here.matches(wanted),
    is_covered: !is_over && (at.top < top - 0.5 || Math.min(at.bottom, at.top + 44) > innerHeight + 0.5),
  };
}
"""


class Script(StrEnum):
    """Whether the browser runs the script of our pages."""

    ON = "with script"
    OFF = "without script"


class Purpose(StrEnum):
    """What a browser is opened for."""

    JOURNEY = "journey"
    """To go through the pages just as a person does, under the real content security policy."""
    CHECKING = "checking"
    """To run programs that check a page. They need leave to, so the policy is not kept to, and the script of our pages
    is held back, where it is not wanted, by never delivering it."""


def heading_of(name: str, speaker: Speaker = Speaker.PERSON, stage: Stage = Stage.FIRST) -> str:
    """Give the heading under which something is asked or told. What is read back stands above it."""
    interview = load_interview()
    asked = f"utter_ask_{name}"
    response = asked if (asked, speaker, stage) in interview.responses else f"utter_{name}"
    return interview.response(response, speaker, stage).wording.splitlines()[-1]


class Visitor:
    """A person at a browser."""

    def __init__(
        self, browser: Browser, address: str, script: Script, purpose: Purpose = Purpose.JOURNEY, width: int = 1280
    ) -> None:
        self.address = address
        self.script = script
        self.purpose = purpose
        is_checking = purpose is Purpose.CHECKING
        self.context: BrowserContext = browser.new_context(
            viewport={"width": width, "height": WIDTHS[width]},
            bypass_csp=is_checking,
            java_script_enabled=is_checking or script is Script.ON,
        )
        self.context.set_default_timeout(PATIENCE)
        self.hosts: set[str] = set()
        self.trouble: list[str] = []
        self.answers: list[Response] = []
        self.words: list[str] = []
        """What was typed and sent as an answer, in order."""
        self.choices: list[tuple[str, ...]] = []
        """What was chosen, in order."""
        self.conversation_id = ""
        """The latest conversation. Anybody can read it from a step, and do nothing with it."""
        self.speaker, self.stage = Speaker.PERSON, Stage.FIRST
        """Who they speak as there, and at which stage."""
        if is_checking and script is Script.OFF:
            self.context.route("**/*.js", lambda route: route.abort())
        self.context.add_init_script(HEARS_OF_VIOLATIONS)
        self.context.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        self.context.on("response", self._answered)
        self.context.on("console", self._heard)
        self.context.on("weberror", lambda error: self.trouble.append(str(error.error)))
        self.page: Page = self.context.new_page()

    def another_window(self) -> Self:
        """Open another window of the same browser."""
        window = copy.copy(self)
        window.page = self.context.new_page()
        return window

    def close(self) -> None:
        """Close the browser's windows."""
        self.context.close()

    # --- looking -----------------------------------------------------------------------------------------------------

    @property
    def heading(self) -> str:
        """What is asked or told."""
        return " ".join(self.page.locator("h1").inner_text().split())

    @property
    def title(self) -> str:
        """What stands in the tab."""
        return self.page.title()

    @property
    def box(self) -> str:
        """What stands in the answer box, to the character."""
        return self.page.locator("#words").input_value()

    @property
    def offered(self) -> list[str]:
        """What can be chosen, in the order shown."""
        found: list[str] = self.page.locator("input[name=choice]").evaluate_all("all => all.map(one => one.value)")
        return found

    @property
    def buttons(self) -> list[str]:
        """What can be pressed, by what it does."""
        found: list[str] = self.page.locator("button[name=do]").evaluate_all("all => all.map(one => one.value)")
        return found

    @property
    def quotations(self) -> list[str]:
        """A person's words wherever the page shows them, to the character."""
        found: list[str] = self.page.locator(".app-words").evaluate_all("all => all.map(one => one.textContent)")
        return found

    @property
    def status(self) -> str:
        """What is said aloud beside the page."""
        return self.page.locator("#status").text_content() or ""

    @property
    def focus(self) -> str:
        """Where the focus is: the element's name, and its id if it has one."""
        found: str = self.page.evaluate(
            "() => document.activeElement.localName + (document.activeElement.id && '#' + document.activeElement.id)"
        )
        return found

    @property
    def source(self) -> str:
        """The latest page as the server sent it."""
        return self.answers[-1].text()

    @property
    def code(self) -> str:
        """The code that is shown, as somebody would read it out."""
        return " ".join(self.page.locator(".app-code__group").all_inner_texts())

    # --- going somewhere ---------------------------------------------------------------------------------------------

    def opens(self, path: str) -> Self:
        """Type an address."""
        self.page.goto(self.address + path)
        return self._looks()

    def begins(self, speaker: Speaker = Speaker.PERSON) -> Self:
        """Read the first page and begin; whoever else speaks than the person says so, and reads their own."""
        self.opens("/")
        if speaker is not Speaker.PERSON:
            self.says_who_is_speaking(speaker)
        self.speaker, self.stage = speaker, Stage.FIRST
        return self.begins_here()

    def says_who_is_speaking(self, speaker: Speaker) -> Self:
        """Choose, on the first page, who is speaking."""
        self.goes_to("input[name=speaker]")
        while not self._stop(f"input[value={speaker}]")["is_there"]:
            self.page.keyboard.press("ArrowDown")
        return self.presses_on("form[action='/'] button")

    def begins_with(self, code: str, stage: Stage, speaker: Speaker = Speaker.PERSON) -> Self:
        """Type the code of an invitation, read the first page and begin."""
        self.opens("/invited").pastes(code, "#code").presses_on("form[action='/invited'] button")
        self.speaker, self.stage = speaker, stage
        return self.begins_here()

    def passes_the_gate(self) -> Self:
        """Say that it is safe to go on."""
        return self.chooses("yes").chooses("nobody").chooses("yes")

    def begins_here(self) -> Self:
        """Begin, on the page that says what this is."""
        self.presses_on("form:has(input[name=minutes]) button")
        step = self.page.locator("input[name=step]").input_value()
        _, payload = URLSafeTimedSerializer("no key", salt="step").loads_unsafe(step)
        self.conversation_id = str(payload[0])
        return self

    def follows(self, path: str) -> Self:
        """Follow a link."""
        return self.presses_on(f"a[href='{path}']")

    def says(self, words: str) -> Self:
        """Write into the answer box and continue."""
        self.writes(words)
        self.words.append(words)
        return self.presses("answer")

    def chooses(self, *wanted: str) -> Self:
        """Choose and continue; what is asked beside the interview has a button for each choice."""
        self.choices.append(tuple(choice for choice in self.offered if choice in wanted) or wanted)
        if not self.offered:
            return self.presses(f"choose:{wanted[0]}")
        self.ticks(*wanted)
        return self.presses("answer")

    def skips(self, how: str) -> Self:
        """Take one of the four ways not to answer, with the space bar."""
        self.choices.append((how,))
        return self.presses_on(f"button[name=do][value='skip:{how}']", "Space")

    def presses(self, do: str) -> Self:
        """Press a button of the conversation."""
        return self.presses_on(f"button[name=do][value='{do}']")

    def presses_on(self, target: str, key: str = "Enter") -> Self:
        """Go to something that leads to another page, and press it."""
        self.goes_to(target)
        with self.another_page():
            self.page.keyboard.press(key)
        return self

    def leaves(self, with_key: str = "Enter") -> Self:
        """Leave quickly by the button that is always there."""
        self.goes_to(".app-leave").page.keyboard.press(with_key)
        self.page.get_by_role("heading", name="Sun and showers").wait_for()
        return self

    def goes_back(self) -> bool:
        """Press Back. False when the browser has no page to show: what came of a form is not sent for again."""
        try:
            self.page.go_back()
        except Error as error:
            if "net::ERR_CACHE_MISS" not in error.message:
                raise
            return False
        return True

    @contextmanager
    def another_page(self) -> Iterator[None]:
        """Wait for the page that comes of this, whether it is a new one or only what is on it."""
        self.page.locator("h1").evaluate("heading => heading.dataset.before = ''")
        yield
        self.page.locator("h1:not([data-before])").wait_for()
        self._looks()

    def presses_in_vain(self, do: str) -> Self:
        """Press a button whose answer does not come, so that the page stays."""
        self.goes_to(f"button[name=do][value='{do}']").page.keyboard.press("Enter")
        self.page.locator("#not-kept").wait_for()
        return self

    # --- the keyboard ------------------------------------------------------------------------------------------------

    def goes_to(self, target: str) -> Self:
        """Press Tab until the focus is on it. Every stop on the way has to be in sight."""
        if self.purpose is Purpose.CHECKING:
            self.page.locator(target).first.focus()
            return self
        passed: list[str] = []
        stop = self._stop(target)
        while not stop["is_there"]:
            assert len(passed) < MOST_STOPS, f"{target} cannot be reached; passed {passed[:60]}"
            self.page.keyboard.press("Tab")
            stop = self._stop(target)
            assert not stop["is_covered"], f"{stop['what']} has the focus and is not in sight, on: {self.heading}"
            passed.append(stop["what"])
        return self

    def writes(self, words: str, target: str = "#words") -> Self:
        """Type into a box in place of what stands in it."""
        self.goes_to(target)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.press("Delete")
        self.page.keyboard.type(words)
        return self

    def pastes(self, words: str, target: str = "#words") -> Self:
        """Paste into a box in place of what stands in it."""
        self.goes_to(target)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(words)
        return self

    def ticks(self, *wanted: str) -> Self:
        """Choose, without continuing: one with the arrow keys, several with the space bar."""
        if self.page.locator("input[type=checkbox][name=choice]").count():
            for choice in [choice for choice in self.offered if choice in wanted]:
                self.goes_to(f"input[value='{choice}']")
                self.page.keyboard.press("Space")
            return self
        self.goes_to("input[name=choice]")
        if self._stop(f"input[value='{wanted[0]}']")["is_there"]:
            self.page.keyboard.press("Space")
        while not self._stop(f"input[value='{wanted[0]}']")["is_there"]:
            self.page.keyboard.press("ArrowDown")
        return self

    def ticks_one(self, name: str, value: str) -> Self:
        """Choose one thing of a kind, without continuing; where one can be taken with others, the space bar does it."""
        if self.page.locator(f"input[type=checkbox][name={name}]").count():
            self.goes_to(f"input[name={name}][value='{value}']").page.keyboard.press("Space")
            return self
        wanted = f"input[name={name}][value='{value}']"
        self.goes_to(f"input[name={name}]")
        if not self.page.locator(f"input[name={name}]:checked").count():
            self.page.keyboard.press("Space")
        while not self._stop(wanted)["is_there"]:
            self.page.keyboard.press("ArrowDown")
        return self

    def opens_up(self, target: str) -> Self:
        """Open what something is folded into."""
        self.goes_to(f"details:not([open]):has({target}) > summary").page.keyboard.press("Enter")
        return self

    # --- watching ----------------------------------------------------------------------------------------------------

    def _stop(self, wanted: str) -> dict[str, Any]:
        found: dict[str, Any] = self.page.evaluate(STOP, wanted)
        return found

    def _looks(self) -> Self:
        self.page.wait_for_load_state("domcontentloaded")
        if self.script is Script.ON:
            self.page.locator("body.js-enabled").wait_for()
        return self

    def _answered(self, response: Response) -> None:
        if response.headers.get("content-type", "").startswith("text/html") and self.address in response.url:
            self.answers.append(response)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not REFUSED.match(message.text):
            self.trouble.append(f"{message.type}: {message.text}")
