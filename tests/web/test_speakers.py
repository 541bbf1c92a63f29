"""The pages of advocates and practitioners, and the practitioner's screen in the person's hands."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from bot.conversation import (
    ANYBODYS_SKIPS,
    LONGEST_ANSWER,
    PRACTITIONERS_SKIPS,
    How,
    Kind,
    Preferences,
    Speaker,
    Stage,
    Turn,
    Whose,
)
from bot.interviewing import begin, prefer
from bot.returning import open_visit
from bot.store import Origin
from tests.web.conftest import Site
from tests.web.test_faults import locked
from tests.web.test_words import as_typed, in_html
from tests.web.visiting import Page, Person

ORIGINAL = "\n Chcę  do domu\n"
NOTE = "  He looked at the door <b>twice</b>\n"
FOUR = [f"skip:{skip}" for skip in ANYBODYS_SKIPS]
OTHER_FOUR = [f"skip:{skip}" for skip in PRACTITIONERS_SKIPS]


async def sits_down(person: Person, site: Site, speaker: Speaker, stage: Stage = Stage.FIRST, **begun: Any) -> Page:
    """Begin a conversation of this speaker's, and open its page."""
    conversation_id = await begin(site.room, stage=stage, speaker=speaker, now=site.now, **begun)
    secret = await open_visit(site.door, conversation_id, 30, site.now)
    person.client.cookies.set("visit", secret)
    return await person.opens("/conversation")


@pytest.fixture
async def practitioner(person: Person, site: Site) -> Person:
    await sits_down(person, site, Speaker.PRACTITIONER)
    return person


@pytest.fixture
async def advocate(person: Person, site: Site) -> Person:
    await sits_down(person, site, Speaker.ADVOCATE)
    await person.says("Robin Shah")
    return person


async def said(site: Site, kind: Kind) -> list[Turn]:
    """Everything of a kind that is kept, whatever a page may show of it."""
    with site.room.store.reading() as seen:
        (conversation,) = seen.conversations.listed()
        return [turn for turn in seen.conversations.turns(conversation.conversation_id) if turn.kind is kind]


def labels(page: Page) -> list[str]:
    return [" ".join("".join(label.itertext()).split()) for label in page.root.iter("label")]


# --- the practitioner ------------------------------------------------------------------------------------------------


async def test_a_practitioner_reads_the_question_out_and_writes_down_what_the_person_said(practitioner: Person) -> None:
    page = practitioner.page
    assert page.heading == "What about feelings?"
    assert "Read this out:" in page.says
    assert "Ask it openly." in page.says
    assert "What the person said" in labels(page)
    assert "We ask to know." in page.says
    assert "Put otherwise?" in page.says
    assert page.marked == {"how": "free_words"}
    assert not {"why", "another_way"} & set(page.buttons)


async def test_a_practitioner_is_offered_eight_ways_not_to_answer_and_everybody_else_four(
    arrives: Callable[[], Person], site: Site
) -> None:
    page = await sits_down(arrives(), site, Speaker.PRACTITIONER)
    assert [button for button in page.buttons if button.startswith("skip:")] == FOUR + OTHER_FOUR
    for speaker in (Speaker.PERSON, Speaker.ADVOCATE):
        page = await sits_down(arrives(), site, speaker)
        assert [button for button in page.buttons if button.startswith("skip:")] == FOUR


@pytest.mark.parametrize("skip", FOUR + OTHER_FOUR)
async def test_why_there_is_no_answer_is_kept_with_a_private_note(practitioner: Person, site: Site, skip: str) -> None:
    page = await practitioner.presses(skip, note=NOTE)
    assert page.heading == "What about matters?"
    assert [turn.choice for turn in await said(site, Kind.SKIP)] == [(skip.removeprefix("skip:"),)]
    (note,) = await said(site, Kind.PRIVATE_NOTE)
    assert note.words == NOTE
    assert NOTE.strip()[:8] not in page.says


@pytest.mark.parametrize("skip", OTHER_FOUR)
async def test_nobody_else_can_say_that_it_was_not_asked(person: Person, site: Site, skip: str) -> None:
    await person.begins()
    page = await person.presses(skip)
    assert page.status == 422
    assert await said(site, Kind.SKIP) == []


@as_typed
async def test_the_original_and_a_note_are_kept_to_the_character(practitioner: Person, site: Site, words: str) -> None:
    page = await practitioner.presses("take_a_break", words="Home", original=words, note=words)
    page = await practitioner.comes_back()
    assert page.boxes == {"words": "Home", "original": in_html(words), "note": in_html(words)}
    await practitioner.says("Home", original=words, note=words, how="through_an_interpreter")
    (turn,) = await said(site, Kind.WORDS)
    assert (turn.words, turn.original, turn.how) == ("Home", words, How.THROUGH_AN_INTERPRETER)
    assert [note.words for note in await said(site, Kind.PRIVATE_NOTE)] == [words]
    page = await practitioner.presses("go_back")
    assert page.boxes == {"words": "Home", "original": in_html(words), "note": ""}
    assert page.marked == {"how": "through_an_interpreter"}
    page = await practitioner.presses("cancel")
    assert page.quotations == [in_html(words), "Home"]
    assert "In English, through the interpreter: Home" in page.says


@pytest.mark.parametrize("how", How)
async def test_how_an_answer_was_given_is_kept_and_shown(practitioner: Person, site: Site, how: How) -> None:
    page = await practitioner.says("Home", how=how.value)
    (turn,) = await said(site, Kind.WORDS)
    assert turn.how is how
    history = page.says.split("What we have said so far")[-1]
    assert ("Through a supporter" in history) == (how is How.THROUGH_A_SUPPORTER)
    assert "The person said: Home" in history


async def test_with_an_interpreter_there_the_box_for_the_other_language_is_open(
    practitioner: Person, site: Site
) -> None:
    page = practitioner.page
    original = page.root.find(".//details[@id='original-box']")
    assert original.get("open") is None
    page = await practitioner.says(" ", how="through_an_interpreter")
    assert page.root.find(".//details[@id='original-box']").get("open") is not None


async def test_nothing_typed_is_lost_when_an_answer_is_not_taken(practitioner: Person) -> None:
    page = await practitioner.says("  ", original=ORIGINAL, note=NOTE, how="after_an_example")
    assert page.status == 422
    assert page.boxes == {"words": "  ", "original": ORIGINAL, "note": NOTE}
    assert page.marked == {"how": "after_an_example"}


@pytest.mark.parametrize("box", ["original", "note"])
async def test_too_much_in_a_box_is_said_at_that_box_and_all_of_it_stays(
    practitioner: Person, site: Site, box: str
) -> None:
    beside = {"original": ORIGINAL, "note": NOTE, box: "x" * (LONGEST_ANSWER + 1)}
    page = await practitioner.says("Home", **beside)
    assert page.status == 422
    assert page.boxes == {"words": "Home", **beside}
    assert f"#{box}" in page.links
    wrong = next(one for one in page.root.iter("textarea") if one.get("name") == box)
    assert wrong.get("aria-describedby") == "error"
    assert await said(site, Kind.WORDS) == []


async def test_what_could_not_be_kept_is_all_still_on_the_page_and_can_be_sent_again(
    practitioner: Person, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with locked(site, monkeypatch):
        page = await practitioner.says("\nHome", original=ORIGINAL, note=NOTE, how="through_an_interpreter")
    assert page.status == 503
    assert page.boxes == {"words": "\nHome", "original": ORIGINAL, "note": NOTE}
    await practitioner.presses("answer")
    (turn,) = await said(site, Kind.WORDS)
    assert (turn.words, turn.original, turn.how) == ("\nHome", ORIGINAL, How.THROUGH_AN_INTERPRETER)
    assert [note.words for note in await said(site, Kind.PRIVATE_NOTE)] == [NOTE]


@pytest.mark.parametrize("typed", [{"original": ORIGINAL}, {"note": NOTE}, {"words": "Home", "note": NOTE}])
async def test_a_page_that_is_too_old_hands_back_every_box(practitioner: Person, typed: dict[str, str]) -> None:
    page = await practitioner.sends("/conversation", step="made up", do="answer", **typed)
    assert page.status == 422
    assert page.quotations == list(typed.values())


async def test_what_was_typed_for_a_question_answered_in_another_window_is_kept_and_the_note_not_shown(
    practitioner: Person, site: Site
) -> None:
    other = practitioner.page
    await practitioner.opens("/conversation")
    await practitioner.says("Home")
    page = await practitioner.sends(
        "/conversation", **other.hidden(), do="answer", words="To my sister", original=ORIGINAL, note=NOTE
    )
    assert page.heading == "This question has its answer"
    assert page.quotations == ["To my sister"]
    (note,) = await said(site, Kind.NOTE)
    assert (note.words, note.original) == ("To my sister", ORIGINAL)
    assert [turn.words for turn in await said(site, Kind.PRIVATE_NOTE)] == [NOTE]


async def test_private_notes_and_questions_stand_on_no_page_and_on_no_copy(practitioner: Person, site: Site) -> None:
    site.dialogue.asks_about_a_copy = True
    await practitioner.says("Tired", note="NOTED once")
    await practitioner.says("My cat")
    await practitioner.chooses("no")
    page = await practitioner.presses("answer", choice="safe", note="NOTED twice")
    assert page.heading == "What about checked?"
    assert "NOTED" not in page.source
    await practitioner.presses("choose:done")
    page = await practitioner.chooses("yes")
    assert page.heading == "What about private_note?"
    assert "Read this out:" not in page.says
    assert "note" not in page.boxes
    await practitioner.says("NOTED thrice")
    page = await practitioner.presses("go_back")
    await practitioner.presses("cancel")
    page = await practitioner.opens("/conversation")
    assert page.heading == "Thank you."
    assert "NOTED" not in page.source
    page = await practitioner.opens("/conversation/words")
    assert page.quotations == ["Tired", "My cat"]
    assert "NOTED" not in page.source
    assert b"NOTED" not in (await practitioner.client.get("/conversation/words.txt")).content


async def test_the_history_of_a_private_question_leaves_the_private_answers_out(
    practitioner: Person, site: Site
) -> None:
    await practitioner.says("Tired")
    await practitioner.says("My cat")
    await practitioner.chooses("no")
    await practitioner.chooses("safe")
    await practitioner.presses("choose:done")
    await practitioner.says("NOTED")
    for page in (await practitioner.opens("/conversation"), await practitioner.presses("change:4")):
        assert "NOTED" not in page.source


# --- the screen in the person's hands --------------------------------------------------------------------------------


async def test_while_the_person_has_the_screen_it_shows_their_question_and_nothing_else(practitioner: Person) -> None:
    await practitioner.says("Tired", note="NOTED")
    page = await practitioner.presses("hand_over", words="Half", original="Pół", note="NOTED too")
    assert page.heading == "What about matters?"
    assert page.boxes == {"words": ""}
    for hidden in ("Tired", "NOTED", "Half", "Pół", "Ask it openly.", "Read this out", "How was it given"):
        assert hidden not in page.source
    assert [button for button in page.buttons if button.startswith("skip:")] == FOUR
    assert {"why", "another_way", "take_a_break", "take_screen_back"} <= set(page.buttons)
    assert not {"go_back", "add_more", "stop", "hand_over"} & set(page.buttons)


async def test_the_persons_own_answer_is_kept_as_theirs_and_the_screen_shows_nothing_until_it_is_back(
    practitioner: Person, site: Site
) -> None:
    await practitioner.presses("hand_over")
    page = await practitioner.says("I am scared\n at night")
    assert page.heading == "Thank you. Please give the screen back."
    assert page.buttons == ["take_screen_back"]
    assert page.quotations == []
    (turn,) = await said(site, Kind.WORDS)
    assert (turn.speaker, turn.words) == (Speaker.PERSON, "I am scared\n at night")
    for do in ("go_back", "change:2", "add_more", "why", "hand_over", "make_code:words", "stop"):
        page = await practitioner.presses(do)
        assert page.heading == "Thank you. Please give the screen back."
        assert page.quotations == []
    page = await practitioner.presses("take_screen_back")
    assert page.heading == "What about matters?"
    assert "The person said:" in page.says
    assert page.quotations == ["I am scared\n at night"]


async def test_the_practitioners_half_written_answer_is_there_when_the_screen_is_back(practitioner: Person) -> None:
    await practitioner.presses("hand_over", words="Half", original="Pół", note="NOTED")
    page = await practitioner.presses("take_screen_back")
    assert page.boxes == {"words": "Half", "original": "Pół", "note": "NOTED"}


async def test_what_only_a_practitioner_can_add_is_not_taken_while_the_person_has_the_screen(
    practitioner: Person, site: Site
) -> None:
    await practitioner.presses("hand_over")
    page = await practitioner.presses("skip:not_asked", note="NOTED")
    assert page.status == 422
    assert "NOTED" not in page.source
    assert await said(site, Kind.SKIP) == []
    assert await said(site, Kind.PRIVATE_NOTE) == []


async def test_what_a_late_page_of_the_practitioner_s_holds_waits_for_them_and_is_not_shown_to_the_person(
    practitioner: Person,
) -> None:
    late = practitioner.page.hidden()
    await practitioner.presses("hand_over")
    sent = {**late, "words": "Half", "original": "Pół", "note": "NOTED", "how": "free_words", "do": "answer"}
    page = await practitioner.sends("/conversation", **sent)
    assert (page.status, page.boxes) == (422, {"words": "Half"})
    assert "NOTED" not in page.source
    page = await practitioner.presses("take_screen_back", words="")
    assert page.boxes == {"words": "Half", "original": "Pół", "note": "NOTED"}


async def test_what_was_ticked_beside_the_answer_stays_when_help_is_asked_for(practitioner: Person) -> None:
    await practitioner.presses("talk_to_a_person", words="Half", note="NOTED", how="after_an_example")
    assert (practitioner.page.status, practitioner.page.title) == (200, "Question 1 – Notes")
    assert practitioner.page.marked == {"how": "after_an_example"}
    assert practitioner.page.boxes == {"words": "Half", "original": "", "note": "NOTED"}


async def test_what_was_ticked_on_the_practitioner_s_page_is_not_on_the_person_s(practitioner: Person) -> None:
    await practitioner.says("Tired")
    await practitioner.says("My cat")
    late = practitioner.page.hidden()
    await practitioner.presses("hand_over", choice="yes", note="")
    assert practitioner.page.chosen() == []
    page = await practitioner.sends("/conversation", **late, do="get_help_now", choice="yes", note="")
    assert page.heading == "What about more?"
    assert page.chosen() == []


async def test_a_late_page_is_told_that_the_screen_was_handed_over_and_not_that_there_is_an_answer(
    practitioner: Person, site: Site
) -> None:
    await practitioner.says("Tired")
    late = (await practitioner.presses("go_back")).hidden()
    await practitioner.presses("cancel")
    await practitioner.presses("hand_over")
    page = await practitioner.sends("/conversation", **late, do="answer", words="Very tired", note="NOTED")
    assert page.heading == "This page is from before"
    assert "The screen was handed over since then. We kept these words as well:" in page.says
    assert page.quotations == ["Very tired"]
    assert [turn.words for turn in await said(site, Kind.NOTE)] == ["Very tired"]


async def test_a_late_page_is_not_told_of_an_answer_where_there_is_a_break(practitioner: Person) -> None:
    late = practitioner.page.hidden()
    await practitioner.presses("take_a_break")
    page = await practitioner.sends("/conversation", **late, do="answer", words="Tired")
    assert page.heading == "This page is from before"
    assert "Another page is open by now. We kept these words as well:" in page.says


async def test_a_note_that_a_page_brings_after_its_visit_is_said_to_be_kept(practitioner: Person, site: Site) -> None:
    late = practitioner.page.hidden()
    await practitioner.says("Tired")
    practitioner.client.cookies.clear()
    page = await practitioner.sends("/conversation", **late, do="why", words="", original="", note=NOTE)
    assert page.heading == "What you said is kept"
    assert [turn.words for turn in await said(site, Kind.PRIVATE_NOTE)] == [NOTE]


async def test_the_script_is_told_that_the_person_s_page_of_a_question_is_another_one(practitioner: Person) -> None:
    def showing() -> str | None:
        found = practitioner.page.root.find(".//*[@id='turn']")
        return found.get("data-showing") if found is not None else None

    before = showing()
    await practitioner.presses("hand_over")
    assert before is not None
    assert showing() not in {None, before}
    await practitioner.presses("take_screen_back")
    assert showing() == before


async def test_a_screen_that_is_to_be_given_back_can_answer_nothing(practitioner: Person, site: Site) -> None:
    await practitioner.presses("hand_over")
    await practitioner.says("I am scared")
    await practitioner.presses("answer", words="Made up", how="free_words")
    assert [turn.words for turn in await said(site, Kind.WORDS)] == ["I am scared"]
    assert [turn.words for turn in await said(site, Kind.NOTE)] == ["Made up"]


async def test_a_break_on_the_practitioners_screen_offers_the_person_no_code(practitioner: Person) -> None:
    await practitioner.presses("hand_over")
    page = await practitioner.presses("take_a_break")
    assert page.heading == "Take all the time you need"
    assert page.buttons == ["come_back", "take_screen_back"]


# --- the advocate ----------------------------------------------------------------------------------------------------


async def test_an_advocate_is_not_asked_whose_words_their_own_name_is(person: Person, site: Site) -> None:
    page = await sits_down(person, site, Speaker.ADVOCATE)
    assert "Whose words are these?" not in page.says
    page = await person.says("Robin Shah")
    assert page.heading == "What about feelings?"
    assert "Whose words are these?" in page.says
    assert page.marked == {}


async def test_whose_words_they_are_stays_ticked_when_a_button_beside_is_pressed(advocate: Person) -> None:
    for button in ("why", "another_way", "talk_to_a_person"):
        page = await advocate.presses(button, words="She is tired", whose="understood")
        assert (page.box, page.marked) == ("She is tired", {"whose": "understood"})


async def test_words_without_saying_whose_are_asked_about_kindly(advocate: Person, site: Site) -> None:
    page = await advocate.says("\nShe is tired")
    assert page.status == 422
    assert "Say whose words these are." in page.says
    assert "#whose" in page.links
    assert page.box == "\nShe is tired"
    assert [turn.words for turn in await said(site, Kind.WORDS)] == ["Robin Shah"]


@pytest.mark.parametrize(
    ("whose", "told"),
    [
        (Whose.OWN_WORDS, "You passed on what the person said:"),
        (Whose.UNDERSTOOD, "You saw or understood:"),
        (Whose.OWN_VIEW, "Your own view:"),
    ],
)
async def test_whose_words_they_are_is_kept_and_told_wherever_they_are_shown(
    advocate: Person, site: Site, whose: Whose, told: str
) -> None:
    page = await advocate.says("Tired", whose=whose.value)
    assert [turn.whose for turn in await said(site, Kind.WORDS)] == [None, whose]
    assert f"{told} Tired" in page.says
    await advocate.says("Her cat", whose="own_words")
    await advocate.chooses("no")
    page = await advocate.presses("answer", choice="safe", whose=whose.value)
    assert page.heading == "What about checked?"
    assert f"{told} Tired" in page.says
    assert f"{told} Safe" in page.says
    assert "You said: Robin Shah" in page.says
    page = await advocate.presses("change:4")
    assert page.marked == {"whose": whose.value}


async def test_it_can_be_the_person_who_does_not_want_to_say(advocate: Person, site: Site) -> None:
    page = await advocate.presses("skip:do_not_want_to_say", whose="own_words")
    assert "You passed on what the person said: I do not want to say" in page.says
    await advocate.presses("skip:do_not_know")
    assert [turn.whose for turn in await said(site, Kind.SKIP)] == [Whose.OWN_WORDS, None]


async def test_a_person_is_never_asked_whose_or_how(person: Person) -> None:
    page = await person.begins()
    assert not {"how", "whose"} & {field.get("name") for field in page.root.iter("input")}
    assert list(page.boxes) == ["words"]
    assert "hand_over" not in page.buttons


# --- the end, and what is told beside --------------------------------------------------------------------------------


async def at_the_end(person: Person) -> Page:
    await person.says("Tired")
    await person.says("My cat")
    await person.chooses("no")
    await person.chooses("safe")
    return await person.presses("choose:done")


async def test_a_person_says_whether_somebody_who_speaks_for_them_may_see_it(person: Person, site: Site) -> None:
    with site.room.store.begin() as kept:
        enquiry_id = kept.enquiries.open(site.now)
    await sits_down(person, site, Speaker.PERSON, enquiry_id=enquiry_id)
    page = await at_the_end(person)
    assert {"share", "keep_private"} <= set(page.buttons)
    page = await person.presses("share")
    assert "You said yes" in page.says
    assert "share" not in page.buttons
    page = await person.presses("keep_private")
    assert "You said no" in page.says
    assert [turn.choice for turn in await said(site, Kind.CONTROL)] == [("share",), ("keep_private",)]


async def test_nobody_else_is_asked_what_the_person_may_share(person: Person, site: Site) -> None:
    await person.begins()
    page = await at_the_end(person)
    assert page.heading == "Thank you."
    assert not {"share", "keep_private"} & set(page.buttons)


async def test_what_is_put_in_from_paper_says_so_on_every_page(person: Person, site: Site) -> None:
    begun: dict[str, Any] = {"origin": Origin.PAPER, "said_on": date(2026, 2, 3)}
    page = await sits_down(person, site, Speaker.PRACTITIONER, **begun)
    assert "From paper, said on 3 February 2026" in page.says
    assert "Read this out:" not in page.says
    assert "Ask it openly." not in page.says
    assert "hand_over" not in page.buttons
    for page in (await person.says("Tired"), await person.presses("take_a_break")):
        assert "From paper, said on 3 February 2026" in page.says


@pytest.mark.parametrize(
    ("happened", "overall", "told"),
    [
        ("all_of_it", "all_of_it", "All of what the person wanted has happened. The person said so themselves"),
        ("no", None, "What the person wanted has not happened. This is a proposal"),
        ("some_of_it", None, "Some of what the person wanted has happened. This is a proposal"),
        ("all_of_it", "no", "What the person wanted has not happened. The person said so themselves"),
    ],
)
async def test_after_a_closing_the_practitioner_sees_what_it_comes_to(
    person: Person, site: Site, happened: str, overall: str | None, told: str
) -> None:
    site.dialogue.reads_back = ("0a_1",)
    await sits_down(person, site, Speaker.PRACTITIONER, Stage.CLOSING)
    await person.chooses(happened)
    await person.says("It is quiet now")
    await person.chooses("some_of_it")
    await (person.chooses(overall) if overall else person.presses("skip:do_not_know"))
    await person.presses("choose:done")
    page = await person.says("Nothing more")
    assert page.heading == "Thank you."
    assert told in page.says


async def test_one_thing_at_a_time_tells_first_and_asks_then(person: Person, site: Site) -> None:
    await sits_down(person, site, Speaker.PERSON)
    await prefers(site, one_at_a_time=True)
    tell_something(site.dialogue)
    await person.says("Tired")
    page = await person.opens("/conversation")
    assert page.boxes == {}
    assert "Something to know." in page.says
    assert "What about matters?" not in page.says
    page = await person.presses("read_on")
    assert page.heading == "What about matters?"
    assert "Other things you can do" in page.says


async def test_simpler_words_stand_in_place_of_the_question(person: Person, site: Site) -> None:
    await sits_down(person, site, Speaker.PERSON)
    await prefers(site, simpler=True)
    page = await person.opens("/conversation")
    assert page.heading == "Put otherwise?"
    page = await person.presses("another_way")
    assert "What about feelings?" in page.says


async def prefers(site: Site, **preferences: Any) -> None:
    with site.room.store.reading() as seen:
        (conversation,) = seen.conversations.listed()
    await prefer(site.room, conversation.conversation_id, Preferences(**preferences), site.now)


def tell_something(dialogue: Any) -> None:
    """Have every further question come with something to know."""
    put = dialogue.next

    def next_told(*arguments: Any) -> Any:
        said = put(*arguments)
        said.custom["information"] = ["Something to know."]
        return said

    dialogue.next = next_told
