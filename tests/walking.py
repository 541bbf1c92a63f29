"""Going through the pages as a browser without JavaScript does: read the form, press a button, follow the redirect."""

import time
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Self

import httpx


@dataclass
class Shown:
    """What a page shows, as far as a test needs it."""

    title: str = ""
    heading: str = ""
    step: str = ""
    words: str | None = None
    """What stands in the answer box; None where there is none."""
    choices: list[str] = field(default_factory=list)
    buttons: list[str] = field(default_factory=list)
    quoted: list[str] = field(default_factory=list)
    """What is read back as the person's own words."""
    text: str = ""
    is_waiting: bool = False

    @property
    def takes_an_answer(self) -> bool:
        """Whether there is anything to answer here; the last page has nothing."""
        return bool(self.choices or self.words is not None or any(b.startswith("choose:") for b in self.buttons))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.shown = Shown()
        self._inside: list[str] = []
        self._quote: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "input" and given.get("name") == "step":
            self.shown.step = given["value"]
        elif tag == "input" and given.get("name") == "choice":
            self.shown.choices.append(given["value"])
        elif tag == "button" and given.get("name") == "do":
            self.shown.buttons.append(given["value"])
        elif tag == "textarea":
            self.shown.words = ""
        elif tag == "blockquote":
            self._quote = []
        if tag in {"title", "h1", "textarea"}:
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            self._inside.remove(tag)
        if tag == "blockquote" and self._quote is not None:
            self.shown.quoted.append("".join(self._quote))
            self._quote = None

    def handle_data(self, data: str) -> None:
        if self._quote is not None:
            self._quote.append(data)
        if "title" in self._inside:
            self.shown.title += data
        if "h1" in self._inside:
            self.shown.heading += data
        if "textarea" in self._inside:
            self.shown.words = (self.shown.words or "") + data
        else:
            self.shown.text += data


def read(html: str) -> Shown:
    """Read a page."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    shown = reader.shown
    if shown.words is not None:
        # HTML drops one line break after the opening tag; every browser does.
        shown.words = shown.words.removeprefix("\n")
    shown.heading = " ".join(shown.heading.split())
    shown.is_waiting = "go_on" in shown.buttons and not shown.choices and shown.words is None
    return shown


class Walker:
    """One person at one browser."""

    def __init__(self, browser: httpx.Client) -> None:
        self.browser = browser
        self.page = Shown()
        self.status = 0
        self.took = 0.0
        """Seconds from sending what was pressed to having the whole next page, the redirect included."""

    def begin(self, minutes: int = 30) -> Self:
        """Open the first page and begin."""
        self.browser.get("/")
        return self._take(self.browser.post("/", data={"minutes": str(minutes), "open_for": str(minutes)}))

    def look(self) -> Self:
        """Open the conversation's page again."""
        return self._take(self.browser.get("/conversation"))

    def press(self, do: str, *, words: str | None = None, choice: list[str] | None = None, step: str = "") -> Self:
        """Press a button with the form filled in so."""
        data: dict[str, str | list[str]] = {"step": step or self.page.step, "do": do}
        if words is not None:
            # A browser sends line breaks in a form as CR LF.
            data["words"] = words.replace("\n", "\r\n")
        if choice is not None:
            data["choice"] = choice
        began = time.perf_counter()
        answer = self.browser.post("/conversation", data=data)
        self.took = time.perf_counter() - began
        return self._take(answer)

    def say(self, words: str) -> Self:
        """Answer in words."""
        return self.press("answer", words=words)

    def choose(self, *choice: str) -> Self:
        """Answer by picking, where picking and Continue are two steps; asides have a button for each choice."""
        if not self.page.choices:
            return self.press(f"choose:{choice[0]}")
        return self.press("answer", choice=list(choice))

    def pass_the_gate(self) -> Self:
        """Say that it is safe to go on."""
        return self.choose("yes").choose("nobody").choose("yes")

    def answer_somehow(self, words: str = "Some words of mine") -> Self:
        """Give whatever this page takes; choices are picked so that the conversation goes on to its end."""
        page = self.page
        if page.words is not None:
            return self.say(words)
        for wanted in ("done", "carry_on", "no_thank_you", "safe", "nobody"):
            if wanted in page.choices or f"choose:{wanted}" in page.buttons:
                return self.choose(wanted)
        if "yes" in page.choices or "choose:yes" in page.buttons:
            return self.choose("no" if "else" in page.heading or "other people" in page.heading else "yes")
        if page.choices:
            return self.choose(page.choices[0])
        return self.press(next(button for button in page.buttons if button.startswith("choose:")))

    def _take(self, answer: httpx.Response) -> Self:
        self.status = answer.status_code
        self.page = read(answer.text)
        return self
