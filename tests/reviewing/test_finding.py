"""Finding words: whatever the case and the accents, and shown exactly as they were said."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.reviewing.finding import MOST_WORDS, Sought, fold, fold_with_places, sought


def looking_for(typed: str) -> Sought:
    found = sought(typed)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("cafe", "I go to the CAFÉ"),
        ("CAFÉ", "the cafe\u0301"),
        ("zoe sunday", "On Sundays Zoë comes"),
        ("straße", "in der STRASSE"),
        ("key", "my keys"),
        ("don't", "I don't know"),
        ("你好", "你好吗"),
    ],
)
def test_a_word_is_found_whatever_the_case_and_the_accents(typed: str, words: str) -> None:
    assert looking_for(typed).stands_in(words)


def test_every_word_that_was_typed_has_to_stand_in_one_answer() -> None:
    assert looking_for("sister key").stands_in("My key, and my sister")
    assert not looking_for("sister key").stands_in("My sister")


@pytest.mark.parametrize("typed", ["", "   ", "a", "a b c", "\u0301"])
def test_too_little_is_not_looked_for(typed: str) -> None:
    assert sought(typed) is None


def test_only_so_many_words_are_looked_for() -> None:
    assert len(looking_for(" ".join(f"word{number}" for number in range(50))).words) <= MOST_WORDS


def test_the_sentence_around_what_was_found_is_shown_exactly() -> None:
    words = "I am tired. On Sundays  Zoë\u0308 rings! I like that.\nAnd tea"
    found = looking_for("zoe").excerpt(words)
    assert (found.before, found.found, found.after) == (" On Sundays  ", "Zoë\u0308", " rings!")
    assert found.is_cut_before
    assert found.is_cut_after


def test_a_sentence_without_an_end_is_cut() -> None:
    words = "a" * 1000 + " key " + "b" * 1000
    found = looking_for("key").excerpt(words)
    assert len(found.before) + len(found.after) < 400
    assert found.is_cut_before
    assert found.is_cut_after
    whole = looking_for("key").excerpt("my key")
    assert not whole.is_cut_before
    assert not whole.is_cut_after


@given(words=st.text(max_size=60), typed=st.text(min_size=2, max_size=6))
def test_whatever_is_typed_and_said_an_excerpt_is_a_part_of_the_words(words: str, typed: str) -> None:
    looked_for = sought(typed)
    if looked_for is None or not looked_for.stands_in(words):
        return
    found = looked_for.excerpt(words)
    assert found.before + found.found + found.after in words


@given(words=st.text(max_size=60))
def test_each_folded_sign_knows_where_it_came_from(words: str) -> None:
    folded, places = fold_with_places(words)
    assert len(places) == len(folded) + 1
    assert places == sorted(places)
    assert len(fold(words)) == len(folded)
