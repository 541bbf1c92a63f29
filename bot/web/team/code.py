"""Pages where a person's code to come back is ended: it opens nothing any more, and what they said stays."""

from dataclasses import dataclass
from typing import ClassVar

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from bot.reviewing import leading
from bot.roles import RULES, Act
from bot.web.access import About
from bot.web.team.pages import TeamPage
from bot.web.team.shell import Signed, TeamRoute

CODE = "/team/conversations/{conversation_id}/code"


@dataclass(frozen=True, slots=True, kw_only=True)
class CodePage(TeamPage):
    """Whether somebody can come back to a conversation with a code, and the button that ends it."""

    template: ClassVar[str] = "team/code.html"
    has_code: bool
    action: str
    back: str


async def show_code(request: Request, signed: Signed) -> Response:
    """Whether there is a code."""
    conversation_id = request.path_params["conversation_id"]
    way = await to_thread.run_sync(leading.way_back, signed.desk.store, signed.actor, conversation_id)
    page = CodePage(
        frame=signed.frame(),
        title="The code to come back",
        has_code=way.has_code,
        action=CODE.format(conversation_id=conversation_id),
        back="/team/work" if way.enquiry_id is None else f"/team/enquiries/{way.enquiry_id}",
    )
    return signed.shown(page)


async def end_code(request: Request, signed: Signed) -> Response:
    """End it, and every visit with it."""
    conversation_id = request.path_params["conversation_id"]
    await to_thread.run_sync(leading.end_code, signed.desk.store, signed.actor, conversation_id, signed.now)
    return signed.leads_to(
        CODE.format(conversation_id=conversation_id),
        "The code has ended. Whoever had the conversation open is out of it.",
    )


ENDERS = frozenset(RULES[Act.END_CODE])

routes: tuple[TeamRoute, ...] = (
    TeamRoute(CODE, "code_page", show_code, "GET", ENDERS, About.CONVERSATION, navigation="Work"),
    TeamRoute(CODE, "end_code", end_code, "POST", ENDERS, About.CONVERSATION, navigation="Work"),
)
