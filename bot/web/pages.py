"""From a page's context to the page: which template shows which context, and how templates are filled in."""

import re
from collections.abc import Callable, Iterable
from dataclasses import is_dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, PrefixLoader, Undefined
from jinja2.utils import missing
from markupsafe import Markup

from bot.web import contexts

HERE = Path(__file__).parent

TEMPLATES: dict[type[contexts.Page], str] = {
    contexts.Aside: "aside.html",
    contexts.Asking: "question.html",
    contexts.Checking: "check.html",
    contexts.ByInvitation: "by_invitation.html",
    contexts.Code: "code.html",
    contexts.ComingBack: "come_back.html",
    contexts.Easier: "easier.html",
    contexts.Ended: "ended.html",
    contexts.GivingBack: "giving_back.html",
    contexts.Handed: "handed.html",
    contexts.Informing: "informing.html",
    contexts.Invited: "invited.html",
    contexts.NotKept: "not_kept.html",
    contexts.Paper: "paper.html",
    contexts.Papers: "papers.html",
    contexts.Resting: "break.html",
    contexts.Revisiting: "revisit.html",
    contexts.SharedDevice: "private.html",
    contexts.Statement: "statement.html",
    contexts.Stopped: "stopped.html",
    contexts.Telling: "telling.html",
    contexts.Waiting: "waiting.html",
    contexts.Welcome: "welcome.html",
}


BUTTONS = 256
"""Buttons that are remembered at most; there are some fifty."""

HALF_A_SIGN = re.compile("[\ud800-\udfff]")
"""A lone surrogate. No page can send one; through another door it may have come."""


class Unnamed(Undefined):
    """GOV.UK's macros ask for parameters that are not there; a context of ours has everything or it is a mistake."""

    def __init__(self, hint: str | None = None, obj: Any = missing, name: str | None = None, exc: Any = None) -> None:
        if is_dataclass(obj):
            raise AttributeError(f"{type(obj).__name__} has no {name}; bot/web/contexts.py says what a page is given")
        super().__init__(hint, obj, name, *(() if exc is None else (exc,)))


class _Filling(Environment):
    """Looks into the dictionaries that GOV.UK's macros hand on at once, without first asking them for an attribute."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Give what Jinja gives."""
        if type(obj) is dict and not hasattr(dict, attribute):
            found = obj.get(attribute, missing)
            return self.undefined(obj=obj, name=attribute) if found is missing else found
        found = getattr(obj, attribute, missing)
        return super().getattr(obj, attribute) if found is missing else found


def environment(address_of: Callable[[str], str]) -> Environment:
    """Make the environment that fills templates in. `address_of` gives the address of an asset."""
    made = _Filling(
        autoescape=True,
        # Templates change with the program; looking for changes at every page would ask the disk for each of them.
        auto_reload=False,
        trim_blocks=True,
        undefined=Unnamed,
        loader=ChoiceLoader(
            [
                FileSystemLoader(HERE / "templates"),
                PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
            ]
        ),
    )
    made.globals["asset"] = address_of
    made.globals["button"] = _button_of(made)
    made.globals["drawn"] = _drawing(made)
    return made


def _button_of(environment: Environment) -> Callable[[str, str, str], str]:
    """Make what makes GOV.UK's buttons, each of them once: a page has a dozen, and they are the same on every page.

    For texts of ours alone, of which there are few: what was made is remembered.
    """

    @lru_cache(BUTTONS, typed=True)
    def button(text: str, value: str, classes: str) -> str:
        macros = environment.get_template("govuk_frontend_jinja/components/button/macro.html").module
        asked = {"text": text, "name": "do", "value": value, **({"classes": classes} if classes else {})}
        made: str = macros.govukButton(asked)  # type: ignore[attr-defined]
        return made

    return button


def _drawing(environment: Environment) -> Callable[[Iterable[contexts.Entry], str], Markup]:
    """Make what draws the entries of what is said so far, each of them once: they stay the same from page to page."""

    def drawn(entries: Iterable[contexts.Entry], speaker: str) -> Markup:
        # Each is what a template made, so nothing in it is to be escaped again: that would take longer than the rest.
        made = "".join([entry.drawn.get(speaker) or draw(entry, speaker) for entry in entries])
        return Markup(made)  # noqa: S704 see above

    def draw(entry: contexts.Entry, speaker: str) -> Markup:
        macros = environment.get_template("parts.html").module
        entry.drawn[speaker] = macros.entry_so_far(entry, speaker)  # type: ignore[attr-defined]
        return entry.drawn[speaker]

    return drawn


class Pages:
    """Makes pages."""

    def __init__(self, address_of: Callable[[str], str]) -> None:
        self._environment = environment(address_of)

    def make(self, page: contexts.Page) -> str:
        """Make the page that shows this context. HTML cannot hold a NUL either: the sign for it stands in its place."""
        made = self._environment.get_template(TEMPLATES[type(page)]).render(page=page)
        return as_utf8_can(made).replace("\x00", "\ufffd")


def as_utf8_can(text: str) -> str:
    """Put the sign for what cannot be shown where half a sign stands, as browsers do: UTF-8 has no place for it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return HALF_A_SIGN.sub("\ufffd", text)
    return text
