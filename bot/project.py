"""The project's own files: how the interview and the records are worded, reviewed phrases, the words of codes."""

import yaml

from bot.flags import Phrases
from bot.interview import Interview, read_yaml
from bot.nudges import Nudges
from bot.records import Blanks
from bot.settings import ROOT
from bot.themes import Themes


def text(name: str) -> str:
    """Read one of the project's files by its path in the project folder."""
    return (ROOT / name).read_text(encoding="utf-8")


def load_interview() -> Interview:
    """Read the interview's wording."""
    return Interview.from_text(text("domain.yml"), text("data/rules.yml"))


def load_phrases() -> Phrases:
    """Read the reviewed phrases."""
    return Phrases(yaml.safe_load(text("bot/phrases.yml")))


def load_nudges() -> Nudges:
    """Read the reviewed phrases that sound like a service."""
    return Nudges(yaml.safe_load(text("bot/phrases.yml"))["nudges"])


def load_records() -> Blanks:
    """Read what the team records on an enquiry."""
    return Blanks.from_text(text("bot/records.yml"))


def load_code_words() -> tuple[str, ...]:
    """Read the words that codes are made of."""
    return tuple(text("bot/code_words.txt").split())


def load_themes() -> Themes:
    """Read the reviewed themes."""
    return Themes(read_yaml(text("bot/themes.yml")))
