"""A store filled with what nobody said: teams, people, enquiries, and conversations in every state, marked as made up.

Everything goes in by the store's own verbs, so seals, chains and proofs are those of real words. Only a store that
holds nothing else takes it, and it stays a made-up one for good: every page of the team says so.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from bot.conversation import Speaker, Stage, State
from bot.demo.telling import Telling, Tools, Until
from bot.demo.voice import Voice
from bot.records import RecordKind, Typed, fill_in
from bot.roles import Role
from bot.signing_in import make_link
from bot.store import AuditAct, Audited, Entry, EntryKind, LinkPurpose, Store, StoreError, Transaction
from bot.themes import NONE_OF_THESE

MADE_UP = "MADE-UP"
"""How the reference of every made-up enquiry begins."""
EMAIL_AT = "made-up.example"
"""No mail goes there: the name is kept for examples (RFC 2606)."""

AT_ONCE = 25
"""Enquiries that one transaction keeps."""
AUDITED_AT_ONCE = 500
WALKED_IN = 12
"""One conversation without an enquiry for so many enquiries."""

IN_A_TEAM = (Role.MANAGER, Role.MANAGER, Role.PRACTITIONER, Role.PRACTITIONER, Role.PRACTITIONER)
BESIDE_TEAMS = (Role.ADVOCATE, Role.AUDITOR, Role.BOARD_MEMBER, Role.ADMINISTRATOR)

REVIEWED, SENT_BACK, ANSWERED, BEING_READ = "reviewed", "sent_back", "answered", "being_read"
FIRST_SPEAKERS = (Speaker.PERSON,) * 7 + (Speaker.PRACTITIONER,) * 3
SOON = timedelta(days=2)
SPANS = (7, 30, 90, 200, 400)
"""Days back to when an enquiry was opened at most: there is more of what is new than of what is old."""


DIFFICULTY = ("understanding", "retaining", "weighing", "communicating")
"""The four areas of substantial difficulty, as `records.yml` names them."""


class HoldsSomethingElse(StoreError):
    """The store holds what was not made up; nothing made up may stand beside it."""

    def __init__(self) -> None:
        super().__init__(
            "This database holds something that is not made up, and made-up data stays apart from it. "
            "Set OWNWORDS_DATA and OWNWORDS_ROOT_KEY to new places, then run this again."
        )


@dataclass(frozen=True, slots=True)
class Welcomed:
    """Somebody made up, and the one-time link by which they choose how to sign in."""

    role: Role
    name: str
    email: str
    team: str
    """Empty for those who belong to no team."""
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MadeUp:
    """What was made."""

    people: Sequence[Welcomed]
    enquiries: int
    conversations: int
    turns: int


@dataclass(frozen=True, slots=True)
class _Team:
    team_id: str
    managers: Sequence[str]
    practitioners: Sequence[str]


@dataclass(slots=True)
class _Enquiry:
    """An enquiry on its way."""

    enquiry_id: str | None
    team: _Team
    voice: Voice
    draw: Random
    lead: Sequence[str] = ()
    """The practitioners it is allocated to."""


def make_up(
    store: Store, tools: Tools, *, enquiries: int, teams: int, seed: int, now: datetime, told: Callable[[int], None]
) -> MadeUp:
    """Make so many enquiries with all that belongs to them. `told` hears how many there are, now and then.

    In an empty store the same seed at the same `now` gives the same words and times. Raises HoldsSomethingElse.
    """
    maker = _Maker(tools, seed, now)
    with store.begin() as kept:
        before = _made_before(kept)
        kept.council.mark_made_up(now)
        people = maker.people(kept, teams)
    done = 0
    while done < enquiries:
        with store.begin() as kept:
            maker.entries_before = kept.entries.length()
            for number in range(done, min(done + AT_ONCE, enquiries)):
                maker.enquiry(kept, before + number + 1)
            kept.entries.add_all(maker.written())
            done = min(done + AT_ONCE, enquiries)
        told(done)
    for deeds in maker.audited():
        with store.begin() as kept:
            kept.audit.add_all(deeds)
    return MadeUp(people, enquiries, maker.conversations, maker.turns)


def _made_before(kept: Transaction) -> int:
    """Say how many made-up enquiries there are already. Raises HoldsSomethingElse."""
    listed = kept.enquiries.listed()
    if not all((one.reference or "").startswith(MADE_UP) for one in listed):
        raise HoldsSomethingElse
    is_empty = not (listed or kept.accounts.listed() or kept.teams.listed(closed=True) or kept.conversations.listed())
    if not (is_empty or kept.council.is_made_up()):
        raise HoldsSomethingElse
    return len(listed)


class _Maker:
    """Draws everything from one seed."""

    def __init__(self, tools: Tools, seed: int, now: datetime) -> None:
        self.conversations = 0
        self.turns = 0
        self._tools = tools
        self._seed = seed
        self._now = now
        self._teams: list[_Team] = []
        self._advocate = ""
        self._audited: list[Audited] = []
        self._written: list[Entry] = []
        self.entries_before = 0

    # --- teams and people ---------------------------------------------------------------------------------------------

    def people(self, kept: Transaction, teams: int) -> Sequence[Welcomed]:
        """Make teams and whoever works in them, or find them again."""
        draw = self._drawing("people")
        voice = Voice(self._tools.words, draw)
        towers = draw.sample(self._tools.words.pools["towers"], len(self._tools.words.pools["towers"]))
        there = {team.name: team.team_id for team in kept.teams.listed(closed=True)}
        found: list[Welcomed] = []
        for number in range(1, teams + 1):
            name = f"{towers[(number - 1) % len(towers)]} team {number} (made up)"
            team_id = there.get(name) or kept.teams.add(name, self._now)
            made = [self._person(kept, role, place, number, team_id, voice) for place, role in enumerate(IN_A_TEAM, 1)]
            found += [replace(one, team=name) for _, one in made]
            accounts = [(account_id, one.role) for account_id, one in made]
            self._teams.append(
                _Team(
                    team_id,
                    [account_id for account_id, role in accounts if role is Role.MANAGER],
                    [account_id for account_id, role in accounts if role is Role.PRACTITIONER],
                )
            )
        for role in BESIDE_TEAMS:
            account_id, one = self._person(kept, role, 1, 0, None, voice)
            found.append(one)
            if role is Role.ADVOCATE:
                self._advocate = account_id
        return found

    def _person(
        self, kept: Transaction, role: Role, place: int, team: int, team_id: str | None, voice: Voice
    ) -> tuple[str, Welcomed]:
        email = f"{role.value.replace('_', '-')}.{place}@{f'team-{team}.' if team else ''}{EMAIL_AT}"
        name = f"{voice.somebody()} (made up)"
        account = kept.accounts.find(email)
        if account is None:
            ids = [] if team_id is None else [team_id]
            account_id = kept.accounts.add(role=role, name=name, email=email, team_ids=ids, now=self._now)
        else:
            account_id, name = account.account_id, account.name
        secret = make_link(kept, account_id, LinkPurpose.WELCOME, self._now)
        return account_id, Welcomed(role, name, email, "", secret)

    # --- enquiries ----------------------------------------------------------------------------------------------------

    def enquiry(self, kept: Transaction, number: int) -> None:
        """Make one enquiry with its conversations and all that a team did about them."""
        draw = self._drawing(number)
        team = draw.choice(self._teams)
        days = draw.uniform(1, draw.choice(SPANS))
        opened = self._some_time(draw, self._now - timedelta(days=days))
        place = draw.choice(self._tools.words.pools["towers"])
        enquiry_id = kept.enquiries.open(opened, reference=f"{MADE_UP}-{number:05d} {place}")
        made = _Enquiry(enquiry_id, team, Voice(self._tools.words, draw), draw)
        self._allocate(kept, made, opened)
        at = opened
        steps = self._steps(draw)
        last: datetime | None = None
        for place_in_it, (stage, speaker) in enumerate(steps, 1):
            at = self._some_time(draw, at + timedelta(days=draw.uniform(1, 6 if stage is Stage.FIRST else 30)))
            if at > self._now - timedelta(hours=3):
                break
            until = self._until(draw) if place_in_it == len(steps) else Until.END
            at = self._conversation(kept, made, stage, speaker, at, until)
            last = at if stage is Stage.CLOSING else last
        if last is not None and draw.random() < 0.85 and (closed := last + timedelta(days=3)) < self._now:
            self._record_risk(made, closed)
            kept.enquiries.close(enquiry_id, closed)
            self._did(made, closed, AuditAct.CHANGED, draw.choice(team.managers), about="enquiry.closed")
        if number % WALKED_IN == 0:
            self._walk_in(kept, draw)

    def audited(self) -> Iterator[Sequence[Audited]]:
        """Give the rows of the audit in their order, some at a time."""
        self._audited.sort(key=lambda deed: (deed.at, deed.act))
        for start in range(0, len(self._audited), AUDITED_AT_ONCE):
            yield self._audited[start : start + AUDITED_AT_ONCE]

    def written(self) -> Sequence[Entry]:
        """Give what the team wrote since this was asked last."""
        written, self._written = self._written, []
        return written

    def _drawing(self, what: int | str) -> Random:
        return Random(f"{self._seed}|{what}")  # noqa: S311 the same seed is to give the same words; nothing is secret

    def _some_time(self, draw: Random, latest: datetime) -> datetime:
        """Give a time of day when people talk: that day, or the day before where it would be later than `latest`."""
        found = latest.replace(hour=draw.randint(9, 18), minute=draw.randint(0, 59), second=draw.randint(0, 59))
        return found if found <= latest else found - timedelta(days=1)

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

    # --- conversations, and what a team does about them ---------------------------------------------------------------

    def _walk_in(self, kept: Transaction, draw: Random) -> None:
        made = _Enquiry(None, self._teams[0], Voice(self._tools.words, draw), draw)
        at = self._some_time(draw, self._now - timedelta(days=draw.uniform(1, 40)))
        self._conversation(kept, made, Stage.FIRST, Speaker.PERSON, at, self._until(draw))

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
        )
        telling.tell()
        telling.keep(kept)
        self.conversations += 1
        self.turns += len(telling.turns)
        self._answer_flags(made, telling)
        if telling.state is not State.OPEN:
            self._review(made, telling)
            self._record_first(made, telling)
        return telling.now

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
        is_old = at + timedelta(days=7) < self._now
        states: tuple[str, ...] = draw.choices(
            ((), (BEING_READ,), (BEING_READ, SENT_BACK), (BEING_READ, SENT_BACK, ANSWERED), (BEING_READ, REVIEWED)),
            (2, 2, 3, 2, 91) if is_old else (50, 15, 10, 5, 20),
        )[0]
        if states[-1:] == (REVIEWED,) and draw.random() < 0.08:
            states = (BEING_READ, SENT_BACK, ANSWERED, BEING_READ, REVIEWED)
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

    def _write_beside(self, made: _Enquiry, telling: Telling, reader: str, at: datetime) -> None:
        if telling.answers_in_words and made.draw.random() < 0.25:
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

    def _record_first(self, made: _Enquiry, telling: Telling) -> None:
        """Record that they were asked, and who helps them take part, where a team came to it."""
        at = telling.now + timedelta(hours=2)
        is_persons_first = telling.stage is Stage.FIRST and telling.speaker is not Speaker.ADVOCATE
        if not is_persons_first or not telling.is_asked_for or not made.lead or at > self._now:
            return
        state = "asked_expressed" if telling.wanted else made.draw.choice(("asked_none_yet", "declined"))
        by = made.voice.somebody()
        self._record(
            made,
            RecordKind.ASKED,
            at,
            {"state": state, "whom": "person", "asked_by": by, **_on("asked_on", telling.now)},
        )
        if made.draw.random() < 0.6:
            areas = dict.fromkeys(DIFFICULTY, "no_difficulty")
            has_advocate = made.draw.random() < 0.15
            if has_advocate:
                areas[made.draw.choice(DIFFICULTY)] = "difficulty"
            way = {"way": "nobody_needed"}
            if has_advocate:
                way = {"way": "advocate", "instructed": "instructed", **_on("needed_on", telling.now)}
            self._record(made, RecordKind.ADVOCACY, at, {**areas, **way, **_on("considered_on", telling.now)})

    def _record_risk(self, made: _Enquiry, at: datetime) -> None:
        """Record what became of the risk."""
        said = {
            "assessment": "identified_action",
            "assessed_by": made.voice.somebody(),
            "taken": made.voice.of_the_team("risk_done"),
            "outcome": made.draw.choices(("removed", "reduced", "remained"), (3, 5, 2))[0],
            "person_said": made.voice.of_the_team("risk_said") if made.draw.random() < 0.5 else "",
        }
        self._record(made, RecordKind.RISK, at, {**said, **_on("assessed_on", at)})

    def _record(self, made: _Enquiry, kind: RecordKind, at: datetime, boxes: Mapping[str, str]) -> None:
        typed = Typed({name: (value,) for name, value in boxes.items()})
        filled = fill_in(self._tools.blanks.blank(kind), typed, (), at.date())
        self._write(
            kind=EntryKind.RECORD,
            what=kind.value,
            account_id=str(made.draw.choice(made.lead or made.team.practitioners)),
            now=at,
            enquiry_id=made.enquiry_id,
            choices={name: tuple(chosen) for name, chosen in filled.choices.items()},
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
        """Write an entry, and give its number."""
        number = self.entries_before + len(self._written) + 1
        self._written.append(
            Entry(
                number,
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
        return number


def _on(name: str, at: datetime) -> dict[str, str]:
    """Give a day as its three boxes take it."""
    return {f"{name}-day": str(at.day), f"{name}-month": str(at.month), f"{name}-year": str(at.year)}
