"""Places and items."""

from alembic import op

from atrium.api import Boolean, Choice, Integer, LongText, Moment, Number, Reference, Text, optional
from atrium.migrations import create_table

revision = "inventory_0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    create_table(
        "inventory_place",
        {"name": Text(search=True, unique=True), "note": optional(LongText())},
    )
    create_table(
        "inventory_item",
        {
            "name": Text(search=True, unique=True),
            "quantity": Integer(),
            "price": optional(Number(places=2)),
            "state": Choice({}),
            "insured": Boolean(),
            "place": optional(Reference("inventory.place")),
            "counted_at": optional(Moment()),
        },
        trash=True,
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("inventory_item")
    op.drop_table("inventory_place")
