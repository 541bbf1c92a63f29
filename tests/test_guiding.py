"""Guidance: documents of the council's own, who has read which version, and who may know."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import guiding
from bot.guiding import ChangedMeanwhile, LeftOut, Shelf, id_of, read_shelf
from bot.roles import Actor, NotAllowed, Role
from bot.settings import ROOT
from bot.store import AuditAct, Missing, Store

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SAFE = "# Getting in touch safely\n\nLook first at what the person said.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "guidance"
    folder.mkdir()
    return folder


@pytest.fixture
def team(store: Store) -> str:
    with store.begin() as kept:
        return kept.teams.add("Northtown", NOON, duty=True)


def joins(store: Store, role: Role, name: str, *teams: str) -> Actor:
    """Give somebody an account."""
    with store.begin() as kept:
        account_id = kept.accounts.add(
            role=role, name=name, email=f"{name.replace(' ', '.')}@council.example", team_ids=teams, now=NOON
        )
    return Actor(account_id, role, frozenset(teams))


def writes(folder: Path, name: str = "safe.md", told: str = SAFE) -> Shelf:
    (folder / name).write_text(told, encoding="utf-8")
    return read_shelf(folder)


# --- the folder ------------------------------------------------------------------------------------------------------


def test_a_document_is_a_markdown_file_and_its_heading_is_its_title(folder: Path) -> None:
    (document,) = writes(folder).documents

    assert document.title == "Getting in touch safely"
    assert document.markdown == "\nLook first at what the person said.\n"
    assert document.document_id == id_of("safe.md")


@pytest.mark.parametrize(
    ("name", "told", "title"),
    [
        ("1-how_to-begin.md", "Just text.", "How to begin"),
        ("9.md", "Just text.", "9"),
        ("a.md", "# **Very** `important` ##\nText", "Very important"),
        ("a.md", "\ufeff# After a mark\r\n\r\nText", "After a mark"),
        ("a.md", "#hashtag\n\nText", "A"),
        ("a.md", "## Second level\n\nText", "A"),
    ],
)
def test_a_document_without_a_heading_is_called_after_its_file(folder: Path, name: str, told: str, title: str) -> None:
    (document,) = writes(folder, name, told).documents

    assert document.title == title


def test_documents_stand_in_the_order_of_their_files(folder: Path) -> None:
    for name in ("2-b.md", "1-c.md", "3-a.MD"):
        writes(folder, name)

    assert [document.name for document in read_shelf(folder).documents] == ["1-c.md", "2-b.md", "3-a.MD"]


def test_any_change_however_little_is_another_version(folder: Path) -> None:
    before = writes(folder).documents[0]
    after = writes(folder, told=SAFE + " ").documents[0]

    assert after.document_id == before.document_id
    assert after.digest != before.digest


def test_what_cannot_be_a_document_is_left_out_and_named_and_the_rest_is_there(folder: Path) -> None:
    writes(folder)
    (folder / "bytes.md").write_bytes(b"\xff\xfe\x00")
    (folder / "empty.md").write_text(" \n")
    (folder / "long.md").write_text("a" * (guiding.LONGEST + 1))
    (folder / "gone.md").symlink_to(folder / "nowhere")
    (folder / ".hidden.md").write_text("x")
    (folder / "notes.txt").write_text("x")
    (folder / "more.md").mkdir()

    shelf = read_shelf(folder)

    assert [document.name for document in shelf.documents] == ["safe.md"]
    assert shelf.left_out == (
        ("bytes.md", LeftOut.NOT_TEXT),
        ("empty.md", LeftOut.EMPTY),
        ("gone.md", LeftOut.CANNOT_BE_READ),
        ("long.md", LeftOut.TOO_LONG),
    )


def test_without_the_folder_there_is_nothing_to_read_and_it_is_said(folder: Path) -> None:
    shelf = read_shelf(folder / "elsewhere")

    assert shelf == Shelf((), (), is_there=False)


def test_the_documents_that_come_along_can_all_be_read() -> None:
    shelf = read_shelf(ROOT / "docs" / "guidance")

    assert len(shelf.documents) >= 3
    assert shelf.left_out == ()


# --- reading and confirming ------------------------------------------------------------------------------------------


def test_what_is_new_is_to_be_read_until_it_is_confirmed(store: Store, folder: Path, team: str) -> None:
    jo, shelf = joins(store, Role.PRACTITIONER, "Jo", team), writes(folder)
    (new,) = guiding.new_to(store, shelf, jo)

    guiding.confirm(store, shelf, jo, new.document.document_id, new.document.digest, NOON)

    assert guiding.new_to(store, shelf, jo) == ()
    assert guiding.read(store, shelf, jo, new.document.document_id).confirmed_at == NOON


def test_a_changed_document_is_to_be_read_again(store: Store, folder: Path, team: str) -> None:
    jo, shelf = joins(store, Role.PRACTITIONER, "Jo", team), writes(folder)
    document = shelf.documents[0]
    guiding.confirm(store, shelf, jo, document.document_id, document.digest, NOON)

    (again,) = guiding.new_to(store, writes(folder, told=SAFE + "More.\n"), jo)

    assert again.confirmed_at is None
    assert again.confirmed_before == NOON


def test_a_document_that_came_back_to_what_it_was_is_read_already(store: Store, folder: Path, team: str) -> None:
    jo, shelf = joins(store, Role.PRACTITIONER, "Jo", team), writes(folder)
    document = shelf.documents[0]
    guiding.confirm(store, shelf, jo, document.document_id, document.digest, NOON)
    writes(folder, told="Something else.")

    assert guiding.new_to(store, writes(folder), jo) == ()


def test_nobody_confirms_a_version_that_they_were_not_shown(store: Store, folder: Path, team: str) -> None:
    jo, shown = joins(store, Role.PRACTITIONER, "Jo", team), writes(folder)
    document = shown.documents[0]
    now = writes(folder, told=SAFE + "Changed meanwhile.\n")

    with pytest.raises(ChangedMeanwhile, match="read it again"):
        guiding.confirm(store, now, jo, document.document_id, document.digest, NOON)

    with store.reading() as seen:
        assert seen.council.confirmed() == ()


def test_confirming_twice_keeps_the_first_time_and_one_line_of_the_audit(store: Store, folder: Path, team: str) -> None:
    jo, shelf = joins(store, Role.PRACTITIONER, "Jo", team), writes(folder)
    document = shelf.documents[0]
    for minutes in (0, 5):
        now = NOON + timedelta(minutes=minutes)
        guiding.confirm(store, shelf, jo, document.document_id, document.digest, now)

    with store.reading() as seen:
        assert [one.at for one in seen.council.confirmed()] == [NOON]
        (audited,) = seen.audit.search(acts=[AuditAct.CONFIRMED])
        assert (audited.account_id, audited.about) == (jo.account_id, document.document_id)


def test_an_auditor_reads_and_confirms_nothing(store: Store, folder: Path) -> None:
    auditor, shelf = joins(store, Role.AUDITOR, "Ada"), writes(folder)
    document = shelf.documents[0]

    assert guiding.new_to(store, shelf, auditor) == ()
    assert guiding.read(store, shelf, auditor, document.document_id).document == document
    with pytest.raises(NotAllowed):
        guiding.confirm(store, shelf, auditor, document.document_id, document.digest, NOON)


def test_a_document_that_is_not_there_cannot_be_read_or_confirmed(store: Store, folder: Path, team: str) -> None:
    jo, shelf = joins(store, Role.PRACTITIONER, "Jo", team), writes(folder)

    with pytest.raises(Missing):
        guiding.read(store, shelf, jo, "0" * 32)
    with pytest.raises(Missing):
        guiding.confirm(store, shelf, jo, "0" * 32, shelf.documents[0].digest, NOON)


# --- who has and who has not -----------------------------------------------------------------------------------------


def test_a_manager_sees_who_of_their_teams_has_read_it_and_who_has_not(store: Store, folder: Path, team: str) -> None:
    with store.begin() as kept:
        other = kept.teams.add("Southtown", NOON)
    shelf = writes(folder)
    document = shelf.documents[0]
    manager = joins(store, Role.MANAGER, "Mo", team)
    jo, _, sam = (
        joins(store, Role.PRACTITIONER, name, in_team)
        for name, in_team in (("Jo", team), ("Kim", team), ("Sam", other))
    )
    for one in (jo, sam):
        guiding.confirm(store, shelf, one, document.document_id, document.digest, NOON)

    found = guiding.readership(store, shelf, manager, document.document_id)

    assert [one.name for one in found.now.have] == ["Jo"]
    assert found.have_not == ("Kim", "Mo")
    assert (found.have, found.of) == (1, 3)


def test_an_auditor_sees_everybody_and_is_not_asked_to_read(store: Store, folder: Path, team: str) -> None:
    shelf = writes(folder)
    auditor = joins(store, Role.AUDITOR, "Ada")
    joins(store, Role.PRACTITIONER, "Jo", team)
    joins(store, Role.BOARD_MEMBER, "Bo")

    (found,) = guiding.readerships(store, shelf, auditor)

    assert found.have_not == ("Bo", "Jo")


def test_whoever_has_left_is_no_longer_waited_for_and_what_they_confirmed_stays(
    store: Store, folder: Path, team: str
) -> None:
    shelf = writes(folder)
    document = shelf.documents[0]
    manager = joins(store, Role.MANAGER, "Mo", team)
    jo, kim = (joins(store, Role.PRACTITIONER, name, team) for name in ("Jo", "Kim"))
    guiding.confirm(store, shelf, jo, document.document_id, document.digest, NOON)
    with store.begin() as kept:
        for one in (jo, kim):
            kept.accounts.disable(one.account_id, NOON)

    found = guiding.readership(store, shelf, manager, document.document_id)

    assert [(one.name, one.has_left) for one in found.now.have] == [("Jo", True)]
    assert found.have_not == ("Mo",)
    assert (found.have, found.of) == (0, 1)


def test_who_read_an_earlier_version_stays_to_be_seen(store: Store, folder: Path, team: str) -> None:
    manager, shelf = joins(store, Role.MANAGER, "Mo", team), writes(folder)
    first = shelf.documents[0]
    guiding.confirm(store, shelf, manager, first.document_id, first.digest, NOON)

    found = guiding.readership(store, writes(folder, told=SAFE + "More.\n"), manager, first.document_id)

    assert found.now.have == ()
    assert [(version.digest, version.have[0].name) for version in found.earlier] == [(first.digest, "Mo")]


@pytest.mark.parametrize("role", [Role.PRACTITIONER, Role.ADVOCATE, Role.BOARD_MEMBER, Role.ADMINISTRATOR])
def test_nobody_else_learns_who_has_read_what(store: Store, folder: Path, team: str, role: Role) -> None:
    somebody, shelf = joins(store, role, "Jo", team), writes(folder)

    assert not guiding.sees_readers(somebody)
    with pytest.raises(NotAllowed):
        guiding.readership(store, shelf, somebody, shelf.documents[0].document_id)


def test_a_manager_without_a_team_sees_nobody(store: Store, folder: Path, team: str) -> None:
    manager, shelf = joins(store, Role.MANAGER, "Mo", team), writes(folder)

    with pytest.raises(NotAllowed):
        guiding.readerships(store, shelf, replace(manager, team_ids=frozenset()))
