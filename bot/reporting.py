"""Reporting: figures counted for those who may see them, the enquiries behind them, and what makes them doubtful.

Figures are sums over what each enquiry counts as. Where an enquiry has changed since that was worked out, it is worked
out again here and counted as it is now, so that no figure is ever behind.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from bot.facts import Doubt, EnquiryKind, Facts, Lacking
from bot.figures import ALL, GROUPS, HOW_IT_WAS, MEASURES, NATIONAL, By, Cell, Measure, Period, Spoken, Table
from bot.reviewing import seeing, working
from bot.reviewing.seeing import NotDone
from bot.roles import Act, Actor, Place, Role, may, require
from bot.store import Store, Transaction
from bot.store.facts import Among, is_among

CHANGED_AT_MOST = 1000
"""Enquiries that are worked out again for one page; more than that are brought up to date first."""
LISTED_AT_MOST = 100
"""Enquiries that are named at once."""
SWAPPED_FROM = 10
"""Conclusions about capacity from which on it is worth asking whether answers were swapped."""

NOTED: Mapping[Lacking | Doubt, str] = {
    Lacking.UNREADABLE: "Something of it is damaged and cannot be read. It is in no figure.",
    Lacking.KIND: "Nothing says whether it is a section 42 enquiry. It is in no national figure.",
    Lacking.ACHIEVED: "Outcomes were expressed, and nobody said if they were achieved. It is not in SG4a, second part.",
    Lacking.RISK_ASSESSMENT: "Nothing says what came of looking at the risk. It is not in SG2c.",
    Lacking.RISK: "A risk was identified, and nothing says what became of it. It is not in SG2e.",
    Lacking.ASKED: "Nothing says whether they were asked what they want. It counts as Not Recorded.",
    Lacking.CAPACITY: "No conclusion about mental capacity is recorded. It counts as Not recorded.",
    Lacking.AGE_BAND: "The age is not recorded. It is in no age band.",
    Doubt.LACKED_AND_NOBODY_NEEDED: (
        "The person lacked capacity, and it is recorded that nobody was needed to help them take part."
    ),
    Doubt.SAID_BUT_NOT_ASKED: (
        "They said what they want, and the last record says that they were not asked or said nothing."
    ),
    Doubt.EXPRESSED_NOWHERE: "It is recorded that outcomes were expressed, and none is kept here.",
    Doubt.NO_VERDICT: "It was closed, and nobody said whether what was wanted happened.",
    Doubt.BEST_INTERESTS_WITHOUT_CAPACITY: (
        "Something rests on the person lacking capacity, and no conclusion says that they do."
    ),
    Doubt.CONCERN_TOO_LATE: "The day of the concern is later than the first conversation.",
    Doubt.RISK_NOT_SAID: "It was closed with a risk identified, and nothing says what became of it.",
}
"""What is missing of an enquiry and what that does to the figures, and what does not go together in one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which figures are asked for."""

    period: Period
    measures: tuple[str, ...]
    by: By = By.NOTHING
    team_id: str | None = None
    """Of one team; None for the whole council."""
    act: Act = Act.SEE_FIGURES
    """What they are asked for: `Act.SEE_PACK` by whoever goes on to show only what may be published of them."""


@dataclass(frozen=True, slots=True)
class Behind:
    """The enquiries that a figure counts, of those that somebody may see."""

    number: int
    enquiry_ids: tuple[str, ...]
    """`LISTED_AT_MOST` of them at most, those first that were closed last."""


@dataclass(frozen=True, slots=True)
class ToLookAt:
    """Enquiries of which the same is missing, or does not go together."""

    what: Lacking | Doubt
    number: int
    enquiry_ids: tuple[str, ...]
    """`LISTED_AT_MOST` of them at most: what has just changed, then those first that were closed first."""


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Something to look at before figures leave the house."""

    id: str
    say: str
    number: int


def tables(store: Store, actor: Actor, asked: Asked, now: datetime) -> tuple[Table, ...]:
    """Count these measures, each voice in a table of its own. Raises NotAllowed, NotDone, NotRead."""
    require(actor, asked.act, Place(team_id=asked.team_id))
    with store.reading() as seen:
        return _Counting(seen, actor, asked).tables()


def behind(
    store: Store,
    actor: Actor,
    asked: Asked,
    measure: str,
    cell: str,
    spoken: Spoken = Spoken.ALL,
    column: str = ALL,
) -> Behind:
    """Name the enquiries that one figure counts, of those that this actor may see. Raises NotAllowed, NotDone.

    What somebody answered when asked how it was is kept from whoever worked on it, and so is which one it was.
    """
    require(actor, Act.SEE_FIGURES, Place(team_id=asked.team_id))
    with store.reading() as seen:
        counting = _Counting(seen, actor, asked)
        among = next(among for one, among in counting.columns() if one.id == column)
        scope = working.scope_of(seen, actor)
        found = [
            facts.enquiry_id
            for facts in counting.now(among)
            if facts.counted.get((measure, spoken), {}).get(cell)
            and may(actor, Act.SEE_ENQUIRY, seeing.place_of_enquiry(seen, facts.enquiry_id))
        ]
        found += seen.facts.in_cell(replace(among, but=counting.but), measure, spoken, cell, scope)
        if measure in HOW_IT_WAS:
            led = seen.allocations.ever_of(actor.account_id)
            found = [one for one in found if one not in led]
        listed = found[:LISTED_AT_MOST]
        whose = seen.allocations.accesses(listed)
        return Behind(
            len(found),
            tuple(one for one in listed if may(actor, Act.SEE_ENQUIRY, seeing.place_of(seen, whose[one]))),
        )


def to_look_at(store: Store, actor: Actor, asked: Asked) -> tuple[ToLookAt, ...]:
    """List enquiries closed in a period that cannot be counted everywhere, or that are doubtful, by what it is.

    Only of what the actor may see. Raises NotAllowed, NotDone.
    """
    require(actor, Act.SEE_FIGURES, Place(team_id=asked.team_id))
    with store.reading() as seen:
        counting = _Counting(seen, actor, asked)
        among = counting.scope(own=True)
        numbers = counting.noted_numbers(among)
        return tuple(ToLookAt(what, numbers[what], counting.noted(among, what)) for what in numbers if numbers[what])


def doubts(store: Store, actor: Actor, asked: Asked) -> tuple[Doubtful, ...]:
    """Say what makes national figures doubtful, before they are taken out. Raises NotAllowed, NotDone."""
    require(actor, Act.SEE_FIGURES, Place(team_id=asked.team_id))
    with store.reading() as seen:
        counting = _Counting(seen, actor, replace(asked, measures=NATIONAL, by=By.TEAM))
        return tuple(_doubts(counting))


class _Counting:
    """One set of figures being counted."""

    def __init__(self, seen: Transaction, actor: Actor, asked: Asked) -> None:
        self.seen = seen
        self.actor = actor
        self.asked = asked
        self.duty = seeing.duty_team_id(seen)
        changed = seen.facts.due(CHANGED_AT_MOST + 1)
        if len(changed) > CHANGED_AT_MOST:
            raise NotDone("Many enquiries have changed, and the figures are being worked out. Look again in a minute.")
        self.but = frozenset(changed)
        self.changed = [seen.facts_of(one) for one in changed]
        self.before = seen.facts.of(changed)
        """The same enquiries as they are kept, and so as they are in every sum that the store makes."""

    def tables(self) -> tuple[Table, ...]:
        measures = [MEASURES[one] for one in self.asked.measures]
        keys = [(measure.id, spoken) for measure in measures for spoken in voices_of(measure)]
        columns = self.columns()
        is_one = len(columns) == 1
        found: dict[str, Mapping[tuple[str, Spoken], Mapping[str, int]]] = {}
        for column, among in columns:
            if column.id != ALL or is_one or not self.do_add_up:
                found[column.id] = self.counted(among, keys)
        if ALL not in found:
            found[ALL] = {key: _summed([one[key] for one in found.values()]) for key in keys}
        return tuple(
            Table(
                measure=measure,
                columns=tuple(column for column, _ in columns),
                counts={
                    (cell.id, column.id): found[column.id][measure.id, spoken].get(cell.id, 0)
                    for cell in measure.cells
                    for column, _ in columns
                },
                base={column.id: _base(measure, found[column.id][measure.id, spoken]) for column, _ in columns},
                do_columns_add_up=self.do_add_up,
                spoken=spoken,
                by=self.asked.by,
            )
            for measure in measures
            for spoken in voices_of(measure)
        )

    def counted(
        self, among: Among, keys: Sequence[tuple[str, Spoken]]
    ) -> Mapping[tuple[str, Spoken], Mapping[str, int]]:
        kept = self.seen.facts.counted(among, keys)
        now, before = self.now(among), self.not_any_more(among)
        return {
            key: _less(
                _summed([kept[key], *(_cells(facts, key) for facts in now)]),
                _summed([_cells(facts, key) for facts in before]),
            )
            for key in keys
        }

    def number(self, among: Among, kind: EnquiryKind | None = None) -> int:
        now, before = (
            sum(kind in {None, facts.kind} for facts in some) for some in (self.now(among), self.not_any_more(among))
        )
        return self.seen.facts.number(among, kind) + now - before

    def now(self, among: Among) -> Sequence[Facts]:
        """Give what has changed as it is now, of what is counted."""
        return [facts for facts in self.changed if is_among(facts, among)]

    def not_any_more(self, among: Among) -> Sequence[Facts]:
        """Give what has changed as it was, of what the store counts."""
        return [facts for facts in self.before if is_among(facts, among)]

    def noted_numbers(self, among: Among) -> Mapping[Lacking | Doubt, int]:
        """Say of how many each thing is missing, and in how many each does not go together."""
        kept, now, before = self.seen.facts.noted_numbers(among), self.now(among), self.not_any_more(among)
        return {
            what: number + sum(map(partial(_is_noted, what), now)) - sum(map(partial(_is_noted, what), before))
            for what, number in kept.items()
        }

    def noted(self, among: Among, what: Lacking | Doubt) -> tuple[str, ...]:
        """Name enquiries of which this is missing, or does not go together, those first that have just changed."""
        found = [facts.enquiry_id for facts in self.now(among) if _is_noted(what, facts)]
        found += self.seen.facts.noted(replace(among, but=self.but), what, LISTED_AT_MOST)
        return tuple(found[:LISTED_AT_MOST])

    @property
    def do_add_up(self) -> bool:
        """Whether the columns but the last add up to it: a manager sees only their own teams beside the council."""
        return not (self.asked.by is By.TEAM and self.asked.team_id is None and self.actor.role is Role.MANAGER)

    def scope(self, *, own: bool = False) -> Among:
        """Say which enquiries are counted in all; `own`: of those only what a manager's own teams have."""
        if self.asked.team_id is not None:
            return self.of_teams([self.asked.team_id])
        if own and self.actor.role is Role.MANAGER:
            return self.of_teams(sorted(self.actor.team_ids))
        return Among(self.asked.period)

    def of_teams(self, team_ids: Sequence[str]) -> Among:
        return Among(self.asked.period, frozenset(team_ids), nobodys=self.duty in team_ids)

    def columns(self) -> tuple[tuple[Cell, Among], ...]:
        return (*self.groups(), (Cell(ALL, "All"), self.scope()))

    def groups(self) -> Iterator[tuple[Cell, Among]]:
        by, every = self.asked.by, self.scope()
        match by:
            case By.NOTHING:
                return
            case By.QUARTER:
                for quarter in self.asked.period.quarters:
                    yield Cell(quarter.quarter_id, quarter.label), replace(every, period=quarter)
            case By.TEAM:
                yield from self.teams()
            case _:
                for cell in GROUPS[by]:
                    yield cell, replace(every, by=by, group=cell.id)

    def teams(self) -> Iterator[tuple[Cell, Among]]:
        known = self.seen.teams.listed(closed=True)
        counted = {team_id or self.duty for team_id in self.seen.facts.teams(self.scope())}
        counted |= {facts.team_id or self.duty for facts in self.changed}
        for team in known:
            is_asked = self.asked.team_id in {None, team.team_id}
            is_own = self.actor.role is not Role.MANAGER or team.team_id in self.actor.team_ids
            if is_asked and is_own and (team.closed_at is None or team.team_id in counted):
                yield Cell(team.team_id, team.name), self.of_teams([team.team_id])
        if None in counted and self.asked.team_id is None and self.actor.role is not Role.MANAGER:
            # There is no duty team yet that what belongs to nobody could come to.
            yield Cell("nobody", "No team yet"), replace(self.of_teams([]), nobodys=True)


def voices_of(measure: Measure) -> tuple[Spoken, ...]:
    """Say in which voices a measure is counted."""
    return (Spoken.PERSON, Spoken.REPRESENTATIVE) if measure.is_spoken else (Spoken.ALL,)


def _doubts(counting: _Counting) -> Iterator[Doubtful]:
    every, among = {table.measure.id: table for table in counting.tables()}, counting.scope()

    def count(measure: str, cell: str, column: str = ALL) -> int:
        return every[measure].counts[cell, column] or 0

    def base(measure: str) -> int:
        return every[measure].base[ALL] or 0

    concluded = counting.number(among, EnquiryKind.SECTION_42)
    closed = counting.number(among)
    if closed == 0:
        yield Doubtful("nothing_closed", "No enquiry was closed in this period. There is nothing to count.", 0)
    if base("asked") != concluded or base("capacity") != concluded:
        yield Doubtful("does_not_add_up", "SG4a, first part, or SG3a does not add up to all enquiries.", concluded)
    expressed, said = count("asked", "asked_expressed"), base("achieved")
    if expressed != said:
        yield Doubtful(
            "achieved_differs",
            f"SG4a, second part, adds up to {said:,} and not to the {expressed:,} in which outcomes were expressed.",
            expressed - said,
        )
    identified = count("risk_assessment", "identified_action") + count("risk_assessment", "identified_no_action")
    if identified != base("risk"):
        yield Doubtful(
            "risk_differs",
            f"SG2e adds up to {base('risk'):,} and not to the {identified:,} of SG2c in which a risk was identified.",
            identified - base("risk"),
        )
    for column in every["capacity"].columns:
        lacked, did_not = count("capacity", "lacked", column.id), count("capacity", "did_not_lack", column.id)
        if lacked > did_not and lacked + did_not >= SWAPPED_FROM:
            where = "in all" if column.id == ALL else f"in {column.label}"
            say = (
                f"More people lacked capacity ({lacked:,}) than did not ({did_not:,}) {where}. "
                "Look whether the two answers were swapped."
            )
            yield Doubtful(f"capacity_swapped:{column.id}", say, lacked)
    numbers = counting.noted_numbers(among)
    for what, say in NOTED.items():
        if numbers[what]:
            yield Doubtful(what.value, say, numbers[what])


def _cells(facts: Facts, key: tuple[str, Spoken]) -> Mapping[str, int]:
    """Give the cells in which one enquiry counts, as the store gives those of many."""
    found = facts.counted.get(key)
    if found is None:
        return {}
    return found if MEASURES[key[0]].is_exclusive else {**found, "": 1}


def _summed(several: Sequence[Mapping[str, int]]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for one in several:
        for cell, number in one.items():
            found[cell] = found.get(cell, 0) + number
    return found


def _is_noted(what: Lacking | Doubt, facts: Facts) -> bool:
    return what in facts.lacking or what in facts.doubts


def _less(found: Mapping[str, int], gone: Mapping[str, int]) -> Mapping[str, int]:
    return {cell: number - gone.get(cell, 0) for cell, number in found.items()}


def _base(measure: Measure, found: Mapping[str, int]) -> int:
    return sum(found.values()) if measure.is_exclusive else found.get("", 0)
