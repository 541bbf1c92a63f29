"""What the answers become in the record: each row quotes a turn by number and copies no words.

Custom actions call these verbs at the end of a section. Every verb may be called again with the same answers, because
a path is told afresh whenever the dialogue engine was away: what is there already stays as it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.conversation import Answer, Kind, Speaker, Stage, Standing, referred, standing
from bot.outcomes import NO_LONGER, SAME, Mark, Outcome, outcomes
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


class WordsInTheDialogue(Exception):
    """The dialogue engine handed over something that is no reference, in a conversation held on the pages."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a custom action was called with: the conversation, and what its slots hold."""

    conversation_id: str
    slots: Mapping[str, object]
    stage: Stage
    speaker: Speaker


@dataclass(frozen=True, slots=True)
class _Marking:
    """One thing that the wording of number `turn` says of an outcome."""

    mark: Mark
    outcome_turn: int
    value: str
    turn: int


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
        answers = [stands.answer(referred(name) or 0) for name in ranked]
        every = [outcome.number for outcome in _outcomes(kept, heard.conversation_id)]
        said, left = _order(answers, every)
        said_by = {answer.current.number for answer in answers if answer is not None}
        _mark(kept, heard, Mark.RANK, said_by, said, now)
        return left


def keep_plan(store: Store, heard: Heard, now: datetime) -> None:
    """Keep what cannot happen together, and which is plan A and plan B."""
    with store.begin() as kept:
        stands = standing(kept.conversations.turns(heard.conversation_id))
        every = [outcome.number for outcome in _outcomes(kept, heard.conversation_id)]
        together, apart = _choice(stands, heard, "together"), _choice(stands, heard, "apart")
        plan_a, plan_b = _choice(stands, heard, "plan_a"), _choice(stands, heard, "plan_b")
        said = [*_apart(together, apart, every), *_plans(plan_a, plan_b, every)]
        _mark(kept, heard, Mark.APART, {one.turn for one in (together, apart) if one is not None}, said, now)
        _mark(kept, heard, Mark.PLAN, {one.turn for one in (plan_a, plan_b) if one is not None}, said, now)
        words = _turn(kept, heard, "plan_words", now)
        if words is not None:
            kept.quotes.quote(heard.conversation_id, RECORDS["plan_words"], words, now)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What was chosen, and the number of the wording that says so."""

    turn: int
    choice: tuple[str, ...]

    @property
    def outcomes(self) -> list[int]:
        """The outcomes among what was chosen."""
        return [number for number in map(referred, self.choice) if number is not None]


def _order(answers: Sequence[Answer | None], every: Sequence[int]) -> tuple[list[_Marking], int]:
    """Say which place each answer gives, and how many outcomes have none yet. The last one's place follows."""
    said: list[_Marking] = []
    rest = list(every)
    for place, answer in enumerate(answers, 1):
        chosen = _Chosen(answer.current.number, answer.current.choice) if answer is not None else None
        if chosen is None or not chosen.outcomes:
            if chosen is not None and chosen.choice == ("the_same",):
                value = SAME if place == 1 else str(place)
                said += [_Marking(Mark.RANK, number, value, chosen.turn) for number in rest]
            return said, 0
        if chosen.outcomes[0] in rest:
            rest.remove(chosen.outcomes[0])
            said.append(_Marking(Mark.RANK, chosen.outcomes[0], str(place), chosen.turn))
        if len(rest) == 1:
            said.append(_Marking(Mark.RANK, rest[0], str(place + 1), chosen.turn))
            return said, 0
    return said, len(rest)


def _apart(together: _Chosen | None, apart: _Chosen | None, every: Sequence[int]) -> list[_Marking]:
    """Say what cannot happen together. Where there are just two, it is those."""
    said: list[_Marking] = []
    if together is not None and together.choice == ("no",) and len(every) == 2:
        said += [_Marking(Mark.APART, number, "", together.turn) for number in every]
    if apart is not None:
        said += [_Marking(Mark.APART, number, "", apart.turn) for number in apart.outcomes]
    return said


def _plans(plan_a: _Chosen | None, plan_b: _Chosen | None, every: Sequence[int]) -> list[_Marking]:
    """Say which is plan A and which plan B. Where there are just two, plan B is the other one."""
    said: list[_Marking] = []
    if plan_a is not None and plan_a.outcomes:
        first = plan_a.outcomes[0]
        said.append(_Marking(Mark.PLAN, first, "a", plan_a.turn))
        if len(every) == 2 and first in every:
            said += [_Marking(Mark.PLAN, number, "b", plan_a.turn) for number in every if number != first]
    if plan_b is not None and plan_b.outcomes:
        said.append(_Marking(Mark.PLAN, plan_b.outcomes[0], "b", plan_b.turn))
    return said


def _mark(
    kept: Transaction, heard: Heard, mark: Mark, said_by: set[int], said: Sequence[_Marking], now: datetime
) -> None:
    """Keep what these wordings say of the outcomes, and that they say nothing else any more.

    The same answer says something else where there are more or fewer outcomes than before.
    """
    conversation_id = heard.conversation_id
    markings = [one for one in said if one.mark is mark]
    stay = {(one.outcome_turn, one.turn) for one in markings}
    for before in kept.outcomes.marks(conversation_id):
        if before.mark is mark and before.turn in said_by and (before.outcome_turn, before.turn) not in stay:
            kept.outcomes.mark(conversation_id, mark, before.outcome_turn, value=NO_LONGER, turn=before.turn, now=now)
    for one in markings:
        kept.outcomes.mark(conversation_id, mark, one.outcome_turn, value=one.value, turn=one.turn, now=now)


def _outcomes(kept: Transaction, conversation_id: str) -> tuple[Outcome, ...]:
    stands = standing(kept.conversations.turns(conversation_id))
    return outcomes(stands, kept.outcomes.desired(conversation_id), kept.outcomes.marks(conversation_id))


def _choice(stands: Standing, heard: Heard, slot: str) -> _Chosen | None:
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
    return _Chosen(answer.current.number, answer.current.choice)


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
    if number is None:
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
