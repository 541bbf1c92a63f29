"""What a team puts beside words: steps of a review, notes, themes, what was done about a flag. Words stay untouched.

Each is an entry that is added and never changed. Two at once: a form says up to which entry its page was made, and
whoever comes second is shown what the first wrote and chooses; nothing that was typed is lost by it.
"""

from collections.abc import Sequence
from datetime import datetime

from bot.conversation import LONGEST_ANSWER
from bot.enquiry import enquiry_outcomes
from bot.flags import FlagKind
from bot.reviewing import seeing
from bot.reviewing.reading import told_for
from bot.reviewing.seeing import NotDone, SeenConversation, changed
from bot.reviewing.states import LEADS_TO, NEEDS_WORDS, ReviewState, Step, state_of, steps_from
from bot.roles import Act, Actor
from bot.store import Entry, EntryKind, Missing, Store, Transaction
from bot.themes import NONE_OF_THESE, Themes

LONGEST_NOTE = LONGEST_ANSWER
LONGEST_OWN_THEME = 200


class SomebodyWasFirst(Exception):
    """Something was added since the page was made. Nothing was kept of this; `entries` is what was added."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__("Somebody was first.")
        self.entries = tuple(entries)


def step(
    store: Store,
    actor: Actor,
    conversation_id: str,
    what: Step,
    words: str,
    now: datetime,
    *,
    latest: int,
    token: str,
) -> Entry:
    """Go a step on in reviewing a conversation. `latest`: the newest step that the page knew of.

    Raises NotAllowed, Missing, Unopened, NotDone, SomebodyWasFirst.
    """
    with store.begin() as kept:
        # Somebody may write at another process of the site at this very moment.
        kept.entries.hold()
        found = _opened_whole(kept, actor, conversation_id, Act.REVIEW)
        _check_length(words)
        if what in NEEDS_WORDS and not words.strip():
            asked = "Write your question" if what is Step.SEND_BACK else "Write your answer"
            raise NotDone(f"{asked} first: it goes to a colleague, who needs to know what you mean.")
        reviews = kept.entries.of_conversation(conversation_id, EntryKind.REVIEW)
        if (same := _pressed_twice(reviews, latest, actor, LEADS_TO[what].value, words)) is not None:
            return same
        _check_nobody_was_first(reviews, latest)
        newest = seeing.latest_review(kept, conversation_id, reviews)
        state = state_of(newest.what if newest is not None else None)
        is_mine = newest is not None and newest.account_id == actor.account_id
        if what not in steps_from(state, is_mine=is_mine):
            raise NotDone("This has moved on since the page was made. Look at it as it is now, then choose again.")
        entry = kept.entries.add(
            kind=EntryKind.REVIEW,
            what=LEADS_TO[what].value,
            account_id=actor.account_id,
            now=now,
            conversation_id=conversation_id,
            enquiry_id=found.conversation.enquiry_id,
            words={"words": words} if words.strip() else {},
            replaces=reviews[-1].number if reviews else None,
            token=token,
        )
        _tell(kept, actor, found, f"review.{entry.what}", now)
        return entry


def note(
    store: Store, actor: Actor, conversation_id: str, turn: int, words: str, now: datetime, *, token: str
) -> Entry:
    """Write a note beside a turn. Raises NotAllowed, Missing, Unopened, NotDone."""
    with store.begin() as kept:
        found = _opened_whole(kept, actor, conversation_id, Act.NOTE)
        _check_length(words)
        if not words.strip():
            raise NotDone("Write your note first.")
        kept.conversations.turn(conversation_id, turn)
        entry = kept.entries.add(
            kind=EntryKind.NOTE,
            what="note",
            account_id=actor.account_id,
            now=now,
            conversation_id=conversation_id,
            enquiry_id=found.conversation.enquiry_id,
            turn=turn,
            words={"words": words},
            token=token,
        )
        _tell(kept, actor, found, "note", now)
        return entry


def answer_flag(
    store: Store,
    actor: Actor,
    conversation_id: str,
    flag: FlagKind,
    turn: int,
    words: str,
    now: datetime,
    *,
    latest: int,
    token: str,
) -> Entry:
    """Say what was done about a flag. It stays raised: what was done stands beside it.

    Raises NotAllowed, Missing, Unopened, NotDone, SomebodyWasFirst.
    """
    with store.begin() as kept:
        # Somebody may write at another process of the site at this very moment.
        kept.entries.hold()
        found = _opened(kept, actor, conversation_id, Act.ANSWER_FLAG)
        _check_length(words)
        if not words.strip():
            raise NotDone("Write what was done. If nothing needed to be done, write that, and why.")
        if not any(one.kind is flag and one.turn == turn for one in kept.flags.of(conversation_id)):
            raise Missing("There is no such flag.")
        answers = [
            one
            for one in kept.entries.of_conversation(conversation_id, EntryKind.FLAG_ANSWER)
            if one.what == flag.value and one.turn == turn
        ]
        if (same := _pressed_twice(answers, latest, actor, flag.value, words)) is not None:
            return same
        _check_nobody_was_first(answers, latest)
        entry = kept.entries.add(
            kind=EntryKind.FLAG_ANSWER,
            what=flag.value,
            account_id=actor.account_id,
            now=now,
            conversation_id=conversation_id,
            enquiry_id=found.conversation.enquiry_id,
            turn=turn,
            words={"words": words},
            token=token,
        )
        _tell(kept, actor, found, "flag_answered", now)
        return entry


def tag(
    store: Store,
    actor: Actor,
    enquiry_id: str,
    outcome_id: str,
    chosen: Sequence[str],
    own: str,
    themes: Themes,
    now: datetime,
    *,
    latest: int,
    token: str,
) -> Entry:
    """Put an outcome under themes. What was put before stays in the log.

    Raises NotAllowed, Missing, Unopened, NotDone, SomebodyWasFirst.
    """
    known = [name for name in (*themes.labels, NONE_OF_THESE) if name in chosen]
    with store.begin() as kept:
        # Somebody may write at another process of the site at this very moment.
        kept.entries.hold()
        found = seeing.see_enquiry(kept, actor, enquiry_id, Act.TAG)
        seeing.require_opened(kept, actor, seeing.ENQUIRY, enquiry_id)
        if not known and not own.strip():
            raise NotDone("Choose what fits, or write a theme of your own. If nothing fits, choose “No theme fits”.")
        if NONE_OF_THESE in known and (len(known) > 1 or own.strip()):
            raise NotDone("“No theme fits” stands alone. Take it away, or take the others away.")
        if len(own) > LONGEST_OWN_THEME:
            raise NotDone(f"A theme of your own has at most {LONGEST_OWN_THEME} characters.")
        if not any(one.outcome_id == outcome_id for one in enquiry_outcomes(told_for(kept, actor, enquiry_id))):
            raise Missing("There is no such outcome.")
        put = [one for one in kept.entries.of_enquiry(enquiry_id, EntryKind.THEME) if one.outcome_id == outcome_id]
        if (same := _pressed_twice(put, latest, actor, "themes", own, known)) is not None:
            return same
        _check_nobody_was_first(put, latest)
        entry = kept.entries.add(
            kind=EntryKind.THEME,
            what="themes",
            account_id=actor.account_id,
            now=now,
            enquiry_id=enquiry_id,
            outcome_id=outcome_id,
            choices={"themes": tuple(known)},
            words={"own": own} if own.strip() else {},
            replaces=put[-1].number if put else None,
            token=token,
        )
        changed(kept, actor, "themes", now, found.place, enquiry_id=enquiry_id)
        return entry


def state_in(entries: Sequence[Entry]) -> ReviewState:
    """Say where a review stands."""
    return state_of(entries[-1].what if entries else None)


def _opened_whole(kept: Transaction, actor: Actor, conversation_id: str, act: Act) -> SeenConversation:
    found = _opened(kept, actor, conversation_id, act)
    if found.is_flags_alone:
        raise NotDone("This conversation is not finished yet. It can be reviewed once it is.")
    return found


def _opened(kept: Transaction, actor: Actor, conversation_id: str, act: Act) -> SeenConversation:
    found = seeing.see_conversation(kept, actor, conversation_id, act)
    seeing.require_opened(kept, actor, seeing.kind_of(found), conversation_id)
    return found


def _check_length(words: str) -> None:
    if len(words) > LONGEST_NOTE:
        raise NotDone("This is more than fits here. Please make it shorter, or write it in two.")


def _pressed_twice(
    entries: Sequence[Entry], latest: int, actor: Actor, what: str, words: str, chosen: Sequence[str] = ()
) -> Entry | None:
    """Find what this page itself brought just before: pressed twice, it says the same twice, and is kept once."""
    newer = [one for one in entries if one.number > latest]
    if not newer:
        return None
    last = newer[-1]
    said = "".join(last.words.values())
    is_same = (last.account_id, last.what) == (actor.account_id, what) and said.strip() == words.strip()
    return last if is_same and tuple(last.choices.get("themes", ())) == tuple(chosen) else None


def _check_nobody_was_first(entries: Sequence[Entry], latest: int) -> None:
    newer = [one for one in entries if one.number > latest]
    if newer:
        raise SomebodyWasFirst(newer)


def _tell(kept: Transaction, actor: Actor, found: SeenConversation, about: str, now: datetime) -> None:
    changed(
        kept,
        actor,
        about,
        now,
        found.place,
        enquiry_id=found.conversation.enquiry_id,
        conversation_id=found.conversation.conversation_id,
    )
