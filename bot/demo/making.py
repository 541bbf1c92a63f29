"""A store filled with what nobody said: teams, people, enquiries, and conversations in every state, marked as made up.

Everything is made by the store's own verbs, so seals, chains and proofs are those of real words. Only a store that
holds nothing else takes it, and it stays a made-up one for good: every page of the team says so.
"""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.demo.answered import answer_people
from bot.demo.teamwork import MADE_UP, Done, Shape, Team, Teamwork, drawing
from bot.demo.telling import Tools
from bot.demo.voice import Voice
from bot.roles import Role
from bot.signing_in import make_link
from bot.store import Audited, LinkPurpose, Store, StoreError, Transaction

EMAIL_AT = "made-up.example"
"""No mail goes there: the name is kept for examples (RFC 2606)."""

AT_ONCE = {Shape.WORK: 25, Shape.YEAR: 500}
"""Enquiries that are kept together."""
AUDITED_AT_ONCE = 5_000

IN_A_TEAM = (Role.MANAGER, Role.MANAGER, Role.PRACTITIONER, Role.PRACTITIONER, Role.PRACTITIONER)
BESIDE_TEAMS = (Role.ADVOCATE, Role.AUDITOR, Role.BOARD_MEMBER, Role.ADMINISTRATOR)


class HoldsSomethingElse(StoreError):
    """The store holds what was not made up; nothing made up may stand beside it."""

    def __init__(self) -> None:
        super().__init__(
            "This database holds something that is not made up, and made-up data stays apart from it. "
            "Set OWNWORDS_DATA and OWNWORDS_ROOT_KEY to new places, then run this again."
        )


@dataclass(frozen=True, slots=True)
class Welcomed:
    """Somebody made up, and the one-time link by which they choose how to sign in."""

    role: Role
    name: str
    email: str
    team: str
    """Empty for those who belong to no team."""
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MadeUp:
    """What was made."""

    people: Sequence[Welcomed]
    enquiries: int
    conversations: int
    turns: int


def make_up(
    store: Store,
    tools: Tools,
    *,
    enquiries: int,
    teams: int,
    seed: int,
    now: datetime,
    told: Callable[[int], None],
    shape: Shape = Shape.WORK,
    hands: int = 1,
) -> MadeUp:
    """Make so many enquiries with all that belongs to them. `told` hears how many there are, now and then.

    `hands`: how many processes work on it side by side. In an empty store the same seed at the same `now` gives the
    same words and times. Raises HoldsSomethingElse.
    """
    with store.begin() as kept:
        before = _made_before(kept)
        kept.council.mark_made_up(now)
        people, teamwork = _people(kept, tools, teams, seed, now, shape)
    done, audited = Done(0, 0, 0, ()), list[Audited]()
    for part in _by_hands(store, teamwork, range(before + 1, before + enquiries + 1), AT_ONCE[shape], hands):
        audited += part.audited
        done = Done(
            done.enquiries + part.enquiries, done.conversations + part.conversations, done.turns + part.turns, ()
        )
        told(done.enquiries)
    with store.begin() as kept:
        managers = [one.account_id for one in kept.accounts.listed() if one.role is Role.MANAGER]
        audited += answer_people(kept, tools.words.pools["done"], managers, teamwork.until)
    audited.sort(key=lambda deed: (deed.at, deed.act))
    for start in range(0, len(audited), AUDITED_AT_ONCE):
        with store.begin() as kept:
            kept.audit.add_all(audited[start : start + AUDITED_AT_ONCE])
    return MadeUp(people, done.enquiries, done.conversations, done.turns)


def _made_before(kept: Transaction) -> int:
    """Say how many made-up enquiries there are already. Raises HoldsSomethingElse."""
    listed = kept.enquiries.listed()
    if not all((one.reference or "").startswith(MADE_UP) for one in listed):
        raise HoldsSomethingElse
    is_empty = not (listed or kept.accounts.listed() or kept.teams.listed(closed=True) or kept.conversations.listed())
    if not (is_empty or kept.council.is_made_up()):
        raise HoldsSomethingElse
    return len(listed)


# --- teams and people ------------------------------------------------------------------------------------------------


def _people(
    kept: Transaction, tools: Tools, teams: int, seed: int, now: datetime, shape: Shape
) -> tuple[Sequence[Welcomed], Teamwork]:
    """Make teams and whoever works in them, or find them again."""
    draw = drawing(seed, "people")
    voice = Voice(tools.words, draw)
    towers = draw.sample(tools.words.pools["towers"], len(tools.words.pools["towers"]))
    there = {team.name: team.team_id for team in kept.teams.listed(closed=True)}
    found: list[Welcomed] = []
    made: list[Team] = []
    for number in range(1, teams + 1):
        name = f"{towers[(number - 1) % len(towers)]} team {number} (made up)"
        team_id = there.get(name) or kept.teams.add(name, now)
        accounts = [_person(kept, role, place, number, team_id, voice, now) for place, role in enumerate(IN_A_TEAM, 1)]
        found += [replace(one, team=name) for _, one in accounts]
        by_role = {role: [account_id for account_id, one in accounts if one.role is role] for role in IN_A_TEAM}
        made.append(Team(team_id, by_role[Role.MANAGER], by_role[Role.PRACTITIONER]))
    beside = [_person(kept, role, 1, 0, None, voice, now) for role in BESIDE_TEAMS]
    advocate = next(account_id for account_id, one in beside if one.role is Role.ADVOCATE)
    return [*found, *(one for _, one in beside)], Teamwork(tools, seed, now, shape, made, advocate)


def _person(
    kept: Transaction, role: Role, place: int, team: int, team_id: str | None, voice: Voice, now: datetime
) -> tuple[str, Welcomed]:
    email = f"{role.value.replace('_', '-')}.{place}@{f'team-{team}.' if team else ''}{EMAIL_AT}"
    name = f"{voice.somebody()} (made up)"
    account = kept.accounts.find(email)
    if account is None:
        ids = [] if team_id is None else [team_id]
        account_id = kept.accounts.add(role=role, name=name, email=email, team_ids=ids, now=now)
    else:
        account_id, name = account.account_id, account.name
    secret = make_link(kept, account_id, LinkPurpose.WELCOME, now)
    return account_id, Welcomed(role, name, email, "", secret)


# --- by one hand or several ------------------------------------------------------------------------------------------


def _by_hands(store: Store, teamwork: Teamwork, numbers: range, at_once: int, hands: int) -> Iterator[Done]:
    """Make these enquiries, so many at a time, and give what was made each time."""
    parts = [numbers[start : start + at_once] for start in range(0, len(numbers), at_once)]
    if hands < 2 or len(parts) < 2:
        for part in parts:
            yield _make(store, teamwork, part, nullcontext())
        return
    # Forked: a data key or a proof key never leaves memory on its way to another process.
    context = multiprocessing.get_context("fork")
    store.close()
    with ProcessPoolExecutor(hands, context, _take_over, (_Hand(store, teamwork, context.Lock()),)) as pool:
        for made in as_completed([pool.submit(_make_here, part) for part in parts]):
            yield made.result()


@dataclass(frozen=True, slots=True)
class _Hand:
    """What a process works with that was forked off."""

    store: Store
    teamwork: Teamwork
    turn: AbstractContextManager[object]
    """One at a time keeps what it made."""


_HERE: list[_Hand] = []


def _take_over(hand: _Hand) -> None:
    _HERE.append(hand)


def _make_here(numbers: range) -> Done:
    hand = _HERE[0]
    return _make(hand.store, hand.teamwork, numbers, hand.turn)


def _make(store: Store, teamwork: Teamwork, numbers: range, turn: AbstractContextManager[object]) -> Done:
    with store.gathering(turn) as (kept, gathered):
        for number in numbers:
            teamwork.enquiry(kept, gathered, number)
    return teamwork.done()
