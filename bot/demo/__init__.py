"""Made-up data: what a team meets on its first days, told by nobody. For trying out, for teaching and for measuring."""

from bot.demo.making import HoldsSomethingElse, MadeUp, Welcomed, make_up
from bot.demo.road import Map
from bot.demo.teamwork import MADE_UP, Shape
from bot.demo.telling import Tools
from bot.demo.voice import Words
from bot.project import load_interview, load_phrases, load_records, load_themes, text

__all__ = ["MADE_UP", "HoldsSomethingElse", "MadeUp", "Shape", "Tools", "Welcomed", "load_tools", "make_up"]


def load_tools() -> Tools:
    """Read what made-up conversations are made with."""
    return Tools(
        load_interview(),
        Map.from_text(text("domain.yml"), text("data/rules.yml")),
        load_phrases(),
        load_themes(),
        load_records(),
        Words(text("bot/demo/words.yml")),
    )
