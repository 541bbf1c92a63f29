"""Rasa's memory: trackers that stay live, short, and only as long as there is room. Everything in it can be rebuilt.

A tracker grows with every turn, and Rasa reads all of it again at every prediction. The rules here look no further
back than the current turn, so between two turns a tracker keeps its slots, its form and nothing else.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any, Iterable, Optional

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME, REQUESTED_SLOT
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, Event, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker


@dataclass(frozen=True)
class Kept:
    """One conversation: its tracker between two turns, and beside it whatever the channel notes about it."""

    tracker: DialogueStateTracker
    note: Any = None


class LiveTrackerStore(TrackerStore):
    """Trackers by conversation, the most recently used last; beyond `most` the longest unused one is dropped."""

    def __init__(
        self,
        domain: Optional[Domain],
        event_broker: Optional[EventBroker] = None,
        host: Optional[str] = None,
        most: int = 1_000,
    ) -> None:
        super().__init__(domain, event_broker)
        self._most = most
        self._kept: "OrderedDict[str, Kept]" = OrderedDict()

    async def retrieve(self, sender_id: str) -> Optional[DialogueStateTracker]:
        """A copy to work on: what goes wrong in a turn leaves no trace in what is kept."""
        kept = self.kept(sender_id)
        return kept.tracker.copy() if kept else None

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Keep the tracker, shortened, and with it what was noted before."""
        kept = self._kept.get(tracker.sender_id)
        short = shortened(tracker)
        self.put(tracker.sender_id, replace(kept, tracker=short) if kept else Kept(short))

    async def keys(self) -> Iterable[str]:
        return list(self._kept)

    def kept(self, sender_id: str) -> Optional[Kept]:
        """What is kept of this conversation; using it makes it the most recently used."""
        if sender_id in self._kept:
            self._kept.move_to_end(sender_id)
        return self._kept.get(sender_id)

    def put(self, sender_id: str, kept: Kept) -> None:
        """Keep exactly this of the conversation."""
        self._kept[sender_id] = kept
        self._kept.move_to_end(sender_id)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def note(self, sender_id: str, note: object) -> None:
        """Note this beside the tracker that is kept, in place of what was noted before."""
        self.put(sender_id, replace(self._kept[sender_id], note=note))

    def forget(self, sender_id: str) -> None:
        """Drop what is kept of this conversation, if anything."""
        self._kept.pop(sender_id, None)


def shortened(tracker: DialogueStateTracker) -> DialogueStateTracker:
    """The same conversation as if it had only just come to where it is: slots, form, question, listening."""
    short = tracker.init_copy()
    short.update_with_events(list(_events_that_lead_to(tracker)), domain=None)
    return short


def _events_that_lead_to(tracker: DialogueStateTracker) -> Iterable[Event]:
    for name, slot in tracker.slots.items():
        if slot.value != slot.initial_value and name != REQUESTED_SLOT:
            yield SlotSet(name, slot.value)
    if tracker.active_loop_name:
        yield ActionExecuted(tracker.active_loop_name)
        yield ActiveLoop(tracker.active_loop_name)
        yield SlotSet(REQUESTED_SLOT, tracker.get_slot(REQUESTED_SLOT))
    if tracker.latest_action_name:
        yield ActionExecuted(ACTION_LISTEN_NAME)
