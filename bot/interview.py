"""The interview as it is worded: every question, what it offers, why it is asked, and another way to ask it.

The wording lives in `domain.yml`, where Rasa finds it too. Nothing here knows in which order questions come.
"""

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any

import yaml

from bot.conversation import Speaker, Stage
from bot.rules import reached

SPEAKERS = (Speaker.PERSON, Speaker.ADVOCATE, Speaker.PRACTITIONER)
"""Who can answer."""

A_SHORT_LIST = 3
"""Up to this many choices are shown forwards or backwards, so that a scale stays a scale; more begin somewhere else."""


class NotInInterview(LookupError):
    """The interview has no such response for this speaker at this stage. Says which."""


class AskingKind(StrEnum):
    """How something the bot says is answered, if it is."""

    WORDS = "words"
    CHOICE = "choice"
    CHOICES = "choices"
    FACES = "faces"
    CHECK = "check"
    """Everything is read back; one button says that it is right."""
    INFORMATION = "information"
    """Something is told; nothing is asked."""
    ENDING = "ending"
    """The conversation is over."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer on offer. Always words; a picture at most beside them."""

    id: str
    label: str = ""
    """Empty for something the person said before (`turn:20`): the page shows their words."""
    picture: str | None = None
    """The name of an OpenMoji sign, such as `1F60A`."""
    flag: str | None = None
    """What the team is told at once when this is chosen."""
    fixed: bool = False
    """Stays last when the others change places."""


@dataclass(frozen=True, slots=True)
class Asking:
    """How something is asked, or told, all of it: what a page shows beside the person's own words."""

    wording: str
    """May hold references (`turn:17`, `card:feel_safer`) and settings (`[[team]]`); the page shows what they mean."""
    kind: AskingKind
    part: str = ""
    """The part of the conversation it belongs to."""
    picture: str | None = None
    """The name of an OpenMoji sign that stands beside the question on paper."""
    hint: str = ""
    information: tuple[str, ...] = ()
    """What is told before it is asked, one paragraph each."""
    why: str = ""
    another_way: str = ""
    choices: tuple[Choice, ...] = ()
    choices_from: str | None = None
    """Offers what the person said before: outcomes, outcomes_to_rank or outcomes_but_plan_a. Then come `choices`."""
    rotate: bool = False
    """Whether the order of the choices changes from one conversation to the next."""
    skippable: bool = True
    how: str | None = None
    """How an answer to it is given, where it is not in free words."""
    on_check: bool = True
    """Whether the answer is read back before the end."""
    on_copy: bool = True
    """Whether the answer stands in the statement: never what would give away how or when someone can be reached."""
    tips: tuple[str, ...] = ()
    """How to ask it openly. What has tips is read out to the person; what has none is asked of whoever is there."""
    shows: str | None = None
    """What the team knows already and the page shows with it: `communication`."""
    private: bool = False
    """For the team alone: never on any copy, never read back, never shown to the person."""
    about_self: bool = False
    """Asked of the advocate about themselves: nobody else's words can be in the answer."""

    @property
    def takes_words(self) -> bool:
        """Whether it is answered in the person's own words."""
        return self.kind is AskingKind.WORDS

    @property
    def takes_many(self) -> bool:
        """Whether several choices may be picked."""
        return self.kind is AskingKind.CHOICES

    def to_json(self) -> str:
        """Write down how it was asked, to be kept with the turn; the wording is the turn's own."""
        told = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "wording"}
        told["choices"] = [
            {field.name: value for field in fields(one) if (value := getattr(one, field.name))} for one in self.choices
        ]
        return json.dumps(told, ensure_ascii=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, kept: str) -> "Asking":
        """Read how it was asked. Whatever else was kept with it is passed over."""
        return _as_kept(kept)

    @classmethod
    def from_utterance(cls, wording: str, custom: Mapping[str, Any]) -> "Asking":
        """Read what the dialogue engine uttered."""
        return _asking(wording, custom)


@dataclass(frozen=True, slots=True)
class Interview:
    """Every response of the interview, by name and speaker, and the version they are."""

    version: str
    """The digest of the text it was read from."""
    responses: Mapping[tuple[str, Speaker, Stage], Asking]
    reached: Mapping[tuple[Speaker, Stage], Sequence[str]]
    """The names of the questions that each conversation can come to, in their order."""
    headings: Mapping[tuple[Speaker, Stage], tuple[str, ...]]
    """The headings of the parts that each conversation can come to, in their order."""

    @classmethod
    def from_text(cls, domain: str, rules: str = "rules: []") -> "Interview":
        """Read the interview from the text of `domain.yml`, and its order from that of `data/rules.yml`."""
        told = read_yaml(domain)
        ruled = read_yaml(rules)["rules"]
        found: dict[tuple[str, Speaker, Stage], Asking] = {}
        for name, variations in told["responses"].items():
            for variation in variations:
                asking = _asking(variation["text"], variation.get("custom", {}))
                for speaker, stage in heard_by(variation):
                    found.setdefault((name, speaker, stage), asking)
        orders = {
            (speaker, stage): tuple(asked(told, reached(ruled, speaker, stage)))
            for speaker in SPEAKERS
            for stage in Stage
        }
        headings = {
            who: tuple(
                dict.fromkeys(
                    found[name, *who].part for name in names if (name, *who) in found and found[name, *who].part
                )
            )
            for who, names in orders.items()
        }
        return cls(
            version=hashlib.sha256(domain.encode()).hexdigest(), responses=found, reached=orders, headings=headings
        )

    def question(self, name: str, speaker: Speaker = Speaker.PERSON, stage: Stage = Stage.FIRST) -> Asking:
        """Give a question by the name its answers are kept under. Raises NotInInterview."""
        return self.response(f"utter_ask_{name}", speaker, stage)

    def response(self, name: str, speaker: Speaker = Speaker.PERSON, stage: Stage = Stage.FIRST) -> Asking:
        """Give anything the bot says by its name in `domain.yml`. Raises NotInInterview."""
        try:
            return self.responses[name, speaker, stage]
        except KeyError as error:
            raise NotInInterview(f"{name} has no wording for the {speaker} at the stage {stage}") from error

    def parts(self, speaker: Speaker = Speaker.PERSON, stage: Stage = Stage.FIRST) -> tuple[str, ...]:
        """Give the headings that a conversation can come to, in its order."""
        return self.headings[speaker, stage]


def asked(told: Mapping[str, Any], forms: Iterable[str]) -> Iterator[str]:
    """Give the names of the responses by which these forms ask: one of the form's own goes first."""
    for form in forms:
        for slot in told.get("forms", {}).get(form, {}).get("required_slots", ()):
            own = f"utter_ask_{form}_{slot}"
            yield own if own in told["responses"] else f"utter_ask_{slot}"


def read_yaml(text: str) -> Any:
    """Read YAML safely, by the fast reader where it is there."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 both are safe


def rotated(choices: Sequence[Choice], seed: str) -> tuple[Choice, ...]:
    """Give the choices in the order that belongs to the seed: always the same for one seed, even among many.

    People tend to pick what stands last. A short scale runs forwards or backwards; a longer list begins somewhere else;
    what is fixed ("I am not sure") stays at the end.
    """
    free = [choice for choice in choices if not choice.fixed]
    fixed = [choice for choice in choices if choice.fixed]
    drawn = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8])
    if len(free) > A_SHORT_LIST:
        start = drawn % len(free)
        free = free[start:] + free[:start]
    elif drawn % 2:
        free.reverse()
    return (*free, *fixed)


def heard_by(variation: Mapping[str, Any]) -> Sequence[tuple[Speaker, Stage]]:
    """Say for whom and when a variation is: as its condition says, or for every speaker, or at every stage."""
    named = {one["name"]: one["value"] for one in variation.get("condition", ())}
    speakers = [Speaker(named["speaker"])] if "speaker" in named else SPEAKERS
    stages = [Stage(named["stage"])] if "stage" in named else list(Stage)
    return [(speaker, stage) for speaker in speakers for stage in stages]


@lru_cache(maxsize=1024)
def _as_kept(kept: str) -> Asking:
    """Read what a long conversation shows again with every page. It is our own wording: nothing that was said."""
    return _asking("", json.loads(kept))


def _asking(wording: str, custom: Mapping[str, Any]) -> Asking:
    known = {field.name for field in fields(Asking)} - {"wording", "kind"}
    asking = Asking(wording, AskingKind(custom.get("kind", AskingKind.INFORMATION)))
    given = {name: value for name, value in custom.items() if name in known}
    given["information"] = tuple(given.get("information") or ())
    given["tips"] = tuple(given.get("tips") or ())
    given["choices"] = tuple(Choice(**choice) for choice in given.get("choices") or ())
    return replace(asking, **given)


def placeholders(wording: str) -> tuple[str, ...]:
    """Find the settings that a wording names: `[[phone]]` and the like."""
    return tuple(re.findall(r"\[\[([a-z_]+)\]\]", wording))
