"""The copy of one's own: on a page that prints well, as plain text, and as a document.

Nothing is ever sent anywhere: whoever holds the visit sees it or saves it. The name of a saved file says nothing.
"""

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from bot import interviewing
from bot.documents import MEDIA_TYPE, as_document
from bot.interviewing import View
from bot.statement import Statement, Voice, as_text, statement
from bot.web.desk import closed, desk_of, onwards, visited
from bot.web.pages import as_utf8_can
from bot.web.showing import may_keep_copy


async def show_statement(request: Request) -> Response:
    """The words on one page."""
    desk = desk_of(request)
    found = await _statement(request)
    if isinstance(found, Response):
        return found
    view, made = found
    return desk.shown(desk.frame.statement(view, made))


async def save_text(request: Request) -> Response:
    """The same as plain text."""
    found = await _statement(request)
    if isinstance(found, Response):
        return found
    return PlainTextResponse(as_utf8_can(as_text(found[1])), headers=_saved_as("notes.txt"))


async def save_document(request: Request) -> Response:
    """The same as a document."""
    found = await _statement(request)
    if isinstance(found, Response):
        return found
    made = await to_thread.run_sync(as_document, found[1])
    return Response(made, media_type=MEDIA_TYPE, headers=_saved_as("notes.docx"))


async def _statement(request: Request) -> tuple[View, Statement] | Response:
    desk = desk_of(request)
    conversation_id = await visited(desk, request)
    if conversation_id is None:
        return closed(desk)
    view = await interviewing.look(desk.room, conversation_id)
    if not may_keep_copy(view.standing):
        return onwards()
    told = view.conversation
    made = statement(
        view.standing,
        await interviewing.wanted(desk.room, view),
        desk.frame.interview,
        desk.frame.texts,
        begun_at=told.begun_at,
        last_said_at=told.last_said_at or told.begun_at,
        conversation_id=conversation_id,
        head=told.head,
        voice=Voice(told.speaker, told.stage, view.meanings),
        said_on=told.said_on,
    )
    return view, made


def _saved_as(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
