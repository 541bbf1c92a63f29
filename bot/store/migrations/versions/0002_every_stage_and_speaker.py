"""Every stage and speaker: whose words, the original of what was interpreted, invitations, reviews, preferences."""

from alembic import context, op
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
    column,
    func,
    or_,
    select,
    table,
)

from bot.store.errors import NotReady

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ADDED = (
    ("conversations", "said_on", Text),
    ("turns", "whose", Text),
    ("turns", "original", LargeBinary),
    ("drafts", "original", LargeBinary),
    ("drafts", "note", LargeBinary),
)
"""Columns of tables that there were before. They may be empty, and empty ones are in no proof and no chain."""

# As in 0001: UPDATE is refused always, DELETE unless the table `forgetting` names the conversation. What became of an
# enquiry holds no words, and is never deleted.
TRIGGERS = {
    "sqlite": (
        """CREATE TRIGGER outcome_reviews_never_change BEFORE UPDATE ON outcome_reviews
        BEGIN SELECT RAISE(ABORT, 'rows of outcome_reviews never change'); END""",
        """CREATE TRIGGER outcome_reviews_never_go BEFORE DELETE ON outcome_reviews
        WHEN OLD.conversation_id NOT IN (SELECT conversation_id FROM forgetting)
        BEGIN SELECT RAISE(ABORT, 'rows of outcome_reviews never change'); END""",
        """CREATE TRIGGER enquiry_moves_never_change BEFORE UPDATE ON enquiry_moves
        BEGIN SELECT RAISE(ABORT, 'rows of enquiry_moves never change'); END""",
        """CREATE TRIGGER enquiry_moves_never_go BEFORE DELETE ON enquiry_moves
        BEGIN SELECT RAISE(ABORT, 'rows of enquiry_moves never change'); END""",
    ),
    "postgresql": (
        """CREATE TRIGGER outcome_reviews_never_change BEFORE UPDATE OR DELETE ON outcome_reviews
        FOR EACH ROW EXECUTE FUNCTION never_changed()""",
        """CREATE FUNCTION never_changed_nor_deleted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            RAISE EXCEPTION 'rows of % never change', TG_TABLE_NAME;
        END $$""",
        """CREATE TRIGGER enquiry_moves_never_change BEFORE UPDATE OR DELETE ON enquiry_moves
        FOR EACH ROW EXECUTE FUNCTION never_changed_nor_deleted()""",
    ),
}


def upgrade() -> None:
    """Add columns that are empty in every row there is, and tables of their own for all else."""
    for name, added, kind in ADDED:
        op.add_column(name, Column(added, kind))
    op.create_table(
        "enquiry_references",
        Column("found_by", LargeBinary, nullable=False),
        Column("enquiry_id", Text, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("found_by", name="pk_enquiry_references"),
        UniqueConstraint("enquiry_id", name="uq_enquiry_references_enquiry_id"),
        ForeignKeyConstraint(["enquiry_id"], ["enquiries.enquiry_id"], name="fk_enquiry_references_enquiry_id"),
    )
    op.create_table(
        "enquiry_moves",
        Column("enquiry_id", Text, nullable=False),
        Column("number", Integer, nullable=False),
        Column("move", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("enquiry_id", "number", name="pk_enquiry_moves"),
        ForeignKeyConstraint(["enquiry_id"], ["enquiries.enquiry_id"], name="fk_enquiry_moves_enquiry_id"),
    )
    op.create_table(
        "invitations",
        Column("invitation_id", Text, nullable=False),
        Column("enquiry_id", Text, nullable=False),
        Column("stage", Text, nullable=False),
        Column("speaker", Text, nullable=False),
        Column("origin", Text, nullable=False),
        Column("contact", LargeBinary, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("valid_until", BigInteger, nullable=False),
        Column("bucket", Integer),
        Column("salt", LargeBinary),
        Column("verifier", LargeBinary),
        Column("used_at", BigInteger),
        Column("ended_at", BigInteger),
        Column("conversation_id", Text),
        Column("begun_with", Text),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("invitation_id", name="pk_invitations"),
        UniqueConstraint("bucket", name="uq_invitations_bucket"),
        ForeignKeyConstraint(["enquiry_id"], ["enquiries.enquiry_id"], name="fk_invitations_enquiry_id"),
        ForeignKeyConstraint(
            ["conversation_id"], ["conversations.conversation_id"], name="fk_invitations_conversation_id"
        ),
    )
    op.create_index("ix_invitations_enquiry_id", "invitations", ["enquiry_id"])
    op.create_table(
        "outcome_reviews",
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
        PrimaryKeyConstraint("conversation_id", "number", name="pk_outcome_reviews"),
        *(
            ForeignKeyConstraint(
                ["conversation_id", turn],
                ["turns.conversation_id", "turns.number"],
                name=f"fk_outcome_reviews_conversation_id_{turn}",
            )
            for turn in ("said_turn", "again_turn", "why_turn", "difference_turn", "own_turn")
        ),
    )
    op.create_table(
        "preferences",
        Column("conversation_id", Text, nullable=False),
        Column("text_size", Text, nullable=False),
        Column("colours", Text, nullable=False),
        Column("pictures", Integer, nullable=False),
        Column("simpler", Integer, nullable=False),
        Column("one_at_a_time", Integer, nullable=False),
        Column("read_aloud", Integer, nullable=False),
        Column("kept_at", BigInteger, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("conversation_id", name="pk_preferences"),
        ForeignKeyConstraint(
            ["conversation_id"], ["conversations.conversation_id"], name="fk_preferences_conversation_id"
        ),
    )
    for trigger in TRIGGERS[op.get_bind().dialect.name]:
        op.execute(trigger)


def downgrade() -> None:
    """Drop what was added. Refused where a row would lose what its proof is over: then it could not be read again."""
    if context.get_revision_argument() is not None and _are_held():
        raise NotReady(
            "Some words are marked as whose they are, as translated, as noted beside, or as entered from paper: "
            "the tables of migration 0001 cannot hold that. Keep this version of Own Words."
        )
    for name in ("preferences", "outcome_reviews", "invitations", "enquiry_moves", "enquiry_references"):
        op.drop_table(name)
    for name, added, _ in reversed(ADDED):
        op.drop_column(name, added)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION never_changed_nor_deleted")


def _are_held() -> bool:
    for name in {name for name, _, _ in ADDED}:
        held = or_(*(column(added).is_not(None) for of, added, _ in ADDED if of == name))
        if op.get_bind().execute(select(func.count()).select_from(table(name)).where(held)).scalar_one():
            return True
    return False
