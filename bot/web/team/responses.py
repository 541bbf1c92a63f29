"""Pages of what was done about what people said: all of it, and where one thing is said to be done or planned."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from bot import responding
from bot.responding import WHOLE_COUNCIL, Choices, NotFilledIn, Row, State, Typed
from bot.reviewing.seeing import NotDone
from bot.roles import RULES, Act
from bot.web.access import About
from bot.web.team.enquiry import themes
from bot.web.team.pages import Item, Problem, TeamPage, in_britain
from bot.web.team.shell import Signed, TeamRoute
from bot.web.team.voices import SAID_AND_DONE as RESPONSES
from bot.web.team.voices import tabs

RESPONSE = RESPONSES + "/{deed_id}"

STATES = {State.PLANNED: "It is planned", State.MADE: "It is done"}
TAKEN_OFF = {State.DROPPED: "Take it off: it is to be shown no more"}


@dataclass(frozen=True, slots=True)
class Shown:
    """One thing that was done, or is planned."""

    row: Row
    theme: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsesPage(TeamPage):
    """All that was done or is planned, the latest day first, and what was taken off last."""

    template: ClassVar[str] = "team/responses.html"
    tabs: tuple[Item, ...]
    rows: tuple[Shown, ...]
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsePage(TeamPage):
    """Where somebody says what was done, or is to be."""

    template: ClassVar[str] = "team/response_form.html"
    action: str
    typed: Typed
    known: int
    choices: Choices
    is_quote_gone: bool
    themes: tuple[tuple[str, str], ...]
    teams: tuple[tuple[str, str], ...]
    states: tuple[tuple[str, str], ...]
    meanwhile: Shown | None = None
    """What somebody else kept while this was typed: to be seen before it is changed."""


async def show_responses(request: Request, signed: Signed) -> Response:
    """What was done and what is planned."""
    found = await to_thread.run_sync(responding.answers, signed.desk.store, signed.actor)
    ordered = sorted(found, key=lambda row: row.state is State.DROPPED)
    page = ResponsesPage(
        frame=signed.frame(),
        title="You said, we did",
        tabs=tabs(RESPONSES),
        rows=tuple(map(_shown, ordered)),
        new=RESPONSES + "/new",
    )
    return signed.shown(page)


async def show_new(request: Request, signed: Signed) -> Response:
    """Where something new is said to be done; about the words that the address names, if it does."""
    typed = Typed(quote_id=request.query_params.get("quote", ""))
    return signed.shown(await _page(signed, typed))


async def show_response(request: Request, signed: Signed) -> Response:
    """Where something that was said to be done, or planned, is changed."""
    row = await _row(request, signed)
    return signed.shown(await _page(signed, row.typed, row))


async def keep_new(request: Request, signed: Signed) -> Response:
    """Keep what is said to be done."""
    typed = _typed(signed)
    try:
        await _keep(signed, typed)
    except NotFilledIn as error:
        return signed.shown(await _page(signed, typed, None, *_problems(error.errors)))
    except NotDone as error:
        return signed.shown(await _page(signed, typed, None, Problem(str(error))), 409)
    return signed.leads_to(RESPONSES, "It is kept.")


async def keep_response(request: Request, signed: Signed) -> Response:
    """Keep another version of what was said to be done."""
    typed, sent = _typed(signed), signed.form.one("known")
    known = int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 10 else 0
    row = await _row(request, signed)
    try:
        await _keep(signed, typed, row.deed.deed_id, known)
    except NotFilledIn as error:
        return signed.shown(await _page(signed, typed, row, *_problems(error.errors), known=known))
    except NotDone as error:
        newest = await _row(request, signed)
        page = await _page(signed, typed, newest, Problem(str(error)))
        return signed.shown(replace(page, meanwhile=_shown(newest)), 409)
    return signed.leads_to(RESPONSES, "It is kept.")


async def _keep(signed: Signed, typed: Typed, deed_id: str = "", known: int = 0) -> None:
    today = in_britain(signed.now).date()
    keep = partial(responding.respond, token=signed.once, deed_id=deed_id, known=known)
    await to_thread.run_sync(keep, signed.desk.store, themes(), signed.actor, typed, signed.now, today)


async def _row(request: Request, signed: Signed) -> Row:
    deed_id = request.path_params["deed_id"]
    return await to_thread.run_sync(responding.answer, signed.desk.store, signed.actor, deed_id)


def _shown(row: Row) -> Shown:
    return Shown(row, themes().labels.get(row.deed.theme or "", ""), f"{RESPONSES}/{row.deed.deed_id}")


async def _page(
    signed: Signed, typed: Typed, row: Row | None = None, *problems: Problem, known: int | None = None
) -> ResponsePage:
    choices = await to_thread.run_sync(responding.choices, signed.desk.store, signed.actor, typed.quote_id)
    is_new = row is None
    return ResponsePage(
        frame=signed.frame(),
        title="Say what was done" if is_new else "Change what was done",
        problems=problems,
        action=RESPONSES if row is None else f"{RESPONSES}/{row.deed.deed_id}",
        typed=typed,
        known=0 if row is None else row.deed.number if known is None else known,
        choices=choices,
        is_quote_gone=bool(typed.quote_id) and choices.quote is None,
        themes=(("", "No theme"), *themes().labels.items()),
        teams=((WHOLE_COUNCIL, "The whole council"), *choices.teams),
        states=tuple((one.value, text) for one, text in {**STATES, **({} if is_new else TAKEN_OFF)}.items()),
    )


def _typed(signed: Signed) -> Typed:
    form = signed.form
    return Typed(
        did=form.typed("did"),
        by=form.one("by"),
        day=form.one("day"),
        state=form.one("state"),
        team_id=form.one("team"),
        theme=form.one("theme"),
        quote_id=form.one("quote"),
    )


def _problems(errors: Mapping[str, str]) -> tuple[Problem, ...]:
    return tuple(Problem(text, f"#{name}") for name, text in errors.items())


ANSWER = frozenset(RULES[Act.ANSWER_PEOPLE])

routes: tuple[TeamRoute, ...] = (
    TeamRoute(RESPONSES, "responses", show_responses, "GET", ANSWER, About.TEAM, navigation="Quotes"),
    TeamRoute(RESPONSES + "/new", "new_response", show_new, "GET", ANSWER, About.TEAM, navigation="Quotes"),
    TeamRoute(RESPONSES, "keep_new_response", keep_new, "POST", ANSWER, About.TEAM, navigation="Quotes"),
    TeamRoute(RESPONSE, "response", show_response, "GET", ANSWER, About.TEAM, navigation="Quotes"),
    TeamRoute(RESPONSE, "keep_response", keep_response, "POST", ANSWER, About.TEAM, navigation="Quotes"),
)
