"""The doors: welcome and beginning, coming back with a code, and leaving."""

import asyncio

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot import interviewing, returning
from bot.codes import TooManyAtOnce
from bot.conversation import Speaker, Stage
from bot.returning import IDLE_MINUTES
from bot.web import contexts
from bot.web.contexts import Choice, Piece
from bot.web.desk import Desk, desk_of, end_visit, let_in, without_visit
from bot.web.forms import Form, read_form
from bot.web.showing import TITLE

LEAVING_LIMIT = 0.5
"""Seconds that leaving quickly waits for the database."""
STAYS_OPEN = {30: "30 minutes", 120: "2 hours", 1200: "20 hours"}


async def show_welcome(request: Request) -> Response:
    """What this is, before anything is asked."""
    desk = desk_of(request)
    return desk.shown(desk.frame.welcome(_stays_open(IDLE_MINUTES[0])))


async def begin(request: Request) -> Response:
    """Begin a conversation and open a visit to it."""
    desk = desk_of(request)
    minutes = _minutes(await read_form(request))
    now = desk.now()
    conversation_id = await interviewing.begin(desk.room, stage=Stage.FIRST, speaker=Speaker.PERSON, now=now)
    await end_visit(desk, request)
    return await let_in(desk, conversation_id, minutes)


async def show_shared_device(request: Request) -> Response:
    """About private windows and devices that others use."""
    desk = desk_of(request)
    return desk.shown(contexts.SharedDevice(title=TITLE, place=desk.frame.place))


async def show_coming_back(request: Request) -> Response:
    """Where the code is typed."""
    desk = desk_of(request)
    return desk.shown(_coming_back(desk, "", IDLE_MINUTES[0], ""))


async def come_back(request: Request) -> Response:
    """Open a visit to the conversation of a code. Whatever is wrong with a code, the page says the same."""
    desk = desk_of(request)
    form = await read_form(request)
    minutes, typed = _minutes(form), form.one("code")[:200]
    network = request.client.host if request.client is not None else ""
    try:
        conversation_id = await returning.come_back(desk.door, typed, network, desk.now())
    except TooManyAtOnce:
        error = "Many people are using these pages now. Please try again in a minute."
        return desk.shown(_coming_back(desk, typed, minutes, error), 503)
    if conversation_id is None:
        error = "We could not find that code. Please look at it and try again."
        return desk.shown(_coming_back(desk, typed, minutes, error), 422)
    await end_visit(desk, request)
    return await let_in(desk, conversation_id, minutes)


async def leave(request: Request) -> Response:
    """End the visit and go somewhere else. The one GET that writes: leaving has to be a plain link.

    A browser that only looks ahead gets nothing. Whatever fails, the person is let out.
    """
    desk = desk_of(request)
    looks_ahead = "prefetch" in request.headers.get("sec-purpose", request.headers.get("purpose", ""))
    if looks_ahead or request.method != "GET":
        return Response(status_code=204)
    ending = asyncio.create_task(end_visit(desk, request))
    # Nobody is kept on these pages while the database is busy: the visit then ends when it can.
    await asyncio.wait({ending}, timeout=LEAVING_LIMIT)
    response = without_visit(desk, RedirectResponse(desk.leave_to, status_code=303))
    response.background = BackgroundTask(asyncio.wait, {ending})
    return response


async def left(request: Request) -> Response:
    """End the visit of a page that is already blank. It answers with nothing at all."""
    desk = desk_of(request)
    await end_visit(desk, request)
    return without_visit(desk, Response(status_code=204))


def _minutes(form: Form) -> int:
    chosen = form.one("minutes")
    return next((minutes for minutes in IDLE_MINUTES if str(minutes) == chosen), IDLE_MINUTES[0])


def _stays_open(chosen: int) -> tuple[Choice, ...]:
    return tuple(
        Choice(id=str(minutes), label=(Piece(STAYS_OPEN[minutes]),), is_chosen=minutes == chosen)
        for minutes in IDLE_MINUTES
    )


def _coming_back(desk: Desk, typed: str, minutes: int, error: str) -> contexts.ComingBack:
    return contexts.ComingBack(
        title=TITLE, place=desk.frame.place, error=error, stays_open=_stays_open(minutes), typed=typed
    )
