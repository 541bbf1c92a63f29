"""The interview on paper, as pages."""

import pytest

from bot.conversation import Speaker, Stage
from bot.interview import SPEAKERS
from bot.paper import on_paper
from bot.project import load_interview
from tests.web.visiting import Person

INTERVIEW = load_interview()


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("speaker", SPEAKERS)
async def test_a_paper_has_every_question_and_every_answer_on_offer(
    person: Person, speaker: Speaker, stage: Stage
) -> None:
    page = await person.opens(f"/paper/{stage}/{speaker}")
    assert page.heading == INTERVIEW.response("utter_welcome", speaker, stage).wording
    for part in on_paper(INTERVIEW, speaker, stage):
        assert part.heading in page.says
        for block in part.blocks:
            for one in block.questions:
                assert page.says.count(f"{one.number}. {one.wording}") == block.times + 1
                assert all(choice.label in page.says for choice in one.asking.choices)
    assert not {"{", "}", "[["} & set(page.says.split())
    assert "[[" not in page.says


async def test_a_paper_says_how_to_get_help_and_that_it_can_be_found(person: Person) -> None:
    page = await person.opens("/paper/first/person")
    main = page.says.split("Get help now")[0]
    assert "Keep this paper where only you look." in main
    assert "Ring 999" in main
    assert "01234 567 890" in main.replace("\xa0", " ")


async def test_each_speaker_says_on_paper_what_belongs_to_their_answers(person: Person) -> None:
    theirs = await person.opens("/paper/first/person")
    passed_on = await person.opens("/paper/first/advocate")
    asked = await person.opens("/paper/first/practitioner")
    assert "Whose words are these?" in passed_on.says
    assert "Whose words are these?" not in theirs.says + asked.says
    assert "Through an interpreter" in asked.says
    assert "Through an interpreter" not in theirs.says + passed_on.says
    assert "Take this sheet off before you give the paper to anyone." in asked.says
    assert "I do not want to say" in theirs.says


async def test_the_papers_are_listed_and_no_other_one_is_there(person: Person) -> None:
    page = await person.opens("/paper")
    papers = [link for link in page.links if link.startswith("/paper/")]
    assert papers == [f"/paper/{stage}/{speaker}" for speaker in SPEAKERS for stage in Stage]
    for address in ("/paper/first/bot", "/paper/last/person", "/paper/first"):
        assert (await person.opens(address)).status == 404
