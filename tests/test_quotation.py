"""What may be quoted follows from the turns alone, and leaving a part out changes no letter of the rest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation import Control
from bot.quotation import LEFT_OUT, NothingLeft, Piece, Range, agreed, agreed_to, found_in, pieces, read, written
from tests.telling import Told

WORDS = "Ann came.\n\nAnn said: “Annual leave”, and  went to Elm  House."


class Experience(Told):
    """How it was, with a yes."""

    def __init__(self, may_quote: str = "yes") -> None:
        super().__init__()
        self.asks("tell_in_charge")
        self.said = self.says(WORDS)
        self.asks("may_quote", f"You said: turn:{self.said.number}\nMay we?")
        self.asked = self.chooses(may_quote)
        self.asks("checked", path=[self.said.number, self.asked.number])

    @property
    def may_be_quoted(self) -> list[str]:
        return [turn.words for turn in agreed(self.standing)]

    def changes(self, turn: object, words: str) -> None:
        assert turn is self.said
        self.presses(Control.CHANGE, self.said)
        self.says(words, to=self.turns[0], replaces=self.said.number)


def test_words_may_be_quoted_where_the_person_said_yes() -> None:
    told = Experience()
    assert told.may_be_quoted == [WORDS]
    assert agreed_to(told.standing, told.said.number) == told.said
    assert agreed_to(told.standing, told.asked.number) is None


def test_no_is_no() -> None:
    assert Experience("no").may_be_quoted == []


def test_whoever_was_not_asked_said_no_yes() -> None:
    told = Told()
    told.asks("tell_in_charge")
    told.says(WORDS)
    told.asks("checked", path=[2])
    assert agreed(told.standing) == ()


def test_a_yes_does_not_count_for_what_was_said_after_it() -> None:
    told = Experience()
    told._add(told.said.speaker, told.said.kind, asked="tell_in_charge", answers=1, adds_to=2, words="And my sister.")
    assert told.may_be_quoted == [WORDS]
    told.changes(told.said, "Something else.")
    assert told.may_be_quoted == []


def test_what_was_taken_back_is_not_quoted() -> None:
    told = Experience()
    told.takes_back(told.said)
    assert told.may_be_quoted == []


def test_a_yes_can_be_taken_back_and_given_again() -> None:
    told = Experience()
    told.takes_back(told.asked)
    assert told.may_be_quoted == []
    told.chooses("yes", to=told.turns[2], replaces=told.turns[-1].number)
    assert told.may_be_quoted == [WORDS]
    told.chooses("no", to=told.turns[2], replaces=told.turns[-1].number)
    assert told.may_be_quoted == []


def test_whoever_stops_and_takes_all_back_is_not_quoted() -> None:
    told = Experience()
    told.presses(Control.STOP_AND_TAKE_BACK)
    assert told.may_be_quoted == []


def test_a_part_is_found_wherever_it_stands_and_as_whole_words() -> None:
    assert [WORDS[one.start : one.end] for one in found_in(WORDS, "ann")] == ["Ann", "Ann"]
    assert [WORDS[one.start : one.end] for one in found_in(WORDS, " elm house ")] == ["Elm  House"]
    assert [WORDS[one.start : one.end] for one in found_in(WORDS, "came. Ann")] == ["came.\n\nAnn"]
    assert [WORDS[one.start : one.end] for one in found_in(WORDS, "“Annual")] == ["“Annual"]
    assert found_in(WORDS, "Anna") == found_in(WORDS, "  ") == found_in(WORDS, ".*") == ()


def test_what_is_left_out_is_marked_and_the_rest_stays() -> None:
    shown = pieces("Ann did, from Elm House.", (Range(14, 23), Range(0, 3)))
    assert shown == (
        Piece(LEFT_OUT, is_left_out=True),
        Piece(" did, from "),
        Piece(LEFT_OUT, is_left_out=True),
        Piece("."),
    )


def test_parts_with_only_space_between_them_are_one() -> None:
    shown = pieces("Ask Ann  Lee now", (Range(4, 7), Range(9, 12)))
    assert [piece.words for piece in shown] == ["Ask ", LEFT_OUT, " now"]


def test_something_has_to_be_left_to_read() -> None:
    for words in ("Ann.", " Ann "):
        with pytest.raises(NothingLeft):
            pieces(words, found_in(words, "Ann"))
    assert pieces("\U0001f49b", ()) == (Piece("\U0001f49b"),)


@pytest.mark.parametrize("beyond", [Range(3, 3), Range(5, 2), Range(-1, 2), Range(0, 99)])
def test_a_part_beyond_the_words_is_none(beyond: Range) -> None:
    with pytest.raises(ValueError, match="not within"):
        pieces("Ann did.", (beyond,))


@pytest.mark.parametrize("listed", ["", "1", "1-", "a-b", "-1-2", "1-2-3", "1-9999999", "٣-٤"])
def test_what_is_no_range_is_not_read(listed: str) -> None:
    with pytest.raises(ValueError, match="no range"):
        read([listed])


RANGES = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 10)), max_size=5)


@given(words=st.text(min_size=1, max_size=50), chosen=RANGES)
def test_nothing_is_ever_reworded(words: str, chosen: list[tuple[int, int]]) -> None:
    ranges = [Range(start, min(start + length, len(words))) for start, length in chosen if start < len(words)]
    assert read(written(ranges)) == tuple(ranges)
    try:
        shown = pieces(words, ranges)
    except NothingLeft:
        return
    rest = words
    for piece in shown:
        if not piece.is_left_out:
            assert piece.words in rest
            rest = rest[rest.index(piece.words) + len(piece.words) :]
    hidden = {at for one in ranges for at in range(one.start, one.end)}
    kept = "".join(piece.words for piece in shown if not piece.is_left_out)
    left = "".join(sign for at, sign in enumerate(words) if at not in hidden)
    assert "".join(kept.split()) == "".join(left.split())
