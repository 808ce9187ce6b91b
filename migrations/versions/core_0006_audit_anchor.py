"""What the audit trail's anchor file is known to hold."""

import sqlalchemy as sa
from alembic import op

from app.core.models import UtcDateTime

revision = "core_0006"
down_revision = "core_0005"
branch_labels = None
depends_on = None
destroys_proof = True


def upgrade() -> None:
    """Create the table."""
    op.create_table(
        "core_audit_anchor",
        sa.Column("chain", sa.String(40), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("chain_hash", sa.LargeBinary(), nullable=False),
        sa.Column("anchored_at", UtcDateTime(), nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("signature", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("chain", name="pk_core_audit_anchor"),
    )


def downgrade() -> None:
    """Drop it: the anchor file itself stays."""
    op.drop_table("core_audit_anchor")
