"""The tables. Each row carries a proof of all its other columns (see `rows`); each time is in microseconds, UTC."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

REVISION = "0001"
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
)

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
    Column("proof", LargeBinary, nullable=False),
)
"""`length`, `last_kind`, `last_said_at` and `head` are those of the last turn: turns cut off the end are missed."""

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
    Column("head", LargeBinary, nullable=False),
    Column("proof", LargeBinary, nullable=False),
    PrimaryKeyConstraint("conversation_id", "number"),
    UniqueConstraint("conversation_id", "token"),
    ForeignKeyConstraint(["conversation_id", "answers"], ["turns.conversation_id", "turns.number"]),
    ForeignKeyConstraint(["conversation_id", "replaces"], ["turns.conversation_id", "turns.number"]),
    ForeignKeyConstraint(["conversation_id", "adds_to"], ["turns.conversation_id", "turns.number"]),
)
"""`words` are sealed; `choice` and `shown` are JSON lists of ids."""

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

flags = Table(
    "flags",
    metadata,
    Column("conversation_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("raised_at", BigInteger, nullable=False),
    Column("proof", LargeBinary, nullable=False),
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
    Column("proof", LargeBinary, nullable=False),
    PrimaryKeyConstraint("conversation_id", "for_turn"),
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
"""While a conversation is named here, its turns and what quotes them may be deleted, and nothing else."""

NEVER_CHANGED = (turns, quotes, desired_outcomes, outcome_marks, flags)
"""Rows of these are added and read. The database itself refuses to change or delete them."""
