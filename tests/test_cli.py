"""The command line: each command says what it did, and an error is one clear line."""

import asyncio
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot import cli, opening
from bot.codes import Door
from bot.conversation import Kind, Speaker, Stage, State, Whose
from bot.enquiring import accept, begin_invited, qr_code
from bot.enquiry import outcome_id
from bot.exporting import export_enquiry
from bot.figures import Spoken
from bot.flags import FlagKind
from bot.keeping import keep_outcome
from bot.passwords import Breached
from bot.project import load_code_words
from bot.records import RecordKind
from bot.roles import Role
from bot.settings import ROOT, BadSetting, load
from bot.store import AuditAct, EntryKind, Invitation, Origin, RootKey, Store
from bot.store.verifying import verify
from tests.recording import Recorded
from tests.store.filling import from_below, rows_below
from tests.talking import DATABASE, KEY, NOW

CANARY = "my sister Oyelaran keeps my money"
COMMANDS_ON_DATA = (["conversations"], ["flags"], ["show", "0"], ["export"], ["verify"], ["figures", "--year", "2025"])


@dataclass(frozen=True, slots=True)
class Said:
    """What a command left: its exit status, and what it said where."""

    status: int
    out: str
    err: str


class Terminal:
    """Somebody who runs Own Words, with a folder of their own."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.data = folder / "data"
        self.key = folder / "keys" / "root.key"
        self.database = self.data / "ownwords.sqlite3"
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        for name in [name for name in os.environ if name.startswith("OWNWORDS_")]:
            monkeypatch.delenv(name)
        self.sets(DATA=str(self.data), ROOT_KEY=str(self.key))

    def sets(self, **settings: str) -> None:
        """Set settings."""
        for name, value in settings.items():
            self._monkeypatch.setenv(f"OWNWORDS_{name}", value)

    def does(self, *arguments: str) -> Said:
        """Run `python -m bot` with these arguments."""
        self._capsys.readouterr()
        self._monkeypatch.setattr(sys, "argv", ["own-words", *arguments])
        status = 0
        try:
            cli.main()
        except SystemExit as ended:
            status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        said = self._capsys.readouterr()
        return Said(status, said.out, said.err)

    def is_told(self, *arguments: str) -> str:
        """Run a command that cannot do it; gives the one clear line that says so."""
        said = self.does(*arguments)
        assert (said.status, said.out) == (1, ""), said
        assert said.err.startswith("Own Words: ")
        assert said.err.count("\n") == 1
        assert "Traceback" not in said.err
        return said.err.removeprefix("Own Words: ").rstrip("\n")

    @contextmanager
    def store(self) -> Iterator[Store]:
        """The store, as another program opens it."""
        with closing(Store.open(self.database, RootKey.read(self.key))) as store:
            yield store


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """A terminal where nothing has been done yet."""
    return Terminal(tmp_path, monkeypatch, capsys)


@pytest.fixture
def ready(terminal: Terminal, empty: Path) -> Terminal:
    """A terminal where the database is there, and empty."""
    for source, target in ((empty / DATABASE, terminal.database), (empty / KEY, terminal.key)):
        target.parent.mkdir(parents=True)
        shutil.copy(source, target)
    return terminal


def begin(store: Store, *said: str) -> str:
    """A conversation in which these words were said."""
    with store.begin() as kept:
        conversation_id = kept.conversations.begin(
            stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=NOW, interview_version="the one of March"
        )
        for words in said:
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
                words=words,
            )
    return conversation_id


def words_of(store: Store, conversation_id: str) -> list[str]:
    with store.reading() as seen:
        return [turn.words for turn in seen.conversations.turns(conversation_id) if turn.kind is Kind.WORDS]


# --- a first start ---------------------------------------------------------------------------------------------------


def test_migrating_makes_the_database_and_its_key_and_says_where_the_key_is(terminal: Terminal) -> None:
    said = terminal.does("migrate")
    assert said.status == 0
    assert str(terminal.key) in said.out
    assert said.out.endswith("The database is ready.\n")
    assert stat.S_IMODE(terminal.key.stat().st_mode) == 0o400
    assert stat.S_IMODE(terminal.database.stat().st_mode) == 0o600
    key = terminal.key.read_bytes()
    assert terminal.does("migrate").out == "The database is ready.\n"
    assert terminal.key.read_bytes() == key


@pytest.mark.parametrize("arguments", COMMANDS_ON_DATA, ids=lambda arguments: arguments[0])
def test_before_there_is_a_key_or_a_database_each_command_says_which_one_makes_it(
    terminal: Terminal, arguments: list[str]
) -> None:
    assert terminal.is_told(*arguments).endswith("Make one with: python -m bot keys new")
    terminal.does("keys", "new")
    assert terminal.is_told(*arguments).endswith("Make it with: python -m bot migrate")


def test_without_a_command_it_says_what_there_is(terminal: Terminal) -> None:
    said = terminal.does("--help")
    assert said.status == 0
    for command in ("serve", "migrate", "conversations", "show", "export", "verify", "keys", "check-interview"):
        assert command in said.out


@pytest.mark.parametrize("arguments", [["sing"], ["show"], ["export", "--format", "docx"], ["keys", "swallow"]])
def test_what_is_no_command_is_a_usage_error(ready: Terminal, arguments: list[str]) -> None:
    said = ready.does(*arguments)
    assert said.status == 2
    assert "Usage" in said.err
    assert "Traceback" not in said.err


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "eighty"), ("SECURE_COOKIES", "perhaps"), ("LEAVE_TO", "nowhere"), ("PROT", "8000")]
)
def test_a_bad_setting_is_named_before_anything_is_done(terminal: Terminal, name: str, value: str) -> None:
    terminal.sets(**{name: value})
    assert terminal.is_told("migrate").startswith(f"OWNWORDS_{name} ")
    assert not terminal.data.exists()


def test_a_key_that_others_may_read_is_refused_with_what_to_do(ready: Terminal) -> None:
    ready.key.chmod(0o644)
    assert ready.is_told("verify").endswith(f"Do: chmod 0400 {ready.key}")


def test_a_key_inside_the_data_is_refused(ready: Terminal) -> None:
    inside = ready.data / "root.key"
    shutil.copy(ready.key, inside)
    ready.sets(ROOT_KEY=str(inside))
    assert "inside the data folder" in ready.is_told("verify")


def test_a_key_of_another_database_is_refused(ready: Terminal) -> None:
    ready.key.unlink()
    RootKey.create(ready.key)
    assert "Put the right key file back." in ready.is_told("verify")


def test_a_database_whose_key_is_lost_is_never_given_a_new_one(ready: Terminal) -> None:
    ready.key.unlink()
    for arguments in (*COMMANDS_ON_DATA, ["migrate"], ["keys", "new"], ["keys", "rotate"]):
        assert "a new key opens nothing" in ready.is_told(*arguments)
    assert not ready.key.exists()


def test_a_file_that_is_no_database_is_refused(ready: Terminal) -> None:
    ready.database.write_bytes(b"These are no words of anybody. " * 200)
    for arguments in COMMANDS_ON_DATA:
        assert "damaged" in ready.is_told(*arguments)


def test_a_data_folder_that_cannot_be_made_is_named(terminal: Terminal, tmp_path: Path) -> None:
    terminal.data.parent.joinpath("data").write_text("A file is in the way.", encoding="utf-8")
    assert f"The folder {terminal.data} cannot be written" in terminal.is_told("migrate")


@pytest.mark.parametrize("command", ["train", "shell", "rasa"])
def test_without_the_dialogue_engine_it_is_said_where_it_should_be(
    ready: Terminal, tmp_path: Path, command: str
) -> None:
    python = tmp_path / "no python here"
    ready.sets(BOX_PYTHON=str(python))
    said = ready.does(command)
    assert said.status == 1
    assert said.err.startswith("Own Words: ")
    assert str(python) in said.err
    assert said.err.count("\n") == 1


# --- looking ---------------------------------------------------------------------------------------------------------


def test_conversations_are_listed_without_any_words(ready: Terminal) -> None:
    assert ready.does("conversations").out == "There are no conversations yet.\n"
    with ready.store() as store:
        first, second = begin(store, CANARY), begin(store, CANARY, "And my cat")
        with store.begin() as kept:
            kept.conversations.add(second, speaker=Speaker.BOT, kind=Kind.ENDING, said_at=NOW, asked="done")
            kept.flags.raise_flag(first, FlagKind.TOLD_WHAT_HAPPENED, 2, NOW)
    said = ready.does("conversations")
    assert said.status == 0
    assert CANARY not in said.out
    lines = {line.split("│")[1].strip(): line for line in said.out.splitlines() if "person" in line}
    assert set(lines) == {first[:12], second[:12]}
    assert "open" in lines[first[:12]]
    assert "ended" in lines[second[:12]]


def test_what_asks_to_be_read_soon_is_listed_newest_first_without_any_words(ready: Terminal) -> None:
    assert ready.does("flags") == Said(0, "Nothing asks to be read soon.\n", "")
    with ready.store() as store:
        conversation_id = begin(store, CANARY, CANARY)
        with store.begin() as kept:
            kept.flags.raise_flag(conversation_id, FlagKind.TOLD_WHAT_HAPPENED, 2, NOW)
            kept.flags.raise_flag(conversation_id, FlagKind.IN_DANGER_NOW, 4, NOW.replace(hour=13))
    said = ready.does("flags")
    assert said.status == 1
    assert said.out == (
        f"2026-03-02 13:00 UTC  {conversation_id[:12]}  turn 4  in_danger_now\n"
        f"2026-03-02 12:00 UTC  {conversation_id[:12]}  turn 2  told_what_happened\n"
    )


def test_a_conversation_is_shown_turn_by_turn_by_the_beginning_of_its_id(ready: Terminal) -> None:
    with ready.store() as store:
        conversation_id = begin(store, "I feel tired", "and sad")
        with store.begin() as kept:
            kept.flags.raise_flag(conversation_id, FlagKind.TOLD_WHAT_HAPPENED, 2, NOW)
    said = ready.does("show", conversation_id[:12])
    assert said.status == 0
    head, *turns, flag = said.out.splitlines()
    assert head.startswith("first, person, begun 2026-03-02T12:00:00+00:00, digest ")
    assert turns == [
        "   1 bot question: How?",
        "   2 person words: I feel tired",
        "   3 bot question: How?",
        "   4 person words: and sad",
    ]
    assert flag == "Please read soon: told_what_happened (turn 2)"


def test_a_beginning_that_fits_none_or_several_shows_none(ready: Terminal) -> None:
    with ready.store() as store:
        begin(store, CANARY)
        begin(store, CANARY)
    assert ready.is_told("show", "no such id").startswith("No conversations begin with no such id.")
    assert ready.is_told("show", "").startswith("2 conversations begin with .")


@pytest.mark.parametrize(
    "words",
    [
        "\x1b[31mred\x1b[0m \x1b]0;title\x07",
        "".join(map(chr, [*range(9), *range(11, 32), *range(127, 160)])),
        "\u202eturned round\u2066 \u2028 \u2029",
        "\ud800 alone",
        "a\0b\r\nc",
    ],
)
def test_nothing_that_was_said_does_anything_to_a_terminal(ready: Terminal, words: str) -> None:
    with ready.store() as store:
        conversation_id = begin(store, f"before {words} after")
    shown = ready.does("show", conversation_id).out
    assert all(character.isprintable() or character == "\n" for character in shown), ascii(shown)
    assert "before" in shown
    assert "after" in shown


@pytest.mark.parametrize(
    "words", [":heart: :warning:", "[bold]loud[/bold] [/] [red]", "a\\", "\\[x]", "{outcome} %s", "x" * 300]
)
def test_words_are_shown_as_they_were_typed_whatever_they_look_like(ready: Terminal, words: str) -> None:
    with ready.store() as store:
        conversation_id = begin(store, words)
    assert f"   2 person words: {words}\n" in ready.does("show", conversation_id).out


def test_words_that_were_taken_back_are_not_shown(ready: Terminal) -> None:
    with ready.store() as store:
        conversation_id = begin(store, CANARY)
        with store.begin() as kept:
            kept.conversations.add(
                conversation_id,
                speaker=Speaker.PERSON,
                kind=Kind.TAKEN_BACK,
                said_at=NOW,
                asked="feelings",
                answers=1,
                replaces=2,
            )
    shown = ready.does("show", conversation_id).out
    assert CANARY not in shown
    assert "   2 person words: (taken back)\n" in shown
    assert "   3 person taken_back (in place of 2): feelings\n" in shown


# --- writing out -----------------------------------------------------------------------------------------------------


def test_an_export_is_one_conversation_a_line(ready: Terminal) -> None:
    with ready.store() as store:
        every = {begin(store, f"{CANARY} \ud800 \0"), begin(store, "My cat")}
    said = ready.does("export")
    found = [json.loads(line) for line in said.out.splitlines()]
    assert {one["id"] for one in found} == every
    assert f"{CANARY} \ud800 \0" in [turn["words"] for one in found for turn in one["turns"]]
    assert (said.status, said.err) == (0, "2 conversations written.\n")


def test_an_export_to_a_file_is_for_nobody_else_and_never_overwrites(ready: Terminal, tmp_path: Path) -> None:
    with ready.store() as store:
        begin(store, CANARY)
    target = tmp_path / "export.jsonl"
    said = ready.does("export", "--to", str(target), "--format", "jsonl")
    assert (said.status, said.out) == (0, "")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    kept = target.read_bytes()
    assert CANARY.encode() in kept
    assert str(target) in ready.is_told("export", "--to", str(target))
    assert target.read_bytes() == kept


def test_an_export_to_a_folder_that_there_is_not_is_one_clear_line(ready: Terminal, tmp_path: Path) -> None:
    target = tmp_path / "nowhere" / "export.jsonl"
    assert str(target) in ready.is_told("export", "--to", str(target))


def test_what_was_taken_back_is_written_out_only_when_that_is_asked_for(ready: Terminal) -> None:
    with ready.store() as store:
        conversation_id = begin(store, CANARY)
        with store.begin() as kept:
            kept.conversations.add(
                conversation_id, speaker=Speaker.PERSON, kind=Kind.TAKEN_BACK, said_at=NOW, answers=1, replaces=2
            )
    assert CANARY not in ready.does("export").out
    assert CANARY not in ready.does("export", "--taken-back", "left-out").out
    assert CANARY in ready.does("export", "--taken-back", "kept-in").out


# --- checking --------------------------------------------------------------------------------------------------------


def test_verifying_says_that_all_is_as_it_was_kept(ready: Terminal) -> None:
    with ready.store() as store:
        begin(store, CANARY, "My cat")
    said = ready.does("verify")
    assert said == Said(0, "All is as it was kept: 1 conversations, 4 turns.\n", "")


def test_verifying_names_each_turn_that_is_not_and_says_no_words(ready: Terminal) -> None:
    with ready.store() as store:
        conversation_id = begin(store, CANARY, "My cat")
    with from_below(ready.database) as below:
        below.execute("UPDATE turns SET asked = 'matters' WHERE number = 2")
        below.execute("DELETE FROM turns WHERE number = 4")
    said = ready.does("verify")
    assert (said.status, said.out) == (1, "")
    assert all(line.startswith("Not as it was kept: ") for line in said.err.splitlines())
    assert f"turns, conversation {conversation_id}, number 2: " in said.err
    assert f"turns, conversation {conversation_id}, number 4: " in said.err
    assert CANARY not in said.err


def test_the_interview_as_it_stands_holds_to_its_rules(terminal: Terminal) -> None:
    assert terminal.does("check-interview") == Said(0, "The interview holds to its rules.\n", "")


def test_an_interview_that_does_not_is_told_line_by_line(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    shutil.copytree(ROOT / "data", project / "data")
    (project / "tests").mkdir()
    for name in ("config.yml", "domain.yml", "tests/test_stories.yml"):
        shutil.copy(ROOT / name, project / name)
    domain = (project / "domain.yml").read_text(encoding="utf-8")
    assert "action_keep_feelings" in domain
    (project / "domain.yml").write_text(
        domain.replace("action_keep_feelings", "action_lose_feelings"), encoding="utf-8"
    )
    monkeypatch.setattr("bot.project.ROOT", project)
    said = terminal.does("check-interview")
    assert (said.status, said.out) == (1, "")
    assert "action_lose_feelings" in said.err
    assert "Traceback" not in said.err


# --- keys ------------------------------------------------------------------------------------------------------------


def test_a_new_key_is_made_once_and_never_again(terminal: Terminal) -> None:
    said = terminal.does("keys", "new")
    assert said.status == 0
    assert str(terminal.key) in said.out
    key = terminal.key.read_bytes()
    assert key.decode().strip() not in said.out
    assert "There is a root key" in terminal.is_told("keys", "new")
    assert terminal.key.read_bytes() == key


def test_a_new_key_is_never_made_inside_the_data(terminal: Terminal) -> None:
    terminal.sets(ROOT_KEY=str(terminal.data / "keys" / "root.key"))
    assert "OWNWORDS_ROOT_KEY lies inside OWNWORDS_DATA" in terminal.is_told("keys", "new")
    assert not terminal.data.exists()


def check_rotated(terminal: Terminal, old: bytes, conversation_id: str) -> None:
    """The new key is in place, the old one is kept apart, and every word opens."""
    assert terminal.key.read_bytes() != old
    assert stat.S_IMODE(terminal.key.stat().st_mode) == 0o400
    kept = sorted(path.name for path in terminal.key.parent.iterdir() if path != terminal.key)
    assert kept
    assert all(name.startswith("root.key.") and name.endswith(".old") for name in kept)
    assert all((terminal.key.parent / name).read_bytes() == old for name in kept)
    with terminal.store() as store:
        assert words_of(store, conversation_id) == [CANARY]
        assert verify(store) == []


def test_a_root_key_is_put_in_place_of_the_old_one_and_every_word_still_opens(ready: Terminal) -> None:
    with ready.store() as store:
        conversation_id = begin(store, CANARY)
    old = ready.key.read_bytes()
    said = ready.does("keys", "rotate")
    assert said.status == 0
    assert "2 keys now lie under root key" in said.out
    check_rotated(ready, old, conversation_id)


class Interrupted(BaseException):
    """The machine stops here."""


class StopsAtTheSecond(RootKey):
    """A root key under which one data key is wrapped, and then the machine stops."""

    __slots__ = ("wrapped",)

    def wrap(self, secret: bytes) -> bytes:
        if hasattr(self, "wrapped"):
            raise Interrupted
        self.wrapped = True
        return super().wrap(secret)


def next_key_is_made(terminal: Terminal) -> RootKey:
    return RootKey.create(terminal.key.with_name("root.key.next"))


def one_data_key_is_wrapped(terminal: Terminal) -> None:
    next_key_is_made(terminal)
    new = StopsAtTheSecond.read(terminal.key.with_name("root.key.next"))
    with terminal.store() as store, pytest.raises(Interrupted):
        store.rotate(new)


def every_data_key_is_wrapped(terminal: Terminal) -> None:
    new = next_key_is_made(terminal)
    with terminal.store() as store:
        store.rotate(new)


def the_old_key_is_put_aside(terminal: Terminal) -> None:
    every_data_key_is_wrapped(terminal)
    terminal.key.with_name("root.key.20260302120000.old").hardlink_to(terminal.key)


@pytest.mark.parametrize(
    "interrupted_when",
    [next_key_is_made, one_data_key_is_wrapped, every_data_key_is_wrapped, the_old_key_is_put_aside],
    ids=lambda when: when.__name__,
)
def test_a_change_of_root_key_that_was_interrupted_can_be_run_again(
    ready: Terminal, monkeypatch: pytest.MonkeyPatch, interrupted_when: object
) -> None:
    monkeypatch.setattr("bot.store.store.ROTATED_AT_ONCE", 1)
    with ready.store() as store:
        conversation_id = begin(store, CANARY)
    old = ready.key.read_bytes()
    assert callable(interrupted_when)
    interrupted_when(ready)
    said = ready.does("keys", "rotate")
    assert said.status == 0, said
    check_rotated(ready, old, conversation_id)


def test_while_the_keys_are_half_changed_everything_is_read_and_goes_on(
    ready: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.store.store.ROTATED_AT_ONCE", 1)
    with ready.store() as store:
        conversation_id = begin(store, CANARY)
    one_data_key_is_wrapped(ready)
    assert ready.does("verify").status == 0
    assert ready.does("migrate").status == 0
    with closing(opening.open_store(load())) as store:
        assert words_of(store, conversation_id) == [CANARY]
        another = begin(store, "Said while the keys are half changed.")
    assert ready.does("keys", "rotate").status == 0
    with ready.store() as store:
        assert words_of(store, another) == ["Said while the keys are half changed."]
        assert verify(store) == []


def test_where_the_next_key_is_not_at_hand_it_is_asked_for(ready: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.store.store.ROTATED_AT_ONCE", 1)
    with ready.store() as store:
        begin(store, CANARY)
    one_data_key_is_wrapped(ready)
    ready.key.with_name("root.key.next").unlink()
    assert "Put the other one beside it, with .next at the end of its name" in ready.is_told("verify")


def test_the_root_key_is_changed_while_the_site_is_open(ready: Terminal) -> None:
    with opening.using(load(), opening.Use.SHARED), closing(opening.open_store(load())) as open_still:
        before = begin(open_still, CANARY)
        old = ready.key.read_bytes()
        assert ready.does("keys", "rotate").status == 0
        assert ready.key.read_bytes() != old
        after = begin(open_still, "Said after the change.")
        assert words_of(open_still, before) == [CANARY]
        assert words_of(open_still, after) == ["Said after the change."]
        assert verify(open_still) == []
    with ready.store() as store:
        assert words_of(store, after) == ["Said after the change."]


def test_the_root_key_is_not_changed_where_a_program_that_runs_would_not_find_the_new_one(
    ready: Terminal, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere" / "root.key"
    elsewhere.parent.mkdir()
    shutil.copy(ready.key, elsewhere)
    with opening.using(load(), opening.Use.SHARED):
        ready.sets(ROOT_KEY=str(elsewhere))
        said = ready.is_told("keys", "rotate")
        assert str(ready.key) in said
        assert str(elsewhere) in said
    assert not elsewhere.with_name("root.key.next").exists()
    assert ready.does("keys", "rotate").status == 0, "what that program left says nothing any more"


def test_a_program_that_was_killed_keeps_no_root_key_from_being_changed(ready: Terminal) -> None:
    left = ready.data / "using" / "1-left"
    left.parent.mkdir(exist_ok=True)
    left.write_text("somewhere else")
    assert ready.does("keys", "rotate").status == 0
    assert not left.exists()


def test_two_changes_of_root_key_at_once_are_one(ready: Terminal) -> None:
    with opening.replacing_the_root_key(load()):
        assert "is being replaced already" in ready.is_told("keys", "rotate")


def test_the_next_root_key_is_made_before_it_is_used(ready: Terminal) -> None:
    now = ready.key.read_bytes()
    following = ready.key.with_name("root.key.next")
    said = ready.does("keys", "next")
    assert said.status == 0
    made = following.read_bytes()
    assert RootKey.read(following).key_id in said.out
    assert made.decode().strip() not in said.out
    assert ready.does("keys", "next").out == said.out
    assert ready.does("keys", "rotate").status == 0
    assert (ready.key.read_bytes(), following.exists()) == (made, False)
    (kept,) = ready.key.parent.glob("root.key.*.old")
    assert kept.read_bytes() == now


# --- a program that hands over the root key ---------------------------------------------------------------------------


def hands_over(folder: Path, *keys: Path, status: int = 0) -> str:
    """A program that prints these keys, and says something of them where it must not be heard."""
    program = folder / "hand over the key"
    held = " ".join(f"'{key}'" for key in keys)
    program.write_text(f"#!/bin/sh\ncat {held} /dev/null\ncat {held} /dev/null >&2\nexit {status}\n")
    program.chmod(0o700)
    return f"'{program}' --for 'Own Words'"


def test_the_root_key_may_come_from_a_program_and_be_changed(ready: Terminal, tmp_path: Path) -> None:
    with ready.store() as store:
        conversation_id = begin(store, CANARY)
    first = ready.key.rename(tmp_path / "first")
    ready.sets(ROOT_KEY_COMMAND=hands_over(tmp_path, first))
    assert ready.does("verify").status == 0
    assert "There is no next root key" in ready.is_told("keys", "rotate")
    assert "hands over the root key" in ready.is_told("keys", "new")
    RootKey.create(second := tmp_path / "second")
    with opening.using(load(), opening.Use.SHARED), closing(opening.open_store(load())) as open_still:
        hands_over(tmp_path, first, second)
        said = ready.does("keys", "rotate")
        assert said.status == 0
        assert words_of(open_still, begin(open_still, "Said after the change.")) == ["Said after the change."]
    hands_over(tmp_path, second)
    with closing(opening.open_store(load())) as store:
        assert words_of(store, conversation_id) == [CANARY]
        assert verify(store) == []
    hands_over(tmp_path, first)
    assert "sealed under root key" in ready.is_told("verify")
    written = b"".join(path.read_bytes() for path in ready.data.rglob("*") if path.is_file())
    for key in (first, second):
        assert key.read_bytes().strip() not in written + (said.out + said.err).encode()


@pytest.mark.parametrize(("status", "printed"), [(3, b""), (0, b""), (0, b"no key\n"), (0, b"ab " * 200)])
def test_a_program_that_hands_over_no_root_key_is_named_and_nothing_it_says(
    ready: Terminal, tmp_path: Path, status: int, printed: bytes
) -> None:
    (said := tmp_path / "said").write_bytes(printed)
    ready.sets(ROOT_KEY_COMMAND=hands_over(tmp_path, said, status=status))
    told = ready.is_told("verify")
    assert "hand over the key" in told
    assert "OWNWORDS_ROOT_KEY_COMMAND" in told
    assert "no key" not in told


def test_a_program_that_is_not_there_is_named(ready: Terminal) -> None:
    ready.sets(ROOT_KEY_COMMAND="/no/such/program")
    assert "/no/such/program, could not be started" in ready.is_told("verify")


# --- checkpoints ------------------------------------------------------------------------------------------------------


def test_a_checkpoint_is_signed_and_everything_is_held_against_it(ready: Terminal, tmp_path: Path) -> None:
    signed = tmp_path / "copied" / "checkpoints.jsonl"
    signed.parent.mkdir()
    ready.sets(CHECKPOINTS=str(signed))
    shown = ready.does("keys", "checkpoint")
    key = ready.key.with_name("checkpoint.key")
    assert (shown.status, stat.S_IMODE(key.stat().st_mode)) == (0, 0o400)
    assert key.read_text().strip() not in shown.out
    public = shown.out.split("signed by ")[1].split(".")[0]
    with ready.store() as store:
        conversation_id = begin(store, CANARY, "I want to stay here.")
    made = ready.does("checkpoint")
    assert made.status == 0
    assert f"Signed by {public}" in made.out
    said = ready.does("verify", "--checkpoints", str(signed))
    assert (said.status, "So it was at checkpoint 1" in said.out) == (0, True)
    with from_below(ready.database) as below:
        below.execute("DELETE FROM checkpoints")
    key.unlink()
    assert "Say it with --signed-by" in ready.is_told("verify", "--checkpoints", str(signed))
    wrong = ready.does("verify", "--checkpoints", str(signed), "--signed-by", public)
    assert wrong.status == 1
    assert "checkpoints, number 1: it is in the file and missing here" in wrong.err
    assert conversation_id not in wrong.err, "nothing else is wrong"
    assert "Signed by" in ready.does("checkpoint").out, "nothing says here that there was another key"


def test_a_checkpoint_key_that_went_missing_is_asked_for_and_none_is_made_in_its_place(ready: Terminal) -> None:
    assert ready.does("checkpoint").status == 0
    key = ready.key.with_name("checkpoint.key")
    key.unlink()
    assert f"There is no checkpoint key at {key}" in ready.is_told("checkpoint")
    assert not key.exists()
    assert "Made a checkpoint key" in ready.does("keys", "checkpoint").out
    assert ready.does("checkpoint").status == 0


def test_a_file_without_checkpoints_is_said(ready: Terminal, tmp_path: Path) -> None:
    assert ready.does("checkpoint").status == 0
    (empty := tmp_path / "empty").touch()
    assert "There is no checkpoint in" in ready.is_told("verify", "--checkpoints", str(empty))


# --- backups ---------------------------------------------------------------------------------------------------------


def of_a_backup(told: str) -> dict[str, str]:
    """What `backup` says, by its name."""
    return {name: rest.strip() for name, _, rest in (line.partition(":") for line in told.splitlines())}


def test_what_is_due_is_told_first_and_then_let_go_of(ready: Terminal) -> None:
    with ready.store() as store:
        conversation_id = begin(store, CANARY)
    dry = ready.does("keep", "--dry-run")
    assert dry.status == 0
    assert conversation_id[: cli.ENOUGH_OF_AN_ID] in dry.out
    assert "Due: 1 unfinished conversations go by themselves" in dry.out
    assert "Nothing was changed." in dry.out
    first = ready.does("keep")
    assert (first.status, first.out) == (
        0,
        "This is the first look, so nothing was forgotten. From now on the clock is trusted.\n",
    )
    assert ready.does("keep").out == "1 unfinished conversations forgotten.\n"
    assert ready.does("verify").out.startswith("All is as it was kept: 0 conversations")
    for said in (dry, first):
        assert CANARY not in said.out + said.err
    found = b"".join(path.read_bytes() for path in ready.database.parent.iterdir() if path.is_file())
    assert CANARY.encode() not in found


def test_nothing_is_let_go_of_where_something_looks_wrong_until_somebody_says_so(ready: Terminal) -> None:
    with ready.store() as store:
        for _ in range(6):
            begin(store, CANARY)
    ready.does("keep")
    assert ready.is_told("keep").startswith(
        "Nothing was forgotten. More than 5 % of all conversations would go at once."
    )
    assert ready.does("keep", "--dry-run").out.endswith(
        "Nothing would go now. More than 5 % of all conversations would go at once.\n"
    )
    assert "Leave one of them out" in ready.is_told("keep", "--dry-run", "--anyway")
    assert ready.does("keep", "--anyway").out == "6 unfinished conversations forgotten.\n"


def test_a_backup_says_what_is_in_it_where_it_is_and_which_key_it_needs(ready: Terminal, tmp_path: Path) -> None:
    with ready.store() as store:
        begin(store, CANARY, "My cat")
    said = ready.does("backup", "--to", str(tmp_path / "disk"))

    told = of_a_backup(said.out)
    assert (said.status, said.err) == (0, "")
    assert told["Backed up"] == "1 conversations, 4 turns."
    assert sorted(map(str, (tmp_path / "disk").iterdir())) == sorted([told["Words"], told["Keys"]])
    assert f"root key {RootKey.read(ready.key).key_id} is needed" in said.out
    assert CANARY not in said.out


def test_a_backup_is_restored_where_nothing_is_and_nowhere_else(ready: Terminal, tmp_path: Path) -> None:
    with ready.store() as store:
        conversation_id = begin(store, CANARY, "My cat")
    made = of_a_backup(ready.does("backup", "--to", str(tmp_path / "disk")).out)

    assert "never over one" in ready.is_told("restore", made["Words"], "--verify")
    shutil.rmtree(ready.data)
    said = ready.does("restore", made["Words"], "--verify")

    assert (said.status, said.err) == (0, "")
    assert "Restored: 1 conversations, 4 turns." in said.out
    assert f"Digest: {made['Digest']}" in said.out
    assert ready.does("verify").status == 0
    with ready.store() as store:
        assert words_of(store, conversation_id) == [CANARY, "My cat"]


def test_a_backup_with_a_row_that_is_not_as_it_was_kept_is_put_in_place_only_without_verifying(
    ready: Terminal, tmp_path: Path
) -> None:
    with ready.store() as store:
        conversation_id = begin(store, CANARY, "My cat")
    with from_below(ready.database) as below:
        below.execute("UPDATE turns SET asked = 'matters' WHERE number = 2")
    made = of_a_backup(ready.does("backup", "--to", str(tmp_path / "disk")).out)
    shutil.rmtree(ready.data)

    said = ready.does("restore", made["Words"], "--verify")
    assert said.status == 1
    assert f"Not as it was kept: turns, conversation {conversation_id}, number 2: " in said.err
    assert "Nothing was put in place." in said.err
    assert CANARY not in said.err + said.out
    assert not ready.database.exists()

    assert ready.does("restore", made["Words"]).status == 0
    assert ready.does("verify").status == 1


def test_without_its_root_key_a_backup_is_not_restored_and_none_is_made(ready: Terminal, tmp_path: Path) -> None:
    made = of_a_backup(ready.does("backup", "--to", str(tmp_path / "disk")).out)
    shutil.rmtree(ready.data)
    ready.key.unlink()
    assert "a new key opens no backup" in ready.is_told("restore", made["Words"])
    another = RootKey.create(ready.key)
    assert f"not under {another.key_id}. Put the right key file back." in ready.is_told("restore", made["Words"])
    assert not ready.database.exists()


def test_keys_that_lie_elsewhere_are_named(ready: Terminal, tmp_path: Path) -> None:
    made = of_a_backup(ready.does("backup", "--to", str(tmp_path / "disk")).out)
    shutil.rmtree(ready.data)
    (tmp_path / "safe").mkdir()
    shutil.move(made["Keys"], tmp_path / "safe")

    assert "--keys" in ready.is_told("restore", made["Words"])
    assert ready.does("restore", made["Words"], "--keys", str(tmp_path / "safe")).status == 0


def test_a_backup_goes_where_it_is_set_and_never_where_the_root_key_is(ready: Terminal, tmp_path: Path) -> None:
    assert "OWNWORDS_BACKUPS" in ready.is_told("backup")
    assert "the root key lies in" in ready.is_told("backup", "--to", str(ready.key.parent))
    ready.sets(BACKUPS=str(tmp_path / "disk"), BACKUPS_KEPT="2")
    for _ in range(4):
        assert ready.does("backup").status == 0
    assert len(list((tmp_path / "disk").iterdir())) == 4


def test_a_folder_for_backups_that_cannot_be_written_is_named(ready: Terminal, tmp_path: Path) -> None:
    (tmp_path / "disk").write_text("")
    assert f"{tmp_path / 'disk'} could not be written" in ready.is_told("backup", "--to", str(tmp_path / "disk"))


# --- as a program ----------------------------------------------------------------------------------------------------


def program(ready: Terminal, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **{f"OWNWORDS_{name}": value for name, value in settings.items()}}
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "bot", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_runs_as_a_program_and_leaves_nothing_open(ready: Terminal) -> None:
    with ready.store() as store:
        conversation_id = begin(store, f"{CANARY} \ud800 é")
    ran = program(ready, "show", conversation_id[:12])
    assert (ran.returncode, ran.stderr) == (0, "")
    assert f"{CANARY} \\ud800 é" in ran.stdout


def test_as_a_program_an_error_is_one_clear_line_too(ready: Terminal) -> None:
    ran = program(ready, "verify", PORT="eighty")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "Own Words: OWNWORDS_PORT is 'eighty'; it must be a port number from 0 to 65535.\n"


# --- enquiries -------------------------------------------------------------------------------------------------------

REF = "SA/2026/17"
SAFE = "yes, by letter to her sister"
TO_FIRST = ("--stage", "first", "--speaker", "person", "--contact", SAFE)


def opened(terminal: Terminal, reference: str = REF) -> str:
    """Open an enquiry; gives its id."""
    assert terminal.does("enquiry", "open", reference).status == 0
    with terminal.store() as store, store.reading() as seen:
        found = seen.enquiries.find(reference)
        assert found is not None
        return found.enquiry_id


def invitations(terminal: Terminal, enquiry_id: str) -> tuple[Invitation, ...]:
    with terminal.store() as store, store.reading() as seen:
        return seen.invitations.of(enquiry_id)


def test_an_enquiry_is_opened_closed_and_opened_again(ready: Terminal) -> None:
    enquiry_id = opened(ready)
    assert ready.does("enquiry", "close", REF).out == "The enquiry is closed.\n"
    assert ready.does("enquiry", "reopen", REF).out == "The enquiry is open again.\n"
    with ready.store() as store, store.reading() as seen:
        moves = [move.move.value for move in seen.enquiries.moves(enquiry_id)]
    assert moves == ["opened", "closed", "reopened"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["open", REF], "There is an enquiry with this reference already. Give another one"),
        (["open", "  "], "An enquiry needs a reference."),
        (["reopen", REF], "This enquiry is open. Nothing was changed."),
        (["close", "SA/2026/18"], "There is no enquiry with this reference. `enquiry list` shows those"),
        (["invite", "SA/2026/18", *TO_FIRST], "There is no enquiry with this reference."),
        (["invite", REF, *TO_FIRST[:-1], "no"], "Nobody is invited where it is not safe to get in touch"),
        (["invite", REF, *TO_FIRST[:-1], "yes"], "It is safe to get in touch, but how?"),
        (["invite", REF, *TO_FIRST[:-1], "letter"], "Say first whether it is safe to get in touch"),
        (["invite", REF, *TO_FIRST, "--days", "365"], "An invitation is good for 1 to 90 days."),
        (["withdraw", REF, "1"], "There is no invitation 1. `enquiry show` numbers them."),
        (["join", "0", REF], "No conversations begin with 0. `conversations` lists them."),
    ],
    ids=lambda given: given[0] if isinstance(given, list) else given.split(".")[0],
)
def test_what_cannot_be_done_to_an_enquiry_is_told_with_its_remedy_and_changes_nothing(
    ready: Terminal, arguments: list[str], told: str
) -> None:
    opened(ready)
    before = rows_below(ready.database)
    assert ready.is_told("enquiry", *arguments).startswith(told)
    assert rows_below(ready.database) == before


@pytest.mark.parametrize("missing", ["--stage", "--speaker", "--contact"])
def test_an_invitation_says_for_which_stage_for_whom_and_whether_it_is_safe(ready: Terminal, missing: str) -> None:
    opened(ready)
    place = TO_FIRST.index(missing)
    said = ready.does("enquiry", "invite", REF, *TO_FIRST[:place], *TO_FIRST[place + 2 :])
    assert said.status == 2
    assert missing in said.err


@pytest.mark.parametrize(("stage", "speaker"), [("second", "person"), ("first", "bot"), ("first", "neighbour")])
def test_an_invitation_is_for_a_stage_and_a_speaker_that_there_are(ready: Terminal, stage: str, speaker: str) -> None:
    opened(ready)
    said = ready.does("enquiry", "invite", REF, "--stage", stage, "--speaker", speaker, "--contact", SAFE)
    assert said.status == 2


def test_an_invitation_is_printed_once_and_its_code_is_good(ready: Terminal) -> None:
    enquiry_id = opened(ready)
    ready.sets(ADDRESS="https://words.example")
    said = ready.does(
        "enquiry", "invite", REF, "--stage", "check-in", "--speaker", "advocate", "--contact", SAFE, "--days", "3"
    )
    assert said.status == 0
    assert "Address: https://words.example/invited\n" in said.out
    assert "(check-in, advocate)" in said.out
    assert SAFE not in said.out
    assert REF not in said.out
    (found,) = invitations(ready, enquiry_id)
    assert (found.stage, found.speaker, found.contact) == (Stage.CHECK_IN, Speaker.ADVOCATE, SAFE)
    assert (found.origin, (found.valid_until - found.made_at).days) == (Origin.PAGE, 3)
    typed = next(line for line in said.out.splitlines() if line.startswith("Code:")).removeprefix("Code:")
    with ready.store() as store:
        door = Door(store, load_code_words())
        accepted = asyncio.run(accept(door, typed, "192.0.2.17", found.made_at))
    assert accepted is not None
    assert accepted.invitation_id == found.invitation_id


def test_an_invitation_may_have_a_code_of_words_and_be_for_what_was_said_on_paper(ready: Terminal) -> None:
    enquiry_id = opened(ready)
    said = ready.does("enquiry", "invite", REF, *TO_FIRST, "--words", "--paper")
    typed = next(line for line in said.out.splitlines() if line.startswith("Code:")).split()[1:]
    assert len(typed) == 6
    assert set(typed) <= set(load_code_words())
    assert [one.origin for one in invitations(ready, enquiry_id)] == [Origin.PAPER]


def test_the_qr_code_is_a_file_of_its_own_and_says_nothing_of_the_code(ready: Terminal, tmp_path: Path) -> None:
    opened(ready)
    qr = tmp_path / "invitation.svg"
    said = ready.does("enquiry", "invite", REF, *TO_FIRST, "--qr", str(qr))
    assert said.status == 0
    assert qr.read_text() == qr_code("http://127.0.0.1:8000/invited")


def test_a_qr_code_goes_over_no_other_file_and_the_code_was_told_all_the_same(ready: Terminal, tmp_path: Path) -> None:
    opened(ready)
    there = tmp_path / "invitation.svg"
    there.write_text("a letter")
    said = ready.does("enquiry", "invite", REF, *TO_FIRST, "--qr", str(there))
    assert said.status == 1
    assert str(there) in said.err
    assert "Code:" in said.out
    assert there.read_text() == "a letter"


def test_nobody_is_invited_to_an_address_that_nobody_knows(ready: Terminal) -> None:
    enquiry_id = opened(ready)
    ready.sets(HOST="0.0.0.0")
    assert ready.is_told("enquiry", "invite", REF, *TO_FIRST).endswith("Set OWNWORDS_ADDRESS.")
    assert invitations(ready, enquiry_id) == ()


def test_an_invitation_that_went_astray_is_ended(ready: Terminal) -> None:
    enquiry_id = opened(ready)
    ready.does("enquiry", "invite", REF, *TO_FIRST)
    assert ready.does("enquiry", "withdraw", REF, "1").out.startswith("The invitation has ended.")
    (found,) = invitations(ready, enquiry_id)
    assert found.ended_at is not None


def test_a_conversation_is_joined_to_an_enquiry_by_the_beginning_of_its_id(ready: Terminal) -> None:
    enquiry_id = opened(ready)
    with ready.store() as store:
        conversation_id = begin(store, "I feel tired")
    assert ready.does("enquiry", "join", conversation_id[:8], REF).status == 0
    with ready.store() as store, store.reading() as seen:
        assert seen.conversations.get(conversation_id).enquiry_id == enquiry_id
    assert ready.does("verify").status == 0


def test_enquiries_are_listed_with_how_many_conversations_they_hold(ready: Terminal) -> None:
    assert ready.does("enquiry", "list").out == "There are no enquiries yet.\n"
    opened(ready, "[bold]Mrs \x1b[31mO.")
    opened(ready)
    with ready.store() as store:
        conversation_id = begin(store, CANARY)
    ready.does("enquiry", "join", conversation_id, REF)
    ready.does("enquiry", "close", REF)
    lines = ready.does("enquiry", "list").out.splitlines()
    odd = next(line for line in lines if "Mrs" in line)
    assert "[bold]Mrs \\u001b[31mO." in odd
    ours = next(line for line in lines if REF in line).split()
    assert ours[-2] == "1"
    assert CANARY not in "\n".join(lines)


def hold_an_enquiry(store: Store, enquiry_id: str) -> dict[str, str]:
    """Something wanted, said differently, passed on by an advocate, held against what happened, and how it was.

    Gives the ids of the conversations.
    """
    first = Recorded(store, enquiry_id=enquiry_id, begun_at=NOW)
    said, slots = first.wants("I want \x1b[31mmy own key")
    keep_outcome(store, first.heard(**slots), NOW)
    key = outcome_id(first.conversation_id, said.number)

    advocate = Recorded(store, speaker=Speaker.ADVOCATE, enquiry_id=enquiry_id, begun_at=NOW + timedelta(days=1))
    passed_on = advocate.is_asked("outcome", says="She wants to go home", whose=Whose.UNDERSTOOD)
    keep_outcome(store, advocate.heard(outcome=passed_on), NOW)

    later = Recorded(store, stage=Stage.CHECK_IN, enquiry_id=enquiry_id, begun_at=NOW + timedelta(days=7))
    now = later.is_asked("outcome_now", "say_differently", wording=f"You said: outcome:{key}")
    again = later.is_asked("outcome_again", says="I want a key to the front door")
    why = later.is_asked("outcome_why", says="My room is safe now")
    with store.begin() as kept:
        kept.reviews.keep(
            later.conversation_id, key, NOW, said_turn=now.number, again_turn=again.number, why_turn=why.number
        )

    closing = Recorded(
        store,
        stage=Stage.CLOSING,
        speaker=Speaker.PRACTITIONER,
        enquiry_id=enquiry_id,
        begun_at=NOW + timedelta(days=30),
    )
    happened = closing.is_asked("happened", "some_of_it", wording=f"You said: outcome:{key}")
    difference = closing.is_asked("difference", says="I sleep at night")
    own = closing.is_asked("practitioner_verdict", "all_of_it")
    closing.is_asked("overall", "no")
    with store.begin() as kept:
        kept.reviews.keep(
            closing.conversation_id,
            key,
            NOW,
            said_turn=happened.number,
            difference_turn=difference.number,
            own_turn=own.number,
        )

    experience = Recorded(store, stage=Stage.EXPERIENCE, enquiry_id=enquiry_id, begun_at=NOW + timedelta(days=40))
    experience.is_asked("listened_to", "no")
    experience.is_asked("tell_in_charge", says=CANARY)
    return {
        name: one.conversation_id for name, one in (("first", first), ("closing", closing), ("experience", experience))
    }


def test_an_enquiry_is_shown_with_every_wording_dated_and_every_voice_apart(ready: Terminal) -> None:
    enquiry_id = opened(ready)
    ready.does("enquiry", "invite", REF, *TO_FIRST)
    with ready.store() as store:
        held = hold_an_enquiry(store, enquiry_id)
    said = ready.does("enquiry", "show", REF)
    assert (said.status, said.err) == (0, "")
    lines = [line.strip() for line in said.out.splitlines()]
    day_1, day_2, day_8, day_31 = (f"{NOW + timedelta(days=days):%Y-%m-%d}" for days in (0, 1, 7, 30))
    assert lines[0].startswith(f"{REF}: opened ")
    assert f"{held['first'][:12]}  first, person, {day_1}, open" in lines
    mine = lines.index("Wanted 1, as the person says: said")
    theirs = lines.index("Wanted 2, as the advocate says: said")
    assert lines[mine + 1 : theirs - 1] == [
        f"{day_1} person: I want \\u001b[31mmy own key",
        f"{day_8} person: I want a key to the front door",
        "why: My room is safe now",
        f"{day_8} person, check-in: say differently",
        "why: My room is safe now",
        f"{day_31} practitioner, closing: some of it",
        "what is different: I sleep at night",
        f"{day_31} the practitioner's own view: all of it",
    ]
    assert lines[theirs + 1] == f"{day_2} advocate (understood): She wants to go home"
    assert "as the person says: not, because the person said so of the whole" in lines
    assert "as the advocate says: nothing was said" in lines
    assert lines[-1].startswith("1. first, person: until ")
    assert lines[-1].endswith(f"safe to contact: {SAFE}")


def test_how_it_was_for_people_is_kept_from_whoever_led_the_enquiry(ready: Terminal) -> None:
    enquiry_id = opened(ready)
    with ready.store() as store:
        held = hold_an_enquiry(store, enquiry_id)
    said = ready.does("enquiry", "show", REF)
    assert held["experience"][:12] in said.out
    assert "How it was for people is not shown here" in said.out
    assert CANARY not in said.out
    assert "listened" not in said.out


def test_an_enquiry_is_exported_as_one_object_with_all_that_was_said_in_it(ready: Terminal, tmp_path: Path) -> None:
    enquiry_id = opened(ready)
    with ready.store() as store:
        hold_an_enquiry(store, enquiry_id)
        expected = export_enquiry(store, enquiry_id)
    to = tmp_path / "enquiry.json"
    said = ready.does("enquiry", "export", REF, "--to", str(to))
    assert (said.status, said.out, said.err) == (0, "", "5 conversations written.\n")
    assert json.loads(to.read_text("ascii")) == json.loads(json.dumps(expected))
    assert CANARY in to.read_text("ascii")
    assert stat.S_IMODE(to.stat().st_mode) == 0o600
    assert ready.does("enquiry", "export", REF).out == to.read_text("ascii")
    ready.does("enquiry", "export", REF, "--taken-back", "kept-in")
    with ready.store() as store, store.reading() as seen:
        taken = seen.audit.search(enquiry_id=enquiry_id, acts={AuditAct.EXPORTED})
    assert [one.about for one in taken] == ["json.taken_back.here", "json.here", "json.here"]


def test_an_enquiry_is_exported_as_fhir_without_how_it_was_for_people_unless_asked_for(ready: Terminal) -> None:
    enquiry_id = opened(ready)
    with ready.store() as store:
        hold_an_enquiry(store, enquiry_id)
        with store.begin() as kept:
            for one in kept.conversations.listed(enquiry_id=enquiry_id):
                kept.conversations.settle(one.conversation_id, State.FINISHED, datetime.now(UTC))
    said = ready.does("enquiry", "export", REF, "--fhir")
    assert (said.status, said.err) == (0, "4 conversations written as FHIR.\n")
    assert json.loads(said.out)["resourceType"] == "Bundle"
    assert ready.does("enquiry", "export", REF, "--fhir", "--experience").err == "5 conversations written as FHIR.\n"
    assert ready.does("enquiry", "export", REF, "--experience").status == 1
    assert ready.does("enquiry", "export", REF, "--fhir", "--taken-back", "kept-in").status == 1


def test_a_persons_own_file_is_written_for_programs_and_for_people(ready: Terminal, tmp_path: Path) -> None:
    enquiry_id = opened(ready)
    with ready.store() as store:
        hold_an_enquiry(store, enquiry_id)
        with store.begin() as kept:
            listed = kept.conversations.listed(enquiry_id=enquiry_id)
            for one in listed:
                kept.conversations.settle(one.conversation_id, State.FINISHED, datetime.now(UTC))
        said_there = {words for one in listed for words in words_of(store, one.conversation_id)}
    for name in ("file.json", "file.docx"):
        said = ready.does("person-file", REF, "--to", str(tmp_path / name))
        assert (said.status, said.err) == (0, "")
        assert "Nothing was left out" in said.out
        assert not [words for words in said_there if words in said.out]
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    found = json.loads((tmp_path / "file.json").read_text())
    written = {one["words"] for section in found["sections"] for part in section["parts"] for one in part["said"]}
    assert len(found["sections"]) == 5
    assert len(written & said_there) > 5
    assert "exists" in ready.is_told("person-file", REF, "--to", str(tmp_path / "file.json"))
    assert "json or .docx" in ready.is_told("person-file", REF, "--to", str(tmp_path / "file.txt"))
    ready.is_told("person-file", "no such reference", "--to", str(tmp_path / "another.json"))
    assert not (tmp_path / "another.json").exists()


def test_invitations_are_shown_with_what_became_of_them(ready: Terminal) -> None:
    enquiry_id = opened(ready)
    for _ in range(3):
        ready.does("enquiry", "invite", REF, *TO_FIRST)
    ready.does("enquiry", "withdraw", REF, "2")
    with ready.store() as store:
        _, _, third = (one.invitation_id for one in invitations(ready, enquiry_id))
        asyncio.run(begin_invited(store, third, "page 1", datetime.now(UTC), interview_version="the one of March"))
    lines = ready.does("enquiry", "show", REF).out.splitlines()[-3:]
    assert ["until" in lines[0], "ended" in lines[1], "used" in lines[2]] == [True] * 3


@pytest.mark.parametrize("command", ["show", "export", "close", "reopen"])
def test_an_enquiry_that_there_is_not_can_be_looked_up(ready: Terminal, command: str) -> None:
    told = ready.is_told("enquiry", command, "Mrs Oyelaran")
    assert told == "There is no enquiry with this reference. `enquiry list` shows those that there are."


@pytest.mark.parametrize(("address", "is_warned"), [("", True), ("https://words.example", False)])
def test_behind_https_a_start_says_when_invitations_would_lead_elsewhere(
    ready: Terminal, capsys: pytest.CaptureFixture[str], address: str, *, is_warned: bool
) -> None:
    ready.sets(SECURE_COOKIES="yes", PHONE="01632 960 001", ADDRESS=address)
    cli._warn(load(), "")
    assert ("OWNWORDS_ADDRESS" in capsys.readouterr().out) is is_warned


@pytest.mark.parametrize("is_inside", [True, False])
def test_a_start_says_when_the_root_key_lies_in_the_folder_of_the_project(
    ready: Terminal, capsys: pytest.CaptureFixture[str], *, is_inside: bool
) -> None:
    ready.sets(ROOT_KEY="keys/root.key" if is_inside else str(ready.key))
    cli._warn(load(), "")
    assert ("the root key lies in the project folder" in capsys.readouterr().out) is is_inside


# --- ways in for the team ---------------------------------------------------------------------------------------------


def test_account_first_prints_a_link_while_nobody_administers(ready: Terminal) -> None:
    ready.sets(ADDRESS="https://words.example")
    said = ready.does("account", "first")
    assert said.status == 0
    assert re.search(r"^https://words\.example/team/link/[\w-]{43}$", said.out, re.MULTILINE)
    with ready.store() as store, store.begin() as kept:
        account_id = kept.accounts.add(
            role=Role.ADMINISTRATOR, name="Mo Bell", email="mo@council.example", team_ids=(), now=NOW
        )
        kept.accounts.set_password(account_id, "a hash")
    assert "account link EMAIL" in ready.is_told("account", "first")


def test_account_link_prints_a_link_for_an_account_that_is_there(ready: Terminal) -> None:
    with ready.store() as store, store.begin() as kept:
        kept.accounts.add(role=Role.MANAGER, name="Mo Bell", email="mo@council.example", team_ids=(), now=NOW)
    ready.sets(ADDRESS="https://words.example", TEAM_HOST="team.words.example")
    assert "https://team.words.example/team/link/" in ready.does("account", "link", "MO@council.example").out
    assert ready.is_told("account", "link", "nobody@council.example") == "There is no account with this e-mail address."


def test_a_list_of_stolen_passwords_that_is_not_there_stops_the_start(ready: Terminal) -> None:
    ready.sets(BREACHED_PASSWORDS="/nowhere/stolen.txt")
    with pytest.raises(BadSetting, match="OWNWORDS_BREACHED_PASSWORDS"):
        Breached.named_in(load())


def test_made_up_data_comes_with_a_link_for_everybody(ready: Terminal) -> None:
    told = ready.does("demo", "--enquiries", "2", "--teams", "1")
    assert told.status == 0
    assert told.out.count("/team/link/") == 9
    assert "Made up: 2 enquiries" in told.out
    assert ready.does("verify").status == 0


def test_made_up_data_is_never_put_beside_anything_else(ready: Terminal) -> None:
    ready.does("enquiry", "open", "SA-1")
    assert "Set OWNWORDS_DATA and OWNWORDS_ROOT_KEY to new places" in ready.is_told("demo", "--enquiries", "1")


def test_nothing_is_made_up_while_the_site_is_served(ready: Terminal) -> None:
    with opening.using(load(), opening.Use.SHARED):
        assert "End the other program first" in ready.is_told("demo", "--enquiries", "1")


# --- figures ---------------------------------------------------------------------------------------------------------


def concluded(store: Store, *closed: tuple[date, str]) -> list[str]:
    """Enquiries closed on these days, each of somebody in an age band, of whom nobody wrote whether they were asked."""
    made = []
    with store.begin() as kept:
        account_id = kept.accounts.add(role=Role.MANAGER, name=CANARY, email="a@b.example", team_ids=(), now=NOW)
        for number, (on, age_band) in enumerate(closed):
            enquiry_id = kept.enquiries.open(NOW, reference=f"{CANARY} {number}")
            kept.entries.add(
                kind=EntryKind.RECORD,
                what=RecordKind.ABOUT.value,
                account_id=account_id,
                now=NOW,
                enquiry_id=enquiry_id,
                choices={"kind": ("section_42",), "age_band": (age_band,)},
                words={"because": CANARY},
            )
            kept.enquiries.close(enquiry_id, datetime(on.year, on.month, on.day, 12, tzinfo=UTC))
            made.append(enquiry_id)
    return made


def numbers(said: Said, table: str, row: str) -> list[str]:
    """The numbers in a row of a table, as they are printed."""
    lines = said.out[said.out.index(table) :].splitlines()
    line = next(one for one in lines if row in one)
    return re.findall(r"[\d,]+", line.rpartition(row)[2])


def test_figures_of_a_year_are_counted_exactly_and_say_what_is_doubtful_about_them(ready: Terminal) -> None:
    with ready.store() as store:
        concluded(store, (date(2025, 4, 1), "18-64"), (date(2026, 3, 31), "95+"), (date(2026, 4, 1), "95+"))
    said = ready.does("figures", "--year", "2025")
    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("April 2025 to March 2026. Exact figures: not to be published as they are.\n")
    assert numbers(said, "SG4a Were people asked", "Not Recorded") == ["2"]
    assert numbers(said, "SG3a Did people have", "Not recorded") == ["2"]
    assert "as the person says" in said.out
    assert "as the representative says" in said.out
    assert (
        "Look at this first: Nothing says whether they were asked what they want. It counts as Not Recorded. (2)\n"
        in said.out
    )
    assert CANARY not in said.out
    assert numbers(ready.does("figures", "--year", "2026"), "SG4a Were people asked", "Not Recorded") == ["1"]


def test_figures_are_broken_down_and_columns_add_up(ready: Terminal) -> None:
    with ready.store() as store:
        concluded(store, (date(2025, 5, 2), "18-64"), (date(2025, 8, 2), "18-64"), (date(2025, 8, 9), "95+"))
    by_quarter = ready.does("figures", "--year", "2025", "--by", "quarter")
    assert numbers(by_quarter, "SG4a Were people asked", "Not Recorded") == ["1", "2", "0", "0", "3"]
    by_age = ready.does("figures", "--year", "2025", "--by", "age_band")
    assert numbers(by_age, "SG4a Were people asked", "Not Recorded") == ["2", "0", "0", "0", "1", "0", "3"]


def test_a_year_in_which_nothing_was_closed_says_so(ready: Terminal) -> None:
    said = ready.does("figures", "--year", "1999")
    assert (said.status, said.err) == (0, "")
    assert "April 1999 to March 2000" in said.out
    assert numbers(said, "SG4a Were people asked", "Not Recorded") == ["0"]
    told = [line for line in said.out.splitlines() if line.startswith("Look at this first")]
    assert told == ["Look at this first: No enquiry was closed in this period. There is nothing to count. (0)"]


def test_figures_are_recounted_from_all_that_is_kept(ready: Terminal) -> None:
    with ready.store() as store:
        (enquiry_id,) = concluded(store, (date(2025, 5, 2), "18-64"))
        store.work_out_facts()
        with store.begin() as kept:
            facts = kept.facts_of(enquiry_id)
            kept.facts.keep(replace(facts, counted={**facts.counted, ("asked", Spoken.ALL): {"no": 1}}))
    was = ready.does("figures", "--year", "2025")
    assert numbers(was, "SG4a Were people asked", "Not Recorded") == ["0"]
    assert ready.does("verify").status == 1
    anew = ready.does("figures", "--year", "2025", "--recount")
    assert numbers(anew, "SG4a Were people asked", "Not Recorded") == ["1"]
    assert ready.does("verify").status == 0


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--year", "last"],
        ["--year", "0"],
        ["--year", "9999"],
        ["--year", "2025", "--by", "street"],
    ],
    ids=" ".join,
)
def test_figures_that_cannot_be_asked_for_are_a_usage_error(ready: Terminal, arguments: list[str]) -> None:
    said = ready.does("figures", *arguments)
    assert (said.status, said.out) == (2, "")
    assert "Usage" in said.err
    assert "Traceback" not in said.err


def test_an_enquiry_that_is_damaged_is_in_no_figure_and_is_named(ready: Terminal) -> None:
    with ready.store() as store:
        concluded(store, (date(2025, 5, 2), "18-64"), (date(2025, 5, 3), "95+"))
    with from_below(ready.database) as below:
        below.execute("UPDATE entries SET what = 'asked' WHERE number = 1")
    said = ready.does("figures", "--year", "2025", "--recount")
    assert said.status == 0
    assert numbers(said, "SG4a Were people asked", "Not Recorded") == ["1"]
    assert "Look at this first: Something of it is damaged and cannot be read. It is in no figure. (1)\n" in said.out
