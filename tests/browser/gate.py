"""What every page has to pass, in every state that it can be in: three checkers of pages, and what none of them sees.

None of it replaces people, or a real screen reader.
"""

import json
import re
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import html5lib
from playwright.sync_api import Page

from bot.settings import ROOT
from tests.browser.visitor import WIDTHS, Visitor

MODULES = ROOT / "node_modules"
NU = MODULES / "vnu-jar" / "build" / "dist" / "vnu.jar"

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

AXE = """
async (leftOut) => {
  // From the top: a button that happens to lie half under the bar is not a small one.
  scrollTo(0, 0);
  const rules = Object.fromEntries(leftOut.map((rule) => [rule, { enabled: false }]));
  const options = { runOnly: { type: "tag", values: TAGS }, rules, resultTypes: ["violations"], preload: false };
  const { violations } = await axe.run(document, options);
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `axe ${id}: ${html.slice(0, 160)}`));
}
""".replace("TAGS", json.dumps(TAGS))

CODE_SNIFFER = """
() => new Promise((done) => HTMLCS.process("WCAG2AA", document, () => {
  const errors = HTMLCS.getMessages().filter(({ type }) => type === 1);
  done(errors.map(({ code, element }) => `HTML_CodeSniffer ${code}: ${element.outerHTML.slice(0, 160)}`));
}))
"""

LAYOUT = """
() => {
  const found = [];
  const root = document.documentElement;
  const name = (one) => one.outerHTML.slice(0, 120).replaceAll("\\n", " ");
  if (root.scrollWidth > root.clientWidth) found.push(`scrolls sideways by ${root.scrollWidth - root.clientWidth}`);
  // A line to type in scrolls by itself: nothing in it is cut off.
  for (const one of document.querySelectorAll("body *:not(input)")) {
    const style = getComputedStyle(one);
    const cuts = [style.overflowX, style.overflowY].some((way) => ["hidden", "clip"].includes(way));
    const isTooLarge = one.scrollWidth > one.clientWidth + 1 || one.scrollHeight > one.clientHeight + 1;
    if (cuts && isTooLarge && one.clientWidth > 1) found.push(`cuts what is in it: ${name(one)}`);
  }
  return found;
}
"""
"""Nothing is wider than the screen, and nothing is cut off."""

TARGETS = """
() => {
  const found = [];
  const name = (one) => one.outerHTML.slice(0, 120).replaceAll("\\n", " ");
  for (const one of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")) {
    if (!one.checkVisibility() || one.closest(".govuk-skip-link, [aria-hidden=true]")) continue;
    const shown = one.matches("[type=radio], [type=checkbox]") ? one.labels[0] : one;
    const [width, height] = [shown.offsetWidth, shown.offsetHeight];
    if (Math.min(width, height) < 44) found.push(`too small, ${width} by ${height}: ${name(one)}`);
  }
  return found;
}
"""
"""Everything that can be pressed is large enough to be hit."""

IN_SIGHT = """
() => {
  const found = [];
  const all = [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")];
  const apart = ".app-bar, .govuk-skip-link, [aria-hidden=true]";
  const stops = all.filter((one) => one.checkVisibility() && !one.closest(apart));
  const under = document.querySelector(".app-bar")?.getBoundingClientRect().bottom ?? 0;
  for (const one of [...stops, ...stops.toReversed()]) {
    one.focus();
    const shown = one.matches("[type=radio], [type=checkbox]") ? one.labels[0] : one;
    const { top } = shown.getBoundingClientRect();
    if (top < under - 0.5 || top + 24 > innerHeight)
      found.push(`has the focus and is not in sight: ${one.outerHTML.slice(0, 120)}`);
  }
  document.activeElement.blur();
  scrollTo(0, 0);
  return found;
}
"""
"""Whatever has the focus can be seen, going forwards and going backwards."""

TEXT_SPACING = """
body * { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
body p { margin-bottom: 2em !important; }
"""
"""WCAG 1.4.12: a person may space text like this, and loses nothing by it."""


@dataclass(frozen=True, slots=True)
class Look:
    """One way to look at a page."""

    width: int
    colours: Literal["light", "dark"] = "light"
    forced: Literal["active", "none"] = "none"
    """Whether the person's own colours are forced on it. axe then knows no colours, and alarms in vain."""

    def __str__(self) -> str:
        return f"{self.width} px, {'forced colours' if self.forced == 'active' else self.colours}"


EVERY_LOOK = (Look(320), Look(768, "dark"), Look(1280), Look(320, forced="active"))
FIRST_LOOK = EVERY_LOOK[:1]


@cache
def program(path: str) -> str:
    """Read one of the checkers that run in the page."""
    return (MODULES / path).read_text(encoding="utf-8")


@dataclass
class Gate:
    """Looks at pages, and writes down what is wrong with them."""

    looks: tuple[Look, ...]
    findings: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)

    def check(self, person: Visitor, state: str) -> None:
        """Look at the page that is open."""
        page = person.page
        self.states.append(state)
        self._note(state, "as sent", html5lib_errors(person.source))
        self.sources[f"{state}, as sent"] = person.source
        self.sources[f"{state}, as it stands"] = page.content()
        if page.evaluate("() => typeof axe === 'undefined'"):
            page.evaluate(program("axe-core/axe.min.js"))
            page.evaluate(program("html_codesniffer/build/HTMLCS.js"))
        for look in self.looks:
            page.set_viewport_size({"width": look.width, "height": WIDTHS[look.width]})
            page.emulate_media(color_scheme=look.colours, forced_colors=look.forced)
            self._note(state, look, page.evaluate(AXE, ["color-contrast"] if look.forced == "active" else []))
            if look.forced == "none":
                for checks in (CODE_SNIFFER, LAYOUT, TARGETS, IN_SIGHT):
                    self._note(state, look, page.evaluate(checks))
                self._note(state, look, spaced_out(page))
        page.emulate_media(color_scheme="light", forced_colors="none")

    def validate(self, java: Path, folder: Path) -> None:
        """Give every page that was looked at to the Nu checker, all of them at once."""
        files = {}
        for number, (state, source) in enumerate(self.sources.items()):
            files[f"{number}.html"] = state
            (folder / f"{number}.html").write_text(source, encoding="utf-8")
        told = subprocess.run(
            [
                java,
                "-jar",
                NU,
                "--errors-only",
                "--format",
                "json",
                "--exit-zero-always",
                *(folder / name for name in files),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        for message in json.loads(told.stderr)["messages"]:
            extract = re.sub(r"\s+", " ", message.get("extract", ""))
            self._note(files[Path(message["url"]).name], "Nu", [f"{message['message']} {extract}"])

    def _note(self, state: str, how: Look | str, findings: list[str]) -> None:
        self.findings += [f"{state}, {how}: {finding}" for finding in findings]


def html5lib_errors(source: str) -> list[str]:
    """Name what is not as the HTML standard has it."""
    parser = html5lib.HTMLParser()
    parser.parse(source)
    return [f"html5lib {name}: {details}" for _, name, details in parser.errors]


def spaced_out(page: Page) -> list[str]:
    """Name what gets lost when text is spaced out."""
    style: Any = page.add_style_tag(content=TEXT_SPACING)
    found: list[str] = page.evaluate(LAYOUT)
    style.evaluate("style => style.remove()")
    return [f"with text spaced out, {finding}" for finding in found]
