"""The way of a finished conversation through a team: waiting, being read, sent back with a question, reviewed.

Pure. Each step is an entry that is added; the latest one says where the review stands, and all are kept.
"""

from collections.abc import Mapping
from enum import StrEnum


class ReviewState(StrEnum):
    """Where a team stands with a conversation."""

    WAITING = "waiting"
    BEING_READ = "being_read"
    SENT_BACK = "sent_back"
    """With a question for the practitioner."""
    ANSWERED = "answered"
    """The practitioner answered: it is to be read again."""
    REVIEWED = "reviewed"


class Step(StrEnum):
    """What a reader may do with a conversation."""

    TAKE = "take"
    LET_GO = "let_go"
    SEND_BACK = "send_back"
    ANSWER = "answer"
    FINISH = "finish"


LEADS_TO: Mapping[Step, ReviewState] = {
    Step.TAKE: ReviewState.BEING_READ,
    Step.LET_GO: ReviewState.WAITING,
    Step.SEND_BACK: ReviewState.SENT_BACK,
    Step.ANSWER: ReviewState.ANSWERED,
    Step.FINISH: ReviewState.REVIEWED,
}

NEEDS_WORDS = frozenset({Step.SEND_BACK, Step.ANSWER})
"""Steps that say nothing unless something is written."""

_OPEN: Mapping[ReviewState, frozenset[Step]] = {
    ReviewState.WAITING: frozenset({Step.TAKE}),
    ReviewState.BEING_READ: frozenset({Step.FINISH, Step.SEND_BACK, Step.LET_GO}),
    ReviewState.SENT_BACK: frozenset({Step.ANSWER, Step.TAKE}),
    ReviewState.ANSWERED: frozenset({Step.TAKE}),
    ReviewState.REVIEWED: frozenset({Step.TAKE}),
}


def state_of(what: str | None) -> ReviewState:
    """Read the latest entry; a conversation without one waits."""
    return ReviewState.WAITING if what is None else ReviewState(what)


def steps_from(state: ReviewState, *, is_mine: bool) -> frozenset[Step]:
    """Say what a reader may do next. `is_mine`: whether it is this reader who is reading it.

    What somebody else is reading can be taken over: people go home, and words must not wait for them.
    """
    if state is ReviewState.BEING_READ and not is_mine:
        return frozenset({Step.TAKE})
    return _OPEN[state]
