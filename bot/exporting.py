"""Whole conversations for those who may have them: every turn, and what the record makes of it, words exact."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from bot.conversation import Answer, Kind, Standing, standing
from bot.outcomes import Outcome, outcomes
from bot.store import Conversation, Store, Transaction

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
}
"""Under which name each kind of record is written out."""


def exported(store: Store) -> Iterator[dict[str, Any]]:
    """Give every conversation in the order they began, one at a time."""
    with store.reading() as seen:
        conversations = seen.conversations.listed()
    for conversation in conversations:
        yield export_one(store, conversation.conversation_id)


def export_one(store: Store, conversation_id: str) -> dict[str, Any]:
    """Give one conversation. Raises Missing."""
    with store.reading() as seen:
        return _export(seen, seen.conversations.get(conversation_id))


def _export(seen: Transaction, conversation: Conversation) -> dict[str, Any]:
    conversation_id = conversation.conversation_id
    turns = seen.conversations.turns(conversation_id)
    stands = standing(turns)
    found = outcomes(stands, seen.outcomes.desired(conversation_id), seen.outcomes.marks(conversation_id))
    quotes: dict[str, list[dict[str, Any]]] = {name: [] for name in RECORDS.values()}
    for quote in seen.quotes.of(conversation_id):
        answer = stands.answer(quote.turn)
        if answer is not None:
            quotes[RECORDS[quote.record]].append(_answer(answer))
    finished = next((turn.said_at for turn in turns if turn.kind is Kind.ENDING and turn.asked == "done"), None)
    return {
        "id": conversation_id,
        "stage": conversation.stage,
        "speaker": conversation.speaker,
        "begun": _time(conversation.begun_at),
        "finished": _time(finished) if finished is not None else None,
        "stopped": stands.stopped,
        "origin": conversation.origin,
        "interview": conversation.interview_version,
        "digest": conversation.head.hex(),
        "turns": [
            {
                "number": turn.number,
                "speaker": turn.speaker,
                "asked": turn.asked,
                "answers": turn.answers,
                "kind": turn.kind,
                "words": turn.words,
                "choice": list(turn.choice),
                "shown": list(turn.shown),
                "said_at": _time(turn.said_at),
                "replaces": turn.replaces,
                "adds_to": turn.adds_to,
                "how": turn.how,
            }
            for turn in turns
        ],
        "outcomes": [_outcome(outcome, stands) for outcome in found],
        **quotes,
        "flags": [
            {"kind": flag.kind, "turn": flag.turn, "raised_at": _time(flag.raised_at)}
            for flag in seen.flags.of(conversation_id)
        ],
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "turn": answer.number,
        "asked": answer.question.asked,
        "words": list(answer.words),
        "choice": list(answer.current.choice),
        "taken_back": answer.said.is_taken_back,
        "versions": [turn.number for turn in answer.said.versions],
    }


def _outcome(outcome: Outcome, stands: Standing) -> dict[str, Any]:
    return {
        "words": outcome.answer.said.first.words,
        "words_now": outcome.answer.current.words,
        "turn": outcome.number,
        "versions": [
            {"turn": turn.number, "words": turn.words, "said_at": _time(turn.said_at)}
            for turn in outcome.answer.said.versions
        ],
        "sign": list(outcome.sign.words) if outcome.sign is not None else [],
        "weight": outcome.weight,
        "rank": outcome.rank,
        "plan": outcome.plan,
        "apart_from": list(outcome.apart_from),
        "how": outcome.how,
        "whose": outcome.answer.said.first.speaker,
        "status": outcome.status,
    }


def _time(when: datetime) -> str:
    return when.astimezone(UTC).isoformat()
