"""One conversation for each stage and each speaker, told once and gone through in three ways: the record is the same.

All of a way belong to one enquiry, so that later stages read back what was said in earlier ones.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser

from bot import enquiring
from bot.conversation import Speaker, Stage
from bot.exporting import export_enquiry, export_one
from bot.store.verifying import verify
from tests.boxes import trained_model
from tests.browser.visitor import Script
from tests.browser.way import InChromium
from tests.three_ways import IN_ORDER, OpenHouse, UseCases, Way, WithoutScript, evened_out, open_house, told

PRACTITIONERS_OWN = ("Back room, door shut.", "Long silence first.\nI waited.", "Close it, and ring her in May.")
"""Some of what is for the team alone."""


class Enquiry:
    """One enquiry, gone through in one way, as far as it is asked for."""

    def __init__(self, house: OpenHouse, way: Way) -> None:
        self.house = house
        self.way = way
        self.begun: dict[tuple[Stage, Speaker], str] = {}
        self.reference = f"ASC/{type(way).__name__}"
        self.enquiry_id = enquiring.open_enquiry(house.store, self.reference, datetime.now(UTC))

    def record(self, stage: Stage, speaker: Speaker) -> object:
        """Give what was kept of one conversation; it and those before it are had now if they were not yet."""
        self._have(IN_ORDER.index((stage, speaker)) + 1)
        return evened_out(export_one(self.house.store, self.begun[stage, speaker]), self.names)

    def whole(self) -> Any:
        """Give all that was kept, as it is written out."""
        self._have(len(IN_ORDER))
        return export_enquiry(self.house.store, self.enquiry_id)

    @property
    def names(self) -> Mapping[str, str]:
        """What stands in place of what names this enquiry and its conversations."""
        ids = {found: f"{stage} {speaker}" for (stage, speaker), found in self.begun.items()}
        short = {f"{found[:8]}_": f"{name} " for found, name in ids.items()}
        return {**ids, **short, self.enquiry_id: "the enquiry", self.reference: "its reference"}

    def _have(self, count: int) -> None:
        for stage, speaker in IN_ORDER[len(self.begun) : count]:
            now, door, contact = datetime.now(UTC), self.house.door, "yes, by letter to her sister"
            invited = self.house.wait_for(enquiring.invite(door, self.reference, stage, speaker, contact, now))
            self.begun[stage, speaker] = self.way.begin(invited.code)
            self.way.go_through(told(stage, speaker))


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenHouse]:
    """One product and one box for all ways."""
    with open_house(tmp_path_factory.mktemp("ways"), trained_model()) as opened:
        yield opened


@pytest.fixture(scope="session")
def by_use_cases(house: OpenHouse) -> Enquiry:
    """An enquiry by the use cases alone."""
    return Enquiry(house, UseCases(house))


@pytest.fixture(scope="session")
def without_script(house: OpenHouse) -> Iterator[Enquiry]:
    """An enquiry by the pages as a browser without script gets them."""
    way = WithoutScript(house)
    yield Enquiry(house, way)
    way.close()


@pytest.fixture(scope="session")
def with_script(house: OpenHouse, browser: Browser) -> Iterator[Enquiry]:
    """An enquiry in Chromium, with the script of our pages."""
    way = InChromium(house, browser, Script.ON)
    yield Enquiry(house, way)
    way.close()


EVERY_ONE = pytest.mark.parametrize(("stage", "speaker"), IN_ORDER)


@EVERY_ONE
def test_the_pages_without_script_keep_the_same_record_as_the_use_cases(
    by_use_cases: Enquiry, without_script: Enquiry, stage: Stage, speaker: Speaker
) -> None:
    assert without_script.record(stage, speaker) == by_use_cases.record(stage, speaker)


@EVERY_ONE
def test_the_pages_in_a_browser_with_script_keep_the_same_record_as_the_use_cases(
    by_use_cases: Enquiry, with_script: Enquiry, stage: Stage, speaker: Speaker
) -> None:
    assert with_script.record(stage, speaker) == by_use_cases.record(stage, speaker)


def test_an_enquiry_holds_every_voice_apart_and_every_wording_with_its_date(by_use_cases: Enquiry) -> None:
    whole = by_use_cases.whole()
    assert whole


def test_everything_is_as_it_was_kept(house: OpenHouse, by_use_cases: Enquiry, without_script: Enquiry) -> None:
    for enquiry in (by_use_cases, without_script):
        enquiry.whole()
    assert verify(house.store) == []
