"""A small way to tell conversations in tests: what the bot asks and what a person says, turn by turn."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.conversation import Control, Kind, Skip, Speaker, Standing, Turn, standing

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Told:
    """A conversation as it grows."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []

    @property
    def standing(self) -> Standing:
        """Where it stands now."""
        return standing(self.turns)

    def asks(self, name: str, wording: str = "A question?", path: list[int] | None = None) -> Turn:
        """The bot asks a question of the interview."""
        asking: dict[str, Any] = {"kind": "words"} | ({"path": path} if path is not None else {})
        return self._add(Speaker.BOT, Kind.QUESTION, asked=name, words=wording, asking=json.dumps(asking))

    def ends(self, name: str = "done") -> Turn:
        """The bot's last turn."""
        return self._add(Speaker.BOT, Kind.ENDING, asked=name, words="Thank you.", asking="{}")

    def asks_aside(self, name: str) -> Turn:
        """The bot asks something beside the interview."""
        return self._add(Speaker.BOT, Kind.ASIDE, asked=name, words="Do you want to stop?", asking="{}")

    def says(self, words: str, **more: Any) -> Turn:
        """The person answers in words."""
        return self._answer(Kind.WORDS, words=words, **more)

    def chooses(self, *choice: str, **more: Any) -> Turn:
        """The person picks from what was offered."""
        return self._answer(Kind.CHOICE, choice=choice, **more)

    def skips(self, skip: Skip, **more: Any) -> Turn:
        """The person does not answer, in one of four ways."""
        return self._answer(Kind.SKIP, choice=(skip,), **more)

    def takes_back(self, turn: Turn) -> Turn:
        """The person takes something back."""
        return self._add(Speaker.PERSON, Kind.TAKEN_BACK, asked=turn.asked, answers=turn.answers, replaces=turn.number)

    def replies(self, *choice: str) -> Turn:
        """The person answers the aside on show."""
        asked = self.standing.asked
        assert asked is not None
        return self._add(Speaker.PERSON, Kind.REPLY, asked=asked.asked, answers=asked.number, choice=choice)

    def notes(self, words: str, to: Turn) -> Turn:
        """The practitioner notes something beside the answer to a question."""
        return self._add(Speaker.PRACTITIONER, Kind.PRIVATE_NOTE, asked=to.asked, answers=to.number, words=words)

    def presses(self, control: Control, turn: Turn | None = None) -> Turn:
        """A button beside the answer."""
        choice = (control,) if turn is None else (control, f"turn:{turn.number}")
        return self._add(Speaker.PERSON, Kind.CONTROL, choice=choice)

    def _answer(self, kind: Kind, *, to: Turn | None = None, **more: Any) -> Turn:
        asked = to or next(turn for turn in reversed(self.turns) if turn.kind is Kind.QUESTION)
        return self._add(Speaker.PERSON, kind, asked=asked.asked, answers=asked.number, **more)

    def _add(self, speaker: Speaker, kind: Kind, **more: Any) -> Turn:
        number = len(self.turns) + 1
        turn = Turn(number=number, speaker=speaker, kind=kind, said_at=NOON + timedelta(minutes=number), **more)
        self.turns.append(turn)
        return turn
