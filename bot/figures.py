"""What is counted, of what, and by which rule. Nothing here counts: enquiries are counted in the store.

Labels of national tables are exactly those of the Safeguarding Adults Collection (SAC). Measures that are Own Words'
own say so. A person's words and a representative's are counted apart wherever words decide, and never added up.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

ALL = "all"
"""The column that counts everything, and the last one."""

NOT_RECORDED = "not_recorded"
"""The group of what nobody recorded. It is never one of the others."""

BASE = "base"
"""What a `Link` calls the base of a measure."""

FINANCIAL_YEAR_BEGINS = 4


class Spoken(StrEnum):
    """Whose words decided."""

    ALL = ""
    PERSON = "person"
    REPRESENTATIVE = "representative"


class By(StrEnum):
    """Into which columns a figure is broken down."""

    NOTHING = "nothing"
    QUARTER = "quarter"
    TEAM = "team"
    AGE_BAND = "age_band"
    SEX = "sex"
    ETHNICITY = "ethnicity"
    SUPPORT_REASON = "support_reason"


@dataclass(frozen=True, slots=True)
class Cell:
    """One row, or one column, of a table: what it is known by, and what it is called."""

    id: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One thing that is counted."""

    id: str
    heading: str
    """In plain English, for pages of the team and the Board."""
    table: str = ""
    """The table of the SAC that it belongs to; empty for one of our own."""
    definition: str
    """What is counted, of what, and when it cannot be."""
    source: str
    base: str
    """What `Table.base` counts."""
    cells: tuple[Cell, ...]
    is_exclusive: bool = True
    """Whether each of the base is in exactly one cell, so that cells add up to the base."""
    is_spoken: bool = False
    """Whether what a person said and what a representative said are counted apart, in a table each."""
    counts: str = "enquiries"
    """What a figure is a number of."""

    def cell(self, id: str) -> Cell:  # noqa: A002 it is what a cell is known by
        """Find a cell. Raises KeyError."""
        found = next((one for one in self.cells if one.id == id), None)
        if found is None:
            raise KeyError(id)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A measure, counted: exact, and so for those alone who may see exact figures."""

    measure: Measure
    columns: tuple[Cell, ...]
    """One for each group of a breakdown, the one for everything last."""
    counts: Mapping[tuple[str, str], int | None]
    """By cell and column. None where it is not available."""
    base: Mapping[str, int | None]
    """By column: of how many."""
    do_columns_add_up: bool
    """Whether the columns but the last one add up to it."""
    spoken: Spoken = Spoken.ALL
    by: By = By.NOTHING
    """What the columns are groups of."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days, the first and the last included."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("A period cannot end before it begins.")

    @classmethod
    def of_year(cls, year: int) -> "Period":
        """Give the year that the return is about: 2025 is April 2025 to March 2026."""
        return cls(date(year, FINANCIAL_YEAR_BEGINS, 1), date(year + 1, FINANCIAL_YEAR_BEGINS, 1) - timedelta(days=1))

    @property
    def quarters(self) -> tuple["Period", ...]:
        """The quarters that it touches, the first and the last cut to it."""
        return tuple(self._quarters())

    @property
    def quarter_id(self) -> str:
        """What a quarter is known by: the month that it begins with, such as `2025-04`."""
        begins = _quarter_of(self.first)
        return f"{begins.year}-{begins.month:02}"

    @property
    def label(self) -> str:
        """Call it by whole months where it is that: "April to June 2025". Otherwise by its days."""
        is_whole = self.first.day == 1 and (self.last + timedelta(days=1)).day == 1
        first, last = (
            (f"{one:%B}", f"{one:%B} {one.year}")
            if is_whole
            else (f"{one.day} {one:%B}", f"{one.day} {one:%B} {one.year}")
            for one in (self.first, self.last)
        )
        if first[1] == last[1]:
            return last[1]
        return f"{first[self.first.year != self.last.year]} to {last[1]}"

    def _quarters(self) -> Iterator["Period"]:
        begins = _quarter_of(self.first)
        while begins <= self.last:
            following = _months_later(begins, 3)
            yield Period(max(begins, self.first), min(following - timedelta(days=1), self.last))
            begins = following


def _quarter_of(day: date) -> date:
    """Give the first day of its quarter. Quarters of the calendar are those of the financial year, too."""
    return date(day.year, day.month - (day.month - 1) % 3, 1)


def _months_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, 1)


@dataclass(frozen=True, slots=True)
class Link:
    """What is known of figures without looking at them: `parts` together are `whole`, or lie within it.

    Whoever hides figures has to reckon with everybody knowing it. Each names a measure and one of its cells, or `BASE`.
    It holds for each column, whose ever words are counted.
    """

    whole: tuple[str, str]
    parts: tuple[tuple[str, str], ...]
    is_exact: bool


# --- the measures ----------------------------------------------------------------------------------------------------

_OURS = "Own Words' own measure. There is no official rule for it."
_SAC = "Safeguarding Adults Collection (SAC), guidance for 2025-26"
_ROLLED_UP = (
    "The person's own answer to “all in all, did you get what you wanted?” decides. Where they gave none, their "
    "answers for each thing they wanted do: all of it for each is Fully, not even some of it for any is Not, "
    "anything else is Partially. What a representative says decides only where the person said nothing of it. A "
    "practitioner's own view never does."
)
_CLOSED_42 = "Section 42 enquiries that were closed in the period"
_CLOSED = "Enquiries that were closed in the period"
_ONE_VOICE = (
    "What a person said, themselves or to a practitioner who wrote it down, is one table. What an advocate, "
    "relative or friend said for them is another. The two are never added up, as one enquiry can be in both."
)
_LATEST = "Where somebody answered more than once, the latest answer counts."


def _cells(*named: tuple[str, str]) -> tuple[Cell, ...]:
    return tuple(Cell(*one) for one in named)


_ACHIEVED = _cells(("fully", "Fully Achieved"), ("partly", "Partially Achieved"), ("not", "Not Achieved"))
_HOW_MUCH = _cells(
    ("yes_a_lot", "Yes, a lot"),
    ("a_bit", "A bit"),
    ("no", "No"),
    ("not_sure", "Not sure"),
    ("no_answer", "Did not answer"),
)

THEMES = _cells(
    ("safer", "To be safe, and to feel it"),
    ("relationship", "To keep somebody who matters to them"),
    ("friends", "To meet new people"),
    ("recover", "To have help to get better"),
    ("justice", "To have it put right, or to know what was done about it"),
    ("nobody_else", "To know that nobody else will go through this"),
    ("control", "To stay in charge of what happens"),
    ("deciding", "To have a say when things are decided"),
    ("choice", "To have chosen for themselves"),
    ("protect_self", "To be able to keep themselves safe later on"),
    ("where_help", "To know where to turn"),
)
"""As `themes.yml` has them."""

GROUNDS = _cells(
    ("life_or_limb", "There was a high risk to the person, to life or limb"),
    ("others_at_risk", "Other people, children included, were or would be at risk"),
    ("crime", "It was in the public interest: a crime had been or might be committed"),
    ("asking_adds_risk", "Asking for consent would have increased the risk, or could not practicably be done"),
    ("best_interests", "The person lacked capacity for this, and it was in their best interests"),
    ("duress", "The person had capacity but seemed to be under duress or coercion"),
    ("staff_implicated", "Staff were implicated"),
    ("other_has_needs", "The person said to have caused harm had care needs too"),
    ("marac", "The threshold for MARAC was met"),
    ("court_order", "There was a court order"),
    ("none_named", "Nobody named a lawful ground"),
)

EXPERIENCES: Mapping[str, str] = {
    "understood_worries": "Understood why people were worried",
    "understood_information": "Were told things in a way they could understand",
    "listened_to": "Were listened to",
    "as_involved": "Were as much a part of it as they wanted",
    "worked_together": "People worked together, so that they knew what was going on",
    "happy_with_end": "Are happy with how it ended",
    "feel_safer": "Feel safer because of the help",
}
"""The questions of how it was for people, by their names in the interview."""

_CALLED = {"as_involved": "involved", "feel_safer": "safer"}


def experience_id(question: str) -> str:
    """Name the measure that counts the answers to one of `EXPERIENCES`."""
    return _CALLED.get(question, f"experience_{question}")


def _experience(question: str, heading: str) -> Measure:
    return Measure(
        id=experience_id(question),
        heading=heading,
        definition=(
            "Answers to one of seven questions about how it was for people, asked after the enquiry. "
            f"{_LATEST} {_ONE_VOICE} Skipping the question is not answering."
        ),
        source=(
            "Own Words' own question, on a theme of the Making Safeguarding Personal Outcomes Framework (LGA and "
            "ADASS, 2018). It is not the framework's wording."
        ),
        base="Enquiries closed in the period in which this was asked",
        cells=_HOW_MUCH,
        is_spoken=True,
    )


_MEASURES = (
    Measure(
        id="asked",
        heading="Were people asked what they want?",
        table="SG4a",
        definition=(
            "Section 42 enquiries closed in the period, by whether the person or whoever speaks for them was asked "
            "what they want to be different. What stood last when the enquiry closed counts, said in a conversation "
            "or recorded by the team. Where nothing says whether they were asked it is Not Recorded, and never No."
        ),
        source=f"{_SAC}, SG4a Making Safeguarding Personal, first part",
        base=_CLOSED_42,
        cells=_cells(
            ("asked_expressed", "Yes they were asked and outcomes were expressed"),
            ("asked_no_outcomes", "Yes they were asked but no outcomes were expressed"),
            ("no", "No"),
            ("not_known", "Don't Know"),
            ("not_recorded", "Not Recorded"),
        ),
    ),
    Measure(
        id="achieved",
        heading="Did people get what they wanted?",
        table="SG4a",
        definition=(
            "Section 42 enquiries closed in the period in which outcomes were expressed, one count for each enquiry. "
            f"{_ROLLED_UP} An enquiry in which nobody said cannot be counted here, and is listed."
        ),
        source=(
            f"{_SAC}, SG4a Making Safeguarding Personal, second part. No official rule says how several outcomes of an "
            "enquiry become one; this one is Own Words' own."
        ),
        base=(
            "Section 42 enquiries closed in the period in which outcomes were expressed and somebody said if they "
            "were achieved"
        ),
        cells=_ACHIEVED,
    ),
    Measure(
        id="capacity",
        heading="Did people have mental capacity?",
        table="SG3a",
        definition=(
            "Section 42 enquiries closed in the period, by the conclusions that workers recorded. Where there are "
            "several, each about a decision of its own, one that the person lacked capacity counts first, then one "
            "that they did not. Where there is none it is Not recorded. Nothing is worked out from what anybody "
            "said."
        ),
        source=f"{_SAC}, SG3a Mental capacity. The rule for several conclusions is Own Words' own.",
        base=_CLOSED_42,
        cells=_cells(
            ("lacked", "Yes, they lacked capacity"),
            ("did_not_lack", "No, they did not lack capacity"),
            ("not_known", "Don't know"),
            ("not_recorded", "Not recorded"),
        ),
    ),
    Measure(
        id="supported",
        heading="Where people lacked capacity, did somebody support them?",
        table="SG3a",
        definition=(
            "Of the section 42 enquiries counted as “Yes, they lacked capacity”: those in which a record says so "
            "and that an advocate, family or a friend supported the person."
        ),
        source=f"{_SAC}, SG3a Mental capacity",
        base="Section 42 enquiries closed in the period in which the person lacked capacity",
        cells=_cells(
            (
                "supported",
                "Of the enquiries recorded as Yes, in how many of these cases was support provided by an advocate, "
                "family or friend",
            )
        ),
        is_exclusive=False,
    ),
    Measure(
        id="risk_assessment",
        heading="What came of looking at the risk?",
        table="SG2c",
        definition=(
            "Section 42 enquiries closed in the period for which the team recorded what came of looking at the "
            "risk. The table has no place for those without a record; they are listed."
        ),
        source=f"{_SAC}, SG2c Risk assessment outcome",
        base="Section 42 enquiries closed in the period for which it is recorded what came of looking at the risk",
        cells=_cells(
            ("identified_action", "Risk identified and action taken"),
            ("identified_no_action", "Risk identified and no action taken"),
            ("inconclusive_action", "Risk Assessment inconclusive and action taken"),
            ("inconclusive_no_action", "Risk Assessment inconclusive and no action taken"),
            ("none_action", "No risk identified and action taken"),
            ("none_no_action", "No risk identified and no action taken"),
            ("ceased", "Enquiry ceased at individual's request and no action taken"),
        ),
    ),
    Measure(
        id="risk",
        heading="What became of the risk?",
        table="SG2e",
        definition=(
            "Section 42 enquiries closed in the period in which a risk was identified and the team recorded what "
            "became of it. One in which that is not recorded cannot be counted, and is listed."
        ),
        source=f"{_SAC}, SG2e Risk outcome",
        base=(
            "Section 42 enquiries closed in the period in which a risk was identified and it is recorded what "
            "became of it"
        ),
        cells=_cells(("remained", "Risk remained"), ("reduced", "Risk reduced"), ("removed", "Risk removed")),
    ),
    Measure(
        id="state",
        heading="Asked, not asked, and why there is no answer",
        definition=(
            "The five cells of SG4a taken apart: chose not to say is not the same as has not said yet, and could "
            "not be asked is not the same as was not asked."
        ),
        source=f"{_OURS} It counts what SG4a, first part, counts.",
        base=_CLOSED_42,
        cells=_cells(
            ("asked_expressed", "Asked, and said what they want"),
            ("asked_none_yet", "Asked, and did not say anything they want"),
            ("declined", "Asked, and chose not to say"),
            ("could_not_today", "Could not be asked"),
            ("not_asked", "Were not asked"),
            ("not_known", "It is not known whether they were asked"),
            ("not_recorded", "Nothing is recorded"),
        ),
    ),
    Measure(
        id="whom",
        heading="Who was asked",
        definition=(
            "Of enquiries closed in which somebody was asked what they want to be different: whether that was the "
            "person, somebody who speaks for them, or both, each for themselves. Both the conversations and the "
            "team's record say so."
        ),
        source=_OURS,
        base="Enquiries closed in the period in which somebody was asked",
        cells=_cells(
            ("person", "The person"),
            ("representative", "Somebody who speaks for them"),
            ("both", "Both, each for themselves"),
        ),
    ),
    Measure(
        id="why_not_asked",
        heading="Why people were not asked",
        definition=(
            "Of enquiries closed in which the person could not be asked or was not asked: the reason that the team "
            "chose. What the team wrote about it is not counted."
        ),
        source=_OURS,
        base="Enquiries closed in the period in which the person could not be asked or was not asked",
        cells=_cells(
            ("not_safe", "It was not safe to ask"),
            ("not_reached", "The person could not be reached"),
            ("no_way_to_talk", "There was no way to talk: no interpreter, advocate or aid was there"),
            ("too_unwell", "The person was too unwell or distressed"),
            ("died", "The person died"),
            ("not_thought_of", "Nobody thought of it, or there was no time"),
            ("other", "Another reason"),
            ("not_recorded", "No reason was chosen"),
        ),
    ),
    Measure(
        id="achieved_said",
        heading="Did people get what they wanted, by who said it",
        definition=(
            "Of enquiries closed in which something was wanted: what the person said it came to, and what a "
            f"representative said. {_ONE_VOICE}"
        ),
        source=f"{_OURS} The rule of rolling up is the one of SG4a, second part, within each voice.",
        base="Enquiries closed in the period in which they said if they got what they wanted",
        cells=_ACHIEVED,
        is_spoken=True,
    ),
    Measure(
        id="decided_by",
        heading="Whose words decided whether outcomes were achieved",
        definition=(
            "Of the section 42 enquiries counted in SG4a, second part: whether it was the person's own answer for "
            "the whole, the person's answers for each thing they wanted, or a representative's, because the person "
            "gave none."
        ),
        source=_OURS,
        base=(
            "Section 42 enquiries closed in the period in which outcomes were expressed and somebody said if they "
            "were achieved"
        ),
        cells=_cells(
            ("person_overall", "The person's own answer for the whole"),
            ("person_each", "The person's answers for each thing they wanted"),
            ("representative", "A representative's answers, because the person gave none"),
        ),
    ),
    Measure(
        id="own_overall",
        heading="Whether practitioners think it happened",
        definition=(
            "Of enquiries closed in which a practitioner gave their own view of everything that was wanted or of "
            "some of it: what these views come to. It is shown beside what people say, and never counts in its "
            "place."
        ),
        source=_OURS,
        base="Enquiries closed in the period in which a practitioner gave a view",
        cells=_cells(
            ("fully", "All of it happened"), ("partly", "Some of it happened"), ("not", "None of it happened")
        ),
    ),
    Measure(
        id="outcomes",
        heading="Each thing people wanted: did it happen?",
        definition=(
            "Everything that somebody wanted to be different and still wanted in the end, in enquiries closed in "
            f"the period. {_LATEST} {_ONE_VOICE}"
        ),
        source=_OURS,
        base="Things that were still wanted, in enquiries closed in the period",
        cells=_cells(
            ("all_of_it", "All of it happened"),
            ("some_of_it", "Some of it happened"),
            ("no", "It did not happen"),
            ("not_sure", "Not sure"),
            ("not_said", "Nobody said"),
        ),
        is_spoken=True,
        counts="things wanted",
    ),
    Measure(
        id="changed",
        heading="Did what people want change on the way?",
        definition=(
            "Of enquiries closed in which somebody said what they want to be different: those in which it changed "
            "before the end. One enquiry can be in several rows, and those in which nothing changed are in none. "
            f"{_ONE_VOICE}"
        ),
        source=_OURS,
        base="Enquiries closed in the period in which they said what they want",
        cells=_cells(
            ("said_differently", "Something was said in another way"),
            ("no_longer", "Something was no longer wanted"),
            ("something_new", "Something new was wanted later"),
            ("negotiated", "Something else was agreed after talking it through"),
        ),
        is_exclusive=False,
        is_spoken=True,
    ),
    Measure(
        id="themes",
        heading="What people want to be different",
        definition=(
            "Of enquiries closed in which something that was wanted was put under a theme: those with each theme. "
            f"The team chooses themes after the words are kept, several for one outcome where they fit. {_ONE_VOICE}"
        ),
        source=f"{_OURS} The themes are those that local guidance names (Sussex, 2017), in our words.",
        base="Enquiries closed in the period in which somebody looked for themes",
        cells=(*THEMES, Cell("own", "A theme of the team's own"), Cell("none_of_these", "None of these")),
        is_exclusive=False,
        is_spoken=True,
    ),
    Measure(
        id="not_followed",
        heading="Wishes that were not followed",
        definition=(
            "Enquiries closed in the period, by whether the team recorded that a wish was not followed: because it "
            "acted against it, or because what was wanted could not be done. One enquiry can be in both rows."
        ),
        source=_OURS,
        base=_CLOSED,
        cells=_cells(
            ("acted_against", "The council acted against a wish"),
            ("cannot_be_done", "What was wanted could not be done"),
        ),
        is_exclusive=False,
    ),
    Measure(
        id="not_followed_grounds",
        heading="On which grounds the council acted against wishes",
        definition=(
            "Of enquiries closed in which the council acted against a wish: the grounds that were recorded. There "
            "can be several for one wish."
        ),
        source=_OURS,
        base="Enquiries closed in the period in which the council acted against a wish",
        cells=GROUNDS,
        is_exclusive=False,
    ),
    Measure(
        id="not_followed_told",
        heading="Where a wish was not followed: was the person told?",
        definition=(
            "Of enquiries closed in which a wish was not followed: whether the person was told of each, or not yet."
        ),
        source=_OURS,
        base="Enquiries closed in the period in which a wish was not followed",
        cells=_cells(("told", "The person was told"), ("not_yet", "The person was not told of all of it")),
    ),
    Measure(
        id="advocacy",
        heading="Who helped people to take part",
        definition=(
            "Enquiries closed in the period, by what the team recorded last of who helps the person take part."
        ),
        source=f"{_OURS} The duty is in sections 67 and 68 of the Care Act 2014.",
        base=_CLOSED,
        cells=_cells(
            ("advocate", "An independent advocate was needed"),
            ("appropriate", "There was an appropriate person"),
            ("nobody_needed", "Nobody was needed"),
            ("undecided", "It was not settled"),
            ("not_recorded", "Nothing is recorded"),
        ),
    ),
    Measure(
        id="advocates",
        heading="Where an advocate was needed",
        definition=(
            "Of enquiries closed in which an independent advocate was needed: those with a day on which one was "
            "offered, referred for, and came. One enquiry can be in all three rows."
        ),
        source=f"{_OURS} The duty is in sections 67 and 68 of the Care Act 2014.",
        base="Enquiries closed in the period in which an independent advocate was needed",
        cells=_cells(
            ("offered", "One was offered"), ("referred", "A referral was made"), ("arrived", "The advocate came")
        ),
        is_exclusive=False,
    ),
    Measure(
        id="wait",
        heading="From concern to first conversation",
        definition=(
            "Of enquiries closed for which the day of the concern is recorded and in which a conversation was held: "
            "days from that day to the first conversation. One that lies before that day is listed, and not "
            f"counted. {_ONE_VOICE}"
        ),
        source=_OURS,
        base="Enquiries closed in the period with a day of the concern and a conversation after it",
        cells=_cells(
            ("same_day", "The same day or the next"),
            ("week", "2 to 7 days"),
            ("fortnight", "8 to 14 days"),
            ("four_weeks", "15 to 28 days"),
            ("longer", "More than 28 days"),
        ),
        is_spoken=True,
    ),
    Measure(
        id="part_wanted",
        heading="How much people wanted to be part of it",
        definition=f"Answers to how much somebody wants to be part of what is done. {_LATEST} {_ONE_VOICE}",
        source=_OURS,
        base="Enquiries closed in the period in which this was asked",
        cells=_cells(
            ("as_much_as_possible", "As much as possible"),
            ("some_of_it", "Some of it"),
            ("just_tell_me", "Just to be told what happens"),
            ("someone_to_speak_for_me", "To have somebody speak for them"),
            ("not_sure", "Not sure"),
            ("no_answer", "Did not answer"),
        ),
        is_spoken=True,
    ),
    Measure(
        id="safer_at_closing",
        heading="How safe people feel, compared with before",
        definition=(
            f"Answers at the closing review to how safe somebody feels, compared with before. {_LATEST} {_ONE_VOICE}"
        ),
        source=_OURS,
        base="Enquiries closed in the period in which this was asked",
        cells=_cells(
            ("safer", "Safer"),
            ("the_same", "The same"),
            ("less_safe", "Less safe"),
            ("not_sure", "Not sure"),
            ("no_answer", "Did not answer"),
        ),
        is_spoken=True,
    ),
    *(_experience(*one) for one in EXPERIENCES.items()),
)

MEASURES: Mapping[str, Measure] = {one.id: one for one in _MEASURES}
"""Each measure by its id, those of the national return first."""

HOW_IT_WAS = frozenset(map(experience_id, EXPERIENCES))
"""Measures of what people answered when they were asked how it was."""

NATIONAL = tuple(one.id for one in _MEASURES if one.table)
"""What the national return asks for."""

LINKS = (
    Link(("asked", "asked_expressed"), (("state", "asked_expressed"),), is_exact=True),
    Link(("asked", "asked_no_outcomes"), (("state", "asked_none_yet"), ("state", "declined")), is_exact=True),
    Link(("asked", "no"), (("state", "could_not_today"), ("state", "not_asked")), is_exact=True),
    Link(("asked", "not_known"), (("state", "not_known"),), is_exact=True),
    Link(("asked", "not_recorded"), (("state", "not_recorded"),), is_exact=True),
    Link(("asked", BASE), (("state", BASE),), is_exact=True),
    Link(("asked", BASE), (("capacity", BASE),), is_exact=True),
    Link(("asked", BASE), (("risk_assessment", BASE),), is_exact=False),
    Link(("asked", "asked_expressed"), (("achieved", BASE),), is_exact=False),
    Link(("achieved", BASE), (("decided_by", BASE),), is_exact=True),
    Link(("capacity", "lacked"), (("supported", BASE),), is_exact=True),
    Link(
        ("risk", BASE),
        (("risk_assessment", "identified_action"), ("risk_assessment", "identified_no_action")),
        is_exact=False,
    ),
    Link(("not_followed", "acted_against"), (("not_followed_grounds", BASE),), is_exact=True),
    Link(("advocacy", "advocate"), (("advocates", BASE),), is_exact=True),
    Link(("not_followed", BASE), (("advocacy", BASE),), is_exact=True),
)
"""Where figures of different measures are known to be the same, or to lie within others."""

BY_STATE: Mapping[str, str] = {
    cell.id: link.whole[1] for cell in MEASURES["state"].cells for link in LINKS if ("state", cell.id) in link.parts
}
"""The cell of SG4a, first part, that each cell of `state` belongs to."""

# --- the breakdowns --------------------------------------------------------------------------------------------------

GROUPS: Mapping[By, tuple[Cell, ...]] = {
    By.AGE_BAND: _cells(
        ("18-64", "18-64"),
        ("65-74", "65-74"),
        ("75-84", "75-84"),
        ("85-94", "85-94"),
        ("95+", "95+"),
        (NOT_RECORDED, "Nothing is recorded"),
    ),
    By.SEX: _cells(
        ("male", "Male"), ("female", "Female"), ("not_known", "Not Known"), (NOT_RECORDED, "Nothing is recorded")
    ),
    By.ETHNICITY: _cells(
        ("white", "White"),
        ("mixed", "Mixed / Multiple"),
        ("asian", "Asian / Asian British"),
        ("black", "Black / African / Caribbean / Black British"),
        ("other", "Other Ethnic Group"),
        ("refused", "Refused"),
        ("not_known", "Undeclared / Not Known"),
        (NOT_RECORDED, "Nothing is recorded"),
    ),
    By.SUPPORT_REASON: _cells(
        ("physical", "Physical Support"),
        ("sensory", "Sensory Support"),
        ("memory", "Support with Memory and Cognition"),
        ("learning", "Learning Disability Support"),
        ("mental_health", "Mental Health Support"),
        ("social", "Social Support"),
        ("none", "No Support Reason"),
        ("not_known", "Not Known"),
        (NOT_RECORDED, "Nothing is recorded"),
    ),
}
"""The groups of a breakdown, labels as the SAC prints them. Where nothing is recorded is a group of its own."""
