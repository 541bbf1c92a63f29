"""The description of the API that other programs can read (OpenAPI 3.1), made from the table of its routes."""

import json
import re
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.programs import Grant
from bot.web.api.problems import DETAILS, MEDIA_TYPE, Problem
from bot.web.api.routes import DESCRIPTION, HERE, ID_SHAPE, ApiRoute, adapter, routes

ABOUT = (
    "Figures, enquiries and, where a token is for them, people's words: to read, and never to change. An administrator "
    "makes a token for some teams and some scopes. It sees no restricted enquiry, no conversation that goes on, and "
    "nothing of how it was for people. What is not there and what a token is not for are answered alike. Each request "
    "is recorded."
)
SCOPES = {
    Grant.FIGURES: "Figures of the token's teams as they are, and the council's as they may be published.",
    Grant.ENQUIRIES: "Enquiries of the token's teams, without words.",
    Grant.WORDS: "What people said in finished conversations of these enquiries.",
}
ALWAYS = (401, 429, 503)
"""What any address may answer with, whatever was asked."""

Json = dict[str, Any]


async def show_description(request: Request) -> Response:
    """Describe the API. It tells of nobody, so it takes no token."""
    return Response(json.dumps(described()), media_type="application/json")


description_route = Route(DESCRIPTION, show_description, name="api_description", methods=["GET"])


@cache
def described() -> Json:
    """Describe every address of the table."""
    schemas: Json = {}
    paths = {HERE + route.path: {"get": _operation(route, schemas)} for route in routes}
    _schema(Problem, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Own Words", "version": "1", "description": ABOUT},
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": _scopes()}},
            "responses": {f"Problem{status}": _problem(status) for status in sorted({*ALWAYS, 404, 422})},
            "schemas": dict(sorted(schemas.items())),
        },
    }


def _scopes() -> str:
    return "Scopes: " + " ".join(f"`{grant.value}`: {told}" for grant, told in SCOPES.items())


def _operation(route: ApiRoute, schemas: Json) -> Json:
    ids = re.findall(r"{(\w+)}", route.path)
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": ID_SHAPE}}
        for name in ids
    ] + _chosen(route, schemas)
    statuses = {*ALWAYS, 422} | ({404} if ids or route.grant is not None else set())
    answer = {"description": route.summary, "content": _content("application/json", _schema(route.answer, schemas))}
    problems = {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in sorted(statuses)}
    return {
        "operationId": route.name,
        "summary": route.summary,
        "description": "Any good token." if route.grant is None else f"Scope: `{route.grant.value}`.",
        "parameters": parameters,
        "responses": {"200": answer, **problems},
    }


def _chosen(route: ApiRoute, schemas: Json) -> list[Json]:
    """Describe the query from the class that reads it."""
    made = adapter(route.chosen).json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(made.pop("$defs", {}))
    required = made.get("required", ())
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            **({"description": schema.pop("description")} if "description" in schema else {}),
            "schema": _as_sent(schema),
        }
        for name, schema in made.get("properties", {}).items()
    ]


def _as_sent(schema: Json) -> Json:
    """Describe a parameter as it is sent: what is left out is not sent as null."""
    others = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if others:
        return others[0] if len(others) == 1 else {"anyOf": others}
    return {name: value for name, value in schema.items() if name != "title"}


def _schema(told: type, schemas: Json) -> Json:
    """Put a class and all that it names among the schemas, and give the way to it."""
    made = adapter(told).json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    schemas.update(made.pop("$defs", {}))
    schemas[told.__name__] = made
    return {"$ref": f"#/components/schemas/{told.__name__}"}


def _problem(status: int) -> Json:
    schema = {"$ref": f"#/components/schemas/{Problem.__name__}"}
    return {"description": DETAILS[status], "content": _content(MEDIA_TYPE, schema)}


def _content(media_type: str, schema: Json) -> Json:
    return {media_type: {"schema": schema}}
