"""What there is to do: flags first, then what waits, by age. Lists come from SQL; no words are opened for them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.conversation import State
from bot.flags import PRESSING, Flag
from bot.reviewing import seeing
from bot.reviewing.seeing import Names
from bot.reviewing.states import ReviewState, state_of
from bot.roles import NOWHERE, Act, Actor, Role, may, require
from bot.store import Access, Store, Transaction
from bot.store.work import Counts, EnquiryRow, Page, Scope, Waiting, WorkFilter

ON_A_PAGE = 25
AT_HOME = 5
"""Rows of each list on the first page; each leads to the whole list."""
FLAGGED_AT_ONCE = 50
"""Conversations with flags that the first page looks through for the pressing and for the oldest flags."""

OPEN = frozenset({State.OPEN})
DONE = frozenset({State.FINISHED, State.STOPPED})
TO_READ: frozenset[str | None] = frozenset({None, ReviewState.WAITING.value, ReviewState.ANSWERED.value})


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation in a list."""

    waiting: Waiting
    reference: str | None
    """None where nobody gave it an enquiry yet."""
    state: ReviewState
    reader: str
    """Who took the latest step in reviewing it; empty where nobody did."""
    is_mine: bool
    """Whether that was this reader."""
    allocated: tuple[str, ...]
    """Who works on its enquiry."""
    is_restricted: bool


@dataclass(frozen=True, slots=True)
class FlagRow:
    """One flag that nobody has answered."""

    flag: Flag
    row: Row


@dataclass(frozen=True, slots=True)
class Rows:
    """A page of a list."""

    rows: tuple[Row, ...]
    after: str
    """The key to go on from; empty at the end."""


@dataclass(frozen=True, slots=True)
class EnquiryListed:
    """One enquiry in a list."""

    row: EnquiryRow
    team: str
    allocated: tuple[str, ...]
    is_mine: bool


@dataclass(frozen=True, slots=True)
class EnquiryRows:
    """A page of enquiries."""

    rows: tuple[EnquiryListed, ...]
    after: str


@dataclass(frozen=True, slots=True)
class Home:
    """All there is to do for one reader, each list with its first rows."""

    counts: Counts
    flags: tuple[FlagRow, ...]
    """The pressing ones before the others, and of each the oldest first."""
    more_flags: bool
    waiting: Rows
    reading: Rows
    sent_back: Rows
    unfinished: Rows
    walk_ins: Rows
    mine: EnquiryRows
    """Enquiries that this reader works on."""


def scope_of(seen: Transaction, actor: Actor) -> Scope:
    """Say what of all there is this reader may see in a list."""
    duty = seeing.duty_team_id(seen)
    match actor.role:
        case Role.AUDITOR:
            return Scope(None, actor.account_id, include_restricted=True, duty=True)
        case Role.MANAGER:
            on_duty = duty in actor.team_ids
            return Scope(actor.team_ids, actor.account_id, include_restricted=True, duty=on_duty, allocated=False)
        case Role.PRACTITIONER:
            return Scope(actor.team_ids, actor.account_id, include_restricted=False, duty=duty in actor.team_ids)
        case _:
            return Scope(frozenset(), actor.account_id, include_restricted=False, duty=False)


def home(store: Store, actor: Actor) -> Home:
    """Give all there is to do, the most pressing first. Raises NotAllowed."""
    require(actor, Act.SEE_WORK, NOWHERE)
    with store.reading() as seen:
        looking = _Looking(seen, actor)
        if actor.role is Role.ADVOCATE:
            return _home_of_advocate(looking)
        reading = looking.rows(WorkFilter(states=DONE, reviews=frozenset({ReviewState.BEING_READ.value})), at_most=50)
        flagged = _flags(looking.flagged())
        return Home(
            counts=seen.work.counts(looking.scope),
            flags=flagged[: AT_HOME * 2],
            more_flags=len(flagged) > AT_HOME * 2,
            waiting=looking.rows(WorkFilter(states=DONE, reviews=TO_READ), at_most=AT_HOME),
            reading=replace(reading, rows=tuple(row for row in reading.rows if row.is_mine)),
            sent_back=looking.rows(
                WorkFilter(states=DONE, reviews=frozenset({ReviewState.SENT_BACK.value})), at_most=AT_HOME
            ),
            unfinished=looking.rows(WorkFilter(states=OPEN), at_most=AT_HOME),
            walk_ins=looking.rows(WorkFilter(states=DONE, has_enquiry=False), at_most=AT_HOME),
            mine=looking.enquiries(is_open=True, allocated_to=actor.account_id, at_most=AT_HOME),
        )


def _home_of_advocate(looking: "_Looking") -> Home:
    none = Rows((), "")
    return Home(
        counts=Counts({}, 0, 0, 0),
        flags=(),
        more_flags=False,
        waiting=looking.rows(WorkFilter()),
        reading=none,
        sent_back=none,
        unfinished=none,
        walk_ins=none,
        mine=looking.enquiries(is_open=True, allocated_to=looking.actor.account_id, at_most=AT_HOME),
    )


def conversations(store: Store, actor: Actor, filters: WorkFilter, *, after: str = "") -> Rows:
    """Give a page of conversations, those first that have waited longest. Raises NotAllowed."""
    require(actor, Act.SEE_WORK, NOWHERE)
    with store.reading() as seen:
        return _Looking(seen, actor).rows(filters, after=after)


def enquiries(
    store: Store, actor: Actor, *, is_open: bool | None = None, only_mine: bool = False, after: str = ""
) -> EnquiryRows:
    """Give a page of enquiries, those first that were opened last. Raises NotAllowed."""
    require(actor, Act.SEE_WORK, NOWHERE)
    with store.reading() as seen:
        allocated_to = actor.account_id if only_mine else None
        return _Looking(seen, actor).enquiries(is_open=is_open, allocated_to=allocated_to, after=after)


def _flags(rows: Iterable[Row]) -> tuple[FlagRow, ...]:
    """Give the flags of these conversations that nobody answered, as they are to be read."""
    found = [FlagRow(flag, row) for row in rows for flag in row.waiting.flags]

    def place(one: FlagRow) -> tuple[bool, datetime, str]:
        return one.flag.kind not in PRESSING, one.flag.raised_at, one.row.waiting.conversation_id

    return tuple(sorted(found, key=place))


class _Looking:
    """Lists for one reader, with the names that they need."""

    def __init__(self, seen: Transaction, actor: Actor) -> None:
        self._seen = seen
        self.actor = actor
        self.scope = scope_of(seen, actor)
        self._names: Names = seeing.names(seen)

    def rows(self, filters: WorkFilter, *, after: str = "", at_most: int = ON_A_PAGE) -> Rows:
        if self._is_advocate:
            # How far the team is with a conversation is not theirs to see, nor to choose by.
            filters = WorkFilter(states=DONE, stage=filters.stage, speaker=filters.speaker)
        found: Page[Waiting] = self._seen.work.conversations(self.scope, filters, after=after, at_most=at_most)
        shown = found.rows
        if self._is_advocate:
            shown = tuple(replace(one, review=None, flags=()) for one in shown if self._may_read(one.conversation_id))
        return Rows(self._dressed(shown), found.after)

    def flagged(self) -> tuple[Row, ...]:
        """Give conversations with a flag that nobody answered, so many that the pressing ones are among them."""
        pressing = self.rows(WorkFilter(flagged=PRESSING), at_most=FLAGGED_AT_ONCE).rows
        every = self.rows(WorkFilter(is_flagged=True), at_most=FLAGGED_AT_ONCE).rows
        return tuple({row.waiting.conversation_id: row for row in (*pressing, *every)}.values())

    def enquiries(
        self, *, is_open: bool | None, allocated_to: str | None, after: str = "", at_most: int = ON_A_PAGE
    ) -> EnquiryRows:
        found = self._seen.work.enquiries(
            self.scope, is_open=is_open, allocated_to=allocated_to, after=after, at_most=at_most
        )
        rows = tuple(
            EnquiryListed(
                self._as_told(row),
                self._names.team(row.team_id),
                self._people(row.access),
                self.actor.account_id in row.allocated,
            )
            for row in found.rows
        )
        return EnquiryRows(rows, found.after)

    @property
    def _is_advocate(self) -> bool:
        return self.actor.role is Role.ADVOCATE

    def _may_read(self, conversation_id: str) -> bool:
        conversation = self._seen.conversations.get(conversation_id)
        place = seeing.place_of_conversation(self._seen, conversation, self.actor)
        return may(self.actor, Act.READ_CONVERSATION, place)

    def _as_told(self, row: EnquiryRow) -> EnquiryRow:
        """Count for an advocate what they may read, and nothing that the team has still to do."""
        if not self._is_advocate:
            return row
        every = self._seen.conversations.listed(enquiry_id=row.enquiry_id)
        readable = sum(self._may_read(one.conversation_id) for one in every)
        return replace(row, conversations=readable, waiting=0, flags=0)

    def _dressed(self, found: Sequence[Waiting]) -> tuple[Row, ...]:
        reviews = self._seen.entries.latest_reviews([one.conversation_id for one in found if one.review is not None])
        enquiry_ids = {one.enquiry_id for one in found if one.enquiry_id is not None}
        enquiries = self._seen.enquiries.all_of(enquiry_ids)
        rows = []
        for one in found:
            review = reviews.get(one.conversation_id)
            rows.append(
                Row(
                    waiting=one,
                    reference=enquiries[one.enquiry_id].reference if one.enquiry_id is not None else None,
                    state=state_of(one.review),
                    reader=self._names.account(review.account_id) if review is not None else "",
                    is_mine=review is not None and review.account_id == self.actor.account_id,
                    allocated=self._people(one.access),
                    is_restricted=one.access.is_restricted,
                )
            )
        return tuple(rows)

    def _people(self, access: Access) -> tuple[str, ...]:
        return tuple(sorted(self._names.account(one) for one in access.allocated))
