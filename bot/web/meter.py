"""Where the monitoring asks for numbers: a port of its own, and nothing else on it."""

from collections.abc import Callable

from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def create_meter(text: Callable[[], bytes]) -> Starlette:
    """Make the application that the monitoring asks."""

    async def show(request: Request) -> Response:
        return Response(await to_thread.run_sync(text), media_type=MEDIA_TYPE)

    return Starlette(routes=[Route("/metrics", show, name="metrics")])
