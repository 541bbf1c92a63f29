"""Other programs of the council's, such as its case system: what one that holds a token may be given.

That is less than any colleague may see. Nothing here names an account, since no account does what a program does.
"""

from dataclasses import dataclass
from enum import StrEnum

from bot.conversation import Stage
from bot.roles import Place


class Grant(StrEnum):
    """What a token is for."""

    FIGURES = "figures"
    """Figures of its teams as they are, and the council's as they may be published."""
    ENQUIRIES = "enquiries"
    """Enquiries of its teams, what conversations were held in them and what became of each wish: no words."""
    WORDS = "words"
    """What people said in finished conversations, and the wishes as they said them."""


@dataclass(frozen=True, slots=True)
class Program:
    """A program that came with a token which is good."""

    token_id: str
    grants: frozenset[Grant]
    team_ids: frozenset[str]


def is_for(program: Program, place: Place) -> bool:
    """Say whether a program may be given anything at all of an enquiry: nothing of what is restricted."""
    return not place.is_restricted and place.team_id in program.team_ids


def may_have(program: Program, grant: Grant, place: Place) -> bool:
    """Say whether a program may be given this of an enquiry, or of a conversation in it.

    Of no conversation before it is done. Nothing at all of how it was for people: those who led the enquiry may read
    what a program is given.
    """
    if grant not in program.grants or not is_for(program, place):
        return False
    return place.stage is None or (place.is_finished and place.stage is not Stage.EXPERIENCE)
