"""A colleague at the team's pages, without a browser. Every page that a test opens is checked, whatever it is about."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import html5lib
import httpx

from bot.roles import Role
from bot.web.guard import CONTENT_SECURITY_POLICY
from tests.web.visiting import ON_EVERY_ANSWER, REFERRING, text

SUFFIX = " – Own Words"


class TeamPage:
    """One page as it came."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.address = response.request.url.path
        self.source = response.content.decode("utf-8")
        self.root = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(self.source)

    @property
    def title(self) -> str:
        return text(self.root.find(".//title"))

    @property
    def heading(self) -> str:
        return " ".join(text(self.root.find(".//h1")).split())

    @property
    def says(self) -> str:
        """All that can be read on it."""
        return " ".join(text(self.root.find(".//body")).split())

    @property
    def main(self) -> str:
        """What can be read of it that is not around every page."""
        return " ".join(text(self.root.find(".//main")).split())

    @property
    def boxes(self) -> dict[str, str]:
        """What stands in every box and line."""
        lines = {
            line.get("name", ""): line.get("value", "")
            for line in self.root.iter("input")
            if line.get("type", "text") in {"text", "email", "search", "number", "date"}
        }
        return lines | {box.get("name", ""): text(box) for box in self.root.iter("textarea")}

    @property
    def quotations(self) -> list[str]:
        """A person's words wherever they are shown."""
        return [text(element) for element in self.root.iter() if "app-words" in element.get("class", "").split()]

    @property
    def typed(self) -> list[str]:
        """What was sent and could not be taken, as it is given back."""
        return [text(element) for element in self.root.iter("p") if element.get("class") == "team-typed"]

    @property
    def links(self) -> list[str]:
        return [link.get("href", "") for link in self.root.iter("a")]

    @property
    def navigation(self) -> list[str]:
        """The entries of the navigation."""
        found = self.root.find(".//nav[@aria-label='Pages']")
        return [] if found is None else [text(link) for link in found.iter("a")]

    @property
    def problems(self) -> list[str]:
        """What is to be put right."""
        return [
            " ".join(text(item).split())
            for summary in self.root.iter("ul")
            if "govuk-error-summary__list" in summary.get("class", "")
            for item in summary.iter("li")
        ]

    @property
    def told(self) -> str:
        """What the page before has done."""
        found = [element for element in self.root.iter("div") if "team-told" in element.get("class", "")]
        return text(found[0]).strip() if found else ""

    def forms(self) -> dict[str, dict[str, list[str]]]:
        """Each form by its action, with what it sends when nothing is changed. Of two with one action, the last."""
        found = {}
        for form in self.root.iter("form"):
            sent: dict[str, list[str]] = {}
            for element in form.iter():
                name, kind = element.get("name"), element.get("type", "text")
                if not name or element.tag not in {"input", "textarea", "select"}:
                    continue
                if element.tag == "textarea":
                    sent.setdefault(name, []).append(text(element))
                elif element.tag == "select":
                    options = list(element.iter("option"))
                    chosen = [one for one in options if one.get("selected") is not None] or options[:1]
                    sent.setdefault(name, []).extend(one.get("value", "") for one in chosen)
                elif kind not in {"checkbox", "radio"} or element.get("checked") is not None:
                    sent.setdefault(name, []).append(element.get("value", ""))
            found[form.get("action", "")] = sent
        return found


def check_answer(response: httpx.Response) -> None:
    """What holds for every answer of the team's side."""
    for name, value in ON_EVERY_ANSWER.items():
        assert response.headers[name] == value
    assert response.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    policy = response.headers["permissions-policy"]
    assert "camera=()" in policy
    is_teams = response.request.url.path.startswith("/team")
    assert ("publickey-credentials-get=(self)" in policy) == is_teams
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-robots-tag"] == "noindex"


def check_page(page: TeamPage) -> None:
    """What holds for every page of the team's side."""
    assert page.title.endswith(SUFFIX), page.title
    title = page.title.removesuffix(SUFFIX)
    assert title.startswith("Error: ") == bool(page.problems)
    assert " ".join(title.removeprefix("Error: ").split()) == page.heading
    assert len(list(page.root.iter("h1"))) == 1
    ids = [element.get("id") for element in page.root.iter() if element.get("id") is not None]
    assert len(ids) == len(set(ids)), sorted(one for one in ids if ids.count(one) > 1)
    for element in page.root.iter():
        for name in REFERRING:
            for target in (element.get(name) or "").split():
                assert target in ids, f"{name}={target} points nowhere"
        assert element.get("style") is None
        assert not any(str(name).startswith("on") for name in element.attrib)
        assert element.tag not in {"style", "iframe", "object"}
        assert element.tag != "script" or (element.get("src", "").startswith("/static/") and not text(element))
        for name in ("href", "src", "action"):
            address = element.get(name) or "/"
            assert address.startswith(("/", "#", "?", "tel:")), f"{address} is another site"
            if address.startswith("#"):
                assert address[1:] in ids, f"{address} points nowhere"
        if element.tag == "form" and element.get("method") == "post":
            fields = {one.get("name") for one in element.iter("input") if one.get("type") == "hidden"}
            assert "form" in fields, f"The form to {element.get('action')} has no mark"
    assert page.links[0] == "#main"
    for unmeant in ("undefined", "None(?! of th)(?! of it)", "Undefined"):
        assert not re.search(unmeant, page.main), f"{unmeant} on {page.heading}"


@dataclass
class Colleague:
    """A browser of one who may be signed in. It follows redirects, keeps its cookies, and has one page open."""

    client: httpx.AsyncClient
    account_id: str = ""
    role: Role | None = None
    page: TeamPage = field(init=False)

    async def opens(self, address: str) -> TeamPage:
        """Open an address."""
        return await self._shows(await self.client.get(address))

    async def sends(self, action: str, **fields: Any) -> TeamPage:
        """Fill in and send the form of the page that is open which goes to this address. None leaves a field out."""
        return await self._shows(await self.posts(action, **fields))

    async def posts(self, action: str, **fields: Any) -> httpx.Response:
        """Send that form, and give the answer as it came."""
        sent: dict[str, Any] = {**self.page.forms()[action], **fields}
        pairs = [
            (name, one.replace("\r\n", "\n").replace("\n", "\r\n"))
            for name, value in sent.items()
            if value is not None
            for one in ([value] if isinstance(value, str) else value)
        ]
        return await self.post(action, urlencode(pairs).encode())

    async def post(self, address: str, body: bytes, **headers: str) -> httpx.Response:
        """Send a body as it is."""
        sent = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin", **headers}
        return await self.client.post(address, content=body, headers=sent)

    async def _shows(self, response: httpx.Response) -> TeamPage:
        check_answer(response)
        while response.has_redirect_location:
            assert response.status_code == 303
            response = await self.client.get(response.headers["location"])
            check_answer(response)
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        self.page = TeamPage(response)
        check_page(self.page)
        return self.page
