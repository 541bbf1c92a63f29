"""Whose words they are, how they were given, and why there are none: said by whoever can say so, and by nobody else."""

import pytest

from bot.conversation import ANYBODYS_SKIPS, PRACTITIONERS_SKIPS, Control, How, Kind, Now, Skip, Speaker, Stage, Whose
from bot.interviewing import Given, Refusal, Refused, Room, Taken, answer, append, begin, press
from bot.project import load_interview
from tests.talking import NOW, Talk

INTERVIEW = load_interview()


@pytest.fixture
async def advocate(room: Room) -> Talk:
    """An advocate's conversation, after their name."""
    talk = Talk(room, await begin(room, stage=Stage.FIRST, speaker=Speaker.ADVOCATE, now=NOW))
    await talk.says("Ama Mensah")
    return talk


@pytest.fixture
async def practitioner(room: Room) -> Talk:
    """A conversation that a practitioner writes down."""
    return Talk(room, await begin(room, stage=Stage.FIRST, speaker=Speaker.PRACTITIONER, now=NOW))


async def refused(talk: Talk, kind: Kind, words: str = "", **more: object) -> Refusal:
    before = await talk.turns()
    with pytest.raises(Refused) as found:
        await talk.gives(kind, words, **more)
    assert await talk.turns() == before
    return found.value.why


# --- an advocate ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whose", Whose)
async def test_an_advocate_s_words_are_kept_with_whose_they_are(advocate: Talk, whose: Whose) -> None:
    await advocate.says("She is tired", whose=whose)
    said = (await advocate.view()).standing.answers[-1].current
    assert (said.speaker, said.words, said.whose, said.how) == (
        Speaker.ADVOCATE,
        "She is tired",
        whose,
        How.FREE_WORDS,
    )


async def test_an_advocate_s_words_are_not_taken_without_whose_they_are(advocate: Talk) -> None:
    assert (await advocate.view()).asks_whose
    assert await refused(advocate, Kind.WORDS, "She is tired") is Refusal.WHOSE_MISSING
    assert await refused(advocate, Kind.WORDS, "  ") is Refusal.NOTHING_GIVEN


async def test_nobody_asks_an_advocate_whose_words_their_own_name_is(room: Room) -> None:
    talk = Talk(room, await begin(room, stage=Stage.FIRST, speaker=Speaker.ADVOCATE, now=NOW))
    assert not (await talk.view()).asks_whose
    await talk.says("Ama Mensah", whose=Whose.OWN_VIEW)
    assert (await talk.view()).standing.answers[0].current.whose is None


async def test_whose_a_choice_or_a_skip_is_can_be_said_and_left_open(advocate: Talk) -> None:
    await advocate.skips(Skip.DO_NOT_KNOW, whose=Whose.OWN_WORDS)
    await advocate.skips(Skip.DO_NOT_KNOW)
    assert not (await advocate.view()).asks_whose
    await advocate.chooses("no", whose=Whose.UNDERSTOOD)
    await advocate.chooses("safe", whose=Whose.UNDERSTOOD)
    answers = (await advocate.view()).standing.answers[1:]
    assert [one.current.whose for one in answers] == [Whose.OWN_WORDS, None, None, Whose.UNDERSTOOD]


async def test_what_an_advocate_adds_or_changes_says_again_whose_it_is(advocate: Talk) -> None:
    await advocate.says("She is tired", whose=Whose.OWN_WORDS)
    await advocate.presses(Control.ADD_MORE)
    assert await refused(advocate, Kind.WORDS, "She cries at night") is Refusal.WHOSE_MISSING
    await advocate.says("She cries at night", whose=Whose.UNDERSTOOD)
    await advocate.presses(Control.CHANGE)
    await advocate.says("She is very tired", whose=Whose.OWN_VIEW)
    feelings = (await advocate.view()).standing.answers[-1]
    assert [(one.current.words, one.current.whose) for one in (feelings.said, *feelings.additions)] == [
        ("She is very tired", Whose.OWN_VIEW),
        ("She cries at night", Whose.UNDERSTOOD),
    ]
    assert feelings.said.first.whose is Whose.OWN_WORDS


async def test_only_an_advocate_says_whose_words_they_are(talk: Talk, practitioner: Talk) -> None:
    for somebody in (talk, practitioner):
        assert not (await somebody.view()).asks_whose
        assert await refused(somebody, Kind.WORDS, "tired", whose=Whose.OWN_WORDS) is Refusal.NOT_OFFERED


async def test_an_advocate_s_words_from_another_window_say_whose_they_are_too(advocate: Talk) -> None:
    other = await advocate.step()
    await advocate.says("She is tired", whose=Whose.OWN_WORDS)
    given = Given(Kind.WORDS, "She is well", whose=Whose.OWN_VIEW)
    assert await append(advocate.room, other, given, NOW) is Taken.ELSEWHERE
    note = (await advocate.turns())[-1]
    assert (note.kind, note.words, note.whose) == (Kind.NOTE, "She is well", Whose.OWN_VIEW)


async def test_sending_the_same_words_as_another_s_is_heard(advocate: Talk) -> None:
    step = await advocate.step()
    await answer(advocate.room, step, Given(Kind.WORDS, "Tired", whose=Whose.OWN_WORDS), NOW)
    again = Given(Kind.WORDS, "Tired", whose=Whose.OWN_VIEW)
    assert await answer(advocate.room, step, again, NOW) is Taken.ELSEWHERE
    note = (await advocate.turns())[-1]
    assert (note.kind, note.whose) == (Kind.NOTE, Whose.OWN_VIEW)
    count = len(await advocate.turns())
    assert await answer(advocate.room, step, again, NOW) is Taken.ELSEWHERE
    assert len(await advocate.turns()) == count


# --- a practitioner ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", How)
async def test_how_an_answer_was_given_is_kept_with_it(practitioner: Talk, how: How) -> None:
    assert (await practitioner.view()).asks_how
    await practitioner.says("I feel tired", how=how)
    said = (await practitioner.view()).standing.answers[0].current
    assert (said.speaker, said.how) == (Speaker.PRACTITIONER, how)


async def test_words_count_as_free_where_nothing_else_is_said_and_a_choice_as_nothing(practitioner: Talk) -> None:
    await practitioner.says("I feel tired")
    await practitioner.skips(Skip.DECLINED, how=How.FREE_WORDS)
    await practitioner.chooses("no")
    await practitioner.chooses("safe", how=How.POINTED_SIGNED_OR_EYE_GAZE)
    answers = (await practitioner.view()).standing.answers
    assert [one.current.how for one in answers] == [How.FREE_WORDS, None, None, How.POINTED_SIGNED_OR_EYE_GAZE]


async def test_what_an_interpreter_says_stands_beside_the_person_s_own_language(practitioner: Talk) -> None:
    original = "  Estoy cansada.\r\n\u00bfY t\u00fa? "
    await practitioner.says("I am tired. And you?", original=original, how=How.THROUGH_AN_INTERPRETER)
    said = (await practitioner.view()).standing.answers[0].current
    assert (said.words, said.original) == ("I am tired. And you?", original)


@pytest.mark.parametrize("skip", PRACTITIONERS_SKIPS)
async def test_why_a_question_was_not_asked_is_a_fact_of_its_own_with_a_note(practitioner: Talk, skip: Skip) -> None:
    await practitioner.skips(skip, note="Her son came in.")
    turns = await practitioner.turns()
    assert (turns[1].kind, turns[1].choice) == (Kind.SKIP, (skip,))
    assert (turns[2].kind, turns[2].words, turns[2].answers) == (Kind.PRIVATE_NOTE, "Her son came in.", 1)
    assert await practitioner.asked() == "matters"


@pytest.mark.parametrize("skip", PRACTITIONERS_SKIPS)
async def test_only_a_practitioner_says_why_a_question_was_not_asked(talk: Talk, advocate: Talk, skip: Skip) -> None:
    for somebody in (talk, advocate):
        assert await refused(somebody, Kind.SKIP, choice=(skip,)) is Refusal.NOT_OFFERED
        for ordinary in ANYBODYS_SKIPS[:1]:
            assert await somebody.skips(ordinary) is Taken.KEPT


@pytest.mark.parametrize("more", [{"how": How.FREE_WORDS}, {"original": "Cansada"}, {"note": "Her son came in."}])
async def test_only_a_practitioner_adds_what_a_practitioner_adds(
    talk: Talk, advocate: Talk, more: dict[str, object]
) -> None:
    assert await refused(talk, Kind.WORDS, "tired", **more) is Refusal.NOT_OFFERED
    assert await refused(advocate, Kind.WORDS, "tired", whose=Whose.OWN_WORDS, **more) is Refusal.NOT_OFFERED


async def test_no_note_comes_into_the_person_s_conversation_by_a_page_that_is_late(talk: Talk) -> None:
    old = await talk.step()
    await talk.says("I feel tired")
    before = await talk.turns()
    with pytest.raises(Refused):
        await append(talk.room, old, Given(Kind.WORDS, "I feel tired", note="Her son came in."), NOW)
    with pytest.raises(Refused):
        await press(talk.room, old, Control.WHY, NOW, typed_note="Her son came in.")
    assert await talk.turns() == before


async def test_a_private_note_is_a_turn_of_its_own_and_no_answer(practitioner: Talk) -> None:
    await practitioner.says("I feel tired", note="  She looked at the door. ")
    turns = await practitioner.turns()
    assert (turns[2].kind, turns[2].speaker) == (Kind.PRIVATE_NOTE, Speaker.PRACTITIONER)
    assert turns[2].words == "  She looked at the door. "
    stands = (await practitioner.view()).standing
    assert [one.words for one in stands.answers] == [("I feel tired",)]
    assert all("door" not in delivery for delivery in map(repr, practitioner.room.dialogue.asked))


async def test_the_same_answer_and_note_sent_twice_are_kept_once(practitioner: Talk) -> None:
    step = await practitioner.step()
    given = Given(Kind.WORDS, "I feel tired", note="She looked at the door.")
    assert await answer(practitioner.room, step, given, NOW) is Taken.KEPT
    count = len(await practitioner.turns())
    assert await answer(practitioner.room, step, given, NOW) is Taken.REPEATED
    assert len(await practitioner.turns()) == count


async def test_a_note_that_is_new_is_kept_although_the_answer_is_there_already(practitioner: Talk) -> None:
    step = await practitioner.step()
    await answer(practitioner.room, step, Given(Kind.WORDS, "I feel tired"), NOW)
    given = Given(Kind.WORDS, "I feel tired", note="She looked at the door.")
    assert await answer(practitioner.room, step, given, NOW) is Taken.ELSEWHERE
    last = (await practitioner.turns())[-1]
    assert (last.kind, last.words, last.answers) == (Kind.PRIVATE_NOTE, "She looked at the door.", 1)
    count = len(await practitioner.turns())
    await answer(practitioner.room, step, given, NOW)
    assert len(await practitioner.turns()) == count


@pytest.mark.parametrize("more", [{"original": "a" * 20_001}, {"note": "a" * 20_001}])
async def test_a_note_and_an_original_can_be_as_long_as_an_answer_and_no_longer(
    practitioner: Talk, more: dict[str, str]
) -> None:
    assert await refused(practitioner, Kind.WORDS, "tired", **more) is Refusal.TOO_LONG


async def test_all_that_was_typed_is_still_there_after_why_was_pressed(practitioner: Talk) -> None:
    await practitioner.presses(Control.WHY, "I fe", typed_original="Esto", typed_note="The door")
    view = await practitioner.view()
    assert (view.draft, view.draft_original, view.draft_note) == ("I fe", "Esto", "The door")
    await practitioner.says("I feel tired")
    view = await practitioner.view()
    assert (view.draft, view.draft_original, view.draft_note) == ("", "", "")


async def test_a_note_alone_is_a_draft_too_and_comes_back_with_its_question(practitioner: Talk) -> None:
    await practitioner.says("I feel tired")
    await practitioner.presses(Control.GO_BACK, typed_note="The door")
    assert (await practitioner.view()).draft_note == ""
    await practitioner.presses(Control.CANCEL)
    assert (await practitioner.view()).draft_note == "The door"


async def test_a_second_practitioner_loses_nothing_and_sees_what_the_first_wrote(practitioner: Talk) -> None:
    other = await practitioner.step()
    await practitioner.says("I feel tired", note="The door")
    given = Given(Kind.WORDS, "I am worn out", original="Cansada", how=How.THROUGH_AN_INTERPRETER, note="The window")
    assert await answer(practitioner.room, other, given, NOW) is Taken.ELSEWHERE
    note, private = [turn for turn in await practitioner.turns() if turn.kind in {Kind.NOTE, Kind.PRIVATE_NOTE}][1:]
    assert (note.words, note.original, note.how) == ("I am worn out", "Cansada", How.THROUGH_AN_INTERPRETER)
    assert (private.words, private.answers) == ("The window", 1)
    assert (await practitioner.view()).standing.answers[0].words == ("I feel tired",)


async def test_a_way_not_to_answer_that_nobody_knows_is_refused(talk: Talk) -> None:
    assert await refused(talk, Kind.SKIP, choice=("whatever",)) is Refusal.NOT_OFFERED
    assert await refused(talk, Kind.SKIP, choice=()) is Refusal.NOT_OFFERED


# --- said beside the interview, in the words made for whoever listens -------------------------------------------------


@pytest.mark.parametrize("speaker", [Speaker.PERSON, Speaker.ADVOCATE, Speaker.PRACTITIONER])
@pytest.mark.parametrize("stage", Stage)
async def test_help_comes_first_in_the_words_made_for_whoever_listens(
    room: Room, speaker: Speaker, stage: Stage
) -> None:
    room.dialogue.reads_back = ("1a2b3c4d_7",)
    talk = Talk(room, await begin(room, stage=stage, speaker=speaker, now=NOW))
    while (asking := (await talk.view()).asking) and (asking.about_self or not asking.takes_words):
        await (talk.says("Ama") if asking.takes_words else talk.chooses(asking.choices[0].id))
    whose = Whose.OWN_WORDS if speaker is Speaker.ADVOCATE else None
    await talk.says("I want to die", whose=whose)
    view = await talk.view()
    assert view.asking is not None
    worded = INTERVIEW.question("help_first", speaker, stage)
    assert (await talk.asked(), view.asking.information) == ("help_first", worded.information)


# --- what the person shares -------------------------------------------------------------------------------------------


async def to_the_end(talk: Talk) -> None:
    for words in ("I feel tired", "My cat"):
        await talk.says(words)
    for choice in ("no", "safe", "done"):
        await talk.chooses(choice)


async def test_the_person_says_for_each_conversation_if_it_is_shared_and_can_say_otherwise(room: Room) -> None:
    with room.store.begin() as kept:
        enquiry_id = kept.enquiries.open(NOW)
    conversation_id = await begin(room, stage=Stage.FIRST, speaker=Speaker.PERSON, now=NOW, enquiry_id=enquiry_id)
    talk = Talk(room, conversation_id)
    assert await talk.presses(Control.SHARE) is Taken.NOTHING
    await to_the_end(talk)
    view = await talk.view()
    assert (view.enquiry_id, view.may_share, view.standing.shared) == (enquiry_id, True, None)
    await talk.presses(Control.SHARE)
    assert (await talk.view()).standing.shared is True
    await talk.presses(Control.KEEP_PRIVATE)
    view = await talk.view()
    assert (view.standing.shared, view.standing.now) == (False, Now.ENDED)


async def test_there_is_nobody_to_share_with_where_there_is_no_enquiry(talk: Talk) -> None:
    await to_the_end(talk)
    assert not (await talk.view()).may_share
    assert await talk.presses(Control.SHARE) is Taken.NOTHING


async def test_one_thing_at_a_time_reads_on_and_stays_at_the_question(talk: Talk) -> None:
    await talk.presses(Control.READ_ON)
    stands = (await talk.view()).standing
    assert (Control.READ_ON in stands.opened, stands.now) == (True, Now.QUESTION)
    await talk.says("I feel tired")
    assert Control.READ_ON not in (await talk.view()).standing.opened
