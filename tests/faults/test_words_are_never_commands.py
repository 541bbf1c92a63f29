"""Words that look like commands, templates or code are words: kept and shown as typed; the conversation goes on."""

import pytest

from bot.conversation import Kind, Speaker, standing
from tests.abuse import commands
from tests.abuse.measuring import Length
from tests.faults.conftest import Finished
from tests.faults.houses import TroubledHouse, conversation_of, said, turns_of
from tests.faults.roads import OPEN_QUESTIONS, walk
from tests.walking import Walker

COMMANDS = {
    "restart": "/restart",
    "stop": "/stop",
    "a filled slot": '/inform{"speaker":"x"}',
    "a sum in a template": "{{7*7}}",
    "the place of an answer": "{outcome}",
    "HTML": "<h1>Help</h1><script>alert(1)</script></textarea><img src=x onerror=alert(1)>",
    "quoted code": "```python\nimport os; os._exit(1)\n``` '; \" \\ `id` ${7*7} turn:2 [[team]]",
}


def test_the_road_passes_every_open_question(finished: Finished) -> None:
    assert {passed.name for passed in finished.road if passed.takes_words} == OPEN_QUESTIONS


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_at_every_open_question_is_words_and_changes_nothing(
    house: TroubledHouse, finished: Finished, person: Walker, command: str
) -> None:
    words = COMMANDS[command]
    conversation_id = conversation_of(person.page)
    read_back: list[bool] = []

    def say(name: str, number: int) -> str:
        if [turn.kind for turn in said(house, conversation_id)].count(Kind.WORDS):
            read_back.append(words in person.page.quoted)
        return words

    road = walk(person, say)
    assert road == finished.road
    assert all(read_back)
    assert person.page.heading == "Thank you. Your words are kept."
    given = [turn for turn in said(house, conversation_id) if turn.kind is Kind.WORDS]
    assert [turn.asked for turn in given] == [passed.name for passed in road if passed.takes_words]
    assert {turn.words for turn in given} == {words}
    assert {turn.speaker for turn in turns_of(house, conversation_id)} == {Speaker.PERSON, Speaker.BOT}
    plain = standing(turns_of(house, finished.conversation_id))
    assert standing(turns_of(house, conversation_id)).path == plain.path
    copy = person.browser.get("/conversation/words.txt")
    assert "".join(copy.text.split()).count("".join(words.split())) >= len(
        [passed for passed in road if passed.takes_words and not passed.name.startswith("contact_")]
    )


def test_two_hundred_commands_are_no_two_alike_and_are_made_of_every_part() -> None:
    made = commands.variants()
    assert len(set(made)) == len(made) == commands.HOW_MANY
    for part in (*commands.BEFORE, *commands.NAMES, *commands.AFTER):
        assert any(part in one for one in made)


def test_commands_are_words_where_words_are_asked_for_and_nothing_elsewhere(
    house: TroubledHouse, finished: Finished
) -> None:
    assert [row for row in commands.measured_in(house, finished.road, Length.SHORT) if not row.is_met] == []
