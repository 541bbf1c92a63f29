"""Rasa's memory: trackers that stay live, short, and only as long as there is room. Everything in it can be rebuilt.

A tracker grows with every turn, and Rasa reads all of it again at every prediction. The rules here look no further
back than the current turn, so between two turns a tracker keeps its slots, its form and nothing else.
"""

import json
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any, Iterable, Optional

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME, REQUESTED_SLOT
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, Event, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker

from box.deliveries import Heard, Place
from box.shared import Shared

PREFIX = "own_words:tracker:"
SHARED_FOR = 2 * 60 * 60
"""Seconds for which other boxes find a conversation that nobody goes on with; after that it is told afresh."""


@dataclass(frozen=True)
class Kept:
    """One conversation: its tracker between two turns, and beside it how far it has been heard and the last reply."""

    tracker: DialogueStateTracker
    note: Optional[Heard] = None


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

    def note(self, sender_id: str, note: Heard) -> None:
        """Note this beside the tracker that is kept, in place of what was noted before."""
        self.put(sender_id, replace(self._kept[sender_id], note=note))

    def forget(self, sender_id: str) -> None:
        """Drop what is kept of this conversation, if anything."""
        self._kept.pop(sender_id, None)

    def fetch(self, sender_id: str) -> None:
        """Have what another box kept of this conversation since; here there is no other."""

    def share(self, sender_id: str) -> None:
        """Let other boxes have what is kept of this conversation; here there is no other."""


class SharedTrackerStore(LiveTrackerStore):
    """Live trackers that other boxes go on with: each is in Redis too, with how far it was heard and the last reply.

    What Redis holds is what counts; the live tracker is used again where it has heard exactly as much. Boxes that know
    another interview (`prefix`) share nothing with these. Raises NotShared where Redis does not answer.
    """

    def __init__(
        self,
        domain: Optional[Domain],
        event_broker: Optional[EventBroker] = None,
        host: Optional[str] = None,
        prefix: str = "",
        most: int = 1_000,
    ) -> None:
        super().__init__(domain, event_broker, host, most)
        self._prefix = f"{PREFIX}{prefix}:"
        self._shared = Shared(str(host))

    def fetch(self, sender_id: str) -> None:
        """Have what another box kept of this conversation since; nothing, where Redis has nothing that can be read.

        Whatever is not as it was written, a box of another version wrote: the app tells the conversation afresh.
        """
        found = self._shared.ask(lambda redis: redis.get(self._prefix + sender_id))
        here = self.kept(sender_id)
        try:
            told = json.loads(found or b"null")
            place = Place(**told["place"])
            if here is None or here.note is None or here.note.place != place:
                self.put(sender_id, Kept(self._tracker(sender_id, told), Heard(place, told["reply"])))
        except (ValueError, LookupError, TypeError, AttributeError):
            super().forget(sender_id)

    def share(self, sender_id: str) -> None:
        """Let other boxes have what is kept of this conversation."""
        kept = self.kept(sender_id)
        if kept is None or kept.note is None:
            self._shared.ask(lambda redis: redis.delete(self._prefix + sender_id))
            return
        place = kept.note.place
        told = json.dumps(
            {
                "place": {"count": place.count, "digest": place.digest},
                "reply": kept.note.reply,
                "slots": _slots_that_were_set(kept.tracker),
                "form": kept.tracker.active_loop_name,
                "question": kept.tracker.get_slot(REQUESTED_SLOT),
            }
        )
        self._shared.ask(lambda redis: redis.set(self._prefix + sender_id, told, ex=SHARED_FOR))

    def _tracker(self, sender_id: str, told: "dict[str, Any]") -> DialogueStateTracker:
        tracker = DialogueStateTracker(sender_id, self.domain.slots)
        events = list(_events_that_lead_to(told["slots"], told["form"], told["question"]))
        tracker.update_with_events([*events, ActionExecuted(ACTION_LISTEN_NAME)], domain=None)
        return tracker


def shortened(tracker: DialogueStateTracker) -> DialogueStateTracker:
    """The same conversation as if it had only just come to where it is: slots, form, question, listening."""
    short = tracker.init_copy()
    slots, form, question = _slots_that_were_set(tracker), tracker.active_loop_name, tracker.get_slot(REQUESTED_SLOT)
    events = list(_events_that_lead_to(slots, form, question))
    if tracker.latest_action_name:
        events.append(ActionExecuted(ACTION_LISTEN_NAME))
    short.update_with_events(events, domain=None)
    return short


def _slots_that_were_set(tracker: DialogueStateTracker) -> "dict[str, Any]":
    return {
        name: slot.value
        for name, slot in tracker.slots.items()
        if slot.value != slot.initial_value and name != REQUESTED_SLOT
    }


def _events_that_lead_to(slots: "dict[str, Any]", form: Optional[str], question: Optional[str]) -> Iterable[Event]:
    for name, value in slots.items():
        yield SlotSet(name, value)
    if form:
        yield ActionExecuted(form)
        yield ActiveLoop(form)
        yield SlotSet(REQUESTED_SLOT, question)
