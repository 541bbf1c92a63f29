"""The team's side: teams and accounts, ways in, whose an enquiry is, what the team writes, and the audit."""

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

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NEVER_CHANGED = ("access_moves", "audit", "council_values", "guidance_confirmations")

# As in 0001 and 0002. An entry goes with the conversation that it is about; the other logs hold no words of a person.
TRIGGERS = {
    "sqlite": (
        """CREATE TRIGGER {rows}_never_change BEFORE UPDATE ON {rows}
        BEGIN SELECT RAISE(ABORT, 'rows of {rows} never change'); END""",
        """CREATE TRIGGER {rows}_never_go BEFORE DELETE ON {rows}
        BEGIN SELECT RAISE(ABORT, 'rows of {rows} never change'); END""",
    ),
    "postgresql": (
        """CREATE TRIGGER {rows}_never_change BEFORE UPDATE OR DELETE ON {rows}
        FOR EACH ROW EXECUTE FUNCTION never_changed_nor_deleted()""",
    ),
}
ENTRIES = {
    "sqlite": (
        """CREATE TRIGGER entries_never_change BEFORE UPDATE ON entries
        BEGIN SELECT RAISE(ABORT, 'rows of entries never change'); END""",
        """CREATE TRIGGER entries_never_go BEFORE DELETE ON entries
        WHEN OLD.conversation_id IS NULL OR OLD.conversation_id NOT IN (SELECT conversation_id FROM forgetting)
        BEGIN SELECT RAISE(ABORT, 'rows of entries never change'); END""",
    ),
    "postgresql": (
        """CREATE TRIGGER entries_never_change BEFORE UPDATE OR DELETE ON entries
        FOR EACH ROW EXECUTE FUNCTION never_changed()""",
    ),
}

ADDED = (
    "conversation_states",
    "teams",
    "accounts",
    "account_teams",
    "links",
    "sessions",
    "session_openings",
    "passkeys",
    "logs",
    "entries",
    "enquiry_access",
    "allocations",
    "access_moves",
    "audit",
    "council_values",
    "guidance_confirmations",
)
"""In the order in which they refer to each other."""


def upgrade() -> None:
    """Add tables. No table that there was before is touched."""
    op.create_table(
        "conversation_states",
        Column("conversation_id", Text, nullable=False),
        Column("state", Text, nullable=False),
        Column("settled_at", BigInteger, nullable=False),
        Column("review", Text),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("conversation_id", name="pk_conversation_states"),
        _names("conversation_states", "conversation_id", "conversations"),
    )
    op.create_index(
        "ix_conversation_states_settled_at",
        "conversation_states",
        ["settled_at", "conversation_id", "state", "review"],
    )
    op.create_table(
        "teams",
        Column("team_id", Text, nullable=False),
        Column("key_id", Text, nullable=False),
        Column("name", LargeBinary, nullable=False),
        Column("duty", Integer, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("closed_at", BigInteger),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("team_id", name="pk_teams"),
        _names("teams", "key_id", "keys"),
    )
    op.create_table(
        "accounts",
        Column("account_id", Text, nullable=False),
        Column("key_id", Text, nullable=False),
        Column("role", Text, nullable=False),
        Column("name", LargeBinary, nullable=False),
        Column("email", LargeBinary, nullable=False),
        Column("found_by", LargeBinary, nullable=False),
        Column("password", LargeBinary),
        Column("totp", LargeBinary),
        Column("totp_counter", BigInteger),
        Column("made_at", BigInteger, nullable=False),
        Column("disabled_at", BigInteger),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("account_id", name="pk_accounts"),
        UniqueConstraint("found_by", name="uq_accounts_found_by"),
        _names("accounts", "key_id", "keys"),
    )
    op.create_table(
        "account_teams",
        Column("account_id", Text, nullable=False),
        Column("team_id", Text, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("account_id", "team_id", name="pk_account_teams"),
        _names("account_teams", "account_id", "accounts"),
        _names("account_teams", "team_id", "teams"),
    )
    op.create_table(
        "links",
        Column("link_hash", Text, nullable=False),
        Column("account_id", Text),
        Column("purpose", Text, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("valid_until", BigInteger, nullable=False),
        Column("used_at", BigInteger),
        Column("ended_at", BigInteger),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("link_hash", name="pk_links"),
        _names("links", "account_id", "accounts"),
    )
    op.create_index("ix_links_account_id", "links", ["account_id"])
    op.create_table(
        "sessions",
        Column("session_hash", Text, nullable=False),
        Column("account_id", Text, nullable=False),
        Column("opened_at", BigInteger, nullable=False),
        Column("last_seen_at", BigInteger, nullable=False),
        Column("proven_at", BigInteger),
        Column("ended_at", BigInteger),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("session_hash", name="pk_sessions"),
        _names("sessions", "account_id", "accounts"),
    )
    op.create_index("ix_sessions_account_id", "sessions", ["account_id"])
    op.create_table(
        "session_openings",
        Column("session_hash", Text, nullable=False),
        Column("kind", Text, nullable=False),
        Column("opened_id", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("session_hash", "kind", "opened_id", name="pk_session_openings"),
        _names("session_openings", "session_hash", "sessions"),
    )
    op.create_table(
        "passkeys",
        Column("found_by", LargeBinary, nullable=False),
        Column("account_id", Text, nullable=False),
        Column("key_id", Text, nullable=False),
        Column("credential", LargeBinary, nullable=False),
        Column("public_key", LargeBinary, nullable=False),
        Column("name", LargeBinary, nullable=False),
        Column("sign_count", BigInteger, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("last_used_at", BigInteger),
        Column("ended_at", BigInteger),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("found_by", name="pk_passkeys"),
        _names("passkeys", "account_id", "accounts"),
        _names("passkeys", "key_id", "keys"),
    )
    op.create_index("ix_passkeys_account_id", "passkeys", ["account_id"])
    op.create_table(
        "logs",
        Column("log", Text, nullable=False),
        Column("number", Integer, nullable=False),
        Column("head", LargeBinary),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("log", name="pk_logs"),
    )
    op.create_table(
        "entries",
        Column("number", Integer, nullable=False, autoincrement=False),
        Column("kind", Text, nullable=False),
        Column("what", Text, nullable=False),
        Column("conversation_id", Text),
        Column("enquiry_id", Text),
        Column("turn", Integer),
        Column("outcome_id", Text),
        Column("choices", Text, nullable=False),
        Column("key_id", Text, nullable=False),
        Column("words", LargeBinary),
        Column("replaces", Integer),
        Column("account_id", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("once", LargeBinary),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("number", name="pk_entries"),
        UniqueConstraint("account_id", "once", name="uq_entries_account_id_once"),
        _names("entries", "conversation_id", "conversations"),
        _names("entries", "enquiry_id", "enquiries"),
        _names("entries", "key_id", "keys"),
        _names("entries", "replaces", "entries", "number"),
        _names("entries", "account_id", "accounts"),
        ForeignKeyConstraint(
            ["conversation_id", "turn"],
            ["turns.conversation_id", "turns.number"],
            name="fk_entries_conversation_id_turn",
        ),
    )
    op.create_index("ix_entries_enquiry_id", "entries", ["enquiry_id"])
    op.create_index("ix_entries_conversation_id_kind_number", "entries", ["conversation_id", "kind", "number"])
    op.create_table(
        "enquiry_access",
        Column("enquiry_id", Text, nullable=False),
        Column("team_id", Text),
        Column("is_restricted", Integer, nullable=False),
        Column("lift_asked_by", Text),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("enquiry_id", name="pk_enquiry_access"),
        _names("enquiry_access", "enquiry_id", "enquiries"),
        _names("enquiry_access", "team_id", "teams"),
        _names("enquiry_access", "lift_asked_by", "accounts", "account_id"),
    )
    op.create_index("ix_enquiry_access_team_id", "enquiry_access", ["team_id"])
    op.create_table(
        "allocations",
        Column("enquiry_id", Text, nullable=False),
        Column("account_id", Text, nullable=False),
        Column("is_allocated", Integer, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("enquiry_id", "account_id", name="pk_allocations"),
        _names("allocations", "enquiry_id", "enquiries"),
        _names("allocations", "account_id", "accounts"),
    )
    op.create_index("ix_allocations_account_id", "allocations", ["account_id"])
    op.create_table(
        "access_moves",
        Column("enquiry_id", Text, nullable=False),
        Column("number", Integer, nullable=False),
        Column("move", Text, nullable=False),
        Column("team_id", Text),
        Column("account_id", Text),
        Column("by", Text),
        Column("at", BigInteger, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("enquiry_id", "number", name="pk_access_moves"),
        _names("access_moves", "enquiry_id", "enquiries"),
        _names("access_moves", "team_id", "teams"),
        _names("access_moves", "account_id", "accounts"),
        _names("access_moves", "by", "accounts", "account_id"),
    )
    op.create_table(
        "audit",
        Column("number", Integer, nullable=False, autoincrement=False),
        Column("at", BigInteger, nullable=False),
        Column("act", Text, nullable=False),
        Column("account_id", Text),
        Column("team_id", Text),
        Column("enquiry_id", Text),
        Column("conversation_id", Text),
        Column("about", Text, nullable=False),
        Column("head", LargeBinary, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("number", name="pk_audit"),
    )
    for column in ("account_id", "team_id", "enquiry_id", "conversation_id"):
        op.create_index(f"ix_audit_{column}", "audit", [column])
    op.create_table(
        "council_values",
        Column("name", Text, nullable=False),
        Column("number", Integer, nullable=False),
        Column("key_id", Text, nullable=False),
        Column("value", LargeBinary, nullable=False),
        Column("account_id", Text),
        Column("at", BigInteger, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("name", "number", name="pk_council_values"),
        _names("council_values", "key_id", "keys"),
        _names("council_values", "account_id", "accounts"),
    )
    op.create_table(
        "guidance_confirmations",
        Column("account_id", Text, nullable=False),
        Column("document", Text, nullable=False),
        Column("digest", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("account_id", "document", "digest", name="pk_guidance_confirmations"),
        _names("guidance_confirmations", "account_id", "accounts"),
    )
    on = op.get_bind().dialect.name
    for trigger in ENTRIES[on]:
        op.execute(trigger)
    for rows in NEVER_CHANGED:
        for trigger in TRIGGERS[on]:
            op.execute(trigger.format(rows=rows))


def downgrade() -> None:
    """Drop what was added. No row that there was before holds anything of it."""
    for rows in reversed(ADDED):
        op.drop_table(rows)


def _names(of: str, column: str, named: str, its_column: str = "") -> ForeignKeyConstraint:
    return ForeignKeyConstraint([column], [f"{named}.{its_column or column}"], name=f"fk_{of}_{column}")
