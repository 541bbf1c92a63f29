"""What points to turns: quotes, outcomes, marks, reviews, flags; and what does not, such as drafts and enquiries."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.conversation import Colours, Preferences, Speaker, Stage, TextSize
from bot.enquiry import OutcomeReview
from bot.flags import Flag, FlagKind
from bot.outcomes import DesiredOutcome, Mark, OutcomeMark
from bot.store import (
    Code,
    Disguise,
    Draft,
    Enquiry,
    EnquiryMove,
    Invitation,
    Missing,
    Move,
    Origin,
    Quote,
    Store,
    Taken,
    Visit,
)
from bot.store.enquiries import alike
from bot.store.verifying import verify
from tests.store.filling import CANARY, COOKIE, NOON, begin, from_below, invite, say

LATER = NOON + timedelta(minutes=10)
CODE: dict[str, Any] = {"salt": b"s" * 16, "verifier": b"v" * 32, "disguise": Disguise.WORDS}


@pytest.fixture
def conversation_id(store: Store) -> str:
    """A conversation of six turns."""
    conversation_id = begin(store)
    for number in range(1, 7):
        say(store, conversation_id, f"Thing {number}")
    return conversation_id


def test_a_turn_is_quoted_once_however_often_the_action_runs(store: Store, conversation_id: str) -> None:
    for now in (NOON, LATER):
        with store.begin() as kept:
            kept.quotes.quote(conversation_id, "wish", 2, now)
            kept.quotes.quote(conversation_id, "feeling", 1, now)
            kept.quotes.quote(conversation_id, "feeling", 2, now)
    with store.reading() as seen:
        assert seen.quotes.of(conversation_id) == (
            Quote("feeling", 1, NOON),
            Quote("feeling", 2, NOON),
            Quote("wish", 2, NOON),
        )
        assert seen.quotes.of("0" * 32) == ()


def test_a_desired_outcome_is_kept_once_however_often_the_action_runs(store: Store, conversation_id: str) -> None:
    for now in (NOON, LATER):
        with store.begin() as kept:
            kept.outcomes.desire(conversation_id, 4, now)
            kept.outcomes.desire(conversation_id, 1, now, sign_turn=2, weight_turn=3)
    with store.reading() as seen:
        assert seen.outcomes.desired(conversation_id) == (
            DesiredOutcome(4, None, None, NOON),
            DesiredOutcome(1, 2, 3, NOON),
        )


def test_of_a_desired_outcome_what_was_said_last_stands(store: Store, conversation_id: str) -> None:
    said = [(2, 3), (5, 3), (5, 6), (2, 3), (2, 3), (None, None)]
    for number, (sign, weight) in enumerate(said):
        with store.begin() as kept:
            kept.outcomes.desire(
                conversation_id, 1, NOON + timedelta(minutes=number), sign_turn=sign, weight_turn=weight
            )
            assert [(one.sign_turn, one.weight_turn) for one in kept.outcomes.desired(conversation_id)] == [
                (sign, weight)
            ]
    assert verify(store) == []


def test_a_mark_is_kept_once_for_each_turn_that_says_it(store: Store, conversation_id: str) -> None:
    for now in (NOON, LATER):
        with store.begin() as kept:
            kept.outcomes.mark(conversation_id, Mark.RANK, 1, value="1", turn=4, now=now)
            kept.outcomes.mark(conversation_id, Mark.RANK, 1, value="2", turn=5, now=now)
            kept.outcomes.mark(conversation_id, Mark.PLAN, 1, value="a", turn=4, now=now)
            kept.outcomes.mark(conversation_id, Mark.APART, 2, value="", turn=4, now=now)
    with store.begin() as kept:
        kept.outcomes.mark(conversation_id, Mark.RANK, 1, value="3", turn=5, now=LATER)
    with store.reading() as seen:
        assert seen.outcomes.marks(conversation_id) == (
            OutcomeMark(Mark.RANK, 1, "1", 4, NOON),
            OutcomeMark(Mark.RANK, 1, "3", 5, LATER),
            OutcomeMark(Mark.PLAN, 1, "a", 4, NOON),
            OutcomeMark(Mark.APART, 2, "", 4, NOON),
        )


def test_of_what_is_said_of_an_earlier_outcome_the_last_stands_and_saying_it_again_adds_nothing(
    store: Store, conversation_id: str, file: Path
) -> None:
    for now in (NOON, LATER):
        with store.begin() as kept:
            kept.reviews.keep(conversation_id, "3c95edc7_53", now, said_turn=1, again_turn=2, why_turn=3)
            kept.reviews.keep(conversation_id, "3c95edc7_7", now, said_turn=4, difference_turn=5, own_turn=6)
    with store.reading() as seen:
        assert seen.reviews.of(conversation_id) == (
            OutcomeReview("3c95edc7_53", 1, 2, 3, None, None, NOON),
            OutcomeReview("3c95edc7_7", 4, None, None, 5, 6, NOON),
        )
        assert seen.reviews.of("0" * 32) == ()
    with store.begin() as kept:
        kept.reviews.keep(conversation_id, "3c95edc7_53", LATER, said_turn=1)
        assert kept.reviews.of(conversation_id)[0] == OutcomeReview("3c95edc7_53", 1, None, None, None, None, LATER)
    with from_below(file) as below:
        assert below.execute("SELECT count(*) FROM outcome_reviews").fetchall() == [(3,)]
    assert verify(store) == []


def test_a_flag_is_raised_once_for_each_turn(store: Store, conversation_id: str) -> None:
    for now in (NOON, LATER):
        with store.begin() as kept:
            kept.flags.raise_flag(conversation_id, FlagKind.ADVOCATE_WANTED, 3, now)
            kept.flags.raise_flag(conversation_id, FlagKind.IN_DANGER_NOW, 2, now)
    with store.reading() as seen:
        assert seen.flags.of(conversation_id) == (
            Flag(FlagKind.IN_DANGER_NOW, 2, NOON),
            Flag(FlagKind.ADVOCATE_WANTED, 3, NOON),
        )
        assert seen.flags.has(conversation_id, FlagKind.IN_DANGER_NOW)
        assert not seen.flags.has(conversation_id, FlagKind.STOPPED_EARLY)


def test_nothing_can_quote_a_turn_that_is_not_there(store: Store, conversation_id: str) -> None:
    with pytest.raises(Missing), store.begin() as kept:
        kept.quotes.quote(conversation_id, "wish", 7, NOON)
    with pytest.raises(Missing), store.begin() as kept:
        kept.outcomes.desire(conversation_id, 1, NOON, sign_turn=7)
    with pytest.raises(Missing), store.begin() as kept:
        kept.outcomes.mark(conversation_id, Mark.RANK, 7, value="1", turn=1, now=NOON)
    for turn in ("said_turn", "again_turn", "why_turn", "difference_turn", "own_turn"):
        with pytest.raises(Missing), store.begin() as kept:
            kept.reviews.keep(conversation_id, "3c95edc7_53", NOON, **{"said_turn": 1, turn: 7})
    with pytest.raises(Missing), store.begin() as kept:
        kept.flags.raise_flag("0" * 32, FlagKind.STOPPED_EARLY, 1, NOON)


def test_a_draft_is_kept_for_each_place_until_it_is_dropped(store: Store, conversation_id: str) -> None:
    with store.begin() as kept:
        kept.drafts.keep(conversation_id, for_turn=5, words="I thi", now=NOON)
        kept.drafts.keep(conversation_id, for_turn=5, words="I think\0 \ud800", now=LATER)
        kept.drafts.keep(conversation_id, for_turn=2, words=" ", now=NOON)
    with store.reading() as seen:
        assert seen.drafts.find(conversation_id, 5) == Draft(5, "I think\0 \ud800", LATER)
        assert seen.drafts.find(conversation_id, 2) == Draft(2, " ", NOON)
        assert seen.drafts.find(conversation_id, 3) is None
    assert verify(store) == []
    with store.begin() as kept:
        kept.drafts.drop(conversation_id, 5)
        kept.drafts.drop(conversation_id, 5)
        assert kept.drafts.find(conversation_id, 5) is None
        assert kept.drafts.find(conversation_id, 2) is not None
    with pytest.raises(Missing), store.begin() as kept:
        kept.drafts.keep("0" * 32, for_turn=5, words="", now=NOON)


def test_a_draft_holds_what_was_typed_in_each_box(store: Store, conversation_id: str) -> None:
    with store.begin() as kept:
        kept.drafts.keep(conversation_id, for_turn=5, words="", note="\0 A note ", now=NOON)
        assert kept.drafts.find(conversation_id, 5) == Draft(5, "", NOON, note="\0 A note ")
        kept.drafts.keep(conversation_id, for_turn=5, words="My key", original=" Anahtarım\n", now=LATER)
    with store.reading() as seen:
        assert seen.drafts.find(conversation_id, 5) == Draft(5, "My key", LATER, original=" Anahtarım\n")
    assert verify(store) == []


def test_many_enquiries_are_read_at_once(store: Store) -> None:
    with store.begin() as kept:
        named = [kept.enquiries.open(NOON, reference=f"Enquiry {number}") for number in range(3)]
        nameless = kept.enquiries.open(LATER)
        kept.enquiries.close(nameless, LATER)
        found = kept.enquiries.all_of([*named, nameless, nameless, "0" * 32])
        assert found == {enquiry_id: kept.enquiries.get(enquiry_id) for enquiry_id in (*named, nameless)}
        assert kept.enquiries.all_of([]) == {}


def test_an_enquiry_is_known_by_its_reference(store: Store) -> None:
    with store.begin() as kept:
        one = kept.enquiries.open(NOON, reference=CANARY)
        other = kept.enquiries.open(LATER)
        kept.enquiries.close(other, LATER)
    with store.reading() as seen:
        assert seen.enquiries.get(one) == Enquiry(one, CANARY, NOON, None)
        assert seen.enquiries.listed() == (Enquiry(one, CANARY, NOON, None), Enquiry(other, None, LATER, LATER))
    with pytest.raises(Missing), store.begin() as kept:
        kept.enquiries.close("0" * 32, NOON)
    with pytest.raises(Missing), store.begin() as kept:
        kept.enquiries.reopen("0" * 32, NOON)


def test_an_enquiry_closed_and_opened_again_keeps_what_became_of_it(store: Store) -> None:
    with store.begin() as kept:
        enquiry_id = kept.enquiries.open(NOON)
    moves = [EnquiryMove(Move.OPENED, NOON)]
    for days in (1, 3):
        closed, reopened = NOON + timedelta(days=days), NOON + timedelta(days=days + 1)
        for now in (closed, closed + timedelta(hours=1)):
            with store.begin() as kept:
                kept.enquiries.close(enquiry_id, now)
                assert kept.enquiries.get(enquiry_id).closed_at == closed
        for now in (reopened, reopened + timedelta(hours=1)):
            with store.begin() as kept:
                kept.enquiries.reopen(enquiry_id, now)
                assert kept.enquiries.get(enquiry_id).closed_at is None
        moves += [EnquiryMove(Move.CLOSED, closed), EnquiryMove(Move.REOPENED, reopened)]
    with store.reading() as seen:
        assert seen.enquiries.moves(enquiry_id) == tuple(moves)
        with pytest.raises(Missing):
            seen.enquiries.moves("0" * 32)
    assert verify(store) == []


@pytest.mark.parametrize(
    "again", ["ASC 17/2026", "asc 17/2026", "  ASC  17/2026\n", "\uff21\uff33\uff23 17/2026", "ASC\u00a017/2026"]
)
def test_no_two_enquiries_have_one_reference_however_it_is_written(store: Store, again: str) -> None:
    with store.begin() as kept:
        enquiry_id = kept.enquiries.open(NOON, reference="ASC 17/2026")
    with store.begin() as kept:
        found = kept.enquiries.find(again)
        assert found == Enquiry(enquiry_id, "ASC 17/2026", NOON, None)
        with pytest.raises(Taken):
            kept.enquiries.open(NOON, reference=again)
        for other in ("ASC 17/2027", "ASC17/2026", ""):
            assert kept.enquiries.find(other) is None
        kept.enquiries.open(NOON)
        kept.enquiries.open(NOON)
    assert verify(store) == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(references=st.lists(st.text(st.characters(exclude_categories=())), max_size=4))
def test_whatever_a_team_calls_its_enquiries_each_is_kept_as_given_and_found(
    store: Store, references: list[str]
) -> None:
    with store.begin() as kept:
        for reference in references:
            there = kept.enquiries.find(reference)
            if there is None:
                enquiry_id = kept.enquiries.open(NOON, reference=reference)
                assert kept.enquiries.find(reference) == Enquiry(enquiry_id, reference, NOON, None)
            else:
                assert there.reference is not None
                assert alike(there.reference) == alike(reference)


def test_a_reference_opened_by_two_at_once_is_one_enquiry(store: Store) -> None:
    outcomes: list[str] = []

    def open_it() -> None:
        try:
            with store.begin() as kept:
                kept.enquiries.open(NOON, reference="ASC 17/2026")
        except Taken:
            outcomes.append("taken")
        else:
            outcomes.append("opened")

    both = [threading.Thread(target=open_it) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(outcomes) == ["opened", "taken"]


def test_nothing_of_a_reference_lies_open(store: Store, file: Path) -> None:
    with store.begin() as kept:
        enquiry_id = kept.enquiries.open(NOON, reference=CANARY)
        invite(kept, enquiry_id)
    with from_below(file) as below:
        every = [
            value
            for table in ("enquiries", "enquiry_references", "enquiry_moves", "invitations")
            for row in below.execute(f"SELECT * FROM {table}")
            for value in row
        ]
    assert not any("Oyelaran" in str(value) for value in every)


# --- invitations -----------------------------------------------------------------------------------------------------


@pytest.fixture
def enquiry_id(store: Store) -> str:
    """An enquiry to be invited to."""
    with store.begin() as kept:
        return kept.enquiries.open(NOON, reference="ASC 17/2026")


def test_an_invitation_is_found_by_its_bucket_until_it_is_used(
    store: Store, enquiry_id: str, conversation_id: str
) -> None:
    with store.begin() as kept:
        invitation_id = invite(kept, enquiry_id, contact=" yes, by letter\0\ud800 ")
    invited = Invitation(
        invitation_id,
        enquiry_id,
        Stage.CHECK_IN,
        Speaker.ADVOCATE,
        Origin.PAGE,
        " yes, by letter\0\ud800 ",
        NOON,
        NOON + timedelta(days=14),
        4711,
        b"s" * 16,
        b"v" * 32,
        None,
        None,
        None,
        None,
    )
    with store.reading() as seen:
        assert seen.invitations.find(4711) == seen.invitations.get(invitation_id) == invited
        assert seen.invitations.of(enquiry_id) == (invited,)
        assert seen.invitations.find(4712) is None
        assert seen.invitations.of("0" * 32) == ()
    with store.begin() as kept:
        kept.invitations.use(invitation_id, LATER, conversation_id=conversation_id, begun_with="this page")
        assert kept.invitations.find(4711) is None
        used = kept.invitations.get(invitation_id)
    assert (used.used_at, used.conversation_id, used.begun_with) == (LATER, conversation_id, "this page")
    assert (used.bucket, used.salt, used.verifier, used.ended_at) == (None, None, None, None)
    assert used.contact == invited.contact
    assert verify(store) == []


def test_an_invitation_is_used_once(store: Store, enquiry_id: str, conversation_id: str) -> None:
    other = begin(store, enquiry_id=enquiry_id)
    with store.begin() as kept:
        used, ended = (invite(kept, enquiry_id, bucket=bucket) for bucket in (1, 2))
        kept.invitations.use(used, NOON, conversation_id=conversation_id, begun_with="this page")
        kept.invitations.end(ended, NOON)
    for invitation_id in (used, ended):
        with pytest.raises(Taken), store.begin() as kept:
            kept.invitations.use(invitation_id, LATER, conversation_id=other, begun_with="another page")
    with store.begin() as kept:
        kept.invitations.end(used, LATER)
        kept.invitations.end(ended, LATER)
        assert [one.ended_at for one in map(kept.invitations.get, (used, ended))] == [None, NOON]
        assert kept.invitations.get(used).conversation_id == conversation_id


def test_an_invitation_that_can_no_longer_be_tried_frees_its_bucket(
    store: Store, enquiry_id: str, conversation_id: str
) -> None:
    with store.begin() as kept:
        kept.invitations.use(invite(kept, enquiry_id), NOON, conversation_id=conversation_id, begun_with="a page")
        kept.invitations.end(invite(kept, enquiry_id), NOON)
        invite(kept, enquiry_id)
        with pytest.raises(Taken):
            invite(kept, enquiry_id)
    assert verify(store) == []


def test_nobody_is_invited_to_what_there_is_not(store: Store, enquiry_id: str) -> None:
    with pytest.raises(Missing), store.begin() as kept:
        invite(kept, "0" * 32)
    with pytest.raises(Missing), store.begin() as kept:
        kept.invitations.use(invite(kept, enquiry_id), NOON, conversation_id="0" * 32, begun_with="a page")
    with store.begin() as kept:
        for verb in (kept.invitations.get, lambda one: kept.invitations.end(one, NOON)):
            with pytest.raises(Missing):
                verb("0" * 32)
    for bucket in (-1, 1 << 20):
        with pytest.raises(ValueError, match="20 bits"), store.begin() as kept:
            invite(kept, enquiry_id, bucket=bucket)


# --- what makes the pages easier -------------------------------------------------------------------------------------


def test_what_makes_the_pages_easier_is_remembered_and_can_be_changed(store: Store, conversation_id: str) -> None:
    other = begin(store)
    chosen = Preferences(TextSize.BIGGER, Colours.YELLOW_ON_BLACK, pictures=False, read_aloud=True)
    for preferences in (chosen, Preferences(simpler=True, one_at_a_time=True)):
        with store.begin() as kept:
            kept.preferences.keep(conversation_id, preferences, NOON)
        with store.reading() as seen:
            assert seen.preferences.find(conversation_id) == preferences
            assert seen.preferences.find(other) == Preferences()
    assert verify(store) == []
    with pytest.raises(Missing), store.begin() as kept:
        kept.preferences.keep("0" * 32, chosen, NOON)


# --- visits and codes ------------------------------------------------------------------------------------------------


def test_a_visit_is_found_by_its_cookie_and_ends_for_good(store: Store, conversation_id: str) -> None:
    with store.begin() as kept:
        kept.visits.open(COOKIE, conversation_id, NOON, idle_minutes=30)
        kept.visits.seen(COOKIE, LATER)
        kept.visits.seen(COOKIE, NOON)
        kept.visits.let_idle(COOKIE, 120)
    with store.reading() as seen:
        assert seen.visits.find(COOKIE) == Visit(conversation_id, NOON, LATER, 120, None)
        assert seen.visits.find("another") is None
    for now in (LATER, LATER + timedelta(hours=1)):
        with store.begin() as kept:
            kept.visits.end(COOKIE, now)
            kept.visits.end("another", now)
    with store.reading() as seen:
        assert seen.visits.find(COOKIE) == Visit(conversation_id, NOON, LATER, 120, LATER)
    with pytest.raises(Missing), store.begin() as kept:
        kept.visits.seen("another", NOON)
    with pytest.raises(Missing), store.begin() as kept:
        kept.visits.open("another", "0" * 32, NOON, idle_minutes=30)
    with pytest.raises(Taken), store.begin() as kept:
        kept.visits.open(COOKIE, conversation_id, NOON, idle_minutes=30)


def test_all_visits_to_a_conversation_can_be_ended_and_dropped(store: Store, conversation_id: str) -> None:
    other = begin(store)
    with store.begin() as kept:
        for cookie, one in (("1", conversation_id), ("2", conversation_id), ("3", other)):
            kept.visits.open(cookie, one, NOON, idle_minutes=30)
        kept.visits.end("1", NOON)
        kept.visits.end_all(conversation_id, LATER)
    with store.begin() as kept:
        ended = [visit.ended_at for cookie in "123" if (visit := kept.visits.find(cookie)) is not None]
        assert ended == [NOON, LATER, None]
        kept.visits.drop_over(before=LATER)
        assert [kept.visits.find(cookie) is None for cookie in "123"] == [True, False, False]
        kept.visits.drop_over(before=NOON + timedelta(minutes=30))
        assert [kept.visits.find(cookie) is None for cookie in "123"] == [True, True, False]
        kept.visits.drop_over(before=NOON + timedelta(minutes=31))
        assert [kept.visits.find(cookie) is None for cookie in "123"] == [True, True, True]


def test_a_code_is_found_by_its_bucket_until_it_ends(store: Store, conversation_id: str) -> None:
    with store.begin() as kept:
        code_id = kept.codes.add(conversation_id, NOON, bucket=4711, **CODE)
        kept.codes.used(code_id, LATER)
    expected = Code(code_id, conversation_id, 4711, b"s" * 16, b"v" * 32, Disguise.WORDS, NOON, LATER)
    with store.reading() as seen:
        assert seen.codes.find(4711) == expected
        assert seen.codes.of(conversation_id) == (expected,)
        assert seen.codes.find(4712) is None
    with store.begin() as kept:
        kept.codes.end_all(conversation_id, LATER)
        assert kept.codes.find(4711) is None
        assert kept.codes.of(conversation_id) == ()


def test_an_ended_code_leaves_nothing_to_try_and_frees_its_bucket(
    store: Store, conversation_id: str, file: Any
) -> None:
    with store.begin() as kept:
        kept.codes.add(conversation_id, NOON, bucket=4711, **CODE)
        kept.codes.end_all(conversation_id, LATER)
        kept.codes.add(conversation_id, LATER, bucket=4711, **CODE)
        kept.codes.end_all(conversation_id, LATER)
    with from_below(file) as below:
        assert below.execute("SELECT bucket, salt, verifier FROM codes").fetchall() == [(None, None, None)] * 2
    assert verify(store) == []


def test_a_bucket_that_is_taken_is_said(store: Store, conversation_id: str) -> None:
    with store.begin() as kept:
        kept.codes.add(conversation_id, NOON, bucket=4711, **CODE)
    with pytest.raises(Taken), store.begin() as kept:
        kept.codes.add(conversation_id, NOON, bucket=4711, **CODE)
    for bucket in (-1, 1 << 20):
        with pytest.raises(ValueError, match="20 bits"), store.begin() as kept:
            kept.codes.add(conversation_id, NOON, bucket=bucket, **CODE)


def test_wrong_codes_are_counted_by_network_and_in_all(store: Store) -> None:
    with store.begin() as kept:
        for minute in range(5):
            kept.attempts.count_wrong("here", NOON + timedelta(minutes=minute))
            kept.attempts.count_wrong("here", NOON + timedelta(minutes=minute))
        kept.attempts.count_wrong("there", NOON)
    with store.reading() as seen:
        assert seen.attempts.wrong(NOON) == 11
        assert seen.attempts.wrong(NOON, network="here") == 10
        assert seen.attempts.wrong(NOON + timedelta(minutes=3), network="here") == 4
        assert seen.attempts.wrong(NOON, network="nowhere") == 0
        last = seen.attempts.last_wrong_at(NOON, network="here")
        assert last == NOON.replace(microsecond=0) + timedelta(minutes=4)
        assert seen.attempts.last_wrong_at(NOON, network="nowhere") is None
    with store.begin() as kept:
        kept.attempts.drop(before=NOON + timedelta(minutes=4))
        assert kept.attempts.wrong(NOON) == 2
