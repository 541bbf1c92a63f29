"""What the answers become in the record: each row quotes a turn by number and copies no words.

Custom actions call these verbs at the end of a section. Every verb may be called again with the same answers, because
a path is told afresh whenever the dialogue engine was away: what is there already stays as it is.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.conversation import REFERENCE, Answer, Kind, Skip, Speaker, Stage, Standing, referred
from bot.enquiry import (
    EnquiryOutcome,
    Told,
    communication_known_to,
    enquiry_outcomes,
    outcome_id,
    outcomes_for,
    shared_by_the_person,
)
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
    "advocate_name": "about_advocate",
    "advocate_role": "about_advocate",
    "instructed": "about_advocate",
    "person_there": "about_advocate",
    "practitioner_name": "about_practitioner",
    "practitioner_role": "about_practitioner",
    "interpreter": "interpreter",
    "interpreter_name": "interpreter",
    "interpreter_language": "interpreter",
    "know_what_happens": "knowing",
    "want_to_know": "want_to_know",
    "overall": "overall",
    "about_finishing": "about_finishing",
    "safer_than_before": "safer",
    "stay_safe": "stay_safe",
    "get_better": "get_better",
    "understood_worries": "experience",
    "understood_information": "experience",
    "listened_to": "experience",
    "as_involved": "experience",
    "worked_together": "experience",
    "happy_with_end": "experience",
    "feel_safer": "experience",
    "tell_in_charge": "tell_in_charge",
    "may_quote": "may_quote",
    "free_to_speak": "free_to_speak",
    "private_note": "private_note",
}
"""Which record an answer goes to, by the question's name. Questions that are not here only lead the way."""

_NOWHERE = (-1, -1)

LEADING = frozenset({"interpreter", "outcome_now"})
"""Slots that hold the id of what was chosen, because the dialogue turns on it. Their turn is found by the question."""

TYPED_CHOICE = re.compile(r'/(?:choose|skip)\{"choice": *"([a-z0-9_:-]+)"\}')
"""How a choice is typed in `rasa shell`."""

SCALES = frozenset({"happened", "practitioner_verdict", "overall"})
"""Slots whose answers are weighed. An id typed as it is in `rasa shell` is a choice all the same."""

FILLED_WITH: Mapping[str, str] = {
    "outcome_why": "outcome_again",
    "difference": "happened",
    "may_quote": "tell_in_charge",
}
"""A skip of the second question fills the first one too: with the same answer in both, the first was never asked."""


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
            number = _leading_turn(kept, heard, slot, now) if slot in LEADING else _turn(kept, heard, slot, now)
            if number is not None and slot in RECORDS:
                kept.quotes.quote(heard.conversation_id, RECORDS[slot], number, now)


def keep_outcome(store: Store, heard: Heard, now: datetime) -> int:
    """Keep one desired outcome, if one was said. Gives how many there are now."""
    with store.begin() as kept:
        turn = _turn(kept, heard, "outcome", now)
        stands = kept.conversations.standing(heard.conversation_id)
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
        said = kept.conversations.standing(heard.conversation_id).answer(number) if number else None
        if said is None or said.current.kind is not Kind.CHOICE:
            return ()
        return tuple(choice for choice in said.current.choice if choice != "none_of_these")


def keep_rank(store: Store, heard: Heard, ranked: Sequence[str], now: datetime) -> int:
    """Keep the person's own order so far. `ranked` names the answers to "which matters most", first to last.

    Gives how many outcomes have no place yet; none has where all matter the same or the person would not say.
    """
    with store.begin() as kept:
        return keep_rank_in(kept, heard, ranked, now)


def keep_rank_in(kept: Transaction, heard: Heard, ranked: Sequence[str], now: datetime) -> int:
    """Keep the person's own order so far as part of another promise, as `keep_rank` does."""
    stands = kept.conversations.standing(heard.conversation_id)
    answers = [stands.answer(referred(name) or 0) for name in ranked]
    every = [outcome.number for outcome in _outcomes(kept, heard.conversation_id)]
    said, left = _order(answers, every)
    said_by = {answer.current.number for answer in answers if answer is not None}
    _mark(kept, heard, Mark.RANK, said_by, said, now)
    return left


def keep_plan(store: Store, heard: Heard, now: datetime) -> None:
    """Keep what cannot happen together, and which is plan A and plan B."""
    with store.begin() as kept:
        keep_plan_in(kept, heard, now)


def keep_plan_in(kept: Transaction, heard: Heard, now: datetime) -> None:
    """Keep the plans as part of another promise, as `keep_plan` does."""
    stands = kept.conversations.standing(heard.conversation_id)
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
class Opened:
    """What a check-in or a closing begins with."""

    is_communication_known: bool
    """Whether it is known from an earlier conversation how the person likes to talk."""
    first_outcome: str | None
    """The first outcome to read back, as the dialogue engine names it: `outcome:…`."""


def open_stage(store: Store, heard: Heard, now: datetime) -> Opened:
    """Say what is known already, and what is to be read back first."""
    with store.begin() as kept:
        _origin(kept, heard, now)
        told = _told_together(kept, heard)
        elsewhere = _elsewhere(told, heard)
        shared = shared_by_the_person(elsewhere)
        waiting = _to_read_back(told, heard)
        return Opened(
            is_communication_known=bool(communication_known_to(elsewhere, heard.speaker, shared)),
            first_outcome=_named(waiting[0]) if waiting else None,
        )


def keep_review(store: Store, heard: Heard, now: datetime) -> str | None:
    """Keep how it is now with the outcome that was read back: a check-in. Gives the one to read back next."""
    with store.begin() as kept:
        said = _leading_turn(kept, heard, "outcome_now", now)
        _review(kept, heard, now, said, again="outcome_again", why="outcome_why", difference="outcome_difference")
        return _next(kept, heard)


def keep_verdict(store: Store, heard: Heard, now: datetime) -> str | None:
    """Keep whether the outcome that was read back happened: a closing. Gives the one to read back next.

    The person's view and the practitioner's own are two facts.
    """
    with store.begin() as kept:
        said = _turn(kept, heard, "happened", now)
        _review(kept, heard, now, said, difference="difference", own="practitioner_verdict")
        return _next(kept, heard)


def _review(
    kept: Transaction,
    heard: Heard,
    now: datetime,
    said: int | None,
    *,
    again: str = "",
    why: str = "",
    difference: str = "",
    own: str = "",
) -> None:
    outcome_id = _read_back(heard)
    if said is None or outcome_id is None:
        return

    def in_words(slot: str) -> int | None:
        number = _turn(kept, heard, slot, now)
        found = kept.conversations.standing(heard.conversation_id).answer(number or 0)
        return number if found is not None and found.said.heard.kind is Kind.WORDS else None

    kept.reviews.keep(
        heard.conversation_id,
        outcome_id,
        now,
        said_turn=said,
        again_turn=in_words(again),
        why_turn=in_words(why),
        difference_turn=in_words(difference),
        own_turn=_turn(kept, heard, own, now),
    )


def _next(kept: Transaction, heard: Heard) -> str | None:
    """Name the outcome to read back after the one that was, even where that one was taken back meanwhile."""
    told = _told_together(kept, heard)
    places = {
        outcome_id(one.conversation.conversation_id, row.turn): (place, row.turn)
        for place, one in enumerate(told)
        for row in kept.outcomes.desired(one.conversation.conversation_id)
    }
    done = places.get(_read_back(heard) or "", _NOWHERE)
    rest = [one for one in _to_read_back(told, heard) if places[one.outcome_id] > done]
    return _named(rest[0]) if rest else None


def _to_read_back(told: Sequence[Told], heard: Heard) -> Sequence[EnquiryOutcome]:
    """Give the outcomes that this conversation reads back, in their order.

    What it says about them itself changes nothing in that: a path that is told afresh meets them all again. Its own
    outcomes are read back at a closing alone, where people were first asked for them. The first time the stage is
    opened there they are not known yet, and must not be where the path is told afresh; unless there are others by now,
    for then nobody is asked for them again.
    """
    elsewhere = _elsewhere(told, heard)
    shared = shared_by_the_person(elsewhere)
    found = outcomes_for(enquiry_outcomes(elsewhere), heard.speaker, shared)
    if heard.stage is Stage.CLOSING and (found or heard.slots.get("another_outcome")):
        found = outcomes_for(enquiry_outcomes(told), heard.speaker, shared)
    return found


def _told_together(kept: Transaction, heard: Heard) -> Sequence[Told]:
    """Give the conversations of the enquiry, this one among them: it alone where it belongs to none."""
    enquiry_id = kept.conversations.get(heard.conversation_id).enquiry_id
    return [kept.told(heard.conversation_id)] if enquiry_id is None else kept.told_in(enquiry_id)


def _elsewhere(told: Sequence[Told], heard: Heard) -> list[Told]:
    return [one for one in told if one.conversation.conversation_id != heard.conversation_id]


def _read_back(heard: Heard) -> str | None:
    """Give the id of the outcome that was read back last."""
    found = REFERENCE.fullmatch(str(heard.slots.get("next_outcome") or ""))
    return found[3] if found is not None else None


def _named(outcome: EnquiryOutcome) -> str:
    return f"outcome:{outcome.outcome_id}"


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
    stands = kept.conversations.standing(conversation_id)
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
    """Read the turn that a slot refers to; None where the question was not asked.

    A conversation held in `rasa shell` has the words themselves in its slots: they are kept as a turn first.
    """
    held = heard.slots.get(slot)
    if not isinstance(held, str) or not held:
        return None
    number = referred(held)
    before = FILLED_WITH.get(slot)
    if before is not None and held == heard.slots.get(before) and (number is not None or TYPED_CHOICE.fullmatch(held)):
        return None
    if _origin(kept, heard, now) is Origin.SHELL:
        return _turn_from_shell(kept, heard, slot, held, now)
    if number is None:
        raise WordsInTheDialogue(slot)
    return number


def _leading_turn(kept: Transaction, heard: Heard, slot: str, now: datetime) -> int | None:
    """Find the turn that chose what a leading slot holds: the latest answer to its question, about the same outcome."""
    held = heard.slots.get(slot)
    if not isinstance(held, str) or not held:
        return None
    about = _read_back(heard)
    if _origin(kept, heard, now) is Origin.SHELL:
        return _turn_from_shell(kept, heard, slot, held, now)
    stands = kept.conversations.standing(heard.conversation_id)
    found = [
        answer.number
        for answer in stands.answers
        if answer.question.asked == slot and about in (None, *_outcomes_in(answer.question.words))
    ]
    return found[-1] if found else None


def _outcomes_in(wording: str) -> list[str]:
    """Give the ids of the outcomes that a wording names."""
    return [found[3] for found in REFERENCE.finditer(wording) if found[3]]


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
    about = str(heard.slots.get("next_outcome") or "")
    kind, words, choice = _meant_in_shell(slot, held)
    turns = kept.conversations.turns(heard.conversation_id)
    asked_about = {turn.number: turn.words for turn in turns if turn.kind is Kind.QUESTION}
    for turn in turns:
        is_same = (turn.asked, turn.words, turn.choice) == (slot, words, choice)
        if is_same and turn.answers is not None and asked_about[turn.answers] == about:
            return turn.number
    asked = kept.conversations.add(
        heard.conversation_id, speaker=Speaker.BOT, kind=Kind.QUESTION, said_at=now, asked=slot, words=about
    )
    kept_turn = kept.conversations.add(
        heard.conversation_id,
        speaker=heard.speaker,
        kind=kind,
        said_at=now,
        asked=slot,
        answers=asked.number,
        words=words,
        choice=choice,
    )
    return kept_turn.number


def _meant_in_shell(slot: str, held: str) -> tuple[Kind, str, tuple[str, ...]]:
    """Say what was typed in `rasa shell`: words, a choice or a skip."""
    typed = TYPED_CHOICE.fullmatch(held)
    chosen = typed[1] if typed is not None else held if slot in LEADING or slot in SCALES else None
    if chosen is None:
        return Kind.WORDS, held, ()
    return Kind.SKIP if chosen in set(Skip) else Kind.CHOICE, "", (chosen,)
