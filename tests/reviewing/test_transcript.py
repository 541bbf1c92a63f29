"""A transcript: every wording there was in its place, and nothing of what was taken back."""

from bot.conversation import Control, Skip, Speaker
from bot.exporting import taken_back_turns
from bot.flags import Flag, FlagKind
from bot.reviewing.transcript import EVERYTHING, Exchange, Happening, Line, Shown, Telling, flagged_alone, transcript
from tests.telling import NOON, Told


def lines(told: Told, *flags: Flag, shown: Shown | None = None) -> tuple[Line, ...]:
    """Write it out as a practitioner reads it."""
    stands = told.standing
    given = shown or Shown(withheld=taken_back_turns(told.turns, stands))
    return transcript(told.turns, stands, flags, shown=given)


def exchange(line: Line) -> Exchange:
    assert isinstance(line, Exchange)
    return line


def test_a_later_wording_folds_the_earlier_ones_in_order() -> None:
    told = Told()
    told.asks("wishes")
    first = told.says("  To go home")
    told._add(Speaker.PERSON, first.kind, asked="wishes", answers=1, replaces=first.number, words="To go home\nsoon")
    (line,) = lines(told)
    (thing,) = exchange(line).things
    assert thing.now.words == "To go home\nsoon"
    assert [one.words for one in thing.before] == ["  To go home"]


def test_what_was_taken_back_is_marked_and_its_words_are_not_there() -> None:
    told = Told()
    told.asks("wishes")
    told.takes_back(told.says("To go home"))
    (line,) = lines(told)
    (thing,) = exchange(line).things
    assert thing.now.is_taking_back
    assert [(one.words, one.is_withheld) for one in thing.before] == [(None, True)]
    assert "To go home" not in repr(lines(told))
    assert "To go home" in repr(lines(told, shown=EVERYTHING)), "where keeping and showing them is a lawful duty"


def test_everything_taken_back_leaves_the_questions_and_no_words() -> None:
    told = Told()
    told.asks("wishes")
    told.says("To go home")
    told.notes("Was crying", told.turns[0])
    told.presses(Control.STOP_AND_TAKE_BACK)
    written = lines(told)
    assert "To go home" not in repr(written)
    assert "Was crying" not in repr(written)
    assert any(isinstance(one, Happening) and one.what is Control.STOP_AND_TAKE_BACK for one in written)


def test_a_question_reads_back_what_was_said_when_it_was_asked() -> None:
    told = Told()
    told.asks("outcome")
    said = told.says("A key")
    told.asks("outcome_sign", f"You said: “turn:{said.number}”\nHow would you know?")
    told.says("It is in my pocket")
    told._add(Speaker.PERSON, said.kind, asked="outcome", answers=1, replaces=said.number, words="A front door key")
    _, asked = lines(told)
    pieces = [(piece.text, piece.words) for piece in exchange(asked).asked]
    assert pieces == [("You said: ", None), ("", "A key"), ("\nHow would you know?", None)]


def test_a_practitioners_note_stands_beside_its_question_and_is_not_for_everybody() -> None:
    told = Told()
    asked = told.asks("worries")
    told.says("The bills")
    told.notes("Hands were shaking", asked)
    (line,) = lines(told)
    assert [(one.words, one.is_private) for one in exchange(line).beside] == [("Hands were shaking", True)]
    (line,) = lines(told, shown=Shown(private=False, safe_contact=False))
    assert exchange(line).beside == ()


def test_safe_contact_and_what_was_asked_alone_are_left_out_for_who_speaks_for_them() -> None:
    told = Told()
    told.asks("contact_times")
    told.says("Tuesdays")
    told.asks("wishes")
    told.says("Home")
    assert [exchange(line).name for line in lines(told)] == ["contact_times", "wishes"]
    left = lines(told, shown=Shown(private=False, safe_contact=False))
    assert [exchange(line).name for line in left] == ["wishes"]


def test_of_a_conversation_that_is_not_finished_only_flagged_turns_are_left() -> None:
    told = Told()
    told.asks("feelings")
    told.says("Tired")
    told.asks("worries")
    first = told.says("He hit me")
    told._add(Speaker.PERSON, first.kind, asked="worries", answers=3, replaces=first.number, words="Nothing")
    flag = Flag(FlagKind.TOLD_WHAT_HAPPENED, first.number, NOON)
    (line,) = flagged_alone(lines(told, flag))
    (thing,) = exchange(line).things
    assert (thing.now.words, thing.before) == ("He hit me", ())
    assert exchange(line).flags == (flag,)
    assert flagged_alone(lines(told)) == ()


def test_a_flag_at_a_press_stands_beside_the_press() -> None:
    told = Told()
    told.asks("feelings")
    stopped = told.presses(Control.STOP_AND_KEEP)
    flag = Flag(FlagKind.STOPPED_EARLY, stopped.number, NOON)
    (line,) = flagged_alone(lines(told, flag))
    assert isinstance(line, Happening)
    assert line.flags == (flag,)


def test_breaks_help_and_the_end_stand_where_they_happened() -> None:
    told = Told()
    told.asks("feelings")
    told.presses(Control.GET_HELP_NOW)
    told.presses(Control.TAKE_A_BREAK)
    told.presses(Control.COME_BACK)
    told.presses(Control.GO_BACK, told.turns[0])
    told.skips(Skip.DO_NOT_KNOW)
    told.ends()
    written = lines(told)
    assert [type(line) for line in written] == [Exchange, Happening, Happening, Happening, Telling]
    (thing,) = exchange(written[0]).things
    assert thing.now.skipped == Skip.DO_NOT_KNOW


def test_a_question_that_nobody_answered_yet_is_there() -> None:
    told = Told()
    told.asks("feelings")
    told.says("Tired")
    told.asks("wishes")
    assert [exchange(line).things == () for line in lines(told)] == [False, True]
