"""How the work of a team stands now, for those who do it: exact numbers, that stay in the team."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.reviewing import seeing
from bot.roles import Act, Actor, Place, Role, may, require
from bot.store import Scope, Store, Transaction
from bot.store.standing import Answered, Waiting

AGES = (timedelta(weeks=4), timedelta(weeks=12))
"""How old open enquiries are told apart."""

LOOKED_BACK = timedelta(weeks=12)
"""Over which time closed enquiries and flags are counted."""

IN_TIME = timedelta(days=1)
"""Within which a flag is to be answered. Our own rule."""

LISTED = 10
"""Enquiries that each list names, those that have waited longest."""


@dataclass(frozen=True, slots=True)
class TeamNow:
    """How the work of one team stands."""

    team: str
    teams: tuple[tuple[str, str], ...]
    """Those that this reader may look at: ids and names."""
    team_id: str
    open_by_age: tuple[int, ...]
    """As `AGES` tells them apart, the youngest first."""
    not_asked: Waiting
    closed_without_review: Waiting
    flags: Answered


def team_now(store: Store, actor: Actor, team_id: str, now: datetime) -> TeamNow | None:
    """Count how the work of a team stands; of the first one they may look at where none is named.

    None where there is no team that they may look at. Raises NotAllowed.
    """
    with store.reading() as seen:
        teams = tuple(
            (one.team_id, one.name)
            for one in seen.teams.listed()
            if may(actor, Act.SEE_TEAM, Place(team_id=one.team_id))
        )
        if not team_id and not teams:
            return None
        chosen = team_id or teams[0][0]
        require(actor, Act.SEE_TEAM, Place(team_id=chosen))
        scope = _scope(seen, actor, chosen)
        standing = seen.standing
        return TeamNow(
            team=dict(teams).get(chosen, ""),
            teams=teams,
            team_id=chosen,
            open_by_age=standing.open_by_age(scope, now, AGES),
            not_asked=standing.not_asked(scope, LISTED),
            closed_without_review=standing.closed_without_review(scope, now - LOOKED_BACK, LISTED),
            flags=standing.flags(scope, now - LOOKED_BACK, now, IN_TIME),
        )


def _scope(seen: Transaction, actor: Actor, team_id: str) -> Scope:
    """A restricted enquiry is counted for those alone who may find it in a list."""
    return Scope(
        frozenset({team_id}),
        actor.account_id,
        include_restricted=actor.role is not Role.PRACTITIONER,
        duty=team_id == seeing.duty_team_id(seen),
        allocated=False,
    )
