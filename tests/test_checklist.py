"""The closing checklist says what is known, in whose words, and what is missing. It works nothing out by itself."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from bot.checklist import Item, Source, State, checklist
from bot.conversation import Control, Skip, Speaker, Stage
from bot.project import load_records
from bot.records import Record
from tests.holding import DAY, Talk
from tests.telling import NOON

BLANKS = load_records()


@dataclass
class OneKept:
    number: int
    what: str
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    replaces: int | None = None
    outcome_id: str | None = None
    account_id: str = "a" * 32
    at: datetime = NOON + 10 * DAY


def kept(number: int, what: str, outcome_id: str | None = None, *, days: int = 10, **choices: str) -> Record:
    chosen = {name: (value,) for name, value in choices.items()}
    return Record(OneKept(number, what, chosen, outcome_id=outcome_id, at=NOON + timedelta(days=days)))


def listed(talks: list[Talk], *records: Record) -> dict[str, Item]:
    """Give the lines by name; of several with one name, the last."""
    return {item.name: item for item in checklist(BLANKS, [talk.told for talk in talks], records)}


def test_an_enquiry_of_which_nothing_is_known_lacks_everything_and_counts_as_not_recorded() -> None:
    found = listed([])

    assert {name: item.state for name, item in found.items()} == dict.fromkeys(
        ("about", "asked", "communication", "involvement", "advocacy", "capacity", "risk", "about_finishing"),
        State.MISSING,
    )
    assert found["asked"].national == ("Not Recorded",)
    assert found["capacity"].national == ("Not recorded",)
    assert {item.source for item in found.values()} == {Source.NOBODY}


def test_what_the_person_said_is_known_in_their_words_and_nobody_has_to_type_it_again() -> None:
    talk = Talk("a")
    talk.is_asked("communication", "more_time")
    talk.is_asked("involvement", says="I want to be there, every time.")
    talk.wants("I want my own key")
    found = listed([talk])

    assert found["asked"].state is State.THERE
    assert found["asked"].source is Source.PERSON
    assert found["asked"].national == ("Yes they were asked and outcomes were expressed",)
    assert found["communication"].source is Source.PERSON
    assert found["involvement"].words == ("I want to be there, every time.",)
    assert found["happened"].state is State.MISSING
    assert found["own_view"].state is State.MISSING
    assert found["achieved"].state is State.MISSING


def test_what_an_advocate_says_is_told_apart() -> None:
    talk = Talk("a", speaker=Speaker.ADVOCATE)
    talk.wants("She wants her own key")

    assert listed([talk])["asked"].source is Source.ADVOCATE


def test_an_answer_that_was_declined_is_not_one_that_is_still_to_come() -> None:
    declined, later = Talk("a"), Talk("b", days=3)
    declined.asks("outcome")
    declined.skips(Skip.DO_NOT_WANT_TO_SAY)
    found = listed([declined])["asked"]
    assert (found.says, found.state) == (("They were asked and chose not to say",), State.THERE)

    later.asks("outcome")
    later.skips(Skip.LATER)
    found = listed([declined, later])["asked"]
    assert (found.says, found.state) == (("They were asked and have not said anything they want yet",), State.DUE)


def test_the_latest_of_record_and_conversation_says_whether_they_were_asked() -> None:
    talk = Talk("a", days=20)
    earlier = kept(1, "asked", state="not_asked", days=10)
    later = kept(2, "asked", state="declined", days=30)
    talk.wants("I want my own key")

    assert listed([], earlier)["asked"].national == ("No",)
    assert listed([talk], earlier)["asked"].source is Source.PERSON
    assert listed([talk], later)["asked"].source is Source.RECORD


def test_what_is_to_be_tried_again_stays_on_the_list_with_its_day() -> None:
    found = listed([], kept(1, "asked", state="could_not_today", again_on="2026-03-30"))["asked"]

    assert (found.state, found.day) == (State.DUE, date(2026, 3, 30))
    assert found.national == ("No",)


def test_an_advocate_who_has_not_arrived_is_still_to_come() -> None:
    assert listed([], kept(1, "advocacy", way="undecided"))["advocacy"].state is State.DUE
    assert listed([], kept(1, "advocacy", way="advocate"))["advocacy"].state is State.DUE
    arrived = kept(1, "advocacy", way="advocate", arrived_on="2026-03-05")
    assert listed([], arrived)["advocacy"].state is State.THERE
    assert listed([], kept(1, "advocacy", way="appropriate"))["advocacy"].state is State.THERE


def test_a_risk_that_was_identified_needs_to_be_said_what_became_of_it() -> None:
    open_risk = kept(1, "risk", assessment="identified_action")
    assert listed([], open_risk)["risk"].state is State.DUE
    done = listed([], kept(1, "risk", assessment="identified_action", outcome="reduced"))["risk"]
    assert done.state is State.THERE
    assert done.national == ("Risk identified and action taken", "Risk reduced")
    assert listed([], kept(1, "risk", assessment="none_no_action"))["risk"].state is State.THERE


def test_the_persons_verdict_and_the_practitioners_are_two_lines() -> None:
    first, closing = Talk("a"), Talk("b", Stage.CLOSING, Speaker.PRACTITIONER, days=60)
    key = first.wants("I want my own key")
    closing.judges(key, "no", own="some_of_it")
    found = listed([first, closing])

    assert found["happened"].source is Source.PRACTITIONER
    assert found["happened"].says == ("no",)
    assert found["own_view"].source is Source.RECORD
    assert found["own_view"].says == ("some_of_it",)
    assert found["achieved"].national == ("Not Achieved",)
    assert found["why_not"].state is State.MISSING


def test_a_record_says_why_not_all_of_it_happened() -> None:
    first, closing = Talk("a"), Talk("b", Stage.CLOSING, days=60)
    key = first.wants("I want my own key")
    closing.judges(key, "some_of_it")

    assert listed([first, closing], kept(1, "negotiation", "other", result="agreed"))["why_not"].state is State.MISSING
    assert listed([first, closing], kept(1, "negotiation", key, result="agreed"))["why_not"].state is State.THERE


def test_the_newer_of_two_views_of_the_practitioner_is_listed() -> None:
    first, closing = Talk("a"), Talk("b", Stage.CLOSING, days=60)
    key = first.wants("I want my own key")
    closing.judges(key, "no", own="no")

    assert listed([first, closing], kept(1, "verdict", key, happened="all_of_it"))["own_view"].says == ("no",)
    later = kept(1, "verdict", key, happened="all_of_it", days=90)
    assert listed([first, closing], later)["own_view"].says == ("All of it happened",)


def test_what_is_not_wanted_any_more_is_not_asked_about() -> None:
    first, check_in = Talk("a"), Talk("b", Stage.CHECK_IN, days=30)
    check_in.looks_again(first.wants("I want my own key"), "no_longer_want")

    assert "happened" not in listed([first, check_in])


def test_a_verdict_that_was_skipped_is_missing() -> None:
    first, closing = Talk("a"), Talk("b", Stage.CLOSING, days=60)
    key = first.wants("I want my own key")
    closing.asks("happened")
    closing.keeps(key, closing.skips(Skip.DO_NOT_KNOW))

    assert listed([first, closing])["happened"].state is State.MISSING


def test_a_person_who_was_not_told_yet_stays_on_the_list() -> None:
    found = listed([], kept(1, "wish_not_followed", told="not_yet", look_again_on="2026-04-02"))["not_followed"]

    assert (found.state, found.day) == (State.DUE, date(2026, 4, 2))


def test_a_wish_set_aside_without_a_ground_is_missing_one() -> None:
    found = listed([], kept(1, "wish_not_followed", ground="none_named", told="told"))["not_followed"]

    assert found.state is State.MISSING
    assert "not_followed" not in listed([], kept(1, "wish_not_followed", ground="crime", told="told"))


def test_what_was_taken_back_as_a_whole_says_nothing() -> None:
    talk = Talk("a")
    talk.wants("I want my own key")
    talk.presses(Control.STOP_AND_TAKE_BACK)

    assert listed([talk])["asked"].state is State.MISSING


def test_every_line_is_worded() -> None:
    for worded in BLANKS.checklist.values():
        assert worded.heading
        assert worded.missing.endswith(".")
