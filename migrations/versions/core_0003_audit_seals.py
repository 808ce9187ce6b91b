"""Seals of the audit trail: the queue, the hash chain and its signed checkpoints."""

import sqlalchemy as sa
from alembic import op

from app.core.models import UtcDateTime

revision = "core_0003"
down_revision = "core_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, and queue the entries that are there already."""
    op.create_table(
        "core_audit_unsealed",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", name="pk_core_audit_unsealed"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "core_audit_seals",
        sa.Column("chain", sa.String(40), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("form", sa.SmallInteger(), nullable=False),
        sa.Column("entry_hash", sa.LargeBinary(), nullable=False),
        sa.Column("chain_hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("chain", "seq", name="pk_core_audit_seals"),
        sa.UniqueConstraint("entry_id", name="uq_core_audit_seals_entry_id"),
    )
    op.create_table(
        "core_audit_checkpoints",
        sa.Column("chain", sa.String(40), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("chain_hash", sa.LargeBinary(), nullable=False),
        sa.Column("newest_at", UtcDateTime(), nullable=False),
        sa.Column("kinds", sa.String(100), nullable=False),
        sa.Column("sealed_at", UtcDateTime(), nullable=False),
        sa.Column("pruned_at", UtcDateTime(), nullable=True),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("signature", sa.String(100), nullable=False),
        sa.PrimaryKeyConstraint("chain", "last_seq", name="pk_core_audit_checkpoints"),
    )
    op.create_index(
        "ix_core_audit_checkpoints_newest_at",
        "core_audit_checkpoints",
        ["pruned_at", "newest_at"],
    )
    op.execute("INSERT INTO core_audit_unsealed SELECT id FROM core_audit_entries")
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION core_audit_entries_queue() RETURNS trigger LANGUAGE plpgsql AS "
            "'BEGIN INSERT INTO core_audit_unsealed VALUES (NEW.id); RETURN NULL; END'"
        )
        op.execute(
            "CREATE TRIGGER core_audit_entries_queue AFTER INSERT ON core_audit_entries "
            "FOR EACH ROW EXECUTE FUNCTION core_audit_entries_queue()"
        )
    else:
        op.execute(
            "CREATE TRIGGER core_audit_entries_queue AFTER INSERT ON core_audit_entries "
            "BEGIN INSERT INTO core_audit_unsealed VALUES (new.id); END"
        )


def downgrade() -> None:
    """Drop the seals; the entries stay."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER core_audit_entries_queue ON core_audit_entries")
        op.execute("DROP FUNCTION core_audit_entries_queue()")
    else:
        op.execute("DROP TRIGGER core_audit_entries_queue")
    for table in ("core_audit_checkpoints", "core_audit_seals", "core_audit_unsealed"):
        op.drop_table(table)
