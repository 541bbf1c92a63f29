"""Made-up enquiries: their conversations, and what a team did, wrote and recorded about each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from random import Random

from bot.conversation import Kind, Speaker, Stage, State
from bot.demo import recorded
from bot.demo.telling import BRIEFLY, Telling, Tools, Until
from bot.demo.voice import Voice
from bot.quotation import ASKED as MAY_QUOTE
from bot.quotation import YES, found_in, together, written
from bot.quoting import Check, Decision
from bot.records import SAID_IN, RecordKind, Typed, fill_in, quotes
from bot.store import AuditAct, Audited, Entry, EntryKind, Gathered, Transaction
from bot.themes import NONE_OF_THESE

MADE_UP = "MADE-UP"
"""How the reference of every made-up enquiry begins."""
WALKED_IN = 12
"""One conversation without an enquiry for so many enquiries."""

REVIEWED, SENT_BACK, ANSWERED, BEING_READ = "reviewed", "sent_back", "answered", "being_read"
FIRST_SPEAKERS = (Speaker.PERSON,) * 7 + (Speaker.PRACTITIONER,) * 3
YEARS_SPEAKERS = (Speaker.PERSON,) * 5 + (Speaker.PRACTITIONER,) * 3 + (Speaker.ADVOCATE,) * 2
SOON = timedelta(days=2)
SPANS = (7, 30, 90, 200, 400)
"""Days back to when an enquiry was opened at most: there is more of what is new than of what is old."""
SHARE_QUOTED, SHARE_QUOTED_LATER = 0.5, 0.01
"""Of the words that may be quoted, those that somebody has looked at: nobody looks at those of a whole country."""
LOOKED_AT = 1_000
"""The enquiries that are looked at like those of one council."""
EXPRESSED = "asked_expressed"


class Shape(Enum):
    """What made-up data is for."""

    WORK = "work"
    """A team's work as it comes: new and old, begun and done, told at full length."""
    YEAR = "year"
    """A whole year for its figures: every enquiry closed in it, told in brief."""


@dataclass(frozen=True, slots=True)
class Team:
    """A made-up team, by the ids of who works in it."""

    team_id: str
    managers: Sequence[str]
    practitioners: Sequence[str]


@dataclass(frozen=True, slots=True)
class Done:
    """What was made since this was asked last."""

    enquiries: int
    conversations: int
    turns: int
    audited: Sequence[Audited]
    """What the team did, for the audit, in no order yet."""


@dataclass(slots=True)
class _Enquiry:
    """An enquiry on its way."""

    number: int
    enquiry_id: str | None
    team: Team
    voice: Voice
    draw: Random
    lead: Sequence[str] = ()
    """The practitioners it is allocated to."""
    wanted: list[tuple[str, str, int]] = field(default_factory=list)
    """Each thing that is to be different: its id, and where it was said."""
    said_by: list[str] = field(default_factory=list)
    """Who said so, as it is recorded whom one asked."""
    capacity: str = ""
    """What is concluded about mental capacity."""
    has_advocacy: bool = False
    """Whether it is recorded who helps them take part."""


class Teamwork:
    """Draws everything about an enquiry from one seed and its number, whatever was made before."""

    def __init__(
        self, tools: Tools, seed: int, now: datetime, shape: Shape, teams: Sequence[Team], advocate: str
    ) -> None:
        self._tools = tools
        self._seed = seed
        self._now = now
        self._shape = shape
        self._teams = teams
        self._advocate = advocate
        self._enquiries = self._conversations = self._turns = 0
        self._audited: list[Audited] = []
        began = date(now.year if now.date() >= date(now.year, 4, 1) else now.year - 1, 4, 1)
        self._year = datetime.combine(began.replace(year=began.year - 1), time(), UTC)
        """When the last whole year began, April to March."""

    @property
    def until(self) -> datetime:
        """The last moment of what is made up."""
        return self._year.replace(year=self._year.year + 1) if self._shape is Shape.YEAR else self._now

    def enquiry(self, kept: Transaction, gathered: Gathered, number: int) -> None:
        """Make one enquiry with its conversations and all that a team did about them."""
        self._enquiries += 1
        self._gathered = gathered
        draw = drawing(self._seed, number)
        team = draw.choice(self._teams)
        if self._shape is Shape.YEAR:
            self._of_the_year(kept, number, team, draw)
        else:
            self._as_it_comes(kept, number, team, draw)
            if number % WALKED_IN == 0:
                self._walk_in(kept, number, draw)

    def done(self) -> Done:
        """Give what was made since this was asked last."""
        done = Done(self._enquiries, self._conversations, self._turns, self._audited)
        self._enquiries = self._conversations = self._turns = 0
        self._audited = []
        return done

    # --- a team's work as it comes ------------------------------------------------------------------------------------

    def _as_it_comes(self, kept: Transaction, number: int, team: Team, draw: Random) -> None:
        days = draw.uniform(1, draw.choice(SPANS))
        opened = _some_time(draw, self._now - timedelta(days=days))
        made = self._open(kept, number, team, draw, opened)
        at = opened
        steps = self._steps(draw)
        last: datetime | None = None
        for place_in_it, (stage, speaker) in enumerate(steps, 1):
            at = _some_time(draw, at + timedelta(days=draw.uniform(1, 6 if stage is Stage.FIRST else 30)))
            if at > self._now - timedelta(hours=3):
                break
            until = self._until(draw) if place_in_it == len(steps) else Until.END
            at = self._conversation(kept, made, stage, speaker, at, until)
            last = at if stage is Stage.CLOSING else last
        if last is not None and draw.random() < 0.85 and (closed := last + timedelta(days=3)) < self._now:
            self._record_last(made, closed)
            self._close(kept, made, closed)
        self._count(kept, made)

    def _steps(self, draw: Random) -> Sequence[tuple[Stage, Speaker]]:
        """Say which conversations there are to be, and who speaks in each."""
        speaker = draw.choice(FIRST_SPEAKERS)
        steps = [(Stage.FIRST, speaker)]
        if draw.random() < 0.15:
            steps.append((Stage.FIRST, Speaker.ADVOCATE))
        how_far = draw.random()
        if how_far < 0.35 and draw.random() < 0.7:
            steps.append((Stage.CHECK_IN, draw.choice((speaker, Speaker.PERSON))))
        if how_far < 0.3:
            steps.append((Stage.CLOSING, draw.choice((speaker, Speaker.PERSON, Speaker.PRACTITIONER))))
        if how_far < 0.2:
            steps.append((Stage.EXPERIENCE, draw.choice((speaker, Speaker.PERSON))))
        return steps

    def _until(self, draw: Random) -> Until:
        return draw.choices((Until.END, Until.LEFT, Until.BREAK, Until.STOP), (86, 6, 3, 5))[0]

    def _walk_in(self, kept: Transaction, number: int, draw: Random) -> None:
        made = _Enquiry(number, None, self._teams[0], Voice(self._tools.words, draw), draw)
        at = _some_time(draw, self._now - timedelta(days=draw.uniform(1, 40)))
        self._conversation(kept, made, Stage.FIRST, Speaker.PERSON, at, self._until(draw))

    # --- a whole year -------------------------------------------------------------------------------------------------

    def _of_the_year(self, kept: Transaction, number: int, team: Team, draw: Random) -> None:
        closed = _some_time(draw, self._year + timedelta(days=draw.uniform(1, 365)))
        took = timedelta(days=min(12 + draw.lognormvariate(3.6, 0.7), 380))
        opened = _some_time(draw, closed - took)
        made = self._open(kept, number, team, draw, opened)
        if draw.random() < 0.76:
            self._told_in_brief(kept, made, opened, took, closed)
        else:
            state = recorded.drawn(draw, recorded.STATES)
            if draw.random() < 0.85:
                at = opened + took / 2
                self._record(made, RecordKind.ASKED, at, recorded.asked(draw, made.voice, (), state, at))
        self._record_last(made, closed)
        self._close(kept, made, closed)
        self._count(kept, made)

    def _told_in_brief(
        self, kept: Transaction, made: _Enquiry, opened: datetime, took: timedelta, closed: datetime
    ) -> None:
        draw = made.draw
        speaker = draw.choice(YEARS_SPEAKERS)
        at = opened + min(timedelta(days=draw.expovariate(1 / 6)), took * 0.4)
        at = self._conversation(kept, made, Stage.FIRST, speaker, at, Until.END)
        if draw.random() < 0.06 and speaker is not Speaker.ADVOCATE:
            at = self._conversation(kept, made, Stage.FIRST, Speaker.ADVOCATE, at + timedelta(days=1), Until.END)
        if draw.random() < 0.15:
            self._conversation(kept, made, Stage.CHECK_IN, speaker, at + took * 0.2, Until.END)
        if draw.random() < 0.9:
            by = speaker if draw.random() < 0.85 else Speaker.PRACTITIONER
            self._conversation(kept, made, Stage.CLOSING, by, closed - timedelta(days=draw.uniform(1, 4)), Until.END)
            if draw.random() < 0.2:
                self._conversation(
                    kept, made, Stage.EXPERIENCE, speaker, closed + timedelta(days=draw.uniform(3, 50)), Until.END
                )

    # --- an enquiry ---------------------------------------------------------------------------------------------------

    def _open(self, kept: Transaction, number: int, team: Team, draw: Random, opened: datetime) -> _Enquiry:
        place = draw.choice(self._tools.words.pools["towers"])
        enquiry_id = kept.enquiries.open(opened, reference=f"{MADE_UP}-{number:05d} {place}")
        made = _Enquiry(number, enquiry_id, team, Voice(self._tools.words, draw), draw)
        made.capacity = recorded.drawn(draw, recorded.CAPACITIES)
        self._allocate(kept, made, opened)
        if draw.random() < 0.96:
            concern = opened - timedelta(days=draw.choice((0, 0, 0, 1, 1, 2, 3, 5)))
            self._record(made, RecordKind.ABOUT, opened + timedelta(hours=1), recorded.about(draw, concern))
        return made

    def _allocate(self, kept: Transaction, made: _Enquiry, opened: datetime) -> None:
        enquiry_id, draw = made.enquiry_id or "", made.draw
        manager = draw.choice(made.team.managers)
        kept.allocations.give_team(enquiry_id, made.team.team_id, manager, opened)
        if draw.random() < 0.8:
            made.lead = draw.sample(made.team.practitioners, 1 if draw.random() < 0.8 else 2)
        for account_id in made.lead:
            kept.allocations.allocate(enquiry_id, account_id, manager, opened)
        if draw.random() < 0.06:
            kept.allocations.allocate(enquiry_id, self._advocate, manager, opened)
        if draw.random() < 0.04:
            kept.allocations.restrict(enquiry_id, manager, opened)
            if draw.random() < 0.2:
                kept.allocations.ask_to_lift(enquiry_id, manager, opened + timedelta(hours=5))

    def _close(self, kept: Transaction, made: _Enquiry, closed: datetime) -> None:
        kept.enquiries.close(made.enquiry_id or "", closed)
        self._did(made, closed, AuditAct.CHANGED, made.draw.choice(made.team.managers), about="enquiry.closed")

    def _count(self, kept: Transaction, made: _Enquiry) -> None:
        """Keep what it counts as, so that nobody has to work it out."""
        kept.facts.keep(kept.facts_of(made.enquiry_id or ""))

    def _record_last(self, made: _Enquiry, closed: datetime) -> None:
        """Record what is recorded before an enquiry is closed."""
        draw, at = made.draw, closed - timedelta(hours=2)
        if not made.has_advocacy and draw.random() < 0.75:
            self._record(made, RecordKind.ADVOCACY, at, recorded.advocacy(draw, made.capacity, at))
        if draw.random() < 0.85:
            self._record(made, RecordKind.CAPACITY, at, recorded.capacity(draw, made.voice, made.capacity, at))
        if draw.random() < 0.96:
            self._record(made, RecordKind.RISK, at, recorded.risk(draw, made.voice, at))
        if made.wanted and draw.random() < 0.06:
            wish = f"outcome:{made.wanted[0][0]}"
            boxes = recorded.not_followed(draw, made.voice, wish, made.capacity, at)
            self._record(made, RecordKind.WISH_NOT_FOLLOWED, at, boxes, made.wanted[0])
        if made.wanted and draw.random() < 0.05:
            boxes = recorded.negotiation(draw, made.voice, f"outcome:{made.wanted[-1][0]}", at)
            self._record(made, RecordKind.NEGOTIATION, at, boxes, made.wanted[-1])
        for wanted in made.wanted if draw.random() < 0.3 else ():
            self._record(made, RecordKind.VERDICT, at, recorded.verdict(draw, f"outcome:{wanted[0]}"), wanted)

    # --- conversations, and what a team does about them ---------------------------------------------------------------

    def _conversation(
        self, kept: Transaction, made: _Enquiry, stage: Stage, speaker: Speaker, at: datetime, until: Until
    ) -> datetime:
        """Make one conversation, and give when it was said last."""
        earlier = kept.told_in(made.enquiry_id) if made.enquiry_id is not None and stage is not Stage.FIRST else ()
        conversation_id = kept.conversations.begin(
            stage=stage,
            speaker=speaker,
            begun_at=at,
            interview_version=self._tools.interview.version,
            enquiry_id=made.enquiry_id,
        )
        telling = Telling(
            self._tools,
            made.voice,
            made.draw,
            earlier,
            conversation_id=conversation_id,
            stage=stage,
            speaker=speaker,
            begun_at=at,
            until=until,
            known=BRIEFLY if self._shape is Shape.YEAR else {},
        )
        telling.tell()
        telling.keep(kept)
        self._conversations += 1
        self._turns += len(telling.turns)
        self._answer_flags(made, telling)
        if telling.state is not State.OPEN:
            self._heard(made, telling)
            self._review(made, telling)
            self._record_first(made, telling)
        return telling.now

    def _heard(self, made: _Enquiry, telling: Telling) -> None:
        """Remember what is wanted, for what is recorded of it later."""
        if telling.stage is Stage.FIRST and telling.wanted:
            turns = {turn.words: turn.number for turn in telling.turns if turn.kind is Kind.WORDS}
            made.wanted += [(named, telling.conversation_id, turns[words]) for named, words in telling.wanted]
            made.said_by.append("representative" if telling.speaker is Speaker.ADVOCATE else "person")

    def _answer_flags(self, made: _Enquiry, telling: Telling) -> None:
        for kind, turn, raised_at in telling.flags:
            at = raised_at + timedelta(minutes=made.draw.uniform(10, 600))
            if made.draw.random() < (0.97 if raised_at + SOON < self._now else 0.3) and at < self._now:
                reader = self._reader(made, telling)
                self._did(made, at, AuditAct.READ_FLAG, reader, telling.conversation_id)
                self._write(
                    kind=EntryKind.FLAG_ANSWER,
                    what=kind.value,
                    account_id=reader,
                    now=at,
                    conversation_id=telling.conversation_id,
                    enquiry_id=made.enquiry_id,
                    turn=turn,
                    words={"words": made.voice.of_the_team("flag")},
                )

    def _review(self, made: _Enquiry, telling: Telling) -> None:
        """Read it, ask about it, finish: as far as a team got by now."""
        draw, at = made.draw, telling.now
        states = self._reviews(draw, at)
        reader, before = self._reader(made, telling), None
        for state in states:
            at += timedelta(hours=draw.uniform(1, 20))
            if at > self._now:
                return
            if state == BEING_READ:
                self._did(made, at, AuditAct.READ_CONVERSATION, reader, telling.conversation_id)
            asked = {SENT_BACK: "send_back", ANSWERED: "answer"}.get(state)
            before = self._write(
                kind=EntryKind.REVIEW,
                what=state,
                account_id=draw.choice(made.lead or made.team.practitioners) if state == ANSWERED else reader,
                now=at,
                conversation_id=telling.conversation_id,
                enquiry_id=made.enquiry_id,
                words={"words": made.voice.of_the_team(asked)} if asked else {},
                replaces=before,
            )
        if states[-1:] == (REVIEWED,):
            self._write_beside(made, telling, reader, at)
            self._let_quote(made, telling, at)

    def _reviews(self, draw: Random, at: datetime) -> tuple[str, ...]:
        """Say how far the reading of a conversation got that ended then."""
        if self._shape is Shape.YEAR:
            return (REVIEWED,)
        is_old = at + timedelta(days=7) < self._now
        states: tuple[str, ...] = draw.choices(
            ((), (BEING_READ,), (BEING_READ, SENT_BACK), (BEING_READ, SENT_BACK, ANSWERED), (BEING_READ, REVIEWED)),
            (2, 2, 3, 2, 91) if is_old else (50, 15, 10, 5, 20),
        )[0]
        if states[-1:] == (REVIEWED,) and draw.random() < 0.08:
            return (BEING_READ, SENT_BACK, ANSWERED, BEING_READ, REVIEWED)
        return states

    def _write_beside(self, made: _Enquiry, telling: Telling, reader: str, at: datetime) -> None:
        if self._shape is Shape.WORK and telling.answers_in_words and made.draw.random() < 0.25:
            self._write(
                kind=EntryKind.NOTE,
                what="note",
                account_id=reader,
                now=at,
                conversation_id=telling.conversation_id,
                enquiry_id=made.enquiry_id,
                turn=made.draw.choice(telling.answers_in_words),
                words={"words": made.voice.of_the_team("note")},
            )
        if made.enquiry_id is None:
            return
        for outcome_id, words in telling.wanted:
            if made.draw.random() < 0.5:
                self._write(
                    kind=EntryKind.THEME,
                    what="themes",
                    account_id=reader,
                    now=at,
                    enquiry_id=made.enquiry_id,
                    outcome_id=outcome_id,
                    choices={"themes": self._tools.themes.suggested([words]) or (NONE_OF_THESE,)},
                )

    def _let_quote(self, made: _Enquiry, telling: Telling, at: datetime) -> None:
        """Decide about words that may be quoted, as somebody does who looked at them; now and then not to."""
        said = {turn.asked: turn for turn in telling.turns if turn.answers is not None}
        told, may = said.get("tell_in_charge"), said.get(MAY_QUOTE)
        if told is None or may is None or told.kind is not Kind.WORDS or may.choice != (YES,):
            return
        if made.draw.random() > (SHARE_QUOTED if made.number <= LOOKED_AT else SHARE_QUOTED_LATER):
            return
        manager, later = made.draw.choice(made.team.managers), at + timedelta(days=1)
        is_quoted = made.draw.random() < 0.85
        if later > self._now:
            return
        checks = tuple(sorted(check.value for check in Check))
        what = Decision.APPROVED if is_quoted else Decision.NOT_APPROVED
        self._write(
            kind=EntryKind.QUOTE,
            what=what.value,
            account_id=manager,
            now=later,
            conversation_id=telling.conversation_id,
            enquiry_id=made.enquiry_id,
            turn=told.number,
            choices={"left_out": self._names_in(told.words), "checks": checks} if is_quoted else {},
        )
        self._did(made, later, AuditAct.CHANGED, manager, telling.conversation_id, f"quote.{what.value}")

    def _names_in(self, words: str) -> tuple[str, ...]:
        """Find the names that somebody said, to be left out."""
        names = self._tools.words.pools["names"]
        return written(together([found for name in names for found in found_in(words, name)], words))

    def _record_first(self, made: _Enquiry, telling: Telling) -> None:
        """Record that they were asked, and who helps them take part, where a team came to it."""
        at, draw = telling.now + timedelta(hours=2), made.draw
        is_counted = telling.stage is Stage.FIRST and (
            telling.speaker is not Speaker.ADVOCATE or self._shape is Shape.YEAR
        )
        if not is_counted or not telling.is_asked_for or not made.lead or at > self._now:
            return
        state = EXPRESSED if telling.wanted else draw.choice(("asked_none_yet", "declined"))
        self._record(made, RecordKind.ASKED, at, recorded.asked(draw, made.voice, made.said_by, state, telling.now))
        if draw.random() < 0.6:
            self._record(made, RecordKind.ADVOCACY, at, recorded.advocacy(draw, made.capacity, telling.now))
            made.has_advocacy = True

    def _record(
        self,
        made: _Enquiry,
        kind: RecordKind,
        at: datetime,
        boxes: recorded.Boxes,
        said: tuple[str, str, int] | None = None,
    ) -> None:
        """Write a record down as its page would. `said`: the outcome that it quotes."""
        typed = Typed({name: value if isinstance(value, tuple) else (value,) for name, value in boxes.items()})
        offered = () if said is None else (f"outcome:{said[0]}",)
        filled = fill_in(self._tools.blanks.blank(kind), typed, offered, at.date())
        choices = {name: tuple(chosen) for name, chosen in filled.choices.items()}
        if said is not None:
            choices[SAID_IN] = quotes(said[1], said[2])
        self._write(
            kind=EntryKind.RECORD,
            what=kind.value,
            account_id=str(made.draw.choice(made.lead or made.team.practitioners)),
            now=at,
            enquiry_id=made.enquiry_id,
            outcome_id=None if said is None else said[0],
            choices=choices,
            words=filled.words,
        )

    def _reader(self, made: _Enquiry, telling: Telling) -> str:
        """Say who reads it: how it was for people is read by nobody who led the enquiry."""
        if telling.stage is Stage.EXPERIENCE or made.draw.random() < 0.15:
            return str(made.draw.choice(made.team.managers))
        return str(made.draw.choice(made.lead or made.team.practitioners))

    def _did(
        self,
        made: _Enquiry,
        at: datetime,
        act: AuditAct,
        account_id: str,
        conversation_id: str | None = None,
        about: str = "",
    ) -> None:
        self._audited.append(
            Audited(0, at, act, account_id, made.team.team_id, made.enquiry_id, conversation_id, about)
        )

    def _write(
        self,
        *,
        kind: EntryKind,
        what: str,
        account_id: str,
        now: datetime,
        conversation_id: str | None = None,
        enquiry_id: str | None = None,
        turn: int | None = None,
        outcome_id: str | None = None,
        choices: Mapping[str, tuple[str, ...]] | None = None,
        words: Mapping[str, str] | None = None,
        replaces: int | None = None,
    ) -> int:
        """Write an entry, and give its number among those that are kept with it."""
        return self._gathered.write(
            Entry(
                0,
                kind,
                what,
                conversation_id,
                enquiry_id,
                turn,
                outcome_id,
                choices or {},
                words or {},
                replaces,
                account_id,
                now,
            )
        )


def drawing(seed: int, what: int | str) -> Random:
    """Give what everything about one thing is drawn from."""
    return Random(f"{seed}|{what}")  # noqa: S311 the same seed is to give the same words; nothing is secret


def _some_time(draw: Random, latest: datetime) -> datetime:
    """Give a time of day when people talk: that day, or the day before where it would be later than `latest`."""
    found = latest.replace(hour=draw.randint(9, 18), minute=draw.randint(0, 59), second=draw.randint(0, 59))
    return found if found <= latest else found - timedelta(days=1)
