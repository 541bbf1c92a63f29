"""Drafts at rest: what was typed but not yet sent as an answer. One for each place in a conversation."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement

from bot.store import tables
from bot.store.errors import Missing
from bot.store.keys import Keys
from bot.store.rows import Rows, Value, moment, stamp
from bot.store.sealing import bound

SCHEMAS = {"words": "draft 1", "original": "draft original 1", "note": "draft note 1"}
"""Which additional data the seal of each column has."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Words typed for a question, not yet said."""

    for_turn: int
    words: str
    kept_at: datetime
    original: str = ""
    """What was typed beside the words: the original of what an interpreter translated."""
    note: str = ""
    """What a practitioner typed beside the words, for nobody else."""


class Drafts:
    """The drafts of one transaction."""

    def __init__(self, rows: Rows, keys: Keys) -> None:
        self._rows = rows
        self._keys = keys

    def keep(
        self, conversation_id: str, *, for_turn: int, words: str, now: datetime, original: str = "", note: str = ""
    ) -> None:
        """Keep a draft in place of the one before it here. Raises `Missing` when there is no such conversation."""
        key_id = self._key_id(conversation_id)
        key = self._keys.open(key_id)
        row: dict[str, Value] = {"words": None, "kept_at": stamp(now), "original": None, "note": None}
        for column, typed in (("words", words), ("original", original), ("note", note)):
            if typed or column == "words":
                row[column] = key.seal(typed, place_of(key_id, conversation_id, for_turn, column))
        here = _here(conversation_id, for_turn)
        if self._rows.first(tables.drafts, *here) is None:
            self._rows.add(tables.drafts, {"conversation_id": conversation_id, "for_turn": for_turn, **row})
        else:
            self._rows.change(tables.drafts, *here, to=row)

    def find(self, conversation_id: str, for_turn: int) -> Draft | None:
        """The draft for a place in a conversation, if there is one."""
        row = self._rows.one(tables.drafts, conversation_id, for_turn)
        if row is None:
            return None
        key_id = self._key_id(conversation_id)
        key = self._keys.open(key_id)
        typed = {
            column: key.open(row[column], place_of(key_id, conversation_id, row["for_turn"], column))
            for column in SCHEMAS
            if row[column] is not None
        }
        return Draft(for_turn=row["for_turn"], kept_at=moment(row["kept_at"]), **typed)

    def is_kept(self, conversation_id: str) -> bool:
        """Whether there is a draft for any place in a conversation."""
        return self._rows.first(tables.drafts, tables.drafts.c.conversation_id == conversation_id) is not None

    def drop(self, conversation_id: str, for_turn: int) -> None:
        """Let go of the draft for a place, if there is one."""
        self._rows.drop_having(tables.drafts, {"conversation_id": conversation_id, "for_turn": for_turn})

    def _key_id(self, conversation_id: str) -> str:
        conversations = tables.conversations
        row = self._rows.first(conversations, conversations.c.conversation_id == conversation_id)
        if row is None:
            raise Missing(f"There is no conversation {conversation_id}.")
        return str(row["key_id"])


def _here(conversation_id: str, for_turn: int) -> tuple[ColumnElement[bool], ...]:
    drafts = tables.drafts
    return drafts.c.conversation_id == conversation_id, drafts.c.for_turn == for_turn


def place_of(key_id: str, conversation_id: str, for_turn: int, column: str) -> bytes:
    """Where the seal of a draft belongs."""
    return bound(SCHEMAS[column], key_id, conversation_id, for_turn)
