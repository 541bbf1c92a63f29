"""Several machines: one of two apps, one of two boxes, Redis and the database gone in turn while people talk."""

from collections.abc import Iterator
from pathlib import Path

from tests.faults.houses import turns_of
from tests.faults.outcomes import Outcome, Yard, verified
from tests.faults.telling import Compared, compare, compare_turns
from tests.machines.killing import Told
from tests.machines.patience import Persistent
from tests.machines.site import Site
from tests.postgresql import serving_postgresql
from tests.tools import find_postgresql, find_redis

PEOPLE = ("Ann", "Ben", "Cal", "Dee", "Eve", "Fay")
MORE = 10
GONE = ("one app", "Redis", "PostgreSQL", "one box")


def outcomes(yard: Yard) -> Iterator[Outcome]:
    """Take away one thing after another, each round from a site of its own. Only when there is time."""
    rounds = yard.times(3, 0)
    if not rounds:
        return
    redis = find_redis()
    if redis is None or find_postgresql() is None:
        yield Outcome("two apps, two boxes", "", problems=["Redis or PostgreSQL is not on this machine: make tools"])
        return
    came = {what: Outcome(f"two apps, two boxes: {what} gone", "0 lost, 0 doubled") for what in GONE}
    came["Redis"].target = "0 lost, waits, never runs unlocked"
    for number in range(rounds):
        _round(yard, redis, yard.folder / f"machines-{number}", came)
        yard.show(came[GONE[-1]])
    yield from came.values()


def _round(yard: Yard, redis: Path, folder: Path, came: dict[str, Outcome]) -> None:
    folder.mkdir()
    with serving_postgresql() as server:
        assert server is not None
        with Site(folder, server, redis).running() as site:
            people = [Persistent(name, site.address) for name in PEOPLE]
            yard.people += people
            told = Told(site, people, MORE)
            told.kill_each_in_turn()
            found = compare(site.apps[0], people)
            planted = len(_with_a_loss(site, people).lost) - len(found.lost)
            problems = verified(site.apps[0])
    for fault in told.faults:
        if fault.what in came:
            outcome = came[fault.what]
            outcome.times += 1
            outcome.found.acknowledged += fault.acknowledged
            outcome.back.append(fault.back_after)
            outcome.planted = planted if outcome.planted is None else min(planted, outcome.planted)
    # Whatever is wrong after all of them is told of the last.
    found.acknowledged = 0
    came[GONE[-1]].found.add(found)
    came[GONE[-1]].problems += problems
    if told.asked_without_redis:
        came["Redis"].problems.append(f"{told.asked_without_redis} questions were asked while nothing was locked")
    if not told.kept_without_redis:
        came["Redis"].problems.append("no words were kept while there was no Redis")


def _with_a_loss(site: Site, people: list[Persistent]) -> Compared:
    """Hold the store, from which an answer is taken away in the reading, against the ledgers."""
    kept = {one: turns_of(site.apps[0], one) for person in people for one in person.conversations}
    conversation_id = people[0].acknowledged[0].conversation_id
    acknowledged = {one.token for one in people[0].acknowledged if one.words}
    turns = kept[conversation_id]
    # Not one that others go on from: without it, where the conversation stands could not even be worked out.
    named = {number for turn in turns for number in (turn.replaces, turn.adds_to)}
    lost = next(turn for turn in turns if turn.token in acknowledged and turn.number not in named)
    kept[conversation_id] = tuple(turn for turn in turns if turn is not lost)
    return compare_turns(kept, people)
