"""How far everything had come is signed, again and again."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, PrimaryKeyConstraint, Text

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

NEVER = {
    "sqlite": (
        """CREATE TRIGGER checkpoints_never_change BEFORE UPDATE ON checkpoints
        BEGIN SELECT RAISE(ABORT, 'rows of checkpoints never change'); END""",
        """CREATE TRIGGER checkpoints_never_go BEFORE DELETE ON checkpoints
        BEGIN SELECT RAISE(ABORT, 'rows of checkpoints never change'); END""",
    ),
    "postgresql": (
        """CREATE TRIGGER checkpoints_never_change BEFORE UPDATE OR DELETE ON checkpoints
        FOR EACH ROW EXECUTE FUNCTION never_changed_nor_deleted()""",
    ),
}


def upgrade() -> None:
    """Add a table of checkpoints."""
    op.create_table(
        "checkpoints",
        Column("number", Integer, autoincrement=False, nullable=False),
        Column("whole", Integer, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("said", Text, nullable=False),
        Column("key", Text, nullable=False),
        Column("signature", LargeBinary, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("number", name="pk_checkpoints"),
    )
    for statement in NEVER[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Drop them. Files of checkpoints stay as they are."""
    op.drop_table("checkpoints")
