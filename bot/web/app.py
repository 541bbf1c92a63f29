"""The site: which address shows what, and what becomes of anything that goes wrong."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from anyio import to_thread
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.codes import Door
from bot.council import InPlace
from bot.interviewing import Room
from bot.openid import OpenId
from bot.passkeys import Site
from bot.passwords import Breached
from bot.settings import Settings
from bot.signing_in import Gate
from bot.steps import Steps
from bot.store import Missing, NotKept, NotRead, Purpose
from bot.throttles import beginnings
from bot.web import copies, easier, interview, paper, starting
from bot.web.api import routes as api
from bot.web.api.description import description_route
from bot.web.api.problems import problem
from bot.web.contexts import Way
from bot.web.desk import CONVERSATION, Desk, closed, preferred, visited
from bot.web.files import Files
from bot.web.guard import Answered, FormsFromOwnPages, Guard, TeamOnItsOwnHost, is_the_programs, is_the_teams
from bot.web.pages import Pages
from bot.web.readiness import Readiness
from bot.web.showing import Frame, place_of, texts_of
from bot.web.team.marks import Marks
from bot.web.team.pages import TeamPages
from bot.web.team.routes import team_routes
from bot.web.team.shell import TeamDesk, mounted, team_address
from bot.web.used_up import is_used_up

FIRST_PAGE = Way("Go to the first page", "/")

TOLD = {
    400: ("We could not read that", ("Please go back and try again.",)),
    403: ("We could not take that", ("It did not come from one of our pages.",)),
    404: ("There is no such page", ("Please look at the address, or begin at the first page.",)),
    405: ("There is no such page", ("Please look at the address, or begin at the first page.",)),
    408: ("That did not all reach us", ("Please go back and send it again.", "What you sent before is kept.")),
    413: ("That is too much at once", ("Please go back and send a part of it.", "What you sent before is kept.")),
}
"""What a person is told, by status: a heading, and sentences."""


def create_app(
    room: Room,
    door: Door,
    steps: Steps,
    settings: Settings,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    steady: Callable[[], datetime] | None = None,
    is_backed_up: Callable[[], bool] = lambda: False,
    answered: Answered | None = None,
) -> ASGIApp:
    """Make the site. `steady` is what visits end by; without it they end by `now`.

    Raises Unstyled when the page assets have not been built.
    """
    files = Files()
    pages = Pages(files.address)
    in_place = InPlace(room.store, settings)
    frame = Frame(
        interview=room.interview,
        place=place_of(in_place.values),
        texts=texts_of(in_place.values),
        picture=lambda code: files.address(f"{code}.svg") if files.has(f"{code}.svg") else "",
    )
    desk = Desk(
        room=room,
        door=door,
        steps=steps,
        pages=pages,
        frame=frame,
        leave_to=settings.leave_to,
        secure_cookies=settings.secure_cookies,
        walk_in=in_place.values.walk_in,
        beginnings=beginnings(settings.beginnings),
        now=now,
        steady=steady or now,
    )
    app = Starlette(
        routes=[*routes, *mounted(team_routes), *api.mounted(api.routes), description_route],
        middleware=[
            Middleware(TeamOnItsOwnHost, host=settings.team_host, missing=_not_at_this_host),
            Middleware(AsTheCouncilSays),
            Middleware(FormsFromOwnPages, refused=_not_from_here),
        ],
        exception_handlers={
            HTTPException: _refused,
            NotKept: _not_kept,
            NotRead: _not_read,
            Missing: _not_there,
            Exception: _failed,
        },
    )
    # Sent on, an address with a slash too many would be made of whatever host and scheme the request named.
    app.router.redirect_slashes = False
    app.state.desk = desk
    app.state.in_place, app.state.shown = in_place, in_place.values
    with room.store.reading() as seen:
        # Nothing is made up while the site runs, so this is asked once.
        is_made_up = seen.council.is_made_up()
    gate = Gate(
        room.store,
        site=Site.at(team_address(settings)),
        breached=Breached.named_in(settings),
        openid=OpenId.named_in(settings, team_address(settings)),
        sleep=door.sleep,
        waited=door.turnstile.waited,
        places=door.turnstile.places,
    )
    app.state.api_desk = api.ApiDesk(gate, texts=lambda: app.state.desk.frame.texts, now=now)
    app.state.team_desk = TeamDesk(
        room=room,
        door=door,
        gate=gate,
        settings=settings,
        pages=TeamPages(files.address, is_made_up=is_made_up),
        marks=Marks(room.store.derive(Purpose.TEAM_MARKS)),
        routes=team_routes,
        now=now,
    )
    app.state.files = files
    app.state.is_backed_up = is_backed_up
    app.state.readiness = Readiness(room.dialogue)
    return Guard(app, answered)


async def _not_at_this_host(scope: Scope, receive: Receive, send: Send) -> None:
    await _told(scope["app"].state.desk, 404)(scope, receive, send)


class AsTheCouncilSays:
    """Has every page show what the council put in place last, without a restart."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            state = scope["app"].state
            in_place: InPlace = state.in_place
            values = await in_place.read()
            desk: Desk = state.desk
            if values is not state.shown:
                state.shown = values
                frame = replace(desk.frame, place=place_of(values), texts=texts_of(values))
                state.desk = replace(desk, frame=frame, walk_in=values.walk_in)
        await self.app(scope, receive, send)


async def send_file(request: Request) -> Response:
    """A file that pages are made of."""
    files: Files = request.app.state.files
    found = files.answer(request.url.path, request.headers)
    if found is None:
        raise HTTPException(404)
    return found


async def send_icon(request: Request) -> Response:
    """The neutral icon, for browsers that ask for one where no page said which."""
    files: Files = request.app.state.files
    return RedirectResponse(files.address("own/notes.svg"), status_code=303)


async def show_licences(request: Request) -> Response:
    """Whose work the pages are made of."""
    desk: Desk = request.app.state.desk
    files: Files = request.app.state.files
    page = desk.telling(
        "What these pages are made of",
        "The pictures are by OpenMoji, the open-source emoji project. Licence: CC BY-SA 4.0.",
        "The letters are Atkinson Hyperlegible, by the Braille Institute of America. Licence: SIL OFL 1.1.",
        "The page components are GOV.UK Frontend. Licence: MIT. These pages are not part of GOV.UK.",
        ways=(
            Way("The licence of the pictures", files.address("licence-openmoji.txt")),
            Way("The licence of the letters", files.address("licence-atkinson-hyperlegible.txt")),
            Way("The licence of the components", files.address("licence-govuk-frontend.txt")),
            FIRST_PAGE,
        ),
        preferences=await preferred(desk, await visited(desk, request)),
    )
    return desk.shown(page)


async def say_alive(request: Request) -> Response:
    """Say that the program runs, and nothing else."""
    return PlainTextResponse("alive")


async def say_ready(request: Request) -> Response:
    """Say whether a question can be expected at once, and nothing else. A canned turn says it."""
    readiness: Readiness = request.app.state.readiness
    is_ready = await readiness.is_so()
    return PlainTextResponse("ready" if is_ready else "not ready", status_code=200 if is_ready else 503)


async def say_backed_up(request: Request) -> Response:
    """Say whether what is kept is backed up as often as it should be, and nothing else. For those who run it."""
    is_backed_up = await to_thread.run_sync(request.app.state.is_backed_up)
    return PlainTextResponse("backed up" if is_backed_up else "not backed up", status_code=200 if is_backed_up else 503)


async def _not_from_here(scope: Scope, receive: Receive, send: Send) -> None:
    state = scope["app"].state
    if is_the_programs(scope["path"]):
        await problem(403)(scope, receive, send)
        return
    if is_the_teams(scope["path"]):
        await state.team_desk.telling(*TOLD[403], 403)(scope, receive, send)
        return
    await _told(state.desk, 403)(scope, receive, send)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if is_the_programs(request.url.path):
        return problem(error.status_code, error.headers)
    if _is_the_teams(request) and error.status_code in {404, 405}:
        return _team_desk(request).missing()
    if _is_the_teams(request):
        response = _team_desk(request).telling(*TOLD.get(error.status_code, TOLD[400]), error.status_code)
    else:
        response = _told(request.app.state.desk, error.status_code)
    response.headers.update(error.headers or {})
    return response


async def _not_kept(request: Request, error: Exception) -> Response:
    return _still_here(request, 503)


async def _not_read(request: Request, error: Exception) -> Response:
    return _still_here(request, 503)


async def _not_there(request: Request, error: Exception) -> Response:
    """A visit or a page may name a conversation that has been erased: the answer is as if it had never been."""
    if _is_the_teams(request):
        return _team_desk(request).missing()
    return closed(request.app.state.desk)


async def _failed(request: Request, error: Exception) -> Response:
    return _still_here(request, 503 if is_used_up(error) else 500)


def _still_here(request: Request, status: int) -> Response:
    """Say that this did not work; where words were sent, hand them back on the page."""
    if is_the_programs(request.url.path):
        return problem(status)
    if _is_the_teams(request):
        return _team_desk(request).not_working(request, status)
    desk: Desk = request.app.state.desk
    form = getattr(request.state, "form", None)
    if form is not None and request.url.path == CONVERSATION:
        return interview.not_kept(desk, form, status)
    page = desk.telling(
        "This does not work just now",
        "What you sent before is kept.",
        "Please try again in a moment.",
        ways=(Way("Try again", request.url.path if request.method == "GET" else "/"),),
    )
    return desk.shown(page, status)


def _is_the_teams(request: Request) -> bool:
    return is_the_teams(request.url.path)


def _team_desk(request: Request) -> TeamDesk:
    desk: TeamDesk = request.app.state.team_desk
    return desk


def _told(desk: Desk, status: int) -> HTMLResponse:
    heading, information = TOLD.get(status, TOLD[400])
    return desk.shown(desk.telling(heading, *information, ways=(FIRST_PAGE,)), status)


routes = [
    Route("/", starting.show_welcome, name="welcome"),
    Route("/", starting.begin, name="begin", methods=["POST"]),
    Route("/welcome/{speaker}", starting.show_welcome_of_another, name="welcome_of_another"),
    Route("/welcome/{speaker}", starting.begin_as_another, name="begin_as_another", methods=["POST"]),
    Route("/invited", starting.show_invited, name="invited"),
    Route("/invited", starting.begin_invited, name="begin_invited", methods=["POST"]),
    Route("/easier", easier.show_easier, name="easier"),
    Route("/easier", easier.make_easier, name="make_easier", methods=["POST"]),
    Route("/private", starting.show_shared_device, name="shared_device"),
    Route("/conversation", interview.show_conversation, name="conversation"),
    Route("/conversation", interview.go_on, name="go_on", methods=["POST"]),
    Route("/conversation/words", copies.show_statement, name="statement"),
    Route("/conversation/words.txt", copies.save_text, name="statement_text"),
    Route("/conversation/words.docx", copies.save_document, name="statement_document"),
    Route("/come-back", starting.show_coming_back, name="coming_back"),
    Route("/come-back", starting.come_back, name="come_back", methods=["POST"]),
    Route("/leave", starting.leave, name="leave"),
    Route("/left", starting.left, name="left", methods=["POST"]),
    Route("/paper", paper.show_papers, name="papers"),
    Route("/paper/{stage}/{speaker}", paper.show_paper, name="paper"),
    Route("/licences", show_licences, name="licences"),
    Route("/healthz", say_alive, name="alive"),
    Route("/readyz", say_ready, name="ready"),
    Route("/backupz", say_backed_up, name="backed_up"),
    Route("/favicon.ico", send_icon, name="icon"),
    Route("/static/{path:path}", send_file, name="file"),
]
