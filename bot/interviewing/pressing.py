"""What can be done beside answering: every button, and when it makes sense. What was typed stays, as a draft."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.conversation import (
    LONGEST_ANSWER,
    REVISITING,
    Control,
    Kind,
    Now,
    Speaker,
    Standing,
    Turn,
    reference,
)
from bot.interviewing import gate
from bot.interviewing.answering import find_repeated, is_on_show, keep_note
from bot.interviewing.room import Given, Refusal, Refused, Room, Taken
from bot.interviewing.saying import say, whoever_answers
from bot.interviewing.view import LEFT_OFF, View, draft_place, is_gate, view_of
from bot.steps import Step
from bot.store import Draft, Transaction

ON_ANOTHERS_SCREEN = frozenset(
    {Control.TALK_TO_A_PERSON, Control.GET_HELP_NOW, Control.TAKE_A_BREAK, Control.COME_BACK, Control.TAKE_SCREEN_BACK}
)
"""What the person can do on the practitioner's screen, whatever it shows."""
ON_THE_QUESTION_HANDED_OVER = frozenset({Control.WHY, Control.ANOTHER_WAY, Control.READ_ON})
"""And what else, while it shows the question that was handed to them."""
SHARING = frozenset({Control.SHARE, Control.KEEP_PRIVATE})


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button as it was pressed, and what was typed and not yet given."""

    control: Control
    typed: Given
    target: int | None = None


def keep_control(room: Room, kept: Transaction, step: Step, pressed: Pressed, now: datetime) -> Taken:
    """Do what a button says, and keep that it was pressed. What makes no sense here is nothing."""
    conversation_id, control, typed = step.conversation_id, pressed.control, pressed.typed
    view = view_of(kept, conversation_id)
    stands = view.standing
    is_drafted = not typed.longest or _is_drafted(kept, step, typed)
    repeated, token = find_repeated(kept, step, lambda earlier: is_drafted and _is_brought_by(view, earlier, pressed))
    if repeated is not None:
        return Taken.REPEATED
    step = replace(step, token=token)
    if typed.longest > LONGEST_ANSWER:
        raise Refused(Refusal.TOO_LONG)
    on_show = is_on_show(stands, step)
    has_typed = any(one.strip() for one in (typed.words, typed.original, typed.note))
    if has_typed and not on_show and control is not Control.CANCEL:
        return keep_note(kept, stands, step, typed, now)
    choice = _choice(view, pressed) if _makes_sense(view, control, on_show=on_show) else None
    if control is not Control.CANCEL and (has_typed if choice is None else typed.longest):
        _keep_draft(kept, conversation_id, stands, typed, now)
    if choice is None:
        return Taken.NOTHING
    if control is Control.COME_BACK and gate.is_needed(kept, view.conversation, view.turns, stands):
        gate.ask_again(room, kept, view.conversation, stands, now, token=step.token)
        return Taken.KEPT
    is_practitioners = control in {Control.HAND_OVER, Control.TAKE_SCREEN_BACK}
    listener = whoever_answers(view.conversation, stands)
    kept.conversations.add(
        conversation_id,
        speaker=Speaker.PRACTITIONER if is_practitioners else listener,
        kind=Kind.CONTROL,
        said_at=now,
        answers=stands.asked.number if stands.asked is not None else None,
        choice=choice,
        token=step.token,
    )
    if control is Control.STOP and not _is_asked_to_stop(stands):
        say(room, kept, view.conversation, listener, "stop", Kind.ASIDE, now)
    if control is Control.TAKE_SCREEN_BACK:
        _take_draft_over(kept, conversation_id, stands, now)
    return Taken.KEPT


def _is_asked_to_stop(stands: Standing) -> bool:
    return stands.now is Now.ASIDE and stands.asked is not None and stands.asked.asked == Control.STOP


def keep_typed(kept: Transaction, step: Step, typed: Given, now: datetime) -> Taken:
    """Keep what was typed and not yet given, while the person looks at another page: it is a draft, and no turn."""
    if typed.longest > LONGEST_ANSWER:
        raise Refused(Refusal.TOO_LONG)
    stands = view_of(kept, step.conversation_id).standing
    if not any(one.strip() for one in (typed.words, typed.original, typed.note)):
        return Taken.NOTHING
    if not is_on_show(stands, step):
        _, token = find_repeated(kept, step, lambda _: False)
        return keep_note(kept, stands, replace(step, token=token), typed, now)
    _keep_draft(kept, step.conversation_id, stands, typed, now)
    return Taken.KEPT


def _is_brought_by(view: View, earlier: Turn, pressed: Pressed) -> bool:
    """Whether pressing a button brought this turn: it is that button, or the gate that coming back leads to.

    Not where it is about another answer; and what is to stay private is so, however often it was said before.
    """
    control = pressed.control
    if control is Control.KEEP_PRIVATE and view.standing.shared:
        return False
    if pressed.target is not None and control in {Control.CHANGE, Control.ADD_MORE}:
        return earlier.choice == _choice(view, pressed)
    return earlier.choice[:1] == (control,) or (earlier.kind is Kind.ASIDE and control is Control.COME_BACK)


def _makes_sense(view: View, control: Control, *, on_show: bool) -> bool:
    stands = view.standing
    if view.is_handed_over and control not in ON_ANOTHERS_SCREEN:
        is_the_question = stands.now is Now.QUESTION and not view.is_to_be_handed_back
        return is_the_question and control in ON_THE_QUESTION_HANDED_OVER
    if control in REVISITING:
        return stands.now not in LEFT_OFF and not is_gate(stands)
    if control in SHARING:
        return view.may_share
    match control:
        case Control.HAND_OVER:
            return on_show and view.can_hand_over
        case Control.TAKE_SCREEN_BACK:
            return view.is_handed_over
        case Control.COME_BACK:
            return stands.now in LEFT_OFF and not stands.is_everything_taken_back
        case Control.STOP | Control.TAKE_A_BREAK:
            return stands.now is not Now.STOPPED
        case _:
            return True


def _choice(view: View, pressed: Pressed) -> tuple[str, ...] | None:
    """Say what a control concerns; None when there is no such thing."""
    stands, control = view.standing, pressed.control
    if control is Control.GO_BACK:
        previous = stands.previous
        return (control, reference(previous.number)) if previous is not None else None
    number = pressed.target if pressed.target is not None else (stands.path[-1] if stands.path else 0)
    if control is Control.CHANGE:
        said = stands.said(number)
        return (control, reference(said.first.number)) if said is not None else None
    if control is Control.ADD_MORE:
        answer = stands.answer(number)
        return (control, reference(answer.number)) if answer is not None else None
    return (control,)


# --- drafts -----------------------------------------------------------------------------------------------------------


def _is_drafted(kept: Transaction, step: Step, typed: Given) -> bool:
    places = {step.revisited or step.asked, -step.asked}
    drafts = (kept.drafts.find(step.conversation_id, place) for place in places)
    return any(draft is not None and _is_the_draft(draft, typed) for draft in drafts)


def _is_the_draft(draft: Draft, typed: Given) -> bool:
    return (draft.words, draft.original, draft.note) == (typed.words, typed.original, typed.note)


def _keep_draft(kept: Transaction, conversation_id: str, stands: Standing, typed: Given, now: datetime) -> None:
    """Keep what was typed. What only a practitioner can add is theirs, also when the person has the screen by now."""
    place = draft_place(stands)
    if typed.original or typed.note:
        place = abs(place)
    kept.drafts.keep(
        conversation_id, for_turn=place, words=typed.words, original=typed.original, note=typed.note, now=now
    )


def _take_draft_over(kept: Transaction, conversation_id: str, stands: Standing, now: datetime) -> None:
    """Let the practitioner go on with what the person typed and did not give, unless they typed an answer before."""
    place = draft_place(kept.conversations.standing(conversation_id))
    theirs, mine = (kept.drafts.find(conversation_id, one) for one in (draft_place(stands), place))
    if theirs is None or (mine is not None and (mine.words or mine.original)):
        return
    note = mine.note if mine is not None else ""
    kept.drafts.keep(conversation_id, for_turn=place, words=theirs.words, note=note, now=now)
    kept.drafts.drop(conversation_id, draft_place(stands))
