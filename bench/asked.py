"""A conversation that stands at a question, put in the store without anybody having talked."""

from datetime import datetime

from bot.conversation import Kind, Speaker, Stage
from bot.interview import Interview
from bot.store import Transaction


def asked(kept: Transaction, interview: Interview, now: datetime) -> str:
    """Begin one, ask in it what somebody feels, and give its id."""
    asking = interview.response("utter_ask_feelings")
    conversation_id = kept.conversations.begin(
        stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=now, interview_version=interview.version
    )
    kept.conversations.add(
        conversation_id,
        speaker=Speaker.BOT,
        kind=Kind.QUESTION,
        said_at=now,
        asked="feelings",
        words=asking.wording,
        asking=asking.to_json(),
    )
    return conversation_id
