"""The least that a turn can take here: one sealed, durable commit and one page drawn, by nobody's asking.

`python -m bench.floor` measures it alone. No web server, no dialogue engine, no browser: the rest of a turn is theirs.
"""

import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bench.asked import asked
from bench.rows import Row, show
from bot.conversation import Kind, Speaker
from bot.council import values_now
from bot.interviewing.view import view_of
from bot.project import load_interview
from bot.settings import load as load_settings
from bot.store import RootKey, Store
from bot.web.files import Files
from bot.web.pages import Pages
from bot.web.showing import Frame, place_of, texts_of

TIMES = 500
WORDS = "I want to feel safe in my own home, and to keep my cat."


def floor(folder: Path) -> float:
    """Give the seconds of processor that it takes, for each turn."""
    now = datetime.now(UTC)
    root = RootKey.create(folder / "keys" / "root.key")
    (folder / "data").mkdir()
    Store.migrate(folder / "data" / "ownwords.sqlite3", root, now)
    interview, files = load_interview(), Files()
    with closing(Store.open(folder / "data" / "ownwords.sqlite3", root)) as store:
        with store.begin() as kept:
            conversation_id = asked(kept, interview, now)
        with store.reading() as seen:
            view = view_of(seen, conversation_id)
        values = values_now(store, load_settings({}))
        frame = Frame(interview, place_of(values), texts_of(values), files.address)
        pages = Pages(files.address)
        pages.make(frame.page(view, "a step", has_code=False))
        began = time.process_time()
        for _ in range(TIMES):
            with store.begin() as kept:
                kept.conversations.add(
                    conversation_id, speaker=Speaker.PERSON, kind=Kind.WORDS, said_at=now, answers=1, words=WORDS
                )
            pages.make(frame.page(view, "a step", has_code=False))
        return (time.process_time() - began) / TIMES


def main() -> int:
    """Print this alone."""
    with tempfile.TemporaryDirectory() as folder:
        took = floor(Path(folder))
    row = Row("one sealed, durable commit and one page drawn, processor", f"{took * 1000:.2f} ms")
    return show("The floor", [row])


if __name__ == "__main__":
    sys.exit(main())
