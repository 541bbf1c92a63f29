"""A person at the pages, without a browser. Every page that a test opens is checked, whatever the test is about."""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import html5lib
import httpx

from bot.web.guard import CONTENT_SECURITY_POLICY

TITLE = re.compile(r"(Error: )?(Question [1-9][0-9]* – )?Notes")
ON_EVERY_ANSWER = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
}
REFERRING = ("for", "aria-labelledby", "aria-describedby", "form")


class Page:
    """One page as it came."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
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
    def box(self) -> str:
        """What stands in the answer box."""
        return text(self.root.find(".//textarea"))

    @property
    def boxes(self) -> dict[str, str]:
        """What stands in every box."""
        return {box.get("name", ""): text(box) for box in self.root.iter("textarea")}

    @property
    def marked(self) -> dict[str, str]:
        """How an answer was given and whose words it is, as it is marked on the page."""
        return {
            field.get("name", ""): field.get("value", "")
            for field in self.root.iter("input")
            if field.get("name") in {"how", "whose"} and field.get("checked") is not None
        }

    @property
    def quotations(self) -> list[str]:
        """A person's words wherever they are shown."""
        return [text(element) for element in self.root.iter() if "app-words" in element.get("class", "").split()]

    @property
    def buttons(self) -> list[str]:
        """What can be pressed on this page and not on every other one, by what it does."""
        buttons = [button.get("value", "") for button in self.root.iter("button") if button.get("name") == "do"]
        return [button for button in buttons if button != "easier"]

    @property
    def links(self) -> list[str]:
        return [link.get("href", "") for link in self.root.iter("a")]

    def hidden(self) -> dict[str, str]:
        """The fields that come along by themselves."""
        return {
            field.get("name", ""): field.get("value", "")
            for field in self.root.iter("input")
            if field.get("type") == "hidden"
        }

    def choices(self) -> list[str]:
        return [field.get("value", "") for field in self.root.iter("input") if field.get("name") == "choice"]

    def chosen(self) -> list[str]:
        return [
            field.get("value", "")
            for field in self.root.iter("input")
            if field.get("name") == "choice" and field.get("checked") is not None
        ]


def text(element: Any) -> str:
    """All text in an element, to the character."""
    return "" if element is None else "".join(element.itertext())


def check_answer(response: httpx.Response) -> None:
    """What holds for every answer of the site."""
    for name, value in ON_EVERY_ANSWER.items():
        assert response.headers[name] == value
    assert "camera=()" in response.headers["permissions-policy"]
    is_file = response.request.url.path.startswith("/static/") and response.status_code == 200
    assert response.headers["cache-control"] == ("public, max-age=31536000, immutable" if is_file else "no-store")
    assert (response.headers.get("x-robots-tag") == "noindex") == (response.request.url.path != "/")
    assert "server" not in response.headers


def check_page(page: Page) -> None:
    """What holds for every page of the interview."""
    assert TITLE.fullmatch(page.title), page.title
    assert len(list(page.root.iter("h1"))) == 1
    ids = [element.get("id") for element in page.root.iter() if element.get("id") is not None]
    assert len(ids) == len(set(ids))
    for element in page.root.iter():
        for name in REFERRING:
            for target in (element.get(name) or "").split():
                assert target in ids, f"{name}={target} points nowhere"
        assert element.get("style") is None
        assert not any(name.startswith("on") for name in element.attrib)
        assert element.tag not in {"style", "iframe", "object"}
        assert element.tag != "script" or (element.get("src", "").startswith("/static/") and not text(element))
        for name in ("href", "src", "action"):
            address = element.get(name) or "/"
            assert address.startswith(("/", "#", "tel:")), f"{address} is another site"
    assert page.title.startswith("Error: ") == ("govuk-error-summary__title" in page.source.split('id="turn"')[1]) or (
        "We could not keep that yet" in page.heading
    )
    first, second = list(page.root.iter("a"))[:2]
    assert first.get("href") == "#main"
    assert second.get("href") == "/leave"
    assert page.root.find(".//aside[@id='help']") is not None
    assert "undefined" not in page.source
    assert ("Make this easier to use" in page.says) == (page.heading != "This is your code")


@dataclass
class Person:
    """A browser that follows redirects, keeps its cookies, and has one page open."""

    client: httpx.AsyncClient
    page: Page = field(init=False)

    async def opens(self, address: str, **headers: str) -> Page:
        """Open an address."""
        return await self._shows(await self.client.get(address, headers=headers))

    async def begins(self, minutes: str = "30") -> Page:
        """Begin a conversation."""
        await self.opens("/")
        return await self.sends("/", minutes=minutes)

    async def presses(self, do: str, **fields: Any) -> Page:
        """Press a button of the page that is open; what stands in its boxes and what is marked is sent along."""
        sent = {**self.page.hidden(), **self.page.boxes, **self.page.marked, **fields, "do": do}
        return await self.sends("/conversation", **sent)

    async def comes_back(self) -> Page:
        """Go on after a break, where it is safe to."""
        await self.presses("come_back")
        return await self.says_it_is_safe()

    async def says_it_is_safe(self) -> Page:
        """Answer what is asked of somebody who comes back."""
        for answer in ("yes", "nobody", "yes"):
            await self.presses(f"choose:{answer}")
        return self.page

    async def says(self, words: str, **beside: str) -> Page:
        """Write into the answer box, and into what is beside it, and continue."""
        return await self.presses("answer", words=words, **beside)

    async def chooses(self, *choice: str) -> Page:
        """Choose and continue."""
        return await self.presses("answer", choice=choice)

    async def sends(self, address: str, **fields: Any) -> Page:
        """Send a form as a browser does: line breaks as CRLF."""
        pairs = []
        for name, value in fields.items():
            for one in [value] if isinstance(value, str) else value:
                pairs.append((name, one.replace("\n", "\r\n")))
        return await self._shows(await self.post(address, urlencode(pairs).encode()))

    async def post(self, address: str, body: bytes, **headers: str) -> httpx.Response:
        """Send a body as it is."""
        sent = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin", **headers}
        return await self.client.post(address, content=body, headers=sent)

    async def _shows(self, response: httpx.Response) -> Page:
        check_answer(response)
        while response.has_redirect_location:
            assert response.status_code == 303
            response = await self.client.get(response.headers["location"])
            check_answer(response)
        assert response.headers["content-type"] == "text/html; charset=utf-8"
        self.page = Page(response)
        check_page(self.page)
        return self.page
