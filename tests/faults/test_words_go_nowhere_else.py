"""One sentence, written everywhere and while everything goes wrong, is in no file, no log, and not in Rasa's memory."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from bot.conversation import LONGEST_ANSWER
from bot.web.guard import LARGEST_BODY
from tests.faults.houses import (
    TroubledHouse,
    conversation_of,
    go_on_until_asked,
    said,
    times_kept,
    turns_of,
    until,
    window,
)
from tests.faults.roads import plain, walk
from tests.faults.searching import Search, encodings
from tests.faults.test_the_database_fails import locked
from tests.house import PATIENCE
from tests.store.filling import from_below
from tests.walking import Walker

NAME = "Quillfeather"
CANARY = f"My niece Zoë {NAME} hides my letters, and I'd rather nobody knew"
SEARCH = Search([CANARY, NAME])
EVERYWHERE = ("X-Forwarded-For", "Forwarded", "User-Agent", "Referer", "Origin", "Authorization", "Accept-Language")
HEADERS = (
    *EVERYWHERE,
    "Accept",
    "Range",
    "If-None-Match",
    "If-Modified-Since",
    "X-Request-Id",
    "Traceparent",
    "Via",
    NAME,
)

Hits = dict[str, set[tuple[str, str]]]


@dataclass
class Written:
    """Where the sentence was looked for, and what was found."""

    house: TroubledHouse
    conversation_id: str = ""
    in_the_box: set[tuple[str, str]] = field(default_factory=set)
    conversation_in_the_box: set[tuple[str, str]] = field(default_factory=set)
    while_it_runs: Hits = field(default_factory=dict)
    after_it_was_killed: Hits = field(default_factory=dict)
    after_its_end: Hits = field(default_factory=dict)
    cores: list[str] = field(default_factory=list)
    """How large a core each process may leave."""
    reachable_at: set[str] = field(default_factory=set)
    """The addresses at which the app and the box take connections."""


@pytest.fixture(scope="module")
def written(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    """Write the sentence everywhere, let everything go wrong, and look for it at each stage."""
    house = TroubledHouse(tmp_path_factory.mktemp("canary") / "house")
    house.take_the_trained_model()
    found = Written(house)
    passing = house.folder / "passing"
    passing.mkdir(parents=True)
    try:
        with pytest.MonkeyPatch.context() as patched:
            # So that what the app keeps for a while lies where it is looked for. The box has no words to keep.
            patched.setenv("TMPDIR", str(passing))
            house.open()
        house.wait_until_ready()
        found.conversation_id = write_at_every_question(house)
        write_on_every_other_page(house)
        write_what_cannot_be_taken(house)
        write_in_every_field_and_header(house)
        write_while_the_database_fails(house)
        found.in_the_box |= SEARCH.in_memory(house.box_pid())
        write_while_the_box_fails(house)
        write_where_a_row_is_damaged(house)
        unfinished = conversation_that_is_not_finished(house)
        found.in_the_box |= SEARCH.in_memory(house.box_pid())
        found.conversation_in_the_box = Search([unfinished]).in_memory(house.box_pid())
        found.cores = [core_limit(house.pid), core_limit(house.box_pid())]
        found.reachable_at = reachable_at(house.pid) | reachable_at(house.box_pid())
        found.while_it_runs = SEARCH.in_files(house.folder)
        house.kill()
        found.after_it_was_killed = SEARCH.in_files(house.folder)
        house.open()
        house.close()
        found.after_its_end = SEARCH.in_files(house.folder)
        yield found
    finally:
        house.close()


def test_the_sentence_was_kept_all_the_same(written: Written) -> None:
    kept = [turn.words for turn in turns_of(written.house, written.conversation_id)]
    assert len([words for words in kept if CANARY in words]) > 20


def test_it_is_in_no_file_while_the_product_runs(written: Written) -> None:
    assert written.while_it_runs == {}


def test_it_is_in_no_file_after_the_app_was_killed(written: Written) -> None:
    assert written.after_it_was_killed == {}


def test_it_is_in_no_file_after_the_product_has_ended(written: Written) -> None:
    assert written.after_its_end == {}


def test_it_was_never_printed(written: Written) -> None:
    assert SEARCH.in_text("\n".join(written.house.said)) == set()
    assert "Traceback" not in "\n".join(written.house.said)


def test_it_is_nowhere_in_the_memory_of_rasa(written: Written) -> None:
    assert written.in_the_box == set()


def test_no_process_may_leave_its_memory_in_a_file(written: Written) -> None:
    assert written.cores == ["0", "0"]


def test_app_and_box_take_connections_from_this_machine_alone(written: Written) -> None:
    assert written.reachable_at == {"127.0.0.1"}


def test_the_logs_tell_what_happened_without_it(written: Written) -> None:
    told = (written.house.data / "log" / "app.log").read_text()
    lines = [json.loads(line) for line in told.splitlines()]
    for status in ("200", "303", "400", "403", "404", "405", "413", "422", "500", "503"):
        assert any(line.get("status") == int(status) for line in lines), status
    assert "Traceback" not in told


def test_lists_and_checks_do_not_print_it(written: Written) -> None:
    for command in ("conversations", "verify"):
        done = written.house.command(command)
        assert SEARCH.in_text(done.stdout + done.stderr) == set()


# --- the search finds what is there -----------------------------------------------------------------------------------


@pytest.mark.parametrize("how", encodings(CANARY))
def test_the_search_finds_the_sentence_however_it_is_written(tmp_path: Path, how: str) -> None:
    (tmp_path / "some").mkdir()
    (tmp_path / "some" / "file").write_bytes(b"\0before" + encodings(CANARY)[how] + b"after\xff")
    assert list(SEARCH.in_files(tmp_path)) == ["some/file"]


def test_the_search_finds_it_in_a_database_that_does_not_seal_it(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "words.sqlite3")) as connection:
        connection.execute("PRAGMA journal_mode=WAL").fetchall()
        connection.execute("CREATE TABLE words (said TEXT)")
        connection.execute("INSERT INTO words VALUES (?)", (CANARY,))
        connection.commit()
        assert set(SEARCH.in_files(tmp_path)) == {"words.sqlite3-wal"}


def test_the_search_finds_it_in_the_memory_of_a_process() -> None:
    holds = (
        "import sys; held = sys.stdin.readline().encode('utf-16'); print('it is held', flush=True); sys.stdin.read()"
    )
    child = subprocess.Popen([sys.executable, "-c", holds], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with child:
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(CANARY + "\n")
        child.stdin.flush()
        child.stdout.readline()
        assert (CANARY, "UTF-16") in SEARCH.in_memory(child.pid)
        child.stdin.close()


def test_the_search_reads_the_memory_in_which_rasa_keeps_conversations(written: Written) -> None:
    assert written.conversation_in_the_box != set()


# --- writing it -------------------------------------------------------------------------------------------------------


def write_at_every_question(house: TroubledHouse) -> str:
    """Answer every open question of the whole conversation with it."""
    with house.browser() as browser:
        walker = Walker(browser).begin()
        conversation_id = conversation_of(walker.page)
        walk(walker, lambda name, number: f"{CANARY} ({name}, {number})")
        assert "words.txt" in browser.get("/conversation/words").text
        assert NAME in browser.get("/conversation/words.txt").text
        return conversation_id


def write_on_every_other_page(house: TroubledHouse) -> None:
    """Change it, add to it, take it back, leave it as a draft, send it from another window, type it as a code."""
    with house.browser() as browser:
        walker = Walker(browser).begin()
        conversation_id = conversation_of(walker.page)
        walk(walker, plain, until="matters")
        with window(house, walker) as behind:
            behind.look()
            walker.say(CANARY)
            assert behind.say(f"{CANARY}!").page.heading == "This question has its answer"
        number = said(house, conversation_id)[-2].number
        walker.look().press(f"change:{number}", words=f"{CANARY}?").say(f"{CANARY}.")
        walker.press(f"add_more:{number}").say(f"Again: {CANARY}")
        walker.press("why", words=f"Not given yet: {CANARY}")
        walker.press(f"take_back:{number}")
        walker.press("take_a_break", words=CANARY).press("make_code:words")
        step = walker.page.step
        walker.press("confirm_code", step=step)
        browser.post("/conversation", data={"step": step, "do": "confirm_code", "typed": CANARY, "code": CANARY})
        assert browser.post("/come-back", data={"code": CANARY, "minutes": CANARY}).status_code == 422
        walker.look().press("come_back").pass_the_gate()
        walker.press("stop", words=CANARY).press("choose:stop_and_take_back")


def write_what_cannot_be_taken(house: TroubledHouse) -> None:
    """Write too much of it, write it from altered pages, after leaving, and where a choice is asked for."""
    with house.browser() as browser:
        walker = Walker(browser).begin()
        assert walker.press("answer", words=CANARY).status == 422
        assert walker.press("answer", choice=[CANARY]).status == 422
        walk(walker, plain, until="feelings")
        assert walker.press("answer", words=CANARY * (LONGEST_ANSWER // len(CANARY) + 1)).status == 422
        step = walker.page.step
        assert walker.press("answer", words=CANARY * (LARGEST_BODY // len(CANARY) + 1), step=step).status == 413
        assert walker.press("answer", words=CANARY, step=step[:-1]).status == 422
        assert walker.press("answer", words=CANARY, step=CANARY).status == 422
        browser.get("/leave", params={"to": CANARY}, follow_redirects=False)
        assert walker.press("answer", words=CANARY, step=step).page.heading == "What you said is kept"


def write_in_every_field_and_header(house: TroubledHouse) -> None:
    """Write it where no page of ours asks for anything."""
    quoted = CANARY.encode().decode("latin-1")
    with house.browser() as browser:
        walker = Walker(browser).begin()
        step = walker.page.step
        fields = ("step", "do", "choice", "words", "code", "typed", "minutes", "open_for", CANARY)
        for address in ("/", "/conversation", "/come-back", "/left", "/private"):
            for name in fields:
                browser.post(address, data={"step": step, "do": "answer", name: CANARY})
        for do in ("change", "choose", "skip", "take_back", "make_code", CANARY):
            walker.look().press(f"{do}:{CANARY}")
        for address in ("/", "/conversation", f"/{CANARY}", f"/static/{CANARY}", f"/conversation/{CANARY}", "/healthz"):
            browser.get(address, params={"words": CANARY, CANARY: ""})
            browser.put(address, content=CANARY.encode())
        for header in HEADERS:
            browser.get("/conversation", headers={header.encode(): CANARY.encode()})
        for cookie in (f"visit={NAME}", f"{NAME}=1", f"visit={quoted}"):
            browser.get("/conversation", headers={b"Cookie": cookie.encode("latin-1")})
        ours = {"step": step, "words": CANARY}
        assert browser.post("/conversation", data=ours, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
        assert browser.post("/conversation", json=ours).status_code == 400
        assert browser.post("/conversation", files={CANARY: (CANARY, CANARY.encode())}).status_code == 400
        assert browser.post("/conversation", content=f"words={CANARY}".encode() + b"%FF").status_code == 400
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert browser.post("/conversation", content=f"words={NAME}%FF", headers=form).status_code == 400
        assert browser.delete("/conversation").status_code == 405
    for sent in (
        f"{NAME} / HTTP/1.1\r\nHost: {NAME}\r\n\r\n",
        f"GET /{NAME} HTTP/9.9\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: {NAME}\r\n{NAME}\r\n\r\n",
        f"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: {NAME}\r\n\r\n",
        f"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n{NAME}\r\n",
        f"GET / HTTP/1.1\r\nHost: h\r\nX: {NAME * 10_000}\r\n\r\n",
        f"POST /conversation HTTP/1.1\r\nHost: h\r\nContent-Length: 900\r\n\r\nwords={NAME}",
        f"\x16\x03\x01{NAME}",
    ):
        place = httpx.URL(house.address)
        assert place.port is not None
        with socket.create_connection((place.host, place.port), timeout=PATIENCE) as connection:
            connection.sendall(sent.encode())
            connection.shutdown(socket.SHUT_WR)
            while_there_is_an_answer(connection)


def while_there_is_an_answer(connection: socket.socket) -> None:
    """Hear it to its end; some are hung up on."""
    try:
        while connection.recv(65536):
            pass
    except ConnectionResetError:
        return


def write_while_the_database_fails(house: TroubledHouse) -> None:
    """Write it while the database is locked, and while its disk is full."""
    with house.browser() as browser:
        walker = Walker(browser).begin()
        walk(walker, plain, until="feelings")
        with locked(house):
            assert walker.say(CANARY).status == 503
        with house.without_room():
            assert walker.say(CANARY).status == 503
        assert walker.say(CANARY).status == 200


def write_while_the_box_fails(house: TroubledHouse) -> None:
    """Write it while the dialogue engine hangs and is killed, and while an action fails that it calls."""
    with house.browser() as browser, ThreadPoolExecutor(1) as thread:
        walker = Walker(browser).begin()
        conversation_id = conversation_of(walker.page)
        walk(walker, plain, until="worries")
        box = house.box_pid()
        os.kill(box, signal.SIGSTOP)
        saying = thread.submit(walker.say, CANARY)
        until(lambda: times_kept(house, conversation_id, CANARY), "it is kept")
        with ExitStack() as held:
            # The action that comes after this answer cannot write now: it fails, and Rasa is told so.
            held.enter_context(locked(house))
            os.kill(box, signal.SIGCONT)
            saying.result()
        go_on_until_asked(walker)
        os.kill(box, signal.SIGSTOP)
        saying = thread.submit(walker.say, f"{CANARY}, I said")
        until(lambda: times_kept(house, conversation_id, f"{CANARY}, I said"), "it is kept")
        os.kill(box, signal.SIGKILL)
        saying.result()
        walk(go_on_until_asked(walker), lambda name, number: f"{CANARY} ({name}, {number})")


def write_where_a_row_is_damaged(house: TroubledHouse) -> None:
    """Write it to a conversation that cannot be read any more, so that our own program fails."""
    with house.browser() as browser:
        walker = Walker(browser).begin()
        walk(walker, lambda name, number: CANARY, until="feelings")
        conversation_id = conversation_of(walker.page)
        with from_below(house.database) as below:
            damage = "UPDATE conversations SET begun_at = begun_at + 1 WHERE conversation_id = ?"
            below.execute(damage, (conversation_id,))
        assert walker.say(CANARY).status == 500
        assert walker.look().status == 500


def conversation_that_is_not_finished(house: TroubledHouse) -> str:
    """Somebody in the middle of a conversation, whom the dialogue engine has in mind."""
    with house.browser() as browser:
        walker = Walker(browser).begin()
        walk(walker, lambda name, number: f"{CANARY} ({name}, {number})", until="wishes")
        return conversation_of(walker.page)


def reachable_at(pid: int) -> set[str]:
    """The addresses at which a process takes connections, as the kernel has them."""
    ours = {str(one.readlink()) for one in Path(f"/proc/{pid}/fd").iterdir() if one.is_symlink()}
    found = set()
    for family, name in ((socket.AF_INET, "tcp"), (socket.AF_INET6, "tcp6")):
        for line in Path(f"/proc/{pid}/net/{name}").read_text().splitlines()[1:]:
            _, place, _, state, *_, inode = line.split()[:10]
            if state == "0A" and f"socket:[{inode}]" in ours:
                raw = bytes.fromhex(place.partition(":")[0])
                words = [raw[start : start + 4][::-1] for start in range(0, len(raw), 4)]
                found.add(socket.inet_ntop(family, b"".join(words)))
    return found


def core_limit(pid: int) -> str:
    """How large a core file a process may leave."""
    lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
    return next(line for line in lines if line.startswith("Max core file size")).split()[4]
