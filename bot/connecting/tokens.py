"""Tokens: made and ended by administrators, each for some teams, for some things and for a time.

Whoever makes one sees its secret once; it is kept nowhere. What a token is for never becomes more.
"""

import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from anyio import to_thread

from bot import signing_in
from bot.programs import Grant, Program
from bot.roles import Act, Actor, require, require_proven
from bot.signing_in import Gate, NotDone
from bot.store import AuditAct, Missing, Store, Taken, Token, Transaction

BEGINNING = "ownwords_"
"""How every secret begins, so that a scanner for lost secrets knows one when it sees it."""
SECRET_BYTES = 32
SHAPE = re.compile(BEGINNING + "[A-Za-z0-9_-]{43}")

LONGEST_NAME = 200
LASTS = (30, 90, 365)
"""Days. A token that nobody renews ends by itself."""


class NotLetIn(Exception):
    """There is no token, or not one that is good: which of these it is, nobody is told."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a token is to be for."""

    name: str
    grants: frozenset[Grant]
    team_ids: frozenset[str]
    days: int


@dataclass(frozen=True, slots=True)
class Made:
    """A token just made. The secret is shown once and kept nowhere."""

    token: Token
    secret: str = field(repr=False)


# --- made and ended --------------------------------------------------------------------------------------------------


def tokens(store: Store, actor: Actor) -> tuple[Token, ...]:
    """List all tokens, ended ones too. Raises NotAllowed."""
    require(actor, Act.MANAGE_TOKENS)
    with store.reading() as seen:
        return seen.tokens.listed()


def token(store: Store, actor: Actor, token_id: str) -> Token:
    """Give one token. Raises NotAllowed, Missing."""
    require(actor, Act.MANAGE_TOKENS)
    with store.reading() as seen:
        return seen.tokens.get(token_id)


def make_token(store: Store, actor: Actor, wanted: Wanted, now: datetime) -> Made:
    """Make a token. Managers of each of its teams find it in the audit. Raises NotDone, ProofNeeded, Missing."""
    require_proven(actor, Act.MANAGE_TOKENS, now)
    with store.begin() as kept:
        name = _checked(kept, wanted, now)
        # Words without the enquiries they were said in would be of no use to anybody.
        also = {Grant.ENQUIRIES} if Grant.WORDS in wanted.grants else set[Grant]()
        secret = BEGINNING + secrets.token_urlsafe(SECRET_BYTES)
        token_id = kept.tokens.add(
            signing_in.hash_of(secret),
            name,
            now,
            grants=wanted.grants | also,
            team_ids=wanted.team_ids,
            made_by=actor.account_id,
            valid_until=now + timedelta(days=wanted.days),
        )
        made = kept.tokens.get(token_id)
        _changed(kept, actor, "made", made, now)
        return Made(made, secret)


def end_token(store: Store, actor: Actor, token_id: str, now: datetime) -> None:
    """End a token: from this moment it lets nobody in. Raises NotDone, ProofNeeded, Missing."""
    require_proven(actor, Act.MANAGE_TOKENS, now)
    with store.begin() as kept:
        try:
            kept.tokens.end(token_id, now)
        except Taken as error:
            raise NotDone("This token was ended before.") from error
        _changed(kept, actor, "ended", kept.tokens.get(token_id), now)


def _checked(kept: Transaction, wanted: Wanted, now: datetime) -> str:
    name = wanted.name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise NotDone("Give the program a name, as colleagues know it.")
    if any(one.is_good(now) and one.name.casefold() == name.casefold() for one in kept.tokens.listed()):
        raise NotDone("There is a token with this name already. End that one first, or choose another name.")
    if not wanted.grants:
        raise NotDone("Choose at least one thing that the program may have.")
    if wanted.team_ids - {one.team_id for one in kept.teams.listed()}:
        raise Missing("There is no such team.")
    if not wanted.team_ids:
        raise NotDone("Choose at least one team.")
    if wanted.days not in LASTS:
        raise NotDone("Choose how long it is to work.")
    return name


def _changed(kept: Transaction, actor: Actor, what: str, of: Token, now: datetime) -> None:
    for team_id in sorted(of.team_ids):
        about = f"token.{what}.{of.token_id}"
        kept.audit.add(AuditAct.CHANGED, now, account_id=actor.account_id, team_id=team_id, about=about)


# --- at the door -----------------------------------------------------------------------------------------------------


def admitted(store: Store, secret: str, now: datetime) -> Program | str:
    """Give the program that came with a good token; else the fixed word, or the token, that the audit names."""
    if SHAPE.fullmatch(secret) is None:
        return "program"
    with store.reading() as seen:
        found = seen.tokens.find(signing_in.hash_of(secret))
    if found is None:
        return "program"
    if not found.is_good(now):
        return about_program(found.token_id)
    return Program(found.token_id, found.grants, found.team_ids)


async def let_in(gate: Gate, secret: str, network: str, now: datetime) -> Program:
    """Let a program in that came with a good token. Raises NotLetIn, TooManyAtOnce.

    A token cannot be guessed, so a good one never waits; wrong ones do, the longer the more there were.
    """
    found = await to_thread.run_sync(admitted, gate.store, secret, now)
    if isinstance(found, Program):
        return found
    await signing_in.refuse_program(gate, network, now, found)
    raise NotLetIn


def about_program(token_id: str, what: str = "") -> str:
    """Say in the audit which program it was, and what it was given."""
    return f"program.{token_id}.{what}" if what else f"program.{token_id}"
