"""The reviewed phrases: found wherever they stand as whole words, and never anything but found."""

from collections.abc import Callable

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.conversation import Skip
from bot.flags import FlagKind, Meant, Phrases
from bot.project import load_phrases, text

LISTED = yaml.safe_load(text("bot/phrases.yml"))
PHRASES = load_phrases()
FLAGGED = [(kind, phrase) for kind, entry in LISTED["flags"].items() for phrase in entry["phrases"]]
MEANT = [(meant, phrase) for meant, phrases in LISTED["meant"].items() for phrase in phrases]
QUOTE = "'"
APOSTROPHES = "\u2019\u2018\u02bc\u00b4`\u2032\uff07"
ANY_WORDS = st.text(st.characters(exclude_categories=()), max_size=200)


def missed(*written: Callable[[str], str]) -> list[str]:
    """Every phrase of the list that is not found when it is written in one of these ways."""
    return [said for kind, phrase in FLAGGED for write in written if kind not in PHRASES.flags(said := write(phrase))]


def test_every_phrase_is_found_by_itself() -> None:
    assert len(FLAGGED) > 100
    assert missed(lambda phrase: phrase) == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Some days {} and then it is quiet.",
        "({})",
        "Well,{}.",
        "it was the day before: {}!",
        "“{}”",
        "no-{}-no",
        "{}, I said. {}",
    ],
)
def test_every_phrase_is_found_inside_a_sentence(sentence: str) -> None:
    assert missed(lambda phrase: sentence.replace("{}", phrase)) == []


def test_every_phrase_is_found_in_any_case() -> None:
    assert missed(str.upper, str.title, str.capitalize, str.swapcase) == []


@pytest.mark.parametrize("gap", ["\n", "\r\n", "  ", "\t", "\u00a0", "\u2028", " \n\n "])
def test_every_phrase_is_found_over_line_breaks_and_wide_spaces(gap: str) -> None:
    assert missed(lambda phrase: f"\n{phrase.replace(' ', gap)}\n") == []


@pytest.mark.parametrize("apostrophe", APOSTROPHES)
def test_every_phrase_is_found_whichever_apostrophe_a_keyboard_makes(apostrophe: str) -> None:
    assert missed(lambda phrase: f"I think {phrase.replace(QUOTE, apostrophe)} now") == []


def test_no_phrase_is_found_inside_other_words() -> None:
    found = []
    for kind, phrase in FLAGGED:
        alone = Phrases({"flags": {kind: {"help_first": False, "phrases": [phrase]}}, "meant": {}})
        for said in (f"x{phrase}", f"{phrase}x", f"é{phrase}", f"{phrase}s", f"{phrase}_", f"4{phrase}"):
            found += [said] if alone.flags(said) else []
    assert found == []


@pytest.mark.parametrize(
    "words",
    [
        "",
        " ",
        "I want to diet",
        "He made me a cup of tea",
        "I want to live with my sister",
        "It was a hit. Me and my sister danced",
        "We went to see the knife shop",
        "My cat is called Overdosed",
        "I feel tired",
    ],
)
def test_other_words_raise_nothing(words: str) -> None:
    assert PHRASES.flags(words) == ()


def test_words_that_say_two_things_raise_both() -> None:
    assert set(PHRASES.flags("He hit me. I want to die.")) == {
        FlagKind.TOLD_WHAT_HAPPENED,
        FlagKind.THOUGHTS_OF_ENDING_LIFE,
    }


def test_each_kind_is_named_once_however_often_it_is_said() -> None:
    assert PHRASES.flags("he hit me and he hit me, and she pushed me") == (FlagKind.TOLD_WHAT_HAPPENED,)


def test_every_listed_kind_is_one_that_the_team_knows_and_says_whether_help_comes_first() -> None:
    assert {FlagKind(kind) for kind in LISTED["flags"]} <= set(FlagKind)
    assert PHRASES.help_first == {FlagKind.IN_DANGER_NOW, FlagKind.THOUGHTS_OF_ENDING_LIFE}


def test_no_phrase_is_listed_twice() -> None:
    assert len(set(FLAGGED)) == len(FLAGGED)
    assert len({phrase for _, phrase in MEANT}) == len(MEANT)


def test_a_whole_answer_that_looks_like_a_control_is_known() -> None:
    ways = ("{}", "  {}\n", "{}.", "{}!!", "{} …", ", {}")
    said = [(meant, way.replace("{}", phrase)) for meant, phrase in MEANT for way in ways]
    said += [(meant, phrase.upper()) for meant, phrase in MEANT]
    said += [(meant, phrase.replace(QUOTE, mark)) for meant, phrase in MEANT for mark in APOSTROPHES]
    assert [words for meant, words in said if PHRASES.meant(words) != meant] == []


def test_the_same_inside_an_answer_is_only_an_answer() -> None:
    said = [way.replace("{}", phrase) for _, phrase in MEANT for way in ("They said {} to me", "{} my sister says")]
    assert [words for words in said if PHRASES.meant(words)] == []


def test_what_may_be_meant_is_to_stop_to_get_help_or_not_to_answer() -> None:
    assert {Meant(meant) for meant in LISTED["meant"]} == set(Meant)
    assert not {phrase for _, phrase in MEANT} & {skip.value for skip in Skip}


@given(ANY_WORDS)
def test_whatever_is_said_is_looked_at_and_nothing_comes_of_it_but_names(words: str) -> None:
    before = words.encode("utf-8", "surrogatepass")
    found, meant = PHRASES.flags(words), PHRASES.meant(words)
    assert words.encode("utf-8", "surrogatepass") == before
    assert set(found) <= set(FlagKind)
    assert meant is None or meant in Meant
    assert (PHRASES.flags(words), PHRASES.meant(words)) == (found, meant)


@given(before=ANY_WORDS, after=ANY_WORDS, said=st.sampled_from(FLAGGED))
def test_a_phrase_is_found_whatever_stands_around_it(before: str, after: str, said: tuple[str, str]) -> None:
    kind, phrase = said
    assert kind in PHRASES.flags(f"{before} {phrase} {after}")


@settings(max_examples=20)
@given(words=st.text("aeiou sthdm'.\n", min_size=1000, max_size=3000))
def test_long_answers_are_looked_through_as_they_are(words: str) -> None:
    assert FlagKind.THOUGHTS_OF_ENDING_LIFE in PHRASES.flags(f"{words} I want to die")
