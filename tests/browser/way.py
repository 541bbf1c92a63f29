"""Going through conversations in Chromium, with the script of our pages or without it."""

from collections.abc import Sequence
from typing import Self

from playwright.sync_api import Browser, Locator

from tests.browser.visitor import Script, Visitor
from tests.three_ways import Doing, OpenHouse, Way, newest


class Brisk(Visitor):
    """A person who need not press Tab all the way to what they want: other tests do."""

    def goes_to(self, target: str) -> Self:
        """Go there at once, and open what it is folded into."""
        found = self.page.locator(target).first
        self._unfold(found)
        found.focus()
        return self

    def _unfold(self, found: Locator) -> None:
        folded = found.locator("xpath=ancestor::details[not(@open)]")
        for place in range(folded.count()):
            folded.nth(place).locator("summary").first.click()


class InChromium(Way):
    """The pages as people see them, under the real content security policy."""

    def __init__(self, house: OpenHouse, browser: Browser, script: Script) -> None:
        super().__init__(house)
        self._browser = browser
        self._script = script
        self.name = f"in Chromium {script}"
        self._visitor: Brisk | None = None

    @property
    def visitor(self) -> Brisk:
        """Whoever is at the browser now."""
        assert self._visitor is not None
        return self._visitor

    def close(self) -> None:
        """Close the browser's windows, and see that it neither complained nor spoke to anybody else."""
        if self._visitor is not None:
            self._visitor.close()
            assert self._visitor.trouble == []
            assert self._visitor.hosts <= {self.house.run.address.split("/")[2]}
            self._visitor = None

    def begin(self, code: str) -> str:
        self._arrive().opens("/invited").pastes(code, "input[name=code]")
        self.visitor.presses_on("form:has(input[name=code]) button")
        self.conversation_id = newest(self.house.store, lambda: self._press("form:has([name=invitation]) button"))
        return self.conversation_id

    def answer(self, doing: Doing, choice: tuple[str, ...]) -> None:
        visitor = self.visitor
        for name in ("note", "original"):
            if words := getattr(doing, name):
                visitor.pastes(words, f"textarea[name={name}]")
        for name in ("how", "whose"):
            if chosen := getattr(doing, name):
                self._tick(name, [chosen])
        if doing.skipped:
            visitor.presses(f"skip:{doing.skipped}")
        elif doing.said is not None:
            visitor.pastes(doing.said).presses("answer")
        elif visitor.offered:
            self._tick("choice", choice)
            visitor.presses("answer")
        else:
            visitor.presses(f"choose:{choice[0]}")

    def press(self, doing: Doing, target: int | None) -> None:
        if doing.typed:
            self.visitor.pastes(doing.typed)
        self.visitor.presses(doing.does if target is None else f"{doing.does}:{target}")

    def come_back_with_a_code(self) -> None:
        self.visitor.presses("make_code:words")
        code = self.visitor.code
        self.visitor.pastes(code, "#typed").presses("confirm_code")
        self._arrive().opens("/come-back").pastes(code, "#code").presses_on("form[action='/come-back'] button")

    def go_on(self) -> None:
        if self._script is Script.OFF:
            self.visitor.presses("go_on")

    def _arrive(self) -> Brisk:
        self.close()
        self._visitor = Brisk(self._browser, self.house.run.address, self._script)
        return self._visitor

    def _press(self, target: str) -> None:
        self.visitor.presses_on(target)

    def _tick(self, name: str, wanted: Sequence[str]) -> None:
        for value in wanted:
            self.visitor.goes_to(f"input[name={name}][value='{value}']").page.keyboard.press("Space")
