"""On what basis a sweep looked, and what a sitemap says that a page shows."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("sweeps", schema=None) as batch_op:
        batch_op.add_column(sa.Column("legal", sa.JSON(), nullable=True))
    with op.batch_alter_table("frontier", schema=None) as batch_op:
        batch_op.add_column(sa.Column("told", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("frontier", schema=None) as batch_op:
        batch_op.drop_column("told")
    with op.batch_alter_table("sweeps", schema=None) as batch_op:
        batch_op.drop_column("legal")
