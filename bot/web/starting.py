"""The doors: welcome and beginning, invitations, coming back with a code, and leaving."""

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot import enquiring, interviewing, returning
from bot.codes import network_key
from bot.conversation import Preferences, Speaker, Stage
from bot.interview import SPEAKERS
from bot.returning import IDLE_MINUTES
from bot.steps import Beginning, StepRefused
from bot.store import Origin, Taken
from bot.throttles import TooManyAtOnce
from bot.web import contexts, easier
from bot.web.contexts import Choice, Day, PaperUse, Piece, Way
from bot.web.desk import Desk, closed, desk_of, end_visit, let_in, onwards, visited, without_visit
from bot.web.forms import Form, read_form
from bot.web.showing import TITLE

LEAVING_LIMIT = 0.5
"""Seconds that leaving quickly waits for the database."""
STAYS_OPEN = {30: "30 minutes", 120: "2 hours", 1200: "20 hours"}
EARLIEST_YEAR = 1900
AHEAD_OF_UTC = timedelta(hours=1)
"""British Summer Time: shortly after midnight, what was said today was not said tomorrow."""

CROWDED = "Many people are using these pages now"
TOO_MANY = "Many people are using these pages now. Please try again in a minute."
NO_SUCH_CODE = "We could not find that code. Please look at it and try again."
NO_DAY = "Write the day on which it was said."
NOT_A_DAY = "There is no such day. Write it like this: 3 11 2026."
DAY_TO_COME = "This day is still to come. Write the day on which it was said."


class NoDay(Exception):
    """The day on which it was said was not given; the message says what to do."""


# --- beginning -------------------------------------------------------------------------------------------------------


async def show_welcome(request: Request) -> Response:
    """What this is, before anything is asked."""
    desk = desk_of(request)
    return desk.shown(first_page(desk, easier.asked(request)))


def first_page(desk: Desk, preferences: Preferences) -> contexts.Welcome | contexts.ByInvitation:
    """Make the first page as whoever comes to the site sees it."""
    if not desk.walk_in:
        return _by_invitation(desk, preferences)
    page = _welcome(desk, "/", preferences, IDLE_MINUTES[0])
    return replace(page, speakers=SPEAKERS, fields=_once(desk, page))


async def begin(request: Request) -> Response:
    """Begin a conversation with the person; whoever else speaks reads their own welcome first."""
    form = await read_form(request)
    speaker = form.one("speaker") or Speaker.PERSON
    if speaker not in SPEAKERS:
        raise HTTPException(400)
    if speaker != Speaker.PERSON and desk_of(request).walk_in:
        return RedirectResponse(f"/welcome/{speaker}{easier.query(easier.read(form.one))}", status_code=303)
    return await _begin_uninvited(request, Speaker.PERSON)


async def show_welcome_of_another(request: Request) -> Response:
    """What this is, for somebody who speaks for the person, or who asks the questions."""
    desk, speaker = desk_of(request), _another(request)
    if not desk.walk_in:
        return desk.shown(_by_invitation(desk, easier.asked(request)))
    return desk.shown(welcome_of(desk, speaker, easier.asked(request), IDLE_MINUTES[0]))


async def begin_as_another(request: Request) -> Response:
    """Begin a conversation with somebody else than the person."""
    return await _begin_uninvited(request, _another(request))


async def _begin_uninvited(request: Request, speaker: Speaker) -> Response:
    desk, form = desk_of(request), await read_form(request)
    if not desk.walk_in:
        return desk.shown(_by_invitation(desk, easier.asked(request)), 403)
    now = desk.now()
    is_from_paper = speaker is Speaker.PRACTITIONER and form.one("from_paper") == "yes"
    try:
        said_on = _said_on(form, now) if is_from_paper else None
    except NoDay as error:
        page = welcome_of(desk, speaker, easier.read(form.one), _minutes(form))
        page = replace(page, error=str(error), said_on=_day_of(form), is_from_paper=True)
        return desk.shown(page, 422)
    try:
        await desk.door.turnstile.go_through(desk.beginnings, _network(desk, request, now), now)
    except TooManyAtOnce:
        again = Way("Try again", request.url.path)
        told = desk.telling(CROWDED, "Please try again in a minute.", ways=(again,), preferences=easier.read(form.one))
        return desk.shown(told, 503)
    named = _named(desk, form)
    try:
        conversation_id = await interviewing.begin(
            desk.room,
            stage=Stage.FIRST,
            speaker=speaker,
            now=now,
            origin=Origin.PAPER if is_from_paper else Origin.PAGE,
            said_on=said_on,
            conversation_id=named,
        )
    except Taken:
        assert named is not None
        return await _let_in_again(request, form, named)
    return await _let_in(request, form, conversation_id)


# --- invitations -----------------------------------------------------------------------------------------------------


async def show_invited(request: Request) -> Response:
    """Where the code of an invitation is typed."""
    return desk_of(request).shown(_invited(request, easier.asked(request), "", ""))


async def begin_invited(request: Request) -> Response:
    """Take a code, show the welcome of what it invites to, and begin that. It is all one address."""
    desk, form = desk_of(request), await read_form(request)
    if form.has("invitation"):
        try:
            return await _begin_what_was_invited_to(request, form, desk.steps.read_beginning(form.one("invitation")))
        except StepRefused:
            return _not_invited(request, form)
    network = request.client.host if request.client is not None else ""
    try:
        found = await enquiring.accept(desk.door, form.one("code")[:200], network, desk.now())
    except TooManyAtOnce:
        return desk.shown(_invited(request, easier.read(form.one), form.one("code")[:200], TOO_MANY), 503)
    if found is None:
        return _not_invited(request, form)
    is_from_paper = found.origin is Origin.PAPER
    token = desk.steps.make_beginning(found.invitation_id, found.stage, found.speaker, is_from_paper=is_from_paper)
    beginning = desk.steps.read_beginning(token)
    return desk.shown(_welcome_invited(desk, beginning, token, easier.read(form.one), IDLE_MINUTES[0]))


async def _begin_what_was_invited_to(request: Request, form: Form, beginning: Beginning) -> Response:
    desk = desk_of(request)
    now = desk.now()
    try:
        said_on = _said_on(form, now) if beginning.is_from_paper else None
    except NoDay as error:
        preferences, minutes = easier.read(form.one), _minutes(form)
        page = _welcome_invited(desk, beginning, form.one("invitation"), preferences, minutes)
        return desk.shown(replace(page, error=str(error), said_on=_day_of(form)), 422)
    conversation_id = await enquiring.begin_invited(
        desk.room.store,
        beginning.invitation_id,
        beginning.token,
        now,
        interview_version=desk.frame.interview.version,
        said_on=said_on,
    )
    if conversation_id is None:
        return _not_invited(request, form)
    return await _let_in_again(request, form, conversation_id)


# --- coming back -----------------------------------------------------------------------------------------------------


async def show_shared_device(request: Request) -> Response:
    """About private windows and devices that others use."""
    desk, preferences = desk_of(request), easier.asked(request)
    page = contexts.SharedDevice(title=TITLE, place=desk.frame.place, **_as_easy("/private", preferences))
    return desk.shown(page)


async def show_coming_back(request: Request) -> Response:
    """Where the code is typed."""
    desk = desk_of(request)
    return desk.shown(_coming_back(desk, easier.asked(request), "", IDLE_MINUTES[0], ""))


async def come_back(request: Request) -> Response:
    """Open a visit to the conversation of a code. Whatever is wrong with a code, the page says the same."""
    desk = desk_of(request)
    form = await read_form(request)
    minutes, typed, preferences = _minutes(form), form.one("code")[:200], easier.read(form.one)
    network = request.client.host if request.client is not None else ""
    try:
        conversation_id = await returning.come_back(desk.door, typed, network, desk.now())
    except TooManyAtOnce:
        return desk.shown(_coming_back(desk, preferences, typed, minutes, TOO_MANY), 503)
    if conversation_id is None:
        return desk.shown(_coming_back(desk, preferences, typed, minutes, NO_SUCH_CODE), 422)
    await interviewing.arrive(desk.room, conversation_id, desk.now())
    return await _let_in(request, form, conversation_id)


# --- leaving ---------------------------------------------------------------------------------------------------------


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


# --- what several of them do -----------------------------------------------------------------------------------------


def _network(desk: Desk, request: Request, now: datetime) -> str:
    return network_key(desk.room.store, request.client.host if request.client is not None else "", now)


def _once(desk: Desk, page: contexts.Welcome) -> tuple[tuple[str, str], ...]:
    """Give the fields of a welcome page with what makes pressing its button twice begin once."""
    return (*page.fields, ("begins", desk.steps.make_walking_in()))


def _named(desk: Desk, form: Form) -> str | None:
    """Give the id of the conversation that a welcome page begins; None where the page is too old to say."""
    try:
        return desk.steps.read_walking_in(form.one("begins"))
    except StepRefused:
        return None


async def _let_in_again(request: Request, form: Form, conversation_id: str) -> Response:
    """Let in where nothing was said yet, though the same page may have begun this before.

    A page can begin a conversation; only a visit or a code shows what was said.
    """
    desk = desk_of(request)
    view = await interviewing.look(desk.room, conversation_id)
    has_typed = view.draft or view.draft_original or view.draft_note
    if has_typed or any(turn.speaker is not Speaker.BOT for turn in view.turns):
        return onwards() if await visited(desk, request) == conversation_id else closed(desk)
    await interviewing.go_on(desk.room, conversation_id, desk.now())
    return await _let_in(request, form, conversation_id)


async def _let_in(request: Request, form: Form, conversation_id: str) -> Response:
    """Open a visit in place of any other, to pages that are as easy as the one before it."""
    desk = desk_of(request)
    preferences = easier.read(form.one)
    if preferences != Preferences():
        await interviewing.prefer(desk.room, conversation_id, preferences, desk.now())
    await end_visit(desk, request)
    return await let_in(desk, conversation_id, _minutes(form))


def _another(request: Request) -> Speaker:
    speaker = next((one for one in SPEAKERS if one == request.path_params["speaker"]), Speaker.PERSON)
    if speaker is Speaker.PERSON:
        raise HTTPException(404)
    return speaker


def _as_easy(here: str, preferences: Preferences) -> dict[str, Any]:
    """Give what a page without a conversation needs to be as easy as it was asked to be."""
    return {
        "preferences": preferences,
        "easier": easier.way_here(here, preferences),
        "query": easier.query(preferences),
    }


def _welcome(
    desk: Desk,
    here: str,
    preferences: Preferences,
    minutes: int,
    speaker: Speaker = Speaker.PERSON,
    stage: Stage = Stage.FIRST,
) -> contexts.Welcome:
    return replace(
        desk.frame.welcome(speaker, stage),
        begins_at=here,
        fields=easier.fields(preferences),
        stays_open=_stays_open(minutes),
        **_as_easy(here, preferences),
    )


def welcome_of(
    desk: Desk, speaker: Speaker, preferences: Preferences, minutes: int = IDLE_MINUTES[0]
) -> contexts.Welcome:
    """Make the welcome of somebody else than the person."""
    page = _welcome(desk, f"/welcome/{speaker}", preferences, minutes, speaker)
    paper = PaperUse.MAY_BE if speaker is Speaker.PRACTITIONER else PaperUse.NO
    return replace(page, paper=paper, fields=_once(desk, page))


def _welcome_invited(
    desk: Desk, beginning: Beginning, token: str, preferences: Preferences, minutes: int
) -> contexts.Welcome:
    page = _welcome(desk, "/invited", preferences, minutes, beginning.speaker, beginning.stage)
    return replace(
        page,
        fields=(*page.fields, ("invitation", token)),
        paper=PaperUse.YES if beginning.is_from_paper else PaperUse.NO,
        is_invited=True,
    )


def _by_invitation(desk: Desk, preferences: Preferences) -> contexts.ByInvitation:
    return contexts.ByInvitation(title=TITLE, place=desk.frame.place, **_as_easy("/", preferences))


def _invited(request: Request, preferences: Preferences, typed: str, error: str) -> contexts.Invited:
    return contexts.Invited(
        title=TITLE,
        place=desk_of(request).frame.place,
        error=error,
        typed=typed,
        fields=easier.fields(preferences),
        **_as_easy("/invited", preferences),
    )


def _not_invited(request: Request, form: Form) -> Response:
    """Say that this code cannot be used: the same whether it was used, is too old, or was never made."""
    typed = form.one("code")[:200]
    return desk_of(request).shown(_invited(request, easier.read(form.one), typed, NO_SUCH_CODE), 422)


def _coming_back(desk: Desk, preferences: Preferences, typed: str, minutes: int, error: str) -> contexts.ComingBack:
    return contexts.ComingBack(
        title=TITLE,
        place=desk.frame.place,
        error=error,
        stays_open=_stays_open(minutes),
        typed=typed,
        fields=easier.fields(preferences),
        **_as_easy("/come-back", preferences),
    )


def _minutes(form: Form) -> int:
    chosen = form.one("minutes")
    return next((minutes for minutes in IDLE_MINUTES if str(minutes) == chosen), IDLE_MINUTES[0])


def _stays_open(chosen: int) -> tuple[Choice, ...]:
    return tuple(
        Choice(id=str(minutes), label=(Piece(STAYS_OPEN[minutes]),), is_chosen=minutes == chosen)
        for minutes in IDLE_MINUTES
    )


def _day_of(form: Form) -> Day:
    return Day(*(form.one(f"said-{part}")[:20] for part in ("day", "month", "year")))


def _said_on(form: Form, now: datetime) -> date:
    """Read the day on which it was said. Raises NoDay."""
    typed = _day_of(form)
    numbers = [part.strip() for part in (typed.year, typed.month, typed.day)]
    if not any(numbers):
        raise NoDay(NO_DAY)
    if not all(part.isascii() and part.isdigit() and len(part) <= len("2026") for part in numbers):
        raise NoDay(NOT_A_DAY)
    try:
        said_on = date(*map(int, numbers))
    except ValueError as error:
        raise NoDay(NOT_A_DAY) from error
    if said_on.year < EARLIEST_YEAR:
        raise NoDay(NOT_A_DAY)
    if said_on > (now + AHEAD_OF_UTC).date():
        raise NoDay(DAY_TO_COME)
    return said_on
