"""What the answers become in the record: each row quotes a turn by number and copies no words.

Custom actions call these verbs at the end of a section. Every verb may be called again with the same answers, because
a path is told afresh whenever the dialogue engine was away: what is there already stays as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.conversation import Kind, Speaker, Stage, Standing, referred, standing
from bot.outcomes import Mark, Outcome, outcomes
from bot.store import Missing, Origin, Store, Transaction

RECORDS: Mapping[str, str] = {
    "communication": "communication_need",
    "communication_words": "communication_need",
    "involvement": "involvement",
    "support": "support",
    "feelings": "feeling",
    "safe_now": "safe_now",
    "matters": "matter",
    "keep": "matter",
    "worries": "worry",
    "wishes": "wish",
    "not_wanted": "not_wanted",
    "plan_words": "plan",
    "own_power": "own_power",
    "helpers": "helpers",
    "feels_safe": "feels_safe",
    "view_on_enquiry": "view_on_enquiry",
    "who_knows": "who_knows",
    "contact_ways": "safe_contact",
    "contact_times": "safe_contact",
    "contact_answered": "safe_contact",
    "contact_code_word": "safe_contact",
}
"""Which record an answer goes to, by the question's name. Questions that are not here only lead the way."""

SAME = "same"


class WordsInTheDialogue(Exception):
    """The dialogue engine handed over something that is no reference, in a conversation held on the pages."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a custom action was called with: the conversation, and what its slots hold."""

    conversation_id: str
    slots: Mapping[str, object]
    stage: Stage
    speaker: Speaker


def keep_section(store: Store, heard: Heard, now: datetime) -> None:
    """Keep what was said in one section: a row for each answer, quoting its turn."""
    with store.begin() as kept:
        for slot in heard.slots:
            number = _turn(kept, heard, slot, now)
            if number is not None and slot in RECORDS:
                kept.quotes.quote(heard.conversation_id, RECORDS[slot], number, now)


def keep_outcome(store: Store, heard: Heard, now: datetime) -> int:
    """Keep one desired outcome, if one was said. Gives how many there are now."""
    with store.begin() as kept:
        turn = _turn(kept, heard, "outcome", now)
        stands = standing(kept.conversations.turns(heard.conversation_id))
        said = stands.answer(turn) if turn is not None else None
        if turn is not None and said is not None and said.said.heard.kind is Kind.WORDS:
            kept.outcomes.desire(
                heard.conversation_id,
                turn,
                now,
                sign_turn=_turn(kept, heard, "outcome_sign", now),
                weight_turn=_turn(kept, heard, "outcome_weight", now),
            )
        return len(_outcomes(kept, heard.conversation_id))


def count_outcomes(store: Store, conversation_id: str) -> int:
    """Say how many desired outcomes there are."""
    with store.reading() as seen:
        return len(_outcomes(seen, conversation_id))


def chosen_cards(store: Store, heard: Heard, now: datetime) -> tuple[str, ...]:
    """Give the cards that were chosen, in the order of the page."""
    with store.begin() as kept:
        number = _turn(kept, heard, "cards", now)
        said = standing(kept.conversations.turns(heard.conversation_id)).answer(number) if number else None
        if said is None or said.current.kind is not Kind.CHOICE:
            return ()
        return tuple(choice for choice in said.current.choice if choice != "none_of_these")


def keep_rank(store: Store, heard: Heard, ranked: Sequence[str], now: datetime) -> int:
    """Keep the person's own order so far. `ranked` names the answers to "which matters most", first to last.

    Gives how many outcomes have no place yet; none has where all matter the same or the person would not say.
    """
    with store.begin() as kept:
        stands = standing(kept.conversations.turns(heard.conversation_id))
        open_ones = [outcome.number for outcome in _outcomes(kept, heard.conversation_id)]
        for place, name in enumerate(ranked, 1):
            answer = stands.answer(referred(name) or 0)
            chosen = answer.current.choice if answer is not None else ()
            number = referred(chosen[0]) if chosen else None
            if answer is None or number is None:
                if chosen == ("the_same",) and answer is not None:
                    _mark_rest(kept, heard, open_ones, SAME if place == 1 else str(place), answer.current.number, now)
                return 0
            if number in open_ones:
                open_ones.remove(number)
                kept.outcomes.mark(
                    heard.conversation_id, Mark.RANK, number, value=str(place), turn=answer.current.number, now=now
                )
            if len(open_ones) == 1:
                _mark_rest(kept, heard, open_ones, str(place + 1), answer.current.number, now)
                return 0
        return len(open_ones)


def keep_plan(store: Store, heard: Heard, now: datetime) -> None:
    """Keep what cannot happen together, and which is plan A and plan B."""
    with store.begin() as kept:
        stands = standing(kept.conversations.turns(heard.conversation_id))
        every = [outcome.number for outcome in _outcomes(kept, heard.conversation_id)]
        together = _choice(stands, heard, "together")
        if together is not None and together[1] == ("no",) and len(every) == 2:
            _mark_apart(kept, heard, every, together[0], now)
        apart = _choice(stands, heard, "apart")
        if apart is not None:
            _mark_apart(kept, heard, [number for number in map(referred, apart[1]) if number], apart[0], now)
        plan_a = _choice(stands, heard, "plan_a")
        first = referred(plan_a[1][0]) if plan_a else None
        if plan_a is not None and first is not None:
            kept.outcomes.mark(heard.conversation_id, Mark.PLAN, first, value="a", turn=plan_a[0], now=now)
            if len(every) == 2:
                other = next(number for number in every if number != first)
                kept.outcomes.mark(heard.conversation_id, Mark.PLAN, other, value="b", turn=plan_a[0], now=now)
        plan_b = _choice(stands, heard, "plan_b")
        second = referred(plan_b[1][0]) if plan_b else None
        if plan_b is not None and second is not None:
            kept.outcomes.mark(heard.conversation_id, Mark.PLAN, second, value="b", turn=plan_b[0], now=now)
        words = _turn(kept, heard, "plan_words", now)
        if words is not None:
            kept.quotes.quote(heard.conversation_id, RECORDS["plan_words"], words, now)


def _mark_rest(kept: Transaction, heard: Heard, numbers: Sequence[int], value: str, turn: int, now: datetime) -> None:
    for number in numbers:
        kept.outcomes.mark(heard.conversation_id, Mark.RANK, number, value=value, turn=turn, now=now)


def _mark_apart(kept: Transaction, heard: Heard, numbers: Sequence[int], turn: int, now: datetime) -> None:
    for number in numbers:
        kept.outcomes.mark(heard.conversation_id, Mark.APART, number, value="", turn=turn, now=now)


def _outcomes(kept: Transaction, conversation_id: str) -> tuple[Outcome, ...]:
    stands = standing(kept.conversations.turns(conversation_id))
    return outcomes(stands, kept.outcomes.desired(conversation_id), kept.outcomes.marks(conversation_id))


def _choice(stands: Standing, heard: Heard, slot: str) -> tuple[int, tuple[str, ...]] | None:
    """Give the wording that chose, and what it chose; a branching slot holds the choice itself, so look it up."""
    held = heard.slots.get(slot)
    if not held:
        return None
    number = referred(str(held))
    answer = stands.answer(number) if number is not None else None
    if number is None:
        of_old = [answer for answer in stands.answers if answer.question.asked == slot]
        answer = of_old[-1] if of_old else None
    if answer is None or answer.current.kind is not Kind.CHOICE:
        return None
    return answer.current.number, answer.current.choice


def _turn(kept: Transaction, heard: Heard, slot: str, now: datetime) -> int | None:
    """Read the turn that a slot refers to.

    A conversation held in `rasa shell` has the words themselves in its slots: they are kept as a turn first.
    """
    held = heard.slots.get(slot)
    if not isinstance(held, str) or not held:
        return None
    number = referred(held)
    if _origin(kept, heard, now) is Origin.SHELL:
        return _turn_from_shell(kept, heard, slot, held, now)
    if number is None and slot in RECORDS:
        raise WordsInTheDialogue(slot)
    return number


def _origin(kept: Transaction, heard: Heard, now: datetime) -> Origin:
    """Say where the conversation is held. One that the store does not know is held in `rasa shell`: it begins here."""
    try:
        return kept.conversations.get(heard.conversation_id).origin
    except Missing:
        kept.conversations.begin(
            conversation_id=heard.conversation_id,
            stage=heard.stage,
            speaker=heard.speaker,
            begun_at=now,
            interview_version=Origin.SHELL,
            origin=Origin.SHELL,
        )
        return Origin.SHELL


def _turn_from_shell(kept: Transaction, heard: Heard, slot: str, held: str, now: datetime) -> int:
    for turn in kept.conversations.turns(heard.conversation_id):
        if turn.asked == slot and turn.words == held:
            return turn.number
    asked = kept.conversations.add(
        heard.conversation_id, speaker=Speaker.BOT, kind=Kind.QUESTION, said_at=now, asked=slot
    )
    kept_turn = kept.conversations.add(
        heard.conversation_id,
        speaker=heard.speaker,
        kind=Kind.WORDS,
        said_at=now,
        asked=slot,
        answers=asked.number,
        words=held,
    )
    return kept_turn.number
