"""Every state of every page passes three checkers of pages and the checks that none of them makes."""

from itertools import chain
from pathlib import Path

from tests.browser.conftest import Arrives
from tests.browser.gate import EVERY_LOOK, FIRST_LOOK, Gate
from tests.browser.roads import before_the_first_question, first_conversation, side_roads, troubled_road
from tests.browser.roads_of_others import (
    advocates_road,
    easier_road,
    later_road,
    paper_road,
    practitioners_road,
)
from tests.browser.visitor import Purpose, Script
from tests.house import House

BAD = """
<!DOCTYPE html>
<html><title></title><body>
<div class="app-bar" style="position: sticky; top: 0; height: 400px">Bar</div>
<h1>Notes</h1><p style="color: #aaa">Too pale</p><img src="data:,">
<button style="font-size: 9px">x</button>
<div style="width: 2000px">Too wide</div>
<p style="height: 10px; width: 90px; overflow: hidden">Far too much for so little</p>
<div style="height: 2000px"></div>
<a href="#here" style="display: block; height: 44px">Far down</a>
</body><b></i>
"""


def test_every_page_passes(arrives: Arrives, house: House, java: Path, tmp_path: Path, script: Script) -> None:
    person = arrives(script, Purpose.CHECKING)
    # Without script the same pages come, and only some buttons of theirs are not there.
    gate = Gate(EVERY_LOOK if script is Script.ON else FIRST_LOOK)
    roads = (
        before_the_first_question(person),
        first_conversation(person),
        side_roads(person),
        troubled_road(person, house),
    )
    for state in chain.from_iterable(roads):
        gate.check(person, state)
    gate.check(person.opens("/no-such-page"), "no such page")
    gate.validate(java, tmp_path)
    assert gate.findings == []


def test_every_page_of_other_speakers_and_of_later_stages_passes(
    arrives: Arrives, house: House, java: Path, tmp_path: Path, script: Script
) -> None:
    person = arrives(script, Purpose.CHECKING)
    gate = Gate(EVERY_LOOK if script is Script.ON else FIRST_LOOK)
    for state in chain(
        practitioners_road(person), advocates_road(person), later_road(person, house), paper_road(person, house)
    ):
        gate.check(person, state)
    gate.validate(java, tmp_path)
    assert gate.findings == []


def test_every_page_that_was_made_easier_passes(arrives: Arrives, java: Path, tmp_path: Path) -> None:
    person = arrives(Script.ON, Purpose.CHECKING)
    gate = Gate(EVERY_LOOK)
    for state in easier_road(person):
        gate.check(person, state)
    gate.validate(java, tmp_path)
    assert gate.findings == []


def test_a_page_that_is_wrong_does_not_pass(arrives: Arrives, java: Path, tmp_path: Path) -> None:
    person = arrives(Script.OFF, Purpose.CHECKING)
    gate = Gate(EVERY_LOOK)
    person.context.route("**/bad", lambda route: route.fulfill(body=BAD, content_type="text/html"))
    gate.check(person.opens("/bad"), "bad")
    gate.validate(java, tmp_path)
    found = "\n".join(gate.findings)
    for sort in (
        "axe image-alt",
        "axe color-contrast",
        "HTML_CodeSniffer WCAG2AA.Principle1.Guideline1_1.1_1_1",
        "scrolls sideways",
        "cuts what is in it",
        "too small",
        "not in sight",
        "html5lib unexpected-end-tag",
        "Nu:",
    ):
        assert sort in found
