"""Requests that callers name by an `Idempotency-Key`, and how they were answered."""

import sqlalchemy as sa
from alembic import op

from app.core.models import UtcDateTime

revision = "core_0009"
down_revision = "core_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "core_request_keys",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("key_hash", sa.String(64), nullable=False),
        sa.Column("fingerprint", sa.String(64), nullable=False),
        sa.Column("access_hash", sa.String(64), nullable=False),
        sa.Column("attempt", sa.Uuid(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", sa.String(4000), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("user_id", "key_hash", name="pk_core_request_keys"),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["core_users.id"],
            name="fk_core_request_keys_user_id_core_users",
            ondelete="CASCADE",
        ),
    )
    op.create_index("ix_core_request_keys_user_id", "core_request_keys", ["user_id", "size_bytes"])
    op.create_index("ix_core_request_keys_started_at", "core_request_keys", ["started_at"])


def downgrade() -> None:
    """Drop it."""
    op.drop_table("core_request_keys")
