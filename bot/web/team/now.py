"""The page of how a team's work stands now. Exact numbers, for those who do the work."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from urllib.parse import urlencode

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from bot import charts
from bot.charts import Bar, Chart, Fill
from bot.reviewing import standing
from bot.reviewing.standing import TeamNow, Wanted
from bot.roles import RULES, Act
from bot.store.standing import Answered, Waiting
from bot.web.team.pages import Item, TeamPage
from bot.web.team.shell import Signed, TeamRoute

NOW = "/team/now"

AGES = ("Opened in the last 4 weeks", "4 to 12 weeks ago", "More than 12 weeks ago")
SAID = ("In the last 4 weeks", *AGES[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class NowPage(TeamPage):
    """How the work of one team stands."""

    template: ClassVar[str] = "team/figures_team.html"
    at: datetime
    now: TeamNow | None
    """None where there is no team to look at."""
    teams: tuple[Item, ...] = ()
    open: Chart | None = None
    open_said: str = ""
    wanted: Chart | None = None
    wanted_said: str = ""
    wanted_for: Chart | None = None
    """What representatives said; None where they said nothing that is still wanted."""
    wanted_for_said: str = ""
    flags: Chart | None = None
    flags_said: str = ""
    not_asked_said: str = ""
    closed_said: str = ""


async def show_now(request: Request, signed: Signed) -> Response:
    """How the work of a team stands."""
    asked = request.query_params.get("team", "")
    now = await to_thread.run_sync(standing.team_now, signed.desk.store, signed.actor, asked, signed.now)
    title = "How the work stands"
    if now is None:
        return signed.shown(NowPage(frame=signed.frame(), title=title, at=signed.now, now=None))
    represented = now.wanted.representative if now.wanted else ()
    page = NowPage(
        frame=signed.frame(),
        title=title,
        at=signed.now,
        now=now,
        teams=tuple(
            Item(name, f"{NOW}?{urlencode({'team': team_id})}", team_id == now.team_id) for team_id, name in now.teams
        ),
        open=_by_age("open-chart", "Open enquiries by age", AGES, now.open_by_age),
        open_said=_open_said(now.open_by_age),
        wanted=_by_age("wanted-chart", "What people want, by when it was first said", SAID, now.wanted.person)
        if now.wanted
        else None,
        wanted_said=_wanted_said(now.wanted),
        wanted_for=_by_age(
            "wanted-for-chart", "What those who speak for people want, by when it was first said", SAID, represented
        ),
        wanted_for_said=_wanted_for_said(represented),
        flags=charts.parts("flags-chart", "Flags by how soon they were answered", _answers(now.flags))
        if now.flags.number
        else None,
        flags_said=_flags_said(now.flags),
        not_asked_said=_not_asked_said(now.not_asked),
        closed_said=_closed_said(now.closed_without_review),
    )
    return signed.shown(page)


def _by_age(chart_id: str, title: str, ages: tuple[str, ...], counted: tuple[int, ...]) -> Chart | None:
    if not any(counted):
        return None
    bars = (Bar(label, f"{count:,}", count / max(counted)) for label, count in zip(ages, counted, strict=True))
    return charts.bars(chart_id, title, tuple(bars))


def _answers(flags: Answered) -> tuple[Bar, ...]:
    whole = max(flags.number, 1)
    return tuple(
        Bar(label, f"{count:,}", count / whole, fill)
        for label, count, fill in (
            ("Answered within a day", flags.in_time, Fill.FIRST),
            ("Answered later", flags.late, Fill.SECOND),
            ("Not answered, raised within a day", flags.due, Fill.FOURTH),
            ("Not answered for more than a day", flags.overdue, Fill.THIRD),
        )
    )


def _open_said(counted: tuple[int, ...]) -> str:
    number = sum(counted)
    if not number:
        return "No enquiry is open."
    old = counted[-1]
    those = _enquiries(number, "is open", "are open")
    return f"{those}, none of them for more than 12 weeks." if not old else f"{those}, {old:,} for more than 12 weeks."


def _wanted_said(wanted: Wanted | None) -> str:
    if wanted is None:
        return "Much has changed, and this is being worked out. Look again in a minute."
    if not any(wanted.person):
        return "Nothing that people want is still to happen."
    return _still_to_happen("people want", wanted.person)


def _wanted_for_said(counted: tuple[int, ...]) -> str:
    return _still_to_happen("those who speak for people want", counted) if any(counted) else ""


def _still_to_happen(what: str, counted: tuple[int, ...]) -> str:
    number, old = sum(counted), counted[-1]
    those = "1 thing is" if number == 1 else f"{number:,} things are"
    which = "" if number == 1 else f"{old:,} of them " if old else "none of them "
    ago = f", {which}first said more than 12 weeks ago" if old or which else ""
    return f"Of what {what}, {those} still to happen{ago}."


def _flags_said(flags: Answered) -> str:
    if not flags.number:
        return "No flag was raised."
    raised = "1 flag was raised" if flags.number == 1 else f"{flags.number:,} flags were raised"
    waits = flags.overdue
    if not waits:
        return f"{raised}, and {flags.in_time:,} answered within a day. No flag has waited longer for an answer."
    have = "1 has" if waits == 1 else f"{waits:,} have"
    return f"{raised}, and {flags.in_time:,} answered within a day. {have} waited longer for an answer."


def _not_asked_said(waiting: Waiting) -> str:
    if not waiting.number:
        return "In every open enquiry somebody was asked what they want, or it is recorded why not."
    those = _enquiries(waiting.number, "is open in which", "are open in which")
    return f"{those} no first conversation was held, and nothing is recorded about asking."


def _closed_said(waiting: Waiting) -> str:
    if not waiting.number:
        return "Wherever an enquiry was closed, somebody was asked in the end what came of it."
    those = _enquiries(waiting.number, "was closed", "were closed")
    return f"{those} without a closing conversation."


def _enquiries(number: int, one: str, several: str) -> str:
    return f"1 enquiry {one}" if number == 1 else f"{number:,} enquiries {several}"


routes: tuple[TeamRoute, ...] = (
    TeamRoute(NOW, "now", show_now, "GET", frozenset(RULES[Act.SEE_TEAM]), navigation="Team"),
)
