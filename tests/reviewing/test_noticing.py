"""Notices of flags: to who is to read them, rarely, and saying nothing."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from bot.flags import FlagKind
from bot.reviewing import noticing
from bot.reviewing.noticing import AT_MOST_EVERY, Notices, sends_by
from bot.roles import Role
from bot.store import Damaged, Store
from tests.recording import Recorded
from tests.telling import NOON

SECOND = timedelta(seconds=1)


class Post:
    """Takes notices, and may be broken."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.is_broken = False

    def __call__(self, address: str) -> None:
        if self.is_broken:
            raise ConnectionRefusedError("to somebody@council.example")
        self.told.append(address)

    def takes(self) -> list[str]:
        """Give what came since the last time."""
        told, self.told = self.told, []
        return told


class Office:
    """A team of two and a manager, another team, and an enquiry."""

    def __init__(self, store: Store) -> None:
        self.store = store
        with store.begin() as kept:
            north, south = kept.teams.add("North", NOON), kept.teams.add("South", NOON)
            add = kept.accounts.add
            self.asha = add(role=Role.PRACTITIONER, name="Asha", email="asha@c.example", team_ids=[north], now=NOON)
            add(role=Role.PRACTITIONER, name="Ben", email="ben@c.example", team_ids=[north], now=NOON)
            add(role=Role.MANAGER, name="Mina", email="mina@c.example", team_ids=[north], now=NOON)
            add(role=Role.MANAGER, name="Sam", email="sam@c.example", team_ids=[south], now=NOON)
            add(role=Role.AUDITOR, name="Olu", email="olu@c.example", team_ids=[], now=NOON)
            gone = add(role=Role.PRACTITIONER, name="Gil", email="gil@c.example", team_ids=[north], now=NOON)
            kept.accounts.disable(gone, NOON)
            self.enquiry_id = kept.enquiries.open(NOON, reference="SA/2026/17")
            kept.allocations.give_team(self.enquiry_id, north, None, NOON)

    def flag(self, seconds: int, kind: FlagKind = FlagKind.IN_DANGER_NOW) -> None:
        """Somebody says something that raises a flag."""
        told = Recorded(self.store, enquiry_id=self.enquiry_id)
        said = told.is_asked("worries", says="He is here now")
        with self.store.begin() as kept:
            kept.flags.raise_flag(told.conversation_id, kind, said.number, NOON + seconds * SECOND)


@pytest.fixture
def office(store: Store) -> Office:
    return Office(store)


def test_the_whole_team_is_told_where_nobody_works_on_it_yet(office: Office) -> None:
    post = Post()
    notices = Notices(office.store, post, NOON)
    assert notices.look(NOON + SECOND) == 0
    office.flag(5)
    assert notices.look(NOON + 6 * SECOND) == 3
    assert post.takes() == ["asha@c.example", "ben@c.example", "mina@c.example"]
    assert notices.look(NOON + 36 * SECOND) == 0, "one flag is told of once"


def test_who_works_on_it_is_told_alone(office: Office) -> None:
    with office.store.begin() as kept:
        kept.allocations.allocate(office.enquiry_id, office.asha, None, NOON)
    post = Post()
    notices = Notices(office.store, post, NOON)
    office.flag(5)
    notices.look(NOON + 6 * SECOND)
    assert post.takes() == ["asha@c.example"]


def test_an_address_hears_once_in_ten_minutes_and_nothing_is_lost(office: Office) -> None:
    with office.store.begin() as kept:
        kept.allocations.allocate(office.enquiry_id, office.asha, None, NOON)
    post = Post()
    notices = Notices(office.store, post, NOON)
    for second in (5, 65, 125):
        office.flag(second)
        notices.look(NOON + (second + 1) * SECOND)
    assert post.takes() == ["asha@c.example"]
    notices.look(NOON + 6 * SECOND + AT_MOST_EVERY)
    assert post.takes() == ["asha@c.example"]
    notices.look(NOON + 6 * SECOND + 3 * AT_MOST_EVERY)
    assert post.takes() == []


def test_a_notice_that_could_not_be_sent_is_sent_later_and_no_address_is_logged(
    office: Office, caplog: pytest.LogCaptureFixture
) -> None:
    post = Post()
    post.is_broken = True
    notices = Notices(office.store, post, NOON)
    office.flag(5)
    assert notices.look(NOON + 6 * SECOND) == 0
    assert "example" not in caplog.text
    assert "ConnectionRefusedError" in caplog.text
    post.is_broken = False
    assert notices.look(NOON + 36 * SECOND) == 3


def test_an_odd_address_keeps_no_notice_from_the_others(office: Office) -> None:
    told: list[str] = []

    def send(address: str) -> None:
        if address.startswith("asha"):
            raise AttributeError("the library tripped over it")
        told.append(address)

    notices = Notices(office.store, send, NOON)
    office.flag(5)
    assert notices.look(NOON + 6 * SECOND) == 2
    assert told == ["ben@c.example", "mina@c.example"]


def test_a_flag_that_shows_a_moment_after_it_was_raised_is_not_missed(office: Office) -> None:
    post = Post()
    notices = Notices(office.store, post, NOON)
    notices.look(NOON + 10 * SECOND)
    office.flag(9)
    assert notices.look(NOON + 40 * SECOND) == 3


@pytest.fixture
def mail_server() -> Iterator[tuple[int, list[str]]]:
    """A mail server on this machine that takes one message."""
    heard: list[str] = []
    taken = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = taken.accept()
        with connection, connection.makefile("rw", newline="") as line:

            def say(words: str) -> None:
                line.write(words + "\r\n")
                line.flush()

            say("220 here")
            is_message = False
            for said in line:
                heard.append(said)
                if is_message:
                    if said == ".\r\n":
                        is_message = False
                        say("250 kept")
                elif said.upper().startswith("DATA"):
                    is_message = True
                    say("354 go on")
                elif said.upper().startswith("QUIT"):
                    say("221 bye")
                    return
                else:
                    say("250 yes")

    serving = threading.Thread(target=serve, daemon=True)
    serving.start()
    yield taken.getsockname()[1], heard
    serving.join(5)
    taken.close()


def test_the_notice_says_please_sign_in_and_nothing_else(mail_server: tuple[int, list[str]]) -> None:
    port, heard = mail_server
    send = sends_by(f"smtp://127.0.0.1:{port}", "words@council.example", "https://team.words.example/team")
    send("asha@c.example")
    message = "".join(heard).partition("data\r\n")[2].rpartition(".\r\n")[0]
    headers, _, said = message.partition("\r\n\r\n")
    assert said == "Please sign in: https://team.words.example/team\r\n"
    of_the_mail = {line for line in headers.splitlines() if not line.startswith(("Content-", "MIME-Version"))}
    assert of_the_mail == {"Subject: Own Words", "From: words@council.example", "To: asha@c.example"}


async def test_looking_for_flags_goes_on_after_what_is_damaged(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    looks: list[datetime] = []

    class FindsDamage(Notices):
        def look_if_ours(self, now: datetime) -> None:
            looks.append(now)
            raise Damaged("A row of accounts is not as it was kept.")

    monkeypatch.setattr(noticing, "EVERY", 0.01)
    looking = asyncio.create_task(noticing.keep_looking(FindsDamage(store, lambda _: None, NOON)))
    for _ in range(500):
        await asyncio.sleep(0.01)
        if len(looks) > 2 or looking.done():
            break
    assert not looking.done()
    looking.cancel()
    assert "again" in caplog.text
