"""The pages of a conversation."""

from collections.abc import Callable

import pytest

from bot.conversation import Kind, Turn
from bot.interviewing import look
from tests.web.conftest import Site
from tests.web.visiting import Page, Person


async def turns(site: Site) -> tuple[Turn, ...]:
    """All turns of the only conversation there is."""
    with site.room.store.reading() as seen:
        (conversation,) = seen.conversations.listed()
    return (await look(site.room, conversation.conversation_id)).turns


async def to_the_check_page(person: Person) -> Page:
    await person.begins()
    await person.says("I feel tired")
    await person.says("My cat")
    await person.chooses("no")
    return await person.chooses("safe")


async def test_a_conversation_goes_from_the_first_question_to_the_end(person: Person) -> None:
    page = await person.begins()
    assert page.heading == "What about feelings?"
    assert page.title == "Question 1 – Notes"
    await person.says("I feel tired")
    page = await person.says("My cat")
    assert page.choices() == ["yes", "no"]
    await person.chooses("no")
    page = await person.chooses("safe")
    assert page.heading == "What about checked?"
    assert page.quotations == ["I feel tired", "My cat"]
    page = await person.presses("choose:done")
    assert page.heading == "Thank you."


async def test_words_are_called_kept_only_once_they_are(person: Person) -> None:
    page = await person.begins()
    assert "kept" not in page.says.split("How long")[0]
    page = await person.says("I feel tired")
    assert "Your words are kept." in page.says


async def test_an_answer_with_nothing_in_it_is_asked_for_kindly(person: Person) -> None:
    await person.begins()
    page = await person.says("  ")
    assert page.status == 422
    assert page.title == "Error: Question 1 – Notes"
    assert "Write something, or choose one of the answers below." in page.says
    assert page.box == "  "
    await person.says("I feel tired")
    await person.says("My cat")
    page = await person.presses("answer")
    assert page.status == 422
    assert "Choose one of the answers below." in page.says


async def test_a_choice_that_was_not_offered_is_not_taken(person: Person, site: Site) -> None:
    await person.begins()
    await person.says("I feel tired")
    await person.says("My cat")
    page = await person.chooses("made_up")
    assert page.status == 422
    assert [turn.kind for turn in await turns(site)][-1] is Kind.QUESTION


@pytest.mark.parametrize("skip", ["do_not_know", "do_not_want_to_say", "later", "not_for_me"])
async def test_each_way_not_to_answer_goes_on_and_is_shown_as_said(person: Person, site: Site, skip: str) -> None:
    await person.begins()
    page = await person.presses(f"skip:{skip}")
    assert page.heading == "What about matters?"
    assert (await turns(site))[1].choice == (skip,)


async def test_what_was_begun_before_ask_me_later_is_in_the_box_again(person: Person) -> None:
    await person.begins()
    await person.presses("skip:later", words="\nHalf a thought")
    page = await person.presses("go_back")
    assert page.box == "\nHalf a thought"


async def test_what_is_typed_stays_in_the_box_whatever_is_pressed_beside_it(person: Person) -> None:
    page = await person.begins()
    for control in ("why", "another_way", "talk_to_a_person", "get_help_now"):
        page = await person.presses(control, words="\nHalf a thought\n")
        assert page.box == "\nHalf a thought\n"
    assert "We ask to know." in page.says
    assert "Put otherwise?" in page.says
    assert page.says.count("Ring 999") == 2
    page = await person.presses("take_a_break", words="Half a thought, and more")
    assert page.heading == "Take all the time you need"
    page = await person.comes_back()
    assert page.box == "Half a thought, and more"


async def test_what_is_chosen_stays_chosen_whatever_is_opened_beside_it(person: Person) -> None:
    await person.begins()
    await person.says("I feel tired")
    await person.says("My cat")
    for control in ("why", "talk_to_a_person", "get_help_now"):
        page = await person.presses(control, choice="no")
        assert (page.status, page.heading, page.chosen()) == (200, "What about more?", ["no"])
    assert "We ask to know." in page.says
    assert (await person.presses("why")).chosen() == []


async def test_an_answer_can_be_changed_and_left_as_it_was(person: Person) -> None:
    await person.begins()
    await person.says("I feel tired")
    page = await person.presses("go_back")
    assert page.heading == "What about feelings?"
    assert page.box == "I feel tired"
    page = await person.presses("cancel")
    assert page.heading == "What about matters?"
    await person.presses("go_back")
    page = await person.says("I feel very tired")
    assert page.heading == "What about matters?"
    assert "I feel very tired" in page.quotations


async def test_more_can_be_added_and_nothing_is_merged(person: Person) -> None:
    await person.begins()
    await person.says("I feel tired")
    page = await person.presses("add_more")
    assert page.box == ""
    assert "I feel tired" in page.quotations
    page = await person.says("And alone")
    assert page.heading == "What about matters?"
    assert page.quotations == ["I feel tired", "And alone"]


async def test_on_the_check_page_each_answer_can_be_changed_added_to_and_taken_back(person: Person) -> None:
    page = await to_the_check_page(person)
    assert page.buttons[:3] == ["change:2", "add_more:2", "take_back:2"]
    page = await person.presses("take_back:2")
    assert "You took that back." in page.says
    assert "I feel tired" not in page.source
    page = await person.presses("change:4")
    assert page.box == "My cat"
    page = await person.says("My old cat")
    assert page.heading == "What about checked?"
    assert page.quotations == ["My old cat"]


async def test_every_button_of_the_check_page_says_which_answer_it_is_about(person: Person) -> None:
    page = await to_the_check_page(person)
    changing = [button for button in page.root.iter("button") if button.get("value", "").startswith("change:")]
    named = [" ".join("".join(button.itertext()).split()) for button in changing]
    assert named[0] == "Change answer 1: What about feelings?"
    assert len(set(named)) == len(named)


async def test_what_was_said_before_stands_above_the_question_about_it(person: Person) -> None:
    await person.begins()
    await person.says("I feel tired")
    await person.says("My cat")
    await person.chooses("yes")
    page = await person.says("A key of my own")
    assert page.heading == "How would you know?"
    assert page.quotations[0] == "A key of my own"


async def test_a_whole_answer_that_looks_like_a_button_is_kept_and_asked_about(person: Person, site: Site) -> None:
    await person.begins()
    page = await person.says("stop")
    assert page.heading == "Do you want to stop?"
    assert page.quotations == ["stop"]
    assert page.buttons == ["choose:stop", "choose:carry_on"]
    page = await person.presses("choose:carry_on")
    assert page.heading == "What about matters?"
    assert [turn.words for turn in await turns(site) if turn.kind is Kind.WORDS] == ["stop"]


async def test_help_comes_before_the_next_question_and_locks_nobody_out(person: Person) -> None:
    await person.begins()
    await person.says("I feel tired")
    await person.says("My cat")
    await person.chooses("no")
    page = await person.chooses("not_safe")
    assert page.heading == "Do you want to carry on?"
    assert "Ring 116 123" in page.says
    assert (await person.presses("choose:carry_on")).heading == "What about checked?"


async def test_a_person_can_stop_and_keep_and_carry_on(person: Person) -> None:
    await person.begins()
    await person.says("I feel tired")
    page = await person.presses("stop", words="not finished")
    assert page.heading == "Do you want to stop?"
    page = await person.presses("choose:stop_and_keep")
    assert "Your words are kept" in page.heading
    assert "/conversation/words" not in page.links
    page = await person.comes_back()
    assert page.heading == "What about matters?"
    assert page.box == "not finished"


async def test_a_person_can_stop_and_take_everything_back(person: Person) -> None:
    await person.begins()
    await person.says("I feel tired")
    await person.presses("stop")
    page = await person.presses("choose:stop_and_take_back")
    assert page.heading == "You took back what you said"
    assert "I feel tired" not in page.source
    page = await person.opens("/conversation/words")
    assert "I feel tired" not in page.source


async def test_the_page_waits_while_the_dialogue_is_away_and_one_button_goes_on(person: Person, site: Site) -> None:
    await person.begins()
    site.dialogue.is_away = True
    page = await person.says("I feel tired")
    assert page.heading == "Your words are kept."
    assert "data-waiting" in page.source
    assert (await person.presses("go_on")).heading == "Your words are kept."
    site.dialogue.is_away = False
    assert (await person.presses("go_on")).heading == "What about matters?"


async def test_a_conversation_begins_while_the_dialogue_is_away(person: Person, site: Site) -> None:
    site.dialogue.is_away = True
    page = await person.begins()
    assert page.heading == "One moment, please."
    assert "kept" not in page.root.findtext(".//h1", "")


async def test_a_double_click_is_one_answer(person: Person, site: Site) -> None:
    page = await person.begins()
    sent = {**page.hidden(), "do": "answer", "words": "I feel tired"}
    assert (await person.sends("/conversation", **sent)).heading == "What about matters?"
    assert (await person.sends("/conversation", **sent)).heading == "What about matters?"
    assert len([turn for turn in await turns(site) if turn.kind is Kind.WORDS]) == 1


async def test_words_for_a_question_answered_in_another_window_are_kept_as_a_note(person: Person, site: Site) -> None:
    await person.begins()
    other_window = await person.opens("/conversation")
    await person.opens("/conversation")
    await person.says("I feel tired")
    page = await person.sends("/conversation", **other_window.hidden(), do="answer", words="No, angry")
    assert page.heading == "This question has its answer"
    assert page.quotations == ["No, angry"]
    assert [(turn.kind, turn.words) for turn in await turns(site)][-1] == (Kind.NOTE, "No, angry")
    assert (await person.opens("/conversation")).heading == "What about matters?"


async def test_too_many_words_for_a_question_answered_elsewhere_are_handed_back(person: Person) -> None:
    await person.begins()
    other_window = await person.opens("/conversation")
    await person.opens("/conversation")
    await person.says("I feel tired")
    page = await person.sends("/conversation", **other_window.hidden(), do="answer", words="x" * 20_001)
    assert page.status == 422
    assert page.quotations == ["x" * 20_001]


@pytest.mark.parametrize("step", ["", "made up", "WyJ4Il0.aaaa.bbbb"])
async def test_a_step_token_of_another_making_is_not_taken_and_the_words_are_handed_back(
    person: Person, site: Site, step: str
) -> None:
    await person.begins()
    page = await person.sends("/conversation", step=step, do="answer", words="I feel tired")
    assert page.status == 422
    assert page.quotations == ["I feel tired"]
    assert [turn.kind for turn in await turns(site)] == [Kind.QUESTION]


async def test_a_page_of_one_person_shows_nothing_of_another(arrives: Callable[[], Person]) -> None:
    anna, bea = arrives(), arrives()
    await anna.begins()
    await anna.says("I am Anna")
    page_of_anna = anna.page
    await bea.begins()
    page = await bea.sends("/conversation", **page_of_anna.hidden(), do="answer", words="My cat")
    assert page.heading == "What you said is kept"
    assert "Anna" not in page.source
    assert "What about" not in page.source
    assert (await bea.opens("/conversation")).heading == "What about feelings?"


async def test_a_button_that_is_none_changes_nothing(person: Person, site: Site) -> None:
    await person.begins()
    for do in ("", "come_round", "stop_and_take_back", "skip:made_up", "change:9999", "take_back:x", "<b>", "choose:"):
        await person.presses(do, words="")
    assert [turn.kind for turn in await turns(site) if turn.kind is not Kind.QUESTION] == []


async def test_the_own_copy_is_there_only_when_it_is_on_offer(person: Person) -> None:
    await to_the_check_page(person)
    page = await person.opens("/conversation/words")
    assert page.heading == "What about checked?"
    page = await person.presses("choose:done")
    assert "/conversation/words" not in page.links


async def test_a_statement_can_be_read_and_saved_under_a_name_that_says_nothing(person: Person, site: Site) -> None:
    site.dialogue.asks_about_a_copy = True
    await person.begins()
    await person.says("I feel tired")
    await person.says("My cat")
    await person.chooses("no")
    await person.chooses("safe")
    await person.presses("choose:done")
    await person.chooses("yes")
    page = await person.opens("/conversation/words")
    assert page.heading == "My words"
    assert page.quotations == ["I feel tired", "My cat"]
    saved = await person.client.get("/conversation/words.txt")
    assert saved.headers["content-disposition"] == 'attachment; filename="notes.txt"'
    assert saved.headers["content-type"] == "text/plain; charset=utf-8"
    assert "\nI feel tired\n" in saved.text
