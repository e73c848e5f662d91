"""How far each stage has come, and since when a case is in its state."""

import sqlalchemy as sa
from alembic import op

from config import database

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "marks",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("upto", sa.JSON(), nullable=False),
        sa.Column("at", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("left", sa.JSON(), nullable=False),
        sa.Column("kinds", sa.String(length=64), nullable=False),
        sa.Column("walked_at", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("next_upto", sa.JSON(), nullable=False),
        sa.Column("next_at", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("writers", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_marks")),
    )
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.add_column(sa.Column("state_at", database.UtcDateTime(timezone=True), nullable=True))
        batch_op.create_index(batch_op.f("ix_cases_state_at"), ["state_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("cases", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cases_state_at"))
        batch_op.drop_column("state_at")
    op.drop_table("marks")
