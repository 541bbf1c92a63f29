"""Pages of inviting: making an invitation, its code shown once with a card to print, and withdrawing it."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from bot.codes import shown
from bot.conversation import Speaker, Stage
from bot.enquiring import LONGEST_DAYS, VALID_DAYS
from bot.reviewing import inviting, reading
from bot.reviewing.inviting import Wanted
from bot.reviewing.reading import Communication
from bot.reviewing.seeing import NotDone, Unopened
from bot.roles import RULES, Act
from bot.store import Disguise
from bot.throttles import TooManyAtOnce
from bot.web.access import About
from bot.web.team.called import SPEAKERS, STAGES
from bot.web.team.pages import Problem, TeamPage
from bot.web.team.records import opening
from bot.web.team.shell import Signed, TeamRoute
from bot.web.team.signing import Qr, qr_of

ENQUIRY = "/team/enquiries/{enquiry_id}"

CARD = "For you"
"""All that a card says of what it is for: somebody else may find it."""

DISGUISES = ((Disguise.NUMBERS, "Two telephone numbers"), (Disguise.WORDS, "Six words"))

REMEMBERED = 1000
"""Pages whose invitation was made, so that one sent again makes no other."""


class Sent:
    """The pages that were sent lately. Only in memory: it stops a page sent twice, and nothing hangs on it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pages: OrderedDict[str, None] = OrderedDict()

    def is_first(self, once: str) -> bool:
        """Remember a page, and say whether it had not been sent before."""
        with self._lock:
            if once and once in self._pages:
                return False
            self._pages[once] = None
            if len(self._pages) > REMEMBERED:
                self._pages.popitem(last=False)
            return True

    def forget(self, once: str) -> None:
        """Let a page be sent again, because nothing came of it."""
        with self._lock:
            self._pages.pop(once, None)


sent = Sent()


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitePage(TeamPage):
    """An invitation about to be made."""

    template: ClassVar[str] = "team/invite.html"
    communication: Communication
    action: str
    back: str
    stages: tuple[tuple[str, str], ...]
    speakers: tuple[tuple[str, str], ...]
    disguises: tuple[tuple[str, str], ...]
    stage: str
    speaker: str
    safe: str
    how: str
    days: str
    disguise: str
    longest: int = LONGEST_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitedPage(TeamPage):
    """An invitation just made: its code, once, and a card to print."""

    template: ClassVar[str] = "team/invited.html"
    card: str
    address: str
    groups: tuple[str, ...] = field(repr=False)
    until: datetime
    qr: Qr
    """The address alone. Never the code: any camera reads what is in here."""
    back: str


async def show_invite(request: Request, signed: Signed) -> Response:
    """Where somebody is invited."""
    try:
        return signed.shown(await _invite_page(request, signed))
    except Unopened:
        return signed.leads_to(f"/team/enquiries/{request.path_params['enquiry_id']}")


async def invite(request: Request, signed: Signed) -> Response:
    """Make an invitation, and show its code once."""
    enquiry_id, form = request.path_params["enquiry_id"], signed.form
    stage = next((one for one in Stage if one.value == form.one("stage")), None)
    speaker = next((one for one in SPEAKERS if one.value == form.one("speaker")), None)
    disguise = next((one for one, _ in DISGUISES if one.value == form.one("disguise")), Disguise.NUMBERS)
    days = form.typed("days").strip()
    problems = []
    if stage is None:
        problems.append(Problem("Choose which conversation it is for.", "#stage"))
    if speaker is None:
        problems.append(Problem("Choose who will speak.", "#speaker"))
    if form.one("safe") == "no":
        problems.append(Problem(NOT_SAFE, "#safe"))
    elif form.one("safe") != "yes":
        problems.append(Problem("Say whether it is safe to get in touch with them.", "#safe"))
    elif not form.typed("how").strip():
        problems.append(Problem("Say how it is safe, such as: by letter to her sister.", "#how"))
    if not (days.isascii() and days.isdigit() and len(days) <= 3 and 1 <= int(days) <= LONGEST_DAYS):
        problems.append(Problem(f"Give a number of days from 1 to {LONGEST_DAYS}.", "#days"))
    if problems or stage is None or speaker is None:
        return signed.shown(await _invite_page(request, signed, *problems))
    back = f"/team/enquiries/{enquiry_id}"
    if not sent.is_first(signed.once):
        return signed.leads_to(back, "This invitation was made before, and its code is shown only once.")
    wanted = Wanted(stage, speaker, form.typed("how"), int(days), disguise)
    try:
        made = await inviting.invite(signed.desk.door, signed.actor, enquiry_id, wanted, signed.now)
    except NotDone as error:
        sent.forget(signed.once)
        return signed.shown(await _invite_page(request, signed, Problem(str(error), "#stage")))
    except TooManyAtOnce:
        sent.forget(signed.once)
        problem = Problem("Many people are doing something at once. Please try again in a moment.")
        return signed.shown(await _invite_page(request, signed, problem), 503)
    except BaseException:
        sent.forget(signed.once)
        raise
    # Where nobody said how the site is reached, it is as it was reached just now.
    site = signed.desk.settings.address or f"{request.url.scheme}://{request.url.netloc}"
    address = f"{site}/invited"
    page = InvitedPage(
        frame=signed.frame(),
        title="The invitation is made",
        card=CARD,
        address=address,
        groups=shown(made.code),
        until=made.valid_until,
        qr=qr_of(address),
        back=back,
    )
    return signed.shown(page)


NOT_SAFE = (
    "Nobody is invited where it is not safe to get in touch: somebody else might see it. "
    "Find out a safe way first, or begin the conversation where you meet."
)


async def withdraw(request: Request, signed: Signed) -> Response:
    """End an invitation that was not used yet."""
    enquiry_id, invitation_id = request.path_params["enquiry_id"], request.path_params["invitation_id"]
    back = f"/team/enquiries/{enquiry_id}"
    store, actor = signed.desk.store, signed.actor
    try:
        await to_thread.run_sync(inviting.withdraw, store, actor, enquiry_id, invitation_id, signed.now)
    except NotDone as error:
        return signed.leads_to(back, str(error))
    return signed.leads_to(back, "The invitation is withdrawn. Its code begins nothing any more.")


async def _invite_page(request: Request, signed: Signed, *problems: Problem) -> InvitePage:
    enquiry_id, form = request.path_params["enquiry_id"], signed.form
    store, actor = signed.desk.store, signed.actor

    def look() -> Communication:
        inviting.invitations_of(store, actor, enquiry_id)
        return reading.communication_of(store, actor, enquiry_id)

    communication = await opening(signed, enquiry_id, look)
    here = f"/team/enquiries/{enquiry_id}"
    return InvitePage(
        frame=signed.frame(),
        title="Invite somebody",
        problems=problems,
        communication=communication,
        action=here + "/invite",
        back=here,
        stages=tuple((one.value, STAGES[one]) for one in Stage),
        speakers=tuple((one.value, SPEAKERS[one]) for one in (Speaker.PERSON, Speaker.ADVOCATE, Speaker.PRACTITIONER)),
        disguises=tuple((one.value, label) for one, label in DISGUISES),
        stage=form.one("stage"),
        speaker=form.one("speaker"),
        safe=form.one("safe"),
        how=form.typed("how"),
        days=form.typed("days") if form.has("days") else str(VALID_DAYS),
        disguise=form.one("disguise") or Disguise.NUMBERS.value,
    )


INVITERS = frozenset(RULES[Act.INVITE])

routes: tuple[TeamRoute, ...] = tuple(
    TeamRoute(path, name, handler, method, INVITERS, About.ENQUIRY, navigation="Enquiries")
    for path, name, handler, method in (
        (ENQUIRY + "/invite", "invite_page", show_invite, "GET"),
        (ENQUIRY + "/invite", "invite", invite, "POST"),
        (ENQUIRY + "/invitations/{invitation_id}/withdraw", "withdraw_invitation", withdraw, "POST"),
    )
)
