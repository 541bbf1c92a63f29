"""What a conversation knows of the others of its enquiry: only what this speaker may be read."""

from bot.interviewing.view import View
from bot.store import Transaction


def with_what_is_known(seen: Transaction, view: View) -> View:
    """Add what outcomes of earlier conversations stand for, how the person likes to talk, and what makes it easier."""
    return view
