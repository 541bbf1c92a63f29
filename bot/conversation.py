"""A conversation: all turns in order, only ever growing, and what follows from them.

Nothing here does I/O. Where a conversation stands (which question waits, what may be shown) is worked out
from its turns alone, so it is the same after a crash as before it.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

LONGEST_ANSWER = 20_000
"""Characters (code points) that one answer may hold; beyond it the page asks kindly for two answers."""


class Speaker(StrEnum):
    """Who said a turn."""

    PERSON = "person"
    ADVOCATE = "advocate"
    PRACTITIONER = "practitioner"
    BOT = "bot"


class Stage(StrEnum):
    """Which of the four conversations of an enquiry this is."""

    FIRST = "first"
    CHECK_IN = "check-in"
    CLOSING = "closing"
    EXPERIENCE = "experience"


class Kind(StrEnum):
    """What a turn is, known from where it came from and never guessed from its words."""

    QUESTION = "question"
    """The bot asks something of the interview; the dialogue engine chose it."""
    ASIDE = "aside"
    """The bot asks something beside the interview, such as "Do you want to stop?"."""
    NOTICE = "notice"
    """The bot tells something that needs no answer."""
    ENDING = "ending"
    """The bot's last turn: the conversation is done, or it was not a good time to talk."""
    WORDS = "words"
    """Words typed as an answer."""
    CHOICE = "choice"
    """Offered choices, picked."""
    SKIP = "skip"
    """One of the four ways not to answer; `choice` says which."""
    REPLY = "reply"
    """The answer to an aside; it is not part of what the dialogue engine hears."""
    CONTROL = "control"
    """A button such as "Why are you asking?"; `choice` says which, then the turn it concerns (`turn:17`)."""
    TAKEN_BACK = "taken_back"
    """An answer is taken back: `replaces` says which; the statement no longer shows it."""
    NOTE = "note"
    """Words that arrived for a question already answered in another window. Kept, and shown as such."""
    PRIVATE_NOTE = "private_note"
    """A practitioner's note about the question it `answers`. Never on a copy, nor wherever the person may look."""


class Skip(StrEnum):
    """The ways not to answer. Each is a fact of its own, stored as such."""

    DO_NOT_KNOW = "do_not_know"
    DO_NOT_WANT_TO_SAY = "do_not_want_to_say"
    LATER = "later"
    NOT_FOR_ME = "not_for_me"
    ASKED_NONE_YET = "asked_none_yet"
    DECLINED = "declined"
    COULD_NOT_TODAY = "could_not_today"
    NOT_ASKED = "not_asked"


ANYBODYS_SKIPS = (Skip.DO_NOT_KNOW, Skip.DO_NOT_WANT_TO_SAY, Skip.LATER, Skip.NOT_FOR_ME)
"""Four ways that whoever speaks has not to answer."""

PRACTITIONERS_SKIPS = (Skip.ASKED_NONE_YET, Skip.DECLINED, Skip.COULD_NOT_TODAY, Skip.NOT_ASKED)
"""Four ways in which a practitioner says why there is no answer of the person's."""


class Control(StrEnum):
    """What can always be done beside answering."""

    WHY = "why"
    ANOTHER_WAY = "another_way"
    GO_BACK = "go_back"
    ADD_MORE = "add_more"
    CHANGE = "change"
    CANCEL = "cancel"
    TAKE_A_BREAK = "take_a_break"
    COME_BACK = "come_back"
    STOP = "stop"
    STOP_AND_KEEP = "stop_and_keep"
    STOP_AND_TAKE_BACK = "stop_and_take_back"
    TALK_TO_A_PERSON = "talk_to_a_person"
    GET_HELP_NOW = "get_help_now"
    COME_ROUND = "come_round"
    HAND_OVER = "hand_over"
    """The practitioner gives the screen to the person, for one question."""
    TAKE_SCREEN_BACK = "take_screen_back"
    READ_ON = "read_on"
    """One thing at a time: the information was read, now the question."""
    SHARE = "share"
    """The person lets who speaks for them be read what they said."""
    KEEP_PRIVATE = "keep_private"


class How(StrEnum):
    """How an answer was given."""

    FREE_WORDS = "free_words"
    AFTER_AN_EXAMPLE = "after_an_example"
    CHOSEN_FROM_CARDS = "chosen_from_cards"
    POINTED_SIGNED_OR_EYE_GAZE = "pointed_signed_or_eye_gaze"
    THROUGH_AN_INTERPRETER = "through_an_interpreter"
    THROUGH_A_SUPPORTER = "through_a_supporter"


class Whose(StrEnum):
    """Whose words an advocate gives."""

    OWN_WORDS = "own_words"
    """The person's own words, passed on."""
    UNDERSTOOD = "understood"
    """What the advocate saw or understood."""
    OWN_VIEW = "own_view"
    """The advocate's own view."""


class TextSize(StrEnum):
    """How big the words are, in percent."""

    NORMAL = "100"
    BIGGER = "125"
    BIGGEST = "160"


class Colours(StrEnum):
    """The colours of the pages."""

    STANDARD = "standard"
    YELLOW_ON_BLACK = "yellow_on_black"
    CREAM = "cream"


@dataclass(frozen=True, slots=True)
class Preferences:
    """What makes the pages easier for this person. It says nothing of what they can or cannot do."""

    text_size: TextSize = TextSize.NORMAL
    colours: Colours = Colours.STANDARD
    pictures: bool = True
    simpler: bool = False
    """The question's other, simpler wording in place of the first."""
    one_at_a_time: bool = False
    """Information first, on a page of its own, then the question."""
    read_aloud: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing said. `words` is kept as it arrived: never trimmed, corrected or recased."""

    number: int
    speaker: Speaker
    kind: Kind
    said_at: datetime
    asked: str | None = None
    """The question's name: for the bot's turns the one it asks, for an answer the one it answers."""
    answers: int | None = None
    """The number of the bot's turn that this one answers."""
    words: str = ""
    choice: tuple[str, ...] = ()
    """Ids of what was chosen, of the skip, or of the control and the turn it concerns."""
    shown: tuple[str, ...] = ()
    """For a question: ids of its choices in the order they were shown."""
    asking: str = ""
    """For the bot's turns: JSON of what else was on the page (choices, why we ask, another way). No person's words."""
    replaces: int | None = None
    adds_to: int | None = None
    how: How | None = None
    whose: Whose | None = None
    original: str = ""
    """What was said in the person's own language, where `words` is the interpreter's English. Kept as exactly."""
    token: str | None = None
    """The one-use step token that brought it; unique in its conversation."""


ANSWERING = frozenset({Kind.WORDS, Kind.CHOICE, Kind.SKIP})
REVISITING = frozenset({Control.GO_BACK, Control.CHANGE, Control.ADD_MORE})
OPENING = frozenset({Control.WHY, Control.ANOTHER_WAY, Control.TALK_TO_A_PERSON, Control.GET_HELP_NOW, Control.READ_ON})
"""Controls that open a short text on the page of the question, and leave the question where it is."""

PATH_NAMED = '"path"'
"""Stands in the `asking` of the few questions that name the path that led to them."""

REFERENCE = re.compile(r"\bturn:([0-9]+)\b|\bcard:([a-z0-9_]+)\b|\boutcome:([a-z0-9_]{1,40})\b")
"""What stands in a wording for words that the dialogue engine never sees: `turn:17`, `card:recover`, `outcome:3c_53`.

An outcome may have been said in an earlier conversation of the enquiry, so it has a name of its own.
"""


def reference(number: int) -> str:
    """Name a turn the way the dialogue engine knows it."""
    return f"turn:{number}"


def referred(name: str) -> int | None:
    """Read `turn:17` as 17; None for anything else."""
    head, _, number = name.partition(":")
    return int(number) if head == "turn" and number.isascii() and number.isdigit() else None


@dataclass(frozen=True, slots=True)
class Said:
    """One thing said, with every wording it has had, first to last."""

    versions: tuple[Turn, ...]

    @property
    def first(self) -> Turn:
        """The turn as first said. Its number names this answer for good."""
        return self.versions[0]

    @property
    def current(self) -> Turn:
        """The latest wording, or the turn that took it back."""
        return self.versions[-1]

    @property
    def is_taken_back(self) -> bool:
        """Whether the person took it back and has said nothing in its place."""
        return self.current.kind is Kind.TAKEN_BACK

    @property
    def in_effect(self) -> tuple[Turn, ...]:
        """The wordings since it was last taken back: all of them, where it never was; none, where it is."""
        taken_back = [place for place, turn in enumerate(self.versions) if turn.kind is Kind.TAKEN_BACK]
        return self.versions[taken_back[-1] + 1 :] if taken_back else self.versions

    @property
    def heard(self) -> Turn:
        """The latest wording that was not a taking back: what the dialogue goes on from."""
        return next(turn for turn in reversed(self.versions) if turn.kind is not Kind.TAKEN_BACK)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said to one question: the answer itself, and what was added to it. Never merged."""

    question: Turn
    said: Said
    additions: tuple[Said, ...] = ()

    @property
    def number(self) -> int:
        """The number of the turn that first answered; `turn:<number>` names this answer everywhere."""
        return self.said.first.number

    @property
    def current(self) -> Turn:
        """The latest wording, or the turn that took it back."""
        return self.said.current

    @property
    def is_put_off(self) -> bool:
        """Whether the person said "ask me later"."""
        return _is_put_off(self.current)

    @property
    def words(self) -> tuple[str, ...]:
        """Every wording in effect, the answer first, then what was added; nothing that was taken back."""
        every = (self.said, *self.additions)
        return tuple(said.current.words for said in every if said.current.kind is Kind.WORDS)


class Now(StrEnum):
    """What the page shows."""

    WAITING = "waiting"
    """Everything said is kept; the dialogue owes the next question."""
    QUESTION = "question"
    ASIDE = "aside"
    REVISIT = "revisit"
    """An earlier answer is being changed or added to."""
    BREAK = "break"
    STOPPED = "stopped"
    ENDED = "ended"


class State(StrEnum):
    """How far a conversation is, as those who read it need to know."""

    OPEN = "open"
    FINISHED = "finished"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a conversation stands: worked out from its turns, and from nothing else."""

    now: Now
    asked: Turn | None
    """The bot's turn on show: a question, an aside or the ending; when revisiting, the question of old."""
    answers: tuple[Answer, ...]
    """Every answer in the order first given, those of a road no longer taken included."""
    path: tuple[int, ...]
    """Numbers of the answers that led to the latest question, in the order the dialogue heard them."""
    unsettled: frozenset[int]
    """Answers on the path that the dialogue would now hear otherwise: it must be told the path afresh."""
    came_round: int
    """The number of the turn at which what was put off came round again; 0 before that."""
    opened: frozenset[Control]
    notices: tuple[Turn, ...]
    revisiting: Control | None = None
    revisited: Said | None = None
    stopped: Control | None = None
    handed_over: int = 0
    """The number of the question on show when the screen was handed to the person; 0 while the practitioner has it."""
    shared: bool | None = None
    """Whether who speaks for the person may be read what was said here; None until the person says."""
    last: int = 0
    """The number of the latest turn."""
    by_turn: Mapping[int, tuple[Answer, Said]] = field(default_factory=dict, repr=False)
    """For the number of every wording: the answer it belongs to, and which thing said of it."""

    def answer(self, number: int) -> Answer | None:
        """Find an answer by the number of its first turn, of a later wording, or of something added to it."""
        found = self.by_turn.get(number)
        return found[0] if found is not None else None

    def said(self, number: int) -> Said | None:
        """Find what was said by the number of any of its wordings."""
        found = self.by_turn.get(number)
        return found[1] if found is not None else None

    @property
    def put_off(self) -> tuple[Answer, ...]:
        """Questions of this road that were answered "ask me later"."""
        return tuple(answer for answer in self.answers if answer.is_put_off and answer.number in self.path)

    def kept_for(
        self, asked: str, wording: str, path: Sequence[int], offered: Collection[str] | None = None
    ) -> Answer | None:
        """Find an answer already given to this very question that `path` does not hold yet.

        The same question is the same name about the same things (`turn:20`, `card:feel_safer`), so an answer is never
        filed under another question. What was put off before the round is not an answer any more. `offered` names the
        things said before that the question offers now: a choice among fewer things is no choice among these.
        """
        on_path = frozenset(path)
        for answer in self.answers:
            if answer.number in on_path or (answer.is_put_off and answer.current.number < self.came_round):
                continue
            question = answer.question
            if offered is not None and not _names(answer.current.choice) <= set(offered) <= _names(question.shown):
                continue
            if question.asked == asked and REFERENCE.findall(question.words) == REFERENCE.findall(wording):
                return answer
        return None

    @property
    def put_off_here(self) -> Answer | None:
        """The "ask me later" that the question on show brings back, if it does."""
        if self.asked is None:
            return None
        refers = REFERENCE.findall(self.asked.words)
        for answer in self.answers:
            if (
                answer.is_put_off
                and answer.current.number < self.came_round
                and answer.question.asked == self.asked.asked
                and REFERENCE.findall(answer.question.words) == refers
            ):
                return answer
        return None

    @property
    def previous(self) -> Answer | None:
        """The answer just before the question on show; going back shows this one."""
        if self.now is Now.REVISIT and self.revisited is not None:
            on_show = self.answer(self.revisited.first.number)
            earlier = self.path[: self.path.index(on_show.number)] if on_show and on_show.number in self.path else ()
        else:
            earlier = self.path
        return self.answer(earlier[-1]) if earlier else None

    @property
    def state(self) -> State:
        """How far it is. Whoever comes back to change something has it open again until they are done."""
        return {Now.ENDED: State.FINISHED, Now.STOPPED: State.STOPPED}.get(self.now, State.OPEN)

    @property
    def is_everything_taken_back(self) -> bool:
        """Whether the person stopped and took back all they said."""
        return self.stopped is Control.STOP_AND_TAKE_BACK


def _names(ids: Sequence[str]) -> set[str]:
    """Give the ids that name something said before."""
    return {one for one in ids if referred(one) is not None}


def _is_put_off(turn: Turn) -> bool:
    return turn.kind is Kind.SKIP and turn.choice == (Skip.LATER,)


def heard_as(turn: Turn) -> tuple[Kind, tuple[str, ...]]:
    """Give the part of an answer that the dialogue engine can tell: its kind and what was chosen, never words."""
    return turn.kind, turn.choice


def standing(turns: Sequence[Turn]) -> Standing:
    """Work out where a conversation stands from its turns, in order."""
    return Fold().followed_by(turns).standing()


class Fold:
    """One pass over the turns, as far as it has come. It stays as it is: who goes on goes on from a copy."""

    def __init__(self) -> None:
        self.by_number: dict[int, Turn] = {}
        self.roots: dict[int, int] = {}
        self.versions: dict[int, tuple[Turn, ...]] = {}
        self.additions: dict[int, tuple[int, ...]] = {}
        self.added_to: dict[int, int] = {}
        self.answers: dict[int, Answer] = {}
        self.by_turn: dict[int, tuple[Answer, Said]] = {}
        self.is_to_be_made: set[int] = set()
        """Roots of the answers to which something was said since they were made."""
        self.order: list[int] = []
        self.path: list[int] = []
        self.unsettled: set[int] = set()
        self.asked: Turn | None = None
        self.is_answered = True
        self.asides: dict[str | None, Turn] = {}
        self.revisit: tuple[Control, int] | None = None
        self.opened: set[Control] = set()
        self.notices: list[Turn] = []
        self.on_break = 0
        self.stopped: Control | None = None
        self.stopped_at = 0
        self.handed_over = 0
        self.shared: bool | None = None
        self.came_round = 0
        self.last = 0

    def followed_by(self, turns: Sequence[Turn]) -> "Fold":
        """Give the pass as it is after these turns too."""
        after = copy(self)
        for name, value in vars(self).items():
            if isinstance(value, dict | list | set):
                setattr(after, name, value.copy())
        for turn in turns:
            after._hear(turn)
        after._make_answers()
        return after

    def _hear(self, turn: Turn) -> None:
        self.by_number[turn.number] = turn
        self.last = turn.number
        match turn.kind:
            case Kind.QUESTION | Kind.ENDING:
                self._asked(turn)
            case Kind.ASIDE:
                # The same thing is asked about once, however often the person came back to it.
                self.asides.pop(turn.asked, None)
                self.asides[turn.asked] = turn
            case Kind.REPLY:
                self.asides = {name: aside for name, aside in self.asides.items() if aside.number != turn.answers}
            case Kind.NOTICE:
                self.notices.append(turn)
            case Kind.WORDS | Kind.CHOICE | Kind.SKIP | Kind.TAKEN_BACK:
                self._answered(turn)
            case Kind.CONTROL:
                self._controlled(turn)
            case Kind.NOTE | Kind.PRIVATE_NOTE:
                pass

    def _asked(self, turn: Turn) -> None:
        path = json.loads(turn.asking).get("path") if PATH_NAMED in turn.asking else None
        if path is not None:
            self.path = [int(number) for number in path]
        self.unsettled.clear()
        self.asked, self.is_answered = turn, False
        self.opened.clear()
        self.revisit = None

    def _answered(self, turn: Turn) -> None:
        self.opened.clear()
        if turn.adds_to is not None:
            root = self.roots[turn.adds_to]
            self.additions[root] = (*self.additions.get(root, ()), turn.number)
            self.added_to[turn.number] = root
            self._say(turn.number, turn)
            self.revisit = None
        elif self.asked is not None and turn.answers == self.asked.number and not self.is_answered:
            self._answered_now(turn)
        elif turn.replaces is not None:
            self._said_otherwise(turn)

    def _answered_now(self, turn: Turn) -> None:
        self.is_answered = True
        self.notices.clear()
        if turn.replaces is not None and turn.replaces in self.roots:
            root = self.roots[turn.replaces]
        else:
            root = turn.number
            self.order.append(root)
        self._say(root, turn)
        self.path.append(root)

    def _said_otherwise(self, turn: Turn) -> None:
        assert turn.replaces is not None
        root = self.roots[turn.replaces]
        before = Said(self.versions[root]).heard
        self._say(root, turn)
        if turn.kind is not Kind.TAKEN_BACK and heard_as(turn) != heard_as(before) and root in self.path:
            self.unsettled.add(root)
        self.revisit = None

    def _say(self, root: int, turn: Turn) -> None:
        self.roots[turn.number] = root
        self.versions[root] = (*self.versions.get(root, ()), turn)
        self.is_to_be_made.add(self.added_to.get(root, root))

    def _make_answers(self) -> None:
        for root in self.is_to_be_made - self.added_to.keys():
            self.answers[root] = answer = Answer(
                question=self._question(self.versions[root][0]),
                said=Said(self.versions[root]),
                additions=tuple(Said(self.versions[added]) for added in self.additions.get(root, ())),
            )
            for said in (answer.said, *answer.additions):
                for turn in said.versions:
                    self.by_turn[turn.number] = (answer, said)
        self.is_to_be_made = set()

    def _controlled(self, turn: Turn) -> None:
        control = Control(turn.choice[0])
        if control in OPENING:
            self.opened.add(control)
        elif control in REVISITING:
            target = referred(turn.choice[1])
            assert target is not None
            self.revisit = control, target
            self.opened.clear()
        elif control is Control.CANCEL:
            self.revisit = None
            self.opened.clear()
        elif control is Control.TAKE_A_BREAK:
            self.on_break = turn.number
        elif control is Control.COME_BACK:
            self.on_break = 0
            self.stopped = None if self.stopped is Control.STOP_AND_KEEP else self.stopped
            self.opened.clear()
        elif control in (Control.STOP_AND_KEEP, Control.STOP_AND_TAKE_BACK):
            self.stopped, self.stopped_at = control, turn.number
        elif control is Control.HAND_OVER:
            self.handed_over = self.asked.number if self.asked is not None else 0
            self.opened.clear()
        elif control is Control.TAKE_SCREEN_BACK:
            self.handed_over = 0
            self.opened.clear()
        elif control in (Control.SHARE, Control.KEEP_PRIVATE):
            self.shared = control is Control.SHARE
        elif control is Control.COME_ROUND:
            self.came_round = turn.number
            self.unsettled.update(root for root in self.path if _is_put_off(self.versions[root][-1]))

    def standing(self) -> Standing:
        """Say where the conversation stands."""
        answers = tuple(map(self.answers.__getitem__, self.order))
        revisited = None
        asked = self.asked
        if self.revisit is not None:
            root = self.roots[self.revisit[1]]
            revisited = Said(self.versions[root])
            asked = self._question(revisited.first)
        now = self._now()
        if now is Now.ASIDE:
            asked = self.aside
        return Standing(
            now=now,
            asked=asked,
            answers=answers,
            path=tuple(self.path),
            unsettled=frozenset(self.unsettled),
            came_round=self.came_round,
            opened=frozenset(self.opened),
            notices=tuple(self.notices),
            revisiting=self.revisit[0] if self.revisit else None,
            revisited=revisited,
            stopped=self.stopped,
            handed_over=self.handed_over,
            shared=self.shared,
            last=self.last,
            by_turn=self.by_turn,
        )

    @property
    def aside(self) -> Turn | None:
        """The latest aside that has no reply."""
        return next(reversed(self.asides.values()), None)

    def _now(self) -> Now:
        left_off = self.stopped_at if self.stopped is not None else self.on_break
        if self.aside is not None and self.aside.number > left_off:
            # Asked of somebody who has left off: whether it is safe to go on. Until then nothing else is shown.
            return Now.ASIDE
        if self.stopped is not None:
            return Now.STOPPED
        if self.on_break:
            return Now.BREAK
        if self.revisit is not None:
            return Now.REVISIT
        if self.asked is None or self.is_answered or self.unsettled:
            return Now.WAITING
        return Now.ENDED if self.asked.kind is Kind.ENDING else Now.QUESTION

    def _question(self, turn: Turn) -> Turn:
        while turn.adds_to is not None:
            turn = self.by_number[turn.adds_to]
        assert turn.answers is not None
        return self.by_number[turn.answers]
