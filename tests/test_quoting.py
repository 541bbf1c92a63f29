"""Quoting people: who may look, what is kept of it, and that whoever said it has the last word."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.conversation import Control, Speaker, State
from bot.enquiry import Voice
from bot.figures import Period
from bot.quotation import LEFT_OUT, Range
from bot.quoting import (
    MOST_PARTS,
    Check,
    DecidedMeanwhile,
    Decision,
    Quote,
    Reason,
    approve,
    cover,
    decided,
    leaving_out,
    look,
    open_to_decide,
    quotable,
    refuse,
    to_look_at,
)
from bot.reviewing.seeing import NotDone, Unopened
from bot.roles import Actor, NotAllowed, ProofNeeded, Role
from bot.store import AuditAct, EntryKind, Missing, Store, tables
from bot.store.verifying import verify
from tests.telling import NOON
from tests.voices import RINGS, Experience, says

EVERY_CHECK = [check.value for check in Check]
MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))


@dataclass
class Office:
    """A team, its manager, and one enquiry."""

    store: Store
    team_id: str
    other_team_id: str
    enquiry_id: str

    def actor(self, role: Role = Role.MANAGER, name: str = "Asha", *, team_id: str = "") -> Actor:
        teams = [team_id or self.team_id] if role in {Role.MANAGER, Role.PRACTITIONER} else []
        with self.store.begin() as kept:
            account_id = kept.accounts.add(
                role=role, name=name, email=f"{name}@council.example", team_ids=teams, now=NOON
            )
            kept.sessions.open(f"session of {name}", account_id, NOON)
        return Actor(account_id, role, frozenset(teams), f"session of {name}")

    def opens(self, actor: Actor, told: Experience) -> None:
        open_to_decide(self.store, actor, told.conversation_id, told.said.number, NOON)

    def leaves_out(self, actor: Actor, told: Experience, typed: str) -> tuple[Range, ...]:
        return leaving_out(self.store, actor, told.conversation_id, told.said.number, typed)

    def approves(
        self, actor: Actor, told: Experience, left_out: tuple[Range, ...] = (), latest: int = 0, token: str = "t"
    ) -> None:
        approve(
            self.store,
            actor,
            told.conversation_id,
            told.said.number,
            left_out,
            EVERY_CHECK,
            NOON,
            latest=latest,
            token=token,
        )

    def refuses(self, actor: Actor, told: Experience, latest: int = 0, token: str = "u") -> Decision:
        entry = refuse(
            self.store,
            actor,
            told.conversation_id,
            told.said.number,
            Reason.KNOWN_BY_IT,
            NOON,
            latest=latest,
            token=token,
        )
        return Decision(entry.what)

    def latest(self, actor: Actor, told: Experience) -> int:
        return look(self.store, actor, told.conversation_id, told.said.number).latest

    def quotes(self, period: Period = MARCH) -> list[str]:
        actor = Actor("a board member", Role.BOARD_MEMBER)
        return [quote.words for quote in quotable(self.store, actor, period)]


@pytest.fixture
def office(store: Store) -> Office:
    with store.begin() as kept:
        team_id, other = kept.teams.add("North team", NOON, duty=True), kept.teams.add("South team", NOON)
        enquiry_id = kept.enquiries.open(NOON, reference="SA/17")
        kept.allocations.give_team(enquiry_id, team_id, None, NOON)
    return Office(store, team_id, other, enquiry_id)


def test_words_wait_for_a_manager_who_did_not_lead(office: Office) -> None:
    told = says(office.store, office.enquiry_id, RINGS)
    manager = office.actor()
    assert [(row.conversation_id, row.turn, row.voice, row.team) for row in to_look_at(office.store, manager).rows] == [
        (told.conversation_id, told.said.number, Voice.PERSON, "North team")
    ]
    led = office.actor(name="Ruth")
    with office.store.begin() as kept:
        kept.allocations.allocate(office.enquiry_id, led.account_id, None, NOON)
        kept.allocations.unallocate(office.enquiry_id, led.account_id, None, NOON)
    assert to_look_at(office.store, led).rows == ()
    with pytest.raises(NotAllowed):
        office.opens(led, told)
    elsewhere = office.actor(name="Tom", team_id=office.other_team_id)
    assert to_look_at(office.store, elsewhere).rows == ()
    with pytest.raises(NotAllowed):
        cover(office.store, elsewhere, told.conversation_id, told.said.number)
    for role in (Role.PRACTITIONER, Role.AUDITOR, Role.BOARD_MEMBER, Role.ADVOCATE, Role.ADMINISTRATOR):
        someone = office.actor(role, role.value)
        for asked in (to_look_at, decided):
            with pytest.raises(NotAllowed):
                asked(office.store, someone)
        with pytest.raises(NotAllowed):
            office.opens(someone, told)


@pytest.mark.parametrize("enquiry", ["one", "none"])
def test_what_belongs_to_no_team_waits_for_the_one_on_duty(office: Office, enquiry: str) -> None:
    enquiry_id = None
    if enquiry == "one":
        with office.store.begin() as kept:
            enquiry_id = kept.enquiries.open(NOON, reference="SA/18")
    told = says(office.store, enquiry_id, RINGS)
    assert [row.conversation_id for row in to_look_at(office.store, office.actor()).rows] == [told.conversation_id]
    elsewhere = office.actor(name="Tom", team_id=office.other_team_id)
    assert to_look_at(office.store, elsewhere).rows == ()


def test_what_is_taken_back_elsewhere_keeps_nobody_from_being_quoted(office: Office) -> None:
    told = says(office.store, office.enquiry_id, RINGS)
    other = says(office.store, office.enquiry_id, "I would rather not.")
    assert other.asked.number == told.asked.number
    other.chooses_instead(other.asked, "no")
    assert [row.conversation_id for row in to_look_at(office.store, office.actor()).rows] == [told.conversation_id]


def test_only_a_yes_waits_and_only_once_it_is_done(office: Office) -> None:
    manager = office.actor()
    says(office.store, office.enquiry_id, "No, thank you.", may_quote="no")
    taken_back = says(office.store, office.enquiry_id, "I would rather not.")
    taken_back.takes_back(taken_back.said)
    refused = says(office.store, office.enquiry_id, "Better not.")
    refused.chooses_instead(refused.asked, "no")
    going_on = says(office.store, office.enquiry_id, "One moment.")
    going_on.is_at(State.OPEN)
    otherwise = says(office.store, office.enquiry_id, "Said in haste.")
    otherwise.says_instead(otherwise.said, "Said at leisure.")
    assert to_look_at(office.store, manager).rows == ()
    for told in (taken_back, refused, going_on, otherwise):
        with pytest.raises((Missing, NotAllowed)):
            cover(office.store, manager, told.conversation_id, told.said.number)


def test_each_wording_is_decided_by_itself(office: Office) -> None:
    told = says(office.store, office.enquiry_id, RINGS, may_quote="no")
    added = told.adds(told.said, "And thank Femi.")
    told.chooses_instead(told.asked, "yes")
    manager = office.actor()
    assert [row.turn for row in to_look_at(office.store, manager).rows] == [told.said.number, added.number]
    office.opens(manager, told)
    office.approves(manager, told)
    assert [row.turn for row in to_look_at(office.store, manager).rows] == [added.number]
    assert office.quotes() == [RINGS]


def test_reading_is_recorded_before_anything_is_seen(office: Office) -> None:
    told = says(office.store, office.enquiry_id, RINGS)
    manager = office.actor()
    with pytest.raises(Unopened):
        look(office.store, manager, told.conversation_id, told.said.number)
    with pytest.raises(Unopened):
        office.leaves_out(manager, told, "Ann")
    with pytest.raises(Unopened):
        office.approves(manager, told)
    with pytest.raises(Unopened):
        office.refuses(manager, told)
    office.opens(manager, told)
    assert look(office.store, manager, told.conversation_id, told.said.number).words == RINGS
    with office.store.reading() as seen:
        read = seen.audit.search(acts=[AuditAct.READ_QUOTE])
    assert [(one.account_id, one.conversation_id) for one in read] == [(manager.account_id, told.conversation_id)]


def test_a_restricted_enquiry_takes_a_proof(office: Office) -> None:
    told = says(office.store, office.enquiry_id, RINGS)
    with office.store.begin() as kept:
        kept.allocations.restrict(office.enquiry_id, None, NOON)
    manager = office.actor()
    with pytest.raises(ProofNeeded):
        office.opens(manager, told)
    office.opens(replace(manager, proven_at=NOON), told)


def test_parts_are_left_out_and_no_letter_is_changed(office: Office) -> None:
    told = says(office.store, office.enquiry_id, RINGS)
    manager = office.actor()
    office.opens(manager, told)
    ranges = office.leaves_out(manager, told, "ann\n\nfrom elm house\n")
    office.approves(manager, told, ranges)
    quoted = RINGS.replace("Ann", LEFT_OUT).replace("from Elm House", LEFT_OUT)
    assert office.quotes() == [quoted]
    seen = look(office.store, manager, told.conversation_id, told.said.number)
    assert seen.row.is_quoted
    assert seen.words == RINGS
    assert seen.left_out == ranges
    assert [(one.what, one.by) for one in seen.history] == [(Decision.APPROVED, "Asha")]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Anna", "line 1 does not stand"),
        ("Ann\nMabel", "line 2 does not stand"),
        (RINGS.replace("\n\n", " "), "nothing is left"),
        ("x" * 5000, "longer than"),
        ("a\n" * 50, "more than 40 lines"),
    ],
)
def test_what_cannot_be_left_out_is_said_without_repeating_it(office: Office, typed: str, said: str) -> None:
    told = says(office.store, office.enquiry_id, RINGS)
    manager = office.actor()
    office.opens(manager, told)
    with pytest.raises(NotDone, match=said) as caught:
        office.leaves_out(manager, told, typed)
    assert "Anna" not in str(caught.value)
    assert "Mabel" not in str(caught.value)


def test_more_parts_than_a_page_can_name_are_refused_and_never_forgotten(office: Office) -> None:
    told = says(office.store, office.enquiry_id, "Ann came. " * (MOST_PARTS + 1))
    manager = office.actor()
    office.opens(manager, told)
    with pytest.raises(NotDone, match=f"more than {MOST_PARTS} parts"):
        office.leaves_out(manager, told, "Ann")
    few = says(office.store, office.enquiry_id, "Ann came. " * MOST_PARTS)
    office.opens(manager, few)
    assert len(office.leaves_out(manager, few, "Ann")) == MOST_PARTS


def test_nothing_is_quoted_before_the_whole_list_was_gone_through(office: Office) -> None:
    told = says(office.store, office.enquiry_id, RINGS)
    manager = office.actor()
    office.opens(manager, told)
    at = (office.store, manager, told.conversation_id, told.said.number)
    for checked in ([], EVERY_CHECK[1:], [*EVERY_CHECK, "and more"]):
        with pytest.raises(NotDone, match="whole list"):
            approve(*at, (), checked, NOON, latest=0, token="t")
    with pytest.raises(NotDone, match="does not fit"):
        approve(*at, (Range(0, 9999),), EVERY_CHECK, NOON, latest=0, token="t")
    with pytest.raises(NotDone, match="Say why"):
        refuse(*at, "no reason", NOON, latest=0, token="t")
    assert office.quotes() == []


def test_a_decision_can_be_taken_back(office: Office) -> None:
    told = says(office.store, office.enquiry_id, RINGS)
    manager = office.actor()
    office.opens(manager, told)
    assert office.refuses(manager, told) is Decision.NOT_APPROVED
    assert office.quotes() == []
    office.approves(manager, told, latest=office.latest(manager, told))
    assert office.quotes() == [RINGS]
    other = office.actor(name="Tom")
    office.opens(other, told)
    assert office.refuses(other, told, latest=office.latest(other, told)) is Decision.WITHDRAWN
    assert office.quotes() == []
    assert [(row.turn, row.decided.what if row.decided else None) for row in decided(office.store, manager)] == [
        (told.said.number, Decision.WITHDRAWN)
    ]
    assert to_look_at(office.store, manager).rows == ()


def test_of_two_who_decide_at_once_the_second_is_told(office: Office) -> None:
    told = says(office.store, office.enquiry_id, RINGS)
    first, second = office.actor(), office.actor(name="Tom")
    office.opens(first, told)
    office.opens(second, told)
    office.approves(first, told)
    office.approves(first, told)
    with pytest.raises(DecidedMeanwhile):
        office.refuses(second, told)
    with office.store.reading() as seen:
        assert len(seen.entries.of_conversation(told.conversation_id, EntryKind.QUOTE)) == 1
    assert office.quotes() == [RINGS]


def test_the_same_button_pressed_twice_says_the_same_and_another_choice_is_not_dropped(office: Office) -> None:
    told = says(office.store, office.enquiry_id, RINGS)
    manager = office.actor()
    office.opens(manager, told)
    office.approves(manager, told, office.leaves_out(manager, told, "Ann"))
    with pytest.raises(DecidedMeanwhile):
        office.approves(manager, told, office.leaves_out(manager, told, "Ann\nElm House"), token="another window")
    quoted = office.latest(manager, told)
    assert office.refuses(manager, told, latest=quoted) is Decision.WITHDRAWN
    assert office.refuses(manager, told, latest=quoted) is Decision.WITHDRAWN
    with office.store.reading() as seen:
        assert len(seen.entries.of_conversation(told.conversation_id, EntryKind.QUOTE)) == 2


def test_whoever_said_it_has_the_last_word(office: Office) -> None:
    manager = office.actor()
    taken_back, refused, stopped, otherwise = (
        says(office.store, office.enquiry_id, f"{RINGS} {number}") for number in range(4)
    )
    for told in (taken_back, refused, stopped, otherwise):
        office.opens(manager, told)
        office.approves(manager, told)
    assert len(office.quotes()) == 4
    taken_back.takes_back(taken_back.said)
    refused.chooses_instead(refused.asked, "no")
    otherwise.says_instead(otherwise.said, "Something else.")
    assert office.quotes() == [f"{RINGS} 2"]
    stopped.presses(Control.STOP_AND_TAKE_BACK)
    assert office.quotes() == []
    seen = look(office.store, manager, taken_back.conversation_id, taken_back.said.number)
    assert (seen.words, seen.pieces, seen.row.is_quoted, seen.row.still_agreed) == ("", (), False, False)
    with pytest.raises(NotDone, match="may not be quoted any more"):
        office.approves(manager, refused, latest=office.latest(manager, refused))


def test_nothing_is_quoted_while_whoever_said_it_goes_through_it_again(office: Office) -> None:
    manager = office.actor()
    told = says(office.store, office.enquiry_id, RINGS)
    office.opens(manager, told)
    office.approves(manager, told)
    told.is_at(State.OPEN)
    assert office.quotes() == []
    told.is_at(State.FINISHED)
    assert office.quotes() == [RINGS]


def test_the_voice_of_whoever_speaks_for_somebody_stays_apart(office: Office) -> None:
    manager = office.actor()
    for speaker in (Speaker.PERSON, Speaker.ADVOCATE):
        told = says(office.store, office.enquiry_id, f"More time. {speaker}", speaker=speaker)
        office.opens(manager, told)
        office.approves(manager, told)
    quotes = quotable(office.store, manager, MARCH)
    assert {quote.words: quote.voice for quote in quotes} == {
        "More time. person": Voice.PERSON,
        "More time. advocate": Voice.ADVOCATE,
    }


def test_a_quote_tells_nothing_of_where_it_comes_from(office: Office) -> None:
    told = says(office.store, office.enquiry_id, RINGS)
    manager = office.actor()
    office.opens(manager, told)
    office.approves(manager, told, office.leaves_out(manager, told, "Ann"))
    (quote,) = quotable(office.store, manager, MARCH)
    assert isinstance(quote, Quote)
    for secret in (told.conversation_id, office.enquiry_id, "Ann did", "SA/17", "Ring"):
        assert secret not in repr(quote)


def test_a_quote_belongs_to_the_days_in_which_it_was_said(office: Office) -> None:
    manager = office.actor()
    for day in (
        datetime(2026, 2, 28, 23, tzinfo=UTC),
        datetime(2026, 3, 1, tzinfo=UTC),
        datetime(2026, 3, 31, 23, 30, tzinfo=UTC),
    ):
        told = says(office.store, office.enquiry_id, f"Said on {day.date()}.", begun_at=day)
        office.opens(manager, told)
        office.approves(manager, told)
    assert sorted(office.quotes()) == ["Said on 2026-03-01.", "Said on 2026-03-31."]
    assert office.quotes(Period(date(2025, 1, 1), date(2025, 12, 31))) == []


def test_what_was_entered_from_paper_belongs_to_the_day_that_stands_on_it(office: Office) -> None:
    manager = office.actor()
    for day in (date(2026, 2, 27), date(2026, 3, 31)):
        told = says(office.store, office.enquiry_id, f"Said on {day}.", said_on=day, begun_at=NOON + timedelta(days=40))
        office.opens(manager, told)
        office.approves(manager, told)
    assert office.quotes() == ["Said on 2026-03-31."]


def test_a_damaged_conversation_is_quoted_no_more_and_keeps_no_other_from_it(office: Office) -> None:
    manager = office.actor()
    damaged, whole = says(office.store, office.enquiry_id, f"{RINGS} 1"), says(office.store, office.enquiry_id, RINGS)
    for told in (damaged, whole):
        office.opens(manager, told)
        office.approves(manager, told)
    with office.store.writing_rows() as rows:
        row = rows.one(tables.conversations, damaged.conversation_id)
        assert row is not None
        rows.replace(tables.conversations, row, to={"head": bytes(32)})
    assert office.quotes() == [RINGS]
    assert [row.conversation_id for row in decided(office.store, manager)] == [whole.conversation_id]
    assert verify(office.store) != []


def test_only_who_may_see_the_pack_is_given_quotes(office: Office) -> None:
    for role in Role:
        actor = Actor("somebody", role)
        if role in {Role.MANAGER, Role.AUDITOR, Role.BOARD_MEMBER}:
            assert quotable(office.store, actor, MARCH) == ()
        else:
            with pytest.raises(NotAllowed):
                quotable(office.store, actor, MARCH)


def test_a_long_list_comes_in_pages_and_nothing_twice(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.quoting.ON_A_PAGE", 2)
    said = [
        says(
            office.store, office.enquiry_id, f"Number {number}", begun_at=NOON + timedelta(days=number)
        ).conversation_id
        for number in range(5)
    ]
    manager = office.actor()
    found: list[str] = []
    after = ""
    while True:
        page = to_look_at(office.store, manager, after=after)
        assert len(page.rows) <= 2
        found += [row.conversation_id for row in page.rows]
        after = page.after
        if not after:
            break
    assert found == said
    assert len(to_look_at(office.store, manager, after="none of ours").rows) == 2


def test_no_decision_holds_a_word_and_all_of_it_verifies(office: Office) -> None:
    told = says(office.store, office.enquiry_id, RINGS)
    manager = office.actor()
    office.opens(manager, told)
    office.approves(manager, told, office.leaves_out(manager, told, "from Elm House"))
    with office.store.reading() as seen:
        (entry,) = seen.entries.of_conversation(told.conversation_id, EntryKind.QUOTE)
    assert entry.words == {}
    assert "Elm" not in str(entry.choices)
    assert verify(office.store) == []
