"""Proofs and chains. What they are made of is part of the format: old databases must stay provable."""

import hashlib
import hmac
import itertools
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Table, select

from bot.conversation import Kind
from bot.store import Damaged, Missing, Purpose, Store, Taken, Transaction, tables
from bot.store.conversations import first_head, next_head
from bot.store.rows import Row, Rows, encode, is_proven, moment, moment_or_none, prove, stamp
from tests.store.filling import CANARY, COOKIE, NOON, fill, from_below

VALUES = st.none() | st.integers(-(2**63), 2**63 - 1) | st.binary(max_size=5) | st.text("ab=;:si0123456789", max_size=5)
COLUMNS = st.lists(st.tuples(st.sampled_from([b"a", b"ab", b"b"]), VALUES), max_size=3)
TURN: dict[str, Any] = {
    "conversation_id": "c" * 32,
    "number": 2,
    "speaker": "person",
    "kind": "words",
    "said_at": 1_772_452_800_123_456,
    "asked": "feelings",
    "answers": 1,
    "words": b"sealed",
    "choice": "[]",
    "shown": "[]",
    "asking": "",
    "replaces": None,
    "adds_to": None,
    "how": "free_words",
    "token": None,
    "whose": None,
    "original": None,
    "head": b"h" * 32,
}
ENCODED = (
    b"conversation_id=s32:" + b"c" * 32 + b";number=i1:2;speaker=s6:person;kind=s5:words;said_at=i16:1772452800123456;"
    b"asked=s8:feelings;answers=i1:1;words=%b;choice=s2:[];shown=s2:[];asking=s0:;how=s10:free_words;"
)


def test_a_proof_is_over_the_table_and_every_column_that_holds_something() -> None:
    row = b"turns:" + ENCODED % b"b6:sealed" + b"head=b32:" + b"h" * 32 + b";"
    assert prove(b"k" * 32, tables.turns, TURN) == hmac.digest(b"k" * 32, row, "sha256")


def test_a_head_is_over_the_one_before_and_the_digest_of_the_seal() -> None:
    sealed = hashlib.sha256(b"sealed").digest()
    row = b"turn:" + ENCODED % (b"b32:" + sealed)
    assert next_head(b"p" * 32, TURN) == hashlib.sha256(b"p" * 32 + row).digest()


def test_what_came_with_a_later_migration_is_proven_and_chained_after_what_was_there_before() -> None:
    turn = TURN | {"whose": "own_words", "original": b"sealed too"}
    added = b"whose=s9:own_words;original="
    proven = b"turns:" + ENCODED % b"b6:sealed" + added + b"b10:sealed too;head=b32:" + b"h" * 32 + b";"
    assert prove(b"k" * 32, tables.turns, turn) == hmac.digest(b"k" * 32, proven, "sha256")
    digests = [hashlib.sha256(sealed).digest() for sealed in (b"sealed", b"sealed too")]
    chained = b"turn:" + ENCODED % (b"b32:" + digests[0]) + added + b"b32:" + digests[1] + b";"
    assert next_head(b"p" * 32, turn) == hashlib.sha256(b"p" * 32 + chained).digest()


def test_the_first_head_is_over_what_the_conversation_began_as() -> None:
    begun = b"conversation:conversation_id=s3:one;key_id=s3:key;begun_at=i2:17;"
    assert first_head("one", "key", 17) == hashlib.sha256(begun).digest()


def test_the_chain_can_be_followed_without_any_key(store: Store) -> None:
    filled = fill(store)
    with store.reading_rows() as rows:
        conversations, turns = tables.conversations, tables.turns
        (conversation,) = rows.each(conversations, conversations.c.conversation_id == filled.first, order_by=[])
        head = first_head(filled.first, conversation["key_id"], conversation["begun_at"])
        for row in rows.each(turns, turns.c.conversation_id == filled.first, order_by=[turns.c.number]):
            head = next_head(head, row)
            assert row["head"] == head
    assert conversation["head"] == head


@given(one=COLUMNS, other=COLUMNS)
def test_no_two_rows_are_encoded_alike(one: list[tuple[bytes, Any]], other: list[tuple[bytes, Any]]) -> None:
    def held(columns: list[tuple[bytes, Any]]) -> list[tuple[bytes, type, Any]]:
        return [(name, type(value), value) for name, value in columns if value is not None]

    assert (encode("quotes", one) == encode("quotes", other)) == (held(one) == held(other))


def test_values_that_look_alike_are_encoded_apart() -> None:
    alike = ["", "0", "1", 0, 1, b"", b"0", "i1:1", 1.0, "1.0"]
    encoded = [encode("quotes", [(b"record", value)]) for value in [*alike, None]]
    assert all(one != other for one, other in itertools.combinations(encoded, 2))
    assert encode("quotes", []) != encode("flags", [])


def test_a_row_proves_nothing_in_another_table_or_under_another_key() -> None:
    row: dict[str, Any] = {"conversation_id": "c", "record": "r", "kind": "r", "turn": 1, "made_at": 1, "raised_at": 1}
    proofs = {prove(key, table, row) for key in (b"1", b"2") for table in (tables.quotes, tables.flags)}
    assert len(proofs) == 4


@pytest.mark.parametrize(
    ("change", "read"),
    [
        ("UPDATE codes SET conversation_id = '{second}'", "code"),
        ("UPDATE codes SET last_used_at = last_used_at + 1", "code"),
        ("UPDATE visits SET conversation_id = '{second}'", "visit"),
        ("UPDATE visits SET idle_minutes = 1200", "visit"),
        ("UPDATE attempts SET wrong = 0", "attempts"),
        ("UPDATE conversations SET stage = 'closing'", "conversations"),
        ("UPDATE enquiries SET closed_at = 1", "enquiries"),
        ("UPDATE enquiry_references SET enquiry_id = '{second}'", "reference"),
        ("UPDATE enquiry_moves SET move = 'closed'", "moves"),
        ("UPDATE invitations SET valid_until = valid_until + 1", "invitation"),
        ("UPDATE outcome_reviews SET said_turn = 1", "reviews"),
        ("UPDATE preferences SET text_size = '125'", "preferences"),
        ("UPDATE flags SET turn = 1", "flags"),
        ("UPDATE quotes SET record = 'wish'", "quotes"),
        ("UPDATE outcome_marks SET value = '9'", "marks"),
        ("UPDATE desired_outcomes SET sign_turn = NULL", "outcomes"),
        ("UPDATE drafts SET kept_at = 0", "drafts"),
    ],
)
def test_a_row_that_another_hand_changed_is_never_used(store: Store, file: Path, change: str, read: str) -> None:
    filled = fill(store)
    assert _read(store, filled.first, read)
    with from_below(file) as below:
        below.execute(change.format(second=filled.second))
    with pytest.raises(Damaged, match="python -m bot verify"):
        _read(store, filled.first, read)


def test_a_proof_is_made_under_the_key_of_the_database(store: Store) -> None:
    fill(store)
    with store.reading_rows() as rows:
        row = next(rows.each(tables.flags, order_by=[]))
    assert row["proof"] == prove(store.derive(Purpose.PROOFS), tables.flags, row)


def test_times_keep_every_microsecond() -> None:
    assert moment(stamp(NOON)) == NOON
    assert stamp(NOON) % 1_000_000 == 123_456


def attempt(at: int, wrong: int | None = None, network: str = "here") -> Row:
    return {"network": network, "at": at, "wrong": at if wrong is None else wrong}


def test_each_way_of_writing_tells_of_rows_as_they_were_and_as_they_will_be(store: Store) -> None:
    table, key = tables.attempts, store.derive(Purpose.PROOFS)
    heard: list[tuple[str, list[int]]] = []

    def hear(written: Table, told: Iterable[Mapping[str, Any]]) -> None:
        heard.append((written.name, [row["wrong"] for row in told]))

    with store.writing_rows() as below:
        rows = Rows(below.connection, key, may_write=True, notice=hear)
        rows.add(table, attempt(1))
        rows.add_all(table, [attempt(2), attempt(3)])
        rows.put_all(table, [attempt(3, 30), attempt(4)])
        rows.add_unless_there(table, attempt(4, 40))
        rows.add_proven(table, [attempt(5) | {"proof": prove(key, table, attempt(5))}])
        rows.change(table, table.c.at == 5, to={"wrong": 50})
        rows.drop(table, table.c.at <= 2)
        rows.erase(table, table.c.at == 3)
        for writing in (rows.add_all, rows.put_all):
            writing(table, [])
        left = rows.every(table, order_by=[table.c.at])
    assert [(row["at"], row["wrong"]) for row in left] == [(4, 4), (5, 50)]
    told = [[1], [2, 3], [30, 4], [40], [5], [5, 50], [1, 2]]
    assert heard == [("attempts", numbers) for numbers in told], "of what is erased unread nobody hears"


def test_rows_are_found_by_what_they_hold_and_in_the_order_asked_for(store: Store) -> None:
    table, at = tables.attempts, tables.attempts.c.at
    with store.writing_rows() as rows:
        rows.add_all(table, [attempt(3), attempt(1), attempt(2), attempt(7, network="there")])
        everybody = [table.c.network, at]

        def found(*rows: Row | None) -> list[int | None]:
            return [None if row is None else row["at"] for row in rows]

        assert found(rows.one(table, "here", 2), rows.one(table, "there", 2)) == [2, None]
        assert found(rows.first(table, order_by=[at]), rows.first(table, at > 7)) == [1, None]
        assert found(rows.first(table, table.c.network == "here", order_by=[at.desc()])) == [3]
        assert found(*rows.every(table, order_by=everybody)) == [1, 2, 3, 7]
        assert found(*rows.every(table, at > 1, order_by=[at.desc()], at_most=2)) == [7, 3]
        assert found(*rows.each(table, at < 7, order_by=[at.desc()])) == [3, 2, 1]
        assert found(*rows.having(table, {"network": "here"}, order_by=[at])) == [1, 2, 3]
        assert found(*rows.having(table, {"network": "here"}, order_by=[at.desc()])) == [3, 2, 1]
        assert found(*rows.having(table, {"network": None}, order_by=[at])) == []
        assert rows.ids(select(at).order_by(at.desc())) == [7, 3, 2, 1]
        assert [tuple(one) for one in rows.found(select(at, table.c.network).where(at == 7))] == [(7, "there")]


def test_rows_that_are_counted_are_found_by_their_numbers(store: Store) -> None:
    outcomes, other = tables.desired_outcomes, "0" * 32
    of_it = {"conversation_id": fill(store).first}
    with store.reading_rows() as rows:
        kept = [row["number"] for row in rows.having(outcomes, of_it, order_by=[outcomes.c.number])]
        latest = rows.latest(outcomes, of_it)
        assert latest is not None
        assert (latest["number"], rows.next_number(outcomes, **of_it)) == (kept[-1], kept[-1] + 1)
        assert kept == list(range(1, len(kept) + 1))
        assert [row["number"] for row in rows.numbered_after(outcomes, of_it, 0)] == kept
        assert [row["number"] for row in rows.numbered_after(outcomes, of_it, kept[-2])] == kept[-1:]
        assert rows.latest(outcomes, {"conversation_id": other}) is None
        assert rows.next_number(outcomes, conversation_id=other) == 1
        ids = [row["log"] for row in rows.ones(tables.logs, ["forgotten", "entries", "audit", "nothing"])]
        assert ids == ["audit", "entries", "forgotten"]


@pytest.mark.usefixtures("file")
def test_what_no_row_can_hold_is_found_nowhere(store: Store) -> None:
    table = tables.attempts
    with store.reading_rows() as rows:
        assert rows.one(table, "\ud800", 1) is None
        assert rows.first(table, table.c.network == "\ud800") is None
        assert rows.every(table, table.c.network == "\ud800", order_by=[table.c.at]) == []
        assert list(rows.each(table, table.c.network == "\ud800", order_by=[table.c.at])) == []


def test_what_was_read_is_as_it_is_kept_whatever_is_done_with_it_and_written_since(store: Store) -> None:
    table = tables.attempts
    with store.writing_rows() as rows:
        rows.add(table, attempt(1))
        read = rows.one(table, "here", 1)
        assert read is not None
        read["wrong"] = 99
        again = rows.one(table, "here", 1)
        assert again is not None
        assert again["wrong"] == 1
        rows.replace(table, again, to={"wrong": 2})
        assert (rows.one(table, "here", 1) or {})["wrong"] == 2
        rows.put_all(table, [attempt(1, 3)])
        assert (rows.one(table, "here", 1) or {})["wrong"] == 3
        rows.erase(table, table.c.at == 1)
        assert rows.one(table, "here", 1) is None


def test_what_another_row_forbids_is_said_by_what_it_is(store: Store) -> None:
    table = tables.attempts
    with store.writing_rows() as rows:
        rows.add(table, attempt(1))
    for writing in (
        lambda rows: rows.add(table, attempt(1)),
        lambda rows: rows.add_all(table, [attempt(2), attempt(1)]),
        lambda rows: rows.add_proven(table, [attempt(1) | {"proof": b""}]),
    ):
        with pytest.raises(Taken, match=r"^There is such a row in attempts already\.$"), store.writing_rows() as rows:
            writing(rows)
    with pytest.raises(Missing, match=r"facts_due would name something"), store.writing_rows() as rows:
        rows.put_all(tables.facts_due, [{"enquiry_id": "0" * 32, "mark": "a"}])
    with pytest.raises(Missing, match="no such row in attempts"), store.writing_rows() as rows:
        rows.change(table, table.c.at == 2, to={"wrong": 2})
    with pytest.raises(RuntimeError, match="only reads"), store.reading_rows() as rows:
        rows.erase(table)
    with store.reading_rows() as rows:
        assert [row["at"] for row in rows.every(table, order_by=[table.c.at])] == [1]


@pytest.mark.parametrize("words", ["\0", "here\0", "\ud800", "\udfff here"])
def test_what_no_text_holds_is_refused_without_being_told(store: Store, words: str) -> None:
    refused = r"^attempts\.network holds a NUL or a lone surrogate: seal it, or keep it out\.$"
    with pytest.raises(ValueError, match=refused), store.writing_rows() as rows:
        rows.add(tables.attempts, attempt(1, network=words))


def test_a_row_without_a_proof_of_its_own_is_not_proven() -> None:
    key, row = b"k" * 32, attempt(1)
    proof = prove(key, tables.attempts, row)
    assert is_proven(key, tables.attempts, row | {"proof": proof})
    for other in (None, "", proof.hex(), proof[:-1], bytes(32)):
        assert not is_proven(key, tables.attempts, row | {"proof": other})


def test_a_time_that_is_not_there_stays_so() -> None:
    assert (moment_or_none(None), moment_or_none(stamp(NOON))) == (None, NOON)
    with pytest.raises(ValueError, match="A time without a zone is no time"):
        stamp(NOON.replace(tzinfo=None))


READING: dict[str, Callable[[Transaction, str], Any]] = {
    "code": lambda seen, _: seen.codes.find(815),
    "visit": lambda seen, _: seen.visits.find(COOKIE),
    "attempts": lambda seen, _: seen.attempts.wrong(NOON),
    "conversations": lambda seen, conversation_id: seen.conversations.get(conversation_id).last_kind is Kind.WORDS,
    "enquiries": lambda seen, _: seen.enquiries.listed(),
    "reference": lambda seen, _: seen.enquiries.find(f"Enquiry 17: {CANARY}"),
    "moves": lambda seen, _: [seen.enquiries.moves(one.enquiry_id) for one in seen.enquiries.listed()],
    "invitation": lambda seen, _: seen.invitations.find(3),
    "reviews": lambda seen, conversation_id: seen.reviews.of(conversation_id),
    "preferences": lambda seen, conversation_id: seen.preferences.find(conversation_id),
    "flags": lambda seen, conversation_id: seen.flags.of(conversation_id),
    "quotes": lambda seen, conversation_id: seen.quotes.of(conversation_id),
    "marks": lambda seen, conversation_id: seen.outcomes.marks(conversation_id),
    "outcomes": lambda seen, conversation_id: seen.outcomes.desired(conversation_id),
    "drafts": lambda seen, conversation_id: seen.drafts.find(conversation_id, 7),
}


def _read(store: Store, conversation_id: str, what: str) -> Any:
    with store.reading() as seen:
        return READING[what](seen, conversation_id)
