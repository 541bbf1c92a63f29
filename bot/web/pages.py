"""From a page's context to the page: which template shows which context, and how templates are filled in."""

import re
from collections.abc import Callable
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PackageLoader, PrefixLoader, Undefined
from jinja2.utils import missing

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


HALF_A_SIGN = re.compile("[\ud800-\udfff]")
"""A lone surrogate. No page can send one; through another door it may have come."""


class Unnamed(Undefined):
    """GOV.UK's macros ask for parameters that are not there; a context of ours has everything or it is a mistake."""

    def __init__(self, hint: str | None = None, obj: Any = missing, name: str | None = None, exc: Any = None) -> None:
        if is_dataclass(obj):
            raise AttributeError(f"{type(obj).__name__} has no {name}; bot/web/contexts.py says what a page is given")
        super().__init__(hint, obj, name, *(() if exc is None else (exc,)))


def environment(address_of: Callable[[str], str]) -> Environment:
    """Make the environment that fills templates in. `address_of` gives the address of an asset."""
    made = Environment(
        autoescape=True,
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
    return made


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
    return HALF_A_SIGN.sub("\ufffd", text)
