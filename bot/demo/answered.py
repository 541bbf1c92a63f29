"""You said, we did, made up: what is answered of what made-up people want, and of the words that they let be quoted."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.quoting import quoted_by
from bot.responding import BY, DID, State
from bot.store import AuditAct, Audited, Transaction

BEFORE = timedelta(days=10)
"""So long before the last day, what is planned for later was written down."""


def answer_people(
    kept: Transaction, answers: Sequence[Mapping[str, Any]], managers: Sequence[str], until: datetime
) -> Sequence[Audited]:
    """Write down what was done by this time or is planned by then, and give it for the audit.

    Words are answered where they are quoted, a theme in any case. Nothing is written where something was before.
    """
    if kept.deeds.listed():
        return ()
    quoted = [
        ("".join(piece.words for piece in quote.pieces), entry)
        for entry in reversed(kept.voices.decided())
        if (quote := quoted_by(kept, entry)) is not None
    ]
    audited = []
    for place, told in enumerate(answers):
        theme, said = told.get("theme"), told.get("said")
        entry = None if said is None else next((one for words, one in quoted if words.startswith(said)), None)
        if entry is None and theme is None:
            continue
        day = until - timedelta(days=told["days"])
        at = min(day, until - BEFORE).replace(hour=11)
        manager = managers[place % len(managers)]
        kept.deeds.add(
            team_id=None,
            state=State(told["state"]),
            theme=theme,
            conversation_id=None if entry is None else entry.conversation_id,
            turn=None if entry is None else entry.turn,
            day=day.date(),
            words={DID: told["did"], BY: told["by"]},
            account_id=manager,
            now=at,
        )
        audited.append(Audited(0, at, AuditAct.CHANGED, manager, None, None, None, f"deed.{told['state']}"))
    return audited
