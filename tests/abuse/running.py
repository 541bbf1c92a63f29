"""Nothing that is typed runs: in a browser, in print, in documents, in spreadsheets, on a terminal.

In Chromium with the script of our pages and with scripts turned off, and byte for byte all the same.
"""

import csv
import io
import os
import subprocess
import sys
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bot.documents import Style, as_paragraphs
from bot.publishing.writing import as_csv, harmless
from bot.settings import ROOT
from tests.abuse.exact import AT_ONCE, batched, sites
from tests.abuse.measuring import Length, Row, counted, proven
from tests.abuse.naughty import everything, in_a_browser, lone_surrogates
from tests.served import served
from tests.talking import KEY, NOW
from tests.team.conftest import TeamSite
from tests.tools import find_chromium

HEARS = """
window.ran = 0;
for (const name of ["alert", "confirm", "prompt", "open", "print"]) window[name] = () => { window.ran += 1; };
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`violated: ${event.violatedDirective}`);
});
"""

PUT = """
([words]) => {
  const box = document.querySelector("#words");
  box.value = words;
  box.dispatchEvent(new Event("input", { bubbles: true }));
}
"""
"""What pasting comes to, half signs included."""

FOREIGN = """
() => [...document.querySelectorAll(".app-words *, #words *, [onerror], [onload], [onclick], iframe, object")]
  .map(one => one.localName)
"""
"""Whatever a person's words made in a page that is not text."""


@dataclass
class Watched:
    """A browser in which everything is heard that should not be."""

    context: BrowserContext
    address: str
    trouble: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.context.add_init_script(HEARS)
        self.context.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        self.context.on("dialog", lambda dialog: (self.trouble.append("a dialog opened"), dialog.dismiss()))
        self.context.on("weberror", lambda error: self.trouble.append("a script failed"))
        self.context.on(
            "page", lambda page: self.trouble.append("a window opened") if len(self.context.pages) > 1 else 0
        )
        self.context.on(
            "console",
            lambda told: (
                self.trouble.append(f"the console said: {told.type}") if told.type in {"error", "warning"} else None
            ),
        )
        self.page: Page = self.context.new_page()

    def looks(self) -> None:
        """Look at the page that is open."""
        if self.page.evaluate("() => window.ran"):
            self.trouble.append("a script ran")
        self.trouble += [f"words became a {name}" for name in self.page.evaluate(FOREIGN)]

    def presses(self, do: str) -> None:
        """Press a button, and wait for what comes of it."""
        self.page.locator("h1").evaluate("heading => heading.dataset.before = ''")
        self.page.locator(f"button[name=do][value='{do}']").first.dispatch_event("click")
        self.page.locator("h1:not([data-before])").wait_for()
        self.page.wait_for_load_state("domcontentloaded")

    @property
    def quoted(self) -> set[str]:
        """Every text that stands as somebody's words."""
        return set(self.page.locator("blockquote").evaluate_all("all => all.map(one => one.textContent)"))


@dataclass
class Typed:
    """What came of typing in a browser."""

    wrong: list[str] = field(default_factory=list)
    """Not kept or not shown to the byte."""
    trouble: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    conversations: list[str] = field(default_factory=list)


def typed(browser: Browser, site: TeamSite, address: str, items: Mapping[str, str], *, script: bool) -> Typed:
    """Type each as an addition to one answer, and look at every page that has it; the copy and the print of it too."""
    came = Typed()
    waiting = iter(items.items())
    while part := list(islice(waiting, AT_ONCE)):
        before = _ids(site)
        watched = Watched(browser.new_context(java_script_enabled=script), address)
        page = watched.page
        page.goto(address)
        with page.expect_navigation():
            page.locator("form:has(input[name=minutes]) button").first.click()
        page.fill("#words", "The first words")
        watched.presses("answer")
        [conversation_id] = _ids(site) - before
        came.conversations.append(conversation_id)
        for name, words in part:
            watched.presses("add_more")
            page.evaluate(PUT, [words])
            watched.presses("answer")
            if "choose:carry_on" in page.content():
                watched.presses("choose:carry_on")
            watched.looks()
            if in_a_browser(words).replace("\0", "\ufffd") not in watched.quoted:
                came.wrong.append(f"{name} is not on the page as it was typed")
        page.emulate_media(media="print")
        watched.looks()
        with site.store.reading() as seen:
            kept = {turn.words for turn in seen.conversations.turns(conversation_id)}
        came.wrong += [f"{name} is not kept as it was typed" for name, words in part if in_a_browser(words) not in kept]
        came.trouble += watched.trouble
        came.hosts |= watched.hosts
        watched.context.close()
    return came


def _ids(site: TeamSite) -> set[str]:
    with site.store.reading() as seen:
        return {one.conversation_id for one in seen.conversations.listed()}


# --- documents, spreadsheets, terminals ------------------------------------------------------------------------------

DOING = ("w:fldSimple", "w:instrText", "w:hyperlink", "w:object", "w:altChunk", 'TargetMode="External"')


def in_documents(content: bytes) -> list[str]:
    """Name what a document would do when it is opened."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        written = "".join(
            packed.read(name).decode()
            for name in packed.namelist()
            if name.endswith((".xml", ".rels")) and "word" in name
        )
    return [
        f"a document has {one}" for one in DOING if f"<{one}" in written or (one.startswith("T") and one in written)
    ]


def in_spreadsheets(items: Mapping[str, str], guard: Callable[[str], str] = harmless) -> list[str]:
    """Name what a spreadsheet program would take for a formula in a CSV file of ours."""
    wrong = []
    for name, words in items.items():
        written = as_csv([[guard(words)]])
        [[cell]] = csv.reader(io.StringIO(written.decode(), newline=""))
        if unicodedata.normalize("NFKC", cell.lstrip("\ufeff\0 \u200b"))[:1] in {*"=+-@|%\t\r\n"} - {""}:
            wrong.append(f"{name} begins a formula")
    return wrong


def on_a_terminal(folder: Path, site: TeamSite, conversation_ids: list[str]) -> list[str]:
    """Name the signs that `show` sends to a terminal and that it would obey."""
    wrong = []
    settings = {"DATA": folder / "data", "ROOT_KEY": site.path.parent / KEY, "DATABASE": f"sqlite:///{site.path}"}
    environment = {**os.environ, **{f"OWNWORDS_{name}": str(value) for name, value in settings.items()}}
    for conversation_id in conversation_ids:
        told = subprocess.run(
            [sys.executable, "-m", "bot", "show", conversation_id],
            cwd=ROOT,
            env={**environment, "FORCE_COLOR": "", "NO_COLOR": "1", "TERM": "dumb"},
            capture_output=True,
            check=False,
        )
        shown = told.stdout.decode("utf-8")
        if told.returncode or told.stderr:
            wrong.append("`show` failed")
        wrong += [
            f"`show` prints U+{ord(sign):04X}" for sign in set(shown) if not sign.isprintable() and sign not in "\n\t"
        ]
    return wrong


# --- the rows --------------------------------------------------------------------------------------------------------


def measured(length: Length, folder: Path) -> Iterator[Row]:
    """Type everything in Chromium, and open what comes out."""
    chromium = find_chromium()
    assert chromium is not None
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(chromium), args=arguments)
        yield from measured_in(browser, length, folder)
        browser.close()


def measured_in(browser: Browser, length: Length, folder: Path) -> Iterator[Row]:
    """Type everything in this browser, and open what comes out."""
    items = {**everything(), **lone_surrogates()}
    part = items if length is Length.LONG else batched(items)
    with sites(folder) as open_sites:
        for name, site in open_sites.items():
            with served(site) as address:
                host = urlsplit(address).netloc
                for how, script in (("without script", False), ("with script", True)):
                    came = typed(browser, site, address, part, script=script)
                    yield counted(
                        f"{len(items)} strings, {how}, {name}: changed on the page or in the record",
                        came.wrong,
                        len(part) * 2,
                        "0",
                    )
                    yield counted(f"what ran, opened or was violated, {how}, {name}", came.trouble, len(part), "0")
                    others = [one for one in came.hosts if one != host]
                    yield counted(f"hosts asked for but our own, {how}, {name}", others, len(came.hosts), "0")
                if name == "SQLite":
                    yield counted(
                        "signs that a terminal obeys, printed by `show`",
                        on_a_terminal(folder, site, came.conversations[: 3 if length is Length.SHORT else None]),
                        len(came.conversations),
                        "0",
                    )
                    yield proven("a script that runs in a page", is_found=_finds_a_script(browser, site, address))
    cells = {name: in_a_browser(words) for name, words in items.items()}
    yield counted("formulas in CSV", in_spreadsheets(cells), len(cells), "0")
    yield proven("a formula in CSV", is_found=bool(in_spreadsheets(cells, str)))
    document = as_paragraphs(NOW, ((Style.WORDS, words) for words in items.values()))
    yield counted("fields, links and objects in DOCX", in_documents(document), len(items), "0")


def _finds_a_script(browser: Browser, site: TeamSite, address: str) -> bool:
    watched = Watched(browser.new_context(bypass_csp=True), address)
    watched.page.goto(address)
    watched.page.evaluate("() => { document.querySelector('h1').innerHTML = '<img src=x onerror=alert(1)>'; }")
    watched.page.wait_for_function("() => window.ran > 0")
    watched.looks()
    watched.context.close()
    return "a script ran" in watched.trouble and "words became a img" in watched.trouble
