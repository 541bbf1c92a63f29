"""Enquiries, and invitations to the conversations that belong to them.

The team opens, closes and reopens an enquiry and invites people to it. An invitation is a code that begins one
conversation, once. Whoever types one that cannot be used hears the same, whatever the reason: nobody learns from it
whether there is such an enquiry, or whether somebody was there before them.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from io import BytesIO

import segno
from anyio import to_thread

from bot import codes
from bot.codes import Door, Made, Secrets
from bot.conversation import Speaker, Stage
from bot.enquiry import EnquiryOutcome, Voice, enquiry_outcomes
from bot.review import Proposed, proposed_in
from bot.store import (
    Conversation,
    Disguise,
    Enquiry,
    EnquiryMove,
    Invitation,
    Missing,
    Origin,
    Purpose,
    Store,
    Taken,
    Transaction,
)

VALID_DAYS = 14
LONGEST_DAYS = 90

TIME_TO_BEGIN = timedelta(days=1)
"""Whoever typed an invitation in time has this long to read the welcome page and begin."""

AFTERWARDS = Stage.EXPERIENCE
"""How it was for people is asked when all is over, so a closed enquiry still takes it."""

INVITING = Secrets(Purpose.INVITATION_BUCKETS, Purpose.INVITATION_VERIFIERS)


class NotDone(Exception):
    """What was asked for was not done; the message names the cause and the remedy, and no reference."""


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation just made. The code is shown once and kept nowhere."""

    invitation_id: str
    code: str = field(repr=False)
    valid_until: datetime


@dataclass(frozen=True, slots=True)
class EnquiryView:
    """An enquiry as whoever leads it may see it. How it was for people is not in it: it is kept from who led."""

    enquiry: Enquiry
    moves: Sequence[EnquiryMove]
    conversations: Sequence[Conversation]
    """In the order they began."""
    invitations: Sequence[Invitation]
    """In the order they were made."""
    outcomes: Sequence[EnquiryOutcome]
    """Each with every wording and every verdict, dated, and each voice apart."""
    proposals: Mapping[Voice, Proposed | None]
    """What it comes to as said in each voice: a proposal, and never a finding."""


# --- enquiries -------------------------------------------------------------------------------------------------------


def open_enquiry(store: Store, reference: str, now: datetime) -> str:
    """Open an enquiry under a reference of the team's own, and give its id. Raises NotDone."""
    if not reference.strip():
        raise NotDone("An enquiry needs a reference. Give the one that your team knows it by.")
    try:
        with store.begin() as kept:
            return kept.enquiries.open(now, reference=reference)
    except Taken as error:
        raise NotDone(
            "There is an enquiry with this reference already. Give another one, or go on with the one there is."
        ) from error


def close(store: Store, reference: str, now: datetime) -> None:
    """Close an enquiry: from now on people can only say in it how it was for them. Conversations under way go on.

    Raises NotDone.
    """
    with store.begin() as kept:
        enquiry = _found(kept, reference)
        if enquiry.closed_at is not None:
            raise NotDone("This enquiry is closed already. Nothing was changed.")
        kept.enquiries.close(enquiry.enquiry_id, now)


def reopen(store: Store, reference: str, now: datetime) -> None:
    """Open a closed enquiry again. Invitations that were good before are good again. Raises NotDone."""
    with store.begin() as kept:
        enquiry = _found(kept, reference)
        if enquiry.closed_at is None:
            raise NotDone("This enquiry is open. Nothing was changed.")
        kept.enquiries.reopen(enquiry.enquiry_id, now)


def join(store: Store, conversation_id: str, reference: str) -> None:
    """Say that a conversation that somebody began by themselves belongs to an enquiry. Raises NotDone, Missing."""
    with store.begin() as kept:
        enquiry = _still_open(kept, reference)
        belongs_to = kept.conversations.get(conversation_id).enquiry_id
        if belongs_to == enquiry.enquiry_id:
            raise NotDone("This conversation belongs to this enquiry already. Nothing was changed.")
        if belongs_to is not None:
            raise NotDone("This conversation belongs to another enquiry, and stays there. Check both of them.")
        kept.conversations.join(conversation_id, enquiry.enquiry_id)


def look_at(store: Store, reference: str) -> EnquiryView:
    """Read all of an enquiry that whoever leads it may know. Raises NotDone."""
    with store.reading() as seen:
        enquiry = _found(seen, reference)
        told = seen.told_in(enquiry.enquiry_id)
        found = enquiry_outcomes(told)
        return EnquiryView(
            enquiry=enquiry,
            moves=seen.enquiries.moves(enquiry.enquiry_id),
            conversations=seen.conversations.listed(enquiry_id=enquiry.enquiry_id),
            invitations=seen.invitations.of(enquiry.enquiry_id),
            outcomes=found,
            proposals={voice: proposed_in(voice, found, told) for voice in Voice},
        )


# --- invitations -----------------------------------------------------------------------------------------------------


async def invite(
    door: Door,
    reference: str,
    stage: Stage,
    speaker: Speaker,
    contact: str,
    now: datetime,
    *,
    valid_days: int = VALID_DAYS,
    origin: Origin = Origin.PAGE,
    disguise: Disguise = Disguise.NUMBERS,
    beside: Callable[[Transaction, str], None] | None = None,
) -> Invited:
    """Invite somebody to one conversation of an enquiry. Raises NotDone, TooManyAtOnce.

    `contact` says whether it is safe to get in touch with them, and how: nobody is invited without that. `beside` keeps
    what goes with it in the same transaction, such as who invited.
    """
    _check_safe(contact)
    if not 1 <= valid_days <= LONGEST_DAYS:
        raise NotDone(f"An invitation is good for 1 to {LONGEST_DAYS} days. Choose a number between them.")
    valid_until = now + timedelta(days=valid_days)

    def keep(made: Made) -> str | None:
        try:
            with door.store.begin() as kept:
                enquiry = (_found if stage is AFTERWARDS else _still_open)(kept, reference)
                invitation_id = kept.invitations.add(
                    enquiry.enquiry_id,
                    now,
                    stage=stage,
                    speaker=speaker,
                    origin=origin,
                    contact=contact,
                    valid_until=valid_until,
                    bucket=made.bucket,
                    salt=made.salt,
                    verifier=made.verifier,
                )
                if beside is not None:
                    beside(kept, enquiry.enquiry_id)
                return invitation_id
        except Taken:
            return None

    while True:
        made = await codes.make(door, INVITING, disguise)
        if (invitation_id := await to_thread.run_sync(keep, made)) is not None:
            return Invited(invitation_id, made.code, valid_until)


async def accept(door: Door, typed: str, network: str, now: datetime) -> Invitation | None:
    """Give the invitation of a code; None for every code that cannot be used, whatever the reason.

    Each try costs one Argon2, right or wrong, and takes longer when many were wrong. Raises TooManyAtOnce.
    """

    def find(bucket: int) -> "_Triable | None":
        with door.store.reading() as seen:
            found = seen.invitations.find(bucket)
            if found is None or found.salt is None or found.verifier is None:
                return None
            return (
                _Triable(found, found.salt, found.verifier) if _is_good(seen, found, now, found.valid_until) else None
            )

    found = await codes.try_code(door, INVITING, typed, network, now, find)
    return found.invitation if found is not None else None


async def begin_invited(
    store: Store,
    invitation_id: str,
    begun_with: str,
    now: datetime,
    *,
    interview_version: str,
    said_on: date | None = None,
) -> str | None:
    """Begin the conversation of an invitation that was accepted, and give its id; None where it can no longer be used.

    `begun_with` is unique to the page that begins it: pressed twice, it gives the same conversation twice. All of it
    happens in one transaction, so however many begin at once, one of them does.
    """

    def keep() -> str | None:
        with store.begin() as kept:
            try:
                found = kept.invitations.get(invitation_id)
            except Missing:
                return None
            if found.used_at is not None:
                return found.conversation_id if found.begun_with == begun_with else None
            if not _is_good(kept, found, now, found.valid_until + TIME_TO_BEGIN):
                return None
            conversation_id = kept.conversations.begin(
                stage=found.stage,
                speaker=found.speaker,
                begun_at=now,
                interview_version=interview_version,
                origin=found.origin,
                enquiry_id=found.enquiry_id,
                said_on=said_on,
            )
            kept.invitations.use(invitation_id, now, conversation_id=conversation_id, begun_with=begun_with)
            return conversation_id

    return await to_thread.run_sync(keep)


def withdraw(store: Store, reference: str, place: int, now: datetime) -> None:
    """End an invitation that was not used yet. `place` counts those of the enquiry from 1. Raises NotDone."""
    with store.begin() as kept:
        every = kept.invitations.of(_found(kept, reference).enquiry_id)
        if not 1 <= place <= len(every):
            raise NotDone(f"There is no invitation {place}. `enquiry show` numbers them.")
        meant = every[place - 1]
        if meant.used_at is not None:
            raise NotDone("This invitation was used: the conversation has begun. Nothing was changed.")
        kept.invitations.end(meant.invitation_id, now)


def qr_code(address: str) -> str:
    """Draw an address as a QR code, in SVG. Never a code that opens words: any camera reads what is in here."""
    drawn = BytesIO()
    # A quiet zone and a light ground of its own, so that it can be read on coloured paper too.
    segno.make_qr(address, error="m").save(drawn, kind="svg", scale=8, border=4, light="#fff", omitsize=False)
    return drawn.getvalue().decode()


@dataclass(frozen=True, slots=True)
class _Triable:
    """An invitation that can still be tried."""

    invitation: Invitation
    salt: bytes
    verifier: bytes


def _check_safe(contact: str) -> None:
    """See that it was said whether it is safe to get in touch, and how."""
    said = re.match(r"\s*(yes|no)\b[\s,.:;–-]*(.*)", contact, re.IGNORECASE | re.DOTALL)
    if said is None:
        raise NotDone(
            'Say first whether it is safe to get in touch: "yes" and how, such as '
            '"yes, by letter to her sister", or "no".'
        )
    if said[1].lower() == "no":
        raise NotDone(
            "Nobody is invited where it is not safe to get in touch: somebody else might see it. "
            "Find out a safe way first, or begin the conversation where you meet."
        )
    if not said[2].strip():
        raise NotDone('It is safe to get in touch, but how? Say it too, such as "yes, by letter to her sister".')


def _is_good(seen: Transaction, found: Invitation, now: datetime, until: datetime) -> bool:
    if found.used_at is not None or found.ended_at is not None or now > until:
        return False
    return found.stage is AFTERWARDS or seen.enquiries.get(found.enquiry_id).closed_at is None


def _found(seen: Transaction, reference: str) -> Enquiry:
    found = seen.enquiries.find(reference)
    if found is None:
        raise NotDone("There is no enquiry with this reference. `enquiry list` shows those that there are.")
    return found


def _still_open(seen: Transaction, reference: str) -> Enquiry:
    found = _found(seen, reference)
    if found.closed_at is not None:
        raise NotDone("This enquiry is closed. Open it again first: python -m bot enquiry reopen REF")
    return found
