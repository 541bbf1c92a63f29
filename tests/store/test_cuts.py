"""The front of the audit goes after its years, an anchor stays, and what goes in any other way is missed."""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from bot.conversation import Speaker, Stage
from bot.store import AuditAct, Damaged, EntryKind, RootKey, Rule, Store, logs, tables
from bot.store.verifying import Problem, verify
from tests.store.filling import NOON, begin, from_below, work_for

SINCE = NOON + timedelta(days=30)
LATER = NOON + timedelta(days=60)


def writes(store: Store, number: int, at: datetime = NOON, **more: Any) -> None:
    """Write rows of the audit, one hour apart."""
    with store.begin() as kept:
        for hour in range(number):
            kept.audit.add(AuditAct.SIGNED_IN, at + timedelta(hours=hour), **more)


def cuts(store: Store, number: int, now: datetime = LATER) -> None:
    with store.begin() as kept:
        kept.cuts.cut_audit(number, SINCE, now)


def old(store: Store, spared: tuple[str, ...] = ()) -> int:
    with store.reading() as seen:
        return seen.cuts.old_audit(SINCE, spared)


def numbers(store: Store) -> list[int]:
    with store.reading() as seen:
        return sorted(one.number for one in seen.audit.search())


def forgets(store: Store, at: datetime, enquiry_id: str | None = None) -> None:
    """Forget a conversation with two notes beside it."""
    with store.begin() as kept:
        conversation_id = kept.conversations.begin(
            stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=at, interview_version="1", enquiry_id=enquiry_id
        )
        account = next(iter(kept.accounts.listed()), None)
        account_id = account.account_id if account is not None else work_for(kept)
        for _ in range(2):
            note: dict[str, Any] = {"account_id": account_id, "now": at, "words": {"note": "Rang."}}
            kept.entries.add(kind=EntryKind.NOTE, what="note", conversation_id=conversation_id, **note)
        kept.forgetting.conversation(conversation_id, Rule.ASKED, at)


def test_each_log_has_an_end_of_its_own_and_begins_with_nothing(store: Store) -> None:
    one, other = logs.Log("one"), logs.Log("other")
    with store.writing_rows() as rows:
        assert logs.length(rows, one) == 0
        assert logs.end(rows, one)["number"] == 0
        logs.grow(rows, logs.end(rows, one))
        logs.grow(rows, logs.end(rows, one), by=3, head=b"head")
        logs.grow(rows, logs.end(rows, other))
        ends = [logs.end(rows, log) for log in (one, other)]
        assert [(end["log"], end["number"], end["head"]) for end in ends] == [("one", 4, b"head"), ("other", 1, None)]
    with store.reading_rows() as rows:
        assert [logs.length(rows, log) for log in (one, other)] == [4, 1]


def test_what_is_older_goes_with_all_before_it_and_the_rest_follows_from_the_anchor(store: Store) -> None:
    writes(store, 5)
    writes(store, 3, SINCE)
    assert old(store) == 5
    cuts(store, 5)
    assert numbers(store) == [6, 7, 8, 9]
    with store.reading() as seen:
        (cut,) = seen.cuts.listed()
        assert (cut.up_to, cut.told, cut.kept_since, cut.at) == (5, 9, SINCE, LATER)
        (told,) = seen.audit.search(acts={AuditAct.CUT})
        assert (told.number, told.about) == (9, "audit.5")
        assert (seen.cuts.length(logs.AUDIT), seen.cuts.latest(logs.FORGOTTEN)) == (4, None)
    assert verify(store) == []
    writes(store, 2, LATER)
    assert numbers(store)[-1] == 11
    assert verify(store) == []


def test_a_log_is_cut_again_and_again(store: Store) -> None:
    writes(store, 6)
    for number in (1, 2, 3):
        cuts(store, number)
        assert verify(store) == []
    assert numbers(store) == [7, 8, 9]
    with store.reading() as seen:
        assert [cut.up_to for cut in seen.cuts.listed()] == [1, 3, 6]


def test_all_of_it_can_go_but_that_it_went(store: Store) -> None:
    writes(store, 3)
    assert old(store) == 3
    cuts(store, 3)
    assert numbers(store) == [4]
    assert verify(store) == []


def test_a_row_written_by_a_clock_that_ran_ahead_keeps_those_after_it(store: Store) -> None:
    writes(store, 2)
    writes(store, 1, SINCE)
    writes(store, 4)
    assert old(store) == 2


def test_what_names_an_enquiry_that_is_spared_stays_and_all_after_it(store: Store) -> None:
    with store.begin() as kept:
        enquiry_id = kept.enquiries.open(NOON, reference="E-1")
        other = kept.enquiries.open(NOON, reference="E-2")
    conversation_id = begin(store, enquiry_id=enquiry_id)
    writes(store, 2, enquiry_id=other)
    writes(store, 1, conversation_id=conversation_id)
    writes(store, 2, enquiry_id=enquiry_id)
    assert (old(store), old(store, (other,)), old(store, (enquiry_id,))) == (5, 0, 2)


def test_facts_of_forgetting_go_and_no_entry_is_missed_for_it(store: Store) -> None:
    for at in (NOON, NOON + timedelta(days=1), LATER):
        forgets(store, at)
    with store.reading() as seen:
        assert seen.cuts.old_facts(SINCE) == 2
    for _ in range(2):
        with store.begin() as kept:
            kept.cuts.cut_facts(1, SINCE, LATER)
        assert verify(store) == []
    with store.reading() as seen:
        assert seen.cuts.old_facts(SINCE) == 0
        assert len(seen.forgetting.listed()) == 1
        assert [(cut.up_to, cut.entries, cut.head) for cut in seen.cuts.listed()] == [
            (1, ((1, 2),), None),
            (2, ((3, 4),), None),
        ], "each says what went with it, and no more: there is one a day, for ever"
    forgets(store, LATER)
    assert verify(store) == []


def test_the_fact_stays_for_as_long_as_the_enquiry_of_what_was_forgotten(store: Store) -> None:
    with store.begin() as kept:
        enquiry_id = kept.enquiries.open(NOON, reference="E-1")
    forgets(store, NOON)
    forgets(store, NOON, enquiry_id)
    forgets(store, NOON)
    with store.reading() as seen:
        assert seen.cuts.old_facts(SINCE) == 1


def test_what_is_not_as_it_was_kept_is_not_let_go_of(store: Store, file: Path) -> None:
    writes(store, 4)
    with from_below(file) as below:
        below.execute("UPDATE audit SET about = 'page' WHERE number = 2")
    with pytest.raises(Damaged):
        cuts(store, 3)
    with from_below(file) as below:
        below.execute("DELETE FROM audit WHERE number = 2")
    with pytest.raises(Damaged, match="python -m bot verify"):
        cuts(store, 3)
    with store.reading() as seen:
        assert seen.cuts.listed() == ()


@pytest.mark.usefixtures("file")
def test_the_database_lets_go_of_nothing_beyond_the_anchor(store: Store) -> None:
    writes(store, 4)
    cuts(store, 2)
    with pytest.raises(IntegrityError, match="rows of audit never change"), store.writing_rows() as rows:
        rows.drop(tables.audit, tables.audit.c.number <= 3)
    assert numbers(store) == [3, 4, 5]


@pytest.fixture
def shortened(store: Store) -> Store:
    """A store of whose audit three rows went, and of whose list one."""
    writes(store, 6)
    forgets(store, NOON)
    forgets(store, LATER)
    cuts(store, 3)
    with store.begin() as kept:
        kept.cuts.cut_facts(1, SINCE, LATER)
    assert verify(store) == []
    return store


@pytest.mark.parametrize(
    ("by_hand", "table", "finding"),
    [
        ("DELETE FROM audit WHERE number <= 4", "audit", "it is missing"),
        ("DELETE FROM forgotten", "forgotten", "it is missing"),
        ("DELETE FROM cuts WHERE log = 'audit'", "audit", "it is missing"),
        ("DELETE FROM cuts WHERE log = 'forgotten'", "entries", "it is missing"),
        ("UPDATE cuts SET up_to = 4 WHERE log = 'audit'", "cuts", "the row is not as it was kept"),
        ("UPDATE cuts SET head = zeroblob(32) WHERE log = 'audit'", "cuts", "the row is not as it was kept"),
    ],
)
def test_a_cut_by_another_hand_is_found(shortened: Store, file: Path, by_hand: str, table: str, finding: str) -> None:
    with from_below(file) as below:
        below.execute(by_hand)
    assert (table, finding) in {(problem.table, problem.finding) for problem in verify(shortened)}


def test_rows_that_went_and_are_back_are_named(store: Store, file: Path, root: RootKey, tmp_path: Path) -> None:
    writes(store, 3)
    with from_below(file) as below:
        (row,) = below.execute("SELECT * FROM audit WHERE number = 2").fetchall()
    cuts(store, 2)
    with from_below(file) as below:
        below.execute(f"INSERT INTO audit VALUES ({','.join('?' * len(row))})", row)
    assert verify(store) == [Problem("audit", "it was let go of, and is here still or again", None, 2)]


def forged(store: Store, told: int) -> None:
    """Add an anchor, as somebody would who holds the keys."""
    with store.reading_rows() as rows:
        (row,) = rows.each(tables.audit, tables.audit.c.number == 4, order_by=[])
    anchor: dict[str, Any] = {
        "number": 3,
        "log": "audit",
        "up_to": 4,
        "head": row["head"],
        "kept_since": 1,
        "entries": "[]",
    }
    with store.writing_rows() as rows:
        rows.add(tables.cuts, {**anchor, "told": told, "at": 2})
        rows.drop(tables.audit, tables.audit.c.number <= 4)


@pytest.mark.parametrize("told", [5, 7, 100])
def test_an_anchor_that_the_audit_does_not_tell_of_is_found_though_it_is_proven(shortened: Store, told: int) -> None:
    forged(shortened, told)
    assert verify(shortened) == [Problem("cuts", "the audit does not say so", None, 3)]


def test_a_cut_that_the_audit_tells_of_and_that_has_no_anchor_is_found(store: Store) -> None:
    with store.begin() as kept:
        kept.audit.add(AuditAct.CUT, NOON, about="audit.4")
    assert [str(one) for one in verify(store)] == ["cuts: the one that number 1 of the audit names is missing"]


@pytest.mark.parametrize("change", [{"up_to": 2}, {"at": 1}])
def test_anchors_follow_each_other(shortened: Store, change: dict[str, int]) -> None:
    with shortened.begin() as kept:
        told = kept.audit.add(AuditAct.CUT, LATER, about=f"audit.{change.get('up_to', 3)}")
    with shortened.writing_rows() as rows:
        anchor: dict[str, Any] = {
            "number": 3,
            "log": "audit",
            "up_to": 3,
            "kept_since": 2,
            "entries": "[]",
            "told": told,
            "at": 2,
        }
        rows.add(tables.cuts, {**anchor, **change})
    assert Problem("cuts", "it does not follow from the one before it", None, 3) in verify(shortened)


def test_an_anchor_that_cannot_be_read_is_named_and_nothing_rests_on_it(shortened: Store) -> None:
    with shortened.writing_rows() as rows:
        anchor: dict[str, Any] = {
            "number": 3,
            "log": "audit",
            "up_to": 5,
            "kept_since": 2,
            "entries": "[7]",
            "told": 1,
            "at": 2,
        }
        rows.add(tables.cuts, anchor)
    with pytest.raises(Damaged), shortened.reading() as seen:
        seen.cuts.latest(logs.AUDIT)
    assert verify(shortened)


def test_a_copy_made_before_the_cut_is_whole_by_itself(store: Store, file: Path, root: RootKey, tmp_path: Path) -> None:
    writes(store, 5)
    assert store.scrub()
    copied = Path(shutil.copy(file, tmp_path / "older.sqlite3"))
    cuts(store, 4)
    older = Store.open(copied, root)
    assert verify(older) == []
    cuts(older, 4)
    assert verify(older) == []
    older.close()


def test_nothing_of_what_went_lies_in_the_file(store: Store, file: Path) -> None:
    gone, stays = "a1" * 16, "b2" * 16
    writes(store, 1, account_id=gone)
    writes(store, 1, account_id=stays)
    cuts(store, 1)
    assert store.scrub()
    lying = b"".join(path.read_bytes() for path in file.parent.iterdir())
    assert stays.encode() in lying
    assert gone.encode() not in lying
