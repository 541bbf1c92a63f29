"""Pages of a person's own file: what would be in it, looked through by a manager before it is made."""

from dataclasses import dataclass
from typing import ClassVar

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from bot import person_file
from bot.person_file import Form, PersonFile
from bot.reviewing.seeing import NotDone, Unopened
from bot.roles import RULES, Act
from bot.store import Missing
from bot.web.access import About
from bot.web.team.pages import Problem, TeamPage
from bot.web.team.shell import Signed, TeamRoute

PERSON_FILE = "/team/enquiries/{enquiry_id}/person-file"


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonFilePage(TeamPage):
    """Everything that could be in the file; before it is opened, what it is and a button."""

    template: ClassVar[str] = "team/person_file.html"
    file: PersonFile | None
    left_out: frozenset[str]
    reason: str
    action: str
    back: str


async def show_file(request: Request, signed: Signed) -> Response:
    """What would be in the file, or the button to open it."""
    return signed.shown(await _page(request, signed))


async def open_file(request: Request, signed: Signed) -> Response:
    """Record who reads, and lead to what is read."""
    enquiry_id = request.path_params["enquiry_id"]
    await to_thread.run_sync(person_file.open_review, signed.desk.store, signed.actor, enquiry_id, signed.now)
    return signed.leads_to(_here(request))


async def make_file(request: Request, signed: Signed) -> Response:
    """Give the file. It is kept nowhere here."""
    form = signed.form
    if form.one("written") not in set(Form):
        raise Missing("There is no such file.")
    written, left_out, reason = Form(form.one("written")), form.every("out"), form.typed("reason")
    texts = request.app.state.desk.frame.texts
    enquiry_id, store, actor = request.path_params["enquiry_id"], signed.desk.store, signed.actor

    def do() -> person_file.Made:
        return person_file.make(
            store, actor, enquiry_id, written, left_out, reason, texts, signed.now, token=signed.once
        )

    try:
        made = await to_thread.run_sync(do)
    except Unopened:
        return signed.leads_to(_here(request))
    except NotDone as error:
        problem = Problem(str(error), "#reason")
        return signed.shown(await _page(request, signed, problem, left_out=frozenset(left_out), reason=reason))
    headers = {"Content-Disposition": f'attachment; filename="{made.name}"'}
    return Response(made.content, media_type=made.media, headers=headers)


async def _page(
    request: Request, signed: Signed, *problems: Problem, left_out: frozenset[str] = frozenset(), reason: str = ""
) -> PersonFilePage:
    texts = request.app.state.desk.frame.texts
    enquiry_id = request.path_params["enquiry_id"]

    def look() -> PersonFile | None:
        try:
            return person_file.to_review(signed.desk.store, signed.actor, enquiry_id, texts, signed.now)
        except Unopened:
            return None

    return PersonFilePage(
        frame=signed.frame(),
        title="The person’s own file",
        problems=problems,
        file=await to_thread.run_sync(look),
        left_out=left_out,
        reason=reason,
        action=_here(request),
        back=_here(request).removesuffix("/person-file"),
    )


def _here(request: Request) -> str:
    return f"/team/enquiries/{request.path_params['enquiry_id']}/person-file"


MAKERS = frozenset(RULES[Act.EXPORT])

routes: tuple[TeamRoute, ...] = (
    TeamRoute(PERSON_FILE, "person_file", show_file, "GET", MAKERS, About.ENQUIRY, navigation="Enquiries"),
    *(
        TeamRoute(path, name, handler, "POST", MAKERS, About.ENQUIRY, proven=True, navigation="Enquiries")
        for path, name, handler in (
            (PERSON_FILE + "/open", "open_person_file", open_file),
            (PERSON_FILE, "make_person_file", make_file),
        )
    ),
)
