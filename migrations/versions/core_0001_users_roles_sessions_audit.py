"""Users, roles, sessions, saved views and the audit trail."""

import sqlalchemy as sa
from alembic import op

from app.core.models import UtcDateTime

revision = "core_0001"
down_revision = None
branch_labels = ("core",)
depends_on = None
destroys_proof = True


def upgrade() -> None:
    """Create the core tables."""
    op.create_table(
        "core_users",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("display_name", sa.String(100), nullable=False),
        sa.Column("password_hash", sa.String(100), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("last_sign_in_at", UtcDateTime(), nullable=False),
        sa.Column("sessions_valid_from", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("search_text", sa.String(1000), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_core_users"),
        sa.UniqueConstraint("email", name="uq_core_users_email"),
    )
    op.create_index("ix_core_users_display_name", "core_users", ["display_name", "id"])
    op.create_index("ix_core_users_last_sign_in_at", "core_users", ["last_sign_in_at", "id"])
    op.create_index("ix_core_users_status", "core_users", ["status", "id"])
    op.create_table(
        "core_roles",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(50), nullable=False),
        sa.Column("description", sa.String(300), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_core_roles"),
        sa.UniqueConstraint("name", name="uq_core_roles_name"),
    )
    op.create_table(
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
    op.create_table(
        "core_user_roles",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["core_users.id"],
            name="fk_core_user_roles_user_id_core_users",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["role_id"],
            ["core_roles.id"],
            name="fk_core_user_roles_role_id_core_roles",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("user_id", "role_id", name="pk_core_user_roles"),
    )
    op.create_index("ix_core_user_roles_role_id", "core_user_roles", ["role_id", "user_id"])
    stamp = op.create_table(
        "core_access_stamp",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_core_access_stamp"),
    )
    op.bulk_insert(stamp, [{"id": 1, "version": 0}])
    op.create_table(
        "core_sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("cookie_hash", sa.String(64), nullable=True),
        sa.Column("previous_cookie_hash", sa.String(64), nullable=True),
        sa.Column("rotated_at", UtcDateTime(), nullable=True),
        sa.Column("roles_at_issue", sa.String(1000), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("end_reason", sa.String(30), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("user_agent", sa.String(300), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["core_users.id"],
            name="fk_core_sessions_user_id_core_users",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_core_sessions"),
        sa.UniqueConstraint("cookie_hash", name="uq_core_sessions_cookie_hash"),
    )
    op.create_index(
        "ix_core_sessions_previous_cookie_hash", "core_sessions", ["previous_cookie_hash"]
    )
    op.create_index("ix_core_sessions_user_id", "core_sessions", ["user_id", "address"])
    op.create_index("ix_core_sessions_expires_at", "core_sessions", ["expires_at"])
    op.create_table(
        "core_refresh_tokens",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["core_sessions.id"],
            name="fk_core_refresh_tokens_session_id_core_sessions",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_core_refresh_tokens"),
        sa.UniqueConstraint("token_hash", name="uq_core_refresh_tokens_token_hash"),
    )
    op.create_index("ix_core_refresh_tokens_session_id", "core_refresh_tokens", ["session_id"])
    op.create_table(
        "core_sign_in_throttles",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_failure_at", UtcDateTime(), nullable=False),
        sa.Column("blocked_until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_core_sign_in_throttles"),
    )
    op.create_table(
        "core_list_views",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=False),
        sa.Column("path", sa.String(100), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("query", sa.String(2000), nullable=False),
        sa.Column("is_shared", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["core_users.id"],
            name="fk_core_list_views_owner_id_core_users",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_core_list_views"),
        sa.UniqueConstraint("owner_id", "path", "name", name="uq_core_list_views_name"),
    )
    op.create_index("ix_core_list_views_path", "core_list_views", ["path", "is_shared"])
    op.create_table(
        "core_audit_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("action", sa.String(100), nullable=False),
        sa.Column("outcome", sa.String(10), nullable=False),
        sa.Column("actor_kind", sa.String(10), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(320), nullable=False),
        sa.Column("actor_email", sa.String(254), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("target_type", sa.String(50), nullable=False),
        sa.Column("target_id", sa.String(100), nullable=False),
        sa.Column("target_label", sa.String(200), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("error_code", sa.String(100), nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(10), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("user_agent", sa.String(300), nullable=False),
        sa.Column("duration_ms", sa.Integer(), nullable=False),
        sa.Column("on_behalf_of", sa.String(200), nullable=False),
        sa.Column("trace_id", sa.String(32), nullable=False),
        sa.Column("module", sa.String(100), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_core_audit_entries"),
    )
    for name, columns in (
        ("target", ["target_type", "target_id", "id"]),
        ("actor", ["actor_id", "id"]),
        ("action", ["action", "outcome", "id"]),
        ("kind", ["target_type", "id"]),
        ("request", ["request_id", "id"]),
    ):
        op.create_index(f"ix_core_audit_entries_{name}", "core_audit_entries", columns)
    for name, columns, where in (
        # What has a name and no id, such as the address of a sign-in that failed.
        (
            "label",
            ["target_type", "target_label", "id"],
            "target_id = '' AND target_label <> ''",
        ),
        ("outcome", ["outcome", "id"], "outcome <> 'succeeded'"),
        ("refused_actor", ["actor_id", "outcome", "id"], "outcome <> 'succeeded'"),
    ):
        op.create_index(
            f"ix_core_audit_entries_{name}",
            "core_audit_entries",
            columns,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )
    _create_search_index()


def _create_search_index() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE INDEX ix_core_users_search ON core_users "
            "USING gin (to_tsvector('simple', search_text))"
        )
        return
    # FTS5 knows documents by integer; VACUUM may renumber the hidden rowid of core_users.
    op.execute(
        "CREATE TABLE core_user_search_docs "
        "(doc INTEGER PRIMARY KEY, user_id CHAR(32) NOT NULL UNIQUE)"
    )
    op.execute(
        "CREATE VIRTUAL TABLE core_user_search USING fts5("
        "search_text, content='', tokenize='unicode61', prefix='2 3')"
    )
    op.execute(
        "CREATE TRIGGER core_users_search_insert AFTER INSERT ON core_users BEGIN "
        "INSERT INTO core_user_search_docs (user_id) VALUES (new.id); "
        "INSERT INTO core_user_search (rowid, search_text) "
        "SELECT doc, new.search_text FROM core_user_search_docs WHERE user_id = new.id; END"
    )
    forget = (
        "INSERT INTO core_user_search (core_user_search, rowid, search_text) "
        "SELECT 'delete', doc, old.search_text FROM core_user_search_docs "
        "WHERE user_id = old.id; "
    )
    op.execute(
        "CREATE TRIGGER core_users_search_update AFTER UPDATE OF search_text ON core_users "
        f"WHEN old.search_text <> new.search_text BEGIN {forget}"
        "INSERT INTO core_user_search (rowid, search_text) "
        "SELECT doc, new.search_text FROM core_user_search_docs WHERE user_id = new.id; END"
    )
    op.execute(
        f"CREATE TRIGGER core_users_search_delete AFTER DELETE ON core_users BEGIN {forget}"
        "DELETE FROM core_user_search_docs WHERE user_id = old.id; END"
    )


def downgrade() -> None:
    """Drop the core tables."""
    for table in (
        "core_audit_entries",
        "core_list_views",
        "core_sign_in_throttles",
        "core_refresh_tokens",
        "core_sessions",
        "core_access_stamp",
        "core_user_roles",
        "core_role_grants",
        "core_roles",
        "core_users",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "sqlite":
        op.drop_table("core_user_search")
        op.drop_table("core_user_search_docs")
