"""Has the same conversations with Rasa as it comes and with Rasa made lighter, and tells what was said in each.

Run by the box's own Python: MODEL, and two addresses of custom actions that know nothing of each other. See
`test_same.py`, which compares.
"""

import asyncio
import json
import logging
import os
import random
import sys
import warnings
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any
from unittest import mock

import structlog
from rasa.core.agent import Agent
from rasa.core.lock_store import InMemoryLockStore, LockError
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.utils.endpoints import EndpointConfig

from box import hearing
from box.channel import OwnWordsChannel
from box.deliveries import SKIPS, SPEAKERS, STAGES, Deliveries, Delivery, Intent, Place
from box.hearing import Hearing, NoNextStep, NotAnAnswer, NotItsTurn
from box.tracker_store import LiveTrackerStore

MOST = 60
"""Answers of one conversation; most end before."""
STARTED = 3
"""Times that the lock cannot be had at the start."""


class LocksThatComeLate(InMemoryLockStore):
    """Locks that cannot be had at first, as where Redis is not there yet."""

    def __init__(self) -> None:
        super().__init__()
        self.left = STARTED

    def issue_ticket(self, conversation_id: str, lock_lifetime: float = 60) -> int:
        """As in memory, once it is there."""
        if self.left:
            self.left -= 1
            raise LockError
        return int(super().issue_ticket(conversation_id, lock_lifetime))


def loaded(model: str, actions: str, locks: InMemoryLockStore) -> Agent:
    """Load the model as the server does."""
    store = LiveTrackerStore(Domain.empty())
    agent = Agent(tracker_store=store, lock_store=locks, action_endpoint=EndpointConfig(f"{actions}/webhook"))
    agent.load_model(model)
    return agent


async def talked(with_it: Hearing, stage: str, speaker: str, seed: int) -> "AsyncIterator[Any]":
    """Have one conversation; what is answered depends on the seed and on what is asked, and on nothing else."""
    chance = random.Random(f"{stage} {speaker} {seed}")
    conversation_id = f"{chance.getrandbits(128):032x}"
    place = Place.beginning(conversation_id)
    delivery = Delivery(0, Intent.BEGIN, (stage, speaker))
    for _ in range(2 * MOST):
        reply: dict[str, Any] = {}
        try:
            reply = await with_it.hear(Deliveries(conversation_id, place, (delivery,)))
        except (NotAnAnswer, NoNextStep) as error:
            yield [delivery.intent.value, delivery.choice, type(error).__name__]
        else:
            place = place.after(delivery)
            asked = reply["utterances"][-1] if reply["utterances"] else {"choices": []}
        kept = with_it._store.kept(conversation_id)
        slots = {} if kept is None else {k: v for k, v in kept.tracker.current_slot_values().items() if v is not None}
        yield [delivery.intent.value, delivery.choice, reply, slots]
        if place.count >= MOST or (reply and reply["form"] is None):
            return
        delivery = _answer(chance, 2 * place.count, [one["id"] for one in asked["choices"]])


def _answer(chance: random.Random, number: int, choices: "list[str]") -> Delivery:
    kind = chance.random()
    if kind < 0.1:
        return Delivery(number, Intent.SKIP, (chance.choice(sorted(SKIPS)),))
    if kind < 0.15:
        return Delivery(number, Intent.CHOOSE, ("nothing_that_is_offered",))
    if choices and kind < 0.95:
        several = chance.sample(choices, min(len(choices), 2 if kind < 0.2 else 1))
        return Delivery(number, Intent.CHOOSE, tuple(several))
    return Delivery(number, Intent.WORDS)


async def all_of_them(with_it: Hearing) -> "dict[str, Any]":
    """Have two conversations of each stage with each speaker, all of them at once: one answer of each in turn."""
    talks = {
        f"{stage} {speaker} {seed}": talked(with_it, stage, speaker, seed)
        for stage in sorted(STAGES)
        for speaker in sorted(SPEAKERS)
        for seed in (1, 2)
    }
    told: dict[str, Any] = {name: [] for name in talks}
    while talks:
        for name, talk in list(talks.items()):
            try:
                told[name].append(await talk.__anext__())
            except StopAsyncIteration:
                del talks[name]
    return told


async def made_lighter(model: str, actions: str) -> "tuple[Hearing, bool]":
    """Fit an agent as the channel does, where the lock comes late; and say whether it was fitted once."""
    app: Any = SimpleNamespace(ctx=SimpleNamespace(agent=loaded(model, actions, LocksThatComeLate())))
    channel = OwnWordsChannel("x" * 32)
    fitted = []
    for _ in range(STARTED):
        try:
            await channel._ready(app)
        except NotItsTurn:
            fitted.append(DialogueStateTracker.__init__)
    found = await channel._ready(app)
    assert found is not None
    return found, len(fitted) == STARTED and set(fitted) == {DialogueStateTracker.__init__}


async def main() -> None:
    """Tell all of it, as JSON."""
    model, plain_actions, lighter_actions = sys.argv[1:]
    begin = DialogueStateTracker.__init__
    with mock.patch.object(hearing, "lighten"):
        plain = Hearing.by(loaded(model, plain_actions, InMemoryLockStore()))
    assert plain is not None
    as_it_comes = await all_of_them(plain)
    assert DialogueStateTracker.__init__ is begin
    light, was_fitted_once = await made_lighter(model, lighter_actions)
    assert DialogueStateTracker.__init__ is not begin
    told = {"plain": as_it_comes, "lighter": await all_of_them(light), "was_fitted_once": was_fitted_once}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    asyncio.run(main())
