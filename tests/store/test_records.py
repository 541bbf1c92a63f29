"""What points to turns: quotes, desired outcomes, marks, flags; and drafts, enquiries, visits, codes, wrong codes."""

from datetime import timedelta
from typing import Any

import pytest

from bot.flags import Flag, FlagKind
from bot.outcomes import DesiredOutcome, Mark, OutcomeMark
from bot.store import Code, Disguise, Draft, Enquiry, Missing, Quote, Store, Taken, Visit
from bot.store.verifying import verify
from tests.store.filling import CANARY, COOKIE, NOON, begin, from_below, say

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
        kept.visits.drop_ended(before=LATER)
        assert [kept.visits.find(cookie) is None for cookie in "123"] == [True, False, False]


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
