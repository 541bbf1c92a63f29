"""The road of the interview, followed without the dialogue engine: what is asked next, by `domain.yml` and the rules.

It is for made-up data, where a council's whole year is told in minutes. People are only ever asked by the engine, and
tests hold what is asked here against what it asks. Custom actions are the caller's.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.conversation import Kind, Speaker, Stage
from bot.interview import read_yaml
from bot.rules import branches

Slots = dict[str, Any]
Act = Callable[[str, Slots], Sequence[str]]
"""Does a custom action: changes slots, and gives the responses it says."""

INTENTS: Mapping[Kind, str] = {Kind.WORDS: "words", Kind.CHOICE: "choose", Kind.SKIP: "skip"}
ANY_OTHER = "__other__"
"""Rasa's word for any value that the slot does not list."""


class LostRoad(LookupError):
    """The rules do not say what comes next, or say it twice."""


@dataclass(frozen=True, slots=True)
class _Rule:
    when: tuple[Mapping[str, Any], ...]
    """What slots hold, one after the other: it follows when any of these is so."""
    then: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Map:
    """The rules and the forms, read once."""

    slots: Mapping[str, Mapping[str, Any]]
    forms: Mapping[str, Sequence[str]]
    responses: frozenset[str]
    rules: Mapping[str | None, Sequence[_Rule]]
    """By the form or the action that went before; None where the conversation begins."""
    fills: Mapping[tuple[str, str], Sequence[tuple[str, Mapping[str, Any]]]]
    """By the form and the slot that was asked for: which slots an answer fills, and when."""

    @classmethod
    def from_text(cls, domain: str, rules: str) -> "Map":
        """Read the road from the text of `domain.yml` and of `data/rules.yml`."""
        told = read_yaml(domain)
        forms = {name: tuple(form["required_slots"]) for name, form in told["forms"].items()}
        by: dict[str | None, list[_Rule]] = {}
        for rule in read_yaml(rules)["rules"]:
            after, read = _read(rule)
            by.setdefault(after, []).append(read)
        fills: dict[tuple[str, str], list[tuple[str, Mapping[str, Any]]]] = {}
        for slot, made in told["slots"].items():
            for mapping in made["mappings"]:
                for place in mapping.get("conditions", ()):
                    fills.setdefault((place["active_loop"], place["requested_slot"]), []).append((slot, mapping))
        return cls(told["slots"], forms, frozenset(told["responses"]), by, fills)


class Road:
    """One conversation on its way. `asks` is the response that waits for an answer; None at the end."""

    def __init__(self, road: Map, stage: Stage, speaker: Speaker, act: Act, known: Mapping[str, str]) -> None:
        """`known`: what is known without being asked, by the slot that it fills."""
        self._map = road
        self._act = act
        self.slots: Slots = {"stage": stage.value, "speaker": speaker.value, **known}
        self._form = ""
        self._slot = ""
        self.asks: str | None = None

    def begin(self) -> list[str]:
        """Begin, and give the responses that are said until an answer is needed."""
        return list(self._go(None))

    def hear(self, named: str, kind: Kind, choice: Sequence[str]) -> list[str]:
        """Hear an answer by its name (`turn:17`), and give the responses that are said until the next is needed."""
        filled: set[str] = set()
        for slot, mapping in self._map.fills[self._form, self._slot]:
            if slot in filled or not _applies(mapping, INTENTS[kind]):
                continue
            if mapping["type"] == "from_text":
                self.slots[slot] = named
            elif choice:
                self.slots[slot] = choice[0]
            else:
                continue
            filled.add(slot)
        return list(self._ask() or self._go(self._form))

    def _go(self, after: str | None) -> Iterator[str]:
        self.asks = None
        while True:
            then = self._follow(after)
            for name in then:
                if name in self._map.forms:
                    self._form = name
                    if asked := self._ask():
                        yield from asked
                        return
                elif name.startswith("utter_"):
                    yield name
                else:
                    yield from self._act(name, self.slots)
            after = then[-1]
            if after.startswith("utter_"):
                return

    def _ask(self) -> list[str]:
        """Ask for the first slot of the form that holds nothing; empty when all of them do."""
        for slot in self._map.forms[self._form]:
            if self.slots.get(slot) is None:
                own = f"utter_ask_{self._form}_{slot}"
                self._slot = slot
                self.asks = own if own in self._map.responses else f"utter_ask_{slot}"
                return [self.asks]
        self.asks = None
        return []

    @property
    def slot(self) -> str:
        """The slot that the next answer fills."""
        return self._slot

    def _follow(self, after: str | None) -> Sequence[str]:
        found = [rule for rule in self._map.rules.get(after, ()) if any(self._is_so(when) for when in rule.when)]
        if len(found) != 1:
            raise LostRoad(f"{len(found)} rules follow on {after or 'the beginning'}")
        return found[0].then

    def _is_so(self, when: Mapping[str, Any]) -> bool:
        return all(self._holds(slot, value) for slot, value in when.items())

    def _holds(self, slot: str, value: Any) -> bool:
        held = self.slots.get(slot)
        if value == ANY_OTHER:
            return held is not None and held not in self._map.slots[slot]["values"]
        return bool(held == value)


def _read(rule: Mapping[str, Any]) -> tuple[str | None, _Rule]:
    first, *rest = rule["steps"]
    then = tuple(step["action"] for step in rest if "action" in step)
    until = next(place for place, step in enumerate(rest) if "action" in step)
    plainly = [step for step in (*rule.get("condition", ()), *rest[:until]) if "or" not in step]
    common = {slot: value for slot, value in branches(plainly) if slot != "requested_slot"}
    either = [step["or"] for step in rest[:until] if "or" in step]
    ways = [dict(branches([one])) for one in either[0]] if either else [{}]
    return first.get("action"), _Rule(tuple({**common, **way} for way in ways), then)


def _applies(mapping: Mapping[str, Any], intent: str) -> bool:
    return intent not in mapping.get("not_intent", ()) and mapping.get("intent", intent) == intent
