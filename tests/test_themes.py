"""Themes: suggested by rules over words, and never by anything else."""

import pytest

from bot.project import load_themes
from bot.themes import NONE_OF_THESE, Themes

ELEVEN = 11


@pytest.fixture(scope="module")
def themes() -> Themes:
    return load_themes()


def test_there_are_the_eleven_and_each_has_words_of_its_own(themes: Themes) -> None:
    assert len(themes.labels) == ELEVEN
    assert len(set(themes.labels.values())) == ELEVEN
    assert NONE_OF_THESE not in themes.labels


@pytest.mark.parametrize(
    ("words", "theme"),
    [
        ("I want to feel safe in my own home again", "safer"),
        ("To still see my son", "relationship"),
        ("Someone to talk to in the evenings", "friends"),
        ("I want to be myself again", "recover"),
        ("He should SAY SORRY", "justice"),
        ("That it does not happen to anyone else", "nobody_else"),
        ("My own front door key", "control"),
        ("Ask me first", "deciding"),
        ("I will decide for myself", "choice"),
        ("So that I can stand up for myself next time", "protect_self"),
        ("I want to know who to ring", "where_help"),
    ],
)
def test_a_theme_is_suggested_where_its_phrases_stand(themes: Themes, words: str, theme: str) -> None:
    assert theme in themes.suggested([words])


def test_several_may_be_suggested_and_often_none_is(themes: Themes) -> None:
    assert len(themes.suggested(["I want to feel safe, and to see my sister"])) == len(["safer", "relationship"])
    assert themes.suggested(["A cat"]) == ()
    assert themes.suggested([]) == ()


def test_a_word_within_a_word_is_no_phrase(themes: Themes) -> None:
    assert themes.suggested(["I am unlocking the gates"]) == ()
