"""A made-up council's return, against a slow count of what people said and what the team recorded.

What is counted here is read from conversations and records. Nothing that the app counts with is used for it.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from bot import demo, reporting
from bot.conversation import Answer, Kind, Speaker, Stage, Standing
from bot.enquiry import outcome_id
from bot.figures import ALL, NATIONAL, Period
from bot.publishing import Council, return_csv
from bot.reporting import Asked
from bot.roles import Actor, Role
from bot.store import Enquiry, Entry, EntryKind, Store, Transaction

TODAY = datetime(2026, 11, 22, tzinfo=UTC)
YEAR = Period.of_year(2025)
AUDITOR = Actor("an auditor", Role.AUDITOR)
COUNCIL = Council("Local Authority", "Unitary", "E12000001", "North East", "E06000001", "111", "A Council")

ASKED = {
    "asked_expressed": "Yes they were asked and outcomes were expressed",
    "asked_none_yet": "Yes they were asked but no outcomes were expressed",
    "declined": "Yes they were asked but no outcomes were expressed",
    "could_not_today": "No",
    "not_asked": "No",
    "not_known": "Don't Know",
    "": "Not Recorded",
}
SKIPPED = {"do_not_know": "asked_none_yet", "later": "asked_none_yet", "not_for_me": "asked_none_yet"}
SKIPPED |= {"do_not_want_to_say": "declined"}
SKIPPED |= {one: one for one in ("asked_none_yet", "declined", "could_not_today", "not_asked")}
ACHIEVED = {"all_of_it": "Fully Achieved", "some_of_it": "Partially Achieved", "no": "Not Achieved"}
CAPACITY = {
    "lacked": "Yes, they lacked capacity",
    "did_not_lack": "No, they did not lack capacity",
    "not_known": "Don't know",
    "": "Not recorded",
}
SUPPORTED = (
    "Of the enquiries recorded as Yes, in how many of these cases was support provided by an advocate, family or friend"
)
ASSESSED = {
    "identified_action": "Risk identified and action taken",
    "identified_no_action": "Risk identified and no action taken",
    "inconclusive_action": "Risk Assessment inconclusive and action taken",
    "inconclusive_no_action": "Risk Assessment inconclusive and no action taken",
    "none_action": "No risk identified and action taken",
    "none_no_action": "No risk identified and no action taken",
    "ceased": "Enquiry ceased at individual's request and no action taken",
}
RISK = {"remained": "Risk remained", "reduced": "Risk reduced", "removed": "Risk removed"}
PUBLISHED = {
    "SG4a": {*ASKED.values(), *ACHIEVED.values()},
    "SG3a": {*CAPACITY.values(), SUPPORTED},
    "SG2c": set(ASSESSED.values()),
    "SG2e": set(RISK.values()),
}
"""The cells of each table, as the national file prints them."""
COLUMNS = [
    *("GEOGRAPHY", "COUNCIL_TYPE", "REGION_CODE", "REGION_NAME", "ONS_CODE", "LA_CODE", "LA_NAME"),
    *("TABLE_REFERENCE", "ENQUIRY_TYPE", "CATEGORY", "SUBCATEGORY", "VALUE"),
]
"""Of the national file, in its order."""


# --- what the store holds of an enquiry ------------------------------------------------------------------------------


@dataclass
class Wanted:
    """One thing that somebody wanted to be different."""

    is_persons: bool
    said: list[datetime] = field(default_factory=list)
    spoken_of: list[tuple[datetime, int, bool, Stage, str]] = field(default_factory=list)
    """Each time that it was spoken of again: when, whether by the person, at which stage, and what was chosen."""

    def last(self, *stages: Stage) -> str:
        """What was said last of it in the voice that wanted it, at these stages."""
        found = [one for one in sorted(self.spoken_of) if one[2] is self.is_persons and one[3] in stages]
        return found[-1][4] if found else ""

    @property
    def is_wanted(self) -> bool:
        """Whether it was still wanted in the end. Answers that say neither change nothing."""
        said = [one[4] for one in sorted(self.spoken_of) if one[2] is self.is_persons]
        says = {"still_want", "say_differently", "no_longer_want", "has_happened", "all_of_it", "some_of_it", "no"}
        return [one for one in said if one in says][-1:] != ["no_longer_want"]


@dataclass
class Heard:
    """What was said in an enquiry."""

    wanted: dict[str, Wanted] = field(default_factory=dict)
    overall: dict[bool, str] = field(default_factory=dict)
    """By whether the person said it: what they said last of the whole."""
    skipped: list[tuple[datetime, str]] = field(default_factory=list)


def answered(standing: Standing, number: int | None) -> Answer | None:
    """Find an answer that stands, and that the conversation came by."""
    found = None if number is None else standing.answer(number)
    stands = found is not None and found.number in standing.path and found.current.kind is not Kind.TAKEN_BACK
    return found if stands else None


def times_of(answer: Answer) -> list[datetime]:
    return [turn.said_at for said in (answer.said, *answer.additions) for turn in said.in_effect if turn.words]


def heard_in(seen: Transaction, enquiry_id: str) -> Heard:
    """Hear every conversation of an enquiry, but those that were taken back."""
    heard = Heard()
    for place, one in enumerate(seen.conversations.listed(enquiry_id=enquiry_id)):
        standing = seen.conversations.standing(one.conversation_id)
        if standing.is_everything_taken_back:
            continue
        is_persons = one.speaker is not Speaker.ADVOCATE
        for desired in seen.outcomes.desired(one.conversation_id):
            answer = standing.answer(desired.turn)
            if answer is not None and answer.current.kind is Kind.WORDS:
                wanted = heard.wanted.setdefault(outcome_id(one.conversation_id, answer.number), Wanted(is_persons))
                wanted.said += times_of(answer)
        for review in seen.reviews.of(one.conversation_id):
            said, again = answered(standing, review.said_turn), answered(standing, review.again_turn)
            if said is None or review.outcome_id not in heard.wanted:
                continue
            wanted, value = heard.wanted[review.outcome_id], said.current.choice[0]
            wanted.spoken_of.append((said.current.said_at, place, is_persons, one.stage, value))
            wanted.said += times_of(again) if again is not None and value == "say_differently" else []
        for answer in standing.answers:
            if answered(standing, answer.number) is None:
                continue
            chosen = next(iter(answer.current.choice), "")
            if answer.question.asked == "overall" and chosen in ACHIEVED:
                heard.overall[is_persons] = chosen
            elif answer.current.kind is Kind.SKIP and (answer.question.asked or "").endswith(
                ("outcome", "outcome_again")
            ):
                heard.skipped.append((answer.current.said_at, SKIPPED[chosen]))
    return heard


def newest(entries: list[Entry], what: str) -> Entry | None:
    found = [one for one in entries if one.what == what]
    return found[-1] if found else None


def chosen(entry: Entry | None, name: str) -> str:
    return "" if entry is None else next(iter(entry.choices.get(name, ())), "")


# --- the slow count --------------------------------------------------------------------------------------------------


def comes_to(heard: Heard, *, is_persons: bool) -> str:
    """What one voice says that it comes to: of the whole, or of each thing that was still wanted."""
    if is_persons in heard.overall:
        return ACHIEVED[heard.overall[is_persons]]
    wanted = [one for one in heard.wanted.values() if one.is_persons is is_persons and one.is_wanted]
    said = {one.last(Stage.CLOSING) for one in wanted}
    if not said & {"all_of_it", "some_of_it", "no"}:
        return ""
    if said == {"all_of_it"}:
        return "Fully Achieved"
    return "Partially Achieved" if said & {"all_of_it", "some_of_it"} else "Not Achieved"


def state_of(heard: Heard, entries: list[Entry]) -> str:
    """Whether somebody was asked: what was said or recorded last."""
    wanted = [at for one in heard.wanted.values() for at in one.said]
    said = (max(wanted), "asked_expressed") if wanted else max(heard.skipped, default=None)
    record = newest(entries, "asked")
    if said is not None and (record is None or said[0] > record.at):
        return said[1]
    return chosen(record, "state")


def counted(seen: Transaction, enquiry: Enquiry) -> Iterator[tuple[str, str]]:
    """Name the tables and cells of the return that an enquiry counts in."""
    written = [one for one in seen.entries.of_enquiry(enquiry.enquiry_id) if one.kind is EntryKind.RECORD]
    replaced = {one.replaces for one in written}
    entries = sorted((one for one in written if one.number not in replaced), key=lambda one: one.number)
    if chosen(newest(entries, "about"), "kind") != "section_42":
        return
    heard = heard_in(seen, enquiry.enquiry_id)
    state = state_of(heard, entries)
    yield "SG4a", ASKED[state]
    achieved = comes_to(heard, is_persons=True) or comes_to(heard, is_persons=False)
    if state == "asked_expressed" and achieved:
        yield "SG4a", achieved
    conclusions = [one for one in entries if one.what == "capacity"]
    results = [chosen(one, "result") for one in conclusions]
    capacity = next((one for one in ("lacked", "did_not_lack", "not_known") if one in results), "")
    yield "SG3a", CAPACITY[capacity]
    lacked = [one for one in conclusions if chosen(one, "result") == "lacked"]
    if any({"advocate", "family", "friend"} & set(one.choices.get("supported_by", ())) for one in lacked):
        yield "SG3a", SUPPORTED
    assessment, outcome = (chosen(newest(entries, "risk"), name) for name in ("assessment", "outcome"))
    if assessment:
        yield "SG2c", ASSESSED[assessment]
    if assessment.startswith("identified") and outcome:
        yield "SG2e", RISK[outcome]


def slow_count(store: Store, period: Period) -> Mapping[tuple[str, str], int]:
    """Count every cell of the return, one enquiry after the other."""
    found = Counter({(table, cell): 0 for table, cells in PUBLISHED.items() for cell in cells})
    with store.reading() as seen:
        for enquiry in seen.enquiries.listed():
            closed = None if enquiry.closed_at is None else enquiry.closed_at.date()
            if closed is not None and period.first <= closed <= period.last:
                found.update(counted(seen, enquiry))
    return found


# --- against what leaves ---------------------------------------------------------------------------------------------


def made_up(store: Store, enquiries: int, shape: demo.Shape) -> None:
    demo.make_up(
        store,
        demo.load_tools(),
        enquiries=enquiries,
        teams=2,
        seed=7,
        now=TODAY,
        told=lambda done: None,
        shape=shape,
    )


def everything_is_concluded(store: Store) -> None:
    """Close every enquiry that is open, and have every one recorded as what the return is about."""
    with store.begin() as kept:
        manager = next(one for one in kept.accounts.listed() if one.role is Role.MANAGER)
        for enquiry in kept.enquiries.listed():
            kept.entries.add(
                kind=EntryKind.RECORD,
                what="about",
                account_id=manager.account_id,
                now=TODAY,
                enquiry_id=enquiry.enquiry_id,
                choices={"kind": ("section_42",)},
            )
            if enquiry.closed_at is None:
                kept.enquiries.close(enquiry.enquiry_id, TODAY)


def test_every_cell_of_a_made_up_councils_return_is_what_a_slow_count_finds(store: Store) -> None:
    made_up(store, 300, demo.Shape.YEAR)
    agrees(store, YEAR, at_least=250)


def test_work_as_it_goes_on_is_counted_as_a_slow_count_finds_it(store: Store) -> None:
    # Changes of mind, what was taken back, what nobody finished: all of it concluded in one go.
    made_up(store, 150, demo.Shape.WORK)
    everything_is_concluded(store)
    agrees(store, Period(date(2020, 1, 1), date(2026, 12, 31)), at_least=150)


def agrees(store: Store, period: Period, *, at_least: int) -> None:
    """See that the tables and the file say what the slow count says, of so many enquiries or more."""
    expected = slow_count(store, period)
    tables = reporting.tables(store, AUDITOR, Asked(period=period, measures=NATIONAL), TODAY)
    told = {
        (table.measure.table, cell.label): table.counts[cell.id, ALL]
        for table in tables
        for cell in table.measure.cells
    }
    assert told == expected
    # What the tables say of each other.
    first = [expected["SG4a", cell] for cell in dict.fromkeys(ASKED.values())]
    assert sum(first) == sum(expected["SG3a", cell] for cell in CAPACITY.values()) >= at_least
    assert sum(expected["SG4a", cell] for cell in ACHIEVED.values()) <= first[0]
    assert sum(expected["SG2e", cell] for cell in RISK.values()) > 0
    assert expected["SG3a", SUPPORTED] <= expected["SG3a", CAPACITY["lacked"]]

    head, *rows = csv.reader(io.StringIO(return_csv(tables, COUNCIL).decode("utf-8-sig"), newline=""))
    assert head == COLUMNS
    of_council = ["Local Authority", "Unitary", "E12000001", "North East", "E06000001", "111", "A Council"]
    assert rows == [
        [*of_council, table, "Concluded Section 42 Enquiries", cell, "Total", str(number)]
        for (table, cell), number in sorted(expected.items())
    ]
    assert Counter(row[7] for row in rows) == {"SG4a": 8, "SG3a": 5, "SG2c": 7, "SG2e": 3}
