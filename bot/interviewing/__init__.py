"""The interview: one function a verb, one transaction a promise.

What a person says is committed before the dialogue engine hears of it.
"""

from collections.abc import Callable
from datetime import date, datetime

from anyio import to_thread

from bot.conversation import Control, Kind, Now, Preferences, Speaker, Stage
from bot.flags import FlagKind
from bot.interviewing import gate, pressing
from bot.interviewing.answering import find_repeated, keep_answer, keep_note
from bot.interviewing.hearing import BEGINNINGS, go_on_from, read_all
from bot.interviewing.known import with_what_is_known
from bot.interviewing.pressing import Pressed, keep_control
from bot.interviewing.room import BOX_PATIENCE, Given, Refusal, Refused, Room, Taken
from bot.interviewing.view import GATE, View, asking_of, is_gate, shown, view_of, wanted_in
from bot.outcomes import Outcome
from bot.steps import Step
from bot.store import Origin, Transaction

__all__ = [
    "BEGINNINGS",
    "BOX_PATIENCE",
    "GATE",
    "Given",
    "Refusal",
    "Refused",
    "Room",
    "Taken",
    "View",
    "answer",
    "append",
    "arrive",
    "asking_of",
    "begin",
    "begin_in",
    "go_on",
    "keep_typed",
    "look",
    "look_in",
    "prefer",
    "press",
    "take_back",
    "wanted",
]


async def begin(
    room: Room,
    *,
    stage: Stage,
    speaker: Speaker,
    now: datetime,
    enquiry_id: str | None = None,
    origin: Origin = Origin.PAGE,
    said_on: date | None = None,
    conversation_id: str | None = None,
) -> str:
    """Begin a conversation and ask its first question as soon as the dialogue can.

    `said_on` is the day on which it was said, where it was written down on paper first. `conversation_id` is that of
    the page that begins it: the store raises its `Taken` where that page began it before.
    """

    def keep() -> str:
        with room.store.begin() as kept:
            return begin_in(
                kept,
                room,
                stage=stage,
                speaker=speaker,
                now=now,
                enquiry_id=enquiry_id,
                origin=origin,
                said_on=said_on,
                conversation_id=conversation_id,
            )

    begun = await to_thread.run_sync(keep)
    await go_on(room, begun, now)
    return begun


def begin_in(
    kept: Transaction,
    room: Room,
    *,
    stage: Stage,
    speaker: Speaker,
    now: datetime,
    enquiry_id: str | None = None,
    origin: Origin = Origin.PAGE,
    said_on: date | None = None,
    conversation_id: str | None = None,
) -> str:
    """Begin a conversation as part of another promise; its first question comes with `go_on`."""
    return kept.conversations.begin(
        stage=stage,
        speaker=speaker,
        begun_at=now,
        interview_version=room.interview.version,
        enquiry_id=enquiry_id,
        origin=origin,
        said_on=said_on,
        conversation_id=conversation_id,
    )


async def look(room: Room, conversation_id: str) -> View:
    """Read where a conversation stands, as a page may show it to whoever looks now."""

    def read() -> View:
        with room.store.reading() as seen:
            return look_in(seen, conversation_id)

    return await room.store.soon(read)


def look_in(seen: Transaction, conversation_id: str) -> View:
    """Read where a conversation stands, as `look` does, as part of a reading that goes on."""
    return shown(with_what_is_known(seen, view_of(seen, conversation_id)))


async def wanted(room: Room, view: View) -> tuple[Outcome, ...]:
    """Read the desired outcomes of a conversation that a page may show."""

    def read() -> tuple[Outcome, ...]:
        with room.store.reading() as seen:
            return wanted_in(seen, view)

    return await room.store.soon(read)


async def prefer(room: Room, conversation_id: str, preferences: Preferences, now: datetime) -> None:
    """Keep what makes the pages easier in this conversation."""

    def keep() -> None:
        with room.store.begin() as kept:
            kept.preferences.keep(conversation_id, preferences, now)

    await to_thread.run_sync(keep)


async def answer(room: Room, step: Step, given: Given, now: datetime) -> Taken:
    """Keep an answer, then ask what comes next.

    Raises Refused when there is nothing to keep or it was not offered, and the store's NotKept when it could not be
    kept: then nothing may be said to be safe.
    """
    return await _keep_and_go_on(
        room, step.conversation_id, lambda kept: keep_answer(room, kept, step, given, now), now
    )


async def append(room: Room, step: Step, given: Given, now: datetime) -> Taken:
    """Keep an answer from a page whose visit is over: such a page may add what was said, and decide nothing.

    Raises as `answer` does.
    """

    def keep(kept: Transaction) -> Taken:
        stands = kept.conversations.standing(step.conversation_id)
        if stands.now is Now.ASIDE:
            return keep_note(kept, stands, step, given, now)
        return keep_answer(room, kept, step, given, now)

    return await _keep_and_go_on(room, step.conversation_id, keep, now)


async def press(
    room: Room,
    step: Step,
    control: Control,
    now: datetime,
    *,
    typed: str = "",
    typed_original: str = "",
    typed_note: str = "",
    target: int | None = None,
) -> Taken:
    """Do what a button beside the answer says. What was typed stays: it is a draft until it is given."""
    given = Given(Kind.WORDS, typed, original=typed_original, note=typed_note)
    pressed = Pressed(control, given, target)
    return await _keep_and_go_on(
        room, step.conversation_id, lambda kept: keep_control(room, kept, step, pressed, now), now
    )


async def arrive(room: Room, conversation_id: str, now: datetime) -> None:
    """Ask somebody who came back with a code if it is safe to go on, before anything said before is shown."""

    def keep() -> None:
        with room.store.begin() as kept:
            view = view_of(kept, conversation_id)
            stands = view.standing
            is_asked = is_gate(stands) and stands.asked is not None and stands.asked.asked == GATE[0]
            if not is_asked and gate.is_needed(kept, view.conversation, view.turns, stands):
                gate.ask_again(room, kept, view.conversation, stands, now)
                kept.settle(conversation_id, now)

    await to_thread.run_sync(keep)


async def keep_typed(room: Room, step: Step, typed: Given, now: datetime) -> Taken:
    """Keep what was typed and not yet given, while the person looks at another page of ours. Raises Refused."""

    def keep() -> Taken:
        with room.store.begin() as kept:
            return pressing.keep_typed(kept, step, typed, now)

    return await to_thread.run_sync(keep)


async def take_back(room: Room, step: Step, number: int, now: datetime) -> Taken:
    """Take back one thing said: the statement no longer shows it, and the team sees only that something was."""

    def keep() -> Taken:
        with room.store.begin() as kept:
            view = view_of(kept, step.conversation_id)
            said = shown(view).standing.said(number)
            taken = {one.number for one in said.versions if one.kind is Kind.TAKEN_BACK} if said is not None else set()
            repeated, token = find_repeated(kept, step, lambda earlier: earlier.number in taken)
            if repeated is not None:
                return Taken.REPEATED
            if said is None or said.is_taken_back or view.is_handed_over:
                return Taken.NOTHING
            turn = kept.conversations.add(
                step.conversation_id,
                speaker=view.conversation.speaker,
                kind=Kind.TAKEN_BACK,
                said_at=now,
                asked=said.first.asked,
                answers=said.first.answers,
                replaces=said.current.number,
                token=token,
            )
            kept.flags.raise_flag(step.conversation_id, FlagKind.TAKEN_BACK, turn.number, now)
            kept.settle(step.conversation_id, now)
            return Taken.KEPT

    return await to_thread.run_sync(keep)


async def go_on(room: Room, conversation_id: str, now: datetime) -> bool:
    """Hear the next question if one is owed. False when the dialogue is away: the words are safe, the page waits."""
    return await go_on_from(room, await read_all(room, conversation_id), now)


async def _keep_and_go_on(
    room: Room, conversation_id: str, keep: Callable[[Transaction], Taken], now: datetime
) -> Taken:
    """Keep one promise, then hear what comes next from where that left the conversation."""

    def promise() -> tuple[Taken, View]:
        with room.store.begin() as kept:
            taken, view = keep(kept), view_of(kept, conversation_id)
            kept.conversations.settle(conversation_id, view.standing.state, now)
            return taken, view

    taken, view = await to_thread.run_sync(promise)
    await go_on_from(room, view, now)
    return taken
