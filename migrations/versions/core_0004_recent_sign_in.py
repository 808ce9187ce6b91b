"""When the user of a session gave their password last."""

import sqlalchemy as sa
from alembic import op

from app.core.models import UtcDateTime

revision = "core_0004"
down_revision = "core_0003"
branch_labels = None
depends_on = None

_NEVER = "1970-01-01 00:00:00"


def upgrade() -> None:
    """Sessions that are open already began with a password."""
    op.add_column(
        "core_sessions",
        sa.Column("authenticated_at", UtcDateTime(), nullable=False, server_default=_NEVER),
    )
    op.execute("UPDATE core_sessions SET authenticated_at = created_at")


def downgrade() -> None:
    """Forget it."""
    op.drop_column("core_sessions", "authenticated_at")
