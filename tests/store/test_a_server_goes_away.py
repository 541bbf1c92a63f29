"""A database's server is stopped, cut off or silent: nothing acknowledged is lost or doubled, and all comes back."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text

from bot.conversation import Kind, Speaker, Stage, State
from bot.store import AlreadyKept, Cause, NotKept, NotRead, NotReady, RootKey, Store, database, postgresql
from bot.store.verifying import verify
from tests.between import Between, Way
from tests.postgresql import Server, serving_postgresql
from tests.store.filling import NOON

BACK_WITHIN = 10.0
TELLERS = 4


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One that may be stopped. It keeps what it acknowledged as it does by default."""
    with serving_postgresql() as made:
        assert made is not None
        yield made


@dataclass
class Teller:
    """Somebody who says one thing after another, each again until it is acknowledged, and remembers which were."""

    store: Store
    conversation_id: str
    acknowledged: list[str] = field(default_factory=list)
    causes: set[Cause] = field(default_factory=set)
    ended: threading.Event = field(default_factory=threading.Event)

    def talk(self) -> None:
        """Go on until told to end."""
        while not self.ended.is_set():
            self.say(f"Thing {len(self.acknowledged) + 1}.")

    def say(self, words: str) -> bool:
        """Say one thing once, and tell whether it was acknowledged."""
        try:
            with self.store.begin() as kept:
                kept.conversations.add(
                    self.conversation_id,
                    speaker=Speaker.PERSON,
                    kind=Kind.WORDS,
                    said_at=NOON,
                    words=words,
                    token=words,
                )
        except AlreadyKept:
            # The answer to it went lost, not what was said.
            pass
        except NotKept as error:
            self.causes.add(error.cause)
            return False
        self.acknowledged.append(words)
        return True


@contextmanager
def talking(store: Store) -> Iterator[list[Teller]]:
    """Have several talk at once while the block lasts."""
    tellers = []
    for _ in range(TELLERS):
        with store.begin() as kept:
            begun = kept.conversations.begin(
                stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=NOON, interview_version="1"
            )
        tellers.append(Teller(store, begun))
    threads = [threading.Thread(target=teller.talk) for teller in tellers]
    for thread in threads:
        thread.start()
    try:
        yield tellers
    finally:
        for teller in tellers:
            teller.ended.set()
        for thread in threads:
            thread.join()


def unkept(store: Store, tellers: list[Teller]) -> list[str]:
    """What was acknowledged and is not there once, and what is there that nobody said."""
    wrong = []
    for teller in tellers:
        with store.reading() as seen:
            there = [turn.words for turn in seen.conversations.turns(teller.conversation_id)]
        wrong += [words for words in teller.acknowledged if there.count(words) != 1]
        said = {*teller.acknowledged, f"Thing {len(teller.acknowledged) + 1}."}
        wrong += [words for words in there if words not in said]
    return wrong


def open_transactions(store: Store) -> int:
    """How many connections to this database are in the middle of something, but the one that asks."""
    with store.engine.connect() as connection:
        asked = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND state LIKE '%transaction%' AND pid <> pg_backend_pid()"
        )
        return int(connection.execute(asked).scalar_one())


def all_went_on(tellers: list[Teller], within: float) -> bool:
    """Wait until each of them was acknowledged something more."""
    before = [len(teller.acknowledged) for teller in tellers]
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if all(len(teller.acknowledged) > had for teller, had in zip(tellers, before, strict=True)):
            return True
        time.sleep(0.02)
    return False


def test_a_server_that_is_stopped_at_once_and_comes_back(server: Server, root: RootKey) -> None:
    address = server.database()
    Store.migrate(address, root, NOON)
    with closing(Store.open(address, root)) as store:
        with talking(store) as tellers:
            for _ in range(3):
                assert all_went_on(tellers, BACK_WITHIN)
                server.stop("immediate")
                with pytest.raises(NotRead) as refused, store.reading():
                    pass
                assert refused.value.cause is Cause.AWAY
                with pytest.raises(NotReady, match="could not be reached"):
                    Store.open(address, root)
                server.start()
            assert all_went_on(tellers, BACK_WITHIN)
        assert set().union(*(teller.causes for teller in tellers)) == {Cause.AWAY}
        assert unkept(store, tellers) == []
        assert verify(store) == []
        assert open_transactions(store) == 0
        assert store.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        # The ledger would show it: one thing taken away behind the store's back.
        tellers[0].acknowledged.append("Thing that nobody kept.")
        assert unkept(store, tellers) == ["Thing that nobody kept."]


@pytest.fixture
def between(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Between]:
    """A proxy in front of it, and little patience."""
    monkeypatch.setattr(database, "WRITES_WITHIN", 1.0)
    monkeypatch.setattr(database, "READS_WITHIN", 1.0)
    monkeypatch.setattr(postgresql, "ALIVE_WITHIN", 1.0)
    monkeypatch.setattr(postgresql.PatientConnection, "patience", 1.0)
    monkeypatch.setitem(postgresql.PARAMETERS, "connect_timeout", 2)
    with Between(server.data.parent / ".s.PGSQL.5432") as made:
        yield made


def through(between: Between, address: str) -> str:
    """The address of a database, by way of the proxy."""
    name = address.partition("@/")[2].partition("?")[0]
    return f"postgresql://own@127.0.0.1:{between.port}/{name}"


def test_connections_that_are_reset_are_made_anew(server: Server, between: Between, root: RootKey) -> None:
    address = server.database()
    Store.migrate(address, root, NOON)
    with closing(Store.open(through(between, address), root)) as store:
        with talking(store) as tellers:
            for _ in range(10):
                assert all_went_on(tellers, BACK_WITHIN)
                between.cut()
            assert all_went_on(tellers, BACK_WITHIN)
        assert unkept(store, tellers) == []
        assert verify(store) == []
        assert open_transactions(store) == 0


def test_a_server_that_is_silent_keeps_nobody_waiting_for_long(server: Server, between: Between, root: RootKey) -> None:
    address = server.database()
    Store.migrate(address, root, NOON)
    with closing(Store.open(through(between, address), root)) as store:
        with talking(store) as tellers:
            assert all_went_on(tellers, BACK_WITHIN)
            between.way = Way.SWALLOWS
            with pytest.raises(NotRead) as refused, store.reading() as seen:
                seen.conversations.listed()
            assert refused.value.cause is Cause.AWAY
            while not all(teller.causes for teller in tellers):
                time.sleep(0.1)
            between.way = Way.CARRIES
            assert all_went_on(tellers, BACK_WITHIN)
        assert set().union(*(teller.causes for teller in tellers)) <= {Cause.AWAY, Cause.BUSY, Cause.LOCKED}
        assert unkept(store, tellers) == []
        assert verify(store) == []


def test_a_slow_way_is_waited_for(server: Server, between: Between, root: RootKey) -> None:
    address = server.database()
    Store.migrate(address, root, NOON)
    between.delay = 0.02
    with closing(Store.open(through(between, address), root)) as store, talking(store) as tellers:
        assert all_went_on(tellers, BACK_WITHIN)
    # Some may have had to wait too long for each other. Nobody was cut off.
    assert all(teller.causes <= {Cause.BUSY, Cause.LOCKED} for teller in tellers)
    with closing(Store.open(address, root)) as store:
        assert unkept(store, tellers) == []


def test_a_writer_that_stands_still_holds_nobody_up_for_long(
    server: Server, root: RootKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "IDLE_WRITER", 300)
    address = server.database()
    Store.migrate(address, root, NOON)
    with closing(Store.open(address, root)) as still, closing(Store.open(address, root)) as store:
        with store.begin() as kept:
            begun = kept.conversations.begin(
                stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=NOON, interview_version="1"
            )

        def stand_still() -> None:
            with still.begin() as kept:
                kept.conversations.settle(begun, State.FINISHED, NOON)
                # Another process waits for as long as this one stands still, and then goes on.
                assert Teller(store, begun).say("I want to stay at home.")

        with pytest.raises(NotKept) as refused:
            stand_still()
        assert refused.value.cause is Cause.AWAY
        with store.reading() as seen:
            assert seen.conversations.get(begun).state is State.OPEN
