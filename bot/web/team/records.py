"""Pages of records: making one, putting one right, reading one with its earlier versions, and the closing checklist."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from typing import ClassVar, TypeVar

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot import recording
from bot.checklist import Item, Source, State
from bot.project import load_records
from bot.recording import Filling, NewerRecord, Quoted, RecordSeen, Version
from bot.records import (
    BECAUSE,
    ELSEWHERE,
    Blank,
    Blanks,
    Choice,
    Field,
    FieldKind,
    Kept,
    Line,
    NotFilledIn,
    Offers,
    RecordKind,
    Typed,
    Wanting,
    Wrong,
)
from bot.reviewing.reading import Communication
from bot.reviewing.seeing import Names, Unopened, open_enquiry_to_read
from bot.roles import RULES, Act
from bot.store import Missing
from bot.web.access import About
from bot.web.forms import Form
from bot.web.team.pages import MONTHS, Problem, TeamPage, in_britain
from bot.web.team.shell import Signed, TeamRoute

FOUND_ELSEWHERE = "Something else that they said, not in these conversations"

NOT_TYPED = frozenset({"form", "once", "known", "changes", "do"})
"""Fields of the form that say nothing of the record."""

T = TypeVar("T")


# --- what pages are given --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Option:
    """One answer on offer."""

    id: str
    label: str
    hint: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class QuoteOption:
    """Words that can be quoted."""

    key: str
    quoted: Quoted | None
    """None for what was said elsewhere."""
    label: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Box:
    """One field of the page, with what stands in it."""

    name: str
    kind: str
    label: str
    hint: str
    is_optional: bool
    words: str = ""
    options: tuple[Option, ...] = ()
    quotes: tuple[QuoteOption, ...] = ()
    day: str = ""
    month: str = ""
    year: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """Fields that belong together."""

    id: str
    heading: str
    is_conditional: bool
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that a record says."""

    label: str
    chosen: tuple[tuple[str, str], ...]
    """Each with its label in the national figures, if it has one."""
    words: str | None
    day: str


@dataclass(frozen=True, slots=True)
class ShownVersion:
    """One version of a record."""

    number: int
    by: str
    at: datetime
    quotes: Quoted | None
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class ShownRecord:
    """A record that stands."""

    short: str
    heading: str
    summary: str
    """The answer that stands for it in lists."""
    tells_apart: str
    """What was typed that tells it from others of its kind, such as which decision it is about; empty where a
    quotation does, or where there is one of its kind."""
    now: ShownVersion
    earlier: tuple[ShownVersion, ...]
    address: str
    change: str
    """Where it is put right; empty for who may not."""


@dataclass(frozen=True, slots=True)
class PanelRow:
    """One kind of record, as the enquiry's page lists it."""

    short: str
    records: tuple[ShownRecord, ...]
    add: str
    """Where one is made; empty for who may not, and where the one there is is changed in its place."""
    adds: str
    """What the way there is called."""


@dataclass(frozen=True, slots=True)
class RecordsPanel:
    """The records of an enquiry on its own page; its template includes `team/records_panel.html` with `panel`."""

    rows: tuple[PanelRow, ...]
    checklist: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordForm(TeamPage):
    """A record being made, or put right."""

    template: ClassVar[str] = "team/record_form.html"
    reference: str | None
    back: str
    blank: Blank
    action: str
    fields: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    newer: tuple[ShownRecord, ...]
    """What somebody recorded while this page was open."""
    standing: tuple[ShownRecord, ...]
    is_change: bool
    can_be_made: bool
    """False where it has to quote something, and there is nothing to quote."""
    communication: Communication


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPage(TeamPage):
    """A record as it is read."""

    template: ClassVar[str] = "team/record.html"
    reference: str | None
    back: str
    record: ShownRecord
    blank: Blank


@dataclass(frozen=True, slots=True)
class Checked:
    """One line of the checklist."""

    heading: str
    says: str
    """What is missing, or still to be done; empty where all is there."""
    answers: tuple[str, ...]
    words: tuple[str, ...]
    national: tuple[str, ...]
    source: str
    by: str
    """Who recorded it."""
    at: datetime | None
    day: str
    wanted: tuple[str, ...]
    """The words of the wish that it is about."""
    wanted_by: str
    address: str
    """Where the record is that says it, or the conversation that it is about."""
    address_text: str
    way: str
    """Where it can be recorded."""
    way_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist(TeamPage):
    """What is known before an enquiry closes, and what is missing."""

    template: ClassVar[str] = "team/checklist.html"
    reference: str | None
    back: str
    missing: tuple[Checked, ...]
    due: tuple[Checked, ...]
    there: tuple[Checked, ...]
    close: str
    """Where a manager closes it; empty for others, and where it is closed."""
    is_closed: bool
    communication: Communication


# --- handlers --------------------------------------------------------------------------------------------------------


async def show_blank(request: Request, signed: Signed) -> Response:
    """A record to be filled in; or one that stands, to be put right."""
    enquiry_id, kind, changes = _asked_for(request)

    def read() -> Filling:
        return recording.blank_page(signed.desk.store, blanks(), signed.actor, enquiry_id, kind, changes)

    found = await _read(request, read)
    if isinstance(found, Response):
        return found
    return signed.shown(_form(signed, request, _about(found, request.query_params.get("wish", ""))))


async def keep(request: Request, signed: Signed) -> Response:
    """Keep a record. Where something is to be put right, or somebody was first, all that was typed is still there."""
    enquiry_id, kind, _ = _asked_for(request)
    typed = _typed(signed.form)
    changes = _number(signed.form.one("changes"))

    def record() -> int:
        return recording.record(
            signed.desk.store,
            blanks(),
            signed.actor,
            enquiry_id,
            kind,
            typed,
            signed.now,
            in_britain(signed.now).date(),
            known=_number(signed.form.one("known")) or 0,
            changes=changes,
            token=signed.once,
        ).number

    def as_it_is_now() -> Filling:
        found = recording.blank_page(signed.desk.store, blanks(), signed.actor, enquiry_id, kind, changes)
        return replace(found, typed=typed)

    try:
        number = await opening(signed, enquiry_id, record)
    except NotFilledIn as error:
        filling = await to_thread.run_sync(as_it_is_now)
        known = signed.form.one("known")
        return signed.shown(_form(signed, request, filling, wrong=error.wrong, known=known))
    except NewerRecord as error:
        filling = await to_thread.run_sync(as_it_is_now)
        return signed.shown(_form(signed, request, filling, newer=error.entries), 409)
    return signed.leads_to(f"{_enquiry(enquiry_id)}/record/{number}", "The record is kept.")


async def show_record(request: Request, signed: Signed) -> Response:
    """One record with its earlier versions, whichever of them was asked for."""
    enquiry_id, number = request.path_params["enquiry_id"], _number_asked_for(request)

    def read() -> tuple[recording.Records, RecordSeen]:
        return recording.read_record(signed.desk.store, blanks(), signed.actor, enquiry_id, number)

    found = await _read(request, read)
    if isinstance(found, Response):
        return found
    records, one = found
    page = RecordPage(
        frame=signed.frame(),
        title=one.blank.heading,
        reference=records.seen.enquiry.reference,
        back=_enquiry(enquiry_id),
        record=_shown(one, records.names, enquiry_id, may_record=records.may_record),
        blank=one.blank,
    )
    return signed.shown(page)


async def show_checklist(request: Request, signed: Signed) -> Response:
    """What is known of the enquiry before it closes, in whose words, and what is missing."""
    enquiry_id = request.path_params["enquiry_id"]

    def read() -> recording.Checking:
        return recording.check_closing(signed.desk.store, blanks(), signed.actor, enquiry_id)

    found = await _read(request, read)
    if isinstance(found, Response):
        return found
    lines: dict[State, list[Checked]] = {state: [] for state in State}
    for item in found.items:
        lines[item.state].append(_checked(item, found.names, enquiry_id, may_record=found.may_record))
    is_closed = found.seen.enquiry.closed_at is not None
    page = Checklist(
        frame=signed.frame(),
        title="Before closing",
        reference=found.seen.enquiry.reference,
        back=_enquiry(enquiry_id),
        missing=tuple(lines[State.MISSING]),
        due=tuple(lines[State.DUE]),
        there=tuple(lines[State.THERE]),
        close=f"{_enquiry(enquiry_id)}/close" if found.may_close and not is_closed else "",
        is_closed=is_closed,
        communication=found.communication,
    )
    return signed.shown(page)


def records_panel(signed: Signed, enquiry_id: str) -> RecordsPanel | None:
    """Give the records for the enquiry's own page; None for whoever may not see them.

    It reads the store: call it in a worker thread, where the session has opened the enquiry. Raises Missing, Unopened.
    """
    if signed.actor.role not in RULES[Act.SEE_RECORDS]:
        return None
    found = recording.read_records(signed.desk.store, blanks(), signed.actor, enquiry_id)
    rows = []
    for kind, blank in blanks().kinds.items():
        records = tuple(
            _shown(one, found.names, enquiry_id, may_record=found.may_record) for one in reversed(found.of(kind))
        )
        may_add = found.may_record and (blank.is_many or not records or kind is RecordKind.ASKED)
        rows.append(
            PanelRow(
                short=blank.short,
                records=records,
                add=f"{_enquiry(enquiry_id)}/records/{kind}" if may_add else "",
                adds=_adds(blank, records),
            )
        )
    return RecordsPanel(tuple(rows), f"{_enquiry(enquiry_id)}/checklist")


def _adds(blank: Blank, records: Sequence[ShownRecord]) -> str:
    if not records:
        return "Record this"
    return "Add another" if blank.is_many else "Record it anew"


@cache
def blanks() -> Blanks:
    """Give every kind of record, as `records.yml` words it."""
    return load_records()


# --- what was asked for ----------------------------------------------------------------------------------------------


def _enquiry(enquiry_id: str) -> str:
    return f"/team/enquiries/{enquiry_id}"


def _asked_for(request: Request) -> tuple[str, RecordKind, int | None]:
    """Read the address. Raises Missing."""
    try:
        kind = RecordKind(request.path_params["kind"])
    except ValueError as error:
        raise Missing("There is no such kind of record.") from error
    number = _number_asked_for(request) if "number" in request.path_params else None
    return request.path_params["enquiry_id"], kind, number


def _number_asked_for(request: Request) -> int:
    """Read the number in the address. Raises Missing for one that is longer than any."""
    number = _number(request.path_params["number"])
    if number is None:
        raise Missing("There is no such record.")
    return number


def _about(filling: Filling, wish: str) -> Filling:
    """Have a wish chosen already, where a page about it leads here."""
    field = filling.blank.quotation
    if field is None or filling.typed.boxes or wish not in {one.key for one in filling.offered}:
        return filling
    return replace(filling, typed=Typed({field.name: (wish,)}))


def _number(sent: str) -> int | None:
    return int(sent) if sent.isascii() and sent.isdigit() and len(sent) < 16 else None


def _typed(form: Form) -> Typed:
    boxes: dict[str, tuple[str, ...]] = {}
    for name, value in form.fields:
        if name not in NOT_TYPED:
            boxes[name] = (*boxes.get(name, ()), value.replace("\r\n", "\n"))
    return Typed(boxes)


async def _read(request: Request, read: Callable[[], T]) -> T | Response:
    """Read what this session has opened; else lead to where it is opened."""
    try:
        return await to_thread.run_sync(read)
    except Unopened:
        return RedirectResponse(_enquiry(request.path_params["enquiry_id"]), status_code=303)


async def opening(signed: Signed, enquiry_id: str, verb: Callable[[], T]) -> T:
    """Do it. Who signed in again since the page was made opens the enquiry by this press: that is recorded too.

    Looking opens nothing. Raises Unopened.
    """
    try:
        return await to_thread.run_sync(verb)
    except Unopened:
        if signed.route.method == "GET":
            raise

        def open_it() -> None:
            open_enquiry_to_read(signed.desk.store, signed.actor, enquiry_id, signed.now)

        await to_thread.run_sync(open_it)
        return await to_thread.run_sync(verb)


# --- from what is known to what is shown -----------------------------------------------------------------------------


def _form(
    signed: Signed,
    request: Request,
    filling: Filling,
    *,
    wrong: Sequence[Wrong] = (),
    newer: Sequence[Kept] = (),
    known: str = "",
) -> RecordForm:
    enquiry_id, blank = filling.seen.enquiry.enquiry_id, filling.blank
    numbers = {one.number for one in newer}
    shown = [_shown(one, filling.names, enquiry_id, may_record=False) for one in filling.standing]
    changes = filling.changes
    return RecordForm(
        frame=signed.frame(),
        title=blank.heading,
        problems=tuple(Problem(one.say, _href(blank.field(one.field))) for one in wrong),
        reference=filling.seen.enquiry.reference,
        back=_enquiry(enquiry_id),
        blank=blank,
        action=request.url.path,
        fields=(
            ("known", known or str(filling.latest)),
            ("changes", "" if changes is None else str(changes.now.entry.number)),
        ),
        parts=tuple(
            Part(
                id=f"part-{place}",
                heading=section.heading,
                is_conditional=bool(section.when.every or section.when.some),
                boxes=tuple(_box(field, filling.typed, filling.offered) for field in section.fields),
            )
            for place, section in enumerate(blank.sections, 1)
        ),
        newer=tuple(one for one in shown if numbers & {version.number for version in (one.now, *one.earlier)}),
        standing=tuple(shown),
        is_change=changes is not None,
        can_be_made=not _lacks_words(blank, filling.offered),
        communication=filling.communication,
    )


def _lacks_words(blank: Blank, offered: Sequence[Quoted]) -> bool:
    field = blank.quotation
    return field is not None and field.offers is Offers.OUTCOMES and not offered


def _href(field: Field) -> str:
    return f"#{field.name}-day" if field.kind is FieldKind.DATE else f"#{field.name}"


def _box(field: Field, typed: Typed, offered: Sequence[Quoted]) -> Box:
    chosen = typed.every(field.name)
    day, month, year = typed.date_parts(field.name)
    return Box(
        name=field.name,
        kind=field.kind.value,
        label=field.label,
        hint=field.hint,
        is_optional=field.needed is None,
        words=typed.one(field.name) if field.kind in {FieldKind.WORDS, FieldKind.LINE} else "",
        options=tuple(Option(one.id, one.label, _hint(one), one.id in chosen) for one in field.choices),
        quotes=tuple(_quote_options(field, offered, chosen)) if field.kind is FieldKind.QUOTATION else (),
        day=day,
        month=month,
        year=year,
    )


def _hint(choice: Choice) -> str:
    """Say what counts as what, where it is not called the same."""
    counted = f"In the national figures: {choice.national}" if choice.national not in {"", choice.label} else ""
    return "  ".join(part for part in (choice.hint, counted) if part)


def _quote_options(field: Field, offered: Sequence[Quoted], chosen: Sequence[str]) -> Iterable[QuoteOption]:
    for one in offered:
        yield QuoteOption(one.key, one, one.about, one.key in chosen)
    if field.offers is Offers.WISHES:
        yield QuoteOption(ELSEWHERE, None, FOUND_ELSEWHERE, ELSEWHERE in chosen)


def _shown(one: RecordSeen, names: Names, enquiry_id: str, *, may_record: bool) -> ShownRecord:
    number, kind = one.now.entry.number, one.blank.kind
    now = _version(one.now, names)
    sums_up = [line for line in one.now.lines if line.field.name == one.blank.sums_up] or one.now.lines
    chosen = [choice.label for line in sums_up for choice in line.chosen]
    typed = [line.words for line in one.now.lines if line.words is not None and line.field.name != BECAUSE]
    return ShownRecord(
        short=one.blank.short,
        heading=one.blank.heading,
        summary=chosen[0] if chosen else one.blank.short,
        tells_apart=typed[0] if typed and one.blank.is_many and one.blank.quotation is None else "",
        now=now,
        earlier=tuple(_version(version, names) for version in one.earlier),
        address=f"{_enquiry(enquiry_id)}/record/{number}",
        change=f"{_enquiry(enquiry_id)}/records/{kind}/{number}" if may_record else "",
    )


def _version(version: Version, names: Names) -> ShownVersion:
    return ShownVersion(
        number=version.entry.number,
        by=names.account(version.entry.account_id),
        at=version.entry.at,
        quotes=version.quotes,
        said=tuple(map(_said, version.lines)),
    )


def _said(line: Line) -> Said:
    return Said(
        label=line.field.label,
        chosen=tuple((one.label, one.national if one.national != one.label else "") for one in line.chosen),
        words=line.words,
        day=_day(line.day),
    )


def _day(day: date | None) -> str:
    return "" if day is None else f"{day.day} {MONTHS[day.month - 1]} {day.year}"


SOURCES: Mapping[Source, str] = {
    Source.PERSON: "In the person's own words",
    Source.ADVOCATE: "In the words of somebody who speaks for them",
    Source.PRACTITIONER: "Said by the person, written down by a practitioner",
    Source.RECORD: "Recorded by the team",
    Source.NOBODY: "",
}


def _checked(item: Item, names: Names, enquiry_id: str, *, may_record: bool) -> Checked:
    worded = blanks().checklist[item.name]
    outcome = item.outcome
    return Checked(
        heading=worded.heading,
        says=_lacking(item, worded),
        answers=item.says,
        words=item.words,
        national=tuple(one for one in item.national if one not in item.says),
        source=SOURCES[item.source],
        by=names.account(item.record.now.account_id) if item.record is not None else "",
        at=item.at,
        day=_day(item.day),
        wanted=outcome.words if outcome is not None else (),
        wanted_by="" if outcome is None else outcome.voice.value,
        address=_address(item, enquiry_id),
        address_text="Go to the conversation" if item.conversation_id is not None else "Read the record",
        way=_way(item, enquiry_id) if may_record else "",
        way_text="Bring it up to date" if item.record is not None else "Record this",
    )


def _lacking(item: Item, worded: Wanting) -> str:
    match item.state:
        case State.MISSING:
            return worded.missing
        case State.DUE:
            return worded.due
        case State.THERE:
            return ""


def _way(item: Item, enquiry_id: str) -> str:
    """Lead to where it can be recorded: the very record, where one is there and something is still to be done."""
    if item.fills is None or item.state is State.THERE:
        return ""
    where = f"{_enquiry(enquiry_id)}/records/{item.fills}"
    if item.record is not None and item.fills is item.record.kind:
        return f"{where}/{item.record.now.number}"
    return where if item.outcome is None else f"{where}?wish=outcome:{item.outcome.outcome_id}"


def _address(item: Item, enquiry_id: str) -> str:
    if item.conversation_id is not None:
        return f"/team/conversations/{item.conversation_id}"
    return "" if item.record is None else f"{_enquiry(enquiry_id)}/record/{item.record.now.number}"


routes = (
    TeamRoute(
        "/team/enquiries/{enquiry_id}/records/{kind}",
        "blank_record",
        show_blank,
        "GET",
        frozenset(RULES[Act.RECORD]),
        About.ENQUIRY,
        navigation="Enquiries",
    ),
    TeamRoute(
        "/team/enquiries/{enquiry_id}/records/{kind}",
        "keep_record",
        keep,
        "POST",
        frozenset(RULES[Act.RECORD]),
        About.ENQUIRY,
        navigation="Enquiries",
    ),
    TeamRoute(
        "/team/enquiries/{enquiry_id}/records/{kind}/{number}",
        "record_to_change",
        show_blank,
        "GET",
        frozenset(RULES[Act.RECORD]),
        About.ENQUIRY,
        navigation="Enquiries",
    ),
    TeamRoute(
        "/team/enquiries/{enquiry_id}/records/{kind}/{number}",
        "change_record",
        keep,
        "POST",
        frozenset(RULES[Act.RECORD]),
        About.ENQUIRY,
        navigation="Enquiries",
    ),
    TeamRoute(
        "/team/enquiries/{enquiry_id}/record/{number}",
        "record",
        show_record,
        "GET",
        frozenset(RULES[Act.SEE_RECORDS]),
        About.ENQUIRY,
        navigation="Enquiries",
    ),
    TeamRoute(
        "/team/enquiries/{enquiry_id}/checklist",
        "checklist",
        show_checklist,
        "GET",
        frozenset(RULES[Act.SEE_RECORDS]),
        About.ENQUIRY,
        navigation="Enquiries",
    ),
)
