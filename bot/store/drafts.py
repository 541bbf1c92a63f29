"""Drafts at rest: what was typed but not yet sent as an answer. One for each place in a conversation."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement

from bot.store import tables
from bot.store.errors import Missing
from bot.store.keys import Keys
from bot.store.rows import Rows, Value, moment, stamp
from bot.store.sealing import bound

SCHEMA = "draft 1"


@dataclass(frozen=True, slots=True)
class Draft:
    """Words typed for a question, not yet said."""

    for_turn: int
    words: str
    kept_at: datetime


class Drafts:
    """The drafts of one transaction."""

    def __init__(self, rows: Rows, keys: Keys) -> None:
        self._rows = rows
        self._keys = keys

    def keep(self, conversation_id: str, *, for_turn: int, words: str, now: datetime) -> None:
        """Keep a draft in place of the one before it here. Raises `Missing` when there is no such conversation."""
        key_id = self._key_id(conversation_id)
        sealed = self._keys.open(key_id).seal(words, place_of(key_id, conversation_id, for_turn))
        row: dict[str, Value] = {"words": sealed, "kept_at": stamp(now)}
        here = _here(conversation_id, for_turn)
        if self._rows.first(tables.drafts, *here) is None:
            self._rows.add(tables.drafts, {"conversation_id": conversation_id, "for_turn": for_turn, **row})
        else:
            self._rows.change(tables.drafts, *here, to=row)

    def find(self, conversation_id: str, for_turn: int) -> Draft | None:
        """The draft for a place in a conversation, if there is one."""
        row = self._rows.first(tables.drafts, *_here(conversation_id, for_turn))
        if row is None:
            return None
        key_id = self._key_id(conversation_id)
        words = self._keys.open(key_id).open(row["words"], place_of(key_id, conversation_id, row["for_turn"]))
        return Draft(for_turn=row["for_turn"], words=words, kept_at=moment(row["kept_at"]))

    def drop(self, conversation_id: str, for_turn: int) -> None:
        """Let go of the draft for a place, if there is one."""
        self._rows.drop(tables.drafts, *_here(conversation_id, for_turn))

    def _key_id(self, conversation_id: str) -> str:
        conversations = tables.conversations
        row = self._rows.first(conversations, conversations.c.conversation_id == conversation_id)
        if row is None:
            raise Missing(f"There is no conversation {conversation_id}.")
        return str(row["key_id"])


def _here(conversation_id: str, for_turn: int) -> tuple[ColumnElement[bool], ...]:
    drafts = tables.drafts
    return drafts.c.conversation_id == conversation_id, drafts.c.for_turn == for_turn


def place_of(key_id: str, conversation_id: str, for_turn: int) -> bytes:
    """Where the seal of a draft belongs."""
    return bound(SCHEMA, key_id, conversation_id, for_turn)
