"""The interview: one function a verb, one transaction a promise.

What a person says is committed before the dialogue engine hears of it. No transaction is open while the engine is
asked, because its actions write to the same store.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from anyio import to_thread

from bot.conversation import (
    LONGEST_ANSWER,
    REFERENCE,
    Answer,
    Control,
    How,
    Kind,
    Now,
    Preferences,
    Said,
    Skip,
    Speaker,
    Stage,
    Standing,
    Turn,
    Whose,
    reference,
    referred,
    standing,
)
from bot.dialogue import Delivery, Dialogue, DialogueBehind, DialogueUnavailable, Heard, Utterance, beginning
from bot.flags import FlagKind, Phrases
from bot.interview import Asking, AskingKind, Choice, Interview, rotated
from bot.outcomes import Outcome, outcomes, to_rank
from bot.steps import Step
from bot.store import Conversation, Origin, Store, Transaction

BEGINNINGS = 3
"""How often in a row the box may be told a path from its beginning, before it counts as away."""

GATE = ("private", "company", "go_on")
"""What is asked again, as asides of these names, of whoever comes back: nothing else is shown before."""

BOX_PATIENCE = 5.0
"""Seconds that one request waits for another one of the same conversation to hear from the box."""


class Refusal(StrEnum):
    """Why an answer was not taken. Nothing typed is lost by it: the page still holds it."""

    NOTHING_GIVEN = "nothing_given"
    TOO_LONG = "too_long"
    NOT_OFFERED = "not_offered"
    WHOSE_MISSING = "whose_missing"
    """An advocate has not said whose words these are."""
    HANDED_OVER = "handed_over"
    """The person has the screen: what only a practitioner can add has to wait."""


class Refused(Exception):
    """The answer was not taken; `why` says what to tell the person."""

    def __init__(self, why: Refusal) -> None:
        super().__init__(why.value)
        self.why = why


class Taken(StrEnum):
    """What became of a post."""

    KEPT = "kept"
    REPEATED = "repeated"
    ELSEWHERE = "elsewhere"
    """That question has been answered in another window; the words are kept as a note."""
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Given:
    """An answer as the page sent it. Where it came from says what it is."""

    kind: Kind
    words: str = ""
    choice: tuple[str, ...] = ()
    how: How | None = None
    """How it was given, where a practitioner says so."""
    whose: Whose | None = None
    """Whose words they are, where an advocate says so."""
    original: str = ""
    """The words in the person's own language, where `words` is the interpreter's English."""
    note: str = ""
    """A practitioner's own note about the question. Kept as a turn of its own, never shown to the person."""


@dataclass(slots=True)
class _Locks:
    """One request at a time asks the box about a conversation."""

    held: dict[str, asyncio.Lock] = field(default_factory=dict)
    waiting: dict[str, int] = field(default_factory=dict)

    @contextlib.asynccontextmanager
    async def hold(self, conversation_id: str) -> AsyncIterator[None]:
        lock = self.held.setdefault(conversation_id, asyncio.Lock())
        self.waiting[conversation_id] = self.waiting.get(conversation_id, 0) + 1
        try:
            async with asyncio.timeout(BOX_PATIENCE):
                await lock.acquire()
            try:
                yield
            finally:
                lock.release()
        finally:
            self.waiting[conversation_id] -= 1
            if not self.waiting[conversation_id]:
                del self.waiting[conversation_id], self.held[conversation_id]


@dataclass(frozen=True, slots=True)
class Room:
    """All that an interview needs: where words are kept, who says what is asked next, and how things are worded."""

    store: Store
    dialogue: Dialogue
    interview: Interview
    phrases: Phrases
    locks: _Locks = field(default_factory=_Locks)


@dataclass(frozen=True, slots=True)
class View:
    """A conversation as a page may show it."""

    conversation: Conversation
    turns: tuple[Turn, ...]
    standing: Standing
    outcomes: tuple[Outcome, ...]
    draft: str
    """What was typed and not yet given as the answer to what is on show; empty when there is none."""
    draft_original: str = ""
    draft_note: str = ""
    meanings: Mapping[str, str] = field(default_factory=dict)
    """What `outcome:<id>` stands for in a wording or a choice: the words, by the id."""
    communication: tuple[Answer, ...] = ()
    """What is known about how the person likes to talk, for a question that shows it."""
    preferences: Preferences = field(default_factory=Preferences)

    @property
    def enquiry_id(self) -> str | None:
        """The enquiry that the conversation belongs to."""
        return self.conversation.enquiry_id

    @property
    def is_handed_over(self) -> bool:
        """Whether the person has the practitioner's screen: the page shows nothing but what is asked of them."""
        return self.standing.handed_over != 0

    @property
    def is_to_be_handed_back(self) -> bool:
        """Whether the person has answered: the page thanks them, and asks them to give the screen back."""
        stands = self.standing
        is_over = stands.asked is None or stands.asked.number != stands.handed_over
        return self.is_handed_over and stands.now not in {Now.ASIDE, Now.BREAK, Now.STOPPED} and is_over

    @property
    def is_gate(self) -> bool:
        """Whether someone who came back is asked if it is safe: nothing said before is shown."""
        stands = self.standing
        return stands.now is Now.ASIDE and stands.asked is not None and stands.asked.asked in GATE

    @property
    def can_hand_over(self) -> bool:
        """Whether the question on show can be put to the person on the practitioner's screen."""
        asking = self.asking
        return (
            asking is not None
            and self.standing.now is Now.QUESTION
            and not self.is_handed_over
            and self.conversation.speaker is Speaker.PRACTITIONER
            and bool(asking.tips)
            and not asking.private
            and asking.kind is not AskingKind.CHECK
            and asking.shows is None
        )

    @property
    def asks_whose(self) -> bool:
        """Whether the page asks an advocate whose words the answer is. Words are only taken with it."""
        asking = self.asking
        return (
            asking is not None
            and self.standing.now in {Now.QUESTION, Now.REVISIT}
            and self.conversation.speaker is Speaker.ADVOCATE
            and not asking.about_self
        )

    @property
    def asks_how(self) -> bool:
        """Whether a practitioner may say how the answer was given, give the original, add a note, or why none was."""
        is_question = self.standing.now in {Now.QUESTION, Now.REVISIT}
        return is_question and self.conversation.speaker is Speaker.PRACTITIONER and not self.is_handed_over

    @property
    def may_share(self) -> bool:
        """Whether the person is asked if who speaks for them may be read what they said."""
        is_persons = self.conversation.speaker is Speaker.PERSON and self.enquiry_id is not None
        return is_persons and self.standing.now is Now.ENDED

    @property
    def asking(self) -> Asking | None:
        """How the question on show is put: choices in the order shown, why we ask, another way."""
        asked = self.standing.asked
        return asking_of(asked) if asked is not None else None


def asking_of(asked: Turn) -> Asking:
    """Read how a question was put, exactly as it was shown."""
    return replace(Asking.from_json(asked.asking), wording=asked.words)


async def begin(
    room: Room,
    *,
    stage: Stage,
    speaker: Speaker,
    now: datetime,
    enquiry_id: str | None = None,
    origin: Origin = Origin.PAGE,
    said_on: date | None = None,
) -> str:
    """Begin a conversation and ask its first question as soon as the dialogue can.

    `said_on` is the day on which it was said, where it was written down on paper first.
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
            )

    conversation_id = await to_thread.run_sync(keep)
    await go_on(room, conversation_id, now)
    return conversation_id


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
) -> str:
    """Begin a conversation as part of another promise. Its first question comes with `go_on`."""
    return kept.conversations.begin(
        stage=stage,
        speaker=speaker,
        begun_at=now,
        interview_version=room.interview.version,
        enquiry_id=enquiry_id,
        origin=origin,
        said_on=said_on,
    )


async def look(room: Room, conversation_id: str) -> View:
    """Read where a conversation stands."""

    def read() -> View:
        with room.store.reading() as seen:
            return _view(seen, conversation_id)

    return await to_thread.run_sync(read)


async def answer(room: Room, step: Step, given: Given, now: datetime) -> Taken:
    """Keep an answer, then ask what comes next.

    Raises Refused when there is nothing to keep or it was not offered, and the store's NotKept when it could not be
    kept: then nothing may be said to be safe.
    """

    return await _keep_and_go_on(
        room, step.conversation_id, lambda kept: _keep_answer(room, kept, step, given, now), now
    )


async def append(room: Room, step: Step, given: Given, now: datetime) -> Taken:
    """Keep an answer from a page whose visit is over: such a page may add what was said, and decide nothing.

    Raises as `answer` does.
    """

    def keep(kept: Transaction) -> Taken:
        stands = standing(kept.conversations.turns(step.conversation_id))
        if stands.now is Now.ASIDE:
            return _keep_note(kept, stands, step, given, now)
        return _keep_answer(room, kept, step, given, now)

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

    def keep(kept: Transaction) -> Taken:
        return _keep_control(room, kept, step, control, now, typed, target)

    return await _keep_and_go_on(room, step.conversation_id, keep, now)


async def arrive(room: Room, conversation_id: str, now: datetime) -> None:
    """Ask somebody who came back with a code if it is safe to go on, before anything said before is shown."""


async def take_back(room: Room, step: Step, number: int, now: datetime) -> Taken:
    """Take back one thing said: the statement no longer shows it, and the team sees only that something was."""

    def keep() -> Taken:
        with room.store.begin() as kept:
            repeated, token = _repeated(kept, step, lambda earlier: earlier.kind is Kind.TAKEN_BACK)
            if repeated is not None:
                return Taken.REPEATED
            said = standing(kept.conversations.turns(step.conversation_id)).said(number)
            if said is None or said.is_taken_back:
                return Taken.NOTHING
            turn = kept.conversations.add(
                step.conversation_id,
                speaker=_speaker(kept, step.conversation_id),
                kind=Kind.TAKEN_BACK,
                said_at=now,
                asked=said.first.asked,
                answers=said.first.answers,
                replaces=said.current.number,
                token=token,
            )
            kept.flags.raise_flag(step.conversation_id, FlagKind.TAKEN_BACK, turn.number, now)
            return Taken.KEPT

    return await to_thread.run_sync(keep)


async def go_on(room: Room, conversation_id: str, now: datetime) -> bool:
    """Hear the next question if one is owed. False when the dialogue is away: the words are safe, the page waits."""
    return await _go_on_from(room, await look(room, conversation_id), now)


async def _keep_and_go_on(
    room: Room, conversation_id: str, keep: Callable[[Transaction], Taken], now: datetime
) -> Taken:
    """Keep one promise, then hear what comes next from where that left the conversation."""

    def promise() -> tuple[Taken, View]:
        with room.store.begin() as kept:
            return keep(kept), _view(kept, conversation_id)

    taken, view = await to_thread.run_sync(promise)
    await _go_on_from(room, view, now)
    return taken


async def _go_on_from(room: Room, view: View, now: datetime) -> bool:
    if view.standing.now is not Now.WAITING:
        return True
    try:
        async with room.locks.hold(view.conversation.conversation_id):
            return await _hear_what_is_owed(room, view, now)
    except (DialogueUnavailable, TimeoutError):
        return False


# --- keeping --------------------------------------------------------------------------------------------------------


def _repeated(kept: Transaction, step: Step, is_same: Callable[[Turn], bool]) -> tuple[Turn | None, str]:
    """Find what this page brought before, if it brought the same; else the token under which it brings this.

    The same page sending the same thing is a repeat. A browser that went back to a page and sends something else says
    something new: it must not go unheard.
    """
    token, times = step.token, 1
    while (earlier := kept.conversations.turn_by_token(step.conversation_id, token)) is not None:
        if is_same(earlier):
            return earlier, token
        times += 1
        token = f"{step.token}.{times}"
    return None, token


def _keep_answer(room: Room, kept: Transaction, step: Step, given: Given, now: datetime) -> Taken:
    conversation_id = step.conversation_id
    repeated, token = _repeated(
        kept, step, lambda earlier: (earlier.words, earlier.choice) == (given.words, given.choice)
    )
    if repeated is not None:
        return Taken.ELSEWHERE if repeated.kind is Kind.NOTE else Taken.REPEATED
    step = replace(step, token=token)
    stands = standing(kept.conversations.turns(conversation_id))
    if len(given.words) > LONGEST_ANSWER:
        raise Refused(Refusal.TOO_LONG)
    if not _is_on_show(stands, step):
        return _keep_note(kept, stands, step, given, now)
    assert stands.asked is not None
    _check_offered(stands, given)
    if stands.now is Now.ASIDE:
        return _keep_reply(room, kept, stands, step, given, now)
    turn = _add_answer(kept, stands, step, given, now)
    kept.drafts.drop(conversation_id, _draft_place(stands))
    _raise_flags(room, kept, conversation_id, stands, turn, now)
    return Taken.KEPT


def _is_on_show(stands: Standing, step: Step) -> bool:
    if stands.now not in {Now.QUESTION, Now.ASIDE, Now.REVISIT} or stands.asked is None:
        return False
    revisited = stands.revisited.first.number if stands.now is Now.REVISIT and stands.revisited else 0
    return step.asked == stands.asked.number and step.revisited == revisited


def _check_offered(stands: Standing, given: Given) -> None:
    assert stands.asked is not None
    asking = asking_of(stands.asked)
    match given.kind:
        case Kind.WORDS:
            if not given.words.strip():
                raise Refused(Refusal.NOTHING_GIVEN)
            if not asking.takes_words and stands.revisiting is not Control.ADD_MORE:
                raise Refused(Refusal.NOT_OFFERED)
        case Kind.CHOICE:
            offered = {choice.id for choice in asking.choices}
            if not given.choice:
                raise Refused(Refusal.NOTHING_GIVEN)
            if not set(given.choice) <= offered or (len(given.choice) > 1 and not asking.takes_many):
                raise Refused(Refusal.NOT_OFFERED)
        case _:
            if not asking.skippable:
                raise Refused(Refusal.NOT_OFFERED)


def _keep_note(kept: Transaction, stands: Standing, step: Step, given: Given, now: datetime) -> Taken:
    if not given.words.strip():
        return Taken.ELSEWHERE
    already = stands.answers and any(
        answer.question.number == step.asked and given.words in answer.words for answer in stands.answers
    )
    if not already:
        kept.conversations.add(
            step.conversation_id,
            speaker=_speaker(kept, step.conversation_id),
            kind=Kind.NOTE,
            said_at=now,
            answers=step.asked or None,
            words=given.words,
            token=step.token,
        )
    return Taken.ELSEWHERE


def _add_answer(kept: Transaction, stands: Standing, step: Step, given: Given, now: datetime) -> Turn:
    assert stands.asked is not None
    replaces = adds_to = None
    if stands.now is Now.REVISIT and stands.revisited is not None:
        if stands.revisiting is Control.ADD_MORE:
            adds_to = stands.revisited.first.number
        else:
            replaces = stands.revisited.current.number
    elif (put_off := stands.put_off_here) is not None:
        replaces = put_off.current.number
    asking = asking_of(stands.asked)
    return kept.conversations.add(
        step.conversation_id,
        speaker=_speaker(kept, step.conversation_id),
        kind=given.kind,
        said_at=now,
        asked=stands.asked.asked,
        answers=stands.asked.number,
        words=given.words,
        choice=given.choice,
        replaces=replaces,
        adds_to=adds_to,
        how=How(asking.how) if asking.how else (How.FREE_WORDS if given.kind is Kind.WORDS else None),
        token=step.token,
    )


def _raise_flags(
    room: Room, kept: Transaction, conversation_id: str, stands: Standing, turn: Turn, now: datetime
) -> None:
    """Tell the team at once, and put help, thanks or one kind question before what is asked next."""
    assert stands.asked is not None
    found = list(room.phrases.flags(turn.words)) if turn.kind is Kind.WORDS else []
    for choice in asking_of(stands.asked).choices:
        if choice.id in turn.choice and choice.flag:
            found.append(FlagKind(choice.flag))
    new = [kind for kind in found if not kept.flags.has(conversation_id, kind)]
    for kind in found:
        kept.flags.raise_flag(conversation_id, kind, turn.number, now)
    if any(kind in room.phrases.help_first for kind in new):
        _say(room, kept, conversation_id, "help_first", Kind.ASIDE, now)
    elif turn.kind is Kind.WORDS and (meant := room.phrases.meant(turn.words)):
        _say(room, kept, conversation_id, f"meant_{meant}", Kind.ASIDE, now, about=turn)
    elif FlagKind.TOLD_WHAT_HAPPENED in new:
        _say(room, kept, conversation_id, "thank_you_for_telling", Kind.NOTICE, now)


def _say(
    room: Room, kept: Transaction, conversation_id: str, name: str, kind: Kind, now: datetime, about: Turn | None = None
) -> None:
    """Add a turn of the bot's own, worded in `domain.yml`, that the dialogue engine does not hear of."""
    response = f"utter_{name}" if kind is Kind.NOTICE else f"utter_ask_{name}"
    asking = room.interview.response(response)
    wording = asking.wording.replace("{answer}", reference(about.number)) if about is not None else asking.wording
    kept.conversations.add(
        conversation_id,
        speaker=Speaker.BOT,
        kind=kind,
        said_at=now,
        asked=name,
        words=wording,
        shown=tuple(choice.id for choice in asking.choices),
        asking=asking.to_json(),
    )


def _keep_reply(room: Room, kept: Transaction, stands: Standing, step: Step, given: Given, now: datetime) -> Taken:
    """Keep the answer to an aside, and do what it says."""
    assert stands.asked is not None
    conversation_id = step.conversation_id
    if given.kind is not Kind.CHOICE:
        raise Refused(Refusal.NOTHING_GIVEN)
    chosen = given.choice[0]
    speaker = _speaker(kept, conversation_id)
    kept.conversations.add(
        conversation_id,
        speaker=speaker,
        kind=Kind.REPLY,
        said_at=now,
        asked=stands.asked.asked,
        answers=stands.asked.number,
        choice=given.choice,
        token=step.token,
    )
    if chosen in set(Skip) and (meant := _spoken_of(stands)) is not None:
        kept.conversations.add(
            conversation_id,
            speaker=speaker,
            kind=Kind.SKIP,
            said_at=now,
            asked=meant.first.asked,
            answers=meant.first.answers,
            choice=(chosen,),
            replaces=meant.current.number,
        )
    elif chosen == Control.STOP:
        _say(room, kept, conversation_id, "stop", Kind.ASIDE, now)
    elif chosen in {Control.TAKE_A_BREAK, Control.STOP_AND_KEEP, Control.STOP_AND_TAKE_BACK}:
        _leave_off(kept, conversation_id, speaker, Control(chosen), now)
    return Taken.KEPT


def _spoken_of(stands: Standing) -> Said | None:
    """Find what an aside asks about: its wording names it. It need not be what was said last on the road."""
    assert stands.asked is not None
    named = (referred(found[0]) for found in REFERENCE.finditer(stands.asked.words))
    return next((stands.said(number) for number in named if number is not None), None)


def _leave_off(kept: Transaction, conversation_id: str, speaker: Speaker, control: Control, now: datetime) -> None:
    turn = kept.conversations.add(conversation_id, speaker=speaker, kind=Kind.CONTROL, said_at=now, choice=(control,))
    if control in {Control.STOP_AND_KEEP, Control.STOP_AND_TAKE_BACK}:
        kept.flags.raise_flag(conversation_id, FlagKind.STOPPED_EARLY, turn.number, now)
    if control is Control.STOP_AND_TAKE_BACK:
        kept.flags.raise_flag(conversation_id, FlagKind.TAKEN_BACK, turn.number, now)


def _keep_control(
    room: Room,
    kept: Transaction,
    step: Step,
    control: Control,
    now: datetime,
    typed: str,
    target: int | None,
) -> Taken:
    conversation_id = step.conversation_id
    draft = kept.drafts.find(conversation_id, step.revisited or step.asked) if typed else None
    is_drafted = not typed or (draft is not None and draft.words == typed)
    repeated, token = _repeated(kept, step, lambda earlier: is_drafted and earlier.choice[:1] == (control,))
    if repeated is not None:
        return Taken.REPEATED
    step = replace(step, token=token)
    if len(typed) > LONGEST_ANSWER:
        raise Refused(Refusal.TOO_LONG)
    stands = standing(kept.conversations.turns(conversation_id))
    on_show = _is_on_show(stands, step)
    if typed.strip() and not on_show and control is not Control.CANCEL:
        return _keep_note(kept, stands, step, Given(Kind.WORDS, typed), now)
    choice = _control_choice(stands, control, target)
    if choice is None:
        return Taken.NOTHING
    if typed and stands.asked is not None and control is not Control.CANCEL:
        kept.drafts.keep(conversation_id, for_turn=_draft_place(stands), words=typed, now=now)
    kept.conversations.add(
        conversation_id,
        speaker=_speaker(kept, conversation_id),
        kind=Kind.CONTROL,
        said_at=now,
        answers=stands.asked.number if stands.asked is not None else None,
        choice=choice,
        token=step.token,
    )
    if control is Control.STOP and stands.now is not Now.ASIDE:
        _say(room, kept, conversation_id, "stop", Kind.ASIDE, now)
    return Taken.KEPT


def _control_choice(stands: Standing, control: Control, target: int | None) -> tuple[str, ...] | None:
    """Say what a control concerns; None when it makes no sense here."""
    if control is Control.GO_BACK:
        previous = stands.previous
        return (control, reference(previous.number)) if previous is not None else None
    number = target if target is not None else (stands.path[-1] if stands.path else 0)
    if control is Control.CHANGE:
        said = stands.said(number)
        return (control, reference(said.first.number)) if said is not None else None
    if control is Control.ADD_MORE:
        answer = stands.answer(number)
        return (control, reference(answer.number)) if answer is not None else None
    return (control,)


def _draft_place(stands: Standing) -> int:
    """Name the place a draft belongs to: the answer being changed, else the question on show."""
    if stands.now is Now.REVISIT and stands.revisited is not None:
        return stands.revisited.first.number
    return stands.asked.number if stands.asked is not None else 0


def _speaker(kept: Transaction, conversation_id: str) -> Speaker:
    return kept.conversations.get(conversation_id).speaker


def _view(seen: Transaction, conversation_id: str) -> View:
    turns = seen.conversations.turns(conversation_id)
    stands = standing(turns)
    draft = seen.drafts.find(conversation_id, _draft_place(stands))
    return View(
        conversation=seen.conversations.get(conversation_id),
        turns=turns,
        standing=stands,
        outcomes=outcomes(stands, seen.outcomes.desired(conversation_id), seen.outcomes.marks(conversation_id)),
        draft=draft.words if draft is not None else "",
    )


# --- hearing the next question ----------------------------------------------------------------------------------------


async def _hear_what_is_owed(room: Room, view: View, now: datetime) -> bool:
    while view.standing.now is Now.WAITING:
        path, heard = await _follow(room, view)
        if await to_thread.run_sync(_keeper(room, view, path, heard, now)):
            return True
        view = await look(room, view.conversation.conversation_id)
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
    view = await look(room, conversation_id)
    return frozenset(choice.id for choice in _outcome_choices(view, source, path))


def _delivery(stands: Standing, number: int) -> Delivery:
    found = stands.answer(number)
    assert found is not None
    turn = found.said.heard
    intent = {Kind.WORDS: "words", Kind.CHOICE: "choose", Kind.SKIP: "skip"}[turn.kind]
    return Delivery(number, intent, turn.choice)


def _question(heard: Heard) -> Utterance | None:
    return next((said for said in reversed(heard.utterances) if said.response.startswith("utter_ask_")), None)


def _name(utterance: Utterance) -> str:
    return utterance.response.removeprefix("utter_ask_").removeprefix("utter_")


def _keeper(room: Room, view: View, path: Sequence[int], heard: Heard, now: datetime) -> Callable[[], bool]:
    """Make the transaction that keeps what the bot said; it gives False when the conversation moved meanwhile."""

    def keep() -> bool:
        conversation_id = view.conversation.conversation_id
        if not heard.utterances:
            raise DialogueUnavailable("the dialogue said nothing")
        with room.store.begin() as kept:
            latest = _view(kept, conversation_id)
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
                return False
            for said in heard.utterances:
                _keep_utterance(kept, latest, said, path, now)
        return True

    return keep


def _is_time_to_come_round(stands: Standing, question: Utterance) -> bool:
    """What was put off comes round once, before everything is read back."""
    return question.custom.get("kind") == "check" and not stands.came_round and bool(stands.put_off)


def _keep_utterance(kept: Transaction, view: View, said: Utterance, path: Sequence[int], now: datetime) -> None:
    asking = Asking.from_utterance(said.wording, said.custom)
    kind = Kind.NOTICE
    if asking.kind == "ending":
        kind = Kind.ENDING
    elif said.response.startswith("utter_ask_"):
        kind = Kind.QUESTION
    name = _name(said)
    conversation_id = view.conversation.conversation_id
    choices = (*_outcome_choices(view, asking.choices_from, path), *asking.choices)
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


def _outcome_choices(view: View, source: str | None, path: Sequence[int]) -> tuple[Choice, ...]:
    """Offer what the person wants, each by its turn: the page shows the words, the record holds the reference."""
    if source is None:
        return ()
    found: Sequence[Outcome] = view.outcomes
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
