"""The dialogue is told what was said, again where it must be, and no answer is filed where it does not belong."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.conversation import Control, Kind, Now, Skip, Speaker, Stage
from bot.dialogue import Delivery, DialogueBehind, Heard, Utterance
from bot.interviewing import BEGINNINGS, Room, begin, go_on
from bot.keeping import Heard as Slots
from bot.keeping import keep_outcome
from tests.fake_dialogue import FakeDialogue, Told, ask
from tests.talking import NOW, Talk


class RankingDialogue(FakeDialogue):
    """Asks for things that are wanted until there is no more, then which of them matters most, and is done."""

    def __init__(self, room: Room) -> None:
        super().__init__()
        self.room = room

    def _conversation(self, stage: Stage, speaker: Speaker) -> Told:
        count = 0
        more: tuple[str, ...] = ("yes",)
        while more == ("yes",):
            self._keep((yield ask("outcome")))
            count += 1
            more = (yield ask("more", kind="choice", choices=[{"id": "yes"}, {"id": "no"}])).choice
        for _ in range(count - 1):
            same = [{"id": "the_same", "label": "They all matter the same", "fixed": True}]
            yield ask("matters_most", kind="choice", choices_from="outcomes_to_rank", choices=same)
        while True:
            yield Utterance("utter_done", "Thank you.", {"kind": "ending", "choices": []})

    def _keep(self, delivery: Delivery) -> None:
        """Do as the custom action does."""
        heard = Slots(self.conversation_id, {"outcome": f"turn:{delivery.number}"}, Stage.FIRST, Speaker.PERSON)
        keep_outcome(self.room.store, heard, NOW)

    async def ask(self, conversation_id: str, path: Sequence[Delivery]) -> Heard:
        self.conversation_id = conversation_id
        return await super().ask(conversation_id, path)


@pytest.fixture
async def ranking(room: Room) -> Talk:
    """A conversation about what is wanted."""
    room = replace(room, dialogue=RankingDialogue(room))
    return Talk(room, await begin(room, stage=Stage.FIRST, speaker=Speaker.PERSON, now=NOW))


async def wants(talk: Talk, *wishes: str) -> list[int]:
    """Say what is wanted, and that there is no more; gives the numbers of what was said."""
    numbers = []
    for wish in wishes:
        if numbers:
            await talk.chooses("yes")
        await talk.says(wish)
        numbers.append((await talk.view()).standing.answers[-1].number)
    await talk.chooses("no")
    return numbers


async def offered(talk: Talk) -> set[str]:
    asked = (await talk.view()).standing.asked
    assert asked is not None
    return set(asked.shown)


# --- asides about what was said --------------------------------------------------------------------------------------


async def test_what_an_aside_asks_about_is_what_was_said_and_not_what_came_last_on_the_road(talk: Talk) -> None:
    await talk.says("I feel tired")
    await talk.says("My cat")
    feelings, matters = (await talk.view()).standing.answers
    await talk.presses(Control.CHANGE, target=feelings.number)
    await talk.says("I don't know")
    assert await talk.asked() == "meant_skip"
    await talk.chooses("do_not_know")
    after = (await talk.view()).standing
    changed, untouched = after.answer(feelings.number), after.answer(matters.number)
    assert changed is not None
    assert untouched is not None
    assert (changed.current.kind, changed.current.choice) == (Kind.SKIP, (Skip.DO_NOT_KNOW,))
    assert untouched.words == ("My cat",)
    assert await talk.asked() == "more"


async def test_what_was_added_can_be_meant_as_not_answering_and_the_answer_stays(talk: Talk) -> None:
    await talk.says("I feel tired")
    await talk.says("My cat")
    feelings = (await talk.view()).standing.answers[0]
    await talk.presses(Control.ADD_MORE, target=feelings.number)
    await talk.says("not sure")
    await talk.chooses("do_not_want_to_say")
    stands = (await talk.view()).standing
    assert [answer.words for answer in stands.answers] == [("I feel tired",), ("My cat",)]
    assert stands.answers[0].additions[0].current.choice == (Skip.DO_NOT_WANT_TO_SAY,)


async def test_what_is_added_to_an_addition_is_added_to_the_answer(talk: Talk) -> None:
    await talk.says("I feel tired")
    await talk.presses(Control.ADD_MORE)
    await talk.says("and sad")
    added = (await talk.view()).standing.answers[0].additions[0].first.number
    await talk.presses(Control.ADD_MORE, target=added)
    await talk.says("and cold")
    assert (await talk.view()).standing.answers[0].words == ("I feel tired", "and sad", "and cold")


# --- choices among what was said -------------------------------------------------------------------------------------


async def test_an_order_is_kept_when_the_dialogue_forgot_everything(ranking: Talk) -> None:
    first, second, third = await wants(ranking, "My own key", "My sister", "A cat")
    await ranking.chooses(f"turn:{second}")
    await ranking.room.dialogue.forget(ranking.conversation_id)
    await ranking.chooses(f"turn:{third}")
    view = await ranking.view()
    assert view.standing.now is Now.ENDED
    assert [answer.question.asked for answer in view.standing.answers].count("matters_most") == 2
    assert first < second


async def test_what_matters_most_among_two_is_asked_again_once_there_is_a_third(ranking: Talk) -> None:
    """Else the third could never come first."""
    key, sister = await wants(ranking, "My own key", "My sister")
    await ranking.chooses(f"turn:{key}")
    no_more = [one for one in (await ranking.view()).standing.answers if one.question.asked == "more"][-1]
    await ranking.presses(Control.CHANGE, target=no_more.number)
    await ranking.chooses("yes")
    await ranking.says("A cat")
    cat = (await ranking.view()).standing.answers[-1].number
    await ranking.chooses("no")
    assert await ranking.asked() == "matters_most"
    assert await offered(ranking) == {f"turn:{key}", f"turn:{sister}", f"turn:{cat}", "the_same"}
    await ranking.chooses(f"turn:{cat}")
    # Between the two the person has chosen already.
    assert (await ranking.view()).standing.now is Now.ENDED


async def test_a_choice_among_more_holds_among_fewer_unless_what_was_chosen_is_gone(ranking: Talk) -> None:
    key, sister, _ = await wants(ranking, "My own key", "My sister", "A cat")
    await ranking.chooses(f"turn:{sister}")
    await ranking.chooses(f"turn:{key}")
    await ranking.presses(Control.CHANGE, target=key)
    await ranking.skips(Skip.DO_NOT_WANT_TO_SAY)
    stands = (await ranking.view()).standing
    kept = [stands.answer(number) for number in stands.path]
    chosen = [one.current.choice for one in kept if one is not None and one.question.asked == "matters_most"]
    assert chosen[0] == (f"turn:{sister}",)
    assert (f"turn:{key}",) not in chosen


# --- a box that never gets there -------------------------------------------------------------------------------------


class Forgetful(FakeDialogue):
    """Begins, and has forgotten it by the next word."""

    async def ask(self, conversation_id: str, path: Sequence[Delivery]) -> Heard:
        if len(path) > 1:
            self.asked.append(tuple(path))
            raise DialogueBehind
        return await super().ask(conversation_id, path)


async def test_a_dialogue_that_always_forgets_counts_as_away_and_the_words_are_kept(talk: Talk) -> None:
    forgetful = Forgetful()
    room = replace(talk.room, dialogue=forgetful)
    mine = Talk(room, talk.conversation_id)
    await mine.says("I feel tired")
    stands = (await mine.view()).standing
    assert stands.now is Now.WAITING
    assert stands.answers[0].words == ("I feel tired",)
    assert len(forgetful.asked) <= 2 * BEGINNINGS
    assert not await go_on(room, talk.conversation_id, NOW)
    assert await go_on(talk.room, talk.conversation_id, NOW)
    assert await talk.asked() == "matters"


# --- an interview that changes between two visits --------------------------------------------------------------------


class Shortened(FakeDialogue):
    """No longer asks what matters, and asks otherwise how the person feels."""

    def _conversation(self, stage: Stage, speaker: Speaker) -> Told:
        conversation = super()._conversation(stage, speaker)
        asked = next(conversation)
        while True:
            if asked.response == "utter_ask_matters":
                asked = conversation.send(Delivery(0, "skip", (Skip.NOT_FOR_ME,)))
            if asked.response == "utter_ask_feelings":
                asked = replace(asked, wording="How are you today?")
            asked = conversation.send((yield asked))


async def test_a_question_that_is_no_longer_asked_is_passed_over_and_its_answer_stays(talk: Talk) -> None:
    await talk.says("I feel tired")
    await talk.says("My cat")
    later = Talk(replace(talk.room, dialogue=Shortened()), talk.conversation_id)
    await later.chooses("no")
    assert await later.asked() == "safe_now"
    stands = (await later.view()).standing
    assert [answer.words for answer in stands.answers if answer.words] == [("I feel tired",), ("My cat",)]
    assert [stands.answer(number).question.asked for number in stands.path] == ["feelings", "more"]
    assert stands.answers[0].question.words == "What about feelings?"


async def test_a_question_on_show_that_is_no_longer_asked_takes_its_answer_all_the_same(talk: Talk) -> None:
    await talk.says("I feel tired")
    later = Talk(replace(talk.room, dialogue=Shortened()), talk.conversation_id)
    await later.says("My cat")
    assert await later.asked() == "more"
    assert (await later.view()).standing.answers[-1].words == ("My cat",)
