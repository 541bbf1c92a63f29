"""What each enquiry counts as, so that figures are sums; and which enquiries have changed since."""

from alembic import op
from sqlalchemy import Column, ForeignKeyConstraint, Integer, LargeBinary, PrimaryKeyConstraint, Text

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COUNTED = (
    "asked",
    "achieved",
    "capacity",
    "supported",
    "risk_assessment",
    "risk",
    "state",
    "whom",
    "why_not_asked",
    "achieved_said_person",
    "achieved_said_representative",
    "decided_by",
    "own_overall",
    "outcomes_person_all_of_it",
    "outcomes_person_some_of_it",
    "outcomes_person_no",
    "outcomes_person_not_sure",
    "outcomes_person_not_said",
    "outcomes_representative_all_of_it",
    "outcomes_representative_some_of_it",
    "outcomes_representative_no",
    "outcomes_representative_not_sure",
    "outcomes_representative_not_said",
    "changed_person",
    "changed_representative",
    "themes_person",
    "themes_representative",
    "not_followed",
    "not_followed_grounds",
    "not_followed_told",
    "advocacy",
    "advocates",
    "wait_person",
    "wait_representative",
    "part_wanted_person",
    "part_wanted_representative",
    "safer_at_closing_person",
    "safer_at_closing_representative",
    "experience_understood_worries_person",
    "experience_understood_worries_representative",
    "experience_understood_information_person",
    "experience_understood_information_representative",
    "experience_listened_to_person",
    "experience_listened_to_representative",
    "involved_person",
    "involved_representative",
    "experience_worked_together_person",
    "experience_worked_together_representative",
    "experience_happy_with_end_person",
    "experience_happy_with_end_representative",
    "safer_person",
    "safer_representative",
)


def upgrade() -> None:
    """Add tables. Every enquiry that there is is marked by the store afterwards: the marks have proofs."""
    op.create_table(
        "enquiry_facts",
        Column("enquiry_id", Text, nullable=False),
        Column("team_id", Text),
        Column("opened_on", Text, nullable=False),
        Column("closed_on", Text),
        Column("kind", Text),
        Column("age_band", Text),
        Column("sex", Text),
        Column("ethnicity", Text),
        Column("support_reason", Text),
        Column("lacking", Integer, nullable=False),
        Column("doubts", Integer, nullable=False),
        *(Column(name, Integer) for name in COUNTED),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("enquiry_id", name="pk_enquiry_facts"),
        ForeignKeyConstraint(["enquiry_id"], ["enquiries.enquiry_id"], name="fk_enquiry_facts_enquiry_id"),
        ForeignKeyConstraint(["team_id"], ["teams.team_id"], name="fk_enquiry_facts_team_id"),
    )
    op.create_table(
        "facts_due",
        Column("enquiry_id", Text, nullable=False),
        Column("mark", Text, nullable=False),
        Column("proof", LargeBinary, nullable=False),
        PrimaryKeyConstraint("enquiry_id", name="pk_facts_due"),
        ForeignKeyConstraint(["enquiry_id"], ["enquiries.enquiry_id"], name="fk_facts_due_enquiry_id"),
    )


def downgrade() -> None:
    """Drop what was added. All of it can be worked out again."""
    op.drop_table("facts_due")
    op.drop_table("enquiry_facts")
