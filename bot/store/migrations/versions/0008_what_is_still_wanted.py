"""On which days things were first said that are still wanted, in enquiries that are open."""

from alembic import op
from sqlalchemy import Column, Text

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

ADDED = ("wanted_person", "wanted_representative")


def upgrade() -> None:
    """Add columns. What open enquiries count as is worked out again by the store: what it was has nothing in them."""
    op.execute("DELETE FROM enquiry_facts WHERE closed_on IS NULL")
    for name in ADDED:
        op.add_column("enquiry_facts", Column(name, Text))


def downgrade() -> None:
    """Drop what was added, and the rows that hold something of it. All of them can be worked out again."""
    op.execute("DELETE FROM enquiry_facts WHERE wanted_person IS NOT NULL OR wanted_representative IS NOT NULL")
    for name in ADDED:
        op.drop_column("enquiry_facts", name)
