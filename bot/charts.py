"""Where everything stands in a chart: its bars, its words, and what is said of it to whoever does not see it.

A chart is drawn twice, for a wide page and for a narrow one, so that its letters never shrink. It is made of what may
be shown and of nothing else: a number that is hidden has no length. A part is known by its pattern as well as by its
colour, and by the words at its side.
"""

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Fill(StrEnum):
    """What a bar is filled with."""

    FIRST = "first"
    SECOND = "second"
    THIRD = "third"
    FOURTH = "fourth"
    FIFTH = "fifth"
    REST = "rest"
    """What is hidden or not known: an outline, nothing in it."""


FILLS = (Fill.FIRST, Fill.SECOND, Fill.THIRD, Fill.FOURTH, Fill.FIFTH)


@dataclass(frozen=True, slots=True)
class Bar:
    """One number of a chart, as its reader may see it."""

    label: str
    text: str
    """What stands at its end: `45 (38%)`, `hidden`."""
    size: float | None
    """Its length, from 0 to 1; None where it may not be known."""
    fill: Fill = Fill.FIRST
    said: str = ""
    """The same number to be heard, where `text` alone would not be understood."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float
    fill: Fill | None = None
    """None for the pale ground that shows how long a bar could be."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of words, from its left, its middle, or its right."""

    x: float
    y: float
    words: str
    anchor: str = "start"
    is_strong: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """How wide a drawing is, in units that are pixels on a page of that width."""

    name: str
    width: int
    label: int
    """The width of the column of labels; 0 where each stands above its bar."""
    value: int
    """What is left free behind the longest bar."""
    letters: int
    """How many letters of a label go on a line, even where somebody has spaced them out."""


WIDE = Layout("wide", 760, 236, 140, 25)
NARROW = Layout("narrow", 272, 0, 96, 27)
LAYOUTS = (WIDE, NARROW)

LINE = 20
BAR = 26
GAP = 16
FOOT = 7
"""From the foot of a line to the foot of its letters."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart in one layout."""

    layout: str
    width: int
    height: float
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]

    @property
    def fills(self) -> tuple[Fill, ...]:
        """What patterns it takes."""
        used = {box.fill for box in self.boxes}
        return tuple(fill for fill in Fill if fill in used)


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart, with its name and what it shows in words."""

    id: str
    title: str
    description: str
    drawings: tuple[Drawing, ...]


def bars(chart_id: str, title: str, shown: Sequence[Bar]) -> Chart:
    """Draw one bar below the other."""
    return _chart(chart_id, title, "Bar chart.", shown, _bars)


def parts(chart_id: str, title: str, shown: Sequence[Bar]) -> Chart:
    """Draw one bar of several parts, and below it what each of them is. What is hidden is the rest of the bar."""
    return _chart(chart_id, title, "A bar of several parts.", shown, _parts)


def columns(chart_id: str, title: str, shown: Sequence[Bar]) -> Chart:
    """Draw columns from left to right, as time goes. A label of two parts has a line break between them."""
    return _chart(chart_id, title, "Columns, the earliest first.", shown, _columns)


def _chart(
    chart_id: str, title: str, kind: str, shown: Sequence[Bar], draw: Callable[[Sequence[Bar], Layout], Drawing]
) -> Chart:
    said = "; ".join(f"{' '.join(bar.label.split())}: {bar.said or bar.text}" for bar in shown)
    return Chart(chart_id, title, f"{kind} {said}.", tuple(draw(shown, layout) for layout in LAYOUTS))


def _bars(shown: Sequence[Bar], layout: Layout) -> Drawing:
    boxes: list[Box] = []
    lines: list[Line] = []
    longest = layout.width - layout.label - layout.value
    y = 0.0
    for bar in shown:
        label = textwrap.wrap(bar.label, layout.letters)
        if layout.label:
            height: float = max(BAR, len(label) * LINE)
            top = y + (height - BAR) / 2
            first = y + (height - len(label) * LINE) / 2
        else:
            top, first = y + len(label) * LINE + 4, y
            height = top - y + BAR
        lines += [Line(0, first + (n + 1) * LINE - FOOT + 1, words) for n, words in enumerate(label)]
        boxes.append(Box(layout.label, top, longest, BAR, None if bar.size is not None else Fill.REST))
        if bar.size:
            boxes.append(Box(layout.label, top, round(max(3, longest * bar.size), 1), BAR, bar.fill))
        lines.append(Line(layout.label + longest + 12, top + BAR / 2 + 6, bar.text, is_strong=True))
        y += height + GAP
    return Drawing(layout.name, layout.width, y - GAP + 2, tuple(boxes), tuple(lines))


def _parts(shown: Sequence[Bar], layout: Layout) -> Drawing:
    boxes: list[Box] = []
    lines: list[Line] = []
    height = 56
    at = 0.0
    for bar in shown:
        if bar.size:
            width = round(layout.width * bar.size, 1)
            boxes.append(Box(at, 0, max(0.0, min(width, layout.width - at)), height, bar.fill))
            at = min(at + width, layout.width)
    if layout.width - at > 2:
        # Rounded numbers leave a gap of a unit or two; only what is truly hidden is drawn as the rest.
        is_hidden = any(bar.size is None for bar in shown)
        boxes.append(Box(at, 0, layout.width - at, height, Fill.REST if is_hidden else None))
    y = height + 18.0
    for bar in shown:
        boxes.append(Box(0, y, 22, 22, Fill.REST if bar.size is None else bar.fill))
        lines.append(Line(34, y + 17, bar.text, is_strong=True))
        if layout.label:
            left, first = layout.value + 34, y + 17
            label = textwrap.wrap(bar.label, layout.letters * 2)
        else:
            left, first = 34, y + 17 + LINE
            label = textwrap.wrap(bar.label, layout.letters - 5)
        lines += [Line(left, first + n * LINE, words) for n, words in enumerate(label)]
        y = max(y + LINE, first - 17 + len(label) * LINE) + 12
    return Drawing(layout.name, layout.width, y - 8, tuple(boxes), tuple(lines))


def _columns(shown: Sequence[Bar], layout: Layout) -> Drawing:
    boxes: list[Box] = []
    lines: list[Line] = []
    tallest, top = 132, 28
    room = layout.width / max(1, len(shown))
    width = round(min(room * 0.62, 92), 1)
    # Below a narrow column one month stands under the other.
    labels = [(bar.label if layout.label else bar.label.replace("–", "–\n")).split("\n") for bar in shown]
    for number, (bar, label) in enumerate(zip(shown, labels, strict=True)):
        middle = round(room * (number + 0.5), 1)
        height = max(3.0, tallest * bar.size) if bar.size else 0.0
        foot = top + tallest
        if bar.size is None:
            boxes.append(Box(middle - width / 2, foot - 40, width, 40, Fill.REST))
            height = 40
        else:
            boxes.append(Box(middle - width / 2, top, width, tallest))
            if height:
                boxes.append(Box(middle - width / 2, foot - height, width, height, bar.fill))
        lines.append(Line(middle, foot - height - 8, bar.text, "middle", is_strong=True))
        lines += [Line(middle, foot + 22 + n * LINE, words, "middle") for n, words in enumerate(label)]
    boxes.insert(0, Box(0, top + tallest, layout.width, 2))
    deepest = max(map(len, labels), default=1)
    return Drawing(layout.name, layout.width, top + tallest + 8 + deepest * LINE, tuple(boxes), tuple(lines))
