"""Shelves and parts."""

from alembic import op

from atrium.api import Integer, Reference, Text, optional
from atrium.migrations import create_table

revision = "store_0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    create_table("store_shelf", {"name": Text(search=True, unique=True)})
    places = {
        name: optional(Reference("store.shelf"))
        for name in ("first", "second", "third", "fourth", "fifth")
    }
    create_table("store_part", {"name": Text(search=True), "quantity": Integer(), **places})


def downgrade() -> None:
    """Drop them."""
    op.drop_table("store_part")
    op.drop_table("store_shelf")
