"""Measure the team's pages over a council's years of work: lists, opening a conversation, searching for words.

`python -m bench.team` measures these alone; `python -m bench.team 500` over so many made-up enquiries only.
"""

import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import httpx

from bench.rows import Row, at_most, show, within
from bot.roles import Role
from bot.settings import ROOT
from bot.signing_in import hash_of
from bot.store import RootKey, Store
from tests.house import House

ENQUIRIES = 6_800
"""Made-up enquiries in which there are 10,000 conversations and some more."""
LISTS = (
    "/team/work",
    "/team/work/conversations",
    "/team/work/conversations?review=waiting",
    "/team/work/conversations?flagged=yes",
    "/team/work/conversations?stage=closing",
    "/team/enquiries",
    "/team/enquiries?which=closed",
)
PAGES_ON = 3
"""Pages of each list that are turned to after the first."""
TIMES = 3
OPENED = 40
WORDS = ("zanzibar", "bluebell tea", "frightened of the hoist", "the lamp in the kitchen", "card", "sleep")
"""What nobody said and is looked for in everything, what few said, and what many did."""
CONVERSATION = re.compile(r"/team/conversations/([0-9a-f]{32})")
NEXT = re.compile(r'href="([^"]*[?;&]after=[^"]*)"')
MARK = re.compile(r'name="(form|once)" value="([^"]*)"')


def measured(folder: Path, enquiries: int = ENQUIRIES) -> list[Row]:
    """Make a council's work up, serve it, and take every measurement as a manager sees it."""
    house = House(folder)
    house.take_the_trained_model()
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "bot", "demo", "--enquiries", str(enquiries), "--teams", "1"],
        cwd=ROOT,
        env=house.environment,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    took = time.perf_counter() - began
    conversations, cookie = _signed_in(house)
    house.open().wait_until_ready()
    try:
        with httpx.Client(base_url=house.address, cookies={"team": cookie}, timeout=60) as manager:
            lists = _time_lists(manager)
            opened = _time_opening(manager, _to_open(manager))
            searches = _time_searching(manager)
    finally:
        house.close()
    among = f"among {conversations:,} conversations"
    return [
        at_most(f"making up {conversations:,} conversations", took, 300, "s"),
        within(f"a list, {among} ({len(lists)} pages)", lists, p95=300),
        within(f"opening a conversation, {among} ({len(opened)})", opened, p95=500),
        Row(f"searching for words, {among} ({len(searches)})", _longest(searches), "≤ 2 s", max(searches) <= 2),
    ]


def _signed_in(house: House) -> tuple[int, str]:
    """Have a manager signed in, and say how many conversations there are."""
    cookie = secrets.token_urlsafe(32)
    now = datetime.now(UTC)
    with closing(Store.open(house.database, RootKey.read(house.key))) as store, store.begin() as kept:
        manager = next(one for one in kept.accounts.listed() if one.role is Role.MANAGER)
        kept.sessions.open(hash_of(cookie), manager.account_id, now)
        return len(kept.conversations.listed()), cookie


def _time_lists(manager: httpx.Client) -> list[float]:
    """Time the first pages of each list, and those that follow."""
    times = []
    for _ in range(TIMES):
        for path in LISTS:
            address: str | None = path
            for _ in range(1 + PAGES_ON):
                if address is None:
                    break
                began = time.perf_counter()
                page = manager.get(address)
                times.append(time.perf_counter() - began)
                assert page.status_code == httpx.codes.OK, f"{address}: {page.status_code}"
                address = _next(page)
    return times


def _next(page: httpx.Response) -> str | None:
    found = NEXT.search(page.text)
    return str(page.url.join(found[1].replace("&amp;", "&"))) if found is not None else None


def _to_open(manager: httpx.Client) -> list[str]:
    """Find conversations to open, of every age."""
    found: list[str] = []
    address: str | None = "/team/work/conversations?review=reviewed"
    while address is not None and len(found) < OPENED:
        page = manager.get(address)
        found += dict.fromkeys(CONVERSATION.findall(page.text))
        address = _next(page)
    return found[:OPENED]


def _time_opening(manager: httpx.Client, conversation_ids: Sequence[str]) -> list[float]:
    """Time from pressing "Open" to having the whole conversation."""
    times = []
    for conversation_id in conversation_ids:
        cover = manager.get(f"/team/conversations/{conversation_id}")
        marks = dict(MARK.findall(cover.text))
        began = time.perf_counter()
        page = manager.post(f"/team/conversations/{conversation_id}/open", data=marks, follow_redirects=True)
        if "app-words" in page.text:
            times.append(time.perf_counter() - began)
    assert times, "no conversation could be opened"
    return times


def _time_searching(manager: httpx.Client) -> list[float]:
    times = []
    for words in WORDS:
        marks = dict(MARK.findall(manager.get("/team/search").text))
        began = time.perf_counter()
        page = manager.post("/team/search", data={**marks, "typed": words})
        times.append(time.perf_counter() - began)
        assert page.status_code == httpx.codes.OK, page.status_code
    return times


def _longest(times: Sequence[float]) -> str:
    return f"median {statistics.median(times):.2f} s, longest {max(times):.2f} s"


def main() -> int:
    """Print these measurements alone."""
    enquiries = int(sys.argv[1]) if len(sys.argv) > 1 else ENQUIRIES
    with tempfile.TemporaryDirectory() as folder:
        return show("The team's pages", measured(Path(folder) / "council", enquiries))


if __name__ == "__main__":
    sys.exit(main())
