"""What each page is given: one frozen dataclass a page. Templates choose and loop over these; they never compute.

A field that holds what a person said is called `words` and nothing else is, so that a reader of a template sees at
once where a person's words stand.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from markupsafe import Markup

from bot.conversation import Colours, How, Preferences, Skip, Speaker, TextSize, Whose
from bot.paper import Condition, Need
from bot.review import Proposed
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
    contact: str = ""
    """A sentence or two of the council's own for whoever wants to talk to a person."""
    unfinished_days: int = 0
    """For how many days what nobody finished is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What every page needs."""

    title: str = "Notes"
    """Neutral: it stands in the browser's tab and history, where others see it."""
    place: Place
    preferences: Preferences = field(default_factory=Preferences)
    """What makes the page easier for whoever reads it."""
    easier: str = "/easier"
    """Where that is chosen."""
    query: str = ""
    """Goes at the end of the address of a page without a conversation, so that it is as easy as this one."""
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
class Box:
    """A box beside the answer's own, and what stands in it."""

    words: str = ""
    is_open: bool = False
    """Whether it can be seen without being opened first."""


@dataclass(frozen=True, slots=True)
class Original:
    """The same in the person's own language: what stands beside it is the interpreter's English."""

    words: str


class By(StrEnum):
    """Whose voice something said is in, seen from the one who reads the page."""

    YOU = "you"
    THE_PERSON = "the_person"
    """The practitioner wrote it down, or the person answered on the screen that was handed to them."""
    PASSED_ON = "passed_on"
    UNDERSTOOD = "understood"
    OWN_VIEW = "own_view"


@dataclass(frozen=True, slots=True)
class Part:
    """One thing said, as history, check page and statement show it."""

    number: int
    by: By = By.YOU
    words: str | None = None
    original: Original | None = None
    how: How | None = None
    """How it was given, where that is worth saying: not in free words."""
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
    drawn: dict[str, Markup] = field(default_factory=dict, compare=False, repr=False)
    """How it looks to each who may be spoken to, once it was drawn: an entry that stays is drawn once."""


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
    speaker: Speaker = Speaker.PERSON
    """Whom the page speaks to."""
    showing: str = ""
    """Names what is on show; the script keeps what was ticked while it stays the same."""
    from_paper: str = ""
    """The day on which it was said, where all this is written down from paper; else ""."""
    kept: Kept = Kept.NOTHING
    notices: tuple[Notice, ...] = ()
    history: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Manner:
    """One way in which an answer can have been given, or one of those whose words it can be."""

    value: How | Whose
    is_chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Informing(Turning):
    """One thing at a time: what is told before a question, by itself."""

    part: str = ""
    heading: str = ""
    is_read_out: bool = False
    information: tuple[str, ...] = ()
    has_why: bool = False
    has_another_way: bool = False
    folds: bool = True
    can_go_back: bool = False
    can_add_more: bool = False
    can_stop: bool = True


class Field(StrEnum):
    """What on a page a mistake is about."""

    WORDS = "words"
    CHOICE = "choice"
    WHOSE = "whose"
    ORIGINAL = "original"
    NOTE = "note"


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
    skips: tuple[Skip, ...] = ()
    """The ways not to answer that are on offer."""
    not_asked: tuple[Skip, ...] = ()
    """The practitioner's ways to say why there is no answer of the person's."""
    is_read_out: bool = False
    """Whether a practitioner reads it out to the person and writes down what they say."""
    tips: tuple[str, ...] = ()
    """How to ask it openly."""
    known: tuple[Part, ...] = ()
    """What is known already, where the question asks if it is still right."""
    how: tuple[Manner, ...] = ()
    whose: tuple[Manner, ...] = ()
    original: Box | None = None
    """For the person's own language, where an interpreter's English stands in the box of the answer."""
    note: Box | None = None
    """For a note of the practitioner's that nobody but the team sees."""
    wrong: Field | None = None
    """What the error is about."""
    has_why: bool = True
    has_another_way: bool = True
    has_read: bool = False
    """Whether the information was on a page of its own before."""
    folds: bool = False
    """Whether what can be done beside answering is folded away."""
    can_go_back: bool = False
    can_add_more: bool = False
    can_stop: bool = True
    can_hand_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed(Asking):
    """A question on the practitioner's screen while the person has it: nothing but the question and its answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GivingBack(Turning):
    """The person has answered on the practitioner's screen: it goes back, and shows nothing until then."""


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
    hint: str = ""
    choices: tuple[Choice, ...] = ()
    skips: tuple[Skip, ...] = ()
    is_read_out: bool = False
    is_handed_over: bool = False


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
    is_handed_over: bool = False
    """Whether the person has the practitioner's screen: then the page offers no code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped(Turning):
    """The person stopped, and kept what was said or took it all back."""

    has_code: bool
    is_everything_taken_back: bool
    is_handed_over: bool = False


class Sharing(StrEnum):
    """Whether somebody who speaks for the person may be read what the person said here."""

    NOT_SAID = "not_said"
    SHARED = "shared"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended(Turning):
    """The bot's last turn: all was asked, or it was not a good time to talk."""

    wording: tuple[Piece, ...]
    information: tuple[str, ...] = ()
    may_keep_copy: bool
    can_go_back: bool
    has_code: bool
    sharing: Sharing | None = None
    """None where there is nobody to share with, or it is not the person's to say."""
    proposed: Proposed | None = None
    """For the practitioner, after a closing: what the person's answers come to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code(Turning):
    """The code to come back, shown this once, and typed once to go on."""

    code: str
    groups: tuple[str, ...]
    """The code as it is shown, in groups that stay together on a line."""
    is_numbers: bool
    typed: str = ""


@dataclass(frozen=True, slots=True)
class Day:
    """A day as it was typed."""

    day: str = ""
    month: str = ""
    year: str = ""


class PaperUse(StrEnum):
    """Whether what is to be put in was said on paper before."""

    NO = "no"
    MAY_BE = "may_be"
    """Whoever begins says so."""
    YES = "yes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Welcome(Page):
    """Before the first question: what this is, and what leaving quickly does and does not hide."""

    speaker: Speaker
    wording: str
    information: tuple[str, ...]
    leaving: str
    leaving_information: tuple[str, ...]
    leaving_by_script: tuple[str, ...]
    """What only works with the script, and is not promised without it."""
    begins_at: str = "/"
    """Where the form that begins is sent."""
    fields: tuple[tuple[str, str], ...] = ()
    """What it sends along."""
    speakers: tuple[Speaker, ...] = ()
    """Who may be speaking; empty where that is known."""
    paper: PaperUse = PaperUse.NO
    is_from_paper: bool = False
    said_on: Day = field(default_factory=Day)
    stays_open: tuple[Choice, ...] = ()
    is_invited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ByInvitation(Page):
    """The first page where nobody begins without an invitation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invited(Page):
    """Where the code of an invitation is typed."""

    typed: str = ""
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Easier(Page):
    """What can be made easier."""

    sizes: tuple[TextSize, ...]
    colours: tuple[Colours, ...]
    back: str
    """Where it leads back to, as the form sends it."""
    way_back: str
    """And as a link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComingBack(Page):
    """Where the code is typed."""

    stays_open: tuple[Choice, ...]
    typed: str = ""
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedDevice(Page):
    """About private windows and devices that others use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(Page):
    """The person's own words on one page; or what an advocate passed on."""

    heading: str
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
    how: str = ""
    whose: str = ""
    original: Original | None = None
    note: Box | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """A link onwards."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Beside:
    """Something that was typed beside an answer, handed back with it."""

    told: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling(Page):
    """A page that only tells something."""

    heading: str
    information: tuple[str, ...] = ()
    words: str = ""
    beside: tuple[Beside, ...] = ()
    ways: tuple[Way, ...] = ()


# --- on paper --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PrintedChoice:
    """An answer that can be ticked."""

    label: str
    picture: str


@dataclass(frozen=True, slots=True)
class PrintedQuestion:
    """A question, and room for its answer."""

    number: int
    picture: str
    condition: Condition | None
    need: Need | None
    leading: str
    """What leads up to words that are copied here; "" where there are none."""
    wording: str
    information: tuple[str, ...]
    """One idea each."""
    hint: str
    tips: tuple[str, ...]
    choices: tuple[PrintedChoice, ...]
    has_pictures: bool
    """Whether any of the choices has one: then the words of all begin at the same place."""
    lines: tuple[str, ...]
    """The lines to write on, each with what stands before it."""
    is_skippable: bool
    says_whose: bool
    """Whether an advocate says whose words the answer is."""
    says_how: bool
    """Whether a practitioner says how the answer was given."""


@dataclass(frozen=True, slots=True)
class PrintedRound:
    """Questions that belong together, once."""

    heading: str
    """Tells one round from the next: "The first thing"; "" where there is only one."""
    questions: tuple[PrintedQuestion, ...]
    is_last_of_several: bool


@dataclass(frozen=True, slots=True)
class PrintedPart:
    """What stands under one heading."""

    heading: str
    rounds: tuple[PrintedRound, ...]
    is_for_the_team: bool
    ends_here: tuple[str, ...]
    """What is told under it for when it is not a good time to talk."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a question is asked, and how else it can be asked."""

    number: int
    wording: str
    another_way: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """Something to read: a heading, and one idea a line."""

    heading: str
    information: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper(Page):
    """A whole conversation, to be printed and written on."""

    speaker: Speaker
    wording: str
    information: tuple[str, ...]
    parts: tuple[PrintedPart, ...]
    done: Told
    more: tuple[Told, ...]
    """What can be read by whoever wants to know more."""
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class PapersOf:
    """The papers for one kind of speaker."""

    speaker: Speaker
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers(Page):
    """All papers there are."""

    papers: tuple[PapersOf, ...]
