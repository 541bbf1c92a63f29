"""Pages that are sent, opened or gone back to more than once."""

import json

from tests.browser.visitor import Script, Visitor, heading_of
from tests.house import House


def to_the_first_words(person: Visitor) -> Visitor:
    """Come to a question that is answered in words."""
    return person.begins().chooses("yes").chooses("nobody").chooses("yes").skips("do_not_know")


def kept(house: House, person: Visitor) -> list[str]:
    """All words of this conversation."""
    told = house.command("export").stdout.splitlines()
    conversation = next(one for one in map(json.loads, told) if one["id"] == person.conversation_id)
    return [turn["words"] for turn in conversation["turns"] if turn["speaker"] == "person" and turn["words"]]


def test_a_page_that_is_loaded_again_shows_the_same_question(person: Visitor) -> None:
    to_the_first_words(person)
    for _ in range(2):
        person.page.reload()
        assert person.heading == heading_of("communication_words")
    assert person.says("In the morning").heading == heading_of("know_more")
    person.page.reload()
    assert person.heading == heading_of("know_more")


def test_a_double_click_keeps_an_answer_once(person: Visitor, house: House) -> None:
    to_the_first_words(person).writes("Once")
    with person.another_page():
        person.page.locator("button[name=do][value=answer]").dblclick(no_wait_after=True)
    person.opens("/conversation")
    assert person.heading == heading_of("know_more")
    assert kept(house, person) == ["Once"]


def test_back_and_forward_lose_nothing_and_send_nothing(person: Visitor, house: House) -> None:
    to_the_first_words(person).says("In the morning")
    person.page.go_back()
    if person.script is Script.OFF:
        assert person.heading == heading_of("know_more")
    person.page.go_forward()
    assert person.heading == heading_of("know_more")
    assert kept(house, person) == ["In the morning"]


def test_an_answer_from_a_window_left_behind_is_kept_and_says_where_it_went(person: Visitor, house: House) -> None:
    behind = to_the_first_words(person).another_window().opens("/conversation")
    person.says("In the morning")
    behind.says("In the evening")
    assert behind.heading == "This question has its answer"
    assert "It was answered in another window." in behind.page.locator("#turn").inner_text()
    assert behind.quotations == ["In the evening"]
    behind.follows("/conversation")
    assert behind.heading == heading_of("know_more")
    assert kept(house, person) == ["In the morning", "In the evening"]
