"""What was said in earlier conversations of an enquiry is read back, and only to whoever may hear it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from bot.conversation import Colours, Control, Kind, Now, Preferences, Speaker, Stage, TextSize, Whose
from bot.enquiry import outcome_id
from bot.interviewing import Room, View, arrive, begin, prefer
from tests.fake_dialogue import FakeDialogue, Told, ask
from tests.talking import NOW, Talk

LATER = NOW + timedelta(days=7)
HELPS = [{"id": "bigger_words", "label": "Bigger words"}, {"id": "other", "label": "Something else"}]


class Knowing(FakeDialogue):
    """Asks first how somebody likes to talk; at a check-in, if it is still right."""

    def _conversation(self, stage: Stage, speaker: Speaker) -> Told:
        if stage is Stage.FIRST:
            yield ask("communication", kind="choices", choices=HELPS)
            yield ask("communication_words")
        else:
            yield ask("communication_still", kind="choice", choices=HELPS, shows="communication", on_check=False)
        yield from super()._conversation(stage, speaker)


@dataclass(frozen=True)
class Enquiry:
    """Conversations that belong together."""

    room: Room
    enquiry_id: str

    async def begins(self, stage: Stage, speaker: Speaker, now: datetime = NOW) -> Talk:
        conversation_id = await begin(self.room, stage=stage, speaker=speaker, now=now, enquiry_id=self.enquiry_id)
        talk = Talk(self.room, conversation_id)
        talk.now = now
        return talk

    async def wants(self, words: str, speaker: Speaker = Speaker.PERSON) -> tuple[Talk, str]:
        """Have a first conversation in which something is wanted; gives the outcome's id."""
        talk = await self.begins(Stage.FIRST, speaker)
        whose = {"whose": Whose.OWN_WORDS} if speaker is Speaker.ADVOCATE else {}
        if speaker is Speaker.ADVOCATE:
            await talk.says("Ama Mensah")
        await talk.says("I feel tired", **whose)
        await talk.says("My cat", **whose)
        await talk.chooses("yes")
        await talk.says(words, **whose)
        number = (await talk.view()).standing.answers[-1].number
        with self.room.store.begin() as kept:
            kept.outcomes.desire(talk.conversation_id, number, NOW)
        await talk.says("I can lock my door", **whose)
        await talk.chooses("no")
        await talk.chooses("safe")
        await talk.chooses("done")
        return talk, outcome_id(talk.conversation_id, number)

    async def reads_back(self, named: str, speaker: Speaker, now: datetime = LATER) -> Talk:
        """Begin a check-in that reads an outcome back."""
        self.room.dialogue.reads_back = (named,)  # type: ignore[attr-defined]
        talk = await self.begins(Stage.CHECK_IN, speaker, now)
        if speaker is Speaker.ADVOCATE:
            await talk.says("Ama Mensah")
        return talk


@pytest.fixture
def enquiry(room: Room) -> Enquiry:
    """An enquiry, just opened."""
    with room.store.begin() as kept:
        return Enquiry(room, kept.enquiries.open(NOW))


async def meanings(talk: Talk) -> dict[str, str]:
    return dict((await talk.view()).meanings)


# --- outcomes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("speaker", [Speaker.PERSON, Speaker.PRACTITIONER])
async def test_what_the_person_wanted_is_read_back_in_their_own_words(enquiry: Enquiry, speaker: Speaker) -> None:
    _, key = await enquiry.wants("I want my own key")
    talk = await enquiry.reads_back(key, speaker)
    assert await talk.asked() == "outcome_now"
    assert await meanings(talk) == {key: "I want my own key"}


async def test_a_conversation_that_reads_nothing_back_is_given_nothing_of_the_others(enquiry: Enquiry) -> None:
    await enquiry.wants("I want my own key")
    talk = await enquiry.begins(Stage.FIRST, Speaker.PERSON)
    assert await meanings(talk) == {}


async def test_said_differently_here_it_was_still_the_earlier_words_that_were_read_back(enquiry: Enquiry) -> None:
    _, key = await enquiry.wants("I want my own key")
    talk = await enquiry.reads_back(key, Speaker.PERSON)
    await talk.chooses("say_differently")
    await talk.says("I want a key that nobody else has")
    now, again = (await talk.view()).standing.answers
    with enquiry.room.store.begin() as kept:
        kept.reviews.keep(talk.conversation_id, key, NOW, said_turn=now.number, again_turn=again.number)
    assert await meanings(talk) == {key: "I want my own key"}
    later = await enquiry.reads_back(key, Speaker.PERSON, LATER + timedelta(days=7))
    assert await meanings(later) == {key: "I want a key that nobody else has"}


async def test_what_is_said_elsewhere_later_does_not_change_what_was_read_back(enquiry: Enquiry) -> None:
    _, key = await enquiry.wants("I want my own key")
    talk = await enquiry.reads_back(key, Speaker.PERSON)
    later = await enquiry.reads_back(key, Speaker.PRACTITIONER, LATER + timedelta(days=1))
    await later.chooses("say_differently")
    await later.says("I want a key that nobody else has")
    now, again = (await later.view()).standing.answers
    with enquiry.room.store.begin() as kept:
        kept.reviews.keep(later.conversation_id, key, NOW, said_turn=now.number, again_turn=again.number)
    assert await meanings(talk) == {key: "I want my own key"}


async def test_what_is_no_longer_wanted_still_has_its_words_where_it_was_read_back(enquiry: Enquiry) -> None:
    _, key = await enquiry.wants("I want my own key")
    talk = await enquiry.reads_back(key, Speaker.PERSON)
    await talk.chooses("no_longer_want")
    with enquiry.room.store.begin() as kept:
        said = next(turn for turn in kept.conversations.turns(talk.conversation_id) if turn.kind is Kind.CHOICE)
        kept.reviews.keep(talk.conversation_id, key, NOW, said_turn=said.number)
    assert await meanings(talk) == {key: "I want my own key"}


async def test_an_advocate_is_read_what_the_person_said_only_once_the_person_shared_it(enquiry: Enquiry) -> None:
    person, key = await enquiry.wants("I want my own key")
    talk = await enquiry.reads_back(key, Speaker.ADVOCATE)
    assert await meanings(talk) == {}
    await person.presses(Control.SHARE)
    assert await meanings(talk) == {key: "I want my own key"}
    await person.presses(Control.KEEP_PRIVATE)
    view = await talk.view()
    assert view.meanings == {}
    assert "key" not in repr(view.meanings) + repr(view.communication)


async def test_the_person_is_not_read_what_somebody_said_for_them(enquiry: Enquiry) -> None:
    _, key = await enquiry.wants("She wants her own key", Speaker.ADVOCATE)
    assert await meanings(await enquiry.reads_back(key, Speaker.PERSON)) == {}
    assert await meanings(await enquiry.reads_back(key, Speaker.ADVOCATE)) == {key: "She wants her own key"}


async def test_without_an_enquiry_a_conversation_reads_back_its_own(room: Room) -> None:
    talk = Talk(room, await begin(room, stage=Stage.CLOSING, speaker=Speaker.PERSON, now=NOW))
    with room.store.begin() as kept:
        answer = kept.conversations.add(
            talk.conversation_id,
            speaker=Speaker.PERSON,
            kind=Kind.WORDS,
            said_at=NOW,
            asked="overall",
            answers=1,
            words="I wanted my own key",
        )
        kept.outcomes.desire(talk.conversation_id, answer.number, NOW)
    key = outcome_id(talk.conversation_id, answer.number)
    room.dialogue.reads_back = (key,)  # type: ignore[attr-defined]
    await room.dialogue.forget(talk.conversation_id)
    await talk.presses(Control.CHANGE, target=answer.number)
    await talk.presses(Control.CANCEL)
    with room.store.begin() as kept:
        kept.conversations.add(
            talk.conversation_id,
            speaker=Speaker.BOT,
            kind=Kind.QUESTION,
            said_at=NOW,
            asked="happened",
            words=f"You said: outcome:{key}\nDid this happen?",
            asking="{}",
        )
    assert await meanings(talk) == {key: "I wanted my own key"}


async def test_what_is_read_back_stays_hidden_at_the_gate_and_on_a_break(enquiry: Enquiry) -> None:
    _, key = await enquiry.wants("I want my own key")
    talk = await enquiry.reads_back(key, Speaker.PERSON)
    await talk.chooses("say_differently")
    await talk.presses(Control.TAKE_A_BREAK)
    assert "own key" not in repr(await talk.view())
    await arrive(talk.room, talk.conversation_id, NOW)
    assert "own key" not in repr(await talk.view())
    await talk.passes_the_gate()
    assert await meanings(talk) == {key: "I want my own key"}


async def test_on_the_practitioner_s_screen_the_person_is_read_back_the_one_thing_asked_about(
    enquiry: Enquiry,
) -> None:
    _, key = await enquiry.wants("I want my own key")
    _, cat = await enquiry.wants("I want my cat back")
    enquiry.room.dialogue.reads_back = (key, cat)  # type: ignore[attr-defined]
    talk = await enquiry.begins(Stage.CHECK_IN, Speaker.PRACTITIONER, LATER)
    await talk.chooses("still_want")
    assert await meanings(talk) == {key: "I want my own key", cat: "I want my cat back"}
    await talk.presses(Control.HAND_OVER)
    assert await meanings(talk) == {cat: "I want my cat back"}


# --- how the person likes to talk -------------------------------------------------------------------------------------


def heard(view: View) -> list[tuple[str, ...]]:
    return [answer.current.choice or answer.words for answer in view.communication]


@pytest.fixture
async def knowing(enquiry: Enquiry) -> tuple[Enquiry, Talk]:
    """An enquiry whose first conversation says how the person likes to talk."""
    of_it = replace(enquiry, room=replace(enquiry.room, dialogue=Knowing()))
    talk = await of_it.begins(Stage.FIRST, Speaker.PERSON)
    await talk.chooses("bigger_words", "other")
    await talk.says("Please sit on my left")
    return of_it, talk


async def test_how_the_person_likes_to_talk_is_shown_with_the_question_if_it_is_still_right(
    knowing: tuple[Enquiry, Talk],
) -> None:
    enquiry, first = knowing
    assert heard(await first.view()) == []
    talk = await enquiry.begins(Stage.CHECK_IN, Speaker.PERSON)
    assert heard(await talk.view()) == [("bigger_words", "other"), ("Please sit on my left",)]
    await talk.chooses("other")
    assert heard(await talk.view()) == []


async def test_how_the_person_likes_to_talk_is_not_shown_on_a_break(knowing: tuple[Enquiry, Talk]) -> None:
    talk = await knowing[0].begins(Stage.CHECK_IN, Speaker.PERSON)
    await talk.presses(Control.TAKE_A_BREAK)
    assert heard(await talk.view()) == []


async def test_an_advocate_is_not_shown_how_the_person_likes_to_talk_unless_it_was_shared(
    knowing: tuple[Enquiry, Talk],
) -> None:
    enquiry, first = knowing
    talk = await enquiry.begins(Stage.CHECK_IN, Speaker.ADVOCATE)
    assert heard(await talk.view()) == []
    for step in ("I feel tired", "My cat"):
        await first.says(step)
    for choice in ("no", "safe", "done"):
        await first.chooses(choice)
    assert (await first.view()).standing.now is Now.ENDED
    await first.presses(Control.SHARE)
    assert heard(await talk.view()) == [("bigger_words", "other"), ("Please sit on my left",)]


# --- what makes it easier ---------------------------------------------------------------------------------------------

BIG = Preferences(text_size=TextSize.BIGGEST, colours=Colours.CREAM, one_at_a_time=True)


async def test_what_makes_the_pages_easier_is_kept_for_the_conversation(talk: Talk) -> None:
    assert (await talk.view()).preferences == Preferences()
    await prefer(talk.room, talk.conversation_id, BIG, NOW)
    assert (await talk.view()).preferences == BIG


async def test_the_same_speaker_s_next_conversation_of_the_enquiry_starts_with_it(enquiry: Enquiry) -> None:
    first = await enquiry.begins(Stage.FIRST, Speaker.PERSON)
    await prefer(enquiry.room, first.conversation_id, BIG, NOW)
    later = await enquiry.begins(Stage.CHECK_IN, Speaker.PERSON, NOW + timedelta(days=7))
    assert (await later.view()).preferences == BIG
    other = await enquiry.begins(Stage.CHECK_IN, Speaker.PRACTITIONER)
    assert (await other.view()).preferences == Preferences()
    await prefer(enquiry.room, later.conversation_id, Preferences(), NOW)
    assert (await later.view()).preferences == Preferences()


async def test_what_makes_the_pages_easier_holds_at_the_gate_and_on_a_break_too(talk: Talk) -> None:
    await prefer(talk.room, talk.conversation_id, BIG, NOW)
    await talk.says("I feel tired")
    await talk.presses(Control.TAKE_A_BREAK)
    assert (await talk.view()).preferences == BIG
