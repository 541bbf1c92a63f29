"""The roads through the pages. Each is walked one state at a time; at each, whoever walks it may look around."""

from collections.abc import Iterator, Mapping

from bot.conversation import Speaker, Stage
from tests.browser.trouble import held_up, without_room
from tests.browser.visitor import Script, Visitor, heading_of
from tests.house import House

Road = Iterator[str]
"""Names the state that has just been reached."""

SAID: Mapping[str, str] = {
    "communication_words": "In the morning, before my tablets.",
    "feelings": "  Tired.\n\nNobody asks me – “fine”, they say.\n\tI am not fine. ",
    "matters": "My cat, Bella. And the garden.",
    "matters, added": "And Sundays with my sister Zoë 🌻",
    "keep": "My own front door key",
    "keep, changed": "My own front door key, and who has it",
    "worries": "He hit me, and it may happen again. <b>Do not tell him.</b>",
    "wishes": "stop",
    "not_wanted": "I don't know",
    "outcome": "To have my own money",
    "outcome_sign": "help",
    "second outcome": "To see my sister every week",
    "card outcome": "To sleep without listening for the door",
    "card sign": "I would turn the light off.",
    "plan_words": "First the money. {{7*7}} {outcome}",
    "own_power": "I can ring my sister.",
    "helpers": "Zoë, and Mr O'Neill next door",
    "view_on_enquiry": "I am for it, if it is quiet.",
    "who_knows": "My doctor may know. Not my son.",
    "contact_times": "Tuesdays, 9 to 11",
    "contact_answered": "Say it is the library.",
    "contact_code_word": "marmalade",
    "support": "/restart",
    "wishes, changed": "I want it to stop.",
    "wishes, added": "And I want to be asked.",
}
"""What the person says. Some of it looks like a command, like code, or like a wish to stop: it is words all the same.

Each is told apart from all others, so that a test can say which of them a page shows.
"""


def before_the_first_question(person: Visitor) -> Road:
    """The pages that anybody can open."""
    person.opens("/")
    yield asked(person, "welcome")
    person.follows("/private")
    yield told(person, "Using a shared phone or computer")
    person.opens("/").follows("/come-back")
    yield told(person, "Come back")
    person.writes("no such code", "#code").presses_on("form[action='/come-back'] button")
    yield told(person, "Come back", "no such code")
    person.opens("/")
    for speaker in (Speaker.ADVOCATE, Speaker.PRACTITIONER):
        person.says_who_is_speaking(speaker)
        yield told(person, heading_of("welcome", speaker))
        person.opens("/")
    person.follows("/invited")
    yield told(person, "Begin with an invitation")
    person.writes("no such code", "#code").presses_on("form[action='/invited'] button")
    yield told(person, "Begin with an invitation", "no such code")
    person.opens("/").presses_on(".app-easier a")
    yield told(person, "Make this easier to use")
    person.opens("/paper")
    yield told(person, "On paper")
    person.opens("/paper/first/person")
    yield told(person, heading_of("welcome"), "on paper")
    person.opens("/paper/closing/practitioner")
    yield told(
        person, heading_of("welcome", Speaker.PRACTITIONER, Stage.CLOSING), "on paper, to be asked by a practitioner"
    )
    person.opens("/").follows("/licences")
    yield told(person, "What these pages are made of")
    person.opens("/conversation")
    yield told(person, "This page is closed")


def first_conversation(person: Visitor) -> Road:
    """A whole first conversation, with everything that can happen beside it, to the person's own copy."""
    person.begins()
    yield asked(person, "private")
    person.presses("answer")
    yield asked(person, "private", "nothing chosen")
    for way in ("why", "another_way", "talk_to_a_person", "get_help_now"):
        person.presses(way)
        yield asked(person, "private", way)
    person.chooses("not_sure")
    yield asked(person, "company")
    person.chooses("not_chosen")
    yield asked(person, "go_on")
    person.chooses("not_sure")
    yield asked(person, "go_on_slowly")
    person.chooses("yes")

    yield asked(person, "communication")
    person.chooses("bigger_words", "breaks", "other")
    yield asked(person, "communication_words")
    person.presses("answer")
    yield asked(person, "communication_words", "nothing written")
    say(person, "communication_words")
    yield asked(person, "know_more")
    for topic in ("what_abuse_is", "why_worried", "who_everyone_is", "what_happens_next"):
        person.chooses(topic)
        yield asked(person, "know_more", topic)
    person.chooses("no_thank_you")
    yield asked(person, "involvement")
    person.chooses("some_of_it")
    yield asked(person, "support")
    person.skips("later")

    yield asked(person, "feelings")
    say(person, "feelings")
    yield asked(person, "safe_now")
    person.chooses("not_safe")
    yield asked(person, "help_first")
    person.chooses("carry_on")
    yield asked(person, "matters")
    say(person, "matters")
    yield asked(person, "keep")
    person.presses("add_more")
    yield asked(person, "matters", "adding")
    say(person, "matters, added")
    say(person, "keep")
    yield asked(person, "worries")
    person.presses("go_back")
    yield asked(person, "keep", "changing")
    say(person, "keep, changed")
    say(person, "worries")
    yield asked(person, "wishes", "after thanks for telling")
    say(person, "wishes")
    yield asked(person, "meant_stop")
    person.chooses("carry_on")
    yield asked(person, "not_wanted")
    say(person, "not_wanted")
    yield asked(person, "meant_skip")
    person.chooses("do_not_know")
    person.choices.append(("do_not_know",))  # this was the reply, and it takes the place of the answer too

    yield asked(person, "outcome")
    say(person, "outcome")
    yield asked(person, "outcome_sign")
    say(person, "outcome_sign")
    yield asked(person, "meant_help")
    person.chooses("carry_on")
    yield asked(person, "outcome_weight")
    person.chooses("a_lot")
    yield asked(person, "more_outcomes")
    person.chooses("yes")
    say(person, "second outcome")
    person.skips("do_not_want_to_say")
    person.skips("do_not_know")
    person.chooses("no")
    yield asked(person, "see_cards")
    person.chooses("yes")
    yield asked(person, "cards")
    person.chooses("feel_safer")
    yield asked(person, "card_form_outcome")
    say(person, "card outcome")
    say(person, "card sign")
    person.chooses("quite_a_bit")
    yield asked(person, "matters_most")
    person.chooses(person.offered[0])
    yield asked(person, "matters_most", "of those left")
    person.chooses(person.offered[0])
    yield asked(person, "together")
    person.chooses("no")
    yield asked(person, "apart")
    person.chooses(*person.offered[:2])
    yield asked(person, "plan_a")
    person.chooses(person.offered[1])
    yield asked(person, "plan_b")
    person.chooses(person.offered[0])
    yield asked(person, "plan_words")
    say(person, "plan_words")

    yield asked(person, "own_power")
    say(person, "own_power")
    yield asked(person, "helpers")
    say(person, "helpers")
    yield asked(person, "feels_safe")
    person.skips("not_for_me")
    yield asked(person, "view_on_enquiry")
    say(person, "view_on_enquiry")
    yield asked(person, "who_knows")
    say(person, "who_knows")
    yield asked(person, "contact_ways")
    person.chooses("text", "through_someone")
    yield asked(person, "contact_times")
    say(person, "contact_times")
    yield asked(person, "contact_answered")
    say(person, "contact_answered")
    yield asked(person, "contact_code_word")
    person.goes_to("#so-far summary").page.keyboard.press("Enter")
    yield asked(person, "contact_code_word", "history open")
    say(person, "contact_code_word")
    yield asked(person, "support", "come round")
    say(person, "support")

    yield asked(person, "checked")
    person.presses_on(way_to(person, "change", "wishes"))
    yield asked(person, "wishes", "changing")
    say(person, "wishes, changed")
    person.presses_on(way_to(person, "add_more", "wishes"))
    say(person, "wishes, added")
    person.presses_on(way_to(person, "take_back", "who_knows"))
    yield asked(person, "checked", "something taken back")
    person.chooses("done")
    yield asked(person, "copy_safe")
    person.chooses("yes")
    yield asked(person, "done")
    person.follows("/conversation/words")
    yield told(person, "My words")


def side_roads(person: Visitor) -> Road:
    """A conversation that ends at its gate, is taken up, put aside with a code, stopped, gone on with, taken back."""
    person.begins()
    person.chooses("no")
    person.chooses("nobody")
    person.chooses("no")
    yield asked(person, "gate_closed")
    person.presses("make_code:words")
    yield told(person, "This is your code", "in words")
    person.writes("not this", "#typed").presses("confirm_code")
    yield told(person, "This is your code", "not the same")
    person.presses("no_code")
    yield asked(person, "gate_closed", "after a code")
    person.presses("go_back")
    yield asked(person, "go_on", "changing")
    person.chooses("yes")
    yield asked(person, "communication")
    person.presses("take_a_break")
    yield told(person, "Take all the time you need")
    person.presses("make_code:numbers")
    yield told(person, "This is your code", "in numbers")
    person.writes(person.code, "#typed").presses("confirm_code")
    yield told(person, "Take all the time you need", "with a code")
    person.presses("come_back")
    yield asked(person, "private", "on coming back")
    person.skips("do_not_want_to_say")
    yield asked(person, "company", "on coming back")
    person.chooses("nobody")
    yield asked(person, "go_on", "on coming back")
    person.chooses("no")
    yield told(person, "Take all the time you need", "not a good time")
    person.presses("come_back")
    person.passes_the_gate()
    yield asked(person, "communication", "welcome back")
    person.presses("stop")
    yield asked(person, "stop")
    person.chooses("stop_and_keep")
    yield told(person, "You have stopped. Your words are kept.")
    person.presses("come_back")
    person.passes_the_gate()
    person.presses("stop")
    person.chooses("stop_and_take_back")
    yield told(person, "You took back what you said")


def troubled_road(person: Visitor, house: House) -> Road:
    """What is shown when something does not go as it should."""
    person.begins()
    with held_up(house):
        person.chooses("yes")
        yield told(person, "Your words are kept.", "waiting")
    if person.script is Script.OFF:
        go_on_until_asked(person)
    else:
        person.page.locator("#words, input[name=choice]").first.wait_for()
    yield asked(person, "company", "after waiting")
    person.chooses("nobody")

    window = person.another_window().opens("/conversation")
    window.chooses("yes")
    person.chooses("yes")
    yield told(person, "This question has its answer")
    person.follows("/conversation")
    person.skips("do_not_know")
    window.opens("/conversation").says("In the morning")
    person.says("In the evening")
    yield told(person, "This question has its answer", "with words")
    person.follows("/conversation")
    person.chooses("no_thank_you")
    person.chooses("not_sure")

    person.writes("Zoë")
    with without_room(house):
        if person.script is Script.OFF:
            person.presses("answer")
            yield told(person, "We could not keep that yet")
        else:
            person.presses_in_vain("answer")
            yield asked(person, "support", "not kept yet")
    person.presses("answer")
    yield asked(person, "feelings", "after trying again")
    window.leaves()
    person.says("Better for saying it")
    yield told(person, "What you said is kept")


def say(person: Visitor, what: str) -> None:
    """Answer in words."""
    person.says(SAID[what])


def way_to(person: Visitor, do: str, name: str) -> str:
    """Find the button beside one answer on the check page."""
    button = person.page.locator(f"button[value^='{do}:']").filter(has_text=heading_of(name)).first
    return f"button[value='{button.get_attribute('value')}']"


def go_on_until_asked(person: Visitor) -> None:
    """Press the one button of the waiting page until there is a question."""
    while "go_on" in person.buttons:
        person.presses("go_on")


def asked(person: Visitor, name: str, note: str = "") -> str:
    """Name the state, and see that this is what is asked; names are those of `domain.yml`."""
    assert person.heading == heading_of(name, person.speaker, person.stage), person.heading
    return f"{name}: {note}" if note else name


def told(person: Visitor, heading: str, note: str = "") -> str:
    """Name the state, and see that this is what is told."""
    assert person.heading == heading, person.heading
    return f"{heading} ({note})" if note else heading
