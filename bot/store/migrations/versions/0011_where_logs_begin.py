"""The front of the audit, and of the list of what was forgotten, can be let go of; an anchor stays."""

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, PrimaryKeyConstraint, Text

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

CUT = ("audit", "forgotten")

# DELETE is refused but up to the number that an anchor names; anchors themselves never change nor go.
UP_TO = "OLD.number <= (SELECT max(up_to) FROM cuts WHERE log = '{rows}')"

NEVER = {
    "sqlite": (
        """CREATE TRIGGER cuts_never_change BEFORE UPDATE ON cuts
        BEGIN SELECT RAISE(ABORT, 'rows of cuts never change'); END""",
        """CREATE TRIGGER cuts_never_go BEFORE DELETE ON cuts
        BEGIN SELECT RAISE(ABORT, 'rows of cuts never change'); END""",
        *(
            statement
            for rows in CUT
            for statement in (
                f"DROP TRIGGER {rows}_never_go",
                f"""CREATE TRIGGER {rows}_never_go BEFORE DELETE ON {rows}
        WHEN ({UP_TO.format(rows=rows)}) IS NOT TRUE
        BEGIN SELECT RAISE(ABORT, 'rows of {rows} never change'); END""",
            )
        ),
    ),
    "postgresql": (
        """CREATE TRIGGER cuts_never_change BEFORE UPDATE OR DELETE ON cuts
        FOR EACH ROW EXECUTE FUNCTION never_changed_nor_deleted()""",
        """CREATE FUNCTION never_changed_but_cut() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF TG_OP = 'DELETE' AND (OLD.number <= (SELECT max(up_to) FROM cuts WHERE log = TG_TABLE_NAME)) IS TRUE
        THEN RETURN OLD; END IF;
    RAISE EXCEPTION 'rows of % never change', TG_TABLE_NAME;
END $$""",
        *(
            statement
            for rows in CUT
            for statement in (
                f"DROP TRIGGER {rows}_never_change ON {rows}",
                f"""CREATE TRIGGER {rows}_never_change BEFORE UPDATE OR DELETE ON {rows}
        FOR EACH ROW EXECUTE FUNCTION never_changed_but_cut()""",
            )
        ),
    ),
}

AS_BEFORE = {
    "sqlite": tuple(
        statement
        for rows in CUT
        for statement in (
            f"DROP TRIGGER {rows}_never_go",
            f"""CREATE TRIGGER {rows}_never_go BEFORE DELETE ON {rows}
        BEGIN SELECT RAISE(ABORT, 'rows of {rows} never change'); END""",
        )
    ),
    "postgresql": (
        *(
            statement
            for rows in CUT
            for statement in (
                f"DROP TRIGGER {rows}_never_change ON {rows}",
                f"""CREATE TRIGGER {rows}_never_change BEFORE UPDATE OR DELETE ON {rows}
        FOR EACH ROW EXECUTE FUNCTION never_changed_nor_deleted()""",
            )
        ),
        "DROP FUNCTION never_changed_but_cut",
    ),
}


def upgrade() -> None:
    """Add a table of anchors, and let rows go that lie before one."""
    op.create_table(
        "cuts",
        Column("number", Integer, autoincrement=False, nullable=False),
        Column("log", Text, nullable=False),
        Column("up_to", Integer, nullable=False),
        Column("head", LargeBinary),
        Column("kept_since", BigInteger, nullable=False),
        Column("entries", Text, nullable=False),
        Column("told", Integer, nullable=False),
        Column("at", BigInteger, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("number", name="pk_cuts"),
    )
    for statement in NEVER[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Drop what was added. An audit that was cut begins without its anchor then, and `verify` says so."""
    for statement in AS_BEFORE[op.get_bind().dialect.name]:
        op.execute(statement)
    op.drop_table("cuts")
