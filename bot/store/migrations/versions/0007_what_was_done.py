"""What was done about what people said, and an index of what was decided about quotes."""

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Integer, LargeBinary, PrimaryKeyConstraint, Text, text

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ADDED = ("deeds",)

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


def upgrade() -> None:
    """Add a table, and an index of the few entries that decide about quotes."""
    op.create_table(
        "deeds",
        Column("deed_id", Text, nullable=False),
        Column("number", Integer, nullable=False),
        Column("team_id", Text),
        Column("state", Text, nullable=False),
        Column("theme", Text),
        Column("conversation_id", Text),
        Column("turn", Integer),
        Column("day", Text, nullable=False),
        Column("key_id", Text, nullable=False),
        Column("words", LargeBinary, nullable=False),
        Column("account_id", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("deed_id", "number", name="pk_deeds"),
        _names("deeds", "team_id", "teams"),
        _names("deeds", "key_id", "keys"),
        _names("deeds", "account_id", "accounts"),
    )
    about_quotes = text("kind = 'quote'")
    op.create_index(
        "ix_entries_about_quotes",
        "entries",
        ["conversation_id", "turn", "number"],
        sqlite_where=about_quotes,
        postgresql_where=about_quotes,
    )
    on = op.get_bind().dialect.name
    for rows in ADDED:
        for trigger in TRIGGERS[on]:
            op.execute(trigger.format(rows=rows))


def downgrade() -> None:
    """Drop what was added. No row that there was before holds anything of it."""
    op.drop_index("ix_entries_about_quotes", "entries")
    for rows in reversed(ADDED):
        op.drop_table(rows)


def _names(of: str, column: str, named: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint([column], [f"{named}.{column}"], name=f"fk_{of}_{column}")
