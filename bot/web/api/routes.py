"""Every address that other programs can ask, in one table. The description that is served is made from it.

A program is known by the token it sends and by nothing else: no cookie is read or set here. Reading is written down,
so a GET writes; no browser sends a token by itself, and no page of ours leads here.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from time import monotonic
from typing import Annotated, Any

from anyio import CapacityLimiter, to_thread
from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.connecting import answers, counting, published, reading
from bot.connecting.answers import Described
from bot.connecting.counting import Into, NotReady
from bot.connecting.reading import MOST, Being
from bot.connecting.tokens import NotLetIn, let_in
from bot.figures import MEASURES
from bot.programs import Grant, Program
from bot.roles import NotAllowed
from bot.signing_in import Gate
from bot.store import Missing, NotKept, NotRead, Store
from bot.throttles import TooManyAtOnce
from bot.web.api.problems import problem
from bot.web.evenly import wait_for_the_beat

HERE = "/api/v1"
DESCRIPTION = f"{HERE}/openapi.json"

ID_SHAPE = "^[0-9a-f]{32}$"
ID = re.compile(ID_SHAPE[1:-1])

FIRST_YEAR, LAST_YEAR = 2015, 2099
"""Those that can be asked for. The Care Act came into force in April 2015."""

AT_WORK = 2
"""Requests of programs that are worked on at once: people's pages come first."""
WAITING_AT_MOST = 20


# --- what can be asked -----------------------------------------------------------------------------------------------


def _whole(sent: object) -> object:
    """Take digits alone for a number, and no nought before them: the description has none."""
    if isinstance(sent, str) and re.fullmatch("0|[1-9][0-9]{0,8}", sent) is None:
        raise ValueError("no number")
    return sent


@dataclass(frozen=True, slots=True)
class Nothing(Described):
    """Where nothing can be chosen."""


@dataclass(frozen=True, slots=True)
class WhichEnquiries(Described):
    """Which enquiries are asked for."""

    state: Being | None = None
    """Only those that are open, or only those that are closed."""
    team_id: Annotated[str, Field(pattern=ID_SHAPE)] | None = None
    """Only those of this team."""
    at_most: Annotated[int, Field(ge=1, le=MOST), BeforeValidator(_whole)] = 25
    """How many of them on one page."""
    after: Annotated[str, Field(pattern="^[0-9]{1,18}-[0-9a-f]{32}$")] | None = None
    """Where the page begins: `next` of the page before it."""


def _measure(sent: str) -> str:
    """Take what is counted for a measure."""
    if sent not in MEASURES:
        raise ValueError("no measure")
    return sent


Year = Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR), BeforeValidator(_whole)]


@dataclass(frozen=True, slots=True)
class WhichFigures(Described):
    """Which figures are asked for."""

    year: Year
    """The year in which enquiries were closed, by the April that it begins with: 2025 is April 2025 to March 2026."""
    team_id: Annotated[str, Field(pattern=ID_SHAPE)]
    """Of which team."""
    measure: Annotated[str, AfterValidator(_measure), Field(json_schema_extra={"enum": list(MEASURES)})] | None = None
    """One measure alone."""
    by: Into = Into.NOTHING
    """What it is broken down by."""


@dataclass(frozen=True, slots=True)
class WhichYear(Described):
    """Which year's figures are asked for."""

    year: Year
    """The year in which enquiries were closed, by the April that it begins with: 2025 is April 2025 to March 2026."""


@dataclass(slots=True)
class ApiDesk:
    """All that answering other programs needs."""

    gate: Gate
    texts: Callable[[], Mapping[str, str]]
    """The settings that wordings name, as they are in place now."""
    now: Callable[[], datetime]
    limiter: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(AT_WORK))
    waiting: int = 0

    @property
    def store(self) -> Store:
        """Where everything is kept."""
        return self.gate.store


@dataclass(frozen=True, slots=True)
class Asked:
    """What a program that was let in asks for."""

    store: Store
    program: Program
    now: datetime
    ids: Mapping[str, str]
    chosen: Any
    """Of the class that the route names."""
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """One address, what it takes, and what it gives."""

    path: str
    name: str
    handler: Callable[[Asked], object]
    answer: type[Described]
    summary: str
    grant: Grant | None
    """The scope that a token needs for it; None where any good token will do."""
    chosen: type[Described] = Nothing


# --- answering -------------------------------------------------------------------------------------------------------


def tell_of_token(asked: Asked) -> answers.TokenTold:
    """What the token is for."""
    return reading.told_of_token(asked.store, asked.program, asked.now)


def list_enquiries(asked: Asked) -> answers.Enquiries:
    """A page of enquiries."""
    which: WhichEnquiries = asked.chosen
    return reading.enquiries(
        asked.store,
        asked.program,
        asked.now,
        being=which.state,
        team_id=which.team_id,
        after=which.after or "",
        at_most=which.at_most,
    )


def give_enquiry(asked: Asked) -> answers.Enquiry:
    """One enquiry."""
    return reading.enquiry(asked.store, asked.program, asked.now, asked.ids["enquiry_id"])


def list_conversations(asked: Asked) -> answers.Conversations:
    """The conversations of an enquiry that are done."""
    return reading.conversations(asked.store, asked.program, asked.now, asked.ids["enquiry_id"])


def list_outcomes(asked: Asked) -> answers.Outcomes:
    """What is wanted in an enquiry, without the words."""
    return reading.outcomes(asked.store, asked.program, asked.now, asked.ids["enquiry_id"])


def give_outcomes_in_words(asked: Asked) -> answers.OutcomesInWords:
    """What is wanted in an enquiry, word for word."""
    return reading.outcomes_in_words(asked.store, asked.program, asked.now, asked.ids["enquiry_id"])


def give_conversation_in_words(asked: Asked) -> answers.ConversationInWords:
    """What was said in a conversation that is done."""
    conversation_id = asked.ids["conversation_id"]
    return reading.conversation_in_words(asked.store, asked.program, asked.now, conversation_id, asked.texts)


def give_figures(asked: Asked) -> answers.ExactFigures:
    """Figures of one team, exact."""
    which: WhichFigures = asked.chosen
    return counting.figures(
        asked.store,
        asked.program,
        asked.now,
        year=which.year,
        team_id=which.team_id,
        measure=which.measure,
        into=which.by,
    )


def give_publishable_figures(asked: Asked) -> answers.PublishableFigures:
    """Figures of the council, as they may be published."""
    which: WhichYear = asked.chosen
    return published.publishable_figures(asked.store, asked.program, asked.now, year=which.year)


def network_of(request: Request) -> str:
    """Give the address that a request came from."""
    return request.client.host if request.client is not None else ""


def token_of(request: Request) -> str | None:
    """Give the token that was sent; None where none was."""
    sent = request.headers.getlist("authorization")
    scheme, _, token = sent[0].partition(" ") if len(sent) == 1 else ("", "", "")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def mounted(routes: tuple[ApiRoute, ...]) -> list[Route]:
    """Give the routes as the site mounts them."""
    return [Route(HERE + route.path, _endpoint(route), name=f"api_{route.name}", methods=["GET"]) for route in routes]


def _endpoint(route: ApiRoute) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        desk: ApiDesk = request.app.state.api_desk
        began = monotonic()
        try:
            response = await _answered(desk, route, request)
            if response.status_code == 404:
                await wait_for_the_beat(began, desk.gate.sleep)
            return response
        except NotLetIn:
            return problem(401)
        except TooManyAtOnce:
            return problem(429)
        except (NotKept, NotRead, NotReady):
            return problem(503)

    return endpoint


async def _answered(desk: ApiDesk, route: ApiRoute, request: Request) -> Response:
    now = desk.now()
    token = token_of(request)
    if token is None:
        return problem(401)
    program = await let_in(desk.gate, token, network_of(request), now)
    ids = {name: str(value) for name, value in request.path_params.items()}
    is_for_it = route.grant is None or route.grant in program.grants
    if not is_for_it or not all(ID.fullmatch(value) for value in ids.values()):
        return await _refused(desk, program, now)
    try:
        chosen = read_query(route.chosen, request.query_params.multi_items())
    except NotChosen as error:
        return problem(422, parameter=error.parameter)
    if desk.waiting >= WAITING_AT_MOST:
        raise TooManyAtOnce
    asked = Asked(desk.store, program, now, ids, chosen, desk.texts())
    desk.waiting += 1
    try:
        answer = await to_thread.run_sync(route.handler, asked, limiter=desk.limiter)
    except (NotAllowed, Missing):
        return await _refused(desk, program, now)
    finally:
        desk.waiting -= 1
    return Response(written(route.answer, answer), media_type="application/json")


async def _refused(desk: ApiDesk, program: Program, now: datetime) -> Response:
    """Answer as where nothing is, and write down that it was asked for."""
    await to_thread.run_sync(reading.refuse, desk.store, program, now)
    return problem(404)


class NotChosen(Exception):
    """A parameter is not right. `parameter` names it where it is one that the address knows."""

    def __init__(self, parameter: str | None) -> None:
        super().__init__("A parameter is not right.")
        self.parameter = parameter


def read_query(chosen: type[Described], sent: list[tuple[str, str]]) -> Any:
    """Read what was chosen. Raises NotChosen."""
    known = getattr(chosen, "__dataclass_fields__", {})
    names = [name for name, _ in sent]
    for name in names:
        if name not in known or names.count(name) > 1:
            raise NotChosen(name if name in known else None)
    try:
        return adapter(chosen).validate_python(dict(sent))
    except ValidationError as error:
        # Its own message holds what was sent.
        raise NotChosen(str(error.errors(include_input=False)[0]["loc"][0])) from None


def written(answer: type[Described], given: object) -> str:
    """Write an answer. Words may hold half a sign, which UTF-8 cannot: all that is not ASCII is written as JSON can."""
    return json.dumps(adapter(answer).dump_python(given, mode="json"), separators=(",", ":"))


def adapter(told: Any) -> TypeAdapter[Any]:
    """Give what reads, writes and describes a class. It is made when it is asked for first."""
    return _adapter(told)


@cache
def _adapter(told: Any) -> TypeAdapter[Any]:
    return TypeAdapter(told)


routes: tuple[ApiRoute, ...] = (
    ApiRoute("/token", "token", tell_of_token, answers.TokenTold, "What the token is for", None),
    ApiRoute(
        "/figures",
        "figures",
        give_figures,
        answers.ExactFigures,
        "Figures of one team, exact: not for publication",
        Grant.FIGURES,
        WhichFigures,
    ),
    ApiRoute(
        "/figures/publishable",
        "publishable_figures",
        give_publishable_figures,
        answers.PublishableFigures,
        "Figures of the council, as they may be published",
        Grant.FIGURES,
        WhichYear,
    ),
    ApiRoute(
        "/enquiries",
        "enquiries",
        list_enquiries,
        answers.Enquiries,
        "Enquiries of the token's teams, a page at a time",
        Grant.ENQUIRIES,
        WhichEnquiries,
    ),
    ApiRoute("/enquiries/{enquiry_id}", "enquiry", give_enquiry, answers.Enquiry, "One enquiry", Grant.ENQUIRIES),
    ApiRoute(
        "/enquiries/{enquiry_id}/conversations",
        "conversations",
        list_conversations,
        answers.Conversations,
        "Its conversations that are done, without what was said",
        Grant.ENQUIRIES,
    ),
    ApiRoute(
        "/enquiries/{enquiry_id}/outcomes",
        "outcomes",
        list_outcomes,
        answers.Outcomes,
        "What is wanted in it and what became of that, without the words",
        Grant.ENQUIRIES,
    ),
    ApiRoute(
        "/enquiries/{enquiry_id}/outcomes/words",
        "outcomes_in_words",
        give_outcomes_in_words,
        answers.OutcomesInWords,
        "What is wanted in it, word for word",
        Grant.WORDS,
    ),
    ApiRoute(
        "/conversations/{conversation_id}/words",
        "conversation_in_words",
        give_conversation_in_words,
        answers.ConversationInWords,
        "What was said in a conversation that is done",
        Grant.WORDS,
    ),
)
"""In the order in which the description has them."""
