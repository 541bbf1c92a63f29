"""What is published, attacked by a solver that shares nothing with the one that proves it (Z3, in whole numbers)."""

from collections import defaultdict
from itertools import product

import pytest
import z3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.figures import ALL, BASE, LINKS, MEASURES, By, Cell, Measure, Table
from bot.publishing import Pack, publish
from bot.publishing.disclosing import protect
from bot.publishing.packs import PublishedTable
from bot.publishing.puzzle import Number, Puzzle
from tests.publishing.councils import GROUPED, Council

EVERYTHING = Cell(ALL, "All")


def measure(cells: int, *, is_exclusive: bool = True, called: str = "m") -> Measure:
    return Measure(
        id=called,
        heading="What was counted",
        definition="Enquiries.",
        source="A test.",
        base="Enquiries",
        cells=tuple(Cell(f"c{number}", f"Row {number}") for number in range(cells)),
        is_exclusive=is_exclusive,
    )


def table(*columns: tuple[int, ...], called: str = "m") -> Table:
    """Make a table of an exclusive measure from its columns, with one for all of them last."""
    groups = (
        ()
        if len(columns) == 1
        else tuple(Cell(f"{called}{number}", f"Group {number}") for number in range(len(columns)))
    )
    total = tuple(sum(row) for row in zip(*columns, strict=True))
    filled = dict(zip((*groups, EVERYTHING), (*(columns if groups else ()), total), strict=True))
    return Table(
        measure=measure(len(total)),
        columns=tuple(filled),
        counts={(f"c{row}", one.id): count for one, column in filled.items() for row, count in enumerate(column)},
        base={one.id: sum(column) for one, column in filled.items()},
        do_columns_add_up=True,
    )


def loose(count: int, base: int) -> Table:
    """Make a table of one cell that not everybody of the base is in."""
    return Table(
        measure=measure(1, is_exclusive=False),
        columns=(EVERYTHING,),
        counts={("c0", ALL): count},
        base={ALL: base},
        do_columns_add_up=True,
    )


class Attack:
    """Everything that an attacker knows of a pack, told to Z3 from what is published alone."""

    def __init__(self, pack: Pack) -> None:
        self.solver = z3.Solver()
        self.numbers: dict[tuple[str, str, str, tuple[str, ...], str], z3.ArithRef] = {}
        self.hidden: list[z3.ArithRef] = []
        for one in pack.tables:
            self._know(one)
        self._know_links(pack)

    def could_be(self, number: z3.ArithRef, value: int) -> bool:
        return bool(self.solver.check(number == value) == z3.sat)

    def values(self, number: z3.ArithRef, most: int) -> list[int]:
        return [value for value in range(most + 1) if self.could_be(number, value)]

    def number(self, one: PublishedTable, cell: str, column: str) -> z3.ArithRef:
        breakdown = () if column == ALL else tuple(each.id for each in one.columns)
        key = (one.measure.id, one.spoken, cell, breakdown, column)
        if key not in self.numbers:
            self.numbers[key] = z3.Int("/".join((one.measure.id, one.spoken, cell, *breakdown, column)))
            self.solver.add(self.numbers[key] >= 0)
        return self.numbers[key]

    def _know(self, one: PublishedTable) -> None:
        for column in one.columns:
            base = self.number(one, "base", column.id)
            cells = [self.number(one, cell.id, column.id) for cell in one.measure.cells]
            for shown, number in ((one.base[column.id], base), *zip(self._shown(one, column), cells, strict=True)):
                if shown.number is not None:
                    self.solver.add(number >= max(5, shown.number - 2), number <= shown.number + 2)
                elif shown.is_hidden and not any(number is other for other in self.hidden):
                    self.hidden.append(number)
                elif shown.text == "[x]":
                    self.solver.add(number == 0)
                if shown.percent is not None:
                    step = one.percent_steps[column.id]
                    self.solver.add((2 * shown.percent - step) * base <= 200 * number)
                    self.solver.add(200 * number < (2 * shown.percent + step) * base, base >= 10)
            if one.measure.is_exclusive:
                self.solver.add(z3.Sum(cells) == base)
            else:
                self.solver.add(*(cell <= base for cell in cells))
        *groups, last = one.columns
        if groups:
            for cell in ("base", *(cell.id for cell in one.measure.cells)):
                parts = [self.number(one, cell, group.id) for group in groups]
                self.solver.add(z3.Sum(parts) == self.number(one, cell, last.id))

    def _know_links(self, pack: Pack) -> None:
        """Figures of several measures hang together, and bases that count the same are the same."""
        bases: dict[tuple[str, ...], z3.ArithRef] = {}
        for one in pack.tables:
            for column in one.columns:
                base = self.number(one, BASE, column.id)
                same = (one.measure.base, one.spoken, "" if column.id == ALL else repr(one.columns), column.id)
                self.solver.add(bases.setdefault(same, base) == base)
        for _, spoken, _, breakdown, column in list(self.numbers):
            for link in LINKS:
                keys = [(measure, spoken, cell, breakdown, column) for measure, cell in (link.whole, *link.parts)]
                if all(key in self.numbers for key in keys):
                    whole, *parts = (self.numbers[key] for key in keys)
                    self.solver.add(z3.Sum(parts) == whole if link.is_exact else z3.Sum(parts) <= whole)

    def know_which_are_small(self, pack: Pack, tables: list[Table]) -> None:
        """Tell it which hidden counts are under 5, wherever all that are hidden in a column are."""
        for one, exact in zip(pack.tables, tables, strict=True):
            for column in one.columns:
                hidden = [cell.id for cell in one.measure.cells if one.counts[cell.id, column.id].is_hidden]
                counts = [exact.counts[cell, column.id] for cell in hidden]
                if one.base[column.id].is_hidden:
                    hidden.append(BASE)
                    counts.append(exact.base[column.id])
                if all(count < 5 for count in counts):
                    self.solver.add(*(self.number(one, cell, column.id) <= 4 for cell in hidden))

    def _shown(self, one: PublishedTable, column: Cell) -> list:
        return [one.counts[cell.id, column.id] for cell in one.measure.cells]


COUNTS = st.one_of(st.integers(0, 9), st.integers(0, 60))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(2, 4).flatmap(lambda rows: st.lists(st.tuples(*[COUNTS] * rows), min_size=1, max_size=3)))
def test_no_hidden_number_of_a_random_table_can_be_worked_out(columns: list[tuple[int, ...]]) -> None:
    exact = table(*columns)
    pack = publish([exact])
    attack = Attack(pack)
    one = pack.tables[0]
    for (cell, column), shown in one.counts.items():
        assert (shown.number is None) or exact.counts[cell, column] >= 5
        if shown.is_hidden:
            number = attack.number(one, cell, column)
            wanted = range(5) if exact.counts[cell, column] < 5 else ()
            assert all(attack.could_be(number, value) for value in wanted)
            assert len(attack.values(number, exact.counts[cell, column] + 5)) > 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 12), min_size=8, max_size=8))
def test_two_breakdowns_of_the_same_counts_do_not_give_each_other_away(counts: list[int]) -> None:
    a, b, c, d, moved, *_ = counts
    by_age, by_sex = (
        table((a, b), (c, d), called="age"),
        table((a + min(moved, c), b), (c - min(moved, c), d), called="sex"),
    )
    pack = publish([by_age, by_sex])
    attack = Attack(pack)
    for number in attack.hidden:
        assert len(attack.values(number, 60)) > 1


LINKED = ("asked", "achieved", "state", "capacity", "supported", "risk_assessment", "risk", "decided_by")


def drawn(council: Council, breakdowns: list[By], measures: tuple[str, ...]) -> list[Table]:
    return [one for by in (By.NOTHING, *breakdowns) for one in council.tables(by, measures)]


COUNCILS = st.builds(
    Council, st.integers(0, 2**32), st.sampled_from([0, 1, 3, 8, 20, 45, 106]), st.sampled_from([0.03, 0.3, 1.0, 3.0])
)
BREAKDOWNS = st.lists(st.sampled_from(sorted(GROUPED)), unique=True, min_size=2, max_size=3)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(COUNCILS, BREAKDOWNS, st.data())
def test_several_breakdowns_of_linked_measures_do_not_give_each_other_away(
    council: Council, breakdowns: list[By], data: st.DataObject
) -> None:
    tables = drawn(council, breakdowns[:2], data.draw(st.sampled_from([LINKED[:3], LINKED[3:7], LINKED])))
    pack = publish(tables)
    attack = Attack(pack)
    attack.know_which_are_small(pack, tables)
    hidden = [
        (attack.number(one, cell, column), exact.counts[cell, column])
        for one, exact in zip(pack.tables, tables, strict=True)
        for (cell, column), shown in one.counts.items()
        if shown.is_hidden
    ]
    for number, count in data.draw(st.permutations(hidden))[:8]:
        if count < 5:
            assert all(attack.could_be(number, value) for value in range(5))
        else:
            assert any(attack.could_be(number, count + by) for by in (1, -1, 2, -2, 4, -4))


@pytest.mark.parametrize("seed", [3, 6, 9])
def test_who_could_work_it_out_from_the_national_rule_alone_cannot(seed: int) -> None:
    tables = drawn(Council(seed, 45), [By.AGE_BAND, By.SEX], LINKED[:2])
    pack = publish(tables)
    attack = Attack(pack)
    attack.know_which_are_small(pack, tables)
    for one, exact in zip(pack.tables, tables, strict=True):
        for (cell, column), shown in one.counts.items():
            if shown.is_hidden and exact.counts[cell, column] < 5:
                assert all(attack.could_be(attack.number(one, cell, column), value) for value in range(5))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(COUNCILS, BREAKDOWNS, st.lists(st.sampled_from(sorted(MEASURES)), unique=True, min_size=1, max_size=4))
def test_true_figures_are_always_published_however_they_are_broken_down(
    council: Council, breakdowns: list[By], measures: list[str]
) -> None:
    tables = drawn(council, breakdowns, tuple(measures))
    pack = publish(tables)
    for one, exact in zip(pack.tables, tables, strict=True):
        for place, shown in one.counts.items():
            assert shown.number is None or (exact.counts[place] >= 5 and abs(shown.number - exact.counts[place]) <= 2)


def test_a_breakdown_in_which_everybody_is_in_one_group_is_published() -> None:
    tables = []
    for by, named in ((By.QUARTER, "2025-04"), (By.AGE_BAND, "18-64"), (By.ETHNICITY, "not_recorded")):
        for measure, counts in (("asked", {"asked_expressed": 106}), ("achieved", {"fully": 61, "partly": 45})):
            columns = (*GROUPED[by], EVERYTHING)
            tables.append(
                Table(
                    measure=MEASURES[measure],
                    columns=columns,
                    counts={
                        (cell.id, column.id): counts.get(cell.id, 0) if column.id in {named, ALL} else 0
                        for cell in MEASURES[measure].cells
                        for column in columns
                    },
                    base={column.id: 106 if column.id in {named, ALL} else 0 for column in columns},
                    do_columns_add_up=True,
                )
            )
    pack = publish(tables)
    assert {one.base[ALL].text for one in pack.tables} == {"105"}


def test_where_what_is_shown_cannot_be_true_everything_is_hidden() -> None:
    puzzle = Puzzle()
    parts = [puzzle.add(Number(nearest=10, is_hidden=False)) for _ in range(2)]
    whole = puzzle.add(Number(nearest=100, is_hidden=False))
    puzzle.sums.append((*((part, 1) for part in parts), (whole, -1)))
    assert protect(puzzle).holds
    assert all(number.is_hidden for number in puzzle.numbers)


def test_the_whole_year_does_not_suffer_for_its_breakdowns() -> None:
    council = Council(11, 300, 1.0)
    alone = publish(drawn(council, [], tuple(MEASURES)))
    together = publish(drawn(council, [By.AGE_BAND, By.SEX], LINKED[:2]) + council.tables(By.NOTHING, LINKED[2:]))
    for one in together.tables:
        if one.columns == (EVERYTHING,):
            assert one.counts == alone.table(one.measure.id).counts


def views(tables: list[Table]) -> dict[tuple[str, ...], list[tuple[int, ...]]]:
    """Group tables by what is published of them: what somebody knows who has tried all there are."""
    found = defaultdict(list)
    for exact in tables:
        counts = tuple(exact.counts.values())
        if any(count < 5 for count in counts):
            one = publish([exact]).tables[0]
            seen = (*one.counts.values(), *one.base.values())
            found[tuple(f"{each.text} {each.percent}" for each in seen)].append((*counts, *exact.base.values()))
    return found


@pytest.mark.parametrize(
    "tables",
    [
        [table(counts) for counts in product(range(24), repeat=2)],
        [loose(count, base) for base in range(40) for count in range(base + 1)],
    ],
    ids=["of two cells that add up", "of one cell that does not"],
)
def test_even_who_knows_how_it_is_chosen_cannot_tell_a_hidden_number(tables: list[Table]) -> None:
    most = 20  # beyond it, tables that would be shown alike are not among those tried
    for seen, alike in views(tables).items():
        for place, text in enumerate(seen):
            possible = {exact[place] for exact in alike}
            if text.startswith("[c]") and max(alike[0]) <= most:
                assert len(possible) > 1, (seen, alike)


def test_a_lone_hidden_number_beside_one_other_and_their_sum_is_not_left_alone() -> None:
    one = publish([table((3, 22))]).tables[0]
    assert one.counts["c0", ALL].is_hidden
    attack = Attack(publish([table((3, 22))]))
    assert attack.values(attack.number(one, "c0", ALL), 4) == [0, 1, 2, 3, 4]


def test_a_number_that_is_large_enough_is_shown_when_rounding_protects_the_small_one() -> None:
    one = publish([table((60, 25, 3))]).tables[0]
    assert [one.counts[f"c{row}", ALL].text for row in range(3)] == ["60", "25", "[c]"]
    assert one.base[ALL].text == "90"


def test_a_period_without_anybody_has_nothing_available_and_no_hidden_number() -> None:
    one = publish([table((0, 0, 0))]).tables[0]
    assert {shown.text for shown in (*one.counts.values(), *one.base.values())} == {"[x]"}


def test_an_empty_second_part_does_not_say_that_a_hidden_cell_of_the_first_is_nought() -> None:
    capacity, supported = MEASURES["capacity"], MEASURES["supported"]
    counts = {("lacked", ALL): 0, ("did_not_lack", ALL): 40, ("not_known", ALL): 3, ("not_recorded", ALL): 2}
    pack = publish(
        [
            Table(measure=capacity, columns=(EVERYTHING,), counts=counts, base={ALL: 45}, do_columns_add_up=True),
            Table(
                measure=supported,
                columns=(EVERYTHING,),
                counts={("supported", ALL): 0},
                base={ALL: 0},
                do_columns_add_up=True,
            ),
        ]
    )
    assert pack.table("supported").base[ALL].text == "[c]"
    assert pack.table("capacity").counts["lacked", ALL].text == "[c]"


def test_what_is_not_available_is_said_to_be_so() -> None:
    exact = Table(
        measure=measure(2),
        columns=(EVERYTHING,),
        counts={("c0", ALL): 12, ("c1", ALL): None},
        base={ALL: None},
        do_columns_add_up=True,
    )
    one = publish([exact]).tables[0]
    assert [one.counts[cell, ALL].text for cell in ("c0", "c1")] == ["10", "[x]"]


def test_the_same_figures_are_always_published_alike() -> None:
    exact = table((3, 22, 8), (1, 0, 14))
    assert publish([exact]) == publish([exact])


def test_one_figure_given_twice_and_differently_is_not_published() -> None:
    with pytest.raises(ValueError, match="differently"):
        publish([table((30, 12)), table((30, 13))])
