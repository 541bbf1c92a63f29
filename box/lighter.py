"""Leaves out what Rasa does at every turn and what comes to nothing here. What it decides stays the same.

Each part says why it changes nothing, and is left as it was where that cannot be seen of the model.
"""

import json
from copy import copy
from typing import Any, Dict, List, Optional, Set, Text, Tuple

from rasa.core import processor as processing
from rasa.core.actions import action, forms
from rasa.core.actions.action import ActionExtractSlots
from rasa.core.agent import Agent
from rasa.core.nlg.generator import ResponseVariationFilter
from rasa.core.nlg.response import TemplatedNaturalLanguageGenerator
from rasa.core.policies import rule_policy
from rasa.core.policies.rule_policy import LOOP_WAS_INTERRUPTED, RULES, RULES_FOR_LOOP_UNHAPPY_PATH, RulePolicy
from rasa.engine.runner.dask import DaskGraphRunner
from rasa.engine.runner.interface import GraphRunner
from rasa.shared.core.constants import (
    ACTION_LISTEN_NAME,
    ACTIVE_LOOP,
    MAPPING_CONDITIONS,
    MAPPING_TYPE,
    PREVIOUS_ACTION,
    SHOULD_NOT_BE_SET,
    USER,
    SlotMappingType,
)
from rasa.shared.core.domain import Domain
from rasa.shared.core.trackers import DialogueStateTracker
from rasa.shared.nlu.constants import ACTION_NAME, INTENT


def lighten(agent: Agent) -> None:
    """Fit a loaded agent so."""
    copy_nothing_for_the_log()
    make_defaults_once()
    if isinstance(agent.nlg, TemplatedNaturalLanguageGenerator):
        give_as_written(agent.nlg)
    processor, domain = agent.processor, agent.domain
    if domain is not None:
        share_slots(domain)
        _look_at_few_slots(domain)
    if processor is None or not isinstance(processor.graph_runner, DaskGraphRunner):
        return
    # It writes out all slots for a log that is not kept.
    processor._log_slots = lambda tracker: None
    runner = StraightRunner(processor.graph_runner)
    for component in runner.components:
        if isinstance(component, RulePolicy) and _reads_no_text(component):
            component._find_action_from_rules = _by_intent_alone(component)
    processor.graph_runner = runner


class AsItIs:
    """What stands in for `copy` where copies are made for a log that is not kept, and for nothing else."""

    @staticmethod
    def deepcopy(thing: Any) -> Any:
        """Give it as it is."""
        return thing


def copy_nothing_for_the_log() -> None:
    """Have Rasa copy no events and no states for lines that it writes only where it is asked to explain itself.

    In these modules nothing else is copied; a test reads them.
    """
    for module in (processing, forms, rule_policy):
        module.copy = AsItIs


def make_defaults_once() -> None:
    """Have Rasa's own actions made once for each endpoint, and not for every action that is looked for by its name."""
    make = action.default_actions
    made: "List[Tuple[Any, List[Any]]]" = []

    def default_actions(endpoint: Any = None) -> "List[Any]":
        for of, actions in made:
            if of is endpoint:
                return actions
        made.append((endpoint, make(endpoint)))
        return made[-1][1]

    action.default_actions = default_actions


def give_as_written(nlg: TemplatedNaturalLanguageGenerator) -> None:
    """Have a response that is the only one to suit, and into which nothing is filled, given as it is written.

    Rasa draws lots for it, copies all of it, and looks through the copy for gaps.
    """
    generate = nlg.generate_from_slots
    variations = ResponseVariationFilter(nlg.responses)
    whole = {name for name, written in nlg.responses.items() if not _has_gaps(written)}

    def generate_from_slots(
        name: Text, slots: "Dict[Text, Any]", channel: Text, **more: Any
    ) -> "Optional[Dict[Text, Any]]":
        suiting = variations.responses_for_utter_action(name, channel, slots) if name in whole else ()
        if len(suiting) != 1:
            return generate(name, slots, channel, **more)
        # Rasa takes it to pieces, one name after the other, and changes none of what stands under them.
        return dict(suiting[0])

    nlg.generate_from_slots = generate_from_slots


def _has_gaps(written: Any) -> bool:
    if isinstance(written, dict):
        return any(map(_has_gaps, written.values()))
    if isinstance(written, list):
        return any(map(_has_gaps, written))
    return isinstance(written, str) and ("{" in written or "}" in written)


def share_slots(domain: Domain) -> None:
    """Have trackers share the slots that nothing was put into.

    Rasa copies all slots for every tracker that it makes, and it makes some six at a turn. A tracker here copies a slot
    when it puts something into it, and no sooner. A copy of a tracker is one of what it has come to: Rasa plays all
    that happened again to come to it.
    """
    empty = {slot.name: copy(slot) for slot in domain.slots}
    for slot in empty.values():
        slot.reset()
    names = list(empty)
    begin = DialogueStateTracker.__init__

    def begin_with_shared(tracker: Any, sender_id: Text, slots: Any, *more: Any, **named: Any) -> None:
        slots = None if slots is None else list(slots)
        are_shared = slots is not None and [slot.name for slot in slots] == names
        begin(tracker, sender_id, () if are_shared else slots, *more, **named)
        if are_shared:
            tracker.slots = dict(empty)

    def put(tracker: Any, key: Text, value: Any) -> None:
        slot = tracker.slots.get(key)
        if slot is not None and slot is empty.get(key):
            tracker.slots[key] = _own(slot)
        put_into(tracker, key, value)

    def copy_as_it_is(tracker: Any) -> Any:
        if list(tracker.slots) != names:
            return play_again(tracker)
        made = _own(tracker)
        made.events = copy(tracker.events)
        made.active_loop = copy(tracker.active_loop)
        made.slots = {name: slot if slot is empty[name] else _own(slot) for name, slot in tracker.slots.items()}
        return made

    put_into = DialogueStateTracker._set_slot
    play_again = DialogueStateTracker.copy
    DialogueStateTracker.copy = copy_as_it_is
    DialogueStateTracker.__init__ = begin_with_shared
    DialogueStateTracker._set_slot = put


def _own(thing: Any) -> Any:
    """What `copy` makes of it, without asking it how it is pickled."""
    made = object.__new__(type(thing))
    made.__dict__.update(thing.__dict__)
    return made


def _look_at_few_slots(domain: Domain) -> None:
    """Have an answer looked for only by the slots that the form which is open may fill.

    Rasa asks each mapping of each slot if it is of this form; here it is asked once for each form.
    """
    run = ActionExtractSlots.run
    few: "Dict[Optional[Text], Domain]" = {}

    async def run_for_few(action: Any, channel: Any, nlg: Any, tracker: Any, of: Domain) -> Any:
        if of is not domain:
            return await run(action, channel, nlg, tracker, of)
        form = tracker.active_loop_name
        if form not in few:
            few[form] = copy(domain)
            few[form].slots = [slot for slot in domain.slots if any(_may_fill(one, form) for one in slot.mappings)]
        return await run(action, channel, nlg, tracker, few[form])

    ActionExtractSlots.run = run_for_few


def _may_fill(mapping: "Dict[Text, Any]", form: "Optional[Text]") -> bool:
    """Whether this mapping may fill its slot while this form is open, whatever else has to be so."""
    conditions = mapping.get(MAPPING_CONDITIONS)
    if not conditions or mapping[MAPPING_TYPE] == str(SlotMappingType.FROM_TRIGGER_INTENT):
        return True
    return any(one.get(ACTIVE_LOOP) == form for one in conditions)


class StraightRunner(GraphRunner):
    """Runs the few nodes that predict, one after the other; Dask plans it anew for each prediction."""

    def __init__(self, planned: DaskGraphRunner) -> None:
        self._nodes = planned._instantiated_nodes
        self._schema = planned._graph_schema
        self._orders: "Dict[Text, List[Text]]" = {}

    @classmethod
    def create(cls, *args: Any, **kwargs: Any) -> "StraightRunner":
        """As Rasa makes one."""
        return cls(DaskGraphRunner.create(*args, **kwargs))

    @property
    def components(self) -> "List[Any]":
        """What the nodes run."""
        return [node._component for node in self._nodes.values()]

    def run(
        self, inputs: "Optional[Dict[Text, Any]]" = None, targets: "Optional[List[Text]]" = None
    ) -> "Dict[Text, Any]":
        """What these nodes give, each run once its own needs have been."""
        found = {name: (name, value) for name, value in (inputs or {}).items()}
        targets = targets or self._schema.target_names
        for target in targets:
            for name in self._order(target):
                if name not in found:
                    needs = self._schema.nodes[name].needs.values()
                    found[name] = self._nodes[name](*(found.get(need, need) for need in needs))
        return {target: found[target][1] for target in targets}

    def _order(self, target: Text) -> "List[Text]":
        if target not in self._orders:
            needed = self._schema._all_dependencies_schema([target])
            self._orders[target] = [name for name in dict.fromkeys(reversed(needed)) if name in self._nodes]
        return self._orders[target]


def _reads_no_text(policy: RulePolicy) -> bool:
    """Whether no rule asks what was said in place of what kind of answer it is; ours cannot, as text is a reference."""
    if LOOP_WAS_INTERRUPTED in policy.lookup[RULES_FOR_LOOP_UNHAPPY_PATH].values():
        return False
    last = [json.loads(key)[-1] for key in policy.lookup[RULES]]
    return all(
        state[USER].get(INTENT)
        for state in last
        if state.get(PREVIOUS_ACTION, {}).get(ACTION_NAME) == ACTION_LISTEN_NAME
    )


def _by_intent_alone(policy: RulePolicy) -> Any:
    find = policy._find_action_from_rules

    def find_by_intent(tracker: Any, domain: Any, use_text_for_last_user_input: bool) -> Any:
        if use_text_for_last_user_input:
            return None, None, False
        return find(tracker, domain, use_text_for_last_user_input)

    policy._get_possible_keys = _possible_keys(policy)
    return find_by_intent


def _possible_keys(policy: RulePolicy) -> Any:
    """Find the rules that fit, as Rasa does, but read each rule once, and only those that follow what was done last."""
    read: "Dict[Text, List[Any]]" = {}
    following: "Dict[int, Dict[Text, List[Text]]]" = {}

    def possible_keys(lookup: "Dict[Text, Text]", states: "List[Any]") -> "Set[Text]":
        if not states:
            return set(lookup)
        possible = set(those_following(lookup).get(_done_last(states[-1]), ()))
        for at, state in enumerate(reversed(states)):
            possible = {key for key in possible if fits(key, at, state)}
        return possible

    def those_following(lookup: "Dict[Text, Text]") -> "Dict[Text, List[Text]]":
        if id(lookup) not in following:
            # A model's rules are there for as long as it is, so no other ones can come to their place in memory.
            by_action: "Dict[Text, List[Text]]" = {}
            for key in lookup:
                by_action.setdefault(_done_last(rule(key)[0]), []).append(key)
            following[id(lookup)] = by_action
        return following[id(lookup)]

    def rule(key: Text) -> "List[Any]":
        if key not in read:
            read[key] = json.loads(key)[::-1]
        return read[key]

    def fits(key: Text, at: int, state: Any) -> bool:
        of_rule = rule(key)
        if at >= len(of_rule):
            return True
        before, now = of_rule[at].get(PREVIOUS_ACTION), state.get(PREVIOUS_ACTION)
        if not before or not now:
            return not before and not now
        return policy._does_rule_match_state(of_rule[at], state)

    return possible_keys


def _done_last(state: Any) -> Text:
    """Name the action that came before this state; "" for none, and for a rule that says there is none."""
    action = (state.get(PREVIOUS_ACTION) or {}).get(ACTION_NAME) or ""
    return "" if action == SHOULD_NOT_BE_SET else action
