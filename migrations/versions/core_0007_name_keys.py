"""Keys by which names of roles and addresses of users are compared."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from app.core.names import name_key

revision = "core_0007"
down_revision = "core_0006"
branch_labels = None
depends_on = None

_BUILT_IN = ("admin", "user", "guest")


def upgrade() -> None:
    """Give everything its key; what looks like something older has one that nothing else has."""
    op.add_column("core_roles", sa.Column("name_key", sa.String(1000), nullable=True))
    op.add_column("core_users", sa.Column("email_key", sa.String(1000), nullable=True))
    roles = _table("core_roles", "name", "name_key")
    found = op.get_bind().execute(sa.select(roles.c.id, roles.c.name).order_by(roles.c.id)).all()
    _give_keys(roles.c.name_key, sorted(found, key=lambda role: role[1] not in _BUILT_IN))
    users = _table("core_users", "email", "email_key")
    # Addresses in plain letters are their own keys; of the others there are few.
    op.execute(users.update().values(email_key=users.c.email))
    everybody = op.get_bind().execute(sa.select(users.c.id, users.c.email).order_by(users.c.id))
    _give_keys(users.c.email_key, [row for row in everybody if not row[1].isascii()])
    op.create_index("ix_core_roles_name_key", "core_roles", ["name_key"], unique=True)
    op.create_index("ix_core_users_email_key", "core_users", ["email_key"], unique=True)


def downgrade() -> None:
    """Compare names as they are written."""
    op.drop_index("ix_core_users_email_key", "core_users")
    op.drop_index("ix_core_roles_name_key", "core_roles")
    op.drop_column("core_users", "email_key")
    op.drop_column("core_roles", "name_key")


def _table(name: str, *columns: str) -> Any:
    return sa.table(name, sa.column("id", sa.Uuid()), *map(sa.column, columns))


def _give_keys(column: Any, rows: Any) -> None:
    bind = op.get_bind()
    for row_id, name in rows:
        key = name_key(name)
        taken = sa.select(sa.func.count()).where(column == key, column.table.c.id != row_id)
        if bind.execute(taken).scalar_one():
            # No name that is typed has this key.
            key = f"{key}#{row_id}"
        mine = column.table.c.id == row_id
        bind.execute(column.table.update().where(mine).values({column.name: key}))
