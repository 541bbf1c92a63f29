"""Markdown of a council's own, made into HTML that can do nothing: no script, no picture from elsewhere, no own style.

HTML that is written in a document is shown as it is typed. What comes out is held to a short list of tags besides, so
that one mistake alone, here or in the library, opens nothing. A link says where it leads.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from urllib.parse import urlsplit

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

TAGS = {
    *(
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "p",
        "ul",
        "ol",
        "li",
        "blockquote",
        "pre",
        "code",
        "hr",
        "br",
        "strong",
        "em",
        "s",
    ),
    *("a", "span", "div", "table", "thead", "tbody", "tr", "th", "td"),
}
CLASSES = {
    "h2": {"app-subheading"},
    "h3": {"app-smallheading"},
    "h4": {"app-smallheading"},
    "h5": {"app-smallheading"},
    "h6": {"app-smallheading"},
    "p": {"app-text"},
    "blockquote": {"govuk-inset-text"},
    "hr": {"govuk-section-break", "govuk-section-break--visible", "govuk-section-break--m"},
    "a": {"govuk-link"},
    "table": {"govuk-table"},
    "thead": {"govuk-table__head"},
    "tbody": {"govuk-table__body"},
    "tr": {"govuk-table__row"},
    "th": {"govuk-table__header"},
    "td": {"govuk-table__cell"},
    "div": {"team-wide"},
}
"""Which classes a tag gets, and no other."""
ATTRIBUTES = {"a": {"href"}, "ol": {"start"}, "th": {"scope"}, "div": {"tabindex", "role", "aria-label"}}
SCHEMES = {"https", "http", "mailto", "tel"}

OTHER_DOCUMENT = re.compile(r"(?:\./)?([^/?#]+\.md)(?:#.*)?", re.IGNORECASE)

_reader = MarkdownIt("commonmark", {"html": False, "linkify": False}).enable(["table", "strikethrough"])


@lru_cache(maxsize=128)
def as_html(markdown: str, others: tuple[tuple[str, str], ...] = ()) -> Markup:
    """Make a document's HTML, to stand under a page's own h1. `others`: the address of each document, by its file."""
    tokens = _reader.parse(markdown)
    _shift_headings(tokens)
    made = _reader.renderer.render(list(_adapted(tokens, dict(others))), _reader.options, {})
    clean = nh3.clean(
        made,
        tags=TAGS,
        attributes=ATTRIBUTES,
        allowed_classes=CLASSES,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )
    return Markup(clean)  # noqa: S704 - cleaned in the line above, and the only HTML that no template of ours writes


def _shift_headings(tokens: list[Token]) -> None:
    """Have the first level be h2 and none be left out, so that who listens to the headings can follow them."""
    headings = [token for token in tokens if token.type in {"heading_open", "heading_close"}]
    first = min((int(token.tag[1]) for token in headings), default=1)
    level = 1
    for token in headings:
        if token.type == "heading_open":
            level = min(int(token.tag[1]) - first + 2, level + 1, 6)
        token.tag = f"h{level}"


def _adapted(tokens: list[Token], others: Mapping[str, str]) -> Iterator[Token]:
    tables = 0
    for token in tokens:
        if token.type == "table_open":
            tables += 1
            yield _html(f'<div class="team-wide" tabindex="0" role="region" aria-label="Table {tables}">')
        _dress(token)
        if token.children is not None:
            token.children = list(_inline(token.children, others))
        yield token
        if token.type == "table_close":
            yield _html("</div>")


def _dress(token: Token) -> None:
    if token.nesting < 0:
        return
    token.attrs = {name: value for name, value in token.attrs.items() if name != "style"}
    if classes := CLASSES.get(token.tag):
        token.attrSet("class", " ".join(sorted(classes)))
    if token.tag == "th":
        token.attrSet("scope", "col")


def _inline(tokens: list[Token], others: Mapping[str, str]) -> Iterator[Token]:
    leads_to: list[str | None] = []
    for token in tokens:
        if token.type == "image":
            yield _text(f"[Picture: {token.content}]" if token.content else "[Picture]")
        elif token.type == "link_open":
            address = _address(str(token.attrGet("href") or ""), others)
            leads_to.append(address)
            if address is not None:
                token.attrs = {"href": address, "class": "govuk-link"}
                yield token
        elif token.type == "link_close":
            address = leads_to.pop()
            if address is not None:
                yield token
                if place := _elsewhere(address):
                    yield _text(f" ({place})")
        else:
            yield token


def _address(written: str, others: Mapping[str, str]) -> str | None:
    """Give where a link leads; None where it leads nowhere that a page of ours can lead to."""
    if (found := OTHER_DOCUMENT.fullmatch(written)) and found[1] in others:
        return others[found[1]]
    return written if _scheme(written) in SCHEMES else None


def _elsewhere(address: str) -> str:
    """Name the site that a link leads to; "" where it leads to none."""
    if _scheme(address) not in {"http", "https"}:
        return ""
    return f"opens {urlsplit(address).hostname}"


def _scheme(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return parts.scheme if parts.hostname or parts.scheme in {"mailto", "tel"} else ""


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _html(content: str) -> Token:
    return Token("html_block", "", 0, content=content)
