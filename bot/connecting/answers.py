"""What another program is given. The description of the API is made from these classes, down to their docstrings."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, Literal

from pydantic import ConfigDict

from bot.conversation import How, Speaker, Stage, State, Whose
from bot.enquiry import Status, Voice
from bot.figures import By, Spoken
from bot.programs import Grant
from bot.review import Achieved
from bot.store import Origin


class Described:
    """Has the docstrings of a class describe it to other programs."""

    __slots__ = ()
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(use_attribute_docstrings=True, extra="forbid")


@dataclass(frozen=True, slots=True)
class Team(Described):
    """A team that the token is for."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class TokenTold(Described):
    """The token that the request came with."""

    name: str
    """What the council calls the program that has it."""
    scopes: tuple[Grant, ...]
    """What it is for."""
    teams: tuple[Team, ...]
    """The teams that it is for. Of other teams' enquiries nothing is given."""
    valid_until: datetime
    """From this moment on it lets nobody in."""


@dataclass(frozen=True, slots=True)
class Enquiry(Described):
    """The piece of work that conversations belong to."""

    id: str
    reference: str | None
    """What the team calls it."""
    team_id: str
    """Whose it is."""
    opened_at: datetime
    closed_at: datetime | None
    """When it was closed last; null while it is open."""


@dataclass(frozen=True, slots=True)
class Enquiries(Described):
    """A page of enquiries, those opened last first."""

    items: tuple[Enquiry, ...]
    next: str | None
    """What to ask for as `after` to have the next page; null on the last one."""


@dataclass(frozen=True, slots=True)
class Conversation(Described):
    """A conversation that is done, without what was said in it."""

    id: str
    enquiry_id: str
    stage: Stage
    speaker: Speaker
    """Who spoke in it. What a person said and what somebody said for them are never added up."""
    origin: Origin
    """Where it was held."""
    state: State
    """Whether it was finished or stopped before the end. One that goes on is not given."""
    begun_at: datetime
    done_at: datetime | None
    """When it was finished or stopped."""
    said_on: date | None
    """The day on which it was said, where it was entered from paper later."""
    interview_version: str
    """Which version of the interview it was."""


@dataclass(frozen=True, slots=True)
class Conversations(Described):
    """The conversations of an enquiry that are done, in the order they began.

    Not among them: how it was for people, which is kept apart from whoever led the enquiry.
    """

    items: tuple[Conversation, ...]


@dataclass(frozen=True, slots=True)
class Verdict(Described):
    """What a later conversation said of a wish."""

    conversation_id: str
    turn: int
    stage: Stage
    said_at: datetime
    voice: Voice
    speaker: Speaker
    whose: Whose | None
    value: str
    """What was chosen, by the id that the interview gives it."""


@dataclass(frozen=True, slots=True)
class Wording(Described):
    """Where and by whom a wish was put into words. What the words are, another scope gives."""

    conversation_id: str
    turn: int
    said_at: datetime
    voice: Voice
    speaker: Speaker
    whose: Whose | None
    is_addition: bool
    """Whether it stands beside the wording before it, and not in its place."""


@dataclass(frozen=True, slots=True)
class Outcome(Described):
    """Something that a person wants to be different, without their words for it."""

    id: str
    conversation_id: str
    """The conversation that first said it."""
    turn: int
    voice: Voice
    """In whose voice it was said first. Two voices are never merged."""
    speaker: Speaker
    whose: Whose | None
    status: Status
    """How it stands, as said last in the voice that wanted it."""
    weight: str | None
    """How much it matters, as chosen."""
    rank: str | None
    """Its place in the person's own order; `same` where all matter the same."""
    plan: str | None
    """`a` to be tried first, `b` where that cannot happen."""
    themes: tuple[str, ...]
    """Under which themes the team put it."""
    wordings: tuple[Wording, ...]
    verdicts: tuple[Verdict, ...]
    practitioners_own: tuple[Verdict, ...]
    """A practitioner's own view: never the person's, and never to be added to it."""


@dataclass(frozen=True, slots=True)
class Proposed(Described):
    """What all verdicts come to by a rule of Own Words' own."""

    achieved: Achieved
    from_person: bool
    """Whether the person said so of the whole."""


@dataclass(frozen=True, slots=True)
class Outcomes(Described):
    """What is wanted in an enquiry, as its conversations that are done say it."""

    items: tuple[Outcome, ...]
    proposed_of_person: Proposed | None
    proposed_of_advocate: Proposed | None


@dataclass(frozen=True, slots=True)
class WordingInWords(Described):
    """One wording of a wish, to the character."""

    conversation_id: str
    turn: int
    said_at: datetime
    voice: Voice
    speaker: Speaker
    whose: Whose | None
    is_addition: bool
    """Whether it stands beside the wording before it, and not in its place."""
    words: str
    original: str
    """The same in the person's own language, where an interpreter put it into English; else empty."""
    why: tuple[str, ...]
    """Why it is said in another way than before."""


@dataclass(frozen=True, slots=True)
class VerdictInWords(Described):
    """What was said in words with a verdict."""

    conversation_id: str
    turn: int
    voice: Voice
    why: tuple[str, ...]
    difference: tuple[str, ...]
    """What difference it made."""


@dataclass(frozen=True, slots=True)
class OutcomeInWords(Described):
    """Something that a person wants to be different, in their words."""

    id: str
    voice: Voice
    words_now: tuple[str, ...]
    """The latest wording, then what was added to it."""
    wordings: tuple[WordingInWords, ...]
    """Every wording there was, first to last."""
    sign: tuple[str, ...]
    """How they would know that it has happened."""
    verdicts: tuple[VerdictInWords, ...]


@dataclass(frozen=True, slots=True)
class OutcomesInWords(Described):
    """What is wanted in an enquiry, word for word. What somebody took back is not in it."""

    items: tuple[OutcomeInWords, ...]


@dataclass(frozen=True, slots=True)
class Said(Described):
    """One wording of an answer, to the character."""

    turn: int
    said_at: datetime
    speaker: Speaker
    whose: Whose | None
    how: How | None
    words: str | None
    original: str
    """The same in the person's own language, where an interpreter put it into English; else empty."""
    chosen: tuple[str, ...]
    """What was chosen, as it was called where it was chosen."""
    skipped: str
    """How the question was passed over; empty where it was answered."""
    is_now: bool
    """Whether this is how it stands. An earlier wording stays, before the later one."""
    is_addition: bool
    is_taken_back: bool
    """Whether the person took it back, so that its words are not given."""


@dataclass(frozen=True, slots=True)
class Beside(Described):
    """Words that arrived for a question which had been answered in another window already."""

    turn: int
    said_at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class Exchange(Described):
    """A question as it was asked, and all that was said to it."""

    turn: int
    question: str
    """The question's id in the interview."""
    asked: str
    asked_at: datetime
    is_on_road: bool
    """False for what was answered before a change of mind led another way."""
    said: tuple[Said, ...]
    beside: tuple[Beside, ...]


@dataclass(frozen=True, slots=True)
class ConversationInWords(Described):
    """What was said in a conversation that is done.

    Not in it: how somebody can be reached safely, notes that a practitioner made for themselves, and whatever was
    taken back.
    """

    conversation: Conversation
    exchanges: tuple[Exchange, ...]


@dataclass(frozen=True, slots=True)
class Label(Described):
    """A cell or a column of a table."""

    id: str
    label: str
    """What it is called. In national tables, exactly as there."""


@dataclass(frozen=True, slots=True)
class Measured(Described):
    """What is counted, of what, and by which rule."""

    id: str
    heading: str
    """In plain English."""
    table: str
    """The table of the Safeguarding Adults Collection that it belongs to; empty for one of Own Words' own."""
    definition: str
    source: str
    """Where the rule comes from."""
    base: str
    """What the base counts."""


@dataclass(frozen=True, slots=True)
class ExactRow(Described):
    """One cell, in each column."""

    cell: Label
    counts: tuple[int | None, ...]
    """In the order of the columns. Null where it is not available."""


@dataclass(frozen=True, slots=True)
class ExactTable(Described):
    """A measure, counted."""

    measure: Measured
    spoken: Spoken
    """Whose words decided; empty where that makes no difference. The two are never to be added up."""
    columns: tuple[Label, ...]
    """One for each group, the one for everything last."""
    rows: tuple[ExactRow, ...]
    base: tuple[int | None, ...]
    """Of how many, by column."""


@dataclass(frozen=True, slots=True)
class ExactFigures(Described):
    """Figures of one team, exact. They are not for publication: small numbers can tell who somebody is."""

    standing: Literal["exact, not for publication"]
    team_id: str
    first: date
    last: date
    """Both days included. An enquiry counts in the period in which it was closed."""
    tables: tuple[ExactTable, ...]


@dataclass(frozen=True, slots=True)
class PublishableFigure(Described):
    """One number as it may be published."""

    text: str
    """`[c]` where it is hidden, `[x]` where it is not available, else the number to the nearest 5."""
    number: int | None
    """To the nearest 5; null where there is none to show."""
    percent: int | None
    """How many in a hundred of the base, from unrounded numbers; null where that would tell too much."""


@dataclass(frozen=True, slots=True)
class PublishableRow(Described):
    """One cell, in each column."""

    cell: Label
    counts: tuple[PublishableFigure, ...]
    """In the order of the columns."""


@dataclass(frozen=True, slots=True)
class PublishableTable(Described):
    """A measure as it may be published."""

    measure: Measured
    spoken: Spoken
    """Whose words decided; empty where that makes no difference. The two are never to be added up."""
    by: By
    """What it is broken down by."""
    columns: tuple[Label, ...]
    """One for each group, the one for everything last."""
    rows: tuple[PublishableRow, ...]
    base: tuple[PublishableFigure, ...]


@dataclass(frozen=True, slots=True)
class PublishableFigures(Described):
    """Everything that is published of a year, of the whole council, so that nobody can be known by it."""

    standing: Literal["publishable"]
    first: date
    last: date
    """Both days included. An enquiry counts in the period in which it was closed."""
    tables: tuple[PublishableTable, ...]
