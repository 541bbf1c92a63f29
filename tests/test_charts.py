"""Charts: nothing overlaps, nothing runs out of its drawing, and what is hidden has no length."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.charts import LAYOUTS, LINE, NARROW, WIDE, Bar, Box, Chart, Drawing, Fill, bars, columns, parts

SIZES = st.one_of(st.none(), st.floats(0, 1))
LABELS = st.sampled_from(("No", "Not Recorded", "Yes they were asked but no outcomes were expressed"))
BARS = st.lists(st.builds(Bar, LABELS, st.sampled_from(("45 (38%)", "hidden", "1,245 (72%)")), SIZES), max_size=9)


def filled(drawing: Drawing) -> list[Box]:
    return [box for box in drawing.boxes if box.fill not in {None, Fill.REST}]


def inside(chart: Chart) -> bool:
    return all(
        box.x >= 0 and box.x + box.width <= drawing.width + 0.1 and box.y >= 0 and box.y + box.height <= drawing.height
        for drawing in chart.drawings
        for box in drawing.boxes
    ) and all(0 < line.y <= drawing.height + 2 for drawing in chart.drawings for line in drawing.lines)


@given(BARS)
def test_everything_is_drawn_inside_and_no_bar_lies_upon_another(shown: list[Bar]) -> None:
    chart = bars("b", "A chart", shown)
    assert inside(chart)
    for drawing in chart.drawings:
        grounds = sorted((box for box in drawing.boxes if box.fill in {None, Fill.REST}), key=lambda box: box.y)
        assert len(grounds) == len(shown)
        assert all(above.y + above.height < below.y for above, below in pairwise(grounds))


@given(BARS)
def test_what_is_hidden_has_no_length_in_any_chart(shown: list[Bar]) -> None:
    hidden = [Bar(bar.label, "hidden", None) for bar in shown]
    for draw in (bars, parts, columns):
        for drawing in draw("b", "A chart", hidden).drawings:
            assert filled(drawing) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_the_parts_of_a_bar_lie_side_by_side_and_never_beyond_its_end(sizes: list[float]) -> None:
    chart = parts("p", "A chart", [Bar("All of it", "5", size, Fill.FIRST) for size in sizes])
    assert inside(chart)
    for drawing in chart.drawings:
        row = sorted((box for box in drawing.boxes if box.y == 0), key=lambda box: box.x)
        assert all(left.x + left.width <= right.x + 0.1 for left, right in pairwise(row))


def test_on_a_narrow_page_no_words_of_a_bar_of_parts_stand_beside_others() -> None:
    shown = [
        Bar("Not answered, raised within a day", "not available", None),
        Bar("Partially Achieved", "265 (50%)", 0.5),
    ]
    narrow = parts("p", "A chart", shown).drawings[1]
    heights = [line.y for line in narrow.lines]
    assert len(heights) == len(set(heights))
    assert all(below - above >= LINE for above, below in pairwise(heights))


def test_a_column_shows_how_tall_it_could_be() -> None:
    drawing = columns("c", "By quarter", [Bar("Apr–Jun", "25%", 0.25), Bar("Jul–Sep", "hidden", None)]).drawings[0]
    (column,) = filled(drawing)
    (ground,) = [box for box in drawing.boxes if box.x == column.x and box.fill is None]
    assert column.height * 4 == ground.height
    assert column.y + column.height == ground.y + ground.height


def test_a_bar_is_as_long_as_its_share() -> None:
    drawing = bars("b", "A chart", [Bar("No", "50%", 0.5), Bar("Yes", "100%", 1.0)]).drawings[0]
    half, whole = filled(drawing)
    assert half.width * 2 == whole.width == WIDE.width - WIDE.label - WIDE.value


def test_the_rest_of_a_bar_of_parts_is_drawn_as_hidden_where_something_is() -> None:
    shown = [Bar("Fully", "85 (59%)", 0.59), Bar("Partially", "hidden", None), Bar("Not", "hidden", None)]
    for drawing in parts("p", "A chart", shown).drawings:
        rest = [box for box in drawing.boxes if box.fill is Fill.REST and box.y == 0]
        assert len(rest) == 1
        assert rest[0].x + rest[0].width == drawing.width


def test_a_gap_that_rounding_leaves_does_not_look_hidden() -> None:
    shown = [Bar("Fully", "85 (58%)", 0.58), Bar("Partially", "45 (31%)", 0.31), Bar("Not", "15 (10%)", 0.1)]
    for drawing in parts("p", "A chart", shown).drawings:
        assert Fill.REST not in drawing.fills


def test_whoever_does_not_see_a_chart_is_told_all_of_it() -> None:
    shown = [Bar("Apr–Jun\n2025", "58%", 0.58), Bar("Jul–Sep\n2025", "hidden", None, said="hidden, it is small")]
    assert columns("c", "By quarter", shown).description == (
        "Columns, the earliest first. Apr–Jun 2025: 58%; Jul–Sep 2025: hidden, it is small."
    )


def test_a_chart_is_there_for_wide_pages_and_for_narrow_ones() -> None:
    chart = bars("b", "A chart", [Bar("Yes they were asked and outcomes were expressed", "145 (72%)", 0.72)])
    assert [drawing.layout for drawing in chart.drawings] == [layout.name for layout in LAYOUTS]
    wide, narrow = chart.drawings
    assert (wide.width, narrow.width) == (WIDE.width, NARROW.width)
    words = [line.words for line in narrow.lines]
    assert all(len(one) <= NARROW.letters for one in words)
    assert " ".join(words[:-1]) == "Yes they were asked and outcomes were expressed"


def test_a_chart_of_nothing_is_drawn_too() -> None:
    for draw in (bars, parts, columns):
        for drawing in draw("b", "A chart", []).drawings:
            assert filled(drawing) == []
