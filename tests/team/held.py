"""An enquiry with conversations in it as they are worded: a first one, a check-in, a closing, and how it was."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.conversation import Kind, Speaker, Stage, State, Turn
from bot.enquiry import outcome_id
from bot.flags import FlagKind
from bot.keeping import keep_outcome, keep_review, keep_section, keep_verdict
from bot.store import Store
from tests.recording import Recorded
from tests.telling import NOON

DAY = timedelta(days=1)

KEY = "I want my own key."
FRONT_DOOR = "A key to the front door,\n  not only to my room"
SISTER = "I want to see my sister \U0001f49b again"
TOOK = "He took my money, and <b>hit me</b>"


@dataclass
class HeldEnquiry:
    """What was said in one enquiry."""

    first: Recorded
    check_in: Recorded
    closing: Recorded
    outcome: str
    """The id of what was said differently at the check-in."""
    flagged: Turn
    taken_back: Turn
    note: Turn


def ends(store: Store, told: Recorded, state: State = State.FINISHED) -> Recorded:
    """Have a conversation done."""
    if state is State.FINISHED:
        told.ends()
    with store.begin() as kept:
        kept.conversations.settle(told.conversation_id, state, told.begun_at + timedelta(hours=1))
    return told


def holds(store: Store, enquiry_id: str, begun_at: datetime = NOON) -> HeldEnquiry:
    """Hold the first three conversations with the person."""
    first = Recorded(store, enquiry_id=enquiry_id, begun_at=begun_at)
    chosen = first.is_asked("communication", "short_words", "pictures")
    words = first.is_asked("communication_words", says="Please sit where I can see your face")
    keep_section(store, first.heard(communication=chosen, communication_words=words), NOON)
    worry = first.is_asked("worries", says=TOOK)
    first.notes("Hands were shaking.", first.turns[-2])
    note = first.turns[-1]
    with store.begin() as kept:
        kept.flags.raise_flag(first.conversation_id, FlagKind.TOLD_WHAT_HAPPENED, worry.number, begun_at)
    wish = first.is_asked("wishes", says="To be left alone")
    first.takes_back(wish)
    said, slots = first.wants(KEY, sign="It is in my pocket", weight="a_lot")
    keep_outcome(store, first.heard(**slots), NOON)
    _, slots = first.wants(SISTER)
    keep_outcome(store, first.heard(**slots), NOON)
    contact = first.is_asked("contact_times", says="Tuesdays, when he is out")
    keep_section(store, first.heard(contact_times=contact), NOON)
    ends(store, first)
    named = outcome_id(first.conversation_id, said.number)

    check_in = Recorded(store, stage=Stage.CHECK_IN, enquiry_id=enquiry_id, begun_at=begun_at + 20 * DAY)
    about = f"You said: outcome:{named}\n"
    now = check_in.is_asked("outcome_now", "say_differently", wording=about + "How is it with this now?")
    again = check_in.is_asked("outcome_again", says=FRONT_DOOR, wording=about + "How would you say it now?")
    why = check_in.is_asked("outcome_why", says="My room is safe now", wording="What changed?")
    assert (now.kind, again.kind, why.kind) == (Kind.CHOICE, Kind.WORDS, Kind.WORDS)
    slots_now = {"next_outcome": f"outcome:{named}", "outcome_now": "say_differently"}
    keep_review(store, check_in.heard(**slots_now, outcome_again=again, outcome_why=why), NOON)
    ends(store, check_in)

    closing = Recorded(store, stage=Stage.CLOSING, enquiry_id=enquiry_id, begun_at=begun_at + 60 * DAY)
    happened = closing.is_asked("happened", "all_of_it", wording=about + "Did this happen?")
    difference = closing.is_asked("difference", says="I come and go as I like")
    heard = closing.heard(next_outcome=f"outcome:{named}", happened=happened, difference=difference)
    keep_verdict(store, heard, NOON)
    ends(store, closing)
    return HeldEnquiry(first, check_in, closing, named, worry, wish, note)


def tells_how_it_was(store: Store, enquiry_id: str, words: str, begun_at: datetime = NOON + 90 * DAY) -> Recorded:
    """Hold the conversation about how people did it."""
    told = Recorded(store, stage=Stage.EXPERIENCE, enquiry_id=enquiry_id, begun_at=begun_at)
    said = told.is_asked("tell_in_charge", says=words)
    keep_section(store, told.heard(tell_in_charge=said), NOON)
    return ends(store, told)


def by_advocate(store: Store, enquiry_id: str, words: str) -> Recorded:
    """Hold a first conversation with an advocate."""
    told = Recorded(store, speaker=Speaker.ADVOCATE, enquiry_id=enquiry_id, begun_at=NOON + DAY)
    _, slots = told.wants(words)
    keep_outcome(store, told.heard(**slots), NOON)
    return ends(store, told)
