"""Pages for administrators: the tokens by which other programs of the council's are let in. A secret is shown once."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from bot import administering
from bot.connecting import tokens as letting_in
from bot.connecting.tokens import LASTS, Made, Wanted
from bot.programs import Grant
from bot.roles import RULES, Act
from bot.signing_in import NotDone
from bot.store import Team, Token
from bot.web.access import About
from bot.web.forms import Form
from bot.web.team.pages import MONTHS, Problem, TeamPage
from bot.web.team.shell import Signed, TeamRoute

TOKENS = "/team/tokens"
NEW_TOKEN = "/team/tokens/new"

GRANTS = {
    Grant.FIGURES: "Figures: of these teams as they are, and of the council as they may be published",
    Grant.ENQUIRIES: "Enquiries: references, dates, conversations held and what became of each wish. No words",
    Grant.WORDS: "Words: what people said in these enquiries, once a conversation is done",
}
"""What a token can be for, as it is chosen."""
CALLED = {Grant.FIGURES: "Figures", Grant.ENQUIRIES: "Enquiries", Grant.WORDS: "Words"}
"""The same, in a list."""


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token in the list."""

    token: Token
    address: str
    grants: tuple[str, ...]
    teams: tuple[str, ...]
    last_used: str
    """On which day; empty where it never was."""
    is_good: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenList(TeamPage):
    """All tokens, those that are good first."""

    template: ClassVar[str] = "team/tokens.html"
    tokens: tuple[TokenRow, ...]
    has_teams: bool


@dataclass(frozen=True, slots=True)
class TypedToken:
    """What stands in the form of a token."""

    name: str = ""
    grants: tuple[str, ...] = ()
    team_ids: tuple[str, ...] = ()
    days: str = str(LASTS[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class NewToken(TeamPage):
    """Make a token."""

    template: ClassVar[str] = "team/token_new.html"
    typed: TypedToken
    grants: tuple[tuple[str, str], ...]
    teams: tuple[tuple[str, str], ...]
    days: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeToken(TeamPage):
    """A token just made, with its secret."""

    template: ClassVar[str] = "team/token_made.html"
    token: Token
    secret: str = field(repr=False)
    address: str
    description: str
    """Where what can be asked is described."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneToken(TeamPage):
    """One token."""

    template: ClassVar[str] = "team/token.html"
    row: TokenRow
    made_by: str


async def show_tokens(request: Request, signed: Signed) -> Response:
    """All tokens."""
    teams, tokens = await _read(signed)
    rows = [_row(one, teams, signed) for one in tokens]
    page = TokenList(
        frame=signed.frame(),
        title="Other programs",
        tokens=tuple(sorted(rows, key=lambda row: not row.is_good)),
        has_teams=any(one.closed_at is None for one in teams),
    )
    return signed.shown(page)


async def show_new_token(request: Request, signed: Signed) -> Response:
    """Where a token is made."""
    return signed.shown(await _new_page(signed, TypedToken()))


async def make_token(request: Request, signed: Signed) -> Response:
    """Make a token, and show its secret."""
    typed = _typed(signed.form)

    def make() -> Made:
        return letting_in.make_token(signed.desk.store, signed.actor, _wanted(typed), signed.now)

    try:
        made = await to_thread.run_sync(make)
    except NotDone as error:
        return signed.shown(await _new_page(signed, typed, Problem(str(error), _field_of(error))))
    site = signed.desk.address or f"{request.url.scheme}://{request.url.netloc}"
    page = MadeToken(
        frame=signed.frame(),
        title="Give the program this token",
        token=made.token,
        secret=made.secret,
        address=f"{TOKENS}/{made.token.token_id}",
        description=f"{site}/api/v1/openapi.json",
    )
    return signed.shown(page)


async def show_token(request: Request, signed: Signed) -> Response:
    """One token."""
    return signed.shown(await _token_page(request, signed))


async def end_token(request: Request, signed: Signed) -> Response:
    """End a token."""
    token_id = request.path_params["token_id"]
    try:
        await to_thread.run_sync(letting_in.end_token, signed.desk.store, signed.actor, token_id, signed.now)
    except NotDone as error:
        return signed.shown(await _token_page(request, signed, Problem(str(error))))
    return signed.leads_to(TOKENS, "The token is ended. The program is not let in any more.")


async def _new_page(signed: Signed, typed: TypedToken, *problems: Problem) -> NewToken:
    teams, _ = await _read(signed)
    return NewToken(
        frame=signed.frame(),
        title="Make a token",
        problems=problems,
        typed=typed,
        grants=tuple((grant.value, told) for grant, told in GRANTS.items()),
        teams=tuple((team.team_id, team.name) for team in teams if team.closed_at is None),
        days=tuple((str(days), f"{days} days") for days in LASTS),
    )


async def _token_page(request: Request, signed: Signed, *problems: Problem) -> OneToken:
    def read() -> tuple[Token, str, Sequence[Team]]:
        store, actor = signed.desk.store, signed.actor
        token = letting_in.token(store, actor, request.path_params["token_id"])
        return token, administering.person(store, actor, token.made_by).name, administering.teams(store, actor)

    token, made_by, teams = await to_thread.run_sync(read)
    return OneToken(
        frame=signed.frame(),
        title=token.name,
        problems=problems,
        row=_row(token, teams, signed),
        made_by=made_by,
    )


async def _read(signed: Signed) -> tuple[Sequence[Team], Sequence[Token]]:
    def read() -> tuple[Sequence[Team], Sequence[Token]]:
        store, actor = signed.desk.store, signed.actor
        return administering.teams(store, actor), letting_in.tokens(store, actor)

    return await to_thread.run_sync(read)


def _row(token: Token, teams: Sequence[Team], signed: Signed) -> TokenRow:
    used = token.last_used_on
    return TokenRow(
        token=token,
        address=f"{TOKENS}/{token.token_id}",
        grants=tuple(told for grant, told in CALLED.items() if grant in token.grants),
        teams=tuple(team.name for team in teams if team.team_id in token.team_ids),
        last_used="" if used is None else f"{used.day} {MONTHS[used.month - 1]} {used.year}",
        is_good=token.is_good(signed.now),
    )


def _typed(form: Form) -> TypedToken:
    return TypedToken(form.typed("name"), form.every("grant"), form.every("team"), form.one("days"))


def _wanted(typed: TypedToken) -> Wanted:
    grants = frozenset(grant for grant in Grant if grant.value in typed.grants)
    days = next((one for one in LASTS if str(one) == typed.days), 0)
    return Wanted(typed.name, grants, frozenset(typed.team_ids), days)


def _field_of(error: NotDone) -> str:
    """Say which field of the form a problem is about."""
    told = str(error)
    for sign, href in (("name", "#name"), ("thing", "#grant"), ("team", "#team"), ("long", "#days")):
        if sign in told:
            return href
    return "#name"


WHO = frozenset(RULES[Act.MANAGE_TOKENS])
_NAMED = "Programs"

routes = (
    TeamRoute(TOKENS, "tokens", show_tokens, "GET", WHO, About.TOKEN, navigation=_NAMED),
    TeamRoute(NEW_TOKEN, "new_token", show_new_token, "GET", WHO, About.TOKEN, navigation=_NAMED),
    TeamRoute(NEW_TOKEN, "make_token", make_token, "POST", WHO, About.TOKEN, proven=True, navigation=_NAMED),
    TeamRoute(TOKENS + "/{token_id}", "token", show_token, "GET", WHO, About.TOKEN, navigation=_NAMED),
    TeamRoute(
        TOKENS + "/{token_id}/end", "end_token", end_token, "POST", WHO, About.TOKEN, proven=True, navigation=_NAMED
    ),
)
