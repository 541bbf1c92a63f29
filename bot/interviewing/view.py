"""A conversation as a page may show it.

While it is not known who is looking (at the gate, on a break, with the screen in another hand) a view holds nothing of
what was said: a page cannot show what it was not given.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bot.conversation import (
    REFERENCE,
    Answer,
    Control,
    Kind,
    Now,
    Preferences,
    Said,
    Speaker,
    Standing,
    Turn,
    referred,
)
from bot.interview import Asking, AskingKind
from bot.outcomes import Outcome, outcomes
from bot.store import Conversation, Transaction

GATE = ("private", "company", "go_on")
"""What is asked again, as asides of these names, of whoever comes back: nothing else is shown before."""

LEFT_OFF = frozenset({Now.BREAK, Now.STOPPED})


@dataclass(frozen=True, slots=True)
class View:
    """A conversation as a page may show it."""

    conversation: Conversation
    turns: tuple[Turn, ...]
    standing: Standing
    draft: str
    """What was typed and not yet given as the answer to what is on show; empty when there is none."""
    draft_original: str = ""
    draft_note: str = ""
    meanings: Mapping[str, str] = field(default_factory=dict)
    """What `outcome:<id>` stands for in a wording or a choice: the words, by the id."""
    communication: tuple[Answer, ...] = ()
    """What is known about how the person likes to talk, for a question that shows it."""
    preferences: Preferences = field(default_factory=Preferences)
    made: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """A place for what a page makes of this and the next page uses again; it is forgotten with the words."""

    @property
    def asking(self) -> Asking | None:
        """How the question on show is put: choices in the order shown, why we ask, another way."""
        asked = self.standing.asked
        return asking_of(asked) if asked is not None else None

    @property
    def enquiry_id(self) -> str | None:
        """The enquiry that the conversation belongs to."""
        return self.conversation.enquiry_id

    @property
    def is_gate(self) -> bool:
        """Whether someone who came back is asked if it is safe."""
        return is_gate(self.standing)

    @property
    def is_handed_over(self) -> bool:
        """Whether the person has the practitioner's screen: the page shows nothing but what is asked of them."""
        return self.standing.handed_over != 0

    @property
    def is_to_be_handed_back(self) -> bool:
        """Whether the person has answered: the page thanks them, and asks them to give the screen back."""
        stands = self.standing
        return self.is_handed_over and stands.now not in {Now.ASIDE, *LEFT_OFF} and not _is_question_handed_over(stands)

    @property
    def can_hand_over(self) -> bool:
        """Whether the question on show can be put to the person on the practitioner's screen.

        Only what is read out to the person anyway, and nothing that reads back what was said before as a whole.
        """
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
        is_question = self.standing.now in {Now.QUESTION, Now.REVISIT}
        is_advocates = self.conversation.speaker is Speaker.ADVOCATE
        return is_question and is_advocates and asking is not None and is_about_the_person(asking)

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


def asking_of(asked: Turn) -> Asking:
    """Read how a question was put, exactly as it was shown."""
    return replace(Asking.from_json(asked.asking), wording=asked.words)


def is_about_the_person(asking: Asking) -> bool:
    """Whether an answer of an advocate's can be in somebody else's words: neither who they are, nor what to do next."""
    return asking.on_check and not asking.about_self


def is_gate(stands: Standing) -> bool:
    """Whether a question of the gate is on show."""
    return stands.now is Now.ASIDE and stands.asked is not None and stands.asked.asked in GATE


def view_of(seen: Transaction, conversation_id: str) -> View:
    """Read a conversation, all of it."""
    turns = seen.conversations.turns(conversation_id)
    stands = seen.conversations.standing(conversation_id)
    draft = seen.drafts.find(conversation_id, draft_place(stands))
    return View(
        conversation=seen.conversations.get(conversation_id),
        turns=turns,
        standing=stands,
        draft=draft.words if draft is not None else "",
        draft_original=draft.original if draft is not None else "",
        draft_note=draft.note if draft is not None else "",
        made=seen.conversations.made(conversation_id),
    )


def wanted_in(seen: Transaction, view: View) -> tuple[Outcome, ...]:
    """Read the desired outcomes of a conversation that are in effect. Few pages need them."""
    conversation_id = view.conversation.conversation_id
    return outcomes(view.standing, seen.outcomes.desired(conversation_id), seen.outcomes.marks(conversation_id))


def draft_place(stands: Standing) -> int:
    """Name the place a draft belongs to: the answer being changed or coming round, else the question on show.

    What a practitioner typed and what the person types on the practitioner's screen are two drafts.
    """
    if stands.now is Now.REVISIT and stands.revisited is not None:
        return stands.revisited.first.number
    if stands.asked is None:
        return 0
    if _is_question_handed_over(stands):
        return -stands.asked.number
    put_off = stands.put_off_here if stands.now is Now.QUESTION else None
    return put_off.number if put_off is not None else stands.asked.number


def _is_question_handed_over(stands: Standing) -> bool:
    asked = stands.asked
    return stands.now is Now.QUESTION and asked is not None and asked.number == stands.handed_over


# --- with nothing of what was said -----------------------------------------------------------------------------------


def shown(view: View) -> View:
    """Give a view to a page: emptied while it is not known who looks at it."""
    stands = view.standing
    if _is_at_the_gate(view) or stands.now in LEFT_OFF or view.is_to_be_handed_back:
        return _emptied(view, named=())
    if view.is_handed_over and stands.asked is not None:
        return _emptied(view, named=_named_by(stands.asked))
    return view


def _named_by(asked: Turn) -> tuple[str, ...]:
    """Name what a question reads back itself, and what it offers to choose from."""
    return (*(found[0] for found in REFERENCE.finditer(asked.words)), *asked.shown)


def _emptied(view: View, named: Collection[str]) -> View:
    """Leave out what was said, but for what is named: without it, the question on show could not be understood."""
    stands = view.standing
    by_turn = {}
    for number in {referred(name) for name in named} - {None}:
        assert number is not None
        if (found := stands.by_turn.get(number)) is not None:
            answer, said = found
            latest = Said((said.current,))
            by_turn[number] = (Answer(answer.question, latest), latest)
    asked = stands.asked
    is_asked_now = stands.now in {Now.QUESTION, Now.ASIDE} and not view.is_to_be_handed_back
    return replace(
        view,
        turns=tuple(map(_without_words, view.turns)),
        standing=replace(
            stands,
            asked=asked if is_asked_now or asked is None else replace(asked, words=""),
            answers=(),
            by_turn=by_turn,
            notices=_said_meanwhile(view) if is_asked_now and not _is_at_the_gate(view) else (),
            revisiting=None,
            revisited=None,
        ),
        draft=view.draft if is_asked_now and not view.is_gate else "",
        draft_original="",
        draft_note="",
        meanings={name: words for name, words in view.meanings.items() if f"outcome:{name}" in named},
        communication=(),
        made={},
    )


def _is_at_the_gate(view: View) -> bool:
    """Whether a question of the gate waits for its answer, on show or behind another one: how to stop."""
    if view.standing.now is not Now.ASIDE:
        return False
    asked = max((turn.number for turn in view.turns if turn.kind is Kind.ASIDE and turn.asked in GATE), default=0)
    return asked != 0 and not any(turn.kind is Kind.REPLY and turn.answers == asked for turn in view.turns)


def _said_meanwhile(view: View) -> tuple[Turn, ...]:
    """Give what was told since the screen was handed over: what was told before is not for the person."""
    handed = max((turn.number for turn in view.turns if turn.choice[:1] == (Control.HAND_OVER,)), default=0)
    return tuple(notice for notice in view.standing.notices if notice.number > handed)


def _without_words(turn: Turn) -> Turn:
    choice = turn.choice if turn.kind is Kind.CONTROL else ()
    emptied = replace(turn, asked=None, words="", original="", choice=choice, shown=(), asking="")
    return replace(emptied, how=None, whose=None)
