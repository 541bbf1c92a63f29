"""What every handler stands at: the desk, visits, and the page for when there is nothing here."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot import interviewing, returning
from bot.codes import Door
from bot.conversation import Preferences
from bot.interviewing import Room
from bot.steps import Steps
from bot.store import Missing, NotKept, NotRead, Visit
from bot.throttles import Throttle
from bot.web import contexts
from bot.web.contexts import Beside, Page, Way
from bot.web.guard import LEAVES_NOTHING
from bot.web.pages import Pages
from bot.web.showing import TITLE, Frame

CONVERSATION = "/conversation"


@dataclass(frozen=True, slots=True)
class Desk:
    """All that the handlers need."""

    room: Room
    door: Door
    steps: Steps
    pages: Pages
    frame: Frame
    leave_to: str
    secure_cookies: bool
    walk_in: bool
    """Whether anybody may begin without an invitation."""
    beginnings: Throttle
    """How many conversations may begin from one network before the next one waits."""
    now: Callable[[], datetime]
    steady: Callable[[], datetime]
    """The time that visits end by: it goes on as time does, though the system's clock be set."""

    @property
    def cookie(self) -> str:
        """The name of a visit's cookie. Only over https does a browser take the name that guards it best."""
        return "__Host-visit" if self.secure_cookies else "visit"

    def shown(self, page: Page, status: int = 200) -> HTMLResponse:
        """Answer with a page."""
        return HTMLResponse(self.pages.make(page), status_code=status)

    def telling(
        self,
        heading: str,
        *information: str,
        words: str = "",
        beside: tuple[Beside, ...] = (),
        ways: tuple[Way, ...] = (),
        preferences: Preferences | None = None,
    ) -> contexts.Telling:
        """Make a page that only tells something."""
        return contexts.Telling(
            title=TITLE,
            place=self.frame.place,
            preferences=preferences or Preferences(),
            heading=heading,
            information=information,
            words=words,
            beside=beside,
            ways=ways,
        )


def desk_of(request: Request) -> Desk:
    """Give the desk of the app that was asked."""
    desk: Desk = request.app.state.desk
    return desk


def onwards() -> Response:
    """Answer with the way to the conversation, wherever it stands."""
    return RedirectResponse(CONVERSATION, status_code=303)


def closed(desk: Desk) -> Response:
    """Say that there is nothing here: the same for a visit that is over, one that never was, and one made up."""
    page = desk.telling(
        "This page is closed",
        "You can open it again if you have a code.",
        ways=(Way("Come back with a code", "/come-back"), Way("Go to the first page", "/")),
    )
    return desk.shown(page)


async def visited(desk: Desk, request: Request) -> str | None:
    """Find the conversation of the visit that the browser holds."""
    visit = await visit_of(desk, request)
    return None if visit is None else visit.conversation_id


async def visit_of(desk: Desk, request: Request) -> Visit | None:
    """Find the visit that the browser holds."""
    secret = request.cookies.get(desk.cookie)
    return await returning.find_visit(desk.door, secret, desk.steady()) if secret else None


async def preferred(desk: Desk, conversation_id: str | None) -> Preferences:
    """Give what makes the pages of a conversation easier; without one, they are as for everybody."""
    if conversation_id is None:
        return Preferences()
    return (await interviewing.look(desk.room, conversation_id)).preferences


async def let_in(desk: Desk, conversation_id: str, minutes: int) -> Response:
    """Open a visit to a conversation, and lead there."""
    secret = await returning.open_visit(desk.door, conversation_id, minutes, desk.steady())
    response = onwards()
    response.set_cookie(desk.cookie, secret, path="/", secure=desk.secure_cookies, httponly=True, samesite="strict")
    return response


async def end_visit(desk: Desk, request: Request) -> None:
    """End the visit that the browser holds, if it holds one."""
    secret = request.cookies.get(desk.cookie)
    if secret:
        with contextlib.suppress(NotKept, NotRead, Missing):  # the cookie goes in any case, and nobody is held up
            await returning.end_visit(desk.door, secret, desk.steady())


def without_visit(desk: Desk, response: Response) -> Response:
    """Have the browser forget the visit."""
    response.delete_cookie(desk.cookie, path="/", secure=desk.secure_cookies, httponly=True, samesite="strict")
    response.headers["Clear-Site-Data"] = LEAVES_NOTHING
    return response
