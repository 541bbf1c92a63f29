"""Figures in sentences and in bars. A sentence is worked out from what its reader may see, and is written by nobody.

What is hidden is said to be hidden. A share stands only where it may be shown, and nothing is said to have risen or
fallen: two figures stand side by side, and whoever reads them judges.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.charts import FILLS, Bar, Fill
from bot.figures import Measure, Spoken


@dataclass(frozen=True, slots=True)
class Value:
    """One figure, as its reader may see it."""

    count: int | None
    """None where it is hidden, or is not to be had."""
    percent: int | None = None
    """Of the base. None where none may be shown."""
    is_hidden: bool = False
    """Whether it is kept from the reader; otherwise one without a count is not available."""

    @property
    def mark(self) -> str:
        """Give it as a table has it, with the marks of the national publication."""
        if self.count is None:
            return "[c]" if self.is_hidden else "[x]"
        return f"{self.count:,}"

    @property
    def text(self) -> str:
        """Give it as it stands at a bar."""
        if self.count is None:
            return "hidden" if self.is_hidden else "not available"
        return self.mark if self.percent is None else f"{self.mark} ({self.percent}%)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One column of a table, as its reader may see it."""

    measure: Measure
    base: Value
    values: Mapping[str, Value]
    """By cell."""
    spoken: Spoken = Spoken.ALL
    is_rounded: bool

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to be drawn."""
        return not any(value.count for value in self.values.values())


@dataclass(frozen=True, slots=True)
class _Clause:
    """How a measure is said: by one of its cells first, and by what goes with it."""

    cell: str
    words: str
    then: tuple[tuple[str, str], ...] = ()


_ANSWERED = _Clause("yes_a_lot", "“Yes, a lot” was the answer in", (("a_bit", "“A bit” in"), ("no", "“No” in")))
_HAPPENED = _Clause(
    "fully", "People got all that they wanted in", (("partly", "some of it in"), ("not", "none of it in"))
)

_CLAUSES: Mapping[str, _Clause] = {
    "asked": _Clause(
        "asked_expressed",
        "Somebody was asked, and said what they want, in",
        (("asked_no_outcomes", "was asked and said nothing that they want in"), ("no", "was not asked in")),
    ),
    "achieved": _HAPPENED,
    "achieved_said": _HAPPENED,
    "own_overall": _Clause(
        "fully", "Practitioners think that all of it happened in", (("partly", "some of it in"), ("not", "none in"))
    ),
    "capacity": _Clause("lacked", "The person lacked capacity in", (("did_not_lack", "they did not lack it in"),)),
    "supported": _Clause("supported", "An advocate, family or a friend supported the person in"),
    "risk_assessment": _Clause(
        "identified_action",
        "A risk was found and something was done about it in",
        (("identified_no_action", "a risk was found and nothing was done in"),),
    ),
    "risk": _Clause(
        "removed", "The risk was removed in", (("reduced", "it was reduced in"), ("remained", "it remained in"))
    ),
    "state": _Clause(
        "asked_expressed",
        "Somebody was asked, and said what they want, in",
        (("declined", "chose not to say in"), ("not_asked", "was not asked in")),
    ),
    "whom": _Clause(
        "person",
        "Only the person was asked in",
        (
            ("both", "the person and somebody who speaks for them in"),
            ("representative", "only somebody who speaks for them in"),
        ),
    ),
    "decided_by": _Clause(
        "person_overall",
        "The person's own answer for the whole decided in",
        (("person_each", "their answers one by one in"), ("representative", "a representative's answers in")),
    ),
    "outcomes": _Clause(
        "all_of_it", "All of it happened for", (("some_of_it", "some of it for"), ("no", "none of it for"))
    ),
    "not_followed": _Clause(
        "acted_against",
        "The council acted against a wish in",
        (("cannot_be_done", "what was wanted could not be done in"),),
    ),
    "not_followed_told": _Clause("told", "The person was told of each in", (("not_yet", "not yet of all in"),)),
    "advocacy": _Clause(
        "advocate",
        "An independent advocate was needed in",
        (("appropriate", "there was an appropriate person in"),),
    ),
    "advocates": _Clause("arrived", "The advocate came in", (("offered", "one was offered in"),)),
    "wait": _Clause(
        "same_day",
        "The first conversation was held on the day of the concern or the next in",
        (("week", "within a week in another"),),
    ),
    "part_wanted": _Clause("as_much_as_possible", "“As much as possible” was the answer in"),
    "safer_at_closing": _Clause(
        "safer", "“Safer” was the answer in", (("the_same", "“The same” in"), ("less_safe", "“Less safe” in"))
    ),
}

_RATHER: Mapping[str, tuple[str, str]] = {"risk": ("remained", "The risk was removed or reduced in")}
"""Measures that are known by all but one of their cells: by the share of that one, what is left is known too."""

_SHORT: Mapping[str, str] = {"supported": "Somebody supported the person"}
"""Where the label of a cell is too long to stand at a figure."""

_ONE = {"enquiries": "enquiry", "things wanted": "thing wanted"}
STACKED = frozenset({"achieved", "achieved_said", "own_overall", "risk", "outcomes"})
"""Measures whose cells are drawn as the parts of one bar."""

_WORST_FIRST = frozenset({"risk"})
"""Measures whose last cell is what was hoped for. It has the same pattern everywhere."""


def headline_of(measure: Measure) -> str:
    """Say what the one figure of a measure is the share of; empty where it is whatever is the largest."""
    if measure.id in _RATHER:
        return _RATHER[measure.id][1].removesuffix(" in")
    clause = _clause(measure)
    return "" if clause is None else _SHORT.get(clause.cell, measure.cell(clause.cell).label)


def sentence(shown: Shown, *, is_brief: bool = False) -> str:
    """Say what a table says; briefly, where only the first of it is asked for."""
    if shown.base.count is None and not shown.base.is_hidden:
        return "This is not available for this period."
    if shown.base.count == 0:
        return "Nothing was counted here in this period."
    clause = _clause(shown.measure)
    if clause is None:
        return _largest(shown)
    first = shown.values[clause.cell]
    if first.count is None:
        return _too_small(shown) if is_brief else _hidden(shown, clause)
    if is_brief and shown.measure.id in _RATHER and (rather := headline(shown)).percent != first.percent:
        return f"{_RATHER[shown.measure.id][1]} {rather.percent}%{_of_base(shown)}."
    said = f"{clause.words} {_amount(first, shown)}"
    others = [
        f"{words} {_share(shown.values[cell])}"
        for cell, words in (() if is_brief else clause.then)
        if _may_follow(first, shown.values[cell])
    ]
    if others:
        said += ", " + (", ".join(others[:-1]) + " and " if others[1:] else "") + others[-1]
    return said + "."


def reach(answer: Shown, asked: Shown) -> str:
    """Say how many enquiries an answer is of, beside all that were closed; empty where either may not be shown.

    `answer`: a measure of what people wanted. `asked`: whether they were asked, of every enquiry.
    """
    if not answer.base.count or not asked.base.count:
        return ""
    return (
        f"Counted are{_of_base(answer).removeprefix(' of')} in which somebody said what they want, and later whether "
        f"they got it. {_about(asked.base.count, asked).capitalize()} section 42 enquiries were closed in all."
    )


def headline(shown: Shown) -> Value:
    """Give the one figure that a measure is known by."""
    if shown.measure.id in _RATHER:
        left_out = shown.values[_RATHER[shown.measure.id][0]].percent
        if left_out is not None:
            return Value(None, 100 - left_out)
    clause = _clause(shown.measure)
    if clause is not None:
        return shown.values[clause.cell]
    return max(shown.values.values(), key=lambda value: value.count or 0)


def trend(quarters: Sequence[tuple[str, Shown]]) -> str:
    """Say the figure of the first quarter and of the last one for which it may be shown."""
    shares = [(label, headline(shown).percent) for label, shown in quarters]
    told = [(label, percent) for label, percent in shares if percent is not None]
    is_rounded = quarters[0][1].is_rounded
    if not told:
        if not is_rounded:
            return "No quarter has enough for a share to mean something."
        return "Shares of single quarters would give small numbers away, so they are not shown."
    what = headline_of(quarters[0][1].measure)
    (first, before), (last, after) = told[0], told[-1]
    if first == last:
        why = "would give small numbers away" if is_rounded else "would mean nothing: they have too few"
        return f"{what}: {before}% in {first}. Shares of the other quarters {why}."
    return f"{what}: {before}% in {first}, {after}% in {last}."


def bars_of(shown: Shown) -> tuple[Bar, ...]:
    """Give the bars of a column: as long as the share of each, or as far as the largest goes where there is no base."""
    base = shown.base.count
    whole = base or max((value.count or 0 for value in shown.values.values()), default=0)
    number = len(shown.measure.cells)
    fills = FILLS if shown.measure.id in STACKED else (Fill.FIRST,) * number
    if shown.measure.id in _WORST_FIRST:
        fills = fills[:number][::-1]
    made = []
    for cell, fill in zip(shown.measure.cells, fills, strict=False):
        value = shown.values[cell.id]
        size = (
            None
            if value.count is None
            else min(1.0, (value.percent / 100 if value.percent is not None else value.count / whole))
            if whole
            else 0.0
        )
        made.append(Bar(cell.label, value.text, size, fill, said_aloud(value, shown.measure)))
    return tuple(made)


def said_aloud(value: Value, measure: Measure) -> str:
    """Give a figure as it is heard."""
    if value.count is None:
        return "hidden, because a number is small" if value.is_hidden else "not available"
    share = "" if value.percent is None else f", {value.percent}%"
    return f"{counted(value.count, measure)}{share}"


def counted(count: int, measure: Measure) -> str:
    """Give a number of what a measure counts: `1 enquiry`, `45 enquiries`."""
    return f"{count:,} {_ONE.get(measure.counts, measure.counts) if count == 1 else measure.counts}"


def _clause(measure: Measure) -> _Clause | None:
    if measure.id in _CLAUSES:
        return _CLAUSES[measure.id]
    return _ANSWERED if any(cell.id == "yes_a_lot" for cell in measure.cells) else None


def _about(count: int, shown: Shown) -> str:
    return f"about {count:,}" if shown.is_rounded else f"{count:,}"


def _of_base(shown: Shown) -> str:
    if shown.base.count is None:
        return ""
    of = counted(shown.base.count, shown.measure)
    return f" of {'about ' if shown.is_rounded else ''}{of}"


def _amount(value: Value, shown: Shown) -> str:
    """Give a share and what it is of; the number where no share is shown."""
    assert value.count is not None
    if value.percent is not None:
        return f"{value.percent}%{_of_base(shown)}"
    of = _of_base(shown)
    return (
        f"{_about(value.count, shown)}{of}"
        if of
        else ("about " if shown.is_rounded else "") + counted(value.count, shown.measure)
    )


def _share(value: Value) -> str:
    return f"{value.percent}%" if value.percent is not None else f"{value.count:,}"


def _may_follow(first: Value, value: Value) -> bool:
    """A sentence goes on with figures of the same sort alone."""
    return value.count is not None and (first.percent is None) == (value.percent is None)


def _too_small(shown: Shown) -> str:
    of = _of_base(shown)
    return f"Out{of}." if of else "It cannot be shown without giving somebody away."


def _hidden(shown: Shown, clause: _Clause) -> str:
    if shown.is_empty:
        of = _of_base(shown)
        return f"{f'Out{of}: the' if of else 'The'} numbers cannot be shown without giving somebody away."
    label = shown.measure.cell(clause.cell).label
    of = _of_base(shown)
    return f"{'Out' + of + ', the' if of else 'The'} number for “{label}” is hidden, because a number is small."


def _largest(shown: Shown) -> str:
    told = {cell: value for cell, value in shown.values.items() if value.count}
    if not told:
        hidden = any(value.is_hidden for value in shown.values.values())
        return "All numbers here are hidden, because they are small." if hidden else "None of these was counted."
    cell, value = max(told.items(), key=lambda one: one[1].count or 0)
    most = [one for one in told.values() if one.count == value.count]
    label = shown.measure.cell(cell).label
    amount = _amount(value, shown)
    if len(most) > 1:
        return f"Several come first, with {_about(value.count or 0, shown)} each{_of_base(shown)}."
    whole = "Of what can be shown, the" if any(one.is_hidden for one in shown.values.values()) else "The"
    return f"{whole} most common was “{label}”: {amount}."
