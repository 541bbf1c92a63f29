"""What a program is told when it is not given anything (RFC 9457): fixed sentences, and nothing of what it sent."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

from starlette.responses import Response

from bot.connecting.answers import Described

MEDIA_TYPE = "application/problem+json"
WAIT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Problem(Described):
    """Why nothing was given."""

    type: str
    """Always `about:blank`: the status says what kind of problem it is."""
    title: str
    status: int
    detail: str
    parameter: str | None = None
    """The parameter that is not right, where it is one that this address knows."""


DETAILS: Mapping[int, str] = {
    401: "Send a token that is good, as: Authorization: Bearer TOKEN. An administrator makes one.",
    403: "That did not come from a program of yours.",
    404: "There is nothing here, or the token is not for it.",
    405: "Nothing can be changed here. Only GET is answered.",
    408: "That came too slowly.",
    413: "That is too much at once.",
    422: "A parameter is not one that this address knows, is there twice, or does not have a value that it can have.",
    429: "Too much is being asked for at once. Ask again in some seconds.",
    500: "Something failed here. It is noted, and nothing was given.",
    503: "This does not work just now. Ask again in a moment.",
}
"""What each status tells."""

TITLES: Mapping[int, str] = {413: "Content Too Large", 422: "Unprocessable Content"}
"""Where Pythons differ in what they call a status (RFC 9110)."""

HEADERS: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": str(WAIT_SECONDS)},
    503: {"Retry-After": str(WAIT_SECONDS)},
}


def problem(status: int, headers: Mapping[str, str] | None = None, parameter: str | None = None) -> Response:
    """Answer that nothing is given."""
    told: dict[str, str | int] = {
        "type": "about:blank",
        "title": TITLES.get(status, HTTPStatus(status).phrase),
        "status": status,
        "detail": DETAILS.get(status, "That could not be read."),
    }
    if parameter is not None:
        told["parameter"] = parameter
    return Response(
        json.dumps(told),
        status_code=status,
        headers={**HEADERS.get(status, {}), **(headers or {})},
        media_type=MEDIA_TYPE,
    )
