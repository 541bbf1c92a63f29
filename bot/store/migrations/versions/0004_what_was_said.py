"""An index of what was said, so that a search reads the words alone and not what was asked around them."""

from alembic import op
from sqlalchemy import text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NAME = "ix_turns_said"


def upgrade() -> None:
    # An entry of an index of PostgreSQL holds less than the longest answer, and it keeps long values apart as it is.
    if op.get_bind().dialect.name == "sqlite":
        columns = ["conversation_id", "number", "speaker", "words", "original"]
        op.create_index(NAME, "turns", columns, sqlite_where=text("speaker != 'bot'"))


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.drop_index(NAME, "turns")
