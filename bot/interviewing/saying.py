"""What the bot says beside the interview: worded in `domain.yml`, and never heard of by the dialogue engine."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.conversation import Kind, Speaker, Standing
from bot.interviewing.room import Room
from bot.store import Conversation, Transaction


def whoever_answers(conversation: Conversation, stands: Standing) -> Speaker:
    """Say who is at the screen: the person, while it is handed to them, else who speaks in this conversation."""
    return Speaker.PERSON if stands.handed_over else conversation.speaker


def say(
    room: Room,
    kept: Transaction,
    conversation: Conversation,
    listener: Speaker,
    name: str,
    kind: Kind,
    now: datetime,
    *,
    filled: Mapping[str, str] | None = None,
    token: str | None = None,
) -> None:
    """Add a turn of the bot's own, an aside or a notice, in the words made for whoever listens."""
    response = f"utter_{name}" if kind is Kind.NOTICE else f"utter_ask_{name}"
    asking = room.interview.response(response, listener, conversation.stage)
    for placeholder, text in (filled or {}).items():
        asking = replace(
            asking,
            wording=asking.wording.replace(f"{{{placeholder}}}", text),
            another_way=asking.another_way.replace(f"{{{placeholder}}}", text),
        )
    kept.conversations.add(
        conversation.conversation_id,
        speaker=Speaker.BOT,
        kind=kind,
        said_at=now,
        asked=name,
        words=asking.wording,
        shown=tuple(choice.id for choice in asking.choices),
        asking=asking.to_json(),
        token=token,
    )
