"""The pages of an interview: a handler reads what was sent, calls one verb, and answers."""

import contextlib
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot import interviewing, returning
from bot.codes import shown
from bot.conversation import Control, How, Kind, Now, Skip, Whose
from bot.interviewing import Given, Refusal, Refused, Taken, View
from bot.steps import Step, StepRefused
from bot.store import Disguise, Missing, StoreError
from bot.throttles import TooManyAtOnce
from bot.web import contexts
from bot.web.contexts import Beside, Box, Original, Way
from bot.web.desk import CONVERSATION, Desk, closed, desk_of, onwards, preferred, visit_of
from bot.web.easier import EASIER
from bot.web.forms import Form, read_form
from bot.web.showing import TITLE, Typed

PRESSED = frozenset(
    {
        Control.WHY,
        Control.ANOTHER_WAY,
        Control.GO_BACK,
        Control.ADD_MORE,
        Control.CHANGE,
        Control.CANCEL,
        Control.TAKE_A_BREAK,
        Control.COME_BACK,
        Control.STOP,
        Control.TALK_TO_A_PERSON,
        Control.GET_HELP_NOW,
        Control.READ_ON,
        Control.HAND_OVER,
        Control.TAKE_SCREEN_BACK,
        Control.SHARE,
        Control.KEEP_PRIVATE,
    }
)
"""Controls that a page has a button for. The others are answers to a question of ours."""
OPENING = frozenset({Control.WHY, Control.ANOTHER_WAY, Control.TALK_TO_A_PERSON, Control.GET_HELP_NOW})
"""Controls that only open something on the page that is there."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """Which button of a page was pressed: what it says, and what it is about."""

    name: str
    about: str

    @classmethod
    def read(cls, form: Form) -> "Pressed":
        """Read the button. The Return key presses none: then it is the answer."""
        name, _, about = (form.one("do") or "answer").partition(":")
        return cls(name, about)

    @property
    def control(self) -> Control | None:
        """The control that it is."""
        return Control(self.name) if self.name in PRESSED else None

    @property
    def number(self) -> int | None:
        """The number of the turn that it is about."""
        return int(self.about) if self.about.isascii() and self.about.isdigit() and len(self.about) < 10 else None

    def given(self, form: Form) -> Given | None:
        """The answer that it gives. What it is comes from the page that asked: a box gives words, cards a choice."""
        match self.name:
            case "answer" if form.has("words"):
                return Given(
                    Kind.WORDS,
                    words=form.words,
                    how=_how(form),
                    whose=_whose(form),
                    original=form.original,
                    note=form.note,
                )
            case "answer":
                return Given(
                    Kind.CHOICE, choice=form.every("choice"), how=_how(form), whose=_whose(form), note=form.note
                )
            case "choose":
                return Given(Kind.CHOICE, choice=(self.about,))
            case "skip" if self.about in set(Skip):
                skip = Given(Kind.SKIP, choice=(self.about,), whose=_whose(form), note=form.note)
                return replace(skip, words=form.words, original=form.original) if self.about == Skip.LATER else skip
            case _:
                return None


# --- the conversation -----------------------------------------------------------------------------------------------


async def show_conversation(request: Request) -> Response:
    """Where the conversation of this visit stands."""
    desk = desk_of(request)
    secret = request.cookies.get(desk.cookie, "")

    def read() -> View | None:
        with desk.room.store.reading() as seen:
            visit = returning.visit_in(seen, secret, desk.steady())
            return None if visit is None else interviewing.look_in(seen, visit.conversation_id)

    view = await desk.room.store.soon(read)
    return closed(desk) if view is None else await _show(desk, view)


async def go_on(request: Request) -> Response:
    """Do what the pressed button of a page says."""
    desk = desk_of(request)
    form = await read_form(request)
    pressed = Pressed.read(form)
    visit = await visit_of(desk, request)
    conversation_id = None if visit is None else visit.conversation_id
    try:
        step = desk.steps.read(form.one("step"))
    except StepRefused:
        return await _too_old(desk, conversation_id, form)
    if visit is None or conversation_id != step.conversation_id:
        return await _keep_without_visit(desk, step, pressed, form)
    try:
        response = await _do(desk, step, pressed, form)
    except Refused as refused:
        response = await _not_taken(desk, step, form, refused)
    with contextlib.suppress(StoreError):  # what was said is what counts, not whether the visit could be prolonged
        await returning.stay(desk.door, request.cookies[desk.cookie], visit, desk.steady())
    return response


async def _do(desk: Desk, step: Step, pressed: Pressed, form: Form) -> Response:
    conversation_id, now = step.conversation_id, desk.now()
    given, control = pressed.given(form), pressed.control
    if given is not None:
        taken = await interviewing.answer(desk.room, step, given, now)
    elif control is not None:
        taken = await interviewing.press(
            desk.room,
            step,
            control,
            now,
            typed=form.words,
            typed_original=form.original,
            typed_note=form.note,
            target=pressed.number if pressed.about else None,
        )
    elif pressed.name == "take_back" and pressed.number is not None:
        taken = await interviewing.take_back(desk.room, step, pressed.number, now)
    elif pressed.name == "go_on":
        await interviewing.go_on(desk.room, conversation_id, now)
        return onwards()
    elif pressed.name == "easier":
        typed = Given(Kind.WORDS, words=form.words, original=form.original, note=form.note)
        if await interviewing.keep_typed(desk.room, step, typed, now) is Taken.ELSEWHERE:
            return await _elsewhere(desk, step, form)
        return RedirectResponse(EASIER, status_code=303)
    elif pressed.name in {"make_code", "confirm_code"} and await _is_handed_over(desk, conversation_id):
        return onwards()  # a code opens more than the one question that the person was handed the screen for
    elif pressed.name == "make_code" and pressed.about in set(Disguise):
        return await _make_code(desk, conversation_id, Disguise(pressed.about))
    elif pressed.name == "confirm_code":
        return await _confirm_code(desk, conversation_id, form)
    else:
        return onwards()
    if taken is Taken.ELSEWHERE:
        return await _elsewhere(desk, step, form)
    is_ticked = any(form.has(name) for name in ("choice", "how", "whose"))
    return await _show_ticked(desk, step, form) if control in OPENING and is_ticked else onwards()


async def _show(desk: Desk, view: View, typed: Typed | None = None) -> Response:
    is_over = view.standing.now in {Now.BREAK, Now.STOPPED, Now.ENDED}
    has_code = is_over and await returning.has_code(desk.door, view.conversation.conversation_id)
    page = desk.frame.page(view, _step(desk, view), has_code=has_code, typed=typed)
    return desk.shown(page, 200 if typed is None or typed.why is None else 422)


async def _show_ticked(desk: Desk, step: Step, form: Form) -> Response:
    """Show the page again with what was ticked on it: only what was typed is kept as a draft.

    Never on a screen that was handed over: it could have been ticked on the practitioner's page of the same question.
    """
    view = await interviewing.look(desk.room, step.conversation_id)
    if view.is_handed_over or view.standing.asked is None or view.standing.asked.number != step.asked:
        return onwards()
    return await _show(desk, view, _typed(form))


async def _not_taken(desk: Desk, step: Step, form: Form, refused: Refused) -> Response:
    """Show the question again with what was sent still in it; never under a question it was not sent to."""
    if refused.why is Refusal.HANDED_OVER:
        # A late page of the practitioner's: the person's screen cannot hold what is theirs alone, so it is a draft.
        typed_before = Given(Kind.WORDS, form.words, original=form.original, note=form.note)
        await interviewing.keep_typed(desk.room, step, typed_before, desk.now())
    view = await interviewing.look(desk.room, step.conversation_id)
    if view.standing.asked is None or view.standing.asked.number != step.asked:
        return await _elsewhere(desk, step, form, is_kept=False)
    return await _show(desk, view, _typed(form, refused.why))


async def _keep_without_visit(desk: Desk, step: Step, pressed: Pressed, form: Form) -> Response:
    """Keep what a page sent whose visit is over. The page can add to its conversation; it is shown nothing of it."""
    given, control = pressed.given(form), pressed.control
    has_typed = bool((form.words + form.original + form.note).strip())
    try:
        if given is not None:
            taken = await interviewing.append(desk.room, step, given, desk.now())
        elif (control is not None or pressed.name == "easier") and has_typed:
            taken = await interviewing.press(
                desk.room,
                step,
                Control.WHY,
                desk.now(),
                typed=form.words,
                typed_original=form.original,
                typed_note=form.note,
            )
        else:
            taken = Taken.NOTHING
        if taken is Taken.NOTHING or (taken is Taken.ELSEWHERE and not has_typed):
            return closed(desk)
    except Refused:
        return await _too_old(desk, None, form)
    except Missing:
        return closed(desk)
    page = desk.telling(
        "What you said is kept",
        "This page was open for a long time, so it is closed now.",
        "To go on, type your code.",
        ways=(Way("Come back with a code", "/come-back"), Way("Go to the first page", "/")),
    )
    return desk.shown(page)


async def _make_code(desk: Desk, conversation_id: str, disguise: Disguise) -> Response:
    """Show a new code. It is kept nowhere, so this answer is the only one that can show it: no redirect."""
    try:
        code = await returning.make_code(desk.door, conversation_id, disguise, desk.now())
    except TooManyAtOnce:
        page = desk.telling(
            "We could not make a code yet",
            "Many people are using these pages now. Please try again in a minute.",
            ways=(Way("Go back", CONVERSATION),),
            preferences=await preferred(desk, conversation_id),
        )
        return desk.shown(page, 503)
    return await _show_code(desk, conversation_id, code)


async def _is_handed_over(desk: Desk, conversation_id: str) -> bool:
    return (await interviewing.look(desk.room, conversation_id)).is_handed_over


async def _confirm_code(desk: Desk, conversation_id: str, form: Form) -> Response:
    typed, code = form.one("typed")[:200], form.one("code")[:200]
    try:
        if await returning.confirm_code(desk.door, conversation_id, typed, desk.now()):
            return onwards()
    except TooManyAtOnce:
        return await _show_code(desk, conversation_id, code, typed, "Please try again in a minute.")
    error = "That is not the same. Look at the code above and try again."
    return await _show_code(desk, conversation_id, code, typed, error)


async def _show_code(desk: Desk, conversation_id: str, code: str, typed: str = "", error: str = "") -> Response:
    view = await interviewing.look(desk.room, conversation_id)
    page = contexts.Code(
        title=TITLE,
        place=desk.frame.place,
        preferences=view.preferences,
        step=_step(desk, view),
        error=error,
        code=code,
        groups=shown(code),
        is_numbers=code.isdigit(),
        typed=typed,
    )
    return desk.shown(page, 422 if error else 200)


# --- pages that tell what became of something ------------------------------------------------------------------------


def not_kept(desk: Desk, form: Form, status: int) -> Response:
    """Say plainly that this could not be kept, with all of it still on the page, to be sent again."""
    page = contexts.NotKept(
        title=TITLE,
        place=desk.frame.place,
        error="We could not keep that yet.",
        step=form.one("step"),
        do=form.one("do") or "answer",
        words=form.words,
        choice=form.every("choice"),
        how=form.one("how"),
        whose=form.one("whose"),
        original=Original(form.original) if form.original else None,
        note=Box(form.note) if form.note else None,
    )
    return desk.shown(page, status)


async def _too_old(desk: Desk, conversation_id: str | None, form: Form) -> Response:
    if not form.words and not form.original and not form.note:
        return closed(desk)
    page = desk.telling(
        "We could not keep that",
        "The page was too old. Your words are here, so that you can copy them.",
        words=form.words,
        beside=_beside(form),
        ways=(Way("Go on", CONVERSATION),),
        preferences=await preferred(desk, conversation_id),
    )
    return desk.shown(page, 422)


async def _elsewhere(desk: Desk, step: Step, form: Form, *, is_kept: bool = True) -> Response:
    """Say why a late page can do nothing. While it is not known who looks, a view does not say what was answered."""
    view = await interviewing.look(desk.room, step.conversation_id)
    is_answered = any(answer.question.number == step.asked for answer in view.standing.answers)
    if is_answered:
        why = "This question has its answer", "It was answered in another window."
    elif view.is_handed_over:
        why = "This page is from before", "The screen was handed over since then."
    else:
        why = "This page is from before", "Another page is open by now."
    if not form.words.strip() and (is_kept or not _beside(form)):
        told = "What you said there is kept." if is_answered else "What was said before is kept."
    else:
        told = "We kept these words as well:" if is_kept else "These words are not kept. You can copy them:"
    page = desk.telling(
        *why,
        told,
        words=form.words,
        beside=() if is_kept else _beside(form),
        ways=(Way("Go on", CONVERSATION),),
        preferences=view.preferences,
    )
    return desk.shown(page, 200 if is_kept else 422)


# --- small things ----------------------------------------------------------------------------------------------------


def _typed(form: Form, why: Refusal | None = None) -> Typed:
    return Typed(
        why,
        form.words,
        form.every("choice"),
        how=form.one("how"),
        whose=form.one("whose"),
        original=form.original,
        note=form.note,
    )


def _how(form: Form) -> How | None:
    sent = form.one("how")
    return How(sent) if sent in set(How) else None


def _whose(form: Form) -> Whose | None:
    sent = form.one("whose")
    return Whose(sent) if sent in set(Whose) else None


def _beside(form: Form) -> tuple[Beside, ...]:
    """Give what was typed beside the answer, to be handed back with it."""
    boxes = (("In their own language:", form.original), ("Your private note:", form.note))
    return tuple(Beside(told, words) for told, words in boxes if words)


def _step(desk: Desk, view: View) -> str:
    stands = view.standing
    # A screen that is to be given back shows no question: its page can answer none.
    asked = stands.asked.number if stands.asked is not None and not view.is_to_be_handed_back else 0
    revisited = stands.revisited.first.number if stands.now is Now.REVISIT and stands.revisited is not None else 0
    return desk.steps.make(view.conversation.conversation_id, asked, revisited)
