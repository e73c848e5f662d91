"""A frontier that lasts over sweeps."""

import sqlalchemy as sa
from alembic import op

from config import clock, database

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

COUNTS = ("found", "unchanged", "lost", "gone", "left")
STOPPED = "mekiki was updated before this sweep was done; the next one begins anew."


def upgrade() -> None:
    """What was known of one sweep's addresses is of no use over sweeps: the next sweep of a source begins at its seeds,
    as every sweep did until now. A sweep that was stopped half way cannot go on without it and is ended.
    """
    sweeps = sa.table(
        "sweeps", sa.column("state", sa.String()), sa.column("error", sa.Text()),
        sa.column("finished_at", database.UtcDateTime(timezone=True)),
    )  # fmt: skip
    ended = {"state": "failed", "error": STOPPED, "finished_at": clock.now()}
    op.execute(sweeps.update().where(sweeps.c.finished_at.is_(None)).values(ended))
    op.drop_table("media_wishes")
    op.drop_table("frontier")
    _create_frontier()
    _create_wishes()
    with op.batch_alter_table("captures", schema=None) as batch_op:
        batch_op.add_column(sa.Column("confirms", sa.String(length=64), nullable=True))
    with op.batch_alter_table("sweeps", schema=None) as batch_op:
        for name in COUNTS:
            batch_op.add_column(sa.Column(name, sa.Integer(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("received", sa.BigInteger(), server_default="0", nullable=False))


def _create_frontier() -> None:
    op.create_table(
        "frontier",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("url_hash", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("first_seen_at", database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("due_at", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("rests_until", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("rest_s", sa.Double(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("settled_at", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("sweep_id", sa.Integer(), nullable=True),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("confirmed", sa.Integer(), nullable=False),
        sa.Column("absent_since", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("gone_at", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("shows", sa.String(length=10), nullable=True),
        sa.Column("etag", sa.String(length=200), nullable=True),
        sa.Column("last_modified", sa.String(length=100), nullable=True),
        sa.Column("body_sha256", sa.String(length=64), nullable=True),
        sa.Column("reading_sha256", sa.String(length=64), nullable=True),
        sa.Column("capture_id", sa.Integer(), nullable=True),
        sa.Column("finding_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["capture_id"], ["captures.id"], name=op.f("fk_frontier_capture_id_captures")),
        sa.ForeignKeyConstraint(["finding_id"], ["findings.id"], name=op.f("fk_frontier_finding_id_findings")),
        sa.ForeignKeyConstraint(["sweep_id"], ["sweeps.id"], name=op.f("fk_frontier_sweep_id_sweeps")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_frontier")),
        sa.UniqueConstraint("source", "url_hash", name=op.f("uq_frontier_source")),
    )
    with op.batch_alter_table("frontier", schema=None) as batch_op:
        batch_op.create_index("ix_frontier_line", ["source", "role", "due_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_frontier_sweep_id"), ["sweep_id"], unique=False)


def _create_wishes() -> None:
    op.create_table(
        "media_wishes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("page_id", sa.Integer(), nullable=False),
        sa.Column("finding_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["frontier.id"], name=op.f("fk_media_wishes_entry_id_frontier")),
        sa.ForeignKeyConstraint(["finding_id"], ["findings.id"], name=op.f("fk_media_wishes_finding_id_findings")),
        sa.ForeignKeyConstraint(["page_id"], ["frontier.id"], name=op.f("fk_media_wishes_page_id_frontier")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_wishes")),
        sa.UniqueConstraint("entry_id", "finding_id", name=op.f("uq_media_wishes_entry_id")),
    )
    with op.batch_alter_table("media_wishes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_media_wishes_entry_id"), ["entry_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_media_wishes_page_id"), ["page_id"], unique=False)


def downgrade() -> None:
    """The frontier of one sweep is empty: the next sweep begins anew."""
    with op.batch_alter_table("sweeps", schema=None) as batch_op:
        for name in (*COUNTS, "received"):
            batch_op.drop_column(name)
    with op.batch_alter_table("captures", schema=None) as batch_op:
        batch_op.drop_column("confirms")
    op.drop_table("media_wishes")
    op.drop_table("frontier")
    op.create_table(
        "frontier",
        sa.Column("sweep_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("url_hash", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=10), nullable=False),
        sa.Column("depth", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("found_at", database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("settled_at", database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["sweep_id"], ["sweeps.id"], name=op.f("fk_frontier_sweep_id_sweeps")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_frontier")),
        sa.UniqueConstraint("sweep_id", "url_hash", name=op.f("uq_frontier_sweep_id")),
        sa.UniqueConstraint("uuid", name=op.f("uq_frontier_uuid")),
    )
    with op.batch_alter_table("frontier", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_frontier_state"), ["state"], unique=False)
        batch_op.create_index(batch_op.f("ix_frontier_sweep_id"), ["sweep_id"], unique=False)
    op.create_table(
        "media_wishes",
        sa.Column("entry_id", sa.Integer(), nullable=False),
        sa.Column("finding_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.ForeignKeyConstraint(["entry_id"], ["frontier.id"], name=op.f("fk_media_wishes_entry_id_frontier")),
        sa.ForeignKeyConstraint(["finding_id"], ["findings.id"], name=op.f("fk_media_wishes_finding_id_findings")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media_wishes")),
        sa.UniqueConstraint("entry_id", "finding_id", name=op.f("uq_media_wishes_entry_id")),
        sa.UniqueConstraint("uuid", name=op.f("uq_media_wishes_uuid")),
    )
    with op.batch_alter_table("media_wishes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_media_wishes_entry_id"), ["entry_id"], unique=False)
