"""A store with something in every table, and ways to look at it from below."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.conversation import Colours, How, Kind, Preferences, Skip, Speaker, Stage, State, TextSize, Turn, Whose
from bot.facts import COLUMNS as FACTS
from bot.facts import EnquiryKind, Facts
from bot.figures import GROUPS, MEASURES, Spoken
from bot.flags import FlagKind
from bot.outcomes import Mark
from bot.programs import Grant
from bot.roles import Role
from bot.store import AuditAct, Disguise, EntryKind, LinkPurpose, Origin, Store, Transaction, checkpoints
from bot.store import tables as t
from bot.store.forgetting import Rule
from bot.store.rows import stamp

NOON = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)
SIGNER = checkpoints.CheckpointKey(b"a key that signs for tests alone")
CANARY = "My sister Oyelaran keeps my money and I am afraid to ask"
IN_HER_OWN_LANGUAGE = "Arabamı ve anahtarımı Oyelaran aldı"
COOKIE = "a-cookie-that-only-the-browser-holds"


@dataclass(frozen=True, slots=True)
class Filled:
    """What was put in."""

    first: str
    """A conversation that belongs to no enquiry."""
    second: str
    """A conversation of an enquiry."""
    enquiry_id: str


def begin(store: Store, **more: Any) -> str:
    """A conversation of a person, without turns."""
    with store.begin() as kept:
        return kept.conversations.begin(
            stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=NOON, interview_version="1", **more
        )


def say(store: Store, conversation_id: str, words: str, **more: Any) -> Turn:
    """The person says something."""
    with store.begin() as kept:
        said: dict[str, Any] = {"speaker": Speaker.PERSON, "kind": Kind.WORDS, "said_at": NOON, "words": words}
        return kept.conversations.add(conversation_id, **(said | more))


def turns(store: Store, conversation_id: str) -> tuple[Turn, ...]:
    """All that was said."""
    with store.reading() as seen:
        return seen.conversations.turns(conversation_id)


def fill(store: Store) -> Filled:
    """Put something in every table and every column."""
    filled = fill_as_of_old(store)
    with store.begin() as kept:
        for conversation_id in (filled.first, filled.second):
            kept.conversations.add(
                conversation_id,
                speaker=Speaker.ADVOCATE,
                kind=Kind.WORDS,
                said_at=NOON,
                answers=7,
                words=f"{CANARY}, in English",
                original=f"{IN_HER_OWN_LANGUAGE}.",
                whose=Whose.OWN_WORDS,
                how=How.THROUGH_AN_INTERPRETER,
            )
            kept.reviews.keep(conversation_id, f"{filled.first[:8]}_2", NOON, said_turn=4)
            kept.reviews.keep(conversation_id, f"{filled.first[:8]}_2", NOON, said_turn=4, again_turn=5, why_turn=6)
            kept.reviews.keep(conversation_id, "another_2", NOON, said_turn=4, difference_turn=5, own_turn=6)
            easier = Preferences(TextSize.BIGGEST, Colours.CREAM, pictures=False, simpler=True, one_at_a_time=True)
            kept.preferences.keep(conversation_id, easier, NOON)
            kept.drafts.keep(
                conversation_id,
                for_turn=7,
                words=f"Not sent yet: {CANARY}",
                original=IN_HER_OWN_LANGUAGE,
                note=f"She looked at the door. {CANARY}",
                now=NOON,
            )
        kept.enquiries.close(filled.enquiry_id, NOON + timedelta(days=1))
        kept.enquiries.reopen(filled.enquiry_id, NOON + timedelta(days=2))
        used, ended, open_still = (invite(kept, filled.enquiry_id, bucket=bucket) for bucket in (1, 2, 3))
        on_paper = kept.conversations.begin(
            stage=Stage.CHECK_IN,
            speaker=Speaker.PRACTITIONER,
            begun_at=NOON,
            interview_version="1",
            origin=Origin.PAPER,
            enquiry_id=filled.enquiry_id,
            said_on=date(2026, 2, 28),
        )
        kept.invitations.use(used, NOON, conversation_id=on_paper, begun_with="the page of that day")
        kept.invitations.end(ended, NOON)
    assert open_still not in {used, ended}
    fill_the_teams_side(store, filled)
    with store.begin() as kept:
        kept.facts.keep(counts_everywhere(kept, filled.enquiry_id))
    assert checkpoints.make(store, SIGNER, NOON) is not None
    return filled


def counts_everywhere(kept: Transaction, enquiry_id: str) -> Facts:
    """Say that an enquiry counts in every measure. It is not so: it is marked, as something of it has changed."""
    return replace(
        kept.facts_of(enquiry_id),
        closed_on=date(2026, 3, 3),
        kind=EnquiryKind.SECTION_42,
        groups={by: cells[0].id for by, cells in GROUPS.items()},
        counted={(one.measure, one.spoken): {MEASURES[one.measure].cells[0].id: 1} for one in FACTS},
        wanted={spoken: (date(2026, 3, 2), date(2026, 3, 2)) for spoken in (Spoken.PERSON, Spoken.REPRESENTATIVE)},
    )


def work_for(kept: Transaction, role: Role = Role.PRACTITIONER, *, email: str = "ama@example.org", **more: Any) -> str:
    """An account of somebody who works here."""
    asked: dict[str, Any] = {"name": "Ama Owusu", "team_ids": (), "now": NOON}
    return kept.accounts.add(role=role, email=email, **(asked | more))


def fill_the_teams_side(store: Store, filled: Filled) -> None:
    """Put something in every table and every column that the team's side has."""
    later = NOON + timedelta(hours=1)
    with store.begin() as kept:
        north = kept.teams.add(f"North. {CANARY}", NOON)
        south = kept.teams.add("South", NOON)
        kept.teams.close(south, later)
        ama = work_for(kept, Role.MANAGER, name=f"Ama. {CANARY}", team_ids=(north, south))
        ben = work_for(kept, name="Ben", email="ben@example.org", team_ids=(north,))
        kept.accounts.set_password(ama, "$argon2id$v=19$a-hash")
        kept.accounts.set_totp(ama, "JBSWY3DPEHPK3PXP")
        kept.accounts.used_totp(ama, 57_000_000)
        kept.accounts.disable(ben, later)
        for digest in ("one", "two", "three"):
            kept.links.add(digest * 8, ama, LinkPurpose.WELCOME, NOON, later)
        kept.links.use("one" * 8, NOON)
        kept.links.end_all(ama, NOON)
        kept.links.add("first" * 8, None, LinkPurpose.FIRST_ADMINISTRATOR, NOON, later)
        for cookie in ("a-session", "another-session"):
            kept.sessions.open(cookie, ama, NOON)
        kept.sessions.end("another-session", later)
        kept.sessions.opened("a-session", "enquiry", filled.enquiry_id, NOON)
        for credential in (b"\0\1", b"\2\3"):
            kept.passkeys.add(ama, credential, b"public \xff", 0, f"My telephone. {CANARY}", NOON)
        kept.passkeys.used(b"\0\1", 1, later)
        kept.passkeys.end(b"\2\3", later)
        kept.allocations.give_team(filled.enquiry_id, north, ama, NOON)
        kept.allocations.allocate(filled.enquiry_id, ben, ama, NOON)
        kept.allocations.allocate(filled.enquiry_id, ama, ama, NOON)
        kept.allocations.unallocate(filled.enquiry_id, ama, ama, later)
        kept.allocations.restrict(filled.enquiry_id, ama, NOON)
        kept.allocations.ask_to_lift(filled.enquiry_id, ama, later)
        written: dict[str, Any] = {"account_id": ama, "now": NOON, "words": {"note": f" {CANARY}\r\n\ud800"}}
        for conversation_id in (filled.first, filled.second):
            kept.entries.add(kind=EntryKind.NOTE, what="note", conversation_id=conversation_id, turn=2, **written)
        theme: dict[str, Any] = {"kind": EntryKind.THEME, "what": "safer", "outcome_id": "12345678_2", "replaces": 1}
        kept.entries.add(**theme, enquiry_id=filled.enquiry_id, choices={"themes": ["safer"]}, token="t", **written)
        kept.conversations.settle(filled.first, State.FINISHED, later)
        kept.entries.add(kind=EntryKind.REVIEW, what="reviewed", account_id=ben, now=NOON, conversation_id=filled.first)
        may: dict[str, Any] = {"made_by": ama, "valid_until": later, "team_ids": (north, south)}
        for digest in ("case system", "dashboard"):
            of_it = f"{digest}. {CANARY}"
            token_id = kept.tokens.add(digest, of_it, NOON, grants=tuple(Grant), **may)
            kept.tokens.used(token_id, later)
        kept.tokens.end(token_id, later)
        for act in (AuditAct.SIGNED_IN, AuditAct.READ_CONVERSATION, AuditAct.DENIED):
            kept.audit.add(
                act,
                NOON,
                account_id=ama,
                team_id=north,
                enquiry_id=filled.enquiry_id,
                conversation_id=filled.second,
                about="page",
            )
        kept.audit.add(AuditAct.SIGN_IN_REFUSED, NOON)
        kept.council.change("telephone", f"01632 960001. {CANARY}", ama, NOON)
        kept.council.change("telephone", "01632 960002", None, later)
        kept.council.confirm(ama, "safe-talk.md", "d" * 64, NOON)
        answers(kept, north, ama, filled.second)
        for _ in range(2):
            forgets(kept, filled.enquiry_id, ama, ben)
        cuts(kept)


def cuts(kept: Transaction) -> None:
    """Let go of the front of the audit and of the list of what was forgotten."""
    later, a_year_before = NOON + timedelta(hours=1), NOON - timedelta(days=366)
    kept.cuts.cut_audit(1, a_year_before, later)
    kept.cuts.cut_facts(1, a_year_before, later)


def forgets(kept: Transaction, enquiry_id: str, asked_by: str, done_by: str) -> None:
    """Forget a conversation that a note was written beside."""
    conversation_id = kept.conversations.begin(
        stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=NOON, interview_version="1", enquiry_id=enquiry_id
    )
    note: dict[str, Any] = {"account_id": asked_by, "now": NOON, "words": {"note": CANARY}}
    kept.entries.add(kind=EntryKind.NOTE, what="note", conversation_id=conversation_id, **note)
    kept.forgetting.conversation(conversation_id, Rule.ASKED, NOON, asked_by=asked_by, done_by=done_by)


def answers(kept: Transaction, team_id: str, account_id: str, conversation_id: str) -> None:
    """Say what was done about what people said, once of a team and once of the council."""
    said: dict[str, Any] = {"words": {"did": CANARY, "by": "The team"}, "account_id": account_id, "now": NOON}
    deed = kept.deeds.add(team_id=team_id, state="planned", day=NOON.date(), theme="safer", **said)
    kept.deeds.add(deed_id=deed.deed_id, team_id=team_id, state="made", day=NOON.date(), theme="safer", **said)
    kept.deeds.add(team_id=None, state="made", day=NOON.date(), conversation_id=conversation_id, turn=2, **said)


def invite(kept: Transaction, enquiry_id: str, **more: Any) -> str:
    """Invite an advocate to speak of how things are."""
    asked: dict[str, Any] = {
        "stage": Stage.CHECK_IN,
        "speaker": Speaker.ADVOCATE,
        "origin": Origin.PAGE,
        "contact": f"By letter only. {CANARY}",
        "valid_until": NOON + timedelta(days=14),
        "bucket": 4711,
        "salt": b"s" * 16,
        "verifier": b"v" * 32,
    }
    return kept.invitations.add(enquiry_id, NOON, **(asked | more))


def fill_as_of_old(store: Store) -> Filled:
    """Put something in every table and every column that the first migration made."""
    with store.begin() as kept:
        enquiry_id = kept.enquiries.open(NOON, reference=f"Enquiry 17: {CANARY}")
        closed = kept.enquiries.open(NOON, reference=None)
        kept.enquiries.close(closed, NOON + timedelta(days=1))
    first = begin(store)
    second = begin(store, enquiry_id=enquiry_id, origin=Origin.SHELL)
    for conversation_id in (first, second):
        _talk(store, conversation_id)
    with store.begin() as kept:
        kept.visits.open(COOKIE, first, NOON, idle_minutes=30)
        kept.visits.open("another", second, NOON, idle_minutes=120)
        kept.visits.end("another", NOON + timedelta(hours=1))
        code: dict[str, Any] = {"salt": b"s" * 16, "verifier": b"v" * 32, "disguise": Disguise.NUMBERS}
        kept.codes.add(second, NOON, bucket=4711, **code)
        kept.codes.end_all(second, NOON)
        kept.codes.used(kept.codes.add(first, NOON, bucket=815, **code), NOON)
        kept.attempts.count_wrong("network", NOON)
    with store.writing_rows() as rows:
        rows.add(t.forgetting, {"conversation_id": "0" * 32, "began_at": stamp(NOON)})
    return Filled(first, second, enquiry_id)


def _talk(store: Store, conversation_id: str) -> None:
    with store.begin() as kept:
        add = kept.conversations.add
        bot: dict[str, Any] = {"speaker": Speaker.BOT, "kind": Kind.QUESTION, "said_at": NOON}
        person: dict[str, Any] = {"speaker": Speaker.PERSON, "said_at": NOON + timedelta(seconds=5)}
        add(conversation_id, **bot, asked="outcome", words="What do you want?", asking='{"kind": "words"}')
        words: dict[str, Any] = {"kind": Kind.WORDS, "how": How.FREE_WORDS}
        add(conversation_id, **person, **words, asked="outcome", answers=1, words=f"{CANARY}.", token="step-1")
        add(conversation_id, **bot, asked="outcome_weight", words="How much?", shown=("a_lot", "not_sure"))
        add(conversation_id, **person, kind=Kind.CHOICE, asked="outcome_weight", answers=3, choice=("a_lot",))
        add(conversation_id, **person, **words, asked="outcome", answers=1, words="To ask her.", replaces=2)
        add(conversation_id, **person, **words, asked="outcome", answers=1, words="And a key.", adds_to=2, token="s-2")
        add(conversation_id, **bot, asked="worries", words="What worries you?")
        add(conversation_id, **person, kind=Kind.SKIP, asked="worries", answers=7, choice=(Skip.LATER,))
        kept.quotes.quote(conversation_id, "worry", 8, NOON)
        kept.outcomes.desire(conversation_id, 2, NOON, sign_turn=5, weight_turn=4)
        kept.outcomes.desire(conversation_id, 6, NOON)
        kept.outcomes.mark(conversation_id, Mark.RANK, 2, value="1", turn=4, now=NOON)
        kept.outcomes.mark(conversation_id, Mark.RANK, 6, value="2", turn=4, now=NOON)
        kept.flags.raise_flag(conversation_id, FlagKind.TOLD_WHAT_HAPPENED, 2, NOON)
        kept.drafts.keep(conversation_id, for_turn=7, words=f"Not sent yet: {CANARY}", now=NOON)


def everything(store: Store) -> list[Any]:
    """All that can be read from a store, as a caller reads it."""
    with store.reading() as seen:
        found: list[Any] = [seen.enquiries.listed(), seen.conversations.listed()]
        for enquiry in seen.enquiries.listed():
            found += [seen.enquiries.moves(enquiry.enquiry_id), seen.invitations.of(enquiry.enquiry_id)]
            found += [seen.enquiries.find(enquiry.reference) if enquiry.reference is not None else None]
        for conversation in seen.conversations.listed():
            conversation_id = conversation.conversation_id
            found += [
                seen.conversations.turns(conversation_id),
                seen.quotes.of(conversation_id),
                seen.outcomes.desired(conversation_id),
                seen.outcomes.marks(conversation_id),
                seen.flags.of(conversation_id),
                seen.reviews.of(conversation_id),
                seen.preferences.find(conversation_id),
                seen.drafts.find(conversation_id, 7),
                seen.codes.of(conversation_id),
            ]
        found += [seen.teams.listed(closed=True), seen.accounts.listed(), seen.audit.search()]
        for account in seen.accounts.listed():
            account_id = account.account_id
            found += [seen.accounts.password(account_id), seen.accounts.totp(account_id), seen.passkeys.of(account_id)]
        for enquiry in seen.enquiries.listed():
            enquiry_id = enquiry.enquiry_id
            found += [seen.allocations.access(enquiry_id), seen.allocations.moves(enquiry_id)]
            found += [seen.entries.of_enquiry(enquiry_id)]
        for conversation in seen.conversations.listed():
            found += [seen.entries.of_conversation(conversation.conversation_id)]
        found += [seen.links.find(digest * 8) for digest in ("one", "two", "first")]
        found += [seen.sessions.find("a-session"), seen.sessions.find("another-session")]
        found += [seen.tokens.listed(), seen.tokens.names()]
        found += [seen.council.now(), seen.council.history("telephone"), seen.council.confirmed()]
        found += [seen.forgetting.listed()]
        found += [seen.deeds.listed(), seen.deeds.first_kept(), seen.voices.decided()]
        found += [seen.visits.find(COOKIE), seen.visits.find("another"), seen.attempts.wrong(NOON)]
    return found


@contextmanager
def from_below(file: Path) -> Iterator[sqlite3.Connection]:
    """The file as another hand would open it: no rules kept, no triggers."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        made = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in made:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        for _, sql in made:
            connection.execute(sql)


def rows_below(file: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table as it lies there."""
    with closing(sqlite3.connect(file)) as connection:
        return {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in t.metadata.tables}
