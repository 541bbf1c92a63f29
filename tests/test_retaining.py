"""Kept no longer than it is to be and no shorter: what goes by itself, what waits for people, and what two decide."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import duties, retaining
from bot.conversation import Kind, Speaker, Stage, State
from bot.council import TERMS, Name
from bot.flags import FlagKind
from bot.retaining import Refusal, Subject
from bot.reviewing import seeing
from bot.reviewing.seeing import NotDone
from bot.roles import Actor, NotAllowed, ProofNeeded, Role
from bot.settings import load
from bot.store import AuditAct, Disguise, EntryKind, Missing, RootKey, Rule, Store, tables
from bot.store.retention import Size
from bot.store.verifying import verify
from tests.store.filling import from_below

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEEPS: Mapping[Name, int] = {name: term.ships for name, term in TERMS.items()}
WISH = "I want my own front door key"
WHY = "The court asked for it"


def days(number: float) -> datetime:
    """So many days later."""
    return NOON + timedelta(days=number)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    root = RootKey.create(tmp_path / "keys" / "root.key")
    Store.migrate(tmp_path / "data" / "ownwords.sqlite3", root, NOON)
    opened = Store.open(tmp_path / "data" / "ownwords.sqlite3", root)
    yield opened
    opened.close()


def talks(store: Store, at: datetime = NOON, *, state: State = State.OPEN, enquiry_id: str | None = None) -> str:
    """Somebody begins a conversation and says one thing in it."""
    with store.begin() as kept:
        conversation_id = kept.conversations.begin(
            stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=at, interview_version="1", enquiry_id=enquiry_id
        )
        kept.conversations.add(
            conversation_id, speaker=Speaker.PERSON, kind=Kind.WORDS, said_at=at, asked="outcome", words=WISH
        )
        kept.conversations.settle(conversation_id, state, at)
    return conversation_id


def due(store: Store, now: datetime) -> retaining.Due:
    with store.reading() as seen:
        return retaining.due(seen, KEEPS, now)


def is_there(store: Store, conversation_id: str) -> bool:
    with store.reading() as seen:
        return conversation_id in {one.conversation_id for one in seen.conversations.listed()}


def looks_daily(store: Store, first: float, last: float) -> retaining.Looked:
    """Look once a day, and give what the last look did."""
    looked = retaining.look(store, KEEPS, days(first))
    at = first
    while at < last:
        at = min(at + 1, last)
        looked = retaining.look(store, KEEPS, days(at))
    return looked


# --- what goes by itself ---------------------------------------------------------------------------------------------


def test_what_nobody_finished_and_nobody_took_up_goes_after_its_time_and_no_day_before(store: Store) -> None:
    conversation_id = talks(store)
    assert looks_daily(store, 0, 30) == retaining.Looked(0, None)
    assert is_there(store, conversation_id)
    assert retaining.look(store, KEEPS, days(30.1)) == retaining.Looked(1, None)
    assert not is_there(store, conversation_id)
    with store.reading() as seen:
        (gone,) = seen.forgetting.listed()
        assert (gone.forgotten_id, gone.rule, gone.done_by) == (conversation_id, Rule.UNFINISHED, None)
        assert [(one.act, one.about) for one in seen.audit.search(conversation_id=conversation_id)] == [
            (AuditAct.CHANGED, "forgotten.unfinished")
        ]
    assert verify(store) == []


def _flags(store: Store, conversation_id: str) -> None:
    with store.begin() as kept:
        kept.flags.raise_flag(conversation_id, FlagKind.IN_DANGER_NOW, 1, NOON)


def _finishes(store: Store, conversation_id: str) -> None:
    with store.begin() as kept:
        kept.conversations.settle(conversation_id, State.FINISHED, NOON)


def _stops(store: Store, conversation_id: str) -> None:
    with store.begin() as kept:
        kept.conversations.settle(conversation_id, State.STOPPED, NOON)


def _is_written_beside(store: Store, conversation_id: str) -> None:
    with store.begin() as kept:
        account = kept.accounts.add(role=Role.MANAGER, name="Ama", email="a@example.org", team_ids=(), now=NOON)
        note: dict[str, Any] = {"kind": EntryKind.NOTE, "what": "note", "words": {"note": "Rang."}}
        kept.entries.add(conversation_id=conversation_id, account_id=account, now=NOON, **note)


def _belongs(store: Store, conversation_id: str) -> None:
    with store.begin() as kept:
        kept.conversations.join(conversation_id, kept.enquiries.open(NOON, reference="E-1"))


def _comes_back(store: Store, conversation_id: str) -> None:
    with store.begin() as kept:
        kept.visits.open("cookie", conversation_id, days(10), idle_minutes=30)


def _types(store: Store, conversation_id: str) -> None:
    with store.begin() as kept:
        kept.drafts.keep(conversation_id, for_turn=1, words="And", now=days(10))


def _uses_the_code(store: Store, conversation_id: str) -> None:
    with store.begin() as kept:
        code: dict[str, Any] = {"salt": b"s" * 16, "verifier": b"v" * 32, "disguise": Disguise.NUMBERS}
        kept.codes.used(kept.codes.add(conversation_id, NOON, bucket=1, **code), days(10))


@pytest.mark.parametrize(
    "what", [_flags, _finishes, _stops, _is_written_beside, _belongs, _comes_back, _types, _uses_the_code]
)
def test_whatever_is_somebodys_stays(store: Store, what: Callable[[Store, str], None]) -> None:
    conversation_id = talks(store)
    what(store, conversation_id)
    assert retaining.look(store, KEEPS, days(39), anyway=True).forgotten == 0
    assert is_there(store, conversation_id)


def test_nothing_that_is_finished_or_in_an_enquiry_ever_goes_by_itself(store: Store) -> None:
    with store.begin() as kept:
        enquiry_id = kept.enquiries.open(NOON, reference="E-1")
        kept.enquiries.close(enquiry_id, NOON)
    stay = [talks(store, enquiry_id=enquiry_id), talks(store, state=State.FINISHED), talks(store, state=State.STOPPED)]
    for year in range(1, 10):
        assert retaining.look(store, KEEPS, days(365.3 * year), anyway=True).forgotten == 0
    assert all(is_there(store, one) for one in stay)
    assert len(due(store, days(365 * 9)).waiting) == 2


# --- what looks wrong ------------------------------------------------------------------------------------------------


def test_the_first_look_forgets_nothing(store: Store) -> None:
    conversation_id = talks(store)
    assert retaining.look(store, KEEPS, days(400)) == retaining.Looked(0, None, is_first=True)
    assert is_there(store, conversation_id)


def test_a_clock_before_what_was_said_last_forgets_nothing(store: Store) -> None:
    gone, newest = talks(store), talks(store, days(60))
    retaining.look(store, KEEPS, days(40), anyway=True)
    assert not is_there(store, gone)
    another = talks(store)
    assert retaining.look(store, KEEPS, days(59)).refusal is Refusal.CLOCK
    assert is_there(store, another)
    assert is_there(store, newest)


def test_a_clock_that_jumped_ahead_forgets_nothing_until_somebody_says_so(store: Store) -> None:
    conversation_id = talks(store)
    retaining.look(store, KEEPS, days(0))
    assert retaining.look(store, KEEPS, days(365)).refusal is Refusal.GAP
    assert retaining.look(store, KEEPS, days(366)).refusal is Refusal.GAP
    assert is_there(store, conversation_id)
    assert retaining.look(store, KEEPS, days(366), anyway=True).forgotten == 1
    with store.reading() as seen:
        acts = [one.act for one in seen.audit.search(acts={AuditAct.TIDIED, AuditAct.TIDYING_REFUSED})]
    assert acts == [AuditAct.TIDIED, AuditAct.TIDYING_REFUSED, AuditAct.TIDYING_REFUSED, AuditAct.TIDIED]


def test_many_at_once_are_not_forgotten_until_somebody_says_so(store: Store) -> None:
    old = [talks(store) for _ in range(6)]
    for _ in range(110):
        talks(store, days(20))
    looks_daily(store, 0, 30)
    assert retaining.look(store, KEEPS, days(30.5)).refusal is Refusal.SHARE
    assert all(is_there(store, one) for one in old)
    for _ in range(4):
        talks(store, days(20))
    assert retaining.look(store, KEEPS, days(30.6)).forgotten == 6


@pytest.mark.parametrize(
    ("newest", "last", "going", "of", "refused"),
    [
        (None, None, 0, 0, None),
        (days(0), days(-1), 5, 5, None),
        (days(0), days(-1), 6, 119, Refusal.SHARE),
        (days(0), days(-1), 6, 120, None),
        (days(0.003), days(-1), 1, 9, None),
        (days(0.01), days(-1), 1, 9, Refusal.CLOCK),
        (days(0), days(-2), 1, 9, None),
        (days(0), days(-2.01), 1, 9, Refusal.GAP),
    ],
)
def test_what_speaks_against_forgetting(
    newest: datetime | None, last: datetime | None, going: int, of: int, refused: Refusal | None
) -> None:
    assert retaining.refusal(NOON, newest, last, going, Size(of, 0)) is refused


def test_there_is_one_look_a_day_and_a_refused_one_is_not_repeated_the_same_day(store: Store) -> None:
    assert retaining.is_time(store, days(0))
    retaining.look(store, KEEPS, days(0))
    assert not retaining.is_time(store, days(0.9))
    assert retaining.is_time(store, days(1))
    retaining.look(store, KEEPS, days(9))
    assert not retaining.is_time(store, days(9.5))


def test_looking_without_doing_changes_nothing(store: Store) -> None:
    conversation_id = talks(store)
    retaining.look(store, KEEPS, days(59), anyway=True)
    conversation_id = talks(store)
    found = due(store, days(60))
    assert [one.id for one in found.unfinished] == [conversation_id]
    assert (found.size.conversations, found.refusal) == (1, None)
    assert is_there(store, conversation_id)


def test_the_job_forgets_and_writes_numbers_and_no_words_to_the_log(
    store: Store, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = load({"OWNWORDS_DATA": str(tmp_path / "data")}, tmp_path / "no.env")
    conversation_id = talks(store)
    caplog.set_level("INFO", "bot.duties")
    for day in (0, 1, 40):
        duties.keep_no_longer(store, settings, days(day))
    assert "Nothing was forgotten. The last look was more than 48 hours ago" in caplog.text
    assert is_there(store, conversation_id)
    retaining.look(store, KEEPS, days(40.1), anyway=True)
    another = talks(store)
    duties.keep_no_longer(store, settings, days(41.5))
    assert not is_there(store, another)
    assert "their time had passed: 1" in caplog.text
    assert WISH not in caplog.text
    assert another not in caplog.text


def test_what_was_forgotten_just_before_a_kill_is_gone_after_the_next_start(store: Store, tmp_path: Path) -> None:
    conversation_id = talks(store)
    with store.reading_rows() as rows:
        (turn,) = rows.every(tables.turns, order_by=[tables.turns.c.number])
    with store.begin() as kept:
        kept.forgetting.conversation(conversation_id, Rule.ASKED, NOON)

    def lies_there() -> bool:
        return any(turn["words"] in one.read_bytes() for one in (tmp_path / "data").iterdir())

    assert lies_there(), "it is in the log still"
    duties.tidy(store, NOON)
    assert not lies_there()


# --- what managers decide --------------------------------------------------------------------------------------------


@pytest.fixture
def work(store: Store) -> "Work":
    return Work(store)


class Work:
    """An enquiry with one conversation, two managers of its team, and one of another."""

    def __init__(self, store: Store) -> None:
        self.store = store
        with store.begin() as kept:
            north, south = kept.teams.add("North", NOON), kept.teams.add("South", NOON)
            self.ama = self._account(kept, "Ama", Role.MANAGER, north)
            self.ben = self._account(kept, "Ben", Role.MANAGER, north)
            self.other = self._account(kept, "Cy", Role.MANAGER, south)
            self.practitioner = self._account(kept, "Di", Role.PRACTITIONER, north)
            self.administrator = self._account(kept, "Eve", Role.ADMINISTRATOR)
            self.enquiry_id = kept.enquiries.open(NOON, reference="E-1")
            kept.allocations.give_team(self.enquiry_id, north, None, NOON)
            kept.enquiries.close(self.enquiry_id, NOON)
        self.conversation_id = talks(store, state=State.FINISHED, enquiry_id=self.enquiry_id)
        self.subject = Subject(enquiry_id=self.enquiry_id)
        self.token = 0

    def _account(self, kept: Any, name: str, role: Role, *team_ids: str) -> Actor:
        account_id = kept.accounts.add(
            role=role, name=name, email=f"{name}@example.org".lower(), team_ids=team_ids, now=NOON
        )
        return Actor(account_id, role, frozenset(team_ids), f"session of {name}", proven_at=None)

    def does(self, verb: Callable[..., None], actor: Actor, *what: Any, at: datetime, subject: Any = None) -> None:
        self.token += 1
        verb(self.store, actor, subject or self.subject, *what, at, token=str(self.token))

    def forgets(self, actor: Actor, at: datetime, subject: Subject | None = None) -> tuple[str, ...]:
        proven = replace(actor, proven_at=at)
        return retaining.forget(self.store, proven, subject or self.subject, KEEPS, at)

    def queue(self, actor: Actor, at: datetime) -> list[str]:
        return [one.enquiry_id for one in retaining.overview(self.store, actor, KEEPS, at).to_decide]


def test_a_closed_enquiry_stands_in_the_list_after_its_years_and_is_forgotten_by_two(work: Work) -> None:
    eight_years = datetime(2034, 3, 2, 12, tzinfo=UTC)
    assert work.queue(work.ama, eight_years - timedelta(days=1)) == []
    later = eight_years + timedelta(days=1)
    assert work.queue(work.ama, later) == [work.enquiry_id]
    assert work.queue(work.other, later) == []
    with pytest.raises(NotDone, match="Nobody asks"):
        work.forgets(work.ama, later)
    work.does(retaining.ask, work.ama, "Its time has passed.", at=later)
    with pytest.raises(NotDone, match="You asked for it yourself"):
        work.forgets(work.ama, later)
    with pytest.raises(ProofNeeded):
        retaining.forget(work.store, work.ben, work.subject, KEEPS, later)
    for nobody in (work.other, work.practitioner, work.administrator):
        with pytest.raises(NotAllowed):
            work.forgets(nobody, later)
    assert work.forgets(work.ben, later) == (work.conversation_id,)
    assert work.queue(work.ama, later) == []
    with work.store.reading() as seen:
        first, *_ = seen.forgetting.listed()
        assert (first.forgotten_id, first.rule) == (work.enquiry_id, Rule.CLOSED)
        assert (first.asked_by, first.done_by) == (work.ama.account_id, work.ben.account_id)
        assert [one.about for one in seen.audit.search(enquiry_id=work.enquiry_id)] == [
            "forgotten.closed",
            "keeping.ask",
        ]
    with pytest.raises(Missing):
        work.forgets(work.ben, later)
    assert verify(work.store) == []


def test_an_enquiry_is_forgotten_before_its_time_where_two_decide_it(work: Work) -> None:
    work.does(retaining.ask, work.ama, "It was opened by mistake.", at=days(1))
    (asked,) = retaining.overview(work.store, work.ben, KEEPS, days(1)).asked
    assert (asked.enquiry_id, asked.reference) == (work.enquiry_id, "E-1")
    assert retaining.overview(work.store, work.other, KEEPS, days(1)).asked == ()
    work.forgets(work.ben, days(1))
    with work.store.reading() as seen:
        assert seen.forgetting.listed()[0].rule is Rule.ASKED


def test_a_hold_blocks_everything_until_it_is_ended(work: Work) -> None:
    later = datetime(2035, 1, 1, tzinfo=UTC)
    inside = Subject(conversation_id=work.conversation_id)
    work.does(retaining.ask, work.ama, "Its time has passed.", at=later)
    work.does(retaining.ask, work.ama, "She asked us to.", at=later, subject=inside)
    work.does(retaining.hold, work.ben, WHY, at=later)
    assert work.queue(work.ama, later) == []
    assert retaining.overview(work.store, work.ama, KEEPS, later).due.held == 1
    for subject in (work.subject, inside):
        with pytest.raises(NotDone, match="on hold"):
            work.forgets(work.ben, later, subject)
        with pytest.raises(NotDone, match="on hold"):
            work.does(retaining.ask, work.ama, "All the same.", at=later, subject=subject)
    seen = retaining.keeping_of(work.store, work.ama, work.subject, KEEPS, later)
    assert seen.decided.hold is not None
    assert seen.decided.hold.words == {"reason": WHY}
    work.does(retaining.lift_hold, work.ama, "The court is done.", at=later)
    # What was asked for before the hold counts for nothing after it, of the enquiry and of what is in it.
    for subject in (work.subject, inside):
        with pytest.raises(NotDone, match="Nobody asks"):
            work.forgets(work.ben, later, subject)
    assert work.queue(work.ama, later) == [work.enquiry_id]
    work.does(retaining.ask, work.ama, "She still asks us to.", at=later, subject=inside)
    assert work.forgets(work.ben, later, inside) == (work.conversation_id,)


def test_what_was_asked_for_one_conversation_ends_when_its_enquiry_is_kept_until_a_day(work: Work) -> None:
    inside = Subject(conversation_id=work.conversation_id)
    work.does(retaining.ask, work.ama, "She asked us to.", at=days(1), subject=inside)
    assert retaining.keeping_of(work.store, work.ben, inside, KEEPS, days(1)).may_forget
    work.does(retaining.keep_until, work.ben, date(2036, 5, 1), "Her brother lives with her still.", at=days(2))
    assert not retaining.keeping_of(work.store, work.ben, inside, KEEPS, days(2)).may_forget
    with pytest.raises(NotDone, match="Nobody asks"):
        work.forgets(work.ben, days(2), inside)


def test_what_began_before_its_enquiry_has_a_key_that_goes_with_it(work: Work) -> None:
    alone = talks(work.store, state=State.FINISHED)
    with work.store.begin() as kept:
        kept.conversations.join(alone, work.enquiry_id)
    own = [
        retaining.keeping_of(work.store, work.ama, Subject(conversation_id=one), KEEPS, days(1)).has_own_key
        for one in (work.conversation_id, alone)
    ]
    assert own == [False, True]


def test_what_is_kept_until_a_day_stands_in_the_list_again_from_then_on(work: Work) -> None:
    later = datetime(2035, 1, 1, tzinfo=UTC)
    work.does(retaining.ask, work.ama, "Its time has passed.", at=later)
    work.does(retaining.keep_until, work.ben, date(2036, 5, 1), "Her brother lives with her still.", at=later)
    with pytest.raises(NotDone, match="Nobody asks"):
        work.forgets(work.ben, later)
    assert work.queue(work.ama, datetime(2036, 4, 30, tzinfo=UTC)) == []
    assert work.queue(work.ama, datetime(2036, 5, 1, tzinfo=UTC)) == [work.enquiry_id]
    for never in (None, date(2035, 1, 1), date(2200, 1, 1)):
        with pytest.raises(NotDone, match="still to come"):
            work.does(retaining.keep_until, work.ben, never, "Because.", at=later)


def test_what_is_asked_for_no_more_is_not_forgotten(work: Work) -> None:
    work.does(retaining.ask, work.ama, "By mistake.", at=days(1))
    work.does(retaining.withdraw, work.ben, "", at=days(2))
    with pytest.raises(NotDone, match="Nobody asks"):
        work.forgets(work.ben, days(3))


def test_every_decision_takes_a_reason_that_only_the_enquirys_key_opens(work: Work) -> None:
    for verb in (retaining.hold, retaining.ask):
        for empty in ("", "  \n", "x" * 2001):
            with pytest.raises(NotDone):
                work.does(verb, work.ama, empty, at=days(1))
    work.does(retaining.ask, work.ama, WHY, at=days(1))
    with work.store.reading() as seen:
        assert WHY not in str(seen.audit.search())
    work.forgets(work.ben, days(1))
    work.store.close()
    path = Path(str(work.store.engine.url.database))
    assert all(WHY.encode() not in one.read_bytes() for one in path.parent.iterdir() if one.is_file())


def test_one_conversation_is_forgotten_by_two_and_the_enquiry_stays(work: Work) -> None:
    subject = Subject(conversation_id=work.conversation_id)
    work.does(retaining.ask, work.ama, "She asked us to.", at=days(1), subject=subject)
    assert retaining.keeping_of(work.store, work.ben, subject, KEEPS, days(1)).may_forget
    assert not retaining.keeping_of(work.store, work.ama, subject, KEEPS, days(1)).may_forget
    assert work.forgets(work.ben, days(1), subject) == (work.conversation_id,)
    with work.store.reading() as seen:
        assert seen.enquiries.get(work.enquiry_id).reference == "E-1"
        assert seen.conversations.listed(enquiry_id=work.enquiry_id) == ()
    work.store.work_out_facts()
    assert verify(work.store) == []


def test_an_administrator_sees_numbers_and_no_enquiry(work: Work) -> None:
    later = datetime(2035, 1, 1, tzinfo=UTC)
    seen = retaining.overview(work.store, work.administrator, KEEPS, later)
    assert (len(seen.due.closed), seen.to_decide, seen.asked) == (1, (), ())
    with pytest.raises(NotAllowed):
        retaining.overview(work.store, work.practitioner, KEEPS, later)


def test_a_rule_that_is_not_asked_for_would_be_seen(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    work.does(retaining.ask, work.ama, "By mistake.", at=days(1))
    monkeypatch.setattr(retaining, "require", lambda *asked: None)
    monkeypatch.setattr(seeing, "require", lambda *asked: None)
    monkeypatch.setattr(retaining, "require_proven", lambda *asked: None)
    assert work.forgets(work.other, days(1)) == (work.conversation_id,)


def test_a_leap_day_is_kept_until_the_day_after_the_end_of_february() -> None:
    closed = datetime(2024, 2, 29, 12, tzinfo=UTC)
    assert retaining.kept_until({**KEEPS, Name.KEEP_CLOSED: 1}, closed) == datetime(2025, 3, 1, 12, tzinfo=UTC)
    assert retaining.before({**KEEPS, Name.KEEP_CLOSED: 1}, Name.KEEP_CLOSED, closed) == datetime(
        2023, 2, 28, 12, tzinfo=UTC
    )


# --- the audit -------------------------------------------------------------------------------------------------------

SIX_YEARS = 6 * 365.25


def is_written(store: Store, number: int, at: datetime = NOON, enquiry_id: str | None = None) -> None:
    """Somebody reads something, so many times."""
    with store.begin() as kept:
        for _ in range(number):
            kept.audit.add(AuditAct.READ_CONVERSATION, at, account_id="a" * 32, enquiry_id=enquiry_id)


def left(store: Store, act: AuditAct = AuditAct.READ_CONVERSATION) -> int:
    with store.reading() as seen:
        return len(seen.audit.search(acts={act}, at_most=1_000))


def test_the_audit_goes_after_its_years_and_no_day_before(store: Store) -> None:
    is_written(store, 3)
    looks_daily(store, SIX_YEARS - 3, SIX_YEARS - 1)
    assert left(store) == 3
    looked = looks_daily(store, SIX_YEARS, SIX_YEARS + 1)
    assert looked.refusal is None
    assert left(store) == 0
    with store.reading() as seen:
        assert [one.about for one in seen.audit.search(acts={AuditAct.CUT})] == ["audit.3"]
    assert verify(store) == []


def test_what_goes_is_said_before_and_a_dry_run_changes_nothing(store: Store) -> None:
    is_written(store, 3)
    looks_daily(store, SIX_YEARS, SIX_YEARS)
    found = due(store, days(SIX_YEARS + 1))
    assert (found.audit, found.facts, found.refusal) == (3, 0, None)
    assert left(store) == 3
    assert retaining.look(store, KEEPS, days(SIX_YEARS + 1)) == retaining.Looked(0, None, audit=3)


def test_facts_of_what_was_forgotten_go_after_the_same_years(store: Store) -> None:
    talks(store)
    looks_daily(store, 29, 31)
    with store.reading() as seen:
        assert len(seen.forgetting.listed()) == 1
    looks_daily(store, SIX_YEARS + 31, SIX_YEARS + 33)
    retaining.look(store, KEEPS, days(SIX_YEARS + 33), anyway=True)
    with store.reading() as seen:
        assert seen.forgetting.listed() == ()
    assert verify(store) == []


@pytest.mark.parametrize(
    ("old", "young", "refused"), [(100, 0, None), (101, 0, Refusal.AUDIT_SHARE), (101, 2_000, None)]
)
def test_the_audit_stays_where_more_than_a_twentieth_of_it_would_go(
    store: Store, old: int, young: int, refused: Refusal | None
) -> None:
    is_written(store, old)
    conversation_id = talks(store, days(SIX_YEARS - 31))
    is_written(store, young, days(SIX_YEARS))
    looks_daily(store, SIX_YEARS, SIX_YEARS)
    looked = retaining.look(store, KEEPS, days(SIX_YEARS + 1))
    assert (looked.refusal, looked.audit) == (refused, old if refused is None else 0)
    # Of words, what was due has gone all the same.
    assert looked.forgotten == 1
    assert not is_there(store, conversation_id)
    if refused is not None:
        assert left(store) == old
        with store.reading() as seen:
            (latest,) = seen.audit.search(at_most=1)
        assert (latest.act, latest.about) == (AuditAct.TIDYING_REFUSED, "audit_share")
        assert retaining.look(store, KEEPS, days(SIX_YEARS + 2), anyway=True).audit == old
    assert verify(store) == []


def test_a_clock_that_jumped_keeps_the_audit_too(store: Store) -> None:
    is_written(store, 3)
    looks_daily(store, 0, 1)
    assert retaining.look(store, KEEPS, days(SIX_YEARS + 1)).refusal is Refusal.GAP
    assert retaining.look(store, KEEPS, days(SIX_YEARS)).refusal is Refusal.CLOCK
    assert left(store) == 3


def test_an_audit_that_is_not_as_it_was_kept_stays(store: Store, tmp_path: Path) -> None:
    is_written(store, 3)
    looks_daily(store, SIX_YEARS, SIX_YEARS)
    with from_below(tmp_path / "data" / "ownwords.sqlite3") as below:
        below.execute("UPDATE audit SET account_id = 'b' WHERE number = 2")
    looked = retaining.look(store, KEEPS, days(SIX_YEARS + 1))
    assert (looked.refusal, looked.audit) == (Refusal.AUDIT_DAMAGED, 0)
    assert {problem.table for problem in verify(store)} == {"audit"}


def test_rows_go_in_transactions_that_keep_nobody_waiting(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retaining, "ROWS_AT_ONCE", 4)
    is_written(store, 10)
    looks_daily(store, SIX_YEARS, SIX_YEARS)
    assert retaining.look(store, KEEPS, days(SIX_YEARS + 1)).audit == 10
    with store.reading() as seen:
        assert [cut.up_to for cut in seen.cuts.listed()] == [4, 8, 10]
    assert verify(store) == []


def test_the_audit_of_an_enquiry_on_hold_stays_and_all_after_it(work: Work) -> None:
    is_written(work.store, 2)
    is_written(work.store, 1, enquiry_id=work.enquiry_id)
    is_written(work.store, 4)
    with work.store.reading() as seen:
        first = min(one.number for one in seen.audit.search(enquiry_id=work.enquiry_id, at_most=1_000))
    work.does(retaining.hold, work.ama, WHY, at=days(1))
    looks_daily(work.store, SIX_YEARS, SIX_YEARS)
    assert retaining.look(work.store, KEEPS, days(SIX_YEARS + 1)).audit == first - 1
