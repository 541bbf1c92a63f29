"""Looking at the audit: who read what, and who did what. It holds ids and fixed words; names are put to them here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.reviewing import seeing
from bot.reviewing.seeing import Names
from bot.roles import Act, Actor, Place, Role, may, require
from bot.store import Account, AuditAct, Audited, Store, Transaction

ON_A_PAGE = 50

READING = (
    AuditAct.READ_ENQUIRY,
    AuditAct.READ_CONVERSATION,
    AuditAct.READ_FLAG,
    AuditAct.READ_QUOTE,
    AuditAct.SEARCHED,
    AuditAct.EXPORTED,
    AuditAct.GIVEN,
)
AT_THE_DOOR = (
    AuditAct.SIGNED_IN,
    AuditAct.SIGNED_OUT,
    AuditAct.SIGN_IN_REFUSED,
    AuditAct.PROVEN,
    AuditAct.PROOF_REFUSED,
    AuditAct.DENIED,
)


@dataclass(frozen=True, slots=True)
class Looked:
    """What is looked for in the audit. What is None leaves nothing out."""

    account_id: str | None = None
    act: AuditAct | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Not included any more."""
    before_number: int | None = None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """A page of the audit, the latest first."""

    rows: tuple[Audited, ...]
    names: Names
    references: Mapping[str, str]
    """What the enquiries are called that this reader may see."""
    people: tuple[Account, ...]
    """Whose acts can be looked for."""
    before_number: int | None
    """Where the next page begins; None at the end."""


def search(store: Store, actor: Actor, looked: Looked) -> AuditPage:
    """Search the audit: a manager that of their own teams, an auditor all of it. Raises NotAllowed."""
    with store.reading() as seen:
        people = _people(seen, actor)
        of_people: frozenset[str] | None = None
        if actor.role is Role.AUDITOR:
            require(actor, Act.SEARCH_AUDIT)
            of_teams: frozenset[str] | None = None
        else:
            if not any(may(actor, Act.SEARCH_AUDIT, Place(team_id=one)) for one in actor.team_ids):
                require(actor, Act.SEARCH_AUDIT)
            of_teams = actor.team_ids
            if looked.act in AT_THE_DOOR:
                # Signing in belongs to no team: it is found by whose account it is.
                of_teams, of_people = None, frozenset(one.account_id for one in people)
        found = seen.audit.search(
            account_id=looked.account_id,
            account_ids=of_people,
            team_ids=of_teams,
            acts=None if looked.act is None else (looked.act,),
            since=looked.since,
            until=looked.until,
            before_number=looked.before_number,
            at_most=ON_A_PAGE + 1,
        )
        return _page(seen, actor, found, people)


def readers_of(store: Store, actor: Actor, enquiry_id: str, before_number: int | None = None) -> AuditPage:
    """Say who read an enquiry, or anything in it. Raises NotAllowed, Missing."""
    with store.reading() as seen:
        seeing.see_enquiry(seen, actor, enquiry_id, Act.SEE_READERS)
        found = seen.audit.search(
            enquiry_id=enquiry_id, acts=READING, before_number=before_number, at_most=ON_A_PAGE + 1
        )
        return _page(seen, actor, found, ())


def _people(seen: Transaction, actor: Actor) -> tuple[Account, ...]:
    every = seen.accounts.listed()
    if actor.role is Role.AUDITOR:
        return every
    return tuple(one for one in every if one.team_ids & actor.team_ids)


def _page(seen: Transaction, actor: Actor, found: Sequence[Audited], people: tuple[Account, ...]) -> AuditPage:
    shown = tuple(found[:ON_A_PAGE])
    return AuditPage(
        rows=shown,
        names=seeing.names(seen),
        references=_references(seen, actor, shown),
        people=people,
        before_number=shown[-1].number if len(found) > ON_A_PAGE else None,
    )


def _references(seen: Transaction, actor: Actor, rows: Sequence[Audited]) -> dict[str, str]:
    found = {}
    for enquiry_id in {one.enquiry_id for one in rows if one.enquiry_id is not None}:
        if may(actor, Act.SEE_ENQUIRY, seeing.place_of_enquiry(seen, enquiry_id)):
            found[enquiry_id] = seen.enquiries.get(enquiry_id).reference or ""
    return found
