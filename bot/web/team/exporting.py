"""The page where an enquiry is taken out for another system, and the files themselves."""

from dataclasses import dataclass
from typing import ClassVar

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from bot.interoperating.fhir import NotValid
from bot.interoperating.taking import ToTake, Written, take_out, to_take
from bot.reviewing.seeing import Unopened
from bot.roles import RULES, Act
from bot.store import Missing
from bot.web.access import About
from bot.web.team.pages import Problem, TeamPage
from bot.web.team.records import opening
from bot.web.team.shell import Signed, TeamRoute

EXPORT = "/team/enquiries/{enquiry_id}/export"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportPage(TeamPage):
    """What can be taken out of an enquiry, and as what."""

    template: ClassVar[str] = "team/export.html"
    to_take: ToTake
    action: str
    back: str


async def show_export(request: Request, signed: Signed) -> Response:
    """What would be in a file, before anything is taken."""
    try:
        return signed.shown(await _page(request, signed))
    except Unopened:
        return signed.leads_to(_enquiry(request))


async def export(request: Request, signed: Signed) -> Response:
    """Give the file. It is kept nowhere here, and no copy of it by the browser either."""
    if signed.form.one("written") not in set(Written):
        raise Missing("There is no such file.")
    written = Written(signed.form.one("written"))
    texts = request.app.state.desk.frame.texts
    store, actor, enquiry_id = signed.desk.store, signed.actor, request.path_params["enquiry_id"]
    try:
        taken = await to_thread.run_sync(take_out, store, actor, enquiry_id, written, texts, signed.now)
    except NotValid:
        said = (
            "This enquiry cannot be written as FHIR just now, so nothing was exported. Please tell whoever runs this."
        )
        return signed.shown(await _page(request, signed, Problem(said)))
    headers = {"Content-Disposition": f'attachment; filename="{taken.name}"'}
    return Response(taken.content, media_type=taken.media, headers=headers)


async def _page(request: Request, signed: Signed, *problems: Problem) -> ExportPage:
    enquiry_id = request.path_params["enquiry_id"]

    def look() -> ExportPage:
        return ExportPage(
            frame=signed.frame(),
            title="Export for another system",
            problems=problems,
            to_take=to_take(signed.desk.store, signed.actor, enquiry_id),
            action=_enquiry(request) + "/export",
            back=_enquiry(request),
        )

    return await opening(signed, enquiry_id, look)


def _enquiry(request: Request) -> str:
    return f"/team/enquiries/{request.path_params['enquiry_id']}"


EXPORTERS = frozenset(RULES[Act.EXPORT])

routes = (
    TeamRoute(EXPORT, "export_page", show_export, "GET", EXPORTERS, About.ENQUIRY, navigation="Enquiries"),
    TeamRoute(EXPORT, "export", export, "POST", EXPORTERS, About.ENQUIRY, proven=True, navigation="Enquiries"),
)
