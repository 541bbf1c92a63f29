"""The roads of an advocate and of a practitioner, of later stages, and of pages that were made easier."""

from bot.conversation import Colours, Speaker, Stage, TextSize
from bot.project import load_interview
from tests.browser.roads import Road, asked, told
from tests.browser.visitor import Visitor, heading_of
from tests.house import House

SAID = {
    "feelings": "  Tired, and afraid of the evening.\n",
    "original": "Jestem zmęczona\ni boję się wieczoru.",
    "note": "She looked at the door.\nSee her alone.",
    "wishes": "To be left in peace in the evening",
    "service": "Referral to the day centre",
    "outcome": "To be with other people on Mondays",
    "advocate": "He took my hand and pulled me to the door.",
    "again": "To be with other people, but not on Mondays",
}
"""What is said on these roads."""

EVERY_EASE = (
    ("size", TextSize.BIGGER),
    ("size", TextSize.BIGGEST),
    ("colours", Colours.YELLOW_ON_BLACK),
    ("colours", Colours.CREAM),
    ("pictures", "no"),
    ("one", "yes"),
    ("simpler", "yes"),
)
"""Each thing that makes pages easier, by its field and value."""


def practitioners_road(person: Visitor) -> Road:
    """A practitioner who asks, through an interpreter, hands the screen over and takes it back."""
    person.begins(Speaker.PRACTITIONER)
    yield asked(person, "practitioner_name")
    person.says("Priya Natarajan").says("Social worker")
    yield asked(person, "interpreter")
    person.chooses("yes").says("Halina").says("Polski")
    yield asked(person, "private", "to be read out")
    for way in ("why", "another_way"):
        assert way not in person.buttons
    person.chooses("yes").chooses("nobody").chooses("yes")
    yield asked(person, "communication", "to be read out")
    for how in ("asked_none_yet", "could_not_today"):
        person.skips(how)
    person.chooses("no_thank_you")
    person.skips("declined").skips("not_asked")
    yield asked(person, "feelings", "with an interpreter")
    person.presses("answer")
    yield asked(person, "feelings", "nothing written")
    person.opens_up("textarea[name=note]").pastes(SAID["note"], "textarea[name=note]")
    person.pastes(SAID["original"], "textarea[name=original]")
    person.pastes(SAID["feelings"]).presses("talk_to_a_person")
    yield asked(person, "feelings", "half written")
    person.says(SAID["feelings"])
    yield asked(person, "safe_now", "faces")
    person.presses("hand_over")
    yield asked(person, "safe_now", "handed over")
    person.presses("why")
    yield asked(person, "safe_now", "handed over, why")
    person.presses("answer")
    yield asked(person, "safe_now", "handed over, nothing chosen")
    person.chooses("not_safe")
    yield told(person, heading_of("help_first"), "handed over")
    person.chooses("carry_on")
    yield told(person, "Thank you. Please give the screen back.")
    person.presses("take_screen_back")
    yield asked(person, "matters", "taken back")
    for _ in ("matters", "keep", "worries"):
        person.skips("declined")
    person.presses("hand_over")
    yield asked(person, "wishes", "handed over, to be written")
    person.says(SAID["wishes"]).presses("take_screen_back")
    person.skips("not_asked")
    person.says(SAID["service"])
    yield asked(person, "outcome_or_service")
    person.chooses("reword")
    yield asked(person, "outcome", "said differently")
    person.says(SAID["outcome"])
    for _ in ("outcome_sign", "outcome_weight"):
        person.skips("do_not_know")
    person.chooses("no").chooses("no")
    while person.heading != heading_of("checked", person.speaker):
        person.skips("not_for_me")
    yield asked(person, "checked", "with a practitioner")
    person.chooses("done").chooses("yes")
    yield asked(person, "free_to_speak", "for the team")
    person.chooses("partly")
    yield asked(person, "private_note", "for the team")
    person.says(SAID["note"])
    yield asked(person, "done", "with a practitioner")
    person.follows("/conversation/words")
    yield told(person, "My words", "with a practitioner")


def advocates_road(person: Visitor) -> Road:
    """An advocate, who says whose words each answer is."""
    person.begins(Speaker.ADVOCATE)
    yield asked(person, "advocate_name")
    person.says("Amara O’Neill-Łęcka")
    yield asked(person, "advocate_role")
    person.chooses("imca").chooses("could_not_ask_me").chooses("no")
    yield asked(person, "private", "of an advocate")
    person.chooses("yes").chooses("nobody").chooses("yes")
    person.skips("do_not_know").skips("do_not_know").chooses("no_thank_you")
    person.skips("do_not_know").skips("do_not_know")
    yield asked(person, "feelings", "of somebody else")
    person.pastes(SAID["advocate"]).presses("answer")
    yield asked(person, "feelings", "whose words?")
    person.ticks_one("whose", "understood").presses("answer")
    yield asked(person, "safe_now", "of somebody else")
    while person.heading != heading_of("checked", person.speaker):
        person.chooses("no") if "skip:not_for_me" not in person.buttons else person.skips("not_for_me")
    yield asked(person, "checked", "by an advocate")
    person.chooses("done").chooses("yes")
    yield asked(person, "done", "by an advocate")
    person.follows("/conversation/words")
    yield told(person, "What I passed on")


def later_road(person: Visitor, house: House) -> Road:
    """A first conversation by invitation, a check-in that reads it back, a closing with a practitioner, and after."""
    reference = f"ASC/{person.script}/{person.purpose}/{id(person)}"
    person.opens("/invited").pastes(house.invites("first", "person", reference), "#code")
    person.presses_on("form[action='/invited'] button")
    yield told(person, heading_of("welcome"), "by invitation")
    person.begins_with(house.invites("first", "person", reference), Stage.FIRST)
    person.passes_the_gate().chooses("more_time").says("In the morning").chooses("no_thank_you")
    while person.heading != heading_of("outcome"):
        person.skips("not_for_me")
    person.says(SAID["outcome"]).skips("do_not_know").chooses("a_lot").chooses("no").chooses("no")
    while person.heading != heading_of("checked"):
        person.skips("not_for_me")
    person.chooses("done").chooses("no")
    yield asked(person, "done", "may it be shared?")
    person.presses("share")
    yield asked(person, "done", "shared")
    person.presses("keep_private")
    yield asked(person, "done", "kept private")

    person.begins_with(house.invites("check-in", "person", reference), Stage.CHECK_IN).passes_the_gate()
    yield asked(person, "communication_still")
    person.chooses("yes")
    yield asked(person, "outcome_now")
    assert person.quotations[0] == SAID["outcome"]
    person.chooses("say_differently")
    yield asked(person, "outcome_again")
    person.says(SAID["again"])
    yield asked(person, "outcome_why")
    person.says("Mondays are loud.")
    yield asked(person, "anything_new")
    person.chooses("no").skips("do_not_know").skips("do_not_know")
    yield asked(person, "know_what_happens")
    person.chooses("some")
    yield asked(person, "want_to_know")
    person.skips("do_not_know")
    yield asked(person, "checked", "at a check-in")

    code = house.invites("closing", "practitioner", reference)
    person.begins_with(code, Stage.CLOSING, Speaker.PRACTITIONER)
    person.says("Priya Natarajan").says("Social worker").chooses("no").passes_the_gate()
    yield asked(person, "happened")
    person.chooses("some_of_it")
    yield asked(person, "difference")
    person.skips("declined")
    yield asked(person, "practitioner_verdict")
    person.chooses("all_of_it")
    yield asked(person, "overall")
    while person.heading != heading_of("checked", person.speaker, person.stage):
        person.skips("asked_none_yet")
    person.chooses("done").chooses("no").chooses("yes").skips("not_for_me")
    yield asked(person, "done", "what it comes to")

    person.begins_with(house.invites("experience", "person", reference), Stage.EXPERIENCE).passes_the_gate()
    yield asked(person, "understood_worries")
    for _ in range(7):
        person.chooses("a_bit")
    yield asked(person, "tell_in_charge")
    person.says("Ring when you say that you will.")
    yield asked(person, "may_quote")


def paper_road(person: Visitor, house: House) -> Road:
    """What was said on paper is put in by an invitation made for it, with the day on which it was said."""
    reference = f"ASC/paper/{person.script}/{person.purpose}"
    person.opens("/invited").pastes(house.invites("first", "practitioner", reference, "--paper"), "#code")
    person.presses_on("form[action='/invited'] button")
    yield told(person, heading_of("welcome", Speaker.PRACTITIONER), "from paper")
    person.presses_on("form:has(input[name=minutes]) button")
    yield told(person, heading_of("welcome", Speaker.PRACTITIONER), "from paper, no day")
    for part, number in (("day", "2"), ("month", "3"), ("year", "2026")):
        person.writes(number, f"#said-{part}")
    person.speaker = Speaker.PRACTITIONER
    person.begins_here()
    yield asked(person, "practitioner_name", "from paper")
    assert "From paper, said on 2 March 2026" in person.page.locator("main").inner_text()
    person.says("Priya Natarajan").says("Social worker").chooses("no")
    yield asked(person, "private", "from paper")


def easier_road(person: Visitor) -> Road:
    """The same pages, made easier in each way."""
    person.begins().chooses("yes").chooses("nobody").chooses("yes")
    for name, value in EVERY_EASE:
        ease(person, name, value)
        state = f"{name} {value}"
        if name != "simpler":
            yield asked(person, "communication", state)
        else:
            yield told(person, load_interview().question("communication").another_way, state)
    ease(person, "simpler", "yes")
    person.skips("do_not_know").skips("do_not_know")
    yield told(person, "What happens with what you say", "one thing at a time")


def ease(person: Visitor, name: str, value: str) -> None:
    """Change one thing on the page that makes pages easier, and come back from it."""
    person.presses("easier")
    assert person.heading == "Make this easier to use"
    person.ticks_one(name, value).presses_on("form[action='/easier'] .govuk-button")
