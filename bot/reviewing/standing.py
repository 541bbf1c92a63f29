"""How the work of a team stands now, for those who do it: exact numbers, that stay in the team."""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from bot.figures import Spoken
from bot.reviewing import seeing
from bot.roles import Act, Actor, Place, Role, may, require
from bot.store import Damaged, Missing, Scope, Store, Transaction
from bot.store.standing import Answered, Waiting

AGES = (timedelta(weeks=4), timedelta(weeks=12))
"""How old open enquiries are told apart."""

LOOKED_BACK = timedelta(weeks=12)
"""Over which time closed enquiries and flags are counted."""

IN_TIME = timedelta(days=1)
"""Within which a flag is to be answered. Our own rule."""

LISTED = 10
"""Enquiries that each list names, those that have waited longest."""

VOICES = (Spoken.PERSON, Spoken.REPRESENTATIVE)

WORKED_OUT_AT_ONCE = 200
"""Enquiries of which what is still wanted is worked out for one page; more than that are brought up to date first."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted in open enquiries and has not happened yet, by voice and by how long ago it was first said."""

    person: tuple[int, ...]
    """As `AGES` tells them apart, the youngest first."""
    representative: tuple[int, ...]
    longest: Waiting
    """The enquiries in which something is wanted, in whose ever voice."""


@dataclass(frozen=True, slots=True)
class TeamNow:
    """How the work of one team stands."""

    team: str
    teams: tuple[tuple[str, str], ...]
    """Those that this reader may look at: ids and names."""
    team_id: str
    open_by_age: tuple[int, ...]
    """As `AGES` tells them apart, the youngest first."""
    wanted: Wanted | None
    """None while it is being worked out for a great many enquiries."""
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
            wanted=_wanted(seen, scope, now),
            not_asked=standing.not_asked(scope, LISTED),
            closed_without_review=standing.closed_without_review(scope, now - LOOKED_BACK, LISTED),
            flags=standing.flags(scope, now - LOOKED_BACK, now, IN_TIME),
        )


def _wanted(seen: Transaction, scope: Scope, now: datetime) -> Wanted | None:
    """Count what is still wanted. Of enquiries that have changed since that was worked out, it is worked out here."""
    kept = seen.standing.wanted(scope, LISTED)
    if len(kept.anew) > WORKED_OUT_AT_ONCE:
        return None
    days = {voice: Counter(kept.days[voice]) for voice in VOICES}
    longest, number = dict(kept.longest), kept.number
    for enquiry_id in kept.anew:
        # One that is damaged altogether is named by `verify`.
        with suppress(Damaged, Missing):
            if wanted := seen.facts_of(enquiry_id).wanted:
                number += 1
                longest[enquiry_id] = min(min(said) for said in wanted.values())
                for voice, said in wanted.items():
                    days[voice].update(said)
    first = sorted(longest.items(), key=lambda one: (one[1], one[0]))[:LISTED]
    since = {enquiry_id: datetime.combine(day, time(), UTC) for enquiry_id, day in first}
    person, representative = (_by_age(days[voice], now.date()) for voice in VOICES)
    return Wanted(person, representative, Waiting(number, seen.standing.waits(since)))


def _by_age(days: Mapping[date, int], today: date) -> tuple[int, ...]:
    bounds = (*AGES, timedelta.max)
    found = [0] * len(bounds)
    for day, number in days.items():
        found[next(at for at, bound in enumerate(bounds) if today - day <= bound)] += number
    return tuple(found)


def _scope(seen: Transaction, actor: Actor, team_id: str) -> Scope:
    """A restricted enquiry is counted for those alone who may find it in a list."""
    return Scope(
        frozenset({team_id}),
        actor.account_id,
        include_restricted=actor.role is not Role.PRACTITIONER,
        duty=team_id == seeing.duty_team_id(seen),
        allocated=False,
    )
