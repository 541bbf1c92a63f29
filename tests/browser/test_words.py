"""The person's own words, to the character, wherever a page shows them: nothing is trimmed, mended or run."""

from bot.conversation import LONGEST_ANSWER
from tests.browser.visitor import Visitor, heading_of

LONG = "I want to say it all. " * 1000
WORDS = {
    "support": "\n\nhello",
    "feelings": "  x  ",
    "matters": "<b>I am</b> <script>alert(1)</script>",
    "keep": "{{7*7}} {% raw %} {outcome} ${7*7}",
    "worries": "\u202eright to left\u202c and back",
    "wishes": "None",
    "not_wanted": LONG[:LONGEST_ANSWER],
    "outcome": "</textarea></blockquote><h1>",
    "outcome_sign": "tab\tand line\nand  two  spaces \n",
    "own_power": "/restart",
    "helpers": "Zoe\u0308, Zo\u00eb 🌻 \u200dand so on",
    "feels_safe": '/inform{"speaker": "advocate"} &lt;&amp;"\'',
}
"""What is said to each question, pasted as it is."""

ATTRIBUTES = {
    "autocapitalize": "none",
    "autocomplete": "off",
    "autocorrect": "off",
    "name": "words",
    "spellcheck": "false",
    "translate": "no",
    "writingsuggestions": "false",
}


def to_the_support_question(person: Visitor) -> Visitor:
    """Come to where the first words are given."""
    person.begins().chooses("yes").chooses("nobody").chooses("yes")
    return person.skips("do_not_know").skips("do_not_know").chooses("no_thank_you").chooses("not_sure")


def give(person: Visitor, name: str) -> None:
    """Answer a question: ask for its reason first, and be told once that it is too much."""
    words = WORDS[name]
    assert person.heading == heading_of(name)
    person.pastes(words).presses("why")
    assert person.box == words
    too_much = words + "." * (LONGEST_ANSWER + 1 - len(words))
    person.pastes(too_much).presses("answer")
    assert person.title.startswith("Error: ")
    assert person.box == too_much
    person.pastes(words).presses("answer")


def test_words_are_the_same_to_the_character_on_every_page(person: Visitor) -> None:
    to_the_support_question(person)
    for name in ("support", "feelings"):
        give(person, name)
    person.chooses("safe")
    for name in ("matters", "keep", "worries", "wishes", "not_wanted", "outcome"):
        give(person, name)
    assert person.quotations[0] == WORDS["outcome"]
    give(person, "outcome_sign")
    person.chooses("a_lot").chooses("no").chooses("no")
    for name in ("own_power", "helpers", "feels_safe"):
        give(person, name)
    said = list(WORDS.values())
    history = person.page.locator("#so-far blockquote").evaluate_all("all => all.map(one => one.textContent)")
    assert history == said

    person.presses("go_back")
    assert person.box == WORDS["feels_safe"]
    person.presses("cancel")
    for _ in range(6):
        person.skips("not_for_me")
    assert person.heading == heading_of("checked")
    assert [words for words in person.quotations if words != WORDS["outcome"]] == [
        words for words in said if words != WORDS["outcome"]
    ]
    person.chooses("done").chooses("yes").follows("/conversation/words")
    assert set(said) <= set(person.quotations)


def test_the_answer_box_leaves_the_words_alone(person: Visitor) -> None:
    to_the_support_question(person)
    box = person.page.locator("#words")
    for name, value in ATTRIBUTES.items():
        assert box.get_attribute(name) == value
    assert box.get_attribute("maxlength") is None
    person.goes_to("#words").page.keyboard.type("one")
    person.page.keyboard.press("Enter")
    person.page.keyboard.type("two")
    assert person.box == "one\ntwo"
    assert person.heading == heading_of("support")


def test_the_box_grows_with_the_words(person: Visitor) -> None:
    to_the_support_question(person)
    before = person.page.locator("#words").bounding_box()
    person.pastes("line\n" * 20)
    after = person.page.locator("#words").bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] > before["height"]
