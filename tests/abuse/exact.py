"""Byte for byte: what is typed on the real pages, in either database, and what comes out of every way out of it."""

import asyncio
import hashlib
import io
import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

import docx
import httpx

from bot import exporting, person_file, returning, signing_in
from bot.conversation import LONGEST_ANSWER, Speaker, Stage
from bot.documents import NOT_IN_XML
from bot.interoperating.taking import Written, take_out_here
from bot.interviewing import begin
from bot.roles import Role
from bot.store import RootKey, Store
from bot.store.verifying import verify
from bot.web.showing import texts_of
from tests.abuse.measuring import Length, Row, counted, proven
from tests.abuse.naughty import everything, given, lone_surrogates
from tests.postgresql import serving_postgresql
from tests.talking import DATABASE, KEY, NOW, Talk, make_empty
from tests.team.conftest import TeamSite, make_site, make_team_settings
from tests.walking import Shown, read

AT_ONCE = 40
"""Strings in one conversation: every page shows all that was said before."""
BATCH = 40
"""Strings in one answer, where many are typed as one."""

Ways = Mapping[str, frozenset[str]]
"""Each way out, and every text that came out of it."""


@contextmanager
def sites(folder: Path) -> Iterator[Mapping[str, TeamSite]]:
    """Open the whole site on each of the databases that are here."""
    with ExitStack() as open_here:
        server = open_here.enter_context(serving_postgresql("fsync=off"))
        made = {}
        for name, address in (("SQLite", None), ("PostgreSQL", server and server.database())):
            place = folder / name
            place.mkdir()
            if address is not None:
                root = RootKey.create(place / KEY)
                Store.migrate(address, root, NOW)
            elif name == "SQLite":
                make_empty(place)
            else:
                continue
            store = Store.open(address or place / DATABASE, RootKey.read(place / KEY))
            open_here.callback(store.close)
            made[name] = make_site(store, make_team_settings(place), place / DATABASE)
            made[name].dialogue.asks_about_a_copy = True
        yield made


# --- typing ----------------------------------------------------------------------------------------------------------


class Browser:
    """A browser without script, in a conversation that belongs to an enquiry."""

    def __init__(self, site: TeamSite) -> None:
        self.site = site
        self.client = site.arrives().client
        self.client.follow_redirects = True
        self.conversation_id = ""
        self.enquiry_id = ""
        self.page = Shown()
        self.status = 0

    async def begins(self) -> "Browser":
        """Come to the first question."""
        self.enquiry_id = self.site.enquiry(reference=f"A/{secrets.token_hex(4)}")
        self.conversation_id = await begin(
            self.site.room, stage=Stage.FIRST, speaker=Speaker.PERSON, now=self.site.now, enquiry_id=self.enquiry_id
        )
        secret = await returning.open_visit(self.site.door, self.conversation_id, 1200, self.site.now)
        self.client.cookies.set("visit", secret)
        return self._shows(await self.client.get("/conversation"))

    async def presses(self, do: str, **fields: str) -> "Browser":
        """Press a button. A browser sends every line break as CRLF; what is typed here may hold others too."""
        return self._shows(await self.client.post("/conversation", data={"step": self.page.step, "do": do, **fields}))

    async def says(self, words: str) -> "Browser":
        """Say something, and go on where a word of it opened a page beside the interview."""
        await self.presses("answer", words=words)
        for _ in range(3):
            if "choose:carry_on" not in self.page.buttons:
                return self
            await self.presses("choose:carry_on")
        return self

    async def finishes(self) -> None:
        """Have the rest asked, answered and done."""
        while "make_code:numbers" not in self.page.buttons:
            page = self.page
            if page.words is not None:
                await self.says("That is all.")
            else:
                choices = ("yes",) if "copy_safe" in page.heading else ("no", "safe")
                chosen = next((one for one in choices if one in page.choices), None)
                await (self.presses("answer", choice=chosen) if chosen else self.presses("choose:done"))

    def _shows(self, response: httpx.Response) -> "Browser":
        self.status = response.status_code
        self.page = read(response.text)
        return self


async def typed_without_script(site: TeamSite, items: Mapping[str, str]) -> tuple[list[str], list[tuple[str, str]]]:
    """Type each as an addition to one answer, and finish. Gives what went wrong, and the conversations with ids."""
    wrong: list[str] = []
    held: list[tuple[str, str]] = []
    waiting = iter(items.items())
    while part := list(islice(waiting, AT_ONCE)):
        browser = await Browser(site).begins()
        await browser.says("The first words")
        with site.store.reading() as seen:
            turns = seen.conversations.turns(browser.conversation_id)
        number = next(turn.number for turn in turns if turn.speaker is Speaker.PERSON)
        for name, words in part:
            await browser.presses(f"add_more:{number}")
            await browser.says(words)
            if browser.status != 200:
                wrong.append(f"{name} is answered with {browser.status}")
                await browser.presses("cancel")
            elif _on_a_page(given(words)) not in set(map(_on_a_page, browser.page.quoted)):
                wrong.append(f"{name} is not on the page that follows")
        await browser.finishes()
        held.append((browser.enquiry_id, browser.conversation_id))
        await browser.client.aclose()
        site.clients.remove(browser.client)
    return wrong, held


# --- the ways out ----------------------------------------------------------------------------------------------------


async def ways_out(site: TeamSite, enquiry_id: str, conversation_id: str) -> Ways:
    """Take a finished conversation out by every way there is."""
    store, texts = site.store, texts_of(site.desk.settings)
    with store.reading() as seen:
        turns = seen.conversations.turns(conversation_id)
    found: dict[str, frozenset[str]] = {"the record": frozenset(turn.words for turn in turns)}
    found["export"] = _texts(json.loads(json.dumps(exporting.export_one(store, conversation_id))))
    found["enquiry export"] = _texts(json.loads(json.dumps(exporting.export_enquiry(store, enquiry_id))))
    stages = tuple(Stage)
    fhir = take_out_here(store, enquiry_id, Written.FHIR, texts, site.now, stages)
    found["FHIR"] = _texts(json.loads(fhir.content))
    listed = take_out_here(store, enquiry_id, Written.JSON_LINES, texts, site.now, stages)
    found["JSON Lines"] = frozenset().union(*(_texts(json.loads(line)) for line in listed.content.splitlines()))
    made = person_file.make_here(store, enquiry_id, person_file.Form.JSON, texts, site.now)
    found["person's file"] = _texts(json.loads(made.content))
    document = person_file.make_here(store, enquiry_id, person_file.Form.DOCUMENT, texts, site.now)
    found["person's file, DOCX"] = _paragraphs(document.content)
    secret = await returning.open_visit(site.door, conversation_id, 1200, site.now)
    client = site.arrives().client
    client.cookies.set("visit", secret)
    found["own copy, page"] = frozenset(read((await client.get("/conversation/words")).text).quoted)
    found["own copy, text"] = frozenset({(await client.get("/conversation/words.txt")).content.decode()})
    found["own copy, DOCX"] = _paragraphs((await client.get("/conversation/words.docx")).content)
    team_id = site.team(f"Team {secrets.token_hex(4)}")
    with store.begin() as kept:
        kept.allocations.give_team(enquiry_id, team_id, None, site.now)
    colleague = site.signs_in(site.account(Role.MANAGER, team_id))
    colleague.client.follow_redirects = True
    form = site.desk.marks.form(signing_in.hash_of(colleague.client.cookies["team"]))
    opened = await colleague.client.post(
        f"/team/conversations/{conversation_id}/open", data={"form": form, "once": secrets.token_hex(8)}
    )
    found["team's page"] = frozenset(read(opened.text).quoted)
    program, _ = site.token([team_id], made_by=colleague.account_id)
    asked = await client.get(
        f"/api/v1/conversations/{conversation_id}/words", headers={"Authorization": f"Bearer {program}"}
    )
    found["API"] = _texts(asked.json())
    return found


EXACT = {"the record", "export", "enquiry export", "FHIR", "JSON Lines", "person's file", "API"}
"""Where not a byte differs. HTML has no NUL, XML fewer signs still: there the sign for it stands, and is counted."""


def missing_from(ways: Ways, items: Mapping[str, str]) -> list[str]:
    """Name what did not come out as it was typed, and by which way."""
    wrong = []
    for way, texts in ways.items():
        shown = {_digest(_as_shown(way, text)) for text in texts}
        whole = "\n".join(_as_shown(way, text) for text in texts) if way == "own copy, text" else ""
        for name, words in items.items():
            wanted = _as_shown(way, given(words))
            if _digest(wanted) not in shown and not (whole and wanted in whole):
                wrong.append(f"{name} is not to the byte in: {way}")
    return wrong


def _as_shown(way: str, words: str) -> str:
    if way in EXACT or way == "own copy, text":
        return words
    if way.endswith("DOCX"):
        return NOT_IN_XML.sub("\ufffd", words).replace("\r\n", "\n").replace("\r", "\n")
    return _on_a_page(words)


def _on_a_page(words: str) -> str:
    return words.replace("\0", "\ufffd")


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()


def _texts(found: Any) -> frozenset[str]:
    """Every text in a JSON document."""
    if isinstance(found, str):
        return frozenset({found})
    parts = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    return frozenset().union(*map(_texts, parts))


def _paragraphs(content: bytes) -> frozenset[str]:
    return frozenset(paragraph.text for paragraph in docx.Document(io.BytesIO(content)).paragraphs)


# --- what is too much ------------------------------------------------------------------------------------------------

SIZES = {LONGEST_ANSWER: 200, LONGEST_ANSWER + 1: 422, 100_000: 422, 1_000_000: 413, 10_000_000: 413}
"""Letters, and what is answered."""


async def sizes(site: TeamSite) -> list[str]:
    """Type more and more. Up to a body's limit, what is too long stays in the answer box."""
    wrong = []
    for size, status in SIZES.items():
        browser = await Browser(site).begins()
        step = browser.page.step
        await browser.presses("answer", words="w" * size)
        with site.store.reading() as seen:
            kept = [turn.words for turn in seen.conversations.turns(browser.conversation_id) if turn.token]
        is_kept = kept == ["w" * size]
        stays = status in {200, 413} or browser.page.words == "w" * size
        if browser.status != status or is_kept != (status == 200) or not stays or not step:
            wrong.append(f"{size} letters are answered with {browser.status}")
    return wrong


async def halves(site: TeamSite) -> tuple[list[str], int]:
    """Have half signs said through the use cases, as other doors may bring them, and take them out."""
    items = lone_surrogates()
    enquiry_id = site.enquiry()
    conversation_id = await begin(
        site.room, stage=Stage.FIRST, speaker=Speaker.PERSON, now=site.now, enquiry_id=enquiry_id
    )
    talk = Talk(site.room, conversation_id)
    talk.now = site.now
    await talk.says("\n".join(items.values()))
    await talk.says("That is all.")
    for choice in ("no", "safe", "done", "yes"):
        await talk.chooses(choice)
    ways = await ways_out(site, enquiry_id, conversation_id)
    wanted = {"half signs": "\n".join(items.values())}
    # FHIR has no place for half a sign, and says so in that place (`bot/interoperating/fhir.py`).
    exact = {way: texts for way, texts in ways.items() if way in EXACT - {"FHIR"}}
    return missing_from(exact, wanted), len(exact) * len(items)


# --- the rows --------------------------------------------------------------------------------------------------------


def batched(items: Mapping[str, str]) -> Mapping[str, str]:
    """Put many into one answer each, as somebody would who pastes a list."""
    found: dict[str, str] = {}
    waiting = iter(items.items())
    while part := list(islice(waiting, BATCH)):
        for first, several in _fitting(part):
            found[f"{first} and those after it"] = several
    return found


def _fitting(part: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    together: list[str] = []
    first = part[0][0]
    for name, words in part:
        if together and sum(map(len, together)) + len(together) + len(words) > LONGEST_ANSWER:
            yield first, "\n".join(together)
            first, together = name, []
        together.append(words)
    yield first, "\n".join(together)


def measured(length: Length, folder: Path) -> Iterator[Row]:
    """Type everything without script on both databases, and take it out by every way."""
    items = everything()
    part = items if length is Length.LONG else {**dict(list(items.items())[::40]), **batched(items)}
    with sites(folder) as open_sites:
        for name, site in open_sites.items():
            yield from asyncio.run(_rows(name, site, part, len(items)))


async def _rows(name: str, site: TeamSite, part: Mapping[str, str], strings: int) -> list[Row]:
    wrong, held = await typed_without_script(site, part)
    waiting = iter(part.items())
    tried = 0
    for enquiry_id, conversation_id in held:
        ways = await ways_out(site, enquiry_id, conversation_id)
        said = dict(islice(waiting, AT_ONCE))
        wrong += missing_from(ways, said)
        tried += len(said) * len(ways)
    lost = {**ways, "export": frozenset(text + " " for text in ways["export"])}
    half_wrong, half_tried = await halves(site)
    problems = [str(problem) for problem in verify(site.store)]
    for client in site.clients:
        await client.aclose()
    return [
        counted(f"{strings} strings, no script, {name}: changed on one of {len(ways)} ways out", wrong, tried, "0"),
        counted(f"half signs, {name}: changed on an exact way out", half_wrong, half_tried, "0"),
        counted(f"sizes up to 10 MB, {name}: wrongly answered or kept", await sizes(site), len(SIZES), "0"),
        counted(f"what does not verify afterwards, {name}", problems, 1, "0"),
        proven(f"a space more at the end of each, {name}", is_found=bool(missing_from(lost, said))),
    ]
