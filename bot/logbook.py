"""What is written of what the program does: one JSON object a line, and never a word that anybody said.

Our own sentences are written as they are: none holds anything but names of things that happened, and numbers. A
library's sentence can hold what it was given, so of that only its place in the library's code is written.
"""

import contextlib
import contextvars
import json
import logging
import secrets
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

REQUEST: contextvars.ContextVar[str] = contextvars.ContextVar("request", default="")
"""What ties the lines of one request together. It is drawn for each, leaves this machine nowhere, and is on no page."""

OURS = ("bot", "actions")
TOLD = ("method", "route", "status", "ms")
"""What a line may say of a request besides."""


def begin_request() -> None:
    """Have what is written from here on belong to one request."""
    REQUEST.set(secrets.token_hex(8))


def place_of(error: BaseException) -> str:
    """Say where in the code something went wrong."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "nowhere"


@contextlib.contextmanager
def outlived(log: logging.Logger, *expected: type[Exception]) -> Iterator[None]:
    """Let nothing that goes wrong end what is done again and again. What was not expected is written down."""
    try:
        yield
    except expected:
        return
    except Exception:
        log.exception("what is done again and again went wrong this time, and is done again")


class Lines(logging.Formatter):
    """Writes a line as JSON in ASCII: nothing in it ends a line, or does something to a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one."""
        is_ours = record.name.partition(".")[0] in OURS
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "from": record.name,
            "says": record.getMessage() if is_ours else f"{record.filename}:{record.lineno}",
        }
        if request := REQUEST.get():
            line["request"] = request
        line |= {name: getattr(record, name) for name in TOLD if hasattr(record, name)}
        if record.exc_info and record.exc_info[1] is not None:
            error = record.exc_info[1]
            line["error"] = f"{type(error).__name__} at {place_of(error)}"
        return json.dumps(line)
