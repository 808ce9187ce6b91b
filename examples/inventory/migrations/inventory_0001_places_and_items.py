"""Places and items."""

import sqlalchemy as sa
from alembic import op

from app.core.models import ORDER_KEY, UtcDateTime
from app.core.resources.table import standard_columns
from app.core.resources.types import ExactNumber

revision = "inventory_0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "inventory_place",
        *standard_columns(search=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("name_order", ORDER_KEY, nullable=False, server_default=""),
        sa.Column("name_key", sa.String(1000)),
        sa.Column("note", sa.Text),
    )
    op.create_table(
        "inventory_item",
        *standard_columns(search=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("name_order", ORDER_KEY, nullable=False, server_default=""),
        sa.Column("name_key", sa.String(1000)),
        sa.Column("quantity", sa.BigInteger, nullable=False),
        sa.Column("price", ExactNumber(2)),
        sa.Column("state", sa.String(50), nullable=False),
        sa.Column("insured", sa.Boolean, nullable=False),
        sa.Column("place_id", sa.Uuid, sa.ForeignKey("inventory_place.id", ondelete="RESTRICT")),
        sa.Column("counted_at", UtcDateTime),
    )
    for table in ("inventory_place", "inventory_item"):
        op.create_index(f"uq_{table}_name_key", table, ["name_key"], unique=True)
        op.create_index(f"ix_{table}_name_order", table, ["name_order", "id"])
    op.create_index("ix_inventory_item_place_id", "inventory_item", ["place_id", "id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("inventory_item")
    op.drop_table("inventory_place")
