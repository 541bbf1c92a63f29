"""Enquiries and invitations: each code begins one conversation, once, and all that cannot be used look alike."""

import asyncio
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import segno
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.codes import NETWORK_WRONG, draw, shown
from bot.conversation import Kind, Speaker, Stage
from bot.enquiring import (
    LONGEST_DAYS,
    TIME_TO_BEGIN,
    VALID_DAYS,
    Invited,
    NotDone,
    accept,
    begin_invited,
    close,
    invite,
    join,
    open_enquiry,
    qr_code,
    reopen,
    withdraw,
)
from bot.returning import come_back
from bot.store import Conversation, Disguise, Invitation, Missing, Origin, Store
from bot.store.verifying import verify
from tests.store.filling import rows_below
from tests.talking import NOW
from tests.threshold import HOME, LIBRARY, WORDS, Threshold

REFERENCE = "SA/2026/17"
SAFE = "yes, by letter to her sister"


@pytest.fixture
def at(store: Store) -> Threshold:
    return Threshold(store)


@pytest.fixture
def enquiry_id(store: Store) -> str:
    return open_enquiry(store, REFERENCE, NOW)


async def invited(at: Threshold, *, stage: Stage = Stage.FIRST, **more: Any) -> Invited:
    """Somebody is invited to the enquiry of these tests."""
    return await invite(at.door, REFERENCE, stage, Speaker.PERSON, SAFE, NOW, **more)


async def begins(store: Store, one: Invited, begun_with: str = "page 1", now: datetime = NOW) -> str | None:
    return await begin_invited(store, one.invitation_id, begun_with, now, interview_version="the one of March")


def conversations(store: Store, enquiry_id: str) -> list[Conversation]:
    with store.reading() as seen:
        return list(seen.conversations.listed(enquiry_id=enquiry_id))


def invitations(store: Store, enquiry_id: str) -> list[Invitation]:
    with store.reading() as seen:
        return list(seen.invitations.of(enquiry_id))


def everything_kept(store: Store) -> str:
    """Write out every row of every table, as it lies there."""
    database = store.engine.url.database
    assert database is not None
    return repr(rows_below(Path(database)))


def wrong_codes(store: Store) -> int:
    with store.reading() as seen:
        return seen.attempts.wrong(NOW - timedelta(days=365))


# --- enquiries -------------------------------------------------------------------------------------------------------


def test_an_enquiry_is_found_by_the_reference_that_the_team_gave_it(store: Store, enquiry_id: str) -> None:
    with store.reading() as seen:
        found = seen.enquiries.find(REFERENCE)
    assert found is not None
    assert (found.enquiry_id, found.reference, found.opened_at, found.closed_at) == (enquiry_id, REFERENCE, NOW, None)


def test_no_two_enquiries_have_one_reference_not_even_when_one_is_closed(store: Store, enquiry_id: str) -> None:
    with pytest.raises(NotDone, match="already"):
        open_enquiry(store, REFERENCE, NOW)
    close(store, REFERENCE, NOW)
    with pytest.raises(NotDone, match="already"):
        open_enquiry(store, REFERENCE, NOW)
    with store.reading() as seen:
        assert [one.enquiry_id for one in seen.enquiries.listed()] == [enquiry_id]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(reference=st.text(st.characters(exclude_categories=()), min_size=1, max_size=60))
def test_a_reference_may_be_anything_that_can_be_written(store: Store, reference: str) -> None:
    if not reference.strip():
        with pytest.raises(NotDone, match="needs a reference"):
            open_enquiry(store, reference, NOW)
        return
    with store.reading() as seen:
        there = seen.enquiries.find(reference)
    enquiry_id = there.enquiry_id if there is not None else open_enquiry(store, reference, NOW)
    with store.reading() as seen:
        found = seen.enquiries.find(reference)
        assert found is not None
        assert found.enquiry_id == enquiry_id
        assert there is not None or found.reference == reference


def test_a_reference_lies_in_the_database_for_nobody_to_read(store: Store) -> None:
    open_enquiry(store, "Mrs Oyelaran of Northtown", NOW)
    lies_there = everything_kept(store)
    assert "'enquiries'" in lies_there
    for part in ("Oyelaran", "oyelaran", "Northtown", "northtown"):
        assert part not in lies_there


def test_an_enquiry_is_closed_and_opened_again_and_each_time_is_remembered(store: Store, enquiry_id: str) -> None:
    for days, do in ((10, close), (20, reopen), (30, close)):
        do(store, REFERENCE, NOW + timedelta(days=days))
    with store.reading() as seen:
        moves = [(move.move.value, (move.at - NOW).days) for move in seen.enquiries.moves(enquiry_id)]
        assert seen.enquiries.get(enquiry_id).closed_at == NOW + timedelta(days=30)
    assert moves == [("opened", 0), ("closed", 10), ("reopened", 20), ("closed", 30)]


def test_what_is_closed_or_open_already_is_said_and_stays_as_it_is(store: Store, enquiry_id: str) -> None:
    with pytest.raises(NotDone, match=r"is open\. Nothing was changed"):
        reopen(store, REFERENCE, NOW)
    close(store, REFERENCE, NOW)
    with pytest.raises(NotDone, match="closed already"):
        close(store, REFERENCE, NOW + timedelta(days=1))
    with store.reading() as seen:
        assert seen.enquiries.get(enquiry_id).closed_at == NOW


async def test_an_enquiry_that_there_is_not_is_named_by_what_to_do_and_never_by_its_reference(
    at: Threshold, store: Store
) -> None:
    with store.begin() as kept:
        conversation_id = kept.conversations.begin(
            stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=NOW, interview_version="the one of March"
        )
    asked: list[Callable[[], object]] = [
        lambda: close(store, REFERENCE, NOW),
        lambda: reopen(store, REFERENCE, NOW),
        lambda: join(store, conversation_id, REFERENCE),
        lambda: withdraw(store, REFERENCE, 1, NOW),
    ]
    refused = []
    for ask in asked:
        with pytest.raises(NotDone) as error:
            ask()
        refused.append(str(error.value))
    with pytest.raises(NotDone) as error:
        await invited(at)
    assert {*refused, str(error.value)} == {
        "There is no enquiry with this reference. `enquiry list` shows those that there are."
    }


# --- joining ---------------------------------------------------------------------------------------------------------


def began_alone(store: Store) -> str:
    """Somebody came by themselves and said something."""
    with store.begin() as kept:
        conversation_id = kept.conversations.begin(
            stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=NOW, interview_version="the one of March"
        )
        asked = kept.conversations.add(
            conversation_id, speaker=Speaker.BOT, kind=Kind.QUESTION, said_at=NOW, asked="feelings", words="How?"
        )
        kept.conversations.add(
            conversation_id,
            speaker=Speaker.PERSON,
            kind=Kind.WORDS,
            said_at=NOW,
            asked="feelings",
            answers=asked.number,
            words="I feel tired",
        )
    return conversation_id


def test_a_conversation_that_somebody_began_by_themselves_is_joined_with_every_seal_and_chain_as_it_was(
    store: Store, enquiry_id: str
) -> None:
    conversation_id = began_alone(store)
    with store.reading() as seen:
        before, words = seen.conversations.get(conversation_id), seen.conversations.turns(conversation_id)
    join(store, conversation_id, REFERENCE)
    with store.reading() as seen:
        after = seen.conversations.get(conversation_id)
        assert seen.conversations.turns(conversation_id) == words
    assert (after.enquiry_id, after.head) == (enquiry_id, before.head)
    assert verify(store) == []


def test_a_joined_conversation_goes_on_and_its_chain_with_it(store: Store, enquiry_id: str) -> None:
    conversation_id = began_alone(store)
    join(store, conversation_id, REFERENCE)
    with store.begin() as kept:
        kept.conversations.add(
            conversation_id, speaker=Speaker.BOT, kind=Kind.QUESTION, said_at=NOW, asked="matters", words="What?"
        )
    assert [one.length for one in conversations(store, enquiry_id)] == [3]
    assert verify(store) == []


def test_a_conversation_stays_in_the_enquiry_that_it_belongs_to(store: Store, enquiry_id: str) -> None:
    conversation_id = began_alone(store)
    join(store, conversation_id, REFERENCE)
    open_enquiry(store, "SA/2026/18", NOW)
    with pytest.raises(NotDone, match="belongs to this enquiry already"):
        join(store, conversation_id, REFERENCE)
    with pytest.raises(NotDone, match="belongs to another enquiry"):
        join(store, conversation_id, "SA/2026/18")
    assert [one.conversation_id for one in conversations(store, enquiry_id)] == [conversation_id]


def test_only_what_there_is_can_be_joined_and_only_to_an_open_enquiry(store: Store, enquiry_id: str) -> None:
    with pytest.raises(Missing):
        join(store, "0" * 32, REFERENCE)
    conversation_id = began_alone(store)
    close(store, REFERENCE, NOW)
    with pytest.raises(NotDone, match=r"closed\. Open it again first"):
        join(store, conversation_id, REFERENCE)
    assert conversations(store, enquiry_id) == []


# --- inviting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("disguise", list(Disguise))
async def test_whoever_types_their_invitation_is_led_to_their_stage_as_who_they_are(
    at: Threshold, enquiry_id: str, disguise: Disguise
) -> None:
    one = await invite(
        at.door, REFERENCE, Stage.CHECK_IN, Speaker.ADVOCATE, SAFE, NOW, disguise=disguise, origin=Origin.PAPER
    )
    found = await accept(at.door, "\n".join(shown(one.code)).upper(), HOME, NOW)
    assert found is not None
    assert (found.invitation_id, found.enquiry_id) == (one.invitation_id, enquiry_id)
    assert (found.stage, found.speaker, found.origin) == (Stage.CHECK_IN, Speaker.ADVOCATE, Origin.PAPER)
    assert found.contact == SAFE
    assert (found.valid_until, one.valid_until) == (NOW + timedelta(days=VALID_DAYS),) * 2
    assert at.waits == []


async def test_an_invitation_lies_in_the_database_without_its_code_and_how_to_get_in_touch_is_sealed(
    at: Threshold, store: Store, enquiry_id: str
) -> None:
    one = await invited(at)
    lies_there = everything_kept(store)
    assert one.invitation_id in lies_there
    assert one.code not in lies_there
    assert "sister" not in lies_there
    assert one.code not in repr(one)


@pytest.mark.parametrize(
    "contact",
    ["yes, by letter to her sister", "Yes: text message, mornings", " YES by phone", "yes\nat the day centre"],
)
async def test_how_to_get_in_touch_is_kept_as_it_was_said(
    at: Threshold, store: Store, enquiry_id: str, contact: str
) -> None:
    await invite(at.door, REFERENCE, Stage.FIRST, Speaker.PERSON, contact, NOW)
    assert [one.contact for one in invitations(store, enquiry_id)] == [contact]


@pytest.mark.parametrize(
    ("contact", "told"),
    [
        ("no", "not safe to get in touch: somebody else might see it"),
        ("No, her son reads her post", "not safe to get in touch: somebody else might see it"),
        ("yes", "but how"),
        ("Yes.  ", "but how"),
        ("", "Say first whether it is safe"),
        ("by letter", "Say first whether it is safe"),
        ("not sure", "Say first whether it is safe"),
        ("yesterday she said so", "Say first whether it is safe"),
    ],
)
async def test_nobody_is_invited_before_it_was_said_that_it_is_safe_and_how(
    at: Threshold, store: Store, enquiry_id: str, contact: str, told: str
) -> None:
    with pytest.raises(NotDone, match=told):
        await invite(at.door, REFERENCE, Stage.FIRST, Speaker.PERSON, contact, NOW)
    assert invitations(store, enquiry_id) == []
    assert at.counting.tries == 0


@pytest.mark.parametrize("days", [-1, 0, LONGEST_DAYS + 1])
async def test_an_invitation_is_good_for_some_days_and_not_for_ever(
    at: Threshold, store: Store, enquiry_id: str, days: int
) -> None:
    with pytest.raises(NotDone, match="1 to 90 days"):
        await invited(at, valid_days=days)
    assert invitations(store, enquiry_id) == []


async def test_two_invitations_whose_codes_fall_in_one_bucket_are_both_good(
    at: Threshold, store: Store, enquiry_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one is drawn anew: what is found by 20 bits must be found by itself."""
    first, second = draw(Disguise.NUMBERS, WORDS), draw(Disguise.NUMBERS, WORDS)
    drawn = iter([first, first, second])
    monkeypatch.setattr("bot.codes.draw", lambda *_: next(drawn))
    one, two = await invited(at), await invited(at)
    assert (one.code, two.code) == (first, second)
    found = [await accept(at.door, code, HOME, NOW) for code in (first, second)]
    assert [invitation and invitation.invitation_id for invitation in found] == [one.invitation_id, two.invitation_id]


# --- what cannot be used ---------------------------------------------------------------------------------------------


async def spoil(how: str, at: Threshold) -> tuple[str, datetime]:
    """Make an invitation that cannot be used for one reason; gives what is typed, and when."""
    store = at.door.store
    one = await invited(at)
    match how:
        case "used":
            assert await begins(store, one) is not None
        case "expired":
            return one.code, one.valid_until + timedelta(seconds=1)
        case "ended":
            withdraw(store, REFERENCE, 1, NOW)
        case "guessed":
            return one.code[:-1] + str((int(one.code[-1]) + 1) % 10), NOW
        case "nonsense":
            return "let me in \0\ud800", NOW
        case "enquiry closed":
            close(store, REFERENCE, NOW)
    return one.code, NOW


CANNOT_BE_USED = ("used", "expired", "ended", "guessed", "nonsense", "enquiry closed")


@pytest.mark.parametrize("how", CANNOT_BE_USED)
async def test_whatever_the_reason_an_invitation_that_cannot_be_used_leads_nowhere_costs_the_same_and_is_counted(
    at: Threshold, store: Store, enquiry_id: str, how: str
) -> None:
    typed, now = await spoil(how, at)
    tries = at.counting.tries
    assert await accept(at.door, typed, HOME, now) is None
    assert at.counting.tries == tries + 1
    assert wrong_codes(store) == 1


@pytest.mark.parametrize("how", ["used", "guessed"])
async def test_many_that_cannot_be_used_make_the_next_try_wait_as_wrong_codes_do_and_nobody_is_locked_out(
    at: Threshold, enquiry_id: str, how: str
) -> None:
    typed, now = await spoil(how, at)
    other = await invited(at, disguise=Disguise.WORDS)
    at.have_been_wrong(NETWORK_WRONG - 1, HOME, now)
    assert await accept(at.door, typed, HOME, now) is None
    assert at.waits == []
    assert await come_back(at.door, typed, HOME, now) is None
    assert at.waits == [1]
    assert await accept(at.door, typed, HOME, now) is None
    assert at.waits == [1, 2]
    assert await accept(at.door, typed, LIBRARY, now) is None
    assert at.waits == [1, 2]
    assert await accept(at.door, other.code, HOME, now) is not None
    assert at.waits == [1, 2, 4]


async def test_the_right_one_is_not_counted(at: Threshold, store: Store, enquiry_id: str) -> None:
    one = await invited(at)
    for _ in range(3):
        assert await accept(at.door, one.code, HOME, NOW) is not None
    assert wrong_codes(store) == 0


async def test_an_invitation_is_good_until_its_last_moment(at: Threshold, enquiry_id: str) -> None:
    one = await invited(at, valid_days=1)
    assert await accept(at.door, one.code, HOME, NOW + timedelta(days=1)) is not None


async def test_an_invitation_is_no_code_to_come_back(at: Threshold, enquiry_id: str) -> None:
    one = await invited(at)
    assert await come_back(at.door, one.code, HOME, NOW) is None


async def test_an_enquiry_that_is_opened_again_takes_its_invitations_again(
    at: Threshold, store: Store, enquiry_id: str
) -> None:
    one = await invited(at)
    close(store, REFERENCE, NOW)
    assert await accept(at.door, one.code, HOME, NOW) is None
    assert await begins(store, one) is None
    with pytest.raises(NotDone, match=r"closed\. Open it again first"):
        await invited(at)
    reopen(store, REFERENCE, NOW)
    assert await accept(at.door, one.code, HOME, NOW) is not None
    assert await begins(store, one) is not None


async def test_when_all_is_over_and_closed_people_can_still_say_how_it_was_for_them(
    at: Threshold, store: Store, enquiry_id: str
) -> None:
    before = await invited(at, stage=Stage.EXPERIENCE)
    close(store, REFERENCE, NOW)
    after = await invited(at, stage=Stage.EXPERIENCE)
    for one in (before, after):
        assert await accept(at.door, one.code, HOME, NOW) is not None
        assert await begins(store, one) is not None
    assert [one.stage for one in conversations(store, enquiry_id)] == [Stage.EXPERIENCE] * 2


# --- beginning -------------------------------------------------------------------------------------------------------


async def test_an_invitation_begins_the_conversation_that_it_names_in_its_enquiry(
    at: Threshold, store: Store, enquiry_id: str
) -> None:
    one = await invite(at.door, REFERENCE, Stage.CLOSING, Speaker.PRACTITIONER, SAFE, NOW, origin=Origin.PAPER)
    conversation_id = await begin_invited(
        store,
        one.invitation_id,
        "page 1",
        NOW,
        interview_version="the one of March",
        said_on=date(2026, 2, 28),
    )
    (begun,) = conversations(store, enquiry_id)
    assert begun.conversation_id == conversation_id
    assert (begun.stage, begun.speaker, begun.origin) == (Stage.CLOSING, Speaker.PRACTITIONER, Origin.PAPER)
    assert (begun.said_on, begun.begun_at, begun.interview_version) == (date(2026, 2, 28), NOW, "the one of March")
    (used,) = invitations(store, enquiry_id)
    assert (used.used_at, used.conversation_id, used.begun_with) == (NOW, conversation_id, "page 1")
    assert verify(store) == []


async def test_pressing_twice_begins_one_conversation_and_gives_it_twice(
    at: Threshold, store: Store, enquiry_id: str
) -> None:
    one = await invited(at)
    first = await begins(store, one, "page 1")
    assert first is not None
    assert await begins(store, one, "page 1", NOW + timedelta(days=100)) == first
    assert await begins(store, one, "page 2") is None
    assert len(conversations(store, enquiry_id)) == 1


async def test_however_many_begin_at_once_one_of_them_does(at: Threshold, store: Store, enquiry_id: str) -> None:
    one = await invited(at)
    begun = await asyncio.gather(*(begins(store, one, f"page {number}") for number in range(12)))
    (conversation,) = conversations(store, enquiry_id)
    assert [found for found in begun if found is not None] == [conversation.conversation_id]
    assert verify(store) == []


async def test_whoever_typed_it_in_time_may_read_the_welcome_before_they_begin(
    at: Threshold, store: Store, enquiry_id: str
) -> None:
    slow, slower = await invited(at), await invited(at)
    at_last = slow.valid_until + TIME_TO_BEGIN
    assert await begins(store, slower, now=at_last + timedelta(seconds=1)) is None
    assert await begins(store, slow, now=at_last) is not None


async def test_what_was_ended_or_never_was_begins_nothing(at: Threshold, store: Store, enquiry_id: str) -> None:
    one = await invited(at)
    withdraw(store, REFERENCE, 1, NOW)
    assert await begins(store, one) is None
    assert await begin_invited(store, "0" * 32, "page 1", NOW, interview_version="the one of March") is None
    assert conversations(store, enquiry_id) == []


async def test_only_an_invitation_that_was_not_used_is_taken_back(at: Threshold, store: Store, enquiry_id: str) -> None:
    one = await invited(at)
    for place in (0, 2, -1):
        with pytest.raises(NotDone, match="There is no invitation"):
            withdraw(store, REFERENCE, place, NOW)
    conversation_id = await begins(store, one)
    with pytest.raises(NotDone, match="was used"):
        withdraw(store, REFERENCE, 1, NOW)
    (used,) = invitations(store, enquiry_id)
    assert (used.conversation_id, used.ended_at) == (conversation_id, None)


# --- QR --------------------------------------------------------------------------------------------------------------


def test_the_qr_code_holds_the_address_and_nothing_else() -> None:
    """Drawn once more from the address alone, it has every dark and light square where it was."""
    address = "https://words.example/invited"
    drawn = ElementTree.fromstring(qr_code(address))
    path = drawn.findall(".//{http://www.w3.org/2000/svg}path")[-1].attrib["d"]
    assert dark_squares(path) == {
        (column, row)
        for row, line in enumerate(segno.make_qr(address, error="m").matrix_iter(border=4))
        for column, is_dark in enumerate(line)
        if is_dark
    }
    assert drawn.findall(".//{http://www.w3.org/2000/svg}title") == []


def dark_squares(path: str) -> set[tuple[int, int]]:
    """Read the squares that an SVG path of horizontal strokes goes over."""
    found: set[tuple[int, int]] = set()
    x, y = 0, 0.0
    for step, across, down in re.findall(r"([Mmh])(-?[0-9.]+)(?:[ ,]?(-?[0-9.]+))?", path):
        if step == "h":
            found |= {(x + column, int(y)) for column in range(int(across))}
            x += int(across)
        elif step == "m":
            x, y = x + int(across), y + float(down)
        else:
            x, y = int(across), float(down)
    return found
