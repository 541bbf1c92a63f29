"""What of an enquiry goes along: the conversations somebody may read, without what never leaves."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.conversation import Stage, Turn
from bot.enquiry import EnquiryOutcome, Told, enquiry_outcomes
from bot.exporting import taken_back_turns
from bot.flags import Flag
from bot.interview import Asking
from bot.reviewing import seeing
from bot.reviewing.reading import meaning_in, told_for
from bot.reviewing.seeing import Names
from bot.reviewing.transcript import SAFE_CONTACT, Exchange, Shown, text_of, transcript
from bot.roles import Actor
from bot.store import Conversation, Enquiry, EnquiryMove, Entry, EntryKind, Transaction

NEVER = ("safe-contact", "private-notes", "taken-back")
"""What is in no file that leaves, whoever takes it out."""


@dataclass(frozen=True, slots=True)
class Offered:
    """One answer that was on offer: its id, and what it was called where it was asked."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class Had:
    """A conversation that goes along."""

    conversation: Conversation
    told: Told
    exchanges: tuple[Exchange, ...]
    asked: Mapping[int, Asking]
    """How each question was asked, by the number of its turn."""
    offered: Mapping[int, tuple[Offered, ...]]
    """What each question offered, by the number of its turn, in the order it was shown."""
    chosen: Mapping[int, tuple[str, ...]]
    """Ids of what was chosen, by the number of the turn that chose it."""
    flags: tuple[Flag, ...]

    @property
    def conversation_id(self) -> str:
        """What it is known by."""
        return self.conversation.conversation_id

    @property
    def ended_at(self) -> datetime:
        """When the last thing was said in it."""
        return self.conversation.last_said_at or self.conversation.begun_at

    @property
    def is_taken_back(self) -> bool:
        """Whether all of it was taken back: that it was is a fact, and no word of it goes along."""
        return self.told.standing.is_everything_taken_back


@dataclass(frozen=True, slots=True)
class Chosen:
    """All of an enquiry that goes along."""

    enquiry: Enquiry
    moves: tuple[EnquiryMove, ...]
    had: tuple[Had, ...]
    """In the order they began."""
    outcomes: tuple[EnquiryOutcome, ...]
    entries: tuple[Entry, ...]
    """What the team wrote beside the words."""
    names: Names
    left_out: int
    """Conversations that do not go along: not finished, or how it was for people and not for this reader."""
    is_made_up: bool


def chosen_for(seen: Transaction, actor: Actor, enquiry_id: str, texts: Mapping[str, str]) -> Chosen:
    """Choose what somebody may read. How it was for people is never for whoever led the enquiry. Raises Missing.

    `texts` are the settings that wordings name.
    """
    return _chosen(seen, enquiry_id, told_for(seen, actor, enquiry_id), texts)


def chosen_in(seen: Transaction, enquiry_id: str, texts: Mapping[str, str], stages: Sequence[Stage]) -> Chosen:
    """Choose every finished conversation of these stages, for whoever runs Own Words. Raises Missing."""
    told = tuple(
        seen.told(one.conversation_id)
        for one in seen.conversations.listed(enquiry_id=enquiry_id)
        if seeing.is_finished(one) and one.stage in stages
    )
    return _chosen(seen, enquiry_id, told, texts)


def _chosen(seen: Transaction, enquiry_id: str, told: Sequence[Told], texts: Mapping[str, str]) -> Chosen:
    every = {one.conversation_id: one for one in seen.conversations.listed(enquiry_id=enquiry_id)}
    read = {one.conversation.conversation_id for one in told}
    # A colleague's note beside how somebody can be reached would tell of it.
    beside_contact = {
        (conversation_id, turn.number)
        for conversation_id in read
        for turn in seen.conversations.turns(conversation_id)
        if turn.asked in SAFE_CONTACT
    }
    return Chosen(
        enquiry=seen.enquiries.get(enquiry_id),
        moves=tuple(seen.enquiries.moves(enquiry_id)),
        had=tuple(_had(seen, every[one.conversation.conversation_id], one, told, texts) for one in told),
        outcomes=enquiry_outcomes(told),
        entries=tuple(
            entry
            for entry in seen.entries.of_enquiry(enquiry_id)
            if entry.kind not in {EntryKind.QUOTE, EntryKind.KEEPING, EntryKind.COPY}
            and (entry.conversation_id is None or entry.conversation_id in read)
            and (entry.conversation_id, entry.turn) not in beside_contact
        ),
        names=seeing.names(seen),
        left_out=len(every) - len(read),
        is_made_up=seen.council.is_made_up(),
    )


def _had(
    seen: Transaction, conversation: Conversation, told: Told, around: Sequence[Told], texts: Mapping[str, str]
) -> Had:
    turns = seen.conversations.turns(conversation.conversation_id)
    shown = Shown(withheld=taken_back_turns(turns, told.standing), private=False, safe_contact=False)
    lines = transcript(turns, told.standing, (), shown=shown, texts=texts, meaning=meaning_in(around))
    exchanges = tuple(one for one in lines if isinstance(one, Exchange) and (one.things or one.beside))
    asked = {one.number: Asking.from_json(turns[one.number - 1].asking) for one in exchanges}
    return Had(
        conversation=conversation,
        told=told,
        exchanges=exchanges,
        asked=asked,
        offered={one.number: tuple(_offered(turns[one.number - 1], asked[one.number], one)) for one in exchanges},
        chosen={turn.number: turn.choice for turn in turns if turn.number not in shown.withheld},
        flags=tuple(seen.flags.of(conversation.conversation_id)),
    )


def _offered(question: Turn, asked: Asking, exchange: Exchange) -> Iterator[Offered]:
    ids = question.shown or tuple(one.id for one in asked.choices)
    for choice, label in zip(ids, exchange.offered, strict=True):
        yield Offered(choice, text_of(label))
