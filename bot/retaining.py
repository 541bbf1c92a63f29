"""Keeping things no longer than they are to be kept, and no shorter; and forgetting, which takes two people.

Of what people said, nothing goes by itself but what was begun, never finished and taken up by nobody. What is finished
waits, and the team is reminded. A closed enquiry whose time has passed stands in a list until managers decide about it,
one after the other. A hold keeps an enquiry whatever else was decided, and the audit from where it names it first. The
audit and the facts of what was forgotten, which hold nobody's words, go after their years, the oldest first.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from bot.council import TERMS, Name, Unit
from bot.reviewing import seeing, working
from bot.reviewing.seeing import Names, NotDone, changed
from bot.roles import Act, Actor, Place, Role, require, require_proven
from bot.store import AuditAct, Damaged, Entry, EntryKind, Missing, Rule, Scope, Store, Transaction, logs
from bot.store.retention import Aged, Size

LONGEST_REASON = 2_000
"""Characters."""

KEPT_AT_MOST = 100
"""Years from now until which something can be kept."""

FEW = 5
"""So many may go at once however few there are."""

SHARE = 20
"""Beyond that, one in so many: 5 %."""

FEW_ROWS = 100
"""So many rows of the audit, or facts of what was forgotten, may go at once however few there are."""

LOOKS_EVERY = timedelta(hours=23)
GAP = timedelta(hours=48)
"""Time since the last look after which the clock may have jumped, or the program stood still."""

MEANWHILE = timedelta(minutes=5)
"""What was said while a look was about to begin says nothing about the clock."""

LISTED = 50
"""Rows of each list at most; what was decided makes room for the next."""

AT_ONCE = 50
"""Conversations that one transaction forgets."""

ROWS_AT_ONCE = 5_000
"""Rows of the audit that one transaction lets go of."""


# --- rules -----------------------------------------------------------------------------------------------------------


class Decision(StrEnum):
    """What a manager decides about how long something is kept."""

    HOLD = "hold"
    """Keep it, whatever else was decided, until somebody ends the hold."""
    LIFT_HOLD = "lift_hold"
    KEEP_UNTIL = "keep_until"
    ASK = "ask"
    """Ask to have it forgotten. Another manager does it."""
    WITHDRAW = "withdraw"


KEEPS_IT = frozenset({Decision.HOLD, Decision.KEEP_UNTIL})
"""Decisions that end what was asked for before."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What stands, of all that was decided about one thing."""

    hold: Entry | None = None
    until: date | None = None
    """The day until which it is kept, where a manager named one."""
    asked: Entry | None = None
    """Who asked to have it forgotten, and why."""
    history: tuple[Entry, ...] = ()

    @property
    def is_held(self) -> bool:
        """Whether it is on hold."""
        return self.hold is not None


def decided(entries: Iterable[Entry]) -> Decided:
    """Say what stands. A hold, and a day until which it is kept, end what was asked for before."""
    hold, until, asked, history = None, None, None, []
    for one in entries:
        history.append(one)
        match one.what:
            case Decision.HOLD:
                hold, asked = one, None
            case Decision.LIFT_HOLD:
                hold = None
            case Decision.KEEP_UNTIL:
                until, asked = date.fromisoformat(one.choices["until"][0]), None
            case Decision.ASK:
                asked = one
            case Decision.WITHDRAW:
                asked = None
    return Decided(hold, until, asked, tuple(history))


def before(keeps: Mapping[Name, int], name: Name, now: datetime) -> datetime:
    """Give the moment before which a class of things has been kept for as long as the council says."""
    number = keeps[name]
    if TERMS[name].unit is Unit.DAYS:
        return now - timedelta(days=number)
    return _years_before(now, number)


def kept_until(keeps: Mapping[Name, int], closed_at: datetime) -> datetime:
    """Give the moment from which a closed enquiry has been kept for as long as the council says."""
    number = keeps[Name.KEEP_CLOSED]
    try:
        return closed_at.replace(year=closed_at.year + number)
    except ValueError:  # 29 February
        return closed_at.replace(year=closed_at.year + number, month=3, day=1)


def _years_before(now: datetime, years: int) -> datetime:
    year = max(now.year - years, 1)
    try:
        return now.replace(year=year)
    except ValueError:  # 29 February
        return now.replace(year=year, day=28)


class Refusal(StrEnum):
    """Why nothing is forgotten now."""

    CLOCK = "clock"
    """The clock is before what was said or written last."""
    GAP = "gap"
    SHARE = "share"
    """More than 5 % would go."""
    AUDIT_SHARE = "audit_share"
    """More than 5 % of the audit would go, or of the facts of what was forgotten. Of words, what is due has gone."""
    AUDIT_DAMAGED = "audit_damaged"
    """What is to go of the audit is not as it was kept. It stays, to be looked at."""


def refusal(now: datetime, newest: datetime | None, last: datetime | None, due: int, size: Size) -> Refusal | None:
    """Say why nothing is to be forgotten now; None where nothing speaks against it."""
    if newest is not None and now < newest - MEANWHILE:
        return Refusal.CLOCK
    if last is not None and now - last > GAP:
        return Refusal.GAP
    if due > FEW and due * SHARE > size.conversations:
        return Refusal.SHARE
    return None


def refusal_of_audit(going: Sequence[tuple[int, int]]) -> Refusal | None:
    """Say why nothing of the audit is to go now. `going`: of how many rows how many would, for each log."""
    if any(due > FEW_ROWS and due * SHARE > rows for due, rows in going):
        return Refusal.AUDIT_SHARE
    return None


REFUSED = {
    Refusal.CLOCK: "The clock is behind what was said or written last.",
    Refusal.GAP: "The last look was more than 48 hours ago: the clock may have jumped, or the program stood still.",
    Refusal.SHARE: "More than 5 % of all conversations would go at once.",
    Refusal.AUDIT_SHARE: "More than 5 % of the audit, or of the facts of what was forgotten, would go at once.",
    Refusal.AUDIT_DAMAGED: "What is to go of the audit is not as it was kept: `python -m bot verify` says where.",
}
"""Each refusal, as those read it who run Own Words."""

OF_THE_AUDIT = frozenset({Refusal.AUDIT_SHARE, Refusal.AUDIT_DAMAGED})
"""Refusals that keep the audit and the facts of what was forgotten, and nothing else."""


# --- the daily look --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Due:
    """What has been kept for as long as it is to be."""

    unfinished: tuple[Aged, ...]
    """Conversations that go by themselves."""
    waiting: tuple[Aged, ...]
    """Finished ones that the team is reminded of. They never go by themselves."""
    closed: tuple[Aged, ...]
    """Enquiries that managers are to decide about."""
    held: int
    """Enquiries that are kept, whatever else was decided."""
    size: Size
    last: datetime | None
    """When what is due was looked for and let go of last."""
    refusal: Refusal | None
    audit: int = 0
    """Rows of the audit that go by themselves."""
    facts: int = 0
    """Facts of what was forgotten that go by themselves."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look has done."""

    forgotten: int
    refusal: Refusal | None
    is_first: bool = False
    """Nothing goes at the first look: it says from when on the clock is trusted."""
    is_scrubbed: bool = True
    """Whether nothing of it lies in the database's log any more."""
    audit: int = 0
    """Rows of the audit that went."""
    facts: int = 0
    """Facts of what was forgotten that went."""


EVERYTHING = Scope(None, "", include_restricted=True, duty=True)


def due(seen: Transaction, keeps: Mapping[Name, int], now: datetime, scope: Scope = EVERYTHING) -> Due:
    """Find what has been kept for as long as it is to be. Nothing is changed."""
    unfinished = seen.retention.unfinished(before(keeps, Name.KEEP_UNFINISHED, now))
    closed = seen.retention.closed(before(keeps, Name.KEEP_CLOSED, now), scope)
    stands = _decided_about(seen, None)
    last, size = _last(seen), seen.retention.size()
    since = before(keeps, Name.KEEP_AUDIT, now)
    audit, facts = seen.cuts.old_audit(since, _held(stands)), seen.cuts.old_facts(since)
    going = [(audit, seen.cuts.length(logs.AUDIT)), (facts, seen.cuts.length(logs.FORGOTTEN))]
    refused = refusal(now, seen.retention.newest(), last, len(unfinished), size)
    return Due(
        unfinished=unfinished,
        waiting=seen.retention.waiting(before(keeps, Name.KEEP_WAITING, now), scope),
        closed=tuple(one for one in closed if _is_to_decide(stands.get(one.id, Decided()), now)),
        held=sum(one.is_held for one in stands.values()),
        size=size,
        last=last,
        refusal=refused or refusal_of_audit(going),
        audit=audit,
        facts=facts,
    )


def is_time(store: Store, now: datetime) -> bool:
    """Say whether it is time for another look: once a day, whether the one before did anything or not."""
    with store.reading() as seen:
        latest = seen.audit.search(acts={AuditAct.TIDIED, AuditAct.TIDYING_REFUSED}, at_most=1)
    return not latest or abs(now - latest[0].at) > LOOKS_EVERY


def look(store: Store, keeps: Mapping[Name, int], now: datetime, *, anyway: bool = False) -> Looked:
    """Forget what is due and goes by itself, unless something looks wrong. `anyway`: somebody looked, and it is right.

    Where the audit alone looks wrong, it alone stays. Raises NotKept, NotRead.
    """
    with store.begin() as kept:
        found = due(kept, keeps, now)
        is_first = found.last is None
        refused = None if anyway else found.refusal
        if refused is not None and refused not in OF_THE_AUDIT:
            kept.audit.add(AuditAct.TIDYING_REFUSED, now, about=refused.value)
            return Looked(0, refused)
        kept.audit.add(AuditAct.TIDIED, now, about="first" if is_first and not anyway else "look")
    if is_first and not anyway:
        return Looked(0, None, is_first=True)
    ids = [one.id for one in found.unfinished]
    forgotten = 0
    for start in range(0, len(ids), AT_ONCE):
        with store.begin() as kept:
            # Somebody may have come back meanwhile.
            still = kept.retention.unfinished(before(keeps, Name.KEEP_UNFINISHED, now), ids[start : start + AT_ONCE])
            for one in still:
                kept.forgetting.conversation(one.id, Rule.UNFINISHED, now)
                kept.audit.add(AuditAct.CHANGED, now, conversation_id=one.id, about=f"forgotten.{Rule.UNFINISHED}")
        forgotten += len(still)
    audit = facts = 0
    if refused is None:
        try:
            audit, facts = _shorten(store, before(keeps, Name.KEEP_AUDIT, now), now)
        except Damaged:
            refused = Refusal.AUDIT_DAMAGED
    if refused is not None:
        with store.begin() as kept:
            kept.audit.add(AuditAct.TIDYING_REFUSED, now, about=refused.value)
    return Looked(forgotten, refused, is_scrubbed=store.scrub(), audit=audit, facts=facts)


def _shorten(store: Store, since: datetime, now: datetime) -> tuple[int, int]:
    """Let go of the front of the audit, and of the list of what was forgotten. Gives how many rows of each."""
    audit = facts = 0
    while True:
        with store.begin() as kept:
            # Somebody may have put an enquiry on hold meanwhile.
            old = kept.cuts.old_audit(since, _held(_decided_about(kept, None)))
            if old:
                kept.cuts.cut_audit(min(old, ROWS_AT_ONCE), since, now)
        audit += min(old, ROWS_AT_ONCE)
        if old <= ROWS_AT_ONCE:
            break
    while True:
        with store.begin() as kept:
            old = kept.cuts.old_facts(since)
            if old:
                kept.cuts.cut_facts(min(old, ROWS_AT_ONCE), since, now)
        facts += min(old, ROWS_AT_ONCE)
        if old <= ROWS_AT_ONCE:
            return audit, facts


def _held(stands: Mapping[str, Decided]) -> frozenset[str]:
    return frozenset(enquiry_id for enquiry_id, one in stands.items() if one.is_held)


def _last(seen: Transaction) -> datetime | None:
    latest = seen.audit.search(acts={AuditAct.TIDIED}, at_most=1)
    return latest[0].at if latest else None


def _is_to_decide(stands: Decided, now: datetime) -> bool:
    return not stands.is_held and (stands.until is None or stands.until <= now.date())


def _decided_about(seen: Transaction, enquiry_ids: Collection[str] | None) -> dict[str, Decided]:
    written: dict[str, list[Entry]] = {}
    for one in seen.entries.listed(seen.retention.decided(enquiry_ids)):
        written.setdefault(one.enquiry_id or "", []).append(one)
    return {enquiry_id: decided(entries) for enquiry_id, entries in written.items()}


# --- what managers see -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ToDecide:
    """A closed enquiry whose time has passed, or which somebody asked to have forgotten."""

    enquiry_id: str
    reference: str | None
    closed_at: datetime | None
    decided: Decided


@dataclass(frozen=True, slots=True)
class Overview:
    """How much is due, and for a manager which."""

    due: Due
    keeps: Mapping[Name, int]
    to_decide: tuple[ToDecide, ...]
    """Empty for whoever decides nothing."""
    asked: tuple[ToDecide, ...]
    """Enquiries that somebody asked to have forgotten, whose time has not passed."""
    names: Names
    refused: Refusal | None
    """Why nothing was forgotten at the last look."""
    references: Mapping[str, str]
    """Of conversations that wait: the reference of their enquiry, where they have one."""


def overview(store: Store, actor: Actor, keeps: Mapping[Name, int], now: datetime) -> Overview:
    """Give how much is due: of all for an administrator, of their teams for a manager. Raises NotAllowed."""
    require(actor, Act.SEE_KEEPING)
    with store.reading() as seen:
        is_manager = actor.role is Role.MANAGER
        scope = working.scope_of(seen, actor) if is_manager else EVERYTHING
        found = due(seen, keeps, now, scope)
        latest = seen.audit.search(acts={AuditAct.TIDIED, AuditAct.TIDYING_REFUSED}, at_most=1)
        refused = Refusal(latest[0].about) if latest and latest[0].act is AuditAct.TIDYING_REFUSED else None
        if not is_manager:
            return Overview(found, keeps, (), (), seeing.names(seen), refused, {})
        stands = _decided_about(seen, None)
        queue = {one.id for one in found.closed}
        asked = {
            enquiry_id
            for enquiry_id, one in stands.items()
            if one.asked is not None and enquiry_id not in queue and _is_theirs(seen, actor, enquiry_id)
        }
        enquiries = seen.enquiries.all_of(queue | asked)

        def listed(ids: Iterable[str]) -> tuple[ToDecide, ...]:
            return tuple(
                ToDecide(one, enquiries[one].reference, enquiries[one].closed_at, stands.get(one, Decided()))
                for one in ids
            )

        return Overview(
            due=found,
            keeps=keeps,
            to_decide=listed(one.id for one in found.closed),
            asked=listed(sorted(asked)),
            names=seeing.names(seen),
            refused=refused,
            references=_references(seen, [one.id for one in found.waiting[:LISTED]]),
        )


def _references(seen: Transaction, conversation_ids: Iterable[str]) -> dict[str, str]:
    belongs = {one: seen.conversations.get(one).enquiry_id for one in conversation_ids}
    enquiries = seen.enquiries.all_of({one for one in belongs.values() if one is not None})
    found = {}
    for conversation_id, enquiry_id in belongs.items():
        reference = enquiries[enquiry_id].reference if enquiry_id is not None else None
        if reference is not None:
            found[conversation_id] = reference
    return found


def _is_theirs(seen: Transaction, actor: Actor, enquiry_id: str) -> bool:
    return seeing.place_of_enquiry(seen, enquiry_id).team_id in actor.team_ids


@dataclass(frozen=True, slots=True)
class Subject:
    """What is kept or forgotten: an enquiry with all its conversations, or one conversation."""

    enquiry_id: str | None = None
    conversation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long one thing is kept, what was decided about it, and what would go."""

    decided: Decided
    is_held: bool
    """Whether it is on hold, or the enquiry that it belongs to is."""
    reference: str | None
    closed_at: datetime | None
    kept_until: datetime | None
    """When the council's time for a closed enquiry has passed; None for one that is open, and for a conversation."""
    is_due: bool
    conversations: int
    entries: int
    unfinished: int
    names: Names
    may_forget: bool
    """Whether another manager asked, so that this one can do it."""
    has_own_key: bool
    """Whether what lies in older backups opens nowhere any more once this is forgotten."""


def keeping_of(store: Store, actor: Actor, subject: Subject, keeps: Mapping[Name, int], now: datetime) -> Keeping:
    """Give how long an enquiry or a conversation is kept. Raises NotAllowed, Missing."""
    with store.reading() as seen:
        _find(seen, actor, subject, Act.KEEP)
        stands = _stands(seen, subject)
        names = seeing.names(seen)
        may_forget = stands.asked is not None and stands.asked.account_id != actor.account_id
        is_held = _is_held(seen, subject)
        if subject.conversation_id is not None:
            conversation = seen.conversations.get(subject.conversation_id)
            written = seen.entries.of_conversation(subject.conversation_id)
            return Keeping(
                decided=stands,
                is_held=is_held,
                reference=None,
                closed_at=None,
                kept_until=None,
                is_due=False,
                conversations=1,
                entries=_besides(written),
                unfinished=int(not seeing.is_finished(conversation)),
                names=names,
                may_forget=may_forget,
                has_own_key=seen.conversations.has_own_key(subject.conversation_id),
            )
        enquiry = seen.enquiries.get(subject.enquiry_id or "")
        inside = seen.conversations.listed(enquiry_id=enquiry.enquiry_id)
        until = None if enquiry.closed_at is None else kept_until(keeps, enquiry.closed_at)
        return Keeping(
            decided=stands,
            is_held=is_held,
            reference=enquiry.reference,
            closed_at=enquiry.closed_at,
            kept_until=until,
            is_due=until is not None and until < now and _is_to_decide(stands, now),
            conversations=len(inside),
            entries=_besides(seen.entries.of_enquiry(enquiry.enquiry_id)),
            unfinished=sum(not seeing.is_finished(one) for one in inside),
            names=names,
            may_forget=may_forget,
            has_own_key=True,
        )


def _besides(entries: Sequence[Entry]) -> int:
    return sum(one.kind is not EntryKind.KEEPING for one in entries)


# --- what managers decide --------------------------------------------------------------------------------------------


def hold(store: Store, actor: Actor, subject: Subject, reason: str, now: datetime, *, token: str) -> None:
    """Keep an enquiry whatever else was decided. Raises NotAllowed, Missing, NotDone."""
    with store.begin() as kept:
        place = _find(kept, actor, subject, Act.KEEP)
        if subject.conversation_id is not None:
            raise NotDone("A hold is put on an enquiry. A conversation is kept with the enquiry that it belongs to.")
        if not _stands(kept, subject).is_held:
            _decide(kept, actor, subject, Decision.HOLD, _reason(reason), now, place, token)


def lift_hold(store: Store, actor: Actor, subject: Subject, reason: str, now: datetime, *, token: str) -> None:
    """End a hold. Raises NotAllowed, Missing, NotDone."""
    with store.begin() as kept:
        place = _find(kept, actor, subject, Act.KEEP)
        if _stands(kept, subject).is_held:
            _decide(kept, actor, subject, Decision.LIFT_HOLD, _reason(reason), now, place, token)


def keep_until(
    store: Store, actor: Actor, subject: Subject, until: date | None, reason: str, now: datetime, *, token: str
) -> None:
    """Keep something until a day. Raises NotAllowed, Missing, NotDone."""
    with store.begin() as kept:
        place = _find(kept, actor, subject, Act.KEEP)
        if until is None or not now.date() < until <= now.date().replace(day=1, year=now.year + KEPT_AT_MOST):
            raise NotDone("Give a day that is still to come, such as 31 12 2030.")
        written = _reason(reason)
        _decide(kept, actor, subject, Decision.KEEP_UNTIL, written, now, place, token, until=until)


def ask(store: Store, actor: Actor, subject: Subject, reason: str, now: datetime, *, token: str) -> None:
    """Ask to have something forgotten. Another manager does it. Raises NotAllowed, Missing, NotDone."""
    with store.begin() as kept:
        place = _find(kept, actor, subject, Act.KEEP)
        if _is_held(kept, subject):
            raise NotDone("This is on hold, so it is kept. End the hold first.")
        if _stands(kept, subject).asked is None:
            _decide(kept, actor, subject, Decision.ASK, _reason(reason), now, place, token)


def withdraw(store: Store, actor: Actor, subject: Subject, reason: str, now: datetime, *, token: str) -> None:
    """Have it not forgotten after all. Either manager can say so. Raises NotAllowed, Missing."""
    with store.begin() as kept:
        place = _find(kept, actor, subject, Act.KEEP)
        if _stands(kept, subject).asked is not None:
            _decide(kept, actor, subject, Decision.WITHDRAW, reason.strip(), now, place, token)


def forget(store: Store, actor: Actor, subject: Subject, keeps: Mapping[Name, int], now: datetime) -> tuple[str, ...]:
    """Forget for good what another manager asked to have forgotten, and give the conversations that are gone.

    Raises NotAllowed, ProofNeeded, Missing, NotDone.
    """
    with store.begin() as kept:
        place = _find(kept, actor, subject, Act.FORGET)
        require_proven(actor, Act.FORGET, now, place)
        stands = _stands(kept, subject)
        if _is_held(kept, subject):
            raise NotDone("This is on hold, so it is kept. End the hold first.")
        if stands.asked is None:
            raise NotDone("Nobody asks to have this forgotten any more.")
        if stands.asked.account_id == actor.account_id:
            raise NotDone("You asked for it yourself. Another manager has to do it.")
        asked_by, done_by = stands.asked.account_id, actor.account_id
        if subject.conversation_id is not None:
            gone: tuple[str, ...] = (subject.conversation_id,)
            rule = Rule.ASKED
            enquiry_id = kept.conversations.get(subject.conversation_id).enquiry_id
            kept.forgetting.conversation(subject.conversation_id, rule, now, asked_by=asked_by, done_by=done_by)
        else:
            enquiry_id = subject.enquiry_id or ""
            gone = tuple(one.conversation_id for one in kept.conversations.listed(enquiry_id=enquiry_id))
            closed_at = kept.enquiries.get(enquiry_id).closed_at
            is_due = closed_at is not None and kept_until(keeps, closed_at) < now
            rule = Rule.CLOSED if is_due else Rule.ASKED
            kept.forgetting.enquiry(enquiry_id, rule, now, asked_by=asked_by, done_by=done_by)
        about = f"forgotten.{rule}"
        changed(kept, actor, about, now, place, enquiry_id=enquiry_id, conversation_id=subject.conversation_id)
    store.scrub()
    return gone


def _find(seen: Transaction, actor: Actor, subject: Subject, act: Act) -> Place:
    """Find what it is about. Raises NotAllowed, Missing."""
    if subject.conversation_id is not None:
        conversation = seen.conversations.get(subject.conversation_id)
        place = seeing.place_of_conversation(seen, conversation, actor)
        require(actor, act, place)
        return place
    if subject.enquiry_id is None:
        raise Missing("There is no such enquiry.")
    return seeing.see_enquiry(seen, actor, subject.enquiry_id, act).place


def _stands(seen: Transaction, subject: Subject) -> Decided:
    """Say what stands. What was asked for one conversation ends, too, when its enquiry is to be kept after all."""
    if subject.conversation_id is None:
        entries = seen.entries.of_enquiry(subject.enquiry_id or "", EntryKind.KEEPING)
        return decided(one for one in entries if one.conversation_id is None)
    stands = decided(seen.entries.of_conversation(subject.conversation_id, EntryKind.KEEPING))
    enquiry_id = seen.conversations.get(subject.conversation_id).enquiry_id
    if stands.asked is None or enquiry_id is None:
        return stands
    kept = [one.number for one in _stands(seen, Subject(enquiry_id=enquiry_id)).history if one.what in KEEPS_IT]
    return replace(stands, asked=None) if kept and kept[-1] > stands.asked.number else stands


def _is_held(seen: Transaction, subject: Subject) -> bool:
    """Say whether it is on hold; a conversation is where its enquiry is."""
    if subject.conversation_id is None:
        return _stands(seen, subject).is_held
    enquiry_id = seen.conversations.get(subject.conversation_id).enquiry_id
    return enquiry_id is not None and _stands(seen, Subject(enquiry_id=enquiry_id)).is_held


def _reason(reason: str) -> str:
    if not reason.strip():
        raise NotDone("Say why, in a few words.")
    if len(reason) > LONGEST_REASON:
        raise NotDone(f"A reason has at most {LONGEST_REASON:,} characters.")
    return reason


def _decide(
    kept: Transaction,
    actor: Actor,
    subject: Subject,
    what: Decision,
    reason: str,
    now: datetime,
    place: Place,
    token: str,
    *,
    until: date | None = None,
) -> None:
    kept.entries.add(
        kind=EntryKind.KEEPING,
        what=what.value,
        account_id=actor.account_id,
        now=now,
        enquiry_id=None if subject.conversation_id is not None else subject.enquiry_id,
        conversation_id=subject.conversation_id,
        choices={} if until is None else {"until": (until.isoformat(),)},
        words={"reason": reason} if reason else None,
        token=token,
    )
    about = f"keeping.{what}"
    ids = {"enquiry_id": subject.enquiry_id, "conversation_id": subject.conversation_id}
    changed(kept, actor, about, now, place, **ids)
