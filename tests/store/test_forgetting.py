"""What is forgotten is nowhere: not in the tables, not in any file, not under any key; and all else is as it was."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.conversation import Kind, Speaker, Stage
from bot.flags import FlagKind
from bot.store import Disguise, EntryKind, Forgotten, Missing, Origin, RootKey, Rule, Store, tables
from bot.store.verifying import verify
from tests.faults.searching import Search
from tests.store.filling import NOON, begin, everything, from_below, say, work_for

SAID = "My brother Oyelowo sold the piano that was mine, and laughed"
BESIDE = "She cried when she named the piano. Ring Bukola before nine"
REFERENCE = "SAB/2026/Quillfeather"
OTHER = "I would like somebody to mend the gate at Thistledown"
LATER = NOON + timedelta(days=3000)

BY_CONVERSATION = [one for one in tables.metadata.sorted_tables if "conversation_id" in one.c]
BY_ENQUIRY = [one for one in tables.metadata.sorted_tables if "enquiry_id" in one.c]
FACTS = {"audit", "forgotten", "deeds"}
"""What says that there was something, and holds none of it."""


@dataclass(frozen=True)
class House:
    """Two enquiries with all that belongs to one, and a conversation without any."""

    one: str
    inside: tuple[str, ...]
    """The conversations of the first enquiry; the last of them has a key of its own."""
    other: str
    elsewhere: str
    alone: str
    manager: str
    second: str


@pytest.fixture
def house(store: Store) -> House:
    with store.begin() as kept:
        team = kept.teams.add("North", NOON)
        manager = work_for(kept, team_ids=(team,))
        second = work_for(kept, email="ben@example.org", team_ids=(team,))
        one = kept.enquiries.open(NOON, reference=REFERENCE)
        other = kept.enquiries.open(NOON, reference="SAB/2026/2")
    inside = [begin(store, enquiry_id=one), begin(store, enquiry_id=one), begin(store)]
    elsewhere, alone = begin(store, enquiry_id=other), begin(store)
    for conversation_id in inside:
        _fill(store, conversation_id, SAID, manager)
    for conversation_id in (elsewhere, alone):
        _fill(store, conversation_id, OTHER, manager)
    with store.begin() as kept:
        kept.conversations.join(inside[2], one)
        for enquiry_id, reads in ((one, f"{inside[0][:8]}_2"), (other, f"{elsewhere[:8]}_2")):
            _fill_enquiry(kept, enquiry_id, reads, team, manager)
        kept.deeds.add(
            team_id=team,
            state="made",
            day=NOON.date(),
            words={"did": "We ring."},
            account_id=manager,
            now=NOON,
            conversation_id=inside[0],
            turn=2,
        )
    store.work_out_facts()
    return House(one, tuple(inside), other, elsewhere, alone, manager, second)


def _fill(store: Store, conversation_id: str, words: str, account_id: str) -> None:
    with store.begin() as kept:
        asked: dict[str, Any] = {"speaker": Speaker.BOT, "kind": Kind.QUESTION, "said_at": NOON, "asked": "outcome"}
        kept.conversations.add(conversation_id, **asked, words="What do you want?")
    say(store, conversation_id, words, asked="outcome", answers=1, original=words[::-1], token="step")
    say(store, conversation_id, f"{words}!", asked="outcome", answers=1, replaces=2)
    with store.begin() as kept:
        kept.quotes.quote(conversation_id, "wish", 2, NOON)
        kept.outcomes.desire(conversation_id, 2, NOON)
        kept.flags.raise_flag(conversation_id, FlagKind.TOLD_WHAT_HAPPENED, 2, NOON)
        kept.drafts.keep(conversation_id, for_turn=4, words=f"{words} and", now=NOON, note=words)
        kept.visits.open(f"cookie of {conversation_id}", conversation_id, NOON, idle_minutes=30)
        kept.codes.add(
            conversation_id,
            NOON,
            bucket=int(conversation_id[:4], 16),
            salt=b"s" * 16,
            verifier=b"v" * 32,
            disguise=Disguise.NUMBERS,
        )
        written: dict[str, Any] = {"account_id": account_id, "now": NOON, "words": {"note": f"{BESIDE}: {words}"}}
        kept.entries.add(kind=EntryKind.NOTE, what="note", conversation_id=conversation_id, turn=2, **written)
        if words == OTHER:
            kept.entries.add(
                kind=EntryKind.NOTE,
                what="note",
                conversation_id=conversation_id,
                account_id=account_id,
                now=NOON,
                words={"note": "Mended."},
            )


def _fill_enquiry(kept: Any, enquiry_id: str, outcome_id: str, team: str, account_id: str) -> None:
    written: dict[str, Any] = {"account_id": account_id, "now": NOON, "enquiry_id": enquiry_id}
    theme = kept.entries.add(kind=EntryKind.THEME, what="own", outcome_id=outcome_id, words={"own": BESIDE}, **written)
    kept.entries.add(
        kind=EntryKind.THEME, what="own", outcome_id=outcome_id, words={"own": BESIDE}, replaces=theme.number, **written
    )
    kept.entries.add(kind=EntryKind.RECORD, what="risk", choices={"result": ("removed",)}, **written)
    kept.allocations.give_team(enquiry_id, team, account_id, NOON)
    kept.allocations.allocate(enquiry_id, account_id, account_id, NOON)
    kept.invitations.add(
        enquiry_id,
        NOON,
        stage=Stage.CHECK_IN,
        speaker=Speaker.PERSON,
        origin=Origin.PAGE,
        contact=BESIDE,
        valid_until=LATER,
        bucket=int(enquiry_id[:4], 16),
        salt=b"s" * 16,
        verifier=b"v" * 32,
    )


def forget(store: Store, house: House) -> None:
    with store.begin() as kept:
        kept.forgetting.enquiry(house.one, Rule.CLOSED, LATER, asked_by=house.manager, done_by=house.second)
    assert store.scrub()


def sealed_bytes(file: Path, house: House) -> list[bytes]:
    """Everything sealed and every wrapped key of the first enquiry, as it lies there."""
    with closing(sqlite3.connect(file)) as below:
        marks = ",".join("?" * len(house.inside))
        found = [
            below.execute(f"SELECT words FROM turns WHERE conversation_id IN ({marks})", house.inside),
            below.execute(f"SELECT original FROM turns WHERE conversation_id IN ({marks})", house.inside),
            below.execute(f"SELECT words FROM drafts WHERE conversation_id IN ({marks})", house.inside),
            below.execute(f"SELECT words FROM entries WHERE conversation_id IN ({marks})", house.inside),
            below.execute("SELECT words FROM entries WHERE enquiry_id = ?", (house.one,)),
            below.execute("SELECT reference FROM enquiries WHERE enquiry_id = ?", (house.one,)),
            below.execute("SELECT found_by FROM enquiry_references WHERE enquiry_id = ?", (house.one,)),
            below.execute("SELECT contact FROM invitations WHERE enquiry_id = ?", (house.one,)),
            below.execute(
                "SELECT wrapped FROM keys WHERE key_id IN (SELECT key_id FROM enquiries WHERE enquiry_id = ?)"
                f" OR key_id IN (SELECT key_id FROM conversations WHERE conversation_id IN ({marks}))",
                (house.one, *house.inside),
            ),
        ]
        return [row[0] for rows in found for row in rows if row[0] is not None]


def lying_in(folder: Path, sealed: Sequence[bytes]) -> dict[str, int]:
    """In which files how many of these lie."""
    found = {path.name: sum(one in path.read_bytes() for one in sealed) for path in folder.rglob("*") if path.is_file()}
    return {name: number for name, number in found.items() if number}


def test_what_is_forgotten_is_in_no_file_and_before_it_was(store: Store, house: House, file: Path) -> None:
    sealed = sealed_bytes(file, house)
    assert len(sealed) >= 25
    assert sum(lying_in(file.parent, sealed).values()) >= len(sealed), "what is searched for can be found"
    forget(store, house)
    assert lying_in(file.parent, sealed) == {}
    search = Search([SAID, BESIDE, REFERENCE])
    assert search.in_files(file.parent) == {}
    store.close()
    assert lying_in(file.parent, sealed) == {}
    # A leak that is planted is found: words in a file beside it, and a sealed row that somebody kept.
    (file.parent / "planted.log").write_bytes(b"x" + SAID.encode("utf-16-le"))
    (file.parent / "planted.bin").write_bytes(b"\0" * 100 + sealed[3])
    assert set(search.in_files(file.parent)) == {"planted.log"}
    assert lying_in(file.parent, sealed) == {"planted.bin": 1}


def test_no_row_is_left_of_it_but_the_fact_and_all_else_is_as_it_was(store: Store, house: House) -> None:
    before = _of_others(store, house)
    forget(store, house)
    with store.reading_rows() as rows:
        for table in BY_CONVERSATION:
            if table.name not in FACTS:
                assert not [row for row in rows.each(table, order_by=[]) if row["conversation_id"] in house.inside]
        for table in BY_ENQUIRY:
            if table.name not in FACTS:
                assert not [row for row in rows.each(table, order_by=[]) if row["enquiry_id"] == house.one]
        assert not list(rows.each(tables.forgetting, order_by=[]))
    assert _of_others(store, house) == before
    assert verify(store) == []
    with store.reading() as seen:
        assert seen.enquiries.find(REFERENCE) is None
        with pytest.raises(Missing):
            seen.enquiries.get(house.one)
        with pytest.raises(Missing):
            seen.conversations.turns(house.inside[0])
        said = seen.forgetting.listed()
    assert [(one.forgotten_id, one.rule, one.asked_by, one.done_by, one.at) for one in said[:1]] == [
        (house.one, Rule.CLOSED, house.manager, house.second, LATER)
    ]
    assert {one.forgotten_id for one in said[1:]} == set(house.inside)


def _of_others(store: Store, house: House) -> list[Any]:
    with store.reading() as seen:
        return [
            [seen.conversations.turns(one) for one in (house.elsewhere, house.alone)],
            [seen.entries.of_conversation(one) for one in (house.elsewhere, house.alone)],
            seen.enquiries.get(house.other),
            seen.entries.of_enquiry(house.other),
            seen.drafts.find(house.alone, 4),
            seen.audit.search(),
        ]


def test_everything_goes_on_after_something_was_forgotten(
    store: Store, house: House, file: Path, root: RootKey
) -> None:
    forget(store, house)
    say(store, house.alone, "And a bench.")
    with store.begin() as kept:
        added = kept.entries.add(
            kind=EntryKind.NOTE, what="note", conversation_id=house.alone, account_id=house.manager, now=LATER
        )
        assert added.number == kept.entries.length()
        again = kept.enquiries.open(LATER, reference=REFERENCE)
    store.work_out_facts()
    assert verify(store) == []
    store.close()
    opened = Store.open(file, root)
    with opened.reading() as seen:
        assert seen.enquiries.find(REFERENCE) == seen.enquiries.get(again)
    assert verify(opened) == []
    opened.close()


def test_one_conversation_is_forgotten_and_the_enquiry_goes_on(store: Store, house: House, file: Path) -> None:
    first = house.inside[0]
    with store.begin() as kept:
        kept.forgetting.conversation(first, Rule.ASKED, LATER, asked_by=house.manager, done_by=house.second)
    assert store.scrub()
    store.work_out_facts()
    assert verify(store) == []
    with store.reading() as seen:
        left = seen.conversations.listed(enquiry_id=house.one)
        assert {one.conversation_id for one in left} == set(house.inside[1:])
        assert SAID in [turn.words for turn in seen.conversations.turns(house.inside[1])]
        # What was written about an outcome that was said in it went along; what was recorded of the enquiry stays.
        of_enquiry = [one for one in seen.entries.of_enquiry(house.one) if one.conversation_id is None]
        assert [one.kind for one in of_enquiry] == [EntryKind.RECORD]


def test_a_conversation_with_a_key_of_its_own_takes_the_key_along(store: Store, house: House, file: Path) -> None:
    def keys() -> set[str]:
        with store.reading_rows() as rows:
            return {row["key_id"] for row in rows.each(tables.keys, order_by=[])}

    before = keys()
    with store.begin() as kept:
        kept.forgetting.conversation(house.alone, Rule.UNFINISHED, LATER)
    assert len(before - keys()) == 1
    with store.begin() as kept:
        # This one began in an enquiry: what else lies under its key is to be read still.
        kept.forgetting.conversation(house.elsewhere, Rule.ASKED, LATER)
    assert len(before - keys()) == 1
    with store.reading() as seen:
        assert seen.enquiries.get(house.other).reference == "SAB/2026/2"
    assert verify(store) == []


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE turns SET words = x'00'",
        "UPDATE turns SET proof = x'00', said_at = 1",
        "UPDATE conversations SET head = x'00', length = 99",
        "UPDATE entries SET words = x'00', kind = 'none of ours'",
        "UPDATE enquiries SET reference = x'00', closed_at = 7",
        "UPDATE drafts SET words = x'ff', proof = x'ff'",
        "UPDATE keys SET wrapped = x'00' WHERE purpose = 'words'",
        "UPDATE enquiry_facts SET proof = x'00'",
        "UPDATE access_moves SET proof = x'00'",
        "DELETE FROM conversation_states",
    ],
)
def test_damage_keeps_nothing_from_being_forgotten(store: Store, house: House, file: Path, damage: str) -> None:
    sealed = [one for one in sealed_bytes(file, house) if len(one) > 8]
    with from_below(file) as below:
        below.execute(damage)
    forget(store, house)
    assert lying_in(file.parent, sealed) == {}
    with store.reading_rows() as rows:
        for table in (tables.turns, tables.drafts, tables.conversations):
            assert not [row for row in rows.each(table, order_by=[]) if row["conversation_id"] in house.inside]


def test_a_key_that_a_damaged_row_names_wrongly_stays_with_those_whose_it_is(
    store: Store, house: House, file: Path
) -> None:
    with from_below(file) as below:
        below.execute(
            "UPDATE conversations SET key_id = (SELECT key_id FROM enquiries WHERE enquiry_id = ?)"
            " WHERE conversation_id = ?",
            (house.other, house.inside[0]),
        )
    forget(store, house)
    with store.reading() as seen:
        assert OTHER in [turn.words for turn in seen.conversations.turns(house.elsewhere)]


def test_what_breaks_off_forgets_nothing(store: Store, house: House) -> None:
    before = everything(store)

    class Stopped(Exception):
        pass

    def break_off() -> None:
        with store.begin() as kept:
            kept.forgetting.enquiry(house.one, Rule.ASKED, LATER)
            raise Stopped

    with pytest.raises(Stopped):
        break_off()
    assert everything(store) == before
    assert verify(store) == []


def test_what_is_not_there_cannot_be_forgotten(store: Store, house: House) -> None:
    forget(store, house)
    for gone in ("0" * 32, house.one):
        with pytest.raises(Missing), store.begin() as kept:
            kept.forgetting.enquiry(gone, Rule.ASKED, LATER)
    with pytest.raises(Missing), store.begin() as kept:
        kept.forgetting.conversation(house.inside[0], Rule.ASKED, LATER)
    assert verify(store) == []


def test_an_older_copy_forgets_again_what_the_list_names(
    store: Store, house: House, file: Path, root: RootKey, tmp_path: Path
) -> None:
    older = tmp_path / "older" / "ownwords.sqlite3"
    older.parent.mkdir()
    with closing(sqlite3.connect(file)) as below, closing(sqlite3.connect(older)) as copy:
        below.backup(copy)
    sealed = sealed_bytes(file, house)
    forget(store, house)
    with store.begin() as kept:
        late = kept.conversations.begin(
            stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=LATER, interview_version="1"
        )
        kept.forgetting.conversation(late, Rule.UNFINISHED, LATER)
    with store.reading() as seen:
        named: tuple[Forgotten, ...] = seen.forgetting.listed()
    restored = Store.open(older, root)
    try:
        with restored.begin() as kept:
            assert kept.forgetting.again(named) == 1
            assert kept.forgetting.again(named) == 0
        assert restored.scrub()
        assert lying_in(older.parent, sealed) == {}
        with restored.reading() as seen:
            assert {one.forgotten_id for one in seen.forgetting.listed()} == {one.forgotten_id for one in named}
        assert verify(restored) == []
    finally:
        restored.close()


def test_verify_names_what_was_forgotten_and_is_here_again(
    store: Store, house: House, file: Path, root: RootKey
) -> None:
    with store.writing_rows() as rows:
        row = {"forgotten_id": house.alone, "number": 1, "rule": "asked", "entries": "[]", "at": 1}
        rows.add(tables.forgotten, row)
        rows.add(tables.logs, {"log": "forgotten", "number": 1})
    (problem,) = verify(store)
    assert (problem.table, problem.conversation_id) == ("conversations", house.alone)
    assert problem.finding == "it was forgotten, and is here still or again"


@pytest.mark.parametrize("lost", ["DELETE FROM forgotten WHERE number = 2", "DELETE FROM forgotten"])
def test_verify_misses_what_is_gone_from_the_list(store: Store, house: House, file: Path, lost: str) -> None:
    forget(store, house)
    with from_below(file) as below:
        below.execute(lost)
    assert "forgotten" in {problem.table for problem in verify(store)}


def test_an_entry_that_only_another_hand_deleted_is_missed_still(store: Store, house: House, file: Path) -> None:
    forget(store, house)
    with from_below(file) as below:
        below.execute("DELETE FROM entries WHERE number = (SELECT max(number) - 1 FROM entries)")
    assert {problem.table for problem in verify(store)} == {"entries"}


@pytest.fixture
def reader(file: Path) -> Iterator[sqlite3.Connection]:
    """Somebody who reads for a long time."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        yield connection


def test_a_long_reader_is_told_of_and_afterwards_it_is_all_gone(
    store: Store, house: House, file: Path, reader: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.database.PRAGMAS", (("busy_timeout", "50"), ("secure_delete", "ON")))
    sealed = sealed_bytes(file, house)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM turns").fetchone()
    store.engine.dispose()
    with store.begin() as kept:
        kept.forgetting.enquiry(house.one, Rule.ASKED, LATER)
    assert not store.scrub()
    reader.execute("ROLLBACK")
    assert store.scrub()
    assert lying_in(file.parent, sealed) == {}
