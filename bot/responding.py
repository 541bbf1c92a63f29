"""You said, we did: what was done, or is to be, about what people said. Whoever says so signs it with a day and a name.

What people said is a theme that the team counts by, or words that are quoted; nobody puts it into other words. Where
the words are not quoted any more, the answer to them is not shown any more either.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import partial

from bot.figures import Period
from bot.quoting import Quote, quote_id, quoted_by
from bot.reviewing import seeing
from bot.reviewing.seeing import Names, NotDone, changed
from bot.roles import Act, Actor, Place, may, require
from bot.store import Deed, Missing, Store, Taken, Transaction
from bot.themes import Themes

LONGEST_DEED = 1_000
LONGEST_NAME = 200
"""Characters."""

THEME, QUOTE, DID, BY, DAY, STATE, TEAM = "theme", "quote", "did", "by", "day", "state", "team"
"""What is filled in."""

WHOLE_COUNCIL = ""


class State(StrEnum):
    """How far it is with what is done."""

    PLANNED = "planned"
    MADE = "made"
    DROPPED = "dropped"
    """It was put down by mistake, or is not to be any more. It is shown no longer."""


class NotFilledIn(NotDone):
    """Something has to be put right first. `errors` says of each field what."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("Something here has to be put right first.")
        self.errors = errors


class ChangedMeanwhile(NotDone):
    """Somebody changed it after the page was made."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What is said of one deed, as it is typed."""

    did: str = field(default="", repr=False)
    by: str = field(default="", repr=False)
    day: str = ""
    state: str = State.PLANNED.value
    team_id: str = WHOLE_COUNCIL
    theme: str = ""
    quote_id: str = ""


@dataclass(frozen=True, slots=True)
class Answered:
    """What people said, and what was done about it: as it may be shown to anybody."""

    theme: str | None
    """The id of a theme."""
    quote: Quote | None
    did: str
    by: str
    state: State
    day: date
    team: str
    """Empty for the whole council, and beside words: whoever let them be quoted was told that no team stands there."""


@dataclass(frozen=True, slots=True)
class Row:
    """A deed as those see it who answer people."""

    deed: Deed
    quote: Quote | None
    is_quote_gone: bool
    """Whether it answers words that are not quoted any more: then it is not shown to anybody else."""
    team: str
    who: str
    may_change: bool

    @property
    def state(self) -> State:
        """How far it is."""
        return State(self.deed.state)

    @property
    def typed(self) -> Typed:
        """What was typed of it."""
        one = self.deed
        quoted = quote_id(one.conversation_id, one.turn or 0) if one.conversation_id is not None else ""
        return Typed(
            did=one.words[DID],
            by=one.words[BY],
            day=one.day.isoformat(),
            state=one.state,
            team_id=one.team_id or WHOLE_COUNCIL,
            theme=one.theme or "",
            quote_id=quoted,
        )


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen where something is said to be done."""

    teams: tuple[tuple[str, str], ...]
    """Ids and names; the whole council has none."""
    quote: Quote | None
    """The words that are to be answered."""


# --- for anybody -----------------------------------------------------------------------------------------------------


def said_and_done(store: Store, actor: Actor, period: Period) -> tuple[Answered, ...]:
    """Give what was done in a period, and what was planned by its end and is not done yet. Raises NotAllowed.

    What is planned comes last; each by its day, the latest first.
    """
    require(actor, Act.SEE_PACK)
    with store.reading() as seen:
        names, quotes = seeing.names(seen), _Quotes(seen)
        first_kept = seen.deeds.first_kept()
        found = []
        for deed in seen.deeds.listed():
            state = State(deed.state)
            is_made = state is State.MADE and period.first <= deed.day <= period.last
            is_planned = state is State.PLANNED and first_kept[deed.deed_id].date() <= period.last
            if is_made or is_planned:
                answered = _answered(deed, quotes, names)
                if answered is not None:
                    found.append(answered)
        return tuple(sorted(found, key=lambda one: one.state is State.PLANNED))


def _answered(deed: Deed, quotes: "_Quotes", names: Names) -> Answered | None:
    quote = quotes.of(deed)
    if deed.conversation_id is not None and quote is None:
        return None
    return Answered(
        theme=deed.theme,
        quote=quote,
        did=deed.words[DID],
        by=deed.words[BY],
        state=State(deed.state),
        day=deed.day,
        team=names.team(deed.team_id) if deed.team_id is not None and quote is None else "",
    )


class _Quotes:
    """What is quoted now, found where deeds point to."""

    def __init__(self, seen: Transaction) -> None:
        self._seen = seen
        self._decided = {(one.conversation_id, one.turn): one for one in seen.voices.decided()}

    def of(self, deed: Deed) -> Quote | None:
        entry = self._decided.get((deed.conversation_id, deed.turn))
        return None if entry is None else quoted_by(self._seen, entry)

    def place(self, named: str) -> tuple[str, int] | None:
        """Say where words stand that are quoted now."""
        for (conversation_id, turn), entry in self._decided.items():
            if conversation_id is not None and turn is not None and quote_id(conversation_id, turn) == named:
                return (conversation_id, turn) if quoted_by(self._seen, entry) is not None else None
        return None

    def named(self, named: str) -> Quote | None:
        """Give the words of this name that are quoted now."""
        place = self.place(named)
        return None if place is None else quoted_by(self._seen, self._decided[place])


# --- for whoever answers ---------------------------------------------------------------------------------------------


def answers(store: Store, actor: Actor) -> tuple[Row, ...]:
    """List all that was done or is planned, the latest day first. Raises NotAllowed."""
    require(actor, Act.ANSWER_PEOPLE)
    with store.reading() as seen:
        names, quotes = seeing.names(seen), _Quotes(seen)
        return tuple(_row(actor, deed, quotes, names) for deed in seen.deeds.listed())


def answer(store: Store, actor: Actor, deed_id: str) -> Row:
    """Give one of them, to be changed. Raises NotAllowed, Missing."""
    with store.reading() as seen:
        deed = seen.deeds.get(deed_id)
        require(actor, Act.ANSWER_PEOPLE, Place(team_id=deed.team_id))
        return _row(actor, deed, _Quotes(seen), seeing.names(seen))


def choices(store: Store, actor: Actor, quoted: str = "") -> Choices:
    """Say what can be chosen. `quoted`: the words to be answered, by the name of their quote. Raises NotAllowed."""
    require(actor, Act.ANSWER_PEOPLE)
    with store.reading() as seen:
        teams = tuple((one.team_id, one.name) for one in seen.teams.listed() if one.team_id in actor.team_ids)
        return Choices(teams, _Quotes(seen).named(quoted) if quoted else None)


def respond(
    store: Store,
    themes: Themes,
    actor: Actor,
    typed: Typed,
    now: datetime,
    today: date,
    *,
    token: str,
    deed_id: str = "",
    known: int = 0,
) -> Deed:
    """Keep what was done or is to be; with `deed_id` another version of it. `known`: the one that the page was made of.

    Raises NotAllowed, Missing, NotFilledIn, ChangedMeanwhile.
    """
    keep = partial(_respond, store, themes, actor, typed, now, today, token=token, deed_id=deed_id, known=known)
    try:
        return keep()
    except Taken:
        # Another process of the site kept a version at this very moment: now it is there to be seen.
        return keep()


def _respond(
    store: Store,
    themes: Themes,
    actor: Actor,
    typed: Typed,
    now: datetime,
    today: date,
    *,
    token: str,
    deed_id: str,
    known: int,
) -> Deed:
    place = Place(team_id=typed.team_id or None)
    require(actor, Act.ANSWER_PEOPLE, place)
    errors = dict(_wrong(themes, typed, today))
    with store.begin() as kept:
        before = kept.deeds.get(deed_id) if deed_id else None
        if before is not None:
            require(actor, Act.ANSWER_PEOPLE, Place(team_id=before.team_id))
        if typed.team_id and typed.team_id not in {one.team_id for one in kept.teams.listed()}:
            errors[TEAM] = "Choose one of your teams, or the whole council."
        said_at = _said_at(kept, typed, before)
        if typed.quote_id and said_at is None:
            errors[THEME] = "These words are not quoted any more. Choose a theme, or leave this."
        if errors:
            raise NotFilledIn(errors)
        named = deed_id or hashlib.sha256(f"{actor.account_id} {token}".encode()).hexdigest()[:32]
        latest = before or _found(kept, named)
        content = _content(typed, said_at)
        if latest is not None and latest.number != known:
            if latest.account_id == actor.account_id and _content_of(latest) == content:
                return latest  # the same button, pressed twice
            raise ChangedMeanwhile("Somebody changed this meanwhile. Look at it as it is now, then change it.")
        conversation_id, turn = said_at or (None, None)
        deed = kept.deeds.add(
            deed_id=named,
            after=latest.number if latest is not None else 0,
            team_id=typed.team_id or None,
            state=typed.state,
            theme=typed.theme or None,
            conversation_id=conversation_id,
            turn=turn,
            day=date.fromisoformat(typed.day),
            words={DID: typed.did, BY: typed.by},
            account_id=actor.account_id,
            now=now,
        )
        changed(kept, actor, f"deed.{deed.state}", now, place)
        return deed


def _found(kept: Transaction, deed_id: str) -> Deed | None:
    try:
        return kept.deeds.get(deed_id)
    except Missing:
        return None


def _said_at(kept: Transaction, typed: Typed, before: Deed | None) -> tuple[str, int] | None:
    """Say where the words stand that are answered. What a deed answered already it goes on answering."""
    if not typed.quote_id:
        return None
    if before is not None and before.conversation_id is not None and before.turn is not None:
        same = before.conversation_id, before.turn
        if quote_id(*same) == typed.quote_id:
            return same
    return _Quotes(kept).place(typed.quote_id)


def _wrong(themes: Themes, typed: Typed, today: date) -> Iterable[tuple[str, str]]:
    if typed.theme and typed.theme not in themes.labels:
        yield THEME, "Choose one of the themes."
    elif not typed.theme and not typed.quote_id and typed.state != State.DROPPED:
        yield THEME, "Choose what people said: a theme, or words that are quoted."
    for name, value, most, needed in (
        (DID, typed.did, LONGEST_DEED, "Say what was done, or what is to be."),
        (BY, typed.by, LONGEST_NAME, "Say who did it, or who is to."),
    ):
        if not value.strip():
            yield name, needed
        elif len(value) > most:
            yield name, f"This is {len(value)} characters long. Please make it {most} or fewer."
    if typed.state not in set(State):
        yield STATE, "Choose how far it is."
    try:
        day = date.fromisoformat(typed.day)
    except ValueError:
        yield DAY, "Give the day, such as 2026-03-31."
    else:
        if typed.state == State.MADE and day > today:
            yield DAY, "This day is still to come. Until then it is planned."


def _content(typed: Typed, said_at: tuple[str, int] | None) -> tuple[object, ...]:
    return (
        typed.team_id or None,
        typed.state,
        typed.theme or None,
        said_at,
        date.fromisoformat(typed.day),
        typed.did,
        typed.by,
    )


def _content_of(deed: Deed) -> tuple[object, ...]:
    said_at = (deed.conversation_id, deed.turn) if deed.conversation_id is not None else None
    return deed.team_id, deed.state, deed.theme, said_at, deed.day, deed.words[DID], deed.words[BY]


def _row(actor: Actor, deed: Deed, quotes: _Quotes, names: Names) -> Row:
    quote = quotes.of(deed)
    return Row(
        deed=deed,
        quote=quote,
        is_quote_gone=deed.conversation_id is not None and quote is None,
        team=names.team(deed.team_id) if deed.team_id is not None else "The whole council",
        who=names.account(deed.account_id),
        may_change=may(actor, Act.ANSWER_PEOPLE, Place(team_id=deed.team_id)),
    )
