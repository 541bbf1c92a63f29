"""Two apps, two boxes, PostgreSQL and Redis: each is killed in turn while people talk. Nothing acknowledged is lost."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from bot.conversation import standing
from bot.dialogue import APP_HEADER, SECRET_HEADER
from bot.store.verifying import verify
from tests.boxes import trained_model
from tests.faults.houses import turns_of
from tests.faults.searching import Search
from tests.faults.telling import unkept
from tests.machines.killing import Told
from tests.machines.patience import Persistent
from tests.machines.site import Site
from tests.postgresql import serving_postgresql

PEOPLE = ("Ann", "Ben", "Cal")
MORE = 6


@pytest.fixture(scope="module")
def told(redis: Path, postgresql: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """Have people talk, and take away one thing after another."""
    trained_model()
    with ExitStack() as stack:
        # One of its own: it is stopped, and keeps what it acknowledged.
        server = stack.enter_context(serving_postgresql())
        assert server is not None
        site = stack.enter_context(Site(tmp_path_factory.mktemp("machines"), server, redis).running())
        people = [Persistent(name, site.address) for name in PEOPLE]
        for person in people:
            stack.callback(person.browser.close)
        told = Told(site, people, MORE)
        told.kill_each_in_turn()
        yield told


def test_nothing_acknowledged_is_lost_doubled_or_misplaced(told: Told) -> None:
    assert unkept(told.site.apps[0], told.people) == []
    assert sum(len(person.acknowledged) for person in told.people) > 5 * MORE * len(PEOPLE)


def test_a_loss_would_be_found(told: Told) -> None:
    teller = told.people[0]
    one = next(sent for sent in teller.acknowledged if sent.words)

    altered = replace(one, words=one.words + " ")
    ledger = Persistent("planted", told.site.address)
    ledger.acknowledged, ledger.conversations = [*teller.acknowledged, altered], teller.conversations
    ledger.pending = teller.pending
    ledger.browser.close()

    assert len(unkept(told.site.apps[0], [ledger])) == 1


def test_everybody_is_asked_the_same_in_the_same_order_whatever_was_killed_meanwhile(told: Told) -> None:
    roads = []
    for person in told.people:
        for conversation_id in person.conversations:
            stands = standing(turns_of(told.site.apps[0], conversation_id))
            answers = [stands.answer(number) for number in stands.path]
            roads.append([answer.question.asked for answer in answers if answer is not None])
    longest = max(roads, key=len)
    assert all(road == longest[: len(road)] for road in roads)


def test_all_is_as_it_was_kept(told: Told) -> None:
    with told.site.apps[0].store() as store:
        assert verify(store) == []


def test_without_redis_words_are_kept_and_no_box_goes_on_unlocked(told: Told) -> None:
    assert told.asked_without_redis == 0
    assert told.kept_without_redis > 0


def test_everybody_went_to_both_apps_and_met_what_was_gone(told: Told) -> None:
    assert all(count > MORE for count in told.site.router.handed_to.values())
    assert all(person.sending.failed > 0 for person in told.people)


def test_a_box_answers_nobody_but_the_apps_it_was_told_of(told: Told) -> None:
    box = told.site.boxes[1].settings
    secret = {SECRET_HEADER: Path(box["box_secret_file"]).read_text()}
    app = {APP_HEADER: box["apps"].partition(",")[0]}
    elsewhere = {APP_HEADER: "http://127.0.0.1:1"}

    def asked(headers: dict[str, str]) -> int:
        at = f"http://127.0.0.1:{box['box_port']}/webhooks/own_words/ready"
        return httpx.get(at, headers=headers, trust_env=False).status_code

    assert [asked(one) for one in ({**secret, **app}, app, {**secret, **elsewhere}, secret)] == [200, 401, 403, 403]


def test_redis_and_the_boxes_know_the_conversation_and_no_word_of_it(told: Told) -> None:
    teller = told.people[0]
    said = [sent.words for sent in teller.acknowledged if sent.words and len(sent.words) > 12]
    here = teller.conversations[-1]
    looked_for = Search([said[len(said) // 2], said[-1], here])
    redis, boxes = told.site.redis.process, [box for box in told.site.boxes if box.process is not None]
    assert redis is not None
    assert boxes

    known = {pid: looked_for.in_memory(pid) for pid in (redis.pid, *(box.box_pid() for box in boxes))}

    assert {words for found in known.values() for words, _ in found} == {here}
    assert known[redis.pid]


def test_no_machine_but_the_database_holds_a_word(told: Told) -> None:
    words = next(sent.words for sent in told.people[0].acknowledged if sent.words).encode()
    folder = told.site.apps[0].folder.parent

    assert [path for path in folder.rglob("*") if path.is_file() and words in path.read_bytes()] == []
