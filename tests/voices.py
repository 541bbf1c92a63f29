"""How it was for people, told as it is worded, with a yes or a no to being quoted."""

import json
from datetime import date, datetime, timedelta

from bot.conversation import Kind, Speaker, Stage, State, Turn, Whose
from bot.keeping import keep_section
from bot.store import Store
from tests.recording import Recorded
from tests.telling import NOON

RINGS = "Ring when you say that you will ring.\n\n“Soon” is not a day. Ann did, from Elm House."
ASKS = "May we use these words, without your name, to help people do better?"


class Experience(Recorded):
    """A conversation about how it was, up to where the team may read it."""

    said: Turn
    """The answer that people are asked about."""
    asked: Turn
    """Whether it may be quoted."""

    def is_done(self, state: State = State.FINISHED) -> "Experience":
        """Have it done, or done again."""
        if state is State.FINISHED:
            self.ends()
        self.is_at(state)
        return self

    def is_at(self, state: State) -> None:
        """Have it this far."""
        with self.store.begin() as kept:
            kept.conversations.settle(self.conversation_id, state, self.begun_at + timedelta(hours=len(self.turns)))


def says(store: Store, enquiry_id: str | None, words: str, **more: object) -> Experience:
    """Say what the people in charge should hear, and answer whether it may be quoted."""
    may_quote = str(more.get("may_quote", "yes"))
    speaker = more.get("speaker", Speaker.PERSON)
    begun_at = more.get("begun_at", NOON)
    assert isinstance(speaker, Speaker)
    assert isinstance(begun_at, datetime)
    said_on = more.get("said_on")
    assert said_on is None or isinstance(said_on, date)
    whose = Whose.OWN_VIEW if speaker is Speaker.ADVOCATE else None
    told = Experience(
        store,
        stage=Stage.EXPERIENCE,
        speaker=speaker,
        enquiry_id=enquiry_id,
        begun_at=begun_at,
        said_on=said_on,
    )
    told.is_asked("listened_to", "yes_a_lot")
    told.said = told.is_asked("tell_in_charge", says=words, whose=whose)
    told.asked = told.is_asked("may_quote", may_quote, wording=f"You said: turn:{told.said.number}\n{ASKS}")
    path = [turn.number for turn in told.turns if turn.answers is not None]
    told.asks("checked", path=path)
    told.chooses("yes")
    keep_section(store, told.heard(tell_in_charge=told.said, may_quote=told.asked), begun_at)
    return told.is_done()


def lets_be_quoted(store: Store, conversation_id: str, now: datetime) -> int:
    """Have what was said in a conversation that is done be let be quoted; gives its number."""
    with store.begin() as kept:
        turns = kept.conversations.turns(conversation_id)
        said = next(turn for turn in turns if turn.asked == "tell_in_charge" and turn.kind is Kind.WORDS)
        asked = kept.conversations.add(
            conversation_id,
            speaker=Speaker.BOT,
            kind=Kind.QUESTION,
            said_at=now,
            asked="may_quote",
            words=f"You said: turn:{said.number}\n{ASKS}",
            asking=json.dumps({"kind": "choice", "path": [said.number]}),
        )
        kept.conversations.add(
            conversation_id,
            speaker=said.speaker,
            kind=Kind.CHOICE,
            said_at=now,
            asked="may_quote",
            answers=asked.number,
            choice=("yes",),
        )
        kept.conversations.add(
            conversation_id, speaker=Speaker.BOT, kind=Kind.ENDING, said_at=now, asked="done", asking="{}"
        )
        kept.settle(conversation_id, now)
    return said.number
