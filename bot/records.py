"""What the team records on an enquiry: which records there are, what each asks for, and how one is read again.

`records.yml` says what is asked, word for word; nothing here knows one kind of record from another. A record is never
changed: one that puts another right takes its place, and the earlier one stays readable.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

import yaml

from bot.conversation import LONGEST_ANSWER

LONGEST_LINE = 500
"""Characters of what stands in one line, such as who decided."""

BECAUSE = "because"
"""The field that every record has which takes the place of an earlier one."""

ELSEWHERE = "elsewhere"
"""What is quoted where a wish was not said in a conversation that is kept here."""

SAID_IN = "said_in"
"""The field that points to what a record quotes: never a copy of it, so that what is taken back is not kept here."""

EARLIEST = date(1990, 1, 1)
"""A date before it is a slip: the law that these records serve is of 2005 and 2014."""


class RecordKind(StrEnum):
    """What a record is about."""

    ABOUT = "about"
    """What an enquiry is counted by."""
    ASKED = "asked"
    ADVOCACY = "advocacy"
    CAPACITY = "capacity"
    NEGOTIATION = "negotiation"
    WISH_NOT_FOLLOWED = "wish_not_followed"
    RISK = "risk"
    VERDICT = "verdict"


class FieldKind(StrEnum):
    """What stands in a field."""

    CHOICE = "choice"
    CHOICES = "choices"
    WORDS = "words"
    LINE = "line"
    DATE = "date"
    QUOTATION = "quotation"
    """Words that were said in a conversation: a pointer to them, never a copy."""


class Tense(StrEnum):
    """Whether a date is of something that happened, or that is still to be done."""

    PAST = "past"
    FUTURE = "future"


class Offers(StrEnum):
    """What may be quoted."""

    OUTCOMES = "outcomes"
    """What is wanted to be different."""
    WISHES = "wishes"
    """That, every other wish, and what was said elsewhere."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer on offer."""

    id: str
    label: str
    hint: str = ""
    national: str = ""
    """Its label in the Safeguarding Adults Collection, exactly as printed there; empty where it is not counted."""
    alone: bool = False
    """Whether it cannot be chosen together with another."""


@dataclass(frozen=True, slots=True)
class When:
    """When something holds, going by what was answered."""

    every: Mapping[str, frozenset[str]]
    some: Mapping[str, frozenset[str]]

    def holds(self, answers: Mapping[str, Sequence[str]]) -> bool:
        """Say whether it holds."""

        def one(field: str, ids: frozenset[str]) -> bool:
            return not ids.isdisjoint(answers.get(field, ()))

        return all(one(*item) for item in self.every.items()) and (
            not self.some or any(one(*item) for item in self.some.items())
        )


ALWAYS = When({}, {})


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that a record asks for."""

    name: str
    kind: FieldKind
    label: str
    needed: When | None = None
    """When it is needed; None where it may be left out."""
    hint: str = ""
    choices: tuple[Choice, ...] = ()
    tense: Tense = Tense.PAST
    offers: Offers = Offers.OUTCOMES

    @property
    def is_ever_optional(self) -> bool:
        """Whether it may be left out, always or sometimes."""
        return self.needed != ALWAYS

    def choice(self, id: str) -> Choice | None:  # noqa: A002 it is what a choice is known by
        """Find an answer on offer."""
        return next((one for one in self.choices if one.id == id), None)


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that belong together under a heading."""

    heading: str
    fields: tuple[Field, ...]
    when: When = ALWAYS


@dataclass(frozen=True, slots=True)
class Check:
    """What cannot be so, and what to do about it."""

    field: str
    when: When
    say: str


@dataclass(frozen=True, slots=True)
class Blank:
    """A kind of record, to be filled in."""

    kind: RecordKind
    heading: str
    short: str
    """What it is called in a list."""
    why: str
    about: str
    """What it is not to be taken for."""
    law: str
    sections: tuple[Section, ...]
    checks: tuple[Check, ...]
    is_many: bool
    """Whether several stand side by side, such as one for each wish. Otherwise the newest says how it is."""
    sums_up: str = ""
    """The field whose answer stands for the record in a list; empty where the first answer does."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """Every field, in order."""
        return tuple(field for section in self.sections for field in section.fields)

    def field(self, name: str) -> Field:
        """Find a field. Raises KeyError."""
        found = next((field for field in self.fields if field.name == name), None)
        if found is None:
            raise KeyError(name)
        return found

    @property
    def quotation(self) -> Field | None:
        """The field that quotes what was said, where it has one."""
        return next((field for field in self.fields if field.kind is FieldKind.QUOTATION), None)


@dataclass(frozen=True, slots=True)
class Wanting:
    """One line of the closing checklist, as it is worded."""

    heading: str
    missing: str
    due: str = ""


@dataclass(frozen=True, slots=True)
class Blanks:
    """Every kind of record, in the order in which they are offered."""

    kinds: Mapping[RecordKind, Blank]
    changing: Field
    wishes: Mapping[str, str]
    """What else can be quoted as a wish: the name of its question, and what it is called."""
    checklist: Mapping[str, Wanting]

    @classmethod
    def from_text(cls, text: str) -> "Blanks":
        """Read them from the text of `records.yml`."""
        told = yaml.safe_load(text)
        kinds = [_blank(one) for one in told["records"]]
        return cls(
            kinds={one.kind: one for one in kinds},
            changing=_field(told["changing"]),
            wishes=told["wishes"],
            checklist={name: Wanting(**one) for name, one in told["checklist"].items()},
        )

    def blank(self, kind: RecordKind, *, changes: bool = False) -> Blank:
        """Give a record to fill in. One that takes the place of another says first what has changed."""
        found = self.kinds[kind]
        if not changes:
            return found
        return replace(found, sections=(Section("What has changed", (self.changing,)), *found.sections))


# --- filling in ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Typed:
    """All that was typed and chosen on a page, by the names of its boxes. A date has three."""

    boxes: Mapping[str, tuple[str, ...]]

    def one(self, name: str) -> str:
        """What stood in a box; empty where nothing did."""
        return next(iter(self.boxes.get(name, ())), "")

    def every(self, name: str) -> tuple[str, ...]:
        """All that was chosen under a name."""
        return self.boxes.get(name, ())

    def date_parts(self, name: str) -> tuple[str, str, str]:
        """Day, month and year as they were typed."""
        day, month, year = (self.one(f"{name}-{part}") for part in DATE_PARTS)
        return day, month, year


DATE_PARTS = ("day", "month", "year")


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing to put right, in a kind sentence that names the field."""

    field: str
    say: str


@dataclass(frozen=True, slots=True)
class Filled:
    """A record ready to be kept: ids and dates apart from what was typed."""

    choices: Mapping[str, tuple[str, ...]]
    words: Mapping[str, str]
    quotes: str = ""
    """What it quotes, as it was offered; empty where it quotes nothing that is kept here."""


class NotFilledIn(Exception):
    """Something has to be put right first. Nothing of what was typed is lost by it."""

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        super().__init__(f"{len(wrong)} to put right.")
        self.wrong = tuple(wrong)


def fill_in(blank: Blank, typed: Typed, offered: Iterable[str], today: date) -> Filled:
    """Read what was typed into a record. Words stay exactly as they are. Raises NotFilledIn.

    `offered`: what may be quoted, by the names it was offered under.
    """
    reading = _Reading(blank, typed, frozenset(offered), today)
    return reading.filled()


class _Reading:
    """One page being read."""

    def __init__(self, blank: Blank, typed: Typed, offered: frozenset[str], today: date) -> None:
        self.blank = blank
        self.typed = typed
        self.offered = offered
        self.today = today
        self.wrong: list[Wrong] = []
        self.answers: dict[str, tuple[str, ...]] = {}
        """What conditions go by: chosen ids; `given` where a box or a date was filled in."""
        self.quotes = ""

    def filled(self) -> Filled:
        dates: dict[str, date] = {}
        for field in self.blank.fields:
            self.answers[field.name] = self._answer(field, dates)
        applies = {
            field.name: section.when.holds(self.answers) for section in self.blank.sections for field in section.fields
        }
        for section in self.blank.sections:
            for field in section.fields:
                self._look_at(field, section, applies[field.name], dates)
        for check in self.blank.checks:
            if check.when.holds(self.answers):
                self.wrong.append(Wrong(check.field, check.say))
        if self.wrong:
            places = {field.name: place for place, field in enumerate(self.blank.fields)}
            raise NotFilledIn(sorted(self.wrong, key=lambda one: places[one.field]))
        kept = [field for field in self.blank.fields if applies[field.name] and self.answers[field.name]]
        return Filled(
            choices={
                field.name: (dates[field.name].isoformat(),) if field.name in dates else self.answers[field.name]
                for field in kept
                if field.kind not in {FieldKind.WORDS, FieldKind.LINE}
            },
            words={
                field.name: self.typed.one(field.name)
                for field in kept
                if field.kind in {FieldKind.WORDS, FieldKind.LINE}
            },
            quotes=self.quotes,
        )

    def _answer(self, field: Field, dates: dict[str, date]) -> tuple[str, ...]:
        if field.kind in {FieldKind.CHOICE, FieldKind.CHOICES}:
            chosen = [one for one in self.typed.every(field.name) if field.choice(one)]
            return tuple(chosen if field.kind is FieldKind.CHOICES else chosen[:1])
        if field.kind is FieldKind.QUOTATION:
            return self._quotation(field)
        if field.kind is FieldKind.DATE:
            found = _date(self.typed.date_parts(field.name))
            if found is not None:
                dates[field.name] = found
            return ("given",) if any(part.strip() for part in self.typed.date_parts(field.name)) else ()
        return ("given",) if self.typed.one(field.name).strip() else ()

    def _quotation(self, field: Field) -> tuple[str, ...]:
        chosen = self.typed.one(field.name)
        if chosen == ELSEWHERE and field.offers is Offers.WISHES:
            return (ELSEWHERE,)
        if chosen in self.offered:
            self.quotes = chosen
            return (chosen.partition(":")[0],)
        return ()

    def _look_at(self, field: Field, section: Section, applies: bool, dates: Mapping[str, date]) -> None:
        answer = self.answers[field.name]
        if not applies:
            if answer and field.kind in {FieldKind.WORDS, FieldKind.LINE, FieldKind.DATE}:
                self._say(
                    field,
                    f"You filled in “{field.label}”, which belongs under “{section.heading}”. "
                    "That does not go with what you chose. Choose again, or empty it.",
                )
            return
        if not answer and field.needed is not None and field.needed.holds(self.answers):
            self._say(field, f"{_ASKED_FOR[field.kind]}: “{field.label}”")
        elif field.kind is FieldKind.DATE and answer:
            self._look_at_date(field, dates.get(field.name))
        elif field.kind in {FieldKind.WORDS, FieldKind.LINE}:
            longest = LONGEST_ANSWER if field.kind is FieldKind.WORDS else LONGEST_LINE
            if len(self.typed.one(field.name)) > longest:
                self._say(field, f"“{field.label}” holds up to {longest:,} characters. Please make it shorter.")
        elif len(answer) > 1 and any((one := field.choice(given)) is not None and one.alone for given in answer):
            alone = next(one.label for one in field.choices if one.alone and one.id in answer)
            self._say(field, f"“{alone}” cannot be chosen together with another answer: “{field.label}”")

    def _look_at_date(self, field: Field, found: date | None) -> None:
        if found is None:
            self._say(field, f"Give a day, a month and a year, such as 27 3 2026: “{field.label}”")
        elif field.tense is Tense.PAST and found > self.today:
            self._say(field, f"That day is still to come. Give the day it happened: “{field.label}”")
        elif field.tense is Tense.FUTURE and found < self.today:
            self._say(field, f"That day has passed. Give today or a day to come: “{field.label}”")
        elif found < EARLIEST or found.year > self.today.year + 10:
            self._say(field, f"Look at the year again: “{field.label}”")

    def _say(self, field: Field, say: str) -> None:
        self.wrong.append(Wrong(field.name, say))


_ASKED_FOR = {
    FieldKind.CHOICE: "Choose an answer",
    FieldKind.CHOICES: "Choose one answer or more",
    FieldKind.QUOTATION: "Choose what was said",
    FieldKind.WORDS: "Please write something",
    FieldKind.LINE: "Please write something",
    FieldKind.DATE: "Give a day",
}


def _date(parts: tuple[str, str, str]) -> date | None:
    try:
        # A pasted digit of another script is a digit; a sign or a space within is a slip.
        day, month, year = (int(part) if part.strip().isdecimal() else -1 for part in parts)
        return date(year, month, day)
    except (ValueError, OverflowError):
        return None


# --- reading again ---------------------------------------------------------------------------------------------------


class Kept(Protocol):
    """A record as it was kept."""

    @property
    def number(self) -> int:
        """Tell it from all others; a later one has a greater number."""

    @property
    def what(self) -> str:
        """Say which kind it is of."""

    @property
    def outcome_id(self) -> str | None:
        """Name the outcome that it quotes."""

    @property
    def choices(self) -> Mapping[str, tuple[str, ...]]:
        """Give what was chosen, and dates."""

    @property
    def words(self) -> Mapping[str, str]:
        """Give what was typed."""

    @property
    def replaces(self) -> int | None:
        """Say which record's place it took."""

    @property
    def account_id(self) -> str:
        """Say who made it."""

    @property
    def at(self) -> datetime:
        """Say when it was made."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record that stands, and those whose place it took, newest first."""

    now: Kept
    earlier: tuple[Kept, ...] = ()

    @property
    def kind(self) -> RecordKind:
        """What it is about."""
        return RecordKind(self.now.what)

    @property
    def versions(self) -> tuple[Kept, ...]:
        """All of it, newest first."""
        return (self.now, *self.earlier)

    def chose(self, field: str, *ids: str) -> bool:
        """Say whether any of these was chosen in the version that stands."""
        return not set(ids).isdisjoint(self.now.choices.get(field, ()))

    def day(self, field: str) -> date | None:
        """Give a date of the version that stands."""
        return next((date.fromisoformat(one) for one in self.now.choices.get(field, ())), None)


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that a record says."""

    field: Field
    chosen: tuple[Choice, ...] = ()
    words: str | None = None
    day: date | None = None


def standing(kept: Sequence[Kept]) -> tuple[Record, ...]:
    """Give the records that stand, with their earlier versions, in the order they were first made."""
    roots: dict[int, int] = {}
    found: dict[int, list[Kept]] = {}
    for one in sorted(kept, key=lambda one: one.number):
        root = roots.get(one.replaces, one.number) if one.replaces is not None else one.number
        roots[one.number] = root
        found.setdefault(root, []).insert(0, one)
    return tuple(Record(versions[0], tuple(versions[1:])) for versions in found.values())


def quotes(conversation_id: str, turn: int) -> tuple[str, str]:
    """Point to the wording that a record quotes, as its field `SAID_IN` keeps it."""
    return conversation_id, str(turn)


def quoted(kept: Kept) -> tuple[str, int] | None:
    """Give the conversation and the wording that a record quotes; None where it quotes none."""
    match kept.choices.get(SAID_IN, ()):
        case (conversation_id, turn):
            return conversation_id, int(turn)
    return None


def latest(kept: Sequence[Kept], kind: RecordKind) -> int:
    """Give the number of the latest record of a kind; 0 where there is none. A page remembers it."""
    return max((one.number for one in kept if one.what == kind), default=0)


def lines(blank: Blank, kept: Kept) -> tuple[Line, ...]:
    """Give all that a record says, in the order it was asked. The quotation is not in it: its words lie elsewhere."""
    return tuple(_lines(blank, kept))


def _lines(blank: Blank, kept: Kept) -> Iterator[Line]:
    for field in blank.fields:
        if field.kind in {FieldKind.WORDS, FieldKind.LINE}:
            if field.name in kept.words:
                yield Line(field, words=kept.words[field.name])
        elif chosen := kept.choices.get(field.name):
            if field.kind is FieldKind.DATE:
                yield Line(field, day=date.fromisoformat(chosen[0]))
            elif field.kind is not FieldKind.QUOTATION:
                # What a later version of these pages no longer offers is shown by its id: nothing kept is hidden.
                yield Line(field, chosen=tuple(field.choice(one) or Choice(one, one) for one in chosen))


def as_typed(blank: Blank, kept: Kept, quotes: str = "") -> Typed:
    """Fill a page in with what a record says, so that it can be put right. What has changed is left to be said."""
    boxes: dict[str, tuple[str, ...]] = {}
    for field in blank.fields:
        chosen = kept.choices.get(field.name, ())
        if field.kind is FieldKind.DATE and chosen:
            day = date.fromisoformat(chosen[0])
            parts = zip(DATE_PARTS, (day.day, day.month, day.year), strict=True)
            boxes |= {f"{field.name}-{part}": (str(value),) for part, value in parts}
        elif field.kind is FieldKind.QUOTATION:
            boxes[field.name] = (quotes or ELSEWHERE,) if chosen else ()
        elif field.kind in {FieldKind.WORDS, FieldKind.LINE}:
            boxes[field.name] = (kept.words[field.name],) if field.name in kept.words else ()
        else:
            boxes[field.name] = chosen
    return Typed(boxes)


# --- reading records.yml ---------------------------------------------------------------------------------------------


def _blank(told: Mapping[str, Any]) -> Blank:
    return Blank(
        kind=RecordKind(told["kind"]),
        heading=told["heading"],
        short=told["short"],
        why=told["why"],
        about=told.get("about", ""),
        law=told.get("law", ""),
        sections=tuple(
            Section(one["heading"], tuple(map(_field, one["fields"])), _when(one.get("when", {})))
            for one in told["sections"]
        ),
        checks=tuple(Check(one["field"], _when(one["when"]), one["say"]) for one in told.get("checks", ())),
        is_many=told.get("many", False),
        sums_up=told.get("sums_up", ""),
    )


def _field(told: Mapping[str, Any]) -> Field:
    needed = told.get("needed", False)
    return Field(
        name=told["name"],
        kind=FieldKind(told["kind"]),
        label=told["label"],
        needed=_when(needed) if isinstance(needed, Mapping) else ALWAYS if needed else None,
        hint=told.get("hint", ""),
        choices=tuple(Choice(**one) for one in told.get("choices", ())),
        tense=Tense(told.get("tense", Tense.PAST)),
        offers=Offers(told.get("offers", Offers.OUTCOMES)),
    )


def _when(told: Mapping[str, Any]) -> When:
    every = {name: frozenset(ids) for name, ids in told.items() if name != "some"}
    return When(every, {name: frozenset(ids) for name, ids in told.get("some", {}).items()})
