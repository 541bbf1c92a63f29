"""Records are kept beside what was said: signed, dated, never changed, and never with a copy of anybody's words."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.conversation import Kind, Speaker, Stage
from bot.interviewing import Room, begin
from bot.project import load_records
from bot.recording import NewerRecord, blank_page, check_closing, read_record, read_records, record
from bot.records import NotFilledIn, RecordKind, Typed
from bot.reviewing.seeing import Unopened, open_enquiry_to_read
from bot.roles import Actor, NotAllowed, Role
from bot.store import AuditAct, Entry, Missing, Store
from tests.store.filling import rows_below
from tests.talking import NOW, Talk

BLANKS = load_records()
TODAY = date(2026, 3, 2)
WISH = "  I want my own key.\n\nAnd him gone. "
ASKED = {
    "state": ["declined"],
    "whom": ["person"],
    "asked_on-day": ["2"],
    "asked_on-month": ["3"],
    "asked_on-year": ["2026"],
    "asked_by": ["Ruth, social worker"],
}


@dataclass
class Office:
    """A team with an enquiry, and the people in it."""

    store: Store
    team_id: str
    enquiry_id: str

    def actor(
        self, role: Role = Role.PRACTITIONER, name: str = "Asha", *, opens: bool = True, team: bool = True
    ) -> Actor:
        with self.store.begin() as kept:
            account_id = kept.accounts.add(
                role=role, name=name, email=f"{name}@council.example", team_ids=[self.team_id] if team else [], now=NOW
            )
            kept.sessions.open(f"session of {name}", account_id, NOW)
        team_ids = frozenset([self.team_id] if team else [])
        actor = Actor(account_id, role, team_ids, f"session of {name}")
        if opens:
            open_enquiry_to_read(self.store, actor, self.enquiry_id, NOW)
        return actor

    def records(self, actor: Actor, kind: RecordKind = RecordKind.ASKED, **more: Any) -> Entry:
        """Fill a page in as it is now, and keep it."""
        known = more.pop("known", None)
        changes = more.pop("changes", None)
        if known is None:
            known = blank_page(self.store, BLANKS, actor, self.enquiry_id, kind, changes).latest
        boxes = {**ASKED, **more} if kind is RecordKind.ASKED else more
        typed = Typed({name: tuple([value] if isinstance(value, str) else value) for name, value in boxes.items()})
        return record(
            self.store, BLANKS, actor, self.enquiry_id, kind, typed, NOW, TODAY, known=known, changes=changes, token="t"
        )


@pytest.fixture
def office(store: Store) -> Office:
    with store.begin() as kept:
        team_id = kept.teams.add("North team", NOW)
        enquiry_id = kept.enquiries.open(NOW, reference="SA/17")
        kept.allocations.give_team(enquiry_id, team_id, None, NOW)
    return Office(store, team_id, enquiry_id)


async def says(room: Room, enquiry_id: str, *, finished: bool = True) -> Talk:
    """The person says what they want, from beginning to end."""
    talk = Talk(room, await begin(room, stage=Stage.FIRST, speaker=Speaker.PERSON, now=NOW, enquiry_id=enquiry_id))
    await talk.says("Tired.")
    await talk.says("My cat.")
    await talk.chooses("yes")
    await talk.says(WISH)
    number = next(turn.number for turn in await talk.turns() if turn.words == WISH)
    with room.store.begin() as kept:
        kept.outcomes.desire(talk.conversation_id, number, NOW)
    await talk.says("She would ring.")
    await talk.chooses("no")
    await talk.chooses("safe")
    if finished:
        await talk.chooses("done")
    return talk


def test_a_record_is_signed_and_dated_and_stands_in_the_audit(office: Office) -> None:
    actor = office.actor()
    entry = office.records(actor)

    found = read_records(office.store, BLANKS, actor, office.enquiry_id)
    assert [one.now.entry.number for one in found.records] == [entry.number]
    assert (entry.account_id, entry.at) == (actor.account_id, NOW)
    assert found.names.account(entry.account_id) == "Asha"
    with office.store.reading() as seen:
        acts = [(one.act, one.about) for one in seen.audit.search(enquiry_id=office.enquiry_id)]
    assert acts == [(AuditAct.CHANGED, "record.asked"), (AuditAct.READ_ENQUIRY, "")]


def test_a_change_takes_the_place_of_the_record_and_both_stay_readable(office: Office) -> None:
    actor = office.actor()
    first = office.records(actor)
    second = office.records(
        actor, changes=first.number, asked_by="Ruth and an interpreter", because="A name was missing."
    )

    _, found = read_record(office.store, BLANKS, actor, office.enquiry_id, first.number)
    assert found.now.entry.number == second.number
    assert [one.entry.number for one in found.earlier] == [first.number]
    assert second.words["because"] == "A name was missing."


def test_what_is_asked_again_on_another_day_takes_the_place_of_what_was_before(office: Office) -> None:
    actor = office.actor()
    first, second = (
        office.records(actor),
        office.records(actor, state="not_known", **dict.fromkeys(ASKED.keys() - {"state"}, ())),
    )

    assert second.replaces == first.number
    assert second.choices == {"state": ("not_known",)}


def test_who_comes_second_is_shown_the_first_and_keeps_what_they_typed(office: Office) -> None:
    first, second = office.actor(name="Asha"), office.actor(name="Ben")
    known = blank_page(office.store, BLANKS, second, office.enquiry_id, RecordKind.ASKED).latest
    theirs = office.records(first)

    with pytest.raises(NewerRecord) as raised:
        office.records(second, known=known, asked_by="Ben")

    assert [one.number for one in raised.value.entries] == [theirs.number]
    mine = office.records(second, known=theirs.number, asked_by="Ben")
    assert mine.replaces == theirs.number


def test_the_newer_record_is_shown_before_any_mistake_of_ones_own(office: Office) -> None:
    first, second = office.actor(name="Asha"), office.actor(name="Ben")
    office.records(first)

    with pytest.raises(NewerRecord):
        office.records(second, known=0, asked_by="")


def test_pressed_twice_it_is_kept_once(office: Office) -> None:
    actor = office.actor()
    first = office.records(actor, known=0)

    assert office.records(actor, known=0) == first
    assert len(read_records(office.store, BLANKS, actor, office.enquiry_id).records) == 1


def test_a_page_with_something_to_put_right_keeps_nothing(office: Office) -> None:
    actor = office.actor()
    with pytest.raises(NotFilledIn):
        office.records(actor, state=())

    assert read_records(office.store, BLANKS, actor, office.enquiry_id).records == ()


async def test_a_verdict_points_to_the_words_and_holds_no_copy_of_them(office: Office, room: Room) -> None:
    await says(room, office.enquiry_id)
    actor = office.actor()
    offered = blank_page(office.store, BLANKS, actor, office.enquiry_id, RecordKind.VERDICT).offered
    assert [one.words for one in offered] == [(WISH,)]

    entry = office.records(actor, RecordKind.VERDICT, wish=offered[0].key, happened="some_of_it")

    assert WISH not in repr(entry.words)
    assert entry.outcome_id == offered[0].outcome_id
    found = read_records(office.store, BLANKS, actor, office.enquiry_id).records[0]
    assert found.now.quotes is not None
    assert found.now.quotes.words == (WISH,)


async def test_words_that_were_taken_back_are_no_longer_shown_in_a_record(office: Office, room: Room) -> None:
    talk = await says(room, office.enquiry_id)
    actor = office.actor()
    offered = blank_page(office.store, BLANKS, actor, office.enquiry_id, RecordKind.VERDICT).offered
    entry = office.records(actor, RecordKind.VERDICT, wish=offered[0].key, happened="no")
    turn = next(one for one in await talk.turns() if one.words == WISH)
    with office.store.begin() as kept:
        kept.conversations.add(
            talk.conversation_id,
            speaker=Speaker.PERSON,
            kind=Kind.TAKEN_BACK,
            said_at=NOW,
            asked=turn.asked,
            answers=turn.answers,
            replaces=turn.number,
        )

    _, found = read_record(office.store, BLANKS, actor, office.enquiry_id, entry.number)

    assert found.now.quotes is not None
    assert found.now.quotes.is_taken_back
    assert found.now.quotes.words == ()


async def test_what_is_not_finished_is_not_offered(office: Office, room: Room) -> None:
    await says(room, office.enquiry_id, finished=False)

    assert blank_page(office.store, BLANKS, office.actor(), office.enquiry_id, RecordKind.VERDICT).offered == ()


async def test_a_wish_of_another_enquiry_cannot_be_quoted(office: Office, room: Room) -> None:
    await says(room, office.enquiry_id)
    actor = office.actor()
    offered = blank_page(office.store, BLANKS, actor, office.enquiry_id, RecordKind.VERDICT).offered
    with office.store.begin() as kept:
        other = kept.enquiries.open(NOW, reference="SA/18")
        kept.allocations.give_team(other, office.team_id, None, NOW)
    open_enquiry_to_read(office.store, actor, other, NOW)

    with pytest.raises(NotFilledIn):
        Office(office.store, office.team_id, other).records(
            actor, RecordKind.VERDICT, wish=offered[0].key, happened="no"
        )


def test_a_record_of_another_enquiry_is_not_there(office: Office) -> None:
    actor = office.actor()
    entry = office.records(actor)
    with office.store.begin() as kept:
        other = kept.enquiries.open(NOW, reference="SA/18")
        kept.allocations.give_team(other, office.team_id, None, NOW)
    open_enquiry_to_read(office.store, actor, other, NOW)

    with pytest.raises(Missing):
        read_record(office.store, BLANKS, actor, other, entry.number)
    with pytest.raises(Missing):
        blank_page(office.store, BLANKS, actor, other, RecordKind.ASKED, entry.number)


def test_nothing_is_read_or_recorded_before_the_enquiry_was_opened(office: Office) -> None:
    actor = office.actor(opens=False)
    for verb in (read_records, check_closing):
        with pytest.raises(Unopened):
            verb(office.store, BLANKS, actor, office.enquiry_id)
    with pytest.raises(Unopened):
        office.records(actor, known=0)


@pytest.mark.parametrize("role", [Role.ADVOCATE, Role.BOARD_MEMBER, Role.ADMINISTRATOR])
def test_records_are_not_for_everybody(office: Office, role: Role) -> None:
    actor = office.actor(role, opens=False)
    for verb in (read_records, check_closing):
        with pytest.raises(NotAllowed):
            verb(office.store, BLANKS, actor, office.enquiry_id)


def test_an_auditor_reads_records_and_makes_none(office: Office) -> None:
    office.records(office.actor())
    auditor = office.actor(Role.AUDITOR, "Omar", team=False)

    found = read_records(office.store, BLANKS, auditor, office.enquiry_id)
    assert len(found.records) == 1
    assert not found.may_record
    with pytest.raises(NotAllowed):
        office.records(auditor, known=0)


def test_another_team_sees_no_record(office: Office) -> None:
    office.records(office.actor())
    stranger = office.actor(name="Sam", team=False, opens=False)

    with pytest.raises(NotAllowed):
        read_records(office.store, BLANKS, stranger, office.enquiry_id)


def test_what_was_typed_lies_sealed(office: Office) -> None:
    office.records(office.actor(), asked_by="Ruth, canary-3141")
    database = office.store.engine.url.database
    assert database is not None
    assert "canary-3141" not in repr(rows_below(Path(database)))


def test_only_a_manager_may_close_from_the_checklist(office: Office) -> None:
    practitioner, manager = office.actor(), office.actor(Role.MANAGER, "Mary")

    assert not check_closing(office.store, BLANKS, practitioner, office.enquiry_id).may_close
    assert check_closing(office.store, BLANKS, manager, office.enquiry_id).may_close


def test_a_record_made_later_is_kept_after_the_clock_was_set_back(office: Office) -> None:
    actor = office.actor()
    first = office.records(actor)
    boxes = {name: tuple(value) for name, value in ASKED.items()}
    second = record(
        office.store,
        BLANKS,
        actor,
        office.enquiry_id,
        RecordKind.ASKED,
        Typed(boxes),
        NOW - timedelta(hours=1),
        TODAY,
        known=first.number,
        changes=None,
        token="other",
    )

    assert read_records(office.store, BLANKS, actor, office.enquiry_id).records[0].now.entry.number == second.number
