"""Pages of work: what there is to do first, lists, searching, and the audit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import ClassVar
from urllib.parse import urlencode

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from bot.conversation import Speaker, Stage
from bot.reviewing import auditing, searching, working
from bot.reviewing.auditing import AuditPage, Looked
from bot.reviewing.searching import Results
from bot.reviewing.seeing import Names, NotDone
from bot.reviewing.states import ReviewState
from bot.reviewing.working import DONE, OPEN, TO_READ, EnquiryRows, Home, Row, Rows
from bot.roles import RULES, Act, Role
from bot.store import AuditAct, Audited
from bot.store.work import WorkFilter
from bot.throttles import SEARCHES, TooManyAtOnce
from bot.web.access import About
from bot.web.team.called import SPEAKERS, STAGES
from bot.web.team.guidance import NewToRead, new_to_read
from bot.web.team.pages import Item, Problem, TeamPage
from bot.web.team.shell import Signed, TeamRoute

WORK = "/team/work"
CONVERSATIONS = WORK + "/conversations"
ENQUIRIES = "/team/enquiries"


@dataclass(frozen=True, slots=True)
class Section:
    """One list of the first page."""

    id: str
    heading: str
    rows: tuple[Row, ...]
    hint: str = ""
    number: int = 0
    """How many there are in all; 0 where it is not said."""
    all_href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkPage(TeamPage):
    """What there is to do, the most pressing first."""

    template: ClassVar[str] = "team/work.html"
    home: Home
    sections: tuple[Section, ...]
    now: datetime
    is_quiet: bool
    """Whether there is nothing to do."""
    may_begin: bool
    is_advocate: bool
    new_to_read: tuple[NewToRead, ...]
    """Guidance that they have still to read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationsPage(TeamPage):
    """A page of the list of conversations."""

    template: ClassVar[str] = "team/conversations.html"
    rows: Rows
    now: datetime
    reviews: tuple[tuple[str, str], ...]
    stages: tuple[tuple[str, str], ...]
    speakers: tuple[tuple[str, str], ...]
    flagged: tuple[tuple[str, str], ...]
    chosen: Mapping[str, str]
    is_advocate: bool
    """Whether reviews and flags are kept from this reader."""
    is_filtered: bool
    first_href: str
    after_href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnquiriesPage(TeamPage):
    """A page of the list of enquiries."""

    template: ClassVar[str] = "team/enquiries.html"
    rows: EnquiryRows
    now: datetime
    tabs: tuple[Item, ...]
    may_begin: bool
    first_href: str
    after_href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPage(TeamPage):
    """Looking for a reference or for words, and what was found."""

    template: ClassVar[str] = "team/search.html"
    typed: str = ""
    results: Results | None = None
    may_be_restricted: bool = False


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One thing that was done."""

    at: datetime
    who: str
    what: str
    reference: str
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditShown(TeamPage):
    """A page of the audit."""

    template: ClassVar[str] = "team/audit.html"
    information: str
    rows: tuple[AuditRow, ...]
    has_form: bool = False
    people: tuple[tuple[str, str], ...] = ()
    acts: tuple[tuple[str, str], ...] = ()
    chosen: Mapping[str, str]
    back: str = ""
    first_href: str
    after_href: str


# --- what there is to do ---------------------------------------------------------------------------------------------

REVIEWS: Mapping[str, tuple[str, WorkFilter]] = {
    "waiting": ("Waiting to be read", WorkFilter(states=DONE, reviews=TO_READ)),
    "being_read": ("Being read", WorkFilter(states=DONE, reviews=frozenset({ReviewState.BEING_READ.value}))),
    "sent_back": (
        "Sent back with a question",
        WorkFilter(states=DONE, reviews=frozenset({ReviewState.SENT_BACK.value})),
    ),
    "reviewed": ("Reviewed", WorkFilter(states=DONE, reviews=frozenset({ReviewState.REVIEWED.value}))),
    "unfinished": ("Not finished", WorkFilter(states=OPEN)),
    "walk_ins": ("In no enquiry yet", WorkFilter(states=DONE, has_enquiry=False)),
}
"""How far a conversation is, by the word that stands in the address."""


async def show_work(request: Request, signed: Signed) -> Response:
    """What there is to do."""
    home = await to_thread.run_sync(working.home, signed.desk.store, signed.actor)
    is_advocate = signed.actor.role is Role.ADVOCATE
    may_join = signed.actor.role in RULES[Act.JOIN]
    sections = tuple(_to_read(home) if is_advocate else _sections(home, may_join=may_join))
    to_read = await to_thread.run_sync(new_to_read, signed)
    return signed.shown(
        WorkPage(
            frame=signed.frame(),
            title="Work",
            home=home,
            sections=sections,
            now=signed.now,
            is_quiet=not home.flags and not sections and not home.mine.rows,
            new_to_read=to_read,
            may_begin=signed.actor.role in RULES[Act.BEGIN_ENQUIRY],
            is_advocate=is_advocate,
        )
    )


def _to_read(home: Home) -> Sequence[Section]:
    """Give what an advocate may read. What the team has done about it is not theirs to know."""
    rows = home.waiting.rows
    return [Section("to-read", "You may read these", rows, all_href=CONVERSATIONS)] if rows else []


def _sections(home: Home, *, may_join: bool) -> Sequence[Section]:
    waiting = sum(number for review, number in home.counts.reviews.items() if review in TO_READ)
    every = (
        Section(
            "waiting",
            "Waiting to be read",
            home.waiting.rows,
            "Those that have waited longest come first.",
            waiting,
            f"{CONVERSATIONS}?review=waiting",
        ),
        Section("reading", "You are reading", home.reading.rows),
        Section(
            "sent-back",
            "Sent back with a question",
            home.sent_back.rows,
            "Whoever works on it with the person answers the question.",
            home.counts.reviews.get(ReviewState.SENT_BACK.value, 0),
            f"{CONVERSATIONS}?review=sent_back",
        ),
        Section(
            "walk-ins",
            "In no enquiry yet",
            home.walk_ins.rows,
            "Somebody began these by themselves." + (" Open each one, and join it to an enquiry." if may_join else ""),
            home.counts.without_enquiry,
            f"{CONVERSATIONS}?review=walk_ins",
        ),
        Section(
            "unfinished",
            "Not finished",
            home.unfinished.rows,
            "Until somebody has finished or stopped, only what a flag was raised at can be read.",
            home.counts.unfinished,
            f"{CONVERSATIONS}?review=unfinished",
        ),
    )
    return [section for section in every if section.rows]


async def show_conversations(request: Request, signed: Signed) -> Response:
    """The list of conversations."""
    asked = request.query_params
    chosen = {name: asked.get(name, "") for name in ("review", "stage", "speaker", "flagged")}
    after = asked.get("after", "")
    rows = await to_thread.run_sync(
        partial(working.conversations, after=after), signed.desk.store, signed.actor, _filter(chosen)
    )
    kept = {name: value for name, value in chosen.items() if value}
    page = ConversationsPage(
        frame=signed.frame(),
        title="Conversations",
        rows=rows,
        now=signed.now,
        reviews=(("", "Any"), *((name, label) for name, (label, _) in REVIEWS.items())),
        is_advocate=signed.actor.role is Role.ADVOCATE,
        stages=(("", "Any"), *((one.value, STAGES[one]) for one in Stage)),
        speakers=(("", "Anybody"), *((one.value, SPEAKERS[one]) for one in SPEAKERS)),
        flagged=(("", "With and without"), ("yes", "With a flag that nobody answered")),
        chosen=chosen,
        is_filtered=bool(kept),
        first_href=_address(CONVERSATIONS, kept) if after else "",
        after_href=_address(CONVERSATIONS, kept, rows.after),
    )
    return signed.shown(page)


def _filter(chosen: Mapping[str, str]) -> WorkFilter:
    """Read which conversations are looked for. What no page of ours offers leaves nothing out."""
    base = REVIEWS[chosen["review"]][1] if chosen["review"] in REVIEWS else WorkFilter()
    return WorkFilter(
        states=base.states,
        reviews=base.reviews,
        has_enquiry=base.has_enquiry,
        stage=next((one for one in Stage if one.value == chosen["stage"]), None),
        speaker=next((one for one in Speaker if one.value == chosen["speaker"]), None),
        is_flagged=True if chosen["flagged"] == "yes" else None,
    )


WHICH = (("open", "Open", True), ("closed", "Closed", False), ("all", "All", None))


async def show_enquiries(request: Request, signed: Signed) -> Response:
    """The list of enquiries."""
    asked = request.query_params
    mine, after = asked.get("mine") == "yes", asked.get("after", "")
    which, _, is_open = next((one for one in WHICH if one[0] == asked.get("which")), WHICH[0])
    look = partial(working.enquiries, is_open=is_open, only_mine=mine, after=after)
    rows = await to_thread.run_sync(look, signed.desk.store, signed.actor)
    kept = {"which": which} | ({"mine": "yes"} if mine else {})
    tabs = [Item(label, _address(ENQUIRIES, {"which": name}), name == which and not mine) for name, label, _ in WHICH]
    page = EnquiriesPage(
        frame=signed.frame(),
        title="Enquiries",
        rows=rows,
        now=signed.now,
        tabs=(*tabs, Item("That you work on", _address(ENQUIRIES, {"which": "open", "mine": "yes"}), mine)),
        may_begin=signed.actor.role in RULES[Act.BEGIN_ENQUIRY],
        first_href=_address(ENQUIRIES, kept) if after else "",
        after_href=_address(ENQUIRIES, kept, rows.after),
    )
    return signed.shown(page)


# --- searching -------------------------------------------------------------------------------------------------------


async def show_search(request: Request, signed: Signed) -> Response:
    """Where a reference or words are looked for."""
    return signed.shown(_search_page(signed))


async def search(request: Request, signed: Signed) -> Response:
    """Look for them. They are in no address: an address is written down in many places."""
    typed = signed.form.typed("typed")
    try:
        await signed.desk.door.turnstile.go_through(SEARCHES, signed.actor.account_id, signed.now)
    except TooManyAtOnce:
        problem = Problem("Your searches before this one are still going on. Try again in a minute.", "#typed")
        return signed.shown(_search_page(signed, typed, None, problem), 503)
    try:
        found = await to_thread.run_sync(searching.search, signed.desk.store, signed.actor, typed, signed.now)
    except NotDone as error:
        return signed.shown(_search_page(signed, typed, None, Problem(str(error), "#typed")))
    return signed.shown(_search_page(signed, typed, found))


def _search_page(signed: Signed, typed: str = "", found: Results | None = None, *problems: Problem) -> SearchPage:
    return SearchPage(
        frame=signed.frame(),
        title="Search",
        problems=problems,
        typed=typed,
        results=found,
        may_be_restricted=signed.actor.role in {Role.MANAGER, Role.AUDITOR} and not signed.actor.is_proven(signed.now),
    )


# --- the audit -------------------------------------------------------------------------------------------------------

ACTS: Mapping[AuditAct, str] = {
    AuditAct.SIGNED_IN: "Signed in",
    AuditAct.SIGN_IN_REFUSED: "Signing in was refused",
    AuditAct.SIGNED_OUT: "Signed out",
    AuditAct.PROVEN: "Proved who they are",
    AuditAct.PROOF_REFUSED: "A proof was refused",
    AuditAct.READ_ENQUIRY: "Read an enquiry",
    AuditAct.READ_CONVERSATION: "Read a conversation",
    AuditAct.READ_FLAG: "Read what a flag was raised at",
    AuditAct.READ_QUOTE: "Read words that may be quoted",
    AuditAct.SEARCHED: "Searched",
    AuditAct.EXPORTED: "Took a copy out",
    AuditAct.CHANGED: "Changed something",
    AuditAct.DENIED: "Was refused a page",
    AuditAct.TIDIED: "What had been kept long enough was looked for",
    AuditAct.TIDYING_REFUSED: "Nothing was forgotten, as something looked wrong",
    AuditAct.CUT: "Rows were let go of, as their years had passed",
    AuditAct.GIVEN: "Was given something, as a program",
    AuditAct.RESTORED: "Everything was put back from a backup",
}

CUT_FROM = {"audit": "the audit", "forgotten": "the list of what was forgotten"}

CHANGES = {
    "enquiry.opened": "opened an enquiry",
    "enquiry.closed": "closed an enquiry",
    "enquiry.reopened": "opened an enquiry again",
    "allocated": "allocated an enquiry",
    "unallocated": "took somebody off an enquiry",
    "team": "handed an enquiry to another team",
    "restricted": "restricted an enquiry",
    "lift_asked": "asked to lift a restriction",
    "lifted": "lifted a restriction",
    "keeping.hold": "put an enquiry on hold, so that it is kept",
    "keeping.lift_hold": "ended a hold",
    "keeping.keep_until": "said until when something is kept",
    "keeping.ask": "asked to have something forgotten",
    "keeping.withdraw": "asked no more to have something forgotten",
    "forgotten": "forgot something for good",
    "joined": "joined a conversation to an enquiry",
    "code.ended": "ended the code to come back to a conversation",
    "note": "wrote a note",
    "flag_answered": "answered a flag",
    "quote.approved": "let words be quoted",
    "quote.not_approved": "kept words from being quoted",
    "quote.withdrawn": "had words quoted no more",
    "deed": "said what was done about what people said",
    "themes": "put themes to an outcome",
    "invitation.withdrawn": "withdrew an invitation",
    "review.being_read": "began to read for a review",
    "review.waiting": "left a review to somebody else",
    "review.sent_back": "sent a conversation back with a question",
    "review.answered": "answered a question of a review",
    "review.reviewed": "reviewed a conversation",
    "invited": "invited somebody",
    "record": "kept a record",
    "team.made": "made a team",
    "team.renamed": "gave a team another name",
    "team.on_duty": "put a team on duty",
    "team.closed": "closed a team",
    "account.made": "made an account",
    "account.name": "changed the name of an account",
    "account.email": "changed the e-mail address of an account",
    "account.role": "changed the role of an account",
    "account.teams": "changed the teams of an account",
    "account.disabled": "disabled an account",
    "account.enabled": "enabled an account",
    "account.signed_out": "signed somebody out everywhere",
    "account.link": "made a one-time link for somebody",
    "council": "put a setting in place",
    "elsewhere.given": "gave figures of elsewhere to compare with",
    "elsewhere.taken_away": "took figures of elsewhere away",
    "token.made": "made a token for another program",
    "token.ended": "ended the token of another program",
    "password": "changed their password",
    "authenticator": "set up codes on a phone",
    "passkey": "made a passkey",
    "passkey ended": "ended a passkey",
}
"""What was changed, by the fixed word in the audit, or by its beginning; one that is not here is shown as it is."""

PROGRAM = "program"
"""How the audit begins to say which program it was."""

GIVEN = {
    "token": "what its token is for",
    "enquiries": "a list of enquiries",
    "enquiry": "an enquiry, without words",
    "conversations": "a list of conversations",
    "outcomes": "what is wanted, without the words",
    "words": "what was said, word for word",
    "figures": "figures as they are",
    "publishable": "figures as they may be published",
}
"""What a program was given, by the fixed word in the audit."""


async def show_audit(request: Request, signed: Signed) -> Response:
    """Search the audit by person, act and days."""
    asked = request.query_params
    chosen = {name: asked.get(name, "") for name in ("who", "act", "since", "until")}
    since, until = _day(chosen["since"]), _day(chosen["until"], later=1)
    looked = Looked(
        account_id=chosen["who"] or None,
        act=next((one for one in AuditAct if one.value == chosen["act"]), None),
        since=since,
        until=until,
        before_number=_number(asked.get("before", "")),
    )
    found = await to_thread.run_sync(auditing.search, signed.desk.store, signed.actor, looked)
    kept = {name: value for name, value in chosen.items() if value}
    page = AuditShown(
        frame=signed.frame(),
        title="Audit",
        information="Who signed in, who read what, who changed what, and who was refused. It holds nobody's words.",
        rows=tuple(_rows(found)),
        has_form=True,
        people=(("", "Anybody"), *((one.account_id, one.name) for one in found.people)),
        acts=(("", "Anything"), *((one.value, ACTS.get(one, one.value)) for one in AuditAct)),
        chosen=chosen,
        first_href=_address("/team/audit", kept) if looked.before_number else "",
        after_href=_address("/team/audit", kept, str(found.before_number or ""), "before"),
    )
    return signed.shown(page)


async def show_readers(request: Request, signed: Signed) -> Response:
    """Who read an enquiry, or anything in it."""
    enquiry_id = request.path_params["enquiry_id"]
    before = _number(request.query_params.get("before", ""))
    found = await to_thread.run_sync(auditing.readers_of, signed.desk.store, signed.actor, enquiry_id, before)
    here = f"{ENQUIRIES}/{enquiry_id}/readers"
    page = AuditShown(
        frame=signed.frame(),
        title="Who read this enquiry",
        information="Everybody who opened the enquiry or one of its conversations, the latest first.",
        rows=tuple(_rows(found)),
        chosen={},
        back=f"{ENQUIRIES}/{enquiry_id}",
        first_href=here if before else "",
        after_href=_address(here, {}, str(found.before_number or ""), "before"),
    )
    return signed.shown(page)


def _rows(found: AuditPage) -> Sequence[AuditRow]:
    return [
        AuditRow(
            at=one.at,
            who=_who(one, found.names),
            what=_what(one),
            reference=found.references.get(one.enquiry_id or "", ""),
            about=_about(one, found.names),
        )
        for one in found.rows
    ]


def _who(one: Audited, names: Names) -> str:
    if one.account_id is not None:
        return names.account(one.account_id)
    kind, _, named = one.about.partition(".")
    if kind != PROGRAM:
        return "Nobody signed in"
    return f"{names.program(named.partition('.')[0])} (a program)"


def _what(one: Audited) -> str:
    if one.act is AuditAct.GIVEN:
        return f"Was given {GIVEN.get(one.about.rpartition('.')[2], 'something')}"
    if one.act is AuditAct.CHANGED:
        named = one.about
        while named not in CHANGES and "." in named:
            named = named.rpartition(".")[0]
        done = CHANGES.get(named, one.about)
        if named == "record":
            done += f": {_fixed_word(one.about.removeprefix('record.'))}"
        return done[:1].upper() + done[1:] if done else ACTS[one.act]
    if one.act is AuditAct.SEARCHED and one.conversation_id is not None:
        return "Was shown words of a conversation that a search found"
    return ACTS.get(one.act, one.act.value.replace("_", " ").capitalize())


def _about(one: Audited, names: Names) -> str:
    if one.about.startswith(f"{PROGRAM}."):
        return ""
    if one.act is AuditAct.CUT:
        log, _, up_to = one.about.partition(".")
        return f"{CUT_FROM.get(log, log)} up to number {up_to}"
    if one.act is not AuditAct.CHANGED:
        return _fixed_word(one.about)
    kind, _, named = one.about.partition(".")
    of = named.rpartition(".")[2]
    if kind in {"account", "team"} and of:
        return names.account(of) if kind == "account" else names.team(of)
    if kind == "elsewhere":
        return of
    return _fixed_word(named) if kind == "council" else ""


def _fixed_word(about: str) -> str:
    """An id tells a reader nothing; a fixed word does."""
    is_id = len(about) == 32 and all(sign in "0123456789abcdef" for sign in about)
    return "" if is_id else about.replace("_", " ")


def _address(path: str, kept: Mapping[str, str], after: str | None = None, name: str = "after") -> str:
    """Give the address of a list; empty where `after` says that nothing comes after."""
    if after == "":
        return ""
    query = dict(kept) | ({name: after} if after is not None else {})
    return path + (f"?{urlencode(query)}" if query else "")


def _day(written: str, later: int = 0) -> datetime | None:
    """Read a day, and so many later; None for what is none."""
    try:
        return datetime.combine(date.fromisoformat(written), time(), UTC) + timedelta(days=later)
    except (ValueError, OverflowError):
        return None


def _number(written: str) -> int | None:
    return int(written) if written.isascii() and written.isdigit() and len(written) <= 15 else None


WORKERS = frozenset(RULES[Act.SEE_WORK])
OVERSEERS = frozenset(RULES[Act.SEARCH_AUDIT])

routes: tuple[TeamRoute, ...] = (
    TeamRoute(WORK, "work", show_work, "GET", WORKERS, navigation="Work"),
    TeamRoute(CONVERSATIONS, "conversations", show_conversations, "GET", WORKERS, navigation="Work"),
    TeamRoute(ENQUIRIES, "enquiries", show_enquiries, "GET", WORKERS, navigation="Enquiries"),
    TeamRoute("/team/search", "search_page", show_search, "GET", frozenset(RULES[Act.SEARCH]), navigation="Search"),
    TeamRoute("/team/search", "search", search, "POST", frozenset(RULES[Act.SEARCH]), navigation="Search"),
    TeamRoute("/team/audit", "audit", show_audit, "GET", OVERSEERS, navigation="Audit"),
    TeamRoute(
        ENQUIRIES + "/{enquiry_id}/readers",
        "readers",
        show_readers,
        "GET",
        frozenset(RULES[Act.SEE_READERS]),
        About.ENQUIRY,
        navigation="Enquiries",
    ),
)
