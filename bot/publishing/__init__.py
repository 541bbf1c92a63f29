"""Figures for others: the national return, exact, and what may be published, so that nobody can be known by it."""

from bot.publishing.marking import CONFIDENTIAL, NOT_AVAILABLE, shown
from bot.publishing.packs import NotProven, Pack, PublishedTable, Shown, publish

__all__ = ["CONFIDENTIAL", "NOT_AVAILABLE", "NotProven", "Pack", "PublishedTable", "Shown", "publish", "shown"]
