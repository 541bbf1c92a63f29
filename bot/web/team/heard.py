"""The page of the Board pack on which people are heard: their words as they let them be quoted, and what was done."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from bot import quoting, responding
from bot.enquiry import Voice
from bot.figures import Period
from bot.quoting import Quote
from bot.responding import Answered
from bot.roles import RULES, Act
from bot.web.team import counted
from bot.web.team.enquiry import themes
from bot.web.team.pages import Item, TeamPage
from bot.web.team.shell import Signed, TeamRoute

HEARD = "/team/in-their-words"
PACK = "/team/pack"


@dataclass(frozen=True, slots=True)
class AnswerShown:
    """What people said, and what was done about it."""

    answered: Answered
    theme: str


@dataclass(frozen=True, slots=True)
class Voices:
    """Quotes in one voice."""

    heading: str
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardPage(TeamPage):
    """What people said in a year, and what was done about it."""

    template: ClassVar[str] = "team/heard.html"
    period: str
    address: str
    periods: tuple[tuple[str, str], ...]
    period_id: str
    back: Item
    voices: tuple[Voices, ...]
    """A person's own words and a representative's, apart."""
    answers: tuple[AnswerShown, ...]


async def show_heard(request: Request, signed: Signed) -> Response:
    """What people said in a year, and what was done about it: all of it may be published."""
    today = signed.now.date()
    year = counted.chosen_year(request.query_params.get("period", ""), today)
    period = Period.of_year(year)

    def find() -> tuple[Sequence[Quote], Sequence[Answered]]:
        store, actor = signed.desk.store, signed.actor
        return quoting.quotable(store, actor, period), responding.said_and_done(store, actor, period)

    quotes, answers = await to_thread.run_sync(find)
    headings = {Voice.PERSON: "People’s own words", Voice.ADVOCATE: "Words of those who spoke for somebody"}
    voices = (Voices(text, tuple(one for one in quotes if one.voice is voice)) for voice, text in headings.items())
    page = HeardPage(
        frame=signed.frame(),
        title="In their own words",
        period=period.label,
        address=HEARD,
        periods=counted.year_choices(today),
        period_id=str(year),
        back=Item("What difference did we make?", f"{PACK}?period={year}"),
        voices=tuple(one for one in voices if one.quotes),
        answers=answers_shown(answers),
    )
    return signed.shown(page)


def answers_shown(answers: Sequence[Answered]) -> tuple[AnswerShown, ...]:
    """Give what was done with the name of the theme that it answers."""
    labels = themes().labels
    return tuple(AnswerShown(one, labels.get(one.theme or "", "")) for one in answers)


routes: tuple[TeamRoute, ...] = (
    TeamRoute(HEARD, "heard", show_heard, "GET", frozenset(RULES[Act.SEE_PACK]), navigation="Board pack"),
)
