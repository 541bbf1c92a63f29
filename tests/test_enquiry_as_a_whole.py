"""One enquiry as it is held, against the real dialogue engine: first conversation, check-in, closing, and how it was.

What is looked at is the record: that nothing is merged, nothing overwritten, and nothing asked twice or left out when
an answer is changed and the engine is told the path afresh.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from bot import enquiring, interviewing
from bot.conversation import Control, How, Kind, Now, Skip, Speaker, Stage, Whose
from bot.enquiry import EnquiryOutcome, Status, Voice
from bot.exporting import export_enquiry
from bot.interviewing import Given, Taken, View
from bot.review import Achieved
from bot.steps import Step
from bot.store.verifying import verify
from tests.boxes import trained_model
from tests.three_ways import NETWORK, OpenHouse, open_house

LONGEST = 120
"""Answers that any of these conversations needs at most."""
SAFE = "yes, by letter to her sister"
KEY, SISTER, CAT, HOME = "I want my own key.", "I want to see my sister \U0001f49b", "A cat", "She wants to go home"
FRONT_DOOR = "A key to the front door,\nnot only to my room"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenHouse]:
    """One product and one box for all that is here."""
    with open_house(tmp_path_factory.mktemp("enquiries"), trained_model()) as opened:
        yield opened


class Held:
    """One conversation of an enquiry, held by the use cases that the pages call."""

    pages = 0

    def __init__(self, house: OpenHouse, reference: str, stage: Stage, speaker: Speaker) -> None:
        self.house = house
        self.room = house.run.room
        now = datetime.now(UTC)
        invited = house.wait_for(enquiring.invite(house.door, reference, stage, speaker, SAFE, now))
        invitation = house.wait_for(enquiring.accept(house.door, invited.code, NETWORK, now))
        assert invitation is not None
        begun = house.wait_for(
            enquiring.begin_invited(
                house.store, invitation.invitation_id, "page", now, interview_version=self.room.interview.version
            )
        )
        assert begun is not None
        self.conversation_id = begun
        self.speaker = speaker
        self.asked: list[str] = []
        """Every question that was answered, in order."""

    @property
    def view(self) -> View:
        """Where it stands; what comes next is waited for."""
        assert self.house.wait_for(interviewing.go_on(self.room, self.conversation_id, datetime.now(UTC)))
        return self.house.wait_for(interviewing.look(self.room, self.conversation_id))

    def goes(self, answers: Mapping[str, Sequence[str | Skip]], until: str = "") -> None:
        """Go on to the end, or until a question is asked.

        `answers` has what is said or chosen for each question, one after the other; all else is passed over.
        """
        given = {asked: iter(said) for asked, said in answers.items()}
        while True:
            assert len(self.asked) < LONGEST, self.asked[-10:]
            stands = (view := self.view).standing
            assert stands.asked is not None
            if stands.now is Now.ENDED or stands.asked.asked == until:
                break
            name = stands.asked.asked or ""
            said = next(given[name], None) if name in given else None
            self.answers(said if said is not None else _passed_over(view), view)
        left = {asked: list(rest) for asked, rest in given.items()}
        assert not any(left.values()), left

    def answers(self, said: str | Skip, view: View | None = None) -> None:
        """Answer what is on show."""
        view = view or self.view
        assert view.asking is not None
        assert view.standing.asked is not None
        asking, name = view.asking, view.standing.asked.asked or ""
        in_words = asking.takes_words and not isinstance(said, Skip)
        given = Given(
            Kind.SKIP if isinstance(said, Skip) else Kind.WORDS if in_words else Kind.CHOICE,
            words=said if in_words else "",
            choice=() if in_words else (said,),
            how=How.THROUGH_A_SUPPORTER if in_words and self.speaker is Speaker.PRACTITIONER else None,
            whose=Whose.OWN_WORDS if self.speaker is Speaker.ADVOCATE else None,
        )
        taken = self.house.wait_for(interviewing.answer(self.room, self._step(view), given, datetime.now(UTC)))
        assert taken is Taken.KEPT, name
        self.asked.append(name)

    def changes(self, asked: str, place: int, said: str) -> None:
        """Change the answer to a question: the one at this place, where it was asked several times."""
        view = self.view
        answer = [one for one in view.standing.answers if one.question.asked == asked][place]
        press = interviewing.press(self.room, self._step(view), Control.CHANGE, datetime.now(UTC), target=answer.number)
        assert self.house.wait_for(press) is Taken.KEPT
        self.answers(said)

    def presses(self, control: Control) -> None:
        """Press a button."""
        press = interviewing.press(self.room, self._step(self.view), control, datetime.now(UTC))
        assert self.house.wait_for(press) is Taken.KEPT

    def _step(self, view: View) -> Step:
        Held.pages += 1
        stands = view.standing
        revisited = stands.revisited.first.number if stands.now is Now.REVISIT and stands.revisited else 0
        return Step(self.conversation_id, stands.asked.number if stands.asked else 0, revisited, f"page {Held.pages}")


def _passed_over(view: View) -> str | Skip:
    """Answer what these tests are not about: no, or not at all, or on to what comes next."""
    assert view.asking is not None
    assert view.standing.asked is not None
    offered = [choice.id for choice in view.asking.choices]
    if view.standing.asked.asked in {"go_on", "checked"}:
        return "yes" if "yes" in offered else "done"
    if view.asking.skippable:
        return Skip.NOT_FOR_ME
    return next(choice for choice in offered if choice.startswith("no"))


def wordings(outcome: EnquiryOutcome) -> list[tuple[str, str, Sequence[str]]]:
    return [(one.speaker.value, one.words, one.why) for one in outcome.wordings]


def verdicts(outcome: EnquiryOutcome) -> list[tuple[str, str, str, Sequence[str]]]:
    return [(one.stage.value, one.speaker.value, one.value, one.difference) for one in outcome.reviewed]


def test_an_enquiry_from_the_first_conversation_to_how_it_was(house: OpenHouse) -> None:
    reference = "SA/2026/17"
    enquiry_id = enquiring.open_enquiry(house.store, reference, datetime.now(UTC))

    first = Held(house, reference, Stage.FIRST, Speaker.PERSON)
    first.goes({"communication": ["pictures"], "outcome": [KEY, SISTER], "more_outcomes": ["yes", "no"]})
    advocate = Held(house, reference, Stage.FIRST, Speaker.ADVOCATE)
    advocate.goes({"advocate_name": ["Bola"], "outcome": [HOME], "more_outcomes": ["no"]})

    check_in = Held(house, reference, Stage.CHECK_IN, Speaker.PERSON)
    check_in.goes(
        {"outcome_now": ["still_want", "still_want"], "anything_new": ["yes"], "outcome": [CAT]}, until="checked"
    )
    assert check_in.asked.count("communication_still") == 1
    # Told afresh from the beginning, with two outcomes of before and one of its own in the record by now.
    check_in.changes("outcome_now", 0, "say_differently")
    check_in.goes({"outcome_again": [FRONT_DOOR], "outcome_why": ["My room is safe now"]})
    assert check_in.asked.count("outcome_now") == 3
    assert check_in.asked.count("outcome") == 1

    closing = Held(house, reference, Stage.CLOSING, Speaker.PRACTITIONER)
    closing.goes(
        {
            "practitioner_name": ["Ife"],
            "happened": ["all_of_it", "no", "some_of_it"],
            "difference": ["I lock it \U0001f511", "Nothing", "He purrs"],
            "practitioner_verdict": ["all_of_it", "all_of_it", "not_sure"],
            "overall": ["some_of_it"],
        },
        until="checked",
    )
    closing.changes("happened", 2, "all_of_it")
    closing.goes({"free_to_speak": ["yes"]})
    assert closing.asked.count("practitioner_verdict") == 3

    later = Held(house, reference, Stage.CLOSING, Speaker.ADVOCATE)
    later.goes({"happened": ["no"], "difference": ["She cries for home"], "overall": ["no"]})

    enquiring.close(house.store, reference, datetime.now(UTC))
    experience = Held(house, reference, Stage.EXPERIENCE, Speaker.PERSON)
    experience.goes({"listened_to": ["yes_a_lot"], "tell_in_charge": ["Listen sooner"], "may_quote": ["no"]})

    view = enquiring.look_at(house.store, reference)
    key, sister, home, cat = view.outcomes
    assert wordings(key) == [("person", KEY, ()), ("person", FRONT_DOOR, ("My room is safe now",))]
    assert verdicts(key) == [
        ("check-in", "person", "say_differently", ()),
        ("closing", "practitioner", "all_of_it", ("I lock it \U0001f511",)),
    ]
    assert wordings(sister) == [("person", SISTER, ())]
    assert verdicts(sister)[1:] == [("closing", "practitioner", "no", ("Nothing",))]
    assert wordings(cat) == [("person", CAT, ())]
    assert verdicts(cat) == [("closing", "practitioner", "all_of_it", ("He purrs",))]
    assert [[one.value for one in outcome.own_verdicts] for outcome in (key, sister, cat)] == [
        ["all_of_it"],
        ["all_of_it"],
        ["not_sure"],
    ]
    assert wordings(home) == [("advocate", HOME, ())]
    assert verdicts(home) == [("closing", "advocate", "no", ("She cries for home",))]
    assert [outcome.status for outcome in view.outcomes] == [
        Status.HAPPENED,
        Status.SAID,
        Status.SAID,
        Status.HAPPENED,
    ]
    assert [(voice, proposal and proposal.achieved) for voice, proposal in view.proposals.items()] == [
        (Voice.PERSON, Achieved.PARTLY),
        (Voice.ADVOCATE, Achieved.NOT),
    ]
    person = view.proposals[Voice.PERSON]
    assert person is not None
    assert person.from_person

    exported: Any = export_enquiry(house.store, enquiry_id)
    assert [(one["stage"], one["speaker"]) for one in exported["conversations"]] == [
        ("first", "person"),
        ("first", "advocate"),
        ("check-in", "person"),
        ("closing", "practitioner"),
        ("closing", "advocate"),
        ("experience", "person"),
    ]
    records = {one["id"]: one for one in exported["conversations"]}
    said = records[experience.conversation_id]
    assert [answer["words"] for answer in said["tell_in_charge"]] == [["Listen sooner"]]
    assert [answer["choice"] for answer in said["may_quote"]] == [["no"]]
    assert [answer["words"] for answer in records[closing.conversation_id]["about_practitioner"]][:1] == [["Ife"]]
    assert [answer["words"] for answer in records[advocate.conversation_id]["about_advocate"]][:1] == [["Bola"]]
    assert all(one["finished"] for one in exported["conversations"])
    assert verify(house.store) == []


def test_a_closing_before_anything_was_wanted_is_the_same_when_it_is_told_afresh(house: OpenHouse) -> None:
    reference = "SA/2026/18"
    enquiring.open_enquiry(house.store, reference, datetime.now(UTC))
    closing = Held(house, reference, Stage.CLOSING, Speaker.PERSON)
    closing.goes(
        {
            "earlier_form_outcome": [KEY, SISTER],
            "earlier_form_more_outcomes": ["yes", "no"],
            "happened": ["no", "some_of_it"],
            "difference": ["None at all", "We ring"],
        },
        until="checked",
    )
    closing.changes("happened", 0, "all_of_it")
    before = list(closing.asked)
    closing.goes({})
    assert closing.asked[: len(before)] == before
    assert not {"earlier_form_outcome", "happened", "overall"} & set(closing.asked[len(before) :])
    key, sister = enquiring.look_at(house.store, reference).outcomes
    assert verdicts(key) == [("closing", "person", "all_of_it", ("None at all",))]
    assert verdicts(sister) == [("closing", "person", "some_of_it", ("We ring",))]
    assert verify(house.store) == []


def test_what_two_practitioners_write_down_at_once_is_all_there_and_all_read_back_even_what_was_put_off(
    house: OpenHouse,
) -> None:
    reference = "SA/2026/19"
    enquiring.open_enquiry(house.store, reference, datetime.now(UTC))
    one = Held(house, reference, Stage.FIRST, Speaker.PRACTITIONER)
    two = Held(house, reference, Stage.FIRST, Speaker.PRACTITIONER)
    for said, held in ((KEY, one), (SISTER, two)):
        held.goes({"outcome": [said]}, until="outcome_sign")
    one.goes({})
    two.goes({})
    assert [outcome.now.words for outcome in enquiring.look_at(house.store, reference).outcomes] == [KEY, SISTER]
    check_in = Held(house, reference, Stage.CHECK_IN, Speaker.PRACTITIONER)
    check_in.goes(
        {
            "outcome_now": [Skip.LATER, "no_longer_want", "has_happened"],
            "outcome_difference": ["I can shut it"],
        }
    )
    key, sister = enquiring.look_at(house.store, reference).outcomes
    assert verdicts(key) == [("check-in", "practitioner", "has_happened", ("I can shut it",))]
    assert (key.status, sister.status) == (Status.HAPPENED, Status.NO_LONGER)
    assert verify(house.store) == []


def test_nobody_who_speaks_for_the_person_is_read_what_the_person_did_not_share(house: OpenHouse) -> None:
    reference = "SA/2026/20"
    enquiring.open_enquiry(house.store, reference, datetime.now(UTC))
    person = Held(house, reference, Stage.FIRST, Speaker.PERSON)
    person.goes({"communication": ["pictures"], "outcome": [KEY]})
    before = Held(house, reference, Stage.CHECK_IN, Speaker.ADVOCATE)
    before.goes({})
    assert not {"outcome_now", "communication_still"} & set(before.asked)
    person.presses(Control.SHARE)
    after = Held(house, reference, Stage.CHECK_IN, Speaker.ADVOCATE)
    after.goes({"outcome_now": ["has_happened"]})
    assert {"outcome_now", "communication_still"} <= set(after.asked)
    (key,) = enquiring.look_at(house.store, reference).outcomes
    assert verdicts(key) == [("check-in", "advocate", "has_happened", ())]
    assert key.status is Status.SAID
