"""A conversation in a real store, told turn by turn, and what custom actions are called with."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from bot.conversation import How, Kind, Speaker, Stage, Turn, Whose, reference
from bot.interview import Choice
from bot.keeping import Heard
from bot.outcomes import Outcome, outcomes
from bot.project import load_interview
from bot.store import Origin, Store
from tests.telling import NOON, Told

INTERVIEW = load_interview()


class Recorded(Told):
    """As `Told`, with every turn kept."""

    def __init__(
        self,
        store: Store,
        *,
        stage: Stage = Stage.FIRST,
        speaker: Speaker = Speaker.PERSON,
        enquiry_id: str | None = None,
        begun_at: datetime = NOON,
        said_on: date | None = None,
    ) -> None:
        super().__init__()
        self.store = store
        self.begun_at = begun_at
        self.stage = stage
        self.speaker = speaker
        with store.begin() as kept:
            self.conversation_id = kept.conversations.begin(
                stage=stage,
                speaker=speaker,
                begun_at=begun_at,
                interview_version="the one of March",
                enquiry_id=enquiry_id,
                origin=Origin.PAPER if said_on is not None else Origin.PAGE,
                said_on=said_on,
            )

    def asks_as_worded(self, name: str, *, wording: str = "", offers: Sequence[Turn] = ()) -> Turn:
        """The bot asks a question of the interview as `domain.yml` words it."""
        asking = INTERVIEW.question(name, self.speaker, self.stage)
        asking = replace(asking, choices=(*(Choice(reference(turn.number)) for turn in offers), *asking.choices))
        shown = tuple(choice.id for choice in asking.choices)
        return self._add(
            Speaker.BOT,
            Kind.QUESTION,
            asked=name,
            words=wording or asking.wording,
            shown=shown,
            asking=asking.to_json(),
        )

    def is_asked(self, name: str, *answer: str, says: str = "", whose: Whose | None = None, **more: Any) -> Turn:
        """The bot asks as worded, and the person answers: in words, or with what is on offer."""
        self.asks_as_worded(name, **more)
        how = How.FREE_WORDS if says else None
        return self.says(says, how=how, whose=whose) if says else self.chooses(*answer)

    def wants(self, words: str, *, sign: str = "", weight: str = "") -> tuple[Turn, dict[str, Turn]]:
        """The person says one thing that is to be different; gives it, and the slots that it fills."""
        said = self.is_asked("outcome", says=words)
        slots = {"outcome": said}
        if sign:
            slots["outcome_sign"] = self.is_asked(
                "outcome_sign", says=sign, wording=f"You said: turn:{said.number}\nHow would you know?"
            )
        if weight:
            slots["outcome_weight"] = self.is_asked("outcome_weight", weight)
        return said, slots

    def says_instead(self, turn: Turn, words: str) -> Turn:
        """The person words an earlier answer otherwise."""
        return self._instead(turn, Kind.WORDS, words=words)

    def chooses_instead(self, turn: Turn, *choice: str) -> Turn:
        """The person picks something else than before."""
        return self._instead(turn, Kind.CHOICE, choice=choice)

    def skips_instead(self, turn: Turn, skip: str) -> Turn:
        """The person would rather not answer after all."""
        return self._instead(turn, Kind.SKIP, choice=(skip,))

    def adds(self, turn: Turn, words: str) -> Turn:
        """The person adds to an earlier answer."""
        return self._add(
            Speaker.PERSON, Kind.WORDS, asked=turn.asked, answers=turn.answers, adds_to=turn.number, words=words
        )

    def heard(self, **slots: Turn | str | None) -> Heard:
        """What a custom action is called with: a reference for each turn, and ids as they are."""
        held = {slot: reference(one.number) if isinstance(one, Turn) else one for slot, one in slots.items()}
        return Heard(self.conversation_id, held, self.stage, self.speaker)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What the record says that the person wants."""
        with self.store.reading() as seen:
            desired = seen.outcomes.desired(self.conversation_id)
            return outcomes(self.standing, desired, seen.outcomes.marks(self.conversation_id))

    @property
    def quotes(self) -> list[tuple[str, int]]:
        """What the record quotes: as what, and which turn."""
        with self.store.reading() as seen:
            return [(quote.record, quote.turn) for quote in seen.quotes.of(self.conversation_id)]

    def _instead(self, turn: Turn, kind: Kind, **more: Any) -> Turn:
        latest = self.standing.said(turn.number)
        assert latest is not None
        return self._add(
            Speaker.PERSON,
            kind,
            asked=turn.asked,
            answers=turn.answers,
            replaces=latest.current.number,
            **more,
        )

    def _add(self, speaker: Speaker, kind: Kind, **more: Any) -> Turn:
        speaker = self.speaker if speaker is Speaker.PERSON else speaker
        said_at = self.begun_at + (super()._add(speaker, kind, **more).said_at - NOON)
        with self.store.begin() as kept:
            self.turns[-1] = kept.conversations.add(
                self.conversation_id, speaker=speaker, kind=kind, said_at=said_at, **more
            )
        return self.turns[-1]
