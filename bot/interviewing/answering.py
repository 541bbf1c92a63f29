"""What is given at the pages, as it is kept: answers, replies to asides, notes, and what the team is told at once."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime

from bot.conversation import (
    LONGEST_ANSWER,
    PRACTITIONERS_SKIPS,
    REFERENCE,
    Answer,
    Control,
    How,
    Kind,
    Now,
    Said,
    Skip,
    Speaker,
    Standing,
    Turn,
    reference,
    referred,
)
from bot.flags import FlagKind
from bot.interviewing import gate
from bot.interviewing.room import Given, Refusal, Refused, Room, Taken
from bot.interviewing.saying import say, whoever_answers
from bot.interviewing.view import GATE, asking_of, draft_place, is_about_the_person
from bot.nudges import OUTCOME_QUESTIONS
from bot.steps import Step
from bot.store import Conversation, Transaction

NUDGE = "outcome_or_service"
"""The aside that asks a practitioner if this is what the person wants to be different."""
REWORD = "reword"
"""What it offers: to say the answer differently."""


def find_repeated(kept: Transaction, step: Step, is_same: Callable[[Turn], bool]) -> tuple[Turn | None, str]:
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


def is_on_show(stands: Standing, step: Step) -> bool:
    """Whether the page that a step was made for still shows what there is to answer."""
    if stands.now not in {Now.QUESTION, Now.ASIDE, Now.REVISIT} or stands.asked is None:
        return False
    revisited = stands.revisited.first.number if stands.now is Now.REVISIT and stands.revisited else 0
    return step.asked == stands.asked.number and step.revisited == revisited


def keep_answer(room: Room, kept: Transaction, step: Step, given: Given, now: datetime) -> Taken:
    """Keep an answer to what is on show; as a note, when something else is by now."""
    conversation = kept.conversations.get(step.conversation_id)
    turns = kept.conversations.turns(step.conversation_id)
    _check_speaker(conversation, given)
    sent, given = given, _without_what_is_not_asked(turns, step, given)
    put_off = replace(given, words=sent.words, original=sent.original)
    repeated, token = find_repeated(kept, step, lambda earlier: _is_same(turns, earlier, given))
    if repeated is not None:
        return Taken.ELSEWHERE if repeated.kind is Kind.NOTE else Taken.REPEATED
    step = replace(step, token=token)
    stands = kept.conversations.standing(step.conversation_id)
    if put_off.longest > LONGEST_ANSWER:
        raise Refused(Refusal.TOO_LONG)
    if not is_on_show(stands, step):
        return keep_note(kept, stands, step, put_off, now)
    _check_offered(stands, given)
    _check_whose(conversation, stands, given)
    if stands.now is Now.ASIDE:
        return _keep_reply(room, kept, conversation, stands, step, given, now)
    if stands.handed_over == step.asked:
        _keep_what_the_practitioner_typed(kept, step, now)
    turn = _add_answer(kept, conversation, stands, step, given, now)
    if given.note.strip():
        _add_private_note(kept, step, given, now)
    kept.drafts.drop(step.conversation_id, draft_place(stands))
    if put_off.words.strip() and given.choice == (Skip.LATER,) and stands.handed_over != step.asked:
        _keep_for_later(kept, step, stands, turn, put_off, now)
    _raise_flags(room, kept, conversation, stands, turn, now)
    return Taken.KEPT


def keep_note(kept: Transaction, stands: Standing, step: Step, given: Given, now: datetime) -> Taken:
    """Keep words for a question that is not on show any more: all of them, unless they are there already."""
    conversation = kept.conversations.get(step.conversation_id)
    _check_speaker(conversation, given)
    if given.words.strip() or given.original.strip():
        turns = kept.conversations.turns(step.conversation_id)
        there = [turn for turn in turns if turn.kind is Kind.NOTE and (turn.answers or 0) == step.asked]
        for answer in stands.answers:
            if answer.question.number == step.asked:
                there += (one.current for one in _every(answer))
        if not any(_says_the_same(one, given) for one in there):
            kept.conversations.add(
                step.conversation_id,
                speaker=_whoever_gave(conversation, stands, step, given),
                kind=Kind.NOTE,
                said_at=now,
                answers=step.asked or None,
                words=given.words,
                how=given.how,
                whose=given.whose,
                original=given.original,
                token=step.token,
            )
    turns = kept.conversations.turns(step.conversation_id)
    if given.note.strip() and not _has_note(turns, step.asked, given.note):
        _add_private_note(kept, step, given, now)
    return Taken.ELSEWHERE


def add_reply(
    kept: Transaction, conversation: Conversation, stands: Standing, choice: tuple[str, ...], now: datetime, token: str
) -> Turn:
    """Add what was chosen at an aside."""
    assert stands.asked is not None
    return kept.conversations.add(
        conversation.conversation_id,
        speaker=whoever_answers(conversation, stands),
        kind=Kind.REPLY,
        said_at=now,
        asked=stands.asked.asked,
        answers=stands.asked.number,
        choice=choice,
        token=token,
    )


# --- is it the same, and may it be given ------------------------------------------------------------------------------


def _without_what_is_not_asked(turns: tuple[Turn, ...], step: Step, given: Given) -> Given:
    """Leave out what a form sends along and nobody said: how a skip was given, whose words one's own name is."""
    if given.kind is Kind.SKIP:
        given = replace(given, how=None, words="", original="")
    asked = next((turn for turn in turns[step.asked - 1 : step.asked] if turn.speaker is Speaker.BOT), None)
    if given.whose is not None and asked is not None and not is_about_the_person(asking_of(asked)):
        given = replace(given, whose=None)
    return given


def _is_same(turns: tuple[Turn, ...], earlier: Turn, given: Given) -> bool:
    has_note = not given.note.strip() or _has_note(turns, earlier.answers, given.note)
    return earlier.choice == given.choice and _says_the_same(earlier, given) and has_note


def _says_the_same(earlier: Turn, given: Given) -> bool:
    return (
        (earlier.words, earlier.original) == (given.words, given.original)
        and given.how in {None, earlier.how}
        and given.whose in {None, earlier.whose}
    )


def _has_note(turns: tuple[Turn, ...], answers: int | None, note: str) -> bool:
    return any(
        turn.kind is Kind.PRIVATE_NOTE and (turn.answers or 0) == (answers or 0) and turn.words == note
        for turn in turns
    )


def _every(answer: Answer) -> Iterable[Said]:
    return (answer.said, *answer.additions)


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
            if not asking.skippable or len(given.choice) != 1 or given.choice[0] not in set(Skip):
                raise Refused(Refusal.NOT_OFFERED)


def _check_speaker(conversation: Conversation, given: Given) -> None:
    """Check that only a practitioner says how it was given, and only an advocate whose words they are."""
    is_practitioner = conversation.speaker is Speaker.PRACTITIONER
    is_advocate = conversation.speaker is Speaker.ADVOCATE
    if (_is_practitioners(given) and not is_practitioner) or (given.whose is not None and not is_advocate):
        raise Refused(Refusal.NOT_OFFERED)


def _check_whose(conversation: Conversation, stands: Standing, given: Given) -> None:
    """Check that an advocate says whose words they are, and that nobody speaks for the person who has the screen."""
    assert stands.asked is not None
    if (
        _is_practitioners(given)
        and stands.handed_over
        and (stands.now is Now.ASIDE or stands.handed_over == stands.asked.number)
    ):
        raise Refused(Refusal.HANDED_OVER)
    is_whose_asked = conversation.speaker is Speaker.ADVOCATE and is_about_the_person(asking_of(stands.asked))
    if is_whose_asked and given.kind is Kind.WORDS and given.whose is None and stands.now is not Now.ASIDE:
        raise Refused(Refusal.WHOSE_MISSING)


def _is_practitioners(given: Given) -> bool:
    """Whether there is something in it that only a practitioner can give."""
    is_their_skip = given.kind is Kind.SKIP and given.choice[:1] and given.choice[0] in PRACTITIONERS_SKIPS
    return bool(is_their_skip or given.how is not None or given.original or given.note)


def _whoever_gave(conversation: Conversation, stands: Standing, step: Step, given: Given) -> Speaker:
    """Say who gave it: the person, for the question with which the screen was handed to them."""
    is_persons = step.asked == stands.handed_over != 0 and not _is_practitioners(given)
    return Speaker.PERSON if is_persons else conversation.speaker


def _keep_for_later(kept: Transaction, step: Step, stands: Standing, turn: Turn, put_off: Given, now: datetime) -> None:
    """Keep what was begun and put off: it is in the box again when the question comes round, or is changed."""
    is_new = stands.now is Now.QUESTION and stands.put_off_here is None
    place = turn.number if is_new else draft_place(stands)
    kept.drafts.keep(step.conversation_id, for_turn=place, words=put_off.words, original=put_off.original, now=now)


# --- answers ----------------------------------------------------------------------------------------------------------


def _add_answer(
    kept: Transaction, conversation: Conversation, stands: Standing, step: Step, given: Given, now: datetime
) -> Turn:
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
    by_itself = How(asking.how) if asking.how else (How.FREE_WORDS if given.kind is Kind.WORDS else None)
    return kept.conversations.add(
        conversation.conversation_id,
        speaker=_whoever_gave(conversation, stands, step, given),
        kind=given.kind,
        said_at=now,
        asked=stands.asked.asked,
        answers=stands.asked.number,
        words=given.words,
        choice=given.choice,
        replaces=replaces,
        adds_to=adds_to,
        how=given.how or by_itself,
        whose=given.whose,
        original=given.original,
        token=step.token,
    )


def _keep_what_the_practitioner_typed(kept: Transaction, step: Step, now: datetime) -> None:
    """Keep what a practitioner had typed before the screen was handed over: now the question has its answer."""
    draft = kept.drafts.find(step.conversation_id, step.asked)
    if draft is None:
        return
    if draft.words.strip() or draft.original.strip():
        kept.conversations.add(
            step.conversation_id,
            speaker=Speaker.PRACTITIONER,
            kind=Kind.NOTE,
            said_at=now,
            answers=step.asked,
            words=draft.words,
            original=draft.original,
        )
    if draft.note.strip():
        _add_private_note(kept, step, Given(Kind.WORDS, note=draft.note), now)
    kept.drafts.drop(step.conversation_id, step.asked)


def _add_private_note(kept: Transaction, step: Step, given: Given, now: datetime) -> None:
    kept.conversations.add(
        step.conversation_id,
        speaker=Speaker.PRACTITIONER,
        kind=Kind.PRIVATE_NOTE,
        said_at=now,
        answers=step.asked or None,
        words=given.note,
    )


def _raise_flags(
    room: Room, kept: Transaction, conversation: Conversation, stands: Standing, turn: Turn, now: datetime
) -> None:
    """Tell the team at once, and put help, thanks or one kind question before what is asked next."""
    conversation_id = conversation.conversation_id
    found = list(room.phrases.flags(turn.words)) if turn.kind is Kind.WORDS else []
    found += _flags_of_choices(stands, turn)
    new = [kind for kind in found if not kept.flags.has(conversation_id, kind)]
    for kind in found:
        kept.flags.raise_flag(conversation_id, kind, turn.number, now)
    listener = whoever_answers(conversation, stands)
    said = {"answer": reference(turn.number)}
    if any(kind in room.phrases.help_first for kind in new):
        say(room, kept, conversation, listener, "help_first", Kind.ASIDE, now)
        return
    if turn.kind is Kind.WORDS and (meant := room.phrases.meant(turn.words)):
        say(room, kept, conversation, listener, f"meant_{meant}", Kind.ASIDE, now, filled=said)
        return
    if FlagKind.TOLD_WHAT_HAPPENED in new:
        say(room, kept, conversation, listener, "thank_you_for_telling", Kind.NOTICE, now)
    if _needs_a_nudge(room, kept, conversation, stands, turn):
        say(room, kept, conversation, listener, NUDGE, Kind.ASIDE, now, filled=said)


def _flags_of_choices(stands: Standing, turn: Turn) -> list[FlagKind]:
    assert stands.asked is not None
    choices = asking_of(stands.asked).choices
    return [FlagKind(choice.flag) for choice in choices if choice.id in turn.choice and choice.flag]


def _needs_a_nudge(room: Room, kept: Transaction, conversation: Conversation, stands: Standing, turn: Turn) -> bool:
    """Whether a practitioner is asked if these words are what the person wants to be different: once an answer."""
    if turn.speaker is not Speaker.PRACTITIONER or turn.asked not in OUTCOME_QUESTIONS:
        return False
    if turn.kind is not Kind.WORDS or turn.adds_to is not None or not room.nudges.wants_another_look(turn.words):
        return False
    before = stands.said(turn.replaces) if turn.replaces is not None else None
    named = {reference(version.number) for version in before.versions} if before is not None else set()
    asides = (one for one in kept.conversations.turns(conversation.conversation_id) if one.asked == NUDGE)
    return not any(named & {found[0] for found in REFERENCE.finditer(aside.words)} for aside in asides)


# --- replies to asides ------------------------------------------------------------------------------------------------


def _keep_reply(
    room: Room,
    kept: Transaction,
    conversation: Conversation,
    stands: Standing,
    step: Step,
    given: Given,
    now: datetime,
) -> Taken:
    """Keep the answer to an aside, and do what it says."""
    assert stands.asked is not None
    is_at_gate = stands.asked.asked in GATE
    if given.kind is not Kind.CHOICE and not (is_at_gate and given.kind is Kind.SKIP):
        raise Refused(Refusal.NOTHING_GIVEN)
    reply = add_reply(kept, conversation, stands, given.choice, now, step.token)
    for kind in _flags_of_choices(stands, reply):
        kept.flags.raise_flag(conversation.conversation_id, kind, reply.number, now)
    if is_at_gate:
        gate.ask_next(room, kept, conversation, stands, reply, now)
    else:
        _do_as_chosen(room, kept, conversation, stands, given.choice[0], now)
    return Taken.KEPT


def _do_as_chosen(
    room: Room, kept: Transaction, conversation: Conversation, stands: Standing, chosen: str, now: datetime
) -> None:
    conversation_id = conversation.conversation_id
    speaker = whoever_answers(conversation, stands)
    meant = _spoken_of(stands)
    if chosen in set(Skip) and meant is not None:
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
    elif chosen == REWORD and meant is not None:
        choice = (Control.CHANGE, reference(meant.first.number))
        kept.conversations.add(conversation_id, speaker=speaker, kind=Kind.CONTROL, said_at=now, choice=choice)
    elif chosen == Control.STOP:
        say(room, kept, conversation, speaker, "stop", Kind.ASIDE, now)
    elif chosen in {Control.TAKE_A_BREAK, Control.STOP_AND_KEEP, Control.STOP_AND_TAKE_BACK}:
        _leave_off(kept, conversation_id, speaker, Control(chosen), now)


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
