"""Checks that need Rasa itself: run by the box's own Python, reported as JSON to `test_inside.py`.

Each check is a function; what it raises is what went wrong.
"""

import asyncio
import json
import logging
import os
import sys
import traceback
from collections.abc import Callable

from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, ActiveLoop, SlotSet, UserUttered
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.exceptions import RasaException

from box.channel import OwnWordsChannel
from box.lighter import share_slots
from box.tracker_store import LiveTrackerStore


def beyond_its_bound_the_longest_unused_conversation_is_dropped() -> None:
    async def check() -> None:
        store = LiveTrackerStore(Domain.empty(), most=2)
        for name in ("first", "second"):
            await store.save(DialogueStateTracker(name, []))
        await store.retrieve("first")
        await store.save(DialogueStateTracker("third", []))
        assert list(await store.keys()) == ["first", "third"]
        assert await store.retrieve("second") is None
        store.forget("first")
        store.forget("nobody")
        assert list(await store.keys()) == ["third"]

    asyncio.run(check())


def what_is_kept_is_short_and_stands_where_it_stood() -> None:
    domain = Domain.load("domain.yml")
    tracker = DialogueStateTracker("one", domain.slots)
    for number in range(100):
        tracker.update(UserUttered(f"turn:{number}", {"name": "words"}))
        tracker.update(ActionExecuted("feelings_form"))
        tracker.update(ActiveLoop("feelings_form"))
        tracker.update(SlotSet("feelings", f"turn:{number}"))
        tracker.update(SlotSet("requested_slot", "safe_now"))
        tracker.update(ActionExecuted("action_listen"))

    async def check() -> None:
        store = LiveTrackerStore(domain)
        await store.save(tracker)
        kept = await store.retrieve("one")
        assert kept is not None
        assert len(kept.events) < 10
        assert kept.current_slot_values() == tracker.current_slot_values()
        assert kept.active_loop_name == "feelings_form"
        assert kept.latest_action_name == "action_listen"
        assert not any(isinstance(event, UserUttered) for event in kept.events)

    asyncio.run(check())


def working_on_a_tracker_does_not_change_what_is_kept() -> None:
    domain = Domain.load("domain.yml")

    async def check() -> None:
        store = LiveTrackerStore(domain)
        tracker = DialogueStateTracker("one", domain.slots)
        tracker.update(SlotSet("feelings", "turn:17"))
        await store.save(tracker)
        worked_on = await store.retrieve("one")
        assert worked_on is not None
        worked_on.update(SlotSet("feelings", None))
        again = await store.retrieve("one")
        assert again is not None
        assert again.get_slot("feelings") == "turn:17"

    asyncio.run(check())


def what_one_conversation_fills_stays_empty_in_another() -> None:
    domain = Domain.load("domain.yml")
    share_slots(domain)
    one, another = (DialogueStateTracker(name, domain.slots) for name in ("one", "another"))
    one.update(SlotSet("feelings", "turn:1"))
    copied = one.copy()
    copied.update(SlotSet("feelings", "turn:2"))
    copied.update(SlotSet("matters", "turn:3"))
    assert [tracker.get_slot("feelings") for tracker in (one, another, copied)] == ["turn:1", None, "turn:2"]
    assert [tracker.get_slot("matters") for tracker in (one, another, copied)] == [None, None, "turn:3"]
    assert all(slot.value == slot.initial_value for slot in DialogueStateTracker("third", domain.slots).slots.values())


def the_box_does_not_open_without_a_long_secret() -> None:
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"
    for secret in ("", "x" * 31):
        os.environ["OWNWORDS_BOX_SECRET"] = secret
        assert _refusal() == "Set OWNWORDS_BOX_SECRET to a secret of at least 32 characters."
    os.environ["OWNWORDS_BOX_SECRET"] = "x" * 32
    assert _refusal() == ""


def the_box_does_not_open_while_rasa_would_report_to_others() -> None:
    os.environ["OWNWORDS_BOX_SECRET"] = "x" * 32
    os.environ["RASA_TELEMETRY_ENABLED"] = "true"
    assert _refusal() == "Set RASA_TELEMETRY_ENABLED to false: nothing may leave this machine."
    os.environ["RASA_TELEMETRY_ENABLED"] = "false"


def its_logs_stay_quiet_whatever_level_is_asked_for() -> None:
    os.environ["OWNWORDS_BOX_SECRET"] = "x" * 32
    logging.getLogger("rasa").setLevel("DEBUG")
    OwnWordsChannel.from_credentials(None)
    processor = logging.getLogger("rasa.core.processor")
    assert not processor.isEnabledFor(logging.INFO)
    assert processor.isEnabledFor(logging.WARNING)
    assert logging.getLogger("sanic.access").disabled


def _refusal() -> str:
    try:
        OwnWordsChannel.from_credentials(None)
    except RasaException as error:
        return str(error)
    return ""


CHECKS: tuple[Callable[[], None], ...] = (
    beyond_its_bound_the_longest_unused_conversation_is_dropped,
    what_is_kept_is_short_and_stands_where_it_stood,
    working_on_a_tracker_does_not_change_what_is_kept,
    what_one_conversation_fills_stays_empty_in_another,
    the_box_does_not_open_without_a_long_secret,
    the_box_does_not_open_while_rasa_would_report_to_others,
    its_logs_stay_quiet_whatever_level_is_asked_for,
)


def main() -> None:
    """Run every check and write what went wrong with each; nothing where all was well."""
    told = {}
    for check in CHECKS:
        try:
            check()
        except Exception:  # noqa: BLE001 whatever it is, it is told
            told[check.__name__] = traceback.format_exc()
        else:
            told[check.__name__] = ""
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
