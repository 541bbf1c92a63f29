"""A conversation: all turns in order, only ever growing, and what follows from them.

Nothing here does I/O. Where a conversation stands (which question waits, what may be shown) is worked out
from its turns alone, so it is the same after a crash as before it.
"""

from dataclasses import dataclass
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


class Skip(StrEnum):
    """Four ways not to answer. They are four facts, stored as such."""

    DO_NOT_KNOW = "do_not_know"
    DO_NOT_WANT_TO_SAY = "do_not_want_to_say"
    LATER = "later"
    NOT_FOR_ME = "not_for_me"


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


class How(StrEnum):
    """How an answer was given."""

    FREE_WORDS = "free_words"
    AFTER_AN_EXAMPLE = "after_an_example"
    CHOSEN_FROM_CARDS = "chosen_from_cards"
    POINTED_SIGNED_OR_EYE_GAZE = "pointed_signed_or_eye_gaze"
    THROUGH_AN_INTERPRETER = "through_an_interpreter"
    THROUGH_A_SUPPORTER = "through_a_supporter"


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
    """For the bot's turns: JSON of what else was on the page (choices, why we ask, another way). None of a person's words."""
    replaces: int | None = None
    adds_to: int | None = None
    how: How | None = None
    token: str | None = None
    """The one-use step token that brought it; unique in its conversation."""
