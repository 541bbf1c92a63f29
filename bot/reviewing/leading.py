"""Leading: whose an enquiry is, who works on it, who may not see it, and when it opens and closes."""

from dataclasses import dataclass
from datetime import datetime

from bot.reviewing import seeing
from bot.reviewing.seeing import NotDone, changed
from bot.roles import NOWHERE, Act, Actor, Place, Role, may, require, require_proven
from bot.store import Access, Account, Store, Taken, Team, Transaction

LONGEST_REFERENCE = 200
"""Characters."""

WORKERS = (Role.PRACTITIONER, Role.MANAGER, Role.ADVOCATE)
"""Whom an enquiry can be allocated to."""


def open_enquiry(store: Store, actor: Actor, reference: str, team_id: str, now: datetime) -> str:
    """Open an enquiry for one of the actor's teams, and give its id. Raises NotAllowed, NotDone.

    A practitioner who opens one works on it from then on, so that it is nobody's to forget.
    """
    require(actor, Act.BEGIN_ENQUIRY, Place(team_id=team_id))
    if not reference.strip():
        raise NotDone("Give the reference that your team knows it by.")
    if len(reference) > LONGEST_REFERENCE:
        raise NotDone(f"A reference has at most {LONGEST_REFERENCE} characters.")
    try:
        with store.begin() as kept:
            if team_id not in {one.team_id for one in kept.teams.listed()}:
                raise NotDone("This team was closed. Choose another one.")
            enquiry_id = kept.enquiries.open(now, reference=reference)
            kept.allocations.give_team(enquiry_id, team_id, actor.account_id, now)
            if actor.role is Role.PRACTITIONER:
                kept.allocations.allocate(enquiry_id, actor.account_id, actor.account_id, now)
            place = Place(team_id=team_id)
            changed(kept, actor, "enquiry.opened", now, place, enquiry_id=enquiry_id)
            kept.sessions.opened(actor.session_hash, seeing.ENQUIRY, enquiry_id, now)
            return enquiry_id
    except Taken as error:
        raise NotDone(
            "There is an enquiry with this reference already. Look for it, or give this one another reference."
        ) from error


def close(store: Store, actor: Actor, enquiry_id: str, now: datetime) -> None:
    """Close an enquiry. From then on people can only say in it how it was for them. Raises NotAllowed, Missing."""
    with store.begin() as kept:
        found = seeing.see_enquiry(kept, actor, enquiry_id, Act.CLOSE)
        if found.enquiry.closed_at is None:
            kept.enquiries.close(enquiry_id, now)
            changed(kept, actor, "enquiry.closed", now, found.place, enquiry_id=enquiry_id)


def reopen(store: Store, actor: Actor, enquiry_id: str, now: datetime) -> None:
    """Open a closed enquiry again. Raises NotAllowed, Missing."""
    with store.begin() as kept:
        found = seeing.see_enquiry(kept, actor, enquiry_id, Act.CLOSE)
        if found.enquiry.closed_at is not None:
            kept.enquiries.reopen(enquiry_id, now)
            changed(kept, actor, "enquiry.reopened", now, found.place, enquiry_id=enquiry_id)


def allocate(store: Store, actor: Actor, enquiry_id: str, account_id: str, now: datetime) -> None:
    """Have somebody work on an enquiry. Raises NotAllowed, Missing, NotDone."""
    with store.begin() as kept:
        found = seeing.see_enquiry(kept, actor, enquiry_id, Act.ALLOCATE)
        if account_id not in {one.account_id for one in _to_choose(kept, found.place)}:
            raise NotDone("Choose somebody of your team, or an advocate.")
        if account_id not in found.place.allocated:
            kept.allocations.allocate(enquiry_id, account_id, actor.account_id, now)
            changed(kept, actor, "allocated", now, found.place, enquiry_id=enquiry_id)


def unallocate(store: Store, actor: Actor, enquiry_id: str, account_id: str, now: datetime) -> None:
    """Have somebody work on it no more. That they did is remembered. Raises NotAllowed, Missing."""
    with store.begin() as kept:
        found = seeing.see_enquiry(kept, actor, enquiry_id, Act.ALLOCATE)
        if account_id in found.place.allocated:
            kept.allocations.unallocate(enquiry_id, account_id, actor.account_id, now)
            changed(kept, actor, "unallocated", now, found.place, enquiry_id=enquiry_id)


def give_team(store: Store, actor: Actor, enquiry_id: str, team_id: str, now: datetime) -> None:
    """Hand an enquiry over to another team. Raises NotAllowed, Missing, NotDone."""
    with store.begin() as kept:
        found = seeing.see_enquiry(kept, actor, enquiry_id, Act.ALLOCATE)
        if team_id not in {one.team_id for one in kept.teams.listed()}:
            raise NotDone("Choose one of the teams.")
        if team_id != kept.allocations.access(enquiry_id).team_id:
            kept.allocations.give_team(enquiry_id, team_id, actor.account_id, now)
            changed(kept, actor, "team", now, found.place, enquiry_id=enquiry_id)


def restrict(store: Store, actor: Actor, enquiry_id: str, now: datetime) -> None:
    """Keep an enquiry to those who work on it, and to managers. Raises NotAllowed, Missing.

    Whoever has it open proves that it is them before they read on, for that is what a restricted one takes.
    """
    with store.begin() as kept:
        found = seeing.see_enquiry(kept, actor, enquiry_id, Act.RESTRICT)
        if not found.place.is_restricted:
            kept.allocations.restrict(enquiry_id, actor.account_id, now)
            inside = (one.conversation_id for one in kept.conversations.listed(enquiry_id=enquiry_id))
            kept.sessions.close_again({enquiry_id, *inside}, but=actor.session_hash)
            changed(kept, actor, "restricted", now, found.place, enquiry_id=enquiry_id)


def ask_to_lift(store: Store, actor: Actor, enquiry_id: str, now: datetime) -> None:
    """Ask to have a restriction lifted. Another manager does it. Raises NotAllowed, Missing, NotDone."""
    with store.begin() as kept:
        found = seeing.see_enquiry(kept, actor, enquiry_id, Act.ASK_TO_LIFT)
        if not found.place.is_restricted:
            raise NotDone("This enquiry is not restricted any more.")
        if found.place.lift_asked_by is None:
            kept.allocations.ask_to_lift(enquiry_id, actor.account_id, now)
            changed(kept, actor, "lift_asked", now, found.place, enquiry_id=enquiry_id)


def lift(store: Store, actor: Actor, enquiry_id: str, now: datetime) -> None:
    """Lift a restriction that another manager asked to have lifted. Raises NotAllowed, ProofNeeded, Missing."""
    with store.begin() as kept:
        found = seeing.see_enquiry(kept, actor, enquiry_id)
        require_proven(actor, Act.LIFT, now, found.place)
        kept.allocations.lift(enquiry_id, actor.account_id, now)
        changed(kept, actor, "lifted", now, found.place, enquiry_id=enquiry_id)


def join(store: Store, actor: Actor, conversation_id: str, reference: str, now: datetime) -> str:
    """Say which enquiry a conversation belongs to that somebody began by themselves, and give the enquiry's id.

    Raises NotAllowed, Missing, NotDone.
    """
    with store.begin() as kept:
        conversation = kept.conversations.get(conversation_id)
        place = seeing.place_of_conversation(kept, conversation, actor)
        require(actor, Act.JOIN, place)
        enquiry = kept.enquiries.find(reference) if reference.strip() else None
        to = seeing.place_of_enquiry(kept, enquiry.enquiry_id) if enquiry is not None else NOWHERE
        if enquiry is None or not may(actor, Act.JOIN, to):
            raise NotDone("There is no enquiry with this reference that you can see. Look at how it is written.")
        if conversation.enquiry_id == enquiry.enquiry_id:
            return enquiry.enquiry_id
        if conversation.enquiry_id is not None:
            raise NotDone("This conversation belongs to another enquiry already, and stays there.")
        if enquiry.closed_at is not None:
            raise NotDone("This enquiry is closed. A manager can open it again.")
        kept.conversations.join(conversation_id, enquiry.enquiry_id)
        changed(kept, actor, "joined", now, to, enquiry_id=enquiry.enquiry_id, conversation_id=conversation_id)
        return enquiry.enquiry_id


@dataclass(frozen=True, slots=True)
class WayBack:
    """How somebody can come back to a conversation."""

    has_code: bool
    enquiry_id: str | None


def way_back(store: Store, actor: Actor, conversation_id: str) -> WayBack:
    """Say whether there is a code for a conversation. Raises NotAllowed, Missing."""
    with store.reading() as seen:
        conversation = seen.conversations.get(conversation_id)
        require(actor, Act.END_CODE, seeing.place_of_conversation(seen, conversation, actor))
        return WayBack(bool(seen.codes.of(conversation_id)), conversation.enquiry_id)


def end_code(store: Store, actor: Actor, conversation_id: str, now: datetime) -> None:
    """End the code to a conversation, and every visit to it, as somebody else may be in. Raises NotAllowed, Missing.

    Nobody is locked out: what was said stays, and an invitation begins another conversation of the same enquiry. The
    team is given no code to this one: with it they could speak in the person's name, and read what is not finished.
    """
    with store.begin() as kept:
        conversation = kept.conversations.get(conversation_id)
        place = seeing.place_of_conversation(kept, conversation, actor)
        require(actor, Act.END_CODE, place)
        kept.codes.end_all(conversation_id, now)
        kept.visits.end_all(conversation_id, now)
        ids = {"enquiry_id": conversation.enquiry_id, "conversation_id": conversation_id}
        changed(kept, actor, "code.ended", now, place, **ids)


def to_choose(store: Store, actor: Actor, enquiry_id: str) -> tuple[tuple[Account, ...], tuple[Team, ...]]:
    """Give whom an enquiry can be allocated to, and the teams it can be handed to. Raises NotAllowed, Missing."""
    with store.reading() as seen:
        found = seeing.see_enquiry(seen, actor, enquiry_id, Act.ALLOCATE)
        return _to_choose(seen, found.place), seen.teams.listed()


def access_of(store: Store, actor: Actor, enquiry_id: str) -> Access:
    """Give whose an enquiry is. Raises NotAllowed, Missing."""
    with store.reading() as seen:
        seeing.see_enquiry(seen, actor, enquiry_id)
        return seen.allocations.access(enquiry_id)


def _to_choose(seen: Transaction, place: Place) -> tuple[Account, ...]:
    return tuple(
        one
        for one in seen.accounts.listed()
        if one.disabled_at is None
        and one.role in WORKERS
        and (one.role is Role.ADVOCATE or place.team_id in one.team_ids)
    )
