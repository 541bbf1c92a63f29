"""Teams and the people in them. Whoever administers them sees no enquiry and no words.

Each change is in the audit. There is always an administrator who can sign in, and nobody gives themselves another role.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from bot import signing_in
from bot.roles import Act, Actor, Role, require, require_proven
from bot.signing_in import NotDone
from bot.store import Account, AuditAct, LinkPurpose, Missing, Store, Taken, Team, Transaction

LONGEST_TEAM = 200
IN_TEAMS = frozenset({Role.PRACTITIONER, Role.MANAGER})
"""Those whose work is that of a team, so that without one they would find nothing."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose an account is to be, and what for."""

    name: str
    email: str
    role: Role
    team_ids: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Welcome:
    """An account just made, or one to begin anew with. The link is shown once and kept nowhere."""

    account_id: str
    link: str = field(repr=False)


# --- teams -----------------------------------------------------------------------------------------------------------


def teams(store: Store, actor: Actor) -> tuple[Team, ...]:
    """List all teams, closed ones too. Raises NotAllowed."""
    require(actor, Act.MANAGE_TEAMS)
    with store.reading() as seen:
        return seen.teams.listed(closed=True)


def make_team(store: Store, actor: Actor, name: str, now: datetime) -> str:
    """Make a team and give its id. The first one is on duty: what belongs to no team comes to it. Raises NotDone."""
    require(actor, Act.MANAGE_TEAMS)
    with store.begin() as kept:
        team_id = kept.teams.add(_team_name(kept, name, ""), now)
        _changed(kept, actor, f"team.made.{team_id}", now, team_id)
        return team_id


def rename_team(store: Store, actor: Actor, team_id: str, name: str, now: datetime) -> None:
    """Call a team something else. Raises NotDone, Missing."""
    require(actor, Act.MANAGE_TEAMS)
    with store.begin() as kept:
        kept.teams.rename(team_id, _team_name(kept, name, team_id))
        _changed(kept, actor, f"team.renamed.{team_id}", now, team_id)


def put_on_duty(store: Store, actor: Actor, team_id: str, now: datetime) -> None:
    """Make this the team that is on duty. Raises NotDone, Missing."""
    require(actor, Act.MANAGE_TEAMS)
    with store.begin() as kept:
        if kept.teams.get(team_id).closed_at is not None:
            raise NotDone("This team is closed. Choose one that is not.")
        kept.teams.set_duty(team_id)
        _changed(kept, actor, f"team.on_duty.{team_id}", now, team_id)


def close_team(store: Store, actor: Actor, team_id: str, now: datetime) -> None:
    """Close a team that leads no open enquiry. What it led stays with the people in it. Raises NotDone, Missing."""
    require(actor, Act.MANAGE_TEAMS)
    with store.begin() as kept:
        if kept.teams.get(team_id).duty:
            raise NotDone("This team is on duty. Put another one on duty first.")
        still_open = [one.enquiry_id for one in kept.enquiries.listed() if one.closed_at is None]
        if any(access.team_id == team_id for access in kept.allocations.accesses(still_open).values()):
            raise NotDone(
                "This team has open enquiries. Its manager gives them to another team, or closes them, first."
            )
        kept.teams.close(team_id, now)
        _changed(kept, actor, f"team.closed.{team_id}", now, team_id)


# --- people ----------------------------------------------------------------------------------------------------------


def people(store: Store, actor: Actor) -> tuple[Account, ...]:
    """List all accounts, disabled ones too. Raises NotAllowed."""
    require(actor, Act.MANAGE_PEOPLE)
    with store.reading() as seen:
        return seen.accounts.listed()


def person(store: Store, actor: Actor, account_id: str) -> Account:
    """Give one account. Raises NotAllowed, Missing."""
    require(actor, Act.MANAGE_PEOPLE)
    with store.reading() as seen:
        return seen.accounts.get(account_id)


def make_account(store: Store, actor: Actor, wanted: Wanted, now: datetime) -> Welcome:
    """Make an account, and the link by which somebody chooses how to sign in. Raises NotDone, ProofNeeded."""
    require_proven(actor, Act.MANAGE_PEOPLE, now)
    name, email = signing_in.checked(wanted.name, wanted.email)
    with store.begin() as kept:
        _check_teams(kept, wanted, frozenset())
        try:
            account_id = kept.accounts.add(role=wanted.role, name=name, email=email, team_ids=wanted.team_ids, now=now)
        except Taken as error:
            raise NotDone("There is an account with this e-mail address already.") from error
        _changed(kept, actor, f"account.made.{account_id}", now)
        return Welcome(account_id, signing_in.make_link(kept, account_id, LinkPurpose.WELCOME, now))


def change_account(store: Store, actor: Actor, account_id: str, wanted: Wanted, now: datetime) -> None:
    """Change whose an account is and what for; another role ends its sessions. Raises NotDone, ProofNeeded, Missing."""
    require_proven(actor, Act.MANAGE_PEOPLE, now)
    name, email = signing_in.checked(wanted.name, wanted.email)
    with store.begin() as kept:
        before = kept.accounts.get(account_id)
        if wanted.role is not before.role:
            if account_id == actor.account_id:
                raise NotDone("Nobody gives themselves another role. Ask another administrator.")
            _check_not_last(kept, before)
        _check_teams(kept, wanted, before.team_ids)
        try:
            kept.accounts.change(account_id, role=wanted.role, name=name, email=email, team_ids=wanted.team_ids)
        except Taken as error:
            raise NotDone("There is an account with this e-mail address already.") from error
        if wanted.role is not before.role:
            kept.sessions.end_all(account_id, now)
        for what, is_other in (
            ("name", name != before.name),
            ("email", email != before.email),
            ("role", wanted.role is not before.role),
            ("teams", wanted.team_ids != before.team_ids),
        ):
            if is_other:
                _changed(kept, actor, f"account.{what}.{account_id}", now)


def disable_account(store: Store, actor: Actor, account_id: str, now: datetime) -> None:
    """Let nobody in with an account any more, from this moment. Raises NotDone, ProofNeeded, Missing."""
    require_proven(actor, Act.MANAGE_PEOPLE, now)
    with store.begin() as kept:
        _check_not_last(kept, kept.accounts.get(account_id))
        kept.accounts.disable(account_id, now)
        kept.sessions.end_all(account_id, now)
        kept.links.end_all(account_id, now)
        _changed(kept, actor, f"account.disabled.{account_id}", now)


def enable_account(store: Store, actor: Actor, account_id: str, now: datetime) -> None:
    """Let somebody in again, with what they signed in with before. Raises ProofNeeded, Missing."""
    require_proven(actor, Act.MANAGE_PEOPLE, now)
    with store.begin() as kept:
        kept.accounts.enable(account_id)
        _changed(kept, actor, f"account.enabled.{account_id}", now)


def end_sessions(store: Store, actor: Actor, account_id: str, now: datetime) -> None:
    """Sign somebody out everywhere, as after a loss. Raises ProofNeeded, Missing."""
    require_proven(actor, Act.MANAGE_PEOPLE, now)
    with store.begin() as kept:
        kept.accounts.get(account_id)
        kept.sessions.end_all(account_id, now)
        _changed(kept, actor, f"account.signed_out.{account_id}", now)


def new_link(store: Store, actor: Actor, account_id: str, now: datetime) -> Welcome:
    """Make a link to choose anew how to sign in: welcome where nobody ever did. Raises NotDone, ProofNeeded, Missing.

    Until it is used, what was chosen before is good.
    """
    require_proven(actor, Act.MANAGE_PEOPLE, now)
    with store.begin() as kept:
        account = kept.accounts.get(account_id)
        if account.disabled_at is not None:
            raise NotDone("This account is disabled. Enable it first.")
        arrived = signing_in.can_sign_in(kept, account)
        link = signing_in.make_link(kept, account_id, LinkPurpose.RESET if arrived else LinkPurpose.WELCOME, now)
        _changed(kept, actor, f"account.link.{account_id}", now)
        return Welcome(account_id, link)


# --- the rules -------------------------------------------------------------------------------------------------------


def _check_not_last(kept: Transaction, account: Account) -> None:
    if account.role is not Role.ADMINISTRATOR or account.disabled_at is not None:
        return
    others = [one for one in kept.accounts.listed() if one.account_id != account.account_id]
    if not any(one.role is Role.ADMINISTRATOR and signing_in.can_sign_in(kept, one) for one in others):
        raise NotDone("This is the last administrator who can sign in. Let another one begin first.")


def _check_teams(kept: Transaction, wanted: Wanted, before: Collection[str]) -> None:
    there = {one.team_id for one in kept.teams.listed()}
    if wanted.team_ids - there - set(before):
        raise Missing("There is no such team.")
    if wanted.role in IN_TEAMS and not wanted.team_ids:
        raise NotDone("Choose at least one team: without one they would find no work.")


def _team_name(kept: Transaction, name: str, team_id: str) -> str:
    name = name.strip()
    if not name or len(name) > LONGEST_TEAM:
        raise NotDone("Give the team a name, as people know it.")
    alike = {one.name.casefold() for one in kept.teams.listed() if one.team_id != team_id}
    if name.casefold() in alike:
        raise NotDone("There is a team with this name already.")
    return name


def _changed(kept: Transaction, actor: Actor, about: str, now: datetime, team_id: str | None = None) -> None:
    kept.audit.add(AuditAct.CHANGED, now, account_id=actor.account_id, team_id=team_id, about=about)
