"""Tokens by which other programs of the council's are let in, and the teams that each is for."""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    LargeBinary,
    PrimaryKeyConstraint,
    Text,
    UniqueConstraint,
)

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tokens",
        Column("token_id", Text, nullable=False),
        Column("token_hash", Text, nullable=False),
        Column("key_id", Text, nullable=False),
        Column("name", LargeBinary, nullable=False),
        Column("grants", Text, nullable=False),
        Column("made_by", Text, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("valid_until", BigInteger, nullable=False),
        Column("last_used_on", Text),
        Column("ended_at", BigInteger),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("token_id", name="pk_tokens"),
        UniqueConstraint("token_hash", name="uq_tokens_token_hash"),
        ForeignKeyConstraint(["key_id"], ["keys.key_id"], name="fk_tokens_key_id"),
        ForeignKeyConstraint(["made_by"], ["accounts.account_id"], name="fk_tokens_made_by"),
    )
    op.create_table(
        "token_teams",
        Column("token_id", Text, nullable=False),
        Column("team_id", Text, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("token_id", "team_id", name="pk_token_teams"),
        ForeignKeyConstraint(["token_id"], ["tokens.token_id"], name="fk_token_teams_token_id"),
        ForeignKeyConstraint(["team_id"], ["teams.team_id"], name="fk_token_teams_team_id"),
    )


def downgrade() -> None:
    op.drop_table("token_teams")
    op.drop_table("tokens")
