"""What is forgotten while the product serves is in no file of it, in no encoding, and stays gone when it is killed."""

import sqlite3
from contextlib import closing
from pathlib import Path

from bot.store import Rule
from bot.store.verifying import verify
from tests.faults.houses import TroubledHouse, conversation_of, times_kept
from tests.faults.searching import Search
from tests.store.filling import NOON
from tests.walking import Walker

NAME = "Thistlewood"
SAID = f"My cousin Zoë {NAME} reads my letters before I do"


def sealed_in(house: TroubledHouse) -> list[bytes]:
    """Everything that was sealed, and every key of words, as they lie there."""
    with closing(sqlite3.connect(house.database)) as below:
        found = [
            *below.execute("SELECT words FROM turns"),
            *below.execute("SELECT words FROM drafts"),
            *below.execute("SELECT wrapped FROM keys WHERE purpose = 'words'"),
        ]
    return [sealed for (sealed,) in found]


def lying_in(folder: Path, sealed: list[bytes]) -> set[str]:
    files = [one for one in folder.rglob("*") if one.is_file()]
    return {one.name for one in files if any(each in one.read_bytes() for each in sealed)}


def test_what_is_forgotten_while_it_serves_is_gone_for_good(model: Path, tmp_path: Path) -> None:
    house = TroubledHouse(tmp_path / "house")
    house.take_the_trained_model()
    search = Search([SAID, NAME])
    try:
        house.open().wait_until_ready()
        with house.browser() as browser:
            walker = Walker(browser).begin()
            conversation_id = conversation_of(walker.page)
            while not times_kept(house, conversation_id, SAID):
                walker.answer_somehow(SAID)
            sealed = sealed_in(house)
            assert lying_in(house.data, sealed), "what is searched for can be found"
            with house.store() as store:
                with store.begin() as kept:
                    kept.forgetting.conversation(conversation_id, Rule.ASKED, NOON)
                assert store.scrub()
                assert verify(store) == []
            assert search.in_files(house.folder) == {}
            assert lying_in(house.folder, sealed) == set()
            assert "This page is closed" in browser.get("/conversation").text
        house.kill()
        assert lying_in(house.folder, sealed) == set()
        house.open()
        house.close()
        assert search.in_files(house.folder) == {}
        assert lying_in(house.folder, sealed) == set()
        (house.data / "log" / "planted.log").write_text(f"words={SAID}", encoding="utf-16")
        assert set(search.in_files(house.folder)) == {"data/log/planted.log"}
    finally:
        house.close()
