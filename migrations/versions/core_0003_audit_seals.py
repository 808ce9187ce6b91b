"""The queue of the audit trail, its hash chain, signed checkpoints, and what its search knows."""

import sqlalchemy as sa
from alembic import op

from app.core.models import UtcDateTime

revision = "core_0003"
down_revision = "core_0002"
branch_labels = None
depends_on = None
destroys_proof = True


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
    op.create_table(
        "core_audit_subjects",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(50), nullable=False),
        sa.Column("subject_id", sa.String(100), nullable=False),
        sa.Column("label", sa.String(600), nullable=False),
        sa.Column("search_text", sa.String(1000), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_core_audit_subjects"),
        sa.UniqueConstraint("key", name="uq_core_audit_subjects_key"),
    )
    _create_search_index()
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


def _create_search_index() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE INDEX ix_core_audit_subjects_search ON core_audit_subjects "
            "USING gin (to_tsvector('simple', search_text))"
        )
        return
    op.execute(
        "CREATE VIRTUAL TABLE core_audit_subject_search USING fts5("
        "search_text, content='', tokenize='unicode61', prefix='2 3')"
    )
    op.execute(
        "CREATE TRIGGER core_audit_subjects_insert AFTER INSERT ON core_audit_subjects BEGIN "
        "INSERT INTO core_audit_subject_search (rowid, search_text) "
        "VALUES (new.number, new.search_text); END"
    )
    op.execute(
        "CREATE TRIGGER core_audit_subjects_delete AFTER DELETE ON core_audit_subjects BEGIN "
        "INSERT INTO core_audit_subject_search (core_audit_subject_search, rowid, search_text) "
        "VALUES ('delete', old.number, old.search_text); END"
    )


def downgrade() -> None:
    """Drop the seals; the entries stay."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER core_audit_entries_queue ON core_audit_entries")
        op.execute("DROP FUNCTION core_audit_entries_queue()")
    else:
        op.execute("DROP TRIGGER core_audit_entries_queue")
    for table in (
        "core_audit_subjects",
        "core_audit_checkpoints",
        "core_audit_seals",
        "core_audit_unsealed",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "sqlite":
        op.drop_table("core_audit_subject_search")
