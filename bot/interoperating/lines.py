"""An enquiry as JSON Lines: one thing a line, each with `what` it is, words exact."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from bot.exporting import written_outcome
from bot.interoperating.choosing import NEVER, Chosen, Had
from bot.reviewing.transcript import Exchange, Wording, text_of
from bot.store import Entry

Line = dict[str, Any]


def lines(chosen: Chosen, now: datetime) -> Iterator[str]:
    """Give it line by line. ASCII only: half a sign has no place in UTF-8, and comes through as its escape."""
    for line in _lines(chosen, now):
        yield json.dumps(line, ensure_ascii=True) + "\n"


def _lines(chosen: Chosen, now: datetime) -> Iterator[Line]:
    enquiry = chosen.enquiry
    yield {
        "what": "enquiry",
        "id": enquiry.enquiry_id,
        "reference": enquiry.reference,
        "opened": _time(enquiry.opened_at),
        "closed": _time(enquiry.closed_at) if enquiry.closed_at is not None else None,
        "moves": [{"move": one.move, "at": _time(one.at)} for one in chosen.moves],
        "written": _time(now),
        "left_out": list(NEVER),
        "conversations_left_out": chosen.left_out,
        "is_made_up": chosen.is_made_up,
    }
    for had in chosen.had:
        yield from _conversation(had)
    said_on = {
        one.conversation_id: one.conversation.said_on for one in chosen.had if one.conversation.said_on is not None
    }
    for outcome in chosen.outcomes:
        yield {"what": "outcome", **written_outcome(outcome, said_on)}
    for entry in chosen.entries:
        yield _entry(entry, chosen)


def _conversation(had: Had) -> Iterator[Line]:
    conversation = had.conversation
    yield {
        "what": "conversation",
        "id": had.conversation_id,
        "stage": conversation.stage,
        "speaker": conversation.speaker,
        "origin": conversation.origin,
        "begun": _time(conversation.begun_at),
        "ended": _time(had.ended_at),
        "state": conversation.state,
        "stopped": had.told.standing.stopped,
        "said_on": conversation.said_on.isoformat() if conversation.said_on is not None else None,
        "interview": conversation.interview_version,
        "digest": conversation.head.hex(),
        "is_everything_taken_back": had.is_taken_back,
    }
    for exchange in had.exchanges:
        yield _exchange(had, exchange)
    for flag in had.flags:
        yield {
            "what": "flag",
            "conversation": had.conversation_id,
            "kind": flag.kind,
            "turn": flag.turn,
            "raised": _time(flag.raised_at),
        }


def _exchange(had: Had, exchange: Exchange) -> Line:
    return {
        "what": "exchange",
        "conversation": had.conversation_id,
        "number": exchange.number,
        "question": exchange.name,
        "part": exchange.part,
        "asked": text_of(exchange.asked),
        "asked_at": _time(exchange.asked_at),
        "offered": [{"id": one.id, "label": one.label} for one in had.offered[exchange.number]],
        "is_aside": exchange.is_aside,
        "is_on_road": exchange.is_on_road,
        "said": [
            {
                "is_addition": thing.is_addition,
                "now": _wording(had, thing.now),
                "before": [_wording(had, one) for one in thing.before],
            }
            for thing in exchange.things
        ],
        "in_another_window": [
            {"turn": one.turn, "words": one.words, "taken_back": one.is_withheld, "said_at": _time(one.said_at)}
            for one in exchange.beside
        ],
    }


def _wording(had: Had, one: Wording) -> Line:
    return {
        "turn": one.turn,
        "said_at": _time(one.said_at),
        "speaker": one.speaker,
        "whose": one.whose,
        "how": one.how,
        "words": one.words,
        "original": one.original,
        "choice": list(had.chosen.get(one.turn, ())) if one.chosen else [],
        "labels": [text_of(label) for label in one.chosen],
        "skipped": one.skipped or None,
        "taken_back": one.is_taking_back or one.is_withheld,
    }


def _entry(entry: Entry, chosen: Chosen) -> Line:
    """Give what the team wrote. Its `what` is the kind of entry, such as a record or a note."""
    return {
        "what": entry.kind,
        "number": entry.number,
        "about": entry.what,
        "conversation": entry.conversation_id,
        "turn": entry.turn,
        "outcome": entry.outcome_id,
        "choices": {name: list(ids) for name, ids in entry.choices.items()},
        "words": dict(entry.words),
        "replaces": entry.replaces,
        "by": chosen.names.account(entry.account_id),
        "at": _time(entry.at),
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
