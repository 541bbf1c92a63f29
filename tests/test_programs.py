"""What other programs may be given: by their teams, by what they are for, and never of some things."""

from dataclasses import replace
from itertools import product

import pytest

from bot.conversation import Speaker, Stage
from bot.programs import Grant, Program, may_have
from bot.roles import NOWHERE, Place

NORTH, SOUTH = "n" * 32, "s" * 32
ENQUIRY = Place(team_id=NORTH)
SAID = replace(ENQUIRY, stage=Stage.FIRST, speaker=Speaker.PERSON, is_finished=True)
EVERYTHING = Program("t" * 32, frozenset(Grant), frozenset({NORTH}))


@pytest.mark.parametrize("grant", list(Grant))
def test_a_program_is_given_what_its_token_is_for_and_no_more(grant: Grant) -> None:
    one = replace(EVERYTHING, grants=frozenset({grant}))
    for place, other in product((ENQUIRY, SAID), Grant):
        assert may_have(one, other, place) == (other is grant)


def test_a_program_is_given_what_is_its_teams() -> None:
    for place, grant in product((ENQUIRY, SAID), Grant):
        assert may_have(EVERYTHING, grant, place)
        assert not may_have(EVERYTHING, grant, replace(place, team_id=SOUTH))
        assert not may_have(EVERYTHING, grant, replace(place, team_id=None))
        assert not may_have(replace(EVERYTHING, team_ids=frozenset()), grant, place)
    assert not may_have(EVERYTHING, Grant.ENQUIRIES, NOWHERE)


def test_no_program_is_given_what_is_restricted_or_goes_on() -> None:
    for place, grant in product((ENQUIRY, SAID), Grant):
        assert not may_have(EVERYTHING, grant, replace(place, is_restricted=True))
    for stage, grant in product(Stage, Grant):
        assert not may_have(EVERYTHING, grant, replace(SAID, stage=stage, is_finished=False))


def test_no_program_is_given_how_it_was_for_people() -> None:
    for stage, grant in product(Stage, Grant):
        assert may_have(EVERYTHING, grant, replace(SAID, stage=stage)) == (stage is not Stage.EXPERIENCE)
