"""What all verdicts together come to: a proposal, always shown, never a finding. Where the person said it, they decide.

There is no official rule for rolling several outcomes up into one. This one is ours, and says so wherever it is shown.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.conversation import Kind
from bot.enquiry import EnquiryOutcome, Status, Told, Voice, voice_of

ALL = "all_of_it"
SOME = "some_of_it"
NONE = "no"
"""The answers to "did this happen?" and to "overall, did you get what you wanted?" that say so; others do not."""


class Achieved(StrEnum):
    """Whether what was wanted happened, taken together."""

    FULLY = "fully"
    PARTLY = "partly"
    NOT = "not"


@dataclass(frozen=True, slots=True)
class Proposed:
    """What is proposed, and whether the person's own "overall" decided it."""

    achieved: Achieved
    from_person: bool


_OVERALL = {ALL: Achieved.FULLY, SOME: Achieved.PARTLY, NONE: Achieved.NOT}


def proposed(verdicts: Sequence[str | None], overall: str | None) -> Proposed | None:
    """Propose what it comes to; None where nobody said anything of it.

    `verdicts` has one answer for each outcome, None where there is none. All yes is fully, none even partly is not, all
    else is partly; what the person says of the whole comes first.
    """
    if overall in _OVERALL:
        return Proposed(_OVERALL[overall], from_person=True)
    if not any(verdict in _OVERALL for verdict in verdicts):
        return None
    if all(verdict == ALL for verdict in verdicts):
        return Proposed(Achieved.FULLY, from_person=False)
    if not any(verdict in {ALL, SOME} for verdict in verdicts):
        return Proposed(Achieved.NOT, from_person=False)
    return Proposed(Achieved.PARTLY, from_person=False)


def proposed_in(voice: Voice, found: Sequence[EnquiryOutcome], told: Sequence[Told]) -> Proposed | None:
    """Propose what it comes to as said in one voice: of what is still wanted, and of the whole."""
    wanted = [one for one in found if one.voice is voice and one.status is not Status.NO_LONGER]
    verdicts = [
        next((verdict.value for verdict in reversed(outcome.verdicts) if verdict.voice is voice), None)
        for outcome in wanted
    ]
    found_so = proposed(verdicts, _overall(voice, told))
    if found_so is None or voice is Voice.PERSON:
        return found_so
    return replace(found_so, from_person=False)


def _overall(voice: Voice, told: Sequence[Told]) -> str | None:
    """Find what was said last of the whole."""
    said = [
        answer.current
        for one in told
        if voice_of(one.conversation.speaker) is voice and not one.standing.is_everything_taken_back
        for answer in one.standing.answers
        if answer.question.asked == "overall" and answer.number in one.standing.path
    ]
    values = [turn.choice[0] for turn in said if turn.kind is Kind.CHOICE and turn.choice[0] in _OVERALL]
    return values[-1] if values else None
