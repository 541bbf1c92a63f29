"""The interview on paper: all that one conversation can come to, in an order in which it can be written on.

A page on a screen asks one thing after another; paper lies there as a whole. So a question says on paper when it is to
be answered, what can be said several times has room for several times, and what only leads on is left out.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.conversation import Speaker, Stage
from bot.interview import Asking, Interview

LEFT_OUT = frozenset({"checked", "more_outcomes", "earlier_form_more_outcomes", "see_cards"})
"""Questions that only lead from page to page."""

TIMES = 3
"""How often there is room for what can be said several times."""
ABOUT_ONE_THING = (
    ("outcome", "outcome_sign", "outcome_weight"),
    ("earlier_form_outcome",),
    ("outcome_now", "outcome_again", "outcome_why", "outcome_difference"),
    ("happened", "difference"),
    ("practitioner_verdict",),
)
"""Questions about one thing that is wanted: asked together, as often as there are such things."""

ANSWERED_IF: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "go_on_slowly": ("go_on", ("not_sure",)),
    "interpreter_name": ("interpreter", ("yes",)),
    "interpreter_language": ("interpreter", ("yes",)),
    "communication": ("communication_still", ("no",)),
    "communication_words": ("communication_still", ("no",)),
    "outcome_again": ("outcome_now", ("say_differently",)),
    "outcome_why": ("outcome_now", ("say_differently", "no_longer_want")),
    "outcome_difference": ("outcome_now", ("has_happened",)),
    "outcome": ("anything_new", ("yes",)),
    "outcome_sign": ("anything_new", ("yes",)),
    "outcome_weight": ("anything_new", ("yes",)),
    "apart": ("together", ("no",)),
    "plan_a": ("together", ("no",)),
    "plan_b": ("together", ("no",)),
    "plan_words": ("together", ("no",)),
}
"""For a question that hangs on another one, where that one is asked: which of its choices lead to it."""

COPIED = frozenset({"outcome_now", "happened", "practitioner_verdict", "card_form_outcome"})
"""Questions about words that are on no sheet before: there is room to copy them."""

SHORT = frozenset(
    {
        "advocate_name",
        "practitioner_name",
        "practitioner_role",
        "interpreter_name",
        "interpreter_language",
        "contact_code_word",
    }
)
"""Questions that a line or two answer."""
LINES, LINES_FOR_ANOTHER, FEW_LINES = 5, 4, 2
"""Whoever fills a paper in for the person has more to tick beside each answer, and two questions fit on a page."""

REFERS = re.compile(r"\{[a-z_]+\}")


class Need(StrEnum):
    """What must be so for a question to make sense, other than an answer on the same paper."""

    TWO_THINGS = "two_things"
    """At least two things are wanted."""
    NOTHING_SAID = "nothing_said"
    """Nobody has written down before what is wanted."""


NEEDS = {
    "matters_most": Need.TWO_THINGS,
    "together": Need.TWO_THINGS,
    "earlier_form_outcome": Need.NOTHING_SAID,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A question is answered if one of these was ticked at another one."""

    number: int
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """One question on paper."""

    number: int
    name: str
    asking: Asking
    leading: str
    """What leads up to words that are copied here: "You said:"; "" where there are none."""
    wording: str
    another_way: str
    lines: int
    """How many lines there are to write on."""
    condition: Condition | None
    need: Need | None


@dataclass(frozen=True, slots=True)
class Block:
    """Questions that belong together, and how often there is room for them."""

    questions: tuple[Question, ...]
    times: int


@dataclass(frozen=True, slots=True)
class Part:
    """What stands under one heading."""

    heading: str
    blocks: tuple[Block, ...]
    is_for_the_team: bool
    """Whether it is a sheet of its own, that the person does not see."""


def on_paper(interview: Interview, speaker: Speaker, stage: Stage) -> tuple[Part, ...]:
    """Give the parts of a conversation in their order; what is for the team alone comes last."""
    names = _in_order(interview, speaker, stage)
    numbers = {name: number for number, name in enumerate(names, 1)}
    questions = {name: _question(interview, speaker, stage, name, numbers) for name in names}
    return tuple(
        Part(heading, tuple(_blocks([questions[name] for name in under])), is_for_the_team)
        for (is_for_the_team, heading), under in _parts(interview, speaker, stage, names).items()
    )


def _in_order(interview: Interview, speaker: Speaker, stage: Stage) -> list[str]:
    reached = [name.removeprefix("utter_ask_") for name in interview.reached[speaker, stage]]
    asked = [name for name in dict.fromkeys(reached) if name not in LEFT_OUT]
    return [name for under in _parts(interview, speaker, stage, asked).values() for name in under]


def _parts(
    interview: Interview, speaker: Speaker, stage: Stage, names: Sequence[str]
) -> dict[tuple[bool, str], list[str]]:
    parts: dict[tuple[bool, str], list[str]] = {}
    for name in names:
        asking = interview.question(name, speaker, stage)
        parts.setdefault((asking.private, asking.part), []).append(name)
    return dict(sorted(parts.items(), key=lambda part: part[0][0]))


def _question(interview: Interview, speaker: Speaker, stage: Stage, name: str, numbers: Mapping[str, int]) -> Question:
    asking = interview.question(name, speaker, stage)
    before, _, wording = asking.wording.rpartition("\n")
    other, choices = ANSWERED_IF.get(name, ("", ()))
    condition = None
    if other in numbers:
        offered = interview.question(other, speaker, stage).choices
        condition = Condition(numbers[other], tuple(one.label for one in offered if one.id in choices))
    return Question(
        number=numbers[name],
        name=name,
        asking=asking,
        leading=REFERS.sub("", before).strip() if name in COPIED else "",
        wording=REFERS.sub("…", wording),
        another_way=REFERS.sub("…", asking.another_way.rpartition("\n")[2]),
        lines=_lines(name, asking, speaker),
        condition=condition,
        need=NEEDS.get(name),
    )


def _lines(name: str, asking: Asking, speaker: Speaker) -> int:
    if asking.choices_from is not None:
        return TIMES if asking.choices_from == "outcomes_to_rank" else FEW_LINES
    if not asking.takes_words:
        return 0
    if name in SHORT:
        return FEW_LINES
    return LINES if speaker is Speaker.PERSON else LINES_FOR_ANOTHER


def _blocks(questions: Sequence[Question]) -> Iterator[Block]:
    waiting = list(questions)
    while waiting:
        together = _together(waiting[0].name, [question.name for question in waiting])
        yield Block(
            tuple(question for question in waiting if question.name in together),
            TIMES if any(waiting[0].name in names for names in ABOUT_ONE_THING) else 1,
        )
        waiting = [question for question in waiting if question.name not in together]


def _together(name: str, waiting: Collection[str]) -> Collection[str]:
    return next((names for names in ABOUT_ONE_THING if name in names and set(names) & set(waiting)), (name,))
