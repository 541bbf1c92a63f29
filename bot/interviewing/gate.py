"""The gate on coming back: is it safe to talk? Until that is answered, nothing said before is shown."""

from datetime import datetime

from bot.conversation import ANSWERING, Control, Kind, Now, Standing, Turn
from bot.interviewing.room import Room
from bot.interviewing.saying import say, whoever_answers
from bot.interviewing.view import GATE, asking_of
from bot.store import Conversation, Transaction

CLOSED = "gate_closed"
"""The ending of a conversation at a time that was not good."""
OPENS = frozenset({"go_on", "go_on_slowly"})
"""The questions at which a conversation can end so."""


def is_needed(kept: Transaction, conversation: Conversation, turns: tuple[Turn, ...], stands: Standing) -> bool:
    """Whether anything has been said or typed that a page could show, this one or one after it."""
    if stands.is_everything_taken_back:
        return False
    has_said = any(turn.kind in {*ANSWERING, Kind.NOTE} for turn in turns)
    return has_said or kept.drafts.is_kept(conversation.conversation_id)


def ask_again(
    room: Room,
    kept: Transaction,
    conversation: Conversation,
    stands: Standing,
    now: datetime,
    *,
    token: str | None = None,
) -> None:
    """Begin at the first question of the gate."""
    say(room, kept, conversation, whoever_answers(conversation, stands), GATE[0], Kind.ASIDE, now, token=token)


def ask_next(
    room: Room, kept: Transaction, conversation: Conversation, stands: Standing, reply: Turn, now: datetime
) -> None:
    """Ask what comes after a reply at the gate, or do what the last one says."""
    assert stands.asked is not None
    place = GATE.index(stands.asked.asked or "") + 1
    speaker = whoever_answers(conversation, stands)
    if place < len(GATE):
        say(room, kept, conversation, speaker, GATE[place], Kind.ASIDE, now)
        return
    control = Control.TAKE_A_BREAK if reply.choice == ("no",) else Control.COME_BACK
    kept.conversations.add(
        conversation.conversation_id, speaker=speaker, kind=Kind.CONTROL, said_at=now, choice=(control,)
    )
    if control is Control.COME_BACK:
        _welcome_back(room, kept, conversation, now)


def _welcome_back(room: Room, kept: Transaction, conversation: Conversation, now: datetime) -> None:
    """Say where we were. A conversation that ended because it was not a good time goes on now."""
    stands = kept.conversations.standing(conversation.conversation_id)
    if stands.now is Now.ENDED:
        _open(kept, conversation, stands, now)
    elif stands.now in {Now.QUESTION, Now.REVISIT, Now.WAITING} and stands.asked is not None:
        part = asking_of(stands.asked).part
        listener = whoever_answers(conversation, stands)
        say(room, kept, conversation, listener, "welcome_back", Kind.NOTICE, now, filled={"part": part})


def _open(kept: Transaction, conversation: Conversation, stands: Standing, now: datetime) -> None:
    """Take the yes that was just said as the answer to the same question of before."""
    answer = stands.answer(stands.path[-1]) if stands.path else None
    if stands.asked is None or stands.asked.asked != CLOSED or answer is None or answer.question.asked not in OPENS:
        return
    kept.conversations.add(
        conversation.conversation_id,
        speaker=whoever_answers(conversation, stands),
        kind=Kind.CHOICE,
        said_at=now,
        asked=answer.question.asked,
        answers=answer.question.number,
        choice=("yes",),
        replaces=answer.current.number,
    )
