"""One sentence in every field, header and address of the team's side and of programs, while things go wrong.

It is in no log, no file and no answer to anybody else afterwards, however it might be written; and nobody is called up.
The person's side, the dialogue engine's memory and real processes: `tests/faults/test_words_go_nowhere_else.py`.
"""

import asyncio
import contextlib
import io
import logging
import socket
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import httpx

from bot.store import RootKey, Store
from tests.abuse.measuring import Length, Row, counted, proven
from tests.abuse.rights import OURS, Sent, Visitor, World, build, crawl
from tests.faults.searching import Search
from tests.talking import DATABASE, KEY, make_empty
from tests.team.conftest import make_site, make_team_settings

NAME = "Quillfeather"
CANARY = f"My niece Zoë {NAME} hides my letters, and I'd rather nobody knew"
SEARCH = Search([CANARY, NAME])
HEADERS = ("User-Agent", "Referer", "X-Forwarded-For", "Accept-Language", "Authorization", "Cookie", NAME)
CALLS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.connect"})

_called: list[str] = []


def _hears(event: str, given: tuple[object, ...]) -> None:
    if event in CALLS:
        _called.append(event)


class Heard(logging.Handler):
    """Everything that is logged, by whomever, with what an exception says of itself."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it. What the browser of this suite says of its own requests is not the product's."""
        if record.name.partition(".")[0] in {"httpx", "httpcore"}:
            return
        self.lines.append(self.format(record))


async def writes_it_everywhere(world: World, visitor: Visitor) -> int:
    """Send every form with it in every field, and ask for every address with it in the address and the headers."""
    sent = 0
    quoted = quote(CANARY, safe="")
    for form in visitor.forms:
        if form.path == "/team/sign-out":
            continue
        one: Sent = form
        for name, _ in form.fields:
            if name not in OURS:
                one = one.with_field(name, CANARY)
        await _sends(visitor, one)
        await _sends(visitor, replace(one, path=f"{form.path}/{quoted}"))
        sent += 2
    for number, opened in enumerate(visitor.opened):
        ask = "&" if "?" in opened.path else "?"
        header = HEADERS[number % len(HEADERS)]
        for path in (f"{opened.path}{ask}q={quoted}&{quoted}=1", f"{opened.path}/{quoted}"):
            with contextlib.suppress(sqlite3.Error):
                await visitor.client.get(path, headers=[(header.encode(), CANARY.encode())])
            sent += 1
    return sent


async def _sends(visitor: Visitor, sent: Sent) -> None:
    with contextlib.suppress(httpx.InvalidURL):
        await visitor.sends(sent)


def measured(length: Length, folder: Path) -> Iterator[Row]:
    """Write it everywhere twice: while all is well, and while a table is gone."""
    sys.addaudithook(_hears)
    yield from asyncio.run(_rows(length, make_empty(folder)))


async def _rows(length: Length, folder: Path) -> list[Row]:
    store = Store.open(folder / DATABASE, RootKey.read(folder / KEY))
    site = make_site(store, make_team_settings(folder), folder / DATABASE)
    world = await build(site)
    names = list(world.visitors) if length is Length.LONG else ["north manager", "administrator", "nobody"]
    some = [world.visitors[name] for name in names]
    heard = Heard()
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(heard)
    root.setLevel(logging.DEBUG)
    printed = io.StringIO()
    sent = 0
    try:
        for visitor in some:
            await crawl(world, visitor, 400 if length is Length.LONG else 6)
        _called.clear()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            for visitor in some:
                sent += await writes_it_everywhere(world, visitor)
            with closing(sqlite3.connect(folder / DATABASE, isolation_level=None)) as other:
                other.execute("PRAGMA busy_timeout = 10000")
                # A table that is not there any more: whatever needs it fails within our own program.
                other.execute("ALTER TABLE entries RENAME TO entries_gone")
                for visitor in some:
                    sent += await writes_it_everywhere(world, replace(visitor, opened=visitor.opened[:10]))
                other.execute("ALTER TABLE entries_gone RENAME TO entries")
        called = list(_called)
    finally:
        root.removeHandler(heard)
        root.setLevel(before)
    in_logs = SEARCH.in_text("\n".join([*heard.lines, printed.getvalue()]))
    in_files = SEARCH.in_files(folder)
    rows = [
        counted("the sentence in logs and output, team's side", [how for _, how in sorted(in_logs)], sent, "0"),
        counted("the sentence in files, team's side", [f"{file}" for file in in_files], sent, "0"),
        counted("names looked up and connections made meanwhile", called, sent, "0"),
    ]
    (folder / "planted").write_text(CANARY, encoding="utf-16")
    rows.append(proven("the sentence in a file, as UTF-16", is_found="planted" in SEARCH.in_files(folder)))
    with contextlib.suppress(OSError):
        socket.getaddrinfo("localhost", 9)
    rows.append(proven("a name that is looked up", is_found=bool(_called)))
    world.close()
    for client in site.clients:
        await client.aclose()
    store.close()
    return rows
