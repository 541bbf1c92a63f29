"""Checks of what boxes share that need Rasa itself, and a Redis, whose address is the argument: see `test_shared.py`.

Each check is a function; what it raises is what went wrong.
"""

import asyncio
import json
import sys
import traceback
from collections.abc import Callable
from threading import Thread

import redis
from rasa.core.lock_store import RedisLockStore
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from box.deliveries import Heard, Place
from box.lock_store import SharedLocks
from box.shared import NotShared, Shared
from box.tracker_store import SharedTrackerStore

ADDRESS = sys.argv[1]
NOBODY = "unix:///nowhere/redis.sock"
ONE = "a1" * 16


def locks(address: str = ADDRESS) -> SharedLocks:
    return SharedLocks(EndpointConfig(url=address))


def store(prefix: str = "v1") -> SharedTrackerStore:
    return SharedTrackerStore(Domain.load("domain.yml"), host=ADDRESS, prefix=prefix)


def told(at: SharedTrackerStore, count: int) -> None:
    """Have a conversation stand at a question, heard so far."""
    tracker = DialogueStateTracker(ONE, at.domain.slots)
    tracker.update(SlotSet("feelings", "turn:4"))
    tracker.update(ActionExecuted("feelings_form"))
    tracker.update(ActiveLoop("feelings_form"))
    tracker.update(SlotSet("requested_slot", "safe_now"))
    tracker.update(ActionExecuted("action_listen"))
    asyncio.run(at.save(tracker))
    at.note(ONE, Heard(Place(count, f"{count:064x}"), {"question": "safe_now"}))
    at.share(ONE)


def rasas_own_lock_in_redis_can_give_the_same_ticket_twice() -> None:
    stock = RedisLockStore()
    stock.red = redis.Redis.from_url(ADDRESS)
    first, second = stock.get_or_create_lock("same"), stock.get_or_create_lock("same")
    tickets = []
    for lock in (first, second):
        tickets.append(lock.issue_ticket(60))
        stock.save_lock(lock)
    assert tickets == [0, 0]


def no_ticket_is_drawn_twice_however_many_boxes_draw() -> None:
    tickets: list[int] = []

    def draw() -> None:
        ours = locks()
        tickets.extend(ours.issue_ticket(ONE, 60) for _ in range(25))

    threads = [Thread(target=draw) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(tickets) == list(range(100)), tickets


def the_next_one_goes_on_when_a_ticket_is_given_back_and_the_lock_goes_with_the_last() -> None:
    ours, theirs = locks(), locks()
    first, second = ours.issue_ticket("two", 60), theirs.issue_ticket("two", 60)
    assert theirs.get_lock("two").is_locked(second)
    ours.cleanup("two", first)
    assert not theirs.get_lock("two").is_locked(second)
    theirs.cleanup("two", second)
    assert theirs.get_lock("two") is None


def the_lock_of_a_box_that_died_goes_by_itself() -> None:
    locks().issue_ticket("dead", 0.05)
    ours = locks()
    ticket = ours.issue_ticket("dead", 60)
    asyncio.run(asyncio.wait_for(ours._acquire_lock("dead", ticket, 0.02), 5))


def what_one_box_heard_another_goes_on_with() -> None:
    told(store(), 3)
    another = store()
    another.fetch(ONE)
    kept = another.kept(ONE)
    assert kept.note == Heard(Place(3, f"{3:064x}"), {"question": "safe_now"})
    assert kept.tracker.get_slot("feelings") == "turn:4"
    assert kept.tracker.active_loop_name == "feelings_form"
    assert kept.tracker.get_slot("requested_slot") == "safe_now"
    assert kept.tracker.latest_action_name == "action_listen"


def what_another_box_has_heard_since_counts_and_what_is_here_already_is_not_made_again() -> None:
    here = store()
    told(here, 3)
    live = here.kept(ONE)
    here.fetch(ONE)
    assert here.kept(ONE) is live
    told(store(), 4)
    here.fetch(ONE)
    assert here.kept(ONE).note.place.count == 4


def what_was_forgotten_at_one_box_no_other_finds() -> None:
    here, there = store(), store()
    told(here, 3)
    there.fetch(ONE)
    here.forget(ONE)
    here.share(ONE)
    there.fetch(ONE)
    assert there.kept(ONE) is None


def boxes_that_know_another_interview_share_nothing() -> None:
    told(store(), 3)
    another = store("v2")
    another.fetch(ONE)
    assert another.kept(ONE) is None


def what_cannot_be_read_is_nothing_and_is_told_afresh() -> None:
    there = redis.Redis.from_url(ADDRESS)
    at = store()
    for found in ("no json", "null", "[]", "{}", '{"place": {"number": 3}}', '{"place": {"count": 3, "digest": "0"}}'):
        told(at, 3)
        there.set(f"own_words:tracker:v1:{ONE}", found)
        at.fetch(ONE)
        assert at.kept(ONE) is None, found


def nothing_stays_for_long() -> None:
    told(store(), 3)
    locks().issue_ticket("short", 60)
    there = redis.Redis.from_url(ADDRESS)
    for key in there.keys("own_words:*"):
        assert 0 < there.ttl(key) <= 2 * 60 * 60, key


def without_redis_nothing_is_locked_and_it_is_left_alone_for_a_moment() -> None:
    asked = []

    def ask(there: "redis.Redis[bytes]") -> object:
        asked.append(there)
        return there.get("anything")

    shared = Shared(NOBODY)
    for _ in range(3):
        try:
            shared.ask(ask)
        except NotShared:
            continue
        raise AssertionError
    assert len(asked) == 1
    try:
        locks(NOBODY).issue_ticket(ONE, 60)
    except NotShared:
        return
    raise AssertionError


CHECKS: "list[Callable[[], None]]" = [
    rasas_own_lock_in_redis_can_give_the_same_ticket_twice,
    no_ticket_is_drawn_twice_however_many_boxes_draw,
    the_next_one_goes_on_when_a_ticket_is_given_back_and_the_lock_goes_with_the_last,
    the_lock_of_a_box_that_died_goes_by_itself,
    what_one_box_heard_another_goes_on_with,
    what_another_box_has_heard_since_counts_and_what_is_here_already_is_not_made_again,
    what_was_forgotten_at_one_box_no_other_finds,
    boxes_that_know_another_interview_share_nothing,
    what_cannot_be_read_is_nothing_and_is_told_afresh,
    nothing_stays_for_long,
    without_redis_nothing_is_locked_and_it_is_left_alone_for_a_moment,
]


def main() -> None:
    """Run them all and print what went wrong with each."""
    wrong: dict[str, str] = {}
    for check in CHECKS:
        wrong[check.__name__] = ""
        redis.Redis.from_url(ADDRESS).flushall()
        try:
            check()
        except BaseException:  # noqa: BLE001 whatever it was, the test beside this shows it
            wrong[check.__name__] = traceback.format_exc()
    print(json.dumps(wrong))  # noqa: T201


if __name__ == "__main__":
    main()
