"""Searching: an enquiry by its reference, exactly; words in everything said that one may read.

There is no index of words: each search opens what the searcher may read, compares, and lets go of it. That somebody
searched is recorded, and not what for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from bot.conversation import Kind, Speaker, standing
from bot.exporting import taken_back_turns
from bot.reviewing import seeing
from bot.reviewing.finding import Excerpt, Sought, sought
from bot.reviewing.seeing import NotDone
from bot.reviewing.transcript import SAFE_CONTACT
from bot.reviewing.working import scope_of
from bot.roles import NOWHERE, Act, Actor, NotAllowed, may, require
from bot.store import AuditAct, Conversation, Missing, Store, Transaction

MOST = 25
"""Conversations that one search shows. Whoever finds more is asked for one word more."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One turn in which the words were found."""

    turn: int
    said_at: datetime
    speaker: Speaker
    excerpt: Excerpt
    is_private_note: bool
    is_safe_contact: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A conversation in which the words were found."""

    conversation: Conversation
    team_id: str | None
    """Whose it is."""
    reference: str | None
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Results:
    """What a search found, newest first."""

    found: tuple[Found, ...]
    there_are_more: bool
    enquiry_id: str | None = None
    """The enquiry that has exactly this reference."""


def search(store: Store, actor: Actor, typed: str, now: datetime) -> Results:
    """Look for an enquiry with this reference and for these words. Raises NotAllowed, NotDone.

    Of which conversations words are shown is recorded before they are.
    """
    require(actor, Act.SEARCH, NOWHERE)
    if not typed.strip():
        raise NotDone("Type a reference, or words that somebody may have said.")
    looked_for = sought(typed)
    with store.begin() as kept:
        kept.audit.add(AuditAct.SEARCHED, now, account_id=actor.account_id)
    with store.reading() as seen:
        enquiry_id = _by_reference(seen, actor, typed)
        if looked_for is None:
            if enquiry_id is None:
                raise NotDone("Type at least two letters.")
            return Results((), there_are_more=False, enquiry_id=enquiry_id)
        found = tuple(islice(_found(seen, actor, looked_for, is_proven=actor.is_proven(now)), MOST + 1))
    with store.begin() as kept:
        for one in found[:MOST]:
            kept.audit.add(
                AuditAct.SEARCHED,
                now,
                account_id=actor.account_id,
                team_id=one.team_id,
                enquiry_id=one.conversation.enquiry_id,
                conversation_id=one.conversation.conversation_id,
            )
    return Results(found[:MOST], len(found) > MOST, enquiry_id)


def _by_reference(seen: Transaction, actor: Actor, typed: str) -> str | None:
    enquiry = seen.enquiries.find(typed)
    if enquiry is None or not may(actor, Act.SEE_ENQUIRY, seeing.place_of_enquiry(seen, enquiry.enquiry_id)):
        return None
    return enquiry.enquiry_id


def _found(seen: Transaction, actor: Actor, looked_for: Sought, *, is_proven: bool) -> Iterator[Found]:
    """Give what was found, conversation by conversation.

    What is restricted takes a proof to open, and so it takes one to be searched.
    """
    matching: list[int] = []
    at: str | None = None
    for conversation_id, number, words in seen.work.said(seen.work.readable(scope_of(seen, actor))):
        if conversation_id != at:
            if at is not None and matching:
                yield from _told_of(seen, actor, at, matching, looked_for, is_proven=is_proven)
            at, matching = conversation_id, []
        if looked_for.stands_in(words) and number not in matching[-1:]:
            matching.append(number)
    if at is not None and matching:
        yield from _told_of(seen, actor, at, matching, looked_for, is_proven=is_proven)


def _told_of(
    seen: Transaction, actor: Actor, conversation_id: str, matching: list[int], looked_for: Sought, *, is_proven: bool
) -> Iterator[Found]:
    """Look again at what was found: nothing that was taken back, and nothing that this reader may not have."""
    try:
        found = seeing.see_conversation(seen, actor, conversation_id)
    except (Missing, NotAllowed):
        return
    if found.is_flags_alone or (found.place.is_restricted and not is_proven):
        return
    turns = seen.conversations.turns(conversation_id)
    gone = taken_back_turns(turns, standing(turns))
    hits = []
    for number in matching:
        turn = turns[number - 1]
        if number in gone:
            continue
        words = turn.words if looked_for.stands_in(turn.words) else turn.original
        hits.append(
            Hit(
                turn=number,
                said_at=turn.said_at,
                speaker=turn.speaker,
                excerpt=looked_for.excerpt(words),
                is_private_note=turn.kind is Kind.PRIVATE_NOTE,
                is_safe_contact=turn.asked in SAFE_CONTACT,
            )
        )
    if hits:
        yield Found(found.conversation, found.place.team_id, found.reference, tuple(hits))
