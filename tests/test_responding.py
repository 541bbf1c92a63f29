"""You said, we did: what was done about what people said, by whom and when, and who may say so."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

import pytest

from bot.figures import Period
from bot.project import load_themes
from bot.quoting import Check, approve, open_to_decide, quotable, refuse
from bot.responding import (
    BY,
    DAY,
    DID,
    STATE,
    THEME,
    Answered,
    ChangedMeanwhile,
    NotFilledIn,
    State,
    Typed,
    answer,
    answers,
    choices,
    respond,
    said_and_done,
)
from bot.roles import Actor, NotAllowed, Role
from bot.store import AuditAct, Deed, Missing, Store
from bot.store.verifying import verify
from tests.telling import NOON
from tests.voices import RINGS, Experience, says

THEMES = load_themes()
MARCH = Period(date(2026, 3, 1), date(2026, 3, 31))
TODAY = date(2026, 3, 20)
RANG = Typed(
    did="We ring on the day that we say.\n\nA manager looks each Friday.",
    by="The duty team",
    day="2026-03-09",
    state=State.MADE,
    theme="safer",
)


@dataclass
class Office:
    """A team, another one, and their managers."""

    store: Store
    team_id: str
    other_team_id: str
    manager: Actor
    elsewhere: Actor

    def keeps(self, typed: Typed, actor: Actor | None = None, token: str = "once", **more: object) -> Deed:
        deed_id, known = str(more.get("deed_id", "")), more.get("known", 0)
        assert isinstance(known, int)
        by = actor or self.manager
        return respond(self.store, THEMES, by, typed, NOON, TODAY, token=token, deed_id=deed_id, known=known)

    def shows(self, period: Period = MARCH) -> tuple[Answered, ...]:
        return said_and_done(self.store, Actor("a board member", Role.BOARD_MEMBER), period)

    def quotes(self) -> tuple[Experience, str]:
        """Somebody says something that is quoted from now on."""
        told = says(self.store, None, RINGS)
        at = (self.store, self.manager, told.conversation_id, told.said.number)
        open_to_decide(*at, NOON)
        approve(*at, (), [check.value for check in Check], NOON, latest=0, token="t")
        (quote,) = quotable(self.store, self.manager, MARCH)
        return told, quote.quote_id


@pytest.fixture
def office(store: Store) -> Office:
    with store.begin() as kept:
        team_id, other = kept.teams.add("North team", NOON, duty=True), kept.teams.add("South team", NOON)
        actors = []
        for name, team in (("Asha", team_id), ("Tom", other)):
            account_id = kept.accounts.add(
                role=Role.MANAGER, name=name, email=f"{name}@council.example", team_ids=[team], now=NOON
            )
            kept.sessions.open(f"session of {name}", account_id, NOON)
            actors.append(Actor(account_id, Role.MANAGER, frozenset({team}), f"session of {name}"))
    return Office(store, team_id, other, *actors)


def test_what_was_done_about_a_theme_is_shown_as_it_was_written(office: Office) -> None:
    office.keeps(replace(RANG, team_id=office.team_id))
    (shown,) = office.shows()
    assert (shown.theme, shown.quote, shown.did, shown.by) == ("safer", None, RANG.did, RANG.by)
    assert (shown.state, shown.day, shown.team) == (State.MADE, date(2026, 3, 9), "North team")
    assert verify(office.store) == []
    assert RANG.did not in repr(answers(office.store, office.manager)[0].deed)


def test_words_that_are_quoted_are_answered_until_they_are_not(office: Office) -> None:
    told, named = office.quotes()
    quote = choices(office.store, office.manager, named).quote
    assert quote is not None
    assert quote.words == RINGS
    deed = office.keeps(replace(RANG, theme="", quote_id=named, team_id=office.team_id))
    assert [one.quote.words for one in office.shows() if one.quote] == [RINGS]
    assert [one.team for one in office.shows()] == [""], "no team stands beside words, as was promised"
    at = (office.store, office.manager, told.conversation_id, told.said.number)
    with office.store.reading() as seen:
        latest = seen.voices.decided()[0].number
    refuse(*at, "at_risk", NOON, latest=latest, token="u")
    assert office.shows() == ()
    row = answer(office.store, office.manager, deed.deed_id)
    assert (row.is_quote_gone, row.quote) == (True, None)
    with pytest.raises(NotFilledIn) as caught:
        office.keeps(replace(RANG, theme="", quote_id=named), token="another")
    assert set(caught.value.errors) == {THEME}
    office.keeps(replace(row.typed, quote_id="", theme="safer"), deed_id=deed.deed_id, known=1)
    assert [one.theme for one in office.shows()] == ["safer"]


def test_what_answered_words_that_are_gone_can_be_taken_off(office: Office) -> None:
    told, named = office.quotes()
    deed = office.keeps(replace(RANG, theme="", quote_id=named))
    told.takes_back(told.said)
    row = answer(office.store, office.manager, deed.deed_id)
    office.keeps(replace(row.typed, quote_id="", state=State.DROPPED), deed_id=deed.deed_id, known=1)
    assert answer(office.store, office.manager, deed.deed_id).state is State.DROPPED


def test_what_is_taken_back_is_answered_no_more(office: Office) -> None:
    told, named = office.quotes()
    office.keeps(replace(RANG, theme="", quote_id=named))
    told.takes_back(told.said)
    assert office.shows() == ()


def test_what_is_planned_is_shown_until_it_is_made(office: Office) -> None:
    planned = replace(RANG, state=State.PLANNED, day="2026-06-01")
    deed = office.keeps(planned)
    office.keeps(replace(RANG, did="We asked first."), token="another")
    assert [(one.state, one.did) for one in office.shows()] == [
        (State.MADE, "We asked first."),
        (State.PLANNED, RANG.did),
    ]
    before = Period(date(2026, 2, 1), date(2026, 2, 28))
    assert office.shows(before) == ()
    office.keeps(replace(planned, state=State.MADE, day="2026-03-18"), deed_id=deed.deed_id, known=1)
    assert {one.state for one in office.shows()} == {State.MADE}
    assert office.shows(Period(date(2026, 4, 1), date(2026, 4, 30))) == ()
    office.keeps(replace(planned, state=State.DROPPED), deed_id=deed.deed_id, known=2)
    assert [one.did for one in office.shows()] == ["We asked first."]


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        (replace(RANG, theme=""), THEME),
        (replace(RANG, theme="not one of ours"), THEME),
        (replace(RANG, theme="", quote_id="0" * 32), THEME),
        (replace(RANG, did=" \n"), DID),
        (replace(RANG, did="x" * 1001), DID),
        (replace(RANG, by=""), BY),
        (replace(RANG, by="x" * 201), BY),
        (replace(RANG, day="9 March"), DAY),
        (replace(RANG, day="2026-02-30"), DAY),
        (replace(RANG, day="2026-03-21"), DAY),
        (replace(RANG, state="done"), STATE),
    ],
)
def test_what_is_not_filled_in_right_is_said_field_by_field(office: Office, typed: Typed, wrong: str) -> None:
    with pytest.raises(NotFilledIn) as caught:
        office.keeps(typed)
    assert set(caught.value.errors) == {wrong}
    assert answers(office.store, office.manager) == ()


def test_a_manager_answers_for_their_teams_and_for_the_council(office: Office) -> None:
    with pytest.raises(NotAllowed):
        office.keeps(replace(RANG, team_id=office.other_team_id))
    with pytest.raises(NotAllowed):
        office.keeps(replace(RANG, team_id="0" * 32))
    own = office.keeps(replace(RANG, team_id=office.team_id))
    with pytest.raises(NotAllowed):
        answer(office.store, office.elsewhere, own.deed_id)
    with pytest.raises(NotAllowed):
        office.keeps(RANG, office.elsewhere, deed_id=own.deed_id, known=1)
    with pytest.raises(Missing):
        office.keeps(RANG, deed_id="0" * 32, known=1)
    assert [row.may_change for row in answers(office.store, office.elsewhere)] == [False]
    assert choices(office.store, office.manager).teams == ((office.team_id, "North team"),)
    for role in set(Role) - {Role.MANAGER}:
        somebody = Actor("somebody", role)
        asked: list[Callable[[], object]] = [
            lambda actor=somebody: answers(office.store, actor),  # type: ignore[misc]
            lambda actor=somebody: choices(office.store, actor),  # type: ignore[misc]
            lambda actor=somebody: office.keeps(RANG, actor),  # type: ignore[misc]
            lambda actor=somebody: answer(office.store, actor, own.deed_id),  # type: ignore[misc]
        ]
        for ask in asked:
            with pytest.raises(NotAllowed):
                ask()


def test_only_who_may_see_the_pack_is_shown_it(office: Office) -> None:
    for role in set(Role) - {Role.MANAGER, Role.AUDITOR, Role.BOARD_MEMBER}:
        with pytest.raises(NotAllowed):
            said_and_done(office.store, Actor("somebody", role), MARCH)


def test_pressed_twice_is_kept_once_and_nobody_is_overwritten(office: Office) -> None:
    deed = office.keeps(RANG)
    assert office.keeps(RANG) == deed
    with office.store.begin() as kept:
        account_id = kept.accounts.add(
            role=Role.MANAGER, name="Ruth", email="r@council.example", team_ids=[office.team_id], now=NOON
        )
    other = Actor(account_id, Role.MANAGER, frozenset({office.team_id}))
    second = office.keeps(replace(RANG, by="The whole team"), other, deed_id=deed.deed_id, known=1)
    assert second.number == 2
    with pytest.raises(ChangedMeanwhile):
        office.keeps(replace(RANG, by="Nobody"), deed_id=deed.deed_id, known=1)
    (row,) = answers(office.store, office.manager)
    assert (row.deed.words["by"], row.who) == ("The whole team", "Ruth")


def test_who_says_so_is_in_the_audit_and_no_word_of_it(office: Office) -> None:
    office.keeps(replace(RANG, team_id=office.team_id))
    with office.store.reading() as seen:
        (done,) = seen.audit.search(acts=[AuditAct.CHANGED])
    assert (done.account_id, done.team_id, done.about) == (office.manager.account_id, office.team_id, "deed.made")


def test_the_latest_day_comes_first(office: Office) -> None:
    for number in range(3):
        day = (date(2026, 3, 2) + timedelta(days=number)).isoformat()
        office.keeps(replace(RANG, day=day), token=str(number))
    assert [one.day.day for one in office.shows()] == [4, 3, 2]
