"""What there is to do: lists that the database makes, a page at a time, and words read through for a search.

The database chooses rows by ids, times and states, none of which says anything of what was said. What a list shows is
then read row by row with its proof, so a row that was changed by another hand is refused here as anywhere.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    ColumnElement,
    Join,
    Select,
    and_,
    case,
    exists,
    false,
    func,
    literal_column,
    or_,
    select,
    true,
    tuple_,
)

from bot.conversation import Speaker, Stage, State
from bot.flags import Flag, FlagKind
from bot.store import tables
from bot.store.allocations import Access, Allocations
from bot.store.conversations import ORIGINAL_SCHEMA, SCHEMA
from bot.store.enquiries import Enquiries
from bot.store.entries import EntryKind
from bot.store.keys import Keys
from bot.store.rows import Row, Rows, moment
from bot.store.sealing import NONCE_BYTES, TAG_BYTES, bound

REVIEWED = "reviewed"
"""What the latest review of a conversation says when nobody needs to read it any more."""

READABLE = (State.FINISHED.value, State.STOPPED.value)

SAID = tables.turns.c.speaker != literal_column(f"'{Speaker.BOT.value}'")
"""Written out, so that SQLite sees that its index of what was said answers it."""

AT_ONCE = 500
"""Conversations whose words one query reads."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What of all there is somebody may find in a list: what their teams have, and what they are allocated."""

    team_ids: frozenset[str] | None
    """None: all teams, and what belongs to none."""
    account_id: str
    include_restricted: bool
    """Whether restricted enquiries of these teams are in it. Those allocated to the account always are."""
    duty: bool
    """Whether what belongs to no team is in it."""
    allocated: bool = True
    """Whether what the account is allocated is in it, whatever team that belongs to."""
    own_experience: bool = False
    """Whether it holds how it was for people, too, where the account worked on the enquiry, now or ever."""


@dataclass(frozen=True, slots=True)
class WorkFilter:
    """Which conversations of a scope are looked for. What is empty or None leaves nothing out."""

    states: frozenset[State] = frozenset()
    reviews: frozenset[str | None] = frozenset()
    """What the latest review says; None where nobody began one since the conversation was done."""
    stage: Stage | None = None
    speaker: Speaker | None = None
    is_flagged: bool | None = None
    """Whether there is a flag that nobody answered."""
    flagged: frozenset[FlagKind] = frozenset()
    """The kinds of flag one of which nobody answered."""
    has_enquiry: bool | None = None
    enquiry_id: str | None = None
    team_id: str | None = None
    allocated_to: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """One conversation in a list, without its words."""

    conversation_id: str
    enquiry_id: str | None
    stage: Stage
    speaker: Speaker
    begun_at: datetime
    state: State
    settled_at: datetime
    """Since when it has been that far."""
    review: str | None
    """What its latest review says, of those made since then."""
    flags: tuple[Flag, ...]
    """Flags that nobody answered."""
    access: Access
    """Whose its enquiry is."""


@dataclass(frozen=True, slots=True)
class EnquiryRow:
    """One enquiry in a list."""

    enquiry_id: str
    reference: str | None
    opened_at: datetime
    closed_at: datetime | None
    access: Access
    conversations: int
    waiting: int
    """Conversations that are done and not reviewed since."""
    flags: int
    """Flags that nobody answered."""

    @property
    def team_id(self) -> str | None:
        """The team that it belongs to."""
        return self.access.team_id

    @property
    def is_restricted(self) -> bool:
        """Whether only those see it who work on it, and managers."""
        return self.access.is_restricted

    @property
    def allocated(self) -> frozenset[str]:
        """The accounts that work on it."""
        return self.access.allocated


Listed = TypeVar("Listed")


@dataclass(frozen=True, slots=True)
class Page(Generic[Listed]):
    """Some of a list."""

    rows: tuple[Listed, ...]
    after: str
    """Where the next page begins; empty where there is none."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is of a scope."""

    reviews: Mapping[str | None, int]
    """Conversations that are done, by what their latest review says."""
    unfinished: int
    flagged: int
    """Conversations with a flag that nobody answered."""
    without_enquiry: int
    """Conversations that are done and belong to no enquiry."""


class Work:
    """What there is to do, in one transaction."""

    def __init__(self, rows: Rows, keys: Keys, enquiries: Enquiries, allocations: Allocations) -> None:
        self._rows = rows
        self._keys = keys
        self._enquiries = enquiries
        self._allocations = allocations

    def conversations(
        self, scope: Scope, filters: WorkFilter | None = None, *, after: str = "", at_most: int = 25
    ) -> Page[Waiting]:
        """A page of conversations, those first that have been as far as they are for longest."""
        ids = tables.conversation_states.c.conversation_id
        aged = tables.conversation_states.c.settled_at
        query = select(ids, aged).select_from(_joined()).where(_in_scope(scope), *_filtered(filters or WorkFilter()))
        if (place := _place(after)) is not None:
            query = query.where(tuple_(aged, ids) > place)
        found = self._rows.found(query.order_by(aged, ids).limit(at_most + 1))
        shown = found[:at_most]
        rows = self._waiting([row[0] for row in shown])
        return Page(rows, _key(shown) if len(found) > at_most else "")

    def counts(self, scope: Scope) -> Counts:
        """How much there is."""
        states, conversations = tables.conversation_states, tables.conversations
        is_readable = states.c.state.in_(READABLE).label("is_readable")
        has_enquiry = conversations.c.enquiry_id.is_not(None).label("has_enquiry")
        is_flagged = _is_flagged().label("is_flagged")
        each = (
            select(is_readable, states.c.review, has_enquiry, is_flagged).select_from(_joined()).where(_in_scope(scope))
        ).subquery()
        query = select(*each.c, func.count()).group_by(*each.c)
        reviews: dict[str | None, int] = {}
        unfinished = flagged = without_enquiry = 0
        for readable, review, belongs, flag, number in self._rows.found(query):
            if readable:
                reviews[review] = reviews.get(review, 0) + number
            unfinished += 0 if readable else number
            flagged += number if flag else 0
            without_enquiry += number if readable and not belongs else 0
        return Counts(reviews, unfinished, flagged, without_enquiry)

    def enquiries(
        self,
        scope: Scope,
        *,
        is_open: bool | None = None,
        allocated_to: str | None = None,
        after: str = "",
        at_most: int = 25,
    ) -> Page[EnquiryRow]:
        """A page of enquiries, those first that were opened last."""
        enquiries, access = tables.enquiries, tables.enquiry_access
        joined = enquiries.outerjoin(access, access.c.enquiry_id == enquiries.c.enquiry_id)
        query = (
            select(enquiries.c.enquiry_id, enquiries.c.opened_at)
            .select_from(joined)
            .where(belongs(scope, enquiries.c.enquiry_id))
        )
        if is_open is not None:
            query = query.where(enquiries.c.closed_at.is_(None) if is_open else enquiries.c.closed_at.is_not(None))
        if allocated_to is not None:
            query = query.where(_allocated(enquiries.c.enquiry_id, allocated_to))
        if (place := _place(after)) is not None:
            query = query.where(tuple_(enquiries.c.opened_at, enquiries.c.enquiry_id) < place)
        order = [enquiries.c.opened_at.desc(), enquiries.c.enquiry_id.desc()]
        found = self._rows.found(query.order_by(*order).limit(at_most + 1))
        shown = found[:at_most]
        rows = self._enquiry_rows(scope, [row[0] for row in shown])
        return Page(rows, _key(shown) if len(found) > at_most else "")

    def readable(self, scope: Scope) -> tuple[str, ...]:
        """The conversations of a scope that are done, the latest first."""
        states = tables.conversation_states
        query = (
            select(states.c.conversation_id)
            .select_from(_joined())
            .where(_in_scope(scope), states.c.state.in_(READABLE))
            .order_by(states.c.settled_at.desc(), states.c.conversation_id.desc())
        )
        return tuple(self._rows.ids(query))

    def said(self, conversation_ids: Sequence[str]) -> Iterator[tuple[str, int, str]]:
        """What people said in these conversations, one after the other: the conversation, the turn, the words.

        Where an interpreter spoke, what was translated comes beside its turn. For looking through many words quickly:
        each seal is checked, and no chain is. Raises `Damaged`.
        """
        for start in range(0, len(conversation_ids), AT_ONCE):
            some = conversation_ids[start : start + AT_ONCE]
            key_ids = self._key_ids(some)
            keys = self._keys.open_all(set(key_ids.values()))
            found = {of: list(turns) for of, turns in groupby(self._sealed(some), itemgetter(0))}
            for conversation_id in some:
                if conversation_id not in found:
                    continue
                key = keys[key_ids[conversation_id]]
                place = bound(SCHEMA, key.key_id, conversation_id)
                for _, number, speaker, words, original in found[conversation_id]:
                    where = _numbered(number, speaker)
                    if len(words) > NONCE_BYTES + TAG_BYTES:
                        yield conversation_id, number, key.open(words, place + where)
                    if original is not None:
                        there = bound(ORIGINAL_SCHEMA, key.key_id, conversation_id)
                        yield conversation_id, number, key.open(original, there + where)

    def _key_ids(self, conversation_ids: Sequence[str]) -> Mapping[str, str]:
        conversations = tables.conversations
        ids = conversations.c.conversation_id
        query = select(ids, conversations.c.key_id).where(ids.in_(conversation_ids)).order_by(ids)
        return {row[0]: row[1] for row in self._rows.found(query)}

    def _sealed(self, conversation_ids: Sequence[str]) -> Sequence[Any]:
        turns = tables.turns
        # What is no longer than a nonce and a tag holds no words.
        has_words = or_(func.length(turns.c.words) > NONCE_BYTES + TAG_BYTES, turns.c.original.is_not(None))
        query = (
            select(turns.c.conversation_id, turns.c.number, turns.c.speaker, turns.c.words, turns.c.original)
            .where(turns.c.conversation_id.in_(conversation_ids), SAID, has_words)
            .order_by(turns.c.conversation_id, turns.c.number)
        )
        return self._rows.found(query)

    def _waiting(self, conversation_ids: Sequence[str]) -> tuple[Waiting, ...]:
        conversations, states = tables.conversations, tables.conversation_states
        rows = self._by_id(conversations, conversation_ids)
        settled = self._by_id(states, conversation_ids)
        flags = self._unanswered(conversation_ids)
        accesses = self._allocations.accesses(
            [row["enquiry_id"] for row in rows.values() if row["enquiry_id"] is not None]
        )
        found = []
        for conversation_id in conversation_ids:
            row, state = rows[conversation_id], settled[conversation_id]
            found.append(
                Waiting(
                    conversation_id=conversation_id,
                    enquiry_id=row["enquiry_id"],
                    stage=Stage(row["stage"]),
                    speaker=Speaker(row["speaker"]),
                    begun_at=moment(row["begun_at"]),
                    state=State(state["state"]),
                    settled_at=moment(state["settled_at"]),
                    review=state["review"],
                    flags=flags.get(conversation_id, ()),
                    access=accesses.get(row["enquiry_id"], Access()),
                )
            )
        return tuple(found)

    def _by_id(self, table: Any, conversation_ids: Sequence[str]) -> Mapping[str, Row]:
        ids = table.c.conversation_id
        rows = self._rows.every(table, ids.in_(conversation_ids), order_by=[ids])
        return {row["conversation_id"]: row for row in rows}

    def _unanswered(self, conversation_ids: Sequence[str]) -> Mapping[str, tuple[Flag, ...]]:
        entries, flags = tables.entries, tables.flags
        of_them = [
            entries.c.conversation_id.in_(conversation_ids),
            entries.c.kind == EntryKind.FLAG_ANSWER.value,
        ]
        answered = {
            (row["conversation_id"], row["what"], row["turn"])
            for row in self._rows.every(entries, *of_them, order_by=[entries.c.number])
        }
        found: dict[str, tuple[Flag, ...]] = {}
        order = [flags.c.conversation_id, flags.c.turn, flags.c.kind]
        for row in self._rows.every(flags, flags.c.conversation_id.in_(conversation_ids), order_by=order):
            conversation_id = row["conversation_id"]
            if (conversation_id, row["kind"], row["turn"]) not in answered:
                flag = Flag(FlagKind(row["kind"]), row["turn"], moment(row["raised_at"]))
                found[conversation_id] = (*found.get(conversation_id, ()), flag)
        return found

    def _enquiry_rows(self, scope: Scope, enquiry_ids: Sequence[str]) -> tuple[EnquiryRow, ...]:
        accesses = self._allocations.accesses(enquiry_ids)
        conversations, states, flags = tables.conversations, tables.conversation_states, tables.flags
        belonging = conversations.c.enquiry_id.in_(enquiry_ids)
        of_them = and_(belonging, _in_scope(scope))
        is_waiting = and_(states.c.state.in_(READABLE), func.coalesce(states.c.review, "") != REVIEWED)
        summed = select(
            conversations.c.enquiry_id,
            func.count(),
            func.sum(case((is_waiting, 1), else_=0)),
        )
        counted = {
            row[0]: (int(row[1]), int(row[2]))
            for row in self._rows.found(
                summed.select_from(_joined()).where(of_them).group_by(conversations.c.enquiry_id)
            )
        }
        raised = (
            select(conversations.c.enquiry_id, func.count())
            .select_from(_joined().join(flags, flags.c.conversation_id == conversations.c.conversation_id))
            .where(of_them, ~exists(_answers()))
            .group_by(conversations.c.enquiry_id)
        )
        flagged = {row[0]: int(row[1]) for row in self._rows.found(raised)}
        found = []
        enquiries = self._enquiries.all_of(enquiry_ids)
        for enquiry_id in enquiry_ids:
            enquiry = enquiries[enquiry_id]
            number, waiting = counted.get(enquiry_id, (0, 0))
            found.append(
                EnquiryRow(
                    enquiry_id=enquiry_id,
                    reference=enquiry.reference,
                    opened_at=enquiry.opened_at,
                    closed_at=enquiry.closed_at,
                    access=accesses[enquiry_id],
                    conversations=number,
                    waiting=waiting,
                    flags=flagged.get(enquiry_id, 0),
                )
            )
        return tuple(found)


def _joined() -> Join:
    """Each conversation beside how far it is and whose its enquiry is."""
    conversations, states, access = tables.conversations, tables.conversation_states, tables.enquiry_access
    return states.join(conversations, conversations.c.conversation_id == states.c.conversation_id).outerjoin(
        access, access.c.enquiry_id == conversations.c.enquiry_id
    )


def _allocated(enquiry_id: ColumnElement[Any], account_id: str, *, ever: bool = False) -> ColumnElement[bool]:
    allocations = tables.allocations
    here = select(allocations.c.enquiry_id).where(
        allocations.c.enquiry_id == enquiry_id, allocations.c.account_id == account_id
    )
    return exists(here if ever else here.where(allocations.c.is_allocated == 1))


def belongs(scope: Scope, enquiry_id: ColumnElement[Any], *, of_few: bool = False) -> ColumnElement[bool]:
    """Whether an enquiry is in a scope. `enquiry_access` stands beside it, empty where nobody gave it to a team.

    `of_few`: few enquiries are asked about, so that they are to be looked at first, and not all that a team ever had.
    """
    if scope.team_ids is None:
        return true()
    access = tables.enquiry_access
    # An index of teams has no place for what was worked out.
    team_id = func.coalesce(access.c.team_id, "") if of_few else access.c.team_id
    of_a_team = team_id.in_(sorted(scope.team_ids))
    of_none = access.c.team_id.is_(None) if scope.duty else false()
    in_teams = or_(of_a_team, of_none)
    if not scope.include_restricted:
        in_teams = and_(in_teams, func.coalesce(access.c.is_restricted, 0) == 0)
    return or_(in_teams, _allocated(enquiry_id, scope.account_id)) if scope.allocated else in_teams


def _in_scope(scope: Scope) -> ColumnElement[bool]:
    """Whether a conversation is in a scope."""
    conversations = tables.conversations
    in_it = belongs(scope, conversations.c.enquiry_id)
    if scope.own_experience:
        return in_it
    led = _allocated(conversations.c.enquiry_id, scope.account_id, ever=True)
    return and_(in_it, or_(conversations.c.stage != Stage.EXPERIENCE.value, ~led))


def _answers() -> Select[Any]:
    """What answers a flag."""
    entries, flags = tables.entries, tables.flags
    return (
        select(entries.c.number)
        .where(
            entries.c.conversation_id == flags.c.conversation_id,
            entries.c.kind == EntryKind.FLAG_ANSWER.value,
            entries.c.what == flags.c.kind,
            entries.c.turn == flags.c.turn,
        )
        .correlate(flags)
    )


def _is_flagged(*of: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether there is a flag of a conversation that nobody answered."""
    flags, states = tables.flags, tables.conversation_states
    return states.c.conversation_id.in_(select(flags.c.conversation_id).where(~exists(_answers()), *of))


def _filtered(filters: WorkFilter) -> Iterable[ColumnElement[bool]]:
    conversations, states, access = tables.conversations, tables.conversation_states, tables.enquiry_access
    if filters.states:
        yield states.c.state.in_(sorted(one.value for one in filters.states))
    if filters.reviews:
        named = sorted(one for one in filters.reviews if one is not None)
        unread = states.c.review.is_(None) if None in filters.reviews else false()
        yield or_(states.c.review.in_(named), unread)
    if filters.stage is not None:
        yield conversations.c.stage == filters.stage.value
    if filters.speaker is not None:
        yield conversations.c.speaker == filters.speaker.value
    if filters.is_flagged is not None:
        yield _is_flagged() if filters.is_flagged else ~_is_flagged()
    if filters.flagged:
        yield _is_flagged(tables.flags.c.kind.in_(sorted(filters.flagged)))
    if filters.has_enquiry is not None:
        belongs = conversations.c.enquiry_id
        yield belongs.is_not(None) if filters.has_enquiry else belongs.is_(None)
    if filters.enquiry_id is not None:
        yield conversations.c.enquiry_id == filters.enquiry_id
    if filters.team_id is not None:
        yield access.c.team_id == filters.team_id
    if filters.allocated_to is not None:
        yield _allocated(conversations.c.enquiry_id, filters.allocated_to)


def _key(rows: Sequence[Any]) -> str:
    """Where the page after these rows begins."""
    last = rows[-1]
    return f"{last[1]}-{last[0]}"


def _place(after: str) -> tuple[int, str] | None:
    """Where a page begins; None, at the first one, for a key that is none of ours."""
    since, _, named = after.partition("-")
    return (int(since), named) if since.isascii() and since.isdigit() and len(since) < 19 else None


@cache
def _numbered(number: int, speaker: str) -> bytes:
    """The end of where a turn's seal belongs."""
    return bound(str(number), speaker)
