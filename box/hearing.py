"""Hearing deliveries: each is put to Rasa once, all of a request or nothing, and the reply says what came of it."""

import asyncio
from dataclasses import dataclass
from typing import Any, Optional
from weakref import WeakValueDictionary

from rasa.core.agent import Agent
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.tracker_store import FailSafeTrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME, REQUESTED_SLOT
from rasa.shared.core.trackers import DialogueStateTracker

from box.action_endpoint import RECEIPT, Receipt, WatchedEndpoint
from box.deliveries import Deliveries, Delivery, Intent, Place
from box.tracker_store import LiveTrackerStore

TURN_LIMIT = 4.0
"""Seconds that one delivery may take, its actions included."""
ACTION_LIMIT = 2.0
"""Seconds that one custom action may take."""
MOST_PREDICTIONS = 40
"""Steps that one delivery may set off; Rasa's own limit of 10 stops in silence."""

CANNED = "0" * 32
"""The conversation with which the box tries itself out before it says that it is ready."""


class Behind(Exception):
    """The box has not heard what these deliveries follow. Says how many it has heard."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count


class ActionDidNotRun(Exception):
    """A custom action failed; nothing of the request was kept."""


class TooSlow(Exception):
    """A limit of our own has passed; nothing of the request was kept."""


class NotAnAnswer(Exception):
    """The delivery does not fit the question that was asked; nothing of the request was kept."""


class NoNextStep(Exception):
    """No rule says what comes next, or a question has no wording; nothing of the request was kept."""


@dataclass(frozen=True)
class Heard:
    """Where a conversation stands, and the reply that said so."""

    place: Place
    reply: "dict[str, Any]"


class Utterances(OutputChannel):
    """Keeps what the bot says whole: which response, its wording, its choices, and whatever else rides with it."""

    def __init__(self) -> None:
        self.said: "list[dict[str, Any]]" = []

    @classmethod
    def name(cls) -> str:
        return "own_words"

    async def send_response(self, recipient_id: str, message: "dict[str, Any]") -> None:
        custom = dict(message.get("custom") or {})
        self.said.append(
            {
                "response": message.get("utter_action"),
                "wording": message.get("text"),
                "choices": custom.pop("choices", []),
                "custom": custom,
            }
        )


class Hearing:
    """A loaded agent, fitted with our own limits, that hears deliveries."""

    def __init__(self, agent: Agent, store: LiveTrackerStore) -> None:
        self._agent = agent
        self._store = store
        self._locks: "WeakValueDictionary[str, asyncio.Lock]" = WeakValueDictionary()

    @classmethod
    def by(cls, agent: Agent) -> "Optional[Hearing]":
        """The agent made ready to hear, or None while it cannot: no model, or not the tracker store that we rely on.

        Rasa wraps the store in one that falls back to another in silence; it is taken out of that wrapping.
        """
        if not agent.is_ready() or agent.processor is None or agent.action_endpoint is None or agent.domain is None:
            return None
        store = agent.tracker_store
        if isinstance(store, FailSafeTrackerStore):
            store = store._tracker_store
        if not isinstance(store, LiveTrackerStore):
            return None
        agent.tracker_store = agent.processor.tracker_store = store
        agent.action_endpoint = agent.processor.action_endpoint = WatchedEndpoint.watching(
            agent.action_endpoint, agent.domain, ACTION_LIMIT
        )
        agent.processor.max_number_of_predictions = MOST_PREDICTIONS
        return cls(agent, store)

    async def try_out(self) -> bool:
        """True when a first delivery brings a first question."""
        begin = Delivery(0, Intent.BEGIN, ("first", "person"))
        try:
            reply = await self.hear(Deliveries(CANNED, Place.beginning(CANNED), (begin,)))
        except (TooSlow, NoNextStep):
            return False
        finally:
            self.forget(CANNED)
        return reply["question"] is not None

    def forget(self, conversation_id: str) -> None:
        """Drop the tracker and all that was noted with it."""
        self._store.forget(conversation_id)

    async def hear(self, deliveries: Deliveries) -> "dict[str, Any]":
        """What the last delivery brought. The same request again brings the same reply, and nothing is heard twice.

        Raises Behind, ActionDidNotRun, TooSlow, NotAnAnswer or NoNextStep; the conversation then stands where it stood.
        """
        lock = self._locks.setdefault(deliveries.conversation_id, asyncio.Lock())
        async with lock:
            before = self._store.kept(deliveries.conversation_id)
            heard = before.note if before else None
            if deliveries.after.count == 0:
                before = None
                self._store.forget(deliveries.conversation_id)
            elif heard is None:
                raise Behind(0)
            elif heard.place == deliveries.after.after(*deliveries.turns):
                return dict(heard.reply)
            elif heard.place != deliveries.after:
                raise Behind(heard.place.count)
            try:
                return await self._hear_all(deliveries)
            except BaseException:
                if before:
                    self._store.put(deliveries.conversation_id, before)
                else:
                    self._store.forget(deliveries.conversation_id)
                raise

    async def _hear_all(self, deliveries: Deliveries) -> "dict[str, Any]":
        conversation_id = deliveries.conversation_id
        receipt = Receipt()
        RECEIPT.set(receipt)
        utterances = Utterances()
        for delivery in deliveries.turns:
            utterances = await self._hear_one(conversation_id, delivery, receipt)
        place = deliveries.after.after(*deliveries.turns)
        tracker = self._tracker(conversation_id)
        reply = {
            "heard": {"count": place.count, "digest": place.digest},
            "utterances": utterances.said,
            "form": tracker.active_loop_name,
            "question": tracker.get_slot(REQUESTED_SLOT) if tracker.active_loop_name else None,
            "actions": receipt.actions,
        }
        self._store.note(conversation_id, Heard(place, reply))
        return reply

    async def _hear_one(self, conversation_id: str, delivery: Delivery, receipt: Receipt) -> Utterances:
        was = self._store.kept(conversation_id)
        was_open = was is not None and was.tracker.active_loop_name is not None
        utterances = Utterances()
        message = UserMessage(
            delivery.reference,
            utterances,
            conversation_id,
            parse_data=_as_parsed(delivery),
            input_channel=Utterances.name(),
        )
        processor = self._agent.processor
        assert processor is not None
        try:
            await asyncio.wait_for(processor.handle_message(message), TURN_LIMIT)
        except asyncio.TimeoutError:
            raise TooSlow from None
        if receipt.too_slow:
            raise TooSlow
        if receipt.failed:
            raise ActionDidNotRun
        tracker = self._tracker(conversation_id)
        form = tracker.active_loop_name
        if form is None:
            if not utterances.said and (was_open or delivery.intent is Intent.BEGIN):
                raise NoNextStep
            return utterances
        if not utterances.said:
            raise NotAnAnswer
        question = tracker.get_slot(REQUESTED_SLOT)
        if utterances.said[-1]["response"] not in {f"utter_ask_{form}_{question}", f"utter_ask_{question}"}:
            raise NoNextStep
        return utterances

    def _tracker(self, conversation_id: str) -> DialogueStateTracker:
        kept = self._store.kept(conversation_id)
        if kept is None or kept.tracker.latest_action_name != ACTION_LISTEN_NAME:
            raise NoNextStep
        return kept.tracker


def _as_parsed(delivery: Delivery) -> "dict[str, Any]":
    """The delivery as if a parser had read it; so none runs, and no text can command anything."""
    names = ("stage", "speaker") if delivery.intent is Intent.BEGIN else ("choice",) * len(delivery.choice)
    return {
        "text": delivery.reference,
        "intent": {"name": delivery.intent.value, "confidence": 1.0},
        "entities": [{"entity": name, "value": value} for name, value in zip(names, delivery.choice, strict=True)],
    }
