"""Grants with conditions, direct grants, and roles that include roles."""

import uuid
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from app.core.models import UtcDateTime

revision = "core_0002"
down_revision = "core_0001"
branch_labels = None
depends_on = None


_EPOCH = "1970-01-01 00:00:00"


def upgrade() -> None:
    """Rebuild the grants with an id and conditions; existing ones stay in force."""
    now = datetime.now(UTC)
    # A default is what lets SQLite add a column that is never empty.
    op.add_column("core_roles", _required("updated_at", UtcDateTime(), _EPOCH))
    op.add_column("core_roles", _required("version", sa.Integer(), "1"))
    op.execute("UPDATE core_roles SET updated_at = created_at")

    old = sa.table("core_role_grants", sa.column("role_id", sa.Uuid()), sa.column("permission"))
    kept = op.get_bind().execute(sa.select(old.c.role_id, old.c.permission)).all()
    op.drop_table("core_role_grants")
    grants = _create_grants("core_role_grants", "role_id", "core_roles")
    _create_grants("core_user_grants", "user_id", "core_users")
    rows = [
        {
            "id": uuid.uuid4(),
            "role_id": row.role_id,
            "permission": row.permission,
            "rule": "",
            "granted_by_name": "system",
            "granted_at": now,
            "reason": "",
        }
        for row in kept
    ]
    if rows:
        op.bulk_insert(grants, rows)

    op.add_column("core_sessions", sa.Column("preview", sa.String(41), nullable=True))
    op.add_column("core_user_roles", sa.Column("expires_at", UtcDateTime(), nullable=True))
    op.add_column("core_user_roles", sa.Column("granted_by", sa.Uuid(), nullable=True))
    op.add_column("core_user_roles", _required("granted_by_name", sa.String(320), ""))
    op.add_column("core_user_roles", _required("granted_at", UtcDateTime(), _EPOCH))
    op.add_column("core_user_roles", _required("reason", sa.String(300), ""))
    user_roles = sa.table("core_user_roles", sa.column("granted_at", UtcDateTime()))
    op.execute(user_roles.update().values(granted_at=now))

    op.create_table(
        "core_role_includes",
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.Column("included_id", sa.Uuid(), nullable=False),
        *(
            sa.ForeignKeyConstraint(
                [column],
                ["core_roles.id"],
                name=f"fk_core_role_includes_{column}_core_roles",
                ondelete="CASCADE",
            )
            for column in ("role_id", "included_id")
        ),
        sa.PrimaryKeyConstraint("role_id", "included_id", name="pk_core_role_includes"),
    )
    op.create_index(
        "ix_core_role_includes_included_id", "core_role_includes", ["included_id", "role_id"]
    )


def downgrade() -> None:
    """Back to bare permissions.

    Grants for some rows or fields, and those that end, are dropped: without
    their conditions they would give more than was meant.
    """
    op.drop_column("core_sessions", "preview")
    op.drop_table("core_role_includes")
    op.execute("DELETE FROM core_user_roles WHERE expires_at IS NOT NULL")
    for name in ("reason", "granted_at", "granted_by_name", "granted_by", "expires_at"):
        op.drop_column("core_user_roles", name)
    op.drop_table("core_user_grants")
    kept = (
        op.get_bind()
        .execute(
            sa.text(
                "SELECT role_id, permission FROM core_role_grants WHERE rule = '' "
                "AND readable IS NULL AND writable IS NULL AND expires_at IS NULL"
            ).columns(role_id=sa.Uuid(), permission=sa.String())
        )
        .all()
    )
    op.drop_table("core_role_grants")
    grants = op.create_table(
        "core_role_grants",
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.Column("permission", sa.String(100), nullable=False),
        sa.ForeignKeyConstraint(
            ["role_id"],
            ["core_roles.id"],
            name="fk_core_role_grants_role_id_core_roles",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("role_id", "permission", name="pk_core_role_grants"),
    )
    rows = [
        {"role_id": row.role_id, "permission": row.permission}
        for row in kept
        if not row.permission.startswith("*.")
    ]
    if rows:
        op.bulk_insert(grants, rows)
    op.drop_column("core_roles", "version")
    op.drop_column("core_roles", "updated_at")


def _required(name: str, kind: Any, default: str) -> Any:
    return sa.Column(name, kind, nullable=False, server_default=default)


def _create_grants(name: str, owner: str, owners: str) -> Any:
    return op.create_table(
        name,
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(owner, sa.Uuid(), nullable=False),
        sa.Column("permission", sa.String(100), nullable=False),
        sa.Column("rule", sa.String(50), nullable=False),
        sa.Column("readable", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("writable", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("granted_by", sa.Uuid(), nullable=True),
        sa.Column("granted_by_name", sa.String(320), nullable=False),
        sa.Column("granted_at", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.ForeignKeyConstraint(
            [owner], [f"{owners}.id"], name=f"fk_{name}_{owner}_{owners}", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        sa.UniqueConstraint(owner, "permission", "rule", name=f"uq_{name}_{owner}_permission_rule"),
    )
