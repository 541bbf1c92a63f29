"""What a conversation knows of the others of its enquiry: only what this speaker may hear."""

from collections.abc import Sequence
from dataclasses import replace

from bot.conversation import REFERENCE, Answer, Preferences, Speaker, Turn
from bot.enquiry import (
    EnquiryOutcome,
    Told,
    communication_known_to,
    enquiry_outcomes,
    shared_by_the_person,
    told_to,
)
from bot.interviewing.view import View
from bot.store import Transaction


def with_what_is_known(seen: Transaction, view: View) -> View:
    """Add what outcomes of earlier conversations stand for, how the person likes to talk, and what makes it easier."""
    view = replace(view, preferences=_preferences(seen, view))
    first_named = _first_named(view.turns)
    asking = view.asking
    shows_communication = asking is not None and asking.shows == "communication"
    if not first_named and not shows_communication:
        return view
    told = _told(seen, view)
    return replace(
        view,
        meanings=_meanings(view, told, first_named) if first_named else {},
        communication=_communication(view, told) if shows_communication else (),
    )


def _told(seen: Transaction, view: View) -> tuple[Told, ...]:
    conversation = view.conversation
    if conversation.enquiry_id is None:
        return (seen.told(conversation.conversation_id),)
    return seen.told_in(conversation.enquiry_id)


def _first_named(turns: Sequence[Turn]) -> dict[str, Turn]:
    """Find where each outcome was first read back, by its id."""
    found: dict[str, Turn] = {}
    for turn in turns:
        if turn.speaker is Speaker.BOT and "outcome:" in turn.words:
            for reference in REFERENCE.finditer(turn.words):
                if reference[3] is not None:
                    found.setdefault(reference[3], turn)
    return found


def _meanings(view: View, told: Sequence[Told], first_named: dict[str, Turn]) -> dict[str, str]:
    speaker = view.conversation.speaker
    outcomes = told_to(enquiry_outcomes(told), speaker, shared_by_the_person(told))
    return {
        outcome.outcome_id: _as_read_back(outcome, view.conversation.conversation_id, first_named[outcome.outcome_id])
        for outcome in outcomes
        if outcome.outcome_id in first_named
    }


def _as_read_back(outcome: EnquiryOutcome, here: str, named: Turn) -> str:
    """Give the latest words from before this conversation read them back.

    How they were said again here, or elsewhere meanwhile, is not what the person was asked about.
    """
    if outcome.conversation_id == here:
        return outcome.now.words
    before = [one for one in outcome.wordings if one.conversation_id != here and one.said_at <= named.said_at]
    if all(one.is_addition for one in before):
        return outcome.now.words
    return replace(outcome, wordings=tuple(before)).now.words


def _communication(view: View, told: Sequence[Told]) -> tuple[Answer, ...]:
    others = [one for one in told if one.conversation.conversation_id != view.conversation.conversation_id]
    return communication_known_to(others, view.conversation.speaker, shared_by_the_person(others))


def _preferences(seen: Transaction, view: View) -> Preferences:
    """Find what makes the pages easier: as said here, else as in this speaker's last conversation of the enquiry."""
    conversation = view.conversation
    earlier = seen.conversations.listed(enquiry_id=conversation.enquiry_id) if conversation.enquiry_id else ()
    of_speaker = [one.conversation_id for one in earlier if one.speaker is conversation.speaker]
    for conversation_id in (conversation.conversation_id, *reversed(of_speaker)):
        if seen.preferences.is_kept(conversation_id):
            return seen.preferences.find(conversation_id)
    return Preferences()
