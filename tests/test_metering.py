"""The numbers for the monitoring: right, on a port of their own, and of nobody."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from bot import serving
from bot.conversation import Kind, Speaker
from bot.dialogue import free_port
from bot.metering import THROTTLED, Looked, Meter
from bot.settings import Settings, load
from bot.store import Store
from bot.web.api import routes as api
from bot.web.app import routes
from bot.web.guard import METHODS
from bot.web.team.routes import team_routes
from bot.web.team.shell import mounted
from tests.talking import DATABASE, KEY

CANARY = "The canary sings"
LINE = re.compile(r"([a-z_]+)(?:\{(.*)\})? (\S+)")
LABEL = re.compile(r'([a-z]+)="([^"]*)"')

AWAY = Looked(None, None, None, 1, 0, 3, {"data": (5, 10)}, None)
THERE = Looked(2, 30, 1, 1, 1, 3, {"data": (5, 10)}, 60.0)


def read(text: bytes) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Read numbers as Prometheus does."""
    found = {}
    for line in text.decode("ascii").splitlines():
        if not line.startswith("#"):
            matched = LINE.fullmatch(line)
            assert matched is not None, line
            found[matched[1], frozenset(LABEL.findall(matched[2] or ""))] = float(matched[3])
    return found


def of(text: bytes, name: str, **labels: str) -> float | None:
    """Give one number; None where there is none."""
    return read(text).get((name, frozenset(labels.items())))


def test_answers_are_counted_by_page_and_class_of_status_and_their_time_is_taken() -> None:
    meter = Meter(lambda: THERE)
    meter.answered("POST", "go_on", 303, 0.04)
    meter.answered("POST", "go_on", 303, 3.0)
    meter.answered("GET", "nowhere", 404, 0.001)
    text = meter.text()
    assert of(text, "ownwords_requests_total", method="POST", route="go_on", status="3xx") == 2
    assert of(text, "ownwords_requests_total", method="GET", route="nowhere", status="4xx") == 1
    assert of(text, "ownwords_request_seconds_bucket", route="go_on", le="0.05") == 1
    assert of(text, "ownwords_request_seconds_count", route="go_on") == 2


def test_what_cannot_be_read_is_said_and_looks_like_nothing_else() -> None:
    looked = THERE
    now = [0.0]
    meter = Meter(lambda: looked, clock=lambda: now[0])
    assert of(meter.text(), "ownwords_database_readable") == 1
    assert of(meter.text(), "ownwords_backup_age_seconds") == 60
    looked, now[0] = AWAY, 60.0
    text = meter.text()
    assert of(text, "ownwords_database_readable") == 0
    assert of(text, "ownwords_turns") == 30, "a fall to nothing would look like everything forgotten"
    assert of(text, "ownwords_boxes_ready") == 0
    assert of(text, "ownwords_backup_age_seconds") == -1


def test_asking_without_end_looks_once_in_five_seconds() -> None:
    now, times = [0.0], []

    def look() -> Looked:
        times.append(now[0])
        return THERE

    meter = Meter(look, clock=lambda: now[0])
    for second in range(20):
        now[0] = float(second)
        meter.text()
        meter.text()
    assert times == [0, 5, 10, 15]


# --- the real thing --------------------------------------------------------------------------------------------------


@dataclass
class Watched:
    """The site while it is served without any dialogue engine, and its numbers."""

    site: httpx.AsyncClient
    settings: Settings

    async def numbers(self) -> bytes:
        assert self.settings.metrics is not None
        host, port = self.settings.metrics
        async with httpx.AsyncClient(base_url=f"http://{host}:{port}") as client:
            answer = await client.get("/metrics")
            assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
            for elsewhere in ("/", "/team", "/conversation", "/static/x", "/healthz"):
                assert (await client.get(elsewhere)).status_code == 404
            return answer.content


@pytest.fixture
async def watched(store: Store, tmp_path: Path) -> AsyncIterator[Watched]:
    (tmp_path / "secret").write_text("x" * 43)
    (tmp_path / "secret").chmod(0o600)
    actions = free_port()
    settings = replace(
        load({}, tmp_path / "no.env"),
        data=tmp_path / "store",
        database=f"sqlite:///{tmp_path / 'store' / DATABASE}",
        root_key=tmp_path / "store" / KEY,
        port=0,
        actions_port=actions,
        actions_address=f"http://127.0.0.1:{actions}",
        boxes=("http://127.0.0.1:1",),
        box_secret_file=tmp_path / "secret",
        metrics=("127.0.0.1", free_port()),
    )
    async with serving.running(settings, store, None) as run, httpx.AsyncClient(base_url=run.address) as client:
        yield Watched(client, settings)


async def test_every_label_is_of_a_fixed_list_whatever_is_asked_for(watched: Watched, store: Store) -> None:
    await watched.site.get(f"/{CANARY}?{CANARY}", headers={"x-forwarded-for": CANARY, "user-agent": CANARY})
    await watched.site.request("CANARY", "/")
    begun = await watched.site.post("/", data={"minutes": "30", "words": CANARY})
    assert begun.status_code == 303
    with store.begin() as kept:
        ids = [one.conversation_id for one in kept.conversations.listed()]
        kept.conversations.add(ids[0], speaker=Speaker.PERSON, kind=Kind.WORDS, said_at=datetime.now(UTC), words=CANARY)
    text = await watched.numbers()
    assert b"canary" not in text.lower()
    for conversation_id in ids:
        assert conversation_id.encode() not in text
    names = {str(route.name) for route in (*routes, *mounted(team_routes), *api.mounted(api.routes))} | {"nowhere"}
    for _, labels in read(text):
        for label, value in labels:
            may = {
                "route": names,
                "method": METHODS | {"?"},
                "status": {"2xx", "3xx", "4xx", "5xx"},
                "what": set(THROTTLED),
                "place": {"data", "backups"},
            }
            assert label == "le" or value in may[label], (label, value)
    assert of(text, "ownwords_requests_total", method="?", route="welcome", status="4xx") == 1
    assert of(text, "ownwords_questions_owed") == 1
    assert of(text, "ownwords_conversations") == 1
    assert (of(text, "ownwords_boxes"), of(text, "ownwords_boxes_ready")) == (1, 0)
    assert (of(text, "ownwords_disk_free_bytes", place="data") or 0) > 0
