"""The long way through the interview, which passes every open question, and who walks it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.conversation import Speaker, Stage
from bot.project import load_interview
from tests.faults.houses import go_on_until_asked
from tests.walking import Shown, Walker

INTERVIEW = load_interview()
NAMES: Mapping[str, str] = {
    asking.wording.splitlines()[-1]: name.removeprefix("utter_ask_")
    for (name, speaker, stage), asking in INTERVIEW.responses.items()
    if (speaker, stage) == (Speaker.PERSON, Stage.FIRST) and name.startswith("utter_ask_")
}
"""The name of each question by the end of the heading that its page has; what is read back may come before."""

CHOSEN: Mapping[str, str] = {
    "private": "yes",
    "company": "nobody",
    "go_on": "yes",
    "communication": "more_time",
    "know_more": "no_thank_you",
    "involvement": "as_much_as_possible",
    "safe_now": "safe",
    "outcome_weight": "a_lot",
    "see_cards": "yes",
    "cards": "feel_safer",
    "together": "no",
    "contact_ways": "phone",
    "checked": "done",
    "copy_safe": "yes",
}
"""What is chosen at each question on the way. Of what the person said before, the first on offer is."""

OPEN_QUESTIONS = frozenset(
    name.removeprefix("utter_ask_")
    for name in INTERVIEW.reached[Speaker.PERSON, Stage.FIRST]
    if INTERVIEW.response(name).takes_words
)

LONGEST = 80
"""Pages; the road has fewer."""


@dataclass(frozen=True, slots=True)
class Passed:
    """One question on the way, as its page put it."""

    name: str
    choices: tuple[str, ...]
    takes_words: bool


def name_of(page: Shown) -> str:
    """The name of the question that a page asks; empty where it asks none."""
    return next((name for asked, name in NAMES.items() if f" {page.heading}".endswith(f" {asked}")), "")


def seen(page: Shown) -> Passed:
    """What a page asks, whatever order its choices are shown in, and wherever what is offered again was said."""
    offered = sorted(choice.partition(":")[0] for choice in page.choices)
    return Passed(name_of(page), tuple(offered), page.words is not None)


def choice_at(page: Shown, times_asked: int) -> str:
    """What is chosen at this question; one more thing to be different is wanted once."""
    name = name_of(page)
    if name == "more_outcomes":
        return "yes" if times_asked == 1 else "no"
    if name in CHOSEN:
        return CHOSEN[name]
    return min((choice for choice in page.choices if choice.startswith("turn:")), key=lambda one: int(one[5:]))


def asked(walker: Walker) -> str:
    """The name of the question that comes, once it has come."""
    return name_of(go_on_until_asked(walker).page)


def walk(walker: Walker, words: Callable[[str, int], str], *, until: str | None = None, times: int = 1) -> list[Passed]:
    """Answer every question, in words where they are taken, to the end or until a question is asked for this time.

    `words` is given the name of the question and how many came before it.
    """
    passed: list[Passed] = []
    for _ in range(LONGEST):
        page = go_on_until_asked(walker).page if walker.page.is_waiting else walker.page
        name = name_of(page)
        count = [one.name for one in passed].count(name) + 1
        if not name or (name == until and count == times):
            return passed
        passed.append(seen(page))
        if page.words is not None:
            walker.say(words(name, len(passed)))
        else:
            walker.choose(choice_at(page, count))
        assert walker.status == 200, (name, walker.status, walker.page.heading)
    raise AssertionError("the road has no end")


def plain(name: str, number: int) -> str:
    """Plain words for each open question, no two alike."""
    return f"I said this about {name.replace('_', ' ')}, as number {number}."
