"""Whole conversations for those who may have them: every turn, and what the record makes of it, words exact."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from bot.conversation import ANSWERING, Answer, Kind, Standing, Turn
from bot.enquiry import EnquiryOutcome, OutcomeReview, Part, Verdict, Voice, Wording, enquiry_outcomes, outcome_id
from bot.outcomes import Outcome
from bot.review import Proposed, proposed_in
from bot.store import AuditAct, Conversation, Store, Transaction

RECORDS: Mapping[str, str] = {
    "feeling": "feelings",
    "safe_now": "safe_now",
    "matter": "matters",
    "worry": "worries",
    "wish": "wishes",
    "not_wanted": "not_wanted",
    "plan": "plans",
    "own_power": "own_power",
    "helpers": "helpers",
    "feels_safe": "feels_safe",
    "view_on_enquiry": "views_on_enquiry",
    "who_knows": "who_knows",
    "communication_need": "communication_needs",
    "involvement": "involvement",
    "support": "support",
    "safe_contact": "safe_contact",
    "about_advocate": "about_advocate",
    "about_practitioner": "about_practitioner",
    "interpreter": "interpreter",
    "knowing": "knowing",
    "want_to_know": "want_to_know",
    "overall": "overall",
    "about_finishing": "about_finishing",
    "safer": "safer",
    "stay_safe": "stay_safe",
    "get_better": "get_better",
    "experience": "experience",
    "tell_in_charge": "tell_in_charge",
    "may_quote": "may_quote",
    "free_to_speak": "free_to_speak",
    "private_note": "private_note",
}
"""Under which name each kind of record is written out."""


class TakenBack(StrEnum):
    """What becomes of words that a person took back."""

    LEFT_OUT = "left-out"
    """Nobody is shown them; that something was taken back stays a fact."""
    KEPT_IN = "kept-in"
    """Where keeping and showing them is a lawful duty."""


def exported(store: Store, taken_back: TakenBack = TakenBack.LEFT_OUT) -> Iterator[dict[str, Any]]:
    """Give every conversation in the order they began, one at a time."""
    with store.reading() as seen:
        conversations = seen.conversations.listed()
    for conversation in conversations:
        yield export_one(store, conversation.conversation_id, taken_back)


def export_one(store: Store, conversation_id: str, taken_back: TakenBack = TakenBack.LEFT_OUT) -> dict[str, Any]:
    """Give one conversation. Raises Missing."""
    with store.reading() as seen:
        return _export(seen, seen.conversations.get(conversation_id), taken_back)


def take_out_here(store: Store, enquiry_id: str, taken_back: TakenBack, now: datetime) -> dict[str, Any]:
    """Give a whole enquiry to whoever runs Own Words, as `export_enquiry` does. It is recorded before it is given.

    Raises Missing, NotKept.
    """
    found = export_enquiry(store, enquiry_id, taken_back)
    about = "json.here" if taken_back is TakenBack.LEFT_OUT else "json.taken_back.here"
    with store.begin() as kept:
        team_id = kept.allocations.access(enquiry_id).team_id
        kept.audit.add(AuditAct.EXPORTED, now, team_id=team_id, enquiry_id=enquiry_id, about=about)
    return found


def export_enquiry(store: Store, enquiry_id: str, taken_back: TakenBack = TakenBack.LEFT_OUT) -> dict[str, Any]:
    """Give a whole enquiry: each conversation, and each outcome with every voice apart and every wording dated.

    All of it is there, experience answers too: it is for those who may have them, never for the worker who led.
    Raises Missing.
    """
    with store.reading() as seen:
        enquiry = seen.enquiries.get(enquiry_id)
        told = seen.told_in(enquiry_id)
        conversations = seen.conversations.listed(enquiry_id=enquiry_id)
        said_on = {one.conversation_id: one.said_on for one in conversations if one.said_on is not None}
        found = enquiry_outcomes(told)
        return {
            "id": enquiry_id,
            "reference": enquiry.reference,
            "opened": _time(enquiry.opened_at),
            "closed": _time(enquiry.closed_at) if enquiry.closed_at is not None else None,
            "moves": [{"move": one.move, "at": _time(one.at)} for one in seen.enquiries.moves(enquiry_id)],
            "invitations": [
                {
                    "stage": one.stage,
                    "speaker": one.speaker,
                    "origin": one.origin,
                    "contact": one.contact,
                    "made": _time(one.made_at),
                    "valid_until": _time(one.valid_until),
                    "used": _time(one.used_at) if one.used_at is not None else None,
                    "ended": _time(one.ended_at) if one.ended_at is not None else None,
                    "conversation": one.conversation_id,
                }
                for one in seen.invitations.of(enquiry_id)
            ],
            "conversations": [_export(seen, one, taken_back) for one in conversations],
            "outcomes": [written_outcome(outcome, said_on) for outcome in found],
            "proposed": {voice.value: _proposed(proposed_in(voice, found, told)) for voice in Voice},
        }


def _export(seen: Transaction, conversation: Conversation, taken_back: TakenBack) -> dict[str, Any]:
    conversation_id, enquiry_id = conversation.conversation_id, conversation.enquiry_id
    turns = seen.conversations.turns(conversation_id)
    told = seen.told(conversation_id)
    stands = told.standing
    gone = taken_back_turns(turns, stands)
    hidden = gone if taken_back is TakenBack.LEFT_OUT else frozenset()
    found = () if stands.is_everything_taken_back else told.outcomes
    reviews = () if stands.is_everything_taken_back else told.reviews
    quotes: dict[str, list[dict[str, Any]]] = {name: [] for name in RECORDS.values()}
    for quote in seen.quotes.of(conversation_id):
        answer = stands.answer(quote.turn)
        if answer is not None and not stands.is_everything_taken_back:
            quotes[RECORDS[quote.record]].append(_answer(answer))
    finished = next((turn.said_at for turn in turns if turn.kind is Kind.ENDING and turn.asked == "done"), None)
    return {
        "id": conversation_id,
        "enquiry": enquiry_id,
        "reference": seen.enquiries.get(enquiry_id).reference if enquiry_id is not None else None,
        "stage": conversation.stage,
        "speaker": conversation.speaker,
        "begun": _time(conversation.begun_at),
        "finished": _time(finished) if finished is not None else None,
        "stopped": stands.stopped,
        "origin": conversation.origin,
        "said_on": conversation.said_on.isoformat() if conversation.said_on is not None else None,
        "shared": stands.shared,
        "preferences": asdict(seen.preferences.find(conversation_id)),
        "interview": conversation.interview_version,
        "digest": conversation.head.hex(),
        "turns": [
            {
                "number": turn.number,
                "speaker": turn.speaker,
                "asked": turn.asked,
                "answers": turn.answers,
                "kind": turn.kind,
                "words": "" if turn.number in hidden else turn.words,
                "original": "" if turn.number in hidden else turn.original,
                "choice": [] if turn.number in hidden else list(turn.choice),
                "taken_back": turn.number in gone,
                "shown": list(turn.shown),
                "said_at": _time(turn.said_at),
                "replaces": turn.replaces,
                "adds_to": turn.adds_to,
                "how": turn.how,
                "whose": turn.whose,
            }
            for turn in turns
        ],
        "notes": [
            {
                "turn": turn.number,
                "answers": turn.answers,
                "words": turn.words,
                "is_private": turn.kind is Kind.PRIVATE_NOTE,
                "said_at": _time(turn.said_at),
            }
            for turn in turns
            if turn.kind in {Kind.NOTE, Kind.PRIVATE_NOTE} and turn.number not in hidden
        ],
        "outcomes": [_outcome(conversation_id, outcome) for outcome in found],
        "reviews": [_review(stands, review) for review in reviews],
        **quotes,
        "flags": [
            {"kind": flag.kind, "turn": flag.turn, "raised_at": _time(flag.raised_at)}
            for flag in seen.flags.of(conversation_id)
        ],
    }


def taken_back_turns(turns: Sequence[Turn], stands: Standing) -> frozenset[int]:
    """Name the turns whose words the person took back: one by one, or all of them by stopping."""
    if stands.is_everything_taken_back:
        return frozenset(turn.number for turn in turns if turn.kind in {*ANSWERING, Kind.NOTE, Kind.PRIVATE_NOTE})
    found: set[int] = set()
    for answer in stands.answers:
        for said in (answer.said, *answer.additions):
            gone = set(said.versions) - set(said.in_effect)
            found.update(turn.number for turn in gone if turn.kind is not Kind.TAKEN_BACK)
    return frozenset(found)


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "turn": answer.number,
        "asked": answer.question.asked,
        "speaker": answer.current.speaker,
        "whose": answer.current.whose,
        "how": answer.current.how,
        "words": list(answer.words),
        "originals": [
            said.current.original for said in (answer.said, *answer.additions) if said.current.kind is Kind.WORDS
        ],
        "choice": list(answer.current.choice),
        "taken_back": answer.said.is_taken_back,
        "versions": [turn.number for turn in answer.said.versions],
    }


def _outcome(conversation_id: str, outcome: Outcome) -> dict[str, Any]:
    first, versions = outcome.answer.said.first, outcome.answer.said.in_effect
    return {
        "id": outcome_id(conversation_id, outcome.number),
        "words": versions[0].words,
        "words_now": versions[-1].words,
        "turn": outcome.number,
        "versions": [
            {
                "turn": turn.number,
                "words": turn.words,
                "original": turn.original,
                "speaker": turn.speaker,
                "whose": turn.whose,
                "said_at": _time(turn.said_at),
            }
            for turn in versions
        ],
        **_ranked(outcome),
        "how": outcome.how,
        "speaker": first.speaker,
        "whose": first.whose,
        "status": outcome.status,
    }


def _ranked(outcome: Outcome) -> dict[str, Any]:
    return {
        "sign": list(outcome.sign.words) if outcome.sign is not None else [],
        "weight": outcome.weight,
        "rank": outcome.rank,
        "plan": outcome.plan,
        "apart_from": list(outcome.apart_from),
    }


def _review(stands: Standing, review: OutcomeReview) -> dict[str, Any]:
    """Give what was said of an outcome of an earlier conversation, each with the answer that it quotes."""
    said = {
        "said": review.said_turn,
        "again": review.again_turn,
        "why": review.why_turn,
        "difference": review.difference_turn,
        "own": review.own_turn,
    }
    quoted = {name: stands.answer(number) if number is not None else None for name, number in said.items()}
    return {
        "outcome": review.outcome_id,
        **{name: _answer(answer) if answer is not None else None for name, answer in quoted.items()},
    }


def written_outcome(outcome: EnquiryOutcome, said_on: Mapping[str, date]) -> dict[str, Any]:
    """Give an outcome with every voice apart. `said_on`: days on which conversations from paper were really had."""
    return {
        "id": outcome.outcome_id,
        "conversation": outcome.conversation_id,
        "turn": outcome.turn,
        "speaker": outcome.speaker,
        "whose": outcome.whose,
        "voice": outcome.voice,
        "words_now": list(outcome.words),
        "status": outcome.status,
        "voices": {
            voice.value: {
                "wordings": [_wording(one, said_on) for one in outcome.wordings if one.voice is voice],
                "reviewed": [_verdict(one, said_on) for one in outcome.reviewed if one.voice is voice],
            }
            for voice in Voice
        },
        "practitioners_own": [_verdict(one, said_on) for one in outcome.own_verdicts],
        **(_ranked(outcome.of) if outcome.of is not None else {}),
    }


def _part(part: Part, said_on: Mapping[str, date]) -> dict[str, Any]:
    day = said_on.get(part.conversation_id)
    return {
        "speaker": part.speaker,
        "whose": part.whose,
        "said_at": _time(part.said_at),
        "said_on": day.isoformat() if day is not None else None,
        "conversation": part.conversation_id,
        "turn": part.turn,
    }


def _wording(wording: Wording, said_on: Mapping[str, date]) -> dict[str, Any]:
    return {
        "words": wording.words,
        "original": wording.original,
        "why": list(wording.why),
        "is_addition": wording.is_addition,
        **_part(wording, said_on),
    }


def _verdict(verdict: Verdict, said_on: Mapping[str, date]) -> dict[str, Any]:
    return {
        "stage": verdict.stage,
        "value": verdict.value,
        "why": list(verdict.why),
        "difference": list(verdict.difference),
        **_part(verdict, said_on),
    }


def _proposed(found: Proposed | None) -> dict[str, Any] | None:
    return None if found is None else {"achieved": found.achieved, "from_person": found.from_person}


def _time(when: datetime) -> str:
    return when.astimezone(UTC).isoformat()
