"""What was signed shows later what another hand did, also one that holds the database and the root key."""

import json
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Table, delete, select, update

from bot.store import AuditAct, EntryKind, KeyProblem, RootKey, Store, tables
from bot.store import checkpoints as c
from bot.store.audit import FIRST_HEAD
from bot.store.audit import next_head as next_of_the_audit
from bot.store.conversations import first_head, next_head
from bot.store.forgetting import Rule
from bot.store.rows import Row, prove
from bot.store.sealing import Purpose
from bot.store.verifying import Problem, verify
from tests.postgresql import Server
from tests.store.filling import CANARY, NOON, SIGNER, begin, fill, from_below, say, work_for

LATER = timedelta(minutes=10)
A_YEAR = timedelta(days=366)
TRUSTED = {SIGNER.public}
ON_SQLITE = pytest.mark.parametrize("store", ["sqlite"], indirect=True)
"""What has nothing to do with the database."""


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, file: Path, root: RootKey) -> Iterator[Store]:
    """An empty store, on both databases."""
    server: Server | None = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    address = file if server is None else server.database()
    Store.migrate(address, root, NOON)
    opened = Store.open(address, root)
    yield opened
    opened.close()


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    """A file of checkpoints."""
    return tmp_path / "checkpoints.jsonl"


@pytest.fixture
def talked(store: Store, signed: Path) -> str:
    """A conversation of six turns, with checkpoints after the third and after the last, and what was kept beside it."""
    conversation_id = begin(store)
    for number in range(1, 4):
        say(store, conversation_id, f"I said this as number {number}.")
    with store.begin() as kept:
        account_id = work_for(kept)
        for _ in range(3):
            kept.audit.add(AuditAct.SIGNED_IN, NOON, account_id=account_id)
        note = {"kind": EntryKind.NOTE, "what": "note", "account_id": account_id, "now": NOON}
        kept.entries.add(**note, conversation_id=conversation_id, words={"note": CANARY})
        kept.entries.add(**note, conversation_id=conversation_id, words={"note": "Another."})
    assert c.make(store, SIGNER, NOON, signed) is not None
    for number in range(4, 7):
        say(store, conversation_id, f"I said this as number {number}.")
    assert c.make(store, SIGNER, NOON + LATER, signed) is not None
    return conversation_id


def found(store: Store, signed: Path) -> list[Problem]:
    """What is found wrong with the file at hand."""
    return verify(store, list(c.read(signed)), TRUSTED)


# --- nothing is wrong -------------------------------------------------------------------------------------------------


def test_what_goes_on_as_it_should_is_no_problem(store: Store, signed: Path, talked: str) -> None:
    say(store, talked, "And this after the last checkpoint.")
    say(store, begin(store), "Somebody else.")
    assert found(store, signed) == []
    assert verify(store, trusted=TRUSTED) == []


def test_a_store_with_something_in_every_table_is_as_it_was_signed(store: Store, signed: Path) -> None:
    fill(store)
    assert c.make(store, SIGNER, NOON, signed) is not None
    assert found(store, signed) == []


def test_forgetting_does_not_look_like_tampering(store: Store, signed: Path, talked: str) -> None:
    other = begin(store)
    with store.begin() as kept:
        kept.forgetting.conversation(talked, Rule.ASKED, NOON)
    assert found(store, signed) == []
    c.make(store, SIGNER, NOON + 2 * LATER, signed)
    with store.begin() as kept:
        kept.forgetting.conversation(other, Rule.UNFINISHED, NOON)
    assert found(store, signed) == []


def test_letting_go_of_the_front_of_the_audit_does_not_look_like_tampering(
    store: Store, signed: Path, talked: str
) -> None:
    with store.begin() as kept:
        for _ in range(3):
            kept.audit.add(AuditAct.SIGNED_OUT, NOON)
    c.make(store, SIGNER, NOON + 2 * LATER, signed)
    for more in (2, 1, 1):
        with store.begin() as kept:
            kept.cuts.cut_audit(more, NOON + LATER, NOON + A_YEAR)
        assert found(store, signed) == []
    with Hand(store).under_the_rules() as hand:
        rows = hand.rows(tables.audit)
        rows[1]["head"] = b"0" * 32
        hand.put(tables.audit, rows)
    said = "from here to number 6 it is not what checkpoint 3 has"
    assert Problem("audit", said, number=5) in found(store, signed)


@pytest.mark.parametrize(
    ("since", "at", "finding"),
    [
        (-A_YEAR, LATER, "rows after number 3 were let go of as old, and are younger than checkpoint 1"),
        (3 * LATER, 4 * LATER, "what was younger than a year was let go of"),
    ],
)
def test_an_audit_shortened_before_its_time_by_who_holds_all_keys_is_found(
    store: Store, signed: Path, talked: str, since: timedelta, at: timedelta, finding: str
) -> None:
    with store.begin() as kept:
        for _ in range(3):
            kept.audit.add(AuditAct.EXPORTED, NOON + LATER)
        kept.cuts.cut_audit(5, NOON + since, NOON + at)
    assert finding in {problem.finding for problem in found(store, signed)}


def test_an_audit_shortened_as_if_years_had_passed_is_found(store: Store, signed: Path, talked: str) -> None:
    with store.begin() as kept:
        kept.cuts.cut_audit(3, NOON + A_YEAR, NOON + 2 * A_YEAR)
    assert found(store, signed) == [], "later, that would be right"
    looked_at = verify(store, list(c.read(signed)), TRUSTED, NOON + 2 * LATER)
    assert looked_at == [Problem("cuts", "it is of a time that has not come", number=1)]


def test_a_checkpoint_names_only_what_has_changed_since_the_one_before(store: Store, signed: Path, talked: str) -> None:
    another = begin(store)
    made = c.make(store, SIGNER, NOON + 2 * LATER, signed)
    assert made is not None
    assert list(made.content["conversations"]) == [another]
    assert (made.content["entries"], made.content["whole"]) == ([], False)


@ON_SQLITE
def test_after_many_one_names_everything_again(
    store: Store, signed: Path, talked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(c, "WHOLE_EVERY", 2)
    made = c.make(store, SIGNER, NOON + 2 * LATER, signed)
    assert made is not None
    assert made.content["whole"]
    assert list(made.content["conversations"]) == [talked]
    following = c.make(store, SIGNER, NOON + 3 * LATER, signed)
    assert following is not None
    assert not following.content["conversations"]
    assert found(store, signed) == []
    signed.unlink()
    c.bring_up_to_date(store, signed)
    assert [one.number for one in c.read(signed)] == [3, 4], "a new file begins with one that names everything"
    assert found(store, signed) == []


@ON_SQLITE
def test_there_are_no_words_in_a_checkpoint(store: Store, signed: Path, talked: str) -> None:
    written = signed.read_text()
    assert talked in written
    for secret in (CANARY, "I said this", "Oyelaran", "Ama"):
        assert secret not in written
    assert stat.S_IMODE(signed.stat().st_mode) == 0o600


# --- another hand, which holds the database and the root key ----------------------------------------------------------


class Hand:
    """Somebody who has the database and the root key, and who makes everything fit again."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._proof_key = store.derive(Purpose.PROOFS)

    @contextmanager
    def under_the_rules(self) -> Iterator["Hand"]:
        """While it lasts, the database's own triggers are gone."""
        with self.store.engine.connect() as connection, connection.begin():
            self.connection = connection
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
                yield self
                return
            made = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").all()
            connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
            for name, _ in made:
                connection.exec_driver_sql(f"DROP TRIGGER {name}")
            yield self
            for _, sql in made:
                connection.exec_driver_sql(sql)

    def rows(self, table: Table, conversation_id: str | None = None) -> list[Row]:
        """All rows of a table, or those of a conversation."""
        query = select(table).order_by(*table.primary_key.columns)
        if conversation_id is not None:
            query = query.where(table.c.conversation_id == conversation_id)
        return [dict(row) for row in self.connection.execute(query).mappings()]

    def put(self, table: Table, rows: Sequence[Row], conversation_id: str | None = None) -> None:
        """Put these rows in the place of all there are, each with a proof that fits."""
        gone = delete(table)
        if conversation_id is not None:
            gone = gone.where(table.c.conversation_id == conversation_id)
        self.connection.execute(gone)
        for row in rows:
            self.connection.execute(table.insert().values({**row, "proof": prove(self._proof_key, table, row)}))

    def rewrite(self, conversation_id: str, change: Callable[[list[Row]], list[Row]]) -> None:
        """Write a conversation anew: numbers, heads, length and proofs fit, and every seal that was changed opens."""
        turns, conversations = tables.turns, tables.conversations
        rows = change(self.rows(turns, conversation_id))
        (conversation,) = self.rows(conversations, conversation_id)
        head = first_head(conversation_id, conversation["key_id"], conversation["begun_at"])
        for number, row in enumerate(rows, 1):
            row["number"] = number
            row["head"] = head = next_head(head, row)
        self.put(turns, rows, conversation_id)
        latest = rows[-1]
        conversation |= {"length": len(rows), "head": head}
        conversation |= {"last_kind": latest["kind"], "last_said_at": latest["said_at"]}
        proof = prove(self._proof_key, conversations, conversation)
        where = conversations.c.conversation_id == conversation_id
        self.connection.execute(update(conversations).where(where).values({**conversation, "proof": proof}))


def without_the_fifth(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["number"] != 5]


def in_another_order(rows: list[Row]) -> list[Row]:
    return [*rows[:3], rows[4], rows[3], rows[5]]


def with_one_slipped_in(rows: list[Row]) -> list[Row]:
    return [*rows[:4], {**rows[4], "token": "slipped in"}, *rows[4:]]


def with_two_seals_swapped(rows: list[Row]) -> list[Row]:
    rows[3]["words"], rows[4]["words"] = rows[4]["words"], rows[3]["words"]
    return rows


def with_a_bit_flipped(rows: list[Row]) -> list[Row]:
    flipped = bytearray(rows[4]["words"])
    flipped[20] ^= 1
    rows[4]["words"] = bytes(flipped)
    return rows


def with_another_time(rows: list[Row]) -> list[Row]:
    return [{**row, "said_at": row["said_at"] + 1} for row in rows]


def without_its_end(rows: list[Row]) -> list[Row]:
    return rows[:4]


@pytest.mark.parametrize(
    ("change", "at", "finding"),
    [
        (without_the_fifth, 4, "checkpoint 2 has turns up to number 6, and they are gone"),
        (without_its_end, 4, "checkpoint 2 has turns up to number 6, and they are gone"),
        (in_another_order, 4, "from here to number 6 it is not what checkpoint 2 has"),
        (with_one_slipped_in, 4, "from here to number 6 it is not what checkpoint 2 has"),
        (with_two_seals_swapped, 4, "from here to number 6 it is not what checkpoint 2 has"),
        (with_a_bit_flipped, 4, "from here to number 6 it is not what checkpoint 2 has"),
        (with_another_time, 1, "from here to number 3 it is not what checkpoint 1 has"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_conversation_written_anew_by_who_holds_the_root_key_is_found_and_named(
    store: Store, signed: Path, talked: str, change: Callable[[list[Row]], list[Row]], at: int, finding: str
) -> None:
    with Hand(store).under_the_rules() as hand:
        hand.rewrite(talked, change)
    named = Problem("turns", finding, talked, at)
    assert named in found(store, signed)
    assert named in verify(store, trusted=TRUSTED), "those in the database say it too"


@ON_SQLITE
def test_without_checkpoints_a_chain_written_anew_does_not_show(store: Store, signed: Path, talked: str) -> None:
    with Hand(store).under_the_rules() as hand:
        hand.rewrite(talked, without_its_end)
    assert verify(store) == [], "this is what they are for"
    assert found(store, signed) != []


def test_a_conversation_taken_out_whole_is_found_and_named(store: Store, signed: Path, talked: str) -> None:
    with Hand(store).under_the_rules() as hand:
        for table in reversed(tables.metadata.sorted_tables):
            if "conversation_id" in table.c and table is not tables.audit:
                hand.put(table, [], talked)
        hand.put(tables.logs, [row for row in hand.rows(tables.logs) if row["log"] != "entries"])
    assert found(store, signed) == [
        Problem("conversations", "checkpoint 2 has it, and it is gone without having been forgotten", talked),
        Problem("entries", "checkpoint 1 has it, and it is gone", number=1),
        Problem("entries", "checkpoint 1 has it, and it is gone", number=2),
    ]


def test_an_audit_written_anew_is_found_and_named(store: Store, signed: Path, talked: str) -> None:
    with Hand(store).under_the_rules() as hand:
        head, rows = FIRST_HEAD, hand.rows(tables.audit)
        for row in rows:
            row["head"] = head = next_of_the_audit(head, {**row, "about": "nothing"} if row["number"] == 2 else row)
            row["about"] = "nothing" if row["number"] == 2 else row["about"]
        hand.put(tables.audit, rows)
        hand.put(
            tables.logs, [row | ({"head": head} if row["log"] == "audit" else {}) for row in hand.rows(tables.logs)]
        )
    assert found(store, signed) == [Problem("audit", "from here to number 3 it is not what checkpoint 1 has", number=1)]


def test_the_end_of_the_audit_cut_off_is_found_and_named(store: Store, signed: Path, talked: str) -> None:
    with Hand(store).under_the_rules() as hand:
        rows = hand.rows(tables.audit)[:1]
        hand.put(tables.audit, rows)
        end = {"head": rows[-1]["head"], "number": 1}
        hand.put(tables.logs, [row | (end if row["log"] == "audit" else {}) for row in hand.rows(tables.logs)])
    said = "checkpoint 1 has rows up to number 3, and they are gone"
    assert found(store, signed) == [Problem("audit", said, number=1)]


def test_an_entry_written_anew_is_found_and_named(store: Store, signed: Path, talked: str) -> None:
    with Hand(store).under_the_rules() as hand:
        rows = hand.rows(tables.entries)
        rows[1]["at"] += 1
        hand.put(tables.entries, rows)
    assert found(store, signed) == [Problem("entries", "it is not what checkpoint 1 has", number=2)]


def test_a_fact_of_forgetting_taken_out_or_written_anew_is_found_and_named(
    store: Store, signed: Path, talked: str
) -> None:
    for conversation_id in (begin(store), begin(store)):
        with store.begin() as kept:
            kept.forgetting.conversation(conversation_id, Rule.ASKED, NOON, asked_by="ama", done_by="ben")
    c.make(store, SIGNER, NOON + 2 * LATER, signed)
    with Hand(store).under_the_rules() as hand:
        first, _ = sorted(hand.rows(tables.forgotten), key=lambda row: row["number"])
        hand.put(tables.forgotten, [{**first, "asked_by": "somebody else"}])
        hand.put(
            tables.logs, [row | ({"number": 1} if row["log"] == "forgotten" else {}) for row in hand.rows(tables.logs)]
        )
    assert found(store, signed) == [
        Problem("forgotten", "it is not what checkpoint 3 has", number=1),
        Problem("forgotten", "checkpoint 3 has it, and it is gone", number=2),
    ]


def test_a_database_put_back_to_an_older_state_is_found(store: Store, signed: Path, talked: str) -> None:
    with Hand(store).under_the_rules() as hand:
        hand.rewrite(talked, lambda rows: rows[:3])
        hand.put(tables.checkpoints, hand.rows(tables.checkpoints)[:1])
    assert verify(store, trusted=TRUSTED) == []
    assert found(store, signed) == [
        Problem("checkpoints", "it is in the file and missing here: what is here is older, or was cut off", number=2),
        Problem("turns", "checkpoint 2 has turns up to number 6, and they are gone", talked, 4),
    ]


def test_a_checkpoint_that_another_key_signed_is_not_believed(store: Store, signed: Path, talked: str) -> None:
    """Whoever has the root key makes everything fit, checkpoints too; but cannot sign them."""
    own = c.CheckpointKey(b"the key of somebody else, as big")
    with Hand(store).under_the_rules() as hand:
        hand.rewrite(talked, with_another_time)
        hand.put(tables.checkpoints, [])
    assert c.make(store, own, NOON) is not None
    finding = "it is not signed by a key that is trusted"
    assert Problem("checkpoints", finding, number=1) in verify(store, trusted=TRUSTED)
    assert Problem("turns", "from here to number 3 it is not what checkpoint 1 has", talked, 1) in found(store, signed)


# --- a file that was changed ------------------------------------------------------------------------------------------


def lines_of(file: Path) -> list[str]:
    return file.read_text().splitlines()


@ON_SQLITE
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda lines: lines[1:], (2, "in the file something before it is missing")),
        (lambda lines: [lines[0], lines[2]], (3, "in the file something before it is missing")),
        (lambda lines: [lines[0], lines[2], lines[1]], (3, "in the file something before it is missing")),
        (
            lambda lines: [lines[0].replace(SIGNER.public, "00" * 32), *lines[1:]],
            (1, "in the file it is not signed by a key that is trusted"),
        ),
        (
            lambda lines: [lines[0].replace('\\"whole\\":true', '\\"whole\\":false'), *lines[1:]],
            (1, "in the file it is not signed by a key that is trusted"),
        ),
    ],
)
def test_a_file_of_checkpoints_that_was_changed_is_found(
    store: Store, signed: Path, talked: str, change: Callable[[list[str]], list[str]], expected: tuple[int, str]
) -> None:
    c.make(store, SIGNER, NOON + 2 * LATER, signed)
    signed.write_text("\n".join(change(lines_of(signed))) + "\n")
    number, finding = expected
    assert Problem("checkpoints", finding, number=number) in found(store, signed)


@ON_SQLITE
def test_a_line_whose_writing_was_interrupted_is_written_again(store: Store, signed: Path, talked: str) -> None:
    whole = signed.read_text()
    for cut in (1, 30):
        signed.write_text(whole[:-cut])
        c.make(store, SIGNER, NOON + 2 * LATER, signed)
        assert found(store, signed) == []


@ON_SQLITE
def test_a_file_that_was_away_is_brought_up_to_date(store: Store, signed: Path, talked: str) -> None:
    c.make(store, SIGNER, NOON + 2 * LATER)
    c.make(store, SIGNER, NOON + 3 * LATER, signed)
    assert [one.number for one in c.read(signed)] == [1, 2, 3, 4]
    assert found(store, signed) == []


def test_a_database_that_was_restored_goes_on_counting_where_the_file_ends(
    store: Store, signed: Path, talked: str
) -> None:
    with Hand(store).under_the_rules() as hand:
        hand.put(tables.checkpoints, hand.rows(tables.checkpoints)[:1])
    made = c.make(store, SIGNER, NOON + 2 * LATER, signed)
    assert made is not None
    assert made.number == 3
    assert json.loads(lines_of(signed)[-1])["said"] == made.said
    assert {problem.number for problem in found(store, signed)} == {2}, "what was lost is named"


@ON_SQLITE
@pytest.mark.parametrize("column", ["said", "signature"])
@pytest.mark.parametrize("number", [1, 2])
def test_a_damaged_checkpoint_keeps_none_from_being_made(
    store: Store, signed: Path, talked: str, file: Path, number: int, column: str
) -> None:
    signed.unlink()
    with from_below(file) as below:
        below.execute(f"UPDATE checkpoints SET {column} = 'x' WHERE number = ?", (number,))
    c.bring_up_to_date(store, signed)
    made = c.make(store, SIGNER, NOON + 2 * LATER, signed)
    assert made is not None
    assert (made.number, made.content["whole"]) == (3, number == 1)
    assert number not in {one.number for one in c.read(signed)}
    assert Problem("checkpoints", "the row is not as it was kept", number=number) in found(store, signed)


@ON_SQLITE
def test_a_damaged_conversation_is_not_signed_and_keeps_the_others_from_nothing(
    store: Store, signed: Path, talked: str, file: Path
) -> None:
    another = begin(store)
    with from_below(file) as below:
        below.execute("UPDATE conversations SET head = 'x' WHERE conversation_id = ?", (talked,))
    made = c.make(store, SIGNER, NOON + 2 * LATER, signed)
    assert made is not None
    assert list(made.content["conversations"]) == [another]


# --- the key ----------------------------------------------------------------------------------------------------------


def test_a_key_of_checkpoints_is_made_once_and_read_again(tmp_path: Path) -> None:
    made = c.CheckpointKey.create(tmp_path / "keys" / "checkpoint.key")
    again = c.CheckpointKey.read(tmp_path / "keys" / "checkpoint.key")
    assert again is not None
    assert again.public == made.public
    assert stat.S_IMODE((tmp_path / "keys" / "checkpoint.key").stat().st_mode) == 0o400
    with pytest.raises(KeyProblem, match="There is a checkpoint key at"):
        c.CheckpointKey.create(tmp_path / "keys" / "checkpoint.key")
    assert c.CheckpointKey.read(tmp_path / "nothing") is None


def test_a_key_of_checkpoints_is_refused_inside_the_data_and_where_others_can_read_it(tmp_path: Path) -> None:
    c.CheckpointKey.create(path := tmp_path / "checkpoint.key")
    with pytest.raises(KeyProblem, match="lies inside the data folder"):
        c.CheckpointKey.read(path, outside=tmp_path)
    path.chmod(0o440)
    with pytest.raises(KeyProblem, match="is open to others"):
        c.CheckpointKey.read(path)
