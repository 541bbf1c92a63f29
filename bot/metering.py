"""Numbers for those who keep the site going, as Prometheus reads them: how much, how fast, how full; never who or what.

No label has a value that comes from outside: routes, methods, classes of statuses and places are fixed lists. They are
given on a port of their own, which is for the monitoring alone.
"""

import logging
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.process_collector import ProcessCollector

from bot.backing_up import Upkeep
from bot.boxes import Boxes
from bot.dialogue import Box
from bot.settings import Settings
from bot.store import Store, StoreError

log = logging.getLogger(__name__)

STANDS_FOR = 5.0
"""Seconds for which what was looked up is given again, so that asking often costs nothing."""
OWED_SINCE = timedelta(days=1)
"""Whoever went away while the dialogue engine was gone is no longer waited for after that."""
THROTTLED = ("code", "begin", "search", "sign_in")
"""What somebody may have to wait for."""
SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 20.0, 60.0)


@dataclass(frozen=True, slots=True)
class Looked:
    """How things stand."""

    conversations: int | None
    """None where the database cannot be read."""
    turns: int | None
    owed: int | None
    boxes: int
    boxes_ready: int
    box_starts: int
    free: Mapping[str, tuple[int, int]]
    """By place: bytes that are free, and all."""
    backup_age: float | None
    """Seconds. None where there is none."""


class Meter:
    """What was counted since the start, and how things stand now."""

    def __init__(self, look: Callable[[], Looked], clock: Callable[[], float] = time.monotonic) -> None:
        self._look = look
        self._clock = clock
        self._given: tuple[float, bytes] | None = None
        self.registry = CollectorRegistry()
        to = self.registry
        ProcessCollector(registry=to)
        self._requests = Counter("ownwords_requests", "Requests answered.", ["method", "route", "status"], registry=to)
        self._seconds = Histogram(
            "ownwords_request_seconds", "How long answers took.", ["route"], buckets=SECONDS, registry=to
        )
        self._throttled = Counter("ownwords_throttled", "Times that somebody had to wait.", ["what"], registry=to)
        self._readable = Gauge("ownwords_database_readable", "1 where the database can be read.", registry=to)
        self._conversations = Gauge("ownwords_conversations", "Conversations that are kept.", registry=to)
        self._turns = Gauge("ownwords_turns", "Turns that are kept, the bot's too.", registry=to)
        self._owed = Gauge(
            "ownwords_questions_owed", "Conversations of the last day that wait for a question.", registry=to
        )
        self._boxes = Gauge("ownwords_boxes", "Dialogue engines that there should be.", registry=to)
        self._ready = Gauge("ownwords_boxes_ready", "Dialogue engines that answer.", registry=to)
        self._starts = Gauge("ownwords_box_starts", "How often our own dialogue engine was started.", registry=to)
        self._free = Gauge("ownwords_disk_free_bytes", "Bytes that are free.", ["place"], registry=to)
        self._all = Gauge("ownwords_disk_bytes", "Bytes that there are.", ["place"], registry=to)
        self._backup = Gauge(
            "ownwords_backup_age_seconds", "Age of the newest backup; -1 where there is none.", registry=to
        )
        for what in THROTTLED:
            self._throttled.labels(what)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer. `method` and `route` are of fixed lists."""
        self._requests.labels(method, route, f"{status // 100}xx").inc()
        self._seconds.labels(route).observe(seconds)

    def waited(self, what: str) -> None:
        """Count that somebody had to wait."""
        self._throttled.labels(what).inc()

    def text(self) -> bytes:
        """Give all of it, as Prometheus reads it."""
        if self._given is None or self._clock() - self._given[0] >= STANDS_FOR:
            self._take(self._look())
            self._given = (self._clock(), generate_latest(self.registry))
        return self._given[1]

    def _take(self, looked: Looked) -> None:
        self._readable.set(looked.turns is not None)
        for gauge, value in (
            (self._conversations, looked.conversations),
            (self._turns, looked.turns),
            (self._owed, looked.owed),
        ):
            # What cannot be read stands as it was: a fall to nothing would look like everything forgotten.
            if value is not None:
                gauge.set(value)
        self._boxes.set(looked.boxes)
        self._ready.set(looked.boxes_ready)
        self._starts.set(looked.box_starts)
        for place, (free, size) in looked.free.items():
            self._free.labels(place).set(free)
            self._all.labels(place).set(size)
        self._backup.set(-1 if looked.backup_age is None else looked.backup_age)


def look_at(store: Store, settings: Settings, box: Box | Boxes, upkeep: Upkeep | None) -> Looked:
    """See how things stand."""
    now = datetime.now(UTC)
    conversations = turns = owed = None
    try:
        with store.reading() as seen:
            conversations, turns, owed = seen.conversations.totals(now - OWED_SINCE)
    except StoreError as error:
        log.warning("the database could not be read: %s", error)
    places = {"data": settings.data, **({} if settings.backups is None else {"backups": settings.backups})}
    age = None if upkeep is None else upkeep.age(now)
    clients = [box.client] if isinstance(box, Box) else list(box.clients.values())
    return Looked(
        conversations,
        turns,
        owed,
        boxes=len(clients),
        boxes_ready=sum(client.is_ready for client in clients),
        box_starts=box.starts if isinstance(box, Box) else 0,
        free={name: room for name, place in places.items() if (room := _room(place)) is not None},
        backup_age=None if age is None else age.total_seconds(),
    )


def _room(place: Path) -> tuple[int, int] | None:
    try:
        found = shutil.disk_usage(place)
    except OSError:
        return None
    return found.free, found.total
