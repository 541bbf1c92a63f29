"""What is asked next: the dialogue engine is told the path, and what it says is kept.

No transaction is open while it is asked, because its actions write to the same store.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from anyio import to_thread

from bot.conversation import Control, Kind, Now, Speaker, Standing, reference
from bot.dialogue import Delivery, DialogueBehind, DialogueUnavailable, Heard, Utterance, beginning
from bot.interview import Asking, AskingKind, Choice, rotated
from bot.interviewing.room import Room
from bot.interviewing.view import View, view_of, wanted_in
from bot.outcomes import Outcome, to_rank
from bot.store import Transaction

INTENTS = {Kind.WORDS: "words", Kind.CHOICE: "choose", Kind.SKIP: "skip"}
BEGINNINGS = 3
"""How often in a row the box may be told a path from its beginning, before it counts as away."""


async def go_on_from(room: Room, view: View, now: datetime) -> bool:
    """Hear the next question if one is owed. False when the dialogue is away."""
    if view.standing.now is not Now.WAITING:
        return True
    try:
        async with room.locks.hold(room.store, view.conversation.conversation_id) as has_waited:
            if has_waited:
                view = await read_all(room, view.conversation.conversation_id)
            return await _hear_what_is_owed(room, view, now)
    except (DialogueUnavailable, TimeoutError):
        return False


async def read_all(room: Room, conversation_id: str) -> View:
    """Read a conversation, all of it: not for a page."""

    def read() -> View:
        with room.store.reading() as seen:
            return view_of(seen, conversation_id)

    return await room.store.soon(read)


async def _hear_what_is_owed(room: Room, view: View, now: datetime) -> bool:
    while view.standing.now is Now.WAITING:
        path, heard = await _follow(room, view)
        if await to_thread.run_sync(_keeper(room, view, path, heard, now)):
            if any(_is_ending(said) for said in heard.utterances):
                # Rasa gives no memory back by itself. Who goes back from the end is told afresh.
                await room.dialogue.forget(view.conversation.conversation_id)
            return True
        view = await read_all(room, view.conversation.conversation_id)
    return True


async def _follow(room: Room, view: View) -> tuple[list[int], Heard]:
    """Tell the path, and answer by itself every question that has its answer already.

    Told from the beginning, each kept answer is given only to the very question that it answered: whatever has changed
    since (an answer, the interview itself), none is filed under another question.
    """
    times_behind = 0
    stands = view.standing
    conversation = view.conversation
    first = beginning(conversation.stage, conversation.speaker)
    path = [] if stands.unsettled else list(stands.path)
    while True:
        try:
            told = [first, *(_delivery(stands, number) for number in path)]
            heard = await room.dialogue.ask(conversation.conversation_id, told)
        except DialogueBehind:
            times_behind += 1
            if not path or times_behind == BEGINNINGS:
                raise DialogueUnavailable("the box would not begin") from None
            path = []
            continue
        question = _question(heard)
        if question is None:
            return path, heard
        offered = await _offered(room, conversation.conversation_id, question, path)
        kept = stands.kept_for(_name(question), question.wording, path, offered)
        if kept is None:
            return path, heard
        path.append(kept.number)


async def _offered(room: Room, conversation_id: str, question: Utterance, path: Sequence[int]) -> frozenset[str] | None:
    """Name the things said before that a question offers, as actions have just kept them; None where it offers none."""
    source = question.custom.get("choices_from")
    if source is None:
        return None

    def read() -> tuple[Choice, ...]:
        with room.store.reading() as seen:
            return _outcome_choices(seen, view_of(seen, conversation_id), source, path)

    return frozenset(choice.id for choice in await room.store.soon(read))


def _delivery(stands: Standing, number: int) -> Delivery:
    found = stands.answer(number)
    assert found is not None
    turn = found.said.heard
    return Delivery(number, INTENTS[turn.kind], turn.choice)


def _question(heard: Heard) -> Utterance | None:
    return next((said for said in reversed(heard.utterances) if said.response.startswith("utter_ask_")), None)


def _is_ending(utterance: Utterance) -> bool:
    return utterance.custom.get("kind") == AskingKind.ENDING


def _name(utterance: Utterance) -> str:
    return utterance.response.removeprefix("utter_ask_").removeprefix("utter_")


def _keeper(room: Room, view: View, path: Sequence[int], heard: Heard, now: datetime) -> Callable[[], bool]:
    """Make the transaction that keeps what the bot said; it gives False when the conversation moved meanwhile."""

    def keep() -> bool:
        conversation_id = view.conversation.conversation_id
        if not heard.utterances:
            raise DialogueUnavailable("the dialogue said nothing")
        with room.store.begin() as kept:
            latest = view_of(kept, conversation_id)
            if latest.standing.last != view.standing.last:
                return latest.standing.now is not Now.WAITING
            question = _question(heard)
            if question is not None and _is_time_to_come_round(latest.standing, question):
                kept.conversations.add(
                    conversation_id,
                    speaker=Speaker.BOT,
                    kind=Kind.CONTROL,
                    said_at=now,
                    choice=(Control.COME_ROUND,),
                )
                kept.settle(conversation_id, now)
                return False
            for said in heard.utterances:
                _keep_utterance(kept, latest, said, path, now)
            kept.settle(conversation_id, now)
        return True

    return keep


def _is_time_to_come_round(stands: Standing, question: Utterance) -> bool:
    """What was put off comes round once, before everything is read back."""
    return question.custom.get("kind") == "check" and not stands.came_round and bool(stands.put_off)


def _keep_utterance(kept: Transaction, view: View, said: Utterance, path: Sequence[int], now: datetime) -> None:
    asking = Asking.from_utterance(said.wording, said.custom)
    kind = Kind.NOTICE
    if _is_ending(said):
        kind = Kind.ENDING
    elif said.response.startswith("utter_ask_"):
        kind = Kind.QUESTION
    name = _name(said)
    conversation_id = view.conversation.conversation_id
    choices = (*_outcome_choices(kept, view, asking.choices_from, path), *asking.choices)
    if asking.rotate:
        choices = rotated(choices, f"{conversation_id}|{name}")
    asking = replace(asking, choices=choices)
    shown = json.loads(asking.to_json())
    if kind is not Kind.NOTICE and tuple(path) != view.standing.path:
        shown["path"] = list(path)
    kept.conversations.add(
        conversation_id,
        speaker=Speaker.BOT,
        kind=kind,
        said_at=now,
        asked=name,
        words=said.wording,
        shown=tuple(choice.id for choice in choices),
        asking=json.dumps(shown, ensure_ascii=True),
    )


def _outcome_choices(seen: Transaction, view: View, source: str | None, path: Sequence[int]) -> tuple[Choice, ...]:
    """Offer what the person wants, each by its turn: the page shows the words, the record holds the reference."""
    if source is None:
        return ()
    found: Sequence[Outcome] = wanted_in(seen, view)
    if source == "outcomes_to_rank":
        found = to_rank(view.standing, found, path)
    elif source == "outcomes_but_plan_a":
        plan_a = _chosen(view.standing, "plan_a", path)
        found = [outcome for outcome in found if reference(outcome.number) not in plan_a]
    return tuple(Choice(id=reference(outcome.number), label="") for outcome in found)


def _chosen(stands: Standing, asked: str, path: Sequence[int]) -> tuple[str, ...]:
    for number in reversed(path):
        found = stands.answer(number)
        if found is not None and found.question.asked == asked:
            return found.current.choice
    return ()
