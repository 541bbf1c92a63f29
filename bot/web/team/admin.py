"""Pages for administrators: teams, and the people who work in them. Nobody sees here what anybody said."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, TypeVar

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from bot import administering, signing_in
from bot.administering import Wanted, Welcome
from bot.roles import RULES, Act, Role
from bot.signing_in import NotDone
from bot.store import Account, Missing, Team
from bot.web.access import About
from bot.web.forms import Form
from bot.web.team.guidance import NewToRead, new_to_read
from bot.web.team.pages import Problem, TeamPage
from bot.web.team.shell import ROLES, Signed, TeamRoute
from bot.web.team.signing import Qr, qr_of

Done = TypeVar("Done")

TEAMS = "/team/teams"
PEOPLE = "/team/people"
NEW_PERSON = "/team/people/new"
NO_ROLE = "Choose what they do."

WHAT_ROLES_DO = {
    Role.PRACTITIONER: "Practitioner: reads, records and invites in enquiries of their teams",
    Role.MANAGER: "Manager: leads a team; allocates, restricts and closes its enquiries",
    Role.ADVOCATE: "Advocate: sees only what they said for somebody, and what the person let them read",
    Role.AUDITOR: "Auditor: reads everything and changes nothing",
    Role.BOARD_MEMBER: "Board member: sees no enquiry and no words",
    Role.ADMINISTRATOR: "Administrator: looks after teams and accounts; sees no enquiry and no words",
}


@dataclass(frozen=True, slots=True)
class TeamRow:
    """A team in the list."""

    team: Team
    address: str
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamList(TeamPage):
    """All teams, and where one is made."""

    template: ClassVar[str] = "team/admin_teams.html"
    teams: tuple[TeamRow, ...]
    typed: str = ""


@dataclass(frozen=True, slots=True)
class PersonRow:
    """Somebody in a list."""

    account: Account
    address: str
    role: str
    teams: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTeam(TeamPage):
    """One team."""

    template: ClassVar[str] = "team/admin_team.html"
    team: Team
    address: str
    people: tuple[PersonRow, ...]
    typed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleList(TeamPage):
    """Everybody who has an account."""

    template: ClassVar[str] = "team/admin_people.html"
    people: tuple[PersonRow, ...]
    has_teams: bool
    new_to_read: tuple[NewToRead, ...]
    """Guidance that they have still to read: this is the first page of whoever looks after the others."""


@dataclass(frozen=True, slots=True)
class TypedPerson:
    """What stands in the form of a person."""

    name: str = ""
    email: str = ""
    role: str = ""
    team_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson(TeamPage):
    """Make an account."""

    template: ClassVar[str] = "team/admin_new_person.html"
    typed: TypedPerson
    roles: tuple[tuple[str, str], ...]
    teams: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnePerson(TeamPage):
    """One account."""

    template: ClassVar[str] = "team/admin_person.html"
    account: Account
    address: str
    is_own: bool
    typed: TypedPerson
    roles: tuple[tuple[str, str], ...]
    teams: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLink(TeamPage):
    """A one-time link, shown once."""

    template: ClassVar[str] = "team/admin_link.html"
    account: Account
    address: str
    link: str = field(repr=False)
    qr: Qr = field(repr=False)
    valid_until: datetime


# --- teams -----------------------------------------------------------------------------------------------------------


async def show_teams(request: Request, signed: Signed) -> Response:
    """All teams."""
    return signed.shown(await _teams_page(signed))


async def make_team(request: Request, signed: Signed) -> Response:
    """Make a team."""
    name = signed.form.typed("name")
    try:
        await _do(signed, administering.make_team, name)
    except NotDone as error:
        return signed.shown(await _teams_page(signed, Problem(str(error), "#name")))
    return signed.leads_to(TEAMS, "The team is made.")


async def show_team(request: Request, signed: Signed) -> Response:
    """One team, and who is in it."""
    return signed.shown(await _team_page(request, signed))


async def rename_team(request: Request, signed: Signed) -> Response:
    """Call a team something else."""
    try:
        await _do(signed, administering.rename_team, request.path_params["team_id"], signed.form.typed("name"))
    except NotDone as error:
        return signed.shown(await _team_page(request, signed, Problem(str(error), "#name")))
    return signed.leads_to(_team_address(request), "The team has its new name.")


async def put_on_duty(request: Request, signed: Signed) -> Response:
    """Have what belongs to no team come to this one."""
    try:
        await _do(signed, administering.put_on_duty, request.path_params["team_id"])
    except NotDone as error:
        return signed.shown(await _team_page(request, signed, Problem(str(error))))
    return signed.leads_to(_team_address(request), "This team is on duty now.")


async def close_team(request: Request, signed: Signed) -> Response:
    """Close a team."""
    try:
        await _do(signed, administering.close_team, request.path_params["team_id"])
    except NotDone as error:
        return signed.shown(await _team_page(request, signed, Problem(str(error))))
    return signed.leads_to(TEAMS, "The team is closed.")


async def _teams_page(signed: Signed, *problems: Problem) -> TeamList:
    teams, people = await _read(signed)
    rows = (
        TeamRow(team, f"{TEAMS}/{team.team_id}", sum(team.team_id in one.team_ids for one in people)) for team in teams
    )
    return TeamList(
        frame=signed.frame(),
        title="Teams",
        problems=problems,
        teams=tuple(sorted(rows, key=lambda row: row.team.closed_at is not None)),
        typed=signed.form.typed("name"),
    )


async def _team_page(request: Request, signed: Signed, *problems: Problem) -> OneTeam:
    teams, people = await _read(signed)
    team = next((one for one in teams if one.team_id == request.path_params["team_id"]), None)
    if team is None:
        raise Missing("There is no such team.")
    return OneTeam(
        frame=signed.frame(),
        title=f"Team: {team.name}",
        problems=problems,
        team=team,
        address=_team_address(request),
        people=tuple(_row(one, teams) for one in people if team.team_id in one.team_ids),
        typed=signed.form.typed("name") if signed.form.has("name") else team.name,
    )


def _team_address(request: Request) -> str:
    return f"{TEAMS}/{request.path_params['team_id']}"


# --- people ----------------------------------------------------------------------------------------------------------


async def show_people(request: Request, signed: Signed) -> Response:
    """Everybody who has an account."""
    teams, people = await _read(signed)
    page = PeopleList(
        frame=signed.frame(),
        title="People",
        people=tuple(_row(one, teams) for one in sorted(people, key=_by_name)),
        has_teams=bool(teams),
        new_to_read=await to_thread.run_sync(new_to_read, signed),
    )
    return signed.shown(page)


async def show_new_person(request: Request, signed: Signed) -> Response:
    """Where an account is made."""
    team_id = request.query_params.get("team", "")
    return signed.shown(await _new_person_page(signed, TypedPerson(team_ids=(team_id,) if team_id else ())))


async def make_person(request: Request, signed: Signed) -> Response:
    """Make an account, and show its link."""
    typed = _typed(signed.form)
    if not typed.role:
        return signed.shown(await _new_person_page(signed, typed, Problem(NO_ROLE, "#role")))
    try:
        made: Welcome = await _do(signed, administering.make_account, _wanted(typed))
    except NotDone as error:
        return signed.shown(await _new_person_page(signed, typed, Problem(str(error), _field_of(error))))
    return await _link_page(request, signed, made, "Give them this link")


async def show_person(request: Request, signed: Signed) -> Response:
    """One account."""
    return signed.shown(await _person_page(request, signed))


async def change_person(request: Request, signed: Signed) -> Response:
    """Change whose an account is and what for."""
    typed = _typed(signed.form)
    if not typed.role:
        return signed.shown(await _person_page(request, signed, Problem(NO_ROLE, "#role"), typed=typed))
    try:
        await _do(signed, administering.change_account, request.path_params["account_id"], _wanted(typed))
    except NotDone as error:
        problem = Problem(str(error), _field_of(error))
        return signed.shown(await _person_page(request, signed, problem, typed=typed))
    return signed.leads_to(_person_address(request), "The account is changed.")


async def new_link(request: Request, signed: Signed) -> Response:
    """Make another link for somebody, and show it."""
    try:
        made: Welcome = await _do(signed, administering.new_link, request.path_params["account_id"])
    except NotDone as error:
        return signed.shown(await _person_page(request, signed, Problem(str(error))))
    return await _link_page(request, signed, made, "Give them this new link")


async def disable_person(request: Request, signed: Signed) -> Response:
    """Let nobody in with an account any more."""
    try:
        await _do(signed, administering.disable_account, request.path_params["account_id"])
    except NotDone as error:
        return signed.shown(await _person_page(request, signed, Problem(str(error))))
    return signed.leads_to(_person_address(request), "The account is disabled. They are signed out everywhere.")


async def enable_person(request: Request, signed: Signed) -> Response:
    """Let somebody in again."""
    await _do(signed, administering.enable_account, request.path_params["account_id"])
    return signed.leads_to(_person_address(request), "The account is enabled.")


async def sign_person_out(request: Request, signed: Signed) -> Response:
    """End every session of somebody."""
    await _do(signed, administering.end_sessions, request.path_params["account_id"])
    return signed.leads_to(_person_address(request), "They are signed out everywhere.")


async def _new_person_page(signed: Signed, typed: TypedPerson, *problems: Problem) -> NewPerson:
    teams, _ = await _read(signed)
    return NewPerson(
        frame=signed.frame(),
        title="Make an account",
        problems=problems,
        typed=typed,
        roles=_roles(),
        teams=_open_teams(teams, ()),
    )


async def _person_page(
    request: Request, signed: Signed, *problems: Problem, typed: TypedPerson | None = None
) -> OnePerson:
    teams, people = await _read(signed)
    account = next((one for one in people if one.account_id == request.path_params["account_id"]), None)
    if account is None:
        raise Missing("There is no such account.")
    as_it_is = TypedPerson(account.name, account.email, account.role.value, tuple(account.team_ids))
    return OnePerson(
        frame=signed.frame(),
        title=account.name,
        problems=problems,
        account=account,
        address=_person_address(request),
        is_own=account.account_id == signed.actor.account_id,
        typed=typed or as_it_is,
        roles=_roles(),
        teams=_open_teams(teams, account.team_ids),
    )


async def _link_page(request: Request, signed: Signed, made: Welcome, title: str) -> Response:
    def read() -> Account:
        return administering.person(signed.desk.store, signed.actor, made.account_id)

    account = await to_thread.run_sync(read)
    site = signed.desk.address or f"{request.url.scheme}://{request.url.netloc}"
    link = f"{site}/team/link/{made.link}"
    lasts = signing_in.RESET_LASTS if account.has_password else signing_in.WELCOME_LASTS
    page = NewLink(
        frame=signed.frame(),
        title=title,
        account=account,
        address=f"{PEOPLE}/{made.account_id}",
        link=link,
        qr=qr_of(link),
        valid_until=signed.now + lasts,
    )
    return signed.shown(page)


def _person_address(request: Request) -> str:
    return f"{PEOPLE}/{request.path_params['account_id']}"


# --- what several of them do -----------------------------------------------------------------------------------------


async def _do(signed: Signed, verb: Callable[..., Done], *what: object) -> Done:
    return await to_thread.run_sync(lambda: verb(signed.desk.store, signed.actor, *what, signed.now))


async def _read(signed: Signed) -> tuple[Sequence[Team], Sequence[Account]]:
    def read() -> tuple[Sequence[Team], Sequence[Account]]:
        store, actor = signed.desk.store, signed.actor
        return administering.teams(store, actor), administering.people(store, actor)

    return await to_thread.run_sync(read)


def _row(account: Account, teams: Sequence[Team]) -> PersonRow:
    named = tuple(team.name for team in teams if team.team_id in account.team_ids)
    return PersonRow(account, f"{PEOPLE}/{account.account_id}", ROLES[account.role], named)


def _by_name(account: Account) -> tuple[bool, str]:
    return account.disabled_at is not None, account.name.casefold()


def _roles() -> tuple[tuple[str, str], ...]:
    return tuple((role.value, told) for role, told in WHAT_ROLES_DO.items())


def _open_teams(teams: Sequence[Team], also: Sequence[str] | frozenset[str]) -> tuple[tuple[str, str], ...]:
    return tuple((team.team_id, team.name) for team in teams if team.closed_at is None or team.team_id in also)


def _typed(form: Form) -> TypedPerson:
    role = next((role.value for role in Role if role == form.one("role")), "")
    return TypedPerson(form.typed("name"), form.one("email"), role, form.every("team"))


def _wanted(typed: TypedPerson) -> Wanted:
    return Wanted(typed.name, typed.email, Role(typed.role), frozenset(typed.team_ids))


def _field_of(error: NotDone) -> str:
    """Say which field of the form a problem is about."""
    told = str(error)
    for sign, href in (("e-mail", "#email"), ("team", "#team"), ("role", "#role"), ("administrator", "#role")):
        if sign in told:
            return href
    return "#name"


WHO_TEAMS = frozenset(RULES[Act.MANAGE_TEAMS])
WHO_PEOPLE = frozenset(RULES[Act.MANAGE_PEOPLE])


routes = (
    TeamRoute(PEOPLE, "people", show_people, "GET", WHO_PEOPLE, About.ACCOUNT, navigation="People"),
    TeamRoute(NEW_PERSON, "new_person", show_new_person, "GET", WHO_PEOPLE, About.ACCOUNT, navigation="People"),
    TeamRoute(
        NEW_PERSON, "make_person", make_person, "POST", WHO_PEOPLE, About.ACCOUNT, proven=True, navigation="People"
    ),
    TeamRoute(
        "/team/people/{account_id}", "person", show_person, "GET", WHO_PEOPLE, About.ACCOUNT, navigation="People"
    ),
    *(
        TeamRoute(
            "/team/people/{account_id}" + path,
            name,
            handler,
            "POST",
            WHO_PEOPLE,
            About.ACCOUNT,
            proven=True,
            navigation="People",
        )
        for path, name, handler in (
            ("", "change_person", change_person),
            ("/link", "new_link", new_link),
            ("/sign-out", "sign_person_out", sign_person_out),
            ("/disable", "disable_person", disable_person),
            ("/enable", "enable_person", enable_person),
        )
    ),
    TeamRoute(TEAMS, "teams", show_teams, "GET", WHO_TEAMS, About.TEAM, navigation="Teams"),
    TeamRoute(TEAMS, "make_team", make_team, "POST", WHO_TEAMS, About.TEAM, navigation="Teams"),
    TeamRoute("/team/teams/{team_id}", "team", show_team, "GET", WHO_TEAMS, About.TEAM, navigation="Teams"),
    *(
        TeamRoute("/team/teams/{team_id}" + path, name, handler, "POST", WHO_TEAMS, About.TEAM, navigation="Teams")
        for path, name, handler in (
            ("/name", "rename_team", rename_team),
            ("/duty", "put_on_duty", put_on_duty),
            ("/close", "close_team", close_team),
        )
    ),
)
