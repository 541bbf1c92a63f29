"""The custom actions: each reads the tracker, calls one use case, and returns events. Slots hold references only."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from anyio import to_thread
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.interfaces import Action, Tracker
from rasa_sdk.types import DomainDict

from bot import keeping
from bot.conversation import Speaker, Stage
from bot.store import Store

SECTIONS: Mapping[str, Sequence[str]] = {
    "action_keep_safety": ("private", "company"),
    "action_keep_talking": ("communication", "communication_words"),
    "action_keep_involvement": ("involvement", "support"),
    "action_keep_feelings": ("feelings", "safe_now"),
    "action_keep_matters": ("matters", "keep"),
    "action_keep_worries": ("worries",),
    "action_keep_wishes": ("wishes", "not_wanted"),
    "action_keep_helps": ("own_power", "helpers", "feels_safe"),
    "action_keep_looking": (
        "view_on_enquiry",
        "who_knows",
        "contact_ways",
        "contact_times",
        "contact_answered",
        "contact_code_word",
    ),
    "action_keep_copy": ("copy_safe",),
    "action_keep_advocate": ("advocate_name", "advocate_role", "instructed", "person_there"),
    "action_keep_practitioner": (
        "practitioner_name",
        "practitioner_role",
        "interpreter",
        "interpreter_name",
        "interpreter_language",
    ),
    "action_keep_knowing": ("know_what_happens", "want_to_know"),
    "action_keep_overall": ("overall", "about_finishing"),
    "action_keep_now": ("safe_now", "safer_than_before"),
    "action_keep_staying": ("stay_safe", "get_better"),
    "action_keep_experience": (
        "understood_worries",
        "understood_information",
        "listened_to",
        "as_involved",
        "worked_together",
        "happy_with_end",
        "feel_safer",
        "tell_in_charge",
        "may_quote",
    ),
    "action_keep_practitioner_end": ("free_to_speak", "private_note"),
}
"""The actions that keep a section as it is, and the slots they read."""

LOOPING = ("next_outcome", "another_outcome")
"""Slots that say how far the outcomes are that are read back one after the other."""

ReadBack: TypeAlias = Callable[[Store, keeping.Heard, datetime], str | None]
READING_BACK: Mapping[str, tuple[Sequence[str], ReadBack]] = {
    "action_keep_review": (("outcome_now", "outcome_again", "outcome_why", "outcome_difference"), keeping.keep_review),
    "action_keep_verdict": (("happened", "difference", "practitioner_verdict"), keeping.keep_verdict),
}
"""The actions that keep what was said of one outcome and take the next, the slots they read, and how they keep it."""

OUTCOME_SLOTS = ("outcome", "outcome_sign", "outcome_weight")
Events = list[dict[str, Any]]


def _heard(tracker: Tracker, slots: Sequence[str]) -> keeping.Heard:
    return keeping.Heard(
        conversation_id=tracker.sender_id,
        slots={slot: tracker.get_slot(slot) for slot in slots},
        stage=Stage(tracker.get_slot("stage") or Stage.FIRST),
        speaker=Speaker(tracker.get_slot("speaker") or Speaker.PERSON),
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _count(number: int) -> str:
    return "many" if number > 2 else "two" if number == 2 else "none_or_one"


class KeepSection(Action):
    """Keeps one section as it is."""

    def __init__(self, name: str, slots: Sequence[str], store: Store) -> None:
        self._name = name
        self._slots = slots
        self._store = store

    def name(self) -> str:
        """Give the name that the rules know it by."""
        return self._name

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Events:
        """Keep the section; nothing about the dialogue changes."""
        await to_thread.run_sync(keeping.keep_section, self._store, _heard(tracker, self._slots), _now())
        return []


class TellMore(Action):
    """Tells what the person chose to know more about."""

    def name(self) -> str:
        """Give the name that the rules know it by."""
        return "action_tell_more"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Events:
        """Say the text, and let the question be asked again."""
        dispatcher.utter_message(response=f"utter_about_{tracker.get_slot('know_more')}")
        return [SlotSet("know_more", None)]


class _OutcomeAction(Action):
    def __init__(self, store: Store) -> None:
        self._store = store

    async def _keep(self, tracker: Tracker) -> int:
        return await to_thread.run_sync(keeping.keep_outcome, self._store, _heard(tracker, OUTCOME_SLOTS), _now())


class KeepOutcome(_OutcomeAction):
    """Keeps one thing that the person wants to be different."""

    def name(self) -> str:
        """Give the name that the rules know it by."""
        return "action_keep_outcome"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Events:
        """Keep it, make room for the next one, and say whether there is one."""
        number = await self._keep(tracker)
        another = "yes" if tracker.get_slot("more_outcomes") == "yes" else "no"
        return [
            *(SlotSet(slot, None) for slot in (*OUTCOME_SLOTS, "more_outcomes")),
            SlotSet("another_outcome", another),
            SlotSet("outcome_count", _count(number)),
        ]


class KeepCards(_OutcomeAction):
    """Takes the first of the cards that the person chose."""

    def name(self) -> str:
        """Give the name that the rules know it by."""
        return "action_keep_cards"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Events:
        """Say which card comes first, if any does."""
        heard = _heard(tracker, ("cards",))
        cards = await to_thread.run_sync(keeping.chosen_cards, self._store, heard, _now())
        number = await to_thread.run_sync(keeping.count_outcomes, self._store, heard.conversation_id)
        return [*_next_card(cards, None), SlotSet("outcome_count", _count(number))]


class KeepCardOutcome(_OutcomeAction):
    """Keeps what the person said about one card, and takes the next."""

    def name(self) -> str:
        """Give the name that the rules know it by."""
        return "action_keep_card_outcome"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Events:
        """Keep it, and say which card comes next, if any does."""
        number = await self._keep(tracker)
        cards = await to_thread.run_sync(keeping.chosen_cards, self._store, _heard(tracker, ("cards",)), _now())
        return [
            *(SlotSet(slot, None) for slot in (*OUTCOME_SLOTS, "more_outcomes")),
            *_next_card(cards, tracker.get_slot("next_card")),
            SlotSet("outcome_count", _count(number)),
        ]


class KeepRank(_OutcomeAction):
    """Keeps the person's own order of what they want, one place at a time."""

    def name(self) -> str:
        """Give the name that the rules know it by."""
        return "action_keep_rank"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Events:
        """Keep the place, and say whether there are more to put in order. With two, the rest of the plan is plain."""
        ranked = [*(tracker.get_slot("ranked") or []), tracker.get_slot("matters_most")]
        heard = _heard(tracker, ())
        left = await to_thread.run_sync(keeping.keep_rank, self._store, heard, ranked, _now())
        implied = "implied" if tracker.get_slot("outcome_count") == "two" else None
        return [
            SlotSet("matters_most", None),
            SlotSet("ranked", ranked),
            SlotSet("rank_again", "yes" if left else "no"),
            SlotSet("apart", implied),
            SlotSet("plan_b", implied),
        ]


class KeepPlan(_OutcomeAction):
    """Keeps what cannot happen together, plan A and plan B."""

    def name(self) -> str:
        """Give the name that the rules know it by."""
        return "action_keep_plan"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Events:
        """Keep the plan; nothing about the dialogue changes."""
        heard = _heard(tracker, ("together", "apart", "plan_a", "plan_b", "plan_words"))
        await to_thread.run_sync(keeping.keep_plan, self._store, heard, _now())
        return []


class OpenStage(Action):
    """Says what is known already, and what is read back first."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def name(self) -> str:
        """Give the name that the rules know it by."""
        return "action_open_stage"

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Events:
        """Look at the enquiry; at a closing it may be done twice, before and after asking what was wanted."""
        opened = await to_thread.run_sync(keeping.open_stage, self._store, _heard(tracker, LOOPING), _now())
        known = "yes" if opened.is_communication_known else "no"
        return [SlotSet("communication_known", known), *_next_outcome(opened.first_outcome)]


class KeepReadBack(Action):
    """Keeps what was said about one outcome that was read back, and takes the next."""

    def __init__(self, name: str, slots: Sequence[str], keep: ReadBack, store: Store) -> None:
        self._name = name
        self._slots = slots
        self._keep = keep
        self._store = store

    def name(self) -> str:
        """Give the name that the rules know it by."""
        return self._name

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict) -> Events:
        """Keep it, make room for the next one, and say which that is."""
        heard = _heard(tracker, (*self._slots, *LOOPING))
        following = await to_thread.run_sync(self._keep, self._store, heard, _now())
        return [*(SlotSet(slot, None) for slot in self._slots), *_next_outcome(following)]


def _next_outcome(found: str | None) -> Events:
    return [SlotSet("next_outcome", found), SlotSet("outcome_waiting", "yes" if found else "no")]


def _next_card(cards: Sequence[str], after: str | None) -> Events:
    names = [f"card:{card}" for card in cards]
    rest = names[names.index(after) + 1 :] if after in names else names
    found = rest[0] if rest else None
    return [SlotSet("next_card", found), SlotSet("card_waiting", "yes" if found else "no")]


def every_action(store: Store) -> tuple[Action, ...]:
    """Make every custom action that the rules name."""
    return (
        *(KeepSection(name, slots, store) for name, slots in SECTIONS.items()),
        TellMore(),
        KeepOutcome(store),
        KeepCards(store),
        KeepCardOutcome(store),
        KeepRank(store),
        KeepPlan(store),
        OpenStage(store),
        *(KeepReadBack(name, slots, keep, store) for name, (slots, keep) in READING_BACK.items()),
    )


ACTION_NAMES = frozenset(
    {
        *SECTIONS,
        "action_tell_more",
        "action_keep_outcome",
        "action_keep_cards",
        "action_keep_card_outcome",
        "action_keep_rank",
        "action_keep_plan",
        "action_open_stage",
        *READING_BACK,
    }
)
"""What `every_action` makes, by name: the interview may name no other."""
