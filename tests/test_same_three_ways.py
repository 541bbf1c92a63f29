"""One conversation for each stage and each speaker, told once and gone through in three ways: the record is the same.

All of a way belong to one enquiry, so that later stages read back what was said in earlier ones.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Browser

from bot import enquiring
from bot.conversation import Now, Speaker, Stage, Standing
from bot.exporting import export_enquiry, export_one
from bot.interviewing import GATE
from bot.store.verifying import verify
from tests.boxes import trained_model
from tests.browser.visitor import Script
from tests.browser.way import InChromium
from tests.three_ways import IN_ORDER, OpenHouse, Seen, UseCases, Way, WithoutScript, evened_out, open_house, told

SISTER = "أريد أن أرى أختي كل أسبوع\nEvery week, my sister"


class Enquiry:
    """One enquiry, gone through in one way, as far as it is asked for."""

    def __init__(self, house: OpenHouse, way: Way) -> None:
        self.house = house
        self.way = way
        self.begun: dict[tuple[Stage, Speaker], str] = {}
        self.reference = f"ASC/{way.name}"
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


@pytest.fixture(scope="session", params=list(Script), ids=str)
def in_chromium(house: OpenHouse, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Enquiry]:
    """An enquiry in Chromium, with the script of our pages and without."""
    way = InChromium(house, browser, request.param)
    yield Enquiry(house, way)
    way.close()


EVERY_ONE = pytest.mark.parametrize(("stage", "speaker"), IN_ORDER)


@EVERY_ONE
def test_the_pages_without_script_keep_the_same_record_as_the_use_cases(
    by_use_cases: Enquiry, without_script: Enquiry, stage: Stage, speaker: Speaker
) -> None:
    assert without_script.record(stage, speaker) == by_use_cases.record(stage, speaker)


@EVERY_ONE
def test_the_pages_in_a_browser_keep_the_same_record_as_the_use_cases(
    by_use_cases: Enquiry, in_chromium: Enquiry, stage: Stage, speaker: Speaker
) -> None:
    assert in_chromium.record(stage, speaker) == by_use_cases.record(stage, speaker)


def test_whole_enquiries_are_written_out_the_same(by_use_cases: Enquiry, without_script: Enquiry) -> None:
    assert evened_out(without_script.whole(), without_script.names) == evened_out(
        by_use_cases.whole(), by_use_cases.names
    )


def test_an_enquiry_keeps_every_voice_apart_and_every_wording_with_its_date(by_use_cases: Enquiry) -> None:
    wanted = {
        outcome["voices"][outcome["voice"]]["wordings"][0]["words"]: outcome
        for outcome in by_use_cases.whole()["outcomes"]
    }
    sister, garden = wanted[SISTER], wanted["To sit in the garden every day"]

    assert [wording["words"] for wording in sister["voices"]["person"]["wordings"]] == [
        SISTER,
        "To see my sister every week,\nand to go there by myself",
        "To see my sister every week,\nand to go there by bus, by myself",
    ]
    dates = [datetime.fromisoformat(wording["said_at"]) for wording in sister["voices"]["person"]["wordings"]]
    assert dates == sorted(set(dates))
    assert sister["voices"]["advocate"]["wordings"] == []
    assert [said["value"] for said in sister["voices"]["person"]["reviewed"] if said["stage"] == "closing"] == [
        "some_of_it",
        "no",
    ]
    assert [said["value"] for said in sister["voices"]["advocate"]["reviewed"] if said["stage"] == "closing"] == ["no"]
    assert [said["value"] for said in sister["practitioners_own"]] == ["some_of_it"]
    assert garden["voice"] == "advocate"
    assert {wording["whose"] for wording in garden["voices"]["advocate"]["wordings"]} == {"understood", "own_words"}
    assert "person" not in garden["voices"] or not garden["voices"]["person"]["reviewed"]
    assert wanted["A lock on my own room"]["voice"] == "person"
    assert wanted["Referral to the day centre"]["words_now"] == ["To be with other people on Mondays"]
    assert wanted["Referral to the day centre"]["status"] == "no_longer"


def test_an_advocate_reads_nothing_that_the_person_kept_private(without_script: Enquiry) -> None:
    without_script.whole()
    private = words_of(without_script, Stage.CHECK_IN, Speaker.PERSON)
    shared = words_of(without_script, Stage.FIRST, Speaker.PERSON)
    read = "".join(
        page.text
        for stage in (Stage.CHECK_IN, Stage.CLOSING, Stage.EXPERIENCE)
        for page in pages_of(without_script, stage, Speaker.ADVOCATE)
    )
    assert SISTER in shared
    assert SISTER in read
    assert [words for words in private if words in read] == []


@EVERY_ONE
def test_nothing_that_was_said_is_shown_before_it_is_safe_to_go_on(
    without_script: Enquiry, stage: Stage, speaker: Speaker
) -> None:
    without_script.record(stage, speaker)
    said = words_of(without_script, stage, speaker)
    before = [page for page in pages_of(without_script, stage, speaker) if is_before_the_gate(page.standing)]
    assert [words for page in before for words in said if words in page.text] == []
    came_back = any(doing.does == "come_back" for doing in told(stage, speaker))
    assert bool(before) == came_back


@pytest.mark.parametrize("stage", Stage)
def test_what_is_for_the_team_alone_is_not_on_a_screen_that_was_handed_over(
    without_script: Enquiry, stage: Stage
) -> None:
    without_script.record(stage, Speaker.PRACTITIONER)
    notes = [doing.note for doing in told(stage, Speaker.PRACTITIONER) if doing.note]
    said = words_of(without_script, stage, Speaker.PRACTITIONER)
    handed = [page for page in pages_of(without_script, stage, Speaker.PRACTITIONER) if page.standing.handed_over]
    assert handed
    assert [words for page in handed for words in (*notes, *said) if words in page.text] == []


def test_everything_is_as_it_was_kept(by_use_cases: Enquiry, without_script: Enquiry) -> None:
    for enquiry in (by_use_cases, without_script):
        enquiry.whole()
    assert verify(by_use_cases.house.store) == []


def pages_of(enquiry: Enquiry, stage: Stage, speaker: Speaker) -> list[Seen]:
    """Give every page of one conversation."""
    assert isinstance(enquiry.way, WithoutScript)
    return [page for page in enquiry.way.seen if page.conversation_id == enquiry.begun[stage, speaker]]


def words_of(enquiry: Enquiry, stage: Stage, speaker: Speaker) -> list[str]:
    """Give all that was said in words that stand nowhere else; the shortest stand in our own sentences too."""
    doings = told(stage, speaker)
    return [doing.said for doing in doings if doing.said is not None and len(doing.said) >= len("My own purse")]


def is_before_the_gate(stands: Standing) -> bool:
    """Whether somebody is away, or has come back and has not said yet that it is safe to go on."""
    is_gate = stands.now is Now.ASIDE and stands.asked is not None and stands.asked.asked in GATE
    return is_gate or stands.now is Now.BREAK
