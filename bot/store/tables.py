"""The tables. Each row carries a proof of all its other columns (see `rows`); each time is in microseconds, UTC."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from bot.facts import COLUMNS as FACTS

REVISION = "0012"
"""The migration that these tables are the outcome of."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

keys = Table(
    "keys",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("root_key_id", Text, nullable=False),
    Column("algorithm", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("proof", LargeBinary, nullable=False),
)

enquiries = Table(
    "enquiries",
    metadata,
    Column("enquiry_id", Text, primary_key=True),
    Column("reference", LargeBinary),
    Column("key_id", Text, ForeignKey("keys.key_id"), nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
    Column("proof", LargeBinary, nullable=False),
    Index("ix_enquiries_closed_at", "closed_at"),
)

enquiry_references = Table(
    "enquiry_references",
    metadata,
    Column("found_by", LargeBinary, primary_key=True),
    Column("enquiry_id", Text, ForeignKey("enquiries.enquiry_id"), nullable=False, unique=True),
    Column("proof", LargeBinary, nullable=False),
)
"""`found_by` is a keyed digest of the reference: an enquiry is found by it, and no two have the same.

Enquiries opened before there was this table are not in it.
"""

enquiry_moves = Table(
    "enquiry_moves",
    metadata,
    Column("enquiry_id", Text, ForeignKey("enquiries.enquiry_id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("move", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("proof", LargeBinary, nullable=False),
    PrimaryKeyConstraint("enquiry_id", "number"),
)
"""Enquiries opened before there was this table have no moves until the first one."""

conversations = Table(
    "conversations",
    metadata,
    Column("conversation_id", Text, primary_key=True),
    Column("enquiry_id", Text, ForeignKey("enquiries.enquiry_id"), index=True),
    Column("key_id", Text, ForeignKey("keys.key_id"), nullable=False),
    Column("stage", Text, nullable=False),
    Column("speaker", Text, nullable=False),
    Column("begun_at", BigInteger, nullable=False),
    Column("interview_version", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("length", Integer, nullable=False),
    Column("last_kind", Text),
    Column("last_said_at", BigInteger),
    Column("head", LargeBinary, nullable=False),
    Column("said_on", Text),
    Column("proof", LargeBinary, nullable=False),
)
"""`length`, `last_kind`, `last_said_at` and `head` are those of the last turn: turns cut off the end are missed.

`said_on` is the day of what was entered from paper, as 2026-11-03.
"""

turns = Table(
    "turns",
    metadata,
    Column("conversation_id", Text, ForeignKey("conversations.conversation_id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("speaker", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("said_at", BigInteger, nullable=False),
    Column("asked", Text),
    Column("answers", Integer),
    Column("words", LargeBinary, nullable=False),
    Column("choice", Text, nullable=False),
    Column("shown", Text, nullable=False),
    Column("asking", Text, nullable=False),
    Column("replaces", Integer),
    Column("adds_to", Integer),
    Column("how", Text),
    Column("token", Text),
    Column("whose", Text),
    Column("original", LargeBinary),
    Column("head", LargeBinary, nullable=False),
    Column("proof", LargeBinary, nullable=False),
    PrimaryKeyConstraint("conversation_id", "number"),
    UniqueConstraint("conversation_id", "token"),
    ForeignKeyConstraint(["conversation_id", "answers"], ["turns.conversation_id", "turns.number"]),
    ForeignKeyConstraint(["conversation_id", "replaces"], ["turns.conversation_id", "turns.number"]),
    ForeignKeyConstraint(["conversation_id", "adds_to"], ["turns.conversation_id", "turns.number"]),
)
"""`words` and `original` are sealed; `choice` and `shown` are JSON lists of ids."""

Index(
    "ix_turns_said",
    turns.c.conversation_id,
    turns.c.number,
    turns.c.speaker,
    turns.c.words,
    turns.c.original,
    sqlite_where=text("speaker != 'bot'"),
).ddl_if(dialect="sqlite")
"""What was said, side by side, still sealed: a search reads it and not the questions around it.

PostgreSQL's indexes cannot hold the longest answers, and it keeps long values apart as it is.
"""

quotes = Table(
    "quotes",
    metadata,
    Column("conversation_id", Text, nullable=False),
    Column("record", Text, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("proof", LargeBinary, nullable=False),
    PrimaryKeyConstraint("conversation_id", "record", "turn"),
    ForeignKeyConstraint(["conversation_id", "turn"], ["turns.conversation_id", "turns.number"]),
)

desired_outcomes = Table(
    "desired_outcomes",
    metadata,
    Column("conversation_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("sign_turn", Integer),
    Column("weight_turn", Integer),
    Column("made_at", BigInteger, nullable=False),
    Column("proof", LargeBinary, nullable=False),
    PrimaryKeyConstraint("conversation_id", "number"),
    ForeignKeyConstraint(["conversation_id", "turn"], ["turns.conversation_id", "turns.number"]),
    ForeignKeyConstraint(["conversation_id", "sign_turn"], ["turns.conversation_id", "turns.number"]),
    ForeignKeyConstraint(["conversation_id", "weight_turn"], ["turns.conversation_id", "turns.number"]),
)
"""A log: of the rows of one `turn` the one with the highest `number` stands."""

outcome_marks = Table(
    "outcome_marks",
    metadata,
    Column("conversation_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("mark", Text, nullable=False),
    Column("outcome_turn", Integer, nullable=False),
    Column("value", Text, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("proof", LargeBinary, nullable=False),
    PrimaryKeyConstraint("conversation_id", "number"),
    ForeignKeyConstraint(["conversation_id", "outcome_turn"], ["turns.conversation_id", "turns.number"]),
    ForeignKeyConstraint(["conversation_id", "turn"], ["turns.conversation_id", "turns.number"]),
)
"""A log: of the rows of one `mark`, `outcome_turn` and `turn` the one with the highest `number` stands."""

outcome_reviews = Table(
    "outcome_reviews",
    metadata,
    Column("conversation_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("outcome_id", Text, nullable=False),
    Column("said_turn", Integer, nullable=False),
    Column("again_turn", Integer),
    Column("why_turn", Integer),
    Column("difference_turn", Integer),
    Column("own_turn", Integer),
    Column("made_at", BigInteger, nullable=False),
    Column("proof", LargeBinary, nullable=False),
    PrimaryKeyConstraint("conversation_id", "number"),
    ForeignKeyConstraint(["conversation_id", "said_turn"], ["turns.conversation_id", "turns.number"]),
    ForeignKeyConstraint(["conversation_id", "again_turn"], ["turns.conversation_id", "turns.number"]),
    ForeignKeyConstraint(["conversation_id", "why_turn"], ["turns.conversation_id", "turns.number"]),
    ForeignKeyConstraint(["conversation_id", "difference_turn"], ["turns.conversation_id", "turns.number"]),
    ForeignKeyConstraint(["conversation_id", "own_turn"], ["turns.conversation_id", "turns.number"]),
)
"""A log: of the rows of one `outcome_id` the one with the highest `number` stands. The outcome was said elsewhere."""

flags = Table(
    "flags",
    metadata,
    Column("conversation_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("raised_at", BigInteger, nullable=False),
    Column("proof", LargeBinary, nullable=False),
    Index("ix_flags_raised_at", "raised_at"),
    PrimaryKeyConstraint("conversation_id", "kind", "turn"),
    ForeignKeyConstraint(["conversation_id", "turn"], ["turns.conversation_id", "turns.number"]),
)

drafts = Table(
    "drafts",
    metadata,
    Column("conversation_id", Text, ForeignKey("conversations.conversation_id"), nullable=False),
    Column("for_turn", Integer, nullable=False),
    Column("words", LargeBinary, nullable=False),
    Column("kept_at", BigInteger, nullable=False),
    Column("original", LargeBinary),
    Column("note", LargeBinary),
    Column("proof", LargeBinary, nullable=False),
    PrimaryKeyConstraint("conversation_id", "for_turn"),
)

preferences = Table(
    "preferences",
    metadata,
    Column("conversation_id", Text, ForeignKey("conversations.conversation_id"), primary_key=True),
    Column("text_size", Text, nullable=False),
    Column("colours", Text, nullable=False),
    Column("pictures", Integer, nullable=False),
    Column("simpler", Integer, nullable=False),
    Column("one_at_a_time", Integer, nullable=False),
    Column("read_aloud", Integer, nullable=False),
    Column("kept_at", BigInteger, nullable=False),
    Column("proof", LargeBinary, nullable=False),
)

visits = Table(
    "visits",
    metadata,
    Column("visit_hash", Text, primary_key=True),
    Column("conversation_id", Text, ForeignKey("conversations.conversation_id"), nullable=False, index=True),
    Column("opened_at", BigInteger, nullable=False),
    Column("last_seen_at", BigInteger, nullable=False),
    Column("idle_minutes", Integer, nullable=False),
    Column("ended_at", BigInteger),
    Column("proof", LargeBinary, nullable=False),
)

codes = Table(
    "codes",
    metadata,
    Column("code_id", Text, primary_key=True),
    Column("conversation_id", Text, ForeignKey("conversations.conversation_id"), nullable=False, index=True),
    Column("bucket", Integer, unique=True),
    Column("salt", LargeBinary),
    Column("verifier", LargeBinary),
    Column("disguise", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("proof", LargeBinary, nullable=False),
)
"""An ended code keeps neither bucket, salt nor verifier: it can no longer be tried, and its bucket is free."""

invitations = Table(
    "invitations",
    metadata,
    Column("invitation_id", Text, primary_key=True),
    Column("enquiry_id", Text, ForeignKey("enquiries.enquiry_id"), nullable=False, index=True),
    Column("stage", Text, nullable=False),
    Column("speaker", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("contact", LargeBinary, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("valid_until", BigInteger, nullable=False),
    Column("bucket", Integer, unique=True),
    Column("salt", LargeBinary),
    Column("verifier", LargeBinary),
    Column("used_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("conversation_id", Text, ForeignKey("conversations.conversation_id")),
    Column("begun_with", Text),
    Column("proof", LargeBinary, nullable=False),
)
"""`contact`, whether and how it is safe to get in touch, is sealed.

One that was used or ended keeps neither bucket, salt nor verifier: it can no longer be tried, and its bucket is free.
"""

attempts = Table(
    "attempts",
    metadata,
    Column("network", Text, nullable=False),
    Column("at", BigInteger, nullable=False, index=True),
    Column("wrong", Integer, nullable=False),
    Column("proof", LargeBinary, nullable=False),
    PrimaryKeyConstraint("network", "at"),
)
"""`at` is the start of the minute that `wrong` counts."""

forgetting = Table(
    "forgetting",
    metadata,
    Column("conversation_id", Text, primary_key=True),
    Column("began_at", BigInteger, nullable=False),
    Column("proof", LargeBinary, nullable=False),
)
"""While a conversation is named here, its turns and what stands beside them may be deleted, and nothing else.

So may what is written of an enquiry that is named here, by its id in the same column.
"""

forgotten = Table(
    "forgotten",
    metadata,
    Column("forgotten_id", Text, primary_key=True),
    Column("number", Integer, nullable=False, unique=True),
    Column("enquiry_id", Text),
    Column("rule", Text, nullable=False),
    Column("asked_by", Text),
    Column("done_by", Text),
    Column("entries", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("proof", LargeBinary, nullable=False),
)
"""Enquiries and conversations that are gone for good. No row refers to anything, so that the list can travel alone.

`entries` is a JSON list of the numbers of the entries that went along: they are missed by nobody.
"""

cuts = Table(
    "cuts",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("log", Text, nullable=False),
    Column("up_to", Integer, nullable=False),
    Column("head", LargeBinary),
    Column("kept_since", BigInteger, nullable=False),
    Column("entries", Text, nullable=False),
    Column("told", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("proof", LargeBinary, nullable=False),
)
"""Where the front of a log was let go of. Of one `log` the row with the greatest `up_to` stands.

`head` is that of the last row that went; `entries` is a JSON list of numbers, from and to, that the list of what was
forgotten named. `told` is the number of the row of the audit that says so.
"""

conversation_states = Table(
    "conversation_states",
    metadata,
    Column("conversation_id", Text, ForeignKey("conversations.conversation_id"), primary_key=True),
    Column("state", Text, nullable=False),
    Column("settled_at", BigInteger, nullable=False),
    Column("review", Text),
    Column("proof", LargeBinary, nullable=False),
    Index("ix_conversation_states_settled_at", "settled_at", "conversation_id", "state", "review"),
)
"""How far a conversation is, worked out from its turns whenever that changes, so that lists need not open any.

`review` is what the latest review since then says: an earlier one does not count for what came after.
"""

teams = Table(
    "teams",
    metadata,
    Column("team_id", Text, primary_key=True),
    Column("key_id", Text, ForeignKey("keys.key_id"), nullable=False),
    Column("name", LargeBinary, nullable=False),
    Column("duty", Integer, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("closed_at", BigInteger),
    Column("proof", LargeBinary, nullable=False),
)

accounts = Table(
    "accounts",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("key_id", Text, ForeignKey("keys.key_id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("name", LargeBinary, nullable=False),
    Column("email", LargeBinary, nullable=False),
    Column("found_by", LargeBinary, nullable=False, unique=True),
    Column("password", LargeBinary),
    Column("totp", LargeBinary),
    Column("totp_counter", BigInteger),
    Column("made_at", BigInteger, nullable=False),
    Column("disabled_at", BigInteger),
    Column("proof", LargeBinary, nullable=False),
)
"""`name`, `email`, `password` (a hash) and `totp` are sealed; `found_by` is a keyed digest of the e-mail address."""

account_teams = Table(
    "account_teams",
    metadata,
    Column("account_id", Text, ForeignKey("accounts.account_id"), nullable=False),
    Column("team_id", Text, ForeignKey("teams.team_id"), nullable=False),
    Column("proof", LargeBinary, nullable=False),
    PrimaryKeyConstraint("account_id", "team_id"),
)

links = Table(
    "links",
    metadata,
    Column("link_hash", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.account_id"), index=True),
    Column("purpose", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("valid_until", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("proof", LargeBinary, nullable=False),
)
"""One without an account makes the first administrator."""

sessions = Table(
    "sessions",
    metadata,
    Column("session_hash", Text, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.account_id"), nullable=False, index=True),
    Column("opened_at", BigInteger, nullable=False),
    Column("last_seen_at", BigInteger, nullable=False),
    Column("proven_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("proof", LargeBinary, nullable=False),
)

session_openings = Table(
    "session_openings",
    metadata,
    Column("session_hash", Text, ForeignKey("sessions.session_hash"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("opened_id", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("proof", LargeBinary, nullable=False),
    PrimaryKeyConstraint("session_hash", "kind", "opened_id"),
)
"""What a session has opened to read. That it was read stands in the audit."""

passkeys = Table(
    "passkeys",
    metadata,
    Column("found_by", LargeBinary, primary_key=True),
    Column("account_id", Text, ForeignKey("accounts.account_id"), nullable=False, index=True),
    Column("key_id", Text, ForeignKey("keys.key_id"), nullable=False),
    Column("credential", LargeBinary, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("name", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("proof", LargeBinary, nullable=False),
)
"""`credential`, `public_key` and `name` are sealed; `found_by` is a keyed digest of the credential's id."""

logs = Table(
    "logs",
    metadata,
    Column("log", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("head", LargeBinary),
    Column("proof", LargeBinary, nullable=False),
)
"""How far `entries` and `audit` have come: rows cut off the end of them are missed.

So are those of `forgotten`. `figures` has no rows: it grows with each change of what is counted.
"""

entries = Table(
    "entries",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("conversation_id", Text, ForeignKey("conversations.conversation_id")),
    Column("enquiry_id", Text, ForeignKey("enquiries.enquiry_id"), index=True),
    Column("turn", Integer),
    Column("outcome_id", Text),
    Column("choices", Text, nullable=False),
    Column("key_id", Text, ForeignKey("keys.key_id"), nullable=False),
    Column("words", LargeBinary),
    Column("replaces", Integer, ForeignKey("entries.number")),
    Column("account_id", Text, ForeignKey("accounts.account_id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("once", LargeBinary),
    Column("proof", LargeBinary, nullable=False),
    UniqueConstraint("account_id", "once"),
    ForeignKeyConstraint(["conversation_id", "turn"], ["turns.conversation_id", "turns.number"]),
    Index("ix_entries_conversation_id_kind_number", "conversation_id", "kind", "number"),
    Index(
        "ix_entries_about_quotes",
        "conversation_id",
        "turn",
        "number",
        sqlite_where=text("kind = 'quote'"),
        postgresql_where=text("kind = 'quote'"),
    ),
    Index(
        "ix_entries_about_keeping",
        "enquiry_id",
        "number",
        sqlite_where=text("kind = 'keeping'"),
        postgresql_where=text("kind = 'keeping'"),
    ),
)
"""What the team writes beside words. `choices` is JSON, lists of ids by name; `words` is sealed JSON, words by name."""

enquiry_access = Table(
    "enquiry_access",
    metadata,
    Column("enquiry_id", Text, ForeignKey("enquiries.enquiry_id"), primary_key=True),
    Column("team_id", Text, ForeignKey("teams.team_id"), index=True),
    Column("is_restricted", Integer, nullable=False),
    Column("lift_asked_by", Text, ForeignKey("accounts.account_id")),
    Column("proof", LargeBinary, nullable=False),
)
"""Whose an enquiry is, as its moves say. One without a row belongs to no team yet."""

allocations = Table(
    "allocations",
    metadata,
    Column("enquiry_id", Text, ForeignKey("enquiries.enquiry_id"), nullable=False),
    Column("account_id", Text, ForeignKey("accounts.account_id"), nullable=False, index=True),
    Column("is_allocated", Integer, nullable=False),
    Column("proof", LargeBinary, nullable=False),
    PrimaryKeyConstraint("enquiry_id", "account_id"),
)
"""Who works on an enquiry, and who ever did."""

access_moves = Table(
    "access_moves",
    metadata,
    Column("enquiry_id", Text, ForeignKey("enquiries.enquiry_id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("move", Text, nullable=False),
    Column("team_id", Text, ForeignKey("teams.team_id")),
    Column("account_id", Text, ForeignKey("accounts.account_id")),
    Column("by", Text, ForeignKey("accounts.account_id")),
    Column("at", BigInteger, nullable=False),
    Column("proof", LargeBinary, nullable=False),
    PrimaryKeyConstraint("enquiry_id", "number"),
)

audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("act", Text, nullable=False),
    Column("account_id", Text, index=True),
    Column("team_id", Text, index=True),
    Column("enquiry_id", Text, index=True),
    Column("conversation_id", Text, index=True),
    Column("about", Text, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("proof", LargeBinary, nullable=False),
)
"""A chain, as turns are. It names what may be gone since, so its ids refer to nothing."""

council_values = Table(
    "council_values",
    metadata,
    Column("name", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("key_id", Text, ForeignKey("keys.key_id"), nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("account_id", Text, ForeignKey("accounts.account_id")),
    Column("at", BigInteger, nullable=False),
    Column("proof", LargeBinary, nullable=False),
    PrimaryKeyConstraint("name", "number"),
)
"""A log: of the rows of one `name` the one with the highest `number` stands."""

guidance_confirmations = Table(
    "guidance_confirmations",
    metadata,
    Column("account_id", Text, ForeignKey("accounts.account_id"), nullable=False),
    Column("document", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("proof", LargeBinary, nullable=False),
    PrimaryKeyConstraint("account_id", "document", "digest"),
)

enquiry_facts = Table(
    "enquiry_facts",
    metadata,
    Column("enquiry_id", Text, ForeignKey("enquiries.enquiry_id"), primary_key=True),
    Column("team_id", Text, ForeignKey("teams.team_id")),
    Column("opened_on", Text, nullable=False),
    Column("closed_on", Text),
    Column("kind", Text),
    Column("age_band", Text),
    Column("sex", Text),
    Column("ethnicity", Text),
    Column("support_reason", Text),
    Column("lacking", Integer, nullable=False),
    Column("doubts", Integer, nullable=False),
    *(Column(column.name, Integer) for column in FACTS),
    Column("wanted_person", Text),
    Column("wanted_representative", Text),
    Column("proof", LargeBinary, nullable=False),
)
"""What each enquiry counts as: days as 2026-11-03, ids, and numbers that stand for cells (see `bot.facts`).

`wanted_…` are the days, one after the other, on which things were first said that are still wanted.

There is no index by day: figures of a year read most rows, and are quicker without.
"""

facts_due = Table(
    "facts_due",
    metadata,
    Column("enquiry_id", Text, ForeignKey("enquiries.enquiry_id"), primary_key=True),
    Column("mark", Text, nullable=False),
    Column("proof", LargeBinary, nullable=False),
)
"""Enquiries of which something has changed since their facts were worked out. `mark` is another one each time."""

tokens = Table(
    "tokens",
    metadata,
    Column("token_id", Text, primary_key=True),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("key_id", Text, ForeignKey("keys.key_id"), nullable=False),
    Column("name", LargeBinary, nullable=False),
    Column("grants", Text, nullable=False),
    Column("made_by", Text, ForeignKey("accounts.account_id"), nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("valid_until", BigInteger, nullable=False),
    Column("last_used_on", Text),
    Column("ended_at", BigInteger),
    Column("proof", LargeBinary, nullable=False),
)
"""What other programs are let in with. `name` is sealed; `grants` is a JSON list; `last_used_on` is a day."""

token_teams = Table(
    "token_teams",
    metadata,
    Column("token_id", Text, ForeignKey("tokens.token_id"), nullable=False),
    Column("team_id", Text, ForeignKey("teams.team_id"), nullable=False),
    Column("proof", LargeBinary, nullable=False),
    PrimaryKeyConstraint("token_id", "team_id"),
)

deeds = Table(
    "deeds",
    metadata,
    Column("deed_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("team_id", Text, ForeignKey("teams.team_id")),
    Column("state", Text, nullable=False),
    Column("theme", Text),
    Column("conversation_id", Text),
    Column("turn", Integer),
    Column("day", Text, nullable=False),
    Column("key_id", Text, ForeignKey("keys.key_id"), nullable=False),
    Column("words", LargeBinary, nullable=False),
    Column("account_id", Text, ForeignKey("accounts.account_id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("proof", LargeBinary, nullable=False),
    PrimaryKeyConstraint("deed_id", "number"),
)
"""What was done about what people said. A log: of the rows of one `deed_id` the one with the highest `number` stands.

`conversation_id` and `turn` name words that may be gone since, so they refer to nothing.
"""

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("whole", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("said", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("proof", LargeBinary, nullable=False),
)
"""`said` is JSON, and signed as it stands: see `bot.store.checkpoints`. It names what may be gone since.

After a restore, numbers go on from those that a file of checkpoints has: some may never have been here.
"""

NEVER_CHANGED = (
    turns,
    quotes,
    desired_outcomes,
    outcome_marks,
    flags,
    outcome_reviews,
    enquiry_moves,
    entries,
    access_moves,
    audit,
    council_values,
    guidance_confirmations,
    deeds,
    forgotten,
    cuts,
    checkpoints,
)
"""Rows of these are added and read. The database itself refuses to change or delete them.

What is being forgotten goes all the same (see `forgetting`), and so does what lies before an anchor (see `cuts`).
"""
