"""Whole conversations for those who may have them: every turn, and what the record makes of it, words exact."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from bot.conversation import ANSWERING, Answer, Kind, Standing, Turn, standing
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


def _export(seen: Transaction, conversation: Conversation, taken_back: TakenBack) -> dict[str, Any]:
    conversation_id = conversation.conversation_id
    turns = seen.conversations.turns(conversation_id)
    stands = standing(turns)
    gone = taken_back_turns(turns, stands)
    hidden = gone if taken_back is TakenBack.LEFT_OUT else frozenset()
    found = outcomes(stands, seen.outcomes.desired(conversation_id), seen.outcomes.marks(conversation_id))
    found = () if stands.is_everything_taken_back else found
    quotes: dict[str, list[dict[str, Any]]] = {name: [] for name in RECORDS.values()}
    for quote in seen.quotes.of(conversation_id):
        answer = stands.answer(quote.turn)
        if answer is not None and not stands.is_everything_taken_back:
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
                "words": "" if turn.number in hidden else turn.words,
                "choice": [] if turn.number in hidden else list(turn.choice),
                "taken_back": turn.number in gone,
                "shown": list(turn.shown),
                "said_at": _time(turn.said_at),
                "replaces": turn.replaces,
                "adds_to": turn.adds_to,
                "how": turn.how,
            }
            for turn in turns
        ],
        "outcomes": [_outcome(outcome) for outcome in found],
        **quotes,
        "flags": [
            {"kind": flag.kind, "turn": flag.turn, "raised_at": _time(flag.raised_at)}
            for flag in seen.flags.of(conversation_id)
        ],
    }


def taken_back_turns(turns: Sequence[Turn], stands: Standing) -> frozenset[int]:
    """Name the turns whose words the person took back: one by one, or all of them by stopping."""
    if stands.is_everything_taken_back:
        return frozenset(turn.number for turn in turns if turn.kind in {*ANSWERING, Kind.NOTE})
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
        "words": list(answer.words),
        "choice": list(answer.current.choice),
        "taken_back": answer.said.is_taken_back,
        "versions": [turn.number for turn in answer.said.versions],
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    versions = outcome.answer.said.in_effect
    return {
        "words": versions[0].words,
        "words_now": versions[-1].words,
        "turn": outcome.number,
        "versions": [{"turn": turn.number, "words": turn.words, "said_at": _time(turn.said_at)} for turn in versions],
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
