"""Enquiries and conversations can be forgotten whole, and that they were is remembered."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, PrimaryKeyConstraint, Text, UniqueConstraint, text

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NEVER = {
    "sqlite": (
        """CREATE TRIGGER forgotten_never_change BEFORE UPDATE ON forgotten
        BEGIN SELECT RAISE(ABORT, 'rows of forgotten never change'); END""",
        """CREATE TRIGGER forgotten_never_go BEFORE DELETE ON forgotten
        BEGIN SELECT RAISE(ABORT, 'rows of forgotten never change'); END""",
    ),
    "postgresql": (
        """CREATE TRIGGER forgotten_never_change BEFORE UPDATE OR DELETE ON forgotten
        FOR EACH ROW EXECUTE FUNCTION never_changed_nor_deleted()""",
    ),
}

# DELETE is refused unless the table `forgetting` names the conversation or the enquiry. What is about an outcome names
# the conversation that it was said in by the first characters of its id.
NAMED = """OLD.conversation_id IN (SELECT conversation_id FROM forgetting)
            OR OLD.enquiry_id IN (SELECT conversation_id FROM forgetting)
            OR substr(OLD.outcome_id, 1, 8) IN (SELECT substr(conversation_id, 1, 8) FROM forgetting)"""
OF_ENQUIRIES = ("enquiry_moves", "access_moves")

FORGETS = {
    "sqlite": (
        "DROP TRIGGER entries_never_go",
        f"""CREATE TRIGGER entries_never_go BEFORE DELETE ON entries
        WHEN ({NAMED}) IS NOT TRUE
        BEGIN SELECT RAISE(ABORT, 'rows of entries never change'); END""",
        *(
            statement
            for rows in OF_ENQUIRIES
            for statement in (
                f"DROP TRIGGER {rows}_never_go",
                f"""CREATE TRIGGER {rows}_never_go BEFORE DELETE ON {rows}
        WHEN OLD.enquiry_id NOT IN (SELECT conversation_id FROM forgetting)
        BEGIN SELECT RAISE(ABORT, 'rows of {rows} never change'); END""",  # noqa: S608 names of ours alone
            )
        ),
    ),
    "postgresql": (
        f"""CREATE FUNCTION never_changed_beside() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'DELETE' AND ({NAMED}) IS TRUE THEN RETURN OLD; END IF;
    RAISE EXCEPTION 'rows of % never change', TG_TABLE_NAME;
END $$""",
        """CREATE FUNCTION never_changed_of_an_enquiry() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'DELETE' AND OLD.enquiry_id IN (SELECT conversation_id FROM forgetting) THEN RETURN OLD; END IF;
    RAISE EXCEPTION 'rows of % never change', TG_TABLE_NAME;
END $$""",
        *(
            statement
            for rows, function in (
                ("entries", "never_changed_beside"),
                *((rows, "never_changed_of_an_enquiry") for rows in OF_ENQUIRIES),
            )
            for statement in (
                f"DROP TRIGGER {rows}_never_change ON {rows}",
                f"""CREATE TRIGGER {rows}_never_change BEFORE UPDATE OR DELETE ON {rows}
        FOR EACH ROW EXECUTE FUNCTION {function}()""",
            )
        ),
    ),
}

AS_BEFORE = {
    "sqlite": (
        "DROP TRIGGER entries_never_go",
        """CREATE TRIGGER entries_never_go BEFORE DELETE ON entries
        WHEN OLD.conversation_id IS NULL OR OLD.conversation_id NOT IN (SELECT conversation_id FROM forgetting)
        BEGIN SELECT RAISE(ABORT, 'rows of entries never change'); END""",
        *(
            statement
            for rows in OF_ENQUIRIES
            for statement in (
                f"DROP TRIGGER {rows}_never_go",
                f"""CREATE TRIGGER {rows}_never_go BEFORE DELETE ON {rows}
        BEGIN SELECT RAISE(ABORT, 'rows of {rows} never change'); END""",
            )
        ),
    ),
    "postgresql": (
        *(
            statement
            for rows, function in (
                ("entries", "never_changed"),
                *((rows, "never_changed_nor_deleted") for rows in OF_ENQUIRIES),
            )
            for statement in (
                f"DROP TRIGGER {rows}_never_change ON {rows}",
                f"""CREATE TRIGGER {rows}_never_change BEFORE UPDATE OR DELETE ON {rows}
        FOR EACH ROW EXECUTE FUNCTION {function}()""",
            )
        ),
        "DROP FUNCTION never_changed_beside",
        "DROP FUNCTION never_changed_of_an_enquiry",
    ),
}


def upgrade() -> None:
    """Add a list of what was forgotten, and let what is about an enquiry be deleted while it is being forgotten."""
    op.create_table(
        "forgotten",
        Column("forgotten_id", Text, nullable=False),
        Column("number", Integer, nullable=False),
        Column("enquiry_id", Text),
        Column("rule", Text, nullable=False),
        Column("asked_by", Text),
        Column("done_by", Text),
        Column("entries", Text, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("forgotten_id", name="pk_forgotten"),
        UniqueConstraint("number", name="uq_forgotten_number"),
    )
    about_keeping = text("kind = 'keeping'")
    op.create_index(
        "ix_entries_about_keeping",
        "entries",
        ["enquiry_id", "number"],
        sqlite_where=about_keeping,
        postgresql_where=about_keeping,
    )
    on = op.get_bind().dialect.name
    for statement in (*NEVER[on], *FORGETS[on]):
        op.execute(statement)


def downgrade() -> None:
    """Drop what was added. That something was forgotten stands in the audit still."""
    for statement in AS_BEFORE[op.get_bind().dialect.name]:
        op.execute(statement)
    op.drop_index("ix_entries_about_keeping", "entries")
    op.drop_table("forgotten")
