"""Hearing deliveries: each is put to Rasa once, all of a request or nothing, and the reply says what came of it."""

import asyncio
import contextlib
from typing import Any, AsyncIterator, Optional

from rasa.core.agent import Agent
from rasa.core.channels.channel import OutputChannel, UserMessage
from rasa.core.lock_store import LockError, LockStore
from rasa.core.tracker_store import FailSafeTrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME, REQUESTED_SLOT
from rasa.shared.core.trackers import DialogueStateTracker

from box.action_endpoint import RECEIPT, Receipt, WatchedEndpoint
from box.deliveries import Deliveries, Delivery, Heard, Intent, Place
from box.lighter import lighten
from box.shared import NotShared
from box.tracker_store import LiveTrackerStore

TURN_LIMIT = 4.0
"""Seconds that one request may take, its actions included. The app waits half a second longer."""
LOCK_PATIENCE = 3.0
"""Seconds that one request waits for another one of the same conversation, be it at another box."""
LOCK_LIFETIME = TURN_LIMIT + LOCK_PATIENCE + 1.0
"""Seconds after which the lock of a box that died is nobody's; longer than a request can take."""
LOCK_LOOKED_AT_EVERY = 0.02
"""Seconds between two looks whether it is one's turn."""
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


class NotItsTurn(Exception):
    """The lock of the conversation could not be had, or is not to be reached; nothing of the request was heard."""


class NoNextStep(Exception):
    """No rule says what comes next, or a question has no wording; nothing of the request was kept."""


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

    def __init__(self, agent: Agent, store: LiveTrackerStore, locks: LockStore) -> None:
        self._agent = agent
        self._store = store
        self._locks = locks

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
        lighten(agent)
        return cls(agent, store, agent.lock_store)

    async def try_out(self) -> bool:
        """True when a first delivery brings a first question."""
        begin = Delivery(0, Intent.BEGIN, ("first", "person"))
        try:
            reply = await self.hear(Deliveries(CANNED, Place.beginning(CANNED), (begin,)))
        except (TooSlow, NoNextStep):
            return False
        finally:
            self._store.forget(CANNED)
        return reply["question"] is not None

    def forget(self, conversation_id: str) -> None:
        """Drop the tracker and all that was noted with it, for every box. Raises NotShared."""
        self._store.forget(conversation_id)
        self._store.share(conversation_id)

    async def hear(self, deliveries: Deliveries) -> "dict[str, Any]":
        """What the last delivery brought. The same request again brings the same reply, and nothing is heard twice.

        Raises Behind, NotItsTurn, NotShared, ActionDidNotRun, TooSlow, NotAnAnswer or NoNextStep; the conversation then
        stands where it stood.
        """
        async with self._one_at_a_time(deliveries.conversation_id):
            self._store.fetch(deliveries.conversation_id)
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
                reply = await self._within_the_limit(deliveries)
                self._store.share(deliveries.conversation_id)
                return reply
            except BaseException:
                if before:
                    self._store.put(deliveries.conversation_id, before)
                else:
                    self._store.forget(deliveries.conversation_id)
                raise

    @contextlib.asynccontextmanager
    async def _one_at_a_time(self, conversation_id: str) -> AsyncIterator[None]:
        """Hold the lock of a conversation. What boxes share it in is Rasa's to name, in `endpoints*.yml`."""
        try:
            ticket = self._locks.issue_ticket(conversation_id, LOCK_LIFETIME)
        except (LockError, NotShared) as error:
            raise NotItsTurn(type(error).__name__) from None
        try:
            try:
                acquiring = self._locks._acquire_lock(conversation_id, ticket, LOCK_LOOKED_AT_EVERY)
                await asyncio.wait_for(acquiring, LOCK_PATIENCE)
            except (LockError, NotShared, asyncio.TimeoutError) as error:
                raise NotItsTurn(type(error).__name__) from None
            yield
        finally:
            # A lock that cannot be given back goes by itself; what was heard under it was heard.
            with contextlib.suppress(NotShared):
                self._locks.cleanup(conversation_id, ticket)

    async def _within_the_limit(self, deliveries: Deliveries) -> "dict[str, Any]":
        try:
            return await asyncio.wait_for(self._hear_all(deliveries), TURN_LIMIT)
        except asyncio.TimeoutError:
            raise TooSlow from None

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
        await processor.handle_message(message)
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
