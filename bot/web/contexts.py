"""What each page is given: one frozen dataclass a page. Templates choose and loop over these; they never compute.

A field that holds what a person said is called `words` and nothing else is, so that a reader of a template sees at
once where a person's words stand.
"""

from dataclasses import dataclass
from enum import StrEnum

from bot.statement import Wanted


@dataclass(frozen=True, slots=True)
class Phone:
    """A number to ring."""

    shown: str
    """As people write it: `01234 567 890`."""
    dial: str
    """As a telephone wants it: digits alone, with a `+` before a country's code."""


@dataclass(frozen=True, slots=True)
class Place:
    """What is the same on every page of one installation, from its settings."""

    team: str
    read_within: str
    phone: Phone | None
    phone_hours: str
    out_of_hours_phone: Phone | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What every page needs."""

    title: str = "Notes"
    """Neutral: it stands in the browser's tab and history, where others see it."""
    place: Place
    error: str = ""
    """What went wrong, in a sentence for the person; "Error: " then stands before the title."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a sentence: ours, or a person's own words read back."""

    text: str = ""
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer that can be chosen."""

    id: str
    label: tuple[Piece, ...]
    picture: str = ""
    """Address of its picture; "" for none. The words stand beside it in any case."""
    is_chosen: bool = False


class Shape(StrEnum):
    """How a question is answered."""

    WORDS = "words"
    CHOICE = "choice"
    CHOICES = "choices"
    FACES = "faces"
    NOTHING = "nothing"
    """Nothing is asked: only "Continue"."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing said, as history, check page and statement show it."""

    number: int
    words: str | None = None
    chosen: tuple[tuple[Piece, ...], ...] = ()
    skipped: str = ""
    """What was said instead of an answer: "I do not know"."""
    is_taken_back: bool = False
    can_change: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A question and everything said to it: the answer first, then what was added."""

    place: int
    """Its place in the list: it tells apart what was asked more than once."""
    about: tuple[Piece, ...]
    """What the question reads back, where it is about something said before."""
    asked: tuple[Piece, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A part of the conversation: a plain heading, and what was said under it."""

    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something told that needs no answer."""

    heading: str
    information: tuple[str, ...] = ()


class Kept(StrEnum):
    """What the page may say about what was just sent. Only what is in the store, durably, is ever called kept."""

    NOTHING = ""
    WORDS = "words"
    TAKEN_BACK = "taken_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turning(Page):
    """A page of the conversation: it holds the form that moves it on."""

    step: str
    """The one-use step token of this very page."""
    showing: str = ""
    """Names what is on show; the script keeps what was ticked while it stays the same."""
    kept: Kept = Kept.NOTHING
    notices: tuple[Notice, ...] = ()
    history: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking(Turning):
    """A question."""

    part: str = ""
    """Where we are: "Part 2 of 14: How you like to talk"; "" where that would not be true."""
    read_back: tuple[Piece, ...] = ()
    """What stands above the question when it is about something said before."""
    wording: tuple[Piece, ...]
    information: tuple[str, ...] = ()
    hint: str = ""
    why: str = ""
    """Why we ask, once that was pressed; "" before."""
    another_way: tuple[Piece, ...] = ()
    """The other wording, once that was pressed; empty before."""
    shows_people: bool = False
    shows_help: bool = False
    focus: str = ""
    """What was just opened; the script moves the reader there instead of to the question."""
    shape: Shape = Shape.WORDS
    words: str = ""
    choices: tuple[Choice, ...] = ()
    is_skippable: bool = True
    has_why: bool = True
    has_another_way: bool = True
    can_go_back: bool = False
    can_add_more: bool = False


class Revision(StrEnum):
    """What is being done to an earlier answer."""

    CHANGE = "change"
    ADD = "add"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revisiting(Asking):
    """An earlier question again, to say it differently or to say more."""

    revision: Revision
    earlier: tuple[Part, ...] = ()
    """What is there already, where more is added to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Aside(Turning):
    """Something asked beside the interview, such as "Do you want to stop?"."""

    wording: tuple[Piece, ...]
    read_back: tuple[Piece, ...] = ()
    information: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting(Turning):
    """Everything said is kept; the next question is not ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checking(Asking):
    """Everything read back exactly, with Change, Add and Take back."""

    headings: tuple[Heading, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resting(Turning):
    """A break: nothing is lost, and one button goes on."""

    has_code: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped(Turning):
    """The person stopped, and kept what was said or took it all back."""

    has_code: bool
    is_everything_taken_back: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Turning):
    """The bot's last turn: all was asked, or it was not a good time to talk."""

    wording: tuple[Piece, ...]
    information: tuple[str, ...] = ()
    may_keep_copy: bool
    can_go_back: bool
    has_code: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Code(Turning):
    """The code to come back, shown this once, and typed once to go on."""

    code: str
    groups: tuple[str, ...]
    """The code as it is shown, in groups that stay together on a line."""
    is_numbers: bool
    typed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome(Page):
    """Before the first question: what this is, and what leaving quickly does and does not hide."""

    wording: str
    information: tuple[str, ...]
    leaving: str
    leaving_information: tuple[str, ...]
    leaving_by_script: tuple[str, ...]
    """What only works with the script, and is not promised without it."""
    stays_open: tuple[Choice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ComingBack(Page):
    """Where the code is typed."""

    stays_open: tuple[Choice, ...]
    typed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedDevice(Page):
    """About private windows and devices that others use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(Page):
    """The person's own words on one page."""

    dated: str
    number: str
    digest: str
    headings: tuple[Heading, ...]
    own_order: tuple[Wanted, ...]
    plan_a: str | None
    plan_b: str | None
    is_empty: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NotKept(Page):
    """An answer could not be kept: it is still here, to be sent again."""

    step: str
    do: str
    words: str
    choice: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Way:
    """A link onwards."""

    name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling(Page):
    """A page that only tells something."""

    heading: str
    information: tuple[str, ...] = ()
    words: str = ""
    ways: tuple[Way, ...] = ()
