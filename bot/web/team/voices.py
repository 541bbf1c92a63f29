"""Pages of what people said: which words wait to be looked at before they are quoted, and one quote with its list."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import ClassVar
from urllib.parse import urlencode

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from bot import quoting
from bot.quotation import Range, read, written
from bot.quoting import CHECKS, REASONS, Decision, Reason, Row, Rows, ToDecide
from bot.reviewing.seeing import NotDone, Unopened
from bot.roles import RULES, Act
from bot.web.access import About
from bot.web.team.pages import Item, Problem, TeamPage
from bot.web.team.shell import Signed, TeamRoute

QUOTES = "/team/quotes"
QUOTE = QUOTES + "/{conversation_id}/{turn:int}"

TOLD = {
    Decision.APPROVED: "These words may be quoted now, as they stand here.",
    Decision.NOT_APPROVED: "It is kept that these words are not quoted.",
    Decision.WITHDRAWN: "These words are quoted no more from now on.",
}
LISTS = {"waiting": "Waiting", "quoted": "Quoted", "others": "Not quoted"}
SAID_AND_DONE = "/team/said-and-done"


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of a list, and where it leads."""

    row: Row
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotesPage(TeamPage):
    """Words that wait to be looked at, are quoted, or are not."""

    template: ClassVar[str] = "team/quotes.html"
    shown: str
    tabs: tuple[Item, ...]
    rows: tuple[Listed, ...]
    first_href: str
    after_href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteCover(TeamPage):
    """What is known of words before they are opened."""

    template: ClassVar[str] = "team/quote_cover.html"
    row: Row
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotePage(TeamPage):
    """Words that may be quoted, alone; what is left out of them; and the list that somebody goes through."""

    template: ClassVar[str] = "team/quote.html"
    found: ToDecide
    action: str
    left_out: tuple[str, ...]
    """The ranges that are left out, as they are written down."""
    typed: str
    """What is typed to be left out, one part a line."""
    checks: tuple[tuple[str, str], ...]
    checked: tuple[str, ...]
    reasons: tuple[tuple[str, str], ...]
    reason: str
    reason_texts: Mapping[Reason, str]
    respond: str
    """Where somebody says what was done about these words; empty while they are not quoted."""


async def show_quotes(request: Request, signed: Signed) -> Response:
    """What waits, the oldest first; or what was decided, the newest first."""
    shown = request.query_params.get("show", "waiting")
    shown = shown if shown in LISTS else "waiting"
    after = request.query_params.get("after", "") if shown == "waiting" else ""

    def find() -> Rows:
        if shown == "waiting":
            return quoting.to_look_at(signed.desk.store, signed.actor, after=after)
        decided = quoting.decided(signed.desk.store, signed.actor)
        return Rows(tuple(row for row in decided if row.is_quoted == (shown == "quoted")), "")

    found = await to_thread.run_sync(find)
    page = QuotesPage(
        frame=signed.frame(),
        title="Quoting people",
        shown=shown,
        tabs=tabs(f"{QUOTES}?show={shown}"),
        rows=tuple(Listed(row, _address(row.conversation_id, row.turn)) for row in found.rows),
        first_href=QUOTES if after else "",
        after_href=f"{QUOTES}?{urlencode({'after': found.after})}" if found.after else "",
    )
    return signed.shown(page)


async def show_quote(request: Request, signed: Signed) -> Response:
    """Words that may be quoted, with the parts left out that the address names; or the button to open them."""
    try:
        found = await _look(request, signed, _named(request))
    except Unopened:
        return await _cover(request, signed)
    except NotDone as error:
        return signed.shown(_page(signed, await _look(request, signed, ()), Problem(str(error), "#passages")))
    return signed.shown(_page(signed, found))


async def open_quote(request: Request, signed: Signed) -> Response:
    """Record who reads, and lead to what is read."""
    conversation_id, turn = _which(request)
    store, actor = signed.desk.store, signed.actor
    await to_thread.run_sync(quoting.open_to_decide, store, actor, conversation_id, turn, signed.now)
    return signed.leads_to(_address(conversation_id, turn))


async def leave_out(request: Request, signed: Signed) -> Response:
    """Find what was typed in the words, and show them without it. Where it stands is named, never what it is."""
    conversation_id, turn = _which(request)
    typed = signed.form.typed("passages")
    store, actor = signed.desk.store, signed.actor
    try:
        ranges = await to_thread.run_sync(quoting.leaving_out, store, actor, conversation_id, turn, typed)
    except Unopened:
        return signed.leads_to(_address(conversation_id, turn))
    except NotDone as error:
        found = await _look_as_sent(request, signed)
        return signed.shown(_page(signed, found, Problem(str(error), "#passages"), typed=typed))
    return signed.leads_to(_address(conversation_id, turn, ranges) + "#quoted")


async def decide(request: Request, signed: Signed) -> Response:
    """Keep that words may be quoted, with these parts left out; or that they may not."""
    conversation_id, turn = _which(request)
    form = signed.form
    checked, reason = form.every("check"), form.one("reason")
    is_approved = form.one("do") == "approve"

    def keep() -> Decision:
        store, actor = signed.desk.store, signed.actor
        do: Callable[..., object] = (
            partial(quoting.approve, left_out=_sent(signed), checked=checked)
            if is_approved
            else partial(quoting.refuse, reason=reason)
        )
        latest = form.one("latest")
        number = int(latest) if latest.isascii() and latest.isdigit() and len(latest) < 10 else 0
        do(store, actor, conversation_id, turn, now=signed.now, latest=number, token=signed.once)
        newest = quoting.cover(store, actor, conversation_id, turn).decided
        return newest.what if newest is not None else Decision.NOT_APPROVED

    try:
        what = await to_thread.run_sync(keep)
    except Unopened:
        return signed.leads_to(_address(conversation_id, turn))
    except quoting.DecidedMeanwhile as error:
        return signed.shown(_page(signed, await _look(request, signed, None), Problem(str(error))), 409)
    except NotDone as error:
        found = await _look_as_sent(request, signed)
        problem = Problem(str(error), "#check" if is_approved and found.row.still_agreed else "#reason")
        return signed.shown(_page(signed, found, problem, checked=checked, reason=reason))
    return signed.leads_to(_address(conversation_id, turn), TOLD[what])


def tabs(here: str) -> tuple[Item, ...]:
    """Give the ways between what waits, what is quoted and what is not, and what was done about it."""
    ways = {**{f"{QUOTES}?show={name}": text for name, text in LISTS.items()}, SAID_AND_DONE: "You said, we did"}
    return tuple(Item(text, address, is_here=address == here) for address, text in ways.items())


async def _look(request: Request, signed: Signed, left_out: Sequence[Range] | None) -> ToDecide:
    conversation_id, turn = _which(request)
    return await to_thread.run_sync(quoting.look, signed.desk.store, signed.actor, conversation_id, turn, left_out)


async def _look_as_sent(request: Request, signed: Signed) -> ToDecide:
    """Look at words with the parts left out that the page was sent with; where these do not fit, with none."""
    try:
        return await _look(request, signed, _sent(signed))
    except NotDone:
        return await _look(request, signed, ())


async def _cover(request: Request, signed: Signed) -> Response:
    conversation_id, turn = _which(request)
    row = await to_thread.run_sync(quoting.cover, signed.desk.store, signed.actor, conversation_id, turn)
    action = _address(conversation_id, turn) + "/open"
    return signed.shown(QuoteCover(frame=signed.frame(), title="Words that may be quoted", row=row, action=action))


def _page(
    signed: Signed,
    found: ToDecide,
    *problems: Problem,
    typed: str | None = None,
    checked: Sequence[str] = (),
    reason: str = "",
) -> QuotePage:
    row = found.row
    parts = [" ".join(found.words[one.start : one.end].split()) for one in found.left_out]
    return QuotePage(
        frame=signed.frame(),
        title="Words that may be quoted",
        problems=problems,
        found=found,
        action=_address(row.conversation_id, row.turn),
        left_out=written(found.left_out),
        typed="\n".join(dict.fromkeys(parts)) if typed is None else typed,
        checks=tuple((check.value, text) for check, text in CHECKS.items()),
        checked=tuple(checked),
        reasons=tuple((one.value, text) for one, text in REASONS.items()),
        reason=reason,
        reason_texts=REASONS,
        respond=f"{SAID_AND_DONE}/new?quote={quoting.quote_id(row.conversation_id, row.turn)}" if row.is_quoted else "",
    )


def _which(request: Request) -> tuple[str, int]:
    return request.path_params["conversation_id"], request.path_params["turn"]


def _address(conversation_id: str, turn: int, left_out: Sequence[Range] = ()) -> str:
    here = f"{QUOTES}/{conversation_id}/{turn}"
    return f"{here}?without={'_'.join(written(left_out))}" if left_out else here


def _named(request: Request) -> tuple[Range, ...] | None:
    """Give what the address says is left out; None where it says nothing of it.

    Nobody types it, so what is no range was not made by a page of ours, and leaves nothing out.
    """
    listed = request.query_params.get("without")
    try:
        return None if listed is None else _ranges(listed)
    except ValueError:
        return ()


def _sent(signed: Signed) -> tuple[Range, ...]:
    """Give what the page says is left out. Raises NotDone: what cannot be read is never taken for nothing."""
    try:
        (sent,) = signed.form.every("without")
        return _ranges(sent)
    except ValueError as error:
        raise NotDone("What was to be left out did not arrive whole. Please choose it again.") from error


def _ranges(listed: str) -> tuple[Range, ...]:
    return read(listed.split("_")) if listed else ()


DECIDE = frozenset(RULES[Act.APPROVE_QUOTE])

routes: tuple[TeamRoute, ...] = (
    TeamRoute(QUOTES, "quotes", show_quotes, "GET", DECIDE, navigation="Quotes"),
    TeamRoute(QUOTE, "quote", show_quote, "GET", DECIDE, About.CONVERSATION, navigation="Quotes"),
    TeamRoute(QUOTE, "decide_quote", decide, "POST", DECIDE, About.CONVERSATION, navigation="Quotes"),
    TeamRoute(QUOTE + "/open", "open_quote", open_quote, "POST", DECIDE, About.CONVERSATION, navigation="Quotes"),
    TeamRoute(QUOTE + "/leave-out", "leave_out", leave_out, "POST", DECIDE, About.CONVERSATION, navigation="Quotes"),
)
