"""Pages of how long things are kept: what is due, and one enquiry or conversation that managers decide about."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import ClassVar

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from bot import council, retaining
from bot.council import Name
from bot.retaining import LISTED, OF_THE_AUDIT, REFUSED, Decision, Keeping, Overview, Subject, ToDecide
from bot.reviewing import seeing
from bot.reviewing.seeing import NotDone, Unopened
from bot.roles import RULES, Act, Role
from bot.store import Entry
from bot.web.access import About
from bot.web.team.pages import Item, Problem, TeamPage, as_day
from bot.web.team.records import opening
from bot.web.team.shell import Signed, TeamRoute

KEEPING = "/team/keeping"
OF_ENQUIRY = "/team/enquiries/{enquiry_id}/keeping"
OF_CONVERSATION = "/team/conversations/{conversation_id}/keeping"

DONE = {
    Decision.HOLD.value: "put it on hold",
    Decision.LIFT_HOLD.value: "ended the hold",
    Decision.KEEP_UNTIL.value: "said that it is kept until a day",
    Decision.ASK.value: "asked to have it forgotten",
    Decision.WITHDRAW.value: "asked to keep it after all",
}
TOLD = {
    Decision.HOLD: "It is on hold.",
    Decision.LIFT_HOLD: "The hold has ended.",
    Decision.KEEP_UNTIL: "It is kept until that day.",
    Decision.ASK: "You asked. Another manager has to do it.",
    Decision.WITHDRAW: "It is not forgotten.",
}


@dataclass(frozen=True, slots=True)
class ClassShown:
    """One class of things, how long it is kept, and how many have been."""

    what: str
    term: str
    number: int
    happens: str


@dataclass(frozen=True, slots=True)
class RowShown:
    """One enquiry to decide about."""

    reference: str
    href: str
    closed_at: datetime | None
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePage(TeamPage):
    """What has been kept for as long as it is to be."""

    template: ClassVar[str] = "team/keeping.html"
    overview: Overview
    classes: tuple[ClassShown, ...]
    looked: str
    """When it was looked for last, and what came of it."""
    warning: str
    decides: bool
    """Whether this reader decides about enquiries."""
    rows: tuple[RowShown, ...]
    more: int
    asked: tuple[RowShown, ...]
    waiting: tuple[Item, ...]
    more_waiting: int


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was decided."""

    who: str
    what: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepingPage(TeamPage):
    """How long one enquiry or one conversation is kept, and what a manager can decide about it."""

    template: ClassVar[str] = "team/keeping_of.html"
    keeping: Keeping
    is_conversation: bool
    stands: tuple[str, ...]
    """How it stands, in sentences."""
    goes: tuple[str, ...]
    """What would go."""
    asked_by: str
    choices: tuple[tuple[str, str], ...]
    chosen: str
    reason: str
    until: str
    history: tuple[Said, ...]
    conversations: tuple[Item, ...]
    action: str
    back: Item


# --- what is due -----------------------------------------------------------------------------------------------------


async def show_due(request: Request, signed: Signed) -> Response:
    """What has been kept for as long as it is to be."""

    def look() -> Overview:
        keeps = council.values_now(signed.desk.store, signed.desk.settings).keeps
        return retaining.overview(signed.desk.store, signed.actor, keeps, signed.now)

    found = await to_thread.run_sync(look)
    due, keeps = found.due, found.keeps
    warning = ""
    if found.refused is not None:
        what = "Nothing of the audit goes" if found.refused in OF_THE_AUDIT else "Nothing is forgotten by itself"
        warning = f"{what} just now. {REFUSED[found.refused]} Whoever runs Own Words can see to it."
    page = DuePage(
        frame=signed.frame(),
        title="How long things are kept",
        overview=found,
        classes=(
            ClassShown(
                "Begun, never finished, and taken up by nobody",
                f"{keeps[Name.KEEP_UNFINISHED]} days",
                len(due.unfinished),
                "Forgotten by itself, once a day",
            ),
            ClassShown(
                "Finished, and not reviewed yet",
                f"{keeps[Name.KEEP_WAITING]} days",
                len(due.waiting),
                "Kept. The team is reminded here",
            ),
            ClassShown(
                "Closed enquiries",
                f"{keeps[Name.KEEP_CLOSED]} years",
                len(due.closed),
                "Two managers decide about each",
            ),
            ClassShown(
                "The audit, and the facts of what was forgotten",
                f"{keeps[Name.KEEP_AUDIT]} years",
                due.audit + due.facts,
                "Let go of by itself, the oldest first. There are no words in it",
            ),
        ),
        looked=f"Looked for last on {as_day(due.last)}." if due.last else "Not looked for yet: it is, once a day.",
        warning=warning,
        decides=signed.actor.role is Role.MANAGER,
        rows=tuple(_row(found, one) for one in found.to_decide[:LISTED]),
        more=max(len(found.to_decide) - LISTED, 0),
        asked=tuple(_row(found, one) for one in found.asked[:LISTED]),
        waiting=tuple(
            Item(
                f"{found.references.get(one.id, 'Came by themselves')}, finished on {as_day(one.since)}",
                f"/team/conversations/{one.id}",
            )
            for one in (due.waiting[:LISTED] if signed.actor.role is Role.MANAGER else ())
        ),
        more_waiting=max(len(due.waiting) - LISTED, 0),
    )
    return signed.shown(page)


def _row(found: Overview, one: ToDecide) -> RowShown:
    state = "Nobody has decided yet"
    if one.decided.asked is not None:
        state = f"{found.names.account(one.decided.asked.account_id)} asked to have it forgotten"
    reference = one.reference or "An enquiry without a reference"
    return RowShown(reference, f"/team/enquiries/{one.enquiry_id}/keeping", one.closed_at, state)


# --- one thing -------------------------------------------------------------------------------------------------------


async def show_keeping(request: Request, signed: Signed) -> Response:
    """How long one enquiry or conversation is kept."""
    try:
        return signed.shown(await _page(request, signed))
    except Unopened:
        return signed.leads_to(f"/team/enquiries/{request.path_params['enquiry_id']}")


async def decide(request: Request, signed: Signed) -> Response:
    """Put it on hold, keep it until a day, ask to have it forgotten, or take any of that back."""
    form, subject = signed.form, _subject(request)
    chosen, reason = form.one("do"), form.typed("reason")
    if chosen not in set(Decision):
        problem = Problem("Choose what is to be done.", "#do")
        return signed.shown(await _page(request, signed, problem, reason=reason, until=form.one("until")))
    what = Decision(chosen)
    store, actor = signed.desk.store, signed.actor
    if what is Decision.KEEP_UNTIL:
        day = _day(form.one("until"))
        verb = partial(retaining.keep_until, store, actor, subject, day, reason, signed.now, token=signed.once)
    else:
        verb = partial(VERBS[what], store, actor, subject, reason, signed.now, token=signed.once)
    try:
        await to_thread.run_sync(verb)
    except NotDone as error:
        field = "#until" if "day that is still to come" in str(error) else "#reason"
        typed = {"chosen": chosen, "reason": reason, "until": form.one("until")}
        return signed.shown(await _page(request, signed, Problem(str(error), field), **typed))
    return signed.leads_to(request.url.path, TOLD[what])


VERBS: Mapping[Decision, Callable[..., None]] = {
    Decision.HOLD: retaining.hold,
    Decision.LIFT_HOLD: retaining.lift_hold,
    Decision.ASK: retaining.ask,
    Decision.WITHDRAW: retaining.withdraw,
}


async def forget(request: Request, signed: Signed) -> Response:
    """Forget for good what another manager asked to have forgotten."""
    subject = _subject(request)

    def do() -> tuple[str, ...]:
        keeps = council.values_now(signed.desk.store, signed.desk.settings).keeps
        return retaining.forget(signed.desk.store, signed.actor, subject, keeps, signed.now)

    try:
        gone = await to_thread.run_sync(do)
    except NotDone as error:
        return signed.shown(await _page(request, signed, Problem(str(error))))
    for conversation_id in gone:
        await signed.desk.room.dialogue.forget(conversation_id)
    return signed.leads_to(KEEPING, "It is forgotten for good. That it was, when and by whom stands in the audit.")


def _subject(request: Request) -> Subject:
    return Subject(request.path_params.get("enquiry_id"), request.path_params.get("conversation_id"))


def _here(subject: Subject) -> str:
    if subject.conversation_id is not None:
        return f"/team/conversations/{subject.conversation_id}/keeping"
    return f"/team/enquiries/{subject.enquiry_id}/keeping"


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written)
    except ValueError:
        return None


async def _page(
    request: Request, signed: Signed, *problems: Problem, chosen: str = "", reason: str = "", until: str = ""
) -> KeepingPage:
    subject, store, actor = _subject(request), signed.desk.store, signed.actor

    def look() -> KeepingPage:
        keeps = council.values_now(store, signed.desk.settings).keeps
        found = retaining.keeping_of(store, actor, subject, keeps, signed.now)
        inside: tuple[Item, ...] = ()
        if subject.enquiry_id is not None:
            with store.reading() as seen:
                seeing.require_opened(seen, actor, seeing.ENQUIRY, subject.enquiry_id)
                inside = tuple(
                    Item(f"Begun on {as_day(one.begun_at)}", f"/team/conversations/{one.conversation_id}/keeping")
                    for one in seen.conversations.listed(enquiry_id=subject.enquiry_id)
                )
        asked = found.decided.asked
        is_conversation = subject.conversation_id is not None
        what = "conversation" if is_conversation else "enquiry"
        return KeepingPage(
            frame=signed.frame(),
            title=f"How long this {what} is kept",
            problems=problems,
            keeping=found,
            is_conversation=is_conversation,
            stands=tuple(_stands(found, signed.now, is_conversation=is_conversation)),
            goes=tuple(_goes(found, is_conversation=is_conversation)),
            asked_by=found.names.account(asked.account_id) if asked is not None else "",
            choices=tuple(_choices(found, is_conversation=is_conversation)),
            chosen=chosen,
            reason=reason,
            until=until,
            history=tuple(_said(found, one) for one in reversed(found.decided.history)),
            conversations=inside,
            action=_here(subject),
            back=Item(f"Back to the {what}", _here(subject).removesuffix("/keeping")),
        )

    if subject.enquiry_id is None:
        return await to_thread.run_sync(look)
    return await opening(signed, subject.enquiry_id, look)


def _stands(found: Keeping, now: datetime, *, is_conversation: bool) -> list[str]:
    if found.is_held:
        return ["On hold: it is kept, whatever else was decided, until a manager ends the hold."]
    stands = []
    if is_conversation:
        stands.append("It is kept as long as its enquiry, or until two managers forget it.")
    elif found.closed_at is None:
        stands.append("The enquiry is open. It is kept.")
    elif found.kept_until is not None:
        passed = " That time has passed." if found.kept_until < now else ""
        stands.append(f"Closed on {as_day(found.closed_at)}, and kept until {as_day(found.kept_until)}.{passed}")
    until = found.decided.until
    if until is not None and until > now.date():
        stands.append(f"A manager said that it is kept until {until.day} {until:%B %Y}.")
    return stands


def _goes(found: Keeping, *, is_conversation: bool) -> list[str]:
    def number(count: int, one: str, several: str) -> str:
        return f"{count} {one if count == 1 else several}"

    goes = [] if is_conversation else [number(found.conversations, "conversation", "conversations")]
    if found.entries:
        goes.append(number(found.entries, "thing that the team wrote", "things that the team wrote"))
    if found.unfinished:
        goes.append(f"{number(found.unfinished, 'conversation', 'conversations')} that nobody finished")
    return goes


def _choices(found: Keeping, *, is_conversation: bool) -> list[tuple[str, str]]:
    if found.decided.is_held:
        return [(Decision.LIFT_HOLD, "End the hold")]
    if found.is_held:
        return []
    choices: list[tuple[str, str]] = []
    if not is_conversation:
        choices.append((Decision.HOLD, "Put it on hold: a court, an inquiry or a complaint needs it"))
        choices.append((Decision.KEEP_UNTIL, "Keep it until a day"))
    if found.decided.asked is None:
        choices.append((Decision.ASK, "Ask to have it forgotten for good"))
    else:
        choices.append((Decision.WITHDRAW, "Do not forget it after all"))
    return choices


def _said(found: Keeping, one: Entry) -> Said:
    until = one.choices.get("until", ())
    what = DONE.get(one.what, one.what)
    if until:
        day = date.fromisoformat(until[0])
        what = f"said that it is kept until {day.day} {day:%B %Y}"
    return Said(found.names.account(one.account_id), what, one.at, one.words.get("reason", ""))


SEERS = frozenset(RULES[Act.SEE_KEEPING])
DECIDERS = frozenset(RULES[Act.KEEP])
FORGETTERS = frozenset(RULES[Act.FORGET])

routes: tuple[TeamRoute, ...] = (
    TeamRoute(KEEPING, "keeping", show_due, "GET", SEERS, navigation="Keeping"),
    *(
        TeamRoute(path, name, handler, method, who, about, proven=proven, navigation=navigation)
        for path, name, handler, method, who, about, proven, navigation in (
            (OF_ENQUIRY, "enquiry_keeping", show_keeping, "GET", DECIDERS, About.ENQUIRY, False, "Enquiries"),
            (OF_ENQUIRY, "decide_keeping", decide, "POST", DECIDERS, About.ENQUIRY, False, "Enquiries"),
            (OF_ENQUIRY + "/forget", "forget_enquiry", forget, "POST", FORGETTERS, About.ENQUIRY, True, "Enquiries"),
            (OF_CONVERSATION, "conversation_keeping", show_keeping, "GET", DECIDERS, About.CONVERSATION, False, ""),
            (OF_CONVERSATION, "decide_its_keeping", decide, "POST", DECIDERS, About.CONVERSATION, False, ""),
            (
                OF_CONVERSATION + "/forget",
                "forget_conversation",
                forget,
                "POST",
                FORGETTERS,
                About.CONVERSATION,
                True,
                "",
            ),
        )
    ),
)
