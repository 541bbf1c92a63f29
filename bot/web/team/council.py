"""Pages on which a council changes what it may change itself: look, try, see what people would see, put in place."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import ClassVar

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from bot import council
from bot.conversation import Preferences, Speaker
from bot.council import GROUPS, TERMS, Change, Given, Group, Held, Name, NotTaken, Values
from bot.interview import Asking
from bot.interview_checks import LONGEST_SENTENCE
from bot.returning import CODE_LASTS
from bot.roles import RULES, Act
from bot.store import Missing
from bot.web import contexts, starting
from bot.web.access import About
from bot.web.contexts import Page, Place, Way
from bot.web.desk import desk_of as persons_desk_of
from bot.web.showing import SENTENCE, Frame, place_of, texts_of
from bot.web.team.pages import Problem, TeamPage
from bot.web.team.shell import Signed, TeamRoute

SETTINGS = "/team/settings"

TITLES = {
    Group.PEOPLE: "What people read about the team",
    Group.BEGINNING: "Who may begin",
    Group.KEEPING: "How long things are kept",
    Group.RETURN: "The council in the national return",
}
LABELS = {
    Name.TEAM: "The name of the team",
    Name.PHONE: "Telephone number",
    Name.PHONE_HOURS: "When the telephone is answered",
    Name.OUT_OF_HOURS_PHONE: "Number for evenings, nights and weekends",
    Name.CONTACT: "A sentence or two of your own",
    Name.READ_WITHIN: "When a person reads what was said",
    Name.WALK_IN: "Beginning without an invitation",
    Name.KEEP_UNFINISHED: "Begun, never finished, and taken up by nobody",
    Name.KEEP_WAITING: "Finished, and waiting for the team",
    Name.KEEP_CLOSED: "Enquiries that are closed",
    Name.KEEP_AUDIT: "The audit, and the facts of what was forgotten",
    Name.LA_NAME: "The council’s name",
    Name.LA_CODE: "The council’s number in the return",
    Name.ONS_CODE: "The council’s ONS code",
    Name.COUNCIL_TYPE: "The type of council",
    Name.REGION_NAME: "The name of the region",
    Name.REGION_CODE: "The ONS code of the region",
    Name.GEOGRAPHY: "Geography",
}
HINTS = {
    Name.TEAM: "As it stands in a sentence: “You can ring the adult support team.”",
    Name.PHONE: "Ring it before you put it in place. Empty leaves it out.",
    Name.PHONE_HOURS: "For example: Monday to Friday, 9am to 5pm.",
    Name.OUT_OF_HOURS_PHONE: "Empty leaves it out.",
    Name.CONTACT: "Stands under “Talk to a person” on every page. For example: You can ask us to ring you back.",
    Name.READ_WITHIN: "The end of “Someone reads them within …”. It is a promise: make sure that somebody does.",
    Name.WALK_IN: "Somebody who was not invited can begin a conversation at the first page.",
    Name.KEEP_UNFINISHED: "In days. Then it is deleted. The first page says so.",
    Name.KEEP_WAITING: "In days. Then managers are reminded: nothing goes silently.",
    Name.KEEP_CLOSED: "In years, as your council’s schedule says. Then two managers decide.",
    Name.KEEP_AUDIT: "In years. There are no words in it.",
    Name.LA_NAME: "Column LA_NAME.",
    Name.LA_CODE: "Column LA_CODE: three digits, such as 111.",
    Name.ONS_CODE: "Column ONS_CODE: nine characters, such as E06000001.",
    Name.COUNCIL_TYPE: "Column COUNCIL_TYPE.",
    Name.REGION_NAME: "Column REGION_NAME, such as North East.",
    Name.REGION_CODE: "Column REGION_CODE: nine characters, such as E12000001.",
    Name.GEOGRAPHY: "Column GEOGRAPHY. It is ENGLAND for every council.",
}
ABOUT = {
    Group.RETURN: (
        "Nobody but those who send the return sees this. Copy each value from your council’s rows in the file that "
        "was published of the year before, letter by letter."
    )
}
"""What has to be known before values are typed."""
HOLDS = {
    Group.PEOPLE: "People see it at once.",
    Group.BEGINNING: "People see it at once.",
    Group.KEEPING: "",
    Group.RETURN: "It stands in every file of the return that is taken out from then on.",
}
"""From when on it is what holds."""
YES_OR_NO = {"yes": "Yes, anybody may begin", "no": "No, only with an invitation"}

NOTHING_BEGUN = "This is only a preview"


class Kind(StrEnum):
    """How a value is typed."""

    LINE = "line"
    PHONE = "phone"
    BOX = "box"
    YES_OR_NO = "yes_or_no"
    NUMBER = "number"
    CODE = "code"


KINDS = {
    Name.PHONE: Kind.PHONE,
    Name.OUT_OF_HOURS_PHONE: Kind.PHONE,
    Name.CONTACT: Kind.BOX,
    Name.WALK_IN: Kind.YES_OR_NO,
    **dict.fromkeys(TERMS, Kind.NUMBER),
    **dict.fromkeys(council.CODES, Kind.CODE),
}


class Shown(StrEnum):
    """A page of the person's side that can be looked at as it would be."""

    FIRST = "first"
    ADVOCATE = "advocate"
    PRACTITIONER = "practitioner"


PAGES_OF = {
    Group.PEOPLE: (
        (Shown.FIRST, "See the whole first page"),
        (Shown.ADVOCATE, "See what an advocate reads first"),
        (Shown.PRACTITIONER, "See what a practitioner reads first"),
    ),
    Group.BEGINNING: ((Shown.FIRST, "See the whole first page"),),
    Group.KEEPING: (),
    Group.RETURN: (),
}


@dataclass(frozen=True, slots=True)
class Said:
    """A value with its name, as a page says it."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Card:
    """One group on the page of all."""

    title: str
    address: str
    values: tuple[Said, ...]
    fixed: tuple[Said, ...] = ()
    """What nobody can change here, to be read beside what can be."""
    is_kept_only: bool = False
    """Whether these times are kept and shown, and nothing acts on them yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsPage(TeamPage):
    """All that a council may change."""

    template: ClassVar[str] = "team/settings.html"
    cards: tuple[Card, ...]


@dataclass(frozen=True, slots=True)
class Field:
    """One value to be typed."""

    name: str
    label: str
    hint: str
    kind: Kind
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsForm(TeamPage):
    """The values of one group, to be changed."""

    template: ClassVar[str] = "team/settings_form.html"
    address: str
    about: str
    fields: tuple[Field, ...]
    yes_or_no: tuple[tuple[str, str], ...] = tuple(YES_OR_NO.items())
    is_kept_only: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """From what to what."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsPreview(TeamPage):
    """What people would see, before anything is put in place."""

    template: ClassVar[str] = "team/settings_preview.html"
    address: str
    seen: str
    values: tuple[tuple[str, str], ...]
    differences: tuple[Difference, ...]
    advice: tuple[str, ...]
    place: Place
    """As the pages of the person would have it: the panel is the very one."""
    is_for_people: bool
    sentences: tuple[Difference, ...]
    """Every sentence of the interview that would read otherwise, once."""
    walk_in: bool | None
    """Where that is what is tried: whether anybody may begin."""
    pages: tuple[tuple[str, str], ...]
    holds: str
    is_kept_only: bool


@dataclass(frozen=True, slots=True)
class Past:
    """One change in the history."""

    change: Change
    difference: Difference
    is_now: bool
    """Whether it is what stands now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsHistory(TeamPage):
    """Who changed what, when, from what to what."""

    template: ClassVar[str] = "team/settings_history.html"
    address: str
    changes: tuple[Past, ...]
    changed: tuple[tuple[str, Said], ...]
    """What was changed at all, by its name, each with what the installation says: it can be put back to that."""


# --- handlers --------------------------------------------------------------------------------------------------------


async def show_all(request: Request, signed: Signed) -> Response:
    """What holds now."""

    def read() -> dict[Group, Held]:
        return {group: _look(signed, group) for group in Group}

    held = await to_thread.run_sync(read)
    cards = tuple(
        Card(
            TITLES[group],
            _address(group),
            tuple(Said(LABELS[name], _said(name, value)) for name, value in held[group].given.items()),
            (Said("A code to come back", f"{CODE_LASTS.days} days after it was last used"),)
            if group is Group.KEEPING
            else (),
            is_kept_only=group is Group.KEEPING,
        )
        for group in Group
    )
    return signed.shown(SettingsPage(frame=signed.frame(), title="Settings", cards=cards))


async def show_form(request: Request, signed: Signed, *, group: Group) -> Response:
    """The values of one group as they are now, to be changed."""
    held = await to_thread.run_sync(_look, signed, group)
    return signed.shown(_form(signed, group, held.given))


async def try_values(request: Request, signed: Signed, *, group: Group) -> Response:
    """Show what people would see with these values. Nothing is put in place."""
    form = signed.form
    held = await to_thread.run_sync(_look, signed, group)
    if form.one("do") == "earlier":
        return await _preview(request, signed, group, held, await _with_earlier(signed, group, held))
    typed = _typed(signed, group)
    if form.one("do") == "change":
        return signed.shown(_form(signed, group, typed))
    return await _preview(request, signed, group, held, typed)


async def show_page(request: Request, signed: Signed, *, group: Group) -> Response:
    """A page of the person's side as it would be with these values, in a window of its own."""
    desk = persons_desk_of(request)
    if signed.form.one("do") == "begun":
        page: Page = desk.telling(
            NOTHING_BEGUN,
            "Nothing was begun. You can close this window.",
            ways=(Way("Back to the settings", SETTINGS),),
        )
        return desk.shown(page)
    try:
        values = await to_thread.run_sync(_tried, signed, group, _typed(signed, group))
    except NotTaken as refused:
        return signed.shown(_form(signed, group, _typed(signed, group), refused))
    tried = replace(desk, frame=_frame_with(desk.frame, values), walk_in=values.walk_in)
    shown = next((one for one in Shown if one == signed.form.one("page")), Shown.FIRST)
    if shown is Shown.FIRST:
        page = starting.first_page(tried, Preferences())
    else:
        page = starting.welcome_of(tried, Speaker(shown), Preferences())
    if isinstance(page, contexts.Welcome):
        marks = (("form", signed.frame().form), ("do", "begun"))
        page = replace(page, begins_at=f"{_address(group)}/page", fields=marks)
    return desk.shown(page)


async def put_in_place(request: Request, signed: Signed, *, group: Group) -> Response:
    """Put the values in place: the very next page that anybody opens shows them."""
    typed = _typed(signed, group)

    def keep() -> tuple[Name, ...]:
        desk, seen = signed.desk, signed.form.one("seen")
        return council.put_in_place(desk.store, desk.settings, signed.actor, group, typed, seen, signed.now)

    try:
        changed = await to_thread.run_sync(keep)
    except NotTaken as refused:
        return signed.shown(_form(signed, group, typed, refused))
    except council.ChangedMeanwhile as meanwhile:
        held = await to_thread.run_sync(_look, signed, group)
        return await _preview(request, signed, group, held, typed, Problem(str(meanwhile), "#differences"))
    request.app.state.in_place.read_again()
    return signed.leads_to(SETTINGS, "It is in place now." if changed else "Nothing was different, so nothing changed.")


async def show_history(request: Request, signed: Signed, *, group: Group) -> Response:
    """Who changed what, when, from what to what."""
    desk = signed.desk

    def read() -> list[Change]:
        return [one for name in GROUPS[group] for one in council.history(desk.store, desk.settings, signed.actor, name)]

    changes = await to_thread.run_sync(read)
    newest = {name: max((one.number for one in changes if one.name is name), default=0) for name in GROUPS[group]}
    ships = council.of_installation(desk.settings)
    page = SettingsHistory(
        frame=signed.frame(),
        title=f"History: {TITLES[group].lower()}",
        address=_address(group),
        changes=tuple(
            Past(
                one,
                Difference(LABELS[one.name], _said(one.name, one.before), _said(one.name, one.after)),
                is_now=one.number == newest[one.name],
            )
            for one in sorted(changes, key=lambda one: one.at, reverse=True)
        ),
        changed=tuple(
            (name, Said(LABELS[name], _said(name, ships[name]))) for name, number in newest.items() if number
        ),
    )
    return signed.shown(page)


# --- what several of them do -----------------------------------------------------------------------------------------


async def _preview(
    request: Request, signed: Signed, group: Group, held: Held, typed: Given, *problems: Problem
) -> Response:
    try:
        given = council.checked(group, typed)
        values = await to_thread.run_sync(_tried, signed, group, given)
    except NotTaken as refused:
        return signed.shown(_form(signed, group, typed, refused))
    now = persons_desk_of(request).frame
    tried = _frame_with(now, values)
    is_for_people = group is Group.PEOPLE
    sentences = tuple(dict.fromkeys(_sentences(now, tried))) if is_for_people else ()
    page = SettingsPreview(
        frame=signed.frame(),
        title="Look at it before it is put in place",
        problems=problems,
        address=_address(group),
        seen=held.seen,
        values=tuple((str(name), value) for name, value in given.items()),
        differences=tuple(
            Difference(LABELS[name], _said(name, held.given[name]), _said(name, value))
            for name, value in given.items()
            if value != held.given[name]
        ),
        advice=_advice(group, given, values, sentences),
        place=tried.place,
        is_for_people=is_for_people,
        sentences=sentences,
        walk_in=values.walk_in if group is Group.BEGINNING else None,
        pages=tuple((str(shown), label) for shown, label in PAGES_OF[group]),
        holds=HOLDS[group],
        is_kept_only=group is Group.KEEPING,
    )
    return signed.shown(page)


def _advice(group: Group, given: Given, values: Values, sentences: tuple[Difference, ...]) -> tuple[str, ...]:
    if group is Group.PEOPLE:
        return (*council.advice(values), *_too_long(sentences))
    return tuple(council.advice_on_return(given)) if group is Group.RETURN else ()


def _form(signed: Signed, group: Group, given: Given, refused: NotTaken | None = None) -> SettingsForm:
    return SettingsForm(
        frame=signed.frame(),
        title=TITLES[group],
        problems=tuple(Problem(why, f"#{name}") for name, why in refused.errors.items()) if refused else (),
        address=_address(group),
        about=ABOUT.get(group, ""),
        fields=tuple(
            Field(name, LABELS[name], HINTS[name], KINDS.get(name, Kind.LINE), given[name]) for name in GROUPS[group]
        ),
        is_kept_only=group is Group.KEEPING,
    )


async def _with_earlier(signed: Signed, group: Group, held: Held) -> Given:
    """Give the values as they are now, but for one, which is as it was. Raises Missing."""
    name = next((one for one in GROUPS[group] if one == signed.form.one("name")), None)
    number = signed.form.one("number")
    if name is None or not (number.isascii() and number.isdigit() and len(number) < 10):
        raise Missing
    desk = signed.desk
    value = await to_thread.run_sync(council.earlier, desk.store, desk.settings, signed.actor, name, int(number))
    if value is None:
        raise Missing
    return {**held.given, name: value}


def _typed(signed: Signed, group: Group) -> dict[Name, str]:
    return {name: signed.form.one(name) for name in GROUPS[group]}


def _look(signed: Signed, group: Group) -> Held:
    return council.look(signed.desk.store, signed.desk.settings, signed.actor, group)


def _tried(signed: Signed, group: Group, given: Given) -> Values:
    return council.tried(signed.desk.store, signed.desk.settings, signed.actor, group, given)


def _frame_with(frame: Frame, values: Values) -> Frame:
    return replace(frame, place=place_of(values), texts=texts_of(values))


def _sentences(now: Frame, tried: Frame) -> Iterator[Difference]:
    """Find each sentence of the interview that would read otherwise."""
    for asking in now.interview.responses.values():
        for wording in _wordings(asking):
            if "[[" in wording:
                before, after = (SENTENCE.split(frame.filled(wording)) for frame in (now, tried))
                gone = " ".join(one for one in before if one not in after)
                new = " ".join(one for one in after if one not in before)
                if gone or new:
                    yield Difference("", gone, new)


def _wordings(asking: Asking) -> Iterator[str]:
    yield from (asking.wording, asking.hint, asking.why, asking.another_way, *asking.information, *asking.tips)
    yield from (choice.label for choice in asking.choices)


def _too_long(sentences: tuple[Difference, ...]) -> Iterator[str]:
    every = dict.fromkeys(one for found in sentences for one in SENTENCE.split(found.after))
    found = [sentence for sentence in every if len(sentence.split()) > LONGEST_SENTENCE]
    if found:
        count = "One sentence has" if len(found) == 1 else f"{len(found)} sentences have"
        longest = max(found, key=lambda sentence: len(sentence.split()))
        yield f"{count} more than {LONGEST_SENTENCE} words then, and that is hard to read: “{longest}”"


def _said(name: Name, value: str) -> str:
    if name in TERMS:
        return f"{value} {TERMS[name].unit}"
    if name is Name.WALK_IN:
        return YES_OR_NO[value]
    if name in GROUPS[Group.RETURN]:
        return value or "Not given yet"
    return value


def _address(group: Group) -> str:
    return f"{SETTINGS}/{group}"


WHO = frozenset(RULES[Act.CHANGE_SETTINGS])


def _routes_of(group: Group) -> Iterator[TeamRoute]:
    path, entry = _address(group), "Settings"
    show, look, keep = (partial(handler, group=group) for handler in (show_form, try_values, put_in_place))
    yield TeamRoute(path, f"settings_{group}", show, "GET", WHO, About.NOTHING, navigation=entry)
    yield TeamRoute(path, f"try_settings_{group}", look, "POST", WHO, About.NOTHING, navigation=entry)
    yield TeamRoute(
        f"{path}/keep", f"keep_settings_{group}", keep, "POST", WHO, About.NOTHING, proven=True, navigation=entry
    )
    past, shown = partial(show_history, group=group), partial(show_page, group=group)
    yield TeamRoute(f"{path}/history", f"settings_{group}_history", past, "GET", WHO, About.NOTHING, navigation=entry)
    if PAGES_OF[group]:
        yield TeamRoute(f"{path}/page", f"settings_{group}_page", shown, "POST", WHO, About.NOTHING, navigation=entry)


routes = (
    TeamRoute(SETTINGS, "settings", show_all, "GET", WHO, About.NOTHING, navigation="Settings"),
    *(route for group in Group for route in _routes_of(group)),
)
