"""What may be delivered to the box: references to turns and ids of choices. Words cannot get in, even by mistake.

A conversation is heard as a path of deliveries. How far it has been heard is a place: how many, and a running digest.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from enum import Enum
from typing import Any, NoReturn

MOST_AT_ONCE = 20
"""Deliveries in one request; a longer path comes in several."""
MOST_CHOICES = 50

CONVERSATION = re.compile(r"[0-9a-f]{32}")
DIGEST = re.compile(r"[0-9a-f]{64}")
CHOICE = re.compile(r"[a-z0-9_]{1,64}|turn:[0-9]{1,9}|outcome:[a-z0-9_]{1,40}")

STAGES = {"first", "check-in", "closing", "experience"}
SPEAKERS = {"person", "advocate", "practitioner"}
SKIPS = {"do_not_know", "do_not_want_to_say", "later", "not_for_me"} | {
    "asked_none_yet",
    "declined",
    "could_not_today",
    "not_asked",
}
"""How a question is not answered: four ways of whoever is asked, and four that only a practitioner can say."""


class Malformed(Exception):
    """What came is not a delivery. Says which part, never what was in it."""


class Intent(str, Enum):
    """What a delivery is. Rasa's own `restart`, `back` and `session_start` are not on this list and never will be."""

    BEGIN = "begin"
    WORDS = "words"
    CHOOSE = "choose"
    SKIP = "skip"


@dataclass(frozen=True)
class Delivery:
    """One turn of the person, by reference. For `begin`, `choice` is the stage and the speaker."""

    number: int
    intent: Intent
    choice: "tuple[str, ...]" = ()

    @property
    def reference(self) -> str:
        """All that Rasa ever sees of what was said."""
        return f"turn:{self.number}"


@dataclass(frozen=True)
class Place:
    """How far a conversation has been heard."""

    count: int
    digest: str

    @classmethod
    def beginning(cls, conversation_id: str) -> "Place":
        return cls(0, hashlib.sha256(conversation_id.encode()).hexdigest())

    def after(self, *deliveries: Delivery) -> "Place":
        """The place once these were heard too."""
        digest = self.digest
        for one in deliveries:
            line = f"{digest}|{one.number}|{one.intent.value}|{','.join(one.choice)}"
            digest = hashlib.sha256(line.encode()).hexdigest()
        return Place(self.count + len(deliveries), digest)


@dataclass(frozen=True)
class Heard:
    """Where a conversation stands, and the reply that said so."""

    place: Place
    reply: "dict[str, Any]"


@dataclass(frozen=True)
class Deliveries:
    """Turns to be heard in order, and the place they follow."""

    conversation_id: str
    after: Place
    turns: "tuple[Delivery, ...]"


def read_deliveries(body: bytes) -> Deliveries:
    """The deliveries in a request. Raises Malformed for anything else."""
    told = _members(body, {"conversation_id", "after", "turns"})
    conversation_id = _matching(told["conversation_id"], CONVERSATION, "conversation_id")
    after = _place(told["after"])
    if after.count == 0 and after != Place.beginning(conversation_id):
        _refuse("after")
    turns = told["turns"]
    if not isinstance(turns, list) or not 1 <= len(turns) <= MOST_AT_ONCE:
        _refuse("turns")
    return Deliveries(conversation_id, after, tuple(_delivery(turn, after.count + n) for n, turn in enumerate(turns)))


def read_conversation_id(body: bytes) -> str:
    """The conversation that a request to forget names. Raises Malformed for anything else."""
    return _matching(_members(body, {"conversation_id"})["conversation_id"], CONVERSATION, "conversation_id")


def _place(told: object) -> Place:
    if not isinstance(told, dict) or set(told) != {"count", "digest"}:
        _refuse("after")
    return Place(_whole_number(told["count"], "count"), _matching(told["digest"], DIGEST, "digest"))


def _delivery(told: object, position: int) -> Delivery:
    if not isinstance(told, dict) or set(told) != {"number", "intent", "choice"}:
        _refuse("turn")
    number = _whole_number(told["number"], "number")
    try:
        intent = Intent(told["intent"])
    except ValueError:
        raise Malformed("intent") from None
    choice = told["choice"]
    if not isinstance(choice, list) or len(choice) > MOST_CHOICES or not all(isinstance(one, str) for one in choice):
        _refuse("choice")
    if (intent is Intent.BEGIN) != (position == 0):
        _refuse("intent")
    if intent is Intent.BEGIN:
        fits = number == 0 and len(choice) == 2 and choice[0] in STAGES and choice[1] in SPEAKERS
        return Delivery(number, intent, tuple(choice)) if fits else _refuse("choice")
    ids = tuple(_matching(one, CHOICE, "choice") for one in choice)
    fits = {
        Intent.WORDS: not ids,
        Intent.CHOOSE: bool(ids),
        Intent.SKIP: len(ids) == 1 and ids[0] in SKIPS,
    }[intent]
    return Delivery(number, intent, ids) if fits else _refuse("choice")


def _members(body: bytes, names: "set[str]") -> "dict[str, object]":
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        raise Malformed("body") from None
    if not isinstance(told, dict) or set(told) != names:
        _refuse("body")
    return told


def _matching(told: object, pattern: "re.Pattern[str]", part: str) -> str:
    return told if isinstance(told, str) and pattern.fullmatch(told) else _refuse(part)


def _whole_number(told: object, part: str) -> int:
    return told if type(told) is int and 0 <= told < 10**9 else _refuse(part)


def _refuse(part: str) -> NoReturn:
    raise Malformed(part)
