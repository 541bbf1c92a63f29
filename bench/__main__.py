"""Measure the product as people run it: real houses, real pages, the real dialogue engine; each beside its target.

`python -m bench` takes every measurement, and ends with 1 when a target is missed; `--short` those of turns and of load
alone, for half a minute each. Every module can be run by itself.
"""

import argparse
import platform
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import httpx
from itsdangerous import URLSafeTimedSerializer
from rich.console import Console

from bench import beside, figures, load, machines, saving, team
from bench.people import PROXY
from bench.rows import Row, at_most, show, spread, within
from bot.conversation import Kind, Speaker, Stage
from bot.store import RootKey, Store
from tests.house import House
from tests.walking import Walker

TURNS_KEPT = 300
CONVERSATIONS = 3
LONG_CONVERSATIONS = 5
EARLY, LATE = range(4, 17), range(294, 307)
"""The numbers of the turns that count as around turn 10, and as around turn 300."""
OUT = Console()


def main() -> int:
    """Take every measurement and print it beside its target."""
    asked = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    asked.add_argument("--short", action="store_true", help="turns and load alone, for half a minute each")
    is_short = asked.parse_args().short
    missed = 0
    with tempfile.TemporaryDirectory() as named:
        folder = Path(named)
        if not is_short:
            missed += show(f"Own Words on {_machine()}", one_person(folder))
        missed += show(
            "Beside stock Rasa", beside.measured(folder / "beside", beside.SHORT if is_short else beside.Size())
        )
        missed += show("Many at once", load.measured(folder / "load", load.SHORT if is_short else load.Size()))
        (folder / "saving").mkdir()
        seconds = saving.SHORT if is_short else saving.SECONDS
        missed += show("Keeping a turn, durably", saving.measured(folder / "saving", seconds))
        if not is_short:
            with suppress(LookupError):  # PostgreSQL or Redis is not on this machine
                missed += show("Two machines beside one", machines.measured(folder / "machines", 60))
            missed += show("The team's pages", team.measured(folder / "council"))
            missed += show("Figures", figures.measured(folder / "years", out=OUT))
    return min(missed, 1)


def one_person(folder: Path) -> list[Row]:
    """Measure what one person finds, and what the program takes for it."""
    rows = [within("keeping one turn, durably", _time_keeping(folder / "store"), p95=20)]
    house = House(folder / "house", **PROXY)
    house.take_the_trained_model()
    house.open().wait_until_ready()
    house.close()
    began = time.perf_counter()
    house.open()
    with house.browser() as browser:
        browser.get("/").raise_for_status()
        rows.append(at_most("second start to first page", time.perf_counter() - began, 3, "s", places=1))
        house.wait_until_ready()
        first = Walker(browser).begin()
        assert first.page.choices, "no first question"
        rows.append(at_most("second start to first question", time.perf_counter() - began, 20, "s", places=1))
    turns = _time_turns(house)
    rows.append(within(f"answer to next question ({len(turns)} turns)", turns, p95=120))
    early, late = _time_a_long_conversation(house)
    slower = statistics.median(late) / statistics.median(early)
    rows.append(Row(f"answer around turn 10 ({len(early)} turns)", spread(early)))
    rows.append(Row(f"answer around turn 300 ({len(late)} turns)", spread(late)))
    rows.append(at_most("turn 300 beside turn 10", slower, 1.5, "times", places=2))
    weight, parts = _weigh_first_view(house)
    rows.append(at_most(f"first view with assets ({parts} files)", weight / 1000, 120, "kB"))
    assert house.process is not None
    rows.append(at_most("app, resident", _resident(house.process.pid), 150, "MB"))
    rows.append(at_most("box, resident", _resident(house.box_pid()), 600, "MB"))
    house.close()
    return rows


def _machine() -> str:
    cores = sum(line.startswith("processor") for line in Path("/proc/cpuinfo").read_text().splitlines())
    model = next(
        (line.split(": ")[1] for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "?"
    )
    return f"{cores} cores of {model}, {platform.system()} {platform.release()}, Python {platform.python_version()}"


def _time_keeping(folder: Path) -> list[float]:
    root = RootKey.create(folder / "keys" / "root.key")
    now = datetime.now(UTC)
    address = f"sqlite:///{folder / 'data' / 'ownwords.sqlite3'}"
    Store.migrate(address, root, now)
    store = Store.open(address, root)
    with store.begin() as kept:
        conversation_id = kept.conversations.begin(
            stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=now, interview_version="bench"
        )
    times = []
    for _ in range(TURNS_KEPT):
        began = time.perf_counter()
        with store.begin() as kept:
            kept.conversations.add(
                conversation_id, speaker=Speaker.PERSON, kind=Kind.WORDS, said_at=now, words="I want my own key. " * 10
            )
        times.append(time.perf_counter() - began)
    store.close()
    return times


def _time_turns(house: House) -> list[float]:
    """Time each answer from sending it to having the page with the next question."""
    times = []
    for _ in range(CONVERSATIONS):
        with house.browser() as browser:
            walker = Walker(browser).begin()
            for _ in range(80):
                if not walker.page.takes_an_answer:
                    break
                walker.answer_somehow("I want to feel safe in my own home, and to keep my cat.")
                times.append(walker.took)
                assert walker.status == httpx.codes.OK, walker.page.heading
    return times


def _time_a_long_conversation(house: House) -> tuple[list[float], list[float]]:
    """Time answers near the beginning of conversations, and of the same ones once 300 turns have been said."""
    early: list[float] = []
    late: list[float] = []
    for _ in range(LONG_CONVERSATIONS):
        with house.browser() as browser:
            walker = Walker(browser).begin()
            while (turn := _turn_on_show(walker)) <= LATE.stop:
                if "anything else" in walker.page.heading and "yes" in walker.page.choices:
                    walker.choose("yes")
                else:
                    walker.answer_somehow("I want to feel safe in my own home, and to keep my cat.")
                assert walker.status == httpx.codes.OK, walker.page.heading
                early += [walker.took] if turn in EARLY else []
                late += [walker.took] if turn in LATE else []
    return early, late


def _turn_on_show(walker: Walker) -> int:
    """Give the number of the question on show. Anybody can read it from a page's step."""
    _, payload = URLSafeTimedSerializer("no key", salt="step").loads_unsafe(walker.page.step)
    number: int = payload[1]
    return number


def _weigh_first_view(house: House) -> tuple[int, int]:
    """Add up what a browser loads for its first page, as it travels."""
    seen: set[str] = set()
    weight = 0
    with httpx.Client(base_url=house.address, headers={"Accept-Encoding": "gzip"}) as browser:
        todo = ["/"]
        while todo:
            address = todo.pop()
            if address in seen:
                continue
            seen.add(address)
            with browser.stream("GET", address) as answer:
                body = b"".join(answer.iter_raw())
                weight += len(body) + sum(len(name) + len(value) + 4 for name, value in answer.headers.raw)
            text = browser.get(address).text if not address.endswith((".woff2", ".png")) else ""
            todo += _named_in(text, address)
    return weight, len(seen)


def _named_in(text: str, address: str) -> list[str]:
    """Find what a page, a style or a script loads: the Latin letters are what an English page needs of a font."""
    import re
    from urllib.parse import urljoin

    found = re.findall(
        r'(?:src|href)="(/static/[^"]+)"|url\("?([^")]+)"?\)|from ?"([^"]+)"|data-frontend="([^"]+)"', text
    )
    names = [urljoin(address, next(filter(None, groups))) for groups in found]
    return [name for name in names if name.startswith("/static/") and "-ext-" not in name]


def _resident(pid: int) -> float:
    line = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    sys.exit(main())
