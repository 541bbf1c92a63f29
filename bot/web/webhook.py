"""Where the box calls for custom actions: a loopback address of its own, with a secret, and no words in any error."""

import hmac
import logging

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.dialogue import SECRET_HEADER, ActionRefused, Actions, ActionUnknown, Receipts

log = logging.getLogger(__name__)

LARGEST_CALL = 4_000_000
"""Bytes. A call holds the tracker of one conversation, which is references only."""


def create_webhook(actions: Actions, secret: str, receipts: Receipts) -> Starlette:
    """Make the application that the box calls."""

    async def run(request: Request) -> Response:
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), secret.encode()):
            return Response(status_code=401)
        if int(request.headers.get("content-length", LARGEST_CALL + 1)) > LARGEST_CALL:
            return Response(status_code=413)
        try:
            call = await request.json()
            name, conversation_id = str(call["next_action"]), str(call["sender_id"])
        except (ValueError, KeyError, TypeError):
            return Response(status_code=400)
        try:
            result = await actions.run(call)
        except ActionRefused:
            return JSONResponse({"error": "refused", "action_name": name}, status_code=400)
        except ActionUnknown:
            return JSONResponse({"error": "unknown", "action_name": name}, status_code=404)
        except Exception as error:  # noqa: BLE001 - whatever it was, the box gets no content of it
            log.error("the action %s failed: %s", name, type(error).__name__)
            return JSONResponse({"error": "failed", "action_name": name}, status_code=500)
        receipts.note(conversation_id, name)
        return JSONResponse(dict(result))

    return Starlette(routes=[Route("/webhook", run, methods=["POST"])])
