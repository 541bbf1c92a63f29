"""Indexes of what is open and of what was raised lately: few rows among all that there ever were."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_enquiries_closed_at", "enquiries", ["closed_at"])
    op.create_index("ix_flags_raised_at", "flags", ["raised_at"])


def downgrade() -> None:
    op.drop_index("ix_flags_raised_at", "flags")
    op.drop_index("ix_enquiries_closed_at", "enquiries")
