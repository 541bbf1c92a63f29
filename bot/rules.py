"""The rules read as a map: what a conversation of one stage and one speaker can come to, and in which order.

Only what a rule says of `stage` and `speaker` is looked at; every answer is taken to be possible.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bot.conversation import Speaker, Stage


def reached(rules: Sequence[Mapping[str, Any]], speaker: Speaker, stage: Stage) -> tuple[str, ...]:
    """Give the forms, actions and responses that such a conversation can come to, those that come sooner first."""
    so = {"speaker": speaker.value, "stage": stage.value}
    roads = [_actions(rule) for rule in rules if _may_apply(rule, so)]
    begun = [road[1:] for road in roads if road[0] is None]
    found = dict.fromkeys(action for road in begun for action in road)
    waiting = list(found)
    while waiting:
        nearest, *waiting = waiting
        for road in roads:
            if road[0] == nearest:
                fresh = [action for action in road if action not in found]
                found |= dict.fromkeys(fresh)
                waiting += fresh
    return tuple(action for action in found if action is not None)


def branches(steps: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, Any]]:
    """Give each slot that these steps or conditions name, with its value."""
    for step in steps:
        for one in step.get("slot_was_set", ()):
            yield from one.items()
        yield from branches(step.get("or", ()))


def _may_apply(rule: Mapping[str, Any], so: Mapping[str, str]) -> bool:
    named: dict[str, set[Any]] = {}
    for slot, value in branches([*rule.get("condition", ()), *rule["steps"]]):
        named.setdefault(slot, set()).add(value)
    return all(slot not in named or value in named[slot] for slot, value in so.items())


def _actions(rule: Mapping[str, Any]) -> list[str | None]:
    """Give the actions of a rule in order; None stands first where it follows on the beginning of a conversation."""
    actions: list[str | None] = [step["action"] for step in rule["steps"] if "action" in step]
    return [None, *actions] if "intent" in rule["steps"][0] else actions
