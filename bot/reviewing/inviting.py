"""Inviting somebody to one conversation of an enquiry, from the team's pages."""

from dataclasses import dataclass
from datetime import datetime

from anyio import to_thread

from bot import enquiring
from bot.codes import Door
from bot.conversation import Speaker, Stage
from bot.enquiring import AFTERWARDS, Invited
from bot.reviewing import seeing
from bot.reviewing.seeing import NotDone, changed
from bot.roles import Act, Actor
from bot.store import Disguise, Invitation, Missing, Origin, Store, Transaction


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was filled in to invite somebody."""

    stage: Stage
    speaker: Speaker
    how: str
    """How it is safe to get in touch with them."""
    days: int
    disguise: Disguise = Disguise.NUMBERS


async def invite(door: Door, actor: Actor, enquiry_id: str, wanted: Wanted, now: datetime) -> Invited:
    """Invite somebody whom it is safe to get in touch with. The code is in the answer, and nowhere else.

    Raises NotAllowed, Missing, NotDone, TooManyAtOnce.
    """
    found = await to_thread.run_sync(_may_invite, door.store, actor, enquiry_id, wanted)
    if not wanted.how.strip():
        raise NotDone("Say how it is safe to get in touch, such as: by letter to her sister.")

    def tell(kept: Transaction, invited_to: str) -> None:
        place = seeing.see_enquiry(kept, actor, invited_to, Act.INVITE).place
        changed(kept, actor, f"invited.{wanted.stage}.{wanted.speaker}", now, place, enquiry_id=invited_to)

    try:
        return await enquiring.invite(
            door,
            found,
            wanted.stage,
            wanted.speaker,
            f"yes, {wanted.how}",
            now,
            valid_days=wanted.days,
            origin=Origin.PAGE,
            disguise=wanted.disguise,
            beside=tell,
        )
    except enquiring.NotDone as error:
        raise NotDone(str(error)) from error


def invitations_of(store: Store, actor: Actor, enquiry_id: str) -> tuple[Invitation, ...]:
    """Give the invitations of an enquiry, oldest first. Raises NotAllowed, Missing."""
    with store.reading() as seen:
        seeing.see_enquiry(seen, actor, enquiry_id, Act.INVITE)
        return seen.invitations.of(enquiry_id)


def withdraw(store: Store, actor: Actor, enquiry_id: str, invitation_id: str, now: datetime) -> None:
    """End an invitation that was not used yet. Raises NotAllowed, Missing, NotDone."""
    with store.begin() as kept:
        found = seeing.see_enquiry(kept, actor, enquiry_id, Act.INVITE)
        invitation = kept.invitations.get(invitation_id)
        if invitation.enquiry_id != enquiry_id:
            raise Missing("There is no such invitation.")
        if invitation.used_at is not None:
            raise NotDone("This invitation was used: the conversation has begun.")
        if invitation.ended_at is None:
            kept.invitations.end(invitation_id, now)
            changed(kept, actor, "invitation.withdrawn", now, found.place, enquiry_id=enquiry_id)


def _may_invite(store: Store, actor: Actor, enquiry_id: str, wanted: Wanted) -> str:
    """See that somebody may be invited, and give the reference to do it under."""
    with store.reading() as seen:
        enquiry = seeing.see_enquiry(seen, actor, enquiry_id, Act.INVITE).enquiry
        if enquiry.closed_at is not None and wanted.stage is not AFTERWARDS:
            raise NotDone(
                "This enquiry is closed: people can only say how it was for them. A manager can open it again."
            )
        if enquiry.reference is None:
            raise NotDone("This enquiry has no reference, so nobody can be invited to it.")
        return enquiry.reference
