"""What a council changes without a developer: what people read, who may begin, how long things are kept, its own name.

What is given here stands over the settings of the installation. Nothing is overwritten: each value stays with who gave
it and when, and can be put back. The pages of the person show the newest, without a restart.
"""

import contextlib
import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from anyio import to_thread

from bot.conversation import REFERENCE
from bot.interview_checks import CONTRACTION, JARGON, LONGEST_SENTENCE, PROMISING, WORDS_OF_A_SETTING
from bot.roles import Act, Actor, require, require_proven
from bot.settings import Settings
from bot.store import AuditAct, Changed, NotRead, Store, Transaction

READ_EVERY = 2.0
"""Seconds after which values are read again that another process may have changed."""


class Group(StrEnum):
    """What is looked at and put in place together."""

    PEOPLE = "people"
    BEGINNING = "beginning"
    KEEPING = "keeping"
    RETURN = "return"
    """What the national return says of the council."""


class Name(StrEnum):
    """Each value that a council gives."""

    TEAM = "team"
    PHONE = "phone"
    PHONE_HOURS = "phone_hours"
    OUT_OF_HOURS_PHONE = "out_of_hours_phone"
    READ_WITHIN = "read_within"
    CONTACT = "contact"
    """A sentence or two for whoever wants to talk to a person."""
    WALK_IN = "walk_in"
    KEEP_UNFINISHED = "keep_unfinished"
    KEEP_WAITING = "keep_waiting"
    KEEP_CLOSED = "keep_closed"
    KEEP_AUDIT = "keep_audit"
    GEOGRAPHY = "geography"
    COUNCIL_TYPE = "council_type"
    REGION_CODE = "region_code"
    REGION_NAME = "region_name"
    ONS_CODE = "ons_code"
    LA_CODE = "la_code"
    LA_NAME = "la_name"


class Unit(StrEnum):
    """What a time to keep things is counted in."""

    DAYS = "days"
    YEARS = "years"


@dataclass(frozen=True, slots=True)
class Term:
    """For how long a class of things is kept: what it is until a council says otherwise, and what it may say."""

    unit: Unit
    ships: int
    least: int
    most: int


TERMS: Mapping[Name, Term] = MappingProxyType(
    {
        Name.KEEP_UNFINISHED: Term(Unit.DAYS, 30, 7, 365),
        Name.KEEP_WAITING: Term(Unit.DAYS, 90, 14, 365),
        Name.KEEP_CLOSED: Term(Unit.YEARS, 8, 1, 100),
        Name.KEEP_AUDIT: Term(Unit.YEARS, 6, 1, 100),
    }
)
"""The classes of what is kept that a council decides about."""

GROUPS: Mapping[Group, tuple[Name, ...]] = MappingProxyType(
    {
        Group.PEOPLE: (
            Name.TEAM,
            Name.PHONE,
            Name.PHONE_HOURS,
            Name.OUT_OF_HOURS_PHONE,
            Name.CONTACT,
            Name.READ_WITHIN,
        ),
        Group.BEGINNING: (Name.WALK_IN,),
        Group.KEEPING: tuple(TERMS),
        Group.RETURN: (
            Name.LA_NAME,
            Name.LA_CODE,
            Name.ONS_CODE,
            Name.COUNCIL_TYPE,
            Name.REGION_NAME,
            Name.REGION_CODE,
            Name.GEOGRAPHY,
        ),
    }
)

LONGEST = {
    Name.TEAM: 60,
    Name.READ_WITHIN: 40,
    Name.PHONE_HOURS: 80,
    Name.CONTACT: 240,
    **dict.fromkeys(GROUPS[Group.RETURN], 80),
}
"""In characters."""
DIGITS = range(3, 16)
"""As many as a telephone number has."""

GEOGRAPHY = "ENGLAND"
"""What the national publication calls the geography of every council (publication code of NHS England)."""
CODES: Mapping[Name, tuple[re.Pattern[str], str]] = MappingProxyType(
    {
        Name.LA_CODE: (
            re.compile(r"[0-9]{3}"),
            "Write the three digits that the return knows the council by, such as 111.",
        ),
        Name.ONS_CODE: (
            re.compile(r"E(?:06|08|09|10)[0-9]{6}"),
            "Write the ONS code of a council with adult social care: E06, E08, E09 or E10, then six digits.",
        ),
        Name.REGION_CODE: (
            re.compile(r"E1200000[1-9]"),
            "Write the ONS code of a region of England, from E12000001 to E12000009.",
        ),
    }
)
"""What codes look like, and what is said of one that does not."""
REGIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "E12000001": ("North East",),
        "E12000002": ("North West",),
        "E12000003": ("Yorkshire and The Humber",),
        "E12000004": ("East Midlands",),
        "E12000005": ("West Midlands",),
        "E12000006": ("East of England", "Eastern"),
        "E12000007": ("London",),
        "E12000008": ("South East",),
        "E12000009": ("South West",),
    }
)
"""What regions of England are called, by their codes."""
FORMULAS = tuple("=+-@|%'")
"""What a spreadsheet program takes for something else at the beginning of a value."""

NUMBER = re.compile(r"\+?[0-9() -]+")
STOPS = re.compile(r"[.!?](?:\s|$)")
"""Where a sentence ends. What stands within a sentence of ours must not end it."""
OURS = re.compile(rf"\[\[|\]\]|[{{}}]|{REFERENCE.pattern}")
"""What stands for something else in a wording of ours."""

Given = Mapping[Name, str]
"""Values as they are typed and kept."""


@dataclass(frozen=True, slots=True)
class Values:
    """What holds now."""

    team: str
    read_within: str
    phone: str
    phone_hours: str
    out_of_hours_phone: str
    contact: str
    walk_in: bool
    keeps: Mapping[Name, int]
    """Days or years, by what is kept; `TERMS` says which."""


class NotDone(Exception):
    """What was asked for was not done; the message says why, and what to do, in a sentence for the page."""


class NotTaken(NotDone):
    """Something typed cannot be put in place. `errors` says of each value what is wrong with it."""

    def __init__(self, errors: Mapping[Name, str]) -> None:
        super().__init__("Something here cannot be put in place yet.")
        self.errors = errors


class ChangedMeanwhile(NotDone):
    """Somebody put other values in place after this page was opened."""


@dataclass(frozen=True, slots=True)
class Held:
    """The values of one group as they are now, and what tells whether they still are."""

    given: Given
    seen: str


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a value: who, when, from what to what."""

    name: Name
    before: str
    after: str
    by: str
    """The name of who did it; empty where it was done on the command line."""
    at: datetime
    number: int
    """From 1, the oldest. What was there before all of them is number 0."""


# --- what holds now --------------------------------------------------------------------------------------------------


def of_installation(settings: Settings) -> dict[Name, str]:
    """Give what holds where the council said nothing."""
    return {
        Name.TEAM: settings.team,
        Name.PHONE: settings.phone,
        Name.PHONE_HOURS: settings.phone_hours,
        Name.OUT_OF_HOURS_PHONE: settings.out_of_hours_phone,
        Name.READ_WITHIN: settings.read_within,
        Name.CONTACT: "",
        Name.WALK_IN: "yes" if settings.walk_in else "no",
        **{name: str(term.ships) for name, term in TERMS.items()},
        **dict.fromkeys(GROUPS[Group.RETURN], ""),
        Name.GEOGRAPHY: GEOGRAPHY,
    }


def values_of(given: Given) -> Values:
    """Read values as they are kept. A time that is not a number, which nobody can put in place, is as it ships."""
    return Values(
        team=given[Name.TEAM],
        read_within=given[Name.READ_WITHIN],
        phone=given[Name.PHONE],
        phone_hours=given[Name.PHONE_HOURS],
        out_of_hours_phone=given[Name.OUT_OF_HOURS_PHONE],
        contact=given[Name.CONTACT],
        walk_in=given[Name.WALK_IN] != "no",
        keeps={name: _whole(given[name]) or term.ships for name, term in TERMS.items()},
    )


def values_now(store: Store, settings: Settings) -> Values:
    """Read what holds now. Raises NotRead."""
    with store.reading() as seen:
        return values_of(_over(settings, seen.council.now()))


def in_return(seen: Transaction, settings: Settings) -> dict[Name, str]:
    """Give what the national return says of the council; what nobody gave is empty."""
    return _of_group(_over(settings, seen.council.now()), Group.RETURN)


class InPlace:
    """The values that hold now, at hand for every page. The database is asked at most every few seconds."""

    def __init__(self, store: Store, settings: Settings, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.values = values_of(of_installation(settings))
        self._store = store
        self._settings = settings
        self._clock = clock
        self._read_at: float | None = None
        self._asked = 0

    async def read(self) -> Values:
        """Give what holds now. While the database cannot be read it is what held before: nobody is turned away."""
        now = self._clock()
        if self._read_at is None or not 0 <= now - self._read_at < READ_EVERY:
            self._read_at = now  # first, so that of all who come at once only one asks
            self._asked += 1
            asked = self._asked
            with contextlib.suppress(NotRead):
                found = await to_thread.run_sync(values_now, self._store, self._settings)
                # Whoever asked later knows better.
                if asked == self._asked and found != self.values:
                    self.values = found
        return self.values

    def read_again(self) -> None:
        """Say that something was put in place: the next page shows it."""
        self._read_at = None


# --- changing it -----------------------------------------------------------------------------------------------------


def look(store: Store, settings: Settings, actor: Actor, group: Group) -> Held:
    """Give the values of a group as they are now. Raises NotAllowed."""
    require(actor, Act.CHANGE_SETTINGS)
    with store.reading() as seen:
        return _held(_over(settings, seen.council.now()), group)


def checked(group: Group, typed: Given) -> dict[Name, str]:
    """Give the values of a group as they would be kept. Raises NotTaken, with a sentence for each that cannot be."""
    given = {name: " ".join(typed.get(name, "").split()) for name in GROUPS[group]}
    given |= {name: given[name].replace(" ", "").upper() for name in CODES if name in given}
    errors = {name: wrong for name, value in given.items() if (wrong := _wrong(name, value))}
    if errors:
        raise NotTaken(errors)
    return {name: str(int(value)) if name in TERMS else value for name, value in given.items()}


def tried(store: Store, settings: Settings, actor: Actor, group: Group, typed: Given) -> Values:
    """Give what would hold with these values in place, and put nothing in place. Raises NotAllowed, NotTaken."""
    require(actor, Act.CHANGE_SETTINGS)
    given = checked(group, typed)
    with store.reading() as seen:
        return values_of({**_over(settings, seen.council.now()), **given})


def put_in_place(
    store: Store, settings: Settings, actor: Actor, group: Group, typed: Given, seen: str, now: datetime
) -> tuple[Name, ...]:
    """Put the values of a group in place, and give the names of those that are others now.

    `seen` is that of the values which the page was made from. Raises NotAllowed, ProofNeeded, NotTaken, and
    ChangedMeanwhile when they are others by now.
    """
    require_proven(actor, Act.CHANGE_SETTINGS, now)
    given = checked(group, typed)
    with store.begin() as kept:
        held = _held(_over(settings, kept.council.now()), group)
        if held.seen != seen:
            raise ChangedMeanwhile("Somebody else changed this meanwhile. Look at what is in place now, then decide.")
        changed = tuple(name for name, value in given.items() if value != held.given[name])
        for name in changed:
            kept.council.change(name, given[name], actor.account_id, now)
            kept.audit.add(AuditAct.CHANGED, now, account_id=actor.account_id, about=f"council.{name}")
    return changed


def history(store: Store, settings: Settings, actor: Actor, name: Name) -> tuple[Change, ...]:
    """List the changes of a value, the newest first. Raises NotAllowed."""
    require(actor, Act.CHANGE_SETTINGS)
    with store.reading() as seen:
        changes: tuple[Changed, ...] = seen.council.history(name)
        by = {one.account_id for one in changes if one.account_id is not None}
        names = {account_id: seen.accounts.get(account_id).name for account_id in by}
    before, found = of_installation(settings)[name], []
    for number, one in enumerate(changes, 1):
        found.append(Change(name, before, one.value, names.get(one.account_id or "", ""), one.at, number))
        before = one.value
    return tuple(reversed(found))


def earlier(store: Store, settings: Settings, actor: Actor, name: Name, number: int) -> str | None:
    """Give the value that a change put in place, by its number; 0 is what the installation says. None: no such change.

    Raises NotAllowed.
    """
    require(actor, Act.CHANGE_SETTINGS)
    if number == 0:
        return of_installation(settings)[name]
    return next((one.after for one in history(store, settings, actor, name) if one.number == number), None)


def group_of(name: Name) -> Group:
    """Say with which others a value is looked at."""
    return next(group for group, names in GROUPS.items() if name in names)


def _over(settings: Settings, given: Mapping[str, str]) -> dict[Name, str]:
    return of_installation(settings) | {Name(name): value for name, value in given.items() if name in set(Name)}


def _of_group(given: Given, group: Group) -> dict[Name, str]:
    return {name: given[name] for name in GROUPS[group]}


def _held(given: Given, group: Group) -> Held:
    of_group = _of_group(given, group)
    return Held(of_group, hashlib.sha256(json.dumps(of_group).encode()).hexdigest())


# --- what may be put in place ----------------------------------------------------------------------------------------


def _wrong(name: Name, value: str) -> str:
    """Say what keeps a value from being put in place; "" for nothing."""
    if name in TERMS:
        return _wrong_term(TERMS[name], value)
    if name is Name.WALK_IN:
        return "" if value in {"yes", "no"} else "Choose yes or no."
    if not value:
        return NEEDED.get(name, "")
    if name in {Name.PHONE, Name.OUT_OF_HOURS_PHONE}:
        return _wrong_phone(value)
    if len(value) > LONGEST[name]:
        return f"This is {len(value)} characters long. Please make it {LONGEST[name]} or fewer."
    if not value.isprintable():
        return "There is a sign in this that cannot be seen. Please type it again."
    if name in GROUPS[Group.RETURN]:
        return _wrong_in_return(name, value)
    if OURS.search(value):
        return "Please leave out brackets like [[ ]] and { }, and “turn:” with a number: they mean something here."
    if name is Name.CONTACT:
        return "" if len(_sentences(value)) <= 2 else "Please make this two sentences at most."
    if STOPS.search(value):
        return "This stands within a sentence, so leave out full stops: “9am to 5pm”."
    if name is Name.READ_WITHIN and value.lower().startswith("within "):
        return "Leave out “within”: it stands before this already."
    return ""


NEEDED = {
    Name.TEAM: "Give the team a name that people know, such as “the adult support team”.",
    Name.READ_WITHIN: "Say within what time somebody reads it, such as “two working days”.",
}


def _wrong_phone(value: str) -> str:
    digits = sum(letter.isdigit() for letter in value)
    if not NUMBER.fullmatch(value) or not value.isascii() or digits not in DIGITS:
        return "Write a telephone number in digits and spaces, such as 01234 567 890."
    if value.startswith("+") and "(0)" in value:
        return "Leave out the (0): with it the number cannot be rung. Write +44 1234 567 890, or 01234 567 890."
    return ""


def _wrong_in_return(name: Name, value: str) -> str:
    if name in CODES:
        pattern, said = CODES[name]
        return "" if pattern.fullmatch(value) else said
    if value.startswith(FORMULAS):
        return f"Leave out the {value[0]} at the beginning: a spreadsheet program takes it for something else."
    return ""


def _wrong_term(term: Term, value: str) -> str:
    number = _whole(value)
    if number is None or not term.least <= number <= term.most:
        return f"Write a whole number of {term.unit}, from {term.least} to {term.most}."
    return ""


def _whole(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 6 else None


def _sentences(value: str) -> list[str]:
    return [sentence for sentence in STOPS.split(value) if sentence.strip()]


# --- what to think about ---------------------------------------------------------------------------------------------


def advice(values: Values) -> Iterator[str]:
    """Say what to think about before this is put in place. It keeps nobody from it: the council decides."""
    if not values.phone:
        yield "There is no telephone number. People who want to talk to somebody find none on the pages."
    elif not values.phone_hours:
        yield "People do not read when the telephone is answered."
    if not values.out_of_hours_phone:
        yield "There is no number for evenings, nights and weekends."
    if len(values.team.split()) > WORDS_OF_A_SETTING:
        yield f"A name of {WORDS_OF_A_SETTING} words or fewer keeps the sentences short that it stands in."
    for sentence in _sentences(values.contact):
        if len(sentence.split()) > LONGEST_SENTENCE:
            yield f"A sentence of more than {LONGEST_SENTENCE} words is hard to read: “{sentence}”"
    for said in (values.team, values.contact):
        yield from _hard_words(said)


def _hard_words(said: str) -> Iterator[str]:
    plain = f" {' '.join(re.findall(r'[a-z-]+', said.lower()))} "
    for word in JARGON:
        if f" {word} " in plain or f" {word}s " in plain:
            yield f"People should not have to know the word “{word}”."
    for phrase in PROMISING:
        if f" {phrase} " in plain:
            yield f"“{phrase}” reads like a promise that nobody can keep."
    if CONTRACTION.search(said):
        yield "Short forms such as “don't” are harder to read than “do not”."


def advice_on_return(given: Given) -> Iterator[str]:
    """Say what to think about before this is put in place as what the return says of the council."""
    missing = sum(not given[name] for name in GROUPS[Group.RETURN])
    if missing:
        what = "One of these is" if missing == 1 else f"{missing} of these are"
        yield f"{what} still missing. The file of the return can be taken out once all are there."
    called = REGIONS.get(given[Name.REGION_CODE], ())
    plain = given[Name.REGION_NAME].lower().removeprefix("the ")
    if called and plain and plain not in {one.lower() for one in called}:
        yield f"{given[Name.REGION_CODE]} stands for {called[0]}. Look whether name and code go together."
