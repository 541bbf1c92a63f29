"""What is written of what the program does: never what was said, however it comes into an error or a library's line."""

import json
import logging
import sys
from collections.abc import Iterator

import pytest

from bot import logbook
from bot.logbook import REQUEST, Lines, begin_request

CANARY = "The canary sings"


@pytest.fixture(autouse=True)
def outside_of_a_request() -> Iterator[None]:
    token = REQUEST.set("")
    yield
    REQUEST.reset(token)


def written(name: str, message: str, *arguments: object, error: BaseException | None = None) -> dict[str, object]:
    """Write a line as the program does, and read it."""
    found = None if error is None else (type(error), error, error.__traceback__)
    record = logging.LogRecord(name, logging.WARNING, "/somewhere/library.py", 7, message, arguments, found)
    line = Lines().format(record)
    assert "\n" not in line
    assert line.isascii()
    told: dict[str, object] = json.loads(line)
    return told


def raised() -> BaseException:
    """Make an error of a library's that repeats what it was given."""
    try:
        raise ValueError(f"cannot read {CANARY!r}")
    except ValueError:
        found = sys.exc_info()[1]
        assert found is not None
        return found


def test_a_line_is_one_object_that_says_when_where_and_what() -> None:
    told = written("bot.serving", "the dialogue engine ended; starting it again in %.0f s", 4.0)
    assert set(told) == {"at", "level", "from", "says"}
    assert (told["level"], told["from"]) == ("WARNING", "bot.serving")
    assert told["says"] == "the dialogue engine ended; starting it again in 4 s"
    assert str(told["at"]).endswith("+00:00")


def test_lines_of_one_request_belong_together_and_to_no_other() -> None:
    begin_request()
    one, same = written("bot.web", "begun"), written("bot.web", "done")
    begin_request()
    another = written("bot.web", "begun")
    assert one["request"] == same["request"] != another["request"]
    assert "request" not in vars(logbook), "it is drawn, and never counted or kept"


def test_of_what_a_library_says_only_the_place_is_written() -> None:
    told = written("a_library.part", "could not take %s", CANARY)
    assert told["says"] == "library.py:7"
    assert CANARY not in json.dumps(told)


@pytest.mark.parametrize("name", ["bot.web.guard", "asyncio"])
def test_of_an_error_only_its_kind_and_place_are_written(name: str) -> None:
    told = written(name, "failed", error=raised())
    assert str(told["error"]).startswith("ValueError at test_logbook.py:")
    assert CANARY not in json.dumps(told)


def test_nothing_in_a_line_ends_it_or_speaks_to_a_terminal() -> None:
    told = written("bot", "a name with %s", "\n\x1b[31m\u2028 in it")
    assert told["says"] == "a name with \n\x1b[31m\u2028 in it"
