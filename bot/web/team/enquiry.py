"""Pages of one enquiry: opening it, all that was said in it, who works on it, themes, and its opening and closing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import ClassVar

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from bot.project import load_themes
from bot.reviewing import answering, leading, reading, seeing
from bot.reviewing.answering import SomebodyWasFirst
from bot.reviewing.reading import Communication, EnquiryReading, OutcomeSeen, theme_label
from bot.reviewing.seeing import NotDone, Unopened
from bot.roles import RULES, Act, Place
from bot.store import AccessChange, Entry, Invitation, Missing
from bot.themes import NONE_OF_THESE, Themes
from bot.web.access import About
from bot.web.team.pages import Problem, TeamPage, as_day
from bot.web.team.reading import CoverPage
from bot.web.team.records import RecordsPanel, opening, records_panel
from bot.web.team.shell import ROLES, Signed, TeamRoute

ENQUIRY = "/team/enquiries/{enquiry_id}"

ACCESS_MOVES = {
    AccessChange.GIVEN: "Given to a team",
    AccessChange.ALLOCATED: "Allocated to",
    AccessChange.UNALLOCATED: "Taken off",
    AccessChange.RESTRICTED: "Restricted",
    AccessChange.LIFT_ASKED: "Asked to lift the restriction",
    AccessChange.LIFTED: "Restriction lifted",
}
MOVES = {"opened": "Opened", "closed": "Closed", "reopened": "Opened again"}


@dataclass(frozen=True, slots=True)
class InvitationShown:
    """An invitation, how it stands, and whether it can be withdrawn."""

    invitation: Invitation
    stands: str
    may_withdraw: bool


@dataclass(frozen=True, slots=True)
class MoveShown:
    """One thing that became of an enquiry."""

    what: str
    who: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EnquiryPage(TeamPage):
    """An enquiry, as much of it as this reader may know."""

    template: ClassVar[str] = "team/enquiry.html"
    reading: EnquiryReading
    now: datetime
    allocated: tuple[str, ...]
    is_new: bool
    """Whether nobody has said anything in it yet, and nobody was invited."""
    sees_all: bool
    """Whether what the team wrote beside the words is for this reader."""
    has_proposals: bool
    themes: Mapping[str, tuple[str, ...]]
    """What the themes of each outcome are called."""
    records: RecordsPanel | None
    invitations: tuple[InvitationShown, ...]
    moves: tuple[MoveShown, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEnquiryPage(TeamPage):
    """An enquiry about to be opened."""

    template: ClassVar[str] = "team/enquiry_new.html"
    teams: tuple[tuple[str, str], ...]
    team: str
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody who works on an enquiry."""

    account_id: str
    name: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplePage(TeamPage):
    """Who works on an enquiry, whose it is, and who can see it."""

    template: ClassVar[str] = "team/enquiry_people.html"
    enquiry_id: str
    communication: Communication
    allocated: tuple[Colleague, ...]
    free: tuple[tuple[str, str], ...]
    """Whom else it can be allocated to."""
    teams: tuple[tuple[str, str], ...]
    team_id: str
    place: Place
    asked_by: str
    may_lift: bool


@dataclass(frozen=True, slots=True)
class ThemesBefore:
    """What somebody else chose since the page was made."""

    who: str
    at: datetime
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThemesPage(TeamPage):
    """Under which themes an outcome is counted."""

    template: ClassVar[str] = "team/themes.html"
    one: OutcomeSeen
    communication: Communication
    action: str
    back: str
    latest: int
    items: tuple[tuple[str, str], ...]
    chosen: tuple[str, ...]
    own: str
    suggested: bool
    first: tuple[ThemesBefore, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WordingsPage(TeamPage):
    """The first wording of an outcome beside today's."""

    template: ClassVar[str] = "team/wordings.html"
    one: OutcomeSeen
    communication: Communication
    back: str


@cache
def themes() -> Themes:
    """Give the reviewed list of themes."""
    return load_themes()


# --- opening and reading ---------------------------------------------------------------------------------------------


async def show_enquiry(request: Request, signed: Signed) -> Response:
    """An enquiry with all that was said in it, or the button to open it."""
    enquiry_id = request.path_params["enquiry_id"]

    def read() -> tuple[EnquiryReading, RecordsPanel | None]:
        found = reading.read_enquiry(signed.desk.store, signed.actor, enquiry_id, themes())
        return found, records_panel(signed, enquiry_id)

    try:
        found, records = await to_thread.run_sync(read)
    except Unopened:
        cover = await to_thread.run_sync(reading.cover_of_enquiry, signed.desk.store, signed.actor, enquiry_id)
        action = _here(enquiry_id) + "/open"
        return signed.shown(CoverPage(frame=signed.frame(), title="Enquiry", cover=cover, action=action))
    return signed.shown(_enquiry_page(signed, found, records))


async def open_enquiry(request: Request, signed: Signed) -> Response:
    """Record who reads, and lead to what is read."""
    enquiry_id = request.path_params["enquiry_id"]
    await to_thread.run_sync(seeing.open_enquiry_to_read, signed.desk.store, signed.actor, enquiry_id, signed.now)
    return signed.leads_to(_here(enquiry_id))


def _enquiry_page(signed: Signed, found: EnquiryReading, records: RecordsPanel | None) -> EnquiryPage:
    place, names = found.seen.place, found.names
    return EnquiryPage(
        frame=signed.frame(),
        title="Enquiry",
        reading=found,
        now=signed.now,
        allocated=tuple(sorted(names.account(one) for one in place.allocated)),
        is_new=not found.timeline and not found.invitations and Act.INVITE in found.may,
        sees_all=Act.SEE_RECORDS in found.may,
        has_proposals=any(found.proposals.values()),
        themes={one.outcome.outcome_id: _labels(one) for one in found.outcomes},
        records=records,
        invitations=tuple(_invitation(one, signed.now, Act.INVITE in found.may) for one in found.invitations),
        moves=tuple(_moves(found)),
    )


def _labels(one: OutcomeSeen) -> tuple[str, ...]:
    if one.tags is None:
        return ()
    own = (one.tags.own,) if one.tags.own else ()
    return (*(theme_label(themes(), name) for name in one.tags.confirmed), *own)


def _invitation(one: Invitation, now: datetime, may_invite: bool) -> InvitationShown:
    if one.used_at is not None:
        return InvitationShown(one, f"used on {as_day(one.used_at)}", may_withdraw=False)
    if one.ended_at is not None:
        return InvitationShown(one, f"withdrawn on {as_day(one.ended_at)}", may_withdraw=False)
    if one.valid_until < now:
        return InvitationShown(one, f"not used, and good no longer since {as_day(one.valid_until)}", may_withdraw=False)
    return InvitationShown(one, f"not used yet, good until {as_day(one.valid_until)}", may_withdraw=may_invite)


def _moves(found: EnquiryReading) -> Sequence[MoveShown]:
    names = found.names
    moves = [MoveShown(MOVES.get(one.move, one.move), "", "", one.at) for one in found.moves]
    for one in found.access_moves:
        about = names.team(one.team_id) if one.team_id is not None else ""
        who = names.account(one.account_id) if one.account_id is not None else about
        by = names.account(one.by) if one.by is not None else ""
        moves.append(MoveShown(ACCESS_MOVES[one.move], who, by, one.at))
    return sorted(moves, key=lambda one: one.at)


# --- opening a new one, closing, reopening ---------------------------------------------------------------------------


async def show_new_enquiry(request: Request, signed: Signed) -> Response:
    """Where an enquiry is opened."""
    return signed.shown(await _new_page(signed))


async def begin_enquiry(request: Request, signed: Signed) -> Response:
    """Open an enquiry for a team."""
    reference, team_id = signed.form.typed("reference"), signed.form.one("team")
    store, actor = signed.desk.store, signed.actor
    if not team_id:
        problem = Problem("Choose the team.", "#team")
        return signed.shown(await _new_page(signed, reference, "", problem))
    try:
        enquiry_id = await to_thread.run_sync(leading.open_enquiry, store, actor, reference, team_id, signed.now)
    except NotDone as error:
        return signed.shown(await _new_page(signed, reference, team_id, Problem(str(error), "#reference")))
    return signed.leads_to(_here(enquiry_id), "The enquiry is open.")


async def _new_page(signed: Signed, reference: str = "", team_id: str = "", *problems: Problem) -> NewEnquiryPage:
    def own_teams() -> tuple[tuple[str, str], ...]:
        with signed.desk.store.reading() as seen:
            return tuple((one.team_id, one.name) for one in seen.teams.listed() if one.team_id in signed.actor.team_ids)

    teams = await to_thread.run_sync(own_teams)
    if not teams:
        problems = (*problems, Problem("You are in no team yet. An administrator can put you into one."))
    only = teams[0][0] if len(teams) == 1 else ""
    return NewEnquiryPage(
        frame=signed.frame(),
        title="Open an enquiry",
        problems=problems,
        teams=teams,
        team=team_id or only,
        reference=reference,
    )


async def close_enquiry(request: Request, signed: Signed) -> Response:
    """Close an enquiry."""
    enquiry_id = request.path_params["enquiry_id"]
    await to_thread.run_sync(leading.close, signed.desk.store, signed.actor, enquiry_id, signed.now)
    return signed.leads_to(_here(enquiry_id), "The enquiry is closed.")


async def reopen_enquiry(request: Request, signed: Signed) -> Response:
    """Open a closed enquiry again."""
    enquiry_id = request.path_params["enquiry_id"]
    await to_thread.run_sync(leading.reopen, signed.desk.store, signed.actor, enquiry_id, signed.now)
    return signed.leads_to(_here(enquiry_id), "The enquiry is open again.")


# --- who works on it -------------------------------------------------------------------------------------------------


async def show_people(request: Request, signed: Signed) -> Response:
    """Who works on an enquiry, and who can see it."""
    try:
        return signed.shown(await _people_page(request, signed))
    except Unopened:
        return signed.leads_to(_here(request.path_params["enquiry_id"]))


async def change_people(request: Request, signed: Signed) -> Response:
    """Allocate an enquiry, take somebody off, hand it over, restrict it, ask to lift that."""
    enquiry_id, form = request.path_params["enquiry_id"], signed.form
    what = CHANGES.get(form.one("do"))
    if what is None:
        raise Missing("There is no such change.")
    verb, field, told = what
    chosen = (form.one(field),) if field else ()
    change = partial(verb, signed.desk.store, signed.actor, enquiry_id, *chosen, signed.now)
    try:
        await to_thread.run_sync(change)
    except NotDone as error:
        return signed.shown(await _people_page(request, signed, Problem(str(error), f"#{field}" if field else "")))
    may_see = await to_thread.run_sync(_may_see, signed, enquiry_id)
    return signed.leads_to(_here(enquiry_id) + "/people" if may_see else "/team/enquiries", told)


CHANGES: Mapping[str, tuple[Callable[..., None], str, str]] = {
    "allocate": (leading.allocate, "account", "It is allocated."),
    "unallocate": (leading.unallocate, "account", "They do not work on it any more."),
    "team": (leading.give_team, "team", "It belongs to another team now."),
    "restrict": (leading.restrict, "", "It is restricted."),
    "ask_to_lift": (leading.ask_to_lift, "", "You asked. Another manager has to agree."),
}


async def lift(request: Request, signed: Signed) -> Response:
    """Lift a restriction that another manager asked to have lifted."""
    enquiry_id = request.path_params["enquiry_id"]
    await to_thread.run_sync(leading.lift, signed.desk.store, signed.actor, enquiry_id, signed.now)
    return signed.leads_to(_here(enquiry_id) + "/people", "The restriction is lifted.")


def _may_see(signed: Signed, enquiry_id: str) -> bool:
    with signed.desk.store.reading() as seen:
        place = seeing.place_of_enquiry(seen, enquiry_id)
        return place.team_id in signed.actor.team_ids


async def _people_page(request: Request, signed: Signed, *problems: Problem) -> PeoplePage:
    enquiry_id = request.path_params["enquiry_id"]

    def look() -> PeoplePage:
        store, actor = signed.desk.store, signed.actor
        people, teams = leading.to_choose(store, actor, enquiry_id)
        communication = reading.communication_of(store, actor, enquiry_id)
        with store.reading() as seen:
            place, names = seeing.place_of_enquiry(seen, enquiry_id), seeing.names(seen)
            every = {one.account_id: one for one in seen.accounts.listed()}
        working = sorted((every[one] for one in place.allocated if one in every), key=lambda one: one.name)
        asked_by = place.lift_asked_by
        return PeoplePage(
            frame=signed.frame(),
            title="Who works on it",
            problems=problems,
            enquiry_id=enquiry_id,
            communication=communication,
            allocated=tuple(Colleague(one.account_id, one.name, ROLES[one.role]) for one in working),
            free=tuple(
                (one.account_id, f"{one.name} ({ROLES[one.role].lower()})")
                for one in people
                if one.account_id not in place.allocated
            ),
            teams=tuple((one.team_id, one.name) for one in teams),
            team_id=place.team_id or "",
            place=place,
            asked_by=names.account(asked_by) if asked_by is not None else "",
            may_lift=asked_by not in {None, actor.account_id},
        )

    return await opening(signed, enquiry_id, look)


# --- outcomes --------------------------------------------------------------------------------------------------------


async def show_themes(request: Request, signed: Signed) -> Response:
    """Where an outcome is put under themes."""
    try:
        found = await to_thread.run_sync(_outcome, request, signed)
    except Unopened:
        return signed.leads_to(_here(request.path_params["enquiry_id"]))
    return signed.shown(_themes_page(request, signed, *found))


async def keep_themes(request: Request, signed: Signed) -> Response:
    """Put an outcome under themes."""
    enquiry_id, outcome_id = request.path_params["enquiry_id"], request.path_params["outcome"]
    chosen, own = signed.form.every("theme"), signed.form.typed("own")
    written = signed.form.one("latest")
    latest = int(written) if written.isascii() and written.isdigit() and len(written) <= 15 else 0
    keep = partial(answering.tag, latest=latest, token=signed.once)
    store, actor = signed.desk.store, signed.actor
    tag = partial(keep, store, actor, enquiry_id, outcome_id, chosen, own, themes(), signed.now)
    try:
        await opening(signed, enquiry_id, tag)
    except SomebodyWasFirst as error:
        found = await to_thread.run_sync(_outcome, request, signed)
        page = _themes_page(request, signed, *found, typed=(chosen, own), first=error.entries)
        return signed.shown(page, 409)
    except NotDone as error:
        found = await to_thread.run_sync(_outcome, request, signed)
        problem = Problem(str(error), "#theme")
        return signed.shown(_themes_page(request, signed, *found, typed=(chosen, own), problems=(problem,)))
    return signed.leads_to(f"{_here(enquiry_id)}#outcome-{outcome_id}", "The themes are kept.")


async def show_wordings(request: Request, signed: Signed) -> Response:
    """The first wording of an outcome beside today's."""
    enquiry_id = request.path_params["enquiry_id"]
    try:
        found, one = await to_thread.run_sync(_outcome, request, signed)
    except Unopened:
        return signed.leads_to(_here(enquiry_id))
    page = WordingsPage(
        frame=signed.frame(),
        title="First and now",
        one=one,
        communication=found.communication,
        back=f"{_here(enquiry_id)}#outcome-{one.outcome.outcome_id}",
    )
    return signed.shown(page)


def _outcome(request: Request, signed: Signed) -> tuple[EnquiryReading, OutcomeSeen]:
    """Read one outcome. Raises NotAllowed, Missing, Unopened."""
    enquiry_id, outcome_id = request.path_params["enquiry_id"], request.path_params["outcome"]
    found = reading.read_enquiry(signed.desk.store, signed.actor, enquiry_id, themes())
    one = next((one for one in found.outcomes if one.outcome.outcome_id == outcome_id), None)
    if one is None:
        raise Missing("There is no such outcome.")
    return found, one


def _themes_page(
    request: Request,
    signed: Signed,
    found: EnquiryReading,
    one: OutcomeSeen,
    *,
    typed: tuple[Sequence[str], str] | None = None,
    first: Sequence[Entry] = (),
    problems: tuple[Problem, ...] = (),
) -> ThemesPage:
    if one.tags is None:
        raise Missing("There is no such outcome.")
    enquiry_id = request.path_params["enquiry_id"]
    tags = one.tags
    chosen = tuple(typed[0]) if typed is not None else tags.confirmed
    suggested = set(tags.suggested)
    items = [
        (name, f"{label} (from the words)" if name in suggested else label) for name, label in themes().labels.items()
    ]
    return ThemesPage(
        frame=signed.frame(),
        title="Themes",
        problems=problems,
        one=one,
        communication=found.communication,
        action=f"{_here(enquiry_id)}/outcomes/{one.outcome.outcome_id}",
        back=f"{_here(enquiry_id)}#outcome-{one.outcome.outcome_id}",
        latest=tags.latest,
        items=(*items, (NONE_OF_THESE, theme_label(themes(), NONE_OF_THESE))),
        chosen=chosen,
        own=typed[1] if typed is not None else tags.own,
        suggested=bool(suggested),
        first=tuple(
            ThemesBefore(
                found.names.account(entry.account_id),
                entry.at,
                (
                    *(theme_label(themes(), name) for name in entry.choices.get("themes", ())),
                    *filter(None, (entry.words.get("own", ""),)),
                ),
            )
            for entry in first
        ),
    )


def _here(enquiry_id: str) -> str:
    return f"/team/enquiries/{enquiry_id}"


SEERS = frozenset(RULES[Act.SEE_ENQUIRY])
LEADERS = frozenset(RULES[Act.ALLOCATE])
TAGGERS = frozenset(RULES[Act.TAG])
BEGINNERS = frozenset(RULES[Act.BEGIN_ENQUIRY])
OUTCOME = ENQUIRY + "/outcomes/{outcome}"

routes: tuple[TeamRoute, ...] = (
    TeamRoute("/team/enquiries/new", "new_enquiry", show_new_enquiry, "GET", BEGINNERS, navigation="Enquiries"),
    TeamRoute("/team/enquiries/new", "begin_enquiry", begin_enquiry, "POST", BEGINNERS, navigation="Enquiries"),
    *(
        TeamRoute(path, name, handler, method, who, About.ENQUIRY, navigation="Enquiries")
        for path, name, handler, method, who in (
            (ENQUIRY, "enquiry", show_enquiry, "GET", SEERS),
            (ENQUIRY + "/open", "open_enquiry", open_enquiry, "POST", SEERS),
            (ENQUIRY + "/close", "close_enquiry", close_enquiry, "POST", LEADERS),
            (ENQUIRY + "/reopen", "reopen_enquiry", reopen_enquiry, "POST", LEADERS),
            (ENQUIRY + "/people", "enquiry_people", show_people, "GET", LEADERS),
            (ENQUIRY + "/people", "change_enquiry_people", change_people, "POST", LEADERS),
            (ENQUIRY + "/lift", "lift", lift, "POST", LEADERS),
            (OUTCOME, "themes", show_themes, "GET", TAGGERS),
            (OUTCOME, "keep_themes", keep_themes, "POST", TAGGERS),
            (OUTCOME + "/beside", "wordings", show_wordings, "GET", SEERS),
        )
    ),
)
