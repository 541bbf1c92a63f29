"""Pages of guidance: what there is to read, reading it, confirming it, and who has and has not."""

from dataclasses import dataclass
from typing import ClassVar

from anyio import to_thread
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from bot import guiding
from bot.guiding import LeftOut, Readership, Reading, Shelf
from bot.roles import RULES, Act, Role
from bot.web.access import About, Who
from bot.web.team.markdown import as_html
from bot.web.team.pages import Problem, TeamPage
from bot.web.team.shell import Signed, TeamRoute

GUIDANCE = "/team/guidance"

WHY_LEFT_OUT = {
    LeftOut.NOT_TEXT: "It is not text in UTF-8.",
    LeftOut.TOO_LONG: f"It is longer than {guiding.LONGEST // 1000} kB.",
    LeftOut.EMPTY: "There is nothing in it.",
    LeftOut.CANNOT_BE_READ: "It cannot be opened.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One document of the list."""

    reading: Reading
    address: str
    readership: Readership | None
    """Who has read it, for whoever may know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidanceList(TeamPage):
    """All documents: what is to be read first."""

    template: ClassVar[str] = "team/guidance.html"
    to_read: tuple[Row, ...]
    """Empty for whoever is not asked to confirm anything."""
    others: tuple[Row, ...]
    confirms: bool
    sees_readers: bool
    manages: bool
    """Whether it is they who see to it that the documents are there."""
    is_there: bool
    left_out: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidanceDocument(TeamPage):
    """One document to be read, and confirmed."""

    template: ClassVar[str] = "team/guidance_document.html"
    reading: Reading
    address: str
    told_in: Markup
    """What the document says."""
    confirms: bool
    sees_readers: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class GuidanceReaders(TeamPage):
    """Who has read one document, and who has not."""

    template: ClassVar[str] = "team/guidance_readers.html"
    readership: Readership
    address: str
    is_of_all: bool
    """Whether it is about everybody, and not about one's own teams alone."""


@dataclass(frozen=True, slots=True)
class NewToRead:
    """What the first page says of one document that is still to be read."""

    title: str
    address: str
    has_changed: bool
    """Whether they confirmed another version of it before."""


def new_to_read(signed: Signed) -> tuple[NewToRead, ...]:
    """Give what is new to read, for the first page; its template includes `team/new_to_read.html`.

    It reads files and the store: call it in a worker thread.
    """
    found = guiding.new_to(signed.desk.store, _shelf(signed), signed.actor)
    return tuple(
        NewToRead(one.document.title, _address(one.document.document_id), one.confirmed_before is not None)
        for one in found
    )


async def show_list(request: Request, signed: Signed) -> Response:
    """What there is to read, and what is still to be read."""

    def read() -> tuple[Shelf, tuple[Reading, ...], dict[str, Readership]]:
        shelf, store = _shelf(signed), signed.desk.store
        known = guiding.readerships(store, shelf, signed.actor) if guiding.sees_readers(signed.actor) else ()
        return shelf, guiding.readings(store, shelf, signed.actor), {one.document.document_id: one for one in known}

    shelf, readings, known = await to_thread.run_sync(read)
    rows = tuple(Row(one, _address(one.document.document_id), known.get(one.document.document_id)) for one in readings)
    confirms = guiding.confirms(signed.actor)
    manages = signed.actor.role in RULES[Act.LIST_GUIDANCE]
    page = GuidanceList(
        frame=signed.frame(),
        title="Guidance to read",
        to_read=tuple(row for row in rows if confirms and row.reading.confirmed_at is None),
        others=tuple(row for row in rows if not confirms or row.reading.confirmed_at is not None),
        confirms=confirms,
        sees_readers=guiding.sees_readers(signed.actor),
        manages=manages,
        is_there=shelf.is_there,
        left_out=tuple((name, WHY_LEFT_OUT[why]) for name, why in shelf.left_out) if manages else (),
    )
    return signed.shown(page)


async def show_document(request: Request, signed: Signed) -> Response:
    """One document as it is now."""
    return signed.shown(await _document(request, signed))


async def confirm(request: Request, signed: Signed) -> Response:
    """Keep that they have read what the page showed them; another version by now is shown instead."""
    guidance_id = request.path_params["guidance_id"]

    def keep() -> None:
        digest = signed.form.one("version")
        guiding.confirm(signed.desk.store, _shelf(signed), signed.actor, guidance_id, digest, signed.now)

    try:
        await to_thread.run_sync(keep)
    except guiding.ChangedMeanwhile as changed:
        return signed.shown(await _document(request, signed, Problem(str(changed), "#document")))
    return signed.leads_to(GUIDANCE, "It is kept that you have read this.")


async def show_readers(request: Request, signed: Signed) -> Response:
    """Who has read a document, and who has not."""
    guidance_id = request.path_params["guidance_id"]

    def read() -> Readership:
        return guiding.readership(signed.desk.store, _shelf(signed), signed.actor, guidance_id)

    found = await to_thread.run_sync(read)
    page = GuidanceReaders(
        frame=signed.frame(),
        title=f"Who has read “{found.document.title}”",
        readership=found,
        address=_address(guidance_id),
        is_of_all=signed.actor.role is Role.AUDITOR,
    )
    return signed.shown(page)


async def _document(request: Request, signed: Signed, *problems: Problem) -> GuidanceDocument:
    guidance_id = request.path_params["guidance_id"]

    def read() -> tuple[Reading, Markup]:
        shelf = _shelf(signed)
        found = guiding.read(signed.desk.store, shelf, signed.actor, guidance_id)
        others = tuple((one.name, _address(one.document_id)) for one in shelf.documents)
        return found, as_html(found.document.markdown, others)

    reading, told_in = await to_thread.run_sync(read)
    return GuidanceDocument(
        frame=signed.frame(),
        title=reading.document.title,
        problems=problems,
        reading=reading,
        address=_address(guidance_id),
        told_in=told_in,
        confirms=guiding.confirms(signed.actor),
        sees_readers=guiding.sees_readers(signed.actor),
    )


def _shelf(signed: Signed) -> Shelf:
    return guiding.read_shelf(signed.desk.settings.guidance)


def _address(guidance_id: str) -> str:
    return f"{GUIDANCE}/{guidance_id}"


WHO_CONFIRM = frozenset(RULES[Act.CONFIRM_GUIDANCE])
WHO_SEE_READERS = frozenset(RULES[Act.SEE_CONFIRMATIONS])

routes = (
    TeamRoute(
        GUIDANCE,
        "guidance",
        show_list,
        "GET",
        Who.ANYBODY_SIGNED_IN,
        About.GUIDANCE,
        navigation="Guidance",
    ),
    TeamRoute(
        "/team/guidance/{guidance_id}",
        "guidance_document",
        show_document,
        "GET",
        Who.ANYBODY_SIGNED_IN,
        About.GUIDANCE,
        navigation="Guidance",
    ),
    TeamRoute(
        "/team/guidance/{guidance_id}",
        "confirm_guidance",
        confirm,
        "POST",
        WHO_CONFIRM,
        About.GUIDANCE,
        navigation="Guidance",
    ),
    TeamRoute(
        "/team/guidance/{guidance_id}/readers",
        "guidance_readers",
        show_readers,
        "GET",
        WHO_SEE_READERS,
        About.GUIDANCE,
        navigation="Guidance",
    ),
)
