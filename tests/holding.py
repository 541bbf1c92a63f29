"""A small way to tell the conversations of one enquiry in tests: who speaks, at which stage, how many days later."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot.conversation import Kind, Speaker, Stage, Turn
from bot.enquiry import OutcomeReview, Told, outcome_id
from bot.outcomes import DesiredOutcome, outcomes
from tests import telling
from tests.telling import NOON

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Begun:
    """What is known of a conversation beside its turns."""

    conversation_id: str
    stage: Stage
    speaker: Speaker


class Talk(telling.Told):
    """One conversation of an enquiry as it grows, and what its record says."""

    def __init__(
        self, name: str, stage: Stage = Stage.FIRST, speaker: Speaker = Speaker.PERSON, *, days: int = 0
    ) -> None:
        super().__init__()
        self.begun = Begun(name * 32, stage, speaker)
        self.days = days
        self.desired: list[DesiredOutcome] = []
        self.reviews: dict[str, OutcomeReview] = {}

    @property
    def told(self) -> Told:
        stands = self.standing
        return Told(self.begun, stands, outcomes(stands, self.desired, []), tuple(self.reviews.values()))

    def wants(self, words: str, **more: Any) -> str:
        """Something is to be different; gives its name."""
        self.asks("outcome")
        said = self.says(words, **more)
        self.desired.append(DesiredOutcome(said.number, None, None, NOON))
        return outcome_id(self.begun.conversation_id, said.number)

    def is_asked(self, name: str, *choice: str, says: str = "", **more: Any) -> Turn:
        self.asks(name)
        return self.says(says, **more) if says else self.chooses(*choice, **more)

    def looks_again(
        self, named: str, value: str, *, again: str = "", why: str = "", difference: str = "", **more: Any
    ) -> OutcomeReview:
        """At a check-in: how it is with this now."""
        said = self.is_asked("outcome_now", value, **more)
        return self.keeps(
            named,
            said,
            again_turn=self.is_asked("outcome_again", says=again, **more).number if again else None,
            why_turn=self.is_asked("outcome_why", says=why).number if why else None,
            difference_turn=self.is_asked("outcome_difference", says=difference).number if difference else None,
        )

    def judges(self, named: str, value: str, *, difference: str = "", own: str = "") -> OutcomeReview:
        """At a closing review: whether it happened."""
        said = self.is_asked("happened", value)
        return self.keeps(
            named,
            said,
            difference_turn=self.is_asked("difference", says=difference).number if difference else None,
            own_turn=self.is_asked("practitioner_verdict", own).number if own else None,
        )

    def keeps(self, named: str, said: Turn, **turns: int | None) -> OutcomeReview:
        every = {name: turns.get(name) for name in ("again_turn", "why_turn", "difference_turn", "own_turn")}
        self.reviews[named] = OutcomeReview(outcome_id=named, said_turn=said.number, made_at=NOON, **every)
        return self.reviews[named]

    def _add(self, speaker: Speaker, kind: Kind, **more: Any) -> Turn:
        whoever = self.begun.speaker if speaker is Speaker.PERSON else speaker
        turn = super()._add(whoever, kind, **more)
        self.turns[-1] = replace(turn, said_at=turn.said_at + self.days * DAY)
        return self.turns[-1]
