"""Make this easier to use: what a page can do for whoever reads it, remembered with the conversation.

Before there is a conversation nothing is remembered anywhere, not even by the browser: it stands in the address, and
in fields of the form that begins.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot import interviewing
from bot.conversation import Colours, Preferences, TextSize
from bot.web import contexts
from bot.web.desk import CONVERSATION, desk_of, visited
from bot.web.forms import read_form
from bot.web.showing import TITLE

EASIER = "/easier"
BEFORE = frozenset({"/", "/private", "/come-back", "/invited", "/welcome/advocate", "/welcome/practitioner"})
"""Where somebody may come from who has no conversation yet, and is led back to."""

Named = TypeVar("Named", bound=StrEnum)


def read(get: Callable[[str], str]) -> Preferences:
    """Read what was chosen from the fields of a form or of an address; what was not chosen is as it always is."""
    return Preferences(
        text_size=_one(TextSize, get("size"), TextSize.NORMAL),
        colours=_one(Colours, get("colours"), Colours.STANDARD),
        pictures=get("pictures") != "no",
        simpler=get("simpler") == "yes",
        one_at_a_time=get("one") == "yes",
        read_aloud=get("aloud") == "yes",
    )


def asked(request: Request) -> Preferences:
    """Read what the address of a page says."""
    return read(lambda name: request.query_params.get(name, ""))


def fields(preferences: Preferences) -> tuple[tuple[str, str], ...]:
    """Give the fields that `read` reads the same from."""
    chosen = {
        "size": preferences.text_size if preferences.text_size is not TextSize.NORMAL else "",
        "colours": preferences.colours if preferences.colours is not Colours.STANDARD else "",
        "pictures": "" if preferences.pictures else "no",
        "simpler": "yes" if preferences.simpler else "",
        "one": "yes" if preferences.one_at_a_time else "",
        "aloud": "yes" if preferences.read_aloud else "",
    }
    return tuple((name, str(value)) for name, value in chosen.items() if value)


def query(preferences: Preferences) -> str:
    """Give the end of an address under which a page is like that; "" where all is as it always is."""
    chosen = fields(preferences)
    return f"?{urlencode(chosen)}" if chosen else ""


def way_here(back: str, preferences: Preferences) -> str:
    """Give the address of this page for somebody who is to be led back."""
    return f"{EASIER}?{urlencode([('back', back), *fields(preferences)])}"


async def show_easier(request: Request) -> Response:
    """What can be made easier, as it is now."""
    desk = desk_of(request)
    conversation_id = await visited(desk, request)
    if conversation_id is None:
        back = request.query_params.get("back", "")
        return desk.shown(_page(request, asked(request), back if back in BEFORE else "/"))
    view = await interviewing.look(desk.room, conversation_id)
    return desk.shown(_page(request, view.preferences, CONVERSATION))


async def make_easier(request: Request) -> Response:
    """Remember what was chosen, and lead back."""
    desk = desk_of(request)
    form = await read_form(request)
    chosen = read(form.one)
    conversation_id = await visited(desk, request)
    if conversation_id is not None:
        await interviewing.prefer(desk.room, conversation_id, chosen, desk.now())
        return RedirectResponse(CONVERSATION, status_code=303)
    back = form.one("back")
    return RedirectResponse((back if back in BEFORE else "/") + query(chosen), status_code=303)


def _page(request: Request, preferences: Preferences, back: str) -> contexts.Easier:
    return contexts.Easier(
        title=TITLE,
        place=desk_of(request).frame.place,
        preferences=preferences,
        sizes=tuple(TextSize),
        colours=tuple(Colours),
        back=back,
        way_back=back if back == CONVERSATION else back + query(preferences),
    )


def _one(kind: type[Named], said: str, otherwise: Named) -> Named:
    return next((one for one in kind if one == said), otherwise)
