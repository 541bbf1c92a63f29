"""Logs that hold no content: from warnings up, whatever level was asked for."""

import logging

FLOOR = logging.WARNING


def be_quiet() -> None:
    """Raise Rasa's and Sanic's loggers to the floor. Below it Rasa writes messages, slots and trackers out in full."""
    for name in ("rasa", "box", "sanic.root", "sanic.error", "sanic.access", "aiohttp", "asyncio"):
        log = logging.getLogger(name)
        log.setLevel(max(FLOOR, log.level))
    logging.getLogger("sanic.access").disabled = True
