"""Two hundred things that look like commands, each at every step of the interview, against the real dialogue engine.

Rasa takes `/restart` for an order and `/words{"outcome": "x"}` for a slot to fill. Here both are words. Where a choice
is asked for they are no answer, and nothing comes of them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from bot.conversation import Kind, Speaker, Turn, standing
from tests.abuse.measuring import Length, Row, counted, proven
from tests.boxes import trained_model
from tests.faults.houses import TroubledHouse, conversation_of, go_on_until_asked
from tests.faults.roads import LONGEST, Passed, choice_at, name_of, plain, seen, walk
from tests.walking import Walker

HOW_MANY = 200
BEFORE = ("/", " /", "\t/", "\n/", "//", "\u2215", "\uff0f", "\ufeff/", "\u200b/", "EXTERNAL: ", "EXTERNAL: /")
NAMES = (
    "restart",
    "back",
    "session_start",
    "words",
    "choose",
    "skip",
    "begin",
    "utter_done",
    "action_listen",
    "forget",
)
AFTER = (
    "",
    "{}",
    '{"outcome": "x"}',
    '{"speaker": "advocate", "stage": "closing"}',
    '{"next_card": null}@0.9',
    "{{7*7}}",
    "[yes](safe_now)",
)
TEMPLATES = (
    "{outcome}",
    "{0.__class__.__mro__}",
    "{{config}}",
    "{% for a in [] %}",
    "${jndi:ldap://x}",
    "#{7*7}",
    "<%= 7*7 %>",
    "%(words)s %n %s",
    "{{self._TemplateReference__context}}",
    "turn:1 turn:2",
    "outcome:00000000_0",
    "card:feel_safer",
    "[[team]] {answer} {next_outcome}",
    '{"intent": {"name": "restart"}, "text": "/restart"}',
    "```\n/restart\n```",
    "/restart\n/restart\n/restart",
)


def variants() -> tuple[str, ...]:
    """Give two hundred, no two alike: of Rasa's own kind, spread over all that they can be made of, then templates."""
    made = ["".join(parts) for parts in product(BEFORE, NAMES, AFTER)]
    wanted = HOW_MANY - len(TEMPLATES)
    # One place in each of so many equal parts, and never the same place in two: every part of every kind comes up.
    spread = [made[place * len(made) // wanted] for place in range(wanted)]
    return (*spread, *TEMPLATES)


@dataclass
class Went:
    """What came of one way through the interview."""

    tried: int = 0
    wrong: list[str] = field(default_factory=list)


def go_through(house: TroubledHouse, road: Sequence[Passed], commands: Sequence[str]) -> Went:
    """Go the whole way with the next of these at each step: an answer where words are asked for, refused elsewhere."""
    went = Went()
    given: list[str] = []
    passed: list[Passed] = []
    with house.browser() as browser, house.store() as store:
        walker = Walker(browser).begin()
        conversation_id = conversation_of(walker.page)

        def kept() -> tuple[Turn, ...]:
            with store.reading() as seen:
                return seen.conversations.turns(conversation_id)

        for step in range(LONGEST):
            page = go_on_until_asked(walker).page if walker.page.is_waiting else walker.page
            name = name_of(page)
            if not name:
                break
            command = commands[step % len(commands)]
            passed.append(seen(page))
            went.tried += 1
            if page.words is not None:
                walker.say(command)
                given.append(command)
                if walker.status != 200:
                    went.wrong.append(f"at {name} command {step} is answered with {walker.status}")
                    return went
                continue
            before = len(kept())
            for refused in (walker.press("answer", words=command), walker.press("answer", choice=[command])):
                if refused.status != 422 or name_of(walker.page) != name:
                    went.wrong.append(f"at {name} command {step} is taken for a choice")
            if len(kept()) != before:
                went.wrong.append(f"at {name} command {step} is kept as a choice")
            walker.choose(choice_at(page, [one.name for one in passed].count(name)))
        turns = kept()
    if passed != list(road):
        went.wrong.append(f"the way through was another one from step {_parting(passed, road)}")
    if [turn.words for turn in turns if turn.kind is Kind.WORDS] != given:
        went.wrong.append("what was said is not what is kept")
    if {turn.speaker for turn in turns} != {Speaker.PERSON, Speaker.BOT} or not standing(turns).path:
        went.wrong.append("somebody else spoke, or the way is gone")
    return went


def _parting(one: Sequence[Passed], other: Sequence[Passed]) -> int:
    return next((place for place, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), len(one))


def measured(length: Length, folder: Path) -> Iterator[Row]:
    """Open a house, and go through it until each has been tried at each step; in the short form once."""
    trained_model()
    house = TroubledHouse(folder / "house")
    house.take_the_trained_model()
    try:
        house.open().wait_until_ready()
        with house.browser() as browser:
            road = walk(Walker(browser).begin(), plain)
        yield from measured_in(house, road, length)
    finally:
        house.close()


def measured_in(house: TroubledHouse, road: Sequence[Passed], length: Length) -> Iterator[Row]:
    """Do it in a house that is open."""
    every = variants()
    began = range(HOW_MANY) if length is Length.LONG else range(0, HOW_MANY, HOW_MANY // 4)
    went = [go_through(house, road, [*every[first:], *every[:first]]) for first in began]
    told = f"{HOW_MANY} commands at {len(road)} steps: taken for anything but words"
    yield counted(told, [wrong for one in went for wrong in one.wrong], sum(one.tried for one in went), "0")
    otherwise = [*road[:-1]]
    yield proven("a step that was left out", is_found=bool(go_through(house, otherwise, every).wrong))
