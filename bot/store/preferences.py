"""What makes the pages easier, at rest: one row for each conversation, changed whenever the person changes it."""

from datetime import datetime

from bot.conversation import Colours, Preferences, TextSize
from bot.store import tables
from bot.store.rows import Rows, Value, stamp


class KeptPreferences:
    """The preferences of one transaction."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def keep(self, conversation_id: str, preferences: Preferences, now: datetime) -> None:
        """Keep what makes the pages easier, in place of what did before. Raises `Missing` for no such conversation."""
        table = tables.preferences
        row: dict[str, Value] = {
            "text_size": preferences.text_size.value,
            "colours": preferences.colours.value,
            "pictures": preferences.pictures,
            "simpler": preferences.simpler,
            "one_at_a_time": preferences.one_at_a_time,
            "read_aloud": preferences.read_aloud,
            "kept_at": stamp(now),
        }
        before = self._rows.first(table, table.c.conversation_id == conversation_id)
        if before is None:
            self._rows.add(table, {"conversation_id": conversation_id, **row})
        else:
            self._rows.replace(table, before, to=row)

    def is_kept(self, conversation_id: str) -> bool:
        """Whether anything was ever said in this conversation of what makes the pages easier."""
        row = self._rows.one(tables.preferences, conversation_id)
        return row is not None

    def find(self, conversation_id: str) -> Preferences:
        """What makes the pages easier in this conversation; as the pages are for everybody where nothing was said."""
        row = self._rows.one(tables.preferences, conversation_id)
        if row is None:
            return Preferences()
        return Preferences(
            text_size=TextSize(row["text_size"]),
            colours=Colours(row["colours"]),
            pictures=bool(row["pictures"]),
            simpler=bool(row["simpler"]),
            one_at_a_time=bool(row["one_at_a_time"]),
            read_aloud=bool(row["read_aloud"]),
        )
