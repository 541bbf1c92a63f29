"""The first tables: keys, enquiries, conversations and their turns, what quotes them, and the ways back in."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NEVER_CHANGED = ("turns", "quotes", "desired_outcomes", "outcome_marks", "flags")

# UPDATE is refused always, DELETE unless the table `forgetting` names the conversation.
TRIGGERS = {
    "sqlite": (
        """CREATE TRIGGER {rows}_never_change BEFORE UPDATE ON {rows}
        BEGIN SELECT RAISE(ABORT, 'rows of {rows} never change'); END""",
        """CREATE TRIGGER {rows}_never_go BEFORE DELETE ON {rows}
        WHEN OLD.conversation_id NOT IN (SELECT conversation_id FROM forgetting)
        BEGIN SELECT RAISE(ABORT, 'rows of {rows} never change'); END""",
    ),
    "postgresql": (
        """CREATE TRIGGER {rows}_never_change BEFORE UPDATE OR DELETE ON {rows}
        FOR EACH ROW EXECUTE FUNCTION never_changed()""",
    ),
}
FUNCTION = """CREATE FUNCTION never_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'DELETE' AND OLD.conversation_id IN (SELECT conversation_id FROM forgetting) THEN RETURN OLD; END IF;
    RAISE EXCEPTION 'rows of % never change', TG_TABLE_NAME;
END $$"""


def upgrade() -> None:
    """Make all tables, and have the database itself refuse to change or delete what was said."""
    op.create_table(
        "keys",
        Column("key_id", Text, nullable=False),
        Column("purpose", Text, nullable=False),
        Column("wrapped", LargeBinary, nullable=False),
        Column("root_key_id", Text, nullable=False),
        Column("algorithm", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("key_id", name="pk_keys"),
    )
    op.create_table(
        "enquiries",
        Column("enquiry_id", Text, nullable=False),
        Column("reference", LargeBinary),
        Column("key_id", Text, nullable=False),
        Column("opened_at", BigInteger, nullable=False),
        Column("closed_at", BigInteger),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("enquiry_id", name="pk_enquiries"),
        ForeignKeyConstraint(["key_id"], ["keys.key_id"], name="fk_enquiries_key_id"),
    )
    op.create_table(
        "conversations",
        Column("conversation_id", Text, nullable=False),
        Column("enquiry_id", Text),
        Column("key_id", Text, nullable=False),
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
        PrimaryKeyConstraint("conversation_id", name="pk_conversations"),
        ForeignKeyConstraint(["enquiry_id"], ["enquiries.enquiry_id"], name="fk_conversations_enquiry_id"),
        ForeignKeyConstraint(["key_id"], ["keys.key_id"], name="fk_conversations_key_id"),
    )
    op.create_index("ix_conversations_enquiry_id", "conversations", ["enquiry_id"])
    op.create_table(
        "turns",
        Column("conversation_id", Text, nullable=False),
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
        PrimaryKeyConstraint("conversation_id", "number", name="pk_turns"),
        UniqueConstraint("conversation_id", "token", name="uq_turns_conversation_id_token"),
        ForeignKeyConstraint(["conversation_id"], ["conversations.conversation_id"], name="fk_turns_conversation_id"),
        _names_a_turn("turns", "answers"),
        _names_a_turn("turns", "replaces"),
        _names_a_turn("turns", "adds_to"),
    )
    op.create_table(
        "quotes",
        Column("conversation_id", Text, nullable=False),
        Column("record", Text, nullable=False),
        Column("turn", Integer, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("conversation_id", "record", "turn", name="pk_quotes"),
        _names_a_turn("quotes", "turn"),
    )
    op.create_table(
        "desired_outcomes",
        Column("conversation_id", Text, nullable=False),
        Column("number", Integer, nullable=False),
        Column("turn", Integer, nullable=False),
        Column("sign_turn", Integer),
        Column("weight_turn", Integer),
        Column("made_at", BigInteger, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("conversation_id", "number", name="pk_desired_outcomes"),
        _names_a_turn("desired_outcomes", "turn"),
        _names_a_turn("desired_outcomes", "sign_turn"),
        _names_a_turn("desired_outcomes", "weight_turn"),
    )
    op.create_table(
        "outcome_marks",
        Column("conversation_id", Text, nullable=False),
        Column("number", Integer, nullable=False),
        Column("mark", Text, nullable=False),
        Column("outcome_turn", Integer, nullable=False),
        Column("value", Text, nullable=False),
        Column("turn", Integer, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("conversation_id", "number", name="pk_outcome_marks"),
        _names_a_turn("outcome_marks", "outcome_turn"),
        _names_a_turn("outcome_marks", "turn"),
    )
    op.create_table(
        "flags",
        Column("conversation_id", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("turn", Integer, nullable=False),
        Column("raised_at", BigInteger, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("conversation_id", "kind", "turn", name="pk_flags"),
        _names_a_turn("flags", "turn"),
    )
    op.create_table(
        "drafts",
        Column("conversation_id", Text, nullable=False),
        Column("for_turn", Integer, nullable=False),
        Column("words", LargeBinary, nullable=False),
        Column("kept_at", BigInteger, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("conversation_id", "for_turn", name="pk_drafts"),
        ForeignKeyConstraint(["conversation_id"], ["conversations.conversation_id"], name="fk_drafts_conversation_id"),
    )
    op.create_table(
        "visits",
        Column("visit_hash", Text, nullable=False),
        Column("conversation_id", Text, nullable=False),
        Column("opened_at", BigInteger, nullable=False),
        Column("last_seen_at", BigInteger, nullable=False),
        Column("idle_minutes", Integer, nullable=False),
        Column("ended_at", BigInteger),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("visit_hash", name="pk_visits"),
        ForeignKeyConstraint(["conversation_id"], ["conversations.conversation_id"], name="fk_visits_conversation_id"),
    )
    op.create_index("ix_visits_conversation_id", "visits", ["conversation_id"])
    op.create_table(
        "codes",
        Column("code_id", Text, nullable=False),
        Column("conversation_id", Text, nullable=False),
        Column("bucket", Integer),
        Column("salt", LargeBinary),
        Column("verifier", LargeBinary),
        Column("disguise", Text, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("last_used_at", BigInteger),
        Column("ended_at", BigInteger),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("code_id", name="pk_codes"),
        UniqueConstraint("bucket", name="uq_codes_bucket"),
        ForeignKeyConstraint(["conversation_id"], ["conversations.conversation_id"], name="fk_codes_conversation_id"),
    )
    op.create_index("ix_codes_conversation_id", "codes", ["conversation_id"])
    op.create_table(
        "attempts",
        Column("network", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("wrong", Integer, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("network", "at", name="pk_attempts"),
    )
    op.create_index("ix_attempts_at", "attempts", ["at"])
    op.create_table(
        "forgetting",
        Column("conversation_id", Text, nullable=False),
        Column("began_at", BigInteger, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("conversation_id", name="pk_forgetting"),
    )
    for table in NEVER_CHANGED:
        _never_change(table)


def downgrade() -> None:
    """Drop everything, words included."""
    for table in ("forgetting", "attempts", "codes", "visits", "drafts", *reversed(NEVER_CHANGED)):
        op.drop_table(table)
    for table in ("conversations", "enquiries", "keys"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION never_changed")


def _names_a_turn(table: str, column: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["conversation_id", column],
        ["turns.conversation_id", "turns.number"],
        name=f"fk_{table}_conversation_id_{column}",
    )


def _never_change(table: str) -> None:
    on = op.get_bind().dialect.name
    if on == "postgresql" and table == NEVER_CHANGED[0]:
        op.execute(FUNCTION)
    for trigger in TRIGGERS[on]:
        op.execute(trigger.format(rows=table))
